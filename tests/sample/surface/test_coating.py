"""Coatings by their formula: volumes, electrons and atoms by hand."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.parameters import Evaluation, Number, as_parameter
from nanocrystal.refinement import declared_parameters
from nanocrystal.sample import (
    Brick,
    Coating,
    Cube,
    Cylinder,
    Distribution,
    Octahedron,
    Population,
    Prism,
    Sample,
    Sphere,
)
from nanocrystal.study.reading import study_from
from nanocrystal.study.study import Study
from nanocrystal.techniques import Composition, Saxs
from support.modelling import crystal, now
from support.structures import CUBIC, CUBIC_CSPBBR3

AL2O3_MASS = 2 * 26.9815385 + 3 * 15.999
"""Da"""
PER_A3 = 3.0 * 0.602214076 / AL2O3_MASS
"""formula units per Å³ at 3.0 g/cm³"""


def described(shape: object, thickness: Number = 12.0) -> Sample:
    coating = Coating(thickness, formula="Al2O3", mass_density=3.0)
    return Sample({"p": Population("x", shape, coating=coating)}, {"x": crystal(CUBIC)})  # type: ignore[arg-type]


def volume(shape: object) -> float:
    return now(shape).grown(12.0, lambda: CUBIC_CSPBBR3 * np.eye(3))


def lognormal(mean: float, std: float, seed: int) -> np.ndarray:
    s = np.sqrt(np.log(1.0 + (std / mean) ** 2))
    return mean * np.exp(s * np.random.default_rng(seed).standard_normal(400_000) - 0.5 * s * s)


@pytest.mark.parametrize(
    ("shape", "by_hand"),
    [
        (Sphere(40.0), np.pi / 6.0 * (64.0**3 - 40.0**3)),
        (Cube(50.0), 74.0**3 - 50.0**3),
        (Brick(20.0, 30.0, 60.0), 44.0 * 54.0 * 84.0 - 20.0 * 30.0 * 60.0),
        (Prism(40.0, 70.0), (20.0 * np.sqrt(np.pi) + 24.0) ** 2 * 94.0 - np.pi * 400.0 * 70.0),
        (Cylinder(30.0, 80.0), np.pi / 4.0 * (54.0**2 * 104.0 - 30.0**2 * 80.0)),
    ],
)
def test_volume_by_hand(shape: object, by_hand: float) -> None:
    assert volume(shape) == pytest.approx(by_hand, rel=1e-9)


@pytest.mark.parametrize("of", ["sphere", "cube", "cylinder"])
def test_volume_of_a_distribution_is_the_mean_over_draws(of: str) -> None:
    spread, d, e = Distribution("lognormal", 50.0, 8.0), lognormal(50.0, 8.0, 1), lognormal(90.0, 15.0, 2)
    shape, drawn = {
        "sphere": (Sphere(spread), np.pi / 6.0 * ((d + 24.0) ** 3 - d**3)),
        "cube": (Cube(spread), (d + 24.0) ** 3 - d**3),
        "cylinder": (
            Cylinder(spread, Distribution("lognormal", 90.0, 15.0)),
            np.pi / 4.0 * ((d + 24.0) ** 2 * (e + 24.0) - d**2 * e),
        ),
    }[of]
    assert volume(shape) == pytest.approx(drawn.mean(), abs=4.0 * drawn.std() / np.sqrt(len(drawn)))


def test_composition_and_mass_by_hand() -> None:
    """1.2 nm of alumina on a cube of 5 nm: Al and O from its volume, Pb from that of the cube."""
    sample = described(Cube(50.0))
    units = PER_A3 * (74.0**3 - 50.0**3)
    cells = 50.0**3 / CUBIC_CSPBBR3**3
    data = Composition({"Al/Pb": (1.0, 0.1), "O/(Al+O)": (0.6, 0.01)})
    model = data.bind("edx", sample, Path())
    values = declared_parameters(sample, {"edx": data}).initial_values()
    calculated = model.curves(Evaluation(values, model.requirement))
    np.testing.assert_allclose(calculated[-1], [2.0 * units / cells, 0.6], rtol=1e-4)
    mass = cells * (132.90545 + 207.2 + 3.0 * 79.904)
    derived = sample.derived(Evaluation(values, model.requirement))["populations.p.coating_mass_fraction"]
    assert derived.value == pytest.approx(units * AL2O3_MASS / (units * AL2O3_MASS + mass), rel=1e-4)


def test_small_angles_see_the_electrons_of_the_formula() -> None:
    electrons = PER_A3 * (2 * 13 + 3 * 8)
    same = Sample({"p": Population("x", Sphere(40.0), coating=Coating(12.0, electrons))}, {"x": crystal(CUBIC)})
    data = Saxs(q="0.01:0.5:0.01", solvent="toluene")
    curves = []
    for sample in (described(Sphere(40.0)), same):
        model = data.bind("saxs", sample, Path())
        values = declared_parameters(sample, {"saxs": data}).initial_values()
        curves.append(model.curves(Evaluation(values, model.requirement))[0])
    assert np.abs(curves[0] - curves[1]).max() < 1e-4 * curves[1].max()  # the atomic masses have five digits


STUDY = """
[crystals.x]
library = "CsPbBr3-alpha"
u_iso = { Cs = 0.04, Pb = 0.02, Br = 0.03 }

[populations.dots]
crystal = "x"
shape = "cube"
edge_length = 60.0

[populations.dots.coating]
thickness = { value = 10.0, vary = true }
COATING

[datasets.edx]
technique = "composition"
ratios = { "Al/Pb" = [5.0, 0.5] }
"""


def study_of(coating: str, folder: Path) -> Study:
    text = STUDY.replace("COATING", coating)
    return study_from(tomllib.loads(text), folder, text)


def test_a_study_with_an_oxide(tmp_path: Path) -> None:
    text = 'formula = "Al2O3"\nmass_density = 3.0'
    coating = study_of(text, tmp_path).sample.populations["dots"].coating
    assert coating is not None
    assert (coating.formula, coating.electron_density) == ("Al2O3", None)
    assert as_parameter(coating.mass_density).value == 3.0


@pytest.mark.parametrize(
    ("coating", "said"),
    [
        ("", "needs either electron_density"),
        ('formula = "Al2O3"', "needs formula and mass_density together"),
        ('formula = "Al2O3"\nmass_density = 3.0\nelectron_density = 0.9', "needs either electron_density"),
        ('formula = "Xx2O3"\nmass_density = 3.0', "is no element"),
        ('formula = "Al2(SO4)3"\nmass_density = 3.0', "has brackets"),
        ('formula = "Al2O3"\nmass_density = -3.0', "mass_density"),
    ],
)
def test_wrong_coatings(coating: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(said)) as refused:
        study_of(coating, tmp_path)
    assert "populations.dots.coating" in str(refused.value)


def test_octahedra_have_none() -> None:
    with pytest.raises(InputError, match="is not there for the shape"):
        described(Octahedron(50.0))
