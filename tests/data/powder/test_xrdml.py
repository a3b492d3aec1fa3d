"""PANalytical scans: made by hand after the schema, and measured ones; what is no scan over 2θ is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal.data import read_curve
from nanocrystal.data.stated import Stated
from nanocrystal.errors import InputError
from support.measured import measured

SPACE = "http://www.xrdml.com/XRDMeasurement/2.3"
ENDS = "<startPosition>10</startPosition><endPosition>10.4</endPosition>"
COUNTS = "100 200 400 300 0"


def scan(
    counts: str = f'<counts unit="counts">{COUNTS}</counts>',
    positions: str = ENDS,
    axis: str = "2Theta",
    beside: str = "",
) -> str:
    """Return one scan; beside: elements between positions and counts."""
    omega = (
        '<positions axis="Omega" unit="deg"><startPosition>5</startPosition><endPosition>5.2</endPosition></positions>'
    )
    return (
        f'<scan><dataPoints><positions axis="{axis}" unit="deg">{positions}</positions>{omega}{beside}{counts}'
        "</dataPoints></scan>"
    )


def written(folder: Path, *scans: str, space: str = SPACE, name: str = "a.xrdml") -> Path:
    wavelength = (
        '<usedWavelength intended="K-Alpha 1"><kAlpha1 unit="Angstrom">1.5405980</kAlpha1>'
        '<kAlpha2 unit="Angstrom">1.5444260</kAlpha2><ratioKAlpha2KAlpha1>0.5000</ratioKAlpha2KAlpha1></usedWavelength>'
    )
    text = (
        f'<?xml version="1.0"?>\n<xrdMeasurements xmlns="{space}"><xrdMeasurement>{wavelength}{"".join(scans)}'
        "</xrdMeasurement></xrdMeasurements>"
    )
    path = folder / name
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())  # with the mark that the instruments write
    return path


def test_positions_from_both_ends(tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, scan(beside="<commonCountingTime>12.5</commonCountingTime>")))
    assert (curve.x_name, curve.y_name, curve.sigma) == ("two_theta", "intensity", None)
    np.testing.assert_allclose(curve.x, [10.0, 10.1, 10.2, 10.3, 10.4])
    np.testing.assert_array_equal(curve.y, [100, 200, 400, 300, 0])
    assert curve.stated == Stated(
        radiation="x-ray", wavelength=1.540598, second_wavelength=1.544426, ratio=0.5, counting_time=12.5
    )


def test_a_list_of_positions_of_an_older_version(tmp_path: Path) -> None:
    listed = "<listPositions>10 10.2 10.3 10.5 11</listPositions>"
    path = written(tmp_path, scan(positions=listed), space="http://www.xrdml.com/XRDMeasurement/1.0", name="a.XRDML")
    np.testing.assert_allclose(read_curve(path).x, [10.0, 10.2, 10.3, 10.5, 11.0])


def test_a_scan_downwards_is_turned(tmp_path: Path) -> None:
    down = "<startPosition>10.4</startPosition><endPosition>10</endPosition>"
    curve = read_curve(written(tmp_path, scan(positions=down)))
    np.testing.assert_array_equal(curve.y, [0, 300, 400, 200, 100])
    assert curve.x[0] == 10.0


def test_attenuators(tmp_path: Path) -> None:
    """Counts behind a factor of 10 stand for ten times as many, with σ = 10 √n; intensities have the factor already."""
    factors = "<beamAttenuationFactors>1 10 10 1 1</beamAttenuationFactors>"
    curve = read_curve(written(tmp_path, scan(beside=factors)))
    np.testing.assert_allclose(curve.y, [100, 2000, 4000, 300, 0])
    assert curve.sigma is not None
    np.testing.assert_allclose(curve.sigma, [10, 10 * np.sqrt(200), 200, np.sqrt(300), 1])
    assert "attenuation was taken back" in " ".join(curve.notes)
    older = '<intensities unit="counts">100 2000 4000 300 0</intensities>'
    same = read_curve(written(tmp_path, scan(counts=older, beside=factors)))
    np.testing.assert_allclose(same.y, curve.y)
    np.testing.assert_allclose(same.sigma, curve.sigma)


def test_counting_times_that_differ(tmp_path: Path) -> None:
    """Twice the time halves the intensity; the mean of the times is that of the result."""
    times = "<countingTimes>1 1 2 2 4</countingTimes>"
    curve = read_curve(written(tmp_path, scan(beside=times)))
    np.testing.assert_allclose(curve.y, np.array([100, 200, 200, 150, 0]) * 2.0)
    np.testing.assert_allclose(curve.sigma, 2.0 * np.array([10, np.sqrt(200), 10, np.sqrt(300) / 2, 0.25]))


def test_repeated_scans_are_added_up(tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, scan(), scan()))
    np.testing.assert_array_equal(curve.y, [200, 400, 800, 600, 0])
    assert "2 scans of the same angles were added up" in curve.notes


@pytest.mark.parametrize(
    ("scans", "words"),
    [
        ([], "holds no scan"),
        ([scan(axis="Omega")], "over another axis than 2Theta"),
        ([scan(positions="<commonPosition>20</commonPosition>")], "a scan at one 2θ"),
        ([scan(positions="<listPositions>10 10.1</listPositions>")], "2 angles for 5 counts"),
        ([scan(positions="<listPositions>10 10.1 10.3 10.2 11</listPositions>")], "not in order"),
        ([scan(counts="")], "a scan without counts"),
        ([scan(counts="<counts>1 2 three 4 5</counts>")], "text among the numbers of counts"),
        ([scan(counts="<counts>1 2 -3 4 5</counts>")], "negative counts, the first -3"),
        (
            [scan(beside="<beamAttenuationFactors>1 2</beamAttenuationFactors>")],
            "2 beamAttenuationFactors for 5 counts",
        ),
        (
            [scan(), scan(positions=ENDS.replace("10.4", "12"))],
            "holds 2 scans; choose one with entry = …, of: 1 (10 to 10.4°); 2 (10 to 12°)",
        ),
    ],
)
def test_what_is_refused(scans: list[str], words: str, tmp_path: Path) -> None:
    path = written(tmp_path, *scans)
    with pytest.raises(InputError, match=r"datasets\.xrd\.file: .*a\.xrdml") as caught:
        read_curve(path, where="datasets.xrd.file")
    assert words in str(caught.value)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"10 100\n11 200\n12 300\n", "cannot be read as .xrdml"),
        (b"<html></html>", "begins with <html>"),
        (b"", "is empty"),
    ],
)
def test_other_files_of_that_name(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xrdml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_curve(path)


def test_columns_have_no_place_here(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leave columns out"):
        read_curve(written(tmp_path, scan()), columns=["two_theta", "intensity"])


def test_scans_at_other_angles_of_incidence_are_a_map_and_not_repeats(tmp_path: Path) -> None:
    moved = scan().replace("<startPosition>5<", "<startPosition>6<")
    path = written(tmp_path, scan(), moved)
    with pytest.raises(InputError, match=r"1 \(10 to 10.4°, Omega 5\); 2 \(10 to 10.4°, Omega 6\)"):
        read_curve(path)
    np.testing.assert_array_equal(read_curve(path, entry=2).y, [100, 200, 400, 300, 0])


def test_scans_over_other_axes_are_left_out_beside_one_over_two_theta(tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, scan(axis="Chi"), scan()))
    assert len(curve.x) == 5
    assert "1 scans that are not over 2θ were left out" in curve.notes


def test_a_monochromator_that_leaves_one_line(tmp_path: Path) -> None:
    """A ratio of 0 says that Kα2 did not pass."""
    path = written(tmp_path, scan())
    content = path.read_bytes()
    path.write_bytes(content.replace(b">0.5000<", b">0.0000<"))
    stated = read_curve(path).stated
    assert (stated.wavelength, stated.second_wavelength, stated.ratio) == (1.540598, None, 0.0)
    monochromator = b'<incidentBeamPath><monochromator name="Ge(220)"/></incidentBeamPath>'
    path.write_bytes(content.replace(b"</usedWavelength>", b"</usedWavelength>" + monochromator))
    assert "a monochromator stood before the sample (Ge(220))" in " ".join(read_curve(path).notes)


def test_one_factor_for_all_points(tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, scan(beside="<commonBeamAttenuationFactor>10</commonBeamAttenuationFactor>")))
    np.testing.assert_allclose(curve.y, [1000, 2000, 4000, 3000, 0])
    assert curve.sigma is not None
    np.testing.assert_allclose(curve.sigma, 10.0 * np.sqrt([100, 200, 400, 300, 1]))


def test_definitions_of_entities_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xrdml"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><xrdMeasurements>&b;'
        "</xrdMeasurements>",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="document type or entities"):
        read_curve(path)


def test_measured_scan_of_an_older_version() -> None:
    """5027 points of XRDMeasurement 1.6: 1305 counts at 4.00656514°, 39.27 s a point, as in the text of the file."""
    curve = read_curve(measured("xrd/nomad-measurements_Apache2/XRD-918-16_10.xrdml"))
    ends: Any = (len(curve.x), curve.x[0], curve.x[-1], curve.y[0], curve.stated.counting_time)
    assert ends == (5027, 4.00656514, 69.99936587, 1305.0, 39.27)
    assert (curve.stated.wavelength, curve.stated.second_wavelength) == (1.540598, 1.544426)


def test_measured_scan() -> None:
    """8282 points; 2174 counts at 10.00943322° and 348 at 99.99442286°, as in the text of the file."""
    curve = read_curve(measured("xrd/dara_MIT/TiO2_0p4009-ZnO_0p6010--8min.xrdml"))
    ends: Any = (len(curve.x), curve.x[0], curve.x[-1], curve.y[0], curve.y[-1])
    assert ends == (8282, 10.00943322, 99.99442286, 2174.0, 348.0)
    assert (curve.stated.anode, curve.stated.counting_time) == ("Cu", 12.495)
    assert curve.stated.sample == "TiO2_0p4009-ZnO_0p6010--8min"
