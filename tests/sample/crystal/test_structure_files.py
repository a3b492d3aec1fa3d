"""Structure files of other programs give the distances, symmetry and displacements that follow from them by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nanocrystal import Crystal, InputError
from nanocrystal.sample import Population, Sample
from nanocrystal.sample.crystal.structure_files import structure_of_file
from nanocrystal.techniques import Pdf
from support.measured import measured
from support.modelling import calculated
from support.structure_texts import HEXAGONAL, WURTZITE, A, C, Z, ncmat, poscar, project, stru
from support.structures import cif

VECTORS = ((A, 0.0, 0.0), (-A / 2.0, A * math.sqrt(3.0) / 2.0, 0.0), (0.0, 0.0, C))
ROWS = [f"{x:.12f} {y:.12f} {z:.12f}" for _, x, y, z in WURTZITE]
SAME_AS_CIF = cif(
    f"{A} {A} {C} 90 90 120", "P 63 m c", f"Cd Cd 0.333333333 0.666666667 0 1\nSe Se 0.333333333 0.666666667 {Z} 1"
)
BONDS = sorted([Z * C, *[math.sqrt(A * A / 3.0 + (0.5 - Z) ** 2 * C * C)] * 3])
"""Å; of wurtzite, by hand: one along c, three aside"""
CADMIUM = sorted([math.sqrt(A * A / 3.0 + C * C / 4.0)] * 6 + [A] * 6)
"""Å; from one layer to the next, and within it"""
SPGR = "spcgr   P63mc"

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def shells(crystal: Crystal, of: str, to: str, n: int) -> list[float]:
    """Return the n shortest distances from an atom of one element to those of another, Å, from all lattice vectors."""
    now = crystal.at(crystal._initial_values())
    elements = np.array([crystal.sites[i].element for i in crystal.site_of_atom])
    cells = np.array(np.meshgrid(*[np.arange(-2, 3)] * 3)).reshape(3, -1).T
    first = now.fract[elements == of][0]
    apart = (now.fract[elements == to][:, None] + cells[None] - first).reshape(-1, 3) @ now.vectors
    distances = np.sort(np.linalg.norm(apart, axis=1))
    return [float(d) for d in distances[distances > 1e-6][:n]]


ALL = {
    "a.stru": stru(HEXAGONAL, WURTZITE, head=SPGR),
    "in_P1.stru": stru(HEXAGONAL, WURTZITE, head="spcgr   P1"),
    "a.ddp3": project({"a fit/a phase/initial": stru(HEXAGONAL, WURTZITE, head=SPGR)}),
    "POSCAR": poscar(VECTORS, ROWS),
    "CONTCAR_relaxed": poscar(VECTORS, [r + " T T F" for r in ROWS], mode="Selective dynamics\nDirect"),
    "a.vasp": poscar(VECTORS, ROWS, kinds="Cd_sv_GW Se/3a5c\n2 2", comment=""),
    "version4.vasp": poscar(VECTORS, ROWS, kinds="2 2", comment="Cd Se wurtzite"),
    "a.ncmat": ncmat(
        f"{A} !! {C}",
        "90 90 120",
        "186",
        ["Cd 1/3 2/3 0", "Cd 2/3 1/3 1/2", f"Se 1/3 2/3 {Z}", f"Se 2/3 1/3 {0.5 + Z}"],
    ),
}


@pytest.mark.parametrize("name", ALL)
def test_distances_are_those_of_wurtzite_by_hand(write: Write, name: str) -> None:
    crystal = Crystal(write(name, ALL[name]), u_iso={"Cd": 0.01, "Se": 0.01})
    assert shells(crystal, "Cd", "Se", 4) == pytest.approx(BONDS, abs=1e-6)
    assert shells(crystal, "Cd", "Cd", 12) == pytest.approx(CADMIUM, abs=1e-6)
    assert crystal.formula == "CdSe"


def curve(crystal: Crystal) -> np.ndarray:
    return calculated(Sample({"p": Population("x")}, {"x": crystal}), Pdf(r="2:20:0.05", qmax=20.0))


@pytest.mark.parametrize("name", ["a.stru", "in_P1.stru", "POSCAR"])
def test_the_pdf_is_that_of_the_same_structure_in_a_cif(write: Write, name: str) -> None:
    u_iso = {"Cd": 0.014, "Se": 0.015}
    expected = curve(Crystal(write("a.cif", SAME_AS_CIF), u_iso=u_iso))
    found = curve(Crystal(write(name, ALL[name]), u_iso=u_iso))
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


def test_the_real_structure_of_pdfgui_is_wurtzite() -> None:
    path = measured("pdf/pdfgui_CdSe_3nm/CdSe-wurtzite.stru")
    crystal = Crystal(path)
    assert [(s.label, s.multiplicity) for s in crystal.sites] == [("Cd1", 2), ("Se1", 2)]
    assert shells(crystal, "Cd", "Se", 4) == pytest.approx(BONDS, abs=1e-5)
    # U11 = U22 = U33 with U12 = 0 on hexagonal axes: the mean square along a or b is 4/3, along c 1 of it
    cd, se = crystal.structure.sites
    assert cd.u_iso == pytest.approx(0.014 * 11.0 / 9.0)
    assert se.u_iso == pytest.approx(0.015 * 11.0 / 9.0)


@pytest.mark.parametrize(
    ("file", "distance"),
    [
        ("Ni_sg225", 3.52387 / math.sqrt(2.0)),
        ("Si_sg227", 5.4307 * math.sqrt(3.0) / 4.0),
        ("PbS_sg225_LeadSulfide", 5.9362 / 2.0),
        ("ZnS_sg216_Sphalerite", 5.4145 * math.sqrt(3.0) / 4.0),
    ],
)
def test_real_structures_of_ncrystal(file: str, distance: float) -> None:
    path = measured(f"cif/ncrystal_Apache2/{file}.ncmat")
    elements = list(dict.fromkeys(s.element for s in structure_of_file(path, "cif").sites))
    crystal = Crystal(path, u_iso=dict.fromkeys(elements, 0.005))
    assert len(crystal.sites) == len(elements)
    assert shells(crystal, elements[0], elements[-1], 1) == pytest.approx([distance], abs=1e-6)


# ---- symmetry -------------------------------------------------------------------------------------


def test_a_group_that_the_atoms_have_makes_sites(write: Write) -> None:
    crystal = Crystal(write("a.stru", ALL["a.stru"]))
    assert crystal.structure.space_group == "P 63 m c"
    assert list(crystal.declared()) == [
        "a", "c", "u_iso.Cd1", "sites.Cd1.occupancy", "sites.Cd1.z", "u_iso.Se1", "sites.Se1.occupancy", "sites.Se1.z",
    ]  # fmt: skip
    assert crystal.structure.notes == ("its atoms (4) make 2 sites of the space group P 63 m c, which the file names.",)


def test_atoms_that_lack_the_symmetry_stay_as_they_are(write: Write) -> None:
    moved = [*WURTZITE[:3], ("Se", 0.70, 1 / 3, 0.5 + Z)]
    structure = structure_of_file(write("a.stru", stru(HEXAGONAL, moved, head=SPGR)), "cif")
    assert structure.space_group == "P 1"
    assert [s.label for s in structure.sites] == ["Cd1", "Cd2", "Se1", "Se2"]
    assert structure.sites[3].fract == pytest.approx((0.70, 1 / 3, 0.5 + Z))
    assert "names the space group 'P63mc', whose symmetry its atoms do not have" in structure.notes[0]


def test_an_asymmetric_unit_is_never_filled_up(write: Write) -> None:
    text = stru((3.52, 3.52, 3.52, 90.0, 90.0, 90.0), [("Ni", 0.0, 0.0, 0.0)], head="spcgr   Fm-3m")
    structure = structure_of_file(write("a.stru", text), "cif")
    assert (structure.space_group, len(structure.sites)) == ("P 1", 1)
    assert "whose symmetry its atoms do not have" in structure.notes[0]


@pytest.mark.parametrize("shift", [0.0, -0.125])
def test_both_origins_of_diamond_are_found(write: Write, shift: float) -> None:
    basis = [(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)]
    both = [(x + s, y + s, z + s) for x, y, z in basis for s in (0.0, 0.25)]
    rows = [f"Si {x + shift} {y + shift} {z + shift}" for x, y, z in both]
    crystal = Crystal(write("a.ncmat", ncmat("5.43 5.43 5.43", "90 90 90", "227", rows)), u_iso={"Si": 0.006})
    assert [(s.label, s.multiplicity) for s in crystal.sites] == [("Si1", 8)]
    assert shells(crystal, "Si", "Si", 4) == pytest.approx([5.43 * math.sqrt(3.0) / 4.0] * 4, abs=1e-6)


def test_repeated_cells_are_one_large_cell(write: Write) -> None:
    nickel = [("Ni", 0.0, 0.0, 0.0), ("Ni", 0.0, 0.5, 0.5), ("Ni", 0.5, 0.0, 0.5), ("Ni", 0.5, 0.5, 0.0)]
    atoms = [(e, x + i, y, z) for i in range(2) for e, x, y, z in nickel]
    text = stru((3.52, 3.52, 3.52, 90.0, 90.0, 90.0), atoms, ncell=(2, 1, 1, 4), u=(0.005, 0.005, 0.005, 0, 0, 0))
    crystal = Crystal(write("a.stru", text))
    assert crystal.structure.cell[:3] == pytest.approx([7.04, 3.52, 3.52])
    assert shells(crystal, "Ni", "Ni", 12) == pytest.approx([3.52 / math.sqrt(2.0)] * 12)


@pytest.mark.parametrize(("factor", "unit"), [(100.0, "pm"), (0.1, "nm")])
def test_lengths_in_another_unit_are_refused(write: Write, factor: float, unit: str) -> None:
    path = write("POSCAR", poscar(VECTORS, ROWS, factor=str(factor)))
    with pytest.raises(InputError, match=f"are its lengths in {unit}"):
        structure_of_file(path, "cif")


def test_atoms_that_overlap_or_are_missing_are_told(write: Write) -> None:
    with pytest.raises(InputError, match="atoms overlap"):
        structure_of_file(write("POSCAR", poscar(VECTORS, [*ROWS[:1], ROWS[2], *ROWS[2:]])), "cif")
    sparse = structure_of_file(write("POSCAR", poscar(VECTORS, ROWS[:1], kinds="Cd\n1")), "cif")
    assert "usually take: atoms may be missing" in sparse.notes[-1]


# ---- displacements and occupancies ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("u", "u_iso"),
    [
        ((0.014, 0.014, 0.014, 0.007, 0.0, 0.0), 0.014),  # alike in all directions on hexagonal axes: U12 = U11/2
        ((0.012, 0.012, 0.018, 0.006, 0.0, 0.0), (2 * 0.012 + 0.018) / 3.0),
        ((0.0, 0.0, 0.0, 0.0, 0.0, 0.0), None),
    ],
)
def test_displacements_are_means_over_all_directions(write: Write, u: tuple[float, ...], u_iso: float | None) -> None:
    structure = structure_of_file(write("a.stru", stru(HEXAGONAL, WURTZITE, head=SPGR, u=u)), "cif")
    assert structure.sites[0].u_iso == (None if u_iso is None else pytest.approx(u_iso))
    assert any("differ by direction" in note for note in structure.notes) == (u[2] != u[0])


def test_atoms_of_occupancy_zero_are_left_out_with_a_note(write: Write) -> None:
    text = stru(HEXAGONAL, WURTZITE, head=SPGR).replace("0.00000000       1.0000", "0.00000000       0.0000", 1)
    structure = structure_of_file(write("a.stru", text), "cif")
    assert len(structure.sites) == 3
    assert "1 of its atoms (Cd) have the occupancy 0 and are left out." in structure.notes


def test_numbers_of_the_pdf_in_the_file_are_told_and_not_taken(write: Write) -> None:
    head = f"sharp   5.690000,  0.000000,  1.000000,  3.000000\n{SPGR}\nshape   sphere, 25"
    structure = structure_of_file(write("a.stru", stru(HEXAGONAL, WURTZITE, head=head)), "cif")
    assert (
        structure.notes[-1] == "it also states delta2 = 5.69, spdiameter = 25: no part of the structure, and not taken."
    )


# ---- POSCAR ---------------------------------------------------------------------------------------

CUBE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


@pytest.mark.parametrize(
    ("factor", "mode", "row"),
    [
        ("5.64", "Direct", "0.5 0.5 0.5"),
        ("-179.406144", "Direct", "0.5 0.5 0.5"),  # 5.64³ Å³, the volume of the cell
        ("5.64", "Cartesian", "0.5 0.5 0.5"),  # positions take the factor too
        ("-179.406144", "kartesisch", "0.5 0.5 0.5"),
        ("5.64 5.64 5.64", "cart", "0.5 0.5 0.5"),
    ],
)
def test_factors_volumes_and_both_kinds_of_coordinates(write: Write, factor: str, mode: str, row: str) -> None:
    text = poscar(CUBE, ["0 0 0", row], kinds="Cs Cl\n1 1", factor=factor, mode=mode)
    structure = structure_of_file(write("POSCAR", text), "cif")
    assert structure.cell == pytest.approx([5.64, 5.64, 5.64, 90.0, 90.0, 90.0])
    assert structure.sites[1].fract == pytest.approx((0.5, 0.5, 0.5))


def test_elements_of_version_4_come_from_the_comment_or_are_asked_for(write: Write) -> None:
    read = structure_of_file(write("POSCAR", ALL["version4.vasp"]), "cif")
    assert read.notes[0] == "its elements are taken from the comment in the first line: Cd Se."
    for comment in ("made for a test", "Cd", "I Cd Se"):
        with pytest.raises(InputError, match=r"POSCAR, line 6: counts 2 kinds of atoms, but the file does not name"):
            structure_of_file(write("POSCAR", poscar(VECTORS, ROWS, kinds="2 2", comment=comment)), "cif")


# ---- projects of PDFgui ---------------------------------------------------------------------------


def test_a_phase_of_a_project_is_the_refined_one_unless_said(write: Write) -> None:
    first, refined = (stru((a, a, C, 90, 90, 120), WURTZITE, head=SPGR) for a in (4.30, 4.31))
    path = write("a.ddp", project({"fit 1/CdSe/initial": first, "fit 1/CdSe/refined": refined}))
    structure = structure_of_file(path, "cif")
    assert structure.cell[0] == pytest.approx(4.31)
    assert structure.notes[0] == "the structure is fit 1/CdSe/refined of the project."
    assert structure_of_file(path, "cif", block="fit 1/CdSe/initial").cell[0] == pytest.approx(4.30)
    assert structure.source == str(path)


def test_one_of_several_phases_is_chosen_by_fit_or_phase(write: Write) -> None:
    phases = {
        f"{f}/{p}/initial": stru((a, a, C, 90, 90, 120), WURTZITE) for f, p, a in (("x", "A", 4.1), ("y", "B", 4.2))
    }
    path = write("a.ddp3", project(phases))
    for block in ("y/B", "y", "B", "y/B/initial"):
        assert structure_of_file(path, "cif", block=block).cell[0] == pytest.approx(4.2)
    with pytest.raises(InputError, match=r'holds 2 phases; choose one with block = …, of: "x/A", "y/B"'):
        structure_of_file(path, "cif")
    with pytest.raises(InputError, match=r"has no phase 'C'; .*x/A, y/B"):
        structure_of_file(path, "cif", block="C")


def test_nothing_pickled_is_ever_loaded() -> None:
    import nanocrystal.sample.crystal.pdfgui as module

    assert "pickle" not in vars(module)
    text = Path(module.__file__).read_text(encoding="utf-8")
    assert "import pickle" not in text


def test_a_structure_that_unpacks_to_more_than_any_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nanocrystal.sample.crystal.pdfgui.LARGEST_TEXT", 10_000)
    path = write("a.ddp", project({"x/A/initial": " " * 10_001}))
    assert path.stat().st_size < 2000
    with pytest.raises(InputError, match="a structure that is too large to be one"):
        structure_of_file(path, "cif")


# ---- wrong files ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.stru", stru(HEXAGONAL, WURTZITE)[:-200], "but .* lines stand below `atoms`; is it cut off"),
        ("a.stru", stru(HEXAGONAL, WURTZITE).replace("CD ", "QX "), r"a.stru, line 8: names the unknown element 'QX'"),
        ("a.stru", "title x\nspcgr Fm-3m\ncell 3.5,3.5,3.5,90,90,90\natoms\nNI 0 0 0 0.1\n", "export a CIF"),
        ("a.stru", "r g\n1 2\n", "has no line `atoms`"),
        ("a.stru", stru((4.3, 4.3, 7.0, 90, 90, 179.99999), WURTZITE), "cannot be meant"),
        ("a.stru", stru(HEXAGONAL, WURTZITE).replace("0.33333333", "0.3x", 1), r"line 8: needs 4 numbers, x, y, z"),
        ("a.ddp", b"PK\x03\x04 cut off", r"Phases → Export Selected Phase"),
        ("a.ddp", b"not even an archive", r"Phases → Export Selected Phase"),
        ("a.ddp", project({}), "holds no structure that can be read"),
        ("POSCAR", "CdSe\n1.0\n1 0 0\n", "has 3 lines; a POSCAR has at least 8"),
        ("POSCAR", poscar(CUBE, ROWS, factor="0"), "make no cell"),
        ("POSCAR", poscar(VECTORS, ROWS[:2]), "says that it holds 4 atoms, but has 2"),
        ("POSCAR", poscar(VECTORS, ROWS, kinds="Cd Se\n2"), "line 7: counts 1 kinds of atoms, but line 6 names 2"),
        ("POSCAR", poscar(VECTORS, ROWS, mode="0 0 0"), "line 8: must say Direct or Cartesian"),
        ("a.ncmat", "NCMAT v1\n@CELL\n lengths 4 4\n", r"line 3: needs 3 numbers, the lengths of the cell"),
        ("a.ncmat", "NCMAT v1\n@ATOMPOSITIONS\n Ni 0 0 0\n", "has no @CELL"),
        ("a.gpx", "anything", r"is a project of GSAS-II: export the phase there"),
        ("a.xyz", "1\n\nNi 0 0 0\n", r'a population with shape = "atoms"'),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_in_one_sentence(
    write: Write, name: str, content: str | bytes, problem: str
) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        structure_of_file(write(name, content), "cif")
    assert "\n" not in str(caught.value)
