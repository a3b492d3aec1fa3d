"""From a file to a checked curve."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nanocrystal.data.cansas import CANSAS
from nanocrystal.data.conventions import Believe, Columns, Roles, Said, columns_of
from nanocrystal.data.curve import Curve, FloatArray
from nanocrystal.data.formats import Format, RawFile
from nanocrystal.data.header import pairs_in, stated_in
from nanocrystal.data.headings import ABSCISSAE, ORDINATES
from nanocrystal.data.lines import quoted
from nanocrystal.data.nxcansas import NXCANSAS
from nanocrystal.data.powder import FORMATS as POWDER_FORMATS
from nanocrystal.data.stated import Stated
from nanocrystal.data.table import Table, number_table
from nanocrystal.errors import InputError
from nanocrystal.text import decoded, file_bytes, read_text

BEGINNING = 4096
"""bytes by which a file is known"""
FORMATS: tuple[Format, ...] = (*POWDER_FORMATS, CANSAS, NXCANSAS)
"""all formats whose files say by themselves what they hold; other files are tables of numbers"""


def format_of(path: Path, content: bytes) -> Format | None:
    """Return the format of a file: by how it begins, else by its suffix; None for a table of numbers."""
    known = (f for f in FORMATS if f.knows is not None and f.knows(content[:BEGINNING]))
    named = (f for f in FORMATS if path.suffix.lower() in f.suffixes)
    return next(known, None) or next(named, None)


def read_curve(
    path: Path,
    *,
    convention: str | None = None,
    columns: Sequence[str] | None = None,
    where: str = "",
    per_nm: bool = False,
    entry: str | int | None = None,
    believe: Believe = "file",
) -> Curve:
    """Return the curve in a text file with columns of numbers, or in a file of one of the `FORMATS`.

    Parameters
    ----------
    path : Path
        The file.
    convention : str, optional
        The kind of file, gr, fq, sq, iq, chi, xy, xye, dat or csv [as the suffix says].
    columns : sequence of str, optional
        One name for each column instead: r, q, two_theta, energy or x; g, f, s, intensity or y; sigma, dq, ignore.
    where : str, optional
        The address of the file name in the user's input, for messages.
    per_nm : bool, optional
        Whether the caller knows that q is in nm⁻¹ and converts it where the file does not say so.
    entry : str or int, optional
        Which curve of a file that holds several, by its name or its place 1, 2, …
    believe : "file" or "study", optional
        With "study" the unit and all else that a header states of the measurement is left aside.

    Returns
    -------
    Curve
        Checked and ascending; r, q, 2θ and energies in Å, Å⁻¹, degrees and eV whatever unit the file states.

    Raises
    ------
    InputError
        Where the file cannot be read, where the meaning of its columns is not known, and where its numbers cannot be a
        curve: text or missing values among them, an abscissa that is not in order or comes twice, a sigma that is not
        positive, fewer than three points.
    """
    path = Path(path)
    address = f"{where}: {path}" if where else str(path)
    content = file_bytes(path, where)
    if not content.strip():
        raise InputError(address, "is empty")
    form = format_of(path, content)
    if form is not None:
        if columns is not None:
            raise InputError(address, f"names its columns itself, as all {path.suffix} files; leave columns out.")
        with np.errstate(all="ignore"):  # numbers that overflow are refused, as are those that are not finite
            curve = form.read(RawFile(path, content, address, entry))
        return replace(curve, stated=Stated()) if believe == "study" else curve
    if entry is not None:
        raise InputError(address, "holds one curve; leave entry out.")
    table = number_table(decoded(content, address), address)
    found = columns_of(table, path.suffix, Said(convention, columns, per_nm, believe), address)
    x, y, sigma, width, curve_notes = _checked_points(table, found.roles, address)
    return Curve(
        x=found.scale.of(x),
        y=y,
        sigma=sigma,
        resolution=None if width is None else found.scale.of(width),
        x_name=found.x_name,
        y_name=found.y_name,
        source=str(path),
        sha256=hashlib.sha256(content).hexdigest(),
        metadata=pairs_in(table.header),
        stated=Stated() if believe == "study" else _stated(table, found),
        notes=(*table.notes, *found.notes, *_width_notes(table, found.roles), *curve_notes),
    )


def _stated(table: Table, found: Columns) -> Stated:
    """Return what the header of a table and its headings state."""
    said = stated_in(table.header)
    y = found.titles.at(next(i for i, role in enumerate(found.roles) if role in ORDINATES))
    places = dict(said.places)
    for name, words in (("x_unit", found.scale.words), ("y_unit", y.text)):
        places[name] = f"its header, {quoted(words, 60)}"
    return replace(said, x_unit=found.scale.unit, y_unit=y.unit, places=places)


def read_table(path: Path, where: str, source: str | None = None) -> Table:
    """Return the table of numbers in a text file; source: what messages call the file, its path with `where` else."""
    text = read_text(path, where)
    return number_table(text, source or (f"{where}: {path}" if where else str(path)))


def _width_notes(table: Table, roles: Roles) -> tuple[str, ...]:
    wider = sum(row.width > len(roles) for row in table.rows)
    if not wider:
        return ()
    return (
        f"{wider} of {len(table.rows)} rows have more than {len(roles)} columns; the columns behind these,"
        " which the other rows lack, are ignored",
    )


def _checked_points(
    table: Table, roles: Roles, address: str
) -> tuple[FloatArray, FloatArray, FloatArray | None, FloatArray | None, tuple[str, ...]]:
    """Return x, y, sigma, resolution of shape (n,), x ascending, and notes on rows left out or turned round."""
    used = [roles.index(name) for group in (ABSCISSAE, ORDINATES, ("sigma",)) for name in group if name in roles]
    has_sigma, has_width = "sigma" in roles, "dq" in roles
    used += [roles.index("dq")] if has_width else []
    values = np.array([[row.values[i] for i in used] for row in table.rows], dtype=np.float64)
    lines = [row.number for row in table.rows]
    notes: list[str] = []
    if values[0, 0] == 0.0 and np.isnan(values[0]).any():
        notes.append(f"the row at {roles[used[0]]} = 0 (line {lines[0]}) is left out: it holds NaN")
        values, lines = values[1:], lines[1:]
    for i in np.flatnonzero(~np.isfinite(values).all(axis=1))[:1]:
        text = next(quoted(row.text) for row in table.rows if row.number == lines[i])
        problem = f"{text} holds a missing, infinite or not-a-number value; remove the row"
        raise InputError(f"{address}, line {lines[i]}", problem)
    if has_sigma:
        values, lines, note = _with_positive_sigma(values, lines, roles, address)
        notes += note
    if len(values) < 3:
        raise InputError(address, f"has {len(values)} points; a curve needs at least 3")
    if np.all(np.diff(values[:, 0]) < 0.0):
        notes.append(f"the rows run from large to small {roles[used[0]]}; they are reversed")
        values = values[::-1]
    else:
        _refuse_unsorted(values[:, 0], lines, roles[used[0]], address)
    x, y, *rest = (np.ascontiguousarray(column) for column in values.T)
    width = rest.pop() if has_width else None
    if width is not None and not (width >= 0.0).all():
        raise InputError(address, "the column dq must hold standard deviations of q, at least 0.")
    return x, y, rest[0] if rest else None, width, tuple(notes)


def _with_positive_sigma(
    values: FloatArray, lines: list[int], roles: Roles, address: str
) -> tuple[FloatArray, list[int], list[str]]:
    """Return values (n, 3) without the empty bins at both ends, checked for sigma > 0.

    An empty bin has y = sigma = 0: nothing was counted there, as behind a beam stop, or G(0) = 0.
    """
    names = ", ".join(f'"{"ignore" if role == "sigma" else role}"' for role in roles)
    remedy = f"correct it, or ignore it with columns = [{names}]"
    sigma = values[:, 2]
    if np.all(sigma == 0.0):
        raise InputError(address, f"the sigma column is all zero; {remedy}")
    for i in np.flatnonzero(sigma < 0.0)[:1]:
        problem = f"sigma must be positive, {np.count_nonzero(sigma < 0.0)} values are negative"
        raise InputError(f"{address}, line {lines[i]}", f"{problem}, the first is {sigma[i]:g}; {remedy}")
    measured = np.flatnonzero((values[:, 1] != 0.0) | (sigma != 0.0))
    kept = slice(int(measured[0]), int(measured[-1]) + 1)
    dropped = len(values) - len(values[kept])
    notes = [f"{dropped} rows at the ends have value and sigma 0 (empty bins) and are left out"] if dropped else []
    values, lines = values[kept], lines[kept]
    zero = np.flatnonzero(values[:, 2] == 0.0)
    if zero.size:
        problem = f"sigma must be positive, {zero.size} of {len(values)} values are zero, the first here"
        raise InputError(f"{address}, line {lines[zero[0]]}", f"{problem}; {remedy}")
    return values, lines, notes


def _refuse_unsorted(x: FloatArray, lines: Sequence[int], name: str, address: str) -> None:
    steps = np.diff(x)
    for i in np.flatnonzero(steps == 0.0)[:1]:
        problem = f"{name} = {x[i + 1]:.10g} comes twice, here and in line {lines[i]}; remove one of the rows"
        raise InputError(f"{address}, line {lines[i + 1]}", problem)
    direction = 1.0 if np.count_nonzero(steps > 0.0) >= np.count_nonzero(steps < 0.0) else -1.0
    for i in np.flatnonzero(steps * direction < 0.0)[:1]:
        problem = f"{name} must be in order, but {x[i + 1]:.10g} comes after {x[i]:.10g}; sort the rows"
        raise InputError(f"{address}, line {lines[i + 1]}", problem)
