"""Least squares within bounds by a trust region whose shape follows the distance to the bounds.

M. A. Branch, T. F. Coleman & Y. Li, SIAM J. Sci. Comput. 21, 1 (1999); the length of a step is found as by J. J. Moré,
Lecture Notes in Mathematics 630, 105 (1978). It is what `scipy.optimize.least_squares` does with method "trf", a
linear loss and x_scale "jac", and takes the same steps; optimisers of SciPy take longer to load than most fits last.
Where a Jacobian is dear, those after steps that went as foreseen are the last one with the change of the residuals put
in (C. G. Broyden, Math. Comp. 19, 577 (1965)); a minimum is judged by a Jacobian that was taken there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Function = Callable[[FloatArray], FloatArray]
NEAREST = 0.995
"""of the way to a bound that a step goes at most, and farther the nearer the minimum"""
SAME_LENGTH = 0.01
"""of the radius: so well a step ends on the edge of the trust region"""
TRIALS = 10
"""of the length of a step"""
POOR, GOOD = 0.25, 0.75
"""ratios of what a step gains to what it should, below which the region shrinks and above which it may grow"""
FORESEEN = (0.7, 1.4)
"""ratios of what a step gains to what it should, between which a Jacobian is not taken anew"""
SETTLED = 0.01
"""of what ends a descent: so little left to gain, no further step is tried"""
FAR = 0.5
"""parts of the sum of squares that a step gains, from which on the minimum is too far to spare a Jacobian"""
Updated = Callable[[FloatArray], bool]
"""(n,) -> whether the Jacobian there may follow from the one before"""


@dataclass(frozen=True)
class Tolerances:
    """squares, values: relative changes that end a descent; gradient: the largest element that does."""

    squares: float
    values: float
    gradient: float


@dataclass(frozen=True)
class Ended:
    """Where a descent ended; status: 0 too many evaluations, 1 the gradient vanishes, 2 the squares, 3 the values no
    longer change, 4 both."""

    x: FloatArray
    status: int


@dataclass(frozen=True)
class Bounds:
    """low, high: (n,), infinite where there is none."""

    low: FloatArray
    high: FloatArray

    def distances(self, x: FloatArray, gradient: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return how far the bounds are that one descends to, 1 for none, and their slopes by x, (n,) both."""
        distance, slope = np.ones_like(x), np.zeros_like(x)
        up, down = (gradient < 0.0) & np.isfinite(self.high), (gradient > 0.0) & np.isfinite(self.low)
        distance[up], slope[up] = (self.high - x)[up], -1.0
        distance[down], slope[down] = (x - self.low)[down], 1.0
        return distance, slope

    def hold(self, x: FloatArray) -> bool:
        return bool(np.all((x >= self.low) & (x <= self.high)))

    def steps_to(self, x: FloatArray, step: FloatArray) -> tuple[float, NDArray[np.bool_]]:
        """Return how many steps it is to the first bound, and which that is, (n,)."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            steps = np.where(step == 0.0, np.inf, np.maximum((self.low - x) / step, (self.high - x) / step))
        return float(steps.min()), (steps == steps.min()) & (step != 0.0)

    def inside(self, x: FloatArray) -> FloatArray:
        """Return values strictly within the bounds, next to them where they were beyond."""
        x, low, high = x.copy(), x <= self.low, x >= self.high
        x[low] = np.nextafter(self.low, self.high)[low]
        x[high] = np.nextafter(self.high, self.low)[high]
        tight = (x < self.low) | (x > self.high)
        x[tight] = 0.5 * (self.low[tight] + self.high[tight])
        return x


@dataclass(frozen=True)
class Model:
    """The quadratic model at a point in scaled parameters; it bends more where a bound is near.

    jacobian: (m, n); gradient: (n,); bending: (n,), added to the diagonal; residual: (m,).
    """

    jacobian: FloatArray
    gradient: FloatArray
    bending: FloatArray
    residual: FloatArray

    def value(self, step: FloatArray) -> float:
        """Return by how much half the sum of squares changes."""
        return float(0.5 * (np.sum((self.jacobian @ step) ** 2) + step @ (self.bending * step)) + step @ self.gradient)

    def along(self, step: FloatArray, start: FloatArray | None = None) -> tuple[float, float, float]:
        """Return a, b, c of a t² + b t + c on start + t step."""
        start = np.zeros_like(step) if start is None else start
        moved, begun = self.jacobian @ step, self.jacobian @ start
        a = 0.5 * float(moved @ moved + step @ (self.bending * step))
        b = float(self.gradient @ step + begun @ moved + start @ (self.bending * step))
        return a, b, self.value(start)

    @cached_property
    def _decomposed(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Uᵀ of the residual, the singular values and V of the Jacobian with its bending, (n,), (n,), (n, n)."""
        whole = np.concatenate([self.jacobian, np.diag(np.sqrt(self.bending))])
        u, s, vt = np.linalg.svd(whole, full_matrices=False)
        return u[: len(self.residual)].T @ self.residual, s, vt.T

    def step_within(self, radius: float, damping: float) -> tuple[FloatArray, float]:
        """Return the step of Gauss and Newton, or the best one of length `radius`, and the damping that makes it so.

        damping: a first guess.
        """
        along, s, v = self._decomposed
        pulled = s * along
        full = len(self.residual) >= len(s) and s[-1] > np.finfo(float).eps * len(self.residual) * s[0]
        if full:
            step = -v @ (along / s)
            if np.linalg.norm(step) <= radius:
                return step, 0.0

        def too_long(alpha: float) -> tuple[float, float]:
            weak = s**2 + alpha
            length = float(np.linalg.norm(pulled / weak))
            return length - radius, -float(np.sum(pulled**2 / weak**3)) / length

        high, low = float(np.linalg.norm(pulled)) / radius, 0.0
        if full:
            excess, slope = too_long(0.0)
            low = -excess / slope
        if not full and damping == 0.0:
            damping = max(0.001 * high, np.sqrt(low * high))
        for _ in range(TRIALS):
            if not low <= damping <= high:
                damping = max(0.001 * high, np.sqrt(low * high))
            excess, slope = too_long(damping)
            if excess < 0.0:
                high = damping
            low = max(low, damping - excess / slope)
            damping -= (excess + radius) * excess / slope / radius
            if abs(excess) < SAME_LENGTH * radius:
                break
        step = -v @ (pulled / (s**2 + damping))
        return step * (radius / np.linalg.norm(step)), damping


