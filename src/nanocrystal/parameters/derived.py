"""Quantities that follow from parameters: what one is, declared once, and its number at given values."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nanocrystal.parameters.meaning import UNSAID, Meaning


@dataclass(frozen=True)
class DerivedQuantity:
    """A quantity that follows from the values: its number, unit, a sentence, and what it means."""

    value: float
    unit: str
    description: str
    meaning: Meaning = UNSAID


@dataclass(frozen=True)
class Derivation:
    """The declaration of a derived quantity: its unit, a sentence, and what it means."""

    unit: str
    description: str
    meaning: Meaning

    def more(self, *phrases: str) -> Derivation:
        """Return the declaration with more said of its meaning."""
        return replace(self, meaning=self.meaning.more(*phrases))

    def of(self, value: float, description: str = "") -> DerivedQuantity:
        """Return the quantity with its value; description: instead of the sentence, where that says more."""
        return DerivedQuantity(value, self.unit, description or self.description, self.meaning)
