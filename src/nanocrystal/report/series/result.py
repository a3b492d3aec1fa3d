"""What a series of refinements says: each member's fits, straight lines along the series, and transitions.

A member is one value of the series variable (a temperature, say) and its data sets, described by one model or by
several candidates. Its `preferred` candidate is the simplest of those that its data cannot tell apart from the best
(`comparison`). A transition lies between two neighbouring members whose preferred candidates differ: the middle of
the two, half their distance as its bracket.

A straight line y = y₀ + s (x − x̄) is a least-squares fit weighted with 1/stderr²; its uncertainty is multiplied by
√χ²_red where that exceeds 1. s/y₀ of a cell parameter against temperature is its thermal expansion.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np

from nanocrystal._version import __version__
from nanocrystal.arrays import FloatArray, without_arrays
from nanocrystal.report.encoding import ByName, PlainData, called, decoded, encoded
from nanocrystal.report.outcome import SCHEMA, Ending, Outcome
from nanocrystal.report.refined.result import REFINED

SERIES = "series.json"
MEMBER = "member.json"
"""the checkpoint of a member"""
JOINT = "joint"
"""the folder of the joint refinement"""
UNTITLED = "Untitled series"
ALONE = ""
"""the name of the only model of a study without candidates"""
ORDER_PARAMETER = "order_parameter"
FEWEST = 3
"""points that a straight line is drawn through"""
UNFINISHED = "the run has not come to its end; the same command goes on with it"


@dataclass(frozen=True, kw_only=True)
class SeriesValue:
    """A parameter or derived quantity of one member of a series.

    Parameters
    ----------
    value : float
        In `unit`
    stderr : float or None
        The scaled standard error, None where there is none
    unit : str
        Empty for a plain number
    status : str
        As that of an `Estimate`, or "derived"
    description : str
        In a few words
    quantity : str
        Which quantity it is, of the vocabulary
    definition : str
        Exactly which one: of what, how weighted
    """

    value: float
    stderr: float | None
    unit: str = ""
    status: str = "derived"
    description: str = ""
    quantity: str = ""
    definition: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class MemberPattern(PlainData):
    """One data set of a member of a series and its calculated curve, thinned for figures.

    Parameters
    ----------
    technique : str
        Its name in a study
    x_name : str
        What the abscissa is
    x_unit : str
        Its unit
    y_name : str
        What the ordinate is
    y_unit : str
        Its unit
    x : array (n,)
        Abscissa, in x_unit
    observed, calculated : array (n,)
        In y_unit
    rw : float
        As that of `FittedCurve`, of all its points
    gof : float or None
        √χ²_red; None without σ
    n_points : int
        Points that were compared
    """

    technique: str
    x_name: str
    x_unit: str
    y_name: str
    y_unit: str
    x: FloatArray
    observed: FloatArray
    calculated: FloatArray
    rw: float
    gof: float | None
    n_points: int


@dataclass(frozen=True, kw_only=True, eq=False)
class MemberFit(PlainData):
    """One candidate refined against one member of a series.

    Parameters
    ----------
    converged : bool
        Whether the optimiser came to its end
    message : str
        Why the optimiser stopped
    n_parameters : int
        Refined ones, linear ones too
    values : mapping of str to SeriesValue
        Address -> parameter
    derived : mapping of str to SeriesValue
        Address -> what follows from the parameters
    patterns : mapping of str to MemberPattern
        Data set -> its pattern
    bic : float or None
        None where it was not judged
    delta_bic : float or None
        What it is above the best candidate, None where it was not judged
    notes : sequence of str
        What to know, one sentence each
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = called(values="parameters", patterns="datasets")

    converged: bool
    message: str
    n_parameters: int
    values: Mapping[str, SeriesValue]
    derived: Mapping[str, SeriesValue]
    patterns: Mapping[str, MemberPattern]
    bic: float | None = None
    delta_bic: float | None = None
    notes: Sequence[str] = ()

    @property
    def carried(self) -> dict[str, float]:
        """What the next member of a sequential series starts from: address -> refined value."""
        return {a: v.value for a, v in self.values.items() if v.status == "free"}


