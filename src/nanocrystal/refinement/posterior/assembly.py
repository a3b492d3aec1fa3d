"""From draws to a `Posterior`: what a chain, or draws of uneven weights, say, and whether they suffice.

Draws of uneven weights are reported as samples of equal weight, each draw as often as its weight says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.refinement.posterior.chain import kept_samples, marginal_of, shortcomings
from nanocrystal.refinement.posterior.density import LogPosterior
from nanocrystal.refinement.posterior.findings import errors_scaled, findings, noise_words
from nanocrystal.refinement.posterior.importance import WeightedDraws, independent_draws
from nanocrystal.refinement.posterior.marginal import weighted_marginal
from nanocrystal.refinement.posterior.sampling import Chain, Walk
from nanocrystal.refinement.posterior.weights import most_index, resampled
from nanocrystal.report.posterior.result import FEWEST_DRAWS, Marginal, Posterior, SamplingRecord
from nanocrystal.report.refined.result import Result

FloatArray = NDArray[np.float64]
SAMPLES = 4000
"""samples of equal weight that stand for draws of uneven weights"""


def chain_posterior(
    target: LogPosterior,
    chain: Chain,
    walk: Walk,
    fit: Result,
    chi2: float,
    elapsed_s: float,
    tried: WeightedDraws | None = None,
) -> Posterior:
    """Return what the chain of a walk says, beside the fit.

    chi2: that of the fit; tried: draws that did not suffice, before the chain.
    """
    names, bounds = _names(target), _bounds(target)
    first, samples = kept_samples(chain)
    marginals = {
        name: marginal_of(samples[:, :, k], chain.ensemble, bounds[k], name, fit) for k, name in enumerate(names)
    }
    missing = shortcomings(marginals, len(samples))
    best = np.unravel_index(int(np.argmax(chain.log_density)), chain.log_density.shape)
    steps, walkers, _ = chain.x.shape
    sampling = SamplingRecord(
        method="chain",
        steps=steps,
        discarded=first,
        kept=steps - first,
        walkers=walkers,
        ensembles=len(np.unique(chain.ensemble)),
        seed=walk.seed,
        acceptance=chain.acceptance,
        evaluations=steps * walkers + (tried.evaluations if tried is not None else 0),
        **_noise(target),
    )
    stopped = f"interrupted after {steps} of {walk.steps} steps; what there was is reported."
    notes = [*([stopped] if chain.interrupted else []), *missing]
    if tried is not None:
        sampling = replace(sampling, **_weights(tried))
        notes.append(f"importance sampling did not suffice ({_reason(tried)}), so that a chain was walked.")
    return Posterior(
        title=fit.title,
        converged=not missing,
        interrupted=chain.interrupted,
        elapsed_s=elapsed_s,
        parameters=marginals,
        sampling=sampling,
        best=dict(zip(names, [*map(float, chain.x[best]), *map(float, chain.linear[best])], strict=True)),
        notes=[*notes, *findings(target, chain.chi2, fit, chi2, marginals)],
        refinement=fit,
        ensemble=chain.ensemble,
        samples=samples,
        log_density=chain.log_density[first:],
    )


def importance_posterior(
    target: LogPosterior,
    draws: WeightedDraws,
    fit: Result,
    chi2: float,
    seed: int,
    elapsed_s: float,
    notes: Sequence[str] = (),
) -> Posterior:
    """Return what draws of uneven weights say, beside the fit; chi2: that of the fit; notes: that come first."""
    names, bounds = _names(target), _bounds(target)
    values = draws.values
    n, copies, n_parameters = values.shape
    flat, weights = values.reshape(-1, n_parameters), np.repeat(draws.weights / copies, copies)
    counts = independent_draws(values, draws.weights)
    marginals = {
        name: replace(weighted_marginal(flat[:, k], weights, bounds[k], name, fit), independent_draws=float(counts[k]))
        for k, name in enumerate(names)
    }
    missing = _shortcomings(draws, marginals)
    taken = resampled(weights, SAMPLES, np.random.default_rng(np.random.SeedSequence(seed).spawn(2)[1]))
    best = int(np.argmax(draws.log_density))
    return Posterior(
        title=fit.title,
        converged=not missing,
        interrupted=draws.interrupted,
        elapsed_s=elapsed_s,
        parameters=marginals,
        sampling=SamplingRecord(
            steps=SAMPLES,
            discarded=0,
            kept=SAMPLES,
            walkers=1,
            ensembles=1,
            seed=seed,
            acceptance=draws.effective / n,
            evaluations=draws.evaluations,
            method="importance",
            **_weights(draws),
            **_noise(target),
        ),
        best=dict(zip(names, map(float, values[best, 0]), strict=True)),
        notes=[
            *([f"interrupted after {n} draws; what there was is reported."] if draws.interrupted else []),
            *notes,
            *missing,
            *findings(target, draws.chi2, fit, chi2, marginals),
        ],
        refinement=fit,
        ensemble=np.zeros(1, dtype=np.int64),
        samples=flat[taken][:, None, :],
        log_density=np.repeat(draws.log_density, copies)[taken][:, None],
    )


def _names(target: LogPosterior) -> list[str]:
    return [*(d.address for d in target.problem.free), *target.problem.linear]


def _bounds(target: LogPosterior) -> list[tuple[float, float]]:
    """Return the bounds of all parameters; linear ones have none."""
    low, high = target.problem.bounds
    return [*((float(a), float(b)) for a, b in zip(low, high, strict=True)), *[(-np.inf, np.inf)] * target.n_linear]


def _noise(target: LogPosterior) -> dict[str, Any]:
    """Return the fields of a record on the noise that was assumed."""
    return {
        "noise": noise_words(target),
        "sigma_factor": target.factor,
        "errors_scaled": errors_scaled(target),
    }


def _weights(draws: WeightedDraws) -> dict[str, Any]:
    """Return the fields of a record on draws of uneven weights."""
    return {"draws": len(draws.weights), "pareto_k": draws.pareto_k, "effective_draws": draws.effective}


def _reason(draws: WeightedDraws) -> str:
    return f"k̂ {draws.pareto_k:.2f}, {draws.effective:.0f} effective draws of {len(draws.weights)}"


def _shortcomings(draws: WeightedDraws, marginals: Mapping[str, Marginal]) -> list[str]:
    """Return in sentences why draws do not suffice; empty where they do."""
    sentences, n = [], len(draws.weights)
    if draws.unseen:
        sentences.append(
            "walkers from the draws come to places that no draw has seen: what the draws came from misses part of the "
            "probability, and intervals are provisional."
        )
    elif not draws.reliable:
        sentences.append(
            f"the largest of the {n} weights have a tail of index k̂ {draws.pareto_k:.2f}, not below "
            f"{most_index(n):.2f}: what the draws came from misses part of the probability, and intervals are "
            "provisional."
        )
    few = min(marginals, key=lambda a: marginals[a].independent_draws)
    fewest = min(draws.effective, marginals[few].independent_draws)
    if fewest < FEWEST_DRAWS:
        sentences.append(
            f"the {n} draws say as much as {fewest:.0f} independent ones; 95 % intervals need {FEWEST_DRAWS:g} or more."
        )
    return sentences
