"""What `atoms` returns: the atoms of one crystal of the mean size as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from nanocrystal.arrays import FloatArray, IntArray
from nanocrystal.errors import InputError
from nanocrystal.report.outcome import Outcome
from nanocrystal.report.refined.result import AtomPicture
from nanocrystal.sample.explicit.atom_list import AtomList

ATOMS = "atoms.json"
Format = Literal["xyz", "extxyz", "cif"]
FORMATS: tuple[Format, ...] = ("xyz", "extxyz", "cif")


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class TypicalCrystal(Outcome):
    """One crystal of the mean size of a population, atom by atom.

    Parameters
    ----------
    title : str
        What stands above the report
    version : str
        Of nanocrystal, that made it
    population : str
        Of which it is a crystal
    seed : int
        Of what was drawn by chance
    species : sequence of str
        The elements
    kinds : array (n_atoms,)
        Which of `species` each atom is
    positions : array (n_atoms, 3)
        Å
    domains : array (n_atoms,)
        What the boundaries before its block add to each atom's, 0 for nothing
    labels : sequence of str
        The sites of the crystal structure
    sites : array (n_atoms,)
        Which of `labels` each atom is on
    said : sequence of str
        What is in it, one sentence each
    picture : AtomPicture or None
        What is drawn of it; None where it is too large
    form : {"xyz", "extxyz", "cif"} or None
        The format of a file that it is written to alone; None: as its name ends
    inputs : mapping of str to str
        File -> SHA-256 of what the sample was read from
    provenance : mapping
        Versions of what was used
    """

    kind: ClassVar[str] = "atoms"
    record: ClassVar[str] = ATOMS
    single: ClassVar[str] = "atoms.extxyz"

    title: str
    version: str
    population: str
    seed: int
    species: Sequence[str]
    kinds: IntArray
    positions: FloatArray
    domains: IntArray
    labels: Sequence[str]
    sites: IntArray
    said: Sequence[str]
    picture: AtomPicture | None = None
    form: Format | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def elements(self) -> tuple[str, ...]:
        """The element of each atom, (n_atoms,)."""
        return tuple(self.species[k] for k in self.kinds)

    @property
    def counts(self) -> dict[str, int]:
        """Element -> number of atoms."""
        return {e: int((self.kinds == k).sum()) for k, e in enumerate(self.species)}

    def text(self, form: Format) -> str:
        """Return the atoms as a file of a format."""
        atoms = AtomList(self.elements, self.positions, self.domains, [self.labels[k] for k in self.sites])
        if form == "cif":
            return atoms.cif_text(self.title)
        return atoms.extxyz_text(self.title) if form == "extxyz" else atoms.xyz_text(self.title)

    def summary(self) -> str:
        """Return what is in it, in lines."""
        return "\n".join(self.said)

    def page(self, script: str | None = None) -> str:
        """Return the picture as an HTML page; see `Outcome.page`."""
        from nanocrystal.report.explicit.page import atoms_page

        return atoms_page(self, script)

    def tables(self) -> Mapping[str, str]:
        """Return the atoms with their domains, as extended .xyz, and as CIF."""
        return {"atoms.extxyz": self.text("extxyz"), "atoms.cif": self.text("cif")}

    @classmethod
    def check_name(cls, file: Path) -> None:
        """Raise InputError where the name of a file does not say its format."""
        format_of(file)

    def as_file(self, name: str) -> Mapping[str, str]:
        """Return the atoms as .xyz, .extxyz or .cif, as the name ends."""
        return {name: self.text(self.form or format_of(Path(name)))}

    def __repr__(self) -> str:
        """Return what a notebook shows."""
        return f"TypicalCrystal({self.population!r}: {len(self.kinds)} atoms)"


def format_of(file: Path) -> Format:
    """Return the format of a file by its suffix; raises InputError for an unknown one."""
    for known in FORMATS:
        if file.suffix.lower() == f".{known}":
            return known
    raise InputError("--out", f"{str(file)!r} ends in none of .xyz, .extxyz and .cif; end it so, or give --format.")


def named_format(name: str) -> Format | None:
    """Return the format of the coordinates, None for none; raises InputError for an unknown one."""
    for known in FORMATS:
        if name.lower() == known:
            return known
    if name:
        raise InputError("--format", f"must be one of {', '.join(FORMATS)}, got {name!r}.")
    return None
