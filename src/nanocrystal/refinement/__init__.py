"""Residuals, linear parameters eliminated exactly, optimiser, uncertainties; no technique by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nanocrystal.lazy import from_their_modules

if TYPE_CHECKING:
    from nanocrystal.refinement.comparison import compare
    from nanocrystal.refinement.fit import bound_problem, declared_parameters, refine
    from nanocrystal.refinement.optimise import Options
    from nanocrystal.report.compared.result import CandidatePair, CandidateStanding, Comparison
    from nanocrystal.report.refined.result import DerivedValue, Estimate, FittedCurve, Result, SizeCurve

__all__ = [
    "CandidatePair",
    "CandidateStanding",
    "Comparison",
    "DerivedValue",
    "Estimate",
    "FittedCurve",
    "Options",
    "Result",
    "SizeCurve",
    "bound_problem",
    "compare",
    "declared_parameters",
    "refine",
]

__getattr__ = from_their_modules(__name__, __file__)
