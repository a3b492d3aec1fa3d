"""Weights of draws from one law that stand for another: smoothed, and how far they can be trusted.

The largest weights are the most uncertain. They are replaced by quantiles of a generalized Pareto distribution that
is fitted to them, whose index k̂ says how heavy their tail is: below 0.7 means over the draws settle with their number,
above 0.5 slowly, and from 0.7 on they are not to be relied on (A. Vehtari, D. Simpson, A. Gelman, Y. Yao & J. Gabry,
J. Mach. Learn. Res. 25, 72 (2024)). The fit is that of J. Zhang & M. A. Stephens, Technometrics 51, 316 (2009).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nanocrystal.report.posterior.result import MOST_INDEX

FloatArray = NDArray[np.float64]
FEWEST_OF_TAIL = 5
"""weights from which on a tail is fitted"""
PRIOR_INDEX, PRIOR_WEIGHTS = 0.5, 10.0
"""what an index is drawn to where few weights tell it, and as how many weights that counts (Vehtari et al.)"""


def smoothed_weights(log_weights: FloatArray) -> tuple[FloatArray, float]:
    """Return weights that sum to 1, (n,), their largest ones smoothed, and the index k̂ of their tail.

    log_weights: (n,), any constant added; −∞ for draws where the density is zero. k̂ is ∞ where too few weights are not
    zero for a tail to be seen, and 0 where the largest ones are equal.
    """
    largest = float(np.max(log_weights, initial=-np.inf))
    if not np.isfinite(largest):
        return np.full(len(log_weights), 1.0 / max(1, len(log_weights))), float(np.inf)
    weights = np.exp(log_weights - largest)
    n = tail_length(len(weights))
    if n < FEWEST_OF_TAIL or np.count_nonzero(weights) <= n:
        return weights / weights.sum(), float(np.inf)
    order = np.argsort(weights)
    tail, below = order[-n:], weights[order[-n - 1]]
    excess = weights[tail] - below
    if not excess[-1] > 0.0:
        return weights / weights.sum(), 0.0
    index, scale = fitted_pareto(excess)
    index = (n * index + PRIOR_WEIGHTS * PRIOR_INDEX) / (n + PRIOR_WEIGHTS)
    weights[tail] = np.minimum(below + pareto_quantiles((np.arange(n) + 0.5) / n, index, scale), 1.0)
    return weights / weights.sum(), index


def tail_length(n: int) -> int:
    """Return how many of n weights are the tail: the smaller of a fifth and 3 √n."""
    return int(min(0.2 * n, 3.0 * np.sqrt(n)))


def fitted_pareto(excess: FloatArray) -> tuple[float, float]:
    """Return index k and scale σ of the generalized Pareto distribution of values above a threshold, ascending (n,).

    Its density is (1 + k x/σ)^(−1/k − 1)/σ. The estimate is the mean of θ = −k/σ over a grid of quantiles of its
    prior, weighed by the likelihood at the k that is likeliest for each (Zhang & Stephens, section 3).
    """
    n = len(excess)
    x = np.maximum(excess, 1e-12 * excess[-1])
    n_grid = 20 + int(np.sqrt(n))
    quartile = x[int(n / 4.0 + 0.5) - 1]
    theta = 1.0 / x[-1] + (1.0 - np.sqrt(n_grid / (np.arange(n_grid) + 0.5))) / (3.0 * quartile)
    negative_index = -np.mean(np.log1p(-theta[:, None] * x), axis=1)
    log_likelihood = n * (np.log(theta / negative_index) + negative_index - 1.0)
    likelihood = np.exp(log_likelihood - log_likelihood.max())
    mean = float(np.sum(theta * likelihood) / likelihood.sum())
    index = float(np.mean(np.log1p(-mean * x)))
    return index, -index / mean


def pareto_quantiles(parts: FloatArray, index: float, scale: float) -> FloatArray:
    """Return where the parts (n,) of a generalized Pareto distribution of this index and scale lie below, (n,)."""
    if abs(index) < 1e-9:
        return np.asarray(-scale * np.log1p(-parts))
    return np.asarray(scale * np.expm1(-index * np.log1p(-parts)) / index)


def most_index(n: int) -> float:
    """Return the k̂ up to which means over n weights are relied on: 1 − 1/log₁₀ n, at most 0.7 (Vehtari et al.)."""
    return float(min(1.0 - 1.0 / np.log10(max(n, 11)), MOST_INDEX))


def effective_number(weights: FloatArray) -> float:
    """Return how many draws of equal weight say as much as these, whose weights (n,) sum to 1."""
    return float(1.0 / np.sum(weights**2))


def weighted_quantiles(values: FloatArray, weights: FloatArray, parts: FloatArray) -> FloatArray:
    """Return between which values (n,), weighed by weights (n,) that sum to 1, the parts (m,) lie below, (m,)."""
    order = np.argsort(values)
    held = weights[order]
    return np.asarray(np.interp(parts, np.cumsum(held) - 0.5 * held, values[order]))


def resampled(weights: FloatArray, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return n numbers of draws, each as often as n times its weight says, to within one; in random order.

    Positions are equally spaced from one that is drawn (J. Carpenter, P. Clifford & P. Fearnhead, IEE Proc. Radar
    Sonar Navig. 146, 2 (1999)).
    """
    positions = (np.arange(n) + rng.random()) / n
    taken = np.minimum(np.searchsorted(np.cumsum(weights), positions), len(weights) - 1)
    return np.asarray(rng.permutation(taken))
