"""Counts, attenuators and times become intensities with their σ; scans are one pattern only where they can be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data.formats import RawFile
from nanocrystal.data.powder.scan import Scan, counted, counts_of_rates, curve_of_scans, scan_of
from nanocrystal.data.stated import Stated
from nanocrystal.errors import InputError


def file(entry: str | int | None = None) -> RawFile:
    return RawFile(Path("a.scan"), b"content", "datasets.x.file: a.scan", entry)


def scan(start: float, counts: list[float], time: float = 1.0, step: float = 0.1) -> Scan:
    return scan_of(file(), start + step * np.arange(len(counts)), counts, time=time, called=True)


def test_scans_that_continue_one_another_are_joined_for_the_mean_time() -> None:
    """100 counts in 1 s and 400 in 4 s are the same intensity; the second is known twice as well."""
    curve = curve_of_scans(file(), [scan(11.0, [400.0, 400.0, 400.0], 4.0), scan(10.7, [100.0, 100.0, 100.0])])
    np.testing.assert_allclose(curve.x, [10.7, 10.8, 10.9, 11.0, 11.1, 11.2])
    np.testing.assert_allclose(curve.y, np.full(6, 250.0))  # of 2.5 s, the mean over the points
    assert curve.sigma is not None
    np.testing.assert_allclose(curve.sigma, [25.0, 25.0, 25.0, 12.5, 12.5, 12.5])
    assert "2 scans that continue one another were joined" in curve.notes
    assert curve.stated.counting_time is None


def test_an_angle_of_two_scans_is_taken_once() -> None:
    curve = curve_of_scans(file(), [scan(10.0, [1.0, 2.0, 3.0]), scan(10.2, [7.0, 4.0, 5.0])])
    np.testing.assert_array_equal(curve.y, [1.0, 2.0, 3.0, 4.0, 5.0])
    assert curve.sigma is None


def test_repeats_are_added_and_one_can_be_chosen() -> None:
    scans = [scan(10.0, [1.0, 2.0, 3.0]), scan(10.0, [10.0, 20.0, 30.0])]
    summed = curve_of_scans(file(), scans)
    np.testing.assert_array_equal(summed.y, [11.0, 22.0, 33.0])
    assert summed.stated.counting_time == 2.0
    np.testing.assert_array_equal(curve_of_scans(file(2), scans).y, [10.0, 20.0, 30.0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tilt": {"Omega": 6.0}}, "1 (10 to 10.2°, Omega 5); 2 (10 to 10.2°, Omega 6)"),
        ({"stated": Stated(temperature=350.0)}, "1 (10 to 10.2°, 300 K); 2 (10 to 10.2°, 350 K)"),
        ({"factor": np.full(3, 10.0)}, "1 (10 to 10.2°); 2 (10 to 10.2°)"),
        ({"two_theta": np.array([10.0, 10.2, 10.4])}, "1 (10 to 10.2°); 2 (10 to 10.4°)"),
        ({"two_theta": np.array([11.0, 11.1, 11.2])}, "1 (10 to 10.2°); 2 (11 to 11.2°)"),
    ],
)
def test_what_is_no_one_pattern_asks_for_an_entry(change: dict[str, object], words: str) -> None:
    """A map of omega, a series of temperatures, other attenuators, other angles, a gap."""
    first = replace(scan(10.0, [1.0, 2.0, 3.0]), tilt={"Omega": 5.0}, stated=Stated(temperature=300.0))
    with pytest.raises(InputError) as caught:
        curve_of_scans(file(), [first, replace(first, **change)])  # type: ignore[arg-type]
    assert f"holds 2 scans; choose one with entry = …, of: {words}" in str(caught.value)


def test_ranges_of_unknown_times_are_not_joined() -> None:
    with pytest.raises(InputError, match="holds 2 scans"):
        curve_of_scans(file(), [scan(10.0, [1.0, 2.0, 3.0], 0.0), scan(10.3, [1.0, 2.0, 3.0], 0.0)])


def test_what_the_file_calls_counts_has_their_root_as_sigma_whole_or_not() -> None:
    curve = curve_of_scans(file(), [scan(10.0, [100.5, 200.5, 0.25])])
    assert curve.sigma is not None
    np.testing.assert_allclose(curve.sigma, np.sqrt([100.5, 200.5, 1.0]))


def test_what_is_neither_whole_nor_called_counts_has_no_sigma() -> None:
    for counts in ([100.5, 200.5, 3.0], [100.0, -1.0, 3.0]):
        curve = curve_of_scans(file(), [scan_of(file(), [1.0, 2.0, 3.0], counts)])
        assert curve.sigma is None
        assert "their σ is not known" in " ".join(curve.notes)


@pytest.mark.parametrize(("multiplied", "values"), [(True, [83.0, 166.0, 49.8]), (False, [11.0, 20.0, 7.0])])
def test_whole_numbers_tell_whether_a_factor_is_in_already(multiplied: bool, values: list[float]) -> None:
    """83 behind a factor of 8.3 is 10 counts; 11 would be 1.33."""
    factor = np.full(3, 8.3)
    counts, found = counted(np.array(values), factor)
    assert found == multiplied
    np.testing.assert_allclose(counts, [10.0, 20.0, 6.0] if multiplied else values)


def test_rates_become_the_counts_that_they_are_of() -> None:
    """33.3333 a second for 3 s are 100 counts."""
    counts, notes = counts_of_rates(np.array([33.3333, 66.6667, 0.3333]), 3.0)
    np.testing.assert_array_equal(counts, [100.0, 200.0, 1.0])
    assert "counts of 3 s" in notes[0]
    rates, notes = counts_of_rates(np.array([33.3333]), None)
    np.testing.assert_array_equal(rates, [33.3333])
    assert "σ is not known" in notes[0]


@pytest.mark.parametrize(
    ("x", "counts", "factor", "words"),
    [
        ([1.0, 2.0], [1.0, 2.0], 1.0, "a scan of 2 points"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], 1.0, "3 angles for 2 counts"),
        ([1.0, 3.0, 2.0], [1.0, 2.0, 3.0], 1.0, "not in order"),
        ([1.0, 2.0, np.inf], [1.0, 2.0, 3.0], 1.0, "missing or infinite"),
        ([1.0, 2.0, 300.0], [1.0, 2.0, 3.0], 1.0, "to 2θ = 300°"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 0.0, "factors that are not above 0"),
    ],
)
def test_what_is_no_scan(x: list[float], counts: list[float], factor: float, words: str) -> None:
    with pytest.raises(InputError, match=words):
        scan_of(file(), x, counts, factor=factor)
