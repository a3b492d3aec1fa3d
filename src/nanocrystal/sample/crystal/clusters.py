"""Explicit atoms: one cluster from a file, used as it is."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.cif import structure_of
from nanocrystal.sample.crystal.symmetry import cell_vectors, site_orbits
from nanocrystal.tables.elements import is_element
from nanocrystal.text import read_text

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
WIDEST = 10_000.0
"""Å; the widest cluster"""
SAME_FACE = 1e-6
"""in parts of the cell; an atom this close below a face of the cell is on the opposite one"""
OVERLAP_DISTANCE = 0.5
"""Å; atoms of a cluster closer than this overlap"""


@dataclass(frozen=True)
class Cluster:
    """Atoms with their places.

    Parameters
    ----------
    elements : tuple of str
        Symbols, (n_atoms,).
    positions : array (n_atoms, 3)
        Å.
    source : str
        What messages and reports call the atoms.
    text : str
        The text that they were read from, if they were.
    notes : tuple of str
        What was decided or left out in reading, one sentence each.
    """

    elements: tuple[str, ...]
    positions: FloatArray
    source: str
    text: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: str | Path, where: str = "file", source: str | None = None, *, block: str = "") -> Cluster:
        """Read .xyz, extended .xyz, or the atoms of one cell of a .cif as a cluster.

        Of a .cif without symmetry the atoms stand where they are listed; else they are those that symmetry makes in the
        cell, which a note says. block: the data block of a .cif [the first with a structure].
        Raises InputError, with the line, for a file that is missing or no such file.
        """
        path = Path(path)
        text = read_text(path, where)
        suffix = path.suffix.lower()
        if suffix not in (".cif", ".xyz", ".extxyz"):
            raise InputError(where, f"atoms are read from .xyz, .extxyz or .cif files, not from {path.name!r}.")
        return _from_cif(text, source or str(path), block) if suffix == ".cif" else _from_xyz(text, source or str(path))

    def __repr__(self) -> str:
        return f"Cluster({self.formula}, {len(self.elements)} atoms, {self.source})"

    @property
    def formula(self) -> str:
        """The atoms of each element, e.g. Cd56Se35."""
        return "".join(f"{e}{self.elements.count(e)}" for e in self.species)

    @property
    def species(self) -> tuple[str, ...]:
        """The elements in order of first appearance."""
        return tuple(dict.fromkeys(self.elements))

    @property
    def kinds(self) -> IntArray:
        """The index into `species` of each atom, (n_atoms,)."""
        index = {e: k for k, e in enumerate(self.species)}
        return np.array([index[e] for e in self.elements], dtype=np.int64)

    @property
    def extent(self) -> float:
        """An upper bound of the longest distance in the cluster, Å."""
        return float(np.linalg.norm(np.ptp(self.positions, axis=0)))

    @property
    def sha256(self) -> str:
        """The digest of the text that the atoms were read from."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def xyz_text(self, comment: str) -> str:
        """Return the cluster as the text of an .xyz file."""
        rows = (f"{e} {x:.6f} {y:.6f} {z:.6f}" for e, (x, y, z) in zip(self.elements, self.positions, strict=True))
        return "\n".join([str(len(self.elements)), " ".join(comment.split()), *rows]) + "\n"

    def check_overlap(self, where: str) -> None:
        """Raise InputError where two atoms are on top of each other, or impossibly far apart."""
        from scipy.spatial import cKDTree

        width = float(np.ptp(self.positions, axis=0).max())
        if width > WIDEST:
            raise InputError(
                where, f"the atoms of {self.source} spread over {width:.3g} Å, more than {WIDEST:g}; are they in Å?"
            )

        pairs = cKDTree(self.positions).query_pairs(OVERLAP_DISTANCE, output_type="ndarray")
        if len(pairs):
            i, j = pairs[0]
            distance = float(np.linalg.norm(self.positions[i] - self.positions[j]))
            raise InputError(
                where,
                f"atoms overlap: {self.elements[i]} number {i + 1} and {self.elements[j]} number {j + 1} of "
                f"{self.source} are {distance:.2f} Å apart; correct the coordinates, which are in Å.",
            )


