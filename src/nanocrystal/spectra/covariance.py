"""Covariances from the Jacobian of sums: of thousands of small fits at once, and of one with what it leaves open.

Both scale each parameter to a unit of its own first. `covariances` works on normal matrices, as descents have them, by
Cholesky's factors with a pivot test each: where a direction is open, all of that fit is. `covariance` works on the
Jacobian itself, by its singular values, and says which parameters the open directions hold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
SMALLEST_PIVOT = 1e-13
"""of a normal matrix scaled to a diagonal of ones: below it a direction counts as not determined"""
SMALLEST_SIZE = 1e-7
"""of a singular value over the largest one: below it a direction counts as not determined"""
IN_DIRECTION = 0.05
"""part of a parameter in such a direction from which on it is not determined either"""


# ---- many small matrices ------------------------------------------------------------------------


def solved(normal: FloatArray, right: FloatArray, damping: FloatArray, used: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Return damped steps (n_items, n) of the used parameters, others 0, and where they could be solved for.

    normal: (n_items, n, n); right, damping, used: (n_items, n).
    """
    diagonal = np.einsum("ijj->ij", normal)
    used = used & (diagonal > 0.0)
    root = np.sqrt(np.where(used, diagonal, 1.0))
    both = used[:, :, None] & used[:, None, :]
    scaled = np.where(both, normal / (root[:, :, None] * root[:, None, :]), 0.0)
    n = right.shape[1]
    scaled[:, range(n), range(n)] = np.where(used, 1.0 + damping, 1.0)
    factor, fine = factorised(scaled)
    step = substituted(factor, np.where(used, right / root, 0.0)) / root
    return np.where(fine[:, None], step, 0.0), fine


def factorised(matrix: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return Cholesky factors (n_items, n, n) and where no pivot was too small."""
    n = matrix.shape[1]
    factor = np.zeros_like(matrix)
    fine = np.ones(len(matrix), dtype=np.bool_)
    for j in range(n):
        pivot = matrix[:, j, j] - (factor[:, j, :j] ** 2).sum(axis=1)
        fine &= pivot > SMALLEST_PIVOT
        root = np.sqrt(np.where(fine, pivot, 1.0))
        factor[:, j, j] = root
        below = matrix[:, j + 1 :, j] - np.einsum("ikm,im->ik", factor[:, j + 1 :, :j], factor[:, j, :j])
        factor[:, j + 1 :, j] = np.where(fine[:, None], below / root[:, None], 0.0)
    return factor, fine


def substituted(factor: FloatArray, right: FloatArray) -> FloatArray:
    """Return the solutions (n_items, n) of L Lᵀ b = right."""
    b, n = right.copy(), right.shape[1]
    for i in range(n):
        b[:, i] = (b[:, i] - (factor[:, i, :i] * b[:, :i]).sum(axis=1)) / factor[:, i, i]
    for i in range(n - 1, -1, -1):
        b[:, i] = (b[:, i] - (factor[:, i + 1 :, i] * b[:, i + 1 :]).sum(axis=1)) / factor[:, i, i]
    return b


def covariances(normal: FloatArray, used: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Return inverse normal matrices and which are singular; what is not determined has an infinite variance."""
    n_items, n = used.shape
    diagonal = np.einsum("ijj->ij", normal)
    alive = used & (diagonal > 0.0)
    covariance = np.zeros_like(normal)
    fine = np.ones(n_items, dtype=np.bool_)
    for j in range(n):
        unit = np.zeros((n_items, n))
        unit[:, j] = 1.0
        column, fine = solved(normal, unit, np.zeros_like(unit), used)
        covariance[:, :, j] = np.where(alive & alive[:, j, None], column, 0.0)
    covariance[~fine] = 0.0
    dead = ~alive | ~fine[:, None]
    index = np.arange(n)
    covariance[:, index, index] = np.where(dead, np.inf, covariance[:, index, index])
    return covariance, ~fine | (used & ~alive).any(axis=1)


def scaled(covariance: FloatArray, factor: FloatArray | float) -> FloatArray:
    """Return a covariance times a factor; infinite variances stay so."""
    finite = np.isfinite(covariance)
    return np.where(finite, np.where(finite, covariance, 0.0) * factor, np.inf)


# ---- one Jacobian -------------------------------------------------------------------------------


def covariance(slopes: FloatArray, held: BoolArray) -> FloatArray:
    """Return the covariance (n, n) of the parameters of slopes (n, n_points) over σ; NaN for held and open ones."""
    whole = np.full((len(slopes), len(slopes)), np.nan)
    free = np.flatnonzero(~held)
    jacobian = slopes[free].T
    length = np.linalg.norm(jacobian, axis=0)
    length[length == 0.0] = 1.0
    _, sizes, directions = np.linalg.svd(jacobian / length, full_matrices=False)
    good = sizes > SMALLEST_SIZE * sizes[0]
    inverse = (directions[good].T / sizes[good] ** 2) @ directions[good]
    inverse /= np.outer(length, length)
    is_open = np.abs(directions[~good]).max(axis=0, initial=0.0) > IN_DIRECTION
    inverse[is_open, :] = inverse[:, is_open] = np.nan
    whole[np.ix_(free, free)] = inverse
    return whole
