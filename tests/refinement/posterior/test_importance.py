"""Draws weighed by importance against posteriors that are known without sampling; where they fail, a chain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nanocrystal.errors import InputError
from nanocrystal.parameters import Parameter, vary
from nanocrystal.refinement.fit import assembled_result
from nanocrystal.refinement.optimise import Options, optimise
from nanocrystal.refinement.posterior import posterior
from nanocrystal.refinement.posterior.density import Density, LogPosterior, laplace
from nanocrystal.refinement.posterior.importance import PILOT, importance_sampled, independent_draws
from nanocrystal.refinement.posterior.posterior import Listeners, Sampling, Way, assembled_posterior
from nanocrystal.refinement.problem import Problem
from nanocrystal.report.posterior.result import FEWEST_DRAWS, Posterior
from support.posterior_toys import LEFT, SIGMA, X, amount, normal_law, on_grid, quadratic, valley
from support.toy_models import NoSample, ToyModel, toy_problem


def way_of(problem: Problem, progress: Callable[[int, int, float], None] | None = None, **how: Any) -> tuple[Way, Any]:
    outcome = optimise(problem, Options())
    target = LogPosterior(problem)
    chi2_red = outcome.point.chi2 / max(1, problem.n_points - len(problem.free) - len(problem.linear))
    law = laplace(problem, outcome.point, 1.0 if problem.has_sigmas else np.sqrt(chi2_red))
    listeners = Listeners(progress=progress)
    return Way(target, law, Sampling(**how), listeners, lambda _: target), outcome


def posterior_of(problem: Problem, **how: Any) -> Posterior:
    """Return the posterior of a toy problem by the way that the command takes."""
    way, outcome = way_of(problem, **how)
    fit = assembled_result(NoSample({}, {}), outcome, "toy", Options(), 0.0)
    draws, chain = way.taken()
    return assembled_posterior(way.target, draws, chain, fit, outcome.point.chi2, way.sampling, 0.0)


def near(part: float, expected: float, n: float) -> bool:
    """Say whether a part of n draws is what is expected, to four errors of counting."""
    return abs(part - expected) < 4.0 * np.sqrt(expected * (1.0 - expected) / n)


QUANTILES = {0.025: "interval_95", 0.1587: "interval_68", 0.5: "median", 0.8413: "interval_68", 0.975: "interval_95"}


def quantile(m: Any, part: float) -> float:
    """Return the quantile that a marginal has for one of its parts."""
    value = getattr(m, QUANTILES[part])
    return float(value if part == 0.5 else value[part > 0.5])


def test_a_linear_problem_has_the_normal_law() -> None:
    """Means, errors and quantiles of nonlinear and linear parameters, by a few hundred densities and no chain."""
    problem = quadratic()
    mean, covariance = normal_law(problem)
    found = posterior_of(problem, method="importance", seed=4)
    assert found.converged, found.notes
    assert (found.sampling.method, found.notes) == ("importance", [])
    assert found.sampling.evaluations == found.sampling.draws < 800
    spread = np.sqrt(np.diag(covariance))
    for k, address in enumerate("abc"):
        m = found.marginals[address]
        assert m.n_draws >= FEWEST_DRAWS
        assert abs(m.mean - mean[k]) < 4.0 * spread[k] / np.sqrt(m.n_draws)
        assert m.std == pytest.approx(spread[k], rel=4.0 / np.sqrt(2.0 * m.n_draws))
        for part in QUANTILES:
            assert near(stats.norm(mean[k], spread[k]).cdf(quantile(m, part)), part, m.n_draws)
    correlation = np.corrcoef(found.draws.T)
    np.testing.assert_allclose(correlation, covariance / np.outer(spread, spread), atol=0.1)
    # samples of equal weight say what the weighed draws say
    for address, m in found.marginals.items():
        assert np.mean(found.of(address)) == pytest.approx(m.mean, abs=0.02 * m.std)
        assert np.std(found.of(address)) == pytest.approx(m.std, rel=0.02)


def test_unknown_noise_gives_students_t() -> None:
    """Seven points without σ: tails of four degrees of freedom, which those of the law drawn from must not miss."""
    x = np.linspace(-1.0, 1.0, 7)
    observed = 1.0 + 2.0 * x + np.array([0.3, -0.2, 0.1, 0.4, -0.5, 0.2, -0.1])
    model = ToyModel(x, observed, None, ("c", "one"), lambda v: np.array([x**2, v["a"] + v["b"] * x]))
    parameters = {"a": vary(1.0), "b": vary(2.0), "c": LEFT, "one": Parameter(1.0)}
    found = posterior_of(toy_problem(parameters, model), method="importance")
    assert found.converged, found.notes
    design = np.column_stack([np.ones(7), x, x**2])
    inverse = np.linalg.inv(design.T @ design)
    best = inverse @ design.T @ observed
    s2 = float(np.sum((observed - design @ best) ** 2)) / 4.0
    for k, address in enumerate("abc"):
        law, m = stats.t(4, loc=best[k], scale=np.sqrt(s2 * inverse[k, k])), found.marginals[address]
        assert all(near(law.cdf(quantile(m, part)), part, m.n_draws) for part in QUANTILES)


@pytest.mark.parametrize("true", [-0.1, -0.04, -0.01, 0.02])
def test_at_a_bound_it_is_the_truncated_normal_law(true: float) -> None:
    """Limits and intervals against scipy's truncated normal law; no density is asked for beyond the bound."""
    problem, mean, error = amount(true)
    found = posterior_of(problem, method="importance", seed=5)
    law, m = stats.truncnorm(-mean / error, np.inf, loc=mean, scale=error), found.marginals["p"]
    assert found.converged, found.notes
    assert found.draws.min() >= 0.0
    assert all(near(law.cdf(quantile(m, part)), part, m.n_draws) for part in QUANTILES)
    assert m.limit == ("upper" if mean < 1.5 * error else "")
    if m.limit:
        assert near(law.cdf(m.limit_95), 0.95, m.n_draws)
        assert near(law.cdf(m.limit_68), 0.68, m.n_draws)


