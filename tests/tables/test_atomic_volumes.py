"""Rough volumes of atoms in solids, against cells of textbooks that are not among those they were fitted to."""

from __future__ import annotations

import pytest

from nanocrystal.tables.atomic_volumes import expected_volume
from nanocrystal.tables.formula import atoms_of_formula

CELLS = {
    # formula units of a cell, Å³ of the cell: CRC Handbook of Chemistry and Physics, densities as given there
    "Cs2 Te": (4, 9.512 * 5.838 * 11.748), "Rb2 S": (4, 7.65**3), "Mg3 Sb2": (1, 4.573**2 * 7.229 * 0.866),
    "Y F3": (4, 6.353 * 6.850 * 4.393), "Pr Cl3": (2, 7.422**2 * 4.275 * 0.866), "Ag2 O": (2, 4.728**3),
    "Tl Cl": (1, 3.8340**3), "Ba Ti O3": (1, 3.994**2 * 4.038), "Ca C O3": (6, 4.989**2 * 17.062 * 0.866),
    "Si": (8, 5.4310**3), "Ge": (8, 5.6575**3), "Cs": (2, 6.14**3), "Au": (4, 4.0786**3), "Cu Zn": (1, 2.954**3),
    "Ni3 Al": (1, 3.572**3), "Si O2": (3, 4.9137**2 * 5.4047 * 0.866), "C6 H6": (4, 7.44 * 9.55 * 6.92),
    "Fe S2": (4, 5.418**3), "Bi": (6, 4.546**2 * 11.863 * 0.866), "Sn": (4, 5.8316**2 * 3.1815),
}  # fmt: skip


@pytest.mark.parametrize("formula", CELLS)
def test_a_cell_has_the_volume_of_its_atoms_within_two_fifths(formula: str) -> None:
    units, volume = CELLS[formula]
    ratio = volume / units / expected_volume(atoms_of_formula(formula))
    assert 0.66 < ratio < 1.5


def test_half_of_the_atoms_are_told_from_all_of_them() -> None:
    within = [v / n / expected_volume(atoms_of_formula(f)) for f, (n, v) in CELLS.items()]
    doubled = [2.0 * ratio for ratio in within]
    assert sum(0.62 < ratio < 1.7 for ratio in within) == len(CELLS)
    assert sum(not 0.62 < ratio < 1.7 for ratio in doubled) > 0.8 * len(CELLS)


def test_deuterium_takes_the_room_of_hydrogen() -> None:
    assert expected_volume({"D": 2.0, "O": 1.0}) == expected_volume({"H": 2.0, "O": 1.0})


def test_elements_out_of_the_table_have_some_volume() -> None:
    assert expected_volume({"Lr": 1.0}) == 25.0
