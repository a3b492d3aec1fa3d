"""Identities of scattering that hold for any sample, on absolute scale: limits of I(Q), sum rule, slope of G(r), U.

Form factors are summed here from the numbers printed by Waasmaier & Kirfel, Acta Cryst. A51, 416 (1995); numbers of
atoms and densities follow from cells by hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import simpson

from nanocrystal.sample import Brick, Bulk, Crystal, Cube, Ellipsoid, Population, Sample, SiteOverride, Sphere
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.techniques import Pdf, Powder, TotalScattering
from support.cifs import PLAIN, named, tensor
from support.cifs import cif as cif_of
from support.modelling import calculated, cluster_sample, sample_of
from support.structures import CUBIC, NICKEL, WURTZITE_CDSE

PRINTED = {
    "Ni": (-2.762697, (13.521865, 6.947285, 3.866028, 2.1359, 4.284731),
           (4.077277, 0.286763, 14.622634, 71.96608, 0.004437)),
    "Br": (-2.492088, (17.55057, 5.411882, 3.93718, 3.880645, 6.707793),
           (2.119226, 16.557184, 0.002481, 42.164009, 0.162121)),
    "Cs": (-2.322802, (17.418674, 8.314444, 10.323193, 1.383834, 19.876251),
           (0.399828, 0.016872, 25.605827, 233.339676, 3.826915)),
    "Pb": (4.049824, (16.419567, 32.73859, 6.530247, 2.342742, 19.916475),
           (0.105499, 1.055049, 25.02589, 80.906593, 6.664449)),
}  # fmt: skip
"""c, a_k and b_k (Å²) of f(s) = c + Σ a_k exp(−b_k s²), s = Q/4π"""
NICKEL_EDGE, PEROVSKITE_EDGE = 3.52, 5.87
"""Å"""
NICKEL_DENSITY = 4.0 / NICKEL_EDGE**3
"""atoms per Å³"""
FORMULA = {"Cs": 1, "Pb": 1, "Br": 3}


def f(element: str, q: np.ndarray) -> np.ndarray:
    c, a, b = PRINTED[element]
    return np.asarray(c + np.exp(-np.outer((q / (4.0 * np.pi)) ** 2, b)) @ np.array(a))


def of_formula(power: int, q: np.ndarray) -> np.ndarray:
    """Return Σ f^power over the atoms of CsPbBr3."""
    return np.asarray(sum(n * f(e, q) ** power for e, n in FORMULA.items()))


def total(sample: Sample, q: str) -> np.ndarray:
    return calculated(sample, TotalScattering(q=q, background_terms=0), "iq")


# ---- both ends of I(Q) -----------------------------------------------------------------------------

FAR, FAR_Q = "18:24:0.5", 18.0 + 0.5 * np.arange(13)
BLURRED = 0.06
"""Å²; leaves exp(−u Q²) < 4e-9 of what pairs interfere"""


@pytest.mark.parametrize(
    ("shape", "volume"),
    [
        (Sphere(40.0), np.pi / 6.0 * 40.0**3),
        (Ellipsoid(24.0, 36.0), np.pi / 6.0 * 24.0**2 * 36.0),
        (Brick(20.0, 27.3, 31.1), 20.0 * 27.3 * 31.1),
        (Cube(4 * PEROVSKITE_EDGE), (4 * PEROVSKITE_EDGE) ** 3),
    ],
)
def test_far_out_atoms_scatter_alone(shape: Any, volume: float) -> None:
    """I → Σ f², whatever the shape."""
    found = total(sample_of(CUBIC, shape, BLURRED), FAR)
    expected = volume / PEROVSKITE_EDGE**3 * of_formula(2, FAR_Q)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_far_out_places_that_are_half_filled_scatter_by_half() -> None:
    """The self term is o f²; where it were o² f², Br would count half of that."""
    sample = sample_of(CUBIC, Cube(4 * PEROVSKITE_EDGE), BLURRED, sites={"Br": SiteOverride(occupancy=0.5)})
    expected = 64.0 * (of_formula(2, FAR_Q) - 1.5 * f("Br", FAR_Q) ** 2)
    np.testing.assert_allclose(total(sample, FAR), expected, rtol=1e-6)


def test_both_ends_of_a_list_of_atoms() -> None:
    positions = np.random.default_rng(8).uniform(0.0, 20.0, (60, 3))
    elements = ["Ni"] * 25 + ["Br"] * 35
    sample = cluster_sample(elements, positions, {"Ni": 0.02, "Br": 0.03})
    near = total(sample, "0:9:1")[0]
    q = np.zeros(1)
    assert near == pytest.approx(float((25.0 * f("Ni", q) + 35.0 * f("Br", q))[0]) ** 2, rel=1e-9)
    apart = 6.0 * positions[::10] * np.array([1.0, 1.7, 2.3])
    blurred = cluster_sample(elements[::10], apart, {"Ni": BLURRED, "Br": BLURRED})
    expected = 3.0 * f("Ni", FAR_Q) ** 2 + 3.0 * f("Br", FAR_Q) ** 2
    np.testing.assert_allclose(total(blurred, FAR), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "cells"),
    [(Cube(5 * PEROVSKITE_EDGE), 125.0), (Brick(2 * PEROVSKITE_EDGE, 3 * PEROVSKITE_EDGE, 7 * PEROVSKITE_EDGE), 42.0)],
)
def test_at_zero_all_electrons_scatter_together(shape: Any, cells: float) -> None:
    """I(0) = (Σ f)²; vacancies at random add Laue's o (1 − o) f² each."""
    q = np.zeros(1)
    all_there = float(cells * of_formula(1, q)[0])
    found = total(sample_of(CUBIC, shape, 0.02), "0:9:1")[0]
    assert found == pytest.approx(all_there**2, rel=1e-9)
    half = sample_of(CUBIC, shape, 0.02, sites={"Br": SiteOverride(occupancy=0.5)})
    bromine = float(f("Br", q)[0])
    expected = (all_there - 1.5 * cells * bromine) ** 2 + 3.0 * cells * 0.25 * bromine**2
    assert total(half, "0:9:1")[0] == pytest.approx(expected, rel=1e-9)


