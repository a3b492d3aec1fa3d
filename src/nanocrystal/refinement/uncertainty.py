"""Uncertainties from the covariance at the minimum, and what the data leave open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, RefinementError
from nanocrystal.measurement.correlated import FittedNoise
from nanocrystal.parameters.difference import step_of
from nanocrystal.refinement.problem import Point, Problem

FloatArray = NDArray[np.float64]
DEGENERATE = 1e-5
"""singular value of the normalised Jacobian below which a combination of parameters is not determined"""


@dataclass(frozen=True, kw_only=True)
class Covariance:
    """The covariance of the refined parameters, with the sigmas as given.

    names: addresses of the determined ones; matrix: (n, n), with the σ of data sets scaled as they were in the fit;
    as_given: the same with the σ as given, where they were scaled; factor: √χ²_red where that exceeds 1
    (or where there are no sigmas), 1 otherwise; undetermined, at_bound: addresses without one; freedom: degrees of it
    from which χ²_red is known; laws: data set -> the law of noise that its residuals follow, in words;
    is_robust: whether a robust loss weighed residuals down.
    """

    names: tuple[str, ...]
    matrix: FloatArray
    factor: float
    chi2_red: float
    n_refined: int
    has_sigmas: bool
    undetermined: tuple[str, ...]
    at_bound: tuple[str, ...]
    as_given: FloatArray | None = None
    freedom: float = 1.0
    laws: Mapping[str, str] = field(default_factory=dict)
    is_robust: bool = False

    def stderr(self, address: str) -> tuple[float | None, float | None]:
        """Return (stderr, stderr_scaled) of a parameter, None where it is not determined."""
        if address not in self.names:
            return None, None
        one = np.zeros(len(self.names))
        one[self.names.index(address)] = 1.0
        return self._both(one)

    def propagated(self, gradient: Mapping[str, float]) -> tuple[float | None, float | None]:
        """Return (stderr, stderr_scaled) of a function with this gradient; None if it is not determined."""
        if any(gradient.get(a, 0.0) != 0.0 for a in self.undetermined):
            return None, None
        if not any(gradient.get(a, 0.0) for a in self.names):
            return None, None  # what rests on parameters that are held at bounds alone is not known to ± 0
        g = np.array([gradient.get(a, 0.0) for a in self.names])
        return self._both(g)

    def _both(self, g: FloatArray) -> tuple[float | None, float | None]:
        scaled = float(np.sqrt(abs(g @ self.matrix @ g))) * self.factor
        unscaled = self.matrix if self.as_given is None else self.as_given
        return (float(np.sqrt(abs(g @ unscaled @ g))) if self.has_sigmas else scaled), scaled

    @property
    def correlations(self) -> FloatArray:
        """The correlation matrix of `names`."""
        if not self.names:
            return np.zeros((0, 0))
        spread = np.sqrt(np.diag(self.matrix))
        return np.asarray(np.clip(self.matrix / np.outer(spread, spread), -1.0, 1.0))


def covariance(problem: Problem, point: Point, robust_weights: FloatArray | None = None) -> Covariance:
    """Return the covariance from the full Jacobian [J_nonlinear, Φ_linear] at `point`.

    robust_weights: (n_independent,), what a robust loss leaves of each squared residual; points that it
    weighs down count less in the covariance and in χ²_red too.
    """
    names, jacobian = problem.full_jacobian(point, problem.derivatives(point))
    residual = point.residual
    if robust_weights is not None:
        root = np.sqrt(robust_weights)
        jacobian, residual = jacobian * root[:, None], residual * root
    n_refined = len(names)
    left = 1.0 if robust_weights is None else float(robust_weights.mean())
    weight = problem.n_measurements * left
    chi2_red = float(residual @ residual) / max(1.0, weight - n_refined)
    factor = float(np.sqrt(max(1.0, chi2_red) if problem.has_sigmas else chi2_red))
    matrix, open_ = _inverse(jacobian)
    held = _at_bounds(problem, point, jacobian, residual, matrix, open_, factor)
    kept = [k for k in range(n_refined) if k not in held]
    if held:
        matrix_kept, open_kept = _inverse(jacobian[:, kept])
        open_ = {kept[k] for k in open_kept}
        matrix = np.zeros((n_refined, n_refined))
        matrix[np.ix_(kept, kept)] = matrix_kept
    laws = problem.fitted_noise(point) if robust_weights is None and factor > 0.0 else {}
    overlaps = any(m.measured.overlap is not None for m in problem.models.values())
    if overlaps or any(problem.models[n].measured.whitening is None for n in laws):
        matrix = _with_laws(problem, jacobian[:, kept], matrix[:, kept], laws, factor)
    open_ |= _wider_than_allowed(problem, names, matrix, factor, open_, kept)
    determined = [k for k in kept if k not in open_]
    inner = np.ix_(determined, determined)
    noise = _noise_as_given(problem)
    as_given = None
    if noise is not None and problem.has_sigmas:
        moved = matrix[:, kept] @ (jacobian[:, kept] * noise[:, None]).T
        as_given = (moved @ moved.T)[inner]
    return Covariance(
        names=tuple(names[k] for k in determined),
        matrix=matrix[inner],
        factor=factor,
        chi2_red=chi2_red,
        n_refined=n_refined,
        has_sigmas=problem.has_sigmas,
        undetermined=tuple(names[k] for k in sorted(open_)),
        at_bound=tuple(names[k] for k in sorted(held)),
        as_given=as_given,
        freedom=max(1.0, weight - n_refined),
        laws={name: law.words for name, law in laws.items()},
        is_robust=robust_weights is not None,
    )


def _with_laws(
    problem: Problem, jacobian: FloatArray, matrix: FloatArray, laws: Mapping[str, FittedNoise], factor: float
) -> FloatArray:
    """Return the covariance (n, n) of the parameters over factor², where residuals follow laws of noise or overlap.

    jacobian: (n_independent, n_kept), whitened; matrix: (n, n_kept), of residuals that are independent. The minimum is
    that of the weights of the fit all the same.
    """
    change, start = matrix @ jacobian.T, 0  # of the parameters by each residual
    total = np.zeros((len(matrix), len(matrix)))
    for name, model in problem.models.items():
        stop = start + model.measured.n_independent
        part, start = change[:, start:stop], stop
        overlap = model.measured.overlap
        if overlap is not None:
            total += part @ overlap @ part.T
        elif name in laws and model.measured.whitening is None:
            total += part @ (laws[name].covariance / (factor * problem.error_scales[name]) ** 2) @ part.T
        else:
            total += part @ part.T
    return total


def _noise_as_given(problem: Problem) -> FloatArray | None:
    """Return the σ of each residual as given over those of the fit, (n_independent,); None where they are the same."""
    scales = problem.error_scales
    if all(s == 1.0 for s in scales.values()):
        return None
    return np.concatenate([np.full(m.measured.n_independent, 1.0 / scales[n]) for n, m in problem.models.items()])


def rank(problem: Problem, point: Point, datasets: Sequence[str] | None = None) -> int:
    """Return how many combinations of the refined parameters the data sets (all by default) determine."""
    _, jacobian = problem.full_jacobian(point, problem.derivatives(point))
    if datasets is not None:
        counted = [np.full(m.measured.n_independent, n in datasets) for n, m in problem.models.items()]
        jacobian = jacobian[np.concatenate(counted)]
    norms = np.linalg.norm(jacobian, axis=0)
    s = np.linalg.svd(jacobian[:, norms > 0.0] / norms[norms > 0.0], compute_uv=False)
    return int((s > DEGENERATE * s[0]).sum()) if len(s) else 0


def _inverse(jacobian: FloatArray) -> tuple[FloatArray, set[int]]:
    """Return the (pseudo-)inverse of JᵀJ and the columns that belong to undetermined combinations."""
    norms = np.linalg.norm(jacobian, axis=0)
    scale = np.where(norms > 0.0, norms, 1.0)
    _, s, vt = np.linalg.svd(jacobian / scale, full_matrices=False)
    if not len(s):
        return np.zeros((0, 0)), set()
    good = s > DEGENERATE * s[0]
    inverse = (vt[good].T / s[good] ** 2) @ vt[good]
    open_ = {int(k) for k in np.flatnonzero((np.abs(vt[~good]) > 0.1).any(axis=0))} if (~good).any() else set()
    open_ |= {int(k) for k in np.flatnonzero(norms == 0.0)}
    return inverse / np.outer(scale, scale), open_


def _at_bounds(
    problem: Problem,
    point: Point,
    jacobian: FloatArray,
    residual: FloatArray,
    matrix: FloatArray,
    open_: set[int],
    factor: float,
) -> set[int]:
    """Return the parameters that a bound holds back: they stand at it and would go beyond."""
    low, high = problem.bounds
    downhill = jacobian.T @ residual  # −½ dχ²/dx, since the residual is observed − calculated
    held: set[int] = set()
    for k in range(len(problem.free)):
        spread = np.sqrt(max(matrix[k, k], 0.0)) * factor if k not in open_ else np.inf
        near = min(0.02 * spread, 1e-3 * (high[k] - low[k])) if np.isfinite(spread) else 0.0
        tolerance = max(1e-6 * problem.free[k].quantity.scale, near)
        near_low, near_high = point.x[k] - low[k] <= tolerance, high[k] - point.x[k] <= tolerance
        if (near_low and downhill[k] <= 0.0) or (near_high and downhill[k] >= 0.0):
            held.add(k)
    return held


def _wider_than_allowed(
    problem: Problem, names: Sequence[str], matrix: FloatArray, factor: float, open_: set[int], kept: Sequence[int]
) -> set[int]:
    """Return parameters whose standard error exceeds the whole range they may take."""
    low, high = problem.bounds
    return {
        k
        for k in kept
        if k < len(low) and k not in open_ and np.sqrt(max(matrix[k, k], 0.0)) * factor > high[k] - low[k]
    }


def gradient(
    problem: Problem, point: Point, function: Callable[[Point], Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """Return d(function)/dx by central differences: name -> {address: derivative}.

    Linear parameters count where a model says that its derived quantities follow from them (`derived_from`).
    """
    here = function(point)
    slopes: dict[str, dict[str, float]] = {name: {} for name in here}
    linear = {a: point.evaluation.values[a] for a in problem.linear}
    for j, declared in enumerate(problem.free):
        sizes, sides = problem.sides(j, point.x)
        known, width = [], 0.0
        for size, side in zip(sizes, sides, strict=True):
            try:
                known.append(function(Point(point.x, side.at(side.values.moved(linear)), {})))
                width += size
            except (InputError, RefinementError):  # one-sided where nothing can be calculated beyond
                known.append(here)
        for name, change in _changes(known[0], known[1]).items() if width else ():
            slopes[name][declared.address] = change / width
    for address in sorted({a for model in problem.models.values() for a in model.derived_from} & set(linear)):
        size = step_of(linear[address], 1.0 if linear[address] == 0.0 else 0.0)
        moved = point.evaluation.values.sides(address, size)
        below, above = (function(Point(point.x, point.evaluation.at(v), {})) for v in moved)
        for name, change in _changes(below, above).items():
            slopes[name][address] = change / (2.0 * size)
    return slopes


def _changes(below: Mapping[str, float], above: Mapping[str, float]) -> dict[str, float]:
    """Return by how much numbers differ that both have, those left out that differ by no more than rounding."""
    changes = {name: above[name] - below[name] for name in below.keys() & above.keys()}
    return {n: c for n, c in changes.items() if abs(c) > 1e-12 * max(abs(below[n]), abs(above[n]))}
