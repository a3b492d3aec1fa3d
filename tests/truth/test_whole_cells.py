"""A continuous length cuts a lattice into two whole numbers of cells, which adds a²/6 to the variance of sizes.

A length L = (n + φ) a at any phase of the lattice holds n cells with the probability 1 − φ, n + 1 with φ: the mean is
L/a, the variance φ (1 − φ), and the mean of that over a cell is 1/6. Everything is held against numbers of whole cells.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from nanocrystal.parameters import vary
from nanocrystal.refinement import refine
from nanocrystal.sample import Brick, Cube, Distribution, Prism
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import Saxs, TotalScattering
from support.modelling import calculated, sample_of
from support.paths import DOCS
from support.structures import CUBIC, CUBIC_CSPBBR3
from support.whole_cells import BASIS, U_ISO

A = CUBIC_CSPBBR3
ATOMS = ("Pb", "Cs", "Br", "Br", "Br")
FORWARD = float(sum(form_factor(e, np.zeros(1))[0] for e in ATOMS))
"""f(0) of all atoms of a cell"""
Q = 0.3 + 0.02 * np.arange(386)
GRID = "0.3:8.001:0.02"


def total(shape: Any, grid: str = GRID) -> np.ndarray:
    return calculated(sample_of(CUBIC, shape, U_ISO), TotalScattering(q=grid, background_terms=0), "iq")


def forward_cells(shape: Any) -> float:
    """Return ⟨N²⟩ of the cells of a crystal, from I(0)."""
    return float(total(shape, "0:9:1")[0]) / FORWARD**2


def rods(parts: dict[int, float], q: np.ndarray = Q) -> np.ndarray:
    """Return I(Q) of crystals of 2 × 2 × n whole cells, n -> part of them, atom by atom, (n_q,)."""
    longest = max(parts)
    offsets = np.array(np.meshgrid([-1, 0, 1], [-1, 0, 1], np.arange(1 - longest, longest), indexing="ij"))
    u, v, w = offsets.reshape(3, -1)
    along = sum(p * np.maximum(n - np.abs(w), 0) for n, p in parts.items())
    pairs = (2 - np.abs(u)) * (2 - np.abs(v)) * along
    intensity = np.zeros_like(q)
    f = {e: form_factor(e, q) for e in ATOMS}
    for first, start in zip(ATOMS, BASIS, strict=True):
        for second, end in zip(ATOMS, BASIS, strict=True):
            r = A * np.linalg.norm(np.stack([u, v, w], axis=1) + end - start, axis=1)
            alike, apart = pairs[r < 1e-9].sum(), r >= 1e-9
            sines = np.sinc(np.outer(q, r[apart]) / np.pi) @ pairs[apart]
            damping = np.exp(-0.5 * (U_ISO[first] + U_ISO[second]) * q**2)
            intensity += f[first] * f[second] * (alike + damping * sines)
    return intensity


@pytest.mark.parametrize(("cells", "part"), [(4, 0.0), (4, 0.25), (5, 0.6), (6, 0.98)])
def test_a_length_between_two_whole_numbers_is_a_mixture_of_both(cells: int, part: float) -> None:
    """And N² has the mean n² + φ (1 − φ) along each edge."""
    shape = Brick(2 * A, 2 * A, (cells + part) * A)
    expected = rods({cells: 1.0 - part, cells + 1: part})
    np.testing.assert_allclose(total(shape), expected, rtol=2e-6)
    square = (cells + part) ** 2 + part * (1.0 - part)
    assert forward_cells(shape) == pytest.approx(16.0 * square, rel=1e-8)
    assert forward_cells(Cube((cells + part) * A)) == pytest.approx(square**3, rel=1e-8)


@pytest.mark.parametrize("kind", ["normal", "lognormal"])
def test_whole_cells_of_spread_lengths_have_a_sixth_of_a_square_cell_more_variance(kind: str) -> None:
    """⟨N²⟩ a² = L² + std² + a²/6 for total scattering; small angles see bodies, L² + std²."""
    mean, std = 60.0, 9.0
    rod = Brick(2 * A, 3 * A, Distribution(kind, mean, std))
    assert forward_cells(rod) * A**2 / 36.0 == pytest.approx(mean**2 + std**2 + A**2 / 6.0, rel=1e-6)
    body = calculated(sample_of(CUBIC, rod), Saxs(q="0.00001:0.0011:0.0001", solvent="vacuum"), "s")  # type: ignore[arg-type]
    electrons = (55 + 82 + 3 * 35) / A**3
    assert body[0] / (electrons * 6.0 * A**2) ** 2 == pytest.approx(mean**2 + std**2, rel=1e-6)


@pytest.mark.parametrize("std", [0.25, 0.5, 1.0])
def test_how_wide_a_spread_must_be(std: float) -> None:
    """⟨φ (1 − φ)⟩ = 1/6 − Σ cos(2πk L/a) exp(−2π² k² std²/a²)/(π k)², of a normal density; at std = a/2 0.4 % off."""
    k = np.arange(1, 20)
    for mean in (8.0, 8.5):
        waves = np.cos(2.0 * np.pi * k * mean) * np.exp(-2.0 * (np.pi * k * std) ** 2) / (np.pi * k) ** 2
        added = forward_cells(Brick(A, A, Distribution("normal", mean * A, std * A))) - mean**2 - std**2
        assert added == pytest.approx(1.0 / 6.0 - waves.sum(), abs=2e-6)
    assert abs(6.0 * added - 1.0) < 0.0045 or std < 0.5


def test_base_of_a_prism() -> None:
    """d_ab is 2/√π of the edge, so a cell counts 2 a/√π: both edges are cut by themselves."""
    mean, std = 50.0, 8.0
    edge = 0.5 * np.sqrt(np.pi)
    prism = Prism(Distribution("normal", mean, std), 2 * A)
    s2, h2 = std**2, (A / edge) ** 2 / 6.0
    fourth = mean**4 + 6.0 * mean**2 * s2 + 3.0 * s2**2
    of_lengths = fourth + 2.0 * h2 * (mean**2 + s2) + (A / edge) ** 4 / 30.0
    assert forward_cells(prism) == pytest.approx(4.0 * of_lengths * (edge / A) ** 4, rel=1e-5)


def whole(mean: float, std: float) -> dict[int, float]:
    """Return number of cells -> part of a normal density at whole numbers, as DebUsSy takes it; lengths in Å."""
    cells = np.arange(1, 25)
    density = np.exp(-0.5 * ((cells * A - mean) / std) ** 2)
    return {int(n): float(p) for n, p in zip(cells, density / density.sum(), strict=True)}


def test_refined_spread_of_whole_cells_is_narrower_as_the_page_says() -> None:
    """std² of lengths = std² of whole cells − a²/6; the rest is that the two populations differ in shape."""
    text = (DOCS / "definitions.md").read_text(encoding="utf-8")
    [numbers] = re.findall(r"([\d.]+) Å of whole cells of ([\d.]+) Å become ([\d.]+) Å", text)
    stated, edge, become = (float(n) for n in numbers)
    assert edge == A
    assert become == pytest.approx(np.sqrt(stated**2 - A**2 / 6.0), abs=0.005)
    intensity = rods(whole(60.0, stated))
    data = TotalScattering(q=Q, intensity=intensity, sigma=0.01 * intensity, background_terms=0)
    rod = Brick(2 * A, 2 * A, Distribution("normal", vary(57.0), vary(stated)))
    result = refine(sample_of(CUBIC, rod, U_ISO), {"iq": data})
    found = result.parameters["populations.p.length_c.std"]
    assert found.value == pytest.approx(become, abs=0.03)
    assert result.parameters["populations.p.length_c.mean"].value == pytest.approx(60.0, abs=0.05)
