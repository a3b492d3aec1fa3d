"""The files of a series: those of its members, a table of all of them, and series.json."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from nanocrystal.report.compared.files import COMPARISON, comparison_document
from nanocrystal.report.compared.result import Comparison
from nanocrystal.report.encoding import finite
from nanocrystal.report.files import write_texts
from nanocrystal.report.refined.files import curve_csv, results_document
from nanocrystal.report.refined.result import RESULTS, Result
from nanocrystal.report.series.result import (
    ORDER_PARAMETER,
    MemberFit,
    MemberResult,
    SeriesResult,
    SeriesValue,
    shown_addresses,
)
from nanocrystal.report.series.switch import single_switch
from nanocrystal.text import csv_of_rows

SERIES = "series.json"
MEMBER = "member.json"
"""the checkpoint of a member, written last"""
REPORT = "report.html"
PLOTLY = "plotly.min.js"
"""what the pages of all members share"""
WITHOUT_ERROR = ("fixed", "at_bound", "undetermined")


def member_texts(result: Result, has_reports: bool, depth: int = 1) -> dict[str, str]:
    """Return the files of a member without candidates: name -> text; depth: folders below that of the series."""
    if has_reports:
        texts = result.files()
        return {**texts, REPORT: light_page(texts[REPORT], depth)}
    texts = {f"{name}.csv": curve_csv(curve) for name, curve in result.datasets.items()}
    texts |= result.structures
    document = results_document(result, [*texts, RESULTS])
    return {**texts, RESULTS: _json(document)}


def comparison_texts(comparison: Comparison, has_reports: bool) -> dict[str, str]:
    """Return the files of a member with candidates: name -> text, a folder for each candidate."""
    from nanocrystal.report.compared.page import comparison_html

    texts = {REPORT: light_page(comparison_html(comparison), 1)} if has_reports else {}
    for name, result in comparison.results.items():
        texts |= {f"{name}/{file}": text for file, text in member_texts(result, has_reports, 2).items()}
    return {**texts, COMPARISON: _json(comparison_document(comparison, list(texts)))}


def light_page(page: str, depth: int) -> str:
    """Return a page that takes plotly.js from the folder of the series, `depth` folders above, instead of holding it.

    A hundred members with reports of their own would otherwise hold plotly.js, 5 MB, hundreds of times.
    """
    held, linked = f"<script>\n{plotly_text()}\n</script>", f'<script src="{"../" * depth}{PLOTLY}"></script>'
    if page.count(held) != 1:
        return page
    allowed = "script-src 'unsafe-inline'"
    page = page.replace(allowed, f"{allowed} 'self' file:", 1).replace(held, linked)
    complete = "This page is complete in itself: it loads nothing from the network."
    return page.replace(complete, f"Its figures need {PLOTLY} in the folder of the series.")


@cache
def plotly_text() -> str:
    """Return plotly.js, as the pages hold it."""
    return resources.files("plotly").joinpath("package_data/plotly.min.js").read_text(encoding="utf-8")


def write_member(member: MemberResult, texts: dict[str, str], folder: Path) -> None:
    """Write the files of a member to its folder in that of the series, member.json last; older ones are removed."""
    names = sorted([*texts, MEMBER])
    for name in set(_listed(folder / member.name / MEMBER)) - set(names):
        (folder / member.name / name).unlink(missing_ok=True)
    document = {"files": names, "member": member.document()}
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    except ValueError:  # a number that is not finite, in a quantity that follows from others
        text = json.dumps(finite(document), ensure_ascii=False, allow_nan=False)
    write_texts({**texts, MEMBER: f"{text}\n"}, folder / member.name)


def read_member(folder: Path, name: str) -> MemberResult | None:
    """Return what an earlier run found for a member, None where there is nothing that can be read."""
    try:
        document = json.loads((folder / name / MEMBER).read_text(encoding="utf-8"))
        return MemberResult.from_document(document["member"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_series(series: SeriesResult, folder: Path, files: list[str], study_text: str | None) -> Path:
    """Write report, table and series.json of a series, series.json last; return the path of the report."""
    from nanocrystal.report.series.page import series_html

    texts = {REPORT: series_html(series), "series.csv": series_csv(series)}
    if study_text is not None:
        texts["study.toml"] = study_text
    texts[SERIES] = _json(series_document(series, sorted({*files, *_earlier(folder)})))
    write_texts(texts, folder)
    return folder / REPORT


def write_begun(folder: Path, title: str, files: list[str]) -> None:
    """Write a series.json that says which files will be ours, before there is anything else, and what all share."""
    begun = {"title": title, "complete": False, "members": {}, "files": sorted({*files, *_earlier(folder)})}
    shared = {PLOTLY: plotly_text()} if PLOTLY in files else {}
    write_texts({SERIES: _json(begun), **shared}, folder)


def remove_begun(folder: Path) -> None:
    """Remove what `write_begun` wrote to a folder that was not there before, and the folder where it is empty then."""
    for name in (SERIES, PLOTLY):
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _earlier(folder: Path) -> list[str]:
    """Return the files of earlier runs in a folder that are still there."""
    return [name for name in _listed(folder / SERIES) if (folder / name).is_file()]


def _listed(record: Path) -> list[str]:
    """Return the files that a record of an earlier run lists, none where it cannot be read."""
    try:
        return list(json.loads(record.read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


# ---- the table ------------------------------------------------------------------------------------


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
        own = [m for m in series.members if candidate in m.fits]
        for name in dict.fromkeys(n for m in own for n in m.fits[candidate].patterns):
            columns.append(([f"{prefix}rw.{name}", f"{prefix}gof.{name}"], candidate, _merits(name)))
        if candidate:
            columns.append(([f"{prefix}delta_bic"], candidate, lambda fit: [fit.delta_bic]))
        for address in shown_addresses([_only(m, candidate) for m in own]):
            columns.append(([f"{prefix}{address}", f"{prefix}{address}_stderr"], candidate, _parameter(address)))
        if any(ORDER_PARAMETER in m.fits[candidate].derived for m in own):
            heads = [f"{prefix}{ORDER_PARAMETER}", f"{prefix}{ORDER_PARAMETER}_stderr"]
            columns.append((heads, candidate, _derived(ORDER_PARAMETER)))
    return columns


def _only(member: MemberResult, candidate: str) -> MemberResult:
    from dataclasses import replace

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


# ---- series.json ----------------------------------------------------------------------------------


def series_document(series: SeriesResult, files: list[str]) -> dict[str, Any]:
    """Return series.json as a mapping; numbers that are not finite become null."""
    document = {
        "title": series.title,
        "version": series.version,
        "variable": series.variable,
        "unit": series.unit,
        "mode": series.mode,
        "complete": series.complete,
        "interrupted": series.interrupted,
        "elapsed_s": series.elapsed_s,
        "candidates": list(series.candidates),
        "order_parameter": series.order_parameter,
        "shared": list(series.shared),
        "members": {m.name: _member_document(m) for m in series.members},
        "missing": list(series.missing),
        "transitions": [
            {
                "branch": t.branch,
                "below": t.below,
                "above": t.above,
                "value": t.value,
                "bracket": t.bracket,
                "members": list(t.members),
            }
            for t in series.transitions
        ],
        "switches": [
            {"branch": s.branch, "below": s.below, "above": s.above, "value": s.value, "bracket": s.bracket}
            for s in (single_switch(series.along(b), b) for b in series.branches)
            if s is not None
        ],
        "trends": [
            {
                "parameter": t.address,
                "candidate": t.candidate,
                "branch": t.branch,
                "unit": t.unit,
                "slope": t.line.slope,
                "slope_stderr": t.line.stderr,
                "level": t.line.level,
                "at": t.line.at,
                "relative_slope": t.line.relative,
                "relative_slope_stderr": t.line.relative_stderr,
                "chi2_red": t.line.chi2_red,
                "n": t.line.n,
            }
            for t in series.trends
        ],
        "notes": list(series.notes),
        "inputs": dict(series.inputs),
        "files": sorted(files),
    }
    return finite(document)  # type: ignore[no-any-return]


def _member_document(member: MemberResult) -> dict[str, Any]:
    return {
        "value": member.value,
        "branch": member.branch,
        "state": state_of(member),
        "preferred": member.preferred,
        "best": list(member.best),
        "problem": member.problem,
        "notes": list(member.notes),
        "carried_from": member.carried_from,
        "elapsed_s": member.elapsed_s,
        "fingerprint": member.fingerprint,
        "fits": {
            name: {
                "converged": fit.converged,
                "n_parameters": fit.n_parameters,
                "bic": fit.bic,
                "delta_bic": fit.delta_bic,
                "datasets": {n: {"rw": p.rw, "gof": p.gof, "n_points": p.n_points} for n, p in fit.patterns.items()},
                "parameters": {a: _value_document(v) for a, v in fit.values.items()},
                "derived": {a: _value_document(v) for a, v in fit.derived.items()},
            }
            for name, fit in member.fits.items()
        },
    }


def _value_document(value: SeriesValue) -> dict[str, Any]:
    return {"value": value.value, "stderr": value.stderr, "unit": value.unit, "status": value.status}


def _json(document: Any) -> str:
    return json.dumps(finite(document), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
