"""What results say of themselves, when and when not: sizes out of reach, bonds of the cell, parts of the sample."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal import vary
from nanocrystal.report.refined.words import summary
from nanocrystal.sample import Population, Sample, Sphere
from nanocrystal.sample.crystal.crystal import SiteOverride
from nanocrystal.techniques import Pdf
from support.modelling import calculated, crystal, sample_of
from support.structures import NICKEL, cif

RUTILE = cif("4.594 4.594 2.959 90 90 90", "P 42/m n m", "Ti Ti 0 0 0 1\nO O 0.3049 0.3049 0 1")
R = np.arange(1.5, 30.0, 0.05)


def of(sample: Sample, last: float = 25.0, **settings: Any) -> Pdf:
    """Return the G(r) of a sample with some noise, to a last distance."""
    grid = {"qmax": 20.0, "qdamp": 0.03} | settings
    g = calculated(sample, Pdf(r=f"1.5:{last:g}:0.05", **grid))
    noise = 0.02 * g.std() * np.random.default_rng(0).normal(size=len(g))
    return Pdf(r=1.5 + 0.05 * np.arange(len(g)), g=g + noise, **grid)


def remarks(result: nc.Result, words: str) -> list[str]:
    return [note for note in result.notes if words in note]


@pytest.mark.parametrize(
    ("qdamp", "size", "said"), [(0.0, vary(20.0), True), (0.03, vary(20.0), False), (0.0, 20.0, False)]
)
def test_a_resolution_left_out_beside_a_size(qdamp: float, size: Any, said: bool) -> None:
    """Only where a size is refined, which it would be taken for."""
    data = of(sample_of(NICKEL, Sphere(20.0), 0.006, a=3.524), qdamp=qdamp)
    result = nc.refine(sample_of(NICKEL, Sphere(size), 0.006, a=vary(3.52)), data)
    assert bool(remarks(result, "qdamp is 0: what the resolution of the instrument damps")) is said


def test_a_resolution_left_out_makes_the_size_too_small() -> None:
    """Spheres of 20 Å seen with qdamp 0.03, refined without it: as small as the note says."""
    data = of(sample_of(NICKEL, Sphere(20.0), 0.006, a=3.524), qdamp=0.03)
    result = nc.refine(sample_of(NICKEL, Sphere(vary(20.0)), 0.006, a=vary(3.52)), replace(data, qdamp=0.0))
    size = result.parameters["populations.p.diameter"]
    assert size.stderr is not None
    assert size.value < 20.0 - 5.0 * size.stderr
    (said,) = remarks(result, "qdamp is 0")
    assert "is taken for the size of populations.p, which is too small; find qdamp with a standard" in said


@pytest.mark.parametrize(("last", "said"), [(8.0, True), (25.0, False)])
def test_a_range_that_ends_inside_the_crystals(last: float, said: bool) -> None:
    data = of(sample_of(NICKEL, Sphere(20.0), 0.006, a=3.524), last)
    result = nc.refine(sample_of(NICKEL, Sphere(vary(19.0)), 0.006, a=vary(3.52)), data)
    assert bool(remarks(result, "inside the crystals of populations.p")) is said


@pytest.mark.parametrize(("x", "said"), [(0.3049, True), (vary(0.304), False)])
def test_bonds_of_the_cell_alone(x: Any, said: bool) -> None:
    """O of rutile has a coordinate that symmetry leaves free: held, the error of Ti–O is that of the cell."""
    truth = sample_of(RUTILE, Sphere(24.0), 0.006, a=4.594, c=2.959)
    held = sample_of(RUTILE, Sphere(24.0), 0.006, a=vary(4.59), c=vary(2.96), sites={"O": SiteOverride(x=x)})
    result = nc.refine(held, of(truth))
    bonds = {a: d for a, d in result.derived.items() if ".bond." in a}
    assert bonds
    assert all(("cell only" in d.description) is said for d in bonds.values())


def test_bonds_of_a_cell_that_is_held_have_no_error_to_speak_of() -> None:
    truth = sample_of(RUTILE, Sphere(24.0), 0.006, a=4.594, c=2.959)
    result = nc.refine(sample_of(RUTILE, Sphere(vary(25.0)), 0.006, a=4.594, c=2.959), of(truth))
    assert any(".bond." in a for a in result.derived)
    assert not any("cell only" in d.description for d in result.derived.values())


def test_bonds_of_which_symmetry_says_all_are_no_matter_of_held_coordinates() -> None:
    truth = sample_of(NICKEL, Sphere(24.0), 0.006, a=3.524)
    result = nc.refine(sample_of(NICKEL, Sphere(24.0), 0.006, a=vary(3.52)), of(truth))
    assert not any("cell only" in d.description for d in result.derived.values())


def mixture(first: Any, second: Any) -> Sample:
    salt = cif("5.64 5.64 5.64 90 90 90", "F m -3 m", "Na Na 0 0 0 1\nCl Cl 0.5 0.5 0.5 1")
    crystals = {"ni": crystal(NICKEL, 0.006, a=3.524), "salt": crystal(salt, 0.01, a=5.64)}
    return Sample(
        {
            "metal": Population("ni", Sphere(25.0), fraction=first),
            "salt": Population("salt", Sphere(25.0), fraction=second),
        },
        crystals,
    )


def test_ratios_are_told_as_parts_of_the_sample() -> None:
    """2 to 1 is two thirds and a third; fractions that add up to 1 are said once."""
    result = nc.refine(mixture(vary(1.5), 1.0), of(mixture(2.0, 1.0)))
    lines = summary(result).splitlines()
    (metal,) = [line for line in lines if "populations.metal.mass_fraction_of_sample" in line]
    assert "(of the mass of the sample)" in metal
    assert float(metal.split()[1].partition("(")[0]) == pytest.approx(2.0 / 3.0, abs=0.02)
    tied = nc.refine(mixture(vary(0.5), nc.tied("1 - populations.metal.mass_fraction")), of(mixture(2.0, 1.0)))
    assert "mass_fraction_of_sample" not in summary(tied)


def test_a_part_that_is_not_there_has_no_size_to_remark_on_and_no_error_of_its_amount() -> None:
    """The optimiser stops short of the bound 0 by 1e-16 or so, of which the fraction is no ± 1e-17."""
    salt = cif("5.64 5.64 5.64 90 90 90", "F m -3 m", "Na Na 0 0 0 1\nCl Cl 0.5 0.5 0.5 1")
    crystals = {"ni": crystal(NICKEL, 0.006, a=3.524), "salt": crystal(salt, 0.01, a=5.64)}
    populations = {
        "metal": Population("ni", Sphere(vary(25.0)), fraction=1.0),
        "salt": Population("salt", Sphere(vary(60.0)), fraction=vary(0.1, min=0.0)),
    }
    result = nc.refine(Sample(populations, crystals), of(sample_of(NICKEL, Sphere(25.0), 0.006, a=3.524)))
    assert result["populations.salt.mass_fraction"].status == "at_bound"
    assert result["populations.salt.mass_fraction"].limit is not None
    assert result.derived["populations.salt.mass_fraction_of_sample"].value == 0.0
    assert result.derived["populations.salt.mass_fraction_of_sample"].stderr is None
    assert remarks(result, "populations.salt is not seen")
    assert remarks(result, "inside the crystals of populations.salt") == []


# ---- errors of amounts ----------------------------------------------------------------------------


def amounts_refined(first: Any, factor: float, second: Any = 1.0) -> list[str]:
    """Return what is said of errors of fractions, of σ as large as the noise over a factor."""
    data = of(mixture(2.0, 1.0))
    curve = data.file.curve()  # type: ignore[union-attr]
    g = calculated(mixture(2.0, 1.0), Pdf(r="1.5:25:0.05", qmax=20.0, qdamp=0.03))
    with_sigma = Pdf(r=curve.x, g=curve.y, sigma=float(0.02 * g.std() / factor), qmax=20.0, qdamp=0.03)
    return remarks(nc.refine(mixture(first, second), with_sigma), "errors of fractions are their precision")


@pytest.mark.parametrize(
    ("first", "factor", "said"), [(vary(1.5), 4.0, True), (vary(1.5), 1.0, False), (2.0, 4.0, False)]
)
def test_errors_of_amounts_are_no_accuracy_where_the_misfit_is_more_than_noise(
    first: Any, factor: float, said: bool
) -> None:
    assert bool(amounts_refined(first, factor)) is said


def test_one_phase_has_no_amount_to_speak_of() -> None:
    sample = sample_of(NICKEL, Sphere(20.0), 0.006, a=3.524)
    data = replace(of(sample), weights="uniform")
    curve = data.file.curve()  # type: ignore[union-attr]
    result = nc.refine(
        sample_of(NICKEL, Sphere(vary(20.0)), 0.006, a=vary(3.52)),
        Pdf(r=curve.x, g=curve.y, sigma=1e-3 * float(np.abs(curve.y).max()), qmax=20.0, qdamp=0.03),
    )
    assert result.datasets["pdf"].gof is not None
    assert result.datasets["pdf"].gof > 2.0
    assert remarks(result, "errors of fractions") == []
