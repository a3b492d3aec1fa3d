"""The way from scans of an edge to normalised μ(E) and χ(k) with σ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from nanocrystal.arrays import ComplexArray, FloatArray
from nanocrystal.data.xas import AbsorptionSignal
from nanocrystal.errors import InputError
from nanocrystal.reduction.xas.autobk import ETOK, K_STEP, Autobk, Normalised, ranges_of
from nanocrystal.reduction.xas.edge import NEAR, check_in_scan, steepest, table_energy
from nanocrystal.reduction.xas.noise import ExafsNoise, ToR, noise_of
from nanocrystal.reduction.xas.scans import Align, Merged, merged, within, without_points
from nanocrystal.reduction.xas.settings import XrayAbsorption

SHORTEST = 5.0
"""Å⁻¹: a scan that ends before has no EXAFS that can be told from its background"""
FIRST_K = 3.0
"""Å⁻¹, from where χ(R) and noise are taken where k_range is not given"""
STEPS_DIFFER = 0.1
"""part of the step by which scans may differ before it is said"""
NOISE_DIFFERS = 1.5
"""ratio of the two ways to the noise before it is said"""
COLOURED = 1.25
"""ratio of noise near and far in R before it is said"""
SHOWN_TO = 10.0
"""Å, of χ(R)"""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReducedAbsorption:
    """A reduced scan of an edge: μ(E), normalised μ(E), and χ(k) with its noise.

    Parameters
    ----------
    name : str
        Of the reduction
    settings : XrayAbsorption
        As they were used, with e0 and all ranges
    energy : array (n,)
        eV
    mu : array (n,)
        The mean of all scans
    pre_edge, post_edge : array (n,)
        The lines before and behind the edge, in units of mu
    norm, flat : array (n,)
        mu without the line before the edge over the step; without the bend of the line behind it, too
    step : float
        Of the edge, in units of mu
    k : array (n_k,)
        Å⁻¹, from 0 in even steps; empty where the scan is too short
    chi : array (n_k,)
        χ(k), not weighted
    sigma : array (n_k,)
        Its standard deviation
    background : array (n_k,)
        What AUTOBK takes for μ of an atom alone, in units of mu, at the energies of k
    r : array (n_r,)
        Å
    chi_r : array (n_r,)
        The transform of k^w χ(k), complex
    noise : ExafsNoise or None
        Where sigma comes from
    scans : sequence of str
        The scans that were merged
    shifts : sequence of float
        eV that each was shifted by
    notes : sequence of str
        What to know, one sentence each
    """

    name: str
    settings: XrayAbsorption
    energy: FloatArray
    mu: FloatArray
    pre_edge: FloatArray
    post_edge: FloatArray
    norm: FloatArray
    flat: FloatArray
    step: float
    k: FloatArray
    chi: FloatArray
    sigma: FloatArray
    background: FloatArray
    r: FloatArray
    chi_r: ComplexArray
    noise: ExafsNoise | None
    scans: Sequence[str] = ()
    shifts: Sequence[float] = ()
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def e0(self) -> float:
        """Where k is 0, eV."""
        assert self.settings.e0 is not None
        return self.settings.e0


def reduced_absorption(
    signals: Sequence[AbsorptionSignal],
    settings: XrayAbsorption,
    name: str = "",
    where: str = "",
    *,
    energy_range: tuple[float, float] | None = None,
    deglitch: Sequence[float] = (),
    reference: Align = "none",
) -> ReducedAbsorption:
    """Return normalised μ(E) and χ(k) with σ of the scans of one edge.

    Parameters
    ----------
    signals : sequence of AbsorptionSignal
        μ(E) of each scan
    settings : XrayAbsorption
        The edge, and how its background is found
    name : str, optional
        Of the reduction
    where : str, optional
        The address of the reduction, for messages
    energy_range : (float, float), optional
        eV; what of the scans is used [all]
    deglitch : sequence of float, optional
        eV; points that are left out
    reference : "none", "foil" or "sample", optional
        What scans are aligned on

    Returns
    -------
    ReducedAbsorption
        Without χ(k) where the scan ends below 5 Å⁻¹

    Raises
    ------
    InputError
        Where the edge is not in the scan, not that of the element or not alone, and for ranges that hold nothing

    References
    ----------
    M. Newville, P. Līviņš, Y. Yacoby, J. J. Rehr & E. A. Stern, Phys. Rev. B 47, 14126 (1993), of the background; M.
    Newville, B. I. Boyanov & D. E. Sayers, J. Synchrotron Rad. 6, 264 (1999), of the noise.
    """
    at = f"{where}.absorption"
    near = table_energy(settings.element, settings.edge, at)
    ready = [within(without_points(s, deglitch, where), energy_range, where) for s in signals]
    stated = [note for signal in signals for note in _stated(signal, settings, at)]
    for signal in ready:
        check_in_scan(signal.energy, signal.mu, (settings.element, settings.edge), at, str(signal.scan))
    together = merged(ready, where, reference, near)
    e0 = _e0(together, settings, near, at)
    ranges = ranges_of(together.energy, e0, settings, at)
    autobk = Autobk(settings, ranges, at)
    normalised = autobk.normalised(together.energy, together.mu)
    used = replace(settings, e0=e0, pre_edge=ranges.pre_edge, post_edge=ranges.post_edge)
    made = _Exafs.of(together, used, autobk, normalised, at)
    return ReducedAbsorption(
        name=name,
        settings=replace(used, k_range=made.k_range),
        energy=together.energy,
        mu=together.mu,
        pre_edge=normalised.pre_edge,
        post_edge=normalised.post_edge,
        norm=normalised.norm,
        flat=normalised.flat,
        step=normalised.step,
        k=made.k,
        chi=made.chi,
        sigma=made.sigma,
        background=made.background,
        r=made.r,
        chi_r=made.chi_r,
        noise=made.noise,
        scans=tuple(str(s.scan) for s in together.scans),
        shifts=together.shifts,
        notes=(*together.notes, *stated, *made.notes),
    )


def _stated(signal: AbsorptionSignal, settings: XrayAbsorption, where: str) -> list[str]:
    """Return a note where a file states another edge; raises InputError where it states another element."""
    scan = signal.scan
    if scan.element and scan.element.capitalize() != settings.element:
        problem = f"{scan} states that it is a scan of {scan.element.capitalize()}, but the study says"
        raise InputError(f"{where}.element", f"{problem} {settings.element}; correct one of them.")
    if scan.edge and scan.edge.upper() != settings.edge:
        return [f"{scan} states the edge {scan.edge}, the study {settings.edge}, which its energies fit."]
    return []


def _e0(together: Merged, settings: XrayAbsorption, near: float, where: str) -> float:
    if settings.e0 is None:
        return steepest(together.energy, together.mu, near)
    if abs(settings.e0 - near) > NEAR:
        problem = f"is {settings.e0:g} eV, but {settings.element} {settings.edge} is at {near:g} eV"
        raise InputError(f"{where}.e0", f"{problem}; it may lie {NEAR:g} eV from there, in eV.")
    return settings.e0


# ---- χ(k) -------------------------------------------------------------------------------------------

NOTHING = np.zeros(0)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Exafs:
    """χ(k) of merged scans with its noise, as `ReducedAbsorption` has it."""

    k: FloatArray = field(default_factory=lambda: NOTHING)
    chi: FloatArray = field(default_factory=lambda: NOTHING)
    sigma: FloatArray = field(default_factory=lambda: NOTHING)
    background: FloatArray = field(default_factory=lambda: NOTHING)
    r: FloatArray = field(default_factory=lambda: NOTHING)
    chi_r: ComplexArray = field(default_factory=lambda: NOTHING.astype(np.complex128))
    noise: ExafsNoise | None = None
    k_range: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, together: Merged, settings: XrayAbsorption, autobk: Autobk, normalised: Normalised, where: str
    ) -> _Exafs:
        energy, e0 = together.energy, autobk.ranges.e0
        end = float(np.sqrt(max(energy[-1] - e0, 0.0) * ETOK))
        if end < SHORTEST:
            note = f"The scan ends at k = {end:.1f} Å⁻¹, too early for χ(k): it is normalised only."
            return cls(notes=(note,))
        k, chi = autobk.chi(energy, together.mu)
        to_r = ToR(_k_range(settings, float(k[-1]), where), settings.kweight)
        alone = [autobk.chi(s.energy, s.mu) for s in together.scans] if len(together.scans) > 1 else []
        least = min([len(k), *(len(each) for each, _ in alone)])
        k, chi = k[:least], chi[:least]
        rng = np.random.default_rng(0)

        def noise_only() -> FloatArray:
            noisy = together.mu + 1e-3 * normalised.step * rng.standard_normal(len(energy))
            return np.asarray(autobk.chi(energy, noisy)[1][:least] - chi)

        sigma, noise = noise_of(k, chi, [c[:least] for _, c in alone], to_r, noise_only)
        r, chi_r = to_r.transformed(k, chi)
        shown = r <= SHOWN_TO
        at = np.interp(e0 + k**2 / ETOK, energy, together.mu)
        steps = [autobk.normalised(s.energy, s.mu).step for s in together.scans] if alone else []
        return cls(
            k=k,
            chi=chi,
            sigma=sigma,
            background=at - normalised.step * chi,
            r=r[shown],
            chi_r=chi_r[shown],
            noise=noise,
            k_range=to_r.k_range,
            notes=tuple(_remarks(noise, steps)),
        )


def _k_range(settings: XrayAbsorption, end: float, where: str) -> tuple[float, float]:
    low, high = settings.k_range or (min(FIRST_K, end - 2.0), round(end - K_STEP, 2))
    if not 0.0 <= low < high - 1.0 or high > end + K_STEP:
        problem = f"[{low:g}, {high:g}] Å⁻¹ is no range of at least 1 Å⁻¹ within the data, which end at {end:.2f}"
        raise InputError(f"{where}.k_range", f"{problem}.")
    return low, high


def _remarks(noise: ExafsNoise, steps: Sequence[float]) -> list[str]:
    said = []
    ratio = noise.epsilon_k / noise.of_scatter
    if noise.how == "scans" and not 1.0 / NOISE_DIFFERS < ratio < NOISE_DIFFERS:
        meant = (
            "they differ by more than their noise"
            if ratio > 1.0
            else "something else than noise is there, or they are not independent"
        )
        said.append(f"σ by the scatter of scans is {ratio:.2g} times that by χ(R) at 15 to 25 Å: {meant}.")
    if noise.how == "scatter" and noise.correction > COLOURED:
        problem = "The points are too far apart for the noise at 15 to 25 Å to be that of the shells"
        said.append(f"{problem}: σ was corrected by {noise.correction:.2f}, as noise does that goes the same way.")
    if steps and max(steps) - min(steps) > STEPS_DIFFER * min(steps):
        said.append(f"The steps of the scans differ, from {min(steps):.4g} to {max(steps):.4g}; μ(E) was averaged.")
    return said
