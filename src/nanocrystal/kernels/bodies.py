"""Scattering of bodies from how much of them overlaps itself when displaced: ∫ overlap(u) sin(q|u|)/(q|u|) d³u.

Displacements are nodes of a quadrature across and along an axis; their distances go into a histogram with four
moments, which one short Fourier transform takes to any q (`sine`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.compiled import load
from nanocrystal.kernels.sine import CLOSEST, SineTransform
from nanocrystal.kernels.taper import ENDLESS, Taper

FloatArray = NDArray[np.float64]
PHASE = 0.03
"""q h of the widest bins"""
PHASE_OF_TAPERED = 0.01
"""the same where most of the sum cancels"""
MOST_BINS = 1e6
STEP_OF_BINS = 1.12
"""from one number of bins to the next"""
MOST_KEPT = 50_000
"""bins of a histogram whose transform is kept: 3 MB"""
NARROW = 1e-12
"""variance of diameters over the square of a bin: nothing but rounding"""
TRANSFORMED = 0.1
"""largest q that the transform is given: it leaves out distances below CLOSEST, which are then far below 1/q"""


def _transform(h: float, n_bins: int, q: bytes) -> SineTransform:
    """Return the transform of a histogram; what is made for it is kept where it is small."""
    return _kept_transform(h, n_bins, q) if n_bins < MOST_KEPT else SineTransform(h, n_bins, np.frombuffer(q))


@lru_cache(maxsize=24)
def _kept_transform(h: float, n_bins: int, q: bytes) -> SineTransform:
    return SineTransform(h, n_bins, np.frombuffer(q))


@dataclass(frozen=True)
class DisplacementSum:
    """Sums over displacements up to `longest` (Å) at q (n_q,) Å⁻¹, not all 0; taper: where they end smoothly."""

    q: FloatArray
    longest: float
    taper: Taper = ENDLESS

    def empty(self) -> FloatArray:
        """Return the histogram to which `add` adds, (n_bins, 4), in steps, so that transforms serve again."""
        steps = np.ceil(np.log(self.longest / self._h + 2.0) / np.log(STEP_OF_BINS))
        return np.zeros((int(np.ceil(STEP_OF_BINS**steps)), 4))

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
        moments = self.taper.of_moments(moments, self._h)
        scale = float(self.q.max()) / TRANSFORMED
        transform = _transform(self._h * scale, len(moments), (self.q / scale).tobytes())
        left_out = moments[: int(CLOSEST / (self._h * scale)) + 1, 0].sum()
        sums = transform(moments[None])[0]
        sums[np.abs(self.q) >= 1e-12] += left_out  # at q = 0 nothing is left out
        return np.asarray(sums)

    @property
    def _h(self) -> float:
        phase = PHASE if np.isinf(self.taper.middle) else PHASE_OF_TAPERED
        return max(phase / float(self.q.max()), self.longest / MOST_BINS)


@dataclass(frozen=True)
class SphereSum:
    """Sums of Φ(q d/2), or its square, over diameters d up to `longest` (Å); Φ = 3 (sin x − x cos x)/x³.

    q: (n_q,) Å⁻¹, above 0. taper: beyond it Φ² is what it is without its oscillations, 9 (1 + x²)/(2 x⁶), and Φ is 0.
    """

    q: FloatArray
    longest: float
    taper: Taper = ENDLESS

    def empty(self) -> tuple[FloatArray, FloatArray]:
        """Return what `add` adds to."""
        return np.zeros((int(np.ceil(self.longest / self._h)) + 2, 4)), np.zeros(2)

    def add(
        self,
        sums: tuple[FloatArray, FloatArray],
        across: tuple[FloatArray, FloatArray],
        along: tuple[FloatArray, FloatArray],
        factor: float,
    ) -> None:
        """Add products of weights at d = √(across² + along²); across, along: lengths (Å) and weights, (n,) and (m,)."""
        arrays = [np.ascontiguousarray(x, dtype=np.float64) for x in (*across, *along)]
        load("_bodies_numba").diameter_moments(*arrays, float(factor), 1.0 / self._h, *sums)

    def squares(self, sums: tuple[FloatArray, FloatArray]) -> FloatArray:
        """Return Σ w Φ², (n_q,)."""
        d, weight, kept = self._diameters(sums[0])
        rows = []
        for q in self.q:
            x = np.maximum(0.5 * q * d, 1e-300)
            smooth = 4.5 * (1.0 + x * x) / x**6
            phi = sphere_amplitude(x) ** 2
            of_each = np.where(kept < 1.0, smooth + kept * (phi - smooth), phi)
            rows.append(weight @ of_each + 4.5 * (sums[1][0] * (2.0 / q) ** 4 + sums[1][1] * (2.0 / q) ** 6))
        return np.array(rows)

    def amplitudes(self, sums: tuple[FloatArray, FloatArray]) -> FloatArray:
        """Return Σ w Φ, (n_q,)."""
        d, weight, kept = self._diameters(sums[0])
        return np.array([(weight * kept) @ sphere_amplitude(0.5 * q * d) for q in self.q])

    def _diameters(self, moments: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return two diameters and weights that have the moments of each bin that is not empty, and their taper."""
        filled = np.flatnonzero(moments[:, 0])
        weight = moments[filled, 0]
        mean, second, third = (moments[filled, 1:] / weight[:, None]).T
        variance = np.maximum(second - mean**2, 0.0)
        narrow = variance < NARROW
        skew = np.where(narrow, 0.0, third - 3.0 * mean * second + 2.0 * mean**3) / np.where(narrow, 1.0, variance**1.5)
        apart = np.sqrt(skew**2 + 4.0)
        places = mean + 0.5 * np.sqrt(variance) * np.stack([skew - apart, skew + apart])
        parts = 0.5 * weight * np.stack([1.0 + skew / apart, 1.0 - skew / apart])
        d = (self._h * np.maximum(filled + places, 0.0)).ravel()
        return d, parts.ravel(), self.taper(d)

    @property
    def _h(self) -> float:
        return max(PHASE / float(self.q.max()), self.longest / MOST_BINS)


def sphere_amplitude(x: FloatArray) -> FloatArray:
    """Return Φ(x) = 3 (sin x − x cos x)/x³."""
    far = np.maximum(x, 0.05)
    return np.where(x < 0.05, 1.0 - x**2 / 10.0 + x**4 / 280.0, 3.0 * (np.sin(far) - far * np.cos(far)) / far**3)
