"""How much of a spectrum lies below zero."""

from __future__ import annotations

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.spectra.processing.noise import bunched, noise_of

NOISES, PART = 3.0, 1e-3
"""standard deviations of the noise, and part of the highest line, from which on a point is signal"""
FEWEST = 4096
"""parts of a spectrum that are looked at, where it has more points: the ripple of a cut-off FID averages out"""


def negative_share(real: FloatArray) -> float:
    """Return the part of the signal of (n_points,) that is negative, 0 where nothing stands out of the noise."""
    parts = bunched(real, max(1, len(real) // FEWEST))
    least = max(NOISES * noise_of(parts), PART * float(np.abs(parts).max()))
    negative, positive = float(-parts[parts < -least].sum()), float(parts[parts > least].sum())
    return abs(negative) / (negative + positive) if negative + positive > 0.0 else 0.0
