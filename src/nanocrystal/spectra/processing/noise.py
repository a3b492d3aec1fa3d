"""The noise of a spectrum, told from its points although there are lines among them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
PARTS = 64
SUMMED, FEWEST = 8, 256
"""parts of a sum that are long enough to be independent of each other, and of a spectrum that tell their noise"""
MAD_OF_NORMAL = 0.6744897501960817
"""median of |z| of a normal distribution"""


def noise_of(y: FloatArray, parts: int = PARTS) -> float:
    """Return the standard deviation of the noise of (n_points,).

    The spectrum is cut into parts, longer than its noise is correlated; of each, the scatter about its own straight
    line by the median of absolute deviations, which lines that fill less than half of a part do not move much. The
    lower quartile of the parts is taken, and corrected by what it is on average for pure noise with so many points.
    """
    length = max(16, len(y) // parts)
    n_parts = len(y) // length
    if n_parts < 2:
        return float(np.median(np.abs(y - np.median(y))) / MAD_OF_NORMAL)
    scatter = _scatter(y[: n_parts * length].reshape(n_parts, length))
    return float(np.quantile(scatter, 0.25) / _quartile_of_noise(n_parts, length))


def noise_of_sum(y: FloatArray, n_summed: int) -> float:
    """Return the standard deviation of the noise of a sum over neighbours of (n_points,), correlated or not."""
    bunch = max(1, min(n_summed // SUMMED, len(y) // FEWEST))
    return noise_of(bunched(y, bunch)) * bunch * float(np.sqrt(n_summed / bunch))


def bunched(values: Any, bunch: int) -> Any:
    """Return the means of so many neighbours each, (n_points // bunch,)."""
    n = len(values) // bunch * bunch
    return values[:n].reshape(-1, bunch).mean(axis=1)


def _scatter(parts: FloatArray) -> FloatArray:
    """Return the robust standard deviation of each row about a straight line."""
    place = np.linspace(-1.0, 1.0, parts.shape[1])
    slope = parts @ place / (place @ place)
    rest = parts - slope[:, None] * place - parts.mean(axis=1, keepdims=True)
    rest = rest - np.median(rest, axis=1, keepdims=True)
    return np.asarray(np.median(np.abs(rest), axis=1) / MAD_OF_NORMAL)


def _quartile_of_noise(n_parts: int, length: int) -> float:
    """Return the lower quartile of the scatter of parts of unit noise (a fixed sample: the same number each time)."""
    rng = np.random.default_rng(20011)
    return float(np.quantile(_scatter(rng.standard_normal((max(n_parts, 512), min(length, 4096)))), 0.25))
