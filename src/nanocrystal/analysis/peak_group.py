"""One group of overlapping pseudo-Voigt peaks over a polynomial background, fitted by least squares."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.analysis.estimate import FloatArray, UncertainValue
from nanocrystal.errors import InputError
from nanocrystal.kernels.polynomials import legendre
from nanocrystal.parameters import Declares
from nanocrystal.spectra import LINES, SumOfForms
from nanocrystal.spectra.covariance import covariance

IntArray = NDArray[np.int64]
NARROWER, WIDER = 0.25, 4.0
"""a width stays within these factors of where it starts"""
OFFSETS = (0.0, -0.8, 0.8)
"""in fwhm: the fits of a group start with its peaks displaced by these, and the best is kept"""
MOST_STEPS = 100
"""of one start"""
GOOD = 1.5
"""χ²_red with sigmas below which no further start is tried"""


@dataclass(frozen=True, kw_only=True)
class PeakOptions(Declares):
    """How peaks are fitted.

    Parameters
    ----------
    fwhm : float or None
        Where widths start, Å⁻¹; None: half-height width of the strongest peak.
    widths : str
        "free" for each peak, or "shared" by the peaks fitted together.
    mixing : str or float
        Likewise; a number holds it (0: Gaussian, 1: Lorentzian).
    background_degree : int
        Of the polynomial under each group, 0 to 5.
    together : float
        Peaks closer than this many fwhm are fitted together.
    reach : float
        Points up to this many fwhm from a peak are fitted, at most half way to the next group.
    largest_shift : float
        Of a peak from where it is expected, relative to that; also at most half way to the next peak.
    significance : float
        A peak is there where its area exceeds this many standard errors, and leaving it out raises χ² (scaled to χ²_red
        = 1 where that is larger) by more than the square of this plus 9.
    """

    fwhm: float | None = None
    widths: Literal["free", "shared"] = "free"
    mixing: Literal["free", "shared"] | float = "shared"
    background_degree: int = 1
    together: float = 4.0
    reach: float = 3.0
    largest_shift: float = 0.03
    significance: float = 2.0

    def __post_init__(self) -> None:
        where = "PeakOptions"
        if self.fwhm is not None and not 0.0 < self.fwhm < np.inf:
            raise InputError(f"{where}, fwhm", f"must be a positive width in Å⁻¹, got {self.fwhm}.")
        if self.widths not in ("free", "shared"):
            raise InputError(f"{where}, widths", f"must be 'free' or 'shared', got {self.widths!r}.")
        fixed = not isinstance(self.mixing, str)
        if not (0.0 <= float(self.mixing) <= 1.0 if fixed else self.mixing in ("free", "shared")):
            problem = f"must be 'free', 'shared' or a number from 0 to 1, got {self.mixing!r}."
            raise InputError(f"{where}, mixing", problem)
        if self.background_degree not in range(6):
            raise InputError(f"{where}, background_degree", f"must be 0 to 5, got {self.background_degree!r}.")
        for name in ("together", "reach", "largest_shift", "significance"):
            if not getattr(self, name) > 0.0:
                raise InputError(f"{where}, {name}", f"must be positive, got {getattr(self, name)}.")


NOTHING = UncertainValue(np.nan, np.nan, np.nan)
"""of a peak that is not determined"""


@dataclass(frozen=True, kw_only=True)
class FittedPeak:
    """One peak of a pattern.

    Parameters
    ----------
    name : str
        Of its reflection.
    expected : float
        Where it was looked for, Å⁻¹.
    group : int
        Number of the peaks fitted together with it; −1 outside the data.
    area : UncertainValue
        Intensity × Å⁻¹.
    position, fwhm : UncertainValue
        Å⁻¹.
    mixing : UncertainValue
        0 Gaussian, 1 Lorentzian.
    chi2_red : float
        Of its group; NaN without sigmas.
    problem : str
        Why it is not determined; empty where it is.
    """

    name: str
    expected: float
    group: int
    area: UncertainValue = NOTHING
    position: UncertainValue = NOTHING
    fwhm: UncertainValue = NOTHING
    mixing: UncertainValue = NOTHING
    chi2_red: float = np.nan
    problem: str = ""

    def __repr__(self) -> str:
        if self.problem:
            return f"({self.name}) near {self.expected:.4g} Å⁻¹: not determined, {self.problem}"
        return f"({self.name}) at {self.position}, fwhm {self.fwhm}, area {self.area}, mixing {self.mixing}"


@dataclass(frozen=True)
class GroupData:
    """The points of one group."""

    q: FloatArray
    intensity: FloatArray
    sigma: FloatArray
    has_sigmas: bool


PEAK = LINES["pseudo-voigt"]


def peaks_of(n_peaks: int, options: PeakOptions) -> SumOfForms:
    """Return the sum of n peaks "0", "1", … on their background, tied and fixed as the options say."""
    same: dict[str, str] = {}
    for name, kind in (("fwhm", options.widths), ("lorentzian_part", options.mixing)):
        if kind == "shared":
            same |= {f"{k}.{name}": f"0.{name}" for k in range(1, n_peaks)}
    mixing = None if isinstance(options.mixing, str) else float(options.mixing)
    return SumOfForms(
        {str(k): PEAK for k in range(n_peaks)},
        baseline_terms=options.background_degree + 1,
        same=same,
        baseline=legendre,
        fixed={} if mixing is None else {f"{k}.lorentzian_part": mixing for k in range(n_peaks)},
    )


@dataclass(frozen=True)
class Trial:
    """The sum at one vector of its free parameters, against the points of a group."""

    peaks: SumOfForms
    data: GroupData
    vector: FloatArray

    @cached_property
    def _full(self) -> FloatArray:
        return self.peaks.full(self.vector[None])

    @cached_property
    def _rows(self) -> FloatArray:
        return self.peaks.rows(self.data.q, self._full)

    @property
    def calculated(self) -> FloatArray:
        """The curve, (n,)."""
        return np.asarray(self.peaks.curve_of(self._rows, self._full)[0])

    @property
    def residual(self) -> FloatArray:
        """The curve less the intensity, over sigma, (n,)."""
        return np.asarray((self.calculated - self.data.intensity) / self.data.sigma)

    @property
    def basis(self) -> FloatArray:
        """The curves of areas and background over sigma, (n_linear, n)."""
        return np.asarray(self.peaks.basis(self._rows)[0] / self.data.sigma)

    @property
    def slopes(self) -> FloatArray:
        """The derivatives of the residual by the vector, (n_parameters, n)."""
        return np.asarray(self.peaks.slopes(self._rows, self._full)[0] / self.data.sigma)


@dataclass(frozen=True, kw_only=True)
class GroupFit:
    """A group of peaks at its minimum; present: the peaks of the group that stayed in the fit."""

    data: GroupData
    expected: FloatArray
    options: PeakOptions
    width: float
    present: tuple[int, ...]
    vector: FloatArray
    held: NDArray[np.bool_]
    left_out: dict[int, tuple[float, float, str]] = field(default_factory=dict)
    converged: bool = True

    @classmethod
    def of(
        cls, data: GroupData, expected: FloatArray, limits: FloatArray, width: float, options: PeakOptions
    ) -> GroupFit:
        """Fit, leaving out what is not there; limits: (2, n_peaks) of the positions."""
        present = tuple(range(len(expected)))
        left_out: dict[int, tuple[float, float, str]] = {}
        of = partial(cls, data=data, expected=expected, options=options, width=width)
        while present:
            count = len(peaks_of(len(present), options).free_names)
            if len(data.q) <= count:
                why = f"{len(data.q)} points in its window for {count} parameters"
                left_out |= dict.fromkeys(present, (np.nan, np.nan, why))
                break
            kept = list(present)
            vector, held, converged = _minimised(data, expected[kept], limits[:, kept], width, options)
            fitted = of(present=present, vector=vector, held=held, left_out=left_out, converged=converged)
            worst = fitted._weakest()
            if worst is None:
                return fitted
            left_out = left_out | {present[worst[0]]: worst[1]}
            present = tuple(k for k in present if k != present[worst[0]])
        return of(present=(), vector=np.zeros(0), held=np.zeros(0, dtype=np.bool_), left_out=left_out)

    @cached_property
    def sum(self) -> SumOfForms:
        """The peaks that stayed, on their background."""
        return peaks_of(len(self.present), self.options)

    @cached_property
    def _there(self) -> Trial:
        return Trial(self.sum, self.data, self.vector)

    def place(self, name: str) -> int:
        """Return where a parameter of the sum stands in the vector, −1: fixed."""
        return int(self.sum.free_of[self.sum.index(name)])

    @cached_property
    def chi2_red(self) -> float:
        residual = self._there.residual
        return float(residual @ residual) / max(1, len(residual) - int((~self.held).sum()))

    @property
    def factor(self) -> float:
        """What stderr is multiplied with to be scaled."""
        return float(np.sqrt(max(1.0, self.chi2_red) if self.data.has_sigmas else self.chi2_red))

    @cached_property
    def covariance(self) -> FloatArray:
        """Of the vector, with the sigmas as given (1 without); NaN for what is held at a bound or open."""
        return covariance(self._there.slopes, self.held)

    @cached_property
    def position_covariance(self) -> FloatArray:
        """(n_peaks, n_peaks) of all peaks of the group, scaled; NaN for those left out."""
        n = len(self.expected)
        whole = np.full((n, n), np.nan)
        if self.present:
            kept, at = list(self.present), [self.place(f"{j}.position") for j in range(len(self.present))]
            whole[np.ix_(kept, kept)] = self.covariance[np.ix_(at, at)] * self.factor**2
        return whole

    def curves(self) -> tuple[FloatArray, FloatArray]:
        """Return (calculated, background) on the points of the group."""
        return self._there.calculated, self.sum.components(self.data.q, self.vector)["baseline"][0]

    def estimate(self, name: str, unit: str) -> UncertainValue:
        """Return a parameter of the sum with its standard errors."""
        index = self.place(name)
        if index < 0:
            return UncertainValue(self.sum.fixed[name], 0.0, 0.0)
        plain = float(np.sqrt(self.covariance[index, index]))
        scaled = plain * self.factor
        return UncertainValue(float(self.vector[index]), plain if self.data.has_sigmas else scaled, scaled, unit)

    def peak(self, k: int, number: int, name: str) -> FittedPeak:
        """Return the k-th peak of the group; number: of the group."""
        expected = float(self.expected[k])
        if k not in self.present:
            value, error, why = self.left_out[k]
            area = UncertainValue(value, error, error)
            return FittedPeak(name=name, expected=expected, group=number, area=area, problem=why)
        j = self.present.index(k)
        position, fwhm = self.estimate(f"{j}.position", "Å⁻¹"), self.estimate(f"{j}.fwhm", "Å⁻¹")
        mixing = self.estimate(f"{j}.lorentzian_part", "")
        problem = ""
        half = 0.5 * fwhm.value
        if not self.converged:
            problem = "the fit of its group did not converge"
        elif not (self.data.q[0] <= position.value - half and position.value + half <= self.data.q[-1]):
            problem = "it stands at the edge of the points that are fitted"
        elif not fwhm.determined:
            problem = f"its width reached the limit of {fwhm.value / self.width:.2g} times where it started"
        elif not position.determined:
            problem = "the data leave its position open"
        area = self.estimate(f"{j}.area", "")
        chi2_red = self.chi2_red if self.data.has_sigmas else np.nan
        return FittedPeak(
            name=name,
            expected=expected,
            group=number,
            area=area,
            position=position,
            fwhm=fwhm,
            mixing=mixing,
            chi2_red=chi2_red,
            problem=problem,
        )

    def _weakest(self) -> tuple[int, tuple[float, float, str]] | None:
        """Return (number among the present, (area, stderr, why)) of the peak to leave out first, if any."""
        ratios, reasons = [], []
        threshold = self.options.significance
        for j in range(len(self.present)):
            area = self.estimate(f"{j}.area", "")
            known = bool(np.isfinite(area.stderr_scaled) and area.stderr_scaled > 0.0)
            ratio = area.value / area.stderr_scaled if known else 0.0
            why = ""
            if ratio < threshold:
                why = f"its area is within {threshold:g} standard errors of 0"
            elif self.held[self.place(f"{j}.position")]:
                why = "its position reached the limit of its shift"
            elif self._gain(j) < threshold**2 + 9.0:
                why = "the fit without it is as good"
            reasons.append((area.value, area.stderr_scaled, why))
            ratios.append(ratio if why else np.inf)
        weakest = int(np.argmin(ratios))
        return (weakest, reasons[weakest]) if reasons[weakest][2] else None

    def _gain(self, j: int) -> float:
        """Return by how much scaled χ² rises when peak j is taken out and what is linear fitted again."""
        target = self.data.intensity / self.data.sigma
        kept = np.delete(self._there.basis, j, axis=0)
        solution, *_ = np.linalg.lstsq(kept.T, target, rcond=None)
        without = target - solution @ kept
        residual = self._there.residual
        rise = float(without @ without - residual @ residual)
        return rise / self.factor**2 if self.factor > 0.0 else np.inf


def _minimised(
    data: GroupData, expected: FloatArray, limits: FloatArray, width: float, options: PeakOptions
) -> tuple[FloatArray, NDArray[np.bool_], bool]:
    """Return the vector at the least χ² of a few starts, which of its entries stand at a bound, and if it converged."""
    from scipy.optimize import least_squares

    peaks = peaks_of(len(expected), options)
    names = [f"{k}.position" for k in range(len(expected))]
    bounds = dict(zip(names, zip(*limits.tolist(), strict=True), strict=True))
    lower, upper = peaks.limits({**bounds, "*.fwhm": (NARROWER * width, WIDER * width)})
    inset = 0.01 * (limits[1] - limits[0])

    @lru_cache(maxsize=1)
    def at(vector: bytes) -> Trial:
        return Trial(peaks, data, np.frombuffer(vector))

    def residual(vector: FloatArray) -> FloatArray:
        return at(vector.tobytes()).residual

    def jacobian(vector: FloatArray) -> FloatArray:
        return at(vector.tobytes()).slopes.T

    best = None
    for offset in OFFSETS:
        places = np.clip(expected + offset * width, limits[0] + inset, limits[1] - inset)
        values = {**dict(zip(names, places, strict=True)), **{f"{k}.fwhm": width for k in range(len(expected))}}
        start = peaks.start(values)
        basis = Trial(peaks, data, start).basis
        start[peaks.free_linear] = np.linalg.lstsq(basis.T, data.intensity / data.sigma, rcond=None)[0]
        fit = least_squares(
            residual,
            start,
            jacobian,
            (lower, upper),
            x_scale="jac",
            xtol=1e-8,
            ftol=1e-8,
            max_nfev=MOST_STEPS,
        )
        if best is None or fit.cost < best.cost:
            best = fit
        if data.has_sigmas and 2.0 * best.cost < GOOD * (len(data.q) - len(start)):
            break
    assert best is not None
    span = np.where(np.isfinite(upper - lower), upper - lower, np.inf)
    held = (best.x - lower < 1e-4 * span) | (upper - best.x < 1e-4 * span)
    held &= np.isfinite(span)
    nearer = np.where(best.x - lower < upper - best.x, lower, upper)
    return np.where(held, nearer, best.x), held, best.status > 0
