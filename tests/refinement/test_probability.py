"""Distributions without SciPy: against published tables, closed forms, and SciPy."""

from __future__ import annotations

import math

import pytest
import scipy.stats

from nanocrystal.refinement import probability

FREEDOMS = [1.0, 1.5, 2.0, 3.0, 10.0, 37.2, 400.0, 5e4]


def test_values_of_printed_tables() -> None:
    """CRC Standard Mathematical Tables: 5 % points of χ², 2.5 % points of Student's t."""
    for freedom, value in ((1, 3.841), (2, 5.991), (10, 18.307), (30, 43.773)):
        assert probability.chi2_quantile(0.95, freedom) == pytest.approx(value, abs=6e-4)
    for freedom, value in ((1, 12.706), (2, 4.303), (10, 2.228), (120, 1.980)):
        assert probability.student_quantile(0.975, freedom) == pytest.approx(value, abs=6e-4)
    assert probability.normal_below(1.959964) == pytest.approx(0.975, abs=1e-7)


def test_closed_forms() -> None:
    """χ² of two degrees of freedom is exponential, Student's t of one is that of Cauchy."""
    for x in (1e-3, 0.7, 30.0, 1400.0):
        assert probability.chi2_above(x, 2.0) == pytest.approx(math.exp(-x / 2.0), rel=1e-12)
        assert probability.student_below(x, 1.0) == pytest.approx(0.5 + math.atan(x) / math.pi, rel=1e-14)


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_scipy_says_the_same(freedom: float) -> None:
    for part in (1e-6, 1e-4, 0.05, 0.5, 0.95, 0.999):
        expected = scipy.stats.chi2.ppf(part, freedom)
        assert probability.chi2_quantile(part, freedom) == pytest.approx(expected, rel=1e-9)
    for part in (0.6, 0.8413, 0.975, 0.9999):
        assert probability.student_quantile(part, freedom) == pytest.approx(scipy.stats.t.ppf(part, freedom), rel=1e-8)
    for ratio in (0.0, 0.1, 0.5, 0.9, 1.0, 1.1, 2.0, 5.0):
        below, above = (f(ratio * freedom, freedom) for f in (probability.chi2_below, probability.chi2_above))
        assert below == pytest.approx(scipy.stats.chi2.cdf(ratio * freedom, freedom), abs=1e-10)
        assert above == pytest.approx(scipy.stats.chi2.sf(ratio * freedom, freedom), rel=1e-8, abs=1e-300)
    assert probability.chi2_above(math.inf, freedom) == 0.0


@pytest.mark.parametrize("x", [-30.0, -5.0, -1.0, 0.0, 2.0, 9.0])
def test_the_normal_law_far_from_its_centre(x: float) -> None:
    assert probability.normal_below(x) == pytest.approx(scipy.stats.norm.cdf(x), rel=1e-12)
