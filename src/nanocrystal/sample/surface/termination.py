"""The outermost layer of atoms: a perovskite whose faces all end with AX or all with BX2.

Along each block vector a perovskite is a sequence of two kinds of layers half a block apart: BX2, with the metal, and
AX. A crystal that is cut anywhere has one of each at its ends, so that all places occur N times along an axis N
blocks long. Where all faces end with the same kind of layer, that one occurs half a time more often and the other
half a time less: of places a and b there are

    W(x) = Π_k max(0, N_k + (e_ak + e_bk)/2 − |x_k|)

pairs at the offset x (in blocks, of the places as they stand in the cubic crystal), where e is +1/2 for the layer
that is outermost and −1/2 for the other. That is exact for N = n + 1/2, which is n layers of one kind between n + 1
of the other, and the mean of the two nearest such crystals for other N; so sizes stay continuous, and distributions
are averaged as without a termination.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.sample.crystal.crystal import Crystal
from nanocrystal.sample.order.blocks import PEROVSKITE_METALS, BlockLattice, perovskite_metal, reference_atoms

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
TERMINATION = "termination"
"""where it stands in a population"""
HALIDES = ("F", "Cl", "Br", "I")
MIDDLE, BETWEEN = 0.0, 0.5
"""where the layers with the metal and those without it lie in a block"""


class Spans(NamedTuple):
    """What decides how often two places of two blocks occur: W = Π max(0, N − (|u + shift| − extent)).

    shifts, extents: (n_spans, 3), blocks; u: offset of the second block from the first, shift: that of the second place
    in its block from the first.
    """

    shifts: FloatArray
    extents: FloatArray


@dataclass(frozen=True)
class OuterLayers:
    """Which layer each place of the blocks belongs to, and which one is outermost.

    layers: (n_states, n_places, 3), MIDDLE or BETWEEN along each block vector; outermost: one of the two.
    """

    layers: FloatArray
    outermost: float

    @cached_property
    def extents(self) -> FloatArray:
        """By how many blocks a crystal is longer for each place, (n_states, n_places, 3)."""
        return np.where(self.layers == self.outermost, 0.5, -0.5)

    @cached_property
    def spans(self) -> Spans:
        """The different ones that pairs of places have."""
        return Spans(*np.hsplit(self._known_spans, 2))

    @cached_property
    def _known_spans(self) -> FloatArray:
        kinds = np.unique(np.concatenate([self.layers, self.extents], axis=2).reshape(-1, 6), axis=0)
        first, second = (kinds[list(k)] for k in zip(*product(range(len(kinds)), repeat=2), strict=True))
        pairs = np.hstack([second[:, :3] - first[:, :3], 0.5 * (first[:, 3:] + second[:, 3:])])
        return np.asarray(np.unique(pairs, axis=0))

    def span(self, state: int, first: int, other: int, second: int) -> int:
        """Return the index of the span of place `first` in a block of `state` and `second` in one of `other`."""
        shift = self.layers[other, second] - self.layers[state, first]
        extent = 0.5 * (self.extents[state, first] + self.extents[other, second])
        return self._index[tuple(np.concatenate([shift, extent]).tolist())]

    @cached_property
    def _index(self) -> dict[tuple[float, ...], int]:
        return {tuple(row): k for k, row in enumerate(self._known_spans.tolist())}

    def turned(self, operation: IntArray) -> IntArray | None:
        """Return which span each becomes where offsets u become u @ operation; None where axes are not exchanged."""
        if (np.abs(operation).sum(axis=0) != 1).any():
            return None
        shifts, extents = self.spans.shifts @ operation, self.spans.extents @ np.abs(operation)
        spans = [self._index.get(tuple(row)) for row in (np.hstack([shifts, extents]) + 0.0).tolist()]
        return None if None in spans else np.array(spans)

    def present(self, state: int, blocks: IntArray, numbers: tuple[int, int, int]) -> NDArray[np.bool_]:
        """Return which places of blocks (n, 3) of a state there are, (n, n_places).

        In a crystal of `numbers` blocks along each block vector, one layer of places being left out at one end.
        """
        layers = self.layers[state][None]
        at = blocks[:, None, :]
        if self.outermost == BETWEEN:
            return np.asarray(((layers == BETWEEN) | (at >= 1)).all(axis=2))
        return np.asarray(((layers == MIDDLE) | (at < np.array(numbers) - 1)).all(axis=2))


def outer_layers(crystal: Crystal, blocks: BlockLattice, termination: str, where: str) -> OuterLayers:
    """Return what a termination such as "CsBr" or "PbBr2" means; raises InputError where the crystal has no such."""
    metal = perovskite_metal(crystal)
    if metal is None or abs(blocks.blocks_per_cell - _metals_per_cell(crystal)) > 1e-3:
        raise InputError(
            where,
            "is for perovskites ABX3 cut along their pseudocubic axes; "
            f"{crystal.formula} in these blocks has no such layers. Leave it out.",
        )
    known = _names(crystal)
    if termination not in known:
        raise InputError(
            where, f"must be one of {', '.join(known)}, got {termination!r}; {nearest_names(termination, list(known))}"
        )
    atoms = reference_atoms(crystal)
    inverse = np.linalg.inv(blocks.matrix)
    along = [
        (atoms[index] + shifts - state - blocks.origin) @ inverse
        for (index, shifts), state in zip(blocks.contents, blocks.states, strict=True)
    ]
    return OuterLayers(np.where(np.rint(2.0 * np.array(along)) % 2 == 1, BETWEEN, MIDDLE), known[termination])


def _metals_per_cell(crystal: Crystal) -> int:
    return sum(s.multiplicity for s in crystal.sites if s.element in PEROVSKITE_METALS)


def _names(crystal: Crystal) -> dict[str, float]:
    """Return name of a layer -> where it lies in a block: by the crystal's elements, and with X for its halides."""
    elements = list(dict.fromkeys(s.element for s in crystal.sites))
    metal = next(e for e in elements if e in PEROVSKITE_METALS)
    halides = [e for e in elements if e in HALIDES] or elements[-1:]
    cations = [e for e in elements if e != metal and e not in halides] or [""]
    named = [*halides, "X"]
    return {f"{cations[0]}{x}": BETWEEN for x in named} | {f"{metal}{x}2": MIDDLE for x in named}
