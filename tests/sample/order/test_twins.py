"""Coherent boundaries: closed form, explicit networks, patterns, derivatives and wrong input.

Truth is made here, atom by atom or by pairs of blocks, from the coordinates of γ-CsPbBr3 alone.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from nanocrystal.errors import InputError
from nanocrystal.parameters import Evaluation, vary
from nanocrystal.refinement import declared_parameters
from nanocrystal.sample import (
    Atoms,
    Brick,
    Cluster,
    Cylinder,
    Distribution,
    Histogram,
    Population,
    Prism,
    Sample,
    Sphere,
    Stacking,
    TwinFamily,
)
from nanocrystal.sample.explicit.networks import BoundaryNetwork, ExplicitCrystal, explicit_crystal, turned_domains
from nanocrystal.sample.order.blocks import block_lattice
from nanocrystal.sample.order.twins import TwinBoundaries
from nanocrystal.study.reading import study_from
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import TotalScattering
from support.gamma_blocks import (
    CELL,
    ELEMENTS,
    PLAIN,
    T001,
    T110,
    T110_001,
    U_ISO,
    VECTORS,
    Q,
    contents,
    intensity,
    sample,
)
from support.modelling import calculated, crystal, now
from support.paths import DOCS
from support.structures import CUBIC, GAMMA_CSPBBR3, cif

NEAR = TotalScattering(q="0.5:8:0.25", background_terms=0)
State = tuple[int, int]
# the group Z2 × Z2 by hand: what a slip adds to ((i + j) mod 2, k mod 2), and the block axes its planes cross
SLIPS = {T110: ((1, 0), (0, 1)), T001: ((0, 1), (0, 1)), T110_001: ((1, 0), (2,))}


def enumerated(numbers: tuple[int, int, int], probabilities: dict[str, float]) -> np.ndarray:
    """Return the mean I(Q) over every network and every state of the first block, weighted with its probability."""
    blocks = contents()
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
        positions = np.concatenate([np.array(b) @ VECTORS + blocks[s][0] for b, s in zip(grid, states, strict=True)])
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


# ---- states of blocks ---------------------------------------------------------------------------


def test_state_probabilities_are_those_of_every_network() -> None:
    """Three families at once, every pair of blocks of 4 × 4 × 3, by 16,384 networks of boundaries."""
    numbers, chances = (4, 4, 3), {T110: 0.13, T001: 0.3, T110_001: 0.07}
    grid = np.array(list(product(*(range(n) for n in numbers))))
    slips = {T110: 1, T001: 2, T110_001: 1}  # s + 2 t of what the boundary adds; states add without carry
    planes = [(k, n, slips[f], p) for f, p in chances.items() for k in SLIPS[f][1] for n in range(numbers[k] - 1)]
    taken = np.array(list(product((0, 1), repeat=len(planes))))
    weights = np.prod([np.where(t, p, 1.0 - p) for t, (*_, p) in zip(taken.T, planes, strict=True)], axis=0)
    states = np.tile((grid[:, 0] + grid[:, 1]) % 2 + 2 * (grid[:, 2] % 2), (len(taken), 1))
    for t, (axis, plane, slip, _) in zip(taken.T, planes, strict=True):
        states ^= slip * np.outer(t, grid[:, axis] > plane)
    twins = {f"t{k}": TwinFamily(slip, p) for k, (slip, p) in enumerate(chances.items())}
    described = sample(Sphere(20.0), twins)
    order = described.populations["p"].lattice_sum(described.crystals["x"], "populations.p", "crystals.x").order
    order_now = order.at(declared_parameters(described, {}).initial_values().under("populations.p"))
    # the states of the program, s + 2 t: b/2 and c/2 are in their translations
    number = [round(2.0 * f[1]) % 2 + 2 * (round(2.0 * f[2]) % 2) for f in order.blocks.states - order.blocks.states[0]]
    for first in range(len(grid)):
        found = order_now.probabilities((grid - grid[first]).astype(float), np.diag(VECTORS))
        np.testing.assert_allclose(found.sum(axis=0), 1.0, atol=1e-13)
        apart = states ^ states[:, first : first + 1]
        for row, state in zip(found, number, strict=True):
            np.testing.assert_allclose(row, weights @ (apart == state), atol=1e-10)


def joint(offset: tuple[int, int, int], factors: dict[str, float]) -> dict[tuple[State, State], float]:
    """Return the probability of the states of two blocks, by hand: a character of the group over the other.

    factors: slip -> 1 − 2 p, what every plane of the family does to a character that turns −1 by its slip.
    """
    found = {}
    for first, second in product(product((0, 1), repeat=2), repeat=2):
        total = 0.0
        for alpha, beta in product((0, 1), repeat=2):
            sign = (-1.0) ** (
                alpha * (first[0] + second[0] + offset[0] + offset[1]) + beta * (first[1] + second[1] + offset[2])
            )
            for slip, factor in factors.items():
                (s, t), axes = SLIPS[slip]
                if (alpha * s + beta * t) % 2:
                    sign *= factor ** sum(abs(offset[k]) for k in axes)
            total += sign
        found[first, second] = total / 16.0
    return found


def summed(
    offsets: dict[tuple[int, int, int], float], factors: dict[str, float],
    gamma: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:  # fmt: skip
    """Return I(Q) of pairs of blocks by hand: offset -> number of pairs, each direction by itself; with self terms.

    gamma(r): what part of the pairs at r there is.
    """
    blocks, total = contents(), np.zeros(len(Q))
    f, u = np.array([form_factor(e, Q) for e in ELEMENTS]), np.array([U_ISO[e] for e in ELEMENTS])
    moved = f * np.exp(-0.5 * np.outer(u, Q**2))
    for offset, count in offsets.items():
        for (first, second), probability in joint(offset, factors).items():
            if offset == (0, 0, 0) and first != second:
                continue
            (here, a), (there, b) = blocks[first], blocks[second]
            r = np.linalg.norm(here[:, None] - there[None, :] - np.array(offset) @ VECTORS, axis=2)
            pairs = np.sinc(r[:, :, None] * Q / np.pi)
            if gamma is not None:
                pairs *= gamma(r)[:, :, None]
            part = (moved[a] * (pairs * moved[b]).sum(axis=1)).sum(axis=0)
            if offset == (0, 0, 0):  # an atom with itself does not move
                part += (f[a] ** 2 - moved[a] ** 2).sum(axis=0)
            total += count * probability * part
    return total


def offsets_of(numbers: tuple[int, int, int]) -> dict[tuple[int, int, int], float]:
    """Return offset -> number of pairs of blocks in a crystal of whole blocks."""
    spans = product(*(range(1 - n, n) for n in numbers))
    return {o: float(np.prod([n - abs(k) for n, k in zip(numbers, o, strict=True)])) for o in spans}


@pytest.mark.parametrize("factors", [{T110: 0.5}, {T001: 0.2, T110_001: 0.7}])
def test_hand_made_sum_is_the_mean_over_every_network(factors: dict[str, float]) -> None:
    """The sum over pairs of blocks that the following tests lean on, against enumeration."""
    numbers = (2, 3, 2)
    truth = enumerated(numbers, {slip: 0.5 - 0.5 * f for slip, f in factors.items()})
    assert np.abs(summed(offsets_of(numbers), factors) - truth).max() <= 1e-12 * truth.max()


def brick(numbers: tuple[int, int, int]) -> Brick:
    return Brick(*(n * length for n, length in zip(numbers, np.linalg.norm(VECTORS, axis=1), strict=True)))


def families(probabilities: dict[str, float]) -> dict[str, TwinFamily]:
    return {f"t{k}": TwinFamily(slip, p) for k, (slip, p) in enumerate(probabilities.items())}


@pytest.mark.parametrize("slips", [(T110,), (T001,), (T110_001,), (T110, T001), (T110, T110_001)])
def test_dense_boundaries_leave_what_crosses_none(slips: tuple[str, ...]) -> None:
    """At p = ½ characters that a slip turns are left only between blocks with no plane of its family between them."""
    numbers = (3, 2, 3)
    truth = summed(offsets_of(numbers), dict.fromkeys(slips, 0.0))
    found = calculated(sample(brick(numbers), families(dict.fromkeys(slips, 0.5))), PLAIN, "iq")
    assert np.abs(found - truth).max() <= 1e-8 * truth.max()
    described = sample(brick(numbers), families(dict.fromkeys(slips, 0.5)))
    order = described.populations["p"].lattice_sum(described.crystals["x"], "populations.p", "crystals.x").order
    order_now = order.at(declared_parameters(described, {}).initial_values().under("populations.p"))
    offsets = np.array(list(product(range(-3, 4), repeat=3)), dtype=float)
    components = order.blocks.characters.conj() @ order_now.probabilities(offsets, np.eye(3))
    for (h, k, m), component in zip(order.blocks.reflections, components, strict=True):
        odd = {(1, 0): (h + k) % 2, (0, 1): m % 2}
        crossed = np.zeros(len(offsets), dtype=bool)
        for slip in slips:
            element, axes = SLIPS[slip]
            if odd[element]:
                crossed |= offsets[:, axes].any(axis=1)
        np.testing.assert_allclose(np.abs(component), np.where(crossed, 0.0, 1.0), atol=1e-10)


@pytest.mark.parametrize("slips", [(T110,), (T001,), (T110_001,), (T110, T001)])
def test_even_part_of_the_pattern_does_not_change(slips: tuple[str, ...]) -> None:
    """What is left of I(Q) without the characters that the slips turn is the same at every p, to 1e-10."""
    numbers = (3, 3, 2)
    offsets = offsets_of(numbers)
    low = Q <= 8.0  # where the histogram of distances is exact to 1e-10
    dense = summed(offsets, dict.fromkeys(slips, 0.0))
    parts = []
    for p in (0.0, 0.03, 0.2, 0.5):
        turned = summed(offsets, dict.fromkeys(slips, 1.0 - 2.0 * p)) - dense
        parts.append(calculated(sample(brick(numbers), families(dict.fromkeys(slips, p))), NEAR, "iq") - turned[low])
    for part in parts[1:]:
        assert np.abs(part - parts[0]).max() <= 1e-10 * parts[0].max()


def test_sphere_with_boundaries_is_the_sum_by_hand() -> None:
    """The crystal without end, blocks related by chance, each pair times γ₀(r) of the sphere."""
    diameter, factors = 19.0, {T110: 0.7, T110_001: 0.4}
    reach = range(-5, 6)
    n_blocks = np.pi / 6.0 * diameter**3 / abs(np.linalg.det(VECTORS))
    truth = summed(
        dict.fromkeys(product(reach, repeat=3), n_blocks), factors,
        lambda r: np.where(r < diameter, 1.0 - 1.5 * r / diameter + 0.5 * (r / diameter) ** 3, 0.0),
    )  # fmt: skip
    twins = families({slip: 0.5 - 0.5 * f for slip, f in factors.items()})
    found = calculated(sample(Sphere(diameter), twins), PLAIN, "iq")
    assert np.abs(found - truth).max() <= 1e-6 * truth.max()


def test_cylinder_with_boundaries_is_the_sum_by_hand() -> None:
    """Pairs of blocks: what two circles of the base share, times what two lengths share."""
    diameter, layers, factors = 21.0, 4, {T110: 0.6, T001: 0.8}
    along = np.linalg.norm(VECTORS, axis=1)
    area = np.linalg.norm(np.cross(VECTORS[0], VECTORS[1]))
    pairs = {}
    for u, v, w in product(range(-4, 5), range(-4, 5), range(1 - layers, layers)):
        x = np.hypot(u * along[0], v * along[1]) / diameter
        if x < 1.0:
            shared = 0.5 * diameter**2 * (np.arccos(x) - x * np.sqrt(1.0 - x**2))
            pairs[u, v, w] = float(shared / area * (layers - abs(w)))
    truth = summed(pairs, factors)
    twins = families({slip: 0.5 - 0.5 * f for slip, f in factors.items()})
    found = calculated(sample(Cylinder(diameter, layers * along[2]), twins), PLAIN, "iq")
    assert np.abs(found - truth).max() <= 1e-7 * truth.max()


# ---- one boundary in each crystal -----------------------------------------------------------------


def with_one(slip: str, numbers: tuple[int, int, int]) -> np.ndarray:
    """Return the mean I(Q) of crystals with one boundary: any of its axes, then any plane across it."""
    element, axes = SLIPS[slip]
    total = np.zeros(len(Q))
    for axis, start in product(axes, product((0, 1), repeat=2)):
        for layers in range(1, numbers[axis]):
            rows = by_hand(numbers, [(axis, layers, element)], start)
            weight = 0.25 / len(axes) / (numbers[axis] - 1)
            total += weight * intensity(rows[:, 1:], rows[:, 0].astype(int))
    return total


@pytest.mark.parametrize(("slip", "numbers"), [(T110, (4, 3, 2)), (T001, (3, 2, 3)), (T110_001, (2, 2, 5))])
def test_one_boundary_in_each_crystal(slip: str, numbers: tuple[int, int, int]) -> None:
    truth = with_one(slip, numbers)
    found = calculated(sample(brick(numbers), {"x": TwinFamily(slip, one_per_crystal=True)}), PLAIN, "iq")
    assert np.abs(found - truth).max() <= 1e-9 * truth.max()


def test_one_boundary_in_each_of_many_sizes() -> None:
    """Three, four and six layers in 30, 50 and 20 % of the crystals; each kind is the mean over its own planes."""
    parts = {3: 0.3, 4: 0.5, 6: 0.2}
    a1, _, a3 = np.linalg.norm(VECTORS, axis=1)
    truth = sum(part * with_one(T110_001, (2, 2, n)) for n, part in parts.items())
    sizes = Histogram(tuple(n * a3 for n in parts), tuple(parts.values()))
    shape = Brick(2 * a1, 2 * a1, sizes)
    found = calculated(sample(shape, {"x": TwinFamily(T110_001, one_per_crystal=True)}), PLAIN, "iq")
    assert np.abs(found - truth).max() <= 1e-8 * np.max(truth)


# ---- explicit crystals --------------------------------------------------------------------------


def explicit(network: BoundaryNetwork, text: str = GAMMA_CSPBBR3) -> ExplicitCrystal:
    x = crystal(text, U_ISO)
    return explicit_crystal(now(x), block_lattice(x, None, "p"), network)


def boundaries(slip: str) -> TwinBoundaries:
    x = crystal(GAMMA_CSPBBR3, U_ISO)
    return TwinFamily(slip, 0.1).boundaries(x, block_lattice(x, None, "p"), "p")


def by_hand(numbers: tuple[int, int, int], slips: list[tuple[int, int, State]], start: State) -> np.ndarray:
    """Return rows (kind, x, y, z) of a crystal with boundaries (axis, layers before it, slip)."""
    blocks, rows = contents(), []
    for block in product(*(range(n) for n in numbers)):
        s, t = start[0] + block[0] + block[1], start[1] + block[2]
        for axis, layers, slip in slips:
            if block[axis] >= layers:
                s, t = s + slip[0], t + slip[1]
        places, kinds = blocks[s % 2, t % 2]
        rows.append(np.column_stack([kinds, places + np.array(block) @ VECTORS]))
    return np.concatenate(rows)


def rows_of(found: ExplicitCrystal) -> np.ndarray:
    return np.column_stack([[ELEMENTS.index(e) for e in found.elements], found.positions])


def check_same_atoms(found: np.ndarray, expected: np.ndarray) -> None:
    """Check that rows (kind, x, y, z) hold the same atoms, in whatever order."""
    assert len(found) == len(expected)
    spread = np.array([100.0, 1.0, 1.0, 1.0])
    distance, partner = cKDTree(expected * spread).query(found * spread)
    assert distance.max() < 1e-9
    assert len(set(partner.tolist())) == len(expected)


def state_index(state: State) -> int:
    """Return which state of the program is (s, t)."""
    blocks = block_lattice(crystal(GAMMA_CSPBBR3, U_ISO), None, "p")
    found = [(round(2.0 * f[1]) % 2, round(2.0 * f[2]) % 2) for f in blocks.states - blocks.states[0]]
    return found.index(state)


@pytest.mark.parametrize("start", list(product((0, 1), repeat=2)))
def test_perfect_crystals_start_in_four_ways(start: State) -> None:
    found = explicit(BoundaryNetwork.without((3, 2, 3), state_index(start)))
    check_same_atoms(rows_of(found), by_hand((3, 2, 3), [], start))


def test_without_boundaries_the_pattern_is_the_mean_of_the_four() -> None:
    numbers = (3, 2, 3)
    four = [by_hand(numbers, [], start) for start in product((0, 1), repeat=2)]
    patterns = [intensity(rows[:, 1:], rows[:, 0].astype(int)) for rows in four]
    found = calculated(sample(brick(numbers), families({T110: 0.0})), PLAIN, "iq")
    truth = np.mean(patterns, axis=0)
    assert np.abs(found - truth).max() <= 1e-9 * truth.max()
    # they differ at their surface
    assert 1e-4 < np.abs(patterns[0] - patterns[1]).max() / truth.max() < 0.2


@pytest.mark.parametrize(
    ("network", "slips"),
    [
        (lambda: BoundaryNetwork.of_planes((5, 3, 2), boundaries(T110), {0: [2], 1: [1, 2]}),
         [(0, 2, (1, 0)), (1, 1, (1, 0)), (1, 2, (1, 0))]),
        (lambda: BoundaryNetwork.every((5, 3, 3), boundaries(T001), 2),
         [(0, 2, (0, 1)), (0, 4, (0, 1)), (1, 2, (0, 1))]),
        (lambda: BoundaryNetwork.of_planes((2, 2, 6), boundaries(T110_001), {2: [3]}), [(2, 3, (1, 0))]),
    ],
    ids=["named planes", "every second", "one boundary"],
)  # fmt: skip
def test_fixed_networks_stand_atom_by_atom(
    network: Callable[[], BoundaryNetwork], slips: list[tuple[int, int, State]]
) -> None:
    made = network()
    found = explicit(made)
    check_same_atoms(rows_of(found), by_hand(made.numbers, slips, (0, 0)))
    apart = {d: int((found.domains == d).sum()) for d in set(found.domains.tolist())}
    assert sum(apart.values()) == 5 * np.prod(made.numbers)
    lines = found.extxyz_text("a network").splitlines()
    assert lines[0] == str(len(found.sites))
    assert len(lines) == len(found.sites) + 2


def shortest(found: ExplicitCrystal) -> dict[str, float]:
    """Return the shortest distance of each pair of elements, Å."""
    elements = np.array(found.elements)
    r = np.linalg.norm(found.positions[:, None] - found.positions[None, :], axis=2)
    np.fill_diagonal(r, np.inf)
    pairs = [("Pb", "Br"), ("Br", "Br"), ("Cs", "Br"), ("Pb", "Pb")]
    return {f"{a}-{b}": float(r[np.ix_(elements == a, elements == b)].min()) for a, b in pairs}


def test_boundaries_bring_no_atoms_together() -> None:
    perfect = shortest(explicit(BoundaryNetwork.without((6, 6, 4))))
    for slip in SLIPS:
        made = shortest(explicit(BoundaryNetwork.every((6, 6, 4), boundaries(slip), 2)))
        assert made["Pb-Pb"] == pytest.approx(perfect["Pb-Pb"], abs=1e-9)  # one lattice throughout
        assert made["Pb-Br"] > 2.6
        assert made["Br-Br"] > 3.1
        assert made["Cs-Br"] > 2.8


def turned(n: int, which: np.ndarray, text: str) -> ExplicitCrystal:
    x = crystal(text, U_ISO)
    return turned_domains(now(x), block_lattice(x, None, "p"), (n, n, n), which)


def test_turned_domains_are_the_crystal_turned() -> None:
    """On a cubic lattice of Pb a crystal that is turned entirely is the same crystal; half of it is a boundary."""
    a = 5.84
    cubic = GAMMA_CSPBBR3
    for old, new in (("8.207", a * np.sqrt(2.0)), ("8.255", a * np.sqrt(2.0)), ("11.759", 2.0 * a)):
        cubic = cubic.replace(old, f"{new:.10f}")
    patterns = []
    for text in (cubic, GAMMA_CSPBBR3):
        pair = [turned(4, np.full((4, 4, 4), all_of_it), text) for all_of_it in (False, True)]
        kinds = [np.array([ELEMENTS.index(e) for e in one.elements]) for one in pair]
        patterns.append([intensity(one.positions, k) for one, k in zip(pair, kinds, strict=True)])
        for one in pair:
            assert len(one.sites) == 5 * 4**3
    (same, again), (plain_one, turned_one) = patterns
    np.testing.assert_allclose(again, same, rtol=1e-6)
    # γ-CsPbBr3 is nearly so: c/2 and the short diagonal differ by 1 %
    assert 0.0 < np.abs(turned_one - plain_one).max() / plain_one.max() < 0.05
    half = np.zeros((4, 4, 4), dtype=bool)
    half[2:] = True
    made = turned(4, half, GAMMA_CSPBBR3)
    assert len(made.sites) == 5 * 4**3
    assert np.bincount(made.domains).tolist() == [160, 160]
    contacts = shortest(made)
    assert contacts["Pb-Br"] > 2.6
    assert contacts["Br-Br"] > 2.9
    assert contacts["Cs-Br"] > 2.6


def test_general_engine_takes_explicit_crystals() -> None:
    made = explicit(BoundaryNetwork.every((3, 3, 3), boundaries(T110), 2))
    population = Sample({"p": Population(atoms=Atoms(made.cluster(), U_ISO))})
    kinds = np.array([ELEMENTS.index(e) for e in made.elements])
    truth = intensity(made.positions, kinds)
    assert np.abs(calculated(population, PLAIN, "iq") - truth).max() <= 1e-8 * truth.max()


def test_random_networks_converge_to_the_closed_form() -> None:
    """The mean of n drawn crystals is the closed form within its standard error, which falls as 1/√n."""
    numbers, p = (3, 3, 2), 0.15
    x = crystal(GAMMA_CSPBBR3, U_ISO)
    blocks, family = block_lattice(x, None, "p"), boundaries(T110)
    rng, known = np.random.default_rng(7), {}
    patterns = []
    for _ in range(6400):
        drawn = BoundaryNetwork.drawn(numbers, blocks, [(family, [p, p])], rng)
        key = (drawn.start, *(tuple(s) for s in drawn.steps))
        if key not in known:
            made = explicit(drawn)
            known[key] = intensity(made.positions, np.array([ELEMENTS.index(e) for e in made.elements]))
        patterns.append(known[key])
    drawn_patterns = np.array(patterns)
    truth = calculated(sample(brick(numbers), families({T110: p})), PLAIN, "iq")
    first = drawn_patterns[:200]
    assert (np.abs(first.mean(axis=0) - truth) < 4.5 * first.std(axis=0, ddof=1) / np.sqrt(200.0)).all()
    # 64 means of 100 and 16 of 400: the ratio of their errors is 2, known to about 15 %
    errors = [np.sqrt(((drawn_patterns.reshape(-1, n, len(Q)).mean(axis=1) - truth) ** 2).mean()) for n in (100, 400)]
    assert 1.4 < errors[0] / errors[1] < 2.9


# ---- the pattern --------------------------------------------------------------------------------


def at_peaks(twins: dict[str, float], reflections: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """Return I at these reflections of a crystal of about 21 nm."""
    q = 2.0 * np.pi * np.linalg.norm(np.array(reflections) / CELL, axis=1)
    settings = TotalScattering(q="0.9:2.3:0.001", background_terms=0)
    grid = 0.9 + 0.001 * np.arange(1401)
    found = calculated(sample(brick((36, 36, 36)), families(twins)), settings, "iq")
    assert len(found) == len(grid)
    return np.interp(q, grid, found)


LATTICE = [(1, 1, 0), (0, 0, 2), (0, 2, 0), (2, 0, 0), (1, 1, 2), (2, 2, 0), (0, 0, 4)]
"""reflections of the lattice of Pb, h+k and l even; not (022) and (202), 30 times weaker than (220)"""
M = [(1, 2, 0), (2, 1, 0), (1, 2, 2), (2, 1, 2)]
R = [(1, 0, 3), (1, 2, 1), (2, 1, 1)]
X = [(0, 2, 3), (2, 2, 1)]
FADING = {
    (T110,): ([*M, *R], X),
    (T001,): ([*R, *X], M),
    (T110_001,): ([*M, *R], X),
    (T110, T001): ([*M, *R, *X], []),
    (T110, T110_001): ([*M, *R], X),
}
"""families -> what they take away, h+k odd by ½⟨110⟩, l odd by ½[001]; and what they leave"""


@pytest.mark.parametrize("slips", FADING)
def test_superstructure_fades_and_the_lattice_stays(slips: tuple[str, ...]) -> None:
    fading, staying = FADING[slips]
    steps = [0.0, 0.02, 0.1, 0.5]
    heights = np.array([at_peaks(dict.fromkeys(slips, p), [*LATTICE, *fading, *staying]) for p in steps])
    n, m = len(LATTICE), len(LATTICE) + len(fading)
    assert np.abs(heights[:, :n] / heights[0, :n] - 1.0).max() < 0.02
    assert (np.diff(heights[:, n:m], axis=0) < 0.0).all()
    assert (heights[-1, n:m] < 0.8 * heights[0, n:m]).all()
    assert (heights[:, m:] >= 0.999 * heights[0, m:]).all()  # what went stands beneath them as diffuse scattering


def test_what_is_conserved() -> None:
    """∫Q² I dQ, here to 1e-6; ∫I dQ is not. Beyond 25 Å⁻¹ pairs that change are damped to below e⁻¹¹."""
    q = 0.005 * np.arange(1, 5001)
    settings = TotalScattering(q="0.005:25:0.005", background_terms=0)
    shape = brick((6, 6, 6))
    curves = [calculated(sample(shape, families(dict.fromkeys((T110, T001), p))), settings, "iq") for p in (0.0, 0.5)]
    second, zeroth = ([float((c * q**power).sum()) for c in curves] for power in (2, 0))
    assert second[1] == pytest.approx(second[0], rel=1e-6)
    assert abs(zeroth[1] / zeroth[0] - 1.0) > 1e-5


# ---- derivatives --------------------------------------------------------------------------------

POPULATION = Prism(Distribution("lognormal", vary(40.0), vary(8.0)), Distribution("lognormal", vary(50.0), vary(8.0)))
ADDRESSES = [
    *(f"populations.p.{n}" for n in ("d_ab.mean", "d_ab.std", "l_c.mean", "l_c.std")),
    *(f"crystals.x.{n}" for n in "abc"),
]


def derivatives(twins: dict[str, TwinFamily], shape: object = POPULATION) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return address -> (derivative of I(Q) by the program, by extrapolated differences of the curve)."""
    settings = TotalScattering(q="0.8:20:0.02", background_terms=0)
    described = sample(shape, twins)
    model = settings.bind("iq", described, Path())
    values = declared_parameters(described, {"iq": settings}).initial_values()
    base = Evaluation(values, model.requirement)
    own = [f"populations.p.twins.{n}.{family.varied}" for n, family in twins.items()]
    found = {}
    for address, slope in model.exact_derivatives(base, [*ADDRESSES, *own]).items():
        step = 4e-5 * values[address]  # so small that no far pairs pass the limit beyond which they are left out

        def central(size: float, address: str = address) -> np.ndarray:
            below, above = (model.curves(base.at(side))[0] for side in values.sides(address, size))
            return np.asarray((above - below) / (2.0 * size))

        found[address] = slope[0], (4.0 * central(0.5 * step) - central(step)) / 3.0
    return found


