"""Points whose noise is correlated: the linear map to independent residuals, and a law of their noise from residuals.

Whitening
    W with W C Wᵀ = 1 of points with the covariance C, and W D = 0 for curves D (columns) that may lie beneath the
    points in any amount: neither they nor what the noise has of them count. So many residuals fewer are left. W is the
    symmetric inverse root of C where nothing is open, and near it else: residuals stay where their points are.

Law
    C = Σ θ_k C_k with θ_k ≥ 0, found by the restricted likelihood of the residuals (H. D. Patterson & R. Thompson,
    Biometrika 58, 545 (1971)), which knows that parameters were fitted to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nanocrystal.arrays import FloatArray

SMALLEST = 1e-12
"""of the largest variance: directions with less are taken to have that"""
SIGNIFICANT = 1e-4
"""of the largest singular value of open curves of norm 1: combinations that are smaller are not there"""
NOTHING = 1e-6
"""of all variance: smaller shares are none"""
ENDED = 1e-6
"""by which −2 log of the likelihood would still fall, that ends the search"""
MOST_STEPS = 100
DAMPED = 10.0
"""times more is added to the curvature after a step that makes residuals less likely"""
LIGHTEST = 0.1
"""of the diagonal of the curvature: what is added first"""
SMALL_BLOCK = 48
"""rows up to which a triangle is inverted as it is"""


@dataclass(frozen=True)
class FittedNoise:
    """The noise that residuals follow: covariance of the points, (n_points, n_points), and what it is, in words."""

    covariance: FloatArray
    words: str


@dataclass(frozen=True)
class Complement:
    """What is orthogonal to some curves, as reflections I − τ v vᵀ, applied in turn.

    vectors: v, (n_curves, n); factors: τ, (n_curves,).
    """

    vectors: FloatArray
    factors: FloatArray

    @classmethod
    def of(cls, curves: FloatArray) -> Complement:
        """Return that of curves (n, k), combinations of them that are not there left out."""
        norms = np.linalg.norm(curves, axis=0)
        curves = curves[:, norms > 0.0] / norms[norms > 0.0]
        if not curves.shape[1]:
            return cls(np.zeros((0, len(curves))), np.zeros(0))
        basis, sizes, _ = np.linalg.svd(curves, full_matrices=False)
        packed, factors = np.linalg.qr(basis[:, sizes > SIGNIFICANT * sizes[0]], mode="raw")
        vectors = np.triu(packed, 1)
        np.fill_diagonal(vectors, 1.0)
        return cls(vectors, factors)

    def rows(self, columns: FloatArray) -> FloatArray:
        """Return the components of columns (n, …) along an orthonormal basis of it, (n − n_curves, …)."""
        turned = columns.copy()
        for vector, factor in zip(self.vectors, self.factors, strict=True):
            turned -= factor * np.multiply.outer(vector, vector @ turned)
        return turned[len(self.factors) :]

    def columns(self, rows: FloatArray) -> FloatArray:
        """Return what has these components (n − n_curves, …), (n, …)."""
        turned = np.concatenate([np.zeros((len(self.factors), *rows.shape[1:])), rows])
        for vector, factor in zip(self.vectors[::-1], self.factors[::-1], strict=True):
            turned -= factor * np.multiply.outer(vector, vector @ turned)
        return turned


def whitening(covariance: FloatArray, open_curves: FloatArray) -> FloatArray:
    """Return W (n_independent, n) of points with a covariance (n, n), curves (n, k) left open."""
    left = Complement.of(open_curves)
    variances, directions = np.linalg.eigh(left.rows(left.rows(covariance).T))
    roots = np.sqrt(np.maximum(variances, SMALLEST * variances[-1]))
    return left.columns(directions @ (directions / roots).T).T


# ---- a law ------------------------------------------------------------------------------------------


def likeliest_parts(parts: FloatArray | Sequence[FloatArray], residual: FloatArray, fitted: FloatArray) -> FloatArray:
    """Return the θ_k ≥ 0 (n_parts,) of C = Σ θ_k C_k that make residuals (n,) likeliest.

    parts: C_k (n, n); fitted: curves (n, k) that were fitted to what left the residuals.
    """
    left = Complement.of(fitted)
    rest = left.rows(residual)
    power = float(rest @ rest) / len(rest)
    inner = np.array([left.rows(left.rows(part).T) for part in parts])
    sizes = np.trace(inner, axis1=1, axis2=2) / len(rest)
    shares = _shares(inner / sizes[:, None, None], rest / np.sqrt(power))
    return np.asarray(shares * power / sizes)


@dataclass(frozen=True)
class Likelihood:
    """−2 log of the likelihood of residuals, constant left out.

    slopes: by the shares, (n_parts,); curvature: second derivatives, the mean of those that are observed and expected
    (A. R. Gilmour, R. Thompson & B. R. Cullis, Biometrics 51, 1440 (1995)), (n_parts, n_parts).
    """

    value: float
    slopes: FloatArray
    curvature: FloatArray

    @classmethod
    def of(cls, shares: FloatArray, parts: FloatArray, rest: FloatArray) -> Likelihood | None:
        """Return that of shares (n_parts,) of parts (n_parts, n, n) in residuals (n,); None where C is none."""
        total = np.tensordot(shares, parts, axes=1)
        try:
            root = np.asarray(np.linalg.cholesky(total), dtype=np.float64)
        except np.linalg.LinAlgError:
            return None
        inverse_root = inverse_of_lower(root)
        inverse = inverse_root.T @ inverse_root
        weighed = inverse @ rest
        pulled = parts @ weighed
        value = 2.0 * float(np.log(np.diag(root)).sum()) + float(rest @ weighed)
        slopes = np.array([float(np.vdot(inverse, part)) for part in parts]) - pulled @ weighed
        return cls(value, slopes, pulled @ inverse @ pulled.T)


def inverse_of_lower(root: FloatArray) -> FloatArray:
    """Return the inverse of a lower triangular matrix (n, n), by that of its quarters."""
    n = len(root)
    if n <= SMALL_BLOCK:
        return np.asarray(np.tril(np.linalg.inv(root)))
    inverse, half = np.zeros_like(root), n // 2
    inverse[:half, :half] = inverse_of_lower(root[:half, :half])
    inverse[half:, half:] = inverse_of_lower(root[half:, half:])
    inverse[half:, :half] = -inverse[half:, half:] @ (root[half:, :half] @ inverse[:half, :half])
    return inverse


def _shares(parts: FloatArray, rest: FloatArray) -> FloatArray:
    """Return the likeliest shares of parts (n_parts, n, n) of mean variance 1 in residuals (n,) of mean square 1.

    The first alone where no other would make them likelier there. Sought by steps of Newton, shorter where a step
    does not make them likelier.
    """
    alone = np.eye(1, len(parts))[0]
    by_first = Likelihood.of(alone, parts, rest)
    if by_first is not None and np.all(by_first.slopes[1:] >= 0.0):
        return np.asarray(alone)
    shares, damping = np.full(len(parts), 1.0 / len(parts)), 0.0
    here = Likelihood.of(shares, parts, rest)
    for _ in range(MOST_STEPS):
        if here is None:
            break
        step = _step_of_shares(here, shares, damping)
        if -float(here.slopes @ step) < ENDED:
            break
        there = Likelihood.of(shares + step, parts, rest)
        if there is not None and there.value < here.value:
            shares, here, damping = shares + step, there, damping / DAMPED if damping > LIGHTEST else 0.0
        else:
            damping = max(LIGHTEST, damping * DAMPED)
    return np.asarray(np.where(shares > NOTHING, shares, 0.0))


def _step_of_shares(here: Likelihood, shares: FloatArray, damping: float) -> FloatArray:
    """Return a step (n_parts,) that leaves no share below 0: those that would be are 0 after it."""
    bending = here.curvature + damping * np.diag(np.diag(here.curvature))
    step, free = -shares, (shares > 0.0) | (here.slopes < 0.0)
    while free.any():
        known = here.slopes + bending[:, ~free] @ step[~free]
        step[free] = np.linalg.lstsq(bending[np.ix_(free, free)], -known[free], rcond=None)[0]
        below = free & (shares + step < 0.0)
        if not below.any():
            break
        step[below], free = -shares[below], free & ~below
    return step
