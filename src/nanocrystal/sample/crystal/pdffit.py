"""Structures of PDFgui and PDFFIT (.stru): cell, all its atoms, and the numbers of the PDF beside them.

Th. Proffen & S. J. L. Billinge, J. Appl. Cryst. 32, 572 (1999), and the user guides of PDFFIT and PDFgui: a head of
keywords (title, format pdffit, scale, sharp, spcgr, shape, cell, dcell, ncell) up to `atoms`, then six lines for each
atom: element, x, y, z and occupancy; their standard deviations; U11, U22, U33; their deviations; U12, U13, U23; their
deviations. The axes of U are those of a CIF. `ncell` says how often the cell is repeated and how many atoms are listed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.cif import CifStructure
from nanocrystal.sample.crystal.listed import (
    FloatArray,
    ListedAtom,
    checked_cell,
    element_of,
    isotropic,
    listed_structure,
    numbers_of,
    u_equivalent,
)

LINES_OF_ATOM = 6
SAME = 1e-7
"""Å²; differences of U that are rounding"""
SUFFIXES = (".stru", ".rstr")
_FORMAT = re.compile(r"^\s*format\s+pdffit\b", re.MULTILINE | re.IGNORECASE)
_SHARP = {3: ("delta2", "sratio", "rcut"), 4: ("delta2", "delta1", "sratio", "rcut")}
_NEUTRAL = {"delta2": 0.0, "delta1": 0.0, "sratio": 1.0, "rcut": 0.0}


@dataclass(frozen=True)
class _Head:
    """What stands above the atoms; line: that of `atoms`, counted from 1; stated: numbers that are no structure."""

    line: int
    cell: FloatArray
    ncell: list[int]
    group: str
    stated: dict[str, float]


def is_pdffit(text: str) -> bool:
    """Say whether a text is a structure of PDFgui or PDFFIT."""
    return bool(_FORMAT.search(text[:4096]))


def parse_pdffit(text: str, source: str) -> tuple[CifStructure, tuple[str, ...]]:
    """Return the structure in a .stru file, with sentences on how it was read.

    Raises InputError for what is none, naming the line.
    """
    lines = text.splitlines()
    head = _head(lines, source)
    repeats = np.array(head.ncell[:3], dtype=np.float64)
    body = [(n, line.split()) for n, line in enumerate(lines[head.line :], head.line + 1) if line.strip()]
    n_atoms = len(body) // LINES_OF_ATOM
    declared = int(np.prod([float(n) for n in head.ncell]))
    if len(body) % LINES_OF_ATOM or n_atoms != declared or not n_atoms:
        raise InputError(
            source,
            f"says ncell {', '.join(str(n) for n in head.ncell)}, thus {declared} atoms of {LINES_OF_ATOM} lines, but "
            f"{len(body)} lines stand below `atoms`; is it cut off?",
        )
    atoms = [_atom(body[i : i + LINES_OF_ATOM], head.cell, repeats, source) for i in range(0, len(body), LINES_OF_ATOM)]
    cell = np.concatenate([head.cell[:3] * repeats, head.cell[3:]])
    group = head.group if (repeats == 1.0).all() else ""
    structure, notes = listed_structure(source, text, cell, [a for a, _ in atoms], group)
    return structure, (*notes, *_notes_on(head.stated, any(by_direction for _, by_direction in atoms)))


def _head(lines: Sequence[str], source: str) -> _Head:
    cell: FloatArray | None = None
    ncell: list[int] | None = None
    stated: dict[str, float] = {}
    group = form = ""
    for number, line in enumerate(lines, 1):
        key, _, rest = line.strip().partition(" ")
        words = rest.replace(",", " ").split()
        match key.lower():
            case "format":
                form = rest.strip().lower()
            case "cell":
                cell = checked_cell(numbers_of(words, 6, source, number, "a, b, c and the angles"), source)
            case "ncell":
                ncell = _whole(numbers_of(words, 4, source, number, "repeats and atoms"), source, number)
            case "spcgr":
                group = rest.strip().split(",")[0]
            case "sharp":
                stated |= _sharp(words, source, number)
            case "shape" if words[:1] in (["sphere"], ["stepcut"]):
                name = {"sphere": "spdiameter", "stepcut": "stepcut"}[words[0]]
                stated[name] = numbers_of(words[1:], 1, source, number, words[0])[0]
            case "atoms":
                if form != "pdffit" or cell is None or ncell is None:
                    raise InputError(
                        source,
                        "lacks one of the lines `format pdffit`, `cell` and `ncell` above `atoms`: it is no structure "
                        "of PDFgui; of DISCUS or another program, export a CIF.",
                    )
                return _Head(number, cell, ncell, group, stated)
    raise InputError(source, "is no structure of PDFgui: it has no line `atoms`; export it again, or as a CIF.")


def _whole(numbers: Sequence[float], source: str, line: int) -> list[int]:
    if not all(1.0 <= n <= 1e6 and n == int(n) for n in numbers):
        raise InputError(f"{source}, line {line}", "ncell must be four whole numbers of at least 1.")
    return [int(n) for n in numbers]


def _sharp(words: Sequence[str], source: str, line: int) -> dict[str, float]:
    names = _SHARP.get(min(len(words), 4))
    if names is None:
        return {}
    return dict(zip(names, numbers_of(words, len(names), source, line, ", ".join(names)), strict=True))


def _atom(
    lines: Sequence[tuple[int, list[str]]], cell: FloatArray, repeats: FloatArray, source: str
) -> tuple[ListedAtom, bool]:
    """Return an atom, and whether its displacements differ by direction."""
    number, words = lines[0]
    element = element_of(words[0], source, number)
    *place, occupancy = numbers_of(words[1:], 4, source, number, "x, y, z and the occupancy of an atom")
    diagonal = numbers_of(lines[2][1], 3, source, lines[2][0], f"U11, U22, U33 of {words[0][:10]}")
    u12, u13, u23 = numbers_of(lines[4][1], 3, source, lines[4][0], f"U12, U13, U23 of {words[0][:10]}")
    u = np.diag(diagonal) + np.array([[0.0, u12, u13], [u12, 0.0, u23], [u13, u23, 0.0]])
    x, y, z = (float(v) for v in np.array(place) / repeats)
    u_iso = u_equivalent(cell, u)
    by_direction = u_iso is not None and bool(np.abs(u - isotropic(cell, u_iso)).max() > SAME)
    return ListedAtom(element, (x, y, z), occupancy, u_iso), by_direction


def _notes_on(stated: dict[str, float], by_direction: bool) -> tuple[str, ...]:
    notes = []
    if by_direction:
        notes.append("its displacements differ by direction; their mean over all, a third of the trace of U, is taken.")
    told = {k: v for k, v in stated.items() if v != _NEUTRAL.get(k, 0.0)}
    if "sratio" not in told:
        told.pop("rcut", None)
    if told:
        listed = ", ".join(f"{name} = {value:g}" for name, value in told.items())
        notes.append(f"it also states {listed}: no part of the structure, and not taken.")
    return tuple(notes)
