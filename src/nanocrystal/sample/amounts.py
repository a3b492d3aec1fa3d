"""How many atoms of each element a population holds, without its pairs.

What a mean crystal holds follows from its volume, its cell and who stands on its sites: so a composition costs no sum
over pairs, and infinite crystals have one too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.mixing import Occupant
from nanocrystal.sample.population import PopulationNow
from nanocrystal.tables.elements import atomic_mass

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Content:
    """The atoms of each element in the mean crystal (infinite: in one cell) or cluster; volume: Å³, None of a cluster.

    coating: atoms of what covers it, which belong to neither. The mean is over the number of crystals.
    """

    atoms: dict[str, float]
    volume: float | None
    coating: dict[str, float] = field(default_factory=dict)

    @property
    def n_atoms(self) -> float:
        return sum(self.atoms.values())

    @property
    def mass(self) -> float:
        """Da."""
        return _mass(self.atoms)

    @property
    def coating_mass(self) -> float:
        """Da."""
        return _mass(self.coating)


def _mass(atoms: Mapping[str, float]) -> float:
    return sum(n * atomic_mass(element) for element, n in atoms.items())


def content_of(population: PopulationNow) -> Content:
    """Return what the mean crystal of a population, or its cluster, holds."""
    cluster = population.population.shape.explicit
    if cluster is not None:
        return Content(dict(Counter(map(str, cluster.elements))), None)
    coating = population.coating
    covered = {} if coating is None else coating.content(population.shape, population.block_vectors)
    if population.size_law is None:
        return replace(_of_crystals(population), coating=covered)
    parts = [_of_crystals(part) for part in population.slices]
    return Content(summed(p.atoms for p in parts), sum(p.volume or 0.0 for p in parts), covered)


def _of_crystals(population: PopulationNow) -> Content:
    shape, crystal = population.shape, population.crystal
    cell = crystal.cell_volume
    volume = shape.volume(population.block_vectors) or cell
    if population.population.termination is not None:
        lattice = population.lattice
        places = lattice.places_per_block * lattice.lattice.blocks.blocks_per_cell
    else:
        places = np.array([float(site.multiplicity) for site in crystal.crystal.sites])
    core, shell = _of_cell(crystal.occupants, places), population.shell
    inside = 1.0 if shell is None else shell.part_inside(shape, population.block_vectors)
    atoms = {e: inside * n for e, n in core.items()}
    if shell is not None:
        outer = _of_cell(shell.occupants(crystal), places)
        atoms = summed([atoms, {e: (1.0 - inside) * n for e, n in outer.items()}])
    return Content({e: volume / cell * n for e, n in atoms.items()}, volume)


def _of_cell(on_sites: list[list[Occupant]], places: FloatArray) -> dict[str, float]:
    """Return the atoms of each element in a cell with these occupants of its sites, of which it has `places`."""
    return summed(
        {o.element: n * o.occupancy} for n, occupants in zip(places, on_sites, strict=True) for o in occupants
    )


def parts_of_atoms(populations: Mapping[str, PopulationNow], contents: Mapping[str, Content]) -> dict[str, float]:
    """Return which part of the atoms of a sample each population holds; they add up to 1.

    Raises InputError where all fractions are 0, and for a volume fraction of explicit atoms.
    """
    amounts = {}
    for name, population in populations.items():
        content, basis = contents[name], population.population.fraction_basis
        check_atoms(content.n_atoms, population.here.address)
        amounts[name] = population.here[basis] * content.n_atoms
        if basis == "mass_fraction":
            amounts[name] /= content.mass
        elif basis == "volume_fraction":
            if content.volume is None:
                raise InputError(
                    population.here.address_of(basis),
                    "the volume of explicit atoms is not defined; give mass_fraction or number_fraction.",
                )
            amounts[name] /= content.volume
    total = sum(amounts.values())
    if total <= 0.0:
        raise InputError("populations", "the fractions of all populations are zero.")
    return {name: amount / total for name, amount in amounts.items()}


def check_atoms(n_atoms: float, where: str) -> None:
    """Raise InputError for a population whose places are all empty: it has no mean atom."""
    if not n_atoms > 0.0:
        raise InputError(where, "holds no atoms: the occupancies of all sites are 0; one must be above 0.")


def summed(each: Iterable[dict[str, float]]) -> dict[str, float]:
    """Return the sum of amounts by element."""
    totals: dict[str, float] = {}
    for amounts in each:
        for element, n in amounts.items():
            totals[element] = totals.get(element, 0.0) + n
    return totals
