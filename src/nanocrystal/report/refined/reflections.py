"""Reflections of a refined crystal within a range of Q, from the CIF of a result, for labels in a figure.

In a perovskite those that the cubic cell has not are named after the point of the cubic Brillouin zone that they
stem from. In Pbnm (a ≈ b ≈ √2 a_p, c ≈ 2 a_p): M for h + k odd, l even; R for both odd; X for h + k even, l odd. In
P4/mbm (a ≈ √2 a_p, c ≈ a_p) h + k odd is M.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CUBIC, OTHER = "cubic", "all"
LAYERS = {"P b n m": 2, "P 4/m b m": 1}
"""space group -> pseudocubic cells along c of a tilted perovskite in its usual cell"""
SQUARE_ROOT_CELL = 0.06
"""by which part lengths may depart from those of a pseudocubic cell"""
WEAKEST = 1e-4
"""of the strongest reflection of the range; weaker ones are left out"""


@dataclass(frozen=True)
class Reflection:
    """A family of equivalent reflections; intensity: multiplicity times |F|², on any scale."""

    hkl: tuple[int, int, int]
    q: float
    intensity: float
    kind: str

    @property
    def text(self) -> str:
        """The indices as they are written, a minus sign before its digit."""
        return "".join(f"\N{MINUS SIGN}{-i}" if i < 0 else str(i) for i in self.hkl)


def reflections(cif: str, low: float, high: float) -> list[Reflection]:
    """Return the reflections between two Q (Å⁻¹) in order of Q; none where the text is no crystal in a known group."""
    import gemmi

    try:
        crystal = gemmi.make_small_structure_from_block(gemmi.cif.read_string(cif).sole_block())
    except (RuntimeError, ValueError):
        return []
    group = crystal.spacegroup
    if group is None or not crystal.cell.is_crystal() or not crystal.sites:
        return []
    layers = _layers(group.hm, crystal.cell)
    crystal.change_occupancies_to_crystallographic()  # atoms on special positions count once
    calculator = gemmi.StructureFactorCalculatorX(crystal.cell)
    operations = group.operations()
    allowed = []
    for hkl in gemmi.make_miller_array(crystal.cell, group, 2.0 * np.pi / high, 2.0 * np.pi / low, unique=True):
        h, k, m = (int(i) for i in hkl)
        equivalents = {tuple(sign * i for i in op.apply_to_hkl([h, k, m])) for op in operations for sign in (1, -1)}
        factor = abs(calculator.calculate_sf_from_small_structure(crystal, [h, k, m]))
        q = 2.0 * np.pi / crystal.cell.calculate_d([h, k, m])
        allowed.append(Reflection((h, k, m), q, len(equivalents) * factor**2, _kind(h, k, m, layers)))
    strongest = max((r.intensity for r in allowed), default=0.0)
    return sorted((r for r in allowed if r.intensity > WEAKEST * strongest), key=lambda r: r.q)


def _layers(group: str, cell: object) -> int | None:
    """Return how many pseudocubic cells c holds in a tilted perovskite, None for another crystal."""
    layers = LAYERS.get(group)
    a, b, c = (getattr(cell, name) for name in "abc")
    if layers is None or max(abs(a / b - 1.0), abs(c * np.sqrt(2.0) / (layers * a) - 1.0)) > SQUARE_ROOT_CELL:
        return None
    return layers


def _kind(h: int, k: int, m: int, layers: int | None) -> str:
    if layers is None:
        return OTHER
    odd_base, odd_axis = (h + k) % 2 == 1, m % layers == 1
    return {(True, False): "M", (True, True): "R", (False, True): "X"}.get((odd_base, odd_axis), CUBIC)


def grouped(reflections: Sequence[Reflection], nearest: float) -> list[list[Reflection]]:
    """Return reflections of one kind in groups closer than `nearest` (Å⁻¹) to the one before."""
    groups: list[list[Reflection]] = []
    for reflection in sorted(reflections, key=lambda r: r.q):
        if groups and reflection.q - groups[-1][0].q < nearest:
            groups[-1].append(reflection)
        else:
            groups.append([reflection])
    return groups
