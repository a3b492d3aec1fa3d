"""Refining the members of a series on this machine: here, or side by side in processes of their own."""

from __future__ import annotations

from collections.abc import Mapping
from multiprocessing.connection import Connection, wait
from typing import Any

from nanocrystal.kernels.pairs import thread_count
from nanocrystal.processes import begin, inherited
from nanocrystal.study.series.member import Interrupted, Outcome, Task, refined_member
from nanocrystal.study.series.plan import Plan

GRACE_S = 5.0
"""seconds that a process has to end by itself"""


def run_locally(plan: Plan, workers: int | None = None) -> bool:
    """Refine all members of a plan; return whether the user interrupted it.

    workers: processes at once, at most one a chain [as many as processors]; with one, members are refined in this
    process. More than one needs a main module that may be imported again (`if __name__ == "__main__"` in a script).
    """
    at_once = max(1, min(workers or thread_count(), plan.at_once))
    try:
        if at_once == 1:
            _run_here(plan)
        else:
            _run_in_processes(plan, at_once)
    except (KeyboardInterrupt, Interrupted):
        return True
    return False


def _run_here(plan: Plan) -> None:
    while (task := plan.next_task()) is not None:
        plan.finished(refined_member(task, plan.watcher.step))


# ---- processes ------------------------------------------------------------------------------------


class Worker:
    """A process that refines one member after the other."""

    def __init__(self, context: Any, number: int, at_once: int) -> None:
        self.task: Task | None = None
        self.number = number
        self.connection, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other, number, at_once), daemon=True)
        with inherited(max(1, thread_count() // at_once)):
            self.process.start()
        other.close()

    def give(self, task: Task) -> None:
        self.task = task
        self.connection.send(task)

    def stop(self) -> None:
        """End the process at once; what it refines is lost."""
        self.connection.close()
        self.process.terminate()
        self.process.join(GRACE_S)


def _run_in_processes(plan: Plan, at_once: int) -> None:
    from multiprocessing import get_context

    context = get_context("spawn")
    workers: list[Worker] = []
    idle: list[Worker] = []
    try:
        while True:
            while (idle or len(workers) < at_once) and (task := plan.next_task()) is not None:
                if not idle:
                    taken = {w.number for w in workers}
                    worker = Worker(context, min(set(range(at_once)) - taken), at_once)
                    workers.append(worker)
                else:
                    worker = idle.pop()
                worker.give(task)
            busy = [w for w in workers if w.task is not None]
            if not busy:
                return
            ready = set(wait([w.connection for w in busy]))
            for worker in busy:
                if worker.connection in ready and not _heard(worker, plan):
                    idle.append(worker)
            gone = [w for w in idle if w.connection.closed]
            idle = [w for w in idle if w not in gone]
            workers = [w for w in workers if w not in gone]
    finally:
        for worker in workers:
            worker.stop()


def _heard(worker: Worker, plan: Plan) -> bool:
    """Take what a worker has to say; return whether it goes on with its member."""
    task = worker.task
    assert task is not None
    try:
        said = worker.connection.recv()
    except (EOFError, OSError):
        worker.task = None
        worker.stop()
        plan.lost(task)
        return False
    if isinstance(said, Outcome):
        worker.task = None
        plan.finished(said)
        return False
    plan.watcher.step(*said)
    return True


def _serve(connection: Connection, number: int, at_once: int) -> None:
    """Refine the members that come through a connection until it closes; interrupts are the parent's."""
    begin(number, at_once)

    def step(name: str, candidate: str, iteration: int, weighted_r: Mapping[str, float]) -> None:
        connection.send((name, candidate, iteration, dict(weighted_r)))

    try:
        while True:
            connection.send(refined_member(connection.recv(), step))
    except (EOFError, OSError):  # the parent has ended
        return
