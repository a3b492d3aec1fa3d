"""From derivatives to a plan: what is known of each parameter, against the range and the counts of the data sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nanocrystal.refinement.design.information import Forecast, Named, Planned, Slopes, counts_needed, joint
from nanocrystal.report.plan.result import (
    TOGETHER,
    Plan,
    PlanMap,
    PlannedDataset,
    PlannedParameter,
    PlannedRange,
    PlanTarget,
    UndeterminedParameters,
    alone,
)
from nanocrystal.report.refined.result import ParameterCorrelations

FloatArray = NDArray[np.float64]
MOST_MAPS = 4
FLAT = 0.2
"""relative change of a standard error over a range, below which the range does not matter"""
MAP_FACTORS = tuple(10.0 ** (k / 4.0) for k in range(-8, 9))


@dataclass(frozen=True, kw_only=True)
class Design:
    """The data sets of a plan, the parameters that vary, and the standard errors to reach.

    targets: standard errors to reach, by address; counts: factors of the table against counts.
    """

    parameters: Sequence[Named]
    planned: Sequence[Planned]
    targets: Mapping[str, float]
    counts: Sequence[float]

    def plan(self, title: str, notes: Sequence[str], inputs: Mapping[str, str]) -> Plan:
        """Return standard errors and correlations, and the errors against range and counts."""
        return Plan(
            title=title,
            parameters=self._parameters(),
            datasets=[_dataset(p) for p in self.planned],
            undetermined=self._undetermined(),
            correlations=ParameterCorrelations(self.addresses, self.together.correlations),
            against_counts={_factor_key(k): self._by_address(self._with_counts(k)) for k in self.counts},
            range=list(self._steps()),
            needed=list(self._needed()),
            maps=list(self._maps()),
            notes=list(notes),
            inputs=dict(inputs),
        )

    @property
    def addresses(self) -> list[str]:
        """The addresses of the parameters."""
        return [p.address for p in self.parameters]

    @cached_property
    def together(self) -> Forecast:
        """All data sets together, as planned."""
        return joint(self.parameters, self.planned)

    @cached_property
    def each(self) -> Mapping[str, Forecast]:
        """Each data set alone, as planned."""
        return {p.name: joint(self.parameters, [p]) for p in self.planned}

    def _with_counts(self, factor: float) -> Forecast:
        return joint(self.parameters, self.planned, float(factor))

    def _by_address(self, forecast: Forecast) -> dict[str, float]:
        return {a: float(e) for a, e in zip(self.addresses, forecast.stderr, strict=True)}

    def _parameters(self) -> list[PlannedParameter]:
        return [
            PlannedParameter(
                address=p.address,
                value=p.value,
                unit=p.unit,
                linear=p.linear,
                stderr=float(self.together.stderr[k]),
                stderr_if_others_known=float(self.together.alone[k]),
                stderr_alone={name: float(f.stderr[k]) for name, f in self.each.items()},
                description=p.description,
                quantity=p.quantity,
                definition=p.definition,
                scale=p.scale,
                min=p.low if np.isfinite(p.low) else None,
                max=p.high if np.isfinite(p.high) else None,
            )
            for k, p in enumerate(self.parameters)
        ]

    def _undetermined(self) -> dict[str, UndeterminedParameters]:
        forecasts = {TOGETHER: self.together, **{alone(name): f for name, f in self.each.items()}}
        return {
            key: UndeterminedParameters(
                parameters=f.undetermined, not_seen=f.unseen, combinations=[dict(c.changes) for c in f.combinations]
            )
            for key, f in forecasts.items()
        }

    def _needed(self) -> Iterator[PlanTarget]:
        """Yield what the stated targets need."""
        counted = [p.name for p in self.planned if not p.slopes.noise.fixed]
        for address, target in self.targets.items():
            goal = (self.parameters, self.planned, address, target)
            yield PlanTarget(
                address=address,
                stderr=float(target),
                planned=self.together.of(address),
                counts_factor=counts_needed(*goal, counted),
                counts_factor_alone={name: counts_needed(*goal, [name]) for name in counted},
            )

    # ---- against the range --------------------------------------------------------------------------

    def _others(self, planned: Planned, factor: float = 1.0) -> FloatArray:
        """Return the information of all data sets but one, with `factor` times the counts."""
        n = len(self.parameters)
        return sum((p.slopes.information(factor) for p in self.planned if p is not planned), np.zeros((n, n)))

    def _cut(self, others: FloatArray, slopes: Slopes, kept: NDArray[np.bool_] | None, factor: float = 1.0) -> Forecast:
        return Forecast(self.parameters, others + slopes.information(factor, kept))

    def _steps(self) -> Iterator[PlannedRange]:
        """Yield the standard errors of all data sets together, with the range of one of them cut."""
        for planned in self.planned:
            others = self._others(planned)
            for key, steps in planned.ranges.items():
                for value, slopes, kept in steps:
                    yield PlannedRange(
                        dataset=planned.name,
                        key=key,
                        value=float(value),
                        unit=planned.range_unit,
                        as_stated=bool(np.isclose(value, planned.stated[key], rtol=1e-6)),
                        stderr=self._by_address(self._cut(others, slopes, kept)),
                    )

    def _maps(self) -> Iterator[PlanMap]:
        """Yield maps of the targets, or else of the first parameters.

        Over the upper end of the range of the first data set that has one, and over the end of a range that matters
        most to each.
        """
        determined = [p.address for p in self.parameters if not p.linear and np.isfinite(self.together.of(p.address))]
        shown = ([a for a in self.targets if a in determined] or determined)[:MOST_MAPS]
        over = [(p, key, self._errors_over(p, key)) for p in self.planned for key in p.ranges] if shown else []
        for address in shown:
            maps = [self._map(address, *each) for each in over]
            most = sorted(maps[1:], key=lambda m: -m.change)[:1]
            yield from (*maps[:1], *(m for m in most if m.change > FLAT))

    def _errors_over(self, planned: Planned, key: str) -> FloatArray:
        """Return the standard errors over counts of all and the range of one, (n_factors, n_values, n)."""
        rows = []
        for factor in MAP_FACTORS:
            others = self._others(planned, factor)
            cut = [self._cut(others, slopes, kept, factor) for _, slopes, kept in planned.ranges[key]]
            rows.append([forecast.stderr for forecast in cut])
        return np.array(rows)

    def _map(self, address: str, planned: Planned, key: str, errors: FloatArray) -> PlanMap:
        return PlanMap(
            address=address,
            dataset=planned.name,
            key=key,
            unit=planned.range_unit,
            values=np.array([value for value, _, _ in planned.ranges[key]]),
            factors=np.array(MAP_FACTORS),
            stderr=errors[:, :, self.addresses.index(address)],
        )


def _dataset(planned: Planned) -> PlannedDataset:
    return PlannedDataset(
        name=planned.name,
        technique=planned.technique,
        n_points=len(planned.slopes.x),
        noise=planned.noise_words,
        counted=not planned.slopes.noise.fixed,
        x_name=planned.x_name,
        x_unit=planned.range_unit,
        x=planned.slopes.x,
    )


def _factor_key(factor: float) -> str:
    """Return a factor as a key: in few digits where they say it exactly."""
    short = f"{factor:g}"
    return short if float(short) == factor else repr(float(factor))