def test_at_zero_spheres_scatter_as_the_square_of_their_atoms() -> None:
    """⟨N²⟩ f(0)² with N counted in spheres at 4,000 places of their centre; ⟨N⟩ is the volume over that of an atom."""
    diameter = 24.0
    n = np.arange(-5, 6)
    basis = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    atoms = NICKEL_EDGE * (np.array(np.meshgrid(n, n, n)).reshape(3, -1).T[:, None] + basis).reshape(-1, 3)
    centres = NICKEL_EDGE * np.random.default_rng(0).random((4000, 3))
    counted = np.array([np.count_nonzero(((atoms - c) ** 2).sum(axis=1) < diameter**2 / 4.0) for c in centres])
    atoms_of_volume = np.pi / 6.0 * diameter**3 * NICKEL_DENSITY
    near = total(sample_of(NICKEL, Sphere(diameter), 0.02), "0:9:1")[0] / float(f("Ni", np.zeros(1))[0]) ** 2
    variance = np.mean((counted - atoms_of_volume) ** 2)
    error = 4.0 * np.std((counted - atoms_of_volume) ** 2) / np.sqrt(len(counted))
    assert near - atoms_of_volume**2 == pytest.approx(variance, abs=error)
    assert near == pytest.approx(atoms_of_volume**2, rel=2e-4)


# ---- sum rule ---------------------------------------------------------------------------------------

LAST_Q = 26.0
DISPLACED = 0.03
"""Å²; pairs have fallen to exp(−u Q²) = 2e-9 at the last Q, and no two atoms come within 2.49 − 9 √(2u) Å"""


