"""Fits of the same sum of lines or decays to many spectra: maps, time series, columns of a pseudo-2D spectrum.

    lines = SumOfForms({"low": LINES["gaussian"], "high": LINES["gaussian"]}, baseline_terms=1)
    fit = fit_batch(lines, energy, spectra, {"low.position": 1.80, "low.fwhm": 0.08, …}, sigma=sigma)
    fit["low.position"], fit.stderr("low.position"), fit.flagged

Every item is a fit of its own (parameters that all items share: `shared`). Starts come from the data
(`starts`), then each item descends by Levenberg-Marquardt: compiled where every form has a compiled text, else
vectorised (`plain`); both take the same steps. What does not converge, or stands out by its χ², tries its
second start, in maps also the solutions of its neighbours, and in the end scipy. Items that cannot be fitted (empty,
singular) are flagged; their values are finite, their standard errors infinite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.cost import ask_memory
from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares
from nanocrystal.spectra.batch.plain import CONVERGED, EMPTY, SINGULAR, STALLED, Descent, Task, descend
from nanocrystal.spectra.batch.repair import (
    descend_by_scipy,
    mark_undetermined,
    put_in_order,
    start_from_neighbours,
    unfinished,
)
from nanocrystal.spectra.batch.run import CHUNK, Engine, Run
from nanocrystal.spectra.batch.starts import best_candidates, candidates, natural_limits
from nanocrystal.spectra.covariance import scaled
from nanocrystal.spectra.sum import SumOfForms

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Likelihood = Literal["gaussian", "poisson"]
STATUS_WORDS = {
    CONVERGED: "converged",
    STALLED: "not converged",
    SINGULAR: "not determined by the data",
    EMPTY: "empty",
}
BYTES_OF_POINT, BYTES_OF_COVARIANCE = 40.0, 24.0
"""of a point of a spectrum with its weight, and of a pair of free parameters, while they are fitted"""
LARGEST = 1e100
"""larger values are no measurement, and their squares no numbers"""


@dataclass(frozen=True, kw_only=True)
class BatchOptions(Declares):
    """How spectra are fitted.

    Parameters
    ----------
    likelihood : str
        "gaussian", or "poisson" for counts; amplitudes, and a constant baseline, are then at least 0.
    bounds : mapping of str to (float, float) or None
        Name (or "*.fwhm", that of every part) -> low, high; widths, places and times stay within sensible limits
        anyway.
    eliminate : bool
        Whether linear parameters are solved for at each step.
    search : bool
        Whether places and times around the start are tried first.
    reach : mapping of str to float or None
        Name -> how far a place may be off, in its unit, or by which factor a time; 0 keeps it; None: 0.6 of the width
        of a line, a factor of 2.5.
    shape : tuple of 2 int or None
        (n_rows, n_columns) of a map, whose neighbours then help each other.
    engine : str or None
        "compiled" or "plain"; None: the faster one.
    n_threads : int
        Threads in which items descend side by side.
    fallback : bool
        Whether scipy is tried on the few items that stalled.
    tolerance : float
        Relative change of χ² at which a descent ends.
    """

    likelihood: Likelihood = "gaussian"
    bounds: Mapping[str, tuple[float, float]] | None = None
    eliminate: bool = False
    search: bool = True
    reach: Mapping[str, float] | None = None
    shape: tuple[int, int] | None = None
    engine: Engine | None = None
    n_threads: int = 1
    fallback: bool = True
    tolerance: float = 1e-9


@dataclass(frozen=True, kw_only=True)
class BatchFit:
    """Fits of one sum to many spectra; `fit["low.position"]` is a parameter of all items.

    Parameters
    ----------
    sum : SumOfForms
        The model.
    x : array (n_points,)
        Abscissa.
    free : array (n_items, n_free)
        Free parameters.
    covariance : array (n_items, n_free, n_free)
        Of them; infinite variances at a bound and where nothing is determined; without σ scaled so that χ²_red is 1.
    chi2 : array (n_items,)
        The deviance for counts; infinite for empty items.
    status : array (n_items,)
        0 converged, 1 not converged, 2 not determined by the data, 3 empty.
    n_points : array (n_items,)
        Points used.
    has_sigma : bool
        Whether χ² rests on standard deviations.
    engine : str
        "compiled" or "plain".
    n_evaluations : array (n_items,)
        Of the curve.
    """

    sum: SumOfForms
    x: FloatArray
    free: FloatArray
    covariance: FloatArray
    chi2: FloatArray
    status: NDArray[np.int64]
    n_points: NDArray[np.int64]
    has_sigma: bool
    engine: Engine
    n_evaluations: NDArray[np.int64]

    def __getitem__(self, name: str) -> FloatArray:
        """Return the values of a parameter, (n_items,); fixed and equal ones too."""
        return np.asarray(self.sum.full(self.free)[:, self.sum.index(name)])

    def stderr(self, name: str) -> FloatArray:
        """Return standard errors (n_items,): 0 of fixed parameters, infinite where nothing is determined.

        Without σ those that make χ²_red 1.
        """
        place = self.sum.free_of[self.sum.index(name)]
        if place < 0:
            return np.zeros(len(self.free))
        return np.sqrt(self.covariance[:, place, place])

    @property
    def flagged(self) -> BoolArray:
        """Items that did not converge, (n_items,)."""
        return np.asarray(self.status != CONVERGED)

    @cached_property
    def n_freedom(self) -> NDArray[np.int64]:
        """Points less parameters, (n_items,); at least 1."""
        return np.asarray(np.maximum(self.n_points - self.free.shape[1], 1))

    @property
    def chi2_red(self) -> FloatArray:
        """χ² over points less parameters, (n_items,)."""
        return np.asarray(self.chi2 / self.n_freedom)

    def curves(self) -> FloatArray:
        """Return the fitted curves, (n_items, n_points)."""
        return self.sum.curve(self.x, self.free)

    def words(self) -> str:
        """Return one sentence on how many items are in which state."""
        counts = {w: int((self.status == s).sum()) for s, w in STATUS_WORDS.items()}
        return ", ".join(f"{n} {w}" for w, n in counts.items() if n) + f" of {len(self.status)}."


def fit_batch(
    model: SumOfForms,
    x: FloatArray,
    spectra: FloatArray,
    start: Mapping[str, float | FloatArray],
    *,
    sigma: FloatArray | float | None = None,
    options: BatchOptions | None = None,
) -> BatchFit:
    """Fit a sum of lines or decays to many spectra, each by itself.

    Parts that are alike (form, bounds, nothing tied or fixed) come out in the order of their starts. Items that cannot
    be fitted are flagged: their values are finite, their standard errors infinite.

    Parameters
    ----------
    model : SumOfForms
        What is fitted.
    x : array (n_points,)
        Abscissa.
    spectra : array (n_items, n_points)
        In any unit; counts for likelihood "poisson".
    start : mapping of str to float or array (n_items,)
        A value for all items, or one each, which switches the search off; amplitudes and baseline may be left out.
    sigma : float or array, optional
        Standard deviations that broadcast against the spectra; points that are not finite, or whose sigma is not above
        0, are left out.
    options : BatchOptions, optional
        Likelihood, bounds, search, engine.

    Returns
    -------
    BatchFit
        Parameters, covariances and status of each item.

    Raises
    ------
    InputError
        For arrays and names that cannot be used.

    References
    ----------
    Counts: T. A. Laurence & B. A. Chromy, Nat. Methods 7, 338 (2010).
    """
    options = options or BatchOptions()
    x, y, weights = _checked(x, spectra, sigma, options.likelihood, model)
    starts, common = _item_starts(model, start, len(y))
    poisson = options.likelihood == "poisson"
    low, high = _bounds(model, x, starts, options.bounds, poisson)
    if options.engine == "compiled" and not model.has_compiled:
        raise InputError("engine", 'must be "plain": not every form of this sum has a compiled text.')
    engine = options.engine or ("compiled" if model.has_compiled else "plain")
    eliminated = model.free_is_linear & (options.eliminate and not poisson)
    task = Task(sum=model, x=x, low=low, high=high, eliminated=eliminated, poisson=poisson, tolerance=options.tolerance)
    run = Run(task=task, spectra=y, weights=weights, engine=engine, n_threads=options.n_threads)
    usable = (weights > 0.0).sum(axis=1) if len(weights) > 1 else np.full(len(y), int((weights > 0.0).sum()))
    alive = (usable > len(low)) & ((y * (weights > 0.0)) != 0.0).any(axis=1)
    descent = _empty(np.clip(starts, low, high), alive)
    items = np.flatnonzero(alive)
    if len(items):
        tried = candidates(model, starts[0], options.reach) if options.search and common else None
        ranked = _first_starts(run, starts, tried, items, poisson)
        run.improve(descent, items, ranked[0])
        if len(ranked) > 1:
            again = items[unfinished(descent, items)]
            run.improve(descent, again, ranked[1][np.searchsorted(items, again)])
        if options.shape is not None:
            start_from_neighbours(run, descent, options.shape, alive)
        if options.fallback:
            descend_by_scipy(run, descent)
        put_in_order(task, descent, starts)
        mark_undetermined(task, descent)
    covariance = descent.covariance
    if sigma is None and not poisson:
        factor = np.where(alive, descent.chi2 / np.maximum(usable - len(low), 1), 1.0)[:, None, None]
        covariance = scaled(covariance, factor)
    return BatchFit(
        sum=model,
        x=x,
        free=descent.free,
        covariance=covariance,
        chi2=descent.chi2,
        status=descent.status,
        n_points=usable,
        has_sigma=sigma is not None or poisson,
        engine=engine,
        n_evaluations=descent.n_evaluations,
    )


# ---- data and starts ----------------------------------------------------------------------------


def _checked(
    x: FloatArray, spectra: FloatArray, sigma: FloatArray | float | None, likelihood: Likelihood, model: SumOfForms
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return x, spectra without what is not finite, and weights (n_items or 1, n_points), 0 where left out."""
    x, y = np.ascontiguousarray(x, dtype=np.float64), np.atleast_2d(np.asarray(spectra, dtype=np.float64))
    if x.ndim != 1 or y.ndim != 2 or y.shape[1] != len(x):
        raise InputError("spectra", f"must have the shape (n_items, {x.size}) of x, got {np.shape(spectra)}.")
    if not np.isfinite(x).all():
        raise InputError("x", "must be finite numbers.")
    n_free = len(model.free_names)
    needed = float(len(y)) * (BYTES_OF_POINT * len(x) + BYTES_OF_COVARIANCE * n_free**2)
    ask_memory("spectra", needed, f"{len(y)} spectra of {len(x)} points", "give fewer at a time")
    if not model.free_names:
        raise InputError("sum", "has no free parameter.")
    if likelihood not in ("gaussian", "poisson"):
        raise InputError("likelihood", f'must be "gaussian" or "poisson", got {likelihood!r}.')
    weight = np.ones((1, len(x)))
    if likelihood == "poisson" and sigma is not None:
        raise InputError("sigma", "stands beside likelihood poisson, whose counts have their own; leave it out.")
    if sigma is not None:
        try:
            deviation = np.atleast_2d(np.broadcast_to(sigma, y.shape if np.ndim(sigma) > 1 else x.shape))
        except ValueError:
            raise InputError("sigma", f"must broadcast against {y.shape}, got {np.shape(sigma)}.") from None
        good = np.isfinite(deviation) & (deviation > 0.0)
        weight = np.where(good, 1.0 / np.where(good, deviation, 1.0), 0.0)
    readable = np.abs(y) < LARGEST  # false for what is not a number
    if not readable.all():
        weight, y = np.where(readable, weight, 0.0), np.where(readable, y, 0.0)
    if likelihood == "poisson" and (y < 0.0).any():
        raise InputError("spectra", "must be counts, at least 0, for likelihood poisson.")
    return x, np.ascontiguousarray(y), np.ascontiguousarray(weight)


