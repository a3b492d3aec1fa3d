"""Powder diffraction: Rietveld and Pawley."""

from nanocrystal.techniques.powder.profile import Profile
from nanocrystal.techniques.powder.technique import Powder, PowderBlank

__all__ = ["Powder", "PowderBlank", "Profile"]
