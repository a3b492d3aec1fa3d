"""From pair distances to F(Q) and on to G(r): Gaussians on a grid in r, a sine transform, the cut at qmax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.peaks import gaussian_sum
from nanocrystal.kernels.sine import next_fast_length
from nanocrystal.kernels.waves import WaveSum

FloatArray = NDArray[np.float64]
RadialFunction = Callable[[FloatArray], FloatArray]
TAPER = 6.0
"""Å at the end of the grid over which the peaks are faded out"""
OVERSAMPLING = 4
"""how many times finer in Q than the distances require; termination ripples err by 1/(24 OVERSAMPLING²)"""
BLUR = 2.0
"""standard deviation of a Gaussian that all curves on the grid are convoluted with, steps of the grid"""

EQUAL_STEPS = 1e-9
"""of a wave at qmax: points that lie so near to equal steps stand in them"""
MOST_AT_ONCE = 100_000
"""points at which waves are summed at once"""


@dataclass(frozen=True)
class PeakShape:
    """How pairs of two kinds are drawn: σ² = u (1 − delta1/r − delta2/r² + qbroad² r²), times exp(−(r qdamp)²/2).

    u: u_iso of both kinds together, Å².
    """

    u: float
    delta1: float
    delta2: float
    qbroad: float
    qdamp: float

    def variance(self, r: FloatArray) -> FloatArray:
        """Return σ² at the distances r, Å²; never below 0."""
        motion = np.maximum(1.0 - self.delta1 / r - self.delta2 / r**2, 0.0)
        return np.asarray(self.u * (motion + (self.qbroad * r) ** 2))


@dataclass(frozen=True, eq=False)
class ToPoints:
    """G(r) = (2/π) Σ_k F(Q_k) sin(Q_k r) w_k, linear in F.

    q: (n_q,) Å⁻¹, k times the first; weight: w_k, what of its cell of Q a term stands for, Å⁻¹; r: (n_points,) Å.
    """

    q: FloatArray
    weight: FloatArray
    r: FloatArray

    def __call__(self, f: FloatArray) -> FloatArray:
        """Return G at the points (…, n_points) of F (…, n_q)."""
        return self._waves.sines(2.0 / np.pi * self.weight * f)

    @cached_property
    def _waves(self) -> WaveSum:
        return WaveSum(float(self.q[0]), len(self.q), self.r)

    def covariances(self, variances: FloatArray) -> FloatArray:
        """Return how points move together, (…, n_points, n_points), where F_k are independent of variance v_k/ΔQ.

        variances: v (…, n_q). 2 sin Qr sin Qr′ = cos Q(r − r′) − cos Q(r + r′): points in equal steps have few sums
        and differences.
        """
        n, step = len(self.r), float(np.diff(self.r).mean())
        i, j = np.arange(n)[:, None], np.arange(n)[None, :]
        if np.abs(self.r - self.r[0] - step * np.arange(n)).max() * self.q[-1] < EQUAL_STEPS:
            at = np.concatenate([step * np.arange(n), 2.0 * self.r[0] + step * np.arange(2 * n - 1)])
            apart, together = np.abs(i - j), n + i + j
        else:
            at = np.concatenate([(self.r[:, None] - self.r).ravel(), (self.r[:, None] + self.r).ravel()])
            apart, together = n * i + j, n * n + n * i + j
        amplitudes = 0.5 * (2.0 / np.pi * self.weight) ** 2 / self.q[0] * variances
        blocks = np.array_split(at, len(at) // MOST_AT_ONCE + 1)
        waves = np.concatenate([WaveSum(float(self.q[0]), len(self.q), x).cosines(amplitudes) for x in blocks], axis=-1)
        return np.asarray(waves[..., apart] - waves[..., together])


@dataclass(frozen=True)
class PeakTransform:
    """The grids of one data set: r from 0 to r_end (Å), Q from qmin to qmax (Å⁻¹).

    divide_by_r: a Gaussian is divided by r, as PDFgui does, instead of by the pair distance.
    """

    r_end: float
    qmin: float
    qmax: float
    divide_by_r: bool = False

    # ---- the grids ----------------------------------------------------------------------------

    @cached_property
    def _grid(self) -> tuple[float, int, FloatArray, FloatArray]:
        """Step and number of the r grid, and Q with quadrature weights.

        The grid is OVERSAMPLING times as long as needed, so that the sum over Q stands for the integral;
        qmax lies on the edge of a Q cell, and a cell that qmin cuts counts with its part.
        """
        n_cells = int(np.ceil(self.qmax * OVERSAMPLING * self.r_end / np.pi))
        dq = self.qmax / (n_cells + 0.5)
        n = next_fast_length(int(np.ceil(5.0 * self.qmax / dq)))
        q = dq * np.arange(1.0, n_cells + 1.0)
        covered = np.clip((q + dq / 2 - self.qmin) / dq, 0.0, 1.0)
        return np.pi / (n * dq), n, q, covered * dq

    @property
    def q(self) -> FloatArray:
        """Q of F(Q), (n_q,) Å⁻¹."""
        return self._grid[2]

    @cached_property
    def r(self) -> FloatArray:
        """The grid on which the peaks are drawn, (n_r,) Å, from 0."""
        step, n, _, _ = self._grid
        return step * np.arange(float(min(n, int(self.r_end / step) + 1)))

    def to_points(self, r: FloatArray) -> ToPoints:
        """Return the way from F(Q) to G at the points, (n_points,) Å."""
        _, _, q, weight = self._grid
        return ToPoints(q, weight, r)

    # ---- peaks --------------------------------------------------------------------------------

    def of_peaks(
        self,
        count: FloatArray,
        distance: FloatArray,
        spread: FloatArray | float,
        shape: PeakShape,
        envelope: RadialFunction | None,
        faded: bool,
    ) -> FloatArray:
        """Return Σ count exp(−σ² Q²/2) sin(Q r)/r, damped by the resolution, (n_q,).

        count, distance (Å), spread (Å², added to σ²): (n_peaks,); envelope: what is left of the pairs at r.
        faded: whether peaks go on beyond r_end.
        """
        step = self._grid[0]
        variance = shape.variance(distance) + spread
        if self.divide_by_r:
            blur = 0.0
            variance = np.maximum(variance, (1.5 * step) ** 2)
            curve = gaussian_sum(*_damped(count, distance, variance, shape.qdamp), step, len(self.r))
            curve[1:] /= self.r[1:]
            curve[0] = 0.0
            if envelope is not None:
                curve *= envelope(self.r)
        else:
            blur = self._blur
            count = count if envelope is None else count * envelope(distance)
            area, centre, damped = _damped(count / distance, distance, variance, shape.qdamp)
            curve = gaussian_sum(area, centre, damped + blur, step, len(self.r))
        return self._to_q(curve * self._fade if faded else curve, blur)

    def of_smooth(self, density: RadialFunction, qdamp: float) -> FloatArray:
        """Return the transform of 4π r density(r), damped by the resolution and faded out as peaks are, (n_q,)."""
        curve = 4.0 * np.pi * self.r * density(self.r) * np.exp(-0.5 * (self.r * qdamp) ** 2)
        if self.divide_by_r:
            return self._to_q(curve * self._fade, 0.0)
        return self._to_q(blurred(curve) * self._fade, self._blur)

    @property
    def _blur(self) -> float:
        """Å²; keeps the narrowest peak wider than the grid, and is undone in Q."""
        return (BLUR * self._grid[0]) ** 2

    @cached_property
    def _fade(self) -> FloatArray:
        """1, falling to 0 as a squared cosine over the last ångströms before r_end."""
        return np.asarray(np.cos(0.5 * np.pi * np.clip((self.r - self.r_end + TAPER) / TAPER, 0.0, 1.0)) ** 2)

    def _to_q(self, curve: FloatArray, blur: float) -> FloatArray:
        step, n, q, _ = self._grid
        inner = curve[1:n]
        odd = np.zeros(2 * n)
        odd[1 : len(inner) + 1], odd[-len(inner) :] = inner, -inner[::-1]
        return np.asarray(-0.5 * step * np.fft.rfft(odd).imag[1 : len(q) + 1] * np.exp(0.5 * blur * q**2))


def blurred(curve: FloatArray) -> FloatArray:
    """Return the convolution of a smooth curve that is odd in r with the Gaussian of the blur, (n_r,)."""
    reach = int(6.0 * BLUR)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / BLUR) ** 2)
    beyond = 2.0 * curve[-1] - curve[-2 : -reach - 2 : -1]
    whole = np.concatenate([-curve[reach:0:-1], curve, beyond])
    return np.asarray(np.convolve(whole, kernel / kernel.sum(), "valid"))


def _damped(
    area: FloatArray, centre: FloatArray, variance: FloatArray, qdamp: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return area, centre and variance of Gaussians multiplied by exp(−(r qdamp)²/2): Gaussians again."""
    narrowing = 1.0 + variance * qdamp**2
    factor = np.exp(-0.5 * (centre * qdamp) ** 2 / narrowing) / np.sqrt(narrowing)
    return area * factor, centre / narrowing, variance / narrowing
