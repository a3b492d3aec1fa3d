"""The model of a powder pattern: phases by their amounts, free intensities, background, derivatives; see `powder`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.measurement import Axis, CurveModel
from nanocrystal.measurement.points import TWO_THETA
from nanocrystal.parameters import (
    Assumption,
    Derivation,
    DerivedQuantity,
    Evaluation,
    Meaning,
    Parameter,
    ParameterSet,
    Values,
    of_measurement,
)
from nanocrystal.parameters.address import Address, dataset_of
from nanocrystal.parameters.difference import difference
from nanocrystal.sample import Sample
from nanocrystal.techniques.powder.free import free_intensities, without
from nanocrystal.techniques.powder.microabsorption import COARSE, Absorber, particle_factors
from nanocrystal.techniques.powder.phase import Phase, step_of_peaks
from nanocrystal.techniques.powder.said import Reflections, amount_remarks, cell_remarks, width_remarks

if TYPE_CHECKING:
    from nanocrystal.techniques.powder.technique import Powder

FloatArray = NDArray[np.float64]
BY_STANDARD = "by an internal standard"
DERIVES: Mapping[str, Derivation] = {
    "microabsorption": Derivation(
        "",
        "τ of Brindley, by which the phase is weakened",
        of_measurement("microabsorption", "τ of Brindley, spheres of the stated diameter"),
    ),
    "mass_fraction_of_mixture": Derivation(
        "",
        "part of the mass, amorphous included",
        Meaning("mass fraction", "of a population in the whole mixture, amorphous and standard included").more(
            BY_STANDARD
        ),
    ),
    "amorphous_fraction": Derivation(
        "",
        "amorphous part of the mass of the mixture",
        Meaning("mass fraction", "of what is amorphous in the whole mixture, standard included").more(BY_STANDARD),
    ),
    "amorphous_fraction_without_standard": Derivation(
        "",
        "amorphous part of the mass of all but the standard",
        Meaning("mass fraction", "of what is amorphous in the mixture without the standard").more(BY_STANDARD),
    ),
}
TEXTURED = 0.9
"""ratio of March and Dollase of a weak texture, that shall tell what rests on none"""
RESTING = 3.0
"""standard errors; the cell and profile of a phase that has come to contribute less stay where they are"""


@dataclass(frozen=True, kw_only=True)
class PowderModel(CurveModel, own=("sample", "phases", "intensities", "check_reach")):
    """A powder pattern bound to a sample."""

    settings: Powder
    sample: Sample
    phases: tuple[Phase, ...]

    technique = "powder"
    x_axis = TWO_THETA.axis
    y_axis = Axis("intensity", "")

    @property
    def wavelength(self) -> float:
        """The first one, Å."""
        return self.phases[0].beam.wavelengths[0]

    @property
    def called(self) -> str:
        return "a powder pattern"

    @property
    def terms(self) -> int:
        return self.settings.background_terms

    def signal(self, evaluation: Evaluation) -> FloatArray:
        amounts = self._seen_amounts(evaluation)
        pattern = sum((amounts[p.name] * self._pattern(evaluation, p) for p in self._structured), self._zeros)
        shapes = self._family_patterns(evaluation)
        for name, squared in self.intensities(evaluation).items():
            pattern = pattern + squared @ shapes[name]
        return np.asarray(pattern)[None, :]

    @property
    def _structured(self) -> list[Phase]:
        """The phases whose intensities follow from their structure."""
        return [p for p in self.phases if not p.free]

    # ---- microabsorption ----------------------------------------------------------------------

    def _seen_amounts(self, evaluation: Evaluation) -> dict[str, float]:
        """Return the mass fractions as they are seen: times τ where particles have diameters."""
        amounts = self.sample.mass_fractions(evaluation)
        if not self._absorbers:
            return amounts
        factors = particle_factors(self._absorbers, amounts)
        return {n: amount * factors[n] for n, amount in amounts.items()}

    @cached_property
    def _absorbers(self) -> dict[str, Absorber]:
        """All phases with the cells and occupancies at the start; none where no particle has a diameter."""
        if all(p.profile.particle_diameter is None for p in self.phases):
            return {}
        return {p.name: p.at(self._start).absorber() for p in self.phases}

    def _pattern(self, evaluation: Evaluation, phase: Phase) -> FloatArray:
        """Return what a dalton of a phase shows, (n_points,)."""
        key, axis = ("pattern", self.where, phase.name), phase.profile.texture_axis
        return evaluation.once(key, phase.addresses, lambda: phase.at(evaluation).pattern(self.measured.x), (axis,))

    @property
    def _zeros(self) -> FloatArray:
        return np.zeros(len(self.measured.x))

    @property
    def _sigma(self) -> FloatArray:
        return np.ones(len(self.measured.x)) if self.measured.sigma is None else self.measured.sigma

    # ---- free intensities ---------------------------------------------------------------------

    def _family_patterns(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        """Return phase -> the patterns of its families with |F|² = 1, (n_families, n_points); of free phases."""
        patterns = {}
        for p in self.phases:
            if p.free:
                compute = partial(p.at(evaluation).patterns_of_families, self.measured.x)
                patterns[p.name] = evaluation.once(("families", self.where, p.name), p.addresses, compute)
        return patterns

    def intensities(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        """Return free phase -> |F|² of its families (n_families,), over the scale; not below 0."""
        if len(self._structured) == len(self.phases):
            return {}
        addresses = [a for p in self.phases for a in p.addresses]
        fractions = [f"populations.{n}.{p.fraction_basis}" for n, p in self.sample.populations.items()]
        decisive = dict.fromkeys([*addresses, *fractions, *self._stated_linear])
        return evaluation.once(("free intensities", self.where), decisive, lambda: self._solved_intensities(evaluation))

    @cached_property
    def _stated_linear(self) -> tuple[str, ...]:
        """The linear parameters that have a number in the study."""
        declared = self.settings.declared()
        return tuple(a for a in self.linear if not declared[Address.of(a).local][1].linear)

    def _solved_intensities(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        """Return the intensities that fit best, beside the scale of the other phases and the background."""
        assert self.measured.observed is not None
        values, scale_address = evaluation.values, self.linear[0]
        shapes = self._family_patterns(evaluation)
        amounts = self._seen_amounts(evaluation)
        rows = dict(zip(self.linear[1:], self._background, strict=True))
        if self._structured:
            structured = sum((amounts[p.name] * self._pattern(evaluation, p) for p in self._structured), self._zeros)
            rows = {scale_address: structured, **rows}
        residual = self.measured.observed - sum(
            (values[a] * rows[a] for a in self._stated_linear if a in rows), self._zeros
        )
        beside = {a: row / self._sigma for a, row in rows.items() if a not in self._stated_linear}
        joined = np.concatenate(list(shapes.values())) / self._sigma
        intensities, coefficients = free_intensities(
            joined, np.array([*beside.values()]).reshape(-1, len(residual)), residual / self._sigma
        )
        scale = dict(zip(beside, coefficients.tolist(), strict=True)).get(scale_address)
        if scale is None:
            scale = values[scale_address] if scale_address in self._stated_linear else 1.0
        ends = np.cumsum([len(s) for s in shapes.values()])[:-1]
        return dict(zip(shapes, np.split(intensities / (scale if scale > 0.0 else 1.0), ends), strict=True))

    # ---- exact derivatives --------------------------------------------------------------------

    def exact_derivatives(self, evaluation: Evaluation, addresses: Sequence[str]) -> dict[str, FloatArray]:
        """Exact for all: peaks are differenced, which are smooth to rounding, the profiles derived.

        The cell and profile of a phase that has faded away have none, lest they wander through the noise.
        """
        resting = self._resting(evaluation)
        amounts = self._seen_amounts(evaluation)
        slopes = {a: self._zeros for a in addresses if a not in self.linear}
        for address, change in self._amount_slopes(evaluation, list(slopes)).items():
            for phase in self._structured:
                if change[phase.name] != 0.0:
                    slopes[address] = slopes[address] + change[phase.name] * self._pattern(evaluation, phase)
        for phase in self.phases:
            moving = [a for a in slopes if a in phase.addresses and not (phase.name in resting and a in phase.of_phase)]
            amount = 1.0 if phase.free else amounts[phase.name]
            if moving and amount != 0.0:
                factors = self.intensities(evaluation).get(phase.name, 1.0)
                rows = phase.at(evaluation).slopes(self.measured.x, moving, factors)
                for address, row in zip(moving, rows, strict=True):
                    slopes[address] = slopes[address] + amount * row
        return self._as_curves(self._beside_intensities(evaluation, slopes))

    def _as_curves(self, slopes: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return slopes of the first row of the curves as slopes of all rows."""
        curves = {address: np.zeros((len(self.linear), len(self.measured.x))) for address in slopes}
        for address, slope in slopes.items():
            curves[address][0] = slope
        return curves

    def _amount_slopes(self, evaluation: Evaluation, addresses: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return how the amounts that are seen change with each address of the sample."""
        names, values = list(self._seen_amounts(evaluation)), evaluation.values

        def amounts_at(address: str, value: float) -> FloatArray:
            amounts = self._seen_amounts(evaluation.at(values.moved({address: value})))
            return np.array([amounts[n] for n in names])

        def slopes(address: str) -> dict[str, float]:
            value = values[address]
            by_name = difference(partial(amounts_at, address), value, step_of_peaks(value))
            return dict(zip(names, by_name.tolist(), strict=True))

        return {address: slopes(address) for address in addresses if dataset_of(address) is None}

    def _beside_intensities(self, evaluation: Evaluation, slopes: dict[str, FloatArray]) -> dict[str, FloatArray]:
        """Return slopes without what the intensities that are free would make up for."""
        shapes, intensities = self._family_patterns(evaluation), self.intensities(evaluation)
        if not shapes or not slopes:
            return slopes
        active = np.concatenate([shapes[n][intensities[n] > 0.0] for n in shapes])
        projected = without(np.array(list(slopes.values())), active, self._sigma)
        return dict(zip(slopes, projected, strict=True))

    # ---- what follows -------------------------------------------------------------------------

    def idle(self) -> Mapping[str, str]:
        words = "shapes do not broaden the peaks of a powder pattern"
        return {
            f"populations.{p.name}.{k}": f"{words}, {p.in_profile('size')} does"
            for p in self.phases
            if p.finite
            for k in self.sample.populations[p.name].shape.declared()
        }

    def of_population(self, name: str) -> tuple[str, ...]:
        return tuple(a for p in self.phases if p.name == name for a in p.of_profile)

    def assumptions(self, evaluation: Evaluation) -> tuple[Assumption, ...]:
        found = list(super().assumptions(evaluation))
        found += [self._without_texture(p) for p in self._structured if p.profile.texture_axis is None]
        amounts = [f"populations.{p.name}.{self.sample.populations[p.name].fraction_basis}" for p in self.phases]
        if len(self.phases) > 1 and self.settings.standard is None:
            found.append(
                Assumption(
                    keys=(f"{self.where}.standard",),
                    taken="none: nothing is amorphous, amounts are those of what is crystalline",
                    case="with an amorphous part",
                    moves=dict.fromkeys(amounts, "smaller"),
                )
            )
        return tuple(found)

    def _without_texture(self, phase: Phase) -> Assumption:
        axis = (0, 0, 1)
        profile = replace(phase.profile, texture_axis=axis)
        phases = tuple(replace(p, profile=profile) if p is phase else p for p in self.phases)
        return Assumption(
            keys=(phase.in_profile("texture"),),
            taken="1: crystals lie in all directions alike",
            case=f"with {TEXTURED:g} about [{' '.join(map(str, axis))}]",
            instead=[{phase.in_profile("texture"): TEXTURED}],
            otherwise=replace(self, phases=phases, where=self.where),
        )

    def _resting(self, evaluation: Evaluation) -> list[str]:
        """Return the phases that have faded away since the start."""
        amounts, start = self.sample.mass_fractions(evaluation), self._starting_amounts
        faded = [n for n, significance in self._significance(evaluation).items() if significance < RESTING]
        return [n for n in faded if amounts[n] != start[n]]

    def _significance(self, evaluation: Evaluation) -> dict[str, float]:
        """Return how many standard errors each phase contributes; infinite where that is not known.

        Those of its amount beside the amounts of the others and the background, cells and profiles held.
        """
        significance = {p.name: float("inf") for p in self.phases}
        if self.measured.sigma is None:
            return significance
        sigma = self.measured.sigma
        amounts = self._seen_amounts(evaluation)
        scale = abs(evaluation.values[self.linear[0]])
        rows = {p.name: self._pattern(evaluation, p) / sigma for p in self._structured}
        for name, row in rows.items():
            others = [other for n, other in rows.items() if n != name]
            beside = np.array([*others, *(self._background / sigma)]).reshape(-1, len(sigma)).T
            solved = np.linalg.lstsq(beside, row, rcond=None)[0]
            significance[name] = float(scale * amounts[name] * np.linalg.norm(row - beside @ solved))
        return significance

    def derived(self, values: Values) -> dict[str, DerivedQuantity]:
        """Return what microabsorption was taken as, and what follows from an internal standard."""
        factors = particle_factors(self._absorbers, self.sample.mass_fractions(Evaluation(values)))
        derived = {
            f"{self.where}.microabsorption.{n}": DERIVES["microabsorption"].of(t)
            for n, t in factors.items()
            if self._absorbers[n].diameter is not None
        }
        return derived | self._of_standard(values)

    def _of_standard(self, values: Values) -> dict[str, DerivedQuantity]:
        """Return mass fractions of the whole mixture and its amorphous part, from an internal standard."""
        standard, weighed = self.settings.standard, self.settings.standard_fraction
        if standard is None or weighed is None:
            return {}
        amounts = self.sample.mass_fractions(Evaluation(values))
        if not amounts[standard] > 0.0:
            return {}
        whole = {n: w * weighed / amounts[standard] for n, w in amounts.items()}
        amorphous = 1.0 - sum(whole.values())
        fractions = {
            f"{self.where}.mass_fraction_of_mixture.{n}": DERIVES["mass_fraction_of_mixture"].of(w)
            for n, w in whole.items()
        }
        fractions[f"{self.where}.amorphous_fraction"] = DERIVES["amorphous_fraction"].of(
            amorphous, f"amorphous part of the mass of the mixture, by the standard {standard}"
        )
        fractions[f"{self.where}.amorphous_fraction_without_standard"] = DERIVES[
            "amorphous_fraction_without_standard"
        ].of(amorphous / (1.0 - weighed), f"amorphous part of the mass of all but the standard {standard}")
        return fractions

    # ---- for the report -----------------------------------------------------------------------

    def components(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        if len(self.phases) < 2:
            return {}
        scale, amounts = evaluation.values[self.linear[0]], self._seen_amounts(evaluation)
        components = {p.name: scale * amounts[p.name] * self._pattern(evaluation, p) for p in self._structured}
        shapes = self._family_patterns(evaluation)
        return components | {n: scale * (i @ shapes[n]) for n, i in self.intensities(evaluation).items()}

    def ticks(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        """Return where the reflections of each phase are seen, by the first line, degrees."""
        return {p.name: p.at(evaluation).places(self.measured.x) for p in self.phases}

    def check_reach(self) -> None:
        """Raise InputError where a phase has no reflection in the range, at the values that it starts with."""
        for phase in self.phases:
            if not len(phase.at(self._start).places(self.measured.x)):
                raise InputError(
                    f"populations.{phase.name}",
                    f"has no reflection between 2θ = {self.measured.x[0]:g}° and {self.measured.x[-1]:g}°; check the "
                    "wavelength, the range and the cell, or leave the population out.",
                )

    @cached_property
    def _start(self) -> Evaluation:
        declared = {  # what ties say is known only to the whole study
            f"{self.where}.{k}": (quantity, parameter if parameter.tie is None else Parameter(quantity.default))
            for k, (quantity, parameter) in self.settings.declared().items()
        }
        return Evaluation(ParameterSet(self.sample.declared_alone() | declared).initial_values())

    @cached_property
    def _starting_amounts(self) -> dict[str, float]:
        return self.sample.mass_fractions(self._start)

    def remarks(self, evaluation: Evaluation) -> tuple[str, ...]:
        remarks = []
        for phase in self.phases:
            where = f"populations.{phase.name}"
            if phase.finite:
                size = f"profiles.{phase.name}.size"
                remarks.append(f"the shape of {where} does not broaden its peaks here; {size} does.")
            if phase.free:
                n = len(self.intensities(evaluation)[phase.name])
                remarks.append(f"{n} intensities of {where} were left free, so its mass fraction means nothing.")
        remarks += self._coarse()
        remarks += self._worth(evaluation)
        return (*remarks, *self._amorphous_doubts(evaluation.values), *self._narrow(evaluation.values))

    def _worth(self, evaluation: Evaluation) -> list[str]:
        """Return what cells, amounts and sizes of this pattern are worth."""
        settings, values = self.settings, evaluation.values
        declared = settings.declared()
        varied = {k for k, (_, p) in declared.items() if p.vary}
        cells = []
        if settings.tube is not None and settings.geometry == "bragg-brentano" and settings.standard is None:
            which = next((k for k in ("displacement", "zero") if k in varied), "")
            reflections = [
                Reflections(p.name, p.at(evaluation).places(self.measured.x), self._lengths(p, values))
                for p in self.phases
            ]
            shift = values[f"{self.where}.displacement"] if "displacement" in declared else 0.0
            cells = cell_remarks(reflections, shift, settings.radius, which)
        widths = [k for k in ("caglioti_u", "caglioti_v", "caglioti_w", "lorentz_x", "lorentz_y") if k in varied]
        sizes = [k for k in varied if k.endswith((".size", ".strain"))]
        amounts = []
        if any(p.vary for p in self._amounts_declared()) and self.measured.observed is not None:
            flat = settings.geometry == "bragg-brentano" and values[f"{self.where}.overflow_angle"] == 0.0
            fractions = self.sample.mass_fractions(evaluation)
            amounts = amount_remarks(self._fine_absorbers(), fractions, overflow=not flat)
        return [*cells, *amounts, *width_remarks(widths, sorted(sizes), settings.standard is not None)]

    def _lengths(self, phase: Phase, values: Values) -> dict[str, float]:
        declared = phase.crystal.declared()
        return {k: values[f"{phase.prefix}.{k}"] for k in ("a", "b", "c") if k in declared and declared[k][1].vary}

    def _amounts_declared(self) -> list[Parameter]:
        return [p.declared()[p.fraction_basis][1] for p in self.sample.populations.values()]

    def _fine_absorbers(self) -> dict[str, Absorber]:
        """Return all phases as they absorb; none where one has free intensities or tables are not installed."""
        if any(p.free for p in self.phases) or self._absorbers:
            return {}
        try:
            return {p.name: p.at(self._start).absorber() for p in self.phases}
        except InputError:
            return {}

    def _coarse(self) -> list[str]:
        """Return a remark on each phase whose particles are too coarse for Brindley."""
        remarks = []
        for name, absorber in self._absorbers.items():
            product = 1e-4 * absorber.absorption * (absorber.diameter or 0.0)
            if product > COARSE:
                remarks.append(
                    f"particles of {name} of {absorber.diameter:g} µm absorb with μ D = {product:.2g}, above "
                    f"{COARSE:g}: their correction for microabsorption is doubtful."
                )
        return remarks

    def _amorphous_doubts(self, values: Values) -> list[str]:
        amorphous = self._of_standard(values).get(f"{self.where}.amorphous_fraction")
        if amorphous is None or amorphous.value >= 0.0:
            return []
        return [
            f"the amorphous fraction is negative ({amorphous.value:.3g}): the standard scatters less than it should "
            "(microabsorption, texture, u_iso), or standard_fraction is too large."
        ]

    def _narrow(self, values: Values) -> list[str]:
        u, v, w = (values[f"{self.where}.caglioti_{k}"] for k in "uvw")
        tangent = np.tan(np.radians(self.measured.x / 2.0))
        if np.all(u * tangent**2 + v * tangent + w >= 0.0):
            return []
        return ["caglioti_u, _v, _w make the square of a width negative within the range; it was taken as 0 there."]

    def methods(self) -> tuple[str, ...]:
        anomalous = " with f′ and f″ of Chantler (xraydb)" if self.settings.anomalous else ""
        lines = " and ".join(f"{w:.6g}" for w in self.phases[0].beam.wavelengths)
        return (
            f"The powder pattern ({self.settings.geometry}, {lines} Å) was calculated by the Rietveld method with "
            "structure factors from the refined crystals, form factors of Waasmaier & Kirfel, Acta Cryst. A51, 416 "
            f"(1995){anomalous}, and pseudo-Voigt profiles of Thompson, Cox & Hastings, J. Appl. Cryst. 20, 79 (1987). "
            "Mass fractions follow from one scale and the masses and volumes of the cells (Hill & Howard, J. Appl. "
            f"Cryst. 20, 467 (1987)){self._microabsorption_words()}. Sizes use the Scherrer constant "
            f"{self.settings.scherrer_constant:g}.",
        )

    def _microabsorption_words(self) -> str:
        sized = {n: a.diameter for n, a in self._absorbers.items() if a.diameter is not None}
        if not sized:
            return ""
        listed = ", ".join(f"{n} {d:g} µm" for n, d in sized.items())
        return f", with microabsorption by Brindley, Phil. Mag. 36, 347 (1945), for spheres ({listed})"
