"""Scans of Bruker: four versions of binary files, text, and archives of XML; the same pattern in each."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data import read_curve
from nanocrystal.errors import InputError
from support.powder_files import brml, brml_route, raw_1, raw_2, raw_3, raw_4, uxd, zipped

COUNTS = [100.0, 400.0, 900.0, 25.0, 0.0, 7.0]
RANGE = (20.0, 0.02, 2.0, COUNTS)
NEXT = (20.12, 0.02, 4.0, COUNTS)
APART = (30.0, 0.02, 2.0, COUNTS)
RAW: dict[str, Callable[..., bytes]] = {"1": raw_1, "2": raw_2, "3": raw_3, "4": raw_4}


def written(folder: Path, content: bytes, name: str = "a.raw") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("version", RAW)
def test_one_range(version: str, tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, RAW[version](RANGE)))
    np.testing.assert_allclose(curve.x, 20.0 + 0.02 * np.arange(6), rtol=1e-7)
    np.testing.assert_array_equal(curve.y, COUNTS)
    assert curve.sigma is None
    stated = curve.stated
    assert (stated.radiation, stated.wavelength, stated.second_wavelength) == ("x-ray", 1.5406, 1.54439)
    assert stated.ratio == (None if version == "1" else 0.5)
    assert stated.anode == ("" if version == "1" else "Cu")
    assert stated.sample == ("" if version == "2" else "zincite")


@pytest.mark.parametrize("version", RAW)
def test_ranges_that_continue_one_another(version: str, tmp_path: Path) -> None:
    """The second is counted twice as long: its intensities are halved against the first, for the mean of 3 s."""
    curve = read_curve(written(tmp_path, RAW[version](RANGE, NEXT)))
    np.testing.assert_allclose(curve.x, 20.0 + 0.02 * np.arange(12), rtol=1e-6)
    np.testing.assert_allclose(curve.y, [c * 1.5 for c in COUNTS] + [c * 0.75 for c in COUNTS])
    assert curve.sigma is not None
    np.testing.assert_allclose(curve.sigma[[0, 6, 10]], [15.0, 7.5, 0.75])


@pytest.mark.parametrize("version", RAW)
def test_ranges_apart(version: str, tmp_path: Path) -> None:
    path = written(tmp_path, RAW[version](RANGE, APART))
    with pytest.raises(InputError, match=r"1 \(20 to 20.1°\); 2 \(30 to 30.1°\)"):
        read_curve(path)
    assert read_curve(path, entry=2).x[0] == 30.0


@pytest.mark.parametrize("version", RAW)
def test_a_file_that_was_cut_off(version: str, tmp_path: Path) -> None:
    content = RAW[version](RANGE)
    for length in (*range(8, len(content), 31), len(content) - 1):
        with pytest.raises(InputError):
            read_curve(written(tmp_path, content[:length]))


@pytest.mark.parametrize(("content", "place"), [(raw_3(RANGE), 712 + 240), (raw_4(RANGE), 61 + 44 + 136 + 112)])
def test_a_range_of_the_other_line(content: bytes, place: int, tmp_path: Path) -> None:
    """A range that was measured with Kβ says so by its own wavelength."""
    changed = content[:place] + struct.pack("<d", 1.39222) + content[place + 8 :]
    stated = read_curve(written(tmp_path, changed)).stated
    assert (stated.wavelength, stated.second_wavelength, stated.ratio) == (1.39222, None, None)


def test_old_ranges_that_do_not_repeat_their_mark(tmp_path: Path) -> None:
    assert len(read_curve(written(tmp_path, raw_1(RANGE, NEXT, repeated=False))).x) == 12


def test_a_supplementary_header_and_wider_points(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_curve(written(tmp_path, raw_3(RANGE, more=b"n" * 40))).y, COUNTS)
    np.testing.assert_array_equal(read_curve(written(tmp_path, raw_4(RANGE, width=8))).y, COUNTS)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (raw_3(RANGE, kind=3), "a scan of type 3, which is not over 2θ; export it as .xy or .uxd"),
        (raw_3(RANGE, varying=1), "angles or other values for each point"),
        (raw_4(RANGE, scan=b"Rocking Curve"), "of the type 'Rocking Curve', which is not over 2θ"),
        (raw_3(), "no range with points"),
        (raw_2((20.0, 0.0, 1.0, COUNTS)), "not in order"),
        (b"RAW_1.06" + bytes(100), "STOE WinXPOW, which is not read; export it as .xy or .xye"),
        (b"V3RD" + bytes(100), "an .rd file of Philips"),
        (b"anything \x00\x01", "neither of Bruker nor of GSAS"),
    ],
)
def test_what_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_curve(written(tmp_path, content))
    assert words in str(caught.value)


# ---- text -----------------------------------------------------------------------------------------

KEYS = {"STEPTIME": "2.000000", "STEPSIZE": "0.020000", "START": "20.000000"}
PAIRS = [(20.0 + 0.02 * i, c) for i, c in enumerate(COUNTS)]


@pytest.mark.parametrize(
    ("word", "rows"),
    [
        ("_COUNTS", [(c,) for c in COUNTS]),
        ("_COUNTS", [tuple(COUNTS[:4]), tuple(COUNTS[4:])]),
        ("_2THETACOUNTS", PAIRS),
        ("_CPS", [(c / 2.0,) for c in COUNTS]),
        ("_2THETACPS", [(x, c / 2.0) for x, c in PAIRS]),
    ],
)
def test_text_of_counts_and_of_rates(word: str, rows: list[tuple[float, ...]], tmp_path: Path) -> None:
    """Rates times the 2 s of a step are the counts."""
    if rows and len(rows[0]) == 4:
        content = uxd((KEYS, word, [])) + b"100 400 900 25\r\n0 7\r\n"
    else:
        content = uxd((KEYS, word, rows))
    curve = read_curve(written(tmp_path, content, "a.uxd"))
    np.testing.assert_allclose(curve.x, 20.0 + 0.02 * np.arange(6))
    np.testing.assert_array_equal(curve.y, COUNTS)
    assert curve.sigma is None
    stated = curve.stated
    assert (stated.wavelength, stated.second_wavelength, stated.ratio) == (1.5406, 1.54439, 0.5)
    assert (stated.anode, stated.sample, stated.counting_time) == ("Cu", "zincite", 2.0)


def test_text_with_a_time_for_each_point(tmp_path: Path) -> None:
    rows = [(x, c, 1.0 if i < 3 else 3.0) for i, (x, c) in enumerate(PAIRS)]
    curve = read_curve(written(tmp_path, uxd((KEYS, "_2THETACOUNTSTIME", rows)), "a.uxd"))
    np.testing.assert_allclose(curve.y, [200.0, 800.0, 1800.0, 50.0 / 3.0, 0.0, 14.0 / 3.0])


def test_angles_that_were_rounded_follow_their_straight_line(tmp_path: Path) -> None:
    """Steps of 0.0155922° written with three decimals: 38 of them are 0.592504°."""
    true = 3.0 + 0.0155922 * np.arange(400)
    content = uxd(({"STEPSIZE": "0.015592"}, "_2THETACOUNTS", [(x, 9.0) for x in true]))
    curve = read_curve(written(tmp_path, content, "a.uxd"))
    assert np.abs(curve.x - true).max() < 5e-5
    uneven = [(20.0, 1.0), (20.02, 2.0), (20.06, 3.0), (20.08, 4.0)]
    kept = read_curve(written(tmp_path, uxd(({"STEPSIZE": "0.02"}, "_2THETACOUNTS", uneven)), "a.uxd"))
    np.testing.assert_array_equal(kept.x, [20.0, 20.02, 20.06, 20.08])


def test_text_of_several_ranges(tmp_path: Path) -> None:
    one, two = (KEYS, "_2THETACOUNTS", PAIRS), (KEYS, "_2THETACOUNTS", [(x + 0.12, c) for x, c in PAIRS])
    assert len(read_curve(written(tmp_path, uxd(one, two), "a.uxd")).x) == 12
    omega = uxd(one, ({**KEYS, "DRIVE": "'THETA'"}, "_2THETACOUNTS", PAIRS))
    assert "1 scans that are not over 2θ were left out" in read_curve(written(tmp_path, omega, "a.uxd")).notes


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (uxd(({**KEYS, "DRIVE": "'PHI'"}, "_COUNTS", [(1.0,)] * 4)), "a scan of the drive 'PHI'"),
        (uxd(({}, "_COUNTS", [(1.0,)] * 4)), "must say _START and _STEPSIZE"),
        (uxd((KEYS, "_2THETA-I", PAIRS)), "holds no scan"),
        (uxd((KEYS, "_2THETACOUNTS", PAIRS)).replace(b"\t900", b"\tmany"), "line 17: '20.040 many' holds no angle"),
    ],
)
def test_text_that_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_curve(written(tmp_path, content, "a.uxd"))
    assert words in str(caught.value)


# ---- archives -------------------------------------------------------------------------------------


def points(start: float = 20.0, time: float = 2.0) -> list[tuple[float, ...]]:
    return [(time, 1.0, start + 0.02 * i, 0.5 * start, 0.1, c) for i, c in enumerate(COUNTS)]


def test_an_archive(tmp_path: Path) -> None:
    for name in ("a.brml", "a.zip"):
        curve = read_curve(written(tmp_path, brml(brml_route(points())), name))
        np.testing.assert_allclose(curve.x, 20.0 + 0.02 * np.arange(6))
        np.testing.assert_array_equal(curve.y, COUNTS)
        assert curve.sigma is None
        stated = curve.stated
        assert (stated.wavelength, stated.second_wavelength, stated.ratio) == (1.5406, 1.54439, 0.5)
        assert (stated.anode, stated.sample, stated.counting_time) == ("Cu", "zincite", 2.0)


def test_counts_are_multiplied_with_the_absorber_already(tmp_path: Path) -> None:
    """213600.5 beside 8.3 is 25735 counts: σ is 8.3 √25735."""
    rows = points()
    rows[1] = (2.0, 8.3, *rows[1][2:5], 213600.5)
    rows[2] = (2.0, 8.3, *rows[2][2:5], 243746.1)
    curve = read_curve(written(tmp_path, brml(brml_route(rows)), "a.brml"))
    np.testing.assert_allclose(curve.y[:4], [100.0, 213600.5, 243746.1, 25.0])
    assert curve.sigma is not None
    np.testing.assert_allclose(curve.sigma[:4], [10.0, 8.3 * np.sqrt(25735), 8.3 * np.sqrt(29367), 5.0])


def test_times_that_differ_along_a_scan(tmp_path: Path) -> None:
    rows = [(1.0 if i < 3 else 3.0, *row[1:]) for i, row in enumerate(points())]
    curve = read_curve(written(tmp_path, brml(brml_route(rows)), "a.brml"))
    np.testing.assert_allclose(curve.y, [200.0, 800.0, 1800.0, 50.0 / 3.0, 0.0, 14.0 / 3.0])


def test_intensities_that_are_scaled_to_one_time_already(tmp_path: Path) -> None:
    """100 counts in 0.7 s, written as those of 1 s, are 142.857 ± 14.286."""
    counts = [100.0, 57.0, 31.0, 25.0, 0.0, 7.0]
    rows = [(t, 1.0, *r[2:5], c / t) for r, c, t in zip(points(), counts, (0.7, 0.7, 0.7, 1.0, 1.0, 1.0), strict=True)]
    curve = read_curve(written(tmp_path, brml(brml_route(rows)), "a.brml"))
    np.testing.assert_allclose(curve.y[[0, 3]], [142.857, 25.0], rtol=1e-5)
    assert curve.sigma is not None
    np.testing.assert_allclose(curve.sigma[[0, 3]], [14.2857, 5.0], rtol=1e-4)
    assert "scaled to one counting time already" in " ".join(curve.notes)


def test_scans_of_an_archive(tmp_path: Path) -> None:
    path = written(tmp_path, brml(brml_route(points()), brml_route(points(30.0))), "a.brml")
    with pytest.raises(InputError, match="holds 2 scans"):
        read_curve(path)
    assert read_curve(path, entry=2).x[0] == 30.0
    repeated = brml(brml_route(points()), brml_route(points()))
    np.testing.assert_array_equal(read_curve(written(tmp_path, repeated, "a.brml")).y, [2.0 * c for c in COUNTS])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (brml(brml_route(points(), axes=("Theta", "Phi"))), "holds a scan over Theta, Phi; only scans over 2θ"),
        (brml(brml_route(points(), channels=192)), "holds 192 channels for each point"),
        (brml(brml_route([])), "holds no points; export it"),
        (brml(), "holds no Experiment0/RawData0.xml"),
        (zipped({"Experiment0/RawData0.xml": "<RawData>"}), "cannot be read as .brml"),
        (brml(brml_route([(*points()[0], 1.0), *points()[1:]])), "columns, or of different ones"),
        (brml(brml_route([(2.0, 8.3, *r[2:5], 10.5 + i) for i, r in enumerate(points())])), "does not fit its counts"),
    ],
)
def test_archives_that_are_refused(content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_curve(written(tmp_path, content, "a.brml"))
    assert words in str(caught.value)
