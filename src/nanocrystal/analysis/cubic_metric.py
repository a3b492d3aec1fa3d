"""Is the lattice cubic? The cell parameter from each peak of a powder pattern, odd and even reflections apart.

    a_k = 2π √(h² + k² + l²) / Q_k

In a cubic crystal all a_k agree. F. Bertolotti et al., ACS Nano 11, 3819 (2017), found them not to in
apparently cubic CsPbX₃ nanocrystals: reflections with even h² + k² + l² gave one cell parameter (5.618 Å for
CsPbCl₃, 5.866 Å for CsPbBr₃ at 410 K), odd ones up to 0.07 Å more. The peaks were fitted without constraints,
as here; how else (profile function, background) the paper leaves to its supporting information.

What moves peaks besides the metric: a zero shift of the instrument; and in nanocrystals the slope of what
multiplies a broad peak. I(Q) near a peak falls as 1/Q and with form factors and displacements, so that a peak of
standard deviation s appears s² d ln(f² exp(−u Q²)/Q)/dQ lower: `envelope` divides such a slope out (for spheres of
8 nm it brings a(100) from 5.624 to 5.6185 Å where 5.618 Å is right). Flat faces do more, and nothing here corrects
it: the weak 100 reflection of perfect cubes of 8 nm is moved so that a appears 0.011 Å too small.

Checked against: sums of Gaussians on a cubic and on an orthorhombic lattice with known positions, 100 noise
seeds for the p-value; I(Q) of a cubic and of an orthorhombic crystal, the latter against the mean Q of its lines;
measured patterns of Ni and Si (tests/analysis/test_cubic_metric.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isqrt

import numpy as np
from numpy.typing import ArrayLike

from nanocrystal.analysis.estimate import FloatArray, UncertainValue, checked_series
from nanocrystal.analysis.peak_group import PeakOptions
from nanocrystal.analysis.profile import PeakFit, fit_peaks
from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.text import csv_text

MOST_REFLECTIONS = 200
BEYOND = 0.04
"""of Q; reflections that far outside the data are listed, so that nothing is fitted to their tails"""
FIT = 0.01
"""p-values below this count as disagreement"""


@dataclass(frozen=True)
class CubicReflection:
    """All cubic reflections with one h² + k² + l²: they fall on one another.

    Parameters
    ----------
    square : int
        h² + k² + l².
    indices : tuple of tuples of 3 int
        h ≥ k ≥ l ≥ 0 of each.
    """

    square: int
    indices: tuple[tuple[int, int, int], ...]

    @property
    def name(self) -> str:
        """The indices as they are written: 300/221."""
        wide = any(i > 9 for hkl in self.indices for i in hkl)
        return "/".join((" " if wide else "").join(map(str, hkl)) for hkl in self.indices)

    @property
    def is_odd(self) -> bool:
        return self.square % 2 == 1

    def position(self, a: float) -> float:
        """Return Q in Å⁻¹ for a cell parameter in Å."""
        return float(2.0 * np.pi / a * np.sqrt(self.square))

    def cell_parameter(self, q: float) -> float:
        """Return a in Å for a position in Å⁻¹."""
        return float(2.0 * np.pi / q * np.sqrt(self.square))


@dataclass(frozen=True)
class MetricMean:
    """The mean cell parameter of some reflections, weighted with the covariance of their positions.

    Parameters
    ----------
    n : int
        Number of reflections.
    mean : UncertainValue
        Å; `stderr` is that of the mean, `stderr_scaled` also with what the reflections scatter beyond it.
    chi2 : float
        Of the scatter about the mean, on n − 1 degrees of freedom.
    p_value : float
        Probability of as much scatter if they agree; NaN for fewer than two.
    """

    n: int
    mean: UncertainValue
    chi2: float
    p_value: float

    def __repr__(self) -> str:
        test = f", χ² = {self.chi2:.3g} on {self.n - 1}, p = {self.p_value:.2g}" if self.n > 1 else ""
        return f"a = {self.mean} from {self.n} reflections{test}" if self.n else "no reflection"


@dataclass(frozen=True)
class MetricOptions(Declares):
    """What of a pattern is fitted, and how.

    Parameters
    ----------
    q_range : tuple of 2 float or None
        Å⁻¹, the data to use; None: all.
    reflections : sequence of CubicReflection or None
        Those whose peaks are fitted; None: all of a primitive cell.
    profile : PeakOptions or None
        How peaks are fitted; None: the default.
    """

    q_range: tuple[float, float] | None = None
    reflections: Sequence[CubicReflection] | None = None
    profile: PeakOptions | None = None


@dataclass(frozen=True, kw_only=True)
class CubicMetric:
    """The cell parameter from each reflection, and what they say together.

    Parameters
    ----------
    reflections : tuple of CubicReflection
        (n,), in order of Q.
    fit : PeakFit
        The peaks, in the same order.
    cell_parameter : array (n,)
        Å, NaN where the peak is not determined.
    stderr : array (n,)
        Å, with the sigmas as they were passed.
    stderr_scaled : array (n,)
        Å, times √χ²_red where that exceeds 1.
    covariance : array (n, n)
        Å², scaled as `stderr_scaled` is.
    all, even, odd : MetricMean
        Over the determined reflections: all, those with even h² + k² + l², those with odd.
    odd_minus_even : UncertainValue
        Difference of these means, Å.
    """

    reflections: tuple[CubicReflection, ...]
    fit: PeakFit
    cell_parameter: FloatArray
    stderr: FloatArray
    stderr_scaled: FloatArray
    covariance: FloatArray
    all: MetricMean
    even: MetricMean
    odd: MetricMean
    odd_minus_even: UncertainValue

    @property
    def verdict(self) -> str:
        """What the cell parameters say of the metric, in words."""
        inside = [p for p in self.fit.peaks if p.group >= 0]
        if self.all.n < 2 or 2 * self.all.n < len(inside):
            start = self.reflections[0].cell_parameter(self.fit.peaks[0].expected)
            words = f"{self.all.n} of {len(inside)} reflections are determined, too few to test the metric"
            return f"{words}; is a = {start:.4g} Å the right start?"
        test = f"χ² = {self.all.chi2:.3g} on {self.all.n - 1} degrees of freedom, p = {self.all.p_value:.2g}"
        if self.all.p_value >= FIT:
            return f"The {self.all.n} cell parameters agree with one another ({test}): nothing speaks against cubic."
        low, high = np.nanmin(self.cell_parameter), np.nanmax(self.cell_parameter)
        words = f"The {self.all.n} cell parameters, {low:.4f} to {high:.4f} Å, do not agree with one another ({test}): "
        words += "the metric is not cubic, or something else moves the peaks"
        apart = self.odd_minus_even
        if apart.determined and abs(apart.value) > 2.0 * apart.stderr_scaled:
            more = "larger" if apart.value > 0.0 else "smaller"
            words += f"; odd reflections give an a that is {more} by {replace(apart, value=abs(apart.value))}"
        return words + "."

    def __repr__(self) -> str:
        lines = ["CubicMetric", f"  all:  {self.all}", f"  even: {self.even}", f"  odd:  {self.odd}"]
        for r, peak, a, e in zip(
            self.reflections, self.fit.peaks, self.cell_parameter, self.stderr_scaled, strict=True
        ):
            kind = "odd " if r.is_odd else "even"
            shown = peak.problem or f"a = {UncertainValue(float(a), float(e), float(e), 'Å')}"
            lines.append(f"  {r.name:>12} {kind} {shown}")
        return "\n".join([*lines, f"  {self.verdict}"])

    def to_csv(self) -> str:
        """Return one row for each reflection."""
        peaks = self.fit.peaks
        return csv_text(
            {
                "reflection": [r.name for r in self.reflections],
                "h2+k2+l2": [r.square for r in self.reflections],
                "parity": ["odd" if r.is_odd else "even" for r in self.reflections],
                "q (1/Å)": [p.position.value for p in peaks],
                "q_stderr_scaled (1/Å)": [p.position.stderr_scaled for p in peaks],
                "a (Å)": self.cell_parameter,
                "a_stderr (Å)": self.stderr,
                "a_stderr_scaled (Å)": self.stderr_scaled,
                "problem": [p.problem for p in peaks],
            }
        )


def cubic_reflections(
    a: float, q_range: tuple[float, float], centring: str = "P", leave_out: Sequence[int] = ()
) -> tuple[CubicReflection, ...]:
    """Return the reflections of a cubic cell with Q inside a range, one entry for each h² + k² + l².

    Parameters
    ----------
    a : float
        Cell parameter, Å, 0.5 to 1000.
    q_range : tuple of 2 float
        Å⁻¹, ascending.
    centring : str, optional
        "P", "I" or "F".
    leave_out : sequence of int, optional
        Values of h² + k² + l² to leave out.

    Returns
    -------
    tuple of CubicReflection
        (n,), in order of Q.

    Raises
    ------
    InputError
        For a cell, range or centring that cannot be used, and for more than 200 reflections.
    """
    where = "cubic_reflections"
    if not 0.5 <= a <= 1000.0:
        raise InputError(f"{where}, a", f"must be a cell parameter of 0.5 to 1000 Å, got {a}.")
    low, high = q_range
    if not 0.0 <= low < high < np.inf:
        raise InputError(f"{where}, q_range", f"must be two ascending values in Å⁻¹, got {q_range}.")
    if centring not in ("P", "I", "F"):
        raise InputError(f"{where}, centring", f"must be 'P', 'I' or 'F', got {centring!r}.")
    unit = (2.0 * np.pi / a) ** 2
    largest = int(np.floor(high**2 / unit))
    indices: dict[int, list[tuple[int, int, int]]] = {}
    for h in range(1, isqrt(largest) + 1):
        for k in range(h + 1):
            for l in range(k + 1):  # noqa: E741
                square = h * h + k * k + l * l
                if square * unit >= low**2 and square <= largest and _allowed((h, k, l), centring):
                    indices.setdefault(square, []).append((h, k, l))
    kept = sorted(set(indices) - set(leave_out))
    if len(kept) > MOST_REFLECTIONS:
        raise InputError(f"{where}, q_range", f"holds {len(kept)} reflections, more than {MOST_REFLECTIONS}.")
    return tuple(CubicReflection(square, tuple(sorted(indices[square], reverse=True))) for square in kept)


def cubic_metric(
    q: ArrayLike,
    intensity: ArrayLike,
    sigma: ArrayLike | None = None,
    *,
    a: float,
    envelope: ArrayLike | None = None,
    options: MetricOptions | None = None,
) -> CubicMetric:
    """Fit the peaks of a pattern one by one and return the cell parameter from each.

    Checked against known lattices, calculated crystals and measured Ni and Si.

    Parameters
    ----------
    q : array (n,)
        Å⁻¹, ascending; `momentum_transfer` makes it from 2θ.
    intensity : array (n,)
        In any unit.
    sigma : array (n,), optional
        Standard deviations; without, all points count alike.
    a : float
        Cell parameter, Å, where peaks are looked for.
    envelope : array (n,), optional
        A smooth positive factor of the pattern, divided out before peaks are fitted; see `scattering_envelope`.
    options : MetricOptions, optional
        Which peaks are fitted and how.

    Returns
    -------
    CubicMetric
        The cell parameters, their means, and a verdict in words.

    Raises
    ------
    InputError
        For data, cells and envelopes that cannot be used.

    References
    ----------
    F. Bertolotti et al., ACS Nano 11, 3819 (2017).
    """
    q_, y, s, smooth = checked_series("cubic_metric", q=q, intensity=intensity, sigma=sigma, envelope=envelope)
    settings = options or MetricOptions()
    q_range, reflections = settings.q_range, settings.reflections
    inside = np.ones(len(q_), dtype=np.bool_) if q_range is None else (q_ >= q_range[0]) & (q_ <= q_range[1])
    if inside.sum() < 10:
        raise InputError("cubic_metric, q_range", f"holds {inside.sum()} points of the data; at least 10 are needed.")
    if envelope is not None:
        if not np.all(smooth > 0.0):
            raise InputError("cubic_metric, envelope", f"must be positive, got {smooth.min():g}.")
        smooth = smooth / np.median(smooth)
        y, s = y / smooth, s / smooth if sigma is not None else s
    if reflections is None:
        low, high = float(q_[inside][0]), float(q_[inside][-1])
        reflections = cubic_reflections(a, (low * (1.0 - BEYOND), high * (1.0 + BEYOND)))
    if not reflections:
        raise InputError("cubic_metric, a", f"a cubic cell of {a:g} Å has no reflection where the data are.")
    ordered = sorted(reflections, key=lambda r: r.square)
    expected = [r.position(a) for r in ordered]
    errors = s[inside] if sigma is not None else None
    fit = fit_peaks(q_[inside], y[inside], errors, expected, [r.name for r in ordered], settings.profile)
    return cell_parameters(ordered, fit)


def scattering_envelope(q: ArrayLike, content: Mapping[str, float], u_iso: float = 0.0) -> FloatArray:
    """Return Σ n f² exp(−u Q²)/Q: what I(Q) falls with from peak to peak, and across a broad one.

    Parameters
    ----------
    q : array (n,)
        Å⁻¹, above 0.
    content : mapping of str to float
        Number of atoms by element.
    u_iso : float, optional
        Mean-square displacement along one axis, Å², one for all atoms.

    Returns
    -------
    array (n,)
        Squared electrons times Å.

    Raises
    ------
    InputError
        For unknown elements, numbers below 0 and Q outside the tables.
    """
    (q_,) = checked_series("scattering_envelope", q=q)
    if not (q_.size and q_.min() > 0.0):
        raise InputError("scattering_envelope, q", "must be positive (Å⁻¹).")
    if not content or min(content.values()) < 0.0:
        raise InputError("scattering_envelope, content", f"must be numbers of atoms by element, got {dict(content)}.")
    squares = [n * form_factor(element, q_) ** 2 for element, n in content.items()]
    return np.asarray(np.sum(squares, axis=0) * np.exp(-u_iso * q_**2) / q_)


def cell_parameters(reflections: Sequence[CubicReflection], fit: PeakFit) -> CubicMetric:
    """Return the cell parameters from peaks that were fitted.

    Parameters
    ----------
    reflections : sequence of CubicReflection
        (n,), one for each peak, in order of Q.
    fit : PeakFit
        The peaks.

    Returns
    -------
    CubicMetric
        The cell parameters, their means, and a verdict in words.

    Raises
    ------
    InputError
        Where there are not as many reflections as peaks.
    """
    if len(reflections) != len(fit.peaks):
        raise InputError(
            "cell_parameters, reflections", f"must be as many as peaks, {len(fit.peaks)}, got {len(reflections)}."
        )
    known = np.array([not p.problem for p in fit.peaks])
    positions = np.array([p.position.value for p in fit.peaks])
    a = np.where(known, 2.0 * np.pi * np.sqrt(np.array([r.square for r in reflections])) / positions, np.nan)
    slope = a / positions
    covariance = fit.position_covariance * np.outer(slope, slope)
    plain = np.array([p.position.stderr for p in fit.peaks]) * slope
    odd = np.array([r.is_odd for r in reflections])
    return CubicMetric(
        reflections=tuple(reflections),
        fit=fit,
        cell_parameter=a,
        stderr=np.where(known, plain, np.nan),
        stderr_scaled=np.sqrt(np.diag(covariance)),
        covariance=covariance,
        all=_mean(a, covariance, known),
        even=_mean(a, covariance, known & ~odd),
        odd=_mean(a, covariance, known & odd),
        odd_minus_even=_difference(a, covariance, known & odd, known & ~odd),
    )


def _mean(a: FloatArray, covariance: FloatArray, chosen: FloatArray | np.ndarray) -> MetricMean:
    """Return the mean by generalised least squares of the chosen reflections, (n,) booleans."""
    from scipy.stats import chi2 as chi2_distribution

    n = int(chosen.sum())
    if n == 0:
        return MetricMean(0, UncertainValue(np.nan, np.nan, np.nan, "Å"), np.nan, np.nan)
    weights, variance = _weights(covariance[np.ix_(chosen, chosen)])
    mean = float(weights @ a[chosen])
    apart = a[chosen] - mean
    chi2 = float(apart @ np.linalg.solve(covariance[np.ix_(chosen, chosen)], apart))
    stderr = float(np.sqrt(variance))
    scaled = stderr * float(np.sqrt(max(1.0, chi2 / (n - 1)))) if n > 1 else stderr
    p_value = float(chi2_distribution.sf(chi2, n - 1)) if n > 1 else np.nan
    return MetricMean(n, UncertainValue(mean, stderr, scaled, "Å"), chi2, p_value)


def _difference(a: FloatArray, covariance: FloatArray, odd: np.ndarray, even: np.ndarray) -> UncertainValue:
    """Return the mean of the odd minus that of the even reflections.

    stderr_scaled counts what the reflections of each parity scatter among themselves: in a lattice that is not
    cubic they do.
    """
    if not (odd.any() and even.any()):
        return UncertainValue(np.nan, np.nan, np.nan, "Å")
    weights = np.zeros(len(a))
    weights[odd] = _weights(covariance[np.ix_(odd, odd)])[0]
    weights[even] = -_weights(covariance[np.ix_(even, even)])[0]
    chosen = odd | even
    stderr = float(np.sqrt(weights[chosen] @ covariance[np.ix_(chosen, chosen)] @ weights[chosen]))
    of_odd, of_even = (_mean(a, covariance, kind).mean.stderr_scaled for kind in (odd, even))
    return UncertainValue(
        float(weights[chosen] @ a[chosen]), stderr, max(stderr, float(np.hypot(of_odd, of_even))), "Å"
    )


def _weights(covariance: FloatArray) -> tuple[FloatArray, float]:
    """Return the weights of the best mean, which add up to 1, and its variance."""
    raw = np.linalg.solve(covariance, np.ones(len(covariance)))
    return np.asarray(raw / raw.sum()), float(1.0 / raw.sum())


def _allowed(hkl: tuple[int, int, int], centring: str) -> bool:
    if centring == "I":
        return sum(hkl) % 2 == 0
    return centring == "P" or len({i % 2 for i in hkl}) == 1
