"""Pair distribution function G(r) of the sample, by the exact transform of the Debye sum.

Definition
    S(Q) − 1 = Σ_{i≠j} f_i f_j exp(−σ_ij² Q²/2) sin(Q r_ij)/(Q r_ij) / (N ⟨f⟩²),
    F(Q) = Q [S(Q) − 1],
    G(r) = (2/π) ∫_{qmin}^{qmax} F(Q) sin(Q r) dQ
    (Debye, Ann. Phys. 351, 809 (1915); Egami & Billinge, Underneath the Bragg Peaks, 2nd ed. 2012).
    In real space a pair is a Gaussian about r_ij divided by r_ij, of variance
    σ_ij² = (u_i + u_j)(1 − delta1/r − delta2/r² + qbroad² r²),
    weighted by f_i f_j/⟨f⟩² as a function of Q (Waasmaier–Kirfel form factors of neutral atoms).
    delta1 and delta2, the correlated motion, are said of a crystal or, for short, of the data set.
    Resolution multiplies G by exp(−(r qdamp)²/2).

Baseline
    Without qmin the small-angle part is left out, as PDF programs do: G = peaks − 4π r ρ₀ γ₀(r), with
    γ₀ of the shape (1 for bulk). For explicit atoms the small-angle part is that of the atoms
    smeared by Gaussians of 2.5 Å. With qmin nothing is left out and the transform starts at qmin.

Peak form
    peak_form = "pdfgui" divides each Gaussian by r instead of r_ij and weights with the atomic numbers
    instead of f(Q), and multiplies the curve by γ₀(r) at the end, as PDFgui does (Farrow et al., J. Phys.:
    Condens. Matter 19, 335219 (2007)); for comparison. With it the same data give u_iso that differ by
    up to 20 %.

Fitting
    Points of G(r) closer than π/qmax are not independent, so the comparison is made on the Nyquist
    grid r = n π/qmax (Farrow et al., Phys. Rev. B 84, 134105 (2011)); the data are interpolated there.
    With several populations F(Q) is the mean over all atoms of the sample, over one ⟨f⟩².

Checked against
    a direct double sum over the atoms, transformed numerically; diffpy.pdffit2 with "pdfgui" peaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve, read_curve, resolve
from nanocrystal.errors import InputError
from nanocrystal.kernels.pairs import pair_kinds, peak_list
from nanocrystal.kernels.peaks import gaussian_sum
from nanocrystal.parameters import Evaluation, Number, Parameter, Quantity
from nanocrystal.sample import MOTION, PairGrid, PairStructure, Sample
from nanocrystal.tables.elements import atomic_number
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques.base import Axis, Drawing, Measured, Noise, grid_from_text, local_parameters

FloatArray = NDArray[np.float64]
MARGIN = 10.0
"""Å beyond the last point for which pairs are calculated; termination ripples reach that far"""
TAPER = 6.0
"""Å at the end of the margin over which the peaks are faded out"""
OVERSAMPLING = 4
"""how many times finer in Q than the distances require; termination ripples err by 1/(24 OVERSAMPLING²)"""
LONGEST = 1000.0
"""Å; beyond, no instrument's G(r) holds anything"""
SMEARING = 2.5
"""Å; width of the Gaussians that blur explicit atoms to their small-angle scattering"""


