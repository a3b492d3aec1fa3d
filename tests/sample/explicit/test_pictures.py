"""Pictures of crystals with boundaries and layers, and what follows from them, against geometry by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import groupby, pairwise, product
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist, pdist

from nanocrystal.kernels import debye, plain
from nanocrystal.parameters import Evaluation, ParameterSet, Values
from nanocrystal.report.refined.atoms import HUES, atoms_data
from nanocrystal.report.refined.files import results_document
from nanocrystal.report.refined.result import AtomPicture, DerivedValue
from nanocrystal.report.written import report_html
from nanocrystal.sample import (
    Brick,
    Bulk,
    Crystal,
    Cylinder,
    Ellipsoid,
    Octahedron,
    Population,
    Sample,
    Sphere,
    Stacking,
    TwinFamily,
)
from nanocrystal.sample import derived as sample_derived
from nanocrystal.sample.crystal.mixing import Substitution
from nanocrystal.sample.explicit.picture import MOST_ON_SURFACE
from nanocrystal.sample.explicit.picture import AtomPicture as Picture
from nanocrystal.sample.explicit.typical import drawn_crystal, filled_by_chance, mean_body
from nanocrystal.sample.order.stacking import drawn_layers
from nanocrystal.sample.order.twins import TwinBoundaries
from nanocrystal.sample.pairs.lattice_pairs import LatticeNow
from nanocrystal.sample.pairs.pair_structure import PairGrid
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import TotalScattering
from support.browser import needs_browser, opened
from support.modelling import calculated, crystal, now
from support.report_example import CLOSING, HOSTILE, example, three_atoms
from support.structures import CUBIC, GAMMA_CSPBBR3

CELL = np.array([8.207, 8.255, 11.759])
A1 = 0.5 * float(np.hypot(*CELL[:2]))
C2 = 0.5 * float(CELL[2])
T110, T001, T110_001 = "1/2<110>{110}", "1/2[001]{110}", "1/2<110>(001)"
P = "populations.p"


def sample(shape: object, source: Crystal | None = None, **given: object) -> tuple[Sample, Values]:
    found = Sample({"p": Population("x", shape, **given)}, {"x": source or crystal(GAMMA_CSPBBR3, 0.01)})
    return found, ParameterSet(found.declared()).initial_values()


def picture(shape: object, source: Crystal | None = None, **given: object) -> Picture:
    made, values = sample(shape, source, **given)
    return made.typical_atoms(values)["p"]


def twins(**families: tuple[str, float]) -> dict[str, TwinFamily]:
    return {name: TwinFamily(slip, p) for name, (slip, p) in families.items()}


def of(found: Picture, element: str) -> np.ndarray:
    return found.positions[np.array(found.elements) == element]


def perfect(numbers: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Return places (n, 3) Å and elements of γ-CsPbBr3, from the coordinates of its cell."""
    x = crystal(GAMMA_CSPBBR3, 0.01)
    cells = np.array(list(product(range(-numbers, numbers), repeat=3)))
    places, elements = [], []
    for site, fract in zip(x.sites, now(x).positions, strict=True):
        places.append((cells[:, None, :] + fract[None]).reshape(-1, 3) * CELL)
        elements += [site.element] * len(places[-1])
    return np.concatenate(places), np.array(elements)


# ---- shapes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("diameter", [18.0, 30.0, 33.3, 60.0])
def test_a_cylinder_holds_the_blocks_of_its_volume(diameter: float) -> None:
    found = picture(Cylinder(diameter, 35.0), crystal(CUBIC, 0.01))
    pb = of(found, "Pb")
    layers = 6
    assert len(np.unique(np.round(pb[:, 2], 3))) == layers
    flat = pb[:, :2] - pb[:, :2].mean(axis=0)
    assert np.linalg.norm(flat, axis=1).max() <= 0.5 * diameter + 1e-6
    if len(found.elements) < 3000:
        wanted = np.pi / 4.0 * diameter**2 / 5.87**2
        assert len(pb) / layers == pytest.approx(wanted, abs=max(2.0, 0.07 * wanted))


