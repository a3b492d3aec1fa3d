"""Shapes of spectral lines: unit area, exact derivatives, one text for spectra one by one and in batches.

A `Form` is a curve of unit amplitude with its derivatives by its own parameters. A spectrum is
Σ_k area_k L_k(x; position, fwhm, …) + Σ_j c_j T_j(x); areas and c_j are linear. `fwhm` is the true full width at half
maximum of every line; of the Voigt profile it is found from the widths of its parts to rounding.

Parameters are numbers or arrays (n_items, 1) against x (n_points,); answers are stacked (1 + n_parameters, …,
n_points): the curve, then its derivatives in the order of `Form.parameters`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
Values = Any
"""a number, or an array that broadcasts against x"""
FOUR_LN2 = 4.0 * np.log(2.0)
GAUSS_HEIGHT = np.sqrt(FOUR_LN2 / np.pi)
LORENTZ_HEIGHT = 2.0 / np.pi
SIGMAS_IN_FWHM = np.sqrt(8.0 * np.log(2.0))
NARROWEST = 1e-6
"""of the other width: a part of a Voigt profile so narrow changes it by less than 1e-12"""
FAR = 60.0
"""|z| from which on the derivative of w(z) is taken from its asymptotic series, exact there to 4e-13"""
INVERSE_ROOT_PI = 1.0 / np.sqrt(np.pi)


@dataclass(frozen=True, kw_only=True)
class Form:
    """A curve of unit amplitude over x, with its derivatives.

    Parameters
    ----------
    name : str
        What a study calls it.
    parameters : tuple of str
        Names, in the order of the derivatives.
    stacked : callable
        (x, *values) -> array (1 + n_parameters, …, n_points): the curve, then its derivatives by each parameter; values
        are numbers or arrays (n_items, 1).
    limits : mapping of str to (float, float)
        Within which each parameter is defined.
    starts : mapping of str to float
        Where parameters start; those that are missing need a start from the user.
    amplitude : str
        What the linear factor is called.
    compiled : int
        Number of its compiled text; −1 where it has none.
    """

    name: str
    parameters: tuple[str, ...]
    stacked: Callable[..., FloatArray]
    limits: Mapping[str, tuple[float, float]]
    starts: Mapping[str, float] = field(default_factory=dict)
    amplitude: str = "area"
    compiled: int = -1

    def curve(self, x: FloatArray, *values: Values) -> FloatArray:
        """Return the curve of unit amplitude, (…, n_points)."""
        return np.asarray(self.stacked(x, *values)[0])


# ---- symmetric shapes ---------------------------------------------------------------------------


def gaussian(x: FloatArray, position: Values, fwhm: Values) -> FloatArray:
    """Return √(4 ln 2/π)/Γ exp(−4 ln 2 (x − c)²/Γ²) and its derivatives, (3, …, n_points)."""
    z = (x - position) / fwhm
    curve = GAUSS_HEIGHT / fwhm * np.exp(-FOUR_LN2 * z**2)
    by_position = 2.0 * FOUR_LN2 * z * curve / fwhm
    return np.stack([curve, by_position, z * by_position - curve / fwhm])


def lorentzian(x: FloatArray, position: Values, fwhm: Values) -> FloatArray:
    """Return (2/πΓ)/(1 + 4 (x − c)²/Γ²) and its derivatives, (3, …, n_points)."""
    z = (x - position) / fwhm
    curve = LORENTZ_HEIGHT / fwhm / (1.0 + 4.0 * z**2)
    by_position = 8.0 * z / (1.0 + 4.0 * z**2) * curve / fwhm
    return np.stack([curve, by_position, z * by_position - curve / fwhm])


def pseudo_voigt(x: FloatArray, position: Values, fwhm: Values, lorentzian_part: Values) -> FloatArray:
    """Return η L + (1 − η) G, both of the width fwhm, and its derivatives, (4, …, n_points)."""
    lorentz, gauss = lorentzian(x, position, fwhm), gaussian(x, position, fwhm)
    mixed = lorentzian_part * lorentz + (1.0 - lorentzian_part) * gauss
    return np.concatenate([mixed, (lorentz[0] - gauss[0])[None]])


def thompson(x: FloatArray, position: Values, gaussian_fwhm: Values, lorentzian_fwhm: Values) -> FloatArray:
    """Return the pseudo-Voigt profile of two widths and its derivatives, (4, …, n_points).

    Thompson, Cox & Hastings, J. Appl. Cryst. 20, 79 (1987): within 1.3 % of the height of the exact profile.
    """
    width, by_gauss, by_lorentz = thompson_width(gaussian_fwhm, lorentzian_fwhm)
    ratio = lorentzian_fwhm / width
    mixing = 1.36603 * ratio - 0.47719 * ratio**2 + 0.11116 * ratio**3
    by_ratio = 1.36603 - 2.0 * 0.47719 * ratio + 3.0 * 0.11116 * ratio**2
    curve, by_position, by_width, by_mixing = pseudo_voigt(x, position, width, mixing)
    slopes = [
        by_width * width_slope + by_mixing * by_ratio * ratio_slope
        for width_slope, ratio_slope in (
            (by_gauss, -ratio / width * by_gauss),
            (by_lorentz, (1.0 - ratio * by_lorentz) / width),
        )
    ]
    return np.stack([curve, by_position, *slopes])


def thompson_width(gauss: Values, lorentz: Values) -> tuple[Values, Values, Values]:
    """Return Γ of Thompson, Cox & Hastings (1987), equation 2, and its derivatives by the two widths."""
    factors = (1.0, 2.69269, 2.42843, 4.47163, 0.07842, 1.0)
    fifth = sum(f * gauss ** (5 - k) * lorentz**k for k, f in enumerate(factors))
    by_gauss = sum((5 - k) * f * gauss ** (4 - k) * lorentz**k for k, f in enumerate(factors[:5]))
    by_lorentz = sum(k * f * gauss ** (5 - k) * lorentz ** (k - 1) for k, f in enumerate(factors) if k)
    width = fifth**0.2
    return width, by_gauss / (5.0 * width**4), by_lorentz / (5.0 * width**4)


# ---- the Voigt profile --------------------------------------------------------------------------


def faddeeva(z: ComplexArray) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
    """Return w(z), w′(z) and w(z) + z w′(z), for Im z ≥ 0.

    w′ = −2 z w + 2i/√π (Abramowitz & Stegun 7.1.20) cancels at large |z|, where the series of w is taken instead.
    """
    from scipy.special import wofz

    w = np.asarray(wofz(z), dtype=np.complex128)
    slope = -2.0 * z * w + 2.0j * INVERSE_ROOT_PI
    summed = w + z * slope
    far = np.abs(z) > FAR
    if far.any():
        inverse = 1.0 / z[far] ** 2
        summed[far] = -1.0j * INVERSE_ROOT_PI / z[far] * inverse * (1.0 + inverse * (3.0 + 11.25 * inverse))
        slope[far] = (summed[far] - w[far]) / z[far]
    return w, slope, summed


def voigt_of_widths(x: FloatArray, position: Values, gaussian_fwhm: Values, lorentzian_fwhm: Values) -> FloatArray:
    """Return the convolution of a Gaussian and a Lorentzian line and its derivatives, (4, …, n_points).

    V = Re w(z)/(σ√(2π)), z = (x − c + iγ)/(σ√2), γ half the Lorentzian width (exact; w is the Faddeeva function).
    """
    sigma = np.maximum(gaussian_fwhm, np.maximum(NARROWEST * lorentzian_fwhm, 1e-300)) / SIGMAS_IN_FWHM
    w, slope, summed = faddeeva(np.asarray((x - position + 0.5j * lorentzian_fwhm) / (np.sqrt(2.0) * sigma)))
    height = 1.0 / (sigma * np.sqrt(2.0 * np.pi))
    steep = height / (np.sqrt(2.0) * sigma)
    by_sigma = -height / sigma * summed.real
    return np.stack([height * w.real, -steep * slope.real, by_sigma / SIGMAS_IN_FWHM, -0.5 * steep * slope.imag])


def voigt_width(part: Values) -> tuple[FloatArray, FloatArray]:
    """Return F, the full width at half maximum of the Voigt profile with widths 1 − m and m, and dF/dm.

    part: m, 0 for a Gaussian and 1 for a Lorentzian line. Newton's method from the formula of Olivero &
    Longbothum, J. Quant. Spectrosc. Radiat. Transfer 17, 233 (1977), to rounding.
    """
    m = np.atleast_1d(np.asarray(part, dtype=np.float64))
    gauss, lorentz = 1.0 - m, m
    half = 0.5 * (0.5346 * lorentz + np.sqrt(0.2166 * lorentz**2 + gauss**2))
    top = voigt_of_widths(np.zeros_like(m), 0.0, gauss, lorentz)
    for _ in range(4):
        there = voigt_of_widths(half, 0.0, gauss, lorentz)
        half = half + (there[0] - 0.5 * top[0]) / there[1]  # dV/dx is minus the derivative by position
    there = voigt_of_widths(half, 0.0, gauss, lorentz)
    by_part = (there[3] - there[2]) - 0.5 * (top[3] - top[2])
    return np.reshape(2.0 * half, np.shape(part)), np.reshape(2.0 * by_part / there[1], np.shape(part))


def voigt(x: FloatArray, position: Values, fwhm: Values, lorentzian_part: Values) -> FloatArray:
    """Return the Voigt profile of total width fwhm and its derivatives, (4, …, n_points).

    lorentzian_part: the Lorentzian width over the sum of both widths, 0 to 1.
    """
    unit, unit_slope = voigt_width(lorentzian_part)
    scale = fwhm / unit
    scale_slope = -scale * unit_slope / unit
    widths = ((1.0 - lorentzian_part) * scale, lorentzian_part * scale)
    curve, by_position, by_gauss, by_lorentz = voigt_of_widths(x, position, *widths)
    by_fwhm = (by_gauss * (1.0 - lorentzian_part) + by_lorentz * lorentzian_part) / unit
    by_part = by_gauss * ((1.0 - lorentzian_part) * scale_slope - scale)
    by_part = by_part + by_lorentz * (lorentzian_part * scale_slope + scale)
    return np.stack([curve, by_position, by_fwhm, by_part])


def widths_of_voigt(fwhm: Values, lorentzian_part: Values) -> tuple[Values, Values]:
    """Return the Gaussian and the Lorentzian width of a Voigt profile of total width fwhm."""
    scale = fwhm / voigt_width(lorentzian_part)[0]
    return (1.0 - lorentzian_part) * scale, lorentzian_part * scale


# ---- asymmetric shapes --------------------------------------------------------------------------


def split(symmetric: Callable[..., FloatArray], x: FloatArray, position: Values, *values: Values) -> FloatArray:
    """Return a symmetric shape with its two sides stretched by 1 ∓ a, a the last of the values.

    Area, height and full width stay as they are; a > 0 makes the side of large x the wider one, |a| < 1.
    """
    *others, asymmetry = values
    distance = x - position
    side = np.where(distance > 0.0, 1.0, -1.0)
    stretch = 1.0 + asymmetry * side
    curve, by_position, *rest = symmetric(distance / stretch, 0.0, *others)
    by_asymmetry = by_position * distance * side / stretch**2
    return np.stack([curve, by_position / stretch, *rest, by_asymmetry])


def doniach_sunjic(x: FloatArray, position: Values, fwhm: Values, asymmetry: Values) -> FloatArray:
    """Return the line of a core level of a metal and its derivatives, (4, …, n_points).

    cos[πα/2 + (1 − α) arctan u]/(πγ (1 + u²)^((1−α)/2)), u = (c − x)/γ, γ = fwhm/2: Doniach & Šunjić, J. Phys. C 3, 285
    (1970), with its tail towards large x (binding energy). For α > 0 its area is infinite: the amplitude is then that
    of the Lorentzian line that α = 0 leaves, of width fwhm, and `position` is not the maximum.
    """
    gamma = 0.5 * fwhm
    u = (position - x) / gamma
    angle = 0.5 * np.pi * asymmetry + (1.0 - asymmetry) * np.arctan(u)
    decay = (1.0 + u**2) ** (-0.5 * (1.0 - asymmetry)) / (np.pi * gamma)
    curve = np.cos(angle) * decay
    by_u = -(1.0 - asymmetry) * (np.sin(angle) + u * np.cos(angle)) / (1.0 + u**2) * decay
    by_asymmetry = -np.sin(angle) * (0.5 * np.pi - np.arctan(u)) * decay + 0.5 * np.log1p(u**2) * curve
    return np.stack([curve, by_u / gamma, -(curve + u * by_u) / fwhm, by_asymmetry])


# ---- a measured shape ---------------------------------------------------------------------------


def measured_line(samples_x: FloatArray, samples: FloatArray) -> Form:
    """Return a line that looks like measured samples, shifted by `position` and broadened by a Gaussian of `fwhm`.

    Shift and broadening are exact for the band-limited curve through the samples: both are factors of its Fourier
    components.

    Parameters
    ----------
    samples_x : array (n,)
        An even, ascending grid.
    samples : array (n,)
        In any unit; taken as 0 outside the grid and scaled to unit area.

    Returns
    -------
    Form
        The line, of unit area over x.
    """
    step, begin = float(samples_x[1] - samples_x[0]), float(samples_x[0])
    n = 2 * len(samples)
    period = n * step
    omega = 2.0 * np.pi * np.fft.rfftfreq(n, step)
    amplitudes = np.fft.rfft(samples / (samples.sum() * step), n) / n
    amplitudes[1:-1] *= 2.0

    def stacked(x: FloatArray, position: Values, fwhm: Values) -> FloatArray:
        place, width = np.asarray(x - begin - position), np.asarray(fwhm)[..., None] / SIGMAS_IN_FWHM
        damped = amplitudes * np.exp(-0.5 * (width * omega) ** 2)
        waves = np.exp(1j * place[..., None] * omega)
        rows = [damped, -1j * omega * damped, -(omega**2) * width / SIGMAS_IN_FWHM * damped]
        near = (place > -0.25 * period) & (place < 0.75 * period)
        return np.stack([np.where(near, (waves * row).sum(axis=-1).real, 0.0) for row in rows])

    return Form(
        name="measured",
        parameters=("position", "fwhm"),
        stacked=stacked,
        limits={"position": ANYWHERE, "fwhm": (0.0, np.inf)},
    )


# ---- by name ------------------------------------------------------------------------------------

ANYWHERE = (-np.inf, np.inf)
_WIDTH = (0.0, np.inf)
_PART = (0.0, 1.0)
_SIDE = (-0.99, 0.99)


def _form(name: str, stacked: Callable[..., FloatArray], compiled: int = -1, **limits: tuple[float, float]) -> Form:
    starts = {k: v for k, v in {"lorentzian_part": 0.5, "asymmetry": 0.0}.items() if k in limits}
    return Form(
        name=name,
        parameters=("position", *limits),
        stacked=stacked,
        limits={"position": ANYWHERE, **limits},
        starts=starts,
        compiled=compiled,
    )


LINES: Mapping[str, Form] = {
    form.name: form
    for form in (
        _form("gaussian", gaussian, 0, fwhm=_WIDTH),
        _form("lorentzian", lorentzian, 1, fwhm=_WIDTH),
        _form("pseudo-voigt", pseudo_voigt, 2, fwhm=_WIDTH, lorentzian_part=_PART),
        _form("voigt", voigt, 6, fwhm=_WIDTH, lorentzian_part=_PART),
        _form("voigt-widths", voigt_of_widths, 5, gaussian_fwhm=_WIDTH, lorentzian_fwhm=_WIDTH),
        _form("thompson", thompson, gaussian_fwhm=_WIDTH, lorentzian_fwhm=_WIDTH),
        _form("split-gaussian", partial(split, gaussian), 3, fwhm=_WIDTH, asymmetry=_SIDE),
        _form("split-lorentzian", partial(split, lorentzian), 4, fwhm=_WIDTH, asymmetry=_SIDE),
        _form("split-pseudo-voigt", partial(split, pseudo_voigt), fwhm=_WIDTH, lorentzian_part=_PART, asymmetry=_SIDE),
        _form("split-voigt", partial(split, voigt), fwhm=_WIDTH, lorentzian_part=_PART, asymmetry=_SIDE),
        _form("doniach-sunjic", doniach_sunjic, fwhm=_WIDTH, asymmetry=(0.0, 0.9)),
    )
}
"""the shapes of lines by the name that a study gives them"""
