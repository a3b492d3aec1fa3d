"""Whether two patterns differ at all: "nothing has changed" as a result with limits.

The difference I_a − s I_b is compared with nothing: χ² of no change, s and a few Chebyshev terms below being fitted
with it (what a refilled capillary changes). Then, together, an isotropic strain ε of all that scatters in b,
I_a(Q) = I_b(Q (1 + ε)), to first order ε Q dI_b/dQ, and amounts of given further components. σ are those of the
counts of both patterns; where χ² of the best description is above 1 a degree of freedom, limits are widened by its
root.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nanocrystal.arrays import FloatArray
from nanocrystal.errors import InputError
from nanocrystal.kernels.polynomials import chebyshev
from nanocrystal.reduction.intensity import FEWEST, Intensity

CONFIDENCE = 0.95
ROUNDS = 5
"""of the scale and of the σ that depend on it"""


@dataclass(frozen=True, kw_only=True)
class ChangeLimit:
    """How much of one change two patterns allow.

    Parameters
    ----------
    name : str
        Strain, or that of the component
    value : float
        The strain, or the amount as a part of the integral of the second pattern
    stderr : float
        Widened by √χ²_red where that is above 1
    limit : float
        |strain| or amount is below it with 95 %
    delta_chi2 : float
        By how much χ² is larger without it
    """

    name: str
    value: float
    stderr: float
    limit: float
    delta_chi2: float


@dataclass(frozen=True, kw_only=True, eq=False)
class PatternChange:
    """What the difference of two patterns says: whether anything has changed, and limits on what may have.

    Parameters
    ----------
    first, second : str
        Names of both
    q : array (n,)
        Å⁻¹
    difference : array (n,)
        First − scale × second − background, in the unit of the first
    sigma : array (n,)
        Its standard deviation, of the counts of both
    scale : float
        Of the second
    scale_stderr : float or None
        None where it was stated
    background_terms : int
        Number of Chebyshev terms that the patterns may differ by without a change
    chi2 : float
        Of no change
    freedom : int
        Its degrees of freedom
    probability : float
        Of at least that χ² if nothing has changed
    strain : ChangeLimit
        An isotropic strain of all that scatters in the second
    strain_template : array (n,)
        s Q dI_b/dQ, what a strain of 1 would add
    parts : sequence of ChangeLimit
        On components, as a part of the integral of the second over the range
    component_templates : mapping of str to array (n,)
        Component -> its pattern
    said : sequence of str
        The result in sentences
    """

    first: str
    second: str
    q: FloatArray
    difference: FloatArray
    sigma: FloatArray
    scale: float
    scale_stderr: float | None
    background_terms: int
    chi2: float
    freedom: int
    probability: float
    strain: ChangeLimit
    strain_template: FloatArray
    parts: Sequence[ChangeLimit] = ()
    component_templates: Mapping[str, FloatArray] = field(default_factory=dict)
    said: Sequence[str] = ()

    @property
    def differs(self) -> bool:
        """Whether the patterns differ by more than the noise, at 95 %."""
        return self.probability < 1.0 - CONFIDENCE


def pattern_change(
    first: Intensity,
    second: Intensity,
    *,
    scale: float | None = None,
    background_terms: int = 0,
    q_range: tuple[float, float] | None = None,
    components: Mapping[str, FloatArray] | None = None,
    where: str = "",
) -> PatternChange:
    """Return the difference of two patterns, and limits on what may have changed.

    Parameters
    ----------
    first, second : Intensity
        With σ; the second must cover the Q of the first
    scale : float, optional
        Of the second; fitted where it is None
    background_terms : int, optional
        Number of Chebyshev terms that the patterns may differ by without a change
    q_range : (float, float), optional
        Å⁻¹, what is compared
    components : mapping of str to array (n,), optional
        Name -> curve over the q of the first, what may have been added
    where : str, optional
        The address of the comparison, for messages

    Returns
    -------
    PatternChange
        χ² of no change, limits on a strain and on each component with 95 %

    Raises
    ------
    InputError
        Where σ is not known, or where the range holds too few points
    """
    a, b, kept = _pair(first, second, q_range, where)
    smooth, slope = _smoothed(b)
    assert a.sigma is not None
    assert b.sigma is not None
    factor = 1.0 if scale is None else scale
    for _ in range(ROUNDS):  # the fitted curve is the smooth one: noise in it would make the scale too small
        sigma = np.hypot(a.sigma, factor * b.sigma)
        nuisance = _nuisance(a.q, smooth, scale is None, background_terms)
        target = a.value - factor * b.value
        base = _Fit(nuisance, target, sigma)
        if scale is None:
            factor += float(base.values[0])
    slope = factor * a.q * slope
    total = float(np.trapezoid(factor * smooth, b.q))
    templates = _templates(components or {}, kept, a.q, total, where)
    whole = _Fit(np.vstack([nuisance, slope, *templates.values()]), target, sigma)
    at = len(nuisance)
    freedom = len(a.q) - at
    change = PatternChange(
        first=first.name,
        second=second.name,
        q=a.q,
        difference=target - base.values @ nuisance,
        sigma=sigma,
        scale=factor,
        scale_stderr=base.stderr(0) if scale is None else None,
        background_terms=background_terms,
        chi2=base.chi2,
        freedom=freedom,
        probability=_chi2_probability(base.chi2, freedom),
        strain=_limit("strain", whole, at, signed=True),
        strain_template=slope,
        parts=[_limit(name, whole, at + 1 + k, signed=False) for k, name in enumerate(templates)],
        component_templates=templates,
    )
    return _with_words(change)


def _pair(
    first: Intensity, second: Intensity, q_range: tuple[float, float] | None, where: str
) -> tuple[Intensity, Intensity, NDArray[np.bool_]]:
    """Return both patterns at the points that are compared, and which points of the first these are."""
    low, high = q_range or (float(first.q[0]), float(first.q[-1]))
    if not low < high:
        raise InputError(f"{where}.q_range", f"needs low < high, got [{low:g}, {high:g}].")
    a = first.between(low, high)
    if len(a.q) < FEWEST:
        raise InputError(f"{where}.q_range", f"holds {len(a.q)} points of {first.name}; at least {FEWEST} are needed.")
    b = second.at(a.q, where, first.name)
    if a.sigma is None or b.sigma is None:
        without = first.name if a.sigma is None else second.name
        problem = f'{without} has no σ, without which nothing can be said; sigma = "counting" for raw counts'
        raise InputError(where, f"{problem}.")
    return a, b, np.isin(first.q, a.q)


def _templates(
    components: Mapping[str, FloatArray], kept: NDArray[np.bool_], q: FloatArray, total: float, where: str
) -> dict[str, FloatArray]:
    """Return the components, each with the integral of the second pattern, so that amplitudes are parts of it."""
    templates = {}
    for name, curve in components.items():
        area = float(np.trapezoid(curve[kept], q))
        if not area > 0.0:
            problem = "must be positive on the whole within the range; correct it"
            raise InputError(f"{where}.components.{name}", f"{problem}.")
        templates[name] = np.asarray(curve[kept] * total / area)
    return templates


@dataclass(frozen=True, eq=False)
class _Fit:
    """Linear least squares of target (n,) by curves (k, n)."""

    curves: FloatArray
    target: FloatArray
    sigma: FloatArray

    def __post_init__(self) -> None:
        design = (self.curves / self.sigma).T
        size = np.linalg.norm(design, axis=0)
        size[size == 0.0] = 1.0
        normal = (design / size).T @ (design / size)
        inverse = np.linalg.pinv(normal, hermitian=True) / np.outer(size, size)
        values = inverse @ (design.T @ (self.target / self.sigma))
        residual = (self.target - values @ self.curves) / self.sigma
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "covariance", inverse)
        object.__setattr__(self, "chi2", float(residual @ residual))

    values: FloatArray = field(init=False)
    covariance: FloatArray = field(init=False)
    chi2: float = field(init=False)

    @property
    def widening(self) -> float:
        """√χ²_red, at least 1."""
        return float(np.sqrt(max(self.chi2 / max(len(self.target) - len(self.curves), 1), 1.0)))

    def stderr(self, k: int) -> float:
        """Return the standard error of one value, widened by the misfit."""
        return float(np.sqrt(self.covariance[k, k])) * self.widening


def _nuisance(q: FloatArray, pattern: FloatArray, scaled: bool, background_terms: int) -> FloatArray:
    """Return the curves (k, n) that may differ without anything having changed: a change of the scale first."""
    curves = chebyshev(q, background_terms)
    return np.vstack([pattern, curves]) if scaled else curves


def _smoothed(pattern: Intensity) -> tuple[FloatArray, FloatArray]:
    """Return a pattern (n,) and its derivative, from a spline that follows it as closely as its σ allow."""
    from scipy.interpolate import UnivariateSpline

    assert pattern.sigma is not None
    weight = 1.0 / np.maximum(pattern.sigma, 1e-300)
    spline = UnivariateSpline(pattern.q, pattern.value, w=weight, k=3, s=len(pattern.q))
    return np.asarray(spline(pattern.q)), np.asarray(spline.derivative()(pattern.q))


def _limit(name: str, fit: _Fit, k: int, signed: bool) -> ChangeLimit:
    """Return the amplitude of curve k of a fit and its limit at 95 %."""
    from scipy.stats import norm

    value, stderr = float(fit.values[k]), fit.stderr(k)
    if signed:  # |ε| with a flat prior on both sides
        grid = np.linspace(0.0, abs(value) + 8.0 * stderr, 20001)
        inside = norm.cdf((grid - value) / stderr) - norm.cdf((-grid - value) / stderr)
        limit = float(grid[np.searchsorted(inside, CONFIDENCE)])
    else:  # a flat prior on amounts of at least 0
        limit = value + stderr * float(norm.isf((1.0 - CONFIDENCE) * norm.cdf(value / stderr)))
    return ChangeLimit(
        name=name, value=value, stderr=stderr, limit=limit, delta_chi2=value**2 / float(fit.covariance[k, k])
    )


def _chi2_probability(chi2: float, freedom: int) -> float:
    from scipy.stats import chi2 as distribution

    return float(distribution.sf(chi2, freedom))


def _with_words(change: PatternChange) -> PatternChange:
    from dataclasses import replace

    sigma = f"χ² = {change.chi2:.4g} on {change.freedom} degrees of freedom, p = {change.probability:.2g}"
    if change.differs:
        first = f"{change.first} and {change.second} differ by more than the noise of the counts ({sigma})."
    else:
        first = f"{change.first} and {change.second} do not differ by more than the noise of the counts ({sigma})."
    strain = change.strain
    said = [
        first,
        f"An isotropic strain of the pattern is {100.0 * strain.value:.2g} ± {100.0 * strain.stderr:.1g} %; with 95 % "
        f"it is below {100.0 * strain.limit:.2g} % in size.",
    ]
    for part in change.parts:
        said.append(
            f"Of {part.name} there is {100.0 * part.value:.2g} ± {100.0 * part.stderr:.1g} % of the intensity of "
            f"{change.second}; with 95 % it is below {100.0 * part.limit:.2g} %."
        )
    return replace(change, said=tuple(said))


def peak_template(
    q: FloatArray, peaks: Sequence[tuple[float, float]], size: float | None = None, fwhm: float | None = None
) -> FloatArray:
    """Return a pattern of Gaussian peaks.

    Parameters
    ----------
    q : array (n,)
        Å⁻¹
    peaks : sequence of (float, float)
        Position in Å⁻¹ and area of each
    size : float, optional
        Å, volume-weighted column length, for fwhm = 2π · 0.94/size
    fwhm : float, optional
        Å⁻¹, instead of the size

    Returns
    -------
    array (n,)
        The sum of the peaks

    References
    ----------
    P. Scherrer, Nachr. Ges. Wiss. Göttingen, 98 (1918).
    """
    width = fwhm if fwhm is not None else 2.0 * np.pi * 0.94 / float(size or 0.0)
    deviation = width / np.sqrt(8.0 * np.log(2.0))
    curves = [
        area * np.exp(-0.5 * ((q - at) / deviation) ** 2) / (deviation * np.sqrt(2.0 * np.pi)) for at, area in peaks
    ]
    return np.asarray(sum(curves))
