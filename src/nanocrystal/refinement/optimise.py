"""Bounded nonlinear least squares on a `Problem`; the best point so far is never lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, RefinementError
from nanocrystal.parameters import Declares, Limits, Name
from nanocrystal.processes import LOST, Executor, Here, Job, Lost, Report, carried_out
from nanocrystal.refinement.by_deviance import least_deviance
from nanocrystal.refinement.problem import Point, Problem, least_step
from nanocrystal.refinement.starts import EXCHANGED, drawn_starts, exchanged, looked_for
from nanocrystal.refinement.trust_region import Bounds, Ended, Tolerances, least_squares

FloatArray = NDArray[np.float64]
Loss = Literal["linear", "soft_l1", "huber", "cauchy"]
INTERRUPTED = "interrupted; the best so far is reported"


@dataclass(frozen=True, kw_only=True)
class Options(Declares):
    """Options of the optimiser."""

    max_iterations: Annotated[int, Limits(above=0), "steps of one descent"] = 100
    tolerance: Annotated[float, Limits(above=0.0, below=1e-2), "relative change of χ² that ends a descent"] = 1e-8
    starts: Annotated[
        int, Limits(above=0, most=1000), "starting points: that of the study, and others drawn with the seed"
    ] = 1
    seed: Annotated[int, Limits(least=0), "of the starting points"] = 0
    loss: Annotated[Loss, "least squares (linear), or a robust loss that counts large residuals less"] = "linear"
    loss_scale: Annotated[
        float | None,
        Limits(above=0.0),
        "from how many σ on a residual is large [1.5; without σ, 1.5 times the scatter]",
    ] = None
    error_scale: Annotated[
        Literal["estimated", "given"],
        "of several data sets: whether σ are multiplied by what the misfit of each alone asks for",
    ] = "estimated"
    error_scales: Annotated[Mapping[Name, float], "factors on the σ of data sets, by name, set by hand"] = field(
        default_factory=dict
    )
    memory: Annotated[
        float | None,
        Limits(above=0.0, unit="GB"),
        "GB that a calculation may need; more is refused before it begins [three quarters of what the machine has]",
    ] = None


@dataclass(frozen=True)
class RobustLoss:
    """A loss that grows slower than the square of the residual beyond `scale`."""

    name: Loss
    scale: float

    def weights(self, residual: FloatArray) -> FloatArray:
        """Return the weight ρ′ of each squared residual, 1 for small ones (as in scipy.optimize.least_squares)."""
        z = (residual / self.scale) ** 2
        if self.name == "huber":
            return np.asarray(np.where(z <= 1.0, 1.0, 1.0 / np.sqrt(np.maximum(z, 1.0))))
        if self.name == "soft_l1":
            return np.asarray(1.0 / np.sqrt(1.0 + z))
        return np.asarray(1.0 / (1.0 + z) if self.name == "cauchy" else np.ones_like(z))


@dataclass(frozen=True)
class End:
    """Where a descent began and ended, values (n_free,), and with which misfit; converged: whether at a minimum."""

    begun: FloatArray
    x: FloatArray
    misfit: float
    converged: bool


@dataclass(frozen=True, kw_only=True)
class Descent:
    """Where the optimiser stopped and why."""

    problem: Problem
    point: Point
    message: str
    converged: bool = False
    interrupted: bool = False
    n_iterations: int = 0
    ends: tuple[End, ...] = ()
    robust: RobustLoss | None = None


MOST_CYCLES = 8
"""descents with the weights that the one before left to counted points"""
MOST_STEPS = 30
"""small steps between two descents"""
SMALL_STEP = 0.3
"""standard errors: so far the minimum may move with the weights before there is another descent"""
SAME_WEIGHTS = 1e-7
"""parts by which σ of counted points may still change at the end"""
SAME_POINT = 1e-4
"""standard errors by which the minimum may still move at the end"""
STILL_FALLS = 1e-4
"""of χ²: a descent that ends where steps were refused is at no minimum where χ² would fall by more"""
ROUNDING = 1e-9
"""singular value over the largest below which a combination of parameters changes nothing but last digits"""
VANISHING = 1e-12
"""gradient of residuals that are measured by the size of the data, at which a descent ends"""
DEAR = 2
"""parameters whose derivatives are differences of curves, from which on a Jacobian is updated where it may be"""
AS_LOW = 1e-8
"""parts by which the misfits of two minima that are as low differ by rounding alone"""
INSIDE = 3e-7
"""of the scale of a parameter: so far from its bounds a descent begins, since a trust region as wide as a value that
is nearly 0 would end it at once"""
Progress = Callable[[int, Point], None]


class _Search:
    """One descent: remembers the last points and the best one."""

    def __init__(self, problem: Problem, progress: Progress | None) -> None:
        self.problem = problem
        self.progress = progress
        self.iterations = 0
        self.unit = 1.0
        self.best: Point | None = None
        self._last: Point | None = None
        self._heard = np.zeros(0)
        self.refused = ""

    def begin(self, x: FloatArray) -> None:
        """Calculate the first point; without σ residuals are then measured by the size of what was measured.

        So the gradient at which a descent ends is a part of them, whatever the unit of the data.
        """
        norms = [d.observed_norm for d in self.point(x).datasets.values()]
        if not self.problem.has_sigmas and any(norms):
            self.unit = float(np.linalg.norm(norms))

    def point(self, x: FloatArray) -> Point:
        if self._last is None or not np.array_equal(self._last.x, x):
            self._last = self.problem.point(x.copy())
            if self.best is None or self._last.chi2 < self.best.chi2:
                self.best = self._last
        return self._last

    def residual(self, x: FloatArray) -> FloatArray:
        """Return the residual and a 0 for each row of `unmoved`; not finite where nothing can be calculated.

        Then the step is refused.
        """
        try:
            return np.append(self.point(x).residual / self.unit, np.zeros(len(x)))
        except (InputError, RefinementError, MemoryError) as error:
            if self.best is None:
                raise
            self.refused = f"; where it could not be calculated steps were refused ({str(error).rstrip('.')})"
            return np.full(self.problem.n_points + len(x), np.nan)

    def jacobian(self, x: FloatArray) -> FloatArray:
        point = self._followed(x)
        derivatives = self.problem.derivatives(point)
        projected = self.problem.projected_jacobian(point, derivatives) / self.unit
        _, whole = self.problem.full_jacobian(point, derivatives)
        norms = np.linalg.norm(whole[:, : len(x)], axis=0) / self.unit
        return np.concatenate([projected, unmoved(projected, norms)])

    def updated(self, x: FloatArray) -> bool:
        """Say whether the Jacobian at x may follow from the one before, since to take it costs many curves."""
        dear = self.problem.n_differenced >= DEAR
        if dear:
            self._followed(x)
        return dear

    def _followed(self, x: FloatArray) -> Point:
        """Return the point that a step led to; whoever listens hears of it once."""
        point = self.point(x)
        if not np.array_equal(x, self._heard):
            self._heard = x.copy()
            if self.progress is not None:
                self.progress(self.iterations, point)
            self.iterations += 1
        return point


def unmoved(projected: FloatArray, norms: FloatArray) -> FloatArray:
    """Return rows (n_free, n_free) of a Jacobian that keep steps from combinations of parameters that change nothing.

    Rounding is all that is left of their derivatives where the linear parameters do the same, and along it a step
    would run to a bound. norms: (n_free,), of the derivatives before the linear parameters were eliminated.
    """
    size = np.where(norms > 0.0, norms, 1.0)
    _, s, vt = np.linalg.svd(projected / size, full_matrices=False)
    rows = np.zeros((len(size), len(size)))
    lost = np.flatnonzero(s < ROUNDING * s[0])
    rows[lost] = s[0] * vt[lost] * size
    return rows


def optimise(
    problem: Problem, options: Options, progress: Progress | None = None, executor: Executor | None = None
) -> Descent:
    """Return the best point found from all starts; executor: of several starts [this process].

    A KeyboardInterrupt ends the search with the best point so far, converged False.
    Raises InputError for a varied parameter that has no effect.
    """
    start = problem.point(problem.start)
    outcomes: list[Descent] = []
    begun: list[FloatArray] = []
    try:
        problem.check_effects(start, problem.derivatives(start))
        if not problem.free:
            fixed = Descent(problem=problem, point=start, message="all parameters are fixed or linear", converged=True)
            return _settled(fixed)[0] if problem.is_counted else fixed
        first = looked_for(problem, start)
        last = EXCHANGED if options.starts > EXCHANGED + 1 else 0
        begun = [first, *drawn_starts(problem, options.starts - 1 - last, options.seed)]
        for outcome in _descents(problem, begun, options, (progress, executor or Here())):
            outcomes.append(outcome)
        if last and not any(o.interrupted for o in outcomes):
            begun += _exchanged(problem, outcomes, last, options, progress)
    except KeyboardInterrupt:  # before, between or after descents
        ended = outcomes.pop() if outcomes else Descent(problem=problem, point=start, message=INTERRUPTED)
        outcomes.append(replace(ended, interrupted=True, message=INTERRUPTED))
    best = _least(outcomes)
    if any(o.interrupted for o in outcomes):
        best = replace(best, converged=False, interrupted=True, message=INTERRUPTED)
    elif options.loss != "linear":
        best = _robust(best, options, progress)
    ends = tuple(
        End(x, o.point.x, o.point.misfit, o.converged)
        for x, o in zip(begun, outcomes, strict=False)
        if not o.interrupted
    )
    return replace(best, n_iterations=sum(o.n_iterations for o in outcomes), ends=ends)


def _least(outcomes: Sequence[Descent]) -> Descent:
    """Return the descent that led lowest; of several to minima as low, such as mirrored ones, the first."""
    least = min(o.point.misfit for o in outcomes)
    level = [o for o in outcomes if o.point.misfit <= least * (1.0 + AS_LOW)]
    return max(level, key=lambda o: o.converged)


def _exchanged(
    problem: Problem, outcomes: list[Descent], number: int, options: Options, progress: Progress | None
) -> list[FloatArray]:
    """Descend from the best minimum with like values exchanged, or from further points drawn where there are none.

    outcomes: grows by what is reached; returns where it began.
    """
    begun: list[FloatArray] = []
    for k in range(number):
        best = min(outcomes, key=lambda o: o.point.misfit)
        others = [x for x in exchanged(problem, best.point.x) if not any(np.array_equal(x, y) for y in begun)]
        x = others[0] if others else drawn_starts(problem, k + 1, options.seed + 1)[-1]
        begun.append(x)
        outcomes.append(_descend(problem, options, x, progress))
        if outcomes[-1].interrupted:
            break
    return begun


def _descents(
    problem: Problem, begun: Sequence[FloatArray], options: Options, how: tuple[Progress | None, Executor]
) -> Iterator[Descent]:
    """Yield the outcome of each start, in their order; raises KeyboardInterrupt where some could not begin."""
    progress, executor = how
    at_once = min(executor.at_once, len(begun))
    if at_once < 2:
        for x in begun:
            outcome = _descend(problem, options, x, progress)
            yield outcome
            if outcome.interrupted:
                return
        return
    starts = {str(k): x for k, x in enumerate(begun)}
    jobs = iter([Job(name, partial(_descended, options, x)) for name, x in starts.items()])
    outcomes: dict[str, Descent | Lost] = {}
    with executor.opened(at_once, begin=partial(_problem_and_report, problem), heard=progress) as workers:
        interrupted = carried_out(workers, lambda: next(jobs, None), outcomes.__setitem__)
    for name in [n for n in starts if n in outcomes]:
        reached = outcomes[name]
        if isinstance(reached, Lost):
            said = f"stopped on the way ({reached.problem or LOST}); the best so far is reported"
            yield Descent(problem=problem, point=problem.point(starts[name]), message=said)
        else:
            reached_by = problem.of(problem.parameters, reached.problem.models) if problem.is_counted else problem
            yield replace(reached, problem=reached_by, point=reached_by.point(reached.point.x))
    if interrupted:
        raise KeyboardInterrupt


def _problem_and_report(problem: Problem, report: Report) -> tuple[Problem, Report]:
    """Return the problem and the listener of its steps, from which each descent in another process begins."""
    return problem, report


def _descended(options: Options, x: FloatArray, work: tuple[Problem, Report]) -> Descent:
    problem, report = work
    return _descend(problem, options, x, report)


def _descend(problem: Problem, options: Options, x: FloatArray, progress: Progress | None) -> Descent:
    """Descend with the weights as they are, and with those that counted points then have, until these stay.

    Where that leads up, or nowhere, the deviance is what is descended on.
    """
    outcome = _descend_once(problem, options, x, progress)
    if not problem.is_counted:
        return outcome
    least = outcome
    for _ in range(MOST_CYCLES):
        if outcome.interrupted or not outcome.converged:
            return outcome
        try:
            outcome, more = _settled(outcome)
            if not more:
                return outcome
            again = _descend_once(outcome.problem, options, outcome.point.x, progress)
        except KeyboardInterrupt:
            return replace(outcome, converged=False, interrupted=True, message=INTERRUPTED)
        outcome = replace(again, n_iterations=outcome.n_iterations + again.n_iterations)
        if outcome.point.misfit > least.point.misfit:
            break
        least = outcome
    return _by_deviance(least, options)


def _by_deviance(outcome: Descent, options: Options) -> Descent:
    try:
        problem, point, converged = least_deviance(outcome.problem, outcome.point, options.max_iterations)
    except KeyboardInterrupt:
        return replace(outcome, converged=False, interrupted=True, message=INTERRUPTED)
    if not converged:
        message = f"stopped after {options.max_iterations} evaluations of the deviance; start nearer"
        return replace(outcome, problem=problem, point=point, converged=False, message=message)
    return replace(outcome, problem=problem, point=point, converged=True, message="the deviance no longer changes")


def _settled(outcome: Descent) -> tuple[Descent, bool]:
    """Return the minimum with the weights of what is expected there, and whether that is too far for small steps.

    The derivatives of the curves are kept: weights change the place of the minimum, hardly the slopes.
    """
    problem, point = outcome.problem, outcome.point
    slopes = problem.derivatives_beside(point, SMALL_STEP)
    low, high = problem.bounds
    for _ in range(MOST_STEPS):
        before = problem
        problem = before.expecting(point)
        point = problem.point(point.x)
        jacobian = problem.projected_jacobian(point, slopes)
        step = _step_within(problem, point, jacobian)
        gain = float(np.linalg.norm(jacobian @ step))
        if gain > SMALL_STEP:
            return replace(outcome, problem=problem, point=point), True
        if _weights_change(before, problem) < SAME_WEIGHTS and gain < SAME_POINT:
            return replace(outcome, problem=problem, point=point), False
        point = problem.point(np.clip(point.x + step, low, high))
    return replace(outcome, problem=problem, point=point), True


def _weights_change(before: Problem, after: Problem) -> float:
    """Return by what part σ of counted points changed at the most, and observed values less noise of blanks, in σ."""
    changes = [0.0]
    for name, model in after.models.items():
        new, old = model.measured, before.models[name].measured
        if new.is_counted and new.sigma is not None and old.sigma is not None:
            assert new.observed is not None
            assert old.observed is not None
            changes += [
                np.abs(new.sigma / old.sigma - 1.0).max(),
                np.abs((new.observed - old.observed) / new.sigma).max(),
            ]
    return float(max(changes))


def _descend_once(
    problem: Problem,
    options: Options,
    x: FloatArray,
    progress: Progress | None,
    robust: RobustLoss | None = None,
) -> Descent:
    search = _Search(problem, progress)
    low, high = problem.bounds
    margin = INSIDE * np.array([d.quantity.scale for d in problem.free])
    x = np.clip(x, np.where(np.isfinite(low), low + margin, low), np.where(np.isfinite(high), high - margin, high))
    try:
        search.begin(x)
        ended = _ended(search, options, x, robust)
    except KeyboardInterrupt:
        best = search.best or problem.point(problem.start)
        stopped = Descent(problem=problem, point=best, message=INTERRUPTED, n_iterations=search.iterations)
        return replace(stopped, interrupted=True)
    except (InputError, RefinementError) as error:  # a tie without a value, a curve that is not finite, …
        best = search.best or problem.point(problem.start)
        message = f"stopped on the way ({str(error).rstrip('.')}); the best so far is reported"
        return Descent(problem=problem, point=best, message=message, n_iterations=search.iterations)
    point = problem.point(ended.x)
    if search.best is not None and robust is None and search.best.chi2 < point.chi2:
        point = search.best
    message = [
        f"stopped after {options.max_iterations} evaluations; start nearer or raise max_iterations",
        "the gradient vanishes",
        "the sum of squares no longer changes",
        "the parameters no longer change",
        "neither the sum of squares nor the parameters change any more",
    ][ended.status]
    converged = ended.status > 0
    if search.refused and robust is None and _goes_on(problem, point):
        converged, message = False, "the fit stands where the model ends, not at a minimum"
    return Descent(
        problem=problem,
        point=point,
        message=message + search.refused,
        converged=converged,
        n_iterations=search.iterations,
    )


def _ended(search: _Search, options: Options, x: FloatArray, robust: RobustLoss | None) -> Ended:
    """Return where a descent from x ends, with a loss that counts large residuals less where there is one."""
    bounds, tolerance = Bounds(*search.problem.bounds), options.tolerance
    if robust is None:
        tolerances = Tolerances(tolerance, tolerance, VANISHING)
        return least_squares(
            search.residual, search.jacobian, x, bounds, tolerances, options.max_iterations, search.updated
        )
    from scipy import optimize

    solution = optimize.least_squares(
        search.residual,
        x,
        jac=search.jacobian,
        bounds=(bounds.low, bounds.high),
        method="trf",
        x_scale="jac",
        ftol=tolerance,
        xtol=tolerance,
        gtol=VANISHING,
        max_nfev=options.max_iterations,
        loss=robust.name,
        f_scale=robust.scale / search.unit,
    )
    return Ended(solution.x, solution.status)


def _goes_on(problem: Problem, point: Point) -> bool:
    """Say whether χ² would still fall within the bounds, so that it is only refused steps that ended a descent."""
    jacobian = problem.projected_jacobian(point, problem.derivatives(point))
    return bool(np.sum((jacobian @ _step_within(problem, point, jacobian)) ** 2) > STILL_FALLS * point.chi2)


def _step_within(problem: Problem, point: Point, jacobian: FloatArray) -> FloatArray:
    """Return the step of Gauss and Newton (n_free,) of all parameters but those that a bound holds back."""
    low, high = problem.bounds
    downhill = jacobian.T @ point.residual
    inner = ~(((point.x <= low) & (downhill >= 0.0)) | ((point.x >= high) & (downhill <= 0.0)))
    step = np.zeros(len(point.x))
    step[inner] = least_step(jacobian[:, inner], point.residual)
    return step


def _robust(best: Descent, options: Options, progress: Progress | None) -> Descent:
    """Refine again from the least-squares point with a robust loss, the linear parameters included."""
    problem = best.problem.with_linear_varied(best.point)
    scale = options.loss_scale
    if scale is None:
        scale = 1.5 if problem.has_sigmas else 1.5 * 1.4826 * float(np.median(np.abs(best.point.residual)))
    if scale <= 0.0:
        raise InputError("refine.loss_scale", f"must be above 0, got {scale:g}.")
    loss = RobustLoss(options.loss, scale)
    outcome = _descend_once(problem, options, problem.start, progress, loss)
    message = f"{outcome.message} (robust loss {options.loss}, scale {scale:.3g})"
    n_iterations = best.n_iterations + outcome.n_iterations
    return replace(outcome, message=message, n_iterations=n_iterations, robust=loss)
