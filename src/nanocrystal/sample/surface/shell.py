"""Crystals whose composition changes towards the surface, on one coherent lattice: core and shell, or a gradient.

At each place the composition is that of the shell plus g times the difference to the core, g being 1 inside and
0 at the surface. So three sums over pairs, weighted with 1, g of one of the two places, and g of both,
hold every composition. g is a sum of nested bodies, each the shape with its faces moved inwards; what two
of them share when displaced is closed, and so is its mean over a size distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters import Declares, Here, Meaning, Number, Parameter, Quantity, as_parameter
from nanocrystal.parameters.meaning import ALL_ALIKE
from nanocrystal.sample.crystal.crystal import Crystal, Site
from nanocrystal.sample.crystal.crystal_now import CrystalNow
from nanocrystal.sample.crystal.mixing import Occupant
from nanocrystal.sample.shapes.shape import ShapeNow

FloatArray = NDArray[np.float64]
Profile = Literal["step", "gradient"]
SHELL = "shell"
"""where the shell stands in a population"""
THICKNESS = Quantity(
    "thickness",
    "Å",
    "thickness of the shell, or depth over which the composition changes",
    None,
    0.0,
    1e4,
    scale=5.0,
    meaning=Meaning("thickness", "of the shell, from the surface of the crystal inwards").more(ALL_ALIKE),
)
GRADIENT = Meaning("thickness", "of the layer below the surface in which the composition changes").more(ALL_ALIKE)
"""what the thickness is where the composition changes linearly"""
SHELL_FRACTION = Quantity(
    "fraction",
    "",
    "part of the second element in the shell (at the surface)",
    None,
    0.0,
    1.0,
    scale=0.1,
    meaning=Meaning("site fraction", "of the second element"),
)
SHELL_OCCUPANCY = Quantity(
    "occupancy",
    "",
    "factor on the occupancy in the shell (at the surface)",
    None,
    0.0,
    1.0,
    scale=0.1,
    meaning=Meaning("occupancy", "of a site, over that of the core"),
)
WHERE: Mapping[Profile, str] = {"step": "in the shell", "gradient": "at the surface, from where it changes linearly"}
"""where the composition of a shell is what is said"""
STEPS_OF_GRADIENT = 10
"""nested bodies that stand for a linear change of the composition: I(Q) is 4e-4 of its maximum off at most"""


class NestedPair(NamedTuple):
    """Depths (Å) of the faces of two nested bodies, and the part that the pairs of places in both count."""

    depths: tuple[float, float]
    part: float


NO_CORE = 1e-3
"""part of a crystal below which its core is remarked on"""


@dataclass(frozen=True)
class Shell(Declares):
    """What differs towards the surface, on the same lattice."""

    thickness: Annotated[Number, THICKNESS]
    profile: Annotated[Profile, "core and shell, or a linear change from the surface to the depth [step]"] = "step"
    substitution: Annotated[
        Mapping[str, Number],
        SHELL_FRACTION,
        "fraction of the second element in the shell, by the crystal's substitution",
    ] = field(default_factory=dict)
    occupancy: Annotated[
        Mapping[str, Number], SHELL_OCCUPANCY, "factor on occupancies in the shell, by site label or element"
    ] = field(default_factory=dict)

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        where = WHERE[self.profile]
        thickness = THICKNESS if self.profile == "step" else replace(THICKNESS, meaning=GRADIENT)
        fraction, occupancy = SHELL_FRACTION.more(where), SHELL_OCCUPANCY.more(where)
        entries = {"thickness": (thickness, as_parameter(self.thickness))}
        entries |= {f"substitution.{k}": (fraction.more(k), as_parameter(v)) for k, v in self.substitution.items()}
        return entries | {f"occupancy.{k}": (occupancy.more(k), as_parameter(v)) for k, v in self.occupancy.items()}

    def check(self, crystal: Crystal, where: str) -> None:
        """Raise InputError for sites and substitutions that the crystal has not."""
        if not self.substitution and not self.occupancy:
            raise InputError(where, "says nothing that differs from the core; give substitution or occupancy.")
        for key in self.substitution:
            if key not in crystal.substitutions:
                known = list(crystal.substitutions)
                hint = nearest_names(key, known) if known else f"give crystals.NAME.substitution.{key} first."
                raise InputError(f"{where}.substitution.{key}", f"the crystal has no such substitution; {hint}")
            for name in ("correlation_length", "bond_difference"):
                parameter = as_parameter(getattr(crystal.substitutions[key], name))
                if parameter.value != 0.0 or parameter.vary:
                    raise InputError(
                        f"{where}.substitution.{key}",
                        f"stands beside {crystal.where}.substitution.{key}.{name}, "
                        "which is for one composition throughout; leave one of the two out.",
                    )
        names = {s.label for s in crystal.sites} | {s.element for s in crystal.sites}
        for key in self.occupancy:
            if key not in names:
                raise InputError(
                    f"{where}.occupancy.{key}", f"is no site and no element of the crystal; {nearest_names(key, names)}"
                )

    def occupancy_key(self, site: Site) -> str | None:
        """Return the key of the factor on the occupancy of a site, None where it has none."""
        return next((k for k in (site.label, site.element) if k in self.occupancy), None)

    def at(self, here: Here) -> ShellNow:
        """Return the shell as of now; here: its place in the population."""
        return ShellNow(self, here)


@dataclass(frozen=True, eq=False)
class ShellNow:
    """A shell as of now."""

    shell: Shell
    here: Here

    @property
    def thickness(self) -> float:
        """Å."""
        return self.here["thickness"]

    def fraction(self, key: str) -> float:
        """Return the part of the second element in the shell (at the surface), by key of the substitution."""
        return self.here[f"substitution.{key}"]

    @property
    def nested(self) -> list[tuple[float, float]]:
        """(Depth of its faces, Å; part of g) of the nested bodies that g is the sum of."""
        if self.shell.profile == "step":
            return [(self.thickness, 1.0)]
        n = STEPS_OF_GRADIENT
        return [((k + 0.5) / n * self.thickness, 1.0 / n) for k in range(n)]

    @property
    def pairs_inside(self) -> tuple[list[NestedPair], list[NestedPair]]:
        """The pairs of nested bodies that pairs counted with g of one, and of both places, are sums of."""
        nested = self.nested
        once = [NestedPair((0.0, t), part) for t, part in nested]
        twice = [
            NestedPair((s, t), (1.0 if i == j else 2.0) * p * q)
            for i, (s, p) in enumerate(nested)
            for j, (t, q) in enumerate(nested)
            if i <= j
        ]
        return once, twice

    def occupants(self, crystal: CrystalNow) -> list[list[Occupant]]:
        """Return the elements on each site in the shell, in the order of `CrystalNow.occupants`."""
        on_sites = crystal.occupants_with({key: self.fraction(key) for key in self.shell.substitution})
        occupants = []
        for site, on_site in zip(crystal.crystal.sites, on_sites, strict=True):
            named = self.shell.occupancy_key(site)
            factor = 1.0 if named is None else self.here[f"occupancy.{named}"]
            occupants.append([o._replace(occupancy=factor * o.occupancy) for o in on_site])
        return occupants

    def changed(self, crystal: CrystalNow) -> list[list[Occupant] | None]:
        """Return `occupants` of the sites that the shell names, whether they differ or not, and None of the others."""
        changed: list[list[Occupant] | None] = []
        for site, on_site in zip(crystal.crystal.sites, self.occupants(crystal), strict=True):
            mixed = crystal.crystal.substitution_key(site.label) in self.shell.substitution
            changed.append(on_site if mixed or self.shell.occupancy_key(site) is not None else None)
        return changed

    def part_inside(self, shape: ShapeNow, vectors: Callable[[], FloatArray]) -> float:
        """Return the mean of g, 1 in the core and 0 at the surface, over the places of all crystals of a population.

        vectors: returns the block vectors of the crystal as rows, Å.
        """
        depths, parts = np.array(self.nested).T
        return float(parts @ shape.deeper(depths, vectors))

    def remarks(self, shape: ShapeNow, vectors: Callable[[], FloatArray]) -> list[str]:
        """Return a sentence where the shell leaves nothing of the core."""
        if self.part_inside(shape, vectors) > NO_CORE:
            return []
        stands = f"{self.here.address_of('thickness')} = {self.thickness:.3g} Å"
        return [f"{stands} reaches the middle of the crystals: nothing is left of their core."]
