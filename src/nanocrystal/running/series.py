"""A series from its study to its result: where its members are refined."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from nanocrystal.errors import InputError
from nanocrystal.processes import Executor, Job, Lost, answers, thread_count
from nanocrystal.refinement import bound_problem
from nanocrystal.report.series.checkpoints import settle_members
from nanocrystal.report.series.result import JOINT, SeriesResult
from nanocrystal.running.cluster import connected
from nanocrystal.running.described import Series
from nanocrystal.running.gathered import gathered, planned_files
from nanocrystal.running.joint import refined_together
from nanocrystal.running.kept import keeping
from nanocrystal.running.member import Interrupted, Task, refined_member
from nanocrystal.running.plan import Plan, Silent, Watcher
from nanocrystal.running.pool import local_executor
from nanocrystal.stopping import uninterrupted


def refined_series(
    series: Series,
    folder: Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    watcher: Watcher | None = None,
    single_file: bool = False,
) -> SeriesResult:
    """Refine the members of a series.

    Each is written to the folder as soon as it is done; members that an earlier run in the folder did from the same
    input are not done again.

    Parameters
    ----------
    series : Series
        The members; `read_series` reads them.
    folder : Path
        Where results are written.
    workers : int, optional
        Processes on this machine [one a processor].
    scheduler : str, optional
        Address of a Dask scheduler, whose workers then refine the members.
    watcher : Watcher, optional
        What is told of each member.
    single_file : bool
        Whether the page of each member holds the script of its figures itself.

    Returns
    -------
    SeriesResult
        The members with their results, trends and transitions.

    Raises
    ------
    InputError
        For input that cannot be used, and where no scheduler answers.
    RefinementError
        Where a cluster is lost on the way; what is done by then is saved.
    """
    began = time.perf_counter()
    check_first(series)
    watcher = watcher or Silent()
    with _executor(series, workers, scheduler) as executor:
        settle_members(folder, [JOINT, *(m.name for m in series.members)])
        if series.mode == "shared":
            return refined_together(series, folder, watcher, single_file=single_file)
        if scheduler is not None:
            series = replace(series, file=series.file.absolute())
        plan = Plan(series=series, folder=folder, watcher=watcher, single_file=single_file)
        interrupted = run(plan, executor)
    return gathered(series, plan.results, plan.notes, interrupted, time.perf_counter() - began)


def written_series(series: Series, out: str | Path | None, workers: int) -> SeriesResult:
    """Refine a series and write it to a folder where one is given; see `Series.run`."""
    if out is None:
        with TemporaryDirectory() as passing:
            return refined_series(series, Path(passing), workers=workers)
    folder = Path(out)
    kept = keeping(SeriesResult, folder, planned_files(series, folder), series)
    result = refined_series(series, folder, workers=workers)
    return kept.save(result) if result.members else result


@contextmanager
def _executor(series: Series, workers: int | None, scheduler: str | None) -> Iterator[Executor]:
    """Yield what refines the members: processes that share the processors out, or a cluster."""
    if scheduler is None:
        at_once = max(1, min(workers or thread_count(), len(series.chains)))
        yield local_executor(at_once, max(1, thread_count() // at_once))
        return
    if series.mode == "shared":
        raise InputError("--scheduler", "is for series of many refinements; a shared one is one, leave the option out.")
    with connected(scheduler, series.first_files) as cluster:
        yield cluster


def check_first(series: Series) -> None:
    """Raise InputError, before anything is refined, where the first member cannot be: most often none can be."""
    for study in series.first.values():
        with study.located():
            bound_problem(study.sample, study.datasets, study.folder)


def run(plan: Plan, executor: Executor) -> bool:
    """Refine all members of a plan; return whether the user interrupted it.

    Raises RefinementError where a cluster is lost on the way; what is done by then is saved.
    """
    tasks: dict[str, Task] = {}

    def next_job() -> Job | None:
        task = plan.next_task()
        if task is None:
            return None
        tasks[task.name] = task
        return Job(task.name, partial(refined_member, task))

    try:
        with executor.opened(min(executor.at_once, plan.at_once), heard=plan.watcher.step) as workers:
            workers.notes = plan.notes  # what is said of workers is said of the series, also where it is interrupted
            for name, outcome in answers(workers, next_job):
                task = tasks.pop(name)
                if isinstance(outcome, Lost):
                    plan.lost(task, outcome.problem)
                else:
                    with uninterrupted():
                        plan.finished(outcome)
    except (KeyboardInterrupt, Interrupted):
        return True
    return False
