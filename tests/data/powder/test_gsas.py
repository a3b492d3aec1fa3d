"""Powder data of GSAS: every type of bank as its manual lays it out, comments of 11-BM, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data import read_curve
from nanocrystal.errors import InputError
from support.powder_files import bank

HEAD = "a title of the measurement\n# comment\nBANK 1 4 4 CONST 500.0 1.0 0 0 FXYE\n"
ROWS = "500.0 100.0 10.0\n501.0 144.0 12.0\n502.0 0.0 0.0\n503.0 81.0 9.0\n"
COUNTS = [120.0, 98.0, 4096.0, 3.0, 0.0, 17.0, 1.0, 22.0, 999999.0, 5.0, 6.0, 7.0]
CONST = "CONST 1000 2.5 0 0"


def written(folder: Path, text: str, name: str = "a.fxye") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["a.fxye", "a.gsas", "a.GSA", "a.txt", "a.raw"])
def test_centidegrees(name: str, tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, HEAD + ROWS, name))
    np.testing.assert_allclose(curve.x, [5.0, 5.01, 5.03])
    np.testing.assert_allclose(curve.y, [100, 144, 81])
    assert curve.sigma is not None
    np.testing.assert_allclose(curve.sigma, [10, 12, 9])
    assert "1 of 4 points have σ = 0 and were left out" in curve.notes


@pytest.mark.parametrize("kind", ["", "STD"])
def test_packed_counts_without_a_word_for_their_type(kind: str, tmp_path: Path) -> None:
    """BANK 1 2919 292 CONST 1000 5 0 0 is STD: ten fields of detectors and counts on a line."""
    text = "title\n" + bank(kind, CONST, [(1.0, c) for c in COUNTS])
    curve = read_curve(written(tmp_path, text, "a.gsas"))
    np.testing.assert_allclose(curve.x, 10.0 + 0.025 * np.arange(12))
    np.testing.assert_array_equal(curve.y, COUNTS)
    assert curve.sigma is None  # plain counts: the weights of the data set hold


def test_means_of_several_detectors_have_the_sigma_of_all_their_counts(tmp_path: Path) -> None:
    """Four detectors of 25 counts each: 100 counts, so the mean is 25.0 ± 2.5."""
    text = "title\n" + bank("STD", CONST, [(1.0, 100.0), (4.0, 25.0), (10.0, 0.0)])
    curve = read_curve(written(tmp_path, text))
    assert curve.sigma is not None
    np.testing.assert_allclose(curve.sigma, [10.0, 2.5, 0.1])


def test_packed_intensities_with_errors(tmp_path: Path) -> None:
    rows = [(345.2, 18.3), (350.7, 18.5), (326.4, 17.8), (358.8, 18.7), (344.0, 18.3), (361.5, 18.8)]
    curve = read_curve(written(tmp_path, "title\n" + bank("ESD", CONST, rows)))
    np.testing.assert_allclose(curve.y, [r[0] for r in rows])
    np.testing.assert_allclose(curve.sigma, [r[1] for r in rows])


def test_alternate_packing_has_positions_of_its_own(tmp_path: Path) -> None:
    """20.5° is 2050 centidegrees, times 32 is 65600."""
    rows = [(65600.0 + 32.0 * i, 12.3456 + i, 0.512) for i in range(5)]
    curve = read_curve(written(tmp_path, "title\n" + bank("ALT", "CONST 2050 1 0 0", rows)))
    np.testing.assert_allclose(curve.x, 20.5 + 0.01 * np.arange(5))
    np.testing.assert_allclose(curve.y, 12.3456 + np.arange(5))
    np.testing.assert_allclose(curve.sigma, np.full(5, 0.512))


def test_lines_without_ends_of_80_characters(tmp_path: Path) -> None:
    text = f"{'title':80s}" + bank("STD", CONST, [(1.0, c) for c in COUNTS]).replace("\n", "")
    np.testing.assert_array_equal(read_curve(written(tmp_path, text)).y, COUNTS)


def test_numbers_between_blanks_where_columns_should_be(tmp_path: Path) -> None:
    text = "title\nBANK 1 12 2 CONST 400 1\n" + "20 21 26 29 30 36 18 21 25 25\n7 9\n"
    curve = read_curve(written(tmp_path, text))
    np.testing.assert_array_equal(curve.y, [20, 21, 26, 29, 30, 36, 18, 21, 25, 25, 7, 9])
    np.testing.assert_allclose(curve.x[[0, -1]], [4.0, 4.11])
    assert "between blanks" in " ".join(curve.notes)


def test_fewer_points_than_announced_are_told(tmp_path: Path) -> None:
    text = "title\n" + bank("STD", CONST, [(1.0, c) for c in COUNTS], pad=False)[:-3]  # cut within the last number
    curve = read_curve(written(tmp_path, text))
    np.testing.assert_array_equal(curve.y, COUNTS[:-1])
    assert "the bank holds 11 points, 12 are announced" in curve.notes


def test_a_number_of_points_that_no_file_holds(tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, "t\nBANK 1 999999999 4 CONST 1 1 0 0 STD\n" + "       5" * 10))
    assert "the bank holds 10 points, 999999999 are announced" in curve.notes


def test_one_of_several_banks(tmp_path: Path) -> None:
    text = "title\n" + bank("STD", CONST, [(1.0, c) for c in COUNTS], 2) + bank("ESD", CONST, [(5.0, 1.0)] * 4, 7)
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=r"holds 2 banks; choose one with entry = …, of: 1 \(bank 2\); 2 \(bank 7\)"):
        read_curve(path)
    np.testing.assert_array_equal(read_curve(path, entry=1).y, COUNTS)
    np.testing.assert_array_equal(read_curve(path, entry="bank 7").y, [5.0] * 4)


def test_comments_of_11_bm(tmp_path: Path) -> None:
    comments = (
        "NAC /nov12/11bmb_1804\n# User sample name =      1.5 mm diameter\n# Composition =           Na2Ca3Al2F14\n"
        "# Temp (K) =              298.0 \n# Calibrated wavelength = 0.413909\n"
    )
    stated = read_curve(written(tmp_path, comments + HEAD.splitlines()[2] + "\n" + ROWS)).stated
    assert (stated.wavelength, stated.temperature) == (0.413909, 298.0)
    assert (stated.composition, stated.sample) == ("Na2Ca3Al2F14", "1.5 mm diameter")


def test_the_instrument_file_that_the_data_name(tmp_path: Path) -> None:
    (tmp_path / "d1a.prm").write_text("INS   HTYPE   PNCR\nINS  1 ICONS  1.909000  0.0  -0.1  0  0.0  0  0.0\n")
    text = "Y3Fe2\nInstrument parameter file:d1a.prm\n" + bank("STD", CONST, [(1.0, c) for c in COUNTS])
    stated = read_curve(written(tmp_path, text)).stated
    assert (stated.wavelength, stated.radiation) == (1.909, "neutron")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ROWS, "no line begins with BANK"),
        (HEAD + ROWS + HEAD[-41:] + ROWS, "2 banks"),
        (HEAD.replace("FXYE", "XYZ") + ROWS, "of the type XYZ"),
        (HEAD.replace("CONST", "SLOG") + ROWS, "line 3: holds times of flight (binning SLOG)"),
        ("t\n" + bank("ALT", "RALF 48008 64 64331 0.001", [(48008.0, 1.0, 0.1)] * 4), "times of flight"),
        (HEAD.replace("CONST", "EDS") + ROWS, "energies"),
        (HEAD + ROWS.replace("50", "4000"), "no 2θ in centidegrees"),
        (HEAD + ROWS.replace("144.0", "x"), "line 5"),
        (HEAD + "500.0 100.0\n501.0 2.0\n502.0 3.0\n", "2θ, intensity and σ behind BANK"),
        (HEAD + ROWS.replace("503", "499"), "do not ascend"),
        (HEAD, "at least 3 rows"),
        ("t\nBANK 1 four\n", "names no bank with its number of points"),
        ("t\nBANK 1 4 4 CONST 500.0\n" + "       5" * 4, "first 2θ and the step"),
    ],
)
def test_what_is_refused(text: str, words: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_curve(path, where="datasets.xrd.file")
    assert words in str(caught.value)
