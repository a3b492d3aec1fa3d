"""The table in a text: begun where the file says or where the longest run of rows is, nothing left out in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data import Curve, read_curve
from nanocrystal.data.table import Table, number_table
from nanocrystal.errors import InputError

ROWS = [f"{0.1 * i:.1f} {i * i % 17}.5" for i in range(1, 31)]
X = np.round(0.1 * np.arange(1, 31), 1)


def curve_in(folder: Path, lines: list[str], name: str = "a.iq") -> Curve:
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_curve(folder / name)


def refused(folder: Path, lines: list[str], *words: str, name: str = "a.iq") -> None:
    with pytest.raises(InputError) as caught:
        curve_in(folder, lines, name)
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_a_file_of_pdfgetn_begins_where_it_says(tmp_path: Path) -> None:
    """A line of four numbers and a setting stand above `#### start data`."""
    head = ["Neutron", "6 30.0 0.95 10.04", "numRpoints=2000", "#### start data", "#L r G(r) dr dG(r)"]
    rows = [f"{0.1 * i:.1f} {i % 5 - 2}.5 0.01 {0.1 + 0.01 * i:.2f}" for i in range(1, 31)]
    curve = curve_in(tmp_path, [*head, *rows], "a.gr")
    np.testing.assert_allclose(curve.x, X)
    np.testing.assert_allclose(curve.sigma, 0.1 + 0.01 * np.arange(1, 31))
    assert not any("header" in note for note in curve.notes)  # the file says where it begins


@pytest.mark.parametrize("mark", ["#### start data", "##### start data", "#L Q  I(Q)"])
def test_numbers_above_a_mark_are_no_data(mark: str, tmp_path: Path) -> None:
    settings = [f"{i} {i + 1}" for i in range(60)]
    curve = curve_in(tmp_path, ["settings", *settings, "words", mark, *ROWS])
    np.testing.assert_allclose(curve.x, X)


def test_the_longest_run_is_the_table_and_the_rest_is_told(tmp_path: Path) -> None:
    head = ["a title", "0 1 0 1 3 0.5", "words", "9 8 7", "#"]
    foot = ["end of scan", "fitted peaks", "1 2 3 4", "5 6 7 8"]
    curve = curve_in(tmp_path, [*head, *ROWS, *foot])
    np.testing.assert_allclose(curve.x, X)
    parted, above, below = curve.notes
    assert parted.startswith("line 4 ('9 8 7') holds 3 numbers, unlike the rows below it")
    assert above.startswith("2 lines of numbers above the table, the first line 2 ('0 1 0 1 3 0.5'), are taken for")
    assert below == "4 lines below the table, from line 36 ('end of scan') on, are left out"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (["10.0 1,900.0", "10.1 x"], ["line 2: '10.1 x' is not a row of numbers but stands below line 1"]),
        (["0.0 1.5 <"], ["looks like the first row"]),
        (["0.0 1.5*"], ["looks like the first row"]),
    ],
)
def test_a_row_that_is_not_all_numbers_is_not_taken_for_header(
    head: list[str], words: list[str], tmp_path: Path
) -> None:
    rows = [f"{10.2 + 0.1 * i:.1f} 900.{i}" for i in range(20)] if "10.0" in head[0] else ROWS
    refused(tmp_path, [*head, *rows], *words)


def test_a_narrow_line_above_the_table_does_not_make_it_narrow(tmp_path: Path) -> None:
    """Else every row would lose its third column, and the line be a point."""
    rows = [f"{row} 0.25" for row in ROWS]
    curve = curve_in(tmp_path, ["2000 0.01", *rows])
    np.testing.assert_allclose(curve.x, X)
    np.testing.assert_allclose(curve.sigma, 0.25)
    assert any("line 1 ('2000 0.01') holds 2 numbers, unlike the rows below it" in n for n in curve.notes)


def test_a_last_row_that_is_cut_off_is_left_out(tmp_path: Path) -> None:
    rows = [f"{row} 0.25" for row in ROWS]
    curve = curve_in(tmp_path, [*rows, "3.1 2.5"])
    np.testing.assert_allclose(curve.x, X)
    assert curve.sigma is not None
    assert any("line 31 ('3.1 2.5'), the last, has 2 of 3 numbers" in n for n in curve.notes)


def test_one_row_without_sigma_does_not_cost_all_rows_theirs(tmp_path: Path) -> None:
    rows = [f"{row} 0.25" for row in ROWS]
    rows[12] = ROWS[12]
    refused(tmp_path, rows, "line 13", "has 2 numbers, other rows have 3; fill or remove it")
    (tmp_path / "a.iq").write_text("\n".join(rows), encoding="utf-8")
    assert len(read_curve(tmp_path / "a.iq", columns=["q", "intensity", "ignore"]).x) == 30


def test_rows_of_two_widths_are_all_kept(tmp_path: Path) -> None:
    rows = [f"{row} 0 0" if i % 3 == 0 else row for i, row in enumerate(ROWS)]
    curve = curve_in(tmp_path, rows, "a.gr")
    np.testing.assert_allclose(curve.x, X)
    assert curve.sigma is None
    assert curve.notes[0].startswith("10 of 30 rows have more than 2 columns")


@pytest.mark.parametrize("at", [1, 2, 10, 20, 29])
def test_words_inside_the_table_are_refused_by_line(at: int, tmp_path: Path) -> None:
    refused(tmp_path, ["# head", *ROWS[:at], "beam lost", *ROWS[at:]], f"line {at + 2}: 'beam lost' is not a row")


def test_two_tables_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, ["#S 1", "#L Q I", *ROWS, "#S 2", "#L Q I", *ROWS], "holds two tables, in the lines 3 to 32 and")


def test_texts_in_every_encoding_and_with_every_line_end(tmp_path: Path) -> None:
    plain = "# Å\nqmax = 20\n" + "\n".join(ROWS) + "\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"):
        for end in ("\n", "\r\n", "\r"):
            text = plain if encoding != "latin-1" else plain.replace("Å", "µ")
            (tmp_path / "a.iq").write_bytes(text.replace("\n", end).encode(encoding))
            curve = read_curve(tmp_path / "a.iq")
            np.testing.assert_allclose(curve.x, X, err_msg=f"{encoding}, {end!r}")
            assert curve.stated.qmax == 20.0


def test_what_a_table_knows_of_its_rows() -> None:
    table: Table = number_table("words\n1 2 3\n2 3\n3 4 5\n", "a.txt")
    assert (len(table), table.width, table.widest, table.widths) == (3, 2, 3, {2, 3})
    assert table.rows().tolist() == [[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]
    assert table.lines.tolist() == [2, 3, 4]
    assert table.header == ["words"]
    narrow = table.first_narrower(3)
    assert narrow is not None
    assert (narrow.number, narrow.text, narrow.width) == (3, "2 3", 2)
    assert table.mistaken() is None
    assert table.texts([2, 4]) == ["1 2 3", "3 4 5"]
