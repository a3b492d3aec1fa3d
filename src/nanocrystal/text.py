"""Text as others write it, and tables as they are written here: one way in, one way out.

What is read is UTF-8, UTF-16 where a mark or its zeros say so, else latin-1, which old programs wrote. What is written
is CSV: one line of headings, commas, a point as the decimal sign, nothing in a field of what is not finite or not
there.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from nanocrystal.errors import InputError, nearest_names

DIGITS = 10
LONGEST_SHOWN = 250
MOST_BYTES = 100_000_000
"""of a file that is read as text"""
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x19\x1b-\x1f]")
LOOKED_AT = 2000
"""bytes that tell UTF-16 without a mark: every other one is 0 in a text of mostly ASCII"""

# ---- reading ------------------------------------------------------------------------------------


def read_text(path: Path, where: str) -> str:
    """Return the text of a file that a user names at `where`; raises InputError where it cannot be read or is none."""
    return decoded(file_bytes(path, where), f"{where}: {path}" if where else str(path))


def file_bytes(path: Path, where: str, most: int = MOST_BYTES) -> bytes:
    """Return what a file holds; raises InputError, at the place that names it, where it cannot be read.

    most: bytes that such a file may have, so that a wrong one does not take all memory.
    """
    with _readable(path, where):
        size = path.stat().st_size
        if size > most:
            problem = f"has {size / 1e6:.0f} MB; such files are read up to {most / 1e6:.0f} MB: is it the right one?"
            raise InputError(where, f"the file {shown(path)} {problem}")
        with path.open("rb") as stream:
            return stream.read(size) if size else stream.read()


def beginning_of(path: Path, where: str, most: int) -> bytes:
    """Return the first bytes of a file; raises InputError, at the place that names it, where it cannot be read."""
    with _readable(path, where), path.open("rb") as stream:
        return stream.read(most)


@contextmanager
def _readable(path: Path, where: str) -> Iterator[None]:
    """Raise InputError for what is no file, and where reading it fails."""
    try:
        if not path.is_file():
            raise InputError(where, missing_file(path))
        yield
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise InputError(where, f"the file {shown(path)} cannot be read: {reason}.") from None


def missing_file(path: Path) -> str:
    """Return why there is no such file: a folder, a missing folder, or a misspelt name."""
    if path.is_dir():
        return f"{shown(path)} is a folder; name a file in it."
    if path.exists():
        return f"{shown(path)} is not a regular file."
    if not path.parent.is_dir():
        return f"there is no file {shown(path)}: the folder {shown(path.parent)} does not exist."
    names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    alike = [name for name in names if Path(name).suffix.lower() == path.suffix.lower()]
    return f"there is no file {shown(path)}; {nearest_names(path.name, alike or names)}"


def shown(path: Path) -> str:
    """Return a path as messages name it: cut where it is very long, in quotes where it cannot be printed as it is."""
    text = str(path) if len(str(path)) <= LONGEST_SHOWN else f"{str(path)[:LONGEST_SHOWN]}…"
    return text if text.isprintable() else repr(text)


def decoded(content: bytes, where: str) -> str:
    """Return the text that a file holds; raises InputError where it is none."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            raise InputError(where, "begins like UTF-16 text but is not.") from None
    beginning = content[:LOOKED_AT]
    for at, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = beginning[at::2].count(0)
        if len(beginning) > 3 and zeros > 0.9 * len(beginning[at::2]) and not beginning[1 - at :: 2].count(0):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                break
    if _CONTROL.search(content):
        raise InputError(where, "is not a text file (it holds control characters).")
    return in_any_case(content)


def in_any_case(content: bytes) -> str:
    """Return bytes as text, whatever they are: for what is shown or searched and needs not be right."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def in_words(names: Sequence[str], conjunction: str = "and") -> str:
    """Return names as a sentence has them: a, b and c."""
    return f" {conjunction} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


# ---- writing ------------------------------------------------------------------------------------


def csv_text(columns: Mapping[str, Iterable[object]], digits: int | None = DIGITS) -> str:
    """Return columns as the text of a CSV file: one line of headings, commas, a point as the decimal sign.

    Parameters
    ----------
    columns : mapping of str to iterable
        Heading -> its values; all of equal length.
    digits : int or None, optional
        Digits of numbers; None for as many as give the same number back.

    Returns
    -------
    str
        The text; a field is empty where a number is not finite or not there.
    """
    return csv_of_rows(columns, zip(*columns.values(), strict=True), digits)


def csv_of_rows(heads: Iterable[str], rows: Iterable[Iterable[object]], digits: int | None = DIGITS) -> str:
    """Return rows below headings as CSV; digits: of numbers, None for as many as give the same number back."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows([_field(value, digits) for value in row] for row in rows)
    return stream.getvalue()


def _field(value: object, digits: int | None) -> object:
    if not isinstance(value, float):  # numpy's double is one
        return "" if value is None else value
    if not math.isfinite(value):
        return ""
    return float(value) if digits is None else f"{value:.{digits}g}"
