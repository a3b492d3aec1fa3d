"""Faces that all end with the same layer: against crystals built atom by atom and summed pair by pair."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.kernels import debye, plain
from nanocrystal.parameters import Evaluation
from nanocrystal.refinement import declared_parameters
from nanocrystal.sample import (
    Brick,
    Cube,
    Distribution,
    Histogram,
    Population,
    Prism,
    Sample,
    Shell,
    Sphere,
    TwinFamily,
)
from nanocrystal.sample.amounts import content_of
from nanocrystal.sample.explicit.typical import drawn_crystal, mean_body
from nanocrystal.study import read_study
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import Pdf, TotalScattering
from support.gamma_blocks import ELEMENTS, U_ISO, VECTORS, contents, intensity
from support.modelling import calculated, crystal
from support.structures import CUBIC, CUBIC_CSPBBR3, GAMMA_CSPBBR3, WURTZITE_CDSE

PLAIN = TotalScattering(q="0.5:25:0.25", background_terms=0)
A = CUBIC_CSPBBR3
# where the atoms of cubic CsPbBr3 stand, in cells: metal, A, three halides
PLACES = ((0.0, 0.0, 0.0), (0.5, 0.5, 0.5), (0.5, 0.0, 0.0), (0.0, 0.5, 0.0), (0.0, 0.0, 0.5))
KINDS = (0, 1, 2, 2, 2)


def sample(shape: object, termination: str | None, text: str = CUBIC, **given: object) -> Sample:
    population = Population("x", shape, termination=termination, **given)  # type: ignore[arg-type]
    return Sample({"p": population}, {"x": crystal(text, U_ISO)})


def pattern(shape: object, termination: str | None, text: str = CUBIC, **given: object) -> np.ndarray:
    return calculated(sample(shape, termination, text, **given), PLAIN, "iq")


def layered(numbers: tuple[int, int, int], outermost: float) -> tuple[np.ndarray, np.ndarray]:
    """Return positions (Å) and kinds of cubic CsPbBr3 with n + 1 outer layers and n of the other along each axis."""
    positions, kinds = [], []
    for place, kind in zip(PLACES, KINDS, strict=True):
        along = []
        for coordinate, n in zip(place, numbers, strict=True):
            own = coordinate == outermost
            # the outer layers stand half a cell before the first of the others
            along.append(np.arange(n + own) + (0.0 if own else 0.5))
        grid = np.array(list(product(*along)))
        positions.append(grid * A)
        kinds.append(np.full(len(grid), kind))
    return np.concatenate(positions), np.concatenate(kinds)


@pytest.mark.parametrize(
    ("termination", "outermost", "numbers"),
    [("CsBr", 0.5, (4, 4, 4)), ("PbBr2", 0.0, (3, 3, 3)), ("CsX", 0.5, (2, 3, 5)), ("PbX2", 0.0, (5, 2, 4))],
)
def test_half_numbers_are_crystals_of_whole_layers(
    termination: str, outermost: float, numbers: tuple[int, int, int]
) -> None:
    truth = intensity(*layered(numbers, outermost))
    shape = Brick(*((n + 0.5) * A for n in numbers))
    found = pattern(shape, termination)
    assert np.abs(found - truth).max() <= 1e-8 * truth.max()
    assert np.abs(found / truth - 1.0).max() <= 1e-6
    other = pattern(shape, "CsBr" if outermost == 0.0 else "PbBr2")
    assert np.abs(other / truth - 1.0).max() > 0.05  # it is seen


def test_atoms_of_the_mean_crystal_are_those_of_its_layers() -> None:
    described = sample(Cube(4.5 * A), "CsBr")
    values = declared_parameters(described, {}).initial_values()
    evaluation = Evaluation(values, PLAIN.bind("iq", described, Path()).requirement)
    population = described.at(evaluation)["p"]
    structure = population.pairs()
    atoms = {k.label: k.count * structure.n_units for k in structure.kinds}
    assert atoms == pytest.approx({"Pb": 4**3, "Cs": 5**3, "Br": 3 * 5 * 4 * 4})
    content = content_of(population)
    assert content.atoms == pytest.approx({"Pb": 64.0, "Cs": 125.0, "Br": 240.0})
    lattice = population.lattice
    atoms_drawn, _ = drawn_crystal(lattice, mean_body(lattice, population.shape), np.random.default_rng(1))
    expected, kinds = layered((4, 4, 4), 0.5)
    assert sorted(atoms_drawn.elements) == sorted(ELEMENTS[k] for k in kinds)
    found = atoms_drawn.positions - atoms_drawn.positions.min(axis=0)
    assert np.abs(np.sort(found, axis=0) - np.sort(expected, axis=0)).max() < 1e-9


def test_other_lengths_are_means_of_the_nearest_two_crystals() -> None:
    """A platelet 4.5 cells wide and 3.3 thick: 0.2 of 2 and 0.8 of 3 layers of lead."""
    thin, thick = (intensity(*layered((4, 4, n), 0.5)) for n in (2, 3))
    found = pattern(Brick(4.5 * A, 4.5 * A, 3.3 * A), "CsBr")
    np.testing.assert_allclose(found, 0.2 * thin + 0.8 * thick, rtol=1e-6)


def test_all_lengths_between_are_means_of_eight_crystals() -> None:
    share = {3: 0.25, 4: 0.75}  # 4.25 blocks: 3.75 layers of the metal
    truth = sum(
        share[i] * share[j] * share[k] * intensity(*layered((i, j, k), 0.5))
        for i, j, k in product((3, 4), repeat=3)
    )  # fmt: skip
    np.testing.assert_allclose(pattern(Brick(*(3 * [4.25 * A])), "CsBr"), truth, rtol=1e-6)


def gamma_layered(
    numbers: tuple[int, int, int], outermost: float, states: dict[tuple[int, int, int], tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and kinds of γ-CsPbBr3 in blocks of given states; numbers: blocks, those at the ends halved."""
    known = contents()
    positions, kinds = [], []
    for block in product(*(range(n) for n in numbers)):
        places, own = known[states[block]]
        # coordinates along the blocks, in cells of the cubic crystal: 0 or 1/2 but for the tilts
        half = np.rint(2.0 * places @ np.linalg.inv(VECTORS)) / 2.0
        at = np.array(block)
        first_lacks, last_lacks = (half != outermost) & (at == 0), (half != outermost) & (at == np.array(numbers) - 1)
        lacks = first_lacks if outermost == 0.5 else last_lacks
        kept = ~lacks.any(axis=1)
        positions.append((at @ VECTORS + places)[kept])
        kinds.append(own[kept])
    return np.concatenate(positions), np.concatenate(kinds)


