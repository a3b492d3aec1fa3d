"""One crystal of a population, atom by atom: of the mean size, its boundaries or layers drawn by chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nanocrystal.sample.crystal.crystal import EXCLUSIVE_DISTANCE, Crystal
from nanocrystal.sample.crystal.mixing import Occupant
from nanocrystal.sample.explicit.bodies import Body, ball
from nanocrystal.sample.explicit.networks import (
    BoundaryNetwork,
    Content,
    ExplicitCrystal,
    crystal_of_states,
    explicit_crystal,
)
from nanocrystal.sample.order.blocks import block_lattice
from nanocrystal.sample.order.order import Coherent
from nanocrystal.sample.order.stacking import LayersNow, drawn_layers
from nanocrystal.sample.pairs.lattice_pairs import LatticeNow
from nanocrystal.sample.pairs.lattice_sum import LatticeSum
from nanocrystal.sample.population import Population
from nanocrystal.sample.shapes.shape import ShapeNow

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Layers = tuple[int, ...]
"""for each layer whether it is in hexagonal surroundings, 0 or 1"""


def lattice_of(population: Population, crystal: Crystal, prefix: str, crystal_prefix: str) -> LatticeSum:
    """Return the blocks of a population and how they are ordered; plain spheres and bulk are made of cells."""
    if population.shape.along_lattice or population.disordered:
        return population.lattice_sum(crystal, prefix, crystal_prefix)
    cells = block_lattice(crystal, "cell", prefix)
    order = Coherent(cells)
    return LatticeSum(
        crystal=crystal, blocks=cells, order=order, shape=None, prefix=prefix, crystal_prefix=crystal_prefix
    )


def mean_body(lattice: LatticeNow, shape: ShapeNow) -> Body:
    """Return which blocks a crystal of the mean size consists of."""
    if not shape.shape.along_lattice:
        return sphere_body(lattice, shape.mean_diameter, np.inf)
    return Body(shape.shape.whole_blocks(lattice.blocks_of_mean, lattice.block_vectors))


def sphere_body(lattice: LatticeNow, diameter: float, depth: float) -> Body:
    """Return the blocks of a sphere around an atom, down to a depth below its surface."""
    return ball(diameter, depth, lattice.places.reshape(-1, 3), lattice.block_vectors)


# ---- boundaries and layers ------------------------------------------------------------------------


def drawn_crystal(
    lattice: LatticeNow, body: Body, rng: np.random.Generator, network: BoundaryNetwork | None = None
) -> tuple[ExplicitCrystal, BoundaryNetwork | Layers]:
    """Return a crystal, and its boundaries or its sequence of layers, drawn by chance as the population describes.

    network: of `body.numbers` blocks, boundaries to be taken instead. Domains are those of the network; of layers,
    1 is one in hexagonal surroundings.
    """
    order, blocks = lattice.order, lattice.lattice.blocks
    faults: BoundaryNetwork | Layers
    if isinstance(order, LayersNow):
        sided = order.order.layers.sided
        states, kinds = drawn_layers(order.cubic, order.correlation, body.numbers[2], sided, rng)
        ones = np.ones(body.numbers, dtype=np.int64)
        faults = tuple(kinds.tolist())
        atoms = crystal_of_states(lattice.crystal, blocks, Content(states * ones, kinds * ones, body.inside))
    else:
        faults = drawn_network(lattice, body.numbers, rng) if network is None else network
        atoms = explicit_crystal(lattice.crystal, blocks, faults, body.inside, lattice.lattice.surface)
    return (atoms if body.cut is None else atoms.kept(body.cut.keeps(atoms.positions))), faults


def drawn_network(lattice: LatticeNow, numbers: Sequence[int], rng: np.random.Generator) -> BoundaryNetwork:
    """Return boundaries drawn with the probabilities of the population; without families there are none."""
    twins = lattice.lattice.twins
    if not twins:
        return BoundaryNetwork.without(numbers)
    families = [
        (family, lattice.boundaries(name).probabilities(lattice.block_vectors))
        for name, family in twins.items()
        if family.varied is not None
    ]
    network = BoundaryNetwork.drawn(numbers, lattice.lattice.blocks, families, rng)
    for family in twins.values():
        if family.varied is None:
            network = network.joined(BoundaryNetwork.of_one(numbers, family, rng), lattice.lattice.blocks)
    return network


def shortest_across(atoms: ExplicitCrystal, elements: Sequence[str]) -> tuple[str, float] | None:
    """Return element and distance (Å) of the nearest two atoms of one of `elements` that different domains have.

    None where no two such atoms are nearer than 8 Å.
    """
    from scipy.spatial import cKDTree

    contacts = []
    symbols = np.array(atoms.elements)
    for element in elements:
        of_element = np.flatnonzero(symbols == element)
        for domain in np.unique(atoms.domains[of_element]):
            here = atoms.domains[of_element] == domain
            if here.all() or not here.any():
                continue
            others = cKDTree(atoms.positions[of_element[~here]])
            distance, _ = others.query(atoms.positions[of_element[here]], distance_upper_bound=8.0)
            contacts.append((float(np.min(distance)), element))
    nearest = min(contacts, default=(np.inf, ""))
    return (nearest[1], nearest[0]) if np.isfinite(nearest[0]) else None


# ---- shared and partly filled places --------------------------------------------------------------


def filled_by_chance(
    atoms: ExplicitCrystal, occupants: Sequence[Sequence[Occupant]], rng: np.random.Generator
) -> ExplicitCrystal:
    """Return one choice of what stands on places that are partly filled or shared by elements.

    Each is filled independently of the others, but of places that exclude each other one at most. occupants: those of
    each site.
    """
    if not shared_places(occupants):
        return atoms
    occupancy = np.array([sum(o.occupancy for o in site) for site in occupants])[atoms.sites]
    kept = rng.random(len(occupancy)) < occupancy
    for atom, (rivals, taken) in _rivals(atoms.positions, occupancy).items():
        free = 1.0 - taken
        kept[atom] = not kept[rivals].any() and free > 0.0 and rng.random() < occupancy[atom] / free
    chosen = atoms.kept(kept)
    elements = np.array([s.element for s in atoms.crystal.sites], dtype=object)[chosen.sites]
    for k, site in enumerate(occupants):
        if len(site) > 1:
            of_site = np.flatnonzero(chosen.sites == k)
            parts = np.array([o.occupancy for o in site])
            elements[of_site] = rng.choice([o.element for o in site], size=len(of_site), p=parts / parts.sum())
    return ExplicitCrystal(chosen.positions, chosen.sites, chosen.domains, chosen.crystal, tuple(elements.tolist()))


def shared_places(occupants: Sequence[Sequence[Occupant]]) -> bool:
    """Return whether some places are partly filled or shared by elements."""
    return any(len(site) > 1 or site[0].occupancy < 1.0 for site in occupants)


def _rivals(positions: FloatArray, occupancy: FloatArray) -> dict[int, tuple[IntArray, float]]:
    """Return partly filled place -> the places before it that exclude it, and their occupancies together.

    Visited in this order, each place is filled with its own occupancy over what those before it leave.
    """
    from scipy.spatial import cKDTree

    partly = np.flatnonzero(occupancy < 1.0)
    if not len(partly):
        return {}
    pairs = cKDTree(positions[partly]).query_pairs(EXCLUSIVE_DISTANCE, output_type="ndarray")
    before: dict[int, list[int]] = {}
    for i, j in partly[pairs]:
        before.setdefault(int(max(i, j)), []).append(int(min(i, j)))
    return {k: (np.array(v), float(occupancy[v].sum())) for k, v in sorted(before.items())}
