"""Crystals whose cell, displacements or occupancies depend on their size.

The cell follows X(D) = (1 − α/(D + α)) (1 + β), relative to the cell of the crystal; displacements and occupancies
follow 1 + A exp(−D/L). D is the diameter of the sphere of equal volume, or V/S, volume over surface. A population
is cut into slices of size, each with its own crystal, the slices being narrow where the volume lies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise, product
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters import Here, Label, Number, Parameter, Quantity, as_parameter
from nanocrystal.parameters.difference import difference, step_of
from nanocrystal.sample.crystal import Crystal, CrystalNow
from nanocrystal.sample.distributions import LengthDistribution, OneLength, Tabulated
from nanocrystal.sample.pair_structure import PairStructure, enveloped
from nanocrystal.sample.prisms import BoxNow
from nanocrystal.sample.shapes import SphereNow

FloatArray = NDArray[np.float64]
Argument = Literal["d_eq", "volume_to_surface"]
SIZE_LAW = "size_law"
"""where the law stands in a population"""
SLICES = {1: 12, 2: 5, 3: 4}
"""number of lengths that are spread -> slices of each.

I(Q) of cubes, spheres, prisms and bricks of 30 Å with alpha = 0.6 Å (a change of 2 %) against many more slices: R is
0.7, 0.6, 1.1 and 0.8e-3 where the lengths are spread by 20 %, 2.6, 2.4 and 3.7e-3 (not bricks) where by 40 %.
"""
ALPHA = Quantity("alpha", "Å", "size-dependent part of the cell: (1 − α/(D + α)) (1 + β)", 0.0, -10.0, 100.0, scale=0.1)
BETA = Quantity("beta", "", "constant relative change of the cell: (1 − α/(D + α)) (1 + β)", 0.0, -0.5, 0.5, scale=1e-3)
AMPLITUDE = Quantity("amplitude", "", "A of the factor 1 + A exp(−D/L)", None, -1.0, 1e3, scale=0.1)
LENGTH = Quantity("length", "Å", "L of the factor 1 + A exp(−D/L)", None, 0.0, 1e4, open_minimum=True, scale=10.0)


@dataclass(frozen=True)
class Exponential:
    """A factor 1 + A exp(−D/L)."""

    amplitude: Annotated[Number, AMPLITUDE, "A: what is added at the smallest sizes, relative"]
    length: Annotated[Number, LENGTH, "L, Å: over which it fades with size"]


@dataclass(frozen=True)
class SizeLaw:
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
        if self.alpha is not None:
            entries["alpha"] = (ALPHA, as_parameter(self.alpha))
        if self.beta is not None:
            entries["beta"] = (BETA, as_parameter(self.beta))
        for what, factors in (("u_iso", self.u_iso), ("occupancy", self.occupancy)):
            for key, factor in factors.items():
                entries[f"{what}.{key}.amplitude"] = (AMPLITUDE, as_parameter(factor.amplitude))
                entries[f"{what}.{key}.length"] = (LENGTH, as_parameter(factor.length))
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
    found = {s.u_iso_key: tuple(dict.fromkeys((s.u_iso_key, s.element))) for s in crystal.sites}
    guests = {s.element for s in crystal.substitutions.values()}
    return found | {e: (e,) for e in guests if e in crystal.u_iso}


@dataclass(frozen=True)
class Part:
    """The crystals of a distribution whose length lies between low and high; not normalised."""

    whole: LengthDistribution
    low: float
    high: float

    def partial_moment(self, power: int, r: FloatArray) -> FloatArray:
        above = np.full_like(r, self.high)
        found = self.whole.partial_moment(power, np.maximum(r, self.low)) - self.whole.partial_moment(power, above)
        return np.where(r < self.high, found, 0.0)

    def moment(self, power: float) -> float:
        lengths, weights = self.whole.nodes(np.array([self.low, self.high]))
        sums = (weights * lengths**power).sum(axis=1)
        return float(sums[0] - sums[1])

    def density(self, length: FloatArray) -> FloatArray:
        inside = (length >= self.low) & (length < self.high)
        return np.where(inside, self.whole.density(length), 0.0)

    def reach(self) -> float:
        return min(self.high, self.whole.reach())

    def nodes(self, r: FloatArray) -> tuple[FloatArray, FloatArray]:
        lengths, weights = self.whole.nodes(np.maximum(r, self.low))
        beyond, less = self.whole.nodes(np.maximum(r, self.high))
        return np.concatenate([lengths, beyond], axis=1), np.concatenate([weights, -less], axis=1)


class Slice(NamedTuple):
    """Part of the shapes of a population, not normalised, and the size D (Å) that the laws see."""

    shape: SphereNow | BoxNow
    d: float


def slices(shape: SphereNow | BoxNow, argument: Argument, vectors: FloatArray) -> list[Slice]:
    """Return the slices of size of a shape; vectors: block vectors, Å.

    Raises InputError for correlated lengths, which cannot be sliced one by one.
    """
    parts: list[SphereNow | BoxNow]
    if isinstance(shape, SphereNow):
        d = shape.diameters
        parts = [replace(shape, diameters=Part(d, *b)) for b in _bounds(d, 3)]
    else:
        if shape.correlation != 0.0:
            raise InputError(f"{shape.where}.size_correlation", "cannot stand beside size_law; set it to 0.")
        spread = {k: (d, len(e.axes)) for k, (e, d) in enumerate(shape.lengths) if not isinstance(d, OneLength)}
        each = [_bounds(d, n, SLICES[max(1, len(spread))]) for d, n in spread.values()]
        parts = [_part_of(shape, dict(zip(spread, b, strict=True))) for b in product(*each)]
    return [Slice(part, _size(part, argument, vectors)) for part in parts]


def _part_of(shape: BoxNow, bounds: Mapping[int, tuple[float, float]]) -> BoxNow:
    """Return the crystals of a shape whose lengths lie within bounds: place among the lengths -> (low, high), Å."""
    lengths = enumerate(shape.lengths)
    parts = tuple((edge, Part(d, *bounds[k]) if k in bounds else d) for k, (edge, d) in lengths)
    return replace(shape, lengths=parts)


def _bounds(d: LengthDistribution, power: int, n: int = SLICES[1]) -> list[tuple[float, float]]:
    """Return n intervals of length that hold equal parts of the volume; of counted lengths few enough each its own."""
    beyond = 4.0 * d.reach()
    if isinstance(d, OneLength):
        return [(0.0, beyond)]
    if isinstance(d, Tabulated):
        inner = _between_counted(d, power, n)
    else:
        lengths = np.linspace(0.0, d.reach(), 4000)
        volume = 1.0 - d.partial_moment(power, lengths) / float(d.partial_moment(power, np.zeros(1))[0])
        inner = np.interp(np.arange(1, n) / n, volume, lengths)
    edges = [0.0, *inner.tolist(), beyond]
    return list(pairwise(edges))


def _between_counted(d: Tabulated, power: int, n: int) -> FloatArray:
    """Return lengths between those counted: between all of them, or between about n parts of equal volume."""
    lengths = d.factor * np.unique(np.array(d.lengths)[np.array(d.counts) > 0.0])
    between = 0.5 * (lengths[1:] + lengths[:-1])
    if len(lengths) <= 2 * n:
        return np.asarray(between)
    volume = 1.0 - d.partial_moment(power, between) / float(d.partial_moment(power, np.zeros(1))[0])
    return np.asarray(between[np.unique(np.searchsorted(volume, np.arange(1, n) / n).clip(0, len(between) - 1))])


def _size(shape: SphereNow | BoxNow, argument: Argument, vectors: FloatArray) -> float:
    """Return D of the mean crystal of a slice: that of its mean volume, or its mean volume over its mean surface."""
    if isinstance(shape, SphereNow):
        d = shape.diameters
        number, second, third = (float(d.partial_moment(k, np.zeros(1))[0]) for k in (0, 2, 3))
        return third / second / 6.0 if argument == "volume_to_surface" else (third / number) ** (1.0 / 3.0)
    number = float(np.prod([d.partial_moment(0, np.zeros(1))[0] for _, d in shape.lengths]))
    volume = (shape.mean_volume or 0.0) / number
    d_eq = float((6.0 * volume / np.pi) ** (1.0 / 3.0))
    if argument == "d_eq":
        return d_eq
    return volume * number / _mean_surface(shape, vectors)


def _mean_surface(shape: BoxNow, vectors: FloatArray) -> float:
    """Return the sum of surface over the crystals of a slice, Å²: V γ₀(r) begins as V − S r/4."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    cosine, azimuth = 0.5 * (nodes + 1.0), np.concatenate([0.25 * np.pi * (nodes + 1.0 + 2.0 * k) for k in range(4)])
    sine = np.sqrt(1.0 - cosine**2)
    flat = np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
    directions = np.concatenate(
        [sine[:, None, None] * flat[None], np.broadcast_to(cosine[:, None, None], (24, len(azimuth), 1))], axis=2
    ).reshape(-1, 3)
    fractions = directions @ np.linalg.inv(vectors)
    size = step_of(0.0, 1.0)  # Å; any length is longer than 1 Å
    slope = difference(lambda r: shape.pair_weights(r * fractions, vectors), 0.0, size, low=0.0)
    mean = float(-slope @ np.outer(weights, np.tile(weights, 4)).ravel()) / 16.0
    return 4.0 * mean * abs(float(np.linalg.det(vectors)))


