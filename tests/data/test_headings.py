"""Headings and units, in the words of many programs, say what columns are; numbers come in Å, Å⁻¹, degrees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal.data import Curve, read_curve
from nanocrystal.data.abscissa import scale_of
from nanocrystal.data.conventions import proposed
from nanocrystal.data.headings import heading
from nanocrystal.data.titles import titles
from nanocrystal.data.units import factor
from nanocrystal.errors import InputError

ROWS = [[0.5 * i, 100.0 + 7.0 * i, 3.0 + 0.1 * i, 0.01 * i, 5.0, 6.0] for i in range(1, 13)]


def written(folder: Path, name: str, head: str, width: int, order: tuple[int, ...] = (0, 1, 2, 3, 4, 5)) -> Path:
    """Write ROWS, their columns in an order, below a head."""
    lines = [" ".join(f"{row[k]:.6g}" for k in order[:width]) for row in ROWS]
    (folder / name).write_text("\n".join([*([head] if head else []), *lines]) + "\n", encoding="utf-8")
    return folder / name


def column(k: int) -> np.ndarray:
    return np.array([row[k] for row in ROWS])


# head, number of columns, abscissa, σ (column of ROWS or None), whether there is a resolution
HEADS: dict[str, tuple[str, int, str, int | None, bool]] = {
    "SasView": ("<X>   <Y>   <dY>   <dX>", 4, "q", 2, True),
    "NIST": ("The 6 columns are | Q (1/A) | I(Q) (1/cm) | std. dev. I(Q) (1/cm) | sigmaQ | meanQ | ShadowFactor|",
             6, "q", 2, True),
    "one blank between": ("Q (1/A) I(q) (1/cm) std. dev.", 3, "q", 2, False),
    "units as words": ("q A-1\tI(q) cm-1", 2, "q", None, False),
    "resolution": ("q,I,sigma,dq", 4, "q", 2, True),
    "ATSAS": ("      S          J EXP       ERROR", 3, "q", 2, False),
    "Bruker": ("2Theta (Coupled TwoTheta/Theta) WL=1.54060, Intensity", 2, "two_theta", None, False),
    "Bruker, PSD": ("     Angle,       PSD", 2, "two_theta", None, False),
    "row of units": ("TwoTheta  Intensity\n(deg)     (counts)", 2, "two_theta", None, False),
    "comment with a row of units": ("# 2theta   I    sigma\n# deg  cts  cts", 3, "two_theta", 2, False),
    "HighScore": ("Angle,Intensity,ESD", 3, "two_theta", 2, False),
    "pyFAI": ("# q_A^-1  I   sigma", 3, "q", 2, False),
    "Xenocs": ("q(A-1)\tI(q)\tSig(q)", 3, "q", 2, False),
    "FullProf": ("2Theta\tYobs\tYcal\tYobs-Ycal\tBackg", 5, "two_theta", None, False),
    "semicolons": ("q;I;sigma", 3, "q", 2, False),
    "brackets behind a blank": ("Q (inverse Angstroms) I (a. u.) error", 3, "q", 2, False),
    "Greek": ("# Q [Å⁻¹]   I(Q) [cm⁻¹]   ΔI", 3, "q", 2, False),
    "PANalytical": ("Pos. [°2Th.],Intensity [counts]", 2, "two_theta", None, False),
    "JSON": ('# "columns": ["Q (1/A)", "I(Q) (1/cm)", "std. dev. I(Q) (1/cm)"]', 3, "q", 2, False),
    "quotes": ('"Q [1/Å]","I [1/cm]","Error"', 3, "q", 2, False),
}  # fmt: skip


@pytest.mark.parametrize("case", HEADS)
def test_headings_name_the_columns(case: str, tmp_path: Path) -> None:
    head, width, x_name, sigma, resolved = HEADS[case]
    curve = read_curve(written(tmp_path, "a.txt", head, width))
    assert (curve.x_name, curve.y_name) == (x_name, "intensity")
    np.testing.assert_array_equal(curve.x, column(0))
    np.testing.assert_array_equal(curve.y, column(1))
    assert (curve.sigma is None) == (sigma is None)
    if sigma is not None:
        np.testing.assert_array_equal(curve.sigma, column(sigma))
    assert (curve.resolution is None) != resolved
    if resolved:
        np.testing.assert_array_equal(curve.resolution, column(3))


def test_error_before_the_intensity_is_read_by_its_heading(tmp_path: Path) -> None:
    """`# q err I` in .iq: by the kind of file the second column would be the intensity."""
    curve = read_curve(written(tmp_path, "a.iq", "# q err I", 3, (0, 2, 1)))
    np.testing.assert_array_equal(curve.y, column(1))
    np.testing.assert_array_equal(curve.sigma, column(2))
    assert any(
        "column 2 is sigma by its heading 'err', not intensity as in most .iq files" in note for note in curve.notes
    )


def test_a_calculated_pattern_is_no_standard_deviation(tmp_path: Path) -> None:
    """`# 2theta Yobs Ycalc` in .xye: by the kind of file the third column would be σ."""
    curve = read_curve(written(tmp_path, "a.xye", "# 2theta Yobs Ycalc", 3))
    assert curve.sigma is None
    np.testing.assert_array_equal(curve.y, column(1))
    assert any(
        "column 3 is calculated by its heading 'Ycalc', not sigma as in most .xye files" in note for note in curve.notes
    )


@pytest.mark.parametrize(
    ("name", "head", "width", "x_name", "y_name"),
    [
        ("a.chi", "image\n2-Theta Angle (Degrees)\nIntensity\n   12", 2, "two_theta", "intensity"),
        ("a.xy", "# Q I", 2, "q", "intensity"),
        ("a.gr", "#L Q  S(Q)", 2, "q", "s"),
    ],
)
def test_headings_go_before_the_suffix(
    name: str, head: str, width: int, x_name: str, y_name: str, tmp_path: Path
) -> None:
    curve = read_curve(written(tmp_path, name, head, width))
    assert (curve.x_name, curve.y_name) == (x_name, y_name)
    assert any("by its heading" in note for note in curve.notes)


# name, head, what the abscissa of ROWS is multiplied with
UNITS = [
    ("a.chi", "image\nQ (Inverse Nanometres)\nIntensity\n    12", 0.1),
    ("a.iq", "# distance 0.2 m\n#   q_nm^-1     I", 0.1),
    ("a.iq", "# q(nm⁻¹)  I(q)", 0.1),
    ("a.csv", "q / nm-1,I", 0.1),
    ("a.iq", "# q_unit = 1/nm", 0.1),
    ("a.iq", "# Q (Å⁻¹)  I", 1.0),
    ("a.gr", "#L r (nm)  G(r)", 10.0),
    ("a.gr", "#L r($\\AA$)  G($\\AA^{-2}$)", 1.0),
    ("a.xy", "# 2theta (rad)  counts", 180.0 / np.pi),
    ("a.xy", "# 2theta (mdeg)  counts", 0.001),
    ("a.xy", "TwoTheta,I\nmillidegrees,counts", 0.001),
]


@pytest.mark.parametrize(("name", "head", "expected"), UNITS)
def test_units_that_a_file_states_are_converted(name: str, head: str, expected: float, tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, name, head, 2))
    np.testing.assert_allclose(curve.x, expected * column(0), rtol=1e-14)
    assert any("was converted to" in note for note in curve.notes) == (expected != 1.0)
    plain = read_curve(tmp_path / name, believe="study", columns=None)
    np.testing.assert_array_equal(plain.x, column(0))
    assert plain.stated.x_unit == ""


def test_resolution_is_converted_with_its_abscissa(tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, "a.dat", "q(1/nm)  I  sigma  dq", 4))
    np.testing.assert_allclose(curve.resolution, 0.1 * column(3), rtol=1e-14)


def test_columns_that_the_user_names_keep_the_unit_of_the_file(tmp_path: Path) -> None:
    """To say what a column is, is not to say that its unit is another."""
    path = written(tmp_path, "a.iq", "# q_nm^-1  I", 2)
    np.testing.assert_allclose(read_curve(path, columns=["q", "intensity"]).x, 0.1 * column(0), rtol=1e-14)


OTHERS = [
    ("a.chi", "image\nD-spacing (A)\nIntensity\n   12", ["line 2 says 'D-spacing (A)'", "a spacing d"]),
    (
        "a.chi",
        "image\nRadial distance (mm)\nIntensity\n   12",
        ["'Radial distance (mm)'", "a distance on the detector"],
    ),
    ("a.chi", "image\nEnergy (furlongs)\nIntensity\n   12", ["'Energy (furlongs)'"]),
    ("a.chi", "image\nAzimuth (Degrees)\nIntensity\n   12", ["an azimuth"]),
    ("a.chi", "image\nWobble\nIntensity\n   12", ["'Wobble'", "a quantity that is not known"]),
    ("a.xy", "# Theta (deg)  Intensity", ["'Theta (deg)'", "θ, not 2θ"]),
    ("a.xy", "# Time  Counts", ["'Time'", "a time"]),
    ("a.gr", "# r  D(r)", ["'D(r)'"]),
    ("a.iq", "# q  log(I)", ["'log(I)'", "a logarithm of the intensity"]),
    ("a.iq", "# q (deg)  I", ["'q (deg)'", "q cannot be in 'deg'", 'believe = "study"']),
    ("a.chi", "image\nQ (px)\nIntensity\n   12", ["'Q (px)'", "q cannot be in 'px'"]),
    ("a.iq", "all q in nm^-1, as measured", ["q in nm^-1", 'q_unit = "1/nm"', 'believe = "study"']),
]


@pytest.mark.parametrize(("name", "head", "words"), OTHERS)
def test_other_quantities_and_units_are_refused_with_their_words(
    name: str, head: str, words: list[str], tmp_path: Path
) -> None:
    path = written(tmp_path, name, head, 2)
    if "Energy" in head:
        assert read_curve(path).x_name == "energy"  # which each technique refuses by name
        return
    with pytest.raises(InputError) as caught:
        read_curve(path)
    for word in (name, *words):
        assert word in str(caught.value)


FREE_TEXT = [
    "# sample 7",
    "# Sample: x",
    "# run e",
    "# beamline I15, run 7, 2theta arm at 5, Q calibrated with CeO2",
    "the time was short",
    "azimuthal sectors of 10 degrees",
    "# Date 2020\n# Time 12:30",
    "# q was converted from nm^-1 to A^-1",
    "energy 12 keV\nD-spacing of the monochromator 3.13",
    "# pressure (GPa)",
    "# A B",
    "r = 5",
]


@pytest.mark.parametrize("text", FREE_TEXT)
@pytest.mark.parametrize("name", ["a.iq", "a.chi"])
def test_free_text_changes_nothing(text: str, name: str, tmp_path: Path) -> None:
    curve: Curve = read_curve(written(tmp_path, name, text, 2))
    assert (curve.x_name, curve.y_name) == ("q", "intensity")
    np.testing.assert_array_equal(curve.x, column(0))
    assert curve.notes == ()


@pytest.mark.parametrize(
    ("name", "head", "width", "says"),
    [
        ("a.csv", "q,foo", 2, '["q", "intensity"]'),
        ("a.csv", "foo,Intensity,esd", 3, '["q", "intensity", "sigma"]'),
        ("a.csv", "2theta,Yobs,Q", 3, '["two_theta", "intensity", "ignore"]'),
        ("a.txt", "energy munorm", 2, '["energy", "y"]'),
        ("a.gr", "# r G a b c", 5, '["r", "g", "ignore", "ignore", "ignore"]'),
    ],
)
def test_columns_are_proposed_from_the_headings_seen(
    name: str, head: str, width: int, says: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        read_curve(written(tmp_path, name, head, width))
    assert f"such as {says}" in str(caught.value)


def test_columns_that_are_left_aside_are_told(tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, "a.txt", "2Theta\tYobs\tYcal\tYobs-Ycal\tBackg", 5))
    (note,) = curve.notes
    assert note.endswith("left aside: 'Ycal' (calculated), 'Yobs-Ycal' (difference), 'Backg' (background)")


def test_headings_of_any_suffix_are_enough(tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, "a.out", "# q  I  sigma", 3))
    assert (curve.x_name, curve.y_name, curve.sigma is not None) == ("q", "intensity", True)


def test_parts_of_a_heading() -> None:
    assert (heading("Q [1/nm]").meaning, heading("Q [1/nm]").unit) == ("q", "1/nm")
    assert (heading("I(q) cm-1").meaning, heading("I(q) cm-1").unit) == ("intensity", "cm-1")
    assert heading("D-spacing (A)").other == "a spacing d"
    assert heading("words " * 40).meaning == ""
    assert factor("Inverse Nanometres", "q") == 0.1
    assert factor("mm", "q") is None
    found = titles(["# q  I  err"], frozenset({3}), 12)
    assert [h.meaning for h in found.headings] == ["q", "intensity", "sigma"]
    assert proposed(found, 3) == ["q", "intensity", "sigma"]
    assert scale_of([], heading("q (nm-1)"), "q", "a.iq", told=False).factor == 0.1
