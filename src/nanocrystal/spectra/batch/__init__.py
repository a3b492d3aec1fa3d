"""The same sum of lines or decays fitted to thousands of spectra: each by itself, or with parameters that all share."""

from nanocrystal.spectra.batch.choice import ComponentChoice, best_counts, component_choice, information_criteria
from nanocrystal.spectra.batch.fit import BatchFit, BatchOptions, fit_batch
from nanocrystal.spectra.batch.shared import SharedFit, SharedOptions, fit_shared

__all__ = [
    "BatchFit",
    "BatchOptions",
    "ComponentChoice",
    "SharedFit",
    "SharedOptions",
    "best_counts",
    "component_choice",
    "fit_batch",
    "fit_shared",
    "information_criteria",
]
