"""What a number may be where a user gives one: limits of size, and kinds that are none."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from nanocrystal import Pdf, Sphere
from nanocrystal.errors import InputError
from nanocrystal.parameters.number import real_number, whole_number


@pytest.mark.parametrize("value", [10**5000, -(10**61), 1e61, np.float64(1e308), Fraction(10**400)], ids=range(5))
def test_numbers_that_nothing_measures(value: Any) -> None:
    for check in (real_number, whole_number):
        with pytest.raises(InputError) as caught:
            check(value, "Pdf.qmax")
        assert caught.value.where == "Pdf.qmax"
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("value", "found"),
    [(1e60, 1e60), (-(10**59), -(10**59)), (Fraction(1, 4), 0.25), (np.int8(3), 3), (1e-300, 1e-300)],
)
def test_numbers_that_are_kept(value: Any, found: float) -> None:
    assert real_number(value, "x") == found


def test_infinity_is_a_bound_and_no_whole_number() -> None:
    assert real_number(math.inf, "x") == math.inf
    with pytest.raises(InputError, match="must be a whole number"):
        whole_number(math.inf, "x")


@pytest.mark.parametrize("value", [Decimal("1"), 1j, "1", b"1", None, True, np.bool_(True), np.array([1.0]), object()])
def test_what_is_no_number(value: Any) -> None:
    with pytest.raises(InputError, match="must be a number, got"):
        real_number(value, "x")


def test_it_is_said_of_arguments() -> None:
    with pytest.raises(InputError, match=r"Pdf\.qmax.*at most 1e\+60"):
        Pdf(file="a.gr", qmax=1e300)
    with pytest.raises(InputError, match="at most 1e\\+60"):
        Sphere(10**400)
