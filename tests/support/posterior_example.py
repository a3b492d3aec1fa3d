"""A posterior to report, made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from nanocrystal.report.posterior.result import LeastSquaresValue, Marginal, Posterior, SamplingRecord
from support.report_example import CLOSING, HOSTILE
from support.report_example import example as refinement

A, ODD = "crystals.pt.a", f"populations.{HOSTILE}.d"
KEPT, WALKERS = 6, 4


def marginal(**more: Any) -> Marginal:
    usual: dict[str, Any] = {
        "median": 3.92,
        "mean": 3.921,
        "std": 0.01,
        "interval_68": (3.91, 3.94),
        "interval_95": (3.90, 3.95),
        "limit": "",
        "limit_68": None,
        "limit_95": None,
        "unit": "Å",
        "description": "lattice parameter",
        "min": 0.5,
        "max": None,
        "gelman_rubin": 1.004,
        "autocorrelation_steps": 2.5,
        "independent_draws": 9.6,
        "least_squares": LeastSquaresValue(value=3.925, stderr=0.009, stderr_scaled=0.018, status="free"),
    }
    return Marginal(**usual | more)


def example() -> Posterior:
    """Return a posterior made by hand."""
    rng = np.random.default_rng(3)
    at_bound = LeastSquaresValue(value=0.0, stderr=None, stderr_scaled=None, status="at_bound")
    sides = {"limit": "upper", "limit_68": 0.5, "limit_95": 1.2, "min": 0.0}
    odd = marginal(**sides, gelman_rubin=None, autocorrelation_steps=None, least_squares=at_bound)
    return Posterior(
        title=f"Sampled {HOSTILE}",
        version="0.2.0",
        converged=False,
        interrupted=True,
        elapsed_s=12.5,
        parameters={A: marginal(), ODD: odd},
        sampling=SamplingRecord(
            steps=8,
            discarded=2,
            kept=KEPT,
            walkers=WALKERS,
            ensembles=2,
            seed=7,
            acceptance=0.5,
            evaluations=32,
            noise="The standard deviations of the data were taken as they are given.",
            sigma_factor=1.0,
            errors_scaled=True,
        ),
        best={A: 3.92, ODD: 0.1},
        notes=[f"interrupted {CLOSING}."],
        refinement=replace(refinement(), elapsed_s=float("inf")),
        ensemble=np.array([0, 0, 1, 1]),
        samples=rng.normal(size=(KEPT, WALKERS, 2)) * [1e-300, 1e300],
        log_density=np.where(rng.random((KEPT, WALKERS)) < 0.2, -np.inf, rng.normal(size=(KEPT, WALKERS))),
    )
