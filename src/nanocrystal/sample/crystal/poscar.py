"""Structures of VASP (POSCAR, CONTCAR, .vasp), with the names of the elements (version 5 on) or without (version 4).

The layout is that of the page POSCAR of the VASP wiki: a comment; a factor for all lengths, three of them for x, y and
z, or minus the volume of the cell; the three vectors of the cell; the elements; how many atoms of each; `Selective
dynamics` where it is used; `Direct` (fractional) or `Cartesian`; the atoms, one a line. What follows is not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

import numpy as np

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.cif import CifStructure
from nanocrystal.sample.crystal.listed import (
    FloatArray,
    ListedAtom,
    element_of,
    listed_structure,
    numbers_of,
)
from nanocrystal.tables.elements import is_element

SUFFIXES = (".vasp", ".poscar", ".contcar")
NAMES = ("POSCAR", "CONTCAR")
"""what the names of such files begin with"""
LEAST_LINES = 8
SMALLEST = 1e-6
"""Å³; no cell is smaller"""


def parse_poscar(text: str, source: str) -> tuple[CifStructure, tuple[str, ...]]:
    """Return the structure in a POSCAR, with sentences on how it was read; raises InputError for what is none."""
    lines = [line.split() for line in text.splitlines()]
    if len(lines) < LEAST_LINES:
        raise InputError(source, f"has {len(lines)} lines; a POSCAR has at least {LEAST_LINES}. Is it cut off?")
    vectors, factors = _vectors(lines, source)
    elements, counts, at, notes = _kinds(lines, source)
    if lines[at][:1] and lines[at][0][0] in "Ss":
        at += 1
    mode = lines[at][0][0] if at < len(lines) and lines[at] else ""
    if not mode.isalpha():
        raise InputError(f"{source}, line {at + 1}", "must say Direct or Cartesian, as the line above the atoms.")
    n = sum(counts)
    rows = lines[at + 1 : at + 1 + n]
    if len(rows) < n or not all(rows):
        have = next((i for i, row in enumerate(rows) if not row), len(rows))
        raise InputError(source, f"says that it holds {n} atoms, but has {have}; is it cut off?")
    places = np.array([numbers_of(r, 3, source, i, "x, y, z of an atom") for i, r in enumerate(rows, at + 2)])
    if mode in "CcKk":
        places = places * factors @ np.linalg.inv(vectors)
    kinds = [e for e, count in zip(elements, counts, strict=True) for _ in range(count)]
    atoms = [ListedAtom(e, (float(x), float(y), float(z))) for e, (x, y, z) in zip(kinds, places, strict=True)]
    structure, listed = listed_structure(source, text, _cell_of(vectors), atoms)
    return structure, (*notes, *listed)


def _vectors(lines: Sequence[list[str]], source: str) -> tuple[FloatArray, FloatArray]:
    """Return the vectors of the cell (3, 3), rows, Å, and the factors (3,) of x, y and z."""
    count = 3 if len(lines[1]) >= 3 else 1
    numbers = numbers_of(lines[1], count, source, 2, "the factor of all lengths")
    rows = [numbers_of(lines[i], 3, source, i + 1, "a vector of the cell") for i in (2, 3, 4)]
    plain, factors = np.array(rows), np.full(3, numbers[0]) if count == 1 else np.array(numbers)
    volume = abs(float(np.linalg.det(plain)))
    if count == 1 and factors[0] < 0.0 and volume > SMALLEST:
        factors = np.full(3, (-factors[0] / volume) ** (1.0 / 3.0))
    vectors = plain * factors
    if factors.min() <= 0.0 or not abs(float(np.linalg.det(vectors))) > SMALLEST:
        raise InputError(source, "its factor and vectors make no cell (lines 2 to 5).")
    return vectors, factors


def _kinds(lines: Sequence[list[str]], source: str) -> tuple[list[str], list[int], int, tuple[str, ...]]:
    """Return the elements, how many atoms of each there are, the index of the next line, and notes."""
    words = lines[5]
    notes: tuple[str, ...] = ()
    if words and words[0].isdigit():
        counts, at = _counts(words, source, 6), 6
        elements = list(takewhile(is_element, lines[0]))
        if len(elements) != len(counts):
            raise InputError(
                f"{source}, line 6",
                f"counts {len(counts)} kinds of atoms, but the file does not name them (VASP 4); write the elements in "
                "a line above it, such as: Cd Se",
            )
        notes = (f"its elements are taken from the comment in the first line: {' '.join(elements)}.",)
    else:
        elements = [element_of(word, source, 6) for word in words]
        counts, at = _counts(lines[6], source, 7), 7
        if len(counts) != len(elements) or not elements:
            raise InputError(
                f"{source}, line 7", f"counts {len(counts)} kinds of atoms, but line 6 names {len(elements)}."
            )
    if at >= len(lines):
        raise InputError(source, "ends before its atoms; is it cut off?")
    return elements, counts, at, notes


def _counts(words: Sequence[str], source: str, line: int) -> list[int]:
    counts = []
    for word in words:
        if not (word.isascii() and word.isdigit() and len(word) < 8):
            break
        counts.append(int(word))
    if not counts or min(counts) < 1:
        raise InputError(f"{source}, line {line}", "must say how many atoms of each element there are.")
    return counts


def _cell_of(vectors: FloatArray) -> FloatArray:
    """Return lengths (Å) and angles (°) of a cell with these vectors as rows."""
    lengths = np.linalg.norm(vectors, axis=1)
    cosines = [vectors[i] @ vectors[j] / (lengths[i] * lengths[j]) for i, j in ((1, 2), (0, 2), (0, 1))]
    angles = np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0)))
    return np.concatenate([lengths, np.where(np.abs(angles - np.round(angles)) < 1e-5, np.round(angles), angles)])
