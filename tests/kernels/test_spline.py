"""The spline through points: against polynomials that it reproduces, and that of SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.interpolate

from nanocrystal.kernels.spline import CubicSpline


@pytest.mark.parametrize(("n", "degree"), [(2, 1), (3, 2), (4, 3), (9, 3)])
def test_polynomials_come_out_exactly_beyond_the_ends_too(n: int, degree: int) -> None:
    x = np.cumsum(np.random.default_rng(n).uniform(0.2, 1.0, n))
    polynomial = np.polynomial.Polynomial(np.arange(1.0, degree + 2.0))
    at = np.linspace(x[0] - 0.5, x[-1] + 0.5, 50)
    np.testing.assert_allclose(CubicSpline(x, polynomial(x))(at), polynomial(at), rtol=1e-10)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 400])
def test_it_is_the_spline_of_scipy(n: int) -> None:
    rng = np.random.default_rng(n)
    x, y = np.cumsum(rng.uniform(0.1, 1.0, n)), rng.normal(size=n)
    at = np.concatenate([x, rng.uniform(x[0] - 0.1, x[-1] + 0.1, 100)])
    np.testing.assert_allclose(CubicSpline(x, y)(at), scipy.interpolate.CubicSpline(x, y)(at), atol=1e-11)


def test_points_must_ascend() -> None:
    with pytest.raises(ValueError, match="must ascend"):
        CubicSpline(np.array([0.0, 1.0, 1.0]), np.zeros(3))
