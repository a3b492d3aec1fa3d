"""Crystals whose composition changes towards the surface, on one coherent lattice: core and shell, or a gradient.

At each place the composition is that of the shell plus g times the difference to the core, g being 1 inside and
0 at the surface. So three sums over pairs, weighted with 1, g of one of the two places, and g of both,
hold every composition. g is a sum of nested bodies, each the shape with its faces moved inwards; what two
of them share when displaced is closed, and so is its mean over a size distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters import Number, Parameter, Quantity, Values, as_parameter
from nanocrystal.sample.crystal import Crystal, Site
from nanocrystal.sample.mixing import Occupant
from nanocrystal.sample.prisms import Box, nested_offsets
from nanocrystal.sample.shapes import Shape, Sphere

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
STEPS_OF_GRADIENT = 10
"""nested bodies that stand for a linear change of the composition: I(Q) is 4e-4 of its maximum off at most"""


class NestedPair(NamedTuple):
    """Depths (Å) of the faces of two nested bodies, and the part that the pairs of places in both count."""

    depths: tuple[float, float]
    part: float


NO_CORE = 1e-3
"""part of a crystal below which its core is remarked on"""


@dataclass(frozen=True)
class Shell:
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
            for name in ("correlation_length", "bond_difference"):
                given = as_parameter(getattr(crystal.substitutions[key], name))
                if given.value != 0.0 or given.vary:
                    raise InputError(
                        f"{where}.substitution.{key}", f"stands beside {crystal.where}.substitution.{key}.{name}, "
                        "which is for one composition throughout; leave one of the two out.",
                    )  # fmt: skip
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

    def pairs_inside(self, values: Values, prefix: str) -> tuple[list[NestedPair], list[NestedPair]]:
        """Return the pairs of nested bodies that pairs counted with g of one, and of both places, are sums of."""
        nested = self.nested(values, prefix)
        once = [NestedPair((0.0, t), part) for t, part in nested]
        twice = [
            NestedPair((s, t), (1.0 if i == j else 2.0) * p * q)
            for i, (s, p) in enumerate(nested)
            for j, (t, q) in enumerate(nested)
            if i <= j
        ]
        return once, twice

    def occupants(self, crystal: Crystal, values: Values, prefix: str, crystal_prefix: str) -> list[list[Occupant]]:
        """Return the elements on each site in the shell, in the order of `Crystal.occupants`."""
        moved = dict(values)
        for key in self.substitution:
            moved[f"{crystal_prefix}.substitution.{key}.fraction"] = values[f"{prefix}.{SHELL}.substitution.{key}"]
        found = []
        for site, on_site in zip(crystal.sites, crystal.occupants(moved, crystal_prefix), strict=True):
            named = self._occupancy_key(site)
            factor = 1.0 if named is None else values[f"{prefix}.{SHELL}.occupancy.{named}"]
            found.append([o._replace(occupancy=factor * o.occupancy) for o in on_site])
        return found

    def changed(
        self, crystal: Crystal, values: Values, prefix: str, crystal_prefix: str
    ) -> list[list[Occupant] | None]:
        """Return `occupants` of the sites that the shell names, whether they differ or not, and None of the others."""
        return [
            on_site if self._occupancy_key(s) is not None or crystal.substitution_key(s.label) in self.substitution
            else None
            for s, on_site in zip(
                crystal.sites, self.occupants(crystal, values, prefix, crystal_prefix), strict=True
            )
        ]  # fmt: skip

    def _occupancy_key(self, site: Site) -> str | None:
        return next((k for k in (site.label, site.element) if k in self.occupancy), None)


def part_inside(
    shell: Shell, shape: Shape | Box, vectors: Callable[[], FloatArray], values: Values, prefix: str
) -> float:
    """Return the mean of g, 1 in the core and 0 at the surface, over the places of all crystals of a population.

    vectors: returns the block vectors of the crystal as rows, Å.
    """
    once, _ = shell.pairs_inside(values, prefix)
    here = np.zeros((1, 3))
    if isinstance(shape, Sphere):
        return float(sum(p * shape.shared(here[0, :1], depths, values, prefix)[0] for depths, p in once))
    assert isinstance(shape, Box)
    rows = vectors()
    blocks = [p * shape.pair_weights(nested_offsets(here, rows, depths), rows, values, prefix)[0] for depths, p in once]
    return float(sum(blocks)) / shape.mean_blocks(rows, values, prefix)


def shell_remarks(
    shell: Shell, shape: Shape | Box, vectors: Callable[[], FloatArray], values: Values, prefix: str
) -> list[str]:
    """Return a sentence where the shell leaves nothing of the core."""
    if part_inside(shell, shape, vectors, values, prefix) > NO_CORE:
        return []
    address = f"{prefix}.{SHELL}.thickness"
    return [f"{address} = {values[address]:.3g} Å reaches the middle of the crystals: nothing is left of their core."]