def lowest(parabola: tuple[float, float, float], low: float, high: float) -> tuple[float, float]:
    """Return where a parabola a t² + b t + c is lowest within limits, and how low."""
    a, b, c = parabola
    places = [low, high]
    if a != 0.0 and low < -0.5 * b / a < high:
        places.append(-0.5 * b / a)
    return min(((t, t * (a * t + b) + c) for t in places), key=lambda found: found[1])


def edge_ahead(x: FloatArray, step: FloatArray, radius: float) -> float:
    """Return t > 0 for which x + t step has the length `radius`."""
    a, b, c = float(step @ step), float(x @ step), float(x @ x) - radius**2
    root = np.sqrt(max(b * b - a * c, 0.0))
    q = -(b + np.copysign(root, b))
    return float(max(q / a, c / q) if q != 0.0 else root / a)


def least_squares(
    residual: Function,
    jacobian: Function,
    x: FloatArray,
    bounds: Bounds,
    tolerances: Tolerances,
    most: int,
    updated: Updated = lambda x: False,
) -> Ended:
    """Return where the sum of squares is least, or where `most` evaluations led.

    residual: (n,) -> (m,), not finite where a step is to be refused; jacobian: (n,) -> (m, n); x: strictly within the
    bounds; updated: asked where a step went as foreseen [no Jacobian is spared].
    """
    f, j = residual(x), jacobian(x)
    evaluations, damping, status = 1, 0.0, 0
    taken, spared = True, False  # whether j was taken at x, and whether one ever was not
    lengths = np.linalg.norm(j, axis=0)
    lengths[lengths == 0.0] = 1.0
    distance, slope = bounds.distances(x, j.T @ f)
    distance[slope != 0.0] *= lengths[slope != 0.0]
    radius = float(np.linalg.norm(x * lengths / np.sqrt(distance))) or 1.0
    while True:
        gradient = j.T @ f
        distance, slope = bounds.distances(x, gradient)
        steep = float(np.abs(gradient * distance).max())
        if steep < tolerances.gradient:
            status = 1
        if status and not taken:
            j, taken, status = jacobian(x), True, 0
            lengths = np.maximum(np.linalg.norm(j, axis=0), lengths)
            continue
        if status or evaluations >= most:
            return Ended(x, status)
        distance[slope != 0.0] *= lengths[slope != 0.0]
        unit = np.sqrt(distance) / lengths
        model = Model(j * unit, unit * gradient, gradient * slope / lengths, f)
        gained, cost, begun = -1.0, 0.5 * float(f @ f), radius
        while gained <= 0.0 and evaluations < most:
            step, damping = model.step_within(radius, damping)
            step, expected = _within(bounds, model, (x, unit), (step, radius), max(NEAREST, 1.0 - steep))
            if spared and taken and 0.0 <= expected < SETTLED * tolerances.squares * cost:
                return Ended(x, 2)
            there = bounds.inside(x + unit * step)
            f_there = residual(there)
            evaluations += 1
            length = float(np.linalg.norm(step))
            if not np.all(np.isfinite(f_there)):
                radius = 0.25 * length
                continue
            gained = cost - 0.5 * float(f_there @ f_there)
            ratio = gained / expected if expected > 0.0 else float(expected == gained == 0.0)
            status = _status(gained < tolerances.squares * cost and ratio > POOR, unit * step, x, tolerances.values)
            if status or (gained <= 0.0 and not taken):
                break
            before = radius
            if ratio < POOR:
                radius = 0.25 * length
            elif ratio > GOOD and length > 0.95 * radius:
                radius *= 2.0
            damping *= before / radius
        if gained > 0.0:
            if status and taken and updated(there):
                return Ended(there, status)
            foreseen = FORESEEN[0] < ratio < FORESEEN[1] and gained < FAR * cost
            if (foreseen or status) and updated(there):
                j, taken, spared = _followed(j, lengths, there - x, f_there - f), False, True
            else:
                j, taken = jacobian(there), True
            x, f = there, f_there
            lengths = np.maximum(np.linalg.norm(j, axis=0), lengths)
        elif not taken:
            j, taken, status, radius = jacobian(x), True, 0, begun
            lengths = np.maximum(np.linalg.norm(j, axis=0), lengths)