def _item_starts(model: SumOfForms, start: Mapping[str, float | FloatArray], n_items: int) -> tuple[FloatArray, bool]:
    """Return starts (n_items, n_free), and whether all are alike."""
    common = {k: float(np.ravel(v)[0]) for k, v in start.items()}
    starts = np.tile(model.start(common), (n_items, 1))
    each = {k: np.asarray(v, dtype=np.float64) for k, v in start.items() if np.ndim(v) > 0}
    for name, values in each.items():
        if values.shape != (n_items,):
            raise InputError(f"start {name}", f"must be one number or have {n_items}, got shape {values.shape}.")
        if name in model.free_names:
            starts[:, model.free_names.index(name)] = values
    return starts, not each


def _bounds(
    model: SumOfForms,
    x: FloatArray,
    starts: FloatArray,
    bounds: Mapping[str, tuple[float, float]] | None,
    poisson: bool,
) -> tuple[FloatArray, FloatArray]:
    """Return lower and upper bounds of the free parameters, (n_free,)."""
    low, high = natural_limits(model, x, starts, *model.limits(bounds))
    for k in np.flatnonzero(model.free_is_linear):
        if poisson and ("." in model.free_names[k] or model.baseline_terms == 1):
            low[k] = max(low[k], 0.0)
    return low, high


