"""How the noise of independent counts spreads into what is calculated from them, to first order.

A calculated curve y (n,) depends on m independent measured numbers. Its perturbation matrix L (n, m) holds what one
standard deviation of each of them does to y, so that the covariance of y is L Lᵀ. L is kept as S + U W with S sparse:
interpolation and factors point by point stay sparse, and what all points share (a fitted scale, a polynomial) is one
column of U (n, k) and one row of W (k, m) each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.arrays import FloatArray, SparseArray


@dataclass(frozen=True, eq=False)
class Spread:
    """The perturbation matrix S + C R of a curve: what one standard deviation of each count does to each point.

    Parameters
    ----------
    sparse : sparse array (n, m)
        S
    columns : array (n, k)
        C, of what all points share
    rows : array (k, m)
        R
    """

    sparse: SparseArray
    columns: FloatArray
    rows: FloatArray

    @classmethod
    def of_counts(cls, sigma: FloatArray) -> Spread:
        """Return the spread of n independent points with standard deviations sigma, (n,)."""
        from scipy.sparse import diags_array

        n = len(sigma)
        return cls(diags_array(sigma).tocsr(), np.zeros((n, 0)), np.zeros((0, n)))

    @classmethod
    def none(cls, n: int) -> Spread:
        """Return the spread of n points that are known exactly."""
        from scipy.sparse import csr_array

        return cls(csr_array((n, 0)), np.zeros((n, 0)), np.zeros((0, 0)))

    # ---- from one curve to another ----------------------------------------------------------------

    def scaled(self, factor: FloatArray | float) -> Spread:
        """Return the spread of factor × y; factor: (n,) or one number."""
        from scipy.sparse import diags_array

        factors = np.broadcast_to(factor, self.columns.shape[:1])
        return Spread((diags_array(factors) @ self.sparse).tocsr(), factors[:, None] * self.columns, self.rows)

    def through(self, matrix: Any) -> Spread:
        """Return the spread of M y; matrix: (n_new, n), sparse for the result to stay sparse."""
        from scipy.sparse import csr_array

        return Spread(csr_array(matrix @ self.sparse), np.asarray(matrix @ self.columns), self.rows)

    def taken(self, kept: NDArray[np.bool_] | NDArray[np.intp]) -> Spread:
        """Return the spread of the points kept."""
        return Spread(self.sparse[kept], self.columns[kept], self.rows)

    def with_shared(self, columns: FloatArray, weights: FloatArray) -> Spread:
        """Return the spread of y + C (V y); columns: C (n, k), weights: V (k, n): k numbers found from y itself."""
        rows = self.of_functional(weights)
        return Spread(self.sparse, np.hstack([self.columns, columns]), np.vstack([self.rows, rows]))

    def of_functional(self, weights: FloatArray) -> FloatArray:
        """Return the perturbations (k, m) of k numbers V y; weights: V (k, n)."""
        return np.asarray(weights @ self.sparse + (weights @ self.columns) @ self.rows)

    def plus(self, other: Spread, factor: float = 1.0) -> Spread:
        """Return the spread of y + factor × other, which comes from other counts."""
        from scipy.sparse import hstack

        shape, other_shape = self.rows.shape, other.rows.shape
        rows = np.zeros((shape[0] + other_shape[0], shape[1] + other_shape[1]))
        rows[: shape[0], : shape[1]] = self.rows
        rows[shape[0] :, shape[1] :] = factor * other.rows
        sparse = hstack([self.sparse, factor * other.sparse]).tocsr()
        return Spread(sparse, np.hstack([self.columns, other.columns]), rows)

    # ---- variances --------------------------------------------------------------------------------

    def variance(self) -> FloatArray:
        """Return the variance of each point, (n,)."""
        independent = np.asarray(self.sparse.multiply(self.sparse).sum(axis=1)).ravel()
        cross = np.einsum("ik,ik->i", np.asarray(self.sparse @ self.rows.T), self.columns)
        shared = np.einsum("ik,kl,il->i", self.columns, self.rows @ self.rows.T, self.columns)
        return np.asarray(independent + 2.0 * cross + shared)

    def sigma(self) -> FloatArray:
        """Return the standard deviation of each point, (n,)."""
        return np.asarray(np.sqrt(np.maximum(self.variance(), 0.0)))

    def sigma_of_sums(self) -> float:
        """Return σ of a sum over all points over that of independent ones, what all points share left out."""
        together = np.asarray(self.sparse.sum(axis=0)).ravel()
        apart = float(self.sparse.multiply(self.sparse).sum())
        return float(np.sqrt(together @ together / apart)) if apart > 0.0 else 1.0

    def variance_through(self, matrix: FloatArray) -> FloatArray:
        """Return the variance of each point of M y, (n_new,); matrix: (n_new, n), dense."""
        moved = self.of_functional(matrix)
        return np.asarray(np.einsum("ij,ij->i", moved, moved))