def structure_factor_less_one(shape: Any, atoms: float) -> tuple[np.ndarray, np.ndarray]:
    """Return Q and S(Q) − 1 of nickel from its I(Q)."""
    step = 0.004
    q = step * np.arange(round(LAST_Q / step) + 1)
    intensity = total(sample_of(NICKEL, shape, DISPLACED), f"0:{LAST_Q}:{step}")
    square = f("Ni", q) ** 2
    return q, (intensity / atoms - square) / square


@pytest.mark.parametrize(
    ("shape", "volume"), [(Sphere(60.0), np.pi / 6.0 * 60.0**3), (Cube(13 * NICKEL_EDGE), (13 * NICKEL_EDGE) ** 3)]
)
def test_no_two_atoms_are_at_one_place(shape: Any, volume: float) -> None:
    """∫ Q² (S − 1) dQ = 2π² ρ(r = 0) = 0, where all of S is counted, small angles too; in units of 2π² ρ₀."""
    q, less_one = structure_factor_less_one(shape, volume * NICKEL_DENSITY)
    found = simpson(q**2 * less_one, x=q)
    assert found / (2.0 * np.pi**2 * NICKEL_DENSITY) == pytest.approx(0.0, abs=1e-7)


def test_sum_rule_of_a_large_sphere() -> None:
    """∫ Q² (S − 1) dQ = −2π² ρ₀ without the small angles, which are those of a homogeneous ball.

    The ball, N Φ², is cut off at the last Q: by Porod's law it lacks 2π ρ₀ S/(V Q), 0.13 %, of its 2π² ρ₀.
    """
    diameter = 60.0
    atoms = np.pi / 6.0 * diameter**3 * NICKEL_DENSITY
    q, less_one = structure_factor_less_one(Sphere(diameter), atoms)
    x = np.maximum(0.5 * q * diameter, 1e-3)
    ball = atoms * (3.0 * (np.sin(x) - x * np.cos(x)) / x**3) ** 2
    found = simpson(q**2 * (less_one - ball), x=q)
    cut = 2.0 * np.pi * NICKEL_DENSITY * 6.0 / diameter / LAST_Q
    assert found == pytest.approx(-2.0 * np.pi**2 * NICKEL_DENSITY + cut, rel=3e-6)


# ---- G(r) below the first peak ----------------------------------------------------------------------

CADMIUM_SELENIDE_DENSITY = 4.0 / (4.3**2 * 7.01 * np.sqrt(3.0) / 2.0)
"""atoms per Å³"""
BEGIN = 0.3 + 0.1 * np.arange(12)
"""Å; nearer to 0 the kink of γ₀ makes ripples of qmax"""


def of_ball(x: np.ndarray) -> np.ndarray:
    return 1.0 - 1.5 * x + 0.5 * x**3


def of_cube(x: np.ndarray) -> np.ndarray:
    return 1.0 - 1.5 * x + 2.0 * x**2 / np.pi - x**3 / (4.0 * np.pi)


@pytest.mark.parametrize(
    ("text", "density", "form"),
    [(NICKEL, NICKEL_DENSITY, "debye"), (WURTZITE_CDSE, CADMIUM_SELENIDE_DENSITY, "pdfgui")],
)
@pytest.mark.parametrize("scale", [1.0, 0.37])
def test_g_of_r_begins_with_the_density(text: str, density: float, form: Any, scale: float) -> None:
    """−4π ρ₀ r γ₀(r) before the first peak: of bulk, of a sphere of 18 Å and, for nickel, of a cube of 18 Å.

    "debye" weighs pairs of unlike elements with f(Q), so that their peaks have feet; then it holds for one element.
    """
    shapes: list[tuple[Any, Any]] = [(Bulk(), np.ones_like), (Sphere(18.0), of_ball)]
    if text == NICKEL:
        shapes.append((Cube(18.0), of_cube))
    for shape, envelope in shapes:
        settings = Pdf(r="0.3:1.41:0.1", qmax=60.0, peak_form=form, scale=scale)
        found = calculated(sample_of(text, shape, 0.01), settings)
        expected = -4.0 * np.pi * density * BEGIN * envelope(BEGIN / 18.0) * scale
        np.testing.assert_allclose(found, expected, rtol=1e-5)


