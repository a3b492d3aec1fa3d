"""What every order promises: perfect crystals, each kind of boundary, each kind of layers.

Truth about single kinds is in `test_twins` and `test_stacking`; here is what none of them may break.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from nanocrystal.parameters import Here
from nanocrystal.refinement import declared_parameters
from nanocrystal.sample import Brick, Bulk, Crystal, Population, Sample, Stacking, TwinFamily
from nanocrystal.sample.order.blocks import BlockLattice
from nanocrystal.sample.order.order import Order
from support.gamma_blocks import T001, T110, T110_001, U_ISO
from support.modelling import crystal
from support.structures import CUBIC, GAMMA_CSPBBR3, WURTZITE_CDSE

OFFSETS = np.array(list(product(range(-3, 4), repeat=3)), dtype=float)
SHAPE = Brick(40.0, 40.0, 40.0)


def perovskite(twins: dict[str, TwinFamily], text: str = GAMMA_CSPBBR3) -> Sample:
    return Sample({"p": Population("x", SHAPE, twins=twins)}, {"x": crystal(text, U_ISO)})


def layered(name: str, stacking: Stacking, finite: bool = True) -> Sample:
    source = crystal(WURTZITE_CDSE, 0.01) if name == "wurtzite" else Crystal.from_library(name, u_iso=ELEMENTS[name])
    return Sample({"p": Population("x", SHAPE if finite else Bulk(), stacking=stacking)}, {"x": source})


ELEMENTS = {"PbS": {"Pb": 0.01, "S": 0.01}, "Au": {"Au": 0.01}}
BOUNDARIES = {"t110": T110, "t001": T001, "t110_001": T110_001}
LAYERS = Stacking(0.35, 0.3)
EXAMPLES: dict[str, Sample] = {
    "perfect, one state": perovskite({}, CUBIC),
    "perfect, four states": perovskite({}),
    **{f"boundaries {n}": perovskite({"t": TwinFamily(slip, 0.13)}) for n, slip in BOUNDARIES.items()},
    "three families": perovskite({n: TwinFamily(slip, 0.1) for n, slip in BOUNDARIES.items()}),
    "by density": perovskite({"t": TwinFamily(T110, density=0.2)}),
    "ordered": perovskite({"t": TwinFamily(T110, 0.8, ordered=True)}),
    "one boundary": perovskite({"t": TwinFamily(T110, one_per_crystal=True)}),
    "layers of wurtzite": layered("wurtzite", LAYERS),
    "layers of rock salt": layered("PbS", LAYERS),
    "layers of gold": layered("Au", LAYERS),
    "infinite layers": layered("wurtzite", LAYERS, finite=False),
}
EVERY = pytest.mark.parametrize("name", EXAMPLES)


class Ordered:
    """The order of a population, at its starting values but for changes, with what it asks of crystal and shape."""

    def __init__(self, sample: Sample, **changes: float) -> None:
        population, source = sample.populations["p"], sample.crystals["x"]
        lattice = population.lattice_sum(source, "populations.p", "crystals.x")
        self.order: Order = lattice.order
        self.blocks: BlockLattice = lattice.blocks
        values = declared_parameters(sample, {}).initial_values()
        self.here: Here = values.under("populations.p").moved(changes)
        self.now = self.order.at(self.here)
        self.vectors = self.blocks.vectors(source.at(values.under("crystals.x")).vectors)
        self.shape = population.shape.at(self.here)

    def crossing(self, axis: int, offsets: np.ndarray) -> np.ndarray:
        return np.asarray(self.shape.crossed(axis, offsets, self.vectors))

    def probabilities(self, offsets: np.ndarray) -> np.ndarray:
        return self.now.probabilities(offsets, self.vectors, self.crossing)


def test_every_kind_of_order_has_an_example() -> None:
    kinds = {type(Ordered(sample).order) for sample in EXAMPLES.values()}
    missing = [k.__name__ for k in Order.__subclasses__() if k not in kinds]
    assert missing == [], "add a sample that has it to EXAMPLES"


@EVERY
def test_something_is_the_case_at_every_offset(name: str) -> None:
    """Probabilities lie within 0 and 1 and sum to 1, as do the states of a block alone, and the pairs of a class."""
    of = Ordered(EXAMPLES[name])
    found = of.probabilities(OFFSETS)
    assert found.shape == (len(of.order.classes), len(OFFSETS))
    assert found.min() > -1e-12
    np.testing.assert_allclose(found.sum(axis=0), 1.0, atol=1e-12)
    assert of.order.alone.sum() == pytest.approx(1.0)
    assert of.order.alone.min() >= 0.0
    for pairs in of.order.classes:
        assert sum(pair.part for pair in pairs) == pytest.approx(1.0)


@EVERY
def test_what_stands_there_from_here_stands_here_from_there(name: str) -> None:
    """P of a class at u is P of the reverse class at −u, and the reverse of the reverse is the class."""
    of = Ordered(EXAMPLES[name])
    reverse = list(of.order.reverse)
    np.testing.assert_allclose(of.probabilities(OFFSETS), of.probabilities(-OFFSETS)[reverse], atol=1e-12)
    assert [reverse[k] for k in reverse] == list(range(len(reverse)))
    if name == "infinite layers":  # whose first layer stands for those in all places
        return
    for pairs, k in zip(of.order.classes, reverse, strict=True):
        turned = {(pair.second, pair.first): pair.part for pair in pairs}
        assert turned == {(pair.first, pair.second): pair.part for pair in of.order.classes[k]}


@EVERY
def test_a_block_is_in_the_state_that_it_is_in(name: str) -> None:
    """At no offset at all only pairs of equal states are possible, each as often as the state alone."""
    of = Ordered(EXAMPLES[name])
    chances = of.probabilities(np.zeros((1, 3)))[:, 0]
    together = np.zeros((len(of.order.alone),) * 2)
    for pairs, chance in zip(of.order.classes, chances, strict=True):
        for pair in pairs:
            together[pair.first, pair.second] += chance * pair.part
    np.testing.assert_allclose(together, np.diag(of.order.alone), atol=1e-12)


@EVERY
def test_derivatives_are_those_of_the_probabilities(name: str) -> None:
    """Against Richardson's extrapolation, by each parameter."""
    sample = EXAMPLES[name]
    of = Ordered(sample)
    found = of.now.derivatives(OFFSETS, of.vectors, of.order.names, of.crossing)
    assert len(found) == len(of.order.names)
    for local, slopes in zip(of.order.names, found, strict=True):
        value = of.here[local]

        def central(size: float, local: str = local, value: float = value) -> np.ndarray:
            up, down = (Ordered(sample, **{local: value + sign * size}).probabilities(OFFSETS) for sign in (1.0, -1.0))
            return np.asarray((up - down) / (2.0 * size))

        expected = (4.0 * central(1e-3) - central(2e-3)) / 3.0
        assert np.abs(slopes - expected).max() < 1e-6 * np.abs(expected).max()


