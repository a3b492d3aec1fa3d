"""A number with its uncertainty, and series of numbers as they are given: what all analyses share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nanocrystal.errors import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class UncertainValue:
    """A value with its standard errors.

    Parameters
    ----------
    value : float
        In `unit`.
    stderr : float
        From the covariance with the sigmas as they were passed, or, where there were none, the scaled one; NaN where
        the data leave the value open.
    stderr_scaled : float
        Times √χ²_red where that exceeds 1; NaN likewise.
    unit : str
        Of all three, empty where there is none.
    """

    value: float
    stderr: float
    stderr_scaled: float
    unit: str = ""

    def __repr__(self) -> str:
        error = f"± {self.stderr_scaled:.2g}" if np.isfinite(self.stderr_scaled) else "(no uncertainty)"
        return f"{_to_error(self.value, self.stderr_scaled)} {error} {self.unit}".rstrip()

    @property
    def determined(self) -> bool:
        """Whether the value has an uncertainty."""
        return bool(np.isfinite(self.stderr_scaled))


def checked_series(where: str, **series: ArrayLike | None) -> tuple[FloatArray, ...]:
    """Return series of equal length (n,) as arrays of floats; those that are None become empty.

    Raises InputError, naming the series, for other shapes, unequal lengths and numbers that are not finite.
    """
    arrays: list[FloatArray] = []
    first: tuple[str, int] | None = None
    for name, values in series.items():
        if values is None:
            arrays.append(np.zeros(0))
            continue
        try:
            array = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(f"{where}, {name}", "must be a series of numbers.") from None
        if array.ndim != 1:
            raise InputError(f"{where}, {name}", f"must have one dimension, got the shape {array.shape}.")
        if not np.all(np.isfinite(array)):
            bad = int(np.argmin(np.isfinite(array)))
            raise InputError(f"{where}, {name}", f"must be finite numbers, but number {bad + 1} is {array[bad]}.")
        first = first or (name, len(array))
        if len(array) != first[1]:
            raise InputError(f"{where}, {name}", f"must be as many as {first[0]}, {first[1]}, got {len(array)}.")
        arrays.append(array)
    return tuple(arrays)


def _to_error(value: float, error: float) -> str:
    """Return a value with the digits that its uncertainty leaves it, two of the uncertainty's."""
    if not np.isfinite(error) or error <= 0.0 or not np.isfinite(value):
        return f"{value:.6g}"
    decimals = 1 - int(np.floor(np.log10(error)))
    return f"{value:.{decimals}f}" if 0 <= decimals <= 12 else f"{value:.6g}"
