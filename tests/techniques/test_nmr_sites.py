"""¹³³Cs from the atoms: depths and neighbours against explicit crystals, spectra, and how halides are distributed."""

from __future__ import annotations

import itertools
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.stats import betabinom, binom

from nanocrystal.errors import InputError
from nanocrystal.parameters import Evaluation
from nanocrystal.refinement import declared_parameters
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.sample import (
    Brick,
    Bulk,
    Cube,
    Cylinder,
    Distribution,
    Population,
    Sample,
    Shell,
    Sphere,
    Substitution,
)
from nanocrystal.sample.crystal.crystal import Crystal
from nanocrystal.sample.surroundings import Surroundings, clustered, three_layers
from nanocrystal.study import read_study
from nanocrystal.study.study import Study
from support.modelling import crystal
from support.richardson import errors_of_derivatives, exact_addresses_of
from support.structures import CUBIC, CUBIC_CSPBBR3, GAMMA_CSPBBR3, WURTZITE_CDSE, cubic_cluster

A = CUBIC_CSPBBR3


def mixed(fraction: float, length: float = 0.0, text: str = CUBIC) -> Crystal:
    plain = crystal(text, {"Pb": 0.01, "Cs": 0.01, "Br": 0.01})
    u_iso = {"Pb": 0.01, "Cs": 0.01, "Br": 0.01, "Cl": 0.01}
    return Crystal(plain.structure, u_iso=u_iso, substitutions={"Br": Substitution("Cl", fraction, length)})


def around(population: Population, x: Crystal, borders: tuple[float, ...] = ()) -> Surroundings:
    sample = Sample({"p": population}, {"x": x})
    values = declared_parameters(sample, {}).initial_values()
    weight, found = sample.surroundings(Evaluation(values), "Cs", borders)["p"]
    assert weight == 1.0
    assert found.parts.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(found.neighbours.sum(axis=1), 1.0)
    return found


# ---- depths -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "by_hand"),
    [
        (Cube(9 * A), 1.0 - 7.0**3 / 9.0**3),
        (Brick(4 * A, 6 * A, 9 * A), 1.0 - 2.0 * 4.0 * 7.0 / (4.0 * 6.0 * 9.0)),
        (Sphere(10 * A), 1.0 - 0.8**3),
        (Bulk(), 0.0),
    ],
)
def test_the_outermost_cell_by_hand(shape: object, by_hand: float) -> None:
    found = around(Population("x", shape), crystal(CUBIC, 0.01), (A,))  # type: ignore[arg-type]
    assert found.parts[found.depths[1:] <= A].sum() == pytest.approx(by_hand, abs=1e-9)


def test_the_outermost_layer_of_crystals_that_end_with_caesium() -> None:
    """n layers of lead between n + 1 of Cs: of (n + 1)³ Cs all but (n − 1)³ lie in the outermost layers."""
    found = around(Population("x", Cube(8.5 * A), termination="CsBr"), crystal(CUBIC, 0.01), (A,))
    assert found.parts[0] == pytest.approx(1.0 - 7.0**3 / 9.0**3, abs=1e-9)
    found = around(Population("x", Cube(8.5 * A), termination="PbBr2"), crystal(CUBIC, 0.01), (A,))
    assert found.parts[0] == pytest.approx(1.0 - 6.0**3 / 8.0**3, abs=1e-9)


def test_depths_of_a_distribution_are_means_over_its_crystals_by_their_nuclei() -> None:
    std, mean = 9.0, 55.0
    s = np.sqrt(np.log(1.0 + (std / mean) ** 2))
    edges = mean * np.exp(s * np.random.default_rng(1).standard_normal(400_000) - 0.5 * s * s)
    expected = (np.maximum(edges - 2.0 * A, 0.0) ** 3).sum() / (edges**3).sum()
    found = around(Population("x", Cube(Distribution("lognormal", mean, std))), crystal(CUBIC, 0.01), (A,))
    assert found.parts[1:].sum() == pytest.approx(expected, abs=2e-3)


# ---- neighbours ---------------------------------------------------------------------------------


