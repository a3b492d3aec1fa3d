"""Sampled posteriors against ones that are known without sampling: closed forms, and sums over grids."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from nanocrystal.errors import InputError
from nanocrystal.parameters import Parameter, vary
from nanocrystal.refinement.fit import assembled_result
from nanocrystal.refinement.optimise import Options, optimise
from nanocrystal.refinement.posterior.assembly import chain_posterior
from nanocrystal.refinement.posterior.chain import autocorrelation_time, gelman_rubin
from nanocrystal.refinement.posterior.density import LogPosterior, laplace
from nanocrystal.refinement.posterior.sampling import Walk, sampled
from nanocrystal.refinement.problem import Problem
from nanocrystal.report.posterior.result import Posterior
from support.posterior_toys import LEFT, SIGMA, X, amount, normal_law, on_grid, quadratic, valley
from support.toy_models import NoSample, ToyModel, toy_problem

pytest.importorskip("emcee")


def posterior_of(
    problem: Problem, steps: int = 400, seed: int = 1, walkers: int = 32, factor: float = 1.0
) -> Posterior:
    """Return the posterior of a toy problem by the way that the command takes, without processes."""
    outcome = optimise(problem, Options())
    fit = assembled_result(NoSample({}, {}), outcome, "toy", Options(), 0.0)
    target = LogPosterior(problem, factor)
    chi2_red = outcome.point.chi2 / max(1, problem.n_points - len(problem.free) - len(problem.linear))
    law = laplace(problem, outcome.point, factor if problem.has_sigmas else np.sqrt(chi2_red))
    walk = Walk(steps=steps, walkers=walkers, seed=seed)
    chain = sampled(target, law, lambda places: [target(x) for x in places], walk)
    return chain_posterior(target, chain, walk, fit, outcome.point.chi2, 0.0)


# ---- a linear problem: the normal law --------------------------------------------------------------


def test_linear_problem_has_the_normal_law() -> None:
    """Mean and covariance, that of the eliminated parameter included, within four Monte Carlo errors."""
    problem = quadratic()
    mean, covariance = normal_law(problem)
    found = posterior_of(problem, steps=500)
    assert list(found.names) == ["a", "b", "c"]
    n = min(m.n_draws for m in found.marginals.values())
    assert n > 3000
    spread = np.sqrt(np.diag(covariance))
    assert np.all(np.abs(found.draws.mean(axis=0) - mean) < 4.0 * spread / np.sqrt(n))
    correlation = covariance / np.outer(spread, spread)
    relative = (np.cov(found.draws.T) - covariance) / np.outer(spread, spread)
    assert np.all(np.abs(relative) < 4.0 * np.sqrt((1.0 + correlation**2) / n))
    for k, address in enumerate("abc"):
        m = found.marginals[address]
        assert m.stderr == pytest.approx(spread[k], rel=1e-4)
        for (low, high), part in ((m.interval_68, 1.0), (m.interval_95, 1.96)):
            assert low == pytest.approx(mean[k] - part * spread[k], abs=0.1 * spread[k])
            assert high == pytest.approx(mean[k] + part * spread[k], abs=0.1 * spread[k])
        assert m.limit == ""
    assert found.converged, found.notes


def test_scaled_sigmas_widen_the_law_by_that_factor() -> None:
    problem = quadratic()
    _, covariance = normal_law(problem)
    found = posterior_of(problem, steps=300, factor=2.0)
    assert found.draws.std(axis=0) == pytest.approx(2.0 * np.sqrt(np.diag(covariance)), rel=0.08)


def test_unknown_noise_gives_students_t() -> None:
    """Few points without σ: quantiles of the t distribution with n − 3 degrees of freedom, in closed form."""
    x = np.linspace(-1.0, 1.0, 7)
    observed = 1.0 + 2.0 * x + np.array([0.3, -0.2, 0.1, 0.4, -0.5, 0.2, -0.1])

    def curves(v: dict[str, float]) -> np.ndarray:
        return np.array([x**2, v["a"] + v["b"] * x])

    model = ToyModel(x, observed, None, ("c", "one"), curves)
    parameters = {"a": vary(1.0), "b": vary(2.0), "c": LEFT, "one": Parameter(1.0)}
    found = posterior_of(toy_problem(parameters, model), steps=500)
    design = np.column_stack([np.ones(7), x, x**2])
    inverse = np.linalg.inv(design.T @ design)
    best = inverse @ design.T @ observed
    s2 = float(np.sum((observed - design @ best) ** 2)) / 4.0
    for k in range(3):
        law = stats.t(4, loc=best[k], scale=np.sqrt(s2 * inverse[k, k]))
        for q in (0.025, 0.16, 0.5, 0.84, 0.975):
            assert law.cdf(np.quantile(found.draws[:, k], q)) == pytest.approx(q, abs=0.015)


# ---- a parameter at a bound ------------------------------------------------------------------------


@pytest.mark.campaign
@pytest.mark.parametrize("true", [-0.04, -0.01, 0.02])
def test_at_a_bound_it_is_the_truncated_normal_law(true: float) -> None:
    """The limits against scipy's truncated normal law with the mean and error of the free problem."""
    problem, mean, error = amount(true)
    found = posterior_of(problem, steps=1200, seed=5)
    law = stats.truncnorm(-mean / error, np.inf, loc=mean, scale=error)
    m = found.marginals["p"]
    assert found.draws.min() >= 0.0
    for q in (0.05, 0.16, 0.5, 0.84, 0.95, 0.975):
        assert law.cdf(np.quantile(found.draws, q)) == pytest.approx(q, abs=0.015)
    assert m.limit == ("upper" if mean < 1.5 * error else "")
    if m.limit:
        assert m.limit_95 == pytest.approx(law.ppf(0.95), rel=0.03)
        assert m.limit_68 == pytest.approx(law.ppf(0.68), rel=0.04)
        assert any("below" in note for note in found.notes)


