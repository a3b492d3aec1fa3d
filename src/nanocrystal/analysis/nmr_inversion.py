"""Distributions of diffusion coefficients from decays: regularised inversion, with bands from resampling.

    distribution = diffusion_distribution(b, integrals, sigma)   # Tikhonov, α by the corner of the L-curve
    distribution = diffusion_distribution(b, integrals, sigma, method="entropy")
    print(distribution)

I(b) = ∫ f(ln D) exp(−b D) d ln D with f ≥ 0 over a grid of D. Inverting decays is ill-posed: peaks come out as wide as
the noise allows, not as wide as they are, and two coefficients within a factor of 2 to 3 come out as one peak. Where a
few discrete coefficients are plausible, fit these (nmr-diffusion).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nanocrystal.analysis.estimate import checked_series
from nanocrystal.analysis.maximum_entropy import Entropic
from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares
from nanocrystal.text import csv_text

FloatArray = NDArray[np.float64]
Method = Literal["tikhonov", "entropy"]
STRENGTHS = np.geomspace(1e-6, 1e2, 33)
"""α tried for the L-curve, in units of what makes data and smoothness alike heavy"""
SIGNIFICANT = 0.01
"""of the area: smaller peaks are not counted"""


@dataclass(frozen=True)
class DiffusionPeak:
    """A part of a distribution of diffusion coefficients between two minima.

    Parameters
    ----------
    diffusion_um2_per_s : float
        D at the mean of ln D, µm²/s.
    low, high : float
        Its 68 % band, µm²/s.
    fraction : float
        Of the whole area, 0 to 1.
    """

    diffusion_um2_per_s: float
    low: float
    high: float
    fraction: float


@dataclass(frozen=True)
class DiffusionOptions(Declares):
    """How a decay is inverted to a distribution.

    Parameters
    ----------
    limits_um2_per_s : tuple of 2 float or None
        Ends of the grid of D, µm²/s; None: from a tenth of 1/b_max to ten times 1/b_min above 0.
    n_grid : int
        Number of its points, 10 to 1000.
    strength : float or None
        α; None: by the corner of the L-curve, or (entropy) the largest that the noise allows.
    resamples : int
        Decays drawn around the calculated one with σ and inverted with the same α.
    """

    limits_um2_per_s: tuple[float, float] | None = None
    n_grid: int = 80
    strength: float | None = None
    resamples: int = 100


@dataclass(frozen=True, kw_only=True)
class DiffusionDistribution:
    """A distribution of diffusion coefficients over ln D.

    Parameters
    ----------
    diffusion : array (n,)
        D, µm²/s.
    density : array (n,)
        f over ln D, in the unit of the decay.
    low, high : array (n,)
        Central 68 % of the resampled ones.
    method : str
        "tikhonov" or "entropy".
    strength : float
        α.
    chi2_red : float
        χ² over the number of points.
    peaks : tuple of DiffusionPeak
        The largest first.
    calculated : array (n_b,)
        The decay of this distribution.
    resampled : int
        How many times.
    """

    diffusion: FloatArray
    density: FloatArray
    low: FloatArray
    high: FloatArray
    method: Method
    strength: float
    chi2_red: float
    peaks: tuple[DiffusionPeak, ...]
    calculated: FloatArray
    resampled: int

    @property
    def mean(self) -> float:
        """The mean D (µm²/s), by integral: what the beginning of the decay says."""
        return float(self.density @ self.diffusion / self.density.sum())

    def __str__(self) -> str:
        name = "maximum entropy" if self.method == "entropy" else "Tikhonov, not negative, α by the L-curve"
        rows = [
            f"D = {p.diffusion_um2_per_s:.4g} ({p.low:.4g} to {p.high:.4g}) µm²/s, {100.0 * p.fraction:.1f} %"
            for p in self.peaks
        ]
        rows.append(f"mean {self.mean:.4g} µm²/s; {name}, α {self.strength:.2g}, χ²/n {self.chi2_red:.3g}")
        if self.resampled:
            rows.append(f"in brackets the central 68 % of {self.resampled} resampled inversions")
        return "\n".join(rows)

    def to_csv(self) -> str:
        """Return diffusion in µm²/s and m²/s, density over ln D and its band."""
        return csv_text(
            {
                "diffusion_um2_per_s": self.diffusion,
                "diffusion_m2_per_s": self.diffusion * 1e-12,
                "density": self.density,
                "low": self.low,
                "high": self.high,
            }
        )


def diffusion_distribution(
    b_s_per_um2: ArrayLike,
    integrals: ArrayLike,
    sigma: ArrayLike | float,
    *,
    method: Method = "tikhonov",
    options: DiffusionOptions | None = None,
    rng: np.random.Generator | None = None,
) -> DiffusionDistribution:
    """Return the distribution of D behind a decay, I(b) = ∫ f(ln D) exp(−b D) d ln D with f ≥ 0.

    The band says what noise does, not what the regularisation hides.

    Parameters
    ----------
    b_s_per_um2 : array (n_b,)
        b, s/µm²; at least 5 points.
    integrals : array (n_b,)
        I(b), in any unit.
    sigma : array (n_b,) or float
        Standard deviations of the integrals.
    method : str, optional
        "tikhonov", the smoothest, or "entropy", the one of most entropy.
    options : DiffusionOptions, optional
        Grid, strength and resamples.
    rng : numpy.random.Generator, optional
        Of the resamples [seed 0].

    Returns
    -------
    DiffusionDistribution
        The distribution, its peaks, and a band.

    Raises
    ------
    InputError
        For arrays and options that cannot be used.

    References
    ----------
    A. N. Tikhonov, Sov. Math. Dokl. 4, 1035 (1963); L-curve: P. C. Hansen, SIAM Rev. 34, 561 (1992); entropy: J.
    Skilling & R. K. Bryan, Mon. Not. R. Astron. Soc. 211, 111 (1984).
    """
    b, y = checked_series("diffusion_distribution", b_s_per_um2=b_s_per_um2, integrals=integrals)
    spread = np.broadcast_to(np.asarray(sigma, dtype=np.float64), b.shape)
    if len(b) < 5:
        raise InputError("b_s_per_um2", f"must be at least 5 points, got {len(b)}.")
    if b.min() < 0.0 or not b.max() > 0.0:
        raise InputError("b_s_per_um2", "must be at least 0, and above 0 somewhere.")
    if not (np.isfinite(spread).all() and (spread > 0.0).all()):
        raise InputError("sigma", "must be above 0 everywhere.")
    if method not in ("tikhonov", "entropy"):
        raise InputError("method", f"must be tikhonov or entropy, got {method!r}.")
    options = options or DiffusionOptions()
    grid = _grid(b, options.limits_um2_per_s, options.n_grid)
    step = float(np.log(grid[1] / grid[0]))
    kernel = np.exp(-np.outer(b, grid)) * step / spread[:, None]
    solve = partial(_smooth, kernel) if method == "tikhonov" else partial(_entropic, kernel, step, float(y.max()))
    alpha, density = solve(y / spread, options.strength)
    calculated = kernel @ density
    generator = rng or np.random.default_rng(0)
    noise = generator.standard_normal((options.resamples, len(b)))
    centre = (
        solve(calculated, alpha)[1] if options.resamples else density
    )  # what smoothing twice alone does is no noise
    drawn = [np.maximum(density + solve(calculated + e, alpha)[1] - centre, 0.0) for e in noise]
    low, high = np.quantile(drawn, (0.15865, 0.84135), axis=0) if drawn else (density, density)
    misfit = float(np.mean((y / spread - calculated) ** 2))
    peaks = _peaks(grid, density, np.array(drawn).reshape(-1, len(grid)))
    return DiffusionDistribution(
        diffusion=grid,
        density=density,
        low=low,
        high=high,
        method=method,
        strength=alpha,
        chi2_red=misfit,
        peaks=peaks,
        calculated=calculated * spread,
        resampled=len(drawn),
    )


def _grid(b: FloatArray, limits: tuple[float, float] | None, n_grid: int) -> FloatArray:
    low, high = limits or (0.1 / float(b.max()), 10.0 / float(b[b > 0.0].min()))
    if not 0.0 < low < high:
        raise InputError("limits_um2_per_s", f"must be above 0 and ascend, got {low:g} and {high:g}.")
    if not 10 <= n_grid <= 1000:
        raise InputError("n_grid", f"must be from 10 to 1000, got {n_grid}.")
    return np.geomspace(low, high, n_grid)


# ---- Tikhonov -------------------------------------------------------------------------------------


def _smooth(kernel: FloatArray, data: FloatArray, strength: float | None) -> tuple[float, FloatArray]:
    """Return α and min |K f − d|² + α |L f|², f ≥ 0, L second differences that see f as 0 outside of the grid.

    A. N. Tikhonov, Sov. Math. Dokl. 4, 1035 (1963). α left out: where the L-curve, log |L f| against log |K f − d|, is
    bent most (P. C. Hansen, SIAM Rev. 34, 561 (1992)).
    """
    rough = _second_differences(kernel.shape[1])
    unit = float((kernel**2).sum() / (rough**2).sum())
    if strength is not None:
        return strength, _not_negative(kernel, data, rough, strength * unit)
    solutions = [_not_negative(kernel, data, rough, a * unit) for a in STRENGTHS]
    misfit = np.log([max(float(np.linalg.norm(kernel @ f - data)), 1e-12) for f in solutions])
    size = np.log([max(float(np.linalg.norm(rough @ f)), 1e-12) for f in solutions])
    k = _corner(misfit, size)
    return float(STRENGTHS[k]), solutions[k]


def _second_differences(n: int) -> FloatArray:
    return np.asarray(2.0 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1))


def _not_negative(kernel: FloatArray, data: FloatArray, rough: FloatArray, alpha: float) -> FloatArray:
    from scipy.optimize import nnls

    stacked = np.concatenate([kernel, np.sqrt(alpha) * rough])
    density, _ = nnls(stacked, np.concatenate([data, np.zeros(len(rough))]), maxiter=50 * kernel.shape[1])
    return np.asarray(density)


def _corner(misfit: FloatArray, size: FloatArray) -> int:
    """Return where the curve (misfit, size), both logarithms, is bent most towards the origin."""
    x, y = np.gradient(misfit), np.gradient(size)
    xx, yy = np.gradient(x), np.gradient(y)
    speed = np.maximum((x**2 + y**2) ** 1.5, 1e-9)
    curvature = (x * yy - y * xx) / speed
    return int(np.argmax(curvature[2:-2])) + 2


# ---- maximum entropy ------------------------------------------------------------------------------


def _entropic(
    kernel: FloatArray, step: float, beginning: float, data: FloatArray, strength: float | None
) -> tuple[float, FloatArray]:
    """Return α and the distribution of most entropy, at the largest α that the noise allows where it is not given.

    beginning: of the decay, from which the level follows that f has where the data say nothing.
    """
    n = kernel.shape[1]
    problem = Entropic(kernel=kernel, data=data, measure=np.full(n, step), mean=max(beginning, 1e-12) / (step * n))
    with np.errstate(divide="ignore", invalid="ignore", under="ignore"):  # f far below the level is 0
        return (strength, problem.solution(strength)) if strength is not None else problem.by_discrepancy()


# ---- peaks ----------------------------------------------------------------------------------------


def _peaks(grid: FloatArray, density: FloatArray, drawn: FloatArray) -> tuple[DiffusionPeak, ...]:
    """Return the parts between minima, the largest first, with bands from what was drawn in the same parts."""
    total = float(density.sum())
    if not total > 0.0:
        return ()
    inner = np.flatnonzero((density[1:-1] <= density[:-2]) & (density[1:-1] < density[2:])) + 1
    peaks = []
    for part in np.split(np.arange(len(grid)), inner):
        weight = density[part]
        if weight.sum() < SIGNIFICANT * total:
            continue
        centre = float(np.exp(weight @ np.log(grid[part]) / weight.sum()))
        others = drawn[:, part]
        others = others[others.sum(axis=1) > 0.0]
        centres = np.exp(others @ np.log(grid[part]) / others.sum(axis=1)) if len(others) else np.array([np.nan])
        low, high = np.quantile(centres, (0.15865, 0.84135))
        peaks.append(DiffusionPeak(centre, float(low), float(high), float(weight.sum() / total)))
    return tuple(sorted(peaks, key=lambda p: -p.fraction))
