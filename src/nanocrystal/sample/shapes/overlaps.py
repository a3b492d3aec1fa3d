"""How much of a body overlaps itself, or one nested in it, when displaced: means over size distributions.

Along each pair of faces a length L shares L − max(2 max(s, t), s + t + |u|) with itself displaced by u, the faces of
the two bodies being moved inwards by s and t (negative: outwards). Its mean over the sizes is closed in partial
moments. Across an axis, rectangles and discs are integrated over the circle of each radius. Quadratures lie between
the places where the overlap has kinks, with nodes dense at both ends, where it may close with a half power.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.sample.shapes.bands import Extent, extent_of
from nanocrystal.sample.shapes.distributions import LengthDistribution, Lognormal, Normal, OneLength, Tabulated

FloatArray = NDArray[np.float64]
Depths = tuple[float, float]
NODES = 10
"""of a quadrature between two kinks, besides those that the phase q u asks for"""
NODES_IN_BANDS = 16
"""the same around a circle where most of an overlap cancels (`bands`)"""
PIECE = 32
"""most nodes of one rule of Gauss and Legendre; more are in pieces"""
MOST_NODES = 1500
"""between two kinks; a phase q u beyond 2000 between them is not resolved (where sizes are spread it matters little)"""
MOST_OF_EACH = 128
"""the same where crystals of each size are summed one by one"""
NEGLIGIBLE = 1e-9
"""of the sum over sizes; the sizes that add less are left out"""
MOST_APART = 1.2
"""ln of the ratio of two lengths between which a broad distribution is taken as smooth"""
LARGE_ANGLES = 2
"""power of a length that Porod's law sees"""


