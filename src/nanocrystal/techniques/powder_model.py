"""The model of a powder pattern: reflections of the sample to peaks, and peaks to a curve; see `powder`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.kernels.profile import Peaks, peak_slopes, peak_sum
from nanocrystal.parameters import Evaluation, ParameterSet, Values
from nanocrystal.sample import Sample
from nanocrystal.sample.crystal import Crystal
from nanocrystal.sample.derived import DerivedQuantity
from nanocrystal.sample.reflections import (
    Families,
    cosines_to,
    crystal_families,
    crystal_reflections,
    squared_factors,
)
from nanocrystal.tables.form_factors import anomalous_factor, form_factor
from nanocrystal.techniques.base import Axis, Drawing, Measured
from nanocrystal.techniques.powder_data import TWO_THETA
from nanocrystal.techniques.powder_instrument import (
    Angles,
    Line,
    centres,
    chebyshev,
    march_dollase,
    peaks_of,
)

if TYPE_CHECKING:
    from nanocrystal.techniques.powder import Powder, Profile

FloatArray = NDArray[np.float64]
HC = 12398.419843320026
"""eV Å (exact SI values)"""
LEAST = 1e-6
"""of the highest peak of a phase: where tails are cut"""
BEYOND = 4.0
"""°; reflections so far above the range still count"""
CELL_STEP = 0.02
"""relative change of a cell after which its list of reflections is made anew; it always reaches farther"""
STEP = 1e-5
"""relative step of differences of peaks, which are smooth to rounding"""
SIGNIFICANT = 4.0
"""standard errors; a phase that contributes less has no cell and no profile"""
MOST_COUNTS = 1e15
"""at the highest point of a simulated curve; more cannot be drawn from Poisson's law"""
INSTRUMENT = (
    "zero", "displacement", "polarization", "kalpha2_ratio", "mu_r", "caglioti_u", "caglioti_v", "caglioti_w",
    "lorentz_x", "lorentz_y", "asymmetry", "asymmetry_2",
)  # fmt: skip
SAMPLE = {"size": 1e6, "strain": 0.0, "texture": 1.0}
"""of populations without a profile"""


@dataclass(frozen=True)
class Phase:
    """A population as a phase; prefix: the address of its crystal; finite: whether its crystals have a shape."""

    name: str
    crystal: Crystal
    prefix: str
    profile: Profile
    finite: bool


