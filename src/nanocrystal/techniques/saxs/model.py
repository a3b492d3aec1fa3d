"""The model of small-angle scattering: amplitudes of the bodies of a sample to I(q); see `saxs`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.kernels.spline import CubicSpline
from nanocrystal.measurement import Axis, CurveModel, Look
from nanocrystal.measurement.counted import with_noise
from nanocrystal.parameters import Assumption, Evaluation, StoreKey
from nanocrystal.sample import Sample
from nanocrystal.sample.crystal.crystal_now import CrystalNow
from nanocrystal.sample.crystal.mixing import Occupant
from nanocrystal.sample.population import PopulationNow
from nanocrystal.sample.shapes.distributions import Distribution, Histogram, Lognormal
from nanocrystal.sample.shapes.overlaps import sizes
from nanocrystal.sample.shapes.shape import ScatteringBody, Shape
from nanocrystal.tables.elements import atomic_number
from nanocrystal.tables.form_factors import anomalous_factor
from nanocrystal.techniques.saxs.instrument import Smearing
from nanocrystal.techniques.saxs.strings import enough_q, stacked_excess
from nanocrystal.techniques.saxs.structure import OF_STRUCTURE, hard_spheres, string_of_beads

if TYPE_CHECKING:
    from nanocrystal.techniques.saxs.technique import Saxs

FloatArray = NDArray[np.float64]
ELECTRON_RADIUS = 2.8179403205e-13
"""cm (CODATA 2022)"""
CM3_OF_A3 = 1e-24
UNRESOLVED = 2000.0
"""q times the size from which on oscillations are not followed"""
BROADEST_STACK = 0.65
"""std over mean of spheres that are summed as touching in strings"""
CROWDED = 0.03
"""of the volume, of hard spheres that shall tell what rests on their being far apart"""
COPPER = 8047.8
"""eV, of Kα₁ of copper"""
INVISIBLE = 0.02
"""e/Å³; less contrast than that is remarked on"""


@dataclass(frozen=True)
class Layers:
    """Bodies nested in each other: how deep their faces lie below those of the crystal (Å), and how each adds to F."""

    depths: tuple[float, ...]
    contrasts: tuple[complex, ...]


@dataclass(frozen=True, kw_only=True)
class SaxsModel(CurveModel, own=("sample", "slit_of_file", "width")):
    """Small-angle scattering bound to a sample.

    width: (n_points,) Å⁻¹, the resolution that the file gives, or 0; slit_of_file: Å⁻¹, what holds where the study says
    no slit_length.
    """

    settings: Saxs
    sample: Sample
    width: FloatArray
    slit_of_file: float = 0.0

    technique = "saxs"
    x_axis = Axis("q", "Å⁻¹")
    look = Look(log_axes=True)

    @property
    def y_axis(self) -> Axis:
        return Axis("intensity", "cm⁻¹" if self.settings.absolute else "")

    @property
    def signals(self) -> tuple[str, ...]:
        return ("scale", "background", *(("power_law",) if self.settings.power_law_background else ()))

    def background_rows(self) -> tuple[int, ...]:
        return tuple(range(1, len(self.linear)))

    def signal(self, evaluation: Evaluation) -> FloatArray:
        smearing = self._smearing(evaluation)
        sample = smearing(self._ideal(evaluation, smearing.ideal_q))
        rows = [sample, np.ones_like(sample)]
        if self.settings.power_law_background:
            rows.append(self.measured.x ** -evaluation.values[f"{self.where}.power"])
        return np.array(rows)

    # ---- the sample ---------------------------------------------------------------------------

    def _ideal(self, evaluation: Evaluation, q: FloatArray) -> FloatArray:
        """Return I(q) before the instrument: in cm⁻¹, or in electron units of the mean crystal."""
        now = self.sample.at(evaluation)
        numbers = self.sample.crystal_numbers(evaluation)
        squares = {n: number * self._mean_square(now[n], q) for n, number in numbers.items()}
        intensity = np.asarray(sum(squares.values()))
        if self.settings.structure_factor == "stacked-spheres":
            intensity = np.maximum(intensity + self._stacked_excess(evaluation, q), 0.0)
        elif self.settings.structure_factor != "none":
            excess = self._structure_factor(evaluation, q) - 1.0
            intensity = np.maximum(intensity + self._square_of_mean(evaluation, numbers, squares, q) * excess, 0.0)
        return self._absolute_factor(evaluation, numbers) * intensity

    def _absolute_factor(self, evaluation: Evaluation, numbers: dict[str, float]) -> float:
        """Return n r_e² in cm⁻¹ per e² of the mean crystal, or 1."""
        if self.settings.number_density is not None:
            return ELECTRON_RADIUS**2 * evaluation.values[f"{self.where}.number_density"]
        if self.settings.volume_fraction is None:
            return 1.0
        now = self.sample.at(evaluation)
        volume = sum(number * (now[n].shape.mean_volume or 0.0) for n, number in numbers.items())
        return ELECTRON_RADIUS**2 * evaluation.values[f"{self.where}.volume_fraction"] / (volume * CM3_OF_A3)

    def _mean_square(self, population: PopulationNow, q: FloatArray) -> FloatArray:
        """Return ⟨|F|²⟩ of a population, electrons²."""
        layers = self._layers(population)
        products = self._products(population, q, layers.depths)
        total = np.zeros_like(q)
        for (i, j), product in products.items():
            weight = (layers.contrasts[i] * np.conj(layers.contrasts[j])).real
            total += (1.0 if i == j else 2.0) * weight * product
        return np.maximum(total, 0.0)

    def _square_of_mean(
        self, evaluation: Evaluation, numbers: dict[str, float], squares: dict[str, FloatArray], q: FloatArray
    ) -> FloatArray:
        """Return |⟨F⟩|² over all crystals; of shapes that have no mean amplitude, ⟨|F|²⟩."""
        now = self.sample.at(evaluation)
        if not all(self._body(now[n]).layered for n in numbers):
            return np.asarray(sum(squares.values()))
        mean = np.zeros(len(q), dtype=np.complex128)
        for name, number in numbers.items():
            layers = self._layers(now[name])
            compute = partial(self._amplitudes, now[name], q, layers.depths)
            key = ("mean amplitudes", name, *self._grid_key(q))
            amplitudes = evaluation.once(key, self._addresses(now[name]), compute)
            mean += number * sum(c * a for c, a in zip(layers.contrasts, amplitudes, strict=True))
        return np.asarray(np.abs(mean) ** 2)

    def _amplitudes(self, population: PopulationNow, q: FloatArray, depths: Sequence[float]) -> list[FloatArray]:
        body = self._body(population)
        return [body.mean_amplitude(q, depth) for depth in depths]

    def _products(
        self, population: PopulationNow, q: FloatArray, depths: tuple[float, ...]
    ) -> dict[tuple[int, int], FloatArray]:
        """Return P_ij of all pairs of nested bodies, i ≤ j; kept for as long as no length changes."""

        def computed() -> dict[tuple[int, int], FloatArray]:
            body, n = self._body(population), len(depths)
            pairs = [(i, j) for i in range(n) for j in range(i, n)]
            return {(i, j): body.products(q, (depths[i], depths[j])) for i, j in pairs}

        key = ("small angles", population.name, *self._grid_key(q))
        return population.evaluation.once(key, self._addresses(population), computed)

    def _grid_key(self, q: FloatArray) -> StoreKey:
        return (self.where, len(q), f"{q[0]:.8g}", f"{q[-1]:.8g}")

    def _addresses(self, population: PopulationNow) -> tuple[str, ...]:
        """Return the addresses of the parameters that decide on the bodies of a population."""
        addresses = [
            *population.here.addresses(*population.population.shape.declared()),
            *population.crystal.cell_addresses,
        ]
        for surface in (population.shell, population.coating):
            addresses += [] if surface is None else surface.here.addresses("thickness")
        return tuple(addresses)

    def _body(self, population: PopulationNow) -> ScatteringBody:
        evaluation = population.evaluation
        vectors = self.sample.lattice_at(population.name, evaluation).block_vectors
        return population.shape.body(vectors)

    # ---- electron densities -------------------------------------------------------------------

    def _layers(self, population: PopulationNow) -> Layers:
        """Return the nested bodies of a population, from the outside inwards."""
        evaluation, crystal = population.evaluation, population.crystal
        outside: complex = evaluation.values[f"{self.where}.solvent_electron_density"]
        depths, contrasts = [], []
        if population.coating is not None:
            density = population.coating.electrons
            depths.append(-population.coating.thickness)
            contrasts.append(density - outside)
            outside = density
        core = self._density(crystal, crystal.occupants)
        surface = core
        if population.shell is not None:
            surface = self._density(crystal, population.shell.occupants(crystal))
        depths.append(0.0)
        contrasts.append(surface - outside)
        if population.shell is not None:
            for depth, part in population.shell.nested:
                depths.append(depth)
                contrasts.append(part * (core - surface))
        return Layers(tuple(depths), tuple(contrasts))

    def _density(self, crystal: CrystalNow, on_sites: list[list[Occupant]]) -> complex:
        """Return electrons per Å³ of a crystal with these occupants of its sites."""
        electrons = sum(
            site.multiplicity * o.occupancy * self._electrons(o.element)
            for site, occupants in zip(crystal.crystal.sites, on_sites, strict=True)
            for o in occupants
        )
        return complex(electrons / crystal.cell_volume)

    def _electrons(self, element: str) -> complex:
        """Return Z + f′ + i f″; without an energy Z."""
        z = atomic_number(element)
        return complex(z) if self.settings.energy is None else z + self._anomalous[element]

    @cached_property
    def _anomalous(self) -> dict[str, complex]:
        """f′ + i f″ of each element at the energy of the study."""
        energy, where = self.settings.energy, f"{self.where}.energy"
        assert energy is not None
        return {e: anomalous_factor(e, energy, where) for e in elements_of_crystals(self.sample)}

    # ---- arrangement and instrument -----------------------------------------------------------

    def _structure_factor(self, evaluation: Evaluation, q: FloatArray) -> FloatArray:
        of = {k: evaluation.values.get(f"{self.where}.{k}", 0.0) for k in self.settings.quantities}
        if self.settings.structure_factor == "hard-spheres":
            return hard_spheres(q, of["effective_radius"], of["effective_fraction"])
        return string_of_beads(q, of["beads"], of["bead_spacing"], of["bead_spacing_std"])

    def _stacked_excess(self, evaluation: Evaluation, q: FloatArray) -> FloatArray:
        """Return what spheres that touch in strings add to ⟨|F|²⟩ of the one population, electrons²."""
        (population,) = self.sample.at(evaluation).values()
        layers = self._layers(population)
        beads, gap, gap_std = (evaluation.values[f"{self.where}.{k}"] for k in OF_STRUCTURE["stacked-spheres"])
        diameters = population.shape.touching_diameters
        if isinstance(diameters, Lognormal) and diameters.std > BROADEST_STACK * diameters.mean:
            raise InputError(
                f"{self.where}.structure_factor",
                f"spheres whose std is {diameters.std / diameters.mean:.2g} of their mean diameter stand in no "
                f'straight string; "stacked-spheres" is known up to {BROADEST_STACK:g}: make std smaller, or take '
                '"string".',
            )
        diameter, part = sizes(diameters, 6, 1.2 * float(q.max()))
        reach = diameter - 2.0 * layers.depths[0]
        at = enough_q(q, beads * (float(part @ reach) + abs(gap)))
        amplitude = np.zeros((len(at), len(diameter)), dtype=np.complex128)
        for depth, contrast in zip(layers.depths, layers.contrasts, strict=True):
            amplitude += contrast * ball_amplitude(at, diameter - 2.0 * depth)
        excess = np.zeros(len(at))
        for component in (amplitude.real, amplitude.imag):  # terms that mix them cancel: each pair comes in both orders
            if component.any():
                excess += stacked_excess(at, component, reach, part, beads, gap, gap_std)
        return excess if at is q else CubicSpline(at, excess)(q)

    def _smearing(self, evaluation: Evaluation) -> Smearing:
        constant, slope, slit = (
            evaluation.values[f"{self.where}.{k}"] for k in ("q_resolution", "q_resolution_slope", "slit_length")
        )
        width = self.width if self.width.any() else constant + slope * self.measured.x
        return Smearing(self.measured.x, width, self.slit_of_file if self.settings.slit_length is None else slit)

    def assumptions(self, evaluation: Evaluation) -> tuple[Assumption, ...]:
        found = list(super().assumptions(evaluation))
        if self.settings.structure_factor == "none":
            found += self._far_apart(evaluation)
        if self.settings.absolute and self.settings.energy is None:
            found.append(
                Assumption(
                    keys=(f"{self.where}.energy",),
                    taken="none: electrons scatter as free ones, f′ = f″ = 0",
                    case=f"with {COPPER:g} eV",
                    otherwise=replace(self, settings=replace(self.settings, energy=COPPER)),
                )
            )
        for name, population in self.sample.populations.items():
            if population.coating is None:
                declared = population.shape.declared()
                lengths = [f"populations.{name}.{k}" for k, (quantity, _) in declared.items() if quantity.unit == "Å"]
                found.append(
                    Assumption(
                        keys=(f"populations.{name}.coating",),
                        taken="none: the solvent reaches to the crystals",
                        case="with ligands denser than the solvent",
                        moves={a: "smaller" for a in lengths if not a.endswith("std")},
                    )
                )
        return tuple(found)

    def _far_apart(self, evaluation: Evaluation) -> list[Assumption]:
        """Return that crystals do not order, held against hard spheres of their mean size in small number."""
        numbers, now = self.sample.crystal_numbers(evaluation), self.sample.at(evaluation)
        volume = sum(n * (now[name].shape.mean_volume or 0.0) for name, n in numbers.items())
        radius = float(np.cbrt(3.0 * volume / (4.0 * np.pi)))
        crowded = {"effective_radius": radius, "effective_fraction": CROWDED}
        settings = replace(
            self.settings, structure_factor="hard-spheres", effective_radius=radius, effective_fraction=CROWDED
        )
        return [
            Assumption(
                keys=(f"{self.where}.structure_factor",),
                taken='"none": each crystal scatters for itself',
                case=f"with hard spheres that fill {100.0 * CROWDED:g} %",
                instead=[{f"{self.where}.{k}": v for k, v in crowded.items()}],
                otherwise=replace(self, settings=settings),
            )
        ]

    # ---- for the report -----------------------------------------------------------------------

    def components(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        """Return what each population adds; none where a structure factor mixes them."""
        if len(self.sample.populations) < 2 or self.settings.structure_factor != "none":
            return {}
        now, numbers = self.sample.at(evaluation), self.sample.crystal_numbers(evaluation)
        smearing = self._smearing(evaluation)
        factor = evaluation.values[f"{self.where}.scale"] * self._absolute_factor(evaluation, numbers)
        return {
            n: factor * number * smearing(self._mean_square(now[n], smearing.ideal_q)) for n, number in numbers.items()
        }

    def remarks(self, evaluation: Evaluation) -> tuple[str, ...]:
        remarks = []
        for name, population in self.sample.at(evaluation).items():
            layers = self._layers(population)
            contrast = abs(sum(layers.contrasts))
            if contrast < INVISIBLE:
                remarks.append(
                    f"the crystals of {name} differ by {contrast:.2g} e/Å³ from the solvent and are nearly invisible."
                )
            if not self._body(population).exact:
                remarks.append(
                    f"{name} is cut along vectors that are not at right angles: its I(q) is exact to 1e-3 only where q "
                    "times its length is below 20."
                )
        remarks += self._sampling(evaluation)
        return tuple(remarks)

    def _sampling(self, evaluation: Evaluation) -> list[str]:
        """Return a remark where q does not reach down to the largest crystals, or not up to the smallest."""
        if self.measured.observed is None:
            return []
        remarks = []
        highest = float(self._smearing(evaluation).ideal_q.max())
        for name, population in self.sample.at(evaluation).items():
            statistics = population.shape.length_statistics()
            longest = max((s.volume_weighted_mean for s in statistics.values()), default=0.0)
            if self.measured.x[0] * longest > 2.0 * np.pi:
                remarks.append(
                    f"q begins at {self.measured.x[0]:.3g} Å⁻¹, above 2π over the size of {name}, {longest:.4g} Å: "
                    "what is larger than that is not determined."
                )
            if highest * longest > UNRESOLVED and not _all_lognormal(population.shape.shape):
                remarks.append(
                    f"{name} is {longest:.4g} Å large, too large for q up to {highest:.3g} Å⁻¹: give q_range."
                )
        return remarks

    def simulated(self, calculated: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Add counting noise, scaled to `counts` at the highest point, in the unit of the curve; or normal noise."""
        return with_noise(
            calculated, self.settings.noise, self.where, self.technique, ("counts", "sigma"), in_counts=False
        )

    def methods(self) -> tuple[str, ...]:
        arrangement = {
            "none": "",
            "hard-spheres": " with the structure factor of hard spheres by Percus and Yevick (Wertheim, Phys. Rev. "
            "Lett. 10, 321 (1963))",
            "string": " with the structure factor of straight strings of crystals",
            "stacked-spheres": " of spheres that touch in straight strings, their distances following from their sizes",
        }[self.settings.structure_factor]
        return (
            "Small-angle scattering was calculated as the mean square amplitude of homogeneous bodies over "
            f"orientations and sizes{arrangement}, from the overlap of each body with itself displaced (Guinier & "
            "Fournet, Small-Angle Scattering of X-rays, 1955), closed in the size distribution; contrast from the "
            "content of the cell and the solvent.",
        )


def ball_amplitude(q: FloatArray, diameter: FloatArray) -> FloatArray:
    """Return V Φ of spheres, (n_q, n_sizes) Å³; 0 where there is none."""
    x = np.maximum(0.5 * np.outer(q, np.maximum(diameter, 0.0)), 1e-4)
    volume = np.pi / 6.0 * np.maximum(diameter, 0.0) ** 3
    return np.asarray(volume * np.where(x < 1e-2, 1.0 - x * x / 10.0, 3.0 * (np.sin(x) - x * np.cos(x)) / x**3))


def elements_of_crystals(sample: Sample) -> list[str]:
    """Return the elements of all crystals, in alphabetical order."""
    return sorted({e for c in sample.crystals.values() for e in c.elements})


def _all_lognormal(shape: Shape) -> bool:
    """Say whether all lengths that are spread are so by a law that is summed however large its crystals are."""
    spread = [x for x in vars(shape).values() if isinstance(x, Distribution | Histogram)]
    return all(x.distribution == "lognormal" for x in spread)
