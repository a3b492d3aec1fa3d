"""Numbers and words that the header of a file states, one by one: each is what it must be, or is refused in a sentence.

    width = number_of(acqus, "SW_h", path, least=0.01, most=1e10, unit="Hz")
    n = whole_number_of(acqus, "TD", path, least=1)

The mapping holds what a header says by name: numbers, the texts that stand in their place, or lists of either.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.errors import InputError

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eEdD][+-]?\d{1,5})?", re.ASCII)
_MOST_DIGITS = 400
"""of a number: more are no measurement, and the largest double has 309"""


def plain_number(text: str) -> int | float | None:
    """Return the number that a text is in ASCII digits, also with Fortran's D for E; None for any other text."""
    word = text.strip()
    if len(word) > _MOST_DIGITS or not _NUMBER.fullmatch(word):
        return None
    if word.lstrip("+-").isdigit():
        return int(word)
    return float(word.replace("D", "e").replace("d", "e"))


def finite_number(value: Any) -> float | None:
    """Return a number, or one written as text, as a float; None for anything else and for what is not finite."""
    found = plain_number(value) if isinstance(value, str) else value
    if isinstance(found, bool) or not isinstance(found, Real | np.number) or isinstance(found, np.complexfloating):
        return None
    try:
        number = float(found)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def number_of(
    stated: Mapping[str, Any],
    key: str,
    path: Path,
    default: float | None = None,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    unit: str = "",
) -> float:
    """Return a number that a file states, within limits that it may reach.

    default: where the file says nothing; None: it must. Raises InputError, which names file and key, for anything else.
    """
    value = stated.get(key)
    if value is None and default is not None:
        return default
    number = finite_number(value)
    if number is None or not least <= number <= most:
        raise InputError(str(path), f"must give {key} as a number{_within(least, most, unit)}, {_came(value)}.")
    return number


def whole_number_of(
    stated: Mapping[str, Any],
    key: str,
    path: Path,
    default: int | None = None,
    *,
    least: float = -math.inf,
    most: float = math.inf,
) -> int:
    """Return a whole number that a file states; otherwise as `number_of`."""
    value = stated.get(key)
    if value is None and default is not None:
        return default
    number = finite_number(value)
    if number is None or not number.is_integer() or not least <= number <= most:
        raise InputError(str(path), f"must give {key} as a whole number{_within(least, most, '')}, {_came(value)}.")
    return int(number)


def choice_of(stated: Mapping[str, Any], key: str, path: Path, known: Collection[int], default: int) -> int:
    """Return one of several whole numbers that a file states as a code; otherwise as `number_of`."""
    value = stated.get(key)
    number = float(default) if value is None else finite_number(value)
    if number is None or number not in known:
        listed = " or ".join(str(k) for k in known)
        raise InputError(str(path), f"must give {key} as {listed}, {_came(value)}.")
    return int(number)


def numbers_of(stated: Mapping[str, Any], key: str, path: Path) -> FloatArray:
    """Return the numbers that a file lists, (n,); raises InputError for a word among them, and where there is none."""
    value = stated.get(key)
    listed = list(value) if isinstance(value, list | tuple) else [] if value is None else [value]
    found = [finite_number(item) for item in listed]
    if not found or None in found:
        bad = next((item for item, number in zip(listed, found, strict=True) if number is None), value)
        raise InputError(str(path), f"must give {key} as numbers, {_came(bad)}.")
    return np.array(found, dtype=np.float64)


def text_of(stated: Mapping[str, Any], key: str) -> str:
    """Return what a file states as text, "" where it says nothing; of a list the first entry."""
    value = stated.get(key)
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    return "" if value is None else str(value).strip()


def _within(least: float, most: float, unit: str) -> str:
    unit = f" {unit}" if unit else ""
    if math.isfinite(least) and math.isfinite(most):
        return f" from {least:g} to {most:g}{unit}"
    if math.isfinite(least):
        return f" of at least {least:g}{unit}"
    return f" of at most {most:g}{unit}" if math.isfinite(most) else f" in{unit}" if unit else ""


def _came(value: Any) -> str:
    if value is None:
        return "but does not say it"
    if isinstance(value, int) and abs(value) > 10**_MOST_DIGITS:
        return "got a number of too many digits"
    return f"got {str(value)[:60]!r}"
