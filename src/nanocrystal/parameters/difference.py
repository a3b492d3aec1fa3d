"""Derivatives by differences, where there is no exact one: the step that all take, and the difference itself."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Changing = TypeVar("Changing", float, NDArray[np.float64])
STEP = 1e-4
"""of a number, or of what it is measured by; curves are exact to 1e-6, so smaller steps would measure noise"""


def step_of(value: float, least: float = 0.0, part: float = STEP) -> float:
    """Return the step of a difference: a part of the value, and of `least` where the value is smaller than that."""
    return part * max(abs(value), least)


def steps(value: float, size: float, low: float = -inf, high: float = inf) -> tuple[float, float]:
    """Return by how much a value is moved down and up: by a size, or by what the limits leave of it."""
    return min(size, value - low), min(size, high - value)


def difference(
    function: Callable[[float], Changing], value: float, size: float, low: float = -inf, high: float = inf
) -> Changing:
    """Return df/dx at a value by the central difference over a size to either side, one-sided at a limit."""
    down, up = steps(value, size, low, high)
    return (function(value + up) - function(value - down)) / (down + up)
