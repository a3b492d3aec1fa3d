"""What draws of a posterior say of one parameter: quantiles, moments, and limits where a bound cuts it off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nanocrystal.refinement.posterior.weights import weighted_quantiles
from nanocrystal.report.posterior.result import NEAR_BOUND, LeastSquaresValue, Limit, Marginal
from nanocrystal.report.refined.result import Result

FloatArray = NDArray[np.float64]
PARTS = np.array([0.025, 0.1587, 0.5, 0.8413, 0.975])
"""of the probability below the ends of the intervals, and the median"""
SIDES = {"upper": (0.68, 0.95), "lower": (0.32, 0.05)}
"""kind of limit -> parts of the probability below the limits of 68 and 95 %"""


def limit_of(first: float, median: float, last: float, bounds: tuple[float, float]) -> Limit:
    """Return whether a bound cuts a probability off: "upper" (limit) where the low one does, "lower" the high one.

    first, last: the quantiles of 2.5 and 97.5 %.
    """
    low, high = bounds
    cut_low = np.isfinite(low) and first - low < NEAR_BOUND * (median - low)
    cut_high = np.isfinite(high) and high - last < NEAR_BOUND * (high - median)
    if cut_low and cut_high:
        return "none"
    return "upper" if cut_low else "lower" if cut_high else ""


def weighted_marginal(
    draws: FloatArray, weights: FloatArray, bounds: tuple[float, float], address: str, fit: Result
) -> Marginal:
    """Return what draws of one parameter (n,), of weights (n,) that sum to 1, say of it; bounds: those in force.

    How many independent draws they are worth is left to the caller; here it is that of draws without correlation.
    """
    estimate = fit.parameters[address]
    low95, low68, median, high68, high95 = (float(v) for v in weighted_quantiles(draws, weights, PARTS))
    kind = limit_of(low95, median, high95, bounds)
    if estimate.status == "at_bound" and not kind:
        kind = "upper" if estimate.value - bounds[0] < bounds[1] - estimate.value else "lower"
    limits: tuple[float | None, ...] = (None, None)
    if kind in SIDES:
        limits = tuple(float(v) for v in weighted_quantiles(draws, weights, np.array(SIDES[kind])))
    mean, effective = float(weights @ draws), 1.0 / float(np.sum(weights**2))
    variance = float(weights @ (draws - mean) ** 2) * effective / max(effective - 1.0, 1.0)
    return Marginal(
        median=median,
        mean=mean,
        std=float(np.sqrt(variance)),
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
        gelman_rubin=None,
        autocorrelation_steps=None,
        independent_draws=effective,
        least_squares=LeastSquaresValue(
            value=estimate.value,
            stderr=estimate.stderr,
            stderr_scaled=estimate.stderr_scaled,
            status=estimate.status,
        ),
    )
