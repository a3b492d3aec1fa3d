"""Old or new, never mixed: whatever action on files a process ends at, and whoever else writes or reads meanwhile."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import nanocrystal as nc
from nanocrystal import systems
from nanocrystal.errors import InputError, NanocrystalError
from nanocrystal.report.outcome import Outcome
from nanocrystal.report.together import JOURNAL, LOCK, WRITING, is_there, settle, text_of, write_together
from support.killed import Ended, ended_at
from support.outcomes import MADE

OLD = {"a.csv": "old a", "sub/b.csv": "old b", "gone.csv": "old gone", "results.json": "old record"}
NEW = {"a.csv": "new a", "sub/b.csv": "new b", "more/c.csv": "new c", "results.json": "new record"}
FOREIGN = {"mine.txt": "mine", "sub/mine.txt": "mine too"}


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def content(folder: Path) -> dict[str, str]:
    """Return what a reader finds in a folder, wherever it is."""
    names = {*OLD, *NEW}
    return {name: text_of(folder / name) for name in names if is_there(folder / name)}


def traces(folder: Path) -> list[str]:
    """Return what is left of the writing, in a folder and beside it."""
    return [str(path) for path in folder.parent.rglob("*nanocrystal-*")]


def texts_below(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}


@pytest.mark.parametrize("before", ["nothing", "earlier", "other files"])
def test_a_folder_holds_the_old_files_or_the_new_ones_wherever_a_process_ends(tmp_path: Path, before: str) -> None:
    old = OLD if before == "earlier" else {}
    seen, at = set(), 0
    while True:
        at += 1
        folder = tmp_path / f"{at}" / "out"
        if before == "nothing":
            folder.parent.mkdir()
        else:
            write_together({**FOREIGN, **old}, folder)
        was_ended = ended_at(at, folder.parent, partial(write_together, NEW, folder, ["gone.csv"]))
        found = content(folder)
        without = {name: text for name, text in found.items() if name != "gone.csv"}
        assert found == old or without == NEW, at
        assert before != "nothing" or not folder.exists() or texts_below(folder) == NEW
        seen.add(found == old)
        write_together(NEW, folder, ["gone.csv"])
        assert traces(folder) == []
        assert texts_below(folder) == {**(FOREIGN if before != "nothing" else {}), **NEW}
        if not was_ended:
            break
    assert at > 20
    assert seen == {True, False}


EVERY = [
    pytest.param(4, id="some"),
    pytest.param(1, id="all", marks=pytest.mark.long),
]
"""of how many actions one is that the process ends at"""


@pytest.mark.parametrize("every", EVERY)
def test_a_result_is_read_as_the_old_or_the_new_one(
    every: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_result_of("refinement", tmp_path, monkeypatch, every)


@pytest.mark.campaign
@pytest.mark.parametrize("kind", sorted(MADE))
def test_every_result_is_read_as_the_old_or_the_new_one(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_result_of(kind, tmp_path, monkeypatch, every=9)


@pytest.mark.long
@pytest.mark.parametrize("kind", sorted(set(MADE) - {"refinement"}))
def test_every_result_is_read_wherever_the_process_ends(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_result_of(kind, tmp_path, monkeypatch, every=1)


@pytest.mark.parametrize("kind", sorted(set(MADE) - {"reduction"}))
def test_what_counts_but_is_not_in_its_place_yet_is_read(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of whatever kind, with what stands in folders of its own, and by the path of its record."""
    new: Any = without_pages(MADE[kind](), monkeypatch)
    folder = tmp_path / "out"
    replace(new, title="An earlier one").save(folder)
    with monkeypatch.context() as ended:
        ended.setattr("nanocrystal.report.together._Place._follow", lambda *_: (_ for _ in ()).throw(Ended))
        with pytest.raises(Ended):
            new.save(folder)
    assert nc.read_result(folder) == nc.read_result(folder / new.record) == new
    for name, part in new.parts().items():
        assert nc.read_result(folder / name) == part
    settle(folder)
    assert nc.read_result(folder) == new
    assert traces(folder) == []


