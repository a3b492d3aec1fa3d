"""Blanks: what is measured without the sample (capillary, solvent, substrate, air) and subtracted with a scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares
from nanocrystal.reduction.intensity import FEWEST, Intensity
from nanocrystal.reduction.spread import Spread

FloatArray = NDArray[np.float64]
CONDITION = 1e-8
"""below this the fitted blanks are one and the same curve"""


@dataclass(frozen=True, eq=False)
class ReductionBlank(Declares):
    """A blank (capillary, solvent, air) with the scale that it is subtracted with.

    Parameters
    ----------
    name : str
        Of the blank
    intensity : Intensity
        What was measured of it; its Q must cover that of the sample
    scale : float or None
        None: fitted in fit_range, by least squares
    fit_range : (float, float) or None
        Å⁻¹, where the blank alone scatters
    """

    name: str
    intensity: Intensity
    scale: float | None = None
    fit_range: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class FittedScale:
    """The scale that a blank was subtracted with.

    Parameters
    ----------
    name : str
        Of the blank
    value : float
        Counts of the sample per count of the blank
    fitted : bool
        Whether it was fitted, not stated
    stderr : float or None
        Scaled with √χ²_red where that is above 1; None where the scale was stated or no σ is known
    fit_range : (float, float) or None
        Å⁻¹
    chi2_red : float or None
        Of the fit in this range; None where the scale was stated or no σ is known
    """

    name: str
    value: float
    fitted: bool
    stderr: float | None = None
    fit_range: tuple[float, float] | None = None
    chi2_red: float | None = None


def without_blanks(
    sample: Intensity, blanks: Sequence[ReductionBlank], where: str = ""
) -> tuple[Intensity, list[FittedScale]]:
    """Return the sample without its blanks, on its own grid, and the scales.

    Fitted blanks are fitted together to sample − given blanks, so they need one and the same range; the spread of the
    result holds what the noise does to the fitted scales. Raises InputError where a blank does not cover the data.
    """
    on_grid = [
        replace(b, intensity=b.intensity.at(sample.q, f"{where}.blanks.{b.name}.file", "the sample")) for b in blanks
    ]
    for blank in on_grid:
        if not blank.intensity.value.any():
            raise InputError(f"{where}.blanks.{blank.name}.file", f"{blank.intensity.name} is zero everywhere.")
    left, scales = sample, []
    for blank in (b for b in on_grid if b.scale is not None):
        assert blank.scale is not None
        left = _minus(left, blank.intensity, blank.scale)
        scales.append(FittedScale(name=blank.name, value=blank.scale, fitted=False))
    free = [b for b in on_grid if b.scale is None]
    if free:
        left, fitted = _fitted(left, free, where)
        scales += fitted
    order = [b.name for b in blanks]
    return left, sorted(scales, key=lambda s: order.index(s.name))


def _minus(sample: Intensity, blank: Intensity, scale: float) -> Intensity:
    spread = sample.spread
    if spread is not None and blank.spread is not None:
        spread = spread.plus(blank.spread, -scale)
    return replace(sample, value=sample.value - scale * blank.value, spread=spread)


def _fitted(sample: Intensity, blanks: Sequence[ReductionBlank], where: str) -> tuple[Intensity, list[FittedScale]]:
    """Return the sample without the blanks whose scales are fitted, and these."""
    low, high = _common_range(blanks, where)
    inside = (sample.q >= low) & (sample.q <= high)
    if inside.sum() < max(FEWEST // 2, 2 * len(blanks)):
        at = f"{where}.blanks.{blanks[0].name}.fit_range"
        raise InputError(at, f"[{low:g}, {high:g}] Å⁻¹ holds {inside.sum()} points of {sample.name}; widen it.")
    curves = np.stack([b.intensity.value for b in blanks])  # (k, n)
    variance = np.ones(len(sample.q)) if sample.spread is None else sample.spread.variance()
    for _ in range(2):  # the noise of the blanks counts with their scales
        weight = np.where(inside, 1.0 / np.maximum(variance, 1e-300), 0.0)
        normal = (curves * weight) @ curves.T
        _refuse_alike(normal, blanks, where)
        solve: FloatArray = np.asarray(np.linalg.solve(normal, curves * weight))  # (k, n): scales = solve @ sample
        scales = solve @ sample.value
        variance = _variance(sample, blanks, scales)
    residual = sample.value - scales @ curves
    freedom = int(inside.sum()) - len(blanks)
    chi2_red = float(weight @ residual**2) / freedom
    left = replace(sample, value=residual)
    stderrs: FloatArray | None = None
    if sample.spread is not None:
        left = replace(left, spread=_spread_left(sample, blanks, np.asarray(scales), solve))
        stderrs = np.sqrt(np.diag(np.linalg.inv(normal)) * max(chi2_red, 1.0))
    return left, [
        FittedScale(
            name=b.name,
            value=float(scales[k]),
            fitted=True,
            stderr=None if stderrs is None else float(stderrs[k]),
            fit_range=(low, high),
            chi2_red=None if sample.spread is None else chi2_red,
        )
        for k, b in enumerate(blanks)
    ]


def _refuse_alike(normal: FloatArray, blanks: Sequence[ReductionBlank], where: str) -> None:
    size = np.sqrt(np.diag(normal))
    if not size.all() or np.linalg.eigvalsh(normal / np.outer(size, size))[0] < CONDITION:
        names = " and ".join(b.name for b in blanks)
        raise InputError(f"{where}.blanks", f"the data in the fit_range do not say the scale of {names}; give it.")


def _variance(sample: Intensity, blanks: Sequence[ReductionBlank], scales: FloatArray) -> FloatArray:
    """Return the variance of sample − Σ c B at fixed scales, (n,); ones where none is known."""
    if sample.spread is None:
        return np.ones(len(sample.q))
    total = sample.spread.variance()
    for blank, scale in zip(blanks, scales, strict=True):
        if blank.intensity.spread is not None:
            total = total + scale**2 * blank.intensity.spread.variance()
    return total


def _spread_left(
    sample: Intensity, blanks: Sequence[ReductionBlank], scales: FloatArray, solve: FloatArray
) -> Spread | None:
    """Return the spread of sample − Σ c B: dr at fixed c, dc = solve · dr, together dr − B dc."""
    spread = sample.spread
    assert spread is not None
    for blank, scale in zip(blanks, scales, strict=True):
        if blank.intensity.spread is not None:
            spread = spread.plus(blank.intensity.spread, -float(scale))
    return spread.with_shared(-np.stack([b.intensity.value for b in blanks], axis=1), solve)


def _common_range(blanks: Sequence[ReductionBlank], where: str) -> tuple[float, float]:
    first = blanks[0]
    if first.fit_range is None:
        at = f"{where}.blanks.{first.name}"
        raise InputError(at, "needs a scale, or a fit_range = [low, high] (Å⁻¹) in which nothing but blanks scatters.")
    for other in blanks[1:]:
        if other.fit_range is not None and other.fit_range != first.fit_range:
            at = f"{where}.blanks.{other.name}.fit_range"
            raise InputError(at, f"differs from that of {first.name}; fitted blanks are fitted together, in one range.")
    low, high = first.fit_range
    if not low < high:
        raise InputError(f"{where}.blanks.{first.name}.fit_range", f"needs low < high, got [{low:g}, {high:g}].")
    return low, high
