"""Names that are none of files on Windows, the Mac or Linux are refused before anything is computed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import nanocrystal as nc
from nanocrystal.errors import InputError
from nanocrystal.filenames import alike, check_files, file_name_problem
from support.report_example import example, platinum_pdf
from support.series_members import SmallSeries
from support.small_study import SmallStudy

LONG = "x" * 252
COMPOSED, DECOMPOSED = "\u00e9tude", "e\u0301tude"


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    return SmallStudy(tmp_path)


@pytest.mark.parametrize(
    "name",
    ["con", "CON", "nul.csv", "aux.tar.gz", "prn", "com1", "LPT9.txt", "com¹", "a.", "a ", LONG, "é" * 101],
)  # fmt: skip
def test_what_is_no_name_on_some_system(name: str) -> None:
    assert file_name_problem(name)
    with pytest.raises(InputError, match="a file would be called"):
        check_files([f"folder/{name}/iq.csv"])


@pytest.mark.parametrize(
    "name", ["console", "com", "com10", "nullary.csv", ".hidden", "x" * 200, "Größe.csv", "a.b", "lpt"]
)
def test_what_is_a_name_on_all(name: str) -> None:
    assert file_name_problem(name) == ""
    check_files([name])


def test_names_that_are_one_file_on_some_system() -> None:
    assert alike(["A.csv", "b.csv", "a.csv"]) == ("A.csv", "a.csv")
    assert alike([COMPOSED, DECOMPOSED]) == (COMPOSED, DECOMPOSED)
    assert alike(["a", "b", "a", "ss", "ß"]) is None


# ---- of a study -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["con", "aux", "Nul", "com1", LONG])
def test_a_data_set_without_a_name_for_its_file(small: SmallStudy, name: str) -> None:
    small.change("[datasets.pdf]", f"[datasets.{name}]")
    message = small.refused(f"datasets.{name}"[:40], "files are named after it, so rename it")
    assert "study.toml, line 13" in message


@pytest.mark.parametrize("room", ["crystals", "populations"])
def test_a_crystal_or_a_population_without_a_name_for_its_file(small: SmallStudy, room: str) -> None:
    old, new = ("ni", "prn") if room == "crystals" else ("dots", "prn")
    small.change(f"[{room}.{old}]", f"[{room}.{new}]")
    if room == "crystals":
        small.change('crystal = "ni"', 'crystal = "prn"')
    small.refused(f"{room}.prn: the name is what Windows calls a device")


def test_names_that_differ_in_capitals_only(small: SmallStudy) -> None:
    small.add(small.text[small.text.index("[datasets.pdf]") :].replace("[datasets.pdf]", "[datasets.PDF]"))
    small.refused("datasets.PDF: and 'pdf' would be one file on Windows and on the Mac, where capitals do not count")


@pytest.mark.parametrize(("names", "word"), [(("aux", "b"), "aux: the name is"), (("a", "A"), "A: and 'a' would be")])
def test_candidates_have_folders(small: SmallStudy, names: tuple[str, str], word: str) -> None:
    small.add("".join(f"[candidates.{name}]\n" for name in names))
    small.refused(f"candidates.{word}", verb="compare")


def test_members_have_folders(tmp_path: Path) -> None:
    small = SmallSeries(tmp_path)
    small.add("[series.members.nul]\nvalue = 400\nfiles = { pdf = 'ni_300K.gr' }")
    small.refused("series.members.nul: the name is what Windows calls a device", verb="series")


def test_two_names_may_be_too_long_together(tmp_path: Path) -> None:
    """As those of a joint refinement, whose files have the names of members in them."""
    small, name = SmallSeries(tmp_path), "y" * 120
    small.change("[series]", '[series]\nmode = "shared"\nshared = ["crystals.ni.a"]')
    small.change("pdf", name).change(f'technique = "{name}"', 'technique = "pdf"')
    small.add(f"[series.members.{'m' * 100}]\nvalue = 400\nfiles = {{ {name} = 'ni_300K.gr' }}")
    small.refused(
        "a file would be called",
        "bytes, and names of files at most 200",
        "rename what it is called after",
        verb="series",
    )


def test_reductions_have_files(tmp_path: Path) -> None:
    small = SmallStudy(tmp_path)
    small.text = '[reduction.con]\nfile = "ni.gr"\ncomposition = "Ni"\n'
    small.refused("reduction.con: the name is what Windows calls a device", verb="reduce")


# ---- of what is written ---------------------------------------------------------------------------


@pytest.mark.parametrize("out", ["con", "aux/results", "a.", "b ", "x" * 201, "x" * 300, f"{'x' * 300}/results"])
@pytest.mark.parametrize("verb", ["refine", "simulate"])
def test_a_folder_that_cannot_have_its_name(small: SmallStudy, out: str, verb: str) -> None:
    message = small.refused("--out: ", "name another one", verb=verb, more=("--out", f"{{}}/{out}"))
    assert "\n" not in message.strip()


@pytest.mark.parametrize("out", ["nul.csv", "x" * 250 + ".csv", "con/iq.csv"])
def test_a_file_that_cannot_have_its_name(small: SmallStudy, out: str) -> None:
    small.write("study.toml", small.text)
    command = ("debye", "{}/four.xyz", "--q", "0.5:1:0.1", "--out", f"{{}}/{out}")
    small.refused_command("--out: ", "name another one", command=command)


def test_a_folder_that_is_there_has_its_name(small: SmallStudy) -> None:
    (small.folder / "aux.").mkdir()
    assert small.refine("-q", "--out", "{}/aux.").exit_code == 0


def test_python_is_told_before_the_fit_and_keeps_its_result(small: SmallStudy) -> None:
    study = nc.read_study(small.write("study.toml", small.text).folder / "study.toml")
    with pytest.raises(InputError, match=r"'con' is what Windows calls a device"):
        study.run(small.folder / "con")
    result = replace(example(), datasets={"con": platinum_pdf()})
    with pytest.raises(InputError, match=r"a file would be called 'con\.csv', which is what Windows calls a device"):
        result.save(small.folder / "out")
    assert not (small.folder / "out").exists()
