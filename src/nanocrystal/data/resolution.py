"""Curves with a resolution: a column of standard deviations of the abscissa beside those that `read_curve` knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nanocrystal.data.curve import Curve
from nanocrystal.data.reading import read_curve, read_table
from nanocrystal.errors import InputError


def read_resolved_curve(
    path: Path,
    *,
    columns: Sequence[str] | None,
    where: str,
    per_nm: bool = False,
    resolutions: Mapping[str, str],
    entry: str | int | None = None,
) -> Curve:
    """Return the curve in a file, with the resolution of its abscissa where there is a column of it.

    resolutions: name of such a column -> the abscissa that it belongs to. canSAS files hold theirs. For the rest see
    `read_curve`.
    """
    name = next((n for n in resolutions if n in (columns or ())), None)
    if columns is None or name is None:
        return read_curve(path, columns=columns, where=where, per_nm=per_nm, entry=entry)
    names, abscissa = list(columns), resolutions[name]
    if names.count(name) > 1 or abscissa not in names:
        raise InputError(where, f'columns must name one "{abscissa}" and at most one "{name}", got {names}.')
    plain = ["ignore" if n == name else n for n in names]
    curve = read_curve(path, columns=plain, where=where, per_nm=per_nm, entry=entry)
    table = read_table(path, where)
    of_x = {row.values[names.index(abscissa)]: row.values[names.index(name)] for row in table.rows}
    width = np.array([of_x[x] for x in curve.x], dtype=np.float64)
    if not (np.isfinite(width).all() and (width >= 0.0).all()):
        raise InputError(where, f"the column {name} must hold standard deviations of {abscissa}, at least 0.")
    return replace(curve, resolution=width)
