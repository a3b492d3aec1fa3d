"""Baselines under a spectrum, found from the points where there is no line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.spectra.arpls import arpls_baseline
from nanocrystal.spectra.processing.noise import noise_of

FloatArray = NDArray[np.float64]
WIDTH = 2.5
"""standard deviations of the noise within which a point counts as baseline"""
HIGHEST_ORDER = 8
MEDIANS, ROUNDS = 128, 30
"""parts whose medians a polynomial begins with, and how often they are weighed anew"""
STIFFNESS = 1e6
"""of arPLS for 1000 points"""


def polynomial_baseline(y: FloatArray, order: int) -> FloatArray:
    """Return the Chebyshev polynomial through the points without lines, (n_points,); raises InputError.

    Points farther than 2.5 σ from the polynomial are left out, and so are their neighbours, until nothing changes.
    """
    if not 0 <= order <= HIGHEST_ORDER:
        raise InputError("baseline", f'must be an order from 0 to {HIGHEST_ORDER}, "arpls" or "none", got {order}.')
    place = np.linspace(-1.0, 1.0, len(y))
    kept = np.ones(len(y), dtype=np.bool_)
    noise = noise_of(y)
    reach = max(2, len(y) // 200)
    curve = _through_medians(y, order)
    for _ in range(30):
        far = np.abs(y - curve) > WIDTH * max(noise, 1e-12 * float(np.abs(y).max()))
        near_line = np.convolve(_runs(far), np.ones(2 * reach + 1), "same") > 0
        new = ~near_line
        if new.sum() < max(10 * (order + 1), len(y) // 20):
            new = np.abs(y - curve) <= np.quantile(np.abs(y - curve), 0.3)
        curve = np.polynomial.Chebyshev.fit(place[new], y[new], order, domain=(-1.0, 1.0))(place)
        if np.array_equal(new, kept):
            break
        kept = new
    return np.asarray(curve)


def _through_medians(y: FloatArray, order: int) -> FloatArray:
    """Return the Chebyshev polynomial through medians of parts, blind to those with lines, (n_points,)."""
    n_parts = min(MEDIANS, max(order + 1, len(y) // 4))
    length = len(y) // n_parts
    medians = np.median(y[: n_parts * length].reshape(n_parts, length), axis=1)
    place = ((np.arange(n_parts) + 0.5) * length - 0.5) / (0.5 * (len(y) - 1)) - 1.0
    weights = np.ones(n_parts)
    curve = np.polynomial.Chebyshev([float(np.median(y))], domain=(-1.0, 1.0))
    for _ in range(ROUNDS):
        rest = medians - curve(place)
        scale = max(float(np.median(np.abs(rest))), 1e-12 * float(np.abs(y).max()), 1e-300)
        weights = 1.0 / (1.0 + (rest / scale) ** 2)
        curve = np.polynomial.Chebyshev.fit(place, medians, order, domain=(-1.0, 1.0), w=weights)
    return np.asarray(curve(np.linspace(-1.0, 1.0, len(y))))


def _runs(far: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return 1 where two neighbours are both far: a line has several points, noise has single ones."""
    pair = far[:-1] & far[1:]
    marked = np.zeros(len(far))
    marked[:-1] += pair
    marked[1:] += pair
    return np.minimum(marked, 1.0)


def smooth_baseline(y: FloatArray) -> FloatArray:
    """Return the baseline of (…, n_points) by arPLS, see `spectra.arpls`; raises InputError."""
    return arpls_baseline(y, STIFFNESS * (y.shape[-1] / 1000.0) ** 4, "baseline")
