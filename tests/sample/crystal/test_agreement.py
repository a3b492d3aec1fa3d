"""Files that leave the symmetry open or contradict themselves: what is taken, what is said, what is refused."""

from __future__ import annotations

import pytest

from nanocrystal.errors import InputError
from nanocrystal.sample import Crystal
from nanocrystal.sample.crystal.cif import parse_cif
from support.cifs import FULL, atoms, cif, crystal, listed, named

SALT = "Na1 Na 0 0 0\nCl1 Cl 0.5 0.5 0.5"
SALT_FORMULA = ("_chemical_formula_sum 'Cl Na'", "_cell_formula_units_Z 4")
SILICON = ("_chemical_formula_sum Si", "_cell_formula_units_Z 8")
PEROVSKITE = "Cs1 Cs 0.99 0.971 0.25\nPb1 Pb 0.5 0 0\nBr1 Br 0.046 0.505 0.25\nBr2 Br 0.793 0.205 0.025"
"""γ-CsPbBr3 in Pbnm, M. Rodova et al., J. Therm. Anal. Calorim. 71, 667 (2003)"""
DENSE = "\n".join(
    f"Zn{k} Zn {place}" for k, place in enumerate(("0.3 0.2 0.1", "0.8 0.2 0.35", "0.3 0.7 0.3", "0.8 0.7 0.15"))
)
"""half of the atoms that fill a cell of 5 × 6 × 7 Å"""
PEROVSKITE_FORMULA = ("_chemical_formula_sum 'Cs Pb Br3'", "_cell_formula_units_Z 4")


def refused(text: str, *words: str) -> str:
    """Return why a file is refused; it must have these words."""
    with pytest.raises(InputError) as raised:
        parse_cif(text, "made.cif")
    message = str(raised.value)
    assert message.startswith("made.cif: ")
    for word in words:
        assert word in message, message
    return message


def only_note(text: str, *words: str) -> None:
    """Assert that a file has one note, with these words."""
    (note,) = parse_cif(text, "made.cif").notes
    for word in words:
        assert word in note, note


# ---- the list of operations against the name ------------------------------------------------------


def test_list_of_the_identity_alone_below_the_name_of_rock_salt() -> None:
    """4 Na and 4 Cl in 5.6402³ Å³ are 2.163 g/cm³: 4 × 58.44 × 1.66054/179.43."""
    text = cif("5.6402", named("F m -3 m", "_space_group_IT_number 225", *SALT_FORMULA, listed("x,y,z")), SALT)
    assert atoms(text) == {"Na": 4, "Cl": 4}
    only_note(text, "list of operations", "'F m -3 m'", "formula × Z")
    structure = parse_cif(text, "made.cif")
    assert structure.space_group == "F m -3 m"
    assert len(structure.rotations) == 192


def test_without_formula_units_list_and_name_stand_against_each_other() -> None:
    text = cif("5.6402", named("F m -3 m", "_chemical_formula_sum 'Cl Na'", listed("x,y,z")), SALT)
    refused(text, "list of operations ('P 1': 1 Na and 1 Cl", "name 'F m -3 m'", "4 Na and 4 Cl", "setting =")


def test_a_density_decides_where_there_is_no_formula() -> None:
    text = cif("5.6402", named("F m -3 m", "_exptl_crystal_density_diffrn 2.163", listed("x,y,z")), SALT)
    assert atoms(text) == {"Na": 4, "Cl": 4}
    only_note(text, "2.163 g/cm³")


def test_all_atoms_listed_below_the_name_of_the_parent_structure() -> None:
    places = ("0 0 0", "0.5 0.5 0", "0.5 0 0.5", "0 0.5 0.5")
    other = ("0.5 0.5 0.5", "0 0 0.5", "0.5 0 0", "0 0.5 0")
    sites = [f"{e}{k} {e} {p}" for e, all_of in (("Na", places), ("Cl", other)) for k, p in enumerate(all_of)]
    text = cif("5.6402", named("F m -3 m", *SALT_FORMULA, listed("x,y,z")), "\n".join(sites))
    assert atoms(text) == {"Na": 4, "Cl": 4}
    only_note(text, "the name 'F m -3 m' contradicts the list of operations", "list of operations was taken")


def test_a_list_that_lacks_centring() -> None:
    """The 48 operations of P m -3 m below F m -3 m: a quarter of the atoms."""
    import gemmi

    short = [op.triplet() for op in gemmi.SpaceGroup("P m -3 m").operations()]
    text = cif("5.6402", named("F m -3 m", *SALT_FORMULA, listed(*short)), SALT)
    assert atoms(text) == {"Na": 4, "Cl": 4}
    only_note(text, "list of operations", "formula × Z")