def test_places_beyond_the_bounds_are_never_calculated() -> None:
    problem, _, _ = amount(-0.01)
    way, _ = way_of(problem)
    asked: list[np.ndarray] = []

    def calculated(places: Sequence[np.ndarray]) -> list[Density]:
        asked.extend(places)
        return [way.target(x) for x in places]

    draws = importance_sampled(way.target, way.law, calculated, seed=1)
    assert len(asked) == draws.evaluations
    assert np.min(asked) >= 0.0


def test_what_the_data_do_not_see_fills_its_bounds() -> None:
    model = ToyModel(X, 1.0 + 0.0 * X + SIGMA, SIGMA, ("one",), lambda v: v["a"] + 1e-7 * v["p"] * X)
    flat = {"a": vary(1.0), "p": vary(0.5, min=0.0, max=1.0), "one": Parameter(1.0)}
    found = posterior_of(toy_problem(flat, model), method="importance")
    assert found.converged, found.notes
    m = found.marginals["p"]
    assert m.limit == "none"
    assert all(near(quantile(m, part), part, m.n_draws) for part in QUANTILES)


@pytest.mark.parametrize(
    "seeds", [range(4), pytest.param(range(4, 20), marks=pytest.mark.campaign)], ids=["few", "many"]
)
@pytest.mark.parametrize("scale_by_fit", [False, True])
def test_a_bent_valley_is_learned_or_said_not_to_be(scale_by_fit: bool, seeds: range) -> None:
    """Where the refinement's law is poor, laws are learned and tried: what is accepted is the law summed over a grid.

    Weights alone accept laws that have not seen 4 to 15 % of it.
    """
    k, s, density = on_grid()
    accepted = 0
    for seed in seeds:
        found = posterior_of(valley(scale_by_fit), method="importance", seed=seed)
        if not found.converged:
            assert found.ending()[0] == "incomplete"
            continue
        accepted += 1
        for address, at, law in (("k", k, density.sum(axis=1)), ("s", s, density.sum(axis=0))):
            m = found.marginals[address]
            for part in QUANTILES:
                below = float(np.interp(quantile(m, part), at, np.cumsum(law) - 0.5 * law))
                assert near(below, part, m.n_draws), (seed, address, part)
        assert any("approximation does not hold" in note or "with 95 % probability" in note for note in found.notes)
    assert accepted > 0


