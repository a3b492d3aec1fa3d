"""CIFs read into numbers, and what symmetry makes of them, against crystallographic tables and hand sums."""

from __future__ import annotations

import gemmi
import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.parameters import ParameterSet
from nanocrystal.sample import Crystal
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.sample.crystal.symmetry import CELL_NAMES, cell_freedom, cell_vectors, site_orbit
from support.small_study import CIF


def cif_text(cell: str, group: str, sites: str, columns: str = "U_iso_or_equiv") -> str:
    """Return a CIF; cell: six numbers; sites: lines of label, element, x, y, z, and the column named."""
    values = cell.split()
    tags = ["length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"]
    lines = ["data_test", *(f"_cell_{t} {v}" for t, v in zip(tags, values, strict=True))]
    lines += [f"_space_group_name_H-M_alt '{group}'", "loop_"]
    names = ["label", "type_symbol", "fract_x", "fract_y", "fract_z", columns]
    lines += [f"_atom_site_{name}" for name in names]
    return "\n".join([*lines, *(line.strip() for line in sites.strip().splitlines()), ""])


WURTZITE = cif_text(
    "4.3 4.3 7.01 90 90 120", "P 63 m c", "Cd1 Cd 0.3333333 0.6666667 0 0.01\nSe1 Se 0.3333333 0.6666667 0.375 0.02"
)
CSPBBR3 = cif_text(
    "8.25 11.75 8.20 90 90 90", "P n m a",
    "Cs1 Cs 0.03 0.25 0.99 0.05\nPb1 Pb 0 0 0.5 0.02\nBr1 Br 0.49 0.25 0.05 0.04\nBr2 Br 0.21 0.02 0.79 0.04",
)  # fmt: skip


# ---- what the file says ---------------------------------------------------------------------------


def test_values_with_uncertainties_in_brackets() -> None:
    structure = parse_cif(CIF.replace("3.52", "3.5238(5)").replace(" 0.006", " 0.0061(2)"), "Ni.cif")
    assert structure.cell.tolist() == [3.5238, 3.5238, 3.5238, 90.0, 90.0, 90.0]
    assert structure.sites[0].u_iso == pytest.approx(0.0061)


def test_b_becomes_u() -> None:
    """B = 8π² U."""
    structure = parse_cif(CIF.replace("U_iso_or_equiv", "B_iso_or_equiv").replace(" 0.006", " 0.5"), "Ni.cif")
    assert structure.sites[0].u_iso == pytest.approx(0.5 / (8.0 * np.pi**2), rel=1e-6)


def test_equivalent_of_anisotropic_displacements_in_a_hexagonal_cell() -> None:
    """U_eq = (4/3 (U11 + U22 − U12) + U33)/3 for hexagonal axes (Fischer & Tillmanns, Acta Cryst. C44, 775 (1988))."""
    loop = "loop_\n_atom_site_aniso_label\n" + "".join(
        f"_atom_site_aniso_U_{ij}\n" for ij in ("11", "22", "33", "12", "13", "23")
    )
    text = WURTZITE + loop + "Cd1 0.02 0.02 0.03 0.01 0 0\nSe1 0.03 0.05 0.01 0.02 0 0\n"
    cd, se = parse_cif(text, "w.cif").sites
    assert cd.u_iso == pytest.approx((4.0 / 3.0 * (0.02 + 0.02 - 0.01) + 0.03) / 3.0, rel=1e-9)
    assert se.u_iso == pytest.approx((4.0 / 3.0 * (0.03 + 0.05 - 0.02) + 0.01) / 3.0, rel=1e-9)


def test_no_displacement_is_none() -> None:
    assert parse_cif(CIF.replace(" 0.006\n", " ?\n"), "Ni.cif").sites[0].u_iso is None


def test_charge_and_lower_case_in_the_type_symbol() -> None:
    assert parse_cif(CIF.replace("Ni1 Ni", "Ni1 Ni2+"), "x").sites[0].element == "Ni"
    assert parse_cif(CIF.replace("Ni1 Ni", "NI1 NI"), "x").sites[0].element == "Ni"


