"""The executor of a Dask cluster: many machines that share a folder.

Dask hands a job whose worker is lost to another worker by itself; here each answer comes once.
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
from nanocrystal.processes import Begin, Job, Lost, Report, Workers, silent

ANSWER_S = 5.0
"""seconds that a scheduler has to answer"""
INSTALL = 'pip install "nanocrystal[cluster]"'


@contextmanager
def connected(address: str, paths: Sequence[str]) -> Iterator[Cluster]:
    """Yield the executor of the Dask scheduler at an address, whose workers see the files at these paths.

    Raises InputError where nothing answers at the address, where there are no workers, and where they have not the
    files or not this package.
    """
    client = _client(address)
    try:
        _check_workers(client, address, paths)
        with _quiet():
            yield Cluster(client)
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
    """Return the answer of a call; raises TimeoutError where something that is no scheduler keeps it waiting."""
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


def _check_workers(client: Any, address: str, paths: Sequence[str]) -> None:
    """Raise InputError where there are no workers, or where one lacks this version of the package or a file."""
    from nanocrystal._version import __version__

    if not _workers(client):
        problem = f"the Dask scheduler at {address} has no workers; start some with: dask worker {address}"
        raise InputError("--scheduler", f"{problem}")
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


# ---- work on the cluster --------------------------------------------------------------------------


class Cluster:
    """The executor of a cluster that answers; jobs there report no steps."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def at_once(self) -> int:
        """The most jobs that run side by side: the threads of all workers."""
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    @contextmanager
    def opened(self, at_once: int = 1, *, begin: Begin | None = None, heard: Report | None = None) -> Iterator[Workers]:
        """Yield the workers; all jobs are given to the scheduler at once, which knows how many it has."""
        workers = _Workers(self._client, begin)
        try:
            yield workers
        except KeyboardInterrupt:
            workers.stop()
            raise


class _Workers:
    """The workers of a cluster, with the jobs that the scheduler has."""

    def __init__(self, client: Any, begin: Begin | None) -> None:
        self.notes: list[str] = []
        self._client, self._begin = client, begin
        self._known = _workers(client)
        self._names: dict[Any, str] = {}
        self._done = _distributed().as_completed(loop=client.loop)
        self._token = f"{time.time_ns():x}"
        self._count = 0

    @property
    def busy(self) -> int:
        return len(self._names)

    @property
    def has_room(self) -> bool:
        return True

    def give(self, job: Job) -> None:
        key = f"{job.name}-{self._token}-{self._count}"
        self._count += 1
        future = self._client.submit(_worked, job.work, self._begin, self._token, key=key, pure=False)
        self._names[future] = job.name
        self._done.add(future)

    def answer(self) -> tuple[str, Any]:
        future = next(self._done)
        name, answer = self._names.pop(future), _answer(future)
        now = _workers(self._client)
        for worker in sorted(self._known - now):
            self.notes.append(f"the worker {worker} was lost; what it refined was done again by another one")
        self._known = self._known | now if self._known <= now else now
        return name, answer

    def stop(self) -> None:
        """Give up all jobs at once: what has been done of them is lost."""
        self._client.cancel(list(self._names), force=True)
        self._names.clear()


def _answer(future: Any) -> Any:
    """Return the answer of a worker, or why it has none; raises RefinementError where the scheduler is lost."""
    distributed = _distributed()
    try:
        return future.result()
    except distributed.KilledWorker as error:
        times = error.allowed_failures + 1
        return Lost(f"the workers that refined it were lost, {times} times, perhaps for lack of memory")
    except (distributed.comm.CommClosedError, distributed.client.FutureCancelledError):
        problem = (
            "the Dask scheduler was lost; the members done so far are saved, and the same command goes on from there."
        )
        raise RefinementError(problem) from None


_begun: dict[str, Any] = {}
"""on a worker: what its jobs have begun with, by the token of who opened it"""


def _worked(work: Callable[[Any], Any], begin: Begin | None, token: str) -> Any:
    """Do a job on a worker."""
    if begin is None:
        return work(silent)
    if token not in _begun:
        _begun[token] = begin(silent)
    return work(_begun[token])
