"""Where descents begin: at the study's values, or near where its cells and sizes fit better; and points drawn around.

Drawn points are spread as wide as the values may be off (`Quantity.start_spread`, `start_factors`, `start_anywhere`),
evenly in the coordinates that these define: y = 0 at the study's value, 1 as far off as it may be. Of many, those are
kept that fit best and those that are far from the ones already kept. Values that mean the same of like things, such as
the displacements of two elements, are easily swapped in a minimum; so the best minimum with such values exchanged is
where the last descents begin.

Where the study's values explain next to nothing, cells and sizes are first looked for one by one: the lengths of a cell
by ± 6 % together, sizes by factors of 0.3 to 4, linear parameters eliminated at each step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.errors import InputError, RefinementError
from nanocrystal.parameters.parameter_set import Declared
from nanocrystal.refinement.problem import Point, Problem

DRAWN_PER_START = 8
"""points drawn and looked at for each further start"""
MOST_DRAWN = 200
"""points looked at; starts beyond as many are taken as they are drawn"""
FITTING = 0.5
"""part of the points drawn, those that fit best, among which distance counts"""
EXCHANGED = 2
"""descents at most from the best minimum with like values exchanged"""
EXPLAINED = 0.3
"""of χ² without the sample: where the study's values explain less, cells and sizes are looked for"""
GAINED = 0.1
"""of χ², by which it must fall for other cells or sizes to be taken"""
CELL_FACTORS = tuple(1.0 + 0.008 * k for k in range(-7, 8) if k)
"""of the lengths of a cell in that"""
SIZE_FACTORS = (0.3, 0.5, 0.8, 1.3, 2.2, 4.0)
CELL = "cell length"
"""quantity whose values are changed together, of one crystal"""


@dataclass(frozen=True)
class Coordinates:
    """The coordinates in which values are spread alike: y = 0 at the study's value, |y| = 1 as far off as it may be."""

    free: tuple[Declared, ...]
    start: FloatArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, problem: Problem) -> Coordinates:
        return cls(problem.free, problem.start, *problem.bounds)

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return y (n_free,) of values x (n_free,)."""
        return np.array([self._y(k, float(value)) for k, value in enumerate(x)])

    def _y(self, k: int, value: float) -> float:
        start, quantity = float(self.start[k]), self.free[k].quantity
        if quantity.start_factors is not None and start > 0.0 and value > 0.0:
            lowest, highest = np.log(quantity.start_factors)
            return float(np.log(value / start) / (highest if value > start else -lowest))
        if self._is_anywhere(k):
            return float((value - start) / (self.high[k] - self.low[k]))
        return (value - start) / self._size(k)

    def drawn(self, rng: np.random.Generator) -> FloatArray:
        """Return values (n_free,) drawn around the study's, within the bounds."""
        values = np.array([self._drawn(k, rng) for k in range(len(self.free))])
        inside = 1e-3 * np.array([self._size(k) for k in range(len(self.free))])
        return np.asarray(np.clip(values, self.low + inside, self.high - inside))

    def _drawn(self, k: int, rng: np.random.Generator) -> float:
        start, quantity = float(self.start[k]), self.free[k].quantity
        if quantity.start_factors is not None and start > 0.0:
            return start * float(np.exp(rng.uniform(*np.log(quantity.start_factors))))
        if self._is_anywhere(k):
            return float(rng.uniform(self.low[k], self.high[k]))
        return start + self._size(k) * float(rng.normal())

    def _is_anywhere(self, k: int) -> bool:
        return self.free[k].quantity.start_anywhere and bool(np.isfinite(self.high[k] - self.low[k]))

    def _size(self, k: int) -> float:
        quantity = self.free[k].quantity
        return max((abs(float(self.start[k])) or quantity.scale) * quantity.start_spread, 1e-12)


