"""What is compared of χ(k): χ² by its definition, N_ind, and the noise that a transform tells."""

from __future__ import annotations

from dataclasses import replace
from math import pi

import numpy as np
import pytest

from nanocrystal.kernels.exafs import window
from nanocrystal.techniques.exafs.space import FitSpace

K = np.arange(0.0, 16.01, 0.05)
SPACE = FitSpace((3.0, 13.0), (1.0, 3.0), 2.0, "kaiser", (2.0,), "r")


def chi2_by_definition(space: FitSpace, difference: np.ndarray, sigma: np.ndarray) -> float:
    """Return (N_ind/N) Σ |data − model|²/ε² by direct sums; ε² the mean variance of Re and Im over the range."""
    r = pi / (2048 * 0.05) * np.arange(1024)
    r = r[(r >= space.r_range[0]) & (r <= space.r_range[1])]
    total, n = 0.0, 0
    for power in space.kweights:
        weights = K**power * window(K, *space.k_range, space.dk, space.kind) * 0.05 / np.sqrt(pi)
        waves = np.exp(-2j * np.outer(r, K)) * weights
        parts = waves @ difference
        variance = np.concatenate([waves.real**2 @ sigma**2, waves.imag**2 @ sigma**2]).mean()
        total += float(np.sum(np.abs(parts) ** 2)) / variance
        n += 2 * len(r)
    return space.n_independent / n * total


@pytest.mark.parametrize("kweights", [(2.0,), (1.0, 2.0, 3.0)])
def test_chi2_is_that_of_the_definition(kweights: tuple[float, ...]) -> None:
    rng = np.random.default_rng(0)
    space, sigma = replace(SPACE, kweights=kweights), 1e-3 * (1.0 + 0.1 * K)
    difference = np.sin(4.3 * K) * np.exp(-0.01 * K**2) + 0.01 * rng.normal(size=len(K))
    residual = space.whitening(K, sigma) @ difference
    assert residual @ residual == pytest.approx(chi2_by_definition(space, difference, sigma), rel=1e-7)


def test_a_number_of_weights_is_one_measurement() -> None:
    """Noise of σ has χ² = N_ind on average, whatever weights there are, in k too."""
    sigma = np.full(len(K), 2e-3)
    for space in (
        SPACE,
        replace(SPACE, kweights=(2.0, 2.0, 2.0)),
        replace(SPACE, kweights=(1.0, 2.0, 3.0)),
        replace(SPACE, space="k", kweights=(1.0, 3.0)),
    ):
        noisy = space.whitening(K, sigma) * sigma
        assert np.sum(noisy**2) == pytest.approx(space.n_independent, rel=1e-8)
    once, thrice = SPACE.whitening(K, sigma), replace(SPACE, kweights=(2.0, 2.0, 2.0)).whitening(K, sigma)
    assert once == pytest.approx(thrice, abs=1e-9 * float(np.abs(once).max()))


def test_independent_points_by_hand() -> None:
    """Of the copper foil: 2 · 14 · 1.6/π = 14.2603; π/(2 · 14) = 0.1122 Å."""
    space = replace(SPACE, k_range=(3.0, 17.0), r_range=(1.4, 3.0))
    assert space.n_independent == pytest.approx(14.2602829, abs=1e-7)
    assert space.resolution == pytest.approx(0.1122, abs=1e-4)


def test_where_points_count() -> None:
    assert SPACE.support == (2.0, 14.0)
    assert replace(SPACE, space="k").support == (3.0, 13.0)
    assert replace(SPACE, kind="gaussian").support == (-1.0, 17.0)


@pytest.mark.parametrize("power", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("kind", ["hanning", "kaiser"])
def test_white_noise_is_found(power: float, kind: str) -> None:
    """σ = 0.003 beside a shell at 2.4 Å, of whose transform next to nothing is left at 15 Å; mean of 40 seeds."""
    space = replace(SPACE, kind=kind, kweights=(power,))
    shell = 0.3 * np.sin(4.8 * K) * np.exp(-0.015 * K**2)
    rngs = (np.random.default_rng(seed) for seed in range(40))
    found = [space.noise_of(K, shell + 0.003 * rng.normal(size=len(K)), power) for rng in rngs]
    assert np.mean(found) == pytest.approx(0.003, rel=0.05)
