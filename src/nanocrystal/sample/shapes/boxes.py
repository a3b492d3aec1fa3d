"""What shapes along the block vectors are made of: edges, and the boxes that are a product of them.

The multiplicity of a lattice offset (u, v, w) in a crystal of N_1 × N_2 × N_3 blocks is
W = Π max(0, N_i − |u_i|), exact for whole numbers and continued to real ones (the mean over the position
of the centre). Its mean over any size distribution is closed in the partial moments of the lengths,
so a whole population costs one lattice sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import combinations, product
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.kernels.spline import CubicSpline
from nanocrystal.parameters import (
    Here,
    Meaning,
    OfQuantity,
    Parameter,
    Quantity,
    declared_fields,
)
from nanocrystal.parameters.difference import difference, step_of
from nanocrystal.parameters.meaning import CRYSTAL
from nanocrystal.sample.shapes.correlated import correlated_density, correlated_weights, root, where_it_is
from nanocrystal.sample.shapes.distributions import (
    SIZES_MAY_BE_OFF,
    Distribution,
    Histogram,
    LengthDistribution,
    Lognormal,
    OneLength,
    Part,
    RefinableLength,
    bounds,
    number_weighted,
)
from nanocrystal.sample.shapes.shape import (
    SURFACE,
    Depths,
    Extents,
    LengthStatistics,
    RadialFunction,
    ScatteringBody,
    Shape,
    ShapeNow,
    SizeCurves,
    SizeMaps,
    Vectors,
    not_there,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
NEGLIGIBLE = 1e-6
"""of the number of blocks; offsets with fewer pairs are left out"""
NEGLIGIBLE_SUM = 1e-4
"""of all pairs, which is of I(Q → 0), that may lie beyond"""


EQUAL_VOLUME = Meaning("diameter", "of the sphere of equal volume").more(CRYSTAL)
"""D_eq"""


def length_quantity(name: str, description: str, quantity: str = "length", of: str = "") -> Quantity:
    """Return the declaration of a length of crystals; quantity: of the vocabulary; of: the body, if nothing says it."""
    meaning = Meaning(quantity, f"{description} of the {of}" if of else description).more(CRYSTAL)
    return Quantity(
        name, "Å", description, None, 0.0, 1e5, True, scale=10.0, start_factors=SIZES_MAY_BE_OFF, meaning=meaning
    )


@dataclass(frozen=True)
class Edge(OfQuantity):
    """A refinable length and the block axes (0, 1, 2) it rules: what a shape is a product of.

    Here a segment, a square or a cube along its axes; a subclass may be another body.
    area: the length is the diameter of the circle with the area of the base, not an edge.
    """

    quantity: Quantity
    axes: tuple[int, ...]
    area: bool = False

    def blocks_per_length(self, vectors: FloatArray) -> dict[int, float]:
        """Return axis -> how many blocks the body measures along it per ångström of the length.

        vectors: block vectors as rows, Å.
        """
        if self.area:
            i, j = self.axes
            base = float(np.linalg.norm(np.cross(vectors[i], vectors[j])))
            return dict.fromkeys(self.axes, float(np.sqrt(np.pi / 4.0 / base)))
        return {i: 1.0 / float(np.linalg.norm(vectors[i])) for i in self.axes}

    @property
    def volume_factor(self) -> float:
        """What the length to the number of its axes is multiplied with in the volume of a right prism."""
        return np.pi / 4.0 if self.area else 1.0

    def problem(self, vectors: FloatArray) -> str | None:
        """Return a sentence on why the body cannot be cut along these block vectors, if so."""
        return None

    def signed(self, vectors: FloatArray) -> bool:
        """Return whether its factor of W differs between offsets that differ in their signs alone."""
        return False

    def weights(self, offsets: FloatArray, d: LengthDistribution, vectors: FloatArray) -> FloatArray:
        """Return the mean over the crystals of its factor of W at offsets (n, 3), from its own axes alone."""
        return self.weights_across(np.abs(offsets), d, vectors)

    def weights_across(self, u: FloatArray, d: LengthDistribution, vectors: FloatArray) -> FloatArray:
        """Return the mean of Π max(0, N − u) over its own axes, for u (n, 3); negative where N is to be longer."""
        rates = self.blocks_per_length(vectors)
        longest = np.max([np.maximum(u[:, i], 0.0) / rate for i, rate in rates.items()], axis=0)
        # Π (rate_i x − u_i) as a polynomial in x, lowest power first
        coefficients = [np.ones(len(u))]
        for i, rate in rates.items():
            lifted = [np.zeros(len(u)), *(rate * c for c in coefficients)]
            for k, c in enumerate(coefficients):
                lifted[k] = lifted[k] - u[:, i] * c
            coefficients = lifted
        return mean_of_polynomial(coefficients, longest, d)

    def crossed(self, axis: int, offsets: FloatArray, d: LengthDistribution, vectors: FloatArray) -> FloatArray:
        """Return its factor of W times the part of the pairs between which a plane across `axis` lies, (n,).

        One of the N − 1 planes is drawn in each crystal: |u|/(N − 1) of its pairs stand astride of it. offsets: (n, 3),
        whole numbers.
        """
        rates = self.blocks_per_length(vectors)
        axes = list(rates)
        u, place = _distinct(np.abs(np.rint(offsets[:, axes])).astype(np.int64))
        rate = np.array([rates[k] for k in axes])
        length, weight = d.nodes(np.max(u / rate, axis=1))
        numbers = length[:, :, None] * rate
        between = u[:, axes.index(axis), None] / np.maximum(numbers[:, :, axes.index(axis)] - 1.0, 1e-9)
        pairs = np.prod(np.maximum(numbers - u[:, None, :], 0.0), axis=2)
        return np.asarray((weight * pairs * np.minimum(between, 1.0)).sum(axis=1)[place])

    def reach(self, d: LengthDistribution, vectors: FloatArray) -> dict[int, float]:
        """Return axis -> the offset in blocks beyond which what is left may be left out, see `last_that_counts`."""
        farthest = {}
        for axis, rate in self.blocks_per_length(vectors).items():
            at = np.zeros((400, 3))
            at[:, axis] = np.linspace(0.0, d.reach() * rate, 400)
            pairs = self.weights(at, d, vectors)
            farthest[axis] = last_that_counts(at[:, axis], pairs, len(self.axes))
        return farthest


def _distinct(rows: IntArray) -> tuple[IntArray, IntArray]:
    """Return rows of small numbers from 0 on, each once, in order, and which of them each row is, (n,)."""
    if not len(rows):
        return rows, np.zeros(0, dtype=np.int64)
    extent = tuple((rows.max(axis=0) + 1).tolist())
    code = np.ravel_multi_index(tuple(rows.T), extent)
    there = np.bincount(code, minlength=int(np.prod(extent))) > 0
    distinct = np.stack(np.unravel_index(np.flatnonzero(there), extent), axis=1)
    return distinct, (np.cumsum(there) - 1)[code]


def last_that_counts(at: FloatArray, pairs: FloatArray, n_axes: int) -> float:
    """Return the displacement beyond which fewer than NEGLIGIBLE of the blocks have a partner, and few pairs are left.

    at: (n,) displacements along one axis, evenly apart; pairs: (n,) there; n_axes: that one length rules.
    """
    shells = pairs * at ** (n_axes - 1)
    left = shells[::-1].cumsum()[::-1]
    beyond = np.flatnonzero((pairs < NEGLIGIBLE * pairs[0]) & (left < NEGLIGIBLE_SUM * left[0]))
    return float(at[beyond[0] if len(beyond) else -1])


def over_grid(axes: Sequence[FloatArray], function: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Return a function of places (n, 3) at all combinations of the coordinates along three axes."""
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return function(grid.reshape(-1, 3)).reshape(grid.shape[:-1])


