"""Which pixels of an image count: a code for each, 0 where it is used, and outliers among those that are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nanocrystal.arrays import ByteArray, FloatArray

Codes = ByteArray

USED, GAP, MASKED, SATURATED, BELOW, BEAM_STOP, DEAD, OUTLIER, OUTSIDE = range(9)
NAMES = {
    GAP: "gaps of the detector",
    MASKED: "mask",
    SATURATED: "saturated",
    BELOW: "below the minimum",
    BEAM_STOP: "beam stop",
    DEAD: "no sensitivity in the flat field",
    OUTLIER: "outliers",
    OUTSIDE: "outside the sector",
}
MAD_TO_SIGMA = 1.4826
"""of a normal distribution"""


def mark(codes: Codes, where: NDArray[np.bool_], code: int) -> None:
    """Give pixels a code in place, where they have none yet."""
    codes[where & (codes == USED)] = code


def counted(codes: Codes) -> dict[str, int]:
    """Return how many pixels are not used, by reason."""
    counts = np.bincount(codes.ravel(), minlength=len(NAMES) + 1)
    return {name: int(counts[code]) for code, name in NAMES.items() if counts[code]}


def in_sector(azimuth: FloatArray, low: float, high: float) -> NDArray[np.bool_]:
    """Return whether an azimuth (degrees) lies between low and high, going up from low: [170, 190] is one sector."""
    return np.asarray((azimuth - low) % 360.0 <= high - low)


def outliers(
    signal: FloatArray, response: FloatArray, variance: FloatArray, q: FloatArray, edges: FloatArray, threshold: float
) -> NDArray[np.bool_]:
    """Return which of some pixels are off the median of their ring by more than threshold × σ, all arrays (n,).

    signal: counts without dark; response: what the pixel counts of the same intensity; edges: of the rings in Q, Å⁻¹,
    (n_rings + 1,). σ is the larger of the robust spread of the ring (1.4826 × the median absolute deviation) and of
    that of counting; variance: of one count at each pixel. Rings of fewer than five pixels are left alone.
    """
    value = signal / response
    ring = np.clip(np.searchsorted(edges, q, side="right") - 1, 0, len(edges) - 2)
    middle = _medians(value, ring, len(edges) - 1)[ring]
    spread = MAD_TO_SIGMA * _medians(np.abs(value - middle), ring, len(edges) - 1)[ring]
    counting = np.sqrt(variance * np.maximum(middle * response, variance)) / response
    several = np.bincount(ring, minlength=len(edges) - 1)[ring] >= 5
    return np.asarray(several & (np.abs(value - middle) > threshold * np.maximum(spread, counting)))


def _medians(value: FloatArray, ring: NDArray[np.intp], n_rings: int) -> FloatArray:
    """Return the median of the values of each ring, (n_rings,); the upper one of an even number, NaN of none."""
    order = np.lexsort((value, ring))
    counts = np.bincount(ring, minlength=n_rings)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    medians = np.full(n_rings, np.nan)
    some = counts > 0
    medians[some] = value[order][first[some] + counts[some] // 2]
    return medians
