"""Readers of X-ray absorption scans: XDI, projects of Athena, columns of text."""

from nanocrystal.data.xas.reading import read_scans
from nanocrystal.data.xas.scan import Scan
from nanocrystal.data.xas.signal import Mode, Signal, signal_of

__all__ = ["Mode", "Scan", "Signal", "read_scans", "signal_of"]
