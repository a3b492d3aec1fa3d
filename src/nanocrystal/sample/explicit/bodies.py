"""Which whole blocks a crystal of one size consists of, and which atoms of them a sphere keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.sample.order.blocks import grid_of_blocks, used_planes

FloatArray = NDArray[np.float64]
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


def ball(diameter: float, depth: float, contents: FloatArray, vectors: FloatArray) -> Body:
    """Return the blocks with atoms in a sphere, none deeper than `depth` below its surface.

    contents: (n, 3) Å, where a block may have atoms, from its corner; the first of them, in one block, is the middle
    of the sphere. vectors: block vectors, Å.
    """
    radius, inner = 0.5 * diameter, max(0.5 * diameter - depth, 0.0)
    places = contents - contents[0]
    reach = radius + float(np.linalg.norm(places, axis=1).max())
    corners = grid_of_blocks(np.ceil(reach * np.linalg.norm(np.linalg.inv(vectors), axis=0))) @ vectors
    holds = np.zeros(corners.shape[:3], dtype=np.bool_)
    for place in places:
        distance = np.linalg.norm(corners + place, axis=-1)
        holds |= (distance <= radius) & (distance >= inner)
    used = used_planes(holds)
    inside = holds[used]
    first = corners[tuple(int(k.ravel()[0]) for k in used)]
    return Body(inside, Cut(contents[0] - first, radius, inner))