def test_a_list_that_lacks_one_operation_is_refused_or_completed() -> None:
    import gemmi

    most = [op.triplet() for op in gemmi.SpaceGroup("F m -3 m").operations()][:-1]
    text = cif("5.6402", named("F m -3 m", *SALT_FORMULA, listed(*most)), SALT)
    assert atoms(text) == {"Na": 4, "Cl": 4}
    only_note(text, "no group", "lacks 1 of 192")
    refused(cif("5.6402", named("F m -3 m", listed(*most)), SALT), "191 symmetry operations are no group", "follows")


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (named("I m -3 m"), "the name 'I m -3 m'"),
        ("_space_group_IT_number 216", "the number 216"),
        ("_space_group_name_Hall 'F 4 2 3'", "the Hall symbol 'F 4 2 3'"),
    ],
)
def test_another_group_beside_a_list_that_is_right(head: str, word: str) -> None:
    import gemmi

    right = [op.triplet() for op in gemmi.SpaceGroup("F m -3 m").operations()]
    text = cif("5.6402", "\n".join([head, *SALT_FORMULA, listed(*right)]), SALT)
    assert atoms(text) == {"Na": 4, "Cl": 4}
    only_note(text, f"{word} contradicts the list of operations")


def test_list_in_axes_that_have_no_symbol_agrees_with_its_name() -> None:
    """P -1 with the inversion centre at (1/8, 0, 0): another origin than any table has."""
    text = cif("5 6 7 80 85 100", named("P -1", listed("x,y,z", "-x+1/4,-y,-z")), DENSE)
    structure = parse_cif(text, "made.cif")
    assert not structure.notes
    assert structure.space_group == "P -1"
    other = cif("5 6 7 90 95 90", named("P 1 2 1", listed("x,y,z", "-x+1/4,-y,-z")), DENSE)
    refused(other, "contradicts itself", "'P 1 2 1'")


# ---- origin and axes ------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", ["F d -3 m", "F d 3 m", "Fd-3m", "F 41/d -3 2/m"])
@pytest.mark.parametrize(("place", "origin"), [("0 0 0", "F d -3 m:1"), ("0.125 0.125 0.125", "F d -3 m:2")])
@pytest.mark.parametrize(
    ("evidence", "word"),
    [(SILICON, "agrees with the formula"), (("_exptl_crystal_density_diffrn 2.33",), "density"), ((), "volume")],
)
def test_origin_of_silicon(symbol: str, place: str, origin: str, evidence: tuple[str, ...], word: str) -> None:
    """Eight atoms in either origin choice: 8 × 28.085 × 1.66054/5.431³ = 2.329 g/cm³."""
    text = cif("5.431", named(symbol, *evidence), f"Si1 Si {place}")
    assert atoms(text) == {"Si": 8}
    only_note(text, f"the name {symbol!r}", origin, word)


@pytest.mark.parametrize("evidence", [SILICON, ()])
def test_number_and_name_are_read_by_one_rule(evidence: tuple[str, ...]) -> None:
    by_number = cif("5.431", "\n".join(["_space_group_IT_number 227", *evidence]), "Si1 Si 0.125 0.125 0.125")
    by_name = cif("5.431", named("F d -3 m", *evidence), "Si1 Si 0.125 0.125 0.125")
    assert atoms(by_number) == atoms(by_name) == {"Si": 8}


def test_origin_that_nothing_decides_is_asked_for() -> None:
    text = cif("8 8 6 90 90 90", named("P m m n"), "Zn1 Zn 0.1 0.12 0.1")
    message = refused(text, "'P m m n:1' (8 Zn)", "'P m m n:2' (8 Zn)", "_space_group_name_H-M_alt")
    chosen = message.partition('setting = "')[2].partition('"')[0]
    first, second = (parse_cif(text, "made.cif", setting=s) for s in (chosen, "P m m n Z"))
    assert (first.space_group, second.space_group) == ("P m m n", "P m m n")
    assert (first.translations != second.translations).any()


def test_stated_origin_that_contradicts_the_formula() -> None:
    text = cif("5.431", named("F d -3 m :2", *SILICON), "Si1 Si 0 0 0")
    assert atoms(text) == {"Si": 8}
    only_note(text, "'F d -3 m :2'", "16 Si", "'F d -3 m:1' was taken", "formula × Z")


