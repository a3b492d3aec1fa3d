"""Studies that would crash the command, hang it or eat the memory: one sentence each, with file, line and key."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.small_study import SmallStudy

DIAMETER = "{ value = 20.0, vary = true }"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallStudy]:
    begun = time.process_time()
    yield SmallStudy(tmp_path)
    assert time.process_time() - begun < 5.0


NUMBERS = {
    "5,000 digits": (
        "9" * 5000,
        ["line 11: is not valid TOML: it holds a number of more than 4300 digits"],
    ),
    "400 digits": ("9" * 400, ["populations.dots.diameter", "must be at most 1e+60 in size", "too many digits"]),
    "too large": ("1e200", ["populations.dots.diameter", "must be at most 1e+60 in size"]),
    "a day": ("2024-01-01", ["populations.dots.diameter", "must be a number, got 2024-01-01"]),
    "a time": ("12:00:00", ["populations.dots.diameter", "must be a number, got 12:00:00"]),
    "complex tie": ('{ tie = "sqrt((-1)**0.5)" }', ["populations.dots.diameter", "a root or logarithm of a negative"]),
    "endless tie": ('{ tie = "10**10**10" }', ["populations.dots.diameter", "a number grows too large"]),
    "tie by zero": ('{ tie = "1/0" }', ["populations.dots.diameter", "a division by zero"]),
    "long tie": ('{ tie = "' + "1+" * 50_000 + '1" }', ["populations.dots.diameter", "at most 1000 characters"]),
    "deep tie": ('{ tie = "' + "(" * 450 + "1" + ")" * 450 + '" }', ["populations.dots.diameter"]),
    "tie with a null": ('{ tie = "a\\u0000b" }', ["populations.dots.diameter", "is not an arithmetic expression"]),
    "deep list": ("[" * 50_000, ["study.toml: is not valid TOML", "nested too deeply"]),
    "list in lists": ("[" * 90 + "]" * 90, ["populations.dots.diameter", "must be a number"]),
    "deep table": ("{a=" * 50_000, ["study.toml: is not valid TOML", "nested too deeply"]),
    "blanks": (" " * 1_000_000 + "20.0 x", ["study.toml, line 11"]),
    "text that steers": ('"\\u001b[2J\\u202e"', ["populations.dots.diameter", "must be a number, got the text"]),
}


@pytest.mark.parametrize("case", NUMBERS)
def test_in_the_place_of_a_number(small: SmallStudy, case: str) -> None:
    value, words = NUMBERS[case]
    message = small.change(DIAMETER, value).refused(*words)
    assert len(message) < 2500
    assert "\x1b" not in message
    assert "\u202e" not in message


def test_keys_without_end(small: SmallStudy) -> None:
    """Reading one of 20,000 parts takes 13 s, ten times as long one of 60,000."""
    small.add("\n" + ".".join(["a"] * 60_000) + " = 1")
    small.refused("study.toml, line 20", "holds a key of more than 60 parts")


@pytest.mark.parametrize("key", ["{ " + "a.b." * 40 + "c = 1 }", "{ '" + "'.'".join("abc" * 30) + "' = 1 }"])
def test_keys_without_end_in_a_value(small: SmallStudy, key: str) -> None:
    small.change(DIAMETER, key).refused("study.toml, line 11", "holds a key of more than 60 parts")


def test_a_long_word_is_no_key(small: SmallStudy) -> None:
    """Nor does looking for long keys take longer than the text."""
    small.change("title", "# " + "a" * 1_000_000 + "." * 1000 + "\ntitle")
    small.change(DIAMETER, '"x"').refused("populations.dots.diameter")


def test_a_line_that_is_looked_through_for_its_key(small: SmallStudy) -> None:
    text = 'title = """\n' + "a b" * 100_000 + '\n"""\n'
    small.text = text + "\n".join(line for line in small.text.splitlines() if not line.startswith("title"))
    small.change(DIAMETER, '"x"').refused("populations.dots.diameter")


def test_a_study_that_is_data(small: SmallStudy) -> None:
    small.add("# " + "x" * 5_000_000)
    small.refused("study", "has 5 MB; such files are read up to 4 MB")


@pytest.mark.parametrize("key", ["file", "cif"])
@pytest.mark.parametrize("name", ["/dev/zero", "/dev/stdin", "waits"])
def test_files_that_are_none(small: SmallStudy, key: str, name: str) -> None:
    """A pipe that nobody writes to would be waited for."""
    if name == "waits":
        os.mkfifo(small.folder / "waits")
    small.change({"file": 'file = "ni.gr"', "cif": 'cif = "Ni.cif"'}[key], f'{key} = "{name}"')
    small.write("study.toml", small.text)
    said = small.run("refine", "{}/study.toml", study=False)
    assert said.exit_code == 2
    assert "is not a regular file" in said.stderr


def test_a_grid_without_end(small: SmallStudy) -> None:
    small.change('file = "ni.gr"', 'r = "1:20:1e-12"')
    small.text = "\n".join(line for line in small.text.splitlines() if not line.startswith("r_range"))
    small.refused("datasets.pdf.r", "would have 1.9e+13 points", verb="simulate", more=("--out", "{}/out"))
