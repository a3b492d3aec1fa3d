"""Spectra as columns of numbers: ppm (or Hz) and intensity, perhaps imaginary part; or one column, its axis above it.

One column: as TopSpin's totxt writes it (its header says so itself): lines `# LEFT = 16.3 ppm. RIGHT = -4.0 ppm.` and
`# SIZE = 32768`, then one intensity a line from left to right.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from nanocrystal.data.lines import quoted
from nanocrystal.data.nmr_data import WIDEST_PPM, NmrData, complex_values
from nanocrystal.data.numbers import finite_number, number_of, whole_number_of
from nanocrystal.data.table import Table, number_table
from nanocrystal.data.titles import titles
from nanocrystal.errors import InputError
from nanocrystal.text import decoded, file_bytes

OTHER_ABSCISSAE = ("r", "q", "two_theta")
PATTERNS = (".xy", ".xye")
"""suffixes of patterns over 2θ"""
LARGEST_HZ = 1e12
"""beyond which no axis in Hz goes"""
_ENDS = re.compile(r"\b(LEFT|RIGHT|SIZE)\s*=\s*(\S+)[ \t]*(ppm|hz)?", re.IGNORECASE)


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
    if (ends := _ends(text)) is not None:
        return _one_column(text, ends, path, nucleus, carrier_mhz)
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


def _ends(text: str) -> dict[str, str] | None:
    """Return what the header of one column says of its axis, None where it says nothing or there are more columns."""
    lines = [line for line in text.splitlines() if line.strip()]
    first = next((line for line in lines if not line.startswith("#")), "")
    found = {m[1].upper(): m for line in lines if line.startswith("#") for m in _ENDS.finditer(line)}
    if not {"LEFT", "RIGHT"} <= set(found) or finite_number(first.strip()) is None:
        return None
    return {key: match[2] for key, match in found.items()} | {"UNIT": (found["LEFT"][3] or "ppm").lower()}


def _one_column(text: str, ends: dict[str, str], path: Path, nucleus: str | None, carrier_mhz: float | None) -> NmrData:
    """Return the spectrum of one intensity a line; raises InputError for what is no number, or is cut off."""
    address = str(path)
    intensities = []
    for k, line in enumerate(text.splitlines(), start=1):
        word = line.strip()
        if not word or word.startswith("#"):
            continue
        value = finite_number(word)
        if value is None:
            raise InputError(f"{address}, line {k}", f"{quoted(word)} is no intensity.")
        intensities.append(value)
    n = len(intensities)
    size = whole_number_of(ends, "SIZE", path, n, least=1)
    if size != n:
        raise InputError(address, f"says SIZE = {size}, but holds {n} intensities; is it cut off?")
    most = WIDEST_PPM if ends["UNIT"] == "ppm" else LARGEST_HZ
    left, right = (number_of(ends, key, path, least=-most, most=most, unit=ends["UNIT"]) for key in ("LEFT", "RIGHT"))
    if left <= right:
        raise InputError(address, f"says LEFT = {left:g} and RIGHT = {right:g}; left is the higher end.")
    return NmrData(
        domain="shift" if ends["UNIT"] == "ppm" else "frequency",
        values=complex_values(np.array(intensities[::-1])),
        x=np.linspace(right, left, n),
        complete=False,
        nucleus=nucleus,
        carrier_mhz=carrier_mhz,
        reference_mhz=carrier_mhz,
        format="text",
        source=address,
        parameters=dict(ends),
        notes=(f"one column of intensities; its header states the axis, {left:g} to {right:g} {ends['UNIT']}",),
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
