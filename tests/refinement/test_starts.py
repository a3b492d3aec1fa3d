"""Where descents begin: drawn values and distances by hand, values exchanged, and cells far off that are found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal import vary
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.refinement.problem import Problem
from nanocrystal.refinement.starts import Coordinates, drawn_starts, exchanged, looked_for
from nanocrystal.sample import Sample, Sphere
from nanocrystal.techniques import Pdf, Powder, TotalScattering
from support.modelling import calculated, sample_of
from support.structures import NICKEL, cif

A = 3.524
SALT = cif("5.64 5.64 5.64 90 90 90", "F m -3 m", "Na Na 0 0 0 1\nCl Cl 0.5 0.5 0.5 1")
R = np.arange(1.5, 20.0, 0.05)
SETTINGS: dict[str, Any] = {"qmax": 20.0, "qdamp": 0.03}


def salt(u_na: float, u_cl: float) -> Sample:
    return sample_of(SALT, Sphere(vary(25.0)), u_iso={"Na": vary(u_na), "Cl": vary(u_cl)}, a=vary(5.64))


def problem() -> Problem:
    return bound_problem(salt(0.01, 0.02), {"pdf": Pdf(r=R, g=np.sin(R), delta2=vary(1.0), **SETTINGS)}, Path())


def places(of: Problem) -> dict[str, int]:
    return {d.address.rpartition(".")[2]: k for k, d in enumerate(of.free)}


def test_values_are_drawn_as_wide_as_they_may_be_off() -> None:
    """Displacements by a factor of 3, sizes by 0.3 to 4, delta2 within its bounds, cells by about 1 %."""
    of, rng = problem(), np.random.default_rng(0)
    drawn, at = np.array([Coordinates.of(of).drawn(rng) for _ in range(2000)]), places(of)
    for name, low, high in (("Na", 0.01 / 3, 0.03), ("Cl", 0.02 / 3, 0.06), ("diameter", 7.5, 100.0)):
        column = drawn[:, at[name]]
        assert low <= column.min() < 1.05 * low
        assert 0.95 * high < column.max() <= high
        assert np.median(column) == pytest.approx(np.sqrt(low * high), rel=0.1)  # even in the logarithm
    delta2, top = drawn[:, at["delta2"]], of.bounds[1][at["delta2"]]
    assert np.quantile(delta2, [0.25, 0.75]) == pytest.approx([0.25 * top, 0.75 * top], rel=0.1)
    assert drawn[:, at["a"]].std() == pytest.approx(0.0564, rel=0.1)


def test_coordinates_are_0_at_the_start_and_1_as_far_off_as_a_value_may_be() -> None:
    of = problem()
    coordinates, at, x = Coordinates.of(of), places(of), of.start.copy()
    assert coordinates(x) == pytest.approx(np.zeros(len(x)))
    x[at["diameter"]], x[at["Na"]] = 100.0, 0.01 / 3
    assert coordinates(x)[at["diameter"]] == pytest.approx(1.0)
    assert coordinates(x)[at["Na"]] == pytest.approx(-1.0)


def test_starts_that_are_kept_are_apart() -> None:
    """Twice as far from each other at the least as as many of the best by χ² alone would be, on average over seeds."""
    of = problem()
    coordinates = Coordinates.of(of)

    def apart(points: list[np.ndarray]) -> float:
        y = [coordinates(x) for x in points]
        return min(float(np.linalg.norm(p - q)) for k, p in enumerate(y) for q in y[:k])

    kept = [drawn_starts(of, 5, seed) for seed in range(6)]
    assert all(len(points) == 5 for points in kept)
    best = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        drawn = sorted((coordinates.drawn(rng) for _ in range(40)), key=lambda x: of.point(x).chi2)
        best.append(apart(drawn[:5]))
    assert np.mean([apart(points) for points in kept]) > 1.2 * np.mean(best)


def test_like_values_are_exchanged_and_others_are_not() -> None:
    of = problem()
    at, x = places(of), of.start
    (other,) = exchanged(of, x)
    expected = x.copy()
    expected[at["Na"]], expected[at["Cl"]] = x[at["Cl"]], x[at["Na"]]
    np.testing.assert_array_equal(other, expected)


def test_lengths_of_a_cell_are_not_exchanged() -> None:
    cell = cif("4.594 4.594 2.959 90 90 90", "P 42/m n m", "Ti Ti 0 0 0 1")
    of = bound_problem(
        sample_of(cell, Sphere(25.0), a=vary(4.594), c=vary(2.959)), {"pdf": Pdf(r=R, g=np.sin(R), **SETTINGS)}, Path()
    )
    assert len(of.free) == 2
    assert list(exchanged(of, of.start)) == []


# ---- a start that explains nothing ------------------------------------------------------------------


def pattern(technique: str) -> tuple[Sample, Any, Any]:
    """Return what has made a curve, the data set of that curve with noise, and how a sample is made of its cell."""
    rng = np.random.default_rng(0)
    if technique == "powder":
        truth = sample_of(NICKEL, None, 0.006, a=A)
        settings = {"tube": "Cu", "anomalous": False, "caglioti_w": 0.02, "background_terms": 1}
        y = calculated(truth, Powder(two_theta="35:100:0.05", **settings), "xrd")
        counts = rng.poisson(2000.0 * y / y.max() + 50.0).astype(float)
        data = Powder(two_theta=np.arange(35.0, 100.0 + 1e-9, 0.05), intensity=counts, **settings)
        return truth, data, lambda a: sample_of(NICKEL, None, 0.006, a=vary(a))
    truth = sample_of(NICKEL, Sphere(30.0), 0.006, a=A)
    make = lambda a: sample_of(NICKEL, Sphere(vary(30.0)), 0.006, a=vary(a))  # noqa: E731
    if technique == "pdf":
        g = calculated(truth, Pdf(r="1.5:19.95:0.05", **SETTINGS))
        return truth, Pdf(r=R, g=g[: len(R)] + 0.05 * g.std() * rng.normal(size=len(R)), **SETTINGS), make
    y = calculated(truth, TotalScattering(q="1.5:12:0.02", background_terms=1), "iq")
    counts = rng.poisson(2000.0 * y / y.max() + 50.0).astype(float)
    return truth, TotalScattering(q=np.arange(1.5, 12.0 + 1e-9, 0.02), intensity=counts, background_terms=1), make


@pytest.mark.parametrize("technique", ["pdf", "total scattering", "powder"])
@pytest.mark.parametrize("off", [-0.05, 0.03, 0.05])
def test_a_cell_far_off_is_found_or_the_result_is_doubtful(technique: str, off: float) -> None:
    _, data, make = pattern(technique)
    result = nc.refine(make(A * (1.0 + off)), data)
    cell = next(p for a, p in result.parameters.items() if a.endswith(".a"))
    if result.state == "converged":
        assert cell.stderr is not None
        assert abs(cell.value - A) < 4.0 * cell.stderr
    else:
        assert result.state == "doubtful"
    if technique != "powder":
        assert result.state == "converged"  # its peaks are wide enough to be met


def test_a_start_that_explains_something_is_kept() -> None:
    """Nothing is looked for then, so that no evaluation is spent."""
    _, data, make = pattern("pdf")
    of = bound_problem(make(A * 1.002), {"pdf": data}, Path())
    start, before = of.point(of.start), of.n_evaluations
    np.testing.assert_array_equal(looked_for(of, start), of.start)
    assert of.n_evaluations == before


def test_a_size_far_off_is_looked_for() -> None:
    """Three times too large, of a cell 4 % too long: both are met to the nearest of the values that are tried."""
    _, data, _ = pattern("pdf")
    sample = sample_of(NICKEL, Sphere(vary(90.0)), 0.006, a=vary(1.04 * A))
    of = bound_problem(sample, {"pdf": data}, Path())
    found, at = looked_for(of, of.point(of.start)), places(of)
    assert found[at["a"]] == pytest.approx(A, rel=0.005)
    assert 25.0 < found[at["diameter"]] < 38.0
