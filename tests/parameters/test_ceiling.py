"""What values may not exceed together: bounds by hand, the sentence, and a descent that keeps below."""

from __future__ import annotations

import pytest

from nanocrystal.errors import InputError
from nanocrystal.parameters import Ceiling, Parameter, ParameterSet, Quantity, below_ceilings, fixed, vary

DELTA = Quantity("delta", "Å", "correlated motion", 0.0, 0.0, 50.0)
CEILING = Ceiling({"a.delta1": 0.5, "a.delta2": 0.25}, "no width")


def parameters(first: Parameter, second: Parameter) -> ParameterSet:
    return ParameterSet({"a.delta1": (DELTA, first), "a.delta2": (DELTA, second)})


def bound(of: ParameterSet, address: str) -> float:
    declared = of[address]
    return declared.parameter.bounds(declared.quantity)[1]


def test_beside_a_fixed_value_a_bound_is_what_that_leaves() -> None:
    """0.5 × 1 + 0.25 x ≤ 1 leaves x ≤ 2."""
    below = below_ceilings(parameters(fixed(1.0), vary(1.0)), (CEILING,))
    assert bound(below, "a.delta2") == pytest.approx(2.0)
    assert bound(below, "a.delta1") == 50.0  # fixed: nothing to bound


def test_values_that_vary_together_are_bounded_each_as_if_alone() -> None:
    below = below_ceilings(parameters(vary(0.5), vary(0.5)), (CEILING,))
    assert bound(below, "a.delta1") == pytest.approx(2.0)
    assert bound(below, "a.delta2") == pytest.approx(4.0)


def test_a_lower_bound_of_the_user_stays() -> None:
    below = below_ceilings(parameters(fixed(0.0), vary(0.5, max=1.5)), (CEILING,))
    assert bound(below, "a.delta2") == 1.5


def test_the_lowest_of_several_ceilings_counts() -> None:
    other = Ceiling({"a.delta2": 0.5}, "no width")
    assert bound(below_ceilings(parameters(fixed(0.0), vary(0.5)), (CEILING, other)), "a.delta2") == pytest.approx(2.0)


def test_a_start_above_is_refused_with_the_bound() -> None:
    with pytest.raises(InputError, match=r"delta1 = 1 and delta2 = 3 leave no width; start below 2\.$"):
        below_ceilings(parameters(fixed(1.0), vary(3.0)), (CEILING,))


def test_fixed_values_above_stay() -> None:
    below = below_ceilings(parameters(fixed(1.0), fixed(30.0)), (CEILING,))
    assert below.initial_values()["a.delta2"] == 30.0
