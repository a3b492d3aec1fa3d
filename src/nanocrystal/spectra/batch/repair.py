"""What `fit_batch` does after the first descents: second starts, neighbours in a map, scipy, order of parts, flags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.spectra.batch.plain import (
    CONVERGED,
    LEAST_EXPECTED,
    SINGULAR,
    STALLED,
    Descent,
    Task,
    evaluated,
)
from nanocrystal.spectra.batch.run import BETTER, CHUNK, Run
from nanocrystal.spectra.batch.starts import PLACES

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
OUTLYING = 4.0
"""robust standard deviations of χ² above the median from which on an item tries other starts"""
FEWEST_BY_SCIPY = 20
"""items that scipy may be tried on, however few there are"""
OPEN = 1e3
"""times its range or value: with a standard error so large a nonlinear parameter counts as not determined"""


def unfinished(descent: Descent, items: NDArray[np.int64]) -> BoolArray:
    """Return which items did not converge, or have a χ² far above that of most."""
    chi2 = descent.chi2[items]
    middle = float(np.median(chi2))
    scatter = 1.4826 * float(np.median(np.abs(chi2 - middle)))
    return np.asarray((descent.status[items] != CONVERGED) | (chi2 > middle + OUTLYING * scatter))


def start_from_neighbours(run: Run, descent: Descent, shape: tuple[int, int], alive: BoolArray) -> None:
    """Start each item of a map again from a neighbour whose shape fits it better than its own solution does.

    Repeated from the items that changed, so that a solution spreads as far as it is better.
    """
    n_rows, n_columns = shape
    if n_rows * n_columns != len(alive):
        raise InputError("shape", f"{n_rows} × {n_columns} is not the number of spectra, {len(alive)}.")
    grid = np.arange(len(alive)).reshape(shape)
    pairs = [(grid[:, 1:], grid[:, :-1]), (grid[1:], grid[:-1])]
    directions = [(a.ravel(), b.ravel()) for p in pairs for a, b in (p, p[::-1])]
    changed = np.ones(len(alive), dtype=np.bool_)
    for _ in range(n_rows + n_columns):
        before = descent.chi2.copy()
        for to, source in directions:
            good = alive[to] & (descent.status[source] == CONVERGED) & changed[source]
            _take_over(run, descent, to[good], source[good])
        changed = descent.chi2 < before * (1.0 - BETTER)
        if not changed.any():
            break


def _take_over(run: Run, descent: Descent, to: NDArray[np.int64], source: NDArray[np.int64]) -> None:
    """Descend from the solutions of `source` where they, with linear parameters solved for, fit `to` better."""
    linear = run.task.sum.free_is_linear
    solving = replace(run, task=replace(run.task, eliminated=linear & (not run.task.poisson)))
    for first in range(0, len(to), CHUNK):
        items, starts = to[first : first + CHUNK], descent.free[source[first : first + CHUNK]]
        there = solving.descend(items, starts.copy(), 1)
        worth = (there.chi2 < descent.chi2[items] * (1.0 - BETTER)) | (descent.status[items] != CONVERGED)
        worth &= np.isfinite(there.chi2)
        run.improve(descent, items[worth], there.free[worth])


def put_in_order(task: Task, descent: Descent, starts: FloatArray) -> None:
    """Exchange parts that are alike, in place, so that their positions or times stand in the order of the start."""
    model, names = task.sum, task.sum.free_names
    alike: dict[tuple[object, ...], list[list[int]]] = {}
    shared = set(model.same.values())
    for part, form in model.parts.items():
        parameters = [f"{part}.{p}" for p in (form.parameters[0], form.amplitude, *form.parameters[1:])]
        if all(n in names and n not in shared for n in parameters):
            places = [names.index(n) for n in parameters]
            key = (form.name, id(form.stacked), *task.low[places], *task.high[places])
            alike.setdefault(key, []).append(places)
    order = np.tile(np.arange(len(names)), (len(starts), 1))
    for group in (np.array(g) for g in alike.values() if len(g) > 1):
        ranks = np.argsort(np.argsort(starts[:, group[:, 0]], axis=1), axis=1)
        ranked = np.argsort(descent.free[:, group[:, 0]], axis=1)
        source = np.take_along_axis(ranked, ranks, axis=1)  # which part now stands where the k-th of the group does
        for k, places in enumerate(group):
            order[:, places] = group[source[:, k]]
    descent.free = np.take_along_axis(descent.free, order, axis=1)
    descent.covariance = descent.covariance[np.arange(len(starts))[:, None, None], order[:, :, None], order[:, None, :]]


def mark_undetermined(task: Task, descent: Descent) -> None:
    """Give nonlinear parameters an infinite variance, in place, where their standard error leaves everything open."""
    width = float(np.ptp(task.x))
    for k in np.flatnonzero(~task.sum.free_is_linear):
        place = task.sum.free_names[k].partition(".")[2] in PLACES
        scale = np.full(len(descent.free), width) if place else np.abs(descent.free[:, k])
        if np.isfinite(task.high[k] - task.low[k]):
            scale = np.full(len(descent.free), task.high[k] - task.low[k])
        variance = descent.covariance[:, k, k]
        undetermined = np.isfinite(variance) & (np.sqrt(np.where(variance > 0.0, variance, 0.0)) > OPEN * scale)
        descent.covariance[undetermined, k, :] = 0.0
        descent.covariance[undetermined, :, k] = 0.0
        descent.covariance[undetermined, k, k] = np.inf
        descent.status[undetermined] = SINGULAR


def descend_by_scipy(run: Run, descent: Descent) -> None:
    """Give the few that stalled to scipy.optimize.least_squares, and end with a descent from there.

    At most one item in 50 (and 20 always): spectra without a line stall by the thousand, and scipy helps none of them.
    """
    from scipy.optimize import least_squares

    task = replace(run.task, eliminated=np.zeros_like(run.task.eliminated))
    stalled = np.flatnonzero(descent.status == STALLED)
    for item in stalled[: max(FEWEST_BY_SCIPY, len(descent.status) // 50)]:
        y, weight = run.spectra[item][None], run.weights_of(np.array([item]))
        if not task.poisson:  # the gradient is compared with a number
            weight = weight / max(float(np.linalg.norm(weight * y)), 1e-300)

        def residual(p: FloatArray, y: FloatArray = y, weight: FloatArray = weight) -> FloatArray:
            if task.poisson:
                return np.asarray(_signed_root_of_deviance(task.sum.curve(task.x, p)[0], y[0], weight[0]))
            return np.asarray(evaluated(task, p[None], y, weight).residual[0])

        def jacobian(p: FloatArray, y: FloatArray = y, weight: FloatArray = weight) -> FloatArray:
            return np.asarray(-evaluated(task, p[None], y, weight).slopes[0].T)

        inside = np.clip(descent.free[item], task.low, task.high)
        options: dict[str, Any] = {"x_scale": "jac", "ftol": 1e-10, "xtol": 1e-10, "gtol": 1e-10, "max_nfev": 200}
        options["jac"] = "2-point" if task.poisson else jacobian
        try:
            there = least_squares(residual, inside, bounds=(task.low, task.high), **options).x
        except (ValueError, np.linalg.LinAlgError):
            continue
        run.improve(descent, np.array([item]), there[None])


def _signed_root_of_deviance(expected: FloatArray, y: FloatArray, weight: FloatArray) -> FloatArray:
    """Return what squared and summed is the deviance, (n_points,)."""
    mu = np.maximum(expected, LEAST_EXPECTED)
    deviance = mu - y + np.where(y > 0.0, y * np.log(np.where(y > 0.0, y, 1.0) / mu), 0.0)
    return np.asarray(np.sign(y - mu) * np.sqrt(2.0 * np.maximum(deviance, 0.0)) * (weight > 0.0))