def _followed(j: FloatArray, lengths: FloatArray, step: FloatArray, change: FloatArray) -> FloatArray:
    """Return the Jacobian (m, n) nearest to j, in units of the lengths, along which a step changes residuals so."""
    weighed = lengths**2 * step
    return np.asarray(j + np.outer(change - j @ step, weighed / float(step @ weighed)))


def _status(squares_stay: bool, step: FloatArray, x: FloatArray, tolerance: float) -> int:
    values_stay = np.linalg.norm(step) < tolerance * (tolerance + np.linalg.norm(x))
    return {(True, True): 4, (True, False): 2, (False, True): 3}.get((squares_stay, bool(values_stay)), 0)


def _within(
    bounds: Bounds, model: Model, at: tuple[FloatArray, FloatArray], tried: tuple[FloatArray, float], nearest: float
) -> tuple[FloatArray, float]:
    """Return the best scaled step within the bounds, (n,), and what it should gain.

    Of the step itself as far as the bounds, that step reflected at the first of them, and the steepest descent.
    at: x and the units of the scaled parameters; tried: the step and the radius; nearest: of the way to a bound.
    """
    (x, unit), (step, radius) = at, tried
    if bounds.hold(x + unit * step):
        return step, -model.value(step)
    to_bound, which = bounds.steps_to(x, unit * step)
    turned = np.where(which, -step, step)
    step = to_bound * step
    on_bound = x + unit * step
    edge = edge_ahead(step, turned, radius)
    far, _ = bounds.steps_to(on_bound, unit * turned)
    reach = min(far, edge)
    best: tuple[FloatArray, float] = turned, np.inf
    if reach > 0.0:
        low, high = (1.0 - nearest) * to_bound / reach, nearest * far if reach == far else edge
        if low <= high:
            t, value = lowest(model.along(turned, step), low, high)
            best = step + t * turned, value
    step = nearest * step
    steepest = -model.gradient
    edge = radius / float(np.linalg.norm(steepest))
    far, _ = bounds.steps_to(x, unit * steepest)
    t, value = lowest(model.along(steepest), 0.0, nearest * far if far < edge else edge)
    candidates = [(step, model.value(step)), best, (t * steepest, value)]
    chosen = min(candidates, key=lambda c: c[1])
    return chosen[0], -chosen[1]