@pytest.mark.parametrize(("termination", "outermost"), [("CsBr", 0.5), ("PbBr2", 0.0)])
def test_tilted_crystals_are_means_over_where_the_surface_cuts_them(termination: str, outermost: float) -> None:
    numbers = (4, 3, 3)
    truth = np.zeros(99)
    for s, t in product((0, 1), repeat=2):
        states = {b: ((s + b[0] + b[1]) % 2, (t + b[2]) % 2) for b in product(*(range(n) for n in numbers))}
        truth += 0.25 * intensity(*gamma_layered(numbers, outermost, states))
    lengths = [(n - 0.5) * np.linalg.norm(v) for n, v in zip(numbers, VECTORS, strict=True)]
    found = pattern(Brick(*lengths), termination, GAMMA_CSPBBR3)
    assert np.abs(found - truth).max() <= 1e-8 * truth.max()
    assert np.abs(found / truth - 1.0).max() <= 1e-6


def test_boundaries_and_termination_together() -> None:
    """Every network of ½⟨110⟩{110} of crystals of 3 × 3 × 2 blocks with faces of CsBr."""
    numbers, p = (3, 3, 2), 0.13
    truth, total = np.zeros(99), 0.0
    for s, t in product((0, 1), repeat=2):
        for taken in product((0, 1), repeat=4):  # planes 0, 1 across the first axis, then across the second
            weight = 0.25 * np.prod([p if x else 1.0 - p for x in taken])
            states = {}
            for i, j, k in product(*(range(n) for n in numbers)):
                steps = sum(taken[:i]) + sum(taken[2 : 2 + j])
                states[i, j, k] = ((s + i + j + steps) % 2, (t + k) % 2)
            truth += weight * intensity(*gamma_layered(numbers, 0.5, states))
            total += weight
    assert total == pytest.approx(1.0)
    lengths = [(n - 0.5) * np.linalg.norm(v) for n, v in zip(numbers, VECTORS, strict=True)]
    twins = {"t": TwinFamily("1/2<110>{110}", p)}
    found = pattern(Brick(*lengths), "CsBr", GAMMA_CSPBBR3, twins=twins)
    assert np.abs(found / truth - 1.0).max() <= 1e-6


