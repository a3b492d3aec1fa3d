"""Several data sets of one sample: how much each counts, what each says alone, and whether they agree.

A data set that its model does not describe to within its σ would outweigh the others by its misfit. So each is also
refined alone, from the joint minimum and with the parameters that it sees; what χ² is left there says by which factor
s its σ are too small as a measure of how far its curve can be trusted, s² = χ²/(n − P) where that exceeds 1 (of data
without σ whatever it is). Then all are refined together with σ multiplied by s. Since s comes from each data set by
itself, data sets that contradict each other do not hide it in a larger s: it shows

- in χ², which rises from the minima of each alone to the joint one by a quantity that is distributed as χ² with
  Σ P_k − P degrees of freedom where they agree (M. Maltoni & T. Schwetz, Phys. Rev. D 68, 033020 (2003));
- in the pulls: what one says of a shared parameter less what all say, over √(C_alone − C_joint), its standard
  deviation where they agree.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, RefinementError
from nanocrystal.parameters import Parameter, ParameterSet
from nanocrystal.parameters.address import dataset_of
from nanocrystal.refinement.optimise import Descent, Options, Progress, optimise
from nanocrystal.refinement.probability import chi2_above
from nanocrystal.refinement.problem import Point, Problem
from nanocrystal.refinement.uncertainty import Covariance, covariance, rank
from nanocrystal.report.refined.result import DISAGREE, DatasetAgreement, DatasetValue, JointFit

FloatArray = NDArray[np.float64]
FEWEST_POINTS = 20
"""more than there are parameters, from which on a data set is refined alone"""
FAR_WORSE = 30.0
"""standard errors of all: where that of a data set alone is larger, it says nothing of a parameter"""
SAME = 2e-3
"""of the variance alone: where the joint one is not smaller by so much, the other data sets say nothing"""


@dataclass(frozen=True)
class Alone:
    """One data set refined by itself; spread: with its σ as given."""

    problem: Problem
    point: Point
    spread: Covariance
    n_parameters: int

    @property
    def scale(self) -> float:
        """By what its σ are to be multiplied."""
        gof = float(np.sqrt(self.point.chi2 / (self.problem.n_measurements - self.n_parameters)))
        return max(1.0, gof) if self.problem.has_sigmas else gof


def refined_jointly(outcome: Descent, options: Options, progress: Progress | None = None) -> tuple[Descent, JointFit]:
    """Return the joint minimum with the σ of each data set scaled as it needs, and what each says alone.

    outcome: the joint minimum with σ as given. Hand-set scales (`options.error_scales`) stay.
    """
    alone = {}
    first = covariance(outcome.problem, outcome.point)
    for name in outcome.problem.models:
        single = _alone(outcome.problem, outcome.point, name, options, first)
        if single is not None:
            alone[name] = single
    estimated = {name: a.scale for name, a in alone.items() if name not in options.error_scales}
    if options.error_scale == "given":
        estimated = {}
    # no noise at all, of simulated data, is no scale
    found = {n: s for n, s in estimated.items() if s > 0.0}
    scales = sizes_without_sigma(outcome.problem) | found | dict(options.error_scales)
    again = outcome
    if any(abs(s - 1.0) > 1e-3 for s in scales.values()):
        problem = started_at(outcome.problem.with_error_scales(scales), outcome.point)
        again = optimise(problem, replace(options, starts=1), progress)
        again = replace(again, ends=outcome.ends, n_iterations=outcome.n_iterations + again.n_iterations)
    spread = covariance(again.problem, again.point)
    shared = shared_parameters(again.problem, again.point)
    kept = {n: {**dict.fromkeys(outcome.problem.models, 1.0), **scales}[n] for n in outcome.problem.models}
    joint = JointFit(
        error_scales=kept,
        estimated=tuple(n for n in estimated if n in scales),
        alone={n: float(a.point.weighted_r()[n]) for n, a in alone.items()},
        shared={
            address: {n: _value_alone(address, a, kept[n], again.point, spread) for n, a in alone.items() if n in seen}
            for address, seen in shared.items()
        },
        agreement=_agreement(alone, kept, again) if shared else None,
    )
    return again, joint


def sizes_without_sigma(problem: Problem) -> dict[str, float]:
    """Return what stands for the σ of data sets that have none, beside others: the root mean square of their points.

    So the unit that a technique measures in is no weight. Data sets of one technique have one size: their points count
    alike.
    """
    if len(problem.models) < 2:
        return {}
    bare = {n: m for n, m in problem.models.items() if m.measured.sigma is None}
    sizes: dict[str, float] = {}
    for technique in dict.fromkeys(m.technique for m in bare.values()):
        alike = {n: m.measured.observed for n, m in bare.items() if m.technique == technique}
        size = float(np.sqrt(np.mean(np.concatenate([y for y in alike.values() if y is not None]) ** 2)))
        sizes |= dict.fromkeys(alike, size)
    return {n: size for n, size in sizes.items() if size > 0.0}


def shared_parameters(problem: Problem, point: Point) -> dict[str, list[str]]:
    """Return the varied parameters that several data sets see -> these data sets."""
    slopes = problem.derivatives(point)
    shared = {}
    for j, declared in enumerate(problem.free):
        seen = [n for n in problem.models if _seen(problem, point, slopes, n, j)]
        if len(seen) > 1:
            shared[declared.address] = seen
    return shared


def _seen(problem: Problem, point: Point, slopes: Mapping[str, FloatArray], name: str, j: int) -> bool:
    """Say whether a data set changes with a parameter by more than rounding."""
    scale = max(abs(point.x[j]), problem.free[j].quantity.scale)
    change = np.abs(slopes[name][:, j]).max() * scale
    return bool(change > 1e-9 * max(float(np.abs(point.datasets[name].calculated).max()), 1e-300))


def started_at(problem: Problem, point: Point) -> Problem:
    """Return the problem with its starting values at a point, which may be one of another problem with more of them."""
    values = point.evaluation.values
    entries = {
        d.address: (d.quantity, replace(d.parameter, value=values[d.address]) if d.parameter.vary else d.parameter)
        for d in problem.parameters
    }
    return problem.of(ParameterSet(entries), problem.models)


def _alone(problem: Problem, point: Point, name: str, options: Options, joint: Covariance) -> Alone | None:
    """Refine one data set by itself; None where it has too few points, or only measurements that are no curve.

    What it tells far worse than all do is held as all say.
    """
    model = problem.models[name]
    if model.measured.labels:
        return None
    slopes = problem.derivatives(point)
    seen = {d.address for j, d in enumerate(problem.free) if _seen(problem, point, slopes, name, j)}
    sub = _of_one(problem, point, name, seen)
    if sub.n_points < len(sub.free) + len(sub.linear) + FEWEST_POINTS:
        return None
    try:
        start = covariance(sub, sub.point(sub.start))
        determined = {
            a
            for a in seen
            if a in start.names and (a not in joint.names or _variance(start, a) < FAR_WORSE**2 * _variance(joint, a))
        }
        sub = _of_one(problem, point, name, determined | {a for a in seen if dataset_of(a) is not None})
        outcome = optimise(sub, replace(options, starts=1))
        spread = covariance(sub, outcome.point)
    except (InputError, RefinementError):
        return None
    if outcome.interrupted:
        raise KeyboardInterrupt
    return Alone(sub, outcome.point, spread, rank(sub, outcome.point))


def _of_one(problem: Problem, point: Point, name: str, varied: Collection[str]) -> Problem:
    """Return the problem of one data set with some of the parameters varied, the others as they are at a point."""
    values = point.evaluation.values
    free = {d.address: j for j, d in enumerate(problem.free)}
    entries = {}
    for d in problem.parameters:
        parameter, is_of_one = d.parameter, dataset_of(d.address) == name
        if d.address in free:
            value = float(point.x[free[d.address]])
            parameter = replace(parameter, value=value) if d.address in varied else Parameter(value)
        elif parameter.linear and not is_of_one:
            parameter = Parameter(float(values[d.address]))
        entries[d.address] = (d.quantity, parameter)
    return problem.with_error_scales({}).of(ParameterSet(entries), {name: problem.models[name]})


def _value_alone(address: str, alone: Alone, scale: float, point: Point, spread: Covariance) -> DatasetValue:
    """Return the value of a parameter from one data set alone, its standard error and its pull from the joint one."""
    value = alone.point.evaluation.values[address]
    if address not in alone.spread.names or address not in spread.names:
        return DatasetValue(float(value), None, None)
    variance, variance_joint = (_variance(s, address) for s in (alone.spread, spread))
    variance *= scale**2
    apart = variance - variance_joint
    pull = None
    if apart > SAME * variance:
        pull = float((value - point.evaluation.values[address]) / np.sqrt(apart))
    return DatasetValue(float(value), float(np.sqrt(variance)), pull)


def _variance(spread: Covariance, address: str) -> float:
    k = spread.names.index(address)
    return float(spread.matrix[k, k])


def _agreement(alone: Mapping[str, Alone], scales: Mapping[str, float], outcome: Descent) -> DatasetAgreement | None:
    """Return by how much χ² rises where data sets have to agree; None where nothing can be compared.

    Few points that parameters could meet one by one, such as ratios of elements, are at χ² = 0 by themselves.
    """
    problem, point = outcome.problem, outcome.point
    exact = {n: len(m.measured.x) for n, m in problem.models.items() if n not in alone}
    exact = {n: k for n, k in exact.items() if rank(problem, point, [n]) == k}
    if len(alone) + len(exact) < 2:
        return None
    joint = sum(point.datasets[n].misfit for n in (*alone, *exact))
    apart = sum(a.point.misfit / scales[n] ** 2 for n, a in alone.items())
    together = rank(problem, point, [*alone, *exact])
    freedom = sum(a.n_parameters for a in alone.values()) + sum(exact.values()) - together
    if freedom < 1:
        return None
    rise = max(0.0, joint - apart)
    return DatasetAgreement(rise, freedom, chi2_above(rise, freedom))


def joint_notes(joint: JointFit, problem: Problem) -> list[str]:
    """Return sentences on data sets that share nothing, contradict each other, or misfit their σ."""
    notes, datasets = [], list(problem.models)
    if not joint.shared and len(datasets) > 1:
        listed = f"{', '.join(datasets[:-1])} and {datasets[-1]}"
        notes.append(
            f"The data sets {listed} share no refined parameter: together they say no more than each does alone."
        )
    contradiction = joint.agreement
    if contradiction is not None and contradiction.probability < DISAGREE:
        pulls = [
            (abs(value.pull), f"{address} ({name} alone {value.value:.5g}, pull {value.pull:+.1f})")
            for address, each in joint.shared.items()
            for name, value in each.items()
            if value.pull is not None
        ]
        most = f" Most apart: {max(pulls)[1]}." if pulls else ""
        chance = "below 0.0001" if contradiction.probability < 1e-4 else f"{contradiction.probability:.2g}"
        notes.append(
            f"The data sets contradict each other: χ² is {contradiction.chi2:.1f} higher where they have to agree, for "
            f"{contradiction.freedom} degrees of freedom (probability {chance}). A wrong model of one of them, a "
            f"wrong contrast or composition are the usual reasons.{most}"
        )
    notes += [
        f"datasets.{name}: its σ counted {scale:.2g} times as large as given, as its misfit alone says."
        for name, scale in joint.error_scales.items()
        if name in joint.estimated and scale > 3.0 and problem.models[name].measured.sigma is not None
    ]
    return notes
