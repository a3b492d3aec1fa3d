"""Compiled arithmetic on moment histograms. Called through `sine`; needs Numba at import."""

from __future__ import annotations

from nanocrystal.kernels.compiled import jit


@jit
def mix(moments, weights, mixed):
    """Write the moments of w v(r) to `mixed`, v given by its Taylor coefficients in each bin; all (n_bins, 4)."""
    for b in range(moments.shape[0]):
        m0, m1, m2, m3 = moments[b, 0], moments[b, 1], moments[b, 2], moments[b, 3]
        v0, v1, v2, v3 = weights[b, 0], weights[b, 1], weights[b, 2], weights[b, 3]
        mixed[b, 0] = v0 * m0 + v1 * m1 + v2 * m2 + v3 * m3
        mixed[b, 1] = v0 * m1 + v1 * m2 + v2 * m3
        mixed[b, 2] = v0 * m2 + v1 * m3
        mixed[b, 3] = v0 * m3