@pytest.mark.parametrize("varied", ["probability", "density"])
def test_derivatives_are_those_of_the_curve(varied: str) -> None:
    factor = 1.0 if varied == "probability" else 10.0 / 5.82
    twins = {
        name: TwinFamily(slip, **{varied: vary(factor * p)})
        for name, slip, p in (("ab", T110, 0.05), ("c", T001, 0.12), ("layers", T110_001, 0.2))
    }
    found = derivatives(twins)
    own = {f"populations.p.twins.{n}.{varied}" for n in twins}
    assert set(found) == own | set(ADDRESSES)
    for address, (slope, expected) in found.items():
        assert np.abs(slope - expected).max() <= 1e-4 * np.abs(expected).max(), address


def test_where_one_boundary_of_each_crystal_lies_follows_sizes_and_cell() -> None:
    found = derivatives({"one": TwinFamily(T001, one_per_crystal=True), "ab": TwinFamily(T110, vary(0.1))})
    assert set(found) == {*ADDRESSES, "populations.p.twins.ab.probability"}
    for address, (slope, expected) in found.items():
        assert np.abs(slope - expected).max() <= 1e-4 * np.abs(expected).max(), address


def test_density_is_probability_over_the_distance_of_planes() -> None:
    d110 = 1.0 / np.hypot(1.0 / CELL[0], 1.0 / CELL[1])
    for slip, spacing in ((T110, d110), (T001, d110), (T110_001, 0.5 * CELL[2])):
        curves = [
            calculated(sample(brick((3, 3, 4)), {"x": family}), PLAIN, "iq")
            for family in (TwinFamily(slip, 0.2), TwinFamily(slip, density=0.2 / (0.1 * spacing)))
        ]
        np.testing.assert_allclose(curves[1], curves[0], rtol=1e-9)


