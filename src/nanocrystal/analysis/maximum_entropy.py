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

    measure: (m,) widths w of the grid; mean: the mean density of a distribution that roughly agrees with the data;
    start: (m + n_linear,) near the solution, if one is known.
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
        """Return f and the linear coefficients behind it, (m + n_linear,), for α in units of `_scale`."""
        if self.start is not None:
            return self._minimum(self.start, strength)
        found = self._flat
        for value in np.geomspace(STRONGEST, strength, 1 + max(1, int(4.0 * np.log10(STRONGEST / strength)))):
            found = self._minimum(found, float(value))
        return found

    def by_discrepancy(self) -> tuple[float, FloatArray]:
        """Return the largest α at which χ² is still what the noise explains, and its solution.

        Where no distribution explains the data that well, the α at which χ² hardly falls any more.
        """
        n = len(self.data)
        high, found = STRONGEST, self._minimum(self._flat, STRONGEST)
        while high > WEAKEST:
            low = high / FOLLOWED
            better = self._minimum(found, low)
            gain = self.misfit(found) - self.misfit(better)
            if self.misfit(better) <= n:
                return self._between(low, high, better)
            if gain < STALLED * n and self.misfit(better) < HOPELESS * n:
                return low, better
            high, found = low, better
        return high, found

    def _between(self, low: float, high: float, found: FloatArray) -> tuple[float, FloatArray]:
        """Return the α between two, at the lower of which χ² is below n, where it is n."""
        for _ in range(12):
            middle = float(np.sqrt(low * high))
            trial = self._minimum(found, middle)
            if self.misfit(trial) <= len(self.data):
                low, found = middle, trial
            else:
                high = middle
        return low, found

    @property
    def _flat(self) -> FloatArray:
        found = np.zeros(self.kernel.shape[1])
        found[: len(self.measure)] = self.mean
        return found

    def _minimum(self, found: FloatArray, strength: float) -> FloatArray:
        n, alpha = len(self.measure), strength * self._scale
        value = self._function(found, alpha)
        for _ in range(STEPS):
            step, gain = self._newton_step(found, alpha)
            if gain < ENOUGH * abs(value):
                break
            falling = step[:n] < 0.0
            longest = min(1.0, ALMOST * float(np.min(-found[:n][falling] / step[:n][falling], initial=np.inf)))
            for _ in range(30):
                trial = found + longest * step
                better = self._function(trial, alpha)
                if better < value:
                    break
                longest *= 0.5
            else:
                break  # rounding
            found, value = trial, better
        return found

    def misfit(self, found: FloatArray) -> float:
        return float(np.sum((self.kernel @ found - self.data) ** 2))

    @cached_property
    def _normal(self) -> FloatArray:
        return self.kernel.T @ self.kernel

    @cached_property
    def _scale(self) -> float:
        """What makes α a number without unit: curvature of the data's term over that of the entropy, at the mean."""
        n = len(self.measure)
        return float(np.median(np.diag(self._normal)[:n] * self.mean / self.measure))

    def _function(self, found: FloatArray, alpha: float) -> float:
        f = found[: len(self.measure)]
        entropy = self.measure @ (f - self.default - f * np.log(f / self.default))
        return float(0.5 * self.misfit(found) - alpha * entropy)

    def _newton_step(self, found: FloatArray, alpha: float) -> tuple[FloatArray, float]:
        """Return Newton's step and what it would gain were the function a parabola."""
        from scipy.linalg import cho_factor, cho_solve

        n = len(self.measure)
        f = found[:n]
        gradient = self.kernel.T @ (self.kernel @ found - self.data)
        gradient[:n] += alpha * self.measure * np.log(f / self.default)
        # in units in which the curvature of the entropy is 1, so that f near 0 does no harm
        unit = np.ones(len(found))
        unit[:n] = np.sqrt(f / (alpha * self.measure))
        unit[n:] = 1.0 / np.sqrt(np.diag(self._normal)[n:])
        curvature = self._normal * np.outer(unit, unit)
        curvature[np.arange(n), np.arange(n)] += 1.0
        solved: Any = cho_solve(cho_factor(curvature, lower=True), -gradient * unit)
        step = unit * solved
        return step, float(-0.5 * gradient @ step)
