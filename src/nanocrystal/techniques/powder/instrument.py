"""What a diffractometer makes of reflections: places, widths, shapes and intensities of peaks; see `powder`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.profile import Peaks
from nanocrystal.parameters import Claim, Quantity, of_measurement

if TYPE_CHECKING:
    from nanocrystal.techniques.powder.technique import Powder

FloatArray = NDArray[np.float64]
DEGREES = 180.0 / np.pi
LARGEST_SINE = 0.9999
"""sin θ from which on a reflection is out of reach"""
NARROWEST = 1e-3
"""°; a Gaussian part of the width below it is taken as that"""
MOST_SKEW = 1.1
"""so strong an asymmetry leaves a peak positive everywhere"""
AXIAL_NODES = 20
"""of the quadrature over the axial divergence"""
THOMPSON = (1.0, 2.69269, 2.42843, 4.47163, 0.07842, 1.0)
"""Γ⁵ = Σ_k THOMPSON[k] Γ_G^(5−k) Γ_L^k: Thompson, Cox & Hastings, J. Appl. Cryst. 20, 79 (1987)"""

INSTRUMENT: Mapping[str, Quantity] = {
    quantity.name: quantity
    for quantity in (
        Quantity(
            "zero",
            "°",
            "shift of all peaks",
            0.0,
            -5.0,
            5.0,
            scale=0.02,
            meaning=of_measurement("angle", "by which all peaks are shifted"),
            claim=Claim("angles are exact", other=0.01, either_way=True),
        ),
        Quantity(
            "displacement",
            "mm",
            "of the surface below the axis of the goniometer",
            0.0,
            -10.0,
            10.0,
            scale=0.05,
            meaning=of_measurement("sample displacement", "of the surface below the axis of the goniometer"),
            claim=Claim("the surface is on the axis of the goniometer", other=0.02, either_way=True),
        ),
        Quantity(
            "polarization",
            "",
            "part p of 1 − p + p cos² 2θ",
            0.5,
            0.0,
            1.0,
            scale=0.1,
            meaning=of_measurement("polarization", "of beam and optics"),
            claim=Claim("an unpolarised beam and no monochromator", other=0.44),
        ),
        Quantity(
            "kalpha2_ratio",
            "",
            "intensity of the second line over that of the first",
            0.5,
            0.0,
            2.0,
            scale=0.05,
            meaning=of_measurement("intensity ratio", "of the second line to the first, areas"),
        ),
        Quantity(
            "mu_r",
            "",
            "absorption times radius of a capillary",
            0.0,
            0.0,
            3.0,
            scale=0.1,
            meaning=of_measurement("absorption", "times the radius of a capillary"),
            claim=Claim("the capillary absorbs nothing", other=0.5),
        ),
        Quantity(
            "overflow_angle",
            "°",
            "2θ below which the beam is longer than the sample",
            0.0,
            0.0,
            150.0,
            scale=2.0,
            meaning=of_measurement("angle", "2θ below which the beam is longer than the sample"),
            claim=Claim("the beam is nowhere longer than the sample", other=20.0),
        ),
        Quantity(
            "caglioti_u",
            "°²",
            "U of Γ_G² = U tan² θ + V tan θ + W",
            0.0,
            -5.0,
            5.0,
            scale=0.005,
            meaning=of_measurement("squared peak width", "of the Gaussian part, full at half maximum, of tan² θ"),
        ),
        Quantity(
            "caglioti_v",
            "°²",
            "V of Γ_G²",
            0.0,
            -5.0,
            5.0,
            scale=0.005,
            meaning=of_measurement("squared peak width", "of the Gaussian part, full at half maximum, of tan θ"),
        ),
        Quantity(
            "caglioti_w",
            "°²",
            "W of Γ_G²",
            0.005,
            -5.0,
            5.0,
            scale=0.005,
            meaning=of_measurement("squared peak width", "of the Gaussian part, full at half maximum, constant"),
            claim=Claim("no one measured the width of the instrument", other=0.0025),
        ),
        Quantity(
            "lorentz_x",
            "°",
            "X of Γ_L, over cos θ, of the instrument",
            0.0,
            0.0,
            5.0,
            scale=0.02,
            meaning=of_measurement("peak width", "of the Lorentzian part, full at half maximum, of 1/cos θ"),
            claim=Claim("no one measured the width of the instrument", other=0.02),
        ),
        Quantity(
            "lorentz_y",
            "°",
            "Y of Γ_L, times tan θ, of the instrument",
            0.0,
            0.0,
            5.0,
            scale=0.02,
            meaning=of_measurement("peak width", "of the Lorentzian part, full at half maximum, of tan θ"),
        ),
        Quantity(
            "axial_divergence",
            "",
            "half height of sample and of slit over their distance",
            0.0,
            0.0,
            0.3,
            scale=0.01,
            meaning=of_measurement("divergence", "half height of sample and of slit over their distance"),
        ),
        Quantity(
            "asymmetry",
            "",
            "asymmetry of the peaks, over tan θ",
            0.0,
            -1.0,
            1.0,
            scale=0.01,
            meaning=of_measurement("peak asymmetry", "of Bérar and Baldinozzi, of 1/tan θ"),
            claim=Claim("peaks are symmetric", other=0.01, either_way=True),
        ),
        Quantity(
            "asymmetry_2",
            "",
            "the same, over tan 2θ",
            0.0,
            -1.0,
            1.0,
            scale=0.01,
            meaning=of_measurement("peak asymmetry", "of Bérar and Baldinozzi, of 1/tan 2θ"),
        ),
    )
}
"""what a diffractometer is described by, by name"""


@dataclass(frozen=True)
class Line:
    """A spectral line: wavelength (Å) and its part of the intensity."""

    wavelength: float
    part: float


@dataclass(frozen=True)
class Angles:
    """What the angle of each reflection decides, arrays (n,); reached: whether it can be reached at all."""

    sine: FloatArray
    cosine: FloatArray
    reached: NDArray[np.bool_]

    @classmethod
    def of(cls, q: FloatArray, wavelength: float) -> Angles:
        """Return the angles of reflections at q (Å⁻¹)."""
        sine = q * wavelength / (4.0 * np.pi)
        reached = sine < LARGEST_SINE
        sine = np.minimum(sine, LARGEST_SINE)
        return cls(sine, np.sqrt(1.0 - sine**2), reached)

    @property
    def tangent(self) -> FloatArray:
        return np.asarray(self.sine / self.cosine)

    @property
    def two_theta(self) -> FloatArray:
        """Degrees."""
        return np.asarray(2.0 * DEGREES * np.arcsin(self.sine))

    @property
    def cos_two_theta(self) -> FloatArray:
        return np.asarray(1.0 - 2.0 * self.sine**2)


def peaks_of(
    q: FloatArray,
    strength: FloatArray,
    lines: Sequence[Line],
    settings: Powder,
    instrument: Mapping[str, float],
    sample: Mapping[str, float],
) -> Peaks:
    """Return the peaks of reflections at q (Å⁻¹), those of each spectral line after each other.

    With axial divergence each reflection is `AXIAL_NODES` peaks, all reflections of a node after each other.
    strength: (n,) areas without the factors of the angle; instrument: its values by name; sample: size (Å)
    and strain of the crystals, and the Lorentzian parts of both.
    """
    parts = []
    for line in lines:
        angles = Angles.of(q, line.wavelength)
        width, mixing = widths(angles, line.wavelength, settings, instrument, sample)
        area = np.where(angles.reached, line.part * strength * angular_factor(angles, settings, instrument), 0.0)
        centre, skew = centres(angles, settings, instrument), skews(angles, instrument)
        if settings.axial_divergence is None:
            parts.append(Peaks(area, centre, width, mixing, skew))
            continue
        for shift, part in zip(*axial_divergence(angles, instrument["axial_divergence"]), strict=True):
            parts.append(Peaks(part * area, centre + shift, width, mixing, skew))
    return Peaks(
        *(np.concatenate([getattr(p, k) for p in parts]) for k in ("area", "centre", "width", "mixing", "skew"))
    )


def centres(angles: Angles, settings: Powder, instrument: Mapping[str, float]) -> FloatArray:
    """Return where peaks are seen, degrees: zero shift, and in reflection the displacement of the sample."""
    moved = angles.two_theta + instrument["zero"]
    if settings.radius is not None:
        moved = moved - 2.0 * DEGREES * instrument["displacement"] / settings.radius * angles.cosine
    return np.asarray(moved)


def widths(
    angles: Angles, wavelength: float, settings: Powder, instrument: Mapping[str, float], sample: Mapping[str, float]
) -> tuple[FloatArray, FloatArray]:
    """Return full widths at half maximum (degrees) and Lorentzian parts η of peaks."""
    tangent = angles.tangent
    squared = instrument["caglioti_u"] * tangent**2 + instrument["caglioti_v"] * tangent + instrument["caglioti_w"]
    by_size = DEGREES * settings.scherrer_constant * wavelength / sample["size"] / angles.cosine
    by_strain = 4.0 * DEGREES * sample["strain"] * tangent
    size_part, strain_part = sample["size_lorentzian"], sample["strain_lorentzian"]
    of_sample = ((1.0 - size_part) * by_size) ** 2 + ((1.0 - strain_part) * by_strain) ** 2
    gauss = np.sqrt(np.maximum(squared, NARROWEST**2) + of_sample)
    lorentz = instrument["lorentz_x"] / angles.cosine + instrument["lorentz_y"] * tangent
    return joined_widths(gauss, np.asarray(lorentz + size_part * by_size + strain_part * by_strain))


def joined_widths(gauss: FloatArray, lorentz: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the width and the Lorentzian part η of a pseudo-Voigt for widths of the two parts of a Voigt."""
    fifth = sum(c * gauss ** (5 - k) * lorentz**k for k, c in enumerate(THOMPSON))
    width = np.asarray(fifth**0.2)
    part = lorentz / width
    return width, np.asarray(1.36603 * part - 0.47719 * part**2 + 0.11116 * part**3)


