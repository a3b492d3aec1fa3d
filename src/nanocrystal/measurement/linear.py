"""Linear least squares that does not feel the units of what it combines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def combination(rows: FloatArray, target: FloatArray, least: float | None = None) -> FloatArray:
    """Return the coefficients (n_rows,) with which rows (n_rows, n) add up to a target (n,) best.

    Each row is brought to the same size before: else one that is 1e16 times smaller than another, as a blank in counts
    per second beside an intensity in electrons², would be taken for rounding. least: singular value over the largest
    below which a combination of rows is left at 0 [rounding].
    """
    sizes = np.linalg.norm(rows, axis=1)
    sizes = np.where(sizes > 0.0, sizes, 1.0)
    return np.asarray(np.linalg.lstsq((rows / sizes[:, None]).T, target, rcond=least)[0] / sizes)
