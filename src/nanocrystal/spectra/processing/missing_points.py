"""What points that are missing at the beginning of an FID leave under its spectrum, and how it is put back.

An FID without its first points has a spectrum that lies lower by their transform: a level for a part of the first one,
and a wave over the whole width for each further one. φ1 of a phase says how many are missing, 360° each. Level and
waves are fitted to the floor of the spectrum, from which lines stand up: what is broader than no wave is left alone. A
level alone is taken out only where it lies below zero; above zero may be the wings of lines.
"""

from __future__ import annotations

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.spectra.processing.noise import noise_of

BLOCKS = 256
"""parts of which the floor is taken"""
LOW, LOW_OF_NOISE = 0.2, -0.8416212335729143
"""quantile of a part that is its floor, and that of a normal distribution"""
EDGE = 0.1
"""of the width at each end, where digital filters fall off"""
SPARED = 0.5
"""of a point, which a level describes"""
CERTAIN = 5.0
"""standard errors that a level must be below zero"""
ABOVE, ABOVE_WEIGHT = 2.0, 1e-3
"""standard deviations above the curve from which on a part counts as line, and how little that weighs"""


def missing_points(ph1: float) -> int:
    """Return how many points are missing before the first, by φ1 (°)."""
    return max(0, int(np.ceil(ph1 / 360.0 - SPARED)))


def lies_below(y: FloatArray) -> bool:
    """Say whether the floor of a spectrum (n_points,) lies below zero for certain."""
    _, floor, error = _floor(y)
    return bool(np.median(floor) < -CERTAIN * error / np.sqrt(len(floor)))


def floor_curve(y: FloatArray, n_missing: int) -> FloatArray:
    """Return level and waves of so many points through the floor of a spectrum, (n_points,)."""
    at, floor, error = _floor(y)
    if n_missing == 0:
        return np.full_like(y, np.median(floor))
    design = _waves(at, n_missing)
    weights = np.ones(len(floor))
    coefficients: FloatArray = np.zeros(design.shape[1])
    for _ in range(50):
        coefficients = np.asarray(np.linalg.lstsq(design * weights[:, None], floor * weights, rcond=None)[0])
        new = np.where(floor - design @ coefficients > ABOVE * error, ABOVE_WEIGHT, 1.0)
        if np.array_equal(new, weights):
            break
        weights = new
    return np.asarray(_waves(np.arange(len(y)) / len(y), n_missing) @ coefficients)


def _waves(at: FloatArray, n_missing: int) -> FloatArray:
    """Return a level and cosine and sine of each missing point at places from 0 to 1, (n, 1 + 2 n_missing)."""
    angles = 2.0 * np.pi * at[:, None] * np.arange(1, n_missing + 1)
    return np.concatenate([np.ones((len(at), 1)), np.cos(angles), np.sin(angles)], axis=1)


def _floor(y: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Return places (0 to 1) and floors of the parts of a spectrum, (n_parts,) each, and the error of one floor."""
    n_parts = max(1, min(BLOCKS, len(y) // 8))
    length = len(y) // n_parts
    noise = noise_of(y)
    floors = np.quantile(y[: n_parts * length].reshape(n_parts, length), LOW, axis=1) - LOW_OF_NOISE * noise
    at = (np.arange(n_parts) + 0.5) * length / len(y)
    inside = (at > EDGE) & (at < 1.0 - EDGE)
    return at[inside], floors[inside], noise * 1.4 / np.sqrt(length)
