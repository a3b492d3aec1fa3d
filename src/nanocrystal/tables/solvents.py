"""Electron densities of solvents at 25 °C, from their formulas and mass densities.

Mass densities, g/cm³: CRC Handbook of Chemistry and Physics, "Physical Constants of Organic Compounds" (water:
"Standard Density of Water").
"""

from __future__ import annotations

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.tables.constants import DALTON_PER_A3
from nanocrystal.tables.elements import atomic_mass, atomic_number

SOLVENTS: dict[str, tuple[dict[str, int], float]] = {
    "chloroform": ({"C": 1, "H": 1, "Cl": 3}, 1.4788),
    "cyclohexane": ({"C": 6, "H": 12}, 0.7739),
    "ethanol": ({"C": 2, "H": 6, "O": 1}, 0.7849),
    "hexane": ({"C": 6, "H": 14}, 0.6548),
    "octane": ({"C": 8, "H": 18}, 0.6986),
    "toluene": ({"C": 7, "H": 8}, 0.8623),
    "vacuum": ({}, 0.0),
    "water": ({"H": 2, "O": 1}, 0.99705),
}


def solvent_electron_density(name: str, where: str = "solvent") -> float:
    """Return electrons per Å³; raises InputError for a solvent that is not in the table."""
    if name not in SOLVENTS:
        raise InputError(
            where, f"there is no solvent {name!r}; {nearest_names(name, SOLVENTS)}; or give solvent_electron_density."
        )
    atoms, density = SOLVENTS[name]
    if not atoms:
        return 0.0
    electrons = sum(n * atomic_number(e) for e, n in atoms.items())
    return density / DALTON_PER_A3 * electrons / sum(n * atomic_mass(e) for e, n in atoms.items())
