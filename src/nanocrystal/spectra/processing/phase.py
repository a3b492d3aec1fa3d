"""Phase correction: given, or found so that all lines stand upright on a flat base.

A spectrum is multiplied by exp(−i(φ0 + φ1 p)), p the place from the pivot in units of the spectral width; φ0 is the
phase at the pivot and φ1 what is added from one end of the spectrum to the other, both in degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.parameters import Declares
from nanocrystal.spectra.processing.noise import noise_of

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
COARSE = 4096
"""points that the search for the least entropy looks at: broader bins, the same lines"""
LINE_NOISES, FAINT_NOISES, LINE_SHARE = 10.0, 5.0, 0.01
"""a line is what stands higher than so many standard deviations of the noise, and than this part of the top line"""
UPSIDE_DOWN = 7.0
"""degrees of mean deviation, of at most 15, above which lines are taken to be of both signs"""
LEAST_SPREAD = 0.02
"""standard deviation of the places of lines, of the whole width, below which nothing is known of φ1: it is 0"""


@dataclass(frozen=True)
class NmrPhase(Declares):
    """The phase of a spectrum.

    Parameters
    ----------
    ph0 : float
        At the pivot, °.
    ph1 : float
        What is added from one end of the spectrum to the other, °.
    pivot : float or None
        Where ph1 does nothing, in the unit of the axis; None: the middle.
    """

    ph0: float = 0.0
    ph1: float = 0.0
    pivot: float | None = None


def place_from_pivot(x: FloatArray, pivot: float | None) -> FloatArray:
    """Return (x − pivot)/width, (n_points,)."""
    n = len(x)
    width = (x[-1] - x[0]) * n / (n - 1)
    return np.asarray((x - (x[n // 2] if pivot is None else pivot)) / width)


def phased(values: ComplexArray, x: FloatArray, phase: NmrPhase) -> ComplexArray:
    """Return (…, n_points) with the phase taken out."""
    angle = np.radians(phase.ph0 + phase.ph1 * place_from_pivot(x, phase.pivot))
    return np.asarray(values * np.exp(-1j * angle))


def automatic_phase(values: ComplexArray, x: FloatArray, *, first_order: bool = True) -> NmrPhase:
    """Return the phase that makes the real part of a spectrum (n_points,) absorptive, with the pivot at its top line.

    Several lines: the phase of a symmetric line S is that of ∫|S|² S, for dispersion is odd about its centre; φ0 and φ1
    are fitted to all lines. One line or one group of lines: the phase of ∫S about their centre of area, for what
    overlaps need not be symmetric; φ1 is 0. No line above the noise: the least entropy of the derivative of the real
    part, as L. Chen, Z. Weng, L. Y. Goh & M. Garland, J. Magn. Reson. 158, 164 (2002). The top line becomes positive.
    first_order: whether φ1 is searched too.
    """
    pivot = float(x[int(np.argmax(np.abs(values)))])
    places = place_from_pivot(x, pivot)
    angles = _line_by_line(values, places, first_order)
    ph0, ph1 = (_of_least_entropy(values), 0.0) if angles is None else angles
    return NmrPhase((ph0 + 180.0) % 360.0 - 180.0, ph1, pivot)


def _of_least_entropy(values: ComplexArray) -> float:
    """Return φ0 of the least entropy and negative area."""
    from scipy.optimize import minimize_scalar

    coarse = _coarse(_filtered(values, 0))

    def cost(angle: float) -> float:
        turned = (coarse * np.exp(-1j * np.radians(angle))).real
        return _entropy(turned) + _negative(turned)

    start = min(np.arange(-180.0, 180.0, 10.0), key=cost)
    return float(minimize_scalar(cost, bounds=(start - 10.0, start + 10.0), method="bounded").x)


def _line_by_line(values: ComplexArray, places: FloatArray, first_order: bool) -> tuple[float, float] | None:
    """Return φ0, φ1 fitted to the phases of the single lines, each weighted by its height; None without lines."""
    ph0, ph1 = 0.0, 0.0
    for step in (30.0, 10.0, 5.0):
        turned = _filtered(values * np.exp(-1j * np.radians(ph0 + ph1 * places)), 1)
        lines = _lines(turned)
        if not lines:
            return _of_faint_line(values, places)
        height = np.abs(turned)
        angles = np.degrees([np.angle((height[k] ** 2 * turned[k]).sum()) for k in lines])
        at = np.array([(height[k] ** 3 @ places[k]) / (height[k] ** 3).sum() for k in lines])
        weights = np.array([float(height[k].max()) for k in lines])
        spread = np.sqrt(np.average((at - np.average(at, weights=weights)) ** 2, weights=weights))
        if spread <= LEAST_SPREAD:
            return _of_one_group(values, places, lines), 0.0
        slopes = np.arange(-12.0, 13.0) * step if first_order else np.zeros(1)
        d0, d1 = _straight_line(at, angles, weights, slopes)
        ph0, ph1 = ph0 + d0, ph1 + d1
    top = values[int(np.argmax(np.abs(values)))] * np.exp(-1j * np.radians(ph0))
    return float(ph0 + (180.0 if top.real < 0.0 else 0.0)), float(ph1)


def _lines(turned: ComplexArray, noises: float = LINE_NOISES) -> list[slice]:
    """Return the stretches that stand out of the noise."""
    height = np.abs(turned)
    above = height > max(noises * noise_of(turned.real), LINE_SHARE * float(height.max()))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], above.astype(int), [0]])))
    return [slice(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= 3]


def _of_faint_line(values: ComplexArray, places: FloatArray) -> tuple[float, float] | None:
    """Return the phase at the highest stretch of a spectrum without its noise; None where nothing stands out."""
    smooth = _filtered(values, 0)
    lines = _lines(smooth, FAINT_NOISES)
    if not lines:
        return None
    top = max(lines, key=lambda k: float(np.abs(smooth[k]).sum()))
    return _of_one_group(smooth, places, [top]), 0.0


def _of_one_group(values: ComplexArray, places: FloatArray, lines: list[slice]) -> float:
    """Return the phase of ∫S over a window about the centre of area of the lines, four times as wide as they reach."""
    first, last = lines[0].start, lines[-1].stop - 1
    reach = 2.0 * (places[last] - places[first])
    centre = 0.5 * (places[first] + places[last])
    angle = 0.0
    for _ in range(20):
        reach = min(reach, centre - places[0], places[-1] - centre)
        part = np.abs(places - centre) <= reach
        angle = float(np.angle(values[part].sum()))
        group = slice(first, last + 1)
        area = (values[group] * np.exp(-1j * angle)).real
        if area.sum() <= 0.0:
            break
        centre = float(np.clip(places[group] @ area / area.sum(), places[first], places[last]))
    return float(np.degrees(angle))


def _filtered(values: ComplexArray, power: int) -> ComplexArray:
    """Return the spectrum with its FID multiplied by t^power exp(−t/τ), τ its own time of decay: little noise is left.

    An FID that grows from 0 (power 1) has lines whose dispersion falls off as 1/Δf² instead of 1/Δf, and so hardly
    reaches the next line; real parts stay even and imaginary parts odd about their centres.
    """
    n = len(values)
    fid = np.fft.ifft(np.fft.ifftshift(values))
    t = np.arange(n, dtype=np.float64)
    weights = np.where(t < n // 2, t**power * np.exp(-t / _decay(fid[: n // 2])), 0.0)
    if power == 0:
        weights[0] *= 0.5
    return np.asarray(np.fft.fftshift(np.fft.fft(fid * weights)))


def _decay(fid: ComplexArray) -> float:
    """Return the time in which an FID decays, in points: twice the mean time of its power above the noise."""
    block = max(1, len(fid) // 128)
    power = (np.abs(fid[: len(fid) // block * block]) ** 2).reshape(-1, block).mean(axis=1)
    filled = power > 1e-20 * power.max()
    noise = float(np.median(power[filled][-max(4, filled.sum() // 4) :]))
    low = np.flatnonzero(power < 3.0 * noise)
    end = max(1, int(low[0])) if low.size else len(power)
    above = np.maximum(power[:end] - noise, 1e-300)
    return max(2.0, 2.0 * float((np.arange(end) + 0.5) @ above / above.sum()) * block)


def _straight_line(at: FloatArray, angles: FloatArray, weights: FloatArray, slopes: FloatArray) -> tuple[float, float]:
    """Return offset and slope of the line through angles (degrees), blind to outliers."""

    def rest(d0: float, d1: float, period: float = 360.0) -> FloatArray:
        half = 0.5 * period
        return np.asarray((angles - d0 - d1 * at + half) % period - half)

    def best(period: float) -> tuple[float, float, float, float]:
        starts = [(a, b) for a in np.arange(-180.0, 180.0, 3.0) for b in slopes]
        return min((float(weights @ np.minimum(np.abs(rest(a, b, period)), 15.0)), abs(b), a, b) for a, b in starts)

    cost, _, d0, d1 = best(360.0)
    period = 360.0
    if cost > UPSIDE_DOWN * weights.sum():  # some lines may be upside down
        period, (_, _, d0, d1) = 180.0, best(180.0)
    design = np.stack([np.ones_like(at), at * float(len(slopes) > 1)], axis=1)
    for _ in range(20):
        left = rest(d0, d1, period)
        root = np.sqrt(weights / np.maximum(1.0, np.abs(left) / 0.5))
        step = np.linalg.lstsq(design * root[:, None], left * root, rcond=None)[0]
        d0, d1 = d0 + float(step[0]), d1 + float(step[1])
    return float(d0), float(d1)


def _coarse(values: ComplexArray) -> ComplexArray:
    """Return the spectrum by means of neighbours where there are many points, its top 1."""
    bunch = max(1, len(values) // COARSE)
    n = len(values) // bunch * bunch
    coarse = values[:n].reshape(-1, bunch).mean(axis=1)
    return np.asarray(coarse / np.abs(coarse).max())


def _entropy(real: FloatArray) -> float:
    """Return the entropy of the normalised derivative, divided by that of an even distribution."""
    slope = np.abs(np.diff(real))
    share = slope / slope.sum()
    return float(-(share * np.log(share + 1e-300)).sum() / np.log(len(share)))


def _negative(real: FloatArray) -> float:
    """Return the sum of squares below zero over that of all points: 0 for lines that stand upright."""
    below = np.minimum(real, 0.0)
    return float((below @ below) / (real @ real))
