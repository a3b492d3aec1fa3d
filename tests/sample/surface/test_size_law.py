"""Crystals that depend on their size, against the sum over single sizes, each a sample of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import simpson

from nanocrystal.errors import InputError
from nanocrystal.parameters import Evaluation, Values, vary
from nanocrystal.refinement import declared_parameters
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.sample import (
    Brick,
    Bulk,
    Crystal,
    Cube,
    Cylinder,
    Distribution,
    Exponential,
    Histogram,
    Population,
    Prism,
    Sample,
    Shell,
    SiteOverride,
    SizeLaw,
    Sphere,
    Substitution,
)
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.sample.shapes.distributions import Lognormal
from nanocrystal.sample.surface.size_law import slices
from nanocrystal.techniques import Pdf, TotalScattering
from support.modelling import calculated, now
from support.richardson import errors_of_derivatives
from support.structures import CUBIC, CUBIC_CSPBBR3, GAMMA_CSPBBR3

A = CUBIC_CSPBBR3
U_ISO = {"Pb": 0.0127, "Cs": 0.03, "Br": 0.025}
SETTINGS = TotalScattering(q="0.6:12.01:0.02", background_terms=0)
PDF = Pdf(r="1:30:0.05", qmax=20.0)


def sample(shape: object, law: SizeLaw | None, text: str = CUBIC, u_iso: Any = U_ISO, **given: Any) -> Sample:
    crystal = Crystal(parse_cif(text, "test.cif"), given.pop("cell", {}), u_iso, given.pop("sites", {}))
    return Sample({"p": Population("x", shape, size_law=law, **given)}, {"x": crystal})  # type: ignore[arg-type]


def intensity(of: Sample) -> np.ndarray:
    return calculated(of, SETTINGS, "iq")


def of_one_size(shape: object, d: float, alpha: float, beta: float, technique: Any = SETTINGS) -> np.ndarray:
    """Return the curve of crystals of one size whose cell is that of the law at D."""
    cell = {"a": A * (1.0 - alpha / (d + alpha)) * (1.0 + beta)}
    return calculated(sample(shape, None, cell=cell), technique, "d")


# ---- counted sizes: every one is a slice, nothing is approximate ------------------------------------

LENGTHS, COUNTS = [20.0, 27.0, 33.5], [1.0, 3.0, 2.0]
DIAMETER_OF_CUBE = (6.0 / np.pi) ** (1.0 / 3.0)


def test_cell_of_counted_cubes() -> None:
    law = SizeLaw(alpha=0.6, beta=0.004)
    members = [of_one_size(Cube(x), DIAMETER_OF_CUBE * x, 0.6, 0.004) for x in LENGTHS]
    found = intensity(sample(Cube(Histogram(LENGTHS, COUNTS)), law))
    np.testing.assert_allclose(found, np.average(members, axis=0, weights=COUNTS), rtol=1e-8)


@pytest.mark.parametrize("technique", [PDF, Pdf(r="1:30:0.05", qmax=20.0, qmin=0.8, qdamp=0.02)])
def test_cell_of_counted_spheres_in_g_of_r(technique: Pdf) -> None:
    found = calculated(sample(Sphere(Histogram(LENGTHS, COUNTS)), SizeLaw(alpha=0.6)), technique)
    members = [of_one_size(Sphere(x), x, 0.6, 0.0, technique) for x in LENGTHS]
    atoms = np.array([n * x**3 * (1.0 + 0.6 / x) ** 3 for x, n in zip(LENGTHS, COUNTS, strict=True)])
    np.testing.assert_allclose(
        found, np.average(members, axis=0, weights=atoms), atol=1e-6 * np.abs(found).max()
    )  # G(r) is per atom


@pytest.mark.parametrize("argument", ["d_eq", "volume_to_surface"])
def test_cell_of_counted_prisms(argument: str) -> None:
    """Two lengths: D_eq and V/S by hand."""
    bases, lengths, length_counts = [18.0, 30.0], [20.0, 31.0], [2.0, 1.0]
    law = SizeLaw(alpha=0.6, argument=argument)  # type: ignore[arg-type]
    found = intensity(sample(Prism(Histogram(bases, [1.0, 1.0]), Histogram(lengths, length_counts)), law))
    expected = np.zeros(len(found))
    for base in bases:
        for length, count in zip(lengths, length_counts, strict=True):
            edge = base * np.sqrt(np.pi / 4.0)
            d = (6.0 / np.pi * edge**2 * length) ** (1.0 / 3.0)
            if argument == "volume_to_surface":
                d = 1.0 / (4.0 / edge + 2.0 / length)
            expected += count / 6.0 * of_one_size(Prism(base, length), d, 0.6, 0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-8 if argument == "d_eq" else 5e-5)


@pytest.mark.parametrize(("shape", "ratio"), [(Cube(30.0), 5.0), (Sphere(30.0), 5.0), (Cylinder(24.0, 24.0), 4.0)])
def test_volume_over_surface_by_hand(shape: Any, ratio: float) -> None:
    [only] = slices(now(shape), "volume_to_surface", A * np.eye(3))
    assert only.d == pytest.approx(ratio, rel=1e-4)


def test_volume_over_surface_of_slices_of_spheres() -> None:
    """D_k of a slice is that of its mean volume over its mean surface, integrated here by Simpson's rule."""
    shape = Sphere(Distribution("lognormal", 30.0, 6.0))
    x = np.linspace(1.0, 120.0, 200_001)
    density = Lognormal(30.0, 6.0).density(x)
    volume = np.cumsum(density * x**3)
    for k, found in enumerate(slices(now(shape), "volume_to_surface", A * np.eye(3))):
        inside = (volume >= volume[-1] * k / 12.0) & (volume < volume[-1] * (k + 1) / 12.0)
        expected = (density * x**3)[inside].sum() / (density * x**2)[inside].sum() / 6.0
        assert found.d == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("shape", [Cube, Sphere])
