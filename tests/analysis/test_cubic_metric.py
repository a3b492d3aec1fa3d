"""The test of a cubic lattice: on patterns written down here, and on calculated ones of two crystals."""

from __future__ import annotations

import csv
import io
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

from nanocrystal import Cube, Distribution, InputError, Sphere, TotalScattering, simulated_curves
from nanocrystal.analysis import (
    CubicMetric,
    MetricOptions,
    PeakOptions,
    cell_parameters,
    cubic_metric,
    cubic_reflections,
    fit_peaks,
    scattering_envelope,
)
from nanocrystal.analysis.cubic_metric import CubicReflection
from nanocrystal.tables.form_factors import form_factor
from support import structures
from support.measured import measured
from support.modelling import crystal, now, sample_of

A = 5.618
STANDARD_DEVIATION = 0.02
Q = np.arange(0.9, 3.8, 0.005)


def pattern(cell_of: dict[int, float], background: float = 60.0) -> np.ndarray:
    """Return Gaussians; cell_of: the cell parameter that each h² + k² + l² is put at."""
    y = np.full(len(Q), background)
    for square, a in cell_of.items():
        height = 300.0 + 70.0 * ((7 * square) % 11)
        y += height * np.exp(-0.5 * ((Q - 2.0 * np.pi * np.sqrt(square) / a) / STANDARD_DEVIATION) ** 2)
    return y


