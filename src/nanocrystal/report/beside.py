"""The files that a record names, which stand in its folder: read as far as they are there, and nothing else."""

from __future__ import annotations

import csv
import errno
from pathlib import Path, PurePath

from nanocrystal.report.together import current
from nanocrystal.text import file_bytes, in_any_case, shown

MOST_BYTES = 1 << 30
"""of a record, or of a file that it names"""
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, OSError, csv.Error)
"""what a document that is not what it should be makes of those who read it"""


def beside(folder: Path, name: str) -> Path:
    """Return the path of a file that a record in a folder names; it may not be moved there yet (`current`).

    Raises ValueError where the name leads out of the folder, or to what is no file.
    """
    parts = PurePath(name).parts
    if not parts or PurePath(name).is_absolute() or ".." in parts or "\0" in name or "\\" in name:
        raise ValueError(f"it names the file {shown(Path(name))}, which is not in its folder")
    path = folder / name
    if current(path).exists() and not current(path).is_file():
        raise ValueError(f"it names the file {shown(Path(name))}, which is none")
    return path


def text_beside(folder: Path, name: str) -> str:
    """Return the text of a file that a record names; raises ValueError as `beside`, or FileNotFoundError."""
    path = beside(folder, name)
    place = current(path)
    if not place.exists():
        raise FileNotFoundError(errno.ENOENT, "", str(path))
    return in_any_case(file_bytes(place, shown(path), MOST_BYTES))
