"""Small-angle scattering as a technique: scale, contrast, layers, arrangement, instrument, data, joint fits."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.measurement import Noise
from nanocrystal.parameters import Evaluation, tied, vary
from nanocrystal.refinement import Result, declared_parameters, refine
from nanocrystal.report.page.figures import fit_figure
from nanocrystal.sample import (
    Bulk,
    Coating,
    Cube,
    Cylinder,
    Distribution,
    FixedBody,
    Histogram,
    Octahedron,
    Population,
    Prism,
    Sample,
    Shell,
    Sphere,
)
from nanocrystal.simulation import simulated_curves
from nanocrystal.study import read_study
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.tables.solvents import solvent_electron_density
from nanocrystal.techniques import TotalScattering
from nanocrystal.techniques.saxs import Saxs
from nanocrystal.techniques.saxs.structure import hard_spheres, string_of_beads
from support.broad_sizes import spheres
from support.measured import measured
from support.modelling import calculated, crystal, sample_of
from support.paths import EXAMPLES
from support.small_angle_files import Entry, cansas_xml
from support.small_study import CIF

NICKEL = 4 * 28 / 3.52**3
"""electrons per Å³"""
ELECTRON_RADIUS = 2.8179403205e-13
"""cm"""
Q = np.linspace(0.01, 0.5, 99)
GRID = "0.01:0.5:0.005"


def sphere(q: np.ndarray, diameter: float) -> np.ndarray:
    """Return the amplitude of a sphere of density 1."""
    x = 0.5 * q * diameter
    return np.asarray(np.pi / 6 * diameter**3 * 3 * (np.sin(x) - x * np.cos(x)) / x**3)


def curve(shape: Any, coating: Coating | None = None, **settings: Any) -> np.ndarray:
    settings = {"q": GRID, "solvent": "vacuum"} | settings
    sample = Sample({"p": Population("x", shape, coating=coating)}, {"x": crystal(CIF)})
    return calculated(sample, Saxs(**settings), "saxs")  # type: ignore[arg-type]


# ---- contrast and scale ---------------------------------------------------------------------------


def test_solvents() -> None:
    """By hand: electrons over mass times density; water 0.3333, toluene 0.2818 e/Å³."""
    assert solvent_electron_density("water") == pytest.approx(10 / 18.015 * 0.99705 * 0.602214, rel=1e-4)
    assert solvent_electron_density("toluene") == pytest.approx(50 / 92.141 * 0.8623 * 0.602214, rel=1e-4)
    assert solvent_electron_density("vacuum") == 0.0


def test_spheres_in_a_solvent() -> None:
    contrast = NICKEL - solvent_electron_density("hexane")
    found = curve(Sphere(40.0), solvent="hexane")
    np.testing.assert_allclose(found, (contrast * sphere(Q, 40.0)) ** 2, rtol=1e-6, atol=1e-10 * found[0])


@pytest.mark.parametrize("std", [5.0, 36.0, 100.0])
def test_spheres_of_sizes_however_broad(std: float) -> None:
    """Every size by brute force, on absolute scale; of 50 ± 36 Å I(q → 0) once came as 0.377 of it."""
    shape = Sphere(Distribution("lognormal", 50.0, std))
    found = curve(shape, solvent="vacuum", number_density=1e15)
    expected = 1e15 * ELECTRON_RADIUS**2 * NICKEL**2 * spheres(Q, 50.0, std)
    np.testing.assert_allclose(found, expected, rtol=2e-5)


def test_broad_sizes_that_cannot_be_summed_are_refused() -> None:
    """With one sentence each, on the length or the arrangement."""
    stacked = {"structure_factor": "stacked-spheres", "beads": 4.0}
    with pytest.raises(InputError, match=r"datasets\.saxs\.structure_factor.*std is 0\.72 of their mean.*no straight"):
        curve(Sphere(Distribution("lognormal", 50.0, 36.0)), **stacked)
    oblique = sample_of(HEXAGONAL, Prism(Distribution("lognormal", 40.0, 36.0), 60.0))
    with pytest.raises(InputError, match=r"populations\..*d_ab.*std of 0\.9 of its mean.*make std smaller"):
        calculated(oblique, Saxs(q="0.02:0.3:0.02", solvent="vacuum"), "saxs")  # type: ignore[arg-type]


def test_absolute_intensity() -> None:
    """n r_e² F² in cm⁻¹, from the volume fraction or the number of crystals in a cm³."""
    number = 1e15
    expected = number * ELECTRON_RADIUS**2 * (NICKEL * sphere(Q, 40.0)) ** 2
    fraction = number * np.pi / 6 * 40.0**3 * 1e-24
    for settings in ({"number_density": number}, {"volume_fraction": fraction}):
        np.testing.assert_allclose(curve(Sphere(40.0), **settings), expected, rtol=1e-6, atol=1e-11 * expected[0])
    model = Saxs(q=GRID, solvent="vacuum", number_density=number).bind("saxs", sample_of(CIF, Sphere(40.0)))
    assert model.y_axis.unit == "cm⁻¹"


def test_coated_spheres() -> None:
    """Core and shell with the closed amplitudes, in a solvent; a coat as dense as the solvent is not seen."""
    solvent = solvent_electron_density("toluene")
    found = curve(Sphere(40.0), Coating(15.0, 0.8), solvent="toluene")
    expected = (0.8 - solvent) * sphere(Q, 70.0) + (NICKEL - 0.8) * sphere(Q, 40.0)
    np.testing.assert_allclose(found, expected**2, rtol=1e-6, atol=1e-11 * found[0])
    unseen = curve(Sphere(40.0), Coating(15.0, solvent), solvent="toluene")
    np.testing.assert_allclose(unseen, curve(Sphere(40.0), solvent="toluene"), rtol=1e-6, atol=1e-11 * found[0])


@pytest.mark.parametrize("shape", [Cube, lambda x: Prism(x * np.sqrt(4 / np.pi), x), lambda x: Cylinder(x, x)])
def test_a_coat_as_dense_as_the_crystal_is_a_larger_crystal(shape: Any) -> None:
    found = curve(shape(50.0), Coating(10.0, NICKEL))
    np.testing.assert_allclose(found, curve(shape(70.0)), rtol=2e-5, atol=1e-11 * found[0])


def test_anomalous_terms() -> None:
    """Just below the K edge of nickel (8333 eV) f′ takes electrons away; f″ adds its square."""
    xraydb = pytest.importorskip("xraydb")
    energy = 8300.0
    factor = 28 + complex(xraydb.f1_chantler("Ni", energy), xraydb.f2_chantler("Ni", energy))
    ratio = curve(Sphere(40.0), energy=energy) / curve(Sphere(40.0))
    np.testing.assert_allclose(ratio, abs(factor / 28) ** 2, rtol=1e-9)


def test_populations_add_up_by_number() -> None:
    sample = Sample(
        {
            "small": Population("x", Sphere(30.0), fraction_basis="number_fraction", fraction=0.75),
            "large": Population("x", Sphere(60.0), fraction_basis="number_fraction", fraction=0.25),
        },
        {"x": crystal(CIF)},
    )
    found = calculated(sample, Saxs(q=GRID, solvent="vacuum"), "saxs")  # type: ignore[arg-type]
    expected = NICKEL**2 * (0.75 * sphere(Q, 30.0) ** 2 + 0.25 * sphere(Q, 60.0) ** 2)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_forward_intensity_of_octahedra_and_porod() -> None:
    """N² at q → 0, and 2π S/q⁴ of a broad population at large q, within edges' terms."""
    shape = Octahedron(Distribution("lognormal", 60.0, 15.0))
    found = curve(shape, q="0.0005:0.8005:0.1")
    s2 = np.log1p(0.25**2)
    moment = {k: 60.0**k * np.exp(0.5 * k * (k - 1) * s2) for k in (2, 6)}
    assert found[0] == pytest.approx(NICKEL**2 * 2 / 9 * moment[6], rel=2e-3)
    surface = 2 * np.sqrt(3) * moment[2]
    assert found[-1] * 0.8005**4 / (2 * np.pi * surface * NICKEL**2) == pytest.approx(1.0, abs=0.05)


