"""Tables of numbers drawn at random, written in every way that programs have, are read as what was written."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data import read_curve
from nanocrystal.text import csv_text

SEEDS = range(60)


def exponent(digits: str, power: int, mark: str) -> str:
    return f"{digits}{mark}{power:+03d}"


def without_zero(text: str) -> str:
    """Return a number as old Fortran programs write it: .5 and -.5."""
    return text.replace("0.", ".", 1) if text.lstrip("+-").startswith("0.") else text


NOTATIONS: dict[str, Callable[[float], str]] = {
    "shortest": repr,
    "seventeen digits": lambda x: f"{x:.17g}",
    "exponent": lambda x: f"{x:.16e}",
    "capital exponent": lambda x: f"{x:.16E}",
    "Fortran double": lambda x: f"{x:.16e}".replace("e", "D"),
    "small Fortran double": lambda x: f"{x:.16e}".replace("e", "d"),
    "exponent of three digits": lambda x: "{}e{:+04d}".format(*parts_of(x)),
    "sign": lambda x: f"{x:+.17g}",
    "true minus": lambda x: f"{x:.17g}".replace("-", "−") if x < 0.0 and "e" not in f"{x:.17g}" else repr(x),
    "without leading zero": lambda x: without_zero(f"{x:.22f}") if 1e-3 < abs(x) < 1.0 else repr(x),
    "point at the end": lambda x: f"{x:.0f}." if x == int(x) else repr(x),
}
SEPARATORS = (" ", "\t", "  ", ",", ", ", ";", " ; ", "\t\t")
ENDS = ("\n", "\r\n", "\r")


def parts_of(x: float) -> tuple[str, int]:
    digits, _, power = f"{x:.16e}".partition("e")
    return digits, int(power)


def drawn(rng: random.Random) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x that ascends, y of any size and sign, and σ above 0."""
    n = rng.randint(3, 25)
    start, steps = rng.uniform(-5.0, 50.0), [10.0 ** rng.uniform(-3.0, 1.0) for _ in range(n)]
    x = start + np.cumsum(steps)
    y = np.array([rng.choice((-1.0, 1.0)) * 10.0 ** rng.uniform(-12.0, 12.0) for _ in range(n)])
    y[:: rng.randint(2, 5)] = np.round(y[:: rng.randint(2, 5)][0], 0) or 1.0
    return x, y, np.abs(y) * rng.uniform(0.01, 0.3)


@pytest.mark.parametrize("notation", NOTATIONS)
def test_a_number_is_the_number_in_any_notation(notation: str, tmp_path: Path) -> None:
    """To the last bit: sixteen digits behind the first say which double is meant."""
    rng = random.Random(notation)
    for seed in SEEDS:
        x, y, sigma = drawn(rng)
        separator, end = rng.choice(SEPARATORS), rng.choice(ENDS)
        rows = [separator.join(NOTATIONS[notation](float(v)) for v in row) for row in zip(x, y, sigma, strict=True)]
        remarks = [rng.choice(("# remark", "! remark", "% 1 2 3", "")) for _ in range(rng.randint(0, 3))]
        (tmp_path / "a.txt").write_bytes((end.join([*remarks, *rows]) + rng.choice(("", end))).encode())
        curve = read_curve(tmp_path / "a.txt", columns=["q", "intensity", "sigma"])
        for found, expected in zip((curve.x, curve.y, curve.sigma), (x, y, sigma), strict=True):
            assert found is not None
            np.testing.assert_array_equal(found, expected, err_msg=f"{notation}, {seed}, {separator!r}, {end!r}")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings_do_not_change_numbers(encoding: str, tmp_path: Path) -> None:
    rng = random.Random(encoding)
    for _ in SEEDS:
        x, y, _ = drawn(rng)
        text = "# Å, µ, °\n" + "\n".join(f"{a!r} {b!r}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
        (tmp_path / "a.txt").write_bytes(text.encode(encoding))
        curve = read_curve(tmp_path / "a.txt", columns=["q", "intensity"])
        np.testing.assert_array_equal(curve.x, x)
        np.testing.assert_array_equal(curve.y, y)


def test_columns_written_as_csv_are_read_as_they_were(tmp_path: Path) -> None:
    """With all digits to the last bit, else to those that are written; whatever their order."""
    rng = random.Random(1)
    for _ in SEEDS:
        x, y, sigma = drawn(rng)
        columns = {"q": x, "intensity": y, "sigma": sigma, "nothing": np.full_like(x, math.nan)}
        names = list(columns)[:3]
        rng.shuffle(names)
        (tmp_path / "a.csv").write_text(csv_text({n: columns[n] for n in names}, digits=None), encoding="utf-8")
        curve = read_curve(tmp_path / "a.csv")
        for found, name in ((curve.x, "q"), (curve.y, "intensity"), (curve.sigma, "sigma")):
            assert found is not None
            np.testing.assert_array_equal(found, columns[name])
        (tmp_path / "b.csv").write_text(csv_text({n: columns[n] for n in names}), encoding="utf-8")
        np.testing.assert_allclose(read_curve(tmp_path / "b.csv").y, y, rtol=1e-9)


def test_rows_in_either_order_are_the_same_curve(tmp_path: Path) -> None:
    rng = random.Random(2)
    for _ in SEEDS:
        x, y, _ = drawn(rng)
        for name, turn in (("up", 1), ("down", -1)):
            np.savetxt(tmp_path / f"{name}.txt", np.column_stack([x, y])[::turn], fmt="%.17g")
        up, down = (read_curve(tmp_path / f"{n}.txt", columns=["q", "intensity"]) for n in ("up", "down"))
        np.testing.assert_array_equal(up.x, down.x)
        np.testing.assert_array_equal(up.y, down.y)
