"""The samples of a posterior as CSV, and back."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from nanocrystal.arrays import FloatArray, IntArray
from nanocrystal.report.posterior.result import Posterior
from nanocrystal.text import csv_of_rows

LEADING = ("ensemble", "walker", "step", "log_density")
"""columns before the parameters"""


def chain_csv(posterior: Posterior) -> str:
    """Return the kept samples as CSV: ensemble, walker, step, log density, and each parameter."""
    sampling = posterior.sampling
    rows = (
        (
            posterior.ensemble[walker],
            walker,
            sampling.discarded + step,
            posterior.log_density[step, walker],
            *posterior.samples[step, walker],
        )
        for step in range(sampling.kept)
        for walker in range(sampling.walkers)
    )
    return csv_of_rows([*LEADING, *posterior.names], rows, digits=8)


def read_chain(path: Path, walkers: int) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return ensemble (walkers,), log density (kept, walkers) and samples (kept, walkers, n) of a file."""
    with path.open(encoding="utf-8", newline="") as stream:
        _, *rows = list(csv.reader(stream))
    values = np.array([[float(v) for v in row] for row in rows]).reshape(-1, walkers, len(rows[0]))
    return values[0, :, 0].astype(np.int64), values[:, :, 3], values[:, :, len(LEADING) :]
