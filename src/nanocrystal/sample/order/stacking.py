"""Close-packed layers in a random sequence: stacking faults of zinc blende, wurtzite, rock salt and fcc crystals.

The crystal is layers A, B, C, each shifted against the one below by ±t across the layers. A layer is in cubic
surroundings (c) where both its neighbours lie differently, as in ABC, and in hexagonal ones (h) where they lie
alike, as in ABA. Here the part of layers in cubic surroundings is continuous, from wurtzite (0) to zinc blende
(1), and the kinds of neighbouring layers may be correlated, so that domains of both follow each other. The
sequence is a Markov chain; over w layers its state follows from the w-th power of a 4 × 4 matrix
(Hendricks & Teller, J. Chem. Phys. 10, 147 (1942); Jagodzinski, Acta Cryst. 2, 201 (1949)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares, Here, Meaning, Number, Parameter, Quantity, as_parameter
from nanocrystal.parameters.difference import difference, step_of
from nanocrystal.sample.crystal.crystal import Crystal
from nanocrystal.sample.crystal.symmetry import cell_vectors
from nanocrystal.sample.order.blocks import BlockLattice
from nanocrystal.sample.order.order import Crossing, Order, OrderNow, StatePair

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
STACKING = "stacking"
"""where the sequence of layers stands in a population"""
CUBIC_FRACTION = Quantity(
    "cubic_fraction",
    "",
    "part of the layers in cubic surroundings: 0 in wurtzite, 1 in zinc blende",
    None,
    0.0,
    1.0,
    scale=0.1,
    meaning=Meaning("cubic fraction", "of close-packed layers whose two neighbours differ in their places"),
)
CORRELATION = Quantity(
    "correlation",
    "",
    "correlation of the kinds, cubic or hexagonal, of neighbouring layers",
    0.0,
    0.0,
    0.99,
    scale=0.1,
    meaning=Meaning("correlation coefficient", "of the kinds, cubic or hexagonal, of neighbouring layers"),
)
SAME_PLACE = 0.1
"""Å"""
CLOSE_PACKED = ("zinc blende", "wurtzite", "rock salt", "fcc", "hcp", "diamond")


@dataclass(frozen=True)
class Stacking(Declares):
    """A random sequence of close-packed layers."""

    cubic_fraction: Annotated[Number, CUBIC_FRACTION]
    correlation: Annotated[Number, CORRELATION, "correlation of the kinds of neighbouring layers, 0 to 0.99 [0]"] = 0.0

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        return {
            "cubic_fraction": (CUBIC_FRACTION, as_parameter(self.cubic_fraction)),
            "correlation": (CORRELATION, as_parameter(self.correlation)),
        }


@dataclass(frozen=True)
class Layers:
    """A crystal as close-packed layers of blocks.

    blocks: the cell of a layer along its first two vectors, the next layer along the third, straight above; its
    states are the places 0, t and −t of a layer, and for each step up, +t or −t, where the content of a layer
    depends on it (`sided`).
    """

    blocks: BlockLattice
    sided: bool


def layers_of(crystal: Crystal, where: str) -> Layers:
    """Return the close-packed layers of a crystal; raises InputError for one that is not made of any."""
    cell = _layer_cell(crystal)
    if cell is None:
        kinds = ", ".join(CLOSE_PACKED)
        raise InputError(
            where,
            f"needs a crystal of close-packed layers ({kinds}), along [111] of a face-centred cubic or c of a "
            f"hexagonal cell; {crystal.formula} in {crystal.structure.space_group} is none.",
        )
    matrix, step = cell
    atoms = np.concatenate(
        [
            crystal.structure.rotations[list(s.orbit.images)] @ s.orbit.fract
            + crystal.structure.translations[list(s.orbit.images)]
            for s in crystal.sites
        ]
    )
    origin = atoms[0]
    inverse = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    index, places = _one_layer(atoms, origin, inverse, step)
    lateral = places - np.outer((places @ inverse)[:, 2], matrix[2])
    shifts = places + origin - atoms[index]
    turned = _within(-2.0 * lateral @ inverse) @ matrix
    sided = bool(np.abs(turned).max() > 1e-6)
    contents = [(index, shifts)] * 3 + ([(index, shifts - 2.0 * lateral)] * 3 if sided else [])
    states = np.array([-s * step for s in (0, 1, -1)] * (2 if sided else 1))
    layers = Layers(BlockLattice(matrix, origin, states, tuple(contents)), sided)
    if not _is_crystal(crystal, layers, atoms, step):
        raise InputError(
            where,
            f"needs a crystal of close-packed layers that differ in their place alone; those of {crystal.formula} in "
            f"{crystal.structure.space_group} do not.",
        )
    return layers


def _layer_cell(crystal: Crystal) -> tuple[FloatArray, FloatArray] | None:
    """Return block vectors and the step t between layers, in cell fractions; None for a crystal without layers."""
    structure = crystal.structure
    a, b, c, alpha, beta, gamma = structure.cell
    plain = [t for r, t in zip(structure.rotations, structure.translations, strict=True) if np.allclose(r, np.eye(3))]
    centred = {tuple(np.round(2.0 * (t - np.floor(t))).astype(int)) for t in plain}
    upright = np.allclose((alpha, beta, gamma), 90.0)
    if upright and np.allclose((a, b), (b, c)) and {(0, 1, 1), (1, 0, 1), (1, 1, 0)} <= centred:
        third = 1.0 / 3.0
        matrix = np.array([[0.5, -0.5, 0.0], [0.0, 0.5, -0.5], [third, third, third]])
        return matrix, np.array([1.0, 1.0, -2.0]) / 6.0
    hexagonal = np.allclose((alpha, beta, gamma), (90.0, 90.0, 120.0)) and np.isclose(a, b)
    if hexagonal and len(centred) == 1:
        return np.diag([1.0, 1.0, 0.5]), np.array([1.0, 2.0, 0.0]) / 3.0
    return None


def _one_layer(
    atoms: FloatArray, origin: FloatArray, inverse: FloatArray, step: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Return the atoms of the layer that holds the origin and their places from it, one of each set of equals."""
    matrix = np.linalg.inv(inverse)
    span = np.arange(-2.0, 3.0)
    shifts = np.stack(np.meshgrid(span, span, span, indexing="ij"), axis=-1).reshape(-1, 3)
    index = np.tile(np.arange(len(atoms)), len(shifts))
    places = (atoms[None] - origin + shifts[:, None]).reshape(-1, 3)
    height = (places @ inverse)[:, 2]
    inside = (height > -0.01) & (height < 0.99)
    index, along = index[inside], places[inside] @ inverse
    along[:, :2] -= np.round(along[:, :2] - 1e-6)
    for place in (np.zeros(2), (step @ inverse)[:2], -(step @ inverse)[:2]):  # as the layers themselves are shifted
        apart = along[:, :2] - place
        along[:, :2] -= np.where(np.abs(apart - np.round(apart)).max(axis=1) < 1e-3, np.round(apart).T, 0.0).T
    _, first = np.unique(np.round(along, 5) + 0.0, axis=0, return_index=True)
    first = first[np.argsort(index[first], kind="stable")]
    return index[first], along[first] @ matrix


