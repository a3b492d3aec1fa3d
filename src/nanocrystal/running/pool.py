"""Processes of this machine that take jobs: the only place that makes any.

Each is asked through a pipe of its own, so that one that ends is known with its job, and another takes its place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from threading import Thread
from typing import Any

from nanocrystal.cost import allowing, stated_memory
from nanocrystal.parameters import Declares
from nanocrystal.parameters.number import whole_number
from nanocrystal.processes import Begin, Executor, Here, Job, Lost, Report, Workers, begin, inherited, silent
from nanocrystal.stopping import Requests

GRACE_S = 5.0
"""seconds that a process has to end by itself"""
STOP = "stop"


def local_executor(at_once: int, threads: int = 1) -> Executor:
    """Return the executor of so many jobs at once on this machine: one is done in this process."""
    count = whole_number(at_once, "workers")
    return Here() if count < 2 else Processes(count, threads)


@dataclass(frozen=True)
class Processes(Declares):
    """The executor of processes on this machine.

    A main module must be importable again for them (a script with `if __name__ == "__main__"`).

    Parameters
    ----------
    at_once : int
        How many share the work.
    threads : int
        Of each.
    """

    at_once: int
    threads: int = 1

    @contextmanager
    def opened(self, at_once: int = 1, *, begin: Begin | None = None, heard: Report | None = None) -> Iterator[Workers]:
        """Yield workers whose `answer` alone raises KeyboardInterrupt on Ctrl-C: no message is read by half."""
        with Requests() as requests:
            pool = _Pool(min(self.at_once, at_once), self.threads, begin, heard or silent, requests)
            try:
                yield pool
            finally:
                pool.close()


class _Worker:
    """A process that does one job after the other; job: the name of what it does."""

    def __init__(self, number: int, at_once: int, threads: int, begin: Begin | None) -> None:
        from multiprocessing import get_context, resource_tracker

        context = get_context("spawn")
        if os.name == "posix":
            resource_tracker.ensure_running()  # which lets requests to stop come again
        self.job: str | None = None
        self.number = number
        self.connection, other = context.Pipe()
        given = (other, number, at_once, begin, stated_memory())
        self.process = context.Process(target=_serve, args=given, daemon=True)
        with inherited(threads):
            self.process.start()
        other.close()

    def give(self, job: Job) -> None:
        self.connection.send(job.work)
        self.job = job.name

    def end(self) -> None:
        """End the process at once; what it does is lost."""
        self.connection.close()
        self.process.kill()
        self.process.join(GRACE_S)


class _Pool:
    """The processes of one executor that are open."""

    def __init__(self, at_once: int, threads: int, begin: Begin | None, report: Report, requests: Requests) -> None:
        self.notes: list[str] = []
        self._at_once, self._threads, self._begin, self._report = at_once, threads, begin, report
        self._requests = requests
        self._workers: list[_Worker] = []

    @property
    def busy(self) -> int:
        return sum(w.job is not None for w in self._workers)

    @property
    def has_room(self) -> bool:
        return self.busy < self._at_once

    def give(self, job: Job) -> None:
        for worker in [w for w in self._workers if w.job is None]:
            try:
                worker.give(job)
                return
            except OSError:  # it has ended since its last job
                self._drop(worker)
        free = set(range(self._at_once)) - {w.number for w in self._workers}
        worker = _Worker(min(free), self._at_once, self._threads, self._begin)
        self._workers.append(worker)
        worker.give(job)

    def answer(self) -> tuple[str, Any]:
        while True:
            busy: dict[Any, _Worker] = {w.connection: w for w in self._workers if w.job is not None}
            ready: list[Any] = self._requests.waiting(partial(wait, list(busy)))
            for connection in ready:
                worker = busy[connection]
                name = worker.job
                assert name is not None
                try:
                    kind, said = connection.recv()
                except (EOFError, OSError):
                    self._drop(worker)
                    return name, Lost()
                if kind == "step":
                    self._report(*said)
                    continue
                worker.job = None
                if kind == "raised":
                    raise said
                return name, said

    def stop(self) -> None:
        for worker in self._workers:
            try:
                worker.connection.send(STOP)
            except OSError:  # it has ended, which its answer tells
                continue

    def close(self) -> None:
        for worker in self._workers:
            worker.end()

    def _drop(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.end()


# ---- in the process -------------------------------------------------------------------------------


def _serve(
    connection: Connection, number: int, at_once: int, prepare: Begin | None, memory: float | None = None
) -> None:
    """Do the jobs that come through a connection until it closes; interrupts are the parent's.

    memory: GB that all processes may need together, where that is stated.
    """
    begin(number, at_once)
    with allowing(memory):
        _do_jobs(connection, prepare)


def _do_jobs(connection: Connection, prepare: Begin | None) -> None:
    Thread(target=_end_with_parent, daemon=True).start()

    def report(*said: object) -> None:
        if connection.poll():  # nothing comes during a job but the word to stop
            raise KeyboardInterrupt
        connection.send(("step", said))

    job_input: Any = report
    is_begun = prepare is None
    try:
        while (work := connection.recv()) != STOP:
            try:
                if prepare is not None and not is_begun:
                    job_input, is_begun = prepare(report), True
                answer = ("done", work(job_input))
            except KeyboardInterrupt:
                answer = ("done", Lost("interrupted"))
            except Exception as error:
                answer = ("raised", error)
            connection.send(answer)
    except (EOFError, OSError):  # the parent has ended
        return


def _end_with_parent() -> None:
    """End this process where its parent has been killed, whatever it is doing: nobody waits for it any more."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
