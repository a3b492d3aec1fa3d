"""Decays against hand calculations, numerical integrals and convolutions; derivatives against differences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gamma

from nanocrystal.errors import InputError
from nanocrystal.spectra import SumOfForms
from nanocrystal.spectra.batch.fit import BatchOptions, fit_batch
from nanocrystal.spectra.decays import DECAYS, b_values, gauss_exponential, measured_response
from nanocrystal.spectra.response import through_response
from support.richardson import errors_of_slopes

T = np.linspace(0.0, 6.0, 200)
VALUES = {"time": 1.3, "exponent": 0.7, "inversion": 1.8, "diffusion": 0.8, "start": 0.4, "response_fwhm": 0.6}


@pytest.mark.parametrize("name", DECAYS)
def test_derivatives_of_decays(name: str) -> None:
    form = DECAYS[name]
    assert max(errors_of_slopes(form, [VALUES[p] for p in form.parameters], T)) < 1e-9


def test_values_by_hand() -> None:
    t = np.array([0.0, 2.0])
    assert DECAYS["exponential"].curve(t, 2.0) == pytest.approx([1.0, np.exp(-1.0)])
    assert DECAYS["stretched"].curve(t, 2.0, 0.5) == pytest.approx([1.0, np.exp(-1.0)])
    assert DECAYS["stretched"].curve(np.array([8.0]), 2.0, 0.5) == pytest.approx([np.exp(-2.0)])
    assert DECAYS["recovery"].curve(t, 2.0, 2.0) == pytest.approx([-1.0, 1.0 - 2.0 * np.exp(-1.0)])
    assert DECAYS["stretched-recovery"].curve(t, 2.0, 0.5, 1.0) == pytest.approx([0.0, 1.0 - np.exp(-1.0)])
    assert DECAYS["diffusion"].curve(np.array([1e9]), 3e-10) == pytest.approx([np.exp(-0.3)])


def test_mean_time_of_a_stretched_decay() -> None:
    mean = quad(lambda t: float(DECAYS["stretched"].curve(np.array([t]), 1.3, 0.6)[0]), 0.0, np.inf)[0]
    assert mean == pytest.approx(1.3 / 0.6 * gamma(1.0 / 0.6), rel=1e-7)


def test_b_is_the_integral_of_the_squared_wave_vector() -> None:
    """Two rectangular pulses of opposite effect: q(t) rises, stays, falls; b = ∫ q² dt."""
    pulse, separation, strength, ratio = 2e-3, 60e-3, 0.3, 2.675e8

    def q(t: float) -> float:
        return ratio * strength * (min(t, pulse) - min(max(t - separation, 0.0), pulse))

    ends = (0.0, pulse, separation, separation + pulse)
    b = sum(quad(lambda t: q(t) ** 2, *pair)[0] for pair in itertools.pairwise(ends))
    assert b_values(np.array([strength]), pulse, separation, ratio)[0] == pytest.approx(b, rel=1e-10)
    half = b_values(np.array([strength]), pulse, separation, ratio, shape_factor=0.5)[0]
    assert half == pytest.approx(b / 4.0, rel=1e-10)


# ---- responses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("time", "width"), [(1.3, 0.6), (0.05, 1.0), (20.0, 0.1)])
def test_exponential_through_a_gaussian(time: float, width: float) -> None:
    sigma = width / np.sqrt(8.0 * np.log(2.0))
    for t in (-0.5, 0.2, 0.4, 0.7, 3.0):

        def product(u: float, t: float = t) -> float:
            return float(
                np.exp(-0.5 * (u / sigma) ** 2) / (sigma * np.sqrt(2.0 * np.pi)) * np.exp(-(t - 0.4 - u) / time)
            )

        last = min(t - 0.4, 10.0 * sigma)
        direct = quad(product, -10.0 * sigma, last, epsabs=1e-14, limit=400)[0] if last > -10.0 * sigma else 0.0
        assert gauss_exponential(np.array([t]), time, 0.4, width)[0, 0] == pytest.approx(direct, rel=1e-7, abs=1e-12)


def test_exponential_through_a_gaussian_stays_finite() -> None:
    t = np.linspace(-1e3, 1e3, 41)
    for time, width in ((1e-6, 10.0), (1e6, 1e-6), (1e-3, 1e-3)):
        assert np.isfinite(gauss_exponential(t, time, 0.0, width)).all()


def test_exponential_through_a_measured_response() -> None:
    grid = np.arange(-1.0, 2.0, 0.05)
    response = 300.0 * (np.exp(-(((grid - 0.2) / 0.25) ** 2)) + 0.2 * np.exp(-(((grid - 0.9) / 0.3) ** 2)))
    form = measured_response(grid, response)
    fine = np.linspace(grid[0], grid[-1], 400_001)
    density = np.interp(fine, grid, response) / np.trapezoid(response, grid)
    for t in (-0.8, 0.1, 0.52, 1.1, 4.0):
        since = t - 0.123 - fine
        direct = np.trapezoid(np.where(since >= 0.0, np.exp(-np.maximum(since, 0.0) / 1.3), 0.0) * density, fine)
        # the straight ends that the response begins and ends with add 1e-6
        assert form.curve(np.array([t]), 1.3, 0.123)[0] == pytest.approx(direct, rel=1e-4, abs=2e-6)


def test_measured_response_of_gaussian_shape_is_the_closed_form() -> None:
    width = 0.8
    t = np.linspace(-2.0, 9.0, 301)
    errors = []
    for step in (0.04, 0.02):
        grid = np.arange(-3.0, 3.0, step)
        response = np.exp(-4.0 * np.log(2.0) * ((grid - 0.1) / width) ** 2)
        ours = measured_response(grid, response).stacked(t, 0.9, 0.2)
        exact = gauss_exponential(t, 0.9, 0.3, width)
        errors.append(np.abs(ours[:2] - exact[:2]).max())
    assert errors[1] < 2e-3
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.05)  # straight lines between points: second order


def test_measured_response_derivatives_and_batches() -> None:
    grid = np.arange(-1.0, 2.0, 0.05)
    form = measured_response(grid, np.exp(-(((grid - 0.2) / 0.25) ** 2)))
    t = np.linspace(-2.0, 9.0, 300)
    for time in (1.3, 0.01, 50.0):
        assert max(errors_of_slopes(form, [time, 0.123], t)) < 2e-5
    both = form.stacked(t, np.array([[1.3], [0.4]]), np.array([[0.123], [0.2]]))
    assert both[:, 1] == pytest.approx(form.stacked(t, 0.4, 0.2), abs=1e-15)


# ---- any decay through a measured response ------------------------------------------------------


def response() -> tuple[np.ndarray, np.ndarray]:
    grid = np.arange(-1.0, 2.0, 0.05)
    return grid, np.exp(-(((grid - 0.2) / 0.25) ** 2)) + 0.2 * np.exp(-(((grid - 0.9) / 0.3) ** 2))


def test_exponential_through_a_response_two_ways() -> None:
    """By channels and by recursion; both are exact for a response of straight lines."""
    t = np.arange(-1.5, 9.0, 0.05)
    by_channels = through_response(DECAYS["exponential"], *response())
    by_recursion = measured_response(*response())
    for time, start in ((1.3, 0.0), (1.3, 0.123), (0.05, -0.31), (40.0, 0.0)):
        ours, other = by_channels.stacked(t, time, start), by_recursion.stacked(t, time, start)
        assert ours == pytest.approx(other, abs=1e-8 * np.abs(other).max())


@pytest.mark.parametrize("exponent", [0.3, 0.6, 1.0, 1.7])
def test_stretched_decay_through_a_response_against_an_integral(exponent: float) -> None:
    grid, counts = response()
    t = np.arange(-1.5, 9.0, 0.05)
    ours = through_response(DECAYS["stretched"], grid, counts).curve(t, 0.8, exponent, 0.02)
    area = counts.sum() * 0.05
    ends = np.r_[grid[0] - 0.05, grid, grid[-1] + 0.05], np.r_[0.0, counts, 0.0] / area
    for i in (20, 34, 60, 150):
        last = min(t[i] - 0.02, grid[-1] + 0.05)

        def product(x: float, i: int = i) -> float:
            since = x**6  # takes the steep beginning away
            at = t[i] - 0.02 - since
            return float(np.interp(at, *ends, left=0.0, right=0.0) * np.exp(-((since / 0.8) ** exponent)) * 6.0 * x**5)

        first, end = max(t[i] - 0.02 - last, 0.0), t[i] - 0.02 - (grid[0] - 0.05)
        corners = np.unique(np.clip(t[i] - 0.02 - ends[0], first, end)) ** (1.0 / 6.0)
        direct = sum(quad(product, *pair, epsabs=1e-13)[0] for pair in itertools.pairwise(corners))
        assert ours[i] == pytest.approx(direct, rel=1e-7, abs=1e-10)


def test_derivatives_of_decays_through_a_response() -> None:
    t = np.arange(-1.5, 9.0, 0.05)
    form = through_response(DECAYS["stretched"], *response())
    assert form.parameters == ("time", "exponent", "start")
    assert max(errors_of_slopes(form, [0.8, 0.6, 0.02], t)) < 1e-5
    both = form.stacked(t, np.array([[0.8], [0.4]]), 0.6, np.array([[0.02], [0.1]]))
    assert both[:, 1] == pytest.approx(form.stacked(t, 0.4, 0.6, 0.1), abs=1e-15)


def test_counts_of_a_stretched_decay_through_a_response_are_fitted() -> None:
    grid, counts = response()
    t = np.arange(-1.5, 12.0, 0.05)
    model = SumOfForms({"a": through_response(DECAYS["stretched"], grid, counts)}, 1)
    truth = model.start({"a.amplitude": 900.0, "a.time": 0.8, "a.exponent": 0.7, "a.start": 0.1, "c0": 3.0})
    y = np.random.default_rng(0).poisson(model.curve(t, np.tile(truth, (8, 1)))).astype(float)
    fit = fit_batch(model, t, y, {"a.time": 1.0, "a.exponent": 1.0}, options=BatchOptions(likelihood="poisson"))
    assert not fit.flagged.any()
    pulls = (fit.free - truth) / np.sqrt(np.einsum("ijj->ij", fit.covariance))
    assert np.abs(pulls).max() < 4.0
    assert 0.6 < pulls.std() < 1.5


def test_uneven_channels_are_refused() -> None:
    form = through_response(DECAYS["exponential"], *response())
    with pytest.raises(InputError, match="must have the step of the response"):
        form.curve(np.arange(0.0, 5.0, 0.1), 1.0, 0.0)
    with pytest.raises(InputError, match="even and ascending"):
        through_response(DECAYS["exponential"], np.array([0.0, 1.0, 3.0]), np.ones(3))
