"""What a series of refinements says: each member's fits, straight lines along the series, and transitions.

A member is one value of the series variable (a temperature, say) and its data sets, described by one model or by
several candidates. Its `preferred` candidate is the simplest of those that its data cannot tell apart from the best
(`comparison`). A transition lies between two neighbouring members whose preferred candidates differ: the middle of
the two, half their distance as its bracket.

A straight line y = y₀ + s (x − x̄) is a least-squares fit weighted with 1/stderr²; its uncertainty is multiplied by
√χ²_red where that exceeds 1. s/y₀ of a cell parameter against temperature is its thermal expansion.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal._version import __version__
from nanocrystal.report.compared.result import Comparison
from nanocrystal.report.refined.result import DerivedValue, Estimate, FittedCurve, Result

FloatArray = NDArray[np.float64]
REFINED = ("free", "linear", "at_bound", "undetermined")
MOST_POINTS = 1600
"""of a pattern that is kept for the figures of the series"""
ALONE = ""
"""the name of the only model of a study without candidates"""
ORDER_PARAMETER = "order_parameter"
FEWEST = 3
"""points that a straight line is drawn through"""


@dataclass(frozen=True, kw_only=True)
class SeriesValue:
    """A parameter or derived quantity of one member; stderr is the scaled one, None where there is none."""

    value: float
    stderr: float | None
    unit: str = ""
    status: str = "derived"
    description: str = ""
    quantity: str = ""
    definition: str = ""


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """One data set of a member and its calculated curve, thinned for figures; lists of length (n,)."""

    technique: str
    x_name: str
    x_unit: str
    y_name: str
    y_unit: str
    x: Sequence[float]
    observed: Sequence[float]
    calculated: Sequence[float]
    rw: float
    gof: float | None
    n_points: int


@dataclass(frozen=True, kw_only=True)
class MemberFit:
    """One candidate of one member. delta_bic: above the best candidate, None where it was not judged."""

    converged: bool
    message: str
    n_parameters: int
    values: Mapping[str, SeriesValue]
    derived: Mapping[str, SeriesValue]
    patterns: Mapping[str, Pattern]
    bic: float | None = None
    delta_bic: float | None = None
    notes: Sequence[str] = ()

    @property
    def carried(self) -> dict[str, float]:
        """What the next member of a sequential series starts from: address -> refined value."""
        return {a: v.value for a, v in self.values.items() if v.status == "free"}


@dataclass(frozen=True, kw_only=True)
class MemberResult:
    """What was found for one member.

    fits: candidate -> fit, the only one under "" without candidates; best: candidates that cannot be told apart from
    the best; preferred: the simplest of them, None where the member failed; problem: why it failed, else "";
    carried_from: member whose values it started from; fingerprint: of all that decided its result.
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

    @property
    def fit(self) -> MemberFit | None:
        """The fit of the preferred candidate."""
        return None if self.preferred is None else self.fits[self.preferred]

    def document(self) -> dict[str, Any]:
        """Return the member as JSON has it."""
        return {**vars(self), "fits": {name: _fit_document(fit) for name, fit in self.fits.items()}}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> MemberResult:
        """Return the member of a document; raises KeyError, TypeError or ValueError where it is none."""
        fits = {name: _fit_from(fit) for name, fit in dict(document["fits"]).items()}
        return cls(**{**document, "fits": fits})


def _fit_document(fit: MemberFit) -> dict[str, Any]:
    """Return a fit as plain mappings; its lists are not copied."""
    rooms = {"values": fit.values, "derived": fit.derived, "patterns": fit.patterns}
    return {**vars(fit), **{key: {n: vars(v) for n, v in found.items()} for key, found in rooms.items()}}


def _fit_from(document: Mapping[str, Any]) -> MemberFit:
    values, derived = ({a: SeriesValue(**v) for a, v in dict(document[key]).items()} for key in ("values", "derived"))
    patterns = {name: Pattern(**p) for name, p in dict(document["patterns"]).items()}
    return MemberFit(**{**document, "values": values, "derived": derived, "patterns": patterns})


@dataclass(frozen=True, kw_only=True)
class Line:
    """A straight line through values along the series; slope per unit of the variable, at: x̄, level: y₀."""

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
class Trend:
    """The straight line of one parameter over the members of one branch where its candidate is preferred."""

    address: str
    candidate: str
    branch: str
    unit: str
    line: Line


@dataclass(frozen=True, kw_only=True)
class Transition:
    """Where the preferred candidate changes: between two neighbouring members of a branch."""

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


