"""One boundary in each crystal, at any of its planes: against every one of them, atom by atom."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.parameters import vary
from nanocrystal.refinement import refine
from nanocrystal.sample import Brick, Cube, Distribution, Prism, Sphere, TwinFamily
from nanocrystal.techniques import TotalScattering
from support.gamma_blocks import CELL, PLAIN, T110, contents, intensity, sample
from support.modelling import calculated
from support.structures import GAMMA_CSPBBR3

EDGE = 0.5 * float(np.hypot(*CELL[:2]))
PLAIN_Q = 0.5 + 0.25 * np.arange(99)


@pytest.mark.campaign
def test_one_boundary_is_the_mean_over_its_places() -> None:
    """4 × 3 × 3 blocks, five planes on two axes (each axis as likely), four states of the first block."""
    blocks = contents()
    vectors = np.array([[0.5, 0.5, 0.0], [-0.5, 0.5, 0.0], [0.0, 0.0, 0.5]]) * CELL
    numbers = (4, 3, 3)
    grid = list(product(*(range(n) for n in numbers)))
    truth = np.zeros(len(PLAIN_Q))
    for start in product((0, 1), repeat=2):
        for axis, plane in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]:
            states = [((start[0] + b[0] + b[1] + int(b[axis] > plane)) % 2, (start[1] + b[2]) % 2) for b in grid]
            positions = np.concatenate(
                [np.array(b) @ vectors + blocks[s][0] for b, s in zip(grid, states, strict=True)]
            )
            kinds = np.concatenate([blocks[s][1] for s in states])
            truth += 0.25 * 0.5 / (numbers[axis] - 1) * intensity(positions, kinds)
    shape = Brick(4 * EDGE, 3 * EDGE, 3 * 0.5 * CELL[2])
    found = calculated(sample(shape, {"t": TwinFamily(T110, one_per_crystal=True)}), PLAIN, "iq")
    assert np.abs(found - truth).max() <= 1e-9 * truth.max()


@pytest.mark.campaign
def test_population_is_the_mean_over_its_sizes() -> None:
    """Cubes of a lognormal distribution against a fine sum over cubes of one size each."""
    family = {"t": TwinFamily(T110, one_per_crystal=True)}
    spread = Distribution("lognormal", 30.0, 3.0)
    found = calculated(sample(Cube(spread), family), PLAIN, "iq")
    edges = np.linspace(19.0, 45.0, 261)
    s = np.sqrt(np.log1p(0.01))
    density = np.exp(-0.5 * ((np.log(edges / 30.0) + 0.5 * s * s) / s) ** 2) / edges
    density /= density.sum()
    mean = sum(p * calculated(sample(Cube(float(d)), family), PLAIN, "iq") for d, p in zip(edges, density, strict=True))
    assert np.abs(found - mean).max() <= 2e-4 * np.max(mean)


def test_round_crystals_have_no_planes_to_choose_from() -> None:
    with pytest.raises(InputError, match=r"populations\.p\.twins: one_per_crystal needs a cube, prism"):
        sample(Sphere(30.0), {"t": TwinFamily(T110, one_per_crystal=True)}, GAMMA_CSPBBR3)


def test_one_boundary_is_refined_and_drawn(tmp_path: Path) -> None:
    """A refinement with one boundary in each crystal ends with a picture and the contact made there."""
    family = {"t": TwinFamily(T110, one_per_crystal=True)}
    shape = Prism(vary(20.0), 24.0)
    file = tmp_path / "iq.csv"
    q = np.arange(1.0, 8.0, 0.05)
    truth = calculated(sample(shape, family), TotalScattering(q="1:7.95:0.05", background_terms=0), "iq")
    np.savetxt(file, np.column_stack([q, truth]), delimiter=",", header="q,intensity", comments="")
    result = refine(sample(Prism(vary(21.0), 24.0), family), {"iq": TotalScattering(str(file), background_terms=0)})
    assert result.parameters["populations.p.d_ab"].value == pytest.approx(20.0, abs=1e-3)
    assert result.derived["populations.p.twins.t.shortest_contact"].value == pytest.approx(3.4, abs=0.1)
    assert "populations.p.twins.t.domain_length" not in result.derived
    assert "boundar" in result.atoms["p"].note
