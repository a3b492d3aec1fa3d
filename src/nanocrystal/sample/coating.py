"""What covers the crystals of a population: ligands, an oxide, silica; seen by small angles only.

A layer of even thickness and electron density on all faces. It has no atoms: total scattering, PDF and composition do
not see it, since disordered matter adds nothing to their peaks. On shapes with edges it has edges too, as if all
faces were moved outwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from nanocrystal.errors import InputError
from nanocrystal.parameters import Number, Parameter, Quantity, as_parameter

COATING = "coating"
"""where the coating stands in a population"""
THICKNESS = Quantity("thickness", "Å", "thickness of the layer on all faces", None, 0.0, 1e4, scale=5.0)
DENSITY = Quantity("electron_density", "e/Å³", "electron density of the layer", None, 0.0, 10.0, scale=0.05)
WITHOUT = ("bulk", "octahedron")
"""shapes that can have none"""


@dataclass(frozen=True)
class Coating:
    """A layer on the crystals: thickness (Å) and electron density (e/Å³).

    Alkyl chains of ligands have about 0.27 to 0.31 e/Å³, silica 0.66; most solvents 0.22 to 0.33, so ligands in a
    solvent are nearly invisible, and thickness and density of what is seen correlate.
    """

    thickness: Number
    electron_density: Number

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        return {
            "thickness": (THICKNESS, as_parameter(self.thickness)),
            "electron_density": (DENSITY, as_parameter(self.electron_density)),
        }


def check_coating(shape_name: str, of_crystals: bool, where: str) -> None:
    """Raise InputError where a population cannot have a coating."""
    if not of_crystals or shape_name == "bulk":
        raise InputError(where, "is for crystals with a surface; give a shape such as sphere, cube or prism.")
    if shape_name in WITHOUT:
        raise InputError(
            where, f"is not there for the shape {shape_name!r}; spheres, cylinders and prisms can have one."
        )
