"""How crystals stand to each other in solution, as seen by small angles: structure factors S(q); see `saxs`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
SHARP = 1e-9
"""k spread² q²/2 below which a spread is none"""


def hard_spheres(q: FloatArray, radius: float, fraction: float) -> FloatArray:
    """Return S(q) of hard spheres in the Percus–Yevick approximation; radius: Å; fraction: of the volume they fill.

    Wertheim, Phys. Rev. Lett. 10, 321 (1963); Kinning & Thomas, Macromolecules 17, 1712 (1984), eqs 9 to 13.
    """
    if fraction == 0.0:
        return np.ones_like(q)
    eta = fraction
    alpha = (1.0 + 2.0 * eta) ** 2 / (1.0 - eta) ** 4
    beta = -6.0 * eta * (1.0 + eta / 2.0) ** 2 / (1.0 - eta) ** 4
    gamma = 0.5 * eta * alpha
    a = np.maximum(2.0 * q * radius, 1e-300)
    sine, cosine = np.sin(a), np.cos(a)
    with np.errstate(all="ignore"):
        first = alpha * (sine - a * cosine) / a**3
        second = beta * (2.0 * a * sine + (2.0 - a * a) * cosine - 2.0) / a**4
        third = -(a**4) * cosine + 4.0 * ((3.0 * a * a - 6.0) * cosine + (a**3 - 6.0 * a) * sine + 6.0)
        whole = first + second + gamma * third / a**6
    series = alpha / 3.0 * (1.0 - a * a / 10.0) + beta / 4.0 * (1.0 - a * a / 9.0) + gamma / 6.0 * (1.0 - a * a / 8.0)
    return np.asarray(1.0 / (1.0 + 24.0 * eta * np.where(a < 0.1, series, whole)))


def string_of_beads(q: FloatArray, beads: float, spacing: float, spread: float) -> FloatArray:
    """Return S(q) of straight strings of so many beads, averaged over orientations.

    S = 1 + (2/N) Σ_k (N − k) ∫₀¹ exp(−k spread² q² μ²/2) cos(q k d μ) dμ, k = 1 … N − 1, with d the spacing and spread
    the standard deviation of each spacing (Å) along the string, independent of the others: a linear paracrystal
    (Hosemann & Bagchi, Direct Analysis of Diffraction by Matter, 1962). Numbers that are not whole are mixtures of
    strings of the next lower and higher number, as many beads in each as their distances from it say, so that S is
    continuous.
    """
    return np.asarray(sum(part * _straight(q, n, spacing, spread) for n, part in whole_numbers(beads)))


def whole_numbers(beads: float) -> list[tuple[int, float]]:
    """Return the whole numbers next to a number of beads, and the part of the beads that is in each."""
    low = int(np.floor(beads))
    part = beads - low
    return [(low, 1.0)] if part == 0.0 else [(low, 1.0 - part), (low + 1, part)]


def _straight(q: FloatArray, beads: int, spacing: float, spread: float) -> FloatArray:
    k = np.arange(1.0, float(beads))
    waves = _along(0.5 * np.outer((q * spread) ** 2, k), np.outer(q * spacing, k))
    return np.asarray(1.0 + 2.0 / beads * waves @ (beads - k))


def _along(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ∫₀¹ exp(−a μ²) cos(b μ) dμ, a ≥ 0, by the error function of complex arguments."""
    from scipy.special import wofz

    root = np.sqrt(np.maximum(a, SHARP))
    # erf(z) = 1 − exp(−z²) w(iz), z = √a + i b/(2√a): no factor overflows
    first = np.exp(-((0.5 * b / root) ** 2))
    last = np.exp(-a - 1j * b) * wofz(1j * root - 0.5 * b / root)
    closed = 0.5 * np.sqrt(np.pi) / root * (first - last).real
    return np.where(a < SHARP, np.sinc(b / np.pi), closed)
