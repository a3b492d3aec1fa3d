"""The Debye scattering equation from pair moments, by fast Fourier transform.

I(Q) = Σ_i Σ_j f_i f_j* exp(−(u_i + u_j) Q²/2) sin(Q r_ij)/(Q r_ij), the exponential only for i ≠ j
(Debye, Ann. Phys. 351, 809 (1915)). The sum over all pairs of two kinds,
S_ab(Q) = Σ sin(Q r)/(Q r), follows from the moments M_k of `pairs` by expanding 1/r and exp(iQ h t)
about the bin centres; the sums over bins are Fourier transforms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def grid_width(dq: float, target: float) -> float:
    """Return the largest bin width h ≤ target for which 2π/(h dq) is a fast transform length."""
    from scipy.fft import next_fast_len

    return 2.0 * np.pi / (dq * next_fast_len(int(np.ceil(2.0 * np.pi / (dq * target))), real=True))


def pair_sums(moments: FloatArray, h: float, q_start: float, dq: float, n_q: int) -> FloatArray:
    """Return S(Q) = Σ_pairs w sin(Q r)/(Q r) for each pair kind.

    moments: (n_pair_kinds, n_bins, 4); h: bin width from `grid_width(dq, …)`, Å.
    Q = q_start + n dq, n = 0…n_q−1 (Å⁻¹); at Q = 0 the limit Σ w.
    Returns (n_pair_kinds, n_q). Error about (Q h)⁴/2000 of Σ w, unsystematic.
    """
    from scipy import fft

    n_bins = moments.shape[1]
    length = round(2.0 * np.pi / (dq * h))
    if abs(length * dq * h / (2.0 * np.pi) - 1.0) > 1e-9:
        raise ValueError("the bin width does not fit the Q step; take it from grid_width")
    q = q_start + dq * np.arange(n_q)
    r = h * np.arange(n_bins)
    e = np.zeros(n_bins)
    e[1:] = h / r[1:]
    inverse_r = e / h
    first = round(q_start / dq)
    on_grid = abs(first * dq - q_start) < 1e-9 * dq and first + n_q <= length // 2 + 1
    sums = np.empty((len(moments), n_q))
    for kind, m in enumerate(moments):
        m0, m1, m2, m3 = m.T
        coefficients = (
            (m0 - e * (m1 - e * (m2 - e * m3))) * inverse_r,
            (m1 - e * (m2 - e * m3)) * inverse_r,
            (m2 - e * m3) * inverse_r,
            m3 * inverse_r,
        )
        total = np.zeros(n_q)
        factor: NDArray[Any] = np.ones(n_q, dtype=np.complex128)
        spectrum: NDArray[Any]
        for power, a in enumerate(coefficients):
            if on_grid:
                spectrum = np.conj(fft.rfft(_folded(a, length), workers=-1))[first : first + n_q]
            else:
                phased = _folded(a * np.exp(1j * q_start * r), length)
                spectrum = fft.ifft(phased, norm="forward", workers=-1)[np.arange(n_q) % length]
            total += np.imag(factor * spectrum)
            factor = factor * (1j * q * h) / (power + 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            sums[kind] = np.where(q > 0.0, total / q, m0.sum())
    return sums


def _folded(a: NDArray[Any], length: int) -> NDArray[Any]:
    """Wrap an array of any length onto `length` points; the transform is periodic in them."""
    if len(a) <= length:
        return np.pad(a, (0, length - len(a)))
    padded = np.pad(a, (0, -len(a) % length))
    return np.asarray(padded.reshape(-1, length).sum(axis=0))


def debye_intensity(
    q: FloatArray,
    sums: FloatArray,
    form_factors: NDArray[np.complex128] | FloatArray,
    u_iso: FloatArray,
    occupancy: FloatArray,
    counts: FloatArray,
) -> FloatArray:
    """Return I(Q) in electron units from the pair sums of `pair_sums`, self term included.

    q: (n_q,) Å⁻¹; sums: (n_pair_kinds, n_q), each pair once; form_factors: (n_kinds, n_q);
    u_iso: (n_kinds,) Å²; occupancy, counts: (n_kinds,), counts being the places of each kind.
    Partly occupied places follow the corrected form: self term o f², pair term o_i o_j.
    """
    n_kinds = len(u_iso)
    intensity = np.einsum("k,kq->q", counts * occupancy, np.abs(form_factors) ** 2)
    row = 0
    for a in range(n_kinds):
        for b in range(a, n_kinds):
            product = (form_factors[a] * np.conj(form_factors[b])).real * occupancy[a] * occupancy[b]
            intensity += 2.0 * product * np.exp(-0.5 * (u_iso[a] + u_iso[b]) * q**2) * sums[row]
            row += 1
    return np.asarray(intensity, dtype=np.float64)
