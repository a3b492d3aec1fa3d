"""What reading costs, by hand (`-m long`): seconds for many rows, and that no line or word makes it grow faster."""

from __future__ import annotations

import contextlib
import gzip
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal.data import read_curve
from nanocrystal.errors import InputError

pytestmark = pytest.mark.long

ROWS = "\n".join(f"{0.1 * i:.2f} {i % 7}.5" for i in range(1, 50))
MANY = 2_000_000
SECONDS = 10.0
"""of a processor, for MANY rows: five times what was measured (2.3 s)"""
_SIGNS = """a 7 ( = , ; " # % . - | 1, 1; 1e5 (1/A a: 0,5; ab␣ k=v␣ 1␣ nm␣ nm^-1␣ 2th␣ 1,2␣ columns␣are␣ "columns":␣[
q␣nm␣ 1.5␣ ␣"""
UNITS = (*(unit.replace("␣", " ") for unit in _SIGNS.split()), "\t", "x\r")


def seconds(path: Path, **more: Any) -> float:
    """Return the time of the processor that reading takes, refusals included."""
    start = time.process_time()
    with contextlib.suppress(InputError):
        read_curve(path, **more)
    return time.process_time() - start


@pytest.mark.parametrize("place", ["header", "comment", "row", "alone"])
@pytest.mark.parametrize("unit", UNITS)
def test_long_lines_and_words(unit: str, place: str, tmp_path: Path) -> None:
    """Four times the length takes at most about four times as long: 1 MB below 3 s."""
    taken = []
    for length in (250_000, 1_000_000):
        line = (unit * (length // len(unit) + 1))[:length]
        text = {
            "header": f"{line}\n{ROWS}\n", "comment": f"# {line}\n{ROWS}\n", "alone": line,
            "row": f"{ROWS}\n5.1 {line}\n" + ROWS.replace("0.", "9."),
        }[place]  # fmt: skip
        (tmp_path / "a.iq").write_text(text, encoding="utf-8")
        taken.append(seconds(tmp_path / "a.iq"))
    assert taken[1] < 3.0
    assert taken[1] < 6.0 * max(taken[0], 0.05), taken


def table(n: int, kind: str) -> str:
    x, y = 0.001 * np.arange(n), np.arange(n) % 13 + 0.5
    rows = zip(x.tolist(), y.tolist(), strict=True)
    if kind == "German":
        return "q;I;sigma\n" + "\n".join(f"{a:.3f};{b:.1f};1,0".replace(".", ",") for a, b in rows)
    if kind == "missing values":
        return "\n".join(f"{a:.3f} {'nan' if k % 100 == 7 else b} 1.0" for k, (a, b) in enumerate(rows))
    if kind == "out of order":
        order = np.random.default_rng(0).permutation(n)
        return "\n".join(f"{a:.3f} {b:.1f} 1.0" for a, b in zip(x[order].tolist(), y[order].tolist(), strict=True))
    if kind == "comments":
        return "\n".join(f"{a:.3f} {b:.1f} 1.0" + ("\n# c" if k % 1000 == 0 else "") for k, (a, b) in enumerate(rows))
    return "\n".join(f"{a:.3f} {b:.1f} 1.0" for a, b in rows)


@pytest.mark.parametrize("kind", ["plain", "German", "missing values", "out of order", "comments"])
def test_two_million_rows(kind: str, tmp_path: Path) -> None:
    name = "a.csv" if kind == "German" else "a.iq"
    taken = []
    for n in (MANY // 4, MANY):
        (tmp_path / name).write_text(table(n, kind), encoding="utf-8")
        taken.append(seconds(tmp_path / name))
    assert taken[1] < (SECONDS if kind in ("plain", "German", "out of order") else 3.0 * SECONDS), taken
    assert taken[1] < 6.0 * taken[0], taken


def test_a_packed_file_of_two_million_rows(tmp_path: Path) -> None:
    (tmp_path / "a.iq.gz").write_bytes(gzip.compress(table(MANY, "plain").encode(), 1))
    assert seconds(tmp_path / "a.iq.gz") < SECONDS
    assert any(f"{MANY} points were read" in note for note in read_curve(tmp_path / "a.iq.gz").notes)
