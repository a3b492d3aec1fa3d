"""Every measured curve at hand is read whole, with the right columns."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from nanocrystal.data import read_curve
from support import measured as measured_module
from support.measured import measured

# file, points, first r, last r, position of the first peak in Å
PDFS = [
    ("pdfgui_CdSe_3nm/CdSe-3nm.gr", 4499, 0.01, 44.99, 2.62),
    ("pdfgui_CdSe_3nm/CdSe-bulk.gr", 4500, 0.01, 45.0, 2.63),
    ("pdfttp_ch03NiModelling/Ni.gr", 6001, 0.0, 60.0, 2.49),
    ("pdfttp_ch03NiModelling/Pt-nanoparticles.gr", 6001, 0.0, 60.0, 2.77),
    ("pdfttp_ch04GetPDF/Ni.gr", 6001, 0.0, 60.0, 2.49),
    ("pdfttp_ch05Fit2Phase/ni.gr", 5999, 0.01, 59.99, 2.49),
    ("pdfttp_ch05Fit2Phase/si.gr", 5999, 0.01, 59.99, 2.35),
    ("pdfttp_ch05Fit2Phase/sini.gr", 5999, 0.01, 59.99, 2.41),
    ("pdfttp_ch08NPRefinement/CdSe-bulk.gr", 5001, 0.0, 50.0, 2.63),
    ("pdfttp_ch08NPRefinement/CdSe-1.gr", 5001, 0.0, 50.0, 2.60),
    ("pdfttp_ch08NPRefinement/CdSe-2.gr", 5001, 0.0, 50.0, 2.61),
    ("pdfttp_ch08NPRefinement/CdSe-3.gr", 5001, 0.0, 50.0, 2.62),
    ("pdfttp_ch08NPRefinement/CdSe-4.gr", 5001, 0.0, 50.0, 2.62),
    ("pdfttp_ch11ClusterXYZ/CdSe.gr", 5001, 0.0, 50.0, 2.62),
    ("pdfttp_nanoparticle-fit/CdS_ZnS_nano.gr", 7500, 0.01, 75.0, 2.51),
]
# file, points, first q, last q, whether there is a sigma
PATTERNS = [
    ("pdfttp_ch04GetPDF/Ni.chi", 1561, 0.06, 31.26, True),
    ("pdfttp_ch04GetPDF/kapton.chi", 1560, 0.02, 31.26, True),
    ("pdfttp_ch05Fit2Phase/ni.iq", 2587, 0.46545929, 23.993219, False),
    ("pdfttp_ch05Fit2Phase/si.iq", 2587, 0.46545929, 23.993219, False),
    ("pdfttp_ch05Fit2Phase/sini.iq", 2587, 0.46545929, 23.993219, False),
]


@pytest.mark.parametrize(("name", "points", "first", "last", "peak"), PDFS)
def test_pdf_is_read_whole(name: str, points: int, first: float, last: float, peak: float) -> None:
    path = measured(f"pdf/{name}")
    curve = read_curve(path)
    assert (curve.x_name, curve.y_name) == ("r", "g")
    assert curve.x.shape == curve.y.shape == (points,)
    assert curve.x[0] == pytest.approx(first, abs=1e-5)
    assert curve.x[-1] == pytest.approx(last, abs=1e-5)
    assert np.allclose(np.diff(curve.x), 0.01, atol=1e-5)
    near = curve.between(2.0, 3.2, name)
    assert near.x[np.argmax(near.y)] == pytest.approx(peak, abs=0.0101)
    assert (curve.sigma is not None) == ("pdfgui" in name)
    assert curve.source == str(path)
    assert curve.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(("name", "points", "first", "last", "has_sigma"), PATTERNS)
def test_pattern_is_read_whole(name: str, points: int, first: float, last: float, has_sigma: bool) -> None:
    curve = read_curve(measured(f"pdf/{name}"))
    assert (curve.x_name, curve.y_name) == ("q", "intensity")
    assert curve.x.shape == curve.y.shape == (points,)
    assert (curve.x[0], curve.x[-1]) == (pytest.approx(first), pytest.approx(last))
    assert (curve.sigma is not None) == has_sigma


def test_first_strong_line_of_nickel_is_where_its_cell_says() -> None:
    curve = read_curve(measured("pdf/pdfttp_ch04GetPDF/Ni.chi")).between(2.5, 3.3, "")
    expected = 2.0 * np.pi * np.sqrt(3.0) / 3.52478  # (111), cell from the published refinement
    assert curve.x[np.argmax(curve.y)] == pytest.approx(expected, abs=0.02)


def test_empty_bins_at_the_ends_are_left_out_with_a_note_and_on_request_kept() -> None:
    path = measured("pdf/pdfttp_ch04GetPDF/Ni.chi")
    curve = read_curve(path)
    assert curve.sigma is not None
    assert curve.sigma.min() > 0.0
    assert any("15 rows at the ends" in note for note in curve.notes)
    assert len(read_curve(path, columns=["q", "intensity", "ignore"]).x) == 1576
    kapton = measured("pdf/pdfttp_ch04GetPDF/kapton.chi")
    assert len(read_curve(kapton, columns=["q", "intensity", "ignore"]).x) == 1573


def test_third_column_of_a_pdfgetx2_file_is_not_sigma() -> None:
    curve = read_curve(measured("pdf/pdfgui_CdSe_3nm/CdSe-3nm.gr"))
    assert curve.sigma is not None
    assert curve.y[0] == 4.879346e-03
    assert curve.sigma[0] == 1.642925e-04
    (note,) = curve.notes
    assert "column 3 (headed 'd_r') is not an error bar" in note
    assert "column 4 (headed 'd_Gr') is sigma" in note


def test_long_header_is_metadata_and_not_data() -> None:
    curve = read_curve(measured("pdf/pdfgui_CdSe_3nm/CdSe-3nm.gr"))
    expected = {"qmin": "0.300000", "qmax": "14.000000", "lambda": "0.142500", "title": "PDF analysis"}
    assert {key: curve.metadata[key] for key in expected} == expected
    assert curve.metadata["numberdensity"] == "0.00600000"
    pt = read_curve(measured("pdf/pdfttp_ch03NiModelling/Pt-nanoparticles.gr"))
    expected = {"wavelength": "0.1863", "qmax": "25.0", "composition": "Pt", "rmax": "6.0"}
    assert {key: pt.metadata[key] for key in expected} == expected
    assert read_curve(measured("pdf/pdfttp_ch08NPRefinement/CdSe-2.gr")).metadata["composition"] == "Cd Se"


def test_mixed_rows_of_silicon_are_all_kept() -> None:
    curve = read_curve(measured("pdf/pdfttp_ch05Fit2Phase/si.gr"))
    assert curve.sigma is None
    (note,) = curve.notes
    assert note.startswith("928 of 5999 rows have more than 2 columns")


def test_fortran_numbers_without_leading_zero() -> None:
    curve = read_curve(measured("pdf/pdfttp_ch05Fit2Phase/sini.gr"))
    assert curve.y[0] == -0.054068219


@pytest.mark.parametrize(("name", "points"), [("spheres_0.dat", 560), ("peaks_0.dat", 560)])
def test_headings_of_a_dat_file_say_what_its_columns_are(name: str, points: int) -> None:
    curve = read_curve(measured(f"saxs/xrsdkit_SLAC_BSD3/{name}"))
    assert (curve.x_name, curve.y_name, len(curve.x)) == ("q", "intensity", points)
    assert curve.notes == ("columns read by their headings as q, intensity",)


def test_other_measured_files() -> None:
    curve = read_curve(measured("xrd/dara_MIT/BiFeO3.xy"))
    assert (curve.x_name, len(curve.x)) == ("two_theta", 23928)
    path = measured("saxs/sasview_BSD3/S50_15kG_horizSector_RF+.txt")
    curve = read_curve(path, columns=["q", "intensity", "sigma", "ignore"])
    assert (len(curve.x), curve.sigma is not None) == (105, True)
    path = measured("optical/imperial_CdSe_QD_MIT/Run_2_UV-Vis.csv")
    curve = read_curve(path, columns=["x", "y", *["ignore"] * 15])
    assert (curve.x[0] < curve.x[-1], len(curve.x)) == (True, 251)
    assert "reversed" in curve.notes[0]


@pytest.mark.parametrize(
    ("relative", "inside"),
    [
        ("pdf/pdfttp_ch03NiModelling/Ni.gr", "ch03NiModelling/data/Ni.gr"),
        ("pdf/pdfttp_ch05Fit2Phase/ni.iq", "ch05Fit2Phase/data/iq/ni.iq"),
        ("pdf/pdfttp_nanoparticle-fit/CdS.cif", "nanoparticle-fit/CdS.cif"),
    ],
)
def test_files_of_the_wheel_are_found(relative: str, inside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("diffpy.cmi")
    monkeypatch.setattr(measured_module, "_folders", list)
    assert measured(relative).as_posix().endswith(f"docs/examples/pdf/{inside}")


def test_a_file_that_is_nowhere_skips_but_fails_on_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="NANOCRYSTAL_DATA"):
        measured("pdf/nowhere.gr")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="NANOCRYSTAL_DATA"):
        measured("pdf/nowhere.gr")
