"""Sizes of spheres from small angles, no form of their distribution assumed.

    I(q) = ∫ f_V(D) V(D) Φ²(q D/2) dD + background,   f_V ≥ 0

Tikhonov's regularisation with non-negative least squares: the smoothest distribution (least second differences) that
still agrees with the data within their σ (discrepancy principle: Morozov, 1966), or without σ that at the corner of the
L-curve (P. C. Hansen, SIAM Rev. 34, 561 (1992)); or with method = "entropy" the one of most entropy
(`maximum_entropy`), sharper where there is volume and flat where there is none. Both assume spheres, dilute.

Checked against: two lognormal modes put in, noise seeds, measured spheres whose size other programs found, the minimum
by another optimiser (tests/analysis/test_small_angle.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from nanocrystal.analysis.estimate import FloatArray, checked_series
from nanocrystal.analysis.maximum_entropy import Entropic
from nanocrystal.analysis.small_angle import FEWEST, checked_curve
from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares
from nanocrystal.text import csv_text

DRAWS = 30
"""of noise, for the error band of a size distribution"""


@dataclass(frozen=True)
class SizesOptions(Declares):
    """How a distribution of sizes is determined.

    Parameters
    ----------
    smoothing : float or None
        λ or α; None: by the discrepancy principle with sigma, else by the L-curve (entropy: by the noise that the
        smooth one leaves).
    background : bool
        Whether a constant is fitted beside the sizes.
    seed : int
        Of the noise that is drawn for standard errors.
    """

    smoothing: float | None = None
    background: bool = True
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class SphereSizes:
    """A distribution of diameters of spheres on a grid.

    Parameters
    ----------
    diameter : array (n,)
        Å.
    volume_density : array (n,)
        Part of the volume per ångström of diameter, 1/Å.
    volume_density_stderr : array (n,)
        Its standard error by drawing noise, 1/Å; what the smoothing hides is not in it.
    calculated : array (n_q,)
        Fitted intensity.
    background : float
        In the unit of the intensity.
    forward : float
        ∫ f_V dD as fitted, in the unit of the intensity over Å³.
    smoothing : float
        λ or α.
    chi2_red : float
        χ² over the number of points.
    remarks : tuple of str
        Sentences on what to mind.
    method : str
        "smooth" or "entropy".
    """

    diameter: FloatArray
    volume_density: FloatArray
    volume_density_stderr: FloatArray
    calculated: FloatArray
    background: float
    forward: float
    smoothing: float
    chi2_red: float
    remarks: tuple[str, ...]
    method: str = "smooth"

    @property
    def number_density(self) -> FloatArray:
        """Part of the number of spheres per ångström of diameter, (n,) 1/Å."""
        with np.errstate(divide="ignore"):
            by_number = self.volume_density / self.diameter**3
        return np.asarray(by_number / (by_number @ _trapezoid(self.diameter)))

    def mean(self, low: float = 0.0, high: float = np.inf) -> float:
        """Return the volume-weighted mean diameter of what lies between low and high, Å."""
        inside = (self.diameter >= low) & (self.diameter <= high)
        weight = self.volume_density[inside]
        return float(weight @ self.diameter[inside] / weight.sum())

    def std(self, low: float = 0.0, high: float = np.inf) -> float:
        """Return the volume-weighted standard deviation of what lies between low and high, Å."""
        inside = (self.diameter >= low) & (self.diameter <= high)
        weight, mean = self.volume_density[inside], self.mean(low, high)
        return float(np.sqrt(weight @ (self.diameter[inside] - mean) ** 2 / weight.sum()))

    def volume_part(self, low: float, high: float) -> float:
        """Return the part of the volume between two diameters."""
        inside = (self.diameter >= low) & (self.diameter <= high)
        return float(self.volume_density[inside].sum() / self.volume_density.sum())

    def __repr__(self) -> str:
        lines = [f"SphereSizes(volume-weighted mean {self.mean():.4g} Å, standard deviation {self.std():.3g} Å)"]
        return "\n  ".join([*lines, *self.remarks])

    def to_csv(self) -> str:
        """Return one row for each diameter."""
        return csv_text(
            {
                "diameter (Å)": self.diameter,
                "volume_density (1/Å)": self.volume_density,
                "volume_density_stderr (1/Å)": self.volume_density_stderr,
                "number_density (1/Å)": self.number_density,
            }
        )


def sphere_sizes(
    q: ArrayLike,
    intensity: ArrayLike,
    sigma: ArrayLike | None = None,
    diameter: ArrayLike | None = None,
    method: Literal["smooth", "entropy"] = "smooth",
    options: SizesOptions | None = None,
) -> SphereSizes:
    """Return the smoothest distribution of diameters of spheres that agrees with the data, or that of most entropy.

    Both assume dilute spheres. Without sigma all points count by 3 % of their intensity, those of the lowest tenth
    alike.

    Parameters
    ----------
    q : array (n_q,)
        Å⁻¹, ascending.
    intensity : array (n_q,)
        In any unit; negative intensities are data like others.
    sigma : array (n_q,), optional
        Standard deviations.
    diameter : array (n,), optional
        The grid, Å, ascending [from 0.7 π/q_max to π/q_min].
    method : str, optional
        "smooth" or "entropy".
    options : SizesOptions, optional
        Smoothing, background, seed.

    Returns
    -------
    SphereSizes
        The distribution by volume, with the curve.

    Raises
    ------
    InputError
        For data or grids that cannot be used.

    References
    ----------
    P. C. Hansen, SIAM Rev. 34, 561 (1992), for the L-curve; J. A. Potton, G. J. Daniell & B. D. Rainford, J. Appl.
    Cryst. 21, 663 (1988), for entropy.
    """
    options = options or SizesOptions()
    smoothing, background = options.smoothing, options.background
    x, y, s = checked_curve("sphere_sizes", q, intensity, sigma)
    if method not in ("smooth", "entropy"):
        raise InputError("sphere_sizes, method", f'must be "smooth" or "entropy", got {method!r}.')
    if sigma is None:
        if not (y > 0.0).sum() >= FEWEST:
            raise InputError("sphere_sizes, intensity", "has hardly any point above 0.")
        s = 0.03 * np.maximum(np.abs(y), np.quantile(np.abs(y), 0.1))
    grid = _diameters(x, diameter)
    kernel = _kernel(x, grid, background) / s[:, None]
    smooth = _Regularised(kernel, y / s, _second_differences(len(grid), kernel.shape[1]))
    problem: _Regularised | Entropic = smooth
    remarks: list[str] = []
    if method == "entropy":
        problem, smoothing, remarks = _entropic(smooth, grid, smoothing, sigma is not None)
    elif smoothing is None:
        smoothing, remarks = smooth.by_discrepancy() if sigma is not None else smooth.by_l_curve()
    vector = problem.solution(smoothing)
    scale = vector[: len(grid)] @ _trapezoid(grid)
    if not scale > 0.0:
        raise InputError("sphere_sizes, intensity", "holds no spheres of these diameters; give other diameters.")
    chi2 = problem.misfit(vector)
    rng = np.random.default_rng(options.seed)
    noise = max(1.0, np.sqrt(chi2 / len(x))) if sigma is not None else np.sqrt(chi2 / len(x))
    fitted = problem.kernel @ vector
    draws = np.array(
        [replace(problem, data=fitted + noise * rng.standard_normal(len(x))).solution(smoothing) for _ in range(DRAWS)]
    )[:, : len(grid)]
    at_edge = vector[: len(grid)][-3:].max() > 0.1 * vector[: len(grid)].max()
    if at_edge:
        remarks.append(f"there is volume at the largest diameter, {grid[-1]:.4g} Å: larger spheres, or aggregates.")
    return SphereSizes(
        diameter=grid,
        volume_density=vector[: len(grid)] / scale,
        volume_density_stderr=draws.std(axis=0) / scale,
        calculated=(kernel @ vector) * s,
        background=float(vector[len(grid)]) if background else 0.0,
        forward=float(scale),
        smoothing=float(smoothing),
        chi2_red=float(chi2 / len(x)),
        remarks=tuple(remarks),
        method=method,
    )


def _entropic(
    smooth: _Regularised, grid: FloatArray, strength: float | None, sigma_known: bool
) -> tuple[Entropic, float, list[str]]:
    """Return the problem of most entropy, its α and remarks; σ that are not known are scaled to the noise."""
    smoothing, remarks = smooth.by_discrepancy() if sigma_known else smooth.by_l_curve()
    start = smooth.solution(smoothing)
    unit = 1.0
    if not sigma_known:
        unit = np.sqrt(smooth.misfit(start) / len(smooth.data))
        remarks = [f"no σ were given: the scatter about the smooth solution, {3.0 * unit:.2g} % of the points, is it."]
    measure = _trapezoid(grid)
    mean = float(start[: len(grid)] @ measure / measure.sum())
    if not mean > 0.0:
        raise InputError("sphere_sizes, intensity", "holds no spheres of these diameters; give other diameters.")
    problem = Entropic(kernel=smooth.kernel / unit, data=smooth.data / unit, measure=measure, mean=mean)
    if strength is not None:
        return replace(problem, start=problem.solution(strength)), strength, remarks
    strength, vector = problem.by_discrepancy()
    return replace(problem, start=vector), strength, remarks


def _diameters(q: FloatArray, diameter: ArrayLike | None) -> FloatArray:
    if diameter is None:
        low, high = 0.7 * np.pi / q[-1], min(np.pi / q[0], 200.0 * np.pi / q[-1])
        return np.linspace(low, high, 100)
    (grid,) = checked_series("sphere_sizes", diameter=diameter)
    if len(grid) < 5 or not (grid[0] > 0.0 and np.all(np.diff(grid) > 0.0)):
        raise InputError("sphere_sizes, diameter", "must be at least 5 ascending values above 0 (Å).")
    return grid


def _kernel(q: FloatArray, diameter: FloatArray, background: bool) -> FloatArray:
    """Return what unit volume of spheres of each diameter scatters, times the step of the grid; (n_q, n_columns)."""
    x = np.outer(q, 0.5 * diameter)
    form = (3.0 * (np.sin(x) - x * np.cos(x)) / x**3) ** 2
    columns = form * (np.pi / 6.0 * diameter**3) * _trapezoid(diameter)
    return np.column_stack([columns, np.ones_like(q)]) if background else columns


def _trapezoid(grid: FloatArray) -> FloatArray:
    weights = np.gradient(grid)
    weights[[0, -1]] = 0.5 * (grid[1] - grid[0]), 0.5 * (grid[-1] - grid[-2])
    return np.asarray(weights)


def _second_differences(n: int, n_columns: int) -> FloatArray:
    """Return the operator of second differences, with nothing beyond both ends, (n + 2, n_columns)."""
    rows = np.zeros((n + 2, n_columns))
    for k, value in ((0, 1.0), (1, -2.0), (2, 1.0)):
        rows[np.arange(n) + k, np.arange(n)] += value
    return rows


@dataclass(frozen=True)
class _Regularised:
    """min |A f − d|² + λ |L f|², f ≥ 0; A, d in units of σ."""

    kernel: FloatArray
    data: FloatArray
    roughness: FloatArray

    def solution(self, smoothing: float) -> FloatArray:
        from scipy.optimize import nnls

        norms = np.maximum(np.linalg.norm(self.kernel, axis=0), 1e-300)
        unit = float(np.median(norms[:-1]))  # λ is then a number without unit
        stacked = np.concatenate([self.kernel, np.sqrt(smoothing) * unit * self.roughness])
        columns = np.maximum(np.linalg.norm(stacked, axis=0), 1e-300)
        whole: Any = nnls(stacked / columns, np.concatenate([self.data, np.zeros(len(self.roughness))]), maxiter=5000)
        return np.asarray(whole[0] / columns)

    def misfit(self, vector: FloatArray) -> float:
        return float(np.sum((self.kernel @ vector - self.data) ** 2))

    def by_discrepancy(self) -> tuple[float, list[str]]:
        """Return the largest λ at which χ² is still what the noise explains."""
        n = len(self.data)
        best = self.misfit(self.solution(1e-8))
        allowed = max(n, best) * (1.0 + np.sqrt(2.0 / n) * (0.0 if best < n else 1.0))
        low, high = -8.0, 6.0
        for _ in range(18):
            middle = 0.5 * (low + high)
            if self.misfit(self.solution(10.0**middle)) > allowed:
                high = middle
            else:
                low = middle
        remarks = []
        if best > n * (1.0 + 3.0 * np.sqrt(2.0 / n)):
            remarks.append(
                f"no distribution of spheres agrees with the data within σ (χ²/n = {best / n:.3g} at best): the "
                "particles are no dilute spheres, or σ is too small."
            )
        return 10.0**low, remarks

    def by_l_curve(self) -> tuple[float, list[str]]:
        """Return the λ at the corner of ln |A f − d| against ln |L f|."""
        logs = np.linspace(-8.0, 4.0, 25)
        solutions = [self.solution(10.0**v) for v in logs]
        rho = 0.5 * np.log([self.misfit(f) for f in solutions])
        eta = np.log([max(float(np.linalg.norm(self.roughness @ f)), 1e-300) for f in solutions])
        r1, e1 = np.gradient(rho, logs), np.gradient(eta, logs)
        curvature = (r1 * np.gradient(e1, logs) - np.gradient(r1, logs) * e1) / np.maximum(r1**2 + e1**2, 1e-12) ** 1.5
        remark = "no σ were given: λ is at the corner of the L-curve."
        return float(10.0 ** logs[2 + int(np.argmax(curvature[2:-2]))]), [remark]
