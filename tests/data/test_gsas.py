"""Powder data of GSAS in free columns, made by hand; other types are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data import read_curve
from nanocrystal.errors import InputError

HEAD = "a title of the measurement\n# comment\nBANK 1 4 4 CONST 500.0 1.0 0 0 FXYE\n"
ROWS = "500.0 100.0 10.0\n501.0 144.0 12.0\n502.0 0.0 0.0\n503.0 81.0 9.0\n"


def written(folder: Path, text: str, name: str = "a.fxye") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["a.fxye", "a.gsas", "a.GSA"])
def test_centidegrees(name: str, tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, HEAD + ROWS, name))
    np.testing.assert_allclose(curve.x, [5.0, 5.01, 5.03])
    np.testing.assert_allclose(curve.y, [100, 144, 81])
    assert curve.sigma is not None
    np.testing.assert_allclose(curve.sigma, [10, 12, 9])
    assert "1 of 4 points have σ = 0 and were left out" in curve.notes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ROWS, "no line begins with BANK"),
        (HEAD + ROWS + HEAD[-41:] + ROWS, "2 banks"),
        (HEAD.replace("FXYE", "STD") + ROWS, "of the type STD"),
        (HEAD.replace("CONST", "SLOG") + ROWS, "times of flight"),
        (HEAD + ROWS.replace("144.0", "x"), "line 5"),
        (HEAD + "500.0 100.0\n501.0 2.0\n502.0 3.0\n", "2θ, intensity and σ behind BANK"),
        (HEAD + ROWS.replace("503", "499"), "do not ascend"),
        (HEAD, "at least 3 rows"),
    ],
)
def test_what_is_refused(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_curve(written(tmp_path, text), where="datasets.xrd.file")
    assert words in str(caught.value)
