"""Compiled sums over peaks of a powder pattern. Called through `profile`; needs Numba at import."""

from __future__ import annotations

import math

from nanocrystal.kernels.compiled import jit

FOUR_LN2 = 4.0 * math.log(2.0)
GAUSS_HEIGHT = math.sqrt(FOUR_LN2 / math.pi)
LORENTZ_HEIGHT = 2.0 / math.pi
FAR_GAUSS = 5.0
"""widths beyond which a Gaussian is nothing and the odd factor differs from 1 by less than 1e-9"""


@jit
def add_peaks(x, first, last, centre, width, mixing, skew, area, total):
    """Add area Ω(x) of each peak to total, (n_points,), at the points first[p] to last[p]."""
    for p in range(len(centre)):
        c, inverse, eta, s = centre[p], 1.0 / width[p], mixing[p], skew[p]
        lorentz = area[p] * eta * LORENTZ_HEIGHT * inverse
        gauss = area[p] * (1.0 - eta) * GAUSS_HEIGHT * inverse
        for i in range(first[p], last[p]):
            z = (x[i] - c) * inverse
            z2 = z * z
            value = lorentz / (1.0 + 4.0 * z2)
            if z2 < FAR_GAUSS * FAR_GAUSS:
                value += gauss * math.exp(-FOUR_LN2 * z2)
                if s != 0.0:
                    value *= 1.0 - 2.0 * s * z * math.exp(-z2)
            total[i] += value


@jit
def add_slopes(x, first, last, centre, width, mixing, skew, area, changes, total):
    """Add what changes of the peaks do to the sum to total, (n_points, n_changes).

    changes: (n_peaks, 5, n_changes), of area, centre, width, mixing and skew.
    """
    n_changes = total.shape[1]
    for p in range(len(centre)):
        c, inverse, eta, s = centre[p], 1.0 / width[p], mixing[p], skew[p]
        for i in range(first[p], last[p]):
            z = (x[i] - c) * inverse
            z2 = z * z
            lorentz = LORENTZ_HEIGHT * inverse / (1.0 + 4.0 * z2)
            gauss, factor, factor_by_z, odd = 0.0, 1.0, 0.0, 0.0
            if z2 < FAR_GAUSS * FAR_GAUSS:
                gauss = GAUSS_HEIGHT * inverse * math.exp(-FOUR_LN2 * z2)
                damped = 2.0 * math.exp(-z2)
                odd = damped * z
                factor = 1.0 - s * odd
                factor_by_z = -s * damped * (1.0 - 2.0 * z2)
            even = eta * lorentz + (1.0 - eta) * gauss
            even_by_z = -eta * lorentz * 8.0 * z / (1.0 + 4.0 * z2) - (1.0 - eta) * 2.0 * FOUR_LN2 * z * gauss
            by_z = even_by_z * factor + even * factor_by_z
            by_area = even * factor
            by_centre = -area[p] * by_z * inverse
            by_width = -area[p] * (by_area + z * by_z) * inverse
            by_mixing = area[p] * (lorentz - gauss) * factor
            by_skew = -area[p] * even * odd
            for k in range(n_changes):
                total[i, k] += (
                    by_area * changes[p, 0, k]
                    + by_centre * changes[p, 1, k]
                    + by_width * changes[p, 2, k]
                    + by_mixing * changes[p, 3, k]
                    + by_skew * changes[p, 4, k]
                )
