"""Core and shell, gradients and surfaces that lack atoms, against explicit crystals filled by depth."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.parameters import Evaluation, vary
from nanocrystal.refinement import declared_parameters
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.sample import (
    Brick,
    Bulk,
    Crystal,
    Cube,
    Cylinder,
    Distribution,
    Histogram,
    Platelet,
    Population,
    Prism,
    Sample,
    Shell,
    Sphere,
    Substitution,
    TwinFamily,
)
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.sample.shapes.boxes import nested_offsets
from nanocrystal.sample.surface import shell as shell_module
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import Pdf, TotalScattering
from support.drawn import Draws, cube_places, mean_intensity, standard_errors
from support.gamma_blocks import orthorhombic_prism
from support.modelling import calculated, now
from support.richardson import errors_of_derivatives
from support.structures import CUBIC, CUBIC_CSPBBR3, GAMMA_CSPBBR3, cif

A = CUBIC_CSPBBR3
U_ISO = {"Pb": 0.0127, "Cs": 0.03, "Br": 0.025, "Cl": 0.035}
BR, CL = 2, 3
SETTINGS = TotalScattering(q="0.6:12.01:0.3", background_terms=0)
Q = 0.6 + 0.3 * np.arange(39)
CORE = 0.2


def sample(shape: object, shell: Shell | None, core: object = CORE) -> Sample:
    """Return a sample of CsPb(Br, Cl)3 with this part of Cl in the core."""
    crystal = Crystal(parse_cif(CUBIC, "test.cif"), {}, U_ISO, substitutions={"Br": Substitution("Cl", core)})
    return Sample({"p": Population("x", shape, shell=shell)}, {"x": crystal})  # type: ignore[arg-type]


def intensity(shape: object, shell: Shell | None, core: object = CORE) -> np.ndarray:
    return calculated(sample(shape, shell, core), SETTINGS, "iq")


def chances(kinds: np.ndarray, chlorine: np.ndarray, caesium: np.ndarray | None = None) -> np.ndarray:
    """Return the probabilities of Pb, Cs, Br, Cl at each place, from those of Cl on halides and of Cs being there."""
    found = np.zeros((len(kinds), 4))
    found[kinds == 0, 0] = 1.0
    found[kinds == 1, 1] = 1.0 if caesium is None else caesium[kinds == 1]
    found[kinds == BR, BR], found[kinds == BR, CL] = 1.0 - chlorine[kinds == BR], chlorine[kinds == BR]
    return found


# ---- whole cells ----------------------------------------------------------------------------------

N = (4, 4, 5)
BASE = 4 * A * np.sqrt(4.0 / np.pi)
BOXES = [
    (Cube(4 * A), (4, 4, 4)),
    (Prism(BASE, 5 * A), N),
    (Platelet(4 * A, 5 * A), N),
    (Brick(3 * A, 4 * A, 5 * A), (3, 4, 5)),
]


@pytest.mark.parametrize(("shape", "cells"), BOXES)
def test_core_and_shell_of_whole_cells(shape: object, cells: tuple[int, int, int]) -> None:
    """A shell of one cell all around, with other halides and half of the Cs: the double sum over all atoms."""
    positions, kinds, cell = cube_places(cells)
    outside = ((cell == 0) | (cell == np.array(cells) - 1)).any(axis=1)
    there = chances(kinds, np.where(outside, 0.9, CORE), np.where(outside, 0.5, 1.0))
    expected = mean_intensity(positions, there, U_ISO, Q)
    shell = Shell(A, substitution={"Br": 0.9}, occupancy={"Cs": 0.5})
    np.testing.assert_allclose(intensity(shape, shell), expected, rtol=2e-6)


def test_core_and_shell_are_the_mean_over_drawn_crystals() -> None:
    positions, kinds, cell = cube_places((3, 3, 3))
    outside = ((cell == 0) | (cell == 2)).any(axis=1)
    rng = np.random.default_rng(1)
    chlorine = (kinds == BR) & (rng.uniform(size=(2000, len(kinds))) < np.where(outside, 0.7, CORE))
    drawn = Draws(positions, U_ISO, Q).intensities(np.where(chlorine, CL, kinds))
    found = intensity(Cube(3 * A), Shell(A, substitution={"Br": 0.7}))
    assert np.abs(standard_errors(found, drawn)).max() < 4.5
    assert (drawn.std(axis=0) / np.sqrt(len(drawn)) / found).max() < 0.004


def test_core_and_shell_of_a_tilted_perovskite() -> None:
    """γ-CsPbBr3 with blocks as high as wide, both Br sites mixed in the shell: the mean over the four starts."""
    side = 8.23 / np.sqrt(2.0)
    cell = {"a": 8.23, "b": 8.23, "c": 2.0 * side}
    mixing = {k: Substitution("Cl", CORE) for k in ("Br1", "Br2")}
    crystal = Crystal(parse_cif(GAMMA_CSPBBR3, "test.cif"), cell, U_ISO, substitutions=mixing)  # type: ignore[arg-type]
    shell = Shell(side, substitution={"Br1": 0.9, "Br2": 0.6}, occupancy={"Cs1": 0.5})
    population = Population("x", Cube(4 * side), shell=shell)
    found = calculated(Sample({"p": population}, {"x": crystal}), SETTINGS, "iq")
    expected = np.zeros(len(Q))
    for start in range(4):
        positions, kinds = orthorhombic_prism(4, 4, start)
        block = np.repeat(np.array(list(product(range(4), repeat=3))), 5, axis=0)
        outside = ((block == 0) | (block == 3)).any(axis=1)
        positions = positions * np.array([8.23 / 8.207, 8.23 / 8.255, 2.0 * side / 11.759])
        apical = np.abs(np.mod(positions[:, 2] / side + 0.25, 1.0) - 0.75) < 1e-6
        chlorine = np.where(outside, np.where(apical, 0.9, 0.6), CORE)
        expected += 0.25 * mean_intensity(positions, chances(kinds, chlorine, np.where(outside, 0.5, 1.0)), U_ISO, Q)
    np.testing.assert_allclose(found, expected, rtol=2e-6)


def along_an_axis(n: float, depths: list[float]) -> list[tuple[float, int, np.ndarray]]:
    """Return weight, number of cells and depth level of each, for the places of a segment of n cells on the lattice.

    A cell belongs to the segment where its corner lies in it, and to a core where it lies so deep; depths: in cells.
    """
    edges = sorted({0.0, 1.0, *((x % 1.0) for t in [0.0, *depths] for x in (t, n - t))})
    found = []
    for low, high in pairwise(edges):
        corners = np.arange(int(n) + 2) + 0.5 * (low + high) - 1.0
        corners = corners[(corners >= 0.0) & (corners < n)]
        level = sum((corners >= t) & (corners < n - t) for t in depths)
        found.append((high - low, len(corners), np.asarray(level)))
    return found


@pytest.mark.parametrize(("profile", "n", "thickness"), [("step", 3.4, 0.7), ("gradient", 2.6, 0.9)])
def test_lengths_and_thicknesses_of_a_part_of_a_cell(
    profile: str, n: float, thickness: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real lengths are the mean over all places of the crystal on its lattice; a gradient of two steps."""
    monkeypatch.setattr(shell_module, "STEPS_OF_GRADIENT", 2)
    depths = [thickness] if profile == "step" else [0.25 * thickness, 0.75 * thickness]
    expected = np.zeros(len(Q))
    ways = along_an_axis(n, depths)
    for sides in product(ways, repeat=3):
        (weights, cells, levels) = zip(*sides, strict=True)
        positions, kinds, cell = cube_places(cells)
        depth = np.min([level[cell[:, k]] for k, level in enumerate(levels)], axis=0)
        there = chances(kinds, 0.9 + (CORE - 0.9) * depth / len(depths))
        if len(set(cells)) > 1 and list(cells) != sorted(cells):
            continue  # the same by symmetry
        expected += np.prod(weights) * mean_intensity(positions, there, U_ISO, Q) * orders(cells)
    found = intensity(Cube(n * A), Shell(thickness * A, profile, substitution={"Br": 0.9}))
    np.testing.assert_allclose(found, expected, rtol=2e-6)


