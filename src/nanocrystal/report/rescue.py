"""Results that cannot be written where they should go: the disk is full, the folder is gone, permission is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

from nanocrystal.errors import InputError, NanocrystalError


def reason_of(error: OSError | InputError) -> str:
    """Return in words why something could not be written."""
    cause = error.__cause__ if isinstance(error, InputError) else error
    if isinstance(cause, OSError):
        return (cause.strerror or str(cause)).lower()
    return error.problem.rstrip(".") if isinstance(error, InputError) else str(error)


def rescued(save: Callable[[Path], object], name: str) -> Path | None:
    """Have something saved to a path of a name in a fresh temporary folder, and return it; None where that fails too.

    save: writes to the path that it is given; name: "" for one that is made up.
    """
    try:
        folder = Path(mkdtemp(prefix="nanocrystal-"))
    except OSError:
        return None
    path = folder / (name or "results")
    try:
        save(path)
    except (OSError, NanocrystalError):
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return path


def cannot_write(target: Path, error: OSError) -> InputError:
    """Return what to tell whoever has a result that cannot be written to a file or folder."""
    problem = f"cannot be written to ({reason_of(error)}); nothing there has changed, so name another folder."
    return InputError(str(target), problem)


def sentence_of(target: Path, error: OSError | InputError, there: Path | None) -> str:
    """Return in one sentence where a result could not be written, why, and where it is instead."""
    return f"{target}: the result could not be written there ({reason_of(error)}), {_instead(there)}."


def member_sentence(folder: Path, name: str, error: OSError, there: Path | None) -> str:
    """Return the same of a member of a series, and what to do."""
    where = f"{folder}: {name} could not be written there ({reason_of(error)}), {_instead(there)}"
    return f"{where}; the members done before are saved, and the same command goes on from them."


def _instead(there: Path | None) -> str:
    return "nor to a temporary folder" if there is None else f"it is in {str(there)!r} instead"