def _within(along: FloatArray) -> FloatArray:
    """Return block coordinates with whole vectors of the layer left out."""
    along = along.copy()
    along[:, :2] -= np.round(along[:, :2])
    return along


def _is_crystal(crystal: Crystal, layers: Layers, atoms: FloatArray, step: FloatArray) -> bool:
    """Return whether the next layer, shifted by the step, occurs in the crystal, and all atoms are in layers."""
    blocks = layers.blocks
    cubic = not np.allclose(blocks.matrix[2], [0.0, 0.0, 0.5])
    index, shifts = blocks.contents[3 if layers.sided and not cubic else 0]
    if abs(len(index) * blocks.blocks_per_cell - len(atoms)) > 1e-6:
        return False
    other_site = crystal.site_of_atom[index][:, None] != crystal.site_of_atom[None]
    vectors = cell_vectors(crystal.structure.cell)
    for sign in (1.0,) if cubic else (1.0, -1.0):
        apart = (atoms[index] + shifts + blocks.matrix[2] + sign * step)[:, None, :] - atoms[None]
        distance = np.linalg.norm((apart - np.round(apart)) @ vectors, axis=2)
        if np.where(other_site, np.inf, distance).min(axis=1).max() < SAME_PLACE:
            return True
    return False


@dataclass(frozen=True)
class LayerOrder(Order):
    """How two layers are related: a Markov chain of steps ±t.

    The lowest layer is in any of the three places where crystals are `finite`, so that none is preferred by
    their faces; in an infinite one the place does not matter.
    """

    layers: Layers
    finite: bool

    @property
    def _places(self) -> tuple[int, ...]:
        return (0, 1, 2) if self.finite else (0,)

    @cached_property
    def alone(self) -> FloatArray:
        states = np.zeros(self.layers.blocks.n_states)
        states[[s + e for e in ((0, 3) if self.layers.sided else (0,)) for s in self._places]] = 1.0
        return np.asarray(states / states.sum())

    @cached_property
    def classes(self) -> tuple[tuple[StatePair, ...], ...]:
        part = 1.0 / len(self._places)

        def shifted(shift: int, up: int, next_up: int) -> tuple[StatePair, ...]:
            return tuple(StatePair(3 * up + s, 3 * next_up + (s + shift) % 3, part) for s in self._places)

        if not self.layers.sided:
            return tuple(shifted(shift, 0, 0) for shift in range(3))
        return tuple(shifted(shift, e, f) for e in (0, 1) for f in (0, 1) for shift in range(3))

    @cached_property
    def reverse(self) -> tuple[int, ...]:
        if not self.layers.sided:
            return (0, 2, 1)
        return tuple(3 * (2 * f + e) + (-shift) % 3 for e in (0, 1) for f in (0, 1) for shift in range(3))

    @property
    def names(self) -> tuple[str, ...]:
        return (f"{STACKING}.cubic_fraction", f"{STACKING}.correlation")

    def at(self, here: Here) -> LayersNow:
        cubic, correlation = (here[n] for n in self.names)
        return LayersNow(self, cubic, correlation)


