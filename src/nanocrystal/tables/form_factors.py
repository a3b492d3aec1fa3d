"""X-ray form factors of free atoms: Waasmaier & Kirfel, Acta Cryst. A51, 416 (1995).

f0(s) = c + Σ a_k exp(−b_k s²), s = sin θ/λ = Q/4π, for s up to 6 Å⁻¹. The table is written by
tools/make_form_factors.py. Anomalous terms f′ + i f″ (Chantler) come from xraydb where an energy is
given.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names

FloatArray = NDArray[np.float64]


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[float, ...]]:
    with (files("nanocrystal.tables") / "waasmaier_kirfel.csv").open(encoding="utf-8") as stream:
        rows = list(csv.reader(stream))[1:]
    return {row[0]: tuple(float(v) for v in row[1:]) for row in rows}


def form_factor(element: str, q: FloatArray) -> FloatArray:
    """Return f0 of the neutral atom in electrons; q: (n_q,) Å⁻¹. Raises InputError for an unknown element."""
    table = _table()
    element = "H" if element == "D" else element
    if element not in table:
        raise InputError("", f"there is no form factor for {element!r}; {nearest_names(element, table)}")
    c, *rest = table[element]
    s2 = (q / (4.0 * np.pi)) ** 2
    terms = [a * np.exp(-b * s2) for a, b in zip(rest[:5], rest[5:], strict=True)]
    return np.asarray(c + sum(terms))


def anomalous_factor(element: str, energy_ev: float, where: str = "energy") -> complex:
    """Return f′ + i f″ in electrons at a photon energy (eV), by C. T. Chantler's tables in xraydb.

    Raises InputError, at the address `where`, if xraydb is not installed or the energy is outside its tables.
    """
    try:
        import xraydb
    except ImportError:
        raise InputError(
            where,
            'f′ and f″ need the package xraydb, which is not installed: pip install "nanocrystal[anomalous]" '
            "(or anomalous = false, which leaves them out).",
        ) from None
    element = "H" if element == "D" else element
    try:
        energies = xraydb.get_xraydb().chantler_energies(element)
    except Exception:  # whatever its database raises
        raise InputError(
            where, f"there are no tables of f′ and f″ for {element}; leave them out with anomalous = false."
        ) from None
    low, high = float(min(energies)), float(max(energies))
    if not low <= energy_ev <= high:
        raise InputError(
            where, f"must lie within {low:.0f}–{high:.0f} eV for {element}, got {energy_ev:g} eV; is it in eV?"
        )
    return complex(float(xraydb.f1_chantler(element, energy_ev)), float(xraydb.f2_chantler(element, energy_ev)))


def absorption_edges(element: str) -> dict[str, float]:
    """Return name -> energy (eV) of the absorption edges of an element, from xraydb, which must be installed."""
    import xraydb

    return {n: float(e.energy) for n, e in xraydb.xray_edges("H" if element == "D" else element).items()}
