"""Shapes with other faces than those along the block vectors: cylinders and octahedra.

Blocks are counted whole, and a crystal is averaged over the position of its centre, so the multiplicity
of a lattice offset is the volume that the body shares with itself displaced by the offset, over the
volume of a block. Block vectors that are nearly perpendicular are taken as such, with their own lengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from nanocrystal.parameters import Number
from nanocrystal.sample.order.blocks import AlongAxes, nearest_filling, whole
from nanocrystal.sample.shapes.boxes import Box, BoxNow, Edge, length_quantity, mean_of_polynomial
from nanocrystal.sample.shapes.distributions import Distribution, Histogram, LengthDistribution, grown_power
from nanocrystal.sample.shapes.shape import ScatteringBody, Vectors

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
MOST_OBLIQUE = 0.08
"""cosine between block vectors that is taken as 0"""


def lens(x: FloatArray) -> FloatArray:
    """Return what two circles displaced by x diameters share, over the area of one."""
    x = np.minimum(x, 1.0)
    return np.asarray(2.0 / np.pi * (np.arccos(x) - x * np.sqrt(1.0 - x * x)))


def oblique(vectors: FloatArray, first: int, second: int) -> bool:
    """Say whether two block vectors are far from a right angle."""
    u, v = vectors[first], vectors[second]
    return bool(abs(u @ v) > MOST_OBLIQUE * np.linalg.norm(u) * np.linalg.norm(v))


def planes_per_length(axes: Sequence[int], vectors: FloatArray) -> dict[int, float]:
    """Return axis -> how many planes of blocks there are per ångström at right angles to them."""
    planes = np.linalg.norm(np.linalg.inv(vectors), axis=0)
    return {i: float(planes[i]) for i in axes}


class Circle(Edge):
    """A disc across its two axes; the length is its diameter D: W = π D²/4 lens(ρ/D) / |A_1 × A_2|."""

    def problem(self, vectors: FloatArray) -> str | None:
        axis = 3 - sum(self.axes)
        if not any(oblique(vectors, k, axis) for k in self.axes):
            return None
        return "needs its length at right angles to its base, as in all but triclinic and monoclinic crystals."

    def signed(self, vectors: FloatArray) -> bool:
        return oblique(vectors, *self.axes)

    def blocks_per_length(self, vectors: FloatArray) -> dict[int, float]:
        return planes_per_length(self.axes, vectors)

    @property
    def volume_factor(self) -> float:
        return np.pi / 4.0

    def weights(self, offsets: FloatArray, d: LengthDistribution, vectors: FloatArray) -> FloatArray:
        i, j = self.axes
        area = float(np.linalg.norm(np.cross(vectors[i], vectors[j])))
        if self.signed(vectors):
            apart = np.linalg.norm(offsets[:, self.axes] @ vectors[list(self.axes)], axis=1)
        else:
            apart = np.hypot(*(offsets[:, k] * np.linalg.norm(vectors[k]) for k in self.axes))
        distances, place = np.unique(np.round(apart, 9), return_inverse=True)
        length, weight = d.nodes(distances)
        shared = (weight * length**2 * lens(distances[:, None] / length)).sum(axis=1)
        return np.asarray(np.pi / 4.0 / area * shared[place])


class Octahedral(Edge):
    """A regular octahedron with its corners along the three axes; the length is its edge a.

    With s = a/√2, |x| + |y| + |z| ≤ s. It shares with itself displaced by t ≥ 0, t_3 the largest,
    4/3 τ³ + 2 (p + b) τ² + 2 (2 b p − b² − q²) τ for τ = s − (t_1 + t_2 + t_3)/2 > 0, where p = (t_1 + t_2)/2,
    q = |t_1 − t_2|/2 and b = min(p, t_3/2): the integral over z of the rectangles that two slices share.
    """

    def problem(self, vectors: FloatArray) -> str | None:
        if not any(oblique(vectors, i, j) for i, j in ((0, 1), (0, 2), (1, 2))):
            return None
        return "needs block vectors at right angles, as in cubic, tetragonal and orthorhombic crystals."

    def blocks_per_length(self, vectors: FloatArray) -> dict[int, float]:
        return {i: float(np.sqrt(2.0) / np.linalg.norm(vectors[i])) for i in self.axes}

    @property
    def volume_factor(self) -> float:
        return float(np.sqrt(2.0) / 3.0)

    def weights(self, offsets: FloatArray, d: LengthDistribution, vectors: FloatArray) -> FloatArray:
        t = np.sort(np.abs(offsets) * np.linalg.norm(vectors, axis=1), axis=1)
        p, q, half = 0.5 * (t[:, 0] + t[:, 1]), 0.5 * (t[:, 1] - t[:, 0]), 0.5 * t.sum(axis=1)
        b = np.minimum(p, 0.5 * t[:, 2])
        linear, square = 2.0 * (2.0 * b * p - b**2 - q**2), 2.0 * (p + b)
        # in powers of the edge: τ = a/√2 − half
        per_edge = np.sqrt(0.5)
        coefficients = [
            -half * linear + half**2 * square - 4.0 / 3.0 * half**3,
            per_edge * (linear - 2.0 * half * square + 4.0 * half**2),
            per_edge**2 * (square - 4.0 * half),
            np.full(len(offsets), per_edge**3 * 4.0 / 3.0),
        ]
        volume = abs(float(np.linalg.det(vectors)))
        return mean_of_polynomial(coefficients, half / per_edge, d) / volume


@dataclass(frozen=True)
class Cylinder(Box):
    """A round base and a length along the third block vector."""

    diameter: Annotated[
        Number | Distribution | Histogram,
        Circle(length_quantity("diameter", "diameter of the base", "diameter", "cylinder"), (0, 1)),
    ]
    length: Annotated[
        Number | Distribution | Histogram, Edge(length_quantity("length", "length along c", of="cylinder"), (2,))
    ]
    facets: AlongAxes = None
    name: ClassVar[str] = "cylinder"

    def whole_blocks(self, mean: FloatArray, vectors: FloatArray) -> BoolArray:
        radius = 0.5 * diameter_of_planes(mean, vectors)

        def disc(places: FloatArray) -> BoolArray:
            return np.asarray(np.linalg.norm(places[..., :2] @ vectors[:2], axis=-1) <= radius)

        base = nearest_filling(disc, mean, _blocks_of_disc(radius, vectors), (0, 1))
        return np.repeat(base, int(whole(mean)[2]), axis=2)


@dataclass(frozen=True)
class Octahedron(Box):
    """A regular octahedron, {111}-faceted, with its corners along the block vectors."""

    edge_length: Annotated[
        Number | Distribution | Histogram,
        Octahedral(length_quantity("edge_length", "edge of the octahedron", "edge length"), (0, 1, 2)),
    ]
    facets: AlongAxes = None
    name: ClassVar[str] = "octahedron"
    layered: ClassVar[bool] = False
    coats: ClassVar[bool] = False

    def whole_blocks(self, mean: FloatArray, vectors: FloatArray) -> BoolArray:
        def octahedron(places: FloatArray) -> BoolArray:
            return np.asarray((np.abs(places) / (0.5 * mean)).sum(axis=-1) <= 1.0)

        return nearest_filling(octahedron, mean, float(mean.prod()) / 6.0, (0, 1, 2))


class RoundNow(BoxNow):
    """Bodies of a diameter and a length along the third block vector, as of now."""

    def grown(self, thickness: float, vectors: Vectors) -> float:
        across, along = (d for _, d in self.lengths)
        base = across.moment(2.0)
        wide_base = grown_power(across, thickness, 2) + base
        factor = float(np.prod([edge.volume_factor for edge, _ in self.lengths]))
        return factor * (wide_base * (along.moment(1.0) + 2.0 * thickness) - base * along.moment(1.0))


class CylinderNow(RoundNow):
    """Cylinders as of now."""

    def body(self, vectors: FloatArray) -> ScatteringBody:
        from nanocrystal.sample.shapes.scattering_bodies import round_body

        return round_body(self)


class OctahedronNow(BoxNow):
    """Octahedra as of now."""

    def body(self, vectors: FloatArray) -> ScatteringBody:
        from nanocrystal.sample.shapes.scattering_bodies import octahedral_body

        return octahedral_body(self)


Cylinder.now, Octahedron.now = CylinderNow, OctahedronNow


def diameter_of_planes(mean: FloatArray, vectors: FloatArray) -> float:
    """Return the diameter of a disc that measures `mean` planes of blocks, Å."""
    return float(mean[0] / np.linalg.norm(np.linalg.inv(vectors)[:, 0]))


def _blocks_of_disc(radius: float, vectors: FloatArray) -> float:
    return float(np.pi * radius**2 / np.linalg.norm(np.cross(vectors[0], vectors[1])))
