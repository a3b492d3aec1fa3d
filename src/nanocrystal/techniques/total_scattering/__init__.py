"""Total scattering by the Debye equation."""

from nanocrystal.techniques.total_scattering.technique import TotalScattering

__all__ = ["TotalScattering"]
