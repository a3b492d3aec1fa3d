"""From Q to angles and energies: wavelength, 2θ, polarisation, the recoil of Compton scattering."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.tables.beam import EV_ANGSTROM

FloatArray = NDArray[np.float64]
ELECTRON_EV = 510998.95
"""m c² of the electron (CODATA 2018)"""
BEAM_LIMITS = (0.02, 10.0)
"""Å; wavelengths beyond are slips of unit"""


def two_theta(q: FloatArray, wavelength: float, where: str) -> FloatArray:
    """Return 2θ (radians, (n_q,)) of elastic scattering; raises InputError for a Q that the beam does not reach."""
    sine = q * wavelength / (4.0 * np.pi)
    if sine.max() > 1.0001:
        raise InputError(
            f"{where}.wavelength",
            f"a wavelength of {wavelength:.5g} Å reaches Q = {4.0 * np.pi / wavelength:.4g} Å⁻¹ at most, but the data "
            f"go to {q.max():.4g}.",
        )
    return np.asarray(2.0 * np.arcsin(np.minimum(sine, 1.0)))


def polarization_factor(angle: FloatArray, part: float) -> FloatArray:
    """Return 1 − p + p cos² 2θ; angle: 2θ (n_q,) radians; part p: 0.5 of an unpolarised beam, 0 of one polarised
    across the plane of scattering."""
    return np.asarray(1.0 - part + part * np.cos(angle) ** 2)


def recoil_factor(angle: FloatArray, wavelength: float, power: float) -> FloatArray:
    """Return (E′/E)^power of Compton scattering, (n_q,): 2 for counted photons, 3 for a detector of energy.

    G. Breit, Phys. Rev. 27, 362 (1926); P. A. M. Dirac, Proc. R. Soc. A 111, 405 (1926).
    """
    energy = EV_ANGSTROM / wavelength
    return np.asarray((1.0 + energy / ELECTRON_EV * (1.0 - np.cos(angle))) ** -power)
