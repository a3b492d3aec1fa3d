"""Where to begin: many common candidates are held against all spectra at once, each takes the one that fits it best.

Amplitudes and baseline of a candidate follow from linear least squares, so that its χ² for all spectra is one product
of matrices (2 µs a spectrum for 25 candidates of 200 points). This finds lines that are off by their own width, where
a descent from the nominal start would end in another minimum.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.spectra.batch.plain import Task
from nanocrystal.spectra.sum import SumOfForms

FloatArray = NDArray[np.float64]
OFFSETS = (0.0, -0.5, 0.5, -1.0, 1.0)
"""of the reach of a place (position, start of a decay)"""
FACTORS = (1.0, 0.4, 2.5)
"""on a time or a coefficient of diffusion"""
REACH = 0.6
"""of the width of a line: how far off its start may be unless the caller says"""
MOST_CANDIDATES = 600
CHUNK = 500
LEAST, WIDEST, LONGEST = 1e-3, 10.0, 1e6
"""of the start, of the range of x, of the start: what widths and times stay within"""
PLACES, TIMES = ("position", "start"), ("time", "diffusion")
WIDTHS = ("fwhm", "gaussian_fwhm", "lorentzian_fwhm", "response_fwhm")


def natural_limits(
    model: SumOfForms, x: FloatArray, starts: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return bounds (n_free,) that keep nonlinear parameters where they mean something; starts: (n_items, n_free).

    Places stay within one range of x beyond its ends, widths within 10 ranges, times within a million times their
    start; neither widths nor times fall below a thousandth of their start. Raises InputError for a start not above 0.
    """
    low, high, span = low.copy(), high.copy(), float(np.ptp(x)) or 1.0
    for k, name in enumerate(model.free_names):
        parameter = name.partition(".")[2]
        if parameter in PLACES:
            low[k], high[k] = max(low[k], x.min() - span), min(high[k], x.max() + span)
        elif parameter in WIDTHS or parameter in TIMES:
            if not (starts[:, k] > 0.0).all():
                raise InputError(name, "must start above 0.")
            low[k] = max(low[k], LEAST * float(starts[:, k].min()))
            high[k] = min(high[k], WIDEST * span if parameter in WIDTHS else LONGEST * float(starts[:, k].max()))
    return low, high


def candidates(model: SumOfForms, start: FloatArray, reach: Mapping[str, float] | None = None) -> FloatArray:
    """Return sets of free parameters (n_candidates, n_free) around start (n_free,), which is the first of them.

    reach: name -> how far a place may be off, in its unit, or by which factor a time; 0 keeps it. By default places
    of lines move by 0.6 of their width and times by a factor of 2.5. Where all combinations are too many, the parts
    move together and then one by one.
    """
    for name in reach or {}:
        if name not in model.free_names:
            raise InputError(name, f"cannot be searched; these are free: {', '.join(model.free_names)}.")
    moves = {k: steps for k, steps in enumerate(_steps(model, start, reach or {})) if len(steps) > 1}
    if np.prod([float(len(s)) for s in moves.values()]) <= MOST_CANDIDATES:
        chosen = list(itertools.product(*moves.values()))
    else:
        chosen = [*zip(*moves.values(), strict=False)]
        chosen += [
            tuple(s[n] if k == m else s[0] for m, s in enumerate(moves.values()))
            for k, steps in enumerate(moves.values())
            for n in range(1, len(steps))
        ]
    sets = np.tile(start, (len(chosen), 1))
    sets[:, list(moves)] = np.array(chosen).reshape(len(chosen), -1)
    return sets[_in_order(model, sets)]


def _steps(model: SumOfForms, start: FloatArray, reach: Mapping[str, float]) -> list[list[float]]:
    """Return the values that each free parameter is tried at, the start first."""
    by_name = dict(zip(model.free_names, start, strict=True))
    steps = []
    for name, value in by_name.items():
        part, _, parameter = name.partition(".")
        if parameter in PLACES:
            width = max((by_name[f"{part}.{w}"] for w in WIDTHS if f"{part}.{w}" in by_name), default=0.0)
            far = reach.get(name, REACH * width)
            steps.append([value + far * o for o in OFFSETS] if far else [value])
        elif parameter in TIMES:
            factor = reach.get(name, FACTORS[-1])
            steps.append([value, value / factor, value * factor] if factor else [value])
        else:
            steps.append([value])
    return steps


def _in_order(model: SumOfForms, sets: FloatArray) -> NDArray[np.int64]:
    """Return the candidates whose like parts (positions, times) stay in the order of the start."""
    keep = np.ones(len(sets), dtype=np.bool_)
    for parameter in (*PLACES, *TIMES):
        columns = [k for k, n in enumerate(model.free_names) if n.endswith(f".{parameter}")]
        for a, b in itertools.pairwise(sorted(columns, key=lambda k: sets[0, k])):
            if sets[0, a] < sets[0, b]:
                keep &= sets[:, a] < sets[:, b]
    return np.flatnonzero(keep)


def best_candidates(
    task: Task, spectra: FloatArray, weight: FloatArray, tried: FloatArray, n_best: int = 2
) -> FloatArray:
    """Return the best starts of each spectrum, (n_best, n_items, n_free), amplitudes and baseline solved for.

    weight: (n_points,), 1/σ of all spectra alike, which is enough for a start. Candidates whose free amplitudes would
    leave their bounds count only where there are no others.
    """
    model, x, low, high = task.sum, task.x, task.low, task.high
    full = model.full(tried)
    rows = model.rows(x, full)
    linear = model.free_linear
    basis = np.ascontiguousarray(np.swapaxes(model.basis(rows) * weight, 1, 2))
    held = model.unmoved(rows, full) * weight
    vectors, sizes, rest = np.linalg.svd(basis, full_matrices=False)
    inverse = np.where(sizes > 1e-10 * sizes[:, :1], 1.0 / np.where(sizes > 0.0, sizes, 1.0), 0.0)
    back = np.swapaxes(rest, 1, 2) * inverse[:, None, :]
    held_along = np.einsum("gpl,gp->gl", vectors, held)
    flat = np.ascontiguousarray(np.swapaxes(vectors, 1, 2)).reshape(-1, len(x))
    n_best = min(n_best, len(tried))
    starts = np.empty((n_best, len(spectra), tried.shape[1]))
    for first in range(0, len(spectra), CHUNK):
        y = spectra[first : first + CHUNK] * weight
        projected = (flat @ y.T).reshape(len(tried), len(linear), len(y)) - held_along[:, :, None]
        gained = (projected**2).sum(axis=1)
        if held.any():  # χ² = |y − h|² − gained, h being what fixed amplitudes add
            gained += 2.0 * held @ y.T - (held**2).sum(axis=1)[:, None]
        amplitudes = back @ projected
        outside = (amplitudes < low[linear, None]) | (amplitudes > high[linear, None])
        gained = np.where(outside.any(axis=1), -np.inf, gained)
        order = np.argsort(-gained, axis=0)[:n_best]
        for rank, chosen in enumerate(order):
            here = tried[chosen]
            here[:, linear] = np.clip(amplitudes[chosen, :, np.arange(len(y))], low[linear], high[linear])
            starts[rank, first : first + CHUNK] = here
    return starts
