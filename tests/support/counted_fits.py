"""Refinements of nickel against counts, of one technique each."""

from pathlib import Path
from typing import Any

import numpy as np

import nanocrystal as nc
from nanocrystal import vary
from nanocrystal.techniques.powder.profile import Profile
from support import counted_patterns

Q = np.linspace(1.5, 12.0, 800)
TWO_THETA = np.linspace(38.0, 106.0, 1000)
SMALL_Q = np.linspace(0.02, 0.5, 300)


def crystal(cif: Path, **more: Any) -> nc.Crystal:
    return nc.Crystal(cif, name="ni", u_iso={"Ni": counted_patterns.U_ISO}, **more)


def of_powder(cif: Path, y: np.ndarray, **more: Any) -> nc.Result:
    phase = nc.Population(crystal=crystal(cif, a=vary(3.525)), shape=nc.Bulk(), name="ni")
    profile = {"ni": Profile(size=vary(110.0))}
    data = nc.Powder(
        two_theta=TWO_THETA, intensity=y, tube="Cu", anomalous=False, caglioti_w=0.004, background_terms=1,
        profiles=profile, **more,
    )  # fmt: skip
    return nc.refine(phase, data)


def of_total_scattering(cif: Path, y: np.ndarray, **more: Any) -> nc.Result:
    spread = nc.Distribution("lognormal", vary(38.0), 6.0)
    dots = nc.Population(crystal=crystal(cif, a=vary(3.525)), shape=nc.Sphere(diameter=spread), name="ni")
    return nc.refine(dots, nc.TotalScattering(q=Q, intensity=y, background_terms=1, **more))


def of_saxs(cif: Path, y: np.ndarray, **more: Any) -> nc.Result:
    dots = nc.Population(crystal=crystal(cif, a=3.524), shape=nc.Sphere(diameter=vary(38.0)), name="ni")
    return nc.refine(dots, nc.Saxs(q=SMALL_Q, intensity=y, solvent="vacuum", **more))
