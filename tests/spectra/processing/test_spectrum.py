"""From FIDs with known lines to spectra: positions, areas, phases, noise."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal.data.nmr import read_nmr
from nanocrystal.data.nmr_data import IndirectAxis, NmrData, time_axis
from nanocrystal.errors import InputError
from nanocrystal.spectra.processing import NmrProcessing, NmrSpectrum, nmr_spectrum
from nanocrystal.spectra.processing.automatic_phase import automatic_phase
from nanocrystal.spectra.processing.baseline import polynomial_baseline, smooth_baseline
from nanocrystal.spectra.processing.noise import noise_of
from nanocrystal.spectra.processing.phase import NmrPhase, phased
from nanocrystal.spectra.processing.reference import referenced_by_peak, referenced_by_ratio
from nanocrystal.spectra.processing.window import NmrWindow
from support.nmr_files import CARRIER, ZERO, fid, filtered_fid, write_bruker

WIDTH = 20000.0
LINES = [(-3000.0, 25.0, 1000.0), (1200.0, 60.0, 3000.0), (5600.0, 25.0, 500.0)]


def measured(values: np.ndarray, delay: float = 0.0, width: float = WIDTH) -> NmrData:
    t = time_axis(values.shape[-1], 1.0 / width, delay)
    return NmrData(
        domain="time",
        values=values,
        x=t,
        complete=True,
        nucleus="133Cs",
        carrier_mhz=CARRIER,
        reference_mhz=ZERO,
        format="made",
        source="made",
        parameters={},
    )


def lorentzian(f: np.ndarray, lines: list[tuple[float, float, float]]) -> np.ndarray:
    """Return Σ A (Γ/2π)/((f − f0)² + Γ²/4), lines of area A over Hz."""
    return sum(a * g / (2.0 * np.pi) / ((f - f0) ** 2 + 0.25 * g**2) for f0, g, a in lines)


def ppm_of(hz: float) -> float:
    return (CARRIER * 1e6 + hz - ZERO * 1e6) / ZERO


def found_lines(spectrum: NmrSpectrum, guesses: list[tuple[float, float, float]]) -> np.ndarray:
    """Return position (ppm), FWHM (Hz) and area (over Hz) of each line by scipy's least squares."""
    from scipy.optimize import least_squares

    f = (spectrum.x - ppm_of(0.0)) * ZERO

    def residuals(p: np.ndarray) -> np.ndarray:
        lines = [(p[3 * k] * 1e3, p[3 * k + 1], p[3 * k + 2] * 1e3) for k in range(len(guesses))]
        return lorentzian(f, lines) + p[-1] - spectrum.real

    start = [v for f0, g, a in guesses for v in ((f0 + 7.0) * 1e-3, 1.2 * g, 0.9e-3 * a)] + [0.0]
    best = least_squares(residuals, start, x_scale=np.abs(start) + 1e-3, xtol=1e-14, ftol=1e-14, gtol=1e-14).x
    return np.array([[ppm_of(best[3 * k] * 1e3), best[3 * k + 1], best[3 * k + 2] * 1e3] for k in range(len(guesses))])


def check(found: np.ndarray, broadened: float = 0.0) -> None:
    for row, (f0, g, a) in zip(found, LINES, strict=True):
        assert abs(row[0] - ppm_of(f0)) < 1e-4
        assert row[1] == pytest.approx(g + broadened, rel=2e-3)
        assert row[2] == pytest.approx(a, rel=1e-3)


# ---- the transform ------------------------------------------------------------------------------


def test_transform_is_the_direct_sum() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=40) + 1j * rng.normal(size=40)
    data = measured(values, delay=7.3)
    spectrum = nmr_spectrum(data, NmrProcessing(exponential_hz=30.0, zero_fill=1, phase=None))
    window = np.exp(-np.pi * 30.0 * np.abs(data.x))
    assert spectrum.frequency is not None
    for f, s in zip(spectrum.frequency, spectrum.values, strict=True):
        assert s == pytest.approx(np.sum(values * window * np.exp(-2j * np.pi * f * data.x)) * 2.0 / WIDTH, rel=1e-10)


