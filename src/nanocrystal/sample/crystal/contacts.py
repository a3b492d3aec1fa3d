"""Which atoms of a crystal are too close: a search in n log n over periodic images."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.sample.crystal.symmetry import FULL

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
OVERLAP = 0.55
"""of the sum of the covalent radii; closer than this, two atoms overlap"""
BONDS = 1.2
"""of the sum of the covalent radii; atoms farther than this are not looked at"""
AT_ONCE = 5000
"""atoms whose neighbours are listed at once"""
FEW_PAIRS = 1_000_000
"""of places, up to which all distances are calculated: a tree of SciPy takes longer to load"""
ONE_PLACE = 0.05
"""Å; atoms closer than this are said to be in one place"""
ITSELF = 1e-6
"""Å; the distance of an atom to itself, rounding included"""


class Clash(NamedTuple):
    """Two atoms that overlap, or several in one place: indices, distance (Å), and their occupancy together."""

    first: int
    second: int
    distance: float
    occupancy: float


def first_clash(
    fract: FloatArray, vectors: FloatArray, radii: FloatArray, occupancy: FloatArray, asked: IntArray
) -> Clash | None:
    """Return the first of the asked atoms that overlaps with another one, and the nearest it overlaps with.

    fract: (n, 3); vectors: (3, 3), Å; radii: (n,), Å, covalent; occupancy: (n,); asked: indices of atoms, one of each
    orbit. Two atoms overlap closer than `OVERLAP` of their radii together, unless their places exclude each other.
    """
    reach = 2.0 * OVERLAP * float(radii.max())
    places, atom = periodic_images(fract, vectors, reach)
    inside = (fract - np.floor(fract)) @ vectors
    for begin in range(0, len(asked), AT_ONCE):
        part = asked[begin : begin + AT_ONCE]
        row, column, distance = near(inside[part], places, reach)
        i, j = part[row], atom[column]
        # an atom finds itself at 0, its own images at a distance
        other = (i != j) | (distance > ITSELF)
        i, j, distance = i[other], j[other], distance[other]
        clash = (distance < OVERLAP * (radii[i] + radii[j])) & (occupancy[i] + occupancy[j] > FULL)
        if clash.any():
            first = int(i[clash].min())
            nearest = int(np.flatnonzero(clash & (i == first))[np.argmin(distance[clash & (i == first)])])
            second = int(j[nearest])
            return Clash(first, second, float(distance[nearest]), float(occupancy[first] + occupancy[second]))
        crowded = _crowded(i, j, distance, radii, occupancy)
        if crowded is not None:
            return crowded
    return None


def _crowded(i: IntArray, j: IntArray, distance: FloatArray, radii: FloatArray, occupancy: FloatArray) -> Clash | None:
    """Return the first atom around which places that all exclude each other are filled more than once."""
    close = distance < 0.5 * OVERLAP * (radii[i] + radii[j])
    if not close.any():
        return None
    together = occupancy.copy()
    np.add.at(together, i[close], occupancy[j[close]])
    crowded = np.unique(i[close])
    crowded = crowded[together[crowded] > FULL]
    if not len(crowded):
        return None
    first = int(crowded[0])
    of_first = np.flatnonzero(close & (i == first))
    nearest = int(of_first[np.argmin(distance[of_first])])
    return Clash(first, int(j[nearest]), float(distance[nearest]), float(together[first]))


def closest_contact(fract: FloatArray, vectors: FloatArray, radii: FloatArray, occupancy: FloatArray) -> float:
    """Return the shortest distance of two atoms that do not exclude each other, over their radii, at most `BONDS`."""
    reach = 2.0 * BONDS * float(radii.max())
    places, atom = periodic_images(fract, vectors, reach)
    inside = (fract - np.floor(fract)) @ vectors
    closest = BONDS
    for begin in range(0, len(fract), AT_ONCE):
        row, column, distance = near(inside[begin : begin + AT_ONCE], places, reach)
        i, j = begin + row, atom[column]
        kept = ((i != j) | (distance > ITSELF)) & (occupancy[i] + occupancy[j] > FULL)
        if kept.any():
            closest = min(closest, float((distance[kept] / (radii[i] + radii[j])[kept]).min()))
    return closest


def near(places: FloatArray, others: FloatArray, reach: float) -> tuple[IntArray, IntArray, FloatArray]:
    """Return which places (n, 3) have which others (m, 3) within reach, all in Å, and how far: (n_pairs,) each."""
    if len(places) * len(others) > FEW_PAIRS:
        from scipy.spatial import cKDTree

        found = cKDTree(places).sparse_distance_matrix(cKDTree(others), reach, output_type="coo_matrix")
        return found.row.astype(np.int64), found.col.astype(np.int64), found.data
    apart = places[:, None, :] - others
    distances = np.sqrt(np.einsum("ijk,ijk->ij", apart, apart))
    row, column = np.nonzero(distances <= reach)
    return row, column, distances[row, column]


def periodic_images(fract: FloatArray, vectors: FloatArray, reach: float) -> tuple[FloatArray, IntArray]:
    """Return the atoms of the cell and their images up to `reach` (Å) outside it: places (m, 3) Å, indices (m,)."""
    inside = fract - np.floor(fract)
    spacing = 1.0 / np.linalg.norm(np.linalg.inv(vectors), axis=0)  # of the planes that bound the cell, Å
    margin = reach / spacing
    places, atoms = inside, np.arange(len(fract))
    for axis in range(3):
        cells = int(np.ceil(margin[axis]))
        shifted = []
        for n in range(-cells, cells + 1):
            x = places[:, axis] + n
            kept = (x >= -margin[axis]) & (x <= 1.0 + margin[axis])
            image = places[kept].copy()
            image[:, axis] += n
            shifted.append((image, atoms[kept]))
        places = np.concatenate([p for p, _ in shifted])
        atoms = np.concatenate([a for _, a in shifted])
    return places @ vectors, atoms


def overlap_words(first: str, second: str, clash: Clash, volume: float) -> str:
    """Return the sentence about two sites whose atoms overlap; volume: of the cell, Å³."""
    together = f", {clash.occupancy:.2g} times filled together" if clash.distance < ONE_PLACE else ""
    return (
        f"atoms overlap: {first} and {second} are {clash.distance:.2f} Å apart{together}; "
        f"check the cell (volume {volume:.1f} Å³), the coordinates and the symmetry."
    )
