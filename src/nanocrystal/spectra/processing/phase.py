"""The phase of a spectrum, and how it is taken out; how it is found is in `automatic_phase`.

A spectrum is multiplied by exp(−i(φ0 + φ1 p)), p the place from the pivot in units of the spectral width; φ0 is the
phase at the pivot and φ1 what is added from one end of the spectrum to the other, both in degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.parameters import Declares

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


@dataclass(frozen=True)
class NmrPhase(Declares):
    """The phase of a spectrum.

    Parameters
    ----------
    ph0 : float
        At the pivot, °.
    ph1 : float
        What is added from one end of the spectrum to the other, °.
    pivot : float or None
        Where ph1 does nothing, in the unit of the axis; None: the middle.
    """

    ph0: float = 0.0
    ph1: float = 0.0
    pivot: float | None = None


def place_from_pivot(x: FloatArray, pivot: float | None) -> FloatArray:
    """Return (x − pivot)/width, (n_points,)."""
    n = len(x)
    width = (x[-1] - x[0]) * n / (n - 1)
    return np.asarray((x - (x[n // 2] if pivot is None else pivot)) / width)


def phased(values: ComplexArray, x: FloatArray, phase: NmrPhase) -> ComplexArray:
    """Return (…, n_points) with the phase taken out."""
    angle = np.radians(phase.ph0 + phase.ph1 * place_from_pivot(x, phase.pivot))
    return np.asarray(values * np.exp(-1j * angle))
