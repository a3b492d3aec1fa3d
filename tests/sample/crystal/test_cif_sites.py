"""Sites of a CIF: elements of labels, coordinates, occupancies; what is left out, and what is said of it."""

from __future__ import annotations

import pytest

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.cif import parse_cif
from support.cifs import FULL, atoms, cif, named

LABELS = "label fract_x fract_y fract_z"
APART = ("0 0 0", "0.5 0.5 0", "0.5 0 0.5", "0 0.5 0.5")


def elements(*labels: str, formula: str = "") -> tuple[list[str], str]:
    """Return the elements read for labels without type symbols, and the notes on them."""
    head = named("P 1", *([f"_chemical_formula_sum '{formula}'"] if formula else []))
    sites = "\n".join(f"{label} {place}" for label, place in zip(labels, APART, strict=False))
    structure = parse_cif(cif("5.5", head, sites, LABELS), "made.cif")
    return [s.element for s in structure.sites], " ".join(n for n in structure.notes if "type_symbol" in n)


# ---- elements -------------------------------------------------------------------------------------


def test_capital_labels_that_may_be_two_elements_are_said() -> None:
    found, note = elements("HO2", "CO1", "NA")
    assert found == ["Ho", "Co", "Na"]
    assert "HO2, CO1 and NA" in note
    assert "H, C and N" in note
    assert "nothing in the file decides" in note


def test_the_formula_decides_capital_labels() -> None:
    found, note = elements("HO2", "CO1", "NA", formula="C H N")
    assert found == ["H", "C", "N"]
    assert "_chemical_formula_sum says" in note
    found, note = elements("HO2", "CO1", "NA", formula="Ho Co Na")
    assert found == ["Ho", "Co", "Na"]
    assert "_chemical_formula_sum says" in note


@pytest.mark.parametrize(
    ("label", "element"),
    [("Ho2", "Ho"), ("Zn", "Zn"), ("ZN1", "Zn"), ("OW1", "O"), ("Oh", "O"), ("TI4", "Ti"), ("d1", "D"), ("K_1", "K")],
)
def test_labels_that_may_be_one_element_only(label: str, element: str) -> None:
    assert elements(label) == ([element], "")


def test_a_small_second_letter_yields_to_the_formula() -> None:
    found, note = elements("Cm1", "Ha", formula="C H")
    assert found == ["C", "H"]
    assert "Cm1" in note


def test_type_symbols_stand_before_labels() -> None:
    structure = parse_cif(cif("5.5", named("P 1"), "CO1 C 0 0 0\nHO2 H2+ 0.5 0.5 0.5"), "made.cif")
    assert [s.element for s in structure.sites] == ["C", "H"]
    assert not [n for n in structure.notes if "type_symbol" in n]


@pytest.mark.parametrize("symbol", ["Xq", "Nq", "Zz"])
def test_unknown_type_symbols_are_refused(symbol: str) -> None:
    with pytest.raises(InputError, match=f"site 'A1' has the unknown element '{symbol}'"):
        parse_cif(cif("5.5", named("P 1"), f"A1 {symbol} 0 0 0"), "made.cif")


def test_water_of_the_mineral_database() -> None:
    structure = parse_cif(cif("5.5", named("P 1"), "Na 0 0 0\nWat 0.5 0.5 0.5", LABELS), "made.cif")
    assert [s.element for s in structure.sites] == ["Na", "O"]
    assert any(n.startswith("Wat taken as the oxygen of water") for n in structure.notes)


# ---- what holds no atom ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("H1 H ? ? ? 1", "hydrogen without coordinates: H1"),
        ("D1 D . . . 1", "hydrogen without coordinates: D1"),
        ("Va1 Va 0.5 0.5 0.5 1", "vacancies: Va1"),
        ("Vac Vac 0.5 0.5 0.5 1", "vacancies: Vac"),
        ("Q1 Q 0.5 0.5 0.5 1", "drawn points that are no atoms: Q1"),
        ("S1 S 0.5 0.5 0.5 0", "sites of occupancy 0: S1"),
    ],
)
def test_left_out_with_a_note(row: str, reason: str) -> None:
    structure = parse_cif(cif("3.52", named("F m -3 m"), f"Ni1 Ni 0 0 0 1\n{row}", FULL), "made.cif")
    assert atoms(structure) == {"Ni": 4}
    assert structure.notes == (f"left out, as {reason}.",)


