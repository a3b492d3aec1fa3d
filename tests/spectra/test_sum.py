"""One sum of parts: the same names, ties, bounds and covariances for a data set, a batch, and single peaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal.analysis import PeakOptions, fit_peaks
from nanocrystal.kernels.polynomials import chebyshev, legendre
from nanocrystal.measurement.nmr.lines import USED, ShiftLines
from nanocrystal.spectra import DECAYS, LINES, SumOfForms
from nanocrystal.spectra.batch import fit_batch
from nanocrystal.spectra.covariance import covariance, covariances
from nanocrystal.techniques import TECHNIQUES

X = np.arange(1.0, 2.6, 0.01)
FORM = LINES["pseudo-voigt"]
TWO = SumOfForms({"a": FORM, "b": FORM}, baseline_terms=2)
START = {"a.position": 1.52, "a.fwhm": 0.15, "b.position": 1.78, "b.fwhm": 0.15}
LOCAL = {"area": "area", "position": "position", "fwhm": "fwhm", "lorentzian_part": "mixing"}
"""parameter of the form -> what a peak calls it"""


def spectrum(wide: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Return two lines on a slope, the second so wide, and σ."""
    truth = {"a.area": 20.0, "a.position": 1.5, "a.fwhm": 0.12, "a.lorentzian_part": 0.3, "c0": 5.0, "c1": 0.5}
    truth |= {"b.area": 9.0, "b.position": 1.8, "b.fwhm": wide, "b.lorentzian_part": 0.6}
    return TWO.curve(X, TWO.start(truth))[0] + np.random.default_rng(7).normal(0.0, 1.0, len(X)), np.ones(len(X))


@pytest.mark.parametrize("tied", [False, True])
def test_a_data_set_a_batch_and_peaks_agree(tmp_path: Path, tied: bool) -> None:
    """Values to 1e-2 of their standard errors, where a refinement ends, with one width for both lines as well."""
    y, sigma = spectrum(0.12 if tied else 0.2)
    model = SumOfForms({"a": FORM, "b": FORM}, 2, same={"b.fwhm": "a.fwhm"} if tied else {})
    start = {n: v for n, v in START.items() if n in model.free_names}
    batch = fit_batch(model, X, y, start, sigma=sigma)
    widths = "shared" if tied else "free"
    options = PeakOptions(fwhm=0.15, widths=widths, mixing="free", reach=50.0, together=50.0)
    peaks = fit_peaks(X, y, sigma, [1.52, 1.78], options=options).peaks
    np.savetxt(tmp_path / "y.csv", np.column_stack([X, y, sigma]), delimiter=",")
    half = nc.vary(0.5)
    lines = {
        "a": nc.Line("pseudo-voigt", position=nc.vary(1.52), fwhm=nc.vary(0.15), lorentzian_part=half),
        "b": nc.Line("pseudo-voigt", position=nc.vary(1.78), fwhm=nc.vary(0.15), lorentzian_part=half),
    }
    if tied:
        tie = nc.tied("datasets.y.lines.a.fwhm")
        lines["b"] = nc.Line("pseudo-voigt", position=nc.vary(1.78), fwhm=tie, lorentzian_part=half)
    data = nc.NmrLines(tmp_path / "y.csv", columns=["x", "y", "sigma"], axis="hz", background_terms=2, lines=lines)
    result = nc.refine(nc.Sample({}, {}), {"y": data})
    for peak, line in zip(peaks, "ab", strict=True):
        for name, called in LOCAL.items():
            refined, single = result.parameters[f"datasets.y.lines.{line}.{name}"], getattr(peak, called)
            value, stderr = float(batch[f"{line}.{name}"][0]), float(batch.stderr(f"{line}.{name}")[0])
            assert refined.value == pytest.approx(value, abs=1e-2 * stderr)
            assert single.value == pytest.approx(value, abs=1e-3 * stderr)
            assert refined.stderr == pytest.approx(stderr, rel=1e-3)
            assert single.stderr == pytest.approx(stderr, rel=1e-4)


