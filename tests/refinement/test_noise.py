"""Correlated residuals in a refinement: against generalised least squares written out with inverse matrices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import support.counted_spheres as by_hand
from nanocrystal.errors import InputError
from nanocrystal.measurement import Model
from nanocrystal.measurement.correlated import FittedNoise, likeliest_parts, whitening
from nanocrystal.parameters import Evaluation, Parameter, vary
from nanocrystal.refinement import Options, compare
from nanocrystal.refinement.comparison import residual_of
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.refinement.noise import weighed_by_noise
from nanocrystal.refinement.optimise import optimise
from nanocrystal.refinement.posterior.density import LogPosterior
from nanocrystal.refinement.posterior.workers import target_maker
from nanocrystal.refinement.problem import Problem
from nanocrystal.refinement.uncertainty import covariance
from nanocrystal.sample import Population, Sample, Sphere
from nanocrystal.techniques import Pdf
from support.compared import curve, result
from support.modelling import crystal
from support.structures import NICKEL
from support.toy_models import ToyModel, toy_problem

X = np.linspace(0.0, 1.0, 30)
NOISE = 0.04 * np.exp(-np.abs(np.subtract.outer(X, X)) / 0.1) + np.diag(0.01 + 0.1 * X)
DESIGN = np.stack([np.exp(-2.0 * X), np.ones_like(X), X], axis=1)
"""a line whose first term is exp(−b x) at b = 2"""
PARAMETERS = {
    "datasets.d.b": vary(2.0),
    "datasets.d.c0": Parameter(None, linear=True),
    "datasets.d.c1": Parameter(None, linear=True),
}
LINEAR = ("datasets.d.c0", "datasets.d.c1")


class LawfulModel(ToyModel, own=("asked", "parts")):
    """a exp(−b x) and a constant, whose noise has two parts in amounts that residuals tell."""

    asked = False

    def parts(self) -> list[np.ndarray]:
        return [np.eye(len(X)), np.exp(-np.abs(np.subtract.outer(X, X)) / 0.1)]

    @property
    def weighed_by_noise(self) -> bool:
        return self.asked

    def fitted_noise(self, evaluation: Evaluation, residual: np.ndarray, slopes: np.ndarray) -> FittedNoise | None:
        sizes = likeliest_parts(self.parts(), residual, slopes)
        return FittedNoise(np.tensordot(sizes, np.stack(self.parts()), axes=1), f"{sizes[0]:.3g} and {sizes[1]:.3g}")

    def weighed_by(self, noise: FittedNoise) -> Model:
        other = type(self)(X, self.measured.observed, None, self.linear, self._curves)  # type: ignore[arg-type]
        other.asked = self.asked
        other.measured = replace(self.measured, whitening=whitening(noise.covariance, np.zeros((len(X), 0))))
        return other


def curves(values: object) -> np.ndarray:
    return np.stack([np.exp(-values["datasets.d.b"] * X), np.ones_like(X)])  # type: ignore[index]


def observed(seed: int = 0, noise: np.ndarray = NOISE) -> np.ndarray:
    drawn = np.random.default_rng(seed).multivariate_normal(np.zeros(len(X)), noise)
    return np.asarray(3.0 * np.exp(-2.0 * X) + 1.0 + drawn)


def whitened_problem(y: np.ndarray) -> Problem:
    model = ToyModel(X, y, np.sqrt(np.diag(NOISE)), LINEAR, curves)
    model.measured = replace(model.measured, whitening=whitening(NOISE, np.zeros((len(X), 0))))
    return toy_problem(PARAMETERS, model)


def jacobian(b: float, a: float) -> np.ndarray:
    """Return the derivatives of a exp(−b x) + c by b, a and c, (n, 3)."""
    return np.stack([-a * X * np.exp(-b * X), np.exp(-b * X), np.ones_like(X)], axis=1)


# ---- weighed by a known covariance --------------------------------------------------------------------


def test_minimum_and_errors_are_those_of_generalised_least_squares() -> None:
    """At the minimum Jᵀ C⁻¹ (o − c) = 0, and the covariance is (Jᵀ C⁻¹ J)⁻¹; χ² is (o − c)ᵀ C⁻¹ (o − c)."""
    y = observed()
    outcome = optimise(whitened_problem(y), Options(tolerance=1e-12))
    values = outcome.point.evaluation.values
    b, a, c = (values[k] for k in PARAMETERS)
    rest, j, inverse = y - a * np.exp(-b * X) - c, jacobian(b, a), np.linalg.inv(NOISE)
    np.testing.assert_allclose(j.T @ inverse @ rest, 0.0, atol=1e-5 * np.abs(j.T @ inverse @ y).max())
    spread = covariance(outcome.problem, outcome.point)
    assert outcome.point.chi2 == pytest.approx(rest @ inverse @ rest, rel=1e-9)
    assert spread.chi2_red == pytest.approx(rest @ inverse @ rest / 27.0, rel=1e-9)
    expected = np.linalg.inv(j.T @ inverse @ j)
    np.testing.assert_allclose([spread.stderr(k)[0] for k in PARAMETERS], np.sqrt(np.diag(expected)), rtol=1e-6)


def test_errors_scale_with_a_factor_on_all_sigmas() -> None:
    problem = whitened_problem(observed())
    twice = problem.with_error_scales({"d": 2.0})
    point = problem.point(problem.start)
    assert twice.point(problem.start).chi2 == pytest.approx(point.chi2 / 4.0)
    one, other = covariance(problem, point), covariance(twice, twice.point(problem.start))
    np.testing.assert_allclose(other.matrix, 4.0 * one.matrix, rtol=1e-9)
    assert other.stderr("datasets.d.b")[0] == pytest.approx(one.stderr("datasets.d.b")[0], rel=1e-9)  # as given


def test_density_is_that_of_a_correlated_normal_law() -> None:
    """log p(b) differs between two b as the normal law of y says, of which a and c have huge variances."""
    y = observed()
    density = LogPosterior(whitened_problem(y))

    def direct(b: float) -> float:
        wide = NOISE + 1e5 * np.outer(np.exp(-b * X), np.exp(-b * X)) + 1e5
        return -0.5 * float(np.linalg.slogdet(wide)[1] + y @ np.linalg.solve(wide, y))

    found = density(np.array([2.3])).log_density - density(np.array([1.8])).log_density
    assert found == pytest.approx(direct(2.3) - direct(1.8), abs=1e-3)


# ---- a law that residuals follow ----------------------------------------------------------------------


def lawful(y: np.ndarray, asked: bool = False) -> Problem:
    model = LawfulModel(X, y, None, LINEAR, curves)
    model.asked = asked
    return toy_problem(PARAMETERS, model)


def test_errors_of_points_that_count_alike_follow_the_law_of_their_noise() -> None:
    """(JᵀJ)⁻¹ Jᵀ C J (JᵀJ)⁻¹ with the C of the law, in the unit of the data; the minimum stays the plain one."""
    y = observed(1)
    outcome = optimise(lawful(y), Options(tolerance=1e-12))
    plain = optimise(toy_problem(PARAMETERS, ToyModel(X, y, None, LINEAR, curves)), Options(tolerance=1e-12))
    np.testing.assert_array_equal(outcome.point.x, plain.point.x)
    spread = covariance(outcome.problem, outcome.point)
    b, a, c = (outcome.point.evaluation.values[k] for k in PARAMETERS)
    j = jacobian(b, a)
    model = outcome.problem.models["d"]
    sizes = likeliest_parts(model.parts(), y - a * np.exp(-b * X) - c, j)  # type: ignore[attr-defined]
    total = sum(s * p for s, p in zip(sizes, model.parts(), strict=True))  # type: ignore[attr-defined]
    change = np.linalg.inv(j.T @ j) @ j.T
    expected = np.sqrt(np.diag(change @ total @ change.T))
    np.testing.assert_allclose([spread.stderr(k)[0] for k in PARAMETERS], expected, rtol=1e-4)
    assert spread.stderr("datasets.d.b") == (spread.stderr("datasets.d.b")[1],) * 2
    assert list(spread.laws) == ["d"]


def test_errors_by_the_law_cover_where_those_of_independent_points_do_not() -> None:
    """Noise correlated over a tenth of the range, 80 draws of it: scatter over stated error of c."""
    noise = 0.01 * np.eye(len(X)) + 0.05 * np.exp(-np.abs(np.subtract.outer(X, X)) / 0.1)
    pulls: dict[str, list[float]] = {"law": [], "alike": []}
    for seed in range(80):
        y = observed(seed, noise)
        plain = toy_problem(PARAMETERS, ToyModel(X, y, None, LINEAR, curves))
        point = optimise(plain, Options()).point
        for kind, problem in (("law", lawful(y)), ("alike", plain)):
            stderr = covariance(problem, point).stderr("datasets.d.c1")[0]
            assert stderr is not None
            pulls[kind].append((point.evaluation.values["datasets.d.c1"] - 1.0) / stderr)
    assert np.std(pulls["alike"]) > 1.5
    assert np.std(pulls["law"]) < 0.75 * np.std(pulls["alike"])


def test_weights_and_law_are_found_in_turn() -> None:
    """At the end the weights are those of the law of the residuals at the end."""
    outcome = weighed_by_noise(optimise(lawful(observed(2), asked=True), Options()), Options())
    model, d = outcome.problem.models["d"], outcome.point.datasets["d"]
    assert model.measured.whitening is not None
    noise = outcome.problem.fitted_noise(outcome.point)["d"].covariance
    np.testing.assert_allclose(model.measured.whitening @ noise @ model.measured.whitening.T, np.eye(30), atol=0.02)
    assert d.residual @ d.residual == pytest.approx(27.0, rel=0.02)
    unasked = optimise(lawful(observed(2)), Options())
    assert weighed_by_noise(unasked, Options()) is unasked
    assert weighed_by_noise(unasked, Options(), every=True).problem.models["d"].measured.whitening is not None


# ---- of a PDF -----------------------------------------------------------------------------------------


def test_workers_of_a_posterior_weigh_points_as_it_does(tmp_path: Path) -> None:
    """What another process makes from the files gives the same densities."""
    f = by_hand.structure(by_hand.counts(np.random.default_rng(0))[0], by_hand.BACKGROUND)
    r = np.arange(0.02, 22.0, 0.02)
    pdf = Pdf(r=r, g=by_hand.transformed(f, r), r_range=(1.5, 15.0), qmax=by_hand.QMAX, qmin=by_hand.QMIN)
    sample = Sample({"p": Population("x", Sphere(vary(23.0)))}, {"x": crystal(NICKEL, 0.006, a=vary(3.525))})
    outcome = optimise(bound_problem(sample, {"pdf": pdf}, tmp_path), Options())
    outcome = weighed_by_noise(outcome, Options(), every=True)
    target = LogPosterior(outcome.problem)
    begun = target_maker(target, sample, {"pdf": pdf}, tmp_path)(lambda *_: None)
    x = outcome.point.x + np.array([0.001, 0.1])
    assert begun(x).log_density == pytest.approx(target(x).log_density, rel=1e-12)
    assert outcome.problem.models["pdf"].measured.whitening is not None


# ---- candidates ---------------------------------------------------------------------------------------


def test_candidates_are_compared_by_residuals_that_are_independent() -> None:
    rng = np.random.default_rng(3)
    y, better, worse = 100.0 + rng.normal(size=60), rng.normal(size=50), 2.0 * rng.normal(size=50)
    one = curve(y, y - 1.0, np.full(60, 0.1), residual=better)
    np.testing.assert_array_equal(residual_of(one), better)
    found = compare({"a": result({"d": one}, 3), "b": result({"d": replace(one, residual=worse)}, 3)})
    assert found["a"].chi2 == pytest.approx(better @ better)
    assert found["a"].gof == pytest.approx(np.sqrt(better @ better / 47.0))
    assert found.bases["d"].n_points == 50
    plain = curve(y, y - 1.0, np.full(60, 0.1))
    with pytest.raises(InputError, match="has other weights than in a"):
        compare({"a": result({"d": one}, 3), "b": result({"d": plain}, 3)})
