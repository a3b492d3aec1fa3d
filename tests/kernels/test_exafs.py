"""Windows, transforms and paths of EXAFS against hand calculation, direct sums and identities."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest

from nanocrystal.kernels.exafs import (
    ENERGY_OF_K2,
    K_STEP,
    N_FFT,
    WINDOWS,
    PathTable,
    PathValues,
    grid_of_r,
    onto_grid,
    path_chi,
    path_slopes,
    to_q,
    to_r,
    wave_vector,
    window,
)

K = np.arange(0.0, 20.01, 0.05)


def plain_table(mean_free: float = 1e12) -> PathTable:
    """Return a path whose table is lines and constants, so that it is interpolated without an error."""
    k = np.arange(0.0, 20.1, 0.5)
    return PathTable(k, np.full_like(k, 0.7), 1.0 - 0.9 * k, np.full_like(k, mean_free), k, 2.5)


def test_energy_of_a_photoelectron() -> None:
    """ħ²/2m of CODATA: 1.054571817e-34 J s, 9.1093837015e-31 kg, 1.602176634e-19 C."""
    assert pytest.approx(1.054571817e-34**2 / (2 * 9.1093837015e-31 * 1.602176634e-19) * 1e20, rel=1e-8) == ENERGY_OF_K2


# ---- windows --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "at_low", "at_quarter"),
    [
        ("hanning", 0.5, np.sin(pi / 8.0) ** 2),
        ("parzen", 0.5, 0.25),
        ("welch", 0.75, 1.0 - 0.75**2),
        ("sine", np.sin(pi / 8.0), np.sin(pi / 16.0)),
        ("kaiser", (np.i0(4.0 * np.sqrt(7.0) / 4.0) - 1.0) / (np.i0(4.0) - 1.0), None),
        ("gaussian", np.exp(-0.5 * 1.5**2), None),
    ],
)
def test_windows_by_hand(kind: str, at_low: float, at_quarter: float | None) -> None:
    """k_min 4, k_max 16, dk 4: the edges rise over 2 … 6, and all lasts from 2 to 18."""
    assert window(np.array([4.0, 16.0]), 4.0, 16.0, 4.0, kind) == pytest.approx([at_low, at_low], rel=1e-12)
    if at_quarter is not None:
        assert window(np.array([3.0, 17.0]), 4.0, 16.0, 4.0, kind) == pytest.approx([at_quarter] * 2, rel=1e-12)


@pytest.mark.parametrize("kind", WINDOWS)
def test_windows_are_one_in_the_middle_and_end(kind: str) -> None:
    assert window(np.array([10.0]), 4.0, 16.0, 4.0, kind) == pytest.approx([1.0])
    if kind != "gaussian":
        assert window(np.array([0.0, 1.99, 18.01]), 4.0, 16.0, 4.0, kind) == pytest.approx([0.0] * 3, abs=1e-12)


def test_a_window_without_a_slope_is_a_box() -> None:
    inside = window(np.array([3.9, 4.1, 15.9, 16.1]), 4.0, 16.0, 0.0, "hanning")
    assert inside == pytest.approx([0.0, 1.0, 1.0, 0.0])


# ---- transforms -----------------------------------------------------------------------------------


def weighted() -> np.ndarray:
    return np.asarray(K**2 * np.exp(-0.02 * K**2) * np.sin(5.0 * K) * window(K, 3.0, 15.0, 2.0))


def test_transform_is_its_sum() -> None:
    x, r = weighted(), grid_of_r()
    for j in (0, 17, 80, 400):
        direct = K_STEP / np.sqrt(pi) * np.sum(x * np.exp(-2j * K * r[j]))
        assert to_r(x)[j] == pytest.approx(direct, abs=1e-10)
    assert r[1] == pytest.approx(0.0306796, abs=1e-7)


def test_a_shell_is_seen_at_half_its_frequency() -> None:
    """sin(2kR) with R = 2.5 Å has its peak there."""
    assert grid_of_r()[np.argmax(np.abs(to_r(weighted())))] == pytest.approx(2.5, abs=0.02)


def test_parseval() -> None:
    """∫ |χ(R)|² dR over both signs is ∫ x² dk: χ(−R) is the conjugate of χ(R)."""
    x = weighted()
    of_r = np.abs(to_r(x)) ** 2
    both = (2.0 * of_r.sum() - of_r[0]) * pi / (N_FFT * K_STEP)
    assert both == pytest.approx(float(x @ x) * K_STEP, rel=1e-9)


def test_there_and_back() -> None:
    x = weighted()
    assert to_q(to_r(x)).real[: len(x)] == pytest.approx(x, abs=1e-4 * float(np.abs(x).max()))


def test_onto_the_grid() -> None:
    """Straight lines stay; points on the grid are taken as they are; beyond the data is nothing."""
    k = np.array([0.31, 0.33, 0.4, 0.52, 0.6])
    assert onto_grid(k, 20) @ (3.0 * k - 1.0) == pytest.approx(
        np.where(np.isin(np.arange(20), np.arange(7, 13)), 3.0 * 0.05 * np.arange(20) - 1.0, 0.0), abs=1e-12
    )
    assert onto_grid(K, len(K)) == pytest.approx(np.eye(len(K)), abs=1e-9)


# ---- paths ----------------------------------------------------------------------------------------


def test_a_path_by_hand() -> None:
    """Without losses and with p = k: A/(k R²) e^(−2k²σ² + 2k⁴c₄/3) sin(2kR_eff + δ + 2k(ΔR − 2σ²/R_eff) − 4k³c₃/3)."""
    k, sigma2, third, fourth, moved = 7.3, 0.008, 2e-4, 3e-5, 0.04
    amplitude = 0.7 / (k * (2.5 + moved) ** 2) * np.exp(-2.0 * k**2 * sigma2 + 2.0 / 3.0 * k**4 * fourth)
    angle = 2.0 * k * 2.5 + 1.0 - 0.9 * k + 2.0 * k * (moved - 2.0 * sigma2 / 2.5) - 4.0 / 3.0 * k**3 * third
    found = path_chi(np.array([k]), plain_table(), PathValues(0.0, moved, sigma2, third, fourth))
    assert found == pytest.approx([amplitude * np.sin(angle)], rel=1e-9)


def test_losses_by_hand() -> None:
    """With the mean free path λ, e^(−2R_eff/λ); p = k + i/λ counts in σ² and ΔR, too."""
    k, free = 5.0, 6.0
    p = k + 1j / free
    wave = np.exp(-5.0 / free - 2.0 * p**2 * 0.005 + 1j * (5.0 * k + 1.0 - 0.9 * k + 2.0 * p * (0.03 - 0.004)))
    found = path_chi(np.array([k]), plain_table(free), PathValues(0.0, 0.03, 0.005))
    assert found == pytest.approx([(0.7 / (k * 2.53**2) * wave).imag], rel=1e-9)


def test_cumulants_are_those_of_a_distribution() -> None:
    """The mean wave over a skewed law of r, Γ(4) of scale 0.03 Å less its mean, whose cumulants are 4 (n−1)! 0.03ⁿ."""
    scale, k = 0.03, np.array([4.0, 6.0])
    of_law = np.exp(-8j * k * scale) * (1.0 - 2j * k * scale) ** -4
    mean = (np.exp(1j * (5.0 * k + 1.0 - 0.9 * k)) * of_law).imag
    c2, c3, c4 = 4.0 * scale**2, 8.0 * scale**3, 24.0 * scale**4
    moved = 2.0 * c2 / 2.5  # what the term −2σ²/R takes off again
    factor = k * (2.5 + moved) ** 2 / 0.7
    assert factor * path_chi(k, plain_table(), PathValues(0.0, moved, c2, c3, c4)) == pytest.approx(mean, abs=5e-3)
    for lacking in (PathValues(0.0, moved, c2, 0.0, c4), PathValues(0.0, moved, c2, -c3, c4)):
        assert np.abs(factor * path_chi(k, plain_table(), lacking) - mean).max() > 0.02


def test_e0_moves_the_zero_of_k() -> None:
    """5 eV above: at k the photoelectron has √(k² − 5/3.80998), where the table is asked; ΔE0 > 0 makes k smaller."""
    k = np.array([3.0, 6.0, 12.0])
    q = np.sqrt(k**2 - 5.0 / 3.80998)
    assert wave_vector(k, 5.0) == pytest.approx(q, rel=1e-6)
    table = plain_table(9.0)
    assert path_chi(k, table, PathValues(5.0, 0.01, 0.006)) == pytest.approx(
        path_chi(q, table, PathValues(0.0, 0.01, 0.006)), rel=1e-5
    )
    assert path_chi(np.array([0.5, 1.1]), table, PathValues(5.0)) == pytest.approx([0.0, 0.0])


def test_slopes_are_differences() -> None:
    k, table = np.array([3.1, 7.7, 13.0]), plain_table(9.0)
    steps = {"delta_r": 1e-6, "sigma2": 1e-6, "third": 1e-8, "fourth": 1e-9}
    start = {"e0": 3.0, "delta_r": 0.02, "sigma2": 0.007, "third": 1e-4, "fourth": 1e-5}
    slopes = path_slopes(k, table, PathValues(**start))
    for (name, step), slope in zip(steps.items(), slopes[1:], strict=True):
        up, down = (path_chi(k, table, PathValues(**{**start, name: start[name] + s})) for s in (step, -step))
        assert slope == pytest.approx((up - down) / (2.0 * step), rel=1e-5, abs=1e-5 * float(np.abs(slope).max()))