# ---- against the Debye sum -------------------------------------------------------------------------


@pytest.mark.parametrize(("std", "most"), [(0.0, 0.012), (9.0, 0.007)])
def test_small_angles_of_the_debye_sum(std: float, most: float) -> None:
    """Cubes in vacuum, to 1 % of Porod's law up to q = 0.3 Å⁻¹, besides what makes atoms differ from a body there.

    f(q)² of the atoms (−1 % at 0.3), and (x/sin x)² with x = q d/2 of faces that are layers, d = a/2 apart (+2.4 %).
    """
    edge = Distribution("lognormal", 60.0, std) if std else 60.0
    sample = sample_of(CIF, Cube(edge), u_iso=0.005)
    grid, q = "0.01:0.3:0.01", np.linspace(0.01, 0.3, 30)
    body = calculated(sample, Saxs(q=grid, solvent="vacuum"), "saxs")  # type: ignore[arg-type]
    atoms = calculated(sample, TotalScattering(q=grid), "ts")  # type: ignore[arg-type]
    porod = 2 * np.pi * 6 * 60.0**2 * NICKEL**2 / q**4
    largest = np.minimum(np.maximum(atoms, porod), body.max())
    cloud, layers = (form_factor("Ni", q) / 28.0) ** 2, np.sinc(q * 3.52 / 4 / np.pi) ** -2
    assert (np.abs(body * cloud * layers - atoms) / largest).max() < most
    assert (np.abs(body - atoms) / largest).max() < 0.025


# ---- arrangement -------------------------------------------------------------------------------------


def test_hard_spheres_by_hand() -> None:
    """S(0) = (1 − η)⁴/(1 + 2η)², S → 1; the series at small q meets the closed form."""
    for eta in (0.05, 0.2, 0.45):
        assert hard_spheres(np.array([1e-6]), 50.0, eta)[0] == pytest.approx(
            (1 - eta) ** 4 / (1 + 2 * eta) ** 2, rel=1e-9
        )
        low, high = hard_spheres(np.array([0.000999, 0.001001]), 50.0, eta)
        assert low == pytest.approx(high, rel=1e-5)
        assert hard_spheres(np.array([5.0]), 50.0, eta)[0] == pytest.approx(1.0, abs=0.01)
    np.testing.assert_array_equal(hard_spheres(Q, 50.0, 0.0), 1.0)


