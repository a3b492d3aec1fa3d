"""Planning a measurement: what data sets without files would say of the parameters that vary."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.measurement import Technique
from nanocrystal.parameters import Evaluation, Parameter, ParameterSet, Quantity
from nanocrystal.refinement.design.information import ExpectedNoise, Named, Planned, Slopes
from nanocrystal.refinement.design.plan import Design
from nanocrystal.refinement.problem import Problem
from nanocrystal.report.plan.result import Plan

UPPER = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""of the highest Q, angle, …: up to where it is measured"""
LOWER = (0.0, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4)
"""of the range from its lower end: from where it is measured"""
FEWEST = 3
"""points of a shortened range"""
EXAMPLE = 'q = "0.8:20:0.01" with noise = { counts = 2e4 }'
EXAMPLES = {
    "r": 'r = "1:40:0.05" with noise = { sigma = 0.02 }',
    "x": 'x = "START:STOP:STEP" with noise = { sigma = 0.02 }',
    "two_theta": 'two_theta = "10:120:0.02" with noise = { counts = 2e4 }',
}
"""key of the points -> what to write for a technique whose points it states; q for all others"""


def plan_measurement(
    sample: Any,
    datasets: Mapping[str, Technique],
    *,
    title: str = "",
    folder: str | Path = ".",
    targets: Mapping[str, float] | None = None,
    counts: Sequence[float] = (0.1, 1.0, 10.0),
) -> Plan:
    """Return what data sets to come would say; `nanocrystal.plan_measurement` says what is taken and raised."""
    began = time.perf_counter()
    if not datasets:
        raise InputError("datasets", f"there is none; say what shall be measured, for instance {EXAMPLE}.")
    for name, dataset in datasets.items():
        _check_unmeasured(name, dataset)
    notes: list[str] = []
    ready: dict[str, Technique] = {}
    for name, dataset in datasets.items():
        ready[name], changed = dataset.on_independent_points(f"datasets.{name}")
        notes += [f"datasets.{name}: {note}" for note in changed]
    bench = _Bench(sample, ready, Path(folder))
    targets = dict(targets or {})
    for address in targets:
        if address not in bench.addresses:
            known = nearest_names(address, bench.addresses)
            raise InputError("plan.targets", f"names {address!r}, which this study does not vary; {known}")
    planned = [bench.planned(name) for name in ready]
    notes += [*sample.remarks(bench.point.evaluation.values), *bench.notes()]
    design = Design(parameters=bench.named, planned=planned, targets=targets, counts=counts)
    plan = design.plan(title or "Plan of a measurement", notes, sample.inputs())
    return replace(plan, elapsed_s=time.perf_counter() - began)


def _check_unmeasured(name: str, dataset: Technique) -> None:
    """Raise InputError for a data set that is measured already, or that does not say how it shall be."""
    where = f"datasets.{name}"
    if dataset.restraint:
        return
    keys = dataset.abscissae
    if dataset.file is not None:
        example = EXAMPLES.get(keys[0], EXAMPLE) if keys else EXAMPLE
        raise InputError(
            f"{where}.file", f"is measured already; a plan is made before: leave the file out and state {example}."
        )
    if all(getattr(dataset, k) is None for k in keys):
        raise InputError(where, f"states no points; a plan needs its abscissa, {' or '.join(keys)} = START:STOP:STEP.")
    noise = dataset.noise
    if noise is None or (noise.counts is None and noise.sigma is None):
        counted = "counts = 2e4" if dataset.counted else "sigma = 0.02"
        raise InputError(f"{where}.noise", f"is missing: a plan needs the noise to expect, noise = {{ {counted} }}.")


# ---- derivatives -----------------------------------------------------------------------------------


