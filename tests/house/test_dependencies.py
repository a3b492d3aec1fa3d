"""What the package rests on is written down, with licences that are those of the installed packages."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib

import pytest

from support.paths import DOCS, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FOR_DEVELOPERS = ("test", "dev")
FAMILY = {
    "BSD-3-Clause": "BSD",
    "BSD-2-Clause": "BSD",
    "BSD-2-Clause AND Apache-2.0 WITH LLVM-exception": "BSD",
    "MIT": "MIT",
    "MPL-2.0": "Mozilla|MPL",
}
"""licence -> how metadata call it"""


def declared() -> dict[str, str]:
    """Return package -> extra, "" for those that are always needed."""
    extras = {e: d for e, d in PROJECT["optional-dependencies"].items() if e not in FOR_DEVELOPERS}
    needed = [("", d) for d in PROJECT["dependencies"]] + [(e, d) for e, listed in extras.items() for d in listed]
    return {match[0]: extra for extra, d in needed if (match := re.match(r"[\w.-]+", d))}


def rows() -> dict[str, list[str]]:
    """Return the rows of the table by package."""
    lines = (DOCS / "dependencies.md").read_text(encoding="utf-8").splitlines()
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {row[0]: row for row in cells[2:]}


def test_every_dependency_is_in_the_table() -> None:
    assert {name: row[1] for name, row in rows().items()} == declared()


@pytest.mark.parametrize("name", declared())
def test_its_licence_is_the_one_that_is_stated(name: str) -> None:
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{name} is not installed")
    classified = [c for c in metadata.get_all("Classifier") or [] if c.startswith("License")]
    first = (metadata.get("License") or "").partition("\n")[0]
    said = [text for text in (metadata.get("License-Expression"), *classified, first) if text]
    assert any(re.search(FAMILY[rows()[name][2]], text) for text in said)
    assert not any(re.search(r"\b[AL]?GPL|General Public", text) for text in said)
