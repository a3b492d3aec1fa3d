"""Readers of measured curves: from a file with columns of numbers to a checked `Curve`."""

from nanocrystal.data.curve import Curve
from nanocrystal.data.reading import read_curve
from nanocrystal.data.resources import resolved_path

__all__ = ["Curve", "read_curve", "resolved_path"]
