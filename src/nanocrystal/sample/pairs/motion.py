"""Correlated motion of near pairs, σ² = (u_i + u_j)(1 − delta1/r − delta2/r²), and up to where it leaves a width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nanocrystal.parameters import Ceiling, Values

POWERS = {"delta1": 1, "delta2": 2}
"""of 1/r"""
LEAST_LEFT = 0.01
"""of the width² of the nearest pairs"""


def correlated_motion(values: Values, places: Sequence[str]) -> dict[str, int]:
    """Return address -> power of 1/r of what is said of correlated motion; the first place that says it counts."""
    found = {}
    for name, power in POWERS.items():
        address = next((f"{place}.{name}" for place in places if f"{place}.{name}" in values), None)
        if address is not None:
            found[address] = power
    return found


def motion_ceiling(population: str, powers: Mapping[str, int], nearest: float) -> Ceiling:
    """Return what correlated motion may not exceed where the nearest pairs are so far apart, Å."""
    slopes = {address: nearest**-power / (1.0 - LEAST_LEFT) for address, power in powers.items()}
    return Ceiling(slopes, f"no width to the nearest pairs of {population} at {nearest:.2f} Å")
