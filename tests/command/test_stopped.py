"""The command asked to stop, at any time and by any signal; and where nobody reads what it prints."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import nanocrystal as nc
from nanocrystal.errors import InputError
from support.series_members import SmallSeries
from support.small_study import SmallStudy

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
COMMAND = "import sys; from nanocrystal.cli import main; main()"
SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"]
MORE = [["library"], ["schema", "--results"], ["--help"], ["refine", "--help"]]
NOTHING = "Interrupted before anything could be saved.\n"
TELLING = """
import sys
import nanocrystal.{module} as module
from nanocrystal.cli import main

done = module.{function}

def telling(*arguments, **options):
    if not {after}:
        print("now", file=sys.stderr, flush=True)
    outcome = done(*arguments, **options)
    if {after}:
        print("now", file=sys.stderr, flush=True)
    return outcome

module.{function} = telling
main()
"""
"""the command, which says when it comes to one of its functions"""


def command(*arguments: str, code: str = COMMAND, **how: Any) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how)


def telling(module: str, function: str, after: bool) -> str:
    return TELLING.format(module=module, function=function, after=after)


def ended(process: subprocess.Popen[str], by: str, to_all: bool = False) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr of a process that gets a signal once it has said that it is there."""
    assert process.stderr is not None
    while "now" not in (line := process.stderr.readline()):
        assert line, "it has ended"
    if to_all:
        os.killpg(process.pid, getattr(signal, by))
    else:
        process.send_signal(getattr(signal, by))
    out, said = process.communicate(timeout=60)
    return process.returncode, out, said


def endless(small: SmallStudy) -> str:
    small.add("qbroad = { value = 0.01, vary = true }\ndelta2 = { value = 2, vary = true }\n[refine]\nstarts = 1000")
    small.write("study.toml", small.text)
    return str(small.folder / "study.toml")


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    return SmallStudy(tmp_path)


# ---- the best so far is saved ---------------------------------------------------------------------


@pytest.mark.parametrize("by", ["SIGTERM", pytest.param("SIGHUP", marks=pytest.mark.campaign)])
def test_a_refinement_saves_the_best_so_far(small: SmallStudy, by: str) -> None:
    process = command("refine", endless(small), "-q", code=telling("refinement.optimise", "_descend", True))
    status, out, said = ended(process, by)
    assert (status, "Traceback" in said) == (130, False), said
    assert out == f"{small.folder / 'study' / 'report.html'}\n"
    found = nc.read_result(small.folder / "study")
    assert (found.interrupted, found.converged) == (True, False)
    assert found["populations.dots.diameter"].value == pytest.approx(20.0, abs=0.5)


@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("refinement.fit", "assembled_result"),
        pytest.param("report.together", "settle", marks=pytest.mark.campaign),
        pytest.param("report.refined.page", "refinement_page", marks=pytest.mark.campaign),
    ],
)
def test_what_is_found_is_saved_while_it_is_put_together_and_written(
    small: SmallStudy, module: str, function: str
) -> None:
    """A signal in the midst of it, from the process to itself."""
    small.write("study.toml", small.text)
    code = telling(module, function, False).replace(
        'print("now", file=sys.stderr, flush=True)', "import signal; signal.raise_signal(signal.SIGTERM)"
    )
    process = command("refine", str(small.folder / "study.toml"), "-q", "--out", str(small.folder / "out"), code=code)
    _, said = process.communicate(timeout=60)
    if function == "settle":  # before anything is computed
        assert (process.returncode, said) == (130, NOTHING)
        return
    found = nc.read_result(small.folder / "out")
    assert found.converged, said
    assert process.returncode == (130 if found.interrupted else 0)
    assert found.interrupted == (function == "assembled_result")


def slow_series(folder: Path) -> SmallSeries:
    """Return a series of three members, of which two take very long."""
    small = SmallSeries(folder)
    slow = "".join(
        f"[series.members.T{t}]\nvalue = {t}\nrefine = {{ starts = 1000, tolerance = 1e-14 }}\n" for t in (200, 300)
    )
    small.change("[series]", '[series]\nmode = "independent"').write("study.toml", small.text + slow)
    return small


@pytest.mark.campaign
@pytest.mark.parametrize("to_all", [False, True])
def test_a_series_keeps_its_members_at_the_end_of_a_batch_job(tmp_path: Path, to_all: bool) -> None:
    """A batch system signals the first process, or all of them: those that refine leave that to the first."""
    small = slow_series(tmp_path)
    code = telling("running.plan", "write_member", True)
    arguments = ["series", "study.toml", "--workers", "2"]
    process = command(*arguments, code=code, cwd=small.folder, start_new_session=True)
    status, _, said = ended(process, "SIGTERM", to_all)
    assert status == 130, said
    assert "1 of 3 members are done and saved" in said
    assert "process ended" not in said
    found = small.written()
    assert (list(found["members"]), found["missing"]) == (["T100"], ["T200", "T300"])
    assert all((small.folder / "study-series" / name).is_file() for name in found["files"])


