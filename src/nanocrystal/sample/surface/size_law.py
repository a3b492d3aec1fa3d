"""Crystals whose cell, displacements or occupancies depend on their size.

The cell follows X(D) = (1 − α/(D + α)) (1 + β), relative to the cell of the crystal; displacements and occupancies
follow 1 + A exp(−D/L). D is the diameter of the sphere of equal volume, or V/S, volume over surface. A population
is cut into slices of size, each with its own crystal, the slices being narrow where the volume lies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters import Declares, Here, Label, Meaning, Number, Parameter, Quantity, as_parameter
from nanocrystal.sample.crystal.crystal import Crystal
from nanocrystal.sample.crystal.crystal_now import CrystalNow
from nanocrystal.sample.shapes.shape import ShapeNow

FloatArray = NDArray[np.float64]
Argument = Literal["d_eq", "volume_to_surface"]
SIZE_LAW = "size_law"
"""where the law stands in a population"""
SLICES = {1: 12, 2: 5, 3: 4}
"""number of lengths that are spread -> slices of each.

I(Q) of cubes, spheres, prisms and bricks of 30 Å with alpha = 0.6 Å (a change of 2 %) against many more slices: R is
0.7, 0.6, 1.1 and 0.8e-3 where the lengths are spread by 20 %, 2.6, 2.4 and 3.7e-3 (not bricks) where by 40 %.
"""
ALPHA = Quantity(
    "alpha",
    "Å",
    "size-dependent part of the cell: (1 − α/(D + α)) (1 + β)",
    0.0,
    -10.0,
    100.0,
    scale=0.1,
    meaning=Meaning("size-law length", "α of the factor (1 − α/(D + α)) (1 + β) on the lengths of the cell"),
)
BETA = Quantity(
    "beta",
    "",
    "constant relative change of the cell: (1 − α/(D + α)) (1 + β)",
    0.0,
    -0.5,
    0.5,
    scale=1e-3,
    meaning=Meaning("size-law amplitude", "β of the factor (1 − α/(D + α)) (1 + β) on the lengths of the cell"),
)
AMPLITUDE = Quantity(
    "amplitude",
    "",
    "A of the factor 1 + A exp(−D/L)",
    None,
    -1.0,
    1e3,
    scale=0.1,
    meaning=Meaning("size-law amplitude", "A of a factor 1 + A exp(−D/L)"),
)
LENGTH = Quantity(
    "length",
    "Å",
    "L of the factor 1 + A exp(−D/L)",
    None,
    0.0,
    1e4,
    open_minimum=True,
    scale=10.0,
    meaning=Meaning("size-law length", "L of a factor 1 + A exp(−D/L)"),
)
SIZES: Mapping[Argument, str] = {
    "d_eq": "D: diameter of the sphere of equal volume",
    "volume_to_surface": "D: volume over surface",
}
"""what D is"""
FACTORS = {"u_iso": "on the mean-square displacement", "occupancy": "on the occupancy"}


@dataclass(frozen=True)
class Exponential(Declares):
    """A factor 1 + A exp(−D/L)."""

    amplitude: Annotated[Number, AMPLITUDE, "A: what is added at the smallest sizes, relative"]
    length: Annotated[Number, LENGTH, "L, Å: over which it fades with size"]


@dataclass(frozen=True)
class SizeLaw(Declares):
    """What depends on the size D of the crystals.

    An occupancy stays at most 1.
    """

    alpha: Annotated[Number | None, ALPHA, "Å; cell × (1 − alpha/(D + alpha)) (1 + beta)"] = None
    beta: Annotated[Number | None, BETA, "constant relative change of the cell [0]"] = None
    u_iso: Annotated[
        Mapping[Label, Exponential], "factors on displacements, by site label or element: {amplitude, length}"
    ] = field(default_factory=dict)
    occupancy: Annotated[
        Mapping[Label, Exponential], "factors on occupancies, by site label or element: {amplitude, length}"
    ] = field(default_factory=dict)
    argument: Annotated[Argument, "D: diameter of the sphere of equal volume, or volume over surface [d_eq]"] = "d_eq"

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        entries: dict[str, tuple[Quantity, Parameter]] = {}
        size = SIZES[self.argument]
        if self.alpha is not None:
            entries["alpha"] = (ALPHA.more(size), as_parameter(self.alpha))
        if self.beta is not None:
            entries["beta"] = (BETA.more(size), as_parameter(self.beta))
        for what, factors in (("u_iso", self.u_iso), ("occupancy", self.occupancy)):
            for key, factor in factors.items():
                said = (FACTORS[what], size, key)
                entries[f"{what}.{key}.amplitude"] = (AMPLITUDE.more(*said), as_parameter(factor.amplitude))
                entries[f"{what}.{key}.length"] = (LENGTH.more(*said), as_parameter(factor.length))
        return entries

    def check(self, crystal: Crystal, where: str) -> None:
        """Raise InputError for a law that says nothing, or of sites that the crystal has not."""
        if not self.declared():
            raise InputError(where, "says nothing; give alpha (and beta) for the cell, u_iso or occupancy.")
        sites = {s.label for s in crystal.sites} | {s.element for s in crystal.sites}
        displacements = _displacement_keys(crystal)
        moving = {name for names in displacements.values() for name in names}
        for what, factors, names in (("u_iso", self.u_iso, moving | sites), ("occupancy", self.occupancy, sites)):
            for key in factors:
                place = f"{where}.{what}.{key}"
                if key not in names:
                    raise InputError(place, f"is no site and no element of the crystal; {nearest_names(key, names)}")
                if what == "u_iso" and key not in moving:
                    shared = next(s.u_iso_key for s in crystal.sites if s.label == key)
                    raise InputError(
                        place,
                        f"shares its displacement with others as {shared}; name {shared} here, or give the "
                        f"site one of its own, {crystal.where}.u_iso.{key}.",
                    )

    @property
    def of_atoms(self) -> bool:
        """Whether more than the cell depends on the size."""
        return bool(self.u_iso or self.occupancy)

    def at(self, here: Here) -> SizeLawNow:
        """Return the law as of now; here: its place in the population."""
        return SizeLawNow(self, here)


@dataclass(frozen=True, eq=False)
class SizeLawNow:
    """A size law as of now."""

    law: SizeLaw
    here: Here

    def crystal_of_size(self, d: float, crystal: CrystalNow) -> CrystalNow:
        """Return what a crystal is like where its size D is d (Å)."""
        alpha, beta = (self.here.get(k, 0.0) for k in ("alpha", "beta"))
        if d + alpha <= 0.0:
            raise InputError(self.here.address_of("alpha"), f"must be above −{d:.3g} Å, the smallest D; got {alpha:g}.")
        here, moved = crystal.here, {}
        for name in ("a", "b", "c"):
            if name in here:
                moved[name] = here[name] * ((1.0 - alpha / (d + alpha)) * (1.0 + beta))
        for site in crystal.crystal.sites:
            name = f"sites.{site.label}.occupancy"
            factor = self._factor("occupancy", (site.label, site.element), d)
            moved[name] = float(np.clip(here[name] * factor, 0.0, 1.0))
        for key, names in _displacement_keys(crystal.crystal).items():
            moved[f"u_iso.{key}"] = here[f"u_iso.{key}"] * self._factor("u_iso", names, d)
        return crystal.crystal.at(here.moved(moved))

    def _factor(self, what: str, names: tuple[str, ...], d: float) -> float:
        """Return the factor that the first of these names with a law has; 1 without one."""
        factors = self.law.u_iso if what == "u_iso" else self.law.occupancy
        named = next((k for k in names if k in factors), None)
        if named is None:
            return 1.0
        amplitude, length = (self.here[f"{what}.{named}.{k}"] for k in ("amplitude", "length"))
        return float(1.0 + amplitude * np.exp(-d / length))


def _displacement_keys(crystal: Crystal) -> dict[str, tuple[str, ...]]:
    """Return key of u_iso -> the names under which a law may rule it: itself, and the element of a site."""
    keys = {s.u_iso_key: tuple(dict.fromkeys((s.u_iso_key, s.element))) for s in crystal.sites}
    guests = {s.element for s in crystal.substitutions.values()}
    return keys | {e: (e,) for e in guests if e in crystal.u_iso}


class Slice(NamedTuple):
    """Part of the shapes of a population, not normalised, and the size D (Å) that the laws see."""

    shape: ShapeNow
    d: float


def slices(shape: ShapeNow, argument: Argument, vectors: FloatArray) -> list[Slice]:
    """Return the slices of size of a shape; vectors: block vectors, Å."""
    return [Slice(part, _size(part, argument, vectors)) for part in shape.parts(SLICES)]


def _size(shape: ShapeNow, argument: Argument, vectors: FloatArray) -> float:
    """Return D of the mean crystal of a slice: that of its mean volume, or its mean volume over its mean surface."""
    volume = shape.mean_volume or 0.0
    if argument == "d_eq":
        return float((6.0 * volume / shape.number / np.pi) ** (1.0 / 3.0))
    return volume / shape.surface(vectors)
