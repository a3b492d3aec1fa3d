"""What is left of the scattering of a sample after absorption: cylinder and flat plates.

Each function returns the mean over the sample of exp(−μ × path of the ray in it); for plates times the length of the
beam in the plate over its thickness (1 at normal incidence). Intensities are divided by it.

    cylinder            A = 1/(π R²) ∬ exp(−μ (l_in + l_out)) dx dy, bathed in the beam, which is across its axis;
                        International Tables for Crystallography C, section 6.3.3
    plate-normal        beam along the normal, detector behind: ∫ exp(−μ z − μ (t − z)/cos 2θ) dz / t
    plate-transmission  symmetric: exp(−μ t/cos θ)/cos θ
    plate-reflection    symmetric: (1 − exp(−2 μ t/sin θ))/(2 μ t)
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.reduction.composition import AtomicComposition

FloatArray = NDArray[np.float64]
Geometry = Literal["cylinder", "plate-normal", "plate-transmission", "plate-reflection"]
GEOMETRIES: tuple[str, ...] = get_args(Geometry)
THICKEST = 30.0
"""μR: beyond, the integration over the cylinder is not accurate, and nothing is left to be measured"""
N_RADII, N_ROUND = 96, 288
"""points of the integration, along a radius and round the cylinder"""
ANGLE_STEP, FEWEST_ANGLES = np.radians(2.0), 9
"""2θ between which A is interpolated"""


def cylinder_absorption(mu_radius: float, angle: FloatArray) -> FloatArray:
    """Return A of a cylinder; mu_radius: μR; angle: 2θ (n_q,) radians. Accurate to 2e-4 of A up to μR = 10."""
    if mu_radius == 0.0:
        return np.ones(len(angle))
    from scipy.interpolate import CubicSpline

    n_nodes = max(FEWEST_ANGLES, int(np.ceil((angle.max() - angle.min()) / ANGLE_STEP)) + 1)
    if len(angle) <= n_nodes:
        return np.array([_cylinder_mean(mu_radius, a) for a in angle])
    nodes = np.linspace(angle.min(), angle.max(), n_nodes)
    logs = np.log([_cylinder_mean(mu_radius, a) for a in nodes])
    return np.asarray(np.exp(CubicSpline(nodes, logs)(angle)))


def _cylinder_mean(mu_radius: float, angle: float) -> float:
    """Return the mean over the disc of exp(−μR (l_in + l_out)), lengths in units of R."""
    nodes, weights = np.polynomial.legendre.leggauss(N_RADII)
    u = 0.25 * np.pi * (nodes + 1.0)  # r = sin u crowds the points at the surface, where absorbing samples scatter
    r, weight = np.sin(u), 0.25 * np.pi * weights * np.cos(u) * np.sin(u)
    round_ = 2.0 * np.pi * (np.arange(N_ROUND) + 0.5) / N_ROUND
    path = _way_out(r[:, None], round_ + np.pi) + _way_out(r[:, None], round_ - angle)
    return float(weight @ np.exp(-mu_radius * path).mean(axis=1) * 2.0)


def _way_out(r: FloatArray, direction: FloatArray) -> FloatArray:
    """Return the distance to the surface of a unit circle from radius r, at an angle between ray and radius."""
    return np.asarray(np.sqrt(1.0 - (r * np.sin(direction)) ** 2) - r * np.cos(direction))


def plate_absorption(geometry: str, mu_thickness: float, angle: FloatArray) -> FloatArray:
    """Return A of a flat plate; mu_thickness: μt; angle: 2θ (n_q,) radians."""
    if geometry == "plate-normal":
        if angle.max() >= 0.5 * np.pi:
            raise InputError("absorption.geometry", "plate-normal is measured behind the plate, at 2θ below 90°.")
        more = mu_thickness * (1.0 / np.cos(angle) - 1.0)
        mean = np.where(more > 1e-8, -np.expm1(-more) / np.maximum(more, 1e-300), 1.0)
        return np.asarray(np.exp(-mu_thickness) * mean)
    if geometry == "plate-transmission":
        return np.asarray(np.exp(-mu_thickness / np.cos(angle / 2.0)) / np.cos(angle / 2.0))
    sine = np.maximum(np.sin(angle / 2.0), 1e-12)
    if mu_thickness == 0.0:
        return np.asarray(1.0 / sine)
    return np.asarray(-np.expm1(-2.0 * mu_thickness / sine) / (2.0 * mu_thickness))


def absorption_factor(geometry: str, mu_length: float, angle: FloatArray, where: str) -> FloatArray:
    """Return A of any geometry; mu_length: μR of a cylinder, μt of a plate. Raises InputError for impossible values."""
    if geometry not in GEOMETRIES:
        raise InputError(f"{where}.geometry", f"must be one of {', '.join(GEOMETRIES)}; got {geometry!r}.")
    if not 0.0 <= mu_length <= THICKEST:
        key = "mu_radius" if geometry == "cylinder" else "mu_thickness"
        raise InputError(f"{where}.{key}", f"must lie within 0 and {THICKEST:g}, got {mu_length:.4g}.")
    if geometry == "cylinder":
        return cylinder_absorption(mu_length, angle)
    try:
        return plate_absorption(geometry, mu_length, angle)
    except InputError as error:
        raise InputError(f"{where}.geometry", error.problem) from None


def absorption_coefficient(composition: AtomicComposition, density: float, energy: float, where: str) -> float:
    """Return μ in 1/mm: density in g/cm³ as it is in the beam (of a powder with its voids), energy in eV.

    Photoabsorption and scattering by the tables of Elam, Ravel & Sieber, Radiat. Phys. Chem. 63, 121 (2002), in xraydb.
    Raises InputError where xraydb is not installed.
    """
    try:
        import xraydb
    except ImportError:
        raise InputError(
            where,
            "the absorption of a composition needs the package xraydb, which is not installed: pip install "
            '"nanocrystal[anomalous]" (or give mu_radius or mu_thickness as a number).',
        ) from None
    from nanocrystal.tables.elements import atomic_mass

    masses = {e: part * atomic_mass(e) for e, part in composition.parts.items()}
    per_gram = sum(m * float(xraydb.mu_elam("H" if e == "D" else e, energy)) for e, m in masses.items())
    return density * per_gram / sum(masses.values()) / 10.0
