"""Pairs of crystals, per unit: of an infinite crystal by cells, of a finite one by blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.kernels.pairs import LatticePairs, lattice_moments, offsets_within, pair_kinds, reduced_lattice_moments
from nanocrystal.parameters import Values
from nanocrystal.sample.blocks import BlockLattice
from nanocrystal.sample.crystal import Crystal
from nanocrystal.sample.pair_structure import PairGrid
from nanocrystal.sample.prisms import Box

FloatArray = NDArray[np.float64]
NEGLIGIBLE_PAIRS = 1e-7
"""of the number of blocks; offsets with fewer pairs of blocks are left out"""
MOST_PAIRS = 3e9
"""pairs of a crystal that are enumerated; about five seconds"""


def crystal_moments(crystal: Crystal, values: Values, prefix: str, grid: PairGrid) -> FloatArray:
    """Return the pair moments of an infinite crystal per cell, (n_pair_kinds, n_bins, 4).

    One atom stands for each site, weighted by the multiplicity of the site: the others see the same
    distances by symmetry.
    """
    vectors = crystal.vectors(values, prefix)
    places = [fract @ vectors for fract in crystal.positions(values, prefix)]
    kinds = pair_kinds(len(places))
    points, weights, rows = [], [], []
    for row, (a, b) in enumerate(kinds):
        separations = places[a][0] - places[b]
        points.append(separations)
        weights.append(np.full(len(separations), len(places[a]) * (0.5 if a == b else 1.0)))
        rows.append(np.full(len(separations), row))
    all_points = np.concatenate(points)
    radius = grid.r_max + float(np.linalg.norm(all_points, axis=1).max())
    n_pairs = 4.19 * radius**3 / abs(np.linalg.det(vectors)) * len(all_points)
    if n_pairs > MOST_PAIRS:
        raise InputError(
            crystal.where, f"has about {n_pairs:.1g} pairs up to {grid.r_max:.0f} Å, too many; use a shorter range."
        )
    offsets = offsets_within(vectors, radius)
    job = LatticePairs(offsets, np.ones((1, len(offsets))), all_points, np.concatenate(weights), np.concatenate(rows))
    return lattice_moments(vectors, [job], len(kinds), grid.h, grid.n_bins)


@dataclass(frozen=True)
class ShapedPairs:
    """The pair moments of a population, (n_pair_kinds, n_bins, 4) per block, and the blocks of its mean crystal."""

    moments: FloatArray
    mean_blocks: float


Reduction = Callable[[FloatArray, bool], FloatArray]
"""(moments (n_rows, n_bins, 4), whether they are strained) -> (n_rows, n_values): a sum over the pairs"""


@dataclass(frozen=True)
class ShapedDerivatives:
    """Sums over the pairs of the mean crystal, differentiated; each (n_pair_kinds, n_values).

    Of each address: how many blocks and pairs it adds (`blocks_by`, `pairs_by`) and, for cell parameters,
    how it stretches the distances (`stretched_by`, the strained sums, per crystal).
    """

    blocks_by: Mapping[str, float]
    pairs_by: Mapping[str, FloatArray]
    stretched_by: Mapping[str, FloatArray]


@dataclass(frozen=True)
class LatticeSum:
    """The pairs of crystals of one shape cut from one crystal along its blocks.

    Sums over half of the lattice offsets, all pairs of places of two blocks, and the state of the first
    block; the distribution of sizes is in the weights of the offsets.
    """

    crystal: Crystal
    blocks: BlockLattice
    shape: Box
    prefix: str
    crystal_prefix: str

    def __call__(self, values: Values, h: float) -> ShapedPairs:
        """Return the pairs at these values; raises InputError where the largest crystals have too many."""
        vectors, offsets, weights = self._weighted_offsets(values, ())
        mean_blocks = float(weights[0, 0])
        jobs, n_bins = self._jobs(values, vectors, offsets, weights / mean_blocks, h)
        return ShapedPairs(lattice_moments(vectors, jobs, self._n_pair_kinds, h, n_bins), mean_blocks)

    def derivatives(
        self, values: Values, h: float, sizes: Sequence[str], cell: Sequence[str], reduction: Reduction
    ) -> ShapedDerivatives:
        """Return sums over the pairs differentiated by the lengths `sizes` and the cell parameters `cell`.

        A cell parameter changes the number of blocks in crystals of given lengths, too.
        """
        moved = (*sizes, *cell)
        vectors, offsets, weights = self._weighted_offsets(values, moved)
        cell_vectors = self.crystal.vectors(values, self.crystal_prefix)
        strains = np.array([self._strain(values, a, cell_vectors) for a in cell]).reshape(-1, 3, 3)
        jobs, n_bins = self._jobs(values, vectors, offsets, weights, h)
        n = len(weights)

        def reduced(kind: int, moments: FloatArray) -> tuple[FloatArray, FloatArray]:
            return reduction(moments[1:n], False), reduction(moments[n:], True)

        found = reduced_lattice_moments(vectors, jobs, self._n_pair_kinds, h, n_bins, strains, reduced)
        n_values = next(iter(found.values()))[0].shape[1]
        pairs, stretched = (np.zeros((k, self._n_pair_kinds, n_values)) for k in (len(moved), len(cell)))
        for kind, (added, strained) in found.items():
            pairs[:, kind], stretched[:, kind] = added, strained
        return ShapedDerivatives(
            dict(zip(moved, weights[1:, 0].tolist(), strict=True)),
            dict(zip(moved, pairs, strict=True)),
            dict(zip(cell, stretched, strict=True)),
        )

    @property
    def _n_pair_kinds(self) -> int:
        return len(pair_kinds(len(self.crystal.sites)))

    def _weighted_offsets(self, values: Values, moved: Sequence[str]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return block vectors, offsets (n, 3), and W with its derivatives by `moved`, (1 + n_moved, n)."""
        vectors = self.blocks.vectors(self.crystal.vectors(values, self.crystal_prefix))
        reach = np.ceil(self._checked_reach(vectors, values)).astype(int)
        octant = self._octant_weights(reach, values, moved)
        kept = np.argwhere(octant[0] > NEGLIGIBLE_PAIRS * octant[0, 0, 0, 0])
        # ordered by length, neighbours fall into neighbouring bins and the histogram stays in the cache
        kept = kept[np.argsort(((kept @ vectors) ** 2).sum(axis=1), kind="stable")]
        offsets, places = _half_lattice(kept)
        return vectors, offsets, octant[:, kept[:, 0], kept[:, 1], kept[:, 2]][:, places]

    def _checked_reach(self, vectors: FloatArray, values: Values) -> FloatArray:
        reach = self.shape.reach_in_blocks(vectors, values, self.prefix)
        n_pairs = 4.0 * float(np.prod(reach + 1.0)) * len(self.blocks.contents[0][0]) ** 2
        if n_pairs > MOST_PAIRS or np.prod(reach + 1.0) > 2e7:
            lengths = reach * np.linalg.norm(vectors, axis=1)
            shown = " × ".join(f"{x / 10.0:.0f}" for x in lengths)
            raise InputError(
                self.prefix, f"its largest crystals measure {shown} nm, {n_pairs:.0e} pairs; make sizes or std smaller."
            )
        return reach

    def _octant_weights(self, reach: NDArray[np.int64], values: Values, addresses: Sequence[str]) -> FloatArray:
        """Return W and its derivatives with the parameters at `addresses`, (1 + n, …), for offsets ≥ 0."""

        def at(moved: Values) -> FloatArray:
            vectors = self.blocks.vectors(self.crystal.vectors(moved, self.crystal_prefix))
            return self.shape.octant_weights(reach, vectors, moved, self.prefix)

        rows = [at(values)]
        for address in addresses:
            step = 1e-4 * abs(values[address])
            above, below = (at({**values, address: values[address] + change}) for change in (step, -step))
            rows.append((above - below) / (2.0 * step))
        return np.array(rows)

    def _strain(self, values: Values, address: str, cell_vectors: FloatArray) -> FloatArray:
        """Return E (3, 3) with dX = X E d(parameter) for every vector X fixed in fractions of the cell."""
        step = 1e-5 * abs(values[address])
        moved = [{**values, address: values[address] + sign * step} for sign in (1.0, -1.0)]
        above, below = (self.crystal.vectors(m, self.crystal_prefix) for m in moved)
        return np.asarray(np.linalg.solve(cell_vectors, (above - below) / (2.0 * step)))

    def _jobs(
        self, values: Values, vectors: FloatArray, offsets: FloatArray, weights: FloatArray, h: float
    ) -> tuple[list[LatticePairs], int]:
        """Return the pairs to be counted, by change of state, and the number of bins that hold them."""
        corners = self._places(values, self.crystal.vectors(values, self.crystal_prefix))
        span = np.ptp(np.concatenate(corners), axis=0)
        longest = np.linalg.norm(np.abs(offsets @ vectors).max(axis=0) + span)
        n_bins = int(1.06 ** np.ceil(np.log(longest) / np.log(1.06)) / h) + 2  # seldom changes
        jobs = [LatticePairs(offsets[:1], weights[:, :1].copy(), *self._pairs(corners, 0, within=True))]
        if self.blocks.n_states == 1:
            others = np.ascontiguousarray(weights[:, 1:])
            return [*jobs, LatticePairs(offsets[1:], others, *self._pairs(corners, 0, within=False))], n_bins
        shifts = self._shift_table[tuple((offsets.astype(int) % self.blocks.n_states).T)]
        for shift in range(self.blocks.n_states):
            chosen = shifts == shift
            chosen[0] = False
            if chosen.any():
                own = np.ascontiguousarray(weights[:, chosen])
                jobs.append(LatticePairs(offsets[chosen], own, *self._pairs(corners, shift, within=False)))
        return jobs, n_bins

    @cached_property
    def _shift_table(self) -> NDArray[np.int64]:
        """The group element of an offset by its remainders; orders divide the number of states."""
        n = self.blocks.n_states
        grid = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
        return self.blocks.state_shift(grid.astype(np.float64)).reshape(n, n, n)

    def _places(self, values: Values, cell_vectors: FloatArray) -> list[FloatArray]:
        """Return the places of the atoms that a block of each state owns, from its corner, Å."""
        fract = np.concatenate(self.crystal.positions(values, self.crystal_prefix))
        return [
            (fract[atoms] + shifts - state - self.blocks.origin) @ cell_vectors
            for (atoms, shifts), state in zip(self.blocks.contents, self.blocks.states, strict=True)
        ]

    def _pairs(
        self, places: list[FloatArray], shift: int, within: bool
    ) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
        """Return points, factors and kinds of the pairs of a block of any state and one `shift` of states away.

        within: the two blocks are one and the same; each pair of its places once.
        """
        states, firsts, others, seconds, kinds = self._pair_indices[shift, within]
        stacked = np.stack(places)
        points = stacked[states, firsts] - stacked[others, seconds]
        return points, np.full(len(points), 1.0 / self.blocks.n_states), kinds

    @cached_property
    def _pair_indices(self) -> dict[tuple[int, bool], tuple[NDArray[np.int64], ...]]:
        row_of = {pair: k for k, pair in enumerate(pair_kinds(len(self.crystal.sites)))}
        site = [self.crystal.site_of_atom[atoms] for atoms, _ in self.blocks.contents]
        n = len(site[0])
        found: dict[tuple[int, bool], tuple[NDArray[np.int64], ...]] = {}
        for shift in range(self.blocks.n_states):
            for within in (False, True) if shift == 0 else (False,):
                rows = []
                for state in range(self.blocks.n_states):
                    other = self.blocks.added(state, shift)
                    for i in range(n):
                        for j in range(i + 1 if within else 0, n):
                            a, b = sorted((int(site[state][i]), int(site[other][j])))
                            rows.append((state, i, other, j, row_of[a, b]))
                found[shift, within] = tuple(np.array(rows, dtype=np.int64).reshape(-1, 5).T)
        return found


def _half_lattice(octant: NDArray[np.int64]) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return one offset of each pair ±u made of octant offsets (n, 3) ≥ 0 by signs, and the row each comes from."""
    signs = np.array([[1, 1, 1], [1, -1, 1], [1, 1, -1], [1, -1, -1]])
    i, j, k = (octant > 0).T
    second, third = signs[:, 1] < 0, signs[:, 2] < 0
    valid = (~second | (i & j)[:, None]) & (~third | (k & (i | j))[:, None])
    rows, combination = np.nonzero(valid)
    return (octant[rows] * signs[combination]).astype(np.float64), rows
