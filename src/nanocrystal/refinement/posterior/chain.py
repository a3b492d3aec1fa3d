"""Whether the chain of a posterior is long enough, and what it says of each parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nanocrystal.refinement.posterior.marginal import weighted_marginal
from nanocrystal.refinement.posterior.sampling import Chain, emcee_module
from nanocrystal.report.posterior.result import (
    BURNED,
    FEWEST_DRAWS,
    LONG,
    MOST_RATIO,
    Marginal,
)
from nanocrystal.report.refined.result import Result

FloatArray = NDArray[np.float64]

# ---- how long a chain is ----------------------------------------------------------------------------


def discarded(n_steps: int) -> int:
    """Return how many steps at the beginning are left out."""
    return int(BURNED * n_steps)


def autocorrelation_time(series: FloatArray) -> float | None:
    """Return the integrated autocorrelation time of one parameter, steps, from (n_steps, n_walkers); at least 1.

    None where the series is too short to say anything, or a walker never moves. (J. Goodman & J. Weare, Comm. App.
    Math. Comp. Sci. 5, 65 (2010), with the window of A. Sokal.)
    """
    if len(series) < 8 or not np.all(np.ptp(series, axis=0) > 0.0):
        return None
    times = emcee_module().autocorr.integrated_time(series[:, :, None], quiet=True, tol=0, has_walkers=True)
    value = float(times[0])
    return max(1.0, value) if np.isfinite(value) else None


def gelman_rubin(series: FloatArray, ensemble: NDArray[np.int64]) -> float | None:
    """Return how much wider the parts of a chain are together than each alone, from (n_steps, n_walkers).

    The parts are the halves of each ensemble; walkers of one ensemble are no independent chains. (A. Gelman & D. B.
    Rubin, Stat. Sci. 7, 457 (1992).)
    """
    half = len(series) // 2
    if half < 4:
        return None
    parts = [series[k : k + half, ensemble == e] for e in np.unique(ensemble) for k in (0, len(series) - half)]
    within = float(np.mean([p.var(ddof=1) for p in parts]))
    between = float(np.var([p.mean() for p in parts], ddof=1))
    return float(np.sqrt(1.0 + between / within)) if within > 0.0 else None


# ---- what it says -----------------------------------------------------------------------------------


def marginal_of(
    series: FloatArray, ensemble: NDArray[np.int64], bounds: tuple[float, float], address: str, fit: Result
) -> Marginal:
    """Return what the kept samples of one parameter, (n_kept, n_walkers), say of it; bounds: those in force."""
    draws, time = series.ravel(), autocorrelation_time(series)
    found = weighted_marginal(draws, np.full(len(draws), 1.0 / len(draws)), bounds, address, fit)
    n = len(draws) / (time or float(len(draws)))
    ratio = gelman_rubin(series, ensemble)
    return replace(found, gelman_rubin=ratio, autocorrelation_steps=time, independent_draws=n)


def shortcomings(marginals: Mapping[str, Marginal], n_kept: int) -> list[str]:
    """Return in sentences why a chain is too short; empty where it is long enough."""
    sentences = []
    times = {a: m.autocorrelation_steps for a, m in marginals.items()}
    stuck = [a for a, t in times.items() if t is None]
    if stuck:
        sentences.append(f"{_listed(stuck)} hardly moved: the chain says nothing of it.")
    slowest = max((a for a in times if times[a] is not None), key=lambda a: times[a] or 0.0, default=None)
    if slowest is not None and n_kept < LONG * (times[slowest] or 0.0):
        sentences.append(
            f"the {n_kept} steps kept are only {n_kept / (times[slowest] or 1.0):.0f} autocorrelation times of "
            f"{slowest} ({times[slowest]:.0f} steps): below {LONG:g} the time itself is not known, and "
            "intervals are provisional."
        )
    few = min(marginals, key=lambda a: marginals[a].independent_draws)
    if marginals[few].independent_draws < FEWEST_DRAWS:
        sentences.append(
            f"there are about {marginals[few].independent_draws:.0f} independent draws of {few}; 95 % intervals need "
            f"{FEWEST_DRAWS:g} or more."
        )
    ratios = {a: m.gelman_rubin for a, m in marginals.items() if m.gelman_rubin is not None}
    worst = max(ratios, key=lambda a: ratios[a] or 0.0, default=None)
    if worst is not None and (ratios[worst] or 0.0) > MOST_RATIO:
        sentences.append(
            f"the parts of the chain do not agree on {worst} (Gelman–Rubin {ratios[worst]:.3f}, above {MOST_RATIO:g})."
        )
    return sentences


def long_enough(chain: Chain) -> bool:
    """Say whether a chain has nothing that `shortcomings` names."""
    _, samples = kept_samples(chain)
    n_kept, n_draws = len(samples), samples.shape[0] * samples.shape[1]
    for k in range(samples.shape[2]):
        time, ratio = autocorrelation_time(samples[:, :, k]), gelman_rubin(samples[:, :, k], chain.ensemble)
        if time is None or n_kept < LONG * time or n_draws < FEWEST_DRAWS * time or (ratio or 0.0) > MOST_RATIO:
            return False
    return True


def _listed(addresses: Sequence[str]) -> str:
    return addresses[0] if len(addresses) == 1 else f"{', '.join(addresses[:-1])} and {addresses[-1]}"


def kept_samples(chain: Chain) -> tuple[int, FloatArray]:
    """Return how many steps are left out, and the samples of all parameters, linear ones last."""
    first = discarded(len(chain.x))
    return first, np.concatenate([chain.x, chain.linear], axis=2)[first:]
