"""One phase of a powder pattern: from its crystal to reflections, their strength, and peaks; see `powder`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.kernels.profile import Peaks, peak_slopes, peak_sum
from nanocrystal.parameters import Values
from nanocrystal.sample.crystal import Crystal
from nanocrystal.sample.reflections import (
    Families,
    cosines_to,
    crystal_families,
    crystal_reflections,
    squared_factors,
)
from nanocrystal.tables.beam import EV_ANGSTROM
from nanocrystal.tables.form_factors import anomalous_factor, form_factor
from nanocrystal.techniques.powder.beam import Beam
from nanocrystal.techniques.powder.instrument import Angles, centres, march_dollase, peaks_of
from nanocrystal.techniques.powder.microabsorption import G_CM3, Absorber, linear_absorption, mass_of_elements

if TYPE_CHECKING:
    from nanocrystal.techniques.powder.technique import Profile

FloatArray = NDArray[np.float64]
LEAST = 1e-6
"""of the highest peak of a phase: where tails are cut"""
BEYOND = 4.0
"""°; reflections so far above the range still count"""
CELL_STEP = 0.02
"""relative change of a cell after which its list of reflections is made anew; it always reaches farther"""
KEPT_LISTS = 4
MOST_REFLECTIONS = 300_000
"""of a phase, equivalent ones counted; more do not fit into memory"""
STEP = 1e-5
"""relative step of differences of peaks, which are smooth to rounding"""
WEAKEST = 1e-6
"""of the strongest reflection of a phase; weaker ones are not marked in figures"""
SAMPLE = {"size": 1e6, "strain": 0.0, "size_lorentzian": 1.0, "strain_lorentzian": 1.0, "texture": 1.0}
"""of populations without a profile"""


@dataclass(frozen=True)
class Strength:
    """Reflections with their Q (Å⁻¹) and m |F|² T λ³/(V M), arrays (n,)."""

    q: FloatArray
    areas: FloatArray


@dataclass(frozen=True)
class Phase:
    """A population as a phase; prefix: the address of its crystal; finite: whether its crystals have a shape."""

    name: str
    crystal: Crystal
    prefix: str
    profile: Profile
    finite: bool
    beam: Beam

    @property
    def free(self) -> bool:
        """Whether its intensities are left to the fit."""
        return self.profile.intensities == "free"

    # ---- what it depends on -------------------------------------------------------------------

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """The addresses on which its pattern depends."""
        return (*self.own, *self.beam.addresses)

    @property
    def own(self) -> tuple[str, ...]:
        """Those of its crystal and its profile."""
        return (*self.of_crystal, *self.of_profile)

    @cached_property
    def of_crystal(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix}.{k}" for k in self.crystal.declared())

    @cached_property
    def of_profile(self) -> tuple[str, ...]:
        if self.name not in self.beam.settings.profiles:
            return ()
        keys = [k for k in SAMPLE if k != "texture" or self.profile.texture_axis is not None]
        return tuple(self._in_profile(k) for k in keys)

    def _in_profile(self, key: str) -> str:
        return f"{self.beam.where}.profiles.{self.name}.{key}"

    def _of_grains(self, values: Values) -> dict[str, float]:
        return {k: values.get(self._in_profile(k), default) for k, default in SAMPLE.items()}

    def absorber(self, values: Values, where: str) -> Absorber:
        """Return what it absorbs, and the diameter of its particles; where: the address for messages."""
        on_sites = self.crystal.occupants(values, self.prefix)
        atoms = [
            (o.element, site.multiplicity * o.occupancy)
            for site, occupants in zip(self.crystal.sites, on_sites, strict=True)
            for o in occupants
        ]
        masses = mass_of_elements(atoms)
        density = G_CM3 * sum(masses.values()) / self.crystal.cell_volume(values, self.prefix)
        absorption = linear_absorption(masses, density, EV_ANGSTROM / self.beam.wavelengths[0], where)
        return Absorber(density, absorption, self.profile.particle_diameter)

    # ---- reflections --------------------------------------------------------------------------

    def families(self, values: Values, highest: float) -> Families:
        """Return the reflections up to beyond 2θ = highest (°), whatever small changes of the cell there are."""
        cell = [values[a] for a in self.crystal.cell_addresses(self.prefix)]
        key = (highest, *(round(np.log(v) / CELL_STEP) for v in (*cell, self.beam.wavelength(values))))
        if key not in self._lists:
            while len(self._lists) >= KEPT_LISTS:
                del self._lists[next(iter(self._lists))]
            theta = np.radians(min(highest + BEYOND, 179.0) / 2.0)
            shortest = min(line.wavelength for line in self.beam.lines(values))
            farthest = 4.0 * np.pi * np.sin(theta) / shortest * (1.0 + 3.0 * CELL_STEP)
            vectors = self.crystal.vectors(values, self.prefix)
            self._check_number(float(np.abs(np.linalg.det(vectors)) * farthest**3 / (6.0 * np.pi**2)), highest)
            self._lists[key] = crystal_families(self.crystal, vectors, float(farthest))
        return self._lists[key]

    def _check_number(self, n_reflections: float, highest: float) -> None:
        if n_reflections > MOST_REFLECTIONS:
            raise InputError(
                f"populations.{self.name}",
                f"has about {n_reflections:.1g} reflections up to 2θ = {highest:g}°, of which {MOST_REFLECTIONS:,} are "
                "possible; end the pattern at a smaller 2θ, or check the wavelength and the cell.",
            )

    @cached_property
    def _lists(self) -> dict[tuple[Any, ...], Families]:
        return {}

    def strength(self, values: Values, families: Families) -> Strength:
        """Return the strength of the reflections; with free intensities that for |F|² = 1."""
        crystal, prefix = self.crystal, self.prefix
        found = crystal_reflections(crystal, values, prefix, families)
        squared = np.ones(len(families))
        if not self.free:
            factors = [form_factor(e, found.q) + self._anomalous[e] for e in found.elements]
            squared = squared_factors(found, np.array(factors, dtype=np.complex128))
        texture = self._texture(families, crystal.vectors(values, prefix), self._of_grains(values)["texture"])
        per_dalton = 1.0 / (crystal.cell_volume(values, prefix) * crystal.cell_mass(values, prefix))
        wavelength = self.beam.wavelength(values)
        return Strength(found.q, wavelength**3 * per_dalton * families.multiplicity * squared * texture)

    @cached_property
    def _anomalous(self) -> dict[str, complex]:
        if not self.beam.settings.anomalous:
            return dict.fromkeys(self.crystal.elements, 0j)
        return {e: anomalous_factor(e, EV_ANGSTROM / self.beam.wavelengths[0]) for e in self.crystal.elements}

    def _texture(self, families: Families, vectors: FloatArray, ratio: float) -> FloatArray:
        """Return the mean of March and Dollase's function over the members of each family, (n,)."""
        axis = self.profile.texture_axis
        if axis is None:
            return np.ones(len(families))
        odds = march_dollase(cosines_to(families.equivalents, axis, vectors), ratio)
        total = np.bincount(families.family, weights=odds, minlength=len(families))
        return np.asarray(total / families.multiplicity)

    # ---- peaks and patterns, of a dalton ------------------------------------------------------

    def peaks(self, values: Values, strength: Strength) -> Peaks:
        """Return the peaks of reflections of this strength, those of each spectral line after each other."""
        own, lines, grains = self.beam.instrument(values), self.beam.lines(values), self._of_grains(values)
        return peaks_of(strength.q, strength.areas, lines, self.beam.settings, own, grains)

    def pattern(self, values: Values, x: FloatArray) -> FloatArray:
        """Return the pattern of the structure at x (n_points,) degrees."""
        strength = self.strength(values, self.families(values, float(x[-1])))
        return peak_sum(x, self.peaks(values, strength), LEAST)

    def patterns_of_families(self, values: Values, x: FloatArray) -> FloatArray:
        """Return the pattern of each family, (n_families, n_points)."""
        families = self.families(values, float(x[-1]))
        peaks = self.peaks(values, self.strength(values, families)).stacked()
        by_family = peaks.reshape(-1, len(families), peaks.shape[1])  # lines and nodes, families, ORDER
        rows = [peak_sum(x, Peaks(*by_family[:, k].T.copy()), LEAST) for k in range(len(families))]
        return np.array(rows).reshape(-1, len(x))

    def slopes(self, values: Values, x: FloatArray, own: list[str], factors: FloatArray | float = 1.0) -> FloatArray:
        """Return how the pattern changes with each of the addresses `own`, (n_own, n_points).

        Peaks are differenced, profiles derived. factors: on the strengths, the intensities where they are free.
        """
        families = self.families(values, float(x[-1]))
        strength = self.strength(values, families)
        of_strength = {*self.of_crystal, self._in_profile("texture"), f"{self.beam.where}.wavelength"}

        def peaks(there: Values, anew: bool) -> Peaks:
            known = self.strength(there, families) if anew else strength
            return self.peaks(there, Strength(known.q, known.areas * factors))

        changes = []
        for address in own:
            below, above = (peaks(v, address in of_strength).stacked() for v in sides(values, address))
            changes.append((above - below) / (2.0 * step(values[address])))
        return peak_slopes(x, peaks(values, anew=False), np.array(changes), LEAST)

    def places(self, values: Values, x: FloatArray) -> FloatArray:
        """Return where reflections are seen within the range of x, by the first line, degrees."""
        strength = self.strength(values, self.families(values, float(x[-1])))
        q = strength.q[strength.areas > WEAKEST * strength.areas.max(initial=0.0)]
        angles = Angles.of(q, self.beam.wavelength(values))
        seen = centres(angles, self.beam.settings, self.beam.instrument(values))[angles.reached]
        return np.asarray(seen[(seen >= x[0]) & (seen <= x[-1])])


def step(value: float) -> float:
    """Return the step of a difference in a parameter with this value."""
    return STEP * max(abs(value), 1e-2)


def sides(values: Values, address: str) -> tuple[dict[str, float], dict[str, float]]:
    """Return the values with one of them a step smaller and larger."""
    size = step(values[address])
    return {**values, address: values[address] - size}, {**values, address: values[address] + size}
