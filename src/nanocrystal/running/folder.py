"""The folder that results go to: whether they may, and what stands in it of the study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from nanocrystal.errors import InputError
from nanocrystal.report.files import check_folder


def copied(text: str, path: Path, folder: Path) -> str | None:
    """Return the text of a study that is copied to a folder: none where it is that file itself, or is in no file."""
    is_there = (folder / "study.toml").absolute() == path.absolute()
    return text if text and not is_there else None


def checked_folder(out: str | Path, names: Callable[[Path], Sequence[str]], record: str) -> Path:
    """Return the folder of results; names: of the files that go there, record: that of those of an earlier run.

    Raises InputError where they would replace a file that is not ours.
    """
    folder = Path(out)
    try:
        check_folder(folder, list(names(folder)), record)
    except InputError as error:
        raise InputError("run(out)", error.problem) from None
    return folder
