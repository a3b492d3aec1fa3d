"""Energies of absorption edges, in eV, K and L1 to L3 of Li to Cf.

W. T. Elam, B. D. Ravel & J. R. Sieber, Radiat. Phys. Chem. 63, 121 (2002), as the package xraydb (MIT licence) has
them. Real edges lie within some eV of these, by chemistry and by the calibration of a monochromator.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def absorption_edge_energies() -> Mapping[str, Mapping[str, float]]:
    """Return element -> name of the edge -> energy, eV."""
    with (files("nanocrystal.tables") / "absorption_edges.csv").open(encoding="utf-8") as stream:
        return {
            row["element"]: {name: float(energy) for name, energy in row.items() if name != "element" and energy}
            for row in csv.DictReader(stream)
        }


def nearest_edge(energy: float) -> tuple[str, str, float]:
    """Return element, name and energy (eV) of the edge that is nearest to an energy."""
    every = ((e, n, at) for e, edges in absorption_edge_energies().items() for n, at in edges.items())
    return min(every, key=lambda found: abs(found[2] - energy))