# ---- limits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("slip", BOUNDARIES.values())
def test_no_boundary_is_the_perfect_crystal(slip: str) -> None:
    perfect = Ordered(perovskite({})).probabilities(OFFSETS)
    np.testing.assert_allclose(Ordered(perovskite({"t": TwinFamily(slip, 0.0)})).probabilities(OFFSETS), perfect)


@pytest.mark.parametrize(("name", "across"), [("t110", (0, 1)), ("t001", (0, 1)), ("t110_001", (2,))])
def test_a_boundary_at_every_second_plane_leaves_no_memory(name: str, across: tuple[int, ...]) -> None:
    """With p = 1/2 states that a slip joins are equally likely beyond the first plane, and as ever before it."""
    of = Ordered(perovskite({"t": TwinFamily(BOUNDARIES[name], 0.5)}))
    found, perfect = of.probabilities(OFFSETS), Ordered(perovskite({})).probabilities(OFFSETS)
    crossed = np.abs(OFFSETS[:, across]).sum(axis=1) > 0
    np.testing.assert_allclose(found[:, ~crossed], perfect[:, ~crossed], atol=1e-12)
    [(_, elements), *_] = of.order.boundaries["t"].axes  # type: ignore[attr-defined]
    for g in elements:
        joined = [of.blocks.added(s, g) for s in range(of.blocks.n_states)]
        np.testing.assert_allclose(found[joined][:, crossed], found[:, crossed], atol=1e-12)
    assert np.count_nonzero(found[:, crossed] > 1e-12) == 2 * crossed.sum()


def test_a_boundary_at_every_plane_is_an_order_of_its_own() -> None:
    """With p = 1 each plane turns the state for certain: as with none, of another superstructure."""
    found = Ordered(perovskite({"t": TwinFamily(T110, 1.0, ordered=True)})).probabilities(OFFSETS)
    assert set(np.round(np.unique(found), 9)) == {0.0, 1.0}
    assert not np.allclose(found, Ordered(perovskite({})).probabilities(OFFSETS))


@pytest.mark.parametrize("name", ["wurtzite", "PbS", "Au"])
@pytest.mark.parametrize(("cubic", "after"), [(0.0, 2), (1.0, 3)])
def test_pure_layers_repeat(name: str, cubic: float, after: int) -> None:
    """All hexagonal is ABAB: alike after two layers; all cubic is ABCABC: alike after three, and not before."""
    of = Ordered(layered(name, Stacking(cubic, 0.0)))
    steps = np.array([[0.0, 0.0, k] for k in range(2 * after + 1)])
    chances = of.probabilities(steps)
    alike = [sum(c for p, c in zip(of.order.classes, row, strict=True) if same_place(p)) for row in chances.T]
    np.testing.assert_allclose(alike, [float(k % after == 0) for k in range(2 * after + 1)], atol=1e-12)


def same_place(pairs: Any) -> bool:
    """Say whether the two layers of a class stand in the same of the three places; 3 states a step."""
    return all(pair.first % 3 == pair.second % 3 for pair in pairs)


def test_far_apart_random_layers_stand_anywhere() -> None:
    of = Ordered(layered("Au", Stacking(0.5, 0.0)))
    np.testing.assert_allclose(of.probabilities(np.array([[0.0, 0.0, 60.0]])), 1.0 / 3.0, atol=1e-6)