@pytest.mark.parametrize("technique", [SETTINGS, PDF])
def test_displacements_and_occupancies_of_counted_crystals(shape: Callable[[Any], Any], technique: Any) -> None:
    """u of Br (1 + 1.5 exp(−D/20)), Cs on 1 − 0.7 exp(−D/30) of its places; G(r) by F(Q) of all atoms."""
    law = SizeLaw(u_iso={"Br": Exponential(1.5, 20.0)}, occupancy={"Cs": Exponential(-0.7, 30.0)})
    parts = {}
    for k, (x, n) in enumerate(zip(LENGTHS, COUNTS, strict=True)):
        d = x * (DIAMETER_OF_CUBE if shape is Cube else 1.0)
        u_iso = {**U_ISO, "Br": 0.025 * (1.0 + 1.5 * np.exp(-d / 20.0))}
        sites = {"Cs": SiteOverride(occupancy=1.0 - 0.7 * np.exp(-d / 30.0))}
        one = sample(shape(x), None, u_iso=u_iso, sites=sites)
        parts[f"x{k}"] = one.crystals["x"], Population(f"x{k}", shape(x), fraction_basis="number_fraction", fraction=n)
    several = Sample({k: p for k, (_, p) in parts.items()}, {k: c for k, (c, _) in parts.items()})
    found = calculated(sample(shape(Histogram(LENGTHS, COUNTS)), law), technique, "d")
    expected = calculated(several, technique, "d")
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max(), rtol=1e-6)


def test_composition_of_counted_cubes_by_hand() -> None:
    law = SizeLaw(occupancy={"Cs": Exponential(-0.7, 30.0)})
    of = sample(Cube(Histogram(LENGTHS, COUNTS)), law)
    values = declared_parameters(of, {"iq": SETTINGS}).initial_values()
    found = of.derived(Evaluation(values, SETTINGS.bind("iq", of).requirement))
    cells = np.array([n * (x / A) ** 3 for x, n in zip(LENGTHS, COUNTS, strict=True)])
    caesium = 1.0 - 0.7 * np.exp(-DIAMETER_OF_CUBE * np.array(LENGTHS) / 30.0)
    expected = (cells * caesium).sum() / (cells * (4.0 + caesium)).sum()
    assert found["populations.p.composition.Cs"].value == pytest.approx(expected, rel=1e-9)


def test_many_counted_lengths_are_grouped() -> None:
    """Sixty lengths in about twelve slices: no slice is empty, and none is lost."""
    lengths = np.linspace(12.0, 42.0, 60)
    counts = np.exp(-0.5 * ((lengths - 25.0) / 5.0) ** 2)
    counts[::7] = 0.0
    shape = Sphere(Histogram(list(lengths), list(counts)))
    found = slices(now(shape), "d_eq", A * np.eye(3))
    assert 10 <= len(found) <= 12
    volumes = [s.shape.mean_volume for s in found]
    assert min(volumes) > 0.0  # type: ignore[type-var]
    assert sum(volumes) == pytest.approx(np.pi / 6.0 * np.average(lengths**3, weights=counts))  # type: ignore[arg-type]


# ---- distributions --------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [Cube, Sphere])
def test_cell_of_a_distribution(shape: Callable[[Any], Any]) -> None:
    """Lognormal sizes against Simpson's sum over 61 single ones."""
    mean, std = 30.0, 6.0
    x = np.linspace(14.0, 62.0, 61)
    density = Lognormal(mean, std).density(x)
    factor = DIAMETER_OF_CUBE if shape is Cube else 1.0
    single = np.array([of_one_size(shape(e), factor * e, 0.6, 0.0) for e in x])
    expected = simpson(density[:, None] * single, x=x, axis=0)
    found = intensity(sample(shape(Distribution("lognormal", mean, std)), SizeLaw(alpha=0.6)))
    without = intensity(sample(shape(Distribution("lognormal", mean, std)), None))
    scatter = np.sqrt(np.sum(expected**2))
    assert np.sqrt(np.sum((found - expected) ** 2)) < 1.5e-3 * scatter
    assert np.sqrt(np.sum((without - expected) ** 2)) > 0.05 * scatter


