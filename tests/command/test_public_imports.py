"""Documentation and examples use public names only: read from the syntax tree of every piece of Python in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

import nanocrystal
from support.paths import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
INSIDE = {"architecture.md", "CONTRIBUTING.md"}
"""pages that are about the rooms of the house, whose text therefore names them"""


def pieces() -> Iterator[tuple[str, str]]:
    """Yield each program of the examples and each block of a page: where it is, and its text."""
    for path in sorted((ROOT / "examples").glob("*.py")):
        yield f"examples/{path.name}", path.read_text(encoding="utf-8")
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(r"^( *)```(?:python|py)\n(.*?)^\1```", text, flags=re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{page.relative_to(ROOT).as_posix()}:{line}", dedent(found[2])


PIECES = dict(pieces())


def not_public(text: str) -> list[str]:
    """Return what a program takes from the package beside its public names."""
    tree = ast.parse(text)
    called: set[str] = set()
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                called |= {alias.asname or alias.name for alias in names if alias.name == "nanocrystal"}
                found += [alias.name for alias in names if alias.name.startswith("nanocrystal.")]
            case ast.ImportFrom(module="nanocrystal", names=names):
                found += [alias.name for alias in names if alias.name not in nanocrystal.__all__]
            case ast.ImportFrom(module=str(module)) if module.startswith("nanocrystal."):
                found.append(module)
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in called:
                found += [attribute] if attribute not in nanocrystal.__all__ else []
    return found


def test_there_are_pieces() -> None:
    assert len([where for where in PIECES if where.startswith("examples/")]) >= 10
    assert len([where for where in PIECES if where.startswith("docs/")]) >= 20
    assert any(where.startswith("README.md") for where in PIECES)


@pytest.mark.parametrize("where", PIECES)
def test_python_of_pages_and_examples_uses_public_names(where: str) -> None:
    assert not_public(PIECES[where]) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import nanocrystal as nc\nnc.Pdf\nnc.Pfd", ["Pfd"]),
        ("import nanocrystal\nnanocrystal.sample.Cube", ["sample"]),
        ("from nanocrystal.sample import Cube", ["nanocrystal.sample"]),
        ("import nanocrystal.sample as s", ["nanocrystal.sample"]),
        ("from nanocrystal import Cube, analysis", ["analysis"]),
        ("from nanocrystal import Cube\nfrom pathlib import Path", []),
    ],
)
def test_what_is_not_public_is_found(text: str, found: list[str]) -> None:
    assert not_public(text) == found


@pytest.mark.parametrize("page", [p for p in PAGES if p.name not in INSIDE], ids=lambda page: page.stem)
def test_text_of_pages_names_no_inner_modules(page: Path) -> None:
    """`nanocrystal.NAME` is a public name; `nanocrystal VERB` is the command."""
    named = set(re.findall(r"`nanocrystal\.(\w+)", page.read_text(encoding="utf-8")))
    assert named <= set(nanocrystal.__all__)
