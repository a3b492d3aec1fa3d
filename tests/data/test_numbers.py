"""Numbers that headers state: what counts as one, within which limits, and the sentence on anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nanocrystal.data.numbers import (
    choice_of,
    finite_number,
    number_of,
    numbers_of,
    plain_number,
    text_of,
    whole_number_of,
)
from nanocrystal.errors import InputError

FILE = Path("1/acqus")


def refused(call: Any, *arguments: Any, **more: Any) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments, **more)
    assert str(caught.value).startswith("1/acqus: ")
    return caught.value.problem


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12), ("-7", -7), ("+1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("1.5D+02", 150.0), (" 8 ", 8)],
)  # fmt: skip
def test_a_number_is_written_in_ascii_digits(text: str, value: float) -> None:
    found = plain_number(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text", ["", "x", "nan", "inf", "1_000", "١٢", "½", "−5", "1,5", "0x10", "1e", "1.2.3", "--1", "1 2", "9" * 5000]
)
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    assert plain_number(text) is None
    assert finite_number(text) is None


@pytest.mark.parametrize("value", [None, True, [1], 1j, np.complex128(1), "1e999", float("nan"), 10**400, {}, b"1"])
def test_what_is_no_finite_number_is_none(value: Any) -> None:
    assert finite_number(value) is None


@settings(derandomize=True, database=None, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_finite_number_comes_back_from_its_text(value: float) -> None:
    assert finite_number(repr(value)) == value
    assert finite_number(np.float64(value)) == value


@settings(derandomize=True, database=None, deadline=None)
@given(st.one_of(st.text(), st.none(), st.booleans(), st.integers(), st.floats(), st.lists(st.integers()), st.binary()))
def test_any_value_is_a_number_within_the_limits_or_refused(value: Any) -> None:
    for call in (number_of, whole_number_of):
        try:
            found = call({"TD": value}, "TD", FILE, least=2, most=9)
        except InputError as error:
            found = 5 if "must give TD as" in str(error) else None
        assert found is not None
        assert 2 <= found <= 9


def test_sentences_say_key_limits_and_what_came() -> None:
    assert refused(number_of, {}, "SW_h", FILE) == "must give SW_h as a number, but does not say it."
    assert refused(number_of, {"SW_h": "x"}, "SW_h", FILE, least=1, most=9, unit="Hz") == (
        "must give SW_h as a number from 1 to 9 Hz, got 'x'."
    )
    assert refused(whole_number_of, {"TD": "1.5"}, "TD", FILE, least=1) == (
        "must give TD as a whole number of at least 1, got '1.5'."
    )
    assert refused(choice_of, {"BYTORDA": ""}, "BYTORDA", FILE, (0, 1), 0) == "must give BYTORDA as 0 or 1, got ''."
    assert "too many digits" in refused(number_of, {"x": 10**5000}, "x", FILE)


def test_what_is_not_said_has_its_default() -> None:
    assert number_of({}, "LB", FILE, 0.5) == 0.5
    assert whole_number_of({"NC": "-3"}, "NC", FILE, 0) == -3
    assert whole_number_of({}, "NC", FILE, 0) == 0
    assert choice_of({}, "DTYPA", FILE, (0, 2), 0) == 0
    assert choice_of({"DTYPA": 2.0}, "DTYPA", FILE, (0, 2), 0) == 2


def test_lists_and_words() -> None:
    np.testing.assert_array_equal(numbers_of({"d2": ["0.1", "1e1", 5]}, "d2", FILE), [0.1, 10.0, 5.0])
    assert "must give d2 as numbers, got 'x'" in refused(numbers_of, {"d2": ["0.1", "x"]}, "d2", FILE)
    assert "must give d2 as numbers" in refused(numbers_of, {"d2": []}, "d2", FILE)
    assert text_of({"NUC1": ["1H", "13C"]}, "NUC1") == "1H"
    assert (text_of({"SOLVENT": 7}, "SOLVENT"), text_of({}, "SOLVENT"), text_of({"a": []}, "a")) == ("7", "", "")
