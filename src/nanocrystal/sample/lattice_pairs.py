"""Pairs of crystals, per unit: of an infinite crystal by cells, of a finite one by blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.kernels.pairs import lattice_moments, offsets_within, pair_kinds
from nanocrystal.parameters import Values
from nanocrystal.sample.blocks import BlockLattice
from nanocrystal.sample.crystal import Crystal
from nanocrystal.sample.pair_structure import PairGrid
from nanocrystal.sample.prisms import Box

FloatArray = NDArray[np.float64]
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
    return lattice_moments(
        vectors, offsets, np.ones(len(offsets)), all_points, np.concatenate(weights), np.concatenate(rows),
        len(kinds), grid.h, grid.n_bins,
    )  # fmt: skip


def shaped_moments(
    crystal: Crystal, blocks: BlockLattice, shape: Box, values: Values, prefix: str, crystal_prefix: str, h: float
) -> tuple[FloatArray, float]:
    """Return the pair moments of a population per block, (n_pair_kinds, n_bins, 4), and its mean blocks per crystal.

    Sums over half of the lattice offsets, all pairs of places of two blocks, and the state of the first
    block; the distribution of sizes is in the weights of the offsets.
    Raises InputError where the largest crystals would have too many pairs.
    """
    cell = crystal.vectors(values, crystal_prefix)
    vectors = blocks.vectors(cell)
    reach = shape.reach_in_blocks(vectors, values, prefix)
    n_places = len(blocks.contents[0][0])
    n_pairs = 4.0 * float(np.prod(reach + 1.0)) * n_places**2
    if n_pairs > MOST_PAIRS or np.prod(reach + 1.0) > 2e8:
        lengths = reach * np.linalg.norm(vectors, axis=1)
        shown = " × ".join(f"{x / 10.0:.0f}" for x in lengths)
        raise InputError(
            prefix, f"its largest crystals measure {shown} nm, about {n_pairs:.0e} pairs; make sizes or std smaller."
        )
    offsets = shape.offsets(vectors, values, prefix)
    weights = shape.pair_weights(offsets, vectors, values, prefix)
    mean_blocks = float(weights[0])
    kept = weights > 1e-9 * mean_blocks
    offsets, weights = offsets[kept], weights[kept] / mean_blocks
    shifts = blocks.state_shift(offsets)
    places = _places(crystal, blocks, values, crystal_prefix, cell)
    n_kinds = len(crystal.sites)
    longest = np.linalg.norm(offsets @ vectors, axis=1).max() + 2.0 * np.linalg.norm(vectors, axis=1).sum()
    n_bins = int(longest / h) + 2
    total = np.zeros((len(pair_kinds(n_kinds)), n_bins, 4))
    for shift in range(blocks.n_states):
        chosen = shifts == shift
        chosen[0] = False
        points, rows = _separations(crystal, blocks, places, shift, within=False)
        factor = np.full(len(points), 1.0 / blocks.n_states)
        if chosen.any():
            total += lattice_moments(
                vectors, offsets[chosen], weights[chosen], points, factor, rows, len(total), h, n_bins
            )
    points, rows = _separations(crystal, blocks, places, 0, within=True)
    factor = np.full(len(points), 1.0 / blocks.n_states)
    total += lattice_moments(vectors, offsets[:1], np.ones(1), points, factor, rows, len(total), h, n_bins)
    return total, mean_blocks


def _places(crystal: Crystal, blocks: BlockLattice, values: Values, prefix: str, cell: FloatArray) -> list[FloatArray]:
    """Return the places of the atoms that a block of each state owns, from its corner, Å."""
    fract = np.concatenate(crystal.positions(values, prefix))
    return [
        (fract[atoms] + shifts - state - blocks.origin) @ cell
        for (atoms, shifts), state in zip(blocks.contents, blocks.states, strict=True)
    ]


def _separations(
    crystal: Crystal, blocks: BlockLattice, places: list[FloatArray], shift: int, within: bool
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return d_i − d_j of places of a block and of one `shift` of states away, for all first states, and pair kinds.

    within: the two blocks are one and the same; each pair of its places once.
    """
    row_of = {pair: k for k, pair in enumerate(pair_kinds(len(crystal.sites)))}
    site = crystal.site_of_atom
    points, rows = [], []
    for state in range(blocks.n_states):
        other = blocks.added(state, shift)
        for i, atom in enumerate(blocks.contents[state][0]):
            for j, partner in enumerate(blocks.contents[other][0]):
                if within and j <= i:
                    continue
                points.append(places[state][i] - places[other][j])
                rows.append(row_of[tuple(sorted((int(site[atom]), int(site[partner]))))])  # type: ignore[index]
    return np.array(points).reshape(-1, 3), np.array(rows, dtype=np.int64)
