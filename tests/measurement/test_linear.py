"""Linear least squares of rows of very different sizes."""

from __future__ import annotations

import numpy as np
import pytest

from nanocrystal.measurement.linear import combination


@pytest.mark.parametrize("size", [1.0, 1e-16, 1e16])
def test_coefficients_are_those_put_in_however_small_a_row_is(size: float) -> None:
    x = np.linspace(0.0, 1.0, 40)
    rows = np.stack([np.ones(40), size * x, x**2])
    found = combination(rows, np.array([2.0, -3.0 / size, 0.5]) @ rows)
    np.testing.assert_allclose(found, [2.0, -3.0 / size, 0.5], rtol=1e-10)


def test_a_straight_line_by_hand() -> None:
    """Through (0, 0), (1, 1), (2, 1): slope 1/2, intercept 1/6."""
    found = combination(np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 2.0]]), np.array([0.0, 1.0, 1.0]))
    np.testing.assert_allclose(found, [1.0 / 6.0, 0.5], rtol=1e-12)


def test_rows_that_are_alike_or_zero_take_least_coefficients() -> None:
    one = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(combination(np.stack([one, one, 0.0 * one]), one), [0.5, 0.5, 0.0], atol=1e-12)
