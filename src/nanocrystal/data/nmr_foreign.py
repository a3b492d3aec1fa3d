"""What formats that nmrglue reads have in common: the way to its readers, and what the nucleus is called."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from nanocrystal.errors import InputError
from nanocrystal.text import MOST_BYTES, file_bytes

INSTALL = 'pip install "nmrglue>=0.11"'


def nmrglue(name: str, path: Path) -> Any:
    """Return a reader module of nmrglue; raises InputError where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module(f"nmrglue.fileio.{name}")
    except ModuleNotFoundError:
        raise InputError(str(path), f"needs nmrglue to be read: {INSTALL}") from None


def read_by(path: Path, what: str, reader: Callable[[], Any]) -> Any:
    """Return what nmrglue reads; raises InputError for whatever it stumbles over."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return reader()
    except InputError:
        raise
    except Exception as error:  # nmrglue raises whatever a damaged file makes numpy or struct raise
        said = " ".join(str(error).split()) or type(error).__name__
        raise unreadable(path, what, said[:120]) from None


def unreadable(path: Path, what: str, reason: str) -> InputError:
    """Return the error of a file that is damaged."""
    return InputError(str(path), f"cannot be read as {what} ({reason}); is it complete?")


def content_of(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return what a file holds; raises InputError where it cannot be read or holds more than `most` bytes."""
    return file_bytes(path, str(path), most)


def named_nucleus(stated: Any, nucleus: str | None, path: Path, key: str) -> str:
    """Return the nucleus that is given, else the one that the file states; raises InputError where nobody says."""
    name = nucleus or str(stated or "").replace("^", "").strip()
    if not name:
        raise InputError(str(path), f'does not say which nucleus was observed ({key}); name it, such as "133Cs".')
    return name