def test_lines_of_an_fid_have_its_frequencies_widths_and_amplitudes() -> None:
    spectrum = nmr_spectrum(measured(fid(16384, WIDTH, LINES)), NmrProcessing(phase=None))
    check(found_lines(spectrum, LINES))
    f = spectrum.frequency
    assert f is not None
    # halving the first point leaves no offset: the curve is the analytic one but for its aliased wings
    difference = spectrum.real - lorentzian(f, LINES)
    assert np.abs(difference).max() < 2e-4 * spectrum.real.max()
    whole = nmr_spectrum(measured(fid(16384, WIDTH, LINES)), NmrProcessing(phase=None, first_point=1.0))
    assert np.mean(whole.real - spectrum.real) == pytest.approx(4500.0 / WIDTH, rel=1e-9)


@pytest.mark.parametrize("delay", [61.03125, 67.96875, 19.65625])
def test_digital_filter_leaves_no_trace(delay: float) -> None:
    """Delays of 61, 68 and 20 points: positions, widths, areas, no phase to correct."""
    values = filtered_fid(8192, WIDTH, LINES, delay)
    assert np.abs(values[: int(delay) - 2]).max() < 0.2 * np.abs(values).max()
    spectrum = nmr_spectrum(measured(values, delay), NmrProcessing(phase=None))
    guesses = found_lines(spectrum, LINES)
    assert np.abs(guesses[:, 0] - [ppm_of(f0) for f0, _, _ in LINES]).max() < 1e-4
    check(guesses)
    at_top = [int(np.argmin(np.abs(spectrum.x - ppm_of(f0)))) for f0, _, _ in LINES]
    for k, (f0, _, _) in zip(at_top, LINES, strict=True):
        # the dispersion of the neighbours and the grid: within a degree where interpolated to the centre
        centre = np.interp(ppm_of(f0), spectrum.x[k - 1 : k + 2], np.unwrap(np.angle(spectrum.values[k - 1 : k + 2])))
        assert abs(np.degrees(centre)) < 1.5


def test_zeros_and_the_next_power_of_two() -> None:
    data = measured(fid(3000, WIDTH, LINES))
    assert len(nmr_spectrum(data, NmrProcessing(zero_fill=1, phase=None)).x) == 3000
    assert len(nmr_spectrum(data, NmrProcessing(zero_fill=2, phase=None)).x) == 8192
    with pytest.raises(InputError, match="zero_fill"):
        nmr_spectrum(data, NmrProcessing(zero_fill=0))


# ---- windows ------------------------------------------------------------------------------------


def test_exponential_window_broadens_by_lb_and_keeps_areas() -> None:
    spectrum = nmr_spectrum(measured(fid(16384, WIDTH, LINES)), NmrProcessing(exponential_hz=40.0, phase=None))
    check(found_lines(spectrum, LINES), broadened=40.0)


def test_gaussian_window_is_a_convolution_with_a_gaussian_of_that_width() -> None:
    from scipy.special import voigt_profile

    spectrum = nmr_spectrum(measured(fid(16384, WIDTH, LINES[1:2])), NmrProcessing(gaussian_hz=150.0, phase=None))
    assert spectrum.frequency is not None
    f0, g, a = LINES[1]
    expected = a * voigt_profile(spectrum.frequency - f0, 150.0 / np.sqrt(8.0 * np.log(2.0)), 0.5 * g)
    assert np.abs(spectrum.real - expected).max() < 1e-3 * expected.max()


def test_sine_windows_by_hand() -> None:
    t = np.array([0.0, 0.25, 0.5, 1.0])
    np.testing.assert_allclose(NmrWindow(sine=90.0).values(t), np.cos(0.5 * np.pi * t), atol=1e-12)
    np.testing.assert_allclose(NmrWindow(sine=0.0).values(t), np.sin(np.pi * t), atol=1e-12)
    np.testing.assert_allclose(NmrWindow(sine=90.0, sine_power=2).values(t), np.cos(0.5 * np.pi * t) ** 2, atol=1e-12)
    with pytest.raises(InputError, match="exponential_hz"):
        NmrWindow(exponential_hz=-30.0).values(t)
    with pytest.raises(InputError, match="0 to below 180 degrees, got 200"):
        NmrWindow(sine=200.0).values(t)


# ---- phase --------------------------------------------------------------------------------------


def test_given_phase_is_taken_out_at_the_pivot() -> None:
    spectrum = nmr_spectrum(measured(fid(16384, WIDTH, LINES, phase=37.0)), NmrProcessing(phase=NmrPhase(37.0)))
    check(found_lines(spectrum, LINES))
    x = np.linspace(0.0, 99.0, 100)
    turned = phased(np.ones(100, complex), x, NmrPhase(10.0, 180.0, 25.0))
    assert np.degrees(np.angle(turned[25])) == pytest.approx(-10.0)
    assert np.degrees(np.angle(turned[75])) == pytest.approx(-100.0)


