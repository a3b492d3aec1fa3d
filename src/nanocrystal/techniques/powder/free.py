"""Intensities that are left to the fit, none below 0, for phases whose structure is not used; see `powder`.

Pawley's method (J. Appl. Cryst. 14, 357 (1981)) with the intensities eliminated: with cells and profiles held they
follow from linear least squares, non-negative (Lawson & Hanson), beside scale and background.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nanocrystal.measurement.linear import combination

FloatArray = NDArray[np.float64]


def free_intensities(shapes: FloatArray, beside: FloatArray, observed: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return non-negative intensities (n_families,) and the coefficients of what is beside them (n_beside,).

    shapes: (n_families, n_points); beside: (n_beside, n_points), of any sign; observed: (n_points,); all weighted.
    """
    from scipy.optimize import nnls

    basis, _ = np.linalg.qr(beside.T)
    projected = shapes.T - basis @ (basis.T @ shapes.T)
    target = observed - basis @ (basis.T @ observed)
    triangle: FloatArray = np.linalg.qr(np.concatenate([projected, target[:, None]], axis=1), mode="r")  # type: ignore[assignment]
    norms = np.maximum(np.linalg.norm(triangle[:, :-1], axis=0), 1e-300)
    scaled, _ = nnls(triangle[:, :-1] / norms, triangle[:, -1], maxiter=30 * len(shapes) + 100)
    intensities = scaled / norms
    return intensities, combination(beside, observed - intensities @ shapes)


def without(slopes: FloatArray, shapes: FloatArray, sigma: FloatArray) -> FloatArray:
    """Return slopes (n_slopes, n_points) without what changed intensities of `shapes` (n, n_points) could do."""
    if not len(shapes):
        return slopes
    basis, spread, _ = np.linalg.svd((shapes / sigma).T / np.linalg.norm(shapes / sigma, axis=1), full_matrices=False)
    basis = basis[:, spread > 1e-6 * spread[0]]
    weighted = slopes / sigma
    return np.asarray((weighted - (weighted @ basis) @ basis.T) * sigma)