def end_of_table(longest: float, reach: float) -> float:
    """Return where a table for distances up to `longest` ends, Å: in steps of a tenth, so that it seldom moves."""
    if not np.isfinite(longest):
        return reach
    return min(reach, float(1.1 ** np.ceil(np.log(max(longest, 1.0) + 1.0) / np.log(1.1))))


def nested_offsets(offsets: FloatArray, vectors: FloatArray, depths: tuple[float, float]) -> FloatArray:
    """Return offsets (n, 3) at which a body has as many pairs as two nested ones at `offsets`; faces along the blocks.

    depths: of the two below the faces, Å: N − max(2 max(s, t), s + t + |u|) blocks are shared along each axis, s and
    t being counted in planes of blocks.
    """
    if not any(depths):
        return offsets
    s, t = (depth * np.linalg.norm(np.linalg.inv(vectors), axis=0) for depth in depths)
    return np.asarray(np.maximum(2.0 * np.maximum(s, t), s + t + np.abs(offsets)))


def mean_of_polynomial(coefficients: list[FloatArray], threshold: FloatArray, d: LengthDistribution) -> FloatArray:
    """Return E[Σ c_k x^k; x > threshold] for coefficients (n,) each, lowest power first; not below 0."""
    values, place = np.unique(threshold, return_inverse=True)
    moments = [d.partial_moment(k, values)[place] for k in range(len(coefficients))]
    return np.asarray(np.maximum(sum(c * m for c, m in zip(coefficients, moments, strict=True)), 0.0))


