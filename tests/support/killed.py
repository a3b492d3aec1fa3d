"""A process that ends at its k-th action on files, as if the system had ended it: this process, or a copy of it.

Actions are what Python tells of them before it does them: a file opened for writing, made, renamed, linked or removed,
a folder made or removed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ACTIONS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "shutil.copyfile", "shutil.rmtree"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Ended(BaseException):
    """The process has ended; no code of it runs any more."""


class Killer:
    """What is told of each action below a folder, and ends the process at one of them."""

    def __init__(self) -> None:
        self.folder = ""
        self.at, self.count = 0, 0
        self.ends: Callable[[], None] = lambda: None
        self.is_dead = False
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.folder or event not in ACTIONS or not _is_below(self.folder, arguments):
            return
        if event == "open" and not (arguments[2] or 0) & WRITES:
            return
        self.count += 1
        if self.is_dead or self.count == self.at:
            self.is_dead = True
            self.ends()

    @contextmanager
    def watching(self, folder: Path, at: int, ends: Callable[[], None]) -> Iterator[Killer]:
        self.folder, self.at, self.ends, self.count, self.is_dead = str(folder), at, ends, 0, False
        try:
            yield self
        finally:
            self.folder = ""


def _is_below(folder: str, arguments: tuple[Any, ...]) -> bool:
    """Say whether an action is on a path below a folder, or on one in an open folder, as when a tree is removed."""
    paths = [os.fspath(a) for a in arguments[:2] if isinstance(a, str | os.PathLike)]
    return any(str(path).startswith(folder) for path in paths) or arguments[-1] in range(3, 1000)


def _raises() -> None:
    raise Ended


_killers: list[Killer] = []


def killer() -> Killer:
    """Return the one of this process, since what is told of actions is told of them for ever."""
    if not _killers:
        _killers.append(Killer())
    return _killers[0]


def ended_at(at: int, folder: Path, action: Callable[[], object]) -> bool:
    """Do what would act on files below a folder up to the action of a number, from 1; return whether it came so far.

    Whatever it would do after that, to tidy up, is not done.
    """
    with killer().watching(folder, at, _raises) as watched:
        with suppress(Ended):
            action()
        return watched.is_dead


def killed_at(at: int, folder: Path, action: Callable[[], int]) -> int:
    """Do the same in a copy of this process, which gets SIGKILL; return its exit code, -9 where it came so far."""

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def watched() -> int:
        with killer().watching(folder, at, die):
            return action()

    return _ended(_copy(watched))


def killed_after(seconds: float, action: Callable[[], int]) -> int:
    """Do something in a copy of this process that gets SIGKILL after a while; return its exit code, -9 where it did."""
    child = _copy(action)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return _ended(child)
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    return _ended(child)


def in_a_copy(action: Callable[[], int]) -> int:
    """Return what something returns that is done in a copy of this process."""
    return _ended(_copy(action))


def _copy(action: Callable[[], int]) -> int:
    """Return the number of a process that does something and exits with what it returns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of libraries, which wait for work
        child = os.fork()
    if child == 0:
        status = 99
        try:
            status = action()
        finally:
            os._exit(status)
    return child


def _ended(child: int) -> int:
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)
