"""What several descents say together: how far apart they began, how many ended at the best minimum, and what else is.

Rises of χ² are over its misfit, so that 1 is what noise does to one parameter within one standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.refinement.optimise import Descent
from nanocrystal.refinement.uncertainty import Covariance

SAME_RISE = 0.01
"""rise of χ² up to which another end may be the same minimum"""
SAME_PLACE = 0.3
"""standard errors up to which it is"""
AS_GOOD = 1.0
"""rise of χ² up to which another minimum widens intervals"""
NEAR = 4.0
"""rise of χ² up to which another minimum is told with its values"""
MOST_TOLD = 3
"""parameters that are named"""


@dataclass(frozen=True)
class Minima:
    """The ends of several descents, sorted by what they are.

    same: how many are the best minimum; near: (rise, values (n_free,)) of others that noise may make the best; far:
    rises of the others; astray: how many came to no end.
    """

    outcome: Descent
    errors: FloatArray
    same: int
    near: tuple[tuple[float, FloatArray], ...]
    far: tuple[float, ...]
    astray: int

    @property
    def notes(self) -> list[str]:
        """What is to be said of them, in sentences; nothing of one descent."""
        if len(self.outcome.ends) < 2 or self.same + len(self.near) + len(self.far) + self.astray == 0:
            return []
        n = len(self.outcome.ends)
        parts = [f"{self.same} of {n} starting points ended at this minimum"]
        others = [*(rise for rise, _ in self.near), *self.far]
        if others:
            least = _number(min(others))
            which = "others, where" if len(others) > 1 else "another, where"
            more = " or more" if len(others) > 1 else ""
            parts.append(f"{len(others)} at {which} χ² over the misfit is {least} higher{more}")
        if self.astray:
            parts.append(f"{self.astray} came to no end")
        apart = f" ({self._apart()})" if self._apart() else ""
        return [f"{', '.join(parts)}{apart}.", *(self._told(rise, x) for rise, x in self._distinct())]

    def _apart(self) -> str:
        """Return how far the starts were apart, in words: the values of those parameters that differed most."""
        problem = self.outcome.problem
        begun = np.array([end.begun for end in self.outcome.ends])
        low, high = begun.min(axis=0), begun.max(axis=0)
        scales = np.array([d.quantity.scale for d in problem.free])
        most = np.argsort((high - low) / (np.minimum(np.abs(low), np.abs(high)) + 0.1 * scales))[::-1][:MOST_TOLD]
        ranges = [f"{problem.free[k].address} {low[k]:.3g} to {high[k]:.3g}" for k in most if high[k] > low[k]]
        return f"begun at {', '.join(ranges)}" if ranges else ""

    def _distinct(self) -> list[tuple[float, FloatArray]]:
        """Return the near minima that are not each other's, the best first."""
        found: list[tuple[float, FloatArray]] = []
        for rise, x in sorted(self.near, key=lambda pair: pair[0]):
            if all(_distance(x, y, self.errors) > SAME_PLACE for _, y in found):
                found.append((rise, x))
        return found[:MOST_TOLD]

    def _told(self, rise: float, x: FloatArray) -> str:
        free, here = self.outcome.problem.free, self.outcome.point.x
        apart = np.abs(x - here) / self.errors
        most = [k for k in np.argsort(apart)[::-1][:MOST_TOLD] if apart[k] > SAME_PLACE]
        values = ", ".join(f"{free[k].address} {x[k]:.4g} for {here[k]:.4g}" for k in most)
        as_good = "is as good" if rise < AS_GOOD else "is hardly worse"
        return f"another minimum {as_good} (χ² over the misfit {_number(rise)} higher): {values}."

    def widened(self, index: int, low: float | None, high: float | None) -> tuple[float | None, float | None]:
        """Return an interval that holds the value of a free parameter in all minima that are as good, too."""
        values = [float(x[index]) for rise, x in self.near if rise < AS_GOOD]
        return (
            low if low is None else min(low, *values, low),
            high if high is None else max(high, *values, high),
        )


def minima_of(outcome: Descent, spread: Covariance) -> Minima:
    """Return what the ends of the descents that led to an outcome are.

    Nothing of descents in other parameters, as before one of its parts was found not to be there.
    """
    problem, ends = outcome.problem, outcome.ends
    known = [spread.stderr(d.address)[1] for d in problem.free]
    errors = np.array([np.inf if e is None or e == 0.0 else e for e in known])
    if not ends or any(len(e.x) != len(errors) for e in ends):
        return Minima(outcome, errors, 0, (), (), 0)
    best = min(ends, key=lambda e: e.misfit)
    reduced = best.misfit / max(1, problem.n_measurements - spread.n_refined)
    unit = max(1.0, reduced) if problem.has_sigmas else reduced
    ended = [((e.misfit - best.misfit) / unit if unit > 0.0 else 0.0, e.x) for e in ends if e.converged]
    here = min(
        (x for rise, x in ended if rise < SAME_RISE),
        key=lambda x: _distance(x, outcome.point.x, errors),
        default=best.x,
    )
    is_same = [rise < SAME_RISE and _distance(x, here, errors) < SAME_PLACE for rise, x in ended]
    rest = [pair for pair, same in zip(ended, is_same, strict=True) if not same]
    near = tuple((rise, x) for rise, x in rest if rise < NEAR)
    far = tuple(rise for rise, _ in rest if rise >= NEAR)
    return Minima(outcome, errors, sum(is_same), near, far, len(ends) - len(ended))


def _distance(x: Sequence[float] | FloatArray, y: FloatArray, errors: FloatArray) -> float:
    """Return by how many standard errors two sets of values (n_free,) differ at the most."""
    return float(np.max(np.abs(np.asarray(x) - y) / errors, initial=0.0))


def _number(rise: float) -> str:
    return f"{rise:.2g}" if rise >= 0.005 else "0"
