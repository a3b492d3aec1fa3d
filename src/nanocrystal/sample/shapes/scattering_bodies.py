"""Small angles: products of the amplitudes of bodies, averaged over orientations and sizes.

For two bodies nested in each other, the faces of one s and of the other t below the surface of a crystal (negative:
outside it), the mean of F_s F_t over all directions is
    P_st(q) = ∫ overlap_st(u) sin(q u)/(q u) d³u  (Debye; Guinier & Fournet, Small-Angle Scattering of X-rays, 1955),
with overlap_st the volume that they share when displaced by u (`overlaps`): closed in the size distribution, so sizes
are not sampled where the lengths are independent. What is left is a quadrature across and along an axis: 1e-6 of
P(q) up to q D = 200 (tests/sample/shapes/test_scattering_bodies.py). Cubes and octahedra are one function of q times
their edge, which is tabulated once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.bodies import DisplacementSum
from nanocrystal.sample.shapes.boxes import BoxNow, Edge
from nanocrystal.sample.shapes.curved import Octahedral
from nanocrystal.sample.shapes.distributions import LengthDistribution, Lognormal, OneLength
from nanocrystal.sample.shapes.overlaps import (
    Base,
    Depths,
    Disc,
    Rectangle,
    Segment,
    TwoEdges,
    around_circle,
    around_square,
    knots,
    lengths_above,
    limited,
    nodes_between,
    nodes_of_rows,
    sizes,
    unshared,
)
from nanocrystal.sample.shapes.shape import ScatteringBody
from nanocrystal.sample.shapes.sphere import sphere_overlap

FloatArray = NDArray[np.float64]
FARTHEST = 400
"""q a up to which the scattering of cubes and octahedra is tabulated"""
UPRIGHT = 0.02
"""cosine between block vectors that is taken as 0"""


@dataclass(frozen=True)
class RightBody:
    """A base and a height at right angles to it, of independent sizes."""

    layered: ClassVar[bool] = True
    exact: ClassVar[bool] = True

    base: Base
    height: Segment

    def products(self, q: FloatArray, depths: Depths) -> FloatArray:
        """Return P_st at q (n_q,) Å⁻¹, Å⁶."""
        phase = float(q.max())
        across, w = nodes_between(self.base.breaks(depths), phase)
        along, v = nodes_between(self.height.breaks(depths), phase)
        first = w * across * self.base.around(across, depths)
        return _summed(q, across, first, along, 2.0 * v * self.height.overlap(along, depths))

    def mean_amplitude(self, q: FloatArray, depth: float) -> FloatArray:
        """Return the mean amplitude of the bodies nested at a depth, (n_q,) Å³."""
        phase = float(q.max())
        across, w = nodes_between(self.base.inside_breaks(depth), phase)
        along, v = nodes_between(self.height.inside_breaks(depth), phase)
        first = w * across * self.base.inside(across, depth)
        return _summed(q, across, first, along, 2.0 * v * self.height.inside(along, depth))


def _summed(q: FloatArray, across: FloatArray, first: FloatArray, along: FloatArray, second: FloatArray) -> FloatArray:
    """Return the sum over displacements of first × second, (n_q,)."""
    sums = DisplacementSum(q, float(np.hypot(across.max(), along.max())))
    moments = sums.empty()
    sums.add(moments, across, first, along, second)
    return sums(moments)


@dataclass(frozen=True)
class TiedBody:
    """Crystals of each base length, (n,), with the part of all that they stand for, and a height that follows from it.

    factors: of the two edges of the base and of the height. spread: the mean (n,) and the standard deviation of the
    logarithm of the height, where it is only correlated with the base; else the height is a factor times the base.
    """

    layered: ClassVar[bool] = True
    exact: ClassVar[bool] = True

    length: FloatArray = field(repr=False)
    part: FloatArray = field(repr=False)
    factors: tuple[float, float, float]
    spread: tuple[FloatArray, float] | None = None

    def products(self, q: FloatArray, depths: Depths) -> FloatArray:
        return self._summed(q, lambda rows: self._overlapping(rows, depths, float(q.max())))

    def mean_amplitude(self, q: FloatArray, depth: float) -> FloatArray:
        """Return the mean amplitude of the bodies nested at a depth, (n_q,) Å³."""
        return self._summed(q, lambda rows: self._inside(rows, depth, float(q.max())))

    def _summed(self, q: FloatArray, quadrature: Any) -> FloatArray:
        """Return the sum over displacements of crystals that are taken together where they are alike in size."""
        parts = [quadrature(slice(k, k + 24)) for k in range(0, len(self.length), 24)]
        longest = max(float(np.hypot(across.max(), along.max())) for across, _, along, _ in parts)
        sums = DisplacementSum(q, longest)
        moments = sums.empty()
        for across, first, along, second in parts:
            for rho, a, z, w in zip(across, first, along, second, strict=True):
                sums.add(moments, rho, a, z, w)
        return sums(moments)

    def _overlapping(self, rows: slice, depths: Depths, phase: float) -> tuple[FloatArray, ...]:
        """Return displacements across and their weights, along and their weights, (n_rows, n) each."""
        (s, t), (f1, f2, _), x = depths, self.factors, self.length[rows]
        apart = np.full_like(x, abs(s - t))
        sides = [np.maximum(f * x - s - t, 0.0) for f in (f1, f2)]
        corners = [np.sqrt(2.0) * apart, np.hypot(*sides), *(np.hypot(apart, side) for side in sides)]
        rho, w = nodes_of_rows([apart, *sides, *corners], phase)
        if f1 == f2 and s == t:
            around = around_square(rho, (f1 * x - 2.0 * s)[:, None])
        else:
            size = np.repeat(x, rho.shape[1])
            breaks = [np.repeat(b, rho.shape[1]) for b in (apart, *sides)]

            def overlap(row: Any, u1: FloatArray, u2: FloatArray) -> FloatArray:
                each = [np.maximum(f * size[row][:, None] - unshared(u, depths), 0.0) for f, u in ((f1, u1), (f2, u2))]
                return np.asarray(each[0] * each[1])

            around = around_circle(rho.ravel(), breaks[:2], [breaks[0], breaks[2]], None, overlap, f1 == f2)
            around = around.reshape(rho.shape)
        z, v = nodes_of_rows([apart, *(np.maximum(k - s - t, 0.0) for k in self._height_knots(rows))], phase)
        gone = unshared(z, depths)
        left = self._height_moment(rows, 1, gone) - gone * self._height_moment(rows, 0, gone)
        return rho, self.part[rows][:, None] * w * rho * around, z, 2.0 * v * np.maximum(left, 0.0)

    def _inside(self, rows: slice, depth: float, phase: float) -> tuple[FloatArray, ...]:
        """As `_overlapping`, of the places within a body."""
        (f1, f2, _), x = self.factors, self.length[rows]
        sides = [np.maximum(0.5 * f * x - depth, 0.0) for f in (f1, f2)]
        rho, w = nodes_of_rows([*sides, np.hypot(*sides)], phase)
        low = np.arccos(np.clip(sides[0][:, None] / np.maximum(rho, 1e-300), 0.0, 1.0))
        high = np.arcsin(np.clip(sides[1][:, None] / np.maximum(rho, 1e-300), 0.0, 1.0))
        around = 4.0 * np.maximum(high - low, 0.0)
        z, v = nodes_of_rows([np.maximum(0.5 * k - depth, 0.0) for k in self._height_knots(rows)], phase)
        present = self._height_moment(rows, 0, 2.0 * (z + depth))
        return rho, self.part[rows][:, None] * w * rho * around, z, 2.0 * v * present

    def _height_knots(self, rows: slice) -> list[FloatArray]:
        if self.spread is None:
            return [self.factors[2] * self.length[rows]]
        mu, s = self.spread
        steps = np.linspace(-5.0 * s, 2.0 * s * s + 5.5 * s, 7)
        return [self.factors[2] * np.exp(mu[rows] + step) for step in steps]

    def _height_moment(self, rows: slice, power: int, r: FloatArray) -> FloatArray:
        """Return E[H^power; H > r] of the heights H, for r (n_rows, n)."""
        if self.spread is None:
            height = self.factors[2] * self.length[rows][:, None]
            return np.asarray(np.where(r < height, height**power, 0.0))
        from scipy.special import ndtr

        mu, s = self.spread[0][rows][:, None] + np.log(self.factors[2]), self.spread[1]
        with np.errstate(divide="ignore"):
            z = (mu + power * s * s - np.log(np.maximum(r, 0.0))) / s
        return np.asarray(np.exp(power * mu + 0.5 * (power * s) ** 2) * ndtr(z))


@dataclass(frozen=True)
class Ball:
    """A sphere; the length is its diameter."""

    layered: ClassVar[bool] = True
    exact: ClassVar[bool] = True

    d: LengthDistribution

    def products(self, q: FloatArray, depths: Depths) -> FloatArray:
        s, t = depths
        breaks = [0.0, abs(s - t), *(k - s - t for k in knots(self.d, 6))]
        r, w = nodes_between(breaks, float(q.max()))
        length, weight = lengths_above(self.d, np.maximum(2.0 * max(s, t, 0.0), r + s + t), 6)
        shared = (weight * sphere_overlap(0.5 * length - s, 0.5 * length - t, r[:, None])).sum(axis=1)
        return _radial(q, r, w * shared)

    def mean_amplitude(self, q: FloatArray, depth: float) -> FloatArray:
        """Return the mean amplitude of the spheres nested at a depth, (n_q,) Å³."""
        r, w = nodes_between([0.0, *(0.5 * k - depth for k in knots(self.d, 3))], float(q.max()))
        return _radial(q, r, w * self.d.partial_moment(0, np.maximum(2.0 * (r + depth), 0.0)))


def _radial(q: FloatArray, r: FloatArray, weight: FloatArray) -> FloatArray:
    """Return 4π ∫ f(r) r² sin(qr)/(qr) dr; weight: f(r) and those of the quadrature."""
    sums = DisplacementSum(q, float(r.max()))
    moments = sums.empty()
    sums.add(moments, np.zeros(1), np.ones(1), r, 4.0 * np.pi * r**2 * weight)
    return sums(moments)


@dataclass(frozen=True)
class SimilarBody:
    """Crystals that differ in nothing but one length: cubes, octahedra; P(q) = E[a⁶ P₁(q a)].

    thinner: by how much the length is smaller where the faces are moved inwards by 1.
    """

    d: LengthDistribution
    of_one: Callable[[int], tuple[FloatArray, FloatArray]]
    factor: float
    thinner: float

    def products(self, q: FloatArray, depth: float) -> FloatArray:
        """Return P at q (n_q,) of the bodies nested at a depth, with themselves."""
        from scipy.interpolate import CubicSpline

        length, part = sizes(self.d, 6, 1.2 * self.factor * float(q.max()))
        length = np.maximum(self.factor * length - self.thinner * depth, 0.0)
        x = q[:, None] * length
        top = min(100 * (1 + int(x.max() / 100.0)), FARTHEST)
        beyond = np.minimum(top / np.maximum(x, 1.0), 1.0) ** 4  # Porod's law
        form_factor = np.exp(CubicSpline(*self.of_one(top))(np.minimum(x, top))) * beyond
        return np.asarray((form_factor * length**6) @ part)


@lru_cache(maxsize=4)
def cube_table(top: int) -> tuple[FloatArray, FloatArray]:
    """Return x = q a up to `top` and ln of the mean square amplitude of a cube of edge 1."""
    x = np.linspace(0.0, float(top), 12 * top + 1)
    one = OneLength(1.0)
    return x, np.log(RightBody(Rectangle(one), Segment(one)).products(x, (0.0, 0.0)))


@dataclass(frozen=True)
class CubeBody:
    """A cube, or a box of given proportions; the length is an edge."""

    layered: ClassVar[bool] = True
    exact: ClassVar[bool] = True

    similar: SimilarBody | None
    tied: TiedBody

    def products(self, q: FloatArray, depths: Depths) -> FloatArray:
        if self.similar is not None and depths[0] == depths[1]:
            return self.similar.products(q, depths[0])
        return self.tied.products(q, depths)

    def mean_amplitude(self, q: FloatArray, depth: float) -> FloatArray:
        """Return the mean amplitude of the bodies nested at a depth, (n_q,) Å³."""
        return self.tied.mean_amplitude(q, depth)


@dataclass(frozen=True)
class OctahedralBody:
    """A regular octahedron; the length is its edge. No layers: nested octahedra have no closed overlap."""

    layered: ClassVar[bool] = False
    exact: ClassVar[bool] = True

    d: LengthDistribution

    def products(self, q: FloatArray, depths: Depths) -> FloatArray:
        return SimilarBody(self.d, octahedron_table, 1.0, float(np.sqrt(6.0))).products(q, depths[0])

    def mean_amplitude(self, q: FloatArray, depth: float) -> FloatArray:
        raise NotImplementedError("of these bodies only products of amplitudes are known")


@lru_cache(maxsize=2)
def octahedron_table(top: int) -> tuple[FloatArray, FloatArray]:
    """Return x = q a up to `top` and ln of the mean square amplitude of an octahedron of edge 1; takes a moment.

    The amplitude of a polyhedron is closed, but has removable singularities; its overlap has none (`Octahedral`).
    Displacements lie in the cone 0 ≤ t1 ≤ t2 ≤ t3, divided where the overlap has a kink, t1 + t2 = t3.
    """
    x = np.linspace(0.0, float(top), 12 * top + 1)
    sums = DisplacementSum(x, np.sqrt(2.0))
    moments = sums.empty()
    whole, middle = Octahedral(None, (0, 1, 2)), np.array([0.5, 0.5, 1.0])  # type: ignore[arg-type]
    for corners in (([0.0, 0.0, 1.0], [0.0, 1.0, 1.0], middle), ([0.0, 1.0, 1.0], [1.0, 1.0, 1.0], middle)):
        a, b, c = np.array(corners)
        n = 24 + int(0.36 * top)
        nodes: Any = np.polynomial.legendre.leggauss(n)
        t, w = 0.5 * (nodes[0] + 1.0), 0.5 * nodes[1]
        for s, ws in zip(t, w, strict=True):
            directions = a + s * ((b - a) + t[:, None] * (c - b))
            reach = np.sqrt(2.0) / directions.sum(axis=1)
            u = (reach[:, None] * t)[:, :, None] * directions[:, None, :]
            overlap = whole.weights(u.reshape(-1, 3), OneLength(1.0), np.eye(3)).reshape(n, n)
            measure = 48.0 * abs(np.linalg.det([a, b, c])) * ws * s * np.outer(w * reach**3, w * t**2)
            distance = np.linalg.norm(u, axis=2).ravel()
            one = np.zeros(1)
            order = np.argsort(distance)
            sums.add(moments, one, np.ones(1), distance[order], (overlap * measure).ravel()[order])
    return x, np.log(np.maximum(sums(moments), 1e-300))


@dataclass(frozen=True)
class EnvelopeBody:
    """Any shape along oblique block vectors, through its γ₀(r): P(q) to 1e-3 up to q D of about 20. No layers."""

    layered: ClassVar[bool] = False
    exact: ClassVar[bool] = False

    shape: BoxNow
    vectors: FloatArray

    def products(self, q: FloatArray, depths: Depths) -> FloatArray:
        lengths = np.linalg.norm(self.vectors, axis=1)
        reach = float((self.shape.reach_in_blocks(self.vectors) * lengths).sum())
        r, w = nodes_between([*np.linspace(0.0, reach, 9)], float(q.max()))
        block = abs(float(np.linalg.det(self.vectors)))
        volume = block * self.shape.mean_blocks(self.vectors)
        overlap = volume * self.shape.envelope_along(r, self.vectors, depths)
        sums = DisplacementSum(q, reach)
        moments = sums.empty()
        sums.add(moments, np.zeros(1), np.ones(1), r, 4.0 * np.pi * w * r**2 * overlap)
        return sums(moments)

    def mean_amplitude(self, q: FloatArray, depth: float) -> FloatArray:
        raise NotImplementedError("of these bodies only products of amplitudes are known")


def ball_of(d: LengthDistribution) -> Ball:
    """Return spheres with these diameters."""
    return Ball(limited(d))


def round_body(shape: BoxNow) -> RightBody:
    """Return cylinders, of a diameter and a length."""
    (_, across), (_, along) = shape.lengths
    return RightBody(Disc(limited(across)), Segment(limited(along)))


def octahedral_body(shape: BoxNow) -> OctahedralBody:
    """Return octahedra, of an edge."""
    return OctahedralBody(limited(shape.lengths[0][1]))


def right_body(shape: BoxNow, vectors: FloatArray, highest_q: float) -> ScatteringBody:
    """Return bodies with faces along the block vectors (rows, Å), at right angles or oblique."""
    edges = [(edge, limited(d)) for edge, d in shape.lengths]
    lengths = np.linalg.norm(vectors, axis=1)
    cosines = vectors @ vectors.T / np.outer(lengths, lengths) - np.eye(3)
    if np.abs(cosines).max() > UPRIGHT:
        return EnvelopeBody(shape, vectors)
    factors = [_factors(edge, vectors, lengths) for edge, _ in edges]
    distributions = [d for _, d in edges]
    if len(edges) == 3:
        a, b, c = (Segment(d, f[0]) for d, f in zip(distributions, factors, strict=True))
        return RightBody(TwoEdges(a, b), c)
    first = distributions[0]
    if len(edges) == 2:
        if shape.correlation == 0.0:
            base = Rectangle(first, (factors[0][0], factors[0][1]))
            return RightBody(base, Segment(distributions[1], factors[1][0]))
        assert isinstance(first, Lognormal)
        assert isinstance(distributions[1], Lognormal)
        return correlated_body(first, factors[0], distributions[1], factors[1][0], shape.correlation, highest_q)
    return cube_body(first, factors[0], highest_q)


def _factors(edge: Edge, vectors: FloatArray, lengths: FloatArray) -> tuple[float, ...]:
    """Return how long each edge is per ångström of the length, in the order of the axes."""
    rates = edge.blocks_per_length(vectors)
    factors = [rates[k] * float(lengths[k]) for k in edge.axes]
    mean = float(np.mean(factors))
    return tuple(mean if abs(f / mean - 1.0) < 1e-9 else f for f in factors)


def cube_body(d: LengthDistribution, factors: tuple[float, ...], highest_q: float) -> CubeBody:
    """Return crystals with one length for all edges, which are factors times it."""
    length, part = sizes(d, 6, 1.2 * max(factors) * highest_q)
    alike = len(set(factors)) == 1
    similar = SimilarBody(d, cube_table, factors[0], 2.0) if alike else None
    return CubeBody(similar, TiedBody(length, part, (factors[0], factors[1], factors[2])))


def correlated_body(
    d: Lognormal, factors: tuple[float, ...], other: Lognormal, height: float, correlation: float, highest_q: float
) -> TiedBody:
    """Return prisms whose base length d and height have correlated logarithms."""
    length, part = sizes(d, 4, 1.2 * max(factors) * highest_q)
    (mu1, s1), (mu2, s2) = d.log_parameters, other.log_parameters
    middle = mu2 + correlation * s2 * (np.log(length) - mu1) / s1
    spread = (middle, s2 * float(np.sqrt(1.0 - correlation**2)))
    return TiedBody(length, part, (factors[0], factors[1], height), spread)
