"""Refining the candidates of a study: one after the other, or in processes of their own where that pays."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Any

from numpy.linalg import LinAlgError

from nanocrystal.errors import InputError, NanocrystalError
from nanocrystal.processes import begin, inherited
from nanocrystal.refinement import Comparison, Result, bound_problem, compare
from nanocrystal.refinement.comparison import check_same_points
from nanocrystal.refinement.problem import Problem
from nanocrystal.study.study import Study

Progress = Callable[[str, int, Mapping[str, float]], None]
"""called with candidate, iteration and R_w by data set"""
Finished = Callable[[str, "Result | str"], None]
"""called with candidate and its result, or why there is none"""
WORTH_PROCESSES = 8.0
"""seconds of expected work from which on processes are started, which costs about one second each"""
EVALUATIONS = 6
"""steps of a usual refinement, for that estimate"""
NOT_RUN = "interrupted before it began"


def compared(
    title: str,
    studies: Mapping[str, Study],
    *,
    processes: int = 1,
    progress: Progress | None = None,
    finished: Finished | None = None,
) -> Comparison:
    """Refine all candidates and return them side by side, judged.

    processes: at most so many at once; more than 1 needs a main module that may be imported again (a script with
    `if __name__ == "__main__"`). What fails is listed as such. A KeyboardInterrupt ends the refinements; what there
    is by then is returned, interrupted True.
    Raises InputError, before anything is refined, where a candidate cannot be used or looks at other data.
    """
    started = time.perf_counter()
    expected = {name: _expected_seconds(p) for name, p in _checked_problems(studies).items()}
    at_once = min(processes, len(studies)) if sum(expected.values()) > WORTH_PROCESSES else 1
    longest_first = dict(sorted(studies.items(), key=lambda item: -expected[item[0]]))
    run = _in_processes if at_once > 1 else _in_turn
    outcomes, interrupted = run(longest_first if at_once > 1 else studies, at_once, progress, finished or _ignore)
    results = {name: outcomes[name] for name in studies if isinstance(outcomes[name], Result)}
    comparison = compare(
        {name: r for name, r in results.items() if isinstance(r, Result)},
        title=title,
        descriptions={name: study.description for name, study in studies.items()},
        problems={name: said for name in studies if isinstance(said := outcomes[name], str)},
    )
    return replace(comparison, elapsed_s=time.perf_counter() - started, interrupted=interrupted)


def _ignore(name: str, outcome: Result | str) -> None:
    """Do nothing when a candidate is done."""


def _checked_problems(studies: Mapping[str, Study]) -> dict[str, Problem]:
    """Return the problems of all candidates, after making sure that they look at the same points."""
    problems, losses = {}, {}
    for name, study in studies.items():
        with study.located():
            problems[name] = bound_problem(study.sample, study.datasets, study.folder)
            losses[name] = (study.options.loss, study.options.loss_scale)
            if losses[name] != next(iter(losses.values())):
                raise InputError("refine.loss", "is another one than in the other candidates; compare with one loss.")
    try:
        check_same_points({n: {k: m.measured for k, m in p.models.items()} for n, p in problems.items()})
    except InputError as error:
        name, _, where = error.where.partition(".")
        raise studies[name].source.located(InputError(where, error.problem)) from None
    return problems


def _expected_seconds(problem: Problem) -> float:
    """Return about how long a refinement takes, from one evaluation at its start."""
    began = time.perf_counter()
    try:
        problem.point(problem.start)
    except NanocrystalError:
        return 0.0
    return (time.perf_counter() - began) * EVALUATIONS * (1 + len(problem.free))


def refined_or_reason(study: Study, progress: Callable[[int, Any], None] | None) -> Result | str:
    """Return the result of a candidate, or why there is none."""
    try:
        return study.refine(progress)
    except NanocrystalError as error:
        return f"failed: {str(error).rstrip('.')}"
    except MemoryError:
        return "failed: it needs more memory than there is"
    except (ArithmeticError, LinAlgError) as error:
        return f"failed: {error}"
    except Exception as error:  # a mistake of the program; the other candidates still stand
        return f"failed: an unexpected {type(error).__name__} ({error}); please report it"


# ---- one after the other --------------------------------------------------------------------------


def _in_turn(
    studies: Mapping[str, Study], at_once: int, progress: Progress | None, finished: Finished
) -> tuple[dict[str, Result | str], bool]:
    """Return the outcome of each candidate, and whether the user interrupted them."""
    outcomes: dict[str, Result | str] = dict.fromkeys(studies, NOT_RUN)
    try:
        for name, study in studies.items():
            outcome = refined_or_reason(study, _steps_of(name, progress))
            outcomes[name] = outcome
            finished(name, outcome)
            if isinstance(outcome, Result) and outcome.interrupted:
                return outcomes, True
    except KeyboardInterrupt:
        return outcomes, True
    return outcomes, False


def _steps_of(name: str, progress: Progress | None) -> Callable[[int, Any], None] | None:
    """Return the callback of one refinement that reports to that of all."""
    if progress is None:
        return None
    return lambda iteration, point: progress(name, iteration, point.weighted_r())


# ---- at once --------------------------------------------------------------------------------------


def _in_processes(
    studies: Mapping[str, Study], at_once: int, progress: Progress | None, finished: Finished
) -> tuple[dict[str, Result | str], bool]:
    """Return the outcome of each candidate, refined in processes, and whether the user interrupted them."""
    from multiprocessing import get_context

    outcomes: dict[str, Result | str] = dict.fromkeys(studies, NOT_RUN)
    context = get_context("spawn")
    steps, stop, turn = context.Queue(), context.Event(), context.Value("i", 0)
    listener = threading.Thread(target=_listen, args=(steps, progress), daemon=True)
    listener.start()
    pool = ProcessPoolExecutor(at_once, context, _begin_worker, (steps, stop, turn, at_once))
    names: dict[Future[Result | str], str] = {}
    try:
        with inherited():
            names = {pool.submit(_work, name, study): name for name, study in studies.items()}
        _collect(names, outcomes, finished)
    except KeyboardInterrupt:
        stop.set()
        for future in names:
            future.cancel()
        _collect({f: n for f, n in names.items() if not f.cancelled()}, outcomes, finished)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        steps.put(None)
        listener.join(timeout=5.0)
    return outcomes, stop.is_set()


def _collect(names: Mapping[Future[Result | str], str], outcomes: dict[str, Result | str], finished: Finished) -> None:
    """Enter the outcomes of candidates as they come."""
    for future in as_completed(names):
        name = names[future]
        if outcomes[name] != NOT_RUN:
            continue
        try:
            outcomes[name] = future.result()
        except BrokenProcessPool:
            outcomes[name] = "failed: its process ended, perhaps for lack of memory"
        finished(name, outcomes[name])


def _listen(steps: Any, progress: Progress | None) -> None:
    """Pass on what the processes report, until None comes."""
    for step in iter(steps.get, None):
        if progress is not None:
            progress(*step)


_worker: dict[str, Any] = {}


def _begin_worker(steps: Any, stop: Any, turn: Any, at_once: int) -> None:
    """Set up a process: interrupts come from the parent, and the processors are shared out where that is possible."""
    _worker.update(steps=steps, stop=stop)
    with turn.get_lock():
        own = turn.value
        turn.value += 1
    begin(own, at_once)


def _work(name: str, study: Study) -> Result | str:
    """Refine one candidate in a process of its own."""

    def report(iteration: int, point: Any) -> None:
        if _worker["stop"].is_set():
            raise KeyboardInterrupt
        _worker["steps"].put((name, iteration, point.weighted_r()))

    return refined_or_reason(study, report)