def axial_divergence(angles: Angles, ratio: float) -> tuple[FloatArray, FloatArray]:
    """Return shifts (degrees) and parts of peaks that make up a reflection, (n_nodes, n) each; parts add up to 1.

    Finger, Cox & Jephcoat, J. Appl. Cryst. 27, 892 (1994), for sample and receiving slit of equal half height H at the
    distance L; ratio: H/L. A ray that leaves the plane by h = t L is seen at 2φ, cos 2φ = cos 2θ √(1 + t²), with a
    weight of (2 H/L − t)/(cos² 2φ sin 2φ) dt, which is their equation with h in the place of 2φ.
    """
    nodes, weights = np.polynomial.legendre.leggauss(AXIAL_NODES)
    cosine = angles.cos_two_theta
    farthest = 0.999 * np.sqrt(np.maximum(1.0 / np.maximum(cosine**2, 1e-12) - 1.0, 1e-12))
    highest = np.minimum(2.0 * ratio, farthest)
    t = 0.5 * (nodes[:, None] + 1.0) * highest
    cos_two_phi = cosine * np.sqrt(1.0 + t**2)
    # one factor cos² 2θ/cos² 2φ = 1/(1 + t²), finite at 90°
    sin_two_phi = np.sqrt(np.maximum(1.0 - cos_two_phi**2, 1e-12))
    parts = weights[:, None] * highest * (2.0 * ratio - t) / ((1.0 + t**2) * sin_two_phi)
    total = parts.sum(axis=0)
    even = np.broadcast_to(0.5 * weights[:, None], parts.shape)
    parts = np.where(np.abs(total) > 1e-300, parts / np.where(total == 0.0, 1.0, total), even)
    return DEGREES * np.arccos(np.clip(cos_two_phi, -1.0, 1.0)) - angles.two_theta, np.asarray(parts)


