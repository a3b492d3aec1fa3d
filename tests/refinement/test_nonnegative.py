"""Linear parameters with no point below zero, against a general minimiser."""

import numpy as np
import pytest
from scipy.optimize import minimize

from nanocrystal.refinement.nonnegative import along_zero, kept_at_zero


@pytest.mark.parametrize("seed", range(8))
def test_minimum_with_no_point_below_zero(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.linspace(-1.0, 1.0, 40)
    weights = 1.0 / (0.2 + rng.random(40))
    columns = np.array([np.exp(-(x**2) / 0.02), np.ones(40), x]).T * weights[:, None]
    target = (3.0 * np.exp(-(x**2) / 0.02) - 0.4 + 0.5 * x + 0.3 * rng.normal(size=40)) * weights
    known = 0.1 * np.exp(-((x - 0.3) ** 2)) * weights
    free = np.linalg.lstsq(columns, target, rcond=None)[0]
    assert (columns @ free + known).min() < 0.0
    solved, held = kept_at_zero(columns, target, known, free)
    rule = {"type": "ineq", "fun": lambda c: columns @ c + known, "jac": lambda c: columns}
    reference = minimize(
        lambda c: 0.5 * ((columns @ c - target) ** 2).sum(),
        np.array([1.0, 1.0, 0.0]),
        jac=lambda c: columns.T @ (columns @ c - target),
        constraints=[rule],
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    np.testing.assert_allclose(solved, reference.x, atol=2e-6)
    assert (columns @ solved + known).min() > -1e-9
    np.testing.assert_allclose((columns @ solved + known)[list(held)], 0.0, atol=1e-9)


def test_nothing_is_changed_where_no_point_is_below_zero() -> None:
    columns, target = np.array([[1.0], [2.0]]), np.array([1.0, 2.5])
    free = np.array([1.2])
    solved, held = kept_at_zero(columns, target, np.zeros(2), free)
    np.testing.assert_array_equal(solved, free)
    assert held == ()


def test_directions_leave_held_points_at_zero() -> None:
    rng = np.random.default_rng(0)
    columns, block = rng.normal(size=(20, 4)), rng.normal(size=(20, 2))
    directions, moved = along_zero(columns, block, (3, 11))
    np.testing.assert_allclose(directions[[3, 11]], 0.0, atol=1e-12)
    np.testing.assert_allclose(moved[[3, 11]], 0.0, atol=1e-12)
    assert directions.shape == (20, 2)
