"""Bonds, angles, volumes and densities against hand calculations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal.parameters import Evaluation
from nanocrystal.refinement import declared_parameters
from nanocrystal.sample import Distribution, PairGrid, Sample, Sphere
from support.modelling import sample_of
from support.structures import GAMMA_CSPBBR3, NICKEL, WURTZITE_CDSE


def derived(sample: Sample) -> dict[str, tuple[float, str]]:
    values = declared_parameters(sample, {}).initial_values()
    found = sample.derived(Evaluation(values, PairGrid(10.0, 0.01)))
    return {
        a.removeprefix("crystals.x.").removeprefix("populations.p."): (d.value, d.description) for a, d in found.items()
    }


def test_wurtzite_has_two_bonds_and_two_angles() -> None:
    found = derived(sample_of(WURTZITE_CDSE))
    a, c, z = 4.3, 7.01, 0.376
    axial, basal = c * z, np.hypot(a / np.sqrt(3.0), c * (0.5 - z))
    # the axial bond is single, the basal ones three
    by_words = {words: value for value, words in found.values()}
    assert by_words["distance Cd–Se, 1 of 4"] == pytest.approx(axial, abs=1e-5)
    assert by_words["distance Cd–Se, 3 of 4"] == pytest.approx(basal, abs=1e-5)
    between = np.degrees(2.0 * np.arcsin(a / 2.0 / basal))
    assert by_words["angle Se–Cd–Se, 3 of 6"] is not None
    assert any(value == pytest.approx(between, abs=1e-3) for name, (value, _) in found.items() if "Se-Cd-Se" in name)


def test_orthorhombic_perovskite_bends_at_the_halide() -> None:
    found = derived(sample_of(GAMMA_CSPBBR3))
    cell = np.array([8.207, 8.255, 11.759])
    br2, first, second = (np.array(v) * cell for v in ([0.793, 0.205, 0.025], [0.5, 0.0, 0.0], [1.0, 0.5, 0.0]))
    u, v = first - br2, second - br2
    angle = np.degrees(np.arccos(u @ v / np.linalg.norm(u) / np.linalg.norm(v)))
    assert found["angle.Pb1-Br2-Pb1"][0] == pytest.approx(angle, abs=1e-6)
    bonds = sorted(found[n][0] for n in found if n.startswith("bond.Pb1-Br2"))
    assert bonds == pytest.approx(sorted([np.linalg.norm(u), np.linalg.norm(v)]), abs=1e-6)


def test_volume_density_and_sizes_of_nickel() -> None:
    found = derived(sample_of(NICKEL, Sphere(Distribution("lognormal", 40.0, 8.0))))
    assert found["volume"][0] == pytest.approx(3.52**3)
    assert found["density"][0] == pytest.approx(4 * 58.693 / 3.52**3 * 1.66054, rel=1e-4)
    assert found["bond.Ni-Ni"][0] == pytest.approx(3.52 / np.sqrt(2.0))
    s2 = np.log1p((8.0 / 40.0) ** 2)
    assert found["diameter_volume_weighted_mean"][0] == pytest.approx(40.0 * np.exp(3.0 * s2), rel=1e-9)
    mean_volume = np.pi / 6.0 * 40.0**3 * np.exp(3.0 * s2)
    assert found["n_atoms_mean"][0] == pytest.approx(mean_volume / 3.52**3 * 4, rel=1e-9)


def test_labels_with_underscores_stay_whole(tmp_path: Path) -> None:
    found = derived(sample_of(WURTZITE_CDSE.replace("Se Se", "Se_1 Se")))
    assert any("Cd–Se_1" in words for _, words in found.values())
