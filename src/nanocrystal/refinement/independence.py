"""How many independent points correlated residuals hold, and how sure a difference of χ² is.

Residuals of a model that is not complete are correlated: a peak that is wrong is wrong over its whole width. Taken
as a stationary process with autocorrelation ρ_k they have n_eff = n / (1 + 2 Σ ρ_k²) degrees of freedom: with so
many independent points χ² would scatter as it does (M. S. Bartlett, J. R. Stat. Soc. Suppl. 8, 27 (1946)). For
residuals that hold nothing beyond a distance D in real space that is range × D/π, the usual count for the pattern
of particles of that size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
WINDOW = 5.0
"""lags are summed up to so many correlation lengths: further ones add noise (Sokal's rule)"""
SIGNIFICANT = 3.0
"""standard deviations from which on a correlation, or a misfit, is taken as real"""
FEWEST_BLOCKS = 10
"""so many blocks at least, whatever the correlation"""


def autocorrelation(residual: FloatArray) -> FloatArray:
    """Return ρ_k of residuals (n_points,), lags 0 to n/2. Their mean is not taken off: an offset is a misfit."""
    n = len(residual)
    covariance = np.fft.irfft(np.abs(np.fft.rfft(residual, 2 * n)) ** 2, 2 * n)[: n // 2 + 1]
    return np.asarray(covariance / covariance[0]) if covariance[0] > 0.0 else np.eye(1, n // 2 + 1)[0]


def correlation_length(residual: FloatArray) -> float:
    """Return 1 + 2 Σ ρ_k² of residuals (n_points,), in points: 1 for independent ones.

    The sum ends at the first lag beyond 5 correlation lengths (A. Sokal, in Functional Integration, Plenum 1997,
    p. 131); what noise adds to each ρ_k², 1/n, is taken off.
    """
    n = len(residual)
    length = 1.0
    for lag, rho in enumerate(autocorrelation(residual)[1:], start=1):
        length += 2.0 * float(rho**2 - 1.0 / n)
        if lag >= WINDOW * length:
            break
    return float(np.clip(length, 1.0, n))


def correlation_reach(residual: FloatArray) -> int:
    """Return up to how many points apart residuals (n_points,) are correlated; 1 for independent ones.

    The larger of two: the lag from which on no autocorrelation is significant, which finds wrong peaks; and the
    length of stretches whose sums scatter more than independent points would, which finds a weak and wide misfit
    below the noise.
    """
    n = len(residual)
    inside = np.abs(autocorrelation(residual)[1:]) > SIGNIFICANT / np.sqrt(n)
    gaps = np.flatnonzero(~(inside | np.append(inside[1:], False)))
    lag = int(gaps[0]) + 1 if len(gaps) else len(inside)
    ratios = _excess_of_sums(residual)
    strongest = max(ratios.values(), default=1.0)
    wide = next((length for length, ratio in ratios.items() if ratio >= 0.8 * strongest), 1)
    return max(1, lag, wide)


def _excess_of_sums(residual: FloatArray) -> dict[int, float]:
    """Return length -> by what factor sums over stretches vary more than those of independent points.

    Only where that is significant; lengths grow by factors of 2 up to a 16th of the points.
    """
    excess, length = {}, 2
    power = float(residual @ residual) / len(residual)
    while power > 0.0 and length <= len(residual) // 16:
        n_sums = len(residual) // length
        sums = residual[: n_sums * length].reshape(n_sums, length).sum(axis=1)
        ratio = float(sums @ sums) / (n_sums * length * power)
        if ratio > 1.0 + SIGNIFICANT * np.sqrt(2.0 / n_sums):
            excess[length] = ratio
        length *= 2
    return excess


def excess_of_sums(residual: FloatArray) -> float:
    """Return how much more sums of residuals (n_points,) vary than those of independent points; at least 1."""
    return max([1.0, correlation_length(residual), *_excess_of_sums(residual).values()])


def block_length(residual: FloatArray) -> int:
    """Return how many consecutive points make a block: twice the reach of correlation or more.

    At least n^(1/3), the order of growth of the best length (P. Hall, J. L. Horowitz & B.-Y. Jing, Biometrika 82,
    561 (1995)); so few that 10 blocks remain.
    """
    n = len(residual)
    length = max(2 * correlation_reach(residual), int(np.ceil(n ** (1.0 / 3.0))))
    return max(1, min(length, n // FEWEST_BLOCKS))


@dataclass(frozen=True)
class Blocks:
    """A difference of χ² between two candidates, by blocks of consecutive points; arrays (n_blocks,).

    difference: χ² of the worse less χ² of the better; variance: by how much that would scatter if the measurement
    and its misfit were drawn again; known: where that is not estimated from the one difference itself.
    """

    difference: FloatArray
    variance: FloatArray
    known: NDArray[np.bool_]


def blocks_of(better: FloatArray, worse: FloatArray, length: int, has_sigmas: bool) -> Blocks:
    """Return the difference of χ² by blocks; residuals (n_points,) weighted by the same σ.

    With δ, the difference of the two calculated curves over σ, χ² changes by Σ (δ² + 2 δ r), r the residual of the
    better. Where the better describes a block to within the noise, r is noise and that scatters by 4 Σ δ² (times the
    excess of sums, should there be a weak correlation). Elsewhere, and without σ, nobody knows how much of r is
    chance, and a block may as well have counted for the other side: its variance is the square of its difference,
    but no more than 4 Σ δ² Σ r², that of a misfit which has the very form of δ.
    """
    n_blocks = max(1, len(better) // length)
    starts = np.linspace(0, len(better), n_blocks + 1).astype(int)
    counts = np.diff(starts)
    difference = np.add.reduceat(worse**2 - better**2, starts[:-1])
    apart = np.add.reduceat((worse - better) ** 2, starts[:-1])
    misfit = np.add.reduceat(better**2, starts[:-1]) / counts
    described = misfit < 1.0 + SIGNIFICANT * np.sqrt(2.0 / counts) if has_sigmas else np.zeros(n_blocks, dtype=bool)
    noise = 4.0 * apart * np.maximum(misfit, 1.0) * excess_of_sums(better)
    most = 4.0 * apart * misfit * counts
    bounded = described | (most < difference**2)
    return Blocks(difference, np.where(described, noise, np.minimum(difference**2, most)), bounded)


def resampled_differences(blocks: Blocks, n_draws: int, rng: np.random.Generator) -> FloatArray:
    """Return (n_draws,) differences of χ² as they might have come out: a block bootstrap with multipliers.

    Each block is moved by a normal deviate times its standard deviation (R. Y. Liu, Ann. Stat. 16, 1696 (1988)); that
    blocks estimate their own variance makes the tails those of Student's t, with the degrees of freedom of
    F. E. Satterthwaite, Biom. Bull. 2, 110 (1946). So a difference that comes from few blocks is never sure.
    """
    total = float(blocks.variance.sum())
    if total == 0.0:
        return np.full(n_draws, float(blocks.difference.sum()))
    moved = rng.standard_normal((n_draws, len(blocks.variance))) @ np.sqrt(blocks.variance)
    estimated = float((blocks.variance[~blocks.known] ** 2).sum())
    freedom = total**2 / estimated if estimated > 0.0 else np.inf
    if freedom < 1e4:
        moved *= np.sqrt(freedom / rng.chisquare(freedom, n_draws))
    return np.asarray(blocks.difference.sum() + moved)
