"""Tutorials are run: their studies, commands and Python, and the numbers they print are compared.

A ```toml block that begins with "# NAME.toml" is written to that file; ```sh blocks are run as commands,
```python blocks as programs; a ```text block names a study and shows some of its refined values. A table with
the column "in the study" changes the last study one line at a time.
"""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from nanocrystal.cli.app import app
from nanocrystal.refinement import Result
from nanocrystal.study.reading import study_from
from support.paths import DOCS

TUTORIALS = DOCS / "tutorials"


def sections(name: str) -> list[str]:
    """Return the parts of a tutorial, split at its second-level headings."""
    return re.split(r"^## ", (TUTORIALS / f"{name}.md").read_text(encoding="utf-8"), flags=re.MULTILINE)


def pieces(text: str) -> list[tuple[str, str]]:
    """Return ("toml", "sh", "python", "text" or "row", content) of the text in order."""
    found: list[tuple[str, str]] = []
    for match in re.finditer(r"^```(\w+)\n(.*?)^```|^\|([^\n]+)\|$", text, flags=re.MULTILINE | re.DOTALL):
        found.append((match[1], match[2]) if match[1] else ("row", match[3]))
    return found


def printed(text: str) -> tuple[float, float]:
    """Return value and uncertainty of 37.4(5)."""
    match = re.fullmatch(r"([−-]?[\d.]+)\((\d+)\)", text)
    assert match is not None, text
    digits = len(match[1].partition(".")[2])
    return float(match[1].replace("−", "-")), int(match[2]) * 10.0**-digits


def compare(result: dict[str, Any], block: str) -> None:
    """Assert that each "address value(uncertainty) unit" of a block is what was refined."""
    for line in block.splitlines()[1:]:
        address, shown, *_ = line.split()
        value, error = printed(shown)
        assert result[address]["value"] == pytest.approx(value, abs=0.6 * error), address
        assert result[address]["stderr_scaled"] == pytest.approx(error, rel=0.3), address


def replaced(content: dict[str, Any], change: dict[str, Any]) -> None:
    """Put a change into a study; a number replaces what stood there."""
    for key, value in change.items():
        whole = not isinstance(value, dict) or {"value", "tie", "distribution"} & set(value)
        if whole or not isinstance(content.get(key), dict):
            content[key] = value
        else:
            replaced(content[key], value)


def changed(study: Path, row: str) -> tuple[Result, str, float] | None:
    """Refine a study with the change of a table's row; None for other rows."""
    cells = [c.strip() for c in row.split(" | ")]
    if len(cells) != 4 or not re.search(r"\d\(\d+\)", cells[2]):
        return None
    content = tomllib.loads(study.read_text(encoding="utf-8"))
    change = deepcopy(tomllib.loads(cells[1].strip("`–")))
    replaced(content, change)
    return study_from(content, study, "").refine(), cells[2], float(cells[3])


def run(parts: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a tutorial; return how many rows of its tables were compared."""
    monkeypatch.chdir(folder)
    n_rows = 0
    study: Path | None = None
    names: dict[str, Any] = {}
    for kind, content in pieces("\n".join(parts)):
        if kind == "toml":
            study = folder / content.splitlines()[0].removeprefix("# ")
            study.write_text(content, encoding="utf-8")
        elif kind == "sh":
            for line in content.splitlines():
                said = CliRunner().invoke(app, shlex.split(line)[1:])
                assert said.exit_code == 0, said.output
        elif kind == "python":
            exec(compile(content, "tutorial", "exec"), names)
        elif kind == "text":
            results = folder / Path(content.splitlines()[0]).stem / "results.json"
            compare(json.loads(results.read_text(encoding="utf-8"))["parameters"], content)
        elif study is not None:
            found = changed(study, content.strip())
            if found is not None:
                result, shown, rw = found
                n_rows += 1
                value, error = printed(shown)
                parameters = result.parameters
                key = "populations.dots.diameter"
                diameter = parameters.get(key) or parameters[f"{key}.mean"]
                assert diameter.value == pytest.approx(value, abs=0.6 * max(error, 0.5)), content
                assert diameter.stderr_scaled == pytest.approx(error, rel=0.3), content
                assert next(iter(result.datasets.values())).rw == pytest.approx(rw, abs=6e-4), content
    return n_rows
