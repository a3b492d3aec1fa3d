"""canSAS curves, from XML and from HDF5 alike: units, entries, resolution, slits, beam, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nanocrystal import InputError
from nanocrystal.data import Curve, read_curve
from support.measured import measured
from support.small_angle_files import Columns, Entry, cansas_xml, nxcansas

Q = [0.01, 0.02, 0.03, 0.05]
INTENSITY = [400.0, 300.0, 200.0, 50.0]
IDEV = [4.0, 3.0, 2.0, 0.5]
QDEV = [0.001, 0.002, 0.003, 0.005]
PLAIN: Columns = {"Q": (Q, "1/A"), "I": (INTENSITY, "1/cm"), "Idev": (IDEV, "1/cm"), "Qdev": (QDEV, "1/A")}

Written = Callable[..., Path]


@pytest.fixture
def in_xml(tmp_path: Path) -> Written:
    """Return what writes entries to a file."""

    def write(*entries: Entry) -> Path:
        path = tmp_path / "made.xml"
        path.write_text(cansas_xml(*entries), encoding="utf-8")
        return path

    return write


@pytest.fixture(params=["xml", "h5"])
def written(tmp_path: Path, request: pytest.FixtureRequest, in_xml: Written) -> Written:
    """Return the same, and what writes them as NXcanSAS."""

    def write(*entries: Entry) -> Path:
        path = tmp_path / "made.h5"
        path.write_bytes(nxcansas(*entries))
        return path

    return in_xml if request.param == "xml" else write


def said(curve: Curve) -> str:
    return "; ".join(curve.notes)


def test_columns_are_those_of_the_file(written: Written) -> None:
    entry = Entry([PLAIN], radiation="neutron", wavelength=(0.6, "nm"), title="silica")
    curve = read_curve(written(entry))
    np.testing.assert_array_equal(curve.x, Q)
    np.testing.assert_array_equal(curve.y, INTENSITY)
    np.testing.assert_array_equal(curve.sigma, IDEV)
    np.testing.assert_array_equal(curve.resolution, QDEV)
    assert (curve.x_name, curve.y_name) == ("q", "intensity")
    stated = curve.stated
    assert (stated.radiation, stated.wavelength, stated.sample) == ("neutron", 6.0, "silica")
    assert (stated.x_unit, stated.y_unit) == ("1/A", "1/cm")


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("1/nm", 0.1), ("nm^-1", 0.1), ("1/angstrom", 1.0), ("Å⁻¹", 1.0), ("1/m", 1e-10), ("1/cm", 1e-8)],
)
def test_q_is_converted_with_its_resolution(in_xml: Written, unit: str, factor: float) -> None:
    curve = read_curve(in_xml(Entry([{**PLAIN, "Q": (Q, unit), "Qdev": (QDEV, unit)}])))
    np.testing.assert_allclose(curve.x, np.array(Q) * factor, rtol=1e-12)
    np.testing.assert_allclose(curve.resolution, np.array(QDEV) * factor, rtol=1e-12)


@pytest.mark.parametrize(
    ("unit", "factor", "now"),
    [
        ("1/m", 0.01, "1/cm"),
        ("m-1", 0.01, "1/cm"),
        ("1/mm", 10.0, "1/cm"),
        ("1/cm/sr", 1.0, "1/cm"),
        ("cm^-1 sr^-1", 1.0, "1/cm"),
        ("m2/m3", 0.01, "1/cm"),
        ("1/nm", 1e7, "1/cm"),
        ("a.u.", 1.0, "a.u."),
        ("Counts", 1.0, "Counts"),
        ("cm2/g", 1.0, "cm2/g"),
    ],
)
def test_absolute_intensities_come_in_per_centimetre(in_xml: Written, unit: str, factor: float, now: str) -> None:
    curve = read_curve(in_xml(Entry([{**PLAIN, "I": (INTENSITY, unit), "Idev": (IDEV, unit)}])))
    np.testing.assert_allclose(curve.y, np.array(INTENSITY) * factor, rtol=1e-12)
    np.testing.assert_allclose(curve.sigma, np.array(IDEV) * factor, rtol=1e-12)
    assert curve.stated.y_unit == now
    assert ("converted" in said(curve)) == (factor != 1.0)
    assert ("as the file has it" in said(curve)) == (unit == "cm2/g")


def test_an_unknown_unit_of_q_is_refused_with_its_words(in_xml: Written) -> None:
    with pytest.raises(InputError, match="gives Q in the unit '1/furlong', which is not known; 1/A and 1/nm are"):
        read_curve(in_xml(Entry([{**PLAIN, "Q": (Q, "1/furlong")}])))


def test_q_without_unit_is_in_angstrom_and_said(in_xml: Written) -> None:
    curve = read_curve(in_xml(Entry([{**PLAIN, "Q": (Q, "")}])))
    np.testing.assert_array_equal(curve.x, Q)
    assert "states no unit of Q" in said(curve)


def test_one_of_several_entries_is_chosen_by_name_run_title_or_place(written: Written) -> None:
    second: Columns = {"Q": (Q, "1/A"), "I": ([v / 2 for v in INTENSITY], "1/cm")}
    path = written(Entry([PLAIN], "front", "first", "17"), Entry([second], "rear", "second one", "18"))
    with pytest.raises(InputError, match=r"holds 2 SASdata; choose one with entry = …, of: 1 \(front\); 2 \(rear\)"):
        read_curve(path)
    for entry in (2, "rear", "18", "second one"):
        assert read_curve(path, entry=entry).y[0] == 200.0
    assert read_curve(path, entry=1).y[0] == 400.0
    with pytest.raises(InputError, match="has no SASdata 'middle'"):
        read_curve(path, entry="middle")


def test_one_of_several_data_of_an_entry_is_chosen(written: Written) -> None:
    half: Columns = {"Q": (Q, "1/A"), "I": ([v / 2 for v in INTENSITY], "1/cm")}
    path = written(Entry([PLAIN, half], "a", data_names=("raw", "merged")))
    assert read_curve(path, entry="merged").y[0] == 200.0
    assert read_curve(path, entry="a/merged").y[0] == 200.0
    with pytest.raises(InputError, match=r"1 \(.*\); 2 \(.*\)"):
        read_curve(path, entry="a")


def test_a_slit_is_said_with_the_key_that_takes_it(written: Written) -> None:
    columns: Columns = {**PLAIN, "dQl": ([0.117] * 4, "1/A"), "dQw": ([1e-5] * 4, "1/A")}
    del columns["Qdev"]  # type: ignore[attr-defined]
    curve = read_curve(written(Entry([columns], resolutions=("dQw", "dQl"))))
    assert curve.resolution is None
    assert curve.stated.slit_length == 0.117
    assert "the curve is slit-smeared, dQl = 0.117 Å⁻¹, which small angles take as slit_length" in said(curve)


def test_a_curve_that_is_called_smeared_is_said(in_xml: Written) -> None:
    path = in_xml(Entry([PLAIN], "a", data_names=("slit-smeared",)))
    assert "called 'slit-smeared'" in said(read_curve(path))


@pytest.mark.parametrize("bad", [float("nan"), -0.001])
def test_a_resolution_with_gaps_is_left_out(written: Written, bad: float) -> None:
    curve = read_curve(written(Entry([{**PLAIN, "Qdev": ([0.001, bad, 0.003, 0.005], "1/A")}])))
    assert curve.resolution is None
    assert "Qdev is missing or negative at some points and is ignored" in said(curve)


def test_sigma_that_is_nowhere_above_zero_is_none(in_xml: Written) -> None:
    curve = read_curve(in_xml(Entry([{**PLAIN, "Idev": ([0.0] * 4, "1/cm")}])))
    assert curve.sigma is None
    assert "Idev is nowhere above 0" in said(curve)


def test_points_are_sorted_and_equal_q_of_two_detectors_kept(in_xml: Written) -> None:
    q = [0.02, 0.03, 0.01, 0.02]
    curve = read_curve(in_xml(Entry([{**PLAIN, "Q": (q, "1/A")}])))
    np.testing.assert_array_equal(curve.x, [0.01, 0.02, 0.02, 0.03])
    np.testing.assert_array_equal(curve.y, [200.0, 400.0, 50.0, 300.0])


@pytest.mark.parametrize(
    ("words", "radiation"),
    [
        ("Spallation Neutron Source", "neutron"),
        ("X-ray synchrotron", "x-ray"),
        ("synchrotron", "x-ray"),
        ("Fixed Tube X-ray", "x-ray"),
        ("electron", "electron"),
        ("artificial", None),
    ],
)
def test_the_source_names_the_radiation(in_xml: Written, words: str, radiation: str | None) -> None:
    assert read_curve(in_xml(Entry([PLAIN], radiation=words))).stated.radiation == radiation


# ---- real files -----------------------------------------------------------------------------------


def test_the_parts_of_measured_latex() -> None:
    path = measured("saxs/sasview_BSD3/latex_smeared.xml")
    pinhole, slit = (read_curve(path, entry=e) for e in ("latex_sans", 2))
    assert (len(pinhole.x), pinhole.x[0], pinhole.resolution[0]) == (301, 0.003797, 0.00109)  # type: ignore[index]
    assert (len(slit.x), slit.x[0], slit.y[0], slit.stated.wavelength) == (82, 7.7457e-05, 8432.04, 2.38)
    assert slit.stated.slit_length == 0.117


def test_the_same_measurement_in_hdf5_and_xml_of_mantid() -> None:
    curve = read_curve(measured("saxs/sasview_BSD3/33837rear_1D_1.75_16.5_NXcanSAS.h5"))
    assert (len(curve.x), curve.stated.radiation, curve.stated.y_unit) == (66, "neutron", "Counts")
    np.testing.assert_allclose(curve.x[[0, 1, -1]], [0.00416, 0.0044928, 0.618924], rtol=1e-5)
    np.testing.assert_allclose(curve.y[:3], [5.41609467, 4.32188399, 3.96470688], rtol=1e-8)
    assert curve.sigma is not None
    np.testing.assert_allclose(curve.sigma[:2], [0.61522475, 0.42078868], rtol=1e-7)


# ---- XML only -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("<SASroot", "<html", "cannot be read as canSAS XML"),
        ("</SASroot>", "", "cannot be read as canSAS XML"),
        ("SASdata", "SASinfo", "holds no SASdata"),
        ('<I unit="1/cm">400.0</I>', "", "points lack Q or I"),
        ("400.0<", "4OO.0<", "has '4OO.0' as I of point 1, which is no number"),
        ('<Q unit="1/A">0.02', '<Q unit="1/nm">0.02', "gives Q in several units: '1/A', '1/nm'"),
        ('<Q unit="1/A">0.01<', '<Q unit="1/A"><', "missing, infinite or not-a-number"),
    ],
)
def test_what_is_no_curve_of_cansas_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text(cansas_xml(Entry([PLAIN])).replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=problem) as caught:
        read_curve(path)
    assert "\n" not in str(caught.value)


def test_entities_are_never_expanded(tmp_path: Path) -> None:
    rows = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    bomb = f'<!DOCTYPE x [<!ENTITY a0 "0123456789">{rows}<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    path = tmp_path / "a.xml"
    text = cansas_xml(Entry([PLAIN], title="TITLE"), head=bomb)
    path.write_text(text.replace("TITLE", "&a11;&e;"), encoding="utf-8")
    with pytest.raises(InputError, match="defines a document type or entities"):
        read_curve(path)
