"""The measured points of small-angle scattering, or those to be simulated; see `saxs`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve, read_curve, resolve
from nanocrystal.data.table import number_table
from nanocrystal.errors import InputError
from nanocrystal.measurement import Measured, grid_from_text

if TYPE_CHECKING:
    from nanocrystal.techniques.saxs.technique import Saxs

FloatArray = NDArray[np.float64]
LARGEST_Q = 3.0
"""Å⁻¹; beyond it a homogeneous body is no description of a crystal"""
FEWEST = 5
RELATIVE = 0.03
"""of the intensity, the σ that relative weights take"""
LOW = 0.1
"""part of the points, the lowest, that all count by the σ of the highest of them"""


def measured_points(settings: Saxs, where: str, folder: Path) -> tuple[Measured, FloatArray]:
    """Return the points that are compared, or simulated, and the resolution of the file, (n,) Å⁻¹ (zeros: none).

    Raises InputError for a file or range that cannot be used.
    """
    if settings.file is None:
        assert settings.q is not None
        if settings.q_range is not None:
            raise InputError(f"{where}.q_range", "chooses points of a file; without one it is q alone.")
        q = grid_from_text(settings.q, f"{where}.q")
        _check_q(q, settings, f"{where}.q")
        return Measured(q, None, None, "none", "simulated", None), np.zeros_like(q)
    path = resolve(str(settings.file), folder, f"{where}.file")
    curve, width = _read(path, settings, f"{where}.file")
    per_nm = settings.q_unit == "1/nm"
    if per_nm:
        curve, width = replace(curve, x=curve.x / 10.0), width / 10.0
    notes = list(curve.notes)
    if not per_nm and curve.metadata.get("q_unit") in ("1/nm", "nm^-1", "nm-1"):
        raise InputError(f"{where}.q_unit", 'the file states q in nm⁻¹; say q_unit = "1/nm".')
    if settings.q_range is not None:
        low, high = settings.q_range
        kept = (curve.x >= low) & (curve.x <= high)
        curve, width = curve.between(low, high, f"{where}.q_range"), width[kept]
    if len(curve.x) < FEWEST:
        raise InputError(f"{where}.file", f"holds {len(curve.x)} points; at least {FEWEST} are needed.")
    _check_q(curve.x, settings, f"{where}.file")
    negative = int((curve.y < 0.0).sum())
    if negative:
        what = "1 point is" if negative == 1 else f"{negative} points are"
        notes.append(
            f"{what} negative, as background that was subtracted leaves it; kept, though not drawn on log axes."
        )
    sigma, weights = _sigma(settings, curve, where, notes)
    return Measured(curve.x, curve.y, sigma, weights, str(settings.file), curve.sha256, tuple(notes)), width


def _check_q(q: FloatArray, settings: Saxs, where: str) -> None:
    if q[0] <= 0.0:
        raise InputError(
            where, f"q must be above 0, got {q[0]:g}: behind the beam stop nothing is scattered; give q_range."
        )
    if q[-1] > LARGEST_Q:
        hint = "" if settings.q_unit == "1/nm" else '; if it is in nm⁻¹ say q_unit = "1/nm"'
        raise InputError(
            where,
            f"q goes to {q[-1]:g} Å⁻¹, but small angles end at {LARGEST_Q:g}{hint}; beyond, use total-scattering.",
        )


def _sigma(settings: Saxs, curve: Curve, where: str, notes: list[str]) -> tuple[FloatArray | None, str]:
    """Return the σ of each point, and a sentence on where it comes from."""
    if settings.weights == "sigma" and curve.sigma is None:
        raise InputError(
            f"{where}.weights",
            'is "sigma", but no column was read as σ; name it with columns = ["q", "intensity", "sigma"], or say '
            'weights = "relative".',
        )
    if settings.weights == "uniform":
        return None, "all points alike, as asked for"
    if settings.weights in ("sigma", None) and curve.sigma is not None:
        return curve.sigma, "1/σ² with the σ of the file"
    if settings.weights == "counting":
        if (curve.y < 0.0).any():
            raise InputError(f"{where}.weights", "counting weights need counts, but some intensities are negative.")
        return np.sqrt(np.maximum(curve.y, 1.0)), "counting statistics, 1/I"
    if settings.weights is None:
        notes.append(f"the file has no σ: {100.0 * RELATIVE:g} % of each intensity was assumed (weights = relative).")
    if not (curve.y > 0.0).any():
        raise InputError(f"{where}.file", "has no intensity above 0.")
    sizes = np.abs(curve.y)
    least = float(np.quantile(sizes[sizes > 0.0], LOW))
    return RELATIVE * np.maximum(sizes, least), f"{100.0 * RELATIVE:g} % of each intensity"


# ---- reading --------------------------------------------------------------------------------------


def _read(path: Path, settings: Saxs, where: str) -> tuple[Curve, FloatArray]:
    """Return the curve and its resolution, zeros where the file has none; q in the unit of the file."""
    if path.suffix.lower() == ".xml":
        return canSAS(path, where)
    columns, dq = _without_resolution(settings.columns, where)
    curve = read_curve(path, columns=columns, where=where, per_nm=settings.q_unit == "1/nm")
    if curve.x_name != "q" or curve.y_name not in ("intensity", "y"):
        raise InputError(
            where,
            f"technique saxs needs intensity over q, but {path.name} has {curve.y_name} over {curve.x_name}; if it is "
            'that all the same, say columns = ["q", "intensity"].',
        )
    if dq is None:
        return curve, np.zeros_like(curve.x)
    table = number_table(path.read_text(encoding="utf-8-sig", errors="replace"), str(path))
    assert columns is not None
    of_q = {row.values[columns.index("q")]: row.values[dq] for row in table.rows}
    width = np.array([of_q[x] for x in curve.x], dtype=np.float64)
    if not (np.isfinite(width).all() and (width >= 0.0).all()):
        raise InputError(where, "the column dq must hold standard deviations of q, at least 0.")
    return curve, width


def _without_resolution(columns: Sequence[str] | None, where: str) -> tuple[list[str] | None, int | None]:
    """Return the names of columns with "dq" ignored, and its place."""
    if columns is None or "dq" not in columns:
        return None if columns is None else list(columns), None
    if list(columns).count("dq") > 1 or "q" not in columns:
        raise InputError(where, f'columns must name one "q" and at most one "dq", got {list(columns)}.')
    return ["ignore" if name == "dq" else name for name in columns], list(columns).index("dq")


def canSAS(path: Path, where: str) -> tuple[Curve, FloatArray]:
    """Return the curve of the first SASdata of a canSAS 1D file (versions 1.0, 1.1), and its resolution."""
    try:
        content = path.read_bytes()
        root = ElementTree.fromstring(content)
    except (OSError, ElementTree.ParseError) as error:
        raise InputError(where, f"{path.name} cannot be read as canSAS XML: {error}.") from None
    data = next((e for e in root.iter() if _tag(e) == "SASdata"), None)
    points = [] if data is None else [e for e in data if _tag(e) == "Idata"]
    rows = [{_tag(c): c for c in point} for point in points]
    if not rows or not all({"Q", "I"} <= set(row) for row in rows):
        raise InputError(where, f"{path.name} holds no SASdata with Q and I; canSAS 1.0 and 1.1 can be read.")
    try:
        x, y = (np.array([float(row[n].text or "nan") for row in rows]) for n in ("Q", "I"))
        sigma = np.array([float(row["Idev"].text or "nan") for row in rows]) if "Idev" in rows[0] else None
        width = np.array([float(row["Qdev"].text or "nan") for row in rows]) if "Qdev" in rows[0] else np.zeros_like(x)
    except (KeyError, ValueError):
        raise InputError(where, f"{path.name} holds points that are not numbers.") from None
    if not np.all(np.diff(x) > 0.0) or not np.isfinite([x, y]).all():
        raise InputError(where, f"{path.name} holds Q that do not ascend, or missing values.")
    if sigma is not None and not (sigma > 0.0).all():
        raise InputError(where, f"{path.name} holds Idev that are not positive.")
    unit = (rows[0]["Q"].get("unit") or "1/A").replace(" ", "")
    read = ", ".join(n for n in ("Q", "I", "Idev", "Qdev") if n in rows[0])
    notes = (f"{len(rows)} points of the first SASdata were read: {read}",)
    digest = hashlib.sha256(content).hexdigest()
    return Curve(x, y, sigma, "q", "intensity", str(path), digest, {"q_unit": unit}, notes), width


def _tag(element: ElementTree.Element) -> str:
    """Return the name of an element without its name space."""
    return element.tag.rpartition("}")[2]
