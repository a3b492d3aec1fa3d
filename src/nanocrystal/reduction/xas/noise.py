"""How noisy χ(k) is: the scatter of χ(R) where no shell is, and the scatter of scans among each other.

χ(R) = δk/√π Σ k^w χ(k) W(k) exp(2ikR). White noise of standard deviation ε_k gives |χ(R)| a root mean square of
ε_R = ε_k δk/√π √(Σ k^2w W²), whatever R. Without a window that is M. Newville, B. I. Boyanov & D. E. Sayers, J.
Synchrotron Rad. 6, 264 (1999): ε_k = ε_R √(π(2w + 1)/(δk (k_max^(2w+1) − k_min^(2w+1)))).
Noise of μ(E) is not white in χ(k): it was interpolated. How much of it lies where shells are is found by noise that
goes the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nanocrystal.arrays import ComplexArray, FloatArray
from nanocrystal.reduction.xas.autobk import K_STEP

N_FFT = 2048
FAR = (15.0, 25.0)
"""Å: where χ(R) is noise"""
SHELLS = (2.0, 6.0)
"""Å: where it is fitted"""
TAPER = 1.0
"""Å⁻¹ over which a window rises and falls"""
SMOOTHED = 1.0
"""Å⁻¹ over which variances among scans are averaged"""
TRIALS = 40
"""of noise that goes through a reduction"""


@dataclass(frozen=True, kw_only=True)
class ExafsNoise:
    """The noise of χ(k).

    Parameters
    ----------
    how : str
        Where it comes from, "scans" or "scatter"
    epsilon_k : float
        Its standard deviation, on the mean over k_range
    epsilon_r : float
        Root mean square of |χ(R)| at 15 to 25 Å, Å^−(w+1)
    of_scatter : float
        ε_k by that alone
    correction : float
        Noise where shells are over what `how` sees of it
    """

    how: str
    epsilon_k: float
    epsilon_r: float
    of_scatter: float
    correction: float


@dataclass(frozen=True)
class ToR:
    """The Fourier transform from k to R of one k-weight and one window. k_range: Å⁻¹, of a Hann window."""

    k_range: tuple[float, float]
    kweight: int

    def window(self, k: FloatArray) -> FloatArray:
        """Return the window, 1 inside of the range, ½ at its ends, (n_k,)."""
        low, high = self.k_range
        rising = np.clip((k - low + TAPER / 2.0) / TAPER, 0.0, 1.0)
        falling = np.clip((high + TAPER / 2.0 - k) / TAPER, 0.0, 1.0)
        return np.asarray(np.sin(np.pi / 2.0 * rising) ** 2 * np.sin(np.pi / 2.0 * falling) ** 2)

    def gain(self, k: FloatArray) -> float:
        """Return ε_R/ε_k of white noise."""
        weights = k**self.kweight * self.window(k)
        return float(K_STEP / np.sqrt(np.pi) * np.sqrt((weights**2).sum()))

    def transformed(self, k: FloatArray, chi: FloatArray) -> tuple[FloatArray, ComplexArray]:
        """Return R (Å), (n_r,), and the complex χ(R), (…, n_r); chi: (…, n_k) from k = 0 in steps of `K_STEP`."""
        weighted = k**self.kweight * self.window(k) * chi
        r = np.arange(N_FFT // 2, dtype=np.float64) * np.pi / (K_STEP * N_FFT)
        return r, np.conj(np.fft.fft(weighted, N_FFT)[..., : N_FFT // 2]) * K_STEP / np.sqrt(np.pi)

    def scatter(self, k: FloatArray, chi: FloatArray, between: tuple[float, float] = FAR) -> float:
        """Return the root mean square of |χ(R)| between two R; chi: (…, n_k)."""
        r, transformed = self.transformed(k, chi)
        inside = (r >= between[0]) & (r <= between[1])
        return float(np.sqrt(np.mean(np.abs(transformed[..., inside]) ** 2)))

    def epsilon_k(self, k: FloatArray, chi: FloatArray, between: tuple[float, float] = FAR) -> float:
        """Return the standard deviation of white noise that scatters as χ(R) does between two R."""
        return self.scatter(k, chi, between) / self.gain(k)


def noise_of(
    k: FloatArray, chi: FloatArray, scans: Sequence[FloatArray], to_r: ToR, made: Callable[[], FloatArray]
) -> tuple[FloatArray, ExafsNoise]:
    """Return σ of χ(k), (n_k,), and where it comes from.

    chi: (n_k,), of all scans together; scans: that of each, (n_k,), none or one where there are not several; made:
    returns χ(k) of nothing but noise that is white in energy, (n_k,), another one each time.
    """
    trials = np.array([made() for _ in range(TRIALS)])
    near, far = to_r.scatter(k, trials, SHELLS), to_r.scatter(k, trials)
    gain, epsilon_r = to_r.gain(k), to_r.scatter(k, chi)
    of_scatter = epsilon_r / gain * near / far
    if len(scans) < 2:
        found = ExafsNoise(
            how="scatter", epsilon_k=of_scatter, epsilon_r=epsilon_r, of_scatter=of_scatter, correction=near / far
        )
        return np.full(len(k), of_scatter), found
    inside = to_r.window(k) > 0.5
    correction = near / gain / float(np.sqrt(np.mean(trials[:, inside] ** 2)))
    variance = smoothed(np.var(np.array(scans), axis=0, ddof=1) / len(scans))
    sigma = np.sqrt(variance) * correction
    weights = k ** (2 * to_r.kweight) * to_r.window(k) ** 2
    mean = float(np.sqrt((weights * sigma**2).sum() / weights.sum()))
    return sigma, ExafsNoise(
        how="scans", epsilon_k=mean, epsilon_r=epsilon_r, of_scatter=of_scatter, correction=correction
    )


def smoothed(variance: FloatArray) -> FloatArray:
    """Return variances averaged over `SMOOTHED`, fewer points at the ends, (n_k,)."""
    n = round(SMOOTHED / K_STEP / 2.0)
    total = np.concatenate([[0.0], np.cumsum(variance)])
    at = np.arange(len(variance))
    low, high = np.maximum(at - n, 0), np.minimum(at + n + 1, len(variance))
    return np.asarray((total[high] - total[low]) / (high - low))
