"""The part of a new study that small-angle scattering has."""

from __future__ import annotations

import numpy as np

from nanocrystal.data import Curve
from nanocrystal.data.units import plain
from nanocrystal.techniques.saxs.technique import PER_CM

LARGEST_Q = 0.7
"""Å⁻¹; a curve that ends here has no Bragg peak of an inorganic crystal"""
HALF = 3.7
"""diameter of a sphere times q at half of I(0), by Guinier's law: 2 √(5/3) √(3 ln 2)"""


def is_small_angle(curve: Curve) -> bool:
    """Say whether a curve is small-angle scattering, by its q."""
    return curve.x_name == "q" and float(curve.x[-1]) <= LARGEST_Q


def sphere_diameter(curve: Curve) -> float:
    """Return an estimate of the size, Å: where the curve falls to half of its highest value."""
    measured = curve.kept(curve.x > 0.0)
    top = int(np.argmax(measured.y))
    below = np.flatnonzero(measured.y[top:] < 0.5 * measured.y[top])
    return HALF / float(measured.x[top + below[0]]) if len(below) else HALF / float(measured.x[-1])


def saxs_lines(curve: Curve, path: str, ends: str, check: str) -> list[str]:
    """Return the lines of a data set below its file; ends: of q as a list; check: the mark of an assumption."""
    lines = [
        f"q_range = {ends}    # Å⁻¹; leave out what the beam stop shades",
        f'solvent = "toluene"    # {check}: name the solvent of {path}, or give solvent_electron_density',
    ]
    if curve.stated.slit_length:
        lines.append(f"slit_length = {curve.stated.slit_length:.6g}    # Å⁻¹, from the file, which is slit-smeared")
    if plain(curve.stated.y_unit) in PER_CM:
        lines.append("# volume_fraction = { value = 0.001, vary = true }    # the intensity is in 1/cm: absolute")
    if curve.stated.radiation == "neutron":
        lines.append(
            "# the file is of neutrons: sizes are right, the contrast is not, so that the scale is left to the fit"
        )
    if curve.sigma is None:
        lines.append('# weights = "relative"    # the file has no σ: 3 % of each intensity, unless you say otherwise')
    return [*lines, "# scale and background are linear and left to the fit"]
