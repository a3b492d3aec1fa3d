"""Small-angle scattering without a model: Guinier, Porod, invariant, and sizes of spheres without an assumed form.

    Guinier      I(q) = I0 exp(−q² Rg²/3)                      for q Rg below about 1.3
    Porod        I(q) = K/q⁴ + background                      where q is large against 1/size
    invariant    Q* = ∫ q² I(q) dq                             Guinier below, Porod beyond the data
    surface      S/V = π K/Q*                                  of a dilute phase with sharp surfaces (times 1 − φ)
    sizes        I(q) = ∫ f_V(D) V(D) Φ²(q D/2) dD + background   f_V ≥ 0, as smooth as the data allow

Guinier & Fournet, Small-Angle Scattering of X-rays (Wiley, 1955); G. Porod, Kolloid-Z. 124, 83 (1951). The size
distribution is that of Tikhonov's regularisation with non-negative least squares: the smoothest one (least second
differences) that still agrees with the data within their σ (discrepancy principle: Morozov, 1966), or without σ that at
the corner of the L-curve (P. C. Hansen, SIAM Rev. 34, 561 (1992)); or with method = "entropy" the one of most entropy
(`maximum_entropy`), which is sharper where there is volume and flat where there is none. Both assume spheres, dilute.

Checked against: spheres by hand (Rg = √(3/5) R, K = 2π S, Q* = 2π² V, S/V = 3/R), 100 noise seeds for standard errors,
two lognormal modes put in, measured spheres whose size other programs found (tests/test_analysis_small_angle.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nanocrystal.analysis.estimate import Estimate, FloatArray, checked_series, csv_text
from nanocrystal.analysis.maximum_entropy import Entropic
from nanocrystal.errors import InputError

GUINIER_LIMIT = 1.3
"""q Rg up to which Guinier's law holds for compact bodies"""
FEWEST = 4
DRAWS = 30
"""of noise, for the error band of a size distribution"""


# ---- Guinier ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GuinierFit:
    """Radius of gyration and forward intensity.

    q_range: Å⁻¹, the points used; q_rg: q Rg at both ends; chi2_red: NaN without sigmas; remarks: sentences.
    """

    rg: Estimate
    i0: Estimate
    q_range: tuple[float, float]
    q_rg: tuple[float, float]
    n_points: int
    chi2_red: float
    remarks: tuple[str, ...]

    @property
    def sphere_diameter(self) -> Estimate:
        """The diameter of the sphere that has this radius of gyration, 2 √(5/3) Rg, Å."""
        f = 2.0 * np.sqrt(5.0 / 3.0)
        return Estimate(f * self.rg.value, f * self.rg.stderr, f * self.rg.stderr_scaled, "Å")

    def __repr__(self) -> str:
        lines = [
            f"GuinierFit(Rg = {self.rg}, I0 = {self.i0}; {self.n_points} points, q Rg from {self.q_rg[0]:.2f} to "
            f"{self.q_rg[1]:.2f})",
            *self.remarks,
        ]
        return "\n  ".join(lines)


