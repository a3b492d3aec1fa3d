"""What a sample gives to figures: maps of sizes and the atoms of a typical nanocrystal."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from nanocrystal.parameters import Evaluation, ParameterSet, Values
from nanocrystal.sample import Atoms, Brick, Cluster, Crystal, Cube, Distribution, PairGrid, Population, Prism, Sample
from nanocrystal.sample.explicit.picture import MOST_ATOMS, MOST_ON_SURFACE
from nanocrystal.sample.shapes.sphere import Sphere
from support.structures import CUBIC, CUBIC_CSPBBR3, GAMMA_CSPBBR3, NICKEL

U = {"Cs": 0.03, "Pb": 0.02, "Br": 0.03}


def sample_of(shape, folder: Path, text: str = GAMMA_CSPBBR3, u_iso=None) -> tuple[Sample, Values]:
    path = folder / "crystal.cif"
    path.write_text(text, encoding="utf-8")
    sample = Sample({"dots": Population("c", shape)}, {"c": Crystal.from_cif(path, u_iso=u_iso or U)})
    return sample, ParameterSet(sample.declared()).initial_values()


def spread(mean: float, std: float, kind: str = "lognormal") -> Distribution:
    return Distribution(kind, mean, std)


@pytest.mark.parametrize("correlation", [None, 0.6, -0.4])
def test_a_map_of_sizes_has_the_moments_of_its_lengths(tmp_path, correlation):
    shape = Prism(spread(40.0, 4.0), spread(60.0, 12.0), size_correlation=correlation)
    sample, values = sample_of(shape, tmp_path)
    (name, (first, second, x, y, density)), *others = sample.size_maps(values).items()
    assert (name, first, second, others) == ("dots d_ab l_c", "d_ab", "l_c", [])
    assert density.shape == (len(y), len(x))
    weight = density / density.sum()
    assert density.sum() * (x[1] - x[0]) * (y[1] - y[0]) == pytest.approx(1.0, abs=0.01)
    mean = weight.sum(axis=0) @ x, weight.sum(axis=1) @ y
    assert mean == pytest.approx((40.0, 60.0), rel=0.005)
    logs = np.log(np.maximum(x, 1e-9)), np.log(np.maximum(y, 1e-9))
    middle = weight.sum(axis=0) @ logs[0], weight.sum(axis=1) @ logs[1]
    u, v = logs[0] - middle[0], logs[1] - middle[1]
    found = (v @ weight @ u) / np.sqrt((weight.sum(axis=0) @ u**2) * (weight.sum(axis=1) @ v**2))
    assert found == pytest.approx(correlation or 0.0, abs=0.02)
    marginal = density.sum(axis=0) * (y[1] - y[0])
    length, number, _ = shape.at(values.under("populations.dots")).size_curves()["d_ab"]
    assert marginal == pytest.approx(np.interp(x, length, number), abs=0.03 * number.max())


def test_only_pairs_of_spread_lengths_have_a_map(tmp_path):
    assert sample_of(Cube(spread(40.0, 4.0)), tmp_path)[0].size_maps(Values({"populations.dots.edge_length.mean": 40.0,
        "populations.dots.edge_length.std": 4.0})) == {}  # fmt: skip
    sample, values = sample_of(Prism(spread(40.0, 4.0), 60.0), tmp_path)
    assert sample.size_maps(values) == {}
    sample, values = sample_of(Sphere(spread(40.0, 4.0)), tmp_path)
    assert sample.size_maps(values) == {}
    brick = Brick(spread(30.0, 3.0), spread(40.0, 4.0, "normal"), spread(50.0, 4.0))
    sample, values = sample_of(brick, tmp_path)
    assert list(sample.size_maps(values)) == [
        "dots length_a length_b", "dots length_a length_c", "dots length_b length_c",
    ]  # fmt: skip


def test_a_box_is_drawn_as_whole_blocks_of_its_mean_size(tmp_path):
    sample, values = sample_of(Prism(spread(40.0, 4.0), spread(46.0, 4.0)), tmp_path)
    picture = sample.typical_atoms(values)["dots"]
    assert Counter(picture.elements) == {"Cs": 6 * 6 * 8, "Pb": 6 * 6 * 8, "Br": 3 * 6 * 6 * 8}
    assert picture.note == "All 1\u202f440 atoms of a crystal of the mean size."
    assert picture.positions.min(axis=0) == pytest.approx(-picture.positions.max(axis=0))


def test_the_atoms_of_a_tilted_box_have_the_distances_of_the_population(tmp_path):
    sample, values = sample_of(Brick(23.28, 23.28, 23.52), tmp_path)  # 4 × 4 × 4 blocks
    picture = sample.typical_atoms(values)["dots"]
    assert len(picture.elements) == 320
    h, n = 0.02, 500
    structure = sample.pairs(Evaluation(values, PairGrid(0.0, h, whole=True)))["dots"]
    counts = structure.moments[:, :n, 0].sum(axis=0) * structure.n_units
    edges = h * (np.arange(n + 1) - 0.5)
    drawn = np.histogram(pdist(picture.positions), bins=edges)[0]
    assert np.cumsum(drawn)[::20] == pytest.approx(np.cumsum(counts)[::20], rel=0.03, abs=15)


def test_large_boxes_show_their_surface_and_larger_ones_are_drawn_smaller(tmp_path):
    sample, values = sample_of(Cube(90.0), tmp_path, CUBIC)
    picture = sample.typical_atoms(values)["dots"]
    assert len(picture.elements) == 5 * (15**3 - 13**3)
    assert picture.note == "The outermost blocks of a crystal of the mean size, which has 16\u202f875 atoms."
    assert np.ptp(picture.positions, axis=0) == pytest.approx([14.5 * CUBIC_CSPBBR3] * 3, abs=0.1)
    picture = sample.typical_atoms(values.moved({"populations.dots.edge_length": 300.0}))["dots"]
    assert MOST_ATOMS < len(picture.elements) <= MOST_ON_SURFACE
    assert "the mean one, of 51 × 51 × 51 blocks, is too large to draw" in picture.note


@pytest.mark.parametrize("diameter", [3.0, 30.0, 80.0, 300.0])
def test_spheres_are_cut_from_the_crystal(tmp_path, diameter):
    sample, values = sample_of(Sphere(diameter), tmp_path, NICKEL, {"Ni": 0.006})
    picture = sample.typical_atoms(values)["dots"]
    distance = np.linalg.norm(picture.positions, axis=1)
    assert set(picture.elements) == {"Ni"}
    assert distance.max() < 0.5 * diameter + 1.0
    whole = 4.0 / 3.0 * np.pi * (0.5 * diameter) ** 3 * 4 / 3.52**3
    if whole < MOST_ATOMS:
        assert len(distance) == pytest.approx(whole, rel=0.15, abs=3)
        assert picture.note.endswith("of a crystal of the mean size.")
    else:
        assert len(distance) < 1.1 * MOST_ON_SURFACE
        assert picture.note.startswith("The surface")
        assert distance.min() > distance.max() - 6.0


def test_clusters_are_drawn_as_they_are_and_infinite_crystals_not_at_all(tmp_path):
    places = np.array([[0.0, 0, 0], [2.5, 0, 0], [0, 2.5, 0]])
    atoms = Atoms(Cluster(("Ni", "Ni", "O"), places, "three.xyz"), {"Ni": 0.01, "O": 0.01}, stretch=1.1)
    sample = Sample({"three": Population(atoms=atoms)})
    picture = sample.typical_atoms(ParameterSet(sample.declared()).initial_values())["three"]
    assert picture.elements == ("Ni", "Ni", "O")
    assert pdist(picture.positions) == pytest.approx(1.1 * pdist(places))
    assert picture.note == "All 3 atoms."
    path = tmp_path / "ni.cif"
    path.write_text(NICKEL, encoding="utf-8")
    bulk = Sample({"ni": Population("c")}, {"c": Crystal.from_cif(path, u_iso={"Ni": 0.01})})
    assert bulk.typical_atoms(ParameterSet(bulk.declared()).initial_values()) == {}


def test_partly_filled_places_are_filled_by_chance(tmp_path):
    text = NICKEL.replace("Ni Ni 0 0 0 1", "Ni Ni 0 0 0 0.7")
    sample, values = sample_of(Sphere(35.0), tmp_path, text, {"Ni": 0.006})
    picture, again = (sample.typical_atoms(values)["dots"] for _ in range(2))
    whole = 4.0 / 3.0 * np.pi * 17.5**3 * 4 / 3.52**3
    assert len(picture.elements) == pytest.approx(0.7 * whole, rel=0.08)
    assert picture.note.endswith("Partly filled places were filled by chance.")
    assert np.array_equal(picture.positions, again.positions)