@lru_cache(maxsize=32)
def _edges_of(owner: type) -> tuple[Edge, ...]:
    of_fields = ([m for m in f.metadata if isinstance(m, Edge)] for f in declared_fields(owner).values())
    return tuple(edge for edges in of_fields for edge in edges)


class DeclaredEdges:
    """The edges that the fields of a shape are annotated with, as an attribute of its class."""

    def __get__(self, instance: object, owner: type) -> tuple[Edge, ...]:
        return _edges_of(owner)


class Box(Shape):
    """What all shapes of this file share; a subclass has a field for each edge, annotated with it."""

    along_lattice: ClassVar[bool] = True
    edges: ClassVar[tuple[Edge, ...]] = DeclaredEdges()  # type: ignore[assignment]
    now: ClassVar[type[BoxNow]]
    """what it is at given values"""

    def _lengths(self) -> list[tuple[Edge, RefinableLength]]:
        return [(e, RefinableLength(e.quantity, getattr(self, e.quantity.name))) for e in self.edges]

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        entries: dict[str, tuple[Quantity, Parameter]] = {}
        for _, length in self._lengths():
            entries |= length.declared()
        return entries

    def at(self, here: Here) -> BoxNow:
        """Return the shape as of now; here: the population."""
        lengths = tuple((e, length.at(here)) for e, length in self._lengths())
        return self.now(self, lengths, float(here.get("size_correlation", 0.0)), here.address)

    def filling(self, vectors: FloatArray) -> float:
        """Return which part of the blocks of the box around it a crystal holds."""
        one, origin = OneLength(1.0), np.zeros((1, 3))
        parts = [
            float(edge.weights(origin, one, vectors)[0])
            / float(np.prod(list(edge.blocks_per_length(vectors).values())))
            for edge in self.edges
        ]
        return float(np.prod(parts))

    @property
    def parallel_faces(self) -> bool:
        """Whether all faces lie along the block vectors, so that a body nested within has a closed overlap."""
        return all(type(edge) is Edge for edge in self.edges)

    def signed(self, vectors: FloatArray) -> bool:
        """Return whether W differs between offsets that differ in their signs alone."""
        return any(edge.signed(vectors) for edge in self.edges)


