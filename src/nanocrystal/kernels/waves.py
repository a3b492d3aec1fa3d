"""Sums of sin(k ΔQ x) and cos(k ΔQ x), k = 1 … n, at any points x, by one FFT instead of a matrix of sines.

The FFT gives the sum on a grid of its own, twice as fine as the fastest wave needs; at any point a sum over its
neighbours with Gaussian weights follows, whose transform was divided out before (Greengard & Lee, SIAM Rev. 46,
443 (2004), as in `kernels.sine`). Its error is below 1e-12 of Σ|c|.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.sine import HALF_WIDTH, OVERSAMPLING, VARIANCE, next_fast_length

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WaveSum:
    """The sums at some points.

    step: ΔQ; n_waves: n; x: (n_x,), in any order, its unit that of 1/ΔQ.
    """

    step: float
    n_waves: int
    x: FloatArray

    def sines(self, amplitudes: FloatArray) -> FloatArray:
        """Return Σ c_k sin(k ΔQ x) of amplitudes (…, n_waves), (…, n_x)."""
        return self._at_points(-1j * amplitudes.astype(np.complex128))

    def cosines(self, amplitudes: FloatArray) -> FloatArray:
        """Return Σ c_k cos(k ΔQ x) of amplitudes (…, n_waves), (…, n_x)."""
        return self._at_points(amplitudes.astype(np.complex128))

    def _at_points(self, amplitudes: NDArray[np.complex128]) -> FloatArray:
        spectrum = np.zeros((*amplitudes.shape[:-1], self._length // 2 + 1), dtype=np.complex128)
        spectrum[..., 1 : self.n_waves + 1] = amplitudes * self._window
        nodes, taps = self._neighbours
        grids = np.fft.irfft(spectrum, self._length).reshape(-1, self._length)
        rows = [np.einsum("ij,ij->i", grid[nodes], taps) for grid in grids]
        return np.array(rows).reshape(*amplitudes.shape[:-1], len(self.x))

    @cached_property
    def _length(self) -> int:
        """Points of the grid in one period."""
        return 2 * next_fast_length(int(OVERSAMPLING * (self.n_waves + 1)))

    @cached_property
    def _window(self) -> FloatArray:
        """One over the transform of the Gaussian, (n_waves,)."""
        theta = np.arange(1.0, self.n_waves + 1.0) * 2.0 * np.pi / self._length
        return np.asarray(0.5 * self._length * np.exp(0.5 * VARIANCE * theta**2) / np.sqrt(2.0 * np.pi * VARIANCE))

    @cached_property
    def _neighbours(self) -> tuple[NDArray[np.int64], FloatArray]:
        """Which points of the grid count at a point, and how much, (n_x, n_taps) both."""
        place = self.x * (self.step * self._length / (2.0 * np.pi))
        nodes = np.rint(place).astype(np.int64)[:, None] + np.arange(-HALF_WIDTH, HALF_WIDTH + 1)
        return nodes % self._length, np.exp(-0.5 * (place[:, None] - nodes) ** 2 / VARIANCE)