def explicit_neighbours(n: int, is_second: np.ndarray) -> np.ndarray:
    """Return how many second halides each inner Cs of an n × n × n cube has, of twelve; is_second: of each halide."""
    positions, kinds = cubic_cluster(n)
    caesium, halides = positions[kinds == 1], positions[kinds == 2]
    near = cKDTree(halides).query_ball_point(caesium, A * 0.75)
    return np.array([is_second[k].sum() for k in near if len(k) == 12])


def test_random_mixing_is_the_binomial_law() -> None:
    for text in (CUBIC, GAMMA_CSPBBR3):
        found = around(Population("x", Cube(40.0)), mixed(0.3, text=text))
        np.testing.assert_allclose(found.parts @ found.neighbours, binom.pmf(np.arange(13), 12, 0.3), atol=1e-12)
    n, rng = 24, np.random.default_rng(2)
    counts = np.bincount(explicit_neighbours(n, rng.random(3 * n**3) < 0.3), minlength=13)
    expected = binom.pmf(np.arange(13), 12, 0.3) * counts.sum()
    # neighbours share halides, which widens the scatter of the counts a little
    assert np.abs(counts - expected).max() < 8.0 * np.sqrt(expected.max())


@pytest.mark.parametrize("profile", ["step", "gradient"])
def test_depth_dependent_mixing_against_explicit_crystals(profile: str) -> None:
    """A cube of 16 cells: halides drawn at random with the part that belongs to their own depth below its faces."""
    n, thickness, core, surface = 16, 4.0 * A, 0.1, 0.8
    positions, kinds = cubic_cluster(n)
    halides = positions[kinds == 2] / A
    depth = A * np.minimum(halides + 0.25, n - 0.25 - halides).min(axis=1)  # layers own a quarter cell on both sides
    g = (depth > thickness).astype(float) if profile == "step" else np.minimum(depth / thickness, 1.0)
    rng = np.random.default_rng(3)
    counts = np.zeros(13)
    for _ in range(20):
        drawn = rng.random(len(halides)) < surface + g * (core - surface)
        counts += np.bincount(explicit_neighbours(n, drawn), minlength=13)
    shell = Shell(thickness, profile, {"Br": surface})  # type: ignore[arg-type]
    # Cs in the outermost layer on three sides have fewer than twelve neighbours and were not counted
    inner = around(Population("x", Cube(n * A), shell=shell), mixed(core), (0.5 * A,))
    kept = inner.depths[:-1] >= 0.5 * A
    law = inner.parts[kept] @ inner.neighbours[kept] / inner.parts[kept].sum()
    assert np.abs(counts / counts.sum() - law).max() < 0.012  # edges and corners
    assert law @ np.arange(13) == pytest.approx(counts @ np.arange(13) / counts.sum(), abs=0.15)


def test_layers_and_clusters_follow_the_laws_of_scipy() -> None:
    """Sums of three binomial numbers, by folding; the beta-binomial law of the correlation of neighbours."""
    n = np.arange(5)
    above, within, below = np.random.default_rng(0).uniform(-0.1, 1.1, (3, 7))
    found = three_layers(above, within, below)
    for row, parts in zip(found, np.clip(np.array([above, within, below]).T, 0.0, 1.0), strict=True):
        one, two, three = (binom.pmf(n, 4, x) for x in parts)
        np.testing.assert_allclose(row, np.convolve(np.convolve(one, two), three), atol=1e-14)
    places = [p for p in itertools.product((-1.0, 0.0, 1.0), repeat=3) if np.abs(p).sum() == 2.0]
    pairs = itertools.combinations(0.5 * A * np.array(places), 2)
    like = np.mean([np.exp(-np.linalg.norm(a - b) / 7.0) for a, b in pairs])
    for x in (0.01, 0.4, 0.97):
        free = (1.0 - like) / like
        expected = betabinom.pmf(np.arange(13), 12, x * free, (1.0 - x) * free)
        np.testing.assert_allclose(clustered(x, 7.0, A), expected, atol=1e-13)