def merged(parts: list[PairStructure], of_atoms: bool, depends_on: tuple[str, ...]) -> PairStructure:
    """Return the slices of a population as one; of_atoms: whether their atoms differ, not only their cells."""
    units = np.array([p.n_units for p in parts], dtype=np.float64)
    share = units / units.sum()
    rows = [
        p.moments
        if p.envelope is None
        else enveloped(p.moments, p.envelope(p.h * np.arange(float(p.moments.shape[1]))))
        for p in parts
    ]
    n_bins = max(m.shape[1] for m in rows)
    padded = [s * np.pad(m, ((0, 0), (0, n_bins - m.shape[1]), (0, 0))) for s, m in zip(share, rows, strict=True)]
    volume = sum(float(n) * p.n_atoms / (p.number_density or np.inf) for n, p in zip(units, parts, strict=True))
    atoms = sum(float(n) * p.n_atoms for n, p in zip(units, parts, strict=True))

    # partners are denser in slices of smaller cells
    denser = [volume / units.sum() * (p.number_density or np.inf) / p.n_atoms for p in parts]

    def gamma(r: FloatArray) -> FloatArray:
        parts_of_pairs = zip(share, denser, parts, strict=True)
        terms = [s * x * p.shape_function(r) for s, x, p in parts_of_pairs if p.shape_function is not None]
        return np.asarray(sum(terms))

    common = replace(
        parts[0],
        envelope=None,
        shape_function=gamma,
        number_density=atoms / volume,
        n_units=float(units.sum()),
        depends_on=depends_on,
        levels=None,
        shape_functions=(),
    )
    if not of_atoms:
        return replace(common, moments=np.sum(padded, axis=0))
    return _side_by_side(common, parts, share, padded)


