"""Where the result of a `run` is kept: nowhere, or in a folder that is checked before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from nanocrystal.errors import InputError, NanocrystalError
from nanocrystal.filenames import check_files, check_target
from nanocrystal.report.files import check_folder
from nanocrystal.report.outcome import REPORT, STUDY, Outcome
from nanocrystal.report.rescue import rescued, sentence_of
from nanocrystal.report.together import try_to_settle

Kept = TypeVar("Kept", bound=Outcome)


class Written(Protocol):
    """What a run does, as a file says it: its path, and its text, empty where it is in no file."""

    @property
    def path(self) -> Path: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True)
class Keeping:
    """The folder of a result, None for none; study: the text that is copied there."""

    folder: Path | None = None
    study: str | None = None

    def save(self, result: Kept) -> Kept:
        """Return a result that is written where it is kept.

        Raises NanocrystalError, which says where it was written instead, where it cannot be.
        """
        if self.folder is None:
            return result
        try:
            result.save(self.folder, self.study)
        except InputError as error:
            there = rescued(lambda path: result.save(path, self.study), self.folder.name)
            raise NanocrystalError(sentence_of(self.folder, error, there)) from None
        return result


def keeping(kind: type[Outcome], out: str | Path | None, names: Sequence[str], study: Written) -> Keeping:
    """Return where a result is kept.

    names: of the files to come, beside report, record and the copy of the study. Raises InputError where they would
    replace a file that is not ours.
    """
    if out is None:
        return Keeping()
    folder = Path(out)
    is_there = (folder / STUDY).absolute() == study.path.absolute()
    text = study.text if study.text and not is_there else None
    try:
        check_target(folder)
        check_files(names)
        try_to_settle(folder)
        check_folder(folder, [REPORT, *names, *([] if text is None else [STUDY]), kind.record], kind.record)
    except InputError as error:
        raise InputError("run(out)", error.problem) from None
    return Keeping(folder, text)
