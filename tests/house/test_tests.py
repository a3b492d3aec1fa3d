"""Where tests stand, and from where they import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from support.paths import ROOT, TESTS

ROOMS = {p.name for p in (ROOT / "src" / "nanocrystal").iterdir() if p.is_dir()}
OTHERS = {"truth", "command", "campaign", "house"}
"""physics against other ways and other programs; the command, its input and the documentation; many seeds; the code"""


def imported(path: Path) -> Iterator[str]:
    """Yield the module of each import of a file, those within functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_each_test_stands_in_a_room_or_in_a_folder_with_a_purpose() -> None:
    tests = [path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")]
    assert len(tests) > 100
    assert [str(path) for path in tests if path.parts[0] not in ROOMS | OTHERS] == []


def test_no_test_imports_from_a_test() -> None:
    """What tests share is in `support`, so that a test can be moved or renamed alone."""
    found = {
        f"{path.relative_to(TESTS)}: {name}"
        for path in TESTS.rglob("*.py")
        for name in imported(path)
        if any(part.startswith("test_") or part in ("tests", "conftest") for part in name.split("."))
    }
    assert found == set()
