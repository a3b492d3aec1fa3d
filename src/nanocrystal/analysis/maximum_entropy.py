"""The distribution of most entropy that agrees with data: min ½|A f − d|² − α S, S = Σ w (f − m − f ln(f/m)), f > 0.

Skilling & Bryan, Mon. Not. R. Astron. Soc. 211, 111 (1984); for sizes by small angles Potton, Daniell & Rainford,
J. Appl. Cryst. 21, 663 (1988). m, the default, is what f becomes where the data say nothing: the same small level at
all sizes. α is the largest at which χ² is still what the noise explains ("historic" maximum entropy). The minimum is
unique and found by Newton's method with steps that keep f positive.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
LEVEL = 0.02
"""of the mean density over the grid: the default m"""
STEPS = 100
ALMOST = 0.95
"""of the way to f = 0 that a step goes at most"""
ENOUGH = 1e-10
"""of the function: what the next step could still gain, at its minimum"""
STRONGEST, WEAKEST = 1e3, 1e-7
"""α, between which a solution is followed; from flat to whatever fits best"""
FOLLOWED = 10.0**0.25
"""ratio of one α to the next"""
STALLED, HOPELESS = 0.003, 30.0
"""of n: a gain of χ² by which it hardly falls any more, and χ² from which on it still must"""


@dataclass(frozen=True, kw_only=True)
class Entropic:
    """min ½|A f − d|² − α S; A (n, m + n_linear), d (n,) in units of σ; the last columns of A have no entropy.

    A vector (m + n_linear,) holds f and the coefficients of these columns. measure: (m,) widths w of the grid; mean:
    the mean density of a distribution that roughly agrees with the data; start: a vector near the solution, if one is
    known.
    """

    kernel: FloatArray
    data: FloatArray
    measure: FloatArray
    mean: float
    start: FloatArray | None = None

    @property
    def default(self) -> float:
        return LEVEL * self.mean

    def solution(self, strength: float) -> FloatArray:
        """Return the vector of least misfit less entropy for α in units of `_scale`."""
        if self.start is not None:
            return self._minimum(self.start, strength)
        vector = self._flat
        for value in np.geomspace(STRONGEST, strength, 1 + max(1, int(4.0 * np.log10(STRONGEST / strength)))):
            vector = self._minimum(vector, float(value))
        return vector

    def by_discrepancy(self) -> tuple[float, FloatArray]:
        """Return the largest α at which χ² is still what the noise explains, and its solution.

        Where no distribution explains the data that well, the α at which χ² hardly falls any more.
        """
        n = len(self.data)
        high, vector = STRONGEST, self._minimum(self._flat, STRONGEST)
        while high > WEAKEST:
            low = high / FOLLOWED
            better = self._minimum(vector, low)
            gain = self.misfit(vector) - self.misfit(better)
            if self.misfit(better) <= n:
                return self._between(low, high, better)
            if gain < STALLED * n and self.misfit(better) < HOPELESS * n:
                return low, better
            high, vector = low, better
        return high, vector

    def _between(self, low: float, high: float, vector: FloatArray) -> tuple[float, FloatArray]:
        """Return the α between two, at the lower of which χ² is below n, where it is n."""
        for _ in range(12):
            middle = float(np.sqrt(low * high))
            trial = self._minimum(vector, middle)
            if self.misfit(trial) <= len(self.data):
                low, vector = middle, trial
            else:
                high = middle
        return low, vector

    @property
    def _flat(self) -> FloatArray:
        vector = np.zeros(self.kernel.shape[1])
        vector[: len(self.measure)] = self.mean
        return vector

    def _minimum(self, vector: FloatArray, strength: float) -> FloatArray:
        n, alpha = len(self.measure), strength * self._scale
        value = self._function(vector, alpha)
        for _ in range(STEPS):
            step, gain = self._newton_step(vector, alpha)
            if gain < ENOUGH * abs(value):
                break
            falling = step[:n] < 0.0
            longest = min(1.0, ALMOST * float(np.min(-vector[:n][falling] / step[:n][falling], initial=np.inf)))
            for _ in range(30):
                trial = vector + longest * step
                better = self._function(trial, alpha)
                if better < value:
                    break
                longest *= 0.5
            else:
                break  # rounding
            vector, value = trial, better
        return vector

    def misfit(self, vector: FloatArray) -> float:
        return float(np.sum((self.kernel @ vector - self.data) ** 2))

    @cached_property
    def _normal(self) -> FloatArray:
        return self.kernel.T @ self.kernel

    @cached_property
    def _scale(self) -> float:
        """What makes α a number without unit: curvature of the data's term over that of the entropy, at the mean."""
        n = len(self.measure)
        return float(np.median(np.diag(self._normal)[:n] * self.mean / self.measure))

    def _function(self, vector: FloatArray, alpha: float) -> float:
        f = vector[: len(self.measure)]
        entropy = self.measure @ (f - self.default - f * np.log(f / self.default))
        return float(0.5 * self.misfit(vector) - alpha * entropy)

    def _newton_step(self, vector: FloatArray, alpha: float) -> tuple[FloatArray, float]:
        """Return Newton's step and what it would gain were the function a parabola."""
        from scipy.linalg import cho_factor, cho_solve

        n = len(self.measure)
        f = vector[:n]
        gradient = self.kernel.T @ (self.kernel @ vector - self.data)
        gradient[:n] += alpha * self.measure * np.log(f / self.default)
        # in units in which the curvature of the entropy is 1, so that f near 0 does no harm
        unit = np.ones(len(vector))
        unit[:n] = np.sqrt(f / (alpha * self.measure))
        unit[n:] = 1.0 / np.sqrt(np.diag(self._normal)[n:])
        curvature = self._normal * np.outer(unit, unit)
        curvature[np.arange(n), np.arange(n)] += 1.0
        solved: Any = cho_solve(cho_factor(curvature, lower=True), -gradient * unit)
        step = unit * solved
        return step, float(-0.5 * gradient @ step)
