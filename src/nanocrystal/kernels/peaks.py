"""Gaussian peaks on a grid: what pair distances become in real space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.compiled import load

FloatArray = NDArray[np.float64]
N_SIGMA = 6.5
"""a Gaussian is cut where it has fallen to 7e-10 of its height"""


def gaussian_sum(area: FloatArray, centre: FloatArray, variance: FloatArray, step: float, n: int) -> FloatArray:
    """Return Σ_b area_b exp(−(r − c_b)²/2v_b)/√(2πv_b) at r = k step, k = 0…n−1.

    area, centre (Å), variance (Å²): (n_peaks,). Each variance should exceed (1.5 step)², or the sum
    over the grid no longer equals the integral.
    """
    curve = np.zeros(n)
    load("_pairs_numba").add_gaussians(area, centre, variance, step, N_SIGMA, curve)
    return curve
