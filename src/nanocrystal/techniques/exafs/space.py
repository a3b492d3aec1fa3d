"""What is compared of χ(k): its transforms in a range of R, or itself, for each power of k; and the noise of that.

Residuals
    For each power w of k, Re and Im of the transform of k^w (data − model)·window at all R of a range, or
    k^w (data − model) at the points; over ε_w, the root mean square of what noise of σ(k) makes of them; times
    √(N_ind/N), with N their number for all powers together, so that χ² = (N_ind/N) Σ |data − model|²/ε² has the mean
    N_ind whatever the number of powers: they are one measurement. N_ind = 2ΔkΔR/π (E. A. Stern, Phys. Rev. B 48, 9825
    (1993), has 2 more; larch 1 more).
    These are linear combinations of the points. A matrix of as many rows as points makes the same χ², the symmetric
    root: a residual stays near its point, as in a curve that was transformed back.

Noise
    Of a curve without σ the transform between 15 and 25 Å is taken for that of white noise in k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import pi
from typing import Literal

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.kernels.exafs import K_STEP, grid_of_r, onto_grid, to_r, window

NOISE_RANGE = (15.0, 25.0)
"""Å; where no shell is seen"""
COARSEST = pi / (2.0 * NOISE_RANGE[1])
"""Å⁻¹; points further apart do not tell what is there"""
NOT_THERE = 1e-10
"""of the largest eigenvalue, which combinations of points have that are not compared"""


@dataclass(frozen=True)
class FitSpace:
    """Where data and model are compared: ranges (Å⁻¹, Å), dk and kind of the window, powers of k, "r" or "k"."""

    k_range: tuple[float, float]
    r_range: tuple[float, float]
    dk: float
    kind: str
    kweights: Sequence[float]
    space: Literal["r", "k"]

    @property
    def n_independent(self) -> float:
        """N_ind = 2ΔkΔR/π."""
        return 2.0 * (self.k_range[1] - self.k_range[0]) * (self.r_range[1] - self.r_range[0]) / pi

    @property
    def resolution(self) -> float:
        """Å; π/2Δk, nearer shells are seen as one."""
        return pi / (2.0 * (self.k_range[1] - self.k_range[0]))

    @property
    def support(self) -> tuple[float, float]:
        """Å⁻¹; where points count."""
        beyond = 0.0 if self.space == "k" else 0.5 * self.dk if self.kind != "gaussian" else 2.0 * self.dk
        return self.k_range[0] - beyond, self.k_range[1] + beyond

    def transform(self, k: FloatArray, power: float) -> FloatArray:
        """Return the matrix (2 n_r, n_k) from χ at k to Re and Im of χ(R) within the range."""
        n_k = int(np.ceil(k[-1] / K_STEP + 1e-6)) + 1
        grid = np.asarray(K_STEP * np.arange(n_k), dtype=np.float64)
        weights = grid**power * window(grid, *self.k_range, self.dk, self.kind)
        of_r = to_r((weights[:, None] * onto_grid(k, n_k)).T)
        r = grid_of_r()
        chosen = of_r[:, (r >= self.r_range[0]) & (r <= self.r_range[1])].T
        return np.concatenate([chosen.real, chosen.imag])

    def rows(self, k: FloatArray, power: float) -> FloatArray:
        """Return the matrix (n, n_k) from χ at k to what is compared for one power of k."""
        if self.space == "r":
            return self.transform(k, power)
        return np.diag(k**power)

    def whitening(self, k: FloatArray, sigma: FloatArray | None) -> FloatArray:
        """Return what makes residuals of χ at k (n_k,) with σ (n_k,), (n_independent, n_k)."""
        noise = np.ones(len(k)) if sigma is None else sigma
        blocks = [self.rows(k, power) for power in self.kweights]
        blocks = [rows / np.sqrt(np.mean((rows * noise) ** 2) * len(k)) for rows in blocks]
        n = sum(map(len, blocks))
        whole = np.concatenate(blocks) * np.sqrt(self.n_independent / n)
        if self.space == "k":
            return np.diag(np.sqrt((whole**2).sum(axis=0)))
        sizes, directions = np.linalg.eigh(whole.T @ whole)
        roots = np.sqrt(np.maximum(sizes, NOT_THERE * sizes[-1]))
        return np.asarray((directions * roots) @ directions.T)

    def noise_of(self, k: FloatArray, chi: FloatArray, power: float) -> float:
        """Return σ of white noise on χ (n_k,) from the transform between 15 and 25 Å, by the gain of its window.

        The window is one that rises over half of k_range and falls over the other: what others leave of a strong shell
        beyond 15 Å, by their steep slopes, would be taken for noise.
        """
        low, high = self.k_range
        slope = 0.5 * (high - low)
        within = (low + 0.5 * slope, high - 0.5 * slope)
        smooth = replace(self, k_range=within, r_range=NOISE_RANGE, dk=slope, kind="hanning")
        rows = smooth.transform(k, power)
        return float(np.sqrt(np.sum((rows @ chi) ** 2) / np.sum(rows**2)))
