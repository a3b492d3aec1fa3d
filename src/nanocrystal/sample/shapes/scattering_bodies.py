"""Small angles: products of the amplitudes of bodies, averaged over orientations and sizes.

For two bodies nested in each other, the faces of one s and of the other t below the surface of a crystal (negative:
outside it), the mean of F_s F_t over all directions is
    P_st(q) = ∫ overlap_st(u) sin(q u)/(q u) d³u  (Debye; Guinier & Fournet, Small-Angle Scattering of X-rays, 1955),
with overlap_st the volume that they share when displaced by u (`overlaps`): closed in the size distribution, so sizes
are not sampled where the lengths are independent. What is left is a quadrature across and along an axis: 1e-6 of
P(q) up to q D = 200 (tests/sample/shapes/test_scattering_bodies.py). Cubes and octahedra are one function of q times
their edge, which is tabulated once. However broad the sizes, all of them count: `bands`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.kernels.bodies import DisplacementSum
from nanocrystal.sample.shapes.bands import Band, Extent, extent_of, over_bands
from nanocrystal.sample.shapes.boxes import BoxNow, Edge
from nanocrystal.sample.shapes.curved import Octahedral
from nanocrystal.sample.shapes.distributions import LengthDistribution, Lognormal, OneLength
from nanocrystal.sample.shapes.overlaps import (
    MOST_APART,
    NODES,
    NODES_IN_BANDS,
    Base,
    Depths,
    Disc,
    Rectangle,
    Segment,
    TwoEdges,
    around_circle,
    around_square,
    knots,
    longer,
    nodes_between,
    nodes_of_rows,
    sizes,
    unshared,
)
from nanocrystal.sample.shapes.shape import ScatteringBody
from nanocrystal.sample.shapes.sphere import mean_overlap

FloatArray = NDArray[np.float64]
Overlap = Callable[[FloatArray], FloatArray]
"""a function of displacements (n,) Å"""
Rows = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
Quadrature = Callable[[FloatArray, Band], Rows]
FARTHEST = 400
"""q a up to which the scattering of cubes and octahedra is tabulated"""
ENOUGH = 299.0
"""q a up to which it is where sizes are broad"""
BROADEST_OBLIQUE = 0.65
"""std over mean of a lognormal up to which a table of γ₀ follows it to 1e-3"""
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

        def summed(band: Band) -> FloatArray:
            across = Axis(*nodes_between(self.base.breaks(depths), band.highest, band.end), True)
            along = Axis(*nodes_between(self.height.breaks(depths), band.highest, band.end), False)
            nodes = NODES if np.isinf(band.end) else NODES_IN_BANDS
            return _summed(
                band,
                (across, lambda x: self.base.around(x, depths, nodes)),
                (along, lambda x: self.height.overlap(x, depths)),
            )

        return over_bands(q, self.base.extent(depths).across(self.height.extent(depths)), summed)

    def mean_amplitude(self, q: FloatArray, depth: float) -> FloatArray:
        """Return the mean amplitude of the bodies nested at a depth, (n_q,) Å³."""

        def summed(band: Band) -> FloatArray:
            across = Axis(*nodes_between(self.base.inside_breaks(depth), band.highest, band.end), True)
            along = Axis(*nodes_between(self.height.inside_breaks(depth), band.highest, band.end), False)
            nodes = NODES if np.isinf(band.end) else NODES_IN_BANDS
            return _summed(
                band,
                (across, lambda x: self.base.inside(x, depth, nodes)),
                (along, lambda x: self.height.inside(x, depth)),
            )

        extent = self.base.extent((depth, depth)).across(self.height.extent((depth, depth)))
        return over_bands(q, extent, summed)


@dataclass(frozen=True)
class Axis:
    """Nodes (n,) Å and weights of a quadrature across the axis of a body, with those of the plane, or along it."""

    places: FloatArray
    parts: FloatArray
    in_plane: bool

    @property
    def weights(self) -> FloatArray:
        return self.parts * self.places if self.in_plane else 2.0 * self.parts


def _summed(band: Band, across: tuple[Axis, Overlap], along: tuple[Axis, Overlap]) -> FloatArray:
    """Return the sum over displacements of the product of two functions of them, (n_q,).

    Where both go on to the end of the band, their product halfway between the axes there is taken off everywhere: a
    constant has no part at q, and is far larger than what has.
    """
    axes, functions = (across[0], along[0]), (across[1], along[1])
    rho, z = (axis.places for axis in axes)
    sums = DisplacementSum(band.q, min(float(np.hypot(rho.max(), z.max())), band.end), band.taper)
    moments = sums.empty()
    first, second = (axis.weights * function(axis.places) for axis, function in zip(axes, functions, strict=True))
    sums.add(moments, rho, first, z, second)
    if min(rho.max(), z.max()) > band.taper.last:
        end = np.array([np.sqrt(0.5) * band.taper.middle])
        first, second = (axis.weights * function(end) for axis, function in zip(axes, functions, strict=True))
        sums.add(moments, rho, first, z, second, -1.0)
    return sums(moments)


@dataclass(frozen=True)
class Conditional:
    """A height whose logarithm is correlated with that of the base length."""

    base: Lognormal
    height: Lognormal
    correlation: float

    def at(self, x: FloatArray) -> tuple[FloatArray, float]:
        """Return the mean (n,) and the standard deviation of ln height of crystals of base lengths x (n,)."""
        (mu1, s1), (mu2, s2) = self.base.log_parameters, self.height.log_parameters
        middle = mu2 + self.correlation * s2 * (np.log(x) - mu1) / s1
        return middle, s2 * float(np.sqrt(1.0 - self.correlation**2))


@dataclass(frozen=True)
class TiedBody:
    """Crystals whose edges are factors times one length, of which each size is summed by itself.

    factors: of the two edges of the base and of the height; height: where it is only correlated with the base length;
    the factor is then on the height.
    """

    layered: ClassVar[bool] = True
    exact: ClassVar[bool] = True

    d: LengthDistribution
    factors: tuple[float, float, float]
    height: Conditional | None = None

    def products(self, q: FloatArray, depths: Depths) -> FloatArray:
        """Return P_st at q (n_q,) Å⁻¹, Å⁶."""
        return self._summed(q, depths, lambda x, band: self._overlapping(x, depths, band))

    def mean_amplitude(self, q: FloatArray, depth: float) -> FloatArray:
        """Return the mean amplitude of the bodies nested at a depth, (n_q,) Å³."""
        return self._summed(q, (depth, depth), lambda x, band: self._inside(x, depth, band))

    @property
    def _powers(self) -> tuple[float, float]:
        """Of the length, the largest and the least that count; in ⟨V²⟩ a correlated height is a power of it, too."""
        if self.height is None:
            return 6.0, 0.0
        (_, s1), (_, s2) = (d.log_parameters for d in (self.height.base, self.height.height))
        seen = 4.0 + 2.0 * self.height.correlation * s2 / s1
        return max(4.0, seen - 1.0 / s1), min(seen, 0.0)

    def _extent(self, depths: Depths) -> Extent:
        f1, f2, f3 = self.factors
        last, further = float(knots(self.d, *self._powers)[-1]), longer(depths)
        base = extent_of(self.d, last, f1, further).across(extent_of(self.d, last, f2, further))
        if self.height is None:
            return base.across(extent_of(self.d, last, f3, further))
        other = self.height.height
        return base.across(extent_of(other, float(knots(other, 2)[-1]), f3, further))

    def _summed(self, q: FloatArray, depths: Depths, quadrature: Quadrature) -> FloatArray:
        """Return the sum over displacements of crystals that are taken together where they are alike in size."""
        longest = max(self.factors)

        def summed(band: Band) -> FloatArray:
            power, least = self._powers
            length, part = sizes(self.d, power, 1.2 * longest * band.highest, band.end / longest, least)
            quadratures = [quadrature(length[k : k + 24], band) for k in range(0, len(length), 24)]
            reach = max(float(np.hypot(across.max(), along.max())) for across, _, along, _ in quadratures)
            sums = DisplacementSum(band.q, min(reach, band.end), band.taper)
            moments, each = sums.empty(), iter(part)
            for across, first, along, second in quadratures:
                for rho, a, z, w in zip(across, first, along, second, strict=True):
                    sums.add(moments, rho, a, z, w, float(next(each)))
            return sums(moments)

        return over_bands(q, self._extent(depths), summed)

    def _overlapping(self, x: FloatArray, depths: Depths, band: Band) -> Rows:
        """Return displacements across and their weights, along and their weights, (n_lengths, n) each."""
        (s, t), (f1, f2, _) = depths, self.factors
        apart = np.full_like(x, abs(s - t))
        sides = [np.maximum(f * x - s - t, 0.0) for f in (f1, f2)]
        corners = [np.sqrt(2.0) * apart, np.hypot(*sides), *(np.hypot(apart, side) for side in sides)]
        rho, w = nodes_of_rows([apart, *sides, *corners], band.highest, band.end)
        if f1 == f2 and s == t:
            around = around_square(rho, (f1 * x - 2.0 * s)[:, None])
        else:
            size = np.repeat(x, rho.shape[1])
            breaks = [np.repeat(b, rho.shape[1]) for b in (apart, *sides)]

            def overlap(row: Any, u1: FloatArray, u2: FloatArray) -> FloatArray:
                each = [np.maximum(f * size[row][:, None] - unshared(u, depths), 0.0) for f, u in ((f1, u1), (f2, u2))]
                return np.asarray(each[0] * each[1])

            kinks = (breaks[:2], [breaks[0], breaks[2]], None)
            around = around_circle(rho.ravel(), kinks, overlap, f1 == f2, NODES)
            around = around.reshape(rho.shape)
        z, v = nodes_of_rows(
            [apart, *(np.maximum(k - s - t, 0.0) for k in self._height_knots(x))], band.highest, band.end
        )
        gone = unshared(z, depths)
        left = self._height_moment(x, 1, gone) - gone * self._height_moment(x, 0, gone)
        return rho, w * rho * around, z, 2.0 * v * np.maximum(left, 0.0)

    def _inside(self, x: FloatArray, depth: float, band: Band) -> Rows:
        """As `_overlapping`, of the places within a body."""
        f1, f2, _ = self.factors
        sides = [np.maximum(0.5 * f * x - depth, 0.0) for f in (f1, f2)]
        rho, w = nodes_of_rows([*sides, np.hypot(*sides)], band.highest, band.end)
        low = np.arccos(np.clip(sides[0][:, None] / np.maximum(rho, 1e-300), 0.0, 1.0))
        high = np.arcsin(np.clip(sides[1][:, None] / np.maximum(rho, 1e-300), 0.0, 1.0))
        around = 4.0 * np.maximum(high - low, 0.0)
        z, v = nodes_of_rows([np.maximum(0.5 * k - depth, 0.0) for k in self._height_knots(x)], band.highest, band.end)
        present = self._height_moment(x, 0, 2.0 * (z + depth))
        return rho, w * rho * around, z, 2.0 * v * present

    def _height_knots(self, x: FloatArray) -> list[FloatArray]:
        if self.height is None:
            return [self.factors[2] * x]
        mu, s = self.height.at(x)
        low, high = -5.0 * s, 2.0 * s * s + 5.5 * s
        steps = np.linspace(low, high, max(7, 2 + int((high - low) / MOST_APART)))
        return [self.factors[2] * np.exp(mu + step) for step in steps]

    def _height_moment(self, x: FloatArray, power: int, r: FloatArray) -> FloatArray:
        """Return E[H^power; H > r] of the heights H of crystals of base lengths x (n_rows,), for r (n_rows, n)."""
        if self.height is None:
            height = self.factors[2] * x[:, None]
            return np.asarray(np.where(r < height, height**power, 0.0))
        from scipy.special import ndtr

        middle, s = self.height.at(x)
        mu = middle[:, None] + np.log(self.factors[2])
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
        """Return P_st at q (n_q,) Å⁻¹, Å⁶."""
        s, t = depths
        last = knots(self.d, 6)
        breaks = [0.0, abs(s - t), *(k - s - t for k in last)]

        def summed(band: Band) -> FloatArray:
            r, w = nodes_between(breaks, band.highest, band.end)
            return _radial(band, r, w, lambda x: mean_overlap(self.d, x, depths))

        return over_bands(q, extent_of(self.d, float(last[-1]), longer=longer(depths)), summed)

    def mean_amplitude(self, q: FloatArray, depth: float) -> FloatArray:
        """Return the mean amplitude of the spheres nested at a depth, (n_q,) Å³."""
        last = knots(self.d, 3)

        def summed(band: Band) -> FloatArray:
            r, w = nodes_between([0.0, *(0.5 * k - depth for k in last)], band.highest, band.end)
            return _radial(band, r, w, lambda x: self.d.partial_moment(0, np.maximum(2.0 * (x + depth), 0.0)))

        return over_bands(q, extent_of(self.d, float(last[-1]), longer=longer((depth, depth))), summed)


def _radial(band: Band, r: FloatArray, weight: FloatArray, function: Overlap) -> FloatArray:
    """Return 4π ∫ f(r) r² sin(qr)/(qr) dr; weight: (n,), of the quadrature; see `_summed`."""
    sums = DisplacementSum(band.q, float(r.max()), band.taper)
    moments = sums.empty()
    values = function(r) - (function(np.array([band.taper.middle])) if r.max() > band.taper.last else 0.0)
    sums.add(moments, np.zeros(1), np.ones(1), r, 4.0 * np.pi * r**2 * weight * values)
    return sums(moments)


@dataclass(frozen=True)
class Similar:
    """What crystals that differ in nothing but one length have in common: P(q) = E[a⁶ P₁(q a)].

    of_one: x = q a up to an x, and ln P₁ there; porod: c₄ and c₆ of c₄/x⁴ + c₆/x⁶, which P₁ without its oscillations is
    at large x: 2π S and 96π times the slope of the overlap in r³ (Debye, Anderson & Brumberger, J. Appl. Phys. 28, 679
    (1957)); thinner: by how much the length is smaller where the faces are moved inwards by 1.
    """

    of_one: Callable[[int], tuple[FloatArray, FloatArray]]
    porod: tuple[float, float]
    thinner: float

    def __call__(self, x: FloatArray, oscillating: FloatArray) -> FloatArray:
        """Return P₁; oscillating: which part of its oscillations, which end at `FARTHEST`, is to be kept."""
        from scipy.interpolate import CubicSpline

        top = min(100 * (1 + int(x[oscillating > 0.0].max(initial=0.0) / 100.0)), FARTHEST)
        whole = np.exp(CubicSpline(*self.of_one(top))(np.minimum(x, top)))
        if x.max() < top and oscillating.min() == 1.0:
            return np.asarray(whole)
        far = np.maximum(x, 10.0)
        smooth = self.porod[0] / far**4 + self.porod[1] / far**6
        kept = np.where(x < top, oscillating, 0.0)
        return np.asarray(np.where(kept < 1.0, smooth + kept * (whole - smooth), whole))


@dataclass(frozen=True)
class SimilarBody:
    """Crystals that differ in nothing but one length, `factor` times that of the distribution: cubes, octahedra."""

    d: LengthDistribution
    similar: Similar
    factor: float = 1.0

    def products(self, q: FloatArray, depth: float) -> FloatArray:
        """Return P at q (n_q,) of the bodies nested at a depth, with themselves."""
        shift = self.similar.thinner * depth

        def summed(band: Band) -> FloatArray:
            end = (band.end + shift) / self.factor
            length, part = sizes(self.d, 6, 1.2 * self.factor * band.highest, end)
            length = np.maximum(self.factor * length - shift, 0.0)
            form_factor = self.similar(
                band.q[:, None] * length, np.broadcast_to(band.taper(length), (len(band.q), len(length)))
            )
            return np.asarray((form_factor * length**6) @ part)

        last = float(knots(self.d, 6)[-1])
        return over_bands(q, extent_of(self.d, last, self.factor, abs(shift)), summed, ENOUGH)


@lru_cache(maxsize=4)
def cube_table(top: int) -> tuple[FloatArray, FloatArray]:
    """Return x = q a up to `top` and ln of the mean square amplitude of a cube of edge 1."""
    x = np.linspace(0.0, float(top), 12 * top + 1)
    one = OneLength(1.0)
    return x, np.log(RightBody(Rectangle(one), Segment(one)).products(x, (0.0, 0.0)))


CUBE = Similar(cube_table, (12.0 * np.pi, -24.0), 2.0)


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
        """Return P_st at q (n_q,) Å⁻¹, Å⁶, of one depth."""
        return SimilarBody(self.d, OCTAHEDRON).products(q, depths[0])

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


OCTAHEDRON = Similar(octahedron_table, (4.0 * np.sqrt(3.0) * np.pi, 7.8670389), float(np.sqrt(6.0)))


@dataclass(frozen=True)
class EnvelopeBody:
    """Any shape along oblique block vectors, through its γ₀(r): P(q) to 1e-3 up to q D of about 20. No layers."""

    layered: ClassVar[bool] = False
    exact: ClassVar[bool] = False

    shape: BoxNow
    vectors: FloatArray

    def products(self, q: FloatArray, depths: Depths) -> FloatArray:
        """Return P_st at q (n_q,) Å⁻¹, Å⁶; raises InputError for sizes too broad for a table of γ₀."""
        for edge, d in self.shape.lengths:
            if isinstance(d, Lognormal) and d.std > BROADEST_OBLIQUE * d.mean:
                raise InputError(
                    f"{self.shape.where}.{edge.quantity.name}",
                    f"has a std of {d.std / d.mean:.2g} of its mean, but crystals cut along vectors that are not at "
                    f"right angles are known at small angles up to {BROADEST_OBLIQUE:g}; make std smaller, or take "
                    'shape = "sphere", "cylinder" or "ellipsoid".',
                )
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
    return Ball(d)


def round_body(shape: BoxNow) -> RightBody:
    """Return cylinders, of a diameter and a length."""
    (_, across), (_, along) = shape.lengths
    return RightBody(Disc(across), Segment(along))


def octahedral_body(shape: BoxNow) -> OctahedralBody:
    """Return octahedra, of an edge."""
    return OctahedralBody(shape.lengths[0][1])


def right_body(shape: BoxNow, vectors: FloatArray) -> ScatteringBody:
    """Return bodies with faces along the block vectors (rows, Å), at right angles or oblique."""
    lengths = np.linalg.norm(vectors, axis=1)
    cosines = vectors @ vectors.T / np.outer(lengths, lengths) - np.eye(3)
    if np.abs(cosines).max() > UPRIGHT:
        return EnvelopeBody(shape, vectors)
    factors = [_factors(edge, vectors, lengths) for edge, _ in shape.lengths]
    distributions = [d for _, d in shape.lengths]
    if len(distributions) == 3:
        a, b, c = (Segment(d, f[0]) for d, f in zip(distributions, factors, strict=True))
        return RightBody(TwoEdges(a, b), c)
    first = distributions[0]
    if len(distributions) == 2:
        if shape.correlation == 0.0:
            return prism_body(first, factors[0], distributions[1], factors[1][0])
        assert isinstance(first, Lognormal)
        assert isinstance(distributions[1], Lognormal)
        return correlated_body(first, factors[0], distributions[1], factors[1][0], shape.correlation)
    return cube_body(first, factors[0])


def _factors(edge: Edge, vectors: FloatArray, lengths: FloatArray) -> tuple[float, ...]:
    """Return how long each edge is per ångström of the length, in the order of the axes."""
    rates = edge.blocks_per_length(vectors)
    factors = [rates[k] * float(lengths[k]) for k in edge.axes]
    mean = float(np.mean(factors))
    return tuple(mean if abs(f / mean - 1.0) < 1e-9 else f for f in factors)


def cube_body(d: LengthDistribution, factors: tuple[float, ...]) -> CubeBody:
    """Return crystals with one length for all edges, which are factors times it."""
    alike = len(set(factors)) == 1
    similar = SimilarBody(d, CUBE, factors[0]) if alike else None
    return CubeBody(similar, TiedBody(d, (factors[0], factors[1], factors[2])))


def prism_body(
    d: LengthDistribution, factors: tuple[float, ...], other: LengthDistribution, height: float
) -> RightBody:
    """Return prisms of a base length, of which the edges of the base are factors, and an independent height."""
    return RightBody(Rectangle(d, (factors[0], factors[1])), Segment(other, height))


def correlated_body(
    d: Lognormal, factors: tuple[float, ...], other: Lognormal, height: float, correlation: float
) -> TiedBody:
    """Return prisms whose base length d and height have correlated logarithms."""
    return TiedBody(d, (factors[0], factors[1], height), Conditional(d, other, correlation))
