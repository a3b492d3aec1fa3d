"""Blocks and tags of a CIF: which block is read, tags however they are spelt, what is unknown, what stands twice."""

from __future__ import annotations

import pytest

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.sample.crystal.cif_block import chosen_block, known, written_number
from support.cifs import atoms, cif, named

NICKEL = cif("3.52", named("F m -3 m"), "Ni1 Ni 0 0 0", name="nickel")
PLATINUM = cif("3.92", named("F m -3 m"), "Pt1 Pt 0 0 0", name="platinum")
TWO = f"data_global\n_journal_year 2000\n{NICKEL}{PLATINUM}"


# ---- two phases in one file -----------------------------------------------------------------------


def test_first_of_two_phases_is_read_with_a_note() -> None:
    structure = parse_cif(TWO, "two.cif")
    assert atoms(structure) == {"Ni": 4}
    (note,) = structure.notes
    assert "'nickel' and 'platinum'" in note
    assert 'block = "platinum"' in note


@pytest.mark.parametrize("name", ["platinum", "Platinum", "data_platinum"])
def test_a_block_is_read_by_its_name(name: str) -> None:
    structure = parse_cif(TWO, "two.cif", block=name)
    assert atoms(structure) == {"Pt": 4}
    assert structure.notes == ()


@pytest.mark.parametrize(("name", "word"), [("plutonium", "is no block of two.cif"), ("global", "has no atom sites")])
def test_an_unknown_block_is_told_those_there_are(name: str, word: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_cif(TWO, "two.cif", block=name)
    assert raised.value.where == "block"
    assert word in raised.value.problem
    assert "'nickel', 'platinum'" in raised.value.problem


# ---- tags -----------------------------------------------------------------------------------------


def test_dotted_tags_are_those_with_underscores() -> None:
    """The names of DDLm dictionaries (International Tables G, 2nd edition)."""
    dotted = (
        NICKEL.replace("_cell_", "_cell.").replace("_atom_site_", "_atom_site.").replace("_group_name", "_group.name")
    )
    assert "_atom_site.fract_x" in dotted
    assert "_space_group.name_H-M_alt" in dotted
    assert atoms(dotted) == {"Ni": 4}


def test_tags_in_capitals() -> None:
    assert atoms(NICKEL.replace("_cell_length_a", "_CELL_LENGTH_A")) == {"Ni": 4}


def test_a_tag_twice_is_told_with_its_lines() -> None:
    text = NICKEL.replace("_cell_angle_beta", "_cell_length_a 4\n_cell_angle_beta")
    with pytest.raises(InputError) as raised:
        parse_cif(text, "Ni.cif")
    assert (
        str(raised.value) == "Ni.cif, line 6: gives _cell_length_a a second time, after line 2; delete one of the two."
    )


def test_a_tag_in_two_spellings_must_agree() -> None:
    text = NICKEL.replace("_cell_angle_beta", "_cell.length_a 4\n_cell_angle_beta")
    with pytest.raises(InputError, match=r"_cell_length_a as 3\.52 and _cell\.length_a as 4"):
        parse_cif(text, "Ni.cif")
    assert atoms(text.replace("_cell.length_a 4", "_cell.length_a 3.52")) == {"Ni": 4}


def test_a_block_twice_is_told_with_its_line() -> None:
    with pytest.raises(InputError, match=r"^Ni\.cif, line 16: has two blocks of the name 'nickel'"):
        parse_cif(NICKEL + NICKEL, "Ni.cif")


def test_text_without_a_block_is_no_cif() -> None:
    with pytest.raises(InputError, match="is not a CIF: it must begin with a line data_NAME, but begins with '_cell"):
        parse_cif(NICKEL.removeprefix("data_nickel\n"), "Ni.cif")


@pytest.mark.parametrize("tag", ["_cell_length_a 3.52", "_cell_angle_gamma 90"])
@pytest.mark.parametrize("mark", ["?", ".", "'?'"])
def test_an_unknown_length_or_angle_is_no_number(tag: str, mark: str) -> None:
    name = tag.partition(" ")[0]
    with pytest.raises(InputError, match=f"{name}"):
        parse_cif(NICKEL.replace(tag, f"{name} {mark}"), "Ni.cif")


def test_unknown_symmetry_and_content_count_as_not_given() -> None:
    head = "_space_group_IT_number ?\n_chemical_formula_sum ?\n_cell_formula_units_Z .\n_exptl_crystal_density_meas ?"
    text = cif("3.52", named("F m -3 m", head), "Ni1 Ni 0 0 0")
    assert parse_cif(text, "Ni.cif").notes == ()


# ---- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "sigma", "step"),
    [
        ("5.431", 5.431, None, 1e-3),
        ("5.431(2)", 5.431, 2e-3, 1e-3),
        ("1.004(8)", 1.004, 8e-3, 1e-3),
        ("-.25(11)", -0.25, 0.11, 1e-2),
        ("+2.5E-1(3)", 0.25, 0.03, 1e-2),
        ("90", 90.0, None, 1.0),
        ("1/3", 1 / 3, None, 0.0),
    ],
)
def test_numbers(text: str, value: float, sigma: float | None, step: float) -> None:
    found = written_number(text)
    assert found is not None
    assert found.value == pytest.approx(value)
    assert found.sigma == (None if sigma is None else pytest.approx(sigma))
    assert found.step == pytest.approx(step)


@pytest.mark.parametrize(
    "text", ["5,431", "abc", "", "1.2.3", "5.4(", "nan", "inf", "1/0", "1e400", "1e-400", "1e308", "9" * 400]
)
def test_what_is_no_number(text: str) -> None:
    assert written_number(text) is None


@pytest.mark.parametrize(("raw", "text"), [("?", None), (".", None), ("'?'", None), ("''", None), ("'P 1'", "P 1")])
def test_what_is_known(raw: str, text: str | None) -> None:
    assert known(raw) == text


def test_columns_of_another_loop_are_not_beside() -> None:
    block, _ = chosen_block(NICKEL + "loop_\n_atom_type_symbol\n_atom_type_oxidation_number\nNi 2\n", "Ni.cif")
    assert block.column("_atom_type_oxidation_number") == ["2"]
    assert block.beside("_atom_site_fract_x", "_atom_type_oxidation_number") is None
    assert block.beside("_atom_site_fract_x", "_atom_site_label") == ["Ni1"]
