"""A crystal as a lattice of blocks, each in one of several states.

A block is what facets cut whole: the cell, or, for a perovskite, the pseudocubic cell with one metal
atom. In a tilted perovskite the metal atoms lie on a finer lattice than the crystal; the blocks
there have different contents, the states, which repeat with the crystal's own lattice. The states
form the quotient group of the two lattices (for Pbnm Z2 × Z2), so the state of a block at a lattice
offset follows from the offset. Pair sums are means over the state of the first block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.kernels.pairs import offsets_within
from nanocrystal.sample.crystal.crystal import Crystal
from nanocrystal.sample.crystal.settings import pbnm_order

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
Facets = Literal["pseudocubic", "cell"]
AlongAxes = Annotated[
    Facets | None,
    'what the edges run along: the axes of the "cell", or "pseudocubic" ones [pseudocubic for perovskites]',
]
PEROVSKITE_METALS = ("Pb", "Sn", "Ge")
OWNED_FROM = -0.25
"""a block owns the atoms whose coordinates along its vectors, from its metal atom, lie in [−¼, ¾)"""
CELL_FROM = 0.0
"""the same of a cell that is a block, from its origin"""
MOST_STATES = 12


@dataclass(frozen=True)
class BlockLattice:
    """How a crystal is made of blocks, in fractions of its cell, so that it follows a changing cell.

    matrix: (3, 3), rows are the block vectors in fractions of the cell vectors; states: (n_states, 3)
    cell fractions of a block of each state, the first one the origin; contents: for each state the atoms
    of the cell it owns and the lattice shifts (n_atoms, 3) that bring them to it.
    """

    matrix: FloatArray
    origin: FloatArray
    states: FloatArray
    contents: tuple[tuple[IntArray, FloatArray], ...]

    @property
    def n_states(self) -> int:
        return len(self.states)

    @cached_property
    def blocks_per_cell(self) -> float:
        """Blocks in the volume of the cell; each state holds the same number of them."""
        return 1.0 / abs(float(np.linalg.det(self.matrix)))

    def vectors(self, cell_vectors: FloatArray) -> FloatArray:
        """Return the block vectors as rows, Å."""
        return self.matrix @ cell_vectors

    def places(self, fract: FloatArray) -> FloatArray:
        """Return the places of the atoms that a block of each state owns, from its corner, (n_states, n_atoms, 3).

        fract: (n, 3), the atoms of the cell; both in fractions of the cell.
        """
        pairs = zip(self.contents, self.states, strict=True)
        return np.stack([fract[index] + shifts - state - self.origin for (index, shifts), state in pairs])

    def state_of(self, fractions: FloatArray) -> IntArray:
        """Return the group element (index of a state, 0 the neutral one) of translations (n, 3), in cell fractions.

        Raises InputError for a translation that leads to no state.
        """
        relative = self.states - self.states[0]
        apart = fractions[:, None, :] - relative[None, :, :]
        apart -= np.round(apart)
        distance = np.abs(apart).sum(axis=2)
        nearest = np.argmin(distance, axis=1)
        if (distance[np.arange(len(nearest)), nearest] > 1e-3).any():
            raise InputError("translation", "leads to no state of the blocks.")
        return np.asarray(nearest)

    def state_shift(self, offsets: FloatArray) -> IntArray:
        """Return the group element that offsets (n, 3) of blocks add."""
        n = self.n_states
        return np.asarray(self._shift_table[tuple((np.rint(offsets).astype(int) % n).T)])

    @cached_property
    def _shift_table(self) -> IntArray:
        """The group element of an offset by its remainders; orders divide the number of states."""
        n = self.n_states
        grid = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
        return self.state_of(grid @ self.matrix).reshape(n, n, n)

    def added(self, first: int, second: int) -> int:
        """Return the index of the state that group element `second` makes of state `first`."""
        return int(self.sums[first, second])

    @cached_property
    def sums(self) -> IntArray:
        """The table of the group, (n_states, n_states)."""
        relative = self.states - self.states[0]
        pairs = (relative[:, None, :] + relative[None, :, :]).reshape(-1, 3)
        return self.state_of(pairs).reshape(self.n_states, self.n_states)

    @cached_property
    def characters(self) -> NDArray[np.complex128]:
        """The characters χ(g), (n_characters, n_states), the first one 1; each is named by a row of `reflections`."""
        return np.asarray(np.exp(2j * np.pi * self.reflections @ (self.states - self.states[0]).T))

    @cached_property
    def reflections(self) -> IntArray:
        """For each character the simplest reflection hkl of the crystal that has it, (n_characters, 3)."""
        span = np.arange(self.n_states)
        hkl = np.stack(np.meshgrid(span, span, span, indexing="ij"), axis=-1).reshape(-1, 3)
        hkl = hkl[np.argsort((hkl**2).sum(axis=1), kind="stable")]
        phases = np.exp(2j * np.pi * hkl @ (self.states - self.states[0]).T)
        _, first = np.unique(np.round(np.hstack([phases.real, phases.imag]), 6) + 0.0, axis=0, return_index=True)
        return np.asarray(hkl[np.sort(first)])


def with_slips(crystal: Crystal, blocks: BlockLattice, slips: FloatArray, where: str) -> BlockLattice:
    """Return the same blocks with the further states that translations (n, 3), in cell fractions, make.

    Raises InputError where they do not close to a group of at most MOST_STATES states.
    """
    states = _closed_group(np.concatenate([blocks.matrix, slips]))
    if states is None:
        raise InputError(where, f"is no simple fraction of the cell: it makes more than {MOST_STATES} kinds of block.")
    if len(states) == blocks.n_states:
        return blocks
    start = CELL_FROM if blocks.n_states == 1 and np.allclose(blocks.matrix, np.eye(3)) else OWNED_FROM
    contents = _contents(crystal, blocks.matrix, blocks.origin, states, start)
    return BlockLattice(blocks.matrix, blocks.origin, states, contents)


def _closed_group(generators: FloatArray) -> FloatArray | None:
    """Return the translations modulo the cell that the generators (n, 3) make, (n_states, 3); None if too many."""
    translations = [np.zeros(3)]
    k = 0
    while k < len(translations):
        for generator in generators:
            candidate = translations[k] + generator
            candidate = candidate - np.floor(candidate + 1e-6)
            apart = np.array(translations) - candidate
            if np.abs(apart - np.round(apart)).sum(axis=1).min() > 1e-5:
                translations.append(candidate)
        if len(translations) > MOST_STATES:
            return None
        k += 1
    return np.array(translations)


def _contents(
    crystal: Crystal, matrix: FloatArray, origin: FloatArray, states: FloatArray, start: float
) -> tuple[tuple[IntArray, FloatArray], ...]:
    """Return the atoms that a block of each state owns: those within [start, start + 1) along its vectors."""
    atoms = reference_atoms(crystal)
    steps = np.arange(-2.0, 3.0)
    shifts = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    places = (atoms[None, :, :] - np.floor(atoms + 1e-9) + shifts[:, None, :]).reshape(-1, 3)
    moved = places - np.tile(atoms, (len(shifts), 1))
    index = np.tile(np.arange(len(atoms)), len(shifts))
    contents = []
    for state in states:
        along = (places - origin - state) @ np.linalg.inv(matrix)
        inside = (np.floor(along - start + 1e-9) == 0.0).all(axis=1)
        order = np.argsort(index[inside], kind="stable")
        contents.append((index[inside][order], moved[inside][order]))
    if len({len(atoms) for atoms, _ in contents}) != 1:
        raise InputError(crystal.where, "its blocks do not hold the same number of atoms in all their states.")
    return tuple(contents)


def block_lattice(crystal: Crystal, facets: Facets | None, where: str) -> BlockLattice:
    """Return the blocks of a crystal: pseudocubic for perovskites unless `facets` says "cell".

    Raises InputError where pseudocubic facets are asked for and the crystal has none.
    """
    metal = perovskite_metal(crystal)
    if facets == "cell" or (facets is None and metal is None):
        return _cells_as_blocks(crystal)
    if metal is None:
        raise InputError(
            f"{where}.facets",
            f'"pseudocubic" is for perovskites ABX3 with corner-sharing octahedra, not {crystal.formula}; use "cell".',
        )
    return _pseudocubic_blocks(crystal, metal)


def perovskite_metal(crystal: Crystal) -> str | None:
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
    from nanocrystal.sample.crystal.symmetry import cell_vectors

    return cell_vectors(crystal.structure.cell)


def reference_atoms(crystal: Crystal) -> FloatArray:
    """Return the fractional coordinates of all atoms of the cell as in the file, (n_atoms, 3)."""
    rotations, translations = crystal.structure.rotations, crystal.structure.translations
    return np.concatenate(
        [rotations[list(s.orbit.images)] @ s.orbit.fract + translations[list(s.orbit.images)] for s in crystal.sites]
    )


def _cells_as_blocks(crystal: Crystal) -> BlockLattice:
    one = np.zeros((1, 3))
    return BlockLattice(np.eye(3), np.zeros(3), one, _contents(crystal, np.eye(3), np.zeros(3), one, CELL_FROM))


def _metal_lattice(crystal: Crystal, label: str) -> FloatArray:
    """Return the shortest vectors, in cell fractions, that carry the metal atoms into each other."""
    index = next(k for k, s in enumerate(crystal.sites) if s.label == label)
    metals = reference_atoms(crystal)[crystal.site_of_atom == index]
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
    order = pbnm_order(crystal.structure)
    if order is not None:  # as in Pbnm, whatever the setting: its faces and boundaries are the same
        matrix = np.zeros((3, 3))
        matrix[:, list(order)] = [[0.5, 0.5, 0.0], [-0.5, 0.5, 0.0], [0.0, 0.0, 0.5]]
    index = next(k for k, s in enumerate(crystal.sites) if s.label == label)
    origin = reference_atoms(crystal)[crystal.site_of_atom == index][0]
    states = _closed_group(matrix)
    assert states is not None
    return BlockLattice(matrix, origin, states, _contents(crystal, matrix, origin, states, OWNED_FROM))


# ---- which whole blocks a body holds --------------------------------------------------------------


def whole(numbers: FloatArray) -> IntArray:
    """Return the nearest whole numbers from 1 on."""
    return np.maximum(1, np.rint(numbers)).astype(np.int64)


def grid_of_blocks(half: FloatArray) -> FloatArray:
    """Return the blocks from −half to half (3,), (n, n, n, 3); half-integer ones lie around a point between blocks."""
    return np.stack(np.meshgrid(*[np.arange(-h, h + 0.5) for h in half], indexing="ij"), axis=-1)


def used_planes(inside: BoolArray) -> tuple[IntArray, ...]:
    """Return the indices that leave out empty outer planes."""
    ranges = []
    for axis in range(3):
        filled = np.flatnonzero(inside.any(axis=tuple({0, 1, 2} - {axis})))
        ranges.append(np.arange(filled[0], filled[-1] + 1))
    return np.ix_(*ranges)


def nearest_filling(
    holds: Callable[[FloatArray], BoolArray], mean: FloatArray, n_blocks: float, axes: Sequence[int]
) -> BoolArray:
    """Return the blocks inside, around a block or around a point between blocks, whichever are nearer to `n_blocks`.

    holds: says which places, in blocks from the middle, lie inside; axes: those along which the body is bounded,
    `mean` blocks long.
    """
    fillings = []
    for between in (0.0, 0.5):
        half = np.zeros(3)
        half[list(axes)] = np.floor(0.5 * mean[list(axes)] + 0.5) + between
        inside = holds(grid_of_blocks(half))
        if inside.any():
            fillings.append(inside[used_planes(inside)])
    return min(fillings, key=lambda inside: abs(int(inside.sum()) - n_blocks))
