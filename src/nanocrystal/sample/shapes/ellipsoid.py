"""Ellipsoids of revolution about the third block vector, as of rods and discs with round ends.

Two that are displaced by t share what two spheres share that are displaced by s diameters, with
s² = (t_across/D)² + (t_along/L)²: stretching both makes them spheres. So V γ₀ = V (1 − 3 s/2 + s³/2), and the amplitude
in a direction at an angle θ to the axis is that of a sphere of the diameter (D² sin² θ + L² cos² θ)^½ times the volume
(Guinier & Fournet, Small-Angle Scattering of X-rays, 1955). A coating makes both lengths longer by twice its thickness,
which at the sides and the ends is its thickness and between them nearly so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.kernels.bodies import SphereSum, sphere_amplitude
from nanocrystal.kernels.spline import CubicSpline
from nanocrystal.parameters import Number
from nanocrystal.sample.order.blocks import AlongAxes, nearest_filling
from nanocrystal.sample.shapes.bands import Band, extent_of, over_bands
from nanocrystal.sample.shapes.boxes import Box, Edge, end_of_table, last_that_counts, length_quantity
from nanocrystal.sample.shapes.curved import RoundNow, diameter_of_planes, oblique, planes_per_length
from nanocrystal.sample.shapes.distributions import Distribution, Histogram, LengthDistribution, Lognormal
from nanocrystal.sample.shapes.overlaps import knots, sizes, unit_rule
from nanocrystal.sample.shapes.shape import SURFACE, Depths, Extents, RadialFunction, ScatteringBody, not_there

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Sums = tuple[FloatArray, FloatArray]
AT_ONCE = 2**21
"""pairs of sizes and offsets that are summed at once"""
MOST_PRODUCTS = 4e9
"""amplitudes of coated ellipsoids, of each size, direction and q, that are summed; about two minutes"""
RESOLVED = 400.0
"""q times the longest length up to which all sizes are followed"""
NODES_PER_PHASE = 0.22
"""sizes for each 1 of q times a length, where all are summed together"""
IN_BANDS = 0.45
"""of the nodes that a phase asks for elsewhere: it is averaged over two lengths and a direction"""


class Equator(Edge):
    """The diameter across the axis."""

    @property
    def volume_factor(self) -> float:
        return np.pi / 6.0

    def blocks_per_length(self, vectors: FloatArray) -> dict[int, float]:
        return planes_per_length(self.axes, vectors)


@dataclass(frozen=True)
class Ellipsoid(Box):
    """An ellipsoid of revolution with its axis along the third block vector."""

    diameter: Annotated[
        Number | Distribution | Histogram,
        Equator(length_quantity("diameter", "diameter across the axis", "diameter", "ellipsoid"), (0, 1)),
    ]
    length: Annotated[
        Number | Distribution | Histogram, Edge(length_quantity("length", "length along c", of="ellipsoid"), (2,))
    ]
    facets: AlongAxes = None
    name: ClassVar[str] = "ellipsoid"

    @property
    def parallel_faces(self) -> bool:
        return False

    def signed(self, vectors: FloatArray) -> bool:
        return any(oblique(vectors, i, j) for i, j in ((0, 1), (0, 2), (1, 2)))

    def filling(self, vectors: FloatArray) -> float:
        """Return which part of the blocks of the box around it, whose faces lie along the blocks, a crystal holds."""
        around = [rate for edge in self.edges for rate in edge.blocks_per_length(vectors).values()]
        return float(np.pi / 6.0 / np.prod(around)) / abs(float(np.linalg.det(vectors)))

    def whole_blocks(self, mean: FloatArray, vectors: FloatArray) -> BoolArray:
        diameter = diameter_of_planes(mean, vectors)
        length = mean[2] * np.linalg.norm(vectors[2])

        def inside(places: FloatArray) -> BoolArray:
            across, along = _apart(places @ vectors, vectors)
            return np.asarray((2.0 * across / diameter) ** 2 + (2.0 * along / length) ** 2 <= 1.0)

        n_blocks = np.pi / 6.0 * diameter**2 * length / abs(float(np.linalg.det(vectors)))
        box = 2.0 * _half_extents(diameter, length, vectors)
        return nearest_filling(inside, box, n_blocks, (0, 1, 2))


class EllipsoidNow(RoundNow):
    """Ellipsoids of revolution as of now."""

    def overlap(self, offsets: FloatArray, vectors: FloatArray, depths: Depths = SURFACE) -> FloatArray:
        if any(depths):
            raise not_there(self.shape, "what two nested bodies share")
        rows = vectors if self.shape.signed(vectors) else np.diag(np.linalg.norm(vectors, axis=1))
        apart = np.stack(_apart(offsets @ rows, rows), axis=-1)
        places, place = np.unique(np.round(apart, 9), axis=0, return_inverse=True)
        return np.asarray(self._shared(places)[place.ravel()] / abs(float(np.linalg.det(rows))))

    def _shared(self, places: FloatArray) -> FloatArray:
        """Return the mean volume shared, (n,) Å³, at displacements (n, 2) Å across and along the axis."""
        origin = np.zeros(1)
        each = int(np.prod([d.nodes(origin)[0].shape[1] for _, d in self.lengths]))
        parts = np.array_split(places, 1 + len(places) * each // AT_ONCE)
        return np.concatenate([self._shared_at(*part.T) for part in parts])

    def _shared_at(self, across: FloatArray, along: FloatArray) -> FloatArray:
        (_, diameters), (_, lengths) = self.lengths
        length, part = lengths.nodes(along)
        rest = np.sqrt(np.maximum(1.0 - (along[:, None] / length) ** 2, 0.0))
        longest = np.where(rest > 0.0, across[:, None] / np.maximum(rest, 1e-12), np.inf).ravel()
        diameter, weight = diameters.nodes(np.minimum(longest, 1e9))
        s = np.hypot(np.repeat(across, length.shape[1])[:, None] / diameter, (along[:, None] / length).reshape(-1, 1))
        left = 0.5 * (np.maximum(1.0 - s, 0.0)) ** 2 * (2.0 + s)
        of_length = (weight * diameter**2 * left).sum(axis=1).reshape(length.shape)
        return np.asarray(np.pi / 6.0 * (part * length * of_length).sum(axis=1))

    @property
    def is_product(self) -> bool:
        return False

    def pairs_across(self, u: FloatArray, vectors: FloatArray) -> FloatArray:
        raise not_there(self.shape, "the number of blocks along each axis")

    def crossed(self, axis: int, offsets: FloatArray, vectors: FloatArray) -> FloatArray:
        raise not_there(self.shape, "the part of the pairs astride of a plane")

    def envelope_to(
        self, longest: float, vectors: FloatArray, depths: Depths = SURFACE, extents: Extents | None = None
    ) -> RadialFunction:
        """Return the function γ₀ of r; the mean over directions is that over the angle to the axis."""
        if any(depths) or extents is not None:
            raise not_there(self.shape, "what two nested bodies share")
        reach = end_of_table(longest, max(self._farthest()))
        nodes, weights = np.polynomial.legendre.leggauss(24)
        cosine, r = 0.5 * (nodes + 1.0), np.linspace(0.0, reach, 160)
        places = np.stack([np.outer(r, np.sqrt(1.0 - cosine**2)), np.outer(r, cosine)], axis=-1).reshape(-1, 2)
        shared = self._shared(places)
        spline = CubicSpline(r, shared.reshape(len(r), -1) @ (0.5 * weights) / float(shared[0]))
        return lambda x: np.asarray(np.where(x < reach, spline(np.minimum(x, reach)), 0.0))

    def reach_in_blocks(self, vectors: FloatArray) -> FloatArray:
        return 2.0 * _half_extents(*self._farthest(), vectors)

    def _farthest(self) -> tuple[float, float]:
        """Return how far across and along the axis still count."""
        reaches, steps, none = [], np.linspace(0.0, 1.0, 400), np.zeros(400)
        for k, (_, d) in enumerate(self.lengths):
            at = steps * d.reach()
            pairs = self._shared(np.stack((at, none) if k == 0 else (none, at), axis=-1))
            reaches.append(last_that_counts(at, pairs, 2 - k))
        return reaches[0], reaches[1]

    def body(self, vectors: FloatArray) -> ScatteringBody:
        (_, across), (_, along) = self.lengths
        return EllipsoidalBody(across, along, self.where)


Ellipsoid.now = EllipsoidNow


def _apart(t: FloatArray, vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how long displacements (…, 3) Å are across and along the third of the block vectors."""
    along = t @ (vectors[2] / np.linalg.norm(vectors[2]))
    return np.sqrt(np.maximum((t * t).sum(axis=-1) - along**2, 0.0)), np.abs(along)