@pytest.mark.parametrize("correlation", [None, 0.6])
def test_distributions_of_sizes(correlation: float | None, tmp_path: Path) -> None:
    """A lognormal against its own crystals, one by one, on a fine grid of both lengths."""
    mean, std = 30.0, 4.0
    s = np.sqrt(np.log(1.0 + (std / mean) ** 2))
    z = np.linspace(-5.0, 5.0, 81)
    weight = np.exp(-0.5 * z**2)
    weight /= weight.sum()
    rho = correlation or 0.0
    lengths = mean * np.exp(s * z - 0.5 * s * s)
    truth = np.zeros(99)
    side = np.sqrt(np.pi / 4.0)
    for n, (z1, w1) in enumerate(zip(z, weight, strict=True)):
        own = mean * np.exp(s * (rho * z1 + np.sqrt(1.0 - rho**2) * z) - 0.5 * s * s)
        thickness = Histogram(tuple(own.tolist()), tuple(weight.tolist()))
        edge = lengths[n] * side
        truth += w1 * pattern(Brick(edge, edge, thickness), "CsBr")
    lognormal = Distribution("lognormal", mean, std)
    found = pattern(Prism(lognormal, lognormal, size_correlation=correlation), "CsBr")
    # W has kinks where lengths are whole numbers of layers: the sum over 81 lengths is 7e-5 off, over 161 2e-5
    assert np.abs(found - truth).max() <= 1e-4 * truth.max()


def test_pdf_is_the_transform_of_the_atoms() -> None:
    """With qmin the whole of F(Q) is transformed: G(r) of one crystal, pair by pair."""
    positions, kinds = layered((4, 4, 4), 0.5)
    q = np.arange(0.8, 20.0 + 1e-9, 0.01)
    f = np.array([form_factor(e, q) for e in ELEMENTS])
    counts = np.bincount(kinds, minlength=3).astype(float)
    n, u = len(kinds), np.array([U_ISO[e] for e in ELEMENTS])
    i = debye.debye_intensity(q, plain.pair_sums(q, positions, kinds, 3), f, u, np.ones(3), counts)
    mean, square = counts @ f / n, counts @ f**2 / n
    reduced = q * ((i / n - (square - mean**2)) / mean**2 - 1.0)
    r = np.arange(1.0, 30.0, 0.1)
    truth = 2.0 / np.pi * np.trapezoid(reduced * np.sin(np.outer(r, q)), q, axis=1)
    found = calculated(sample(Cube(4.5 * A), "CsBr"), Pdf(r="1:29.9:0.1", qmin=0.8, qmax=20.0))
    assert np.sqrt(np.mean((found - truth) ** 2) / np.mean(truth**2)) < 2e-3


def test_smooth_part_holds_all_pairs() -> None:
    """∫ 4πr² ρ γ(r) dr is the number of pairs of two sites, of crystals of n layers: n_a n_b."""
    described = sample(Brick(4.5 * A, 3.5 * A, 6.5 * A), "PbBr2")
    values = declared_parameters(described, {}).initial_values()
    requirement = Pdf(r="1:20:0.1", qmax=20.0).bind("pdf", described, Path()).requirement
    structure = described.at(Evaluation(values, requirement))["p"].pairs()
    r = np.linspace(0.0, 80.0, 4001)
    pairs = structure.smooth(lambda gamma: gamma(r))
    integral = np.trapezoid(4.0 * np.pi * r**2 * pairs, r, axis=1) * structure.n_units
    n = {"Pb": 5 * 4 * 7, "Cs": 4 * 3 * 6, "Br": 4 * 4 * 7 + 5 * 3 * 7 + 5 * 4 * 6}
    labels = [k.label for k in structure.kinds]
    expected = [
        n[a] * n[b] * (0.5 if a == b else 1.0) for k, a in enumerate(labels) for b in labels[k:]
    ]  # fmt: skip
    np.testing.assert_allclose(integral, expected, rtol=2e-3)


