"""Files and streams, where operating systems differ: locks, what other programs hold open, what is on the disk."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")
IS_WINDOWS = os.name == "nt"
LINKS_MACHINE_CODE = sys.platform == "linux"
"""whether compiled kernels are linked into the process without Numba, which was not tried elsewhere"""
PATIENCE_S = 2.0
"""seconds in which another program, such as a virus scanner, may let go of a file"""
WAIT_S = 60.0
"""seconds in which another run may write its results"""
PAUSE_S = 0.02


class Busy(OSError):
    """Another process holds a file for longer than is waited for."""


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """Hold a file that one process at a time can hold; the system lets go of it where the process ends.

    It is removed at the end. Where a file system knows no locks, nothing is held. Raises Busy where another process
    does not let go of it.
    """
    deadline = time.monotonic() + WAIT_S
    while True:
        stream = _opened(lock)
        try:
            is_held = _locked(stream)
            if is_held and _is_same(stream, lock):
                break
        except OSError:  # a file system without locks
            break
        stream.close()
        if not is_held and time.monotonic() > deadline:
            raise Busy(f"another run has written to {str(lock.parent)!r} for {WAIT_S:g} s")
        time.sleep(0.0 if is_held else PAUSE_S)
    try:
        yield
    finally:
        _release(lock, stream)


def _opened(lock: Path) -> IO[bytes]:
    """Return a lock that is open; one that is just being removed cannot be opened on some systems."""
    try:
        return lock.open("ab")
    except PermissionError:
        if not lock.exists():
            raise
    return patiently(lambda: lock.open("ab"))


def _locked(stream: IO[bytes]) -> bool:
    """Lock a file and return whether that went well, False where another process holds it."""
    try:
        if IS_WINDOWS:
            import msvcrt

            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_same(stream: IO[bytes], path: Path) -> bool:
    """Say whether an open file still is the one at its path, which whoever held it before may have removed."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _release(lock: Path, stream: IO[bytes]) -> None:
    """Remove a lock, while it is held where open files can be removed, and let go of it."""
    with contextlib.closing(stream):
        if not IS_WINDOWS:
            lock.unlink(missing_ok=True)
    if IS_WINDOWS:
        with contextlib.suppress(OSError):  # another one has it by now
            lock.unlink(missing_ok=True)


def patiently(action: Callable[[], T]) -> T:
    """Return what an action on files returns, tried again for a while where another program has a file open."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return action()
        except PermissionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_S)


def same_file(path: Path, other: Path) -> None:
    """Give a file another name as well, or copy it where the file system has one name for each."""
    try:
        os.link(path, other)
    except OSError:
        from shutil import copyfile

        copyfile(path, other)
        on_disk(other)


def on_disk(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to the disk, where it can."""
    is_folder = path.is_dir()
    if is_folder and IS_WINDOWS:
        return
    descriptor = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
    try:
        os.fsync(descriptor)
    except OSError:
        if not is_folder:
            raise
    finally:
        os.close(descriptor)


def leads_nowhere(stream: IO[str]) -> None:
    """Have what is written to an open stream from now on go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