def _half_extents(diameter: float, length: float, vectors: FloatArray) -> FloatArray:
    """Return how far an ellipsoid goes from its middle along each axis, in planes of blocks (3,)."""
    planes = np.linalg.inv(vectors)
    along = planes.T @ (vectors[2] / np.linalg.norm(vectors[2]))
    across = np.maximum((planes**2).sum(axis=0) - along**2, 0.0)
    return np.asarray(0.5 * np.sqrt(diameter**2 * across + length**2 * along**2))


@dataclass(frozen=True)
class EllipsoidalBody:
    """Ellipsoids of independent diameters and lengths at small angles; where: the address of the population."""

    layered: ClassVar[bool] = True
    exact: ClassVar[bool] = True

    diameters: LengthDistribution
    lengths: LengthDistribution
    where: str = ""

    def products(self, q: FloatArray, depths: Depths) -> FloatArray:
        """Return P_st at q (n_q,) Å⁻¹, Å⁶; raises InputError where two nested ones have too many sizes."""
        if depths[0] != depths[1]:
            return self._nested(q, depths)
        return self._over_diameters(q, depths[0], 2, SphereSum.squares)

    def mean_amplitude(self, q: FloatArray, depth: float) -> FloatArray:
        """Return the mean amplitude of the bodies nested at a depth, (n_q,) Å³."""
        return self._over_diameters(q, depth, 1, SphereSum.amplitudes)

    def _over_diameters(
        self, q: FloatArray, depth: float, power: int, mean: Callable[[SphereSum, Sums], FloatArray]
    ) -> FloatArray:
        """Return the mean over sizes of V^power times a function of the diameter seen from each direction."""

        def summed(band: Band) -> FloatArray:
            sizes_at = partial(_sizes, phase=band.highest, end=band.end + 2.0 * depth)
            (across, part), (along, share) = sizes_at(self.diameters, 4), sizes_at(self.lengths, 2)
            across, along = (np.maximum(x - 2.0 * depth, 0.0) for x in (across, along))
            longest = float(max(across.max(), along.max()))
            sums = SphereSum(band.q, min(longest, band.end), band.taper)
            total = sums.empty()
            first, second = part * across ** (2 * power), share * along**power
            for cosine, sine, weight in zip(*_directions(band, longest), strict=True):
                sums.add(total, (across * sine, first), (along * cosine, second), weight)
            return (np.pi / 6.0) ** power * mean(sums, total)

        each = ((self.diameters, 4), (self.lengths, 2))
        one, other = (extent_of(d, float(knots(d, n)[-1]), longer=max(-2.0 * depth, 0.0)) for d, n in each)
        return over_bands(q, one.across(other), summed, RESOLVED)

    def _nested(self, q: FloatArray, depths: Depths) -> FloatArray:
        """Return the mean over sizes and directions of the product of the amplitudes at two depths."""
        highest = float(q.max())
        each = ((self.diameters, 4), (self.lengths, 2))
        at = [knots(d, power) for d, power in each]
        longest = float(max(k[-1] for k in at)) - 2.0 * min(*depths, 0.0)
        n_directions = 16 + int(0.6 * highest * longest)
        products = float(np.prod([1.0 + NODES_PER_PHASE * highest * np.ptp(k) for k in at])) * n_directions * len(q)
        if products > MOST_PRODUCTS:
            raise InputError(
                f"{self.where}.shape",
                f"coated ellipsoids whose longest is {longest:.3g} Å have too many sizes and directions to be summed "
                f"({products:.1g} amplitudes, at most {MOST_PRODUCTS:.0g}); make std or q_range smaller.",
            )
        (across, part), (along, share) = (_sizes(d, power, highest) for d, power in each)
        nodes, weights = np.polynomial.legendre.leggauss(n_directions)
        cosine, weight = 0.5 * (nodes + 1.0), 0.5 * weights
        mean = np.zeros(len(q))
        for length, of_length in zip(along, share, strict=True):
            for diameter, of_diameter in zip(across, part, strict=True):
                first, second = (_amplitude(q, diameter - 2.0 * t, length - 2.0 * t, cosine) for t in depths)
                mean += of_length * of_diameter * ((first * second) @ weight)
        return mean


