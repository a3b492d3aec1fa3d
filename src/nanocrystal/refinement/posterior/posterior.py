"""From a sample and data sets to a `Posterior`: a refinement first, then draws around it.

For cases where a standard error misleads: a parameter at a bound, or two that trade against each other along a bent
valley. Priors are flat within the bounds; linear parameters are integrated out exactly and drawn given the others.
Where nothing else is asked for, draws are weighed by importance, and a chain is walked where they do not suffice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from nanocrystal.errors import InputError
from nanocrystal.measurement import Technique
from nanocrystal.parameters import Declares
from nanocrystal.processes import Begin, Executor, Here
from nanocrystal.refinement.fit import RefinableSample, assembled_result, bound_problem, checked_scales
from nanocrystal.refinement.joint import refined_jointly
from nanocrystal.refinement.noise import weighed_by_noise
from nanocrystal.refinement.optimise import Descent, Options, optimise
from nanocrystal.refinement.optimise import Progress as FitProgress
from nanocrystal.refinement.posterior.assembly import chain_posterior, importance_posterior
from nanocrystal.refinement.posterior.chain import long_enough
from nanocrystal.refinement.posterior.density import Laplace, LogPosterior, laplace
from nanocrystal.refinement.posterior.importance import USUAL, WeightedDraws, importance_sampled
from nanocrystal.refinement.posterior.sampling import (
    JUDGED,
    Chain,
    Evaluate,
    Progress,
    Walk,
    emcee_missing,
    emcee_module,
    fewest_walkers,
    sampled,
    usual_walkers,
)
from nanocrystal.refinement.posterior.workers import evaluating, target_maker
from nanocrystal.report.posterior.result import Posterior
from nanocrystal.report.refined.result import Result
from nanocrystal.stopping import Requests

Method = Literal["auto", "importance", "chain"]
Drawn = TypeVar("Drawn", WeightedDraws, Chain)
MOST_STEPS = 2000
"""of a chain whose length is left to its diagnostics"""
FEWEST_STEPS = 20
FEWEST_WEIGHED = 100
"""draws of uneven weights that are kept of an interrupted run"""
WORTH_PROCESSES = 10.0
"""seconds of expected work from which on processes are started"""
WORTH_PART = 0.6
"""of the time in this process: what several must stay below to be worth their start"""
STARTED = 3.0
"""seconds until processes are ready"""
TIMED = 6
"""evaluations from which the duration is foretold"""


@dataclass(frozen=True, kw_only=True)
class Sampling(Declares):
    """How a posterior is sampled.

    Parameters
    ----------
    method : {"auto", "importance", "chain"}
        Draws of uneven weights, a chain, or the draws first and a chain where they do not suffice. Who gives steps or
        walkers asks for a chain.
    steps : int or None
        Of each walker of a chain, whose first quarter is left out; None for as many as it takes, at most 2000.
    walkers : int or None
        How many; None for what suits the number of parameters.
    seed : int
        Of the random numbers.
    scaled : bool
        Whether σ are multiplied by √χ²_red of the fit where that exceeds 1.
    executor : Executor
        What densities are shared out to where that pays, such as `Processes(4)` [this process].
    """

    method: Method = "auto"
    steps: int | None = None
    walkers: int | None = None
    seed: int = 0
    scaled: bool = False
    executor: Executor = field(default_factory=Here)

    def walkers_for(self, n_free: int) -> int:
        """Return the number of walkers, an even one; raises InputError for too few, or where there are to be none."""
        least = fewest_walkers(n_free)
        walkers = usual_walkers(n_free) if self.walkers is None else self.walkers
        if walkers < least:
            raise InputError("--walkers", f"must be at least {least} for {n_free} parameters, got {walkers}.")
        if self.steps is not None and self.steps < FEWEST_STEPS:
            raise InputError("--steps", f"must be at least {FEWEST_STEPS}, got {self.steps}.")
        if self.method == "importance" and self.of_a_chain:
            given = "--steps" if self.walkers is None else "--walkers"
            raise InputError(given, "belongs to a chain, and importance sampling has none; leave it out.")
        return walkers + walkers % 2

    def walk_of(self, n_free: int) -> Walk:
        """Return how long a chain is, of so many parameters; raises as `walkers_for`."""
        return Walk(
            steps=MOST_STEPS if self.steps is None else self.steps,
            walkers=self.walkers_for(n_free),
            seed=self.seed,
            enough=long_enough if self.steps is None else None,
        )

    @property
    def of_a_chain(self) -> bool:
        """Whether steps or walkers are given, which only a chain has."""
        return self.steps is not None or self.walkers is not None

    @property
    def begins_with_draws(self) -> bool:
        """Whether draws of uneven weights come first."""
        return self.method == "importance" or (self.method == "auto" and not self.of_a_chain)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What sampling will take: by which method, milliseconds of one evaluation, processes, and seconds.

    draws: of uneven weights, where they come first; walkers, steps: of a chain, at least and at most; seconds: two,
    in the usual case or of the shortest chain, and at most.
    """

    method: Literal["importance", "chain"]
    draws: int = 0
    walkers: int = 0
    steps: tuple[int, int] = (0, 0)
    milliseconds: float
    processes: int
    seconds: tuple[float, float]

    def __str__(self) -> str:
        """Return the sentence that stands before the sampling."""
        where = "" if self.processes == 1 else f", in {self.processes} processes"
        each = f"{self.milliseconds:.3g} ms each{where}"
        usual, most = (_span(s) for s in self.seconds)
        if self.method == "importance":
            return f"About {self.draws} draws, {each}: expected to take {usual}, or more where weights are uneven."
        least, longest = self.steps
        if least == longest:
            return f"{self.walkers} walkers × {longest} steps, {each}: expected to take up to {most}."
        return f"{self.walkers} walkers × {least} to {longest} steps, {each}: expected to take {usual} to {most}."


