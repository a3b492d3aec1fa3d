"""The command `new`: a study for measured files that can be refined as it stands, and never over a file."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from support.small_angle_files import Entry, cansas_xml
from support.small_study import TRUE, SmallStudy, noisy_rows
from support.structure_texts import poscar, project, stru

HEADER = "qmax = 20.0\nqdamp = 0.04\n#### start data\n"
SPHERES = """
[crystals.pt]
library = "Pt"
u_iso = { Pt = 0.006 }
[populations.dots]
crystal = "pt"
shape = "sphere"
diameter = 24.0
[datasets.iq]
technique = "total-scattering"
q = "1:12:0.02"
noise = { counts = 1e5, seed = 1 }
background = { c0 = 2e4 }
"""
PRISMS = """
[crystals.p]
library = "CsPbBr3-alpha"
[populations.dots]
crystal = "p"
shape = "prism"
d_ab = { distribution = "lognormal", mean = 34, std = 5 }
l_c = { distribution = "lognormal", mean = 42, std = 6 }
[datasets.iq]
technique = "total-scattering"
q = "0.8:8:0.02"
noise = { counts = 1e5, seed = 1 }
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallStudy:
    monkeypatch.chdir(tmp_path)
    return SmallStudy(tmp_path)


def written(small: SmallStudy, *arguments: str) -> tuple[dict[str, dict[str, dict[str, object]]], str]:
    """Return the study that `new` wrote, and what it said."""
    said = small.run("new", *arguments, study=False)
    assert said.exit_code == 0, said
    path = small.folder / said.stdout.strip()
    return tomllib.loads(path.read_text(encoding="utf-8")), said.stderr


def refined(small: SmallStudy, name: str) -> dict[str, dict[str, float]]:
    """Return the parameters of a study that was refined by the command."""
    said = small.run("refine", name, "--quiet", study=False)
    assert said.exit_code == 0, said
    results = json.loads((small.folder / Path(name).stem / "results.json").read_text(encoding="utf-8"))
    assert results["converged"] is True
    return results["parameters"]  # type: ignore[no-any-return]


def simulated(small: SmallStudy, study: str) -> None:
    """Write s.iq, the simulated data of a study."""
    small.write("truth.toml", study.encode())
    assert small.run("simulate", "truth.toml", study=False).exit_code == 0
    rows = (small.folder / "truth" / "iq.csv").read_text(encoding="utf-8").splitlines()[1:]
    small.write("s.iq", "\n".join(row.replace(",", " ") for row in rows))


def test_pdf_is_refined_as_it_stands(small: SmallStudy) -> None:
    small.write("noisy.gr", HEADER + "\n".join(noisy_rows()))
    content, said = written(small, "noisy.gr", "--cif", "Ni.cif")
    assert said == ""
    assert content["datasets"]["pdf"]["qmax"] == 20.0
    assert content["datasets"]["pdf"]["qdamp"] == 0.04
    found = refined(small, "noisy.toml")
    for address, true in (("crystals.ni.a", TRUE["a"]), ("populations.dots.diameter", TRUE["diameter"])):
        assert found[address]["value"] == pytest.approx(true, abs=4.0 * found[address]["stderr"])


def test_a_structure_without_symmetry_keeps_lengths_alike(small: SmallStudy) -> None:
    half = TRUE["a"] / 2.0
    vectors = ((0.0, half, half), (half, 0.0, half), (half, half, 0.0))
    small.write("POSCAR", poscar(vectors, ["0 0 0"], kinds="Ni\n1"))
    small.write("noisy.gr", HEADER + "\n".join(noisy_rows()))
    content, _ = written(small, "noisy.gr", "--cif", "POSCAR")
    edge = TRUE["a"] / np.sqrt(2.0)
    cell = {k: v for k, v in content["crystals"]["ni"].items() if k != "u_iso"}
    assert cell == {
        "cif": "POSCAR",
        "a": {"value": pytest.approx(edge), "vary": True},
        "b": {"tie": "crystals.ni.a"},
        "c": {"tie": "crystals.ni.a"},
    }
    found = refined(small, "noisy.toml")["crystals.ni.a"]
    assert found["value"] == pytest.approx(edge, abs=4.0 * found["stderr"])


