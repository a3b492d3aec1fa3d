"""Data sets weighed by the noise that their own residuals follow: law and minimum are found in turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nanocrystal.measurement import Model
from nanocrystal.refinement.joint import started_at
from nanocrystal.refinement.optimise import Descent, Options, Progress, optimise
from nanocrystal.refinement.problem import Problem

ROUNDS = 8
"""refinements with a new law at most"""
SAME = 1e-3
"""relative change of the weights that ends them"""


def weighed_by_noise(
    outcome: Descent, options: Options, progress: Progress | None = None, *, every: bool = False
) -> Descent:
    """Return the minimum with data sets weighed by the noise that their residuals follow.

    every: all whose models know a law of it, not only those that ask for it.
    """
    for _ in range(ROUNDS):
        models = _weighed(outcome, every)
        if models is None or outcome.interrupted:
            break
        settled = all(_alike(outcome.problem.models[name], model) for name, model in models.items())
        problem = started_at(outcome.problem.of(outcome.problem.parameters, models), outcome.point)
        again = optimise(problem, replace(options, starts=1), progress)
        outcome = replace(again, ends=outcome.ends, n_iterations=outcome.n_iterations + again.n_iterations)
        if settled:
            break
    return outcome


def _weighed(outcome: Descent, every: bool) -> dict[str, Model] | None:
    """Return the models weighed by the noise of their residuals at a point; None where none is."""
    problem: Problem = outcome.problem
    noise = problem.fitted_noise(outcome.point)
    asked = {n: noise[n] for n, m in problem.models.items() if n in noise and (every or m.weighed_by_noise)}
    if not asked:
        return None
    return {n: m.weighed_by(asked[n]) if n in asked else m for n, m in problem.models.items()}


def _alike(before: Model, after: Model) -> bool:
    """Say whether the weights of a data set hardly changed."""
    old, new = before.measured.whitening, after.measured.whitening
    if old is None or new is None:
        return old is new
    return old.shape == new.shape and bool(np.linalg.norm(new - old) < SAME * np.linalg.norm(new))
