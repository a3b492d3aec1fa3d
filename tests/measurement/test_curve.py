"""Grids START:STOP:STEP: their points by hand, and a sentence for those that cannot be meant, before any is made."""

from __future__ import annotations

import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.measurement.curve import grid_from_text
from support.hostile.trial import memory_taken


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("0:1:0.25", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("0:1:1", [0.0, 1.0]),
        ("-1:1:0.75", [-1.0, -0.25, 0.5]),
        (" 1 : 2 : .5 ", [1.0, 1.5, 2.0]),
        ("0:0.3:0.1", [0.0, 0.1, 0.2, 0.3]),
    ],
)
def test_both_ends_are_included(text: str, points: list[float]) -> None:
    np.testing.assert_allclose(grid_from_text(text, "q"), points)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0:1:1e-12", "would have 1e+12 points; between 2 and 10,000,000 are possible"),
        ("0:1e60:1e-300", "would have inf points"),
        ("0:1:5", "would have 1 points"),
        ("a:b:c", "expected START:STOP:STEP"),
        ("0::1:2", "expected START:STOP:STEP"),
        ("0:1", "expected START:STOP:STEP"),
        ("", "expected START:STOP:STEP"),
        ("nan:1:0.1", "expected START:STOP:STEP"),
        ("0:inf:0.1", "expected START:STOP:STEP"),
        ("0:1_0:1", "expected START:STOP:STEP"),
        ("0:1:0", "needs START < STOP and a positive STEP"),
        ("1:0:0.1", "needs START < STOP and a positive STEP"),
        ("1e17:1.0000001e17:1", "would have"),
        ("1e17:100000000001000000:1", "has a step that is too small"),
    ],
)
def test_what_cannot_be_meant(text: str, words: str) -> None:
    def refuse() -> None:
        with pytest.raises(InputError) as caught:
            grid_from_text(text, "datasets.d.q")
        assert caught.value.where == "datasets.d.q"
        assert words in caught.value.problem

    assert memory_taken(refuse) < 1e6
