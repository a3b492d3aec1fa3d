"""How the states of two blocks of a crystal are related, by the offset between them.

A lattice sum runs over offsets between blocks; for each it needs the probability of every pair of states.
Pairs of states that always have the same probability form a class: in a crystal whose states form a group
and whose first block is in any of them, the pairs that differ by the same group element.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.parameters import Here
from nanocrystal.sample.order.blocks import BlockLattice
from nanocrystal.sample.order.twins import TWINS, BoundariesNow, TwinBoundaries

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


Crossing = Callable[[int, FloatArray], FloatArray]
"""(block axis, offsets (n, 3)) -> the part of the pairs of blocks between which a plane drawn at random lies"""


class StatePair(NamedTuple):
    """A block in state `first`, another in state `second`, and which part of their class they are."""

    first: int
    second: int
    part: float


class OrderNow(ABC):
    """The relation of the states of two blocks as of now."""

    @abstractmethod
    def probabilities(self, offsets: FloatArray, vectors: FloatArray, crossing: Crossing | None = None) -> FloatArray:
        """Return the probability of each class at offsets (n, 3), (n_classes, n); vectors: block vectors, Å."""

    @abstractmethod
    def derivatives(
        self, offsets: FloatArray, vectors: FloatArray, names: Sequence[str], crossing: Crossing | None = None
    ) -> list[FloatArray]:
        """Return the derivatives of `probabilities` by the parameters of these local names."""


class Order(ABC):
    """How the states of two blocks are related.

    alone: (n_states,), the probability of each state; classes: the pairs of states that have the same
    probability; reverse: for each class the one with first and second block exchanged; names: the local names, in
    the population, of what the probabilities depend on.
    """

    if TYPE_CHECKING:

        @property
        def alone(self) -> FloatArray: ...

        @property
        def classes(self) -> tuple[tuple[StatePair, ...], ...]: ...

        @property
        def reverse(self) -> tuple[int, ...]: ...

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The local names of the parameters of the population that the probabilities depend on."""

    @property
    def depends_on_cell(self) -> bool:
        """Whether the probabilities change with the length of the block vectors."""
        return False

    @property
    def depends_on_sizes(self) -> bool:
        """Whether the probabilities change with the sizes of the crystals."""
        return False

    @abstractmethod
    def at(self, here: Here) -> OrderNow:
        """Return the order as of now; here: the population."""


@dataclass(frozen=True)
class Coherent(Order):
    """Blocks whose states form a group, the first one in any of them: each offset adds its own element.

    Without boundaries this is the perfect crystal, averaged over where its surface cuts it. `boundaries`
    multiply each character χ with a factor that falls with the number of planes between two blocks:
    P(Δs | u) = 1/|G| Σ_χ χ*(Δs) χ(u) Π λ_χ^(planes between). That is exact where boundaries occur
    independently of each other.
    """

    blocks: BlockLattice
    boundaries: Mapping[str, TwinBoundaries] = field(default_factory=dict)

    @cached_property
    def alone(self) -> FloatArray:
        return np.full(self.blocks.n_states, 1.0 / self.blocks.n_states)

    @cached_property
    def classes(self) -> tuple[tuple[StatePair, ...], ...]:
        n = self.blocks.n_states
        return tuple(tuple(StatePair(s, self.blocks.added(s, g), 1.0 / n) for s in range(n)) for g in range(n))

    @cached_property
    def reverse(self) -> tuple[int, ...]:
        sums = self.blocks.sums
        return tuple(int(np.flatnonzero(sums[g] == 0)[0]) for g in range(self.blocks.n_states))

    @property
    def depends_on_cell(self) -> bool:
        return self.depends_on_sizes or any(b.varied == "density" for b in self.boundaries.values())

    @property
    def depends_on_sizes(self) -> bool:
        return any(b.varied is None for b in self.boundaries.values())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{TWINS}.{name}.{b.varied}" for name, b in self.boundaries.items() if b.varied)

    def at(self, here: Here) -> CoherentNow:
        return CoherentNow(self, {n: b.at(here.under(f"{TWINS}.{n}")) for n, b in self.boundaries.items()})

    def of_states(self, characters: FloatArray, shift: IntArray) -> FloatArray:
        """Return 1/|G| Σ_χ χ*(Δs) χ(shift) × characters (n_characters, n), (n_states, n)."""
        chi = self._characters
        return np.asarray((chi.conj().T @ (chi[:, shift] * characters)).real / self.blocks.n_states)

    @cached_property
    def _characters(self) -> NDArray[Any]:
        """The characters of the group, as real numbers where they are."""
        chi = self.blocks.characters
        return np.asarray(np.rint(chi.real) if np.abs(chi - np.rint(chi.real)).max() < 1e-12 else chi)


@dataclass(frozen=True, eq=False)
class CoherentNow(OrderNow):
    """Blocks whose states form a group, with their boundaries as of now."""

    order: Coherent
    boundaries: Mapping[str, BoundariesNow]

    def probabilities(self, offsets: FloatArray, vectors: FloatArray, crossing: Crossing | None = None) -> FloatArray:
        blocks = self.order.blocks
        shift = blocks.state_shift(offsets)
        if not self.boundaries:
            return np.asarray(np.arange(blocks.n_states)[:, None] == shift[None, :], dtype=np.float64)
        kept = self._kept(offsets, vectors, crossing)
        return self.order.of_states(np.prod(list(kept.values()), axis=0), shift)

    def derivatives(
        self, offsets: FloatArray, vectors: FloatArray, names: Sequence[str], crossing: Crossing | None = None
    ) -> list[FloatArray]:
        kept = self._kept(offsets, vectors, crossing)
        shift = self.order.blocks.state_shift(offsets)
        changes = {
            f"{TWINS}.{name}.{b.family.varied}": (b.decay_slope(offsets, vectors), name)
            for name, b in self.boundaries.items()
            if f"{TWINS}.{name}.{b.family.varied}" in names
        }
        slopes = []
        for slope, name in (changes[n] for n in names):
            others = (k for other, k in kept.items() if other != name)
            slopes.append(self.order.of_states(np.prod([slope, *others], axis=0), shift))
        return slopes

    def _kept(self, offsets: FloatArray, vectors: FloatArray, crossing: Crossing | None) -> dict[str, FloatArray]:
        """Return by what each family of boundaries multiplies the characters, (n_characters, n_offsets)."""
        kept = {}
        for n, b in self.boundaries.items():
            if b.family.varied is None:
                assert crossing is not None
                kept[n] = b.family.decay_of_one(offsets, crossing)
            else:
                kept[n] = b.decay(offsets, vectors)
        return kept
