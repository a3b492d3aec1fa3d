"""Against GSAS-II 2.0.0: what it printed for the inputs of benchmarks/gsas.py, kept in tests/references/gsas-ii.

python benchmarks/gsas.py --gsas PYTHON --measured FILE makes the inputs, runs it and prints both sides again; its
docstring says where the two programs count differently. Form factors differ (Cromer & Mann there, Waasmaier & Kirfel
here), f′ and f″ too; with f′ and f″ of GSAS-II in both, patterns agree on absolute scale to 0.1 %.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal.parameters import tied, vary
from nanocrystal.refinement import Result, refine
from nanocrystal.sample import Crystal, Population, Sample
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.simulation import simulated_curves
from nanocrystal.techniques import Powder, Profile
from support.measured import measured
from support.paths import EXAMPLES, REFERENCES
from support.structures import cif

FWHM2 = 8.0 * np.log(2.0) / 1e4
"""degrees² of a full width in one centidegree² of variance, the unit of U, V, W there"""
WAVELENGTH = 1.5406
MIXING: dict[str, Any] = {"size_lorentzian": 0.6, "strain_lorentzian": 0.3}
ANOMALOUS = {"Cs": -0.745417 + 7.901989j, "Pb": -4.078026 + 8.501374j, "I": -0.332433 + 6.833515j}
PRINTED = REFERENCES / "gsas-ii"


def pattern_in_their_unit() -> dict[str, np.ndarray]:
    """Return the pattern of γ- and δ-CsPbI3, equal masses, with Σ scale × mass of the cell = 1 as there."""
    u_iso = {"Cs": 0.04, "Pb": 0.02, "I": 0.03}
    crystals = {n: Crystal.from_library(f"CsPbI3-{n}", u_iso=u_iso) for n in ("gamma", "delta")}
    sample = Sample({n: Population(n, fraction=0.5) for n in crystals}, crystals)
    # X 1.5, Y 2.5 centidegrees; sizes 0.05 and 0.09 µm; microstrain 3000 and 1000 · 10⁻⁶; LG mix 0.6, 0.3; SH/L 0.002
    settings = Powder(
        two_theta="11:90:0.01", wavelength=WAVELENGTH, scherrer_constant=1.0, axial_divergence=0.001,
        caglioti_u=4.0 * FWHM2, caglioti_v=-3.0 * FWHM2, caglioti_w=6.0 * FWHM2, lorentz_x=0.015, lorentz_y=0.025,
        profiles={"gamma": Profile(500.0, 7.5e-4, **MIXING), "delta": Profile(900.0, 2.5e-4, **MIXING)},
    )  # fmt: skip
    columns = simulated_curves(sample, {"xrd": settings}, Path())["xrd"]
    # theirs: Σ S m |F|² P/(2 sin² θ cos θ V), areas 0.01 over degrees
    unit = WAVELENGTH**3 * np.degrees(1.0) / (8.0 * np.pi) * 100.0
    return {"two_theta": columns["two_theta"], "intensity": columns["intensity"] / unit}


@pytest.mark.parametrize(("theirs", "within"), [(True, 1.9e-3), (False, 0.012)])
def test_a_pattern_on_absolute_scale(theirs: bool, within: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """All terms of widths; with f′ and f″ of GSAS-II, and with those of each program."""
    if theirs:
        monkeypatch.setattr("nanocrystal.techniques.powder.phase.anomalous_factor", lambda e, *_: ANOMALOUS[e])
    columns = pattern_in_their_unit()
    x, expected = np.loadtxt(PRINTED / "pattern.csv", delimiter=",", skiprows=1).T
    found = columns["intensity"][np.searchsorted(columns["two_theta"], x - 1e-6)]
    np.testing.assert_allclose(found, expected, rtol=within)


def printed_values(name: str) -> dict[str, tuple[float, float]]:
    """Return address -> value and standard error of a refinement, as printed."""
    with (PRINTED / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return {row["address"]: (float(row["value"]), float(row["stderr"])) for row in csv.DictReader(stream)}


def compared(result: Result, printed: dict[str, tuple[float, float]], allowed: float) -> None:
    """Compare with printed values, in units of the standard errors here."""
    everything = {**result.parameters, **result.derived}
    off = {a: (everything[a].value - v) / float(everything[a].stderr or np.nan) for a, (v, _) in printed.items()}
    assert all(abs(v) < allowed for v in off.values()), off


@pytest.mark.campaign
def test_a_simulated_mixture() -> None:
    """The example on γ- and δ-CsPbI3, 11 to 60°, from the same start: what each printed, with its errors."""
    crystals = {
        name: Crystal.from_library(
            f"CsPbI3-{name}", u_iso={"Cs": 0.04, "Pb": 0.02, "I": vary(0.03)}, where=f"crystals.{name}",
            **{k: vary(v) for k, v in zip("abc", cell, strict=True)},
        )
        for name, cell in (("gamma", (8.58, 8.85, 12.48)), ("delta", (10.44, 4.79, 17.77)))
    }  # fmt: skip
    populations = {
        "gamma": Population("gamma", fraction=vary(0.5, min=0.0, max=1.0)),
        "delta": Population("delta", fraction=tied("1 - populations.gamma.mass_fraction")),
    }
    data = Powder(
        file=EXAMPLES / "powder_cspbi3.csv", two_theta_range=(11.0, 60.0), tube="Cu",
        scherrer_constant=1.0, caglioti_w=0.004, axial_divergence=0.001, background_terms=3,
        profiles={"gamma": Profile(vary(600.0), vary(0.0005)), "delta": Profile(vary(600.0))},
    )  # fmt: skip
    result = refine(Sample(populations, crystals), {"xrd": data})
    printed = printed_values("simulated_mixture")
    compared(result, printed, 1.0)
    everything = {**result.parameters, **result.derived}
    for address, (_, error) in printed.items():
        assert everything[address].stderr == pytest.approx(error, rel=0.06), address
    assert 100.0 * result.datasets["xrd"].rwp == pytest.approx(2.81832, abs=0.07)  # with the form factors of the data


ZNO = cif("3.25 3.25 5.205 90 90 120", "P 63 m c", "Zn Zn 0.333333 0.666667 0 1\nO O 0.333333 0.666667 0.382 1")


@cache
def measured_mixture() -> Result:
    """Return TiO2 and ZnO refined at 45 to 99.9°, where neither asymmetry nor a beam too long plays a part."""
    path = measured("xrd/dara_MIT/TiO2_0p4009-ZnO_0p6010--8min.xrdml")
    zno = Crystal(
        parse_cif(ZNO, "ZnO.cif"), {"a": vary(3.25), "c": vary(5.205)}, {"Zn": vary(0.006), "O": 0.008},
        where="crystals.zno",
    )  # fmt: skip
    tio2 = Crystal.from_library(
        "TiO2-anatase", u_iso={"Ti": vary(0.006), "O": 0.008}, a=vary(3.785), c=vary(9.512), where="crystals.tio2"
    )
    populations = {
        "zno": Population("zno", fraction=vary(0.5, min=0.0, max=1.0)),
        "tio2": Population("tio2", fraction=tied("1 - populations.zno.mass_fraction")),
    }
    data = Powder(
        file=path, two_theta_range=(45.0, 99.9), tube="Cu", radius=145.0, displacement=vary(-0.15),
        scherrer_constant=1.0, caglioti_w=0.01, axial_divergence=0.001, background_terms=8,
        profiles={n: Profile(vary(600.0)) for n in populations},
    )  # fmt: skip
    return refine(Sample(populations, {"zno": zno, "tio2": tio2}), {"xrd": data})


def test_a_measured_mixture() -> None:
    """u and the amounts differ by up to 2 standard errors, by the form factors."""
    printed = printed_values("measured_mixture")
    compared(measured_mixture(), printed, 2.2)
    curve = measured_mixture().datasets["xrd"]
    by_observed = np.sum((curve.observed - curve.calculated) ** 2 / curve.observed) / np.sum(curve.observed)
    assert 100.0 * np.sqrt(by_observed) == pytest.approx(6.05224, abs=0.02)  # GSAS-II weighs by 1/n, here 1/m does
