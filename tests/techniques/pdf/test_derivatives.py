"""Exact derivatives of G(r) by lengths and cell parameters: against differences, and against explicit atoms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal.kernels import plain
from nanocrystal.measurement.derivatives import at_bins, stretched
from nanocrystal.parameters import Number, vary
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.refinement.problem import Problem
from nanocrystal.sample import Cube, Distribution, Population, Prism, Sample, SiteOverride, Sphere
from nanocrystal.sample.order.twins import TwinFamily
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import Pdf
from support.modelling import crystal
from support.richardson import errors_of_derivatives, exact_addresses_of
from support.structures import CUBIC, CUBIC_CSPBBR3, GAMMA_CSPBBR3, NICKEL, cif, cubic_cluster

U_ISO = {"Pb": 0.0127, "Cs": 0.03, "Br": 0.025}
SPLIT = cif(
    "5.87 5.87 5.87 90 90 90", "P m -3 m", "Pb Pb 0 0 0 1\nCs Cs 0.5 0.5 0.5 1\nBr Br 0.5 0.06 0.06 0.25"
)  # Br a third of an ångström off its place, on four places


def problem_of(sample: Sample, folder: Path, **settings: Any) -> Problem:
    """Return the sample against some curve; what was measured does not matter to derivatives at fixed scale."""
    r = np.arange(1.0, 26.0, 0.05)
    np.savetxt(folder / "some.gr", np.column_stack([r, np.sin(r)]))
    given = {"r_range": (1.5, 25.0), "qmax": 20.0, "scale": 0.7, **settings}
    return bound_problem(sample, {"pdf": Pdf(folder / "some.gr", columns=["r", "g"], **given)}, Path())


def prisms(**given: Any) -> Sample:
    u_iso = {"Cs": vary(0.03), "Pb": 0.015, "Br": 0.03}
    x = crystal(GAMMA_CSPBBR3, u_iso, a=vary(8.207), b=vary(8.255), c=vary(11.759), **given)
    lengths = (Distribution("lognormal", vary(m), vary(s)) for m, s in ((25.0, 5.0), (30.0, 6.0)))
    return Sample({"p": Population("x", Prism(*lengths))}, {"x": x})


EXACT = {f"crystals.x.{k}" for k in "abc"} | {
    f"populations.p.{k}.{m}" for k in ("d_ab", "l_c") for m in ("mean", "std")
}


@pytest.mark.parametrize(
    "settings",
    [
        {"qdamp": 0.03, "qbroad": 0.02, "delta1": 0.2, "delta2": 1.5},
        {"qmin": 0.8, "qdamp": 0.05},
        {"peak_form": "pdfgui", "qbroad": 0.02, "delta2": 2.0},
    ],
)
def test_prisms(settings: dict[str, Any], tmp_path: Path) -> None:
    problem = problem_of(prisms(), tmp_path, **settings)
    assert exact_addresses_of(problem, "pdf") == EXACT
    errors = errors_of_derivatives(problem, "pdf")
    assert max(errors.values()) < 2e-4, errors


@pytest.mark.parametrize("free", ["size", "cell", "boundaries"])
def test_one_free_parameter_alone(free: str, tmp_path: Path) -> None:
    """Nothing depends on what else is free; boundaries of twins leave sizes and densities as they are."""
    x = crystal(GAMMA_CSPBBR3, 0.02, c=vary(11.759) if free == "cell" else 11.759)
    prism = Prism(Distribution("lognormal", vary(25.0) if free == "size" else 25.0, 5.0), 22.0)
    twins = {"t": TwinFamily("1/2<110>{110}", probability=vary(0.1) if free == "boundaries" else 0.1)}
    problem = problem_of(Sample({"p": Population("x", prism, twins=twins)}, {"x": x}), tmp_path, qdamp=0.03)
    (address,) = exact_addresses_of(problem, "pdf")
    assert errors_of_derivatives(problem, "pdf")[address] < 2e-4


@pytest.mark.parametrize("basis", ["number_fraction", "volume_fraction", "mass_fraction"])
def test_parts_of_the_sample_change_with_sizes_and_cells(basis: Any, tmp_path: Path) -> None:
    """Two shapes of one crystal and a sphere of another: what the sphere depends on is left to differences."""

    def population(name: str, shape: Any, fraction: Number) -> Population:
        return Population(name, shape, fraction_basis=basis, fraction=fraction)

    populations = {
        "p": population("x", Cube(vary(25.0)), vary(0.6)),
        "q": population("x", Prism(vary(30.0), vary(22.0)), 0.4),
        "s": population("n", Sphere(vary(20.0)), 0.3),
    }
    crystals = {
        "x": crystal(GAMMA_CSPBBR3, 0.02, a=vary(8.207), c=vary(11.759)),
        "n": crystal(NICKEL, 0.006, a=vary(3.52)),
    }
    problem = problem_of(Sample(populations, crystals), tmp_path)
    expected = {"crystals.x.a", "crystals.x.c", "populations.p.edge_length", "populations.q.d_ab", "populations.q.l_c"}
    assert exact_addresses_of(problem, "pdf") == expected
    errors = errors_of_derivatives(problem, "pdf")
    assert max(errors.values()) < 2e-4, errors


def test_a_crystal_that_a_sphere_shares_is_left_to_differences(tmp_path: Path) -> None:
    populations = {"p": Population("x", Cube(vary(25.0))), "s": Population("x", Sphere(20.0), fraction=0.5)}
    problem = problem_of(Sample(populations, {"x": crystal(CUBIC, U_ISO, a=vary(5.87))}), tmp_path)
    assert exact_addresses_of(problem, "pdf") == {"populations.p.edge_length"}
    errors = errors_of_derivatives(problem, "pdf")
    assert max(errors.values()) < 2e-4, errors


@pytest.mark.parametrize(
    ("text", "sites"), [(SPLIT, {}), (CUBIC, {"Br": SiteOverride(occupancy=vary(0.8))})], ids=["split", "vacancies"]
)
def test_partly_filled_places(text: str, sites: dict[str, SiteOverride], tmp_path: Path) -> None:
    """Places that exclude each other are no pair in the derivatives either."""
    x = crystal(text, U_ISO, a=vary(5.87), sites=sites)
    cubes = Cube(Distribution("lognormal", vary(25.0), vary(5.0)))
    errors = errors_of_derivatives(problem_of(Sample({"p": Population("x", cubes)}, {"x": x}), tmp_path), "pdf")
    assert max(errors.values()) < 2e-4, errors


# ---- against explicit atoms -------------------------------------------------------------------------

N_CELLS = 3


def reduced_structure(a: float, q: np.ndarray) -> np.ndarray:
    """Return F(Q) of the atoms of a cube of N_CELLS³ cells, by the plain double sum."""
    positions, kinds = cubic_cluster(N_CELLS)
    elements = np.array(["Pb", "Cs", "Br"])[kinds]
    f = np.array([form_factor(e, q) for e in elements])
    u_iso = np.array([U_ISO[e] for e in elements])
    intensity = plain.debye_intensity(q, positions * a / CUBIC_CSPBBR3, f, u_iso, np.ones(len(f)))
    mean, mean_square = f.mean(axis=0), (f**2).mean(axis=0)
    return np.asarray(q * ((intensity / len(f) - mean_square) / mean**2))


def gamma_of_cube(r: np.ndarray, edge: float) -> np.ndarray:
    """Return γ₀ of a cube for r up to its edge."""
    x = r / edge
    return np.asarray(1.0 - 1.5 * x + 2.0 * x**2 / np.pi - x**3 / (4.0 * np.pi))


@pytest.mark.parametrize("qmin", [0.7, None])
def test_stretched_cube_of_atoms(qmin: float | None, tmp_path: Path) -> None:
    """Cubes of 3 × 3 × 3 cells with cells 0.004 Å apart: the difference quotient of their G(r).

    The crystal grows with its cell: dG/da at N cells is the derivative by the cell at constant edge and N times
    that by the edge. Without qmin the smooth part 4π r ρ₀ γ₀(r) is taken away.
    """
    qmax, step = 20.0, 0.002
    r = np.pi / qmax * np.arange(10, 90)  # 1.6 to 14 Å
    q = np.linspace(qmin or 0.0, qmax, 4001)[0 if qmin else 1 :]

    def curve(a: float) -> np.ndarray:
        f = reduced_structure(a, q)
        g = np.array([2.0 / np.pi * np.trapezoid(f * np.sin(q * x), q) for x in r])
        return g if qmin else g - 4.0 * np.pi * r * 5.0 / a**3 * gamma_of_cube(r, N_CELLS * a)

    quotient = (curve(CUBIC_CSPBBR3 + step) - curve(CUBIC_CSPBBR3 - step)) / (2.0 * step)
    x = crystal(CUBIC, U_ISO, a=vary(CUBIC_CSPBBR3))
    sample = Sample({"p": Population("x", Cube(vary(N_CELLS * CUBIC_CSPBBR3)))}, {"x": x})
    problem = problem_of(sample, tmp_path, qmax=qmax, qmin=qmin, r_range=(r[0], r[-1]))
    evaluation = problem.point(problem.start).evaluation
    by = problem.models["pdf"].exact_derivatives(evaluation, ["crystals.x.a", "populations.p.edge_length"])
    found = (by["crystals.x.a"] + N_CELLS * by["populations.p.edge_length"])[0]
    assert np.abs(found - quotient).max() < 4e-3 * np.abs(quotient).max()
    assert np.linalg.norm(found - quotient) < 3e-3 * np.linalg.norm(quotient)


# ---- moments ----------------------------------------------------------------------------------------


def moments_of(distances: np.ndarray, weights: np.ndarray, h: float, n_bins: int) -> np.ndarray:
    bins = np.rint(distances / h).astype(int)
    t = distances / h - bins
    powers = np.array([weights * t**k for k in range(4)])
    return np.stack([np.bincount(bins, p, minlength=n_bins) for p in powers], axis=1)


def test_weights_at_bins_have_the_moments_of_the_pairs() -> None:
    rng = np.random.default_rng(3)
    moments = rng.normal(size=(2, 1, 4))
    alone = np.concatenate([np.zeros((2, 2, 4)), moments, np.zeros((2, 2, 4))], axis=1)
    weights, place = at_bins(alone), np.arange(-2.0, 3.0)
    np.testing.assert_allclose(np.stack([weights @ place**k for k in range(4)], axis=1), moments[:, 0], atol=1e-14)


def test_stretched_moments_are_those_of_moved_pairs() -> None:
    """Sums over sin(Qr) of pairs that move each by its own part: by hand, and by the changed histogram."""
    rng = np.random.default_rng(4)
    h, distances = 0.01, rng.uniform(2.0, 8.0, 500)
    weights, part = rng.normal(size=(2, 500))
    change = stretched(moments_of(distances, weights * part, h, 1000)[None])
    r = h * np.arange(1000)
    for q in (0.7, 5.0, 20.0):
        by_hand = float(np.sum(weights * part * distances * q * np.cos(q * distances)))
        scale = float(np.sum(np.abs(weights * part * distances * q)))
        assert at_bins(change)[0] @ np.sin(q * r) == pytest.approx(by_hand, abs=1e-5 * scale)