def test_one_phase_of_a_project_is_asked_for_and_named(small: SmallStudy) -> None:
    cell = [TRUE["a"]] * 3 + [90.0] * 3
    atoms = [("Ni", 0.0, 0.0, 0.0), ("Ni", 0.0, 0.5, 0.5), ("Ni", 0.5, 0.0, 0.5), ("Ni", 0.5, 0.5, 0.0)]
    text = stru(cell, atoms, head="spcgr   Fm-3m", u=(0.006, 0.006, 0.006, 0.0, 0.0, 0.0))
    (small.folder / "fits.ddp3").write_bytes(project({"a fit/Ni/initial": text, "b/Ni/initial": text}))
    small.refused_command("block = …", '"a fit/Ni", "b/Ni"', command=("new", "ni.gr", "--cif", "fits.ddp3"))
    content, said = written(small, "ni.gr", "--cif", "fits.ddp3", "--block", "a fit")
    assert content["crystals"]["ni"] == {
        "cif": "fits.ddp3",
        "block": "a fit",
        "a": {"value": 3.52, "vary": True},
        "u_iso": {"Ni": {"value": 0.006, "vary": True}},
    }
    assert "the structure is a fit/Ni/initial of the project." in said
    assert small.run("refine", "ni.toml", "--quiet", study=False).exit_code == 0


def small_angle_entries(folder: Path) -> str:
    """Write two SASdata, spheres of 50 Å with a slit and without; return the name of the file."""
    q = np.linspace(0.005, 0.3, 100)
    x = 25.0 * q
    intensity = (1e3 * (3.0 * (np.sin(x) - x * np.cos(x)) / x**3) ** 2).tolist()
    plain = {"Q": ((10.0 * q).tolist(), "1/nm"), "I": (intensity, "1/cm")}
    slit = {**plain, "dQl": ([0.5] * 100, "1/nm")}
    text = cansas_xml(Entry([plain], "front", radiation="neutron"), Entry([slit], "rear"))
    (folder / "two.xml").write_text(text, encoding="utf-8")
    return "two.xml"


def test_small_angles_are_a_study_of_saxs(small: SmallStudy) -> None:
    content, said = written(small, small_angle_entries(small.folder), "--cif", "Ni.cif", "--out", "small.toml")
    data = content["datasets"]["saxs"]
    assert (data["technique"], data["entry"], data["q_range"]) == ("saxs", 1, [0.005, 0.3])
    assert "CHECK: two.xml holds 2 SASdata; choose one with entry = …, of: 1 (front); 2 (rear)." in said
    assert content["crystals"]["ni"] == {"cif": "Ni.cif", "u_iso": {"Ni": {"value": 0.006}}}
    mean = content["populations"]["dots"]["diameter"]["mean"]  # type: ignore[index]
    assert mean["value"] == pytest.approx(50.0, rel=0.2)
    found = refined(small, "small.toml")["populations.dots.diameter.mean"]
    assert found["value"] == pytest.approx(50.0, rel=0.02)


def test_what_the_file_does_not_say_is_marked(small: SmallStudy) -> None:
    content, said = written(small, "ni.gr", "--cif", "Ni.cif")
    assert said.splitlines() == [
        "CHECK: qmax of ni.gr is an assumption; say up to where the data were transformed.",
        "CHECK: qdamp of ni.gr is assumed and the size depends on it; take it from a standard.",
    ]
    assert content["datasets"]["pdf"]["file"] == "ni.gr"
    assert content["crystals"]["ni"]["u_iso"] == {"Ni": {"value": 0.006, "vary": True}}


def test_spheres_in_total_scattering(small: SmallStudy) -> None:
    simulated(small, SPHERES)
    content, said = written(small, "s.iq", "--library", "Pt")
    assert said == ""
    assert content["populations"]["dots"]["shape"] == "sphere"
    found = refined(small, "s.toml")
    for address, true in (("populations.dots.diameter", 24.0), ("crystals.pt.u_iso.Pt", 0.006)):
        assert found[address]["value"] == pytest.approx(true, abs=4.0 * found[address]["stderr"])


