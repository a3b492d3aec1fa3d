"""Commas and points: decimal signs, thousands or separators, by evidence; two readings are refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data import read_curve
from nanocrystal.data.lines import Notation, fields, number, numbers
from nanocrystal.data.notation import notation_of
from nanocrystal.errors import InputError

WAYS: dict[str, tuple[str, Notation]] = {
    "blanks": ("10.0 1900.5\n10.1 950.25\n10.2 7\n", Notation()),
    "German Excel": ("10,0;1900,5\n10,1;950,25\n10,2;7\n", Notation(";", ",")),
    "German Excel with thousands": ("10,0;1.900,5\n10,1;950,25\n10,2;7\n", Notation(";", ",", grouped=True)),
    "decimal commas, tabs": ("10,0\t1900,5\n10,1\t950,25\n10,2\t7\n", Notation("", ",")),
    "decimal commas, blanks": ("10,0  1900,5\n10,1 950,25\n10,2 7\n", Notation("", ",")),
    "decimal commas in quotes": ('"10,0";"1900,5"\n"10,1";"950,25"\n"10,2";"7"\n', Notation(";", ",")),
    "decimal commas in quotes, commas": ('"10,0","1900,5"\n"10,1","950,25"\n"10,2","7"\n', Notation(",", ",")),
    "thousands": ("10.0 1,900.5\n10.1 950.25\n10.2 7\n", Notation("", ".", grouped=True)),
    "thousands in quotes": ('10.0,"1,900.5"\n10.1,950.25\n10.2,7\n', Notation(",", ".", grouped=True)),
    "thousands and semicolons": ("10.0;1,900.5\n10.1;950.25\n10.2;7\n", Notation(";", ".", grouped=True)),
    "csv": ("10.0,1900.5\n10.1,950.25\n10.2,7\n", Notation(",")),
    "csv with blanks": ("10.0, 1900.5\n10.1, 950.25\n10.2, 7\n", Notation(",")),
    "three decimals": ("10.000 1900.500\n10.100 950.250\n10.200 7.000\n", Notation()),
    "exponents": ("1,00e1;1,9005e3\n1,01E+01;9,5025e2\n1,02e1;7e0\n", Notation(";", ",")),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_table_in_any_notation_is_the_same(way: str, tmp_path: Path) -> None:
    text, notation = WAYS[way]
    assert notation_of(text, "a.xy") == notation
    for name, content in (("a.xy", text.encode()), ("a.xy.gz", gzip.compress(text.encode()))):
        (tmp_path / name).write_bytes(content)
        curve = read_curve(tmp_path / name)
        np.testing.assert_array_equal(curve.x, [10.0, 10.1, 10.2])
        np.testing.assert_array_equal(curve.y, [1900.5, 950.25, 7.0])
        said = " ".join(curve.notes)
        assert ("decimal commas were read" in said) == (notation.decimal == ",")
        assert ("between thousands were left out" in said) == notation.grouped


def test_thousands_of_whole_counts_beside_decimal_points(tmp_path: Path) -> None:
    (tmp_path / "a.xy").write_text("10.0 1,900\n10.1 950\n10.2 12,345,678\n", encoding="utf-8")
    np.testing.assert_array_equal(read_curve(tmp_path / "a.xy").y, [1900.0, 950.0, 12345678.0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10 1,900\n11 1,950\n12 1,234\n", ["'10 1,900' holds a comma that may part thousands or be the decimal sign"]),
        ("10,5 1.25\n11,5 1.35\n12,5 1.45\n", ["holds decimal commas", "and points", "points throughout"]),
        ("0,10,2,50\n0,20,2,05\n0,30,2,15\n", ["seems to hold decimal commas, and commas between"]),
    ],
)
def test_two_readings_are_refused(text: str, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.xy").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_curve(tmp_path / "a.xy")
    for word in words:
        assert word in str(caught.value)


def test_one_number_in_another_notation_is_a_mistake(tmp_path: Path) -> None:
    rows = [f"{0.1 * i:.1f} {i}.25" for i in range(1, 30)]
    rows[10] = "1,1 11,25"
    (tmp_path / "a.xy").write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(InputError, match=r"line 11: '1,1 11,25' is not a row of numbers .* decimal points, not commas"):
        read_curve(tmp_path / "a.xy")


def test_evidence_from_both_ends_of_a_long_file() -> None:
    """Counts pass a thousand far behind the first rows only."""
    text = "\n".join(f"{i}.5 {i % 900}" for i in range(40000)) + "\n40000.5 1,900\n"
    assert notation_of(text, "a.xy") == Notation("", ".", grouped=True)


def test_tokens() -> None:
    german = Notation(";", ",", grouped=True)
    assert [number(t, german) for t in ("1.900,5", "0,5", "7", "1.900", "1,5e3")] == [1900.5, 0.5, 7.0, 1900.0, 1500.0]
    assert number("1.25", Notation(";", ",")) is None
    assert number("1,25") is None
    assert fields('10.0,"1,900.5",', ",") == ["10.0", "1,900.5"]
    assert numbers("1,5;;2,5", german) is not None
    assert np.isnan(numbers("1,5;;2,5", german)[1])  # type: ignore[index]
