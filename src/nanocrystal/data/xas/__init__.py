"""Readers of X-ray absorption scans: XDI, projects of Athena, columns of text."""

from nanocrystal.data.xas.reading import read_absorption_scans
from nanocrystal.data.xas.scan import AbsorptionScan
from nanocrystal.data.xas.signal import AbsorptionSignal, Mode, absorption_signal

__all__ = ["AbsorptionScan", "AbsorptionSignal", "Mode", "absorption_signal", "read_absorption_scans"]
