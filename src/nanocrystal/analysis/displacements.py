"""Displacements of atoms over temperature: how much is vibration, how stiff, and how much is static.

    linear    u = u0 + s T                                                        (classical vibration)
    Einstein  u = u0 + ħ²/(2 m k_B θ_E) coth(θ_E/2T)                              (one frequency, k_B θ_E = ħω)
    Debye     u = u0 + 3ħ²/(m k_B θ_D) [1/4 + (T/θ_D)² ∫₀^{θ_D/T} x/(eˣ − 1) dx]   (frequencies ∝ g(ω) = ω²)

u is the mean-square displacement along one axis, Å²; u0 a static part that does not change with T. Einstein
and Debye models after B. T. M. Willis & A. W. Pryor, Thermal Vibrations in Crystallography (Cambridge, 1975),
chapter 4. All assume harmonic vibrations and one mass, that of the atom; a θ_D of one kind of atom in a compound
describes that atom, not the specific heat. F. Bertolotti et al., ACS Nano 11, 3819 (2017), Fig. 3d, ask whether
u_iso of Cs, Pb and Cl falls on cooling as a vibration does; that of Cl rose.

Checked against: the zero-point values ħ²/(2 m k_B θ) and 3ħ²/(4 m k_B θ), the high-temperature slope k_B/(m ω²) by
hand, direct sums over the levels of an oscillator and over a Debye spectrum, and 100 noise seeds
(tests/analysis/test_displacements.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from nanocrystal.analysis.estimate import FloatArray, UncertainValue, checked_series
from nanocrystal.errors import InputError
from nanocrystal.parameters.difference import difference, step_of
from nanocrystal.tables.constants import BOLTZMANN, DALTON, HBAR
from nanocrystal.tables.elements import atomic_mass
from nanocrystal.text import csv_text

QUANTUM = HBAR**2 / (BOLTZMANN * DALTON) * 1e20
"""Å² K: ħ²/(m k_B θ) is this over m θ, with m in daltons and θ in K"""
LOWEST_THETA, HIGHEST_THETA = 5.0, 5000.0
"""K; where characteristic temperatures are looked for"""
CLEAR = 6.0
"""a difference of BIC from which a model is preferred ("strong": Kass & Raftery, J. Am. Stat. Assoc. 90, 773 (1995))"""

Model = Literal["linear", "einstein", "debye"]


@dataclass(frozen=True, kw_only=True)
class DisplacementFit:
    """One model of displacements over temperature at its best.

    Parameters
    ----------
    model : str
        "linear", "einstein" or "debye".
    mass : float
        Of what vibrates, daltons.
    static : UncertainValue
        u0, the part that does not change with temperature, Å².
    slope : UncertainValue
        Å²/K; of the linear model du/dT, of the others the slope at high temperature.
    theta : UncertainValue
        θ_E or θ_D, K; of the linear model the Einstein temperature of the same slope, NaN where that is not positive.
    calculated : array (n,)
        u at the measured temperatures, Å².
    chi2 : float
        With the sigmas as they were passed; NaN without.
    n_refined : int
        Number of refined parameters.
    p_value : float
        Probability of a χ² as large; NaN without sigmas.
    problem : str
        Why the numbers mean little; empty where they do.
    """

    model: Model
    mass: float
    static: UncertainValue
    slope: UncertainValue
    theta: UncertainValue
    calculated: FloatArray
    chi2: float
    n_refined: int
    p_value: float
    problem: str = ""

    def __repr__(self) -> str:
        name = {"linear": "θ (from the slope)", "einstein": "θ_E", "debye": "θ_D"}[self.model]
        freedom = len(self.calculated) - self.n_refined
        test = f"χ² = {self.chi2:.3g} on {freedom}, p = {self.p_value:.2g}" if np.isfinite(self.chi2) else "no sigmas"
        problem = f"; {self.problem}" if self.problem else ""
        return f"{self.model}: u0 = {self.static}, slope = {self.slope}, {name} = {self.theta}; {test}{problem}"

    def curve(self, temperature: ArrayLike) -> FloatArray:
        """Return u, (n,) Å², at temperatures in K."""
        (t,) = checked_series("curve", temperature=temperature)
        if self.model == "linear":
            return np.asarray(self.static.value + self.slope.value * t)
        return np.asarray(self.static.value + MODELS[self.model](t, self.theta.value, self.mass))


@dataclass(frozen=True, kw_only=True)
class DisplacementFits:
    """The linear, the Einstein and the Debye model of one series.

    Parameters
    ----------
    temperature : array (n,)
        K.
    u_iso : array (n,)
        Observed, Å².
    stderr : array (n,) or None
        Standard errors of the observed, Å².
    linear, einstein, debye : DisplacementFit
        Each model at its best.
    bic : dict of str to float
        By model: Bayesian information criterion, the misfit scaled to χ²_red = 1 of the best model.
    preferred : str
        Name of the model that stands out by 6 in BIC; empty where none does.
    verdict : str
        The comparison in words.
    """

    temperature: FloatArray
    u_iso: FloatArray
    stderr: FloatArray | None
    linear: DisplacementFit
    einstein: DisplacementFit
    debye: DisplacementFit
    bic: dict[str, float]
    preferred: str
    verdict: str

    @property
    def fits(self) -> tuple[DisplacementFit, DisplacementFit, DisplacementFit]:
        """The three, in order of their names in the class."""
        return self.linear, self.einstein, self.debye

    def __repr__(self) -> str:
        return "\n  ".join(["DisplacementFits", *map(repr, self.fits), self.verdict])

    def to_csv(self) -> str:
        """Return one row for each temperature: observed, stderr and the three models."""
        stderr = np.full(len(self.u_iso), np.nan) if self.stderr is None else self.stderr
        columns = {"temperature (K)": self.temperature, "u_iso (Å²)": self.u_iso, "stderr (Å²)": stderr}
        return csv_text(columns | {f"{f.model} (Å²)": f.calculated for f in self.fits})


def einstein_displacement(temperature: ArrayLike, theta: float, mass: float) -> FloatArray:
    """Return ⟨u²⟩ along one axis of a harmonic oscillator, ħ²/(2 m k_B θ) coth(θ/2T).

    Checked against the sum over its levels, the zero point and the classical slope.

    Parameters
    ----------
    temperature : array (n,)
        K, at least 0.
    theta : float
        Einstein temperature ħω/k_B, K, above 0.
    mass : float
        Of the atom, daltons.

    Returns
    -------
    array (n,)
        Å².

    Raises
    ------
    InputError
        For values out of these ranges.

    References
    ----------
    B. T. M. Willis & A. W. Pryor, Thermal Vibrations in Crystallography (Cambridge, 1975), chapter 4.
    """
    t = _checked_temperature(temperature, theta, mass)
    with np.errstate(divide="ignore"):
        return np.asarray(QUANTUM / (2.0 * mass * theta) / np.tanh(theta / (2.0 * t)))


def debye_displacement(temperature: ArrayLike, theta: float, mass: float) -> FloatArray:
    """Return ⟨u²⟩ along one axis in a Debye spectrum, 3ħ²/(m k_B θ) [1/4 + (T/θ)² ∫₀^{θ/T} x/(eˣ − 1) dx].

    Checked against a sum over oscillators with a parabolic spectrum, the zero point and the classical slope.

    Parameters
    ----------
    temperature : array (n,)
        K, at least 0.
    theta : float
        Debye temperature, K, above 0.
    mass : float
        Of the atom, daltons.

    Returns
    -------
    array (n,)
        Å².

    Raises
    ------
    InputError
        For values out of these ranges.

    References
    ----------
    B. T. M. Willis & A. W. Pryor, Thermal Vibrations in Crystallography (Cambridge, 1975), chapter 4.
    """
    t = _checked_temperature(temperature, theta, mass)
    with np.errstate(divide="ignore"):
        x = np.minimum(theta / t, 1e4)
    return np.asarray(3.0 * QUANTUM / (mass * theta) * (0.25 + _debye_integral(x) / x**2))


MODELS: dict[str, Callable[[ArrayLike, float, float], FloatArray]] = {
    "einstein": einstein_displacement,
    "debye": debye_displacement,
}


def fit_displacements(
    temperature: ArrayLike,
    u_iso: ArrayLike,
    stderr: ArrayLike | None = None,
    *,
    element: str | None = None,
    mass: float | None = None,
    static: bool = True,
) -> DisplacementFits:
    """Fit the linear, the Einstein and the Debye model to a series.

    Checked against textbook formulas of the line, exact series, and standard errors over 100 seeds.

    Parameters
    ----------
    temperature : array (n,)
        K; at least four different ones.
    u_iso : array (n,)
        Mean-square displacements along one axis, Å².
    stderr : array (n,), optional
        Their standard errors, Å²; without, all points count alike and uncertainties follow from the scatter.
    element : str, optional
        What vibrates; either this or `mass`.
    mass : float, optional
        Of what vibrates, daltons.
    static : bool, optional
        Whether u0 is refined; False holds it at 0.

    Returns
    -------
    DisplacementFits
        The three models, and which of them the series prefers.

    Raises
    ------
    InputError
        For series that cannot be used, and where both or neither of element and mass are there.

    References
    ----------
    B. T. M. Willis & A. W. Pryor, Thermal Vibrations in Crystallography (Cambridge, 1975), chapter 4; BIC after R. E.
    Kass & A. E. Raftery, J. Am. Stat. Assoc. 90, 773 (1995).
    """
    where = "fit_displacements"
    t, u, s = checked_series(where, temperature=temperature, u_iso=u_iso, stderr=stderr)
    if (element is None) == (mass is None):
        raise InputError(where, "needs either the element or the mass of what vibrates.")
    m = float(mass) if mass is not None else atomic_mass(str(element))
    _checked_temperature(t, 100.0, m)
    if len(np.unique(t)) < 4:
        raise InputError(f"{where}, temperature", f"must be at least 4 different ones, got {len(np.unique(t))}.")
    if stderr is not None and s.min() <= 0.0:
        raise InputError(f"{where}, stderr", f"must be positive (Å²), got {s.min():g}.")
    sigma = s if stderr is not None else np.full(len(t), float(np.ptp(u)) or 1.0)
    series = _Series(temperature=t, u=u, sigma=sigma, has_sigmas=stderr is not None, mass=m, static=static)
    fits = (_linear(series), _quantum(series, "einstein"), _quantum(series, "debye"))
    bic, preferred, verdict = _compared(fits, series)
    return DisplacementFits(
        temperature=t,
        u_iso=u,
        stderr=s if stderr is not None else None,
        linear=fits[0],
        einstein=fits[1],
        debye=fits[2],
        bic=bic,
        preferred=preferred,
        verdict=verdict,
    )


# ---- the fits -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Series:
    """A series and what is assumed of it."""

    temperature: FloatArray
    u: FloatArray
    sigma: FloatArray
    has_sigmas: bool
    mass: float
    static: bool

    def chi2(self, calculated: FloatArray) -> float:
        """χ² with the sigmas (1 scale for all, without)."""
        return float((((self.u - calculated) / self.sigma) ** 2).sum())

    def columns(self, curve: FloatArray) -> FloatArray:
        """Return the curve, and 1 for the static part, as columns over sigma."""
        parts = [np.ones_like(curve), curve] if self.static else [curve]
        return np.asarray(np.array(parts).T / self.sigma[:, None])


def _linear(series: _Series) -> DisplacementFit:
    columns = series.columns(series.temperature)
    target = series.u / series.sigma
    solution = np.linalg.lstsq(columns, target, rcond=None)[0]
    covariance = np.linalg.inv(columns.T @ columns)
    calculated = columns @ solution * series.sigma
    slope, variance = float(solution[-1]), float(covariance[-1, -1])
    problem = ""
    theta, error = np.nan, np.nan
    if slope > 0.0:
        theta = float(np.sqrt(QUANTUM / (series.mass * slope)))
        error = theta / (2.0 * slope) * np.sqrt(variance)
    else:
        problem = "u_iso does not rise with temperature, as no harmonic vibration does"
    static = (float(solution[0]), float(np.sqrt(covariance[0, 0]))) if series.static else (0.0, 0.0)
    pairs = (static, (slope, float(np.sqrt(variance))), (theta, float(error)))
    return _fit("linear", series, calculated, pairs, len(solution), problem)


def _quantum(series: _Series, model: Literal["einstein", "debye"]) -> DisplacementFit:
    """Return the Einstein or Debye model at the least χ²; the static part is linear and solved for."""
    from scipy.optimize import minimize_scalar

    function = MODELS[model]
    target = series.u / series.sigma

    def solved(log_theta: float) -> tuple[float, FloatArray]:
        vibration = function(series.temperature, float(np.exp(log_theta)), series.mass)
        static = 0.0
        if series.static:
            weights = series.sigma**-2
            static = float(weights @ (series.u - vibration) / weights.sum())
        calculated = vibration + static
        return static, calculated

    def misfit(log_theta: float) -> float:
        return float((((solved(log_theta)[1]) / series.sigma - target) ** 2).sum())

    grid = np.linspace(np.log(LOWEST_THETA), np.log(HIGHEST_THETA), 60)
    best = int(np.argmin([misfit(v) for v in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    log_theta = float(minimize_scalar(misfit, bounds=(low, high), method="bounded", options={"xatol": 1e-10}).x)
    theta = float(np.exp(log_theta))
    static, calculated = solved(log_theta)
    derivative = difference(lambda at: function(series.temperature, at, series.mass), theta, step_of(theta))
    columns = series.columns(derivative)
    covariance = np.linalg.inv(columns.T @ columns)
    stderr, static_stderr = float(np.sqrt(covariance[-1, -1])), float(np.sqrt(covariance[0, 0]))
    factor = 1.0 if model == "einstein" else 3.0
    slope = factor * QUANTUM / (series.mass * theta**2)
    problem = ""
    if best in (0, len(grid) - 1):
        problem = f"θ went to the limit of {theta:.4g} K: u_iso does not change with temperature as a vibration does"
        stderr = static_stderr = np.nan
    pairs = ((static, static_stderr if series.static else 0.0), (slope, 2.0 * slope / theta * stderr), (theta, stderr))
    return _fit(model, series, calculated, pairs, 1 + series.static, problem)


def _fit(
    model: Model,
    series: _Series,
    calculated: FloatArray,
    pairs: tuple[tuple[float, float], ...],
    n_refined: int,
    problem: str,
) -> DisplacementFit:
    """Return a fit; pairs: (value, stderr) of static part, slope and θ with the sigmas as given."""
    from scipy.stats import chi2 as chi2_distribution

    freedom = len(calculated) - n_refined
    chi2 = series.chi2(calculated)
    factor = float(np.sqrt(max(1.0, chi2 / freedom) if series.has_sigmas else chi2 / freedom))
    estimates = [
        UncertainValue(value, error if series.has_sigmas else error * factor, error * factor, unit)
        for (value, error), unit in zip(pairs, ("Å²", "Å²/K", "K"), strict=True)
    ]
    static, slope, theta = estimates
    if not problem and static.determined and static.value < -2.0 * static.stderr_scaled:
        problem = "the static part is negative, which nothing real is: another model, or errors that drift with T"
    shown = chi2 if series.has_sigmas else np.nan
    p_value = float(chi2_distribution.sf(chi2, freedom)) if series.has_sigmas else np.nan
    return DisplacementFit(
        model=model,
        mass=series.mass,
        static=static,
        slope=slope,
        theta=theta,
        calculated=calculated,
        chi2=shown,
        n_refined=n_refined,
        p_value=p_value,
        problem=problem,
    )


def _compared(fits: tuple[DisplacementFit, ...], series: _Series) -> tuple[dict[str, float], str, str]:
    """Return (BIC by model, preferred model or empty, in words)."""
    n = len(series.u)
    chi2 = {f.model: series.chi2(f.calculated) for f in fits}
    least = min(fits, key=lambda f: chi2[f.model])
    scale = chi2[least.model] / (n - least.n_refined)
    if series.has_sigmas:
        scale = max(1.0, scale)
    tiny = np.finfo(float).tiny
    bic: dict[str, float] = {f.model: chi2[f.model] / max(scale, tiny) + f.n_refined * float(np.log(n)) for f in fits}
    best, second = sorted(bic, key=lambda name: bic[name])[:2]
    gap = bic[second] - bic[best]
    words = f"ΔBIC = {gap:.2g} between {best} and {second}"
    by_name = {f.model: f for f in fits}
    if by_name["linear"].slope.value + 2.0 * by_name["linear"].slope.stderr_scaled < 0.0:
        return bic, "", "u_iso falls with temperature: no harmonic vibration does; none of the models applies."
    if series.has_sigmas and all(f.p_value < 0.01 for f in fits):
        return bic, "", f"None of the models describes the series (all p < 0.01); {words}."
    if gap >= CLEAR:
        return bic, best, f"Preferred: {best} ({words})."
    close = [name for name in sorted(bic, key=lambda k: bic[k]) if bic[name] - bic[best] < CLEAR]
    return bic, "", f"{', '.join(close)} cannot be told apart ({words}, below {CLEAR:g})."


def _debye_integral(x: FloatArray) -> FloatArray:
    """Return ∫₀ˣ t/(eᵗ − 1) dt, (n,).

    With y = e⁻ˣ it is π²/6 − Li₂(y) + x log(1 − y); scipy's spence(z) is Li₂(1 − z). Small x by the series.
    """
    from scipy.special import spence

    small = x - x**2 / 4.0 + x**3 / 36.0 - x**5 / 3600.0
    safe = np.maximum(x, 1e-3)
    rest = -np.expm1(-safe)
    exact = np.pi**2 / 6.0 - spence(rest) + safe * np.log(rest)
    return np.where(x < 0.05, small, exact)


def _checked_temperature(temperature: ArrayLike, theta: float, mass: float) -> FloatArray:
    (t,) = checked_series("displacement", temperature=temperature)
    if len(t) and t.min() < 0.0:
        raise InputError("displacement, temperature", f"must not be negative (K), got {t.min():g}.")
    if not theta > 0.0:
        raise InputError("displacement, theta", f"must be positive (K), got {theta}.")
    if not 0.0 < mass < 400.0:
        raise InputError("displacement, mass", f"must be a mass in daltons, got {mass}.")
    return t