def guinier(
    q: ArrayLike, intensity: ArrayLike, sigma: ArrayLike | None = None, q_range: tuple[float, float] | None = None,
    limit: float = GUINIER_LIMIT,
) -> GuinierFit:  # fmt: skip
    """Fit ln I = ln I0 − q² Rg²/3 by weighted least squares.

    q: (n,) Å⁻¹, ascending; intensity, sigma: (n,); q_range: the points, or None: from the first one up to
    q Rg = `limit`, found by iteration. Points that are not positive have no logarithm and are left out, with a remark.
    Raises InputError where too few points are left, or where the intensity does not fall.
    """
    x, y, s = _checked("guinier", q, intensity, sigma)
    remarks = []
    positive = y > 0.0
    if not positive.all():
        n = int((~positive).sum())
        remarks.append(f"{n} point{'s are' if n > 1 else ' is'} not positive and left out: there is no logarithm.")
    x, y, s = x[positive], y[positive], s[positive]
    weight = (y / s) ** 2 if sigma is not None else np.ones_like(y)
    if q_range is not None:
        used = (x >= q_range[0]) & (x <= q_range[1])
    else:
        used = _guinier_window(x, np.log(y), weight, limit)
    if used.sum() < FEWEST:
        raise InputError(
            "guinier, q",
            f"leaves {int(used.sum())} points; at least {FEWEST} below q Rg = {limit:g} are needed: measure to "
            "smaller q.",
        )
    fit = _line(x[used] ** 2, np.log(y[used]), weight[used])
    if not fit.slope < 0.0:
        raise InputError(
            "guinier, intensity", "does not fall with q over these points, so there is no Rg; choose q_range."
        )
    rg = float(np.sqrt(-3.0 * fit.slope))
    scaled = max(1.0, np.sqrt(fit.chi2_red)) if sigma is not None else np.sqrt(fit.chi2_red)
    errors = 1.5 / rg * fit.errors[1], np.exp(fit.offset) * fit.errors[0]
    first = 1.0 if sigma is not None else scaled
    ends = (float(x[used][0] * rg), float(x[used][-1] * rg))
    if ends[1] > 1.05 * limit:
        remarks.append(f"q Rg reaches {ends[1]:.2f}, beyond {limit:g}, where Guinier's law of compact bodies ends.")
    if ends[0] > 0.65:
        remarks.append(f"q Rg begins at {ends[0]:.2f}; smaller q would show whether larger things are there.")
    return GuinierFit(
        Estimate(rg, float(errors[0] * first), float(errors[0] * scaled), "Å"),
        Estimate(float(np.exp(fit.offset)), float(errors[1] * first), float(errors[1] * scaled)),
        (float(x[used][0]), float(x[used][-1])), ends, int(used.sum()),
        float(fit.chi2_red) if sigma is not None else np.nan, tuple(remarks),
    )  # fmt: skip


@dataclass(frozen=True)
class _Line:
    offset: float
    slope: float
    errors: tuple[float, float]
    chi2_red: float


def _line(x: FloatArray, y: FloatArray, weight: FloatArray) -> _Line:
    """Return the straight line by weighted least squares, and the errors of offset and slope."""
    design = np.stack([np.ones_like(x), x])
    covariance = np.linalg.inv(design * weight @ design.T)
    offset, slope = covariance @ (design * weight @ y)
    residual = y - offset - slope * x
    chi2_red = float(weight @ residual**2) / max(len(x) - 2, 1)
    errors = np.sqrt(np.diag(covariance))
    return _Line(float(offset), float(slope), (float(errors[0]), float(errors[1])), chi2_red)


def _guinier_window(x: FloatArray, log_y: FloatArray, weight: FloatArray, limit: float) -> NDArray[np.bool_]:
    """Return which points lie below q Rg = limit with the Rg that they give themselves.

    The window grows from the first points, so that it ends at the first one that agrees with itself.
    """
    used = np.zeros(len(x), dtype=bool)
    for n in range(FEWEST, len(x) + 1):
        slope = _line(x[:n] ** 2, log_y[:n], weight[:n]).slope
        if slope < 0.0 and x[n - 1] * np.sqrt(-3.0 * slope) > limit:
            used[: n - 1] = True
            return used
    used[:] = True
    return used


# ---- Porod and the invariant ------------------------------------------------------------------------


@dataclass(frozen=True)
class PorodFit:
    """Porod's constant K (intensity Å⁻⁴) and the constant background below it; q_range: Å⁻¹."""

    constant: Estimate
    background: Estimate
    q_range: tuple[float, float]
    n_points: int
    chi2_red: float

    def __repr__(self) -> str:
        return f"PorodFit(K = {self.constant}, background = {self.background}; {self.n_points} points)"


def porod(q: ArrayLike, intensity: ArrayLike, q_range: tuple[float, float], sigma: ArrayLike | None = None) -> PorodFit:
    """Fit I = K/q⁴ + background over a range of large q; raises InputError for fewer than four points in it.

    Where the sizes are narrow the curve still oscillates about Porod's law: use a range of several oscillations.
    """
    x, y, s = _checked("porod", q, intensity, sigma)
    used = (x >= q_range[0]) & (x <= q_range[1])
    if used.sum() < FEWEST:
        raise InputError("porod, q_range", f"holds {int(used.sum())} points; at least {FEWEST} are needed.")
    weight = s[used] ** -2.0 if sigma is not None else x[used] ** 8  # without σ: all of I q⁴ alike
    fit = _line(x[used] ** -4.0, y[used], weight)
    scaled = max(1.0, np.sqrt(fit.chi2_red)) if sigma is not None else np.sqrt(fit.chi2_red)
    first = 1.0 if sigma is not None else scaled
    return PorodFit(
        Estimate(fit.slope, fit.errors[1] * first, fit.errors[1] * scaled),
        Estimate(fit.offset, fit.errors[0] * first, fit.errors[0] * scaled),
        (float(x[used][0]), float(x[used][-1])), int(used.sum()), fit.chi2_red if sigma is not None else np.nan,
    )  # fmt: skip


