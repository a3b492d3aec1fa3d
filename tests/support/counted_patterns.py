"""Patterns of nickel as they are expected, written out by hand: no code of the package, to draw counts from.

Line: P. Thompson, D. E. Cox & J. B. Hastings, J. Appl. Cryst. 20, 79 (1987). Form factor: D. T. Cromer & J. B. Mann,
Acta Cryst. A 24, 321 (1968). Kα of copper: 1.540593 and 1.544427 Å, 2 : 1.
"""

import numpy as np

A = 3.524
U_ISO = 0.006
LINES = ((1.540593, 2.0 / 3.0), (1.544427, 1.0 / 3.0))
FAMILIES = {(1, 1, 1): 8, (2, 0, 0): 6, (2, 2, 0): 12, (3, 1, 1): 24, (2, 2, 2): 8}
_A, _B, _C = (12.8376, 7.292, 4.4438, 2.38), (3.8785, 0.2565, 12.1763, 66.3421), 1.0341


def form_factor(q: np.ndarray | float) -> np.ndarray:
    s2 = (np.asarray(q) / (4.0 * np.pi)) ** 2
    return sum(a * np.exp(-b * s2) for a, b in zip(_A, _B, strict=True)) + _C


def pseudo_voigt(x: np.ndarray, gauss: float, lorentz: float) -> np.ndarray:
    powers = (1.0, 2.69269, 2.42843, 4.47163, 0.07842, 1.0)
    width = sum(p * gauss ** (5 - k) * lorentz**k for k, p in enumerate(powers)) ** 0.2
    part = lorentz / width
    mixing = 1.36603 * part - 0.47719 * part**2 + 0.11116 * part**3
    bell = 2.0 / width * np.sqrt(np.log(2.0) / np.pi) * np.exp(-4.0 * np.log(2.0) * (x / width) ** 2)
    return mixing * 2.0 / (np.pi * width) / (1.0 + 4.0 * (x / width) ** 2) + (1.0 - mixing) * bell


def powder(two_theta: np.ndarray, size: float, w: float) -> np.ndarray:
    """Return a pattern of Bragg–Brentano geometry: Lorentz width 0.9 λ/(size cos θ), Gauss width √w (°)."""
    y = np.zeros_like(two_theta)
    for indices, multiplicity in FAMILIES.items():
        d = A / np.sqrt(sum(i * i for i in indices))
        q = 2.0 * np.pi / d
        structure = (4.0 * form_factor(q)) ** 2 * np.exp(-U_ISO * q**2)
        for wavelength, share in LINES:
            theta = np.arcsin(wavelength / (2.0 * d))
            lorentz = np.degrees(0.9 * wavelength / (size * np.cos(theta)))
            polarized = (1.0 + np.cos(2.0 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
            line = pseudo_voigt(two_theta - np.degrees(2.0 * theta), np.sqrt(w), lorentz)
            y += share * multiplicity * structure * polarized * line
    return y


def total_scattering(q: np.ndarray, diameter: float, std: float) -> np.ndarray:
    """Return I(Q) of spheres of nickel by the sum over all lattice vectors within them, electron units.

    Their diameters are lognormal, of this mean and standard deviation, averaged over numbers of spheres.
    """
    sigma = np.sqrt(np.log1p((std / diameter) ** 2))
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    sizes, weights = diameter * np.exp(-0.5 * sigma**2 + sigma * nodes), weights / weights.sum()
    n = int(np.ceil(2.0 * 2.5 * diameter / A)) + 1
    half = np.stack(np.meshgrid(*[np.arange(-n, n + 1)] * 3, indexing="ij"), -1).reshape(-1, 3)
    half = half[half.sum(axis=1) % 2 == 0]
    square, count = np.unique((half**2).sum(axis=1), return_counts=True)
    near = (square > 0) & (square < n * n)
    r, count = 0.5 * A * np.sqrt(square[near]), count[near]
    part = np.clip(r[:, None] / sizes, 0.0, 1.0)
    volumes = np.pi / 6.0 * sizes**3 * weights
    kept = (1.0 - 1.5 * part + 0.5 * part**3) @ volumes
    waves = np.sin(np.outer(q, r)) / np.outer(q, r)
    pairs = np.exp(-U_ISO * q**2) * (waves @ (count * kept))
    return form_factor(q) ** 2 * 4.0 / A**3 * (volumes.sum() + pairs)


def sphere(q: np.ndarray, diameter: float) -> np.ndarray:
    """Return the small-angle scattering of a sphere over its value at q = 0."""
    x = 0.5 * q * diameter
    return (3.0 * (np.sin(x) - x * np.cos(x)) / x**3) ** 2


def counted(expected: np.ndarray, peak: float, background: float, seed: int) -> np.ndarray:
    """Return counts of a pattern whose highest point is `peak` above a flat background."""
    return np.random.default_rng(seed).poisson(expected / expected.max() * peak + background).astype(float)