@dataclass(frozen=True)
class PowderModel:
    """A powder pattern bound to a sample; wavelengths: one, or those of a doublet, Å."""

    settings: Powder
    where: str
    sample: Sample
    measured: Measured
    wavelengths: tuple[float, ...]
    phases: tuple[Phase, ...]
    blanks: Mapping[str, FloatArray]

    technique: ClassVar[str] = "powder"
    x_axis: ClassVar[Axis] = TWO_THETA
    y_axis: ClassVar[Axis] = Axis("intensity", "")
    requirement: ClassVar[Any] = None
    """no pairs"""

    @property
    def wavelength(self) -> float:
        """The first one, Å."""
        return self.wavelengths[0]

    @property
    def linear(self) -> tuple[str, ...]:
        own = ["scale", *(f"background.c{k}" for k in range(self.settings.background_terms))]
        return tuple(f"{self.where}.{n}" for n in [*own, *(f"blanks.{n}.scale" for n in self.blanks)])

    def background_rows(self) -> tuple[int, ...]:
        return tuple(range(1, len(self.linear)))

    def curves(self, evaluation: Evaluation) -> FloatArray:
        amounts = self.sample.mass_fractions(evaluation.values)
        pattern = sum(amounts[p.name] * self._pattern(evaluation, p) for p in self.phases)
        return np.concatenate([np.asarray(pattern)[None, :], self._background])

    @cached_property
    def _background(self) -> FloatArray:
        """Chebyshev polynomials and blanks, (n_background, n_points)."""
        rows = [*chebyshev(self.measured.x, self.settings.background_terms), *self.blanks.values()]
        return np.array(rows).reshape(-1, len(self.measured.x))

    # ---- patterns of phases -------------------------------------------------------------------

    def _pattern(self, evaluation: Evaluation, phase: Phase) -> FloatArray:
        """Return what a dalton of a phase shows, (n_points,)."""
        return evaluation.once(
            f"pattern of {phase.name} in {self.where}",
            self._addresses(phase),
            lambda: peak_sum(self.measured.x, self._peaks(evaluation.values, phase), LEAST),
        )

    def _addresses(self, phase: Phase) -> tuple[str, ...]:
        """Return the addresses on which the pattern of a phase depends."""
        return (*self._of_crystal(phase), *self._of_profile(phase), *(f"{self.where}.{k}" for k in INSTRUMENT))

    def _of_crystal(self, phase: Phase) -> tuple[str, ...]:
        return tuple(f"{phase.prefix}.{k}" for k in phase.crystal.declared())

    def _of_profile(self, phase: Phase) -> tuple[str, ...]:
        if phase.name not in self.settings.profiles:
            return ()
        keys = [k for k in SAMPLE if k != "texture" or phase.profile.texture_axis is not None]
        return tuple(f"{self.where}.profiles.{phase.name}.{k}" for k in keys)

    def _peaks(self, values: Values, phase: Phase, strength: tuple[FloatArray, FloatArray] | None = None) -> Peaks:
        """Return the peaks of a dalton of a phase; strength: that of the reflections where it is known."""
        q, areas = strength or self._strength(values, phase, self._families(values, phase))
        own = {k: values[f"{self.where}.{k}"] for k in INSTRUMENT}
        return peaks_of(q, areas, self._lines(own["kalpha2_ratio"]), self.settings, own, self._profile(values, phase))

    def _lines(self, ratio: float) -> list[Line]:
        if len(self.wavelengths) == 1:
            return [Line(self.wavelength, 1.0)]
        first, second = self.wavelengths
        return [Line(first, 1.0 / (1.0 + ratio)), Line(second, ratio / (1.0 + ratio))]

    def _profile(self, values: Values, phase: Phase) -> dict[str, float]:
        return {k: values.get(f"{self.where}.profiles.{phase.name}.{k}", v) for k, v in SAMPLE.items()}

    def _strength(self, values: Values, phase: Phase, families: Families) -> tuple[FloatArray, FloatArray]:
        """Return Q of the reflections (Å⁻¹) and m |F|² T λ³/(V M), (n,) each."""
        crystal, prefix = phase.crystal, phase.prefix
        found = crystal_reflections(crystal, values, prefix, families)
        factors = np.array([self._form_factor(e, found.q) for e in found.elements])
        vectors = crystal.vectors(values, prefix)
        texture = self._texture(phase, families, vectors, self._profile(values, phase)["texture"])
        per_dalton = 1.0 / (crystal.cell_volume(values, prefix) * crystal.cell_mass(values, prefix))
        strength = families.multiplicity * squared_factors(found, factors) * texture
        return found.q, np.asarray(self.wavelength**3 * per_dalton * strength)

    def _form_factor(self, element: str, q: FloatArray) -> NDArray[np.complex128]:
        return np.asarray(form_factor(element, q) + self._anomalous[element])

    @cached_property
    def _anomalous(self) -> dict[str, complex]:
        elements = {e for p in self.phases for e in p.crystal.elements}
        if not self.settings.anomalous:
            return dict.fromkeys(elements, 0j)
        return {e: anomalous_factor(e, HC / self.wavelength) for e in elements}

    def _texture(self, phase: Phase, families: Families, vectors: FloatArray, ratio: float) -> FloatArray:
        """Return the mean of March and Dollase's function over the members of each family, (n,)."""
        axis = phase.profile.texture_axis
        if axis is None:
            return np.ones(len(families))
        odds = march_dollase(cosines_to(families.equivalents, axis, vectors), ratio)
        total = np.bincount(families.family, weights=odds, minlength=len(families))
        return np.asarray(total / families.multiplicity)

    def _families(self, values: Values, phase: Phase) -> Families:
        """Return the reflections of a phase up to beyond the range, whatever small changes of the cell there are."""
        cell = [values[a] for a in phase.crystal.cell_addresses(phase.prefix)]
        key = (phase.name, *(round(np.log(v) / CELL_STEP) for v in cell))
        if key not in self._lists:
            while len(self._lists) > 4 * len(self.phases):
                del self._lists[next(iter(self._lists))]
            vectors = phase.crystal.vectors(values, phase.prefix)
            self._lists[key] = crystal_families(phase.crystal, vectors, self._farthest * (1.0 + 2.0 * CELL_STEP))
        return self._lists[key]

    @cached_property
    def _lists(self) -> dict[tuple[Any, ...], Families]:
        return {}

    @property
    def _farthest(self) -> float:
        """Q up to which reflections count, Å⁻¹."""
        highest = min(float(self.measured.x[-1]) + BEYOND, 179.0)
        return float(4.0 * np.pi * np.sin(np.radians(highest / 2.0)) / min(self.wavelengths))

    # ---- exact derivatives --------------------------------------------------------------------

    def exact_derivatives(self, evaluation: Evaluation, addresses: Sequence[str]) -> dict[str, FloatArray]:
        """Exact for all: peaks are differenced, which are smooth to rounding, the profiles derived."""
        amounts = self.sample.mass_fractions(evaluation.values)
        known = [a for a in addresses if not self._is_linear(a)]
        found = {a: np.zeros((len(self.linear), len(self.measured.x))) for a in known}
        for address, change in self._amount_slopes(evaluation.values, known).items():
            for phase in self.phases:
                if change[phase.name] != 0.0:
                    found[address][0] += change[phase.name] * self._pattern(evaluation, phase)
        for phase in self.phases:
            own = [a for a in known if a in self._addresses(phase)]
            if own and amounts[phase.name] != 0.0:
                slopes = self._pattern_slopes(evaluation, phase, own)
                for address, slope in zip(own, slopes, strict=True):
                    found[address][0] += amounts[phase.name] * slope
        return found

    def _is_linear(self, address: str) -> bool:
        return address in self.linear

    def _amount_slopes(self, values: Values, addresses: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return how the mass fractions change with each address of the sample."""
        found = {}
        for address in addresses:
            if not address.startswith("datasets."):
                below, above = (self.sample.mass_fractions(v) for v in _sides(values, address))
                width = 2.0 * _step(values[address])
                found[address] = {n: (above[n] - below[n]) / width for n in above}
        return found

    def _pattern_slopes(self, evaluation: Evaluation, phase: Phase, addresses: Sequence[str]) -> FloatArray:
        """Return how the pattern of a dalton of a phase changes with each address, (n_addresses, n_points)."""
        values = evaluation.values
        families = self._families(values, phase)
        strength = self._strength(values, phase, families)
        of_strength = {*self._of_crystal(phase), f"{self.where}.profiles.{phase.name}.texture"}

        def peaks(there: Values, anew: bool) -> FloatArray:
            known = self._strength(there, phase, families) if anew else strength
            return self._peaks(there, phase, known).stacked()

        changes = []
        for address in addresses:
            below, above = (peaks(v, address in of_strength) for v in _sides(values, address))
            changes.append((above - below) / (2.0 * _step(values[address])))
        base = self._peaks(values, phase, strength)
        return peak_slopes(self.measured.x, base, np.array(changes), LEAST)

    # ---- what follows -------------------------------------------------------------------------

    def meaningless(self, evaluation: Evaluation) -> set[str]:
        """Return the addresses of phases that the data do not show: their cells, atoms and profiles."""
        shown = self._shown(evaluation)
        absent = [p for p in self.phases if not shown[p.name]]
        kept = {a for p in self.phases if shown[p.name] for a in self._of_crystal(p)}
        return {a for p in absent for a in (*self._of_crystal(p), *self._of_profile(p)) if a not in kept}

    def _shown(self, evaluation: Evaluation) -> dict[str, bool]:
        """Say of each phase whether it contributes more than `SIGNIFICANT` of its standard errors."""
        if self.measured.sigma is None:
            return {p.name: True for p in self.phases}
        amounts = self.sample.mass_fractions(evaluation.values)
        sigma = self.measured.sigma
        rows = {p.name: self._pattern(evaluation, p) / sigma for p in self.phases}
        scale = abs(evaluation.values[self.linear[0]])
        found = {}
        for phase in self.phases:
            others = [row for name, row in rows.items() if name != phase.name]
            beside = np.concatenate([np.array(others).reshape(-1, len(sigma)), self._background / sigma]).T
            solved = np.linalg.lstsq(beside, rows[phase.name], rcond=None)[0]
            left = np.linalg.norm(rows[phase.name] - beside @ solved)
            found[phase.name] = bool(scale * amounts[phase.name] * left > SIGNIFICANT)
        return found

    def derived(self, values: Values) -> dict[str, DerivedQuantity]:
        """Return mass fractions of the whole mixture and its amorphous part, from an internal standard."""
        standard, weighed = self.settings.standard, self.settings.standard_fraction
        if standard is None or weighed is None:
            return {}
        amounts = self.sample.mass_fractions(values)
        if not amounts[standard] > 0.0:
            return {}
        whole = {n: w * weighed / amounts[standard] for n, w in amounts.items()}
        amorphous = 1.0 - sum(whole.values())
        found = {
            f"{self.where}.mass_fraction_of_mixture.{n}": DerivedQuantity(w, "", "part of the mass, amorphous included")
            for n, w in whole.items()
        }
        found[f"{self.where}.amorphous_fraction"] = DerivedQuantity(
            amorphous, "", f"amorphous part of the mass of the mixture, by the standard {standard}"
        )
        found[f"{self.where}.amorphous_fraction_without_standard"] = DerivedQuantity(
            amorphous / (1.0 - weighed), "", f"amorphous part of the mass of all but the standard {standard}"
        )
        return found

    # ---- for the report -----------------------------------------------------------------------

    def components(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        if len(self.phases) < 2:
            return {}
        scale, amounts = evaluation.values[self.linear[0]], self.sample.mass_fractions(evaluation.values)
        return {p.name: scale * amounts[p.name] * self._pattern(evaluation, p) for p in self.phases}

    def ticks(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        """Return where the reflections of each phase are seen, by the first line, degrees."""
        values, x = evaluation.values, self.measured.x
        own = {k: values[f"{self.where}.{k}"] for k in INSTRUMENT}
        found = {}
        for phase in self.phases:
            q, strength = self._strength(values, phase, self._families(values, phase))
            angles = Angles.of(q[strength > 1e-6 * strength.max(initial=0.0)], self.wavelength)
            places = centres(angles, self.settings, own)[angles.reached]
            found[phase.name] = places[(places >= x[0]) & (places <= x[-1])]
        return found

    def check_reach(self) -> None:
        """Raise InputError where a phase has no reflection in the range, at the values that it starts with."""
        declared = self.sample.declared_alone()
        declared |= {f"{self.where}.{k}": v for k, v in self.settings.declared().items()}
        untied = {a: (q, p if p.tie is None else type(p)(q.default)) for a, (q, p) in declared.items()}
        values = ParameterSet(untied).initial_values()
        for name, places in self.ticks(Evaluation(values)).items():
            if not len(places):
                raise InputError(
                    f"populations.{name}",
                    f"has no reflection between 2θ = {self.measured.x[0]:g}° and {self.measured.x[-1]:g}°; check the "
                    "wavelength, the range and the cell, or leave the population out.",
                )

    def remarks(self, evaluation: Evaluation) -> tuple[str, ...]:
        shown = self._shown(evaluation)
        found = [
            f"populations.{p.name} contributes less than {SIGNIFICANT:g} of its standard errors: it is not seen, and "
            "its cell and profile are not determined."
            for p in self.phases
            if not shown[p.name]
        ]
        found += [
            f"the shape of populations.{p.name} does not broaden its peaks here; profiles.{p.name}.size does."
            for p in self.phases
            if p.finite
        ]
        found += [
            f"the intensities of populations.{p.name} were left free, so its mass fraction means nothing."
            for p in self.phases
            if p.profile.intensities == "free"
        ]
        amorphous = self.derived(evaluation.values).get(f"{self.where}.amorphous_fraction")
        if amorphous is not None and amorphous.value < 0.0:
            found.append(
                f"the amorphous fraction is negative ({amorphous.value:.3g}): the standard scatters less than it should "
                "(microabsorption, texture, u_iso), or standard_fraction is too large."
            )
        return (*found, *self._narrow(evaluation))

    def _narrow(self, evaluation: Evaluation) -> list[str]:
        u, v, w = (evaluation.values[f"{self.where}.caglioti_{k}"] for k in "uvw")
        tangent = np.tan(np.radians(self.measured.x / 2.0))
        if np.all(u * tangent**2 + v * tangent + w > 0.0):
            return []
        return ["caglioti_u, _v, _w make the square of a width negative within the range; it was taken as 0 there."]

    def drawing(self, evaluation: Evaluation) -> Drawing | None:
        return None

    def simulated(self, calculated: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Add counting noise: the curve is scaled to `counts` at its highest point and drawn from Poisson's law."""
        noise = self.settings.noise
        if noise is None:
            return calculated, None
        if noise.counts is None or not 0.0 < noise.counts <= MOST_COUNTS:
            raise InputError(
                f"{self.where}.noise", f"of a powder pattern needs counts at the highest point, up to {MOST_COUNTS:g}."
            )
        if not calculated.max() > 0.0:
            raise InputError(f"{self.where}.scale", "leaves no intensity above 0 to be counted; give a scale above 0.")
        factor = noise.counts / float(calculated.max())
        drawn = np.random.default_rng(noise.seed).poisson(np.maximum(calculated * factor, 0.0)).astype(np.float64)
        return drawn, np.sqrt(np.maximum(drawn, 1.0))

    def methods(self) -> tuple[str, ...]:
        anomalous = " with f′ and f″ of Chantler (xraydb)" if self.settings.anomalous else ""
        lines = " and ".join(f"{w:.6g}" for w in self.wavelengths)
        return (
            f"The powder pattern ({self.settings.geometry}, {lines} Å) was calculated by the Rietveld method with "
            "structure factors from the refined crystals, form factors of Waasmaier & Kirfel, Acta Cryst. A51, 416 "
            f"(1995){anomalous}, and pseudo-Voigt profiles of Thompson, Cox & Hastings, J. Appl. Cryst. 20, 79 (1987). "
            "Mass fractions follow from one scale and the masses and volumes of the cells (Hill & Howard, J. Appl. "
            f"Cryst. 20, 467 (1987)). Sizes use the Scherrer constant {self.settings.scherrer_constant:g}.",
        )


def _step(value: float) -> float:
    return STEP * max(abs(value), 1e-2)


def _sides(values: Values, address: str) -> tuple[dict[str, float], dict[str, float]]:
    """Return the values with one of them a step smaller and larger."""
    step = _step(values[address])
    return {**values, address: values[address] - step}, {**values, address: values[address] + step}
