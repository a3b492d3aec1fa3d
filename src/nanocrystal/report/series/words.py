"""What a series says, in sentences: transitions, slopes, what was carried over."""

from __future__ import annotations

import re

from nanocrystal.report.page.numbers import concise, number
from nanocrystal.report.series.result import SeriesResult, SeriesTransition, SeriesTrend
from nanocrystal.report.series.switch import SeriesSwitch, single_switch

_CELL_LENGTH = re.compile(r"crystals\.\w+\.[abc]")
_TEMPERATURE_UNITS = ("K", "°C", "C")


def findings(series: SeriesResult) -> list[str]:
    """Return where the preferred candidate changes and how the cell follows the variable, in sentences."""
    return [*transition_sentences(series), *expansion_sentences(series)]


def transition_sentences(series: SeriesResult) -> list[str]:
    """Return one sentence for each branch on where its preferred candidate changes."""
    if not series.candidates:
        return []
    sentences = []
    for branch in series.branches:
        changes = [t for t in series.transitions if t.branch == branch]
        along = series.along(branch)
        of = f"{branch.capitalize()}: " if branch else ""
        if not along:
            continue
        if not changes:
            preferred = f"{along[0].preferred} is preferred in all {len(along)} members"
            sentences.append(f"{of}{preferred}; there is no transition.")
            continue
        sentences += [of + _transition(t, series) for t in changes]
        switch = single_switch(along, branch)
        if switch is not None and (len(changes) > 1 or (switch.low, switch.high) != (changes[0].low, changes[0].high)):
            sentences.append(f"{of}{_switch(switch, series)}")
    return sentences


def _transition(t: SeriesTransition, series: SeriesResult) -> str:
    place = f"{_value(t.low)} and {_value(t.high)}{_unit(series)}"
    middle = f"{series.variable} {_value(t.value)} ± {_value(t.bracket)}{_unit(series)}"
    return f"between {place} the preferred candidate changes from {t.below} to {t.above}: {middle}."


def _switch(s: SeriesSwitch, series: SeriesResult) -> str:
    return (
        f"by the BIC of all members together, a single change from {s.below} to {s.above} is at "
        f"{series.variable} {_value(s.value)} ± {_value(s.bracket)}{_unit(series)}."
    )


def expansion_sentences(series: SeriesResult) -> list[str]:
    """Return one sentence for each refined cell length: its relative slope."""
    return [_expansion(t, series) for t in series.trends if is_cell_length(t.address)]


def _expansion(t: SeriesTrend, series: SeriesResult) -> str:
    of = ", ".join(p for p in (t.candidate, t.branch) if p)
    kind = "thermal expansion" if series.unit in _TEMPERATURE_UNITS else "relative slope"
    slope = concise(1e6 * t.line.relative, 1e6 * t.line.relative_stderr)
    per = f" per {series.unit}" if series.unit else ""
    line = "" if t.line.chi2_red < 4.0 else f"; no straight line, χ²_red {number(t.line.chi2_red, 2)}"
    return f"{t.address}{f' ({of})' if of else ''}: {kind} {slope}×10⁻⁶{per}, from {t.line.n} members{line}."


def is_cell_length(address: str) -> bool:
    """Return whether an address is a, b or c of a crystal."""
    return _CELL_LENGTH.fullmatch(address) is not None


def with_unit(value: float, series: SeriesResult) -> str:
    """Return a value of the series variable with its unit."""
    return f"{_value(value)}{_unit(series)}"


def _value(value: float) -> str:
    return number(value, 7)


def _unit(series: SeriesResult) -> str:
    return f" {series.unit}" if series.unit else ""
