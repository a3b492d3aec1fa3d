"""Shapes: what part of the pairs at a distance r a finite crystal still has.

A model crystal is averaged over the position of its centre, so that the multiplicity of a lattice
offset u is n γ₀(u) and sizes are continuous. γ₀ of a shape is its normalised autocorrelation,
1 at r = 0 (Guinier & Fournet, Small-Angle Scattering of X-rays, 1955).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from nanocrystal.parameters import Number, Parameter, Quantity, Values
from nanocrystal.sample.distributions import (
    Distribution,
    Histogram,
    LengthDistribution,
    Lognormal,
    Normal,
    RefinableLength,
)

FloatArray = NDArray[np.float64]
SMOOTH_POINTS = 300
"""distances at which a mean over sizes is calculated, to be interpolated"""
DIAMETER = Quantity("diameter", "Å", "diameter of the sphere", minimum=0.0, maximum=1e5, open_minimum=True, scale=10.0)

SizeCurves = dict[str, tuple[FloatArray, FloatArray, FloatArray]]
"""name of a length -> (length, Å, number density, volume-weighted density, 1/Å)"""


def sphere_overlap(first: FloatArray, second: FloatArray, r: FloatArray) -> FloatArray:
    """Return the volume that two spheres of radii first and second share at a distance r of their centres."""
    first, second = np.maximum(first, 0.0), np.maximum(second, 0.0)
    smaller = 4.0 / 3.0 * np.pi * np.minimum(first, second) ** 3
    apart = np.maximum(r, 1e-9)
    lens = (
        np.pi * (first + second - apart) ** 2
        * (apart**2 + 2.0 * apart * (first + second) - 3.0 * (first - second) ** 2) / (12.0 * apart)
    )  # fmt: skip
    inside = r <= np.abs(first - second)
    return np.asarray(np.where(inside, smaller, np.where(r < first + second, lens, 0.0)))


@dataclass(frozen=True)
class LengthStatistics:
    """Means and standard deviations of a length over a population, Å."""

    number_mean: float
    number_std: float
    volume_weighted_mean: float
    volume_weighted_std: float


class Shape(Protocol):
    """The shape of the crystals of a population, with its size distribution."""

    @property
    def name(self) -> str:
        """What a study calls the shape."""

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""

    def envelope(self, r: FloatArray, values: Values, prefix: str) -> FloatArray:
        """Return the mean of V γ₀(r) over the mean of V, for r (n,) Å."""

    def mean_volume(self, values: Values, prefix: str) -> float | None:
        """Return the number-weighted mean volume, Å³; None for an infinite crystal."""

    def reach(self, values: Values, prefix: str) -> float:
        """Return the longest distance within a crystal of the population, Å."""

    def length_statistics(self, values: Values, prefix: str) -> dict[str, LengthStatistics]:
        """Return name of a length -> its statistics."""

    def size_curves(self, values: Values, prefix: str) -> SizeCurves:
        """Return name of a length -> (length, number density, volume-weighted density)."""


@dataclass(frozen=True)
class Bulk:
    """An infinite crystal; for PDFs."""

    name: ClassVar[str] = "bulk"

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        return {}

    def envelope(self, r: FloatArray, values: Values, prefix: str) -> FloatArray:
        return np.ones_like(r)

    def mean_volume(self, values: Values, prefix: str) -> float | None:
        return None

    def reach(self, values: Values, prefix: str) -> float:
        return float("inf")

    def length_statistics(self, values: Values, prefix: str) -> dict[str, LengthStatistics]:
        return {}

    def size_curves(self, values: Values, prefix: str) -> SizeCurves:
        return {}


@dataclass(frozen=True)
class Sphere:
    """Spheres of a crystal.

    V γ₀ = π/6 (D³ − 3/2 r D² + r³/2) for r < D.
    """

    diameter: Annotated[Number | Distribution | Histogram, DIAMETER]
    name: ClassVar[str] = "sphere"

    @property
    def _length(self) -> RefinableLength:
        return RefinableLength(DIAMETER, self.diameter)

    def _at(self, values: Values, prefix: str) -> LengthDistribution:
        return self._length.at(dict(values), prefix)

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        return self._length.declared()

    def envelope(self, r: FloatArray, values: Values, prefix: str) -> FloatArray:
        d = self._at(values, prefix)
        third = d.partial_moment(3, r)
        overlap = third - 1.5 * r * d.partial_moment(2, r) + 0.5 * r**3 * d.partial_moment(0, r)
        return np.asarray(overlap / d.partial_moment(3, np.zeros(1)))

    def shared(self, r: FloatArray, depths: tuple[float, float], values: Values, prefix: str) -> FloatArray:
        """Return the mean volume that spheres with their surface moved inwards by two depths share at r, over ⟨V⟩."""
        from scipy.interpolate import CubicSpline

        s, t = depths
        d = self._at(values, prefix)
        volume = np.pi / 6.0 * float(d.partial_moment(3, np.zeros(1))[0])

        def at(r: FloatArray) -> FloatArray:
            length, weight = d.nodes(np.maximum(2.0 * max(s, t), r + s + t))
            volumes = sphere_overlap(0.5 * length - s, 0.5 * length - t, r[:, None])
            return np.asarray((weight * volumes).sum(axis=1) / volume)

        if not isinstance(d, Lognormal | Normal) or len(r) < SMOOTH_POINTS:
            return at(r)
        # smooth, but for the curvature at |s − t|, up to which the smaller of two spheres lies in the larger
        start, end = abs(s - t), max(d.reach() - s - t, abs(s - t) + 1.0)
        knots = np.linspace(start, end, SMOOTH_POINTS)
        found = CubicSpline(knots, at(knots))(np.clip(r, start, end))
        return np.asarray(np.where(r < end, found, 0.0))

    def mean_diameter(self, values: Values, prefix: str) -> float:
        """Return the number-weighted mean diameter, Å."""
        return self._at(values, prefix).moment(1.0)

    def mean_volume(self, values: Values, prefix: str) -> float | None:
        return float(np.pi / 6.0 * self._at(values, prefix).partial_moment(3, np.zeros(1))[0])

    def reach(self, values: Values, prefix: str) -> float:
        return self._at(values, prefix).reach()

    def length_statistics(self, values: Values, prefix: str) -> dict[str, LengthStatistics]:
        d = self._at(values, prefix)
        if not isinstance(self.diameter, Distribution | Histogram):
            return {}
        m1, m2, m3, m4, m5 = (float(d.partial_moment(k, np.zeros(1))[0]) for k in range(1, 6))
        return {
            "diameter": LengthStatistics(
                m1, max(m2 - m1**2, 0.0) ** 0.5, m4 / m3, max(m5 / m3 - (m4 / m3) ** 2, 0.0) ** 0.5
            )
        }

    def size_curves(self, values: Values, prefix: str) -> SizeCurves:
        d = self._at(values, prefix)
        third = float(d.partial_moment(3, np.zeros(1))[0])
        top = (third * d.reach()) ** 0.25 * 1.6 if d.reach() > 0 else 1.0
        length = np.linspace(0.0, min(d.reach(), top), 400)
        number = d.density(length)
        if not number.any():
            return {}
        return {"diameter": (length, number, number * length**3 / third)}
