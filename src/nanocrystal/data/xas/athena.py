"""Projects of Athena (.prj): text in which Perl writes what it holds, packed by gzip.

As B. Ravel & M. Newville's Athena writes them (J. Synchrotron Rad. 12, 537 (2005)): for each record
`$old_group = 'name';`, `@args = ('key','value',…);` with all settings, `@x` the energies in eV and `@y` what was
measured; `@i0`, `@signal` and `@stddev` where they are known; a line that begins with `[record]` ends it. `bkg_eshift`
is the shift in eV that belongs to the energies. Only what is between quotation marks is taken: nothing is run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.data.xas.scan import AbsorptionScan
from nanocrystal.errors import InputError

_ARRAY = re.compile(r"^@(\w+)\s*=\s*\((.*?)\);\s*$", re.MULTILINE | re.DOTALL)
_VALUE = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([\[{])|([\]}])|([^\s,=>\[\]{}'"]+)""")
_BEGINNING = re.compile(r"^\$old_group\b", re.MULTILINE)
_END = re.compile(r"^\[record\]", re.MULTILINE)
KEPT = {"x": "energy", "y": "mu", "i0": "i0", "signal": "signal"}
"""arrays of a record -> what its columns are called here"""
_ESCAPED = re.compile(r"\\(.)")
JSON_PROJECT = '{"_____header1"'


def is_athena(text: str) -> bool:
    """Return whether a text is a project of Athena."""
    return text.startswith("# Athena project file") or text.lstrip().startswith(JSON_PROJECT)


@dataclass(frozen=True)
class Record:
    """One record of a project, not read yet; number: from 1; label: as its author calls it; text: all of it."""

    number: int
    label: str
    text: str

    def scan(self, path: Path, address: str) -> AbsorptionScan:
        """Return the scan; raises InputError where it is none, or damaged."""
        arrays = {m[1]: m[2] for m in _ARRAY.finditer(self.text)}
        settings = _settings(arrays.pop("args", ""))
        where = f"{address}, record {self.number} ({self.label})"
        if settings.get("is_chi", "0") not in ("0", "") or settings.get("recordtype", "") == "chi(k)":
            raise InputError(where, "is χ(k), no scan over energies; choose another one, or write it to a .chi file.")
        columns = {c: _numbers(arrays[name], f"{where}, @{name}") for name, c in KEPT.items() if name in arrays}
        for name in ("energy", "mu"):
            if not len(columns.get(name, ())):
                raise InputError(where, f"has no {name}: it is no scan.")
        n = len(columns["energy"])
        if len(columns["mu"]) != n:
            raise InputError(where, f"has {n} energies but {len(columns['mu'])} values; the file is damaged.")
        return AbsorptionScan(
            columns={name: values for name, values in columns.items() if len(values) == n},
            units={"energy": "kev"} if settings.get("is_kev", "0") not in ("0", "") else {},
            element=settings.get("bkg_z", ""),
            edge=settings.get("fft_edge", "").upper(),
            shift=_shift(settings, where),
            label=self.label,
            source=str(path),
        )


def records_of_project(text: str, address: str) -> list[Record]:
    """Return the records of a project; raises InputError for one without."""
    if text.lstrip().startswith(JSON_PROJECT):
        raise InputError(address, "is a project that Athena wrote as JSON; save it in the usual format.")
    parts = [_END.split(part, 1)[0] for part in _BEGINNING.split(text)[1:]]
    if not parts:
        raise InputError(address, "is a project of Athena without records.")
    return [Record(number, _label(part) or str(number), part) for number, part in enumerate(parts, start=1)]


def _label(record: str) -> str:
    arguments = next((m[2] for m in _ARRAY.finditer(record) if m[1] == "args"), "")
    return _settings(arguments).get("label", "")


def _shift(settings: dict[str, str], where: str) -> float:
    """Return by how many eV the energies of a record are shifted."""
    shift = settings.get("bkg_eshift", "0") or "0"
    try:
        return float(shift)
    except ValueError:
        raise InputError(where, f"has the shift of energy {shift!r}, which is no number.") from None


def _numbers(text: str, where: str) -> FloatArray:
    words = [m[1] if m[1] is not None else m[2] if m[2] is not None else m[5] for m in _VALUE.finditer(text)]
    try:
        return np.array([float(word) for word in words if word is not None])
    except ValueError as error:
        raise InputError(where, f"holds what is no number: {error}.") from None


def _settings(text: str) -> dict[str, str]:
    """Return key -> value of the settings of a record, lists and tables within them left out."""
    values: list[str] = []
    depth = 0
    for match in _VALUE.finditer(text):
        if match[3]:
            depth += 1
            if depth == 1:
                values.append("")
        elif match[4]:
            depth = max(depth - 1, 0)
        elif depth == 0:
            word = next(g for g in (match[1], match[2], match[5]) if g is not None)
            values.append(_ESCAPED.sub(r"\1", word))
    return dict(zip(values[::2], values[1::2], strict=False))
