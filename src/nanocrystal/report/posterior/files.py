"""Writing a posterior: its report, posterior.json, and the chain as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.report.encoding import finite
from nanocrystal.report.files import recorded, write_texts
from nanocrystal.report.posterior.result import Posterior
from nanocrystal.report.refined.files import results_document
from nanocrystal.text import csv_of_rows

POSTERIOR = "posterior.json"
CHAIN = "chain.csv"


def posterior_names(study_copy: bool) -> list[str]:
    """Return the names of the files that a posterior writes."""
    return ["report.html", CHAIN, *(["study.toml"] if study_copy else []), POSTERIOR]


def write_posterior(found: Posterior, folder: Path | str, study_text: str | None = None) -> Path:
    """Write report, chain, study (if its text is given) and posterior.json; return the path of the report."""
    from nanocrystal.report.posterior.page import posterior_html

    folder = Path(folder)
    texts = {"report.html": posterior_html(found), CHAIN: chain_csv(found)}
    write_texts(recorded(texts, study_text, POSTERIOR, lambda files: posterior_document(found, files)), folder)
    return folder / "report.html"


def posterior_document(found: Posterior, files: list[str]) -> dict[str, Any]:
    """Return posterior.json as a mapping; numbers that are not finite become null."""
    n_kept, n_walkers, _ = found.samples.shape
    document = {
        "title": found.title,
        "version": found.version,
        "converged": found.converged,
        "interrupted": found.interrupted,
        "elapsed_s": found.elapsed_s,
        "parameters": {
            address: {
                "median": m.median,
                "mean": m.mean,
                "std": m.std,
                "interval_68": list(m.interval_68),
                "interval_95": list(m.interval_95),
                "limit": m.limit,
                "limit_68": m.limit_68,
                "limit_95": m.limit_95,
                "unit": m.unit,
                "min": m.min,
                "max": m.max,
                "linear": m.linear,
                "gelman_rubin": m.ratio,
                "autocorrelation_steps": m.autocorrelation,
                "independent_draws": m.n_draws,
                "least_squares": {
                    "value": m.value,
                    "stderr": m.stderr,
                    "stderr_scaled": m.stderr_scaled,
                    "status": m.status,
                },
            }
            for address, m in found.marginals.items()
        },
        "sampling": {
            "steps": found.n_steps,
            "discarded": found.n_discarded,
            "kept": n_kept,
            "walkers": n_walkers,
            "ensembles": len(np.unique(found.ensemble)),
            "seed": found.seed,
            "acceptance": found.acceptance,
            "evaluations": found.n_evaluations,
            "noise": found.noise,
            "sigma_factor": found.factor,
            "priors": "flat within the bounds; linear parameters flat without bounds, integrated out exactly",
        },
        "best": dict(found.best),
        "notes": list(found.notes),
        "refinement": results_document(found.fit, []),
        "files": sorted(files),
    }
    return finite(document)  # type: ignore[no-any-return]


def chain_csv(found: Posterior) -> str:
    """Return the kept samples as CSV: ensemble, walker, step, log density, and each parameter."""
    n_kept, n_walkers, _ = found.samples.shape
    rows = (
        (
            found.ensemble[walker],
            walker,
            found.n_discarded + step,
            found.log_density[step, walker],
            *found.samples[step, walker],
        )
        for step in range(n_kept)
        for walker in range(n_walkers)
    )
    return csv_of_rows(["ensemble", "walker", "step", "log_density", *found.names], rows, digits=8)
