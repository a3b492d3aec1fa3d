"""Shapes alike in all directions: spheres, and crystals without a surface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from nanocrystal.parameters import Here, Meaning, Number, Parameter, Quantity
from nanocrystal.parameters.meaning import CRYSTAL
from nanocrystal.sample.shapes.distributions import (
    SIZES_MAY_BE_OFF,
    Distribution,
    Histogram,
    LengthDistribution,
    Part,
    RefinableLength,
    bounds,
    grown_power,
    number_weighted,
)
from nanocrystal.sample.shapes.shape import (
    Depths,
    LengthStatistics,
    ScatteringBody,
    Shape,
    ShapeNow,
    SizeCurves,
    Vectors,
)

FloatArray = NDArray[np.float64]
DIAMETER = Quantity(
    "diameter",
    "Å",
    "diameter of the sphere",
    minimum=0.0,
    maximum=1e5,
    open_minimum=True,
    scale=10.0,
    start_factors=SIZES_MAY_BE_OFF,
    meaning=Meaning("diameter", "of the sphere").more(CRYSTAL),
)


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


def mean_overlap(d: LengthDistribution, r: FloatArray, depths: Depths) -> FloatArray:
    """Return the mean volume (Å³) that spheres of diameters d share with themselves at distances r (n,) ≥ 0.

    depths: Å, by which the two surfaces are moved inwards. Closed: with x = D − s − t the two share
    π (x − r)² (r² + 2 r x − 3 (s − t)²)/(12 r), and where r < |s − t| the smaller one lies in the larger.
    """
    s, t = depths
    apart, shift = abs(s - t), s + t
    smaller = 2.0 * max(s, t)
    at = np.maximum(r, apart)
    # in powers of x, lowest first: (x − r)² (2 x + r − 3 (s − t)²/r), then of D
    rest = at - 3.0 * apart**2 / np.maximum(at, 1e-300)
    of_x = (at**2 * rest, 2.0 * at**2 - 2.0 * at * rest, rest - 4.0 * at, np.full_like(at, 2.0))
    lens = _mean_cubic(d, of_x, shift, np.maximum(np.maximum(at + shift, smaller), 0.0))
    if apart == 0.0:
        return np.asarray(np.pi / 12.0 * np.maximum(lens, 0.0))
    inside = _mean_cubic(d, [np.array([x]) for x in (0.0, 0.0, 0.0, 2.0)], smaller, np.array([max(smaller, 0.0)]))
    return np.asarray(np.pi / 12.0 * np.where(r < apart, inside, np.maximum(lens, 0.0)))


def _mean_cubic(
    d: LengthDistribution, coefficients: Sequence[FloatArray], shift: float, least: FloatArray
) -> FloatArray:
    """Return E[Σ c_k (D − shift)^k; D > least] for coefficients (n,) each, lowest power first."""
    c0, c1, c2, c3 = coefficients
    a = shift
    of_d = (c0 - a * c1 + a * a * c2 - a**3 * c3, c1 - 2.0 * a * c2 + 3.0 * a * a * c3, c2 - 3.0 * a * c3, c3)
    return np.asarray(sum(c * d.partial_moment(k, least) for k, c in enumerate(of_d)))


@dataclass(frozen=True)
class BulkNow(ShapeNow):
    """An infinite crystal."""

    shape: Shape

    def envelope(self, r: FloatArray) -> FloatArray:
        return np.ones_like(r)

    @property
    def reach(self) -> float:
        return float("inf")

    def deeper(self, depths: FloatArray, vectors: Vectors, longer: float = 0.0) -> FloatArray:
        return np.ones_like(depths)


@dataclass(frozen=True)
class Bulk(Shape):
    """An infinite crystal; for PDFs."""

    name: ClassVar[str] = "bulk"
    finite: ClassVar[bool] = False
    layered: ClassVar[bool] = False
    coats: ClassVar[bool] = False

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        return {}

    def at(self, here: Here) -> BulkNow:
        return BulkNow(self)


def infinite() -> Shape:
    """Return the shape of crystals without a surface."""
    return Bulk()


@dataclass(frozen=True)
class SphereNow(ShapeNow):
    """Spheres with these diameters; spread: whether a distribution was given.

    V γ₀ = π/6 (D³ − 3/2 r D² + r³/2) for r < D.
    """

    shape: Shape
    diameters: LengthDistribution
    spread: bool = True

    def envelope(self, r: FloatArray) -> FloatArray:
        d = self.diameters
        third = d.partial_moment(3, r)
        overlap = third - 1.5 * r * d.partial_moment(2, r) + 0.5 * r**3 * d.partial_moment(0, r)
        return np.asarray(overlap / d.partial_moment(3, np.zeros(1)))

    def shared(self, r: FloatArray, depths: Depths) -> FloatArray:
        return np.asarray(mean_overlap(self.diameters, r, depths) / (self.mean_volume or 1.0))

    @property
    def mean_diameter(self) -> float:
        return self.diameters.moment(1.0)

    @property
    def touching_diameters(self) -> LengthDistribution:
        return self.diameters

    @property
    def number(self) -> float:
        return float(self.diameters.partial_moment(0, np.zeros(1))[0])

    def surface(self, vectors: FloatArray) -> float:
        return float(np.pi * self.diameters.partial_moment(2, np.zeros(1))[0])

    def sizes(self) -> tuple[FloatArray, FloatArray]:
        return number_weighted(self.diameters)

    def parts(self, slices: Mapping[int, int]) -> list[Self]:
        return [replace(self, diameters=Part(self.diameters, *b)) for b in bounds(self.diameters, 3, slices[1])]

    def deeper(self, depths: FloatArray, vectors: Vectors, longer: float = 0.0) -> FloatArray:
        return np.array([float(self.shared(np.zeros(1), (0.0, t))[0]) for t in depths])

    def grown(self, thickness: float, vectors: Vectors) -> float:
        return np.pi / 6.0 * grown_power(self.diameters, thickness, 3)

    def body(self, vectors: FloatArray) -> ScatteringBody:
        from nanocrystal.sample.shapes.scattering_bodies import ball_of

        return ball_of(self.diameters)

    def about_blocks(self, vectors: FloatArray) -> float:
        return float(np.pi / 6.0 * self.mean_diameter**3) / abs(float(np.linalg.det(vectors)))

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
                m1, max(m2 - m1**2, 0.0) ** 0.5, m4 / m3, max(m5 / m3 - (m4 / m3) ** 2, 0.0) ** 0.5, DIAMETER.meaning
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
    touching: ClassVar[bool] = True

    @property
    def nested(self) -> bool:
        return True

    @property
    def _length(self) -> RefinableLength:
        return RefinableLength(DIAMETER, self.diameter)

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        return self._length.declared()

    def at(self, here: Here) -> SphereNow:
        return SphereNow(self, self._length.at(here), isinstance(self.diameter, Distribution | Histogram))
