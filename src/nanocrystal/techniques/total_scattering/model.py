"""The model of total scattering: pairs of the sample to I(Q), and what the instrument adds; see `total_scattering`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.debye import debye_intensity
from nanocrystal.kernels.pairs import pair_kinds, peak_list
from nanocrystal.kernels.sine import SineTransform
from nanocrystal.measurement import Axis, CurveModel
from nanocrystal.measurement.derivatives import (
    PairSlopes,
    at_bins,
    crystal_numbers,
    rows_of_moments,
    stretched,
)
from nanocrystal.parameters import Assumption, Ceiling, Evaluation
from nanocrystal.sample import PairGrid, PairStructure, Sample, ShapedDerivatives
from nanocrystal.sample.crystal.crystal import EXCLUSIVE_DISTANCE
from nanocrystal.sample.pairs.lattice_pairs import Reduction
from nanocrystal.sample.pairs.pair_structure import enveloped
from nanocrystal.tables.beam import EV_ANGSTROM
from nanocrystal.tables.form_factors import absorption_edges, anomalous_factor, form_factor
from nanocrystal.techniques.total_scattering.instrument import (
    elements_of,
    finer_grid,
    incoherent,
    polarization,
    recoil,
    smeared,
)

if TYPE_CHECKING:
    from nanocrystal.techniques.total_scattering.technique import TotalScattering

FloatArray = NDArray[np.float64]
COARSER = 4
"""bins of derivatives over those of the pairs; their error, (Q h)⁴/2000, is then below 1e-4"""
NEAR = 12.0
"""Å; correlated motion reaches that far"""
USUAL_Q = (3.0, 35.0)
"""Å⁻¹; where data end elsewhere their abscissa may have been misread"""
OF_CONTRAST = ("*.occupancy", "*.substitution.*.fraction", "populations.*_fraction")
"""what follows from how strongly elements scatter"""
EDGE = 50.0
"""eV; so near an absorption edge f′ and f″ of free atoms do not hold"""


class IdealGrid(NamedTuple):
    """The Q (Å⁻¹) at which the curve is calculated before the instrument, and a name for this set of them."""

    q: FloatArray
    name: str


@dataclass(frozen=True, kw_only=True)
class TotalScatteringModel(CurveModel, own=("sample", "q", "width")):
    """Total scattering bound to a sample; q: (n_points,) Å⁻¹ of the points; width: the resolution of the file, or 0."""

    settings: TotalScattering
    sample: Sample
    x_axis: Axis
    q: FloatArray
    wavelength: float | None = field()
    width: FloatArray

    technique = "total-scattering"
    y_axis = Axis("intensity", "")

    @property
    def called(self) -> str:
        return "total scattering"

    @property
    def terms(self) -> int:
        return self.settings.background_terms

    @property
    def requirement(self) -> PairGrid:
        """All pairs of the crystals, in bins fine enough for the largest Q."""
        return PairGrid(0.0, min(0.005, 0.125 / float(self.q.max())), whole=True)

    def signal(self, evaluation: Evaluation) -> FloatArray:
        grid = self._ideal_grid(evaluation)
        parts = self._intensities(evaluation, grid)
        ideal = np.asarray(sum(parts.values())) + self._incoherent(evaluation, grid)
        return self._through_instrument(evaluation, ideal)[None, :]

    def _incoherent(self, evaluation: Evaluation, grid: IdealGrid) -> FloatArray:
        """Return the incoherent scattering of the mean nanocrystal, recoil included, on a grid of Q."""
        if not self.settings.compton:
            return np.zeros(len(grid.q))
        structures = self.sample.pairs(evaluation)
        numbers = crystal_numbers(self.sample.atom_fractions(evaluation, structures), structures)
        free = sum(numbers[n] * (s.n_units or 1.0) * incoherent(s, grid.q) for n, s in structures.items())
        part = evaluation.values[f"{self.where}.compton_scale"]
        return np.asarray(part * free * recoil(grid.q, self.wavelength))

    # ---- exact derivatives --------------------------------------------------------------------

    def exact_derivatives(self, evaluation: Evaluation, addresses: Sequence[str]) -> dict[str, FloatArray]:
        """Exact for what the sample derives: lengths, cell parameters and more of shapes along the lattice."""
        structures = self.sample.pairs(evaluation)
        if not _exclusions_alone(structures) or self.settings.compton:
            return {}
        grid = self._ideal_grid(evaluation)
        derived = self.sample.shaped_derivatives(
            evaluation, addresses, self._reduction(evaluation, structures), _coarser(structures)
        )
        slopes = PairSlopes(self.sample, evaluation, structures, derived)
        if not slopes.known:
            return {}
        numbers = slopes.numbers
        of_crystals = {
            n: (s.n_units or 1.0) * self._of_population(evaluation, (n, s), grid) for n, s in structures.items()
        }
        h = _coarser(structures) * evaluation.requirement.h
        grown = {n: self._crystal_slopes(evaluation, structures[n], by, grid, h) for n, by in derived.items()}
        derivatives: dict[str, FloatArray] = {}
        for address in slopes.known:
            slope = sum(numbers[n] * by[address] for n, by in grown.items() if address in by)
            for name, change in slopes.of_numbers(address).items():
                slope = slope + change * of_crystals[name]
            derivatives[address] = np.zeros((len(self.linear), len(self.q)))
            derivatives[address][0] = self._through_instrument(evaluation, np.asarray(slope))
        return derivatives

    def nothing_seen(self, evaluation: Evaluation) -> str:
        return self.sample.lonely(evaluation)

    def ceilings(self, evaluation: Evaluation) -> tuple[Ceiling, ...]:
        return self.sample.motion_ceilings(evaluation, self.where)

    def _reduction(self, evaluation: Evaluation, structures: Mapping[str, PairStructure]) -> Reduction:
        """Return the sums over sin(Qr)/(Qr), or of their change with the distance, without exclusive pairs.

        With correlated motion the moments of near pairs follow them.
        """
        grid = self._ideal_grid(evaluation)
        h = _coarser(structures) * evaluation.requirement.h
        partly = any(k.occupancy < 1.0 for s in structures.values() for k in s.kinds)
        nearest = int(EXCLUSIVE_DISTANCE / h) + 1 if partly else 0
        near = int(NEAR / h) if any(s.delta1 or s.delta2 for s in structures.values()) else 0

        def reduction(moments: FloatArray, strained: bool) -> FloatArray:
            if nearest:
                moments = moments.copy()
                moments[:, :nearest] = 0.0
            transform = self._transform(evaluation, h, moments.shape[1], grid)
            sums = transform(moments)
            if strained:
                sums = transform(moments, "cos") - sums
            return np.concatenate([sums, rows_of_moments(moments[:, :near])], axis=1) if near else sums

        return reduction

    def _crystal_slopes(
        self, evaluation: Evaluation, structure: PairStructure, by: ShapedDerivatives, grid: IdealGrid, h: float
    ) -> dict[str, FloatArray]:
        """Return how I(Q) of the mean crystal of a population changes with each parameter."""
        slopes, q = {}, grid.q
        factors = np.array([self._form_factor(evaluation, k.element, grid) for k in structure.kinds])
        for address, pairs in by.pairs_by.items():
            sums = structure.of_kinds(pairs + by.stretched_by.get(address, 0.0))
            slopes[address] = self._debye(structure, sums[:, : len(grid.q)], by.blocks_by[address], factors, grid.q)
        if slopes and (structure.delta1 or structure.delta2):
            near = at_bins(np.array([structure.of_kinds(_near_moments(by, a, len(q))) for a in slopes]))
            at = np.flatnonzero(near.any(axis=(0, 1)))
            counts = [(h * at.astype(np.float64), near[:, row, at].T) for row in range(near.shape[1])]
            for address, added in zip(slopes, _correlated(structure, q, factors, counts).T, strict=True):
                slopes[address] = slopes[address] + added
        return slopes

    # ---- intensities --------------------------------------------------------------------------

    def _debye(
        self, structure: PairStructure, sums: FloatArray, units: float, factors: NDArray[Any], q: FloatArray
    ) -> FloatArray:
        """Return the intensity of so many units with these pair sums; factors: (n_kinds, n_q)."""
        u_iso, occupancy = (np.array([getattr(k, n) for k in structure.kinds]) for n in ("u_iso", "occupancy"))
        counts = units * np.array([k.count for k in structure.kinds])
        return debye_intensity(q, sums, factors, u_iso, occupancy, counts)

    def _transform(self, evaluation: Evaluation, h: float, n_bins: int, grid: IdealGrid) -> SineTransform:
        key = ("sine transform", self.where, h == evaluation.requirement.h)
        return evaluation.once(key, (), lambda: SineTransform(h, n_bins, grid.q), (h, n_bins, grid.name))

    # ---- the sample ---------------------------------------------------------------------------

    def _intensities(self, evaluation: Evaluation, grid: IdealGrid) -> dict[str, FloatArray]:
        """Return what each population adds to I(Q) of the mean nanocrystal on a grid of Q."""
        structures = self.sample.pairs(evaluation)
        numbers = crystal_numbers(self.sample.atom_fractions(evaluation, structures), structures)
        return {
            n: numbers[n] * (s.n_units or 1.0) * self._of_population(evaluation, (n, s), grid)
            for n, s in structures.items()
        }

    def _of_population(self, evaluation: Evaluation, named: tuple[str, PairStructure], grid: IdealGrid) -> FloatArray:
        """Return I(Q) per unit (block, cell or cluster) of one population."""
        name, structure = named
        n_bins, q = structure.moments.shape[1], grid.q
        sums = evaluation.once(
            ("sums", name, self.where),
            structure.depends_on,
            lambda: self._transform(evaluation, structure.h, n_bins, grid)(_enveloped(structure)),
            (grid.name,),
        )
        factors = np.array([self._form_factor(evaluation, k.element, grid) for k in structure.kinds])
        intensity = self._debye(structure, structure.of_kinds(sums), 1.0, factors, q)
        if structure.delta1 or structure.delta2:
            moments = structure.of_kinds(_enveloped(structure)[:, : int(NEAR / structure.h)])
            near = [peak_list(m, structure.h)[:2] for m in moments]
            counts = [(distance, count[:, None]) for count, distance in near]
            intensity = intensity + _correlated(structure, q, factors, counts)[:, 0]
        return intensity

    def _form_factor(self, evaluation: Evaluation, element: str, grid: IdealGrid) -> NDArray[Any]:
        def of_element() -> NDArray[Any]:
            f: NDArray[Any] = form_factor(element, grid.q)
            if self.wavelength is not None and self.settings.anomalous:
                f = f + anomalous_factor(element, EV_ANGSTROM / self.wavelength)
            return f

        return evaluation.once(("form factor", self.where, element), (), of_element, (grid.name,))

    # ---- the instrument -----------------------------------------------------------------------

    def _ideal_grid(self, evaluation: Evaluation) -> IdealGrid:
        """Return the Q at which the ideal curve is needed: finer than the points to be smeared."""
        width = self._widths(evaluation)
        if not width.any():
            return IdealGrid(self.q, "points")
        longest = max(s.h * s.moments.shape[1] for s in self.sample.pairs(evaluation).values())
        grid = finer_grid(self.q, width, longest)
        return IdealGrid(grid, f"{len(grid)} from {grid[0]:.6f} to {grid[-1]:.6f}")

    def _widths(self, evaluation: Evaluation) -> FloatArray:
        if self.width.any():
            return self.width
        constant, slope = (evaluation.values[f"{self.where}.{k}"] for k in ("q_resolution", "q_resolution_slope"))
        return np.asarray(constant + slope * self.q)

    def _through_instrument(self, evaluation: Evaluation, ideal: FloatArray) -> FloatArray:
        """Return what the instrument makes of a curve on the ideal grid: resolution, polarisation; at the points."""
        width = self._widths(evaluation)
        if width.any():
            ideal = smeared(ideal, self._ideal_grid(evaluation).q, self.q, width)
        part = evaluation.values[f"{self.where}.polarization"]
        if part == 0.0 or self.wavelength is None:  # what is refined or stated has one, checked by `bind`
            return ideal
        return ideal * polarization(self.q, self.wavelength, part)

    def assumptions(self, evaluation: Evaluation) -> tuple[Assumption, ...]:
        found = list(super().assumptions(evaluation))
        if self.settings.compton is None:
            scattered = {f"{self.where}.compton_scale": 1.0}
            found.append(
                Assumption(
                    keys=(f"{self.where}.compton",),
                    taken="false: incoherent scattering is subtracted, or is background",
                    case="with it in the data",
                    instead=[scattered],
                    otherwise=replace(self, settings=replace(self.settings, compton=True)),
                )
            )
        if self.wavelength is None:
            found.append(
                Assumption(
                    keys=(f"{self.where}.wavelength",),
                    taken="none: atoms scatter as far from their edges, f′ = f″ = 0",
                    case="with f′ and f″",
                    moves=dict.fromkeys(OF_CONTRAST, ""),
                )
            )
        return tuple(found)

    # ---- for the report -----------------------------------------------------------------------

    def components(self, evaluation: Evaluation) -> dict[str, FloatArray]:
        scale, grid = evaluation.values[f"{self.where}.scale"], self._ideal_grid(evaluation)
        parts = self._intensities(evaluation, grid)
        if self.settings.compton:
            parts = {**parts, "incoherent": self._incoherent(evaluation, grid)}
        if len(parts) < 2:
            return {}
        return {n: scale * self._through_instrument(evaluation, part) for n, part in parts.items()}

    def remarks(self, evaluation: Evaluation) -> tuple[str, ...]:
        return (*self._doubts_on_axis(), *self._needless_exclusions(), *self._edges(), *self._floor(evaluation))

    def _doubts_on_axis(self) -> list[str]:
        highest = float(self.q.max())
        if self.measured.observed is None or USUAL_Q[0] <= highest <= USUAL_Q[1]:
            return []
        if self.x_axis.name != "Q":
            other = 'Q, say columns = ["q", "intensity"]'
            return [] if highest > USUAL_Q[1] else [_doubt(highest, f"if the first column of the file is {other}")]
        if highest < USUAL_Q[0]:
            per_nm = self.settings.q_unit == "1/nm"
            return [_doubt(highest, "if the file is in Å⁻¹, leave q_unit out")] if per_nm else []
        two_theta = 'if it is 2θ, say columns = ["two_theta", "intensity"]'
        return [_doubt(highest, f'if the file is in nm⁻¹, say q_unit = "1/nm"; {two_theta}')]

    def _needless_exclusions(self) -> list[str]:
        x = self.measured.x
        return [
            f"exclude = [{low:g}, {high:g}] leaves nothing out: the data go from {x[0]:g} to {x[-1]:g} "
            f"{self.x_axis.unit}."
            for low, high in self.settings.exclude or ()
            if high < x[0] or low > x[-1]
        ]

    def _edges(self) -> list[str]:
        if self.wavelength is None or not self.settings.anomalous:
            return []
        energy = EV_ANGSTROM / self.wavelength
        return [
            f"{energy:.0f} eV is {abs(energy - at):.0f} eV {'below' if energy < at else 'above'} the {edge} edge of "
            f"{element} ({at:.0f} eV): f′ and f″ are uncertain there; so is the scale of this element."
            for element in elements_of(self.sample)
            for edge, at in absorption_edges(element).items()
            if abs(energy - at) <= EDGE
        ]

    def _floor(self, evaluation: Evaluation) -> list[str]:
        """Return a remark where the data have a floor that the model, without any background, has not."""
        observed, sigma = self.measured.observed, self.measured.sigma
        if observed is None or len(self.linear) > 1:
            return []
        calculated = evaluation.values[self.linear[0]] * self.curves(evaluation)[0]
        at = int(np.argmin(calculated))
        floor, lowest = float(observed.min()), float(calculated[at])
        noise = float(np.std(observed - calculated)) if sigma is None else float(sigma[at])
        if floor < 1.2 * lowest or floor - lowest < 3.0 * noise:
            return []
        return [
            f"the data nowhere fall below {floor:.4g}, the model does, to {lowest:.4g} at {self.x_axis.name} = "
            f"{self.measured.x[at]:.4g} {self.x_axis.unit}: give background_terms, or a blank."
        ]

    def methods(self) -> tuple[str, ...]:
        anomalous = " with f′ and f″ of Chantler (xraydb)" if self.wavelength and self.settings.anomalous else ""
        return (
            "I(Q) was calculated by the Debye equation (Debye, Ann. Phys. 351, 809 (1915)) from all pairs of atoms of "
            "the populations, sizes averaged in closed form; form factors of Waasmaier & Kirfel, Acta Cryst. A51, 416 "
            f"(1995){anomalous}. Sums over pairs by moment histograms and short Fourier transforms, exact to 1e-6.",
        )


def _doubt(highest: float, hint: str) -> str:
    return f"Q goes to {highest:.3g} Å⁻¹, which is unusual; {hint}."


def _enveloped(structure: PairStructure) -> FloatArray:
    """Return the moments with the envelope of a finite shape."""
    if structure.envelope is None:
        return structure.moments
    r = structure.h * np.arange(float(structure.moments.shape[1]))
    return enveloped(structure.moments, structure.envelope(r))


def _correlated(
    structure: PairStructure, q: FloatArray, f: NDArray[Any], near: Sequence[tuple[FloatArray, FloatArray]]
) -> FloatArray:
    """Return what correlated motion adds to I(Q), over pairs nearer than NEAR, (n_q, n_sets).

    near: for each pair kind distances (n,) and how many pairs there are, (n, n_sets).
    """
    added = np.zeros((len(q), near[0][1].shape[1]))
    for (a, b), (distance, counts) in zip(pair_kinds(len(structure.kinds)), near, strict=True):
        first, second = structure.kinds[a], structure.kinds[b]
        motion = np.clip(structure.delta1 / distance + structure.delta2 / distance**2, 0.0, 1.0)
        total = first.u_iso + second.u_iso
        damping = np.exp(-0.5 * total * np.outer(q**2, 1.0 - motion)) - np.exp(-0.5 * total * q**2)[:, None]
        pairs = (damping * np.sinc(np.outer(q, distance) / np.pi)) @ counts
        product = (f[a] * np.conj(f[b])).real
        added += (2.0 * product * first.occupancy * second.occupancy)[:, None] * pairs
    return added


def _coarser(structures: Mapping[str, PairStructure]) -> int:
    """Return how many times wider the bins of derivatives are; near pairs with correlated motion need fine ones."""
    return 1 if any(s.delta1 or s.delta2 for s in structures.values()) else COARSER


def _near_moments(by: ShapedDerivatives, address: str, n_q: int) -> FloatArray:
    """Return how the moments of near pairs change with a parameter, (n_pair_kinds, n_bins, 4)."""
    pairs = by.pairs_by[address][:, n_q:]
    moments = pairs.reshape(len(pairs), -1, 4)
    if address in by.stretched_by:
        moments = moments + stretched(by.stretched_by[address][:, n_q:].reshape(moments.shape))
    return moments


def _exclusions_alone(structures: Mapping[str, PairStructure]) -> bool:
    """Say whether places that are not split keep the distance at which places exclude each other."""
    for structure in structures.values():
        nearest = int(EXCLUSIVE_DISTANCE / structure.h) + 1
        partly = any(k.occupancy < 1.0 for k in structure.kinds)
        if partly and structure.moments[:, :nearest].any():
            return False
    return True
