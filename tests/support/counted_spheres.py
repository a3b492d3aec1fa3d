"""Counts of nickel spheres and what becomes of them, written out by hand; shares no code with the package.

A sphere of diameter D cut from a crystal at random keeps of the pairs at a distance r the part
γ₀ = 1 − 3r/2D + r³/2D³, so that per atom I(Q) = f² [1 + Σ_j n_j γ₀(r_j) exp(−u Q²) sin(Q r_j)/(Q r_j)] over the shells
of fcc. Form factors are those that xraydb evaluates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from support.reduction_samples import atomic

FloatArray = NDArray[np.float64]
CELL, DIAMETER, U_ISO = 3.52, 22.0, 0.006
"""Å, Å, Å²"""
QMIN, QMAX, STEP = 1.2, 15.0, 0.05
"""Å⁻¹"""
PER_UNIT, BACKGROUND = 40.0, 15.0
"""counts of an electron unit per atom; electron units of a flat background"""
Q = np.arange(QMIN, QMAX + 1e-9, STEP)
REDUCTION = """
[reduction.ni]
file = "ni.chi"
composition = "Ni"
qmin = 1.2
qmax = 15.0
r = "0:25:0.02"
"""
"""the table of a study that reduces the counts, and that which refines what comes, but for its data"""
FITTED = """
[crystals.x]
library = "Ni"
a = { value = 3.525, vary = true }
u_iso = { Ni = { value = 0.0055, vary = true } }
[populations.p]
crystal = "x"
shape = "sphere"
diameter = { value = 23.0, vary = true }
[datasets.pdf]
technique = "pdf"
qmin = 1.2
r_range = [1.5, 20.0]
"""


def squared(q: FloatArray) -> FloatArray:
    """Return f² of nickel."""
    return atomic(q, {"Ni": 1.0})[0]


def shells(cell: float, reach: float) -> tuple[FloatArray, FloatArray]:
    """Return distances and numbers of the neighbours of an atom of fcc, up to a distance."""
    n = int(reach / cell) + 2
    cells = np.array(np.meshgrid(*[np.arange(-n, n + 1)] * 3)).reshape(3, -1).T
    basis = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    distance = np.linalg.norm((cells[:, None] + basis).reshape(-1, 3) * cell, axis=1)
    r, counts = np.unique(distance[(distance > 0.1) & (distance < reach)].round(9), return_counts=True)
    return r, counts.astype(float)


def scattered(q: FloatArray) -> FloatArray:
    """Return I(Q) per atom, electron units."""
    r, n = shells(CELL, DIAMETER)
    kept = 1.0 - 1.5 * r / DIAMETER + 0.5 * (r / DIAMETER) ** 3
    pairs = np.exp(-U_ISO * q**2) * (np.sinc(np.outer(q, r) / np.pi) @ (n * kept))
    return np.asarray(squared(q) * (1.0 + pairs))


def counts(rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return counts at Q and √counts."""
    drawn = rng.poisson(PER_UNIT * (scattered(Q) + BACKGROUND)).astype(float)
    return drawn, np.sqrt(np.maximum(drawn, 1.0))


def white(rng: np.random.Generator, sigma_f: float = 0.06) -> tuple[FloatArray, FloatArray]:
    """Return intensities at Q whose F(Q) has white noise, and their σ."""
    sigma = PER_UNIT * squared(Q) * sigma_f / Q
    return PER_UNIT * scattered(Q) + sigma * rng.normal(size=len(Q)), sigma


def structure(intensity: FloatArray, background: float) -> FloatArray:
    """Return F(Q) = Q [I/f² − 1] of counts at Q, on the absolute scale."""
    return np.asarray(Q * ((intensity / PER_UNIT - background) / squared(Q) - 1.0))


def transformed(f: FloatArray, r: FloatArray) -> FloatArray:
    """Return G(r) of F at Q by the trapezoidal rule; f: (…, n_q)."""
    weights = np.full(len(Q), STEP)
    weights[[0, -1]] /= 2.0
    return np.asarray(f @ (2.0 / np.pi * np.sin(np.outer(Q, r)) * weights[:, None]))


def without_slow(f: FloatArray, degree: float) -> FloatArray:
    """Return F (n, n_q) at Q less its polynomials Q, Q², … by least squares; between whole degrees the mean of both."""
    whole, part = int(degree), degree - int(degree)
    fits = []
    for n in (whole, whole + 1):
        powers = (Q[:, None] / Q[-1]) ** np.arange(1, n + 1)
        fits.append(np.linalg.lstsq(powers, f.T, rcond=None)[0].T @ powers.T)
    return np.asarray(f - (1.0 - part) * fits[0] - part * fits[1])


def ad_hoc(intensity: FloatArray, rpoly: float) -> FloatArray:
    """Return F (n, n_q) of intensities at Q as the ad-hoc correction makes it, each scaled to f² by least squares."""
    normalised = intensity / squared(Q)
    scale = normalised.sum(axis=-1, keepdims=True) / (normalised**2).sum(axis=-1, keepdims=True)
    return without_slow(Q * (scale * normalised - 1.0), rpoly * Q[-1] / np.pi)