def test_dummy_atoms_are_left_out() -> None:
    text = cif(
        "3.52", named("F m -3 m"), "Ni1 Ni 0 0 0 d\nC1 C 0.5 0.5 0.5 dum", FULL.replace("occupancy", "calc_flag")
    )
    structure = parse_cif(text, "made.cif")
    assert atoms(structure) == {"Ni": 4}
    assert structure.notes == ("left out, as drawn points that are no atoms: C1.",)


def test_vanadium_is_no_vacancy() -> None:
    found, _ = elements("Va1", "O1", formula="V O")
    assert found == ["V", "O"]


@pytest.mark.parametrize("mark", ["?", ".", "zero"])
def test_a_heavy_atom_without_a_coordinate_is_refused(mark: str) -> None:
    text = cif("3.52", named("F m -3 m"), f"Ni1 Ni 0 0 0\nO1 O {mark} 0 0")
    with pytest.raises(InputError, match=r"site 'O1' lacks a coordinate: _atom_site_fract_x"):
        parse_cif(text, "made.cif")


def test_a_coordinate_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(InputError, match=r"site 'O1' has '1e9' as _atom_site_fract_z, which cannot be meant"):
        parse_cif(cif("3.52", named("F m -3 m"), "Ni1 Ni 0 0 0\nO1 O 0 0 1e9"), "made.cif")


def test_coordinates_in_two_loops_are_refused() -> None:
    text = cif("3.52", named("F m -3 m"), "Ni1 0 0", "label fract_x fract_y") + "loop_\n_atom_site_fract_z\n0\n0\n"
    with pytest.raises(InputError, match="has no _atom_site_fract_z beside _atom_site_fract_x"):
        parse_cif(text, "made.cif")


# ---- occupancies ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["1.004(8)", "1.009", "1.03(5)", "1.0(1)"])
def test_an_occupancy_that_may_be_1_is_1(text: str) -> None:
    (site,) = parse_cif(cif("3.52", named("F m -3 m"), f"Ni1 Ni 0 0 0 {text}", FULL), "made.cif").sites
    assert site.occupancy == 1.0


@pytest.mark.parametrize(
    ("text", "word"), [("1.03(1)", "at most 1."), ("1.2", "percent"), ("-0.5", "above 0"), ("100", "percent?")]
)
def test_an_occupancy_that_cannot_be_is_refused(text: str, word: str) -> None:
    with pytest.raises(InputError, match="site 'Ni1' has occupancy") as raised:
        parse_cif(cif("3.52", named("F m -3 m"), f"Ni1 Ni 0 0 0 {text}", FULL), "made.cif")
    assert word in str(raised.value)


@pytest.mark.parametrize("mark", ["?", "."])
def test_an_unknown_occupancy_is_not_zero(mark: str) -> None:
    structure = parse_cif(cif("3.52", named("F m -3 m"), f"Ni1 Ni 0 0 0 {mark}", FULL), "made.cif")
    assert structure.sites[0].occupancy == 1.0
    assert structure.notes == ("the occupancy of Ni1 is unknown; 1 was taken.",)


def test_deuterium_is_hydrogen_by_the_formula() -> None:
    head = named("P -3 m 1", "_chemical_formula_sum 'Mg D2 O2'", "_cell_formula_units_Z 1")
    sites = "Mg1 Mg 0 0 0\nO1 O 0.33333 0.66667 0.2203\nD1 D 0.33333 0.66667 0.423"
    structure = parse_cif(cif("3.142 3.142 4.766 90 90 120", head, sites), "made.cif")
    assert structure.notes == ()
    assert atoms(structure) == {"Mg": 1, "O": 2, "D": 2}
