"""The cubic spline through points, whose third derivative does not jump at the second and the last but one.

C. de Boor, A Practical Guide to Splines (1978), chapter IV. It is `scipy.interpolate.CubicSpline` of one curve, which
takes longer to load than most fits last.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class CubicSpline:
    """The spline through (x, y), x (n,) ascending, y (n,), n > 1; beyond its ends the last cubics go on."""

    def __init__(self, x: FloatArray, y: FloatArray) -> None:
        self.x, self.y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if not np.all(np.diff(self.x) > 0.0):
            raise ValueError("x of a spline must ascend")
        self._slopes = _slopes(self.x, self.y)

    def __call__(self, at: FloatArray) -> FloatArray:
        """Return the values at any places (n_at,)."""
        k = np.clip(np.searchsorted(self.x, at, side="right") - 1, 0, len(self.x) - 2)
        step, away = self.x[k + 1] - self.x[k], at - self.x[k]
        chord = (self.y[k + 1] - self.y[k]) / step
        excess = (self._slopes[k] + self._slopes[k + 1] - 2.0 * chord) / step
        bend = (chord - self._slopes[k]) / step - excess
        return np.asarray(self.y[k] + away * (self._slopes[k] + away * (bend + away * excess / step)))


def _slopes(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the slopes at the points, (n,)."""
    h = np.diff(x)
    chords = np.diff(y) / h
    if len(x) == 2:
        return np.repeat(chords, 2)
    if len(x) == 3:  # a parabola
        bend = (chords[1] - chords[0]) / (h[0] + h[1])
        return np.asarray(chords[0] + bend * np.array([-h[0], h[0], h[0] + 2.0 * h[1]]))
    below, middle, above = (np.empty(len(x)) for _ in range(3))
    right = np.empty(len(x))
    below[1:-1], middle[1:-1], above[1:-1] = h[1:], 2.0 * (h[:-1] + h[1:]), h[:-1]
    right[1:-1] = 3.0 * (h[1:] * chords[:-1] + h[:-1] * chords[1:])
    first, last = h[0] + h[1], h[-1] + h[-2]
    below[0], middle[0], above[0] = 0.0, h[1], first
    right[0] = ((h[0] + 2.0 * first) * h[1] * chords[0] + h[0] ** 2 * chords[1]) / first
    below[-1], middle[-1], above[-1] = last, h[-2], 0.0
    right[-1] = (h[-1] ** 2 * chords[-2] + (2.0 * last + h[-1]) * h[-2] * chords[-1]) / last
    return _tridiagonal(below.tolist(), middle.tolist(), above.tolist(), right.tolist())


def _tridiagonal(below: list[float], middle: list[float], above: list[float], right: list[float]) -> FloatArray:
    """Return what solves below_k s_(k−1) + middle_k s_k + above_k s_(k+1) = right_k, (n,)."""
    for k in range(1, len(middle)):
        factor = below[k] / middle[k - 1]
        middle[k] -= factor * above[k - 1]
        right[k] -= factor * right[k - 1]
    solved = [right[-1] / middle[-1]]
    for k in range(len(middle) - 2, -1, -1):
        solved.append((right[k] - above[k] * solved[-1]) / middle[k])
    return np.array(solved[::-1])
