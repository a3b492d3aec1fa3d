"""Scans over 2θ of a counting detector: how counts, attenuators and counting times become intensities with their σ.

A detector counts n in the time t behind an attenuator that lets 1/f of the beam pass. The intensity is n f, scaled to
the mean time where times differ, and its σ the same multiple of √n (of 1 where nothing was counted). Where neither
differs intensities are the counts, and σ is left to the weights of the data set.

Several scans of a file are one pattern where they repeat the same angles, and are added up, or where they continue one
another; else one of them is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from nanocrystal.data.curve import Curve, FloatArray
from nanocrystal.data.formats import RawFile
from nanocrystal.data.stated import Stated

SAME = 1e-4
"""°; angles of two scans that are the same"""
NON_AMBIENT = "non-ambient value"
"""what a chamber is set to, K or °C"""
TILTED, WARMER = 1e-3, 2.0
"""° of other axes, and K, from which on a scan is another one"""
WIDEST_GAP = 1.5
"""steps between two scans that continue one another, at the most"""
LARGEST = 180.0
"""°; of 2θ"""
FEWEST = 3
ROUNDED_RATE = 0.02
"""counts, by which rates that were rounded on writing may differ from whole numbers"""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """One scan, arrays (n,) with 2θ ascending.

    two_theta: °; counts: as counted; factor: what they are to be multiplied with for an attenuator; time: s, 0 where
    the file does not say; whole: whether counts are whole numbers, as they come from a detector; called: whether the
    file calls them counts; tilt: where other axes stand or begin (°), and what a chamber is set to, by name; stated:
    what the file says.
    """

    two_theta: FloatArray
    counts: FloatArray
    factor: FloatArray
    time: FloatArray
    whole: bool = True
    called: bool = False
    tilt: dict[str, float] = field(default_factory=dict)
    stated: Stated = field(default_factory=Stated)

    @property
    def name(self) -> str:
        """What it is called among others."""
        return f"{self.two_theta[0]:.6g} to {self.two_theta[-1]:.6g}°"

    @property
    def steady(self) -> bool:
        """Whether all points have been counted for the same time, which is known."""
        return bool(np.ptp(self.time) == 0.0 and self.time[0] > 0.0)


def scan_of(
    file: RawFile,
    two_theta: ArrayLike,
    counts: ArrayLike,
    *,
    factor: ArrayLike = 1.0,
    time: ArrayLike = 0.0,
    called: bool = False,
    stated: Stated | None = None,
) -> Scan:
    """Return a scan of arrays (n,), or of one factor and one time for all points; called: counts by the file.

    Raises InputError where the arrays cannot be a scan over 2θ of a detector.
    """
    x, y = np.asarray(two_theta, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if len(x) != len(y):
        raise file.error(f"holds {len(x)} angles for {len(y)} counts; the file is damaged.")
    if len(x) < FEWEST:
        raise file.error(f"holds a scan of {len(x)} points; a pattern needs at least {FEWEST}.")
    if not np.isfinite(x).all() or not np.isfinite(y).all():
        raise file.error("holds a scan with missing or infinite values.")
    steps = np.diff(x)
    if not ((steps > 0.0).all() or (steps < 0.0).all()):
        raise file.error("holds a scan whose 2θ are not in order.")
    if np.abs(x).max() > LARGEST:
        raise file.error(f"holds a scan to 2θ = {np.abs(x).max():g}°; 2θ is between 0 and {LARGEST:g}°.")
    f, t = (np.broadcast_to(np.asarray(v, dtype=np.float64), x.shape) for v in (factor, time))
    if not ((f > 0.0) & np.isfinite(f)).all():
        raise file.error("holds attenuation factors that are not above 0.")
    t = np.where(np.isfinite(t) & (t > 0.0), t, 0.0)
    order = slice(None) if steps[0] > 0.0 else slice(None, None, -1)
    arrays = [np.ascontiguousarray(a[order], dtype=np.float64) for a in (x, y, f, t)]
    whole = bool((np.abs(y - np.round(y)) <= 1e-6 * np.maximum(np.abs(y), 1.0)).all())
    return Scan(
        two_theta=arrays[0],
        counts=arrays[1],
        factor=arrays[2],
        time=arrays[3],
        whole=whole,
        called=called,
        stated=stated or Stated(),
    )


def even_angles(start: float, step: float, n: int) -> FloatArray:
    """Return n angles (°) in even steps."""
    return np.asarray(start + step * np.arange(n), dtype=np.float64)


def counted(values: FloatArray, factor: FloatArray) -> tuple[FloatArray, bool]:
    """Return the counts behind intensities beside factors of attenuators, and whether the file multiplies with these.

    Where the factor is not 1, what is whole tells: a detector counts whole numbers.
    """
    behind = factor != 1.0
    if not behind.any():
        return values, False
    divided = values[behind] / factor[behind]
    near = [np.abs(v - np.round(v)) <= 1e-4 * np.maximum(1.0, 1e-3 * np.abs(v)) for v in (values[behind], divided)]
    if near[1].mean() > 0.9 and near[0].mean() < 0.9:
        return np.where(behind, np.round(values / factor), values), True
    return values, False


def counts_of_rates(rates: FloatArray, time: float | None) -> tuple[FloatArray, list[str]]:
    """Return counts of rates (1/s) and a note; time: s of each point, None where the file does not say it."""
    if time is None:
        return rates, ["intensities are rates (cps), the file does not say of how long: their σ is not known"]
    counts, note = rates * time, f"intensities are counts of {time:g} s, of the rates (cps) in the file"
    near = np.abs(counts - np.round(counts)) < ROUNDED_RATE + 1e-3 * np.abs(counts)
    return np.round(counts) if near.all() else counts, [note]


def curve_of_scans(file: RawFile, scans: Sequence[Scan], notes: Sequence[str] = ()) -> Curve:
    """Return the pattern that the scans of a file make, or the one that `entry` chooses.

    Raises InputError where there are several that are no one pattern.
    """
    scan, said = _one(file, scans)
    intensity, sigma, more = _scaled(scan)
    stated = (
        replace(scan.stated, counting_time=float(f"{scan.time[0]:.6g}")) if scan.steady and scan.called else scan.stated
    )
    said = [f"{len(intensity)} points over 2θ were read", *notes, *said, *more]
    return file.curve(scan.two_theta, intensity, sigma, axes=("two_theta", "intensity"), stated=stated, notes=said)


def _one(file: RawFile, scans: Sequence[Scan]) -> tuple[Scan, list[str]]:
    names = _names(scans)
    if file.entry is not None or len(scans) == 1:
        return scans[file.chosen(names, "scans")], []
    first = scans[0]
    if all(_alike(first, s) and _repeats(first, s) for s in scans[1:]):
        counts, time = sum(s.counts for s in scans), sum(s.time for s in scans)
        whole = all(s.whole for s in scans)
        summed = replace(first, counts=np.asarray(counts), time=np.asarray(time), whole=whole)
        return summed, [f"{len(scans)} scans of the same angles were added up"]
    ordered = sorted(scans, key=lambda s: float(s.two_theta[0]))
    if all(_alike(a, b) and _continues(a, b) for a, b in pairwise(ordered)):
        return _joined(ordered), [f"{len(scans)} scans that continue one another were joined"]
    return scans[file.chosen(names, "scans")], []


def _names(scans: Sequence[Scan]) -> list[str]:
    """Return what tells the scans apart: their angles, with the other axes and the temperature where these differ."""
    names = [s.name for s in scans]
    for axis in dict.fromkeys(a for s in scans for a in s.tilt):
        values = [s.tilt.get(axis, np.nan) for s in scans]
        if np.ptp(values) > _tolerance(axis):
            names = [f"{n}, {axis} {v:.6g}" for n, v in zip(names, values, strict=True)]
    kelvin = [s.stated.temperature for s in scans]
    if len({k for k in kelvin if k is not None}) > 1:
        names = [f"{n}, {k:.5g} K" if k is not None else n for n, k in zip(names, kelvin, strict=True)]
    return names


def _tolerance(axis: str) -> float:
    return WARMER if axis == NON_AMBIENT else TILTED


def _alike(a: Scan, b: Scan) -> bool:
    """Say whether two scans see the sample alike, so that they can be one pattern."""
    tilted = any(abs(a.tilt[k] - b.tilt[k]) > _tolerance(k) for k in a.tilt.keys() & b.tilt.keys())
    warm = (a.stated.temperature, b.stated.temperature)
    warmer = warm[0] is not None and warm[1] is not None and abs(warm[0] - warm[1]) > WARMER
    other = a.stated.wavelength != b.stated.wavelength or a.stated.sample != b.stated.sample
    return not (tilted or warmer or other)


def _repeats(a: Scan, b: Scan) -> bool:
    if len(a.counts) != len(b.counts) or np.abs(a.two_theta - b.two_theta).max() > SAME:
        return False
    return not np.any(a.factor != b.factor)


def _continues(a: Scan, b: Scan) -> bool:
    """Say whether b begins where a ends, and how long both were counted is known or not known of both."""
    gap = b.two_theta[0] - a.two_theta[-1]
    step = max(a.two_theta[-1] - a.two_theta[-2], b.two_theta[1] - b.two_theta[0])
    return bool(-SAME <= gap <= WIDEST_GAP * step and (a.time > 0.0).all() and (b.time > 0.0).all())


def _joined(scans: Sequence[Scan]) -> Scan:
    """Return ascending scans as one; where two share an angle the later one leaves it out."""
    kept = [scans[0]]
    for scan in scans[1:]:
        after = scan.two_theta > kept[-1].two_theta[-1] + SAME
        arrays = {k: getattr(scan, k)[after] for k in ("two_theta", "counts", "factor", "time")}
        kept.append(replace(scan, **arrays))
    arrays = {k: np.concatenate([getattr(s, k) for s in kept]) for k in ("two_theta", "counts", "factor", "time")}
    return replace(scans[0], **arrays, whole=all(s.whole for s in scans))


def _scaled(scan: Scan) -> tuple[FloatArray, FloatArray | None, list[str]]:
    """Return intensities, their σ (None where they are plain counts) and notes."""
    factor, notes = scan.factor, []
    if (factor != 1.0).any():
        n = int((factor != factor.min()).sum())
        behind = "1 point was" if n == 1 else f"{n} points were"
        notes.append(f"attenuation was taken back, by {factor.max():g} at the most; {behind} attenuated more")
    if np.ptp(scan.time) > 0.0:
        if not (scan.time > 0.0).all():
            notes.append("counting times that are not all above 0 were left aside")
        else:
            factor = factor * scan.time.mean() / scan.time
            notes.append(f"counting times differ; intensities are for {scan.time.mean():g} s")
    if (scan.counts < 0.0).any():
        notes.append("intensities below 0 are no counts: the data were processed, and their σ is not known")
        return scan.counts * factor, None, notes
    if not scan.whole and not scan.called:
        notes.append("intensities are not whole numbers: the data were processed, and their σ is not known")
        return scan.counts * factor, None, notes
    if not scan.whole:
        notes.append("counts are not whole numbers, as detectors spread them over steps; σ is their root all the same")
    if not notes:
        return scan.counts, None, []
    return scan.counts * factor, factor * np.sqrt(np.maximum(scan.counts, 1.0)), notes
