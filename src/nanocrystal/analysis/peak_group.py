"""One group of overlapping pseudo-Voigt peaks over a polynomial background, fitted by least squares."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.analysis.estimate import Estimate, FloatArray
from nanocrystal.errors import InputError

IntArray = NDArray[np.int64]
NARROWER, WIDER = 0.25, 4.0
"""a width stays within these factors of where it starts"""
OFFSETS = (0.0, -0.8, 0.8)
"""in fwhm: the fits of a group start with its peaks displaced by these, and the best is kept"""
MOST_STEPS = 100
"""of one start"""
GOOD = 1.5
"""χ²_red with sigmas below which no further start is tried"""
LN2 = float(np.log(2.0))


@dataclass(frozen=True, kw_only=True)
class ProfileOptions:
    """How peaks are fitted.

    fwhm: Å⁻¹, where widths start; None: half-height width of the strongest peak.
    widths, mixing: free for each peak, or shared by the peaks fitted together; a number fixes the mixing
        (0: Gaussian, 1: Lorentzian).
    background_degree: of the polynomial under each group.
    together: peaks closer than this many fwhm are fitted together.
    reach: points up to this many fwhm from a peak are fitted, at most half way to the next group.
    largest_shift: of a peak from where it is expected, relative to that; also at most half way to the next peak.
    significance: a peak is there where its area exceeds this many standard errors, and leaving it
        out raises χ² (scaled to χ²_red = 1 where that is larger) by more than the square of this plus 9.
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
        where = "ProfileOptions"
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


NOTHING = Estimate(np.nan, np.nan, np.nan)
"""of a peak that is not determined"""


@dataclass(frozen=True, kw_only=True)
class FittedPeak:
    """One peak; expected: Å⁻¹, where it was looked for; problem: why it is not determined, or empty.

    area: intensity × Å⁻¹; position, fwhm: Å⁻¹; mixing: 0 Gaussian, 1 Lorentzian; group: of peaks fitted together;
    chi2_red: of that group, NaN without sigmas.
    """

    name: str
    expected: float
    group: int
    area: Estimate = NOTHING
    position: Estimate = NOTHING
    fwhm: Estimate = NOTHING
    mixing: Estimate = NOTHING
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

    def polynomials(self, degree: int) -> FloatArray:
        """Return the background's Legendre polynomials over the window, (degree + 1, n)."""
        span = max(float(np.ptp(self.q)), 1e-12)
        return np.asarray(np.polynomial.legendre.legvander(2.0 * (self.q - self.q[0]) / span - 1.0, degree).T)


@dataclass(frozen=True, kw_only=True)
class _Places:
    """Where the parameters of the peaks stand in one vector; mixing −1: fixed."""

    area: IntArray
    position: IntArray
    fwhm: IntArray
    mixing: IntArray
    background: IntArray
    fixed_mixing: float

    @classmethod
    def of(cls, n_peaks: int, options: ProfileOptions) -> _Places:
        def block(start: int, kind: str) -> IntArray:
            if kind == "fixed":
                return np.full(n_peaks, -1)
            return start + (np.arange(n_peaks) if kind == "free" else np.zeros(n_peaks, dtype=np.int64))

        area, position = block(0, "free"), block(n_peaks, "free")
        fwhm = block(2 * n_peaks, options.widths)
        kind = options.mixing if isinstance(options.mixing, str) else "fixed"
        mixing = block(int(fwhm.max()) + 1, kind)
        first = max(int(mixing.max()), int(fwhm.max())) + 1
        fixed = 0.5 if isinstance(options.mixing, str) else float(options.mixing)
        return cls(
            area=area,
            position=position,
            fwhm=fwhm,
            mixing=mixing,
            background=first + np.arange(options.background_degree + 1),
            fixed_mixing=fixed,
        )

    @property
    def count(self) -> int:
        return int(self.background[-1]) + 1

    def mixings(self, vector: FloatArray) -> FloatArray:
        return np.where(self.mixing < 0, self.fixed_mixing, vector[self.mixing])


