"""Residuals, linear parameters eliminated exactly, optimiser, uncertainties; no technique by name."""

from nanocrystal.refine.optimise import Options
from nanocrystal.refine.refinement import bound_problem, declared_parameters, refine
from nanocrystal.refine.result import DerivedValue, Estimate, FittedCurve, Result, SizeCurve

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
