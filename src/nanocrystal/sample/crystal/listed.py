"""Crystal structures of which a file lists every atom of the cell, as PDFgui, VASP and NCrystal write them.

Such a list needs no symmetry. Where the file names a space group beside it and the atoms have that symmetry, as they
stand, one atom for each site is kept with the operations of the group, so that a cell has its independent lengths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.sample.crystal.cif import LONGEST, CifSite, CifStructure
from nanocrystal.sample.crystal.content import Content
from nanocrystal.sample.crystal.group_operations import Operations
from nanocrystal.sample.crystal.group_symbols import settings_named, settings_numbered
from nanocrystal.sample.crystal.stated_content import StatedContent
from nanocrystal.sample.crystal.symmetry import cell_vectors, metric_misfit, site_orbit
from nanocrystal.sample.crystal.verdict import check_overlap, check_units, volume_notes
from nanocrystal.tables.elements import is_element

FloatArray = NDArray[np.float64]
ON_ITS_IMAGE = 0.01
"""Å; how far an atom may be from where symmetry puts it"""
SAME_U = 1e-4
"""Å²; displacements that are the same"""
SHORTEST = 0.05
"""Å; no cell is shorter"""
LARGEST = 1e9
"""no number of a structure is larger"""
SAME_METRIC = 1e-4
"""relative; a cell whose metric operations change by more has not their symmetry"""
IDENTITY = Operations(np.eye(3, dtype=np.int64)[None], np.zeros((1, 3), dtype=np.int64))
MANY_ATOMS = 2000
"""of a cell, from which on symmetry is not looked for"""
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eEdD][+-]?[0-9]{1,4})?")
_TRAILING = re.compile(r"([A-Za-z]{1,2})(?:[0-9]*[+-]?|_.*|/.*|[0-9]+.*)$")


@dataclass(frozen=True)
class ListedAtom:
    """One atom of the cell; u_iso: Å², above 0, None where the file has none."""

    element: str
    fract: tuple[float, float, float]
    occupancy: float = 1.0
    u_iso: float | None = None


def listed_structure(
    source: str, text: str, cell: Sequence[float] | FloatArray, atoms: Sequence[ListedAtom], group: str | int = ""
) -> tuple[CifStructure, tuple[str, ...]]:
    """Return a structure and sentences on how it was read.

    cell: a, b, c (Å), α, β, γ (°); group: the symbol or number of the space group that the file names.
    Raises InputError for a cell that is none, and for an occupancy or displacement that cannot be meant.
    """
    numbers = checked_cell(cell, source)
    empty, atoms = [a for a in atoms if a.occupancy == 0.0], [a for a in atoms if a.occupancy != 0.0]
    if not atoms:
        raise InputError(source, "lists no atoms.")
    for i, atom in enumerate(atoms, 1):
        _check(atom, i, source)
    operations = _agreeing(group, numbers, atoms) if len(atoms) <= MANY_ATOMS else None
    if operations is None:
        kept, name, group_of = list(atoms), "P 1", IDENTITY
    else:
        group_of, name, chosen = operations
        kept = [atoms[i] for i in chosen]
    sites = tuple(_labelled(kept))
    structure = CifStructure(source, text, numbers, name, group_of.rotations, group_of.translations, sites)
    content = Content(sites, numbers, group_of, 0.0, StatedContent())
    check_units(content, source)
    check_overlap(content, source)
    notes = [_note(group, name, len(atoms), len(kept), operations is not None)]
    if empty:
        elements = ", ".join(dict.fromkeys(a.element for a in empty))
        notes.append(f"{len(empty)} of its atoms ({elements}) have the occupancy 0 and are left out.")
    return structure, (*notes, *volume_notes(content))


def _note(group: str | int, name: str, n_atoms: int, n_sites: int, agrees: bool) -> str:
    if agrees:
        sites = f"{n_sites} site{'s' if n_sites > 1 else ''}"
        return f"its atoms ({n_atoms}) make {sites} of the space group {name}, which the file names."
    if _is_named(group):
        said = f"the file names the space group {str(group)!r}, whose symmetry its atoms do not have"
    else:
        said = "the file names no space group"
    return f"{said}: its atoms ({n_atoms}) are taken as they stand, in P 1, each a site of its own."


def _is_named(group: str | int) -> bool:
    return "".join(str(group).split()).upper() not in ("", "P1", "1")


def element_of(name: str, source: str, line: int) -> str:
    """Return the symbol of an element in a name such as CD, Cd2+, Cd_pv; raises InputError at the line."""
    match = _TRAILING.match(name)
    symbol = match[1].capitalize() if match else ""
    if not is_element(symbol):
        raise InputError(f"{source}, line {line}", f"names the unknown element {name[:20]!r}; correct it.")
    return symbol


def numbers_of(words: Sequence[str], least: int, source: str, line: int, what: str) -> list[float]:
    """Return the first numbers of a line; raises InputError where there are fewer than `least`."""
    plain = [word for word in words[:least] if _NUMBER.fullmatch(word)]
    values = [float(word.lower().replace("d", "e")) for word in plain]
    if len(values) < least or max(abs(v) for v in values) > LARGEST:
        shown = " ".join(words)[:60]
        raise InputError(f"{source}, line {line}", f"needs {least} numbers, {what}; got {shown!r}.")
    return values


def u_equivalent(cell: FloatArray, u: FloatArray) -> float | None:
    """Return a third of the trace of U (3, 3), Å², whose axes are those of the reciprocal cell, as in a CIF.

    None where it is not above 0, which no displacement is.
    """
    vectors = cell_vectors(cell)
    metric = vectors @ vectors.T
    reciprocal = np.sqrt(np.diag(np.linalg.inv(metric)))
    u_iso = float((u * np.outer(reciprocal, reciprocal) * metric).sum() / 3.0)
    return u_iso if u_iso > 0.0 else None


def isotropic(cell: FloatArray, u_iso: float) -> FloatArray:
    """Return U (3, 3), Å², of a displacement that is alike in all directions."""
    vectors = cell_vectors(cell)
    reciprocal_metric = np.linalg.inv(vectors @ vectors.T)
    lengths = np.sqrt(np.diag(reciprocal_metric))
    return np.asarray(u_iso * reciprocal_metric / np.outer(lengths, lengths))


def checked_cell(cell: Sequence[float] | FloatArray, source: str) -> FloatArray:
    """Return the cell; raises InputError for lengths and angles that make none."""
    numbers = np.asarray(cell, dtype=np.float64)
    lengths, angles = numbers[:3], numbers[3:]
    sane = bool(np.isfinite(numbers).all() and (lengths >= SHORTEST).all() and (lengths <= LONGEST).all())
    sane = sane and bool((angles > 0.0).all() and (angles < 180.0).all())
    if sane:
        x, y, z = np.cos(np.radians(angles))
        sane = 1.0 - x * x - y * y - z * z + 2.0 * x * y * z > 1e-6
    if not sane:
        shown = ", ".join(f"{v:g}" for v in numbers)
        raise InputError(source, f"has the cell {shown} (a, b, c in Å, angles in °), which cannot be meant.")
    return numbers


def _check(atom: ListedAtom, i: int, source: str) -> None:
    where = f"atom {i} ({atom.element})"
    if not 0.0 < atom.occupancy <= 1.0 + 1e-6:
        raise InputError(source, f"{where} has the occupancy {atom.occupancy:g}; it must be above 0 and at most 1.")
    if max(abs(v) for v in atom.fract) > LONGEST:
        raise InputError(source, f"{where} has a coordinate that cannot be meant: {max(atom.fract, key=abs):g}.")


def _labelled(atoms: Iterable[ListedAtom]) -> Iterable[CifSite]:
    """Return the atoms as sites with names of their own: Cd1, Cd2, Se1, …"""
    counts: dict[str, int] = {}
    for atom in atoms:
        counts[atom.element] = counts.get(atom.element, 0) + 1
        label = f"{atom.element}{counts[atom.element]}"
        yield CifSite(label, atom.element, atom.fract, min(atom.occupancy, 1.0), atom.u_iso)


# ---- symmetry -------------------------------------------------------------------------------------


def _agreeing(
    group: str | int, cell: FloatArray, atoms: Sequence[ListedAtom]
) -> tuple[Operations, str, list[int]] | None:
    """Return operations, name and the indices of one atom for each site, in the setting that the atoms have.

    None where the file names no group, or where the atoms have not its symmetry in any of its settings.
    """
    name = str(group).strip()
    if not _is_named(name):
        return None
    if name.isdigit():
        settings = settings_numbered(int(name[:6]))
    else:
        named = settings_named(name)
        settings = tuple(dict.fromkeys([*named, *(o for s in named for o in settings_numbered(s.number))]))
    for setting in settings:
        rotations, translations = setting.operations.rotations, setting.operations.translations
        if metric_misfit(cell, rotations) > SAME_METRIC:
            continue
        chosen = _one_of_each(cell, rotations, translations, atoms)
        if chosen is not None:
            return setting.operations, setting.short, chosen
    return None


def _one_of_each(
    cell: FloatArray, rotations: FloatArray, translations: FloatArray, atoms: Sequence[ListedAtom]
) -> list[int] | None:
    """Return the indices of one atom for each site, None where the operations do not map the atoms onto themselves."""
    vectors = cell_vectors(cell)
    chosen: list[int] = []

    def kind(i: int) -> tuple[str, float]:
        return atoms[i].element, round(atoms[i].occupancy, 3)

    for _, group in groupby(sorted(range(len(atoms)), key=kind), key=kind):
        members = list(group)
        of_kind = _sites_of_kind(members, atoms, rotations, translations, vectors)
        if of_kind is None:
            return None
        chosen += of_kind
    return sorted(chosen)


def _sites_of_kind(
    members: list[int],
    atoms: Sequence[ListedAtom],
    rotations: FloatArray,
    translations: FloatArray,
    vectors: FloatArray,
) -> list[int] | None:
    """Return the first member of each orbit among atoms of one element and occupancy, None where one lacks an image."""
    fract = np.array([atoms[i].fract for i in members])
    u = np.array([np.nan if atoms[i].u_iso is None else atoms[i].u_iso for i in members], dtype=np.float64)
    taken = np.zeros(len(members), dtype=bool)
    first: list[int] = []
    for i in range(len(members)):
        if taken[i]:
            continue
        images = rotations @ fract[i] + translations
        orbit = set()
        for image in images:
            apart = fract - image
            distance = np.linalg.norm((apart - np.round(apart)) @ vectors, axis=1)
            nearest = int(np.argmin(distance))
            if distance[nearest] > ON_ITS_IMAGE:
                return None
            orbit.add(nearest)
        where = sorted(orbit)
        same_u = bool(np.isnan(u[where]).all()) or float(np.ptp(u[where])) <= SAME_U
        if taken[where].any() or not same_u:
            return None
        if len(site_orbit(fract[i], rotations, translations, vectors).images) != len(where):
            return None
        taken[where] = True
        first.append(members[i])
    return first
