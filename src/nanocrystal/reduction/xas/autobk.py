"""Normalisation and the smooth background by AUTOBK, through rexafs, the only module that calls it.

AUTOBK: M. Newville, P. Līviņš, Y. Yacoby, J. J. Rehr & E. A. Stern, Phys. Rev. B 47, 14126 (1993). A spline in k is
chosen so that as little as possible of k^w χ(k) is left in χ(R) below rbkg; rexafs solves that as linear least
squares, with the ends of χ held near to 0 as `clamp` says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.errors import InputError, not_installed
from nanocrystal.reduction.xas.settings import XrayAbsorption

ETOK = 0.26246842396
"""Å⁻² eV⁻¹: 2m/ħ², k² = ETOK (E − e0)"""
K_STEP = 0.05
"""Å⁻¹ of the grid of χ(k)"""
ROUND = 5.0
"""eV to which ranges that are not given are rounded"""
FIRST_AFTER = 25.0
"""eV behind the edge, from where the step is fitted at the latest"""


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """Where μ(E) is normalised: e0 in eV, ranges before and behind the edge in eV from it."""

    e0: float
    pre_edge: tuple[float, float]
    post_edge: tuple[float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Normalised:
    """A normalised scan: lines before and behind the edge in units of μ, (n,) each, and the step between at e0."""

    pre_edge: FloatArray
    post_edge: FloatArray
    step: float
    norm: FloatArray
    flat: FloatArray


def ranges_of(energy: FloatArray, e0: float, settings: XrayAbsorption, where: str) -> Ranges:
    """Return the ranges of a normalisation, those that are not given by the length of the scan.

    Before the edge its first two thirds, behind it from 25 eV or a third of the rest, whatever is less, to the end.
    """
    first, last = float(energy[0]) - e0, float(energy[-1]) - e0
    start, stop = ROUND * np.ceil(first / ROUND), ROUND * np.floor(last / ROUND)
    before = settings.pre_edge or (float(start), float(ROUND * round(start / 3.0 / ROUND)))
    behind = settings.post_edge or (float(min(FIRST_AFTER, ROUND * round(stop / 3.0 / ROUND))), float(stop))
    for key, (low, high) in (("pre_edge", before), ("post_edge", behind)):
        inside = int(((energy - e0 >= low) & (energy - e0 <= high)).sum())
        wrong_side = high > 0.0 if key == "pre_edge" else low < 0.0
        if wrong_side or inside < 3:
            reaches = f"the scan reaches from {first:.1f} to {last:.1f} eV about e0 = {e0:.1f} eV"
            problem = f"[{low:g}, {high:g}] eV from e0 holds {inside} points on its side of the edge"
            if wrong_side:
                problem = f"[{low:g}, {high:g}] eV from e0 reaches over the edge"
            raise InputError(f"{where}.{key}", f"{problem}; {reaches}.")
    return Ranges(e0=e0, pre_edge=before, post_edge=behind)


class Autobk:
    """Normalisation and background with given settings, for as many scans of one edge as there are."""

    def __init__(self, settings: XrayAbsorption, ranges: Ranges, where: str) -> None:
        try:
            import rexafs
        except ModuleNotFoundError:
            problem = f"normalisation and background {not_installed('rexafs', 'absorption')}"
            more = " There is none built for Linux on ARM." if _on_arm() else ""
            raise InputError(where, problem + more) from None
        self.where, self.ranges = where, ranges
        self._rexafs = rexafs
        self._lines = rexafs.PrePostEdge(
            pre_edge_start=ranges.pre_edge[0],
            pre_edge_end=ranges.pre_edge[1],
            norm_start=ranges.post_edge[0],
            norm_end=ranges.post_edge[1],
            e0=ranges.e0,
        )
        self._background = rexafs.AUTOBK(
            rbkg=settings.rbkg,
            kweight=settings.kweight,
            clamp_lo=settings.clamp[0],
            clamp_hi=settings.clamp[1],
            kstep=K_STEP,
        )

    def normalised(self, energy: FloatArray, mu: FloatArray) -> Normalised:
        """Return the normalisation of μ(E), (n,); raises InputError where there is no step up."""
        spectrum = self._spectrum(energy, mu)
        self._tried(spectrum.normalize, "normalised")
        pre, post = np.asarray(spectrum.pre_edge()), np.asarray(spectrum.post_edge())
        e0 = self.ranges.e0
        step = float(np.interp(e0, energy, post) - np.interp(e0, energy, pre))
        if not step > 0.0:
            problem = f"μ does not step up at {e0:.1f} eV: {step:.3g} between the lines before and behind the edge"
            raise InputError(self.where, f"{problem}; look at pre_edge and post_edge, and at the order of the columns.")
        norm = (mu - pre) / step
        behind = energy > e0
        flat = norm - np.where(behind, (post - pre) / step - 1.0, 0.0)
        return Normalised(pre_edge=pre, post_edge=post, step=step, norm=norm, flat=flat)

    def chi(self, energy: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return k from 0 in steps of `K_STEP` (Å⁻¹) and χ(k) without background, (n_k,) each."""
        spectrum = self._spectrum(energy, mu)
        self._tried(spectrum.calc_background, "freed of its background")
        return np.asarray(spectrum.k()), np.asarray(spectrum.chi())

    def _spectrum(self, energy: FloatArray, mu: FloatArray) -> Any:
        spectrum = self._rexafs.Spectrum(energy, mu)
        spectrum.set_normalization_method(self._lines)
        spectrum.set_background_method(self._background)
        return spectrum

    def _tried(self, step: Callable[[], object], words: str) -> None:
        try:
            step()
        except (ValueError, RuntimeError) as error:
            raise InputError(self.where, f"μ(E) cannot be {words}: {error}.") from None


def _on_arm() -> bool:
    import platform

    return platform.system() == "Linux" and platform.machine() in ("aarch64", "arm64")
