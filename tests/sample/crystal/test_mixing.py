"""Shared, split and partly filled sites against explicit crystals: drawn at random, or all of them enumerated."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.parameters import vary
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.sample import (
    Brick,
    Crystal,
    Cube,
    Distribution,
    Population,
    Sample,
    SiteOverride,
    Substitution,
)
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import Pdf, TotalScattering
from support.drawn import EMPTY, Draws, cube_places, mean_intensity, mixed, mosaic, standard_errors
from support.modelling import calculated, now
from support.richardson import errors_of_derivatives
from support.structures import CUBIC, CUBIC_CSPBBR3, GAMMA_CSPBBR3, cif

A = CUBIC_CSPBBR3
U_ISO = {"Pb": 0.0127, "Cs": 0.03, "Br": 0.025, "Cl": 0.035}
PB, CS, BR, CL = range(4)
SETTINGS = TotalScattering(q="0.6:12.01:0.3", background_terms=0)
Q = 0.6 + 0.3 * np.arange(39)


def sample(shape: object, text: str = CUBIC, sites: dict[str, SiteOverride] | None = None, **mixing: object) -> Sample:
    """Return a sample whose Br sites are shared with Cl; mixing: what `Substitution` takes, none for Br alone."""
    substitutions = {"Br": Substitution("Cl", **mixing)} if mixing else {}
    u_iso = U_ISO if mixing else {k: v for k, v in U_ISO.items() if k != "Cl"}
    crystal = Crystal(parse_cif(text, "test.cif"), {}, u_iso, sites or {}, substitutions=substitutions)
    return Sample({"p": Population("x", shape)}, {"x": crystal})  # type: ignore[arg-type]


def intensity(of: Sample) -> np.ndarray:
    return calculated(of, SETTINGS, "iq")


# ---- at random ------------------------------------------------------------------------------------


def test_shared_sites_are_the_mean_over_all_crystals() -> None:
    """2 × 1 × 1 cells: all 2⁶ ways to put Br and Cl on their six places, each with its probability."""
    positions, kinds, _ = cube_places((2, 1, 1))
    ways = np.array(list(product((BR, CL), repeat=6)))
    species = np.tile(kinds, (len(ways), 1))
    species[:, kinds == BR] = ways
    probability = 0.3 ** (ways == CL).sum(axis=1) * 0.7 ** (ways == BR).sum(axis=1)
    expected = probability @ Draws(positions, U_ISO, Q).intensities(species)
    np.testing.assert_allclose(intensity(sample(Brick(2 * A, A, A), fraction=0.3)), expected, rtol=1e-6)


def test_shared_sites_with_vacancies_are_the_mean_over_all_crystals() -> None:
    """Two cells: all 3⁶ ways to put Br, Cl or nothing on six places of occupancy 0.8."""
    positions, kinds, _ = cube_places((1, 2, 1))
    ways = np.array(list(product((BR, CL, EMPTY), repeat=6)))
    species = np.tile(kinds, (len(ways), 1))
    species[:, kinds == BR] = ways
    each = {BR: 0.8 * 0.6, CL: 0.8 * 0.4, EMPTY: 0.2}
    probability = np.prod([p ** (ways == k).sum(axis=1) for k, p in each.items()], axis=0)
    expected = probability @ Draws(positions, U_ISO, Q).intensities(species)
    found = intensity(sample(Brick(A, 2 * A, A), sites={"Br": SiteOverride(occupancy=0.8)}, fraction=0.4))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_shared_sites_are_the_mean_over_drawn_crystals() -> None:
    positions, kinds, _ = cube_places((3, 3, 3))
    species = mixed(kinds, BR, CL, 0.35, 3000, np.random.default_rng(1))
    drawn = Draws(positions, U_ISO, Q).intensities(species)
    found = intensity(sample(Cube(3 * A), fraction=0.35))
    assert np.abs(standard_errors(found, drawn)).max() < 4.5
    assert (drawn.std(axis=0) / np.sqrt(len(drawn)) / found).max() < 0.004


SPLIT = cif("5.87 5.87 5.87 90 90 90", "P m -3 m", "Pb Pb 0 0 0 1\nCs Cs 0.5 0.5 0.5 1\nBr Br 0.5 0.0852 0 0.25")


@pytest.mark.parametrize("fraction", [None, 0.35])
def test_split_sites_exclude_each_other(fraction: float | None) -> None:
    """Each Br on one of four places half an ångström off its site, Br or Cl; drawn 3 × 3 × 3 cells."""
    corners = np.array(list(product(range(3), repeat=3)))
    groups = []
    for axis, sides in ((0, (1, 2)), (1, (0, 2)), (2, (0, 1))):
        for side, sign in product(sides, (1.0, -1.0)):
            place = 0.5 * np.eye(3)[axis] + sign * 0.0852 * np.eye(3)[side]
            groups.append(corners + place)
    cage = np.concatenate([corners, corners + 0.5])
    positions = A * np.concatenate([cage, *groups])
    rng = np.random.default_rng(2)
    n, n_cells = 2500, len(corners)
    species = np.full((n, len(positions)), EMPTY)
    species[:, : 2 * n_cells] = np.repeat([PB, CS], n_cells)
    for group in range(3):
        chosen = rng.integers(0, 4, size=(n, n_cells))
        element = np.where(rng.uniform(size=chosen.shape) < (fraction or 0.0), CL, BR)
        for k in range(4):
            column = (2 + 4 * group + k) * n_cells
            species[:, column : column + n_cells] = np.where(chosen == k, element, EMPTY)
    drawn = Draws(positions, U_ISO, Q).intensities(species)
    found = intensity(sample(Cube(3 * A), SPLIT, **({} if fraction is None else {"fraction": fraction})))
    assert np.abs(standard_errors(found, drawn)).max() < 4.5
    assert (drawn.std(axis=0) / np.sqrt(n) / found).max() < 0.006
    independent = np.where(rng.uniform(size=(n, len(positions))) < 0.25, BR, EMPTY)
    independent[:, : 2 * n_cells] = np.repeat([PB, CS], n_cells)
    if fraction is None:  # the draws can tell: places that were filled independently would be far off
        assert np.abs(standard_errors(found, Draws(positions, U_ISO, Q).intensities(independent))).max() > 20.0


def test_g_of_r_of_shared_sites_is_that_of_drawn_crystals() -> None:
    """With qmin, G is the transform of F(Q) of the mean crystal: 3 × 3 × 3 cells, 200 draws."""
    q = np.linspace(0.0, 15.0, 601)[1:]
    q = q[q >= 0.7]
    positions, kinds, _ = cube_places((3, 3, 3))
    draws = Draws(positions, U_ISO, q)
    species = mixed(kinds, BR, CL, 0.35, 200, np.random.default_rng(3))
    drawn = draws.intensities(species)
    f = np.array([form_factor(e, q) for e in U_ISO])
    parts = np.array([0.2, 0.2, 0.6 * 0.65, 0.6 * 0.35])
    mean, square = parts @ f, parts @ f**2
    r = np.arange(1.0, 16.0, 0.1)
    kernel = 2.0 / np.pi * np.sin(np.outer(r, q)) * np.gradient(q)
    kernel[:, [0, -1]] *= 0.5
    g = (q * ((drawn / len(positions) - (square - mean**2)) / mean**2 - 1.0)) @ kernel.T
    found = calculated(sample(Cube(3 * A), fraction=0.35), Pdf(r="1:15.91:0.1", qmax=15.0, qmin=0.7))
    assert np.abs(found - g.mean(axis=0)).max() < 0.01 * np.abs(found).max()
    assert np.sqrt(np.mean(standard_errors(found, g) ** 2)) < 1.5


def test_a_mixed_crystal_survives_its_cif() -> None:
    """The CIF that is written has both elements on their site; read again it scatters the same."""
    mixed_sample = sample(Cube(3 * A), fraction=0.35)
    crystal = mixed_sample.crystals["x"]
    again = Crystal(parse_cif(now(crystal).cif_text("mixed"), "again.cif"))
    assert {(s.label, s.element) for s in again.sites} == {
        ("Pb", "Pb"), ("Cs", "Cs"), ("Br", "Br"), ("Cl_Br", "Cl")
    }  # fmt: skip
    found = intensity(Sample({"p": Population("x", Cube(3 * A))}, {"x": again}))
    np.testing.assert_allclose(found, intensity(mixed_sample), rtol=1e-6)


# ---- clustered ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "fraction"), [(4.0, 0.3), (12.0, 0.5)])
def test_clusters_are_those_of_a_random_mosaic(length: float, fraction: float) -> None:
    """Grains between random planes have exactly the correlation exp(−r/ξ); 3000 crystals of 3 × 3 × 3 cells."""
    positions, kinds, _ = cube_places((3, 3, 3))
    second = mosaic(positions, length, fraction, 3000, np.random.default_rng(4))
    species = np.where(second & (kinds == BR), CL, kinds)
    drawn = Draws(positions, U_ISO, Q).intensities(species)
    found = intensity(sample(Cube(3 * A), fraction=fraction, correlation_length=length))
    assert np.abs(standard_errors(found, drawn)).max() < 4.5
    at_random = intensity(sample(Cube(3 * A), fraction=fraction))
    assert np.abs(standard_errors(at_random, drawn)).max() > 10.0  # the draws can tell


def test_g_of_r_of_clusters() -> None:
    """With qmin: the transform of F(Q), from the double sum with P(i, j) = c_i c_j ± x (1 − x) exp(−r/ξ)."""
    q = np.linspace(0.0, 15.0, 1201)[1:]
    q = q[q >= 0.7]
    positions, kinds, _ = cube_places((3, 3, 3))
    there = np.zeros((len(kinds), 4))
    there[np.arange(len(kinds)), kinds] = 1.0
    there[kinds == BR] = [0.0, 0.0, 0.7, 0.3]
    intensity_of_all = mean_intensity(positions, there, U_ISO, q)
    halides = positions[kinds == BR]
    f = np.array([form_factor(e, q) for e in U_ISO])
    blurred = f * np.exp(-0.5 * np.outer([*U_ISO.values()], q**2))
    for i in range(1, len(halides)):
        r = np.linalg.norm(halides[:i] - halides[i], axis=1)
        pairs = (np.exp(-r / 8.0) * np.sinc(np.outer(q, r) / np.pi)).sum(axis=1)
        intensity_of_all += 2.0 * 0.21 * (blurred[BR] - blurred[CL]) ** 2 * pairs
    atoms = there.sum(axis=0)
    mean, square = atoms @ f / atoms.sum(), atoms @ f**2 / atoms.sum()
    s = (intensity_of_all / atoms.sum() - (square - mean**2)) / mean**2
    r = np.arange(1.0, 16.0, 0.1)
    expected = 2.0 / np.pi * np.trapezoid(q * (s - 1.0) * np.sin(np.outer(r, q)), q, axis=1)
    given = sample(Cube(3 * A), fraction=0.3, correlation_length=8.0)
    found = calculated(given, Pdf(r="1:15.91:0.1", qmax=15.0, qmin=0.7))
    np.testing.assert_allclose(found, expected, atol=3e-3 * np.abs(expected).max())


def test_short_clusters_become_random() -> None:
    at_random = intensity(sample(Cube(3 * A), fraction=0.3))
    np.testing.assert_allclose(intensity(sample(Cube(3 * A), fraction=0.3, correlation_length=0.05)), at_random, 1e-12)


def test_endless_clusters_are_two_kinds_of_crystal() -> None:
    """With ξ far beyond the crystal every crystal is pure: the mean of CsPbBr3 and CsPbCl3."""
    found = intensity(sample(Cube(3 * A), fraction=0.3, correlation_length=1000.0))
    near = intensity(sample(Cube(3 * A), fraction=0.3, correlation_length=500.0))
    pure = [intensity(sample(Cube(3 * A), fraction=x)) for x in (0.0, 1.0)]
    # linear in 1/ξ out there
    np.testing.assert_allclose(2.0 * found - near, 0.7 * pure[0] + 0.3 * pure[1], rtol=2e-3)


# ---- bonds of different length ----------------------------------------------------------------------


def test_bond_difference_moves_the_nearest_pairs_alone() -> None:
    """All 2⁶ crystals of two cells; each Pb–Br is longer by 0.3 × 0.2 Å, each Pb–Cl shorter by 0.7 × 0.2 Å."""
    positions, kinds, _ = cube_places((2, 1, 1))
    ways = np.array(list(product((BR, CL), repeat=6)))
    species = np.tile(kinds, (len(ways), 1))
    species[:, kinds == BR] = ways
    probability = 0.3 ** (ways == CL).sum(axis=1) * 0.7 ** (ways == BR).sum(axis=1)
    draws = Draws(positions, U_ISO, Q)
    all_intensities = draws.intensities(species)
    bonds = [(i, j) for i in np.flatnonzero(kinds == PB) for j in np.flatnonzero(kinds == BR)
             if draws.distance[i, j] < 0.51 * A]  # fmt: skip
    assert len(bonds) == 7
    for i, j in bonds:
        for element, moved in ((BR, 0.3 * 0.2), (CL, -0.7 * 0.2)):
            damping = np.exp(-0.5 * (U_ISO["Pb"] + list(U_ISO.values())[element]) * Q**2)
            r = draws.distance[i, j]
            change = np.sinc(Q * (r + moved) / np.pi) - np.sinc(Q * r / np.pi)
            all_intensities[species[:, j] == element] += 2.0 * draws.f[PB] * draws.f[element] * damping * change
    found = intensity(sample(Brick(2 * A, A, A), fraction=0.3, bond_difference=0.2))
    np.testing.assert_allclose(found, probability @ all_intensities, rtol=2e-6)


def test_bonds_in_g_of_r() -> None:
    """The change of G is the transform of that of the Pb–X pairs, counted by hand in cubes of 5.11 cells."""
    shape, settings = Cube(30.0), Pdf(r="1:8.01:0.02", qmax=25.0)
    moved = sample(shape, fraction=0.4, bond_difference=-0.35)
    found = calculated(moved, settings) - calculated(sample(shape, fraction=0.4), settings)
    n = 30.0 / A
    bonds_per_atom = 3.0 * (n**3 + n**2 * (n - 1.0)) / (5.0 * n**3)  # X of the cell of the Pb, X of its neighbour
    q = np.linspace(0.0, 25.0, 5001)[1:]
    f = {e: form_factor(e, q) for e in U_ISO}
    mean = (f["Pb"] + f["Cs"] + 1.8 * f["Br"] + 1.2 * f["Cl"]) / 5.0
    change, r = np.zeros(len(q)), A / 2.0
    for element, share, by in (("Br", 0.6, -0.35 * 0.4), ("Cl", 0.4, 0.35 * 0.6)):
        damping = np.exp(-0.5 * (U_ISO["Pb"] + U_ISO[element]) * q**2)
        step = np.sin(q * (r + by)) / (r + by) - np.sin(q * r) / r
        change += 2.0 * bonds_per_atom * share * f["Pb"] * f[element] / mean**2 * damping * step
    at = 1.0 + 0.02 * np.arange(351)
    expected = 2.0 / np.pi * np.trapezoid(change * np.sin(np.outer(at, q)), q, axis=1)
    np.testing.assert_allclose(found, expected, atol=2e-3 * np.abs(expected).max())


def test_both_sites_of_an_element_are_bonded() -> None:
    """In γ-CsPbBr3 a mixed Pb moves away from Br1 and Br2 alike: all six bonds, by the direct sum over one Pb."""
    crystal = Crystal(
        parse_cif(GAMMA_CSPBBR3, "test.cif"), {}, {"Cs": 0.01, "Pb": 0.01, "Br": 0.01},
        substitutions={"Pb": Substitution("Sn", 0.4, bond_difference=0.1)},
    )  # fmt: skip
    moved = Sample({"p": Population("x", Cube(24.0))}, {"x": crystal})
    plain = Crystal(
        parse_cif(GAMMA_CSPBBR3, "test.cif"), {}, {"Cs": 0.01, "Pb": 0.01, "Br": 0.01},
        substitutions={"Pb": Substitution("Sn", 0.4)},
    )  # fmt: skip
    change = intensity(moved) - intensity(Sample({"p": Population("x", Cube(24.0))}, {"x": plain}))
    vectors, places = now(plain).vectors, now(plain).positions
    blocks = 24.0**3 / (abs(np.linalg.det(vectors)) / 4.0)
    f = {e: form_factor(e, Q) for e in ("Pb", "Sn", "Br")}
    cells = np.array(list(product((-2, -1, 0, 1, 2), repeat=3)))
    bromine = (np.concatenate(places[2:])[:, None] + cells[None]).reshape(-1, 3)
    r = np.linalg.norm((bromine - places[1][0]) @ vectors, axis=1)
    r = np.sort(r)[:6]
    expected = np.zeros(len(Q))
    for element, share, by in (("Pb", 0.6, 0.04), ("Sn", 0.4, -0.06)):
        step = sum(np.sinc(Q * (x + by) / np.pi) - np.sinc(Q * x / np.pi) for x in r)
        expected += 2.0 * share * f[element] * f["Br"] * np.exp(-0.01 * Q**2) * step
    # at the surface some of the six bonds are missing: 1 − 1/(6 N) per face
    ratio = change @ expected / (expected @ expected) / blocks
    assert 0.8 < ratio < 1.0
    np.testing.assert_allclose(change, ratio * blocks * expected, atol=0.03 * np.abs(change).max())


def test_substitutions_that_cannot_be() -> None:
    def refusal(**substitutions: Substitution) -> str:
        with pytest.raises(InputError) as error:
            Crystal(
                parse_cif(GAMMA_CSPBBR3, "test.cif"), {}, {"Cs": 0.01, "Pb": 0.01, "Br": 0.01},
                substitutions=substitutions,
            )  # fmt: skip
        return str(error.value)

    cl = Substitution("Cl", 0.3)
    assert "crystal.substitution.Bt: is no site" in refusal(Bt=cl)
    assert "is Br, which has the site already" in refusal(Br1=Substitution("Br", 0.3))
    assert "crystal.substitution.Br: has no effect" in refusal(Br1=cl, Br2=cl, Br=Substitution("I", 0.1))
    assert "at most 1, got 1.2" in refusal(Br=Substitution("Cl", 1.2))


# ---- derivatives ------------------------------------------------------------------------------------

MIXTURES = [
    {"fraction": vary(0.3)},
    {"fraction": vary(0.3), "correlation_length": vary(9.0), "bond_difference": vary(0.1)},
]


@pytest.mark.parametrize("mixing", MIXTURES)
@pytest.mark.parametrize("technique", ["iq", "pdf"])
def test_derivatives(mixing: dict[str, object], technique: str, tmp_path: Path) -> None:
    """Fraction, clusters and bonds beside cell, size and occupancy, against Richardson's extrapolation."""
    crystal = Crystal(
        parse_cif(CUBIC, "test.cif"), {"a": vary(A)}, {**U_ISO, "Cl": vary(0.035)},
        {"Cs": SiteOverride(occupancy=vary(0.9))}, substitutions={"Br": Substitution("Cl", **mixing)},  # type: ignore[arg-type]
    )  # fmt: skip
    given = Sample({"p": Population("x", Cube(Distribution("lognormal", vary(30.0), vary(6.0))))}, {"x": crystal})
    if technique == "iq":
        x, y, data = Q, calculated(given, SETTINGS, "iq"), {"iq": TotalScattering(file="d.csv", background_terms=0)}
    else:
        x, settings = 1.0 + 0.1 * np.arange(140), Pdf(r="1:14.91:0.1", qmax=20.0)
        y, data = calculated(given, settings), {"pdf": Pdf(file="d.csv", qmax=20.0, columns=["r", "g"])}
    heading = "q,intensity" if technique == "iq" else "r,g"
    np.savetxt(tmp_path / "d.csv", np.column_stack([x, y]), delimiter=",", header=heading, comments="")
    errors = errors_of_derivatives(bound_problem(given, data, tmp_path), technique)
    assert len(errors) == 5 + len(mixing)
    assert max(errors.values()) < 1e-3, errors
