"""Raw counts to corrected curves: blanks, absorption, S(Q), F(Q), G(r), with the uncertainty of the counts.

    from nanocrystal.reduction import Blank, Intensity, Reduction, reduced

    sample = Intensity.from_curve(read_curve(Path("Ni.chi")))
    kapton = Blank("kapton", Intensity.from_curve(read_curve(Path("kapton.chi"))), scale=1.0)
    result = reduced(sample, Reduction(composition="Ni", qmax=24.0, qmaxinst=31.26), [kapton])
    result.pdf.g

A reduction starts from an `Intensity`, wherever it comes from: a file, or an image that was integrated.
"""

from nanocrystal.reduction.blanks import Blank, FittedScale
from nanocrystal.reduction.composition import Composition
from nanocrystal.reduction.differential import Differential, differential
from nanocrystal.reduction.image import ImageSettings, IntegratedImage, integrated_image
from nanocrystal.reduction.intensity import Intensity
from nanocrystal.reduction.reduction import Reduced, Reduction, reduced
from nanocrystal.reduction.transform import PairDistribution, d_over_g, pair_distribution
from nanocrystal.reduction.unchanged import Unchanged, peak_template, unchanged

__all__ = [
    "Blank",
    "Composition",
    "Differential",
    "FittedScale",
    "ImageSettings",
    "IntegratedImage",
    "Intensity",
    "PairDistribution",
    "Reduced",
    "Reduction",
    "Unchanged",
    "d_over_g",
    "differential",
    "integrated_image",
    "pair_distribution",
    "peak_template",
    "reduced",
    "unchanged",
]