@pytest.mark.campaign
@pytest.mark.filterwarnings("ignore")
def test_a_series_on_a_cluster_keeps_its_members_and_leaves_the_workers(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    small = slow_series(tmp_path)
    how = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None, "silence_logs": 60}
    with distributed.LocalCluster(**how) as cluster:
        code = telling("running.plan", "write_member", True)
        arguments = ["series", "study.toml", "--scheduler", cluster.scheduler_address]
        status, _, said = ended(command(*arguments, code=code, cwd=small.folder), "SIGTERM")
        assert len(cluster.scheduler.workers) == 2
    assert status == 130, said
    assert "1 of 3 members are done and saved" in said
    assert list(small.written()["members"]) == ["T100"]


@pytest.mark.campaign
def test_a_posterior_keeps_its_chain(small: SmallStudy) -> None:
    pytest.importorskip("emcee")
    small.write("study.toml", small.text)
    study = str(small.folder / "study.toml")
    process = command("posterior", study, "--steps", "100000", "--walkers", "16", code=STEPS)
    status, _, said = ended(process, "SIGTERM")
    assert status == 130, said
    found = nc.read_result(small.folder / "study-posterior")
    assert found.interrupted
    assert 20 < found.sampling.steps < 100000


STEPS = """
import sys
import nanocrystal.refinement.posterior.sampling as sampling
from nanocrystal.cli import main

step, count = sampling._Ensemble.step, [0]

def counted(self):
    count[0] += 1
    if count[0] == 100:
        print("now", file=sys.stderr, flush=True)
    return step(self)

sampling._Ensemble.step = counted
main()
"""


@pytest.mark.campaign
def test_a_comparison_keeps_the_candidates_that_are_done(small: SmallStudy) -> None:
    small.add("[candidates.one]\n\n[candidates.other]\nrefine = { starts = 60, tolerance = 1e-14 }")
    small.write("study.toml", small.text)
    process = command(
        "compare", str(small.folder / "study.toml"), code=telling("cli.progress", "_outcome_words", False)
    )
    status, _, said = ended(process, "SIGTERM")
    assert status == 130, said
    found = nc.read_result(small.folder / "study-compared")
    assert found.interrupted
    assert "one" in found.results


def test_python_code_keeps_its_own_signals(small: SmallStudy) -> None:
    """Whoever calls the package, in a thread or not, finds the handlers as they were."""
    import threading

    study = nc.read_study(small.write("study.toml", small.text).folder / "study.toml")
    before = [signal.getsignal(getattr(signal, name)) for name in SIGNALS]
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(study.run(small.folder / "out")))
    thread.start()
    thread.join()
    assert found[0].converged
    assert nc.read_result(small.folder / "out") == found[0]
    assert [signal.getsignal(getattr(signal, name)) for name in SIGNALS] == before


# ---- before anything is computed ------------------------------------------------------------------


AT_IMPORT = """
import signal, sys

class Finder:
    def find_spec(self, name, *_):
        if name == "{module}":
            signal.raise_signal(signal.{by})

sys.meta_path.insert(0, Finder())
from nanocrystal.cli import main
main()
"""


@pytest.mark.parametrize(
    ("module", "by"),
    [("nanocrystal.cli.app", "SIGINT"), ("typer", "SIGTERM"), ("nanocrystal.tables.library", "SIGINT")],
)
def test_stopped_while_it_begins_it_says_so_in_one_line(module: str, by: str) -> None:
    process = command("library", code=AT_IMPORT.format(module=module, by=by))
    out, said = process.communicate(timeout=30)
    assert (process.returncode, out, said) == (130, "", NOTHING)


@pytest.mark.parametrize("by", SIGNALS)
def test_an_import_that_would_not_bear_it_is_done_first(by: str) -> None:
    """Of gemmi, in C++, a request to stop ended the process with words of C++: it comes as soon as that is there."""
    code = f"""
import enum, signal, sys
from nanocrystal.cli import main

made = enum.EnumType.__new__
def make(*given, **more):
    if "gemmi" in sys.modules and not hasattr(sys.modules["gemmi"], "SpaceGroup"):
        enum.EnumType.__new__ = made
        print("asked", flush=True)
        signal.raise_signal(signal.{by})
    return made(*given, **more)
enum.EnumType.__new__ = make
main()
"""
    out, said = (process := command("library", code=code)).communicate(timeout=30)
    assert (process.returncode, out, said) == (130, "asked\n", NOTHING)


