"""Drawing from a posterior: two ensembles of walkers that know nothing of each other.

Half of the steps propose places drawn from the quadratic approximation at the fit with wide tails (Student's t),
independent of where a walker is: where the approximation holds, every second step or so is a fresh draw. The others
are steps along differences between walkers, which find their way where it does not hold (C. J. F. ter Braak, Stat.
Comput. 16, 239 (2006); D. Foreman-Mackey et al., PASP 125, 306 (2013), program emcee). Walkers walk in whitened
coordinates, in which the approximation is the normal law of mean 0 and covariance 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.refinement.posterior.density import Density, Laplace, LogPosterior
from nanocrystal.refinement.posterior.proposal import Proposal, first_proposal
from nanocrystal.report.posterior.result import FREEDOM

FloatArray = NDArray[np.float64]
Evaluate = Callable[[Sequence[FloatArray]], list[Density]]
"""from places x, (n_free,) each, to their densities: in this process, or in several"""
ENSEMBLES = 2
SHARES = (0.5, 0.4, 0.1)
"""of independent places, of steps along differences, and of snooker steps"""
JUDGED = 250
"""steps between two looks at whether a chain that may end is long enough"""
ON_THE_BOUND = 1e-9
"""standard deviations beyond a bound that rounding makes of a place on it"""
Progress = Callable[[int, int, float], None]
"""called with the steps done, all steps, and the part of the proposals that was accepted"""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Where the walkers were: x (n_steps, n_walkers, n_free), linear (n_steps, n_walkers, n_linear).

    log_density, chi2: (n_steps, n_walkers); ensemble: (n_walkers,) which of the ensembles a walker belongs to;
    acceptance: the part of the proposals that was accepted.
    """

    x: FloatArray
    linear: FloatArray
    log_density: FloatArray
    chi2: FloatArray
    ensemble: NDArray[np.int64]
    acceptance: float
    interrupted: bool


@dataclass(frozen=True, kw_only=True)
class Walk:
    """How long a chain is: its steps, at most, of so many walkers; seed: of what is drawn by chance.

    enough: says whether a chain may end, asked every JUDGED steps; None for one of all steps.
    """

    steps: int
    walkers: int
    seed: int
    enough: Callable[[Chain], bool] | None = None


def fewest_walkers(n_free: int) -> int:
    """Return how many walkers are needed: two ensembles, each of more than twice the number of parameters."""
    return ENSEMBLES * max(2 * n_free + 2, 8)


def usual_walkers(n_free: int) -> int:
    """Return how many walkers are taken where nothing is said."""
    return max(fewest_walkers(n_free), 32)


def emcee_module() -> Any:
    """Return emcee; raises InputError that says how to install it."""
    try:
        import emcee
    except ImportError:
        problem = 'needs the package emcee; install it with: pip install "nanocrystal[posterior]"'
        raise InputError("posterior", problem) from None
    return emcee


def emcee_missing() -> bool:
    """Say whether emcee cannot be imported."""
    try:
        emcee_module()
    except InputError:
        return True
    return False


