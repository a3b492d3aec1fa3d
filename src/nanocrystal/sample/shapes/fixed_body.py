"""A crystal of given blocks, of any outline: concave, branched, hollow.

The number of pairs of blocks at each offset is the autocorrelation of the indicator, 1 where a block is, by
fast Fourier transform; counts are whole numbers. Such a body has no size to refine; its cell, atoms and
boundaries have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from nanocrystal.cost import ask_memory
from nanocrystal.errors import InputError
from nanocrystal.parameters import NO_KEY, Beside, Here
from nanocrystal.sample.order.blocks import Facets
from nanocrystal.sample.shapes.boxes import Box, BoxNow
from nanocrystal.sample.shapes.shape import (
    SURFACE,
    Depths,
    LengthStatistics,
    ScatteringBody,
    Vectors,
    not_there,
)

FloatArray = NDArray[np.float64]
MOST_BLOCKS = 2e7
"""of the box around a body and its mirror image"""
BYTES_OF_BLOCK = 100.0
"""of each of them, while pairs are counted"""


@dataclass(frozen=True)
class BlocksFile:
    """What the places of blocks are read from."""

    file: Annotated[str, "three columns of whole numbers: the place of each block along the block vectors"]


def _named(body: FixedBody) -> dict[str, str]:
    return {"file": body.source}


@dataclass(frozen=True)
class FixedBody(Box):
    """One crystal of given blocks, of any outline.

    Parameters
    ----------
    blocks : array (n_blocks, 3) of int
        Whole numbers (i, j, k) of each block along the block vectors, in any order.
    source, sha256 : str
        The file that they were read from and the digest of its text, if they were.

    Raises
    ------
    InputError
        For no blocks, one twice, or a body too large.
    """

    blocks: Annotated[Sequence[Sequence[float]], Beside(BlocksFile, _named)]
    facets: Annotated[
        Facets | None, 'what the blocks are: "cell" or "pseudocubic" cells [pseudocubic for perovskites]'
    ] = None
    source: Annotated[str, NO_KEY] = ""
    sha256: Annotated[str, NO_KEY] = ""
    name: ClassVar[str] = "blocks"
    listed: ClassVar[bool] = True

    @classmethod
    def of_places(cls, places: Sequence[Sequence[float]], facets: Facets | None, source: str, sha256: str) -> Self:
        return cls(places, facets, source, sha256)

    def inputs(self) -> dict[str, str]:
        return {self.source: self.sha256} if self.source else {}

    def __post_init__(self) -> None:
        places = np.asarray(self.blocks)
        if places.ndim != 2 or places.shape[1:] != (3,) or not np.array_equal(places, np.rint(places)):
            raise InputError("blocks", "must be three whole numbers for each block.")
        if len(np.unique(places, axis=0)) != len(places):
            raise InputError("blocks", "names a block twice.")
        n = float(np.prod(2.0 * (np.ptp(places, axis=0).astype(np.float64) + 1.0)))
        if n > MOST_BLOCKS:
            raise InputError("blocks", "spread over too large a box; use fewer, or a shape.")
        ask_memory("blocks", BYTES_OF_BLOCK * n, f"a box of {n / 8.0:.1e} blocks around them", "use fewer, or a shape")

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Which places of the box around it hold a block."""
        places = np.asarray(self.blocks, dtype=np.int64)
        places = places - places.min(axis=0)
        filled = np.zeros(tuple(places.max(axis=0) + 1), dtype=np.bool_)
        filled[tuple(places.T)] = True
        return filled

    @cached_property
    def pairs(self) -> FloatArray:
        """The number of pairs of blocks at each offset, from −reach to reach."""
        from scipy.signal import fftconvolve

        filled = self.inside.astype(np.float64)
        return np.asarray(np.rint(fftconvolve(filled, filled[::-1, ::-1, ::-1])))

    @property
    def reach(self) -> NDArray[np.int64]:
        return np.array(self.inside.shape, dtype=np.int64) - 1

    @property
    def n_blocks(self) -> int:
        return len(self.blocks)

    @property
    def parallel_faces(self) -> bool:
        return False

    coats: ClassVar[bool] = False

    @property
    def every_offset(self) -> NDArray[np.int64]:
        return np.asarray(np.argwhere(self.pairs > 0.0) - self.reach)

    def signed(self, vectors: FloatArray) -> bool:
        return True

    def whole_blocks(self, mean: FloatArray, vectors: FloatArray) -> NDArray[np.bool_]:
        return self.inside

    def at(self, here: Here) -> FixedBodyNow:
        return FixedBodyNow(self, (), 0.0, here.address)


@dataclass(frozen=True)
class FixedBodyNow(BoxNow):
    """The blocks of one crystal, which have no size that may change."""

    @property
    def _body(self) -> FixedBody:
        assert isinstance(self.shape, FixedBody)
        return self.shape

    def reach_in_blocks(self, vectors: FloatArray) -> FloatArray:
        return self._body.reach.astype(np.float64)

    def extent_in_blocks(self, vectors: FloatArray) -> FloatArray:
        return self._body.reach.astype(np.float64) + 1.0

    def pair_table(self, reach: NDArray[np.int64], vectors: FloatArray, depths: Depths = SURFACE) -> FloatArray:
        return self._body.pairs

    def overlap(self, offsets: FloatArray, vectors: FloatArray, depths: Depths = SURFACE) -> FloatArray:
        """Return the number of pairs of blocks at offsets (n, 3), linear between whole ones."""
        from scipy.interpolate import RegularGridInterpolator

        axes = [np.arange(-float(n) - 1.0, float(n) + 2.0) for n in self._body.reach]
        between = RegularGridInterpolator(axes, np.pad(self._body.pairs, 1), bounds_error=False, fill_value=0.0)
        return np.asarray(between(offsets))

    def mean_blocks(self, vectors: FloatArray) -> float:
        return float(self._body.n_blocks)

    @property
    def mean_volume(self) -> float | None:
        """Not known without the block vectors, which `volume` is given."""
        return None

    def volume(self, vectors: Vectors) -> float | None:
        return self._body.n_blocks * abs(float(np.linalg.det(vectors())))

    def about_blocks(self, vectors: FloatArray) -> float:
        return float(self._body.n_blocks)

    def body(self, vectors: FloatArray) -> ScatteringBody:
        raise not_there(self.shape, "the amplitude")

    def length_statistics(self) -> dict[str, LengthStatistics]:
        return {}

    def blocks_of_mean(self, vectors: FloatArray) -> FloatArray:
        return np.array(self._body.inside.shape, dtype=np.float64)
