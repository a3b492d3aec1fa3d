"""Moments of derivatives of a lattice, in single precision: against the plain loop, and what many pairs leave of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nanocrystal.kernels import pairs, plain
from nanocrystal.kernels.pairs import LatticePairs, Rows, reduced_lattice_moments

VECTORS = np.array([[4.0, 0.1, 0.0], [0.0, 5.0, 0.3], [0.2, 0.0, 6.0]])
H, N_BINS = 0.1, 200


def jobs(n_weights: int) -> list[LatticePairs]:
    """Return two sums over few offsets, with separations of basis atoms of three pair kinds, of which one is empty."""
    rng = np.random.default_rng(n_weights)
    made = []
    for n_offsets, n_points in ((30, 5), (300, 2)):
        offsets = np.rint(rng.uniform(-3.0, 3.0, (n_offsets, 3)))
        made.append(
            LatticePairs(
                offsets=offsets[np.abs(offsets).sum(axis=1) > 0.0],
                weights=rng.normal(size=(n_weights, int((np.abs(offsets).sum(axis=1) > 0.0).sum()))),
                points=rng.uniform(-1.0, 1.0, (n_points, 3)),
                factors=rng.uniform(0.5, 2.0, n_points),
                kinds=np.array([0, 2, 2, 0, 2])[:n_points],
            )
        )
    return made


def summed(made: list[LatticePairs], strains: np.ndarray) -> dict[int, np.ndarray]:
    rows = Rows(strains, derived=True)
    return reduced_lattice_moments(VECTORS, made, 3, H, N_BINS, rows, lambda kind, moments: moments.copy())


@pytest.mark.parametrize(("n_weights", "n_strains"), [(1, 1), (2, 0), (3, 3), (5, 0), (6, 6), (9, 2)])
def test_moments_of_derivatives_equal_the_plain_loop(n_weights: int, n_strains: int) -> None:
    made, strains = jobs(n_weights), np.random.default_rng(0).normal(size=(n_strains, 3, 3))
    expected = plain.lattice_slopes(VECTORS, made, 3, H, N_BINS, strains)
    found = summed(made, strains)
    assert set(found) == {0, 2}
    assert np.abs(expected[0]).max() > 0.0
    for kind, moments in found.items():
        atol = 1e-6 * np.abs(expected[kind]).max(axis=(1, 2), keepdims=True)
        assert (np.abs(moments - expected[kind]) <= atol).all()


def test_parts_that_are_added_up_in_double_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    made, strains = jobs(4), np.eye(3)[None]
    whole = summed(made, strains)
    monkeypatch.setattr(pairs, "HELD_IN_SINGLE", 40 / N_BINS)
    for kind, moments in summed(made, strains).items():
        np.testing.assert_allclose(moments, whole[kind], rtol=0.0, atol=1e-6 * np.abs(whole[kind]).max())


def test_single_precision_never_holds_more_pairs_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted between two additions in double, by how much the histogram of single precision grew."""
    held: list[float] = []
    fast = pairs.load("_pairs_numba")

    class Seen:
        def point_pairs_slopes(self, *given: Any) -> None:
            fast.point_pairs_slopes(*given)
            histogram = given[10].reshape(N_BINS, -1, 4)
            held.append(float(histogram[:, 0, 0].sum()))

    offsets = np.array([[k, 0.0, 0.0] for k in (1, 2, 3)])
    made = [
        LatticePairs(
            offsets=offsets,
            weights=np.ones((2, 3)),
            points=np.zeros((9, 3)),
            factors=np.ones(9),
            kinds=np.zeros(9, int),
        )
    ] * 3
    monkeypatch.setattr(pairs, "load", lambda name: Seen())
    monkeypatch.setattr(pairs, "HELD_IN_SINGLE", 12 / N_BINS)
    found = summed(made, np.zeros((0, 3, 3)))[0]
    assert max(held) == 12.0
    assert found[0, :, 0].sum() == 3 * 9 * 3


def test_many_pairs_keep_five_digits() -> None:
    """Four million of a tenth, which has no finite binary fraction."""
    n = 2000
    distances = np.random.default_rng(2).uniform(1.0, 19.0, n)
    job = LatticePairs(
        offsets=distances[:, None] * [1.0, 0.0, 0.0] / np.linalg.norm(VECTORS[0]),
        weights=np.full((2, n), 0.1),
        points=np.zeros((n, 3)),
        factors=np.ones(n),
        kinds=np.zeros(n, dtype=np.int64),
    )
    found = summed([job], np.zeros((0, 3, 3)))[0][0]
    bins = np.rint(distances / H).astype(int)
    for power in range(4):
        expected = 0.1 * n * np.bincount(bins, (distances / H - bins) ** power, minlength=N_BINS)
        np.testing.assert_allclose(found[:, power], expected, rtol=0.0, atol=1e-5 * expected.max())
