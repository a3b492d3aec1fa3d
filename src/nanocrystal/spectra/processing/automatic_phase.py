"""The phase of a spectrum, found: of several candidates the one that leaves least of the spectrum below zero.

Candidates are the phase that single lines have (`phase_of_lines`), with φ1 from −360° to 1080° those of the least
negative signal, and those of the least entropy of the derivative of the real part (L. Chen, Z. Weng, L. Y. Goh & M.
Garland, J. Magn. Reson. 158, 164 (2002)). Each goes downhill in the sum of squares below zero. A level of the whole
spectrum below zero, as points that are missing at the beginning of an FID leave it, counts as zero; one above it may
be the wings of lines.

Lines of both signs: positivity says nothing, and the phase of the lines is taken.

How far the ways to judge a phase lie apart says how well it is known: the phases of the least area below zero, of the
least area of all and of the least entropy are sought from the one that was found. Their mean square distance from it,
with what noise adds, is the covariance; where the area of a single group tells the phase, it is that of the noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from nanocrystal.arrays import ComplexArray, FloatArray
from nanocrystal.spectra.processing.missing_points import floor_curve, missing_points
from nanocrystal.spectra.processing.noise import bunched, noise_of
from nanocrystal.spectra.processing.phase import NmrPhase, place_from_pivot
from nanocrystal.spectra.processing.phase_of_lines import PhaseOfLines, phase_of_lines, without_noise

EARLIEST, LATEST, SLOPE_STEP, TURN_STEP = -360.0, 1080.0, 20.0, 15.0
"""° of φ1 between which it is sought (one point of an FID before its beginning, or three that are missing), and steps
of φ1 and φ0 of the search"""
COARSE, MIDDLE, FINE = 2048, 8192, 32768
"""points that the search looks at, that candidates are compared with, and by which the best is made better"""
STARTS = 4
"""of the search, which become candidates"""
MOST_TRIES = 200
NOISES = 3.0
"""standard deviations that a point of noise may lie below zero"""
AS_GOOD = 1.5
"""times the least sum of squares: among such candidates the one of the smallest φ1 is taken"""
MUCH_STEEPER = 180.0
"""° of φ1 by which the phase of the lines may not be steeper than another that is as good"""
FARTHEST_BESIDE, NOTHING_OF_WAVES = 90.0, 1e-3
"""° by which single lines may correct a phase where points are missing, and squares that count as nothing there"""
NOTHING, NOTHING_OF_GROUP = 1e-6, 1e-3
"""part of the squares that counts as nothing below zero: what edges of filters leave; a single group of lines tells its
phase by its area, from which that of the least squares may lie 7° apart by noise"""
Angles = tuple[float, float]
Cost = Callable[[FloatArray], float]
"""of the real part (n_points,) of a spectrum, less its level"""


@dataclass(frozen=True, eq=False)
class FoundPhase:
    """A phase, and the covariance of φ0 at its pivot and φ1, (2, 2) in square degrees."""

    phase: NmrPhase
    covariance: FloatArray


def automatic_phase(
    values: ComplexArray, x: FloatArray, *, first_order: bool = True, both_signs: bool = False
) -> FoundPhase:
    """Return the phase that makes the real part of a spectrum (n_points,) absorptive, with the pivot at its top line.

    first_order: whether φ1 is sought too, where there is more than one group of lines; both_signs: lines may be upside
    down, the top line is not.
    """
    pivot = float(x[int(np.argmax(np.abs(values)))])
    places = place_from_pivot(x, pivot)
    lines = phase_of_lines(values, places, first_order=first_order, both_signs=both_signs)
    sloping = lines is not None and lines.tells_slope
    seen = _Seen.of(values if sloping else without_noise(values), places, FINE)
    middle = _Seen.of(seen.values, seen.places, MIDDLE)
    others: list[Cost] = [middle.area, _entropy]
    if both_signs and lines is not None:
        angles = (lines.ph0, lines.ph1)
    else:
        nothing = NOTHING if sloping else NOTHING_OF_GROUP
        angles = _chosen(middle, _candidates(middle, lines, sloping), lines, nothing)
        angles = _better(seen, angles, lines, sloping)
        others = [middle.area_below, *others]
    apart = np.array([middle.downhill(cost, angles, sloping) for cost in others]) - np.array(angles)
    alone = lines is not None and not sloping and angles[0] == lines.ph0
    covariance = np.zeros((2, 2)) if alone else apart.T @ apart / len(others)
    covariance[0, 0] += 0.0 if lines is None else lines.sigma**2
    return FoundPhase(NmrPhase((angles[0] + 180.0) % 360.0 - 180.0, angles[1], pivot), covariance)


def _candidates(seen: _Seen, lines: PhaseOfLines | None, sloping: bool) -> list[tuple[float, Angles]]:
    """Return the squares below zero of each candidate, gone downhill, and its angles."""
    starts = _searched(_Seen.of(seen.values, seen.places, COARSE), sloping)
    starts += [] if lines is None else [(lines.ph0, lines.ph1)]
    starts += [seen.downhill(_entropy, start, sloping) for start in (starts[0], starts[-1])]
    ends = [seen.downhill(seen.squares_below, start, sloping) for start in dict.fromkeys(starts)]
    if sloping:
        flat = _searched(_Seen.of(seen.values, seen.places, COARSE), sloping=False)
        ends += [seen.downhill(seen.squares_below, start, sloping=False) for start in flat]
    return [(seen.cost(seen.squares_below, end), end) for end in ends]


def _chosen(
    seen: _Seen, candidates: Sequence[tuple[float, Angles]], lines: PhaseOfLines | None, nothing: float
) -> Angles:
    """Return the phase of the lines where it is as good as the best candidate, else the good one of the least φ1."""
    most = AS_GOOD * min(cost for cost, _ in candidates) + nothing
    least = min((end for cost, end in candidates if cost <= most), key=lambda end: abs(end[1]))
    if lines is None or abs(lines.ph1) > abs(least[1]) + MUCH_STEEPER:
        return least
    of_lines = (lines.ph0, lines.ph1)
    return of_lines if seen.cost(seen.squares_below, of_lines) <= most else least


def _better(seen: _Seen, angles: Angles, lines: PhaseOfLines | None, sloping: bool) -> Angles:
    """Return the phase gone downhill with all points, unless it is that of the lines.

    Where points are missing, what they leave under the spectrum is taken out at each step, and the phase that single
    lines have beside the one found is taken where it is as good: lines that are cut at the same side lie on slopes.
    """
    if lines is not None and angles == (lines.ph0, lines.ph1):
        return angles
    found = seen.downhill(seen.squares_below, angles, sloping)
    n_missing = missing_points(found[1])
    if not n_missing:
        return found
    middle = _Seen.of(seen.values, seen.places, MIDDLE)

    def cost(real: FloatArray) -> float:
        return middle.squares_below(real - floor_curve(real, n_missing))

    least = middle.downhill(cost, found, sloping)
    turned = seen.values * np.exp(-1j * np.radians(found[0] + found[1] * seen.places))
    beside = phase_of_lines(turned, seen.places)
    if beside is None or max(abs(beside.ph0), abs(beside.ph1)) > FARTHEST_BESIDE:
        return least
    of_lines = (found[0] + beside.ph0, found[1] + beside.ph1)
    good = AS_GOOD * middle.cost(cost, least) + NOTHING_OF_WAVES
    return of_lines if middle.cost(cost, of_lines) <= good else least


def _searched(seen: _Seen, sloping: bool) -> list[Angles]:
    """Return the phases of the least squares below zero on a grid of φ0 and φ1, for each φ1 one, the best few."""
    slopes = np.arange(EARLIEST, LATEST + 1.0, SLOPE_STEP) if sloping else np.zeros(1)
    turns = np.arange(-180.0, 180.0, TURN_STEP)
    best = []
    for ph1 in slopes:
        turned = seen.values * np.exp(-1j * np.radians(ph1 * seen.places))
        costs = [seen.squares_below(_above_level((turned * np.exp(-1j * np.radians(t))).real)) for t in turns]
        best.append((min(costs), float(turns[int(np.argmin(costs))]), float(ph1)))
    return [(ph0, ph1) for _, ph0, ph1 in sorted(best)[:STARTS]]


@dataclass(frozen=True, eq=False)
class _Seen:
    """A spectrum (n_points,) at places from the pivot, with the noise of its real part."""

    values: ComplexArray
    places: FloatArray
    noise: float

    @classmethod
    def of(cls, values: ComplexArray, places: FloatArray, most: int) -> Self:
        """Return the spectrum by means of neighbours where it has more than `most` points."""
        bunch = -(-len(values) // most)
        values, places = bunched(values, bunch), bunched(places, bunch)
        return cls(values, places, noise_of(values.real))

    def cost(self, cost: Cost, angles: Angles) -> float:
        """Return what a phase costs."""
        turned = self.values * np.exp(-1j * np.radians(angles[0] + angles[1] * self.places))
        return cost(_above_level(turned.real))

    def downhill(self, cost: Cost, start: Angles, sloping: bool) -> Angles:
        """Return the phase of the least cost near a start; φ1 stays where the spectrum is not sloping."""
        from scipy.optimize import minimize

        def costs(moved: FloatArray) -> float:
            return self.cost(cost, (float(moved[0]), float(moved[1]) if sloping else start[1]))

        simplex = np.array([start, (start[0] + 3.0, start[1]), (start[0], start[1] + 10.0)])
        simplex = simplex if sloping else simplex[:2, :1]
        options: Any = {"initial_simplex": simplex, "xatol": 1e-3, "fatol": 1e-12, "maxfev": MOST_TRIES}
        found = np.atleast_1d(minimize(costs, simplex[0], method="Nelder-Mead", options=options).x)
        return float(found[0]), float(found[1]) if sloping else start[1]

    def squares_below(self, real: FloatArray) -> float:
        """Return the sum of squares below zero, less what noise may be there, over that of all points."""
        below = np.minimum(real + NOISES * self.noise, 0.0)
        return float((below @ below) / max(float(real @ real), 1e-300))

    def area_below(self, real: FloatArray) -> float:
        """Return the area below zero, less what noise may be there, over that of all points without sign."""
        return float(-np.minimum(real + NOISES * self.noise, 0.0).sum() / max(float(np.abs(real).sum()), 1e-300))

    def area(self, real: FloatArray) -> float:
        """Return the area without sign, over that of the magnitude: absorption has less than dispersion."""
        return float(np.abs(real).sum() / max(float(np.abs(self.values).sum()), 1e-300))


def _above_level(real: FloatArray) -> FloatArray:
    """Return the real part less its median where that is below zero."""
    return np.asarray(real - min(float(np.median(real)), 0.0))


def _entropy(real: FloatArray) -> float:
    """Return the entropy of the normalised derivative, over that of an even distribution, and the squares below."""
    slope = np.abs(np.diff(real))
    share = slope / max(float(slope.sum()), 1e-300)
    return float(-(share * np.log(share + 1e-300)).sum() / np.log(len(share)))
