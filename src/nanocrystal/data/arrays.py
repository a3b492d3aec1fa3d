"""Curves that are arrays in memory: checked like the columns of a file, with the name of the argument in messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data.checks import Points, Source, in_order
from nanocrystal.data.curve import Curve, FloatArray
from nanocrystal.data.supplied import SuppliedCurve
from nanocrystal.errors import InputError

IN_MEMORY = "arrays in memory"


@dataclass(frozen=True, repr=False)
class ArrayCurve(SuppliedCurve):
    """A curve of arrays (n_points,), which are copied; sha256: of their bytes, x, y and sigma one after the other.

    x_name, y_name: as a reader calls what such columns hold.
    """

    x: FloatArray = field(compare=False)
    y: FloatArray = field(compare=False)
    sigma: FloatArray | None = field(compare=False)
    x_name: str
    y_name: str
    sha256: str
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ArrayCurve({len(self.x)} points, {self.x_name} from {self.x[0]:g} to {self.x[-1]:g})"

    def __str__(self) -> str:
        return IN_MEMORY

    def source_at(self, where: str) -> str:
        return f"{IN_MEMORY} ({where})"

    def curve(self) -> Curve:
        return Curve(
            x=self.x,
            y=self.y,
            sigma=self.sigma,
            x_name=self.x_name,
            y_name=self.y_name,
            source=IN_MEMORY,
            sha256=self.sha256,
            metadata={},
            notes=self.notes,
        )


def array_curve(columns: Mapping[str, Any], reads: tuple[str, str], owner: str) -> ArrayCurve:
    """Return the curve of two or three arrays by argument: abscissa, ordinate, sigma, which may be one number.

    reads: what a reader calls the first two; owner: the class whose arguments they are. Points out of order are sorted,
    with a note. Raises InputError for what a file could not hold either: text, values that are missing, two scans of
    one range, a sigma that is not positive.
    """
    x_key, y_key, *_ = columns
    arrays = {k: _column(v, f"{owner}.{k}") for k, v in columns.items()}
    n = len(arrays[x_key])
    for key, array in arrays.items():
        if key == "sigma" and array.ndim == 0:
            arrays[key] = np.full(n, float(array))
        elif len(array) != n:
            raise InputError(f"{owner}.{key}", f"must be as long as {x_key}, which has {n} values; got {len(array)}.")
    digest = sha256(b"".join(a.astype("<f8").tobytes() for a in arrays.values())).hexdigest()
    arrays, notes = _finite(arrays, owner)
    if "sigma" in arrays:
        arrays, dropped = _with_positive_sigma(arrays, y_key, owner)
        notes += dropped
    if len(arrays[x_key]) < 3:
        raise InputError(f"{owner}.{x_key}", f"has {len(arrays[x_key])} points; a curve needs at least 3.")
    points = Points(arrays[x_key], arrays[y_key], arrays.get("sigma"), None, np.arange(len(arrays[x_key])))
    where = f"{owner}.{x_key}"
    source = Source(where, (f"{where}[", "]"), x_key, shown=lambda places: [""] * len(places), rows="points")
    points = in_order(points, source, notes)
    x, y = _kept(points.x), _kept(points.y)
    return ArrayCurve(x, y, None if points.sigma is None else _kept(points.sigma), *reads, digest, tuple(notes))


def number_array(values: Any, where: str) -> FloatArray:
    """Return an array of numbers, NaN among them; raises InputError, at the argument, for anything else."""
    if np.ma.is_masked(values):
        raise InputError(where, "has masked values; leave these points out.")
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(where, "must be an array of numbers, got rows of different lengths.") from None
    if array.dtype.kind not in "iuf":
        kinds = {"U": "text", "S": "text", "b": "truth values", "c": "complex numbers"}
        raise InputError(where, f"must be an array of numbers, got {kinds.get(array.dtype.kind, 'something else')}.")
    return array.astype(np.float64)


def _column(values: Any, where: str) -> FloatArray:
    """Return an array of one axis, or sigma as one number."""
    array = number_array(values, where)
    if array.ndim != 1 and not (array.ndim == 0 and where.endswith(".sigma")):
        raise InputError(where, f"must be an array with one axis, (n_points,), got the shape {array.shape}.")
    return array


def _finite(arrays: Mapping[str, FloatArray], owner: str) -> tuple[dict[str, FloatArray], list[str]]:
    """Return the arrays without a point at 0 that has no value; raises InputError for any other such point."""
    x_key, *others = arrays
    x, notes = arrays[x_key], []
    columns = dict(arrays)
    if len(x) and x[0] == 0.0 and any(np.isnan(arrays[k][0]) for k in others):
        notes = [f"the point at {x_key} = 0 is left out: it holds NaN"]
        columns = {k: a[1:] for k, a in columns.items()}
    first = len(x) - len(columns[x_key])
    for key, array in columns.items():
        for i in np.flatnonzero(~np.isfinite(array))[:1]:
            raise InputError(
                f"{owner}.{key}[{first + i}]", f"must be a finite number, got {array[i]}; leave the point out."
            )
    return columns, notes


def _with_positive_sigma(
    arrays: Mapping[str, FloatArray], y_key: str, owner: str
) -> tuple[dict[str, FloatArray], list[str]]:
    """Return the arrays without empty points, y = sigma = 0, at both ends; raises InputError for another sigma ≤ 0."""
    sigma, where = arrays["sigma"], f"{owner}.sigma"
    for i in np.flatnonzero(sigma < 0.0)[:1]:
        raise InputError(f"{where}[{i}]", f"must be above 0, got {sigma[i]:g}.")
    if not sigma.any():
        raise InputError(where, "is all zero; give standard deviations, or leave it out.")
    measured = np.flatnonzero((arrays[y_key] != 0.0) | (sigma != 0.0))
    kept = slice(int(measured[0]), int(measured[-1]) + 1)
    for i in np.flatnonzero(sigma[kept] == 0.0)[:1]:
        raise InputError(f"{where}[{kept.start + i}]", "must be above 0, got 0; leave the point out.")
    columns = {k: a[kept] for k, a in arrays.items()}
    dropped = len(sigma) - len(columns["sigma"])
    notes = [f"{dropped} points at the ends have value and sigma 0 (empty bins) and are left out"] if dropped else []
    return columns, notes


def _kept(array: NDArray[np.float64]) -> FloatArray:
    """Return a copy that nobody changes."""
    copy = np.array(array, dtype=np.float64)
    copy.flags.writeable = False
    return copy
