"""The law that places are drawn from, against Student's t of scipy, and what it learns from draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from nanocrystal.refinement.posterior.proposal import (
    DEFENSIVE,
    Proposal,
    even_of_normal,
    first_proposal,
    learned_proposal,
)

ROOT = np.array([[1.2, 0.0, 0.0], [0.4, 0.7, 0.0], [-0.5, 0.2, 2.0]])
TWO = Proposal(np.array([0.3, 0.7]), np.array([[0.0, 1.0, 2.0], [3.0, 0.0, -1.0]]), np.array([ROOT, np.eye(3)]), 8.0)


def test_its_density_is_the_mixture_of_students_t() -> None:
    """All but the constant that all laws of this freedom have."""
    z = np.random.default_rng(0).normal(size=(50, 3)) * 3.0
    parts = [
        share * stats.multivariate_t(centre, root @ root.T, df=8.0).pdf(z)
        for share, centre, root in zip(TWO.shares, TWO.centres, TWO.roots, strict=True)
    ]
    difference = TWO.log_density(z) - np.log(np.sum(parts, axis=0))
    np.testing.assert_allclose(difference, difference[0], atol=1e-10)


def test_its_draws_follow_that_density() -> None:
    """Means of draws, and the density integrated by draws of another law: both by chance, to four errors."""
    rng = np.random.default_rng(1)
    z = TWO.drawn(20_000, rng)
    mean = TWO.shares @ TWO.centres
    covariance = sum(
        share * (root @ root.T * 8.0 / 6.0 + np.outer(centre - mean, centre - mean))
        for share, centre, root in zip(TWO.shares, TWO.centres, TWO.roots, strict=True)
    )
    assert np.all(np.abs(z.mean(axis=0) - mean) < 4.0 * np.sqrt(np.diag(covariance) / len(z)))
    np.testing.assert_allclose(np.cov(z.T), covariance, atol=0.2)
    wide = Proposal(np.ones(1), mean[None], 3.0 * np.eye(3)[None], 8.0)
    ratio = np.exp(TWO.log_density(other := wide.drawn(20_000, rng)) - wide.log_density(other))
    assert ratio.mean() == pytest.approx(1.0, abs=4.0 * ratio.std() / np.sqrt(len(ratio)))


def test_it_learns_a_normal_law_and_keeps_what_it_began_with() -> None:
    rng = np.random.default_rng(2)
    z = np.array([1.0, -2.0, 0.5]) + rng.normal(size=(150, 3)) @ ROOT.T
    found = learned_proposal(z, np.full(150, 1.0 / 150), first_proposal(3, 8.0), rng)
    assert found.shares.sum() == pytest.approx(1.0)
    assert found.shares[-4:].sum() == pytest.approx(DEFENSIVE)
    np.testing.assert_array_equal(found.roots[-4:], first_proposal(3, 8.0).roots)
    mixed = found.shares[:-4] / found.shares[:-4].sum()
    np.testing.assert_allclose(mixed @ found.centres[:-4], [1.0, -2.0, 0.5], atol=0.4)


def test_the_first_law_is_about_the_normal_law_and_reaches_far() -> None:
    """Effective draws of one draw where the quadratic approximation is right; and places beyond five deviations."""
    first, rng = first_proposal(4, 8.0), np.random.default_rng(5)
    assert 0.8 < even_of_normal(first, rng) < 0.95
    assert even_of_normal(Proposal(np.ones(1), np.ones((1, 4)), np.eye(4)[None], 8.0), rng) < 0.4
    far = np.abs(first.drawn(2000, rng)) > 5.0
    assert np.all(far.sum(axis=0) >= 4)


def test_it_learns_two_heaps_of_draws() -> None:
    """Weights as if drawn from a normal law around both: a component at each, of its size."""
    rng = np.random.default_rng(3)
    z = rng.normal(size=(3000, 2)) * 4.0
    heaps = [stats.multivariate_normal(m, 0.25 * np.eye(2)).pdf(z) for m in ([-3.0, 0.0], [3.0, 1.0])]
    weights = (0.4 * heaps[0] + 0.6 * heaps[1]) / stats.multivariate_normal([0.0, 0.0], 16.0 * np.eye(2)).pdf(z)
    found = learned_proposal(z, weights / weights.sum(), first_proposal(2, 8.0), rng)
    centres, shares = found.centres[:-3], found.shares[:-3] / (1.0 - DEFENSIVE)
    left = centres[:, 0] < 0.0
    assert shares[left].sum() == pytest.approx(0.4, abs=0.1)
    np.testing.assert_allclose(shares[left] @ centres[left] / shares[left].sum(), [-3.0, 0.0], atol=0.5)
    np.testing.assert_allclose(shares[~left] @ centres[~left] / shares[~left].sum(), [3.0, 1.0], atol=0.5)
