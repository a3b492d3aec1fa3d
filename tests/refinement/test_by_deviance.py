"""The descent on the deviance where weights go to and fro: against a likelihood written out and minimised by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from nanocrystal.measurement.counts import counting_sigma, first_expected
from nanocrystal.parameters import Parameter, vary
from nanocrystal.refinement import Options
from nanocrystal.refinement.by_deviance import least_deviance
from nanocrystal.refinement.optimise import optimise
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
