"""Compiled kernels on the disk, each with a digest: what is not whole is as if it were not there. Needs Numba.

Numba unpickles its files and runs the machine code in them as they are: a truncated one ends each run with a traceback,
a garbled one may do anything. Checked against `numba.core.caching` of 0.60 to 0.68.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile

from nanocrystal.kernels.machine_code import DAMAGED, LENGTH, Tell, remove_left_over

MARK = "-checked"
"""in the names of such files; those of Numba are not looked at"""


class CheckedFiles(IndexDataCacheFile):  # type: ignore[misc,unused-ignore]
    """The index and the data of one kernel."""

    tell: Tell

    def _dump(self, obj: Any) -> bytes:
        data: bytes = super()._dump(obj)
        return data + sha256(data).digest()

    def _load_index(self) -> dict[Any, str]:
        return self._whole(Path(self._index_path), super()._load_index, has_version=True) or {}

    def _load_data(self, name: str) -> Any:
        found = self._whole(Path(self._data_path(name)), lambda: super(CheckedFiles, self)._load_data(name))
        if found is None:
            raise FileNotFoundError(name)
        return found

    def _whole(self, path: Path, load: Callable[[], Any], has_version: bool = False) -> Any:
        """Return what a file holds, None where there is none or it is damaged; it is then removed."""
        try:
            _check(path.read_bytes(), has_version)
            return load()
        except FileNotFoundError:
            return None
        except Exception:
            self.tell(DAMAGED.format(folder=str(path.parent)))
            with contextlib.suppress(OSError):
                path.unlink()
            return None


class CheckedCache(FunctionCache):  # type: ignore[misc,unused-ignore]
    """What Numba asks for a compiled kernel before it compiles one, and gives it to after that; it ends no run."""

    def __init__(self, function: Callable[..., Any], tell: Tell, not_kept: str) -> None:
        super().__init__(function)
        numbas = self._cache_file
        base = os.path.basename(numbas._index_path).removesuffix(".nbi") + MARK
        self._cache_file = CheckedFiles(self._cache_path, base, numbas._source_stamp)
        self._cache_file.tell = tell
        self._tell, self._not_kept = tell, not_kept

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except OSError:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
            self._remove_left_over()
        except OSError:
            self._tell(self._not_kept)

    def _remove_left_over(self) -> None:
        """Remove what processes that were killed have left of their writing, long ago."""
        folder, name = os.path.split(self._cache_file._index_path)
        remove_left_over(Path(folder), f"{name.removesuffix('.nbi')}*.tmp.*")


def _check(content: bytes, has_version: bool) -> None:
    """Raise ValueError, or what unpickling raises, where a file is not whole; has_version: whether it begins by one."""
    stream = io.BytesIO(content)
    if has_version:
        pickle.load(stream)
    data = stream.read()
    if len(data) <= LENGTH or sha256(data[:-LENGTH]).digest() != data[-LENGTH:]:
        raise ValueError("damaged")
