"""Numbers of every technique, written in any of the ways that a study has, come back as they were."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nanocrystal.errors import InputError
from nanocrystal.techniques import TECHNIQUES
from support.round_trip import check
from support.technique_studies import STUDIES, changed, stated, study_of

WAYS = [(name, way) for name in TECHNIQUES if name in STUDIES for way in range(len(STUDIES[name].ways))]
DRAWS = 3


def ways_to_say(value: float, low: float, high: float, rng: random.Random) -> Any:
    """Return a number as a study may state it, with bounds of its own within its limits, or tied to nothing."""
    below, above = max(low, value - rng.uniform(0.1, 2.0)), min(high, value + rng.uniform(0.1, 2.0))
    bounds = {**({"min": below} if below < value else {}), **({"max": above} if above > value else {})}
    return rng.choice(
        (
            value,
            {"value": value},
            {"value": value, "vary": False},
            {"value": value, "vary": True},
            {"value": value, "vary": True, **bounds},
            {"tie": f"{value!r} + 0 * {rng.randint(1, 9)}"},
        )
    )


def numbers(content: dict[str, Any], study: Any) -> Iterator[tuple[str, float, float, float]]:
    """Yield address, value and limits of the numbers that a study states and that may be refined."""
    for d in study.parameters:
        if stated(content, d.address) and d.parameter.value is not None:
            yield d.address, d.parameter.value, *d.parameter.bounds(d.quantity)


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_numbers_in_any_form_come_back(name: str, way: int, tmp_path: Path) -> None:
    rng = random.Random(f"{name} {way}")
    content = STUDIES[name].content(way)
    study = study_of(content, tmp_path)
    for _ in range(DRAWS):
        chosen = [n for n in numbers(content, study) if rng.random() < 0.7]
        forms = {address: ways_to_say(value, low, high, rng) for address, value, low, high in chosen}
        written = study_of(changed(content, forms), tmp_path)
        check(written)
        for address, value, _, _ in chosen:
            said = forms[address]
            found = written.parameters[address].parameter
            assert written.parameters.initial_values()[address] == pytest.approx(value, rel=1e-12)
            assert found.vary == (isinstance(said, dict) and said.get("vary", False))
            assert (found.tie is None) == (not isinstance(said, dict) or "tie" not in said)


@pytest.mark.parametrize(("name", "way"), [(name, way) for name, way in WAYS if way < 2])
def test_numbers_beyond_their_limits_are_refused_at_their_place(name: str, way: int, tmp_path: Path) -> None:
    """Each number that has a limit, beyond it and as text, by line and key."""
    content = STUDIES[name].content(way)
    study = study_of(content, tmp_path)
    for address, value, *_ in numbers(content, study):
        quantity = study.parameters[address].quantity
        wrong = [w for w in (quantity.minimum - 1.0, quantity.maximum + 1.0) if abs(w) < 1e300]
        for said in (*wrong, f"{value}", True, [value], float("nan")):
            with pytest.raises(InputError) as caught:
                study_of(changed(content, {address: said}), tmp_path)
            place, _, key = address.rpartition(".")
            assert address in str(caught.value) or f"{place}: {key} must be" in str(caught.value), caught.value
