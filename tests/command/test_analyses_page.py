"""The examples of the page on analyses run, and print what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.paths import DOCS

PAGE = DOCS / "analyses.md"
NUMBER = re.compile(r"(?<![A-Za-z₀-₉²³_])-?\d+\.?\d*(?:e[+-]?\d+)?")


def examples() -> list[tuple[str, str]]:
    """Return (program, what it prints) in order."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```\n```text\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_examples_print_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for program, shown in examples():
        exec(compile(program, PAGE.name, "exec"), names)
        said = capsys.readouterr().out
        assert NUMBER.sub("#", said) == NUMBER.sub("#", shown)
        found, expected = (np.array([float(v) for v in NUMBER.findall(text)]) for text in (said, shown))
        np.testing.assert_allclose(found, expected, rtol=0.02, atol=1e-6)
    assert len(examples()) == 4
    assert "Plotly.newPlot" in (tmp_path / "metric.html").read_text(encoding="utf-8")
    assert (tmp_path / "metric.csv").read_text(encoding="utf-8").startswith("reflection,")
