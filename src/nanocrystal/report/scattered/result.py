"""What `debye` returns: the scattering of explicit atoms as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from nanocrystal.arrays import FloatArray
from nanocrystal.report.outcome import Outcome
from nanocrystal.text import csv_text

DEBYE = "debye.json"
METHOD = (
    "I(Q) is the Debye equation, summed over all pairs of atoms, in electron units of the whole cluster: atomic form "
    "factors f(Q), with f′ + if″ where a photon energy is given, and for each element the factor exp(−u_iso Q²/2) of "
    "amplitudes between different atoms. P. Debye, Ann. Phys. 351, 809 (1915)."
)


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Scattering(Outcome):
    """What explicit atoms scatter, by the Debye equation.

    Parameters
    ----------
    title : str
        What stands above the report
    version : str
        Of nanocrystal, that made it
    source : str
        The file of the atoms
    atoms : mapping of str to int
        Element -> number of atoms
    u_iso : mapping of str to float
        Element -> mean-square displacement along one axis, Å²
    energy : float or None
        Of the photons, eV; None without f′ and f″
    q : array (n,)
        Å⁻¹
    intensity : array (n,)
        Electron units of the whole cluster
    inputs : mapping of str to str
        File -> SHA-256 of what was read
    notes : sequence of str
        What to know, one sentence each
    provenance : mapping
        Versions of what was used

    References
    ----------
    P. Debye, Ann. Phys. 351, 809 (1915).
    """

    kind: ClassVar[str] = "scattering"
    record: ClassVar[str] = DEBYE
    single: ClassVar[str] = "iq.csv"
    replaces: ClassVar[tuple[str, ...]] = ("q,intensity\n",)

    title: str
    version: str
    source: str
    atoms: Mapping[str, int]
    u_iso: Mapping[str, float]
    energy: float | None
    q: FloatArray
    intensity: FloatArray
    inputs: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def summary(self) -> str:
        """Return what scatters, over which Q, and what to know, in lines."""
        points = f"I(Q) at {len(self.q)} points from {self.q.min():.4g} to {self.q.max():.4g} Å⁻¹"
        first = f"{self.title}, {sum(self.atoms.values())} atoms: {points}"
        return "\n".join([first, *(f"  ! {note}" for note in self.notes)])

    def page(self, script: str | None = None) -> str:
        """Return the curve as an HTML page; see `Outcome.page`."""
        from nanocrystal.report.scattered.page import scattering_page

        return scattering_page(self, script)

    def tables(self) -> Mapping[str, str]:
        """Return the curve as CSV."""
        return self.as_file(self.single)

    def as_file(self, name: str) -> Mapping[str, str]:
        """Return the curve as CSV: q, intensity."""
        return {name: csv_text({"q": self.q, "intensity": self.intensity})}

    def __repr__(self) -> str:
        """Return what a notebook shows."""
        return f"Scattering({self.summary().splitlines()[0]})"
