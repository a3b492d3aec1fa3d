"""Scans of Rigaku, as text and as archives: attenuators, rates, one line or two; a measured file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal.data import read_curve
from nanocrystal.data.stated import Stated
from nanocrystal.errors import InputError
from support.measured import measured
from support.powder_files import ras, rasx, zipped

ROWS = [(20.0, 100.0, 1.0), (20.2, 400.0, 1.0), (20.4, 900.0, 1.0), (20.6, 25.0, 1.0)]
WRITERS = {".ras": ras, ".rasx": rasx}


def written(folder: Path, content: bytes, suffix: str = ".ras") -> Path:
    path = folder / f"a{suffix}"
    path.write_bytes(content)
    return path


@pytest.fixture(params=WRITERS)
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    """Return what writes scans in one of the two formats."""
    suffix: str = request.param
    return lambda *scans: written(tmp_path, WRITERS[suffix](*scans), suffix)


def test_counts_and_what_is_stated(write: Callable[..., Path]) -> None:
    """0.2° at 6 °/min are 2 s."""
    curve = read_curve(write(({}, ROWS)))
    np.testing.assert_allclose(curve.x, [20.0, 20.2, 20.4, 20.6])
    np.testing.assert_array_equal(curve.y, [100, 400, 900, 25])
    assert curve.sigma is None
    assert curve.stated == Stated(
        radiation="x-ray",
        wavelength=1.540593,
        second_wavelength=1.544414,
        anode="Cu",
        counting_time=2.0,
        sample="zincite",
    )


@pytest.mark.parametrize(
    ("line", "first", "second"), [("Ka1", 1.540593, None), ("Ka", 1.540593, 1.544414), ("Kb", 1.392246, None)]
)
def test_the_lines_that_are_used(write: Callable[..., Path], line: str, first: float, second: float | None) -> None:
    stated = read_curve(write(({"MEAS_COND_XG_WAVE_TYPE": line}, ROWS))).stated
    assert (stated.wavelength, stated.second_wavelength) == (first, second)


def test_attenuators(write: Callable[..., Path]) -> None:
    """400 counts behind a factor of 8.3 stand for 3320 ± 166."""
    rows = [ROWS[0], (20.2, 400.0, 8.3), (20.4, 901.0, 8.3), ROWS[3]]
    curve = read_curve(write(({}, rows)))
    np.testing.assert_allclose(curve.y, [100.0, 3320.0, 7478.3, 25.0])
    assert curve.sigma is not None
    np.testing.assert_allclose(curve.sigma, [10.0, 166.0, 8.3 * np.sqrt(901.0), 5.0])


def test_rates(write: Callable[..., Path]) -> None:
    """50 counts a second in steps of 2 s are 100 counts."""
    rates = {"MEAS_SCAN_UNIT_Y": "cps"}
    rows = [(x, y / 2.0, f) for x, y, f in ROWS]
    curve = read_curve(write((rates, rows)))
    np.testing.assert_array_equal(curve.y, [100, 400, 900, 25])
    assert curve.sigma is None
    steps = read_curve(write(({**rates, "MEAS_SCAN_SPEED": "4", "MEAS_SCAN_SPEED_UNIT": "sec"}, rows)))
    np.testing.assert_array_equal(steps.y, [200, 800, 1800, 50])
    unknown = read_curve(write(({**rates, "MEAS_SCAN_SPEED": ""}, rows)))
    assert "their σ is not known" in " ".join(unknown.notes)


def test_counts_that_are_spread_over_steps(write: Callable[..., Path]) -> None:
    curve = read_curve(write(({}, [(x, y + 0.25, f) for x, y, f in ROWS])))
    assert curve.sigma is not None
    np.testing.assert_allclose(curve.sigma, np.sqrt([100.25, 400.25, 900.25, 25.25]))


def test_several_scans(write: Callable[..., Path]) -> None:
    later = [(x + 0.8, y, f) for x, y, f in ROWS]
    assert len(read_curve(write(({}, ROWS), ({}, later))).x) == 8
    np.testing.assert_array_equal(read_curve(write(({}, ROWS), ({}, ROWS))).y, [200, 800, 1800, 50])
    apart = write(({}, ROWS), ({}, [(x + 5.0, y, f) for x, y, f in ROWS]))
    with pytest.raises(InputError, match=r"1 \(20 to 20.6°\); 2 \(25 to 25.6°\)"):
        read_curve(apart)
    assert read_curve(apart, entry=2).x[0] == 25.0


def test_scans_over_other_axes(write: Callable[..., Path]) -> None:
    other = {"MEAS_SCAN_AXIS_X_INTERNAL": "Omega"}
    with pytest.raises(InputError, match="over the axis 'Omega'; only scans over 2θ"):
        read_curve(write((other, ROWS)))
    curve = read_curve(write((other, ROWS), ({}, ROWS)))
    assert "1 scans that are not over 2θ were left out" in curve.notes


def test_columns_without_attenuation_and_a_name_that_says_nothing(tmp_path: Path) -> None:
    content = ras(({}, ROWS)).replace(b" 1.0000\r\n", b"\r\n")
    np.testing.assert_array_equal(read_curve(written(tmp_path, content, ".txt")).y, [100, 400, 900, 25])
    np.testing.assert_array_equal(read_curve(written(tmp_path, rasx(({}, ROWS)), ".zip")).y, [100, 400, 900, 25])


@pytest.mark.parametrize(
    ("content", "suffix", "words"),
    [
        (b"*RAS_DATA_START\n*RAS_DATA_END\n", ".ras", "no line [*]RAS_INT_START"),
        (ras(({}, ROWS)).replace(b"400.0000", b"4oo"), ".ras", "line 20: '20.2000 4oo 1.0000' is no angle"),
        (ras(({}, ROWS[:2])), ".ras", "a scan of 2 points"),
        (b"PK\x03\x04 and nothing else", ".rasx", "cannot be opened as a zip archive"),
        (zipped({"a.txt": "1 2"}), ".rasx", "no profile of a scan"),
        (zipped({"Data0/Profile0.txt": "1 2 1"}), ".rasx", "says how Data0/Profile0.txt was measured"),
    ],
)
def test_what_is_refused(content: bytes, suffix: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        read_curve(written(tmp_path, content, suffix))


def test_measured_scan() -> None:
    """2726 points, the highest 1698.5 at 32.68°, of Kα1 behind a monochromator: as in the text of its members."""
    curve = read_curve(measured("xrd/nomad-measurements_Apache2/TwoTheta_scan_powder.rasx"))
    top = int(np.argmax(curve.y))
    found: Any = (len(curve.x), curve.x[0], curve.x[-1], curve.x[top], curve.y[0], curve.y[top])
    assert found == (2726, 10.0, 119.0, 32.68, 170.55354309082, 1698.50854492188)
    assert curve.stated == Stated(radiation="x-ray", wavelength=1.540593, anode="Cu", counting_time=2.4)
    assert curve.sigma is not None
    flat = (curve.x > 12.0) & (curve.x < 20.0)
    scatter = np.diff(curve.y[flat]) / np.hypot(curve.sigma[flat][1:], curve.sigma[flat][:-1])
    assert 0.85 < scatter.std() < 1.2