def _side_by_side(
    common: PairStructure, parts: list[PairStructure], share: FloatArray, moments: list[FloatArray]
) -> PairStructure:
    """Return slices with kinds of atoms of their own; atoms of two slices are never in one crystal."""
    n = len(parts[0].kinds)
    n_rows, last = len(moments[0]), len(moments) * len(moments[0])
    kinds = tuple(replace(k, count=s * k.count) for s, p in zip(share, parts, strict=True) for k in p.kinds)
    own_rows = parts[0].rows if parts[0].rows is not None else np.arange(n * (n + 1) // 2)
    own_factors = parts[0].factors if parts[0].factors is not None else np.ones(n * (n + 1) // 2)
    pair_row = {pair: k for k, pair in enumerate((a, b) for a in range(n) for b in range(a, n))}
    own_densities = [s * p.densities for s, p in zip(share, parts, strict=True)]
    rows, factors, levels, densities = [], [], [], []
    for a in range(len(kinds)):
        for b in range(a, len(kinds)):
            one, k = a // n == b // n, pair_row.get((a % n, b % n), 0)
            rows.append(n_rows * (a // n) + int(own_rows[k]) if one else last)
            factors.append(float(own_factors[k]) if one else 0.0)
            levels.append(a // n)
            densities.append(float(own_densities[a // n][k]) if one else 0.0)
    stacked = np.concatenate([*moments, np.zeros((1, *moments[0].shape[1:]))])
    functions = tuple(p.shape_function for p in parts if p.shape_function is not None)
    return replace(
        common,
        kinds=kinds,
        moments=stacked,
        rows=np.array(rows),
        factors=np.array(factors),
        levels=np.array(levels),
        shape_functions=functions,
        pair_densities=np.array(densities),
    )
