"""How crystals stand to each other in solution, as seen by small angles: structure factors S(q); see `saxs`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nanocrystal.parameters import Meaning, Quantity
from nanocrystal.parameters.meaning import NUMBER_MEAN, NUMBER_STD

FloatArray = NDArray[np.float64]
SHARP = 1e-9
"""k spread² q²/2 below which a spread is none"""
MOST_BEADS = 1000.0
ARRANGEMENT: Mapping[str, Quantity] = {
    quantity.name: quantity
    for quantity in (
        Quantity(
            "effective_radius",
            "Å",
            "hard spheres: radius that includes what keeps crystals apart",
            50.0,
            0.0,
            1e4,
            open_minimum=True,
            scale=5.0,
            meaning=Meaning("radius", "of hard spheres that stand as far apart as the crystals do"),
        ),
        Quantity(
            "effective_fraction",
            "",
            "hard spheres: part of the volume that they fill",
            0.1,
            0.0,
            0.74,
            scale=0.02,
            meaning=Meaning("volume fraction", "of hard spheres that stand as far apart as the crystals do"),
        ),
        Quantity(
            "beads",
            "",
            "strings: number of crystals",
            2.0,
            1.0,
            MOST_BEADS,
            scale=0.5,
            meaning=Meaning("number of particles", "in a string").more(NUMBER_MEAN),
        ),
        Quantity(
            "bead_spacing",
            "Å",
            "string: distance of the centres of neighbours",
            100.0,
            0.0,
            1e4,
            open_minimum=True,
            scale=5.0,
            meaning=Meaning("interparticle distance", "of neighbours in a string, from centre to centre").more(
                NUMBER_MEAN
            ),
        ),
        Quantity(
            "bead_spacing_std",
            "Å",
            "string: standard deviation of this distance",
            0.0,
            0.0,
            1e4,
            scale=2.0,
            meaning=Meaning("interparticle distance", "of neighbours in a string, from centre to centre").more(
                NUMBER_STD
            ),
        ),
        Quantity(
            "bead_gap",
            "Å",
            "stacked spheres: from surface to surface of their coatings",
            0.0,
            -100.0,
            1e4,
            scale=2.0,
            meaning=Meaning("interparticle distance", "of neighbours in a string, from coating to coating").more(
                NUMBER_MEAN
            ),
        ),
        Quantity(
            "bead_gap_std",
            "Å",
            "stacked spheres: standard deviation of this gap",
            0.0,
            0.0,
            1e4,
            scale=2.0,
            meaning=Meaning("interparticle distance", "of neighbours in a string, from coating to coating").more(
                NUMBER_STD
            ),
        ),
    )
}
"""what the arrangement of crystals is described by, by name"""
OF_STRUCTURE: dict[str, tuple[str, ...]] = {
    "none": (),
    "hard-spheres": ("effective_radius", "effective_fraction"),
    "string": ("beads", "bead_spacing", "bead_spacing_std"),
    "stacked-spheres": ("beads", "bead_gap", "bead_gap_std"),
}
"""which quantities each structure factor has"""


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