# ---- settings -----------------------------------------------------------------------------------

PNMA = cif(  # a, b, c of Pbnm are c, a, b here
    "8.255 11.759 8.207 90 90 90",
    "P n m a",
    "Cs1 Cs 0.971 0.25 0.99 1\nPb1 Pb 0 0 0.5 1\nBr1 Br 0.505 0.25 0.046 1\nBr2 Br 0.205 0.025 0.793 1",
)
PNAM = cif(  # b and a of Pbnm, c
    "8.255 8.207 11.759 90 90 90",
    "P n a m",
    "Cs1 Cs 0.971 0.99 0.25 1\nPb1 Pb 0 0.5 0 1\nBr1 Br 0.505 0.046 0.25 1\nBr2 Br 0.205 0.793 0.025 1",
)


@pytest.mark.parametrize("text", [PNMA, PNAM])
@pytest.mark.parametrize("slip", [T110, T001, T110_001])
def test_other_settings_give_the_same(text: str, slip: str) -> None:
    shape, twins = Prism(18.0, 24.0), {"x": TwinFamily(slip, 0.15)}
    expected = calculated(sample(shape, twins), PLAIN, "iq")
    np.testing.assert_allclose(calculated(sample(shape, twins, text), PLAIN, "iq"), expected, rtol=1e-7)