@pytest.mark.parametrize(("ph0", "ph1"), [(0.0, 0.0), (37.0, 0.0), (-150.0, 0.0), (100.0, 80.0), (-60.0, -140.0)])
def test_automatic_phase_is_found_to_a_degree(ph0: float, ph1: float) -> None:
    rng = np.random.default_rng(8)
    values = fid(8192, WIDTH, LINES)
    values = values + 30.0 * (rng.normal(size=8192) + 1j * rng.normal(size=8192))
    straight = nmr_spectrum(measured(values), NmrProcessing(phase=None, exponential_hz=5.0))
    x, middle = straight.x, straight.x[len(straight.x) // 2]
    spoiled = phased(straight.values, x, NmrPhase(-ph0, -ph1, middle))
    found = automatic_phase(spoiled, x).phase
    width = (x[-1] - x[0]) * len(x) / (len(x) - 1)
    for f0, _, _ in LINES:
        true = ph0 + ph1 * (ppm_of(f0) - middle) / width
        assert found.pivot is not None
        had = found.ph0 + found.ph1 * (ppm_of(f0) - found.pivot) / width
        assert abs((had - true + 180.0) % 360.0 - 180.0) < (1.0 if f0 != 5600.0 else 2.0)


BROAD = [(2000.0, 2000.0, 1000.0)]
OVERLAPPING = [(2000.0, 2000.0, 1000.0), (-3000.0, 4000.0, 1000.0)]


@pytest.mark.parametrize(
    ("lines", "noise", "within"), [(BROAD, 3.0, 1.0), (BROAD, 100.0, 8.0), (OVERLAPPING, 3.0, 3.0)]
)
def test_phase_of_broad_lines_as_nanocrystals_have(
    lines: list[tuple[float, float, float]], noise: float, within: float
) -> None:
    """133Cs of 2000 Hz, alone at S/N 1400 and 40, and two that overlap."""
    rng = np.random.default_rng(3)
    values = fid(4096, 2e5, lines, phase=75.0) + noise * (rng.normal(size=4096) + 1j * rng.normal(size=4096))
    spectrum = nmr_spectrum(measured(values, width=2e5), NmrProcessing(exponential_hz=300.0))
    assert spectrum.phase is not None
    assert spectrum.phase.ph0 == pytest.approx(75.0, abs=within)
    assert spectrum.phase.ph1 == 0.0


def test_phase_of_pure_noise_is_some_number() -> None:
    rng = np.random.default_rng(0)
    spectrum = nmr_spectrum(measured(rng.normal(size=512) + 1j * rng.normal(size=512)))
    assert spectrum.phase is not None
    assert abs(spectrum.phase.ph0) <= 180.0


def test_lines_of_both_signs_are_both_upright_or_down() -> None:
    values = fid(8192, WIDTH, [(-3000.0, 25.0, 1000.0), (1200.0, 60.0, -1500.0), (5600.0, 25.0, 800.0)], phase=110.0)
    found = nmr_spectrum(measured(values), NmrProcessing(both_signs=True))
    assert found.phase is not None
    signs = [float(found.integral(ppm_of(f - 500.0), ppm_of(f + 500.0))) for f in (-3000.0, 1200.0, 5600.0)]
    np.testing.assert_allclose(np.abs(signs), [1000.0, 1500.0, 800.0], rtol=0.08)
    assert np.sign(signs[0]) == np.sign(signs[2]) == -np.sign(signs[1])


def test_series_keeps_the_signs_of_an_inversion_recovery() -> None:
    delays = np.array([0.01, 0.3, 5.0])
    one = fid(8192, WIDTH, LINES, phase=63.0)
    series = np.stack([one * (1.0 - 2.0 * np.exp(-d / 0.8)) for d in delays])
    data = measured(series)
    data = NmrData(**{**vars(data), "indirect": IndirectAxis("delay", "s", delays, "vdlist")})
    spectrum = nmr_spectrum(data, NmrProcessing(exponential_hz=5.0))
    areas = spectrum.integral(ppm_of(900.0), ppm_of(1500.0))
    np.testing.assert_allclose(
        areas / areas[2], (1 - 2 * np.exp(-delays / 0.8)) / (1 - 2 * np.exp(-5.0 / 0.8)), rtol=1e-6
    )
    assert areas[2] > 0.0


def test_magnitude_needs_no_phase() -> None:
    a, b = (
        nmr_spectrum(measured(fid(4096, WIDTH, LINES, phase=p)), NmrProcessing(magnitude=True)).real
        for p in (0.0, 77.0)
    )
    np.testing.assert_allclose(a, b, rtol=1e-9)


# ---- baseline and noise ---------------------------------------------------------------------------


def test_polynomial_baseline_finds_what_was_added() -> None:
    rng = np.random.default_rng(2)
    f = np.linspace(-1e4, 1e4, 8192)
    added = 0.02 + 0.03 * (f / 1e4) - 0.04 * (f / 1e4) ** 2
    lines = [(f0, g, 100.0) for f0, g, _ in LINES]
    y = lorentzian(f, lines) + added + 2e-3 * rng.normal(size=len(f))
    assert np.abs(polynomial_baseline(y, 2) - added)[100:-100].max() < 4e-3
    with pytest.raises(InputError, match="order from 0 to 8"):
        polynomial_baseline(y, 9)


def test_arpls_finds_what_was_added() -> None:
    pytest.importorskip("pybaselines")
    f = np.linspace(-1e4, 1e4, 8192)
    added = 0.02 + 0.03 * (f / 1e4) - 0.04 * (f / 1e4) ** 2
    y = lorentzian(f, [(f0, g, 100.0) for f0, g, _ in LINES]) + added
    y = y + 2e-3 * np.random.default_rng(2).normal(size=len(f))
    assert np.median(np.abs(smooth_baseline(y) - added)) < 4e-3


def test_missing_pybaselines_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pybaselines", None)
    with pytest.raises(InputError, match="baseline: needs the package pybaselines"):
        nmr_spectrum(measured(fid(1024, WIDTH, LINES)), NmrProcessing(baseline="arpls"))


def test_noise_is_that_of_the_fid_whatever_lines_there_are() -> None:
    """White noise s of each channel of n points gives 2 s √n dwell at each point of the spectrum."""
    rng = np.random.default_rng(5)
    n, s = 16384, 4.0
    noise = s * (rng.normal(size=n) + 1j * rng.normal(size=n))
    expected = 2.0 * s * np.sqrt(n) / WIDTH
    for values in (noise, noise + fid(n, WIDTH, LINES)):
        spectrum = nmr_spectrum(measured(values), NmrProcessing(phase=None))
        assert spectrum.noise == pytest.approx(expected, rel=0.04)
    assert spectrum.signal_to_noise == pytest.approx(spectrum.real.max() / expected, rel=0.04)
    assert spectrum.sigma.shape == spectrum.real.shape
    assert noise_of(rng.normal(size=20) * 3.0) == pytest.approx(3.0, rel=0.5)


def test_points_of_twice_the_length_are_independent() -> None:
    """Correlation of neighbours of the real part over 32768 points of white noise."""
    rng = np.random.default_rng(6)
    noise = rng.normal(size=16384) + 1j * rng.normal(size=16384)
    for times, expected in ((2, 0.0), (4, np.sinc(0.5))):
        real = nmr_spectrum(measured(noise), NmrProcessing(phase=None, zero_fill=times)).real
        assert np.corrcoef(real[:-1], real[1:])[0, 1] == pytest.approx(expected, abs=0.03), times


def test_sigma_of_integrals_by_two_hundred_repetitions() -> None:
    """Zeros and windows correlate neighbouring points; the scatter of integrals says by how much."""
    rng = np.random.default_rng(11)
    n, areas = 2048, []
    for _ in range(200):
        noise = rng.normal(size=n) + 1j * rng.normal(size=n)
        spectrum = nmr_spectrum(measured(noise), NmrProcessing(phase=None, exponential_hz=8.0, zero_fill=4))
        areas.append(float(spectrum.integral(ppm_of(-2000.0), ppm_of(2000.0))))
    said = float(spectrum.integral_sigma(ppm_of(-2000.0), ppm_of(2000.0)))
    assert np.std(areas) == pytest.approx(said, rel=0.15)


# ---- referencing ----------------------------------------------------------------------------------


def test_reference_by_a_peak() -> None:
    spectrum = nmr_spectrum(measured(fid(16384, WIDTH, LINES)), NmrProcessing(phase=None))
    moved = referenced_by_peak(spectrum, near=ppm_of(1200.0) + 0.2, shift=100.0)
    assert moved.shift is not None
    assert moved.shift[np.argmax(moved.real)] == pytest.approx(100.0, abs=0.02)
    at = found_lines(spectrum, LINES)[:, 0] + (moved.shift[0] - spectrum.x[0])
    assert at[1] == pytest.approx(100.0, abs=2e-3)
    noisy = fid(4096, WIDTH, LINES) + 30 * np.random.default_rng(1).normal(size=4096)
    spectrum = nmr_spectrum(measured(noisy), NmrProcessing(phase=None))
    with pytest.raises(InputError, match="no line at 50"):
        referenced_by_peak(spectrum, near=50.0, shift=0.0, within=0.2)


def test_reference_by_the_frequency_ratio() -> None:
    """133Cs: 13.116142 % of 400.13 MHz is 52.48162... MHz."""
    spectrum = referenced_by_ratio(nmr_spectrum(measured(fid(4096, WIDTH, LINES)), NmrProcessing(phase=None)), 400.13)
    zero = 400.13 * 0.13116142
    assert spectrum.reference_mhz == pytest.approx(zero, rel=1e-12)
    assert spectrum.shift is not None
    assert spectrum.shift[2048 * 2] == pytest.approx((CARRIER - zero) / zero * 1e6, rel=1e-9)


# ---- measured -------------------------------------------------------------------------------------


def test_position_after_writing_and_reading_bruker_data(tmp_path: Path) -> None:
    folder = write_bruker(tmp_path / "7", filtered_fid(8192, WIDTH, LINES, 61.03125) * 1e3, WIDTH, delay=61.03125)
    spectrum = nmr_spectrum(read_nmr(folder), NmrProcessing(phase="auto"))
    found = found_lines(spectrum, [(f, g, 1e3 * a) for f, g, a in LINES])
    assert np.abs(found[:, 0] - [ppm_of(f) for f, _, _ in LINES]).max() < 1e-4
    np.testing.assert_allclose(found[:, 2], [1e3 * a for _, _, a in LINES], rtol=1e-3)


# ---- what spectra say of themselves -----------------------------------------------------------------


def said_of(
    settings: NmrProcessing, lines: list[tuple[float, float, float]] = LINES, word: str = "", first: float = 1.0
) -> list[str]:
    """Return the notes that hold a word, of the spectrum of an FID with its first point multiplied."""
    values = fid(4096, WIDTH, lines, phase=30.0)
    values[0] *= first
    values = values + 2.0 * np.random.default_rng(0).normal(size=4096)
    return [note for note in nmr_spectrum(measured(values), settings).notes if word in note]


def test_a_phase_that_was_found_is_told_and_one_that_was_given_is_not() -> None:
    (found,) = said_of(NmrProcessing(), word="phase found")
    assert found.startswith("phase found, all lines upright: ph0 = ")
    (both,) = said_of(NmrProcessing(both_signs=True), word="phase found")
    assert both.startswith("phase found, lines of both signs allowed: ph0 = ")
    assert said_of(NmrProcessing(phase=NmrPhase(30.0, 0.0, 0.0)), word="phase found") == []
    assert said_of(NmrProcessing(phase=None), word="phase found") == []


@pytest.mark.parametrize(("lines", "said"), [(LINES[1:2], True), (LINES, False)])
def test_one_group_of_lines_has_no_slope_of_its_phase(lines: list[tuple[float, float, float]], said: bool) -> None:
    (found,) = said_of(NmrProcessing(), lines, "phase found")
    assert ("ph1 = 0, for there is one group of lines" in found) is said


@pytest.mark.parametrize(
    ("baseline", "first", "told"),
    [
        ("auto", 0.0, "baseline: level through the floor of the spectrum, -"),
        ("auto", 1.0, ""),
        (2, 1.0, "baseline: polynomial of order 2"),
        (None, 0.0, ""),
    ],
)
def test_baselines_are_told(baseline: Any, first: float, told: str) -> None:
    """Without its first point an FID has a level below its spectrum."""
    found = said_of(NmrProcessing(baseline=baseline), word="baseline: ", first=first)
    assert len(found) == bool(told)
    assert all(note.startswith(told) for note in found)


def test_negative_signal_is_told_where_signs_are_known() -> None:
    assert said_of(NmrProcessing(), word="negative signal: ")
    assert said_of(NmrProcessing(magnitude=True, phase=None), word="negative signal: ") == []
    assert said_of(NmrProcessing(phase=None), word="negative signal: ") == []
    upside_down = NmrProcessing(phase=NmrPhase(30.0 + 180.0, 0.0, 0.0), baseline=None)
    assert said_of(upside_down, word="phase or baseline are not right")
    assert said_of(NmrProcessing(phase=NmrPhase(30.0, 0.0, 0.0), baseline=None), word="are not right") == []