def _sizes(d: LengthDistribution, power: int, phase: float, end: float = np.inf) -> tuple[FloatArray, FloatArray]:
    """Return lengths (n,) and the part that each stands for, few where the distribution is smooth.

    For the mean of length^power times what oscillates as cos(phase × length), up to `end`: 1e-6 of P(q).
    """
    if not isinstance(d, Lognormal) or np.isfinite(end):
        return sizes(d, power, IN_BANDS * phase, end)
    mu, s = d.log_parameters
    low, high = mu - 5.5 * s, mu + power * s * s + 6.0 * s
    nodes, weights = np.polynomial.legendre.leggauss(
        26 + int(NODES_PER_PHASE * phase * float(np.exp(high) - np.exp(low)))
    )
    length = np.exp(0.5 * (high + low) + 0.5 * (high - low) * nodes)
    return length, 0.5 * (high - low) * weights * length * d.density(length)


def _directions(band: Band, longest: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return cosine and sine of the angle to the axis, and weights, (n,) each.

    In a band of its own they are dense at both ends, as of crystals far longer than broad only those across are seen.
    """
    if np.isinf(band.end):
        nodes, weights = np.polynomial.legendre.leggauss(16 + int(0.6 * band.highest * longest))
        cosine = 0.5 * (nodes + 1.0)
        return cosine, np.sqrt(1.0 - cosine**2), 0.5 * weights
    edges = np.geomspace(1.0 / (band.highest * longest), np.sqrt(0.5), 2 + int(np.log(band.highest * longest)))
    each = [
        unit_rule(12 + int(IN_BANDS * 0.6 * band.highest * band.end * (1.0 - a / b)))
        for a, b in pairwise([0.0, *edges])
    ]
    small = np.concatenate([a + (b - a) * x for (x, _), (a, b) in zip(each, pairwise([0.0, *edges]), strict=True)])
    weight = np.concatenate([(b - a) * w for (_, w), (a, b) in zip(each, pairwise([0.0, *edges]), strict=True)])
    large = np.sqrt(1.0 - small**2)
    return (
        np.concatenate([small, large]),
        np.concatenate([large, small]),
        np.concatenate([weight, weight * small / large]),
    )


def _amplitude(q: FloatArray, diameter: float, length: float, cosine: FloatArray) -> FloatArray:
    """Return the amplitude at angles to the axis, (n_q, n_cosine) Å³; 0 where nothing is left of the body."""
    if diameter <= 0.0 or length <= 0.0:
        return np.zeros((len(q), len(cosine)))
    x = 0.5 * q[:, None] * np.sqrt(diameter**2 * (1.0 - cosine**2) + length**2 * cosine**2)
    return np.asarray(np.pi / 6.0 * diameter**2 * length * sphere_amplitude(x))
