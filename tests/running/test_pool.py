"""Executors: what they answer, what they hear, and what becomes of jobs whose process ends or that are stopped."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from nanocrystal.cost import allowing
from nanocrystal.errors import InputError
from nanocrystal.processes import THREAD_VARIABLES, Executor, Here, Job, Lost, answers
from nanocrystal.refinement import Options, bound_problem
from nanocrystal.refinement.optimise import optimise
from nanocrystal.refinement.problem import Problem
from nanocrystal.running import Processes, local_executor
from nanocrystal.study import read_study
from support.jobs import allowance, doubled, endless, killed, made_once, process_of, refused, with_own
from support.small_study import SmallStudy, noisy_rows

EXECUTORS = [Here(), Processes(2)]
posix = pytest.mark.skipif(os.name != "posix", reason="needs signals")


def all_answers(executor: Executor, works: dict[str, Callable[[Any], Any]], **how: Any) -> dict[str, Any]:
    jobs = iter([Job(name, work) for name, work in works.items()])
    with executor.opened(2, **how) as workers:
        return dict(answers(workers, lambda: next(jobs, None)))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_every_job_is_answered_and_its_steps_are_heard_here(executor: Executor) -> None:
    heard: list[tuple[Any, ...]] = []
    works = {f"of {k}": partial(doubled, k) for k in range(5)}
    assert all_answers(executor, works, heard=lambda *said: heard.append(said)) == {f"of {k}": 2 * k for k in range(5)}
    assert sorted(heard) == [("doubling", k) for k in range(5)]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_what_a_job_raises_is_raised_here(executor: Executor) -> None:
    with pytest.raises(InputError, match=r"datasets\.pdf: cannot be used\.") as error:
        all_answers(executor, {"refused": refused})
    assert error.value.where == "datasets.pdf"
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_process_begins_once(executor: Executor) -> None:
    found = all_answers(executor, {str(k): partial(with_own, k) for k in range(6)}, begin=partial(made_once, [0]))
    assert sorted(number for number, _ in found.values()) == list(range(6))
    assert max(count for _, count in found.values()) >= 6 // executor.at_once


def test_processes_are_as_many_as_are_asked_for_and_know_their_threads() -> None:
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    found = all_answers(Processes(2, threads=3), {str(k): process_of for k in range(4)})
    assert len({pid for pid, _ in found.values()} - {os.getpid()}) == 2
    assert all(threads == ["3"] * len(THREAD_VARIABLES) for _, threads in found.values())
    assert {name: os.environ.get(name) for name in THREAD_VARIABLES} == before
    assert not multiprocessing.active_children()


def test_processes_know_how_much_memory_they_have_together() -> None:
    with allowing(2.0):
        assert all_answers(Processes(2), {"one": allowance}) == {"one": (2.0, 2)}
        assert all_answers(Here(), {"one": allowance}) == {"one": (2.0, 1)}


def test_one_at_once_is_done_in_this_process() -> None:
    assert all_answers(local_executor(1), {"here": process_of})["here"][0] == os.getpid()
    assert local_executor(3) == Processes(3)


@posix
def test_a_job_whose_process_is_killed_is_lost_and_the_others_are_not() -> None:
    found = all_answers(Processes(2), {"killed": killed, **{str(k): partial(doubled, k) for k in range(4)}})
    assert found.pop("killed") == Lost()
    assert found == {str(k): 2 * k for k in range(4)}


@posix
def test_a_process_that_ends_between_two_jobs_is_replaced() -> None:
    with Processes(2).opened(2) as workers:
        workers.give(Job("first", process_of))
        _, (pid, _) = workers.answer()
        [process] = multiprocessing.active_children()
        os.kill(pid, signal.SIGKILL)
        process.join(10.0)
        workers.give(Job("second", process_of))
        assert workers.answer()[1][0] != pid


@posix
def test_ctrl_c_is_raised_while_waiting_and_jobs_then_end_with_their_best() -> None:
    """An interrupt that comes at any other time is kept until then."""
    handler = signal.getsignal(signal.SIGINT)
    with Processes(2).opened(2) as workers:
        for name in ("one", "other"):
            workers.give(Job(name, endless))
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            workers.answer()
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            workers.answer()
        workers.stop()
        assert dict(answers(workers, lambda: None)) == dict.fromkeys(("one", "other"), "the best so far")
    assert signal.getsignal(signal.SIGINT) == handler


def test_what_still_runs_at_the_end_is_ended() -> None:
    with Processes(2).opened(2) as workers:
        workers.give(Job("endless", endless))
    assert not multiprocessing.active_children()


ORPHANED = """
import os, time
from nanocrystal.processes import Job
from nanocrystal.running import Processes

def spin(report):
    print(os.getpid(), flush=True)
    end = time.monotonic() + 90.0
    while time.monotonic() < end:
        pass

if __name__ == "__main__":
    with Processes(2).opened(2) as workers:
        workers.give(Job("endless", spin))
        workers.answer()
"""


@posix
def test_processes_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """Its job takes longer than is waited for and reports nothing; the pipe it has inherited closes when it is gone."""
    (tmp_path / "main.py").write_text(ORPHANED)
    process = subprocess.Popen([sys.executable, "main.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    os.kill(worker, 0)
    process.kill()
    said, _ = process.communicate(timeout=60)  # which waits for all that hold the pipe
    assert said == ""


# ---- starts ---------------------------------------------------------------------------------------


@pytest.fixture
def problem(tmp_path: Path) -> Problem:
    small = SmallStudy(tmp_path).write("ni.gr", "\n".join(noisy_rows()))
    study = read_study(small.write("study.toml", small.text).folder / "study.toml")
    return bound_problem(study.sample, study.datasets, study.folder)


def test_starts_in_processes_find_what_those_in_turn_find(problem: Problem) -> None:
    options, steps = Options(starts=3, seed=1), []
    in_turn = optimise(problem, options)
    at_once = optimise(problem, options, lambda iteration, point: steps.append(iteration), Processes(2))
    assert steps.count(0) == 3
    assert at_once.converged
    assert at_once.problem is problem
    assert [e.misfit for e in at_once.ends] == pytest.approx([e.misfit for e in in_turn.ends], rel=1e-6)
    assert at_once.point.x == pytest.approx(in_turn.point.x, rel=1e-6)


@posix
def test_interrupted_starts_in_processes_leave_the_best_so_far(problem: Problem) -> None:
    begun: list[int] = []

    def once(iteration: int, point: object) -> None:
        if not begun:
            begun.append(iteration)
            signal.raise_signal(signal.SIGINT)

    found = optimise(problem, Options(starts=10, tolerance=1e-14), once, Processes(2))
    assert found.interrupted
    assert not found.converged
    assert len(found.ends) < 10
    assert not multiprocessing.active_children()


def test_how_many_is_a_whole_number() -> None:
    with pytest.raises(InputError, match=r"workers: must be a whole number, got .*'2'"):
        local_executor("2")  # type: ignore[arg-type]
