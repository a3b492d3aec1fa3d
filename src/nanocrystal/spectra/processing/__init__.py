"""FIDs to spectra: windows, zero filling, Fourier transform, phase, baseline, reference; σ goes along."""

from nanocrystal.spectra.processing.phase import Phase
from nanocrystal.spectra.processing.spectrum import Processing, Spectrum, spectrum_of
from nanocrystal.spectra.processing.window import Window

__all__ = ["Phase", "Processing", "Spectrum", "Window", "spectrum_of"]
