"""The command: what is printed, what is written, exit codes, and what remains of a run that is cut off."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nanocrystal
from nanocrystal.study import examples
from support.small_study import TRUE, SmallStudy

OURS = {"report.html", "results.json", "pdf.csv", "pdf_fine.csv", "model_ni.cif", "study.toml"}


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    return SmallStudy(tmp_path)


def results(folder: Path) -> dict[str, object]:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


# ---- refine ---------------------------------------------------------------------------------------


def test_refine_finds_the_truth_and_writes_everything(small: SmallStudy) -> None:
    said = small.refine()
    assert said.exit_code == 0, said
    folder = small.folder / "study"
    assert {p.name for p in folder.iterdir()} == OURS
    assert said.stdout == f"{folder / 'report.html'}\n"
    for words in ("Nickel: converged", "pdf: R_w", "crystals.ni.a", "populations.dots.diameter", "Å"):
        assert words in said.stderr
    found = results(folder)
    assert found["converged"] is True
    assert found["parameters"]["crystals.ni.a"]["value"] == pytest.approx(TRUE["a"], abs=1e-4)
    assert found["parameters"]["populations.dots.diameter"]["value"] == pytest.approx(TRUE["diameter"], abs=1e-2)
    assert (folder / "study.toml").read_text(encoding="utf-8") == small.text
    assert not [p for p in small.folder.iterdir() if p.name.startswith(".")]


def test_quiet_prints_the_path_of_the_report_alone(small: SmallStudy) -> None:
    said = small.refine("--quiet")
    assert (said.exit_code, said.stderr) == (0, "")
    assert said.stdout == f"{small.folder / 'study' / 'report.html'}\n"


def test_not_converged_writes_and_ends_with_1(small: SmallStudy) -> None:
    said = small.add("[refine]\nmax_iterations = 1").refine()
    assert said.exit_code == 1
    assert said.stdout.endswith("report.html\n")
    assert "Not converged: stopped after 1 evaluations" in said.stderr
    assert "raise max_iterations" in said.stderr
    assert results(small.folder / "study")["converged"] is False


def test_out_names_the_folder_and_its_parents_are_made(small: SmallStudy) -> None:
    said = small.refine("--quiet", "--out", "{}/a/b/c")
    assert said.exit_code == 0
    assert {p.name for p in (small.folder / "a" / "b" / "c").iterdir()} == OURS


def test_study_without_suffix_goes_to_a_folder_of_another_name(small: SmallStudy) -> None:
    small.write("study", small.text)
    assert small.run("refine", "{}/study", "--quiet", study=False).exit_code == 0
    assert (small.folder / "study-results" / "report.html").is_file()


def test_second_run_replaces_our_own_files_only(small: SmallStudy) -> None:
    assert small.refine("--quiet").exit_code == 0
    note = small.folder / "study" / "note.txt"
    note.write_text("mine", encoding="utf-8")
    first = (small.folder / "study" / "results.json").read_bytes()
    assert small.change("20.0, vary", "21.0, vary").refine("--quiet").exit_code == 0
    assert note.read_text(encoding="utf-8") == "mine"
    assert (small.folder / "study" / "results.json").read_bytes() != first


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("report.html", "mine"),
        ("pdf.csv", "mine"),
        ("study.toml", "mine"),
        ("results.json", "mine"),
        ("results.json", "[]"),
        ("results.json", '{"files": [5, null]}'),
        ("results.json", '{"files": 5}'),
    ],
)
def test_foreign_file_is_kept(small: SmallStudy, name: str, content: str) -> None:
    (small.folder / "kept").mkdir()
    small.write(f"kept/{name}", content)
    small.refused("--out", f"would replace '{name}'", "name another folder", more=("--out", "{}/kept"))


@pytest.mark.parametrize("verb", ["refine", "simulate"])
def test_out_that_is_no_folder(small: SmallStudy, verb: str) -> None:
    small.refused("--out", "'ni.gr' is a file", "name a folder", verb=verb, more=("--out", "{}/ni.gr"))
    small.refused("--out", "'ni.gr' is a file, not a folder", verb=verb, more=("--out", "{}/ni.gr/deep"))


def test_text_of_the_study_is_escaped_in_the_report(small: SmallStudy) -> None:
    attack = "<script>alert(1)</script></title><img src=x onerror=alert(2)>"
    assert small.change("Nickel", attack).refine("--quiet").exit_code == 0
    page = (small.folder / "study" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_text_of_files_is_escaped_in_the_report(small: SmallStudy) -> None:
    name = "<img src=x onerror=alert(3)>.gr"
    small.write(name, (small.folder / "ni.gr").read_bytes()).change('"ni.gr"', f'"{name}"')
    assert small.refine("--quiet").exit_code == 0
    assert "<img src=x" not in (small.folder / "study" / "report.html").read_text(encoding="utf-8")


# ---- runs that are cut off ------------------------------------------------------------------------

TELLING = """
import sys
import nanocrystal.refinement.optimise as optimise
from nanocrystal.cli import main

