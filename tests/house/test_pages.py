"""Pages are made of templates: reports hold no HTML in their code, but what plotly.js sets in labels of figures."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import nanocrystal.report

ROOM = Path(nanocrystal.report.__file__).parent
LABELS = (
    "analysis_figures.py",
    "compared/figures.py",
    "nmr/figures.py",
    "nmr/spectrum.py",
    "page/axes.py",
    "page/figures.py",
    "plan/figures.py",
    "posterior/figures.py",
    "reduction/image_figures.py",
    "refined/stack_figure.py",
    "series/figures.py",
)
"""files with labels of figures; the list may only become shorter"""
KNOWN_TO_PLOTLY = {"b", "br", "extra", "i", "sub", "sup"}
"""what plotly.js sets in labels; everything else it shows as it is written"""
MARKUP = re.compile(r"(?<![?P])<[/!]?(?P<tag>[a-zA-Z]\w*)|&#?\w+;")
"""a tag or an entity, but no group of a regular expression"""


def markup(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and tag (or entity) of all HTML in the strings of a module, its docstrings left out."""
    tree = ast.parse(text)
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            for match in MARKUP.finditer(node.value):
                yield node.lineno, match["tag"] or match[0]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('"""<p>"""\nx = 1', []),
        ('head = "<th>"', ["th"]),
        ('head = f"<a href={place}>"', ["a"]),
        ('end = "</td>"', ["td"]),
        ('text = "a&nbsp;b"', ["&nbsp;"]),
        ('said = "x < 3 & y"', []),
        ('pattern = r"(?P<name>a)(?<!b)(?<=c)"', []),
    ],
)
def test_markup_is_found(code: str, found: list[str]) -> None:
    assert [tag for _, tag in markup(code)] == found


def test_no_html_stands_in_the_code_of_reports() -> None:
    found = [
        f"{path.relative_to(ROOM).as_posix()}:{line} {tag}"
        for path in sorted(ROOM.rglob("*.py"))
        if path.relative_to(ROOM).as_posix() not in LABELS
        for line, tag in markup(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("file", LABELS)
def test_labels_of_figures_hold_what_plotly_sets(file: str) -> None:
    tags = {tag for _, tag in markup((ROOM / file).read_text(encoding="utf-8"))}
    assert tags, "needs to be named no longer"
    assert tags - {"&nbsp;"} <= KNOWN_TO_PLOTLY
