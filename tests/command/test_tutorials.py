"""The tutorials are run: their studies, commands and Python, and the numbers they print are compared."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from support.measured import measured
from support.paths import ROOT
from support.tutorials import pieces, run, sections

PLATINUM = "pdf/pdfttp_ch03NiModelling"
CDSE = "pdf/pdfgui_CdSe_3nm/CdSe-3nm.gr"


@pytest.mark.campaign
def test_diameter_of_platinum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a file to a diameter, with the table of what moves it."""
    part = next(s for s in sections("diameter") if s.startswith("Platinum"))
    for name in ("Pt-nanoparticles.gr", "Pt.cif"):
        (tmp_path / name).write_bytes(measured(f"{PLATINUM}/{name}").read_bytes())
    without_copy = re.sub(r"```python.*?```", "", part, flags=re.DOTALL)
    assert run([without_copy], tmp_path, monkeypatch) == 6


def test_example_data_are_where_the_tutorial_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("diffpy.cmi", reason="the data come with the extra: examples")
    part = next(s for s in sections("diameter") if s.startswith("Platinum"))
    monkeypatch.chdir(tmp_path)
    exec(compile(dict(pieces(part))["python"], "tutorial", "exec"), {})
    assert {p.name for p in tmp_path.iterdir()} == {"Pt-nanoparticles.gr", "Pt.cif"}


@pytest.mark.campaign
def test_diameter_of_cdse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of choices that move the size."""
    part = next(s for s in sections("diameter") if s.startswith("CdSe"))
    (tmp_path / "CdSe-3nm.gr").write_bytes(measured(CDSE).read_bytes())
    assert run([part], tmp_path, monkeypatch) == 16


@pytest.mark.campaign
def test_total_scattering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(sections("total_scattering"), tmp_path, monkeypatch)


def test_python_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("Pt-nanoparticles.gr", "Pt.cif"):
        (tmp_path / name).write_bytes(measured(f"{PLATINUM}/{name}").read_bytes())
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(dict(pieces(readme))["python"], "README", "exec"), names)
    assert (tmp_path / "pt-results" / "report.html").is_file()
    diameter = next(row for row in names["table"] if row["address"] == "populations.dots.diameter")
    assert diameter["value"] == pytest.approx(37.4, abs=0.5)