def pseudo_voigt(
    q: FloatArray, position: FloatArray, fwhm: FloatArray, mixing: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return profiles of unit area and their derivatives by position, fwhm and mixing; each (n_peaks, n_q).

    position, fwhm, mixing: (n_peaks,).
    """
    w = fwhm[:, None]
    u = (q[None, :] - position[:, None]) / w
    flat = 1.0 + 4.0 * u * u
    lorentzian = 2.0 / (np.pi * w) / flat
    gaussian = 2.0 / w * np.sqrt(LN2 / np.pi) * np.exp(-4.0 * LN2 * u * u)
    eta = mixing[:, None]
    part_l, part_g = eta * lorentzian, (1.0 - eta) * gaussian
    slope = part_l * 8.0 * u / flat + part_g * 8.0 * LN2 * u  # times w: the derivative by position
    value = part_l + part_g
    return value, slope / w, (slope * u - value) / w, lorentzian - gaussian


@dataclass(frozen=True, kw_only=True)
class GroupFit:
    """A group of peaks at its minimum; present: the peaks of the group that stayed in the fit."""

    data: GroupData
    expected: FloatArray
    options: ProfileOptions
    width: float
    present: tuple[int, ...]
    vector: FloatArray
    held: NDArray[np.bool_]
    left_out: dict[int, tuple[float, float, str]] = field(default_factory=dict)
    converged: bool = True

    @classmethod
    def of(
        cls, data: GroupData, expected: FloatArray, limits: FloatArray, width: float, options: ProfileOptions
    ) -> GroupFit:
        """Fit, leaving out what is not there; limits: (2, n_peaks) of the positions."""
        present = tuple(range(len(expected)))
        left_out: dict[int, tuple[float, float, str]] = {}
        of = partial(cls, data=data, expected=expected, options=options, width=width)
        while present:
            places = _Places.of(len(present), options)
            if len(data.q) <= places.count:
                why = f"{len(data.q)} points in its window for {places.count} parameters"
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
    def places(self) -> _Places:
        return _Places.of(len(self.present), self.options)

    @cached_property
    def chi2_red(self) -> float:
        residual = _residual(self.vector, self.places, self.data)
        return float(residual @ residual) / max(1, len(residual) - int((~self.held).sum()))

    @property
    def factor(self) -> float:
        """What stderr is multiplied with to be scaled."""
        return float(np.sqrt(max(1.0, self.chi2_red) if self.data.has_sigmas else self.chi2_red))

    @cached_property
    def covariance(self) -> FloatArray:
        """Of the vector, with the sigmas as given (1 without); NaN for what is held at a bound or open."""
        found = np.full((len(self.vector), len(self.vector)), np.nan)
        free = np.flatnonzero(~self.held)
        jacobian = _jacobian(self.vector, self.places, self.data)[:, free]
        length = np.linalg.norm(jacobian, axis=0)
        length[length == 0.0] = 1.0
        _, values, directions = np.linalg.svd(jacobian / length, full_matrices=False)
        good = values > 1e-7 * values[0]
        inverse = (directions[good].T / values[good] ** 2) @ directions[good]
        inverse /= np.outer(length, length)
        is_open = np.abs(directions[~good]).max(axis=0, initial=0.0) > 0.05
        inverse[is_open, :] = inverse[:, is_open] = np.nan
        found[np.ix_(free, free)] = inverse
        return found

    @cached_property
    def position_covariance(self) -> FloatArray:
        """(n_peaks, n_peaks) of all peaks of the group, scaled; NaN for those left out."""
        n = len(self.expected)
        found = np.full((n, n), np.nan)
        if self.present:
            kept, at = list(self.present), self.places.position
            found[np.ix_(kept, kept)] = self.covariance[np.ix_(at, at)] * self.factor**2
        return found

    def curves(self) -> tuple[FloatArray, FloatArray]:
        """Return (calculated, background) on the points of the group."""
        background = self.vector[self.places.background] @ self.data.polynomials(self.options.background_degree)
        return _model(self.vector, self.places, self.data), np.asarray(background)

    def estimate(self, index: int, unit: str) -> Estimate:
        """Return a parameter of the vector with its standard errors."""
        plain = float(np.sqrt(self.covariance[index, index]))
        scaled = plain * self.factor
        return Estimate(float(self.vector[index]), plain if self.data.has_sigmas else scaled, scaled, unit)

    def peak(self, k: int, number: int, name: str) -> FittedPeak:
        """Return the k-th peak of the group; number: of the group."""
        expected = float(self.expected[k])
        if k not in self.present:
            value, error, why = self.left_out[k]
            area = Estimate(value, error, error)
            return FittedPeak(name=name, expected=expected, group=number, area=area, problem=why)
        j, places = self.present.index(k), self.places
        position, fwhm = self.estimate(int(places.position[j]), "Å⁻¹"), self.estimate(int(places.fwhm[j]), "Å⁻¹")
        at = int(places.mixing[j])
        mixing = Estimate(places.fixed_mixing, 0.0, 0.0) if at < 0 else self.estimate(at, "")
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
        area = self.estimate(int(places.area[j]), "")
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
            area = self.estimate(int(self.places.area[j]), "")
            known = bool(np.isfinite(area.stderr_scaled) and area.stderr_scaled > 0.0)
            ratio = area.value / area.stderr_scaled if known else 0.0
            why = ""
            if ratio < threshold:
                why = f"its area is within {threshold:g} standard errors of 0"
            elif self.held[self.places.position[j]]:
                why = "its position reached the limit of its shift"
            elif self._gain(j) < threshold**2 + 9.0:
                why = "the fit without it is as good"
            reasons.append((area.value, area.stderr_scaled, why))
            ratios.append(ratio if why else np.inf)
        weakest = int(np.argmin(ratios))
        return (weakest, reasons[weakest]) if reasons[weakest][2] else None

    def _gain(self, j: int) -> float:
        """Return by how much scaled χ² rises when peak j is taken out and what is linear fitted again."""
        rows, _ = _linear_rows(self.vector, self.places, self.data)
        target = self.data.intensity / self.data.sigma
        kept = np.delete(rows, j, axis=0)
        solution, *_ = np.linalg.lstsq(kept.T, target, rcond=None)
        without = target - solution @ kept
        residual = _residual(self.vector, self.places, self.data)
        rise = float(without @ without - residual @ residual)
        return rise / self.factor**2 if self.factor > 0.0 else np.inf


def _linear_rows(vector: FloatArray, places: _Places, data: GroupData) -> tuple[FloatArray, IntArray]:
    """Return the curves of areas and background over sigma, (n_linear, n), and where they stand in the vector."""
    value, *_ = pseudo_voigt(data.q, vector[places.position], vector[places.fwhm], places.mixings(vector))
    rows = np.concatenate([value, data.polynomials(len(places.background) - 1)]) / data.sigma
    return rows, np.concatenate([places.area, places.background])


def _model(vector: FloatArray, places: _Places, data: GroupData) -> FloatArray:
    rows, at = _linear_rows(vector, places, data)
    return np.asarray(vector[at] @ rows * data.sigma)


def _residual(vector: FloatArray, places: _Places, data: GroupData) -> FloatArray:
    return np.asarray((_model(vector, places, data) - data.intensity) / data.sigma)


def _jacobian(vector: FloatArray, places: _Places, data: GroupData) -> FloatArray:
    """Return the derivatives of the residual by the vector, (n, n_parameters)."""
    shape = pseudo_voigt(data.q, vector[places.position], vector[places.fwhm], places.mixings(vector))
    value, by_position, by_fwhm, by_mixing = shape
    area = vector[places.area][:, None]
    found = np.zeros((places.count, len(data.q)))
    np.add.at(found, places.area, value)
    np.add.at(found, places.position, area * by_position)
    np.add.at(found, places.fwhm, area * by_fwhm)
    if places.mixing[0] >= 0:
        np.add.at(found, places.mixing, area * by_mixing)
    found[places.background] = data.polynomials(len(places.background) - 1)
    return np.asarray((found / data.sigma).T)


def _minimised(
    data: GroupData, expected: FloatArray, limits: FloatArray, width: float, options: ProfileOptions
) -> tuple[FloatArray, NDArray[np.bool_], bool]:
    """Return the vector at the least χ² of a few starts, which of its entries stand at a bound, and if it converged."""
    from scipy.optimize import least_squares

    places = _Places.of(len(expected), options)
    lower, upper = np.full(places.count, -np.inf), np.full(places.count, np.inf)
    lower[places.position], upper[places.position] = limits
    lower[places.fwhm], upper[places.fwhm] = NARROWER * width, WIDER * width
    if places.mixing[0] >= 0:
        lower[places.mixing], upper[places.mixing] = 0.0, 1.0
    best = None
    for offset in OFFSETS:
        start = np.zeros(places.count)
        inset = 0.01 * (limits[1] - limits[0])
        start[places.position] = np.clip(expected + offset * width, limits[0] + inset, limits[1] - inset)
        start[places.fwhm] = width
        start[places.mixing[places.mixing >= 0]] = 0.5
        rows, at = _linear_rows(start, places, data)
        start[at] = np.linalg.lstsq(rows.T, data.intensity / data.sigma, rcond=None)[0]
        found = least_squares(
            _residual,
            start,
            _jacobian,
            (lower, upper),
            x_scale="jac",
            xtol=1e-8,
            ftol=1e-8,
            max_nfev=MOST_STEPS,
            args=(places, data),
        )
        if best is None or found.cost < best.cost:
            best = found
        if data.has_sigmas and 2.0 * best.cost < GOOD * (len(data.q) - places.count):
            break
    assert best is not None
    span = np.where(np.isfinite(upper - lower), upper - lower, np.inf)
    held = (best.x - lower < 1e-4 * span) | (upper - best.x < 1e-4 * span)
    held &= np.isfinite(span)
    nearer = np.where(best.x - lower < upper - best.x, lower, upper)
    return np.where(held, nearer, best.x), held, best.status > 0
