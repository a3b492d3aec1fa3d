"""Straight lines, transitions and order parameters of a series against hand calculation and exact sampling."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from nanocrystal.report.series.kept import preferred_of
from nanocrystal.report.series.result import (
    MemberResult,
    straight_line,
    transitions_of,
)
from nanocrystal.report.series.switch import single_switch
from nanocrystal.report.series.words import findings
from support.series_members import fit_of, member_of, series_of

# ---- straight lines -------------------------------------------------------------------------------


def test_straight_line_of_three_points_by_hand() -> None:
    """y = 1, 2, 4 at x = 0, 1, 2, all σ = 1: slope 3/2, mean 7/3; χ² = 1/6, so no scaling; σ_s = 1/√2."""
    line = straight_line(np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 4.0]), np.ones(3))
    assert (line.slope, line.level, line.at) == pytest.approx((1.5, 7.0 / 3.0, 1.0))
    assert line.chi2_red == pytest.approx(1.0 / 6.0)
    assert line.stderr == pytest.approx(2.0**-0.5)
    assert line.relative == pytest.approx(1.5 * 3.0 / 7.0)


def test_misfit_widens_the_slope_by_hand() -> None:
    """The same with σ = 0.1: χ² = 100/6 for one degree of freedom, so σ_s = 0.1/√2 · √(100/6)."""
    line = straight_line(np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 4.0]), np.full(3, 0.1))
    assert line.chi2_red == pytest.approx(100.0 / 6.0)
    assert line.stderr == pytest.approx(0.1 / 2.0**0.5 * (100.0 / 6.0) ** 0.5)


def test_weighted_straight_line_is_that_of_numpy() -> None:
    rng = np.random.default_rng(3)
    x, stderr = np.sort(rng.uniform(150.0, 250.0, 12)), rng.uniform(0.5, 2.0, 12)
    y = 3.0 + 0.02 * x + rng.normal(0.0, stderr)
    line = straight_line(x, y, stderr)
    coefficients, covariance = np.polyfit(x, y, 1, w=1.0 / stderr, cov="unscaled")
    assert line.slope == pytest.approx(coefficients[0], rel=1e-9)
    assert line.level == pytest.approx(np.polyval(coefficients, line.at), rel=1e-9)
    assert line.stderr == pytest.approx(np.sqrt(covariance[0, 0]) * max(1.0, line.chi2_red) ** 0.5, rel=1e-9)


def test_stderr_of_a_slope_is_the_scatter_of_slopes() -> None:
    rng = np.random.default_rng(5)
    x, stderr = np.linspace(0.0, 10.0, 8), np.linspace(0.5, 2.0, 8)
    slopes = [straight_line(x, rng.normal(0.0, stderr), stderr) for _ in range(4000)]
    unscaled = np.sqrt(np.linalg.inv((np.vander(x, 2).T / stderr**2) @ np.vander(x, 2))[0, 0])
    assert np.std([s.slope for s in slopes]) == pytest.approx(unscaled, rel=0.04)
    assert min(s.stderr for s in slopes) == pytest.approx(unscaled, rel=1e-9)


def test_trends_are_of_members_where_the_candidate_is_preferred() -> None:
    """Cell 3 Å growing 0.001 Å/K below the transition, 4 Å shrinking above; the other candidate's values are odd."""

    def member(t: float) -> MemberResult:
        cold = t < 15.0
        low, high = (3.0 + 1e-3 * t if cold else 9.0), (7.0 if cold else 4.0 - 1e-3 * t)
        fits = {"low": fit_of({"crystals.l.a": (low, 1e-4)}), "high": fit_of({"crystals.h.a": (high, 1e-4)})}
        return member_of(t, fits, "low" if cold else "high")

    series = series_of([member(t) for t in (0.0, 5.0, 10.0, 20.0, 25.0, 30.0)], ("low", "high"))
    found = {(t.address, t.candidate): t.line for t in series.trends}
    assert set(found) == {("crystals.l.a", "low"), ("crystals.h.a", "high")}
    assert found["crystals.l.a", "low"].slope == pytest.approx(1e-3)
    assert found["crystals.h.a", "high"].slope == pytest.approx(-1e-3)
    said = " ".join(findings(series))
    assert "between 10 and 20 K the preferred candidate changes from low to high: temperature 15 ± 5 K" in said
    assert "crystals.l.a (low): thermal expansion 333" in said