def test_labels_become_names() -> None:
    text = cif_text("5 5 5 90 90 90", "P 1", "Ni-1* Ni 0 0 0 0.01\n1Ni Ni 0.5 0.5 0.5 0.01\n1Ni Ni 0.5 0 0 0.01")
    assert [s.label for s in parse_cif(text, "x").sites] == ["Ni_1_", "_1Ni", "_1Ni_2"]


def test_first_block_with_coordinates_is_read() -> None:
    assert parse_cif("data_global\n_journal_year 2000\n" + CIF, "x").sites[0].label == "Ni1"


def test_left_out_angles_are_right_angles() -> None:
    text = CIF.replace("_cell_angle_alpha 90\n", "").replace("_cell_angle_gamma 90\n", "")
    assert parse_cif(text, "x").cell[3:].tolist() == [90.0, 90.0, 90.0]
    without = text.replace("_cell_angle_beta 90\n", "")
    assert "_cell_angle" not in without
    assert parse_cif(without, "x").cell.tolist() == [3.52, 3.52, 3.52, 90.0, 90.0, 90.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Ni.cif: is empty; a CIF with a structure is needed."),
        ("<html>", "Ni.cif: is a web page (HTML or XML), not a CIF; download the file itself."),
        ("hello", "Ni.cif: is not a CIF: it must begin with a line data_NAME, but begins with 'hello'."),
        (
            CIF.replace("_cell_length_c 3.52\n", ""),
            "Ni.cif: lacks the cell length _cell_length_c; a number in Å is needed.",
        ),
        (
            CIF.replace("Ni1 Ni", "Ni1 Xq"),
            "Ni.cif: site 'Ni1' has the unknown element 'Xq'; correct _atom_site_type_symbol.",
        ),
    ],
)
def test_messages(text: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_cif(text, "Ni.cif")
    assert str(raised.value) == message


@pytest.mark.parametrize("name", ["alpha", "beta", "gamma"])
def test_impossible_angle(name: str) -> None:
    text = CIF.replace("F m -3 m", "P 1").replace(f"_cell_angle_{name} 90", f"_cell_angle_{name} 200")
    with pytest.raises(InputError, match=r"^Ni\.cif: "):
        parse_cif(text, "Ni.cif")


# ---- what symmetry leaves free --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "cell", "free"),
    [
        ("F m -3 m", (4, 4, 4, 90, 90, 90), "a"),
        ("P 63 m c", (4, 4, 7, 90, 90, 120), "a c"),
        ("R -3 c:H", (5, 5, 13, 90, 90, 120), "a c"),
        ("R -3 c:R", (5, 5, 5, 55, 55, 55), "a alpha"),
        ("P 4/m m m", (4, 4, 6, 90, 90, 90), "a c"),
        ("P n m a", (8, 11, 8, 90, 90, 90), "a b c"),
        ("P 1 21/c 1", (5, 6, 7, 90, 100, 90), "a b c beta"),
        ("P 1 1 21/b", (5, 6, 7, 90, 90, 100), "a b c gamma"),
        ("P -1", (5, 6, 7, 80, 85, 100), "a b c alpha beta gamma"),
    ],
)
def test_free_cell_parameters(group: str, cell: tuple[float, ...], free: str) -> None:
    operations = gemmi.SpaceGroup(group).operations()
    rotations = np.array([op.rot for op in operations], dtype=float) / gemmi.Op.DEN
    found = cell_freedom(np.array(cell, dtype=float), rotations)
    assert [CELL_NAMES[i] for i in found.free] == free.split()


