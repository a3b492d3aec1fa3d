"""What covers the crystals: ligands, silica, an oxide.

Small angles see its electrons, a composition its atoms where its formula is given; techniques of wide angles see
nothing of it. Its outline is that of the crystal with every face moved outwards by the thickness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares, Here, Meaning, Number, Parameter, Quantity, as_parameter
from nanocrystal.parameters.meaning import ALL_ALIKE
from nanocrystal.sample.shapes.shape import Shape, ShapeNow
from nanocrystal.tables.constants import DALTON_PER_A3
from nanocrystal.tables.elements import atomic_mass, atomic_number
from nanocrystal.tables.formula import atoms_of_formula

FloatArray = NDArray[np.float64]
COATING = "coating"
"""where the coating stands in a population"""
THICKNESS = Quantity(
    "thickness",
    "Å",
    "thickness of the layer on all faces",
    None,
    0.0,
    1e4,
    scale=5.0,
    meaning=Meaning("thickness", "of the coating, from the faces of the crystal outwards").more(ALL_ALIKE),
)
DENSITY = Quantity(
    "electron_density",
    "e/Å³",
    "electron density of the layer",
    None,
    0.0,
    10.0,
    scale=0.05,
    meaning=Meaning("electron density", "of the coating"),
)
MASS_DENSITY = Quantity(
    "mass_density",
    "g/cm³",
    "mass density of the layer",
    None,
    0.0,
    25.0,
    scale=0.2,
    meaning=Meaning("mass density", "of the coating"),
)


@dataclass(frozen=True)
class Coating(Declares):
    """What covers the crystals, ligands or an oxide; seen by small angles.

    Most solvents have 0.22 to 0.33 e/Å³, so ligands in a solvent are nearly invisible, and thickness and density of
    what is seen correlate.
    """

    thickness: Annotated[Number, THICKNESS]
    electron_density: Annotated[
        Number | None, DENSITY, "e/Å³; about 0.27 to 0.31 for alkyl chains, 0.66 for silica"
    ] = None
    formula: Annotated[str | None, 'such as "Al2O3", with mass_density: instead of the electrons'] = None
    mass_density: Annotated[Number | None, MASS_DENSITY, "g/cm³, with formula"] = None

    def __post_init__(self) -> None:
        if (self.electron_density is None) == (self.formula is None):
            raise InputError(COATING, "needs either electron_density (e/Å³) or formula and mass_density (g/cm³).")
        if (self.formula is None) != (self.mass_density is None):
            raise InputError(COATING, "needs formula and mass_density together, such as Al2O3 and 3.0 g/cm³.")
        if self.formula is not None:
            atoms_of_formula(self.formula, f"{COATING}.formula")

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        entries = {"thickness": (THICKNESS, as_parameter(self.thickness))}
        if self.electron_density is not None:
            return entries | {"electron_density": (DENSITY, as_parameter(self.electron_density))}
        assert self.mass_density is not None
        return entries | {"mass_density": (MASS_DENSITY, as_parameter(self.mass_density))}

    @property
    def atoms(self) -> dict[str, float]:
        """The atoms of its formula; none where only its electrons are known."""
        return {} if self.formula is None else atoms_of_formula(self.formula)

    def at(self, here: Here) -> CoatingNow:
        """Return the coating as of now; here: its place in the population."""
        return CoatingNow(self, here)


@dataclass(frozen=True, eq=False)
class CoatingNow:
    """A coating as of now."""

    coating: Coating
    here: Here

    @property
    def thickness(self) -> float:
        """Å."""
        return self.here["thickness"]

    @property
    def electrons(self) -> float:
        """Its electron density, e/Å³."""
        if self.coating.formula is None:
            return self.here["electron_density"]
        return self._formulas * sum(n * atomic_number(e) for e, n in self.coating.atoms.items())

    @property
    def _formulas(self) -> float:
        """Formula units per Å³."""
        mass = sum(n * atomic_mass(e) for e, n in self.coating.atoms.items())
        return self.here["mass_density"] / DALTON_PER_A3 / mass

    def content(self, shape: ShapeNow, vectors: Callable[[], FloatArray]) -> dict[str, float]:
        """Return the atoms on the mean crystal by element; none where its formula is not given.

        vectors: returns the block vectors of the crystal as rows, Å.
        """
        if self.coating.formula is None:
            return {}
        volume = shape.grown(self.thickness, vectors)
        return {e: n * self._formulas * volume for e, n in self.coating.atoms.items()}


def check_coating(coating: Coating, shape: Shape, of_crystals: bool, where: str) -> None:
    """Raise InputError where a population cannot have a coating."""
    if not of_crystals or not shape.finite:
        raise InputError(where, "is for crystals with a surface; give a shape such as sphere, cube or prism.")
    if not shape.layered:
        raise InputError(
            where, f"is not there for the shape {shape.name!r}; spheres, cylinders and prisms can have one."
        )
    if coating.formula is not None and not shape.coats:
        raise InputError(
            f"{where}.formula", f"is not there for the shape {shape.name!r}; give electron_density instead."
        )