# ---- U, B and β -------------------------------------------------------------------------------------

CELL = np.array([5.1, 6.2, 7.3, 82.0, 97.0, 104.0])
U = np.array([[0.011, 0.002, -0.001], [0.002, 0.017, 0.003], [-0.001, 0.003, 0.023]])
"""Å², in units of the reciprocal axes, as CIF has it"""
PAIRS = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)]


def metric() -> np.ndarray:
    """Return a_i·a_j, (3, 3) Å²."""
    alpha, beta, gamma = np.cos(np.radians(CELL[3:]))
    return np.outer(CELL[:3], CELL[:3]) * np.array([[1, gamma, beta], [gamma, 1, alpha], [beta, alpha, 1]])


def equivalent() -> float:
    """Return U_eq = ⅓ Σ U_ij a*_i a*_j a_i·a_j, Å²."""
    reciprocal = np.sqrt(np.diag(np.linalg.inv(metric())))
    return float((U * np.outer(reciprocal, reciprocal) * metric()).sum() / 3.0)


def given_as(kind: str) -> str:
    """Return the CIF with the displacements of nickel as U, B or β tensor, or as U_iso or B_iso."""
    cell, group, site = " ".join(map(repr, CELL.tolist())), named("P -1"), "Ni1 Ni 0.13 0.27 0.31"
    if kind in ("U_iso", "B_iso"):
        number = equivalent() * (1.0 if kind == "U_iso" else 8.0 * np.pi**2)
        return cif_of(cell, group, f"{site} {number!r}", f"{PLAIN} {kind}_or_equiv")
    reciprocal = np.sqrt(np.diag(np.linalg.inv(metric())))
    factor = {"U": 1.0, "B": 8.0 * np.pi**2, "beta": 2.0 * np.pi**2 * np.outer(reciprocal, reciprocal)}[kind]
    row = " ".join(repr(float((U * factor)[i, j])) for i, j in PAIRS)
    return cif_of(cell, group, site) + tensor(kind, f"Ni1 {row}")


def curves_of(crystal: Crystal) -> dict[str, np.ndarray]:
    """Return G(r) and the powder pattern of bulk and I(Q) of a brick."""
    bulk, brick = (Sample({"p": Population("x", s)}, {"x": crystal}) for s in (Bulk(), Brick(20.0, 22.0, 25.0)))
    powder = Powder(two_theta="10:60:0.02", wavelength=1.0, anomalous=False, caglioti_w=0.01)
    return {
        "pdf": calculated(bulk, Pdf(r="1:20:0.05", qmax=22.0)),
        "powder": calculated(bulk, powder, "xrd"),  # type: ignore[arg-type]
        "total": total(brick, "0.5:20:0.05"),
    }


def test_displacements_are_one_in_all_notations() -> None:
    """Three tensors and two numbers against the number by hand; another number shows that the curves depend on it."""
    expected, other = (
        curves_of(Crystal(parse_cif(cif_of(" ".join(map(repr, CELL.tolist())), named("P -1"), "Ni1 Ni 0.13 0.27 0.31"),
                                    "bare.cif"), u_iso={"Ni": u}))
        for u in (equivalent(), 1.001 * equivalent())
    )  # fmt: skip
    for kind in ("U", "B", "beta", "U_iso", "B_iso"):
        found = curves_of(Crystal(parse_cif(given_as(kind), f"{kind}.cif")))
        for name, curve in expected.items():
            assert np.abs(found[name] - curve).max() < 1e-10 * np.abs(curve).max(), (kind, name)
            assert np.abs(other[name] - curve).max() > 1e-5 * np.abs(curve).max(), name
