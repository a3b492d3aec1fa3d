"""The table of README, number by number: what the examples give today is what it prints, to the last digit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.example_refinements import refined
from support.paths import ROOT

README = ROOT / "README.md"
FORMS = {"exact": "debye", "pdfgui": "pdfgui"}
"""column -> peak form"""
ADDRESSES = {
    "a (Å)": "crystals.{crystal}.a",
    "c (Å)": "crystals.{crystal}.c",
    "qdamp": "datasets.pdf.qdamp",
    "qbroad": "datasets.pdf.qbroad",
    "diameter (Å)": "populations.dots.diameter",
    "Si mass fraction": "populations.silicon.mass_fraction",
    "stretch": "populations.cluster.stretch",
}


def rows() -> list[tuple[str, str, str, str]]:
    """Return example, quantity, column and what stands there, for all numbers of the table."""
    found = []
    table = README.read_text(encoding="utf-8").partition("| example | quantity |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        cells = [c.strip() for c in line.strip("| ").split("|")]
        found += [(cells[0], cells[1], column, text) for column, text in zip(FORMS, cells[2:4], strict=True)]
    return found


def rounded(value: float, text: str) -> str:
    """Return a value with as many decimals as a text has."""
    return f"{value:.{len(text.partition('.')[2])}f}"


def test_the_table_is_read() -> None:
    assert len(rows()) >= 40
    assert {quantity for _, quantity, _, _ in rows()} <= {*ADDRESSES, "R_w", "R_w (zinc blende)"}


@pytest.mark.parametrize(("name", "quantity", "column", "text"), rows())
def test_a_number_of_the_table(name: str, quantity: str, column: str, text: str, shared_folder: Path) -> None:
    result = refined(name, shared_folder, FORMS[column])
    if quantity.startswith("R_w"):
        own, _, beside = text.partition(" ")
        assert rounded(result.datasets["pdf"].rw, own) == own
        if beside:
            other = refined(name.replace("wurtzite", "zincblende"), shared_folder, FORMS[column])
            printed = beside.strip("()")
            assert rounded(other.datasets["pdf"].rw, printed) == printed
        return
    [crystal, *_] = [a.split(".")[1] for a in result.parameters if a.startswith("crystals.")] or [""]
    found = result.parameters[ADDRESSES[quantity].format(crystal=crystal)]
    match = re.fullmatch(r"([\d.]+)\((\d+)\)", text)
    assert match is not None
    assert rounded(found.value, match[1]) == match[1]
    assert found.stderr_scaled is not None
    decimals = len(match[1].partition(".")[2])
    assert round(found.stderr_scaled * 10**decimals) == int(match[2])
