"""Crystals whose composition changes towards the surface, on one coherent lattice: core and shell, or a gradient.

At each place the composition is that of the shell plus g times the difference to the core, g being 1 inside and
0 at the surface. So three sums over pairs, weighted with 1, g of one of the two places, and g of both,
hold every composition. g is a sum of nested bodies, each the shape with its faces moved inwards; what two
of them share when displaced is closed, and so is its mean over a size distribution.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters import Number, Parameter, Quantity, Values, as_parameter
from nanocrystal.sample.crystal import Crystal
from nanocrystal.sample.mixing import Occupant

FloatArray = NDArray[np.float64]
Profile = Literal["step", "gradient"]
SHELL = "shell"
"""where the shell stands in a population"""
THICKNESS = Quantity(
    "thickness", "Å", "thickness of the shell, or depth over which the composition changes", None, 0.0, 1e4, scale=5.0
)
SHELL_FRACTION = Quantity("fraction", "", "part of the second element in the shell (at the surface)", None, 0.0, 1.0,
                          scale=0.1)  # fmt: skip
SHELL_OCCUPANCY = Quantity("occupancy", "", "factor on the occupancy in the shell (at the surface)", None, 0.0, 1.0,
                           scale=0.1)  # fmt: skip
STEPS_OF_GRADIENT = 6
"""nested bodies that stand for a linear change of the composition"""


@dataclass(frozen=True)
class Shell:
    """What differs towards the surface of the crystals of a population.

    thickness (Å): of the shell, or depth over which the composition changes linearly where profile is "gradient";
    substitution: the part of the second element in the shell, by key of the crystal's substitutions; occupancy: a
    factor on the occupancy in the shell, by site label or element.
    """

    thickness: Number
    profile: Profile = "step"
    substitution: Mapping[str, Number] = field(default_factory=dict)
    occupancy: Mapping[str, Number] = field(default_factory=dict)

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        entries = {"thickness": (THICKNESS, as_parameter(self.thickness))}
        entries |= {f"substitution.{k}": (SHELL_FRACTION, as_parameter(v)) for k, v in self.substitution.items()}
        return entries | {f"occupancy.{k}": (SHELL_OCCUPANCY, as_parameter(v)) for k, v in self.occupancy.items()}

    def check(self, crystal: Crystal, where: str) -> None:
        """Raise InputError for sites and substitutions that the crystal has not."""
        if not self.substitution and not self.occupancy:
            raise InputError(where, "says nothing that differs from the core; give substitution or occupancy.")
        for key in self.substitution:
            if key not in crystal.substitutions:
                known = list(crystal.substitutions)
                hint = nearest_names(key, known) if known else f"give crystals.NAME.substitution.{key} first."
                raise InputError(f"{where}.substitution.{key}", f"the crystal has no such substitution; {hint}")
        names = {s.label for s in crystal.sites} | {s.element for s in crystal.sites}
        for key in self.occupancy:
            if key not in names:
                raise InputError(
                    f"{where}.occupancy.{key}", f"is no site and no element of the crystal; {nearest_names(key, names)}"
                )

    def nested(self, values: Values, prefix: str) -> list[tuple[float, float]]:
        """Return (depth of its faces, Å; part of g) of the nested bodies that g is the sum of."""
        thickness = values[f"{prefix}.{SHELL}.thickness"]
        if self.profile == "step":
            return [(thickness, 1.0)]
        n = STEPS_OF_GRADIENT
        return [((k + 0.5) / n * thickness, 1.0 / n) for k in range(n)]

    def occupants(self, crystal: Crystal, values: Values, prefix: str, crystal_prefix: str) -> list[list[Occupant]]:
        """Return the elements on each site in the shell, in the order of `Crystal.occupants`."""
        moved = dict(values)
        for key in self.substitution:
            moved[f"{crystal_prefix}.substitution.{key}.fraction"] = values[f"{prefix}.{SHELL}.substitution.{key}"]
        found = []
        for site, on_site in zip(crystal.sites, crystal.occupants(moved, crystal_prefix), strict=True):
            named = [k for k in (site.label, site.element) if k in self.occupancy]
            factor = values[f"{prefix}.{SHELL}.occupancy.{named[0]}"] if named else 1.0
            found.append([o._replace(occupancy=factor * o.occupancy) for o in on_site])
        return found
