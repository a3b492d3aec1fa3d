"""Microabsorption: particles that absorb more than the mixture around them scatter less than their amount.

G. W. Brindley, Phil. Mag. 36, 347 (1945): the intensity of a phase is multiplied with
    τ = (1/V) ∫ exp(−(μ − μ̄) x) dV,
x being the way of the ray inside the particle, in and out, μ its linear absorption and μ̄ that of the solid mixture
(volume fractions, no voids). For spheres τ depends on (μ − μ̄) R and hardly on 2θ; it is calculated at 2θ = 90°. It
describes particles with μ D up to about 0.1, with doubts up to 1 (Brindley's classes: fine below 0.01, medium to 0.1,
coarse to 1). Particles are what lies in the powder, not coherent domains: sizes from widths of peaks are smaller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.tables.elements import atomic_mass

FloatArray = NDArray[np.float64]
G_CM3 = 1.66053906892
"""g/cm³ in one Da/Å³ (CODATA 2022)"""
COARSE = 0.1
"""μ D from which on Brindley's τ is doubtful"""
NODES = 24


@dataclass(frozen=True)
class Absorber:
    """A phase as an absorber: density (g/cm³), linear absorption (cm⁻¹), diameter of its particles (µm, None: fine)."""

    density: float
    absorption: float
    diameter: float | None


def linear_absorption(masses: Mapping[str, float], density: float, energy: float, where: str) -> float:
    """Return μ in cm⁻¹ of a solid with these masses of elements (any unit), total attenuation of Elam's tables.

    density: g/cm³; energy: eV. Raises InputError, at the address `where`, if xraydb is not installed.
    """
    try:
        import xraydb
    except ImportError:
        raise InputError(
            where, 'needs the package xraydb, which is not installed: pip install "nanocrystal[anomalous]".'
        ) from None
    total = sum(masses.values())
    by_mass = sum(m / total * float(xraydb.mu_elam(e, energy)) for e, m in masses.items())
    return density * by_mass


def mass_of_elements(elements: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Return the mass of each element, Da, of (element, number of atoms)."""
    masses: dict[str, float] = {}
    for element, number in elements:
        masses[element] = masses.get(element, 0.0) + number * atomic_mass(element)
    return masses


def particle_factors(absorbers: Mapping[str, Absorber], amounts: Mapping[str, float]) -> dict[str, float]:
    """Return τ of each phase in a mixture with these mass fractions; 1 where the particles have no diameter."""
    volumes = {n: amounts[n] / a.density for n, a in absorbers.items()}
    whole = sum(volumes.values())
    if not whole > 0.0:
        return dict.fromkeys(absorbers, 1.0)
    mean = sum(v * absorbers[n].absorption for n, v in volumes.items()) / whole
    return {
        n: 1.0 if a.diameter is None else sphere_factor((a.absorption - mean) * 0.5e-4 * a.diameter)
        for n, a in absorbers.items()
    }


def sphere_factor(excess: float, two_theta: float = 90.0) -> float:
    """Return τ of spheres, excess: (μ − μ̄) R; two_theta: degrees."""
    way, weight = _ways(two_theta)
    return float(weight @ np.exp(-excess * way))


@lru_cache(maxsize=8)
def _ways(two_theta: float) -> tuple[FloatArray, FloatArray]:
    """Return the ways of rays in a sphere of radius 1, in and out, at points that stand for its volume, and weights."""
    x, w = np.polynomial.legendre.leggauss(NODES)
    # x to the half of the circle that rays and normal span, by symmetry; radius² r dr for the volume
    radius, cosine = 0.5 * (x + 1.0), x
    azimuth = np.pi * 0.5 * (x + 1.0)
    r, c, a = np.meshgrid(radius, cosine, azimuth, indexing="ij")
    weight = w[:, None, None] * w[None, :, None] * w[None, None, :] * r**2
    sine = np.sqrt(1.0 - c**2)
    along = np.array([np.cos(np.radians(two_theta)), np.sin(np.radians(two_theta))])
    first, second = r * c, r * sine * np.cos(a)
    before = first + np.sqrt(first**2 + 1.0 - r**2)
    leaving = along[0] * first + along[1] * second
    after = -leaving + np.sqrt(leaving**2 + 1.0 - r**2)
    return (before + after).ravel(), (weight / weight.sum()).ravel()