def test_hard_spheres_from_their_direct_correlation() -> None:
    """S = 1/(1 − n ĉ), with Percus and Yevick's c(r) integrated numerically."""
    q, diameter, eta = np.linspace(0.005, 0.2, 40), 100.0, 0.35
    x = (np.arange(20000) + 0.5) / 20000
    first, second = (1 + 2 * eta) ** 2 / (1 - eta) ** 4, -((1 + eta / 2) ** 2) / (1 - eta) ** 4
    direct = -(first + 6 * eta * second * x + 0.5 * eta * first * x**3)
    number = 6 * eta / np.pi / diameter**3
    shells = 4 * np.pi * diameter**3 * x**2 * direct / 20000
    transform = np.sinc(np.outer(q * diameter, x) / np.pi) @ shells
    np.testing.assert_allclose(hard_spheres(q, 50.0, eta), 1 / (1 - number * transform), rtol=1e-6)


def test_strings_against_the_sum_over_their_beads() -> None:
    """The double sum over positions on a line; sasmodels' linear_pearls is the same sum."""
    q = np.linspace(0.005, 0.3, 60)
    positions = 70.0 * np.arange(6.0)
    apart = np.abs(positions[:, None] - positions[None, :])
    expected = np.sinc(q[:, None, None] * apart / np.pi).sum(axis=(1, 2)) / 6.0
    np.testing.assert_allclose(string_of_beads(q, 6.0, 70.0, 0.0), expected, rtol=1e-10)
    np.testing.assert_allclose(string_of_beads(q, 6.0, 70.0, 1e-4), expected, rtol=1e-6)
    np.testing.assert_allclose(string_of_beads(q, 1.0, 70.0, 0.0), 1.0)
    between = 0.5 * (string_of_beads(q, 6.0, 70.0, 0.0) + string_of_beads(q, 7.0, 70.0, 0.0))
    np.testing.assert_allclose(string_of_beads(q, 6.5, 70.0, 0.0), between)


@pytest.mark.parametrize(("beads", "spread"), [(6, 4.0), (6, 25.0), (50, 12.0)])
def test_strings_against_drawn_ones(beads: int, spread: float) -> None:
    """Chains of points drawn one by one, |Σ exp(i q μ z)|² averaged over chains and orientations; to their noise."""
    q, n = np.array([0.002, 0.01, 0.045, 0.09, 0.13, 0.2]), 40000
    rng = np.random.default_rng(beads)
    places = np.cumsum(rng.normal(70.0, spread, (n, beads)), axis=1)
    cosine = (np.arange(n) + rng.random(n)) / n  # stratified
    expected, noise = [], []
    for k in q:
        squares = np.abs(np.exp(1j * k * cosine[:, None] * places).sum(axis=1)) ** 2 / beads
        expected.append(squares.mean())
        noise.append(squares.std() / np.sqrt(n))
    off = (string_of_beads(q, float(beads), 70.0, spread) - expected) / np.array(noise)
    assert np.abs(off).max() < 3.5, off