@pytest.mark.campaign
@pytest.mark.parametrize("by", SIGNALS)
def test_stopped_at_any_time_it_says_so_in_one_line(by: str) -> None:
    """From when Python has begun to run the command."""
    for k in range(12):
        with command("library", code=f"print('now', flush=True); {COMMAND}") as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline() == "now\n"
            time.sleep(0.2 + 0.04 * k)
            process.send_signal(getattr(signal, by))
            said = process.stderr.read()
        assert (process.returncode, said) in ((130, NOTHING), (0, "")), k


@pytest.mark.campaign
def test_a_signal_that_is_ignored_from_outside_stays_so(small: SmallStudy) -> None:
    """As `nohup` does with SIGHUP."""
    code = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + telling(
        "refinement.optimise", "_descend", True
    )
    process = command("refine", str(small.write("study.toml", small.text).folder / "study.toml"), "-q", code=code)
    status, _, said = ended(process, "SIGHUP")
    assert status == 0, said
    assert nc.read_result(small.folder / "study").converged


# ---- without a reader -----------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["schema"], *(pytest.param(w, marks=pytest.mark.campaign) for w in MORE)])
def test_what_nobody_reads_is_no_error(words: list[str]) -> None:
    with command(*words) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


@pytest.mark.campaign
def test_a_fit_ends_well_though_nobody_reads_what_it_says(tmp_path: Path) -> None:
    small = SmallSeries(tmp_path)
    small.write("study.toml", small.text)
    with command("series", "study.toml", "--workers", "1", cwd=small.folder) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stderr.close()
    assert process.returncode == 0
    assert json.loads((small.folder / "study-series" / "series.json").read_text(encoding="utf-8"))["complete"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [pytest.param(["schema"], marks=pytest.mark.campaign), ["--version"]])
def test_a_log_on_a_full_disk_is_said(words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *words], stdout=full, stderr=subprocess.PIPE, text=True
        )
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (1, "Error: standard output: No space left on device.\n")


# ---- where results cannot be written --------------------------------------------------------------


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for what is temporary."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    return folder


