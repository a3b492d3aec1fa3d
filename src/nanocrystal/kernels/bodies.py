"""Scattering of bodies from how much of them overlaps itself when displaced: ∫ overlap(u) sin(q|u|)/(q|u|) d³u.

Displacements are nodes of a quadrature across and along an axis; their distances go into a histogram with four
moments, which one short Fourier transform takes to any q (`sine`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.compiled import load
from nanocrystal.kernels.sine import CLOSEST, SineTransform

FloatArray = NDArray[np.float64]
PHASE = 0.03
"""q h of the widest bins"""
MOST_BINS = 1e6
TRANSFORMED = 0.1
"""largest q that the transform is given: it leaves out distances below CLOSEST, which are then far below 1/q"""


@dataclass(frozen=True)
class DisplacementSum:
    """Sums over displacements up to `longest` (Å) at q (n_q,) Å⁻¹, not all 0."""

    q: FloatArray
    longest: float

    def empty(self) -> FloatArray:
        """Return the histogram to which `add` adds, (n_bins, 4)."""
        return np.zeros((int(np.ceil(self.longest / self._h)) + 2, 4))

    def add(
        self,
        moments: FloatArray,
        across: FloatArray,
        first: FloatArray,
        along: FloatArray,
        second: FloatArray,
        factor: float = 1.0,
    ) -> None:
        """Add weights first (n,) × second (m,) at displacements `across` (n,) and `along` (m,), ascending, Å."""
        arrays = [np.ascontiguousarray(x, dtype=np.float64) for x in (across, first, along, second)]
        load("_bodies_numba").product_moments(*arrays, float(factor), 1.0 / self._h, moments)

    def __call__(self, moments: FloatArray) -> FloatArray:
        """Return Σ w sin(q r)/(q r), (n_q,), to 1e-11 of Σ |w|."""
        scale = float(self.q.max()) / TRANSFORMED
        transform = SineTransform(self._h * scale, len(moments), self.q / scale)
        left_out = moments[: int(CLOSEST / (self._h * scale)) + 1, 0].sum()
        sums = transform(moments[None])[0]
        sums[np.abs(self.q) >= 1e-12] += left_out  # at q = 0 nothing is left out
        return np.asarray(sums)

    @property
    def _h(self) -> float:
        return max(PHASE / float(self.q.max()), self.longest / MOST_BINS)
