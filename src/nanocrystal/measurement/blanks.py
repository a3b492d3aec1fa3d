"""Measured blanks: what holder, solvent, air or probe add to a curve, each with a scale of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve
from nanocrystal.errors import InputError
from nanocrystal.measurement.points import Abscissa, Points
from nanocrystal.parameters import Declares, Number

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Blank(Declares):
    """A measured blank, as of holder, capillary, solvent or air, that is added to the calculated curve by its scale."""

    file: Annotated[str, "as of a data set"]
    columns: Annotated[Sequence[str] | None, "as of a data set"] = None
    scale: Annotated[Number | None, "linear; left to the fit"] = None


def check_blank(curve: Curve, file: str, x: FloatArray, abscissa: Abscissa, points: Points, where: str) -> None:
    """Raise InputError for a blank of another kind than the data, that does not cover them or is zero.

    x: (n_points,) of the data; where: address of the file of the blank.
    """
    name = Path(file).name
    if abscissa.reads and curve.y_name not in {y for _, y in abscissa.reads}:
        raise InputError(where, f"a blank is {points.blank}, but {name} holds {curve.y_name} over {curve.x_name}.")
    if abscissa.reads and curve.x_name not in {x_name for x_name, _ in abscissa.reads}:
        expected, ordinate = abscissa.reads[0]
        raise InputError(
            where,
            f"{name} is over {curve.x_name}, the data are over {expected}; convert the blank, or if it is over "
            f'{expected} all the same say columns = ["{expected}", "{ordinate}"] there.',
        )
    replace(curve, faults=curve.faults_within(float(x[0]), float(x[-1]))).sound()
    step = float(np.median(np.diff(curve.x)))
    if curve.x[0] > x[0] + step or curve.x[-1] < x[-1] - step:
        low, high = max(curve.x[0], x[0]), min(curve.x[-1], x[-1])
        remedy = f"; give {abscissa.range_key} = [{low:g}, {high:g}]" if low < high else ""
        raise InputError(
            where,
            f"{name} goes from {curve.x[0]:g} to {curve.x[-1]:g}{abscissa.spaced_unit}, the data from {x[0]:g} to "
            f"{x[-1]:g}; the blank must cover them{remedy}.",
        )
    if not curve.y.any():
        raise InputError(where, f"{name} is zero everywhere; name another column or leave the blank out.")
