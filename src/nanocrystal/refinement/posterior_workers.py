"""Densities calculated in several processes, each with the problem of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.processes import begin, inherited
from nanocrystal.refinement.posterior_density import Density, LogPosterior
from nanocrystal.refinement.posterior_sampling import Evaluate

FloatArray = NDArray[np.float64]
_own: dict[str, LogPosterior] = {}


@contextmanager
def evaluating(
    target: LogPosterior, sample: Any, datasets: Mapping[str, Any], folder: Path, processes: int
) -> Iterator[Evaluate]:
    """Yield what calculates densities: in this process, or in so many that read the data again.

    More than one needs a main module that may be imported again (a script with `if __name__ == "__main__"`).
    """
    if processes < 2:
        yield lambda places: [target(x) for x in places]
        return
    from multiprocessing import get_context

    context = get_context("spawn")
    turn = context.Value("i", 0)
    scales = dict(target.problem.error_scales)
    given = (sample, datasets, folder, scales, target.factor, turn, processes)
    pool = ProcessPoolExecutor(processes, context, _begin, given)
    try:
        with inherited():
            list(pool.map(_ready, range(processes)))
        yield lambda places: _shared_out(pool, places, processes)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _shared_out(pool: ProcessPoolExecutor, places: Sequence[FloatArray], processes: int) -> list[Density]:
    """Return the densities in the order of the places, two shares for each process."""
    if not places:
        return []
    n_shares = min(len(places), 2 * processes)
    shares = [list(share) for share in np.array_split(np.array(places), n_shares)]
    return [density for found in pool.map(_densities, shares) for density in found]


def _ready(number: int) -> int:
    return number


def _densities(places: Sequence[FloatArray]) -> list[Density]:
    return [_own["target"](x) for x in places]


def _begin(
    sample: Any,
    datasets: Mapping[str, Any],
    folder: Path,
    scales: Mapping[str, float],
    factor: float,
    turn: Any,
    processes: int,
) -> None:
    """Set up a process: interrupts come from the parent, and the processors are shared out where that is possible."""
    from nanocrystal.refinement.fit import bound_problem

    with turn.get_lock():
        number = turn.value
        turn.value += 1
    begin(number, processes)
    _own["target"] = LogPosterior(bound_problem(sample, datasets, folder).with_error_scales(scales), factor)
