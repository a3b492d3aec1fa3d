"""Files as programs write them are read; files that cannot be a curve are refused by name and line."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data import Curve, read_curve
from nanocrystal.errors import InputError

Write = Callable[..., Path]
ROWS = [f"{0.1 * i:.2f} {i % 7 - 3}.5" for i in range(1, 21)]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str | bytes | Sequence[str], name: str = "a.gr") -> Path:
        text = content if isinstance(content, str | bytes) else "\n".join(content) + "\n"
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return written


def refusal(path: Path, convention: str | None = None, columns: Sequence[str] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read_curve(path, convention=convention, columns=columns)
    return str(caught.value)


def points(curve: Curve) -> list[list[float]]:
    columns = [curve.x, curve.y] + ([] if curve.sigma is None else [curve.sigma])
    return np.stack(columns, axis=1).tolist()


# ---- what is read ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "1 2\n2 -.5\n3 1000\n",
        "1,2\n2,-.5\n3,1000\n",
        "1, 2\n2, -.5\n3, 1000,\n",
        "1;2\n2;-.5\n3;1000\n;;\n",
        '"1";"2"\n"2";"-.5"\n"3";"1000"\n',
        "1\t2\r\n2\t-0.5\r\n\r\n3\t1.0D+03\r\n",
        "1 2\r2 -0.5\r3 1e3\r",
        "  1.  +2\n0.2D1 -5.e-1\n\n# c\n3 0.1+004  \n\x1a",
        "! a\n% b\n; 1 2\n' 3 4\n// 5 6\n1 2\n2 −0.5\n3 1E+3",
        "\ufeff1 2\n2 -0.5\n3 1000",
        "words\n0 1 0 1 3 0.5\nselfnormalize 0 0 0 0\n1576\n#S 1\n1 2\n2 -0.5\n3 1000",
        "1 2 3 4 5\n#S 1\n#L r G\n1 2\n2 -0.5\n3 1000",
        "0.5 0.1 10.5\n1 2\n2 -0.5\n3 1000",
    ],
)
def test_spellings_of_the_same_numbers(write: Write, text: str) -> None:
    assert points(read_curve(write(text))) == [[1.0, 2.0], [2.0, -0.5], [3.0, 1000.0]]


def test_encodings_and_metadata(write: Write) -> None:
    text = "# r (Å), T = 300 K\n[PDF]\nQmax = 25.0\ncomposition = Cd Se\nqmin=1   delimiter=   rpoly=0.9 # x\n"
    text += "backgroundfile =\nif a == b\n#### start\n1 2\n2 3\n3 4\n"
    for encoding in ("utf-8", "utf-8-sig", "latin-1", "utf-16"):
        path = write(text.encode(encoding))
        curve = read_curve(path)
        assert dict(curve.metadata) == {
            "t": "300 K",
            "qmax": "25.0",
            "composition": "Cd Se",
            "qmin": "1",
            "delimiter": "",
            "rpoly": "0.9 # x",
            "backgroundfile": "",
        }
        assert curve.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "width", "x_name", "y_name", "sigma_column"),
    [
        ("a.gr", 2, "r", "g", None),
        ("a.GR", 3, "r", "g", 2),
        ("a.gr", 4, "r", "g", 3),
        ("a.fq", 3, "q", "f", 2),
        ("a.sq", 2, "q", "s", None),
        ("a.sq", 4, "q", "s", 3),
        ("a.iq", 3, "q", "intensity", 2),
        ("a.chi", 2, "q", "intensity", None),
        ("a.xy", 2, "two_theta", "intensity", None),
        ("a.XYE", 3, "two_theta", "intensity", 2),
    ],
)
def test_conventions(write: Write, name: str, width: int, x_name: str, y_name: str, sigma_column: int | None) -> None:
    rows = [" ".join(str(10 * i + c + 1) for c in range(width)) for i in range(3)]
    curve = read_curve(write(rows, name))
    assert (curve.x_name, curve.y_name) == (x_name, y_name)
    assert curve.y.tolist() == [2, 12, 22]
    if sigma_column is None:
        assert curve.sigma is None
    else:
        assert curve.sigma is not None
        assert curve.sigma.tolist() == [10 * i + sigma_column + 1 for i in range(3)]
    assert any("column 3 is not an error bar" in note for note in curve.notes) == (width == 4)


def test_convention_and_columns_go_before_the_suffix(write: Write) -> None:
    rows = ["1 2 3 4", "2 3 4 5", "3 4 5 6"]
    assert read_curve(write(rows, "a.txt"), convention="sq").y_name == "s"
    curve = read_curve(write(rows), columns=["sigma", "ignore", "intensity", "energy"])
    assert points(curve) == [[4, 3, 1], [5, 4, 2], [6, 5, 3]]
    assert (curve.x_name, curve.y_name) == ("energy", "intensity")


def test_headings_of_csv_files(write: Write) -> None:
    curve = read_curve(write("2-Theta (deg),Counts,Error\n1,2,3\n2,3,4\n3,4,5\n", "a.csv"))
    assert (curve.x_name, curve.y_name, curve.sigma is not None) == ("two_theta", "intensity", True)
    curve = read_curve(write("#L r($\\AA$)  G($\\AA^{-2}$)\n1 2\n2 3\n3 4\n", "a.dat"))
    assert (curve.x_name, curve.y_name) == ("r", "g")


def test_mixed_widths(write: Write) -> None:
    rows = ["1 2 0 0", "2 3", "3 4 0 0", "4 5"]
    curve = read_curve(write(rows))
    assert points(curve) == [[1, 2], [2, 3], [3, 4], [4, 5]]
    assert curve.notes[0].startswith("2 of 4 rows have more than 2 columns")
    assert len(read_curve(write(rows), columns=["r", "g", "ignore", "ignore"]).x) == 4
    message = refusal(write(rows), columns=["r", "g", "ignore", "sigma"])
    assert "line 2: '2 3' has 2 numbers, columns asks for 4" in message
    # The third column of a four-column file is no sigma even where the fourth is missing in a row.
    assert read_curve(write(["1 2 3 4", "2 3 4", "3 4 5 6"])).sigma is None


def test_rows_at_zero_and_empty_bins(write: Write) -> None:
    curve = read_curve(write(["0 nan", "1 2", "2 3", "3 4"]))
    assert curve.x.tolist() == [1, 2, 3]
    assert curve.notes == ("the row at r = 0 (line 1) is left out: it holds NaN",)
    curve = read_curve(write(["0 0 0", "1 2 1", "2 3 1", "3 0 1", "4 0 0"]))
    assert curve.x.tolist() == [1, 2, 3]
    assert "2 rows at the ends have value and sigma 0" in curve.notes[0]


def test_descending_rows_are_reversed(write: Write) -> None:
    curve = read_curve(write(["3 4 7", "2 3 6", "1 2 5"]))
    assert points(curve) == [[1, 2, 5], [2, 3, 6], [3, 4, 7]]
    assert "reversed" in curve.notes[0]


# ---- what is refused -------------------------------------------------------------------------


def test_paths(write: Write, tmp_path: Path) -> None:
    write(ROWS, "nickel.gr")
    message = refusal(tmp_path / "nikel.gr")
    assert f"no file {tmp_path / 'nikel.gr'}" in message
    assert "did you mean 'nickel.gr'?" in message
    assert "the folder" in refusal(tmp_path / "none" / "a.gr")
    assert "is a folder" in refusal(tmp_path)
    assert "cannot be read" in refusal(tmp_path / ("a" * 5000))
    assert "Error" not in refusal(Path("a\0b"))
    with pytest.raises(InputError, match=r"^datasets\.pdf\.file: there is no file") as caught:
        read_curve(tmp_path / "nikel.gr", where="datasets.pdf.file")
    assert caught.value.where == "datasets.pdf.file"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b" \r\n\n", "is empty"),
        (b"# only\n# comments 1 2\n", "holds no numbers"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not a text file"),
        (b"\xff\xfe1", "begins like UTF-16"),
        (b"some words\nmore words\n", "holds no table of numbers; it begins with 'some words'"),
        (b"1\n2\n3\n4\n", "holds one column of numbers"),
        (b"1,5;2.5\n2,5;3.5\n3,5;4.5\n", "holds decimal commas ('1,5;2.5') and points ('1,5;2.5')"),
        (b"1,500;2,500\n2,500;3,500\n3,500;4,500\n", "may part thousands or be the decimal sign"),
        (b"1,05,2,50\n2,05,3,50\n3,05,4,50\n", "seems to hold decimal commas, and commas between its columns"),
        (b"1 2\n2 3\n", "has 2 points; a curve needs at least 3"),
        (b"1 2\n", "has 1 points"),
        (b"0 nan\n", "has 0 points"),
        (b"".join(b"%d %d\n" % (i % 6, 7 * i % 11) for i in range(12)), "line 7: r has run from 0 to 5 and begins"),
        (b"3 1\n1 2\n4 3\n2 4\n5 5\n", "they seem to be swapped"),
        (b"".join(b"%d %d\n" % (i // 5, i) for i in range(20)), "points at 4 different r only"),
        (b"1 2\n2 inf\n3 4\n4 5\n", "line 2: '2 inf' holds a missing, infinite"),
        (b"1 2\n2 nan\n3 4\n4 5\n", "line 2: '2 nan' holds a missing"),
        (b"1 2\n2 NA\n3 4\n4 5\n", "line 2: '2 NA' holds a missing"),
        (b"1 2\n2 1e999\n3 4\n4 5\n", "line 2: '2 1e999' holds a missing, infinite"),
        (b"1 2\n2 ******\n3 4\n4 5\n", "line 2: '2 ******' holds a missing"),
        (b"1,2,3\n2,,3\n3,4,4\n4,5,4\n", "line 2: '2,,3' holds a missing"),
        (b"1\t2\t3\n2\t\t3\n3\t4\t4\n4\t5\t4\n", "line 2: '2  3' has an empty cell"),
        (
            b"1 2 0\n2 3 0\n3 4 0\n",
            'the sigma column is all zero; correct it, or ignore it with columns = ["r", ',
        ),
        (b"1 2 1\n2 3 -1\n3 4 1\n", "line 2: sigma must be positive, 1 values are negative, the first is -1"),
        (b"1 2 1\n2 3 0\n3 4 0\n4 5 1\n", "line 2: sigma must be positive, 2 of 4 values are zero"),
        (
            b"1 2 3 4 5\n2 2 3 4 5\n3 2 3 4 5\n",
            "a .gr table has 2 or 3 or 4 columns, this one has 5; give columns",
        ),
        (b"# q (mm)  I\n1 2\n2 3\n3 4\n", "the header says 'q (mm)', but q cannot be in 'mm'"),
        (b"2theta, as measured\n1 2\n2 3\n3 4\n", "the headings '2theta', 'as measured' do not fit a .gr file"),
        (b"scan of 2theta\n1 2\n2 3\n3 4\n", "column 1 is read as r, but the header says 'scan of 2theta'"),
    ],
)
def test_contents_that_are_no_curve(write: Write, content: bytes, problem: str) -> None:
    path = write(content)
    message = refusal(path)
    assert message.startswith(str(path))
    assert problem in message


@pytest.mark.parametrize("bad", ["1.23 abc", "0.85 1.2x", "0.85", "0.85 1.2 # spot", "abc 1.2", "0,85 1,2"])
@pytest.mark.parametrize("at", [1, 2, 10, 19])
def test_text_inside_the_table(write: Write, bad: str, at: int) -> None:
    rows = ["# header", "a header line", *ROWS[:at], bad, *ROWS[at:]]
    message = refusal(write(rows))
    assert f"line {at + 3}: '{bad}'" in message
    assert ("decimal points" in message) == (bad == "0,85 1,2")


def test_first_row_that_is_not_all_numbers(write: Write) -> None:
    rows = ["a header line", "0.1 1.2x", *ROWS[1:]]
    assert "line 2: '0.1 1.2x' looks like the first row" in refusal(write(rows))


def test_footer_and_second_table(write: Write) -> None:
    assert "line 21: '2.1' follows the table" in refusal(write([*ROWS, "2.1"]))
    curve = read_curve(write([*ROWS, "# fine", "the end", ""]))
    assert len(curve.x) == 20
    assert curve.notes == ("line 22 ('the end'), below the table, is left out",)
    message = refusal(write(["one", *ROWS, "two", *ROWS]))
    assert "line 22: 'two' is not a row of numbers" in message
    assert "line 31: r has run from 0.1 to 2 and begins again here" in refusal(write([*ROWS, *["#S 2"] * 10, *ROWS]))
    assert "holds two tables, in the lines 2 to 21 and from line 23" in refusal(
        write(["#L r G", *ROWS, "#L r G", *ROWS])
    )


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        (["r", "G"], "columns: 'G' is no column: did you mean 'g'?"),
        (["r", "intensty"], "did you mean 'intensity'?"),
        (["r", 3], "columns: '3' is no column"),
        (["r", "q"], "exactly one abscissa"),
        (["r", "ignore"], "exactly one ordinate"),
        (["r", "g", "s"], "exactly one ordinate"),
        (["r", "g", "sigma", "sigma"], "at most one sigma"),
        (["r", "g", "sigma"], "columns names 3 columns, the table has 2; it begins\n    0.10 -2.5"),
        ([], "exactly one abscissa"),
        ("rg", "columns must be a list of names"),
    ],
)
def test_wrong_columns(write: Write, columns: list[str], problem: str) -> None:
    assert problem in refusal(write(ROWS), columns=columns)


def test_kinds_of_file_that_say_nothing_of_their_columns(write: Write) -> None:
    message = refusal(write(ROWS, "a.foo"))
    assert "the suffix '.foo' does not say what the columns are; give columns = [...]" in message
    assert message.endswith("The table begins\n    0.10 -2.5\n    0.20 -1.5\n    0.30 0.5")
    assert "a name without suffix" in refusal(write(ROWS, "a"))
    assert "a .TXT file does not say by itself" in refusal(write(ROWS, "a.TXT"))
    assert "a .dat file does not say by itself" in refusal(write(ROWS), convention="dat")
    assert "the headings 'time', 'G' do not say" in refusal(write(["time,G", *ROWS], "a.csv"))
    assert "the headings 'q', 'r' do not say" in refusal(write(["q,r", *ROWS], "a.csv"))
    assert "a .xy table has 2 columns, this one has 3" in refusal(write(["1 2 3"] * 3, "a.xy"))
    message = refusal(write(ROWS), convention="grr")
    assert "convention 'grr' is unknown: did you mean 'gr'?" in message


# ---- ranges ----------------------------------------------------------------------------------


def test_between(write: Write) -> None:
    curve = read_curve(write(["1 2 5", "2 3 5", "3 4 5", "4 5 6", "6 7 5"]))
    part = curve.between(2.0, 4.5, "r")
    assert points(part) == [[2, 3, 5], [3, 4, 5], [4, 5, 6]]
    assert (part.x_name, part.source, part.metadata) == (curve.x_name, curve.source, curve.metadata)
    assert len(curve.between(0.0, 8.0, "r").x) == 5
    single = curve.between(2.0, 2.5, "r")
    with pytest.raises(InputError, match="outside"):
        single.between(1.9, 2.0, "r")


@pytest.mark.parametrize(
    ("low", "high", "problem"),
    [
        (3.0, 2.0, "from 3 to 2 is empty: the lower limit must be below the upper"),
        (2.0, 2.0, "is empty"),
        (float("nan"), 2.0, "is empty"),
        (-0.1, 2.0, "range of r from -0.1 to 2 reaches outside the data; "),
        (2.0, 8.1, "reaches outside the data"),
        (20.0, 30.0, "reaches outside the data"),
        (2.0, float("inf"), "reaches outside the data"),
        (2.1, 2.9, "holds no point"),
    ],
)
def test_ranges_that_do_not_fit(write: Write, low: float, high: float, problem: str) -> None:
    curve = read_curve(write(["1 2", "2 3", "3 4", "4 5", "6 7"]))
    with pytest.raises(InputError) as caught:
        curve.between(low, high, "datasets.pdf.range")
    assert caught.value.where == "datasets.pdf.range"
    assert problem in caught.value.problem
    assert "a.gr has r from 1 to 6" in caught.value.problem


# ---- anything at all -------------------------------------------------------------------------


def test_damaged_files_are_read_or_refused(write: Write) -> None:
    """Whatever is in a file, either a sound curve or an InputError comes out."""
    rng = random.Random(20240611)
    pieces = [
        "\n",
        "\t",
        ",",
        ";",
        "#",
        "nan",
        "-",
        "1e400",
        "\x85",
        "\u2028",
        "Å",
        "=",
        '"',
        "a",
        "5",
        "\r",
        " ",
    ]
    kinds = ["a.gr", "a.chi", "a.csv", "a.xye", "a.txt", "a.foo", "a"]
    sound = "qmax = 25\n#L q  I  dI\n" + "\n".join(f"{i}.5 {i * i} 1{i}" for i in range(12)) + "\n"
    read = 0
    for _ in range(1500):
        text = list(sound)
        for _ in range(rng.choice([1, 1, 2, 5, 40])):
            i = rng.randrange(len(text))
            text[i : i + rng.choice([0, 1, 1, 5])] = rng.choice(pieces)
        columns = rng.choice([None, None, ["q", "intensity", "sigma"], ["q", "intensity"]])
        path = write("".join(text), rng.choice(kinds))
        try:
            curve = read_curve(path, columns=columns)
        except InputError:
            continue
        read += 1
        assert len(curve.x) == len(curve.y) >= 3
        assert np.all(np.diff(curve.x) >= 0.0)
        assert np.isfinite(curve.y).all()
        assert curve.sigma is None or np.all((curve.sigma > 0.0) & np.isfinite(curve.sigma))
    assert 100 < read < 1400
    for _ in range(300):
        with pytest.raises(InputError):
            read_curve(write(rng.randbytes(rng.randrange(1, 60)), rng.choice(kinds)))
