"""Every wrong data file, CIF or XYZ is refused with one sentence, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from support.small_study import ATOMS_STUDY, CIF, XYZ, SmallStudy, gr_rows


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    return SmallStudy(tmp_path)


@pytest.fixture
def cluster(tmp_path: Path) -> SmallStudy:
    study = SmallStudy(tmp_path)
    study.text = ATOMS_STUDY
    return study


def rows(*changes: tuple[int, list[str]]) -> str:
    """Return the data file with the row at an index replaced by other rows."""
    lines = list(gr_rows())
    for index, new in changes:
        lines[index : index + 1] = new
    return "\n".join(lines) + "\n"


COLUMNS = [row.split() for row in gr_rows()]
DATA = {
    "one column": ("\n".join(r for r, _ in COLUMNS), ["one column of numbers"]),
    "text in a column": (rows((50, ["1.01 abc"])), ["line 51", "'1.01 abc'", "not a row of numbers"]),
    "nan": (rows((200, ["4.01 nan"])), ["line 201", "'4.01 nan'", "not-a-number", "remove the row"]),
    "twice": (rows((200, [gr_rows()[200], "4.01 0.5"])), ["two values of G at r = 4.01 Å", "and 0.5", "keep one"]),
    "sigma all zero": ("\n".join(f"{r} {g} 0" for r, g in COLUMNS), ["sigma column is all zero", '"ignore"']),
    "columns swapped": ("\n".join(f"{g} {r}" for r, g in COLUMNS), ["not in order", 'columns = ["g", "r"]']),
    "decimal commas and points": (
        "\n".join(f"{r}; {g.replace('.', ',')}" for r, g in COLUMNS),
        ["decimal commas", "points throughout"],
    ),
    "empty": ("", ["is empty"]),
    "binary": (bytes(range(256)), ["not a text file"]),
    "web page": ("<!DOCTYPE html>\n<html><body>Not found</body></html>\n", ["is a web page", "download"]),
}


@pytest.mark.parametrize("case", DATA)
def test_wrong_data_file(small: SmallStudy, case: str) -> None:
    content, words = DATA[case]
    small.write("ni.gr", content).refused("study.toml, line 15: datasets.pdf.file: ", "ni.gr", *words)


def test_one_table_in_every_way_that_it_is_written(small: SmallStudy) -> None:
    """Decimal commas, rows out of order, a row twice, a value that is missing outside of the range: one fit."""

    def found() -> dict[str, float]:
        said = small.refine("--quiet")
        assert said.exit_code == 0, said
        results = json.loads((small.folder / "study" / "results.json").read_text(encoding="utf-8"))
        return {k: p["value"] for k, p in results["parameters"].items() if p["status"] == "free"}

    small.write("ni.gr", "\n".join(gr_rows()))
    expected = found()
    ways = {
        "decimal commas": "\n".join(f"{r};{g}" for r, g in COLUMNS).replace(".", ","),
        "not in order": rows((50, [gr_rows()[51]]), (51, [gr_rows()[50]])),
        "twice": rows((200, [gr_rows()[200]] * 2)),
        "missing outside of the range": rows((20, [f"{COLUMNS[20][0]} nan"])),
    }
    for way, content in ways.items():
        small.write("ni.gr", content)
        assert found() == pytest.approx(expected, rel=1e-9), way


def test_missing_data_file(small: SmallStudy) -> None:
    small.change('"ni.gr"', '"nii.gr"')
    small.refused("line 15: datasets.pdf.file: ", "there is no file", "nii.gr", "did you mean 'ni.gr'")


def test_data_file_in_a_missing_folder(small: SmallStudy) -> None:
    small.change('"ni.gr"', '"data/ni.gr"').refused("datasets.pdf.file", "the folder", "does not exist")


def test_folder_instead_of_a_data_file(small: SmallStudy) -> None:
    small.change('"ni.gr"', '"."').refused("datasets.pdf.file", "is a folder")


def test_name_without_a_file(small: SmallStudy) -> None:
    small.change('"ni.gr"', '""').refused("line 15: datasets.pdf.file", "must name a file")


def test_r_in_nanometres_is_outside_the_range(small: SmallStudy) -> None:
    small.write("ni.gr", "\n".join(f"{float(r) / 10:.5f} {g}" for r, g in COLUMNS))
    small.refused("line 16: datasets.pdf.r_range", "outside the data", "from 0.001 to 1.399")


def test_r_in_nanometres_without_a_range_does_not_crash(small: SmallStudy) -> None:
    small.change("r_range = [1.5, 12.0]\n", "")
    small.write("ni.gr", "\n".join(f"{float(r) / 10:.5f} {g}" for r, g in COLUMNS))
    assert small.refine("--quiet").exit_code in (0, 1, 2)


@pytest.mark.parametrize("population", ["sphere", "bulk"])
def test_a_range_that_would_fill_the_memory(small: SmallStudy, population: str) -> None:
    if population == "bulk":
        small.change('"sphere"', '"bulk"').change("diameter = { value = 20.0, vary = true }\n", "")
    small.change("r_range = [1.5, 12.0]\n", "")
    small.write("ni.gr", "\n".join(f"{r:.1f} {np.sin(r):.6f}" for r in np.linspace(1.0, 1e6, 3000)))
    small.refused("datasets.pdf", "1e+06 Å")


NO_U = CIF.replace("_atom_site_U_iso_or_equiv\n", "").replace(" 0.006\n", "\n")
NO_SYMMETRY = CIF.replace("_space_group_name_H-M_alt 'F m -3 m'\n", "")
BOX = "Ni2 Ni 0.0025 0 0 1 0.006\n"
OPERATIONS = "loop_\n_space_group_symop_operation_xyz\n"
CIFS = {
    "empty": ("", ["is empty"]),
    "binary": (bytes(range(256)) * 4, ["not a text file"]),
    "web page": ("<!DOCTYPE html>\n<html><body>Not found</body></html>", ["web page", "download the file itself"]),
    "xyz": (XYZ, ["is not a CIF", "data_NAME", "begins with '4'"]),
    "broken loop": (CIF + "Ni2 Ni 0.5\n", ["Ni.cif, line", "Wrong number of values"]),
    "without sites": (CIF[: CIF.index("loop_")], ["no atom sites", "_atom_site_fract_x"]),
    "without labels": (
        CIF.replace("_atom_site_label\n", "").replace("_atom_site_type_symbol\n", "").replace("Ni1 Ni", ""),
        ["_atom_site_label"]),
    "unknown element": (CIF.replace("Ni1 Ni", "Xq1 Xq"), ["'Xq1'", "unknown element 'Xq'", "_atom_site_type_symbol"]),
    "cell against symmetry": (
        CIF.replace("_cell_length_b 3.52", "_cell_length_b 3.6"),
        ["cell (3.52, 3.6, 3.52, 90, 90, 90)", "'F m -3 m' disagree"]),
    "angle against symmetry": (CIF.replace("gamma 90", "gamma 91"), ["disagree", "91"]),
    "angle of zero": (
        CIF.replace("gamma 90", "gamma 0").replace("F m -3 m", "P 1"), ["'0' as the cell angle _cell_angle_gamma"]),
    "no cell length": (CIF.replace("_cell_length_b 3.52\n", ""), ["lacks the cell length _cell_length_b", "Å"]),
    "unknown cell length": (CIF.replace("_length_b 3.52", "_length_b ?"), ["'?' as the cell length _cell_length_b"]),
    "text as cell length": (CIF.replace("_length_b 3.52", "_length_b b"), ["'b' as the cell length _cell_length_b"]),
    "cell length of zero": (CIF.replace("_length_b 3.52", "_length_b 0"), ["'0' as the cell length _cell_length_b"]),
    "cell length without end": (CIF.replace("3.52", "1e300"), ["'1e300' as the cell length _cell_length_a"]),
    "unknown space group": (CIF.replace("F m -3 m", "F q q q"), ["unknown space group 'F q q q'", "symop"]),
    "no symmetry": (NO_SYMMETRY, ["names no space group", "_space_group_symop_operation_xyz"]),
    "space group number in words": (
        NO_SYMMETRY.replace("loop_", "_space_group_IT_number many\nloop_", 1), ["'many'", "1 to 230"]),
    "unreadable operation": (NO_SYMMETRY.replace("loop_", f"{OPERATIONS}'x,y,q'\nloop_", 1), ["cannot be read", "q"]),
    "no identity": (NO_SYMMETRY.replace("loop_", f"{OPERATIONS}'-x,-y,-z'\nloop_", 1), ["lack the identity"]),
    "no coordinate": (CIF.replace("Ni 0 0 0", "Ni ? 0 0"), ["site 'Ni1' lacks a coordinate"]),
    "text as coordinate": (CIF.replace("Ni 0 0 0", "Ni zero 0 0"), ["site 'Ni1' lacks a coordinate"]),
    "occupancy above 1": (CIF.replace("0 0 0 1", "0 0 0 2"), ["site 'Ni1' has occupancy 2", "at most 1"]),
    "occupancy of 0": (CIF.replace("0 0 0 1", "0 0 0 0"), ["no atom sites", "occupancy 0: Ni1"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CIFS)
def test_wrong_cif(small: SmallStudy, case: str) -> None:
    content, words = CIFS[case]
    small.write("Ni.cif", content).refused("study.toml, line 4: crystals.ni.cif: ", "Ni.cif", *words)


def test_missing_cif(small: SmallStudy) -> None:
    small.change('"Ni.cif"', '"Nj.cif"')
    small.refused("line 4: crystals.ni.cif: there is no file", "Nj.cif", "did you mean 'Ni.cif'")


def test_cif_in_a_missing_folder(small: SmallStudy) -> None:
    small.change('"Ni.cif"', '"cifs/Ni.cif"').refused("crystals.ni.cif", "the folder", "does not exist")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (".", ["is a folder"]),
        ("", ["must name a file"]),
        ("a\\u0000b", ["there is no file"]),
        ("x" * 5000, ["cannot be read", "…"]),
        ("package:no_such_package/Ni.cif", ["no_such_package is not installed", "pip install no_such_package"]),
        ("package:nanocrystal/no.cif", ["package nanocrystal has no file no.cif"]),
        ("package:", ["package:NAME/path/to/file"]),
    ],
)
def test_name_that_is_no_cif(small: SmallStudy, name: str, words: list[str]) -> None:
    message = small.change('"Ni.cif"', f'"{name}"').refused("line 4: crystals.ni.cif", *words)
    assert len(message) < 1000


def test_displacement_given_nowhere(small: SmallStudy) -> None:
    small.change("u_iso = { Ni = { value = 0.006, vary = true } }\n", "").write("Ni.cif", NO_U)
    small.refused("crystals.ni.u_iso", "Ni.cif gives no displacement parameter for site 'Ni1'", "u_iso = { Ni = 0.01 }")
    small.write("Ni.cif", CIF.replace(" 0.006\n", " ?\n"))
    small.refused("gives no displacement parameter for site 'Ni1'")


def test_displacement_given_by_the_study_alone(small: SmallStudy) -> None:
    assert small.write("Ni.cif", NO_U).refine("--quiet").exit_code == 0


@pytest.mark.parametrize(
    ("cif", "words"),
    [
        (CIF.replace(" 0.006\n", " -0.006\n"), ["crystals.ni.u_iso.Ni1", "at least 0", "got -0.006"]),
        (CIF.replace("3.52", "1001").replace("F m -3 m", "P 1") + BOX, ["crystals.ni.a", "at most 1000 Å", "got 1001"]),
    ],
)
def test_number_of_the_cif_outside_its_limits(small: SmallStudy, cif: str, words: list[str]) -> None:
    small.change("u_iso = { Ni = { value = 0.006, vary = true } }\n", "")
    small.change("a = { value = 3.51, vary = true }\n", "")
    small.write("Ni.cif", cif).refused("study.toml, line 3: ", "Ni.cif gives a number that cannot be used", *words)


@pytest.mark.parametrize(("length", "unit"), [("0.352", "nm"), ("352", "pm")])
def test_cell_in_another_unit(small: SmallStudy, length: str, unit: str) -> None:
    small.write("Ni.cif", CIF.replace("3.52", length))
    small.refused(f"line 4: crystals.ni.cif: Ni.cif: the cell ({length}", f"lengths in {unit}", "must be in Å")


def test_sites_on_top_of_each_other(small: SmallStudy) -> None:
    small.write("Ni.cif", CIF + "Ni2 Ni 0.05 0 0 1 0.01\n")
    small.refused("line 4: crystals.ni.cif: Ni.cif: atoms overlap: Ni1 and Ni2", "0.18 Å apart")


ATOMS = {
    "too few": (XYZ.replace("4\n", "5\n", 1), ["line 1 announces 5 atoms, but 4 follow"]),
    "too many": (XYZ.replace("4\n", "3\n", 1), ["line 6", "announces 3 atoms, but more follow", "'Ni 0 0 2.5'"]),
    "two frames": (XYZ + XYZ, ["line 7", "announces 4 atoms, but more follow", "one frame"]),
    "count in words": (XYZ.replace("4\n", "four\n", 1), ["line 1", "expected the number of atoms", "'four'"]),
    "count of zero": ("0\n\n", ["line 1", "at least 1, got 0"]),
    "count below zero": (XYZ.replace("4\n", "-4\n", 1), ["line 1", "at least 1, got -4"]),
    "absurd count": ("99999999999999\n\nNi 0 0 0\n", ["announces 99999999999999 atoms, but 1 follow"]),
    "unknown element": (XYZ.replace("Ni 2.5", "Qq 2.5"), ["line 4", "'Qq' is not the symbol of an element"]),
    "label for an element": (XYZ.replace("Ni 2.5", "Ni1 2.5"), ["line 4", "'Ni1' is not the symbol"]),
    "text as coordinate": (XYZ.replace("2.5 0 0", "x 0 0"), ["line 4", "three coordinates", "'Ni x 0 0'"]),
    "decimal comma": (XYZ.replace("2.5 0 0", "2,5 0 0"), ["line 4", "three coordinates", "'Ni 2,5 0 0'"]),
    "coordinate missing": (XYZ.replace("2.5 0 0", "2.5 0"), ["line 4", "three coordinates", "'Ni 2.5 0'"]),
    "nan": (XYZ.replace("2.5 0 0", "nan 0 0"), ["line 4", "finite", "'Ni nan 0 0'"]),
    "inf": (XYZ.replace("2.5 0 0", "inf 0 0"), ["line 4", "finite"]),
    "empty": ("", ["line 1", "the file is empty"]),
    "binary": (bytes(range(256)), ["not a text file"]),
    "properties": (XYZ.replace("four atoms", "Properties=foo:S:1:pos:R:3"), ["line 2", "species and pos"]),
}


@pytest.mark.parametrize("case", ATOMS)
def test_wrong_xyz(cluster: SmallStudy, case: str) -> None:
    content, words = ATOMS[case]
    cluster.write("four.xyz", content)
    cluster.refused("study.toml, line 3: populations.cluster.file: ", "four.xyz", *words)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("0 0 0", ["atoms overlap: Ni number 1 and Ni number 2", "0.00 Å apart"]),
        ("0.25 0 0", ["atoms overlap", "0.25 Å apart", "in Å"]),
        ("1e9 0 0", ["spread over 1e+09 Å"]),
        ("1e300 0 0", ["spread over 1e+300 Å"]),
    ],
)
def test_atoms_in_impossible_places(cluster: SmallStudy, place: str, words: list[str]) -> None:
    cluster.write("four.xyz", XYZ.replace("2.5 0 0", place))
    cluster.refused("study.toml, line 1: populations.cluster", "four.xyz", *words)


def test_displacements_of_a_cluster(cluster: SmallStudy) -> None:
    cluster.change("{ Ni = 0.01 }", "{ Ni = 0.01, Pd = 0.01 }")
    cluster.refused("line 4: populations.cluster.u_iso.Pd", "four.xyz has no 'Pd'", "valid: Ni")
    cluster.change("u_iso = { Ni = 0.01, Pd = 0.01 }\n", "")
    cluster.refused("populations.cluster.u_iso", "gives no displacement for Ni", "Ni = 0.01")


def test_atoms_of_another_kind_of_file(cluster: SmallStudy) -> None:
    cluster.change('"four.xyz"', '"ni.gr"')
    cluster.refused("line 3: populations.cluster.file", ".xyz, .extxyz or .cif", "'ni.gr'")


def test_missing_atoms(cluster: SmallStudy) -> None:
    cluster.change('"four.xyz"', '"fuor.xyz"')
    cluster.refused("line 3: populations.cluster.file: there is no file", "did you mean 'four.xyz'? (valid: four.xyz)")


def test_volume_fraction_of_atoms(cluster: SmallStudy) -> None:
    cluster.change('shape = "atoms"', 'shape = "atoms"\nvolume_fraction = 1')
    cluster.refused("line 3: populations.cluster.volume_fraction", "volume of explicit atoms is not defined")


STUDIES = {
    "empty": ("", ["study.toml: populations: is missing"]),
    "binary": (b"title = \x00\xff", ["not a text file"]),
    "cif": (CIF, ["study.toml: is a CIF, a crystal structure", "Wanted is a study file"]),
    "words": ("some words\n", ["study.toml, line 1: 'some words'", "not valid TOML", "NAME = VALUE"]),
}


@pytest.mark.parametrize("case", STUDIES)
def test_file_that_is_no_study(small: SmallStudy, case: str) -> None:
    content, words = STUDIES[case]
    small.write("study.toml", content).refused_command(*words, command=("refine", "{}/study.toml"))


def test_missing_study(small: SmallStudy) -> None:
    small.write("study.toml", small.text)
    small.refused_command("no file", "stduy.toml", "did you mean 'study.toml'", command=("refine", "{}/stduy.toml"))
    small.refused_command("the folder", "does not exist", command=("refine", "{}/no/study.toml"))
    small.refused_command("is a folder", command=("refine", "{}"))
