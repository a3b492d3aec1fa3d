"""A plan: what is known of each parameter from data sets to come, against their range and their counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nanocrystal._version import __version__
from nanocrystal.refinement.design.information import Forecast, Named, Planned, counts_needed, joint

FloatArray = NDArray[np.float64]
NOTEWORTHY = 0.9
MOST_MAPS = 4
FLAT = 0.2
"""relative change of a standard error over a range, below which the range does not matter"""
MAP_FACTORS = tuple(10.0 ** (k / 4.0) for k in range(-8, 9))


@dataclass(frozen=True, kw_only=True)
class Step:
    """One row of the table against the range: the standard errors (n,) with a data set cut to `value`."""

    dataset: str
    key: str
    value: float
    unit: str
    stated: bool
    stderr: FloatArray


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a stated standard error of a parameter needs.

    now: the standard error as planned; together: factor on the counts of all data sets; each: on those of one data
    set, the others as planned; None: no counting gets there.
    """

    address: str
    wanted: float
    now: float
    together: float | None
    each: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Map:
    """Standard errors of one parameter, (n_factors, n_values), over a range of one data set and the counts of all."""

    address: str
    dataset: str
    key: str
    unit: str
    values: FloatArray
    factors: FloatArray
    stderr: FloatArray

    @property
    def change(self) -> float:
        """By which part of itself the standard error changes over the range, with the counts as planned."""
        at = self.stderr[int(np.argmin(np.abs(np.log(self.factors))))]
        return float(np.ptp(at) / at.min()) if np.isfinite(at).all() else np.inf


@dataclass(frozen=True, kw_only=True, repr=False)
class Plan:
    """What can be known from data sets that are not measured yet.

    Parameters
    ----------
    title : str
        Of the report.
    parameters : sequence
        Those that vary, with address, value, unit and bounds.
    planned : sequence
        Data sets with the derivatives of their curves, noise and ranges.
    targets : mapping of str to float
        Standard errors that are wanted, by address, in the unit of the parameter.
    counts : sequence of float
        Factors of the table against counts.
    notes : sequence of str
        What was changed or is to be known.
    inputs : mapping of str to str
        File -> SHA-256.
    version : str
        Of this package.
    elapsed_s : float
        How long it took, s.
    """

    title: str
    parameters: Sequence[Named]
    planned: Sequence[Planned]
    targets: Mapping[str, float] = field(default_factory=dict)
    counts: Sequence[float] = (0.1, 1.0, 10.0)
    notes: Sequence[str] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    version: str = __version__
    elapsed_s: float = 0.0

    @cached_property
    def together(self) -> Forecast:
        """All data sets together, as planned."""
        return joint(self.parameters, self.planned)

    @cached_property
    def each(self) -> Mapping[str, Forecast]:
        """Each data set alone, as planned."""
        return {p.name: joint(self.parameters, [p]) for p in self.planned}

    @cached_property
    def by_counts(self) -> Mapping[float, Forecast]:
        """All data sets together with so many times the counts."""
        return {factor: joint(self.parameters, self.planned, float(factor)) for factor in self.counts}

    @cached_property
    def steps(self) -> list[Step]:
        """The standard errors of all data sets together, with the range of one of them cut."""
        found = []
        for planned in self.planned:
            others = sum(
                (p.slopes.information() for p in self.planned if p is not planned),
                np.zeros((len(self.parameters),) * 2),
            )
            for key, steps in planned.ranges.items():
                for value, slopes, kept in steps:
                    forecast = Forecast(self.parameters, others + slopes.information(1.0, kept))
                    stated = bool(np.isclose(value, planned.stated[key], rtol=1e-6))
                    found.append(
                        Step(
                            dataset=planned.name,
                            key=key,
                            value=value,
                            unit=planned.x_unit,
                            stated=stated,
                            stderr=forecast.stderr,
                        )
                    )
        return found

    @cached_property
    def needed(self) -> list[Target]:
        """What the stated targets need."""
        counted = [p.name for p in self.planned if not p.slopes.noise.fixed]
        found = []
        for address, wanted in self.targets.items():
            given = (self.parameters, self.planned, address, wanted)
            together = counts_needed(*given, counted)
            each = {name: counts_needed(*given, [name]) for name in counted}
            found.append(
                Target(address=address, wanted=wanted, now=self.together.of(address), together=together, each=each)
            )
        return found

    @cached_property
    def maps(self) -> list[Map]:
        """Maps of the targets, or else of the first parameters: over the upper end of the range of the first data set
        that has one, and over the end of a range that matters most to each."""
        determined = [p.address for p in self.parameters if not p.linear and np.isfinite(self.together.of(p.address))]
        shown = [a for a in self.targets if a in determined] or determined
        ranged = [(p, key) for p in self.planned for key in p.ranges]
        found = []
        for address in shown[:MOST_MAPS]:
            over = [self._map(address, p, key) for p, key in ranged]
            most = sorted(over[1:], key=lambda m: -m.change)[:1]
            found += [*over[:1], *(m for m in most if m.change > FLAT)]
        return found

    def _map(self, address: str, planned: Planned, key: str) -> Map:
        steps, rows = planned.ranges[key], []
        for factor in MAP_FACTORS:
            others = sum(
                (p.slopes.information(factor) for p in self.planned if p is not planned),
                np.zeros((len(self.parameters),) * 2),
            )
            own = [Forecast(self.parameters, others + slopes.information(factor, kept)) for _, slopes, kept in steps]
            rows.append([forecast.of(address) for forecast in own])
        values = np.array([value for value, _, _ in steps])
        return Map(
            address=address,
            dataset=planned.name,
            key=key,
            unit=planned.x_unit,
            values=values,
            factors=np.array(MAP_FACTORS),
            stderr=np.array(rows),
        )

    @cached_property
    def outside(self) -> list[str]:
        """Parameters whose standard error exceeds the whole range they may take: as good as not determined."""
        errors = zip(self.parameters, self.together.stderr, strict=True)
        return [p.address for p, e in errors if np.isfinite(e) and e > p.high - p.low]

    def strong_correlations(self) -> list[tuple[str, str, float]]:
        """Return the pairs of parameters that are correlated by more than `NOTEWORTHY`, the strongest first."""
        matrix, names = self.together.correlations, [p.address for p in self.parameters]
        pairs = [
            (names[j], names[i], float(matrix[i, j]))
            for i in range(len(names))
            for j in range(i)
            if np.isfinite(matrix[i, j]) and abs(matrix[i, j]) > NOTEWORTHY
        ]
        return sorted(pairs, key=lambda pair: -abs(pair[2]))

    def __repr__(self) -> str:
        """Return the forecast in a few lines: what a notebook shows."""
        lines = [f"Plan({self.title!r})"]
        for p, e in zip(self.parameters, self.together.stderr, strict=True):
            said = f"± {e:.2g}" if np.isfinite(e) else "not determined"
            lines.append(f"  {p.address} = {p.value:.6g} {said} {p.unit}".rstrip())
        return "\n".join(lines)
