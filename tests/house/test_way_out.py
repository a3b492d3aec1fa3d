"""Every verb of the command gives its result by the one way out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import nanocrystal.cli
from nanocrystal.cli.app import app
from nanocrystal.cli.common import give

FOLDER = Path(nanocrystal.cli.__file__).parent
WRITE_NOTHING = {"schema"}
"""verbs that print, and write no file"""
WRITE = {"open", "write_text", "write_bytes", "write_together", "mkdir"}
"""what writes files"""


def verbs() -> dict[str, str]:
    """Return each verb and the name of its function."""
    found = {}
    for command in app.registered_commands:
        assert command.callback is not None
        found[command.name or command.callback.__name__] = command.callback.__name__
    return found


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(FOLDER.glob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def called(node: ast.AST) -> set[str]:
    """Return the names of the functions that a piece of code calls."""
    names = set()
    for each in ast.walk(node):
        match each:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                names.add(name)
    return names


def reaches(name: str) -> set[str]:
    """Return what a function of the command calls, and what those of its functions call, the nearest of each name."""
    functions = {(p, n.name): n for p, tree in modules() for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    waiting = [place for place in functions if place[1] == name][:1]
    seen, found = set(waiting), set()
    while waiting:
        path, _ = place = waiting.pop()
        for each in called(functions[place]):
            found.add(each)
            near = [place for place in functions if place[1] == each]
            nearest = sorted(near, key=lambda other: other[0] != path)[:1]
            waiting += [other for other in nearest if other not in seen]
            seen |= set(nearest)
    return found


@pytest.mark.parametrize("verb", sorted(verbs()))
def test_each_verb_gives_a_result_or_writes_nothing(verb: str) -> None:
    given = give.__name__ in reaches(verbs()[verb])
    assert given or verb in WRITE_NOTHING
    assert not (given and verb in WRITE_NOTHING)


def test_verbs_that_write_nothing_are_verbs() -> None:
    assert set(verbs()) >= WRITE_NOTHING


def test_the_command_writes_no_file_itself() -> None:
    found = {f"{path.name}: {name}" for path, tree in modules() for name in called(tree) & WRITE}
    assert found == set()


def test_only_give_saves() -> None:
    saving = {path.name for path, tree in modules() if called(tree) & {"save", "save_file"}}
    assert saving == {"common.py"}
