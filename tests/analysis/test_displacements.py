"""Displacements over temperature against limits worked by hand and sums over quantum levels."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from nanocrystal import InputError
from nanocrystal.analysis import debye_displacement, einstein_displacement, fit_displacements

K, HBAR, DALTON = 1.380649e-23, 1.054571817e-34, 1.66053907e-27
"""J/K, J s, kg (CODATA 2018)"""
TEMPERATURES = np.array([10.0, 40.0, 80.0, 120.0, 160.0, 200.0, 240.0, 280.0, 320.0, 360.0])


def test_zero_point_by_hand() -> None:
    # 100 K, 100 daltons: 1.112122e-68/(2 × 1.660539e-25 × 1.380649e-23 × 100) m² = 0.0024254 Å²; Debye 3/2 of it
    assert einstein_displacement([0.0], 100.0, 100.0)[0] == pytest.approx(0.00242544, rel=1e-5)
    assert debye_displacement([0.0], 100.0, 100.0)[0] == pytest.approx(0.00363815, rel=1e-5)


def test_slope_at_high_temperature_is_that_of_a_classical_spring() -> None:
    omega = K * 80.0 / HBAR
    classical = K / (133.0 * DALTON * omega**2) * 1e20  # Å²/K
    for function, factor in ((einstein_displacement, 1.0), (debye_displacement, 3.0)):
        low, high = function([4000.0, 4100.0], 80.0, 133.0)
        assert (high - low) / 100.0 == pytest.approx(factor * classical, rel=1e-3)


@pytest.mark.parametrize("temperature", [5.0, 60.0, 300.0])
def test_einstein_is_the_mean_over_the_levels_of_an_oscillator(temperature: float) -> None:
    """⟨u²⟩ = Σ_n (n + ½) ħ/(mω) e^{−nθ/T}/Σ_n e^{−nθ/T}."""
    theta, mass = 90.0, 79.9
    n = np.arange(2000)
    weights = np.exp(-n * theta / temperature)
    omega = K * theta / HBAR
    mean = (weights * (n + 0.5)).sum() / weights.sum() * HBAR / (mass * DALTON * omega) * 1e20
    assert einstein_displacement([temperature], theta, mass)[0] == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("temperature", [0.0, 3.0, 60.0, 300.0, 5000.0])
def test_debye_is_the_mean_of_oscillators_with_a_parabolic_spectrum(temperature: float) -> None:
    theta, mass = 120.0, 207.2
    edges = np.linspace(0.0, theta, 20001)
    middle = 0.5 * (edges[:-1] + edges[1:])
    occupied = 0.5 + (1.0 / np.expm1(middle / temperature) if temperature else 0.0)
    each = occupied * HBAR**2 / (mass * DALTON * K * middle) * 1e20
    mean = np.average(each, weights=edges[1:] ** 3 - edges[:-1] ** 3)
    assert debye_displacement([temperature], theta, mass)[0] == pytest.approx(mean, rel=1e-4)


@pytest.mark.parametrize(("model", "function"), [("einstein", einstein_displacement), ("debye", debye_displacement)])
def test_values_and_standard_errors_over_100_seeds(model: str, function) -> None:
    true = function(TEMPERATURES, 70.0, 132.9) + 0.004
    stderr = 0.03 * true
    apart = []
    for seed in range(100):
        u = true + np.random.default_rng(seed).normal(0.0, stderr)
        fit = getattr(fit_displacements(TEMPERATURES, u, stderr, element="Cs"), model)
        apart.append([(fit.theta.value - 70.0) / fit.theta.stderr, (fit.static.value - 0.004) / fit.static.stderr])
    apart = np.array(apart)
    np.testing.assert_allclose(apart.std(axis=0), 1.0, atol=0.25)
    np.testing.assert_allclose(apart.mean(axis=0), 0.0, atol=0.3)


def test_straight_line_by_the_textbook() -> None:
    """Slope Σ(T − T̄)(u − ū)/Σ(T − T̄)², its error σ/√Σ(T − T̄)²; the frequency from k_B/(mω²)."""
    u = 0.002 + 1e-4 * TEMPERATURES + 1e-4 * np.sin(TEMPERATURES)
    fit = fit_displacements(TEMPERATURES, u, np.full(10, 3e-4), mass=100.0).linear
    t = TEMPERATURES - TEMPERATURES.mean()
    slope = (t * (u - u.mean())).sum() / (t**2).sum()
    assert fit.slope.value == pytest.approx(slope, rel=1e-9)
    assert fit.slope.stderr == pytest.approx(3e-4 / np.sqrt((t**2).sum()), rel=1e-9)
    omega = np.sqrt(K / (100.0 * DALTON * slope * 1e-20))
    assert fit.theta.value == pytest.approx(HBAR * omega / K, rel=1e-6)
    assert fit.static.value == pytest.approx(u.mean() - slope * TEMPERATURES.mean(), rel=1e-9)


def test_a_quantum_series_is_told_from_a_line_where_the_data_can() -> None:
    """θ = 250 K: below 100 K the zero point shows."""
    true = einstein_displacement(TEMPERATURES, 250.0, 35.5)
    rng = np.random.default_rng(2)
    sharp = fit_displacements(TEMPERATURES, true + rng.normal(0.0, 2e-5, 10), np.full(10, 2e-5), element="Cl")
    assert sharp.preferred == "einstein"
    assert sharp.linear.p_value < 1e-6
    assert sharp.einstein.theta.value == pytest.approx(250.0, abs=4.0 * sharp.einstein.theta.stderr)
    blunt = fit_displacements(TEMPERATURES, true + rng.normal(0.0, 2e-3, 10), np.full(10, 2e-3), element="Cl")
    assert blunt.preferred == ""
    assert "cannot be told apart" in blunt.verdict


def test_displacements_that_rise_on_cooling_are_no_vibration() -> None:
    """As those of Cl in cubic CsPbCl₃ below 300 K (ACS Nano 11, 3819 (2017), Fig. 3d)."""
    u = 0.13 - 1e-4 * TEMPERATURES + 1e-4 * np.cos(TEMPERATURES)
    found = fit_displacements(TEMPERATURES, u, np.full(10, 1e-3), element="Cl")
    assert "falls with temperature" in found.verdict
    assert found.preferred == ""
    assert np.isnan(found.linear.theta.value)
    assert not found.einstein.theta.determined
    assert "does not rise" in repr(found)


def test_without_standard_errors_they_come_from_the_scatter() -> None:
    rng = np.random.default_rng(5)
    t = np.linspace(10.0, 400.0, 200)
    u = einstein_displacement(t, 70.0, 132.9) + rng.normal(0.0, 1e-3, 200)
    absent = fit_displacements(t, u, element="Cs").einstein
    given = fit_displacements(t, u, np.full(200, 1e-3), element="Cs").einstein
    assert absent.theta.value == pytest.approx(given.theta.value, rel=1e-6)
    assert absent.theta.stderr == pytest.approx(given.theta.stderr, rel=0.15)
    assert np.isnan(absent.p_value)


def test_static_part_can_be_left_out() -> None:
    u = debye_displacement(TEMPERATURES, 110.0, 207.2)
    fit = fit_displacements(TEMPERATURES, u, np.full(10, 1e-4), element="Pb", static=False).debye
    assert (fit.static.value, fit.n_refined) == (0.0, 1)
    assert fit.theta.value == pytest.approx(110.0, rel=1e-4)
    np.testing.assert_allclose(fit.curve(TEMPERATURES), u, rtol=1e-5)


def test_a_negative_static_part_is_remarked_on() -> None:
    u = einstein_displacement(TEMPERATURES, 70.0, 132.9) - 0.002
    found = fit_displacements(TEMPERATURES, u, np.full(10, 1e-4), element="Cs")
    assert "static part is negative" in found.einstein.problem


def test_table() -> None:
    u = einstein_displacement(TEMPERATURES, 70.0, 132.9)
    rows = list(csv.DictReader(io.StringIO(fit_displacements(TEMPERATURES, u, mass=132.9).to_csv())))
    assert len(rows) == 10
    assert list(rows[0])[3:] == ["linear (Å²)", "einstein (Å²)", "debye (Å²)"]
    assert rows[0]["stderr (Å²)"] == ""
    assert float(rows[-1]["einstein (Å²)"]) == pytest.approx(u[-1], rel=1e-5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "needs either the element or the mass"),
        ({"element": "Cs", "mass": 1.0}, "needs either the element or the mass"),
        ({"element": "Cs", "temperature": [1.0, 2.0, 3.0]}, "must be at least 4 different ones, got 3"),
        ({"element": "Cs", "temperature": [-1.0, 2.0, 3.0, 4.0]}, "must not be negative"),
        ({"element": "Cs", "stderr": 0.0}, "stderr: must be positive"),
        ({"mass": -1.0}, "must be a mass in daltons"),
    ],
)
def test_input_that_cannot_be_used(given: dict, message: str) -> None:
    t = np.array(given.pop("temperature", [100.0, 200.0, 300.0, 400.0]))
    stderr = np.full(len(t), given.pop("stderr", 1e-3))
    with pytest.raises(InputError, match=message):
        fit_displacements(t, 1e-4 * t, stderr, **given)