@dataclass(frozen=True, eq=False)
class LayersNow(OrderNow):
    """The sequence of layers as of now."""

    order: LayerOrder
    cubic: float
    correlation: float

    def probabilities(self, offsets: FloatArray, vectors: FloatArray, crossing: Crossing | None = None) -> FloatArray:
        return self._at(offsets[:, 2], self.cubic, self.correlation)

    def derivatives(
        self, offsets: FloatArray, vectors: FloatArray, names: Sequence[str], crossing: Crossing | None = None
    ) -> list[FloatArray]:
        values = dict(zip(self.order.names, (self.cubic, self.correlation), strict=True))

        def at(name: str, value: float) -> FloatArray:
            return self._at(offsets[:, 2], *{**values, name: value}.values())

        size = step_of(0.0, CUBIC_FRACTION.scale)  # a polynomial, which goes on beyond the limits
        return [difference(partial(at, name), values[name], size) for name in names]

    def _at(self, up: FloatArray, cubic: float, correlation: float) -> FloatArray:
        """Return the probabilities of the classes for layers `up` (n,) apart, (n_classes, n)."""
        steps = np.rint(up).astype(np.int64)
        table = sequence_probabilities(cubic, correlation, int(np.abs(steps).max()) if len(steps) else 0)
        if not self.order.layers.sided:
            table = table.sum(axis=(1, 2))
        else:
            table = table.reshape(len(table), -1)
        forward, backward = table[np.abs(steps)].T, table[np.abs(steps)].T[list(self.order.reverse)]
        return np.where(steps >= 0, forward, backward)


def sequence_probabilities(cubic: float, correlation: float, most: int) -> FloatArray:
    """Return P(step up from layer 0, step up from layer w, shift between them), (most + 1, 2, 2, 3), w = 0 … most.

    Steps are +t (0) and −t (1), shifts 0, t, 2t. The hidden states of the chain are (step, kind of the layer), the
    kind c keeping the step of the layer below and h turning it.
    """
    to_cubic = np.array(_next_cubic(cubic, correlation))
    kinds = np.array([[to_cubic[0], 1.0 - to_cubic[0]], [to_cubic[1], 1.0 - to_cubic[1]]])
    transition = np.zeros((2, 2, 2, 2))  # (step, kind) -> (next step, next kind)
    for step in (0, 1):
        transition[step, :, step, 0] = kinds[:, 0]
        transition[step, :, 1 - step, 1] = kinds[:, 1]
    chain = transition.reshape(4, 4)
    start = np.repeat([0.5, 0.5], 2) * np.tile([cubic, 1.0 - cubic], 2)
    omega = np.exp(2j * np.pi / 3.0 * np.arange(3))
    sums = np.zeros((most + 1, 3, 2, 2), dtype=np.complex128)
    for m, root in enumerate(omega):
        phases = np.repeat([root, np.conj(root)], 2)
        reached = np.diag(start).astype(np.complex128)
        for w in range(most + 1):
            sums[w, m] = reached.reshape(2, 2, 2, 2).sum(axis=(1, 3))
            reached = reached @ (phases[:, None] * chain)
    turns = np.exp(-2j * np.pi / 3.0 * np.outer(np.arange(3), np.arange(3)))  # (shift, m)
    return np.asarray(np.einsum("sm,wmef->wefs", turns, sums).real / 3.0)


def drawn_layers(
    cubic: float, correlation: float, n_layers: int, sided: bool, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Return the state (n_layers,) of each layer of a sequence drawn at random, and whether it is hexagonal, 0 or 1.

    The states are those of `Layers`; the lowest layer is in any place, its step up +t or −t with equal chance.
    """
    to_cubic = _next_cubic(cubic, correlation)
    shift, step, hexagonal = int(rng.integers(3)), int(rng.integers(2)), int(rng.random() >= cubic)
    states, kinds = [], []
    for layer in range(n_layers):
        if layer > 0:
            shift = (shift + (1 if step == 0 else -1)) % 3
            hexagonal = int(rng.random() >= to_cubic[hexagonal])
            step = step ^ hexagonal
        states.append(3 * step * sided + shift)
        kinds.append(hexagonal)
    return np.array(states), np.array(kinds)


def mean_runs(cubic: float, correlation: float) -> tuple[float, float]:
    """Return how many layers in cubic, and in hexagonal, surroundings follow each other on average; inf if all do."""
    from_cubic, from_hexagonal = _next_cubic(cubic, correlation)
    ends = 1.0 - from_cubic, from_hexagonal
    of_cubic, of_hexagonal = (1.0 / end if end > 0.0 else float("inf") for end in ends)
    return of_cubic, of_hexagonal


def _next_cubic(cubic: float, correlation: float) -> tuple[float, float]:
    """Return the probability that the layer above one in cubic, and in hexagonal, surroundings is in cubic ones."""
    return cubic + correlation * (1.0 - cubic), cubic * (1.0 - correlation)
