"""What was given in the place of something else is named, with the verb or key that takes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data import read_curve
from nanocrystal.data.kinds import kind_of
from nanocrystal.data.nmr import read_nmr
from nanocrystal.data.resources import resolved_path
from nanocrystal.errors import InputError
from support.measured import measured
from support.small_study import CIF, STUDY, XYZ, SmallStudy, gr_rows

ROWS = "\n".join(f"{0.1 * i:.1f} {i * i % 17}.5" for i in range(1, 31)) + "\n"


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    return SmallStudy(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("ni.gr", "\n".join(gr_rows()), ["ni.gr", "is a PDF, G(r) over r", "`nanocrystal new ni.gr`"]),
        ("a.iq", ROWS, ["is an intensity over q", "nanocrystal new a.iq"]),
        ("a.chi", ROWS, ["is an intensity over q"]),
        ("a.fq", ROWS, ["is F(Q) or S(Q) over q"]),
        ("a.xy", ROWS, ["a pattern over 2θ by its suffix", "nanocrystal new a.xy", "ppm or Hz"]),
        ("a.txt", f"q I\n{ROWS}", ["over q by its heading 'q'"]),
        ("a.csv", f"2theta  counts\n{ROWS}", ["over two_theta by its heading '2theta'"]),
        ("a.dat", f"#L r(A)  G(r)\n{ROWS}", ["over r by its heading 'r(A)'"]),
        ("Ni.cif", CIF, ["is a CIF, a crystal structure", "cif = …"]),
        ("four.xyz", XYZ, ["is a list of atoms"]),
        ("study.toml", STUDY, ["is a study", "`nanocrystal refine study.toml`"]),
        ("a.xlsx", b"PK\x03\x04 and so on", ["is a spreadsheet", "export the columns as CSV"]),
        ("paper.pdf", b"%PDF-1.7\n", ["is a document in the Portable Document Format"]),
        ("a.xdi", ROWS, ["is a scan of an absorption edge", "files in [reduction.NAME], beside absorption"]),
        ("a.prj", ROWS, ["is a project of Athena", "files in [reduction.NAME], beside absorption"]),
        ("a.tif", b"II*\0abcd", ["is a detector image", "[reduction.NAME.image]"]),
    ],
)  # fmt: skip
def test_nmr_of_what_is_no_nmr(small: SmallStudy, name: str, content: str | bytes, words: list[str]) -> None:
    """A PDF gave a spectrum.csv and exit code 0."""
    small.write(name, content)
    small.refused_command(name, *words, command=("nmr", f"{{}}/{name}", "--out", "{}/out.csv"))


def test_spectra_of_any_suffix_are_spectra_where_they_say_so(tmp_path: Path) -> None:
    for name, head in (("a.xy", "ppm intensity"), ("a.txt", ""), ("a.csv", "ppm,intensity"), ("a.xy", "# Hz  real")):
        (tmp_path / name).write_text(f"{head}\n{ROWS if ',' not in head else ROWS.replace(' ', ',')}", encoding="utf-8")
        np.testing.assert_allclose(read_nmr(tmp_path / name).x, 0.1 * np.arange(1, 31))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("Ni2.cif", CIF, ["a crystal structure"]),
        ("Ni2.txt", CIF, ["is a CIF, a crystal structure", "Wanted is a curve"]),
        ("four.xyz", XYZ, ["is a list of atoms", "Wanted is a curve"]),
        ("other.toml", STUDY, ["is a study"]),
        ("page.gr", "<!DOCTYPE html>\n<html><body>1 2</body></html>", ["is a web page", "download the file itself"]),
        ("paper.gr", b"%PDF-1.7\n%\xe2\xe3\n", ["Portable Document Format"]),
        ("a.xlsx", b"PK\x03\x04\x14\0", ["is a spreadsheet"]),
        ("a.jdx", "##TITLE= x\n##JCAMP-DX= 5.0\n", ["is an NMR measurement", "`nanocrystal nmr a.jdx`"]),
        ("image.tif", b"II*\0\0\0", ["is a detector image"]),
    ],
)
def test_data_that_are_none(small: SmallStudy, name: str, content: str | bytes, words: list[str]) -> None:
    small.write(name, content).change('"ni.gr"', f'"{name}"')
    small.refused("line 15: datasets.pdf.file: ", name, *words)


def test_folders_of_nmr_and_of_results(small: SmallStudy) -> None:
    (small.folder / "12").mkdir()
    small.write("12/acqus", "##TITLE= x\n").change('"ni.gr"', '"12"')
    small.refused("datasets.pdf.file", "is an NMR measurement", "nanocrystal nmr 12")
    (small.folder / "out").mkdir()
    small.write("out/results.json", "{}")
    small.refused_command("is a folder of results", command=("refine", "{}/out"))
    small.refused_command("is an NMR measurement", command=("refine", "{}/12"))
    small.refused_command("is a folder of results", command=("nmr", "{}/out", "--out", "{}/x.csv"))


@pytest.mark.parametrize("verb", ["refine", "simulate", "plan", "series", "reduce", "compare", "posterior"])
def test_studies_that_are_none(small: SmallStudy, verb: str) -> None:
    small.refused_command("is a PDF, G(r) over r", "Wanted is a study file", command=(verb, "{}/ni.gr"))
    small.refused_command("is a CIF, a crystal structure", "Wanted is a study file", command=(verb, "{}/Ni.cif"))


def test_new_of_what_is_no_data(small: SmallStudy) -> None:
    small.refused_command("is a crystal structure", command=("new", "{}/Ni.cif", "--out", "{}/s.toml"))


def test_measured_files_are_what_they_are() -> None:
    for name, kind in (
        ("pdf/pdfttp_ch03NiModelling/Ni.gr", "curve"),
        ("pdf/pdfttp_ch03NiModelling/Ni.cif", "structure"),
        ("cif/retyped_minimal/CsBr_Pm-3m_computed.cif", "structure"),
        ("xrd/dara_MIT/BiFeO3.xy", None),
        ("nmr/NMRTools.jl_MIT/15n-xste-ts3/acqus", "nmr"),
        ("saxs/xrsdkit_SLAC_BSD3/spheres_0.dat", None),
    ):
        kind_found = kind_of(measured(name))
        assert (kind_found.name if kind_found else None) == kind, name
    assert read_curve(measured("pdf/pdfttp_ch03NiModelling/Ni.gr")).y_name == "g"


# ---- paths with backslashes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('"ni.gr"', r'"C:\new\ni.csv"', "line 15: datasets.pdf.file: "),
        ('"Ni.cif"', r'"C:\test\new.cif"', "line 4: crystals.ni.cif: "),
        ('"ni.gr"', r'"data\table.gr"', "line 15: datasets.pdf.file: "),
    ],
)
def test_backslashes_that_became_line_breaks_are_named(small: SmallStudy, old: str, new: str, place: str) -> None:
    """The message went over three lines."""
    path = new.strip('"')
    said = small.change(old, new).refused(place, "a backslash and a letter", f"'{path}'", path.replace("\\", "/"))
    assert said.strip().count("\n") == 0


@pytest.mark.parametrize("path", [r"C:\data\ni.gr", r"C:\Users\me\ni.gr", r"D:\uni\ni.gr", r"C:\xray\ni.gr"])
def test_backslashes_that_toml_does_not_know_are_named(small: SmallStudy, path: str) -> None:
    said = small.change('"ni.gr"', f'"{path}"').refused("study.toml, line 15", "backslash", path.replace("\\", "/"))
    assert said.strip().count("\n") == 0


def test_backslashes_as_they_should_be_are_paths() -> None:
    for text in (r"C:\new\ni.csv", "C:/new/ni.csv", r"\\server\new\ni.csv"):
        assert str(resolved_path(text, "", "file")).endswith("ni.csv")
    with pytest.raises(InputError, match="holds a tab"):
        resolved_path("data\table.gr", "", "file")