def _span(seconds: float) -> str:
    """Return a duration in words."""
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True)
class Listeners:
    """What is told on the way of sampling.

    Parameters
    ----------
    fit_progress : callable or None
        As progress of `refine`.
    expected : callable or None
        Called before draws or a chain begin as expected(what), which prints as a sentence on how long they will take.
    progress : callable or None
        Called as it goes as progress(step, steps, acceptance), of draws progress(draw, draws, effective part).
    """

    fit_progress: FitProgress | None = None
    expected: Callable[[Expected], None] | None = None
    progress: Progress | None = None


def sample_posterior(
    sample: RefinableSample,
    datasets: Mapping[str, Technique],
    *,
    title: str = "",
    options: Options | None = None,
    folder: str | Path = ".",
    sampling: Sampling | None = None,
    listeners: Listeners | None = None,
) -> Posterior:
    """Sample the posterior of what is refined; `nanocrystal.sample_posterior` says what is taken, returned and raised.

    A KeyboardInterrupt while sampling ends it; what there is by then is returned, interrupted True.
    """
    options, sampling, listeners = options or Options(), sampling or Sampling(), listeners or Listeners()
    if not sampling.begins_with_draws:
        emcee_module()
    if options.loss != "linear":
        raise InputError("refine.loss", "a posterior knows Gaussian noise only; leave out the loss.")
    started = time.perf_counter()
    problem = bound_problem(sample, datasets, Path(folder)).with_error_scales(checked_scales(options, datasets))
    if not problem.free:
        raise InputError(
            "posterior",
            "nothing but linear parameters is refined: their posterior is the normal law that refine gives.",
        )
    sampling.walkers_for(len(problem.free))
    outcome, joint = optimise(problem, options, listeners.fit_progress), None
    outcome = weighed_by_noise(outcome, options, listeners.fit_progress, every=True)
    if outcome.interrupted:
        raise KeyboardInterrupt
    if len(datasets) > 1:
        outcome, joint = refined_jointly(outcome, options, listeners.fit_progress)
    fit = assembled_result(sample, outcome, title, options, time.perf_counter() - started, joint)
    factor = error_factor(outcome, sampling.scaled)
    target = LogPosterior(outcome.problem, factor)
    law = laplace(outcome.problem, outcome.point, factor if target.noise_known else _misfit(outcome))
    way = Way(target, law, sampling, listeners, target_maker(target, sample, datasets, Path(folder)))
    draws, chain = way.taken()
    with Requests() as requests:
        found = assembled_posterior(target, draws, chain, fit, outcome.point.chi2, sampling, started)
    return replace(found, interrupted=True) if requests.heard() else found


