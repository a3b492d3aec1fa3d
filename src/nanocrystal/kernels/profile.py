"""Sums of peaks of a powder pattern: pseudo-Voigt profiles with an odd factor, and their derivatives.

Ω(x) = [η L + (1 − η) G](1 − 2 s z e^(−z²)), z = (x − c)/Γ, with L and G of unit area and full width at half maximum Γ.
The factor is odd about 1, so the area stays 1 (Bérar & Baldinozzi, J. Appl. Cryst. 26, 128 (1993), first term);
s > 0 raises the side of small x.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.compiled import load

FloatArray = NDArray[np.float64]
NEAREST = 8.0
"""widths; no peak is cut nearer to its centre"""
ORDER = ("area", "centre", "width", "mixing", "skew")


@dataclass(frozen=True)
class Peaks:
    """Peaks of a pattern, arrays (n_peaks,): area, centre, full width at half maximum, η, s."""

    area: FloatArray
    centre: FloatArray
    width: FloatArray
    mixing: FloatArray
    skew: FloatArray

    def stacked(self) -> FloatArray:
        """Return (n_peaks, 5) in the order of `ORDER`."""
        return np.stack([getattr(self, name) for name in ORDER], axis=1)


def pseudo_voigt(x: FloatArray, centre: float, width: float, mixing: float, skew: float = 0.0) -> FloatArray:
    """Return Ω(x), (n_points,): the plain text of the compiled sums."""
    z = (x - centre) / width
    lorentz = 2.0 / (np.pi * width) / (1.0 + 4.0 * z**2)
    gauss = 2.0 / width * np.sqrt(np.log(2.0) / np.pi) * np.exp(-4.0 * np.log(2.0) * z**2)
    return np.asarray((mixing * lorentz + (1.0 - mixing) * gauss) * (1.0 - 2.0 * skew * z * np.exp(-(z**2))))


def reaches(x: FloatArray, peaks: Peaks, least: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and the last point (excluded) of each peak.

    A peak ends where its Lorentzian tail is below `least` times the height of the highest one, and nowhere nearer
    than `NEAREST` widths.
    """
    height = peaks.area / peaks.width
    limit = least * max(float(height.max(initial=0.0)), 1e-300)
    widths = 0.5 * np.sqrt(np.maximum(height * peaks.mixing / limit, 0.0))
    reach = np.maximum(widths, NEAREST) * peaks.width
    first = np.searchsorted(x, peaks.centre - reach, "left").astype(np.int64)
    last = np.searchsorted(x, peaks.centre + reach, "right").astype(np.int64)
    return first, last


def peak_sum(x: FloatArray, peaks: Peaks, least: float) -> FloatArray:
    """Return the sum of the peaks at x, ascending, (n_points,)."""
    total = np.zeros(len(x))
    first, last = reaches(x, peaks, least)
    load("_profile_numba").add_peaks(
        x, first, last, peaks.centre, peaks.width, peaks.mixing, peaks.skew, peaks.area, total
    )
    return total


def peak_slopes(x: FloatArray, peaks: Peaks, changes: FloatArray, least: float) -> FloatArray:
    """Return how the sum of the peaks changes, (n_changes, n_points).

    changes: (n_changes, n_peaks, 5), derivatives of the peaks in the order of `ORDER`.
    """
    first, last = reaches(x, peaks, least)
    total = np.zeros((len(x), len(changes)))
    by_peak = np.ascontiguousarray(np.moveaxis(changes, 0, 2))
    load("_profile_numba").add_slopes(
        x, first, last, peaks.centre, peaks.width, peaks.mixing, peaks.skew, peaks.area, by_peak, total
    )
    return np.ascontiguousarray(total.T)
