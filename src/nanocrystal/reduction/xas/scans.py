"""Several scans become one μ(E): points taken out, energies aligned on a reference, the mean on one grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.data.xas import AbsorptionSignal
from nanocrystal.errors import InputError
from nanocrystal.reduction.xas.edge import STEP, slope

Align = Literal["none", "foil", "sample"]
SAME = 1e-3
"""eV by which grids of one scan may differ"""
FARTHEST = 10.0
"""eV that a scan may be shifted by"""
AROUND = 30.0
"""eV about the edge of a reference, where scans are compared"""
FEWEST = 20
"""points of a scan"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Merged:
    """μ(E) of scans together.

    energy, mu: (n,) on the grid of the first; scans: each by itself, aligned; shifts: eV that each was shifted by;
    notes: what was done.
    """

    energy: FloatArray
    mu: FloatArray
    scans: tuple[AbsorptionSignal, ...]
    shifts: tuple[float, ...]
    notes: tuple[str, ...]


def without_points(signal: AbsorptionSignal, deglitch: Sequence[float], where: str) -> AbsorptionSignal:
    """Return a signal without the points next to energies, eV; raises InputError where there is no such point."""
    if not deglitch:
        return signal
    energy = signal.energy
    kept = np.ones(len(energy), dtype=np.bool_)
    for glitch in deglitch:
        nearest = int(np.argmin(np.abs(energy - glitch)))
        beside = np.abs(energy[max(nearest - 1, 0) : nearest + 2] - energy[nearest])
        if abs(energy[nearest] - glitch) > 0.5 * float(beside.max()):
            problem = f"there is no point at {glitch:g} eV in {signal.scan}; the next one is at {energy[nearest]:.6f}"
            raise InputError(f"{where}.deglitch", f"{problem}.")
        kept[nearest] = False
    return signal.kept(kept)


def within(signal: AbsorptionSignal, energy_range: tuple[float, float] | None, where: str) -> AbsorptionSignal:
    """Return a signal between two energies, eV; raises InputError where too few points are left."""
    if energy_range is None:
        return signal
    low, high = energy_range
    kept = (signal.energy >= low) & (signal.energy <= high)
    if kept.sum() < FEWEST:
        problem = f"[{low:g}, {high:g}] eV leaves {kept.sum()} points of {signal.scan}, which goes from"
        ends = f"{signal.energy[0]:.6g} to {signal.energy[-1]:.6g}"
        raise InputError(f"{where}.energy_range", f"{problem} {ends}; at least {FEWEST} are needed.")
    return signal.kept(kept)


def merged(signals: Sequence[AbsorptionSignal], where: str, align: Align = "none", near: float | None = None) -> Merged:
    """Return the mean of scans.

    align: "none", or whose μ(E) shall lie where it lies in the first; near: eV, its edge.
    """
    first = signals[0]
    notes = [note for signal in signals for note in signal.notes]
    shifts = [0.0] * len(signals)
    if align != "none" and near is not None:
        shifts = [0.0, *(_shift(first, other, align, near, where) for other in signals[1:])]
    scans = [replace(s, energy=s.energy + shift) for s, shift in zip(signals, shifts, strict=True)]
    low, high = max(s.energy[0] for s in scans), min(s.energy[-1] for s in scans)
    kept = (first.energy >= low - SAME) & (first.energy <= high + SAME)
    if kept.sum() < FEWEST:
        problem = f"the scans have {kept.sum()} points of {first.scan} in common, from {low:.6g} to {high:.6g} eV"
        raise InputError(f"{where}.files", f"{problem}; at least {FEWEST} are needed.")
    if not kept.all():
        notes.append(f"Only {low:.6g} to {high:.6g} eV, which all scans cover, is used.")
    energy = first.energy[kept]
    on_others = [s for s in scans[1:] if not _same_grid(s.energy, first.energy)]
    if on_others:
        names = ", ".join(str(s.scan) for s in on_others)
        notes.append(f"Interpolated on the energies of {first.scan}: {names}.")
    for shift, scan in zip(shifts[1:], scans[1:], strict=True):
        if shift:
            notes.append(f"{scan.scan} was shifted by {shift:+.3f} eV, so that its {align} agrees with the first.")
    mu = np.mean([s.mu if s is first else np.interp(energy, s.energy, s.mu) for s in [first.kept(kept), *scans[1:]]], 0)
    return Merged(energy=energy, mu=mu, scans=tuple(scans), shifts=tuple(shifts), notes=tuple(notes))


def _same_grid(a: FloatArray, b: FloatArray) -> bool:
    return len(a) == len(b) and bool(np.abs(a - b).max() <= SAME)


# ---- alignment --------------------------------------------------------------------------------------


def _shift(first: AbsorptionSignal, other: AbsorptionSignal, align: Align, near: float, where: str) -> float:
    """Return by how many eV a scan is shifted for the slopes of its edge to lie where they do in the first."""
    grid, trials = near + _steps(AROUND), _steps(FARTHEST)
    target = _slopes(first, align, grid, where)
    rises = _slopes(other, align, near + _steps(AROUND + FARTHEST), where)
    windows = np.lib.stride_tricks.sliding_window_view(rises, len(grid))[::-1]  # shifted by -FARTHEST … FARTHEST
    norms = np.sqrt((windows**2).sum(axis=1) * (target**2).sum())
    likeness = (windows @ target) / np.where(norms > 0.0, norms, 1.0)
    top = int(np.argmax(likeness))
    if not 0 < top < len(trials) - 1 or likeness[top] < 0.5:
        problem = f"the {align} of {other.scan} has no edge within {FARTHEST:g} eV of that of {first.scan}"
        raise InputError(f"{where}.reference", f"{problem}, {near:.6g} eV; leave reference out, or that scan.")
    a, b, c = likeness[top - 1 : top + 2]
    bend = a - 2.0 * b + c
    return float(trials[top] + (0.5 * STEP * (a - c) / bend if bend < 0.0 else 0.0))


def _steps(reach: float) -> FloatArray:
    """Return even steps from −reach to reach, eV."""
    n = round(reach / STEP)
    return np.arange(-n, n + 1, dtype=np.float64) * STEP


def _slopes(signal: AbsorptionSignal, align: Align, grid: FloatArray, where: str) -> FloatArray:
    mu = signal.mu if align == "sample" else signal.reference
    if mu is None:
        raise InputError(f"{where}.reference", f"{signal.scan} was read without its foil.")
    at, rise = slope(signal.energy, mu)
    return np.interp(grid, at, rise, left=0.0, right=0.0)
