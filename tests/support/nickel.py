"""A synthetic PDF of nickel spheres and what refines it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.measurement import Noise
from nanocrystal.parameters import vary
from nanocrystal.sample import Population, Sample, Sphere
from nanocrystal.simulation import simulated_curves
from nanocrystal.techniques import Pdf
from support.modelling import crystal
from support.structures import NICKEL


def synthetic(folder: Path, sigma: bool = True) -> Path:
    """Write a synthetic nickel PDF and return its path."""
    sample = Sample({"p": Population("x", Sphere(30.0))}, {"x": crystal(NICKEL, 0.006)})
    truth = Pdf(r="0.02:40:0.02", qmax=20.0, scale=0.5, delta2=2.0, noise=Noise(sigma=0.04, seed=3))
    columns = simulated_curves(sample, {"pdf": truth}, folder)["pdf"]
    used = [columns["r"], columns["g"]] + ([columns["sigma"]] if sigma else [])
    path = folder / "ni.gr"
    np.savetxt(path, np.column_stack(used))
    return path


def nickel_problem(path: Path, **settings: Any) -> tuple[Sample, dict[str, Pdf]]:
    x = crystal(NICKEL, {"Ni": vary(0.0055)}, a=vary(3.525))
    sample = Sample({"p": Population("x", Sphere(vary(28.0)))}, {"x": x})
    return sample, {"pdf": Pdf(path, r_range=(1.5, 35.0), qmax=20.0, delta2=vary(1.8), **settings)}
