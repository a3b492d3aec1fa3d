"""What a posterior says of each parameter: plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np

from nanocrystal._version import __version__
from nanocrystal.arrays import FloatArray, IntArray
from nanocrystal.report.outcome import Ending, Outcome
from nanocrystal.report.refined.result import Result, Status

POSTERIOR = "posterior.json"
CHAIN = "chain.csv"
Limit = Literal["", "upper", "lower", "none"]
Taken = Literal["importance", "chain"]
BURNED = 0.25
"""part of the steps that is left out at the beginning"""
LONG = 50.0
"""autocorrelation times that a chain must have for the time itself to be known (the rule of emcee)"""
FEWEST_DRAWS = 400.0
"""independent draws from which on 95 % intervals are quoted without a warning"""
MOST_RATIO = 1.02
"""Gelman–Rubin ratio above which the parts of a chain do not agree"""
MOST_INDEX = 0.7
"""k̂ of many weights from which on means over them are not to be relied on; of fewer 1 − 1/log₁₀ of their number"""
NEAR_BOUND = 0.1
"""(2.5 % quantile − bound)/(median − bound) below which a parameter has a limit instead of an interval: 0.05 for half a
Gaussian that begins at its maximum, 0.13 for one whose maximum is two standard deviations away"""
FREEDOM = 8.0
"""of the Student t that draws independent places"""
PRIORS = "flat within the bounds; linear parameters flat without bounds, integrated out exactly"


@dataclass(frozen=True, kw_only=True)
class LeastSquaresValue:
    """What the refinement says of a parameter whose posterior was sampled.

    Parameters
    ----------
    value : float
        In the unit of the parameter
    stderr : float or None
        With σ of the data as they are
    stderr_scaled : float or None
        The same, multiplied by √χ²_red where that exceeds 1
    status : str
        As that of an `Estimate`
    """

    value: float
    stderr: float | None
    stderr_scaled: float | None
    status: Status


@dataclass(frozen=True, kw_only=True)
class Marginal:
    """What is known of one parameter, all else integrated out.

    Parameters
    ----------
    median, mean, std : float
        Of the samples, in `unit`
    interval_68, interval_95 : (float, float)
        Between quantiles of equal probability
    limit : {"", "upper", "lower", "none"}
        Upper or lower where a bound cuts the interval off, none where it fills its bounds
    limit_68, limit_95 : float or None
        One-sided, None without
    unit : str
        Empty for a plain number
    description : str
        In a few words
    min, max : float or None
        Its bounds; None where there is none
    linear : bool
        Whether it was integrated out exactly
    gelman_rubin : float or None
        How much wider the parts of a chain are together than each alone
    autocorrelation_steps : float or None
        Of a chain; None where it is too short to say
    independent_draws : float
        How many independent draws say as much: of a chain all samples over that time, of importance sampling the
        variance over that of the mean; the Monte Carlo error of the mean is std over their root
    least_squares : LeastSquaresValue
        What the refinement says of it
    quantity : str
        Which quantity it is, of the vocabulary
    definition : str
        Exactly which one: of what, how weighted

    References
    ----------
    A. Gelman & D. B. Rubin, Stat. Sci. 7, 457 (1992).
    """

    median: float
    mean: float
    std: float
    interval_68: tuple[float, float]
    interval_95: tuple[float, float]
    limit: Limit
    limit_68: float | None
    limit_95: float | None
    unit: str
    description: str
    min: float | None
    max: float | None
    linear: bool = False
    gelman_rubin: float | None
    autocorrelation_steps: float | None
    independent_draws: float
    least_squares: LeastSquaresValue
    quantity: str = ""
    definition: str = ""

    @property
    def value(self) -> float:
        """The value of the refinement."""
        return self.least_squares.value

    @property
    def stderr(self) -> float | None:
        """The standard error of the refinement."""
        return self.least_squares.stderr

    @property
    def stderr_scaled(self) -> float | None:
        """The scaled standard error of the refinement."""
        return self.least_squares.stderr_scaled

    @property
    def status(self) -> Status:
        """What the refinement made of it."""
        return self.least_squares.status

    @property
    def autocorrelation(self) -> float | None:
        """The autocorrelation time, steps."""
        return self.autocorrelation_steps

    @property
    def n_draws(self) -> float:
        """The number of independent draws."""
        return self.independent_draws

    @property
    def ratio(self) -> float | None:
        """The Gelman–Rubin ratio."""
        return self.gelman_rubin


@dataclass(frozen=True, kw_only=True)
class SamplingRecord:
    """How a posterior was sampled.

    Parameters
    ----------
    steps : int
        Of each walker; of importance sampling the samples
    discarded : int
        Steps at the beginning that are left out
    kept : int
        Steps that remain
    walkers : int
        Of all ensembles
    ensembles : int
        That were started independently
    seed : int
        Of what is drawn by chance
    acceptance : float
        The part of the proposals that was accepted; of importance sampling the effective part of the draws
    evaluations : int
        How often the likelihood was calculated
    method : {"importance", "chain"}
        What the samples are of; of importance sampling, each draw stands among them as often as its weight says
    draws : int
        Of importance sampling, before a chain too; of the last law that was drawn from
    pareto_k : float or None
        The index k̂ of the tail of their weights; None without
    effective_draws : float or None
        How many draws of equal weight say as much; None without
    noise : str
        What was taken for it, in words
    sigma_factor : float
        What the σ of the data were multiplied by
    errors_scaled : bool
        Whether the scaled standard errors of the refinement are those for that noise
    priors : str
        In words
    """

    steps: int
    discarded: int
    kept: int
    walkers: int
    ensembles: int
    seed: int
    acceptance: float
    evaluations: int
    method: Taken = "chain"
    draws: int = 0
    pareto_k: float | None = None
    effective_draws: float | None = None
    noise: str
    sigma_factor: float
    errors_scaled: bool
    priors: str = PRIORS


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Posterior(Outcome):
    """A sampled posterior: what the data say of all parameters together, within their bounds.

    Parameters
    ----------
    title : str
        What stands above the report
    version : str
        Of nanocrystal, that made it
    converged : bool
        Whether the chain is long enough, or the draws suffice, for the intervals
    interrupted : bool
        Whether the user stopped it
    elapsed_s : float
        Seconds that it took
    parameters : mapping of str to Marginal
        Address -> what is known of it
    sampling : SamplingRecord
        How it was sampled
    best : mapping of str to float
        Address -> value at the most probable place
    notes : sequence of str
        What to know, one sentence each
    refinement : Result
        That the sampling began from
    ensemble : array (walkers,)
        Which ensemble each walker is of
    samples : array (kept, walkers, n_parameters)
        In the order of parameters, of equal weight, steps of the beginning left out
    log_density : array (kept, walkers)
        Of each sample
    """

    kind: ClassVar[str] = "posterior"
    record: ClassVar[str] = POSTERIOR

    title: str
    version: str = __version__
    converged: bool
    interrupted: bool
    elapsed_s: float
    parameters: Mapping[str, Marginal]
    sampling: SamplingRecord
    best: Mapping[str, float] = field(default_factory=dict)
    notes: Sequence[str]
    refinement: Result
    ensemble: IntArray
    samples: FloatArray
    log_density: FloatArray

    def summary(self) -> str:
        """Return medians, intervals and limits beside the refined values, and what to know, in lines."""
        from nanocrystal.report.posterior.words import summary

        return summary(self)

    def page(self, script: str | None = None) -> str:
        """Return the report of the posterior as an HTML page; see `Outcome.page`."""
        from nanocrystal.report.posterior.page import posterior_page

        return posterior_page(self, script)

    def tables(self) -> Mapping[str, str]:
        """Return the samples as CSV."""
        from nanocrystal.report.posterior.chain import chain_csv

        return {CHAIN: chain_csv(self)}

    def ending(self) -> tuple[Ending, str]:
        """Return whether the chain is long enough, or the draws suffice, and what to do where they do not."""
        if self.interrupted:
            return "interrupted", ""
        if self.converged:
            return "whole", ""
        if self.sampling.method == "importance":
            return "incomplete", "Not converged: the draws do not suffice; --steps 500 walks a chain instead."
        return "incomplete", "Not converged: the chain is too short; more --steps, or more --walkers."

    def computed(self) -> Mapping[str, Any]:
        """Return the refinement as its own document, which brings no files."""
        return {"refinement": self.refinement.document() | {"files": []}}

    @classmethod
    def of_version_0_1(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the posterior that version 0.1 wrote: samples as its chain rounds them, refinement without curves."""
        from nanocrystal.report.posterior.version_0_1 import restored

        return restored(cls, document, folder)  # type: ignore[no-any-return]

    @property
    def names(self) -> Sequence[str]:
        """The addresses of the parameters, in the order of the samples."""
        return list(self.parameters)

    @property
    def marginals(self) -> Mapping[str, Marginal]:
        """What is known of each parameter."""
        return self.parameters

    @property
    def fit(self) -> Result:
        """The refinement that the sampling began from."""
        return self.refinement

    @property
    def seed(self) -> int:
        """The seed of all that was drawn by chance."""
        return self.sampling.seed

    @property
    def n_steps(self) -> int:
        """The steps of each walker."""
        return self.sampling.steps

    @property
    def n_discarded(self) -> int:
        """The steps at the beginning that are left out."""
        return self.sampling.discarded

    @property
    def n_evaluations(self) -> int:
        """How often the density was calculated."""
        return self.sampling.evaluations

    @property
    def acceptance(self) -> float:
        """The part of the proposals that was accepted."""
        return self.sampling.acceptance

    @property
    def noise(self) -> str:
        """What was taken for the noise, in words."""
        return self.sampling.noise

    @property
    def factor(self) -> float:
        """What the σ of the data were multiplied by."""
        return self.sampling.sigma_factor

    @property
    def errors_scaled(self) -> bool:
        """Whether the scaled standard errors of the refinement are those for the noise that was taken."""
        return self.sampling.errors_scaled

    @property
    def draws(self) -> FloatArray:
        """All samples, (n_kept · n_walkers, n_parameters)."""
        return self.samples.reshape(-1, len(self.names))

    def of(self, address: str) -> FloatArray:
        """Return the samples of one parameter, (n_kept · n_walkers,)."""
        return np.asarray(self.draws[:, list(self.names).index(address)])

    def stderr(self, address: str) -> float | None:
        """Return the standard error of the fit for the noise that was taken."""
        m = self.parameters[address]
        return m.stderr_scaled if self.errors_scaled else m.stderr

    def __repr__(self) -> str:
        """Return the outcome in a few lines: what a notebook shows."""
        state = "" if self.converged else ", not long enough"
        walked = f"{self.n_steps} steps of {self.samples.shape[1]} walkers"
        if self.sampling.method == "importance":
            walked, state = f"{self.sampling.draws} weighed draws", "" if self.converged else ", not enough"
        lines = [f"Posterior({self.title!r}: {walked}{state})"]
        for address, m in self.parameters.items():
            if m.limit in ("upper", "lower") and m.limit_95 is not None:
                said = f"{'<' if m.limit == 'upper' else '>'} {m.limit_95:.6g} (95 %)"
            else:
                said = f"{m.median:.6g} [{m.interval_68[0]:.6g}, {m.interval_68[1]:.6g}]"
            lines.append(f"  {address} {said} {m.unit}".rstrip())
        return "\n".join(lines)
