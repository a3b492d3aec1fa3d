"""Shapes: what part of the pairs at a distance r a finite crystal still has.

A model crystal is averaged over the position of its centre, so that the multiplicity of a lattice
offset u is n γ₀(u) and sizes are continuous. γ₀ of a shape is its normalised autocorrelation,
1 at r = 0 (Guinier & Fournet, Small-Angle Scattering of X-rays, 1955).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.parameters import NO_KEY, UNSAID, Declares, Here, Meaning, Number, Parameter, Quantity
from nanocrystal.sample.crystal.clusters import Cluster
from nanocrystal.sample.order.blocks import Facets, whole
from nanocrystal.sample.shapes.distributions import (
    Histogram,
    LengthDistribution,
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

SizeCurves = dict[str, tuple[FloatArray, FloatArray, FloatArray]]
"""name of a length -> (length, Å, number density, volume-weighted density, 1/Å)"""
SizeMaps = dict[tuple[str, str], tuple[FloatArray, FloatArray, FloatArray]]


@dataclass(frozen=True)
class LengthStatistics:
    """Means and standard deviations of a length over a population, Å; meaning: that of the length."""

    number_mean: float
    number_std: float
    volume_weighted_mean: float
    volume_weighted_std: float
    meaning: Meaning = UNSAID


def not_there(shape: Shape | type[Shape], what: str) -> InputError:
    """Return the error for a quantity that is not known of a shape."""
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

        longer: by how many blocks the crystals count as longer.
        """
        raise not_there(self.shape, "what lies below the surface")

    def grown(self, thickness: float, vectors: Vectors) -> float:
        """Return by how much the mean volume (Å³) grows where all faces are moved outwards by a thickness (Å)."""
        raise not_there(self.shape, "the volume of a coating")

    # ---- what instruments see ---------------------------------------------------------------------

    def body(self, vectors: FloatArray) -> ScatteringBody:
        """Return what gives the products of amplitudes at small angles."""
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


class Shape(Declares, ABC):
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
    def lengths_alike(self) -> tuple[str, ...]:
        """The lengths of crystals that are all of one size; none where a length is spread."""
        numbers = [n for n, (quantity, _) in self.declared().items() if quantity.unit == "Å" and "." not in n]
        alike = all(isinstance(vars(self).get(n), float | int | Parameter) for n in numbers)
        return tuple(numbers) if alike else ()

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


def is_shape(thing: object) -> bool:
    """Say whether something is the shape of crystals, whichever."""
    return isinstance(thing, Shape)
