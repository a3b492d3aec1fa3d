"""Nickel powder: counts and the G(r) that another program (PDFgetX2.0/X3) made of them with known settings."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import find_peaks

from nanocrystal.data import Curve, read_curve
from nanocrystal.reduction import Intensity, ReducedPattern, Reduction, ReductionBlank, reduced_pattern
from nanocrystal.refinement import Result
from nanocrystal.study import read_study
from support.measured import measured
from support.paths import EXAMPLES

FOLDER = "pdf/pdfttp_ch04GetPDF"


@cache
def nickel(**changed: float) -> ReducedPattern:
    """Return Ni.chi reduced with the settings in the header of Ni.gr."""
    sample = Intensity.from_curve(read_curve(measured(f"{FOLDER}/Ni.chi")))
    kapton = Intensity.from_curve(read_curve(measured(f"{FOLDER}/kapton.chi")))
    settings: dict[str, float] = {"qmax": 24.0, "qmaxinst": 31.26, "rpoly": 0.9} | changed
    return reduced_pattern(sample, Reduction(composition="Ni", **settings), [ReductionBlank("kapton", kapton, 1.0)])  # type: ignore[arg-type]


def reference() -> Curve:
    return read_curve(measured(f"{FOLDER}/Ni.gr"))


def weighted_r(g: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(g - other) / np.linalg.norm(other))


def test_pdf_is_that_of_the_other_program_on_its_own_scale() -> None:
    """No scale is fitted: R_w over 1.5–30 Å of G against G."""
    result, theirs = nickel(), reference()
    np.testing.assert_allclose(result.pdf.r, theirs.x, atol=1e-9)
    inside = (theirs.x >= 1.5) & (theirs.x <= 30.0)
    ours, target = result.pdf.g[inside], theirs.y[inside]
    assert weighted_r(ours, target) < 0.002
    assert ours @ target / (ours @ ours) == pytest.approx(1.0, abs=0.001)


def test_first_six_peaks_are_where_the_other_program_has_them() -> None:
    result, theirs = nickel(), reference()
    found = []
    for curve in (result.pdf.g, theirs.y):
        peaks = [k for k in find_peaks(curve, height=0.25 * curve.max(), distance=40)[0] if theirs.x[k] > 1.5][:6]
        found.append([_top(theirs.x, curve, k) for k in peaks])
    np.testing.assert_allclose(found[0], found[1], atol=0.005)
    # the shells of fcc with a = 3.5248 Å: a √(n/2), those of 12, 24, 12 and 24 neighbours are the high ones
    np.testing.assert_allclose(found[0][0], 3.5248 / np.sqrt(2.0), atol=0.01)


def _top(x: np.ndarray, y: np.ndarray, k: int) -> float:
    """Return the top of the parabola through three points."""
    left, middle, right = y[k - 1 : k + 2]
    return float(x[k] + 0.5 * (x[1] - x[0]) * (left - right) / (left - 2.0 * middle + right))


@pytest.mark.campaign
def test_settings_matter_as_much_as_they_should() -> None:
    """The agreement is no accident of settings that do nothing: with others the curve is another one."""
    theirs = reference()
    inside = (theirs.x >= 1.5) & (theirs.x <= 30.0)
    for changed, least in (({"rpoly": 0.2}, 0.02), ({"qmax": 20.0}, 0.05), ({"rpoly": 2.5}, 0.02)):
        assert weighted_r(nickel(**changed).pdf.g[inside], theirs.y[inside]) > least, changed


def fitted_nickel(folder: Path, method: str) -> Result:
    """Return bulk nickel fitted to what one of the normalisations makes of Ni.chi."""
    cif = EXAMPLES / "Ni.cif"
    study = folder / "ni.toml"
    text = (EXAMPLES / "ni_standard.toml").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith(("file = ", "qmax = ", "cif = "))]
    kept.insert(kept.index("[crystals.ni]") + 1, f'cif = "{cif}"')
    kept.insert(kept.index("[datasets.pdf]") + 1, 'reduction = "ni"')
    kept += [
        "[reduction.ni]",
        f'file = "{measured(f"{FOLDER}/Ni.chi")}"',
        f'backgroundfile = "{measured(f"{FOLDER}/kapton.chi")}"',
        f'composition = "Ni"\nqmax = 24.0\nqmaxinst = 31.26\nmethod = "{method}"',
    ]
    study.write_text("\n".join(kept), encoding="utf-8")
    result = read_study(study).refine()
    assert result.converged
    return result


def test_fit_of_the_reduced_data_gives_the_documented_cell(tmp_path: Path) -> None:
    """PDFgui's a = 3.52478(82) Å, U = 0.00589(59), qdamp 0.0454(34), of the same kind of data (chapter 3).

    Weighed by the noise of the counts, which grows with Q: R_w, of points alike, is a half higher than it could be.
    """
    result = fitted_nickel(tmp_path, "polynomial")
    assert result.parameters["crystals.ni.a"].value == pytest.approx(3.52478, abs=0.00082)
    assert result.parameters["crystals.ni.u_iso.Ni"].value == pytest.approx(0.00589, abs=0.00059)
    assert result.parameters["datasets.pdf.qdamp"].value == pytest.approx(0.0454, abs=0.0034)
    fitted = result.datasets["pdf"]
    assert fitted.rw < 0.1
    assert any("qmax = 24" in note for note in fitted.notes)
    assert "1/σ²" in fitted.weights


@pytest.mark.campaign
def test_both_normalisations_give_the_same_values(tmp_path: Path) -> None:
    """Weighed by the covariance, in which what varies slowly does not count; each point alone: up to 6 errors apart."""
    one, other = (fitted_nickel(tmp_path, m) for m in ("polynomial", "physical"))
    for address, estimate in one.parameters.items():
        if estimate.status == "free":
            assert estimate.stderr_scaled is not None
            assert other.parameters[address].value == pytest.approx(estimate.value, abs=0.4 * estimate.stderr_scaled)


@pytest.mark.parametrize(("name", "symbol", "worst"), [("ni", "Ni", 0.06), ("si", "Si", 0.09)])
def test_other_intensities_lead_to_the_peaks_of_their_pdf(name: str, symbol: str, worst: float) -> None:
    """ni.iq, si.iq of chapter 5 and the .gr made of them by PDFgetX2, whose settings are not known but for Qmax 27.

    The files of intensities end at 24 Å⁻¹ and their scale is an unknown one, so one scale is fitted.
    """
    sample = Intensity.from_curve(read_curve(measured(f"pdf/pdfttp_ch05Fit2Phase/{name}.iq")))
    theirs = read_curve(measured(f"pdf/pdfttp_ch05Fit2Phase/{name}.gr"))
    ours = reduced_pattern(sample, Reduction(composition=symbol, r=(0.01, 20.0, 0.01))).pdf
    assert ours.sigma is None
    inside = ours.r >= 2.0
    target, g = np.interp(ours.r[inside], theirs.x, theirs.y), ours.g[inside]
    assert weighted_r(float(g @ target / (g @ g)) * g, target) < worst
    assert ours.r[inside][g.argmax()] == pytest.approx(theirs.x[theirs.y.argmax()], abs=0.011)
