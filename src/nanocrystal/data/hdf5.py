"""HDF5 files of strangers as a tree of plain groups, texts and arrays; needs h5py, the extra `hdf5`.

They are read in a process of their own (`hdf5_apart`), with bounds on time and memory: the HDF5 library may hang on a
damaged file, or end its process. Links to other files, data in other files and virtual data are not followed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data.formats import RawFile
from nanocrystal.errors import not_installed
from nanocrystal.processes import THREAD_VARIABLES

FloatArray = NDArray[np.float64]
SIGNATURE = b"\x89HDF\r\n\x1a\n"
LIMITS = {
    "objects": 20_000,  # groups and data sets
    "depth": 6,  # groups within groups
    "numbers": 10_000_000,  # all that are read
    "chunk": 2**28,  # bytes that are decompressed at once
    "text": 2**16,  # bytes
    "attributes": 200,  # of an object, and texts of an attribute
}
LONGEST = 20.0
"""s; no sound file takes as long"""


@dataclass(frozen=True)
class Group:
    """A group of a file; attributes: texts by name; groups, data: those in it by name."""

    attributes: Mapping[str, Sequence[str]]
    groups: dict[str, Group] = field(default_factory=dict)
    data: dict[str, Data] = field(default_factory=dict)

    def text(self, *names: str) -> str:
        """Return the first of some attributes that is there, as text."""
        return _first(self.attributes, names)

    def text_in(self, name: str) -> str:
        """Return what a data set of one text holds, "" where there is none."""
        found = self.data.get(name)
        return "" if found is None else found.content.strip()

    def number_in(self, name: str) -> float | None:
        """Return the one number of a data set, None where there is none."""
        found = self.data.get(name)
        return float(found.numbers[0]) if found is not None and len(found.numbers) == 1 else None


@dataclass(frozen=True)
class Data:
    """A data set: numbers (n,) if it has one axis and holds such; content: its text; problem: why neither is read."""

    attributes: Mapping[str, Sequence[str]]
    shape: tuple[int, ...]
    numbers: FloatArray
    content: str = ""
    problem: str = ""

    def text(self, *names: str) -> str:
        """Return the first of some attributes that is there, as text."""
        return _first(self.attributes, names)

    @property
    def axes(self) -> int:
        """How many axes are longer than one."""
        return sum(n != 1 for n in self.shape)


def tree_of(file: RawFile, kind: str) -> Group:
    """Return the root group of a file; kind: of the file, for messages.

    Raises InputError where h5py is missing, and for a file that is damaged.
    """
    if importlib.util.find_spec("h5py") is None:
        raise file.error(f"is an HDF5 file, which {not_installed('h5py', 'hdf5')}")
    program = [sys.executable, "-P", str(Path(__file__).with_name("hdf5_apart.py")), json.dumps(LIMITS)]
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1")}
    problem = f"cannot be read as {kind}; is it cut off or damaged?"
    try:
        done = subprocess.run(program, input=file.content, capture_output=True, timeout=LONGEST, env=environment)
    except subprocess.TimeoutExpired:
        raise file.error(f"{problem} (Reading it does not end.)") from None
    except OSError as error:
        raise file.error(f"needs a process of its own to be read, which cannot begin: {error.strerror}.") from None
    if done.returncode != 0:
        raise file.error(f"{problem} (The HDF5 library fails on it.)")
    (length,) = struct.unpack("<Q", done.stdout[:8])
    told = json.loads(done.stdout[8 : 8 + length])
    if "error" in told:
        raise file.error(f"{problem} ({told['error']})")
    return _grown(told["objects"], np.frombuffer(done.stdout[8 + length :], dtype="<f8"))


def _grown(objects: Mapping[str, Mapping[str, Any]], numbers: FloatArray) -> Group:
    """Return the objects as a tree."""
    groups = {path: Group(found["attributes"]) for path, found in objects.items() if "shape" not in found}
    for path, found in objects.items():
        above, _, name = path.rpartition("/")
        if path and "shape" not in found:
            groups[above].groups[name] = groups[path]
        elif path:
            at = found.get("at", 0)
            values = np.array(numbers[at : at + found.get("count", 0)], dtype=np.float64)
            data = Data(found["attributes"], tuple(found["shape"]), values, found.get("text", ""), found["problem"])
            groups[above].data[name] = data
    return groups[""]


def _first(attributes: Mapping[str, Sequence[str]], names: Sequence[str]) -> str:
    return next((attributes[n][0].strip() for n in names if attributes.get(n)), "")
