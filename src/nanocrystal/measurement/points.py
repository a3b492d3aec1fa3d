"""How a curve becomes the points that are compared: one vocabulary for all techniques, which state their facts.

Order
    the columns of a file; a range of the abscissa (both ends included); ranges left out by `exclude`; weights.

Exclude
    Ranges in ascending order may overlap: their union is left out. Ranges that overlap and go back are refused, since
    one of their limits is then likely mistyped.

Weights
    "sigma" of the file, "counting" (σ = √I), "relative" (3 % of each value) or "uniform"; left out they are those of
    the file, or without σ those that the technique takes. Where that is counting, data count by √I only if they are
    counts, or counts times a number; others by how their points scatter (`scatter`). With noise_range the scatter about
    a straight line, where nothing but noise is seen, is the σ of all points. Without σ of the file, of data that are
    counts or proportional to them, points of value 0 at both ends are left out, as behind a beam stop; with counting
    statistics also those within data of mostly more than 20 counts, as in gaps between detector modules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve, resolved_path
from nanocrystal.data.conventions import Believe, Said
from nanocrystal.data.reading import curve_of, read_table
from nanocrystal.errors import InputError
from nanocrystal.measurement.curve import Axis
from nanocrystal.measurement.keys import Range

FloatArray = NDArray[np.float64]
MANY_COUNTS = 20.0
"""where points mostly have more, a count of 0 is no chance (less than 1e-8)"""
FEWEST_BESIDE = 10
"""points beside points of value 0, at least, that tell how much is counted there"""
RELATIVE = 0.03
"""of a value, the σ that relative weights take"""
LOW = 0.1
"""part of the points, the lowest, that all count by the σ of the highest of them"""
NEARLY_WHOLE = 1e-3
"""of a count, or of the counts where they are many: so near to whole numbers rounded values are"""
FEWEST_OF_NOISE = 20
"""points that tell a scatter"""


@dataclass(frozen=True)
class Abscissa:
    """What points may lie over.

    key: of a study, which states points where there is no file; KEY_range chooses those of a file; symbol: in messages;
    reads: (abscissa, ordinate) as a reader calls what fits, the first as a study should; none: whatever there is;
    from_zero: a range begins at 0 or above; remark: what is said behind START:STOP:STEP.
    """

    key: str
    axis: Axis
    symbol: str
    reads: tuple[tuple[str, str], ...] = ()
    from_zero: bool = False
    remark: str = ""

    @property
    def range_key(self) -> str:
        return f"{self.key}_range"

    def at(self, value: float) -> str:
        """Return a place on it in words."""
        return f"{self.symbol} = {value:g}{self.spaced_unit}"

    @property
    def spaced_unit(self) -> str:
        return self.axis.unit if self.axis.unit in ("", "°") else f" {self.axis.unit}"


DISTANCE = Abscissa("r", Axis("r", "Å"), "r", (("r", "g"), ("x", "y")), from_zero=True)
WAVE_VECTOR = Abscissa("q", Axis("Q", "Å⁻¹"), "Q", (("q", "intensity"), ("q", "y")))
TWO_THETA = Abscissa("two_theta", Axis("two_theta", "°"), "2θ", (("two_theta", "intensity"), ("two_theta", "y")))


@dataclass(frozen=True, kw_only=True)
class Points:
    """The facts of a technique about its points.

    ordinate: what files hold, in words; blank: the same of a blank; fewest: points of a fit; without_sigma: the weights
    that hold where neither file nor study has any; alike: in words, that all points count alike for want of σ;
    no_counts: why neither counting nor relative weights hold, empty where they do; aliases: names of columns that its
    people use, and what the reader calls them; usual: what columns are unless the study says, by their number.
    """

    abscissae: tuple[Abscissa, ...]
    ordinate: str = "intensity"
    blank: str = "an intensity"
    fewest: int
    without_sigma: Literal["counting", "relative", "uniform"]
    alike: str = "all points alike"
    no_counts: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    usual: Mapping[int, Sequence[str]] = field(default_factory=dict)

    @property
    def counted(self) -> bool:
        """Whether the ordinate is counts, or proportional to them."""
        return not self.no_counts


# ---- reading ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Named:
    """A file as a study names it.

    columns: what its columns are; per_nm: whether the study says that q is in nm⁻¹; entry: which curve of a file that
    holds several; believe: whether the header of the file counts, or the study alone.
    """

    file: str | Path
    columns: Sequence[str] | None = None
    per_nm: bool = False
    entry: str | int | None = None
    believe: Believe = "file"


def read_points(named: Named, points: Points, where: str, folder: Path) -> Curve:
    """Return the columns of a file, with what its technique calls them; where: the table that has its `file`.

    Points that cannot be used are left out and named in its `faults`. Raises InputError for a file that cannot be used.
    """
    file, columns = named.file, named.columns
    path, at = resolved_path(str(file), folder, f"{where}.file"), f"{where}.file"
    names = None if columns is None else [points.aliases.get(c, c) for c in columns]
    if names is None and points.usual and path.is_file():
        width = read_table(path, at).width
        if width not in points.usual:
            raise InputError(
                f"{where}.columns",
                f'{path.name} has {width} columns; name them, such as columns = ["x", "y", "ignore"].',
            )
        names = list(points.usual[width])
    return curve_of(path, Said(None, names, named.per_nm, named.believe, named.entry), at)


def abscissa_of(curve: Curve, file: str, points: Points, technique: str, where: str) -> Abscissa:
    """Return what a curve lies over; raises InputError where that, or its ordinate, is of another kind of data."""
    for abscissa in points.abscissae:
        if not abscissa.reads or (curve.x_name, curve.y_name) in abscissa.reads:
            return abscissa
    listed = ", ".join(f'"{name}"' for name in points.abscissae[0].reads[0])
    keys = " or ".join(a.key for a in points.abscissae)
    raise InputError(
        where,
        f"technique {technique} needs {points.ordinate} over {keys}, but {file} has {curve.y_name} over "
        f"{curve.x_name}; if it is that all the same, say columns = [{listed}].",
    )


# ---- choosing -----------------------------------------------------------------------------------


def check_limits(limits: Range, abscissa: Abscissa, where: str) -> None:
    """Raise InputError for a range that is none."""
    low, high = limits
    if not low < high or (abscissa.from_zero and low < 0.0):
        needed = f"0 ≤ low < high ({abscissa.axis.unit})" if abscissa.from_zero else "low < high"
        raise InputError(where, f"needs {needed}, got [{low:g}, {high:g}].")


def without_excluded(curve: Curve, exclude: Sequence[Range] | None, fewest: int, where: str) -> Curve:
    """Return the points outside of the ranges; raises InputError for what cannot be meant, or leaves too few."""
    kept = np.ones(len(curve.x), dtype=np.bool_)
    for low, high in exclude or ():
        if not low < high:
            raise InputError(where, f"each range needs low < high, got [{low:g}, {high:g}].")
        kept &= (curve.x < low) | (curve.x > high)
    for (start, end), (low, high) in combinations(exclude or (), 2):
        if low < start < high:
            raise InputError(
                where,
                f"[{low:g}, {high:g}] and [{start:g}, {end:g}] overlap; write [{low:g}, {max(high, end):g}] instead.",
            )
    if exclude and kept.sum() < fewest:
        raise InputError(
            where, f"leaves {kept.sum()} of {len(kept)} points; at least {fewest} are needed, so leave out less."
        )
    faults = curve.faults
    for low, high in exclude or ():
        outside = (f.taken((f.x < low) | (f.x > high)) for f in faults)
        faults = tuple(f for f in outside if f is not None)
    return replace(curve.kept(kept), faults=faults)


def without_empty(curve: Curve, abscissa: Abscissa, count: float | None) -> tuple[Curve, list[str]]:
    """Return the points without those at which nothing can have been counted, and a note on these.

    count: the value of one, None where values are no counts.
    Value 0 at an end is a beam stop or the frame of a detector, of counts only where the points beside it have so many
    that it is no chance; among points that nearly all have many counts it is a gap. Elsewhere it is a count of 0.
    """
    y = curve.y
    filled = np.flatnonzero(y)
    if not len(filled):
        return curve, []  # refused where the refinement looks at all data
    empty = y == 0.0
    if count is not None:
        for end, beside in ((slice(0, filled[0]), y[filled[0] :]), (slice(filled[-1] + 1, None), y[filled[-1] :: -1])):
            n = int(empty[end].sum())
            empty[end] = n * float(beside[: max(FEWEST_BESIDE, n)].mean()) > MANY_COUNTS * count
    if count is None or np.median(y[filled]) <= MANY_COUNTS * count:
        empty[filled[0] : filled[-1]] = False
    if not empty.any():
        return curve, []
    n, at = int(empty.sum()), curve.x[empty]
    which = f"{n} points between {at[0]:g} and {at[-1]:g}" if n > 1 else f"the point at {abscissa.symbol} = {at[0]:g}"
    has = "have" if n > 1 else "has"
    note = f"{which}{abscissa.spaced_unit} {has} intensity 0 (beam stop or gap: nothing was counted there), left out."
    return curve.kept(~empty), [note]


# ---- weights ------------------------------------------------------------------------------------


def scatter(curve: Curve, limits: Range, where: str) -> float:
    """Return the standard deviation of the points in a range about the straight line through them."""
    part = curve.between(*limits, where).sound()
    if len(part.x) < FEWEST_OF_NOISE:
        raise InputError(where, f"holds {len(part.x)} points; at least {FEWEST_OF_NOISE} are needed to tell the noise.")
    residual = part.y - np.polynomial.Polynomial.fit(part.x, part.y, 1)(part.x)
    sigma = float(np.sqrt(residual @ residual / (len(residual) - 2)))
    if not sigma > 0.0:
        raise InputError(where, "holds no noise: all its points lie on a line.")
    return sigma


def check_counts(curve: Curve, abscissa: Abscissa, stated: bool, where: str) -> None:
    """Raise InputError for negative counts; stated: whether the study says that they are counts."""
    negative = np.flatnonzero(curve.y < 0.0)
    if len(negative):
        first = int(negative[0])
        why = "" if stated else "the file has no σ: "
        raise InputError(
            f"{where}.{'weights' if stated else 'file'}",
            f"{why}counting weights need counts of at least 0, but some intensities are negative: at "
            f"{abscissa.at(curve.x[first])} the file has {curve.y[first]:g}; give σ as a third column, or say "
            'weights = "uniform".',
        )


def check_counted(curve: Curve, unit: float, points: Points, weighed: bool, where: str) -> None:
    """Raise InputError where values times `unit` are no counts; weighed: whether the study asks for other weights."""
    at = f"{where}.counts_per_unit"
    if not 0.0 < unit < np.inf:
        raise InputError(at, f"must be a number above 0, got {unit:g}.")
    if points.no_counts:
        raise InputError(at, f"is for counts, but {points.no_counts}; leave it out.")
    if weighed:
        raise InputError(at, 'stands beside other weights; use one of the two, or say weights = "counting".')
    if (curve.y < 0.0).any():
        first = int(np.flatnonzero(curve.y < 0.0)[0])
        raise InputError(at, f"is for counts of at least 0, but at {curve.x[first]:g} the file has {curve.y[first]:g}.")
    counts = unit * curve.y
    off = np.abs(counts - np.rint(counts)) / np.maximum(1.0, counts)
    if float(np.median(off)) > NEARLY_WHOLE:
        worst = int(np.argmax(off))
        raise InputError(
            at,
            f"is {unit:g}, but then {curve.y[worst]:g} would be {counts[worst]:.6g} counts, no whole number; give what "
            "values are to be multiplied with, such as the seconds of a point where they are counts per second.",
        )


def relative_sigma(y: FloatArray, where: str) -> FloatArray:
    """Return a constant part of each value, of the lowest that of a low quantile."""
    if not (y > 0.0).any():
        raise InputError(where, "has no intensity above 0.")
    sizes = np.abs(y)
    least = float(np.quantile(sizes[sizes > 0.0], LOW))
    return np.asarray(RELATIVE * np.maximum(sizes, least))


# ---- angles -------------------------------------------------------------------------------------


def check_angles(x: FloatArray, where: str) -> None:
    """Raise InputError for what is no 2θ in degrees."""
    check_from_zero(x, TWO_THETA.symbol, where)
    if x[-1] >= 180.0:
        raise InputError(
            where, f"2θ must be below 180°, got {x[-1]:g}; is the abscissa in degrees, and are the columns in order?"
        )


def check_from_zero(x: FloatArray, symbol: str, where: str) -> None:
    """Raise InputError for an abscissa that begins below 0."""
    if x[0] < 0.0:
        raise InputError(where, f"{symbol} must not be negative, got {x[0]:g}.")


def check_beside_resolution(keys: Sequence[str], width: FloatArray, where: str) -> None:
    """Raise InputError where study (by these keys) and file both state a resolution; width: that of the file."""
    if keys and width.any():
        raise InputError(f"{where}.{keys[0]}", "stands beside the resolution of the file; use one of the two.")
