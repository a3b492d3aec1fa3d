"""What places are drawn from: a mixture of Student's t in whitened coordinates, and how it learns from draws.

In whitened coordinates the quadratic approximation at the fit is the normal law of mean 0 and covariance 1. The tails
of Student's t are wide, so that no place which the posterior reaches is out of reach.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
TRIED = 4000
"""places at which it is seen how well a law stands for the quadratic approximation"""
ROUNDS = 40
"""of expectation and maximization"""
DRAWS_A_COMPONENT = 6
"""effective draws for each number of a component's mean and covariance, from which on there is another one"""
MOST_COMPONENTS = 4
FAR = 0.08
"""part of the first law that reaches far: what lies beyond where the quadratic approximation ends must be seen"""
REACH = 4.0
"""standard deviations of that part along one axis"""
FAR_KEPT = 0.5
"""part of what stays of the first law that reaches far"""
DEFENSIVE = 0.1
"""part of a mixture that stays what was drawn from first (T. Hesterberg, Technometrics 37, 185 (1995))"""


@dataclass(frozen=True)
class Proposal:
    """A mixture of k Student t laws of n whitened coordinates.

    shares: (k,), their sum is 1; centres: (k, n); roots: (k, n, n), lower triangles, whose scale matrix is root rootᵀ;
    freedom: degrees of freedom of all.
    """

    shares: FloatArray
    centres: FloatArray
    roots: FloatArray
    freedom: float

    def drawn(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return n places, (n, n_free)."""
        n_free = self.centres.shape[1]
        which = rng.choice(len(self.shares), n, p=self.shares)
        stretch = np.sqrt(self.freedom / rng.chisquare(self.freedom, n))[:, None]
        normal = rng.normal(size=(n, n_free)) * stretch
        return np.asarray(self.centres[which] + np.einsum("kij,kj->ki", self.roots[which], normal))

    def log_density(self, z: FloatArray) -> FloatArray:
        """Return the log of its density at places (m, n_free), (m,), without the constant that all of them have."""
        n_free, parts = z.shape[1], []
        for share, centre, root in zip(self.shares, self.centres, self.roots, strict=True):
            distance = (np.linalg.solve(root, (z - centre).T) ** 2).sum(axis=0)
            main = -0.5 * (self.freedom + n_free) * np.log1p(distance / self.freedom)
            parts.append(np.log(share) + main - np.log(np.diag(root)).sum())
        return np.asarray(np.logaddexp.reduce(np.array(parts), axis=0))


def even_of_normal(proposal: Proposal, rng: np.random.Generator) -> float:
    """Return how many effective draws a draw of a law is worth where the quadratic approximation is right."""
    z = proposal.drawn(TRIED, rng)
    weights = np.exp(-0.5 * (z**2).sum(axis=1) - proposal.log_density(z))
    return float(weights.sum() ** 2 / (TRIED * np.sum(weights**2)))


def first_proposal(n_free: int, freedom: float) -> Proposal:
    """Return the quadratic approximation with the tails of Student's t, and laws that reach far along each axis."""
    return Proposal(
        np.array([1.0 - FAR, *np.full(n_free, FAR / n_free)]),
        np.zeros((n_free + 1, n_free)),
        np.array([np.eye(n_free), *(np.diag(np.where(np.arange(n_free) == k, REACH, 1.0)) for k in range(n_free))]),
        freedom,
    )


def learned_proposal(z: FloatArray, weights: FloatArray, first: Proposal, rng: np.random.Generator) -> Proposal:
    """Return a mixture like draws z (m, n_free) of weights (m,), which sum to 1; a part of it stays the first one.

    Means and covariances are those of normal laws, by expectation and maximization; the tails of Student's t make them
    wider. Covariances lean on that of all draws, and it on the quadratic approximation, as if of n_free + 1 more draws.
    """
    n_free = z.shape[1]
    effective, lean = 1.0 / float(np.sum(weights**2)), n_free + 1.0
    numbers = 0.5 * n_free * (n_free + 3.0)
    k = int(np.clip(effective / (DRAWS_A_COMPONENT * numbers), 1, MOST_COMPONENTS))
    mean = weights @ z
    whole = ((z - mean).T @ ((z - mean) * weights[:, None]) * effective + lean * np.eye(n_free)) / (effective + lean)
    shares, centres, covariances = np.full(k, 1.0 / k), mean[None], whole[None]
    if k > 1:
        centres, covariances = z[rng.choice(len(z), k, replace=False, p=weights)], np.array([whole] * k)
        for _ in range(ROUNDS):
            parts = np.array([_log_normal(z, c, v) for c, v in zip(centres, covariances, strict=True)])
            parts += np.log(shares)[:, None]
            held = weights * np.exp(parts - np.logaddexp.reduce(parts, axis=0))
            shares = np.maximum(held.sum(axis=1), 1e-6)
            centres = (held @ z) / shares[:, None]
            spread = [((z - c).T @ ((z - c) * h[:, None])) for c, h in zip(centres, held, strict=True)]
            counts = effective * shares
            covariances = np.array(
                [(effective * s + lean * whole) / (n + lean) for s, n in zip(spread, counts, strict=True)]
            )
        shares = shares / shares.sum()
    kept = np.array([1.0 - FAR_KEPT, *np.full(n_free, FAR_KEPT / n_free)])
    return Proposal(
        np.array([*((1.0 - DEFENSIVE) * shares), *(DEFENSIVE * kept)]),
        np.concatenate([centres, first.centres]),
        np.concatenate([np.linalg.cholesky(covariances), first.roots]),
        first.freedom,
    )


def _log_normal(z: FloatArray, centre: FloatArray, covariance: FloatArray) -> FloatArray:
    """Return the log density of a normal law at places (m, n), without its constant."""
    root = np.linalg.cholesky(covariance)
    return np.asarray(
        -0.5 * (np.linalg.solve(root, (z - centre).T) ** 2).sum(axis=0) - np.log(np.diag(root)).sum(),
    )
