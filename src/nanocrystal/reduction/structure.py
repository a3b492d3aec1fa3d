"""The structure factor S(Q) = [I/N − (⟨f²⟩ − ⟨f⟩²)]/⟨f⟩² and F(Q) = Q (S − 1), with the spread of the counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.reduction.spread import Spread


@dataclass(frozen=True)
class Constant:
    """A number that a normalisation found; stderr None where it was given or no σ is known."""

    value: float
    stderr: float | None
    unit: str
    description: str


@dataclass(frozen=True, kw_only=True, eq=False)
class StructureFactor:
    """S and F over q (n,) Å⁻¹; f: 1/Å; spread: that of F.

    constants: what the normalisation found, by name; notes: what a reader should know of it.
    """

    q: FloatArray
    f: FloatArray
    spread: Spread | None
    constants: Mapping[str, Constant] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def s(self) -> FloatArray:
        """S(Q), (n,)."""
        return 1.0 + self.f / np.maximum(self.q, 1e-12)

    @property
    def f_sigma(self) -> FloatArray | None:
        """The standard deviation of F, (n,); None where no σ is known."""
        return None if self.spread is None else self.spread.sigma()

    @property
    def s_sigma(self) -> FloatArray | None:
        """The standard deviation of S, (n,); None where no σ is known."""
        sigma = self.f_sigma
        return None if sigma is None else sigma / np.maximum(self.q, 1e-12)