@pytest.mark.parametrize("shape", USED)
def test_bounds_of_declared_lines_lie_where_their_forms_are_defined(shape: str) -> None:
    lines = ShiftLines({}, "ppm", 500.0)
    declared, limits = lines.quantities(nc.Line(shape, position=5.5, fwhm=60.0)), USED[shape].limits
    for name in USED[shape].parameters:
        low, high = limits[name]
        assert low <= declared[name].minimum < declared[name].maximum <= high


def test_bounds_of_declared_decays_lie_where_their_forms_are_defined() -> None:
    relaxation, diffusion = TECHNIQUES["nmr-relaxation"], TECHNIQUES["nmr-diffusion"]
    declared = {**relaxation.quantities, **relaxation.of_parts, **diffusion.of_components}
    for form in (DECAYS["stretched"], DECAYS["stretched-recovery"], DECAYS["diffusion"]):
        for name, (low, high) in form.limits.items():
            assert low <= declared[name].minimum < declared[name].maximum <= high


def test_parts_are_calculated_at_once_or_one_by_one() -> None:
    """Alone an item has parts of one form calculated together; among others each part has all items together."""
    mixed = SumOfForms({"a": FORM, "g": LINES["gaussian"], "b": FORM}, 3, same={"b.fwhm": "a.fwhm"})
    full = mixed.full(np.linspace(0.2, 0.9, len(mixed.free_names))[None])
    assert np.array_equal(mixed.rows(X, full)[:, 0], mixed.rows(X, np.repeat(full, 2, axis=0))[:, 1])


def test_slopes_are_those_of_the_curve() -> None:
    mixed = SumOfForms({"a": FORM, "b": FORM}, 2, same={"b.fwhm": "a.fwhm"}, fixed={"b.area": 2.0, "c1": 0.3})
    free = mixed.start({"a.area": 1.5, **START, "c0": 0.2} | {"a.lorentzian_part": 0.4})
    slopes = mixed.slopes(mixed.rows(X, mixed.full(free[None])), mixed.full(free[None]))[0]
    for k, slope in enumerate(slopes):
        step = 1e-5 * np.eye(len(free))[k]
        difference = (mixed.curve(X, free + step)[0] - mixed.curve(X, free - step)[0]) / 2e-5
        np.testing.assert_allclose(slope, difference, rtol=1e-6, atol=1e-5 * np.abs(slope).max())


def test_covariances_are_alike_where_all_is_determined() -> None:
    """Of what is not: in a batch all of the fit is open, of single peaks what stands in the open direction."""
    slopes = np.random.default_rng(3).normal(size=(4, 50)) * np.array([1.0, 1e3, 1e-3, 5.0])[:, None]
    used = np.ones((1, 4), dtype=np.bool_)
    of_batch, singular = covariances((slopes @ slopes.T)[None], used)
    assert not singular[0]
    np.testing.assert_allclose(covariance(slopes, ~used[0]), of_batch[0], rtol=1e-9)
    slopes[3] = slopes[2]
    of_batch, singular = covariances((slopes @ slopes.T)[None], used)
    assert singular[0]
    assert np.isinf(np.diag(of_batch[0])).all()
    assert np.isfinite(np.diag(covariance(slopes, ~used[0]))).tolist() == [True, True, False, False]


def test_a_baseline_may_have_another_basis() -> None:
    """Legendre's polynomials span what Chebyshev's do."""
    first, second = (curves(X, 4) for curves in (chebyshev, legendre))
    found, *_ = np.linalg.lstsq(second.T, first.T, rcond=None)
    np.testing.assert_allclose(found.T @ second, first, atol=1e-12)
    y = spectrum()[0]
    fits = [fit_batch(SumOfForms(TWO.parts, 4, baseline=b), X, y, START) for b in (chebyshev, legendre)]
    assert fits[0].chi2[0] == pytest.approx(fits[1].chi2[0], rel=1e-9)