def test_a_cylinder_stands_on_a_hexagonal_lattice() -> None:
    found = picture(Cylinder(40.0, 30.0), Crystal.from_library("CdSe-wurtzite", u_iso={"Cd": 0.01, "Se": 0.01}))
    flat = of(found, "Cd")[:, :2]
    around = np.linalg.norm(flat - 0.5 * (flat.max(axis=0) + flat.min(axis=0)), axis=1)
    assert around.max() < 20.0 + 4.3
    assert 2 * len(of(found, "Cd")) == pytest.approx(
        np.pi / 4.0 * 40.0**2 * 28.0 * 4 / (0.75**0.5 * 4.3**2 * 7.0), rel=0.08
    )


@pytest.mark.parametrize("edge", [20.0, 41.0, 46.0])
def test_an_octahedron_has_its_corners_along_the_axes(edge: float) -> None:
    found = picture(Octahedron(edge), crystal(CUBIC, 0.01))
    pb = of(found, "Pb")
    reach = np.abs(pb - 0.5 * (pb.max(axis=0) + pb.min(axis=0))).sum(axis=1)
    assert reach.max() <= edge / np.sqrt(2.0) + 1e-6
    # octahedral numbers of blocks, around one and around a corner; the nearer to the volume
    half = edge / np.sqrt(2.0) / 5.87
    k, m = int(half), int(half - 0.5)
    numbers = [(2 * k + 1) * (2 * k * k + 2 * k + 3) // 3, 4 * m * (m + 1) * (m + 2) // 3]
    volume = np.sqrt(2.0) / 3.0 * edge**3 / 5.87**3
    assert len(pb) == min(numbers, key=lambda n: abs(n - volume))


def test_an_ellipsoid_has_the_blocks_whose_middle_lies_inside() -> None:
    found = picture(Ellipsoid(40.0, 70.0), crystal(CUBIC, 0.01))
    pb = of(found, "Pb") - 0.5 * (of(found, "Pb").max(axis=0) + of(found, "Pb").min(axis=0))
    assert (np.hypot(pb[:, 0], pb[:, 1]) / 20.0) ** 2 + (pb[:, 2] / 35.0) ** 2 == pytest.approx(
        np.clip((np.hypot(pb[:, 0], pb[:, 1]) / 20.0) ** 2 + (pb[:, 2] / 35.0) ** 2, 0.0, 1.0)
    )
    assert len(pb) == pytest.approx(np.pi / 6.0 * 40.0**2 * 70.0 / 5.87**3, rel=0.06)


@pytest.mark.parametrize("shape", [Cylinder(200.0, 300.0), Octahedron(400.0), Sphere(300.0), Brick(1e4, 1e4, 1e4)])
def test_large_ones_show_the_surface_of_smaller_ones(shape: object) -> None:
    found = picture(shape, twins=twins(t=(T110, 0.1)))
    assert 1500 < len(found.elements) < 1.1 * MOST_ON_SURFACE
    assert "is too large to draw" in found.note


def test_a_sphere_with_boundaries_is_cut_as_one_without() -> None:
    whole = picture(Sphere(30.0))
    slipped = picture(Sphere(30.0), twins=twins(t=(T110, 0.0)))
    distance = np.linalg.norm(
        slipped.positions - slipped.positions[np.argmin(np.linalg.norm(slipped.positions, axis=1))], axis=1
    )
    assert distance.max() < 31.0
    density = 20.0 / float(np.prod(CELL))
    for found in (whole, slipped):
        assert len(found.elements) == pytest.approx(np.pi / 6.0 * 30.0**3 * density, rel=0.06)


# ---- boundaries -----------------------------------------------------------------------------------


def test_domains_are_the_crystal_shifted_as_they_are_named() -> None:
    """Shifted back by what its name says, every domain lies on the atoms of the one that is not shifted."""
    found = picture(Brick(5 * A1, 5 * A1, 5 * C2), twins=twins(a=(T110, 0.3), b=(T001, 0.3), c=(T110_001, 0.3)))
    assert len(found.domain_names) == 4
    assert found.domain_names[0] == "not shifted"
    domains, elements = np.array(found.domains), np.array(found.elements)
    reference, of_reference = perfect()
    first = np.flatnonzero((domains == 0) & (elements == "Pb"))[0]
    fits = []
    for pb in reference[of_reference == "Pb"][np.argsort(np.linalg.norm(reference[of_reference == "Pb"], axis=1))[:8]]:
        worst = 0.0
        for k, name in enumerate(found.domain_names):
            words = name.removeprefix("shifted by ").split() if k else ["0", "0", "0"]
            shift = np.array([{"0": 0.0, "½": 0.5}[w] for w in words]) * CELL
            for element in ("Cs", "Pb", "Br"):
                own = found.positions[(domains == k) & (elements == element)] - found.positions[first] + pb - shift
                apart = (own[:, None, :] - reference[of_reference == element][None]) / CELL
                apart -= np.round(apart)
                worst = max(worst, float(np.linalg.norm(apart * CELL, axis=2).min(axis=1).max()))
        fits.append(worst)
    assert min(fits) < 1e-3


def test_rims_of_boundaries_part_the_domains() -> None:
    """Domains on (001) planes change where there is a rim, and only there."""
    found = picture(Octahedron(50.0), twins=twins(t=(T110_001, 0.4)))
    domains, height = np.array(found.domains), found.positions[:, 2]
    levels = []
    for rim in found.outlines:
        assert np.ptp(rim[:, 2]) == pytest.approx(0.0, abs=1e-9)
        levels.append(float(rim[0, 2]))
    assert len(levels) >= 2
    assert f"Its {len(levels)} boundaries are one network drawn at random" in found.note
    below = (height[:, None] > np.array(levels)).sum(axis=1)
    lowest = domains[np.argmin(height)]
    np.testing.assert_array_equal(domains, (below + lowest) % 2)
    inside = [h for h in levels if height.min() < h < height.max()]
    assert len(inside) == len(levels)


def test_rims_go_round_the_crystal() -> None:
    found = picture(Brick(6 * A1, 4 * A1, 4 * C2), twins=twins(t=(T110, 0.5)))
    assert len(found.outlines) > 2
    normals = {0: np.array([1.0, 1.0, 0.0]) / CELL, 1: np.array([-1.0, 1.0, 0.0]) / CELL}
    for rim in found.outlines:
        axis = next(k for k, n in normals.items() if np.ptp(rim @ n) < 1e-6)
        lateral = normals[1 - axis] / np.linalg.norm(normals[1 - axis])
        assert np.ptp(rim[:, 2]) == pytest.approx(np.ptp(found.positions[:, 2]) + 1.0, abs=2.0)
        assert np.ptp(rim @ lateral) == pytest.approx(np.ptp(found.positions @ lateral) + 1.0, abs=2.5)


def test_no_boundary_is_said_so() -> None:
    found = picture(Brick(4 * A1, 4 * A1, 4 * C2), twins=twins(t=(T110, 0.0)))
    assert found.note.endswith("In this network, drawn at random of the ensemble, there is no boundary.")
    assert (found.domain_names, found.outlines) == (("not shifted",), ())
    plain_one = picture(Brick(4 * A1, 4 * A1, 4 * C2))
    assert (plain_one.domains, plain_one.domain_names, plain_one.outlines) == ((), (), ())


def test_the_same_picture_every_time() -> None:
    first, second = (picture(Sphere(30.0), twins=twins(t=(T110, 0.3))) for _ in range(2))
    assert np.array_equal(first.positions, second.positions)
    assert first.domains == second.domains


# ---- layers ---------------------------------------------------------------------------------------

SE = {"Cd": 0.01, "Se": 0.01}


@pytest.mark.parametrize("name", ["CdSe-zincblende", "CdSe-wurtzite", "PbS"])
@pytest.mark.parametrize("shape", [Sphere(40.0), Cylinder(30.0, 50.0)])
def test_layers_are_of_the_kind_that_they_are_coloured_as(name: str, shape: object) -> None:
    """Cubic where the layers below and above lie differently, hexagonal where they lie alike; from the places alone."""
    u_iso = SE if name != "PbS" else {"Pb": 0.01, "S": 0.01}
    found = picture(shape, Crystal.from_library(name, u_iso=u_iso), stacking=Stacking(0.5, 0.2))
    metal = np.array(found.elements) == ("Pb" if name == "PbS" else "Cd")
    places, domains = found.positions[metal], np.array(found.domains)[metal]
    heights = np.round(places[:, 2], 3)
    levels = np.unique(heights)
    layers = [places[heights == h] for h in levels]
    kinds = [set(domains[heights == h]) for h in levels]
    assert found.domain_names == ("cubic surroundings", "hexagonal surroundings")
    assert len(levels) > 8
    edge = pdist(layers[len(layers) // 2]).min()
    told = 0
    for below, own, above, kind in zip(layers, layers[1:], layers[2:], kinds[1:], strict=False):
        assert len(kind) == 1
        if min(len(below), len(own), len(above)) > 6:
            # straight above each other or not: distance in the plane of the nearest atoms of both layers
            apart = cdist(below[:, :2], above[:, :2]).min(axis=1)
            hexagonal = int(np.median(apart) < 0.1 * edge)
            assert kind == {hexagonal}
            told += 1
    assert told > 6


@pytest.mark.parametrize(("cubic", "correlation"), [(0.4, 0.5), (0.7, 0.0), (0.25, 0.8)])
def test_drawn_layers_have_the_runs_and_parts_of_the_chain(cubic: float, correlation: float) -> None:
    n = 60_000
    states, kinds = drawn_layers(cubic, correlation, n, True, np.random.default_rng(3))
    runs = [(kind, len(list(group))) for kind, group in groupby(kinds.tolist())]
    spread = 4.5 / np.sqrt(len(runs) / 2)
    cubic_run, hexagonal_run = (np.mean([length for kind, length in runs if kind == k]) for k in (0, 1))
    assert np.mean(kinds == 0) == pytest.approx(cubic, abs=0.02)
    assert cubic_run == pytest.approx(1.0 / ((1.0 - cubic) * (1.0 - correlation)), rel=spread)
    assert hexagonal_run == pytest.approx(1.0 / (cubic * (1.0 - correlation)), rel=spread)
    # a step up is kept by a layer in cubic surroundings and turned by one in hexagonal ones
    shifts, steps = states % 3, 1 - 2 * (states // 3)
    np.testing.assert_array_equal((shifts[1:] - shifts[:-1]) % 3, steps[:-1] % 3)
    for (before, after), kind in zip(pairwise(steps), kinds[1:], strict=True):
        assert after == (before if kind == 0 else -before)


# ---- the crystals drawn are those of the closed form ----------------------------------------------


@pytest.mark.parametrize("what", ["twins", "layers"])
def test_mean_over_drawn_crystals_is_the_closed_form(what: str) -> None:
    """I(Q) of many crystals drawn at random, by direct sums, against one lattice sum; in standard errors."""
    q = 0.6 + 0.2 * np.arange(58)
    if what == "twins":
        made, values = sample(Brick(3 * A1, 3 * A1, 3 * C2), twins=twins(a=(T110, 0.3), b=(T110_001, 0.2)))
    else:
        a = float(Crystal.from_library("PbS", u_iso={"Pb": 0.01, "S": 0.01}).structure.cell[0])
        shape = Brick(3 * a / np.sqrt(2.0), 3 * a / np.sqrt(2.0), 6 * a / np.sqrt(3.0))
        pbs = Crystal.from_library("PbS", u_iso={"Pb": 0.01, "S": 0.01})
        made, values = sample(shape, pbs, stacking=Stacking(0.4, 0.3))
    truth = calculated(made, TotalScattering(q="0.6:12:0.2", background_terms=0), "iq")
    population = made.at(Evaluation(values))["p"]
    rng, species = np.random.default_rng(11), made.crystals["x"].sites
    elements = list(dict.fromkeys(s.element for s in species))
    f = np.array([form_factor(e, q) for e in elements])
    n = len(elements)
    runs = []
    for _ in range(150):
        atoms, _ = drawn_crystal(population.lattice, mean_body(population.lattice, population.shape), rng)
        kinds = np.array([elements.index(e) for e in atoms.elements])
        sums = plain.pair_sums(q, atoms.positions, kinds, n)
        counts = np.bincount(kinds, minlength=n).astype(float)
        runs.append(debye.debye_intensity(q, sums, f, np.full(n, 0.01), np.ones(n), counts))
    mean, error = np.mean(runs, axis=0), np.std(runs, axis=0) / np.sqrt(len(runs))
    apart = np.abs(mean - truth) / (error + 1e-6 * truth.max())
    assert apart.max() < 4.5
    assert np.sqrt(np.mean(apart**2)) < 1.6


# ---- shared and partly filled places --------------------------------------------------------------


def test_shared_places_are_all_filled_by_one_of_their_elements() -> None:
    mixed = replace(crystal(CUBIC, 0.02), substitutions={"Br": Substitution("Cl", 0.3)})
    found = picture(Brick(40.0, 40.0, 40.0), mixed)
    counts = {e: found.elements.count(e) for e in ("Cs", "Pb", "Br", "Cl")}
    assert counts["Pb"] == counts["Cs"] == 343
    assert counts["Br"] + counts["Cl"] == 3 * 343
    assert counts["Cl"] == pytest.approx(0.3 * 3 * 343, abs=4.0 * np.sqrt(3 * 343 * 0.21))
    assert found.note.endswith("Shared places were filled by chance.")


def test_of_places_that_exclude_each_other_one_is_filled() -> None:
    """A halide on four places around its site, 25 % each: exactly one of the four is filled."""
    split = CUBIC.replace("Br Br 0.5 0 0 1", "Br Br 0.5 0.08 0 0.25")
    made, values = sample(Brick(36.0, 36.0, 36.0), crystal(split, 0.02))
    population = made.at(Evaluation(values))["p"]
    rng = np.random.default_rng(5)
    atoms, _ = drawn_crystal(population.lattice, mean_body(population.lattice, population.shape), rng)
    filled = filled_by_chance(atoms, population.crystal.occupants, rng)
    halides = filled.positions[np.array(filled.elements) == "Br"]
    cube = 6**3
    assert filled.elements.count("Pb") == cube
    assert cKDTree(halides).query_pairs(1.2) == set()
    # those within the cube are whole sets of four, at its faces sets are cut
    assert 0.8 * 3 * cube < len(halides) <= 3 * cube + 3 * 2 * 36
    fewer = made.at(Evaluation(values.moved({"crystals.x.sites.Br.occupancy": 0.125})))["p"]
    half = filled_by_chance(atoms, fewer.crystal.occupants, rng)
    assert half.elements.count("Br") == pytest.approx(0.5 * len(halides), rel=0.15)


# ---- derived quantities ---------------------------------------------------------------------------


def derived(shape: object, source: Crystal | None = None, **given: object) -> dict[str, object]:
    made, values = sample(shape, source, **given)
    return dict(made.derived(Evaluation(values, None)))


def test_density_and_length_of_domains() -> None:
    d110 = 1.0 / np.sqrt(1.0 / 8.207**2 + 1.0 / 8.255**2)
    families = {**twins(a=(T110, 0.06), c=(T110_001, 0.03)), "b": TwinFamily(T001, density=0.25)}
    for shape in (Sphere(40.0), Bulk()):
        found = derived(shape, twins=families)
        assert found[f"{P}.twins.a.boundary_density"].value == pytest.approx(0.6 / d110, rel=1e-9)
        assert found[f"{P}.twins.a.domain_length"].value == pytest.approx(d110 / 0.06, rel=1e-9)
        assert found[f"{P}.twins.b.boundary_density"].value == pytest.approx(0.25, rel=1e-9)
        assert found[f"{P}.twins.b.domain_length"].value == pytest.approx(40.0, rel=1e-9)
        assert found[f"{P}.twins.c.boundary_density"].value == pytest.approx(0.3 / (0.5 * 11.759), rel=1e-9)
        assert found[f"{P}.twins.a.boundary_density"].unit == "1/nm"


def test_without_boundaries_the_length_is_null() -> None:
    found = derived(Sphere(40.0), twins=twins(a=(T110, 0.0)))
    assert found[f"{P}.twins.a.boundary_density"].value == 0.0
    assert found[f"{P}.twins.a.domain_length"].description == "no boundary"
    values = {k: DerivedValue(d.value, None, d.unit, d.description) for k, d in found.items()}
    document = results_document(replace(example(), derived=values), [])
    assert json.loads(json.dumps(document, allow_nan=False))["derived"][f"{P}.twins.a.domain_length"]["value"] is None
    assert found[f"{P}.twins.a.shortest_contact"].value > 3.0


@pytest.mark.parametrize(("slip", "axes", "shift"), [
    (T110, (0, 1), None), (T001, (0, 1), (0.0, 0.0, 0.5)), (T110_001, (2,), (0.5, 0.5, 0.0)),
])  # fmt: skip
def test_shortest_contact_is_that_of_two_half_crystals(
    slip: str, axes: tuple[int, ...], shift: tuple[float, ...] | None
) -> None:
    """The crystal below a plane, and the crystal slipped in the plane above it; each plane of the family."""
    places, elements = perfect(2)
    halides = places[elements == "Br"]
    along = np.array([[1.0, 1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 2.0]]) / CELL  # in units of A1, A2, A3
    metal = np.array([0.5, 0.0, 0.0]) * CELL
    found = []
    for axis in axes:
        slipped = shift or ((-0.5, 0.5, 0.0) if axis == 0 else (0.5, 0.5, 0.0))
        for plane in (-0.25, 0.75):
            lower = halides[(halides - metal) @ along[axis] < plane]
            moved = halides + np.array(slipped) * CELL
            upper = moved[(moved - metal) @ along[axis] >= plane]
            middle = lower[np.abs(lower).max(axis=1) < 12.0]
            found.append(float(cdist(middle, upper).min()))
    quantity = derived(Sphere(40.0), twins=twins(t=(slip, 0.1)))[f"{P}.twins.t.shortest_contact"]
    assert quantity.value == pytest.approx(min(found), rel=1e-9)
    inner = halides[np.abs(halides).max(axis=1) < 12.0]
    apart = cdist(inner, halides)
    nearest = float(apart[apart > 0.01].min())
    assert quantity.description == f"shortest Br–Br distance across a boundary; {nearest:.3g} Å in the crystal"


def test_contacts_are_looked_for_once_for_each_geometry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lengths, displacements and probabilities move no atom; the cell does."""
    asked = []
    plain = sample_derived.shortest_contact

    def counted(lattice: LatticeNow, family: TwinBoundaries | None) -> tuple[str, float] | None:
        asked.append(family is None)
        return plain(lattice, family)

    monkeypatch.setattr(sample_derived, "shortest_contact", counted)
    made, values = sample(Sphere(40.0), twins=twins(t=(T110, 0.1)))
    start = Evaluation(values, PairGrid(20.0, 0.01))
    for address in ("populations.p.diameter", f"{P}.twins.t.probability", "crystals.x.u_iso.Br"):
        made.derived(start.at(values.moved({address: 1.1 * values[address]})))
    assert sorted(asked) == [False, True]
    name = f"{P}.twins.t.shortest_contact"
    longer = made.derived(start.at(values.moved({"crystals.x.a": 8.3})))[name].value
    assert len(asked) == 4
    assert longer != made.derived(start)[name].value


def test_runs_of_layers() -> None:
    """P(c|c) = 0.4 + 0.5 · 0.6 = 0.7, so runs of 1/0.3; P(h|h) = 1 − 0.4 · 0.5 = 0.8, so runs of 1/0.2."""
    blende = Crystal.from_library("CdSe-zincblende", u_iso=SE)
    found = derived(Sphere(40.0), blende, stacking=Stacking(0.4, 0.5))
    assert found[f"{P}.stacking.mean_run_cubic"].value == pytest.approx(10.0 / 3.0)
    assert found[f"{P}.stacking.mean_run_hexagonal"].value == pytest.approx(5.0)
    uncorrelated = derived(Bulk(), blende, stacking=Stacking(0.75))
    assert uncorrelated[f"{P}.stacking.mean_run_cubic"].value == pytest.approx(4.0)
    assert uncorrelated[f"{P}.stacking.mean_run_hexagonal"].value == pytest.approx(4.0 / 3.0)
    pure = derived(Bulk(), blende, stacking=Stacking(1.0))
    assert pure[f"{P}.stacking.mean_run_cubic"].value == np.inf
    assert pure[f"{P}.stacking.mean_run_hexagonal"].value == 1.0


# ---- in the report --------------------------------------------------------------------------------


def three_domains() -> AtomPicture:
    """Three atoms of two domains with a rim between them."""
    rim = np.array([[1.4, -2.0, -2.0], [1.4, 4.0, -2.0], [1.4, 4.0, 2.0], [1.4, -2.0, 2.0]])
    return replace(
        three_atoms(), domains=(0, 1, 0), domain_names=("not shifted", f"shifted {CLOSING}"), outlines=(rim,)
    )


def test_domains_and_rims_are_in_the_data_of_the_page() -> None:
    data = atoms_data(three_domains())
    assert data["domains"] == [0, 1, 0]
    assert [d["name"] for d in data["domain_names"]] == ["not shifted", f"shifted {CLOSING}"]
    assert [d["color"] for d in data["domain_names"]] == list(HUES[:2])
    assert data["outlines"] == [[1.4, -2, -2, 1.4, 4, -2, 1.4, 4, 2, 1.4, -2, 2]]
    assert len(set(HUES)) == 12
    text = report_html(replace(example(), atoms={"dots": three_domains()}))
    assert CLOSING not in text
    assert 'data-do="color" aria-pressed="true" data-to="domains"' in text
    assert 'data-do="color"' not in report_html(replace(example(), atoms={"dots": three_atoms()}))
    assert HOSTILE not in text


TRY_COLORS = """<script>
setTimeout(async () => {
  const holder = document.querySelector(".atoms"), canvas = holder.querySelector("canvas");
  window.requestAnimationFrame = (draw) => setTimeout(draw, 16);  // no frames come without a window
  const frame = () => new Promise((r) => setTimeout(r, 150));
  const button = (more) => holder.parentElement.querySelector(`button${more}`);
  const svg = async () => {
    delete saved["image/svg+xml"];
    button("[data-do=svg]").click();
    for (let i = 0; i < 2000 && !saved["image/svg+xml"]; i++) await frame();
    return saved["image/svg+xml"].text();
  };
  const views = [canvas.toDataURL()], drawings = [await svg()];
  button("[data-to=elements]").click();
  await frame();
  views.push(canvas.toDataURL());
  drawings.push(await svg());
  const pressed = [...holder.parentElement.querySelectorAll("[data-do=color]")].map((b) => b.ariaPressed);
  button("[data-to=domains]").click();
  await frame();
  const back = canvas.toDataURL() === views[0];
  button("[data-do=png]").click();
  for (let i = 0; i < 2000 && !saved["image/png"]; i++) await frame();
  const found = document.createElement("pre");
  found.id = "found";
  found.textContent = JSON.stringify({
    refused, drawings, views: new Set(views).size, back, pressed, png: saved["image/png"].size });
  document.body.append(found);
}, 300);
</script></body>"""


@needs_browser
def test_colours_change_between_domains_and_elements(tmp_path: Path) -> None:
    _, found = opened(replace(example(), atoms={"dots": three_domains()}), TRY_COLORS, tmp_path)
    assert found["refused"] == []
    assert (found["views"], found["back"], found["pressed"]) == (2, True, ["false", "true"])
    assert found["png"] > 5_000
    svg = "{http://www.w3.org/2000/svg}"
    drawings = [ElementTree.fromstring(text) for text in found["drawings"]]
    named = [[t.text for t in d.iter(f"{svg}text")] for d in drawings]
    assert named[0][:2] == ["not shifted", f"shifted {CLOSING}"]
    assert named[1][:3] == ["Pb", "Br", "Og"]
    for drawing in drawings:
        circles = drawing.findall(f"{svg}circle")
        assert len(circles) == 3
        pieces = drawing.findall(f"{svg}path")
        assert len(pieces) == 10  # 6 Å and 4 Å twice, in pieces of 2.5 Å at most
    sizes = [sorted(c.get("r") for c in d.findall(f"{svg}circle")) for d in drawings]
    assert sizes[0] == sizes[1]
