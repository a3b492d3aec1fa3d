"""What other programs call a key is understood, and folders and examples are explained in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from nanocrystal.study import examples
from support.small_study import SmallStudy


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    return SmallStudy(tmp_path)


SYNONYMS = {
    "rmin": ("qmax = 20.0", "rmin = 1.5", "did you mean 'r_range' ([low, high] in one key)?"),
    "rmax": ("qmax = 20.0", "rmax = 20", "did you mean 'r_range'"),
    "radius": ('shape = "sphere"', "radius = 10", "did you mean 'diameter' (twice the radius)?"),
    "size": ('shape = "sphere"', "size = 10", "did you mean 'diameter'"),
    "spdiameter": ('shape = "sphere"', "spdiameter = 10", "did you mean 'diameter'"),
    "B": ('cif = "Ni.cif"', "B = 0.5", "did you mean 'u_iso' (B = 8π² u_iso)?"),
    "b_iso": ('cif = "Ni.cif"', "b_iso = 0.5", "did you mean 'u_iso' (B = 8π² u_iso)?"),
    "biso": ('cif = "Ni.cif"', "biso = 0.5", "did you mean 'u_iso' (B = 8π² u_iso)?"),
    "lattice": ('cif = "Ni.cif"', "lattice = 3.5", "did you mean 'a'"),
}


@pytest.mark.parametrize("key", SYNONYMS)
def test_names_of_other_programs(small: SmallStudy, key: str) -> None:
    after, line, words = SYNONYMS[key]
    small.change(after, f"{after}\n{line}").refused(f".{key}: unknown key", words, "(valid: ")


def test_sigma_of_a_distribution(small: SmallStudy) -> None:
    small.change("{ value = 20.0, vary = true }", '{ distribution = "normal", mean = 20, sigma = 2 }')
    small.refused("'sigma' is no key of a distribution", "did you mean 'std'")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("{ value = 0.006, vary = true }", "write u_iso = { Pt = { value = 0.006, vary = true } }"),
        ('{ tie = "crystals.ni.a" }', 'write u_iso = { Pt = { tie = "crystals.ni.a" } }'),
        ("0.006", "write u_iso = { Pt = 0.006 }"),
    ],
)
def test_one_number_for_u_iso(small: SmallStudy, written: str, words: str) -> None:
    small.change("{ Ni = { value = 0.006, vary = true } }", written)
    small.refused("line 6: crystals.ni.u_iso", "by element or site label", words)


def test_no_names_to_choose_from(small: SmallStudy) -> None:
    small.text = small.text[small.text.index("[populations.dots]") :]
    message = small.refused("populations.dots.crystal", "no crystal 'ni'")
    assert "there are none" in message


def test_simulate_and_refine_into_one_folder(small: SmallStudy) -> None:
    refinement = small.text
    small.change('file = "ni.gr"\nr_range = [1.5, 12.0]', 'r = "1:9:0.5"')
    assert small.run("simulate", "{}/study.toml").exit_code == 0
    small.text = refinement
    message = small.refused("study: holds the results of a simulation; name another folder", "--out study-refined")
    assert "--out: " not in message
    assert small.refine("--quiet", "--out", "{}/other").exit_code == 0
    small.change('file = "ni.gr"\nr_range = [1.5, 12.0]', 'r = "1:9:0.5"')
    small.refused("other: holds the results of a refinement", verb="simulate", more=("--out", "{}/other"))


def test_default_folder_with_a_foreign_file_blames_no_option(small: SmallStudy) -> None:
    (small.folder / "study").mkdir()
    small.write("study/report.html", "mine")
    message = small.refused("would replace 'report.html'", "name another folder with --out.")
    assert "--out: " not in message


UNCARRIED = """# get: the drawer on the left.
title = "Measured"
[crystals.ni]
cif = "package:nanocrystal/tables/library/Ni.cif"
u_iso = { Ni = 0.006 }
[populations.dots]
crystal = "ni"
shape = "sphere"
diameter = { value = 20.0, vary = true }
[datasets.pdf]
technique = "pdf"
file = "ni.gr"
r_range = [1.5, 12.0]
qmax = 20.0
qdamp = 0.04
"""


def test_example_whose_data_no_package_carries(small: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("examples", "empty"):
        (small.folder / name).mkdir()
    small.write("examples/measured.toml", UNCARRIED)
    monkeypatch.setattr(examples, "examples_folder", lambda: small.folder / "examples")
    assert "Measured (needs ni.gr, see the file)" in small.run("example", study=False).stdout
    monkeypatch.chdir(small.folder / "empty")
    words = ("example 'measured': needs ni.gr", "take it from the drawer on the left", "working directory")
    small.refused_command(*words, command=("example", "measured"))
    monkeypatch.chdir(small.folder)
    said = small.run("example", "measured", "--quiet", study=False)
    assert said.exit_code == 0, said
    assert said.stdout == f"{Path('measured') / 'report.html'}\n"
