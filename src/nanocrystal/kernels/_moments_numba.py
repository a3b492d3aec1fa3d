"""Compiled arithmetic on moment histograms. Called through `sine`; needs Numba at import."""

from __future__ import annotations

from nanocrystal.kernels.compiled import jit


@jit
def spread_moments(moments, weights, taps, per_step, coarse):
    """Add the moments of w v(r), spread onto a coarse grid, to coarse[k] (shifted by the half width of the taps).

    moments: (n_bins, 4) of w; weights: (n_bins, 4), the Taylor coefficients of v in each bin; taps:
    (per_step, 4, n_taps), what a bin and moment adds to the coarse points around it.
    """
    n_taps = taps.shape[2]
    for b in range(moments.shape[0]):
        m0, m1, m2, m3 = moments[b, 0], moments[b, 1], moments[b, 2], moments[b, 3]
        if m0 == 0.0 and m1 == 0.0 and m2 == 0.0 and m3 == 0.0:
            continue
        v0, v1, v2, v3 = weights[b, 0], weights[b, 1], weights[b, 2], weights[b, 3]
        a0 = v0 * m0 + v1 * m1 + v2 * m2 + v3 * m3
        a1 = v0 * m1 + v1 * m2 + v2 * m3
        a2 = v0 * m2 + v1 * m3
        a3 = v0 * m3
        block = b // per_step
        tap = taps[b - block * per_step]
        place = coarse[block : block + n_taps]
        for k in range(n_taps):
            place[k] += a0 * tap[0, k] + a1 * tap[1, k] + a2 * tap[2, k] + a3 * tap[3, k]
