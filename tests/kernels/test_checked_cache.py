"""Compiled kernels on the disk that are damaged, or cannot be written: compiled anew, with one sentence, never run."""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nanocrystal.kernels import compiled

KERNEL = """
def cubic(x, y):
    total = 0.0
    for k in range(4):
        total = total * x + y[k]
    return total
"""
POINTS = [(0.5, (1.0, 2.0, 3.0, 4.0)), (2.0, (1.0, 0.0, -1.0, 0.25))]
VALUES = [0.125 + 0.5 + 1.5 + 4.0, 8.0 - 2.0 + 0.25]
"""x³ + 2x² + 3x + 4 at ½ and x³ − x + ¼ at 2, by hand"""


class Kernels:
    """One kernel in a module of its own, compiled as often as it is asked for, and what is said of that."""

    def __init__(self, folder: Path) -> None:
        (folder / "one_kernel.py").write_text(KERNEL, encoding="utf-8")
        self.function = importlib.import_module("one_kernel").cubic
        self.cache = folder / "cache"
        self.said: list[str] = []

    def used(self) -> int:
        """Use the kernel, as a new process would, and return how often it came from the disk."""
        kernel: Any = compiled.compiled(self.function)
        assert [kernel(x, y) for x, y in POINTS] == VALUES
        return sum(kernel.stats.cache_hits.values())

    def files(self, ending: str) -> list[Path]:
        return sorted(self.cache.rglob(f"*.{ending}"))


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernels]:
    import numba

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "one_kernel", raising=False)
    made = Kernels(tmp_path)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(made.cache))
    compiled.announce_to(made.said.append)
    assert (made.used(), made.used(), made.said) == (0, 1, [])
    yield made
    compiled.announce_to(None)


@pytest.mark.parametrize("ending", ["nbc", "nbi"])
def test_a_truncated_kernel_is_compiled_anew(kernels: Kernels, ending: str) -> None:
    """At any place, of no length, too."""
    [file] = kernels.files(ending)
    whole = file.read_bytes()
    for length in (0, 5, len(whole) // 2, len(whole) - 32, len(whole) - 1):
        compiled.announce_to(kernels.said.append)
        file.write_bytes(whole[:length])
        kernels.said.clear()
        assert kernels.used() == 0, length
        assert kernels.said == [f"A compiled kernel in {str(file.parent)!r} is damaged; it is compiled anew."]
        assert kernels.used() == 1, length


@pytest.mark.parametrize("ending", ["nbc", "nbi"])
def test_garbled_bytes_are_never_run(kernels: Kernels, ending: str) -> None:
    """A digest finds what still unpickles: machine code with one other bit."""
    [file] = kernels.files(ending)
    whole, rng = bytearray(file.read_bytes()), random.Random(1)
    first = 40 if ending == "nbi" else 0  # before that stands the version of Numba, by which files of others are known
    for place in [rng.randrange(first, len(whole)) for _ in range(4)]:
        garbled = bytearray(whole)
        garbled[place] ^= 1 << rng.randrange(8)
        file.write_bytes(garbled)
        assert kernels.used() == 0, place
        assert kernels.used() == 1, place
    file.write_bytes(rng.randbytes(len(whole)))
    assert (kernels.used(), kernels.used()) == (0, 1)


def test_a_kernel_that_is_gone_is_compiled_anew(kernels: Kernels) -> None:
    kernels.files("nbc")[0].unlink()
    assert (kernels.used(), kernels.used(), kernels.said) == (0, 1, [])


def test_what_numba_itself_wrote_is_not_looked_at(kernels: Kernels) -> None:
    import numba

    numba.njit(cache=True)(kernels.function)(*POINTS[0])
    for ending in ("nbc", "nbi"):
        others = [path for path in kernels.files(ending) if "-checked" not in path.name]
        assert len(others) == 1
        others[0].write_bytes(b"damaged")
    assert (kernels.used(), kernels.said) == (1, [])


@pytest.mark.parametrize("number", [13, 28, 30])
def test_a_cache_that_cannot_be_written_is_said_once(
    kernels: Kernels, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Permission lost, a full disk, a file system that has become read-only: after the folder was found writable."""
    from nanocrystal.kernels._checked_cache import CheckedFiles

    def refuse(*_: object) -> None:
        raise OSError(number, "cannot be written")

    for path in kernels.files("nbc"):
        path.unlink()
    monkeypatch.setattr(CheckedFiles, "_save_data", refuse)
    assert (kernels.used(), kernels.used()) == (0, 0)
    assert kernels.said == [compiled.NO_CACHE]


def test_a_cache_that_cannot_be_read_is_compiled_anew(kernels: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    from nanocrystal.kernels._checked_cache import CheckedFiles

    def refuse(*_: object) -> None:
        raise PermissionError(13, "cannot be read")

    monkeypatch.setattr(CheckedFiles, "load", refuse)
    assert kernels.used() == 0


def test_what_killed_processes_left_is_removed_after_a_while(kernels: Kernels) -> None:
    import os
    import time

    [file] = kernels.files("nbc")
    old, new, other = (file.with_name(f"{name}.tmp.{k}") for k, name in enumerate([file.name, file.name, "x.nbc"]))
    for path in (old, new, other):
        path.write_bytes(b"half")
    for path in (old, other):
        os.utime(path, (time.time() - 7200.0,) * 2)
    file.unlink()
    kernels.used()
    assert [path.exists() for path in (old, new, other)] == [False, True, True]