class Way:
    """How a posterior is drawn from: draws of uneven weights, a chain, or one after the other."""

    def __init__(
        self, target: LogPosterior, law: Laplace, sampling: Sampling, listeners: Listeners, begin: Begin
    ) -> None:
        self.target, self.law, self.sampling, self.listeners, self.begin = target, law, sampling, listeners, begin
        self.walk = sampling.walk_of(len(target.problem.free))
        self.wall, self.work = _timed(target, law, sampling.seed)

    def taken(self) -> tuple[WeightedDraws | None, Chain | None]:
        """Return the draws, if any were made, and the chain, if one was walked.

        Raises KeyboardInterrupt where there is too little to tell anything.
        """
        draws = self._with_workers(self._importance(), self._drawn) if self.sampling.begins_with_draws else None
        if draws is not None and (draws.interrupted or self._is_the_end(draws)):
            if draws.interrupted and np.isfinite(draws.log_density).sum() < FEWEST_WEIGHED:
                raise KeyboardInterrupt
            return draws, None
        chain = self._with_workers(self._chain(), lambda evaluate: self._walked(evaluate, draws))
        if len(chain.x) < FEWEST_STEPS:
            raise KeyboardInterrupt
        return draws, chain

    def _is_the_end(self, draws: WeightedDraws) -> bool:
        """Say whether no chain follows: draws suffice, no chain is wanted, or none can be walked here."""
        usable = bool(np.isfinite(draws.log_density).any())
        if draws.enough or (self.sampling.method == "importance" and usable):
            return True
        if self.sampling.method == "importance":
            raise InputError(
                "posterior", "of all places about the fit none can be calculated; ask for a chain with --steps."
            )
        return emcee_missing() and usable

    def _with_workers(self, forecast: Expected, work: Callable[[Evaluate], Drawn]) -> Drawn:
        """Return what work does with evaluations that are shared out as a forecast says, which is told first."""
        if self.listeners.expected is not None:
            self.listeners.expected(forecast)
        with evaluating(self.target, self.begin, self.sampling.executor, forecast.processes) as evaluate:
            return work(evaluate)

    def _drawn(self, evaluate: Evaluate) -> WeightedDraws:
        return importance_sampled(
            self.target, self.law, evaluate, seed=self.sampling.seed, progress=self.listeners.progress
        )

    def _walked(self, evaluate: Evaluate, draws: WeightedDraws | None) -> Chain:
        """Return the chain that is asked for, whose independent places come from what earlier draws have learned."""
        proposal = None if draws is None else draws.proposal
        return sampled(self.target, self.law, evaluate, self.walk, proposal=proposal, progress=self.listeners.progress)

    def _importance(self) -> Expected:
        processes, seconds = self._shared(USUAL)
        each = self.wall if processes == 1 else self.work
        return Expected(
            method="importance", draws=USUAL, milliseconds=1e3 * each, processes=processes, seconds=(seconds, seconds)
        )

    def _chain(self) -> Expected:
        steps = (JUDGED if self.walk.enough else self.walk.steps, self.walk.steps)
        processes, longest = self._shared(steps[1] * self.walk.walkers)
        begin = STARTED if processes > 1 else 0.0
        return Expected(
            method="chain",
            walkers=self.walk.walkers,
            steps=steps,
            milliseconds=1e3 * (self.wall if processes == 1 else self.work),
            processes=processes,
            seconds=(begin + (longest - begin) * steps[0] / steps[1], longest),
        )

    def _shared(self, n: int) -> tuple[int, float]:
        """Return in how many processes n evaluations are made, and how many seconds they take.

        A process of several is given one processor, so that what threads would share counts in full.
        """
        at_once, alone = self.sampling.executor.at_once, n * self.wall
        shared = STARTED + n * self.work / at_once
        if at_once > 1 and alone > WORTH_PROCESSES and shared < WORTH_PART * alone:
            return at_once, shared
        return 1, alone


def _timed(target: LogPosterior, law: Laplace, seed: int) -> tuple[float, float]:
    """Return seconds that one evaluation takes, and its work, from a few at places such as will be tried."""
    places = law.drawn(np.random.default_rng(seed), TIMED, target.problem.bounds)
    target(places[0])
    wall, work = time.perf_counter(), time.process_time()
    for x in places[1:]:
        target(x)
    return (time.perf_counter() - wall) / (TIMED - 1), (time.process_time() - work) / (TIMED - 1)


def _misfit(outcome: Descent) -> float:
    """Return √χ²_red of a fit, all refined parameters counted."""
    problem = outcome.problem
    freedom = problem.n_points - len(problem.free) - len(problem.linear)
    return float(np.sqrt(outcome.point.chi2 / max(1, freedom)))


def error_factor(outcome: Descent, scaled: bool) -> float:
    """Return what the σ of the data are multiplied by: 1, or √χ²_red where that is asked for and exceeds 1."""
    return max(1.0, _misfit(outcome)) if scaled and outcome.problem.has_sigmas else 1.0


def assembled_posterior(
    target: LogPosterior,
    draws: WeightedDraws | None,
    chain: Chain | None,
    fit: Result,
    chi2: float,
    sampling: Sampling,
    started: float,
) -> Posterior:
    """Return what the chain says, or without one the draws; chi2: that of the fit, started: by the clock."""
    elapsed = time.perf_counter() - started
    if chain is not None:
        walk = sampling.walk_of(len(target.problem.free))
        return chain_posterior(target, chain, walk, fit, chi2, elapsed, tried=draws)
    assert draws is not None
    notes = []
    if not draws.enough and not draws.interrupted and sampling.method == "auto":
        notes.append('a chain would follow, which needs the package emcee: pip install "nanocrystal[posterior]".')
    return importance_posterior(target, draws, fit, chi2, sampling.seed, elapsed, notes)