# ---- wrong input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("twins", "text", "problem"),
    [
        ({"slip": "along a", "probability": 0.1}, GAMMA_CSPBBR3, "must be a slip and its plane"),
        ({"slip": "1/2<11>{110}", "probability": 0.1}, GAMMA_CSPBBR3, "must be a slip and its plane"),
        ({"slip": "1/2[000]{110}", "probability": 0.1}, GAMMA_CSPBBR3, "not zero"),
        ({"slip": "1/2[110](110)", "probability": 0.1}, GAMMA_CSPBBR3, "does not lie in the plane"),
        ({"slip": "1/2[001](100)", "probability": 0.1}, GAMMA_CSPBBR3, "cuts through blocks"),
        ({"slip": "1/7[001]{110}", "probability": 0.1}, GAMMA_CSPBBR3, "no simple fraction"),
        ({"slip": "[100](001)", "probability": 0.1}, CUBIC, "onto itself"),
        ({"slip": "[100](001)", "probability": 0.1}, GAMMA_CSPBBR3, "onto itself"),
        ({"slip": T110}, GAMMA_CSPBBR3, "exactly one of the three"),
        ({"slip": T110, "probability": 0.1, "density": 0.1}, GAMMA_CSPBBR3, "exactly one of the three"),
        ({"slip": T110, "probability": 0.6}, GAMMA_CSPBBR3, "0.5"),
        ({"slip": T110, "probability": -0.1}, GAMMA_CSPBBR3, "-0.1"),
        ({"slip": T110, "density": 0.9}, GAMMA_CSPBBR3, "0.859"),
        ({"slip": T110, "density": -0.1}, GAMMA_CSPBBR3, "-0.1"),
    ],
)
def test_wrong_families_are_refused_in_a_sentence(twins: dict[str, object], text: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        declared_parameters(sample(Sphere(30.0), {"x": TwinFamily(**twins)}, text), {}).initial_values()
    message = str(caught.value)
    assert problem in message
    assert "\n" not in message


def test_mostly_twinned_planes_must_be_meant() -> None:
    found = calculated(sample(brick((3, 3, 2)), {"x": TwinFamily(T110, 0.8, ordered=True)}), PLAIN, "iq")
    truth = summed(offsets_of((3, 3, 2)), {T110: -0.6})
    assert np.abs(found - truth).max() <= 1e-8 * truth.max()


def test_twins_need_a_crystal_and_no_stacking() -> None:
    family = {"x": TwinFamily(T110, 0.1)}
    cluster = Cluster(ELEMENTS, np.diag([1.0, 4.0, 4.0]), "three.xyz")
    with pytest.raises(InputError, match=r"populations\.p\.twins: is for crystals"):
        Sample({"p": Population(atoms=Atoms(cluster, U_ISO), twins=family)})
    both = Population("x", Sphere(30.0), twins=family, stacking=Stacking(0.5))
    with pytest.raises(InputError, match=r"populations\.p\.stacking: stands beside twins"):
        Sample({"p": both}, {"x": crystal(GAMMA_CSPBBR3, U_ISO)})


def test_one_boundary_needs_faces_along_the_blocks() -> None:
    with pytest.raises(InputError, match="one_per_crystal needs a cube, prism, platelet or brick"):
        sample(Sphere(30.0), {"x": TwinFamily(T110, one_per_crystal=True)})


def test_planes_that_a_network_has_not() -> None:
    family = boundaries(T110)
    with pytest.raises(InputError, match="cross block axis 0 and 1 only"):
        BoundaryNetwork.of_planes((3, 3, 3), family, {2: [1]})
    with pytest.raises(InputError, match="numbered 1 to 2"):
        BoundaryNetwork.of_planes((3, 3, 3), family, {0: [3]})
    with pytest.raises(InputError, match="at least 1 layer"):
        BoundaryNetwork.every((3, 3, 3), family, 0)
    with pytest.raises(InputError, match="at least 1 along each axis"):
        BoundaryNetwork.without((3, 0, 3))


# ---- the page -----------------------------------------------------------------------------------

PAGE = DOCS / "twins.md"


def blocks_of_page(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def test_python_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks_of_page("python"):
        exec(block, names)
    assert (tmp_path / "one_boundary.extxyz").read_text().startswith("12240\n")
    assert set(names) >= {"one", "every", "drawn", "fixed"}


@pytest.mark.parametrize("number", range(2))
def test_studies_of_the_page_are_studies(number: int, tmp_path: Path) -> None:
    text = blocks_of_page("toml")[number]
    study = study_from(tomllib.loads(text), tmp_path / "study.toml", text)
    assert study.parameters.varied
