"""What a study left out and was taken as given, as far as it moves what was refined.

Each claim of a number that is held at its default, and each assumption of a model or of the sample, names another case.
How far refined values would be moved follows to first order from what the other case changes in the calculated curves,
Δc: the minimum moves by −J⁺ Δc, J being the Jacobian of what was refined, background included. What moves no value by
more than its standard error is left out, and beside a value that moves far what moves by less than a fifth of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.errors import InputError, RefinementError
from nanocrystal.measurement import Model
from nanocrystal.parameters import Assumption, Evaluation
from nanocrystal.parameters.address import Address, dataset_of
from nanocrystal.parameters.parameter_set import Declared
from nanocrystal.refinement.problem import Point, Problem
from nanocrystal.refinement.uncertainty import Covariance
from nanocrystal.report.refined.result import Assumed

MOVED = 1.0
"""standard errors by which a value must move to be told"""
CHANCE = 3.0
"""times the standard deviation by which noise moves a value when curves are added: what moves by less is not told"""
BESIDE = 0.2
"""of the standard errors by which the most moved value moves: what moves by less is not told beside it"""


def assumed(
    problem: Problem, point: Point, spread: Covariance, of_sample: Iterable[Assumption], held: Iterable[str] = ()
) -> list[Assumed]:
    """Return what was taken as given and moves refined values, those of the sample first.

    of_sample: what a sample states itself; held: addresses of what is not there, of which nothing is told.
    """
    stated = [a for m in problem.models.values() for a in m.assumptions(point.evaluation)]
    claims = claimed(problem, point)
    every = [*of_sample, *claims, *stated]
    every.sort(key=lambda a: dataset_of(a.keys[0]) is not None)
    response = _Response.of(problem, point, spread)
    found = (response.to(a) for a in every if not set(a.keys) <= set(held))
    return [a for a in found if a is not None]


def claimed(problem: Problem, point: Point) -> list[Assumption]:
    """Return an assumption for each claim of an owner, of all the numbers that make it."""
    groups: dict[tuple[str, str, str], list[Declared]] = {}
    for d in problem.parameters:
        claim = d.quantity.claim
        if claim is not None and d.parameter.left_out:
            place = Address.of(d.address)
            groups.setdefault((place.kind, place.name, claim.words), []).append(d)
    return [_assumption(members, point) for members in groups.values()]


def _assumption(members: Sequence[Declared], point: Point) -> Assumption:
    values = point.evaluation.values
    claims = [d.quantity.claim for d in members]
    assert all(c is not None for c in claims)
    pairs = [(d, c) for d, c in zip(members, claims, strict=True) if c is not None]
    instead = [{d.address: c.instead_of(values[d.address])} for d, c in pairs]
    first = pairs[0][1]
    if first.times is not None:
        case = f"with {'one of them ' if len(pairs) > 1 else ''}{first.times:g} times that"
    else:
        others = {_with_unit(c.instead_of(0.0), d): None for d, c in pairs}
        named = {f"{d.address.rpartition('.')[2]} {_with_unit(c.instead_of(0.0), d)}": None for d, c in pairs}
        case = f"with {' or '.join(others if len(others) == 1 else named)}"
    alike = {_with_unit(values[d.address], d) for d, _ in pairs}
    number = f"{next(iter(alike))}: " if len(alike) == 1 else ""
    return Assumption(
        keys=[d.address for d, _ in pairs],
        taken=f"{number}{first.words}",
        case=case,
        instead=instead,
        either_way=any(c.either_way for _, c in pairs),
    )


def _variances(columns: FloatArray) -> FloatArray:
    """Return the variances of what is fitted by columns (n, n_columns) to noise of variance 1."""
    norms = np.linalg.norm(columns, axis=0)
    norms = np.where(norms > 0.0, norms, 1.0)
    return np.asarray(np.diag(np.linalg.pinv((columns / norms).T @ (columns / norms), rcond=1e-12)) / norms**2)


def _with_unit(value: float, declared: Declared) -> str:
    unit = declared.quantity.unit
    return f"{value:.4g}{'' if unit == '°' else ' '}{unit}".rstrip()


@dataclass(frozen=True)
class _Response:
    """How the minimum answers to curves that are others.

    jacobian: (n_independent, n), of what was refined, in the order of `spread.names`; told: (n,), whether a value is.
    """

    problem: Problem
    point: Point
    spread: Covariance
    jacobian: FloatArray
    told: Sequence[bool]

    @classmethod
    def of(cls, problem: Problem, point: Point, spread: Covariance) -> _Response:
        names, jacobian = problem.full_jacobian(point, problem.derivatives(point))
        kept = [names.index(n) for n in spread.names]
        untold = {m.linear[k] for m in problem.models.values() for k in m.background_rows()}
        untold |= {m.scale for m in problem.models.values() if m.scale is not None}
        return cls(problem, point, spread, jacobian[:, kept], [n not in untold for n in spread.names])

    def to(self, assumption: Assumption) -> Assumed | None:
        """Return what an assumption moves, None where that is nothing."""
        ways = list(self._shifts(assumption))
        larger: list[str] = []
        smaller: list[str] = []
        moved: list[str] = []
        strength = {n: max((abs(w.get(n, 0.0)) for w in ways), default=0.0) for n in self.spread.names}
        least = max(MOVED, BESIDE * max(strength.values(), default=0.0))
        for name in sorted((n for n in strength if strength[n] > least), key=lambda n: -strength[n]):
            signs = {np.sign(w[name]) for w in ways if abs(w.get(name, 0.0)) > MOVED}
            side = moved if len(signs) > 1 or assumption.either_way else larger if signs == {1.0} else smaller
            side.append(name)
        for pattern, sense in assumption.moves.items():
            side = {"larger": larger, "smaller": smaller}.get(sense, moved)
            side += [n for n, told in zip(self.spread.names, self.told, strict=True) if told and fnmatch(n, pattern)]
        if not (larger or smaller or moved):
            return None
        return Assumed(tuple(assumption.keys), assumption.taken, assumption.case, larger, smaller, moved)

    def _shifts(self, assumption: Assumption) -> Iterator[dict[str, float]]:
        """Yield for each way address -> by how many standard errors it moves."""
        if assumption.lacks is not None:
            yield self._with_more(assumption)
        ways = assumption.instead or ([{}] if assumption.otherwise is not None else [])
        for instead in ways:
            change = self._change(assumption, instead)
            if change is not None:
                yield self._in_errors(-self._solved(self.jacobian, change))

    def _change(self, assumption: Assumption, instead: Mapping[str, float]) -> FloatArray | None:
        """Return by how much whitened curves change in another case, (n_independent,); None where there is none."""
        names = {dataset_of(a) for a in (*instead, *assumption.keys)}
        changes = []
        for name, d in self.point.datasets.items():
            model: Model = self.problem.models[name]
            if names.isdisjoint({name, None}):
                changes.append(np.zeros(len(d.residual)))
                continue
            if assumption.otherwise is not None:
                model = assumption.otherwise
            try:
                linear = zip(model.linear, d.coefficients, strict=True)
                curve = np.array([instead.get(a, c) for a, c in linear]) @ model.curves(self._evaluation(instead))
            except (InputError, RefinementError):
                return None
            if not np.isfinite(curve).all():
                return None
            changes.append(self.problem.whitened(name, curve - d.calculated))
        return np.concatenate(changes)

    def _evaluation(self, instead: Mapping[str, float]) -> Evaluation:
        """Return the evaluation with held values replaced, ties that follow them too."""
        here = self.point.evaluation
        known = {d.address for d in self.problem.parameters if d.parameter.tie is None}
        values = self.problem.parameters.values({a: v for a, v in here.values.items() if a in known} | dict(instead))
        return here.at(values.moved(instead))

    def _with_more(self, assumption: Assumption) -> dict[str, float]:
        """Return the shifts where the curves that a data set lacks are refined, too."""
        columns = []
        for name, d in self.point.datasets.items():
            own = name == dataset_of(assumption.keys[0])
            rows = np.zeros((len(assumption.lacks), len(d.residual)))
            columns.append(self.problem.whitened(name, assumption.lacks) if own else rows)
        whole = np.hstack([self.jacobian, np.concatenate(columns, axis=1).T])
        n = self.jacobian.shape[1]
        shift = (self._solved(whole, self.point.residual))[:n] - self._solved(self.jacobian, self.point.residual)
        by_chance = np.sqrt(np.maximum(_variances(whole)[:n] - _variances(self.jacobian), 0.0)) * self.spread.factor
        return self._in_errors(np.where(np.abs(shift) > CHANCE * by_chance, shift, 0.0))

    def _solved(self, columns: FloatArray, target: FloatArray) -> FloatArray:
        norms = np.linalg.norm(columns, axis=0)
        norms = np.where(norms > 0.0, norms, 1.0)
        return np.asarray(np.linalg.lstsq(columns / norms, target, rcond=1e-8)[0] / norms)

    def _in_errors(self, shift: FloatArray) -> dict[str, float]:
        found = {}
        for name, by, told in zip(self.spread.names, shift, self.told, strict=True):
            error = self.spread.stderr(name)[1]
            if told and error:
                found[name] = float(by) / error
        return found