def banana() -> Problem:
    """Return two parameters along a parabola far longer than wide: p is normal about 0, q about 30 p² within 0.05."""
    x, observed = np.array([0.0, 1.0]), np.array([1.0, 2.0])

    def curves(v: dict[str, float]) -> np.ndarray:
        return observed + np.array([v["p"], v["q"] - 30.0 * v["p"] ** 2])

    model = ToyModel(x, observed, np.array([1.0, 0.05]), ("one",), curves)
    return toy_problem({"p": vary(0.3), "q": vary(1.0), "one": Parameter(1.0)}, model)


def test_a_banana_fails_and_a_chain_is_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights say that they do not suffice; alone they are provisional, otherwise a chain follows that says so."""
    alone = posterior_of(banana(), method="importance")
    assert not alone.converged
    assert any("provisional" in note or "95 % intervals need" in note for note in alone.notes)
    assert alone.ending()[0] == "incomplete"
    pytest.importorskip("emcee")
    monkeypatch.setattr(posterior, "MOST_STEPS", 120)
    found = posterior_of(banana())
    assert found.sampling.method == "chain"
    assert found.sampling.steps == 120
    assert found.sampling.evaluations == 120 * 32 + alone.sampling.evaluations
    assert found.sampling.pareto_k == alone.sampling.pareto_k
    assert any("importance sampling did not suffice" in note for note in found.notes)


def test_without_emcee_the_draws_are_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A default ends with what there is and says what to install; where draws suffice nothing is missing."""
    monkeypatch.setitem(__import__("sys").modules, "emcee", None)
    found = posterior_of(banana())
    assert (found.converged, found.sampling.method) == (False, "importance")
    assert any("nanocrystal[posterior]" in note for note in found.notes)
    assert posterior_of(quadratic()).converged


def test_a_chain_ends_when_it_is_long_enough() -> None:
    """Left to its diagnostics it is judged each 250 steps; with steps it has those."""
    pytest.importorskip("emcee")
    found = posterior_of(quadratic(), method="chain")
    assert found.converged, found.notes
    assert found.sampling.steps in (250, 500, 750)
    assert posterior_of(quadratic(), steps=40).sampling.steps == 40
    assert posterior_of(quadratic(), walkers=20).sampling.walkers == 20


def test_interrupted_it_keeps_the_draws_that_are_done() -> None:
    def stop(done: int, total: int, part: float) -> None:
        if done >= 128:
            raise KeyboardInterrupt

    way, _ = way_of(quadratic(), progress=stop)
    draws, chain = way.taken()
    assert draws is not None
    assert chain is None
    assert (draws.interrupted, len(draws.weights), draws.enough) == (True, 128, False)

    def at_once(done: int, total: int, part: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        way_of(quadratic(), progress=at_once)[0].taken()


def test_steps_and_walkers_are_of_a_chain() -> None:
    with pytest.raises(InputError, match="belongs to a chain"):
        Sampling(method="importance", steps=100).walkers_for(3)
    assert Sampling().begins_with_draws
    assert not Sampling(steps=100).begins_with_draws
    assert not Sampling(method="chain").begins_with_draws


def test_the_same_seed_gives_the_same_draws() -> None:
    first, second, other = (posterior_of(quadratic(), seed=s) for s in (3, 3, 4))
    assert np.array_equal(first.samples, second.samples)
    assert not np.array_equal(first.samples, other.samples)
    assert first.sampling.draws >= PILOT


def test_independent_draws_by_hand() -> None:
    """Equal weights: their number. Twice the weight far out than at the middle: less than the weights alone say."""
    values = np.random.default_rng(0).normal(size=(5000, 1, 1))
    even = np.full(5000, 1.0 / 5000)
    assert independent_draws(values, even)[0] == pytest.approx(5000, rel=1e-6)
    weights = np.where(np.abs(values[:, 0, 0]) > 1.0, 2.0, 1.0)
    weights /= weights.sum()
    mean = float(weights @ values[:, 0, 0])
    squares = (values[:, 0, 0] - mean) ** 2
    expected = float(weights @ squares) / float(weights**2 @ squares)
    assert independent_draws(values, weights)[0] == pytest.approx(expected)
    assert expected < 1.0 / float(np.sum(weights**2))