def drawn_stacks(
    q: np.ndarray, beads: int, std: float, gap: float, gap_std: float, coat: float, densities: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return I(q) over the number of beads and its noise, of chains of touching spheres drawn one by one.

    Diameters lognormal about 60 Å, coated; densities: of the crystal and of its coating, e/Å³.
    """
    rng, n = np.random.default_rng(17), 30000
    s = np.sqrt(np.log1p((std / 60.0) ** 2))
    diameters = np.exp(rng.normal(np.log(60.0) - 0.5 * s * s, s, (n, beads)))
    outer = diameters + 2.0 * coat
    gaps = rng.normal(gap, gap_std, (n, beads - 1))
    steps = 0.5 * (outer[:, 1:] + outer[:, :-1]) + gaps
    places = np.concatenate([np.zeros((n, 1)), np.cumsum(steps, axis=1)], axis=1)
    cosine = (np.arange(n) + rng.random(n)) / n
    mean, noise = [], []
    for k in q:
        amplitude = (densities[0] - densities[1]) * volume_form(k, diameters) + densities[1] * volume_form(k, outer)
        squares = np.abs((amplitude * np.exp(1j * k * cosine[:, None] * places)).sum(axis=1)) ** 2 / beads
        mean.append(squares.mean())
        noise.append(squares.std() / np.sqrt(n))
    return np.array(mean), np.array(noise)


def volume_form(q: float, diameters: np.ndarray) -> np.ndarray:
    x = 0.5 * q * diameters
    return np.asarray(np.pi / 2 * diameters**3 * (np.sin(x) / x - np.cos(x)) / x**2)


@pytest.mark.parametrize(
    ("beads", "std", "gap", "gap_std", "coat"),
    [(6, 9.0, 0.0, 0.0, 0.0), (2, 12.0, 10.0, 5.0, 0.0), (20, 6.0, 8.0, 3.0, 0.0), (5, 9.0, 4.0, 2.0, 10.0)],
)
def test_touching_spheres_against_drawn_ones(beads: int, std: float, gap: float, gap_std: float, coat: float) -> None:
    q = np.array([0.01, 0.03, 0.05, 0.08, 0.11, 0.15, 0.19])
    expected, noise = drawn_stacks(q, beads, std, gap, gap_std, coat, (NICKEL, 0.6 if coat else 0.0))
    stack = {"structure_factor": "stacked-spheres", "beads": float(beads), "bead_gap": gap, "bead_gap_std": gap_std}
    coating = Coating(coat, 0.6) if coat else None
    found = curve(Sphere(Distribution("lognormal", 60.0, std)), coating, q="0.01:0.19:0.01", **stack)
    off = (found[np.round(100 * q).astype(int) - 1] - expected) / noise
    assert np.abs(off).max() < 3.5, off


@pytest.mark.parametrize("beads", [6.0, 3.4])
def test_the_number_of_stacked_spheres_comes_back(beads: float, tmp_path: Path) -> None:
    """Drawn strings are tested above; here what a fit makes of a curve with 2 % noise, from other values."""
    stack = {"structure_factor": "stacked-spheres", "bead_gap": 25.0, "bead_gap_std": 4.0}
    truth = curve(Sphere(Distribution("lognormal", 80.0, 12.0)), q="0.005:0.3:0.002", beads=beads, **stack)
    q = 0.005 + 0.002 * np.arange(len(truth))
    sigma = 0.02 * truth
    noisy = truth + np.random.default_rng(8).normal(0.0, sigma)
    path = written(tmp_path, "a.dat", q, noisy, sigma, header="q I sigma\n")
    data = Saxs(
        file=path, solvent="vacuum", background=0.0, structure_factor="stacked-spheres", beads=vary(beads - 1.2),
        bead_gap=vary(18.0), bead_gap_std=4.0,
    )  # fmt: skip
    found = refine(sample_of(CIF, Sphere(Distribution("lognormal", vary(75.0), vary(9.0)))), {"saxs": data}).parameters
    for address, true in (
        ("populations.p.diameter.mean", 80.0), ("populations.p.diameter.std", 12.0), ("datasets.saxs.beads", beads),
        ("datasets.saxs.bead_gap", 25.0), ("datasets.saxs.scale", 1.0),
    ):  # fmt: skip
        assert found[address].stderr is not None, address
        assert abs(found[address].value - true) < 3.5 * float(found[address].stderr or 0.0), address


def test_touching_spheres_alike_are_a_string() -> None:
    """Of one size, at whole and other numbers of beads; and a single bead is a sphere."""
    for beads in (1.0, 2.0, 6.4, 60.0):
        stack = curve(Sphere(50.0), structure_factor="stacked-spheres", beads=beads, bead_gap=12.0, bead_gap_std=3.0)
        string = {"structure_factor": "string", "beads": beads, "bead_spacing": 62.0, "bead_spacing_std": 3.0}
        np.testing.assert_allclose(stack, curve(Sphere(50.0), **string), rtol=1e-6, atol=1e-9 * stack[0])


def test_touching_spheres_of_wrong_samples() -> None:
    for shape, words in ((Cube(40.0), 'shape = "cube"'), (None, "one population alone")):
        populations = {"a": Population("x", shape or Sphere(40.0))}
        if shape is None:
            populations["b"] = Population("x", Sphere(50.0))
        sample = Sample(populations, {"x": crystal(CIF)})
        with pytest.raises(InputError, match=r"datasets\.saxs\.structure_factor") as caught:
            bound(sample, q=GRID, structure_factor="stacked-spheres", beads=4.0)
        assert words in str(caught.value)


def test_strings_of_polydisperse_spheres_against_explicit_ones() -> None:
    """⟨F²⟩ + ⟨F⟩²(S − 1) for sizes that are independent of places, by drawing strings of spheres; to their noise."""
    rng = np.random.default_rng(2)
    s = np.sqrt(np.log1p(0.15**2))
    diameters = np.exp(rng.normal(np.log(50.0) - s * s / 2, s, (40000, 4)))
    q = np.linspace(0.02, 0.2, 10)
    cosine = (np.arange(40000) + rng.random(40000)) / 40000
    found = curve(
        Sphere(Distribution("lognormal", 50.0, 7.5)), q="0.02:0.2:0.02", structure_factor="string", beads=4.0,
        bead_spacing=60.0,
    )  # fmt: skip
    for k, value in zip(q, found, strict=True):
        waves = np.exp(1j * k * cosine[:, None] * 60.0 * np.arange(4.0))
        squares = np.abs((volume_form(k, diameters) * waves).sum(axis=1)) ** 2 / 4 * NICKEL**2
        assert value == pytest.approx(squares.mean(), abs=4.0 * squares.std() / 200.0)


def test_decoupling_of_prisms_alike() -> None:
    """Crystals that are no spheres: ⟨F⟩² is less than ⟨F²⟩, so S counts less."""
    prism = Prism(30.0, 120.0)
    plain = curve(prism)
    stacked = curve(prism, structure_factor="hard-spheres", effective_radius=60.0, effective_fraction=0.2)
    effective = (stacked / plain - 1.0) / (hard_spheres(Q, 60.0, 0.2) - 1.0)
    assert np.all((effective > -1e-9) & (effective < 1.0 + 1e-9))
    assert effective[0] > 0.99
    assert effective[20] < 0.9


# ---- instrument --------------------------------------------------------------------------------------


def test_pinhole_against_a_convolution() -> None:
    fine = np.linspace(1e-4, 0.6, 24000)
    ideal = (NICKEL * sphere(fine, 60.0)) ** 2
    width = 0.002 + 0.02 * Q
    expected = []
    for q, sigma in zip(Q, width, strict=True):
        weight = np.exp(-0.5 * ((fine - q) / sigma) ** 2) * (np.abs(fine - q) < 4 * sigma)
        expected.append(weight @ ideal / weight.sum())
    found = curve(Sphere(60.0), q_resolution=0.002, q_resolution_slope=0.02)
    np.testing.assert_allclose(found, expected, rtol=2e-3)


def test_slit_against_an_integral() -> None:
    along = (np.arange(200000) + 0.5) / 200000 * 0.2
    expected = [np.mean((NICKEL * sphere(np.hypot(q, along), 60.0)) ** 2) for q in Q[::12]]
    np.testing.assert_allclose(curve(Sphere(60.0), slit_length=0.2)[::12], expected, rtol=1e-3)


def test_an_infinite_slit_turns_porods_law_into_the_third_power() -> None:
    """∫ dl/(q² + l²)² = π/(4 q³) for l from 0 to infinity."""
    shape = Sphere(Distribution("lognormal", 80.0, 24.0))
    found = curve(shape, slit_length=50.0)
    surface = np.pi * 80.0**2 * (1 + 0.3**2)
    expected = 2 * np.pi * surface * NICKEL**2 * np.pi / 4 / Q**3 / 50.0
    assert found[-1] / expected[-1] == pytest.approx(1.0, abs=0.02)


# ---- data --------------------------------------------------------------------------------------------


def written(folder: Path, name: str, *columns: np.ndarray, header: str = "") -> Path:
    path = folder / name
    rows = "\n".join(" ".join(f"{v:.10g}" for v in row) for row in zip(*columns, strict=True))
    path.write_text(f"{header}{rows}\n", encoding="utf-8")
    return path


def bound(sample: Sample | None = None, **settings: Any) -> Any:
    settings = {"solvent": "vacuum"} | settings
    return Saxs(**settings).bind("saxs", sample or sample_of(CIF, Sphere(40.0)))


def test_files_with_sigma_resolution_and_nm(tmp_path: Path) -> None:
    q, i = Q[:30], np.exp(-Q[:30] * 20)
    plain = bound(file=written(tmp_path, "a.dat", q, i, 0.1 * i, header="# q I dI\n"))
    np.testing.assert_allclose(plain.measured.sigma, 0.1 * i)
    per_nm = bound(file=written(tmp_path, "b.csv", 10 * q, i, header="q I\n"), q_unit="1/nm", q_range=(0.02, 0.1))
    assert (per_nm.measured.x[0], per_nm.measured.x[-1]) == pytest.approx((0.02, 0.1))
    np.testing.assert_allclose(per_nm.measured.sigma, 0.03 * per_nm.measured.observed, rtol=0.2)
    columns = ["q", "intensity", "sigma", "dq"]
    with_dq = bound(file=written(tmp_path, "c.txt", q, i, 0.1 * i, 0.02 * q), columns=columns, q_range=(0.05, 0.1))
    np.testing.assert_allclose(with_dq.width, 0.02 * with_dq.measured.x, rtol=1e-9)


def test_cansas_and_measured_silica() -> None:
    """Ludox silica, SANS: 92 points with σ and resolution; the file states 1/A and 1/cm."""
    model = bound(file=measured("saxs/sasview_BSD3/Ludox_silica.xml"))
    assert (len(model.measured.x), model.measured.x[0], model.measured.observed[0]) == (92, 0.00714, 226.539)
    assert (model.measured.sigma[0], model.width[0]) == (1.93973, 0.00144239)


def test_the_slit_of_a_file_holds_unless_the_study_says_another(tmp_path: Path) -> None:
    q = [0.001 * k for k in range(1, 60)]
    columns = {"Q": (q, "1/A"), "I": ([1.0] * len(q), "a.u."), "dQl": ([0.05] * len(q), "1/A")}
    path = tmp_path / "slit.xml"
    path.write_text(cansas_xml(Entry([columns])), encoding="utf-8")

    def drawn(**settings: Any) -> np.ndarray:
        model = bound(file=path, **settings)
        values = declared_parameters(model.sample, {"saxs": model.settings}).initial_values()
        return np.asarray(model.curves(Evaluation(values, model.requirement))[0])

    assert "slit_length = 0.05 Å⁻¹ is that of the file." in bound(file=path).measured.notes
    np.testing.assert_array_equal(drawn(), drawn(slit_length=0.05))
    assert np.abs(drawn() / drawn(slit_length=0.0) - 1.0).min() > 0.05
    np.testing.assert_array_equal(drawn(slit_length=0.1), drawn(slit_length=0.1, believe="study"))
    np.testing.assert_array_equal(drawn(q_resolution=0.01), drawn(q_resolution=0.01, believe="study"))


def test_measured_latex_of_a_slit() -> None:
    """Latex of nominally 500 nm by USANS: 4612(11) Å by other code; without its slit it would come out 3 % larger."""
    path = measured("saxs/sasview_BSD3/latex_smeared.xml")
    found = refine(sample_of(CIF, Sphere(vary(4800.0))), {"saxs": Saxs(file=path, entry=2, solvent="vacuum")})
    assert found.parameters["populations.p.diameter"].value == pytest.approx(4612.0, rel=0.01)


def test_measured_silica_as_sasmodels_fits_it() -> None:
    """Hard spheres on absolute scale with the resolution of the file: values of sasmodels 1.1.0 (sphere@hardsphere).

    Lognormal radii, β approximation, its cut of the resolution set to 4 σ as here, 3 % of each intensity as σ,
    scattering lengths of silica in water (3.47 and −0.56 · 10⁻⁶ Å⁻²), fitted with scipy. It is no good model for
    charged spheres (reduced χ² 52 in both programs): the volume fraction means little, as the scale, 0.35, shows.
    """
    contrast = 4.03e-6 / (1e8 * ELECTRON_RADIUS)  # e/Å³ that scatter as much
    data = Saxs(
        file=measured("saxs/sasview_BSD3/Ludox_silica.xml"), q_range=(0.0081, 0.199), weights="relative",
        solvent_electron_density=NICKEL - contrast, structure_factor="hard-spheres", volume_fraction=vary(0.5),
        effective_radius=vary(170.0), effective_fraction=tied("datasets.saxs.volume_fraction"), scale=vary(0.4),
        background=vary(0.7),
    )  # fmt: skip
    result = refine(sample_of(CIF, Sphere(Distribution("lognormal", vary(190.0), vary(30.0)))), {"saxs": data})
    found = result.parameters
    for address, theirs, within in (
        ("populations.p.diameter.mean", 197.134, 0.3), ("populations.p.diameter.std", 32.154, 0.1),
        ("datasets.saxs.effective_radius", 179.108, 0.5), ("datasets.saxs.volume_fraction", 0.52255, 0.003),
        ("datasets.saxs.scale", 0.35450, 0.0025), ("datasets.saxs.background", 0.78525, 0.001),
    ):  # fmt: skip
        assert found[address].value == pytest.approx(theirs, abs=within), address


def test_measured_spheres() -> None:
    """Nanoparticles in solution: radius 19.9 Å and 9 %, as other code finds for the same file."""
    path = measured("saxs/xrsdkit_SLAC_BSD3/spheres_0.dat")
    sample = sample_of(CIF, Sphere(Distribution("lognormal", vary(36.0), vary(5.0))))
    data = Saxs(file=path, columns=["q", "intensity"], q_range=(0.04, 0.35), solvent="vacuum")
    found = refine(sample, {"saxs": data}).parameters
    mean, std = (found[f"populations.p.diameter.{k}"].value for k in ("mean", "std"))
    assert mean / 2 == pytest.approx(19.9, abs=0.2)
    assert std / mean == pytest.approx(0.09, abs=0.01)


def test_a_file_with_resolution_as_a_column() -> None:
    """Polarised SANS of iron oxide spheres: 100 points, four columns without headings."""
    path = measured("saxs/sasview_BSD3/S50_15kG_vertSector_RF+.txt")
    model = bound(file=path, columns=["q", "intensity", "sigma", "dq"])
    assert (len(model.measured.x), len(model.width)) in ((100, 100), (105, 105))
    assert np.all((model.width > 0.001) & (model.width < 0.03))


# ---- fits --------------------------------------------------------------------------------------------


def test_total_scattering_and_small_angles_share_their_sizes(tmp_path: Path) -> None:
    """Prisms with a bivariate distribution: every size is better determined by both than by either alone."""
    truth = Prism(Distribution("lognormal", 34.0, 5.0), Distribution("lognormal", 44.0, 6.0))
    data = {
        "ts": TotalScattering(q="2.0:8.0:0.02", background_terms=0, noise=Noise(counts=2e4, seed=1)),
        "saxs": Saxs(q="0.02:0.4:0.004", solvent="toluene", noise=Noise(counts=2e4, seed=2)),
    }
    for name, columns in simulated_curves(sample_of(CIF, truth), data, tmp_path).items():
        written(tmp_path, f"{name}.dat", *columns.values(), header="q I sigma\n")
    start = Prism(Distribution("lognormal", vary(31.0), vary(6.0)), Distribution("lognormal", vary(47.0), vary(5.0)))
    fitted = {
        "ts": TotalScattering(file=tmp_path / "ts.dat", background_terms=0),
        "saxs": Saxs(file=tmp_path / "saxs.dat", solvent="toluene", background=0.0),
    }
    errors, values = {}, {}
    for key in (("ts",), ("saxs",), ("ts", "saxs")):
        result = refine(sample_of(CIF, start), {k: fitted[k] for k in key})
        sizes = {a: p for a, p in result.parameters.items() if a.startswith("populations.p.") and p.status == "free"}
        errors[key] = {a: p.stderr for a, p in sizes.items()}
        values[key] = {a: p.value for a, p in sizes.items()}
    both = errors["ts", "saxs"]
    expected = {"d_ab.mean": 34.0, "d_ab.std": 5.0, "l_c.mean": 44.0, "l_c.std": 6.0}
    for local, true in expected.items():
        address = f"populations.p.{local}"
        assert both[address] < min(errors["ts",][address], errors["saxs",][address])
        assert abs(values["ts", "saxs"][address] - true) < 4.0 * both[address]


def test_background_and_power_law_are_found(tmp_path: Path) -> None:
    signal = curve(Sphere(Distribution("lognormal", 60.0, 9.0)), q="0.01:0.5:0.005")
    flat, steep = 2e-5 * signal[0], 1e-10 * signal[0]
    total = signal + flat + steep * Q**-4.0
    path = written(tmp_path, "a.dat", Q, total, 0.01 * total, header="q I sigma\n")
    sample = sample_of(CIF, Sphere(Distribution("lognormal", vary(55.0), vary(12.0))))
    found = refine(sample, {"saxs": Saxs(file=path, solvent="vacuum", power_law_background=True)}).parameters
    for address, value in (
        ("populations.p.diameter.mean", 60.0), ("populations.p.diameter.std", 9.0), ("datasets.saxs.scale", 1.0),
        ("datasets.saxs.background", flat), ("datasets.saxs.power_law", steep),
    ):  # fmt: skip
        assert found[address].value == pytest.approx(value, rel=1e-4), address


# ---- wrong input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "needs either a file or"),
        ({"q": GRID, "solvent": None}, "solvent: is missing"),
        ({"q": GRID, "solvent": "tolune"}, "did you mean 'toluene'"),
        ({"q": GRID, "solvent_electron_density": 0.3}, "stands beside solvent_electron_density"),
        ({"q": "0:0.5:0.01"}, "q must be above 0"),
        ({"q": "0.1:5:0.01"}, 'if it is in nm⁻¹ say q_unit = "1/nm"'),
        ({"q": GRID, "beads": 6.0}, 'needs structure_factor = "string"'),
        ({"q": GRID, "structure_factor": "string", "beads": 6.0}, "bead_spacing: is missing"),
        ({"q": GRID, "power": 3.0}, "needs power_law_background"),
        ({"q": GRID, "volume_fraction": 0.1, "number_density": 1e15}, "stands beside volume_fraction"),
        ({"q": GRID, "slit_length": 0.1, "q_resolution": 0.01}, "a slit or a pinhole, not both"),
        ({"q": GRID, "energy": -1.0}, "must be above 0"),
        ({"q": GRID, "q_range": (0.1, 0.2)}, "chooses points of a file"),
    ],
)
def test_settings_that_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=r"datasets\.saxs") as caught:
        bound(**settings)
    assert words in str(caught.value)


def test_values_out_of_their_limits_are_refused() -> None:
    for key, value, extra in (
        ("volume_fraction", 0.8, {}),
        ("effective_fraction", 0.8, {"structure_factor": "hard-spheres", "effective_radius": 50.0}),
        ("beads", 0.5, {"structure_factor": "string", "bead_spacing": 50.0}),
    ):
        with pytest.raises(InputError, match=f"{key}.*must be a number"):
            curve(Sphere(40.0), **{key: value}, **extra)
    with pytest.raises(InputError, match=r"coating\.thickness.*at least 0"):
        curve(Sphere(40.0), Coating(-5.0, 0.3))


def test_samples_that_are_refused() -> None:
    with pytest.raises(InputError, match="needs finite crystals"):
        bound(sample_of(CIF, Bulk()), q=GRID)
    for shape in (Bulk(), Octahedron(40.0)):
        with pytest.raises(InputError, match=r"populations\.p\.coating"):
            Sample({"p": Population("x", shape, coating=Coating(5.0, 0.3))}, {"x": crystal(CIF)})


HEXAGONAL = """data_x
_cell_length_a 4.3
_cell_length_b 4.3
_cell_length_c 7.0
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
_space_group_name_H-M_alt 'P 6'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Cd1 Cd 0 0 0
"""


@pytest.mark.parametrize("std", [0.0, 8.0])
def test_prisms_along_oblique_vectors(std: float) -> None:
    """A base with an angle of 120°, by its γ₀: the closed amplitude averaged over half of all directions."""
    lengths = [(40.0, 60.0, 1.0)]
    if std:
        s = np.sqrt(np.log1p((std / 40.0) ** 2))
        z = np.linspace(-5.0, 6.0, 45)
        weight = np.exp(-0.5 * z**2)
        lengths = [(40.0 * np.exp(s * x - 0.5 * s * s), 60.0, w / weight.sum()) for x, w in zip(z, weight, strict=True)]
    nodes, weights = np.polynomial.legendre.leggauss(64)
    cosine, azimuth = 0.5 * (nodes + 1)[:, None], np.pi * (np.arange(96) + 0.5) / 96
    sine = np.sqrt(1 - cosine**2)
    q = np.linspace(0.02, 0.3, 15)
    expected = np.zeros(15)
    for d_ab, l_c, part in lengths:
        edge = d_ab * np.sqrt(np.pi / 4 / np.sin(np.pi / 3))
        volume = np.pi / 4 * d_ab**2 * l_c
        for k, x in enumerate(q):
            along = [x * sine * np.cos(azimuth - angle) * edge / 2 for angle in (0.0, 2 * np.pi / 3)]
            f = volume * np.sinc(along[0] / np.pi) * np.sinc(along[1] / np.pi) * np.sinc(x * cosine * l_c / 2 / np.pi)
            expected[k] += part * 0.5 * weights @ (f**2).mean(axis=1)
    shape = Prism(Distribution("lognormal", 40.0, std) if std else 40.0, 60.0)
    sample = sample_of(HEXAGONAL, shape)
    density = 48 / (4.3**2 * np.sin(np.pi / 3) * 7.0)
    found = calculated(sample, Saxs(q="0.02:0.3:0.02", solvent="vacuum"), "saxs")  # type: ignore[arg-type]
    off = np.abs(found / density**2 / expected - 1.0)
    assert off.max() < (1e-3 if std else 3e-3), off


def test_blocks_one_by_one_are_refused() -> None:
    body = FixedBody([(0, 0, 0), (1, 0, 0)])
    with pytest.raises(InputError, match="has no smooth surface"):
        bound(sample_of(CIF, body), q=GRID)


def test_counted_lengths_are_summed() -> None:
    """A histogram from images, its lengths stretched by its factor."""
    counted = Sphere(Histogram((30.0, 40.0), (3.0, 1.0), factor=1.5))
    expected = NICKEL**2 * (0.75 * sphere(Q, 45.0) ** 2 + 0.25 * sphere(Q, 60.0) ** 2)
    np.testing.assert_allclose(curve(counted), expected, rtol=1e-6)


def test_a_core_and_a_shell_of_other_composition() -> None:
    """The shell half empty: nested spheres of two densities."""
    shell = Shell(thickness=8.0, occupancy={"Ni": 0.5})
    sample = Sample({"p": Population("x", Sphere(50.0), shell=shell)}, {"x": crystal(CIF)})
    found = calculated(sample, Saxs(q=GRID, solvent="vacuum"), "saxs")  # type: ignore[arg-type]
    expected = (0.5 * NICKEL * (sphere(Q, 50.0) + sphere(Q, 34.0))) ** 2
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-10 * found[0])


def test_explicit_atoms_are_refused() -> None:
    from support.modelling import cluster_sample

    with pytest.raises(InputError, match="fit small angles of atoms in vacuum with technique total-scattering"):
        bound(cluster_sample(["Ni", "Ni"], np.array([[0.0, 0, 0], [2.5, 0, 0]]), {"Ni": 0.01}), q=GRID)


def test_negative_intensities_stay(tmp_path: Path) -> None:
    i = np.exp(-Q * 20)
    i[-1] = -1e-5
    model = bound(file=written(tmp_path, "a.dat", Q, i, 0 * i + 1e-4, header="q I sigma\n"))
    assert model.measured.observed[-1] == -1e-5
    assert "1 point is negative" in " ".join(model.measured.notes)
    with pytest.raises(InputError, match="some intensities are negative"):
        bound(file=tmp_path / "a.dat", weights="counting")


STUDY = """
[crystals.ni]
cif = "Ni.cif"

[populations.dots]
crystal = "ni"
shape = "cube"
edge_length = { distribution = "lognormal", mean = 60.0, std = 9.0 }
[populations.dots.coating]
thickness = { value = 12.0, vary = true }
electron_density = 0.45

[datasets.saxs]
technique = "saxs"
q = "0.01:0.4:0.01"
solvent = "toluene"
volume_fraction = 0.001
structure_factor = "hard-spheres"
effective_radius = 60.0
effective_fraction = { value = 0.1, vary = true }
"""


def test_a_study_with_a_coating(tmp_path: Path) -> None:
    (tmp_path / "Ni.cif").write_text(CIF, encoding="utf-8")
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    study = read_study(tmp_path / "study.toml")
    columns = study.simulated()["saxs"]
    assert list(columns) == ["q", "intensity"]
    assert {"populations.dots.coating.thickness", "datasets.saxs.effective_fraction"} <= set(
        study.parameters.initial_values()
    )
    coating = Coating(12.0, 0.45)
    settings = {"volume_fraction": 0.001, "structure_factor": "hard-spheres", "effective_radius": 60.0}
    expected = curve(
        Cube(Distribution("lognormal", 60.0, 9.0)), coating, q="0.01:0.4:0.01", solvent="toluene",
        effective_fraction=0.1, **settings,
    )  # fmt: skip
    np.testing.assert_allclose(columns["intensity"], expected)


def test_other_techniques_do_not_see_a_coating() -> None:
    plain = sample_of(CIF, Sphere(30.0))
    coated = Sample({"p": Population("x", Sphere(30.0), coating=Coating(10.0, 0.5))}, {"x": crystal(CIF)})
    data = TotalScattering(q="0.5:6:0.05")
    np.testing.assert_array_equal(calculated(plain, data, "ts"), calculated(coated, data, "ts"))  # type: ignore[arg-type]


@cache
def the_example() -> Result:
    return read_study(EXAMPLES / "saxs_cspbbr3.toml").refine()


def test_the_example_finds_its_strings_again() -> None:
    """CsPbBr3 prisms, six in a row: what saxs_make_cspbbr3.py put in."""
    result = the_example()
    truth = {
        "populations.dots.d_ab.mean": 81.9, "populations.dots.d_ab.std": 19.7, "datasets.saxs.beads": 6.0,
        "datasets.saxs.bead_spacing": 130.0, "datasets.saxs.bead_spacing_std": 8.0,
        "datasets.saxs.volume_fraction": 2e-4, "datasets.saxs.background": 2e-4,
    }  # fmt: skip
    for address, value in truth.items():
        found = result.parameters[address]
        assert found.stderr is not None
        assert abs(found.value - value) < 4.0 * found.stderr, address
    assert result.datasets["saxs"].chi2_red == pytest.approx(1.0, abs=0.25)


def test_the_report_draws_small_angles_on_logarithmic_axes() -> None:
    figure = fit_figure(the_example().datasets["saxs"])
    assert (figure["layout"]["xaxis"]["type"], figure["layout"]["yaxis"]["type"]) == ("log", "log")
