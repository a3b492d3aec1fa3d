"""Processes side by side: what they inherit, and which share of the processors each has."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""by which libraries are told, before they are loaded, how many threads they may use"""


@contextmanager
def inherited(threads: int = 1) -> Iterator[None]:
    """Let processes that begin now use so many threads, and leave Ctrl-C to their parent."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if is_main else None
    try:
        yield
    finally:
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def begin(number: int, at_once: int) -> None:
    """Set up this process as one of several: Ctrl-C is its parent's, and it keeps to its share of the processors."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    share_processors(number, at_once)


def share_processors(number: int, at_once: int) -> None:
    """Keep to a share of the processors, where the system lets a process choose."""
    if hasattr(os, "sched_setaffinity"):
        own = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, set(own[number % len(own) :: at_once]) or set(own))
