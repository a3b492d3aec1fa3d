"""The rows of a bank of GSAS: columns of fixed width as Fortran writes them, or free ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nanocrystal.data.curve import FloatArray
from nanocrystal.data.formats import RawFile
from nanocrystal.data.lines import number, quoted

RECORD = 80
DECIMALS = {7: 4, 5: 4}
"""digits behind the point of a column of that width where none is written: F7.4 and F5.4"""


def free_rows(file: RawFile, lines: Sequence[str], above: int, width: int) -> FloatArray:
    """Return rows (n, width) of numbers separated by blanks; above: the line of BANK, from 1."""
    rows = []
    for at, line in enumerate(lines, above + 1):
        if not line.strip(" \x1a\t") or line.startswith("#"):
            continue
        values = [number(w) for w in line.split()[:width]]
        if None in values:
            what = "2θ, intensity and σ" if width == 3 else "2θ and intensity"
            raise file.error(f"{quoted(line)} is no {what}.", at)
        rows.append(values)
    if len(rows) < 3 or any(len(row) != width for row in rows):
        what = "2θ, intensity and σ" if width == 3 else "2θ and intensity"
        raise file.error(f"must hold at least 3 rows of {what} behind BANK.")
    return np.array(rows, dtype=np.float64)


def column_rows(
    file: RawFile, lines: Sequence[str], above: int, widths: tuple[int, ...], n: int
) -> tuple[FloatArray, list[str]]:
    """Return n records (n, fields) of columns of these widths, as many on a line of 80 as there is room, and notes.

    Where the columns do not hold numbers, but as many as there are points stand between blanks, those are taken.
    """
    rows = [(at, line) for at, line in enumerate(lines, above + 1) if line.strip(" \x1a\t") and line[0] != "#"]
    size = sum(widths)
    most = RECORD // size
    cut_off = bool(rows) and len(rows[-1][1].rstrip()) % size != 0
    records: list[list[float]] = []
    wrong: tuple[int, str] | None = None
    for at, line in rows:
        padded = line.rstrip("\x1a").expandtabs().ljust(size)
        for i in range(0, min(len(line.rstrip()), most * size), size):
            values = _record(padded[i : i + size].ljust(size), widths)
            if values is None:
                wrong = wrong or (at, line)
                break
            records.append(values)
    whole = records[: len(records) - 1] if cut_off and wrong is None else records
    if wrong is None and len(whole) >= n >= 3:
        return np.array(whole[:n], dtype=np.float64), []
    free = _between_blanks([line for _, line in rows], len(widths), n)
    if free is not None:
        return free, ["the numbers stand between blanks instead of in the columns of GSAS, and were read so"]
    if wrong is not None:
        raise file.error(f"{quoted(wrong[1])} does not hold numbers in columns of {size} characters.", wrong[0])
    if len(whole) < 3:
        raise file.error(f"announces {n} points and holds {len(whole)}; the file was cut off.", above)
    return np.array(whole, dtype=np.float64), [f"the bank holds {len(whole)} points, {n} are announced"]


def _record(text: str, widths: tuple[int, ...]) -> list[float] | None:
    """Return the numbers of one record, 0 for a blank field; None where there is something else."""
    values, at = [], 0
    for width in widths:
        field = text[at : at + width].strip()
        at += width
        value = number(field) if field else 0.0
        if value is None or not np.isfinite(value):
            return None
        implied = DECIMALS.get(width, 0) if field and field.lstrip("+-").isdecimal() else 0
        values.append(value / 10.0**implied)
    return values


def _between_blanks(lines: Sequence[str], fields: int, n: int) -> FloatArray | None:
    """Return n records of numbers between blanks, of STD the counts alone; None where there are not exactly as many."""
    values = [number(w) for line in lines for w in line.split()]
    if None in values or n < 3:
        return None
    numbers = np.array(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        return None
    if len(numbers) == n and fields == 2:
        return np.column_stack([np.ones(n), numbers])
    return numbers.reshape(n, fields) if len(numbers) == n * fields else None
