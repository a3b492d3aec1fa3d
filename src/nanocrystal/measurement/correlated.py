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
LEAST, MOST = 1e-7, 1e2
"""shares of a part in all variance, between which the likeliest are sought"""
NOTHING = 10.0
"""times LEAST: smaller shares are none"""
IMPOSSIBLE = 1e12
"""−2 log of the likelihood of what is no covariance"""
ENDED = 1e-9
"""relative change of −2 log of the likelihood that ends the search"""


@dataclass(frozen=True)
class FittedNoise:
    """The noise that residuals follow: covariance of the points, (n_points, n_points), and what it is, in words."""

    covariance: FloatArray
    words: str


def complement(open_curves: FloatArray) -> FloatArray:
    """Return an orthonormal basis (n, n_left) of what is orthogonal to curves (n, k), each vector near one point."""
    n = len(open_curves)
    norms = np.linalg.norm(open_curves, axis=0)
    curves = open_curves[:, norms > 0.0] / norms[norms > 0.0]
    if not curves.shape[1]:
        return np.eye(n)
    basis, sizes, _ = np.linalg.svd(curves, full_matrices=False)
    basis = basis[:, sizes > SIGNIFICANT * sizes[0]]
    return np.asarray(np.linalg.qr(basis, mode="complete")[0][:, basis.shape[1] :])


def whitening(covariance: FloatArray, open_curves: FloatArray) -> FloatArray:
    """Return W (n_independent, n) of points with a covariance (n, n), curves (n, k) left open."""
    left = complement(open_curves)
    variances, directions = np.linalg.eigh(left.T @ covariance @ left)
    roots = np.sqrt(np.maximum(variances, SMALLEST * variances[-1]))
    return np.asarray((directions / roots) @ directions.T @ left.T)


# ---- a law ------------------------------------------------------------------------------------------


def likeliest_parts(parts: Sequence[FloatArray], residual: FloatArray, fitted: FloatArray) -> FloatArray:
    """Return the θ_k ≥ 0 (n_parts,) of C = Σ θ_k C_k that make residuals (n,) likeliest.

    parts: C_k (n, n); fitted: curves (n, k) that were fitted to what left the residuals.
    """
    left = complement(fitted)
    rest = left.T @ residual
    power = float(rest @ rest) / len(rest)
    inner = [left.T @ part @ left for part in parts]
    sizes = np.array([np.trace(part) for part in inner]) / len(rest)
    shares = _shares([part / size for part, size in zip(inner, sizes, strict=True)], rest / np.sqrt(power))
    return np.asarray(shares * power / sizes)


def _shares(parts: Sequence[FloatArray], rest: FloatArray) -> FloatArray:
    """Return the likeliest shares of parts (n, n) of mean variance 1 in residuals (n,) of mean square 1.

    The first alone where no other would make them likelier there.
    """
    from scipy.optimize import minimize

    alone = np.eye(1, len(parts))[0]
    if np.all(_unlikelihood(alone, parts, rest)[1][1:] >= 0.0):
        return np.asarray(alone)

    def by_logarithms(x: FloatArray) -> tuple[float, FloatArray]:
        shares = np.exp(x)
        try:
            value, slopes = _unlikelihood(shares, parts, rest)
        except np.linalg.LinAlgError:  # no covariance: as unlikely as can be
            return IMPOSSIBLE, np.zeros(len(x))
        return value, slopes * shares

    start, bounds = np.full(len(parts), -np.log(len(parts))), [(np.log(LEAST), np.log(MOST))] * len(parts)
    found = minimize(by_logarithms, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": ENDED})
    shares = np.exp(found.x)
    return np.asarray(np.where(shares > NOTHING * LEAST, shares, 0.0))


def _unlikelihood(shares: FloatArray, parts: Sequence[FloatArray], rest: FloatArray) -> tuple[float, FloatArray]:
    """Return −2 log of the likelihood of residuals (n,), constant left out, and its slopes by the shares (n_parts,)."""
    from scipy.linalg.lapack import dpotri

    total = sum(share * part for share, part in zip(shares, parts, strict=True))
    root = np.linalg.cholesky(np.asarray(total))
    lower, _ = dpotri(root, lower=1)
    inverse = np.tril(lower) + np.tril(lower, -1).T
    weighed = inverse @ rest
    value = 2.0 * float(np.log(np.diag(root)).sum()) + float(rest @ weighed)
    return value, np.array([float(np.vdot(inverse, part)) - float(weighed @ part @ weighed) for part in parts])
