"""Parts that are not there: a line on a flat background, whose null is simulated here by hand as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nanocrystal.parameters import Parameter, vary
from nanocrystal.refinement import Options
from nanocrystal.refinement.absent import Part, _certain, _nothing, without_absent
from nanocrystal.refinement.fit import assembled_result
from nanocrystal.refinement.optimise import Descent, optimise
from support.toy_models import NoSample, ToyModel, toy_problem

X = np.linspace(-10.0, 10.0, 81)
AMOUNT, POSITION, WIDTH, FLAT = (f"datasets.d.{k}" for k in ("line.area", "line.position", "line.width", "c0"))
START = {POSITION: 1.0, WIDTH: 1.2}
PLAIN = Options(tolerance=1e-6)


class LineModel(ToyModel):
    """A line whose place and width mean nothing where it has no area."""

    def parts(self) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        return {"datasets.d.line": ((AMOUNT,), (POSITION, WIDTH))}


class NoPopulations:
    """A sample of which nothing can be absent, and nothing stray."""

    def amounts(self) -> Mapping[str, Any]:
        return {}

    def strays(self, started: Mapping[str, float], values: Mapping[str, float]) -> Mapping[str, str]:
        return {}


def line(position: float, width: float) -> np.ndarray:
    return np.exp(-0.5 * ((X - position) / width) ** 2)


def fitted(height: float, seed: int, free: bool = True) -> Descent:
    """Fit a line and a constant to a line of this height over σ; free: place and width vary."""
    y = height * line(0.0, 1.0) + np.random.default_rng(seed).normal(size=len(X))
    model = LineModel(
        X, y, np.ones(len(X)), (AMOUNT, FLAT), lambda v: np.stack([line(v[POSITION], v[WIDTH]), np.ones(len(X))])
    )
    bounds = {POSITION: (-9.0, 9.0), WIDTH: (0.4, 4.0)}
    moved = {a: vary(x, min=bounds[a][0], max=bounds[a][1]) if free else Parameter(x) for a, x in START.items()}
    linear = {a: Parameter(None, linear=True) for a in (AMOUNT, FLAT)}
    return optimise(toy_problem({**moved, **linear}, model), PLAIN)


def judged(outcome: Descent) -> Descent:
    return without_absent(outcome, NoPopulations(), PLAIN)


def test_nothing_is_not_seen_and_rests_at_its_start() -> None:
    """Without a line the one found by noise goes; its area is that of a line as it started, by least squares."""
    outcome = judged(fitted(0.0, 0))
    (absence,) = outcome.problem.absent
    assert absence.own == (POSITION, WIDTH)
    assert absence.words.startswith("datasets.d.line is not seen: without it, with 3 parameters less, χ² over the")
    values = outcome.point.evaluation.values
    assert {a: values[a] for a in START} == START
    y = outcome.problem.models["d"].measured.observed
    area = np.linalg.lstsq(np.stack([line(1.0, 1.2), np.ones(len(X))], axis=1), y, rcond=None)[0][0]
    assert values[AMOUNT] == pytest.approx(area, rel=1e-6)


def test_what_is_there_stays_as_it_was_found() -> None:
    """Ten σ high: no area of noise is so large."""
    found = fitted(10.0, 1)
    outcome = judged(found)
    assert outcome.problem.absent == ()
    assert outcome is found
    assert outcome.point.evaluation.values[POSITION] == pytest.approx(0.0, abs=0.3)


def test_a_line_of_known_place_is_no_part_that_may_be_absent() -> None:
    """Its area and error say all that is known of it."""
    found = fitted(0.0, 2, free=False)
    assert judged(found) is found


def test_between_nothing_and_certainty_data_without_the_line_are_simulated() -> None:
    """Lines of a few σ: those whose rise is above that of χ² with 3 degrees of freedom, 7.8, are held against noise."""
    seen = {height: sum(judged(fitted(height, s)).problem.absent == () for s in range(12)) for height in (2.0, 5.0)}
    assert seen[2.0] < seen[5.0]
    assert seen[5.0] >= 10


def test_rises_between_which_data_are_simulated_are_those_of_tables() -> None:
    """95 % of χ² with 3 degrees of freedom, and (k + 3) ln n of k = 2 that disappear, 81 points."""
    problem, part = fitted(0.0, 0).problem, Part("datasets.d.line", (AMOUNT,), (POSITION, WIDTH))
    assert _nothing(part) == pytest.approx(7.815, abs=1e-3)
    assert _certain(problem, part) == pytest.approx(5.0 * np.log(81.0))


def with_rise(target: float, seed: int) -> Descent:
    """Fit the line of that height for which χ² rises by about this without it."""

    def rise(found: Descent) -> float:
        y = found.problem.models["d"].measured.observed
        assert y is not None
        return float(((y - y.mean()) ** 2).sum()) - found.point.misfit

    found = min((fitted(height, seed) for height in np.arange(0.0, 2.5, 0.05)), key=lambda f: abs(rise(f) - target))
    assert rise(found) == pytest.approx(target, abs=0.5)
    return found


@pytest.mark.campaign
def test_a_rise_is_held_against_that_of_noise() -> None:
    """Noise makes one of 8.5 in 3.7 % of all data at one place alone, more often at any; one of 20 hardly ever."""
    gone = {rise: sum(judged(with_rise(rise, seed)).problem.absent != () for seed in range(4)) for rise in (8.5, 20.0)}
    assert gone[8.5] >= 3
    assert gone[20.0] == 0


class Populations(NoPopulations):
    """A sample of which one population is known but for its amount."""

    def amounts(self) -> Mapping[str, Any]:
        return {"p": (AMOUNT, ("populations.p.",))}


@pytest.mark.parametrize(("errors", "is_there"), [(1.62, False), (1.67, True)])
def test_an_amount_alone_is_there_where_its_rise_is_above_2_706(errors: float, is_there: bool) -> None:
    """An area of so many standard errors, 1.645² = 2.706; noise that the line and the constant leave untouched."""
    found = fitted(0.0, 2, free=False)
    curves = np.stack([line(1.0, 1.2), np.ones(len(X))], axis=1)
    noise = np.random.default_rng(3).normal(size=len(X))
    noise -= curves @ np.linalg.lstsq(curves, noise, rcond=None)[0]
    noise *= 0.95 * np.sqrt((len(X) - 2) / (noise @ noise))
    error = np.sqrt(np.linalg.inv(curves.T @ curves)[0, 0])
    model = found.problem.models["d"]
    seen = model.with_measured(replace(model.measured, observed=3.0 + errors * error * curves[:, 0] + noise))
    outcome = optimise(found.problem.of(found.problem.parameters, {"d": seen}), PLAIN)
    absent = without_absent(outcome, Populations(), PLAIN).problem.absent
    assert [a.amounts for a in absent] == ([] if is_there else [(AMOUNT,)])


def test_what_is_not_seen_has_a_limit_and_is_said_once() -> None:
    """An area of at least 0 that noise would make negative, x: L with (L − x)² − x² = 2.706, in standard errors."""
    rng = np.random.default_rng(5)
    place = np.stack([line(1.0, 1.2), np.ones(len(X))], axis=1)
    y = 3.0 + rng.normal(size=len(X)) - 0.5 * place[:, 0]
    model = LineModel(
        X,
        y,
        np.ones(len(X)),
        ("datasets.d.one", FLAT),
        lambda v: np.stack([v[AMOUNT] * line(v[POSITION], v[WIDTH]), np.ones(len(X))]),
    )
    parameters = {
        AMOUNT: vary(0.5, min=0.0),
        POSITION: vary(1.0, min=0.5, max=1.5),
        WIDTH: vary(1.2, min=1.0, max=1.5),
        "datasets.d.one": Parameter(1.0),
        FLAT: Parameter(None, linear=True),
    }
    result = assembled_result(
        NoSample(parameters, {}), judged(optimise(toy_problem(parameters, model), PLAIN)), "", PLAIN, 0.0
    )
    amount = result.parameters[AMOUNT]
    assert (amount.status, amount.value) == ("at_bound", 0.0)
    x, error = np.linalg.lstsq(place, y, rcond=None)[0][0], np.sqrt(np.linalg.inv(place.T @ place)[0, 0])
    error *= np.sqrt(max(1.0, result.datasets["d"].chi2_red or 0.0))
    assert x < 0.0
    assert amount.limit == pytest.approx(x + np.sqrt(x**2 + 2.706 * error**2), rel=0.03)
    (said,) = [note for note in result.notes if AMOUNT in note]
    assert said.startswith("datasets.d.line is not seen: ")
    assert said.endswith(f" {AMOUNT} is at most {amount.limit:.2g} (95 %).")


@pytest.mark.campaign
def test_noise_is_called_a_line_once_in_twenty() -> None:
    """300 seeds without a line: 5 % and three standard deviations, 3.8 %, at the most."""
    wrong = sum(judged(fitted(0.0, seed)).problem.absent == () for seed in range(300))
    assert wrong / 300 <= 0.088


@pytest.mark.campaign
def test_a_line_that_is_certain_is_found_always() -> None:
    """100 seeds of a line five σ high over a σ of width, four points each: χ² rises by about 170 without it."""
    assert all(judged(fitted(5.0, seed)).problem.absent == () for seed in range(100))
