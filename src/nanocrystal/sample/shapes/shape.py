"""Shapes: what part of the pairs at a distance r a finite crystal still has.

A model crystal is averaged over the position of its centre, so that the multiplicity of a lattice
offset u is n γ₀(u) and sizes are continuous. γ₀ of a shape is its normalised autocorrelation,
1 at r = 0 (Guinier & Fournet, Small-Angle Scattering of X-rays, 1955).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.parameters import NO_KEY, Here, Number, Parameter, Quantity
from nanocrystal.sample.crystal.clusters import Cluster
from nanocrystal.sample.order.blocks import Facets, whole
from nanocrystal.sample.shapes.distributions import (
    Distribution,
    Histogram,
    LengthDistribution,
    Lognormal,
    Normal,
    Part,
    RefinableLength,
    bounds,
    grown_power,
    number_weighted,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Depths = tuple[float, float]
"""of the faces of two nested bodies below those of the crystal, Å"""
Extents = tuple[FloatArray, FloatArray]
SURFACE: Depths = (0.0, 0.0)
RadialFunction = Callable[[FloatArray], FloatArray]
Vectors = Callable[[], FloatArray]
"""returns the block vectors as rows, Å"""
SMOOTH_POINTS = 300
"""distances at which a mean over sizes is calculated, to be interpolated"""
DIAMETER = Quantity("diameter", "Å", "diameter of the sphere", minimum=0.0, maximum=1e5, open_minimum=True, scale=10.0)

SizeCurves = dict[str, tuple[FloatArray, FloatArray, FloatArray]]
"""name of a length -> (length, Å, number density, volume-weighted density, 1/Å)"""
SizeMaps = dict[tuple[str, str], tuple[FloatArray, FloatArray, FloatArray]]


def sphere_overlap(first: FloatArray, second: FloatArray, r: FloatArray) -> FloatArray:
    """Return the volume that two spheres of radii first and second share at a distance r of their centres."""
    first, second = np.maximum(first, 0.0), np.maximum(second, 0.0)
    smaller = 4.0 / 3.0 * np.pi * np.minimum(first, second) ** 3
    apart = np.maximum(r, 1e-9)
    lens = (
        np.pi
        * (first + second - apart) ** 2
        * (apart**2 + 2.0 * apart * (first + second) - 3.0 * (first - second) ** 2)
        / (12.0 * apart)
    )
    inside = r <= np.abs(first - second)
    return np.asarray(np.where(inside, smaller, np.where(r < first + second, lens, 0.0)))


@dataclass(frozen=True)
class LengthStatistics:
    """Means and standard deviations of a length over a population, Å."""

    number_mean: float
    number_std: float
    volume_weighted_mean: float
    volume_weighted_std: float


def not_there(shape: Shape | type[Shape], what: str) -> InputError:
    """Return the error for what a shape has not, though it was asked for."""
    return InputError("shape", f"{what} of the shape {shape.name!r} is not known.")


class ScatteringBody(Protocol):
    """Products of amplitudes at small angles, averaged over orientations and sizes.

    layered: whether those of bodies with their faces moved inwards or outwards, and mean amplitudes, are known too;
    exact: whether up to the highest q.
    """

    layered: ClassVar[bool]
    exact: ClassVar[bool]

    def products(self, q: FloatArray, depths: Depths) -> FloatArray:
        """Return P_st at q (n_q,) Å⁻¹, Å⁶."""

    def mean_amplitude(self, q: FloatArray, depth: float) -> FloatArray:
        """Return the mean amplitude of the bodies nested at a depth, (n_q,) Å³."""


class ShapeNow:
    """The shape of the crystals of a population as of now, with its size distribution in numbers.

    A shape that is alike in all directions answers with its envelope γ₀(r); one along the lattice of blocks with the
    number of pairs of blocks at each offset. vectors: block vectors as rows, Å, or a call that returns them, where most
    shapes need none. What a shape does not know is refused with its name.
    """

    shape: Shape

    # ---- sizes ------------------------------------------------------------------------------------

    @property
    def number(self) -> float:
        """How many crystals there are: 1, or the part of all that some of them are."""
        return 1.0

    @property
    def mean_volume(self) -> float | None:
        """The number-weighted mean volume, Å³; None for an infinite crystal."""
        return None

    def volume(self, vectors: Vectors) -> float | None:
        """Return `mean_volume`, of shapes too whose volume is that of their blocks."""
        return self.mean_volume

    def surface(self, vectors: FloatArray) -> float:
        """Return the mean surface, Å²."""
        raise not_there(self.shape, "the surface")

    def length_statistics(self) -> dict[str, LengthStatistics]:
        """Return name of a length -> its statistics."""
        return {}

    def size_curves(self) -> SizeCurves:
        """Return name of a length -> (length, number density, volume-weighted density)."""
        return {}

    def size_maps(self) -> SizeMaps:
        """Return names of two lengths that are spread -> (first (n,), second (m,), number density (m, n), 1/Å²)."""
        return {}

    def sizes(self) -> tuple[FloatArray, FloatArray]:
        """Return diameters (n,) Å of spheres of equal volume, and which part of the crystals, by number, each is."""
        raise not_there(self.shape, "the distribution of sizes")

    def parts(self, slices: Mapping[int, int]) -> list[Self]:
        """Return the crystals by their size; slices: number of lengths that are spread -> slices of each.

        Raises InputError for correlated lengths, which cannot be sliced one by one.
        """
        raise not_there(self.shape, "the part between two sizes")

    # ---- pairs: alike in all directions -----------------------------------------------------------

    @property
    def reach(self) -> float:
        """The longest distance within a crystal of the population, Å."""
        raise not_there(self.shape, "the longest distance")

    def envelope(self, r: FloatArray) -> FloatArray:
        """Return the mean of V γ₀(r) over the mean of V, for r (n,) Å."""
        raise not_there(self.shape, "the envelope γ₀(r)")

    def shared(self, r: FloatArray, depths: Depths) -> FloatArray:
        """Return the mean volume that bodies with their surface moved inwards by two depths share at r, over ⟨V⟩."""
        raise not_there(self.shape, "what two nested bodies share")

    # ---- pairs: along the lattice -----------------------------------------------------------------

    def mean_blocks(self, vectors: FloatArray) -> float:
        """Return the number-weighted mean number of blocks in a crystal."""
        raise not_there(self.shape, "the number of blocks")

    def overlap(self, offsets: FloatArray, vectors: FloatArray, depths: Depths = SURFACE) -> FloatArray:
        """Return W, the mean number of pairs of blocks at each offset (n, 3), per crystal.

        depths: Å; of the first and the second block of a pair, those that lie so deep below all faces count.
        """
        raise not_there(self.shape, "the number of pairs of blocks")

    def pairs_across(self, u: FloatArray, vectors: FloatArray) -> FloatArray:
        """Return the mean of Π max(0, N − u) for u (n, 3), of a shape with parallel faces; u < 0: N is longer."""
        raise not_there(self.shape, "the number of blocks along each axis")

    def crossed(self, axis: int, offsets: FloatArray, vectors: FloatArray) -> FloatArray:
        """Return the part of the pairs of blocks at offsets (n, 3) between which a plane drawn across `axis` lies."""
        raise not_there(self.shape, "the part of the pairs astride of a plane")

    def reach_in_blocks(self, vectors: FloatArray) -> FloatArray:
        """Return the largest offsets (3,) along the block vectors that still count.

        Raises InputError where the shape cannot be cut along these vectors.
        """
        raise not_there(self.shape, "the reach in blocks")

    def pair_table(self, reach: IntArray, vectors: FloatArray, depths: Depths = SURFACE) -> FloatArray:
        """Return W for all offsets from 0 to reach (3,), an array of three axes; from −reach where it is `signed`."""
        raise not_there(self.shape, "the number of pairs of blocks")

    def table_of_halves(self, reach: IntArray, vectors: FloatArray) -> FloatArray:
        """Return `pairs_across` of all half numbers u from −1/2 to reach + 1/2 (3,), an array of three axes."""
        raise not_there(self.shape, "the number of half blocks")

    def envelope_to(
        self, longest: float, vectors: FloatArray, depths: Depths = SURFACE, extents: Extents | None = None
    ) -> RadialFunction:
        """Return the function γ₀ of r (n,) Å for r up to `longest`: W averaged over all directions over W(0).

        extents: (3,) blocks each, by how much crystals are longer than the lengths say for the first and the second
        place of a pair.
        """
        raise not_there(self.shape, "γ₀(r)")

    def envelope_along(
        self, r: FloatArray, vectors: FloatArray, depths: Depths = SURFACE, extents: Extents | None = None
    ) -> FloatArray:
        """Return γ₀(r) for r (n,) Å; see `envelope_to`."""
        longest = float(r.max()) if len(r) else np.inf
        return self.envelope_to(longest, vectors, depths, extents)(r)

    # ---- its surface ------------------------------------------------------------------------------

    def deeper(self, depths: FloatArray, vectors: Vectors, longer: float = 0.0) -> FloatArray:
        """Return which part of the crystals lies deeper than depths (n,) Å below the surface.

        longer: by how many blocks the crystals are longer for what is asked about.
        """
        raise not_there(self.shape, "what lies below the surface")

    def grown(self, thickness: float, vectors: Vectors) -> float:
        """Return by how much the mean volume (Å³) grows where all faces are moved outwards by a thickness (Å)."""
        raise not_there(self.shape, "the volume of a coating")

    # ---- what instruments see ---------------------------------------------------------------------

    def body(self, vectors: FloatArray, highest_q: float) -> ScatteringBody:
        """Return what gives the products of amplitudes at small angles up to highest_q (Å⁻¹)."""
        raise not_there(self.shape, "the amplitude")

    @property
    def touching_diameters(self) -> LengthDistribution:
        """The distribution of the distance at which two crystals touch."""
        raise not_there(self.shape, "the distance at which two crystals touch")

    # ---- explicit atoms ----------------------------------------------------------------------------

    @property
    def stretch(self) -> float:
        """The factor on all distances of explicit atoms."""
        raise not_there(self.shape, "the stretch")

    @property
    def u_iso(self) -> FloatArray:
        """u_iso of each species of explicit atoms, Å²."""
        raise not_there(self.shape, "the displacement")

    # ---- atom by atom -----------------------------------------------------------------------------

    def blocks_of_mean(self, vectors: FloatArray) -> FloatArray:
        """Return how many blocks (3,) lie along each block vector in a crystal of the mean lengths; not rounded."""
        raise not_there(self.shape, "the number of blocks along each axis")

    def about_blocks(self, vectors: FloatArray) -> float:
        """Return about how many blocks a crystal of the mean size has."""
        raise not_there(self.shape, "the number of blocks")

    @property
    def mean_diameter(self) -> float:
        """The number-weighted mean diameter, Å, of spheres or of spheres of equal volume."""
        return self.length_statistics()["d_eq"].number_mean


class Shape(ABC):
    """The shape of the crystals of a population, with what may be refined of its size distribution.

    finite: whether crystals have a surface; along_lattice: whether pairs are counted by blocks, of crystals cut along
    their lattice, rather than by an envelope γ₀(r); nested: whether bodies with their faces moved inwards are known,
    which shells need; layered: whether a coating can be seen at small angles; coats: whether its volume is known;
    touching: whether there is one distance at which two crystals touch; listed: whether a file lists its blocks, source
    being the name of that file; of_atoms: whether its atoms stand one by one, in a file, and need no crystal.
    """

    name: ClassVar[str]
    finite: ClassVar[bool] = True
    along_lattice: ClassVar[bool] = False
    layered: ClassVar[bool] = True
    coats: ClassVar[bool] = True
    touching: ClassVar[bool] = False
    listed: ClassVar[bool] = False
    of_atoms: ClassVar[bool] = False
    facets: Facets | None = None
    source: Annotated[str, NO_KEY] = ""

    def inputs(self) -> dict[str, str]:
        """Return file -> SHA-256 of what its sizes or atoms were read from."""
        return {h.source: h.sha256 for h in vars(self).values() if isinstance(h, Histogram) and h.source}

    @property
    def explicit(self) -> Cluster | None:
        """Its atoms, where they stand one by one and need no crystal."""
        return None

    @property
    def species(self) -> tuple[str, ...]:
        """The elements of explicit atoms; none where these are those of a crystal."""
        return () if self.explicit is None else self.explicit.species

    @property
    def own_motion(self) -> Mapping[str, Number]:
        """The correlated motion of explicit atoms, as far as it is given."""
        return {}

    @classmethod
    def of_places(cls, places: Sequence[Sequence[float]], facets: Facets | None, source: str, sha256: str) -> Self:
        """Return the shape of `listed` blocks, of their places along the block vectors; source: the file with them."""
        raise not_there(cls, "a list of blocks")

    @abstractmethod
    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""

    @abstractmethod
    def at(self, here: Here) -> ShapeNow:
        """Return the shape as of now; here: the population."""

    @property
    def sized(self) -> bool:
        """Whether its crystals have sizes that a study states."""
        return bool(self.declared())

    @property
    def parallel_faces(self) -> bool:
        """Whether all faces lie along the block vectors, so that a body nested within has a closed overlap."""
        return False

    @property
    def nested(self) -> bool:
        return self.parallel_faces

    @property
    def every_offset(self) -> IntArray | None:
        """The offsets (n, 3) with pairs, of a body so irregular that a few do not tell its symmetry; else None."""
        return None

    def signed(self, vectors: FloatArray) -> bool:
        """Return whether W differs between offsets that differ in their signs alone."""
        return False

    def filling(self, vectors: FloatArray) -> float:
        """Return which part of the blocks of the box around it a crystal holds."""
        return 1.0

    def whole_blocks(self, mean: FloatArray, vectors: FloatArray) -> BoolArray:
        """Return which blocks of the box around it a crystal holds that measures `mean` (3,) blocks along each vector.

        Shapes with other faces than those of the blocks hold the blocks whose middle lies inside; their own middle is
        that of a block or lies between blocks, whichever gives the number of blocks nearer to the volume.
        """
        return np.ones(tuple(whole(mean)), dtype=np.bool_)


@dataclass(frozen=True)
class BulkNow(ShapeNow):
    """An infinite crystal."""

    shape: Shape

    def envelope(self, r: FloatArray) -> FloatArray:
        return np.ones_like(r)

    @property
    def reach(self) -> float:
        return float("inf")

    def deeper(self, depths: FloatArray, vectors: Vectors, longer: float = 0.0) -> FloatArray:
        return np.ones_like(depths)


@dataclass(frozen=True)
class Bulk(Shape):
    """An infinite crystal; for PDFs."""

    name: ClassVar[str] = "bulk"
    finite: ClassVar[bool] = False
    layered: ClassVar[bool] = False
    coats: ClassVar[bool] = False

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        return {}

    def at(self, here: Here) -> BulkNow:
        return BulkNow(self)


def infinite() -> Shape:
    """Return the shape of crystals without a surface."""
    return Bulk()


@dataclass(frozen=True)
class SphereNow(ShapeNow):
    """Spheres with these diameters; spread: whether a distribution was given.

    V γ₀ = π/6 (D³ − 3/2 r D² + r³/2) for r < D.
    """

    shape: Shape
    diameters: LengthDistribution
    spread: bool = True

    def envelope(self, r: FloatArray) -> FloatArray:
        d = self.diameters
        third = d.partial_moment(3, r)
        overlap = third - 1.5 * r * d.partial_moment(2, r) + 0.5 * r**3 * d.partial_moment(0, r)
        return np.asarray(overlap / d.partial_moment(3, np.zeros(1)))

    def shared(self, r: FloatArray, depths: Depths) -> FloatArray:
        from scipy.interpolate import CubicSpline

        s, t = depths
        d = self.diameters
        volume = np.pi / 6.0 * float(d.partial_moment(3, np.zeros(1))[0])

        def at(r: FloatArray) -> FloatArray:
            length, weight = d.nodes(np.maximum(2.0 * max(s, t), r + s + t))
            volumes = sphere_overlap(0.5 * length - s, 0.5 * length - t, r[:, None])
            return np.asarray((weight * volumes).sum(axis=1) / volume)

        if not isinstance(d, Lognormal | Normal) or len(r) < SMOOTH_POINTS:
            return at(r)
        # smooth, but for the curvature at |s − t|, up to which the smaller of two spheres lies in the larger
        start, end = abs(s - t), max(d.reach() - s - t, abs(s - t) + 1.0)
        knots = np.linspace(start, end, SMOOTH_POINTS)
        found = CubicSpline(knots, at(knots))(np.clip(r, start, end))
        return np.asarray(np.where(r < end, found, 0.0))

    @property
    def mean_diameter(self) -> float:
        return self.diameters.moment(1.0)

    @property
    def touching_diameters(self) -> LengthDistribution:
        return self.diameters

    @property
    def number(self) -> float:
        return float(self.diameters.partial_moment(0, np.zeros(1))[0])

    def surface(self, vectors: FloatArray) -> float:
        return float(np.pi * self.diameters.partial_moment(2, np.zeros(1))[0])

    def sizes(self) -> tuple[FloatArray, FloatArray]:
        return number_weighted(self.diameters)

    def parts(self, slices: Mapping[int, int]) -> list[Self]:
        return [replace(self, diameters=Part(self.diameters, *b)) for b in bounds(self.diameters, 3, slices[1])]

    def deeper(self, depths: FloatArray, vectors: Vectors, longer: float = 0.0) -> FloatArray:
        return np.array([float(self.shared(np.zeros(1), (0.0, t))[0]) for t in depths])

    def grown(self, thickness: float, vectors: Vectors) -> float:
        return np.pi / 6.0 * grown_power(self.diameters, thickness, 3)

    def body(self, vectors: FloatArray, highest_q: float) -> ScatteringBody:
        from nanocrystal.sample.shapes.scattering_bodies import ball_of

        return ball_of(self.diameters)

    def about_blocks(self, vectors: FloatArray) -> float:
        return float(np.pi / 6.0 * self.mean_diameter**3) / abs(float(np.linalg.det(vectors)))

    @property
    def mean_volume(self) -> float | None:
        return float(np.pi / 6.0 * self.diameters.partial_moment(3, np.zeros(1))[0])

    @property
    def reach(self) -> float:
        return self.diameters.reach()

    def length_statistics(self) -> dict[str, LengthStatistics]:
        if not self.spread:
            return {}
        m1, m2, m3, m4, m5 = (float(self.diameters.partial_moment(k, np.zeros(1))[0]) for k in range(1, 6))
        return {
            "diameter": LengthStatistics(
                m1, max(m2 - m1**2, 0.0) ** 0.5, m4 / m3, max(m5 / m3 - (m4 / m3) ** 2, 0.0) ** 0.5
            )
        }

    def size_curves(self) -> SizeCurves:
        d = self.diameters
        third = float(d.partial_moment(3, np.zeros(1))[0])
        top = (third * d.reach()) ** 0.25 * 1.6 if d.reach() > 0 else 1.0
        length = np.linspace(0.0, min(d.reach(), top), 400)
        number = d.density(length)
        if not number.any():
            return {}
        return {"diameter": (length, number, number * length**3 / third)}


@dataclass(frozen=True)
class Sphere(Shape):
    """Spheres of a crystal."""

    diameter: Annotated[Number | Distribution | Histogram, DIAMETER]
    name: ClassVar[str] = "sphere"
    touching: ClassVar[bool] = True

    @property
    def nested(self) -> bool:
        return True

    @property
    def _length(self) -> RefinableLength:
        return RefinableLength(DIAMETER, self.diameter)

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        return self._length.declared()

    def at(self, here: Here) -> SphereNow:
        return SphereNow(self, self._length.at(here), isinstance(self.diameter, Distribution | Histogram))
