"""What a space group does to a cell and to the sites in it, from its operations alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
CELL_NAMES = ("a", "b", "c", "alpha", "beta", "gamma")
SAME_PLACE = 0.15
"""Å; images of a site closer than this are one atom on a special position, unless it is split"""
SPLIT = 0.02
"""Å; images of a site closer than this are one place in any case"""
FULL = 1.01
"""occupancy of one place, of all atoms on it together, up to which it is filled once: refined ones may exceed 1"""
AT_ONCE = 2000
"""sites whose images are looked at together"""


def cell_vectors(cell: FloatArray) -> FloatArray:
    """Return the cell vectors as rows, Å: a along x, b in the xy plane; cell: a, b, c (Å), angles (°)."""
    a, b, c = cell[:3]
    cos_alpha, cos_beta, cos_gamma = np.cos(np.radians(cell[3:]))
    sin_gamma = np.sin(np.radians(cell[5]))
    # exact zeros where the angles are 90°, so that a cubic lattice is exactly cubic
    cos_alpha, cos_beta, cos_gamma = (0.0 if abs(v) < 1e-15 else v for v in (cos_alpha, cos_beta, cos_gamma))
    c_y = (cos_alpha - cos_beta * cos_gamma) / sin_gamma
    c_z = np.sqrt(max(0.0, 1.0 - cos_beta**2 - c_y**2))
    return np.array([[a, 0.0, 0.0], [b * cos_gamma, b * sin_gamma, 0.0], [c * cos_beta, c * c_y, c * c_z]])


def _cell_of_metric(metric: FloatArray) -> FloatArray:
    lengths = np.sqrt(np.diag(metric))
    cosines = [metric[i, j] / (lengths[i] * lengths[j]) for i, j in ((1, 2), (0, 2), (0, 1))]
    return np.concatenate([lengths, np.degrees(np.arccos(np.clip(cosines, -1, 1)))])


def metric_misfit(cell: FloatArray, rotations: FloatArray) -> float:
    """Return by how much, relatively, the operations fail to keep the metric of the cell."""
    vectors = cell_vectors(cell)
    metric = vectors @ vectors.T
    turned = np.einsum("oki,kl,olj->oij", rotations, metric, rotations)
    return float(np.abs(turned - metric).max() / np.diag(metric).min())


@dataclass(frozen=True)
class CellFreedom:
    """Which cell parameters are independent; `follows[i]` is the index the i-th takes its value from.

    A cell parameter fixed by symmetry (an angle of 90° or 120°) is not free and follows itself.
    """

    free: tuple[int, ...]
    follows: tuple[int, ...]

    def filled(self, reference: FloatArray, free_values: dict[int, float]) -> FloatArray:
        """Return all six cell parameters from the independent ones."""
        cell = reference.copy()
        for i in range(6):
            if self.follows[i] in free_values:
                cell[i] = free_values[self.follows[i]]
        return cell


def cell_freedom(cell: FloatArray, rotations: FloatArray) -> CellFreedom:
    """Return which cell parameters the operations leave free, from metrics they leave unchanged."""
    vectors = cell_vectors(cell)
    metric = vectors @ vectors.T
    rng = np.random.default_rng(0)
    examples = []
    for _ in range(3):
        strain = rng.uniform(-0.02, 0.02, (3, 3)) * np.sqrt(np.outer(np.diag(metric), np.diag(metric)))
        strained = metric + strain + strain.T
        averaged = np.einsum("oki,kl,olj->ij", rotations, strained, rotations) / len(rotations)
        examples.append(_cell_of_metric(averaged))
    cells = np.array(examples)
    follows = list(range(6))
    free: list[int] = []
    for i in range(6):
        if np.ptp(cells[:, i]) < 1e-9 * cells[0, i]:
            continue  # the same in every permitted metric: fixed by symmetry
        twin = next((j for j in free if (j < 3) == (i < 3) and np.allclose(cells[:, i], cells[:, j], rtol=1e-9)), None)
        if twin is None:
            free.append(i)
        else:
            follows[i] = twin
    return CellFreedom(tuple(free), tuple(follows))


@dataclass(frozen=True)
class SiteOrbit:
    """The places that symmetry makes of one site.

    images: indices of the operations that give the distinct atoms of the cell; fract: the site moved
    exactly onto its special position; directions: (3, 3), row k says how (x, y, z) moves when the
    free coordinate k moves by one, zero rows for coordinates that are not free.
    """

    images: tuple[int, ...]
    fract: FloatArray
    directions: FloatArray

    @cached_property
    def free(self) -> tuple[int, ...]:
        """The coordinates (0, 1, 2) that may be refined."""
        return tuple(k for k, row in enumerate(self.directions.tolist()) if any(row))


def site_orbit(
    fract: FloatArray,
    rotations: FloatArray,
    translations: FloatArray,
    vectors: FloatArray,
    occupancy: float = 1.0,
    rounding: float = 0.0,
) -> SiteOrbit:
    """Return the orbit of a site; see `site_orbits`."""
    return site_orbits(fract[None], rotations, translations, vectors, np.array([occupancy]), rounding)[0]


def site_orbits(
    fract: FloatArray,
    rotations: FloatArray,
    translations: FloatArray,
    vectors: FloatArray,
    occupancies: FloatArray,
    rounding: float = 0.0,
) -> list[SiteOrbit]:
    """Return the orbits of sites, each moved onto its special position where its places cannot all be filled.

    fract: (n, 3); rotations: (n_ops, 3, 3); translations: (n_ops, 3); vectors: (3, 3), Å; occupancies: (n,);
    rounding: one unit of the last digit of the coordinates, in parts of the cell. Places of a site closer than
    `SAME_PLACE` are one atom where occupancy times places would exceed 1, and else as many, as in a split site; what
    is closer than `SPLIT` or the digits tell is one place in any case.
    """
    told = 2.0 * rounding * float(np.linalg.norm(vectors, axis=1).max())
    fine = min(max(SPLIT, told), SAME_PLACE)
    everything = tuple(range(len(rotations)))
    free = np.eye(3)
    orbits: list[SiteOrbit] = []
    for begin in range(0, len(fract), AT_ONCE):
        part = fract[begin : begin + AT_ONCE]
        from_site = np.einsum("oij,nj->noi", rotations, part) + translations - part[:, None]
        apart = np.linalg.norm((from_site - np.round(from_site)) @ vectors, axis=2)
        for k, near in enumerate(apart < SAME_PLACE):
            if near.sum() == 1:
                orbits.append(SiteOrbit(everything, part[k], free))
            else:
                occupancy = float(occupancies[begin + k])
                orbits.append(_special(part[k], rotations, translations, vectors, occupancy, fine))
    return orbits


def _special(
    fract: FloatArray,
    rotations: FloatArray,
    translations: FloatArray,
    vectors: FloatArray,
    occupancy: float,
    fine: float,
) -> SiteOrbit:
    """Return the orbit of a site that is on a special position, or near to one."""
    exact, fixing = _fixed(fract, rotations, translations, vectors, fine)
    wide, fixing_wide = _fixed(fract, rotations, translations, vectors, SAME_PLACE)
    if occupancy * fixing_wide.sum() / fixing.sum() > FULL:
        exact, fixing = wide, fixing_wide
    places = rotations @ exact + translations
    apart = places[:, None] - places[None]
    same = np.linalg.norm((apart - np.round(apart)) @ vectors, axis=2) < 0.5 * fine
    first = np.argmax(same, axis=1)
    images = tuple(int(i) for i in np.flatnonzero(first == np.arange(len(first))))
    return SiteOrbit(images, exact, _free_directions(rotations[fixing].mean(axis=0)))


def _fixed(
    fract: FloatArray, rotations: FloatArray, translations: FloatArray, vectors: FloatArray, within: float
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return a site moved exactly onto the place that all operations fix which move it by less, and which these are."""
    exact, fixing = fract, np.zeros(len(rotations), dtype=bool)
    while True:
        places = rotations @ fract + translations
        places -= np.round(places - exact)
        moved = rotations @ exact + translations - exact
        near = np.linalg.norm((moved - np.round(moved)) @ vectors, axis=1) < within
        if not (near & ~fixing).any():
            return exact, fixing
        fixing |= near
        exact = places[fixing].mean(axis=0)


def _free_directions(projector: FloatArray) -> FloatArray:
    """Return the reduced row echelon form of the space that the site symmetry leaves fixed."""
    rows = projector.T.copy()
    directions = np.zeros((3, 3))
    pivot_row = 0
    for k in range(3):
        candidates = np.abs(rows[pivot_row:, k])
        if not len(candidates) or candidates.max() < 1e-9:
            continue
        best = pivot_row + int(np.argmax(candidates))
        rows[[pivot_row, best]] = rows[[best, pivot_row]]
        rows[pivot_row] /= rows[pivot_row, k]
        for other in range(3):
            if other != pivot_row:
                rows[other] -= rows[other, k] * rows[pivot_row]
        pivot_row += 1
        if pivot_row == 3:
            break
    for row in rows[:pivot_row]:
        directions[int(np.flatnonzero(np.abs(row) > 1e-9)[0])] = row
    return directions