def test_branches_have_lines_and_transitions_of_their_own() -> None:
    """Hysteresis: on heating the change is between 20 and 30, on cooling between 10 and 20."""

    def member(t: float, branch: str) -> MemberResult:
        fits = {name: fit_of({"crystals.x.a": (3.0 + 1e-3 * t, 1e-4)}) for name in ("low", "high")}
        return member_of(t, fits, "low" if t < (25.0 if branch == "heating" else 15.0) else "high", branch)

    members = [member(t, b) for b in ("heating", "cooling") for t in (0.0, 10.0, 20.0, 30.0, 40.0)]
    series = series_of(members, ("low", "high"))
    assert [(t.branch, t.value, t.bracket) for t in series.transitions] == [
        ("heating", 25.0, 5.0),
        ("cooling", 15.0, 5.0),
    ]
    said = findings(series)
    assert any(s.startswith("Heating: between 20 and 30 K") for s in said)
    assert any(s.startswith("Cooling: between 10 and 20 K") for s in said)


# ---- transitions ----------------------------------------------------------------------------------


def judged(t: float, low: float, high: float) -> MemberResult:
    """Return a member with these BIC."""
    fits = {"low": fit_of({}, low, low - min(low, high)), "high": fit_of({}, high, high - min(low, high))}
    return member_of(t, fits, "low" if low < high else "high")


def test_every_change_of_preference_is_a_transition() -> None:
    along = [judged(t, 0.0, d) for t, d in ((0, 9), (1, 9), (2, -9), (3, 9), (4, -9))]
    found = [(t.low, t.high, t.below, t.above) for t in transitions_of(along)]
    assert found == [(1, 2, "low", "high"), (2, 3, "high", "low"), (3, 4, "low", "high")]
    assert [t.value for t in transitions_of(along)] == [1.5, 2.5, 3.5]


def test_single_switch_is_the_best_of_all_by_exhaustive_search() -> None:
    rng = np.random.default_rng(11)
    for _ in range(50):
        bic = rng.normal(0.0, 20.0, (7, 2))
        along = [judged(float(t), *row) for t, row in enumerate(bic)]
        names = ("low", "high")
        sums = {
            (k, a): sum(row[a] if t < k else row[1 - a] for t, row in enumerate(bic))
            for k, a in product(range(8), (0, 1))
        }
        inner = {key: s for key, s in sums.items() if 0 < key[0] < 7}
        best_of = {a: min((s, k) for (k, b), s in sums.items() if b == a) for a in (0, 1)}
        allowed = {a: best for a, best in best_of.items() if 0 < best[1] < 7}
        found = single_switch(along)
        if not allowed:
            assert found is None
            continue
        a = min(allowed, key=lambda a: allowed[a])
        assert found is not None
        assert (found.below, found.above) == (names[a], names[1 - a])
        near = [k for (k, b), s in inner.items() if b == a and s - allowed[a][0] < 6.0]
        assert (found.low, found.high) == (min(near) - 1, max(near))


def test_single_switch_overlooks_one_odd_member_and_says_so() -> None:
    along = [judged(float(t), 0.0, d) for t, d in enumerate((80, 60, -7, 40, -50, -60))]
    found = single_switch(along)
    assert found is not None
    assert (found.below, found.above, found.value, found.bracket) == ("low", "high", 3.5, 0.5)
    said = " ".join(findings(series_of(along, ("low", "high"))))
    assert "by the BIC of all members together, a single change from low to high is at temperature 3.5 ± 0.5 K" in said


def test_preferred_is_the_simplest_of_those_not_told_apart() -> None:
    from nanocrystal.report.compared.result import CandidateStanding, Comparison

    rich, plain, poor = (
        CandidateStanding(name="rich", description="", result=None, n_parameters=9, bic=0.0, delta_bic=0.0),
        CandidateStanding(name="plain", description="", result=None, n_parameters=5, bic=3.0, delta_bic=3.0),
        CandidateStanding(name="poor", description="", result=None, n_parameters=2, bic=50.0, delta_bic=50.0),
    )
    from nanocrystal.report.compared.result import CandidatePair

    pairs = [
        CandidatePair(
            better="rich", worse="plain", delta_chi2=3.0, delta_bic=3.0, probability=0.2, told_apart=False, blocks={}
        ),
        CandidatePair(
            better="rich", worse="poor", delta_chi2=50.0, delta_bic=50.0, probability=0.0, told_apart=True, blocks={}
        ),
    ]
    assert (
        preferred_of(Comparison(title="", standings=[rich, plain, poor], pairs=pairs, bases={}, verdict=[])) == "plain"
    )
    assert preferred_of(Comparison(title="", standings=[], pairs=[], bases={}, verdict=[])) is None
