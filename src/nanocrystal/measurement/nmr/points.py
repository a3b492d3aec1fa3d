"""What points of NMR are: the facts of its techniques, the keys that several of them have, and arPLS baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from nanocrystal.data import Curve
from nanocrystal.measurement import Abscissa, Axis, Points
from nanocrystal.measurement.agreement import Says, remarks_on, says_of_unit
from nanocrystal.measurement.points import Named, read_points
from nanocrystal.spectra.arpls import arpls_baseline

ShiftAxis = Annotated[Literal["ppm", "hz"], "the unit of the abscissa, ppm or Hz"]
Megahertz = Annotated[float | None, "MHz, of the observed nucleus: what 1 ppm is in Hz"]


def nmr_points(remark: str = "") -> Points:
    """Return the facts of points over ppm, Hz, delays or gradients; remark: behind START:STOP:STEP."""
    return Points(
        abscissae=(Abscissa("x", Axis("x", ""), "x", remark=remark),),
        fewest=4,
        without_sigma="uniform",
        no_counts="a signal of NMR is no count, and its error does not follow from its value",
        aliases={"ppm": "x", "hz": "x", "shift": "x", "delay": "x", "time": "x", "real": "y", "integral": "y"},
        usual={2: ("x", "y"), 3: ("x", "y", "sigma")},
    )


NMR = nmr_points()


def measured_curve(named: Named, where: str, folder: Path, says: Mapping[str, Says] | None = None) -> Curve:
    """Return the columns of a file with remarks on what it states otherwise than the study; raises InputError."""
    curve = read_points(named, NMR, where, folder)
    return replace(curve, notes=(*curve.notes, *remarks_on(curve, says or {}, where)))


def says_of_axis(axis: str) -> Mapping[str, Says]:
    """Return what a study says of the unit of an axis of shifts, "ppm" or "hz"."""
    other = "hz" if axis == "ppm" else "ppm"
    return says_of_unit("shift", axis, f'the axis is "{axis}"', "axis", f'say axis = "{other}" if it is that')


def without_arpls(curve: Curve, stiffness: float | None, where: str) -> Curve:
    """Return a curve less its arPLS baseline, with a note; unchanged without a stiffness."""
    if stiffness is None:
        return curve
    baseline = arpls_baseline(curve.y, stiffness, f"{where}.arpls_stiffness")
    note = (
        f"an arPLS baseline of stiffness {stiffness:g} was subtracted from the whole curve before the fit (Baek et "
        "al., Analyst 140, 250 (2015)); that it may be off is in no standard error"
    )
    return replace(curve, y=curve.y - baseline, notes=(*curve.notes, note))
