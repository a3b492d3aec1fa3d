"""Numbers with their uncertainty, against cases worked by hand."""

from __future__ import annotations

import math

import pytest

from nanocrystal.report.page.numbers import between, concise, merit, number


@pytest.mark.parametrize(
    ("value", "stderr", "expected"),
    [
        (3.92571, 0.00087, "3.9257(9)"),
        (37.42, 1.26, "37.4(13)"),
        (1.97, 0.0185, "1.970(19)"),
        (1.97, 0.0197, "1.97(2)"),  # rounds to 20 units, so one digit
        (9.996, 0.0096, "9.996(10)"),  # rounds up to a leading 1, so two digits
        (-12.0, 0.3, "−12.0(3)"),
        (0.0, 0.02, "0.00(2)"),
        (12345.6, 1.2, "12345.6(12)"),
        (12345.0, 230.0, "12300(200)"),
        (12.3, 4.5, "12(5)"),
        # the uncertainty larger than the value
        (0.3, 5.2, "0(5)"),
        (-0.0003, 0.0052, "0.000(5)"),
        (37.0, 1e5, "0(100000)"),
        # powers of ten
        (-4.81e-5, 2.3e-6, "−4.8(2)×10⁻⁵"),
        (9.996e-5, 2e-7, "1.000(2)×10⁻⁴"),  # the value itself rounds up to the next power
        (123456789.0, 12.0, "1.23456789(12)×10⁸"),
        (3.0, 1e9, "0.0(10)×10⁹"),
        (0.0, 2e-9, "0(2)×10⁻⁹"),
        (1e20, 3e17, "1.000(3)×10²⁰"),
    ],
)
def test_concise_notation(value, stderr, expected):
    assert concise(value, stderr) == expected


@pytest.mark.parametrize("stderr", [None, 0.0, math.nan, math.inf, 1e-20, -1.0])
def test_without_a_usable_uncertainty_the_value_stands_alone(stderr):
    assert concise(3.9257, stderr) == "3.9257"


@pytest.mark.parametrize(("value", "expected"), [(math.nan, "undefined"), (math.inf, "∞"), (-math.inf, "−∞")])
def test_values_that_are_not_finite(value, expected):
    assert concise(value, 0.1) == expected
    assert number(value) == expected


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (0.03, 6, "0.03"),
        (100.0, 6, "100"),
        (-5.0, 6, "−5"),
        (0.0, 6, "0"),
        (123456.7, 6, "123457"),
        (999999.9, 6, "1×10⁶"),
        (1234567.0, 2, "1.2×10⁶"),
        (0.000734, 2, "0.00073"),
        (-1.5e-7, 6, "−1.5×10⁻⁷"),
    ],
)
def test_number_has_at_most_so_many_digits(value, digits, expected):
    assert number(value, digits) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.10987, "0.110"), (1.2, "1.20"), (143.2, "143"), (0.0412, "0.0412"), (1e4, "10000")],
)
def test_merit_keeps_three_digits(value, expected):
    assert merit(value) == expected


def test_the_bracket_always_holds_two_to_nineteen_units():
    for i in range(1, 4000):
        stderr = i * 1.37e-6
        units = int(concise(1.0, stderr).split("(")[1].rstrip(")"))
        assert 2 <= units <= 19


@pytest.mark.parametrize(
    ("low", "high", "stderr", "expected"),
    [
        (2.0049, 2.2751, 0.102, "2.00 to 2.28"),
        (-0.31, 1.04, 0.47, "−0.31 to 1.04"),
        (103.0, 1480.0, 300.0, "100 to 1480"),
        (None, 0.02751, 0.011, "≤ 0.028"),
        (1.2345e-7, None, 3e-8, "≥ 1.23×10⁻⁷"),
        (None, None, 1.0, "none"),
    ],
)
def test_intervals(low: float | None, high: float | None, stderr: float, expected: str) -> None:
    """As many digits as two of the standard error have."""
    assert between(low, high, stderr) == expected
