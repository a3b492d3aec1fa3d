"""Effective ionic radii: R. D. Shannon, Acta Cryst. A32, 751 (1976), in Å.

Cations A of a perovskite ABX3 with twelve neighbours, metals B and halides X with six. Shannon gives
no radius for tin(II).
"""

from __future__ import annotations

from nanocrystal.errors import InputError, nearest_names

CATIONS = {"Cs": 1.88, "Rb": 1.72}
METALS = {"Pb": 1.19, "Ge": 0.73}
HALIDES = {"Cl": 1.81, "Br": 1.96, "I": 2.20}


def ionic_radius(symbol: str, role: dict[str, float], where: str) -> float:
    """Return the radius in Å of an ion in its role (CATIONS, METALS, HALIDES); raises InputError if unknown."""
    if symbol not in role:
        raise InputError(where, f"there is no radius for {symbol!r} here; {nearest_names(symbol, role)}")
    return role[symbol]
