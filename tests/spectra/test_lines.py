"""Shapes of lines against other programs' functions, integrals, published formulas; derivatives against differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import gamma, voigt_profile

from nanocrystal.kernels.polynomials import chebyshev
from nanocrystal.spectra.lines import (
    LINES,
    Form,
    measured_line,
    thompson_width,
    voigt_width,
    widths_of_voigt,
)
from support.richardson import errors_of_slopes

X = np.linspace(-3.0, 4.0, 301)
VALUES = {
    "position": 0.3,
    "fwhm": 0.5,
    "lorentzian_part": 0.4,
    "asymmetry": 0.2,
    "gaussian_fwhm": 0.5,
    "lorentzian_fwhm": 0.3,
}
SIGMAS = 2.0 * np.sqrt(2.0 * np.log(2.0))


def values_of(form: Form) -> list[float]:
    return [VALUES[p] for p in form.parameters]


@pytest.mark.parametrize("name", LINES)
def test_derivatives_of_lines(name: str) -> None:
    assert max(errors_of_slopes(LINES[name], values_of(LINES[name]), X)) < 1e-9


@pytest.mark.parametrize("name", [n for n in LINES if n != "doniach-sunjic"])
def test_area_is_one(name: str) -> None:
    form = LINES[name]

    def curve(x: float) -> float:
        return float(form.curve(np.array([x]), *values_of(form))[0])

    area = sum(quad(curve, *ends, epsabs=1e-12, limit=200)[0] for ends in ((-np.inf, 0.3), (0.3, np.inf)))
    assert area == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("name", [n for n, f in LINES.items() if "fwhm" in f.parameters and n != "doniach-sunjic"])
def test_fwhm_is_the_width_at_half_of_the_height(name: str) -> None:
    form = LINES[name]

    def curve(x: float) -> float:
        return float(form.curve(np.array([x]), *values_of(form))[0])

    half = 0.5 * curve(0.3)
    left, right = brentq(lambda x: curve(x) - half, -2.0, 0.3), brentq(lambda x: curve(x) - half, 0.3, 3.0)
    assert right - left == pytest.approx(0.5, rel=1e-10)
    if "asymmetry" in form.parameters:
        assert (right - 0.3) / (0.3 - left) == pytest.approx(1.2 / 0.8, rel=1e-9)


def test_gaussian_and_lorentzian_by_hand() -> None:
    at = np.array([1.0, 2.0])
    s = 1.5 / SIGMAS
    assert LINES["gaussian"].curve(at, 1.0, 1.5) == pytest.approx(
        [1.0 / (s * np.sqrt(2.0 * np.pi)), np.exp(-0.5 / s**2) / (s * np.sqrt(2.0 * np.pi))], rel=1e-14
    )
    assert LINES["lorentzian"].curve(at, 1.0, 1.5) == pytest.approx(
        [1.0 / (np.pi * 0.75), 0.75 / np.pi / (1.0 + 0.75**2)], rel=1e-14
    )


@pytest.mark.parametrize(("gauss", "lorentz"), [(0.5, 0.3), (0.01, 1.0), (1.0, 0.001), (1e-5, 1.0), (1.0, 0.0)])
def test_voigt_against_scipy(gauss: float, lorentz: float) -> None:
    ours = LINES["voigt-widths"].curve(X, 0.3, gauss, lorentz)
    assert ours == pytest.approx(voigt_profile(X - 0.3, gauss / SIGMAS, lorentz / 2.0), rel=2e-10, abs=1e-15)


@pytest.mark.parametrize("part", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_voigt_of_total_width_against_scipy(part: float) -> None:
    gauss, lorentz = widths_of_voigt(0.7, part)
    assert lorentz / (gauss + lorentz) == pytest.approx(part, rel=1e-13)
    assert LINES["voigt"].curve(X, 0.1, 0.7, part) == pytest.approx(
        voigt_profile(X - 0.1, gauss / SIGMAS, lorentz / 2.0), rel=1e-11
    )
    height = voigt_profile(0.0, gauss / SIGMAS, lorentz / 2.0)
    assert voigt_profile(0.35, gauss / SIGMAS, lorentz / 2.0) == pytest.approx(0.5 * height, rel=1e-12)


def test_voigt_ends_in_gaussian_and_lorentzian() -> None:
    assert LINES["voigt"].curve(X, 0.3, 0.5, 0.0) == pytest.approx(LINES["gaussian"].curve(X, 0.3, 0.5), abs=1e-13)
    assert LINES["voigt"].curve(X, 0.3, 0.5, 1.0) == pytest.approx(LINES["lorentzian"].curve(X, 0.3, 0.5), rel=1e-11)


def test_width_of_voigt_against_the_published_approximation() -> None:
    """Olivero & Longbothum (1977) state 0.02 % for their formula."""
    part = np.linspace(0.0, 1.0, 21)
    formula = 0.5346 * part + np.sqrt(0.2166 * part**2 + (1.0 - part) ** 2)
    assert voigt_width(part)[0] == pytest.approx(formula, rel=3e-4)


def test_voigt_of_many_items_is_that_of_each() -> None:
    parts = np.array([0.0, 0.3, 1.0])[:, None]
    together = LINES["voigt"].stacked(X, np.array([0.0, 0.1, 0.2])[:, None], 0.5, parts)
    for k, (position, part) in enumerate(((0.0, 0.0), (0.1, 0.3), (0.2, 1.0))):
        assert together[:, k] == pytest.approx(LINES["voigt"].stacked(X, position, 0.5, part), rel=1e-12, abs=1e-14)


def test_thompson_by_hand_and_against_the_exact_profile() -> None:
    fifth = 1.0 + 2.69269 + 2.42843 + 4.47163 + 0.07842 + 1.0
    assert thompson_width(1.0, 1.0)[0] == pytest.approx(fifth**0.2, rel=1e-14)
    ratio = 1.0 / fifth**0.2
    eta = 1.36603 * ratio - 0.47719 * ratio**2 + 0.11116 * ratio**3
    height = eta * 2.0 / np.pi * ratio + (1.0 - eta) * 2.0 * np.sqrt(np.log(2.0) / np.pi) * ratio
    assert LINES["thompson"].curve(np.zeros(1), 0.0, 1.0, 1.0)[0] == pytest.approx(height, rel=1e-14)
    for lorentz in (0.1, 0.5, 1.0, 3.0):
        exact = voigt_profile(X, 1.0 / SIGMAS, lorentz / 2.0)
        assert np.abs(LINES["thompson"].curve(X, 0.0, 1.0, lorentz) - exact).max() < 0.013 * exact.max()


def test_doniach_sunjic_is_the_transform_of_its_decay() -> None:
    """Γ(1 − α) cos[πα/2 + (1 − α) arctan u]/(ω² + γ²)^((1−α)/2), u = −ω/γ, is ∫ t^(−α) e^(−γt) cos(ωt − πα/2) dt.

    Integrated numerically with t = s^(1/(1−α)), which takes the singularity away.
    """
    alpha, half_width = 0.25, 0.2
    for x in (-0.6, 0.0, 0.3, 1.5):
        omega = x - 0.2

        def decay(s: float, omega: float = omega) -> float:
            t = s ** (1.0 / (1.0 - alpha))
            return float(np.exp(-half_width * t) * np.cos(omega * t - 0.5 * np.pi * alpha) / (1.0 - alpha))

        integral = quad(decay, 0.0, (40.0 / half_width) ** (1.0 - alpha), limit=2000, epsabs=1e-12)[0]
        expected = integral / gamma(1.0 - alpha) * half_width**-alpha / np.pi
        assert LINES["doniach-sunjic"].curve(np.array([x]), 0.2, 0.4, alpha)[0] == pytest.approx(expected, rel=1e-6)


def test_doniach_sunjic_without_asymmetry_is_lorentzian_and_its_tail_is_at_large_x() -> None:
    ours = LINES["doniach-sunjic"]
    assert ours.curve(X, 0.3, 0.5, 0.0) == pytest.approx(LINES["lorentzian"].curve(X, 0.3, 0.5), rel=1e-13)
    low, high = ours.curve(np.array([-100.0, 100.0]), 0.0, 0.5, 0.2)
    assert high > 20.0 * low
    assert ours.curve(np.array([1e6]), 0.0, 0.5, 0.2)[0] / ours.curve(np.array([1e7]), 0.0, 0.5, 0.2)[0] == (
        pytest.approx(10.0**0.8, rel=1e-4)
    )


# ---- measured shapes, baselines -----------------------------------------------------------------


def two_gaussians(x: np.ndarray, broader: float = 0.0) -> np.ndarray:
    """Return an asymmetric shape of unit area, broadened by a Gaussian of this full width."""
    parts = ((0.7, 0.0, 0.3), (0.3, 0.35, 0.4))
    return np.asarray(sum(a * LINES["gaussian"].curve(x, c, np.hypot(w, broader)) for a, c, w in parts))


def test_measured_shape_is_its_samples_and_their_convolution() -> None:
    grid = np.linspace(-2.0, 2.5, 226)
    form = measured_line(grid, 5.0 * two_gaussians(grid))
    assert form.curve(grid, 0.0, 0.0) == pytest.approx(two_gaussians(grid), abs=1e-9)
    assert form.curve(X, 0.2, 0.5) == pytest.approx(two_gaussians(X - 0.2, 0.5), abs=1e-9)
    assert max(errors_of_slopes(form, [0.2, 0.5], X)) < 1e-8
    both = form.stacked(X, np.array([[0.2], [-0.1]]), np.array([[0.5], [0.3]]))
    assert both[:, 1] == pytest.approx(form.stacked(X, -0.1, 0.3), abs=1e-13)


def test_measured_shape_does_not_come_back_at_its_period() -> None:
    grid = np.linspace(-2.0, 2.5, 226)
    far = np.linspace(-60.0, 60.0, 500)
    curve = measured_line(grid, two_gaussians(grid)).curve(far, 0.0, 0.1)
    assert np.abs(curve[np.abs(far) > 3.0]).max() < 1e-9


def test_baselines_are_chebyshev_polynomials() -> None:
    x = np.array([2.0, 3.0, 4.0, 6.0])
    t = np.array([-1.0, -0.5, 0.0, 1.0])
    assert chebyshev(x, 4) == pytest.approx(np.array([np.ones(4), t, 2 * t**2 - 1, 4 * t**3 - 3 * t]))
    assert chebyshev(x, 0).shape == (0, 4)
