"""Sums of sin(Q r)/(Q r) and cos(Q r) over a histogram of distances, at any Q, by one short FFT.

The histogram is fine (0.005 Å) because distances must be exact; Q reaches only 20–30 Å⁻¹, so a grid
of 0.05–0.1 Å in r would do. The moments are therefore spread with a Gaussian onto such a grid (all
bins have one of a few places relative to it); a short transform follows, and the Gaussian is divided
out. The same trick in Q takes the sums from the transform's grid to any abscissa (Greengard & Lee,
SIAM Rev. 46, 443 (2004)). Every step is linear, its error below 1e-12 of the sum of the weights; what
remains is that of the moments, about (Q h)⁴/2000.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import factorial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.compiled import load

FloatArray = NDArray[np.float64]
Kind = Literal["sinc", "cos"]
OVERSAMPLING = 2.0
VARIANCE = 3.1
"""of the Gaussian, in grid steps squared: balances aliasing against the number of taps"""
HALF_WIDTH = 15
"""grid steps to either side on which the Gaussian is kept"""
CLOSEST = 0.25
"""Å; bins below hold no pair of atoms and are left out of sums with 1/r"""


def next_fast_length(least: int) -> int:
    """Return the smallest product of 2, 3 and 5 that is no less: of so many points an FFT is fast."""
    odd = [k for a in range(41) for b in range(28) if (k := int(3**a * 5**b)) < 2 * least]
    return min(k << max(0, (-(-least // k) - 1).bit_length()) for k in odd)


@dataclass(frozen=True)
class SineTransform:
    """The transform for one histogram grid and one set of Q.

    h: bin width, Å; n_bins: bins of the histogram; q: (n_q,) Å⁻¹, in any order, 0 allowed.
    """

    h: float
    n_bins: int
    q: FloatArray

    def __call__(self, moments: FloatArray, kind: Kind = "sinc") -> FloatArray:
        """Return Σ w sin(Q r)/(Q r), or Σ w cos(Q r), for each row of moments (n_rows, n_bins, 4): (n_rows, n_q)."""
        sums = np.empty((len(moments), len(self.q)))
        weights = self._weights(kind)
        spread = load("_moments_numba").spread_moments
        n_blocks = -(-self.n_bins // self._per_step)
        for row, m in enumerate(moments):
            extended = np.zeros(n_blocks + 2 * HALF_WIDTH + 1)
            spread(np.ascontiguousarray(m), weights, self._spreading, self._per_step, extended)
            coarse = np.zeros(self._length)
            coarse[: len(extended) - HALF_WIDTH] = extended[HALF_WIDTH:]
            coarse[-HALF_WIDTH:] += extended[:HALF_WIDTH]  # the transform is periodic
            spectrum = np.fft.rfft(coarse)[: len(self._window)]
            part = (-spectrum.imag if kind == "sinc" else spectrum.real) * self._window
            sums[row] = self._interpolation(kind) @ part
            if kind == "sinc" and self._at_zero.any():
                sums[row, self._at_zero] = m[:, 0].sum()
        return sums

    # ---- the grids ----------------------------------------------------------------------------

    @cached_property
    def _per_step(self) -> int:
        """Bins in one step of the coarse grid."""
        q_max = max(float(self.q.max()), 0.1)
        return max(1, int(np.pi / (OVERSAMPLING * q_max * self.h)))

    @cached_property
    def _length(self) -> int:
        """Points of the coarse grid: its period holds ± the longest distance, oversampled."""
        n_steps = self.n_bins / self._per_step
        return next_fast_length(int(2.0 * OVERSAMPLING * n_steps) + 4 * HALF_WIDTH + 4)

    @property
    def _dq(self) -> float:
        return 2.0 * np.pi / (self._length * self._per_step * self.h)

    @property
    def _at_zero(self) -> NDArray[np.bool_]:
        return np.abs(self.q) < 1e-12

    @cached_property
    def _window(self) -> FloatArray:
        """One over the transform of the spreading Gaussian, on the Q grid as far as needed."""
        last = min(self._length // 2 + 1, int(self.q.max() / self._dq) + HALF_WIDTH + 3)
        theta = np.arange(last) * 2.0 * np.pi / self._length
        return np.asarray(np.exp(0.5 * VARIANCE * theta**2) / np.sqrt(2.0 * np.pi * VARIANCE))

    @cached_property
    def _spreading(self) -> FloatArray:
        """Taps of a bin and moment, (_per_step, 4, n_taps): derivatives of the Gaussian by Hermite functions."""
        places = np.arange(self._per_step)[:, None] / self._per_step
        x = places - np.arange(-HALF_WIDTH, HALF_WIDTH + 2)[None, :]
        gaussian = np.exp(-0.5 * x**2 / VARIANCE)
        z = x / VARIANCE
        derivatives = (1.0, -z, z**2 - 1.0 / VARIANCE, -(z**3) + 3.0 * z / VARIANCE)
        rows = [d * gaussian / (factorial(k) * self._per_step**k) for k, d in enumerate(derivatives)]
        return np.ascontiguousarray(np.stack(rows, axis=1))

    def _weights(self, kind: Kind) -> FloatArray:
        return self._sinc_weights if kind == "sinc" else self._cos_weights

    @cached_property
    def _sinc_weights(self) -> FloatArray:
        r = self.h * np.maximum(np.arange(self.n_bins), 1.0)
        alpha = VARIANCE * self._dq**2
        slope, bend, curl = alpha * r - 1.0 / r, alpha + r**-2, -2.0 * r**-3
        value = np.exp(0.5 * alpha * r**2) / r
        value[: int(CLOSEST / self.h) + 1] = 0.0
        return self._taylor(value, slope, bend, curl)

    @cached_property
    def _cos_weights(self) -> FloatArray:
        r = self.h * np.arange(float(self.n_bins))
        alpha = VARIANCE * self._dq**2
        slope = alpha * r
        return self._taylor(np.exp(0.5 * alpha * r**2), slope, np.full_like(r, alpha), np.zeros_like(r))

    def _taylor(self, value: FloatArray, slope: FloatArray, bend: FloatArray, curl: FloatArray) -> FloatArray:
        """Return v, v′h, v″h²/2, v‴h³/6 of v = exp(∫slope) as (n_bins, 4); bend, curl: slope′, slope″."""
        h = self.h
        return np.stack(
            [
                value,
                value * slope * h,
                value * (slope**2 + bend) * h**2 / 2.0,
                value * (slope**3 + 3.0 * slope * bend + curl) * h**3 / 6.0,
            ],
            axis=1,
        )

    def _interpolation(self, kind: Kind) -> Any:
        return self._sinc_interpolation if kind == "sinc" else self._cos_interpolation

    @cached_property
    def _sinc_interpolation(self) -> Any:
        return self._interpolation_matrix("sinc")

    @cached_property
    def _cos_interpolation(self) -> Any:
        return self._interpolation_matrix("cos")

    def _interpolation_matrix(self, kind: Kind) -> Any:
        """Return the sparse matrix from the Q grid to q; below zero the sums continue oddly or evenly."""
        from scipy.sparse import csr_array

        nearest = np.rint(self.q / self._dq).astype(int)
        nodes = nearest[:, None] + np.arange(-HALF_WIDTH, HALF_WIDTH + 1)[None, :]
        x = self.q[:, None] / self._dq - nodes
        taps = np.exp(-0.5 * x**2 / VARIANCE) / np.sqrt(2.0 * np.pi * VARIANCE)
        if kind == "sinc":
            safe = np.where(self._at_zero, 1.0, self.q)
            taps = taps * np.where(nodes < 0, -1.0, 1.0) / safe[:, None]
        rows = np.repeat(np.arange(len(self.q)), nodes.shape[1])
        shape = (len(self.q), len(self._window))
        return csr_array((taps.ravel(), (rows, np.abs(nodes).ravel())), shape=shape)
