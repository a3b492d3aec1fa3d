"""Explicit crystals whose places are filled at random: intensities of many of them, by the double sum."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from nanocrystal.tables.form_factors import form_factor
from support.structures import CUBIC_CSPBBR3

EMPTY = -1
"""stands for no atom at a place"""


def cube_places(cells: Sequence[int], a: float = CUBIC_CSPBBR3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the places (n, 3) Å of whole cells of cubic CsPbBr3, their kind (Pb 0, Cs 1, Br 2) and their cell (n, 3).

    A cell owns the three Br at +a/2.
    """
    corners = np.array(list(product(*map(range, cells))))
    basis = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]])
    positions = np.concatenate([corners + b for b in basis]) * a
    return positions, np.repeat([0, 1, 2, 2, 2], len(corners)), np.tile(corners, (5, 1))


class Draws:
    """Intensities of crystals on fixed places; elements and their u_iso (Å²) in the order of the species."""

    def __init__(self, positions: np.ndarray, u_iso: dict[str, float], q: np.ndarray) -> None:
        self.positions, self.q = positions, q
        self.f = np.array([[*form_factor(e, q)] for e in u_iso] + [np.zeros(len(q))])
        self.u = np.array([*u_iso.values(), 0.0])
        self.distance = np.linalg.norm(positions[:, None] - positions[None], axis=2)

    def intensities(self, species: np.ndarray) -> np.ndarray:
        """Return I(Q) of each crystal, (n_draws, n_q); species: (n_draws, n_places), EMPTY where there is no atom."""
        found = np.empty((len(species), len(self.q)))
        for k, q in enumerate(self.q):
            f = self.f[:, k][species]
            blurred = f * np.exp(-0.5 * q**2 * self.u)[species]
            pairs = np.sinc(q * self.distance / np.pi)
            found[:, k] = np.einsum("di,di->d", blurred @ pairs, blurred) + (f**2 - blurred**2).sum(axis=1)
        return found


def standard_errors(found: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return by how many standard errors of the mean of the draws (n_draws, n_q) a curve (n_q,) is off."""
    return np.asarray((found - drawn.mean(axis=0)) / (drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn))))


def mixed(kinds: np.ndarray, kind: int, other: int, fraction: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n crystals (n, n_places) in which each place of a kind has the other species with this probability."""
    replaced = (kinds == kind) & (rng.uniform(size=(n, len(kinds))) < fraction)
    return np.where(replaced, other, kinds)


def mosaic(positions: np.ndarray, length: float, fraction: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return whether each place lies in a grain of the second element, (n, n_places).

    Space is cut by random planes, uniform in direction, Poisson in number: two places at a distance r lie in the
    same grain with probability exp(−r/length), and every grain draws its element by itself.
    """
    middle = positions.mean(axis=0)
    reach = float(np.linalg.norm(positions - middle, axis=1).max()) + 1e-6
    found = np.empty((n, len(positions)), dtype=bool)
    for row in found:
        # a segment r is crossed by r/2 × (planes per unit of distance from the middle) planes on average
        n_planes = rng.poisson(2.0 * reach * 2.0 / length)
        normals = rng.normal(size=(n_planes, 3))
        normals /= np.linalg.norm(normals, axis=1)[:, None]
        sides = (positions - middle) @ normals.T > rng.uniform(-reach, reach, n_planes)
        _, grain = np.unique(sides, axis=0, return_inverse=True)
        row[:] = (rng.uniform(size=grain.max() + 1) < fraction)[grain.ravel()]
    return found


def mean_intensity(positions: np.ndarray, chances: np.ndarray, u_iso: dict[str, float], q: np.ndarray) -> np.ndarray:
    """Return the mean I(Q) over crystals in which each place draws its species by itself, (n_q,).

    chances: (n_places, n_species), the probability of each; what is left to 1 is an empty place.
    """
    f = np.array([form_factor(e, q) for e in u_iso])
    u = np.array([*u_iso.values()])
    distance = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    found = np.empty(len(q))
    for k in range(len(q)):
        blurred = chances @ (f[:, k] * np.exp(-0.5 * q[k] ** 2 * u))
        pairs = np.sinc(q[k] * distance / np.pi)
        found[k] = blurred @ pairs @ blurred - (blurred**2).sum() + (chances @ f[:, k] ** 2).sum()
    return found
