"""The structure factor S(Q) = [I/N − (⟨f²⟩ − ⟨f⟩²)]/⟨f⟩² and F(Q) = Q (S − 1), with the spread of the counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.reduction.spread import Spread


@dataclass(frozen=True)
class NormalizationConstant:
    """A number that a normalisation determines, such as the factor from counts to electron units.

    Parameters
    ----------
    value : float
        In `unit`
    stderr : float or None
        None where it was stated or no σ is known
    unit : str
        Empty for a plain number
    description : str
        In a few words
    """

    value: float
    stderr: float | None
    unit: str
    description: str


@dataclass(frozen=True, kw_only=True, eq=False)
class StructureFactor:
    """S(Q) and F(Q) = Q [S(Q) − 1].

    Parameters
    ----------
    q : array (n,)
        Å⁻¹
    f : array (n,)
        F, Å⁻¹
    spread : Spread or None
        How the noise of the counts moves each point of F; None where no σ is known
    constants : mapping of str to NormalizationConstant
        What the normalisation determines, by name
    notes : tuple of str
        What to know, one sentence each
    """

    q: FloatArray
    f: FloatArray
    spread: Spread | None
    constants: Mapping[str, NormalizationConstant] = field(default_factory=dict)
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
