"""Which whole blocks a crystal of one size consists of, and which atoms of them a sphere keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.sample.curved import Cylinder, Octahedron
from nanocrystal.sample.fixed_body import FixedBody
from nanocrystal.sample.prisms import Box, BoxNow
from nanocrystal.sample.shapes import ShapeNow, SphereNow

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Cut(NamedTuple):
    """A sphere that keeps some of the atoms of its blocks: middle (3,) from the first block, and radii, Å."""

    middle: FloatArray
    radius: float
    inner: float

    def keeps(self, positions: FloatArray) -> BoolArray:
        """Return which of positions (n, 3) lie within it, not deeper than its inner radius."""
        distance = np.linalg.norm(positions - self.middle, axis=1)
        return np.asarray((distance <= self.radius) & (distance >= self.inner))


@dataclass(frozen=True)
class Body:
    """Which blocks a crystal has: `inside`, an array over a box of blocks; cut: what keeps some of their atoms."""

    inside: BoolArray
    cut: Cut | None = None

    @property
    def numbers(self) -> tuple[int, int, int]:
        """Blocks along each block vector."""
        i, j, k = self.inside.shape
        return i, j, k

    @property
    def n_blocks(self) -> int:
        return int(self.inside.sum())

    def surface(self) -> Body:
        """Return the blocks that lack a neighbour."""
        around = np.pad(self.inside, 1)
        inner = self.inside.copy()
        for axis in range(3):
            for step in (-1, 1):
                inner &= np.roll(around, step, axis)[1:-1, 1:-1, 1:-1]
        return Body(self.inside & ~inner)


def blocks_of_mean(shape: ShapeNow, vectors: FloatArray) -> float:
    """Return about how many blocks a crystal of the mean size has."""
    if isinstance(shape, SphereNow):
        volume = abs(float(np.linalg.det(vectors)))
        return float(np.pi / 6.0 * shape.mean_diameter**3) / volume
    assert isinstance(shape, BoxNow)
    if isinstance(shape.shape, FixedBody):
        return float(shape.shape.n_blocks)
    mean = shape.blocks_of_mean(vectors)
    if isinstance(shape.shape, Cylinder):
        return float(_blocks_of_disc(0.5 * _diameter(mean, vectors), vectors) * mean[2])
    return float(mean.prod() / 6.0 if isinstance(shape.shape, Octahedron) else mean.prod())


def whole_blocks(shape: Box, mean: FloatArray, vectors: FloatArray) -> Body:
    """Return the whole blocks of a shape that measures `mean` (3,) blocks along each block vector.

    Round and octahedral ones have the blocks whose middle lies inside; their own middle is that of a block or lies
    between blocks, whichever gives the number of blocks nearer to the volume. vectors: block vectors, Å.
    """
    if isinstance(shape, FixedBody):
        return Body(shape.inside)
    if isinstance(shape, Cylinder):
        radius = 0.5 * _diameter(mean, vectors)

        def disc(places: FloatArray) -> BoolArray:
            return np.asarray(np.linalg.norm(places[..., :2] @ vectors[:2], axis=-1) <= radius)

        base = _nearest_filling(disc, mean, _blocks_of_disc(radius, vectors), (0, 1))
        return Body(np.repeat(base, int(whole(mean)[2]), axis=2))
    if isinstance(shape, Octahedron):

        def octahedron(places: FloatArray) -> BoolArray:
            return np.asarray((np.abs(places) / (0.5 * mean)).sum(axis=-1) <= 1.0)

        return Body(_nearest_filling(octahedron, mean, float(mean.prod()) / 6.0, (0, 1, 2)))
    return Body(np.ones(tuple(whole(mean)), dtype=np.bool_))


def ball(diameter: float, depth: float, contents: FloatArray, vectors: FloatArray) -> Body:
    """Return the blocks with atoms in a sphere, none deeper than `depth` below its surface.

    contents: (n, 3) Å, where a block may have atoms, from its corner; the first of them, in one block, is the middle
    of the sphere. vectors: block vectors, Å.
    """
    radius, inner = 0.5 * diameter, max(0.5 * diameter - depth, 0.0)
    own = contents - contents[0]
    reach = radius + float(np.linalg.norm(own, axis=1).max())
    corners = _grid(np.ceil(reach * np.linalg.norm(np.linalg.inv(vectors), axis=0))) @ vectors
    holds = np.zeros(corners.shape[:3], dtype=np.bool_)
    for place in own:
        distance = np.linalg.norm(corners + place, axis=-1)
        holds |= (distance <= radius) & (distance >= inner)
    used = _used(holds)
    inside = holds[used]
    first = corners[tuple(int(k.ravel()[0]) for k in used)]
    return Body(inside, Cut(contents[0] - first, radius, inner))


def whole(numbers: FloatArray) -> IntArray:
    """Return the nearest whole numbers from 1 on."""
    return np.maximum(1, np.rint(numbers)).astype(np.int64)


def _diameter(mean: FloatArray, vectors: FloatArray) -> float:
    """Return the diameter of a disc that measures `mean` planes of blocks, Å."""
    return float(mean[0] / np.linalg.norm(np.linalg.inv(vectors)[:, 0]))


def _blocks_of_disc(radius: float, vectors: FloatArray) -> float:
    return float(np.pi * radius**2 / np.linalg.norm(np.cross(vectors[0], vectors[1])))


def _grid(half: FloatArray) -> FloatArray:
    """Return the blocks from −half to half (3,), (n, n, n, 3); half-integer ones lie around a point between blocks."""
    return np.stack(np.meshgrid(*[np.arange(-h, h + 0.5) for h in half], indexing="ij"), axis=-1)


def _used(inside: BoolArray) -> tuple[IntArray, ...]:
    """Return the indices that leave out empty outer planes."""
    ranges = []
    for axis in range(3):
        filled = np.flatnonzero(inside.any(axis=tuple({0, 1, 2} - {axis})))
        ranges.append(np.arange(filled[0], filled[-1] + 1))
    return np.ix_(*ranges)


def _nearest_filling(
    holds: Callable[[FloatArray], BoolArray], mean: FloatArray, wanted: float, axes: Sequence[int]
) -> BoolArray:
    """Return the blocks inside, around a block or around a point between blocks, whichever are nearer to `wanted`.

    holds: asked in blocks from the middle; axes: those along which the body is bounded, `mean` blocks long.
    """
    found = []
    for between in (0.0, 0.5):
        half = np.zeros(3)
        half[list(axes)] = np.floor(0.5 * mean[list(axes)] + 0.5) + between
        inside = holds(_grid(half))
        if inside.any():
            found.append(inside[_used(inside)])
    return min(found, key=lambda inside: abs(int(inside.sum()) - wanted))
