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
from nanocrystal.report.refined.result import ParameterCorrelations

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

    Parameters
    ----------
    address : str
        Of the parameter
    value : float
        That the study states, in `unit`
    unit : str
        Empty for a plain number
    linear : bool
        Whether it is solved for exactly
    stderr : float
        From all data sets, not a number where they do not determine it
    stderr_if_others_known : float
        If all other parameters were known; infinite where nothing depends on it
    stderr_alone : mapping of str to float
        Data set -> standard error from it by itself
    description : str
        In a few words
    scale : float or None
        What change of it matters; None where that is not known
    min, max : float or None
        Its bounds; None where there is none
    quantity : str
        Which quantity it is, of the vocabulary
    definition : str
        Exactly which one: of what, how weighted
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
    """A data set of a plan: where it would be measured, and with what noise.

    Parameters
    ----------
    name : str
        Of the data set
    technique : str
        Its name in a study
    n_points : int
        That would be measured
    noise : str
        In words
    counted : bool
        Whether counting longer makes its noise smaller
    x_name : str
        What the abscissa is
    x_unit : str
        Its unit
    x : array (n_points,)
        In x_unit
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
class UndeterminedParameters:
    """What data leave open: parameters without a standard error, and why they have none.

    Parameters
    ----------
    parameters : sequence of str
        Addresses without a standard error
    not_seen : sequence of str
        Addresses that nothing of the data depends on
    combinations : sequence of mapping of str to float
        What parameters can change together without any effect on the data: changes relative to their values, the
        largest first
    """

    parameters: Sequence[str] = ()
    not_seen: Sequence[str] = ()
    combinations: Sequence[Mapping[str, float]] = ()


@dataclass(frozen=True, kw_only=True)
class PlannedRange:
    """The standard errors from all data sets with the range of one of them cut.

    Parameters
    ----------
    dataset : str
        Whose range is cut
    key : str
        Of the end that is cut, such as qmax
    value : float
        To which it is cut, in `unit`
    unit : str
        Of the abscissa
    as_stated : bool
        Whether that is where the study ends
    stderr : mapping of str to float
        Address -> standard error
    """

    dataset: str
    key: str
    value: float
    unit: str
    as_stated: bool
    stderr: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class PlanTarget:
    """What it takes to reach a stated standard error of a parameter.

    Parameters
    ----------
    address : str
        Of the parameter
    stderr : float
        The standard error to be reached
    planned : float
        The standard error as planned
    counts_factor : float or None
        On the counts of all data sets; None where no counting gets there
    counts_factor_alone : mapping of str to float or None
        Data set -> factor on its counts, the others as planned
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
class PlanMap:
    """Standard errors of one parameter over the range of one data set and the counts of all.

    Parameters
    ----------
    address : str
        Of the parameter
    dataset : str
        Whose range is cut
    key : str
        Of the end that is cut, such as qmax
    unit : str
        Of the abscissa
    values : array (n_values,)
        To which it is cut, in `unit`
    factors : array (n_factors,)
        On the counts of all data sets
    stderr : array (n_factors, n_values)
        Infinite or not a number where nothing determines it
    """

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
    """What data that are not measured yet would say of each parameter.

    Parameters
    ----------
    title : str
        What stands above the report
    version : str
        Of nanocrystal, that made it
    parameters : sequence of PlannedParameter
        All that would be refined, linear ones too
    datasets : sequence of PlannedDataset
        What would be measured
    undetermined : mapping of str to UndeterminedParameters
        "together" or "NAME alone" -> what all data sets or that one leave open
    correlations : ParameterCorrelations
        Those expected from all data sets
    against_counts : mapping of str to mapping of str to float
        Factor on the counts of all -> address -> standard error; the factors are text
    range : sequence of PlannedRange
        The standard errors with the range of one data set cut
    needed : sequence of PlanTarget
        What the stated targets need
    maps : sequence of PlanMap
        Over range and counts
    notes : sequence of str
        What to know, one sentence each
    inputs : mapping of str to str
        File -> SHA-256 of what was read
    elapsed_s : float
        Seconds that it took

    References
    ----------
    R. A. Fisher, Phil. Trans. R. Soc. A 222, 309 (1922); C. R. Rao, Bull. Calcutta Math. Soc. 37, 81 (1945).
    """

    kind: ClassVar[str] = "plan"
    record: ClassVar[str] = PLAN
    __pydantic_config__: ClassVar[dict[str, Any]] = called(against_counts="counts", needed="targets")

    title: str
    version: str = __version__
    parameters: Annotated[Sequence[PlannedParameter], ByName("address")]
    datasets: Annotated[Sequence[PlannedDataset], ByName()]
    undetermined: Mapping[str, UndeterminedParameters]
    correlations: ParameterCorrelations
    against_counts: Mapping[str, Mapping[str, float]]
    range: Sequence[PlannedRange]
    needed: Annotated[Sequence[PlanTarget], ByName("address")] = ()
    maps: Sequence[PlanMap] = ()
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
    def together(self) -> JointForecast:
        """All data sets together, as planned."""
        return JointForecast(
            addresses=self.addresses,
            stderr=np.array([p.stderr for p in self.parameters]),
            left_open=self.undetermined[TOGETHER],
            alone=np.array([p.stderr_if_others_known for p in self.parameters]),
            correlations=self.correlations.matrix,
        )

    @cached_property
    def each(self) -> Mapping[str, PlanForecast]:
        """Each data set alone, as planned."""
        return {
            d.name: PlanForecast(
                addresses=self.addresses,
                stderr=np.array([p.stderr_alone[d.name] for p in self.parameters]),
                left_open=self.undetermined[alone(d.name)],
            )
            for d in self.datasets
        }

    @cached_property
    def by_counts(self) -> Mapping[float, PlanForecast]:
        """All data sets together with so many times the counts; what nothing depends on stays the same."""
        forecasts = {}
        for factor, errors in self.against_counts.items():
            stderr = np.array([errors[a] for a in self.addresses])
            missing = [a for a, e in errors.items() if not np.isfinite(e)]
            left = UndeterminedParameters(parameters=missing, not_seen=self.undetermined[TOGETHER].not_seen)
            forecasts[float(factor)] = PlanForecast(addresses=self.addresses, stderr=stderr, left_open=left)
        return forecasts

    @cached_property
    def steps(self) -> list[RangeForecast]:
        """The standard errors of all data sets together, with the range of one of them cut."""
        return [
            RangeForecast(
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
class UndeterminedCombination:
    """Parameters that can change together without any effect on the data.

    Parameters
    ----------
    changes : mapping of str to float
        Address -> change relative to its value, the largest first
    """

    changes: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class PlanForecast:
    """What data would say of the parameters, as arrays.

    Parameters
    ----------
    addresses : sequence of str, (n,)
        Of the parameters
    stderr : array (n,)
        Standard errors, not a number where the data determine nothing
    left_open : UndeterminedParameters
        What they leave open
    """

    addresses: Sequence[str]
    stderr: FloatArray
    left_open: UndeterminedParameters

    @property
    def unseen(self) -> list[str]:
        """Addresses that nothing of the data depends on."""
        return list(self.left_open.not_seen)

    @property
    def undetermined(self) -> list[str]:
        """Addresses without a standard error."""
        return list(self.left_open.parameters)

    @property
    def combinations(self) -> list[UndeterminedCombination]:
        """What can change together unseen."""
        return [UndeterminedCombination(changes) for changes in self.left_open.combinations]

    def of(self, address: str) -> float:
        """Return the standard error of one parameter."""
        return float(self.stderr[self.addresses.index(address)])


@dataclass(frozen=True, kw_only=True)
class JointForecast(PlanForecast):
    """What all data sets together would say of the parameters, as arrays.

    Parameters
    ----------
    addresses : sequence of str, (n,)
        Of the parameters
    stderr : array (n,)
        Standard errors, not a number where the data determine nothing
    left_open : UndeterminedParameters
        What they leave open
    alone : array (n,)
        Standard errors if all other parameters were known
    correlations : array (n, n)
        Between the parameters
    """

    alone: FloatArray
    correlations: FloatArray


@dataclass(frozen=True, kw_only=True)
class RangeForecast:
    """The standard errors with the range of one data set cut, as an array.

    Parameters
    ----------
    dataset : str
        Whose range is cut
    key : str
        Of the end that is cut, such as qmax
    value : float
        To which it is cut, in `unit`
    unit : str
        Of the abscissa
    stated : bool
        Whether that is where the study ends
    stderr : array (n,)
        In the order of the parameters
    """

    dataset: str
    key: str
    value: float
    unit: str
    stated: bool
    stderr: FloatArray
