"""Files, streams and memory, where operating systems differ: locks, what other programs hold open, what there is."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, TypeVar

T = TypeVar("T")
IS_WINDOWS = os.name == "nt"
LINKS_MACHINE_CODE = sys.platform == "linux"
"""whether compiled kernels are linked into the process without Numba, which was not tried elsewhere"""
PATIENCE_S = 2.0
"""seconds in which another program, such as a virus scanner, may let go of a file"""
WAIT_S = 60.0
"""seconds in which another run may write its results"""
PAUSE_S = 0.02
CGROUPS = Path("/sys/fs/cgroup")
"""where Linux tells the limits of containers and batch jobs"""
OWN_CGROUP, OWN_PAGES = Path("/proc/self/cgroup"), Path("/proc/self/statm")


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


# ---- memory ---------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def memory_there() -> float:
    """Return how many bytes of memory there are for this process: of the machine, or of its container or batch job.

    Infinite where the system does not say.
    """
    return min([_memory_of_machine(), *_limits_of_groups()])


def _memory_of_machine() -> float:
    if IS_WINDOWS:
        return _memory_of_windows()
    try:
        size = float(os.sysconf("SC_PAGE_SIZE")) * float(os.sysconf("SC_PHYS_PAGES"))
    except (ValueError, OSError, AttributeError):
        return float("inf")
    return size if size > 0.0 else float("inf")


def _memory_of_windows() -> float:
    """Return the `ullTotalPhys` of GlobalMemoryStatusEx, a structure of two 4-byte and seven 8-byte numbers."""
    import ctypes
    import struct

    raw = ctypes.create_string_buffer(struct.pack("<2L7Q", 64, *[0] * 8), 64)
    try:
        done = ctypes.windll.kernel32.GlobalMemoryStatusEx(raw)  # type: ignore[attr-defined,unused-ignore]
    except (AttributeError, OSError):
        return float("inf")
    return float(struct.unpack("<2L7Q", raw.raw)[2]) if done else float("inf")


def _limits_of_groups() -> Iterator[float]:
    """Yield the limits of the groups of processes that this one is in, of both versions that Linux has."""
    try:
        lines = OWN_CGROUP.read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = os.fsdecode(line).partition(":")
        controllers, _, path = rest.partition(":")
        if controllers not in ("", "memory"):
            continue
        root, name = (CGROUPS / "memory", "memory.limit_in_bytes") if controllers else (CGROUPS, "memory.max")
        group = root / path.lstrip("/")
        for folder in [group, *group.parents]:
            with contextlib.suppress(OSError, ValueError):  # none, or "max"
                limit = float((folder / name).read_bytes())
                if limit > 0.0:
                    yield limit
            if folder == root:
                break


def address_space_left() -> float:
    """Return how many bytes this process may still ask the system for, infinite where nothing limits that."""
    if sys.platform == "win32":
        return float("inf")
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return float("inf")
    used = 0.0
    with contextlib.suppress(OSError, ValueError, IndexError):
        used = float(OWN_PAGES.read_bytes().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return max(float(limit) - used, 0.0)
