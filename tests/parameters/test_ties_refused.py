"""Ties that have no value, or that would take for ever: each a sentence, at once."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nanocrystal.errors import InputError
from nanocrystal.parameters import ParameterSet, Quantity, tied, vary
from nanocrystal.parameters.expression import parse_expression

LENGTH = Quantity("a", "Å", "a length")


def refused(text: str) -> str:
    begun = time.perf_counter()
    with pytest.raises(InputError) as caught:
        parse_expression(text, "crystals.pt.a").value({}, "crystals.pt.a")
    assert time.perf_counter() - begun < 1.0
    assert caught.value.where == "crystals.pt.a"
    assert len(caught.value.problem) < 400
    return caught.value.problem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sqrt((-1)**0.5)", "a root or logarithm of a negative number or of zero"),
        ("(-8)**(1/3) + 1", "a root or logarithm of a negative number or of zero"),
        ("10**10**10", "a number grows too large"),
        ("9" * 999, "a number grows too large"),
        ("exp(1000)", "a number grows too large"),
        ("1/0", "a division by zero"),
        ("0**-1", "a division by zero"),
        ("log(0)", "a root or logarithm"),
        ("1e999 - 1e999", "is not a finite number"),
        ("a\0b", "is not an arithmetic expression"),
        ("1" * 5000, "a tie has at most 1000 characters, this one has 5000"),
        ("(" * 400 + "1" + ")" * 400, "is not an arithmetic expression"),
        ("-" * 900 + "1", "is nested too deeply"),
        ("not " * 240 + "1", "is not allowed"),
        ("__import__('os').system('true')", "is not allowed"),
        ("(1).real", "which is no address"),
    ],
)
def test_what_has_no_value(text: str, words: str) -> None:
    assert words in refused(text)


def test_powers_that_are_real_have_a_value() -> None:
    """By hand; a negative base to a whole power is real."""
    for text, value in (("(-2)**3", -8.0), ("(-2)**-2", 0.25), ("4**0.5", 2.0), ("-2**2", -4.0)):
        assert parse_expression(text, "").value({}, "") == value


PARTS = st.sampled_from(
    ["1", "-1", "0", "2.5", "1e300", "9" * 30, "**", "*", "/", "+", "-", "(", ")", "sqrt(", "log(", "exp(", "a.b", " "]
)


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.one_of(st.lists(PARTS, max_size=25).map("".join), st.text(max_size=40)))
def test_any_text_is_a_number_or_a_sentence(text: str) -> None:
    values = {"a.b": 2.0}
    try:
        expression = parse_expression(text, "here")
        found = expression.value({**dict.fromkeys(expression.addresses, -0.5), **values}, "here")
    except InputError as error:
        found = 0.0 if error.where == "here" else math.nan
    assert math.isfinite(found)


def chain(n: int, tie: str) -> ParameterSet:
    """Return n lengths of which each but the first two is tied to those before; tie: of {0}, the last, and {1}."""
    ties = {f"x{k}": tied(tie.format(f"x{k - 1}", f"x{k - 2}")) for k in range(2, n)}
    return ParameterSet({k: (LENGTH, p) for k, p in {"x0": vary(1.0), "x1": vary(1.0), **ties}.items()})


def test_a_chain_longer_than_the_stack() -> None:
    parameters = chain(5000, "{0}")
    assert parameters.initial_values()["x4999"] == 1.0
    assert parameters.depends_on("x4999") == {"x1"}


def test_ties_that_branch_at_each_step() -> None:
    """Fibonacci's numbers: to follow each branch to its end would take 10⁴² steps."""
    parameters = chain(201, "{0} + {1}")
    assert parameters.initial_values()["x200"] == pytest.approx(453973694165307953197296969697410619233826)
    assert parameters.depends_on("x200") == {"x0", "x1"}
    assert parameters.depends_on("x1") == {"x1"}


def test_a_circle_is_named() -> None:
    entries = {f"x{k}": (LENGTH, tied(f"x{(k + 1) % 3}")) for k in range(3)}
    with pytest.raises(InputError, match="run in a circle: x0 -> x1 -> x2 -> x0"):
        ParameterSet(entries)
    with pytest.raises(InputError, match="run in a circle: x0 -> x0"):
        ParameterSet({"x0": (LENGTH, tied("x0"))})
