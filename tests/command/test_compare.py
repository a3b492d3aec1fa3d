"""`nanocrystal compare`: candidates of a study, what is written, what is refused."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from nanocrystal.cli.app import app
from nanocrystal.errors import InputError, RefinementError
from nanocrystal.refinement import Comparison, Result
from nanocrystal.running import candidates as running
from nanocrystal.study import Study, read_candidates, read_study
from nanocrystal.study.candidates import merged
from support.small_study import TRUE, SmallStudy, noisy_rows

CANDIDATES = """
[candidates.base]

[candidates.cube]
description = "cubes of the same metal"
drop = ["populations.dots.diameter"]

[candidates.cube.populations.dots]
shape = "cube"
edge_length = { value = 16.0, vary = true }
"""
OURS = {"report.html", "results.json", "pdf.csv", "pdf_fine.csv", "model_ni.cif"}


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    return SmallStudy(tmp_path).write("ni.gr", "\n".join(noisy_rows()))


@pytest.fixture
def pair(small: SmallStudy) -> SmallStudy:
    return small.add(CANDIDATES)


def compared(small: SmallStudy, *more: str):
    return small.run("compare", "{}/study.toml", *more)


# ---- merging --------------------------------------------------------------------------------------


def test_tables_join_and_other_values_replace() -> None:
    base = {"a": {"value": 1.0, "vary": True}, "b": [1, 2], "c": {"d": {"e": 1, "f": 2}}}
    laid = {"a": {"value": 2.0}, "b": [3], "c": {"d": {"e": 5}}, "g": 1}
    assert merged(base, laid) == {"a": {"value": 2.0, "vary": True}, "b": [3], "c": {"d": {"e": 5, "f": 2}}, "g": 1}
    assert base["a"]["value"] == 1.0


def test_kinds_of_numbers_replace_each_other_whole() -> None:
    assert merged({"value": 1.0, "vary": True}, {"tie": "x.y"}) == {"tie": "x.y"}
    spread = {"distribution": "lognormal", "mean": 1.0, "std": 0.1}
    assert merged(spread, {"value": 2.0}) == {"value": 2.0}
    assert merged({"value": 2.0}, spread) == spread


def test_candidates_are_studies(pair: SmallStudy) -> None:
    path = pair.folder / "study.toml"
    path.write_text(pair.text, encoding="utf-8")
    found = read_candidates(path).studies
    assert list(found) == ["base", "cube"]
    assert found["base"].parameters["populations.dots.diameter"].parameter.value == 20.0
    assert "populations.dots.diameter" not in found["cube"].parameters
    assert found["cube"].parameters["populations.dots.edge_length"].parameter.vary
    assert found["cube"].description == "cubes of the same metal"
    assert found["cube"].title == "Nickel: cube"
    assert list(read_study(path).candidates) == ["base", "cube"]


def test_base_need_not_be_complete_for_a_comparison(small: SmallStudy) -> None:
    small.change('cif = "Ni.cif"\n', "")
    for name in ("a", "b"):
        small.add(f'[candidates.{name}.crystals.ni]\ncif = "Ni.cif"')
    path = small.folder / "study.toml"
    path.write_text(small.text, encoding="utf-8")
    assert list(read_candidates(path).studies) == ["a", "b"]
    small.refused("crystals.ni.cif: is missing", "without its candidates", "nanocrystal compare study.toml")


def test_refine_takes_the_study_alone_and_says_so(pair: SmallStudy) -> None:
    said = pair.refine()
    assert said.exit_code == 0
    assert "nanocrystal compare" in said.stderr
    written = json.loads((pair.folder / "study" / "results.json").read_text(encoding="utf-8"))
    assert "populations.dots.diameter" in written["parameters"]


# ---- what is written ------------------------------------------------------------------------------


def test_compare_finds_spheres_and_writes_everything(pair: SmallStudy) -> None:
    said = compared(pair)
    assert said.exit_code == 0, said
    folder = pair.folder / "study-compared"
    assert said.stdout == f"{folder / 'report.html'}\n"
    assert {p.name for p in folder.iterdir()} == {
        "report.html",
        "plotly.min.js",
        "comparison.json",
        "study.toml",
        "base",
        "cube",
    }
    assert {p.name for p in (folder / "cube").iterdir()} == OURS
    found = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    assert found["ranking"][0] == "base"
    assert found["best"] == ["base"]
    assert found["complete"] is True
    base = found["candidates"]["base"]
    assert base["result"]["parameters"]["crystals.ni.a"]["value"] == pytest.approx(TRUE["a"], abs=2e-3)
    curve = np.genfromtxt(folder / "base" / "pdf.csv", delimiter=",", names=True)
    chi2 = float((((curve["observed"] - curve["calculated"]) / curve["sigma"]) ** 2).sum())
    assert base["chi2"] == pytest.approx(chi2, rel=1e-6)
    assert base["gof"] == pytest.approx(np.sqrt(chi2 / (len(curve) - base["n_parameters"])), rel=1e-6)
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == found["files"]
    for words in ("base: converged", "ΔBIC", "base describes the data best"):
        assert words in said.stderr
    assert not [p for p in pair.folder.iterdir() if p.name.startswith(".")]


def test_again_and_beside_other_results(pair: SmallStudy) -> None:
    assert compared(pair, "--quiet").exit_code == 0
    assert compared(pair, "--quiet").exit_code == 0
    assert pair.refine("--quiet").exit_code == 0
    said = compared(pair, "--out", "{}/study")
    assert said.exit_code == 2
    assert "holds the results of a refinement" in said.stderr
    (pair.folder / "mine").mkdir()
    pair.write("mine/cube", "my own")
    said = compared(pair, "--out", "{}/mine")
    assert said.exit_code == 2
    assert "would replace 'cube'" in said.stderr
    assert [p.name for p in (pair.folder / "mine").iterdir()] == ["cube"]


def test_report_shows_candidates_and_curves(pair: SmallStudy) -> None:
    assert compared(pair, "--quiet").exit_code == 0
    page = (pair.folder / "study-compared" / "report.html").read_text(encoding="utf-8")
    data = page.partition('<script id="report-data" type="application/json">')[2].partition("</script>")[0]
    [figure] = json.loads(data)["figures"].values()
    names = [t["name"] for t in figure["data"]]
    assert names[-4:] == ["base", "cube", "Difference of base", "Difference of cube"]
    colors = [t["line"]["color"] for t in figure["data"][-4:]]
    assert colors[:2] == colors[2:]
    assert [t["yaxis"] for t in figure["data"][-2:]] == ["y2", "y3"]
    assert figure["layout"]["yaxis2"]["range"] == figure["layout"]["yaxis3"]["range"]
    for words in ("cubes of the same metal", "base describes the data best", 'href="cube/report.html"'):
        assert words in page


def test_one_that_does_not_converge_is_listed_and_the_others_stand(pair: SmallStudy) -> None:
    said = compared(pair.add("[candidates.hasty.refine]\nmax_iterations = 1"))
    assert said.exit_code == 1
    assert "Not judged: hasty (not converged" in said.stderr
    found = json.loads((pair.folder / "study-compared" / "comparison.json").read_text(encoding="utf-8"))
    assert found["best"] == ["base"]
    assert found["candidates"]["hasty"]["judged"] is False
    assert found["ranking"] == ["base", "cube"]


def test_one_that_fails_is_listed_and_the_others_stand(pair: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    refined = Study.refine

    def failing(study: Study, progress: object = None) -> Result:
        if study.source.candidate == "bad":
            raise RefinementError("datasets.pdf: the calculated curve is not finite for these parameters.")
        return refined(study)

    monkeypatch.setattr(Study, "refine", failing)
    said = compared(pair.add("[candidates.bad]"))
    assert said.exit_code == 1
    assert "bad: failed: datasets.pdf: the calculated curve is not finite" in said.stderr
    found = json.loads((pair.folder / "study-compared" / "comparison.json").read_text(encoding="utf-8"))
    assert "not finite" in found["candidates"]["bad"]["problem"]
    assert found["candidates"]["bad"]["result"] is None
    assert found["best"] == ["base"]
    assert not (pair.folder / "study-compared" / "bad").exists()


def test_from_python(pair: SmallStudy) -> None:
    path = pair.folder / "study.toml"
    path.write_text(pair.text, encoding="utf-8")
    found = read_study(path).compare()
    assert isinstance(found, Comparison)
    assert found.best == ["base"]
    assert found["cube"].result is not None
    assert repr(found).splitlines()[0] == "Comparison('Nickel')"
    assert "base describes the data best" in repr(found)


@pytest.mark.campaign
def test_example_finds_its_phase_and_the_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cell of γ-CsPbBr3 in the library; sizes and displacements as in examples/compare_make_cspbbr3.py."""
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(app, ["example", "compare_cspbbr3", "--quiet"])
    assert said.exit_code == 0, said.output
    found = json.loads((tmp_path / "compare_cspbbr3-compared" / "comparison.json").read_text(encoding="utf-8"))
    assert found["ranking"] == ["orthorhombic", "tetragonal", "cubic"]
    assert found["best"] == ["orthorhombic"]
    assert found["candidates"]["orthorhombic"]["gof"] == pytest.approx(1.0, abs=0.1)
    truth = {
        "crystals.cspbbr3.a": 8.207,
        "crystals.cspbbr3.b": 8.255,
        "crystals.cspbbr3.c": 11.759,
        "crystals.cspbbr3.u_iso.Br": 0.06,
        "populations.dots.d_ab.mean": 60.0,
        "populations.dots.l_c.mean": 70.0,
    }
    parameters = found["candidates"]["orthorhombic"]["result"]["parameters"]
    for address, true in truth.items():
        assert abs(parameters[address]["value"] - true) < 3.5 * parameters[address]["stderr"], address


