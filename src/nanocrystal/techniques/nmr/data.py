"""The measured points of a spectrum or a series of delays, from a file with columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve, read_curve, resolve
from nanocrystal.data.table import number_table
from nanocrystal.errors import InputError
from nanocrystal.kernels.lines_arpls import arpls_baseline
from nanocrystal.measurement import Measured, grid_from_text

FloatArray = NDArray[np.float64]
Range = tuple[float, float]
ALIASES = {"ppm": "x", "hz": "x", "shift": "x", "delay": "x", "time": "x", "real": "y", "integral": "y"}
"""names of columns that NMR people use, and what the reader calls them"""
USUAL = {2: ["x", "y"], 3: ["x", "y", "sigma"]}
"""what the columns of a file are unless the study says, by their number"""
FEWEST = 4
MHZ = (1.0, 3000.0)
"""between which the frequencies of nuclei in the fields of spectrometers are"""


def simulated_points(text: str, where: str, others: Sequence[tuple[str, object]]) -> Measured:
    """Return points START:STOP:STEP that nothing was measured at; others: keys that only a file can have."""
    for key, value in others:
        if value is not None:
            raise InputError(f"{where}.{key}", "is for the points of a file; leave it out.")
    return Measured(grid_from_text(text, f"{where}.x"), None, None, "none", "simulated", None)


def measured_curve(file: str | Path, columns: Sequence[str] | None, where: str, folder: Path) -> Curve:
    """Return the columns of a file; raises InputError."""
    path = resolve(str(file), folder, f"{where}.file")
    names = None if columns is None else [ALIASES.get(c, c) for c in columns]
    if names is None and path.is_file():
        width = number_table(path.read_text(encoding="utf-8-sig", errors="replace"), str(path)).width
        if width not in USUAL:
            raise InputError(
                f"{where}.columns",
                f'{path.name} has {width} columns; name them, such as columns = ["x", "y", "ignore"].',
            )
        names = USUAL[width]
    return read_curve(path, columns=names, where=f"{where}.file")


def check_mhz(value: float | None, where: str) -> None:
    """Raise InputError for a spectrometer frequency that cannot be in MHz; None is not checked."""
    if value is None or MHZ[0] <= value <= MHZ[1]:
        return
    problem = "must be above 0 MHz" if value <= 0.0 else f"must be from {MHZ[0]:g} to {MHZ[1]:g} MHz (400e6 Hz is 400)"
    raise InputError(where, f"{problem}, got {value:g}.")


def measured_points(
    curve: Curve, where: str, x_range: Range | None, exclude: Sequence[Range] | None, noise_range: Range | None
) -> Measured:
    """Return the points that are compared; raises InputError.

    σ is that of the file; or the scatter about a straight line in noise_range, which holds no line; or none.
    """
    sigma, weights, notes = curve.sigma, "1/σ² with the σ of the file", list(curve.notes)
    if noise_range is not None:
        if sigma is not None:
            raise InputError(f"{where}.noise_range", "stands beside the sigma of the file; use one of the two.")
        scatter = _scatter(curve.between(*noise_range, f"{where}.noise_range"), f"{where}.noise_range")
        sigma, weights = np.full_like(curve.y, scatter), "all points alike, σ from the scatter in noise_range"
        notes.append(f"σ = {scatter:.4g} from the scatter between {noise_range[0]:g} and {noise_range[1]:g}.")
    elif sigma is None:
        weights = "all points alike"
    curve = replace(curve, sigma=sigma)
    if x_range is not None:
        curve = curve.between(*x_range, f"{where}.x_range")
    kept = np.ones(len(curve.x), dtype=np.bool_)
    for low, high in exclude or ():
        if not low < high:
            raise InputError(f"{where}.exclude", f"must be ranges [low, high], got [{low:g}, {high:g}].")
        kept &= (curve.x < low) | (curve.x > high)
    if kept.sum() < FEWEST:
        raise InputError(f"{where}.file", f"leaves {int(kept.sum())} points to fit; at least {FEWEST} are needed.")
    sigma = None if curve.sigma is None else curve.sigma[kept]
    return Measured(curve.x[kept], curve.y[kept], sigma, weights, curve.source, curve.sha256, tuple(notes))


def without_arpls(curve: Curve, stiffness: float | None, where: str) -> Curve:
    """Return a curve less its arPLS baseline, with a note; unchanged without a stiffness."""
    if stiffness is None:
        return curve
    baseline = arpls_baseline(curve.y, stiffness, f"{where}.arpls_stiffness")
    note = (
        f"an arPLS baseline of stiffness {stiffness:g} was subtracted from the whole curve before the fit (Baek et "
        "al., Analyst 140, 250 (2015)); that it may be off is in no standard error"
    )
    return replace(curve, y=curve.y - baseline, notes=(*curve.notes, note))


def _scatter(part: Curve, where: str) -> float:
    """Return the standard deviation of points about the straight line through them."""
    if len(part.x) < 20:
        raise InputError(where, f"holds {len(part.x)} points; at least 20 are needed to tell the noise.")
    rest = part.y - np.polynomial.Polynomial.fit(part.x, part.y, 1)(part.x)
    scatter = float(np.sqrt(rest @ rest / (len(rest) - 2)))
    if not scatter > 0.0:
        raise InputError(where, "holds no noise: all its points lie on a line.")
    return scatter
