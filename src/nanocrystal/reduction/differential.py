"""Differential functions: one reduced set minus another (glass, solvent, native core), with a scale given or fitted.

ΔI = I_a − s I_b, ΔF = F_a − s F_b, ΔG = G_a − s G_b. Fitted, s is that of least squares of F_a to s F_b in a range of
Q, where the other set alone is thought to scatter, or s that of G in a range of r.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.arrays import FloatArray
from nanocrystal.errors import InputError
from nanocrystal.reduction.intensity import interpolation
from nanocrystal.reduction.reduction import ReducedPattern
from nanocrystal.reduction.spread import Spread
from nanocrystal.reduction.structure import StructureFactor
from nanocrystal.reduction.transform import PairDistribution, pair_distribution


@dataclass(frozen=True, kw_only=True, eq=False)
class DifferentialFunctions:
    """The difference of two reductions: ΔI = I_a − s I_b, ΔF = F_a − s F_b, ΔG = G_a − s G_b.

    Parameters
    ----------
    first, other : str
        Names of both
    scale : float
        s of F and G
    scale_stderr : float or None
        None where the scale was stated or no σ is known
    fit_range : (float, float) or None
        Å⁻¹, where s was fitted
    q : array (n,)
        Å⁻¹
    intensity : array (n,)
        ΔI, in the unit of the first
    intensity_sigma : array (n,) or None
        Its standard deviation; None where no σ is known
    intensity_scale : float
        s of I
    structure : StructureFactor
        ΔF
    pdf : PairDistribution
        ΔG
    notes : tuple of str
        What to know, one sentence each
    """

    first: str
    other: str
    scale: float
    scale_stderr: float | None
    fit_range: tuple[float, float] | None
    q: FloatArray
    intensity: FloatArray
    intensity_sigma: FloatArray | None
    intensity_scale: float
    structure: StructureFactor
    pdf: PairDistribution
    notes: tuple[str, ...] = ()


def differential_functions(
    first: ReducedPattern,
    second: ReducedPattern,
    scale: float | None = None,
    fit_range: tuple[float, float] | None = None,
    intensity_scale: float | None = None,
    where: str = "",
) -> DifferentialFunctions:
    """Return the difference of two reductions, first − scale × second.

    Parameters
    ----------
    first, second : ReducedPattern
        Of `reduced_pattern`; the second must cover the Q of the first
    scale : float, optional
        Of F and G; fitted in fit_range where it is None
    fit_range : (float, float), optional
        Å⁻¹, where the second alone is thought to scatter
    intensity_scale : float, optional
        Of I(Q), in counts; fitted in the same range where it is None and there is one, else 1
    where : str, optional
        The address of the difference, for messages

    Returns
    -------
    DifferentialFunctions
        ΔI, ΔF and ΔG with what the scales add to their σ

    Raises
    ------
    InputError
        Where the second does not cover the first, or where there is nothing to fit in
    """
    q, f, other, spread_other = _on_one_grid(first, second, where)
    structure = first.structure
    if scale is None and fit_range is None:
        problem = "needs a scale, or a fit_range = [low, high] (Å⁻¹) in which the other set alone scatters"
        raise InputError(where, f"{problem}.")
    inside = _inside(q, fit_range, where)
    row = None
    if scale is None:
        scale, row = _least_squares(f, other, inside, structure.f_sigma)
    spread, stderr = None, None
    if structure.spread is not None and spread_other is not None:
        spread = structure.spread.plus(spread_other, -scale)
        if row is not None:
            stderr = float(np.linalg.norm(spread.of_functional(row[None])))
            spread = spread.with_shared(-other[:, None], row[None])
    left = StructureFactor(q=q, f=f - scale * other, spread=spread)
    qmin, qmax = max(first.pdf.qmin, second.pdf.qmin), min(first.pdf.qmax, second.pdf.qmax)
    pdf = pair_distribution(left, first.pdf.r, qmin, qmax, first.settings.window, where)
    intensity, intensity_sigma, of_intensity = _intensities(first, second, inside, fit_range, intensity_scale, where)
    notes: tuple[str, ...] = ()
    if (first.pdf.qmax, first.pdf.window) != (second.pdf.qmax, second.pdf.window):
        notes = (f"the sets were transformed differently; the difference is transformed up to {qmax:g} Å⁻¹.",)
    return DifferentialFunctions(
        first=first.name,
        other=second.name,
        scale=scale,
        scale_stderr=stderr,
        fit_range=fit_range,
        q=q,
        intensity=intensity,
        intensity_sigma=intensity_sigma,
        intensity_scale=of_intensity,
        structure=left,
        pdf=pdf,
        notes=notes,
    )


def _on_one_grid(
    first: ReducedPattern, second: ReducedPattern, where: str
) -> tuple[FloatArray, FloatArray, FloatArray, Spread | None]:
    """Return q and F of the first set and F of the second at the same q, with its spread."""
    q, other = first.structure.q, second.structure
    step = 1.000001 * float(np.max(np.diff(other.q)))
    if q[0] < other.q[0] - step or q[-1] > other.q[-1] + step:
        raise InputError(
            where,
            f"{second.name} goes from {other.q[0]:g} to {other.q[-1]:g} Å⁻¹ and does not cover {first.name}, from "
            f"{q[0]:g} to {q[-1]:g}; reduce both up to one qmaxinst.",
        )
    if len(q) == len(other.q) and np.allclose(q, other.q, rtol=0.0, atol=1e-9):
        return q, first.structure.f, other.f, other.spread
    matrix = interpolation(other.q, q)
    spread = None if other.spread is None else other.spread.through(matrix)
    return q, first.structure.f, np.asarray(matrix @ other.f), spread


def _inside(q: FloatArray, fit_range: tuple[float, float] | None, where: str) -> NDArray[np.bool_]:
    if fit_range is None:
        return np.ones(len(q), dtype=bool)
    low, high = fit_range
    inside = (q >= low) & (q <= high)
    if not low < high or inside.sum() < 10:
        problem = f"[{low:g}, {high:g}] Å⁻¹ holds {inside.sum()} points; the data go from {q[0]:g} to {q[-1]:g}"
        raise InputError(f"{where}.fit_range", f"{problem}.")
    return inside


def _least_squares(
    curve: FloatArray, other: FloatArray, inside: NDArray[np.bool_], sigma: FloatArray | None
) -> tuple[float, FloatArray]:
    """Return the scale of `other` in `curve` and the weights (n,) by which it follows from the curve."""
    weight = np.where(inside, 1.0 if sigma is None else 1.0 / np.maximum(sigma, 1e-300) ** 2, 0.0)
    row = other * weight / float(other * weight @ other)
    return float(row @ curve), row


def _intensities(
    first: ReducedPattern,
    second: ReducedPattern,
    inside: NDArray[np.bool_],
    fit_range: tuple[float, float] | None,
    scale: float | None,
    where: str,
) -> tuple[FloatArray, FloatArray | None, float]:
    """Return ΔI, its σ and the scale of the second intensity."""
    a, b = first.intensity, second.intensity.at(first.intensity.q, where, first.name)
    if scale is None:
        scale = 1.0 if fit_range is None else _least_squares(a.value, b.value, inside, a.sigma)[0]
    sigma = None
    if a.sigma is not None and b.sigma is not None:
        sigma = np.hypot(a.sigma, scale * b.sigma)
    return a.value - scale * b.value, sigma, scale
