"""Levenberg-Marquardt on many spectra at once: the NumPy text that the compiled one is tested against.

It serves every form, also those without a compiled text. Each spectrum has its own damping, bounds and end, and none
can harm another: matrices are factorised with a pivot test each, never by one call that fails for all.

The step solves (JᵀJ + λ diag JᵀJ) δ = Jᵀr (Marquardt, J. Soc. Ind. Appl. Math. 11, 431 (1963)); parameters at a bound
that the step would leave are held. Eliminated linear parameters are not damped and are solved for at each trial,
which makes it Kaufman's variable projection (BIT 15, 49 (1975)) written in normal equations. For counts the objective
is the deviance 2 Σ [μ − y + y ln(y/μ)] with the expected curvature 1/μ (Fisher's scoring; Laurence & Chromy, Nat.
Methods 7, 338 (2010), who take y/μ²).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.spectra.covariance import covariances, solved
from nanocrystal.spectra.sum import SumOfForms

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
CONVERGED, STALLED, SINGULAR, EMPTY = 0, 1, 2, 3
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-3, 1e-9, 1e9
LEAST_EXPECTED = 1e-12
"""counts that a Poisson model expects at least"""
MOST_STEPS = 200


@dataclass(frozen=True, kw_only=True)
class Task:
    """What all spectra share: the sum, its abscissa (n_points,), bounds and what is eliminated (n_free,)."""

    sum: SumOfForms
    x: FloatArray
    low: FloatArray
    high: FloatArray
    eliminated: BoolArray
    poisson: bool = False
    tolerance: float = 1e-9


@dataclass(kw_only=True)
class Descent:
    """Where descents ended: free (n_items, n_free), χ² and status (n_items,), covariance (n_items, n_free, n_free)."""

    free: FloatArray
    chi2: FloatArray
    status: NDArray[np.int64]
    n_evaluations: NDArray[np.int64]
    covariance: FloatArray


@dataclass(kw_only=True)
class _State:
    """residual (n_items, n_points), slopes (n_items, n_free, n_points), over σ; held at a bound: (n_items, n_free)."""

    free: FloatArray
    chi2: FloatArray
    slopes: FloatArray
    residual: FloatArray
    held: BoolArray


# ---- one evaluation -----------------------------------------------------------------------------


def evaluated(task: Task, free: FloatArray, y: FloatArray, weight: FloatArray) -> _State:
    """Return χ² (or the deviance) of spectra y (n_items, n_points), weights 1/σ, with what a step needs."""
    model = task.sum
    full = model.full(free)
    rows = model.rows(task.x, full)
    slopes = np.zeros((len(y), free.shape[1], len(task.x)))
    model.add_linear_slopes(slopes, rows, weight)
    free, held, fine = free.copy(), np.zeros(free.shape, dtype=np.bool_), np.ones(len(y), dtype=np.bool_)
    if task.eliminated.any():
        free, held, fine = _linear_best(task, free, slopes, rows, y, weight)
        full = model.full(free)
    model.add_nonlinear_slopes(slopes, rows, full, weight)
    expected = model.curve_of(rows, full)
    chi2, residual = (_deviance if task.poisson else _squares)(expected, y, weight, slopes)
    return _State(
        free=free, chi2=np.where(fine & np.isfinite(chi2), chi2, np.inf), slopes=slopes, residual=residual, held=held
    )


def _squares(
    expected: FloatArray, y: FloatArray, weight: FloatArray, slopes: FloatArray
) -> tuple[FloatArray, FloatArray]:
    residual = (y - expected) * weight
    return (residual**2).sum(axis=1), residual


def _deviance(
    expected: FloatArray, y: FloatArray, weight: FloatArray, slopes: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the deviance and (y − μ)/√μ; divides the slopes, which hold a weight of 1 or 0, by √μ in place."""
    counted = weight > 0.0
    impossible = ((expected < 0.0) & counted).any(axis=1)
    mu = np.maximum(expected, LEAST_EXPECTED)
    logarithm = np.where(y > 0.0, y * np.log(np.where(y > 0.0, y, 1.0) / mu), 0.0)
    deviance = 2.0 * np.where(counted, mu - y + logarithm, 0.0).sum(axis=1)
    slopes /= np.sqrt(mu)[:, None, :]
    return np.where(impossible, np.inf, deviance), np.where(counted, (y - mu) / np.sqrt(mu), 0.0)


