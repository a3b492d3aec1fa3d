"""From a sample and data sets to a `Posterior`: a refinement first, then draws around it.

For cases where a standard error misleads: a parameter at a bound, or two that trade against each other along a bent
valley. Priors are flat within the bounds; linear parameters are integrated out exactly and drawn given the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from nanocrystal.errors import InputError
from nanocrystal.measurement import Technique
from nanocrystal.parameters import Declares
from nanocrystal.processes import Executor, Here, Requests
from nanocrystal.refinement.fit import RefinableSample, assembled_result, bound_problem, checked_scales
from nanocrystal.refinement.joint import refined_jointly
from nanocrystal.refinement.noise import weighed_by_noise
from nanocrystal.refinement.optimise import Descent, Options, optimise
from nanocrystal.refinement.optimise import Progress as FitProgress
from nanocrystal.refinement.posterior_chain import discarded, kept_samples, marginal_of, shortcomings
from nanocrystal.refinement.posterior_density import Laplace, LogPosterior, laplace
from nanocrystal.refinement.posterior_sampling import (
    Chain,
    Evaluate,
    Progress,
    emcee_module,
    fewest_walkers,
    sampled,
    usual_walkers,
)
from nanocrystal.refinement.posterior_workers import evaluating, target_maker
from nanocrystal.report.posterior.result import Marginal, Posterior, SamplingRecord
from nanocrystal.report.refined.result import Result

STEPS = 500
FEWEST_STEPS = 20
WORTH_PROCESSES = 10.0
"""seconds of expected work from which on processes are started"""
STARTED = 3.0
"""seconds until processes are ready"""
TIMED = 6
"""evaluations from which the duration is foretold"""
MISFIT = 1.5
"""√χ²_red beyond which σ as they are given are said to be too small"""


@dataclass(frozen=True, kw_only=True)
class Sampling(Declares):
    """How a posterior is sampled.

    Parameters
    ----------
    steps : int
        Of each walker; the first quarter is left out.
    walkers : int or None
        How many; None for what suits the number of parameters.
    seed : int
        Of the random numbers.
    scaled : bool
        Whether σ are multiplied by √χ²_red of the fit where that exceeds 1.
    executor : Executor
        What densities are shared out to where that pays, such as `Processes(4)` [this process].
    """

    steps: int = STEPS
    walkers: int | None = None
    seed: int = 0
    scaled: bool = False
    executor: Executor = field(default_factory=Here)

    def walkers_for(self, n_free: int) -> int:
        """Return the number of walkers, an even one; raises InputError for too few."""
        least = fewest_walkers(n_free)
        walkers = usual_walkers(n_free) if self.walkers is None else self.walkers
        if walkers < least:
            raise InputError("--walkers", f"must be at least {least} for {n_free} parameters, got {walkers}.")
        if self.steps < FEWEST_STEPS:
            raise InputError("--steps", f"must be at least {FEWEST_STEPS}, got {self.steps}.")
        return walkers + walkers % 2


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What sampling will take: walkers and steps, milliseconds of one evaluation, processes, and seconds of all."""

    walkers: int
    steps: int
    milliseconds: float
    processes: int
    seconds: float

    def __str__(self) -> str:
        """Return the sentence that stands before the sampling."""
        span = self.seconds
        about = f"{span:.0f} s" if span < 90.0 else f"{span / 60.0:.0f} min" if span < 5400 else f"{span / 3600:.1f} h"
        where = "" if self.processes == 1 else f", in {self.processes} processes"
        return (
            f"{self.walkers} walkers × {self.steps} steps, {self.milliseconds:.3g} ms each{where}: expected to take up "
            f"to {about}."
        )