def test_what_the_data_do_not_see_fills_its_bounds() -> None:
    """A flat law between the bounds, and a sentence; without bounds it is refused."""

    def problem(**bounds: float) -> Problem:
        model = ToyModel(X, 1.0 + 0.0 * X + SIGMA, SIGMA, ("one",), lambda v: v["a"] + 1e-7 * v["p"] * X)
        return toy_problem({"a": vary(1.0), "p": vary(0.5, **bounds), "one": Parameter(1.0)}, model)

    found = posterior_of(problem(min=0.0, max=1.0), steps=400)
    assert found.marginals["p"].limit == "none"
    for q in (0.1, 0.5, 0.9):
        assert np.quantile(found.of("p"), q) == pytest.approx(q, abs=0.03)
    assert any("fills the range between its bounds" in note for note in found.notes)
    open_ = problem()
    with pytest.raises(InputError, match="no bounds"):
        laplace(open_, open_.point(open_.start), 1.0)


# ---- a bent valley ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scale_by_fit", [False, True])
def test_a_bent_valley_against_integration_on_a_grid(scale_by_fit: bool) -> None:
    """Both parameters sampled, and the scale integrated out and drawn back: the same law, that of the grid."""
    k, s, density = on_grid()
    found = posterior_of(valley(scale_by_fit), steps=1200, seed=2)
    for address, at, law in (("k", k, density.sum(axis=1)), ("s", s, density.sum(axis=0))):
        draws = found.of(address)
        for q in (0.025, 0.16, 0.5, 0.84, 0.975):
            below = float(np.interp(np.quantile(draws, q), at, np.cumsum(law) - 0.5 * law))
            assert below == pytest.approx(q, abs=0.02), (address, q)
    expected = float((k[:, None] * s[None, :] * density).sum())
    assert np.mean(found.of("k") * found.of("s")) == pytest.approx(expected, rel=0.06)
    fit_error = found.marginals["k"].stderr
    assert fit_error is not None
    assert found.marginals["k"].std > 1.2 * fit_error
    assert any("quadratic approximation does not hold" in note for note in found.notes)


# ---- honesty ---------------------------------------------------------------------------------------


@pytest.mark.campaign
def test_intervals_cover_the_truth() -> None:
    """Sixty noise seeds of the quadratic: 68 and 95 % intervals hold the truth that often, within chance."""
    held = {68: 0, 95: 0}
    truth = {"a": 1.0, "b": 2.0, "c": 0.5}
    for seed in range(60):
        found = posterior_of(quadratic(seed=seed), steps=60, seed=seed, walkers=16)
        for address, value in truth.items():
            m = found.marginals[address]
            held[68] += m.interval_68[0] <= value <= m.interval_68[1]
            held[95] += m.interval_95[0] <= value <= m.interval_95[1]
    assert held[68] / 180 == pytest.approx(0.68, abs=0.12)
    assert held[95] / 180 == pytest.approx(0.95, abs=0.05)


def test_short_chains_are_called_short() -> None:
    found = posterior_of(quadratic(), steps=24, walkers=16)
    assert not found.converged
    assert any("independent draws" in note or "autocorrelation" in note for note in found.notes)


def test_autocorrelation_time_of_a_chain_that_is_known() -> None:
    """x_t = ρ x_(t−1) + noise has the time (1 + ρ)/(1 − ρ)."""
    rng, rho = np.random.default_rng(4), 0.8
    series = np.zeros((6000, 8))
    for t in range(1, len(series)):
        series[t] = rho * series[t - 1] + rng.normal(size=8)
    assert autocorrelation_time(series[100:]) == pytest.approx(9.0, rel=0.15)


def test_gelman_rubin_by_hand() -> None:
    """Four parts of variance 1 with means ±d: √(1 + var(means)) with var over the four parts."""
    rng = np.random.default_rng(6)
    series = rng.normal(size=(4000, 8))
    ensemble = np.repeat([0, 1], 4)
    alike = gelman_rubin(series, ensemble)
    assert alike == pytest.approx(1.0, abs=1e-3)
    moved = gelman_rubin(series + np.where(ensemble, 0.5, -0.5), ensemble)
    assert moved == pytest.approx(np.sqrt(1.0 + 1.0 / 3.0), rel=0.01)


def test_the_same_seed_gives_the_same_chain() -> None:
    first, second = (posterior_of(quadratic(), steps=30) for _ in range(2))
    assert np.array_equal(first.samples, second.samples)
    assert not np.array_equal(first.samples, posterior_of(quadratic(), steps=30, seed=9).samples)
