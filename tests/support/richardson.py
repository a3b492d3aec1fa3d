"""Derivatives, of a refinement and of forms, against Richardson's extrapolation of wide central differences."""

from __future__ import annotations

import numpy as np

from nanocrystal.refinement.problem import Problem
from nanocrystal.spectra.lines import Form


def errors_of_derivatives(problem: Problem, name: str) -> dict[str, float]:
    """Return free parameter -> relative error of the derivative that is used, for one data set.

    Of what hardly changes anything it is the error over a change of the whole curve by 1e-9.
    """
    point, model = problem.point(problem.start), problem.models[name]
    used = problem.derivatives(point)[name]
    least = 1e-9 * float(np.linalg.norm(point.datasets[name].calculated))

    def central(j: int, size: float) -> np.ndarray:
        sides = []
        for sign in (1.0, -1.0):
            x = problem.start.copy()
            x[j] += sign * size
            evaluation = problem.evaluation(x)
            coefficients = [evaluation.values.get(a, point.evaluation.values[a]) for a in model.linear]
            sides.append(coefficients @ model.curves(evaluation))
        return np.asarray((sides[0] - sides[1]) / (2.0 * size))

    errors = {}
    for j, d in enumerate(problem.free):
        size = 8.0 * problem.step(j, problem.start)[1]
        extrapolated = (4.0 * central(j, size / 2.0) - central(j, size)) / 3.0
        change = max(float(np.linalg.norm(extrapolated)), least / max(abs(problem.start[j]), d.quantity.scale))
        errors[d.address] = float(np.linalg.norm(used[:, j] - extrapolated)) / change
    return errors


def exact_addresses_of(problem: Problem, name: str) -> set[str]:
    """Return the free parameters that the model of a data set derives exactly."""
    evaluation = problem.point(problem.start).evaluation
    return set(problem.models[name].exact_derivatives(evaluation, [d.address for d in problem.free]))


def errors_of_slopes(form: Form, values: list[float], x: np.ndarray) -> list[float]:
    """Return the error of each derivative, over its largest value, against Richardson's extrapolation."""
    exact, errors = form.stacked(x, *values)[1:], []
    for j, value in enumerate(values):

        def central(size: float, j: int = j) -> np.ndarray:
            up, down = list(values), list(values)
            up[j], down[j] = up[j] + size, down[j] - size
            return np.asarray((form.curve(x, *up) - form.curve(x, *down)) / (2.0 * size))

        size = 1e-3 * max(abs(value), 0.1)
        extrapolated = (4.0 * central(size / 2.0) - central(size)) / 3.0
        errors.append(float(np.abs(exact[j] - extrapolated).max() / np.abs(extrapolated).max()))
    return errors