@dataclass(frozen=True)
class BoxNow(ShapeNow):
    """A shape along the block vectors as of now.

    lengths: each edge with the distribution of its length; correlation: of the logarithms of two lognormal lengths;
    where: the address of the population.
    """

    shape: Box
    lengths: tuple[tuple[Edge, LengthDistribution], ...]
    correlation: float
    where: str

    # ---- pairs ------------------------------------------------------------------------------------

    def mean_blocks(self, vectors: FloatArray) -> float:
        return float(self.overlap(np.zeros((1, 3)), vectors)[0])

    def overlap(self, offsets: FloatArray, vectors: FloatArray, depths: Depths = SURFACE) -> FloatArray:
        offsets = nested_offsets(offsets, vectors, depths)
        if self._correlated:
            return self.pairs_across(np.abs(offsets), vectors)
        weights = np.ones(len(offsets))
        for edge, distribution in self.lengths:
            weights = weights * edge.weights(offsets, distribution, vectors)
        return weights

    def pairs_across(self, u: FloatArray, vectors: FloatArray) -> FloatArray:
        lengths = self.lengths
        if self._correlated:
            return correlated_weights(u, lengths, vectors, self.correlation)
        weights = np.ones(len(u))
        for edge, distribution in lengths:
            weights = weights * edge.weights_across(u, distribution, vectors)
        return weights

    @property
    def is_product(self) -> bool:
        """Whether W is a product of what each edge gives."""
        return not self._correlated

    @property
    def _correlated(self) -> bool:
        lognormal = len(self.lengths) == 2 and all(isinstance(d, Lognormal) for _, d in self.lengths)
        return lognormal and self.correlation != 0.0

    def crossed(self, axis: int, offsets: FloatArray, vectors: FloatArray) -> FloatArray:
        part = np.zeros(len(offsets))
        for edge, d in self.lengths:
            if axis in edge.axes:
                pairs = edge.weights(offsets, d, vectors)
                there = pairs > 0.0
                part[there] = edge.crossed(axis, offsets[there], d, vectors) / pairs[there]
        return np.clip(part, 0.0, 1.0)

    def reach_in_blocks(self, vectors: FloatArray) -> FloatArray:
        reach = np.ones(3)
        for edge, distribution in self.lengths:
            problem = edge.problem(vectors)
            if problem is not None:
                raise InputError(f"{self.where}.shape", f'"{self.shape.name}" {problem}')
            for axis, last in edge.reach(distribution, vectors).items():
                reach[axis] = last
        return reach

    def extent_in_blocks(self, vectors: FloatArray) -> FloatArray:
        """Return the offsets (3,) along the block vectors, not rounded, at which a crystal no longer meets itself."""
        return self.reach_in_blocks(vectors)

    def pair_table(self, reach: IntArray, vectors: FloatArray, depths: Depths = SURFACE) -> FloatArray:
        """Return W for all offsets from 0 to reach (3,), an array of three axes; from −reach where it is `signed`.

        Two bodies at depths s, t share max(0, N_i − max(2 max(s_i, t_i), s_i + t_i + |u_i|)) along each axis.
        """
        low = -reach if self.shape.signed(vectors) else 0 * reach
        axes = [np.arange(float(first), float(last) + 1.0) for first, last in zip(low, reach, strict=True)]
        if any(depths):
            return over_grid(axes, lambda offsets: self.overlap(offsets, vectors, depths))
        return self._table(axes, vectors)

    def table_of_halves(self, reach: IntArray, vectors: FloatArray) -> FloatArray:
        axes = [0.5 * np.arange(-1.0, 2.0 * float(n) + 2.0) for n in reach]
        return self._table(axes, vectors, across=True)

    def _table(self, axes: list[FloatArray], vectors: FloatArray, across: bool = False) -> FloatArray:
        """Return `overlap`, or `pairs_across`, of all combinations of the coordinates along three axes."""
        if not self.is_product:
            return over_grid(axes, lambda u: (self.pairs_across if across else self.overlap)(u, vectors))
        weights = np.ones([len(a) for a in axes])
        for edge, distribution in self.lengths:
            along = [a if k in edge.axes else np.zeros(1) for k, a in enumerate(axes)]
            weigh = partial(edge.weights_across if across else edge.weights, d=distribution, vectors=vectors)
            weights = weights * over_grid(along, weigh)
        return weights

    # ---- sizes ------------------------------------------------------------------------------------

    @property
    def mean_volume(self) -> float | None:
        """The number-weighted mean volume, Å³, of right prisms with these lengths."""
        return self._volume_moment(1.0)

    def _volume_moment(self, power: float) -> float:
        """Return E[V^power]."""
        lengths = self.lengths
        total = 1.0
        for edge, distribution in lengths:
            total *= edge.volume_factor**power * distribution.moment(len(edge.axes) * power)
        correlation = self.correlation
        logs = [d.log_parameters[1] for _, d in lengths if isinstance(d, Lognormal)]
        if correlation != 0.0 and len(logs) == 2:
            first, second = (len(e.axes) * power for e, _ in lengths)
            total *= float(np.exp(first * second * correlation * logs[0] * logs[1]))
        return total

    @property
    def number(self) -> float:
        return float(np.prod([d.partial_moment(0, np.zeros(1))[0] for _, d in self.lengths]))

    def surface(self, vectors: FloatArray) -> float:
        """Return the mean surface, Å²: V γ₀(r) begins as V − S r/4."""
        nodes, weights = np.polynomial.legendre.leggauss(24)
        cosine = 0.5 * (nodes + 1.0)
        azimuth = np.concatenate([0.25 * np.pi * (nodes + 1.0 + 2.0 * k) for k in range(4)])
        sine = np.sqrt(1.0 - cosine**2)
        flat = np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
        directions = np.concatenate(
            [sine[:, None, None] * flat[None], np.broadcast_to(cosine[:, None, None], (24, len(azimuth), 1))], axis=2
        ).reshape(-1, 3)
        fractions = directions @ np.linalg.inv(vectors)
        size = step_of(0.0, 1.0)  # Å; any length is longer than 1 Å
        slope = difference(lambda r: self.overlap(r * fractions, vectors), 0.0, size, low=0.0)
        mean = float(-slope @ np.outer(weights, np.tile(weights, 4)).ravel()) / 16.0
        return 4.0 * mean * abs(float(np.linalg.det(vectors)))

    def sizes(self) -> tuple[FloatArray, FloatArray]:
        """Return diameters of spheres of equal volume and their parts; correlated lengths are taken as independent."""
        volumes, parts = np.ones(1), np.ones(1)
        for edge, d in self.lengths:
            lengths, weights = number_weighted(d)
            volumes = np.outer(volumes, edge.volume_factor * lengths ** len(edge.axes)).ravel()
            parts = np.outer(parts, weights).ravel()
        return (6.0 / np.pi * volumes) ** (1.0 / 3.0), parts

    def parts(self, slices: Mapping[int, int]) -> list[Self]:
        if self.correlation != 0.0:
            raise InputError(f"{self.where}.size_correlation", "cannot stand beside size_law; set it to 0.")
        spread = {k: (d, len(e.axes)) for k, (e, d) in enumerate(self.lengths) if not isinstance(d, OneLength)}
        each = [bounds(d, n, slices[max(1, len(spread))]) for d, n in spread.values()]
        return [self._part(dict(zip(spread, b, strict=True))) for b in product(*each)]

    def _part(self, limits: Mapping[int, tuple[float, float]]) -> Self:
        """Return the crystals whose lengths lie within limits: place among the lengths -> (low, high), Å."""
        lengths = enumerate(self.lengths)
        parts = tuple((edge, Part(d, *limits[k]) if k in limits else d) for k, (edge, d) in lengths)
        return replace(self, lengths=parts)

    # ---- its surface ------------------------------------------------------------------------------

    def deeper(self, depths: FloatArray, vectors: Vectors, longer: float = 0.0) -> FloatArray:
        if not self.shape.parallel_faces:
            raise not_there(self.shape, "what lies below the surface")
        rows = vectors()
        planes = 2.0 * np.outer(depths, np.linalg.norm(np.linalg.inv(rows), axis=0))
        inside = self.pairs_across(np.concatenate([planes, np.zeros((1, 3))]) - longer, rows)
        return np.asarray(inside[:-1] / inside[-1])

    def grown(self, thickness: float, vectors: Vectors) -> float:
        if not self.shape.parallel_faces:
            raise not_there(self.shape, "the volume of a coating")
        rows = vectors()
        # a body with its faces further out is as many planes of blocks longer on both sides
        planes = 2.0 * thickness * np.linalg.norm(np.linalg.inv(rows), axis=0)
        block = abs(float(np.linalg.det(rows)))
        return block * float(self.pairs_across(-planes[None, :], rows)[0] - self.mean_blocks(rows))

    def body(self, vectors: FloatArray) -> ScatteringBody:
        from nanocrystal.sample.shapes.scattering_bodies import right_body

        return right_body(self, vectors)

    # ---- lengths ----------------------------------------------------------------------------------

    def length_statistics(self) -> dict[str, LengthStatistics]:
        """Return the statistics of each length and of D_eq, the diameter of the sphere of equal volume."""
        statistics = {}
        volume = self._volume_moment(1.0)
        distributions = self.lengths
        for edge, d in distributions:
            if not isinstance(getattr(self.shape, edge.quantity.name), Distribution | Histogram):
                continue
            n = len(edge.axes)
            m1, m2 = d.moment(1.0), d.moment(2.0)
            v0, v1, v2 = (d.moment(float(n + k)) for k in range(3))
            if self.correlation != 0.0:
                v0, v1, v2 = (self._mixed_moment(edge, k) for k in range(3))
            statistics[edge.quantity.name] = LengthStatistics(
                m1, root(m2 - m1**2), v1 / v0, root(v2 / v0 - (v1 / v0) ** 2), edge.quantity.meaning
            )
        factor = (6.0 / np.pi) ** (1.0 / 3.0)
        m = [factor**k * self._volume_moment(k / 3.0) for k in (1, 2)]
        v = [factor**k * self._volume_moment(1.0 + k / 3.0) / volume for k in (1, 2)]
        statistics["d_eq"] = LengthStatistics(m[0], root(m[1] - m[0] ** 2), v[0], root(v[1] - v[0] ** 2), EQUAL_VOLUME)
        return statistics

    def _mixed_moment(self, edge: Edge, power: int) -> float:
        """Return E[V x^power] up to the volume factor, for correlated lognormals, x the length of `edge`."""
        lengths = self.lengths
        exponents = [len(e.axes) + (power if e is edge else 0) for e, _ in lengths]
        total = 1.0
        for (_, d), exponent in zip(lengths, exponents, strict=True):
            total *= d.moment(float(exponent))
        logs = [d.log_parameters[1] for _, d in lengths if isinstance(d, Lognormal)]
        if len(logs) == 2:
            total *= float(np.exp(exponents[0] * exponents[1] * self.correlation * logs[0] * logs[1]))
        return total

    def size_curves(self) -> SizeCurves:
        """Return name of a length -> (length, number density, density weighted by the volume of this length)."""
        curves: SizeCurves = {}
        for edge, d in self.lengths:
            n = len(edge.axes)
            top = min(d.reach(), d.moment(n + 1.0) / d.moment(float(n)) * 3.0)
            length = np.linspace(0.0, top, 400)
            number = d.density(length)
            if number.any():
                curves[edge.quantity.name] = (length, number, number * length**n / d.moment(float(n)))
        return curves

    def size_maps(self) -> SizeMaps:
        """Return names of two lengths that are spread -> (first (n,), second (m,), number density (m, n), 1/Å²)."""
        maps: SizeMaps = {}
        spread = [(e, d) for e, d in self.lengths if not isinstance(d, OneLength)]
        correlation = self.correlation
        for (e1, d1), (e2, d2) in combinations(spread, 2):
            x, y = where_it_is(d1), where_it_is(d2)
            if correlation != 0.0 and isinstance(d1, Lognormal) and isinstance(d2, Lognormal):
                density = correlated_density(x, y, d1, d2, correlation)
            else:
                density = np.outer(d2.density(y), d1.density(x))
            maps[e1.quantity.name, e2.quantity.name] = (x, y, density)
        return maps

    def blocks_of_mean(self, vectors: FloatArray) -> FloatArray:
        numbers = np.ones(3)
        for edge, distribution in self.lengths:
            for axis, rate in edge.blocks_per_length(vectors).items():
                numbers[axis] = rate * distribution.moment(1.0)
        return numbers

    def about_blocks(self, vectors: FloatArray) -> float:
        return self.shape.filling(vectors) * float(self.blocks_of_mean(vectors).prod())

    def envelope_to(
        self, longest: float, vectors: FloatArray, depths: Depths = SURFACE, extents: Extents | None = None
    ) -> RadialFunction:
        """Return the function γ₀ of r (n,) Å for r up to `longest`; smooth, by quadrature over directions."""
        lengths = np.linalg.norm(vectors, axis=1)
        along_axes = self.extent_in_blocks(vectors) * lengths
        nodes, weights = np.polynomial.legendre.leggauss(24)
        upright = np.abs(vectors @ vectors.T / np.outer(lengths, lengths) - np.eye(3)).max() < 0.02
        # one octant stands for all where block vectors are perpendicular and signs do not matter, else half the sphere
        parts = 1 if upright and not self.shape.signed(vectors) else 4
        cosine = 0.5 * (nodes + 1.0)
        azimuth = np.concatenate([0.25 * np.pi * (nodes + 1.0 + 2.0 * k) for k in range(parts)])
        sine = np.sqrt(1.0 - cosine**2)
        directions = np.stack(
            [np.outer(sine, np.cos(azimuth)), np.outer(sine, np.sin(azimuth)), np.outer(cosine, np.ones(len(azimuth)))],
            axis=-1,
        ).reshape(-1, 3)
        measure = np.outer(weights, np.tile(weights, parts)).ravel() / (4.0 * parts)
        per_step = directions / lengths if upright else directions @ np.linalg.inv(vectors)
        if extents is not None:
            along_axes = along_axes + 0.5 * (extents[0] + extents[1]) * lengths
        reach = float(np.linalg.norm(along_axes) if upright else along_axes.sum())
        reach = end_of_table(longest, reach)
        at = np.linspace(0.0, reach, 160)
        steps = (at[:, None, None] * per_step).reshape(-1, 3)
        whole = self.mean_blocks(vectors)
        if extents is None:
            pairs = self.overlap(steps, vectors, depths)
        else:
            longer, apart = 0.5 * (extents[0] + extents[1]), 0.5 * np.abs(extents[0] - extents[1])
            pairs = self.pairs_across(np.maximum(np.abs(steps), apart) - longer, vectors)
        along = pairs.reshape(len(at), -1) @ measure
        spline = CubicSpline(at, along / whole)
        return lambda r: np.asarray(np.where(r < reach, spline(np.minimum(r, reach)), 0.0))


Box.now = BoxNow
