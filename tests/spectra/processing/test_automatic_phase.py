"""Phases that were put in are found, and how well they are known is said; both signs only where they are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from nanocrystal.data.nmr_data import NmrData, time_axis
from nanocrystal.spectra.processing import NmrProcessing, NmrSpectrum, nmr_spectrum
from nanocrystal.spectra.processing.automatic_phase import automatic_phase
from nanocrystal.spectra.processing.phase import NmrPhase, phased, place_from_pivot
from nanocrystal.spectra.processing.phase_of_lines import phase_of_lines
from support.nmr_files import CARRIER, ZERO, fid

WIDTH = 20000.0
LINES = [(-6100.0, 20.0, 700.0), (-3000.0, 25.0, 1000.0), (1200.0, 30.0, 2000.0), (5600.0, 25.0, 500.0)]
MIXED = [(f, g, a if k % 2 else -a) for k, (f, g, a) in enumerate(LINES)]
CROWDED = [*MIXED, (-6900.0, 20.0, 900.0), (-2200.0, 20.0, -900.0), (2000.0, 20.0, -900.0), (6500.0, 20.0, 900.0)]
"""of DEPT: CH₂ beside CH of the other sign"""
REACH = 600.0


def measured(values: np.ndarray, width: float = WIDTH) -> NmrData:
    return NmrData(
        domain="time", values=values, x=time_axis(len(values), 1.0 / width), complete=True, nucleus="13C",
        carrier_mhz=CARRIER, reference_mhz=ZERO, format="made", source="made", parameters={},
    )  # fmt: skip


def noisy(values: np.ndarray, sigma: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return values + sigma * (rng.normal(size=values.shape) + 1j * rng.normal(size=values.shape))


def ppm_of(hz: float) -> float:
    return (CARRIER * 1e6 + hz - ZERO * 1e6) / ZERO


def areas(spectrum: NmrSpectrum) -> np.ndarray:
    return np.array([float(spectrum.integral(ppm_of(f - REACH), ppm_of(f + REACH))) for f, _, _ in LINES])


def within_reach(width: float, a: float) -> float:
    """Return the area of a Lorentzian within ± REACH of its centre, by hand: (2/π) A arctan(2 R/Γ)."""
    return 2.0 / np.pi * a * np.arctan(2.0 * REACH / width)


@pytest.mark.parametrize("missing", [0.0, 0.23, 0.5, 1.3, 2.63])
def test_points_that_are_missing_at_the_beginning(missing: float) -> None:
    """φ1 is 360° for each point; what they leave under the spectrum is put back, and areas are those of all times."""
    values = noisy(fid(8192, WIDTH, LINES, phase=-70.0, begin=missing / WIDTH), 2.0, 1)
    spectrum = nmr_spectrum(measured(values))
    assert spectrum.phase is not None
    assert spectrum.phase.ph1 == pytest.approx(360.0 * missing, abs=12.0)
    expected = [within_reach(g, a) for _, g, a in LINES]
    np.testing.assert_allclose(areas(spectrum), expected, rtol=0.03)
    assert spectrum.negative_share < 0.01


def test_asymmetric_lines_do_not_turn_the_phase() -> None:
    """A shim that is off gives each line a shoulder: single lines then tell a phase that leaves others below zero."""
    shouldered = [line for f, g, a in LINES for line in ((f, g, a), (f + 0.8 * g, 1.5 * g, 0.3 * a))]
    spectrum = nmr_spectrum(measured(noisy(fid(8192, WIDTH, shouldered, phase=40.0), 1.0, 2)))
    assert spectrum.phase is not None
    at = place_from_pivot(spectrum.x, spectrum.phase.pivot)
    places = [np.interp(ppm_of(f), spectrum.x, at) for f, _, _ in LINES]
    left = [spectrum.phase.ph0 + spectrum.phase.ph1 * p - 40.0 for p in places]
    assert np.abs(left).max() < 2.0


def test_both_signs_only_when_they_are_asked_for() -> None:
    values = noisy(fid(8192, WIDTH, MIXED, phase=110.0), 2.0, 3)
    asked = nmr_spectrum(measured(values), NmrProcessing(both_signs=True))
    signs = np.sign(areas(asked))
    assert (signs == signs[2] * np.sign([a for _, _, a in MIXED]) * np.sign(MIXED[2][2])).all()
    np.testing.assert_allclose(np.abs(areas(asked)), [within_reach(g, a) for _, g, a in LINES], rtol=0.1)
    assert not any("phase or baseline are not right" in note for note in asked.notes)
    assert any("lines of both signs allowed" in note for note in asked.notes)
    plain = nmr_spectrum(measured(noisy(fid(8192, WIDTH, CROWDED, phase=110.0), 2.0, 3)))
    assert plain.negative_share > 0.02
    assert any("more than 2 % of the signal is negative: phase or baseline" in note for note in plain.notes)


def test_warning_of_negative_signal_comes_with_a_wrong_phase_alone() -> None:
    values = noisy(fid(8192, WIDTH, LINES), 2.0, 4)
    for ph0, warned in ((0.0, False), (25.0, True)):
        spectrum = nmr_spectrum(measured(values), NmrProcessing(phase=NmrPhase(ph0)))
        assert any("phase or baseline are not right" in note for note in spectrum.notes) == warned, ph0
        assert any(note.startswith("negative signal: ") for note in spectrum.notes)


def test_error_of_the_phase_is_in_that_of_an_integral_that_cuts_a_line() -> None:
    """From the centre of a line on, δ of phase changes the integral by δ ∫Im S = δ (A/2π) ln(1 + 4R²/Γ²), by hand."""
    values = noisy(fid(8192, WIDTH, LINES[2:3], phase=30.0), 1.0, 5)
    spectrum = nmr_spectrum(measured(values))
    assert spectrum.phase_covariance is not None
    f, g, a = LINES[2]
    half = float(spectrum.integral_sigma(ppm_of(f), ppm_of(f + REACH)))
    slope = a / (2.0 * np.pi) * np.log(1.0 + 4.0 * REACH**2 / g**2)
    of_phase = np.radians(np.sqrt(spectrum.phase_covariance[0, 0])) * slope
    without = nmr_spectrum(measured(values), NmrProcessing(phase=spectrum.phase))
    of_noise = float(without.integral_sigma(ppm_of(f), ppm_of(f + REACH)))
    assert half == pytest.approx(np.hypot(of_phase, of_noise), rel=0.02)
    assert without.phase_covariance is None


def test_error_of_the_phase_of_a_series_is_common_to_its_traces() -> None:
    """Traces of one line are multiples of each other: a phase error scales all, and adds nothing to their scatter."""
    one = fid(4096, WIDTH, LINES[2:3], phase=30.0)
    rows = noisy(np.stack([one * k for k in (1.0, 0.5, 0.25)]), 1.0, 6)
    spectrum = nmr_spectrum(measured(rows[0]))
    series = nmr_spectrum(NmrData(**{**vars(measured(rows[0])), "values": rows}))
    region = ppm_of(LINES[2][0]), ppm_of(LINES[2][0] + REACH)
    noise = nmr_spectrum(measured(rows[0]), NmrProcessing(phase=spectrum.phase)).integral_sigma(*region)
    np.testing.assert_allclose(series.integral_sigma(*region), float(noise), rtol=0.2)


def test_pivot_goes_with_the_axis() -> None:
    spectrum = nmr_spectrum(measured(fid(4096, WIDTH, LINES, phase=30.0)))
    moved = spectrum.shifted(3.0).referenced(ZERO * (1.0 + 2e-6))
    assert spectrum.phase is not None
    assert moved.phase is not None
    assert moved.phase.pivot is not None
    k = int(np.argmin(np.abs(spectrum.x - spectrum.phase.pivot)))
    assert moved.phase.pivot == pytest.approx(moved.x[k], abs=1e-6)


def test_phase_of_lines_alone() -> None:
    """One group tells no slope; several do."""
    for lines, slope in ((LINES[2:3], False), (LINES, True)):
        values = nmr_spectrum(measured(fid(4096, WIDTH, lines, phase=50.0)), NmrProcessing(phase=None))
        found = phase_of_lines(values.values, place_from_pivot(values.x, None))
        assert found is not None
        assert found.tells_slope == slope
        assert found.ph0 == pytest.approx(50.0, abs=0.5)


@pytest.mark.parametrize("noise", [20.0, 100.0])
@pytest.mark.parametrize(
    "seeds", [pytest.param(100, marks=pytest.mark.campaign), pytest.param(300, marks=pytest.mark.long)]
)
def test_stated_errors_of_integrals_cover(seeds: int, noise: float) -> None:
    """A line of 2000 Hz, as ¹³³Cs has, from −3 to +5 widths: noise and phase together."""
    f, g, a, lb = 2000.0, 2000.0, 1000.0, 300.0
    true = a * (np.arctan(10.0 * g / (g + lb)) + np.arctan(6.0 * g / (g + lb))) / np.pi
    z = []
    for seed in range(seeds):
        values = noisy(fid(4096, 2e5, [(f, g, a)], phase=75.0), noise, seed)
        spectrum = nmr_spectrum(measured(values, 2e5), NmrProcessing(exponential_hz=lb))
        region = ppm_of(f - 3.0 * g), ppm_of(f + 5.0 * g)
        z.append((float(spectrum.integral(*region)) - true) / float(spectrum.integral_sigma(*region)))
    assert 0.60 < np.mean(np.abs(z) < 1.0) < 0.76
    assert abs(np.mean(z)) < 0.2
    assert 0.85 < np.std(z) < 1.15


def test_first_order_may_be_left_out() -> None:
    values = nmr_spectrum(measured(fid(8192, WIDTH, LINES, phase=20.0)), NmrProcessing(phase=None))
    spoiled = phased(values.values, values.x, NmrPhase(0.0, -30.0))
    assert automatic_phase(spoiled, values.x, first_order=False).phase.ph1 == 0.0