@dataclass(frozen=True)
class Pdf:
    """A pair distribution function, measured (`file`) or to be simulated (`r`).

    r_range: Å, both ends included; columns: what the columns of the file are; qmin, qmax: Å⁻¹.
    """

    file: str | Path | None = None
    columns: Sequence[str] | None = None
    r: str | None = None
    r_range: tuple[float, float] | None = None
    qmax: float | None = None
    qmin: float | None = None
    peak_form: Literal["debye", "pdfgui"] = "debye"
    qdamp: Number | None = None
    qbroad: Number | None = None
    delta1: Number | None = None
    delta2: Number | None = None
    scale: Number | None = None
    noise: Noise | None = None

    name: ClassVar[str] = "pdf"
    linear: ClassVar[tuple[str, ...]] = ("scale",)
    quantities: ClassVar[Mapping[str, Quantity]] = {
        "scale": Quantity("scale", "", "scale of the calculated curve", 1.0, scale=0.1),
        "qdamp": Quantity(
            "qdamp", "Å⁻¹", "width of the resolution, damps G(r) by exp(−(r qdamp)²/2)", 0.0, 0.0, 1.0, scale=0.01
        ),
        "qbroad": Quantity("qbroad", "Å⁻¹", "broadening of the peaks with distance", 0.0, 0.0, 1.0, scale=0.01),
        **MOTION,
    }

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        given = {name: getattr(self, name) for name in self.quantities}
        if self.file is None and given["scale"] is None:
            given["scale"] = 1.0
        quantities = {k: q for k, q in self.quantities.items() if k not in MOTION or given[k] is not None}
        return local_parameters(quantities, self.linear, given)

    def bind(self, name: str, sample: Sample, folder: Path = Path()) -> PdfModel:
        """Read the data and return the model of this data set.

        Raises InputError for files and settings that cannot be used.
        """
        where = f"datasets.{name}"
        if (self.file is None) == (self.r is None):
            raise InputError(where, 'needs either a file or, to simulate, r = "START:STOP:STEP".')
        if self.file is not None and self.noise is not None:
            raise InputError(f"{where}.noise", "is for simulated curves; leave it out, or leave out the file.")
        self._check_motion(sample, where)
        curve = None
        if self.file is not None:
            path = resolve(str(self.file), folder, f"{where}.file")
            curve = read_curve(path, columns=self.columns, where=f"{where}.file")
            if (curve.x_name, curve.y_name) not in {("r", "g"), ("x", "y")}:
                raise InputError(
                    f"{where}.file",
                    f"technique pdf needs G over r, but {path.name} holds {curve.y_name} over {curve.x_name}; "
                    'if the columns are r and G all the same, say columns = ["r", "g"].',
                )
        if curve is not None and not np.abs(curve.y).max() < 1e12:
            raise InputError(f"{where}.file", f"{curve.source} holds values up to {np.abs(curve.y).max():.1e} Å⁻².")
        qmax, notes = self._qmax(curve, where)
        qmin = 0.0 if self.qmin is None else self.qmin
        if not 0.0 <= qmin < qmax <= 100.0:
            raise InputError(f"{where}.qmax", f"needs 0 ≤ qmin < qmax ≤ 100 Å⁻¹, got qmin = {qmin:g}, qmax = {qmax:g}.")
        measured = self._measured(curve, qmax, where, notes)
        if measured.x[-1] > LONGEST:
            key = "r_range" if self.r_range else "r"
            raise InputError(f"{where}.{key}", f"goes to {measured.x[-1]:g} Å; G(r) is calculated up to {LONGEST:g} Å.")
        return PdfModel(self, where, sample, measured, qmin, qmax, curve)

    def _check_motion(self, sample: Sample, where: str) -> None:
        """Correlated motion is said of the sample, or for short of a data set; not of both."""
        own = [k for k in MOTION if getattr(self, k) is not None]
        motions = {f"crystals.{n}": c.motion for n, c in sample.crystals.items()}
        motions |= {f"populations.{n}": p.atoms.motion for n, p in sample.populations.items() if p.atoms}
        for place, motion in motions.items():
            if own and motion:
                raise InputError(
                    f"{where}.{own[0]}", f"correlated motion is given by {place}.{next(iter(motion))} too; keep one."
                )

    def _qmax(self, curve: Curve | None, where: str) -> tuple[float, list[str]]:
        try:
            qmax = float(curve.metadata["qmax"]) if curve is not None else None
        except (KeyError, ValueError):
            qmax = None
        if self.qmax is not None:
            if qmax is None or abs(qmax - self.qmax) < 1e-3 * self.qmax:
                return float(self.qmax), []
            note = f"the header of the file says qmax = {qmax:g}, the study {self.qmax:g} Å⁻¹, which is used."
            return float(self.qmax), [note]
        if qmax is None:
            raise InputError(f"{where}.qmax", "is missing: say up to which Q (Å⁻¹) the data were transformed.")
        return qmax, [f"qmax = {qmax:g} Å⁻¹ was taken from the header of the file."]

    def _measured(self, curve: Curve | None, qmax: float, where: str, notes: list[str]) -> Measured:
        step = np.pi / qmax
        if curve is None:
            assert self.r is not None
            r = grid_from_text(self.r, f"{where}.r")
            if r[0] < 0.0:
                raise InputError(f"{where}.r", "must not be negative.")
            return Measured(r, None, None, "none", "simulated", None)
        low, high = self._range(curve, where)
        r = step * np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)
        if len(r) < 5:
            raise InputError(
                f"{where}.r_range",
                f"holds {len(r)} independent points (one each {step:.3f} Å at qmax = {qmax:g}); use a wider range.",
            )
        coarse = float(np.median(np.diff(curve.x)))
        if coarse > 1.05 * step:
            r = curve.x[(curve.x >= low) & (curve.x <= high)]
            notes.append(f"the points are {coarse:.3g} Å apart, more than π/qmax; they are fitted as they are.")
            observed, sigma = np.interp(r, curve.x, curve.y), curve.sigma
        else:
            from scipy.interpolate import CubicSpline

            observed, sigma = np.asarray(CubicSpline(curve.x, curve.y)(r)), curve.sigma
            notes.append(f"compared on the Nyquist grid, r = n π/qmax, a point each {step:.4f} Å.")
        if sigma is not None:
            sigma = np.interp(r, curve.x, sigma)
        if self.r_range is None:
            notes.append(f"no r_range was given: compared from {r[0]:.3g} to {r[-1]:.4g} Å, all there is.")
        weights = "1/σ² with the σ of the file" if sigma is not None else "all points alike (the file has no σ)"
        return Measured(r, observed, sigma, weights, str(self.file), curve.sha256, (*curve.notes, *notes))

    def _range(self, curve: Curve, where: str) -> tuple[float, float]:
        if self.r_range is None:
            return max(float(curve.x[0]), 0.5), float(curve.x[-1])
        low, high = self.r_range
        if not 0.0 <= low < high:
            raise InputError(f"{where}.r_range", f"needs 0 ≤ low < high (Å), got [{low:g}, {high:g}].")
        curve.between(low, high, f"{where}.r_range")
        return low, high


