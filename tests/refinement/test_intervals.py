"""Intervals of 68 % and limits of 95 %: few degrees of freedom, no parabola, parameters at bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import nanocrystal as nc
from nanocrystal import vary
from nanocrystal.refinement.intervals import student


@pytest.mark.parametrize(("freedom", "factor"), [(1, 1.84), (2, 1.32), (3, 1.20), (10, 1.05)])
def test_factors_of_student(freedom: int, factor: float) -> None:
    """As printed: 68.27 % of Student's law with so many degrees of freedom."""
    assert student(freedom) == pytest.approx(factor, abs=6e-3)


def recovery(delays: np.ndarray, y: np.ndarray, sigma: float | None = None, **more: Any) -> nc.Result:
    part = nc.RelaxationPart(time=vary(2.5), **more)
    data = nc.NmrRelaxation(
        kind="inversion-recovery", x=delays, intensity=y, sigma=sigma, inversion=1.9, parts={"a": part}
    )
    return nc.refine({}, data)


def inverted(delays: np.ndarray) -> np.ndarray:
    return 3.0 * (1.0 - 1.9 * np.exp(-delays / 2.0))


TIME = "datasets.nmr_relaxation.parts.a.time"


def test_degrees_of_freedom_are_kept_where_the_residuals_say_the_scale() -> None:
    """Six delays less three parameters; none with σ."""
    delays = np.geomspace(0.1, 12.0, 6)
    y = inverted(delays) + 0.03 * np.random.default_rng(0).normal(size=6)
    parts = {"a": nc.RelaxationPart(time=vary(2.5))}
    given = {"kind": "inversion-recovery", "x": delays, "intensity": y, "inversion": vary(2.0), "parts": parts}
    assert nc.refine({}, nc.NmrRelaxation(**given)).freedom == 3.0
    assert nc.refine({}, nc.NmrRelaxation(**given, sigma=np.full(6, 0.03))).freedom is None


def test_chi_squared_is_over_degrees_of_freedom() -> None:
    """Six delays, time and amplitude refined: χ² over 4."""
    delays = np.geomspace(0.3, 2.0, 6)
    y = inverted(delays) + 0.25 * np.random.default_rng(3).normal(size=6)
    curve = recovery(delays, y, sigma=0.25).datasets["nmr_relaxation"]
    chi2 = float((((y - curve.calculated) / 0.25) ** 2).sum())
    assert curve.chi2_red == pytest.approx(chi2 / 4.0, rel=1e-6)
    assert curve.gof == pytest.approx(np.sqrt(chi2 / 4.0), rel=1e-6)


@pytest.mark.parametrize(("n", "said"), [(4, "2 degrees of freedom: "), (5, "3 degrees of freedom: "), (40, "")])
def test_few_degrees_of_freedom_are_said(n: int, said: str) -> None:
    """With the factor as printed: 1.32 and 1.20; with 38 of them it is 1.01 and not worth a note."""
    delays = np.geomspace(0.1, 12.0, n)
    y = inverted(delays) + 0.02 * np.random.default_rng(1).normal(size=n)
    notes = [note for note in recovery(delays, y).notes if "Student" in note]
    assert len(notes) == bool(said)
    for note in notes:
        assert note.startswith(f"{said}intervals of 68 % reach {1.32 if n == 4 else 1.20:.2f} standard errors")


def test_an_interval_without_sigma_carries_the_factor() -> None:
    delays = np.geomspace(0.1, 12.0, 4)
    y = inverted(delays) + np.array([0.01, -0.015, 0.012, -0.005])
    time = recovery(delays, y).parameters[TIME]
    assert time.stderr is not None
    assert time.low is not None
    assert time.high is not None
    assert (time.high - time.low) / (2.0 * time.stderr) == pytest.approx(1.32, rel=0.05)


def test_an_interval_is_where_the_profile_has_risen_by_one() -> None:
    """Of a time far from a parabola; the profile over the amplitude is written out and minimised by scipy."""
    delays = np.geomspace(0.3, 2.0, 6)
    y = inverted(delays) + 0.25 * np.random.default_rng(3).normal(size=6)
    result = recovery(delays, y, sigma=0.25)
    time, chi2_red = result.parameters[TIME], result.datasets["nmr_relaxation"].chi2_red
    assert chi2_red is not None

    def profile(t: float) -> float:
        shape = 1.0 - 1.9 * np.exp(-delays / t)
        return float((((y - (y @ shape) / (shape @ shape) * shape) / 0.25) ** 2).sum())

    best = minimize_scalar(profile, bounds=(0.5, 6.0), method="bounded", options={"xatol": 1e-10})
    assert time.value == pytest.approx(best.x, rel=1e-5)
    assert time.low is not None
    assert time.high is not None
    for end in (time.low, time.high):
        assert profile(end) - best.fun == pytest.approx(max(1.0, chi2_red), rel=0.05)
    assert abs((time.high - time.value) / (time.value - time.low) - 1.0) > 0.05


