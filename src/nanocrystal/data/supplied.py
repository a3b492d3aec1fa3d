"""Curves that stand in the place of a file, such as those that a reduction makes from one."""

from __future__ import annotations

from abc import ABC, abstractmethod

from nanocrystal.arrays import FloatArray
from nanocrystal.data.curve import Curve


class CurveNoise(ABC):
    """How the noise of a curve is correlated."""

    @abstractmethod
    def covariance(self, x: FloatArray) -> FloatArray:
        """Return the covariance of the points x, (n, n)."""

    @abstractmethod
    def open_curves(self, x: FloatArray) -> FloatArray:
        """Return what may lie beneath the curve in any amount, at the points x, (n, n_open)."""


class SuppliedCurve(ABC):
    """Something that makes a curve when it is asked; str() says what it is."""

    def source_at(self, where: str) -> str:
        """Return what results call it, of the data set at an address."""
        return str(self)

    @abstractmethod
    def curve(self) -> Curve:
        """Return the curve; raises InputError where it cannot be made."""

    def noise(self) -> CurveNoise | None:
        """Return how the noise of its points is correlated, None where each is known by itself at most."""
        return None
