"""The descent on the deviance where weights go to and fro: against a likelihood written out and minimised by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from nanocrystal.measurement.counts import counting_sigma, first_expected
from nanocrystal.parameters import Parameter, vary
from nanocrystal.refinement import Options
from nanocrystal.refinement.by_deviance import _slope_of_root, least_deviance
from nanocrystal.refinement.optimise import optimise
from nanocrystal.refinement.posterior.density import LogPosterior
from nanocrystal.refinement.problem import Problem
from support.toy_models import ToyModel, toy_problem

X = np.linspace(30.0, 60.0, 301)
POSITION, HEIGHT, FLAT = "datasets.d.position", "datasets.d.height", "datasets.d.flat"


def peaks(position: float) -> np.ndarray:
    """Two narrow peaks that move together, (n,)."""
    return np.exp(-0.5 * ((X - position) / 0.1) ** 2) + np.exp(-0.5 * ((X - position - 7.4) / 0.1) ** 2)


def counted() -> np.ndarray:
    """Counts of peaks that are wider and elsewhere apart: the model cannot have both."""
    wide = [np.exp(-(((X - c) / 0.25) ** 2)) for c in (44.5, 51.7)]
    return np.rint(100.0 + 1000.0 * sum(wide))


def problem(y: np.ndarray) -> Problem:
    model = ToyModel(X, y, None, (HEIGHT, FLAT), lambda v: np.stack([peaks(v[POSITION]), np.ones(len(X))]))
    model.measured = replace(model.measured, sigma=counting_sigma(first_expected(y), 1.0), counts_per_unit=1.0)
    linear = {a: Parameter(None, linear=True) for a in (HEIGHT, FLAT)}
    return toy_problem({POSITION: vary(44.4, min=40.0, max=48.0), **linear}, model)


def deviance(values: np.ndarray, y: np.ndarray) -> float:
    position, height, flat = values
    m = height * peaks(position) + flat
    return 1e30 if m.min() <= 0.0 else float(2.0 * np.sum(np.where(y > 0.0, y * np.log(y / m), 0.0) - (y - m)))


def by_hand(y: np.ndarray, start: tuple[float, float, float]) -> np.ndarray:
    found = minimize(
        deviance, start, (y,), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-9, "maxiter": 9999}
    )
    return np.asarray(found.x)


def test_slopes_are_those_of_differences() -> None:
    """Of ±√D by m, with the sign of n − m, written out here; where nothing was counted −1/√(2 m)."""
    n, m = np.array([0.0, 1.0, 5.0, 40.0, 900.0]), np.array([0.7, 2.5, 4.0, 55.0, 700.0])
    model = ToyModel(np.arange(5.0), n / 8.0, None, (), lambda v: np.zeros((0, 5)))
    model.measured = replace(model.measured, sigma=np.ones(5), counts_per_unit=8.0)

    def root(expected: np.ndarray) -> np.ndarray:
        return np.sign(n - expected) * np.sqrt(
            2.0 * (n * np.log(np.where(n > 0.0, n, 1.0) / expected) * (n > 0.0) - (n - expected))
        )

    step = 1e-5 * m
    by_hand = (root(m + step) - root(m - step)) / (2.0 * step / 8.0)
    np.testing.assert_allclose(_slope_of_root(model, m / 8.0), by_hand, rtol=1e-6)
    assert by_hand[0] == pytest.approx(-8.0 / np.sqrt(1.4), rel=1e-6)


def test_least_deviance_is_that_of_a_search_by_hand() -> None:
    y = counted()
    start = problem(y)
    weighed, point, reached = least_deviance(start, start.point(start.start), 200)
    assert reached
    values = point.evaluation.values
    expected = by_hand(y, (values[POSITION], values[HEIGHT], values[FLAT]))
    np.testing.assert_allclose([values[a] for a in (POSITION, HEIGHT, FLAT)], expected, rtol=1e-6)
    assert point.misfit == pytest.approx(deviance(expected, y), rel=1e-9)
    assert weighed.models["d"].measured.sigma == pytest.approx(np.sqrt(point.datasets["d"].calculated), rel=1e-5)


def test_a_model_far_from_its_counts_converges() -> None:
    """The result is no worse than that of searches by hand from a grid of starts within its reach."""
    y = counted()
    outcome = optimise(problem(y), Options())
    assert outcome.converged, outcome.message
    values = outcome.point.evaluation.values
    expected = by_hand(y, (values[POSITION], values[HEIGHT], values[FLAT]))
    assert outcome.point.misfit == pytest.approx(deviance(expected, y), rel=1e-6)


def test_with_flat_background_and_scale_as_many_are_calculated_as_were_counted() -> None:
    y = counted()
    start = problem(y)
    _, point, _ = least_deviance(start, start.point(start.start), 200)
    assert point.datasets["d"].calculated.sum() == pytest.approx(y.sum(), rel=1e-6)


def test_posterior_density_of_counts_is_the_integral_of_their_likelihood() -> None:
    """About ten counts a point and flat priors: log p over the decay, the two amplitudes integrated on a grid."""
    x = np.linspace(0.0, 3.0, 60)
    y = np.random.default_rng(1).poisson(12.0 * np.exp(-x) + 6.0).astype(float)

    def curves(rate: float) -> np.ndarray:
        return np.stack([np.exp(-rate * x), np.ones_like(x)])

    model = ToyModel(x, y, None, (HEIGHT, FLAT), lambda v: curves(v[POSITION]))
    model.measured = replace(model.measured, sigma=counting_sigma(first_expected(y), 1.0), counts_per_unit=1.0)
    linear = {a: Parameter(None, linear=True) for a in (HEIGHT, FLAT)}
    density = LogPosterior(toy_problem({POSITION: vary(1.0, min=0.1, max=5.0), **linear}, model))

    def integral(rate: float) -> float:
        heights, flats = np.meshgrid(np.linspace(0.02, 30.0, 400), np.linspace(0.02, 12.0, 400), indexing="ij")
        m = heights[..., None] * curves(rate)[0] + flats[..., None]
        log_of_mean = float((y * np.log(y.mean()) - y.mean()).sum())
        return float(np.log(np.sum(np.exp((y * np.log(m) - m).sum(axis=-1) - log_of_mean))))

    rates = (0.8, 1.0, 1.3, 1.8)
    found = np.array([density(np.array([rate])).log_density for rate in rates])
    exact = np.array([integral(rate) for rate in rates])
    np.testing.assert_allclose(found - found[1], exact - exact[1], atol=0.05)