def test_no_law_is_none() -> None:
    shape = Cube(Distribution("lognormal", 30.0, 6.0))
    np.testing.assert_allclose(
        intensity(sample(shape, SizeLaw(alpha=0.0, u_iso={"Pb": Exponential(0.0, 10.0)}))),
        intensity(sample(shape, None)), rtol=1e-5,
    )  # fmt: skip


# ---- derivatives ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "law"),
    [
        (Cube(Distribution("lognormal", vary(30.0), vary(6.0))), SizeLaw(alpha=vary(0.5), beta=vary(0.002))),
        (
            Sphere(Distribution("lognormal", vary(30.0), vary(6.0))),
            SizeLaw(
                u_iso={"Br": Exponential(vary(1.5), vary(20.0))}, occupancy={"Cs": Exponential(vary(-0.5), vary(25.0))}
            ),
        ),
    ],
)
def test_derivatives(shape: Any, law: SizeLaw, tmp_path: Path) -> None:
    given = sample(shape, law)
    settings = TotalScattering(q="0.6:9:0.1", background_terms=0)
    q = 0.6 + 0.1 * np.arange(85)
    rows = zip(q, calculated(given, settings, "iq"), strict=True)
    (tmp_path / "iq.csv").write_text("q,intensity\n" + "\n".join(f"{x},{y}" for x, y in rows), encoding="utf-8")
    data = {"iq": TotalScattering(file="iq.csv", weights="uniform", background_terms=0)}
    errors = errors_of_derivatives(bound_problem(given, data, tmp_path), "iq")
    assert len(errors) >= 4
    assert max(errors.values()) < 2e-3, errors


# ---- what cannot be -------------------------------------------------------------------------------


def refusal(make: Callable[[], object]) -> str:
    with pytest.raises(InputError) as error:
        make()
    return str(error.value)


def test_laws_that_cannot_be() -> None:
    cube, law = Cube(30.0), SizeLaw(alpha=0.5)
    assert "crystals of a size" in refusal(lambda: sample(Bulk(), law))
    assert "says nothing" in refusal(lambda: sample(cube, SizeLaw()))
    assert "is no site" in refusal(lambda: sample(cube, SizeLaw(occupancy={"Na": Exponential(1.0, 10.0)})))
    assert "beside shell" in refusal(lambda: sample(cube, law, shell=Shell(5.0, occupancy={"Cs": 0.5})))
    both = Prism(Distribution("lognormal", 30.0, 5.0), Distribution("lognormal", 30.0, 5.0), 0.5)
    assert "cannot stand beside size_law" in refusal(lambda: intensity(sample(both, law)))
    assert "must be above" in refusal(lambda: intensity(sample(Cube(5.0), SizeLaw(alpha=-9.0))))


def test_a_law_of_displacements_needs_one_of_its_own() -> None:
    def given(u_iso: dict[str, float], key: str) -> Callable[[], Sample]:
        law = SizeLaw(u_iso={key: Exponential(1.0, 10.0)})
        return lambda: sample(Brick(20.0, 20.0, 20.0), law, GAMMA_CSPBBR3, u_iso)

    common = {"Cs": 0.03, "Pb": 0.01, "Br": 0.02}
    assert "shares its displacement with others as Br" in refusal(given(common, "Br2"))
    own = {"Cs": 0.03, "Pb": 0.01, "Br1": 0.02, "Br2": 0.03}
    given(own, "Br2")()
    law = SizeLaw(u_iso={"Br": Exponential(1.0, 10.0)})
    here = Values({"law.u_iso.Br.amplitude": 1.0, "law.u_iso.Br.length": 10.0}).under("law")
    crystal = now(sample(Cube(20.0), None, GAMMA_CSPBBR3, own).crystals["x"])
    moved = law.at(here).crystal_of_size(10.0, crystal).here.whole
    factor = 1.0 + np.exp(-1.0)
    assert moved["x.u_iso.Br1"] == pytest.approx(0.02 * factor)
    assert moved["x.u_iso.Br2"] == pytest.approx(0.03 * factor)
    assert moved["x.u_iso.Pb"] == 0.01


def test_a_law_rules_a_second_element() -> None:
    u_iso = {**U_ISO, "Cl": 0.04}
    law = SizeLaw(u_iso={"Cl": Exponential(1.0, 15.0)})
    mixing = {"Br": Substitution("Cl", 0.4)}
    text = parse_cif(CUBIC, "test.cif")
    found = Sample(
        {"p": Population("x", Cube(15.0), size_law=law)}, {"x": Crystal(text, {}, u_iso, substitutions=mixing)}
    )
    u_iso = {**u_iso, "Cl": 0.04 * (1.0 + np.exp(-DIAMETER_OF_CUBE))}
    plain = Sample({"p": Population("x", Cube(15.0))}, {"x": Crystal(text, {}, u_iso, substitutions=mixing)})
    np.testing.assert_allclose(intensity(found), intensity(plain), rtol=1e-9)
