"""The engine of `fit_batch` at work: descents of chosen items in chunks, of which the better results are kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.compiled import load
from nanocrystal.spectra.batch.plain import CONVERGED, MOST_STEPS, SINGULAR, Descent, Task, descend

FloatArray = NDArray[np.float64]
Engine = Literal["compiled", "plain"]
CHUNK = 250
"""spectra handled at once: their Jacobians stay in the cache"""
BETTER = 1e-9
"""relative change of χ² that counts"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """The engine at work on some spectra."""

    task: Task
    spectra: FloatArray
    weights: FloatArray
    engine: Engine
    n_threads: int

    def weights_of(self, items: NDArray[np.int64]) -> FloatArray:
        return self.weights[items] if len(self.weights) > 1 else self.weights

    def improve(self, best: Descent, items: NDArray[np.int64], starts: FloatArray) -> None:
        """Descend from starts (len(items), n_free) and keep, in place, what is better than what was found."""
        if not len(items):
            return
        chunks = [slice(k, k + CHUNK) for k in range(0, len(items), CHUNK)]
        with ThreadPoolExecutor(max(1, self.n_threads)) as pool:
            results = list(pool.map(lambda part: self.descend(items[part], starts[part], MOST_STEPS), chunks))
        for part, new in zip(chunks, results, strict=True):
            keep_better(best, items[part], new)

    def descend(self, items: NDArray[np.int64], starts: FloatArray, most_steps: int) -> Descent:
        """Return where descents from starts (len(items), n_free) end; one step only evaluates."""
        y, weights = self.spectra[items], self.weights_of(items)
        if self.engine == "plain":
            return descend(self.task, y, np.broadcast_to(weights, y.shape), starts, most_steps - 1)
        task, model = self.task, self.task.sum
        n, n_free = starts.shape
        new = Descent(
            free=np.ascontiguousarray(starts),
            chi2=np.empty(n),
            status=np.zeros(n, dtype=np.int64),
            n_evaluations=np.zeros(n, dtype=np.int64),
            covariance=np.zeros((n, n_free, n_free)),
        )
        baseline = model.baseline(task.x, model.baseline_terms)
        plan = (model.layout, model.free_of, model.is_linear, task.eliminated)
        where = (new.free, new.chi2, new.status, new.n_evaluations, new.covariance)
        limits = (task.low, task.high, task.tolerance, most_steps)
        load("_batched_numba").descend_all(
            task.x, y, weights, baseline, task.poisson, model.constant, plan, *limits, where
        )
        return new


def keep_better(best: Descent, items: NDArray[np.int64], new: Descent) -> None:
    best.n_evaluations[items] += new.n_evaluations
    finite = np.isfinite(new.chi2) & np.isfinite(new.free).all(axis=1)
    first = ~np.isfinite(best.chi2[items])
    lower = new.chi2 < best.chi2[items] * (1.0 - BETTER)
    mended = (new.chi2 <= best.chi2[items]) & (new.status == CONVERGED) & (best.status[items] != CONVERGED)
    better = finite & (first | lower | mended)
    to = items[better]
    best.free[to], best.chi2[to], best.status[to] = new.free[better], new.chi2[better], new.status[better]
    best.covariance[to] = new.covariance[better]
    singular = items[~finite & first]
    best.status[singular] = SINGULAR
