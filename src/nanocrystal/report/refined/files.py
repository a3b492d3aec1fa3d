"""The files of a refinement beside its report: curves as CSV, and their names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from nanocrystal.arrays import without_arrays
from nanocrystal.report.outcome import REPORT, STUDY
from nanocrystal.report.refined.result import RESULTS, FineCurve, FittedCurve, Result, Stack, TrendCurve
from nanocrystal.text import csv_text


def results_document(result: Result, files: list[str]) -> dict[str, Any]:
    """Return the document of a refinement without its arrays, as the records of several refinements hold it."""
    return without_arrays(result.recorded()) | {"files": sorted(files)}  # type: ignore[no-any-return]


def result_tables(result: Result) -> dict[str, str]:
    """Return the files beside the report: name -> text."""
    texts = {}
    for name, curve in result.datasets.items():
        if len(curve.x):
            texts[f"{name}.csv"] = curve_csv(curve)
        if curve.fine is not None:
            texts[fine_name(name, result.datasets)] = fine_csv(curve.fine, curve.x_name, curve.look.stack)
        if curve.trends:
            texts[trend_name(name, result.datasets)] = trend_csv(curve.trends)
    return texts | dict(result.structures)


def curve_csv(curve: FittedCurve) -> str:
    """Return one data set as CSV: abscissa, observed, sigma, calculated, background, components."""
    columns: dict[str, Any] = {curve.x_name: curve.labels or curve.x, "observed": curve.observed}
    if curve.look.stack is not None:
        columns = {"curve": [s.name for s in curve.look.stack.stretches for _ in range(s.start, s.stop)], **columns}
    empty = [""] * len(curve.x)
    columns["sigma"] = empty if curve.sigma is None else curve.sigma
    columns["calculated"] = curve.calculated
    columns["background"] = [0.0] * len(curve.x) if curve.background is None else curve.background
    columns |= curve.components
    return csv_text(columns)


def fine_csv(curve: FineCurve, x_name: str, stack: Stack | None = None) -> str:
    """Return a data set on its finer grid as CSV: name of the curve of a stack, abscissa, observed, calculated, …"""
    observed = [""] * len(curve.x) if curve.observed is None else curve.observed
    columns = {x_name: curve.x, "observed": observed, "calculated": curve.calculated, **curve.components}
    if stack is not None:
        columns = {"curve": [s.name for s in stack.stretches for _ in range(s.fine_start, s.fine_stop)], **columns}
    return csv_text(columns)


def trend_csv(trends: Sequence[TrendCurve]) -> str:
    """Return trends of one data set as CSV: names of its curves, what was changed, each series and its error."""
    columns: dict[str, Any] = {"curve": trends[0].names, trends[0].x_name: trends[0].x}
    for trend in trends:
        for name, (values, errors) in trend.series.items():
            columns |= {f"{name} ({trend.y_unit})": values, f"{name} stderr": errors}
    return csv_text(columns)


def trend_name(name: str, datasets: Collection[str]) -> str:
    """Return the name of the file of a data set's trends; no other data set is called like it."""
    stem = f"{name}_trend"
    while stem in datasets:
        stem += "_"
    return f"{stem}.csv"


def fine_name(name: str, datasets: Collection[str]) -> str:
    """Return the name of the file of a data set on its finer grid; no other data set is called like it."""
    stem = f"{name}_fine"
    while stem in datasets:
        stem += "_"
    return f"{stem}.csv"


def names_written(datasets: list[str], models: list[str], study_copy: bool) -> list[str]:
    """Return the names of the files that a refinement of these data sets may write."""
    copy = [STUDY] if study_copy else []
    curves = [f for n in datasets for f in (f"{n}.csv", fine_name(n, datasets), trend_name(n, datasets))]
    return [REPORT, *curves, *models, *copy, RESULTS]
