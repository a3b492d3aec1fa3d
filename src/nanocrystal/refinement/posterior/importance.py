"""Drawing from a posterior by importance: places from the quadratic approximation at the fit, weighed by what is right.

Each place is drawn on its own from a law with wide tails, within the bounds, and counts by the ratio of the posterior
to that law; a few hundred say what a chain says with many thousands. Where the weights are uneven the law learns from
the draws so far (O. Cappé, R. Douc, A. Guillin, J.-M. Marin & C. P. Robert, Stat. Comput. 18, 447 (2008)), whose
weights are then those of the mixture of all laws that they came from (E. Veach & L. Guibas, SIGGRAPH 95, 419); only
draws from the last law, made after it was fixed, say what is reported. `weights` judges them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from numpy.typing import NDArray

from nanocrystal.refinement.posterior.density import Density, Laplace, LogPosterior
from nanocrystal.refinement.posterior.proposal import Proposal, even_of_normal, first_proposal, learned_proposal
from nanocrystal.refinement.posterior.weights import effective_number, most_index, resampled, smoothed_weights
from nanocrystal.report.posterior.result import FEWEST_DRAWS, FREEDOM

FloatArray = NDArray[np.float64]
PILOT = 128
"""draws of each law before it is judged"""
LEARNED = 3
"""laws that are learned, at most, one after the other"""
EVEN = 0.8
"""effective draws of one draw over those where the quadratic approximation is right, from which on a law is drawn from
to the end: learning takes as many draws as it saves"""
MOST = 4000
"""draws of the last law, at most"""
AT_ONCE = 32
"""draws between two words on the way"""
USUAL = 500
"""draws of a posterior that is about what the refinement says"""
MARGIN = 1.05
"""times the draws that are expected to suffice"""
FEWEST_INSIDE = 1e-3
"""part of a law within the bounds below which it is not drawn from"""
COPIES = 8
"""draws of the linear parameters for each place"""
WALKERS = 128
"""that try a law that was learned"""
STRIDES = (1.0, 0.5, 2.0, 1.0, 0.5, 2.0, 1.0, 0.5)
"""lengths of their steps, in those that are the best for a normal law, 2.38/√(2n) of a difference of two draws"""
MOST_STRAY = 1
"""walkers at once that may count more than all draws do: one is there by chance now and then"""
STRIDE = 2.38 / np.sqrt(2.0)
FROM_WALKERS = 0.5
"""part that walkers have in a law that is learned with them"""


@dataclass(frozen=True, kw_only=True)
class WeightedDraws:
    """Places of uneven weights: x (n, n_free), linear (n, COPIES, n_linear) drawn given x, weights (n,), sum 1.

    log_density, chi2: (n,); pareto_k: the index of the tail of the weights; effective: draws of equal weight that say
    as much; evaluations: of all laws; proposal: the last law; unseen: whether walkers left what the law reaches.
    """

    x: FloatArray
    linear: FloatArray
    weights: FloatArray
    log_density: FloatArray
    chi2: FloatArray
    pareto_k: float
    effective: float
    evaluations: int
    proposal: Proposal
    interrupted: bool
    unseen: bool = False

    @property
    def reliable(self) -> bool:
        """Whether the tail of the weights is short enough for means to settle, and nothing is known to be unseen."""
        return not self.unseen and self.pareto_k < most_index(len(self.weights))

    @property
    def values(self) -> FloatArray:
        """Nonlinear and linear parameters of all copies, (n, copies, n_free + n_linear)."""
        copied = np.repeat(self.x[:, None, :], self.linear.shape[1], axis=1)
        return np.concatenate([copied, self.linear], axis=2)

    @property
    def enough(self) -> bool:
        """Whether they can be relied on and tell every parameter as well as independent draws as many as are wanted."""
        if len(self.weights) < PILOT or not self.reliable or self.effective < FEWEST_DRAWS:
            return False
        return bool(np.all(independent_draws(self.values, self.weights) >= FEWEST_DRAWS))


@dataclass
class _Round:
    """The draws of one law: places, densities, and the part of the law that lies within the bounds."""

    proposal: Proposal
    z: list[FloatArray] = field(default_factory=list)
    densities: list[Density] = field(default_factory=list)
    tried: int = 0

    def __len__(self) -> int:
        return len(self.densities)

    @property
    def places(self) -> FloatArray:
        """Where the draws are, (n, n_free)."""
        return np.array(self.z).reshape(len(self), -1)

    @property
    def log_posterior(self) -> FloatArray:
        """The log densities of the draws, (n,)."""
        return np.array([d.log_density for d in self.densities])

    def log_density(self, z: FloatArray) -> FloatArray:
        """Return the log density of the law within the bounds at places (m, n_free)."""
        return self.proposal.log_density(z) - float(np.log(len(self) / max(1, self.tried)))

    def judged(self) -> tuple[FloatArray, float]:
        """Return weights of the draws and the index of their tail."""
        return smoothed_weights(self.log_posterior - self.proposal.log_density(self.places))


class _Drawing:
    """Rounds of draws, one law after the other."""

    def __init__(
        self,
        target: LogPosterior,
        law: Laplace,
        evaluate: Callable[[Sequence[FloatArray]], list[Density]],
        seed: int,
        progress: Callable[[int, int, float], None] | None,
    ) -> None:
        self.target, self.law, self.evaluate, self.progress = target, law, evaluate, progress
        self.rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])
        n_free = len(law.centre)
        few = max(1.0, float(target.freedom - n_free))  # Student's t of unknown noise has no wider tails than this
        self.first = first_proposal(n_free, FREEDOM if target.noise_known else min(FREEDOM, few))
        self.even = EVEN * even_of_normal(self.first, self.rng)
        self.rounds = [_Round(self.first)]
        self.tried, self.walked, self.unseen = 0, 0, False

    def run(self) -> None:
        """Draw until the weights of the last law are even enough and enough, or as often as is allowed."""
        for _ in range(LEARNED):
            if not self.draw(PILOT):
                return
            weights, index = self.rounds[-1].judged()
            if index < most_index(PILOT) and effective_number(weights) >= self.even * PILOT:
                break
            if not np.isfinite(self.rounds[-1].log_posterior).any():
                return
            self.rounds.append(_Round(self.learned()))
        self.fill()
        while len(self.rounds) > 1 and self.suffice():
            strays = self.strays()
            if strays is None:
                return
            if self.tried == LEARNED:
                self.unseen = True
                return
            self.tried += 1
            self.rounds.append(_Round(self.learned(strays)))
            self.fill()

    def fill(self) -> None:
        """Draw from the last law until there are enough, or as often as is allowed."""
        while (wanted := self.wanted()) and self.draw(wanted):
            pass

    def suffice(self) -> bool:
        """Say whether the draws of the last law tell every parameter, as far as their weights say."""
        effective, index = self.told()
        return index < most_index(max(len(self.rounds[-1]), PILOT)) and effective >= FEWEST_DRAWS

    def told(self) -> tuple[float, float]:
        """Return as how many independent draws those of the last law tell all parameters, and the index of its tail."""
        last = self.rounds[-1]
        weights, index = last.judged()
        if not len(last):
            return 0.0, index
        x = self.law.at(last.places)
        return min(effective_number(weights), float(independent_draws(x[:, None], weights).min())), index

    def strays(self) -> FloatArray | None:
        """Return where walkers come to from the draws, (WALKERS, n_free), None where these have seen all of it.

        Steps are along differences of two draws that are chosen anew each time, accepted by Metropolis' rule.
        """
        last = self.rounds[-1]
        weights, _ = last.judged()
        most = float(np.max(last.log_posterior - last.proposal.log_density(last.places)))
        begun = resampled(weights, WALKERS, self.rng)
        z, height = last.places[begun], last.log_posterior[begun]
        pool = last.places[resampled(weights, MOST, self.rng)]
        stray = 0
        for stride in STRIDES:
            one, other = self.rng.integers(MOST, size=(2, WALKERS))
            there = z + stride * STRIDE / np.sqrt(z.shape[1]) * (pool[one] - pool[other])
            inside = np.flatnonzero([self.target.inside(x) for x in self.law.at(there)])
            reached = np.full(WALKERS, -np.inf)
            reached[inside] = [d.log_density for d in self.evaluate(list(self.law.at(there[inside])))]
            self.walked += len(inside)
            moved = np.log(self.rng.random(WALKERS)) < reached - height
            z, height = np.where(moved[:, None], there, z), np.where(moved, reached, height)
            stray = max(stray, int(np.sum(height - last.proposal.log_density(z) > most)))
        return z if stray > MOST_STRAY else None

    def wanted(self) -> int:
        """Return how many draws are expected to be missing; 0 where there are enough, or never will be."""
        last = self.rounds[-1]
        if len(last) < PILOT:
            return PILOT - len(last)
        effective, index = self.told()
        needed = MARGIN * FEWEST_DRAWS * len(last) / max(effective, 1e-9)
        if needed > 2.0 * MOST or (effective >= FEWEST_DRAWS and index < most_index(len(last))):
            return 0
        return int(min(max(needed - len(last), PILOT // 4), MOST - len(last)))

    def draw(self, n: int) -> bool:
        """Add n draws to the last round; say whether its law lies within the bounds at all."""
        last = self.rounds[-1]
        for first in range(0, n, AT_ONCE):
            wanted, z = min(AT_ONCE, n - first), np.empty((0, len(self.law.centre)))
            while len(z) < wanted:
                tried = last.proposal.drawn(AT_ONCE, self.rng)
                inside = [k for k, x in enumerate(self.law.at(tried)) if self.target.inside(x)]
                surplus = len(z) + len(inside) - wanted
                if surplus > 0:  # those after the last one that is wanted were never tried
                    inside = inside[: len(inside) - surplus]
                last.tried += AT_ONCE if surplus < 0 else inside[-1] + 1
                z = np.concatenate([z, tried[inside]])
                if last.tried > AT_ONCE / FEWEST_INSIDE and len(last) + len(z) < FEWEST_INSIDE * last.tried:
                    return False
            densities = self.evaluate(list(self.law.at(z)))
            last.z.extend(z)
            last.densities.extend(densities)
            if self.progress is not None:
                even = effective_number(last.judged()[0])
                self.progress(len(last), max(len(last), ceil(FEWEST_DRAWS * len(last) / even)), even / len(last))
        return True

    def learned(self, walkers: FloatArray | None = None) -> Proposal:
        """Return a law like all draws so far, each weighed by the mixture of the laws that they came from.

        walkers: (n, n_free), places that are drawn from the posterior, of which a part of the law is like them.
        """
        z = np.concatenate([r.places for r in self.rounds])
        parts = np.array([len(r) / len(z) for r in self.rounds])
        mixed = np.logaddexp.reduce(
            [np.log(part) + r.log_density(z) for part, r in zip(parts, self.rounds, strict=True)], axis=0
        )
        weights, _ = smoothed_weights(np.concatenate([r.log_posterior for r in self.rounds]) - mixed)
        if walkers is not None:
            z = np.concatenate([z, walkers])
            part = FROM_WALKERS / len(walkers)
            weights = np.concatenate([(1.0 - FROM_WALKERS) * weights, np.full(len(walkers), part)])
        return learned_proposal(z, weights, self.first, self.rng)

    def result(self, interrupted: bool) -> WeightedDraws:
        """Return the draws of the last law."""
        last = self.rounds[-1]
        if not len(last) and len(self.rounds) > 1:  # interrupted before the new law was drawn from
            last = self.rounds[-2]
        weights, index = last.judged()
        copies = COPIES if self.target.n_linear else 1
        drawn = [[self.target.drawn_linear(d, self.rng) for _ in range(copies)] for d in last.densities]
        return WeightedDraws(
            x=self.law.at(last.places) if len(last) else np.empty((0, len(self.law.centre))),
            linear=np.array(drawn).reshape(len(last), copies, self.target.n_linear),
            weights=weights,
            log_density=last.log_posterior,
            chi2=np.array([d.chi2 for d in last.densities]),
            pareto_k=index,
            effective=effective_number(weights) if len(last) else 0.0,
            evaluations=sum(len(r) for r in self.rounds) + self.walked,
            unseen=self.unseen,
            proposal=last.proposal,
            interrupted=interrupted,
        )


def importance_sampled(
    target: LogPosterior,
    law: Laplace,
    evaluate: Callable[[Sequence[FloatArray]], list[Density]],
    *,
    seed: int,
    progress: Callable[[int, int, float], None] | None = None,
) -> WeightedDraws:
    """Return draws from a law about the fit, weighed; whether they suffice, they say themselves.

    evaluate: from places to their densities; progress: called as progress(draws, draws expected, effective part). A
    KeyboardInterrupt ends it with the draws that are done.
    """
    drawing, interrupted = _Drawing(target, law, evaluate, seed, progress), False
    try:
        drawing.run()
    except KeyboardInterrupt:
        interrupted = True
    return drawing.result(interrupted)


def independent_draws(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return how many independent draws tell the mean of each parameter as well, from values (n, copies, m): (m,).

    The variance of a parameter over that of its weighed mean, Σ w²(x − mean)²: draws far out may weigh more than those
    at the middle, which the weights alone do not tell.
    """
    spread = values - np.einsum("i,ijk->k", weights, values) / values.shape[1]
    variance = np.einsum("i,ijk->k", weights, spread**2) / values.shape[1]
    uncertainty = np.einsum("i,ik->k", weights**2, spread.mean(axis=1) ** 2)
    most = float(values.shape[0] * values.shape[1])
    return np.asarray(np.minimum(variance / np.maximum(uncertainty, 1e-300), most))
