"""Curves that stand in the place of a file, such as those that a reduction makes from one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from nanocrystal.data.curve import Curve
from nanocrystal.data.reading import read_curve
from nanocrystal.data.resources import resolve


class SuppliedCurve(ABC):
    """Something that makes a curve when it is asked; str() says what it is."""

    @abstractmethod
    def curve(self) -> Curve:
        """Return the curve; raises InputError where it cannot be made."""


def curve_of(
    file: str | Path | SuppliedCurve,
    folder: Path,
    where: str,
    *,
    columns: Sequence[str] | None = None,
    per_nm: bool = False,
) -> Curve:
    """Return the curve that a data set names: of a file, relative to `folder`, or supplied.

    Raises InputError where there is none; see `read_curve`.
    """
    if isinstance(file, SuppliedCurve):
        return file.curve()
    return read_curve(resolve(str(file), folder, where), columns=columns, where=where, per_nm=per_nm)
