"""Small-angle scattering without a model: Guinier, Porod, the invariant and the surface.

    Guinier      I(q) = I0 exp(−q² Rg²/3)                      for q Rg below about 1.3
    Porod        I(q) = K/q⁴ + background                      where q is large against 1/size
    invariant    Q* = ∫ q² I(q) dq                             Guinier below, Porod beyond the data
    surface      S/V = π K/Q*                                  of a dilute phase with sharp surfaces (times 1 − φ)

Guinier & Fournet, Small-Angle Scattering of X-rays (Wiley, 1955); G. Porod, Kolloid-Z. 124, 83 (1951). Sizes without an
assumed form: `sphere_sizes`.

Checked against: spheres by hand (Rg = √(3/5) R, K = 2π S, Q* = 2π² V, S/V = 3/R), 100 noise seeds for standard errors
(tests/analysis/test_small_angle.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nanocrystal.analysis.estimate import FloatArray, UncertainValue, checked_series
from nanocrystal.errors import InputError

GUINIER_LIMIT = 1.3
"""q Rg up to which Guinier's law holds for compact bodies"""
FEWEST = 4


# ---- Guinier ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class GuinierFit:
    """Radius of gyration and forward intensity by Guinier's law.

    Parameters
    ----------
    rg : UncertainValue
        Radius of gyration, Å.
    i0 : UncertainValue
        I(0), in the unit of the intensity.
    q_range : tuple of 2 float
        Of the points used, Å⁻¹.
    q_rg : tuple of 2 float
        q Rg at both ends.
    n_points : int
        Number of points used.
    chi2_red : float
        NaN without sigmas.
    remarks : tuple of str
        Sentences on the points and their range.
    """

    rg: UncertainValue
    i0: UncertainValue
    q_range: tuple[float, float]
    q_rg: tuple[float, float]
    n_points: int
    chi2_red: float
    remarks: tuple[str, ...]

    @property
    def sphere_diameter(self) -> UncertainValue:
        """The diameter of the sphere that has this radius of gyration, 2 √(5/3) Rg, Å."""
        f = 2.0 * np.sqrt(5.0 / 3.0)
        return UncertainValue(f * self.rg.value, f * self.rg.stderr, f * self.rg.stderr_scaled, "Å")

    def __repr__(self) -> str:
        lines = [
            f"GuinierFit(Rg = {self.rg}, I0 = {self.i0}; {self.n_points} points, q Rg from {self.q_rg[0]:.2f} to "
            f"{self.q_rg[1]:.2f})",
            *self.remarks,
        ]
        return "\n  ".join(lines)


def guinier(
    q: ArrayLike,
    intensity: ArrayLike,
    sigma: ArrayLike | None = None,
    q_range: tuple[float, float] | None = None,
    limit: float = GUINIER_LIMIT,
) -> GuinierFit:
    """Fit Guinier's law, ln I = ln I0 − q² Rg²/3, by weighted least squares.

    Points that are not positive have no logarithm and are left out, with a remark.

    Parameters
    ----------
    q : array (n,)
        Å⁻¹, ascending.
    intensity : array (n,)
        In any unit.
    sigma : array (n,), optional
        Standard deviations.
    q_range : tuple of 2 float, optional
        Of the points to use, Å⁻¹ [from the first one up to q Rg = `limit`, by iteration].
    limit : float, optional
        q Rg up to which the law holds; 1.3 for compact bodies.

    Returns
    -------
    GuinierFit
        Rg in Å and I0.

    Raises
    ------
    InputError
        Where too few points are left, or where the intensity does not fall.

    References
    ----------
    A. Guinier & G. Fournet, Small-Angle Scattering of X-rays (Wiley, 1955).
    """
    x, y, s = checked_curve("guinier", q, intensity, sigma)
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
        rg=UncertainValue(rg, float(errors[0] * first), float(errors[0] * scaled), "Å"),
        i0=UncertainValue(float(np.exp(fit.offset)), float(errors[1] * first), float(errors[1] * scaled)),
        q_range=(float(x[used][0]), float(x[used][-1])),
        q_rg=ends,
        n_points=int(used.sum()),
        chi2_red=float(fit.chi2_red) if sigma is not None else np.nan,
        remarks=tuple(remarks),
    )


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


@dataclass(frozen=True, kw_only=True)
class PorodFit:
    """Porod's constant and the constant background below it.

    Parameters
    ----------
    constant : UncertainValue
        K, intensity Å⁻⁴.
    background : UncertainValue
        In the unit of the intensity.
    q_range : tuple of 2 float
        Of the points used, Å⁻¹.
    n_points : int
        Number of points used.
    chi2_red : float
        NaN without sigmas.
    """

    constant: UncertainValue
    background: UncertainValue
    q_range: tuple[float, float]
    n_points: int
    chi2_red: float

    def __repr__(self) -> str:
        return f"PorodFit(K = {self.constant}, background = {self.background}; {self.n_points} points)"


