"""Normal, χ² and Student's distributions, without SciPy, whose statistics take longer to load than most fits last.

The incomplete gamma and beta functions are summed as series and continued fractions (W. H. Press et al., Numerical
Recipes, 3rd ed. (2007), sections 6.2 and 6.4); quantiles are sought by halving, on a logarithmic scale.
"""

from __future__ import annotations

from collections.abc import Callable
from math import erfc, exp, inf, lgamma, log, log1p, sqrt

EXACT = 1e-15
"""relative size of a term that ends a series"""
MOST_TERMS = 100_000
TINY = 1e-300
"""takes the place of 0 in a continued fraction"""


def normal_below(x: float) -> float:
    """Return the probability of less than x, standard deviation 1."""
    return 0.5 * erfc(-x / sqrt(2.0))


def chi2_below(x: float, freedom: float) -> float:
    """Return the probability of a χ² of less than x."""
    return _gamma_below(0.5 * freedom, 0.5 * x)


def chi2_above(x: float, freedom: float) -> float:
    """Return the probability of a χ² of more than x."""
    return _gamma_above(0.5 * freedom, 0.5 * x)


def chi2_quantile(probability: float, freedom: float) -> float:
    """Return the χ² below which a part of all lies."""
    return _where(lambda x: chi2_below(x, freedom), probability)


def student_below(t: float, freedom: float) -> float:
    """Return the probability of Student's t of less than t ≥ 0."""
    return 1.0 - 0.5 * _beta_below(0.5 * freedom, 0.5, freedom / (freedom + t * t))


def student_quantile(probability: float, freedom: float) -> float:
    """Return Student's t below which a part of all lies, at least a half."""
    return _where(lambda t: student_below(t, freedom), probability)


def _where(below: Callable[[float], float], probability: float) -> float:
    """Return x > 0 where a distribution reaches a probability."""
    low, high = 1e-12, 1.0
    while below(high) < probability and high < 1e12:
        low, high = high, 2.0 * high
    for _ in range(200):
        middle = sqrt(low * high)
        if not low < middle < high:
            break
        low, high = (middle, high) if below(middle) < probability else (low, middle)
    return sqrt(low * high)


def _gamma_below(a: float, x: float) -> float:
    """Return the regularised incomplete gamma function P(a, x)."""
    if x >= a + 1.0:
        return 1.0 - _gamma_above(a, x)
    if x <= 0.0:
        return 0.0
    term = total = 1.0 / a
    for k in range(1, MOST_TERMS):
        term *= x / (a + k)
        total += term
        if term < EXACT * total:
            break
    return exp(a * log(x) - x - lgamma(a)) * total


def _gamma_above(a: float, x: float) -> float:
    """Return Q(a, x) = 1 − P(a, x), exact where it is small, too."""
    if x < a + 1.0:
        return 1.0 - _gamma_below(a, x)
    if x == inf:
        return 0.0
    part = _fraction(x + 1.0 - a, lambda k: (k * (a - k), x + 1.0 - a + 2.0 * k))
    return exp(a * log(x) - x - lgamma(a)) * part


def _beta_below(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b)."""
    if not 0.0 < x < 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _beta_below(b, a, 1.0 - x)

    def part(k: int) -> tuple[float, float]:
        m = k // 2
        if k % 2 == 0:
            return m * (b - m) * x / ((a + k - 1.0) * (a + k)), 1.0
        return -(a + m) * (a + b + m) * x / ((a + k - 1.0) * (a + k)), 1.0

    front = exp(a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a
    return front * _fraction(1.0, part)


def _fraction(first: float, part: Callable[[int], tuple[float, float]]) -> float:
    """Return 1/(first + p₁/(q₁ + p₂/(q₂ + …))) by Lentz's method; part(k): p_k, q_k."""
    upper, lower = 1.0 / TINY, 1.0 / first
    value = lower
    for k in range(1, MOST_TERMS):
        p, q = part(k)
        lower = 1.0 / (q + p * lower or TINY)
        upper = q + p / upper or TINY
        value *= upper * lower
        if abs(upper * lower - 1.0) < EXACT:
            break
    return value
