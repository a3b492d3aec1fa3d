"""The residuals of all data sets with their linear parameters eliminated (variable projection).

For given nonlinear parameters the best linear ones (scales, backgrounds) follow exactly from linear
least squares, so the optimiser never sees them: Golub & Pereyra, SIAM J. Numer. Anal. 10, 413 (1973);
the Jacobian of the projected residuals is Kaufman's, BIT 15, 49 (1975).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, RefinementError
from nanocrystal.measurement import Measured, Model
from nanocrystal.measurement.correlated import FittedNoise
from nanocrystal.measurement.linear import combination
from nanocrystal.parameters import Ceiling, Evaluation, Parameter, ParameterSet, Quantity, below_ceilings
from nanocrystal.parameters.address import may_change
from nanocrystal.parameters.difference import steps
from nanocrystal.parameters.evaluation import Store
from nanocrystal.parameters.parameter_set import Declared
from nanocrystal.refinement.nonnegative import along_zero, kept_at_zero

FloatArray = NDArray[np.float64]
UNDETERMINED = 1e-6
"""of the largest singular value: along what has less no step is taken"""
ROUNDING = 1e-9
"""by which values may exceed a ceiling"""


@dataclass(frozen=True, kw_only=True)
class DatasetPoint:
    """One data set at one set of values; curves (n_linear, n_points), residual (n_independent,) whitened.

    at_zero: points where nothing is expected to be counted, and where linear parameters are held so; deviance: that of
    counted points, None of others.
    """

    measured: Measured
    curves: FloatArray
    coefficients: FloatArray
    free_rows: tuple[int, ...]
    calculated: FloatArray
    residual: FloatArray
    observed_norm: float
    at_zero: tuple[int, ...] = ()
    deviance: float | None = None

    @property
    def misfit(self) -> float:
        """By what points of one data set are judged: the deviance where it is counted, else χ²."""
        return float(self.residual @ self.residual) if self.deviance is None else self.deviance


@dataclass(frozen=True)
class Point:
    """All data sets at one set of nonlinear parameters x, with the linear parameters that fit best."""

    x: FloatArray
    evaluation: Evaluation
    datasets: Mapping[str, DatasetPoint]
    free: tuple[Declared, ...] = ()

    @property
    def residual(self) -> FloatArray:
        """The whitened residuals of all data sets, (n_independent,)."""
        return np.concatenate([d.residual for d in self.datasets.values()])

    @property
    def chi2(self) -> float:
        return float(sum(d.residual @ d.residual for d in self.datasets.values()))

    @property
    def misfit(self) -> float:
        """What the best of several points has least of: χ², of counted data the deviance; weights do not enter that."""
        return float(sum(d.misfit for d in self.datasets.values()))

    def weighted_r(self) -> dict[str, float]:
        """Return R_w of each data set, as a fraction."""
        return {n: d.measured.weighted_r(d.calculated) for n, d in self.datasets.items()}


@dataclass(frozen=True)
class Absence:
    """A part of a sample or curve that is not there.

    amounts, own: addresses of its amounts, and of what means nothing without it; words: one sentence on it.
    """

    amounts: tuple[str, ...]
    own: tuple[str, ...]
    words: str


class Problem:
    """Models and parameters as residuals of the nonlinear parameters."""

    def __init__(
        self,
        parameters: ParameterSet,
        models: Mapping[str, Model],
        error_scales: Mapping[str, float] | None = None,
    ) -> None:
        """error_scales: data set -> by what its σ are multiplied; 1 by default."""
        self.ceilings: tuple[Ceiling, ...] = ()
        self.started = parameters.initial_values()
        self.absent: tuple[Absence, ...] = ()
        self.parameters = parameters
        self.error_scales = dict.fromkeys(models, 1.0) | {n: s for n, s in (error_scales or {}).items() if n in models}
        self.models = dict(models)
        self.free: tuple[Declared, ...] = parameters.varied
        self.n_evaluations = 0
        self.n_differenced = 0
        self._store: Store = {}
        self._last_derivatives: tuple[bytes, dict[str, FloatArray]] | None = None
        self._last_noise: tuple[bytes, dict[str, FittedNoise]] | None = None
        self._requirement = _merged([m.requirement for m in self.models.values()])
        self._reached = {
            d.address: [p.address for p in parameters if d.address in parameters.depends_on(p.address)]
            for d in self.free
        }
        self._moves = {
            d.address: [name for name, model in self.models.items() if self._matters(d.address, name, model)]
            for d in self.free
        }

    def _matters(self, address: str, name: str, model: Model) -> bool:
        """Say whether a data set can depend on a parameter: its own, or one of the sample."""
        return any(may_change(a, name) for a in self._reached[address])

    def reached_by(self, address: str) -> list[str]:
        """Return the addresses whose values a nonlinear parameter changes: its own, and those tied to it."""
        return self._reached[address]

    def seen_by(self, address: str) -> list[str]:
        """Return the data sets that a nonlinear parameter can change."""
        return self._moves[address]

    @property
    def start(self) -> FloatArray:
        """The starting values of the nonlinear parameters, (n_free,)."""
        return np.array([d.parameter.value for d in self.free], dtype=np.float64)

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper bounds of the nonlinear parameters."""
        both = [d.parameter.bounds(d.quantity) for d in self.free]
        return np.array([b[0] for b in both], dtype=float), np.array([b[1] for b in both], dtype=float)

    @property
    def linear(self) -> list[str]:
        """The addresses of the eliminated linear parameters."""
        return [d.address for d in self.parameters.eliminated]

    @property
    def n_points(self) -> int:
        """How many independent residuals all data sets hold."""
        return sum(m.measured.n_independent for m in self.models.values())

    @property
    def n_measurements(self) -> float:
        """How many independent measurements all data sets are worth."""
        return sum(m.measured.n_measurements for m in self.models.values())

    @property
    def has_sigmas(self) -> bool:
        """Whether every data set brings standard deviations."""
        return all(m.measured.sigma is not None for m in self.models.values())

    def whitened(self, name: str, curves: FloatArray) -> FloatArray:
        """Return curves (…, n_points) of a data set as its residuals count them, (…, n_independent)."""
        return self.models[name].measured.whitened(curves, self.error_scales[name])

    def evaluation(self, x: FloatArray) -> Evaluation:
        """Return the evaluation at x; linear parameters left to the fit have no value in it."""
        moved = {d.address: float(v) for d, v in zip(self.free, x, strict=True)}
        return Evaluation(self.parameters.values(moved), self._requirement, self._store)

    def point(self, x: FloatArray) -> Point:
        """Return residuals and linear parameters at x; raises RefinementError where they are not finite."""
        self.n_evaluations += 1
        evaluation = self.evaluation(x)
        for ceiling in self.ceilings:
            if ceiling.reached(evaluation.values) > 1.0 + ROUNDING and any(a in self._reached for a in ceiling.slopes):
                raise RefinementError(f"{', '.join(ceiling.slopes)}: the values leave {ceiling.sentence}.")
        datasets = {name: self._dataset(name, model, evaluation) for name, model in self.models.items()}
        linear = {
            address: float(c)
            for name, d in datasets.items()
            for address, c in zip(self.models[name].linear, d.coefficients, strict=True)
        }
        return Point(x, evaluation.at(evaluation.values.moved(linear)), datasets, self.free)

    def _dataset(self, name: str, model: Model, evaluation: Evaluation) -> DatasetPoint:
        curves = model.curves(evaluation)
        if not np.all(np.isfinite(curves)):
            raise RefinementError(f"datasets.{name}: the calculated curve is not finite for these parameters.")
        assert model.measured.observed is not None
        known = np.array([evaluation.values.get(a, np.nan) for a in model.linear])
        free = np.flatnonzero(np.isnan(known))
        coefficients = np.where(np.isnan(known), 0.0, known)
        remainder = model.measured.observed - coefficients @ curves
        at_zero: tuple[int, ...] = ()
        if len(free):
            rows, aim = self.whitened(name, curves[free]), self.whitened(name, remainder)
            solved = combination(rows, aim)
            if model.measured.is_counted:
                solved, at_zero = kept_at_zero(rows.T, aim, self.whitened(name, coefficients @ curves), solved)
            coefficients[free] = solved
        calculated = coefficients @ curves
        residual = self.whitened(name, model.measured.observed - calculated)
        norm = float(np.linalg.norm(self.whitened(name, model.measured.observed)))
        return DatasetPoint(
            measured=model.measured,
            curves=curves,
            coefficients=coefficients,
            free_rows=tuple(int(k) for k in free),
            calculated=calculated,
            residual=residual,
            observed_norm=norm,
            at_zero=at_zero,
            deviance=self._deviance(name, model, calculated),
        )

    def _deviance(self, name: str, model: Model, calculated: FloatArray) -> float | None:
        if not model.measured.is_counted:
            return None
        return float(np.abs(model.deviances(calculated)).sum()) / self.error_scales[name] ** 2

    def expecting(self, point: Point) -> Problem:
        """Return the problem with counted points weighed by what is expected of them at a point; itself without any."""
        if not self.is_counted:
            return self
        at = point.datasets
        models = {n: m.expecting(at[n].calculated, at[n].coefficients) for n, m in self.models.items()}
        following = self.of(self.parameters, models)
        following.n_evaluations = self.n_evaluations
        return following

    @property
    def is_counted(self) -> bool:
        """Whether a data set follows Poisson's law."""
        return any(m.measured.is_counted for m in self.models.values())

    def step(self, index: int, x: FloatArray) -> tuple[float, float]:
        """Return by how much to move parameter `index` down and up for a difference, within its bounds."""
        low, high = (b[index] for b in self.bounds)
        return steps(x[index], self.free[index].quantity.step(x[index]), low, high)

    def sides(self, index: int, x: FloatArray) -> tuple[tuple[float, float], tuple[Evaluation, Evaluation]]:
        """Return by how much parameter `index` moves down and up for a difference, and the evaluations there.

        A side where a tie has no value is x itself, moved by 0.
        """
        sizes, moved = [], []
        for sign, size in zip((-1.0, 1.0), self.step(index, x), strict=True):
            there = x.copy()
            there[index] += sign * size
            try:
                moved.append(self.evaluation(there))
                sizes.append(size)
            except InputError:
                moved.append(self.evaluation(x))
                sizes.append(0.0)
        return (sizes[0], sizes[1]), (moved[0], moved[1])

    def derivatives(self, point: Point) -> dict[str, FloatArray]:
        """Return d(calculated)/dx of each data set at fixed linear parameters, (n_points, n_free)."""
        key = point.x.tobytes()
        if self._last_derivatives is None or self._last_derivatives[0] != key:
            self._last_derivatives = (key, self._derivatives(point))
        return self._last_derivatives[1]

    def derivatives_beside(self, point: Point, within: float) -> dict[str, FloatArray]:
        """Return the last derivatives, where residuals changed by less than `within` since, else those at the point."""
        if self._last_derivatives is not None:
            moved = point.x - np.frombuffer(self._last_derivatives[0])
            slopes = self._last_derivatives[1]
            changes = [self.whitened(name, slope @ moved) for name, slope in slopes.items()]
            if np.linalg.norm(np.concatenate(changes)) < within:
                return slopes
        return self.derivatives(point)

    def _derivatives(self, point: Point) -> dict[str, FloatArray]:
        slopes = {name: np.zeros((len(d.calculated), len(self.free))) for name, d in point.datasets.items()}
        exact = {name: self._exact(name, point) for name in self.models}
        self.n_differenced = 0
        for j, declared in enumerate(self.free):
            seen = [n for n in self.seen_by(declared.address) if not self._take_exact(n, j, point, exact[n], slopes[n])]
            if not seen:
                continue
            sizes, sides = self.sides(j, point.x)
            self.n_evaluations += 2
            self.n_differenced += 1
            for name in seen:
                slopes[name][:, j] = self._slope(name, point, sizes, sides)
        return slopes

    def _slope(
        self, name: str, point: Point, sizes: tuple[float, float], sides: tuple[Evaluation, Evaluation]
    ) -> FloatArray:
        """Return the slope of a calculated curve between two sides, one-sided where one of them has no curve."""
        curves, width = [], 0.0
        for size, side in zip(sizes, sides, strict=True):
            try:
                curve = self._known(name, point, side) @ self.models[name].curves(side)
                if not np.isfinite(curve).all():
                    raise RefinementError(f"datasets.{name}: the calculated curve is not finite.")
                curves.append(curve)
                width += size
            except (InputError, RefinementError):
                curves.append(point.datasets[name].calculated)
        if width == 0.0:
            raise RefinementError(f"datasets.{name}: nothing can be calculated beside these values.")
        return np.asarray((curves[1] - curves[0]) / width)

    def _exact(self, name: str, point: Point) -> dict[str, FloatArray]:
        """Return the derivatives of the calculated curve that the model of a data set knows, by address."""
        model = self.models[name]
        addresses = sorted({a for d in self.free for a in self._reached[d.address]})
        derived = model.exact_derivatives(point.evaluation, addresses)
        return {a: point.datasets[name].coefficients @ curves for a, curves in derived.items()}

    def _take_exact(self, name: str, j: int, point: Point, exact: Mapping[str, FloatArray], slopes: FloatArray) -> bool:
        """Fill column j from exact derivatives, through ties; False where one of them is missing."""
        address = self.free[j].address
        reached = [a for a in self._reached[address] if may_change(a, name)]
        if any(a not in exact for a in reached):
            return False
        sizes, (below, above) = self.sides(j, point.x)
        width = sum(sizes)
        for a in reached:
            slope = 1.0 if a == address else (above.values[a] - below.values[a]) / width
            slopes[:, j] += slope * exact[a]
        return True

    def _known(self, name: str, point: Point, side: Evaluation) -> FloatArray:
        """Return the linear coefficients at a shifted point: the fitted ones held, tied ones followed."""
        held = point.datasets[name].coefficients
        linear = self.models[name].linear
        return np.array([side.values.get(a, c) for a, c in zip(linear, held, strict=True)])

    def projected_jacobian(self, point: Point, derivatives: Mapping[str, FloatArray]) -> FloatArray:
        """Return the Jacobian of the residuals with the linear parameters eliminated."""
        blocks = []
        for name, d in point.datasets.items():
            block = np.ascontiguousarray(-self.whitened(name, derivatives[name].T).T)
            if d.free_rows:
                columns = self.whitened(name, d.curves[list(d.free_rows)]).T
                if d.at_zero:
                    columns, block = along_zero(columns, block, d.at_zero)
                basis, _ = np.linalg.qr(columns)
                block = block - basis @ (basis.T @ block)
            blocks.append(block)
        return np.concatenate(blocks)

    def full_jacobian(self, point: Point, derivatives: Mapping[str, FloatArray]) -> tuple[list[str], FloatArray]:
        """Return the addresses and the whitened Jacobian of all refined parameters, linear ones last."""
        linear = self.linear
        rows = []
        for name, d in point.datasets.items():
            block = np.zeros((len(d.residual), len(self.free) + len(linear)))
            block[:, : len(self.free)] = self.whitened(name, derivatives[name].T).T
            for k in d.free_rows:
                column = len(self.free) + linear.index(self.models[name].linear[k])
                block[:, column] = self.whitened(name, d.curves[k])
            rows.append(block)
        return [*(d.address for d in self.free), *linear], np.concatenate(rows)

    def fitted_noise(self, point: Point) -> dict[str, FittedNoise]:
        """Return the noise that the residuals at a point follow, of the data sets whose models know a law of it."""
        key = point.x.tobytes()
        if self._last_noise is None or self._last_noise[0] != key:
            derivatives, found = self.derivatives(point), {}
            for name, d in point.datasets.items():
                assert d.measured.observed is not None
                slopes = np.hstack([derivatives[name], d.curves[list(d.free_rows)].T])
                noise = self.models[name].fitted_noise(point.evaluation, d.measured.observed - d.calculated, slopes)
                if noise is not None:
                    found[name] = noise
            self._last_noise = (key, found)
        return self._last_noise[1]

    def check_effects(self, point: Point, derivatives: Mapping[str, FloatArray]) -> None:
        """Raise InputError for a varied parameter that changes nothing that was measured."""
        for name, d in point.datasets.items():
            if d.observed_norm == 0.0:
                raise InputError(f"datasets.{name}", "all measured values are zero; is the right column read?")
            assert d.measured.observed is not None
            if len(d.measured.x) > 1 and not d.measured.labels and np.ptp(d.measured.observed) == 0.0:
                value = float(d.measured.observed[0])
                problem = f"all measured values are {value:g}, a constant that says nothing; is the right column read?"
                raise InputError(f"datasets.{name}", problem)
            nothing = self.models[name].nothing_seen(point.evaluation)
            if nothing:
                raise InputError(f"datasets.{name}", nothing)
            if not np.any(d.calculated) and not np.any(derivatives[name]):
                raise InputError(f"datasets.{name}", "the calculated curve is zero everywhere; is a scale 0?")
        for j, declared in enumerate(self.free):
            scale = max(abs(point.x[j]), declared.quantity.scale)
            changes = [
                np.abs(derivatives[n][:, j]).max() * scale / max(np.abs(d.calculated).max(), 1e-300)
                for n, d in point.datasets.items()
            ]
            if max(changes) < 1e-9:
                known = (m.idle().get(declared.address) for m in self.models.values())
                cause = next((f": {words}" for words in known if words), "")
                problem = f"is varied but has no effect on any data set{cause}; fix it (leave out vary)"
                raise InputError(declared.address, f"{problem} or mend the study.")

    def with_error_scales(self, scales: Mapping[str, float]) -> Problem:
        """Return the problem with the σ of its data sets multiplied; 1 for those that are not named."""
        return Problem(self.parameters, self.models, scales).sharing(self)

    def of(self, parameters: ParameterSet, models: Mapping[str, Model]) -> Problem:
        """Return the problem of these parameters and models with the same scales of σ and the same intermediates."""
        return Problem(parameters, models, self.error_scales).sharing(self)

    def below_ceilings(self) -> Problem:
        """Return the problem whose parameters keep below what its models say that they may not exceed.

        Raises InputError for values that start above.
        """
        start = self.evaluation(self.start)
        ceilings = tuple(c for model in self.models.values() for c in model.ceilings(start))
        below = self.of(below_ceilings(self.parameters, ceilings), self.models)
        below.ceilings = ceilings
        return below

    def sharing(self, other: Problem) -> Problem:
        """Return the problem itself, which now keeps its intermediates and what is known of it with another."""
        self._store, self._requirement = other._store, other._requirement
        self.ceilings, self.started, self.absent = other.ceilings, other.started, other.absent
        return self

    def with_linear_varied(self, point: Point) -> Problem:
        """Return the problem with the linear parameters given to the optimiser, too, that starts at a point."""
        entries: dict[str, tuple[Quantity, Parameter]] = {}
        for d in self.parameters:
            parameter = d.parameter
            if parameter.linear or parameter.vary:
                parameter = replace(parameter, value=point.evaluation.values[d.address], linear=False, vary=True)
            entries[d.address] = (d.quantity, parameter)
        return self.of(ParameterSet(entries), self.models)


def _merged(requirements: list[Any]) -> Any:
    needed = [r for r in requirements if r is not None]
    merged = needed[0] if needed else None
    for other in needed[1:]:
        merged = merged | other
    return merged


def least_step(jacobian: FloatArray, residual: FloatArray) -> FloatArray:
    """Return the step of Gauss and Newton; nothing along what the data do not determine."""
    return combination(jacobian.T, -residual, UNDETERMINED)
