"""Samples whose S(Q) and G(r) are known, and how an instrument would count them; shares no code with the reduction."""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np
import xraydb
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
LIQUID = {"Cu": 0.75, "Au": 0.25}
SPHERE, DENSITY, SMEARING = 2.6, 0.055, 0.15
"""hard spheres: diameter (Å), number density (atoms/Å³), Gaussian by which G(r) is smeared (Å)"""
WAVELENGTH = 0.2066
POLARIZED = 0.5


def hard_spheres(q: FloatArray) -> FloatArray:
    """Return S(Q) of a Percus–Yevick liquid (Thiele 1963; Wertheim 1963), F smeared by exp(−b² Q²/2)."""
    eta = np.pi / 6.0 * DENSITY * SPHERE**3
    alpha = (1.0 + 2.0 * eta) ** 2 / (1.0 - eta) ** 4
    beta = -6.0 * eta * (1.0 + eta / 2.0) ** 2 / (1.0 - eta) ** 4
    gamma = eta * alpha / 2.0
    x = q * SPHERE
    sin, cos = np.sin(x), np.cos(x)
    g = alpha * (sin - x * cos) / x**2
    g += beta * (2.0 * x * sin + (2.0 - x**2) * cos - 2.0) / x**3
    g += gamma * (-(x**4) * cos + 4.0 * ((3.0 * x**2 - 6.0) * cos + (x**3 - 6.0 * x) * sin + 6.0)) / x**5
    s = 1.0 / (1.0 + 24.0 * eta * g / x)
    return np.asarray(1.0 + (s - 1.0) * np.exp(-0.5 * (SMEARING * q) ** 2))


def atomic(q: FloatArray, parts: dict[str, float]) -> tuple[FloatArray, FloatArray]:
    """Return ⟨f⟩² and ⟨f²⟩ with the form factors as xraydb evaluates them."""
    f = {e: np.asarray(xraydb.f0(e, q / (4.0 * np.pi))) for e in parts}
    return np.asarray(sum(p * f[e] for e, p in parts.items()) ** 2), np.asarray(
        sum(p * f[e] ** 2 for e, p in parts.items())
    )


def compton(q: FloatArray, parts: dict[str, float], wavelength: float) -> FloatArray:
    """Return the incoherent scattering per atom by Balyuzi's coefficients, as photons are counted."""
    with (files("nanocrystal.tables") / "balyuzi.csv").open(encoding="utf-8") as stream:
        rows = {row["element"]: row for row in csv.DictReader(stream)}
    s2 = (q / (4.0 * np.pi)) ** 2
    total = np.zeros(len(q))
    for element, part in parts.items():
        row = {k: float(v) for k, v in rows[element].items() if k != "element"}
        bound = sum(row[f"a{k}"] * np.exp(-row[f"b{k}"] * s2) for k in range(1, 6))
        total += part * (xraydb.atomic_number(element) - bound)
    shift = 0.0242631 * (1.0 - np.cos(two_theta(q, wavelength)))  # Compton wavelength, Å
    return np.asarray(total * (wavelength / (wavelength + shift)) ** 2)


def two_theta(q: FloatArray, wavelength: float) -> FloatArray:
    return np.asarray(2.0 * np.arcsin(q * wavelength / (4.0 * np.pi)))


def cylinder(mu_radius: float, angle: float, n: int = 600) -> float:
    """Return the absorption factor of a cylinder by midpoints of squares; path lengths by the chord formula."""
    at = (np.arange(n) + 0.5) / n * 2.0 - 1.0
    x, y = np.meshgrid(at, at)
    inside = x**2 + y**2 < 1.0
    x, y = x[inside], y[inside]

    def path(direction: tuple[float, float]) -> FloatArray:
        along = x * direction[0] + y * direction[1]
        return np.asarray(-along + np.sqrt(along**2 + 1.0 - x**2 - y**2))

    back, out = path((-1.0, 0.0)), path((np.cos(angle), np.sin(angle)))
    return float(np.exp(-mu_radius * (back + out)).mean())


def capillary(q: FloatArray) -> FloatArray:
    """Return counts of an empty capillary: a glassy halo on a falling background."""
    return np.asarray(900.0 * np.exp(-0.5 * ((q - 1.6) / 0.7) ** 2) + 500.0 * np.exp(-q / 6.0) + 60.0)
