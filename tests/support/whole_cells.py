"""Crystals of whole cells, those whose corner lies in a body: atom by atom."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nanocrystal.kernels import debye, plain
from nanocrystal.tables.form_factors import form_factor
from support.modelling import crystal, now
from support.structures import WURTZITE_CDSE

ELEMENTS = ("Pb", "Cs", "Br")
U_ISO = {"Pb": 0.0127, "Cs": 0.03, "Br": 0.025}
BASIS = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]])
HEXAGONAL = np.array([[4.3, 0.0, 0.0], [-2.15, 2.15 * np.sqrt(3.0), 0.0], [0.0, 0.0, 7.0]])
Inside = Callable[[np.ndarray], np.ndarray]


def in_ellipsoid(diameter: float, length: float) -> Inside:
    return lambda x: (2.0 * np.hypot(x[:, 0], x[:, 1]) / diameter) ** 2 + (2.0 * x[:, 2] / length) ** 2 < 1.0


def explicit_wurtzite(inside: Inside, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean I(Q) of 300 crystals of CdSe, unions of whole cells cut at random places, and its error."""
    x = crystal(WURTZITE_CDSE, 0.01)
    vectors = now(x).vectors
    fract = [f - np.floor(f + 1e-9) for f in now(x).positions]
    content = np.concatenate(fract) @ vectors
    kinds = np.repeat(range(len(fract)), [len(f) for f in fract])
    rng, grid = np.random.default_rng(3), np.array(np.meshgrid(*[range(-4, 5)] * 3, indexing="ij")).reshape(3, -1).T
    f = np.array([form_factor(s.element, q) for s in x.sites])
    drawn = []
    for _ in range(300):
        places = grid @ vectors - rng.random(3) @ vectors
        cells = places[inside(places)]
        atoms = (cells[:, None, :] + content[None]).reshape(-1, 3)
        of_atoms = np.tile(kinds, len(cells))
        sums = plain.pair_sums(q, atoms, of_atoms, len(f))
        counts = np.bincount(of_atoms, minlength=len(f)).astype(float)
        drawn.append(debye.debye_intensity(q, sums, f, np.full(len(f), 0.01), np.ones(len(f)), counts))
    return np.mean(drawn, axis=0), np.std(drawn, axis=0) / np.sqrt(len(drawn))
