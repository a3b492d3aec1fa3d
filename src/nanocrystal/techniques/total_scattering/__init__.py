"""Total scattering by the Debye equation."""

from nanocrystal.techniques.total_scattering.technique import Blank, TotalScattering

__all__ = ["Blank", "TotalScattering"]