@dataclass(frozen=True)
class Listeners:
    """What is told on the way of sampling.

    Parameters
    ----------
    fit_progress : callable or None
        As progress of `refine`.
    expected : callable or None
        Called before the sampling begins as expected(what), which prints as a sentence on how long it will take.
    progress : callable or None
        Called as progress(step, steps, acceptance) as it goes.
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
    emcee_module()
    options, sampling, listeners = options or Options(), sampling or Sampling(), listeners or Listeners()
    if options.loss != "linear":
        raise InputError("refine.loss", "a posterior knows Gaussian noise only; leave out the loss.")
    started = time.perf_counter()
    problem = bound_problem(sample, datasets, Path(folder)).with_error_scales(checked_scales(options, datasets))
    if not problem.free:
        raise InputError(
            "posterior",
            "nothing but linear parameters is refined: their posterior is the normal law that refine gives.",
        )
    n_walkers = sampling.walkers_for(len(problem.free))
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
    forecast = _expected(target, law, n_walkers, sampling)
    if listeners.expected is not None:
        listeners.expected(forecast)
    begin = target_maker(target, sample, datasets, Path(folder))
    with evaluating(target, begin, sampling.executor, forecast.processes) as evaluate:
        chain = run(target, law, evaluate, n_walkers, sampling, listeners.progress)
    if len(chain.x) < FEWEST_STEPS:
        raise KeyboardInterrupt
    with Requests() as requests:
        elapsed = time.perf_counter() - started
        posterior = assembled_posterior(target, chain, fit, outcome.point.chi2, sampling, elapsed)
    return replace(posterior, interrupted=True) if requests.heard() else posterior


def run(
    target: LogPosterior,
    law: Laplace,
    evaluate: Evaluate,
    n_walkers: int,
    sampling: Sampling,
    progress: Progress | None = None,
) -> Chain:
    """Return the chain that is asked for."""
    return sampled(
        target, law, evaluate, steps=sampling.steps, walkers=n_walkers, seed=sampling.seed, progress=progress
    )


def _misfit(outcome: Descent) -> float:
    """Return √χ²_red of a fit, all refined parameters counted."""
    problem = outcome.problem
    freedom = problem.n_points - len(problem.free) - len(problem.linear)
    return float(np.sqrt(outcome.point.chi2 / max(1, freedom)))


def error_factor(outcome: Descent, scaled: bool) -> float:
    """Return what the σ of the data are multiplied by: 1, or √χ²_red where that is asked for and exceeds 1."""
    return max(1.0, _misfit(outcome)) if scaled and outcome.problem.has_sigmas else 1.0


def _expected(target: LogPosterior, law: Laplace, n_walkers: int, sampling: Sampling) -> Expected:
    """Return what sampling will take, from a few evaluations at places such as it will try.

    A process of several is given one processor, so that what threads would share counts in full.
    """
    places = law.drawn(np.random.default_rng(sampling.seed), TIMED, target.problem.bounds)
    target(places[0])
    wall, work = time.perf_counter(), time.process_time()
    for x in places[1:]:
        target(x)
    wall, work = (
        (now - began) / (TIMED - 1) for now, began in ((time.perf_counter(), wall), (time.process_time(), work))
    )
    n = n_walkers * sampling.steps
    at_once = sampling.executor.at_once
    shared = STARTED + n * work / at_once
    if at_once > 1 and n * wall > WORTH_PROCESSES and shared < n * wall:
        return Expected(
            walkers=n_walkers,
            steps=sampling.steps,
            milliseconds=1000.0 * work,
            processes=at_once,
            seconds=shared,
        )
    return Expected(walkers=n_walkers, steps=sampling.steps, milliseconds=1000.0 * wall, processes=1, seconds=n * wall)


def assembled_posterior(
    target: LogPosterior, chain: Chain, fit: Result, chi2: float, sampling: Sampling, elapsed_s: float
) -> Posterior:
    """Return what the chain says, beside the fit; chi2: that of the fit."""
    problem = target.problem
    names = [*(d.address for d in problem.free), *problem.linear]
    first, samples = kept_samples(chain)
    low, high = problem.bounds
    unbound = [-np.inf] * target.n_linear, [np.inf] * target.n_linear
    bounds = list(zip([*low, *unbound[0]], [*high, *unbound[1]], strict=True))
    marginals = {
        name: marginal_of(samples[:, :, k], chain.ensemble, bounds[k], name, fit) for k, name in enumerate(names)
    }
    missing = shortcomings(marginals, len(samples))
    best = np.unravel_index(int(np.argmax(chain.log_density)), chain.log_density.shape)
    return Posterior(
        title=fit.title,
        converged=not missing,
        interrupted=chain.interrupted,
        elapsed_s=elapsed_s,
        parameters=marginals,
        sampling=_sampled(target, chain, sampling.seed),
        best=dict(zip(names, [*map(float, chain.x[best]), *map(float, chain.linear[best])], strict=True)),
        notes=[*_interruption(chain, sampling), *missing, *_findings(target, chain, fit, chi2, marginals)],
        refinement=fit,
        ensemble=chain.ensemble,
        samples=samples,
        log_density=chain.log_density[first:],
    )


def _sampled(target: LogPosterior, chain: Chain, seed: int) -> SamplingRecord:
    """Return how the chain came about."""
    steps, walkers, _ = chain.x.shape
    first = discarded(steps)
    return SamplingRecord(
        steps=steps,
        discarded=first,
        kept=steps - first,
        walkers=walkers,
        ensembles=len(np.unique(chain.ensemble)),
        seed=seed,
        acceptance=chain.acceptance,
        evaluations=steps * walkers,
        noise=_noise_words(target),
        sigma_factor=target.factor,
        errors_scaled=_errors_scaled(target),
    )


def _noise_words(target: LogPosterior) -> str:
    """Return a sentence on the noise that the posterior assumes."""
    if not target.noise_known:
        models = target.problem.models.items()
        lawful = [n for n, m in models if m.measured.whitening is not None and m.measured.sigma is None]
        law = f" Points of {', '.join(lawful)} count by the noise law that their residuals follow." if lawful else ""
        return (
            "Not every data set brings standard deviations: the noise is unknown, of one size over the weights, and "
            f"integrated over with the prior 1/s, which gives Student's t.{law}"
        )
    said = "The standard deviations of the data were taken as they are given."
    scales = {n: s for n, s in target.problem.error_scales.items() if s != 1.0}
    if scales:
        listed = ", ".join(f"{name} × {scale:.3g}" for name, scale in scales.items())
        said = f"The standard deviations of the data were multiplied as in the refinement: {listed}."
    if target.factor > 1.0:
        return f"{said} All were multiplied by √χ²_red of the fit, {target.factor:.3g}."
    return said


def _errors_scaled(target: LogPosterior) -> bool:
    """Say whether the scaled standard errors of the fit are those of the noise that the posterior assumes."""
    scaled = any(s != 1.0 for s in target.problem.error_scales.values())
    return scaled or target.factor > 1.0 or not target.noise_known


def _interruption(chain: Chain, sampling: Sampling) -> list[str]:
    if not chain.interrupted:
        return []
    return [f"interrupted after {len(chain.x)} of {sampling.steps} steps; what there was is reported."]


def _findings(
    target: LogPosterior, chain: Chain, fit: Result, refined: float, marginals: Mapping[str, Marginal]
) -> list[str]:
    """Return in sentences what a reader of the fit alone would miss."""
    notes = []
    for address, m in marginals.items():
        if m.limit == "none":
            notes.append(f"{address} fills the range between its bounds: the data say next to nothing of it.")
        elif m.limit and m.limit_95 is not None:
            side = "below" if m.limit == "upper" else "above"
            notes.append(f"{address} is {side} {m.limit_95:.3g}{m.unit and ' '}{m.unit} with 95 % probability.")
        elif m.stderr is not None and not m.linear and not 0.8 < _error_as_sampled(target, m) / m.std < 1.25:
            notes.append(
                f"{address}: the standard error of the refinement is {_error_as_sampled(target, m):.2g}, the standard "
                f"deviation of the posterior {m.std:.2g}: the quadratic approximation does not hold."
            )
        elif m.stderr is not None and not m.linear and abs(m.median - m.value) > 0.5 * m.std:
            notes.append(
                f"{address}: the median, {m.median:.5g}, lies {abs(m.median - m.value) / m.std:.1f} standard "
                f"deviations from the least-squares value, {m.value:.5g}: the posterior is lopsided."
            )
    if not fit.converged:
        notes.append(f"the refinement that the sampling began from did not converge: {fit.message}.")
    best = float(np.nanmin(chain.chi2)) if chain.chi2.size else np.inf
    if target.noise_known and best < refined - 4.0 * target.factor**2:
        notes.append(
            f"the walkers found a better fit (χ² {best:.5g}) than the refinement ({refined:.5g}): begin the refinement "
            "there (`best` in posterior.json), or with several starts."
        )
    if target.noise_known and target.factor == 1.0:
        gof = np.sqrt(refined / max(1, target.freedom - len(target.problem.free)))
        if gof > MISFIT:
            notes.append(
                f"the misfit is {gof:.2g} times what the standard deviations of the data allow, so that all intervals "
                "are too narrow; --scaled multiplies them by that."
            )
    return notes


def _error_as_sampled(target: LogPosterior, m: Marginal) -> float:
    """Return the standard error of the refinement with the noise that the posterior assumes."""
    chosen = m.stderr_scaled if _errors_scaled(target) else m.stderr
    return float(chosen or 0.0)
