"""The powder formula against the Debye equation: areas of peaks of a large crystal, in electron units.

A sphere of 15 nm of a cubic perovskite. The exact peak of a sphere at a reflection G is
I(Q) = N 2π² m |F|²/(V Q G) [S(Q − G) − S(Q + G)], S(x) = (1/π) ∫ γ0(r) cos(xr) dr; its areas are fitted to the
curve of the Debye equation, with a smooth part for thermal diffuse scattering.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal.sample import Crystal, Population, Sample, Sphere
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.simulation import simulated_curves
from nanocrystal.techniques import Powder, TotalScattering
from support.structures import CUBIC

A, DIAMETER, WAVELENGTH = 5.87, 150.0, 1.0
U_ISO = {"Pb": 0.01, "Cs": 0.02, "Br": 0.015}
MASS = 132.90545 + 207.2 + 3 * 79.904
"""Da, CsPbBr3"""
SHELLS = (1, 2, 3, 4, 5, 6, 8, 9)
"""h² + k² + l² of the reflections below 3.5 Å⁻¹"""


def sphere_peak(x: np.ndarray) -> np.ndarray:
    """Return S(x) of a sphere, x: (n,) Å⁻¹: its area over x is 1."""
    r = np.linspace(0.0, DIAMETER, 3001)
    shared = 1.0 - 1.5 * r / DIAMETER + 0.5 * (r / DIAMETER) ** 3
    return np.trapezoid(shared * np.cos(np.outer(x, r)), r, axis=1) / np.pi


def areas_of_debye_equation() -> np.ndarray:
    """Return the areas ∫I dQ of the reflections per dalton, (n_shells,) Å⁻¹."""
    crystal = Crystal(parse_cif(CUBIC, "CsPbBr3.cif"), u_iso=U_ISO)
    sample = Sample({"dots": Population("c", Sphere(DIAMETER))}, {"c": crystal})
    columns = simulated_curves(sample, {"iq": TotalScattering(q="0.8:3.5:0.002")}, Path())["iq"]
    q, intensity = columns["Q"], columns["intensity"]
    places = 2.0 * np.pi / A * np.sqrt(np.array([*SHELLS, 10, 11, 12, 13, 14], dtype=float))
    peaks = [g / q * (sphere_peak(q - g) - sphere_peak(q + g)) for g in places]
    smooth = [np.polynomial.chebyshev.Chebyshev.basis(k, domain=[0.8, 3.5])(q) for k in range(5)]
    rows = np.array([*peaks, *smooth])
    found = np.linalg.lstsq(rows.T, intensity, rcond=None)[0]
    cells = np.pi / 6.0 * DIAMETER**3 / A**3
    return found[: len(SHELLS)] / (cells * MASS)


def areas_of_powder_pattern() -> np.ndarray:
    """Return the areas of the same reflections from the technique, over Q, (n_shells,)."""
    crystal = Crystal(parse_cif(CUBIC, "CsPbBr3.cif"), u_iso=U_ISO)
    sample = Sample({"bulk": Population("c")}, {"c": crystal})
    settings = Powder(two_theta="5:35:0.001", wavelength=WAVELENGTH, anomalous=False, polarization=0.0, caglioti_w=1e-3)
    columns = simulated_curves(sample, {"xrd": settings}, Path())["xrd"]
    x, y = columns["two_theta"], columns["intensity"]
    found = []
    for shell in SHELLS:
        theta = np.arcsin(WAVELENGTH * np.sqrt(shell) / (2.0 * A))
        near = np.abs(x - np.degrees(2.0 * theta)) < 0.25
        by_degree = 2.0 * np.pi / WAVELENGTH * np.cos(theta) * np.radians(1.0)  # dQ/d2θ
        found.append(np.trapezoid(y[near], x[near]) * by_degree)
    return np.array(found)


@pytest.mark.campaign
def test_areas_agree_in_electron_units_per_dalton() -> None:
    debye, powder = areas_of_debye_equation(), areas_of_powder_pattern()
    strong = powder > 0.05 * powder.max()
    assert strong.sum() >= 5
    np.testing.assert_allclose(debye[strong], powder[strong], rtol=0.02)
    np.testing.assert_allclose(debye, powder, atol=0.01 * powder.max())
    print(debye / powder)
