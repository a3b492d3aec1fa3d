"""Jobs for processes, which import them by name."""

from __future__ import annotations

import os
import signal
import time

from nanocrystal.cost import stated_memory
from nanocrystal.errors import InputError
from nanocrystal.processes import THREAD_VARIABLES, Report, side_by_side


def doubled(number: int, report: Report) -> int:
    report("doubling", number)
    return 2 * number


def refused(report: Report) -> None:
    raise InputError("datasets.pdf", "cannot be used.")


def killed(report: Report) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def process_of(report: Report) -> tuple[int, list[str | None]]:
    time.sleep(0.2)
    return os.getpid(), [os.environ.get(name) for name in THREAD_VARIABLES]


def endless(report: Report) -> str:
    try:
        while True:
            time.sleep(0.01)
            report("at it")
    except KeyboardInterrupt:
        return "the best so far"


def made_once(made: list[int], report: Report) -> list[int]:
    return [*made, os.getpid()]


def with_own(number: int, own: list[int]) -> tuple[int, int]:
    own[0] += 1
    return number, own[0]


def allowance(report: Report) -> tuple[float | None, int]:
    return stated_memory(), side_by_side()
