"""From a file to a checked curve."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nanocrystal.data.cansas import CANSAS
from nanocrystal.data.checks import Points, Source, checked
from nanocrystal.data.conventions import Believe, Columns, Roles, Said, columns_of
from nanocrystal.data.curve import Curve, FloatArray
from nanocrystal.data.formats import Format, RawFile
from nanocrystal.data.header import pairs_in, stated_in
from nanocrystal.data.headings import ABSCISSAE, ORDINATES
from nanocrystal.data.kinds import is_folder, refuse_other
from nanocrystal.data.lines import quoted
from nanocrystal.data.nxcansas import NXCANSAS
from nanocrystal.data.packed import unpacked
from nanocrystal.data.powder import FORMATS as POWDER_FORMATS
from nanocrystal.data.stated import Stated
from nanocrystal.data.table import Table, number_table
from nanocrystal.data.units import HERE
from nanocrystal.errors import InputError
from nanocrystal.text import file_bytes, read_text

BEGINNING = 4096
"""bytes by which a file is known"""
WANTED = "a curve: columns of numbers, or a format of measured data"
MOST_BYTES = 500_000_000
"""of a file, some 20 million rows, for which eight times as much memory is taken"""
FEWEST_SWAPPED = 5
"""points that tell an order from chance"""
MANY = 1_000_000
"""points that are remarked on: what is calculated at each takes its time"""
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
        Checked and ascending, rows that are out of order sorted with a note; r, q, 2θ and energies in Å, Å⁻¹, degrees
        and eV whatever unit the file states.

    Raises
    ------
    InputError
        Where the file cannot be read, where the meaning of its columns is not known, and where its numbers cannot be a
        curve: text or missing values among them, two scans of one range, a sigma that is not positive, fewer than three
        points.
    """
    return curve_of(path, Said(convention, columns, per_nm, believe, entry), where).sound()


def curve_of(path: Path, said: Said, where: str = "") -> Curve:
    """Return the curve in a file as `read_curve` does, but points that cannot be used as its `faults`."""
    path = Path(path)
    address = f"{where}: {path}" if where else str(path)
    if is_folder(path):
        refuse_other(path, WANTED, address)
    raw = file_bytes(path, where, MOST_BYTES)
    content = unpacked(raw, address)
    if not content.strip():
        raise InputError(address, "is empty")
    inner = Path(path.stem) if content is not raw else path
    form = format_of(inner, content)
    if form is None:
        if content is raw:
            refuse_other(path, WANTED, address, but="curve")
        curve = _curve_of_table(RawFile(path, content, address, said.entry), inner.suffix, said)
    else:
        if said.columns is not None:
            raise InputError(address, f"names its columns itself, as all {inner.suffix} files; leave columns out.")
        with np.errstate(all="ignore"):  # numbers that overflow are refused, as are those that are not finite
            curve = form.read(RawFile(path, content, address, said.entry))
    digest = hashlib.sha256(raw).hexdigest()
    if said.believe == "study":
        stated = Stated()
    else:
        stated = curve.stated if form is None else _with_unit(curve)
    notes = (*curve.notes, f"{len(curve.x)} points were read") if len(curve.x) >= MANY else curve.notes
    return replace(curve, sha256=digest, stated=stated, notes=notes)


def _with_unit(curve: Curve) -> Stated:
    """Return what a file states, with the unit that a format of its own has wherever it states q."""
    stated = curve.stated
    if curve.x_name != "q" or stated.x_unit:
        return stated
    return replace(stated, x_unit=HERE["q"], places={**stated.places, "x_unit": "as its format has it"})


def _curve_of_table(file: RawFile, suffix: str, said: Said) -> Curve:
    """Return the curve of a text file with columns of numbers."""
    if file.entry is not None:
        raise file.error("holds one curve; leave entry out.")
    table = number_table(file.text, file.address)
    found = columns_of(table, suffix, said, file.address)
    which = {name: found.roles.index(name) for name in ("sigma", "dq") if name in found.roles}
    order = [found.roles.index(found.x_name), found.roles.index(found.y_name), *which.values()]
    x, y, *rest = (np.ascontiguousarray(c) for c in table.columns(order).T)
    beside = dict(zip(which, rest, strict=True))
    names = ", ".join(f'"{"ignore" if role == "sigma" else role}"' for role in found.roles)
    source = Source(
        address=file.address,
        where=(f"{file.address}, line ", ""),
        x_name=found.x_name,
        shown=lambda lines: [quoted(t) for t in table.texts(lines)],
        remedy=f"correct it, or ignore it with columns = [{names}]",
    )
    _refuse_swapped(x, y, found.roles, file)
    points = Points(x, y, beside.get("sigma"), beside.get("dq"), table.lines)
    points, notes, faults = checked(points, source)
    curve = Curve(
        x=points.x,
        y=points.y,
        sigma=points.sigma,
        resolution=points.resolution,
        x_name=found.x_name,
        y_name=found.y_name,
        source=str(file.path),
        sha256="",
        metadata=pairs_in(table.header),
        stated=_stated(table, found),
        notes=(*table.notes, *found.notes, *_width_notes(table, found.roles), *notes),
        faults=faults,
    )
    return curve.scaled(found.scale.of)


def _refuse_swapped(x: FloatArray, y: FloatArray, roles: Roles, file: RawFile) -> None:
    """Raise InputError where the abscissa goes up and down but the ordinate runs one way: they are swapped."""
    steps, others = np.diff(x), np.diff(y)
    runs_one_way = bool((others > 0.0).all() or (others < 0.0).all())
    if len(x) < FEWEST_SWAPPED or not runs_one_way or not ((steps > 0.0).any() and (steps < 0.0).any()):
        return
    x_name = next(role for role in roles if role in ABSCISSAE)
    y_name = next(role for role in roles if role in ORDINATES)
    turned = ", ".join('"' + {x_name: y_name, y_name: x_name}.get(role, role) + '"' for role in roles)
    raise file.error(
        f"the column read as {x_name} is not in order, but the one read as {y_name} is: they seem to be swapped; say "
        f"columns = [{turned}]."
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
    wider = int((table.sizes > len(roles)).sum())
    if not wider or table.width == table.widest:
        return ()
    return (
        f"{wider} of {len(table)} rows have more than {len(roles)} columns; the columns behind these,"
        " which the other rows lack, are ignored",
    )
