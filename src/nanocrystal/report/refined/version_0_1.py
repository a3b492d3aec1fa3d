"""Results that version 0.1 wrote: results.json without curves, which stand in the CSV of each data set."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.measurement.curve import Look, Stack, Stretch
from nanocrystal.report.beside import MOST_BYTES, beside, text_beside
from nanocrystal.report.encoding import decoded
from nanocrystal.report.refined.result import FineCurve, FittedCurve, Result
from nanocrystal.text import file_bytes, in_any_case, shown

Columns = dict[str, list[str]]
LEADING = ("observed", "sigma", "calculated", "background")
"""columns of a CSV after the abscissa; what follows are components"""
NOTHING: Columns = {"x": [], **{name: [] for name in LEADING}}
"""of a data set whose CSV is not there any more"""
MERITS = ("technique", "n_points", "rw", "rwp", "rwp_without_background", "chi2_red", "gof", "weights")


def restored(kind: type[Result], document: Mapping[str, Any], folder: Path) -> Any:
    """Return the result of a folder: everything but what only its report held (sizes, pictures, methods).

    Raises OSError, KeyError or ValueError where the files are not those of a refinement.
    """
    names = [name for name in document["files"] if name.endswith((".cif", ".xyz"))]
    whole = dict(document) | {
        "n_evaluations": 0,
        "sizes": {},
        "structures": {n: text_beside(folder, n) for n in names if beside(folder, n).is_file()},
        "datasets": {},
    }
    result = decoded(kind, whole)
    curves = {name: _curve(name, record, folder) for name, record in document["datasets"].items()}
    return type(result)(**{**vars(result), "datasets": curves})


def _look(curves: list[str]) -> Look:
    """Return how a data set is shown, from the name of the curve of each point (n,), of which there may be several."""
    if not curves:
        return Look()
    starts = [k for k, name in enumerate(curves) if k == 0 or name != curves[k - 1]]
    ends = [*starts[1:], len(curves)]
    stretches = tuple(Stretch(curves[a], a, b) for a, b in zip(starts, ends, strict=True))
    return Look(stack=Stack("offset", stretches))


def _curve(name: str, record: Mapping[str, Any], folder: Path) -> FittedCurve:
    points, fine = (beside(folder, f"{name}{ending}.csv") for ending in ("", "_fine"))
    columns = columns_of(points) if points.is_file() else dict(NOTHING)
    look = _look(columns.pop("curve", []))
    x_name, x = next(iter(columns.items()))
    labels, places = points_of(x)
    background = numbers(columns["background"])
    sigma = columns["sigma"]
    merits: dict[str, Any] = {key: record.get(key) for key in MERITS}
    return FittedCurve(
        **merits,
        notes=tuple(record["notes"]),
        x=places,
        labels=labels,
        look=look,
        x_name=x_name,
        x_unit="",
        y_name="",
        y_unit="",
        source="",
        observed=numbers(columns["observed"]),
        sigma=None if not any(sigma) else numbers(sigma),
        calculated=numbers(columns["calculated"]),
        background=background if background.any() else None,
        components={n: numbers(c) for n, c in columns.items() if n not in (x_name, *LEADING)},
        fine=_fine(fine) if fine.is_file() else None,
    )


def _fine(path: Path) -> FineCurve:
    columns = columns_of(path)
    columns.pop("curve", None)
    x_name = next(iter(columns))
    observed = columns["observed"]
    return FineCurve(
        x=numbers(columns[x_name]),
        observed=numbers(observed) if any(observed) else None,
        calculated=numbers(columns["calculated"]),
        components={n: numbers(c) for n, c in columns.items() if n not in (x_name, *LEADING)},
    )


def columns_of(path: Path) -> Columns:
    text = in_any_case(file_bytes(path, shown(path), MOST_BYTES))
    heads, *rows = list(csv.reader(io.StringIO(text, newline="")))
    return {head: [row[k] for row in rows] for k, head in enumerate(heads)}


def numbers(column: list[str]) -> Any:
    return np.array([float(v) if v else np.nan for v in column])


def points_of(column: list[str]) -> tuple[tuple[str, ...], Any]:
    """Return labels and abscissa: names of points are no numbers, and the abscissa then only counts them."""
    try:
        return (), numbers(column)
    except ValueError:
        return tuple(column), np.arange(len(column), dtype=np.float64)
