"""Many rows read at once are the rows read one by one, to the last bit; the work grows as the file does."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

from nanocrystal.data import block, read_curve
from nanocrystal.data.block import Block, begins_like_a_row, block_of
from nanocrystal.data.lines import Notation
from nanocrystal.errors import InputError

NOTATIONS = [Notation(), Notation(","), Notation(";"), Notation(";", ","), Notation("", ",")]


def one_by_one(text: str, notation: Notation) -> Block:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(block, "_many_at_once", lambda *_: False)
        return block_of(text, notation)


def assert_same(text: str, notation: Notation) -> None:
    fast, slow = block_of(text, notation), one_by_one(text, notation)
    for name in ("numbers", "widths", "values", "comments"):
        a, b = getattr(fast, name), getattr(slow, name)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b, err_msg=f"{name} of {text[:200]!r}")
    assert fast.marks == slow.marks


def random_number(rng: random.Random, notation: Notation) -> str:
    value = (
        rng.choice((1.0, -1.0)) * 10.0 ** rng.uniform(-300.0, 300.0) if rng.random() < 0.3 else rng.uniform(-9e5, 9e5)
    )
    short = f"{value:.3f}" if abs(value) < 1e15 else repr(value)
    forms = (repr(value), f"{value:.6e}", short, f"{value:.17g}", str(rng.randrange(10**6)))
    text = rng.choice(forms)
    text = text.replace("e", rng.choice("eED")) if rng.random() < 0.2 else text
    return text.replace(".", notation.decimal)


_ODD = """1-2 1e e5 - . + 1.5.2 1-100 0.1-100 -- 1e400 -1e-400 nan 1_0 0x1A 1e5e5 ١ −5 5d 1,5 7; abc NA ? *** 00012 +.5
-5. 1e+05 #c"""
ODD = (*_ODD.split(), "\x1a", "\x85")
OTHER_LINES = ("# remark", "#L a b", "#### start data", "", "  ", "words", ";;", ",,")


def test_random_tables_with_odd_words_are_read_alike() -> None:
    rng = random.Random(7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(block, "PIECE", 200)  # so that pieces with and without odd words follow each other
        for _ in range(400):
            notation = rng.choice(NOTATIONS)
            sign = notation.separator or rng.choice((" ", "\t", "  "))
            lines = []
            for _ in range(rng.randrange(1, 60)):
                words = [random_number(rng, notation) for _ in range(rng.choice((1, 2, 2, 2, 3, 3, 4)))]
                if rng.random() < 0.06:
                    words[rng.randrange(len(words))] = rng.choice(ODD)
                line = sign.join(words)
                if rng.random() < 0.05:
                    line = rng.choice(
                        ("# remark", "#L a b", "#### start data", "", "  ", "words", ";;", ",,", f"{line}{sign}")
                    )
                lines.append(line)
            assert_same("\n".join(lines) + rng.choice(("\n", "", "\n\n")), notation)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("notation", NOTATIONS, ids=str)
def test_an_odd_word_is_read_alike(odd: str, notation: Notation) -> None:
    sign = notation.separator or " "
    for row in (sign.join(["1", odd]), sign.join([odd, "1"]), sign.join(["1", odd, "3"])):
        assert_same(f"1{sign}2\n{row}\n3{sign}4\n", notation)


def test_numbers_at_the_edges_of_doubles_are_read_alike() -> None:
    words = ["4.9406564584124654e-324", "2.4703282292062327e-324", "1.7976931348623157e308", "1.7976931348623159e308",
             "2.2250738585072011e-308", "0.1", "9007199254740993", "123456789012345678901234567890", f"0.{'3' * 200}",
             "8.5e-45", "1" * 300, "1." + "0" * 300 + "1"]  # fmt: skip
    assert_same("".join(f"{i} {w}\n" for i, w in enumerate(words)), Notation())


def test_first_word_of_a_line() -> None:
    assert begins_like_a_row("2.1", Notation())
    assert not begins_like_a_row("the end", Notation())
    assert not begins_like_a_row("", Notation())


# ---- cost -----------------------------------------------------------------------------------------


def calls(path: Path, **more: Any) -> int:
    """Return how many functions are called while a file is read, those of C included."""
    count = 0

    def counted(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        read_curve(path, **more)
    except InputError:
        pass
    finally:
        sys.setprofile(None)
    return count


TABLES = {
    "numbers alone": lambda n: "\n".join(f"{0.01 * i:.2f} {i % 13}.5 1.0" for i in range(n)),
    "German": lambda n: "q;I;s\n" + "\n".join(f"{0.01 * i:.2f};{i % 13}.5;1".replace(".", ",") for i in range(n)),
    "comments between": lambda n: "\n".join(f"# c\n{0.01 * i:.2f} {i % 13}.5 1.0" for i in range(n)),
    "missing values": lambda n: "\n".join(f"{0.01 * i:.2f} {'nan' if i % 9 == 4 else i % 13} 1.0" for i in range(n)),
    "out of order": lambda n: "\n".join(f"{0.01 * (i ^ 1):.2f} {i % 13}.5 1.0" for i in range(n)),
    "mixed widths": lambda n: "\n".join(f"{0.01 * i:.2f} {i % 13}" + " 0 0" * (i % 2) for i in range(n)),
    "words above": lambda n: "\n".join(["some words = 1"] * n + [f"{0.1 * i:.1f} 1.5" for i in range(50)]),
    "words between": lambda n: "\n".join(f"{0.01 * i:.2f} {i % 13}\nwords" for i in range(n)),
    "words below": lambda n: "\n".join([f"{0.1 * i:.1f} 1.5" for i in range(50)] + ["words"] * n),
    "two tables": lambda n: "\n".join(f"#L q I\n{0.01 * i:.2f} {i % 13}" for i in range(n)),
}


@pytest.mark.parametrize("kind", TABLES)
def test_the_work_grows_as_the_file_does(kind: str, tmp_path: Path) -> None:
    """Four times the rows are at most little more than four times the calls."""
    counts = []
    for n in (3000, 12000):
        (tmp_path / "a.csv").write_text(TABLES[kind](n), encoding="utf-8")
        counts.append(calls(tmp_path / "a.csv", convention=None if kind == "German" else "iq"))
    assert counts[1] < 4.5 * counts[0], counts


def test_rows_of_numbers_alone_are_not_read_one_by_one(tmp_path: Path) -> None:
    """Each piece of the file costs the same few calls, whatever it holds."""
    counts = []
    for n in (80000, 140000):
        (tmp_path / "a.iq").write_text(TABLES["numbers alone"](n), encoding="utf-8")
        counts.append(calls(tmp_path / "a.iq"))
    pieces = 60000 * 14 / block.PIECE
    assert counts[1] - counts[0] < 80 * (pieces + 1), counts
