"""Names within a sample: what populations are called, and which crystals those hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nanocrystal.errors import InputError
from nanocrystal.parameters.number import came
from nanocrystal.sample.crystal.crystal import Crystal
from nanocrystal.sample.population import Population

Populations = Population | Sequence[Population] | Mapping[str, Population]
"""one, several that have names, or by name"""


def named_populations(populations: Populations) -> dict[str, Population]:
    """Return populations by name; raises InputError for two of one name, and for what is none."""
    if isinstance(populations, Mapping):
        return {str(name): _population(p, f"populations.{name}") for name, p in populations.items()}
    listed = populations if isinstance(populations, Sequence) and not isinstance(populations, str) else [populations]
    named: dict[str, Population] = {}
    for n, one in enumerate(listed):
        population = _population(one, f"sample[{n}]" if len(listed) > 1 else "sample")
        name = population.usual_name
        if name in named:
            problem = f"two populations are called {name!r}; give each a name of its own, Population(…, name=…)."
            raise InputError(f"populations.{name}", problem)
        named[name] = population
    return named


def _population(value: Any, where: str) -> Population:
    if isinstance(value, Population):
        return value
    if isinstance(value, Crystal):
        raise InputError(
            where, f"must be a population, got the crystal {value.name}; say Population(crystal, shape=…)."
        )
    raise InputError(where, f"must be a population, such as Population(crystal, shape=…), got {came(value)}.")


def crystals_of(populations: Mapping[str, Population], crystals: Mapping[str, Crystal]) -> dict[str, Crystal]:
    """Return the crystals of populations by name, those of `crystals` first; raises InputError for two of one name."""
    held: dict[str, Crystal] = {}
    for population in populations.values():
        crystal, name = population.made_of, population.crystal_name
        if crystal is None or name is None or name in crystals:
            continue
        if held.setdefault(name, crystal) is not crystal:
            raise InputError(
                f"crystals.{name}",
                f"two different crystals are called {name!r}; give each a name of its own, Crystal(…, name=…), or the "
                "same crystal to both populations.",
            )
    named = {name: crystal.called(name) for name, crystal in crystals.items()}
    return named | {name: crystal.called(name, f"crystals.{name}") for name, crystal in held.items()}
