"""What a reader of a format is given and gives back.

A format whose files say by themselves what they hold is a `Format`: how its files are known, and a function from a
`RawFile` to a `Curve`. `data.reading.FORMATS` lists them all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from nanocrystal.data.checks import Points, Source, checked
from nanocrystal.data.curve import Curve
from nanocrystal.data.stated import Stated
from nanocrystal.errors import InputError
from nanocrystal.text import decoded


class SeveralCurves(InputError):
    """A file holds several curves, and none of them is chosen."""


@dataclass(frozen=True)
class RawFile:
    """A file; address: what messages call it; entry: which of several curves is meant, by its name or 1, 2, …"""

    path: Path
    content: bytes
    address: str
    entry: str | int | None = None

    @cached_property
    def text(self) -> str:
        """The text; raises InputError where it is none."""
        return decoded(self.content, self.address)

    def error(self, problem: str, line: int | None = None) -> InputError:
        """Return the error of this file, or of one of its lines."""
        return InputError(self.address if line is None else f"{self.address}, line {line}", problem)

    def chosen(self, names: Sequence[str], what: str) -> int:
        """Return the index of the curve that `entry` means, the only one where it is not given.

        names: of the curves in the file, empty for one without a name; what: what they are called, such as "SASdata".
        Raises InputError where `entry` means none, or where there are several and none is said.
        """
        shown = "; ".join(f"{i + 1} ({name})" if name else str(i + 1) for i, name in enumerate(names[:8]))
        if self.entry is None:
            if len(names) == 1:
                return 0
            raise SeveralCurves(self.address, f"holds {len(names)} {what}; choose one with entry = …, of: {shown}.")
        if isinstance(self.entry, int) and not isinstance(self.entry, bool) and 1 <= self.entry <= len(names):
            return self.entry - 1
        if isinstance(self.entry, str) and names.count(self.entry) == 1:
            return names.index(self.entry)
        raise self.error(f"has no {what} {self.entry!r}; entry is one of: {shown}.")

    def curve(
        self,
        x: ArrayLike,
        y: ArrayLike,
        sigma: ArrayLike | None = None,
        *,
        axes: tuple[str, str],
        stated: Stated | None = None,
        notes: Sequence[str] = (),
        resolution: ArrayLike | None = None,
    ) -> Curve:
        """Return a curve, x ascending; axes: what x and y are, as `Curve` calls them.

        Points that cannot be used (missing values, σ not above 0) are left out and named in its `faults`. Raises
        InputError for fewer than three points, for arrays of different lengths and for an x that is not finite.
        """
        columns = [None if a is None else np.asarray(a, dtype=np.float64) for a in (x, y, sigma, resolution)]
        first, second, *beside = columns
        assert first is not None
        assert second is not None
        if any(c is not None and c.shape != first.shape for c in columns):
            raise self.error("holds columns of different lengths.")
        source = Source(
            address=self.address,
            where=(self.address,),
            x_name=axes[0],
            shown=lambda places: [f"the point at {axes[0]} = {first[i]:g}" for i in places],
            rows="points",
        )
        points = Points(first, second, beside[0], beside[1], np.arange(len(first)))
        points, said, faults = checked(points, source)
        return Curve(
            x=np.ascontiguousarray(points.x),
            y=np.ascontiguousarray(points.y),
            sigma=points.sigma,
            resolution=points.resolution,
            x_name=axes[0],
            y_name=axes[1],
            source=str(self.path),
            sha256=hashlib.sha256(self.content).hexdigest(),
            metadata={},
            stated=stated or Stated(),
            notes=(*notes, *said),
            faults=faults,
        )


@dataclass(frozen=True)
class Format:
    """A format of files that say by themselves what they hold.

    name: as its people call it; suffixes: of its files, in lower case; read: raises InputError in one sentence for what
    it cannot read; knows: says by the first bytes, at least 4096 where there are so many, that a file is of the format
    whatever it is called; none: only the suffix tells.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[RawFile], Curve]
    knows: Callable[[bytes], bool] | None = None