def _from_xyz(text: str, source: str) -> Cluster:
    lines = text.splitlines()
    try:
        n_atoms = int(lines[0].split()[0])
    except (IndexError, ValueError):
        shown = f"got {lines[0][:60]!r}" if lines else "but the file is empty"
        raise InputError(f"{source}, line 1", f"expected the number of atoms, {shown}.") from None
    if n_atoms < 1:
        raise InputError(f"{source}, line 1", f"the number of atoms must be at least 1, got {n_atoms}.")
    columns = re.search(r'Properties="?([^\s"]+)', lines[1]) if len(lines) > 1 else None
    species_at, position_at = _extended_columns(columns.group(1) if columns else "", source)
    rows = [(n, line) for n, line in enumerate(lines[2:], start=3) if line.strip()]
    if len(rows) < n_atoms:
        raise InputError(source, f"line 1 announces {n_atoms} atoms, but {len(rows)} follow.")
    if len(rows) > n_atoms:
        n, line = rows[n_atoms]
        raise InputError(
            f"{source}, line {n}",
            f"line 1 announces {n_atoms} atoms, but more follow ({line[:40]!r}); one frame is read.",
        )
    elements, positions = [], np.empty((n_atoms, 3))
    for k, (n, line) in enumerate(rows):
        words = line.split()
        place = f"{source}, line {n}"
        try:
            positions[k] = [float(w) for w in words[position_at : position_at + 3]]
            symbol = words[species_at]
        except (ValueError, IndexError):
            raise InputError(place, f"expected an element and three coordinates, got {line[:60]!r}.") from None
        symbol = symbol.capitalize()
        if not is_element(symbol):
            raise InputError(place, f"{words[species_at]!r} is not the symbol of an element, such as Cs or Pb.")
        if not np.all(np.isfinite(positions[k])):
            raise InputError(place, f"the coordinates must be finite numbers, got {line[:60]!r}.")
        elements.append(symbol)
    return Cluster(tuple(elements), positions, source, text)


def _extended_columns(properties: str, source: str) -> tuple[int, int]:
    """Return where species and position stand in an extended xyz line (plain: 0 and 1)."""
    if not properties:
        return 0, 1
    fields = properties.split(":")
    starts: dict[str, int] = {}
    column = 0
    for name, _, width in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        starts[name] = column
        column += int(width) if width.isdigit() else 1
    if "species" not in starts or "pos" not in starts:
        raise InputError(f"{source}, line 2", f"Properties must name species and pos, got {properties!r}.")
    return starts["species"], starts["pos"]


def _from_cif(text: str, source: str, block: str) -> Cluster:
    structure = structure_of(text, source, block, "", cluster=True)
    if any(s.occupancy < 1.0 for s in structure.sites):
        raise InputError(source, "has partly occupied sites; a cluster needs whole atoms.")
    vectors, listed = cell_vectors(structure.cell), np.array([s.fract for s in structure.sites])
    elements = tuple(s.element for s in structure.sites)
    rotations, translations = structure.rotations, structure.translations
    if len(rotations) == 1:
        return Cluster(elements, listed @ vectors, source, text, structure.notes)
    filled = np.ones(len(listed))
    orbits = site_orbits(listed, rotations, translations, vectors, filled, structure.rounding)
    places = [rotations[list(o.images)] @ o.fract + translations[list(o.images)] for o in orbits]
    fract = np.concatenate(places)
    inside = fract - np.floor(fract + SAME_FACE)
    note = (
        f"the {len(fract)} atoms of one cell were taken, alone in space, which symmetry makes of the {len(listed)} "
        "listed; for a nanocrystal give a study a shape, or write its atoms with nanocrystal atoms."
    )
    repeated = tuple(e for e, o in zip(elements, orbits, strict=True) for _ in o.images)
    return Cluster(repeated, inside @ vectors, source, text, (*structure.notes, note))
