"""One phase of a powder pattern: from its crystal to reflections, their strength, and peaks; see `powder`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.kernels.profile import Peaks, peak_slopes, peak_sum
from nanocrystal.parameters import Evaluation
from nanocrystal.parameters.difference import difference, step_of
from nanocrystal.sample import Sample
from nanocrystal.sample.crystal.crystal import Crystal
from nanocrystal.sample.crystal.crystal_now import CrystalNow
from nanocrystal.sample.crystal.reflections import (
    Families,
    cosines_to,
    crystal_families,
    crystal_reflections,
    squared_factors,
)
from nanocrystal.tables.beam import EV_ANGSTROM
from nanocrystal.tables.form_factors import anomalous_factor, form_factor
from nanocrystal.techniques.powder.beam import Beam, BeamNow
from nanocrystal.techniques.powder.instrument import Angles, centres, march_dollase, peaks_of
from nanocrystal.techniques.powder.microabsorption import G_CM3, Absorber, linear_absorption, mass_of_elements
from nanocrystal.techniques.powder.profile import PROFILE, Profile

if TYPE_CHECKING:
    from nanocrystal.techniques.powder.technique import Powder

FloatArray = NDArray[np.float64]
LEAST = 1e-6
"""of the highest peak of a phase: where tails are cut"""
BEYOND = 4.0
"""°; reflections so far above the range still count"""
CELL_STEP = 0.02
"""relative change of a cell after which its list of reflections is made anew; it always reaches farther"""
MOST_REFLECTIONS = 300_000
"""of a phase, equivalent ones counted; more do not fit into memory"""
PART, LEAST_MOVED = 1e-5, 1e-2
"""of differences of peaks: finer than elsewhere, since they are exact to rounding and widths are as small as 1e-3°"""
WEAKEST = 1e-6
"""of the strongest reflection of a phase; weaker ones are not marked in figures"""
SAMPLE = {name: quantity.default for name, quantity in PROFILE.items() if quantity.default is not None}
"""of populations without a profile"""


@dataclass(frozen=True)
class Strength:
    """Reflections with their Q (Å⁻¹) and m |F|² T λ³/(V M), arrays (n,)."""

    q: FloatArray
    areas: FloatArray


@dataclass(frozen=True, kw_only=True)
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
        return (*self.of_phase, *self.beam.addresses)

    @property
    def of_phase(self) -> tuple[str, ...]:
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
        return tuple(self.in_profile(k) for k in keys)

    def in_profile(self, key: str) -> str:
        """Return the address of a number of its profile."""
        return f"{self.beam.where}.profiles.{self.name}.{key}"

    @cached_property
    def anomalous(self) -> dict[str, complex]:
        """f′ + i f″ of each element."""
        if not self.beam.settings.anomalous:
            return dict.fromkeys(self.crystal.elements, 0j)
        return {e: anomalous_factor(e, EV_ANGSTROM / self.beam.wavelengths[0]) for e in self.crystal.elements}

    def at(self, evaluation: Evaluation) -> PhaseNow:
        """Return the phase as of now."""
        return PhaseNow(self, evaluation)


@dataclass(frozen=True, eq=False)
class PhaseNow:
    """A phase as of now."""

    phase: Phase
    evaluation: Evaluation

    @cached_property
    def crystal(self) -> CrystalNow:
        return self.phase.crystal.at(self.evaluation.values.under(self.phase.prefix))

    @cached_property
    def beam(self) -> BeamNow:
        return self.phase.beam.at(self.evaluation.values)

    @cached_property
    def grains(self) -> dict[str, float]:
        """What its grains do to the peaks, by name."""
        here = self.evaluation.values.under(self.phase.in_profile("")[:-1])
        return {k: here.get(k, default) for k, default in SAMPLE.items()}

    def absorber(self) -> Absorber:
        """Return what it absorbs, and the diameter of its particles."""
        profiles = self.phase.beam.settings.profiles
        sized = next((n for n, p in profiles.items() if p.particle_diameter is not None), self.phase.name)
        where = f"{self.phase.beam.where}.profiles.{sized}.particle_diameter"
        sites = zip(self.phase.crystal.sites, self.crystal.occupants, strict=True)
        masses = mass_of_elements([(o.element, s.multiplicity * o.occupancy) for s, on in sites for o in on])
        density = G_CM3 * sum(masses.values()) / self.crystal.cell_volume
        absorption = linear_absorption(masses, density, EV_ANGSTROM / self.phase.beam.wavelengths[0], where)
        return Absorber(density, absorption, self.phase.profile.particle_diameter)

    # ---- reflections --------------------------------------------------------------------------

    def families(self, highest: float) -> Families:
        """Return the reflections up to beyond 2θ = highest (°), whatever small changes of the cell there are."""
        cell = [self.evaluation.values[a] for a in self.crystal.cell_addresses]
        near = (highest, *(round(np.log(v) / CELL_STEP) for v in (*cell, self.beam.wavelength)))

        def listed() -> Families:
            theta = np.radians(min(highest + BEYOND, 179.0) / 2.0)
            shortest = min(line.wavelength for line in self.beam.lines)
            farthest = 4.0 * np.pi * np.sin(theta) / shortest * (1.0 + 3.0 * CELL_STEP)
            vectors = self.crystal.vectors
            self._check_number(float(np.abs(np.linalg.det(vectors)) * farthest**3 / (6.0 * np.pi**2)), highest)
            return crystal_families(self.phase.crystal, vectors, float(farthest))

        return self.evaluation.once(("reflections", self.phase.beam.where, self.phase.name), (), listed, near)

    def _check_number(self, n_reflections: float, highest: float) -> None:
        if n_reflections > MOST_REFLECTIONS:
            raise InputError(
                f"populations.{self.phase.name}",
                f"has about {n_reflections:.1g} reflections up to 2θ = {highest:g}°, of which {MOST_REFLECTIONS:,} are "
                "possible; end the pattern at a smaller 2θ, or check the wavelength and the cell.",
            )

    def strength(self, families: Families) -> Strength:
        """Return the strength of the reflections; with free intensities that for |F|² = 1."""
        crystal = self.crystal
        reflections = crystal_reflections(crystal, families)
        squared = np.ones(len(families))
        if not self.phase.free:
            factors = [form_factor(e, reflections.q) + self.phase.anomalous[e] for e in reflections.elements]
            squared = squared_factors(reflections, np.array(factors, dtype=np.complex128))
        texture = self._texture(families, crystal.vectors, self.grains["texture"])
        per_dalton = 1.0 / (crystal.cell_volume * crystal.cell_mass)
        return Strength(reflections.q, self.beam.wavelength**3 * per_dalton * families.multiplicity * squared * texture)

    def _texture(self, families: Families, vectors: FloatArray, ratio: float) -> FloatArray:
        """Return the mean of March and Dollase's function over the members of each family, (n,)."""
        axis = self.phase.profile.texture_axis
        if axis is None:
            return np.ones(len(families))
        odds = march_dollase(cosines_to(families.equivalents, axis, vectors), ratio)
        total = np.bincount(families.family, weights=odds, minlength=len(families))
        return np.asarray(total / families.multiplicity)

    # ---- peaks and patterns, of a dalton ------------------------------------------------------

    def peaks(self, strength: Strength) -> Peaks:
        """Return the peaks of reflections of this strength, those of each spectral line after each other."""
        settings, beam = self.phase.beam.settings, self.beam
        return peaks_of(strength.q, strength.areas, beam.lines, settings, beam.instrument, self.grains)

    def pattern(self, x: FloatArray) -> FloatArray:
        """Return the pattern of the structure at x (n_points,) degrees."""
        return peak_sum(x, self.peaks(self.strength(self.families(float(x[-1])))), LEAST)

    def patterns_of_families(self, x: FloatArray) -> FloatArray:
        """Return the pattern of each family, (n_families, n_points)."""
        families = self.families(float(x[-1]))
        peaks = self.peaks(self.strength(families)).stacked()
        by_family = peaks.reshape(-1, len(families), peaks.shape[1])  # lines and nodes, families, ORDER
        rows = [peak_sum(x, Peaks(*by_family[:, k].T.copy()), LEAST) for k in range(len(families))]
        return np.array(rows).reshape(-1, len(x))

    def slopes(self, x: FloatArray, addresses: list[str], factors: FloatArray | float = 1.0) -> FloatArray:
        """Return how the pattern changes with each of the addresses, (n_addresses, n_points).

        Peaks are differenced, profiles derived. factors: on the strengths, the intensities where they are free.
        """
        families = self.families(float(x[-1]))
        strength = self.strength(families)
        phase, values = self.phase, self.evaluation.values
        of_strength = {*phase.of_crystal, phase.in_profile("texture"), f"{phase.beam.where}.wavelength"}

        def peaks(there: PhaseNow, anew: bool) -> Peaks:
            known = there.strength(families) if anew else strength
            return there.peaks(Strength(known.q, known.areas * factors))

        def stacked(address: str, value: float) -> FloatArray:
            there = phase.at(self.evaluation.at(values.moved({address: value})))
            return peaks(there, address in of_strength).stacked()

        changes = []
        for address in addresses:
            moved = partial(stacked, address)
            changes.append(difference(moved, values[address], step_of_peaks(values[address])))
        return peak_slopes(x, peaks(self, anew=False), np.array(changes), LEAST)

    def places(self, x: FloatArray) -> FloatArray:
        """Return where reflections are seen within the range of x, by the first line, degrees."""
        strength = self.strength(self.families(float(x[-1])))
        q = strength.q[strength.areas > WEAKEST * strength.areas.max(initial=0.0)]
        angles = Angles.of(q, self.beam.wavelength)
        two_theta = centres(angles, self.phase.beam.settings, self.beam.instrument)[angles.reached]
        return np.asarray(two_theta[(two_theta >= x[0]) & (two_theta <= x[-1])])


def step_of_peaks(value: float) -> float:
    """Return the step of a difference in a parameter with this value."""
    return step_of(value, LEAST_MOVED, PART)


def phases_of(settings: Powder, sample: Sample, beam: Beam) -> tuple[Phase, ...]:
    """Return the populations as phases; raises InputError for those that are no perfect crystals."""
    phases = []
    for name, population in sample.populations.items():
        crystal = sample.crystal_of(name)
        if crystal is None:
            raise InputError(
                f"populations.{name}",
                "holds explicit atoms, which have no Bragg reflections; use technique total-scattering for them.",
            )
        for key in ("twins", "stacking", "shell", "size_law"):
            if getattr(population, key):
                raise InputError(
                    f"populations.{name}.{key}",
                    "is not known to technique powder, which takes crystals as perfect; leave it out or use "
                    "technique total-scattering.",
                )
        phase = Phase(
            name=name,
            crystal=crystal,
            prefix=f"crystals.{population.crystal_name}",
            profile=settings.profiles.get(name, Profile()),
            finite=population.shape.finite,
            beam=beam,
        )
        phases.append(phase)
    return tuple(phases)
