"""The plain text of the kernels: slow, obvious, and what the fast ones are tested against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.pairs import N_MOMENTS, LatticePairs, pair_kinds

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def debye_intensity(
    q: FloatArray,
    positions: FloatArray,
    form_factors: NDArray[np.complex128] | FloatArray,
    u_iso: FloatArray,
    occupancy: FloatArray,
) -> FloatArray:
    """Return I(Q) by the double sum over all atoms, self term included, in electron units.

    q: (n_q,) Å⁻¹; positions: (n_atoms, 3) Å; form_factors: (n_atoms, n_q); u_iso, occupancy: (n_atoms,).
    """
    intensity = np.zeros(len(q))
    for i in range(len(positions)):
        r = np.linalg.norm(positions - positions[i], axis=1)
        for j in range(len(positions)):
            product = (form_factors[i] * np.conj(form_factors[j])).real
            if i == j:
                intensity += occupancy[i] * product
            else:
                damping = np.exp(-0.5 * (u_iso[i] + u_iso[j]) * q**2)
                intensity += occupancy[i] * occupancy[j] * product * damping * np.sinc(q * r[j] / np.pi)
    return intensity


def pair_sums(q: FloatArray, positions: FloatArray, kinds: IntArray, n_kinds: int) -> FloatArray:
    """Return Σ_pairs sin(Q r)/(Q r), each pair once, as (n_pair_kinds, n_q); one row of atoms at a time."""
    sums = np.zeros((len(pair_kinds(n_kinds)), len(q)))
    place = {pair: k for k, pair in enumerate(pair_kinds(n_kinds))}
    for i in range(len(positions) - 1):
        r = np.linalg.norm(positions[i + 1 :] - positions[i], axis=1)
        for kind in range(n_kinds):
            chosen = r[kinds[i + 1 :] == kind]
            row = place[min(kinds[i], kind), max(kinds[i], kind)]
            sums[row] += np.sinc(q[:, None] * chosen[None, :] / np.pi).sum(axis=1)
    return sums


def cluster_moments(positions: FloatArray, kinds: IntArray, n_kinds: int, h: float, n_bins: int) -> FloatArray:
    """Return the pair moments of explicit atoms, (n_pair_kinds, n_bins, 4); see `pairs`."""
    moments = np.zeros((len(pair_kinds(n_kinds)), n_bins, N_MOMENTS))
    for row, (a, b) in enumerate(pair_kinds(n_kinds)):
        for i in np.flatnonzero(kinds == a):
            for j in np.flatnonzero(kinds == b):
                if a == b and j <= i:
                    continue
                s = float(np.linalg.norm(positions[j] - positions[i])) / h
                k = int(s + 0.5)
                if k < n_bins:
                    moments[row, k] += (s - k) ** np.arange(N_MOMENTS)
    return moments


def lattice_slopes(
    vectors: FloatArray, jobs: list[LatticePairs], n_pair_kinds: int, h: float, n_bins: int, strains: FloatArray
) -> FloatArray:
    """Return the moments of derivatives of a lattice, (n_pair_kinds, n_weights − 1 + n_strains, n_bins, 4).

    Of each pair at d: the weights but the first, and the first times d·E·d/d² for each strain E; see `pairs`.
    """
    n_rows = len(jobs[0].weights) - 1 + len(strains)
    moments = np.zeros((n_pair_kinds, n_rows, n_bins, N_MOMENTS))
    for job in jobs:
        for point, factor, kind in zip(job.points, job.factors, job.kinds, strict=True):
            for offset, weights in zip(job.offsets, job.weights.T, strict=True):
                d = offset @ vectors - point
                s = float(np.linalg.norm(d)) / h
                k = int(s + 0.5)
                if s * h >= 0.5 and k < n_bins - 1:
                    stretched = weights[0] * np.array([d @ e @ d for e in strains]) / (d @ d)
                    rows = factor * np.concatenate([weights[1:], stretched])
                    moments[kind, :, k] += rows[:, None] * (s - k) ** np.arange(N_MOMENTS)
    return moments


def gaussians(area: FloatArray, centre: FloatArray, variance: FloatArray, r: FloatArray) -> FloatArray:
    """Return Σ_b area_b exp(−(r − c_b)²/2v_b)/√(2πv_b) on r (n_r,)."""
    exponent = -0.5 * (r[:, None] - centre[None, :]) ** 2 / variance[None, :]
    return np.asarray((area / np.sqrt(2.0 * np.pi * variance) * np.exp(exponent)).sum(axis=1))