def _linear_best(
    task: Task, free: FloatArray, slopes: FloatArray, rows: FloatArray, y: FloatArray, weight: FloatArray
) -> tuple[FloatArray, BoolArray, BoolArray]:
    """Return free with the eliminated parameters solved for, which of them are held at a bound, where it worked."""
    model = task.sum
    free, used = free.copy(), np.broadcast_to(task.eliminated, free.shape).copy()
    held, fine = np.zeros(free.shape, dtype=np.bool_), np.ones(len(y), dtype=np.bool_)
    normal = np.einsum("ijp,ikp->ijk", slopes, slopes)
    for _ in range(int(task.eliminated.sum()) + 1):
        others = model.full(np.where(used, 0.0, free))
        fixed = np.einsum("ik,kip->ip", np.where(model.is_linear, others, 0.0), rows)
        right = np.einsum("ijp,ip->ij", slopes, (y - fixed) * weight)
        best, fine = solved(normal, right, np.zeros_like(free), used)
        free = np.where(used, np.clip(best, task.low, task.high), free)
        outside = used & ((best < task.low) | (best > task.high))
        if not outside.any():
            break
        used, held = used & ~outside, held | outside
    return free, held, fine


# ---- the descent --------------------------------------------------------------------------------


def descend(task: Task, spectra: FloatArray, weights: FloatArray, start: FloatArray, most_steps: int) -> Descent:
    """Fit spectra (n_items, n_points) with weights 1/σ (0: left out) from start (n_items, n_free)."""
    with np.errstate(all="ignore"):  # what is not finite is found by its χ²
        return _descended(task, spectra, weights, start, most_steps)


def _descended(task: Task, spectra: FloatArray, weights: FloatArray, start: FloatArray, most_steps: int) -> Descent:
    n_items, n_free = start.shape
    descent = Descent(
        free=start.copy(),
        chi2=np.full(n_items, np.inf),
        status=np.full(n_items, STALLED, dtype=np.int64),
        n_evaluations=np.ones(n_items, dtype=np.int64),
        covariance=np.zeros((n_items, n_free, n_free)),
    )
    state = evaluated(task, start, spectra, weights)
    normal, right = _normal_equations(state)
    free, chi2, held = state.free, state.chi2, state.held
    damping = np.full(n_items, FIRST_DAMPING)
    descent.status[~np.isfinite(chi2)] = SINGULAR
    active = np.flatnonzero(np.isfinite(chi2))
    for _ in range(most_steps):
        if not len(active):
            break
        used = _may_move(task, free[active], right[active], held[active])
        undamped = task.eliminated & ~held[active]
        step, fine = solved(normal[active], right[active], np.where(undamped, 0.0, damping[active, None]), used)
        expected = (step * right[active]).sum(axis=1)
        trial = evaluated(task, np.clip(free[active] + step, task.low, task.high), spectra[active], weights[active])
        descent.n_evaluations[active] += 1
        better = fine & (trial.chi2 <= chi2[active])
        least = task.tolerance * chi2[active]
        small = better & (chi2[active] - trial.chi2 <= least) & (expected <= 1e3 * least)
        rounding = fine & ~better & (expected <= least)
        moved = active[better]
        free[moved], chi2[moved], held[moved] = trial.free[better], trial.chi2[better], trial.held[better]
        normal[moved], right[moved] = _normal_equations(trial, better)
        ended = small | (rounding & (damping[active] <= FIRST_DAMPING))
        now = damping[active]
        damping[active] = np.where(better, np.maximum(0.1 * now, LEAST_DAMPING), np.maximum(10.0 * now, FIRST_DAMPING))
        stuck = damping[active] > MOST_DAMPING
        descent.status[active[ended | (stuck & rounding)]] = CONVERGED
        active = active[~(ended | stuck)]
    descent.free, descent.chi2 = free, chi2
    used = _may_move(task, free, right, held)
    descent.covariance, singular = covariances(normal, used)
    descent.status[singular] = SINGULAR
    return descent


def _normal_equations(state: _State, of: BoolArray | slice = slice(None)) -> tuple[FloatArray, FloatArray]:
    slopes = state.slopes[of]
    return slopes @ np.swapaxes(slopes, 1, 2), np.einsum("ijp,ip->ij", slopes, state.residual[of])


def _may_move(task: Task, free: FloatArray, right: FloatArray, held: BoolArray) -> BoolArray:
    """Return which parameters are not at a bound that the step would push outwards."""
    outwards = ((free <= task.low) & (right < 0.0)) | ((free >= task.high) & (right > 0.0))
    return np.asarray(~(outwards | held))
