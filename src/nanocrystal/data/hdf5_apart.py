"""A program of its own, run by `hdf5`: the content of an HDF5 file comes in, its groups and small arrays go out.

It runs apart because a damaged file may hang the HDF5 library, end its process or ask it for all memory. Read is only
what lies in the file itself and has a size that it may have. Nothing of the package is imported.

In: the content; the limits as JSON, as the argument. Out: the length of what follows (8 bytes), JSON, float64 numbers.
"""

from __future__ import annotations

import io
import json
import struct
import sys
from typing import Any

import numpy as np

MEMORY = 2 * 2**30
"""bytes"""
SECONDS = 60
"""of a processor, after which it ends, should nobody end it"""


class Tree:
    """What is found: objects by path, and all numbers in a row."""

    def __init__(self, limits: dict[str, int]) -> None:
        self.limits = limits
        self.objects: dict[str, dict[str, Any]] = {}
        self.numbers: list[Any] = []
        self.count = 0

    def fill(self, root: Any) -> None:
        """Note groups and data sets from the top down, each once."""
        import h5py

        waiting, seen = [("", root, 0)], set()
        while waiting and len(self.objects) < self.limits["objects"]:
            path, item, depth = waiting.pop(0)
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                continue
            seen.add(address)
            if not isinstance(item, h5py.Group):
                self.objects[path] = self._data(item)
                continue
            self.objects[path] = {"attributes": self._attributes(item)}
            if depth < self.limits["depth"]:
                for name in list(item)[: self.limits["objects"]]:
                    if isinstance(item.get(name, getlink=True), h5py.HardLink):
                        below = f"{path}/{_plain(name)}" if path else _plain(name)
                        waiting.append((below, item[name], depth + 1))

    def _data(self, item: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"attributes": self._attributes(item), "shape": list(item.shape or ()), "problem": ""}
        kind, size = item.dtype.kind, int(item.size or 0)
        long = sum(n != 1 for n in found["shape"]) > 1
        chunk = float(np.prod([float(n) for n in item.chunks or (0,)])) * item.dtype.itemsize
        if item.external or item.is_virtual:
            found["problem"] = "kept in another file"
        elif kind not in "iuf" and size == 1 and item.dtype.itemsize <= self.limits["text"]:
            found["text"] = self._texts(item[()])[0]
        elif kind not in "iuf" or item.dtype.itemsize > 16:
            found["problem"] = "no numbers"
        elif long or size > self.limits["numbers"] - self.count or chunk > self.limits["chunk"]:
            found["problem"] = "of more than one axis" if long else f"{size} numbers, more than are read"
        else:
            values = np.asarray(item[()], dtype="<f8").ravel()
            found["at"], found["count"] = self.count, len(values)
            self.numbers.append(values)
            self.count += len(values)
        return found

    def _attributes(self, item: Any) -> dict[str, list[str]]:
        found = {}
        for name in list(item.attrs)[: self.limits["attributes"]]:
            if item.attrs.get_id(name).get_storage_size() <= self.limits["text"]:
                found[name] = self._texts(item.attrs[name])
        return found

    def _texts(self, value: Any) -> list[str]:
        values = np.atleast_1d(np.asarray(value, dtype=object)).ravel()[: self.limits["attributes"]]
        longest = self.limits["text"]
        texts = (str(v[:longest], "utf-8", "replace") if isinstance(v, bytes) else str(v)[:longest] for v in values)
        return [_plain(text) for text in texts]


def _plain(text: str) -> str:
    """Return a text that can be written in any encoding of Unicode."""
    return str(text.encode("utf-8", "replace"), "utf-8")


def main() -> None:
    """Read the content, and write what is in it, or what is wrong with it."""
    limits = json.loads(sys.argv[1])
    content = sys.stdin.buffer.read()
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY + len(content), MEMORY + len(content)))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))  # whoever waited may be gone
    except (ImportError, ValueError, OSError):
        pass  # not every system can
    import h5py

    tree = Tree(limits)
    try:
        with h5py.File(io.BytesIO(content), "r") as root:
            tree.fill(root)
        told: dict[str, Any] = {"objects": tree.objects}
    except Exception as error:  # whatever the library says of a damaged file
        told, tree.numbers = {"error": " ".join(str(error).split())[:200] or type(error).__name__}, []
    head = json.dumps(told).encode()
    sys.stdout.buffer.write(struct.pack("<Q", len(head)) + head + b"".join(n.tobytes() for n in tree.numbers))


if __name__ == "__main__":
    main()
