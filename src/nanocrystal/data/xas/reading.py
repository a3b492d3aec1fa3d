"""From a file to its scans, by what the file is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nanocrystal.data.packed import unpacked
from nanocrystal.data.xas.athena import is_athena, scans_of_project
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
        scans = _chosen(scans_of_project(text, path, address), entry, address)
    elif entry:
        raise InputError(address, "holds one scan; leave entry out.")
    else:
        scans = [scan_of_text(text, path, address)]
    return [replace(scan, sha256=digest) for scan in scans]


def _chosen(scans: list[AbsorptionScan], entry: Sequence[str], address: str) -> list[AbsorptionScan]:
    """Return the scans that are named; raises InputError where none is of several, and for names that there are not."""
    if not entry:
        if len(scans) == 1:
            return scans
        raise InputError(address, f"holds {len(scans)} scans; choose with entry = …, of: {_shown(scans)}.")
    return [_named(scans, name, address) for name in entry]


def _named(scans: list[AbsorptionScan], name: str, address: str) -> AbsorptionScan:
    found = [scan for scan in scans if scan.label == name]
    if len(found) == 1:
        return found[0]
    if not found and name.isdecimal() and 1 <= int(name) <= len(scans):
        return scans[int(name) - 1]
    what = f"has {len(found)} scans" if found else "has no scan"
    advice = "; name it by its place" if found else ""
    raise InputError(address, f"{what} {name!r}; entry is one of: {_shown(scans)}{advice}.")


def _shown(scans: list[AbsorptionScan]) -> str:
    more = ", …" if len(scans) > MOST_SHOWN else ""
    return ", ".join(f"{n} ({scan.label})" for n, scan in enumerate(scans[:MOST_SHOWN], start=1)) + more
