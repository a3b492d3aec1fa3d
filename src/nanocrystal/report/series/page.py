"""The report of a whole series as a page: what its template asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from nanocrystal.report.page.figures import label
from nanocrystal.report.page.numbers import merit, number
from nanocrystal.report.page.rendering import Page, Verdict, rendered
from nanocrystal.report.series import figures
from nanocrystal.report.series.files import series_csv, state_of
from nanocrystal.report.series.result import (
    ORDER_PARAMETER,
    MemberFit,
    MemberPattern,
    MemberResult,
    SeriesResult,
    SeriesValue,
    shown_addresses,
)
from nanocrystal.report.series.words import findings, transition_sentences, with_unit

MODES = {
    "sequential": "one after the other, each from the values of the one before",
    "independent": "each from the values of the study",
    "shared": "all at once, with parameters in common",
}
Rows = list[tuple[MemberResult, MemberPattern]]


def series_page(series: SeriesResult, script: str | None = None) -> str:
    """Return the report of a series; script: address of plotly.js, None for a page that holds it itself."""
    page = Page(series.title or "Series", series.version, script)
    page.data["parameters_csv"] = series_csv(series)
    return rendered("series.html", page, **context_of(series))


def context_of(series: SeriesResult) -> dict[str, Any]:
    """Return what the template of a series names."""
    state, said = verdict_of(series)
    return {
        "series": series,
        "state": state,
        "said": said,
        "first_said": [capital(s) for s in transition_sentences(series)[:2] or findings(series)[:1]],
        "span": span_of(series),
        "residuals": residuals_of(series),
        "findings": [capital(s) for s in findings(series)],
        "per": f"/{series.unit}" if series.unit else "",
        "colors": {c: figures.color_of(c, series) for c in series.candidates},
        "order_parameter": order_parameter_of(series),
        "patterns": list(patterns_of(series)),
        "parameters": parameters_of(series),
        "datasets": list(dict.fromkeys(n for _, fit in preferred_fits(series) for n in fit.patterns)),
        "merits": merits_of(series),
        "followed_by": followed_by,
        "next_best": next_best,
        "state_of": state_of,
        "value_figure": figures.value_figure,
        "stacked_figure": figures.stacked_figure,
        "map_figure": figures.map_figure,
        "delta_bic_of": figures.delta_bic_of,
        "followed": figures.followed,
        "refined": figures.refined,
        "merit_of": figures.merit_of,
        "axis_of": axis_of,
        "order_axis": order_axis,
        "part_of": lambda address: re.sub(r"\W", "-", address),
        "MODES": MODES,
    }


# ---- of the whole ---------------------------------------------------------------------------------


def verdict_of(series: SeriesResult) -> tuple[Verdict, str]:
    """Return how the members ended, and that in words."""
    failed = [m for m in series.members if m.fit is None]
    if series.missing:
        return "bad", f"{len(series.members)} members are done, {len(series.missing)} are not."
    if failed:
        return "doubtful", f"{len(failed)} of {len(series.members)} members failed."
    if not series.complete:
        return "doubtful", "Not all members converged."
    return "good", f"All {len(series.members)} members converged."


def span_of(series: SeriesResult) -> str:
    """Return from where to where the series goes."""
    values = [m.value for m in series.members]
    return f"{number(min(values), 7)} to {with_unit(max(values), series)}" if values else "none"


def residuals_of(series: SeriesResult) -> str:
    """Return the smallest and the largest R_w of the preferred candidates."""
    rw = [p.rw for _, fit in preferred_fits(series) for p in fit.patterns.values()]
    return f"{merit(min(rw))} to {merit(max(rw))}" if rw else "—"


def capital(text: str) -> str:
    """Return a sentence with a capital at its beginning, unless it begins with an address."""
    return text if "." in text.split(" ")[0] else text[:1].upper() + text[1:]


def preferred_fits(series: SeriesResult) -> Iterator[tuple[MemberResult, MemberFit]]:
    """Yield the members that have a result, with the fit of their preferred candidate."""
    for member in series.good:
        if member.fit is not None:
            yield member, member.fit


def all_fits(series: SeriesResult) -> list[MemberFit]:
    """Return the fits of all candidates of all members."""
    return [fit for member in series.members for fit in member.fits.values()]


# ---- of its figures -------------------------------------------------------------------------------


def order_parameter_of(series: SeriesResult) -> SeriesValue | None:
    """Return the order parameter of the first member that has one."""
    return next((f.derived[ORDER_PARAMETER] for f in all_fits(series) if ORDER_PARAMETER in f.derived), None)


def patterns_of(series: SeriesResult) -> Iterator[tuple[str, str, Rows]]:
    """Yield data set, branch and the members with their patterns, where there are at least two."""
    for name in dict.fromkeys(n for _, fit in preferred_fits(series) for n in fit.patterns):
        for branch in series.branches:
            rows = figures.patterns_of(series, name, branch)
            if len(rows) > 1:
                yield name, branch, rows


def parameters_of(series: SeriesResult) -> dict[str, SeriesValue]:
    """Return the parameters that any fit refined, by address, each as the first member has it."""
    fits = all_fits(series)
    return {a: next(f.values[a] for f in fits if a in f.values) for a in shown_addresses(series.members)}


def merits_of(series: SeriesResult) -> dict[str, bool]:
    """Return the data sets of all fits, and whether they have a GoF."""
    patterns = [item for fit in all_fits(series) for item in fit.patterns.items()]
    return {name: any(p.gof is not None for n, p in patterns if n == name) for name, _ in patterns}


def axis_of(address: str, unit: str) -> str:
    """Return the title of the axis of a parameter: the end of its address, and its unit."""
    parts = address.split(".")
    shown = " ".join(parts[-2:] if len(parts) > 3 else parts[-1:])
    return label(f"{shown} ({unit})" if unit else shown)


def order_axis(value: SeriesValue) -> str:
    """Return the title of the axis of an order parameter."""
    return label(capital(value.description) + (f" ({value.unit})" if value.unit else ""))


# ---- of one member --------------------------------------------------------------------------------


def followed_by(member: MemberResult) -> SeriesValue | None:
    """Return the order parameter of a member, None where no candidate has one."""
    return next((v for f in member.fits.values() if (v := f.derived.get(ORDER_PARAMETER)) is not None), None)


def next_best(member: MemberResult) -> str:
    """Return by how much BIC of the next best candidate is above that of the preferred one."""
    others = [f.delta_bic for c, f in member.fits.items() if c != member.preferred and f.delta_bic is not None]
    preferred = member.fit.delta_bic if member.fit is not None and member.fit.delta_bic is not None else 0.0
    return f"{min(others) - preferred:.1f}".replace("-", "−") if others else "—"
