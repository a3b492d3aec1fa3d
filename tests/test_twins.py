"""Statistical boundaries in closed form against enumeration of every network, atom by atom."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from modelling import calculated, crystal
from nanocrystal.kernels import debye, plain
from nanocrystal.sample import Brick, Population, Sample, TwinFamily
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import TotalScattering
from structures import GAMMA_CSPBBR3

ELEMENTS = ("Pb", "Cs", "Br")
U_ISO = {"Pb": 0.0127, "Cs": 0.03, "Br": 0.025}
CELL = np.array([8.207, 8.255, 11.759])
PLAIN = TotalScattering(q="0.5:25:0.25", background_terms=0)
Q = 0.5 + 0.25 * np.arange(99)
T110, T001, T110_001 = "1/2<110>{110}", "1/2[001]{110}", "1/2<110>(001)"
# the group Z2 × Z2 by hand: what a slip adds to ((i + j) mod 2, k mod 2), and the block axes its planes cross
SLIPS = {T110: ((1, 0), (0, 1)), T001: ((0, 1), (0, 1)), T110_001: ((1, 0), (2,))}


def sample(shape: object, twins: dict[str, TwinFamily], text: str = GAMMA_CSPBBR3) -> Sample:
    return Sample({"p": Population("x", shape, twins=twins)}, {"x": crystal(text, U_ISO)})


def contents() -> dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]:
    """Return state -> (places from the Pb atom, kinds) of its block of γ-CsPbBr3, Å, from the coordinates."""
    pb = [(0.5, 0.0, 0.0), (0.0, 0.5, 0.0), (0.5, 0.0, 0.5), (0.0, 0.5, 0.5)]
    x = crystal(GAMMA_CSPBBR3, 0.01)
    values = {f"x.{k}": p.value for k, (_, p) in x.declared().items()}
    atoms = [
        (f, ELEMENTS.index(s.element))
        for s, places in zip(x.sites, x.positions(values, "x"), strict=True)
        for f in places
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


def enumerated(numbers: tuple[int, int, int], probabilities: dict[str, float]) -> np.ndarray:
    """Return the mean I(Q) over every network and every state of the first block, weighted with its probability."""
    blocks = contents()
    vectors = np.array([[0.5, 0.5, 0.0], [-0.5, 0.5, 0.0], [0.0, 0.0, 0.5]]) * CELL
    grid = list(product(*(range(n) for n in numbers)))
    planes = [
        (axis, plane, SLIPS[slip][0], p)
        for slip, p in probabilities.items()
        for axis in SLIPS[slip][1]
        for plane in range(numbers[axis] - 1)
    ]
    by_states: dict[tuple[tuple[int, int], ...], float] = {}
    for start in product((0, 1), repeat=2):
        for choice in product((False, True), repeat=len(planes)):
            weight = 0.25 * np.prod([p if taken else 1.0 - p for taken, (*_, p) in zip(choice, planes, strict=True)])
            states = []
            for block in grid:
                s, t = start[0] + block[0] + block[1], start[1] + block[2]
                for taken, (axis, plane, slip, _) in zip(choice, planes, strict=True):
                    if taken and block[axis] > plane:
                        s, t = s + slip[0], t + slip[1]
                states.append((s % 2, t % 2))
            by_states[tuple(states)] = by_states.get(tuple(states), 0.0) + float(weight)
    total = np.zeros(len(Q))
    for states, weight in by_states.items():
        positions = np.concatenate([np.array(b) @ vectors + blocks[s][0] for b, s in zip(grid, states, strict=True)])
        total += weight * intensity(positions, np.concatenate([blocks[s][1] for s in states]))
    return total


@pytest.mark.parametrize(
    ("numbers", "probabilities"),
    [
        ((3, 3, 2), {T110: 0.13}),
        ((3, 2, 3), {T001: 0.3, T110_001: 0.07}),
        ((2, 3, 2), {T110: 0.1, T001: 0.2, T110_001: 0.4}),
    ],
)
def test_closed_form_is_the_mean_over_every_network(
    numbers: tuple[int, int, int], probabilities: dict[str, float]
) -> None:
    truth = enumerated(numbers, probabilities)
    a1 = 0.5 * np.hypot(*CELL[:2])
    shape = Brick(numbers[0] * a1, numbers[1] * a1, numbers[2] * 0.5 * CELL[2])
    twins = {f"t{k}": TwinFamily(slip, p) for k, (slip, p) in enumerate(probabilities.items())}
    found = calculated(sample(shape, twins), PLAIN, "iq")
    assert np.abs(found - truth).max() <= 1e-8 * truth.max()
    assert np.abs(found / truth - 1.0).max() <= 1e-6
