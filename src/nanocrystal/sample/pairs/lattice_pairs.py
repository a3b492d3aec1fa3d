"""Pairs of crystals, per unit, at given values: of an infinite crystal by cells, of a finite one by blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.pairs import (
    N_MOMENTS,
    LatticePairs,
    Rows,
    lattice_moments,
    pair_kinds,
    reduced_lattice_moments,
    slabs_within,
)
from nanocrystal.parameters import Evaluation, Here
from nanocrystal.parameters.difference import difference, step_of
from nanocrystal.sample.crystal.crystal_now import CrystalNow
from nanocrystal.sample.order.order import OrderNow
from nanocrystal.sample.order.twins import TWINS, BoundariesNow
from nanocrystal.sample.pairs.lattice_sum import BlockPairs, LatticeSum, alike_pairs
from nanocrystal.sample.pairs.lattice_symmetry import by_length, kept_by, metric_operations, representatives
from nanocrystal.sample.pairs.needs import (
    Histograms,
    ask_crystals,
    ask_endless,
    ask_histograms,
    ask_offsets,
    kept_together,
)
from nanocrystal.sample.pairs.pair_structure import PairGrid
from nanocrystal.sample.shapes.boxes import NEGLIGIBLE_SUM
from nanocrystal.sample.shapes.shape import ShapeNow
from nanocrystal.sample.surface.shell import SHELL, ShellNow
from nanocrystal.sample.surface.termination import OuterLayers

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
T = TypeVar("T")
NEGLIGIBLE_PAIRS = 1e-7
"""of the number of blocks; offsets with fewer pairs of blocks are left out"""
NEGLIGIBLE_CHANGES = 3e-5
"""the same where derivatives are summed, which need fewer digits: 1e-4 of their maximum"""
SAME_ROW = 1e-6
"""relative difference of two derivatives of W that are taken as one; differences over 1e-4 are good to 1e-8"""
SMALL = 250.0
"""Å; histograms of shorter crystals are cheap and may be longer than they need"""
STEP_OF_REACH = 1.12
"""from one reach of crystals whose sizes vary to the next"""
MOST_KEPT = 2e8
"""bytes of the moments of derivatives that are kept for further data sets"""


def _that_count(weights: FloatArray, stands_for: IntArray, *, changes: bool) -> NDArray[np.bool_]:
    """Return which offsets (n,) have enough pairs; weights: (n_spans, 1 + n_moved, n); changes: to be differentiated.

    Those left out have few pairs each, and of broad sizes, where they are many, few together.
    """
    negligible, of_all = (NEGLIGIBLE_CHANGES, 1e-3) if changes else (NEGLIGIBLE_PAIRS, NEGLIGIBLE_SUM)
    pairs = np.abs(weights[:, 0]).sum(axis=0) * stands_for
    while True:
        kept = (np.abs(weights) > negligible * np.abs(weights).max(axis=2, keepdims=True)).any(axis=(0, 1))
        if pairs[~kept].sum() <= of_all * pairs.sum():
            return np.asarray(kept)
        negligible *= 0.1


def rows_of_kinds(alike: IntArray) -> IntArray:
    """Return the pair of kinds of atoms that each pair of sites is, both numbered as in `pair_kinds`, (n_site_pairs,).

    alike: the kind on each site, (n_sites,).
    """
    first, second = (alike[k] for k in np.triu_indices(len(alike)))
    low, high = np.minimum(first, second), np.maximum(first, second)
    return np.asarray(low * (int(alike.max()) + 1) - low * (low - 1) // 2 + high - low)


def crystal_moments(crystal: CrystalNow, grid: PairGrid, alike: IntArray) -> FloatArray:
    """Return the pair moments of an infinite crystal per cell, (n_pair_kinds, n_bins, 4).

    One atom stands for each site, weighted by the multiplicity of the site: the others see the same
    distances by symmetry. alike: the kind of atoms on each site, (n_sites,).
    """
    vectors, row_of_sites = crystal.vectors, rows_of_kinds(alike)
    places = [fract @ vectors for fract in crystal.positions]
    kinds = pair_kinds(len(places))
    points, weights, rows = [], [], []
    for row, (a, b) in enumerate(kinds):
        separations = places[a][0] - places[b]
        points.append(separations)
        weights.append(np.full(len(separations), len(places[a]) * (0.5 if a == b else 1.0)))
        rows.append(np.full(len(separations), row_of_sites[row]))
    all_points = np.concatenate(points)
    radius = grid.r_max + float(np.linalg.norm(all_points, axis=1).max())
    n_pairs = 4.19 * radius**3 / abs(np.linalg.det(vectors)) * len(all_points)
    ask_endless(crystal.crystal.where, n_pairs, grid.r_max)
    factors, row_of = np.concatenate(weights), np.concatenate(rows)
    n_rows = int(row_of_sites.max()) + 1
    needed = Histograms(n_rows, grid.n_bins, grid.h, levels=2, kept=kept_together(crystal))
    ask_histograms(crystal.crystal.where, needed, "use a shorter range")
    moments = np.zeros((n_rows, grid.n_bins, N_MOMENTS))
    for offsets in slabs_within(vectors, radius):
        ones = np.ones((1, len(offsets)))
        job = LatticePairs(offsets=offsets, weights=ones, points=all_points, factors=factors, kinds=row_of)
        moments += lattice_moments(vectors, [job], n_rows, grid.h, grid.n_bins)
    return moments


@dataclass(frozen=True)
class ShapedPairs:
    """The pair moments of a population, per block, and the blocks of its mean crystal.

    moments: (n_levels, n_pair_kinds, n_bins, 4); levels: pairs counted with 1, and where there is a shell also with
    g of one of the two places, and with g of both; mean_inside: the mean of g, 1 without a shell.
    """

    moments: FloatArray
    mean_blocks: float
    mean_inside: float = 1.0


RadialFunction = Callable[[FloatArray], FloatArray]
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


class Weighted(NamedTuple):
    """Block vectors (3, 3) Å, offsets (n, 3), the first one 0, and their weights.

    weights: (n_spans, 1 + n_moved, n), the number of pairs of blocks and its derivatives, of all offsets that each
    one stands for, by the span of the pair of places (one, unless the outermost layer is given); probabilities:
    (1 + n_ordered, n_classes, n) of the states of two blocks, and its derivatives; following: (n_moved, n_classes, n),
    how these probabilities change with what moves the weights, where any do.
    """

    vectors: FloatArray
    offsets: IntArray
    weights: FloatArray
    probabilities: FloatArray
    following: FloatArray | None = None

    @property
    def products(self) -> FloatArray:
        """How the pairs of blocks in each class of states change with what moves the weights, (n_moved, k).

        Rows of which one follows from others belong to sums over pairs that follow from each other likewise.
        """
        moved = self.weights[0, 1:]
        if self.following is None:
            return moved
        changed = self.weights[0, 0] * self.following
        return np.concatenate([moved, changed.reshape(len(moved), -1)], axis=1)

    def of_rows(self, chosen: Sequence[int]) -> Weighted:
        """Return the same with some of the derivatives of the weights, by number."""
        following = None if self.following is None else self.following[list(chosen)]
        return self._replace(weights=self.weights[:, [0, *(k + 1 for k in chosen)]], following=following)


class SummedRows(NamedTuple):
    """Sums over pairs by the rows of their weights, from which derivatives follow.

    blocks: (n_moved,), by how many blocks a crystal grows; mixing: (n_moved, n_chosen), the derivatives by what moves
    weights, of the first rows; by_kind: pair kind -> moments (n_chosen + n_ordered + n_strains, n_bins, 4), or what was
    made of them.
    """

    blocks: tuple[float, ...]
    mixing: FloatArray
    by_kind: Mapping[int, Any]


@dataclass(frozen=True, eq=False)
class LatticeNow:
    """The pairs of crystals of one shape, cut from one crystal along its blocks, as of now.

    Sums over the offsets of one block from another, one standing for all that symmetry makes equal, and over all
    pairs of places of two blocks in all states that `order` gives them. The distribution of sizes is in the
    weights of the offsets. part: the shapes of part of the crystals, instead of all.
    """

    lattice: LatticeSum
    evaluation: Evaluation
    part: ShapeNow | None = None

    @cached_property
    def crystal(self) -> CrystalNow:
        return self.lattice.crystal.at(self.evaluation.values.under(self.lattice.crystal_prefix))

    @cached_property
    def _population(self) -> Here:
        return self.evaluation.values.under(self.lattice.prefix)

    @cached_property
    def shape(self) -> ShapeNow:
        """The shape of its crystals, which it has unless they are infinite."""
        assert self.lattice.shape is not None
        return self.lattice.shape.at(self._population) if self.part is None else self.part

    @cached_property
    def order(self) -> OrderNow:
        return self.lattice.order.at(self._population)

    @cached_property
    def shell(self) -> ShellNow | None:
        return None if self.lattice.shell is None else self.lattice.shell.at(self._population.under(SHELL))

    @cached_property
    def alike(self) -> IntArray:
        """Which kind of atoms stands on each site, (n_sites,)."""
        return np.arange(len(self.lattice.crystal.sites)) if self.lattice.sites_apart else self.crystal.alike

    @property
    def n_pair_kinds(self) -> int:
        """Rows of a histogram of pairs of kinds of atoms."""
        n = int(self.alike.max()) + 1
        return n * (n + 1) // 2

    @cached_property
    def _kept(self) -> int:
        """How many sets of its histograms are in memory together."""
        return kept_together(self.crystal, self.lattice.shape)

    @cached_property
    def alone(self) -> BlockPairs:
        """The pairs of atoms of one block, by their kinds."""
        return self._by_kinds(self.lattice.alone)

    @cached_property
    def between(self) -> BlockPairs:
        """The pairs of atoms of two blocks, in all pairs of states, by their kinds."""
        return self._by_kinds(self.lattice.between)

    def _by_kinds(self, pairs: BlockPairs) -> BlockPairs:
        return pairs._replace(kinds=rows_of_kinds(self.alike)[pairs.kinds])

    def boundaries(self, name: str) -> BoundariesNow:
        """Return a family of boundaries as of now."""
        return self.lattice.twins[name].at(self._population.under(f"{TWINS}.{name}"))

    def at(self, changes: Mapping[str, float]) -> LatticeNow:
        """Return the same with some values changed, by full address."""
        return replace(self, evaluation=self.evaluation.at(self.evaluation.values.moved(changes)))

    @property
    def ordering(self) -> tuple[str, ...]:
        """The addresses of what the relation of two blocks depends on."""
        return self._population.addresses(*self.lattice.order.names)

    def __call__(self, grid: PairGrid) -> ShapedPairs:
        """Return the pairs at these values; raises InputError where the largest crystals have too many.

        Where the grid does not ask for whole crystals, pairs beyond its range may be missing.
        """
        weighted = self._shaped_offsets((), (), np.zeros((0, 3, 3)), grid)
        mean_blocks, h = self.shape.mean_blocks(weighted.vectors), grid.h
        jobs, n_bins = self._jobs(weighted._replace(weights=weighted.weights / mean_blocks), h)
        if self.shell is None:
            moments = lattice_moments(weighted.vectors, jobs, self.n_pair_kinds, h, n_bins)[None]
            return ShapedPairs(moments, mean_blocks)
        moments = np.zeros((weighted.weights.shape[1], self.n_pair_kinds, n_bins, 4))

        def keep(kind: int, rows: FloatArray) -> None:
            moments[:, kind] = rows

        reduced_lattice_moments(weighted.vectors, jobs, self.n_pair_kinds, h, n_bins, Rows(), keep)
        return ShapedPairs(moments, mean_blocks, float(weighted.weights[0, 1, 0]) / mean_blocks)

    def within(self, grid: PairGrid) -> FloatArray:
        """Return the pair moments of an infinite crystal per block, (n_pair_kinds, n_bins, 4)."""
        vectors = self.block_vectors
        radius = grid.r_max + 2.0 * _span(self.places)
        per_block = len(self.lattice.between.classes) / len(self.lattice.order.classes)
        n_pairs = 4.19 * radius**3 / abs(float(np.linalg.det(vectors))) * per_block
        ask_endless(self.lattice.crystal.where, n_pairs, grid.r_max)
        needed = Histograms(self.n_pair_kinds, grid.n_bins, grid.h, kept=self._kept)
        ask_histograms(self.lattice.crystal.where, needed, "use a shorter range")
        reach = np.floor(radius * np.linalg.norm(np.linalg.inv(vectors), axis=0)).astype(np.int64)
        operations = self._operations(((), ()), lambda offsets: np.ones((1, len(offsets))))
        offsets, stands_for = self._representatives(operations, reach)
        near = np.linalg.norm(offsets @ vectors, axis=1) <= radius
        offsets, weights = offsets[near], 0.5 * stands_for[None, None, near].astype(np.float64)
        weights[..., 0] = 1.0
        weighted = Weighted(vectors, offsets, weights, self._probabilities(offsets, ()))
        jobs, _ = self._jobs(weighted, grid.h)
        return lattice_moments(vectors, jobs, self.n_pair_kinds, grid.h, grid.n_bins)

    def derivatives(
        self, grid: PairGrid, sizes: Sequence[str], ordering: Sequence[str], cell: Sequence[str], reduction: Reduction
    ) -> ShapedDerivatives:
        """Return sums over the pairs differentiated by lengths, parameters of the order and cell parameters.

        A cell parameter changes the number of blocks in crystals of given lengths, too.
        """
        moved, n_cell = (*sizes, *cell), len(cell)

        def reduced(moments: FloatArray) -> tuple[FloatArray, FloatArray]:
            n = len(moments) - n_cell
            return reduction(moments[:n], False), reduction(moments[n:], True)

        summed = self._summed_rows(grid, sizes, ordering, cell, reduced)
        mixing, n_chosen = summed.mixing, summed.mixing.shape[1]
        n_values = next(iter(summed.by_kind.values()))[0].shape[1]
        pairs = np.zeros((len(moved) + len(ordering), self.n_pair_kinds, n_values))
        stretched = np.zeros((n_cell, self.n_pair_kinds, n_values))
        for kind, (added, strained) in summed.by_kind.items():
            pairs[: len(moved), kind] = mixing @ added[:n_chosen]
            pairs[len(moved) :, kind] = added[n_chosen:]
            stretched[:, kind] = strained
        return ShapedDerivatives(
            {**dict(zip(moved, summed.blocks, strict=True)), **dict.fromkeys(ordering, 0.0)},
            dict(zip((*moved, *ordering), pairs, strict=True)),
            dict(zip(cell, stretched, strict=True)),
        )

    def _summed_rows(
        self,
        grid: PairGrid,
        sizes: Sequence[str],
        ordering: Sequence[str],
        cell: Sequence[str],
        reduce: Callable[[FloatArray], T],
    ) -> SummedRows:
        """Return what `reduce` makes of the sums, of moments that are kept where further data sets ask for them."""
        moved = (*sizes, *cell)
        strains = np.array([self._strain(a) for a in cell]).reshape(-1, 3, 3)
        known = [*self.crystal.geometry_addresses, *self.crystal.alike_addresses, *self.ordering]
        if self.lattice.shape is not None:
            known += self._population.addresses(*self.lattice.shape.declared())

        def summed(each: Callable[[FloatArray], Any], weighted: Weighted) -> SummedRows:
            # a cell parameter often changes W as the lengths do
            chosen, mixing = independent_rows(weighted.products)
            jobs, n_bins = self._jobs(weighted.of_rows(chosen), grid.h)
            by_kind = reduced_lattice_moments(
                weighted.vectors,
                jobs,
                self.n_pair_kinds,
                grid.h,
                n_bins,
                Rows(strains, derived=True),
                lambda kind, moments: each(moments),
            )
            return SummedRows(tuple(weighted.weights[0, 1:, 0].tolist()), mixing, by_kind)

        offsets = partial(self._shaped_offsets, moved, ordering, strains, grid)
        n_rows = len(moved) + len(ordering) + len(cell)
        if not grid.shared or 8.0 * N_MOMENTS * n_rows * self.n_pair_kinds * self._longest / grid.h > MOST_KEPT:
            return summed(reduce, offsets())
        key, also = ("derived pairs", self.lattice.prefix, grid.h), (grid, moved, tuple(ordering), tuple(cell))
        kept = self.evaluation.once(key, known, lambda: summed(np.copy, offsets()), also, kept=1)
        return kept._replace(by_kind={kind: reduce(moments) for kind, moments in kept.by_kind.items()})

    @property
    def _longest(self) -> float:
        """About the longest distance of two atoms in a crystal, Å."""
        return float(np.linalg.norm(self._stepped_reach()[:, None] * self.block_vectors))

    @cached_property
    def block_vectors(self) -> FloatArray:
        """The block vectors as rows, Å."""
        return self.lattice.blocks.vectors(self.crystal.vectors)

    @cached_property
    def places(self) -> FloatArray:
        """The places of the atoms that a block of each state owns, from its corner, (n_states, n_atoms, 3) Å."""
        return np.asarray(self.lattice.blocks.places(self.crystal.fract) @ self.crystal.vectors)

    @property
    def blocks_of_mean(self) -> FloatArray:
        """How many blocks (3,) lie along each block vector in a crystal of the mean lengths; not rounded.

        Of a crystal that ends with the same layer on all faces, the last block has one kind of layer only.
        """
        numbers = self.shape.blocks_of_mean(self.block_vectors)
        return numbers if self.lattice.surface is None else np.asarray(numbers + 0.5)

    @cached_property
    def places_per_block(self) -> FloatArray:
        """How many places of each site the mean crystal has per block, (n_sites,)."""
        counted = np.array([float(site.multiplicity) for site in self.lattice.crystal.sites])
        if self.lattice.surface is None or self.lattice.shape is None:
            return counted / self.lattice.blocks.blocks_per_cell
        vectors = self.block_vectors
        extents = self.lattice.surface.extents.reshape(-1, 3)
        alone = self.shape.pairs_across(-extents, vectors) / self.shape.mean_blocks(vectors)
        sites = self.lattice.crystal.site_of_atom[np.concatenate([index for index, _ in self.lattice.blocks.contents])]
        shares = np.repeat(self.lattice.order.alone, self.lattice.n_places)
        return np.asarray(np.bincount(sites, shares * alone, minlength=len(counted)), dtype=np.float64)

    def shape_functions(self) -> tuple[RadialFunction, ...]:
        """Return for each pair of sites γ(r), the part of their pairs at r that a crystal with outer layers has.

        Over the number of pairs of their places in one block, as a density of partners multiplies it.
        """
        assert self.lattice.surface is not None
        extents = self.lattice.surface.extents.reshape(-1, 3)
        kinds, which = np.unique(extents, axis=0, return_inverse=True)
        sites = self.lattice.crystal.site_of_atom[np.concatenate([index for index, _ in self.lattice.blocks.contents])]
        shares = np.zeros((len(self.lattice.crystal.sites), len(kinds)))
        np.add.at(shares, (sites, which.ravel()), np.repeat(self.lattice.order.alone, self.lattice.n_places))
        places = self.places_per_block
        return tuple(
            self._shape_function(np.outer(shares[a], shares[b]) / (places[a] * places[b]), kinds)
            for a, b in pair_kinds(len(places))
        )

    def _shape_function(self, parts: FloatArray, extents: FloatArray) -> RadialFunction:
        """Return the mean of γ over pairs of places; parts: (n, n), how many have two of the extents (n, 3)."""
        vectors, shape = self.block_vectors, self.shape
        used = [
            ((extents[i], extents[j]), parts[i, j] + (parts[j, i] if i < j else 0.0))
            for i in range(len(extents))
            for j in range(i, len(extents))
            if parts[i, j] + parts[j, i] > 0.0
        ]

        def function(r: FloatArray) -> FloatArray:
            each = [part * shape.envelope_along(r, vectors, extents=pair) for pair, part in used]
            return np.asarray(np.sum(each, axis=0))

        return function

    # ---- offsets ----------------------------------------------------------------------------------

    def _shaped_offsets(
        self, moved: Sequence[str], ordering: Sequence[str], strains: FloatArray, grid: PairGrid
    ) -> Weighted:
        """Return the offsets at which crystals of the shape have pairs, with derivatives by `moved`, `ordering`."""
        vectors = self.block_vectors
        reach = self._stepped_reach()
        if self.lattice.surface is not None:
            reach = reach + 1  # some places reach half a block further
        weights_at = self._weight_table(reach, moved)
        following = self._following(moved)
        operations = self._operations((ordering, following), weights_at, strains)
        offsets, stands_for = self._representatives(operations, reach)
        weights = weights_at(offsets)[None]
        if self.lattice.surface is not None:
            weights = self._weights_of_spans(self.lattice.surface, offsets, reach)
        kept = _that_count(weights, stands_for, changes=bool(moved or ordering))
        if not grid.whole:
            farthest = 1.02 * grid.r_max + _span(self.places)
            kept &= np.linalg.norm(offsets @ vectors, axis=1) <= farthest
        offsets, weights = offsets[kept], weights[..., kept] * (0.5 * stands_for[kept])
        weights[..., 0] *= 2.0
        changes = self._moved_probabilities(offsets, moved) if following else None
        return Weighted(vectors, offsets, weights, self._probabilities(offsets, ordering), changes)

    def _following(self, moved: Sequence[str]) -> tuple[str, ...]:
        """Return what of sizes and cell parameters the states of two blocks change with."""
        order = self.lattice.order
        cell = self.crystal.cell_addresses
        return tuple(a for a in moved if (order.depends_on_cell if a in cell else order.depends_on_sizes))

    def _moved_probabilities(self, offsets: IntArray, moved: Sequence[str]) -> FloatArray:
        """Return the derivatives of the probabilities by sizes and cell parameters, (n_moved, n_classes, n)."""
        following, values = self._following(moved), self.evaluation.values
        slopes = np.zeros((len(moved), len(self.lattice.order.classes), len(offsets)))

        def at(address: str, value: float) -> FloatArray:
            side = self.at({address: value})
            return np.asarray(side._probabilities(offsets, ())[0])

        for k, address in enumerate(moved):
            if address in following:
                slopes[k] = difference(partial(at, address), values[address], step_of(values[address]))
        return slopes

    def _probabilities(self, offsets: IntArray, ordering: Sequence[str]) -> FloatArray:
        """Return the probabilities of the classes of states and their derivatives, (1 + n, n_classes, n_offsets)."""
        at, vectors = offsets.astype(np.float64), self.block_vectors

        def crossing(axis: int, between: FloatArray) -> FloatArray:
            return self.shape.crossed(axis, between, vectors)

        names = [a.removeprefix(f"{self.lattice.prefix}.") for a in ordering]
        derived = self.order.derivatives(at, vectors, names, crossing) if ordering else []
        return np.array([self.order.probabilities(at, vectors, crossing), *derived])

    def _operations(
        self,
        ordering: tuple[Sequence[str], Sequence[str]],
        weights_at: Callable[[IntArray], FloatArray],
        strains: FloatArray | None = None,
    ) -> IntArray:
        """Return the operations on offsets that leave every sum over pairs as it is, (n, 3, 3).

        ordering: the parameters of the order, and the others, by which the states of two blocks are differentiated.
        """
        operations = self._kept_operations(ordering)
        tried = None if self.lattice.shape is None else self.lattice.shape.every_offset
        operations = operations[kept_by(operations, weights_at, offsets=tried)]
        if strains is not None and len(strains):
            turns = np.linalg.inv(self.block_vectors) @ operations @ self.block_vectors
            both = 0.5 * (strains + np.swapaxes(strains, 1, 2))
            apart = turns[:, None] @ both[None] @ np.swapaxes(turns, 1, 2)[:, None] - both[None]
            operations = operations[np.abs(apart).max(axis=(1, 2, 3)) < 1e-9 * np.abs(both).max()]
        return operations

    def _kept_operations(self, ordering: tuple[Sequence[str], Sequence[str]]) -> IntArray:
        """Return `_crystal_operations`, which a change of sizes alone leaves as they are."""
        if self.part is not None and self.lattice.order.depends_on_sizes:
            return self._crystal_operations(ordering)
        known = [*self.crystal.geometry_addresses, *self.crystal.alike_addresses, *self.ordering]
        if self.lattice.order.depends_on_sizes and self.lattice.shape is not None:
            known += self._population.addresses(*self.lattice.shape.declared())
        key = ("operations", self.lattice.prefix)
        return self.evaluation.once(key, known, lambda: self._crystal_operations(ordering), (*map(tuple, ordering),))

    def _crystal_operations(self, ordering: tuple[Sequence[str], Sequence[str]]) -> IntArray:
        """Return the operations that keep the lattice, the places in its blocks and their states."""
        operations = metric_operations(self.block_vectors)

        def states_at(offsets: IntArray) -> FloatArray:
            states = self._probabilities(offsets, ordering[0])
            if ordering[1]:
                states = np.concatenate([states, self._moved_probabilities(offsets, ordering[1])])
            return states.reshape(-1, len(offsets))

        n_classes, n_rows = len(self.lattice.order.classes), 1 + sum(map(len, ordering))
        reverse = np.concatenate([np.array(self.lattice.order.reverse) + n_classes * k for k in range(n_rows)])
        same, turned = self._places_kept(operations)
        kept = (same & kept_by(operations, states_at)) | (turned & kept_by(operations, states_at, reverse))
        return operations[kept]

    def _places_kept(self, operations: IntArray) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which operations keep the pairs of places of each class, and which turn them into the reverse one.

        Judged by sums of exp(i k·d) over the pairs at a few k that stand in no relation to the lattice.
        """
        pairs, surface = self.between, self.lattice.surface
        points, vectors = pairs.points(self.places), self.block_vectors
        k = np.array([[0.713, 1.137, 0.391], [-0.533, 0.877, 1.291], [1.618, -0.271, 0.577]])
        n_kinds, n_classes = self.n_pair_kinds, len(self.lattice.order.classes)
        n_spans = 1 if surface is None else len(surface.spans.shifts)
        row = (pairs.classes * n_spans + pairs.spans) * n_kinds + pairs.kinds
        n_rows = n_classes * n_spans * n_kinds

        def of_rows(waves: FloatArray) -> FloatArray:
            return np.column_stack([np.bincount(row, pairs.parts * wave, minlength=n_rows) for wave in waves.T])

        def sums(turn: FloatArray) -> NDArray[np.complex128]:
            phases = (points @ turn) @ k.T
            summed = of_rows(np.cos(phases)) + 1j * of_rows(np.sin(phases))
            return np.asarray(summed).reshape(n_classes, n_spans, n_kinds, -1)

        start, reverse = sums(np.eye(3)), list(self.lattice.order.reverse)
        same, turned = (np.zeros(len(operations), dtype=np.bool_) for _ in range(2))
        for n, operation in enumerate(operations):
            spans = np.zeros(1, dtype=np.int64) if surface is None else surface.turned(operation)
            if spans is None:
                continue
            apart = sums(np.linalg.inv(vectors) @ operation @ vectors)
            expected = start[:, spans]
            same[n] = np.abs(apart - expected).max() < 1e-7 * len(points)
            turned[n] = np.abs(apart - expected[reverse]).max() < 1e-7 * len(points)
        return same, turned

    def _representatives(self, operations: IntArray, reach: IntArray) -> tuple[IntArray, IntArray]:
        """Return one offset (n, 3) of each set of equal ones and how many it stands for, the shortest first.

        Ordered by length, neighbours fall into neighbouring bins and the histogram stays in the cache.
        """

        def ordered() -> tuple[IntArray, IntArray]:
            ask_offsets(self.lattice.prefix, reach, len(operations), len(self.lattice.order.classes))
            offsets, stands_for = representatives(operations, reach)
            order = by_length(offsets, self.block_vectors)
            return np.ascontiguousarray(offsets[order]), stands_for[order]

        key, also = ("representatives", self.lattice.prefix), (operations.tobytes(), reach.tobytes())
        return self.evaluation.once(key, (), ordered, also)

    def _stepped_reach(self) -> IntArray:
        """Return how many blocks crystals reach, (3,), in steps where sizes vary, so that tables serve again."""
        reach = self._checked_reach()
        assert self.lattice.shape is not None
        if any(parameter.vary for _, parameter in self.lattice.shape.declared().values()):
            reach = np.maximum(reach, STEP_OF_REACH ** np.ceil(np.log(np.maximum(reach, 1.0)) / np.log(STEP_OF_REACH)))
        return np.ceil(reach).astype(np.int64)

    def _checked_reach(self) -> FloatArray:
        vectors = self.block_vectors
        reach = self.shape.reach_in_blocks(vectors)
        n_atoms = self.shape.shape.filling(vectors) * float(np.prod(reach)) * self.lattice.n_places
        atoms = (n_atoms, len(self.lattice.blocks.contents[0][0]))
        lengths = reach * np.linalg.norm(vectors, axis=1)
        ask_crystals(self.lattice.prefix, reach, lengths, atoms, self.shape, part=self.part is not None)
        return reach

    def _weight_table(self, reach: IntArray, addresses: Sequence[str]) -> Callable[[IntArray], FloatArray]:
        """Return the function from offsets (n, 3) to W and its derivatives by `addresses`, (1 + n_addresses, n).

        With a shell: W, and W of pairs with one and with both blocks weighted by g.
        """
        shape, vectors, values = self.shape, self.block_vectors, self.evaluation.values
        signed = shape.shape.signed(vectors)
        rows = [shape.pair_table(reach, vectors)]
        if self.shell is not None:
            for level in self.shell.pairs_inside:
                shared = [p * shape.pair_table(reach, vectors, depths) for depths, p in level]
                rows.append(np.sum(shared, axis=0))
        for address in addresses:
            value = values[address]
            rows.append(difference(partial(self._pair_table_at, reach, address), value, step_of(value)))
        tables = np.array(rows)

        def at(offsets: IntArray) -> FloatArray:
            inside: NDArray[np.bool_] = np.all(np.abs(offsets) <= reach, axis=1)
            i, j, k = np.where(inside[:, None], offsets + reach if signed else np.abs(offsets), 0).T
            return np.asarray(np.where(inside, tables[:, i, j, k], 0.0))

        return at

    def _pair_table_at(self, reach: IntArray, address: str, value: float) -> FloatArray:
        """Return W within reach with another value at an address."""
        side = self.at({address: value})
        return side.shape.pair_table(reach, side.block_vectors)

    def _weights_of_spans(self, surface: OuterLayers, offsets: IntArray, reach: IntArray) -> FloatArray:
        """Return how many pairs places of each span have at offsets (n, 3), (n_spans, 1, n)."""
        table = self.shape.table_of_halves(reach + 1, self.block_vectors)
        weights = []
        for shift, extent in zip(*surface.spans, strict=True):
            across = np.abs(offsets + shift) - extent
            i, j, k = np.rint(2.0 * across + 1.0).astype(np.int64).T
            weights.append([table[i, j, k]])
        return np.array(weights)

    def _strain(self, address: str) -> FloatArray:
        """Return E (3, 3) with dX = X E d(parameter) for every vector X fixed in fractions of the cell."""
        value = self.evaluation.values[address]
        slope = difference(lambda v: self.at({address: v}).crystal.vectors, value, step_of(value))
        return np.asarray(np.linalg.solve(self.crystal.vectors, slope), dtype=np.float64)

    # ---- pairs ------------------------------------------------------------------------------------

    def _jobs(self, weighted: Weighted, h: float) -> tuple[list[LatticePairs], int]:
        """Return the pairs to be counted and the number of bins that hold them."""
        places = self.places
        longest = float(np.linalg.norm(weighted.offsets @ weighted.vectors, axis=1).max()) + _span(places)
        ratio = 1.06 if longest > SMALL else 1.3  # so that the number of bins seldom changes
        n_bins = int(ratio ** np.ceil(np.log(longest) / np.log(ratio)) / h) + 2
        levels = 1 if self.shell is None else weighted.weights.shape[1]
        rows = weighted.weights.shape[1] + len(weighted.probabilities) - 1
        needed = Histograms(self.n_pair_kinds, n_bins, h, len(weighted.offsets), levels, rows, self._kept)
        ask_histograms(self.lattice.prefix, needed, "make crystals smaller")
        offsets = weighted.offsets.astype(np.float64)
        # offsets at which the same classes occur are counted together
        occurring = np.abs(weighted.probabilities).max(axis=0).astype(bool).T @ (
            1 << np.arange(len(self.lattice.order.classes))
        )
        jobs = []
        for span, weights in enumerate(weighted.weights):
            alone, between = self.alone.of_span(span), self.between.of_span(span)
            here = np.concatenate([weights[:, :1], np.zeros((len(weighted.probabilities) - 1, 1))])
            if len(alone.parts):
                jobs.append(
                    LatticePairs(
                        offsets=offsets[:1],
                        weights=here,
                        points=alone.points(places),
                        factors=alone.parts,
                        kinds=alone.kinds,
                    )
                )
            points = between.points(places)
            for code in np.unique(occurring[1:]):
                at = np.flatnonzero(occurring == code)
                at = at[at > 0]
                classes = np.flatnonzero((code >> np.arange(len(self.lattice.order.classes))) & 1)
                probabilities = weighted.probabilities[:, classes][:, :, at]
                for chosen, kinds, parts, mixture in alike_pairs(between, points, classes):
                    mixed = mixture @ probabilities  # (1 + n_ordered, n)
                    mixed_weights = np.concatenate([weights[:, at] * mixed[0], weights[0, at] * mixed[1:]])
                    if weighted.following is not None:
                        changes = mixture @ weighted.following[:, classes][:, :, at]
                        mixed_weights[1 : len(weights)] += weights[0, at] * changes
                    jobs.append(
                        LatticePairs(
                            offsets=offsets[at], weights=mixed_weights, points=chosen, factors=parts, kinds=kinds
                        )
                    )
        return jobs, n_bins


def independent_rows(rows: FloatArray) -> tuple[list[int], FloatArray]:
    """Return rows (n_chosen) that the others follow from, and the mixing with rows = mixing @ rows[chosen]."""
    lengths = np.linalg.norm(rows, axis=1)
    chosen: list[int] = []
    mixing = np.zeros((len(rows), len(rows)))
    for k, row in enumerate(rows):
        if chosen and lengths[k] > 0.0:
            of_unit, *_ = np.linalg.lstsq((rows[chosen] / lengths[chosen, None]).T, row, rcond=None)
            mixing[k, : len(chosen)] = of_unit / lengths[chosen]
            if np.linalg.norm(row - mixing[k, : len(chosen)] @ rows[chosen]) < SAME_ROW * lengths[k]:
                continue
            mixing[k] = 0.0
        mixing[k, len(chosen)] = 1.0
        chosen.append(k)
    return chosen, mixing[:, : len(chosen)]


def _span(places: FloatArray) -> float:
    """Return the diagonal of the box around places (…, 3)."""
    return float(np.linalg.norm(np.ptp(places.reshape(-1, 3), axis=0)))
