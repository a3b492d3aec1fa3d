"""The sample: what is in the vial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters import Evaluation, Parameter, Quantity
from nanocrystal.sample.crystal import Crystal
from nanocrystal.sample.pair_structure import PairStructure
from nanocrystal.sample.population import Population
from nanocrystal.sample.shapes import Bulk


@dataclass(frozen=True)
class Sample:
    """Crystals and the populations made of them, by name; it has never heard of a beam."""

    populations: Mapping[str, Population]
    crystals: Mapping[str, Crystal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, population in self.populations.items():
            where = f"populations.{name}"
            if population.atoms is None:
                if population.crystal is None:
                    raise InputError(where, "needs the name of a crystal, or explicit atoms.")
                if population.crystal not in self.crystals:
                    raise InputError(
                        f"{where}.crystal",
                        f"there is no crystal {population.crystal!r}; {nearest_names(population.crystal, self.crystals)}",
                    )
            if isinstance(population.shape, Bulk) and population.atoms is None and len(self.populations) > 1:
                if population.fraction_basis == "number_fraction":
                    raise InputError(
                        f"{where}.number_fraction",
                        "an infinite crystal has no number; give mass_fraction or volume_fraction.",
                    )
        used = {p.crystal for p in self.populations.values()}
        for name in self.crystals:
            if name not in used:
                raise InputError(f"crystals.{name}", "is used by no population; add one or leave the crystal out.")
        self._check_fractions()

    def _check_fractions(self) -> None:
        parameters = [
            p.declared()[p.fraction_basis][1] for p in self.populations.values()
        ]
        if parameters and all(p.vary for p in parameters):
            name, population = next(iter(self.populations.items()))
            raise InputError(
                f"populations.{name}.{population.fraction_basis}",
                "only the ratios of the fractions count, so one of them must be fixed or tied "
                "(for instance tie = \"1 - populations.OTHER.mass_fraction\").",
            )

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return full address -> (declaration, parameter)."""
        entries: dict[str, tuple[Quantity, Parameter]] = {}
        for name, crystal in self.crystals.items():
            entries |= {f"crystals.{name}.{k}": v for k, v in crystal.declared().items()}
        for name, population in self.populations.items():
            entries |= {f"populations.{name}.{k}": v for k, v in population.declared().items()}
        return entries

    def crystal_of(self, population: str) -> Crystal | None:
        """Return the crystal of a population, None for explicit atoms."""
        name = self.populations[population].crystal
        return self.crystals[name] if name is not None else None

    def pairs(self, evaluation: Evaluation) -> dict[str, PairStructure]:
        """Return every population as pair distances."""
        return {
            name: p.pairs(evaluation, name, f"populations.{name}", self.crystal_of(name), f"crystals.{p.crystal}")
            for name, p in self.populations.items()
        }

    def atom_fractions(self, evaluation: Evaluation, structures: Mapping[str, PairStructure]) -> dict[str, float]:
        """Return which part of the atoms of the sample each population holds; they add up to 1."""
        amounts: dict[str, float] = {}
        for name, population in self.populations.items():
            structure = structures[name]
            given = evaluation.values[f"populations.{name}.{population.fraction_basis}"]
            if population.fraction_basis == "mass_fraction":
                amounts[name] = given / population.mean_atomic_mass(structure)
            elif population.fraction_basis == "volume_fraction":
                if structure.number_density is None:
                    raise InputError(
                        f"populations.{name}.volume_fraction",
                        "the volume of explicit atoms is not defined; give mass_fraction or number_fraction.",
                    )
                amounts[name] = given * structure.number_density
            else:
                assert structure.n_units is not None
                amounts[name] = given * structure.n_units * structure.n_atoms
        total = sum(amounts.values())
        if total <= 0.0:
            raise InputError("populations", "the fractions of all populations are zero.")
        return {name: amount / total for name, amount in amounts.items()}
