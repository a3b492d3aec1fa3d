"""Tails of weights against draws of known index, and what weights say against repeated draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from nanocrystal.refinement.posterior.weights import (
    effective_number,
    fitted_pareto,
    most_index,
    pareto_quantiles,
    resampled,
    smoothed_weights,
    tail_length,
    weighted_quantiles,
)


@pytest.mark.parametrize("index", [-0.3, 0.0, 0.2, 0.5, 0.9])
def test_the_index_of_made_pareto_draws_is_found(index: float) -> None:
    """Within four of the errors that the largest likelihood has, (1 + k)/√n, for several scales."""
    for seed, scale in enumerate((0.01, 1.0, 300.0)):
        n = 4000
        made = stats.genpareto(index, scale=scale).rvs(n, random_state=np.random.default_rng(seed))
        k, sigma = fitted_pareto(np.sort(made))
        assert k == pytest.approx(index, abs=4.0 * (1.0 + index) / np.sqrt(n))
        assert sigma == pytest.approx(scale, rel=4.0 * np.sqrt(2.0 * (1.0 + index) / n))


def test_pareto_quantiles_are_those_of_scipy() -> None:
    parts = np.linspace(0.01, 0.99, 25)
    for index in (-0.4, 0.0, 0.7):
        expected = stats.genpareto(index, scale=2.5).ppf(parts)
        np.testing.assert_allclose(pareto_quantiles(parts, index, 2.5), expected, rtol=1e-9)


@pytest.mark.parametrize(("rate", "reliable"), [(0.8, True), (0.55, True), (0.1, False)])
def test_weights_of_exponential_laws_have_the_index_that_they_must(rate: float, reliable: bool) -> None:
    """Draws of exp(−x) that stand for exp(−rate x): w grows as exp((1 − rate) x), so that its tail has k = 1 − rate."""
    n = 40_000
    x = np.random.default_rng(5).exponential(size=n)
    _, k = smoothed_weights((1.0 - rate) * x)
    assert k == pytest.approx(1.0 - rate, abs=4.0 * (2.0 - rate) / np.sqrt(tail_length(n)))
    assert (k < most_index(n)) == reliable


def test_smoothing_replaces_the_tail_by_quantiles_of_its_law() -> None:
    """Written out with scipy: order is kept, none is larger than the largest, the others stay as they are."""
    log_weights = 0.6 * np.random.default_rng(1).exponential(size=500)
    smooth, k = smoothed_weights(log_weights)
    assert smooth.sum() == pytest.approx(1.0)
    order, n = np.argsort(log_weights), int(3 * np.sqrt(500))
    raw = np.exp(log_weights - log_weights.max())[order]
    ratio = smooth[order][:-n] / raw[:-n]
    np.testing.assert_allclose(ratio, ratio[0])
    _, scale = fitted_pareto(raw[-n:] - raw[-n - 1])
    parts = (np.arange(n) + 0.5) / n
    expected = np.minimum(raw[-n - 1] + stats.genpareto(k, scale=scale).ppf(parts), 1.0)
    np.testing.assert_allclose(smooth[order][-n:] / ratio[0], expected)


def test_weights_that_have_no_tail() -> None:
    """Equal ones stay equal; too few, or none that is not zero, are not to be relied on."""
    even, k = smoothed_weights(np.zeros(200))
    np.testing.assert_allclose(even, 1.0 / 200)
    assert k == 0.0
    assert smoothed_weights(np.zeros(10))[1] == np.inf
    assert smoothed_weights(np.full(100, -np.inf))[1] == np.inf
    few = np.full(1000, -np.inf)
    few[:30] = 0.0
    assert smoothed_weights(few)[1] == np.inf


def test_what_weights_say_is_what_repeated_draws_say() -> None:
    """Whole numbers as weights: quantiles of the values repeated so often, to a spacing; effective number by hand."""
    rng = np.random.default_rng(2)
    values, times = rng.normal(size=400), rng.integers(1, 5, size=400)
    weights, parts = times / times.sum(), np.array([0.05, 0.5, 0.9])
    repeated = np.quantile(np.repeat(values, times), parts)
    np.testing.assert_allclose(weighted_quantiles(values, weights, parts), repeated, atol=0.03)
    assert effective_number(weights) == pytest.approx(times.sum() ** 2 / (times**2).sum())
    counts = np.bincount(resampled(weights, 1000, rng), minlength=400)
    assert counts.sum() == 1000
    assert np.all(np.abs(counts - 1000 * weights) < 1.0)