@dataclass(frozen=True)
class Invariant:
    """∫ q² I dq, in the unit of I times Å⁻³, and its parts below, within and beyond the data."""

    value: Estimate
    below: float
    within: float
    beyond: float

    def __repr__(self) -> str:
        parts = f"{self.below / self.value.value:.1%} below, {self.beyond / self.value.value:.1%} beyond the data"
        return f"Invariant({self.value}; {parts})"


def invariant(
    q: ArrayLike, intensity: ArrayLike, low: GuinierFit, high: PorodFit, sigma: ArrayLike | None = None
) -> Invariant:
    """Return the invariant: Guinier's law up to the points of its fit, trapezoids, Porod's law beyond its fit.

    The background of Porod's law is taken off. Standard errors hold the noise of the points and of Porod's constant.
    """
    from scipy.integrate import quad

    x, y, s = _checked("invariant", q, intensity, sigma)
    inside = (x >= low.q_range[0]) & (x <= high.q_range[1])
    x, y, s = x[inside], y[inside] - high.background.value, s[inside]
    if len(x) < FEWEST:
        raise InputError("invariant, q", "must hold points between those of the fits by Guinier and by Porod.")
    weights = np.gradient(x)
    weights[[0, -1]] = 0.5 * (x[1] - x[0]), 0.5 * (x[-1] - x[-2])
    within = float(weights @ (x**2 * y))
    rg, i0 = low.rg.value, low.i0.value
    below = float(quad(lambda k: k * k * i0 * np.exp(-((k * rg) ** 2) / 3.0), 0.0, x[0])[0])
    beyond = high.constant.value / float(x[-1])
    total = below + within + beyond
    noise = float(np.sum((weights * x**2 * s) ** 2)) if sigma is not None else 0.0
    error = float(np.sqrt(noise + (high.constant.stderr / x[-1]) ** 2))
    error = error if sigma is not None else np.nan
    return Invariant(Estimate(total, error, error), below, within, beyond)


def specific_surface(porod_fit: PorodFit, whole: Invariant, volume_fraction: float = 0.0) -> Estimate:
    """Return the surface over the volume of the particles, Å⁻¹: π K/Q* (1 − φ)."""
    if not 0.0 <= volume_fraction < 1.0:
        raise InputError(
            "specific_surface, volume_fraction", f"must be at least 0 and below 1, got {volume_fraction:g}."
        )
    value = np.pi * porod_fit.constant.value / whole.value.value * (1.0 - volume_fraction)
    relative = np.hypot(
        porod_fit.constant.stderr_scaled / porod_fit.constant.value,
        np.nan_to_num(whole.value.stderr / whole.value.value),
    )
    return Estimate(float(value), float(value * relative), float(value * relative), "Å⁻¹")


# ---- sizes without a form ---------------------------------------------------------------------------