@pytest.mark.campaign
def test_perovskites_are_prisms_with_sizes_that_come_back(small: SmallStudy) -> None:
    simulated(small, PRISMS)
    content, _ = written(small, "s.iq", "--library", "CsPbBr3-alpha", "--out", "prisms.toml")
    assert content["populations"]["dots"]["shape"] == "prism"
    found = refined(small, "prisms.toml")
    for name, true in (("d_ab.mean", 34.0), ("l_c.mean", 42.0), ("d_ab.std", 5.0), ("l_c.std", 6.0)):
        p = found[f"populations.dots.{name}"]
        assert p["value"] == pytest.approx(true, abs=4.0 * p["stderr"]), name


def test_no_crystal_leaves_a_place_for_it(small: SmallStudy) -> None:
    content, said = written(small, "ni.gr")
    assert content["crystals"] == {"crystal": {"cif": "MISSING.cif"}}
    assert said.startswith("CHECK: name a structure file")
    small.refused_command("MISSING.cif", "no file", command=("refine", "ni.toml"))


def test_columns_without_names_are_guessed_and_said(small: SmallStudy) -> None:
    rows = (small.folder / "ni.gr").read_text(encoding="utf-8")
    small.write("g.dat", rows).write("sub.txt", "1 10 3\n2 20 4\n3 15 4\n50 3 1\n")
    content, said = written(small, "g.dat", "sub.txt", "--cif", "Ni.cif", "--out", "two.toml")
    assert content["datasets"]["pdf"]["columns"] == ["r", "g"]
    assert content["datasets"]["scattering"]["columns"] == ["two_theta", "intensity", "sigma"]
    assert "columns are guessed from the numbers of g.dat" in said
    assert "sub.txt is over 2θ, say its wavelength" in said


def test_two_theta_asks_for_the_wavelength_unless_the_file_says_it(small: SmallStudy) -> None:
    x = np.linspace(1.0, 60.0, 100)
    rows = "\n".join(f"{a:.3f} {100.0 + a:.3f}" for a in x)
    small.write("a.xy", rows).write("b.xy", f"# wavelength = 0.6 A\n{rows}")
    first, said = written(small, "a.xy", "--cif", "Ni.cif")
    assert "wavelength" not in first["datasets"]["scattering"]
    assert said == "CHECK: a.xy is over 2θ, say its wavelength.\n"
    small.refused_command("datasets.scattering.wavelength", "is missing", command=("refine", "a.toml"))
    second, said = written(small, "b.xy", "--cif", "Ni.cif")
    assert second["datasets"]["scattering"]["wavelength"] == 0.6
    assert said == ""


def test_study_in_another_folder_finds_its_files(small: SmallStudy) -> None:
    content, _ = written(small, "ni.gr", "--cif", "Ni.cif", "--out", "deep/er/study.toml")
    assert content["datasets"]["pdf"]["file"] == "../../ni.gr"
    assert content["crystals"]["ni"]["cif"] == "../../Ni.cif"


def test_nothing_is_overwritten(small: SmallStudy) -> None:
    small.write("ni.toml", "mine")
    small.refused_command("--out", "'ni.toml' exists", "name a new file", command=("new", "ni.gr"))
    small.refused_command("--out", "'ni.toml' exists", command=("new", "ni.gr", "--out", "ni.toml"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no.gr"], ["no file no.gr", "did you mean 'ni.gr'"]),
        (["ni.gr", "--cif", "Pt.cif"], ["--cif", "no file", "did you mean 'Ni.cif'"]),
        (["ni.gr", "--library", "Pu"], ["--library", "no structure 'Pu'"]),
        (["ni.gr", "--cif", "Ni.cif", "--library", "Pt"], ["--library", "one of the two"]),
        (["a.fq"], ["a.fq", "holds f over q", "G(r) and for intensity"]),
        (["words.txt"], ["words.txt"]),
        (["ni.gr", "--block", "x"], ["--block", "give the file with --cif"]),
        (["ni.gr", "--cif", "Ni.cif", "--block", "x"], ["--block", "x"]),
        (["Ni.cif"], ["Ni.cif", "is a crystal structure", "give it with --cif"]),
    ],
)
def test_what_cannot_be_used(small: SmallStudy, arguments: list[str], words: list[str]) -> None:
    small.write("a.fq", "1 2\n2 3\n3 4\n").write("words.txt", "no numbers here\n")
    small.refused_command(*words, command=("new", *arguments))
