"""The files of a series: a table of its members, and what series.json concludes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nanocrystal.report.series.result import (
    ORDER_PARAMETER,
    MemberFit,
    MemberResult,
    SeriesResult,
    SeriesTransition,
    SeriesTrend,
    SeriesValue,
    shown_addresses,
)
from nanocrystal.report.series.switch import SeriesSwitch, single_switch
from nanocrystal.text import csv_of_rows

WITHOUT_ERROR = ("fixed", "at_bound", "undetermined")


def series_csv(series: SeriesResult) -> str:
    """Return one row a member: the preferred candidate, then of each candidate values and standard errors."""
    columns = _columns(series)
    heads = ["member", series.variable, "branch", "state", "preferred", "best"]
    heads += [name for head, _, _ in columns for name in head]
    rows = []
    for member in series.members:
        row: list[Any] = [member.name, member.value, member.branch, state_of(member)]
        row += [member.preferred or "", " ".join(member.best)]
        for head, candidate, pick in columns:
            fit = member.fits.get(candidate)
            row += pick(fit) if fit is not None else [""] * len(head)
        rows.append(row)
    return csv_of_rows(heads, rows)


def _columns(series: SeriesResult) -> list[tuple[list[str], str, Any]]:
    """Return (heads, candidate, function of a fit that returns its cells) of all columns with numbers."""
    columns: list[tuple[list[str], str, Any]] = []
    for candidate in series.candidates or [""]:
        prefix = f"{candidate}:" if candidate else ""
        fitted = [m for m in series.members if candidate in m.fits]
        for name in dict.fromkeys(n for m in fitted for n in m.fits[candidate].patterns):
            columns.append(([f"{prefix}rw.{name}", f"{prefix}gof.{name}"], candidate, _merits(name)))
        if candidate:
            columns.append(([f"{prefix}delta_bic"], candidate, lambda fit: [fit.delta_bic]))
        for address in shown_addresses([_only(m, candidate) for m in fitted]):
            columns.append(([f"{prefix}{address}", f"{prefix}{address}_stderr"], candidate, _parameter(address)))
        if any(ORDER_PARAMETER in m.fits[candidate].derived for m in fitted):
            heads = [f"{prefix}{ORDER_PARAMETER}", f"{prefix}{ORDER_PARAMETER}_stderr"]
            columns.append((heads, candidate, _derived(ORDER_PARAMETER)))
    return columns


def _only(member: MemberResult, candidate: str) -> MemberResult:
    return replace(member, fits={candidate: member.fits[candidate]})


def _merits(name: str) -> Any:
    def pick(fit: MemberFit) -> list[float | None]:
        pattern = fit.patterns.get(name)
        return [None, None] if pattern is None else [pattern.rw, pattern.gof]

    return pick


def _parameter(address: str) -> Any:
    return lambda fit: _pair(fit.values.get(address))


def _derived(name: str) -> Any:
    return lambda fit: _pair(fit.derived.get(name))


def _pair(value: SeriesValue | None) -> list[float | None]:
    if value is None:
        return [None, None]
    return [value.value, None if value.status in WITHOUT_ERROR else value.stderr]


def state_of(member: MemberResult) -> str:
    """Return in one word how a member ended: converged, "not converged" or failed."""
    if member.fit is None:
        return "failed"
    return "converged" if member.fit.converged else "not converged"


# ---- conclusions ----------------------------------------------------------------------------------


def conclusions(series: SeriesResult) -> dict[str, Any]:
    """Return what series.json says beside the members: how they ended, transitions, switches, straight lines."""
    switches = (single_switch(series.along(b), b) for b in series.branches)
    return {
        "complete": series.complete,
        "members": {m.name: {"state": state_of(m)} for m in series.members},
        "transitions": [_transition(t) for t in series.transitions],
        "switches": [_change(s) for s in switches if s is not None],
        "trends": [_trend(t) for t in series.trends],
    }


def _transition(transition: SeriesTransition) -> dict[str, Any]:
    return {**_change(transition), "members": list(transition.members)}


def _change(change: SeriesTransition | SeriesSwitch) -> dict[str, Any]:
    return {
        "branch": change.branch,
        "below": change.below,
        "above": change.above,
        "value": change.value,
        "bracket": change.bracket,
    }


def _trend(trend: SeriesTrend) -> dict[str, Any]:
    line = trend.line
    return {
        "parameter": trend.address,
        "candidate": trend.candidate,
        "branch": trend.branch,
        "unit": trend.unit,
        "slope": line.slope,
        "slope_stderr": line.stderr,
        "level": line.level,
        "at": line.at,
        "relative_slope": line.relative,
        "relative_slope_stderr": line.relative_stderr,
        "chi2_red": line.chi2_red,
        "n": line.n,
    }
