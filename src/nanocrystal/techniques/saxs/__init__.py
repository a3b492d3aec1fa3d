"""Small-angle scattering."""

from nanocrystal.techniques.saxs.technique import Saxs

__all__ = ["Saxs"]
