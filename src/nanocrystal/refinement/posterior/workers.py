"""Densities calculated by several workers, each with the problem of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import RefinementError
from nanocrystal.measurement import Measured
from nanocrystal.processes import Begin, Executor, Job, Lost, Report, Workers, answers
from nanocrystal.refinement.posterior.density import Density, LogPosterior
from nanocrystal.refinement.posterior.sampling import Evaluate

FloatArray = NDArray[np.float64]


def target_maker(target: LogPosterior, sample: Any, datasets: Mapping[str, Any], folder: Path) -> Begin:
    """Return what makes the same posterior in another process, which reads the data again."""
    problem = target.problem
    if problem.is_counted:  # weights of counts are those of the fit
        return partial(_given, target)
    weighed = {n: m.measured for n, m in problem.models.items() if m.measured.whitening is not None}
    return partial(_target, sample, datasets, folder, _Settings(dict(problem.error_scales), target.factor, weighed))


@dataclass(frozen=True)
class _Settings:
    """What a problem has that was found by refining: scales of σ, and points weighed by their correlated noise."""

    scales: Mapping[str, float]
    factor: float
    weighed: Mapping[str, Measured]


def _target(sample: Any, datasets: Mapping[str, Any], folder: Path, settings: _Settings, _: Report) -> LogPosterior:
    from nanocrystal.refinement.fit import bound_problem

    problem = bound_problem(sample, datasets, folder)
    models = {
        n: m.with_measured(settings.weighed[n]) if n in settings.weighed else m for n, m in problem.models.items()
    }
    return LogPosterior(problem.of(problem.parameters, models).with_error_scales(settings.scales), settings.factor)


def _given(target: LogPosterior, _: Report) -> LogPosterior:
    return target


@contextmanager
def evaluating(target: LogPosterior, begin: Begin, executor: Executor, at_once: int) -> Iterator[Evaluate]:
    """Yield what calculates densities: in this process, or by so many workers that begin with a target of their own."""
    if at_once < 2:
        yield lambda places: [target(x) for x in places]
        return
    with executor.opened(at_once, begin=begin) as workers:
        numbers = count()
        yield lambda places: _shared_out(workers, places, at_once, numbers)


def _shared_out(workers: Workers, places: Sequence[FloatArray], at_once: int, numbers: Iterator[int]) -> list[Density]:
    """Return the densities in the order of the places, two shares for each worker; numbers: of shares not yet made."""
    if not places:
        return []
    shares = np.array_split(np.array(places), min(len(places), 2 * at_once))
    work = [Job(f"densities-{next(numbers)}", partial(_densities, list(share))) for share in shares]
    jobs = iter(work)
    by_share: dict[str, list[Density]] = {}
    for name, densities in answers(workers, lambda: next(jobs, None)):
        if isinstance(densities, Lost):
            problem = densities.problem or "the process of some of the walkers ended, perhaps for lack of memory"
            raise RefinementError(f"{problem}.")
        by_share[name] = densities
    return [density for job in work for density in by_share[job.name]]


def _densities(places: Sequence[FloatArray], target: LogPosterior) -> list[Density]:
    return [target(x) for x in places]