def orders(cells: tuple[int, ...]) -> int:
    """Return in how many orders along the three axes these numbers of cells stand."""
    return {1: 1, 2: 3, 3: 6}[len(set(cells))]


def test_g_of_r_of_core_and_shell() -> None:
    """With qmin, G is the transform of F(Q) of the mean crystal, from the double sum."""
    q = np.linspace(0.0, 18.0, 901)[1:]
    q = q[q >= 0.7]
    positions, kinds, cell = cube_places((4, 4, 4))
    outside = ((cell == 0) | (cell == 3)).any(axis=1)
    there = chances(kinds, np.where(outside, 0.9, CORE), np.where(outside, 0.5, 1.0))
    atoms = there.sum(axis=0)
    f = np.array([form_factor(e, q) for e in U_ISO])
    mean, square = atoms @ f / atoms.sum(), atoms @ f**2 / atoms.sum()
    s = (mean_intensity(positions, there, U_ISO, q) / atoms.sum() - (square - mean**2)) / mean**2
    r = np.arange(1.0, 20.0, 0.1)
    expected = 2.0 / np.pi * np.trapezoid(q * (s - 1.0) * np.sin(np.outer(r, q)), q, axis=1)
    shell = Shell(A, substitution={"Br": 0.9}, occupancy={"Cs": 0.5})
    found = calculated(sample(Cube(4 * A), shell), Pdf(r="1:19.91:0.1", qmax=18.0, qmin=0.7))
    np.testing.assert_allclose(found, expected, atol=3e-3 * np.abs(expected).max())