def test_clusters_widen_the_law_as_their_pairs_say() -> None:
    """The variance of a sum of twelve is the sum of the covariances of its 144 pairs."""
    corners = np.array([(x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1)
                        if abs(x) + abs(y) + abs(z) == 2]) * 0.5 * A  # fmt: skip
    apart = np.linalg.norm(corners[:, None] - corners[None], axis=2)
    x, length, n = 0.35, 20.0, np.arange(13)
    expected = x * (1.0 - x) * np.exp(-apart / length).sum()
    law = clustered(x, length, A)
    assert law @ n == pytest.approx(12.0 * x)
    assert law @ n**2 - (law @ n) ** 2 == pytest.approx(expected, rel=1e-9)
    found = around(Population("x", Cube(40.0)), mixed(x, length))
    np.testing.assert_allclose(found.neighbours[0], law, atol=1e-12)
    np.testing.assert_allclose(clustered(x, 1e-3, A), binom.pmf(n, 12, x), atol=1e-9)


# ---- spectra ------------------------------------------------------------------------------------

SPECTRUM = """
[datasets.cs]
technique = "nmr-sites"
DATA
spectrometer_frequency = 65.6
shifts = { Br = { value = 112, vary = VARY }, Cl = { value = 82, vary = VARY } }
surface_shift = { value = -15, vary = VARY }
fwhm = { value = 150, vary = VARY }
surface_fwhm = { value = 350, vary = VARY }
"""
MIXING = {
    "random": """
[crystals.x]
library = "CsPbBr3-alpha"
u_iso = { Cs = 0.04, Pb = 0.02, Br = 0.04 }
[crystals.x.substitution.Br]
element = "Cl"
fraction = { value = 0.4, vary = VARY }
[populations.dots]
crystal = "x"
shape = "cube"
edge_length = { distribution = "lognormal", mean = 80, std = 8 }
""",
    "core_shell": """
[crystals.x]
library = "CsPbBr3-alpha"
u_iso = { Cs = 0.04, Pb = 0.02, Br = 0.04 }
[crystals.x.substitution.Br]
element = "Cl"
fraction = { value = 0.2, vary = VARY }
[populations.dots]
crystal = "x"
shape = "cube"
edge_length = { distribution = "lognormal", mean = 80, std = 8 }
[populations.dots.shell]
thickness = 12
substitution = { Br = { value = 0.7, vary = VARY } }
""",
    "two_phases": """
[crystals.x]
library = "CsPbBr3-alpha"
u_iso = { Cs = 0.04, Pb = 0.02, Br = 0.04 }
[crystals.y]
library = "CsPbCl3-alpha"
u_iso = { Cs = 0.04, Pb = 0.02, Cl = 0.04 }
[populations.dots]
crystal = "x"
shape = "cube"
edge_length = { distribution = "lognormal", mean = 80, std = 8 }
number_fraction = 0.5
[populations.others]
crystal = "y"
shape = "cube"
edge_length = { distribution = "lognormal", mean = 80, std = 8 }
number_fraction = { value = 0.4, vary = VARY }
""",
}
TRUE = {
    "random": {"crystals.x.substitution.Br.fraction": 0.4},
    "core_shell": {"crystals.x.substitution.Br.fraction": 0.2, "populations.dots.shell.substitution.Br": 0.7},
    "two_phases": {"populations.others.number_fraction": 0.4},
}


def written(folder: Path, mixing: str, data: str, vary: bool) -> Study:
    text = (MIXING[mixing] + SPECTRUM.replace("DATA", data)).replace("VARY", str(vary).lower())
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return read_study(folder / "study.toml")