def porod(q: ArrayLike, intensity: ArrayLike, q_range: tuple[float, float], sigma: ArrayLike | None = None) -> PorodFit:
    """Fit Porod's law, I = K/q⁴ + background, over a range of large q.

    Where the sizes are narrow the curve still oscillates about the law: use a range of several oscillations.

    Parameters
    ----------
    q : array (n,)
        Å⁻¹, ascending.
    intensity : array (n,)
        In any unit.
    q_range : tuple of 2 float
        Å⁻¹.
    sigma : array (n,), optional
        Standard deviations; without, all of I q⁴ count alike.

    Returns
    -------
    PorodFit
        K in intensity Å⁻⁴, and the background.

    Raises
    ------
    InputError
        For fewer than four points in the range, and for data that are no curve.

    References
    ----------
    G. Porod, Kolloid-Z. 124, 83 (1951).
    """
    x, y, s = checked_curve("porod", q, intensity, sigma)
    used = (x >= q_range[0]) & (x <= q_range[1])
    if used.sum() < FEWEST:
        raise InputError("porod, q_range", f"holds {int(used.sum())} points; at least {FEWEST} are needed.")
    weight = s[used] ** -2.0 if sigma is not None else x[used] ** 8  # without σ: all of I q⁴ alike
    fit = _line(x[used] ** -4.0, y[used], weight)
    scaled = max(1.0, np.sqrt(fit.chi2_red)) if sigma is not None else np.sqrt(fit.chi2_red)
    first = 1.0 if sigma is not None else scaled
    return PorodFit(
        constant=UncertainValue(fit.slope, fit.errors[1] * first, fit.errors[1] * scaled),
        background=UncertainValue(fit.offset, fit.errors[0] * first, fit.errors[0] * scaled),
        q_range=(float(x[used][0]), float(x[used][-1])),
        n_points=int(used.sum()),
        chi2_red=fit.chi2_red if sigma is not None else np.nan,
    )


@dataclass(frozen=True)
class ScatteringInvariant:
    """The invariant ∫ q² I dq and its parts.

    Parameters
    ----------
    value : UncertainValue
        Intensity Å⁻³.
    below, within, beyond : float
        Its parts below, within and beyond the data, intensity Å⁻³.
    """

    value: UncertainValue
    below: float
    within: float
    beyond: float

    def __repr__(self) -> str:
        parts = f"{self.below / self.value.value:.1%} below, {self.beyond / self.value.value:.1%} beyond the data"
        return f"ScatteringInvariant({self.value}; {parts})"


def scattering_invariant(
    q: ArrayLike, intensity: ArrayLike, low: GuinierFit, high: PorodFit, sigma: ArrayLike | None = None
) -> ScatteringInvariant:
    """Return the invariant ∫ q² I dq.

    Guinier's law up to the points of its fit, trapezoids, Porod's law beyond its fit. The background of Porod's law is
    taken off. Standard errors hold the noise of the points and of Porod's constant.

    Parameters
    ----------
    q : array (n,)
        Å⁻¹, ascending.
    intensity : array (n,)
        In any unit.
    low : GuinierFit
        Of this curve.
    high : PorodFit
        Of this curve.
    sigma : array (n,), optional
        Standard deviations; without, the invariant has no standard error.

    Returns
    -------
    ScatteringInvariant
        Intensity Å⁻³.

    Raises
    ------
    InputError
        Where hardly any point lies between those of the two fits.

    References
    ----------
    G. Porod, Kolloid-Z. 124, 83 (1951).
    """
    from scipy.integrate import quad

    x, y, s = checked_curve("scattering_invariant", q, intensity, sigma)
    inside = (x >= low.q_range[0]) & (x <= high.q_range[1])
    x, y, s = x[inside], y[inside] - high.background.value, s[inside]
    if len(x) < FEWEST:
        raise InputError(
            "scattering_invariant, q", "must hold points between those of the fits by Guinier and by Porod."
        )
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
    return ScatteringInvariant(UncertainValue(total, error, error), below, within, beyond)


def specific_surface(porod_fit: PorodFit, whole: ScatteringInvariant, volume_fraction: float = 0.0) -> UncertainValue:
    """Return the surface over the volume of the particles, S/V = π K/Q* (1 − φ).

    Parameters
    ----------
    porod_fit : PorodFit
        K.
    whole : ScatteringInvariant
        Q*, of the same curve.
    volume_fraction : float, optional
        φ, 0 for a dilute phase.

    Returns
    -------
    UncertainValue
        Å⁻¹.

    Raises
    ------
    InputError
        For a volume fraction below 0, or of 1 and more.

    References
    ----------
    G. Porod, Kolloid-Z. 124, 83 (1951).
    """
    if not 0.0 <= volume_fraction < 1.0:
        raise InputError(
            "specific_surface, volume_fraction", f"must be at least 0 and below 1, got {volume_fraction:g}."
        )
    value = np.pi * porod_fit.constant.value / whole.value.value * (1.0 - volume_fraction)
    relative = np.hypot(
        porod_fit.constant.stderr_scaled / porod_fit.constant.value,
        np.nan_to_num(whole.value.stderr / whole.value.value),
    )
    return UncertainValue(float(value), float(value * relative), float(value * relative), "Å⁻¹")


def checked_curve(
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
