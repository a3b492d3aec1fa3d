"""X-ray absorption from μ(E) to χ(k): edge, normalisation, background and noise."""

from nanocrystal.reduction.xas.noise import ExafsNoise
from nanocrystal.reduction.xas.reduced import ReducedAbsorption, reduced_absorption
from nanocrystal.reduction.xas.scans import Align
from nanocrystal.reduction.xas.settings import XrayAbsorption

__all__ = ["Align", "ExafsNoise", "ReducedAbsorption", "XrayAbsorption", "reduced_absorption"]
