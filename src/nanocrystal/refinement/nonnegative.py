"""Linear parameters for which no counted point is expected to have less than nothing.

minimise |A c − b|² where A c + known ≥ 0: with A = Q R this is the least distance problem of C. L. Lawson &
R. J. Hanson, Solving Least Squares Problems (1974), chapter 23, which non-negative least squares solve.
"""

from __future__ import annotations

import numpy as np

from nanocrystal.arrays import FloatArray

NOTHING = 1e-9
"""of the largest expected value: so far below zero is rounding"""


def kept_at_zero(
    columns: FloatArray, target: FloatArray, known: FloatArray, solved: FloatArray
) -> tuple[FloatArray, tuple[int, ...]]:
    """Return the coefficients that fit best while no point is below zero, and the points that are held at zero.

    columns: (n_points, n), weighted; target: (n_points,), what they are fitted to; known: (n_points,), what is added to
    them; solved: (n,), the best without that condition, returned as it is where it holds.
    """
    from scipy.optimize import nnls

    total = columns @ solved + known
    least = NOTHING * max(float(np.abs(total).max()), np.finfo(float).tiny)
    if total.min() >= -least:
        return solved, ()
    q, r = np.linalg.qr(columns)
    diagonal = np.abs(np.diag(r))
    if diagonal.min() <= 1e-12 * diagonal.max():
        return solved, ()
    rows = np.linalg.solve(r.T, columns.T).T  # a step z = R c − Qᵀb changes the points by these
    short = -(known + columns @ np.linalg.solve(r, q.T @ target))
    norms = np.linalg.norm(rows, axis=1)
    norms = np.where(norms > 0.0, norms, 1.0)
    size = max(float(np.abs(short / norms).max()), np.finfo(float).tiny)
    stacked = np.vstack([(rows / norms[:, None]).T, (short / norms / size)[None, :]])
    goal = np.zeros(len(stacked))
    goal[-1] = 1.0
    multipliers, _ = nnls(stacked, goal)
    rest = stacked @ multipliers - goal
    if rest[-1] >= -1e-12:
        return solved, ()  # no coefficients keep all points above zero
    z = -rest[:-1] / rest[-1] * size
    return np.asarray(np.linalg.solve(r, z + q.T @ target)), tuple(int(i) for i in np.flatnonzero(multipliers > 0.0))


def along_zero(columns: FloatArray, block: FloatArray, at_zero: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """Return the directions that linear parameters may take with some points held at zero, and derivatives that do.

    columns: (n_points, n), weighted; block: (n_points, n_free), derivatives of the residuals at fixed linear
    parameters, to which comes what these must do to hold the points.
    """
    held = columns[list(at_zero)]
    _, s, vt = np.linalg.svd(held)
    rank = int((s > 1e-10 * s[0]).sum())
    moved = columns @ (np.linalg.pinv(held, rcond=1e-10) @ block[list(at_zero)])
    return columns @ vt[rank:].T, block - moved
