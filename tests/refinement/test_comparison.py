"""The judgement of candidates: by hand calculation, and by how often it is wrong on simulated residuals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nanocrystal.errors import InputError
from nanocrystal.refinement import Comparison, Result, compare
from nanocrystal.refinement.comparison import share_below
from nanocrystal.refinement.independence import (
    autocorrelation,
    block_length,
    blocks_of,
    correlation_length,
    correlation_reach,
    resampled_differences,
)
from nanocrystal.refinement.verdict import verdict
from support.compared import curve, of_residuals, result, smooth


def apart(comparison: Comparison) -> bool:
    [pair] = comparison.pairs
    return pair.told_apart


# ---- independent points ---------------------------------------------------------------------------


def test_autocorrelation_by_hand() -> None:
    """r = 1, 2, -1: Σ r² = 6, products at lag 1: 2 − 2 = 0."""
    np.testing.assert_allclose(autocorrelation(np.array([1.0, 2.0, -1.0])), [1.0, 0.0], atol=1e-12)


def test_points_repeated_four_times() -> None:
    """ρ_k = 1 − k/4, so 1 + 2 Σ ρ² = 1 + 2 (9 + 4 + 1)/16 = 2.75."""
    residual = np.repeat(np.random.default_rng(1).normal(size=20000), 4)
    assert correlation_length(residual) == pytest.approx(2.75, rel=0.03)


def test_band_limited_residuals_have_range_times_d_over_pi_points() -> None:
    """A flat spectrum up to D: n_eff = range × D/π. Here step π/100, D = 20: 1 point in 5 is independent."""
    n, rng = 50000, np.random.default_rng(2)
    spectrum = rng.normal(size=n // 2 + 1) + 1j * rng.normal(size=n // 2 + 1)
    spectrum[n // 10 :] = 0.0  # the highest frequency of the grid belongs to D = 100
    residual = np.fft.irfft(spectrum, n)
    q_range = n * np.pi / 100.0
    assert n / correlation_length(residual) == pytest.approx(q_range * 20.0 / np.pi, rel=0.1)


def test_independent_points_count_all() -> None:
    lengths = [correlation_length(np.random.default_rng(s).normal(size=1000)) for s in range(50)]
    assert np.mean(lengths) < 1.02
    assert correlation_length(np.zeros(10)) == 1.0


def test_weak_and_wide_misfit_is_seen() -> None:
    """Below the noise point by point (0.3 σ), it shows in sums over stretches."""
    rng = np.random.default_rng(3)
    residual = rng.normal(size=4000) + 0.3 * smooth(rng, 4000, 40.0)
    assert correlation_reach(residual) >= 32
    assert correlation_reach(rng.normal(size=4000)) <= 3
    assert block_length(residual) <= 400


# ---- blocks ---------------------------------------------------------------------------------------


def test_blocks_by_hand() -> None:
    """Two blocks of two points. First: r = 1, 0 against 2, 0: χ² differs by 3, δ² = 1, described: 4 · 1 · 1.

    Second: r = 10, 0 against 12, 0: differs by 44, not described; 44² = 1936 exceeds 4 · 4 · 100 = 1600.
    """
    better, worse = np.array([1.0, 0.0, 10.0, 0.0]), np.array([2.0, 0.0, 12.0, 0.0])
    blocks = blocks_of(better, worse, 2, has_sigmas=True)
    np.testing.assert_allclose(blocks.difference, [3.0, 44.0])
    np.testing.assert_allclose(blocks.variance, [4.0, 1600.0])
    assert blocks.known.tolist() == [True, True]
    unknown = blocks_of(better, worse, 2, has_sigmas=False)
    np.testing.assert_allclose(unknown.variance, [4.0, 1600.0])  # 3² = 9 exceeds 4 · 1 · 1


def test_draws_scatter_as_their_variance_and_few_blocks_are_never_sure() -> None:
    rng = np.random.default_rng(4)
    noise = rng.normal(size=4000)
    many = blocks_of(noise, noise + 0.2, 40, has_sigmas=True)
    draws = resampled_differences(many, 20000, rng)
    assert draws.mean() == pytest.approx(4000 * 0.2**2 + 0.4 * noise.sum(), abs=1.0)
    assert draws.var() == pytest.approx(4 * 4000 * 0.2**2, rel=0.15)
    one = replace(many, difference=np.array([50.0]), variance=np.array([2500.0]), known=np.array([False]))
    # a block against its own square: Student's t with one degree of freedom beyond −1, 1/4
    assert share_below(resampled_differences(one, 20000, rng), 0.0) == pytest.approx(0.25, abs=0.02)


def test_share_of_draws() -> None:
    assert share_below(np.array([-1.0, 0.0, 1.0, 2.0]), 0.0) == pytest.approx((1.5 + 0.5) / 5)
    assert share_below(np.ones(999), 0.0) == pytest.approx(0.0005)


# ---- figures of merit -----------------------------------------------------------------------------


def test_aic_and_bic_by_hand() -> None:
    """400 points as given independent. χ² 1600 (P 10) and 1690 (P 12): s² = 1600/390; χ²_eff 390 and 411.94.

    AIC 410 and 435.94; BIC 390 + 10 ln 400 = 449.915 and 411.94 + 12 ln 400 = 483.84.
    """
    flip = np.where(np.arange(400) % 3 == 0, -1.0, 1.0)
    a = of_residuals({"a": 2.0 * flip}, 10)
    b = of_residuals({"b": np.sqrt(1690.0 / 400.0) * flip}, 12)
    found = compare({**a, **b}, independent_points={"iq": 400})
    assert [s.name for s in found.standings] == ["a", "b"]
    assert found["a"].chi2 == pytest.approx(1600.0)
    assert found["a"].gof == pytest.approx(np.sqrt(1600.0 / 390.0))
    assert found["b"].gof == pytest.approx(np.sqrt(1690.0 / 388.0))
    assert found["a"].aic == pytest.approx(410.0)
    assert found["b"].chi2_effective == pytest.approx(390.0 * 1690.0 / 1600.0)
    assert found["b"].aic == pytest.approx(435.9375)
    assert found["a"].bic == pytest.approx(390.0 + 10.0 * np.log(400.0))
    assert found["b"].delta_bic == pytest.approx(21.9375 + 2.0 * np.log(400.0))
    assert found.bases["iq"].source == "as given"
    halved = compare({**a, **b}, independent_points={"iq": 100})
    assert halved["a"].chi2_effective == pytest.approx(97.5)  # a quarter of the points, a quarter of χ²


def test_without_sigma_the_scatter_is_the_unit() -> None:
    """χ² of the best is then n − P whatever the unit of the data."""
    rng = np.random.default_rng(5)
    r = rng.normal(size=300)
    observed = np.full(300, 5.0)
    results = {
        name: result({"pdf": curve(observed, observed - 1e-3 * f * r, None)}, 5) for name, f in (("a", 1.0), ("b", 2.0))
    }
    found = compare(results, independent_points={"pdf": 300})
    assert found["a"].gof is None
    assert found["a"].chi2_effective == pytest.approx(295.0)
    assert found["b"].chi2_effective == pytest.approx(4 * 295.0)
    assert apart(found)
    assert any("without σ" in note for note in found.notes)


def test_two_data_sets_are_scaled_by_their_own_misfit() -> None:
    """One fits to the noise, one misses by 10 σ for both candidates: the first decides."""
    rng = np.random.default_rng(6)
    r1, r2 = rng.normal(size=500), 10.0 * rng.normal(size=500)
    ones = np.ones(500)

    def both(first: float) -> Result:
        sets = {"iq": curve(100 * ones, 100 * ones - r1 - first, ones), "pdf": curve(ones, ones - r2, ones)}
        return result(sets, 4)

    found = compare({"a": both(0.0), "b": both(0.5)}, independent_points={"iq": 500, "pdf": 500})
    assert found.bases["pdf"].scale == pytest.approx(float(r2 @ r2) / (500 * (1 - 4 / 1000)))
    assert found.best == ["a"]
    assert apart(found)


# ---- verdicts -------------------------------------------------------------------------------------


def test_identical_candidates_cannot_be_told_apart() -> None:
    r = np.random.default_rng(7).normal(size=500)
    found = compare(of_residuals({"a": r, "b": r.copy()}))
    assert not apart(found)
    assert found.pairs[0].probability == pytest.approx(0.5)
    assert found.best == ["a", "b"]
    assert "cannot tell a and b apart" in found.verdict[0]


@pytest.mark.parametrize("where", ["spread over all points", "in one peak"])
def test_white_noise_with_a_difference_of_40_is_told_apart(where: str) -> None:
    """The true model against one that is Σδ² = 40 away, residuals made to differ by exactly 40."""
    rng = np.random.default_rng(8)
    x = np.arange(1000)
    delta = rng.normal(size=1000) if where.startswith("spread") else np.exp(-0.5 * ((x - 400) / 5.0) ** 2)
    delta *= np.sqrt(40.0 / (delta @ delta))
    noise = rng.normal(size=1000)
    noise -= delta * (delta @ noise) / 40.0  # orthogonal: χ² differs by Σδ²
    found = compare(of_residuals({"true": noise, "other": noise + delta}))
    assert found.pairs[0].delta_chi2 == pytest.approx(40.0, rel=0.15)
    assert found.best == ["true"]
    assert apart(found)
    assert found.pairs[0].probability == pytest.approx(0.0008, abs=0.004)  # z = 40/(2 √40) = 3.16


def pair_of_gof(seed: int) -> dict[str, np.ndarray]:
    """Return residuals with GoF 2.08 and 1.99: noise, a misfit common to both at the peaks, and a part of each."""
    rng = np.random.default_rng(seed)
    n = 4000
    peaks = np.zeros(n)
    for at in range(100, n, 200):
        peaks += rng.uniform(0.3, 1.0) * np.exp(-0.5 * ((np.arange(n) - at) / 12.0) ** 2)
    noise, common = rng.normal(size=n), 6.0 * peaks * smooth(rng, n, 8.0)
    own = {name: 2.0 * peaks * smooth(rng, n, 8.0) for name in ("pair", "rival")}
    residuals = {name: noise + common + part for name, part in own.items()}
    ranked = sorted(residuals, key=lambda k: residuals[k] @ residuals[k])
    wanted = dict(zip(ranked, (1.99, 2.08), strict=True))
    return {k: r * wanted[k] * np.sqrt((n - 10) / (r @ r)) for k, r in residuals.items()}


def test_pair_of_2_08_and_1_99_with_a_common_misfit_cannot_be_told_apart() -> None:
    """The pair of F. Bertolotti et al., ACS Nano 11, 3819 (2017); 4,000 points taken as independent would be sure."""
    told = []
    for seed in range(20):
        found = compare(of_residuals(pair_of_gof(seed)))
        assert sorted(f"{s.gof:.2f}" for s in found.standings) == ["1.99", "2.08"]
        assert 4000 * (2.08**2 - 1.99**2) / 1.99**2 > 350  # what a naive ΔBIC of scaled χ² would be
        told.append(apart(found))
        if not told[-1]:
            assert "cannot tell" in found.verdict[0]
            assert "best GoF 1.99" in found.verdict[1]
    assert sum(told) <= 1


def test_simpler_of_two_that_fit_alike_is_said_to_suffice() -> None:
    r = np.random.default_rng(9).normal(size=800)
    results = of_residuals({"long": r}, 14) | of_residuals({"short": 1.0001 * r}, 9)
    found = compare(results)
    assert [s.name for s in found.standings] == ["short", "long"]
    assert not apart(found)
    assert "short needs the fewest parameters, 9 against up to 14" in " ".join(found.verdict)


def line_fits(seed: int, slope: float, n: int = 300) -> dict[str, Result]:
    """Return least-squares fits of a constant and of a straight line to white noise on a line, σ = 1."""
    x = np.linspace(-1.0, 1.0, n)
    observed = 10.0 + slope * x + np.random.default_rng(seed).normal(size=n)
    results = {}
    for name, degree in (("constant", 0), ("line", 1)):
        calculated = np.polynomial.Polynomial.fit(x, observed, degree)(x)
        results[name] = result({"d": curve(observed, calculated, np.ones(n))}, degree + 1)
    return results


def test_nested_models_without_need_bic_takes_the_simpler() -> None:
    """Expected: the line wins where χ²_1 > ln 300 = 5.70, in 1.7 % of all cases."""
    found = [compare(line_fits(seed, 0.0)) for seed in range(200)]
    simpler = sum(c.standings[0].name == "constant" for c in found)
    assert simpler >= 190
    wrongly = sum(c.best == ["line"] for c in found)
    assert wrongly <= 2


def test_nested_models_with_need_are_told_apart() -> None:
    """Σδ² = slope² Σx² = 0.8² · 100.3 = 64, eight standard deviations of a slope."""
    found = [compare(line_fits(seed, 0.8)) for seed in range(200)]
    assert sum(c.best == ["line"] for c in found) >= 190


@pytest.mark.parametrize(("misfit", "width"), [(0.0, 1.0), (1.5, 5.0), (1.5, 20.0), (0.5, 20.0)])
def test_equally_wrong_candidates_are_rarely_told_apart(misfit: float, width: float) -> None:
    """Nominal 5 %; 80 pairs that are equally far from the truth, with a common misfit: up to 10 %."""
    told = 0
    for seed in range(80):
        rng = np.random.default_rng([seed, 17])
        base = rng.normal(size=2000) + misfit * smooth(rng, 2000, width)
        own = max(misfit, 1.0) * 0.7
        told += apart(compare(of_residuals({k: base + own * smooth(rng, 2000, width) for k in "ab"})))
    assert told <= 8


def test_what_is_worse_in_every_way_is_told_apart_in_spite_of_a_misfit() -> None:
    """GoF 2 against 6, 20 peaks: no argument about correlation saves the second."""
    rng = np.random.default_rng(11)
    common = rng.normal(size=3000) + 1.7 * smooth(rng, 3000, 8.0)
    found = compare(of_residuals({"a": common, "b": common + 5.5 * smooth(rng, 3000, 8.0)}))
    assert found.best == ["a"]
    assert "b is worse than a: GoF" in " ".join(found.verdict)


@pytest.mark.parametrize(("probability", "words"), [(2.5e-4, "below 0.1 %"), (0.012, "1.2 %")])
def test_the_chance_of_the_other_sign_is_said(probability: float, words: str) -> None:
    r = np.random.default_rng(11).normal(size=300)
    found = compare(of_residuals({"a": r, "b": 3.0 * r}))
    pair = replace(found.pairs[0], probability=probability, delta_bic=123.4)
    (sentence,) = [s for s in verdict(replace(found, pairs=[pair])) if "worse" in s]
    gof = np.sqrt(r @ r / 290.0)
    assert sentence.startswith(f"b is worse than a: GoF {3.0 * gof:.2f} against {gof:.2f}, ")
    assert sentence.endswith(f"ΔBIC 123, chance of the other sign {words}.")


def test_fewer_parameters_alone_tell_nothing_apart() -> None:
    """Every point half a percent nearer: χ² of 500 points differs by 5, surely; ten parameters more are no misfit."""
    r = np.random.default_rng(14).choice([-1.0, 1.0], size=500)
    results = of_residuals({"short": r}, 5) | of_residuals({"long": 1.005 * r}, 15)
    found = compare(results, independent_points={"iq": 500})
    assert found.pairs[0].delta_chi2 == pytest.approx(4.96, abs=0.1)
    assert found.pairs[0].delta_bic > 60.0
    assert found.pairs[0].probability < 0.025
    assert found.best == ["short", "long"]


def test_same_seed_same_verdict() -> None:
    results = of_residuals(pair_of_gof(3))
    assert compare(results).pairs == compare(results).pairs


# ---- what cannot be compared ----------------------------------------------------------------------


def test_not_converged_and_failed_are_listed_and_not_judged() -> None:
    rng = np.random.default_rng(12)
    r = rng.normal(size=300)
    results = of_residuals({"a": r, "b": r + 0.01})
    stopped = of_residuals({"stopped": 0.5 * r})["stopped"]
    results["stopped"] = replace(stopped, converged=False)
    found = compare(results, problems={"broken": "failed: no good"}, descriptions={"a": "first"})
    assert [s.name for s in found.standings][2:] == ["stopped", "broken"]
    assert found["a"].description == "first"
    assert not found.complete
    assert {(p.better, p.worse) for p in found.pairs} == {("a", "b")} or {("b", "a")}
    assert "stopped is not judged (not converged: as told)." in found.verdict
    assert "broken is not judged (failed: no good)." in found.verdict
    assert "failed: no good" in repr(found)


def test_nothing_to_compare() -> None:
    assert compare({}, problems={"a": "failed: x"}).best == []
    alone = compare(of_residuals({"a": np.random.default_rng(1).normal(size=50)}))
    assert "Only a was refined" in alone.verdict[0]


@pytest.mark.parametrize("what", ["x", "observed", "sigma", "points", "names"])
def test_other_points_are_refused(what: str) -> None:
    r = np.random.default_rng(13).normal(size=100)
    results = of_residuals({"a": r, "b": r})
    theirs = results["b"].datasets["iq"]
    changed = {
        "x": {"x": theirs.x + 0.1},
        "observed": {"observed": theirs.observed + 1.0},
        "sigma": {"sigma": None},
        "points": {"x": theirs.x[:-1]},
        "names": {},
    }[what]
    name = "other" if what == "names" else "iq"
    results["b"] = replace(results["b"], datasets={name: replace(theirs, **changed)})
    with pytest.raises(InputError, match="not what was measured"):
        compare(results)


def test_independent_points_are_checked() -> None:
    results = of_residuals({"a": np.ones(50), "b": np.ones(50)})
    with pytest.raises(InputError, match="did you mean 'iq'"):
        compare(results, independent_points={"iqq": 10})
    with pytest.raises(InputError, match="from 1 to 50"):
        compare(results, independent_points={"iq": 60})


# ---- a candidate that contains another ------------------------------------------------------------


@pytest.mark.parametrize(("factor", "n_whole", "is_said"), [(1.02, 12, True), (1.0005, 12, False), (1.02, 10, False)])
def test_a_candidate_that_fits_worse_than_its_own_part_has_missed_its_minimum(
    factor: float, n_whole: int, is_said: bool
) -> None:
    """χ² of 1000 points, σ = 1: 1000 and 1040, or 1001; the same parameters are no part."""
    r = np.sqrt(1000.0) * np.random.default_rng(9).normal(size=1000)
    r /= np.sqrt(r @ r / 1000.0)
    part, whole = of_residuals({"part": r})["part"], of_residuals({"whole": factor * r}, n_whole)["whole"]
    found = compare({"part": part, "whole": whole}, independent_points={"iq": 1000})
    said = [n for n in found.notes if "not at its best minimum" in n]
    assert bool(said) == is_said
    if said:
        assert "whole has every parameter of part and more, but χ²_eff is 40.0 higher" in said[0]
