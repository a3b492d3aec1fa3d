"""Residuals, linear parameters eliminated exactly, optimiser, uncertainties; no technique by name."""

from nanocrystal.refinement.fit import bound_problem, declared_parameters, refine
from nanocrystal.refinement.optimise import Options
from nanocrystal.refinement.result import DerivedValue, Estimate, FittedCurve, Result, SizeCurve

__all__ = [
    "DerivedValue",
    "Estimate",
    "FittedCurve",
    "Options",
    "Result",
    "SizeCurve",
    "bound_problem",
    "declared_parameters",
    "refine",
]
