"""One atomistic description of a nanocrystal sample, refined against what every instrument sees."""

from nanocrystal._version import __version__

__all__ = ["__version__"]
