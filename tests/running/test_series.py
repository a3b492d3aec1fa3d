"""`nanocrystal series`: what is written, what is carried over, checkpoints, lost processes, interrupts."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.processes import Here, share_processors
from nanocrystal.refinement import Result
from nanocrystal.report.series.checkpoints import read_member
from nanocrystal.report.series.result import MEMBER, MemberResult
from nanocrystal.running import Processes
from nanocrystal.running import member as series_member
from nanocrystal.running.member import MemberOutcome, refined_member
from nanocrystal.running.plan import Plan, Silent
from nanocrystal.running.series import refined_series, run
from nanocrystal.study import Study
from nanocrystal.study.series import read_series
from support.series_members import EXPANSION, SmallSeries, cell_at, measured_rows

CANDIDATES = """
[candidates.sphere]

[candidates.cube]
drop = ["populations.dots.diameter"]

[candidates.cube.populations.dots]
shape = "cube"
edge_length = { value = 16.0, vary = true }
"""


@pytest.fixture
def small(tmp_path: Path) -> SmallSeries:
    return SmallSeries(tmp_path)


def plan_of(small: SmallSeries, watcher: Silent | None = None) -> Plan:
    small.write("study.toml", small.text)
    return Plan(
        series=read_series(small.folder / "study.toml"), folder=small.folder / "out", watcher=watcher or Silent()
    )


class Heard(Silent):
    """A watcher that keeps what it is told."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.reused: list[str] = []
        self.ended: list[str] = []
        self.losses: list[tuple[str, bool]] = []

    def begun(self, name: str) -> None:
        self.began.append(name)

    def done(self, member: MemberResult, reused: bool) -> None:
        (self.reused if reused else self.ended).append(member.name)

    def lost(self, name: str, again: bool) -> None:
        self.losses.append((name, again))


# ---- what comes out -------------------------------------------------------------------------------


def test_a_heated_crystal_gives_its_cells_and_its_expansion(small: SmallSeries) -> None:
    """Made with a(T) = 3.52 Å (1 + 20e-6/K (T - 100 K)) and noise of known σ."""
    said = small.series()
    assert said.exit_code == 0, said
    found = small.written()
    assert found["complete"] is True
    for name, member in found["members"].items():
        a = member["fits"][""]["parameters"]["crystals.ni.a"]
        assert abs(a["value"] - cell_at(float(name[1:]))) < 3.5 * a["stderr"], name
    [trend] = [t for t in found["trends"] if t["parameter"] == "crystals.ni.a"]
    assert abs(trend["relative_slope"] - EXPANSION) < 3.5 * trend["relative_slope_stderr"]
    assert trend["relative_slope_stderr"] < 0.2 * EXPANSION
    for words in ("[3/3] T300: R_w", "crystals.ni.a: thermal expansion", "from 3 members"):
        assert words in said.stderr


def test_every_file_is_listed_and_each_member_has_a_folder(small: SmallSeries) -> None:
    assert small.series("--quiet").exit_code == 0
    folder = small.folder / "study-series"
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    own = {"report.html", "results.json", "pdf.csv", "pdf_fine.csv", "model_ni.cif", MEMBER}
    expected = {f"{m}/{name}" for m in ("T100", "T200", "T300") for name in own}
    assert there == expected | {"report.html", "series.csv", "series.json", "study.toml", "plotly.min.js"}
    assert there == set(small.written()["files"])
    assert not list(folder.rglob(".*"))


def test_table_has_one_row_a_member(small: SmallSeries) -> None:
    assert small.series("--quiet").exit_code == 0
    text = (small.folder / "study-series" / "series.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert [(r["member"], float(r["temperature"]), r["state"]) for r in rows] == [
        ("T100", 100.0, "converged"), ("T200", 200.0, "converged"), ("T300", 300.0, "converged"),
    ]  # fmt: skip
    for row in rows:
        own = json.loads((small.folder / "study-series" / row["member"] / "results.json").read_text(encoding="utf-8"))
        a = own["parameters"]["crystals.ni.a"]
        assert float(row["crystals.ni.a"]) == pytest.approx(a["value"], rel=1e-9)
        assert float(row["crystals.ni.a_stderr"]) == pytest.approx(a["stderr_scaled"], rel=1e-9)
        assert float(row["rw.pdf"]) == pytest.approx(own["datasets"]["pdf"]["rw"], rel=1e-9)


