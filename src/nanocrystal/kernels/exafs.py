"""EXAFS: window, Fourier transform between k and R, and what one path of a photoelectron adds to χ(k).

Transform
    x_n = kⁿχ(k)·window on k_n = n δk, from k = 0; χ(R_j) = (δk/√π) Σ_n x_n exp(−2i k_n R_j), R_j = π j/(N δk), that of
    IFEFFIT and larch. Over both signs of R, ∫|χ(R)|² dR = ∫ x² dk (Parseval).

Path
    χ(k) = Im n F(q)/(q R²) exp(−2p″R_eff − 2p²σ² + (2/3)p⁴c₄) exp(i[2q R_eff + δ(q) + 2p(ΔR − 2σ²/R_eff) −
    (4/3)p³c₃]), q² = k² − E₀/3.80998, R = R_eff + ΔR, p = p′ + i/λ of the table, p″ its imaginary part
    (J. J. Rehr & R. C. Albers, Rev. Mod. Phys. 72, 621 (2000); M. Newville, J. Synchrotron Rad. 8, 322 (2001)).

Windows
    rise over k_min − dk/2 to k_min + dk/2 and fall over k_max − dk/2 to k_max + dk/2: hanning sin², parzen linear,
    welch 1 − (1 − t)²; sine is one arch over all of it, kaiser a Kaiser–Bessel window with β = dk, 0 at its ends,
    gaussian exp(−(k − k_mid)²/2dk²), without an end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import pi, sqrt

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.kernels.spline import CubicSpline

ENERGY_OF_K2 = 3.80998212
"""eV Å², ħ²/2m: the energy of a photoelectron over its k²"""
K_STEP = 0.05
"""Å⁻¹ between points that are transformed"""
N_FFT = 2048
"""points that are transformed"""
SMALLEST_Q2 = 1e-4
"""Å⁻²; a photoelectron with less is not there yet"""


# ---- windows --------------------------------------------------------------------------------------


def _rise(k: FloatArray, k_min: float, k_max: float, dk: float) -> FloatArray:
    """Return how far up an edge of the window is, 0 to 1, (n_k,)."""
    width = max(dk, 1e-12)
    up = (k - (k_min - 0.5 * dk)) / width
    down = ((k_max + 0.5 * dk) - k) / width
    return np.clip(np.minimum(up, down), 0.0, 1.0)


def _hanning(k: FloatArray, k_min: float, k_max: float, dk: float) -> FloatArray:
    return np.asarray(np.sin(0.5 * pi * _rise(k, k_min, k_max, dk)) ** 2)


def _welch(k: FloatArray, k_min: float, k_max: float, dk: float) -> FloatArray:
    return np.asarray(1.0 - (1.0 - _rise(k, k_min, k_max, dk)) ** 2)


def _sine(k: FloatArray, k_min: float, k_max: float, dk: float) -> FloatArray:
    low, high = k_min - 0.5 * dk, k_max + 0.5 * dk
    return np.asarray(np.sin(pi * np.clip((high - k) / (high - low), 0.0, 1.0)))


def _kaiser(k: FloatArray, k_min: float, k_max: float, dk: float) -> FloatArray:
    half = 0.5 * (k_max - k_min + dk)
    inside = np.maximum(0.0, 1.0 - ((k - 0.5 * (k_min + k_max)) / half) ** 2)
    return np.asarray((np.i0(dk * np.sqrt(inside)) - 1.0) / max(1e-10, float(np.i0(dk)) - 1.0))


def _gaussian(k: FloatArray, k_min: float, k_max: float, dk: float) -> FloatArray:
    return np.asarray(np.exp(-0.5 * ((k - 0.5 * (k_min + k_max)) / max(dk, 1e-12)) ** 2))


WINDOWS: Mapping[str, Callable[[FloatArray, float, float, float], FloatArray]] = {
    "hanning": _hanning,
    "kaiser": _kaiser,
    "welch": _welch,
    "parzen": _rise,
    "sine": _sine,
    "gaussian": _gaussian,
}


def window(k: FloatArray, k_min: float, k_max: float, dk: float, kind: str = "hanning") -> FloatArray:
    """Return the window of a kind at k (n_k,) in Å⁻¹, (n_k,)."""
    return WINDOWS[kind](k, k_min, k_max, dk)


# ---- transforms -----------------------------------------------------------------------------------


def grid_of_r(n_fft: int = N_FFT, k_step: float = K_STEP) -> FloatArray:
    """Return R of a transform in Å, (n_fft/2,)."""
    return np.asarray(pi / (n_fft * k_step) * np.arange(n_fft // 2))


def to_r(weighted: FloatArray, n_fft: int = N_FFT, k_step: float = K_STEP) -> np.ndarray:
    """Return χ(R) (…, n_fft/2), complex, of kⁿχ times the window (…, n_k) at k = 0, k_step, …"""
    return np.asarray(k_step / sqrt(pi) * np.fft.fft(weighted, n_fft)[..., : n_fft // 2])


def to_q(of_r: np.ndarray, n_fft: int = N_FFT, k_step: float = K_STEP) -> np.ndarray:
    """Return χ(q) (…, n_fft/2), complex, of χ(R) times a window in R (…, n_fft/2).

    Its real part is what was transformed where all of χ(R) is kept.
    """
    return np.asarray(2.0 * sqrt(pi) / k_step * np.fft.ifft(of_r, n_fft)[..., : n_fft // 2])


def onto_grid(k: FloatArray, n_k: int, k_step: float = K_STEP) -> FloatArray:
    """Return the matrix (n_k, len(k)) that interpolates linearly from k (ascending) to 0, k_step, …; beyond them 0."""
    at = k_step * np.arange(n_k)
    matrix = np.zeros((n_k, len(k)))
    near = 1e-6 * k_step
    inside = np.flatnonzero((at >= k[0] - near) & (at <= k[-1] + near))
    left = np.clip(np.searchsorted(k, at[inside] + near, side="right") - 1, 0, len(k) - 2)
    share = np.clip((at[inside] - k[left]) / (k[left + 1] - k[left]), 0.0, 1.0)
    matrix[inside, left], matrix[inside, left + 1] = 1.0 - share, share
    return matrix


# ---- paths ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PathTable:
    """What a photoelectron meets on a path, over its k: arrays (n_k,), k in Å⁻¹ ascending.

    amplitude: F of all scattering, with the losses of the central atom, Å; phase: δ, without jumps of 2π; mean_free: λ
    in Å; real_p: p′ in Å⁻¹; reff: half the length of the path in Å.
    """

    k: FloatArray
    amplitude: FloatArray
    phase: FloatArray
    mean_free: FloatArray
    real_p: FloatArray
    reff: float

    @cached_property
    def splines(self) -> tuple[CubicSpline, CubicSpline, CubicSpline, CubicSpline]:
        """Those of amplitude, phase, mean free path and p′."""
        amplitude, phase, free, real = (
            CubicSpline(self.k, y) for y in (self.amplitude, self.phase, self.mean_free, self.real_p)
        )
        return amplitude, phase, free, real


@dataclass(frozen=True)
class PathValues:
    """The numbers of a path: e0 in eV, delta_r in Å, sigma2 in Å², third cumulant in Å³, fourth in Å⁴."""

    e0: float = 0.0
    delta_r: float = 0.0
    sigma2: float = 0.0
    third: float = 0.0
    fourth: float = 0.0


def wave_vector(k: FloatArray, e0: float) -> FloatArray:
    """Return k (n_k,) counted from a zero that lies e0 (eV) higher; 0 below it."""
    return np.asarray(np.sqrt(np.maximum(k**2 - e0 / ENERGY_OF_K2, 0.0)))


def path_chi(k: FloatArray, table: PathTable, values: PathValues) -> FloatArray:
    """Return χ(k) of one scatterer with S₀² = 1 at k (n_k,) in Å⁻¹, (n_k,); 0 below the edge."""
    return np.asarray(path_slopes(k, table, values)[0])


def path_slopes(k: FloatArray, table: PathTable, values: PathValues) -> FloatArray:
    """Return χ(k) and its derivatives by ΔR, σ², third and fourth cumulant, (5, n_k)."""
    q = wave_vector(k, values.e0)
    above = q**2 > SMALLEST_Q2
    q = q[above]
    amplitude, phase, free, real = (spline(q) for spline in table.splines)
    p = real + 1j / free
    p2, distance = p**2, table.reff + values.delta_r
    decay = -2.0 * p.imag * table.reff - 2.0 * p2 * (values.sigma2 - p2 * values.fourth / 3.0)
    shift = values.delta_r - 2.0 * values.sigma2 / table.reff - 2.0 * p2 * values.third / 3.0
    wave = amplitude / (q * distance**2) * np.exp(decay + 1j * (2.0 * q * table.reff + phase + 2.0 * p * shift))
    of_sigma2 = -2.0 * p2 - 4j * p / table.reff
    rates = (np.ones_like(p), 2j * p - 2.0 / distance, of_sigma2, -4j / 3.0 * p2 * p, 2.0 / 3.0 * p2**2)
    slopes = np.zeros((len(rates), len(k)))
    slopes[:, above] = np.array([(wave * rate).imag for rate in rates])
    return slopes
