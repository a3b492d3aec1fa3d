"""From a file to its scans, by what the file is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nanocrystal.data.packed import unpacked
from nanocrystal.data.xas.athena import Record, is_athena, records_of_project
from nanocrystal.data.xas.scan import AbsorptionScan
from nanocrystal.data.xas.xdi import scan_of_text
from nanocrystal.errors import InputError
from nanocrystal.text import decoded, file_bytes

MOST_BYTES = 100_000_000
"""of a file of scans"""
MOST_SHOWN = 30
"""records that a message lists"""


def read_absorption_scans(path: Path, where: str = "", entry: Sequence[str] = ()) -> list[AbsorptionScan]:
    """Return the scans in a file: one of columns of text, those of `entry` of a project of Athena.

    Parameters
    ----------
    path : Path
        XDI, a project of Athena (.prj) or columns of numbers, packed by gzip or not.
    where : str, optional
        The address of the file name in the user's input, for messages.
    entry : sequence of str, optional
        Records of a project by label, or by place 1, 2, … [its only one].

    Returns
    -------
    list of AbsorptionScan
        As many as `entry` names, one without it.

    Raises
    ------
    InputError
        Where the file cannot be read, and where records are not named or not there.
    """
    address = f"{where}: {path}" if where else str(path)
    raw = file_bytes(path, where, MOST_BYTES)
    text = decoded(unpacked(raw, address), address)
    digest = hashlib.sha256(raw).hexdigest()
    if is_athena(text):
        scans = [record.scan(path, address) for record in _chosen(records_of_project(text, address), entry, address)]
    elif entry:
        raise InputError(address, "holds one scan; leave entry out.")
    else:
        scans = [scan_of_text(text, path, address)]
    return [replace(scan, sha256=digest) for scan in scans]


def _chosen(records: list[Record], entry: Sequence[str], address: str) -> list[Record]:
    """Return the scans that are named; raises InputError where none is of several, and for names that there are not."""
    if not entry:
        if len(records) == 1:
            return records
        raise InputError(address, f"holds {len(records)} scans; choose with entry = …, of: {_shown(records)}.")
    return [_named(records, name, address) for name in entry]


def _named(records: list[Record], name: str, address: str) -> Record:
    found = [record for record in records if record.label == name]
    if len(found) == 1:
        return found[0]
    if not found and name.isdecimal() and 1 <= int(name) <= len(records):
        return records[int(name) - 1]
    what = f"has {len(found)} scans" if found else "has no scan"
    advice = "; name it by its place" if found else ""
    raise InputError(address, f"{what} {name!r}; entry is one of: {_shown(records)}{advice}.")


def _shown(records: list[Record]) -> str:
    more = ", …" if len(records) > MOST_SHOWN else ""
    return ", ".join(f"{n} ({record.label})" for n, record in enumerate(records[:MOST_SHOWN], start=1)) + more
