"""Writing a result to a folder: all or nothing, and never over a file that is not ours."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nanocrystal.errors import InputError
from nanocrystal.report.compared.result import Comparison
from nanocrystal.report.refined.result import FineCurve, FittedCurve, Result, Stack, TrendCurve
from nanocrystal.text import csv_text

RESULTS = "results.json"
SIMULATION = "simulation.json"
COMPARISON = "comparison.json"


def results_document(result: Result, files: list[str]) -> dict[str, Any]:
    """Return results.json as a mapping; numbers that are not finite become null."""
    document = {
        "title": result.title,
        "version": result.version,
        "converged": result.converged,
        "message": result.message,
        "elapsed_s": result.elapsed_s,
        "parameters": {
            address: {
                "value": p.value,
                "stderr": p.stderr,
                "stderr_scaled": p.stderr_scaled,
                "unit": p.unit,
                "status": p.status,
                "min": p.min,
                "max": p.max,
                "quantity": p.quantity,
                "definition": p.definition,
            }
            for address, p in result.parameters.items()
        },
        "derived": {
            address: {
                "value": d.value,
                "stderr": d.stderr,
                "unit": d.unit,
                "quantity": d.quantity,
                "definition": d.definition,
            }
            for address, d in result.derived.items()
        },
        "datasets": {
            name: {
                "technique": d.technique,
                "n_points": d.n_points,
                "rw": d.rw,
                "rwp": d.rwp,
                "rwp_without_background": d.rwp_without_background,
                "chi2_red": d.chi2_red,
                "gof": d.gof,
                "weights": d.weights,
                "notes": list(d.notes),
            }
            for name, d in result.datasets.items()
        },
        "correlations": {
            "names": list(result.correlation_names),
            "matrix": [[float(v) for v in row] for row in result.correlation_matrix],
        },
        **({} if result.joint is None else {"joint": asdict(result.joint)}),
        "inputs": dict(result.inputs),
        "notes": list(result.notes),
        "provenance": dict(result.provenance),
        "files": sorted(files),
    }
    return finite(document)  # type: ignore[no-any-return]


def finite(value: Any) -> Any:
    """Return the same structure with numbers that are not finite replaced by None."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


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
    copy = ["study.toml"] if study_copy else []
    curves = [f for n in datasets for f in (f"{n}.csv", fine_name(n, datasets), trend_name(n, datasets))]
    return ["report.html", *curves, *models, *copy, RESULTS]