def _empty(starts: FloatArray, alive: BoolArray) -> Descent:
    """Return where all stand before the first descent."""
    n, n_free = starts.shape
    covariance = np.zeros((n, n_free, n_free))
    covariance[:, range(n_free), range(n_free)] = np.inf
    status = np.where(alive, STALLED, EMPTY).astype(np.int64)
    return Descent(
        free=starts,
        chi2=np.full(n, np.inf),
        status=status,
        n_evaluations=np.zeros(n, dtype=np.int64),
        covariance=covariance,
    )


# ---- starts -------------------------------------------------------------------------------------


def _first_starts(
    run: Run, starts: FloatArray, tried: FloatArray | None, items: NDArray[np.int64], poisson: bool
) -> FloatArray:
    """Return the starts of the items, best first, (n_best, n_items, n_free), linear parameters solved for."""
    task, y = run.task, run.spectra[items]
    if tried is None:
        ranked = starts[items][None]
        linear = task.sum.free_is_linear
        if not starts[:, linear].any() and linear.any():
            solving = replace(task, eliminated=linear, poisson=False)
            ranked = _in_chunks(solving, y, run.weights_of(items), ranked[0])[None]
    else:
        mean = np.sqrt((run.weights**2).mean(axis=0))
        if poisson:
            mean = 1.0 / np.sqrt(np.maximum(y.mean(axis=0), 1e-3))
        ranked = best_candidates(task, y, mean, tried)
    ranked = np.clip(ranked, task.low, task.high)
    if poisson:
        for rank in ranked:
            _lift(task.sum, task.x, rank, y)
    return ranked


def _in_chunks(task: Task, y: FloatArray, weights: FloatArray, starts: FloatArray) -> FloatArray:
    """Return starts with their linear parameters solved for."""
    solved = np.empty_like(starts)
    for k in range(0, len(y), CHUNK):
        part = slice(k, k + CHUNK)
        solved[part] = descend(task, y[part], weights[part if len(weights) > 1 else slice(0, 1)], starts[part], 0).free
    return solved


def _lift(model: SumOfForms, x: FloatArray, starts: FloatArray, y: FloatArray) -> None:
    """Raise the curves of starts, in place, where they would expect less than nothing."""
    typical = 1e-3 * np.maximum(y.mean(axis=1), 1e-6)
    for k in np.flatnonzero(model.free_is_linear):
        if "." in model.free_names[k]:
            area = 0.01 * (x.max() - x.min()) * y.mean(axis=1) if model.free_names[k].endswith(".area") else typical
            starts[:, k] = np.maximum(starts[:, k], area)
    if "c0" in model.free_names:
        lowest = model.curve(x, starts).min(axis=1)
        starts[:, model.free_names.index("c0")] += np.maximum(typical - lowest, 0.0)
