"""Quantities that follow from the parameters of a sample: volumes, densities, bonds, angles, sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.pairs import offsets_within
from nanocrystal.parameters import DerivedQuantity as DerivedQuantity
from nanocrystal.parameters import Here
from nanocrystal.sample.crystal.crystal import EXCLUSIVE_DISTANCE, Crystal
from nanocrystal.sample.crystal.crystal_now import CrystalNow
from nanocrystal.sample.crystal.settings import pbnm_order
from nanocrystal.sample.crystal.symmetry import CELL_NAMES
from nanocrystal.sample.crystal.tilts import Octahedron, centred_site, tolerance_factor_of_radii
from nanocrystal.sample.derivations import ANGLE, BOND, OF_CRYSTAL, OF_STACKING, OF_TWINS, STATISTICS
from nanocrystal.sample.order.blocks import perovskite_metal
from nanocrystal.sample.order.stacking import mean_runs
from nanocrystal.sample.order.twins import TWINS, TwinBoundaries
from nanocrystal.sample.pairs.lattice_pairs import LatticeNow
from nanocrystal.sample.shapes.shape import LengthStatistics
from nanocrystal.tables.constants import DALTON_PER_A3
from nanocrystal.tables.elements import covalent_radius
from nanocrystal.tables.ionic_radii import CATIONS, HALIDES, METALS

FloatArray = NDArray[np.float64]
T = TypeVar("T")
BOND_FACTOR = 1.2
"""of the sum of the covalent radii: nearer atoms of different elements are bonded"""
ALKALI = ("Li", "Na", "K", "Rb", "Cs")
ANIONS = (("F", "Cl", "Br", "I"), ("O", "S", "Se", "Te"), ("N", "P", "As", "Sb"))
"""the anions X of a crystal are those of the first of these groups that it has"""
IONS = (CATIONS, METALS, HALIDES)
"""radii of A, B and X of a perovskite"""
MOST = 8
"""distinct bonds or angles listed for one pair or triple of sites"""


CELL_ONLY = " (cell only: coordinates are held)"
"""said of bonds and angles whose errors are those of the cell alone"""


@dataclass(frozen=True)
class Bond:
    """From the first atom of a site to atom `atom` of the cell, `offset` cells away."""

    name: str
    start: int
    atom: int
    offset: tuple[float, float, float]
    words: str = ""


@dataclass(frozen=True)
class Angle:
    """Between two bonds of the same atom."""

    name: str
    first: Bond
    second: Bond
    words: str = ""


def _held_sites(crystal: Crystal) -> set[int]:
    """Return the sites with coordinates that symmetry leaves free and that nothing refines, beside a cell that is."""
    declared = crystal.declared()
    moves = {name for name, (_, p) in declared.items() if p.vary or p.tie is not None}
    if moves.isdisjoint(CELL_NAMES):
        return set()
    held = set()
    for k, site in enumerate(crystal.sites):
        free = {f"sites.{site.label}.{axis}" for axis in "xyz"} & declared.keys()
        if free and moves.isdisjoint(free):
            held.add(k)
    return held


class Geometry:
    """The bonds, angles and tilts of a crystal, chosen once at its starting values and followed from there."""

    def __init__(self, start: CrystalNow) -> None:
        self.crystal = crystal = start.crystal
        self.bonds: list[Bond] = []
        self.angles: list[Angle] = []
        vectors, fract = start.vectors, start.fract
        first_atoms = np.flatnonzero(np.diff(crystal.site_of_atom, prepend=-1))
        for site, atom in enumerate(first_atoms):
            around = self._neighbours(int(atom), fract, vectors)
            self._add_bonds(site, around)
            self._add_angles(around, fract, vectors)
        self.octahedron = self._tilted_octahedron(fract, vectors)
        self.has_tolerance_factor = _is_perovskite_of_known_ions(crystal)
        self.held = _held_sites(crystal)

    def _tilted_octahedron(self, fract: FloatArray, vectors: FloatArray) -> Octahedron | None:
        """Return the octahedron whose tilts are followed; None where the crystal is no perovskite in Pbnm."""
        sites = self.crystal.sites
        metal = centred_site([s.orbit.free for s in sites], [s.multiplicity for s in sites])
        order = pbnm_order(self.crystal.structure) if metal is not None else None
        if metal is None or order is None:
            return None
        start = int(np.flatnonzero(self.crystal.site_of_atom == metal)[0])
        return Octahedron.around(start, fract, np.diag(vectors), order)

    def _neighbours(self, start: int, fract: FloatArray, vectors: FloatArray) -> list[tuple[float, Bond]]:
        crystal = self.crystal
        sites = [crystal.sites[k] for k in crystal.site_of_atom]
        elemental = len({s.element for s in sites}) == 1
        radii = np.array([covalent_radius(s.element) for s in sites])
        spread = np.linalg.norm(np.abs(fract).max(axis=0) @ np.abs(vectors)) * 2.0
        offsets = offsets_within(vectors, 2.0 * BOND_FACTOR * float(radii.max()) + float(spread))
        bonds: list[tuple[float, Bond]] = []
        separations = (fract[None, :, :] - fract[start] + offsets[:, None, :]) @ vectors
        distance = np.linalg.norm(separations, axis=2)
        close = (distance > 0.1) & (distance < BOND_FACTOR * (radii + radii[start])[None, :])
        for o, j in zip(*np.nonzero(close), strict=True):
            if elemental or sites[j].element != sites[start].element:
                name = f"{sites[start].label}-{sites[j].label}"
                bonds.append((float(distance[o, j]), Bond(name, start, int(j), tuple(offsets[o]))))
        return sorted(bonds, key=lambda item: item[0])

    def _add_bonds(self, site: int, around: list[tuple[float, Bond]]) -> None:
        """Keep one bond of each distinct length from this site, unless it is listed from the other end."""
        onward = [(d, b) for d, b in around if self.crystal.site_of_atom[b.atom] >= site]
        for name, bond, words in _distinct([(b.name, d, b) for d, b in onward], 1e-3):
            self.bonds.append(replace(bond, name=name, words=words))

    def _add_angles(self, around: list[tuple[float, Bond]], fract: FloatArray, vectors: FloatArray) -> None:
        """Keep one angle of each distinct size at this site.

        None in close packing, where the lattice says all, and none with alkali ions, whose bonds have no direction.
        """
        elements = [self.crystal.sites[k].element for k in self.crystal.site_of_atom]
        around = [(d, b) for d, b in around if elements[b.atom] not in ALKALI and elements[b.start] not in ALKALI]
        if len(around) > 8:
            return
        angles: list[tuple[str, float, Angle]] = []
        for i, (_, first) in enumerate(around):
            for _, second in around[i + 1 :]:
                centre, end = first.name.split("-")
                name = f"{end}-{centre}-{second.name.split('-')[1]}"
                angle = Angle(name, first, second)
                angles.append((name, _angle(angle, fract, vectors), angle))
        for name, angle, words in _distinct(angles, 0.01):
            self.angles.append(replace(angle, name=name, words=words))

    def _of_cell_only(self, *bonds: Bond) -> str:
        """Return a remark on what follows from the cell alone, as coordinates that could be refined are held."""
        sites = self.crystal.site_of_atom
        ends = {int(sites[k]) for bond in bonds for k in (bond.start, bond.atom)}
        return CELL_ONLY if ends & self.held else ""

    def derived(self, crystal: CrystalNow) -> dict[str, DerivedQuantity]:
        """Return bond lengths (Å), angles (°) and tilts (°) as of now, by full address."""
        vectors, fract, prefix = crystal.vectors, crystal.fract, crystal.here.address
        quantities = {}
        for bond in self.bonds:
            length = float(np.linalg.norm(_separation(bond, fract) @ vectors))
            words = f"distance {bond.words}{self._of_cell_only(bond)}"
            quantities[f"{prefix}.bond.{bond.name}"] = BOND.more(bond.words).of(length, words)
        for angle in self.angles:
            between = _angle(angle, fract, vectors)
            words = f"angle {angle.words}{self._of_cell_only(angle.first, angle.second)}"
            quantities[f"{prefix}.angle.{angle.name}"] = ANGLE.more(angle.words).of(between, words)
        if self.octahedron is not None:
            tilts = self.octahedron.tilts(fract, np.diag(vectors))
            angles = {"tilt_out_of_phase": tilts.out_of_phase, "tilt_in_phase": tilts.in_phase}
            quantities |= {f"{prefix}.{name}": OF_CRYSTAL[name].of(angle) for name, angle in angles.items()}
        if self.has_tolerance_factor:
            quantities[f"{prefix}.tolerance_factor"] = _goldschmidt(crystal)
        return quantities


def _distinct(entries: Sequence[tuple[str, float, T]], tolerance: float) -> list[tuple[str, T, str]]:
    """Return (name, first of its kind, words) for each distinct value, numbered from the second value of a name on.

    entries: name, value, thing; values within `tolerance` count as one.
    """
    groups: dict[str, list[tuple[float, T, int]]] = {}
    for name, value, thing in sorted(entries, key=lambda entry: entry[1]):
        known = groups.setdefault(name, [])
        if known and abs(known[-1][0] - value) < tolerance:
            known[-1] = (known[-1][0], known[-1][1], known[-1][2] + 1)
        else:
            known.append((value, thing, 1))
    distinct = []
    for name, known in groups.items():
        total = sum(count for _, _, count in known)
        for k, (_, thing, count) in enumerate(known[:MOST]):
            words = name.replace("-", "–") + (f", {count} of {total}" if len(known) > 1 else "")
            distinct.append((f"{name}_{k + 1}" if k else name, thing, words))
    return distinct


def _separation(bond: Bond, fract: FloatArray) -> FloatArray:
    return np.asarray(fract[bond.atom] + np.array(bond.offset) - fract[bond.start])


def _angle(angle: Angle, fract: FloatArray, vectors: FloatArray) -> float:
    u, v = (_separation(b, fract) @ vectors for b in (angle.first, angle.second))
    # half-angle form: exact at 180° too
    u, v = u / np.linalg.norm(u), v / np.linalg.norm(v)
    return float(np.degrees(2.0 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))))


# ---- ionic radii ----------------------------------------------------------------------------------


def _is_perovskite_of_known_ions(crystal: Crystal) -> bool:
    """Say whether a crystal is a perovskite ABX3, by its places and their number, of ions whose radii are tabulated."""
    if perovskite_metal(crystal) is None or not all(any(e in role for role in IONS) for e in crystal.elements):
        return False
    places = zip(crystal.sites, crystal.structure.sites, strict=True)
    counts = [(s.element, s.multiplicity * cif.occupancy) for s, cif in places]
    n_cations, n_metals, n_halides = (sum(n for e, n in counts if e in role) for role in IONS)
    return bool(np.allclose([n_cations, n_halides], [n_metals, 3.0 * n_metals], rtol=0.1))


def _goldschmidt(crystal: CrystalNow) -> DerivedQuantity:
    """Return the tolerance factor of a perovskite; ions that share sites count by their number."""
    sites = zip(crystal.crystal.sites, crystal.occupants, strict=True)
    ions = [(o.element, s.multiplicity * o.occupancy) for s, occupants in sites for o in occupants]
    radii = []
    for role in IONS:
        counted = [(role[e], n) for e, n in ions if e in role]
        total = sum(n for _, n in counted)
        radii.append(sum(radius * n for radius, n in counted) / total if total > 0.0 else np.nan)
    mean = ", mean radii of mixed sites" if crystal.crystal.substitutions else ""
    declared = OF_CRYSTAL["tolerance_factor"]
    return declared.of(tolerance_factor_of_radii(*radii), f"{declared.description}{mean}")


def crystal_quantities(crystal: CrystalNow) -> dict[str, DerivedQuantity]:
    """Return cell volume and density by full address."""
    volume, address_of = crystal.cell_volume, crystal.here.address_of
    return {
        address_of("volume"): OF_CRYSTAL["volume"].more(crystal.crystal.structure.space_group).of(volume),
        address_of("density"): OF_CRYSTAL["density"].of(crystal.cell_mass / volume * DALTON_PER_A3),
    }


def length_quantities(prefix: str, statistics: Mapping[str, LengthStatistics]) -> dict[str, DerivedQuantity]:
    """Return the means and spreads of the lengths of a population by full address."""
    quantities = {}
    for length, s in statistics.items():
        for name, statistic in STATISTICS.items():
            value, words = (
                float(getattr(s, statistic.attribute)),
                f"{statistic.words} of the {length.replace('_', ' ')}",
            )
            meaning = s.meaning.more(statistic.phrase)
            quantities[f"{prefix}.{length}_{name}"] = DerivedQuantity(value, "Å", words, meaning)
    return quantities


# ---- boundaries and layers ------------------------------------------------------------------------


def twin_quantities(lattice: LatticeNow) -> dict[str, DerivedQuantity]:
    """Return density, mean distance and shortest X–X contact of each family of boundaries, by full address.

    The mean distance is infinite where the probability is 0. Density and distance follow from the sizes where each
    crystal has one boundary, and are not given.
    """
    vectors = lattice.block_vectors
    quantities = {}
    for name, family in lattice.lattice.twins.items():
        prefix = f"{lattice.lattice.prefix}.{TWINS}.{name}"
        if family.varied is not None:
            probabilities = lattice.boundaries(name).probabilities(vectors)
            pairs = zip(probabilities, family.spacings(vectors), strict=True)
            density = 10.0 * float(np.mean([p / spacing for p, spacing in pairs]))
            length = 10.0 / density if density > 0.0 else float("inf")
            quantities[f"{prefix}.boundary_density"] = OF_TWINS["boundary_density"].of(density)
            quantities[f"{prefix}.domain_length"] = OF_TWINS["domain_length"].of(
                length, "" if density > 0.0 else "no boundary"
            )
        contact = _kept_contact(lattice, name)
        if contact is not None:
            within = _kept_contact(lattice, "")
            x, distance = contact
            compared = f"; {within[1]:.3g} Å in the crystal" if within is not None else ""
            words = f"shortest {x}–{x} distance across a boundary{compared}"
            quantities[f"{prefix}.shortest_contact"] = OF_TWINS["shortest_contact"].more(f"{x}–{x}").of(distance, words)
    return quantities


def stacking_quantities(stacking: Here) -> dict[str, DerivedQuantity]:
    """Return the mean lengths of runs of layers of one kind, by full address; infinite where no layer ends a run."""
    runs = zip(OF_STACKING.items(), mean_runs(stacking["cubic_fraction"], stacking["correlation"]), strict=True)
    return {stacking.address_of(name): declared.of(run) for (name, declared), run in runs}


def anions(elements: Sequence[str]) -> list[str]:
    """Return the anions X among elements: halides, else chalcogenides, else pnictides; none in metals."""
    groups = ([x for x in group if x in elements] for group in ANIONS)
    return next((group for group in groups if group), [])


def _kept_contact(lattice: LatticeNow, family: str) -> tuple[str, float] | None:
    """Return `shortest_contact` of a family, "" for none, which only what moves atoms changes."""
    crystal = lattice.crystal
    occupancies = crystal.here.addresses(*(f"sites.{s.label}.occupancy" for s in crystal.crystal.sites))
    return lattice.evaluation.once(
        ("shortest contact", lattice.lattice.prefix, family),
        (*crystal.geometry_addresses, *occupancies),
        lambda: shortest_contact(lattice, lattice.lattice.twins[family] if family else None),
    )


def shortest_contact(lattice: LatticeNow, family: TwinBoundaries | None) -> tuple[str, float] | None:
    """Return element X and distance (Å) of the two like anions that come nearest, across a boundary of a family.

    family None: in the crystal without boundaries. None where there are no anions. Boundaries lie between all kinds
    of blocks, so the nearest contact is over all states of the first block.
    """
    crystal, blocks = lattice.lattice.crystal, lattice.lattice.blocks
    elements = [s.element for s in crystal.sites]
    vectors = lattice.crystal.vectors
    partly = lattice.crystal.occupancies < 1.0
    contents = zip(blocks.contents, lattice.places, strict=True)
    places = [(crystal.site_of_atom[atoms], content) for (atoms, _), content in contents]
    span = np.arange(-2.0, 3.0)
    around = np.stack(np.meshgrid(span, span, span, indexing="ij"), axis=-1).reshape(-1, 3)
    across = [(around[around[:, axis] == 1.0], g) for axis, added in family.axes for g in added if g] if family else []
    nearest: dict[str, float] = {}
    for offsets, element in across or [(around, 0)]:
        shifts = blocks.sums[blocks.state_shift(offsets), element]
        for state in range(blocks.n_states):
            for offset, shift in zip(offsets @ blocks.matrix @ vectors, shifts, strict=True):
                sites, first = places[state]
                others, second = places[blocks.added(state, int(shift))]
                distance = np.linalg.norm(second[None] + offset - first[:, None], axis=2)
                distance[distance < 1e-6] = np.inf
                excluding = partly[sites][:, None] & partly[others][None]
                distance[excluding & (distance < EXCLUSIVE_DISTANCE)] = np.inf
                for x in anions(elements):
                    of_first, of_second = (np.array([elements[k] == x for k in kinds]) for kinds in (sites, others))
                    both = distance[np.ix_(of_first, of_second)]
                    nearest[x] = min(nearest.get(x, np.inf), float(both.min(initial=np.inf)))
    return min(nearest.items(), key=lambda item: item[1]) if nearest else None
