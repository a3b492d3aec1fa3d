"""Files that are zip archives: their members are read into memory, none larger than a bound, nothing is unpacked."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from functools import cached_property

from nanocrystal.data.formats import RawFile

LARGEST = 256 * 2**20
"""bytes of all members that are read from one archive, once they are decompressed"""
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
    struct.error,
)
"""what zipfile raises for a damaged or encrypted archive, or one of an unknown compression"""


class Archive:
    """The members of a zip archive by name."""

    def __init__(self, file: RawFile) -> None:
        self._file = file
        self._left = LARGEST

    @cached_property
    def _zip(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(io.BytesIO(self._file.content))
        except _BROKEN as error:
            raise self._file.error(f"cannot be opened as a zip archive: {_words(error)}.") from None

    @property
    def names(self) -> list[str]:
        """Of the members, as they stand in it."""
        return [i.filename for i in self._zip.infolist()]

    def content(self, name: str) -> bytes:
        """Return the bytes of a member; raises InputError for a damaged one and where too much has been read."""
        try:
            with self._zip.open(name) as stream:
                content = stream.read(self._left + 1)
        except _BROKEN as error:
            raise self._file.error(f"holds {name!r}, which cannot be read: {_words(error)}.") from None
        self._left -= len(content)
        if self._left < 0:
            raise self._file.error(f"holds more than {LARGEST // 2**20} MB; no powder pattern is as large.")
        return content

    def address(self, name: str) -> str:
        """Return what messages call a member."""
        return f"{self._file.address}, {name}"


def _words(error: BaseException) -> str:
    """Return on one line what is wrong."""
    return " ".join(str(error).split())[:120] or type(error).__name__
