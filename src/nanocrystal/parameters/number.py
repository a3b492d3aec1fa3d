"""What a user gives where a number belongs: a real number, or one sentence on what came instead."""

from __future__ import annotations

import cmath
import math
import sys
from numbers import Complex, Real
from typing import Any

import numpy as np

from nanocrystal.errors import InputError

LARGEST = 1e60
"""of a number that anything is calculated from: its fourth power is a number, too"""


def real_number(value: Any, where: str, expected: str = "a number") -> float:
    """Return a number as Python has it; numbers of numpy and arrays without an axis are numbers.

    Raises InputError, at the argument, for text, truth values, complex numbers, NaN and whatever else came.
    """
    if type(value) is float or type(value) is int:
        if value == value:
            return _measurable(value, where)
    elif isinstance(value, np.ndarray) and value.ndim == 0:
        return real_number(value[()], where, expected)
    elif isinstance(value, Real | np.floating | np.integer) and not isinstance(value, bool):
        plain = int(value) if isinstance(value, int | np.integer) else _as_float(value)
        if plain == plain:
            return _measurable(plain, where)
    raise InputError(where, f"must be {expected}, got {came(value)}.")


def _measurable(number: float, where: str) -> float:
    """Return a number, or an infinite one, which no limit is; raises InputError for what nothing measures."""
    if -LARGEST <= number <= LARGEST or number in (math.inf, -math.inf):
        return number
    problem = f"must be at most {LARGEST:g} in size, as anything that is measured"
    raise InputError(where, f"{problem}, got {'a negative' if number < 0 else 'a'} number beyond it.")


def _as_float(value: Any) -> float:
    """Return a number of another kind, such as a fraction, as a float; one that is too large as the largest."""
    try:
        return float(value)
    except OverflowError:
        return math.copysign(sys.float_info.max, value > 0 or -1)


def whole_number(value: Any, where: str) -> int:
    """Return a whole number; raises InputError, at the argument, for anything else."""
    number = real_number(value, where, "a whole number")
    if not float(number).is_integer():  # an infinite one is none
        raise InputError(where, f"must be a whole number, got {number:g}.")
    return int(number)


def came(value: Any) -> str:
    """Return in words the value that stands in the place of a number."""
    if value is None:
        return "None"
    if isinstance(value, str):
        advice = "; leave out the quotation marks" if _is_number(value) else ""
        return f"the text {_cut(value)!r}{advice}"
    if isinstance(value, bool | np.bool_):
        return f"the truth value {bool(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}" if value.ndim else came(value[()])
    if isinstance(value, Complex | np.number) and cmath.isnan(complex(value)):
        return "nan"
    if isinstance(value, Complex):
        return f"{'the number' if isinstance(value, Real) else 'the complex number'} {value}"
    return f"{_cut(repr(value))} of the kind {type(value).__name__}"


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
