"""Polynomials over the range of an abscissa: what smooth backgrounds and baselines are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def chebyshev(x: FloatArray, n_terms: int) -> FloatArray:
    """Return Chebyshev polynomials over the range of x, (n_terms, n_points): constant, linear, … ; all linear."""
    place = _over_range(x)
    return np.ascontiguousarray(np.polynomial.chebyshev.chebvander(place, max(0, n_terms - 1)).T[:n_terms])


def legendre(x: FloatArray, n_terms: int) -> FloatArray:
    """As `chebyshev`, of Legendre's polynomials, which are orthogonal over even points."""
    return np.ascontiguousarray(np.polynomial.legendre.legvander(_over_range(x), max(0, n_terms - 1)).T[:n_terms])


def _over_range(x: FloatArray) -> FloatArray:
    """Return x from −1 to 1."""
    return np.asarray(2.0 * (x - x.min()) / max(float(np.ptp(x)), 1e-300) - 1.0)