@pytest.mark.parametrize("symbol", ["R -3 m", "R -3 m :R", "R -3 m RS"])
def test_rhombohedral_cell(symbol: str) -> None:
    """Bismuth, two atoms in a cell of 4.75 Å and 57.23°."""
    cell = "4.75 4.75 4.75 57.23 57.23 57.23"
    for head in (named(symbol), "_space_group_IT_number 166"):
        text = cif(cell, head, "Bi1 Bi 0.23 0.23 0.23")
        assert atoms(text) == {"Bi": 2}
        assert not parse_cif(text, "made.cif").notes


def test_hexagonal_cell_below_rhombohedral_axes() -> None:
    text = cif("4.55 4.55 11.86 90 90 120", named("R -3 m :R"), "Bi1 Bi 0 0 0.234")
    assert atoms(text) == {"Bi": 6}
    only_note(text, "the cell (4.55, 4.55, 11.86, 90, 90, 120) contradicts the name 'R -3 m :R'", "'R -3 m:H'")


def test_unique_axis_is_that_of_the_oblique_angle() -> None:
    sites = "Zn1 Zn 0.1 0.2 0.3\nS1 S 0.3 0.35 0.55"
    c_unique = parse_cif(cif("5 6 7 90 90 100", named("P 21"), sites), "made.cif")
    assert c_unique.space_group == "P 1 1 21"
    assert parse_cif(cif("5 6 7 90 90 90", named("P 21"), sites), "made.cif").space_group == "P 1 21 1"
    refused(cif("5 6 7 90 90 100", named("P 1 21/c 1"), sites), "cell (5, 6, 7, 90, 90, 100)", "disagree")


def test_axes_of_a_perovskite_by_its_number_alone() -> None:
    """Pbnm and Pnam give the same numbers of atoms and alike distances; Pnma and the others do not."""
    head = "\n".join(["_space_group_IT_number 62", *PEROVSKITE_FORMULA])
    text = cif("8.207 8.255 11.759 90 90 90", head, PEROVSKITE)
    refused(text, "the number 62 leaves open", "'P b n m'", "'P n a m'")
    structure = parse_cif(text, "made.cif", setting="Pbnm")
    assert atoms(structure) == {"Cs": 4, "Pb": 4, "Br": 12}


def test_setting_of_a_study_stands_before_the_file() -> None:
    text = cif("5.431", named("F d -3 m :2"), "Si1 Si 0 0 0")
    structure = parse_cif(text, "made.cif", setting="F d -3 m S")
    assert atoms(structure) == {"Si": 8}
    assert "setting = 'F d -3 m S' was taken, against the name 'F d -3 m :2'" in structure.notes[0]
    with pytest.raises(InputError, match=r"^setting: 'P 99' is no symbol"):
        parse_cif(text, "made.cif", setting="P 99")


# ---- what is in the cell --------------------------------------------------------------------------


def test_doubled_formula_units_are_told_by_the_volume() -> None:
    text = cif("5.6402", named("F m -3 m", "_chemical_formula_sum 'Cl Na'", "_cell_formula_units_Z 8"), SALT)
    assert atoms(text) == {"Na": 4, "Cl": 4}
    only_note(text, "4 Na and 4 Cl", "formula × Z says 8 Cl and 8 Na")


def test_missing_atoms_are_refused() -> None:
    head = named("F m -3 m", *SALT_FORMULA)
    refused(cif("5.6402", head, "Na1 Na 0 0 0"), "4 Na", "formula × Z says 4 Cl and 4 Na", "missing or doubled")
    half = cif("5.6402", head, "Na1 Na 0 0 0 1\nCl1 Cl 0.5 0.5 0.5 0.5", FULL)
    refused(half, "4 Na and 2 Cl", "missing or doubled")


def test_density_of_other_atoms_is_refused_or_told() -> None:
    wrong = "_exptl_crystal_density_diffrn 0.541"
    only_note(cif("5.6402", named("F m -3 m", wrong), SALT), "0.541 g/cm³", "the volume of the cell")
    lacking = cif("5.6402", named("P 1", "_exptl_crystal_density_diffrn 2.163"), SALT)
    refused(lacking, "0.5409 g/cm³", "2.163 g/cm³", "missing or doubled")
    only_note(cif("5.6402", named("F m -3 m", wrong, *SALT_FORMULA), SALT), "2.163 g/cm³", "0.541 g/cm³")


