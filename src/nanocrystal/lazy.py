"""What is imported where it is first asked for, so that a start is not felt: names of a room, and kinds by name."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any


def from_their_modules(room: str, file: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a room, `file` its `__init__.py`: names are those it imports for TYPE_CHECKING."""

    def found(name: str) -> Any:
        homes = _homes(file)
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        value = getattr(import_module(homes[name]), name)
        setattr(sys.modules[room], name, value)
        return value

    return found


@cache
def _homes(file: str) -> dict[str, str]:
    """Return name -> module of what a file imports for TYPE_CHECKING."""
    tree = ast.parse(Path(file).read_bytes())
    blocks = [n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    imports = [n for block in blocks for n in block.body if isinstance(n, ast.ImportFrom)]
    return {name.name: node.module for node in imports if node.module for name in node.names}


class Kinds(MutableMapping[str, Any]):
    """Classes of a room by the name a study gives them; names: that name -> the class."""

    def __init__(self, room: str, names: Mapping[str, str]) -> None:
        self.names = dict(names)
        self._room = room
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = vars(import_module(self._room))["__getattr__"](self.names[name])
        return self._known[name]

    def __setitem__(self, name: str, kind: Any) -> None:
        self.names[name], self._known[name] = kind.__name__, kind

    def __delitem__(self, name: str) -> None:
        del self.names[name]
        self._known.pop(name, None)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)