def with_noise(mean: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return mean + np.random.default_rng(seed).normal(0.0, np.sqrt(mean)), np.sqrt(mean)


SQUARES = (1, 2, 3, 4, 5, 6, 8, 9, 10, 11)
"""of the reflections inside Q; 7 is no sum of three squares"""
EXACT = PeakOptions(mixing=0.0)


def test_reflections_by_hand() -> None:
    found = cubic_reflections(A, (0.9, 3.8))
    assert tuple(r.square for r in found) == SQUARES
    assert [r.name for r in found][6:] == ["220", "300/221", "310", "311"]
    assert [r.name for r in cubic_reflections(3.52, (1.0, 6.2), "F")] == ["111", "200", "220", "311", "222"]
    assert [r.name for r in cubic_reflections(2.87, (1.0, 5.5), "I")] == ["110", "200", "211"]
    assert [r.name for r in cubic_reflections(A, (0.9, 1.8), leave_out=(2,))] == ["100"]
    assert CubicReflection(101, ((10, 1, 0),)).name == "10 1 0"
    # Q of 200 is twice 2π/a
    assert found[3].position(A) == pytest.approx(4.0 * np.pi / A)
    assert found[3].cell_parameter(4.0 * np.pi / A) == pytest.approx(A)


@pytest.mark.campaign
def test_a_cubic_pattern_gives_its_cell_and_p_values_are_uniform() -> None:
    mean = pattern(dict.fromkeys(SQUARES, A))
    found = [
        cubic_metric(Q, *with_noise(mean, seed), a=5.64, options=MetricOptions(profile=EXACT)) for seed in range(100)
    ]
    values = np.array([m.all.mean.value for m in found])
    errors = np.array([m.all.mean.stderr for m in found])
    assert {m.all.n for m in found} == {10}
    assert ((values - A) / errors).std() == pytest.approx(1.0, abs=0.2)
    assert values.mean() == pytest.approx(A, abs=3.0 * errors.mean() / 10.0)
    p_values = np.array([m.all.p_value for m in found])
    # of 100, about 5 and about 50; the bounds are three standard deviations of a count
    assert (p_values < 0.05).sum() <= 12
    assert 35 <= (p_values < 0.5).sum() <= 65
    assert "nothing speaks against cubic" in found[0].verdict


def test_odd_reflections_that_are_shifted_are_seen_apart() -> None:
    mean = pattern({s: A + 0.03 if s % 2 else A for s in SQUARES})
    metric = cubic_metric(Q, *with_noise(mean, 1), a=A, options=MetricOptions(profile=EXACT))
    assert metric.even.mean.value == pytest.approx(A, abs=3.0 * metric.even.mean.stderr)
    assert metric.odd.mean.value == pytest.approx(A + 0.03, abs=3.0 * metric.odd.mean.stderr)
    assert metric.even.p_value > 0.01
    assert metric.odd.p_value > 0.01
    assert metric.all.p_value < 1e-10
    assert metric.odd_minus_even.value == pytest.approx(0.03, abs=3.0 * metric.odd_minus_even.stderr)
    assert "larger by 0.0" in metric.verdict


def test_mean_and_chi2_of_peaks_apart_by_hand() -> None:
    """Peaks that are fitted alone have no correlation: weights are 1/stderr²."""
    q = np.arange(0.9, 1.8, 0.004)
    y = 900.0 * np.exp(-0.5 * ((q - 1.12) / 0.02) ** 2) + 500.0 * np.exp(-0.5 * ((q - 1.60) / 0.02) ** 2) + 50.0
    reflections = cubic_reflections(A, (0.9, 1.8))
    fit = fit_peaks(q, y, np.sqrt(y), [r.position(A) for r in reflections], options=EXACT)
    metric = cell_parameters(reflections, fit)
    a = np.array([2.0 * np.pi / 1.12, 2.0 * np.pi * np.sqrt(2.0) / 1.60])
    np.testing.assert_allclose(metric.cell_parameter, a, rtol=1e-6)
    error = a * [p.position.stderr for p in fit.peaks] / [1.12, 1.60]
    np.testing.assert_allclose(metric.stderr, error, rtol=1e-5)
    mean = (a / error**2).sum() / (1.0 / error**2).sum()
    assert metric.all.mean.value == pytest.approx(mean, rel=1e-7)
    misfit = (((a - mean) / error) ** 2).sum()
    assert metric.all.chi2 == pytest.approx(misfit, rel=1e-3)
    assert metric.all.p_value == pytest.approx(chi2.sf(misfit, 1), abs=1e-6)


def test_a_reflection_that_is_missing_counts_nowhere() -> None:
    mean = pattern({s: A for s in SQUARES if s != 5})
    metric = cubic_metric(Q, *with_noise(mean, 3), a=A, options=MetricOptions(profile=EXACT))
    assert metric.all.n == 9
    rows = list(csv.DictReader(io.StringIO(metric.to_csv())))
    missing = next(r for r in rows if r["reflection"] == "210")
    assert missing["a (Å)"] == ""
    assert missing["problem"]
    assert {r["parity"] for r in rows if r["reflection"] in ("200", "220")} == {"even"}


# ---- calculated patterns --------------------------------------------------------------------------

CUBIC = structures.CUBIC.replace("5.87", str(A)).replace("Br", "Cl")
CELL = (7.902, 7.948, 11.248)
ORTHORHOMBIC = structures.GAMMA_CSPBBR3.replace("Br", "Cl")
for bromide, chloride in zip((8.207, 8.255, 11.759), CELL, strict=True):
    ORTHORHOMBIC = ORTHORHOMBIC.replace(str(bromide), str(chloride))
"""γ-CsPbBr₃ with chlorine and a smaller cell: like γ-CsPbCl₃, not a published structure"""
CONTENT = {"Cs": 1, "Pb": 1, "Cl": 3}
U_ISO = 0.02


@cache
def ideal(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Return Q and I(Q) of 12 nm spheres."""
    sample = sample_of(text, Sphere(Distribution("lognormal", 120.0, 24.0)), U_ISO)
    settings = TotalScattering(q="0.8:4.6:0.005", background_terms=0)
    curve = simulated_curves(sample, {"iq": settings}, Path())["iq"]
    return curve["Q"], curve["intensity"]


def calculated(text: str, counts: float, divided: bool, largest_q: float = 4.6) -> CubicMetric:
    """Return the metric of 12 nm spheres with counting noise; counts: in the strongest peak."""
    q, mean = ideal(text)
    y = np.random.default_rng(4).poisson(mean / mean.max() * counts).astype(float)
    envelope = scattering_envelope(q, CONTENT, U_ISO) if divided else None
    return cubic_metric(
        q, y, np.sqrt(np.maximum(y, 1.0)), a=A, options=MetricOptions(q_range=(0.9, largest_q)), envelope=envelope
    )


def lines() -> list[tuple[float, float, float]]:
    """Return pseudocubic h² + k² + l², Q and |F|² of all lines of the orthorhombic crystal up to Q = 3.7 Å⁻¹.

    |F|² is summed here over the atoms of the cell. Pseudocubic axes: (a + b)/2, (b − a)/2, c/2.
    """
    model = crystal(ORTHORHOMBIC, U_ISO)
    places = now(model).positions
    elements = [s.element for s, p in zip(model.sites, places, strict=True) for _ in p]
    reach = range(-8, 9)
    found = []
    for h, k, m in ((h, k, m) for h in reach for k in reach for m in reach):
        q = 2.0 * np.pi * float(np.linalg.norm(np.array([h, k, m]) / np.array(CELL)))
        if 0.5 < q < 3.7:
            phases = np.exp(2j * np.pi * np.concatenate(places) @ np.array([h, k, m]))
            factors = np.array([form_factor(e, np.array([q]))[0] for e in elements])
            square = (0.5 * (h + k)) ** 2 + (0.5 * (h - k)) ** 2 + (0.5 * m) ** 2
            found.append((square, q, abs((factors * phases).sum()) ** 2))
    return found


def centroid(square: int, chosen: list[tuple[float, float, float]]) -> float:
    """Return the cell parameter from the mean Q of lines."""
    mean = float(np.average([q for _, q, _ in chosen], weights=[weight for *_, weight in chosen]))
    return float(2.0 * np.pi * np.sqrt(square) / mean)


def by_name(metric: CubicMetric) -> dict[str, float]:
    return {r.name: float(a) for r, a in zip(metric.reflections, metric.cell_parameter, strict=True)}


def test_calculated_pattern_of_a_cubic_crystal() -> None:
    metric = calculated(CUBIC, 1e4, divided=True)
    assert metric.all.n >= 12
    assert metric.all.mean.value == pytest.approx(A, abs=4e-4)
    assert metric.all.p_value > 0.01
    assert abs(metric.odd_minus_even.value) < 3.0 * metric.odd_minus_even.stderr_scaled


def test_broad_peaks_on_a_slope_appear_shifted_unless_it_is_divided_out() -> None:
    """s² d ln(f²/Q)/dQ; for 100 of a 12 nm sphere that is some 0.002 Å in a."""
    as_it_is, divided = (by_name(calculated(CUBIC, 1e6, d, 2.6))["100"] for d in (False, True))
    assert divided == pytest.approx(A, abs=5e-4)
    assert as_it_is - divided > 1e-3


@pytest.mark.campaign
def test_what_the_page_says_of_spheres_and_cubes_of_8_nm() -> None:
    sizes = Distribution("lognormal", 80.0, 16.0)
    found = {}
    for shape in (Sphere(sizes), Cube(sizes)):
        sample = sample_of(CUBIC, shape, {"Cs": 0.03, "Pb": 0.015, "Cl": 0.03})
        curve = simulated_curves(sample, {"iq": TotalScattering(q="0.8:4.6:0.005", background_terms=0)}, Path())["iq"]
        q, y = curve["Q"], curve["intensity"]
        for envelope in (None, scattering_envelope(q, CONTENT, U_ISO)):
            sigma = 0.003 * np.sqrt(y * y.max())
            metric = cubic_metric(q, y, sigma, a=A, options=MetricOptions(q_range=(0.9, 4.6)), envelope=envelope)
            found[type(shape).__name__, envelope is not None] = by_name(metric)["100"]
    assert found["Sphere", False] == pytest.approx(5.624, abs=1e-3)
    assert found["Sphere", True] == pytest.approx(5.6185, abs=5e-4)
    assert found["Cube", False] == pytest.approx(A - 0.011, abs=1e-3)


def test_calculated_pattern_of_an_orthorhombic_crystal() -> None:
    metric = calculated(ORTHORHOMBIC, 1e5, divided=True)
    assert metric.all.p_value < 1e-10
    assert metric.odd.p_value < 1e-10
    assert "not cubic" in metric.verdict
    found, known = by_name(metric), lines()
    for name, square in (("100", 1), ("110", 2), ("200", 4), ("211", 6), ("220", 8)):
        assert found[name] == pytest.approx(centroid(square, [v for v in known if v[0] == square]), abs=1e-3), name
    # Superstructure lines within its width (0.06 Å⁻¹), more of them at smaller Q, make the weak 300/221 seem to come
    # from a larger cell.
    alone = centroid(9, [v for v in known if v[0] == 9])
    with_neighbours = centroid(9, [v for v in known if abs(v[1] - 2.0 * np.pi * 3.0 / alone) < 0.06])
    assert found["300/221"] > alone + 0.003
    assert found["300/221"] == pytest.approx(with_neighbours, abs=2e-3)
    assert found["300/221"] - metric.even.mean.value > 0.005


def test_a_start_that_is_far_off_is_said_and_not_taken_for_a_finding() -> None:
    mean = pattern(dict.fromkeys(SQUARES, A))
    metric = cubic_metric(
        Q, *with_noise(mean, 1), a=1.05 * A, options=MetricOptions(profile=PeakOptions(mixing=0.0, fwhm=0.05))
    )
    assert metric.all.n < 5
    assert "is a = 5.899 Å the right start?" in metric.verdict


# ---- measured patterns ----------------------------------------------------------------------------


def columns(path: Path, n: int) -> np.ndarray:
    """Return the rows of n numbers of a text file as columns."""
    rows = [line.split() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    numbers = re.compile(r"[-+.\deE]+")
    return np.array([[float(v) for v in r] for r in rows if len(r) == n and all(numbers.fullmatch(v) for v in r)]).T


def test_measured_nickel_is_cubic() -> None:
    """a = 3.52478(82) Å: the PDF of the same data in "Atomic Pair Distribution Function Analysis: A Primer"."""
    q, y, sigma = columns(measured("pdf/pdfttp_ch04GetPDF/Ni.chi"), 3)
    inside = (q > 2.0) & (q < 9.0)
    reflections = cubic_reflections(3.5, (2.0, 9.3), "F")
    metric = cubic_metric(q[inside], y[inside], sigma[inside], a=3.5, options=MetricOptions(reflections=reflections))
    assert metric.all.n >= 9
    assert metric.all.mean.value == pytest.approx(3.52478, abs=8e-4)
    assert metric.all.p_value > 0.01
    assert abs(metric.odd_minus_even.value) < 3e-4


def test_reflections_that_silicon_forbids_are_not_determined() -> None:
    """Diamond: h, k, l all even need h + k + l = 4n. a = 5.42961(52) Å by the PDF of the same data."""
    q, y = columns(measured("pdf/pdfttp_ch05Fit2Phase/si.iq"), 2)
    inside = (q > 2.0) & (q < 7.5)
    reflections = cubic_reflections(5.43, (2.0, 7.5), "F")
    metric = cubic_metric(q[inside], y[inside], a=5.43, options=MetricOptions(reflections=reflections))
    forbidden = {r.name for r in reflections if all(i % 2 == 0 and sum(hkl) % 4 for hkl in r.indices for i in hkl)}
    assert {"200", "222", "420", "600/442"} == forbidden
    problems = {r.name for r, p in zip(metric.reflections, metric.fit.peaks, strict=True) if p.problem}
    assert forbidden <= problems
    assert problems - forbidden <= {"111"}  # at the edge
    assert metric.all.mean.value == pytest.approx(5.42961, abs=3e-3)


# ---- wrong input ----------------------------------------------------------------------------------


def test_input_that_cannot_be_used() -> None:
    y = pattern({1: A, 2: A})
    with pytest.raises(InputError, match=r"0\.5 to 1000 Å, got 0"):
        cubic_reflections(0.0, (1.0, 2.0))
    with pytest.raises(InputError, match="two ascending values"):
        cubic_reflections(A, (2.0, 1.0))
    with pytest.raises(InputError, match="'P', 'I' or 'F'"):
        cubic_reflections(A, (1.0, 2.0), "C")
    with pytest.raises(InputError, match="more than 200"):
        cubic_reflections(100.0, (1.0, 6.0))
    with pytest.raises(InputError, match="holds 0 points"):
        cubic_metric(Q, y, a=A, options=MetricOptions(q_range=(7.0, 8.0)))
    with pytest.raises(InputError, match="has no reflection where the data are"):
        cubic_metric(Q, y, a=A, options=MetricOptions(q_range=(1.2, 1.5)))
    with pytest.raises(InputError, match="envelope: must be positive"):
        cubic_metric(Q, y, a=A, envelope=np.zeros(len(Q)))
    with pytest.raises(InputError, match="no form factor for 'Xx'"):
        scattering_envelope(Q, {"Xx": 1})
    with pytest.raises(InputError, match="as many as peaks, 1, got 2"):
        cell_parameters(cubic_reflections(A, (0.9, 1.8)), fit_peaks(Q, y, None, [1.12]))
