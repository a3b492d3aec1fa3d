"""From F(Q) to points, and how noise of F moves them: against the sums written out, on their own scale."""

from __future__ import annotations

import numpy as np
import pytest

from nanocrystal.techniques.pdf.transform import PeakTransform, ToPoints

R = {
    "the Nyquist grid": np.pi / 25.0 * np.arange(8, 400),
    "points of a file": np.arange(1.0, 60.0, 0.17),
    "points in unequal steps": np.sort(np.random.default_rng(1).uniform(0.0, 60.0, 300)),
    "a long range": np.pi / 25.0 * np.arange(1, 3183, 7),
    "one point": np.array([2.77]),
}


def written_out(ways: ToPoints) -> np.ndarray:
    """(2/π) sin(Qr) w, (n_points, n_q)."""
    return 2.0 / np.pi * np.sin(np.outer(ways.r, ways.q)) * ways.weight


@pytest.mark.parametrize("grid", R)
@pytest.mark.parametrize("qmin", [0.0, 0.83])
def test_points_are_the_sum_over_all_q(grid: str, qmin: float) -> None:
    """1e-8 of the largest is asked for; F is of a crystal, peaks at all Q, and in a second row noise."""
    r = R[grid]
    ways = PeakTransform(float(r[-1]) + 10.0, qmin, 25.0).to_points(r)
    f = np.array(
        [np.sin(2.5 * ways.q) + 3.0 * np.cos(ways.q * 0.4 * r[-1]), np.random.default_rng(2).normal(size=len(ways.q))]
    )
    expected = f @ written_out(ways).T
    assert np.abs(ways(f) - expected).max() < 1e-10 * np.abs(expected).max()
    np.testing.assert_array_equal(ways(f[1]), ways(f)[1])


def test_a_single_wave_comes_out_by_hand() -> None:
    """F that is 1 in one cell of Q alone makes one sine, of (2/π) w."""
    ways = PeakTransform(20.0, 0.0, 20.0).to_points(np.array([0.0, 1.0, 7.3]))
    f = np.zeros(len(ways.q))
    f[40] = 1.0
    q = 41 * ways.q[0]
    np.testing.assert_allclose(ways(f), 2.0 / np.pi * np.sin(q * ways.r) * ways.q[0], atol=1e-15)


@pytest.mark.parametrize("grid", ["the Nyquist grid", "points of a file", "points in unequal steps"])
def test_noise_of_f_moves_points_as_its_sum_over_cells_does(grid: str) -> None:
    r = R[grid]
    ways = PeakTransform(float(r[-1]) + 10.0, 0.83, 25.0).to_points(r)
    variances = np.array([np.ones_like(ways.q), ways.q**2, np.exp(-ways.q)])
    rows = written_out(ways) / np.sqrt(ways.q[0])
    for found, variance in zip(ways.covariances(variances), variances, strict=True):
        expected = (rows * variance) @ rows.T
        assert np.abs(found - expected).max() < 1e-10 * np.abs(expected).max()