def test_thickness_is_measured_across_the_faces_of_an_oblique_prism() -> None:
    """A hexagonal lattice as high as its planes are apart: a shell of one plane on 4 × 4 × 4 rhombic cells."""
    apart = 4.3 * np.sqrt(0.75)
    text = cif(f"4.3 4.3 {apart:.12f} 90 90 120", "P 1", "Ni Ni 0 0 0 1\nB B 0.333333 0.666667 0.5 1")
    crystal = Crystal(
        parse_cif(text, "test.cif"),
        {},
        {"Ni": 0.01, "B": 0.02, "Pt": 0.01},
        substitutions={"Ni": Substitution("Pt", 0.1)},
    )
    shell = Shell(apart, substitution={"Ni": 0.9})
    population = Population("x", Brick(4 * 4.3, 4 * 4.3, 4 * apart), shell=shell)
    found = calculated(Sample({"p": population}, {"x": crystal}), SETTINGS, "iq")
    vectors = now(crystal).vectors
    cells = np.array(list(product(range(4), repeat=3)))
    outside = ((cells == 0) | (cells == 3)).any(axis=1)
    positions = np.concatenate([cells, cells + np.array([0.333333, 0.666667, 0.5])]) @ vectors
    there = np.zeros((128, 3))
    there[:64, 2] = np.where(outside, 0.9, 0.1)
    there[:64, 0], there[64:, 1] = 1.0 - there[:64, 2], 1.0
    expected = mean_intensity(positions, there, {"Ni": 0.01, "B": 0.02, "Pt": 0.01}, Q)
    np.testing.assert_allclose(found, expected, rtol=2e-6)


