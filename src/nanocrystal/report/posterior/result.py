"""What a posterior says of each parameter: plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal._version import __version__
from nanocrystal.report.refined.result import Result, Status

FloatArray = NDArray[np.float64]
Limit = Literal["", "upper", "lower", "none"]
BURNED = 0.25
"""part of the steps that is left out at the beginning"""
LONG = 50.0
"""autocorrelation times that a chain must have for the time itself to be known (the rule of emcee)"""
FEWEST_DRAWS = 400.0
"""independent draws from which on 95 % intervals are quoted without a warning"""
MOST_RATIO = 1.02
"""Gelman–Rubin ratio above which the parts of a chain do not agree"""
NEAR_BOUND = 0.1
"""(2.5 % quantile − bound)/(median − bound) below which a parameter has a limit instead of an interval: 0.05 for half a
Gaussian that begins at its maximum, 0.13 for one whose maximum is two standard deviations away"""


@dataclass(frozen=True, kw_only=True)
class Marginal:
    """What is known of one parameter, all else integrated out.

    interval_68, interval_95: between quantiles of equal probability; limit: "upper" or "lower" where a bound cuts it
    off, "none" where it fills its bounds; limit_68, limit_95: one-sided, None without. value, stderr, stderr_scaled,
    status: of the least-squares refinement. autocorrelation: steps; n_draws: independent ones; ratio: Gelman–Rubin.
    """

    median: float
    mean: float
    std: float
    interval_68: tuple[float, float]
    interval_95: tuple[float, float]
    limit: Limit
    limit_68: float | None
    limit_95: float | None
    value: float
    stderr: float | None
    stderr_scaled: float | None
    status: Status
    unit: str
    description: str
    min: float | None
    max: float | None
    autocorrelation: float | None
    n_draws: float
    ratio: float | None
    linear: bool = False
    quantity: str = ""
    definition: str = ""


@dataclass(frozen=True, kw_only=True, repr=False)
class Posterior:
    """A sampled posterior.

    samples: (n_kept, n_walkers, n_parameters) in the order of names, steps of the beginning left out;
    log_density: (n_kept, n_walkers); ensemble: (n_walkers,). factor: what σ were multiplied by; noise: in words;
    errors_scaled: whether the scaled standard errors of the fit are those for the noise that was taken.
    """

    title: str
    names: Sequence[str]
    samples: FloatArray
    log_density: FloatArray
    ensemble: NDArray[np.int64]
    marginals: Mapping[str, Marginal]
    fit: Result
    seed: int
    n_steps: int
    n_discarded: int
    acceptance: float
    noise: str
    factor: float
    notes: Sequence[str]
    elapsed_s: float
    n_evaluations: int
    converged: bool
    interrupted: bool
    errors_scaled: bool = False
    version: str = __version__
    best: Mapping[str, float] = field(default_factory=dict)

    @property
    def draws(self) -> FloatArray:
        """All samples, (n_kept · n_walkers, n_parameters)."""
        return self.samples.reshape(-1, len(self.names))

    def of(self, address: str) -> FloatArray:
        """Return the samples of one parameter, (n_kept · n_walkers,)."""
        return np.asarray(self.draws[:, list(self.names).index(address)])

    def stderr(self, address: str) -> float | None:
        """Return the standard error of the fit for the noise that was taken."""
        m = self.marginals[address]
        return m.stderr_scaled if self.errors_scaled else m.stderr

    def __repr__(self) -> str:
        """Return the outcome in a few lines: what a notebook shows."""
        state = "" if self.converged else ", not long enough"
        n_walkers = self.samples.shape[1]
        lines = [f"Posterior({self.title!r}: {self.n_steps} steps of {n_walkers} walkers{state})"]
        for address, m in self.marginals.items():
            if m.limit in ("upper", "lower") and m.limit_95 is not None:
                said = f"{'<' if m.limit == 'upper' else '>'} {m.limit_95:.6g} (95 %)"
            else:
                said = f"{m.median:.6g} [{m.interval_68[0]:.6g}, {m.interval_68[1]:.6g}]"
            lines.append(f"  {address} {said} {m.unit}".rstrip())
        return "\n".join(lines)
