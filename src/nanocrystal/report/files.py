"""Which files of a folder are ours: a file that is not is never replaced."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from nanocrystal.errors import InputError
from nanocrystal.report.together import leads_out, text_of

LONGEST_BEGINNING = 64
"""bytes by which a file is known as one of ours"""
PARTS = {"series.json": ("*/member.json", "joint/results.json", "joint/comparison.json")}
"""record -> those of parts, in folders of their own, whose files are ours, too"""


def check_folder(folder: Path, names: list[str], record: str) -> None:
    """Raise InputError where writing `names` into `folder` would replace a file that is not ours.

    Ours are the files that an earlier `record` in the folder lists, or those of its parts.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError("--out", f"{str(folder)!r} is a file; name a folder for the results.")
    leading_out = next((n for n in names if leads_out(n)), None)
    if leading_out is not None:
        problem = f"a file would be called {leading_out!r} and leave the folder; names of data sets, populations,"
        raise InputError("--out", f"{problem} crystals and candidates are letters, digits and _.")
    known = ours(folder, record)
    foreign = [n for n in names if (folder / n).exists() and (n not in known or (folder / n).is_dir())]
    foreign += [Path(n).parts[0] for n in names if "/" in n and (folder / n).parent.is_file()]
    if foreign:
        raise InputError(
            "--out",
            f"would replace {foreign[0]!r} in {str(folder)!r}, which no earlier run wrote; name another folder.",
        )
    parent = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    if not os.access(parent, os.W_OK):
        raise InputError("--out", f"{str(parent)!r} cannot be written to; name another folder.")


def listed_files(folder: Path, record: str) -> list[str]:
    """Return the files that an earlier record in a folder lists as ours, none where there is no record."""
    with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
        return [str(name) for name in json.loads(text_of(folder / record)).get("files", [])]
    return []


def ours(folder: Path, record: str) -> set[str]:
    """Return the files that an earlier record in a folder lists as ours, or that of a part of it."""
    names = set(listed_files(folder, record))
    for part in (path for pattern in PARTS.get(record, ()) for path in folder.glob(pattern)):
        if not part.parent.name.startswith("."):
            names |= {f"{part.parent.name}/{name}" for name in listed_files(part.parent, part.name)}
    return names


def files_there(folder: Path, record: str) -> set[str]:
    """Return the files in a folder that are ours by an earlier record and that are still there."""
    return {name for name in ours(folder, record) if (folder / name).is_file()}


def check_beside(file: Path, text: str) -> None:
    """Raise InputError where a file that is written beside another is there and does not begin as `text` does."""
    first = text.partition("\n")[0].encode()
    with contextlib.suppress(FileNotFoundError), file.open("rb") as stream:
        if not stream.read(len(first) + 2).startswith(first) or (text.startswith("<") and not _is_page(file)):
            raise InputError(
                "--out", f"would replace {str(file)!r}, which this command did not write; name another file."
            )


def _is_page(file: Path) -> bool:
    """Say whether a page was written by this program, by the head that it has."""
    with file.open("rb") as stream:
        return b'name="generator" content="nanocrystal' in stream.read(2000)


def names_file(path: Path) -> bool:
    """Say whether a path names a file rather than a folder: one that there is, or a name with a suffix."""
    return os.path.isfile(path) or (path.suffix != "" and not os.path.isdir(path))


def check_file(file: Path, replaces: Sequence[str] = ()) -> None:
    """Raise InputError where a file is there already that does not begin as one of ours."""
    if not file.exists():
        return
    if not replaces:
        raise InputError("--out", f"{str(file)!r} exists; name a new file.")
    with contextlib.suppress(OSError), file.open("rb") as stream:
        if stream.read(LONGEST_BEGINNING).startswith(tuple(text.encode() for text in replaces)):
            return
    kind = file.suffix.removeprefix(".").upper() or "file"
    raise InputError("--out", f"{str(file)!r} exists and is no {kind} of this command; name another file.")
