"""Least squares within bounds: against closed forms, conditions of a minimum at bounds, and the steps of SciPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import optimize

from nanocrystal.refinement.trust_region import FAR, Bounds, Ended, Tolerances, _followed, least_squares

FREE = np.array([np.inf])
TIGHT = Tolerances(1e-9, 1e-9, 1e-12)
Function = Callable[[np.ndarray], np.ndarray]


def curved(seed: int) -> tuple[Function, Function, np.ndarray]:
    """Return residuals that bend gently, their Jacobian, and a start."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 7)), int(rng.integers(8, 40))
    a, b = rng.normal(size=(m, n)) * 10.0 ** rng.uniform(-1, 1, n), 0.1 * rng.normal(size=(m, n))
    y = 10.0 * rng.normal(size=m)
    return (
        lambda x: a @ x + 0.05 * np.sin(b @ x) - y,
        lambda x: np.asarray(a + 0.05 * np.cos(b @ x)[:, None] * b),
        rng.normal(size=n),
    )


def limits(seed: int, n: int) -> Bounds:
    """Return bounds of about every second parameter on either side; 0 is within them."""
    rng = np.random.default_rng(1000 + seed)
    low, high = (10.0 ** rng.uniform(-3, 1, n) for _ in range(2))
    return Bounds(np.where(rng.random(n) < 0.5, -np.inf, -low), np.where(rng.random(n) < 0.5, np.inf, high))


def traced(seed: int, at: list[np.ndarray]) -> tuple[Ended, Function, Function, Bounds, np.ndarray]:
    residual, jacobian, x = curved(seed)
    bounds = limits(seed, len(x))
    x = np.clip(x, np.maximum(0.9 * bounds.low, -1e9), np.minimum(0.9 * bounds.high, 1e9))

    def seen(x: np.ndarray) -> np.ndarray:
        at.append(x.copy())
        return residual(x)

    return least_squares(seen, jacobian, x, bounds, TIGHT, 1000), residual, jacobian, bounds, x


@pytest.mark.parametrize("seed", range(40))
def test_the_end_is_a_minimum_within_the_bounds(seed: int) -> None:
    """As low as a quasi-Newton method of another kind leads from there and from the start."""
    at: list[np.ndarray] = []
    ended, residual, jacobian, bounds, x = traced(seed, at)
    assert all(bounds.hold(x) for x in at)
    assert ended.status > 0
    for start in (x, ended.x):
        found = optimize.minimize(
            lambda x: 0.5 * np.sum(residual(x) ** 2),
            start,
            jac=lambda x: jacobian(x).T @ residual(x),
            method="L-BFGS-B",
            bounds=list(zip(bounds.low, bounds.high, strict=True)),
            options={"maxiter": 5000, "ftol": 1e-13},
        )
        assert 0.5 * np.sum(residual(ended.x) ** 2) < found.fun * (1.0 + 1e-5)


@pytest.mark.parametrize("seed", range(40))
def test_it_takes_the_steps_of_scipy(seed: int) -> None:
    """The first of them: later ones differ as rounding grows."""
    own: list[np.ndarray] = []
    ended, residual, jacobian, bounds, x = traced(seed, own)
    its: list[np.ndarray] = []

    def seen(x: np.ndarray) -> np.ndarray:
        its.append(x.copy())
        return residual(x)

    given = {"jac": jacobian, "bounds": (bounds.low, bounds.high), "x_scale": "jac", "max_nfev": 1000}
    found = optimize.least_squares(seen, x, **given, ftol=1e-9, xtol=1e-9, gtol=1e-12)
    for mine, other in zip(own[:4], its[:4], strict=False):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-7)
    assert 0.5 * np.sum(residual(ended.x) ** 2) == pytest.approx(found.cost, rel=1e-6)


def test_a_line_is_met_in_one_step() -> None:
    a, y = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), np.array([1.0, 3.0, 5.0])
    unbounded = Bounds(np.full(2, -np.inf), np.full(2, np.inf))
    ended = least_squares(lambda x: a @ x - y, lambda x: a, np.array([5.0, 5.0]), unbounded, TIGHT, 50)
    np.testing.assert_allclose(ended.x, [1.0, 2.0], atol=1e-12)
    assert ended.status == 1


def test_a_step_that_cannot_be_calculated_is_shortened() -> None:
    """log x − log 2 from x = 100: the first step leads below 0."""

    def residual(x: np.ndarray) -> np.ndarray:
        return np.log(x / 2.0) if x[0] > 0.0 else np.array([np.nan])

    ended = least_squares(residual, lambda x: 1.0 / x[:, None], np.array([100.0]), Bounds(-FREE, FREE), TIGHT, 50)
    np.testing.assert_allclose(ended.x, 2.0, rtol=1e-9)


def test_the_number_of_evaluations_ends_a_descent() -> None:
    residual, jacobian, x = curved(3)
    unbounded = Bounds(np.full(len(x), -np.inf), np.full(len(x), np.inf))
    assert least_squares(residual, jacobian, x, unbounded, TIGHT, 1) == Ended(x, 0)


# ---- Jacobians that follow from the one before ----------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_with_fewer_jacobians_it_ends_at_a_minimum_as_low(seed: int) -> None:
    residual, jacobian, x = curved(seed)
    bounds = limits(seed, len(x))
    x = np.clip(x, np.maximum(0.9 * bounds.low, -1e9), np.minimum(0.9 * bounds.high, 1e9))
    taken = {True: 0, False: 0}
    squares = {}
    for spares in (False, True):

        def counted(x: np.ndarray, spares: bool = spares) -> np.ndarray:
            taken[spares] += 1
            return jacobian(x)

        ended = least_squares(residual, counted, x, bounds, TIGHT, 1000, lambda _, spares=spares: spares)
        assert ended.status > 0
        squares[spares] = 0.5 * np.sum(residual(ended.x) ** 2)
    assert squares[True] == pytest.approx(squares[False], rel=1e-7)
    assert taken[True] <= taken[False] + 1


def test_of_a_jacobian_along_one_line_only_that_line_is_learnt() -> None:
    """Residuals that bend along x₀ alone: after a step of length L along it the secant is the Jacobian there."""
    j = np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 1.0]])
    step, change = np.array([0.5, 0.0]), np.array([1.5, 0.2, 0.4])
    found = _followed(j, np.array([3.0, 7.0]), step, change)
    np.testing.assert_allclose(found @ step, change, rtol=1e-14)
    np.testing.assert_array_equal(found[:, 1], j[:, 1])


def test_what_is_far_takes_its_jacobians() -> None:
    """Rosenbrock's valley from its usual start: no step that gains half of what is left spares one."""
    asked: list[tuple[float, float]] = []
    at: list[float] = []

    def residual(x: np.ndarray) -> np.ndarray:
        r = np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])
        at.append(float(r @ r))
        return r

    def jacobian(x: np.ndarray) -> np.ndarray:
        return np.array([[-20.0 * x[0], 10.0], [-1.0, 0.0]])

    def spares(x: np.ndarray) -> bool:
        asked.append((at[-1], min(at[:-1])))
        return True

    unbounded = Bounds(np.full(2, -np.inf), np.full(2, np.inf))
    ended = least_squares(residual, jacobian, np.array([-1.2, 1.0]), unbounded, TIGHT, 500, spares)
    np.testing.assert_allclose(ended.x, 1.0, atol=1e-5)
    assert all(now > FAR * before for now, before in asked if before > 1e-9)
