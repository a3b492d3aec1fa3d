"""FIDs to spectra: windows, zero filling, Fourier transform, phase, baseline, reference; σ goes along."""

from nanocrystal.spectra.processing.phase import NmrPhase
from nanocrystal.spectra.processing.reference import referenced_by_peak, referenced_by_ratio
from nanocrystal.spectra.processing.spectrum import NmrProcessing, NmrSpectrum, nmr_spectrum
from nanocrystal.spectra.processing.window import NmrWindow

__all__ = [
    "NmrPhase",
    "NmrProcessing",
    "NmrSpectrum",
    "NmrWindow",
    "nmr_spectrum",
    "referenced_by_peak",
    "referenced_by_ratio",
]
