"""What readers of formats are given: the choice among several curves, and what every curve is checked for."""

from pathlib import Path

import numpy as np
import pytest

from nanocrystal import InputError
from nanocrystal.data.formats import RawFile


def raw(entry: str | int | None = None) -> RawFile:
    return RawFile(Path("scans.raw"), b"content", "datasets.x.file: scans.raw", entry)


@pytest.mark.parametrize(("entry", "index"), [(1, 0), (2, 1), ("rear", 1)])
def test_one_of_several_is_chosen_by_name_or_place(entry: str | int, index: int) -> None:
    assert raw(entry).chosen(["front", "rear"], "entries") == index


def test_the_only_one_needs_no_choice() -> None:
    assert raw().chosen([""], "entries") == 0


@pytest.mark.parametrize("entry", [None, 0, 3, "middle", True])
def test_what_could_be_chosen_is_listed(entry: str | int | None) -> None:
    with pytest.raises(InputError, match=r"1 \(front\); 2 \(rear\)"):
        raw(entry).chosen(["front", "rear"], "entries")


def test_points_are_sorted_with_their_errors_and_a_note() -> None:
    curve = raw().curve([3.0, 1.0, 2.0], [30.0, 10.0, 20.0], [0.3, 0.1, 0.2], axes=("q", "intensity"))
    np.testing.assert_array_equal(curve.x, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(curve.y, [10.0, 20.0, 30.0])
    np.testing.assert_array_equal(curve.sigma, [0.1, 0.2, 0.3])
    assert curve.notes == ("3 of 3 points were not in order of q; they were sorted",)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([1.0, 2.0], [1.0, 2.0], "has 2 points"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], "different lengths"),
        ([1.0, np.nan, 3.0], [1.0, 2.0, 3.0], "missing, infinite or not-a-number"),
    ],
)
def test_what_is_no_curve_is_refused(x: list[float], y: list[float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        raw().curve(x, y, axes=("q", "intensity"))