def skews(angles: Angles, instrument: Mapping[str, float]) -> FloatArray:
    """Return the strength of the asymmetry of each peak."""
    double = 2.0 * angles.sine * angles.cosine
    skew = instrument["asymmetry"] / angles.tangent + instrument["asymmetry_2"] * angles.cos_two_theta / double
    return np.asarray(np.clip(skew, -MOST_SKEW, MOST_SKEW))


def angular_factor(angles: Angles, settings: Powder, instrument: Mapping[str, float]) -> FloatArray:
    """Return Lorentz factor, polarisation and absorption, for areas over 2θ in degrees."""
    lorentz = DEGREES / (16.0 * np.pi * angles.sine**2 * angles.cosine)
    return np.asarray(lorentz * polarization(angles, settings, instrument) * absorption(angles, settings, instrument))


def polarization(angles: Angles, settings: Powder, instrument: Mapping[str, float]) -> FloatArray:
    """Return 1 − p + p cos² 2θ; with a monochromator at 2θ_m, p = cos² 2θ_m/(1 + cos² 2θ_m)."""
    part = instrument["polarization"]
    if settings.monochromator_angle is not None:
        squared = np.cos(settings.monochromator_angle / DEGREES) ** 2
        part = squared / (1.0 + squared)
    return np.asarray(1.0 - part + part * angles.cos_two_theta**2)


def absorption(angles: Angles, settings: Powder, instrument: Mapping[str, float]) -> FloatArray | float:
    """Return the transmission of a capillary: Hewat, Acta Cryst. A35, 248 (1979); in reflection the part that hits."""
    if settings.geometry != "debye-scherrer":
        whole = np.sin(instrument["overflow_angle"] / DEGREES / 2.0)
        return np.asarray(np.minimum(1.0, angles.sine / whole)) if whole > 0.0 else 1.0
    mu_r, sine2 = instrument["mu_r"], angles.sine**2
    exponent = (1.7133 - 0.0368 * sine2) * mu_r - (0.0927 + 0.375 * sine2) * mu_r**2
    return np.asarray(np.exp(-exponent))


def march_dollase(cosines: FloatArray, ratio: float) -> FloatArray:
    """Return (r² cos² α + sin² α/r)^(−3/2): Dollase, J. Appl. Cryst. 19, 267 (1986); 1 for r = 1."""
    return np.asarray((ratio**2 * cosines**2 + (1.0 - cosines**2) / ratio) ** -1.5)
