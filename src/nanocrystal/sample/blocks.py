"""A crystal as a lattice of blocks, each in one of several states.

A block is what facets cut whole: the cell, or, for a perovskite, the pseudocubic cell with one metal
atom. In a tilted perovskite the metal atoms lie on a finer lattice than the crystal; the blocks
there have different contents, the states, which repeat with the crystal's own lattice. The states
form the quotient group of the two lattices (for Pbnm Z2 × Z2), so the state of a block at a lattice
offset follows from the offset. Pair sums are means over the state of the first block.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.kernels.pairs import offsets_within
from nanocrystal.sample.crystal import Crystal

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Facets = Literal["pseudocubic", "cell"]
PEROVSKITE_METALS = ("Pb", "Sn", "Ge")
OWNED_FROM = -0.25
"""a block owns the atoms whose coordinates along its vectors, from its metal atom, lie in [−¼, ¾)"""


@dataclass(frozen=True)
class BlockLattice:
    """How a crystal is made of blocks, in fractions of its cell, so that it follows a changing cell.

    matrix: (3, 3), rows are the block vectors in fractions of the cell vectors; states: (n_states, 3)
    cell fractions of a block of each state; contents: for each state the atoms of the cell it owns and
    the lattice shifts (n_atoms, 3) that bring them to it.
    """

    matrix: FloatArray
    origin: FloatArray
    states: FloatArray
    contents: tuple[tuple[IntArray, FloatArray], ...]

    @property
    def n_states(self) -> int:
        return len(self.states)

    @cached_property
    def blocks_per_cell(self) -> int:
        """Blocks in the volume of the cell; each state holds the same number of them."""
        return round(1.0 / abs(float(np.linalg.det(self.matrix))))

    def vectors(self, cell_vectors: FloatArray) -> FloatArray:
        """Return the block vectors as rows, Å."""
        return self.matrix @ cell_vectors

    def state_shift(self, offsets: FloatArray) -> IntArray:
        """Return the group element (index of a state, 0 the neutral one) that offsets (n, 3) of blocks add."""
        fractions = offsets @ self.matrix
        relative = self.states - self.states[0]
        apart = fractions[:, None, :] - relative[None, :, :]
        apart -= np.round(apart)
        return np.asarray(np.argmin(np.abs(apart).sum(axis=2), axis=1))

    def added(self, first: int, second: int) -> int:
        """Return the index of the state that group element `second` makes of state `first`."""
        relative = self.states - self.states[0]
        apart = relative[first] + relative[second] - relative
        apart -= np.round(apart)
        return int(np.argmin(np.abs(apart).sum(axis=1)))


def block_lattice(crystal: Crystal, facets: Facets | None, where: str) -> BlockLattice:
    """Return the blocks of a crystal: pseudocubic for perovskites unless `facets` says "cell".

    Raises InputError where pseudocubic facets are asked for and the crystal has none.
    """
    metal = _perovskite_metal(crystal)
    if facets == "cell" or (facets is None and metal is None):
        return _cells_as_blocks(crystal)
    if metal is None:
        raise InputError(
            f"{where}.facets",
            f'"pseudocubic" is for perovskites ABX3 with corner-sharing octahedra, not {crystal.formula}; use "cell".',
        )
    return _pseudocubic_blocks(crystal, metal)


def _perovskite_metal(crystal: Crystal) -> str | None:
    """Return the label of the metal site if the crystal is a perovskite: metals on a nearly cubic lattice."""
    sites = [s for s in crystal.sites if s.element in PEROVSKITE_METALS]
    if len(sites) != 1 or len({s.element for s in crystal.sites}) < 3:
        return None
    try:
        matrix = _metal_lattice(crystal, sites[0].label)
    except InputError:
        return None
    vectors = matrix @ _reference_vectors(crystal)
    lengths = np.linalg.norm(vectors, axis=1)
    cosines = np.abs(vectors @ vectors.T / np.outer(lengths, lengths) - np.eye(3)).max()
    return sites[0].label if np.ptp(lengths) < 0.08 * lengths.mean() and cosines < 0.08 else None


def _reference_vectors(crystal: Crystal) -> FloatArray:
    from nanocrystal.sample.symmetry import cell_vectors

    return cell_vectors(crystal.structure.cell)


def _reference_atoms(crystal: Crystal) -> FloatArray:
    """Return the fractional coordinates of all atoms of the cell as in the file, (n_atoms, 3)."""
    rotations, translations = crystal.structure.rotations, crystal.structure.translations
    return np.concatenate(
        [rotations[list(s.orbit.images)] @ s.orbit.fract + translations[list(s.orbit.images)] for s in crystal.sites]
    )


def _cells_as_blocks(crystal: Crystal) -> BlockLattice:
    atoms = _reference_atoms(crystal)
    content = (np.arange(len(atoms)), -np.floor(atoms + 1e-9))
    return BlockLattice(np.eye(3), np.zeros(3), np.zeros((1, 3)), (content,))


def _metal_lattice(crystal: Crystal, label: str) -> FloatArray:
    """Return the shortest vectors, in cell fractions, that carry the metal atoms into each other."""
    index = next(k for k, s in enumerate(crystal.sites) if s.label == label)
    metals = _reference_atoms(crystal)[crystal.site_of_atom == index]
    cell = _reference_vectors(crystal)
    offsets = offsets_within(cell, 1.2 * float(np.linalg.norm(cell, axis=1).max()))
    candidates = (metals[None, :, :] - metals[0] + offsets[:, None, :]).reshape(-1, 3)
    lengths = np.linalg.norm(candidates @ cell, axis=1)
    candidates = candidates[np.argsort(lengths, kind="stable")]
    chosen: list[FloatArray] = []
    for candidate in candidates[1:]:
        if np.linalg.matrix_rank(np.array([*chosen, candidate]) @ cell, tol=0.5) > len(chosen):
            chosen.append(candidate)
        if len(chosen) == 3:
            break
    matrix = np.array(chosen)
    if len(chosen) < 3 or abs(1.0 / abs(np.linalg.det(matrix)) - len(metals)) > 1e-3:
        raise InputError(crystal.where, f"the {label} atoms form no lattice of their own.")
    return _ordered(np.round(matrix * 12.0) / 12.0, cell)


def _ordered(matrix: FloatArray, cell: FloatArray) -> FloatArray:
    """Order and sign block vectors: right-handed, the third along a cell axis; for Pbnm (a+b)/2, (b−a)/2, c/2."""
    along = [int(np.argmax(np.abs(row))) if np.count_nonzero(np.abs(row) > 1e-6) == 1 else -1 for row in matrix]
    if sorted(along) == [0, 1, 2]:
        rows = [np.abs(matrix[along.index(k)]) for k in range(3)]
        return np.array(rows)
    third = next((k for k, axis in enumerate(along) if axis >= 0), 2)
    c = np.abs(matrix[third])
    first, second = sorted((matrix[k] for k in range(3) if k != third), key=lambda row: -abs(row.sum()))
    first = first * np.sign(first.sum())
    basis = np.array([first, second, c])
    if np.linalg.det(basis @ cell) < 0.0:
        basis[1] = -basis[1]
    return basis


def _pseudocubic_blocks(crystal: Crystal, label: str) -> BlockLattice:
    matrix = _metal_lattice(crystal, label)
    index = next(k for k, s in enumerate(crystal.sites) if s.label == label)
    atoms = _reference_atoms(crystal)
    metals = atoms[crystal.site_of_atom == index]
    origin = metals[0]
    inverse = np.linalg.inv(matrix)
    states = metals - origin
    states -= np.floor(states + 1e-9)
    owned: list[list[tuple[int, FloatArray]]] = [[] for _ in states]
    for atom, place in enumerate(atoms):
        block = np.floor((place - origin) @ inverse - OWNED_FROM)
        corner = block @ matrix
        shift = corner - states
        state = int(np.argmin(np.abs(shift - np.round(shift)).sum(axis=1)))
        owned[state].append((atom, -np.round(shift[state])))
    contents = tuple((np.array([a for a, _ in o]), np.array([s for _, s in o])) for o in owned)
    if len({len(c[0]) for c in contents}) != 1:
        raise InputError(crystal.where, "its pseudocubic cells do not hold the same number of atoms.")
    return BlockLattice(matrix, origin, states, contents)
