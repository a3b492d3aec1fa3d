"""Ties drawn at random: their values are those of Python's own arithmetic, in whatever order they are declared."""

from __future__ import annotations

import math
import random

import pytest

from nanocrystal.errors import InputError
from nanocrystal.parameters import Parameter, ParameterSet, Quantity, fixed, parse_expression, tied, vary

SEEDS = range(300)
ADDRESSES = ("crystals.x.a", "populations.dots.diameter.mean", "datasets.pdf.scale", "c")
FUNCTIONS = ("sqrt", "exp", "log", "sin", "cos")
ANY = Quantity("any", "", "any number")


def drawn(rng: random.Random, depth: int = 0) -> str:
    """Return an arithmetic expression of numbers, addresses, operators, functions and parentheses."""
    kind = rng.random()
    if depth > 4 or kind < 0.25:
        return rng.choice((f"{rng.uniform(0.1, 4.0):.3f}", str(rng.randint(1, 5)), *ADDRESSES))
    if kind < 0.65:
        return f"{drawn(rng, depth + 1)} {rng.choice('+-*/')} {drawn(rng, depth + 1)}"
    if kind < 0.8:
        return f"({drawn(rng, depth + 1)})"
    if kind < 0.9:
        return f"{rng.choice(FUNCTIONS)}({drawn(rng, depth + 1)})"
    return rng.choice(("-", "+")) + drawn(rng, depth + 1) if rng.random() < 0.5 else f"({drawn(rng, depth + 1)}) ** 2"


def by_python(text: str, values: dict[str, float]) -> float | None:
    """Return what Python makes of an expression; None where it has no finite real value."""
    for address in ADDRESSES:
        text = text.replace(address, f"values[{address!r}]") if address != "c" else text
    names = {"values": values, "c": values["c"], **{f: getattr(math, f) for f in FUNCTIONS}}
    try:
        found = eval(text, {"__builtins__": {}}, names)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return float(found) if not isinstance(found, complex) and math.isfinite(found) else None


def test_a_tie_has_the_value_of_its_arithmetic() -> None:
    rng, without = random.Random(1), 0
    for seed in SEEDS:
        text, values = drawn(rng), {a: rng.uniform(0.2, 3.0) for a in ADDRESSES}
        expected, expression = by_python(text, values), parse_expression(text, "here")
        assert set(expression.addresses) == names_in(text) & set(ADDRESSES), text
        if expected is None:
            without += 1
            with pytest.raises(InputError, match=r"^here: the tie "):
                expression.value(values, "here")
        else:
            assert expression.value(values, "here") == pytest.approx(expected, rel=1e-14, abs=1e-300), (seed, text)
    assert 0 < without < len(SEEDS) // 3


def names_in(text: str) -> set[str]:
    """Return the names that stand in an expression."""
    return set("".join(c if c.isalnum() or c in "._" else " " for c in text).split())


def test_ties_are_resolved_in_any_order() -> None:
    """A chain of ties, each to some of those before it, whatever order the parameters are declared in."""
    rng = random.Random(2)
    for _ in SEEDS:
        n = rng.randint(2, 8)
        numbers = {"x.p0": rng.uniform(1.0, 2.0)}
        declared: dict[str, Parameter] = {"x.p0": rng.choice((fixed, vary))(numbers["x.p0"])}
        for k in range(1, n):
            first, second = (f"x.p{rng.randrange(k)}" for _ in range(2))
            factor = round(rng.uniform(0.5, 1.5), 3)
            declared[f"x.p{k}"] = tied(f"{factor} * {first} - {second} / 3")
            numbers[f"x.p{k}"] = factor * numbers[first] - numbers[second] / 3
        order = list(declared)
        rng.shuffle(order)
        parameters = ParameterSet({a: (ANY, declared[a]) for a in order})
        assert parameters.initial_values() == pytest.approx(numbers, rel=1e-13)
        moved = parameters.values({"x.p0": 2.0 * numbers["x.p0"]})
        assert moved == pytest.approx({a: 2.0 * v for a, v in numbers.items()}, rel=1e-13)  # they are all linear in it
        assert all(parameters.depends_on(a) == {"x.p0"} for a in order)


def test_a_circle_is_refused_wherever_it_is() -> None:
    rng = random.Random(3)
    for _ in SEEDS:
        n = rng.randint(1, 6)
        circle = {f"x.p{k}": tied(f"1 + x.p{(k + 1) % n} / 2") for k in range(n)}
        others = {f"y.q{k}": tied(f"x.p{rng.randrange(n)}") if rng.random() < 0.5 else fixed(1.0) for k in range(3)}
        declared = list({**circle, **others}.items())
        rng.shuffle(declared)
        with pytest.raises(InputError, match=r"circle|itself"):
            ParameterSet({a: (ANY, p) for a, p in declared})