# ---- quadrature -----------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def unit_rule(n: int) -> tuple[FloatArray, FloatArray]:
    """Return at least n nodes and their weights on [0, 1]: by Gauss and Legendre, in pieces where n is large."""
    n = min(n, MOST_NODES)
    pieces = 1 if n <= PIECE else -(-(n - NODES) // (PIECE - NODES))
    nodes, weights = np.polynomial.legendre.leggauss(n if pieces == 1 else PIECE)
    starts = np.arange(float(pieces))[:, None]
    return ((starts + 0.5 * (nodes + 1.0)) / pieces).ravel(), np.tile(0.5 * weights / pieces, pieces)


def _smooth_step(n: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights on [0, 1], dense at both ends, so that half powers there do no harm."""
    t, weights = unit_rule(n)
    return t * t * (3.0 - 2.0 * t), 6.0 * weights * t * (1.0 - t)


def nodes_between(breaks: Sequence[float], phase: float, end: float = np.inf) -> tuple[FloatArray, FloatArray]:
    """Return nodes (n,), ascending, and weights of a quadrature between breaks, not beyond `end`.

    phase: per Å, of what oscillates.
    """
    parts = []
    edges = _distinct([min(b, end) for b in breaks])
    for low, high in pairwise(edges):
        n = NODES + int(0.75 * phase * (high - low))
        x, w = _smooth_step(n)
        parts.append((low + (high - low) * x, (high - low) * w))
    return np.concatenate([x for x, _ in parts]), np.concatenate([w for _, w in parts])


def _distinct(breaks: Sequence[float]) -> FloatArray:
    """Return the breaks in order, without those below 0 and those that nearly coincide."""
    ordered = np.unique([b for b in breaks if b >= 0.0])
    return np.asarray(ordered[np.concatenate([[True], np.diff(ordered) > 1e-9 * ordered[-1]])])


def panels(low: FloatArray, high: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights (…, n) between low and high (…)."""
    x, w = _smooth_step(n)
    width = (high - low)[..., None]
    return low[..., None] + width * x, width * w


def nodes_of_rows(breaks: Sequence[FloatArray], phase: float, end: float = np.inf) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights (n_rows, n) of quadratures from 0 between breaks (n_rows,), ascending in each row.

    phase: per Å, of what oscillates; end: beyond which nothing is summed.
    """
    edges = np.sort(np.minimum(np.stack([np.zeros_like(breaks[0]), *breaks], axis=1), end), axis=1)
    most = MOST_OF_EACH if np.isinf(end) else MOST_NODES
    parts = [
        panels(low, high, NODES + min(int(0.75 * phase * float((high - low).max())), most))
        for low, high in zip(edges.T[:-1], edges.T[1:], strict=True)
        if (high - low).max() > 1e-9 * edges.max()
    ]
    return np.concatenate([x for x, _ in parts], axis=1), np.concatenate([w for _, w in parts], axis=1)


def knots(d: LengthDistribution, power: float, least: float = 0.0) -> FloatArray:
    """Return lengths, ascending, between which E[L^power; L > r] is smooth; beyond the last there is nothing.

    least: a power below 0 whose mean is to be had from these lengths too.
    """
    if isinstance(d, OneLength):
        return np.array([d.value])
    if isinstance(d, Tabulated):
        lengths, counts = (np.array(x, dtype=np.float64) for x in (d.lengths, d.counts))
        return d.factor * np.unique(lengths[counts > 0.0])
    if isinstance(d, Lognormal):
        mu, s = d.log_parameters
        low, high = mu + least * s * s - 5.0 * s, mu + power * s * s + 5.5 * s
        return np.exp(np.linspace(low, high, 2 + int((high - low) / min(1.5 * s, MOST_APART))))
    assert isinstance(d, Normal)
    return np.linspace(max(0.0, d.mean - 5.5 * d.std), d.mean + 6.5 * d.std, 7)


def sizes(
    d: LengthDistribution, power: float, phase: float, end: float = np.inf, least: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Return lengths (n,) and the part of the crystals that each stands for; for what oscillates as cos(phase L).

    power, least: see `knots`; end: the length beyond which nothing oscillates, Å.
    """
    edges = knots(d, power, least)
    if isinstance(d, OneLength):
        return edges, np.ones(1)
    if isinstance(d, Tabulated):
        weights = np.array(d.counts) / np.sum(d.counts)
        return d.factor * np.array(d.lengths), weights
    nodes, most = [], MOST_OF_EACH if np.isinf(end) else MOST_NODES
    if edges[0] < end < edges[-1]:
        edges = np.sort(np.append(edges, end))
    for low, high in pairwise(edges):
        x, w = unit_rule(min(12 + int(0.55 * phase * (high - low)), most) if low < end else 12)
        length = low + (high - low) * x
        nodes.append((length, (high - low) * w * d.density(length)))
    length, weight = (np.concatenate(parts) for parts in zip(*nodes, strict=True))
    kept = np.zeros(len(length), dtype=np.bool_)
    for seen in [power, *([] if np.isinf(end) else [LARGE_ANGLES]), *([least] if least < 0.0 else [])]:
        counts = weight * length**seen
        kept |= counts > NEGLIGIBLE * counts.sum()
    return length[kept], weight[kept]


def lengths_above(d: LengthDistribution, least: FloatArray, power: int) -> tuple[FloatArray, FloatArray]:
    """Return lengths and weights (n, m) of those above `least` (n,), between the knots of the distribution."""
    if not isinstance(d, Lognormal | Normal):
        return d.nodes(least)
    edges = np.maximum(np.concatenate([[0.0], knots(d, power)]), least[:, None])
    length, weight = panels(edges[:, :-1], edges[:, 1:], NODES)
    length, weight = (x.reshape(len(least), -1) for x in (length, weight))
    return length, weight * d.density(length)


# ---- along an axis --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Segment:
    """A pair of parallel faces; their distance is `factor` times a length of the distribution."""

    d: LengthDistribution
    factor: float = 1.0

    def breaks(self, depths: Depths) -> list[float]:
        """Return the displacements at which the overlap has a kink, or hardly anything is left, Å."""
        s, t = depths
        return [0.0, abs(s - t), *(self.factor * k - s - t for k in knots(self.d, 2))]

    def overlap(self, u: FloatArray, depths: Depths) -> FloatArray:
        """Return the mean of L − max(2 max(s, t), s + t + u), where positive."""
        v = unshared(u, depths)
        at = np.maximum(v, 0.0) / self.factor
        left = self.factor * self.d.partial_moment(1, at) - v * self.d.partial_moment(0, at)
        return np.asarray(np.maximum(left, 0.0))

    def inside(self, u: FloatArray, depth: float) -> FloatArray:
        """Return the part of the crystals that reach beyond u on one side, with faces moved inwards by the depth."""
        return self.d.partial_moment(0, np.maximum(2.0 * (u + depth) / self.factor, 0.0))

    def inside_breaks(self, depth: float) -> list[float]:
        return [0.0, *(0.5 * self.factor * k - depth for k in knots(self.d, 1))]

    def extent(self, depths: Depths) -> Extent:
        """Return how far displacements go."""
        return extent_of(self.d, float(knots(self.d, 2)[-1]), self.factor, longer(depths))


def longer(depths: Depths) -> float:
    """Return by how much displacements of nested bodies may go further than those of one, Å."""
    s, t = depths
    return abs(s - t) + 2.0 * max(-s, -t, 0.0)


def unshared(u: FloatArray, depths: Depths) -> FloatArray:
    """Return what two nested segments do not share of a length when displaced by u; Å."""
    s, t = depths
    return np.maximum(2.0 * max(s, t), s + t + u)


# ---- across it: the integral of the overlap over all directions in the plane --------------------------


@dataclass(frozen=True)
class Rectangle:
    """Two pairs of faces at right angles, whose distances are factors times one and the same length."""

    d: LengthDistribution
    factors: tuple[float, float] = (1.0, 1.0)

    def breaks(self, depths: Depths) -> list[float]:
        s, t = depths
        apart = abs(s - t)
        breaks = [0.0, apart, np.sqrt(2.0) * apart]
        for k in knots(self.d, 4):
            sides = [max(f * k - s - t, 0.0) for f in self.factors]
            breaks += [*sides, float(np.hypot(*sides)), *(float(np.hypot(apart, side)) for side in sides)]
        return breaks

    def around(self, rho: FloatArray, depths: Depths, nodes: int = NODES) -> FloatArray:
        """Return ∫ overlap dφ over the circle of radius rho (n,); nodes: between two kinks."""
        (f1, f2), (s, t) = self.factors, depths
        edges = knots(self.d, 4)
        first = [abs(s - t), *(f1 * edges - s - t)]
        second = [abs(s - t), *(f2 * edges - s - t)]
        if isinstance(self.d, OneLength | Tabulated) and f1 == f2 and s == t:
            lengths, parts = sizes(self.d, 0, 0.0)
            sides = f1 * lengths - 2.0 * s
            return np.asarray(sum(p * around_square(rho, a) for p, a in zip(parts, sides, strict=True)))
        kinks = (first, second, self._diagonal(rho, s + t))
        return around_circle(rho, kinks, partial_overlap(self, depths), f1 == f2, nodes)

    def overlap(self, u1: FloatArray, u2: FloatArray, depths: Depths) -> FloatArray:
        """Return the mean area that two nested rectangles share when displaced by (u1, u2)."""
        (f1, f2), v1, v2 = self.factors, unshared(u1, depths), unshared(u2, depths)
        at = np.maximum(np.maximum(v1 / f1, v2 / f2), 0.0)
        m0, m1, m2 = (self.d.partial_moment(k, at) for k in range(3))
        return np.maximum(f1 * f2 * m2 - (f1 * v2 + f2 * v1) * m1 + v1 * v2 * m0, 0.0)

    def inside(self, rho: FloatArray, depth: float, nodes: int = NODES) -> FloatArray:
        """Return the mean of the angle over which the circle of radius rho (n,) lies inside."""
        first, second = ([0.5 * f * k - depth for k in knots(self.d, 2)] for f in self.factors)

        def present(_: Any, u1: FloatArray, u2: FloatArray) -> FloatArray:
            far = np.maximum((u1 + depth) / self.factors[0], (u2 + depth) / self.factors[1])
            return self.d.partial_moment(0, np.maximum(2.0 * far, 0.0))

        kinks = (first, second, self._diagonal(rho, depth))
        return around_circle(rho, kinks, present, self.factors[0] == self.factors[1], nodes)

    def inside_breaks(self, depth: float) -> list[float]:
        sides = [[max(0.5 * f * k - depth, 0.0) for f in self.factors] for k in knots(self.d, 2)]
        return [0.0, *(x for s in sides for x in (*s, float(np.hypot(*s))))]

    def extent(self, depths: Depths) -> Extent:
        last, further = float(knots(self.d, 4)[-1]), longer(depths)
        one, two = (extent_of(self.d, last, f, further) for f in self.factors)
        return one.across(two)

    def _diagonal(self, rho: FloatArray, shift: float) -> FloatArray:
        """Return the angles (n,) at which (u1 + shift)/f1 = (u2 + shift)/f2."""
        f1, f2 = self.factors
        across = shift * (f1 - f2) / np.hypot(f1, f2) / np.maximum(rho, 1e-300)
        return np.asarray(np.arccos(np.clip(across, -1.0, 1.0)) - np.arctan2(f1, f2))


@dataclass(frozen=True)
class TwoEdges:
    """Two pairs of faces at right angles, each with a distribution of its own."""

    first: Segment
    second: Segment

    def breaks(self, depths: Depths) -> list[float]:
        one, two = self.first.breaks(depths), self.second.breaks(depths)
        return [*one, *two, *(float(np.hypot(a, b)) for a in one for b in two)]

    def around(self, rho: FloatArray, depths: Depths, nodes: int = NODES) -> FloatArray:
        kinks = (self.first.breaks(depths), self.second.breaks(depths), None)
        return around_circle(rho, kinks, partial_overlap(self, depths), False, nodes)

    def overlap(self, u1: FloatArray, u2: FloatArray, depths: Depths) -> FloatArray:
        return self.first.overlap(u1, depths) * self.second.overlap(u2, depths)

    def inside(self, rho: FloatArray, depth: float, nodes: int = NODES) -> FloatArray:
        one, two = self.first, self.second
        kinks = (one.inside_breaks(depth), two.inside_breaks(depth), None)
        return around_circle(rho, kinks, lambda _, u1, u2: one.inside(u1, depth) * two.inside(u2, depth), False, nodes)

    def inside_breaks(self, depth: float) -> list[float]:
        one, two = self.first.inside_breaks(depth), self.second.inside_breaks(depth)
        return [*one, *two, *(float(np.hypot(a, b)) for a in one for b in two)]

    def extent(self, depths: Depths) -> Extent:
        return self.first.extent(depths).across(self.second.extent(depths))


@dataclass(frozen=True)
class Disc:
    """A round base; the length is its diameter."""

    d: LengthDistribution

    def breaks(self, depths: Depths) -> list[float]:
        s, t = depths
        return [0.0, abs(s - t), *(k - s - t for k in knots(self.d, 4))]

    def around(self, rho: FloatArray, depths: Depths, nodes: int = NODES) -> FloatArray:
        s, t = depths
        length, weight = lengths_above(self.d, np.maximum(2.0 * max(s, t, 0.0), rho + s + t), 4)
        shared = lens_area(0.5 * length - s, 0.5 * length - t, rho[:, None])
        return np.asarray(2.0 * np.pi * (weight * shared).sum(axis=1))

    def inside(self, rho: FloatArray, depth: float, nodes: int = NODES) -> FloatArray:
        return np.asarray(2.0 * np.pi * self.d.partial_moment(0, np.maximum(2.0 * (rho + depth), 0.0)))

    def inside_breaks(self, depth: float) -> list[float]:
        return [0.0, *(0.5 * k - depth for k in knots(self.d, 2))]

    def extent(self, depths: Depths) -> Extent:
        return extent_of(self.d, float(knots(self.d, 4)[-1]), longer=longer(depths))


Base = Rectangle | TwoEdges | Disc


def partial_overlap(body: Rectangle | TwoEdges, depths: Depths) -> Any:
    return lambda _, u1, u2: body.overlap(u1, u2, depths)


def around_circle(
    rho: FloatArray,
    kinks: tuple[Sequence[Any], Sequence[Any], FloatArray | None],
    overlap: Any,
    symmetric: bool,
    nodes: int,
) -> FloatArray:
    """Return ∫ overlap(ρ |cos φ|, ρ |sin φ|) dφ over the circle for each rho (n,), with panels between all kinks.

    overlap(rows, u1, u2): at displacements (m, k) that belong to these of the n rows. kinks: displacements along each
    of the two axes at which there are kinks, numbers or (n,), and of a diagonal the angle, (n,); nodes: of a panel.
    """
    first, second, diagonal = kinks
    top = 0.25 * np.pi if symmetric else 0.5 * np.pi
    far = np.maximum(rho, 1e-200)
    breaks = [np.zeros_like(rho), np.full_like(rho, top)]
    breaks += [np.minimum(np.arccos(np.clip(u / far, 0.0, 1.0)), top) for u in first]
    breaks += [np.minimum(np.arcsin(np.clip(u / far, 0.0, 1.0)), top) for u in second]
    if diagonal is not None and not symmetric:
        breaks.append(np.clip(diagonal, 0.0, top))
    edges = np.sort(np.stack(breaks, axis=1), axis=1)
    filled = np.diff(edges, axis=1) > 1e-13
    rows, places = np.nonzero(filled)
    angle, weight = panels(edges[rows, places], edges[rows, places + 1], nodes)
    radius = rho[rows][:, None]
    integrals = (weight * overlap(rows, radius * np.cos(angle), radius * np.sin(angle))).sum(axis=1)
    quarter = np.bincount(rows, integrals, minlength=len(rho))
    return np.asarray((8.0 if symmetric else 4.0) * quarter)


def around_square(rho: FloatArray, side: Any) -> FloatArray:
    """Return ∫ (a − ρ|cos φ|)(a − ρ|sin φ|) dφ over the circle, where positive; closed; a: `side`."""
    x = rho / np.maximum(side, 1e-300)
    low = np.arccos(np.clip(1.0 / np.maximum(x, 1e-300), 0.0, 1.0))
    high = 0.5 * np.pi - low
    sine = np.sin(high) - np.sin(low)
    squares = np.sin(high) ** 2 - np.sin(low) ** 2
    inside = (high - low) - 2.0 * x * sine + 0.5 * x * x * squares
    return np.asarray(np.where((x < np.sqrt(2.0)) & (side > 0.0), 4.0 * side**2 * inside, 0.0))


def lens_area(first: FloatArray, second: FloatArray, apart: FloatArray) -> FloatArray:
    """Return the area that discs of radii first and second share at a distance of their centres."""
    first, second = np.maximum(first, 0.0), np.maximum(second, 0.0)
    smaller, larger = np.minimum(first, second), np.maximum(first, second)
    d = np.maximum(apart, 1e-12)
    tiny = 1e-300
    c1 = np.clip((d**2 + smaller**2 - larger**2) / np.maximum(2.0 * d * smaller, tiny), -1.0, 1.0)
    c2 = np.clip((d**2 + larger**2 - smaller**2) / np.maximum(2.0 * d * larger, tiny), -1.0, 1.0)
    product = (smaller + larger - d) * (d + smaller - larger) * (d - smaller + larger) * (d + smaller + larger)
    lens = smaller**2 * np.arccos(c1) + larger**2 * np.arccos(c2) - 0.5 * np.sqrt(np.maximum(product, 0.0))
    inside = d <= larger - smaller
    return np.asarray(np.where(inside, np.pi * smaller**2, np.where(d < smaller + larger, lens, 0.0)))
