"""A crystal at given values: its cell, atoms and what stands on its sites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.parameters import Assumption, Here
from nanocrystal.sample.crystal.contacts import first_clash, overlap_words
from nanocrystal.sample.crystal.mixing import Occupant
from nanocrystal.sample.crystal.symmetry import CELL_NAMES, cell_vectors
from nanocrystal.tables.elements import atomic_mass, covalent_radius

if TYPE_CHECKING:
    from nanocrystal.sample.crystal.crystal import Crystal

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
USUAL_DELTA2 = 2.0
"""Å², correlated motion that shall tell what rests on none"""
SHIFTED = 0.003
"""of a cell, by which coordinates are moved for that"""
LARGE_U_ISO = 0.12
"""Å²; larger displacements are remarked on: often B was meant"""


@dataclass(frozen=True, eq=False)
class CrystalNow:
    """A crystal as of now: its cell, atoms and what stands on its sites."""

    crystal: Crystal
    here: Here

    @property
    def cell_addresses(self) -> tuple[str, ...]:
        """The addresses of the independent cell parameters."""
        return self.here.addresses(*(CELL_NAMES[i] for i in self.crystal.freedom.free))

    @property
    def geometry_addresses(self) -> tuple[str, ...]:
        """The addresses that decide where the atoms are."""
        places = (f"sites.{s.label}.{'xyz'[k]}" for s in self.crystal.sites for k in s.orbit.free)
        return (*self.cell_addresses, *self.here.addresses(*places))

    @cached_property
    def cell(self) -> FloatArray:
        """Lengths (Å) and angles (°) of the cell."""
        free = {i: self.here[CELL_NAMES[i]] for i in self.crystal.freedom.free}
        return self.crystal.freedom.filled(self.crystal.structure.cell, free)

    @cached_property
    def vectors(self) -> FloatArray:
        """The cell vectors as rows (3, 3), Å."""
        return cell_vectors(self.cell)

    @property
    def cell_volume(self) -> float:
        """The volume of the cell, Å³."""
        return abs(float(np.linalg.det(self.vectors)))

    @cached_property
    def positions(self) -> list[FloatArray]:
        """The fractional coordinates of the atoms of each site, arrays (multiplicity, 3)."""
        structure = self.crystal.structure
        places = []
        for site in self.crystal.sites:
            fract = site.orbit.fract.copy()
            for k in site.orbit.free:
                shift = self.here[f"sites.{site.label}.{'xyz'[k]}"] - site.orbit.fract[k]
                fract = fract + shift * site.orbit.directions[k]
            images = list(site.orbit.images)
            places.append(structure.rotations[images] @ fract + structure.translations[images])
        return places

    @cached_property
    def fract(self) -> FloatArray:
        """The fractional coordinates of all atoms of the cell, (n_atoms, 3)."""
        return np.concatenate(self.positions)

    @cached_property
    def u_iso(self) -> FloatArray:
        """u_iso of each site, (n_sites,) Å²."""
        return np.array([self.here[f"u_iso.{s.u_iso_key}"] for s in self.crystal.sites])

    @cached_property
    def occupancies(self) -> FloatArray:
        """The occupancy of each site, (n_sites,)."""
        return np.array([self.here[f"sites.{s.label}.occupancy"] for s in self.crystal.sites])

    @cached_property
    def alike(self) -> IntArray:
        """Which kind of atoms stands on each site, numbered as they come, (n_sites,).

        Sites are alike that hold one element, as often, with one u_iso; what is varied or tied is one where it is one
        parameter. Sites that two elements share are like no other, and where sites are few each is a kind by itself.
        """
        if not self.crystal.has_many_sites:
            return np.arange(len(self.crystal.sites))
        known: dict[tuple[object, ...], int] = {}
        declared = self.crystal.declared()

        def told(local: str) -> object:
            parameter = declared[local][1]
            return local if parameter.vary or parameter.tie is not None else self.here[local]

        kinds = []
        for site in self.crystal.sites:
            shared = self.crystal.substitution_key(site.label)
            key = (site.element, told(f"u_iso.{site.u_iso_key}"), told(f"sites.{site.label}.occupancy"))
            kinds.append(known.setdefault(key if shared is None else (site.label,), len(known)))
        return np.array(kinds)

    @property
    def alike_addresses(self) -> tuple[str, ...]:
        """The addresses of fixed numbers by which sites are alike."""
        if not self.crystal.has_many_sites:
            return ()
        locals_ = dict.fromkeys(f"u_iso.{s.u_iso_key}" for s in self.crystal.sites)
        occupancies = [f"sites.{s.label}.occupancy" for s in self.crystal.sites]
        declared = self.crystal.declared()
        fixed = [k for k in (*locals_, *occupancies) if not declared[k][1].vary and declared[k][1].tie is None]
        return self.here.addresses(*fixed)

    @cached_property
    def occupants(self) -> list[list[Occupant]]:
        """The elements on each site, the first one that of the structure."""
        return self.occupants_with({})

    def occupants_with(self, fractions: Mapping[str, float]) -> list[list[Occupant]]:
        """Return `occupants` with other parts of second elements, by key of the substitution."""
        occupants = []
        for site, occupancy, u_iso in zip(self.crystal.sites, self.occupancies, self.u_iso, strict=True):
            key = self.crystal.substitution_key(site.label)
            if key is None:
                occupants.append([Occupant(site.element, float(occupancy), float(u_iso))])
                continue
            element = self.crystal.substitutions[key].element
            fraction = fractions[key] if key in fractions else self.here[f"substitution.{key}.fraction"]
            second_u_iso = self.here.get(f"u_iso.{element}", float(u_iso))
            first = Occupant(site.element, float(occupancy) * (1.0 - fraction), float(u_iso))
            occupants.append([first, Occupant(element, float(occupancy) * fraction, second_u_iso)])
        return occupants

    @cached_property
    def cell_mass(self) -> float:
        """The mass of the content of the cell in daltons."""
        sites = zip(self.crystal.sites, self.occupants, strict=True)
        return float(sum(s.multiplicity * o.occupancy * atomic_mass(o.element) for s, on in sites for o in on))

    def remarks(self) -> list[str]:
        """Return sentences on what a user may not have meant."""
        remarks = []
        crystal = self.crystal
        for site, cif, u_iso in zip(crystal.sites, crystal.structure.sites, self.u_iso, strict=True):
            address = self.here.address_of(f"u_iso.{site.u_iso_key}")
            if site.u_iso_key not in crystal.u_iso:
                remarks.append(
                    f"{address} = {cif.u_iso:g} Å² is that of {crystal.structure.source}, as none was given."
                )
            if u_iso > LARGE_U_ISO:
                remarks.append(f"{address} = {u_iso:.3g} Å² is large; if it is B, u_iso = B/8π².")
        return list(dict.fromkeys(remarks))

    def assumptions(self) -> list[Assumption]:
        """Return what was taken as given: motion that is not correlated, coordinates that are those of the file."""
        found = []
        if not self.crystal.motion:
            found.append(
                Assumption(
                    keys=self.here.addresses("delta2"),
                    taken="0 Å²: near atoms move independently of each other",
                    case=f"with {USUAL_DELTA2:g} Å²",
                    instead=[{self.here.address_of("delta2"): USUAL_DELTA2}],
                )
            )
        places = self.crystal.places_of_file
        if places:
            moved = {p: SHIFTED if k % 2 else -SHIFTED for k, p in enumerate(places)}
            found.append(
                Assumption(
                    keys=self.here.addresses("sites"),
                    taken="the coordinates of the file",
                    case=f"with coordinates {SHIFTED:g} from these",
                    instead=[{self.here.address_of(p): self.here[p] + by for p, by in moved.items()}],
                    either_way=True,
                )
            )
        return found

    def check_overlap(self) -> None:
        """Raise InputError where two atoms are closer than atoms can be."""
        crystal, vectors = self.crystal, self.vectors
        volume = abs(np.linalg.det(vectors))
        if volume < 1.0:
            raise InputError(
                crystal.where,
                f"the cell has a volume of {volume:.3g} Å³; check its lengths (in Å) and angles (in degrees).",
            )
        site = crystal.site_of_atom
        radii = np.array([covalent_radius(s.element) for s in crystal.sites])[site]
        asked = np.flatnonzero(np.diff(site, prepend=-1))
        clash = first_clash(self.fract, vectors, radii, self.occupancies[site], asked)
        if clash is not None:
            first, second = (crystal.sites[site[k]].label for k in (clash.first, clash.second))
            raise InputError(crystal.where, overlap_words(first, second, clash, float(volume)))

    def cif_text(self, title: str) -> str:
        """Return the crystal with these values as a CIF (all operations written out)."""
        import gemmi

        structure = self.crystal.structure
        lines = [f"# {' '.join(title.split())}", f"data_{''.join(c if c.isalnum() else '_' for c in title)[:60]}"]
        tags = [f"_cell_length_{n}" for n in "abc"] + [f"_cell_angle_{n}" for n in CELL_NAMES[3:]]
        lines += [f"{tag} {value:.6f}" for tag, value in zip(tags, self.cell, strict=True)]
        lines += [f"_space_group_name_H-M_alt '{structure.space_group}'", "loop_"]
        lines += ["_space_group_symop_operation_xyz"]
        for rotation, translation in zip(structure.rotations, structure.translations, strict=True):
            op = gemmi.Op()
            op.rot = np.rint(rotation * gemmi.Op.DEN).astype(int).tolist()
            op.tran = np.rint(translation * gemmi.Op.DEN).astype(int).tolist()
            lines.append(f"'{op.triplet()}'")
        lines += ["loop_", "_atom_site_label", "_atom_site_type_symbol"]
        lines += [f"_atom_site_fract_{n}" for n in "xyz"] + ["_atom_site_occupancy", "_atom_site_U_iso_or_equiv"]
        rows = zip(self.crystal.sites, self.positions, self.occupants, strict=True)
        for site, places, on_site in rows:
            x, y, z = places[0]
            for o in on_site:
                label = site.label if o.element == site.element else f"{o.element}_{site.label}"
                lines.append(f"{label} {o.element} {x:.6f} {y:.6f} {z:.6f} {o.occupancy:.5f} {o.u_iso:.6f}")
        return "\n".join(lines) + "\n"