@pytest.mark.parametrize("shape", [Cube(4.3 * A), Sphere(28.0), Sphere(Distribution("lognormal", 28.0, 5.0))])
@pytest.mark.parametrize("profile", ["step", "gradient"])
def test_baseline_of_g_of_r(shape: object, profile: str) -> None:
    """Atoms smeared over more than an ångström are a smooth body: nothing is left of G beyond the first pairs."""
    smeared = dict.fromkeys(U_ISO, 0.95)
    crystal = Crystal(parse_cif(CUBIC, "test.cif"), {}, smeared, substitutions={"Br": Substitution("Cl", 0.9)})
    shell = Shell(6.0, profile, substitution={"Br": 0.1}, occupancy={"Cs": 0.2})  # type: ignore[arg-type]
    given = Sample({"p": Population("x", shape, shell=shell)}, {"x": crystal})  # type: ignore[arg-type]
    r = 10.0 + 0.1 * np.arange(150)
    found = calculated(given, Pdf(r="10:24.91:0.1", qmax=12.0))
    average = np.convolve(found, np.ones(59) / 59.0, "valid")  # over one cell
    density = 4.0 * np.pi * r * 4.5 / A**3
    assert np.abs(average).max() < 0.012 * density.min()


# ---- spheres --------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["step", "gradient"])
def test_spheres_are_the_mean_over_their_centres(profile: str) -> None:
    """Atoms filled by their depth, the gradient truly linear; 150 places of the centre, on absolute scale."""
    radius, thickness = 12.0, 5.0
    atoms, kinds, _ = cube_places((7, 7, 7))
    atoms = atoms - 3.0 * A
    rng = np.random.default_rng(2)
    drawn = []
    for _ in range(150):
        distance = np.linalg.norm(atoms - A * rng.uniform(-0.5, 0.5, 3), axis=1)
        inside = distance < radius
        depth = (radius - distance[inside]) / thickness
        g = np.clip(depth, 0.0, 1.0) if profile == "gradient" else (depth > 1.0).astype(float)
        there = chances(kinds[inside], 0.9 + (CORE - 0.9) * g, 0.3 + 0.7 * g)
        drawn.append(mean_intensity(atoms[inside], there, U_ISO, Q[::3]))
    shell = Shell(thickness, profile, substitution={"Br": 0.9}, occupancy={"Cs": 0.3})  # type: ignore[arg-type]
    found = intensity(Sphere(2.0 * radius), shell)[::3]
    off = standard_errors(found, np.array(drawn))
    assert np.abs(off).max() < 4.5
    assert np.sqrt(np.mean(off**2)) < 1.6


