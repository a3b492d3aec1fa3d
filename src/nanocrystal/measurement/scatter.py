"""What the points of a curve tell of their own scatter, where nobody states σ; the same for data times any number.

Fourth differences take off whatever is smooth over five points; what is left of white noise scatters as a point does,
and the signs of neighbours are opposite four times in five. Whether the scatter is alike everywhere, grows as √I or
with I is told by the likelihood of each law, whose size is taken from a low quantile, as structure only adds to it.
Counts, or counts times a number, are whole multiples of one count u, and scatter by √(u I): a table with few digits
has the first, hardly ever the second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Law = Literal["uniform", "counting", "relative"]
POWERS: dict[Law, float] = {"uniform": 0.0, "counting": 1.0, "relative": 2.0}
"""of the intensity, in the variance"""
WEIGHTS = np.array([1.0, -4.0, 6.0, -4.0, 1.0]) / np.sqrt(70.0)
FEWEST = 20
"""points that tell a scatter"""
QUANTILE = 0.3
EXPECTED = 0.14847
"""that quantile of the square of a normal deviate"""
TURNING = 0.6
"""part of neighbouring differences of opposite sign from which on they are noise; of white noise 0.7 to 0.8"""
SMOOTH = 3e-6
"""of the intensity: less scatter than that is rounding"""
LOW = 0.1
"""part of the points, the lowest, that all count by the highest of them"""
SPARSE = 10.0
"""counts below which quantiles of their scatter mean nothing"""
AS_LIKELY = 10.0
"""−ln of the likelihood by which a law may be worse than another"""
POISSON = (0.4, 2.5)
"""of the variance over that of counts, within which they are counts"""
FINEST = 1e-7
"""of the largest intensity: smaller units are not looked for"""
WORDS: dict[Law, str] = {
    "uniform": "all points alike, σ from their scatter",
    "counting": "σ² from the scatter of the points, as I",
    "relative": "σ from the scatter of the points, as I",
}
MOST_LOOKED_AT = 3000
"""points of which the unit is found"""


@dataclass(frozen=True)
class Scatter:
    """σ² = size² I^p; law: which p; unit: what one count is, of data that are counts times a number, else None."""

    law: Law
    size: float
    unit: float | None = None

    @property
    def words(self) -> str:
        """How intensities are said to scatter."""
        of_law = {
            "uniform": f"their scatter is alike everywhere, σ = {self.size:.3g}",
            "counting": f"their scatter grows as √I, σ = {self.size:.3g} √I",
            "relative": f"their scatter grows with I, σ = {100.0 * self.size:.3g} % of I",
        }
        return of_law[self.law]

    def sigma(self, y: FloatArray) -> FloatArray:
        """Return σ of intensities (n,); of the lowest that of a low quantile, of counts at least that of one."""
        if self.unit is not None:
            return np.sqrt(self.unit * np.maximum(y, self.unit))
        return np.asarray(self.size * levels(y) ** (0.5 * POWERS[self.law]))


@dataclass(frozen=True)
class Weighing:
    """How points without σ of their own are weighed.

    words, note: in a sentence each; unit: what one count is, None where they are no counts; sigma: of intensities
    (n,), None where all count alike.
    """

    words: str
    note: str = ""
    unit: float | None = None
    sigma: Callable[[FloatArray], FloatArray] | None = None


def by_counts(unit: float, note: str = "") -> Weighing:
    """Return the weighing of values that are counts times a unit."""
    return Weighing("counting statistics, 1/I", note, unit, Scatter("counting", float(np.sqrt(unit)), unit).sigma)


def weighing_by_scatter(y: FloatArray) -> Weighing:
    """Return how intensities (n,) of which nothing is known are weighed, and what was found of them."""
    found = scatter_of(y)
    if found is None:
        note = "the file has no σ, and its intensities are no counts and do not tell their scatter: all count alike."
        return Weighing("all points alike", note)
    if found.unit is not None:
        return by_counts(
            found.unit,
            f"the file has no σ: its intensities are counts times {found.unit:.4g}, σ = √({found.unit:.4g} I); "
            f"counts_per_unit = {1.0 / found.unit:.9g} has them follow Poisson's law, which few counts need.",
        )
    note = f"the file has no σ, and its intensities are no counts: {found.words}, from point to point."
    return Weighing(WORDS[found.law], note, sigma=found.sigma)


def scatter_of(y: FloatArray) -> Scatter | None:
    """Return the law of the scatter of intensities (n,) along a curve; None where they do not tell it."""
    filled = np.flatnonzero(y)
    y = y[filled[0] : filled[-1] + 1] if len(filled) else y
    if len(y) < FEWEST:
        return None
    unit = unit_of(y)
    noise, level = np.convolve(y, WEIGHTS, "valid"), np.convolve(y, np.full(5, 0.2), "valid")
    at = levels(level)
    sizes = {law: _size(noise**2 / at**power) for law, power in POWERS.items()}
    misfits = {law: _misfit(noise, at ** (0.5 * POWERS[law]), size) for law, size in sizes.items()}
    law = min(misfits, key=misfits.__getitem__)
    if unit is not None and _is_poisson(noise, level, unit):
        sparse = float(np.median(level)) < SPARSE * unit
        if sparse or misfits["counting"] < misfits[law] + AS_LIKELY:
            return Scatter("counting", float(np.sqrt(unit)), unit)
    size = sizes[law]
    of_level = size * at ** (0.5 * POWERS[law])
    rounded = unit is not None and float(np.median(of_level)) < 0.6 * unit
    if rounded or not (of_level > SMOOTH * at).any() or _turning(noise / of_level) < TURNING:
        return None
    return Scatter(law, size)


def unit_of(y: FloatArray) -> float | None:
    """Return the largest number of which all intensities (n,) are whole multiples; None for negative ones, or none."""
    if (y < 0.0).any() or not y.any():
        return None
    values = np.unique(y)
    most = unit = float(values[-1])
    for value in values[:: 1 + len(values) // MOST_LOOKED_AT].tolist():
        unit = _common(unit, value, 0.1 * FINEST * most)
        if unit < FINEST * most:
            return None
        unit = most / round(most / unit)  # of which it is a part: so rounding does not add up
    counts = np.rint(y / unit)
    unit = float(counts @ y / (counts @ counts))
    whole = np.abs(y - counts * unit) <= 1e-9 * y + 1e-6 * unit
    return unit if whole.all() else None


def levels(y: FloatArray) -> FloatArray:
    """Return |I| (n,), of the lowest that of a low quantile, so that none is 0."""
    sizes = np.abs(y)
    return np.maximum(sizes, float(np.quantile(sizes[sizes > 0.0], LOW)) if sizes.any() else 1.0)


def _common(a: float, b: float, least: float) -> float:
    """Return the greatest number of which both are multiples, remainders below `least` being none."""
    while b > least:
        a, b = b, abs(a - b * round(a / b))
    return a


def _size(squares: FloatArray) -> float:
    return float(np.sqrt(np.quantile(squares, QUANTILE) / EXPECTED))


def _misfit(noise: FloatArray, shape: FloatArray, size: float) -> float:
    """Return −ln of the likelihood of differences (n,) of σ = size × shape, with the tails of a Cauchy law."""
    if not size > 0.0:
        return np.inf
    return float(np.sum(np.log(size * shape) + np.log1p((noise / (size * shape)) ** 2)))


def _turning(noise: FloatArray) -> float:
    """Return the part of neighbours of opposite sign, among those that are not structure; noise: over its σ, (n,)."""
    small = np.abs(noise) < 2.0
    pairs = small[1:] & small[:-1]
    if pairs.sum() < FEWEST // 2:
        return 0.0
    return float((noise[1:] * noise[:-1] < 0.0)[pairs].mean())


def _is_poisson(noise: FloatArray, level: FloatArray, unit: float) -> bool:
    """Say whether differences (n,) scatter as those of counts do, at the mean of the points that they are made of."""
    if float(np.median(level)) < SPARSE * unit:
        variance = float(np.mean(noise**2)) / (unit * float(np.mean(level)))
    else:
        variance = _size(noise**2 / np.maximum(level, unit)) ** 2 / unit
    return POISSON[0] < variance < POISSON[1]