@dataclass(frozen=True)
class SphereSizes:
    """A distribution of diameters of spheres, on a grid (n,).

    volume_density: part of the volume per ångström of diameter, and its standard error by drawing noise (what the
    smoothing hides is not in it); number_density: likewise by number, 1/Å. method: "smooth" or "entropy"; smoothing: λ
    or α of it. forward: ∫ f_V dD as fitted, in the unit of the intensity over Å³.
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
        return csv_text({
            "diameter (Å)": self.diameter, "volume_density (1/Å)": self.volume_density,
            "volume_density_stderr (1/Å)": self.volume_density_stderr, "number_density (1/Å)": self.number_density,
        })  # fmt: skip


def sphere_sizes(
    q: ArrayLike, intensity: ArrayLike, sigma: ArrayLike | None = None, diameter: ArrayLike | None = None,
    smoothing: float | None = None, background: bool = True, seed: int = 0,
    method: Literal["smooth", "entropy"] = "smooth",
) -> SphereSizes:  # fmt: skip
    """Return the smoothest distribution of diameters of spheres that agrees with the data, or that of most entropy.

    q: (n,) Å⁻¹; intensity, sigma: (n,), negative intensities are data like others; diameter: (m,) Å, ascending, or
    None: from 0.7 π/q_max to π/q_min. smoothing: λ or α, or None: by the discrepancy principle with sigma, else by the
    L-curve (entropy: by the noise that the smooth one leaves). Without sigma all points count by 3 % of their
    intensity, those of the lowest tenth alike. Raises InputError for data or grids that cannot be used.
    """
    x, y, s = _checked("sphere_sizes", q, intensity, sigma)
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
    found = problem.solution(smoothing)
    scale = found[: len(grid)] @ _trapezoid(grid)
    if not scale > 0.0:
        raise InputError("sphere_sizes, intensity", "holds no spheres of these diameters; give other diameters.")
    chi2 = problem.misfit(found)
    rng = np.random.default_rng(seed)
    noise = max(1.0, np.sqrt(chi2 / len(x))) if sigma is not None else np.sqrt(chi2 / len(x))
    fitted = problem.kernel @ found
    draws = np.array([
        replace(problem, data=fitted + noise * rng.standard_normal(len(x))).solution(smoothing) for _ in range(DRAWS)
    ])[:, : len(grid)]  # fmt: skip
    at_edge = found[: len(grid)][-3:].max() > 0.1 * found[: len(grid)].max()
    if at_edge:
        remarks.append(f"there is volume at the largest diameter, {grid[-1]:.4g} Å: larger spheres, or aggregates.")
    return SphereSizes(
        grid, found[: len(grid)] / scale, draws.std(axis=0) / scale, (kernel @ found) * s,
        float(found[len(grid)]) if background else 0.0, float(scale), float(smoothing), float(chi2 / len(x)),
        tuple(remarks), method,
    )  # fmt: skip


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
    problem = Entropic(smooth.kernel / unit, smooth.data / unit, measure, mean)
    if strength is not None:
        return replace(problem, start=problem.solution(strength)), strength, remarks
    strength, found = problem.by_discrepancy()
    return replace(problem, start=found), strength, remarks


def _diameters(q: FloatArray, given: ArrayLike | None) -> FloatArray:
    if given is None:
        low, high = 0.7 * np.pi / q[-1], min(np.pi / q[0], 200.0 * np.pi / q[-1])
        return np.linspace(low, high, 100)
    (grid,) = checked_series("sphere_sizes", diameter=given)
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

    def misfit(self, found: FloatArray) -> float:
        return float(np.sum((self.kernel @ found - self.data) ** 2))

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
        found = [self.solution(10.0**v) for v in logs]
        rho = 0.5 * np.log([self.misfit(f) for f in found])
        eta = np.log([max(float(np.linalg.norm(self.roughness @ f)), 1e-300) for f in found])
        r1, e1 = np.gradient(rho, logs), np.gradient(eta, logs)
        curvature = (r1 * np.gradient(e1, logs) - np.gradient(r1, logs) * e1) / np.maximum(r1**2 + e1**2, 1e-12) ** 1.5
        remark = "no σ were given: λ is at the corner of the L-curve."
        return float(10.0 ** logs[2 + int(np.argmax(curvature[2:-2]))]), [remark]


def _checked(
    where: str, q: ArrayLike, intensity: ArrayLike, sigma: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return q, intensity and σ (ones without); raises InputError for what is no curve over q above 0."""
    x, y, s = checked_series(where, q=q, intensity=intensity, sigma=sigma)
    if len(x) < FEWEST or not np.all(np.diff(x) > 0.0):
        raise InputError(f"{where}, q", f"must be at least {FEWEST} strictly ascending values (Å⁻¹), got {len(x)}.")
    if x[0] <= 0.0:
        raise InputError(f"{where}, q", f"must be above 0, got {x[0]:g}.")
    if sigma is not None and not np.all(s > 0.0):
        raise InputError(f"{where}, sigma", f"must be positive, got {s.min():g}; leave such points out.")
    return x, y, s if sigma is not None else np.ones_like(y)
