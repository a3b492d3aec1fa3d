"""Crystals of one shape cut from one crystal along its blocks: which pairs of places two blocks have.

What stands here does not depend on numbers; sums over pairs at given values are in `lattice_pairs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.pairs import pair_kinds
from nanocrystal.sample.crystal.crystal import Crystal
from nanocrystal.sample.order.blocks import BlockLattice
from nanocrystal.sample.order.order import Coherent, Order
from nanocrystal.sample.order.twins import TwinBoundaries
from nanocrystal.sample.shapes.shape import Shape
from nanocrystal.sample.surface.shell import Shell
from nanocrystal.sample.surface.termination import OuterLayers

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class BlockPairs(NamedTuple):
    """Pairs of atoms of two blocks: state and place in its block of each, pair of sites, part, class, span."""

    states: IntArray
    firsts: IntArray
    others: IntArray
    seconds: IntArray
    kinds: IntArray
    parts: FloatArray
    classes: IntArray
    spans: IntArray

    def of_span(self, span: int) -> BlockPairs:
        """Return the pairs of one span."""
        chosen = self.spans == span
        return BlockPairs(*(column[chosen] for column in self))

    def points(self, places: FloatArray) -> FloatArray:
        """Return the separations (n, 3) of the pairs, from places (n_states, n_atoms, 3)."""
        return np.asarray(places[self.states, self.firsts] - places[self.others, self.seconds])


@dataclass(frozen=True, kw_only=True)
class LatticeSum:
    """Crystals of one shape cut from one crystal along its blocks.

    order: how the states of two blocks are related; shape None: an infinite crystal; prefix, crystal_prefix: the
    addresses of population and crystal; sites_apart: whether each site is a kind of its own, whatever stands there.
    """

    crystal: Crystal
    blocks: BlockLattice
    order: Order
    shape: Shape | None
    prefix: str
    crystal_prefix: str
    shell: Shell | None = None
    surface: OuterLayers | None = None
    sites_apart: bool = False

    @property
    def twins(self) -> Mapping[str, TwinBoundaries]:
        """The families of boundaries, by name."""
        return self.order.boundaries if isinstance(self.order, Coherent) else {}

    @property
    def n_places(self) -> int:
        """Atoms of a block."""
        return len(self.blocks.contents[0][0])

    @cached_property
    def alone(self) -> BlockPairs:
        """The pairs of atoms of one block."""
        rows = [
            (s, i, s, j, self._kind(s, i, s, j), part, 0, self._span(s, i, s, j))
            for s, part in enumerate(self.order.alone)
            for i in range(self.n_places)
            for j in range(i + 1, self.n_places)
        ]
        return _block_pairs(rows)

    @cached_property
    def between(self) -> BlockPairs:
        """The pairs of atoms of two blocks, in all pairs of states."""
        rows = [
            (
                p.first,
                i,
                p.second,
                j,
                self._kind(p.first, i, p.second, j),
                p.part,
                c,
                self._span(p.first, i, p.second, j),
            )
            for c, pairs in enumerate(self.order.classes)
            for p in pairs
            for i in range(self.n_places)
            for j in range(self.n_places)
            for at in [(p.first, i, p.second, j)]
        ]
        return _block_pairs(rows)

    def _span(self, state: int, first: int, other: int, second: int) -> int:
        return 0 if self.surface is None else self.surface.span(state, first, other, second)

    def _kind(self, state: int, first: int, other: int, second: int) -> int:
        """Return the pair of sites of two places, numbered as in `pair_kinds`."""
        sites = self.crystal.site_of_atom
        pair = sorted(
            (int(sites[self.blocks.contents[state][0][first]]), int(sites[self.blocks.contents[other][0][second]]))
        )
        return self._row_of[pair[0], pair[1]]

    @cached_property
    def _row_of(self) -> dict[tuple[int, int], int]:
        return {pair: k for k, pair in enumerate(pair_kinds(len(self.crystal.sites)))}


def _block_pairs(rows: list[tuple[int, int, int, int, int, float, int, int]]) -> BlockPairs:
    table = np.array(rows, dtype=np.float64).reshape(-1, 8)
    states, firsts, others, seconds, kinds, _, classes, spans = table.T.astype(np.int64)
    return BlockPairs(states, firsts, others, seconds, kinds, table[:, 5], classes, spans)


def alike_pairs(
    pairs: BlockPairs, points: FloatArray, classes: IntArray
) -> Iterator[tuple[FloatArray, IntArray, FloatArray, FloatArray]]:
    """Yield the pairs of the classes, equal separations merged, by the mixture of classes that they need.

    Each as (points (n, 3), kinds (n,), parts (n,), mixture (n_classes,)): such a pair counts parts × mixture @ P.
    """
    column = np.full(int(pairs.classes.max()) + 1, -1)
    column[classes] = np.arange(len(classes))
    used = column[pairs.classes] >= 0
    key = np.column_stack([np.rint(points[used] * 1e6).astype(np.int64), pairs.kinds[used]])
    _, first, place = np.unique(key, axis=0, return_index=True, return_inverse=True)
    parts = np.zeros((len(first), len(classes)))
    np.add.at(parts, (place.ravel(), column[pairs.classes[used]]), pairs.parts[used])
    total = parts.sum(axis=1)
    mixtures, group = np.unique(np.round(parts / total[:, None], 12), axis=0, return_inverse=True)
    for k, mixture in enumerate(mixtures):
        alike = group.ravel() == k
        yield points[used][first[alike]], pairs.kinds[used][first[alike]], total[alike], mixture
