"""What the numbers of every curve are checked for, wherever they come from: order, repeats, missing values, σ above 0.

Points that cannot be used are left out of a curve and kept as `Fault`: whoever compares the curve says first which part
of it is meant, and a fault counts where it lies in that part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.arrays import FloatArray
from nanocrystal.errors import InputError

FEWEST = 3
"""points of a curve"""
FEWEST_PLACES = 1.0 / 3.0
"""part of the points that must differ in their abscissa: several distances share some, a wrong column shares most"""
SAME_RANGE = 0.9
"""part of the abscissae of two runs that is common to both where they are two scans of one range"""
SHORTEST_SCAN = 5
"""points of a scan"""
MOST_SHOWN = 1000
"""points of a fault that are kept as they stand in the file"""

Lines = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Fault:
    """Points that cannot be used, for one reason.

    x: (n,); lines: (n,), where they stand; where: of `Source`;
    problem: what is said of the first, {n} being how many there are, {value} its own value and {shown} how it stands in
    the file; values: (n,); shown: of the first of them.
    """

    x: FloatArray
    lines: Lines
    where: tuple[str, ...]
    problem: str
    values: FloatArray
    shown: tuple[str, ...]

    def taken(self, which: NDArray[np.bool_]) -> Fault | None:
        """Return the part that is marked, which: (n,); None where there is none."""
        if not which.any():
            return None
        kept = np.flatnonzero(which)
        shown = tuple(self.shown[i] if i < len(self.shown) else "it" for i in kept[:MOST_SHOWN].tolist())
        return replace(self, x=self.x[kept], lines=self.lines[kept], values=self.values[kept], shown=shown)

    def within(self, low: float, high: float) -> Fault | None:
        """Return the part between two abscissae."""
        return self.taken((self.x >= low) & (self.x <= high))

    def scaled(self, scale: Callable[[FloatArray], FloatArray]) -> Fault:
        """Return the same over an abscissa in another unit."""
        return replace(self, x=scale(self.x))

    @property
    def error(self) -> InputError:
        """The error where these points are needed."""
        words = {"n": len(self.x), "value": f"{self.values[0]:g}", "shown": self.shown[0]}
        return InputError(str(int(self.lines[0])).join(self.where), self.problem.format(**words))


@dataclass(frozen=True, eq=False)
class Points:
    """Columns of a curve as they were read, (n,) each; lines: where each stands."""

    x: FloatArray
    y: FloatArray
    sigma: FloatArray | None
    resolution: FloatArray | None
    lines: Lines

    def __len__(self) -> int:
        return len(self.x)

    def taken(self, which: Any) -> Points:
        """Return points by mask, order or slice."""
        sigma, resolution = (None if v is None else v[which] for v in (self.sigma, self.resolution))
        return Points(self.x[which], self.y[which], sigma, resolution, self.lines[which])

    @property
    def columns(self) -> list[FloatArray]:
        """All columns that there are, the abscissa first."""
        return [v for v in (self.x, self.y, self.sigma, self.resolution) if v is not None]


@dataclass(frozen=True)
class Source:
    """Where points come from, for messages.

    address: of the whole; where: what stands before and behind the number of a line in the address of a point, or that
    address where lines have no numbers; x_name: of the abscissa; shown: lines as they stand; rows: what points are
    called; remedy: what to do about a σ that cannot be.
    """

    address: str
    where: tuple[str, ...]
    x_name: str
    shown: Callable[[Sequence[int]], Sequence[str]]
    rows: str = "rows"
    remedy: str = "correct it, or leave the points out with a range"

    def place(self, line: int) -> str:
        """Return the address of a point."""
        return str(line).join(self.where)

    def label(self, line: int) -> str:
        """Return what notes call a point, without the file that it stands in."""
        place = self.place(line).rpartition(", ")[2] if len(self.where) > 1 else ""
        return place or f"the {self.rows[:-1]} {line + 1}"


def checked(points: Points, source: Source) -> tuple[Points, tuple[str, ...], tuple[Fault, ...]]:
    """Return points in ascending order, notes on what was decided, and what cannot be used.

    Raises InputError for an abscissa that is missing or is none, and for fewer than three points.
    """
    notes: list[str] = []
    points = _without_origin(points, source, notes)
    for i in np.flatnonzero(~np.isfinite(points.x))[:1]:
        line = int(points.lines[i])
        text = source.shown([line])[0]
        raise InputError(
            source.place(line), f"{text} holds a missing, infinite or not-a-number {source.x_name}; remove it"
        )
    points, missing = _without_missing(points, source)
    points, of_sigma = _with_positive_sigma(points, source, notes)
    faults = tuple(f for f in (missing, *of_sigma) if f is not None)
    if len(points) < FEWEST:
        if faults:
            raise faults[0].error
        raise InputError(source.address, f"has {len(points)} points; a curve needs at least {FEWEST}")
    return in_order(points, source, notes), tuple(notes), faults


def in_order(points: Points, source: Source, notes: list[str]) -> Points:
    """Return points in ascending order, each once; notes: grows by what was decided.

    Raises InputError for two scans of one range, and where most points share their abscissa.
    """
    return _without_repeats(_ordered(points, source, notes), source, notes)


# ---- values -----------------------------------------------------------------------------------------


def _without_origin(points: Points, source: Source, notes: list[str]) -> Points:
    """Return points without a first one at 0 that has no value, such as that of G(r)/r."""
    if len(points) and points.x[0] == 0.0 and any(np.isnan(c[0]) for c in points.columns):
        where = source.label(int(points.lines[0]))
        notes.append(f"the {source.rows[:-1]} at {source.x_name} = 0 ({where}) is left out: it holds NaN")
        return points.taken(slice(1, None))
    return points


def _without_missing(points: Points, source: Source) -> tuple[Points, Fault | None]:
    sound = np.all([np.isfinite(c) for c in points.columns], axis=0) if len(points) else np.ones(0, dtype=np.bool_)
    problem = f"{{shown}} holds a missing, infinite or not-a-number value; remove the {source.rows[:-1]}"
    fault = _fault(points, ~sound, points.y, f"{problem}, or leave it out with a range or exclude", source)
    return points.taken(sound), fault


def _with_positive_sigma(points: Points, source: Source, notes: list[str]) -> tuple[Points, list[Fault | None]]:
    """Return points whose σ is above 0, without the empty bins at both ends, and what is left out between.

    An empty bin has y = σ = 0: nothing was counted there, as behind a beam stop, or G(0) = 0.
    """
    if points.resolution is not None:
        for i in np.flatnonzero(points.resolution < 0.0)[:1]:
            where = source.place(int(points.lines[i]))
            raise InputError(where, f"dq must be a standard deviation, at least 0; got {points.resolution[i]:g}")
    if points.sigma is None or not len(points):
        return points, []
    if not points.sigma.any():
        raise InputError(source.address, f"the sigma column is all zero; {source.remedy}")
    measured = np.flatnonzero((points.y != 0.0) | (points.sigma != 0.0))
    kept = slice(int(measured[0]), int(measured[-1]) + 1)
    dropped = len(points) - len(points.x[kept])
    if dropped:
        notes.append(f"{dropped} {source.rows} at the ends have value and sigma 0 (empty bins) and are left out")
    points = points.taken(kept)
    assert points.sigma is not None
    remedy, n = source.remedy.replace("{", "{{").replace("}", "}}"), len(points)
    below, zero = points.sigma < 0.0, points.sigma == 0.0
    says = "sigma must be positive, {n} values are negative, the first is {value}; "
    of_zero = f"sigma must be positive, {{n}} of {n} values are zero, the first here; "
    faults = [
        _fault(points, below, points.sigma, says + remedy, source),
        _fault(points, zero, points.sigma, of_zero + remedy, source),
    ]
    return points.taken(~(below | zero)), faults


def _fault(points: Points, which: NDArray[np.bool_], values: FloatArray, problem: str, source: Source) -> Fault | None:
    at = np.flatnonzero(which)
    if not len(at):
        return None
    lines = points.lines[at]
    shown = tuple(source.shown(lines[:MOST_SHOWN].tolist()))
    return Fault(points.x[at], lines, source.where, problem, values[at], shown)


# ---- order ------------------------------------------------------------------------------------------


def _ordered(points: Points, source: Source, notes: list[str]) -> Points:
    """Return points in ascending order; raises InputError where they are two scans of one range."""
    steps = np.diff(points.x)
    if (steps >= 0.0).all():
        return points
    if (steps <= 0.0).all():
        notes.append(f"the {source.rows} run from large to small {source.x_name}; they are reversed")
        return points.taken(slice(None, None, -1))
    _refuse_two_scans(points, steps, source)
    order = np.argsort(points.x, kind="stable")
    moved = int((order != np.arange(len(order))).sum())
    notes.append(f"{moved} of {len(order)} {source.rows} were not in order of {source.x_name}; they were sorted")
    return points.taken(order)


def _refuse_two_scans(points: Points, steps: FloatArray, source: Source) -> None:
    """Raise InputError where points run through one range more than once: scans that were written one below another."""
    for back in (steps < 0.0, steps > 0.0):
        ends = np.concatenate([[0], np.flatnonzero(back) + 1, [len(points)]])
        if len(ends) < 3 or (np.diff(ends) < SHORTEST_SCAN).any():
            continue
        lows = np.minimum.reduceat(points.x, ends[:-1])
        highs = np.maximum.reduceat(points.x, ends[:-1])
        common = np.minimum(highs[1:], highs[:-1]) - np.maximum(lows[1:], lows[:-1])
        both = np.maximum(highs[1:], highs[:-1]) - np.minimum(lows[1:], lows[:-1])
        for k in np.flatnonzero(common > SAME_RANGE * both)[:1]:
            raise InputError(
                source.place(int(points.lines[ends[k + 1]])),
                f"{source.x_name} has run from {lows[k]:g} to {highs[k]:g} and begins again here: two scans of one "
                f"range; keep one, or sort the {source.rows} where both belong to one measurement",
            )


def _without_repeats(points: Points, source: Source, notes: list[str]) -> Points:
    """Return points without those that repeat another one in every column; others may share their abscissa.

    Raises InputError where most do, as in a column that is no abscissa.
    """
    if not (np.diff(points.x) == 0.0).any():
        return points
    order = np.lexsort(points.columns[::-1])
    again = np.concatenate([[False], np.all([np.diff(c[order]) == 0.0 for c in points.columns], axis=0)])
    repeats = np.sort(order[again])
    if len(repeats):
        line = source.label(int(points.lines[repeats[0]]))
        several = len(repeats) > 1
        what = f"{len(repeats)} {source.rows} repeat" if several else f"the {source.rows[:-1]} in {line} repeats"
        first = f"; the first is {line}" if several else ""
        notes.append(f"{what} another one in every number, left out{first}")
        points = points.taken(np.setdiff1d(np.arange(len(points)), repeats))
    places = int((np.diff(points.x) > 0.0).sum()) + 1
    shared = len(points) - places
    if places < FEWEST_PLACES * len(points):
        raise InputError(
            source.address,
            f"has {len(points)} points at {places} different {source.x_name} only; is {source.x_name} another column?",
        )
    if shared:
        said = "point shares" if shared == 1 else "points share"
        notes.append(f"{shared} {said} the {source.x_name} of another one, as of two distances; all are kept")
    return points
