"""The Debye scattering equation from sums over pairs.

I(Q) = Σ_i Σ_j f_i f_j* exp(−(u_i + u_j) Q²/2) sin(Q r_ij)/(Q r_ij), the exponential only for i ≠ j
(Debye, Ann. Phys. 351, 809 (1915)). The sums over all pairs of two kinds, Σ sin(Q r)/(Q r), come from
`sine`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def debye_intensity(
    q: FloatArray,
    sums: FloatArray,
    form_factors: NDArray[np.complex128] | FloatArray,
    u_iso: FloatArray,
    occupancy: FloatArray,
    counts: FloatArray,
) -> FloatArray:
    """Return I(Q) in electron units from the sums over pairs of each kind, self term included.

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
