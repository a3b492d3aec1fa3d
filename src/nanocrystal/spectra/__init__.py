"""Spectra and decays: forms of lines and decays, sums of them, fits of thousands at once, FIDs to spectra.

from nanocrystal.spectra import LINES, SumOfForms
from nanocrystal.spectra.batch import fit_batch

two = SumOfForms({"low": LINES["gaussian"], "high": LINES["gaussian"]}, baseline_terms=1)
fit = fit_batch(two, energy, spectra, {"low.position": 1.80, "low.fwhm": 0.08, …})
"""

from nanocrystal.spectra.decays import DECAYS, b_values, measured_response
from nanocrystal.spectra.lines import LINES, Form, measured_line
from nanocrystal.spectra.response import through_response
from nanocrystal.spectra.sum import SumOfForms

__all__ = [
    "DECAYS",
    "LINES",
    "Form",
    "SumOfForms",
    "b_values",
    "measured_line",
    "measured_response",
    "through_response",
]