@pytest.mark.parametrize(
    ("number", "reason"), [(28, "no space left on device"), (122, "disk quota exceeded"), (13, "permission denied")]
)
def test_a_fit_that_cannot_be_written_is_in_a_temporary_folder(
    small: SmallStudy, temporary: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    from nanocrystal import systems

    monkeypatch.setattr(systems, "PATIENCE_S", 0.0)
    monkeypatch.setattr("nanocrystal.report.together.on_disk", failing_in(small.folder / "out", number))
    said = small.refine("--out", "{}/out")
    [there] = temporary.glob("*/out")
    where = f"{small.folder / 'out'}: the result could not be written there"
    assert said.stderr.startswith(f"Error: {where} ({reason}), it is in '{there}' instead.\n")
    assert (said.exit_code, said.stdout) == (1, f"{there / 'report.html'}\n")
    assert nc.read_result(there).converged
    assert not (small.folder / "out").exists()
    monkeypatch.undo()
    assert small.refine("--out", "{}/out").exit_code == 0


def failing_in(folder: Path, number: int) -> Any:
    """Return what a disk does that cannot write to a folder, and to what stands beside it for the folder."""

    def on_disk(path: Path) -> None:
        if path.name == "results.json" and folder.parent in path.parents and "temporary" not in path.parts:
            raise OSError(number, os.strerror(number), str(path))

    return on_disk


def test_a_fit_that_can_be_written_nowhere_is_printed(
    small: SmallStudy, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, os.strerror(28), str(path))

    monkeypatch.setattr("nanocrystal.report.together.on_disk", full)
    said = small.refine("--out", "{}/out", "--quiet")
    assert (said.exit_code, said.stdout) == (1, "")
    first, *rest = said.stderr.splitlines()
    assert first.endswith("(no space left on device), nor to a temporary folder.")
    assert any(line.split()[:1] == ["crystals.ni.a"] and "3.5199" in line for line in rest)
    assert list(temporary.iterdir()) == []
    assert not list(small.folder.rglob("*nanocrystal-*"))


def test_a_folder_that_is_gone_is_made_again(small: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    from nanocrystal.study import Study

    refined = Study.refine
    (small.folder / "out").mkdir()

    def refine(study: Study, progress: Any = None) -> Any:
        shutil.rmtree(small.folder / "out")
        return refined(study, progress)

    monkeypatch.setattr(Study, "refine", refine)
    assert small.refine("--out", "{}/out").exit_code == 0
    assert nc.read_result(small.folder / "out").converged


def test_a_working_folder_that_is_gone(small: SmallStudy, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path is relative to nothing then."""
    from nanocrystal.study import Study

    refined, here = Study.refine, small.folder / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def refine(study: Study, progress: Any = None) -> Any:
        result = refined(study, progress)
        here.rmdir()
        return result

    monkeypatch.setattr(Study, "refine", refine)
    said = small.refine("--out", "out")
    monkeypatch.chdir(small.folder)
    [there] = temporary.glob("*/out")
    assert said.stderr.startswith(
        f"Error: out: the result could not be written there (no such file or directory), it is in '{there}' instead.\n"
    )
    assert nc.read_result(there).converged


def test_saving_names_the_folder_and_keeps_the_result(small: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    result = nc.read_study(small.write("study.toml", small.text).folder / "study.toml").refine()
    with monkeypatch.context() as full:
        full.setattr("nanocrystal.report.together.on_disk", failing_in(small.folder / "out", 28))
        with pytest.raises(InputError) as error:
            result.save(small.folder / "out")
    problem = "cannot be written to (no space left on device); nothing there has changed, so name another folder."
    assert str(error.value) == f"{small.folder / 'out'}: {problem}"
    result.save(small.folder / "out")
    assert nc.read_result(small.folder / "out") == result


def test_a_folder_that_somebody_else_filled_meanwhile_is_not_touched(
    small: SmallStudy, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nanocrystal.study import Study

    refined = Study.refine

    def refine(study: Study, progress: Any = None) -> Any:
        (small.folder / "out").mkdir()
        small.write("out/report.html", "mine")
        return refined(study, progress)

    monkeypatch.setattr(Study, "refine", refine)
    said = small.refine("--out", "{}/out")
    assert said.exit_code == 1
    assert "would replace 'report.html'" in said.stderr
    assert (small.folder / "out" / "report.html").read_text(encoding="utf-8") == "mine"
    [there] = temporary.glob("*/out")
    assert nc.read_result(there).converged


def test_a_run_of_python_says_where_its_result_is(
    small: SmallStudy, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nanocrystal.report.together.on_disk", failing_in(small.folder / "out", 28))
    study = nc.read_study(small.write("study.toml", small.text).folder / "study.toml")
    with pytest.raises(nc.NanocrystalError, match="could not be written there") as error:
        study.run(small.folder / "out")
    [there] = temporary.glob("*/out")
    assert str(there) in str(error.value)
    assert nc.read_result(there).converged


def test_a_member_that_cannot_be_written_is_in_a_temporary_folder(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = SmallSeries(tmp_path)

    def full(path: Path) -> None:
        if path.is_file() and "T200" in str(path) and "temporary" not in path.parts:
            raise OSError(28, os.strerror(28), str(path))

    monkeypatch.setattr("nanocrystal.report.together.on_disk", full)
    said = small.series("--workers", "1")
    assert said.exit_code == 1
    [there] = temporary.glob("*/T200")
    assert f"T200 could not be written there (no space left on device), it is in '{there}' instead" in said.stderr
    assert nc.read_result(there).converged
    monkeypatch.undo()
    again = small.series("--workers", "1")
    assert again.exit_code == 0
    assert again.stderr.count("as an earlier run found") == 1


@pytest.mark.campaign
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of Linux")
def test_a_real_limit_to_the_size_of_files(small: SmallStudy) -> None:
    """A quota that the system enforces: reports are larger, in the folder and in the temporary one."""
    code = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n" + COMMAND
    arguments = ["refine", str(small.write("study.toml", small.text).folder / "study.toml"), "--out"]
    process = command(*arguments, str(small.folder / "out"), code=code, env={**os.environ, "TMPDIR": str(small.folder)})
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the result could not be written there (file too large), nor to a temporary folder." in said
    assert "crystals.ni.a" in said
    assert not list(small.folder.rglob("*nanocrystal-*"))


@pytest.mark.campaign
@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="mounts as root")
def test_a_real_disk_that_is_full(small: SmallStudy) -> None:
    disk = small.folder / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)], capture_output=True).returncode:
        pytest.skip("cannot mount")
    try:
        arguments = ["refine", str(small.write("study.toml", small.text).folder / "study.toml"), "-q", "--out"]
        environment = {**os.environ, "TMPDIR": str(small.folder)}
        process = command(*arguments, str(disk / "out"), env=environment)
        out, said = process.communicate(timeout=60)
        assert process.returncode == 1
        assert f"{disk / 'out'}: the result could not be written there (no space left on device)" in said
        assert nc.read_result(Path(out.strip()).parent).converged
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)