@dataclass(frozen=True)
class PdfModel:
    """A PDF bound to a sample."""

    settings: Pdf
    where: str
    sample: Sample
    measured: Measured
    qmin: float
    qmax: float
    curve: Curve | None

    technique: ClassVar[str] = "pdf"
    x_axis: ClassVar[Axis] = Axis("r", "Å")
    y_axis: ClassVar[Axis] = Axis("G", "Å⁻²")

    @property
    def linear(self) -> tuple[str, ...]:
        return (f"{self.where}.scale",)

    def exact_derivatives(self, evaluation: Evaluation, addresses: Sequence[str]) -> dict[str, FloatArray]:
        return {}

    def background_rows(self) -> tuple[int, ...]:
        return ()

    @property
    def requirement(self) -> PairGrid:
        """Pairs up to beyond the last point; bins fine enough for qmax."""
        return PairGrid(self._r_end + 3.0, min(0.01, 0.25 / self.qmax))

    # ---- the two grids ------------------------------------------------------------------------

    @property
    def _r_end(self) -> float:
        return float(self.measured.x[-1]) + MARGIN

    @cached_property
    def _grid(self) -> tuple[float, int, FloatArray, FloatArray]:
        """Step and number of the r grid, and Q with quadrature weights.

        The grid is OVERSAMPLING times as long as needed, so that the sum over Q stands for the integral;
        qmax lies on the edge of a Q cell, and a cell that qmin cuts counts with its part.
        """
        from scipy.fft import next_fast_len

        n_cells = int(np.ceil(self.qmax * OVERSAMPLING * self._r_end / np.pi))
        dq = self.qmax / (n_cells + 0.5)
        n = next_fast_len(int(np.ceil(5.0 * self.qmax / dq)), real=True)
        step = np.pi / (n * dq)
        q = dq * np.arange(1.0, n_cells + 1.0)
        covered = np.clip((q + dq / 2 - self.qmin) / dq, 0.0, 1.0)
        return step, n, q, covered * dq

    @cached_property
    def _transform(self) -> FloatArray:
        """(2/π) sin(Q r) dQ: from F(Q) to G at the points, (n_points, n_q)."""
        return self._transform_at(self.measured.x)

    def _transform_at(self, r: FloatArray) -> FloatArray:
        _, _, q, weight = self._grid
        return np.asarray(2.0 / np.pi * np.sin(np.outer(r, q)) * weight)

    @cached_property
    def _form_factors(self) -> dict[str, FloatArray]:
        """f(Q) of each element, (n_q,)."""
        _, _, q, _ = self._grid
        elements = {s.element for c in self.sample.crystals.values() for s in c.sites}
        for population in self.sample.populations.values():
            if population.atoms is not None:
                elements |= set(population.atoms.cluster.species)
        if self.settings.peak_form == "pdfgui":
            return {e: np.full(len(q), float(atomic_number(e))) for e in elements}
        return {e: form_factor(e, q) for e in elements}

    # ---- the calculation ----------------------------------------------------------------------

    def curves(self, evaluation: Evaluation) -> FloatArray:
        return (self._transform @ self._reduced_structure(evaluation))[None, :]

    def _reduced_structure(self, evaluation: Evaluation) -> FloatArray:
        return np.asarray(sum(self._partials(evaluation).values()))

    def _partials(self, evaluation: Evaluation) -> dict[tuple[str, str], FloatArray]:
        """Return F(Q) by pair of elements; they add up to F(Q) of the sample."""
        structures = self.sample.pairs(evaluation)
        fractions = self.sample.atom_fractions(evaluation, structures)
        f = self._form_factors
        mean_f = np.asarray(
            sum(
                fractions[name] / s.n_atoms * k.count * k.occupancy * f[k.element]
                for name, s in structures.items()
                for k in s.kinds
            )
        )
        partials: dict[tuple[str, str], FloatArray] = {}
        for name, structure in structures.items():
            factor = 2.0 * fractions[name] / (structure.n_atoms * mean_f**2)
            for row, (a, b) in enumerate(pair_kinds(len(structure.kinds))):
                first, second = structure.kinds[a], structure.kinds[b]
                transformed = self._pair_transform(evaluation, structure, row, a, b)
                weight = first.occupancy * second.occupancy * f[first.element] * f[second.element]
                key = (first.element, second.element)
                if key[::-1] in partials:
                    key = key[::-1]
                partials[key] = partials.get(key, 0.0) + factor * weight * transformed
        return partials

    def _pair_transform(self, evaluation: Evaluation, structure: PairStructure, row: int, a: int, b: int) -> FloatArray:
        """Return Σ_pairs exp(−σ² Q²/2) sin(Q r)/r of one pair kind less its small-angle part, (n_q,)."""
        from scipy.fft import dst

        step, n, q, _ = self._grid
        count, distance, spread, _ = peak_list(structure.moments[row], structure.h)
        pdfgui = self.settings.peak_form == "pdfgui"
        if structure.envelope is not None and not pdfgui:
            count = count * structure.envelope(distance)
        kinds = structure.kinds
        qdamp, qbroad = (evaluation.values[f"{self.where}.{k}"] for k in ("qdamp", "qbroad"))
        delta1, delta2 = self._motion(evaluation, structure)
        motion = np.maximum(1.0 - delta1 / distance - delta2 / distance**2, 0.0)
        variance = (kinds[a].u_iso + kinds[b].u_iso) * (motion + (qbroad * distance) ** 2) + spread
        n_r = min(n, int(self._r_end / step) + 1)
        r = step * np.arange(float(n_r))
        if pdfgui:
            blur = 0.0
            variance = np.maximum(variance, (1.5 * step) ** 2)
            curve = gaussian_sum(*_damped(count, distance, variance, qdamp), step, n_r)
            curve[1:] /= r[1:]
            curve[0] = 0.0
            if structure.envelope is not None:
                curve *= structure.envelope(r)
        else:
            blur = (2.0 * step) ** 2  # keeps the narrowest peak wider than the grid; undone below
            area, centre, damped = _damped(count / distance, distance, variance, qdamp)
            curve = gaussian_sum(area, centre, damped + blur, step, n_r)
        baseline = self._baseline(structure, a, b, r)
        if baseline is not None:
            curve -= baseline * np.exp(-0.5 * (r * qdamp) ** 2)
        if baseline is not None or (len(distance) and self._r_end < distance[-1]):
            curve *= _fade(r, self._r_end)
        padded = np.zeros(n - 1)
        padded[: n_r - 1] = curve[1:n]
        transformed = 0.5 * step * dst(padded, type=1)[: len(q)] * np.exp(0.5 * blur * q**2)
        return transformed + self._small_angle(structure, row, a, b, qdamp)

    def _baseline(self, structure: PairStructure, a: int, b: int, r: FloatArray) -> FloatArray | None:
        """Return the smooth part 4π r ρ γ₀ of one pair kind per unit, each pair once; None for a cluster."""
        if structure.shape_function is None or structure.number_density is None:
            return None
        volume = structure.n_atoms / structure.number_density
        pairs = structure.kinds[a].count * structure.kinds[b].count / volume * (0.5 if a == b else 1.0)
        return 4.0 * np.pi * r * pairs * structure.shape_function(r)

    def _small_angle(self, structure: PairStructure, row: int, a: int, b: int, qdamp: float) -> FloatArray:
        """Return what the transform still lacks of (qmin given) or has too much of the small-angle part."""
        _, _, q, _ = self._grid
        small = np.zeros(len(q))
        if structure.shape_function is None:
            if self.qmin > 0.0:
                return small
            low = q < 8.0 / SMEARING
            count, distance, _, _ = peak_list(structure.moments[row], structure.h)
            sines = np.sin(np.outer(q[low], distance)) @ (count / distance)
            own = 0.5 * structure.kinds[a].count * q[low] if a == b else 0.0
            small[low] = -(sines + own) * np.exp(-0.5 * (SMEARING * q[low]) ** 2)
        elif self.qmin > 0.0 and structure.n_units is not None:
            low = q < 5.0
            reach = self._envelope_reach(structure)
            r = np.linspace(0.0, reach, max(200, int(reach / 0.1)))
            baseline = self._baseline(structure, a, b, r)
            assert baseline is not None
            baseline = baseline * np.exp(-0.5 * (r * qdamp) ** 2)
            small[low] = np.trapezoid(baseline * np.sin(np.outer(q[low], r)), r, axis=1)
        return small

    def _envelope_reach(self, structure: PairStructure) -> float:
        assert structure.shape_function is not None
        reach = 50.0
        while structure.shape_function(np.array([reach]))[0] > 1e-6 and reach < 1e5:
            reach *= 1.5
        return reach

    # ---- for the report -----------------------------------------------------------------------

    def components(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        partials = self._partials(evaluation)
        if len(partials) < 2:
            return {}
        scale = evaluation.values[f"{self.where}.scale"]
        return {f"{a}–{b}": scale * (self._transform @ f) for (a, b), f in partials.items()}

    def remarks(self, evaluation: Evaluation) -> tuple[str, ...]:
        found = []
        for name, structure in self.sample.pairs(evaluation).items():
            delta1, delta2 = self._motion(evaluation, structure)
            nearest = min(float(peak_list(m, structure.h)[1][0]) for m in structure.moments if m[:, 0].any())
            if delta1 / nearest + delta2 / nearest**2 >= 1.0:
                found.append(
                    f"The correlated motion (delta1 = {delta1:.3g} Å, delta2 = {delta2:.3g} Å²) leaves no width to the "
                    f"nearest pairs of {name} at {nearest:.2f} Å; give it a max (delta2 below {nearest**2:.2g} Å²)."
                )
        return tuple(found)

    def _motion(self, evaluation: Evaluation, structure: PairStructure) -> tuple[float, float]:
        """Return delta1 and delta2: those of the data set where it has them, else of the population."""
        values = evaluation.values
        return (
            values.get(f"{self.where}.delta1", structure.delta1),
            values.get(f"{self.where}.delta2", structure.delta2),
        )

    def drawing(self, evaluation: Evaluation) -> Drawing | None:
        if self.curve is None:
            return None
        low, high = self.measured.x[0], self.measured.x[-1]
        inside = (self.curve.x >= low) & (self.curve.x <= high)
        r = self.curve.x[inside]
        if len(r) > 20_000:
            return None
        f = self._reduced_structure(evaluation) * evaluation.values[f"{self.where}.scale"]
        blocks = [self._transform_at(part) @ f for part in np.array_split(r, len(r) // 500 + 1) if len(part)]
        return Drawing(r, self.curve.y[inside], np.concatenate(blocks))

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


def _fade(r: FloatArray, end: float) -> FloatArray:
    """Return 1 falling to 0 as a squared cosine over the last ångströms before `end`."""
    return np.asarray(np.cos(0.5 * np.pi * np.clip((r - end + TAPER) / TAPER, 0.0, 1.0)) ** 2)


def _damped(
    area: FloatArray, centre: FloatArray, variance: FloatArray, qdamp: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return area, centre and variance of Gaussians multiplied by exp(−(r qdamp)²/2): Gaussians again."""
    narrowing = 1.0 + variance * qdamp**2
    factor = np.exp(-0.5 * (centre * qdamp) ** 2 / narrowing) / np.sqrt(narrowing)
    return area * factor, centre / narrowing, variance / narrowing