def test_formula_of_the_whole_cell_with_its_formula_units() -> None:
    """As pymatgen writes it: the formula counts all atoms of the cell, Z the formula units among them."""
    head = named("F m -3 m", "_chemical_formula_sum 'Na4 Cl4'", "_cell_formula_units_Z 4")
    assert parse_cif(cif("5.6402", head, SALT), "made.cif").notes == ()


def test_hydrogen_that_is_not_among_the_sites_is_said() -> None:
    head = named("P -3 m 1", "_chemical_formula_sum 'H2 Mg O2'", "_cell_formula_units_Z 1")
    text = cif("3.142 3.142 4.766 90 90 120", head, "Mg1 Mg 0 0 0\nO1 O 0.3333 0.6667 0.2203")
    only_note(text, "2 H in the cell", "2 are not among the sites")


def test_elements_exchanged_are_said() -> None:
    head = named("F m -3 m", "_chemical_formula_sum 'Cl K'", "_cell_formula_units_Z 4")
    only_note(cif("5.6402", head, SALT), "4 Na and 4 Cl", "4 Cl and 4 K")


def test_volume_that_is_not_that_of_the_cell() -> None:
    only_note(cif("5.6402", named("F m -3 m", "_cell_volume 190.0"), SALT), "_cell_volume is 190 Å³", "179.43 Å³")


def test_crystal_system_of_another_group() -> None:
    head = named("F m -3 m", "_space_group_crystal_system tetragonal")
    only_note(cif("5.6402", head, SALT), "'tetragonal'", "cubic")


def test_sparse_cell_is_remarked_on() -> None:
    only_note(cif("8", named("P 1"), "Na1 Na 0 0 0\nCl1 Cl 0.5 0.5 0.5"), "256 Å³ for each atom", "11 times")


@pytest.mark.parametrize(("cell", "unit"), [("430 430 701", "pm"), ("0.430 0.430 0.701", "nm")])
def test_cell_in_another_unit(cell: str, unit: str) -> None:
    sites = "Cd1 Cd 0.3333 0.6667 0\nSe1 Se 0.3333 0.6667 0.375"
    refused(cif(f"{cell} 90 90 120", named("P 63 m c"), sites), f"are its lengths in {unit}?", "must be in Å")


# ---- split places ---------------------------------------------------------------------------------


def test_lead_on_six_places_around_the_corner() -> None:
    """x = 0.025 of 4 Å is 0.10 Å off; six places of a sixth each are one atom."""
    text = cif("4.0", named("P m -3 m"), "Pb1 Pb 0.025 0 0 0.16667", FULL)
    assert atoms(text)["Pb"] == pytest.approx(1.0, abs=1e-3)
    (site,) = crystal(text).sites
    assert site.multiplicity == 6
    assert site.orbit.free == (0,)


@pytest.mark.parametrize(("occupancy", "places"), [("0.16667", 6), ("0.1", 6), ("0.5", 1), ("1", 1)])
def test_places_are_merged_only_where_they_cannot_all_be_filled(occupancy: str, places: int) -> None:
    (site,) = crystal(cif("4.0", named("P m -3 m"), f"Pb1 Pb 0.025 0 0 {occupancy}", FULL)).sites
    assert site.multiplicity == places


def test_rounded_thirds_of_a_partly_filled_site_are_one_place() -> None:
    """0.333 for 1/3 in a cell of 12 Å is 0.004 Å off: one place, however little of it is filled."""
    text = cif("12 12 6 90 90 120", named("P 3 m 1"), "Zn1 Zn 0.333 0.667 0 0.3\nS1 S 0 0 0.4 1", FULL)
    assert [s.multiplicity for s in crystal(text).sites] == [1, 1]


def test_crowded_split_places_overlap() -> None:
    """Six places 0.4 Å off the corner, half filled: three atoms of lead in one place."""
    refused(cif("4.0", named("P m -3 m"), "Pb1 Pb 0.1 0 0 0.5", FULL), "atoms overlap: Pb1 and Pb1")


def test_a_written_crystal_has_no_notes() -> None:
    made = Crystal("library:Si", u_iso={"Si": 0.006})
    again = parse_cif(made.at(made._initial_values()).cif_text("again"), "again.cif")
    assert again.notes == ()
    assert atoms(again) == {"Si": 8}


def test_modulated_structures_are_read_as_their_average() -> None:
    only_note(cif("5.6402", named("F m -3 m", "_cell_modulation_dimension 1"), SALT), "modulated", "average")
