"""What every distribution of a length promises, for each that a study may name, against scipy's of the same law."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import lognorm, truncnorm

from nanocrystal.sample.shapes.distributions import (
    DISTRIBUTIONS,
    LengthDistribution,
    OneLength,
    Part,
    Tabulated,
    bounds,
    grown_power,
    number_weighted,
)


def log_normal(mean: float, std: float) -> Any:
    s = np.sqrt(np.log1p((std / mean) ** 2))
    return lognorm(s, scale=mean * np.exp(-0.5 * s * s))


LAWS: dict[str, Callable[[float, float], Any]] = {
    "lognormal": log_normal,
    "normal": lambda mean, std: truncnorm(-mean / std, np.inf, loc=mean, scale=std),
}
"""of scipy, by mean and standard deviation; those of the normal law are before the cut at zero"""
SPREADS = [(30.0, 3.0), (30.0, 9.0), (12.0, 7.0)]
EVERY = pytest.mark.parametrize(("name", "mean", "std"), [(n, *s) for n in DISTRIBUTIONS for s in SPREADS])


def law(name: str, mean: float, std: float) -> Any:
    if name not in LAWS:
        pytest.fail(f"{name} has no law to be compared with: add the one of scipy.stats to LAWS.")
    return LAWS[name](mean, std)


def integral(function: Callable[[float], float], low: float, of: Any) -> float:
    """Return the integral of a function times a density of scipy above a length."""
    edges = [low, *(x for x in of.ppf([0.01, 0.1, 0.5, 0.9, 0.99, 1.0 - 1e-6]) if x > low), of.ppf(1.0 - 1e-14)]
    edges = [x for k, x in enumerate(edges) if k == 0 or x > edges[k - 1]] + [4.0 * of.ppf(1.0 - 1e-14)]
    parts = (quad(lambda x: function(x) * of.pdf(x), a, b, epsrel=1e-11)[0] for a, b in pairwise(edges))
    return float(sum(parts))


@EVERY
def test_density_mean_and_standard_deviation(name: str, mean: float, std: float) -> None:
    d, of = DISTRIBUTIONS[name](mean, std), law(name, mean, std)
    x = np.linspace(0.01, mean + 6.0 * std, 200)
    np.testing.assert_allclose(d.density(x), of.pdf(x), rtol=1e-9, atol=1e-300)
    assert d.density(np.array([-1.0, 0.0])).tolist() == [0.0, 0.0]
    assert d.moment(0.0) == pytest.approx(1.0, rel=1e-9)
    assert d.moment(1.0) == pytest.approx(of.mean(), rel=1e-9)
    assert d.moment(2.0) - d.moment(1.0) ** 2 == pytest.approx(of.var(), rel=1e-8)
    if mean > 8.0 * std:
        assert of.mean() == pytest.approx(mean, rel=1e-9)
        assert of.std() == pytest.approx(std, rel=1e-9)


@EVERY
def test_moments_of_what_is_longer(name: str, mean: float, std: float) -> None:
    """E[D^k; D > r], whole and partial, and moments of powers that are not whole."""
    d, of = DISTRIBUTIONS[name](mean, std), law(name, mean, std)
    r = np.array([0.0, 0.5 * mean, mean, mean + 2.0 * std])
    for power in range(7):
        expected = [integral(lambda x, k=power: x**k, low, of) for low in r]  # type: ignore[misc]
        np.testing.assert_allclose(d.partial_moment(power, r), expected, rtol=2e-8)
    for part in (1.0 / 3.0, 2.5):
        assert d.moment(part) == pytest.approx(integral(lambda x, p=part: x**p, 0.0, of), rel=1e-6)  # type: ignore[misc]
    for power in (2, 3):
        grown = integral(lambda x, n=power: (x + 8.0) ** n - x**n, 0.0, of)  # type: ignore[misc]
        assert grown_power(d, 4.0, power) == pytest.approx(grown, rel=1e-8)


@EVERY
def test_nodes_sum_what_closes_with_a_half_power(name: str, mean: float, std: float) -> None:
    d, of = DISTRIBUTIONS[name](mean, std), law(name, mean, std)
    r = np.array([0.0, 0.6 * mean, mean + std])
    length, weight = d.nodes(r)
    assert (length >= r[:, None]).all()
    for function in (lambda x, low: (x - low) ** 0.5, lambda x, low: x**3 * np.cos(0.05 * x)):
        found = (weight * function(length, r[:, None])).sum(axis=1)
        expected = [integral(lambda x, a=low, f=function: float(f(x, a)), low, of) for low in r]  # type: ignore[misc]
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    lengths, parts = number_weighted(d)
    assert parts.sum() == pytest.approx(1.0)
    assert parts @ lengths == pytest.approx(of.mean(), rel=1e-7)


@EVERY
def test_beyond_its_reach_is_next_to_nothing(name: str, mean: float, std: float) -> None:
    d = DISTRIBUTIONS[name](mean, std)
    beyond, whole = d.partial_moment(3, np.array([d.reach(), 0.0]))
    assert beyond < 1e-8 * whole


COUNTED = Tabulated((18.0, 25.0, 25.0, 31.0), (2.0, 1.0, 3.0, 4.0), factor=1.1)
ALL: dict[str, LengthDistribution] = {
    **{name: kind(30.0, 6.0) for name, kind in DISTRIBUTIONS.items()},
    "one length": OneLength(30.0),
    "counted": COUNTED,
}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("power", [2, 3])
def test_parts_between_lengths_make_up_the_whole(name: str, power: int) -> None:
    d, r = ALL[name], np.array([0.0, 21.0, 29.0, 40.0])
    parts = [Part(d, *b) for b in bounds(d, power, 7)]
    for k in range(6):
        total = np.sum([p.partial_moment(k, r) for p in parts], axis=0)
        np.testing.assert_allclose(total, d.partial_moment(k, r), rtol=1e-7, atol=1e-12)
    assert sum(p.moment(1.5) for p in parts) == pytest.approx(d.moment(1.5), rel=1e-6)
    volumes = [float(p.partial_moment(power, np.zeros(1))[0]) for p in parts]
    if name in DISTRIBUTIONS:
        np.testing.assert_allclose(volumes, np.mean(volumes), rtol=1e-3)
    assert min(volumes) > 0.0


def test_counted_lengths_are_their_weighted_mean() -> None:
    lengths, counts = 1.1 * np.array(COUNTED.lengths), np.array(COUNTED.counts) / 10.0
    r = np.array([0.0, 20.0, 30.0, 35.0])
    for power in range(5):
        np.testing.assert_allclose(COUNTED.moment(power), counts @ lengths**power)
        expected = [counts @ np.where(lengths > low, lengths**power, 0.0) for low in r]
        np.testing.assert_allclose(COUNTED.partial_moment(power, r), expected)
        length, weight = COUNTED.nodes(r)
        np.testing.assert_allclose((weight * length**power).sum(axis=1), expected)
    assert COUNTED.reach() == pytest.approx(1.1 * 31.0)
    x = np.linspace(0.0, 60.0, 60_001)
    assert np.trapezoid(COUNTED.density(x), x) == pytest.approx(1.0, abs=1e-3)


def test_one_length_is_there_or_not() -> None:
    d, r = OneLength(30.0), np.array([0.0, 29.9, 30.0, 31.0])
    for power in range(4):
        np.testing.assert_allclose(d.partial_moment(power, r), [30.0**power, 30.0**power, 0.0, 0.0])
        assert d.moment(power) == 30.0**power
    assert d.reach() == 30.0
