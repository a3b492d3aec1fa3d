"""Intervals that hold where degrees of freedom are few, χ² is no parabola, or a parameter stands at a bound.

Standard errors are those of a parabola. An interval of 68.27 % is where χ², minimised over everything else, has risen
by s² t²: s is √χ²_red, but 1 where σ are known and it is less, and t is Student's, 1.84, 1.32, 1.20, 1.05 for 1, 2, 3,
10 degrees of freedom from which s is known, 1 where it is known otherwise (D. M. Bates & D. G. Watts, Nonlinear
Regression Analysis and Its Applications (1988), section 6.1). Where χ² along the direction of the covariance rises as
a parabola does, the interval is value ± t s.e.; elsewhere it is sought.

A parameter that a bound holds back has an interval from that bound, and a limit of 95 %: where χ² over s² has risen by
0.219 and 2.706, below whose roots 68 and 95 % of a normal law lie.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.errors import InputError, RefinementError
from nanocrystal.refinement.probability import student_quantile
from nanocrystal.refinement.problem import Point, Problem, least_step
from nanocrystal.refinement.uncertainty import Covariance

ONE_SIGMA = 0.6826894921370859
"""part of a normal law within one standard deviation"""
RISE_68, RISE_95 = 0.219, 2.706
"""of χ² from a bound that holds a parameter back, at limits of 68 and 95 %"""
PARABOLA = 0.2
"""parts by which a rise of χ² may differ from that of a parabola"""
WELL_KNOWN = 0.01
"""of the size of a parameter: with a smaller standard error χ² is taken for a parabola"""
NEAR_BOUND = 2.0
"""standard errors within which a bound makes the limit on the other side worth stating"""
NEAR_ENOUGH = 0.03
"""parts of the rise to which the end of an interval is sought"""
MOST_TRIALS = 12
ROUNDS = 3
"""of steps of Gauss and Newton in which the other parameters follow"""


@dataclass(frozen=True)
class Interval:
    """low, high: of 68.27 %, None where one side is not known or has none; limit: of 95 %, near a bound, else None."""

    low: float | None
    high: float | None
    limit: float | None = None


def student(freedom: float) -> float:
    """Return by what a standard error from so many degrees of freedom is multiplied for an interval of 68.27 %."""
    return student_quantile(0.5 + 0.5 * ONE_SIGMA, max(1.0, freedom))


class Profiles:
    """χ² of a problem about its minimum, the deviance of counted data, over one parameter, the others following."""

    def __init__(self, problem: Problem, point: Point, spread: Covariance) -> None:
        self.problem, self.point, self.spread = problem, point, spread
        self._slopes = problem.derivatives(point)
        self._jacobian = problem.projected_jacobian(point, self._slopes)
        self._unit = spread.factor**2
        self._t = 1.0 if spread.has_sigmas else student(spread.freedom)
        self._lower, self._upper = problem.bounds

    def of(self, index: int) -> Interval:
        """Return the interval of a free parameter that the data determine, or that a bound holds back."""
        address = self.problem.free[index].address
        if address in self.spread.at_bound:
            return self._from_bound(index)
        stderr = self.spread.stderr(address)[1]
        if stderr is None:
            return Interval(None, None)
        value = float(self.point.x[index])
        reach = self._t * stderr
        ends: list[float | None] = [value - reach, value + reach]
        size = max(abs(value), self.problem.free[index].quantity.scale)
        if stderr > WELL_KNOWN * size and not self.spread.is_robust:
            rise = self._unit_of(index, stderr) * self._t**2
            for k, sign in enumerate((-1.0, 1.0)):
                if abs(self._rise_along(index, sign * reach) / rise - 1.0) > PARABOLA:
                    ends[k] = self._end(index, sign, reach, rise)
        return Interval(ends[0], ends[1], self._limit_near_bound(index, stderr))

    def _limit_near_bound(self, index: int, stderr: float) -> float | None:
        """Return the limit of 95 % of a parameter less than two standard errors from a bound, None of others."""
        value, reach = float(self.point.x[index]), float(np.sqrt(RISE_95)) * self._t * stderr
        for bound, sign in ((self._lower[index], 1.0), (self._upper[index], -1.0)):
            if abs(value - bound) < NEAR_BOUND * stderr:
                return self._end(index, sign, reach, self._unit_of(index, stderr) * self._t**2 * RISE_95)
        return None

    def _from_bound(self, index: int) -> Interval:
        low, high = float(self._lower[index]), float(self._upper[index])
        inward, bound = (1.0, low) if self.point.x[index] - low <= high - self.point.x[index] else (-1.0, high)
        reach = self._reach_at_bound(index)
        inner, limit = (self._end(index, inward, reach, self._unit * rise) for rise in (RISE_68, RISE_95))
        return Interval(bound, inner, limit) if inward > 0.0 else Interval(inner, bound, limit)

    def _reach_at_bound(self, index: int) -> float:
        """Return a first guess of how far a held parameter may go: its standard error, were it not held."""
        norm = float(np.linalg.norm(self._jacobian[:, index]))
        return self.spread.factor / norm if norm > 0.0 else self.problem.free[index].quantity.scale

    # ---- how χ² rises -------------------------------------------------------------------------

    def _followed(self, index: int) -> tuple[FloatArray, float]:
        """Return how all parameters (n_free,) move by one of `index` where χ² rises least, and by how much it does."""
        names = self.spread.names
        others = [k for k, d in enumerate(self.problem.free) if k != index and d.address in names]
        step = np.eye(len(self.problem.free))[index]
        step[others] = least_step(self._jacobian[:, others], self._jacobian[:, index])
        return step, float(np.sum((self._jacobian @ step) ** 2))

    def _unit_of(self, index: int, stderr: float) -> float:
        """Return by how much χ² rises one standard error away, were it a parabola.

        That is χ²_red, or 1 where σ are known, but where noise is not what the weights of the points say.
        """
        if not self.spread.laws:
            return self._unit
        return self._followed(index)[1] * stderr**2

    def _rise_along(self, index: int, moved: float) -> float:
        """Return by how much χ² rises where the others follow as they do near the minimum; infinite where unknown."""
        return self._misfit(self._inside(self.point.x + moved * self._followed(index)[0])) - self.point.misfit

    def _inside(self, x: FloatArray) -> FloatArray:
        return np.clip(x, self._lower, self._upper)

    def _misfit(self, x: FloatArray) -> float:
        reached = self._reached(x)
        return np.inf if reached is None else reached[1].misfit

    def _reached(self, x: FloatArray) -> tuple[Problem, Point] | None:
        """Return problem and point at x, counted points weighed by what is expected there; None where not known."""
        try:
            point = self.problem.point(x)
            if not self.problem.is_counted:
                return self.problem, point
            weighed = self.problem.expecting(point)
            return weighed, weighed.point(x)
        except (InputError, RefinementError):
            return None

    def _rise_at(self, index: int, value: float, start: FloatArray) -> tuple[float, FloatArray]:
        """Return by how much χ² rises where a parameter has a value, the others at their best; and where they are."""
        x = self._inside(np.where(np.arange(len(start)) == index, value, start))
        best, best_x = np.inf, x
        others = np.arange(len(x)) != index
        for _ in range(ROUNDS):
            reached = self._reached(x)
            if reached is None or not reached[1].misfit < best - 1e-3 * self._unit:
                break
            best, best_x = reached[1].misfit, x
            if not others.any():
                break
            problem, point = reached
            jacobian = problem.projected_jacobian(point, self._slopes)[:, others]
            step = np.zeros(len(x))
            step[others] = least_step(jacobian, point.residual)
            x = self._inside(x + step)
        return best - self.point.misfit, best_x

    def _end(self, index: int, sign: float, reach: float, rise: float) -> float | None:
        """Return where χ² has risen by `rise`, None where that is beyond a bound or not found.

        With a robust loss, of which χ² is not the minimum, that is `reach` away.
        """
        value = float(self.point.x[index])
        bound = float(self._upper[index] if sign > 0.0 else self._lower[index])
        if self.spread.is_robust:
            return value + sign * reach if reach < abs(bound - value) else None
        at, inner, x = reach, (0.0, 0.0), self.point.x
        outer: tuple[float, float] | None = None
        for _ in range(MOST_TRIALS):
            at = min(at, abs(bound - value))
            found, x_there = self._rise_at(index, value + sign * at, x)
            if abs(found / rise - 1.0) < NEAR_ENOUGH:
                return value + sign * at
            if found < rise:
                inner, x = (at, max(found, 0.0)), x_there
                if at >= abs(bound - value):
                    return None
            else:
                outer = (at, found)
            at = _between(inner, outer, rise)
        return value + sign * at if outer is not None else None


def _between(inner: tuple[float, float], outer: tuple[float, float] | None, rise: float) -> float:
    """Return the next trial: by roots of χ², in which a parabola is a straight line, kept well inside the bracket."""
    low, low_rise = inner
    if outer is None:
        grown = low * np.sqrt(rise / low_rise) if low_rise > 0.0 else 2.0 * low
        return float(np.clip(grown, 1.2 * low, 4.0 * low))
    high, high_rise = outer
    if not np.isfinite(high_rise):
        return 0.5 * (low + high)
    part = (np.sqrt(rise) - np.sqrt(low_rise)) / (np.sqrt(high_rise) - np.sqrt(low_rise))
    return float(low + (high - low) * np.clip(part, 0.1, 0.9))


def intervals(problem: Problem, point: Point, spread: Covariance) -> Callable[[str], Interval]:
    """Return what gives the interval of a refined parameter by its address, linear ones by their standard error."""
    profiles = Profiles(problem, point, spread)
    places = {d.address: k for k, d in enumerate(problem.free)}
    factor = 1.0 if spread.has_sigmas else student(spread.freedom)
    values = point.evaluation.values

    def of(address: str) -> Interval:
        if address in places:
            return profiles.of(places[address])
        stderr = spread.stderr(address)[1]
        if stderr is None:
            return Interval(None, None)
        return Interval(float(values[address]) - factor * stderr, float(values[address]) + factor * stderr)

    return of
