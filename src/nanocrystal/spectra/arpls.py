"""A smooth baseline under lines, found before the fit: asymmetrically reweighted penalised least squares (arPLS).

Baek, Park, Ahn & Choo, Analyst 140, 250 (2015), by the package pybaselines.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError

FloatArray = NDArray[np.float64]
INSTALL = 'pip install "nanocrystal[lines]"'


def arpls_baseline(y: FloatArray, stiffness: float = 1e6, where: str = "arpls_stiffness") -> FloatArray:
    """Return the baseline of curves y, (n_points,) or (n_items, n_points), on an even grid.

    stiffness: λ of the paper, larger is smoother; it grows with the fourth power of the number of points. Raises
    InputError where it is not above 0 or pybaselines is not installed.
    """
    if not (np.isfinite(stiffness) and stiffness > 0.0):
        raise InputError(where, f"must be above 0, got {stiffness:g}; 1e5 to 1e8 are usual for 1000 points.")
    try:
        from pybaselines import Baseline
    except ImportError:
        raise InputError(where, f"needs the package pybaselines; install it with: {INSTALL}") from None
    curves = np.atleast_2d(y)
    fitter = Baseline(x_data=np.arange(curves.shape[1], dtype=np.float64))
    baselines = np.array([fitter.arpls(curve, lam=stiffness)[0] for curve in curves], dtype=np.float64)
    return baselines.reshape(np.shape(y))
