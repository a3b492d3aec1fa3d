"""What is not there: a part of a sample or of a curve without which the data are described as well.

A phase, a population, a line has an amount, and parameters that mean nothing where that is zero: cell, size, position,
width. Whether it is there is told by how far χ² (of counts the deviance) rises over its misfit when it is left out:

- Where nothing disappears with the amount, a rise below 2.706 has a chance of 5 % or more without it: the mixture
  ½ χ²₀ + ½ χ²₁, as an amount is not negative (H. Chernoff, Ann. Math. Stat. 25, 573 (1954)).
- Where k parameters disappear with it, they are free to look for noise that suits them, and no table holds
  (R. B. Davies, Biometrika 74, 33 (1987)). A rise below that of χ² with k + 1 degrees of freedom is nothing; one above
  (k + 3) ln n, more than the Bayesian information criterion asks, is something; between them data without the part are
  simulated and refined in the same way, and the part is there where none of them shows as much.

A crystal that has strayed so far that it may be another is held against the data as it started: whether that one is
there is asked, not whether something is.

A part that is not there keeps its parameters at their start; its amount is refined once more, which gives its limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.errors import InputError, RefinementError
from nanocrystal.measurement import Model
from nanocrystal.parameters import Parameter, ParameterSet, Quantity, Values
from nanocrystal.refinement.intervals import RISE_95
from nanocrystal.refinement.joint import started_at
from nanocrystal.refinement.optimise import Descent, Options, Progress, optimise
from nanocrystal.refinement.probability import chi2_quantile
from nanocrystal.refinement.problem import Absence, Problem
from nanocrystal.refinement.uncertainty import Covariance, covariance, gradient

SAFE = 0.95
"""part of the data without something that show less of it than its data do"""
SIMULATED = 19
"""sets of data without a part: that none of them shows as much happens by chance once in twenty"""
SURE = 2.0
"""times the roots of the rise that makes a part certain: amounts so many standard errors from zero are there"""


@dataclass(frozen=True)
class Part:
    """Something that may not be there; amounts, own: addresses of its amounts, and of what means nothing without it."""

    name: str
    amounts: tuple[str, ...]
    own: tuple[str, ...]


class Mixture(Protocol):
    """A sample whose populations may not be there."""

    def amounts(self) -> Mapping[str, tuple[str, tuple[str, ...]]]:
        """Return population -> the address of its amount, and where what belongs to it alone stands."""

    def strays(self, started: Values, values: Values) -> Mapping[str, str]:
        """Return address of a population -> a sentence, of crystals so far from their start that they may be others."""


def parts_of(problem: Problem, of_sample: Mapping[str, tuple[str, tuple[str, ...]]]) -> list[Part]:
    """Return what a refinement may find not to be there: populations, and parts of curves with parameters of their own.

    of_sample: population -> the address of its amount, and where what belongs to it alone stands.
    """
    parts = []
    for name, (amount, places) in of_sample.items():
        of_curves = {a for model in problem.models.values() for a in model.of_population(name)}
        belongs = [d.address for d in problem.parameters if d.address.startswith(places) or d.address in of_curves]
        parts.append(_part(problem, f"populations.{name}", (amount,), set(belongs) - {amount}))
    for model in problem.models.values():
        for name, (amounts, own) in model.parts().items():
            part = _part(problem, name, amounts, set(own))
            parts += [part] if part.own else []
    moved = {d.address for d in problem.free} | set(problem.linear)
    return [p for p in parts if all(moved & problem.parameters.depends_on(a) for a in p.amounts)]


def _part(problem: Problem, name: str, amounts: tuple[str, ...], belongs: set[str]) -> Part:
    """Return a part with those of its parameters that vary and change nothing else."""
    own = [
        d.address for d in problem.free if d.address in belongs and belongs.issuperset(problem.reached_by(d.address))
    ]
    return Part(name, amounts, tuple(own))


def without_absent(outcome: Descent, sample: Mixture, options: Options, progress: Progress | None = None) -> Descent:
    """Return the minimum in which parts that are not there rest at their start (`Problem.absent`)."""
    waiting, how = parts_of(outcome.problem, sample.amounts()), (options, progress)
    while waiting and not outcome.interrupted and outcome.converged:
        spread = covariance(outcome.problem, outcome.point)
        strays = sample.strays(outcome.problem.started, outcome.point.evaluation.values)
        rises: list[tuple[float, Part]] = []
        for part in waiting:
            astray = part.name in strays and bool(part.own)
            if astray or _is_doubtful(outcome, spread, part):
                rise = (_without_stray if astray else _left_out)(outcome, spread.factor, part, how)
                rises += [] if rise is None else [(rise, part)]
        if not rises:
            break
        rise, part = min(rises, key=lambda pair: pair[0])
        waiting.remove(part)
        outcome = _rested(outcome, part, _words(part, rise, strays.get(part.name)), how)
    return outcome


def _is_doubtful(outcome: Descent, spread: Covariance, part: Part) -> bool:
    """Say whether an amount is so near to zero that it is worth leaving it out."""
    values = outcome.point.evaluation.values
    slopes = gradient(outcome.problem, outcome.point, lambda p: {a: p.evaluation.values[a] for a in part.amounts})
    reach = SURE * np.sqrt(_certain(outcome.problem, part))
    for amount in part.amounts:
        stderr = spread.stderr(amount)[1] or spread.propagated(slopes.get(amount, {}))[1]
        if stderr is not None and abs(values[amount]) > reach * stderr:
            return False
    return True


def _certain(problem: Problem, part: Part) -> float:
    """Return the rise of χ² over its misfit above which a part is there."""
    if not part.own:
        return RISE_95
    return (len(part.own) + len(part.amounts) + 2.0) * float(np.log(max(problem.n_points, 2)))


def _nothing(part: Part) -> float:
    """Return the rise of χ² over its misfit below which a part is not there."""
    return RISE_95 if not part.own else chi2_quantile(SAFE, len(part.own) + len(part.amounts))


How = tuple[Options, Progress | None]


def _left_out(outcome: Descent, factor: float, part: Part, how: How) -> float | None:
    """Return by how much χ² over its misfit rises without a part that is not there; None of one that is."""
    problem = _without(outcome.problem, part)
    without = None if problem is None else _refined(problem, outcome, how)
    if without is None or not factor > 0.0:
        return None
    rise = (without.point.misfit - outcome.point.misfit) / factor**2
    if rise <= _nothing(part):
        return rise
    if rise >= _certain(outcome.problem, part) or not _shown_by_noise(outcome, without, factor, rise, how[0]):
        return None
    return rise


def _without_stray(outcome: Descent, factor: float, part: Part, how: How) -> float | None:
    """Return the same of a part that has strayed: without it, from where it is at its start."""
    problem = _without(outcome.problem, part)
    at_start = _refined(_resting(outcome.problem, part), outcome, how)
    without = None if problem is None or at_start is None else _refined(problem, at_start, how)
    if at_start is None or without is None:
        return None
    unit = covariance(at_start.problem, at_start.point).factor ** 2
    rise = (without.point.misfit - at_start.point.misfit) / unit
    return rise if rise < _certain(outcome.problem, replace(part, own=part.amounts)) else None


def _without(problem: Problem, part: Part) -> Problem | None:
    """Return the problem with no amount of a part and its own parameters as they started; None where a tie forbids."""
    held = {a: problem.started[a] for a in part.own}
    for amount in part.amounts:
        zero = _where_zero(problem.parameters, amount)
        if zero is None:
            return None
        held |= zero
    try:
        return _with_held(problem, held)
    except InputError:
        return None


def _where_zero(parameters: ParameterSet, amount: str) -> dict[str, float] | None:
    """Return the value of the one parameter by which an amount becomes zero; None where there is none."""
    (root, *others) = parameters.depends_on(amount)
    if root == amount:
        return {amount: 0.0}
    if others:
        return None
    start = parameters.initial_values()
    size = parameters[root].quantity.scale
    at = [parameters.values({root: start[root] + move})[amount] for move in (0.0, size)]
    if at[1] == at[0]:
        return None
    zero = start[root] - at[0] * size / (at[1] - at[0])
    return {root: zero} if abs(parameters.values({root: zero})[amount]) < 1e-9 else None


def _resting(problem: Problem, part: Part) -> Problem:
    """Return the problem with the own parameters of a part at their start, its amount as it was."""
    return _with_held(problem, {a: problem.started[a] for a in part.own})


def _with_held(problem: Problem, held: Mapping[str, float]) -> Problem:
    entries: dict[str, tuple[Quantity, Parameter]] = {
        d.address: (d.quantity, Parameter(held[d.address]) if d.address in held else d.parameter)
        for d in problem.parameters
    }
    return problem.of(ParameterSet(entries), problem.models)


def _refined(problem: Problem, outcome: Descent, how: How) -> Descent | None:
    """Return the minimum of a problem from where another stands; None where there is none."""
    options, progress = how
    try:
        return optimise(started_at(problem, outcome.point), replace(options, starts=1), progress)
    except (InputError, RefinementError):
        return None


def _rested(outcome: Descent, part: Part, words: str, how: How) -> Descent:
    """Return the minimum with the own parameters of an absent part at their start, its amount free."""
    problem = outcome.problem
    resting = _resting(problem, part)
    resting.absent = (*problem.absent, Absence(part.amounts, part.own, words))
    if not part.own:
        return replace(outcome, problem=resting)
    again = _refined(resting, outcome, how)
    if again is None:
        return outcome
    return replace(again, ends=outcome.ends, n_iterations=outcome.n_iterations + again.n_iterations)


def _words(part: Part, rise: float, strayed: str | None) -> str:
    n = len(part.own) + len(part.amounts)
    rises = f"χ² over the misfit rises by {max(rise, 0.0):.2g}"
    held = f"; {', '.join(part.own)} {'stay' if len(part.own) > 1 else 'stays'} at the start" if part.own else ""
    if strayed is not None:
        why = f"left free {strayed.partition(':')[0]}, and from where it starts {rises} without it"
    else:
        why = f"without it, with {n} parameter{'s' * (n > 1)} less, {rises}, as it may by noise alone"
    return f"{part.name} is not seen: {why}{held}."


# ---- data without a part --------------------------------------------------------------------------


def _shown_by_noise(outcome: Descent, without: Descent, factor: float, rise: float, options: Options) -> bool:
    """Say whether one of a few simulated sets of data without a part shows as much of it."""
    rng = np.random.default_rng(options.seed)
    for _ in range(SIMULATED):
        models = {
            name: _noisy(model, without.point.datasets[name].calculated, factor, rng)
            for name, model in outcome.problem.models.items()
        }
        null = _refined(without.problem.of(without.problem.parameters, models), without, (options, None))
        full = _refined(outcome.problem.of(outcome.problem.parameters, models), outcome, (options, None))
        if null is None or full is None:
            continue
        if (null.point.misfit - full.point.misfit) / factor**2 >= rise:
            return True
    return False


def _noisy(model: Model, calculated: FloatArray, factor: float, rng: np.random.Generator) -> Model:
    """Return a model with other data: a calculated curve and noise as its points have, misfit included."""
    measured = model.measured
    if measured.counts_per_unit is not None and factor == 1.0:
        expected = np.maximum(calculated + measured.noise_of_blanks, 0.0) * measured.counts_per_unit
        counts = rng.poisson(expected) / measured.counts_per_unit
        return model.with_measured(replace(measured, observed=counts - measured.noise_of_blanks))
    noise = factor * rng.normal(size=measured.n_independent)
    if measured.whitening is not None:
        noise = np.linalg.pinv(measured.whitening) @ noise
    elif measured.sigma is not None:
        noise = noise * measured.sigma
    return model.with_measured(replace(measured, observed=calculated + noise))
