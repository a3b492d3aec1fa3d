"""Whether nothing has changed: patterns with a known strain and a known amount of a second phase, counted often."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from nanocrystal.errors import InputError
from nanocrystal.reduction import Intensity, PatternChange, pattern_change, peak_template
from nanocrystal.reduction.spread import Spread

Q = np.arange(1.0, 8.0, 0.01)
ROCK_SALT = [(111, 0.8), (200, 1.0), (220, 0.7), (311, 0.4), (222, 0.25), (400, 0.1), (420, 0.3), (422, 0.2)]
SHELL = [(2.2, 1.0), (2.55, 0.8), (4.3, 0.5)]


def cubes(strain: float = 0.0) -> np.ndarray:
    """Return the mean counts of nanocubes of rock salt, a = 5.936 Å (1 + strain), without their surroundings."""
    total = np.zeros(len(Q))
    for index, area in ROCK_SALT:
        squares = sum(int(c) ** 2 for c in str(index))
        at = 2.0 * np.pi / (5.936 * (1.0 + strain)) * np.sqrt(squares)
        total += 9e3 * area * np.exp(-0.5 * ((Q - at) / 0.045) ** 2)
    return total


def solvent() -> np.ndarray:
    return np.asarray(3e3 * np.exp(-0.5 * ((Q - 1.4) / 0.4) ** 2) + 800.0)


def second_phase(amount: float) -> np.ndarray:
    """Return peaks that hold `amount` of the integral of the cubes."""
    curve = np.asarray(sum(a * np.exp(-0.5 * ((Q - x) / 0.06) ** 2) for x, a in SHELL))
    return curve * amount * np.trapezoid(cubes(), Q) / np.trapezoid(curve, Q)


def pattern(mean: np.ndarray, rng: np.random.Generator, name: str) -> Intensity:
    """Return a pattern as counted, without its solvent, whose counts stay in its noise."""
    counts = rng.poisson(mean + solvent()).astype(float)
    return Intensity(q=Q, value=counts - solvent(), spread=Spread.of_counts(np.sqrt(counts)), name=name)


def compared(rng: np.random.Generator, strain: float = 0.0, amount: float = 0.0) -> PatternChange:
    before = pattern(cubes(), rng, "native")
    after = pattern(1.1 * (cubes(strain) + second_phase(amount)), rng, "shelled")
    templates = {"oxide": second_phase(1.0)}
    return pattern_change(after, before, components=templates, background_terms=2)


@pytest.mark.campaign
def test_what_has_not_changed_is_said_so_as_often_as_it_should() -> None:
    """χ² of no change is distributed as χ², strain and amount scatter by their stderr, limits hold in 95 % of cases."""
    rng = np.random.default_rng(1)
    found = [compared(rng) for _ in range(200)]
    assert kstest([u.probability for u in found], "uniform").pvalue > 0.01
    assert np.mean([u.differs for u in found]) < 0.11
    for limits in ([u.strain for u in found], [u.parts[0] for u in found]):
        values, stderrs = np.array([v.value for v in limits]), np.array([v.stderr for v in limits])
        assert np.std(values) == pytest.approx(stderrs.mean(), rel=0.15)
        assert abs(values.mean()) < 4.0 * stderrs.mean() / np.sqrt(200)
        assert np.mean([v.limit > abs(v.value) for v in limits[:50] if v.value > 0]) == 1.0
    assert np.mean([u.scale for u in found]) == pytest.approx(1.1, abs=0.002)


def test_a_strain_is_found_with_its_sign() -> None:
    """A larger lattice is a positive strain; values within the linear order of the template."""
    for strain in (5e-4, -5e-4):
        rng = np.random.default_rng(2)
        values = [compared(rng, strain=strain).strain for _ in range(20)]
        mean, error = np.mean([v.value for v in values]), values[0].stderr / np.sqrt(20)
        assert mean == pytest.approx(strain, abs=4.0 * error + 0.04 * abs(strain))
        assert all(v.limit > abs(v.value) for v in values)
    rng = np.random.default_rng(3)
    assert compared(rng, strain=2e-3).differs


@pytest.mark.campaign
def test_limits_hold_for_a_true_change_in_95_of_100() -> None:
    rng = np.random.default_rng(4)
    found = [compared(rng, strain=1.5e-4, amount=0.004) for _ in range(200)]
    for true, limits in ((1.5e-4, [u.strain.limit for u in found]), (0.004, [u.parts[0].limit for u in found])):
        assert 0.91 <= np.mean(np.array(limits) > true) <= 1.0


def test_an_added_phase_is_found_with_its_amount() -> None:
    rng = np.random.default_rng(5)
    values = [compared(rng, amount=0.03).parts[0] for _ in range(20)]
    mean = np.mean([v.value for v in values])
    assert mean == pytest.approx(0.03, abs=4.0 * values[0].stderr / np.sqrt(20) + 0.001)
    assert values[0].delta_chi2 > 10.0


def test_the_result_is_said_in_words() -> None:
    same = compared(np.random.default_rng(6))
    assert same.said[0].startswith("shelled and native do not differ by more than the noise of the counts")
    assert "strain" in same.said[1]
    assert "below" in same.said[1]
    assert same.said[2].startswith("Of oxide there is")
    other = compared(np.random.default_rng(6), strain=3e-3, amount=0.05)
    assert other.said[0].startswith("shelled and native differ by more than the noise")


def test_template_of_peaks_has_their_areas_and_the_width_of_their_size() -> None:
    """fwhm = 2π · 0.94/size: of 50 Å, 0.118 Å⁻¹."""
    curve = peak_template(Q, [(4.0, 2.0)], size=50.0)
    assert np.trapezoid(curve, Q) == pytest.approx(2.0, rel=1e-6)
    above = Q[curve > 0.5 * curve.max()]
    assert above[-1] - above[0] == pytest.approx(0.118, abs=0.02)


def test_without_sigma_nothing_is_said() -> None:
    bare = Intensity(q=Q, value=cubes(), spread=None, name="bare")
    with pytest.raises(InputError, match="bare has no σ"):
        pattern_change(bare, pattern(cubes(), np.random.default_rng(0), "other"))
    good = pattern(cubes(), np.random.default_rng(0), "good")
    with pytest.raises(InputError, match="at least 20 are needed"):
        pattern_change(good, good, q_range=(2.0, 2.1))
    with pytest.raises(InputError, match="must be positive on the whole"):
        pattern_change(good, good, components={"none": np.zeros(len(Q))})
