"""Refinements of counts have the maximum of Poisson's likelihood, whatever technique calculates them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import poisson

import nanocrystal as nc
from nanocrystal import vary
from support import counted_patterns
from support.counted_fits import SMALL_Q, TWO_THETA, Q, crystal, of_powder, of_saxs, of_total_scattering
from support.structures import NICKEL


@pytest.fixture(scope="module")
def cif(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("structures") / "ni.cif"
    path.write_text(NICKEL, encoding="utf-8")
    return path


def patterns() -> dict[str, tuple[Any, np.ndarray]]:
    return {
        "powder": (of_powder, counted_patterns.powder(TWO_THETA, 120.0, 0.004)),
        "total scattering": (of_total_scattering, counted_patterns.total_scattering(Q, 40.0, 6.0)),
        "saxs": (of_saxs, counted_patterns.sphere(SMALL_Q, 40.0)),
    }


@pytest.mark.parametrize("name", ["powder", "total scattering", "saxs"])
@pytest.mark.parametrize(("peak", "background"), [(300.0, 3.0), (30.0, 0.2)])
def test_as_much_is_calculated_as_was_counted(name: str, peak: float, background: float, cif: Path) -> None:
    """With a free scale and a flat background, in sum: a property of the maximum of Poisson's likelihood."""
    fit, expected = patterns()[name]
    y = counted_patterns.counted(expected, peak, background, seed=4)
    [curve] = fit(cif, y).datasets.values()
    assert curve.is_counted
    assert curve.calculated.sum() == pytest.approx(y.sum(), rel=1e-6)


def test_the_diameter_is_where_the_likelihood_is_highest(cif: Path) -> None:
    """Of a sphere at small angles, by a general minimiser of −ln P with the equation written out."""
    y = counted_patterns.counted(counted_patterns.sphere(SMALL_Q, 40.0), 30.0, 0.5, seed=2)

    def minus_log(p: np.ndarray) -> float:
        expected = np.exp(p[1]) * counted_patterns.sphere(SMALL_Q, p[0]) + np.exp(p[2])
        return float(-poisson.logpmf(y, expected).sum())

    best = minimize(minus_log, [40.0, 3.4, -0.7], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
    result = of_saxs(cif, y)
    found = result.parameters["populations.ni.diameter"]
    assert found.stderr is not None
    assert found.value == pytest.approx(best.x[0], abs=1e-2 * found.stderr)
    [curve] = result.datasets.values()
    met = poisson.logpmf(y, np.maximum(y, 1e-300)).sum()
    assert curve.deviances is not None
    assert np.abs(curve.deviances).sum() == pytest.approx(2.0 * (met + best.fun), rel=1e-6)


def test_goodness_of_fit_is_that_of_pearson(cif: Path) -> None:
    y = counted_patterns.counted(counted_patterns.sphere(SMALL_Q, 40.0), 30.0, 0.5, seed=2)
    [curve] = of_saxs(cif, y).datasets.values()
    by_hand = ((y - curve.calculated) ** 2 / curve.calculated).sum() / (len(y) - 3)
    assert curve.chi2_red == pytest.approx(by_hand, rel=1e-6)


def test_rates_with_their_counts_in_a_unit(cif: Path) -> None:
    """Counts per second with the seconds of a point say what the counts say."""
    y = counted_patterns.counted(counted_patterns.sphere(SMALL_Q, 40.0), 30.0, 0.5, seed=2)
    counts, rates = of_saxs(cif, y), of_saxs(cif, y / 12.5, counts_per_unit=12.5)
    one, other = (r.parameters["populations.ni.diameter"] for r in (counts, rates))
    assert one.stderr is not None
    assert other.value == pytest.approx(one.value, abs=1e-5 * one.stderr)
    assert other.stderr == pytest.approx(one.stderr, rel=1e-5)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"counts_per_unit": 3.3}, "no whole number"),
        ({"counts_per_unit": -1.0}, "above 0"),
        ({"counts_per_unit": 12.5, "weights": "uniform"}, "stands beside other weights"),
    ],
)
def test_counts_in_a_unit_that_cannot_be(more: dict[str, Any], words: str, cif: Path) -> None:
    y = counted_patterns.counted(counted_patterns.sphere(SMALL_Q, 40.0), 30.0, 0.5, seed=2) / 12.5
    with pytest.raises(nc.InputError, match=words):
        of_saxs(cif, y, **more)


def test_a_counted_blank_does_not_bend_its_own_scale(cif: Path) -> None:
    """With 12 counts a point in a blank, its noise taken for known would pull its scale down by 1/13, 4 s.e."""
    blank = 12.0 * (1.0 + 0.5 * np.sin(np.linspace(0.0, 9.0, len(SMALL_Q))))
    signal = 20.0 * counted_patterns.sphere(SMALL_Q, 40.0)
    pulls = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        path, columns = cif.parent / "blank.csv", np.column_stack([SMALL_Q, rng.poisson(blank)])
        np.savetxt(path, columns, delimiter=",", header="q,intensity", comments="")
        y = rng.poisson(signal + 1.5 * blank).astype(float)
        dots = nc.Population(crystal=crystal(cif, a=3.524), shape=nc.Sphere(diameter=vary(38.0)), name="ni")
        data = nc.Saxs(q=SMALL_Q, intensity=y, solvent="vacuum", background=0.0, blanks={"air": nc.Blank(str(path))})
        scale = nc.refine(dots, data).parameters["datasets.saxs.blanks.air.scale"]
        assert scale.stderr is not None
        pulls.append((scale.value - 1.5) / scale.stderr)
    assert abs(np.mean(pulls)) < 3.5 / np.sqrt(len(pulls))
    assert 0.7 < np.std(pulls) < 1.35