def test_without_reports_of_members(small: SmallSeries) -> None:
    assert small.add('reports = "none"').series("--quiet").exit_code == 0
    folder = small.folder / "study-series"
    assert [p.parent for p in folder.rglob("report.html")] == [folder]
    assert not (folder / "plotly.min.js").exists()


def test_values_are_carried_over(small: SmallSeries) -> None:
    plan = plan_of(small)
    starts: dict[str, Mapping[str, Mapping[str, float]]] = {}
    while (task := plan.next_task()) is not None:
        starts[task.name] = task.starts
        plan.finished(refined_member(task))
    assert starts["T100"] == {}
    for name, before in (("T200", "T100"), ("T300", "T200")):
        own = json.loads((plan.folder / before / "results.json").read_text(encoding="utf-8"))["parameters"]
        free = {a: p["value"] for a, p in own.items() if p["status"] == "free"}
        assert starts[name] == {"": pytest.approx(free)}
        assert {"crystals.ni.a", "crystals.ni.u_iso.Ni", "populations.dots.diameter"} == set(free)
        assert plan.results[name].carried_from == before


def test_independent_members_all_start_from_the_study(small: SmallSeries) -> None:
    small.change("[series]", '[series]\nmode = "independent"')
    plan = plan_of(small)
    tasks = [plan.next_task() for _ in range(3)]
    assert [t.name for t in tasks if t is not None] == ["T100", "T200", "T300"]
    assert all(t is not None and t.starts == {} for t in tasks)
    assert plan.next_task() is None


def test_starts_of_candidates_reach_their_own_model(small: SmallSeries) -> None:
    """A start is laid over what a candidate changes, and over what it has of the study."""
    task = plan_of(small.add(CANDIDATES)).next_task()
    assert task is not None
    starts = {"sphere": {"populations.dots.diameter": 21.5}, "cube": {"populations.dots.edge_length": 17.5}}
    from dataclasses import replace

    content = series_member._started(replace(task, starts=starts))
    studies = task.file.studies(content)
    assert studies["sphere"].parameters["populations.dots.diameter"].parameter.value == 21.5
    assert studies["sphere"].parameters["populations.dots.diameter"].parameter.vary
    assert studies["cube"].parameters["populations.dots.edge_length"].parameter.value == 17.5
    assert "candidates" in task.content
    assert "populations" not in task.content["candidates"]["sphere"]


def test_candidates_are_judged_per_member(small: SmallSeries) -> None:
    said = small.add(CANDIDATES).series()
    assert said.exit_code == 0
    found = small.written()
    assert [m["preferred"] for m in found["members"].values()] == ["sphere"] * 3
    assert found["transitions"] == []
    assert "sphere is preferred in all 3 members" in said.stderr
    one = json.loads((small.folder / "study-series/T100/comparison.json").read_text(encoding="utf-8"))
    assert found["members"]["T100"]["best"] == one["best"]
    cube = found["members"]["T100"]["fits"]["cube"]
    assert cube["delta_bic"] == pytest.approx(one["candidates"]["cube"]["delta_bic"])


# ---- members that fail ----------------------------------------------------------------------------