@dataclass(frozen=True, kw_only=True, eq=False)
class MemberResult(PlainData):
    """The refinements of one member of a series.

    Parameters
    ----------
    name : str
        Of the member, which is that of its folder
    value : float
        Of the variable
    branch : str
        The run along the variable that it belongs to, such as heating
    fits : mapping of str to MemberFit
        Candidate -> fit, the only one under "" without candidates
    best : sequence of str
        Candidates that cannot be told apart from the best
    preferred : str or None
        The simplest of them, None where the member failed
    problem : str
        Why it failed, else empty
    notes : sequence of str
        What to know, one sentence each
    carried_from : str
        The member whose values it started from
    elapsed_s : float
        Seconds that it took
    fingerprint : str
        Of all that decided its result
    report : str
        The page with more, from the folder of the series
    files : sequence of str
        The names of those in its folder
    version : str
        Of nanocrystal that refined it
    joint_notes : sequence of str
        What is to be known of the joint refinement of all members, where it is a part of one
    """

    name: str
    value: float
    branch: str
    fits: Mapping[str, MemberFit]
    best: Sequence[str]
    preferred: str | None
    problem: str = ""
    notes: Sequence[str] = ()
    carried_from: str = ""
    elapsed_s: float = 0.0
    fingerprint: str = ""
    report: str = ""
    files: Sequence[str] = ()
    version: str = __version__
    joint_notes: Sequence[str] = ()

    @property
    def fit(self) -> MemberFit | None:
        """The fit of the preferred candidate."""
        return None if self.preferred is None else self.fits[self.preferred]

    def document(self) -> dict[str, Any]:
        """Return the member as JSON has it: its checkpoint."""
        return {"schema": SCHEMA, "kind": "member", **encoded(self)}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> MemberResult:
        """Return the member of a checkpoint, also of version 0.1; raises KeyError, TypeError or ValueError."""
        from nanocrystal.report.series.version_0_1 import of_today

        return decoded(cls, of_today(document))


@dataclass(frozen=True, kw_only=True)
class StraightLine:
    """A weighted straight line y = level + slope (x − at) through values along a series.

    Parameters
    ----------
    slope : float
        Per unit of the variable
    stderr : float
        Of the slope, multiplied by √χ²_red where that exceeds 1
    level : float
        y₀, the weighted mean of the values
    at : float
        x̄, the weighted mean of the variable
    chi2_red : float
        χ² over n − 2
    n : int
        Points
    """

    slope: float
    stderr: float
    level: float
    at: float
    chi2_red: float
    n: int

    @property
    def relative(self) -> float:
        """Slope over level: the thermal expansion of a cell parameter."""
        return self.slope / self.level

    @property
    def relative_stderr(self) -> float:
        return self.stderr / abs(self.level)


@dataclass(frozen=True, kw_only=True)
class SeriesTrend:
    """The straight line of one parameter over the members of one branch where its candidate is preferred.

    Parameters
    ----------
    address : str
        Of the parameter
    candidate : str
        Empty where there is one model
    branch : str
        The run along the variable, such as heating
    unit : str
        Of the parameter
    line : StraightLine
        Against the variable
    """

    address: str
    candidate: str
    branch: str
    unit: str
    line: StraightLine