def test_steps_of_a_gradient_are_fine_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against sixty of them, for a strong change over most of the crystal."""
    given = Shell(14.0, "gradient", substitution={"Br": 0.95}, occupancy={"Cs": 0.3})
    found = intensity(Cube(40.0), given, 0.0)
    monkeypatch.setattr(shell_module, "STEPS_OF_GRADIENT", 60)
    fine = intensity(Cube(40.0), given, 0.0)
    assert np.abs(found - fine).max() < 5e-4 * fine.max()
    assert np.abs(found / fine - 1.0).max() < 3e-3


# ---- distributions --------------------------------------------------------------------------------


def test_counted_prisms_are_the_weighted_mean_of_their_members() -> None:
    shell = Shell(6.0, substitution={"Br": 0.9})
    bases, base_counts, lengths, length_counts = [18.0, 27.0, 33.5], [1.0, 3.0, 2.0], [20.0, 31.0], [2.0, 1.0]
    found = intensity(Prism(Histogram(bases, base_counts), Histogram(lengths, length_counts)), shell)
    members = np.array([[intensity(Prism(d, length), shell) for length in lengths] for d in bases])
    weights = np.outer(base_counts, length_counts) / 18.0
    np.testing.assert_allclose(found, np.einsum("dl,dlq->q", weights, members), rtol=1e-8)


def test_counted_spheres_are_the_weighted_mean_of_their_members() -> None:
    shell = Shell(6.0, "gradient", substitution={"Br": 0.9}, occupancy={"Cs": 0.5})
    found = intensity(Sphere(Histogram([9.0, 20.0, 31.0], [4.0, 2.0, 3.0])), shell)
    members = [intensity(Sphere(d), shell) for d in (9.0, 20.0, 31.0)]
    np.testing.assert_allclose(found, np.average(members, axis=0, weights=[4.0, 2.0, 3.0]), rtol=1e-8)


@pytest.mark.parametrize("correlation", [None, 0.6])
def test_pairs_of_nested_prisms_are_means_over_sizes(correlation: float | None) -> None:
    """Blocks that two bodies within a prism share, against the mean over a million drawn prisms (1/√n)."""
    mean_d, std_d, mean_l, std_l = 40.0, 12.0, 50.0, 10.0
    shape = Prism(Distribution("lognormal", mean_d, std_d), Distribution("lognormal", mean_l, std_l), correlation)
    rng = np.random.default_rng(0)
    s_d, s_l = (np.sqrt(np.log1p((s / m) ** 2)) for m, s in ((mean_d, std_d), (mean_l, std_l)))
    z = rng.normal(size=(2, 1_000_000))
    z[1] = (correlation or 0.0) * z[0] + np.sqrt(1.0 - (correlation or 0.0) ** 2) * z[1]
    edge = np.sqrt(np.pi / 4.0) * mean_d * np.exp(s_d * z[0] - s_d**2 / 2.0)
    length = mean_l * np.exp(s_l * z[1] - s_l**2 / 2.0)
    offsets = np.array([[0, 0, 0], [1, 0, 0], [2, -3, 1], [0, 0, 6]], dtype=float)
    for s, t in ((0.0, 7.0), (7.0, 7.0), (3.0, 11.0)):
        found = now(shape).overlap(nested_offsets(offsets, A * np.eye(3), (s, t)), A * np.eye(3))
        for weight, offset in zip(found, A * offsets, strict=True):
            shared = 1.0
            for sides, u in zip((edge, edge, length), offset, strict=True):
                # [s, x − s] and [t + u, x − t + u] along this axis
                shared = shared * np.maximum(np.minimum(sides - s, sides - t + u) - np.maximum(s, t + u), 0.0) / A
            assert weight == pytest.approx(shared.mean(), abs=5.0 * shared.std() / 1000.0)


# ---- limits ---------------------------------------------------------------------------------------

SHAPES = [Cube(3.4 * A), Sphere(22.0), Prism(21.0, Distribution("lognormal", 25.0, 4.0))]
PROFILES = ["step", "gradient"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("profile", PROFILES)
def test_no_thickness_is_no_shell(shape: object, profile: str) -> None:
    found = intensity(shape, Shell(0.0, profile, substitution={"Br": 0.9}))  # type: ignore[arg-type]
    np.testing.assert_allclose(found, intensity(shape, None), rtol=1e-6)
    thin = intensity(shape, Shell(1e-4, profile, substitution={"Br": 0.9}))  # type: ignore[arg-type]
    np.testing.assert_allclose(thin, found, rtol=1e-3)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shell_to_the_middle_is_all(shape: object) -> None:
    found = intensity(shape, Shell(200.0, substitution={"Br": 0.9}))
    np.testing.assert_allclose(found, intensity(shape, None, 0.9), rtol=1e-6)


def test_nothing_jumps_where_the_core_ends() -> None:
    half = 1.7 * A
    below, above = (intensity(Cube(3.4 * A), Shell(half + x, substitution={"Br": 0.9})) for x in (-1e-3, 1e-3))
    np.testing.assert_allclose(below, above, rtol=1e-6)


def test_a_shell_as_its_core_is_none() -> None:
    given = Shell(6.0, substitution={"Br": CORE}, occupancy={"Cs": 1.0})
    np.testing.assert_allclose(intensity(Cube(3.4 * A), given), intensity(Cube(3.4 * A), None), rtol=1e-9)


@pytest.mark.parametrize("shape", [Cube(3.4 * A), Sphere(22.0)])
@pytest.mark.parametrize("technique", [SETTINGS, Pdf(r="1:15:0.1", qmax=15.0)])
def test_a_shell_may_begin_as_its_core(shape: object, technique: TotalScattering | Pdf) -> None:
    """What is kept of one set of values must not be taken for another that has other kinds of atoms."""
    given = Shell(6.0, substitution={"Br": CORE}, occupancy={"Cs": 1.0})
    model_sample = sample(shape, given)
    model = technique.bind("d", model_sample, Path())
    start = Evaluation(declared_parameters(model_sample, {"d": technique}).initial_values(), model.requirement)
    model.curves(start)
    for moved in ({"populations.p.shell.substitution.Br": 0.9}, {"populations.p.shell.occupancy.Cs": 0.4},
                  {"crystals.x.substitution.Br.fraction": 0.0}, {"populations.p.shell.thickness": 3.0}):  # fmt: skip
        values = start.values.moved(moved)
        fresh = model.curves(Evaluation(values, model.requirement))
        np.testing.assert_allclose(model.curves(start.at(values)), fresh, rtol=1e-12)


@pytest.mark.parametrize("shell", [None, Shell(6.0, occupancy={"Cs1": 0.5})])
def test_spheres_with_boundaries_are_calculated_anew(shell: Shell | None) -> None:
    """What is kept of one probability of boundaries must not be taken for another."""
    crystal = Crystal(parse_cif(GAMMA_CSPBBR3, "test.cif"), {}, {k: U_ISO[k] for k in ("Pb", "Cs", "Br")})
    twins = {"t": TwinFamily("1/2<110>{110}", 0.1)}
    given = Sample({"p": Population("x", Sphere(25.0), twins=twins, shell=shell)}, {"x": crystal})
    model = SETTINGS.bind("iq", given, Path())
    start = Evaluation(declared_parameters(given, {"iq": SETTINGS}).initial_values(), model.requirement)
    model.curves(start)
    moved = start.values.moved({"populations.p.twins.t.probability": 0.4})
    fresh = model.curves(Evaluation(moved, model.requirement))
    np.testing.assert_allclose(model.curves(start.at(moved)), fresh, rtol=1e-12)


# ---- what follows ---------------------------------------------------------------------------------


def quantities(of: Sample) -> dict[str, float]:
    values = declared_parameters(of, {"iq": SETTINGS}).initial_values()
    found = of.derived(Evaluation(values, SETTINGS.bind("iq", of).requirement))
    return {k.removeprefix("populations.p."): q.value for k, q in found.items() if k.startswith("populations.p.")}


def test_composition_and_core_of_whole_cells() -> None:
    """4 × 4 × 4 cells, 8 of them core: Pb 64, Cs 8 + 56/2, Cl 3 (8 × 0.2 + 56 × 0.9)."""
    found = quantities(sample(Cube(4 * A), Shell(A, substitution={"Br": 0.9}, occupancy={"Cs": 0.5})))
    assert found["core_fraction"] == pytest.approx(8.0 / 64.0)
    atoms = 64.0 + 36.0 + 192.0
    assert found["n_atoms_mean"] == pytest.approx(atoms)
    assert found["composition.Pb"] == pytest.approx(64.0 / atoms)
    assert found["composition.Cs"] == pytest.approx(36.0 / atoms)
    assert found["composition.Cl"] == pytest.approx(3.0 * (1.6 + 50.4) / atoms)
    assert sum(v for k, v in found.items() if k.startswith("composition.")) == pytest.approx(1.0)


def test_core_of_spheres_by_hand() -> None:
    """Two sizes, one without a core; in a gradient the mean of g is an integral over shells."""
    shape = Sphere(Histogram([20.0, 8.0], [1.0, 3.0]))
    step = quantities(sample(shape, Shell(4.0, substitution={"Br": 0.9})))
    assert step["core_fraction"] == pytest.approx(12.0**3 / (20.0**3 + 3.0 * 8.0**3))
    gradient = quantities(sample(shape, Shell(4.0, "gradient", substitution={"Br": 0.9})))
    r = np.linspace(0.0, 10.0, 100_001)
    large, small = (np.trapezoid(3.0 * r**2 * np.clip((x - r) / 4.0, 0.0, 1.0), r) for x in (10.0, 4.0))
    assert gradient["core_fraction"] == pytest.approx((large + 3.0 * small) / (1000.0 + 3.0 * 64.0), rel=2e-3)


def test_a_crystal_without_a_second_element_needs_no_composition() -> None:
    crystal = Crystal(parse_cif(CUBIC, "test.cif"), {}, {k: U_ISO[k] for k in ("Pb", "Cs", "Br")})
    found = quantities(Sample({"p": Population("x", Cube(30.0))}, {"x": crystal}))
    assert not any(k.startswith(("composition", "core")) for k in found)


# ---- derivatives ----------------------------------------------------------------------------------


ROUND = Sphere(Distribution("lognormal", vary(30.0), vary(6.0)))


@pytest.mark.parametrize(
    ("shape", "profile"),
    [(Cube(vary(33.0)), "step"), (Cube(vary(33.0)), "gradient"), (ROUND, "step"), (Sphere(vary(30.0)), "gradient")],
)
def test_derivatives(shape: object, profile: str, tmp_path: Path) -> None:
    shell = Shell(vary(7.0), profile, substitution={"Br": vary(0.7)}, occupancy={"Cs": vary(0.6)})  # type: ignore[arg-type]
    given = sample(shape, shell, vary(0.3))
    rows = zip(Q, calculated(given, SETTINGS, "iq"), strict=True)
    (tmp_path / "iq.csv").write_text("q,intensity\n" + "\n".join(f"{q},{y}" for q, y in rows), encoding="utf-8")
    data = {"iq": TotalScattering(file="iq.csv", weights="uniform", background_terms=0)}
    errors = errors_of_derivatives(bound_problem(given, data, tmp_path), "iq")
    assert len(errors) >= 5
    assert max(errors.values()) < 1e-3, errors


# ---- what cannot be -------------------------------------------------------------------------------


def refusal(make: Callable[[], object]) -> str:
    with pytest.raises(InputError) as error:
        make()
    return str(error.value)


def test_shells_that_cannot_be() -> None:
    halides = Shell(5.0, substitution={"Br": 0.5})
    assert "surface" in refusal(lambda: sample(Bulk(), halides))
    assert "not there for the shape 'cylinder'" in refusal(lambda: sample(Cylinder(20.0, 30.0), halides))
    assert "says nothing" in refusal(lambda: sample(Cube(30.0), Shell(5.0)))
    assert "no such substitution" in refusal(lambda: sample(Cube(30.0), Shell(5.0, substitution={"I": 0.5})))
    assert "is no site" in refusal(lambda: sample(Cube(30.0), Shell(5.0, occupancy={"Na": 0.5})))


@pytest.mark.parametrize("given", [{"correlation_length": 5.0}, {"bond_difference": vary(0.0)}])
def test_a_shell_stands_beside_no_clusters_of_its_elements(given: dict[str, object]) -> None:
    crystal = Crystal(
        parse_cif(CUBIC, "test.cif"),
        {},
        U_ISO,
        substitutions={"Br": Substitution("Cl", 0.3, **given)},  # type: ignore[arg-type]
    )
    shell = Shell(5.0, substitution={"Br": 0.5})
    [name] = given
    assert f"stands beside crystal.substitution.Br.{name}" in refusal(
        lambda: Sample({"p": Population("x", Cube(30.0), shell=shell)}, {"x": crystal})
    )