class _Ensemble:
    """The walkers of one ensemble, which take one step at a time."""

    def __init__(
        self,
        target: LogPosterior,
        evaluate: Evaluate,
        law: Laplace,
        proposal: Proposal,
        n_walkers: int,
        seed: np.random.SeedSequence,
    ) -> None:
        emcee = emcee_module()
        self.target, self.evaluate, self.law = target, evaluate, law
        self.rounding = ON_THE_BOUND * np.linalg.norm(law.root, axis=1)
        ours, theirs = seed.spawn(2)
        self.rng = np.random.default_rng(ours)
        n_free = len(law.centre)
        differences, snooker = emcee.moves.DEMove(), emcee.moves.DESnookerMove()
        independent = emcee.moves.MHMove(lambda z, rng: _independent(proposal, z, rng))
        moves = list(zip((independent, differences, snooker), SHARES, strict=True))
        self.sampler = emcee.EnsembleSampler(n_walkers, n_free, self._rows, moves=moves, vectorize=True)
        self.sampler.log_prob_fn = self._rows  # unwrapped: an interruption is no error to be printed
        random = np.random.RandomState(np.random.MT19937(theirs))
        z = law.whitened(law.drawn(self.rng, n_walkers, target.problem.bounds))
        rows = self._possible(z)
        state = emcee.State(z, log_prob=rows[:, 0], blobs=rows[:, 1:], random_state=random.get_state())
        self.sampler.random_state = random.get_state()
        self._steps = self.sampler.sample(state, iterations=2**31, store=False, skip_initial_state_check=True)

    def _possible(self, z: FloatArray) -> FloatArray:
        """Return the rows of densities at z, with impossible places moved towards the fit, in z too."""
        rows = self._rows(z)
        for _ in range(50):
            bad = np.flatnonzero(~np.isfinite(rows[:, 0]))
            if not len(bad):
                return rows
            z[bad] *= 0.5
            rows[bad] = self._rows(z[bad])
        raise InputError("posterior", "cannot begin: next to the refined values nothing can be calculated.")

    def _places(self, z: FloatArray) -> FloatArray:
        """Return where whitened coordinates are, (n, n_free), those on a bound exactly there."""
        x, (low, high) = self.law.at(z), self.target.problem.bounds
        x = np.where((x < low) & (x > low - self.rounding), low, x)
        return np.asarray(np.where((x > high) & (x < high + self.rounding), high, x))

    def _rows(self, z: FloatArray) -> FloatArray:
        """Return log density, χ², 0 and drawn linear parameters at places (n, n_free): (n, 3 + n_linear)."""
        x = self._places(z)
        inside = [k for k in range(len(x)) if self.target.inside(x[k])]
        densities = [self.target.impossible] * len(x)
        for k, density in zip(inside, self.evaluate([x[k] for k in inside]), strict=True):
            densities[k] = density
        return np.array([[d.log_density, d.chi2, 0.0, *self.target.drawn_linear(d, self.rng)] for d in densities])

    def step(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Let all walkers take one step; return x (n, n_free), log density (n,), and χ², 0, linear (n, 2 + …)."""
        state = next(self._steps)
        return self._places(state.coords), state.log_prob.copy(), state.blobs.copy()


def _independent(proposal: Proposal, z: FloatArray, rng: Any) -> tuple[FloatArray, FloatArray]:
    """Return places drawn from a law with wide tails, and log g(z) − log g(place), (n,)."""
    drawn = proposal.drawn(len(z), rng)
    return drawn, proposal.log_density(z) - proposal.log_density(drawn)


def sampled(
    target: LogPosterior,
    law: Laplace,
    evaluate: Evaluate,
    walk: Walk,
    *,
    proposal: Proposal | None = None,
    progress: Progress | None = None,
) -> Chain:
    """Return the chain of a walk.

    proposal: what independent places are drawn from [the quadratic approximation with wide tails]. A
    KeyboardInterrupt ends the chain with the steps that all walkers have done.
    """
    n_each, n_free = walk.walkers // ENSEMBLES, len(law.centre)
    proposal = proposal or first_proposal(n_free, FREEDOM)
    seeds = np.random.SeedSequence(walk.seed).spawn(ENSEMBLES)
    kept: list[tuple[tuple[FloatArray, FloatArray, FloatArray], ...]] = []
    interrupted, moved = False, 0
    try:
        ensembles = [_Ensemble(target, evaluate, law, proposal, n_each, s) for s in seeds]
        for done in range(1, walk.steps + 1):
            taken = tuple(e.step() for e in ensembles)
            if kept:
                moved += sum(int(np.any(a[0] != b[0], axis=1).sum()) for a, b in zip(taken, kept[-1], strict=True))
            kept.append(taken)
            if progress is not None:
                progress(done, walk.steps, moved / max(1, (done - 1) * n_each * ENSEMBLES))
            judged = walk.enough is not None and done % JUDGED == 0 and done < walk.steps
            if judged and walk.enough is not None and walk.enough(_chain(kept, n_each, moved, law, target.n_linear)):
                break
    except KeyboardInterrupt:
        interrupted = True
    return replace(_chain(kept, n_each, moved, law, target.n_linear), interrupted=interrupted)


def _chain(kept: Sequence[Any], n_each: int, moved: int, law: Laplace, n_linear: int) -> Chain:
    """Return places, densities and drawn linear parameters of all steps as arrays (n_steps, n_walkers, …)."""
    n_walkers = n_each * ENSEMBLES

    def joined(part: int, width: int) -> FloatArray:
        rows = [np.concatenate([np.asarray(e[part]).reshape(n_each, -1) for e in step]) for step in kept]
        return np.array(rows).reshape(len(kept), n_walkers, width)

    blobs = joined(2, 2 + n_linear)
    acceptance = moved / max(1, (len(kept) - 1) * n_walkers)
    ensemble = np.repeat(np.arange(ENSEMBLES), n_each)
    return Chain(
        x=joined(0, len(law.centre)),
        linear=blobs[:, :, 2:],
        log_density=joined(1, 1)[:, :, 0],
        chi2=blobs[:, :, 0],
        ensemble=ensemble,
        acceptance=acceptance,
        interrupted=False,
    )
