"""Spectra as columns of numbers: ppm (or Hz) and intensity, perhaps imaginary part."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nanocrystal.data.nmr_data import WIDEST_PPM, NmrData, complex_values
from nanocrystal.data.table import Table, number_table
from nanocrystal.data.titles import titles
from nanocrystal.errors import InputError
from nanocrystal.text import decoded, file_bytes

OTHER_ABSCISSAE = ("r", "q", "two_theta")
PATTERNS = (".xy", ".xye")
"""suffixes of patterns over 2θ"""
LARGEST_HZ = 1e12
"""beyond which no axis in Hz goes"""


def read_columns(
    path: Path, nucleus: str | None = None, unit: str = "ppm", carrier_mhz: float | None = None
) -> NmrData:
    """Return a spectrum of a text or CSV file: first column ppm or Hz, second the intensity, a third is left aside.

    A heading "imaginary" over the third column makes it that. Raises InputError for columns that cannot be meant.
    """
    address = str(path)
    content = file_bytes(path, address)
    try:
        text = decoded(content, address)
    except InputError:
        raise InputError(address, "is no text file and of no NMR format that is known.") from None
    table = number_table(text, address)
    if table.width < 2:
        raise InputError(address, "must have two columns, ppm and intensity.")
    columns = table.rows()
    bad = np.flatnonzero(~np.isfinite(columns[:, :2]).all(axis=1))
    if bad.size:
        line = table.lines[bad[0]]
        raise InputError(f"{address}, line {line}", f"holds a missing or not-a-number value ({bad.size} such rows).")
    heading = table.header[-1].lower() if table.header else ""
    _refuse_other_curve(table, path, heading)
    notes = list(table.notes)
    if "hz" in heading and "ppm" not in heading:
        unit = "Hz"
    x, order = _ascending(columns, address, unit, notes)
    imaginary = "imag" in heading and table.width >= 3
    if table.width > 2 and not imaginary:
        notes.append(f"{table.width - 2} more columns are left aside")
    values = complex_values(columns[order, 1], columns[order, 2] if imaginary else None)
    return NmrData(
        domain="shift" if unit == "ppm" else "frequency",
        values=values,
        x=x,
        complete=imaginary,
        nucleus=nucleus,
        carrier_mhz=carrier_mhz,
        reference_mhz=carrier_mhz,
        format="text",
        source=address,
        parameters={},
        notes=tuple(notes),
    )


def _refuse_other_curve(table: Table, path: Path, heading: str) -> None:
    """Raise InputError for a curve whose headings, or whose suffix, say that it lies over r, q or 2θ."""
    if "ppm" in heading or "hz" in heading:
        return
    found = titles(table.header, table.widths, len(table))
    first = found.at(0).meaning
    if first in OTHER_ABSCISSAE or path.suffix.lower() in PATTERNS:
        what = f"over {first} by its heading {found.at(0).text!r}" if first else "a pattern over 2θ by its suffix"
        raise InputError(
            str(path),
            f"is a curve {what}; `nanocrystal new {path.name}` writes a study for it. Wanted is a spectrum over ppm or "
            "Hz: head its first column so.",
        )


def _ascending(columns: np.ndarray, address: str, unit: str, notes: list[str]) -> tuple[np.ndarray, slice]:
    """Return the axis in ascending order and how rows are turned; raises InputError for what is no axis."""
    x, y = columns[:, 0], columns[:, 1]
    if np.abs(x).max() > LARGEST_HZ:
        raise InputError(address, f"has {x[np.abs(x).argmax()]:g} in its first column, which is no range of ppm or Hz.")
    first, second = _runs_one_way(x), _runs_one_way(y)
    if not first:
        if second:
            raise InputError(
                address,
                f"has its columns the wrong way round: the second runs evenly from {y[0]:g} to {y[-1]:g}, the "
                "first does not; write ppm first, then the intensity.",
            )
        steps = np.diff(x)
        k = int(np.flatnonzero(steps * np.sign(np.median(steps)) <= 0.0)[0]) if np.median(steps) else 0
        raise InputError(
            address, f"must have ppm in order in its first column, but {x[k + 1]:.10g} comes after {x[k]:.10g}."
        )
    if unit == "ppm" and np.abs(x).max() > WIDEST_PPM:
        raise InputError(
            address,
            f"has {x[0]:g} to {x[-1]:g} in its first column, which is no range of ppm; are they Hz or points? "
            'Head the column "Hz" where it is Hz.',
        )
    if x[0] > x[-1]:
        notes.append(f"{unit} run downwards; the rows are reversed")
        return x[::-1].copy(), slice(None, None, -1)
    return x, slice(None)


def _runs_one_way(x: np.ndarray) -> bool:
    return bool(np.all(x[1:] > x[:-1]) or np.all(x[1:] < x[:-1]))
