"""Intensities against the certificate of the NIST intensity standards SRM 674.

International Tables for Crystallography C (2006), Table 5.2.11.1: Cu Kα; the second and third strongest lines over
the strongest, and the strongest over the (113) line of corundum, 1 : 1 by mass. The corundum of that standard is
oriented (its (104) line is 0.874 of (113), calculated are 1.02), so ratios to it are only good to a tenth.
Structures: ZnO, Kihara & Donnay (1985); rutile and corundum as in any textbook.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.sample import Crystal, Population, Sample
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.simulation import simulated_curves
from nanocrystal.techniques import Powder
from support.structures import cif

CORUNDUM = cif("4.75893 4.75893 12.9917 90 90 120", "R -3 c :H", "Al Al 0 0 0.35228 1\nO O 0.3064 0 0.25 1")
ZINCITE = cif(
    "3.24981 3.24981 5.20653 90 90 120", "P 63 m c", "Zn Zn 0.333333 0.666667 0 1\nO O 0.333333 0.666667 0.382 1"
)
RUTILE = cif("4.59365 4.59365 2.95874 90 90 90", "P 42/m n m", "Ti Ti 0 0 0 1\nO O 0.3053 0.3053 0 1")
U_ISO = {"Al": 0.004, "O": 0.006, "Zn": 0.008, "Ti": 0.006}


@cache
def area(structure: str, centre: float) -> float:
    """Return the area of the peak at 2θ = centre (°) of a pure phase, per dalton."""
    crystal = Crystal(parse_cif(structure, "standard.cif"), u_iso=_u_iso(structure))
    settings = Powder(two_theta=f"{centre - 1.0}:{centre + 1.0}:0.002", tube="Cu", caglioti_w=4e-4)
    columns = simulated_curves(Sample({"x": Population("x")}, {"x": crystal}), {"xrd": settings}, Path())["xrd"]
    x, y = columns["two_theta"], columns["intensity"]
    near = np.abs(x - centre) < 0.35
    return float(np.trapezoid(y[near], x[near]))


def _u_iso(structure: str) -> dict[str, float]:
    return {s.element: U_ISO[s.element] for s in parse_cif(structure, "standard.cif").sites}


@pytest.mark.parametrize(
    ("structure", "line", "strongest", "certified", "sigma"),
    [
        (ZINCITE, 31.77, 36.25, 0.576, 0.011),
        (ZINCITE, 34.42, 36.25, 0.402, 0.014),
        (RUTILE, 54.32, 27.45, 0.569, 0.028),
        (RUTILE, 36.09, 27.45, 0.440, 0.017),
    ],
)
def test_lines_over_the_strongest_one(
    structure: str, line: float, strongest: float, certified: float, sigma: float
) -> None:
    assert area(structure, line) / area(structure, strongest) == pytest.approx(certified, abs=2.5 * sigma)


@pytest.mark.parametrize(("structure", "strongest", "certified"), [(ZINCITE, 36.25, 5.17), (RUTILE, 27.45, 3.39)])
def test_strongest_line_over_that_of_corundum(structure: str, strongest: float, certified: float) -> None:
    assert area(structure, strongest) / area(CORUNDUM, 43.35) == pytest.approx(certified, rel=0.12)
