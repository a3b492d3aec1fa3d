"""Counts and what is expected of them: Poisson's law by hand, and blanks that were counted themselves."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import poisson

from nanocrystal.measurement.counts import (
    CountedBlank,
    are_counts,
    counting_sigma,
    first_expected,
    is_root,
    signed_deviances,
    weighed_by_expected,
    with_counted_blanks,
)
from nanocrystal.measurement.curve import Measured


def measured(counts: np.ndarray, unit: float = 1.0) -> Measured:
    x = np.arange(len(counts), dtype=float)
    return Measured(x, counts / unit, None, "", "made", None, counts_per_unit=unit)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.0, 3.0, 17.0], True),
        ([0.5, 3.0, 17.0], False),
        ([-1.0, 3.0, 17.0], False),
        ([5.0, 5.0, 5.0], False),
        ([1e7, 2e7 + 1.0, 3.0], True),
        ([1e-12, 2e-12, 3e-12], False),
    ],
)
def test_counts_are_whole_numbers(values: list[float], verdict: bool) -> None:
    assert are_counts(np.array(values)) is verdict


def test_roots_of_counts_as_files_round_them() -> None:
    y = np.array([0.0, 2.0, 7.0, 100.0, 12345.0])
    assert is_root(y, np.array([1.0, 1.41, 2.65, 10.0, 111.11]))
    assert is_root(y, np.array([0.0, 1.4142, 2.6458, 10.0, 111.1081]))
    assert not is_root(y, np.array([1.0, 1.41, 2.65, 12.0, 111.11]))


def test_expected_before_there_is_a_model_is_a_mean_of_neighbours() -> None:
    given = np.array([5.0, 0.0, 10.0, 0.0, 0.0, 0.0, 5.0])
    np.testing.assert_allclose(first_expected(given), [5.0, 4.0, 3.0, 2.0, 3.0, 2.0, 3.0])


def test_sigma_in_the_unit_of_the_values() -> None:
    """400 counts in 8 s are 50 per second, known to 20/8."""
    np.testing.assert_allclose(counting_sigma(np.array([50.0]), 8.0), [2.5])
    np.testing.assert_allclose(weighed_by_expected(measured(np.array([390.0]), 8.0), np.array([50.0])).sigma, [2.5])


def test_sigma_where_nothing_is_expected() -> None:
    """As of a hundredth of a count: 0.1 counts in 8 s."""
    np.testing.assert_allclose(counting_sigma(np.array([0.0, -1.0, 1e-2 / 8.0]), 8.0), 0.1 / 8.0)


@pytest.mark.parametrize("unit", [1.0, 7.5])
def test_deviance_is_twice_the_fall_of_the_log_likelihood(unit: float) -> None:
    counts, expected = np.array([0.0, 1.0, 5.0, 40.0]), np.array([0.3, 2.5, 4.0, 40.0])
    best = poisson.logpmf(counts.astype(int), np.maximum(counts, 1e-300))
    by_hand = 2.0 * (best - poisson.logpmf(counts.astype(int), expected))
    parts = signed_deviances(measured(counts, unit), expected / unit)
    np.testing.assert_allclose(np.abs(parts), by_hand, atol=1e-9)
    np.testing.assert_array_equal(np.sign(parts[:3]), [-1.0, -1.0, 1.0])


def test_a_counted_blank_is_where_the_likelihood_of_both_measurements_is_highest() -> None:
    """Two measurements, n of signal + s β and b of β: β by a general minimiser for each point."""
    rng = np.random.default_rng(1)
    signal, truth, scale = np.array([4.0, 9.0, 2.0, 30.0]), np.array([6.0, 3.0, 25.0, 50.0]), 0.7
    n = rng.poisson(signal + scale * truth).astype(float)
    b = rng.poisson(truth).astype(float)
    points, beta = measured(n), b.copy()
    for _ in range(300):
        points, now = with_counted_blanks(points, signal + scale * beta, {"air": (scale, beta, CountedBlank(b, 1.0))})
        beta = now["air"]

    def minus_log(value: np.ndarray, i: int) -> float:
        return float(-poisson.logpmf(n[i], signal[i] + scale * value[0]) - poisson.logpmf(b[i], value[0]))

    best = [minimize(minus_log, [b[i] + 1.0], args=(i,), bounds=[(1e-9, None)], tol=1e-14).x[0] for i in range(len(n))]
    np.testing.assert_allclose(beta, best, rtol=1e-4)
    assert points.observed is not None
    assert points.sigma is not None
    assert points.shift is not None
    np.testing.assert_allclose(points.observed + points.shift, n)
    np.testing.assert_allclose(points.observed - signal - scale * beta, n - signal - scale * b, atol=1e-9)
    np.testing.assert_allclose(points.sigma**2, signal + scale * beta + scale**2 * beta, rtol=1e-6)
