"""The atoms of one crystal of the mean size, as a study describes it, with its boundaries: what `atoms` writes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from nanocrystal._version import __version__
from nanocrystal.cost import ask_memory
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters import Evaluation
from nanocrystal.report.explicit.result import Format, TypicalCrystal
from nanocrystal.report.refined.result import AtomPicture
from nanocrystal.report.versions import versions
from nanocrystal.sample import Population
from nanocrystal.sample.derived import anions
from nanocrystal.sample.explicit.networks import BoundaryNetwork, ExplicitCrystal
from nanocrystal.sample.explicit.picture import of_explicit
from nanocrystal.sample.explicit.typical import (
    Layers,
    drawn_crystal,
    filled_by_chance,
    mean_body,
    shared_places,
    shortest_across,
)
from nanocrystal.sample.order.twins import TwinBoundaries
from nanocrystal.sample.pairs.lattice_pairs import LatticeNow
from nanocrystal.sample.pairs.lattice_sum import LatticeSum
from nanocrystal.sample.shapes.shape import ShapeNow
from nanocrystal.study.study import Study

BYTES_OF_ATOM = 700.0
"""with the text of the file that it stands in"""
MOST_ATOMS = 3_000_000
"""atoms that are written; more is a file of hundreds of megabytes"""
MOST_LAYERS = 120
"""layers whose kinds are printed one by one"""
_PLANES = re.compile(r"(?P<family>[^=]+)=(?P<axis>-?\d+):(?P<planes>-?\d+(?:,-?\d+)*)")
_EVERY = re.compile(r"(?P<family>[^=]+)=(?P<period>-?\d+)")
Families = Mapping[str, TwinBoundaries]


@dataclass(frozen=True)
class Boundaries:
    """Boundaries that a user names, as the command line has them: none for ones drawn by chance.

    planes: "FAMILY=AXIS:1,5,9", the axis 1, 2 or 3 of the blocks, planes from 1 on, the one between the first two
    layers of blocks; every: "FAMILY=N", a boundary after every N layers, on all axes of the family.
    """

    planes: Sequence[str] = field(default_factory=tuple)
    every: Sequence[str] = field(default_factory=tuple)

    def network(self, numbers: tuple[int, int, int], families: Families) -> BoundaryNetwork:
        """Return the network in a crystal of so many blocks; raises InputError for what it does not have."""
        network = BoundaryNetwork.without(numbers)
        blocks = next(iter(families.values())).blocks
        for text in self.planes:
            match = _PLANES.fullmatch(text.replace(" ", ""))
            if match is None:
                raise InputError("--planes", f"must be FAMILY=AXIS:PLANES, such as t110=1:3,7; got {text!r}.")
            family = _family(match["family"], families, "--planes")
            axis, planes = int(match["axis"]), [int(n) for n in match["planes"].split(",")]
            _check_planes(axis, planes, numbers, match["family"], family)
            network = network.joined(BoundaryNetwork.of_planes(numbers, family, {axis - 1: planes}), blocks)
        for text in self.every:
            match = _EVERY.fullmatch(text.replace(" ", ""))
            if match is None:
                raise InputError("--every", f"must be FAMILY=N, such as t110=4; got {text!r}.")
            family, period = _family(match["family"], families, "--every"), int(match["period"])
            if period < 1:
                raise InputError("--every", f"the number of layers must be at least 1, got {text!r}.")
            network = network.joined(BoundaryNetwork.every(numbers, family, period), blocks)
        return network


def _family(name: str, families: Families, where: str) -> TwinBoundaries:
    if name not in families:
        raise InputError(where, f"there is no family of boundaries {name!r}; {nearest_names(name, families)}")
    return families[name]


def _check_planes(
    axis: int, planes: Sequence[int], numbers: tuple[int, int, int], name: str, family: TwinBoundaries
) -> None:
    crossed = [k + 1 for k, _ in family.axes]
    if axis not in crossed:
        have = " and ".join(str(k) for k in crossed)
        raise InputError("--planes", f"boundaries of {name} lie across block axis {have}, not {axis}.")
    last = numbers[axis - 1] - 1
    for plane in planes:
        if not 1 <= plane <= last:
            size = " × ".join(str(n) for n in numbers)
            have = f"has planes 1 to {last}" if last > 0 else "has no plane"
            raise InputError("--planes", f"a crystal of {size} blocks {have} across axis {axis}, got {plane}.")


def explicit_crystal_of(
    study: Study,
    population: str = "",
    seed: int = 0,
    form: Format | None = None,
    boundaries: Boundaries | None = None,
) -> TypicalCrystal:
    """Return one crystal of the mean size of a population, atom by atom.

    population may be left out where there is one; boundaries: drawn with the probabilities of the study and `seed`
    where none are named; form: the format of a file that it is written to alone [as its name ends].
    Raises InputError for populations that are no crystals of finite size.
    """
    if seed < 0:
        raise InputError("--seed", f"must not be negative, got {seed}.")
    name, described = _population(study, population)
    prefix = f"populations.{name}"
    evaluation = Evaluation(study.parameters.initial_values())
    with study.located():
        shape = described.shape.at(evaluation.values.under(prefix))
        if described.crystal_name is None:
            raise InputError(prefix, "is explicit atoms already; take the file that it was read from.")
        if not described.shape.finite:
            raise InputError(f"{prefix}.shape", "is infinite; give a shape, such as a sphere, to have a whole crystal.")
        now = study.sample.lattice_at(name, evaluation)
        _check_size(now, shape)
    lattice, occupants = now.lattice, now.crystal.occupants
    body, rng = mean_body(now, shape), np.random.default_rng(seed)
    network = _named(boundaries or Boundaries(), lattice, body.numbers)
    atoms, faults = drawn_crystal(now, body, rng, network)
    atoms = filled_by_chance(atoms, occupants, rng)
    size = " × ".join(str(n) for n in body.numbers)
    said = [f"{len(atoms.sites)} atoms, {atoms.cluster().formula}: a crystal of {name}, {size} blocks across."]
    said += _fault_words(faults, lattice, None if network else seed)
    said += _contact_words(atoms) if isinstance(faults, BoundaryNetwork) else []
    if shared_places(occupants):
        said.append(f"Places that are partly filled or shared by elements were filled by chance (seed {seed}).")
    said += study.sample.crystals[described.crystal_name].notes
    picture = of_explicit(now, atoms, faults)
    species = tuple(dict.fromkeys(atoms.elements))
    index = {element: k for k, element in enumerate(species)}
    return TypicalCrystal(
        title=f"{study.title} {name}",
        version=__version__,
        population=name,
        seed=seed,
        species=species,
        kinds=np.array([index[element] for element in atoms.elements], dtype=np.int64),
        positions=atoms.positions,
        domains=atoms.domains,
        labels=tuple(site.label for site in atoms.crystal.sites),
        sites=atoms.sites,
        said=tuple(said),
        picture=None if picture is None else AtomPicture(*picture),
        form=form,
        inputs=study.sample.inputs(),
        provenance=versions(),
    )


def _population(study: Study, name: str) -> tuple[str, Population]:
    populations = study.sample.populations
    if not name and len(populations) > 1:
        raise InputError("--population", f"must be one of {', '.join(populations)}: the study has several.")
    name = name or next(iter(populations))
    if name not in populations:
        raise InputError("--population", f"there is no population {name!r}; {nearest_names(name, populations)}")
    return name, populations[name]


def _check_size(lattice: LatticeNow, shape: ShapeNow) -> None:
    about = shape.about_blocks(lattice.block_vectors) * lattice.lattice.n_places
    if about > MOST_ATOMS:
        raise InputError(
            lattice.lattice.prefix,
            f"a crystal of the mean size has about {about:.2g} atoms, more than the {MOST_ATOMS:.0e} that are written; "
            "give it a smaller size.",
        )
    ask_memory(lattice.lattice.prefix, BYTES_OF_ATOM * about, f"about {about:.2g} atoms", "give it a smaller size")


def _named(boundaries: Boundaries, lattice: LatticeSum, numbers: tuple[int, int, int]) -> BoundaryNetwork | None:
    """Return the boundaries that are named; None where they are drawn by chance."""
    if not boundaries.planes and not boundaries.every:
        return None
    if not lattice.twins:
        option = "--planes" if boundaries.planes else "--every"
        raise InputError(option, f"names boundaries, but the study has none to name: [{lattice.prefix}.twins.FAMILY].")
    return boundaries.network(numbers, lattice.twins)


def _fault_words(faults: BoundaryNetwork | Layers, lattice: LatticeSum, seed: int | None) -> list[str]:
    """Return sentences on boundaries or layers; seed: None where they were named."""
    drawn = "" if seed is None else f", drawn with the probabilities of the study (seed {seed})"
    if not isinstance(faults, BoundaryNetwork):
        kinds = "".join("ch"[k] for k in faults)
        if len(kinds) > MOST_LAYERS:
            kinds = f"{kinds.count('c')} c and {kinds.count('h')} h, in {len(list(groupby(kinds)))} runs"
        return [f"Layers in cubic (c) and hexagonal (h) surroundings, from the lowest: {kinds}{drawn}."]
    if not lattice.twins:
        return []
    number = sum(len(planes) for planes in faults.planes)
    places = [
        f"across block axis {axis} at {'plane' if len(planes) == 1 else 'planes'} {', '.join(map(str, planes))}"
        for axis, planes in enumerate(faults.planes, start=1)
        if planes
    ]
    boundaries = "boundary" if number == 1 else "boundaries"
    return [f"{number or 'No'} {boundaries}{': ' if places else ''}{'; '.join(places)}{drawn}."]


def _contact_words(atoms: ExplicitCrystal) -> list[str]:
    contact = shortest_across(atoms, anions(sorted(set(atoms.elements))))
    return (
        []
        if contact is None
        else [f"Shortest {contact[0]}–{contact[0]} contact across a boundary: {contact[1]:.3f} Å."]
    )
