"""Members of a series are done again where a file has changed that decides them, whatever key of the study names it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal.text import csv_text

STUDY = """
title = "Lines of a measured shape"

[series]
variable = "step"

[series.members.one]
value = 1.0
files.spectrum = "one.csv"

[series.members.two]
value = 2.0
files.spectrum = "two.csv"

[datasets.spectrum]
technique = "nmr-lines"
axis = "hz"
columns = ["hz", "intensity"]

[datasets.spectrum.lines.a]
shape = "measured"
samples = "shape.csv"
"""


def write_shape(folder: Path, width: float) -> None:
    x = np.linspace(-40.0, 40.0, 401)
    (folder / "shape.csv").write_text(csv_text({"hz": x, "intensity": np.exp(-((x / width) ** 2))}), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    x = np.linspace(-40.0, 40.0, 201)
    for name, area in (("one", 1.0), ("two", 2.0)):
        text = csv_text({"hz": x, "intensity": area * np.exp(-((x / 5.0) ** 2))})
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    write_shape(tmp_path, 5.0)
    return tmp_path


def weighted_r(folder: Path) -> list[float]:
    series = nc.read_study(folder / "study.toml").run(folder / "out", workers=1)
    return [m.fit.patterns["spectrum"].rw for m in series.members]


def test_a_file_under_any_key_decides(folder):
    assert max(weighted_r(folder)) < 1e-3
    write_shape(folder, 12.0)
    assert min(weighted_r(folder)) > 0.1
    write_shape(folder, 5.0)
    assert max(weighted_r(folder)) < 1e-3
