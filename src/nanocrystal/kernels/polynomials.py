"""Chebyshev polynomials over the range of an abscissa: what smooth backgrounds and baselines are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def chebyshev(x: FloatArray, n_terms: int) -> FloatArray:
    """Return the first Chebyshev polynomials over the range of x, (n_terms, n_points): constant, linear, …"""
    place = 2.0 * (x - x.min()) / max(float(np.ptp(x)), 1e-300) - 1.0
    return np.ascontiguousarray(np.polynomial.chebyshev.chebvander(place, max(0, n_terms - 1)).T[:n_terms])
