"""Phase correction: given, or found so that all lines stand upright on a flat base.

A spectrum is multiplied by exp(−i(φ0 + φ1 p)), p the place from the pivot in units of the spectral width; φ0 is the
phase at the pivot and φ1 what is added from one end of the spectrum to the other, both in degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
COARSE = 4096
"""points that the search looks at: broader bins, the same lines"""


@dataclass(frozen=True)
class Phase:
    """ph0 and ph1 in degrees; pivot: where ph1 does nothing, in the unit of the axis (None: the middle)."""

    ph0: float = 0.0
    ph1: float = 0.0
    pivot: float | None = None


def place_from_pivot(x: FloatArray, pivot: float | None) -> FloatArray:
    """Return (x − pivot)/width, (n_points,)."""
    n = len(x)
    width = (x[-1] - x[0]) * n / (n - 1)
    return np.asarray((x - (x[n // 2] if pivot is None else pivot)) / width)


def phased(values: ComplexArray, x: FloatArray, phase: Phase) -> ComplexArray:
    """Return (…, n_points) with the phase taken out."""
    angle = np.radians(phase.ph0 + phase.ph1 * place_from_pivot(x, phase.pivot))
    return np.asarray(values * np.exp(-1j * angle))


def automatic_phase(values: ComplexArray, x: FloatArray, *, first_order: bool = True) -> Phase:
    """Return the phase that makes the real part of a spectrum (n_points,) absorptive, with the pivot at its top line.

    What is made small is the entropy of the derivative of the real part, as L. Chen, Z. Weng, L. Y. Goh & M. Garland,
    J. Magn. Reson. 158, 164 (2002), plus the part of the area that is negative: dispersion has long negative wings.
    The sign is that of a positive top line. first_order: whether φ1 is searched too.
    """
    from scipy.optimize import minimize

    pivot = float(x[int(np.argmax(np.abs(values)))])
    coarse, places = _coarse(values, place_from_pivot(x, pivot))

    def cost(angles: FloatArray) -> float:
        turned = (coarse * np.exp(-1j * np.radians(angles[0] + angles[-1] * places * first_order))).real
        return _entropy(turned) + _negative(turned)

    slopes = (-180.0, -60.0, 0.0, 60.0, 180.0) if first_order else (0.0,)
    grid = [(cost(np.array([a, b])), a, b) for a in np.arange(-180.0, 180.0, 20.0) for b in slopes]
    best = None
    for _, a, b in sorted(grid)[:3]:
        start = np.array([a, b]) if first_order else np.array([a])
        simplex = np.vstack([start, start + 10.0 * np.eye(len(start))])
        found = minimize(
            cost, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-9, "initial_simplex": simplex}
        )
        if best is None or found.fun < best.fun:
            best = found
    assert best is not None
    ph0, ph1 = float(best.x[0]), float(best.x[-1]) * first_order
    return Phase((ph0 + 180.0) % 360.0 - 180.0, ph1, pivot)


def _coarse(values: ComplexArray, places: FloatArray) -> tuple[ComplexArray, FloatArray]:
    """Return the spectrum, and its places, by means of neighbours where there are many points."""
    bunch = max(1, len(values) // COARSE)
    n = len(values) // bunch * bunch
    coarse = values[:n].reshape(-1, bunch).mean(axis=1)
    return coarse / np.abs(coarse).max(), places[:n].reshape(-1, bunch).mean(axis=1)


def _entropy(real: FloatArray) -> float:
    """Return the entropy of the normalised derivative, divided by that of an even distribution."""
    slope = np.abs(np.diff(real))
    share = slope / slope.sum()
    return float(-(share * np.log(share + 1e-300)).sum() / np.log(len(share)))


def _negative(real: FloatArray) -> float:
    """Return the sum of squares below zero over that of all points: 0 for lines that stand upright."""
    below = np.minimum(real, 0.0)
    return float((below @ below) / (real @ real))