def phases(amount: float, seed: int) -> tuple[float, nc.Estimate]:
    """Two recoveries, a strong one and one whose amplitude may not be below 0; the error that it has without a bound.

    amount: of the weak one, in such errors.
    """
    delays = np.geomspace(0.05, 12.0, 40)
    strong, weak = (1.0 - 1.9 * np.exp(-delays / t) for t in (0.3, 3.0))
    information = np.linalg.inv(np.array([[strong @ strong, strong @ weak], [strong @ weak, weak @ weak]]))
    error = 0.05 * np.sqrt(information[1, 1])
    y = 2.0 * strong + amount * error * weak + 0.05 * np.random.default_rng(seed).normal(size=40)
    parts = {
        "strong": nc.RelaxationPart(time=0.3),
        "weak": nc.RelaxationPart(time=3.0, amplitude=vary(2.0 * error, min=0.0)),
    }
    data = nc.NmrRelaxation(kind="inversion-recovery", x=delays, intensity=y, sigma=0.05, inversion=1.9, parts=parts)
    result = nc.refine({}, data)
    chi2_red = result.datasets["nmr_relaxation"].chi2_red
    assert chi2_red is not None
    scaled = error * np.sqrt(max(1.0, chi2_red))
    return scaled, result.parameters["datasets.nmr_relaxation.parts.weak.amplitude"]


@pytest.mark.parametrize("seed", range(4))
def test_a_limit_at_a_bound_by_hand(seed: int) -> None:
    """Of a normal law about x < 0 with a bound at 0: L with (L − x)² − x² = 2.706 in standard errors."""
    seeds = [s for s in range(60) if phases(0.0, s)[1].status == "at_bound"]
    error, weak = phases(0.0, seeds[seed])
    assert weak.value == 0.0
    assert weak.stderr is None
    assert weak.low == 0.0
    assert weak.limit is not None
    assert weak.high is not None
    limit, end = weak.limit / error, weak.high / error
    below = (2.706 - limit**2) / (2.0 * limit)  # −x by the one
    assert below >= 0.0
    assert end == pytest.approx(-below + np.sqrt(below**2 + 0.219), rel=0.05)


def test_a_limit_near_a_bound_by_hand() -> None:
    """Of a parabola about x, √2.706 above it, where x is less than two standard errors from the bound; else none."""
    for amount, near in ((1.0, True), (5.0, False)):
        free = [(e, weak) for e, weak in (phases(amount, seed) for seed in range(6)) if weak.status == "free"]
        of_near = [(e, weak) for e, weak in free if bool(weak.value < 2.0 * e) is near]
        assert len(of_near) >= 3
        for error, weak in of_near:
            if near:
                assert weak.limit == pytest.approx(weak.value + np.sqrt(2.706) * error, rel=0.02)
            else:
                assert weak.limit is None


def covers(amount: float, seeds: int) -> float:
    """Return how often a truth, in standard errors from the bound, is below the limit of 95 %, where one is stated."""
    inside = []
    for seed in range(seeds):
        error, weak = phases(amount, seed)
        inside.append(weak.limit is None or amount * error <= weak.limit)
    return float(np.mean(inside))


@pytest.mark.campaign
@pytest.mark.parametrize("amount", [0.0, 0.5, 1.0, 2.0])
def test_limits_cover(amount: float) -> None:
    assert covers(amount, 100) >= 0.95 - 3.0 * np.sqrt(0.05 * 0.95 / 100)


@pytest.mark.long
@pytest.mark.parametrize("amount", [0.0, 0.5, 1.0, 2.0])
def test_limits_cover_in_full(amount: float) -> None:
    part = covers(amount, 300)
    print(f"| {amount:g} errors from the bound | 300 | {100.0 * part:.1f} % |")
    assert part >= 0.95 - 3.0 * np.sqrt(0.05 * 0.95 / 300)


def share(n: int, seeds: int) -> float:
    """Return how often the interval of a time from n delays without σ holds the truth."""
    delays = np.geomspace(0.1, 12.0, n)
    inside = []
    for seed in range(seeds):
        y = inverted(delays) + 0.03 * np.random.default_rng(seed).normal(size=n)
        part = nc.RelaxationPart(time=vary(2.5))
        data = nc.NmrRelaxation(
            kind="inversion-recovery", x=delays, intensity=y, inversion=vary(2.0), parts={"a": part}
        )
        time = nc.refine({}, data).parameters[TIME]
        assert time.low is not None
        assert time.high is not None
        inside.append(time.low < 2.0 < time.high)
    return float(np.mean(inside))


@pytest.mark.campaign
@pytest.mark.parametrize("freedom", [1, 2, 3, 10])
def test_intervals_cover_with_few_degrees_of_freedom(freedom: int) -> None:
    assert abs(share(freedom + 3, 100) - 0.68) <= 0.08 * np.sqrt(3.0)


@pytest.mark.long
@pytest.mark.parametrize("freedom", [1, 2, 3, 10])
def test_intervals_cover_with_few_degrees_of_freedom_in_full(freedom: int) -> None:
    part = share(freedom + 3, 300)
    print(f"| {freedom} degrees of freedom | 300 | {100.0 * part:.0f} % |")
    assert abs(part - 0.68) <= 0.08


def test_what_rests_on_a_held_parameter_alone_has_no_error_of_0() -> None:
    """A time that is 0.3 s longer than one at its bound."""
    delays = np.geomspace(0.1, 12.0, 30)
    y = inverted(delays) + inverted(delays * 0.5) + 0.01 * np.random.default_rng(0).normal(size=30)
    held = "datasets.nmr_relaxation.parts.a.time"
    parts = {
        "a": nc.RelaxationPart(time=vary(1.4, max=1.5)),
        "b": nc.RelaxationPart(time=nc.tied(f"{held} + 0.3")),
    }
    data = nc.NmrRelaxation(kind="inversion-recovery", x=delays, intensity=y, sigma=0.01, inversion=1.9, parts=parts)
    parameters = nc.refine({}, data).parameters
    first, second = parameters[held], parameters["datasets.nmr_relaxation.parts.b.time"]
    assert first.status == "at_bound"
    assert second.value == pytest.approx(1.8)
    assert second.stderr is None
    assert second.stderr_scaled is None
