"""What docs/series.md says is what the program does: its blocks are series, its keys and files are those there are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from nanocrystal.study.series import read_series
from nanocrystal.study.series.schema import SeriesTable
from support.paths import DOCS

PAGE = (DOCS / "series.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_blocks_are_series(number: int) -> None:
    assert SeriesTable.model_validate(tomllib.loads(BLOCKS[number])["series"]).variable == "temperature"


def test_first_block_is_a_whole_study_and_the_second_lays_members_over_it(tmp_path: Path) -> None:
    for name in ("Pt_100K.gr", "Pt_150K.gr", "Pt_900K.gr", "Pt_after_cooling.gr"):
        (tmp_path / name).write_text("", encoding="utf-8")
    rest = BLOCKS[0].partition("\n\n")[2]
    path = tmp_path / "study.toml"
    path.write_text(BLOCKS[0], encoding="utf-8")
    assert [m.name for m in read_series(path).members] == ["T100", "T150", "T900"]
    path.write_text(f"{BLOCKS[1]}\n{rest}", encoding="utf-8")
    series = read_series(path)
    found = {(m.name, m.value, m.branch) for m in series.members}
    assert found == {("hot", 900.0, ""), ("T100", 100.0, ""), ("T150", 150.0, ""), ("after", 100.0, "cooling")}


def test_table_names_every_key() -> None:
    table = PAGE.partition("| key | meaning |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(?:\[series\.)?(\w+)", "".join(line.split("|")[1] for line in table.splitlines()[2:])))
    assert set(SeriesTable.model_fields) == named