@dataclass(frozen=True, kw_only=True)
class SeriesTransition:
    """Where the preferred candidate changes: between two neighbouring members of a branch.

    Parameters
    ----------
    branch : str
        The run along the variable, such as heating
    below, above : str
        The candidates that are preferred on the two sides
    low, high : float
        The variable at the two members
    members : (str, str)
        Their names
    """

    branch: str
    below: str
    above: str
    low: float
    high: float
    members: tuple[str, str]

    @property
    def value(self) -> float:
        return 0.5 * (self.low + self.high)

    @property
    def bracket(self) -> float:
        """Half the distance of the two members."""
        return 0.5 * (self.high - self.low)


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class SeriesResult(Outcome):
    """A whole series of refinements, members by branch and value.

    Parameters
    ----------
    title : str
        What stands above the report
    variable : str
        What changes from member to member
    unit : str
        Of the variable
    mode : str
        Sequential, independent or shared
    members : sequence of MemberResult
        Those that are done; their patterns without curves, which stand in the checkpoints of the members
    candidates : sequence of str
        Their names, none where there is one model
    descriptions : mapping of str to str
        Candidate -> what the study says of it
    order_parameter : str
        The expression that is followed
    shared : sequence of str
        Addresses of the parameters that all members have in common
    missing : sequence of str
        Members not done yet
    notes : sequence of str
        What to know, one sentence each
    elapsed_s : float
        Seconds that the run took
    interrupted : bool
        Whether the user stopped it
    version : str
        Of nanocrystal, that made it
    inputs : mapping of str to str
        File -> SHA-256 of what was read
    """

    kind: ClassVar[str] = "series"
    record: ClassVar[str] = SERIES

    title: str
    variable: str
    unit: str
    mode: str
    members: Annotated[Sequence[MemberResult], ByName()]
    candidates: Sequence[str]
    descriptions: Mapping[str, str] = field(default_factory=dict)
    order_parameter: str = ""
    shared: Sequence[str] = ()
    missing: Sequence[str] = ()
    notes: Sequence[str] = ()
    elapsed_s: float = 0.0
    interrupted: bool = False
    version: str = __version__
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def branches(self) -> list[str]:
        return list(dict.fromkeys(m.branch for m in self.members))

    @property
    def good(self) -> list[MemberResult]:
        """The members that have a result."""
        return [m for m in self.members if m.preferred is not None]

    @property
    def complete(self) -> bool:
        """Whether every member is done and has a converged result."""
        return not self.missing and all(m.fit is not None and m.fit.converged for m in self.members)

    @property
    def transitions(self) -> list[SeriesTransition]:
        return [t for branch in self.branches for t in transitions_of(self.along(branch), branch)]

    @property
    def trends(self) -> list[SeriesTrend]:
        """Straight lines of all parameters that each member refines for itself, by candidate and branch."""
        lines = []
        for candidate in self.candidates or [ALONE]:
            for branch in self.branches:
                chosen = [m for m in self.along(branch) if m.preferred == candidate]
                lines += [t for t in _trends(chosen, candidate, branch) if t.address not in self.shared]
        return lines

    def along(self, branch: str) -> list[MemberResult]:
        """Return the members of a branch that have a result, by value."""
        return sorted((m for m in self.good if m.branch == branch), key=lambda m: m.value)

    def summary(self) -> str:
        """Return transitions, slopes of the cell, and notes, in lines."""
        from nanocrystal.report.series.words import findings

        lines = [f"{self.title or UNTITLED}: {len(self.members)} members in {self.elapsed_s:.1f} s"]
        lines += [f"  {sentence}" for sentence in findings(self)]
        return "\n".join([*lines, *(f"  ! {note}" for note in self.notes)])

    def page(self, script: str | None = None) -> str:
        """Return the report of the whole series as an HTML page; see `Outcome.page`."""
        from nanocrystal.report.series.page import series_page

        return series_page(self, script)

    def ending(self) -> tuple[Ending, str]:
        """Return whether all members are done and converged, and what is to be done where the user stopped it."""
        if not self.interrupted:
            return ("whole" if self.complete else "incomplete"), ""
        done = f"{len(self.members)} of {len(self.members) + len(self.missing)} members are done and saved"
        return "interrupted", f"Interrupted: {done}; the same command goes on with the others."

    def tables(self) -> Mapping[str, str]:
        """Return one table of all members, and the checkpoint of each that has a result, in its folder."""
        from nanocrystal.report.series.checkpoints import member_text
        from nanocrystal.report.series.files import series_csv

        kept = {f"{m.name}/{MEMBER}": member_text(m) for m in self.members if m.fits}
        return {"series.csv": series_csv(self), **kept}

    def aside(self, folder: Path) -> tuple[Mapping[str, Path], Collection[str]]:
        """Return the files of members that are kept aside, and those that they replace."""
        from nanocrystal.report.series.checkpoints import kept_aside

        return kept_aside(self, folder)

    def saved(self, folder: Path) -> None:
        """Remove what was kept aside."""
        from nanocrystal.report.series.checkpoints import remove_aside

        remove_aside(folder)

    def computed(self) -> Mapping[str, Any]:
        """Return how each member ended, whether all converged, transitions, switches and straight lines."""
        from nanocrystal.report.series.files import conclusions

        return conclusions(self)

    def recorded(self) -> dict[str, Any]:
        """Return the document without the curves of the patterns, which stand in the checkpoints of the members."""
        return without_arrays(self.document())  # type: ignore[no-any-return]

    @classmethod
    def restored(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the series of a record; members are read from their checkpoints."""
        from nanocrystal.report.series.checkpoints import checkpoint_in

        if "variable" not in document:
            raise ValueError(UNFINISHED)
        members = {
            name: checkpoint_in(folder, name) if member["fits"] else member
            for name, member in document["members"].items()
        }
        return super().restored(document | {"members": members}, folder)

    @classmethod
    def of_version_0_1(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the series that version 0.1 wrote: the patterns of those members whose checkpoints are there."""
        from nanocrystal.report.series.version_0_1 import with_members

        if "variable" not in document:
            raise ValueError(UNFINISHED)
        return decoded(cls, with_members(document, folder))

    def __repr__(self) -> str:
        """Return transitions and slopes in a few lines: what a notebook shows."""
        return f"SeriesResult({self.title!r})\n" + "\n".join(self.summary().splitlines()[1:])


# ---- along the series -----------------------------------------------------------------------------


def straight_line(x: FloatArray, y: FloatArray, stderr: FloatArray) -> StraightLine:
    """Return the weighted straight line through points.

    Parameters
    ----------
    x : array (n,)
        The variable; n ≥ 2
    y : array (n,)
        Values
    stderr : array (n,)
        Standard errors of the values, positive

    Returns
    -------
    StraightLine
        Of least squares with weights 1/stderr²
    """
    weight = 1.0 / stderr**2
    at, level = (float(np.average(v, weights=weight)) for v in (x, y))
    spread = float(weight @ (x - at) ** 2)
    slope = float(weight @ ((x - at) * (y - level))) / spread
    chi2 = float(weight @ (y - level - slope * (x - at)) ** 2)
    chi2_red = chi2 / (len(x) - 2) if len(x) > 2 else 0.0
    error = float(np.sqrt(max(1.0, chi2_red) / spread))
    return StraightLine(slope=slope, stderr=error, level=level, at=at, chi2_red=chi2_red, n=len(x))


def _trends(members: Sequence[MemberResult], candidate: str, branch: str) -> list[SeriesTrend]:
    fits = [(m.value, m.fits[candidate]) for m in members]
    addresses = dict.fromkeys(a for _, fit in fits for a, v in fit.values.items() if v.status in ("free", "linear"))
    trends = []
    for address in addresses:
        known = [(x, fit.values[address]) for x, fit in fits if address in fit.values]
        rows = [(x, v.value, v.stderr) for x, v in known if v.stderr]
        if len(rows) < FEWEST:
            continue
        x, y, stderr = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
        if np.ptp(x) > 0.0:
            unit, line = known[0][1].unit, straight_line(x, y, stderr)
            trends.append(SeriesTrend(address=address, candidate=candidate, branch=branch, unit=unit, line=line))
    return trends


def transitions_of(along: Sequence[MemberResult], branch: str = "") -> list[SeriesTransition]:
    """Return the transitions of one branch, whose members come by value."""
    return [
        SeriesTransition(
            branch=branch,
            below=a.preferred or "",
            above=b.preferred or "",
            low=a.value,
            high=b.value,
            members=(a.name, b.name),
        )
        for a, b in pairwise(along)
        if a.preferred != b.preferred
    ]


def shown_addresses(members: Iterable[MemberResult]) -> list[str]:
    """Return the addresses of all parameters that any fit of any member refined, in their order."""
    fits = (fit for m in members for fit in m.fits.values())
    return list(dict.fromkeys(a for fit in fits for a, v in fit.values.items() if v.status in REFINED))
