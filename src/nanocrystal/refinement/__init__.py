"""Residuals, linear parameters eliminated exactly, optimiser, uncertainties; no technique by name."""

from nanocrystal.refinement.comparison import compare
from nanocrystal.refinement.fit import bound_problem, declared_parameters, refine
from nanocrystal.refinement.optimise import Options
from nanocrystal.report.compared.result import Comparison, Pair, Standing
from nanocrystal.report.refined.result import DerivedValue, Estimate, FittedCurve, Result, SizeCurve

__all__ = [
    "Comparison",
    "DerivedValue",
    "Estimate",
    "FittedCurve",
    "Options",
    "Pair",
    "Result",
    "SizeCurve",
    "Standing",
    "bound_problem",
    "compare",
    "declared_parameters",
    "refine",
]
