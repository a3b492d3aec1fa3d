"""The settings of space group 62: structures given as Pnma, Pnam, … turned to Pbnm."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.cif import CifSite, CifStructure

FloatArray = NDArray[np.float64]


def in_pbnm(structure: CifStructure) -> CifStructure:
    """Return a structure with its axes renamed so that its space group is Pbnm.

    Only axes and coordinates change places (for Pnma: a, b, c become b, c, a of Pbnm), so nothing is
    rounded. An odd exchange, as from Pnam, mirrors the structure, which is the same structure, since
    the group has an inversion centre.

    Parameters
    ----------
    structure : CifStructure
        In any setting of space group 62 with an inversion centre at the origin.

    Returns
    -------
    CifStructure
        The same in Pbnm.

    Raises
    ------
    InputError
        For other space groups and origins.
    """
    order = pbnm_order(structure)
    if order is None:
        raise InputError(
            structure.source,
            f"the space group {structure.space_group!r} is not Pnma or another setting of it (number 62, "
            "inversion centre at the origin), so it cannot be turned to Pbnm.",
        )
    if order == (0, 1, 2):
        return structure
    axes = list(order)
    rotations, translations = _reordered(structure, order)
    sites = tuple(_reordered_site(site, order) for site in structure.sites)
    cell = np.concatenate([structure.cell[:3][axes], structure.cell[3:][axes]])
    return replace(
        structure,
        source=f"{structure.source} (turned to Pbnm)",
        cell=cell,
        space_group="P b n m",
        rotations=rotations,
        translations=translations,
        sites=sites,
    )


def pbnm_order(structure: CifStructure) -> tuple[int, int, int] | None:
    """Return which axes of the structure are a, b, c of Pbnm; None where it is no setting of Pbnm."""
    import gemmi

    group = gemmi.SpaceGroup("P b n m").operations()
    rotations = np.array([op.rot for op in group], dtype=float) / gemmi.Op.DEN
    translations = np.array([op.tran for op in group], dtype=float) / gemmi.Op.DEN
    of_pbnm = _operation_set(rotations, translations)
    for i, j, k in permutations((0, 1, 2)):
        order = (i, j, k)
        if _operation_set(*_reordered(structure, order)) == of_pbnm:
            return order
    return None


def _reordered(structure: CifStructure, order: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    axes = list(order)
    return structure.rotations[:, axes][:, :, axes], structure.translations[:, axes]


def _reordered_site(site: CifSite, order: tuple[int, int, int]) -> CifSite:
    i, j, k = order
    return replace(site, fract=(site.fract[i], site.fract[j], site.fract[k]))


def _operation_set(rotations: FloatArray, translations: FloatArray) -> set[tuple[int, ...]]:
    """Return the operations as whole numbers (translations in 24ths, within the cell)."""
    turns = np.rint(rotations).astype(int).reshape(-1, 9)
    shifts = np.rint(translations * 24.0).astype(int) % 24
    return {tuple(int(n) for n in row) for row in np.hstack([turns, shifts])}
