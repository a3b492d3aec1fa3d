"""Sums of sines and cosines at any points: against the sums written out."""

from __future__ import annotations

import numpy as np
import pytest

from nanocrystal.kernels.waves import WaveSum


@pytest.mark.parametrize(("n_waves", "n_points"), [(1, 3), (7, 40), (1900, 387), (6000, 50)])
def test_waves_at_points_between_before_and_beyond_a_period(n_waves: int, n_points: int) -> None:
    rng = np.random.default_rng(n_waves)
    x, amplitudes = rng.uniform(-300.0, 700.0, n_points), rng.normal(size=(2, 3, n_waves))
    waves = WaveSum(0.013, n_waves, x)
    phases = np.outer(0.013 * np.arange(1, n_waves + 1), x)
    for found, function in ((waves.sines(amplitudes), np.sin), (waves.cosines(amplitudes), np.cos)):
        assert found.shape == (2, 3, n_points)
        assert np.abs(found - amplitudes @ function(phases)).max() < 1e-12 * np.abs(amplitudes).sum(axis=2).min()
