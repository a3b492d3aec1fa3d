"""Tabulated sizes, cylinders and octahedra against explicit crystals and against integrals."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad, trapezoid

from nanocrystal.errors import InputError
from nanocrystal.kernels import debye, plain
from nanocrystal.sample import Cube, Cylinder, Distribution, Ellipsoid, Histogram, Octahedron, Prism, Sphere
from nanocrystal.sample.shapes.boxes import Box
from nanocrystal.sample.shapes.distributions import Lognormal, Normal
from nanocrystal.study import read_study
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import Pdf, TotalScattering
from support.modelling import calculated, now, sample_of
from support.structures import CUBIC, CUBIC_CSPBBR3, WURTZITE_CDSE
from support.whole_cells import BASIS, ELEMENTS, HEXAGONAL, U_ISO, Inside, explicit_wurtzite, in_ellipsoid

SETTINGS = TotalScattering(q="0.5:12:0.1", background_terms=0)
Q = 0.5 + 0.1 * np.arange(116)


# ---- tabulated sizes ------------------------------------------------------------------------------

LENGTHS, COUNTS = [20.0, 27.0, 33.5], [1.0, 3.0, 2.0]


@pytest.mark.parametrize(
    "shape",
    [
        Cube,
        lambda x: Prism(x, 20.0),
        lambda x: Cylinder(x, 20.0),
        lambda x: Cylinder(20.0, x),
        Octahedron,
        lambda x: Ellipsoid(x, 20.0),
        lambda x: Ellipsoid(20.0, x),
    ],
)
def test_counted_crystals_are_the_weighted_mean_of_their_members(shape: Callable[[object], Box]) -> None:
    found = calculated(sample_of(CUBIC, shape(Histogram(LENGTHS, COUNTS, 1.1)), U_ISO), SETTINGS, "iq")
    members = [calculated(sample_of(CUBIC, shape(1.1 * x), U_ISO), SETTINGS, "iq") for x in LENGTHS]
    np.testing.assert_allclose(found, np.average(members, axis=0, weights=COUNTS), rtol=1e-9)


def test_counted_spheres_are_the_weighted_mean_of_their_members() -> None:
    pdf = Pdf(r="1:40:0.05", qmax=25.0)
    found = calculated(sample_of(CUBIC, Sphere(Histogram(LENGTHS, COUNTS)), U_ISO), pdf)
    members = [calculated(sample_of(CUBIC, Sphere(x), U_ISO), pdf) for x in LENGTHS]
    weights = np.array(COUNTS) * np.array(LENGTHS) ** 3  # G(r) is per atom
    np.testing.assert_allclose(found, np.average(members, axis=0, weights=weights), atol=1e-9 * np.abs(found).max())


def test_statistics_of_a_table() -> None:
    shape = Cube(Histogram(LENGTHS, COUNTS, 2.0))
    statistics = now(shape).length_statistics()["edge_length"]
    x = 2.0 * np.array(LENGTHS)
    assert statistics.number_mean == pytest.approx(np.average(x, weights=COUNTS))
    assert statistics.volume_weighted_mean == pytest.approx(np.average(x, weights=COUNTS * x**3))
    length, density, _ = now(shape).size_curves()["edge_length"]
    assert length[-1] == pytest.approx(67.0)
    assert 0.8 < trapezoid(density, x=length) <= 1.0  # half of the last bar lies above the longest


STUDY = """
[crystals.pt]
library = "Pt"
u_iso = { Pt = 0.006 }
[populations.dots]
crystal = "pt"
shape = "cube"
edge_length = EDGE
[datasets.iq]
technique = "total-scattering"
WHAT
"""
FILE = '{ distribution = "tabulated", file = "tem.csv", factor = { value = FACTOR, vary = true } }'


def study_file(folder: Path, edge: str, what: str = 'q = "0.5:15:0.02"') -> Path:
    path = folder / "study.toml"
    path.write_text(STUDY.replace("EDGE", edge).replace("WHAT", what), encoding="utf-8")
    return path


def test_factor_of_a_counted_file_is_refined(tmp_path: Path) -> None:
    (tmp_path / "tem.csv").write_text("edge/Å,count\n20,3\n25,9\n31,4\n", encoding="utf-8")
    what = 'q = "0.5:15:0.02"\nbackground_terms = 0'
    columns = read_study(study_file(tmp_path, FILE.replace("FACTOR", "1.07"), what)).simulated()["iq"]
    first, second, *_ = columns.values()
    np.savetxt(tmp_path / "iq.csv", np.transpose([first, second]), delimiter=",", header="q,intensity", comments="")
    what = 'file = "iq.csv"\ncolumns = ["q", "intensity"]\nbackground_terms = 0\nweights = "uniform"'
    result = read_study(study_file(tmp_path, FILE.replace("FACTOR", "1.0"), what)).refine()
    address = "populations.dots.edge_length.factor"
    assert result.parameters[address].value == pytest.approx(1.07, abs=1e-4)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("lengths = [20, 30], counts = [1]", ["counts must be as many as lengths", "got 1 and 2"]),
        ("lengths = [20, 30], counts = [1, -2]", ["counts must be finite and not negative", "got -2"]),
        ("lengths = [20, 30], counts = [0, 0]", ["counts are all 0"]),
        ("lengths = [20], counts = [1]", ["lengths must be at least 2", "plain number"]),
        ("lengths = [-20, 30], counts = [1, 1]", ["lengths must be finite and above 0", "got -20"]),
        ('lengths = [20, "30"], counts = [1, 1]', ["each of lengths must be a number", 'the text "30"']),
        ("lengths = 20, counts = [1, 1]", ["lengths must be a list"]),
        ("lengths = [20, 30]", ["counts is missing"]),
        ("lengths = [20, 30], counts = [1, 1], mean = 25", ["mean follows from a table"]),
        ("lengths = [20, 30], counts = [1, 1], stretch = 1", ["'stretch' is no key of a tabulated distribution"]),
        ("lengths = [20, 30], counts = [1, 1], factor = 20", ["edge_length.factor", "at most 10", "got 20"]),
        ('file = "tem.csv", counts = [1, 1]', ["exactly one of the two"]),
        ("file = 3", ["file must be text"]),
        ('file = "ten.csv"', ["edge_length.file", "there is no file", "tem.csv"]),
        ('file = "tem.csv"', ["edge_length.file: tem.csv", "its counts must be finite and not negative", "got -1"]),
        ('file = "wide.csv"', ["wide.csv", "must have two columns", "got 3"]),
    ],
)
def test_wrong_tables_are_refused(tmp_path: Path, table: str, words: list[str]) -> None:
    (tmp_path / "tem.csv").write_text("20,1\n30,-1\n", encoding="utf-8")
    (tmp_path / "wide.csv").write_text("20,1,1\n30,1,1\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_study(study_file(tmp_path, f'{{ distribution = "tabulated", {table} }}'))
    for word in ["study.toml, line 8: populations.dots.edge_length", *words]:
        assert word in str(error.value)


def test_keys_of_a_table_belong_to_a_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='counts belongs to distribution = "tabulated"'):
        read_study(study_file(tmp_path, '{ distribution = "normal", mean = 20, std = 2, counts = [1] }'))


# ---- cylinders and octahedra against explicit crystals --------------------------------------------


def in_cylinder(diameter: float, length: float) -> Inside:
    return lambda x: (np.hypot(x[:, 0], x[:, 1]) < diameter / 2.0) & (np.abs(x[:, 2]) < length / 2.0)


def in_octahedron(edge: float) -> Inside:
    return lambda x: np.abs(x).sum(axis=1) < edge / np.sqrt(2.0)


SHAPES = [
    (Cylinder(22.0, 19.0), in_cylinder(22.0, 19.0)),
    (Octahedron(25.0), in_octahedron(25.0)),
    (Ellipsoid(22.0, 31.0), in_ellipsoid(22.0, 31.0)),
]


@pytest.mark.parametrize(("shape", "inside"), SHAPES)
def test_intensity_is_the_mean_over_explicit_crystals(shape: Box, inside: Inside) -> None:
    """Whole cells whose corner lies in the body, over 200 random places of its centre, within 5 σ of the mean."""
    a = CUBIC_CSPBBR3
    n = np.arange(-5, 6)
    corners = a * np.array(np.meshgrid(n, n, n)).reshape(3, -1).T
    rng = np.random.default_rng(0)
    q = Q[::5]
    f, u = np.array([form_factor(e, q) for e in ELEMENTS]), np.array([U_ISO[e] for e in ELEMENTS])
    drawn = []
    for _ in range(200):
        cells = corners[inside(corners - rng.uniform(0.0, a, 3))]
        positions = (cells[:, None] + a * BASIS).reshape(-1, 3)
        kinds = np.tile([0, 1, 2, 2, 2], len(cells))
        counts = np.bincount(kinds, minlength=3).astype(float)
        sums = plain.pair_sums(q, positions, kinds, 3)
        drawn.append(debye.debye_intensity(q, sums, f, u, np.ones(3), counts))
    mean, spread = np.mean(drawn, axis=0), np.std(drawn, axis=0) / np.sqrt(len(drawn))
    found = calculated(sample_of(CUBIC, shape, U_ISO), SETTINGS, "iq")[::5]
    assert np.abs((found - mean) / spread).max() < 5.0
    assert np.sqrt(np.mean((found / mean - 1.0) ** 2)) < 0.03


@pytest.mark.parametrize(("shape", "inside"), SHAPES)
def test_multiplicities_are_the_volumes_shared(shape: Box, inside: Inside) -> None:
    """The number of cell corners in the body and in the body displaced, over 20 000 places of the centre."""
    a = CUBIC_CSPBBR3
    n = np.arange(-4, 5)
    corners = a * np.array(np.meshgrid(n, n, n, indexing="ij")).reshape(3, -1).T
    offsets = np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 1], [1, 1, 1], [2, 1, 0], [-1, 2, 1]])
    rng = np.random.default_rng(1)
    counted = np.zeros((20_000, len(offsets)))
    for row in counted:
        centre = rng.uniform(0.0, a, 3)
        own = inside(corners - centre)
        row[:] = [np.count_nonzero(own & inside(corners + a * u - centre)) for u in offsets]
    found = now(shape).overlap(offsets.astype(float), a * np.eye(3))
    error = counted.std(axis=0) / np.sqrt(len(counted))
    assert np.abs((found - counted.mean(axis=0)) / np.maximum(error, 1e-12)).max() < 5.0
    octant = now(shape).pair_table(np.array([2, 2, 2]), a * np.eye(3))
    np.testing.assert_allclose(octant[tuple(np.abs(offsets).T)], found, rtol=1e-12)


# ---- closed forms ---------------------------------------------------------------------------------

SPREAD = [
    Distribution("lognormal", 40.0, 10.0),
    Distribution("lognormal", 40.0, 24.0),
    Distribution("normal", 40.0, 6.0),
]


@pytest.mark.parametrize("given", SPREAD)
@pytest.mark.parametrize("offset", [(0, 0, 0), (1, 0, 0), (3, 2, 0), (6, 6, 1), (8, 7, 0)])
@pytest.mark.parametrize("shape", [lambda x: Cylinder(x, 30.0), Octahedron])
def test_mean_over_a_distribution_is_its_integral(
    shape: Callable[[object], Box], offset: tuple[int, int, int], given: Distribution
) -> None:
    one, spread, vectors, u = shape(40.0), shape(given), 5.87 * np.eye(3), np.array([offset], dtype=float)
    own = next(iter(one.declared()))
    d = {"lognormal": Lognormal, "normal": Normal}[given.distribution](given.mean, given.std)

    def integrand(x: float) -> float:
        return float(now(one, **{own: x}).overlap(u, vectors)[0] * d.density(np.array([x]))[0])

    points = 5.87 * np.array([np.hypot(u[0, 0], u[0, 1]), u[0].sum() / np.sqrt(2.0)])
    bounds = np.unique(np.clip(np.concatenate([[0.1, 20.0, 40.0, 60.0, 100.0, 300.0], points]), 0.1, 2000.0))
    expected = sum(quad(integrand, *pair, epsabs=1e-10, limit=200)[0] for pair in pairwise([*bounds, 2000.0]))
    total = now(spread).overlap(np.zeros((1, 3)), vectors)[0]
    assert abs(now(spread).overlap(u, vectors)[0] - expected) < 1e-8 * total


def test_cylinders_of_two_distributions() -> None:
    """Statistics of both lengths and their map are there, and lengths move on their own addresses."""
    shape = Cylinder(Distribution("lognormal", 40.0, 8.0), Distribution("normal", 60.0, 9.0))
    assert set(shape.declared()) == {"diameter.mean", "diameter.std", "length.mean", "length.std"}
    found = now(shape)
    assert set(found.length_statistics()) == {"diameter", "length", "d_eq"}
    assert set(found.size_curves()) == {"diameter", "length"}
    assert set(found.size_maps()) == {("diameter", "length")}
    np.testing.assert_allclose(found.blocks_of_mean(5.0 * np.eye(3)), [8.0, 8.0, 12.0])


def test_rod_on_a_hexagonal_lattice_is_the_mean_over_places_of_its_axis() -> None:
    """W counted in 4,000 rods cut at random places from the lattice (1/√n), and γ₀ as on a cubic lattice."""
    shape, rng = Cylinder(26.0, 31.0), np.random.default_rng(5)
    grid = np.array(np.meshgrid(*[range(-6, 7)] * 3, indexing="ij")).reshape(3, -1).T
    offsets = np.array([[0, 0, 0], [1, 1, 0], [1, -1, 0], [3, 1, 2], [3, -1, 1], [-2, 3, 0]])
    counts = np.zeros(len(offsets))
    for _ in range(4000):
        centre = rng.random(3) @ HEXAGONAL

        def inside(blocks: np.ndarray, centre: np.ndarray = centre) -> np.ndarray:
            places = blocks @ HEXAGONAL - centre
            return (np.hypot(places[:, 0], places[:, 1]) < 13.0) & (np.abs(places[:, 2]) < 15.5)

        first = grid[inside(grid)]
        counts += [inside(first + u).sum() for u in offsets]
    found = now(shape).overlap(offsets.astype(float), HEXAGONAL)
    np.testing.assert_allclose(found, counts / 4000.0, rtol=0.02, atol=0.05)
    assert found[1] != pytest.approx(found[2], rel=0.05)  # a long and a short diagonal
    r = np.linspace(0.0, 35.0, 30)
    cubic = now(shape).envelope_along(r, 5.87 * np.eye(3))
    np.testing.assert_allclose(now(shape).envelope_along(r, HEXAGONAL), cubic, atol=2e-3)


def test_octahedra_need_upright_blocks() -> None:
    with pytest.raises(InputError, match=r"populations\.p\.shape.*right angles"):
        calculated(sample_of(WURTZITE_CDSE, Octahedron(30.0), 0.01), SETTINGS, "iq")


@pytest.mark.campaign
def test_wurtzite_rod_is_the_mean_over_explicit_rods() -> None:
    """Blocks are counted whole, so explicit rods of CdSe are unions of whole cells, cut at random places."""
    mean, error = explicit_wurtzite(in_cylinder(16.0, 18.0), np.arange(0.5, 12.0, 0.25))
    settings = TotalScattering(q="0.5:11.75:0.25", background_terms=0)
    found = calculated(sample_of(WURTZITE_CDSE, Cylinder(16.0, 18.0), 0.01), settings, "iq")
    assert (np.abs(found - mean) < 4.5 * error).all()
    assert (error < 0.1 * mean).all()


@pytest.mark.campaign
def test_many_correlated_weights_are_those_of_few() -> None:
    """More offsets than quadratures are worth are read from a table: 1e-4 of W(0) from the quadrature."""
    shape = Prism(Distribution("lognormal", 60.0, 12.0), Distribution("lognormal", 70.0, 12.0), 0.5)
    found, vectors = now(shape), 5.87 * np.eye(3)
    offsets = np.random.default_rng(0).random((4000, 3)) * np.array([18.0, 18.0, 25.0])
    one_by_one = np.concatenate([found.overlap(part, vectors) for part in np.array_split(offsets, 8)])
    whole = found.mean_blocks(vectors)
    assert np.abs(found.overlap(offsets, vectors) - one_by_one).max() < 2e-4 * whole
