"""The probability density of the nonlinear parameters, with the linear ones integrated out exactly.

With Gaussian noise, Φ the weighted linear curves at x and flat priors (inside the bounds for x, without any for
the linear c), the integral over c is that of a Gaussian:
    log p(x | data) = −χ²(x)/2 − log det(ΦᵀΦ)/2 + constant, χ²(x) with the c that fit best,
and c given x is normal about these with the covariance (ΦᵀΦ)⁻¹. Where σ is not known it is s times the weights'
inverse root, the prior of s is 1/s, and integrating over it too leaves −(n − n_linear)/2 · log χ²(x) instead of
−χ²(x)/2 (A. Gelman et al., Bayesian Data Analysis, 3rd ed., CRC 2013, ch. 14).

Of counts χ² is the deviance, −2 log of Poisson's likelihood, at the likeliest c, and Φ is weighed by the counts that
are expected there: the integral over c is Laplace's, right to the order of one over the number of counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, RefinementError
from nanocrystal.refinement.problem import Point, Problem

FloatArray = NDArray[np.float64]
COLLINEAR = 1e-12
"""of the largest eigenvalue: linear curves that differ by less are one"""
ROUNDS = 2
"""solutions of the linear parameters with the weights of counted points that the one before expects"""
BOUNDLESS = 1e4
"""times its value, or the scale of its changes: a standard deviation of a parameter that nothing holds"""


@dataclass(frozen=True)
class Density:
    """log p at one x (constant left out), and the normal law of the linear parameters there.

    linear: (n_linear,) those that fit best; spread: (n_linear, n_linear), their covariance for weights 1 is
    spread spreadᵀ; chi2: with the weights of the data, of counts the deviance. impossible: log p is −∞, and
    the others mean nothing.
    """

    log_density: float
    chi2: float
    linear: FloatArray
    spread: FloatArray


class LogPosterior:
    """log p(x | data) of a problem.

    factor: what the σ of the data are multiplied by (1: as they are given); without σ the noise is unknown and
    integrated over, and factor means nothing.
    """

    def __init__(self, problem: Problem, factor: float = 1.0) -> None:
        self.problem = problem
        self.factor = factor
        self.n_linear = len(problem.linear)
        self.freedom = problem.n_points - self.n_linear
        self._places = {a: k for k, a in enumerate(problem.linear)}
        self._bounds = problem.bounds

    @property
    def noise_known(self) -> bool:
        """Whether every data set brings σ."""
        return self.problem.has_sigmas

    def inside(self, x: FloatArray) -> bool:
        """Say whether x, (n_free,), lies within the bounds."""
        low, high = self._bounds
        return bool(np.all((x >= low) & (x <= high)))

    def __call__(self, x: FloatArray) -> Density:
        """Return the density at x, (n_free,); −∞ outside the bounds and where nothing can be calculated."""
        if not self.inside(x):
            return self.impossible
        try:
            point, problem = self.problem.point(x), self.problem
            for _ in range(ROUNDS if problem.is_counted else 0):
                problem = problem.expecting(point)
                point = problem.point(x)
        except (InputError, RefinementError):
            return self.impossible
        return self._of(point, problem)

    @property
    def impossible(self) -> Density:
        """The density where there is none."""
        n = self.n_linear
        return Density(-np.inf, np.inf, np.zeros(n), np.zeros((n, n)))

    def _of(self, point: Point, problem: Problem) -> Density:
        linear, spread, log_det = np.zeros(self.n_linear), np.zeros((self.n_linear, self.n_linear)), 0.0
        for name, fitted in point.datasets.items():
            rows = list(fitted.free_rows)
            if not rows:
                continue
            places = [self._places[self.problem.models[name].linear[k]] for k in rows]
            linear[places] = fitted.coefficients[rows]
            root, part = _gaussian(problem.whitened(name, fitted.curves[rows]))
            spread[np.ix_(places, places)] = root
            log_det += part
        chi2 = point.misfit
        if self.noise_known:
            main = -0.5 * chi2 / self.factor**2
        else:
            main = -0.5 * self.freedom * float(np.log(chi2)) if chi2 > 0.0 else np.inf
        return Density(main - 0.5 * log_det, chi2, linear, spread)

    def drawn_linear(self, density: Density, rng: np.random.Generator) -> FloatArray:
        """Return linear parameters (n_linear,) drawn from their normal law at the place of this density."""
        if not self.n_linear or not np.isfinite(density.log_density):
            return density.linear
        noise = self.factor if self.noise_known else float(np.sqrt(density.chi2 / rng.chisquare(self.freedom)))
        return np.asarray(density.linear + noise * (density.spread @ rng.normal(size=self.n_linear)))


def _gaussian(rows: FloatArray) -> tuple[FloatArray, float]:
    """Return a root of (ΦᵀΦ)⁻¹ and log det(ΦᵀΦ) of the free linear curves of a data set, whitened (n_free, n).

    Combinations that curves which are one leave open are held, in both.
    """
    norms = np.linalg.norm(rows, axis=1)
    norms = np.where(norms > 0.0, norms, 1.0)
    values, vectors = np.linalg.eigh((rows / norms[:, None]) @ (rows / norms[:, None]).T)
    good = values > COLLINEAR * values[-1]
    inverse = np.where(good, 1.0 / np.sqrt(np.where(good, values, 1.0)), 0.0)
    log_det = 2.0 * float(np.log(norms).sum()) + float(np.log(values[good]).sum())
    return (vectors * inverse) / norms[:, None], log_det


# ---- where the sampling begins ----------------------------------------------------------------------


@dataclass(frozen=True)
class Laplace:
    """The normal law of the quadratic approximation at the fit; centre: (n,), root: (n, n), covariance root rootᵀ."""

    centre: FloatArray
    root: FloatArray

    def at(self, whitened: FloatArray) -> FloatArray:
        """Return where whitened coordinates are, (m, n): those in which this law is of mean 0 and covariance 1."""
        return np.asarray(self.centre + whitened @ self.root.T)

    def whitened(self, places: FloatArray) -> FloatArray:
        """Return the whitened coordinates of places, (m, n)."""
        return np.asarray(np.linalg.solve(self.root, (places - self.centre).T).T)

    def drawn(self, rng: np.random.Generator, n: int, bounds: tuple[FloatArray, FloatArray]) -> FloatArray:
        """Return n places (n, n_free) drawn from it within the bounds; folded back where that hardly ever happens."""
        low, high = bounds
        places = self.centre + rng.normal(size=(n, len(self.centre))) @ self.root.T
        for _ in range(200):
            outside = np.flatnonzero(~np.all((places >= low) & (places <= high), axis=1))
            if not len(outside):
                return places
            places[outside] = self.centre + rng.normal(size=(len(outside), len(self.centre))) @ self.root.T
        return np.asarray(np.clip(places, low, high))


def laplace(problem: Problem, point: Point, factor: float) -> Laplace:
    """Return the normal law about the fit that the Jacobian gives; a flat prior between bounds counts as its variance.

    factor: what the σ of the data (or the weights) are multiplied by. Raises InputError for a parameter that neither
    the data nor bounds hold.
    """
    jacobian = problem.projected_jacobian(point, problem.derivatives(point)) / factor
    low, high = problem.bounds
    width = high - low
    precision = jacobian.T @ jacobian
    prior = np.where(np.isfinite(width), 12.0 / np.where(np.isfinite(width), width, 1.0) ** 2, 0.0)
    size = 1.0 / np.sqrt(np.maximum(np.diag(precision) + prior, 1e-300))
    scaled = precision * np.outer(size, size)
    weights, directions = np.linalg.eigh(scaled + np.diag(prior * size**2))
    root = size[:, None] * directions / np.sqrt(np.maximum(weights, 1e-300))
    reach = np.array([max(abs(v), d.quantity.scale) for v, d in zip(point.x, problem.free, strict=True)])
    spread = np.linalg.norm(root, axis=1) / reach
    if weights[0] < 1e-10 * weights[-1] or spread.max() > BOUNDLESS:
        raise InputError(
            problem.free[int(np.argmax(spread))].address,
            "is not determined by the data and has no bounds, so its probability has no end; give min and max, or "
            "fix it.",
        )
    return Laplace(point.x.copy(), root)