def check_folder(folder: Path, names: list[str], record: str = RESULTS) -> None:
    """Raise InputError where writing `names` into `folder` would replace a file that is not ours.

    Ours are the files that an earlier `record` in the folder lists.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError("--out", f"{str(folder)!r} is a file; name a folder for the results.")
    ours: set[str] = set()
    with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
        ours = set(json.loads((folder / record).read_text(encoding="utf-8")).get("files", []))
    foreign = [n for n in names if (folder / n).exists() and n not in ours]
    foreign += [Path(n).parts[0] for n in names if "/" in n and (folder / n).parent.is_file()]
    if foreign:
        raise InputError(
            "--out",
            f"would replace {foreign[0]!r} in {str(folder)!r}, which no earlier run wrote; name another folder.",
        )
    parent = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    if not os.access(parent, os.W_OK):
        raise InputError("--out", f"{str(parent)!r} cannot be written to; name another folder.")


def write_simulation(curves: Mapping[str, Mapping[str, Any]], title: str, version: str, folder: Path) -> None:
    """Write one CSV for each simulated data set, and simulation.json, which lists them."""
    texts = {f"{name}.csv": csv_text(columns) for name, columns in curves.items()}
    record = {"title": title, "version": version, "files": sorted([*texts, SIMULATION])}
    write_texts({**texts, SIMULATION: json.dumps(record, indent=1, ensure_ascii=False) + "\n"}, folder)


def write_result(result: Result, folder: Path | str, study_text: str | None = None) -> Path:
    """Write report, CSVs, models, study (if its text is given) and results.json; return the path of the report.

    Everything is written beside the folder first and moved in at the end, results.json last.
    """
    folder = Path(folder)
    write_texts(result_texts(result, study_text), folder)
    return folder / "report.html"


def result_texts(result: Result, study_text: str | None = None) -> dict[str, str]:
    """Return the files of a result: name -> text, results.json last."""
    from nanocrystal.report.page.page import report_html

    texts = {"report.html": report_html(result)}
    for name, curve in result.datasets.items():
        texts[f"{name}.csv"] = curve_csv(curve)
        if curve.fine is not None:
            texts[fine_name(name, result.datasets)] = fine_csv(curve.fine, curve.x_name, curve.look.stack)
        if curve.trends:
            texts[trend_name(name, result.datasets)] = trend_csv(curve.trends)
    texts |= dict(result.structures)
    return recorded(texts, study_text, RESULTS, lambda files: results_document(result, files))


def recorded(
    texts: Mapping[str, str], study_text: str | None, record: str, document_of: Callable[[list[str]], Mapping[str, Any]]
) -> dict[str, str]:
    """Return files: name -> text, with the study (if its text is given) and, last, the record that lists them all.

    document_of: makes the record, which holds finite numbers only, from the names of all files.
    """
    study = {} if study_text is None else {"study.toml": study_text}
    document = document_of([*texts, *study, record])
    return {**texts, **study, record: json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"}


def compared_names(candidates: Mapping[str, tuple[list[str], list[str]]], study_copy: bool) -> list[str]:
    """Return the names of the files that a comparison may write; candidate -> its data sets and models."""
    own = [f"{c}/{name}" for c, (sets, models) in candidates.items() for name in names_written(sets, models, False)]
    return ["report.html", *own, *(["study.toml"] if study_copy else []), COMPARISON]


def write_comparison(comparison: Comparison, folder: Path | str, study_text: str | None = None) -> Path:
    """Write the report of a comparison, a folder for each candidate and comparison.json; return the report's path.

    Everything is written beside the folder first and moved in at the end, comparison.json last.
    """
    from nanocrystal.report.compared.page import comparison_html

    folder = Path(folder)
    texts = {"report.html": comparison_html(comparison)}
    for candidate, result in comparison.results.items():
        texts |= {f"{candidate}/{name}": text for name, text in result_texts(result).items()}
    write_texts(recorded(texts, study_text, COMPARISON, lambda files: comparison_document(comparison, files)), folder)
    return folder / "report.html"


def comparison_document(comparison: Comparison, files: list[str]) -> dict[str, Any]:
    """Return comparison.json as a mapping; numbers that are not finite become null."""
    figures = ("n_parameters", "chi2", "gof", "chi2_effective", "aic", "bic", "delta_aic", "delta_bic")
    document = {
        "title": comparison.title,
        "version": comparison.version,
        "complete": comparison.complete,
        "elapsed_s": comparison.elapsed_s,
        "verdict": list(comparison.verdict),
        "best": comparison.best,
        "ranking": [s.name for s in comparison.standings if s.judged],
        "candidates": {
            s.name: {
                "description": s.description,
                "judged": s.judged,
                "problem": s.problem,
                **{key: getattr(s, key) for key in figures},
                "result": None if s.result is None else results_document(s.result, []),
            }
            for s in comparison.standings
        },
        "pairs": [{**vars(p), "blocks": dict(p.blocks)} for p in comparison.pairs],
        "datasets": {name: vars(basis) for name, basis in comparison.bases.items()},
        "notes": list(comparison.notes),
        "inputs": dict(comparison.inputs),
        "files": sorted(files),
    }
    return finite(document)  # type: ignore[no-any-return]


def write_texts(texts: Mapping[str, str], folder: Path) -> None:
    """Write files into `folder` (made if need be) so that each is whole or absent; in the given order.

    Names may hold a folder, as in cubic/results.json.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    # inside the folder where it is there already: what lies above it may be another disk, or not be ours to write to
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder if folder.is_dir() else folder.parent))
    try:
        for name, text in texts.items():
            (staging / name).parent.mkdir(exist_ok=True)
            (staging / name).write_text(text, encoding="utf-8", newline="\n")
        folder.mkdir(exist_ok=True)
        for name in texts:
            (folder / name).parent.mkdir(exist_ok=True)
            os.replace(staging / name, folder / name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
