"""The measured points of a powder pattern, or those to be simulated, and blanks; see `powder`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve, read_curve, resolve
from nanocrystal.errors import InputError
from nanocrystal.measurement import Axis, Measured, grid_from_text

if TYPE_CHECKING:
    from nanocrystal.techniques.powder.technique import Powder

FloatArray = NDArray[np.float64]
TWO_THETA = Axis("two_theta", "°")
FEWEST = 10
"""points of a fit"""
SPARSE = 0.5
"""°; a pattern with wider steps was hardly measured over 2θ"""


def measured_points(settings: Powder, where: str, folder: Path, wavelength: float) -> Measured:
    """Return the points that are compared, or simulated; wavelength: Å, to compare with what the file says.

    Raises InputError for what cannot be used.
    """
    if settings.file is None:
        return _simulated_points(settings, where)
    curve = _read(settings.file, settings.columns, folder, f"{where}.file")
    _check_angles(curve.x, f"{where}.file")
    curve = _chosen(settings, curve, where)
    notes = [*curve.notes, *_other_wavelength(curve, wavelength)]
    sigma, weights = _sigma(settings, curve, where, notes)
    if not curve.y.any():
        raise InputError(f"{where}.file", "all intensities in the range are zero; is the right column read?")
    return Measured(curve.x, curve.y, sigma, weights, str(settings.file), curve.sha256, tuple(notes))


def _other_wavelength(curve: Curve, wavelength: float) -> list[str]:
    """Return a note where the file states another wavelength than is used."""
    stated = curve.metadata.get("k_alpha_1")
    if stated is None or abs(float(stated) / wavelength - 1.0) < 1e-3:
        return []
    return [f"the file states Kα1 = {float(stated):g} Å, but {wavelength:g} Å is used: is that meant?"]


def _simulated_points(settings: Powder, where: str) -> Measured:
    for unused in ("two_theta_range", "exclude"):
        if getattr(settings, unused) is not None:
            raise InputError(f"{where}.{unused}", "chooses points of a file; without one it is two_theta alone.")
    x = grid_from_text(settings.two_theta or "", f"{where}.two_theta")
    _check_angles(x, f"{where}.two_theta")
    return Measured(x, None, None, "none", "simulated", None)


def _read(file: str | Path, columns: Sequence[str] | None, folder: Path, where: str) -> Curve:
    """Return the intensity over 2θ in a file."""
    path = resolve(str(file), folder, where)
    try:
        curve = read_curve(path, columns=columns, where=where)
    except InputError as error:
        raise _swapped(path, columns, where) or error from None
    if curve.x_name != "two_theta" or curve.y_name not in ("intensity", "y"):
        raise InputError(
            where,
            f"technique powder needs intensity over two_theta, but {path.name} has {curve.y_name} over "
            f'{curve.x_name}; if it is that all the same, say columns = ["two_theta", "intensity"].',
        )
    return curve


def _swapped(path: Path, columns: Sequence[str] | None, where: str) -> InputError | None:
    """Return what to say of a file whose columns stand the other way round; None where they do not."""
    given = list(columns) if columns is not None else ["two_theta", "intensity"]
    other = {"two_theta": "intensity", "intensity": "two_theta"}
    turned = [other.get(name, name) for name in given]
    for candidate in (turned, [*turned, "sigma"]):
        try:
            read_curve(path, columns=candidate, where=where)
        except InputError:
            continue
        listed = ", ".join(f'"{name}"' for name in candidate)
        return InputError(
            where,
            f"in {path.name} the column read as two_theta is not in order, but the one read as intensity is: they seem "
            f"to be swapped; say columns = [{listed}].",
        )
    return None


def _check_angles(x: FloatArray, where: str) -> None:
    if x[0] < 0.0:
        raise InputError(where, f"2θ must not be negative, got {x[0]:g}.")
    if x[-1] >= 180.0:
        raise InputError(
            where, f"2θ must be below 180°, got {x[-1]:g}; is the abscissa in degrees, and are the columns in order?"
        )
    step = float(np.median(np.diff(x)))
    if step > SPARSE:
        raise InputError(where, f"the points are {step:g}° apart; peaks need steps of {SPARSE:g}° or less.")


def _chosen(settings: Powder, curve: Curve, where: str) -> Curve:
    """Return the points within the range asked for and outside the excluded regions."""
    limits = settings.two_theta_range
    if limits is not None:
        if not limits[0] < limits[1]:
            raise InputError(f"{where}.two_theta_range", f"needs low < high, got [{limits[0]:g}, {limits[1]:g}].")
        curve = curve.between(limits[0], limits[1], f"{where}.two_theta_range")
    if len(curve.x) < FEWEST:
        key = "file" if limits is None else "two_theta_range"
        raise InputError(f"{where}.{key}", f"holds {len(curve.x)} points; at least {FEWEST} are needed.")
    kept = np.ones(len(curve.x), dtype=bool)
    regions = sorted(tuple(region) for region in settings.exclude or ())
    for low, high in regions:
        if not low < high:
            raise InputError(f"{where}.exclude", f"each region needs low < high, got [{low:g}, {high:g}].")
        kept &= (curve.x < low) | (curve.x > high)
    for (low, high), (start, end) in pairwise(regions):
        if start < high:
            raise InputError(
                f"{where}.exclude",
                f"[{low:g}, {high:g}] and [{start:g}, {end:g}] overlap; write [{low:g}, {max(high, end):g}] instead.",
            )
    if kept.sum() < FEWEST:
        raise InputError(
            f"{where}.exclude", f"leaves {kept.sum()} of {len(kept)} points; at least {FEWEST} are needed."
        )
    sigma = None if curve.sigma is None else curve.sigma[kept]
    return replace(curve, x=curve.x[kept], y=curve.y[kept], sigma=sigma)


def _sigma(settings: Powder, curve: Curve, where: str, notes: list[str]) -> tuple[FloatArray | None, str]:
    """Return the standard deviations of the points and one sentence on where they come from."""
    wanted = settings.weights
    if wanted == "uniform":
        return None, "all points alike, as asked for"
    if wanted != "counting" and curve.sigma is not None:
        return curve.sigma, "1/σ² with the σ of the file"
    if wanted == "sigma":
        raise InputError(
            f"{where}.weights",
            'is "sigma", but no column of the file was read as σ; name it with columns = ["two_theta", "intensity", '
            '"sigma"], or say weights = "counting".',
        )
    if (curve.y < 0.0).any():
        at = int(np.flatnonzero(curve.y < 0.0)[0])
        raise InputError(
            f"{where}.{'weights' if wanted else 'file'}",
            f"counting weights need counts of at least 0, but at 2θ = {curve.x[at]:g}° the file has {curve.y[at]:g}; "
            'give σ as a third column, or say weights = "uniform".',
        )
    if wanted is None:
        notes.append("the file has no σ: counting statistics, σ = √I, were assumed.")
    return np.sqrt(np.maximum(curve.y, 1.0)), "counting statistics, 1/I"


def blank_at(file: str, columns: Sequence[str] | None, x: FloatArray, where: str, folder: Path) -> FloatArray:
    """Return a blank at the points of the data, interpolated linearly."""
    curve = _read(file, columns, folder, f"{where}.file")
    step = float(np.median(np.diff(curve.x)))
    if curve.x[0] > x[0] + step or curve.x[-1] < x[-1] - step:
        raise InputError(
            f"{where}.file",
            f"{Path(file).name} goes from {curve.x[0]:g} to {curve.x[-1]:g}°, the data from {x[0]:g} to {x[-1]:g}°; "
            "the blank must cover them, or give two_theta_range.",
        )
    if not curve.y.any():
        raise InputError(f"{where}.file", f"{Path(file).name} is zero everywhere; leave the blank out.")
    return np.interp(x, curve.x, curve.y)