@cache
def fits(truth: str) -> dict[str, tuple[float, object]]:
    """Return candidate -> BIC and result, of a spectrum simulated with one way of mixing."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        study = written(folder, truth, 'x = "40:160:0.4"\nnoise = { sigma = 2e-4, seed = 7 }', False)
        [columns] = study.simulated().values()
        np.savetxt(folder / "cs.txt", np.column_stack(list(columns.values())))
        found = {}
        for candidate in MIXING:
            result = written(folder, candidate, 'file = "cs.txt"', True).refine()
            curve = result.datasets["cs"]
            chi2 = float((((curve.observed - curve.calculated) / curve.sigma) ** 2).sum())
            refined = sum(p.status in ("free", "linear", "at_bound") for p in result.parameters.values())
            found[candidate] = (chi2 + refined * np.log(curve.n_points), result)
        return found


@pytest.mark.parametrize("truth", list(MIXING))
def test_how_the_halides_are_distributed(truth: str) -> None:
    """Each way of mixing is preferred by BIC where it is the truth, and its composition comes back."""
    found = fits(truth)
    assert min(found, key=lambda candidate: found[candidate][0]) == truth
    result = found[truth][1]
    assert result.datasets["cs"].gof == pytest.approx(1.0, abs=0.15)
    for address, true in TRUE[truth].items():
        estimate = result.parameters[address]
        assert abs(estimate.value - true) < 3.5 * estimate.stderr
        assert estimate.stderr < 0.05


def test_areas_are_those_of_the_sample() -> None:
    result = fits("random")["random"][1]
    std = 8.0 / 80.0
    s2 = np.log(1.0 + std**2)
    # E[(L − 2t)³]/E[L³] of a lognormal length that is never below 2t
    moments = [80.0**k * np.exp(0.5 * k * (k - 1) * s2) for k in range(4)]
    t = 2.0 * 5.9
    core = (moments[3] - 3.0 * t * moments[2] + 3.0 * t**2 * moments[1] - t**3) / moments[3]
    assert result.derived["datasets.cs.core_fraction"].value == pytest.approx(core, abs=2e-3)
    assert result.derived["datasets.cs.surface_fraction"].value == pytest.approx(1.0 - core, abs=2e-3)


@pytest.mark.parametrize("mixing", list(MIXING))
def test_lines_are_derived_exactly(mixing: str, tmp_path: Path) -> None:
    study = written(tmp_path, mixing, 'x = "40:160:1"\nnoise = { sigma = 2e-4, seed = 7 }', False)
    [columns] = study.simulated().values()
    np.savetxt(tmp_path / "cs.txt", np.column_stack(list(columns.values())))
    study = written(tmp_path, mixing, 'file = "cs.txt"\nlorentzian_part = { value = 0.3, vary = true }', True)
    problem = bound_problem(study.sample, study.datasets, tmp_path)
    errors, exact = errors_of_derivatives(problem, "cs"), exact_addresses_of(problem, "cs")
    assert exact == {a for a in errors if a.startswith("datasets.")}
    assert "datasets.cs.shifts.Cl" in exact
    assert max(errors[a] for a in exact) < 1e-5  # what extrapolation leaves of narrow lines


# ---- wrong input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("spectrometer_frequency = 65.6", "", "must be how many Hz a ppm is"),
        ("spectrometer_frequency = 65.6", "spectrometer_frequency = -1", "must be above 0 MHz"),
        ("spectrometer_frequency = 65.6", "spectrometer_frequency = 65.6e6", "400e6 Hz is 400"),
        ("fwhm = { value = 150, vary = false }\nsurface", "surface", "give the width of the lines"),
        ("fwhm = { value = 150", "fwhm = { value = -150", "above 0"),
        (", Cl = { value = 82, vary = false }", "", "lacks Cl"),
        ("Cl = { value = 82, vary = false }", "Cl = 82, I = 60", "is no halide of the sample"),
        ('technique = "nmr-sites"', 'technique = "nmr-sites"\nelement = "Rb"', "is for Rb on the A site"),
        ('shape = "cube"\nedge_length', 'shape = "octahedron"\nedge_length', "known for spheres and prisms"),
    ],
)
def test_wrong_input(old: str, new: str, said: str, tmp_path: Path) -> None:
    written(tmp_path, "random", 'x = "40:160:1"', False)
    text = (tmp_path / "study.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "study.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(said)):
        read_study(tmp_path / "study.toml").simulated()


def test_other_crystals_are_refused() -> None:
    sample = Sample({"p": Population("x", Sphere(30.0))}, {"x": crystal(WURTZITE_CDSE, 0.01)})
    with pytest.raises(InputError, match="A site of perovskites"):
        sample.check_surroundings("Cs", "datasets.cs.element")
    sample = Sample({"p": Population("x", Cylinder(30.0, 50.0))}, {"x": crystal(CUBIC, 0.01)})
    with pytest.raises(InputError, match="known for spheres and prisms"):
        sample.check_surroundings("Cs", "datasets.cs.element")
