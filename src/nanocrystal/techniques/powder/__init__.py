"""Powder diffraction: Rietveld and Pawley."""

from nanocrystal.techniques.powder.technique import Powder, PowderBlank, Profile

__all__ = ["Powder", "PowderBlank", "Profile"]
