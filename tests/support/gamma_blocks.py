"""γ-CsPbBr3 by hand: what its pseudocubic blocks hold in each state, and I(Q) of atoms, pair by pair."""

from __future__ import annotations

from itertools import product

import numpy as np

from nanocrystal.kernels import debye, plain
from nanocrystal.sample import Population, Sample, TwinFamily
from nanocrystal.sample.order.blocks import block_lattice
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import TotalScattering
from support.modelling import crystal, now
from support.structures import GAMMA_CSPBBR3

ELEMENTS = ("Pb", "Cs", "Br")
U_ISO = {"Pb": 0.0127, "Cs": 0.03, "Br": 0.025}
CELL = np.array([8.207, 8.255, 11.759])
VECTORS = np.array([[0.5, 0.5, 0.0], [-0.5, 0.5, 0.0], [0.0, 0.0, 0.5]]) * CELL
"""of blocks, one Pb atom each, Å"""
Q = 0.5 + 0.25 * np.arange(99)
PLAIN = TotalScattering(q="0.5:25:0.25", background_terms=0)
T110, T001, T110_001 = "1/2<110>{110}", "1/2[001]{110}", "1/2<110>(001)"
"""slips at boundaries"""


def contents() -> dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]:
    """Return state -> (places from the Pb atom, kinds) of its block of γ-CsPbBr3, Å, from the coordinates."""
    pb = [(0.5, 0.0, 0.0), (0.0, 0.5, 0.0), (0.5, 0.0, 0.5), (0.0, 0.5, 0.5)]
    x = crystal(GAMMA_CSPBBR3, 0.01)
    atoms = [
        (f, ELEMENTS.index(s.element)) for s, places in zip(x.sites, now(x).positions, strict=True) for f in places
    ]
    shifts = [np.array(s) for s in product((-2, -1, 0, 1, 2), repeat=3)]
    found = {}
    for state in product((0, 1), repeat=2):
        # the block of state (s, t) stands s A1 + t A3 from the first Pb atom
        corner = np.array(pb[0]) + state[0] * np.array([0.5, 0.5, 0.0]) + state[1] * np.array([0.0, 0.0, 0.5])
        places, kinds = [], []
        for fract, kind in atoms:
            for shift in shifts:
                d = fract + shift - corner
                along = (d[0] + d[1], d[1] - d[0], 2.0 * d[2])  # in units of A1, A2, A3
                if all(-0.25 <= c < 0.75 for c in along):
                    places.append(d * CELL)
                    kinds.append(kind)
        found[state] = np.array(places), np.array(kinds)
    return found


def intensity(positions: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    f = np.array([form_factor(e, Q) for e in ELEMENTS])
    sums = plain.pair_sums(Q, positions, kinds, 3)
    counts = np.bincount(kinds, minlength=3).astype(float)
    return debye.debye_intensity(Q, sums, f, np.array([U_ISO[e] for e in ELEMENTS]), np.ones(3), counts)


def sample(shape: object, twins: dict[str, TwinFamily], text: str = GAMMA_CSPBBR3) -> Sample:
    return Sample({"p": Population("x", shape, twins=twins)}, {"x": crystal(text, U_ISO)})


def orthorhombic_prism(n_base: int, n_length: int, start: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the atoms of a γ-CsPbBr3 prism of whole pseudocubic blocks, the first in state `start`."""
    x = crystal(GAMMA_CSPBBR3, 0.01)
    blocks, vectors = block_lattice(x, None, "x"), now(x).vectors
    atoms = np.concatenate(now(x).positions)
    positions, kinds = [], []
    for i in range(n_base):
        for j in range(n_base):
            for k in range(n_length):
                offset = np.array([i, j, k])
                state = blocks.added(start, int(blocks.state_shift(offset[None, :])[0]))
                owned, shifts = blocks.contents[state]
                corner = offset @ blocks.matrix
                positions.append((atoms[owned] + shifts - blocks.states[state] - blocks.origin + corner) @ vectors)
                kinds += [ELEMENTS.index(x.sites[x.site_of_atom[a]].element) for a in owned]
    return np.concatenate(positions), np.array(kinds)
