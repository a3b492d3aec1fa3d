"""Shapes: what part of the pairs at a distance r a finite crystal still has.

A model crystal is averaged over the position of its centre, so that the multiplicity of a lattice
offset u is n γ₀(u) and sizes are continuous. γ₀ of a shape is its normalised autocorrelation,
1 at r = 0 (Guinier & Fournet, Small-Angle Scattering of X-rays, 1955).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from nanocrystal.parameters import Here, Number, Parameter, Quantity
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
SizeMaps = dict[tuple[str, str], tuple[FloatArray, FloatArray, FloatArray]]


def sphere_overlap(first: FloatArray, second: FloatArray, r: FloatArray) -> FloatArray:
    """Return the volume that two spheres of radii first and second share at a distance r of their centres."""
    first, second = np.maximum(first, 0.0), np.maximum(second, 0.0)
    smaller = 4.0 / 3.0 * np.pi * np.minimum(first, second) ** 3
    apart = np.maximum(r, 1e-9)
    lens = (
        np.pi
        * (first + second - apart) ** 2
        * (apart**2 + 2.0 * apart * (first + second) - 3.0 * (first - second) ** 2)
        / (12.0 * apart)
    )
    inside = r <= np.abs(first - second)
    return np.asarray(np.where(inside, smaller, np.where(r < first + second, lens, 0.0)))


@dataclass(frozen=True)
class LengthStatistics:
    """Means and standard deviations of a length over a population, Å."""

    number_mean: float
    number_std: float
    volume_weighted_mean: float
    volume_weighted_std: float


class ShapeNow(ABC):
    """The shape of the crystals of a population as of now, with its size distribution in numbers."""

    @property
    @abstractmethod
    def mean_volume(self) -> float | None:
        """The number-weighted mean volume, Å³; None for an infinite crystal."""

    def length_statistics(self) -> dict[str, LengthStatistics]:
        """Return name of a length -> its statistics."""
        return {}

    def size_curves(self) -> SizeCurves:
        """Return name of a length -> (length, number density, volume-weighted density)."""
        return {}

    def size_maps(self) -> SizeMaps:
        """Return names of two lengths that are spread -> (first (n,), second (m,), number density (m, n), 1/Å²)."""
        return {}


class RoundNow(ShapeNow):
    """A shape that is alike in all directions."""

    @abstractmethod
    def envelope(self, r: FloatArray) -> FloatArray:
        """Return the mean of V γ₀(r) over the mean of V, for r (n,) Å."""

    @property
    @abstractmethod
    def reach(self) -> float:
        """The longest distance within a crystal of the population, Å."""


class Shape(ABC):
    """The shape of the crystals of a population, with what may be refined of its size distribution."""

    name: ClassVar[str]

    @abstractmethod
    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""

    @abstractmethod
    def at(self, here: Here) -> ShapeNow:
        """Return the shape as of now; here: the population."""


@dataclass(frozen=True)
class BulkNow(RoundNow):
    """An infinite crystal."""

    def envelope(self, r: FloatArray) -> FloatArray:
        return np.ones_like(r)

    @property
    def mean_volume(self) -> float | None:
        return None

    @property
    def reach(self) -> float:
        return float("inf")


@dataclass(frozen=True)
class Bulk(Shape):
    """An infinite crystal; for PDFs."""

    name: ClassVar[str] = "bulk"

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        return {}

    def at(self, here: Here) -> BulkNow:
        return BulkNow()


@dataclass(frozen=True)
class SphereNow(RoundNow):
    """Spheres with these diameters; spread: whether a distribution was given.

    V γ₀ = π/6 (D³ − 3/2 r D² + r³/2) for r < D.
    """

    diameters: LengthDistribution
    spread: bool = True

    def envelope(self, r: FloatArray) -> FloatArray:
        d = self.diameters
        third = d.partial_moment(3, r)
        overlap = third - 1.5 * r * d.partial_moment(2, r) + 0.5 * r**3 * d.partial_moment(0, r)
        return np.asarray(overlap / d.partial_moment(3, np.zeros(1)))

    def shared(self, r: FloatArray, depths: tuple[float, float]) -> FloatArray:
        """Return the mean volume that spheres with their surface moved inwards by two depths share at r, over ⟨V⟩."""
        from scipy.interpolate import CubicSpline

        s, t = depths
        d = self.diameters
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

    @property
    def mean_diameter(self) -> float:
        """The number-weighted mean diameter, Å."""
        return self.diameters.moment(1.0)

    @property
    def mean_volume(self) -> float | None:
        return float(np.pi / 6.0 * self.diameters.partial_moment(3, np.zeros(1))[0])

    @property
    def reach(self) -> float:
        return self.diameters.reach()

    def length_statistics(self) -> dict[str, LengthStatistics]:
        if not self.spread:
            return {}
        m1, m2, m3, m4, m5 = (float(self.diameters.partial_moment(k, np.zeros(1))[0]) for k in range(1, 6))
        return {
            "diameter": LengthStatistics(
                m1, max(m2 - m1**2, 0.0) ** 0.5, m4 / m3, max(m5 / m3 - (m4 / m3) ** 2, 0.0) ** 0.5
            )
        }

    def size_curves(self) -> SizeCurves:
        d = self.diameters
        third = float(d.partial_moment(3, np.zeros(1))[0])
        top = (third * d.reach()) ** 0.25 * 1.6 if d.reach() > 0 else 1.0
        length = np.linspace(0.0, min(d.reach(), top), 400)
        number = d.density(length)
        if not number.any():
            return {}
        return {"diameter": (length, number, number * length**3 / third)}


@dataclass(frozen=True)
class Sphere(Shape):
    """Spheres of a crystal."""

    diameter: Annotated[Number | Distribution | Histogram, DIAMETER]
    name: ClassVar[str] = "sphere"

    @property
    def _length(self) -> RefinableLength:
        return RefinableLength(DIAMETER, self.diameter)

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        return self._length.declared()

    def at(self, here: Here) -> SphereNow:
        return SphereNow(self._length.at(here), isinstance(self.diameter, Distribution | Histogram))