class _Bench:
    """The data sets bound to the sample at the stated values, and the derivatives of their curves.

    Linear parameters that are left out keep their stated places in the problem, fixed; their derivatives are the
    curves themselves.
    """

    def __init__(self, sample: Any, datasets: Mapping[str, Technique], folder: Path) -> None:
        self.sample, self.datasets, self.folder = sample, datasets, folder
        self.left = _left_to_the_fit(datasets)
        self.models = {name: d.bind(name, sample, folder) for name, d in datasets.items()}
        self.parameters = self._parameters()
        self.problem = self._problem(self.models)
        self.point = self.problem.point(self.problem.start)
        linear = [a for a in self.left if a in self.parameters]
        self.addresses = [*(d.address for d in self.problem.free), *linear]
        if not self.problem.free:
            raise InputError(
                "",
                "nothing varies: say of the numbers that shall be found { value = …, vary = true }, and the plan "
                "says how well they will be.",
            )
        self.named = [self._named(a) for a in self.addresses]

    def _parameters(self) -> ParameterSet:
        """Return all parameters, linear ones that are left to the fit fixed at 1 (scales) or 0 (background)."""
        entries: dict[str, tuple[Quantity, Parameter]] = dict(self.sample.declared())
        for name, dataset in self.datasets.items():
            entries |= {f"datasets.{name}.{k}": v for k, v in dataset.declared().items()}
        background = {m.linear[k] for m in self.models.values() for k in m.background_rows()}
        for address in self.left:
            quantity, parameter = entries[address]
            if parameter.value is None and parameter.tie is None:
                entries[address] = (quantity, Parameter(0.0 if address in background else 1.0))
        return ParameterSet(entries)

    def _problem(self, models: Mapping[str, Any]) -> Problem:
        """Return the problem whose data are the calculated curves themselves, without noise."""
        values = self.parameters.initial_values()
        exact = {}
        for name, model in models.items():
            curves = model.curves(Evaluation(values, model.requirement))
            calculated = np.array([values[a] for a in model.linear]) @ curves
            measured = replace(model.measured, observed=calculated, sigma=np.ones_like(calculated))
            exact[name] = model.with_measured(measured)
        return Problem(self.parameters, exact)

    def _named(self, address: str) -> Named:
        declared = self.parameters[address]
        linear = any(address in m.linear for m in self.models.values())
        left = address in self.left
        low, high = (-np.inf, np.inf) if left else declared.parameter.bounds(declared.quantity)
        value = self.point.evaluation.values[address]
        q = declared.quantity
        return Named(
            address=address,
            value=float(value),
            unit=q.unit,
            description=q.description,
            scale=q.scale,
            low=float(low),
            high=float(high),
            linear=linear,
            quantity=q.meaning.quantity,
            definition=q.meaning.definition,
        )

    def slopes(self, name: str, problem: Problem, noise: ExpectedNoise) -> Slopes:
        """Return curve and derivatives of a data set by all parameters of the plan."""
        point = self.point if problem is self.problem else problem.point(problem.start)
        curve = point.datasets[name]
        columns = np.zeros((len(curve.calculated), len(self.addresses)))
        columns[:, : len(problem.free)] = problem.derivatives(point)[name]
        for row, address in enumerate(problem.models[name].linear):
            alone = [a for a in self.parameters if address in self.parameters.depends_on(a.address)]
            if address in self.addresses and len(alone) == 1:
                columns[:, self.addresses.index(address)] = curve.curves[row]
        return Slopes(problem.models[name].measured.x, curve.calculated, columns, noise)

    def planned(self, name: str) -> Planned:
        """Return a data set of the plan, with the steps of its range."""
        dataset, model = self.datasets[name], self.problem.models[name]
        slopes = self.slopes(name, self.problem, self._noise(name))
        ranges, stated = self._ranges(name, slopes)
        transform = dataset.transformed_to
        return Planned(
            name=name,
            technique=model.technique,
            slopes=slopes,
            x_name=model.x_axis.name,
            x_unit=model.x_axis.unit,
            range_unit=model.x_axis.unit if transform is None else transform.unit,
            noise_words=_noise_words(slopes.noise),
            ranges=ranges,
            stated=stated,
        )

    def _noise(self, name: str) -> ExpectedNoise:
        """Return the noise of a data set; the technique itself refuses one that it cannot have."""
        dataset, model = self.datasets[name], self.models[name]
        noise = dataset.noise
        if noise is None:
            return ExpectedNoise(sigma=model.measured.sigma, fixed=True)
        model.simulated(self.point.datasets[name].calculated)
        if noise.sigma is not None:
            return ExpectedNoise(sigma=noise.sigma)
        return ExpectedNoise(counts=noise.counts)

    def _ranges(self, name: str, slopes: Slopes) -> tuple[dict[str, Any], dict[str, float]]:
        """Return the steps of the range of a data set by key, and what the study states."""
        dataset = self.datasets[name]
        transform = dataset.transformed_to
        if transform is not None:
            limits = [q for q in (f * transform.stated for f in UPPER) if q > transform.least]
            steps = [(q, self._transformed_up_to(name, q), None) for q in limits]
            return {transform.key: steps}, {transform.key: transform.stated}
        if slopes.noise.fixed:
            return {}, {}
        x = slopes.x
        word = "q" if self.problem.models[name].x_axis.name.lower() == "q" else self.problem.models[name].x_axis.name
        low, high = float(x.min()), float(x.max())
        least = max(FEWEST, len(self.addresses) // 4)
        upper = [(v, slopes, x <= v * (1 + 1e-9)) for v in (low + f * (high - low) for f in UPPER)]
        lower = [(v, slopes, x >= v * (1 - 1e-9)) for v in (low + f * (high - low) for f in LOWER)]
        ranges = {f"{word}max": upper, f"{word}min": lower}
        return {k: [s for s in steps if s[2].sum() >= least] for k, steps in ranges.items()}, {
            f"{word}max": high,
            f"{word}min": low,
        }

    def _transformed_up_to(self, name: str, limit: float) -> Slopes:
        """Return a data set whose transform goes to another limit, with the noise that it then has."""
        dataset, where = self.datasets[name], f"datasets.{name}"
        transform = dataset.transformed_to
        if transform is None or np.isclose(limit, transform.stated):
            return self.slopes(name, self.problem, self._noise(name))
        other = dataset.transformed_up_to(limit, where)
        problem = self._problem({name: other.bind(name, self.sample, self.folder)})
        return self.slopes(name, problem, ExpectedNoise(sigma=None if other.noise is None else other.noise.sigma))

    def notes(self) -> list[str]:
        """Return sentences on parameters that stand at a bound, where standard errors mislead."""
        sentences = []
        for n in self.named:
            if not n.linear and (n.value <= n.low or n.value >= n.high):
                sentences.append(
                    f"{n.address} stands at its bound, {n.value:g}: near it a refinement gives a limit, about 1.6 "
                    "times the standard error (95 %)."
                )
        return sentences


def _left_to_the_fit(datasets: Mapping[str, Technique]) -> list[str]:
    """Return the addresses of the linear parameters that a refinement of measured data would solve for."""
    addresses = []
    for name, dataset in datasets.items():
        addresses += [f"datasets.{name}.{k}" for k, (_, p) in dataset.declared_as_measured().items() if p.linear]
    return addresses


def _noise_words(noise: ExpectedNoise) -> str:
    if noise.counts is not None:
        return f"{noise.counts:.3g} counts at the highest point"
    if noise.fixed:
        return "as stated, no counting changes it"
    return f"σ = {float(np.mean(np.asarray(noise.sigma))):.3g} of each point"
