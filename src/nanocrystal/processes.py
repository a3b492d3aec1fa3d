"""Processes side by side: what they inherit, which share of the processors each has, and how they are given work.

Whoever has work for several takes an `Executor` as an argument. `Here` is that of this process; those of other
processes and machines are in the room `running`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from nanocrystal.stopping import STOPPING

T = TypeVar("T")
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""by which libraries are told, before they are loaded, how many threads they may use"""
Report = Callable[..., None]
"""by which a job tells its steps; what it is called with is heard by whoever opened the workers"""
Begin = Callable[[Report], Any]
"""makes, once in each process, what all jobs there are given, from the way to report"""


def thread_count() -> int:
    """Return how many threads pay in this process: the processors it may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return max(1, len(affinity(0)) if affinity else os.cpu_count() or 1)


@contextmanager
def blocked() -> Iterator[None]:
    """Keep requests to stop from this thread, and from processes that begin meanwhile, where the system can."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def inherited(threads: int = 1) -> Iterator[None]:
    """Let processes that begin now use so many threads, and leave requests to stop to their parent."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        with blocked():
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


_beside = 1


def begin(number: int, at_once: int) -> None:
    """Set up this process as one of several: requests to stop are its parent's, and it keeps to its share."""
    global _beside
    for each in STOPPING:
        signal.signal(each, signal.SIG_IGN)
    share_processors(number, at_once)
    _beside = max(1, at_once)


def side_by_side() -> int:
    """Return how many processes share what there is, this one among them."""
    return _beside


def share_processors(number: int, at_once: int) -> None:
    """Keep to a share of the processors, where the system lets a process choose."""
    if hasattr(os, "sched_setaffinity"):
        own = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, set(own[number % len(own) :: at_once]) or set(own))


# ---- work for several -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """One piece of work; `work` is called with what its process has begun with, its way to report where that is all.

    For other processes it must be picklable: a function of a module, or a partial of one.
    """

    name: str
    work: Callable[[Any], Any]


@dataclass(frozen=True)
class Lost:
    """In the place of an answer: the process has ended under the job; problem: why it is of no use to try again."""

    problem: str = ""


LOST = "its process ended, perhaps for lack of memory"
"""what is said of a job that was lost, where nothing else is known"""


class Workers(Protocol):
    """Processes that take jobs; notes: what is to be said of them at the end."""

    notes: list[str]

    @property
    def busy(self) -> int:
        """How many jobs have no answer yet."""

    @property
    def has_room(self) -> bool:
        """Whether a job that is given now begins at once."""

    def give(self, job: Job) -> None:
        """Begin a job."""

    def answer(self) -> tuple[str, Any]:
        """Wait for a job to end and return its name and what came of it, or `Lost`.

        Raises what the job raised, and KeyboardInterrupt where the user interrupts.
        """

    def stop(self) -> None:
        """Have jobs end at their next step by a KeyboardInterrupt; their answers still come."""


class Executor(Protocol):
    """Where work is done: in this process, in several, or on other machines."""

    @property
    def at_once(self) -> int:
        """The most jobs that run side by side."""

    def opened(
        self, at_once: int = 1, *, begin: Begin | None = None, heard: Report | None = None
    ) -> AbstractContextManager[Workers]:
        """Yield at most so many workers; at the end they end, and what they still do is lost.

        begin: makes what jobs are given; heard: called in this process with the steps that jobs report.
        """


def answers(workers: Workers, next_job: Callable[[], Job | None]) -> Iterator[tuple[str, Any]]:
    """Yield what comes of jobs (name, answer) as it comes, until there is no next one and none is being done."""
    while True:
        while workers.has_room and (job := next_job()) is not None:
            workers.give(job)
        if not workers.busy:
            return
        yield workers.answer()


def carried_out(workers: Workers, next_job: Callable[[], Job | None], take: Callable[[str, Any], None]) -> bool:
    """Have jobs done, take what comes of them, and return whether the user interrupted that.

    After an interrupt none is begun, and those that run end at their next step; a second one leaves them out.
    """
    interrupted = False

    def next_one() -> Job | None:
        return None if interrupted else next_job()

    while True:
        try:
            for name, answer in answers(workers, next_one):
                take(name, answer)
            return interrupted
        except KeyboardInterrupt:
            if interrupted:
                return True
            interrupted = True
            workers.stop()


def silent(*_: object) -> None:
    """Hear a step and do nothing."""


class Here:
    """The executor of this process: one job after the other."""

    at_once = 1

    @contextmanager
    def opened(self, at_once: int = 1, *, begin: Begin | None = None, heard: Report | None = None) -> Iterator[Workers]:
        report = heard or silent
        yield _InTurn(report if begin is None else begin(report))


class _InTurn:
    def __init__(self, own: Any) -> None:
        self.notes: list[str] = []
        self._own = own
        self._job: Job | None = None

    @property
    def busy(self) -> int:
        return int(self._job is not None)

    @property
    def has_room(self) -> bool:
        return self._job is None

    def give(self, job: Job) -> None:
        self._job = job

    def answer(self) -> tuple[str, Any]:
        job, self._job = self._job, None
        assert job is not None
        return job.name, job.work(self._own)

    def stop(self) -> None:
        self._job = None
