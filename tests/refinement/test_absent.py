"""Parts that are not there: a line on a flat background, whose null is simulated here by hand as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from nanocrystal.parameters import Parameter, vary
from nanocrystal.refinement import Options
from nanocrystal.refinement.absent import without_absent
from nanocrystal.refinement.optimise import Descent, optimise
from support.toy_models import ToyModel, toy_problem

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


@pytest.mark.campaign
def test_noise_is_called_a_line_once_in_twenty() -> None:
    """300 seeds without a line: 5 % and three standard deviations, 3.8 %, at the most."""
    wrong = sum(judged(fitted(0.0, seed)).problem.absent == () for seed in range(300))
    assert wrong / 300 <= 0.088


@pytest.mark.campaign
def test_a_line_that_is_certain_is_found_always() -> None:
    """100 seeds of a line five σ high over a σ of width, four points each: χ² rises by about 170 without it."""
    assert all(judged(fitted(5.0, seed)).problem.absent == () for seed in range(100))
