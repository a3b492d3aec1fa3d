"""Strings of spheres that touch, whatever their sizes: places depend on sizes, so S(q) and F(q) do not separate.

Sphere j of a straight string stands at z_j = z_(j−1) + (D_j + D_(j−1))/2 + gap, with D the diameter with its coating.
With v = q μ, μ the cosine between string and scattering vector,
    I(q)/N = ⟨F²⟩ + (2/N) Σ_k (N − k) ∫₀¹ Re[B² E^(k−1) G^k] dμ,
    B = ⟨F exp(i v D/2)⟩,  E = ⟨exp(i v D)⟩,  G = exp(i v gap − v² gap_std²/2),
where ⟨ ⟩ is the mean over sizes, each drawn for itself: the linear paracrystal (Hosemann & Bagchi, Direct Analysis of
Diffraction by Matter, 1962) whose distances follow from the sizes.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nanocrystal.sample.shapes.overlaps import unit_rule
from nanocrystal.techniques.saxs.structure import whole_numbers

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
NEAR_ONE = 1e-5
"""1 − x below which the geometric sum is its series"""
FEWEST = 4
"""nodes between two q"""
PER_PERIOD = 24.0
"""points on a period of what oscillates fastest; a cubic spline between them is good to 1e-5"""
BLOCK = 1_000_000
"""complex numbers held at a time"""


def stacked_excess(
    q: FloatArray, amplitude: FloatArray, reach: FloatArray, part: FloatArray, beads: float, gap: float, gap_std: float
) -> FloatArray:
    """Return what neighbours add to ⟨F²⟩ of a sphere, (n_q,), electrons².

    q: (n_q,) ascending, Å⁻¹; amplitude: (n_q, n_sizes), F of each size; reach: (n_sizes,) diameters with coating, Å;
    part: (n_sizes,) of the spheres. Numbers of beads between whole ones are mixtures, as in `string_of_beads`.
    """
    mean = float(part @ reach)
    v, weight, of_panel = _nodes(q, mean + gap, float(beads))
    turned = np.exp(0.5j * np.outer(v, reach)) * part  # (n_v, n_sizes)
    step = (turned * np.exp(0.5j * np.outer(v, reach))).sum(axis=1)
    between = np.exp(1j * v * gap - 0.5 * (v * gap_std) ** 2)
    chain = sum(p * 2.0 / n * between * _chain(n, step * between) for n, p in whole_numbers(beads)) * weight
    excess = np.zeros_like(q)
    size = max(1, BLOCK // len(v))
    for start in range(0, len(q), size):
        rows = slice(start, start + size)
        last = np.searchsorted(of_panel, np.arange(len(q))[rows], side="right")  # nodes below each q
        below = slice(0, int(last[-1]))
        ends = turned[below] @ amplitude[rows].T  # B, (n_v, n_rows)
        inside = np.arange(last[-1])[:, None] < last
        excess[rows] = (chain[below] @ np.where(inside, ends**2, 0.0)).real / q[rows]
    return excess


def enough_q(q: FloatArray, longest: float) -> FloatArray:
    """Return q at which the excess of strings of this length (Å) is enough to interpolate it, at most q itself."""
    n = (q[-1] - q[0]) * longest * PER_PERIOD / (2.0 * np.pi) + 20.0
    n = 2 ** int(np.ceil(np.log2(n)))  # the same one for small changes of a length, which are differenced
    return q if n >= len(q) else np.linspace(q[0], q[-1], n)


def _nodes(q: FloatArray, spacing: float, beads: float) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """Return nodes and weights of integrals over v up to each q, and which panel between two q each node is in."""
    edges = np.concatenate([[0.0], q])
    phase = np.diff(edges) * spacing * beads
    nodes, weights, panels = [], [], []
    for k, (low, high) in enumerate(pairwise(edges)):
        x, w = unit_rule(FEWEST + int(0.6 * phase[k]))
        nodes.append(low + (high - low) * x)
        weights.append((high - low) * w)
        panels.append(np.full(len(x), k))
    return np.concatenate(nodes), np.concatenate(weights), np.concatenate(panels)


def _chain(beads: int, x: ComplexArray) -> ComplexArray:
    """Return Σ_k (N − k) x^(k−1), k = 1 … N − 1."""
    n = float(beads)
    off = 1.0 - x
    near = np.abs(off) < NEAR_ONE
    safe = np.where(near, 1.0, off)
    closed = (n * safe - (1.0 - x**beads)) / safe**2
    pairs = n * (n - 1.0) / 2.0
    series = pairs * (1.0 - off * (n - 2.0) / 3.0 * (1.0 - off * (n - 3.0) / 4.0))
    return np.where(near, series, closed)
