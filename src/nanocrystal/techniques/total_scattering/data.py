"""The measured points of total scattering, or those to be simulated, and blanks; see `total_scattering`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve, read_curve, resolve
from nanocrystal.data.supplied import curve_of
from nanocrystal.errors import InputError
from nanocrystal.measurement import Axis, Measured, grid_from_text

if TYPE_CHECKING:
    from nanocrystal.techniques.total_scattering.technique import Blank, TotalScattering

FloatArray = NDArray[np.float64]
LARGEST_Q = 60.0
"""Å⁻¹; a larger abscissa is not a Q in Å⁻¹"""
FEWEST = 10
"""points of a fit"""
MANY_COUNTS = 20.0
"""where points mostly have more, a count of 0 is no chance (less than 1e-8)"""


def measured_points(
    settings: TotalScattering, where: str, folder: Path, wavelength: float | None
) -> tuple[Measured, Axis]:
    """Return the points that are compared, or simulated, and their abscissa.

    Raises InputError for a file or range that cannot be used.
    """
    if settings.file is None:
        return _simulated_points(settings, where)
    curve = _chosen(settings, _read(settings, where, folder), where)
    _check_abscissa(curve.x, curve.x_name, f"{where}.file")
    if settings.weights == "sigma" and curve.sigma is None:
        raise InputError(
            f"{where}.weights",
            f'is "sigma", but no column of {_file_name(settings)} was read as σ; name it with '
            f'columns = ["{curve.x_name}", "intensity", "sigma"], or say weights = "counting".',
        )
    axis, notes = _axis(curve.x_name), list(curve.notes)
    sigma = None if settings.weights in ("counting", "uniform") else curve.sigma
    weights = _weight_words(settings, sigma, notes)
    if sigma is None:
        curve, left_out = _counted(settings, curve, axis, where)
        notes += left_out
        sigma = None if settings.weights == "uniform" else np.sqrt(np.maximum(curve.y, 1.0))
    return Measured(curve.x, curve.y, sigma, weights, str(settings.file), curve.sha256, tuple(notes)), axis


def _simulated_points(settings: TotalScattering, where: str) -> tuple[Measured, Axis]:
    key = "q" if settings.q is not None else "two_theta"
    for unused in ("q_range", "two_theta_range", "exclude"):
        if getattr(settings, unused) is not None:
            raise InputError(f"{where}.{unused}", f"chooses points of a file; without one it is {key} alone.")
    x = grid_from_text(getattr(settings, key), f"{where}.{key}")
    _check_abscissa(x, key, f"{where}.{key}")
    return Measured(x, None, None, "none", "simulated", None), _axis(key)


def _read(settings: TotalScattering, where: str, folder: Path) -> Curve:
    """Return the curve of the file, an intensity over Q (in the unit of the file) or 2θ."""
    assert settings.file is not None
    per_nm = settings.q_unit == "1/nm"
    curve = curve_of(settings.file, folder, f"{where}.file", columns=settings.columns, per_nm=per_nm)
    name = _file_name(settings)
    if curve.x_name not in ("q", "two_theta") or curve.y_name not in ("intensity", "y"):
        raise InputError(
            f"{where}.file",
            f"technique total-scattering needs intensity over q or two_theta, but {name} has "
            f'{curve.y_name} over {curve.x_name}; if it is that all the same, say columns = ["q", "intensity"].',
        )
    if settings.q_unit == "1/nm" and curve.x_name != "q":
        raise InputError(f"{where}.q_unit", f"is the unit of Q, but {name} is over 2θ; leave it out.")
    return curve


def _file_name(settings: TotalScattering) -> str:
    return Path(str(settings.file)).name


def _chosen(settings: TotalScattering, curve: Curve, where: str) -> Curve:
    """Return the points within the range asked for and outside the excluded regions; Q in Å⁻¹."""
    if curve.x_name == "q" and settings.q_unit == "1/nm":
        curve = replace(curve, x=curve.x / 10.0)
    key = "q_range" if curve.x_name == "q" else "two_theta_range"
    other = "two_theta_range" if key == "q_range" else "q_range"
    if getattr(settings, other) is not None:
        raise InputError(f"{where}.{other}", f"does not fit a file over {curve.x_name}; give {key} instead.")
    limits = getattr(settings, key)
    if limits is not None:
        if not limits[0] < limits[1]:
            raise InputError(f"{where}.{key}", f"needs low < high, got [{limits[0]:g}, {limits[1]:g}].")
        curve = curve.between(limits[0], limits[1], f"{where}.{key}")
        if len(curve.x) < FEWEST:
            raise InputError(
                f"{where}.{key}",
                f"holds {len(curve.x)} points of the file; give a range with at least {FEWEST}.",
            )
    if len(curve.x) < FEWEST:
        have = f"{_file_name(settings)} has {len(curve.x)} points"
        raise InputError(f"{where}.file", f"{have}; at least {FEWEST} are needed.")
    kept = np.ones(len(curve.x), dtype=bool)
    for low, high in settings.exclude or ():
        if not low < high:
            raise InputError(f"{where}.exclude", f"each range needs low < high, got [{low:g}, {high:g}].")
        kept &= (curve.x < low) | (curve.x > high)
    if kept.sum() < FEWEST:
        raise InputError(
            f"{where}.exclude",
            f"leaves {kept.sum()} of {len(kept)} points; at least {FEWEST} are needed, so leave out less.",
        )
    return _kept(curve, kept)


def _check_abscissa(x: FloatArray, name: str, where: str) -> None:
    if x[0] < 0.0:
        raise InputError(where, f"{'Q' if name == 'q' else '2θ'} must not be negative, got {x[0]:g}.")
    if name == "q" and x[-1] > LARGEST_Q:
        raise InputError(
            where,
            f'Q goes to {x[-1]:g} Å⁻¹; if it is in nm⁻¹ say q_unit = "1/nm", if it is 2θ say '
            'columns = ["two_theta", "intensity"].',
        )
    if name == "two_theta" and x[-1] >= 180.0:
        raise InputError(where, f"2θ must be below 180°, got {x[-1]:g}.")


def _kept(curve: Curve, kept: NDArray[np.bool_]) -> Curve:
    sigma = None if curve.sigma is None else curve.sigma[kept]
    return replace(curve, x=curve.x[kept], y=curve.y[kept], sigma=sigma)


def _weight_words(settings: TotalScattering, sigma: FloatArray | None, notes: list[str]) -> str:
    if sigma is not None:
        return "1/σ² with the σ of the file"
    if settings.weights == "uniform":
        return "all points alike, as asked for"
    if settings.weights is None:
        notes.append("the file has no σ: counting statistics, σ = √I, were assumed.")
    return "counting statistics, 1/I"


def _counted(settings: TotalScattering, curve: Curve, axis: Axis, where: str) -> tuple[Curve, list[str]]:
    """Return the points without those at which nothing can have been counted, and a note on these.

    Intensity 0 at an end is a beam stop or the frame of a detector; among points that nearly all have many
    counts it is a gap. Elsewhere it is a count of 0. Raises InputError for negative counts.
    """
    y = curve.y
    counting = settings.weights != "uniform"
    if counting and (y < 0.0).any():
        first = int(np.flatnonzero(y < 0.0)[0])
        key = "weights" if settings.weights else "file"
        why = "counting weights" if settings.weights else "the file has no σ, and the counting weights that then hold"
        raise InputError(
            f"{where}.{key}",
            f"{why} need counts of at least 0, but at {axis.name} = {curve.x[first]:g} {axis.unit} the file has "
            f'{y[first]:g}; give σ as a third column, or say weights = "uniform".',
        )
    filled = np.flatnonzero(y)
    if not len(filled):
        return curve, []  # refused where the refinement looks at all data
    empty = y == 0.0
    if not counting or np.median(y[filled]) <= MANY_COUNTS:
        empty[filled[0] : filled[-1]] = False
    if not empty.any():
        return curve, []
    if len(y) - empty.sum() < FEWEST:
        have = f"{_file_name(settings)} has {len(y) - empty.sum()} points with an intensity other than 0"
        raise InputError(f"{where}.file", f"{have}; at least {FEWEST} are needed.")
    n, at = int(empty.sum()), curve.x[empty]
    which = f"{n} points between {at[0]:g} and {at[-1]:g}" if n > 1 else f"the point at {axis.name} = {at[0]:g}"
    has = "have" if n > 1 else "has"
    note = f"{which} {axis.unit} {has} intensity 0 (beam stop or gap: nothing was counted there), left out."
    return _kept(curve, ~empty), [note]


def blank_at(
    settings: TotalScattering, blank: Blank, x: FloatArray, axis: Axis, where: str, folder: Path
) -> FloatArray:
    """Return a blank at the points of the data, interpolated linearly."""
    per_nm = settings.q_unit == "1/nm"
    path = resolve(blank.file, folder, f"{where}.file")
    curve = read_curve(path, columns=blank.columns, where=f"{where}.file", per_nm=per_nm)
    name = Path(blank.file).name
    if curve.y_name not in ("intensity", "y"):
        raise InputError(
            f"{where}.file", f"a blank is an intensity, but {name} holds {curve.y_name} over {curve.x_name}."
        )
    if curve.x_name not in ("q", "two_theta") or _axis(curve.x_name) != axis:
        own = "q" if axis.name == "Q" else axis.name
        raise InputError(
            f"{where}.file",
            f"{name} is over {curve.x_name}, the data are over {own}; convert the blank, or if it is over {own} "
            f'all the same say columns = ["{own}", "intensity"] there.',
        )
    at = curve.x / 10.0 if curve.x_name == "q" and per_nm else curve.x
    step = float(np.median(np.diff(at)))
    if at[0] > x[0] + step or at[-1] < x[-1] - step:
        low, high = max(at[0], x[0]), min(at[-1], x[-1])
        key = "q_range" if axis.name == "Q" else "two_theta_range"
        remedy = f"; give {key} = [{low:g}, {high:g}]" if low < high else ""
        raise InputError(
            f"{where}.file",
            f"{name} goes from {at[0]:g} to {at[-1]:g} {axis.unit}, the data from {x[0]:g} to {x[-1]:g}; the blank "
            f"must cover them{remedy}.",
        )
    if not curve.y.any():
        raise InputError(f"{where}.file", f"{name} is zero everywhere; name another column or leave the blank out.")
    return np.interp(x, at, curve.y)


def _axis(name: str) -> Axis:
    return Axis("Q", "Å⁻¹") if name == "q" else Axis("two_theta", "°")