# ---- processes ------------------------------------------------------------------------------------


def test_processes_give_what_one_after_the_other_gives(pair: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pair.folder / "study.toml"
    path.write_text(pair.text, encoding="utf-8")
    candidates = read_candidates(path)
    assert pickle.loads(pickle.dumps(candidates)).studies.keys() == candidates.studies.keys()
    steps, done = [], []
    how = {"progress": lambda *step: steps.append(step[0]), "finished": lambda name, _: done.append(name)}
    alone = candidates.compare(**how)
    assert set(steps) == set(done) == {"base", "cube"}
    monkeypatch.setattr(running, "WORTH_PROCESSES", 0.0)
    steps.clear()
    both = candidates.compare(processes=2, **how)
    assert set(steps) == {"base", "cube"}
    assert [s.name for s in both.standings] == [s.name for s in alone.standings]
    for one, other in zip(alone.standings, both.standings, strict=True):
        assert one.chi2 == pytest.approx(other.chi2, rel=1e-9)


@pytest.mark.skipif(os.name != "posix", reason="needs SIGINT")
def test_interrupted_saves_what_there_is(small: SmallStudy) -> None:
    small.write(
        "study.toml", small.text + "[candidates.base]\n[candidates.long.refine]\nstarts = 1000\ntolerance = 1e-14\n"
    )
    code = "from nanocrystal.cli import main; main()"
    command = [sys.executable, "-c", code, "compare", "study.toml"]
    process = subprocess.Popen(command, cwd=small.folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for said in process.stderr:
        if said.startswith("base:"):
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    found = json.loads((small.folder / "study-compared" / "comparison.json").read_text(encoding="utf-8"))
    assert found["best"] == ["base"]
    assert "interrupted" in found["candidates"]["long"]["problem"]


# ---- wrong input ----------------------------------------------------------------------------------


def refused(small: SmallStudy, *words: str) -> str:
    return small.refused(*words, verb="compare")


def test_no_candidates(small: SmallStudy) -> None:
    refused(small, "study.toml: has no candidates", "[candidates.cubic.crystals.NAME]", "[candidates.base]")


def test_one_candidate(small: SmallStudy) -> None:
    refused(small.add("[candidates.only]"), "one candidate, only", "[candidates.base]")


WRONG = {
    "unknown key": ("[candidates.a]\npopulation.dots.shape = 1",
                    ["line 22: candidates.a.population", "did you mean 'populations'"]),
    "unknown key below": ("[candidates.a.crystals.ni]\nuiso = 1",
                          ["line 22: candidates.a.crystals.ni.uiso", "did you mean 'u_iso'"]),
    "no identifier": ('[candidates."α phase"]', ["candidates", "'α phase'", "letters, digits and _"]),
    "no table": ("candidates = { a = 3 }", ["must be a table", "got 3"]),
    "capitals": ("[candidates.Base]", ["candidates.Base", "capitals"]),
    "file": ('[candidates.a.datasets.pdf]\nfile = "other.gr"',
             ["line 22: candidates.a.datasets.pdf.file", "not what was measured"]),
    "range": ("[candidates.a.datasets.pdf]\nr_range = [1.5, 10.0]",
              ["candidates.a.datasets.pdf", "points rather than", "not what was measured"]),
    "new data set": ('[candidates.a.datasets.pfd]\ntechnique = "pdf"',
                     ["candidates.a.datasets.pfd", "did you mean 'pdf'"]),
    "dropped data set": ('[candidates.a]\ndrop = ["datasets.pdf"]', ["datasets"]),
    "drop of nothing": ('[candidates.a]\ndrop = ["populations.dots.diametr"]',
                        ["line 22: candidates.a.drop", "did you mean 'populations.dots.diameter'"]),
    "drop no list": ('[candidates.a]\ndrop = "title"', ["line 22: candidates.a.drop", "list in square brackets"]),
    "key of the study left over": (
        '[candidates.a.populations.dots]\nshape = "cube"\nedge_length = 16.0',
        ["line 11: populations.dots.diameter, candidate a", "unknown key",
         'drop = ["populations.dots.diameter"] leaves it out']),
    "loss": ('[candidates.a.refine]\nloss = "huber"', ["candidates.a.refine.loss", "one loss"]),
    "file that is not there": ('[candidates.a.crystals.ni]\ncif = "Nix.cif"',
                               ["line 22: candidates.a.crystals.ni.cif", "Nix.cif"]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_candidates_are_refused(small: SmallStudy, case: str) -> None:
    text, words = WRONG[case]
    if case == "no table":
        small.text = f"{text}\n{small.text}"
    else:
        small.add(f"\n[candidates.base]\n{text}")
    refused(small, *words)


def test_a_bad_file_is_not_to_be_dropped(pair: SmallStudy) -> None:
    (pair.folder / "ni.gr").write_text("nothing\n", encoding="utf-8")
    said = compared(pair)
    assert said.exit_code == 2
    assert "ni.gr" in said.stderr
    assert "leaves it out here" not in said.stderr


def test_a_comparison_without_title_is_untitled(pair: SmallStudy) -> None:
    said = compared(pair.change('title = "Nickel"', ""))
    assert "\nUntitled comparison: 2 candidates in" in said.stderr


def test_what_is_wrong_in_the_study_is_said_of_the_study(pair: SmallStudy) -> None:
    message = refused(pair.change("diameter = {", "diametr = {"), "line 11: populations.dots.diametr: unknown key")
    assert "candidate" not in message


def test_simulated_study_cannot_be_compared(pair: SmallStudy) -> None:
    pair.change('file = "ni.gr"\nr_range = [1.5, 12.0]', 'r = "1:12:0.1"')
    refused(pair, "has no file")


def test_study_without_candidates_in_python(small: SmallStudy) -> None:
    path = small.folder / "study.toml"
    path.write_text(small.text, encoding="utf-8")
    with pytest.raises(InputError, match="has no candidates"):
        read_study(path).compare()
