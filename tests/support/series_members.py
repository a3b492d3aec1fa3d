"""A small series in a folder: nickel spheres whose cell grows with temperature, with the noise of known σ."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.report.series.result import MemberFit, MemberPattern, MemberResult, SeriesResult, SeriesValue
from nanocrystal.sample import Crystal, Population, Sample, Sphere
from nanocrystal.simulation import simulated_curves
from nanocrystal.techniques import Pdf
from support.small_study import CIF, SmallStudy

LENGTH, EXPANSION, COLDEST = 3.52, 20e-6, 100.0
"""Å at the coldest temperature, 1/K, K"""
U_ISO, DIAMETER, SIGMA = 0.006, 20.0, 0.02
STUDY = """title = "Nickel, heated"

[crystals.ni]
cif = "Ni.cif"
a = { value = 3.51, vary = true }
u_iso = { Ni = { value = 0.005, vary = true } }

[populations.dots]
crystal = "ni"
shape = "sphere"
diameter = { value = 20.0, vary = true }

[datasets.pdf]
technique = "pdf"
r_range = [1.5, 12.0]
qmax = 20.0
qdamp = 0.04
"""
SERIES = """
[series]
variable = "temperature"
unit = "K"
files = { pdf = "ni_{value}K.gr" }
"""


def cell_at(temperature: float) -> float:
    """Return the true cell parameter, Å."""
    return LENGTH * (1.0 + EXPANSION * (temperature - COLDEST))


@lru_cache
def measured_rows(temperature: float, seed: int) -> str:
    """Return a file with rows "r G dr dG" of the sample at a temperature."""
    from nanocrystal.sample.crystal.cif import parse_cif

    crystal = Crystal(parse_cif(CIF.replace("3.52", f"{cell_at(temperature):.7f}"), "Ni.cif"))
    sample = Sample({"dots": Population("ni", Sphere(DIAMETER))}, {"ni": crystal})
    columns = simulated_curves(sample, {"pdf": Pdf(r="0.01:14:0.02", qmax=20.0, qdamp=0.04)}, Path())
    r, g = columns["pdf"].values()
    noise = np.random.default_rng(seed).normal(0.0, SIGMA, len(r))
    return "\n".join(f"{x:.4f} {y:.8f} 0.01 {SIGMA}" for x, y in zip(r, g + noise, strict=True)) + "\n"


class SmallSeries(SmallStudy):
    """The study with files ni_100K.gr, ni_200K.gr, …"""

    def __init__(self, folder: Path, temperatures: tuple[float, ...] = (100.0, 200.0, 300.0)) -> None:
        super().__init__(folder)
        self.text = STUDY + SERIES
        for k, temperature in enumerate(temperatures):
            self.write(f"ni_{temperature:g}K.gr", measured_rows(temperature, k))

    def series(self, *more: str) -> Any:
        return self.run("series", "{}/study.toml", *more)

    def written(self, name: str = "series.json") -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "study-series" / name).read_text(encoding="utf-8"))
        return found


# ---- members that no refinement made --------------------------------------------------------------


def fit_of(values: dict[str, tuple[float, float]], bic: float | None = None, delta: float | None = None) -> MemberFit:
    """Return a fit with these parameters (value, standard error)."""
    pattern = MemberPattern(
        technique="pdf",
        x_name="r",
        x_unit="Å",
        y_name="G",
        y_unit="Å⁻²",
        x=[1.0, 2.0, 3.0],
        observed=[0.0, 1.0, -1.0],
        calculated=[0.1, 0.9, -1.1],
        rw=0.1,
        gof=1.2,
        n_points=3,
    )
    made = {
        a: SeriesValue(value=v, stderr=s, unit="Å", status="free", description="length") for a, (v, s) in values.items()
    }
    return MemberFit(
        converged=True,
        message="",
        n_parameters=len(made),
        values=made,
        derived={},
        patterns={"pdf": pattern},
        bic=bic,
        delta_bic=delta,
    )


def member_of(value: float, fits: dict[str, MemberFit], preferred: str | None, branch: str = "") -> MemberResult:
    return MemberResult(
        name=f"T{value:g}{branch}", value=value, branch=branch, fits=fits, best=[preferred or ""], preferred=preferred
    )


def series_of(members: list[MemberResult], candidates: tuple[str, ...] = (), **more: Any) -> SeriesResult:
    return SeriesResult(
        title="Made up",
        variable="temperature",
        unit="K",
        mode="sequential",
        members=members,
        candidates=candidates,
        **more,
    )
