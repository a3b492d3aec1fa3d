"""What several descents say together: made-up ends about a parabola, and a problem with two minima that are as good."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nanocrystal.parameters import Parameter, vary
from nanocrystal.refinement import Options
from nanocrystal.refinement.fit import _estimates
from nanocrystal.refinement.joint import started_at
from nanocrystal.refinement.minima import minima_of
from nanocrystal.refinement.optimise import Descent, End, _least, optimise
from nanocrystal.refinement.uncertainty import covariance
from support.toy_models import ToyModel, toy_problem

X = np.linspace(-1.0, 1.0, 50)
B = "datasets.d.b"


def outcome(sigma: float = 0.1) -> Descent:
    """Fit y = |b| x, whose sign of b the data cannot tell: minima at b = 2 and −2."""
    y = 2.0 * X + sigma * np.random.default_rng(0).normal(size=len(X))
    model = ToyModel(X, y, np.full(len(X), sigma), (), lambda v: np.zeros((1, len(X))))
    model.linear = ("datasets.d.one",)
    model._curves = lambda v: (v[B] ** 2 / 2.0 * X)[None, :]
    parameters = {B: vary(1.5, min=-4.0, max=4.0), "datasets.d.one": Parameter(1.0)}
    return optimise(toy_problem(parameters, model), Options())


def with_ends(found: Descent, *ends: tuple[float, float, bool]) -> Descent:
    """Return an outcome with more ends: place in standard errors from the minimum, rise of χ² over the misfit, end."""
    spread = covariance(found.problem, found.point)
    error = spread.stderr(B)[1]
    assert error is not None
    unit = max(1.0, found.point.misfit / (found.problem.n_points - 1))
    own = End(found.point.x, found.point.x, found.point.misfit, True)
    more = [
        End(np.array([0.5 + k]), found.point.x + place * error, found.point.misfit + rise * unit, converged)
        for k, (place, rise, converged) in enumerate(ends)
    ]
    return replace(found, ends=(own, *more))


def notes(found: Descent) -> list[str]:
    return minima_of(found, covariance(found.problem, found.point)).notes


def test_one_descent_says_nothing() -> None:
    assert notes(outcome()) == []


def test_descents_that_all_end_together() -> None:
    (said,) = notes(with_ends(outcome(), (0.0, 0.0, True), (0.1, 0.001, True)))
    assert said.startswith("3 of 3 starting points ended at this minimum (begun at datasets.d.b 0.5 to ")


def test_other_minima_and_descents_that_came_to_no_end_are_counted() -> None:
    (said,) = notes(with_ends(outcome(), (0.0, 0.0, True), (9.0, 25.0, True), (7.0, 60.0, True), (3.0, 80.0, False)))
    assert said.startswith(
        "2 of 5 starting points ended at this minimum, 2 at others, where χ² over the misfit is 25 higher or more, "
        "1 came to no end (begun at "
    )


@pytest.mark.parametrize(("rise", "words"), [(0.5, "is as good"), (2.0, "is hardly worse")])
def test_another_minimum_that_noise_may_make_the_best_is_told_with_its_values(rise: float, words: str) -> None:
    first, second = notes(with_ends(outcome(), (5.0, rise, True)))
    assert "1 of 2 starting points ended at this minimum, 1 at another, where" in first
    assert second.startswith(f"another minimum {words} (χ² over the misfit {rise:g} higher): datasets.d.b ")


def test_a_minimum_that_is_as_good_widens_the_interval() -> None:
    found = outcome()
    plain = _estimates(found, covariance(found.problem, found.point))[B]
    wide = with_ends(found, (5.0, 0.5, True))
    told = _estimates(wide, covariance(wide.problem, wide.point))[B]
    assert told.low == plain.low
    assert told.high == pytest.approx(wide.ends[1].x[0])
    far = with_ends(found, (5.0, 2.0, True))
    assert _estimates(far, covariance(far.problem, far.point))[B].high == plain.high


def test_two_minima_that_are_one_curve_are_both_told() -> None:
    """b and −b make the same straight line: a descent from the other side is told as just as good."""
    found = outcome()
    other = optimise(started_at(found.problem, found.problem.point(-found.point.x)), Options())
    assert other.point.x[0] == pytest.approx(-found.point.x[0], rel=1e-6)
    both = replace(found, ends=(*found.ends, *other.ends))
    first, second = notes(both)
    assert first.startswith("1 of 2 starting points ended at this minimum, 1 at another, where χ² over the misfit is ")
    assert second.startswith("another minimum is as good (χ² over the misfit ")
    assert f"{B} {-found.point.x[0]:.4g} for {found.point.x[0]:.4g}" in second


@pytest.mark.parametrize(
    ("misfits", "converged", "chosen"),
    [
        ((5.0, 4.0, 6.0), (True, True, True), 1),
        ((5.0, 4.0 + 1e-9, 4.0), (True, True, True), 1),
        ((4.0 + 1e-9, 5.0, 4.0), (False, True, True), 2),
        ((4.0, 4.0), (False, False), 0),
        ((4.0, 4.0 + 1e-6), (False, True), 0),
    ],
)
def test_of_minima_as_low_the_first_is_reported(
    misfits: tuple[float, ...], converged: tuple[bool, ...], chosen: int
) -> None:
    """Rounding alone would choose between mirrored ones."""
    made: list[Any] = [
        SimpleNamespace(point=SimpleNamespace(misfit=m), converged=c) for m, c in zip(misfits, converged, strict=True)
    ]
    assert _least(made) is made[chosen]
