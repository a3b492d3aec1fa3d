"""Powder data that GSAS-II exported as .csv: 2θ, observed intensities and their weights, below what was set.

Layout of its exporter `G2export_csv` (version 2.0.0): lines "Histogram", "Instparm: NAME" and "Samparm: NAME", then the
headings x, y_obs, weight, y_calc, y_bkg, Q. σ is the root of 1/weight. Of wavelengths only Lam is taken: those of a
doublet are written with two decimals.
"""

from __future__ import annotations

import numpy as np

from nanocrystal.data.curve import Curve
from nanocrystal.data.formats import Format, RawFile
from nanocrystal.data.lines import fields, number, quoted, text_lines
from nanocrystal.data.markup import positive
from nanocrystal.data.powder.scan import scan_of
from nanocrystal.data.stated import Radiation, Stated

HEADINGS = ["x", "y_obs", "weight"]


def gsas_ii_curve(file: RawFile) -> Curve:
    """Return the observed pattern; raises InputError for times of flight and for what is no such table."""
    said: dict[str, str] = {}
    rows: list[list[float]] | None = None
    for at, line in enumerate(text_lines(file.text), 1):
        cells = [c.strip() for c in fields(line)] if line.strip() else []
        if rows is None and cells[:3] == HEADINGS:
            rows = []
        elif rows is None and len(cells) > 1:
            said[cells[0]] = cells[1]
        elif rows is not None and cells:
            values = [number(c) for c in cells[:3]]
            if len(values) < 3 or None in values:
                raise file.error(f"{quoted(line)} is no 2θ, intensity and weight.", at)
            rows.append([v for v in values if v is not None])
    if not rows:
        raise file.error("holds no table with the headings x, y_obs, weight, which GSAS-II writes.")
    kind = said.get("Instparm: Type", "")
    if kind[2:3] != "C":
        raise file.error(f"is of the type {kind[:8]!r} of GSAS-II; only 2θ at one wavelength (PXC, PNC) is read.")
    x, y, weight = np.array(rows, dtype=np.float64).T
    kept = (weight > 0.0) & np.isfinite(weight)
    scan = scan_of(file, x[kept], y[kept])
    notes = ["σ is the root of 1/weight"]
    left_out = int((~kept).sum())
    notes += [f"{left_out} of {len(x)} points have the weight 0 and were left out"] if left_out else []
    radiation: Radiation = "neutron" if kind[1:2] == "N" else "x-ray"
    stated = Stated(
        radiation=radiation,
        wavelength=positive(said.get("Instparm: Lam", "")),
        temperature=positive(said.get("Samparm: Temperature", "")),
        sample=said.get("Histogram", "").removeprefix("PWDR").strip(),
    )
    sigma = 1.0 / np.sqrt(weight[kept][np.argsort(x[kept], kind="stable")])
    return file.curve(scan.two_theta, scan.counts, sigma, axes=("two_theta", "intensity"), stated=stated, notes=notes)


GSAS_II = Format("powder data of GSAS-II", (), gsas_ii_curve, knows=lambda c: c.startswith(b'"Histogram","PWDR'))
