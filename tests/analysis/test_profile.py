"""Peaks fitted one by one, against sums of Gaussians and Voigt functions that are written down here."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from scipy.special import voigt_profile

from nanocrystal import InputError
from nanocrystal.analysis import PeakOptions, fit_peaks, momentum_transfer
from nanocrystal.spectra.lines import pseudo_voigt

FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))
"""of a Gaussian over its standard deviation"""


def gaussians(q: np.ndarray, peaks: list[tuple[float, float, float]]) -> np.ndarray:
    """Return a sum of Gaussians; peaks: area, position and standard deviation of each."""
    return sum(a / (s * np.sqrt(2.0 * np.pi)) * np.exp(-0.5 * ((q - p) / s) ** 2) for a, p, s in peaks)


def test_momentum_transfer_by_hand() -> None:
    # sin 30° = 1/2, sin 90° = 1
    np.testing.assert_allclose(momentum_transfer([60.0, 180.0], 2.0), [np.pi, 2.0 * np.pi], rtol=1e-14)
    with pytest.raises(InputError, match="wavelength: must be positive"):
        momentum_transfer([10.0], 0.0)
    with pytest.raises(InputError, match="0 to 180 degrees, got 10 to 200"):
        momentum_transfer([10.0, 200.0], 1.5)


def test_profile_has_unit_area_and_the_width_it_says() -> None:
    q = np.linspace(-4000.0, 4000.0, 800001)
    for mixing in (0.0, 0.4, 1.0):
        value, *_ = pseudo_voigt(q, np.array([[0.0]]), np.array([[2.0]]), np.array([[mixing]]))
        # beyond ±4000 a Lorentzian of width 2 keeps 2/(π 4000)
        assert np.trapezoid(value[0], q) == pytest.approx(1.0 - mixing * 2.0 / (np.pi * 4000.0), abs=1e-7)
        half = np.interp(1.0, q, value[0])
        assert half == pytest.approx(value[0].max() / 2.0, rel=1e-6)


def test_derivatives_of_the_profile_against_differences() -> None:
    q = np.linspace(0.5, 2.0, 60)
    at = [np.array([[1.1], [1.4]]), np.array([[0.2], [0.05]]), np.array([[0.3], [0.8]])]
    derivatives = pseudo_voigt(q, *at)[1:]
    for k, derivative in enumerate(derivatives):
        up, down = list(at), list(at)
        up[k], down[k] = at[k] + 1e-6, at[k] - 1e-6
        difference = (pseudo_voigt(q, *up)[0] - pseudo_voigt(q, *down)[0]) / 2e-6
        np.testing.assert_allclose(derivative, difference, rtol=1e-6, atol=1e-6)


def test_overlapping_gaussians_are_recovered_exactly() -> None:
    q = np.arange(1.0, 2.5, 0.005)
    truth = [(30.0, 1.50, 0.03), (12.0, 1.59, 0.02), (20.0, 2.10, 0.025)]
    y = gaussians(q, truth) + 7.0 + 3.0 * q
    fit = fit_peaks(q, y, np.full(len(q), 0.1), [1.49, 1.60, 2.12])
    assert [p.group for p in fit.peaks] == [0, 0, 1]
    for peak, (area, position, spread) in zip(fit.peaks, truth, strict=True):
        assert peak.problem == ""
        assert peak.area.value == pytest.approx(area, rel=1e-4)
        assert peak.position.value == pytest.approx(position, abs=1e-6)
        assert peak.fwhm.value == pytest.approx(FWHM * spread, rel=1e-4)
        assert peak.mixing.value == pytest.approx(0.0, abs=1e-4)
    used = np.isfinite(fit.background)
    np.testing.assert_allclose(fit.background[used], (7.0 + 3.0 * q)[used], rtol=1e-3)


def test_positions_of_voigt_peaks_though_they_are_not_pseudo_voigt() -> None:
    q = np.arange(1.0, 2.2, 0.004)
    y = 40.0 * voigt_profile(q - 1.35, 0.02, 0.012) + 25.0 * voigt_profile(q - 1.75, 0.02, 0.012) + 5.0
    fit = fit_peaks(q, y, np.full(len(q), 0.05), [1.34, 1.76], options=PeakOptions(together=20.0, reach=8.0))
    # the full width at half maximum of a Voigt function, found on a fine grid
    fine = np.linspace(0.0, 0.1, 100001)
    profile = voigt_profile(fine, 0.02, 0.012)
    width = 2.0 * float(np.interp(-0.5 * profile[0], -profile, fine))
    for peak, position in zip(fit.peaks, (1.35, 1.75), strict=True):
        assert peak.position.value == pytest.approx(position, abs=2e-4)
        assert peak.fwhm.value == pytest.approx(width, rel=0.01)
        assert 0.2 < peak.mixing.value < 0.8


PEAKS = [(20.0, 1.30, 0.03), (6.0, 1.42, 0.03), (12.0, 1.85, 0.03)]


def test_standard_errors_cover_the_scatter_of_100_seeds() -> None:
    q = np.arange(1.05, 2.1, 0.006)
    mean = gaussians(q, PEAKS) + 40.0
    sigma = np.sqrt(mean)
    apart = []
    for seed in range(100):
        y = mean + np.random.default_rng(seed).normal(0.0, sigma)
        fit = fit_peaks(q, y, sigma, [1.31, 1.41, 1.84], options=PeakOptions(mixing=0.0))
        for peak, (area, position, spread) in zip(fit.peaks, PEAKS, strict=True):
            assert peak.problem == ""
            values = ((peak.area, area), (peak.position, position), (peak.fwhm, FWHM * spread))
            apart.append([(e.value - true) / e.stderr for e, true in values])
    apart = np.array(apart)  # 300 of each: a standard deviation is known to 4 %
    np.testing.assert_allclose(apart.std(axis=0), 1.0, atol=0.15)
    np.testing.assert_allclose(apart.mean(axis=0), 0.0, atol=0.25)


def test_sigmas_that_are_too_small_are_scaled_and_none_are_found_from_the_scatter() -> None:
    q = np.arange(1.0, 1.6, 0.002)
    y = gaussians(q, PEAKS[:1]) + 40.0 + np.random.default_rng(3).normal(0.0, 6.0, len(q))
    options = PeakOptions(mixing=0.0, fwhm=0.07)
    right = fit_peaks(q, y, np.full(len(q), 6.0), [1.3], options=options).peaks[0].position
    small = fit_peaks(q, y, np.full(len(q), 2.0), [1.3], options=options).peaks[0].position
    absent = fit_peaks(q, y, None, [1.3], options=options).peaks[0].position
    assert small.stderr == pytest.approx(right.stderr / 3.0, rel=1e-3)
    assert small.stderr_scaled == pytest.approx(right.stderr, rel=0.15)
    assert absent.stderr == absent.stderr_scaled == pytest.approx(small.stderr_scaled, rel=1e-3)


def test_a_peak_that_is_missing_is_not_determined_and_does_not_harm_its_neighbour() -> None:
    q = np.arange(1.0, 2.1, 0.005)
    mean = gaussians(q, [PEAKS[0], PEAKS[2]]) + 40.0
    found = 0
    for seed in range(30):
        y = mean + np.random.default_rng(seed).normal(0.0, np.sqrt(mean))
        fit = fit_peaks(q, y, np.sqrt(mean), [1.30, 1.45, 1.85], ["a", "b", "c"])
        found += not fit.peaks[1].problem
        assert fit.peaks[0].position.value == pytest.approx(1.30, abs=0.01)
        assert fit.peaks[2].position.value == pytest.approx(1.85, abs=0.01)
    assert found <= 2
    assert np.isnan(fit.position_covariance[1]).all()
    assert "standard errors of 0" in repr(fit) or "as good" in repr(fit)


def test_peaks_at_and_beyond_the_ends() -> None:
    q = np.arange(1.305, 1.9, 0.005)
    y = gaussians(q, [*PEAKS, (15.0, 1.95, 0.03)]) + 4.0
    fit = fit_peaks(q, y, np.full(len(q), 1.0), [1.31, 1.42, 1.84, 1.95])
    problems = [p.problem for p in fit.peaks]
    assert problems[0] == "it stands at the edge of the points that are fitted"
    assert fit.peaks[1].position.value == pytest.approx(1.42, abs=1e-3)
    assert problems[2] == "it overlaps a peak that lies beyond the data"
    assert problems[3] == "outside the range of the data"


def test_too_few_points() -> None:
    q = np.arange(1.0, 2.0, 0.05)
    fit = fit_peaks(q, gaussians(q, PEAKS) + 1.0, None, [1.3, 1.85], options=PeakOptions(fwhm=0.06, reach=1.5))
    assert all("points in its window for" in p.problem for p in fit.peaks)
    assert np.isnan(fit.calculated).all()


def test_widths_may_be_shared() -> None:
    q = np.arange(1.05, 1.7, 0.005)
    fit = fit_peaks(
        q, gaussians(q, PEAKS[:2]) + 4.0, np.full(len(q), 1.0), [1.3, 1.42], options=PeakOptions(widths="shared")
    )
    assert fit.peaks[0].fwhm == fit.peaks[1].fwhm
    assert fit.peaks[0].fwhm.value == pytest.approx(FWHM * 0.03, rel=1e-3)


def test_tables_have_a_row_for_each_peak_and_point() -> None:
    q = np.arange(1.05, 2.1, 0.006)
    fit = fit_peaks(q, gaussians(q, PEAKS) + 40.0, None, [1.85, 1.3, 1.42])
    rows = list(csv.DictReader(io.StringIO(fit.to_csv())))
    assert [float(r["position (1/Å)"]) for r in rows] == pytest.approx([1.3, 1.42, 1.85], abs=1e-4)
    points = list(csv.DictReader(io.StringIO(fit.curve_csv())))
    assert len(points) == len(q)
    assert list(points[0]) == ["q", "observed", "calculated", "background"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"q": [1.0, 2.0]}, "must be as many as q, 2, got 40"),
        ({"q": np.linspace(2.0, 1.0, 40)}, "strictly ascending"),
        ({"intensity": np.full(40, np.nan)}, "must be finite numbers, but number 1 is nan"),
        ({"sigma": np.zeros(40)}, "sigma: must be positive, got 0"),
        ({"expected": [1.5, 1.5]}, "names a position twice"),
        ({"expected": [5.0]}, "no peak is expected between 1 and 2"),
        ({"names": ["a", "b"]}, "must be as many as positions, 1, got 2"),
    ],
)
def test_input_that_cannot_be_used(change: dict, message: str) -> None:
    q = np.linspace(1.0, 2.0, 40)
    given = {"q": q, "intensity": gaussians(q, [(1.0, 1.5, 0.05)]), "sigma": np.ones(40), "expected": [1.5]}
    with pytest.raises(InputError, match=message):
        fit_peaks(**(given | change))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fwhm": -1.0}, "positive width"),
        ({"widths": "none"}, "'free' or 'shared'"),
        ({"mixing": 2.0}, "number from 0 to 1"),
        ({"background_degree": 9}, "0 to 5"),
        ({"reach": 0.0}, "reach: must be positive"),
    ],
)
def test_options_that_cannot_be_used(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        PeakOptions(**options)