@pytest.mark.parametrize(
    ("group", "fract", "multiplicity", "free"),
    [
        # International Tables for Crystallography A
        ("F m -3 m", (0, 0, 0), 4, ""),  # a
        ("F m -3 m", (0.25, 0.25, 0.25), 8, ""),  # c
        ("F m -3 m", (0, 0.25, 0.25), 24, ""),  # d
        ("F m -3 m", (0.2, 0, 0), 24, "x"),  # e
        ("F m -3 m", (0.1, 0.1, 0.1), 32, "x"),  # f
        ("F m -3 m", (0.07, 0.16, 0.29), 192, "xyz"),  # l
        ("P 63 m c", (1 / 3, 2 / 3, 0.375), 2, "z"),  # b
        ("P n m a", (0.03, 0.25, 0.99), 4, "xz"),  # c
        ("P n m a", (0, 0, 0.5), 4, ""),  # b
        ("P n m a", (0.21, 0.02, 0.79), 8, "xyz"),  # d
        ("R -3 c:H", (0.46, 0, 0.25), 18, "x"),  # e
        ("P -1", (0.5, 0, 0.5), 1, ""),
        ("P 1", (0.1, 0.2, 0.3), 1, "xyz"),
    ],
)
def test_orbits(group: str, fract: tuple[float, ...], multiplicity: int, free: str) -> None:
    space_group = gemmi.SpaceGroup(group)
    operations = list(space_group.operations())
    rotations = np.array([op.rot for op in operations], dtype=float) / gemmi.Op.DEN
    translations = np.array([op.tran for op in operations], dtype=float) / gemmi.Op.DEN
    hexagonal = group.startswith(("P 63", "R"))
    cell = np.array([8.0, 8.0, 8.0, 90.0, 90.0, 120.0 if hexagonal else 90.0])
    orbit = site_orbit(np.array(fract, dtype=float), rotations, translations, cell_vectors(cell))
    assert len(orbit.images) == multiplicity
    assert "".join("xyz"[k] for k in orbit.free) == free


def test_a_coordinate_a_little_off_is_moved_onto_its_special_position() -> None:
    crystal = Crystal(parse_cif(WURTZITE.replace("0.3333333 0.6666667", "0.3333 0.6667"), "w.cif"))
    assert crystal.sites[0].orbit.fract[:2] == pytest.approx([1 / 3, 2 / 3], abs=1e-12)


def test_cell_vectors_have_the_lengths_and_angles() -> None:
    cell = np.array([5.0, 6.0, 7.0, 80.0, 85.0, 100.0])
    a, b, c = vectors = cell_vectors(cell)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(cell[:3])
    angles = [np.degrees(np.arccos(u @ v / np.linalg.norm(u) / np.linalg.norm(v))) for u, v in ((b, c), (a, c), (a, b))]
    assert angles == pytest.approx(cell[3:])


@pytest.mark.parametrize(
    ("text", "formula", "atoms"), [(CIF, "Ni", 4), (WURTZITE, "CdSe", 4), (CSPBBR3, "CsPbBr3", 20)]
)
def test_content_of_the_cell(text: str, formula: str, atoms: int) -> None:
    crystal = Crystal(parse_cif(text, "x"))
    assert crystal.formula == formula
    assert len(crystal.site_of_atom) == atoms


@pytest.mark.parametrize("text", [CIF, WURTZITE, CSPBBR3])
def test_written_cif_reads_back_the_same(text: str) -> None:
    crystal = Crystal(parse_cif(text, "x"))
    values = ParameterSet({f"c.{k}": v for k, v in crystal.declared().items()}).initial_values()
    found = crystal.at(values.under("c"))
    again = Crystal(parse_cif(found.cif_text("a title with 'quotes'\nand lines"), "y"))
    same = ParameterSet({f"c.{k}": v for k, v in again.declared().items()}).initial_values()
    assert set(same) == set(values)
    for address, value in values.items():
        assert same[address] == pytest.approx(value, abs=2e-6), address
    for first, second in zip(found.positions, again.at(values.under("c")).positions, strict=True):
        assert sorted(map(tuple, np.round(first % 1.0, 4))) == sorted(map(tuple, np.round(second % 1.0, 4)))
