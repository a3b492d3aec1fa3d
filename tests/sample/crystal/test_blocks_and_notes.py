"""A crystal of a study from a file: its block, its setting, and its notes in everything that is written of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nanocrystal import Crystal
from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.structure_files import read_structure
from nanocrystal.study import read_study
from support.cifs import FULL, cif, named
from support.small_study import CIF, SmallStudy

TWO = CIF.replace("data_Ni", "data_other").replace("3.52", "3.6") + CIF
WHICH = 'block = "Ni"'
SILICON = cif("5.431", named("F d -3 m"), "Si1 Si 0.125 0.125 0.125")


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    """A small study of nickel in a folder of its own."""
    return SmallStudy(tmp_path)


@pytest.fixture
def two_phases(small: SmallStudy) -> SmallStudy:
    """The small study with a file of two phases, of which the second is meant."""
    return small.write("Ni.cif", TWO)


def test_block_is_a_key_of_the_study(two_phases: SmallStudy) -> None:
    two_phases.change('cif = "Ni.cif"', f'cif = "Ni.cif"\n{WHICH}')
    two_phases.write("study.toml", two_phases.text)
    study = read_study(two_phases.folder / "study.toml")
    assert study.sample.crystals["ni"].structure.cell[0] == 3.52
    assert study.sample.crystals["ni"].notes == []
    assert WHICH in study.to_toml()


def test_unknown_block_is_told_at_its_key(two_phases: SmallStudy) -> None:
    two_phases.change('cif = "Ni.cif"', 'cif = "Ni.cif"\nblock = "Pt"')
    two_phases.refused("line 5: crystals.ni.block", "'Pt' is no block of Ni.cif", "'other', 'Ni'")


def test_setting_is_a_key_of_the_study(small: SmallStudy) -> None:
    small.write("Ni.cif", SILICON).change('cif = "Ni.cif"', 'cif = "Ni.cif"\nsetting = "F d -3 m :2"')
    small.change("u_iso = { Ni = { value = 0.006, vary = true } }", "u_iso = { Si = 0.006 }")
    small.write("study.toml", small.text)
    study = read_study(small.folder / "study.toml")
    assert len(study.sample.crystals["ni"].site_of_atom) == 8
    assert 'setting = "F d -3 m :2"' in study.to_toml()
    small.change('"F d -3 m :2"', '"F d 3 q"').refused("line 5: crystals.ni.setting", "'F d 3 q' is no symbol")


@pytest.mark.parametrize("key", ["block", "setting"])
def test_keys_of_a_file_are_not_for_the_library(key: str) -> None:
    with pytest.raises(InputError, match=rf"^crystals\.x\.{key}: is for a file of your own"):
        read_structure("library:Si", "crystals.x", **{key: "x"})


def test_arguments_of_a_crystal_in_python(tmp_path: Path) -> None:
    (tmp_path / "two.cif").write_text(TWO)
    first = Crystal(tmp_path / "two.cif", name="ni")
    assert first.structure.cell[0] == 3.6
    assert first.notes == [f"{tmp_path / 'two.cif'}: {first.structure.notes[0]}"]
    assert Crystal.from_cif(tmp_path / "two.cif", block="Ni").structure.cell[0] == 3.52
    with pytest.raises(InputError, match=r"^crystals\.two\.block"):
        Crystal(tmp_path / "two.cif", block="none")


# ---- where notes go -------------------------------------------------------------------------------


NOTE = "has structures in the blocks 'other' and 'Ni'"


def test_notes_are_in_the_result_on_the_terminal_and_on_the_page(two_phases: SmallStudy) -> None:
    said = two_phases.run("refine", "{}/study.toml", "--out", "{}/out")
    assert NOTE in said.stderr
    document = json.loads((two_phases.folder / "out" / "results.json").read_text())
    assert any(note.startswith("Ni.cif: has structures") for note in document["notes"])
    assert "has structures in the blocks" in (two_phases.folder / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("command", "file"), [(("simulate",), "simulation.json"), (("atoms", "--out", "{}/out"), "atoms.json")]
)
def test_notes_are_in_other_results(two_phases: SmallStudy, command: tuple[str, ...], file: str) -> None:
    verb, *options = command
    options = options or ["--out", "{}/out"]
    said = two_phases.run(verb, "{}/study.toml", *options)
    assert said.exit_code == 0
    assert NOTE in (two_phases.folder / "out" / file).read_text()
    assert verb == "simulate" or NOTE in said.stderr


def test_notes_of_a_new_study(two_phases: SmallStudy) -> None:
    said = two_phases.run("new", "{}/ni.gr", "--cif", "{}/Ni.cif", "--out", "{}/new.toml")
    assert NOTE in said.stderr


def test_notes_of_a_plan(two_phases: SmallStudy) -> None:
    two_phases.change('file = "ni.gr"\nr_range = [1.5, 12.0]', 'r = "1.5:12:0.1"\nnoise = { sigma = 0.02 }')
    said = two_phases.run("plan", "{}/study.toml", "--out", "{}/out")
    assert NOTE in said.stderr + (two_phases.folder / "out" / "plan.json").read_text()


# ---- clusters -------------------------------------------------------------------------------------


def test_debye_of_a_crystal_sums_the_atoms_of_one_cell(small: SmallStudy) -> None:
    """At Q = 0 the intensity is the square of all electrons: (4 × 28)² for nickel."""
    said = small.run("debye", "{}/Ni.cif", "--q", "0:1:1")
    assert said.exit_code == 0
    assert float(said.stdout.splitlines()[1].split(",")[1]) == pytest.approx((4 * 28) ** 2, rel=1e-3)
    assert "the 4 atoms of one cell were taken, alone in space" in said.stderr
    small.run("debye", "{}/Ni.cif", "--q", "0:1:1", "--out", "{}/iq")
    assert "the 4 atoms of one cell" in (small.folder / "iq" / "debye.json").read_text()
    assert "the 4 atoms of one cell" in (small.folder / "iq" / "report.html").read_text()


def test_debye_of_atoms_without_symmetry_takes_them_as_they_are(small: SmallStudy) -> None:
    text = cif("50", named("P 1"), "Ni1 Ni 0 0 0 1\nNi2 Ni 1.05 0 0 1", FULL)
    said = small.write("two.cif", text).run("debye", "{}/two.cif", "--q", "1:2:1")
    assert said.stderr == ""
    assert said.exit_code == 0


def test_debye_reads_a_block_by_its_name(two_phases: SmallStudy) -> None:
    first = two_phases.run("debye", "{}/Ni.cif", "--q", "1:2:1")
    second = two_phases.run("debye", "{}/Ni.cif", "--q", "1:2:1", "--block", "Ni")
    assert NOTE in first.stderr
    assert NOTE not in second.stderr
    assert first.stdout != second.stdout
    two_phases.refused_command(
        "block", "'Pt' is no block", command=("debye", "{}/Ni.cif", "--q", "1:2:1", "--block", "Pt")
    )
