"""G(r) of the programs that make PDFs: where it begins, which columns it is, and what the head says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal import InputError
from nanocrystal.data import Curve, read_curve
from support import pdf_files
from support.measured import measured
from support.structure_texts import project

R = np.round(np.arange(0.01, 5.0, 0.01), 2)
G = np.sin(3.0 * R) * np.exp(-0.1 * R)
TWO = np.stack([R, G], axis=1).tolist()
FOUR = np.stack([R, G, -0.07 * R, 0.01 + 0.001 * R], axis=1).tolist()
N4 = np.stack([R, G, 0.0 * R, 0.01 + 0.001 * R], axis=1).tolist()


def read(folder: Path, text: str, name: str = "a.gr") -> Curve:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_curve(path)


@pytest.mark.parametrize(
    ("text", "within", "sigma"),
    [
        (pdf_files.pdfgetx3(TWO), 1e-7, False),
        (pdf_files.pdfgetx2(FOUR), 1e-6, True),
        (pdf_files.pdfgetn(N4), 1e-5, True),
        (pdf_files.gsas_ii(TWO), 1e-5, False),
        (pdf_files.rmcprofile(TWO), 1e-6, False),
        (pdf_files.pdfgui(FOUR), 1e-7, True),
    ],
    ids=["PDFgetX3", "PDFgetX2", "PDFgetN", "GSAS-II", "RMCProfile", "PDFgui"],
)
def test_every_row_is_read_with_the_fourth_column_as_sigma(
    tmp_path: Path, text: str, within: float, sigma: bool
) -> None:
    curve = read(tmp_path, text)
    np.testing.assert_allclose(curve.x, R, atol=within)
    np.testing.assert_allclose(curve.y, G, atol=within)
    assert (curve.x_name, curve.y_name) == ("r", "g")
    if sigma:
        assert curve.sigma is not None
        np.testing.assert_allclose(curve.sigma, 0.01 + 0.001 * R, atol=within)
    else:
        assert curve.sigma is None


def test_heads_say_what_was_measured(tmp_path: Path) -> None:
    x3 = read(tmp_path, pdf_files.pdfgetx3(TWO)).stated
    assert (x3.radiation, x3.wavelength, x3.composition) == ("x-ray", 0.1867, "CdSe")
    assert (x3.qmin, x3.qmax) == (0.5, 24.0)
    assert read(tmp_path, pdf_files.pdfgetx3(TWO, "neutron")).stated.radiation == "neutron"
    x2 = read(tmp_path, pdf_files.pdfgetx2(FOUR)).stated
    assert (x2.wavelength, x2.qmax, x2.temperature) == (0.1425, 14.0, 300.0)
    n = read(tmp_path, pdf_files.pdfgetn(N4)).stated
    assert (n.radiation, n.qmax) == ("neutron", 27.0)
    gui = read(tmp_path, pdf_files.pdfgui(FOUR, "N")).stated
    assert (gui.radiation, gui.qmax, gui.qdamp, gui.qbroad) == ("neutron", 24.0, 0.045, 0.01)


def test_the_layout_of_rmcprofile_is_remarked_on(tmp_path: Path) -> None:
    remark = "laid out as RMCProfile and STOG write theirs"
    assert any(remark in note for note in read(tmp_path, pdf_files.rmcprofile(TWO)).notes)
    wrong_count = f"{len(TWO) + 1}\ntitle\n" + pdf_files.lines(TWO, "%.6f")
    for text in (pdf_files.gsas_ii(TWO), pdf_files.pdfgetx3(TWO), wrong_count):
        assert not any(remark in note for note in read(tmp_path, text).notes)


def test_a_data_set_of_a_pdfgui_project_is_chosen_by_fit_and_name(tmp_path: Path) -> None:
    half = np.stack([R, 0.5 * G, 0.0 * R, 0.01 + 0.0 * R], axis=1).tolist()
    data = {"fit 1/a.gr": pdf_files.pdfgui(FOUR), "fit 2/a.gr": pdf_files.pdfgui(half, "N")}
    path = tmp_path / "a.ddp3"
    path.write_bytes(project({}, data=data))
    second = read_curve(path, entry="fit 2/a.gr")
    np.testing.assert_allclose(second.y, 0.5 * G, atol=1e-7)
    assert (second.stated.radiation, second.stated.temperature) == ("neutron", 300.0)
    np.testing.assert_allclose(read_curve(path, entry=1).y, G, atol=1e-7)
    with pytest.raises(InputError, match=r"holds 2 data sets; choose one .*1 \(fit 1/a.gr\); 2 \(fit 2/a.gr\)"):
        read_curve(path)


@pytest.mark.parametrize("content", [b"PK\x03\x04 cut off", b"no archive", project({})])
def test_what_is_no_project_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.ddp"
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_curve(path)


def test_the_third_column_of_real_files_is_a_line_and_no_error() -> None:
    """PDFgetX2: the third column is −4πρ₀r with ρ₀ = 0.006 Å⁻³, as its head says; it is left aside with a note."""
    path = measured("pdf/pdfgui_CdSe_3nm/CdSe-3nm.gr")
    curve = read_curve(path)
    rows = [line.split() for line in path.read_text(encoding="latin-1").splitlines()[-4499:]]
    third = np.array([float(row[2]) for row in rows])
    np.testing.assert_allclose(third, -4.0 * np.pi * 0.006 * curve.x, rtol=1e-5)
    assert curve.sigma is not None
    np.testing.assert_array_equal(curve.sigma, [float(row[3]) for row in rows])
    assert (len(curve.x), curve.stated.wavelength, curve.stated.qmax) == (4499, 0.1425, 14.0)
    assert any("'d_r') is not an error bar" in note for note in curve.notes)
