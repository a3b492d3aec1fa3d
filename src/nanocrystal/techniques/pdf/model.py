"""The model of a pair distribution function: pairs of the sample to F(Q), F(Q) to G(r); see `pdf`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve
from nanocrystal.errors import InputError
from nanocrystal.kernels.pairs import pair_kinds, peak_list
from nanocrystal.kernels.spline import CubicSpline
from nanocrystal.measurement import Axis, Drawing, Measured, Model
from nanocrystal.measurement.correlated import FittedNoise, whitening
from nanocrystal.measurement.derivatives import (
    PairSlopes,
    at_bins,
    pair_density_slope,
    rows_of_moments,
    stretched,
)
from nanocrystal.parameters import Assumption, Ceiling, Evaluation
from nanocrystal.reduction.noise import sines_below
from nanocrystal.sample import PairGrid, PairStructure, Sample, ShapedDerivatives
from nanocrystal.sample.population import PopulationNow, without_exclusive
from nanocrystal.tables.elements import atomic_number
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques.pdf.noise import LAW, NoiseLaw, slow_curves
from nanocrystal.techniques.pdf.transform import PeakShape, PeakTransform, RadialFunction, ToPoints

if TYPE_CHECKING:
    from nanocrystal.techniques.pdf.technique import Pdf

FloatArray = NDArray[np.float64]
FINER = 4.0
"""times, bins that hold pairs of many sites: what rounds a peak of different distances goes with the third power"""
MARGIN = 10.0
"""Å beyond the last point for which pairs are calculated; termination ripples reach that far"""
SMEARING = 2.5
"""Å; width of the Gaussians that blur explicit atoms to their small-angle scattering"""
MOST_UNSEEN = 0.25
"""of qmax: no measurement begins above it, whatever a header says"""
INSIDE = 0.7
"""of the diameter of a sphere of equal volume: a range that ends below says little of it"""
MOST_DRAWN = 20_000
"""points of a finer curve for figures"""


@dataclass(frozen=True, kw_only=True)
class PdfModel(Model, own=("settings", "sample", "qmin", "qmax", "curve", "blanks")):
    """A PDF bound to a sample."""

    settings: Pdf
    where: str
    sample: Sample
    measured: Measured
    qmin: float
    qmax: float
    curve: Curve | None
    blanks: Mapping[str, Curve]
    inputs: Mapping[str, str] = field(default_factory=dict)

    technique = "pdf"
    transform_of = ("total-scattering",)
    x_axis = Axis("r", "Å")
    y_axis = Axis("G", "Å⁻²")

    @property
    def linear(self) -> tuple[str, ...]:
        return (f"{self.where}.scale", *(f"{self.where}.blanks.{n}.scale" for n in self.blanks))

    def background_rows(self) -> tuple[int, ...]:
        return tuple(range(1, len(self.linear)))

    @cached_property
    def _blanks(self) -> FloatArray:
        """The blanks at the points, (n_blanks, n_points)."""
        return self._blanks_at(self.measured.x)

    def _blanks_at(self, r: FloatArray) -> FloatArray:
        return np.array([between_points(b, r) for b in self.blanks.values()]).reshape(len(self.blanks), len(r))

    @property
    def requirement(self) -> PairGrid:
        """Pairs up to beyond the last point; bins fine enough for qmax, finer where they hold pairs of many sites."""
        width = min(0.01, 0.25 / self.qmax)
        crowded = any(c.has_many_sites for c in self.sample.crystals.values())
        return PairGrid(self._transform.r_end + 3.0, width / FINER if crowded else width)

    @cached_property
    def _transform(self) -> PeakTransform:
        r_end = float(self.measured.x[-1]) + MARGIN
        return PeakTransform(r_end, self.qmin, self.qmax, self.settings.peak_form == "pdfgui")

    @cached_property
    def _to_points(self) -> ToPoints:
        """From F(Q) to G at the points."""
        return self._transform.to_points(self.measured.x)

    # ---- the calculation ----------------------------------------------------------------------

    def curves(self, evaluation: Evaluation) -> FloatArray:
        return np.concatenate([self._to_points(self._reduced_structure(evaluation))[None, :], self._blanks])

    def _reduced_structure(self, evaluation: Evaluation) -> FloatArray:
        return np.asarray(sum(self._partials(evaluation).values()))

    def _partials(self, evaluation: Evaluation) -> dict[tuple[str, str], FloatArray]:
        """Return F(Q) by pair of elements; they add up to F(Q) of the sample."""
        populations, structures = self.sample.at(evaluation), self.sample.pairs(evaluation)
        fractions = self.sample.atom_fractions(evaluation, structures)
        mean_f = sum(fractions[name] * self._mean_form_factor(s) for name, s in structures.items())
        partials: dict[tuple[str, str], FloatArray] = {}
        for name, structure in structures.items():
            terms = self._pair_factors(structure) * self._pair_sums(populations[name], structure)
            for (a, b), term in zip(pair_kinds(len(structure.kinds)), terms, strict=True):
                key = (structure.kinds[a].element, structure.kinds[b].element)
                if key[::-1] in partials:
                    key = key[::-1]
                partials[key] = partials.get(key, 0.0) + fractions[name] / mean_f**2 * term
        return partials

    def _mean_form_factor(self, structure: PairStructure) -> FloatArray:
        """Return the mean f(Q) of the atoms of a population, (n_q,)."""
        total = sum(k.count * k.occupancy * self._form_factors[k.element] for k in structure.kinds)
        return np.asarray(total) / structure.n_atoms

    def _pair_factors(self, structure: PairStructure) -> FloatArray:
        """Return what a pair of each kind counts in F(Q), per atom and before 1/⟨f⟩², (n_pair_kinds, n_q)."""
        amplitudes = [k.occupancy * self._form_factors[k.element] for k in structure.kinds]
        products = [amplitudes[a] * amplitudes[b] for a, b in pair_kinds(len(amplitudes))]
        return 2.0 / structure.n_atoms * np.array(products)

    @cached_property
    def _form_factors(self) -> dict[str, FloatArray]:
        """f(Q) of each element, (n_q,)."""
        q = self._transform.q
        elements = {e for c in self.sample.crystals.values() for e in c.elements}
        for population in self.sample.populations.values():
            elements |= set(population.shape.species)
        if self.settings.peak_form == "pdfgui":
            return {e: np.full(len(q), float(atomic_number(e))) for e in elements}
        return {e: form_factor(e, q) for e in elements}

    # ---- sums over pairs ----------------------------------------------------------------------

    def _pair_sums(self, population: PopulationNow, structure: PairStructure) -> FloatArray:
        """Return Σ_pairs exp(−σ² Q²/2) sin(Q r)/r of each pair kind less its small-angle part, (n_pair_kinds, n_q)."""
        transform, kinds, evaluation = self._transform, pair_kinds(len(structure.kinds)), population.evaluation
        sums = np.zeros((len(kinds), len(transform.q)))
        for row, ((a, b), moments) in enumerate(zip(kinds, structure.each_kind(), strict=True)):
            count, distance, spread, _ = peak_list(moments, structure.h)
            cut = structure.shape_function is not None or (len(distance) > 0 and transform.r_end < distance[-1])
            shape = self._peak_shape(evaluation, structure, a, b)
            sums[row] = transform.of_peaks(count, distance, spread, shape, structure.envelope, cut)
            if structure.shape_function is None and self.qmin == 0.0:
                sums[row] -= self._smeared(structure, a, b, count, distance)
        gamma = structure.shape_function
        if gamma is not None:
            smooth = evaluation.once(
                ("smooth part", population.name, self.where),
                (*structure.depends_on, f"{self.where}.qdamp"),
                lambda: structure.smooth(lambda f: self._smooth(evaluation, f, self._envelope_reach(gamma))),
            )
            sums -= smooth
        return sums

    def _peak_shape(self, evaluation: Evaluation, structure: PairStructure, a: int, b: int) -> PeakShape:
        qdamp, qbroad = (evaluation.values[f"{self.where}.{k}"] for k in ("qdamp", "qbroad"))
        u = structure.kinds[a].u_iso + structure.kinds[b].u_iso
        return PeakShape(u, *self._motion(evaluation, structure), qbroad, qdamp)

    def _smooth(self, evaluation: Evaluation, gamma: RadialFunction, reach: float) -> FloatArray:
        """Return the transform of 4π r γ(r) that is taken away, per pair and Å³; what lies above qmin is kept."""
        qdamp = evaluation.values[f"{self.where}.qdamp"]
        smooth = self._transform.of_smooth(gamma, qdamp)
        if self.qmin > 0.0 and np.isfinite(reach):
            low = self._transform.q[self._transform.q < 5.0]
            r = np.linspace(0.0, reach, max(200, int(reach / 0.1)))
            whole = 4.0 * np.pi * r * gamma(r) * np.exp(-0.5 * (r * qdamp) ** 2)
            smooth[: len(low)] -= np.trapezoid(whole * np.sin(np.outer(low, r)), r, axis=1)
        return smooth

    def _envelope_reach(self, gamma: RadialFunction) -> float:
        """Return beyond which r (Å) hardly any pair is left; infinity for bulk, or where it is not needed."""
        reach = 50.0
        while self.qmin > 0.0 and reach < 1e5 and gamma(np.array([reach]))[0] > 1e-6:
            reach *= 1.5
        return reach if reach < 1e5 else np.inf

    def _smeared(self, structure: PairStructure, a: int, b: int, count: FloatArray, distance: FloatArray) -> FloatArray:
        """Return the small-angle part of one pair kind of a cluster: that of its atoms, blurred, (n_q,)."""
        q = self._transform.q
        low = q < 8.0 / SMEARING
        small = np.zeros(len(q))
        self_term = 0.5 * structure.kinds[a].count * q[low] if a == b else 0.0
        sines = np.sin(np.outer(q[low], distance)) @ (count / distance)
        small[low] = (sines + self_term) * np.exp(-0.5 * (SMEARING * q[low]) ** 2)
        return small

    def _motion(self, evaluation: Evaluation, structure: PairStructure) -> tuple[float, float]:
        """Return delta1 and delta2: those of the data set where it has them, else of the population."""
        values = evaluation.values
        return (
            values.get(f"{self.where}.delta1", structure.delta1),
            values.get(f"{self.where}.delta2", structure.delta2),
        )

    def nothing_seen(self, evaluation: Evaluation) -> str:
        return self.sample.lonely(evaluation)

    def ceilings(self, evaluation: Evaluation) -> tuple[Ceiling, ...]:
        return self.sample.motion_ceilings(evaluation, self.where)

    # ---- exact derivatives --------------------------------------------------------------------

    def exact_derivatives(self, evaluation: Evaluation, addresses: Sequence[str]) -> dict[str, FloatArray]:
        """Exact for what the sample derives: lengths, cell parameters and more of shapes along the lattice.

        The derivatives of the histograms of distances pass through the same sums as the histograms; the smooth
        density of pairs that is taken away, and the parts of several populations, change with them.
        """
        n_bins = int(self.requirement.r_max / evaluation.requirement.h) + 2

        def reduction(moments: FloatArray, strained: bool) -> FloatArray:
            return rows_of_moments(moments[:, :n_bins])

        derived = self.sample.shaped_derivatives(evaluation, addresses, reduction)
        structures, populations = self.sample.pairs(evaluation), self.sample.at(evaluation)
        slopes = PairSlopes(self.sample, evaluation, structures, derived)
        if not slopes.known:
            return {}
        fractions = slopes.fractions
        factors = {name: self._pair_factors(s) for name, s in structures.items()}
        of_atoms = {n: (factors[n] * self._pair_sums(populations[n], s)).sum(axis=0) for n, s in structures.items()}
        mean_factors = {name: self._mean_form_factor(s) for name, s in structures.items()}
        mean_f = np.asarray(sum(fractions[n] * mean_factors[n] for n in structures))
        total = sum(fractions[n] * of_atoms[n] for n in structures) / mean_f**2
        derivatives = {}
        for address in slopes.known:
            change = np.zeros_like(mean_f)
            for name, slope in slopes.of_fractions(address).items():
                change += slope * (of_atoms[name] - 2.0 * total * mean_f * mean_factors[name])
                if name in derived and address in derived[name].pairs_by:
                    sums = self._pair_sum_slopes(populations[name], structures[name], derived[name], address)
                    change += fractions[name] * (factors[name] * sums).sum(axis=0)
            derivatives[address] = np.zeros((len(self.linear), len(self.measured.x)))
            derivatives[address][0] = self._to_points(change / mean_f**2)
        return derivatives

    def _pair_sum_slopes(
        self, population: PopulationNow, structure: PairStructure, by: ShapedDerivatives, address: str
    ) -> FloatArray:
        """Return `_pair_sums` differentiated, (n_pair_kinds, n_q)."""
        evaluation = population.evaluation
        assert structure.n_units is not None
        kinds = pair_kinds(len(structure.kinds))
        moments = by.pairs_by[address].reshape(len(structure.moments), -1, 4)
        if address in by.stretched_by:
            moments = moments + stretched(by.stretched_by[address].reshape(moments.shape))
        # pairs per unit: of a crystal that has so many more pairs, and so many more units
        n_bins = min(moments.shape[1], structure.moments.shape[1])
        moments, more = moments[:, :n_bins], by.blocks_by[address] * structure.moments[:, :n_bins]
        changed = structure.of_kinds((moments - more) / structure.n_units)
        weights = at_bins(without_exclusive(changed, structure.kinds, structure.h))
        sums = np.zeros((len(kinds), len(self._transform.q)))
        for row, (a, b) in enumerate(kinds):
            at = np.flatnonzero(weights[row])
            distance = structure.h * at.astype(np.float64)
            shape = self._peak_shape(evaluation, structure, a, b)
            sums[row] = self._transform.of_peaks(weights[row, at], distance, 0.0, shape, None, True)
        density = pair_density_slope(population, address)
        if density is not None:
            assert structure.shape_function is not None
            smooth = self._smooth(evaluation, density, self._envelope_reach(structure.shape_function))
            sums -= structure.densities[:, None] * smooth
        return sums

    def assumptions(self, evaluation: Evaluation) -> tuple[Assumption, ...]:
        """Return that crystals have no end, which another damping of G(r) is taken for."""
        endless = [n for n, p in self.sample.populations.items() if not p.shape.finite and not p.shape.of_atoms]
        return tuple(
            Assumption(
                keys=(f"populations.{n}.shape",),
                taken="bulk: crystals have no end",
                case="with crystals of a size",
                moves={f"{self.where}.qdamp": "smaller"},
            )
            for n in endless
        )

    # ---- noise --------------------------------------------------------------------------------

    @property
    def weighed_by_noise(self) -> bool:
        return self.settings.covariance == LAW

    def fitted_noise(self, evaluation: Evaluation, residual: FloatArray, slopes: FloatArray) -> FittedNoise | None:
        """Return the noise by the law, where nothing is known of it; what points are weighed by leaves them open."""
        if self.measured.sigma is not None or (self.measured.whitening is not None and not self.weighed_by_noise):
            return None
        mean_f, mean_square = self._mean_factors(evaluation)
        structure = self._reduced_structure(evaluation) / self._transform.q
        law = NoiseLaw(
            to_points=self._to_points,
            mean_f=mean_f,
            intensity=mean_square + mean_f**2 * structure,
        )
        return law.fitted(residual, np.hstack([slopes, self._open_curves]))

    def weighed_by(self, noise: FittedNoise) -> PdfModel:
        return replace(self, measured=replace(self.measured, whitening=whitening(noise.covariance, self._open_curves)))

    @cached_property
    def _open_curves(self) -> FloatArray:
        """What the law does not speak of: what lies below qmin, and varies slowly in F(Q), (n_points, n_open).

        The latter where it weighs the points.
        """
        if not self.weighed_by_noise:
            return sines_below(self.qmin, self.measured.x)
        header, stated = ({}, None) if self.curve is None else (self.curve.metadata, self.curve.stated.qmin)
        first = max(self.qmin, min(stated or 0.0, MOST_UNSEEN * self.qmax))
        slow = slow_curves(self._to_points, header)
        return np.hstack([sines_below(first, self.measured.x), slow])

    def _mean_factors(self, evaluation: Evaluation) -> tuple[FloatArray, FloatArray]:
        """Return ⟨f⟩ and ⟨f²⟩ of the atoms of the sample, (n_q,), whatever the form of the peaks."""
        structures = self.sample.pairs(evaluation)
        fractions = self.sample.atom_fractions(evaluation, structures)
        mean, square = np.zeros(len(self._transform.q)), np.zeros(len(self._transform.q))
        for name, structure in structures.items():
            for kind in structure.kinds:
                part = fractions[name] * kind.count * kind.occupancy / structure.n_atoms
                f = form_factor(kind.element, self._transform.q)
                mean, square = mean + part * f, square + part * f**2
        return mean, square

    # ---- for the report -----------------------------------------------------------------------

    def components(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        scale = evaluation.values[f"{self.where}.scale"]
        return self._named({k: scale * self._to_points(f) for k, f in self._partials(evaluation).items()})

    def _named(self, partials: Mapping[tuple[str, str], FloatArray]) -> dict[str, FloatArray]:
        return {f"{a}–{b}": curve for (a, b), curve in partials.items()} if len(partials) > 1 else {}

    def remarks(self, evaluation: Evaluation) -> tuple[str, ...]:
        remarks = []
        for name, structure in self.sample.pairs(evaluation).items():
            delta1, delta2 = self._motion(evaluation, structure)
            nearest = structure.nearest
            if delta1 / nearest + delta2 / nearest**2 >= 1.0:
                remarks.append(
                    f"The correlated motion (delta1 = {delta1:.3g} Å, delta2 = {delta2:.3g} Å²) leaves no width to the "
                    f"nearest pairs of {name} at {nearest:.2f} Å; give it a max (delta2 below {nearest**2:.2g} Å²)."
                )
        return (*remarks, *self._reach(evaluation))

    def _reach(self, evaluation: Evaluation) -> list[str]:
        """Return remarks on sizes that the range, or a resolution left out, makes worse than their errors say."""
        parts = self.sample.mass_fractions(evaluation)
        sizes = [
            f"populations.{name}"
            for name, population in self.sample.at(evaluation).items()
            if parts[name] > 0.0 and any(p.vary for _, p in population.population.shape.declared().values())
        ]
        if not sizes:
            return []
        remarks = []
        if evaluation.values[f"{self.where}.qdamp"] == 0.0:
            remarks.append(
                f"qdamp is 0: what the resolution of the instrument damps is taken for the size of {', '.join(sizes)}, "
                "which is too small; find qdamp with a standard."
            )
        last = float(self.measured.x[-1])
        for name, population in self.sample.at(evaluation).items():
            volume = population.shape.mean_volume
            across = 0.0 if volume is None else float(np.cbrt(6.0 * volume / np.pi))
            if f"populations.{name}" in sizes and last < INSIDE * across:
                remarks.append(
                    f"the range ends at {last:.3g} Å, inside the crystals of populations.{name} ({across:.3g} Å): "
                    "their size follows from the beginning of its envelope, and its error holds for that form alone."
                )
        return remarks

    def drawing(self, evaluation: Evaluation) -> Drawing | None:
        if self.curve is None:
            return None
        inside = (self.curve.x >= self.measured.x[0]) & (self.curve.x <= self.measured.x[-1])
        r = self.curve.x[inside]
        if not 0 < len(r) <= MOST_DRAWN:
            return None
        scale, partials = evaluation.values[f"{self.where}.scale"], self._partials(evaluation)
        reduced = scale * np.array(list(partials.values()))
        curves = self._transform.to_points(r)(reduced)
        components = self._named(dict(zip(partials, curves, strict=True)))
        background = np.array([evaluation.values[a] for a in self.linear[1:]]) @ self._blanks_at(r)
        return Drawing(r, self.curve.y[inside], curves.sum(axis=0) + background, components)

    def simulated(self, calculated: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Add noise that is white in F(Q) up to qmax: independent on the Nyquist grid, correlated between."""
        noise = self.settings.noise
        if noise is None:
            return calculated, None
        if noise.sigma is None or not noise.sigma > 0.0:
            raise InputError(f"{self.where}.noise", "of a PDF needs sigma, the standard deviation of G (Å⁻²) above 0.")
        step = np.pi / self.qmax
        nodes = np.arange(1, int(self.measured.x[-1] / step) + 200)
        white = np.random.default_rng(noise.seed).normal(0.0, noise.sigma, len(nodes))
        r = self.measured.x[:, None] / step
        added = (np.sinc(r - nodes) - np.sinc(r + nodes)) @ white
        return calculated + added, np.full(len(calculated), noise.sigma)

    def _grid_words(self) -> str:
        if any("Nyquist" in note for note in self.measured.notes):
            return "on the Nyquist grid: Farrow et al., Phys. Rev. B 84, 134105 (2011)"
        return "at the points of the file"

    def methods(self) -> tuple[str, ...]:
        form = (
            "Peaks as PDFgui draws them: Gaussians divided by r, weighted with atomic numbers."
            if self.settings.peak_form == "pdfgui"
            else "Peaks are the exact transform of the Debye sum: Gaussians divided by the pair distance, weighted "
            "with f(Q) of Waasmaier & Kirfel, Acta Cryst. A51, 416 (1995)."
        )
        start = f"from qmin = {self.qmin:g} " if self.qmin else "without the small-angle part, "
        return (
            f"G(r) was calculated from all pair distances of the model, {start}up to qmax = {self.qmax:g} Å⁻¹. {form} "
            "Definitions: Egami & Billinge, Underneath the Bragg Peaks, 2nd ed., Pergamon 2012.",
            "Peak widths: σ² = (u_i + u_j)(1 − delta1/r − delta2/r² + qbroad² r²); resolution: exp(−(r qdamp)²/2). "
            f"The data were compared {self._grid_words()}.",
        )


def between_points(curve: Curve, r: FloatArray) -> FloatArray:
    """Return a measured G at r, by a cubic spline."""
    return CubicSpline(curve.x, curve.y)(r)
