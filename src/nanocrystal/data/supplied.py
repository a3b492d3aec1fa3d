"""Curves that stand in the place of a file, such as those that a reduction makes from one."""

from __future__ import annotations

from abc import ABC, abstractmethod

from nanocrystal.data.curve import Curve


class SuppliedCurve(ABC):
    """Something that makes a curve when it is asked; str() says what it is."""

    def source_at(self, where: str) -> str:
        """Return what results call it, of the data set at an address."""
        return str(self)

    @abstractmethod
    def curve(self) -> Curve:
        """Return the curve; raises InputError where it cannot be made."""