def failing(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    refined = Study.refine

    def refine(study: Study, progress: object = None) -> Result:
        if study.title.endswith(where):
            from nanocrystal.errors import RefinementError

            raise RefinementError("datasets.pdf: the calculated curve is not finite for these parameters.")
        return refined(study)

    monkeypatch.setattr(Study, "refine", refine)


def test_after_a_failed_member_the_last_good_one_is_carried_on(
    small: SmallSeries, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "T200")
    said = small.series()
    assert said.exit_code == 1
    found = small.written()
    assert found["members"]["T200"]["state"] == "failed"
    assert found["members"]["T300"]["carried_from"] == "T100"
    for words in (
        "T200 failed: datasets.pdf: the calculated curve is not finite",
        "T300: starts from T100, since T200",
    ):
        assert words in said.stderr
        assert any(words.partition(": ")[2] in note for note in found["notes"])
    rows = (small.folder / "study-series" / "series.csv").read_text(encoding="utf-8").splitlines()
    assert rows[2].startswith("T200,200,,failed,,")


def test_a_file_that_cannot_be_read_fails_its_member_only(small: SmallSeries) -> None:
    said = small.write("ni_300K.gr", "nothing\n").series()
    assert said.exit_code == 1
    assert "T300 failed" in said.stderr
    assert "T200: R_w" in said.stderr


def test_a_mistake_of_the_program_fails_its_member_only(small: SmallSeries, monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(task: object, results: object, comparison: object) -> dict[str, str]:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(series_member, "_texts", mistaken)
    said = small.series()
    assert said.exit_code == 1
    assert "T300 failed: an unexpected ZeroDivisionError (by zero); please report it" in said.stderr


def test_what_failed_is_tried_again(small: SmallSeries, monkeypatch: pytest.MonkeyPatch) -> None:
    assert small.series("--quiet").exit_code == 0
    with monkeypatch.context() as broken:
        small.write("ni_200K.gr", measured_rows(200.0, 9))
        failing(broken, "T200")
        assert small.series("--quiet").exit_code == 1
    assert sorted(p.name for p in (small.folder / "study-series" / "T200").iterdir()) == [MEMBER]
    assert small.series("--quiet").exit_code == 0
    assert small.written()["members"]["T200"]["state"] == "converged"


def test_a_file_that_vanishes_on_the_way_fails_its_member_only(small: SmallSeries) -> None:
    plan = plan_of(small)
    (small.folder / "ni_200K.gr").unlink()
    run(plan, Here())
    assert "the file 'ni_200K.gr' of member T200 cannot be read" in plan.results["T200"].problem
    assert plan.results["T300"].carried_from == "T100"


def test_an_interrupt_ends_all_candidates(small: SmallSeries, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    refined = Study.refine

    def interrupted(study: Study, progress: object = None) -> Result:
        from dataclasses import replace

        begun.append(study.title)
        return replace(refined(study), interrupted=True)

    monkeypatch.setattr(Study, "refine", interrupted)
    plan = plan_of(small.add(CANDIDATES))
    assert run(plan, Here()) is True
    assert len(begun) == 1
    assert plan.missing == ["T100", "T200", "T300"]


def test_a_series_without_title_is_untitled(small: SmallSeries) -> None:
    said = small.change('title = "Nickel, heated"', "").series("--workers", "1")
    assert "\nUntitled series: 3 members in" in said.stderr


def test_an_interrupt_before_the_first_member_leaves_no_folder(
    small: SmallSeries, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Study, "refine", stopped)
    said = small.series("--workers", "1")
    assert said.exit_code == 130
    assert "no member was done" in said.stderr
    assert not (small.folder / "study-series").exists()


def test_a_model_that_does_not_describe_its_data_is_said(small: SmallSeries, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).normal(size=1500)
    small.write("ni_200K.gr", "\n".join(f"{0.02 * k:.2f} {noise[k]:.6f}" for k in range(1, 1500)))
    said = small.series("--workers", "1")
    [poor] = [line for line in said.stderr.splitlines() if "  ! R_w is above 60 %" in line]
    assert "T200 " in poor
    assert "T100" not in poor


def test_why_all_candidates_fail_is_said_once(small: SmallSeries) -> None:
    small.add(CANDIDATES).write("ni_300K.gr", "nothing\n")
    said = small.series("--workers", "1")
    assert "failed: " in said.stderr
    assert all(line.count("failed") == 1 for line in said.stderr.splitlines() if "failed" in line)
    assert "leaves it out here" not in said.stderr


# ---- checkpoints ----------------------------------------------------------------------------------


def test_nothing_is_done_twice(small: SmallSeries) -> None:
    first = Heard()
    run(plan_of(small, first), Here())
    assert first.began == first.ended == ["T100", "T200", "T300"]
    again = Heard()
    plan = plan_of(small, again)
    run(plan, Here())
    assert again.began == []
    assert again.reused == ["T100", "T200", "T300"]
    assert list(plan.results) == ["T100", "T200", "T300"]


def test_what_is_kept_is_what_was_found(small: SmallSeries) -> None:
    plan = plan_of(small)
    run(plan, Here())
    for name, member in plan.results.items():
        assert read_member(plan.folder, name) == member


@pytest.mark.parametrize(
    ("change", "redone"),
    [
        (lambda s: s.write("ni_200K.gr", measured_rows(200.0, 77)), ["T200", "T300"]),
        (lambda s: s.change("value = 3.51", "value = 3.512"), ["T100", "T200", "T300"]),
        (lambda s: s.add("[series.members.T300]\nvalue = 300\nrefine.tolerance = 1e-7"), ["T300"]),
        (lambda s: s.change('title = "Nickel, heated"', '# a remark\ntitle = "Nickel, heated"'), []),
    ],
)
def test_what_changed_is_done_again_with_all_that_follows_from_it(small: SmallSeries, change, redone) -> None:  # type: ignore[no-untyped-def]
    """In a sequential series a member follows from those before it; where its start is the same it is kept."""
    run(plan_of(small), Here())
    change(small)
    heard = Heard()
    run(plan_of(small, heard), Here())
    assert heard.began == redone


def test_a_checkpoint_that_is_broken_is_done_again(small: SmallSeries) -> None:
    plan = plan_of(small)
    run(plan, Here())
    (plan.folder / "T200" / MEMBER).write_text("{", encoding="utf-8")
    (plan.folder / "T300" / MEMBER).unlink()
    heard = Heard()
    run(plan_of(small, heard), Here())
    assert heard.began == ["T200", "T300"]


def test_foreign_files_are_left_alone(small: SmallSeries) -> None:
    small.write("study.toml", small.text)
    (small.folder / "mine" / "T200").mkdir(parents=True)
    small.write("mine/T200/results.json", "my own")
    said = small.series("--out", "{}/mine")
    assert said.exit_code == 2
    assert "would replace 'T200/results.json'" in said.stderr
    assert [p.name for p in (small.folder / "mine").iterdir()] == ["T200"]


# ---- processes ------------------------------------------------------------------------------------


def test_processes_give_what_one_after_the_other_gives(small: SmallSeries) -> None:
    small.change("[series]", '[series]\nmode = "independent"')
    alone = plan_of(small)
    run(alone, Here())
    both = Plan(series=alone.series, folder=small.folder / "other")
    run(both, Processes(2))
    for name, member in alone.results.items():
        a, other = (m.fits[""].values["crystals.ni.a"] for m in (member, both.results[name]))
        assert a.value == pytest.approx(other.value, rel=1e-9)
        assert a.stderr == pytest.approx(other.stderr, rel=1e-6)


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_member_whose_process_is_killed_is_done_again_once(small: SmallSeries) -> None:
    class Killer(Heard):
        killed = False

        def step(self, name: str, candidate: str, iteration: int, weighted_r: Mapping[str, float]) -> None:
            if not self.killed:
                self.killed = True
                victim = multiprocessing.active_children()[0]
                assert victim.pid is not None
                os.kill(victim.pid, signal.SIGKILL)

    heard = Killer()
    plan = plan_of(small.change("[series]", '[series]\nmode = "independent"'), heard)
    assert run(plan, Processes(2)) is False
    [(name, again)] = heard.losses
    assert again
    assert sorted(heard.ended) == ["T100", "T200", "T300"]
    assert all(m.fit is not None and m.fit.converged for m in plan.results.values())
    assert any("done again" in note for note in plan.results[name].notes)
    assert not multiprocessing.active_children()


def test_a_member_that_loses_its_process_twice_is_given_up_but_not_for_later_runs(small: SmallSeries) -> None:
    heard = Heard()
    plan = plan_of(small.change("[series]", '[series]\nmode = "independent"'), heard)
    task = plan.next_task()
    assert task is not None
    plan.lost(task)
    assert plan.next_task() == task
    plan.lost(task)
    assert heard.losses == [("T100", True), ("T100", False)]
    assert "its process ended before it was done, 2 times, perhaps for lack of memory" in plan.results["T100"].problem
    assert read_member(plan.folder, "T100") is None
    other = plan.next_task()
    assert other is not None
    assert other.name == "T200"


def test_a_second_outcome_of_a_member_is_dropped(small: SmallSeries) -> None:
    plan = plan_of(small)
    task = plan.next_task()
    assert task is not None
    outcome = refined_member(task)
    plan.finished(outcome)
    plan.finished(MemberOutcome(outcome.member, {"intruder.txt": ""}))
    assert not (plan.folder / "T100" / "intruder.txt").exists()
    assert plan.next_task().name == "T200"  # type: ignore[union-attr]


def test_processors_are_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[set[int]] = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3, 4, 5}, raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", lambda _, own: kept.append(own), raising=False)
    for number in range(4):
        share_processors(number, 4)
    assert kept == [{0, 4}, {1, 5}, {2}, {3}]


# ---- interrupts -----------------------------------------------------------------------------------


def started(small: SmallSeries, *more: str) -> subprocess.Popen[str]:
    """Return the command running, once its first member is done; the others take very long."""
    small.change("[series]", '[series]\nmode = "independent"')
    small.write("study.toml", small.text + endless(200) + endless(300))
    command = [sys.executable, "-c", "from nanocrystal.cli import main; main()", "series", "study.toml", *more]
    process = subprocess.Popen(command, cwd=small.folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for said in process.stderr:
        if "T100: R_w" in said:
            break
    return process


def endless(value: int) -> str:
    return f"[series.members.T{value}]\nvalue = {value}\nrefine = {{ starts = 1000, tolerance = 1e-14 }}\n"


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_interrupted_keeps_what_is_done_and_goes_on(small: SmallSeries, workers: str) -> None:
    process = started(small, "--workers", workers)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "1 of 3 members are done and saved" in said
    found = small.written()
    assert (list(found["members"]), found["missing"], found["interrupted"]) == (["T100"], ["T200", "T300"], True)
    again = small.series()
    assert again.exit_code == 0, again
    assert "T100: R_w" in again.stderr
    assert again.stderr.count("as an earlier run found") == 1
    assert small.written()["complete"]


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_loses_nothing_that_was_done(small: SmallSeries) -> None:
    process = started(small, "--workers", "2")
    process.kill()
    process.communicate(timeout=60)
    assert small.written()["complete"] is False
    assert all((small.folder / "study-series" / name).is_file() for name in small.written()["files"])
    before = (small.folder / "study-series" / "T100" / MEMBER).read_bytes()
    again = small.series()
    assert again.exit_code == 0, again
    assert again.stderr.count("as an earlier run found") == 1
    assert (small.folder / "study-series" / "T100" / MEMBER).read_bytes() == before


def test_an_earlier_series_stays_as_it_is_until_the_next_one_is_whole(small: SmallSeries) -> None:
    """Stopped by a mistake in its midst, a run leaves what it did aside, where the next one finds it."""
    assert small.series("--quiet").exit_code == 0
    folder = small.folder / "study-series"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    small.change("Nickel, heated", "Nickel again").write("study.toml", small.text)
    plan = Plan(series=read_series(small.folder / "study.toml"), folder=folder)
    task = plan.next_task()
    assert task is not None
    plan.finished(refined_member(task))
    assert {path: path.read_bytes() for path in before} == before
    again = small.series("--workers", "1")
    assert again.stderr.count("as an earlier run found") == 1
    assert small.written()["title"] == "Nickel again"
    assert set(small.written()["files"]) == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    }
    one = json.loads((folder / "T100" / "results.json").read_text(encoding="utf-8"))
    assert one["title"] == "Nickel again: T100"


def test_what_was_kept_aside_for_another_study_is_not_taken(small: SmallSeries) -> None:
    """A member of a run that was stopped does not replace one that the study now as it is has found before."""
    assert small.series("--quiet").exit_code == 0
    folder, text = small.folder / "study-series", small.text
    small.change("Nickel, heated", "Nickel again").write("study.toml", small.text)
    plan = Plan(series=read_series(small.folder / "study.toml"), folder=folder)
    task = plan.next_task()
    assert task is not None
    plan.finished(refined_member(task))
    small.text = text
    again = small.series("--workers", "1")
    assert again.stderr.count("as an earlier run found") == 3
    one = json.loads((folder / "T100" / "results.json").read_text(encoding="utf-8"))
    assert one["title"] == "Nickel, heated: T100"
    assert not list(folder.rglob(".nanocrystal*"))


# ---- in common ------------------------------------------------------------------------------------


def test_shared_parameters_are_the_weighted_mean_of_what_each_member_says(small: SmallSeries, tmp_path: Path) -> None:
    """Near the minimum χ² is a paraboloid: a parameter in common is where the sum of the members' is least."""
    plan = plan_of(small.change("[series]", '[series]\nmode = "independent"'))
    run(plan, Here())
    alone = [json.loads((plan.folder / m / "results.json").read_text(encoding="utf-8")) for m in plan.results]
    address = "populations.dots.diameter"
    small.change('mode = "independent"', 'mode = "shared"\nshared = ["populations.dots.diameter"]')
    small.write("study.toml", small.text)
    together = refined_series(read_series(small.folder / "study.toml"), small.folder / "joint")
    values = np.array([r["parameters"][address]["value"] for r in alone])
    weights = np.array([1.0 / r["parameters"][address]["stderr"] ** 2 for r in alone])
    shared = [m.fits[""].values[address] for m in together.members]
    assert {v.value for v in shared} == {shared[0].value}
    mean, stderr = float(weights @ values / weights.sum()), float(weights.sum() ** -0.5)
    assert shared[0].value == pytest.approx(mean, abs=0.15 * stderr)
    assert shared[0].stderr == pytest.approx(stderr, rel=0.05)
    assert [m.fits[""].values["crystals.ni.a"].value for m in together.members] == pytest.approx(
        [r["parameters"]["crystals.ni.a"]["value"] for r in alone], abs=2e-4
    )


def test_shared_series_by_command_and_again(small: SmallSeries) -> None:
    small.add('mode = "shared"\nshared = ["crystals.ni.u_iso.Ni", "populations.dots.diameter"]').add(CANDIDATES)
    said = small.series()
    assert said.exit_code == 0, said
    found = small.written()
    assert [m["preferred"] for m in found["members"].values()] == ["sphere"] * 3
    assert {t["parameter"] for t in found["trends"]} == {"crystals.ni.a", "datasets.pdf.scale"}
    folder = small.folder / "study-series"
    assert (folder / "joint" / "sphere" / "model_T100_ni.cif").is_file()
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert there == set(found["files"])
    assert any("inside the crystals" in note for note in found["notes"])
    assert small.series().stderr.count("as an earlier run found") == 3
    assert there == set(small.written()["files"])
    assert small.written()["notes"] == found["notes"]
