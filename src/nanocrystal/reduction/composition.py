"""What the sample is made of, as far as a reduction asks: a formula, its scattering, its number density."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.tables.constants import AVOGADRO
from nanocrystal.tables.elements import atomic_mass, atomic_number
from nanocrystal.tables.form_factors import anomalous_factor, form_factor
from nanocrystal.tables.formula import atoms_of_formula
from nanocrystal.tables.incoherent import incoherent_function

FloatArray = NDArray[np.float64]
PER_CUBIC_ANGSTROM = AVOGADRO * 1e-24
"""mol⁻¹ Å⁻³ cm³: g/cm³ over g/mol to Å⁻³"""


@dataclass(frozen=True)
class AtomicComposition:
    """What a sample is made of, as parts of its atoms.

    Parameters
    ----------
    parts : mapping of str to float
        Element -> part of the atoms; they sum to 1
    formula : str
        As it was written
    """

    parts: Mapping[str, float]
    formula: str

    @classmethod
    def from_formula(cls, formula: str, where: str = "") -> AtomicComposition:
        """Return the composition of a formula.

        Parameters
        ----------
        formula : str
            Such as "CsPbBr3" or "Cs Pb Br3"
        where : str, optional
            The place of the formula, for messages

        Returns
        -------
        AtomicComposition
            By element

        Raises
        ------
        InputError
            For what is no formula, and for elements without tabulated scattering
        """
        counts = atoms_of_formula(formula, where)
        total = sum(counts.values())
        parts = {e: n / total for e, n in counts.items()}
        for element in parts:
            _tabulated(element, where)
        return cls(parts, formula.strip())

    # ---- averages over the atoms ------------------------------------------------------------------

    def _mean(self, power: int, q: FloatArray, energy: float | None) -> FloatArray:
        total = np.zeros(len(q), dtype=complex)
        for element, part in self.parts.items():
            f = form_factor(element, q) + (0.0 if energy is None else anomalous_factor(element, energy))
            total += part * (f if power == 1 else np.abs(f) ** 2)
        return np.asarray(np.abs(total) ** 2 if power == 1 else total.real)

    def squared_mean(self, q: FloatArray, energy: float | None = None) -> FloatArray:
        """Return |⟨f⟩|² (n_q,), with f′ and f″ where an energy (eV) is given."""
        return self._mean(1, q, energy)

    def mean_square(self, q: FloatArray, energy: float | None = None) -> FloatArray:
        """Return ⟨|f|²⟩ (n_q,), with f′ and f″ where an energy (eV) is given."""
        return self._mean(2, q, energy)

    def incoherent(self, q: FloatArray) -> FloatArray:
        """Return the incoherent scattering of an atom on average, without recoil, (n_q,) electron units."""
        return np.asarray(sum(part * incoherent_function(e, q) for e, part in self.parts.items()))

    @property
    def mean_mass(self) -> float:
        """The mean mass of an atom, daltons."""
        return sum(part * atomic_mass(e) for e, part in self.parts.items())

    @property
    def mean_number(self) -> float:
        """⟨Z⟩."""
        return sum(part * atomic_number(e) for e, part in self.parts.items())

    @property
    def mean_square_number(self) -> float:
        """⟨Z²⟩."""
        return sum(part * atomic_number(e) ** 2 for e, part in self.parts.items())

    def number_density(self, density: float) -> float:
        """Return atoms per Å³ at a mass density in g/cm³."""
        return density * PER_CUBIC_ANGSTROM / self.mean_mass


def _tabulated(element: str, where: str) -> None:
    q = np.zeros(1)
    try:
        form_factor(element, q)
        incoherent_function(element, q)
    except InputError as error:
        raise InputError(where, error.problem) from None
