"""Refining the members of a series on a Dask cluster: many machines that share a folder.

Dask hands a member whose worker is lost to another worker by itself; here each result is entered once.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from nanocrystal.errors import InputError, RefinementError
from nanocrystal.study.series import Series
from nanocrystal.study.series.member import Task, refined_member
from nanocrystal.study.series.plan import Plan

ANSWER_S = 5.0
"""seconds that a scheduler has to answer"""
INSTALL = 'pip install "nanocrystal[cluster]"'


@contextmanager
def connected(address: str, series: Series) -> Iterator[Any]:
    """Yield a client of the Dask scheduler at an address, whose workers can refine a series.

    Raises InputError where nothing answers at the address, where there are no workers, and where they have not the
    files or not this package.
    """
    client = _client(address)
    try:
        _check_workers(client, address, series)
        with _quiet():
            yield client
    finally:
        client.close(timeout=ANSWER_S)


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        problem = f"needs the package distributed; install it with: {INSTALL}"
        raise InputError("--scheduler", problem) from None
    return distributed


def _client(address: str) -> Any:
    """Return a client of a scheduler that answers."""
    distributed = _distributed()
    here = "leave --scheduler out to refine on this machine, with --workers N at once"
    try:
        host, port = distributed.comm.get_address_host_port(address, strict=True)
    except (ValueError, TypeError, KeyError, NotImplementedError):
        problem = f"{address!r} is no address of a Dask scheduler, such as tcp://host:8786; name one, or {here}."
        raise InputError("--scheduler", problem) from None
    try:
        socket.create_connection((host, port), timeout=ANSWER_S).close()  # a client that fails leaves threads behind
        return _answered(lambda: distributed.Client(address, timeout=ANSWER_S, set_as_default=False))
    except (OSError, TimeoutError):
        problem = f"no Dask scheduler answers at {address!r} within {ANSWER_S:g} s; start one with: dask scheduler, or"
        raise InputError("--scheduler", f"{problem} {here}.") from None


def _answered(connect: Callable[[], Any]) -> Any:
    """Return what a call returns; raises TimeoutError where something that is no scheduler keeps it waiting."""
    said: Future[Any] = Future()

    def call() -> None:
        try:
            with _quiet():
                said.set_result(connect())
        except BaseException as error:  # told in the thread that waits
            said.set_exception(error)

    threading.Thread(target=call, daemon=True).start()
    return said.result(ANSWER_S + 1.0)


class _quiet:
    """Keep the logs of distributed from the terminal: what happens to its workers is said here."""

    def __enter__(self) -> None:
        import logging

        names = [n for n in logging.root.manager.loggerDict if n.partition(".")[0] == "distributed"]
        self.before = [(logger, logger.level) for logger in map(logging.getLogger, ["distributed", *names])]
        for logger, _ in self.before:
            logger.setLevel(logging.CRITICAL + 1)

    def __exit__(self, *_: object) -> None:
        for logger, level in self.before:
            logger.setLevel(level)


def _check_workers(client: Any, address: str, series: Series) -> None:
    """Raise InputError where there are no workers, or where one cannot do what it will be asked for."""
    from nanocrystal._version import __version__
    from nanocrystal.data import resolve

    if not _workers(client):
        problem = f"the Dask scheduler at {address} has no workers; start some with: dask worker {address}"
        raise InputError("--scheduler", f"{problem}")
    first = series.members[0]
    named = [t["file"] for t in first.content["datasets"].values()]
    paths = [str(resolve(n, series.path.absolute().parent, "--scheduler")) for n in named]
    try:
        answers = client.run(_seen, paths, on_error="return")
    except Exception as error:  # whatever a worker, or the way to it, raises
        raise InputError("--scheduler", f"the workers do not answer as they should: {error}.") from None
    for worker, answer in answers.items():
        if isinstance(answer, Exception):
            problem = f"the worker {worker} cannot use this package ({answer}); install nanocrystal {__version__} there"
            raise InputError("--scheduler", f"{problem}.")
        version, lacking = answer
        if version != __version__:
            problem = (
                f"the worker {worker} has nanocrystal {version}, but this is {__version__}; install the same there"
            )
            raise InputError("--scheduler", f"{problem}.")
        if lacking:
            problem = (
                f"the worker {worker} does not see {lacking[0]!r}; put study and data into a folder that all share"
            )
            raise InputError("--scheduler", f"{problem}.")


def _seen(paths: Sequence[str]) -> tuple[str, list[str]]:
    """Return, on a worker, the version of this package and which files are not there."""
    from pathlib import Path

    from nanocrystal._version import __version__

    return __version__, [p for p in paths if not Path(p).is_file()]


def _workers(client: Any) -> set[str]:
    return set(client.scheduler_info(n_workers=-1)["workers"])


# ---- the run --------------------------------------------------------------------------------------


def run_on_cluster(plan: Plan, client: Any) -> bool:
    """Refine all members of a plan on the workers of a cluster; return whether the user interrupted it.

    Raises RefinementError where the scheduler is lost on the way; what is done by then is saved.
    """
    distributed = _distributed()
    tasks: dict[Any, Task] = {}
    known = _workers(client)
    done = distributed.as_completed(loop=client.loop)
    token = f"{time.time_ns():x}"
    try:
        while True:
            while (task := plan.next_task()) is not None:
                future = client.submit(refined_member, _absolute(task), key=f"{task.name}-{token}", pure=False)
                tasks[future] = task
                done.add(future)
            if not tasks:
                return False
            future = next(done)
            _take(future, tasks.pop(future), plan)
            known = _note_losses(client, known, plan)
    except KeyboardInterrupt:
        client.cancel(list(tasks), force=True)
        return True


def _absolute(task: Task) -> Task:
    """Return a task whose relative file names mean the same in the working directory of a worker."""
    from dataclasses import replace

    return replace(task, path=task.path.absolute())


def _take(future: Any, task: Task, plan: Plan) -> None:
    """Enter what a worker returned, or why there is nothing."""
    distributed = _distributed()
    try:
        plan.finished(future.result())
    except distributed.KilledWorker as error:
        times = error.allowed_failures + 1
        plan.watcher.lost(task.name, again=False)
        plan.gave_up(task, f"the workers that refined it were lost, {times} times, perhaps for lack of memory")
    except (distributed.comm.CommClosedError, distributed.client.FutureCancelledError):
        problem = (
            "the Dask scheduler was lost; the members done so far are saved, and the same command goes on from there."
        )
        raise RefinementError(problem) from None


def _note_losses(client: Any, known: set[str], plan: Plan) -> set[str]:
    """Return the workers that are there now; those that have gone are noted."""
    now = _workers(client)
    for worker in sorted(known - now):
        plan.notes.append(f"the worker {worker} was lost; what it refined was done again by another one")
    return known | now if known <= now else now