descend = optimise._descend

def telling(*arguments, **options):
    outcome = descend(*arguments, **options)
    print("descended", file=sys.stderr, flush=True)
    return outcome

optimise._descend = telling
main()
"""


def long_run(small: SmallStudy) -> subprocess.Popen[str]:
    """Return a running refinement with many starts that has finished the first of them."""
    small.add("qbroad = { value = 0.01, vary = true }\ndelta2 = { value = 2, vary = true }\n[refine]\nstarts = 1000")
    small.write("study.toml", small.text)
    process = subprocess.Popen(
        [sys.executable, "-c", TELLING, "refine", str(small.folder / "study.toml"), "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "descended\n"
    return process


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_killed_run_leaves_nothing(small: SmallStudy) -> None:
    process = long_run(small)
    process.kill()
    process.communicate(timeout=30)
    assert sorted(p.name for p in small.folder.iterdir()) == ["Ni.cif", "four.xyz", "ni.gr", "study.toml"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_interrupted_run_saves_the_best_so_far(small: SmallStudy) -> None:
    process = long_run(small)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (small.folder / "study" / "results.json").is_file(), stderr
    assert "Traceback" not in stderr
    found = results(small.folder / "study")
    assert found["converged"] is False
    assert "interrupted" in str(found["message"])
    assert stdout.endswith("report.html\n")
    assert process.returncode == 130


def test_tie_that_leaves_its_domain_on_the_way_ends_at_its_border(small: SmallStudy) -> None:
    small.change("{ value = 0.006, vary = true }", '{ tie = "0.006 + 0.05 * sqrt(18 - populations.dots.diameter)" }')
    said = small.change("value = 20.0", "value = 17.9").refine()
    assert said.exit_code == 1
    assert "the fit stands where the model ends, not at a minimum" in said.stderr
    assert "steps were refused" in said.stdout + said.stderr
    assert "root or logarithm" in said.stdout + said.stderr
    found = results(small.folder / "study")["parameters"]["populations.dots.diameter"]["value"]
    assert found == pytest.approx(18.0, abs=0.05)


# ---- simulate -------------------------------------------------------------------------------------


def test_simulate_writes_one_csv_for_each_data_set(small: SmallStudy) -> None:
    small.change('file = "ni.gr"\nr_range = [1.5, 12.0]', 'r = "1:9:0.5"').change("3.51", "3.52")
    said = small.run("simulate", "{}/study.toml", "--out", "{}/out")
    assert (said.exit_code, said.stderr) == (0, "")
    assert said.stdout == f"{small.folder / 'out' / 'pdf.csv'}\n"
    rows = list(csv.reader((small.folder / "out" / "pdf.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["r", "g"]
    r, g = np.array(rows[1:], dtype=float).T
    assert r.tolist() == np.arange(1.0, 9.01, 0.5).tolist()
    data = np.loadtxt(small.folder / "ni.gr")
    assert g == pytest.approx(np.interp(r, *data.T), abs=2e-2 * np.abs(data[:, 1]).max())


def test_simulated_noise_has_its_sigma_and_is_repeatable(small: SmallStudy) -> None:
    small.change('file = "ni.gr"\nr_range = [1.5, 12.0]', 'r = "1:60:0.05"').add("noise = { sigma = 0.2, seed = 5 }")
    texts = []
    for out in ("a", "b"):
        assert small.run("simulate", "{}/study.toml", "--out", f"{{}}/{out}").exit_code == 0
        texts.append((small.folder / out / "pdf.csv").read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    assert texts[0].splitlines()[0] == "r,g,sigma"
    values = np.array([line.split(",") for line in texts[0].splitlines()[1:]], dtype=float)
    assert set(values[:, 2]) == {0.2}
    beyond = values[values[:, 0] > 25.0]  # nothing but noise there: the spheres are 20 Å wide
    assert np.std(beyond[:, 1]) == pytest.approx(0.2, rel=0.2)


# ---- debye ----------------------------------------------------------------------------------------


def test_debye_prints_a_csv_with_one_header(small: SmallStudy) -> None:
    said = small.run("debye", "{}/four.xyz", "--q", "0.5:1:0.1")
    assert (said.exit_code, said.stderr) == (0, "")
    rows = list(csv.reader(io.StringIO(said.stdout)))
    assert rows[0] == ["q", "intensity"]
    assert [float(q) for q, _ in rows[1:]] == pytest.approx([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert all(float(i) > 0.0 for _, i in rows[1:])


def test_debye_at_zero_is_the_square_of_the_electrons(small: SmallStudy) -> None:
    said = small.run("debye", "{}/four.xyz", "--q", "0:1:0.5")
    assert float(said.stdout.splitlines()[1].split(",")[1]) == pytest.approx((4 * 28) ** 2, rel=1e-3)


def test_debye_of_two_atoms_is_the_printed_equation(small: SmallStudy) -> None:
    """I = 2 f² [1 + exp(−u Q²) sin(Q r)/(Q r)]; the ratio to the single atom is free of f."""
    small.write("one.xyz", "1\n\nNi 0 0 0\n").write("two.xyz", "2\n\nNi 0 0 0\nNi 0 0 2.5\n")
    q, one = np.array(
        [r.split(",") for r in small.run("debye", "{}/one.xyz", "--q", "0.5:20:0.5").stdout.splitlines()[1:]], float
    ).T
    text = small.run("debye", "{}/two.xyz", "--q", "0.5:20:0.5", "--u-iso", "Ni=0.02").stdout
    two = np.array([r.split(",") for r in text.splitlines()[1:]], float)[:, 1]
    expected = 2.0 * (1.0 + np.exp(-0.02 * q**2) * np.sin(2.5 * q) / (2.5 * q))
    assert two / one == pytest.approx(expected, rel=1e-5)


def test_debye_writes_the_same_to_a_file_and_replaces_it(small: SmallStudy) -> None:
    printed = small.run("debye", "{}/four.xyz", "--q", "0.5:1:0.1").stdout
    for _ in range(2):
        said = small.run("debye", "{}/four.xyz", "--q", "0.5:1:0.1", "--out", "{}/iq.csv")
        assert said.exit_code == 0
        assert said.stdout == f"{small.folder / 'iq.csv'}\n"
        assert (small.folder / "iq.csv").read_text(encoding="utf-8") == printed


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("{}", ["is a folder", "name a CSV file"]),
        ("{}/ni.gr", ["ni.gr' exists", "name another file"]),
        ("{}/ni.gr/iq.csv", ["'ni.gr' is a file, not a folder"]),
    ],
)
def test_debye_keeps_foreign_files(small: SmallStudy, out: str, words: list[str]) -> None:
    small.refused_command("--out", *words, command=("debye", "{}/four.xyz", "--q", "0:1:0.5", "--out", out))


DEBYE = {
    "--q 0.5:1": ["--q: expected START:STOP:STEP", "'0.5:1'"],
    "--q a:b:c": ["--q: expected START:STOP:STEP"],
    "--q 0,5:1:0.1": ["--q: expected START:STOP:STEP"],
    "--q 1:0.5:0.1": ["--q: needs START < STOP"],
    "--q 0.5:1:-0.1": ["--q: needs", "positive STEP"],
    "--q 0.5:1:0": ["--q: needs", "positive STEP"],
    "--q nan:1:0.1": ["--q: expected START:STOP:STEP"],
    "--q=-1:1:0.1": ["--q: must not be negative, got -1"],
    "--q 0:1e9:1e-3": ["--q: would have", "points"],
    "--q 0:1:0.5 --u-iso Ni": ["--u-iso: expected ELEMENT=NUMBER", "'Ni'"],
    "--q 0:1:0.5 --u-iso Ni=": ["--u-iso: expected ELEMENT=NUMBER"],
    "--q 0:1:0.5 --u-iso Ni=-1": ["--u-iso: expected ELEMENT=NUMBER", "'Ni=-1'"],
    "--q 0:1:0.5 --u-iso Ni=nan": ["--u-iso: expected ELEMENT=NUMBER"],
    "--q 0:1:0.5 --u-iso Ni=x": ["--u-iso: expected ELEMENT=NUMBER"],
    "--q 0:1:0.5 --u-iso Co=0.1": ["--u-iso", "no 'Co' among the atoms", "valid: Ni"],
    "--q 0:1:0.5 --u-iso ni=0.1": ["--u-iso", "no 'ni' among the atoms", "did you mean 'Ni'"],
    "--q 0:1:0.5 --energy -5": ["energy", "-5"],
    "--q 0:1:0.5 --energy nan": ["energy", "nan"],
    "--q 0:1:0.5 --energy 1e9": ["energy", "1e+09", "eV"],
}
DEBYE_LATER = {
    "--q 0.5:20:0.1 --energy 20": ["--energy", "photons of 20 eV reach Q = 0.0203", "in eV, not keV"],
    "--q 0:1000:1": ["--q", "form factors are tabulated up to 75", "got 1000"],
    "--q 0:1:0.5 --u-iso Ni=0.1,Ni=0.2": ["--u-iso", "Ni stands twice"],
    "--q 0:1:0.5 --u-iso Ni=50": ["--u-iso", "from 0 to 1", "'Ni=50'"],
}


@pytest.mark.parametrize("options", [*DEBYE, *DEBYE_LATER])
def test_wrong_options_of_debye(small: SmallStudy, options: str) -> None:
    if "energy" in options:
        pytest.importorskip("xraydb", reason="f′ and f″ come from xraydb")
    words = (DEBYE | DEBYE_LATER)[options]
    small.refused_command(*words, command=("debye", "{}/four.xyz", *options.split()))


@pytest.mark.parametrize(
    ("xyz", "words"),
    [
        ("1\n\nQq 0 0 0\n", ["bad.xyz, line 3", "'Qq' is not the symbol of an element"]),
        ("2\n\nNi 0 0 0\nNi 0 0 0\n", ["bad.xyz", "atoms overlap"]),
        ("2\n\nNi 0 0 0\nNi 0 0 1e12\n", ["bad.xyz", "spread over 1e+12 Å"]),
        ("", ["bad.xyz, line 1", "the file is empty"]),
    ],
)
def test_wrong_atoms_of_debye(small: SmallStudy, xyz: str, words: list[str]) -> None:
    small.write("bad.xyz", xyz).refused_command(*words, command=("debye", "{}/bad.xyz", "--q", "0:1:0.5"))


def test_missing_atoms_of_debye(small: SmallStudy) -> None:
    small.refused_command("no file", "did you mean 'four.xyz'", command=("debye", "{}/fuor.xyz", "--q", "0:1:0.5"))


# ---- sample and fit, mended elsewhere -------------------------------------------------------------


def test_data_that_are_all_zero(small: SmallStudy) -> None:
    rows = (small.folder / "ni.gr").read_text(encoding="utf-8").splitlines()
    small.write("ni.gr", "\n".join(f"{row.split()[0]} 0" for row in rows))
    small.refused("datasets.pdf", "all measured values are zero")


def test_data_of_absurd_size(small: SmallStudy) -> None:
    rows = (small.folder / "ni.gr").read_text(encoding="utf-8").splitlines()
    small.write("ni.gr", "\n".join(f"{row.split()[0]} 1e300" for row in rows))
    small.refused("datasets.pdf.file", "values up to 1.0e+300")


def test_scale_of_zero(small: SmallStudy) -> None:
    small.add("scale = 0").refused("datasets.pdf", "calculated curve is zero everywhere")


def test_fractions_of_different_kinds(small: SmallStudy) -> None:
    small.change('shape = "sphere"', 'shape = "sphere"\nmass_fraction = 0.5')
    small.add('[populations.b]\ncrystal = "ni"\nshape = "bulk"\nvolume_fraction = 0.5')
    small.refused("populations.b", "volume_fraction", "dots as mass_fraction", "the same kind of fraction")


def test_varied_fraction_of_the_only_population(small: SmallStudy) -> None:
    small.change('shape = "sphere"', 'shape = "sphere"\nmass_fraction = { value = 1, vary = true }')
    small.refused("line 11: populations.dots.mass_fraction", "the only population", "leave its fraction out")


def test_cluster_with_one_atom_of_an_element(small: SmallStudy) -> None:
    from support.small_study import ATOMS_STUDY, XYZ

    small.text = ATOMS_STUDY.replace("Ni = 0.01", "Ni = 0.01, Pd = 0.01")
    said = small.write("four.xyz", XYZ.replace("Ni 0 0 0", "Pd 0 0 0")).refine("--quiet")
    assert said.exit_code == 1  # four atoms do not describe the data, which is what is said
    assert said.stderr.startswith("Doubtful: datasets.pdf: R_w is 88 %")


# ---- the other verbs ------------------------------------------------------------------------------


def test_version_and_schema_and_list_of_examples(small: SmallStudy) -> None:
    assert small.run("--version").stdout == f"nanocrystal {nanocrystal.__version__}\n"
    schema = json.loads(small.run("schema").stdout)
    assert {"crystals", "populations", "datasets", "refine", "title"} <= set(schema["properties"])
    assert "pt_nanoparticles" in small.run("example").stdout


def test_unknown_example(small: SmallStudy) -> None:
    small.refused_command("example 'pt_nano'", "did you mean 'pt_nanoparticles'", command=("example", "pt_nano"))


MISSING = """title = "Measured"
[crystals.ni]
cif = "package:no_such_package/Ni.cif"
[populations.p]
crystal = "ni"
shape = "bulk"
[datasets.pdf]
technique = "pdf"
file = "package:no_such_package/ni.gr"
qmax = 20.0
"""


def test_example_without_its_data(small: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    """The synthetic example stands in, with a remark; where there is none the message says what to install."""
    folder = small.folder / "examples"
    folder.mkdir()
    for name in ("Ni.cif", "ni.gr"):
        (folder / name).write_bytes((small.folder / name).read_bytes())
    (folder / "measured.toml").write_text(MISSING, encoding="utf-8")
    monkeypatch.setattr(examples, "examples_folder", lambda: folder)
    small.refused_command("measured.toml", "pip install no_such_package", command=("example", "measured"))
    (folder / "synthetic.toml").write_text(small.text, encoding="utf-8")
    said = small.run("example", "measured", "--out", "{}/out", study=False)
    assert said.exit_code == 0
    assert "synthetic" in said.stderr
    assert "nanocrystal[examples]" in said.stderr
    assert results(small.folder / "out")["title"] == "Nickel"


@pytest.mark.parametrize(
    "arguments", [("refien", "x"), ("refine",), ("refine", "x.toml", "--quit"), ("debye", "x.xyz")]
)
def test_wrong_command_line(small: SmallStudy, arguments: tuple[str, ...]) -> None:
    said = small.run(*arguments)
    assert said.exit_code == 2
    assert said.stdout == ""
    assert "Traceback" not in said.stderr
