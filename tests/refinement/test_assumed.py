"""What was taken as given, of curves by pencil and paper: how far it moves what was refined, and when not told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nanocrystal.parameters import Assumption, Claim, Parameter, ParameterSet, Quantity, vary
from nanocrystal.refinement.assumed import assumed
from nanocrystal.refinement.optimise import Options, optimise
from nanocrystal.refinement.problem import Problem
from nanocrystal.refinement.uncertainty import covariance
from nanocrystal.report.refined.result import Assumed
from support.toy_models import ToyModel

X = np.linspace(0.0, 1.0, 21)
SIGMA = 0.01
BEND = Quantity("bend", "1/s", "of x²", 0.0, claim=Claim("the line is straight", other=0.3))


class Bent(ToyModel, own=("said",)):
    """y = offset + slope x + bend x², the offset linear; said: what it takes as given."""

    said: tuple[Assumption, ...] = ()

    def assumptions(self, evaluation: Any) -> tuple[Assumption, ...]:
        return self.said


def curves(values: Mapping[str, float]) -> np.ndarray:
    return np.array([values["datasets.d.slope"] * X + values["datasets.d.bend"] * X**2, np.ones_like(X)])


def told(
    bend: Parameter, quantity: Quantity = BEND, said: Sequence[Assumption] = (), y: np.ndarray | None = None
) -> list[Assumed]:
    observed = 1.0 + 2.0 * X if y is None else y
    model = Bent(X, observed, np.full_like(X, SIGMA), ["datasets.d.one", "datasets.d.offset"], curves)
    vars(model)["said"] = tuple(said)
    entries = {
        "datasets.d.one": (Quantity("one", "", "", 1.0), Parameter(1.0)),
        "datasets.d.offset": (Quantity("offset", "", "", 0.0), Parameter(None, linear=True)),
        "datasets.d.slope": (Quantity("slope", "", ""), vary(1.9)),
        "datasets.d.bend": (quantity, bend),
    }
    outcome = optimise(Problem(ParameterSet(entries), {"d": model}), Options())
    return assumed(outcome.problem, outcome.point, covariance(outcome.problem, outcome.point), ())


LEFT_OUT = Parameter(0.0, left_out=True)


def test_the_values_that_another_case_moves_are_those_of_a_fit_by_hand() -> None:
    """A bend of 0.3 in the model lowers the slope of the line by 0.3 (polyfit) and raises the offset."""
    (each,) = told(LEFT_OUT)
    slope, offset = np.polyfit(X, -0.3 * X**2, 1)
    assert slope < 0.0 < offset
    assert each.keys == ("datasets.d.bend",)
    assert (list(each.larger), list(each.smaller), list(each.moved)) == (
        ["datasets.d.offset"],
        ["datasets.d.slope"],
        [],
    )
    assert each.sentence == (
        "datasets.d.bend = 0 1/s: the line is straight; with 0.3 1/s larger: datasets.d.offset; "
        "smaller: datasets.d.slope."
    )


@pytest.mark.parametrize("bend", [Parameter(0.0), vary(0.1)])
def test_what_is_stated_or_refined_is_not_told(bend: Parameter) -> None:
    assert told(bend) == []


def test_what_no_one_claims_is_not_told() -> None:
    assert told(LEFT_OUT, replace(BEND, claim=None)) == []


@pytest.mark.parametrize(("size", "said"), [(0.5, False), (2.0, True)])
def test_what_moves_by_less_than_a_standard_error_is_not_told(size: float, said: bool) -> None:
    """The bend is so large that the slope moves by half of its standard error, and by two of them."""
    design = np.stack([X, np.ones_like(X)], axis=1)
    error = SIGMA * np.sqrt(np.linalg.inv(design.T @ design)[0, 0])
    by_one = abs(np.polyfit(X, X**2, 1)[0])
    claim = Claim("the line is straight", other=float(size * error / by_one))
    assert bool(told(LEFT_OUT, replace(BEND, claim=claim))) is said


def test_a_factor_on_a_value_and_no_sense_where_both_sides_may_be() -> None:
    claim = Claim("the bend of the book", times=2.0, either_way=True)
    (each,) = told(Parameter(0.3, left_out=True), replace(BEND, claim=claim))
    assert each.case == "with 2 times that"
    assert each.taken == "0.3 1/s: the bend of the book"
    assert set(each.moved) == {"datasets.d.slope", "datasets.d.offset"}
    assert not each.larger
    assert not each.smaller


def test_curves_that_are_lacking_are_fitted_too() -> None:
    """Data with a bend: with x² in the fit, the slope is that of polyfit of degree 2; straight data say nothing."""
    lacks = Assumption(keys=("datasets.d.terms",), taken="1", case="with 2", lacks=(X**2)[None])
    y = 1.0 + 2.0 * X + 0.5 * X**2
    assert np.polyfit(X, y, 1)[0] > np.polyfit(X, y, 2)[1]
    (each,) = told(Parameter(0.0), said=[lacks], y=y)
    assert "datasets.d.slope" in each.smaller
    assert told(Parameter(0.0), said=[lacks]) == []


def test_another_model_and_what_is_known_without_numbers() -> None:
    observed, sigma = 1.0 + 2.0 * X, np.full_like(X, SIGMA)
    linear = ["datasets.d.one", "datasets.d.offset"]
    steeper = ToyModel(X, observed, sigma, linear, lambda v: curves(v) + np.array([X**2, 0.0 * X]))
    kind = Assumption(keys=("datasets.d.kind",), taken="plain", case="with another", otherwise=steeper)
    (each,) = told(Parameter(0.0), said=[kind])
    assert "datasets.d.slope" in each.smaller
    known = replace(kind, otherwise=None, moves={"datasets.d.sl*": "larger", "crystals.*": "smaller"})
    (each,) = told(Parameter(0.0), said=[known])
    assert (list(each.larger), list(each.smaller)) == (["datasets.d.slope"], [])
    assert told(Parameter(0.0), said=[replace(known, moves={"crystals.*": "smaller"})]) == []
