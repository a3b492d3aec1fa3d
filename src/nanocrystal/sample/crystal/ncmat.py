"""Structures of NCrystal (.ncmat): cell, space group and all atoms of the cell.

The layout is that of the page NCMAT format of the NCrystal wiki, versions 1 to 7; T. Kittelmann et al., Comput. Phys.
Commun. 246, 106851 (2020): sections that begin with @NAME; @CELL with `lengths` (!! for the one before), `angles` or
`cubic`; @SPACEGROUP with its number; @ATOMPOSITIONS with a name and three coordinates, which may be fractions, for each
atom. Dynamics are not read, so that the file gives no displacements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.cif import CifStructure
from nanocrystal.sample.crystal.listed import ListedAtom, element_of, listed_structure, numbers_of

SUFFIXES = (".ncmat",)
BEGIN = "NCMAT v"
_FRACTION = re.compile(r"([+-]?[0-9.]{1,12})/([0-9.]{1,12})")

_Line = tuple[int, list[str]]


def parse_ncmat(text: str, source: str) -> tuple[CifStructure, tuple[str, ...]]:
    """Return the structure in a .ncmat file, with sentences on how it was read; raises InputError for what is none."""
    sections = _sections(text)
    cell = _cell(sections.get("CELL", []), source)
    atoms = []
    for number, words in sections.get("ATOMPOSITIONS", []):
        element = element_of(words[0], source, number)
        x, y, z = numbers_of([_decimal(w) for w in words[1:]], 3, source, number, "x, y, z of an atom")
        atoms.append(ListedAtom(element, (x, y, z)))
    if not atoms:
        raise InputError(source, "has no @ATOMPOSITIONS: it holds no crystal structure.")
    group = next((words[0] for _, words in sections.get("SPACEGROUP", [])), "")
    return listed_structure(source, text, cell, atoms, group if group.isascii() and group.isdigit() else "")


def _sections(text: str) -> Mapping[str, list[_Line]]:
    """Return the lines of each section, numbered, without comments."""
    sections: dict[str, list[_Line]] = {}
    name = ""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if words[0].startswith("@"):
            name = words[0][1:].upper()
        else:
            sections.setdefault(name, []).append((number, words))
    return sections


def _cell(lines: Sequence[_Line], source: str) -> list[float]:
    lengths: list[float] | None = None
    angles = [90.0, 90.0, 90.0]
    for number, (key, *words) in lines:
        if key == "cubic":
            lengths = numbers_of(words, 1, source, number, "the length of a cubic cell") * 3
        elif key == "lengths":
            lengths = numbers_of(list(_repeated(words)), 3, source, number, "the lengths of the cell")
        elif key == "angles":
            angles = numbers_of(list(_repeated(words)), 3, source, number, "the angles of the cell")
    if lengths is None:
        raise InputError(source, "has no @CELL with lengths: it holds no crystal structure.")
    return [*lengths, *angles]


def _repeated(words: Sequence[str]) -> Iterator[str]:
    """Return the words with the one before in the place of `!!`."""
    last = ""
    for word in words:
        last = last if word == "!!" else word
        yield last


def _decimal(word: str) -> str:
    """Return a number as written, a fraction as its value."""
    match = _FRACTION.fullmatch(word)
    if not match:
        return word
    try:
        return f"{float(match[1]) / float(match[2]):.17g}"
    except (ValueError, ZeroDivisionError):
        return word