@dataclass(frozen=True, kw_only=True)
class SeriesResult:
    """A whole series, members by branch and value; `missing`: members not done yet, by name."""

    title: str
    variable: str
    unit: str
    mode: str
    members: Sequence[MemberResult]
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
    def transitions(self) -> list[Transition]:
        return [t for branch in self.branches for t in transitions_of(self.along(branch), branch)]

    @property
    def trends(self) -> list[Trend]:
        """Straight lines of all parameters that each member refines for itself, by candidate and branch."""
        found = []
        for candidate in self.candidates or [ALONE]:
            for branch in self.branches:
                chosen = [m for m in self.along(branch) if m.preferred == candidate]
                found += [t for t in _trends(chosen, candidate, branch) if t.address not in self.shared]
        return found

    def along(self, branch: str) -> list[MemberResult]:
        """Return the members of a branch that have a result, by value."""
        return sorted((m for m in self.good if m.branch == branch), key=lambda m: m.value)


# ---- from results ---------------------------------------------------------------------------------


def member_fit(result: Result, extra: Mapping[str, SeriesValue] | None = None) -> MemberFit:
    """Return what a series keeps of a result; extra: further quantities, such as an order parameter."""
    values = {a: _value(p, p.stderr_scaled, p.status) for a, p in result.parameters.items()}
    derived = {a: _value(d, d.stderr, "derived") for a, d in result.derived.items() if np.isfinite(d.value)}
    n_parameters = sum(p.status in REFINED for p in result.parameters.values())
    patterns = {name: _pattern(curve) for name, curve in result.datasets.items()}
    return MemberFit(
        converged=result.converged,
        message=result.message,
        n_parameters=n_parameters,
        values=values,
        derived={**derived, **(extra or {})},
        patterns=patterns,
        notes=list(result.notes),
    )


def _value(found: Estimate | DerivedValue, stderr: float | None, status: str) -> SeriesValue:
    known = stderr if stderr is not None and np.isfinite(stderr) else None
    return SeriesValue(
        value=found.value,
        stderr=known,
        unit=found.unit,
        status=status,
        description=found.description,
        quantity=found.quantity,
        definition=found.definition,
    )


def _pattern(curve: FittedCurve) -> Pattern:
    fine = curve.fine
    if fine is not None and fine.observed is not None:
        columns = (fine.x, fine.observed, fine.calculated)
    else:
        columns = (curve.x, curve.observed, curve.calculated)
    step = max(1, -(-len(columns[0]) // MOST_POINTS))
    x, observed, calculated = ([float(f"{v:.7g}") for v in column[::step]] for column in columns)
    return Pattern(
        technique=curve.technique,
        x_name=curve.x_name,
        x_unit=curve.x_unit,
        y_name=curve.y_name,
        y_unit=curve.y_unit,
        x=x,
        observed=observed,
        calculated=calculated,
        rw=curve.rw,
        gof=curve.gof,
        n_points=curve.n_points,
    )


def preferred_of(comparison: Comparison) -> str | None:
    """Return the simplest of the candidates that cannot be told apart from the best, None where none was judged."""
    best = [comparison[name] for name in comparison.best]
    return min(best, key=lambda s: (s.n_parameters, s.bic)).name if best else None


# ---- along the series -----------------------------------------------------------------------------


def straight_line(x: FloatArray, y: FloatArray, stderr: FloatArray) -> Line:
    """Return the weighted straight line through points (n,), n ≥ 2, with positive standard errors."""
    weight = 1.0 / stderr**2
    at, level = (float(np.average(v, weights=weight)) for v in (x, y))
    spread = float(weight @ (x - at) ** 2)
    slope = float(weight @ ((x - at) * (y - level))) / spread
    chi2 = float(weight @ (y - level - slope * (x - at)) ** 2)
    chi2_red = chi2 / (len(x) - 2) if len(x) > 2 else 0.0
    error = float(np.sqrt(max(1.0, chi2_red) / spread))
    return Line(slope=slope, stderr=error, level=level, at=at, chi2_red=chi2_red, n=len(x))


def _trends(members: Sequence[MemberResult], candidate: str, branch: str) -> list[Trend]:
    fits = [(m.value, m.fits[candidate]) for m in members]
    addresses = dict.fromkeys(a for _, fit in fits for a, v in fit.values.items() if v.status in ("free", "linear"))
    found = []
    for address in addresses:
        known = [(x, fit.values[address]) for x, fit in fits if address in fit.values]
        rows = [(x, v.value, v.stderr) for x, v in known if v.stderr]
        if len(rows) < FEWEST:
            continue
        x, y, stderr = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
        if np.ptp(x) > 0.0:
            unit, line = known[0][1].unit, straight_line(x, y, stderr)
            found.append(Trend(address=address, candidate=candidate, branch=branch, unit=unit, line=line))
    return found


def transitions_of(along: Sequence[MemberResult], branch: str = "") -> list[Transition]:
    """Return the transitions of one branch, whose members come by value."""
    return [
        Transition(
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
