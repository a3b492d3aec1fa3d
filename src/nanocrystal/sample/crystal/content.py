"""What a space group makes of the sites of a file: the atoms of the cell, and how well they agree with the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nanocrystal.sample.crystal.cif_sites import CifSite
from nanocrystal.sample.crystal.contacts import Clash, closest_contact, first_clash, near, periodic_images
from nanocrystal.sample.crystal.group_operations import Operations
from nanocrystal.sample.crystal.stated_content import FormulaCheck, StatedContent, with_hydrogen
from nanocrystal.sample.crystal.symmetry import SiteOrbit, cell_vectors, site_orbits
from nanocrystal.tables.atomic_volumes import expected_volume
from nanocrystal.tables.constants import DALTON_PER_A3
from nanocrystal.tables.elements import atomic_mass, covalent_radius
from nanocrystal.text import in_words

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
DENSE, SPARSE = 0.62, 2.5
"""of the volume that such atoms usually take; outside, a cell is remarked on: atoms too many, or pores, or too few"""
PLAUSIBLE = 1.7
"""of that volume; a cell within DENSE and this is that of an ordinary solid"""
COMPARED = 6.0
"""Å; distances up to here tell whether two structures are the same"""
SAME_DISTANCE = 0.01
MOST_COMPARED = 3000
"""atoms; larger cells are not compared by their distances"""


@dataclass(frozen=True, eq=False)
class Content:
    """The atoms of the cell of a file with some operations; cell: (6,), Å and °; rounding: see `site_orbits`."""

    sites: Sequence[CifSite]
    cell: FloatArray
    operations: Operations
    rounding: float
    stated: StatedContent

    @cached_property
    def vectors(self) -> FloatArray:
        """The cell vectors as rows, Å."""
        return cell_vectors(self.cell)

    @cached_property
    def volume(self) -> float:
        """Of the cell, Å³."""
        return abs(float(np.linalg.det(self.vectors)))

    @cached_property
    def orbits(self) -> list[SiteOrbit]:
        """The places of each site."""
        fract = np.array([s.fract for s in self.sites])
        occupancies = np.array([s.occupancy for s in self.sites])
        rotations, translations = self.operations.rotations, self.operations.translations
        return site_orbits(fract, rotations, translations, self.vectors, occupancies, self.rounding)

    @cached_property
    def site_of_atom(self) -> IntArray:
        """The index of the site of each atom, (n_atoms,)."""
        return np.repeat(np.arange(len(self.sites)), [len(o.images) for o in self.orbits])

    @cached_property
    def fract(self) -> FloatArray:
        """The fractional coordinates of all atoms, (n_atoms, 3)."""
        rotations, translations = self.operations.rotations, self.operations.translations
        places = [rotations[list(o.images)] @ o.fract + translations[list(o.images)] for o in self.orbits]
        return np.concatenate(places)

    @cached_property
    def counts(self) -> dict[str, float]:
        """Element -> number of atoms in the cell."""
        counts: dict[str, float] = {}
        for site, orbit in zip(self.sites, self.orbits, strict=True):
            counts[site.element] = counts.get(site.element, 0.0) + len(orbit.images) * site.occupancy
        return counts

    @property
    def words(self) -> str:
        """What is in the cell: 4 Na and 4 Cl."""
        return counted(self.counts)

    # ---- against what is stated -----------------------------------------------------------------

    @cached_property
    def formula(self) -> FormulaCheck | None:
        """How the atoms compare with the formula, None without one."""
        return self.stated.check(self.counts)

    @property
    def lacking(self) -> float:
        """How many hydrogen atoms the formula has more."""
        return 0.0 if self.formula is None or self.formula.verdict != "agrees" else self.formula.hydrogen

    @cached_property
    def density(self) -> float:
        """In g/cm³, with the hydrogen that the formula says and the sites lack."""
        mass = sum(n * atomic_mass(e) for e, n in self.counts.items()) + self.lacking * atomic_mass("H")
        return float(mass * DALTON_PER_A3 / self.volume)

    @property
    def density_ratio(self) -> float | None:
        """The density over the stated one, None without one."""
        return None if self.stated.density is None else self.density / self.stated.density.value

    @cached_property
    def volume_ratio(self) -> float:
        """The volume of the cell over what such atoms usually take."""
        counts = with_hydrogen(self.counts)
        counts["H"] = counts.get("H", 0.0) + self.lacking
        return self.volume / expected_volume({e: n for e, n in counts.items() if n > 0.0})

    @cached_property
    def multiplicities_agree(self) -> bool | None:
        """Whether the multiplicities stated are those here, or orders of site symmetries; None without any."""
        stated = self.stated.multiplicities
        if stated is None or all(m is None for m in stated):
            return None
        found = [len(o.images) for o in self.orbits]
        known = [(m, n) for m, n in zip(stated, found, strict=True) if m is not None]
        orders = all(m * n == len(self.operations) for m, n in known)  # as SHELX wrote them
        return orders or all(m == n for m, n in known)

    @cached_property
    def clash(self) -> Clash | None:
        """Two atoms that overlap, if any do; only looked for where the cell is not far too small for its atoms."""
        radii = np.array([covalent_radius(s.element) for s in self.sites])[self.site_of_atom]
        occupancy = np.array([s.occupancy for s in self.sites])[self.site_of_atom]
        asked = np.flatnonzero(np.diff(self.site_of_atom, prepend=-1))
        return first_clash(self.fract, self.vectors, radii, occupancy, asked)

    @cached_property
    def closest(self) -> float:
        """The shortest distance of two atoms over the sum of their covalent radii, at most `BONDS`."""
        radii = np.array([covalent_radius(s.element) for s in self.sites])[self.site_of_atom]
        occupancy = np.array([s.occupancy for s in self.sites])[self.site_of_atom]
        return closest_contact(self.fract, self.vectors, radii, occupancy)

    # ---- against another ------------------------------------------------------------------------

    def same_as(self, other: Content) -> bool:
        """Return whether the distances between atoms are the same, so that no measurement here can tell the two."""
        if len(self.site_of_atom) != len(other.site_of_atom) or len(self.site_of_atom) > MOST_COMPARED:
            return False
        mine, its = self._distances(), other._distances()
        return mine.keys() == its.keys() and all(
            len(mine[k]) == len(its[k]) and bool(np.abs(mine[k] - its[k]).max() < SAME_DISTANCE) for k in mine
        )

    def _distances(self) -> dict[tuple[str, str], FloatArray]:
        """Return the distances of each pair of elements, in order, (n,) Å."""
        places, atom = periodic_images(self.fract, self.vectors, COMPARED)
        inside = (self.fract - np.floor(self.fract)) @ self.vectors
        row, column, distance = near(inside, places, COMPARED)
        elements = np.array([s.element for s in self.sites])[self.site_of_atom]
        first, second = elements[row], elements[atom[column]]
        return {
            (str(a), str(b)): np.sort(distance[(first == a) & (second == b)])
            for a in np.unique(elements)
            for b in np.unique(elements)
        }


def counted(counts: dict[str, float]) -> str:
    """Return atoms in words: 4 Na and 4 Cl."""
    return in_words([f"{n:.4g} {e}" for e, n in counts.items()])
