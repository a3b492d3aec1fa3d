"""Compiled sums over the displacements of bodies. Called through `bodies`; needs Numba at import."""

from __future__ import annotations

import math

from nanocrystal.kernels.compiled import jit


@jit
def product_moments(across, first, along, second, factor, inverse_h, moments):
    """Add factor · first[i] · second[j] at the distance √(across[i]² + along[j]²) to moments (n_bins, 4)."""
    last = moments.shape[0] - 1
    for i in range(len(across)):
        square, weight = across[i] * across[i], factor * first[i]
        if weight == 0.0:
            continue
        for j in range(len(along)):
            place = math.sqrt(square + along[j] * along[j]) * inverse_h
            b = int(place + 0.5)
            if b > last:
                break
            t = place - b
            w = weight * second[j]
            moments[b, 0] += w
            moments[b, 1] += w * t
            moments[b, 2] += w * t * t
            moments[b, 3] += w * t * t * t


@jit
def diameter_moments(across, first, along, second, factor, inverse_h, moments, beyond):
    """Add factor · first[i] · second[j] at the diameter d = √(across[i]² + along[j]²) to moments (n_bins, 4).

    Of diameters beyond the last bin, their sums over d⁴ and over d⁶ are added to beyond (2,).
    """
    last = moments.shape[0] - 1
    for i in range(len(across)):
        square, weight = across[i] * across[i], factor * first[i]
        if weight == 0.0:
            continue
        for j in range(len(along)):
            d2 = square + along[j] * along[j]
            place = math.sqrt(d2) * inverse_h
            w = weight * second[j]
            if place > last:
                beyond[0] += w / (d2 * d2)
                beyond[1] += w / (d2 * d2 * d2)
                continue
            b = int(place + 0.5)
            t = place - b
            moments[b, 0] += w
            moments[b, 1] += w * t
            moments[b, 2] += w * t * t
            moments[b, 3] += w * t * t * t