def without_pages(result: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a result whose pages, and those of its parts, are made in no time."""
    for each in {type(result), *(type(part) for part in result.parts().values())}:
        monkeypatch.setattr(each, "page", lambda self, script=None: f"<!DOCTYPE html>{self.title}")
    return result


def check_result_of(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int) -> None:
    """End the saving of a result at every so-many-th action, over nothing and over an earlier one."""
    new: Any = without_pages(MADE[kind](), monkeypatch)
    old: Any = replace(new, title="An earlier one")
    for has_old in (True, False):
        at, was_ended = 1, True
        while was_ended:
            folder = tmp_path / f"{has_old}{at}" / "out"
            folder.parent.mkdir()
            if has_old:
                old.save(folder)
            was_ended = ended_at(at, folder.parent, partial(new.save, folder))
            check_is_one_of(folder, old if has_old else None, new)
            new.save(folder)
            assert nc.read_result(folder) == new
            assert traces(folder) == []
            shutil.rmtree(folder.parent)
            at += every


def check_is_one_of(folder: Path, old: Outcome | None, new: Outcome) -> None:
    """Assert that a folder holds the one or the other, and all files that it lists."""
    import json

    if old is None and not is_there(folder / new.record):
        with pytest.raises(InputError, match=r"does not exist|holds no result"):
            nc.read_result(folder)
        return
    found = nc.read_result(folder)
    assert found in (new, old)
    assert text_of(folder / "report.html").endswith(found.title)
    for name in json.loads(text_of(folder / new.record))["files"]:
        assert is_there(folder / name), name


def test_two_that_write_at_once_follow_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    files = [{name: f"{k} {name}" for name in NEW} for k in range(8)]
    threads = [threading.Thread(target=write_together, args=(f, folder)) for f in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert content(folder) in files
    assert traces(folder) == []


def test_what_another_is_writing_is_not_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "WAIT_S", 0.1)
    folder = tmp_path / "out"
    write_together(OLD, folder)
    with systems.held(folder / LOCK):
        (folder / WRITING).mkdir()
        with pytest.raises(OSError, match="another run has written to"):
            write_together(NEW, folder)
        with pytest.raises(OSError, match="another run has written to"):
            settle(folder)
        assert (folder / WRITING).is_dir()
        assert content(folder) == OLD
    write_together(NEW, folder)
    assert (folder / "a.csv").read_text(encoding="utf-8") == "new a"


def test_a_reader_never_sees_a_mixture(tmp_path: Path) -> None:
    """A result is read over and over while two others replace each other."""
    new: Any = MADE["atoms"]()
    both = [new, replace(new, title="another one", seed=4)]
    both[0].save(tmp_path / "out")
    is_over = threading.Event()

    def write() -> None:
        for k in range(20):
            both[k % 2].save(tmp_path / "out")
        is_over.set()

    writer = threading.Thread(target=write)
    writer.start()
    count = 0
    while not is_over.is_set():
        assert nc.read_result(tmp_path / "out") in both
        count += 1
    writer.join()
    assert count > 3


def test_a_file_that_another_program_holds_for_a_while_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where a file that is open cannot be replaced."""
    folder = tmp_path / "out"
    write_together(OLD, folder)
    refused: list[str] = []
    replaced = os.replace

    def held_open(source: Any, target: Any) -> None:
        if Path(target).name == "a.csv" and len(refused) < 3:
            refused.append(str(target))
            raise PermissionError(13, "Permission denied", str(source), None, str(target))
        replaced(source, target)

    monkeypatch.setattr(os, "replace", held_open)
    write_together(NEW, folder)
    assert len(refused) == 3
    assert (folder / "a.csv").read_text(encoding="utf-8") == "new a"


def test_a_file_that_another_program_does_not_let_go_of_is_named_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    new: Any = MADE["text"]()
    replace(new, title="old").save(folder)
    with monkeypatch.context() as windows:
        windows.setattr(systems, "PATIENCE_S", 0.05)
        replaced = os.replace

        def held_open(source: Any, target: Any) -> None:
            if Path(target).name == "report.html":
                raise PermissionError(13, "Permission denied", str(source), None, str(target))
            replaced(source, target)

        windows.setattr(os, "replace", held_open)
        with pytest.raises(NanocrystalError, match=r"'report\.html' cannot be put in its place \(permission denied\)"):
            new.save(folder)
    assert nc.read_result(folder) == new
    settle(folder)
    assert traces(folder) == []
    assert new.title in (folder / "report.html").read_text(encoding="utf-8")


class Msvcrt:
    """Locks as Windows has them, of one byte of a file: one process at a time, as long as the file is open."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.held: dict[tuple[int, int], int] = {}

    def locking(self, descriptor: int, mode: int, length: int) -> None:
        file = os.fstat(descriptor)
        key = (file.st_dev, file.st_ino)
        assert (mode, length) == (self.LK_NBLCK, 1)
        if self.held.get(key, descriptor) != descriptor and self._is_open(self.held[key], key):
            raise PermissionError(13, "Permission denied")
        self.held[key] = descriptor

    def _is_open(self, descriptor: int, key: tuple[int, int]) -> bool:
        try:
            file = os.fstat(descriptor)
        except OSError:
            return False
        return (file.st_dev, file.st_ino) == key


def test_windows_locks_one_run_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a module of its own; an open file cannot be removed there, so the lock is removed after it is let go of."""
    import sys

    monkeypatch.setattr(systems, "IS_WINDOWS", True)
    monkeypatch.setattr(systems, "WAIT_S", 0.1)
    monkeypatch.setitem(sys.modules, "msvcrt", Msvcrt())  # type: ignore[arg-type]
    write_together(OLD, tmp_path / "out")
    write_together(NEW, tmp_path / "out")
    assert content(tmp_path / "out")["a.csv"] == "new a"
    assert traces(tmp_path / "out") == []
    with systems.held(tmp_path / "out" / LOCK), pytest.raises(OSError, match="another run has written to"):
        write_together(OLD, tmp_path / "out")
    assert traces(tmp_path / "out") == []


def test_without_locks_files_are_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(stream: object) -> bool:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(systems, "_locked", no_locks)
    write_together(OLD, tmp_path / "out")
    write_together(NEW, tmp_path / "out")
    assert (tmp_path / "out" / "a.csv").read_text(encoding="utf-8") == "new a"
    assert traces(tmp_path / "out") == []


@pytest.mark.parametrize("where", ["", "sub"])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    write_together(OLD, folder)

    def full(path: Path) -> None:
        if path.is_file() and path.parent.name == (where or "files"):
            raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("nanocrystal.report.together.on_disk", full)
    with pytest.raises(OSError, match="No space left"):
        write_together(NEW, folder)
    assert content(folder) == OLD
    assert traces(folder) == []


def test_a_journal_of_another_leads_nowhere_else(tmp_path: Path) -> None:
    """A folder that came from elsewhere cannot have files outside of it written or removed."""
    import json

    folder = tmp_path / "in" / "out"
    write_together(OLD, folder)
    (tmp_path / "in" / "precious.txt").write_text("mine", encoding="utf-8")
    (folder / WRITING / "files").mkdir(parents=True)
    (folder / WRITING / "evil.txt").write_text("evil", encoding="utf-8")
    names: Mapping[str, list[str]] = {
        "files": ["../evil.txt", str(tmp_path / "evil.txt")],
        "removed": ["../precious.txt", str(tmp_path / "in" / "precious.txt")],
    }
    (folder / WRITING / JOURNAL).write_text(json.dumps(names), encoding="utf-8")
    settle(folder)
    assert (tmp_path / "in" / "precious.txt").read_text(encoding="utf-8") == "mine"
    assert not list(tmp_path.rglob("evil.txt"))
    assert content(folder) == OLD
