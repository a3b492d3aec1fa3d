"""Two lognormal lengths whose logarithms are correlated: their density, and the multiplicities of offsets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nanocrystal.sample.shapes.distributions import LengthDistribution, Lognormal

if TYPE_CHECKING:
    from nanocrystal.sample.shapes.boxes import Edge

FloatArray = NDArray[np.float64]
MOST_THRESHOLDS = 2000
"""different offsets for which a quadrature is made each; for more a table is interpolated"""
TABLE = 101
"""points of the table along each axis; interpolation errs by 1e-4 of W(0)"""


def where_it_is(d: LengthDistribution) -> FloatArray:
    """Return lengths (121,) around the mean that hold nearly all crystals."""
    mean = d.moment(1.0)
    std = root(d.moment(2.0) - mean**2)
    return np.linspace(max(0.0, mean - 4.0 * std), mean + 5.0 * std, 121)


def correlated_density(x: FloatArray, y: FloatArray, d1: Lognormal, d2: Lognormal, correlation: float) -> FloatArray:
    """Return the density (len(y), len(x)) of two lengths whose logarithms are normal and correlated."""
    u, v = (
        (np.log(np.maximum(length, 1e-12)) - mu) / s
        for length, (mu, s) in ((x[None, :], d1.log_parameters), (y[:, None], d2.log_parameters))
    )
    rest = 1.0 - correlation**2
    exponent = (u**2 + v**2 - 2.0 * correlation * u * v) / rest - u**2 - v**2
    return np.asarray(np.outer(d2.density(y), d1.density(x)) * np.exp(-0.5 * exponent) / np.sqrt(rest))


def root(variance: float) -> float:
    return float(np.sqrt(max(variance, 0.0)))


def correlated_weights(
    u: FloatArray, lengths: Sequence[tuple[Edge, LengthDistribution]], vectors: FloatArray, correlation: float
) -> FloatArray:
    """Return W for two correlated lognormal lengths: quadrature over the first, closed in the second."""
    from scipy.special import ndtr

    (first, d1), (second, d2) = lengths
    assert isinstance(d1, Lognormal)
    assert isinstance(d2, Lognormal)
    (mu1, s1), (mu2, s2) = d1.log_parameters, d2.log_parameters
    rates = first.blocks_per_length(vectors)
    (axis, rate2), *_ = second.blocks_per_length(vectors).items()
    longest = np.max([u[:, i] / rate for i, rate in rates.items()], axis=0)
    nodes, weights = np.polynomial.legendre.leggauss(64)
    thresholds, at_first = np.unique(np.maximum(longest, 0.0), return_inverse=True)
    steps, at_second = np.unique(u[:, axis], return_inverse=True)
    if len(thresholds) > MOST_THRESHOLDS:
        return _interpolated_weights(u, longest, lengths, vectors, correlation)
    tables = np.zeros((len(rates) + 1, len(thresholds), len(steps)))
    for row, threshold in enumerate(thresholds):
        low = max(mu1 - 8.0 * s1, np.log(threshold) if threshold > 0.0 else -np.inf)
        high = max(mu1 + (8.0 + 3.0 * s1) * s1, low + 1e-9)
        log_x = 0.5 * (high + low) + 0.5 * (high - low) * nodes
        z = (log_x - mu1) / s1
        density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi) / s1 * weights * 0.5 * (high - low)
        mu, s = mu2 + correlation * s2 * z, s2 * np.sqrt(1.0 - correlation**2)
        with np.errstate(divide="ignore"):
            b = (mu[:, None] - np.log(np.maximum(steps, 0.0) / rate2)[None, :]) / s
        inner = rate2 * np.exp(mu + 0.5 * s * s)[:, None] * ndtr(b + s) - steps[None, :] * ndtr(b)
        for k in range(len(rates) + 1):
            tables[k, row] = (density * np.exp(k * log_x)) @ inner
    coefficients = [np.ones(len(u))]
    for i, rate in rates.items():
        lifted = [np.zeros(len(u)), *(rate * c for c in coefficients)]
        for k, c in enumerate(coefficients):
            lifted[k] = lifted[k] - u[:, i] * c
        coefficients = lifted
    return np.asarray(np.maximum(sum(c * tables[k, at_first, at_second] for k, c in enumerate(coefficients)), 0.0))


def _interpolated_weights(
    u: FloatArray,
    longest: FloatArray,
    lengths: Sequence[tuple[Edge, LengthDistribution]],
    vectors: FloatArray,
    correlation: float,
) -> FloatArray:
    """Return `correlated_weights` at many offsets from a table of them, linear between points.

    W depends on the largest offset along the axes of the first edge, and is a polynomial in the others.
    """
    from scipy.interpolate import RegularGridInterpolator

    first_axes = list(lengths[0][0].blocks_per_length(vectors))
    (second,) = lengths[1][0].blocks_per_length(vectors)
    axes = [
        np.linspace(min(0.0, float(u[:, k].min())), float(u[:, k].max()) + 1e-9, TABLE) for k in (*first_axes, second)
    ]
    grid = np.zeros((TABLE ** len(axes), 3))
    grid[:, [*first_axes, second]] = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    table = correlated_weights(grid, lengths, vectors, correlation).reshape([TABLE] * len(axes))
    return np.asarray(np.maximum(RegularGridInterpolator(axes, table)(u[:, [*first_axes, second]]), 0.0))
