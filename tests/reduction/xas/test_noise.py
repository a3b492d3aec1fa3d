"""Noise of known size on χ(k), and on μ(E), comes back as the σ of χ(k)."""

from __future__ import annotations

import numpy as np
import pytest

from nanocrystal.arrays import FloatArray
from nanocrystal.reduction.xas import ReducedAbsorption
from nanocrystal.reduction.xas.autobk import K_STEP
from nanocrystal.reduction.xas.noise import SHELLS, ToR, smoothed
from support.xas_files import energies, made_chi, made_mu, reduced

K = K_STEP * np.arange(281)
STEP = 1.4


@pytest.mark.parametrize("kweight", [1, 2, 3])
def test_white_noise_on_chi_is_returned(kweight: int) -> None:
    rng, to_r = np.random.default_rng(kweight), ToR((3.0, 13.5), kweight)
    signal = made_chi(K)
    squares = [to_r.epsilon_k(K, signal + 1e-3 * rng.standard_normal(len(K))) ** 2 for _ in range(300)]
    assert np.sqrt(np.mean(squares)) == pytest.approx(1e-3, rel=0.05)
    assert to_r.epsilon_k(K, signal) < 5e-5


@pytest.mark.parametrize("kweight", [1, 2, 3])
def test_the_gain_of_a_window_is_that_of_the_sharp_one_in_newvilles_formula(kweight: int) -> None:
    low, high, power = 3.0, 13.0, 2 * kweight + 1
    k = np.arange(low, high, K_STEP) + K_STEP / 2.0
    sharp = K_STEP / np.sqrt(np.pi) * np.sqrt(np.sum(k ** (2 * kweight)))
    formula = np.sqrt(K_STEP * (high**power - low**power) / (np.pi * power))
    assert sharp == pytest.approx(formula, rel=1e-3)
    assert ToR((low, high), kweight).gain(K) == pytest.approx(formula, rel=0.04)


def test_a_wave_stands_at_its_distance_with_its_phase() -> None:
    r, transformed = ToR((3.0, 13.0), 0).transformed(K, np.cos(2.0 * 2.5 * K + 0.7))
    top = int(np.argmax(np.abs(transformed)))
    assert r[top] == pytest.approx(2.5, abs=0.02)
    width = float(ToR((3.0, 13.0), 0).window(K).sum()) * K_STEP
    assert np.abs(transformed[top]) == pytest.approx(width / np.sqrt(np.pi) / 2.0, rel=0.01)


def test_variances_are_averaged_over_one_inverse_angstrom() -> None:
    assert smoothed(np.full(50, 2.0)) == pytest.approx(2.0)
    spike = smoothed(np.where(np.arange(101) == 50, 21.0, 0.0))
    assert spike[40:61] == pytest.approx(1.0)
    assert spike[[39, 61]] == pytest.approx(0.0)


def _with_noise(k_step: float, scans: int, rng: np.random.Generator) -> ReducedAbsorption:
    energy = energies(k_step=k_step)
    mu = made_mu(energy)
    return reduced([(energy, mu + 1e-3 * STEP * rng.standard_normal(len(mu))) for _ in range(scans)])


def _true(k_step: float, scans: int) -> tuple[float, FloatArray]:
    """Return the noise where shells are, of many reductions, and their σ at k_range on the mean."""
    energy = energies(k_step=k_step)
    clean = reduced([(energy, made_mu(energy))])
    assert clean.settings.k_range is not None
    to_r = ToR(clean.settings.k_range, 2)
    rng = np.random.default_rng(7)
    found = [_with_noise(k_step, scans, rng) for _ in range(40)]
    true = [to_r.epsilon_k(one.k, one.chi - clean.chi, SHELLS) for one in found]
    said = np.array([one.noise.epsilon_k for one in found if one.noise is not None])
    return float(np.sqrt(np.mean(np.square(true)))), said


@pytest.mark.parametrize(("k_step", "scans"), [(0.05, 1), (0.07, 1), (0.05, 4)])
def test_noise_of_counts_is_that_of_chi_where_shells_are(k_step: float, scans: int) -> None:
    true, said = _true(k_step, scans)
    assert np.sqrt(np.mean(said**2)) == pytest.approx(true, rel=0.08)
    assert np.std(said) < 0.2 * true
    assert true == pytest.approx(1e-3 * np.sqrt(k_step / K_STEP / scans), rel=0.2)


def test_where_sigma_comes_from_is_said() -> None:
    rng = np.random.default_rng(3)
    one, several = _with_noise(0.05, 1, rng), _with_noise(0.05, 4, rng)
    assert one.noise is not None
    assert several.noise is not None
    assert (one.noise.how, several.noise.how) == ("scatter", "scans")
    assert one.sigma == pytest.approx(one.noise.epsilon_k)
    assert several.noise.of_scatter == pytest.approx(several.noise.epsilon_k, rel=0.25)
    assert not [n for n in (*one.notes, *several.notes) if "σ" in n]
    coarse = _with_noise(0.09, 1, rng)
    assert coarse.noise is not None
    assert [n for n in coarse.notes if n.startswith("The points are too far apart") and "σ was corrected by" in n]


def test_scans_that_differ_by_more_than_noise_are_told() -> None:
    energy = energies()
    rng = np.random.default_rng(5)
    drifting = [made_mu(energy, step=STEP) + 0.02 * n * np.sin((energy - 9200.0) / 40.0) for n in range(3)]
    one = reduced([(energy, mu + 1e-4 * rng.standard_normal(len(mu))) for mu in drifting])
    assert [n for n in one.notes if "they differ by more than their noise" in n]