SYNTHETIC = """
[crystals.x]
library = "CsPbBr3-alpha"
a = { value = 5.866, vary = true }
u_iso = { Cs = { value = 0.04, vary = true }, Pb = { value = 0.02, vary = true }, Br = { value = 0.04, vary = true } }
[populations.dots]
crystal = "x"
shape = "cube"
edge_length = { distribution = "lognormal", mean = { value = 55, vary = true }, std = { value = 6, vary = true } }
"""
TRUE = {"edge_length.mean": 55.0, "edge_length.std": 6.0}


@pytest.mark.campaign
def test_the_data_tell_which_layer_is_outermost(tmp_path: Path) -> None:
    """Cubes of 5.5 nm that end with CsBr, 10⁵ counts: found back, and told from the others."""
    noise = "noise = { counts = 1e5, seed = 3 }\n"
    data = '[datasets.iq]\ntechnique = "total-scattering"\n'
    (tmp_path / "true.toml").write_text(
        f'{SYNTHETIC}termination = "CsBr"\n{data}q = "0.8:16:0.02"\n{noise}', encoding="utf-8"
    )
    [columns] = read_study(tmp_path / "true.toml").simulated().values()
    rows = "\n".join(",".join(f"{x:.6g}" for x in row) for row in zip(*columns.values(), strict=True))
    (tmp_path / "iq.csv").write_text("Q,intensity,sigma\n" + rows + "\n", encoding="utf-8")
    gof = {}
    for layer in ("CsBr", "PbBr2", None):
        own = f'termination = "{layer}"\n' if layer else ""
        (tmp_path / "fit.toml").write_text(f'{SYNTHETIC}{own}{data}file = "iq.csv"\n', encoding="utf-8")
        result = read_study(tmp_path / "fit.toml").refine()
        gof[layer] = result.datasets["iq"].gof
        if layer == "CsBr":
            for name, true in TRUE.items():
                found = result.parameters[f"populations.dots.{name}"]
                assert abs(found.value - true) < 3.5 * found.stderr
                assert found.stderr < 0.02 * true
    assert 0.9 < gof["CsBr"] < 1.1
    assert gof[None] > 4.0
    assert gof["PbBr2"] > 8.0


@pytest.mark.parametrize(
    ("shape", "termination", "text", "given", "said"),
    [
        (Cube(30.0), "CsCl", CUBIC, {}, "must be one of CsBr, CsX, PbBr2, PbX2"),
        (Sphere(30.0), "CsBr", CUBIC, {}, "is for cubes, prisms, platelets and bricks"),
        (Cube(30.0), "CdSe", WURTZITE_CDSE, {}, "is for perovskites ABX3"),
        (Cube(30.0, facets="cell"), "CsBr", GAMMA_CSPBBR3, {}, "cut along their pseudocubic axes"),
        (Cube(30.0), "CsBr", CUBIC, {"shell": Shell(3.0, occupancy={"Br": 0.5})}, "stands beside shell"),
        (Cube(30.0), "CsBr", GAMMA_CSPBBR3, {"twins": {"t": TwinFamily("1/2<110>{110}", one_per_crystal=True)}},
         "stands beside boundaries with one_per_crystal"),
    ],
)  # fmt: skip
def test_wrong_input(shape: object, termination: str, text: str, given: dict[str, object], said: str) -> None:
    elements = ("Cd", "Se") if text == WURTZITE_CDSE else ELEMENTS
    population = Population("x", shape, termination=termination, **given)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=re.escape(said)) as refused:
        Sample({"p": population}, {"x": crystal(text, dict.fromkeys(elements, 0.01))})
    assert "populations.p.termination" in str(refused.value)
