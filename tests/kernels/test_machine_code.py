"""Kernels as machine code: the values of Python, without Numba once they are kept, never run where they are damaged."""

from __future__ import annotations

import importlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from nanocrystal.kernels import compiled, machine_code
from nanocrystal.kernels.machine_code import KeptKernel, KeptModule, ObjectFile, signature_of

MODULE = '''
import numpy as np
from nanocrystal.kernels.compiled import jit

def scaled(factor, table, shift, out):
    """out = factor * (sum of each row of table) + shift"""
    for i in range(table.shape[0]):
        total = 0.0
        for j in range(table.shape[1]):
            total += table[i, j]
        out[i] = factor * total + shift[i]

def with_room(x, out):
    room = np.empty(x.shape[0])
    for i in range(x.shape[0]):
        room[i] = x[i] + 1.0
    for i in range(x.shape[0]):
        out[i] = room[i]

def parted(x, out):
    out[0] = 1.0 / x

def doubled(x):
    return 2.0 * x

scaled, with_room, parted, doubled = jit(scaled), jit(with_room), jit(parted), jit(doubled)
'''
TABLE = np.array([[1.0, 2.0, 3.0], [0.5, 0.25, -1.0]])
SHIFT = np.array([1, -2], dtype=np.int32)
BY_HAND = [13.0, -2.5]


class Kernels:
    """A module of kernels, linked as often as it is asked for, and what is said of that."""

    def __init__(self, folder: Path) -> None:
        (folder / "some_kernels.py").write_text(MODULE, encoding="utf-8")
        self.cache = folder / "cache" / "nanocrystal"
        self.said: list[str] = []
        self.with_numba = 0

    def numba_module(self) -> ModuleType:
        self.with_numba += 1
        return importlib.import_module("some_kernels")

    def kernel(self, name: str = "scaled") -> KeptKernel:
        module = KeptModule("some_kernels", self.numba_module, self.said.append, compiled.NO_CACHE)
        kernel = getattr(module, name)
        assert isinstance(kernel, KeptKernel)
        return kernel

    def used(self) -> int:
        """Use a kernel, as a new process would, and return how often Numba was asked for."""
        before, out = self.with_numba, np.zeros(2)
        self.kernel()(2.0, TABLE, SHIFT, out)
        assert out.tolist() == BY_HAND
        return self.with_numba - before

    def file(self) -> Path:
        [file] = self.cache.glob("some_kernels.scaled-*.o")
        return file


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernels]:
    import numba

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "some_kernels", raising=False)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "numba"))
    machine_code._text.cache_clear()
    yield Kernels(tmp_path)
    machine_code._text.cache_clear()


def test_it_is_made_once_then_linked(kernels: Kernels) -> None:
    assert (kernels.used(), kernels.used(), kernels.said) == (1, 0, [])


def test_another_process_does_not_import_numba(kernels: Kernels, tmp_path: Path) -> None:
    kernels.used()
    text = f"""
import sys
import numpy as np
from nanocrystal.kernels.machine_code import KeptModule
kernels = KeptModule("some_kernels", None, print, "")
out = np.zeros(2)
kernels.scaled(2.0, np.array({TABLE.tolist()}), np.array([1, -2], dtype=np.int32), out)
print(out.tolist(), "numba" in sys.modules)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    run = subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout == f"{BY_HAND} False\n"


def test_what_is_damaged_is_made_anew_and_said(kernels: Kernels) -> None:
    kernels.used()
    file, rng = kernels.file(), random.Random(1)
    whole = file.read_bytes()
    for length in (0, 5, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        kernels.said.clear()
        assert (kernels.used(), kernels.used()) == (1, 0), length
        assert kernels.said == [f"A compiled kernel in {str(file.parent)!r} is damaged; it is compiled anew."]
    for place in [rng.randrange(len(whole)) for _ in range(5)]:
        garbled = bytearray(whole)
        garbled[place] ^= 1 << rng.randrange(8)
        file.write_bytes(garbled)
        assert (kernels.used(), kernels.used()) == (1, 0), place


def test_the_text_of_a_kernel_decides_which_is_taken(kernels: Kernels, tmp_path: Path) -> None:
    kernels.used()
    (tmp_path / "some_kernels.py").write_text(MODULE + "# another\n", encoding="utf-8")
    machine_code._text.cache_clear()
    assert kernels.used() == 1
    assert len(list(kernels.cache.glob("*.o"))) == 2


def test_what_machine_code_is_not_made_for_is_left_to_numba(kernels: Kernels) -> None:
    """Arrays in another order, of other numbers, that cannot be kept, and where Numba passes arrays in another way."""
    out = np.zeros(2)
    turned = np.asfortranarray(TABLE)
    assert signature_of((2.0, turned)) is None
    kernels.kernel()(2.0, turned, SHIFT, out)
    assert out.tolist() == BY_HAND
    kernels.kernel()(2.0, TABLE, SHIFT.astype(np.int8), out)
    assert out.tolist() == BY_HAND
    assert not kernels.cache.exists()
    for _ in range(2):
        kernels.kernel("with_room")(np.array([1.0, 2.0]), out)
        assert out.tolist() == [2.0, 3.0]
    assert kernels.kernel("doubled")(0.75) == 1.5
    [file] = kernels.cache.glob("*with_room*.o")
    assert ObjectFile.from_bytes(file.read_bytes()).code == b""


def test_another_way_of_passing_arrays_is_found_before_anything_is_kept(
    kernels: Kernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine_code.arrays_are_passed_so()
    machine_code.arrays_are_passed_so.cache_clear()
    real = machine_code._passed

    def otherwise(arguments: list[object]) -> Iterator[object]:
        """Lengths and strides exchanged, as another version might have them."""
        for value in arguments:
            flat = list(real([value]))
            yield from [*flat[:5], *flat[5:][::-1]] if len(flat) > 1 else flat

    monkeypatch.setattr(machine_code, "_passed", otherwise)
    assert not machine_code.arrays_are_passed_so()
    assert kernels.used() > 0
    machine_code.arrays_are_passed_so.cache_clear()


def test_a_division_by_zero_is_an_error(kernels: Kernels) -> None:
    kernel, out = kernels.kernel("parted"), np.zeros(1)
    kernel(4.0, out)
    assert out.tolist() == [0.25]
    with pytest.raises(ArithmeticError):
        kernel(0.0, out)


def test_where_nothing_can_be_written_it_works_and_says_so(kernels: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "cannot be written")

    monkeypatch.setattr(machine_code.os, "replace", refuse)
    assert (kernels.used(), kernels.used()) == (1, 1)
    assert kernels.said == [compiled.NO_CACHE] * 2  # `tell` says it once


def test_the_users_folder_is_taken_where_the_packages_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert machine_code.folders()[1:] == [tmp_path / "nanocrystal"]


def test_what_killed_processes_left_is_removed_after_a_while(kernels: Kernels) -> None:
    kernels.used()
    file = kernels.file()
    old, new = (file.with_name(f"{file.name}.tmp.{k}") for k in range(2))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 7200.0,) * 2)
    file.unlink()
    kernels.used()
    assert [old.exists(), new.exists()] == [False, True]


def test_other_systems_call_kernels_through_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "LINKS_MACHINE_CODE", False)
    compiled.load.cache_clear()
    assert isinstance(compiled.load("_moments_numba"), ModuleType)
    compiled.load.cache_clear()
