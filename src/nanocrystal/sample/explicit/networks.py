"""Explicit crystals with boundaries: fixed networks of planes, networks drawn at random, domains turned by 90°.

What `order` averages in closed form stands here atom by atom, for pictures, for export and for tests. The command
`nanocrystal atoms` does the following for a crystal of the mean size; here with a boundary of a family at planes 1
and 5 across the first block vector of a crystal of 8 × 8 × 10 blocks:

    lattice = population.lattice_sum(crystal, "populations.dots", "crystals.x")
    network = BoundaryNetwork.of_planes((8, 8, 10), lattice.twins["t110"], {0: [1, 5]})
    atoms = explicit_crystal(crystal.at(values.under("crystals.x")), lattice.blocks, network)
    Path("dot.extxyz").write_text(atoms.extxyz_text("two boundaries"))

`BoundaryNetwork.every` sets boundaries at equal distances, `.drawn` by chance, and `.joined` puts those of several
families together; `typical.drawn_crystal` draws a whole crystal as a population describes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares
from nanocrystal.sample.crystal.clusters import Cluster
from nanocrystal.sample.crystal.crystal import Crystal
from nanocrystal.sample.crystal.crystal_now import CrystalNow
from nanocrystal.sample.explicit.atom_list import AtomList
from nanocrystal.sample.order.blocks import BlockLattice
from nanocrystal.sample.order.twins import TwinBoundaries
from nanocrystal.sample.surface.termination import OuterLayers

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class BoundaryNetwork:
    """The boundaries of one crystal of whole blocks.

    Parameters
    ----------
    numbers : tuple of 3 int
        Blocks along each block vector.
    steps : tuple of 3 arrays (numbers − 1,) of int
        For each block axis the group element that is added at each plane between two layers of blocks, 0 where there is
        no boundary.
    start : int
        The state of the first block.
    """

    numbers: tuple[int, int, int]
    steps: tuple[IntArray, IntArray, IntArray]
    start: int = 0

    @classmethod
    def without(cls, numbers: Sequence[int], start: int = 0) -> BoundaryNetwork:
        """Return the crystal without boundaries."""
        n = _whole_numbers(numbers)
        first, second, third = (np.zeros(k - 1, dtype=np.int64) for k in n)
        return cls(n, (first, second, third), start)

    @classmethod
    def of_planes(
        cls, numbers: Sequence[int], family: TwinBoundaries, planes: Mapping[int, Sequence[int]], start: int = 0
    ) -> BoundaryNetwork:
        """Return a crystal with boundaries of a family at named planes.

        planes: block axis (0, 1, 2) -> numbers of planes, 1 the one between the first two layers of blocks.
        Raises InputError for planes that the crystal or the family has not.
        """
        network = cls.without(numbers, start)
        elements = dict(family.axes)
        for axis, chosen in planes.items():
            if axis not in elements:
                have = " and ".join(str(k) for k in elements)
                raise InputError("planes", f"of this family cross block axis {have} only, not {axis}.")
            element = next(g for g in elements[axis] if g != 0)
            for plane in chosen:
                if not 1 <= plane <= network.numbers[axis] - 1:
                    raise InputError(
                        "planes",
                        f"across axis {axis} are numbered 1 to {network.numbers[axis] - 1} in a crystal of "
                        f"{network.numbers[axis]} layers, got {plane}.",
                    )
                network.steps[axis][plane - 1] = element
        return network

    @classmethod
    def every(cls, numbers: Sequence[int], family: TwinBoundaries, period: int, start: int = 0) -> BoundaryNetwork:
        """Return a crystal with a boundary of a family after every `period` layers, on all of its axes."""
        if period < 1:
            raise InputError("every", f"must be at least 1 layer, got {period}.")
        n = _whole_numbers(numbers)
        planes = {axis: list(range(period, n[axis], period)) for axis, _ in family.axes}
        return cls.of_planes(n, family, planes, start)

    @classmethod
    def of_one(cls, numbers: Sequence[int], family: TwinBoundaries, rng: np.random.Generator) -> BoundaryNetwork:
        """Return a crystal with one boundary of a family at any of its planes; none where it has no plane."""
        n = _whole_numbers(numbers)
        axes = [axis for axis, _ in family.axes if n[axis] > 1]
        if not axes:
            return cls.without(n)
        axis = axes[int(rng.integers(len(axes)))]
        return cls.of_planes(n, family, {axis: [int(rng.integers(1, n[axis]))]})

    @classmethod
    def drawn(
        cls,
        numbers: Sequence[int],
        blocks: BlockLattice,
        families: Sequence[tuple[TwinBoundaries, Sequence[float]]],
        rng: np.random.Generator,
        start: int | None = None,
    ) -> BoundaryNetwork:
        """Return a crystal whose planes carry boundaries by chance, independently.

        families: each with its probability on each of its axes; start: drawn too where it is None.
        """
        network = cls.without(numbers, int(rng.integers(blocks.n_states)) if start is None else start)
        for family, probabilities in families:
            for (axis, elements), p in zip(family.axes, probabilities, strict=True):
                for plane in range(network.numbers[axis] - 1):
                    if rng.random() < p:
                        element = elements[int(rng.integers(len(elements)))]
                        network.steps[axis][plane] = blocks.added(int(network.steps[axis][plane]), element)
        return network

    def joined(self, other: BoundaryNetwork, blocks: BlockLattice) -> BoundaryNetwork:
        """Return the boundaries of both networks of one crystal; two at one plane add up."""
        first, second, third = (blocks.sums[steps, added] for steps, added in zip(self.steps, other.steps, strict=True))
        return BoundaryNetwork(self.numbers, (first, second, third), self.start)

    @property
    def planes(self) -> tuple[list[int], list[int], list[int]]:
        """For each block axis the numbers of the planes that carry a boundary, from 1 on."""
        first, second, third = ([int(k) + 1 for k in np.flatnonzero(steps)] for steps in self.steps)
        return first, second, third

    def domains(self, blocks: BlockLattice) -> IntArray:
        """Return the group element that the boundaries give each block, an array of `numbers`."""
        along = []
        for steps in self.steps:
            elements = [0]
            for step in steps:
                elements.append(blocks.added(elements[-1], int(step)))
            along.append(np.array(elements))
        sums = blocks.sums
        return np.asarray(sums[sums[along[0][:, None, None], along[1][None, :, None]], along[2][None, None, :]])


@dataclass(frozen=True)
class ExplicitCrystal(Declares):
    """The atoms of one crystal of whole blocks.

    Parameters
    ----------
    positions : array (n_atoms, 3)
        Å.
    sites : array (n_atoms,) of int
        Which site of the crystal each is.
    domains : array (n_atoms,) of int
        The group element that the boundaries before its block add.
    crystal : Crystal
        What it is made of.
    given : tuple of str or None
        The elements (n_atoms,), where they are not those of the sites.
    """

    positions: FloatArray
    sites: IntArray
    domains: IntArray
    crystal: Crystal
    given: tuple[str, ...] | None = None

    @property
    def elements(self) -> tuple[str, ...]:
        return tuple(self.crystal.sites[k].element for k in self.sites) if self.given is None else self.given

    def kept(self, chosen: NDArray[np.bool_]) -> ExplicitCrystal:
        """Return some of the atoms; chosen: (n_atoms,)."""
        elements = None if self.given is None else tuple(np.array(self.given)[chosen].tolist())
        return ExplicitCrystal(self.positions[chosen], self.sites[chosen], self.domains[chosen], self.crystal, elements)

    def cluster(self, source: str = "network") -> Cluster:
        """Return the atoms as a cluster."""
        return Cluster(self.elements, self.positions, source)

    @property
    def listed(self) -> AtomList:
        """The atoms one by one."""
        labels = [site.label for site in self.crystal.sites]
        return AtomList(self.elements, self.positions, self.domains, [labels[k] for k in self.sites])

    def extxyz_text(self, comment: str) -> str:
        """Return an extended .xyz file; a column holds the domain of each atom, another its site."""
        return self.listed.extxyz_text(comment)

    def cif_text(self, comment: str) -> str:
        """Return a CIF of the atoms in an otherwise empty box, without symmetry."""
        return self.listed.cif_text(comment)


def explicit_crystal(
    crystal: CrystalNow,
    blocks: BlockLattice,
    network: BoundaryNetwork,
    inside: NDArray[np.bool_] | None = None,
    surface: OuterLayers | None = None,
) -> ExplicitCrystal:
    """Return the atoms of a crystal of whole blocks with its boundaries.

    Beyond a boundary each block takes the content of its new state; blocks own the atoms that `blocks` says.

    Parameters
    ----------
    crystal : CrystalNow
        The crystal at given values, `Crystal.at`.
    blocks : BlockLattice
        Its blocks, those of `Population.lattice_sum`.
    network : BoundaryNetwork
        Where the boundaries are.
    inside : array of bool, shape `network.numbers`, optional
        Which blocks there are [all].
    surface : OuterLayers, optional
        The outermost layer, for which the other one is left out at one end along each axis.

    Returns
    -------
    ExplicitCrystal
        Atoms with site and domain of each.
    """
    grid = np.stack(np.meshgrid(*[np.arange(n) for n in network.numbers], indexing="ij"), axis=-1)
    domains = network.domains(blocks)
    shift = blocks.state_shift(grid.reshape(-1, 3).astype(np.float64)).reshape(domains.shape)
    states = blocks.sums[blocks.sums[network.start][shift], domains]
    kept = np.ones(network.numbers, dtype=np.bool_) if inside is None else inside
    return crystal_of_states(crystal, blocks, Content(states, domains, kept), surface)


class Content(NamedTuple):
    """Whole blocks of a crystal: arrays over a box of their states, their domains, and which of them there are."""

    states: IntArray
    domains: IntArray
    inside: NDArray[np.bool_]


def crystal_of_states(
    crystal: CrystalNow, blocks: BlockLattice, content: Content, surface: OuterLayers | None = None
) -> ExplicitCrystal:
    """Return the atoms of whole blocks; surface: see `explicit_crystal`."""
    places, atoms, domains = [], [], []
    for state, ((index, _), at_corner) in enumerate(zip(blocks.contents, blocks.places(crystal.fract), strict=True)):
        chosen = content.inside & (content.states == state)
        at = np.argwhere(chosen)
        there = np.ones(len(at) * len(index), dtype=np.bool_)
        if surface is not None:
            there = surface.present(state, at, content.inside.shape).ravel()
        corners = at @ blocks.matrix
        places.append((corners[:, None, :] + at_corner[None, :, :]).reshape(-1, 3)[there])
        atoms.append(np.tile(index, len(corners))[there])
        domains.append(np.repeat(content.domains[chosen], len(index))[there])
    sites = crystal.crystal.site_of_atom[np.concatenate(atoms)]
    positions = np.concatenate(places) @ crystal.vectors
    return ExplicitCrystal(positions, sites, np.concatenate(domains), crystal.crystal)


def turned_domains(
    crystal: CrystalNow, blocks: BlockLattice, numbers: Sequence[int], turned: NDArray[np.bool_]
) -> ExplicitCrystal:
    """Return a crystal some blocks of which are turned by 90°, so that their third axis lies along the first.

    All blocks stand on one lattice, that of the crystal: turned contents are stretched to it, as coherent domains are.

    Parameters
    ----------
    crystal : CrystalNow
        The crystal at given values, `Crystal.at`.
    blocks : BlockLattice
        Its blocks, those of `Population.lattice_sum`.
    numbers : sequence of 3 int
        Blocks along each block vector.
    turned : array of bool, shape `numbers`
        Which blocks are turned.

    Returns
    -------
    ExplicitCrystal
        Whose domain 0 is the crystal as it is, 1 what is turned.

    Raises
    ------
    InputError
        Where `turned` has another shape.
    """
    n = _whole_numbers(numbers)
    if turned.shape != n:
        raise InputError("turned", f"must say of each of {n} blocks whether it is turned, got {turned.shape}.")
    block_vectors, inverse = blocks.vectors(crystal.vectors), np.linalg.inv(blocks.matrix)
    grid = np.stack(np.meshgrid(*[np.arange(k) for k in n], indexing="ij"), axis=-1).reshape(-1, 3)
    places, atoms, domains = [], [], []
    for domain, axes in ((0, [0, 1, 2]), (1, [2, 0, 1])):
        # a turned block at (i, j, k) holds what stands at (j, k, i) of the crystal, turned
        grid_of_domain = grid[turned.ravel() == bool(domain)]
        back = np.argsort(axes)
        states = blocks.state_shift(grid_of_domain[:, back].astype(np.float64))
        for state, ((index, _), content) in enumerate(
            zip(blocks.contents, blocks.places(crystal.fract) @ inverse, strict=True)
        ):
            corners = grid_of_domain[states == state]
            places.append((corners[:, None, :] + content[None, :, axes]).reshape(-1, 3) @ block_vectors)
            atoms.append(np.tile(index, len(corners)))
            domains.append(np.full(len(corners) * len(index), domain))
    sites = crystal.crystal.site_of_atom[np.concatenate(atoms)]
    return ExplicitCrystal(np.concatenate(places), sites, np.concatenate(domains), crystal.crystal)


def _whole_numbers(numbers: Sequence[int]) -> tuple[int, int, int]:
    i, j, k = (int(n) for n in numbers)
    if min(i, j, k) < 1:
        raise InputError("numbers", f"of blocks must be at least 1 along each axis, got {i}, {j}, {k}.")
    return i, j, k
