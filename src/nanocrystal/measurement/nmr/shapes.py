"""Shapes of lines that need more than numbers: a measured one from a file, and powder patterns of solids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data import Curve
from nanocrystal.errors import InputError
from nanocrystal.measurement.nmr.points import measured_curve
from nanocrystal.measurement.points import Named
from nanocrystal.parameters import Claim, Meaning, Number, Quantity, as_parameter, of_measurement
from nanocrystal.spectra.lines import Form, measured_line
from nanocrystal.spectra.solids import REFINABLE, Nucleus, Transitions, require_mrsimulator, solid_line
from nanocrystal.tables.isotopes import isotope

FloatArray = NDArray[np.float64]
MEASURED, SOLID = "measured", "solid"
MOST_SAMPLES = 4000
UNEVEN = 1e-3
"""of the step: from which on samples are put on an even grid"""
AT_ONCE = 2_000_000
"""samples times points that are calculated in one piece"""


def quantities(width_hz: float, mhz: float) -> dict[str, Quantity]:
    """Return declarations of what only solids have; width_hz of the line says which changes matter."""
    return {
        "csa": Quantity(
            "csa",
            "ppm",
            "anisotropy δ_zz − δ_iso of the shift",
            0.0,
            scale=0.5 * width_hz / mhz,
            meaning=Meaning("shift anisotropy", "δ_zz − δ_iso, |δ_zz − δ_iso| the largest"),
            claim=Claim("no anisotropy of the shift", other=20.0),
        ),
        "csa_asymmetry": Quantity(
            "csa_asymmetry",
            "",
            "asymmetry of the shift",
            0.0,
            0.0,
            1.0,
            scale=0.1,
            meaning=Meaning("asymmetry parameter", "of the chemical shift"),
        ),
        "cq": Quantity(
            "cq",
            "Hz",
            "quadrupole coupling e²qQ/h",
            0.0,
            0.0,
            1e9,
            scale=10.0 * width_hz,
            meaning=Meaning("quadrupole coupling", "e²qQ/h"),
            claim=Claim("no quadrupole coupling", other=100000.0),
        ),
        "cq_asymmetry": Quantity(
            "cq_asymmetry",
            "",
            "asymmetry of the field gradient",
            0.0,
            0.0,
            1.0,
            scale=0.1,
            meaning=Meaning("asymmetry parameter", "of the electric field gradient"),
        ),
        "spinning_rate": Quantity(
            "spinning_rate",
            "Hz",
            "rate of spinning at the magic angle",
            0.0,
            0.0,
            1e12,
            meaning=of_measurement("frequency", "of spinning at the magic angle"),
        ),
    }


# ---- a measured shape ---------------------------------------------------------------------------


def _not_read(x: FloatArray, *values: float) -> FloatArray:
    raise InputError("shape", f'"{MEASURED}" is for lines of nmr-lines; choose another shape here.')


NOT_READ = Form(
    name=MEASURED,
    parameters=("position", "fwhm"),
    stacked=_not_read,
    limits={"fwhm": (0.0, np.inf)},
    starts={"position": 0.0, "fwhm": 0.0},
)
"""a measured shape before its file is read"""


def check_samples(shape: str, samples: object, samples_range: object, where: str) -> None:
    """Raise InputError where a measured shape has no file, and another shape has one."""
    if shape == MEASURED and samples is None:
        raise InputError(f"{where}.samples", "is missing: the file of the measured shape, axis and intensity.")
    for name, value in (("samples", samples), ("samples_range", samples_range)):
        if shape != MEASURED and value is not None:
            raise InputError(f"{where}.{name}", f'is for shape = "{MEASURED}"; this one is "{shape}".')


def measured_form(
    samples: str | Path, samples_range: tuple[float, float] | None, where: str, folder: Path, n_points: int
) -> tuple[Curve, Form]:
    """Return the samples of a shape and its form, for n_points; raises InputError for what cannot be a shape.

    Samples on an uneven axis are put on an even one of their smallest step, by straight lines.
    """
    curve = measured_curve(Named(samples), f"{where}.samples", folder)
    if samples_range is not None:
        curve = curve.between(*samples_range, f"{where}.samples_range")
    curve = curve.sound().single_valued()
    steps = np.diff(curve.x)
    if np.ptp(steps) > UNEVEN * steps.min():
        n = int(min(np.ceil((curve.x[-1] - curve.x[0]) / steps.min()) + 1, MOST_SAMPLES + 1))
        x = np.linspace(curve.x[0], curve.x[-1], n)
        curve = replace(curve, x=x, y=np.interp(x, curve.x, curve.y), sigma=None)
    if len(curve.x) > MOST_SAMPLES:
        problem = f"has more than {MOST_SAMPLES} points; cut it to the line by samples_range = [low, high]."
        raise InputError(f"{where}.samples", problem)
    if not curve.y.sum() > 0.0:
        raise InputError(f"{where}.samples", "has no positive area; a shape is scaled to unit area.")
    form = measured_line(curve.x, curve.y)
    rows = max(1, AT_ONCE // len(curve.x))
    return curve, form if n_points <= rows else replace(form, stacked=_InPieces(form, rows))


class _InPieces:
    """A form's curve, calculated for some points at a time, as its memory grows with points times samples."""

    def __init__(self, form: Form, rows: int) -> None:
        self.form, self.rows = form, rows

    def __call__(self, x: FloatArray, *values: Any) -> FloatArray:
        pieces = [self.form.stacked(x[k : k + self.rows], *values) for k in range(0, len(x), self.rows)]
        return np.concatenate(pieces, axis=-1)


# ---- solids -------------------------------------------------------------------------------------


def nucleus_of(name: str | None, mhz: float | None, transitions: Transitions, where: str, at: str) -> Nucleus:
    """Return the nucleus of a data set; where: "" or its address and a dot; at: the address of the line."""
    if name is None:
        raise InputError(f"{at}.shape", f'"{SOLID}" needs nucleus = "133Cs" (or another) in its nmr-lines data set.')
    if mhz is None:
        raise InputError(f"{where}spectrometer_frequency", f'is missing: shape = "{SOLID}" needs it (MHz).')
    nuclide = isotope(name, f"{where}nucleus")
    return Nucleus(nuclide.name, nuclide.spin, mhz, transitions)


def solid_form(
    name: str | None,
    mhz: float | None,
    transitions: Transitions,
    hz_per_unit: float,
    numbers: Mapping[str, Number | None],
    where: str,
    at: str,
) -> Form:
    """Return the form of a solid, with derivatives by those of its numbers that are not fixed."""
    nucleus = nucleus_of(name, mhz, transitions, where, at)
    free = {n for n, number in numbers.items() if number is not None and _is_free(number)}
    if "spinning_rate" in free:
        raise InputError(f"{at}.spinning_rate", "is known and cannot be refined; give a number, in Hz.")
    require_mrsimulator(f"{at}.shape")
    return solid_line(nucleus, hz_per_unit, [n for n in REFINABLE if n in free])


def _is_free(number: Number) -> bool:
    parameter = as_parameter(number)
    return parameter.vary or parameter.tie is not None