def drawn_starts(problem: Problem, number: int, seed: int) -> list[FloatArray]:
    """Return so many points (n_free,) around the study's: those that fit best, and far ones among those that fit."""
    coordinates, rng = Coordinates.of(problem), np.random.default_rng(seed)
    drawn: list[tuple[float, FloatArray]] = []
    for _ in range(min(DRAWN_PER_START * number, MOST_DRAWN)):
        x = coordinates.drawn(rng)
        drawn.append((_chi2(problem, x), x))
    drawn = sorted((entry for entry in drawn if np.isfinite(entry[0])), key=lambda entry: entry[0])
    fitting = [x for _, x in drawn[: max(number, round(FITTING * len(drawn)))]]
    chosen = _apart(fitting, number, coordinates)
    return [*chosen, *(coordinates.drawn(rng) for _ in range(number - MOST_DRAWN))]


def _apart(points: Sequence[FloatArray], number: int, coordinates: Coordinates) -> list[FloatArray]:
    """Return so many of the points, the best first: in turn the best of the rest and the one farthest from all kept."""
    rest, kept = list(range(len(points))), [np.zeros(len(coordinates.free))]
    places = [coordinates(x) for x in points]
    chosen: list[int] = []
    while rest and len(chosen) < number:
        if len(chosen) % 2 == 0:
            k = rest[0]
        else:
            k = max(rest, key=lambda j: min(float(np.linalg.norm(places[j] - y)) for y in kept))
        rest.remove(k)
        chosen.append(k)
        kept.append(places[k])
    return [points[k] for k in chosen]


def exchanged(problem: Problem, x: FloatArray) -> Iterator[FloatArray]:
    """Yield values (n_free,) with those that mean the same of like things exchanged, such as u_iso of two elements."""
    groups: dict[tuple[str, str], list[int]] = {}
    for k, declared in enumerate(problem.free):
        quantity = declared.quantity.meaning.quantity
        if quantity and quantity != CELL:
            groups.setdefault((declared.address.rpartition(".")[0], quantity), []).append(k)
    low, high = problem.bounds
    for places in groups.values():
        for a, b in pairwise(places):
            other = x.copy()
            other[a], other[b] = x[b], x[a]
            if not np.array_equal(other, x):
                yield np.clip(other, low, high)


# ---- where the study's values fit nothing -----------------------------------------------------------


def looked_for(problem: Problem, start: Point) -> FloatArray:
    """Return where to begin: the study's values, or cells and sizes that fit far better where those explain nothing.

    Beside a strong phase that is not met yet the cell of a weak one may fit a little better anywhere.
    """
    best, x = start.chi2, problem.start
    if best <= (1.0 - EXPLAINED) * _without_sample(problem, start):
        return x
    for places, factors in _looked_at(problem):
        trials = []
        for factor in factors:
            trial = x.copy()
            trial[places] = problem.start[places] * factor
            trials.append((_chi2(problem, trial), trial))
        found, trial = min(trials, key=lambda pair: pair[0])
        if found < (1.0 - GAINED) * best:
            best, x = found, trial
    return x


def _without_sample(problem: Problem, start: Point) -> float:
    """Return χ² of what the backgrounds alone leave."""
    without = 0.0
    for name, d in start.datasets.items():
        rows = [k for k in problem.models[name].background_rows() if k in d.free_rows]
        observed = d.residual + problem.whitened(name, d.calculated)
        if rows:
            columns = problem.whitened(name, d.curves[rows]).T
            observed = observed - columns @ np.linalg.lstsq(columns, observed, rcond=None)[0]
        without += float(observed @ observed)
    return without


def _looked_at(problem: Problem) -> Iterator[tuple[list[int], tuple[float, ...]]]:
    """Yield parameters that are changed together, and by which factors: cells, then sizes."""
    cells: dict[str, list[int]] = {}
    for k, declared in enumerate(problem.free):
        if declared.quantity.meaning.quantity == CELL:
            cells.setdefault(declared.address.rpartition(".")[0], []).append(k)
    for places in cells.values():
        yield places, CELL_FACTORS
    for k, declared in enumerate(problem.free):
        if declared.quantity.start_factors is not None and declared.quantity.unit == "Å":
            yield [k], SIZE_FACTORS


def _chi2(problem: Problem, x: FloatArray) -> float:
    low, high = problem.bounds
    if np.any((x < low) | (x > high)):
        return np.inf
    try:
        return problem.point(x).chi2
    except (InputError, RefinementError):
        return np.inf
