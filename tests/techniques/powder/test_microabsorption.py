"""Brindley's τ of spheres by closed forms and by rays drawn; absorption and density by tables; amounts by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from nanocrystal.errors import InputError
from nanocrystal.parameters import tied, vary
from nanocrystal.refinement import refine
from nanocrystal.sample import Crystal, Population, Sample
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.simulation import simulated_curves
from nanocrystal.techniques import Powder, Profile
from nanocrystal.techniques.powder.microabsorption import sphere_factor
from support.structures import cif

pytest.importorskip("xraydb")
ZNO = cif("3.24981 3.24981 5.20653 90 90 120", "P 63 m c", "Zn Zn 0.333333 0.666667 0 1\nO O 0.333333 0.666667 0.382 1")
# Marezio, Acta Cryst. 20, 723 (1966)
IN2O3 = cif(
    "10.117 10.117 10.117 90 90 90", "I a -3", "In1 In 0.25 0.25 0.25 1\nIn2 In 0.466 0 0.25 1\nO O 0.390 0.154 0.382 1"
)
EXCESSES = (-0.5, -0.1, 0.02, 0.1, 0.5, 1.5)
"""(μ − μ̄) R"""


@pytest.mark.parametrize("x", EXCESSES)
def test_straight_through(x: float) -> None:
    """2θ = 0: the way is a chord; ∫ 3 s² exp(−2 x s) ds = 3 (2 − exp(−u)(u² + 2u + 2))/u³, u = 2x."""
    u = 2.0 * x
    closed = 3.0 * (2.0 - np.exp(-u) * (u * u + 2.0 * u + 2.0)) / u**3
    assert sphere_factor(x, 0.0) == pytest.approx(closed, rel=3e-4)


@pytest.mark.parametrize("x", EXCESSES)
def test_straight_back(x: float) -> None:
    """2θ = 180°: twice the way in, 2 R s with density 3/2 (1 − s²)."""
    expected = quad(lambda s: 1.5 * (1.0 - s * s) * np.exp(-4.0 * x * s), 0.0, 1.0)[0]
    assert sphere_factor(x, 180.0) == pytest.approx(expected, rel=3e-4)


@pytest.mark.parametrize("two_theta", [90.0, 40.0])
def test_rays_drawn_in_a_sphere(two_theta: float) -> None:
    """Points in a sphere; from each the ways back along the ray that comes and on along the one that leaves."""
    rng, n = np.random.default_rng(4), 400_000
    points = rng.normal(size=(n, 3))
    points *= (rng.random(n) ** (1 / 3) / np.linalg.norm(points, axis=1))[:, None]
    angle = np.radians(two_theta)
    way = np.zeros(n)
    for ray in (-np.array([1.0, 0.0, 0.0]), np.array([np.cos(angle), np.sin(angle), 0.0])):
        along = points @ ray
        way += -along + np.sqrt(along**2 + 1.0 - (points**2).sum(axis=1))
    for x in EXCESSES:
        drawn = np.exp(-x * way)
        assert sphere_factor(x, two_theta) == pytest.approx(drawn.mean(), abs=4.0 * drawn.std() / np.sqrt(n))


def test_little_absorption() -> None:
    """The mean way is 3/2 R at any angle: 3/4 R from a point in a sphere to its surface, twice."""
    for angle in (0.0, 90.0, 180.0):
        assert (1.0 - sphere_factor(1e-5, angle)) / 1e-5 == pytest.approx(1.5, rel=1e-3)
    assert sphere_factor(0.0) == pytest.approx(1.0, abs=1e-12)


def mixture(fraction: Any = 0.4) -> Sample:
    zno = Crystal(parse_cif(ZNO, "ZnO.cif"), u_iso={"Zn": 0.006, "O": 0.008})
    in2o3 = Crystal(parse_cif(IN2O3, "In2O3.cif"), u_iso={"In": 0.004, "O": 0.008})
    populations = {
        "zno": Population("zno", fraction=fraction),
        "in2o3": Population("in2o3", fraction=tied("1 - populations.zno.mass_fraction")),
    }
    return Sample(populations, {"zno": zno, "in2o3": in2o3})


def powder(diameters: dict[str, float] | None = None, **more: Any) -> Powder:
    profiles = {n: Profile(size=500.0, particle_diameter=(diameters or {}).get(n)) for n in ("zno", "in2o3")}
    settings: dict[str, Any] = {"two_theta": "20:80:0.02", "tube": "Cu", "profiles": profiles}
    return Powder(**(settings | more))


def test_absorption_and_density_by_tables() -> None:
    """Cu Kα, cm²/g: O 11.5, Zn 60.3, In 243 (International Tables, vol. III, 1962, to 5 %); g/cm³: 5.68 and 7.12."""
    absorbers = powder({"zno": 2.0}).bind("xrd", mixture())._absorbers
    by_mass = {"zno": (60.3 * 65.38 + 11.5 * 16.0) / 81.38, "in2o3": (243.0 * 229.64 + 11.5 * 48.0) / 277.64}
    cells = {"zno": 2 * 81.38 / (np.sqrt(0.75) * 3.24981**2 * 5.20653), "in2o3": 16 * 277.64 / 10.117**3}
    for name, absorber in absorbers.items():
        assert absorber.density == pytest.approx(1.66054 * cells[name], rel=1e-4)
        assert absorber.absorption == pytest.approx(absorber.density * by_mass[name], rel=0.06)


def test_a_pattern_is_the_sum_of_phases_weakened() -> None:
    """τ by hand from the tables, μ̄ by volume, on the patterns of each phase alone."""
    absorbers = powder({"zno": 3.0}).bind("xrd", mixture())._absorbers
    volume = {n: w / absorbers[n].density for n, w in (("zno", 0.4), ("in2o3", 0.6))}
    mean = sum(v * absorbers[n].absorption for n, v in volume.items()) / sum(volume.values())
    x = (absorbers["zno"].absorption - mean) * 1.5e-4  # cm⁻¹ times R = 1.5 µm
    alone = {}
    for fraction in (1.0, 0.0):
        columns = simulated_curves(mixture(fraction), {"xrd": powder()}, Path())["xrd"]
        alone[fraction] = columns["intensity"]
    expected = 0.4 * sphere_factor(x) * alone[1.0] + 0.6 * alone[0.0]
    found = simulated_curves(mixture(), {"xrd": powder({"zno": 3.0})}, Path())["xrd"]["intensity"]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * expected.max())
    assert sphere_factor(x) > 1.1  # ZnO absorbs less than the mixture


def test_a_weight_fraction_is_found_again(tmp_path: Path) -> None:
    """Refined with the particles that it was made with; without them as (W/τ) says."""
    diameters = {"zno": 2.0, "in2o3": 2.0}
    columns = simulated_curves(mixture(), {"xrd": powder(diameters)}, tmp_path)["xrd"]
    y = columns["intensity"] / columns["intensity"].max() * 1e5 + 500.0
    np.savetxt(tmp_path / "x.xye", np.c_[columns["two_theta"], y, np.sqrt(y)])
    more = {"two_theta": None, "file": tmp_path / "x.xye", "background_terms": 2}
    name = "populations.zno.mass_fraction"
    result = refine(mixture(vary(0.5, min=0.0, max=1.0)), {"xrd": powder(diameters, **more)})
    assert result.parameters[name].value == pytest.approx(0.4, abs=1e-4)
    tau = {n: result.derived[f"datasets.xrd.microabsorption.{n}"].value for n in diameters}
    plain = refine(mixture(vary(0.5, min=0.0, max=1.0)), {"xrd": powder(**more)}).parameters[name].value
    assert plain == pytest.approx(0.4 * tau["zno"] / (0.4 * tau["zno"] + 0.6 * tau["in2o3"]), abs=1e-4)


def test_coarse_particles_are_remarked_on_and_wrong_ones_refused(tmp_path: Path) -> None:
    from nanocrystal.parameters import Evaluation
    from nanocrystal.refinement import declared_parameters

    data = powder({"in2o3": 5.0})
    model, values = data.bind("xrd", mixture()), declared_parameters(mixture(), {"xrd": data}).initial_values()
    (remark,) = (r for r in model.remarks(Evaluation(values, None)) if "particles" in r)
    assert "in2o3 of 5 µm absorb with μ D = 0.7" in remark
    for wrong in (0.0, -1.0, 1e5):
        with pytest.raises(InputError, match=r"profiles\.zno\.particle_diameter: is in µm, above 0"):
            powder({"zno": wrong}).bind("xrd", mixture())
