"""How crystals stand to each other in solution, as seen by small angles: structure factors S(q); see `saxs`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


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

    S = 1 + (2/N) Σ_k (N − k) exp(−k spread² q²/2) sin(q k d)/(q k d), k = 1 … N − 1, with d the spacing and spread the
    standard deviation of each spacing (Å), independent of the others. Numbers that are not whole are mixtures of
    strings of the next lower and higher number, as many beads in each as their distances from it say, so that S is
    continuous.
    """
    low = int(np.floor(beads))
    part = beads - low
    found = (1.0 - part) * _straight(q, low, spacing, spread)
    return found if part == 0.0 else found + part * _straight(q, low + 1, spacing, spread)


def _straight(q: FloatArray, beads: int, spacing: float, spread: float) -> FloatArray:
    k = np.arange(1.0, float(beads))
    damping = np.exp(-0.5 * np.outer(q * q * spread**2, k))
    return np.asarray(1.0 + 2.0 / beads * (damping * np.sinc(np.outer(q * spacing, k) / np.pi)) @ (beads - k))
