"""Columns of text with what their header says: XDI, and plain files whose last line of header names the columns.

XDI, the X-ray Absorption Data Interchange format: B. Ravel & M. Newville, J. Phys. Conf. Ser. 712, 012148 (2016), and
its specification at https://github.com/XraySpectroscopy/XAS-Data-Interchange. The first line is `# XDI/1.0 …`, lines
`# Family.keyword: value` follow, of which `# Column.N: name unit` names the columns, `Element.symbol` and
`Element.edge` what was measured. Older files write `Scan.element` and `Scan.edge`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from nanocrystal.data.table import Table, number_table
from nanocrystal.data.xas.scan import AbsorptionScan
from nanocrystal.errors import InputError

_FIRST = re.compile(r"#\s*XDI/", re.IGNORECASE)
_FIELD = re.compile(r"[#;%*]+\s*([A-Za-z][\w-]*)\.([\w-]+)\s*:\s*(.*?)\s*$")
_MARK = re.compile(r"^\s*[#;%*!/]+\s*")
_WORDS = re.compile(r"[^\s,;]+")


def is_xdi(text: str) -> bool:
    """Return whether a text begins as XDI does, with or without a space behind #."""
    return _FIRST.match(text.lstrip("\ufeff \t\r\n")) is not None


def scan_of_text(text: str, path: Path, address: str) -> AbsorptionScan:
    """Return the scan in a text; raises InputError where it holds no table of numbers, or too few names for it."""
    table = number_table(text, address)
    stated = _stated(table.header)
    names, units = _names(table, stated, address) if is_xdi(text) else (_heading(table.header, table.width), {})
    rows = table.rows()
    shown = names or [str(n + 1) for n in range(table.width)]
    return AbsorptionScan(
        columns={name: rows[:, n] for n, name in enumerate(shown)},
        named=bool(names),
        units=units,
        rows=tuple(int(n) for n in table.lines),
        element=stated.get("element.symbol", stated.get("scan.element", "")).strip(),
        edge=stated.get("element.edge", stated.get("scan.edge", "")).strip(),
        source=str(path),
        notes=table.notes,
    )


def _stated(header: Sequence[str]) -> dict[str, str]:
    """Return family.keyword -> value of the lines of a header, keys in lower case."""
    found = (_FIELD.match(line.strip()) for line in header)
    return {f"{m[1]}.{m[2]}".lower(): m[3] for m in found if m is not None}


def _names(table: Table, stated: dict[str, str], address: str) -> tuple[list[str], dict[str, str]]:
    """Return the names of the columns of an XDI file, and units of those that state one."""
    names: list[str] = []
    units: dict[str, str] = {}
    for n in range(1, table.width + 1):
        said = stated.get(f"column.{n}", "").partition("||")[0].split()
        if not said:
            problem = f"is XDI with {table.width} columns of numbers, but no line '# Column.{n}: name' says what the"
            raise InputError(address, f"{problem} {n}. of them is; add it.")
        name = said[0].lower()
        if name in names:
            raise InputError(address, f"has two columns of the name {name}; rename one of them.")
        names.append(name)
        if len(said) > 1:
            units[name] = said[1].lower()
    return names, units


def _heading(header: Sequence[str], width: int) -> list[str]:
    """Return the names in the last line of a header that has as many words as there are columns, [] without one."""
    for line in reversed([h for h in header if _MARK.sub("", h).strip(" -=_#\t")][-1:]):
        words = [w.lower() for w in _WORDS.findall(_MARK.sub("", line))]
        if len(words) == width and len(set(words)) == width and not any(map(_is_number, words)):
            return words
    return []


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
