"""The sample: what is in the vial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters import Assumption, Ceiling, Declares, Evaluation, Parameter, ParameterSet, Quantity, Values
from nanocrystal.parameters.address import dataset_of
from nanocrystal.sample.amounts import Content, check_atoms, content_of, parts_of_atoms, summed
from nanocrystal.sample.crystal.crystal import Crystal
from nanocrystal.sample.crystal.crystal_now import CrystalNow
from nanocrystal.sample.crystal.symmetry import cell_vectors
from nanocrystal.sample.derivations import OF_POPULATION
from nanocrystal.sample.derived import (
    DerivedQuantity,
    Geometry,
    crystal_quantities,
    length_quantities,
    stacking_quantities,
    twin_quantities,
)
from nanocrystal.sample.explicit.picture import AtomPicture, of_cluster, of_crystal
from nanocrystal.sample.explicit.typical import lattice_of
from nanocrystal.sample.named import Populations, crystals_of, named_populations
from nanocrystal.sample.order.stacking import STACKING
from nanocrystal.sample.pairs.lattice_pairs import LatticeNow, Reduction, ShapedDerivatives
from nanocrystal.sample.pairs.lattice_sum import LatticeSum
from nanocrystal.sample.pairs.motion import correlated_motion, motion_ceiling
from nanocrystal.sample.pairs.pair_structure import PairStructure
from nanocrystal.sample.population import Population, PopulationNow, mean_atomic_mass
from nanocrystal.sample.strays import strays
from nanocrystal.sample.surface.coating import COATING, check_coating
from nanocrystal.sample.surface.shell import SHELL
from nanocrystal.sample.surface.size_law import SIZE_LAW
from nanocrystal.sample.surface.termination import TERMINATION
from nanocrystal.sample.surroundings import Surroundings, check_surroundings, surroundings

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, init=False)
class Sample(Declares):
    """Crystals and the populations made of them, by name, independent of how they are measured.

        Sample(dots), Sample([dots, other]), Sample({"dots": dots}), Sample({"dots": dots}, {"pt": pt})

    Parameters
    ----------
    populations : Population, several, or mapping of str to Population
        Those without a name of their own are called as their crystal.
    crystals : mapping of str to Crystal, optional
        Those that populations name and do not hold themselves.

    Raises
    ------
    InputError
        For what does not fit together, and for two populations or two different crystals of one name.
    """

    populations: Mapping[str, Population]
    crystals: Mapping[str, Crystal]

    def __init__(self, populations: Populations, crystals: Mapping[str, Crystal] | None = None) -> None:
        named = named_populations(populations)
        held = crystals_of(named, crystals or {})
        object.__setattr__(self, "crystals", held)
        object.__setattr__(self, "populations", {n: p.within(n, held) for n, p in named.items()})
        self.__post_init__()

    @classmethod
    def of(cls, given: Sample | Populations | None) -> Sample:
        """Return the sample of what a user gives as one: a population, several, a sample; None is an empty one."""
        return given if isinstance(given, Sample) else cls({} if given is None else given)

    def __post_init__(self) -> None:
        for name, population in self.populations.items():
            where = f"populations.{name}"
            if population.shape.explicit is None:
                if population.crystal_name is None:
                    raise InputError(where, "needs the name of a crystal, or explicit atoms.")
                if population.crystal_name not in self.crystals:
                    raise InputError(
                        f"{where}.crystal",
                        f"there is no crystal {population.crystal_name!r}; "
                        + nearest_names(population.crystal_name, self.crystals),
                    )
            if population.disordered:
                key = "twins" if population.twins else "stacking"
                if population.twins and population.stacking is not None:
                    raise InputError(f"{where}.stacking", "stands beside twins; give one of the two.")
                if population.crystal_name is None:
                    raise InputError(f"{where}.{key}", "is for crystals; explicit atoms have their own faults.")
                if any(t.one_per_crystal for t in population.twins.values()) and not population.shape.parallel_faces:
                    raise InputError(f"{where}.twins", "one_per_crystal needs a cube, prism, platelet or brick.")
                population.lattice_sum(
                    self.crystals[population.crystal_name], where, f"crystals.{population.crystal_name}"
                )
            if population.size_law is not None:
                self._check_size_law(name, population)
            if population.shell is not None:
                self._check_shell(name, population)
            if population.termination is not None:
                self._check_termination(name, population)
            if population.coating is not None:
                check_coating(
                    population.coating, population.shape, population.crystal_name is not None, f"{where}.{COATING}"
                )
            if not population.shape.finite and population.fraction_basis == "number_fraction":
                raise InputError(
                    f"{where}.number_fraction",
                    "an infinite crystal has no number; give mass_fraction or volume_fraction.",
                )
        used = {p.crystal_name for p in self.populations.values()}
        for name in self.crystals:
            if name not in used:
                raise InputError(f"crystals.{name}", "is used by no population; add one or leave the crystal out.")
        self._check_fractions()
        self._check_bases()

    def _check_shell(self, name: str, population: Population) -> None:
        where, shape = f"populations.{name}.{SHELL}", population.shape
        if population.crystal_name is None or not shape.finite:
            raise InputError(where, "is for crystals with a surface; give a shape such as sphere, cube or prism.")
        if not shape.nested:
            raise InputError(where, f"is not there for the shape {shape.name!r}; spheres and all prisms can have one.")
        assert population.shell is not None
        population.shell.check(self.crystals[population.crystal_name], where)

    def _check_termination(self, name: str, population: Population) -> None:
        where, shape = f"populations.{name}.{TERMINATION}", population.shape
        if population.crystal_name is None or not shape.parallel_faces:
            raise InputError(where, "is for cubes, prisms, platelets and bricks of a perovskite; leave it out.")
        for key in (SHELL, SIZE_LAW, STACKING):
            if getattr(population, key) is not None:
                raise InputError(where, f"stands beside {key}; give one of the two.")
        if any(t.one_per_crystal for t in population.twins.values()):
            raise InputError(where, "stands beside boundaries with one_per_crystal; give their probability instead.")
        place = f"crystals.{population.crystal_name}"
        population.lattice_sum(self.crystals[population.crystal_name], f"populations.{name}", place)

    def _check_size_law(self, name: str, population: Population) -> None:
        where = f"populations.{name}.{SIZE_LAW}"
        if population.crystal_name is None or not population.shape.finite:
            raise InputError(where, "is for crystals of a size; give a shape such as sphere, cube or prism.")
        if population.shell is not None:
            raise InputError(where, "stands beside shell; give one of the two.")
        assert population.size_law is not None
        population.size_law.check(self.crystals[population.crystal_name], where)

    def _check_fractions(self) -> None:
        parameters = [p.declared()[p.fraction_basis][1] for p in self.populations.values()]
        if parameters and all(p.vary for p in parameters):
            name, population = next(iter(self.populations.items()))
            if len(parameters) == 1:
                raise InputError(
                    f"populations.{name}.{population.fraction_basis}",
                    "the only population is the whole sample; leave its fraction out.",
                )
            raise InputError(
                f"populations.{name}.{population.fraction_basis}",
                "only the ratios of the fractions count, so one of them must be fixed or tied "
                '(for instance tie = "1 - populations.OTHER.mass_fraction").',
            )

    def _check_bases(self) -> None:
        """Amounts are compared as they are given, so all must be of one kind."""
        bases = {name: p.fraction_basis for name, p in self.populations.items()}
        first = next(iter(bases.items()), None)
        for name, basis in bases.items():
            if first is not None and basis != first[1]:
                raise InputError(
                    f"populations.{name}",
                    f"states its part of the sample as {basis}, but {first[0]} as {first[1]}; "
                    "give the same kind of fraction for all populations (mass_fraction where none is given).",
                )

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return full address -> (declaration, parameter)."""
        entries: dict[str, tuple[Quantity, Parameter]] = {}
        for name, crystal in self.crystals.items():
            entries |= {f"crystals.{name}.{k}": v for k, v in crystal.declared().items()}
        for name, population in self.populations.items():
            entries |= {f"populations.{name}.{k}": v for k, v in population.declared().items()}
            for address, limit in self._density_limits(name).items():
                quantity, parameter = entries[address]
                entries[address] = (replace(quantity, maximum=limit), parameter)
        amounts = [f"populations.{n}.{p.fraction_basis}" for n, p in self.populations.items()]
        if len(amounts) > 1 and all(entries[a][1] == Parameter(1.0) for a in amounts):  # no one stated an amount
            entries |= {a: (entries[a][0], Parameter(1.0, left_out=True)) for a in amounts}
        return entries

    def _density_limits(self, name: str) -> dict[str, float]:
        """Return address -> the density (1/nm) of boundaries at which every second plane carries one."""
        population, prefix = self.populations[name], f"populations.{name}"
        dense = [n for n, family in population.twins.items() if family.varied == "density"]
        crystal = self.crystal_of(name)
        if crystal is None or not dense:
            return {}
        lattice = population.lattice_sum(crystal, prefix, f"crystals.{population.crystal_name}")
        vectors = lattice.blocks.vectors(cell_vectors(crystal.structure.cell))
        return {f"{prefix}.twins.{n}.density": lattice.twins[n].highest_density(vectors) for n in dense}

    def crystal_of(self, population: str) -> Crystal | None:
        """Return the crystal of a population, None for explicit atoms."""
        name = self.populations[population].crystal_name
        return self.crystals[name] if name is not None else None

    def at(self, evaluation: Evaluation) -> dict[str, PopulationNow]:
        """Return every population as of now."""
        return {name: p.at(name, evaluation, self.crystal_of(name)) for name, p in self.populations.items()}

    def pairs(self, evaluation: Evaluation) -> dict[str, PairStructure]:
        """Return every population as pair distances."""
        return {name: population.pairs() for name, population in self.at(evaluation).items()}

    def shaped_derivatives(
        self, evaluation: Evaluation, addresses: Sequence[str], reduction: Reduction, coarser: int = 1
    ) -> dict[str, ShapedDerivatives]:
        """Return sums over pairs differentiated by `addresses`, of populations that have a lattice sum.

        coarser: how many times wider the bins are than those of the pairs; derivatives need fewer digits.
        """
        derivatives = {}
        for name, population in self.at(evaluation).items():
            pairs = population.shaped_derivatives(addresses, reduction, coarser)
            if pairs is not None:
                derivatives[name] = pairs
        return derivatives

    def atom_fractions(self, evaluation: Evaluation, structures: Mapping[str, PairStructure]) -> dict[str, float]:
        """Return which part of the atoms of the sample each population holds; they add up to 1."""
        amounts: dict[str, float] = {}
        for name, population in self.populations.items():
            structure = structures[name]
            check_atoms(structure.n_atoms, f"populations.{name}")
            fraction = evaluation.values[f"populations.{name}.{population.fraction_basis}"]
            if population.fraction_basis == "mass_fraction":
                amounts[name] = fraction / mean_atomic_mass(structure)
            elif population.fraction_basis == "volume_fraction":
                if structure.number_density is None:
                    raise InputError(
                        f"populations.{name}.volume_fraction",
                        "the volume of explicit atoms is not defined; give mass_fraction or number_fraction.",
                    )
                amounts[name] = fraction * structure.number_density
            else:
                assert structure.n_units is not None
                amounts[name] = fraction * structure.n_units * structure.n_atoms
        total = sum(amounts.values())
        if total <= 0.0:
            raise InputError("populations", "the fractions of all populations are zero.")
        return {name: amount / total for name, amount in amounts.items()}

    def element_amounts(self, evaluation: Evaluation) -> dict[str, float]:
        """Return which part of the atoms of the sample each element is; they add up to 1. Needs no pairs.

        Atoms of coatings count where their formula is given.
        """
        contents, parts = self._contents(evaluation)
        amounts = summed(
            {element: parts[name] * n / content.n_atoms for element, n in atoms.items()}
            for name, content in contents.items()
            for atoms in (content.atoms, content.coating)
        )
        total = sum(amounts.values())
        return {element: n / total for element, n in amounts.items()}

    def check_surroundings(self, element: str, where: str) -> None:
        """Raise InputError, at `where`, for populations in which the surroundings of an element are not known."""
        for name, population in self.populations.items():
            check_surroundings(population, self.crystal_of(name), element, where, f"populations.{name}")

    def surroundings(
        self, evaluation: Evaluation, element: str, borders: Sequence[float]
    ) -> dict[str, tuple[float, Surroundings]]:
        """Return population -> which part of the nuclei of an element it holds, and what surrounds them.

        borders: depths below the surface (Å) between which nuclei are counted apart.
        """
        contents, parts = self._contents(evaluation)
        nuclei = {n: part * contents[n].atoms[element] / contents[n].n_atoms for n, part in parts.items()}
        total = sum(nuclei.values())
        now = self.at(evaluation)
        return {name: (nuclei[name] / total, surroundings(p, borders)) for name, p in now.items()}

    def crystal_numbers(self, evaluation: Evaluation) -> dict[str, float]:
        """Return which part of the crystals of the sample, by number, each population is; they add up to 1."""
        contents, parts = self._contents(evaluation)
        numbers = {name: parts[name] / content.n_atoms for name, content in contents.items()}
        total = sum(numbers.values())
        return {name: number / total for name, number in numbers.items()}

    def _contents(self, evaluation: Evaluation) -> tuple[dict[str, Content], dict[str, float]]:
        """Return what the mean crystal of each population holds, and which part of all atoms is in each population."""
        now = self.at(evaluation)
        contents = {name: content_of(population) for name, population in now.items()}
        return contents, parts_of_atoms(now, contents)

    def lattice_at(self, name: str, evaluation: Evaluation) -> LatticeNow:
        """Return the blocks of a population of crystals as of now; plain spheres and bulk are made of cells."""
        return LatticeNow(self._lattices[name], evaluation)

    def _crystals_at(self, values: Values) -> dict[str, CrystalNow]:
        return {name: crystal.at(values.under(f"crystals.{name}")) for name, crystal in self.crystals.items()}

    # ---- what follows from the values -----------------------------------------------------------

    @cached_property
    def _geometries(self) -> dict[str, Geometry]:
        start = ParameterSet(self.declared_alone()).initial_values()
        return {name: Geometry(crystal) for name, crystal in self._crystals_at(start).items()}

    @cached_property
    def _lattices(self) -> dict[str, LatticeSum]:
        """The blocks of each population of crystals and how they are ordered."""
        return {
            name: lattice_of(p, self.crystals[p.crystal_name], f"populations.{name}", f"crystals.{p.crystal_name}")
            for name, p in self.populations.items()
            if p.crystal_name is not None
        }

    def declared_alone(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return the declared parameters with ties to data sets replaced by defaults."""
        entries = {}
        for address, (quantity, parameter) in self.declared().items():
            tie = parameter.tie
            if tie is not None and any(dataset_of(a) is not None for a in tie.addresses):
                parameter = Parameter(quantity.default if quantity.default is not None else quantity.scale)
            entries[address] = (quantity, parameter)
        return entries

    def derived(self, evaluation: Evaluation) -> dict[str, DerivedQuantity]:
        """Return what follows from the values, by full address."""
        quantities: dict[str, DerivedQuantity] = {}
        for name, crystal in self._crystals_at(evaluation.values).items():
            quantities |= crystal_quantities(crystal)
            quantities |= self._geometries[name].derived(crystal)
        for population in self.at(evaluation).values():
            quantities |= self._population_quantities(population)
        if len(self.populations) > 1:
            quantities |= self._fraction_quantities(evaluation)
        return quantities

    def _population_quantities(self, now: PopulationNow) -> dict[str, DerivedQuantity]:
        prefix, population = now.here.address, now.population
        quantities = length_quantities(prefix, now.shape.length_statistics())
        content = content_of(now)
        volume = content.volume if population.shape.finite else None
        if volume is not None:
            quantities[f"{prefix}.volume_mean"] = OF_POPULATION["volume_mean"].of(volume)
            quantities[f"{prefix}.n_atoms_mean"] = OF_POPULATION["n_atoms_mean"].of(content.n_atoms)
            law = population.size_law
            changes = population.shell is not None or population.termination is not None
            changes = changes or bool(law is not None and law.occupancy)
            if changes or self.crystals[str(population.crystal_name)].substitutions:
                declared = OF_POPULATION["composition"]
                quantities |= {
                    f"{prefix}.composition.{e}": declared.more(e).of(
                        n / content.n_atoms, f"part of the atoms that is {e}"
                    )
                    for e, n in content.atoms.items()
                }
        if volume is not None and content.coating:
            part = content.coating_mass / (content.mass + content.coating_mass)
            quantities[f"{prefix}.coating_mass_fraction"] = OF_POPULATION["coating_mass_fraction"].of(part)
        if population.shell is not None:
            assert now.shell is not None
            inside = now.shell.part_inside(now.shape, now.block_vectors)
            quantities[f"{prefix}.core_fraction"] = OF_POPULATION["core_fraction"].of(inside)
        if population.twins:
            quantities |= twin_quantities(self.lattice_at(now.name, now.evaluation))
        if population.stacking is not None:
            quantities |= stacking_quantities(now.here.under(STACKING))
        return quantities

    def lonely(self, evaluation: Evaluation) -> str:
        """Return which population has no two atoms in one of its crystals, in words; nothing where all have."""
        for name, structure in self.pairs(evaluation).items():
            counts = structure.moments[:, 1:, 0].sum(axis=0)
            if structure.envelope is not None:
                counts = counts * structure.envelope(structure.h * np.arange(1.0, len(counts) + 1.0))
            if structure.n_atoms > 1.0 and not (counts > 1e-12 * structure.n_atoms).any():
                place = self._place_of_atoms(name)
                problem = f"no two atoms of populations.{name} are within one of its crystals"
                return f"{problem}: is a length there, or of {place}, in nm or pm?"
        return ""

    def amounts(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Return population -> the address of its amount, and where what belongs to it alone stands; none of one."""
        if len(self.populations) < 2:
            return {}
        used = [p.crystal_name for p in self.populations.values()]
        return {
            n: (
                f"populations.{n}.{p.fraction_basis}",
                (f"populations.{n}.", *([f"crystals.{p.crystal_name}."] if used.count(p.crystal_name) == 1 else [])),
            )
            for n, p in self.populations.items()
        }

    def motion_ceilings(self, evaluation: Evaluation, dataset: str) -> tuple[Ceiling, ...]:
        """Return up to where correlated motion, of crystals or of a data set, leaves the nearest pairs a width."""
        values = evaluation.values
        said = {n: correlated_motion(values, (dataset, self._place_of_atoms(n))) for n in self.populations}
        if not any(said.values()):
            return ()
        pairs = self.pairs(evaluation)
        return tuple(motion_ceiling(n, powers, pairs[n].nearest) for n, powers in said.items() if powers)

    def _place_of_atoms(self, population: str) -> str:
        crystal = self.populations[population].crystal_name
        return f"populations.{population}" if crystal is None else f"crystals.{crystal}"

    def _fraction_quantities(self, evaluation: Evaluation) -> dict[str, DerivedQuantity]:
        declared = OF_POPULATION["mass_fraction_of_sample"]
        parts = self.mass_fractions(evaluation)
        return {f"populations.{n}.mass_fraction_of_sample": declared.of(part) for n, part in parts.items()}

    def mass_fractions(self, evaluation: Evaluation) -> dict[str, float]:
        """Return which part of the mass of the sample each population is; they add up to 1. Needs no pairs."""
        contents, parts = self._contents(evaluation)
        mass = {n: part * contents[n].mass / contents[n].n_atoms for n, part in parts.items()}
        total = sum(mass.values())
        return {n: m / total for n, m in mass.items()}

    def remarks(self, values: Values) -> list[str]:
        """Return sentences on what a user may not have meant, and on what was read of files."""
        remarks = self.notes + [r for crystal in self._crystals_at(values).values() for r in crystal.remarks()]
        for population in self.at(Evaluation(values)).values():
            if population.shell is not None:
                remarks += population.shell.remarks(population.shape, population.block_vectors)
        return remarks

    def assumptions(self, values: Values) -> list[Assumption]:
        """Return what was taken as given beside numbers that are left out: of its crystals, then of its populations."""
        of_crystals = [a for c in self._crystals_at(values).values() for a in c.assumptions()]
        return [*of_crystals, *(a for n, p in self.populations.items() for a in p.assumptions(f"populations.{n}"))]

    def strays(self, started: Values, values: Values) -> dict[str, str]:
        """Return address of a population -> a sentence, of crystals so far from their start that they may be others."""
        return strays(self.at(Evaluation(values)), started, values)

    def size_curves(self, values: Values) -> dict[str, tuple[str, FloatArray, FloatArray, FloatArray]]:
        """Return "population" -> (length, Å, number density, volume-weighted density, 1/Å)."""
        densities = {}
        for name, population in self.at(Evaluation(values)).items():
            for length, curves in population.shape.size_curves().items():
                densities[f"{name} {length}"] = (length, *curves)
        return densities

    def size_maps(self, values: Values) -> dict[str, tuple[str, str, FloatArray, FloatArray, FloatArray]]:
        """Return a name -> (names of two lengths, first (n,), second (m,), Å, number density (m, n), 1/Å²)."""
        maps = {}
        for name, population in self.at(Evaluation(values)).items():
            for (first, second), axes in population.shape.size_maps().items():
                maps[f"{name} {first} {second}"] = (first, second, *axes)
        return maps

    def typical_atoms(self, values: Values) -> dict[str, AtomPicture]:
        """Return population -> the atoms of a crystal of the mean size, or of its surface; none of infinite ones."""
        pictures = {}
        for name, population in self.at(Evaluation(values)).items():
            picture, shape = None, population.shape
            if shape.shape.explicit is not None:
                picture = of_cluster(shape.shape.explicit, shape.stretch)
            elif shape.shape.finite:
                picture = of_crystal(self.lattice_at(name, population.evaluation), shape)
            if picture is not None and picture.elements:
                pictures[name] = picture
        return pictures

    def model_files(self, values: Values, title: str) -> dict[str, str]:
        """Return file name -> text: each crystal as CIF, each cluster as XYZ."""
        files = {f"model_{n}.cif": c.cif_text(f"{title} {n}") for n, c in self._crystals_at(values).items()}
        for name, population in self.populations.items():
            cluster = population.shape.explicit
            if cluster is not None:
                stretch = values[f"populations.{name}.stretch"]
                stretched = replace(cluster, positions=stretch * cluster.positions)
                files[f"model_{name}.xyz"] = stretched.xyz_text(f"{title} {name}")
        return files

    def model_names(self) -> list[str]:
        """Return the names of the files that `model_files` makes."""
        clusters = [n for n, p in self.populations.items() if p.shape.explicit is not None]
        return [f"model_{n}.cif" for n in self.crystals] + [f"model_{n}.xyz" for n in clusters]

    @property
    def notes(self) -> list[str]:
        """What was decided, left out or contradictory in structure files, one sentence each."""
        clusters = [p.shape.explicit for p in self.populations.values() if p.shape.explicit is not None]
        return [
            *(note for crystal in self.crystals.values() for note in crystal.notes),
            *(f"{c.source}: {note}" for c in clusters for note in c.notes),
        ]

    def inputs(self) -> dict[str, str]:
        """Return file -> SHA-256 of everything the sample was read from."""
        digests = {c.structure.source: c.sha256 for c in self.crystals.values()}
        for population in self.populations.values():
            digests |= population.shape.inputs()
        return digests
