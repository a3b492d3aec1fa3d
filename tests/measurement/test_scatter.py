"""The law by which points scatter, found of made data whose law is known, and what it has a curve weighed by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nanocrystal import Powder, TotalScattering
from nanocrystal.measurement.scatter import FEWEST, by_counts, levels, scatter_of, unit_of, weighing_by_scatter

X = np.linspace(0.0, 1.0, 300)
SEEDS = range(100)
SCALES = (1e-12, 1e-3, 1e12)
Made = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def peak(centre: float, width: float) -> np.ndarray:
    return np.exp(-0.5 * ((X - centre) / width) ** 2)


CURVES = {
    "peaks": 5.0 + 100.0 * peak(0.3, 0.02) + 60.0 * peak(0.5, 0.03) + 200.0 * peak(0.7, 0.05),
    "decay": 3.0 + 1e4 * np.exp(-6.0 * X),
    "small angles": 10.0 + 1e5 / (1.0 + (8.0 * X) ** 2) ** 2,
}
MADE: dict[str, Made] = {
    "uniform": lambda c, rng: c + 0.01 * c.max() * rng.normal(size=len(c)),
    "counting": lambda c, rng: c + np.sqrt(0.37 * c) * rng.normal(size=len(c)),
    "relative": lambda c, rng: c * (1.0 + 0.03 * rng.normal(size=len(c))),
}
"""by the law of their scatter"""
SIZES = {
    "uniform": lambda c: np.full_like(c, 0.01 * c.max()),
    "counting": lambda c: np.sqrt(0.37 * c),
    "relative": lambda c: 0.03 * c,
}


# ---- which law, and how large ---------------------------------------------------------------------


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("law", MADE)
def test_the_law_of_made_data_is_found(curve: str, law: str) -> None:
    """Of 100 seeds at least 95; σ within a tenth of what was put in, on the average of all points and seeds."""
    c = CURVES[curve]
    found = [(y := MADE[law](c, np.random.default_rng(seed)), scatter_of(y)) for seed in SEEDS]
    right = [(y, s) for y, s in found if s is not None and s.law == law and s.unit is None]
    assert len(right) >= 95
    above = c > np.quantile(c, 0.2)
    ratio = np.mean([np.median(s.sigma(y)[above] / SIZES[law](c)[above]) for y, s in right])
    assert ratio == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("curve", CURVES)
def test_counts_that_were_divided_are_found_with_what_one_count_is(curve: str) -> None:
    """By their maximum, and then written with four significant digits, whose last is no count."""
    laws: Counter[str] = Counter()
    for seed in SEEDS:
        counts = np.random.default_rng(seed).poisson(CURVES[curve])
        found = scatter_of(counts / counts.max())
        assert found is not None
        if found.unit is not None:
            assert found.unit == pytest.approx(1.0 / counts.max(), rel=1e-9)
            np.testing.assert_allclose(found.sigma(counts / counts.max()) * counts.max(), np.sqrt(counts.clip(1)))
            laws["divided"] += 1
        rounded = scatter_of(np.round(counts / counts.max(), 4))
        laws["rounded"] += rounded is not None and rounded.law == "counting"
    assert min(laws["divided"], laws["rounded"]) >= 95


@pytest.mark.parametrize("curve", CURVES)
def test_a_table_with_few_digits_is_no_counts(curve: str) -> None:
    """Scatter by 1 % of I, four significant digits: whole multiples of the last of them."""
    laws: Counter[str] = Counter()
    for seed in SEEDS:
        y = CURVES[curve] * (1.0 + 0.01 * np.random.default_rng(seed).normal(size=len(X)))
        found = scatter_of(np.array([float(f"{value:.4g}") for value in y]))
        assert found is not None
        laws[found.law if found.unit is None else "counts"] += 1
    assert laws["relative"] >= 95


@pytest.mark.parametrize("curve", CURVES)
def test_points_that_scatter_more_than_their_last_digit_are_no_counts_of_it(curve: str) -> None:
    """σ² = 0.37 I, written to 0.01: multiples of 0.01, of which counts would scatter by 0.01 I."""
    for seed in range(20):
        y = np.round(MADE["counting"](CURVES[curve], np.random.default_rng(seed)), 2)
        found = scatter_of(np.abs(y))
        assert found is not None
        assert (found.law, found.unit) == ("counting", None)
        assert found.size**2 == pytest.approx(0.37, rel=0.5)


@pytest.mark.parametrize("mean", [0.3, 2.0])
def test_sparse_counts_are_counts(mean: float) -> None:
    for seed in SEEDS:
        counts = np.random.default_rng(seed).poisson(mean * np.ones(300)).astype(float)
        found = scatter_of(0.0625 * counts)
        assert found is not None
        assert (found.law, found.unit) == ("counting", 0.0625)


@pytest.mark.parametrize("curve", CURVES)
def test_what_has_no_scatter_tells_none(curve: str) -> None:
    """Smooth, and smooth with the rounding of a file."""
    assert scatter_of(CURVES[curve]) is None
    assert scatter_of(np.round(CURVES[curve], 2)) is None
    assert scatter_of(np.zeros(300)) is None
    assert scatter_of(np.full(300, 7.0)) is None


def test_few_points_tell_none() -> None:
    noisy = CURVES["peaks"] * (1.0 + 0.03 * np.random.default_rng(1).normal(size=300))
    assert scatter_of(noisy[: FEWEST - 1]) is None
    assert scatter_of(noisy[:FEWEST]) is not None


def test_negative_values_are_data_like_any() -> None:
    """As after a blank was taken off: alike everywhere, about 0."""
    y = 0.2 * np.random.default_rng(2).normal(size=300)
    found = scatter_of(y)
    assert found is not None
    np.testing.assert_allclose(found.sigma(y), 0.2, rtol=0.5)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("curve", CURVES)
def test_the_law_does_not_feel_the_unit(curve: str, scale: float) -> None:
    """The same law, and σ that are the same parts of the data, for data of every kind times any number."""
    kinds: dict[str, Made] = MADE | {
        "counts": lambda c, rng: rng.poisson(c).astype(float),
        "rounded": lambda c, rng: np.round(c * (1.0 + 0.01 * rng.normal(size=len(c))), 3),
        "smooth": lambda c, _: c,
    }
    for make in kinds.values():
        for seed in range(10):
            y = make(CURVES[curve], np.random.default_rng(seed))
            found, scaled = scatter_of(y), scatter_of(scale * y)
            if found is None or scaled is None:
                assert found is scaled
                continue
            assert (found.law, found.unit is None) == (scaled.law, scaled.unit is None)
            np.testing.assert_allclose(scaled.sigma(scale * y), scale * found.sigma(y), rtol=1e-9)


# ---- what one count is ----------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1.0, 1.0 / 7.0, 3e-14, 2.5e9, 1.0 / 98_765.0])
def test_the_unit_of_counts(unit: float) -> None:
    counts = np.random.default_rng(3).integers(0, 100_000, 400).astype(float)
    counts[:2] = 17.0, 99_991.0
    assert unit_of(unit * counts) == pytest.approx(unit, rel=1e-9)


def test_what_has_no_unit() -> None:
    rng = np.random.default_rng(4)
    assert unit_of(rng.uniform(1.0, 2.0, 100)) is None
    assert unit_of(np.array([1.0, -1.0, 2.0])) is None
    assert unit_of(np.zeros(5)) is None
    assert unit_of(np.array([1.0, np.sqrt(2.0)])) is None
    assert unit_of(np.array([6.0, 15.0, 21.0])) == pytest.approx(3.0)


def test_the_lowest_points_have_the_level_of_a_low_quantile() -> None:
    y = np.array([-5.0, 0.0, *np.arange(1.0, 100.0)])
    assert levels(y).min() == pytest.approx(np.quantile(np.abs(y[y != 0.0]), 0.1))
    assert levels(y)[-1] == 99.0


# ---- how a curve is weighed -------------------------------------------------------------------------


def test_the_words_of_each_law() -> None:
    c = CURVES["small angles"]
    for law, expected in (
        ("uniform", "alike everywhere, σ ="),
        ("counting", "grows as √I"),
        ("relative", "% of I"),
    ):
        weighing = weighing_by_scatter(MADE[law](c, np.random.default_rng(5)))
        assert expected in weighing.note
        assert "its intensities are no counts" in weighing.note
        assert weighing.unit is None
    alike = weighing_by_scatter(c)
    assert alike.sigma is None
    assert "do not tell their scatter: all count alike" in alike.note


def test_counts_times_a_number_recommend_their_own_likelihood() -> None:
    counts = np.random.default_rng(6).poisson(CURVES["decay"]).astype(float)
    weighing = weighing_by_scatter(counts / 40.0)
    assert weighing.unit == pytest.approx(0.025)
    assert "counts times 0.025, σ = √(0.025 I); counts_per_unit = 40 has" in weighing.note
    assert weighing.sigma is not None
    np.testing.assert_allclose(weighing.sigma(counts / 40.0), np.sqrt(np.maximum(counts, 1.0)) / 40.0)
    stated = by_counts(0.025)
    assert stated.sigma is not None
    np.testing.assert_allclose(stated.sigma(counts / 40.0), weighing.sigma(counts / 40.0))
    assert stated.note == ""


@pytest.mark.parametrize("technique", [TotalScattering, Powder])
def test_data_over_their_maximum_have_no_counting_weights(technique: type, tmp_path: Path) -> None:
    """Once σ = √I ≥ 1, of intensities up to 1: 30 times the scatter."""
    c = CURVES["small angles"]
    y = c * (1.0 + 0.03 * np.random.default_rng(7).normal(size=300))
    x = 10.0 + 20.0 * X if technique is Powder else 1.0 + 4.0 * X
    np.savetxt(tmp_path / "a.txt", np.column_stack([x, y / y.max()]), fmt="%.9g")
    more = {"wavelength": 0.5} if technique is Powder else {}
    columns = ("two_theta", "intensity") if technique is Powder else ("q", "intensity")
    d = technique(file=tmp_path / "a.txt", columns=columns, **more)
    measured = d.compared("d", tmp_path).measured
    assert len(measured.x) == 300
    assert measured.sigma is not None
    np.testing.assert_allclose(np.median(measured.sigma * y.max() / c), 0.03, rtol=0.15)
    assert any("no counts: their scatter grows with I" in n for n in measured.notes)
    assert not measured.is_counted
