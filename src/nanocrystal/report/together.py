"""Files that are replaced together: wherever the process may end, a folder holds the old ones or the new ones.

New files are written to a folder of their own first; then a list of them, the journal, gets its name by one rename.
Until then the old files count. From then on the new ones do: they are moved to their places, by the next run where the
process has ended, and `current` knows where each of them is meanwhile. A folder that is not there yet is made beside
its place and gets its name by one rename.

One process at a time writes to a folder, so what it finds there was left by one that has ended, and is removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path, PurePath

from nanocrystal.errors import NanocrystalError
from nanocrystal.systems import held, on_disk, patiently, same_file

Files = Mapping[str, str] | Mapping[str, str | Path]
"""name -> text, or where a file stands that is to have this name"""
WRITING = ".nanocrystal-writing"
LOCK = ".nanocrystal-lock"
FILES, JOURNAL, UNNAMED = "files", "journal.json", "journal.tmp"
LEVELS = 4
"""folders above a file of which one may be that which it was written with"""
ATTEMPTS = 5


def write_together(files: Callable[[], Files] | Files, folder: Path, removed: Collection[str] = ()) -> None:
    """Write files into a folder (made if need be), and remove others from it, all or none.

    files: or what returns them, called while no other process writes there; names may hold a folder, as in
    cubic/results.json. Raises OSError where that fails, and NanocrystalError where they are written but cannot all be
    moved to their places.
    """
    settle(folder)
    while not _Place(folder).write(files if callable(files) else lambda: files, removed):
        continue  # the folder came or went meanwhile


def settle(folder: Path) -> None:
    """Finish or remove what runs that have ended left of their writing to a folder; raises OSError."""
    inside, beside = _Place(folder, is_new=False), _Place(folder, is_new=True)
    if inside.is_disturbed:
        with held(inside.lock):
            inside.settle()
    if beside.is_disturbed:
        with contextlib.suppress(OSError), held(beside.lock):  # nothing that counts is there
            beside.settle()


def try_to_settle(folder: Path) -> None:
    """Do what `settle` does where that is possible; where it is not, nothing can be written either, which is found."""
    with contextlib.suppress(OSError):
        settle(folder)


def current(path: Path) -> Path:
    """Return where a file of a result is: at its path, or where a run that ended before moving it has left it."""
    for root in list(path.parents)[:LEVELS]:
        writing = root / WRITING
        if (writing / JOURNAL).is_file():
            left = writing / FILES / path.relative_to(root)
            if left.is_file():
                return left
    return path


def is_there(path: Path) -> bool:
    """Say whether there is a file of a result, wherever it is; it may be moved while it is looked for."""
    return path.is_file() or current(path).is_file() or path.is_file()


def text_of(path: Path) -> str:
    """Return the text of a file of a result, wherever it is; raises OSError, or ValueError where it is no text."""
    for _ in range(ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):  # it may be moved while it is looked for
            return current(path).read_text(encoding="utf-8")
    return current(path).read_text(encoding="utf-8")


def version_of(path: Path) -> tuple[Path, int, int] | None:
    """Return what differs once a file of a result has been replaced; None where there is none."""
    for _ in range(ATTEMPTS):
        place = current(path)
        with contextlib.suppress(OSError):
            found = place.stat()
            return place, found.st_ino, found.st_mtime_ns
    return None


def leads_out(name: str) -> bool:
    """Say whether the name of a file leads out of the folder that it is to be written to."""
    return ".." in PurePath(name).parts or PurePath(name).is_absolute()


class _Place:
    """A folder to be written to; is_new: whether it is not there yet, and is made beside its place."""

    def __init__(self, folder: Path, is_new: bool | None = None) -> None:
        self.folder = folder
        self.is_new = not folder.is_dir() if is_new is None else is_new
        self.home = folder.absolute().parent if self.is_new else folder
        before = f".{folder.absolute().name}" if self.is_new else ""
        self.lock, self.writing = self.home / f"{before}{LOCK}", self.home / f"{before}{WRITING}"

    @property
    def is_disturbed(self) -> bool:
        """Whether another process writes here, or has left something."""
        return self.writing.exists() or self.lock.exists()

    def write(self, files: Callable[[], Files], removed: Collection[str]) -> bool:
        """Write files; return False, with nothing done, where the folder came or went meanwhile."""
        self.home.mkdir(parents=True, exist_ok=True)
        with held(self.lock):
            if self.folder.is_dir() == self.is_new:
                return False
            self.settle()
            try:
                named = files()
                self._write_aside(named)
                if self.is_new:
                    return self._named()
                self._commit(list(named), removed)
            except BaseException:
                if not (self.writing / JOURNAL).is_file():
                    shutil.rmtree(self.writing, ignore_errors=True)
                raise
            try:
                self.settle()
            except OSError as error:
                raise NanocrystalError(_half_moved(self.folder, error)) from None
        return True

    def _write_aside(self, files: Files) -> None:
        made = self.writing / FILES
        made.mkdir(parents=True)
        for name, content in files.items():
            file = made / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                same_file(content, file)
                continue
            file.write_text(content, encoding="utf-8", newline="\n")
            on_disk(file)
        for folder in {made, *((made / name).parent for name in files)}:
            on_disk(folder)

    def _named(self) -> bool:
        """Give a folder that was made beside its place its name; False where there is one of that name by now."""
        try:
            patiently(partial(os.rename, self.writing / FILES, self.folder))
        except OSError:
            if not self.folder.is_dir():
                raise
            return False
        finally:
            shutil.rmtree(self.writing, ignore_errors=True)
        on_disk(self.home)
        return True

    def _commit(self, named: Collection[str], removed: Collection[str]) -> None:
        journal = self.writing / UNNAMED
        gone = sorted(set(removed) - set(named))
        journal.write_text(json.dumps({"files": list(named), "removed": gone}), encoding="utf-8")
        on_disk(journal)
        patiently(partial(os.replace, journal, self.writing / JOURNAL))
        on_disk(self.writing)

    def settle(self) -> None:
        """Move files that count to their places, and remove what does not."""
        journal = self.writing / JOURNAL
        if journal.is_file():
            self._follow(json.loads(journal.read_text(encoding="utf-8")))
            on_disk(self.folder)
            journal.unlink()
        if self.writing.exists():
            shutil.rmtree(self.writing)

    def _follow(self, journal: Mapping[str, Collection[str]]) -> None:
        """Do what a journal says, as far as it is not done yet."""
        for name in journal["files"]:
            made, place = self.writing / FILES / name, self.folder / name
            if made.is_file() and not leads_out(name):
                place.parent.mkdir(parents=True, exist_ok=True)
                patiently(partial(os.replace, made, place))
        for name in journal["removed"]:
            if not leads_out(name) and not (self.folder / name).is_dir():
                (self.folder / name).unlink(missing_ok=True)


def _half_moved(folder: Path, error: OSError) -> str:
    what = Path(error.filename2 or error.filename or folder).name
    reason = (error.strerror or str(error)).lower()
    return (
        f"{str(folder)!r}: the results are saved there, but {what!r} cannot be put in its place ({reason}); "
        "close what has it open: the next run into this folder does that first, and nanocrystal.read_result reads them."
    )
