"""Names of files and folders that are names on every system, so that results can be made on one and copied to another.

Devices and endings: "Naming Files, Paths, and Namespaces", learn.microsoft.com/windows. There, and on the Mac, names
that differ in capitals only, or in how accents are encoded, are one.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePath

from nanocrystal.errors import InputError

LONGEST = 200
"""bytes of a name with its ending: most systems take 255, and temporary names are longer"""
AROUND = "model__trend.csv"
"""what stands about a name of a study in the name of a file, at its longest"""
DEVICES = frozenset(("con", "prn", "aux", "nul", "conin$", "conout$")) | {
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"
}
RENAME = "rename what it is called after: a data set, crystal, population, candidate or member"


def file_name_problem(name: str) -> str:
    """Return why a name is none of a file on every system, to be said after it; "" where it is one."""
    if len(name.encode("utf-8", "surrogatepass")) > LONGEST:
        return f"has {len(name.encode('utf-8', 'surrogatepass'))} bytes, and names of files at most {LONGEST}"
    if name.partition(".")[0].rstrip(" ").lower() in DEVICES:
        return "is what Windows calls a device, so that no file can have it"
    if name[-1:] in (".", " "):
        return f"ends in {'a dot' if name[-1] == '.' else 'a blank'}, which Windows leaves out"
    return ""


def one_file(name: str) -> str:
    """Return what is the same for names that are one file on some system."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower())


def alike(names: Iterable[str]) -> tuple[str, str] | None:
    """Return two different names that are one file on some system, None where there are none."""
    seen: dict[str, str] = {}
    for name in names:
        twin = seen.setdefault(one_file(name), name)
        if twin != name:
            return twin, name
    return None


def check_names(names: Iterable[str], where: str) -> None:
    """Raise InputError where files are to be named after things of a study, and that cannot be; where: their table."""
    names = list(names)
    for name in names:
        problem = file_name_problem(name) or _too_long(name)
        if problem:
            raise InputError(f"{where}.{name}", f"the name {problem}; files are named after it, so rename it.")
    twins = alike(names)
    if twins is not None:
        problem = f"and {twins[0]!r} would be one file on Windows and on the Mac, where capitals do not count;"
        raise InputError(f"{where}.{twins[1]}", f"{problem} rename one.")


def _too_long(name: str) -> str:
    most = LONGEST - len(AROUND)
    return f"has more than {most} bytes" if len(name.encode()) > most else ""


def check_files(names: Iterable[str]) -> None:
    """Raise InputError where files that are to be written could not have their names on every system."""
    names = list(names)
    for name in names:
        for part in set(PurePath(name).parts) - {".."}:
            problem = file_name_problem(part)
            if problem:
                raise InputError("", f"a file would be called {part!r}, which {problem}; {RENAME}.")
    twins = alike(names)
    if twins is not None:
        one = f"the files {twins[0]!r} and {twins[1]!r} would be one on Windows and on the Mac"
        raise InputError("", f"{one}, where capitals do not count; {RENAME}.")


def check_target(path: Path) -> None:
    """Raise InputError where a file or folder to be made could not have its name, or one above it, on every system."""
    for place in (path.absolute(), *path.absolute().parents):
        problem = "" if os.path.exists(place) else file_name_problem(place.name)
        if problem:
            raise InputError("--out", f"{place.name!r} {problem}; name another one.")
