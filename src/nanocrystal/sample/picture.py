"""The atoms of a typical nanocrystal, for a picture: of the mean size, whole blocks or cut from the crystal.

Large crystals show their surface only; very large ones are drawn smaller, in the same proportions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.pairs import offsets_within
from nanocrystal.parameters import Values
from nanocrystal.sample.blocks import block_lattice
from nanocrystal.sample.clusters import Cluster
from nanocrystal.sample.crystal import Crystal
from nanocrystal.sample.prisms import Box

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
MOST_ATOMS = 3000
"""atoms of a crystal that is drawn whole"""
MOST_ON_SURFACE = 8000
"""atoms that are drawn where the inner ones are left out"""
SKIN = 4.0
"""Å; depth of the surface that is drawn of large spheres"""


class AtomPicture(NamedTuple):
    """Symbols (n_atoms,), positions (n_atoms, 3) in Å from the middle, and what is shown of the crystal."""

    elements: tuple[str, ...]
    positions: FloatArray
    note: str


def of_cluster(cluster: Cluster, stretch: float) -> AtomPicture | None:
    """Return a cluster as it is; None for one too large to draw."""
    if len(cluster.elements) > MOST_ON_SURFACE:
        return None
    return AtomPicture(cluster.elements, _centred(stretch * cluster.positions), _all(len(cluster.elements)) + ".")


def of_box(crystal: Crystal, shape: Box, values: Values, prefix: str, crystal_prefix: str) -> AtomPicture:
    """Return whole blocks, the nearest number to the mean lengths along each block vector."""
    blocks = block_lattice(crystal, shape.facets, prefix)
    cell_vectors = crystal.vectors(values, crystal_prefix)
    mean = shape.blocks_of_mean(blocks.vectors(cell_vectors), values, prefix)
    numbers = _whole(mean)
    n_atoms = len(blocks.contents[0][0])
    total = int(np.prod(numbers)) * n_atoms
    size = " × ".join(str(n) for n in numbers)
    note = f"{_all(total)} of a crystal of the mean size."
    hollow = total > MOST_ATOMS
    if hollow:
        note = f"The outermost blocks of a crystal of the mean size, which has {_grouped(total)} atoms."
        factor = 1.0
        while _in_skin(numbers) * n_atoms > MOST_ON_SURFACE and numbers.max() > 1:
            factor *= 0.97
            numbers = _whole(factor * mean)
        if factor < 1.0:
            drawn = " × ".join(str(n) for n in numbers)
            note = f"The surface of a crystal of {drawn} blocks; the mean one, of {size} blocks, is too large to draw."
    grid = np.stack(np.meshgrid(*[np.arange(n) for n in numbers], indexing="ij"), axis=-1).reshape(-1, 3)
    if hollow:
        grid = grid[((grid == 0) | (grid == numbers - 1)).any(axis=1)]
    fract = np.concatenate(crystal.positions(values, crystal_prefix))
    shifts = blocks.state_shift(grid.astype(np.float64))
    places, atoms = [], []
    for shift in range(blocks.n_states):
        state = blocks.added(0, shift)
        own, moved = blocks.contents[state]
        inside = fract[own] + moved - blocks.states[state]
        corners = grid[shifts == shift] @ blocks.matrix
        places.append((corners[:, None, :] + inside[None, :, :]).reshape(-1, 3))
        atoms.append(np.tile(own, len(corners)))
    return _picture(crystal, np.concatenate(places) @ cell_vectors, np.concatenate(atoms), values, crystal_prefix, note)


def of_sphere(crystal: Crystal, diameter: float, values: Values, crystal_prefix: str) -> AtomPicture:
    """Return the atoms within a sphere around the first atom of the cell."""
    vectors = crystal.vectors(values, crystal_prefix)
    fract = np.concatenate(crystal.positions(values, crystal_prefix))
    density = len(fract) / abs(float(np.linalg.det(vectors)))
    radius, inner = 0.5 * diameter, 0.0
    total = density * 4.0 / 3.0 * np.pi * radius**3
    note = ""
    if total > MOST_ATOMS:
        about = _grouped(round(total, -2))
        note = f"The surface, {SKIN:g} Å deep, of a crystal of the mean size, which has about {about} atoms."
        largest = float(np.sqrt(MOST_ON_SURFACE / (4.0 * np.pi * SKIN * density))) + 0.5 * SKIN
        if radius > largest:
            sizes = f"{0.2 * largest:.1f} nm; the mean one, of {0.2 * radius:.1f} nm,"
            note = f"The surface of a crystal of {sizes} is too large to draw."
        radius = min(radius, largest)
        inner = radius - SKIN
    spread = float(np.linalg.norm(np.abs(fract - fract[0]).max(axis=0) @ np.abs(vectors)))
    offsets = offsets_within(vectors, radius + spread)
    kept_places, kept_atoms = [], []
    for atom, place in enumerate(fract - fract[0]):
        places = (offsets + place) @ vectors
        distance = np.linalg.norm(places, axis=1)
        kept = (distance <= radius) & (distance >= inner)
        kept_places.append(places[kept])
        kept_atoms.append(np.full(int(kept.sum()), atom))
    places, atoms = np.concatenate(kept_places), np.concatenate(kept_atoms)
    note = note or f"{_all(len(places))} of a crystal of the mean size."
    return _picture(crystal, places, atoms, values, crystal_prefix, note)


def _picture(
    crystal: Crystal, places: FloatArray, atoms: IntArray, values: Values, crystal_prefix: str, note: str
) -> AtomPicture:
    """Return the picture; partly filled places are filled by chance, always the same."""
    sites = crystal.site_of_atom[atoms]
    occupancy = crystal.occupancies(values, crystal_prefix)[sites]
    filled = np.random.default_rng(0).random(len(sites)) < occupancy
    if (occupancy < 1.0).any():
        note += " Partly filled places were filled by chance."
    elements = tuple(crystal.sites[k].element for k in sites[filled])
    return AtomPicture(elements, _centred(places[filled]), note)


def _whole(numbers: FloatArray) -> IntArray:
    return np.maximum(1, np.rint(numbers)).astype(np.int64)


def _in_skin(numbers: IntArray) -> int:
    """Return how many blocks of a box have a face on its surface."""
    return int(np.prod(numbers) - np.prod(np.maximum(numbers - 2, 0)))


def _centred(places: FloatArray) -> FloatArray:
    return np.asarray(places - 0.5 * (places.min(axis=0) + places.max(axis=0))) if len(places) else places


def _grouped(number: float) -> str:
    return f"{number:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _all(number: int) -> str:
    return f"All {_grouped(number)} atoms" if number > 1 else "The one atom"
