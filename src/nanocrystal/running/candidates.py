"""Refining the candidates of a study: one after the other, or several at once where that pays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from numpy.linalg import LinAlgError

from nanocrystal.errors import InputError, NanocrystalError
from nanocrystal.processes import LOST, Executor, Here, Job, Lost, Report, carried_out
from nanocrystal.refinement import Comparison, Result, bound_problem, compare
from nanocrystal.refinement.comparison import check_same_points
from nanocrystal.refinement.problem import Problem
from nanocrystal.running.described import Refinable
from nanocrystal.stopping import Requests

Progress = Callable[[str, int, Mapping[str, float]], None]
"""called with candidate, iteration and R_w by data set"""
Finished = Callable[[str, "Result | str"], None]
"""called with candidate and its result, or why there is none"""
Judge = Callable[..., Comparison]
WORTH_PROCESSES = 8.0
"""seconds of expected work from which on processes are started, which costs about one second each"""
EVALUATIONS = 6
"""steps of a usual refinement, for that estimate"""
NOT_RUN = "interrupted before it began"


def compared(
    title: str,
    studies: Mapping[str, Refinable],
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    finished: Finished | None = None,
    judged: Judge = compare,
) -> Comparison:
    """Refine all candidates and return them side by side, judged.

    executor: where that is worth it [this process]; judged: what judges the results, called as `compare` is. What
    fails is listed as such. A KeyboardInterrupt ends the refinements; what there is by then is returned, interrupted
    True; a second one leaves out what still runs.
    Raises InputError, before anything is refined, where a candidate cannot be used or looks at other data.
    """
    started = time.perf_counter()
    expected = {name: _expected_seconds(p) for name, p in _checked_problems(studies).items()}
    executor = executor or Here()
    at_once = min(executor.at_once, len(studies)) if sum(expected.values()) > WORTH_PROCESSES else 1
    longest_first = dict(sorted(studies.items(), key=lambda item: -expected[item[0]]))
    run = _Run(longest_first if at_once > 1 else studies, finished)
    run.refine(executor if at_once > 1 else Here(), at_once, progress)
    outcomes = run.outcomes
    results = {name: outcomes[name] for name in studies if isinstance(outcomes[name], Result)}
    with Requests() as requests:
        comparison = judged(
            {name: r for name, r in results.items() if isinstance(r, Result)},
            title=title,
            descriptions={name: study.description for name, study in studies.items()},
            problems={name: said for name in studies if isinstance(said := outcomes[name], str)},
        )
    interrupted = run.interrupted or requests.heard()
    return replace(comparison, elapsed_s=time.perf_counter() - started, interrupted=interrupted)


def _checked_problems(studies: Mapping[str, Refinable]) -> dict[str, Problem]:
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
        with studies[name].located():
            raise InputError(where, error.problem) from None
    return problems


def _expected_seconds(problem: Problem) -> float:
    """Return about how long a refinement takes, from one evaluation at its start."""
    began = time.perf_counter()
    try:
        problem.point(problem.start)
    except NanocrystalError:
        return 0.0
    return (time.perf_counter() - began) * EVALUATIONS * (1 + len(problem.free))


def refined_or_reason(study: Refinable, progress: Callable[[int, Any], None] | None) -> Result | str:
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


class _Run:
    """The candidates on their way: the outcome of each by name, and whether the user interrupted them."""

    def __init__(self, studies: Mapping[str, Refinable], finished: Finished | None) -> None:
        self.outcomes: dict[str, Result | str] = dict.fromkeys(studies, NOT_RUN)
        self.interrupted = False
        self._waiting: Iterator[tuple[str, Refinable]] = iter(studies.items())
        self._finished = finished

    def refine(self, executor: Executor, at_once: int, progress: Progress | None) -> None:
        """Refine them; after an interrupt none is begun, and those that run end with their best so far."""
        with executor.opened(at_once, heard=progress) as workers:
            interrupted = carried_out(workers, self._next_job, self._enter)
        self.interrupted = self.interrupted or interrupted

    def _next_job(self) -> Job | None:
        if self.interrupted:
            return None
        name, study = next(self._waiting, (None, None))
        return None if name is None or study is None else Job(name, partial(_refined, name, study))

    def _enter(self, name: str, outcome: Result | str | Lost) -> None:
        if isinstance(outcome, Lost):
            outcome = f"failed: {outcome.problem or LOST}"
        self.outcomes[name] = outcome
        self.interrupted = self.interrupted or (isinstance(outcome, Result) and outcome.interrupted)
        if self._finished is not None:
            self._finished(name, outcome)


def _refined(name: str, study: Refinable, report: Report) -> Result | str:
    """Refine one candidate, and report its steps with its name."""
    return refined_or_reason(study, lambda iteration, point: report(name, iteration, point.weighted_r()))
