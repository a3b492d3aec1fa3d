"""Linear algebra on one thread: what several add up in turns differs in its last digits with their number.

The matrices here are small, and threads that wait for each other cost more than they save.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock

VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""by which libraries of linear algebra are told, before they are loaded, how many threads they may use"""
FOLDERS = ("../{}.libs", ".dylibs")
"""where the wheels of NumPy and SciPy have theirs"""
NAMES = [f"{first}openblas_{{}}_num_threads{last}" for first in ("scipy_", "") for last in ("64_", "")]
Threads = tuple[Callable[[], int], Callable[[int], None]]


def one_thread_from_now_on() -> None:
    """Have libraries that are not loaded yet use one thread; the processes that begin then, too."""
    os.environ.update(dict.fromkeys(VARIABLES, "1"))


@contextmanager
def one_thread() -> Iterator[None]:
    """Have the libraries that came with NumPy and SciPy use one thread meanwhile; others are left as they are."""
    with _lock:
        if not _before:
            _before.append([threads() for threads, _ in _libraries()])
            _use([1] * len(_libraries()))
        else:
            _before.append([])
    try:
        yield
    finally:
        with _lock:
            if len(_before) == 1:
                _use(_before[0])
            _before.pop()


_lock = Lock()
_before: list[list[int]] = []
"""threads before the first of those who asked for one; one entry for each of them"""


def _use(counts: Sequence[int]) -> None:
    for (_, use), count in zip(_libraries(), counts, strict=True):
        use(count)


@cache
def _libraries() -> tuple[Threads, ...]:
    """Return how the libraries that are there are asked for their number of threads, and told it."""
    found = []
    for package in ("numpy", "scipy"):
        spec = find_spec(package)
        home = None if spec is None or spec.origin is None else Path(spec.origin).parent
        for folder in [] if home is None else [home / place.format(package) for place in FOLDERS]:
            for file in sorted(folder.glob("*openblas*")):
                with suppress(OSError):
                    found += _threads_of(ctypes.CDLL(str(file)))
    return tuple(found)


def _threads_of(library: ctypes.CDLL) -> list[Threads]:
    for name in NAMES:
        with suppress(AttributeError):
            return [(library[name.format("get")], library[name.format("set")])]
    return []
