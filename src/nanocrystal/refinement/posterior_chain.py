"""Whether the chain of a posterior is long enough, and what it says of each parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nanocrystal.refinement.posterior_sampling import Chain, emcee_module
from nanocrystal.report.posterior.result import (
    BURNED,
    FEWEST_DRAWS,
    LONG,
    MOST_RATIO,
    NEAR_BOUND,
    LeastSquaresValue,
    Limit,
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

    None where the series is too short to say anything, or nothing moves. (J. Goodman & J. Weare, Comm. App. Math.
    Comp. Sci. 5, 65 (2010), with the window of A. Sokal.)
    """
    if len(series) < 8 or not np.ptp(series) > 0.0:
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


def limit_of(draws: FloatArray, low: float, high: float) -> Limit:
    """Return whether draws are cut off by a bound: "upper" (limit) by the low one, "lower" by the high one."""
    first, median, last = np.quantile(draws, (0.025, 0.5, 0.975))
    cut_low = np.isfinite(low) and first - low < NEAR_BOUND * (median - low)
    cut_high = np.isfinite(high) and high - last < NEAR_BOUND * (high - median)
    if cut_low and cut_high:
        return "none"
    return "upper" if cut_low else "lower" if cut_high else ""


def marginal_of(
    series: FloatArray, ensemble: NDArray[np.int64], bounds: tuple[float, float], address: str, fit: Result
) -> Marginal:
    """Return what the kept samples of one parameter, (n_kept, n_walkers), say of it; bounds: those in force."""
    draws, estimate = series.ravel(), fit.parameters[address]
    low95, low68, median, high68, high95 = (float(v) for v in np.quantile(draws, (0.025, 0.1587, 0.5, 0.8413, 0.975)))
    kind = limit_of(draws, *bounds)
    if estimate.status == "at_bound" and not kind:
        kind = "upper" if estimate.value - bounds[0] < bounds[1] - estimate.value else "lower"
    sides = {"upper": (0.68, 0.95), "lower": (0.32, 0.05)}.get(kind)
    limits = (None, None) if sides is None else tuple(float(v) for v in np.quantile(draws, sides))
    time = autocorrelation_time(series)
    return Marginal(
        median=median,
        mean=float(draws.mean()),
        std=float(draws.std(ddof=1)),
        interval_68=(low68, high68),
        interval_95=(low95, high95),
        limit=kind,
        limit_68=limits[0],
        limit_95=limits[1],
        unit=estimate.unit,
        description=estimate.description,
        quantity=estimate.quantity,
        definition=estimate.definition,
        min=estimate.min,
        max=estimate.max,
        linear=estimate.status == "linear",
        gelman_rubin=gelman_rubin(series, ensemble),
        autocorrelation_steps=time,
        independent_draws=len(draws) / (time or float(len(draws))),
        least_squares=LeastSquaresValue(
            value=estimate.value,
            stderr=estimate.stderr,
            stderr_scaled=estimate.stderr_scaled,
            status=estimate.status,
        ),
    )


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


def _listed(addresses: Sequence[str]) -> str:
    return addresses[0] if len(addresses) == 1 else f"{', '.join(addresses[:-1])} and {addresses[-1]}"


def kept_samples(chain: Chain) -> tuple[int, FloatArray]:
    """Return how many steps are left out, and the samples of all parameters, linear ones last."""
    first = discarded(len(chain.x))
    return first, np.concatenate([chain.x, chain.linear], axis=2)[first:]
