"""Cells of a laboratory diffractometer without a standard: what is said of them against what is true.

Made: the lines of LaB6 at the certified a = 4.156826 Å of NIST's SRM 660c, as a goniometer of 217.5 mm whose zero is
wrong shows them, as Gaussians that nothing of the package makes; refined with a displacement, as if the sample were
too high. So refined, the measured pattern of that standard gives 4.157179(6) Å: 8.5e-5 too large at σ of 1.4e-6.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal import vary
from nanocrystal.parameters import Parameter
from nanocrystal.sample import Crystal, Population, Sample
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.techniques import Powder, Profile
from support.structures import cif

CERTIFIED, RADIUS, ZERO = 4.156826, 217.5, 0.012
"""Å, mm, degrees"""
ALPHA = ((1.5405929, 1.0), (1.5444274, 0.5))
"""Å, of Cu Kα by G. Hölzer et al., Phys. Rev. A 56, 4554 (1997), and their ratio"""
WIDTH = 0.08
"""degrees, full width at half maximum"""
LINES = {
    1: 0.6,
    2: 1.0,
    3: 0.4,
    4: 0.25,
    5: 0.5,
    6: 0.3,
    8: 0.1,
    9: 0.25,
    10: 0.2,
    11: 0.15,
    12: 0.03,
    13: 0.12,
    14: 0.25,
}
"""h² + k² + l² and relative intensities, about those of LaB6"""
X = np.arange(20.0, 130.0, 0.02)
LAB6 = cif("4.157 4.157 4.157 90 90 90", "P m -3 m", "La La 0 0 0 1\nB B 0.1975 0.5 0.5 1")


def counts() -> np.ndarray:
    """Return counted Gaussians at 2 arcsin(λ √N/2a) + zero, (n_points,)."""
    y = np.full(len(X), 40.0)
    sigma = WIDTH / np.sqrt(8.0 * np.log(2.0))
    for squares, strength in LINES.items():
        for wavelength, part in ALPHA:
            place = 2.0 * np.degrees(np.arcsin(wavelength * np.sqrt(squares) / (2.0 * CERTIFIED))) + ZERO
            y += 8000.0 * strength * part * np.exp(-0.5 * ((X - place) / sigma) ** 2)
    return np.random.default_rng(0).poisson(y).astype(float)


@cache
def refined(what: str) -> nc.Result:
    """Return the pattern refined with what = "displacement" or "zero"."""
    crystal = Crystal(parse_cif(LAB6, "LaB6.cif"), {"a": vary(4.157)}, {"La": 0.005, "B": 0.004}, where="crystals.lab6")
    moved: dict[str, Parameter] = {what: vary(0.0)}
    data = Powder(
        two_theta=X, intensity=counts(), tube="Cu", radius=RADIUS, anomalous=False, caglioti_w=vary(0.006),
        background_terms=1, profiles={"lab6": Profile(intensities="free")}, **moved,
    )  # fmt: skip
    return nc.refine(Sample({"lab6": Population("lab6")}, {"lab6": crystal}), {"xrd": data})


def said(result: nc.Result) -> str:
    (note,) = [n for n in result.notes if "of a laboratory diffractometer" in n]
    return note


def test_the_cell_is_wrong_by_less_than_is_said_and_by_far_more_than_its_error() -> None:
    found = refined("displacement")["crystals.lab6.a"]
    off = found.value / CERTIFIED - 1.0
    assert found.stderr is not None
    assert abs(found.value - CERTIFIED) > 10.0 * found.stderr
    assert "are good to 0.0001 at best, whatever their standard errors" in said(refined("displacement"))
    assert abs(off) < 1e-4


def test_the_other_value_that_is_said_is_the_true_one() -> None:
    """What was wrong is the zero: its value follows by hand from the first fit, and comes in the second."""
    note = said(refined("displacement"))
    match = re.search(r"with zero refined instead of displacement: a of lab6 (\S+) for (\S+) Å", note)
    assert match is not None
    other, stated = (float(v) for v in match.groups())
    assert stated == pytest.approx(refined("displacement")["crystals.lab6.a"].value, abs=6e-6)
    assert other == pytest.approx(CERTIFIED, abs=5e-5)
    zero = refined("zero")
    assert zero["crystals.lab6.a"].value == pytest.approx(CERTIFIED, abs=1e-5)
    assert zero["datasets.xrd.zero"].value == pytest.approx(ZERO, abs=5e-4)
    assert "instead" not in said(zero)
