"""Raw counts to corrected curves: blanks, absorption, S(Q), F(Q), G(r), with the uncertainty of the counts.

    from nanocrystal.reduction import ReductionBlank, Intensity, Reduction, reduced_pattern

    sample = Intensity.from_curve(read_curve(Path("Ni.chi")))
    kapton = ReductionBlank("kapton", Intensity.from_curve(read_curve(Path("kapton.chi"))), scale=1.0)
    result = reduced_pattern(sample, Reduction(composition="Ni", qmax=24.0, qmaxinst=31.26), [kapton])
    result.pdf.g

A reduction starts from an `Intensity`, wherever it comes from: a file, or an image that was integrated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nanocrystal.lazy import from_their_modules

if TYPE_CHECKING:
    from nanocrystal.reduction.blanks import FittedScale, ReductionBlank
    from nanocrystal.reduction.composition import AtomicComposition
    from nanocrystal.reduction.differential import DifferentialFunctions, differential_functions
    from nanocrystal.reduction.image import ImageSettings, IntegratedImage, integrated_image
    from nanocrystal.reduction.intensity import Intensity
    from nanocrystal.reduction.reduction import Absorption, ReducedPattern, Reduction, reduced_pattern
    from nanocrystal.reduction.structure import NormalizationConstant, StructureFactor
    from nanocrystal.reduction.sum_rules import SumRuleCheck
    from nanocrystal.reduction.transform import PairDistribution, d_over_g, pair_distribution
    from nanocrystal.reduction.unchanged import ChangeLimit, PatternChange, pattern_change, peak_template

__all__ = [
    "Absorption",
    "AtomicComposition",
    "ChangeLimit",
    "DifferentialFunctions",
    "FittedScale",
    "ImageSettings",
    "IntegratedImage",
    "Intensity",
    "NormalizationConstant",
    "PairDistribution",
    "PatternChange",
    "ReducedPattern",
    "Reduction",
    "ReductionBlank",
    "StructureFactor",
    "SumRuleCheck",
    "d_over_g",
    "differential_functions",
    "integrated_image",
    "pair_distribution",
    "pattern_change",
    "peak_template",
    "reduced_pattern",
]

__getattr__ = from_their_modules(__name__, __file__)
