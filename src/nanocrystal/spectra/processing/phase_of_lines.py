"""The phase of single lines of a spectrum, and the phase of the whole that is fitted to them.

Several lines: the phase of a symmetric line S is that of ∫|S|² S, for dispersion is odd about its centre; φ0 and φ1 are
fitted to all lines. One line or one group of lines: the phase of ∫S about their centre of area, for what overlaps need
not be symmetric; nothing is known of φ1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.arrays import ComplexArray, FloatArray
from nanocrystal.spectra.processing.noise import noise_of, noise_of_sum

LINE_NOISES, FAINT_NOISES, LINE_SHARE = 10.0, 5.0, 0.01
"""a line is what stands higher than so many standard deviations of the noise, and than this part of the top line"""
FILTERED_PARTS = 16
"""parts of a filtered spectrum, whose noise is correlated over many points, that tell its noise"""
UPSIDE_DOWN = 7.0
"""degrees of mean deviation, of at most 15, above which lines are taken to be of both signs"""
LEAST_SPREAD = 0.02
"""standard deviation of the places of lines, of the whole width, below which nothing is known of φ1: it is 0"""


@dataclass(frozen=True)
class PhaseOfLines:
    """Phase in degrees at the pivot and over the width, its σ by the noise, and whether lines tell the slope."""

    ph0: float
    ph1: float
    sigma: float
    tells_slope: bool


def phase_of_lines(
    values: ComplexArray, places: FloatArray, *, first_order: bool = True, both_signs: bool = False
) -> PhaseOfLines | None:
    """Return φ0, φ1 fitted to the phases of the single lines, each weighted by its height; None without lines.

    values (n_points,) at places from the pivot, in widths; both_signs: lines may be upside down, the top line is not.
    """
    ph0, ph1 = 0.0, 0.0
    lines: list[slice] = []
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
            return _of_one_group(values, places, lines)
        slopes = np.arange(-12.0, 13.0) * step if first_order else np.zeros(1)
        d0, d1 = _straight_line(at, angles, weights, slopes, both_signs)
        ph0, ph1 = ph0 + d0, ph1 + d1
    top = values[int(np.argmax(np.abs(values)))] * np.exp(-1j * np.radians(ph0))
    ph0 += 180.0 if both_signs and top.real < 0.0 else 0.0
    inside = np.concatenate([np.arange(k.start, k.stop) for k in lines])
    return PhaseOfLines(float(ph0), float(ph1), _sigma(values, inside), first_order)


def _sigma(values: ComplexArray, inside: NDArray[np.intp]) -> float:
    """Return the standard deviation of the phase of a sum over points, °: noise of the sum over the area there."""
    area = float(np.abs(values[inside]).sum())
    return float(np.degrees(noise_of_sum(values.real, len(inside)) / max(area, 1e-300)))


def _lines(turned: ComplexArray, noises: float = LINE_NOISES) -> list[slice]:
    """Return the stretches that stand out of the noise; those nearer to each other than the longer is long are one."""
    height = np.abs(turned)
    above = height > max(noises * noise_of(turned.real, FILTERED_PARTS), LINE_SHARE * float(height.max()))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], above.astype(int), [0]])))
    lines: list[slice] = []
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        last = lines[-1] if lines else slice(-len(height), -len(height))
        if start - last.stop < max(stop - start, last.stop - last.start):
            lines[-1] = slice(last.start, stop)
        else:
            lines.append(slice(start, stop))
    return [k for k in lines if k.stop - k.start >= 3]


def _of_faint_line(values: ComplexArray, places: FloatArray) -> PhaseOfLines | None:
    """Return the phase at the highest stretch of a spectrum without its noise; None where nothing stands out."""
    smooth = without_noise(values)
    lines = _lines(smooth, FAINT_NOISES)
    if not lines:
        return None
    top = max(lines, key=lambda k: float(np.abs(smooth[k]).sum()))
    found = _of_one_group(smooth, places, [top])
    return PhaseOfLines(found.ph0, 0.0, _sigma(values, np.arange(top.start, top.stop)), False)


def _of_one_group(values: ComplexArray, places: FloatArray, lines: list[slice]) -> PhaseOfLines:
    """Return the phase of ∫S over a window about the centre of area of the lines, four times as wide as they reach."""
    first, last = lines[0].start, lines[-1].stop - 1
    reach = 2.0 * (places[last] - places[first])
    centre = 0.5 * (places[first] + places[last])
    angle = 0.0
    part = np.zeros(len(places), dtype=np.bool_)
    for _ in range(20):
        reach = min(reach, centre - places[0], places[-1] - centre)
        part = np.abs(places - centre) <= reach
        angle = float(np.angle(values[part].sum()))
        group = slice(first, last + 1)
        area = (values[group] * np.exp(-1j * angle)).real
        if area.sum() <= 0.0:
            break
        centre = float(np.clip(places[group] @ area / area.sum(), places[first], places[last]))
    noise = noise_of_sum(values.real, int(part.sum()))
    sigma = float(np.degrees(noise / max(float(np.abs(values[part].sum())), 1e-300)))
    return PhaseOfLines(float(np.degrees(angle)), 0.0, sigma, False)


def without_noise(values: ComplexArray) -> ComplexArray:
    """Return the spectrum (n_points,) with its FID cut off where it has decayed, softly."""
    return _filtered(values, 0)


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


def _straight_line(
    at: FloatArray, angles: FloatArray, weights: FloatArray, slopes: FloatArray, both_signs: bool
) -> tuple[float, float]:
    """Return offset and slope of the line through angles (degrees), blind to outliers."""

    def rest(d0: float, d1: float, period: float = 360.0) -> FloatArray:
        half = 0.5 * period
        return np.asarray((angles - d0 - d1 * at + half) % period - half)

    def best(period: float) -> tuple[float, float, float, float]:
        starts = [(a, b) for a in np.arange(-180.0, 180.0, 3.0) for b in slopes]
        return min((float(weights @ np.minimum(np.abs(rest(a, b, period)), 15.0)), abs(b), a, b) for a, b in starts)

    cost, _, d0, d1 = best(360.0)
    period = 360.0
    if both_signs and cost > UPSIDE_DOWN * weights.sum():
        period, (_, _, d0, d1) = 180.0, best(180.0)
    design = np.stack([np.ones_like(at), at * float(len(slopes) > 1)], axis=1)
    for _ in range(20):
        left = rest(d0, d1, period)
        root = np.sqrt(weights / np.maximum(1.0, np.abs(left) / 0.5))
        step = np.linalg.lstsq(design * root[:, None], left * root, rcond=None)[0]
        d0, d1 = d0 + float(step[0]), d1 + float(step[1])
    return float(d0), float(d1)
