"""Mean squares of amplitudes over lognormal sizes by brute force: every size on a fine grid, closed form factors.

Where the phase of a form factor exceeds thousands it is replaced by its mean over a period, smoothly in ln D: what is
left of the oscillation is below exp(−(s x)²/2) for sizes spread by s in their logarithm.
"""

from __future__ import annotations

import numpy as np
from scipy.special import erfc, j1

POINTS = 300_000
LAST_PHASE = 2500.0


def log_parameters(mean: float, std: float) -> tuple[float, float]:
    """Return μ and s of ln D."""
    s = float(np.sqrt(np.log1p((std / mean) ** 2)))
    return float(np.log(mean)) - 0.5 * s * s, s


def moment(mean: float, std: float, power: float) -> float:
    """Return ⟨D^power⟩ = exp(power μ + power² s²/2)."""
    mu, s = log_parameters(mean, std)
    return float(np.exp(power * mu + 0.5 * (power * s) ** 2))


def all_sizes(mean: float, std: float, power: float, n: int = POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Return lengths and weights by the trapezoidal rule in ln D, ten s beyond what the power sees."""
    mu, s = log_parameters(mean, std)
    log = np.linspace(mu - 9.0 * s, mu + power * s * s + 9.0 * s, n)
    return np.exp(log), np.exp(-0.5 * ((log - mu) / s) ** 2) * (log[1] - log[0]) / np.sqrt(2.0 * np.pi) / s


def followed(phase: np.ndarray, last: float = LAST_PHASE) -> np.ndarray:
    """Return which part of an oscillation is followed."""
    return np.asarray(0.5 * erfc(np.log(np.maximum(phase, 1e-300) / last) / 0.15))


def spheres(q: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Return ⟨V² Φ²⟩, (n_q,) Å⁶, Φ = 3 (sin x − x cos x)/x³."""
    length, weight = all_sizes(mean, std, 6)
    found = []
    for one in q:
        x = 0.5 * one * length
        far = np.maximum(x, 0.1)
        series = (1.0 - x**2 / 10.0 + x**4 / 280.0 - x**6 / 15120.0) ** 2
        exact = 9.0 * (np.sin(far) - far * np.cos(far)) ** 2 / far**6
        middle = 4.5 * (1.0 + far**2) / far**6
        square = np.where(x < 0.1, series, middle + followed(x) * (exact - middle))
        found.append(np.sum(weight * (np.pi / 6.0 * length**3) ** 2 * square))
    return np.array(found)


def cylinders(q: np.ndarray, across: tuple[float, float], along: tuple[float, float], n: int = 6000) -> np.ndarray:
    """Return ⟨V² |f|²⟩ of cylinders, (n_q,) Å⁶; across, along: mean and std of diameter and length, std 0 for one size.

    In each direction the mean over the two lengths is a product.
    """
    nodes, weights = np.polynomial.legendre.leggauss(8)
    edges = np.concatenate([[0.0], np.geomspace(1e-8, np.sqrt(0.5), 24)])
    half = 0.5 * np.diff(edges)[:, None]
    small, part = (edges[:-1, None] + half * (nodes + 1.0)).ravel(), (half * weights).ravel()
    large = np.sqrt(1.0 - small**2)
    cosine, sine = np.concatenate([small, large]), np.concatenate([large, small])
    weight = np.concatenate([part, part * small / large])
    diameters = all_sizes(*across, 4, n) if across[1] else (np.array([across[0]]), np.ones(1))
    lengths = all_sizes(*along, 2, n) if along[1] else (np.array([along[0]]), np.ones(1))
    found = []
    for one in q:
        rods = np.array([_segment(one * c, *lengths, bool(along[1])) for c in cosine])
        discs = np.array([_disc(one * s, *diameters, bool(across[1])) for s in sine])
        found.append(float(weight @ (rods * discs)))
    return np.array(found)


def _segment(k: float, length: np.ndarray, weight: np.ndarray, spread: bool) -> float:
    """Return ⟨(2 sin(k L/2)/k)²⟩."""
    x = k * length
    wave = np.cos(np.minimum(x, 1e4)) * (followed(x, 250.0) if spread else 1.0)
    return float(weight @ np.where(x < 1e-3, length**2 * (1.0 - x * x / 12.0), 2.0 * (1.0 - wave) / k**2))


def _disc(k: float, diameter: np.ndarray, weight: np.ndarray, spread: bool) -> float:
    """Return ⟨(π D²/4 · 2 J₁(y)/y)²⟩, y = k D/2."""
    y = 0.5 * k * diameter
    far = np.maximum(y, 1e-3)
    middle = (1.0 + 3.0 / (8.0 * far**2)) / (np.pi * far)
    square = j1(np.minimum(far, 1e5)) ** 2
    if spread:
        square = np.where(y > 20.0, middle + followed(y, 250.0) * (square - middle), square)
    amplitude = np.where(y < 1e-3, 1.0 - 0.25 * y * y, 4.0 * square / far**2)
    return float(weight @ ((np.pi / 4.0 * diameter**2) ** 2 * amplitude))


def ellipsoids(q: float, across: tuple[float, float], along: tuple[float, float], n: int = 4000) -> float:
    """Return ⟨V² Φ²⟩ of ellipsoids of revolution, Å⁶, by all sizes and directions; arguments as of cylinders.

    Where an ellipsoid looks 40 times as long as it is thin, sin² is replaced by its mean.
    """
    diameters = all_sizes(*across, 4, n) if across[1] else (np.array([across[0]]), np.ones(1))
    lengths = all_sizes(*along, 2, n) if along[1] else (np.array([along[0]]), np.ones(1))
    return sum(
        float(w * v) * (np.pi / 6.0 * d * d * c) ** 2 * _ellipsoid(q, float(d), float(c))
        for d, w in zip(*diameters, strict=True)
        for c, v in zip(*lengths, strict=True)
    )


def _ellipsoid(q: float, d: float, c: float) -> float:
    """Return ⟨Φ²⟩ over directions; the angle is from the equator of a long one, from the axis of a flat one."""
    short, long = min(d, c), max(d, c)
    top = float(np.arcsin(min(1.0, 40.0 * short / long)))
    nodes, weights = np.polynomial.legendre.leggauss(10)
    edges = np.linspace(0.0, top, 3 + int(10.0 * q * short))
    half = 0.5 * np.diff(edges)[:, None]
    angle, weight = (edges[:-1, None] + half * (nodes + 1.0)).ravel(), (half * weights).ravel()
    x = 0.5 * q * np.hypot(long * np.sin(angle), short * np.cos(angle))
    far = np.maximum(x, 0.1)
    exact = 9.0 * (np.sin(far) - far * np.cos(far)) ** 2 / far**6
    square = np.where(x < 0.1, (1.0 - x**2 / 10.0 + x**4 / 280.0) ** 2, exact)
    within = float(weight @ (square * (np.cos(angle) if c > d else np.sin(angle))))
    if c > d:
        beyond = (np.sin(top) ** -3 - 1.0) / 3.0
    else:
        beyond = 0.5 * (np.cos(top) / np.sin(top) ** 2 - np.log(np.tan(0.5 * top)))
    return within + 4.5 / (0.5 * q * long) ** 4 * float(beyond)
