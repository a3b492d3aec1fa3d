"""What data that are not measured yet would say of each parameter: plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np

from nanocrystal._version import __version__
from nanocrystal.arrays import FloatArray, Table
from nanocrystal.report.encoding import ByName, called
from nanocrystal.report.outcome import Outcome
from nanocrystal.report.refined.result import Correlations

PLAN = "plan.json"
DEGENERATE = 1e-5
"""singular value of the normalised Jacobian below which a combination is not determined, as in a refinement"""
NOTEWORTHY = 0.9
"""correlation from which on a pair of parameters is named"""
TOGETHER = "together"


def alone(name: str) -> str:
    """Return the key of what a data set alone leaves open."""
    return f"{name} alone"


@dataclass(frozen=True, kw_only=True)
class PlannedParameter:
    """A parameter of a plan: what the study states of it, and the standard errors to expect.

    stderr: from all data sets, not a number where they do not determine it; stderr_if_others_known: infinite where
    nothing depends on it; stderr_alone: from each data set by itself. scale: what change of it matters, None where that
    is not known.
    """

    address: str
    value: float
    unit: str
    linear: bool
    stderr: float
    stderr_if_others_known: float
    stderr_alone: Mapping[str, float]
    description: str = ""
    scale: float | None = None
    min: float | None = None
    max: float | None = None
    quantity: str = ""
    definition: str = ""

    @property
    def determined(self) -> bool:
        """Whether all data sets together determine it."""
        return bool(np.isfinite(self.stderr))

    @property
    def low(self) -> float:
        """The lower bound, −∞ without one."""
        return -np.inf if self.min is None else self.min

    @property
    def high(self) -> float:
        """The upper bound, ∞ without one."""
        return np.inf if self.max is None else self.max


@dataclass(frozen=True, kw_only=True)
class PlannedDataset:
    """A data set of a plan: where it would be measured, x (n_points,), and with what noise, in words.

    counted: whether counting longer makes its noise smaller.
    """

    name: str
    technique: str
    n_points: int
    noise: str
    counted: bool = True
    x_name: str = ""
    x_unit: str = ""
    x: FloatArray = field(default_factory=lambda: np.zeros(0))

    @property
    def noise_words(self) -> str:
        """The noise in words."""
        return self.noise

    @property
    def slopes(self) -> PlannedDataset:
        """Itself, by the name that version 0.1 gave to its points."""
        return self


@dataclass(frozen=True, kw_only=True)
class Undetermined:
    """What data leave open: parameters without a standard error, those that nothing depends on, and combinations.

    A combination is what parameters can change together without any effect on the data: changes relative to their
    values, the largest first.
    """

    parameters: Sequence[str] = ()
    not_seen: Sequence[str] = ()
    combinations: Sequence[Mapping[str, float]] = ()


@dataclass(frozen=True, kw_only=True)
class RangeStep:
    """The standard errors from all data sets, by address, with one of them cut to `value`; as_stated: as planned."""

    dataset: str
    key: str
    value: float
    unit: str
    as_stated: bool
    stderr: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a stated standard error of a parameter needs.

    planned: the standard error as planned; counts_factor: on the counts of all data sets; counts_factor_alone: on those
    of one data set, the others as planned; None: no counting gets there.
    """

    address: str
    stderr: float
    planned: float
    counts_factor: float | None
    counts_factor_alone: Mapping[str, float | None]

    @property
    def wanted(self) -> float:
        """The standard error that is wanted."""
        return self.stderr

    @property
    def now(self) -> float:
        """The standard error as planned."""
        return self.planned

    @property
    def together(self) -> float | None:
        """The factor on the counts of all data sets."""
        return self.counts_factor

    @property
    def each(self) -> Mapping[str, float | None]:
        """The factor on the counts of one data set."""
        return self.counts_factor_alone


