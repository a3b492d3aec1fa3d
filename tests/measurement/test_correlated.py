"""Independent residuals of correlated points, and the law that residuals follow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from nanocrystal.measurement import Measured
from nanocrystal.measurement.correlated import Complement, likeliest_parts, whitening


def covariance(n: int, length: float) -> np.ndarray:
    """Return that of points correlated over a length, with a variance that grows from 1 to 4."""
    at = np.arange(n)
    size = np.linspace(1.0, 2.0, n)
    return np.outer(size, size) * np.exp(-np.abs(np.subtract.outer(at, at)) / length)


def test_whitened_noise_is_independent_and_of_unit_variance() -> None:
    c = covariance(40, 3.0)
    w = whitening(c, np.zeros((40, 0)))
    assert w.shape == (40, 40)
    np.testing.assert_allclose(w @ c @ w.T, np.eye(40), atol=1e-10)
    drawn = np.random.default_rng(1).multivariate_normal(np.zeros(40), c, 20_000) @ w.T
    np.testing.assert_allclose(np.cov(drawn.T), np.eye(40), atol=0.06)


def test_open_curves_count_nothing_and_cost_a_residual_each() -> None:
    c, at = covariance(40, 3.0), np.arange(40.0)
    open_curves = np.stack([np.ones(40), at, 2.0 * at - 1.0], axis=1)  # the third is one of the first two
    w = whitening(c, open_curves)
    assert w.shape == (38, 40)
    np.testing.assert_allclose(w @ open_curves, 0.0, atol=1e-9)
    np.testing.assert_allclose(w @ c @ w.T, np.eye(38), atol=1e-10)


def test_what_may_lie_beneath_in_any_amount_counts_as_noise_without_end() -> None:
    """χ² of a residual is that of generalised least squares with a huge variance of the open curve."""
    c, rng = covariance(12, 2.0), np.random.default_rng(3)
    curve, residual = rng.normal(size=(12, 1)), rng.normal(size=12)
    whitened = whitening(c, curve) @ residual
    expected = residual @ np.linalg.solve(c + 1e9 * curve @ curve.T, residual)
    assert whitened @ whitened == pytest.approx(expected, rel=1e-6)


def test_a_residual_stays_where_its_point_is() -> None:
    """So that outliers and stretches of misfit stay recognisable: row k is largest near point k + n_open."""
    w = whitening(covariance(60, 1.5), np.ones((60, 1)))
    assert np.abs(np.argmax(np.abs(w), axis=1) - (np.arange(59) + 1)).max() <= 1
    left = Complement.of(np.ones((60, 1))).columns(np.eye(59))
    np.testing.assert_allclose(left.T @ left, np.eye(59), atol=1e-12)


def test_points_with_a_sigma_each_are_whitened_by_it() -> None:
    sigma = np.linspace(0.5, 2.0, 7)
    measured = Measured(np.arange(7.0), np.ones(7), sigma, "", "", None)
    curves = np.random.default_rng(2).normal(size=(3, 7))
    np.testing.assert_array_equal(measured.whitened(curves), curves * (1.0 / sigma))
    np.testing.assert_array_equal(measured.whitened(curves, 4.0), curves * (1.0 / sigma / 4.0))
    assert measured.n_independent == 7
    unknown = Measured(np.arange(7.0), np.ones(7), None, "", "", None)
    np.testing.assert_array_equal(unknown.whitened(curves), curves)


def test_weighted_r_of_correlated_points_weighs_them_alike() -> None:
    """√(Σ (o − c)²/Σ o²), as PDFgui prints it: 5/√(9 + 16 + 144) = 0.3846 for residuals 3 and 4."""
    observed, calculated = np.array([3.0, 4.0, 12.0]), np.array([0.0, 0.0, 12.0])
    sigma = np.array([0.1, 1.0, 10.0])
    whitened = Measured(np.arange(3.0), observed, sigma, "", "", None, whitening=np.diag(1.0 / sigma)[1:])
    assert whitened.weighted_r(calculated) == pytest.approx(5.0 / 13.0)
    assert whitened.n_independent == 2
    np.testing.assert_allclose(whitened.whitened(observed - calculated, 2.0), [2.0, 0.0])
    alone = Measured(np.arange(3.0), observed, sigma, "", "", None)
    expected = np.sqrt((900.0 + 16.0) / (900.0 + 16.0 + 1.44))
    assert alone.weighted_r(calculated) == pytest.approx(expected)


# ---- a law ------------------------------------------------------------------------------------------


def parts(n: int) -> list[np.ndarray]:
    """Return white noise and noise of a spectrum that grows with the square of the frequency, by cosines."""
    at = np.arange(n)
    waves = np.cos(np.pi * np.outer(at + 0.5, np.arange(1, n)) / n)
    return [np.eye(n), (waves * np.linspace(0.0, 1.0, n - 1) ** 2) @ waves.T / n]


def drawn(sizes: tuple[float, float], n: int, seed: int) -> np.ndarray:
    total = sum(s * p for s, p in zip(sizes, parts(n), strict=True))
    return np.random.default_rng(seed).multivariate_normal(np.zeros(n), total)


def test_a_law_is_found_again_and_knows_what_was_fitted() -> None:
    """Mean of 40 draws of 120 points from which 30 curves were fitted: as drawn, not smaller by a quarter."""
    rng = np.random.default_rng(5)
    fitted = rng.normal(size=(120, 30))
    projector = np.eye(120) - fitted @ np.linalg.pinv(fitted)
    found = [likeliest_parts(parts(120), projector @ drawn((2.0, 9.0), 120, seed), fitted) for seed in range(40)]
    scatter = np.std(found, axis=0) / np.sqrt(40)
    np.testing.assert_allclose(np.mean(found, axis=0), [2.0, 9.0], atol=4.0 * scatter.max())
    assert scatter.max() < 0.8


def test_the_law_is_the_likeliest() -> None:
    """Of two parts, against a search over a grid of scipy's normal law of the residuals off the fitted curve."""
    residual, curve = drawn((1.0, 4.0), 30, 7), np.ones((30, 1))
    found = likeliest_parts(parts(30), residual, curve)
    left = np.linalg.svd(curve, full_matrices=True)[0][:, 1:]

    def log_likelihood(sizes: np.ndarray) -> float:
        total = sum(s * p for s, p in zip(sizes, parts(30), strict=True))
        return float(multivariate_normal(np.zeros(29), left.T @ total @ left).logpdf(left.T @ residual))

    best = log_likelihood(found)
    for first in (0.8, 0.97, 1.0, 1.03, 1.25):
        for second in (0.8, 0.97, 1.0, 1.03, 1.25):
            assert log_likelihood(found * np.array([first, second])) <= best + 1e-4


def test_a_part_that_is_not_there_comes_out_as_none() -> None:
    flat = np.random.default_rng(11).normal(size=200)
    sizes = likeliest_parts(parts(200), flat, np.ones((200, 1)))
    assert sizes[0] == pytest.approx(float((flat - flat.mean()) @ flat) / 199.0, rel=0.15)
    assert sizes[1] * np.trace(parts(200)[1]) < 0.15 * 200.0
    smooth = 3.0 * flat  # the unit of the residuals is that of the law
    np.testing.assert_allclose(
        likeliest_parts(parts(200), smooth, np.ones((200, 1))), 9.0 * sizes, rtol=1e-3, atol=1e-6
    )