@dataclass(frozen=True, kw_only=True)
class Map:
    """Standard errors of one parameter, (n_factors, n_values), over a range of one data set and the counts of all."""

    address: str
    dataset: str
    key: str
    unit: str
    values: Table
    factors: Table
    stderr: Table

    @property
    def change(self) -> float:
        """By which part of itself the standard error changes over the range, with the counts as planned."""
        at = self.stderr[int(np.argmin(np.abs(np.log(self.factors))))]
        return float(np.ptp(at) / at.min()) if np.isfinite(at).all() else np.inf


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Plan(Outcome):
    """What can be known.

    undetermined: by `TOGETHER`, and by `alone(…)` of each data set; against_counts: factor on the counts of all, as
    text -> address -> standard error; needed: what the stated targets need.
    """

    kind: ClassVar[str] = "plan"
    record: ClassVar[str] = PLAN
    __pydantic_config__: ClassVar[dict[str, Any]] = called(against_counts="counts", needed="targets")

    title: str
    version: str = __version__
    parameters: Annotated[Sequence[PlannedParameter], ByName("address")]
    datasets: Annotated[Sequence[PlannedDataset], ByName()]
    undetermined: Mapping[str, Undetermined]
    correlations: Correlations
    against_counts: Mapping[str, Mapping[str, float]]
    range: Sequence[RangeStep]
    needed: Annotated[Sequence[Target], ByName("address")] = ()
    maps: Sequence[Map] = ()
    notes: Sequence[str] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    elapsed_s: float = 0.0

    def summary(self) -> str:
        """Return what each parameter would be known to, and what the targets need, in lines."""
        from nanocrystal.report.plan.words import summary

        return summary(self)

    def page(self, script: str | None = None) -> str:
        """Return the report of the plan as an HTML page; see `Outcome.page`."""
        from nanocrystal.report.plan.page import plan_page

        return plan_page(self, script)

    @classmethod
    def of_version_0_1(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the plan that version 0.1 wrote: without maps, descriptions and bounds."""
        from nanocrystal.report.plan.version_0_1 import restored

        return restored(cls, document)  # type: ignore[no-any-return]

    # ---- as tables ----------------------------------------------------------------------------------

    @property
    def addresses(self) -> list[str]:
        """The addresses of the parameters, in their order."""
        return [p.address for p in self.parameters]

    def parameter(self, address: str) -> PlannedParameter:
        """Return one parameter."""
        return self.parameters[self.addresses.index(address)]

    @cached_property
    def together(self) -> Together:
        """All data sets together, as planned."""
        return Together(
            addresses=self.addresses,
            stderr=np.array([p.stderr for p in self.parameters]),
            left_open=self.undetermined[TOGETHER],
            alone=np.array([p.stderr_if_others_known for p in self.parameters]),
            correlations=self.correlations.matrix,
        )

    @cached_property
    def each(self) -> Mapping[str, Forecast]:
        """Each data set alone, as planned."""
        return {
            d.name: Forecast(
                addresses=self.addresses,
                stderr=np.array([p.stderr_alone[d.name] for p in self.parameters]),
                left_open=self.undetermined[alone(d.name)],
            )
            for d in self.datasets
        }

    @cached_property
    def by_counts(self) -> Mapping[float, Forecast]:
        """All data sets together with so many times the counts; what nothing depends on stays the same."""
        found = {}
        for factor, errors in self.against_counts.items():
            stderr = np.array([errors[a] for a in self.addresses])
            missing = [a for a, e in errors.items() if not np.isfinite(e)]
            left = Undetermined(parameters=missing, not_seen=self.undetermined[TOGETHER].not_seen)
            found[float(factor)] = Forecast(addresses=self.addresses, stderr=stderr, left_open=left)
        return found

    @cached_property
    def steps(self) -> list[Step]:
        """The standard errors of all data sets together, with the range of one of them cut."""
        return [
            Step(
                dataset=s.dataset,
                key=s.key,
                value=s.value,
                unit=s.unit,
                stated=s.as_stated,
                stderr=np.array([s.stderr[a] for a in self.addresses]),
            )
            for s in self.range
        ]

    @property
    def targets(self) -> Mapping[str, float]:
        """The standard errors that are wanted, by address."""
        return {target.address: target.stderr for target in self.needed}

    @property
    def counts(self) -> Sequence[float]:
        """The factors of the table against counts."""
        return tuple(float(factor) for factor in self.against_counts)

    @property
    def planned(self) -> Sequence[PlannedDataset]:
        """The data sets."""
        return self.datasets

    @property
    def outside(self) -> list[str]:
        """Parameters whose standard error exceeds the whole range they may take: as good as not determined."""
        return [p.address for p in self.parameters if p.determined and p.stderr > p.high - p.low]

    def strong_correlations(self) -> list[tuple[str, str, float]]:
        """Return the pairs of parameters that are correlated by more than `NOTEWORTHY`, the strongest first."""
        matrix, names = self.correlations.matrix, self.correlations.names
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
        for p in self.parameters:
            said = f"± {p.stderr:.2g}" if p.determined else "not determined"
            lines.append(f"  {p.address} = {p.value:.6g} {said} {p.unit}".rstrip())
        return "\n".join(lines)


# ---- the same as arrays -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Combination:
    """Parameters that can change together without any effect on the data: relative changes, the largest first."""

    changes: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What data say of the parameters: standard errors (n,), not a number where they determine nothing."""

    addresses: Sequence[str]
    stderr: FloatArray
    left_open: Undetermined

    @property
    def unseen(self) -> list[str]:
        """Addresses that nothing of the data depends on."""
        return list(self.left_open.not_seen)

    @property
    def undetermined(self) -> list[str]:
        """Addresses without a standard error."""
        return list(self.left_open.parameters)

    @property
    def combinations(self) -> list[Combination]:
        """What can change together unseen."""
        return [Combination(changes) for changes in self.left_open.combinations]

    def of(self, address: str) -> float:
        """Return the standard error of one parameter."""
        return float(self.stderr[self.addresses.index(address)])


@dataclass(frozen=True, kw_only=True)
class Together(Forecast):
    """What all data sets say; alone: standard errors (n,) if all other parameters were known; correlations: (n, n)."""

    alone: FloatArray
    correlations: FloatArray


@dataclass(frozen=True, kw_only=True)
class Step:
    """One row of the table against the range: the standard errors (n,) with a data set cut to `value`."""

    dataset: str
    key: str
    value: float
    unit: str
    stated: bool
    stderr: FloatArray
