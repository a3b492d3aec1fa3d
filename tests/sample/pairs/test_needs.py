"""What the pairs of crystals need is asked before it is taken, and which length is responsible is said."""

from __future__ import annotations

import pytest

from nanocrystal.cost import allowing
from nanocrystal.errors import InputError
from nanocrystal.parameters import Evaluation, Values, vary
from nanocrystal.refinement import declared_parameters
from nanocrystal.sample import Bulk, PairGrid, Prism
from nanocrystal.sample.pairs.needs import Histograms, kept_together
from nanocrystal.sample.shapes.distributions import Distribution
from nanocrystal.sample.shapes.shape import Shape
from support.modelling import sample_of
from support.structures import GAMMA_CSPBBR3

WHOLE = PairGrid(0.0, 0.005, whole=True)
U_ISO = {"Cs": 0.03, "Pb": 0.015, "Br": 0.03}


def pairs_of(shape: Shape, grid: PairGrid = WHOLE, **changes: float) -> None:
    """Ask for the pairs of a population `p` of γ-CsPbBr3."""
    made = sample_of(GAMMA_CSPBBR3, shape, U_ISO)
    values = declared_parameters(made, {}).initial_values()
    made.pairs(Evaluation(values.moved({f"populations.p.{k}": v for k, v in changes.items()}), grid))


def lognormal(mean: float, std: float) -> Distribution:
    return Distribution("lognormal", mean, std)


def test_the_length_that_is_responsible_is_named() -> None:
    """A law of sizes that has run into its tail: 31 ± 33 Å along c and 50 ± 60 Å across."""
    said = (
        r"its largest crystals measure .* pairs, about .* make sizes or std smaller, here d_ab with mean 50 Å and std"
    )
    with pytest.raises(InputError, match=said):
        pairs_of(Prism(lognormal(50.0, 60.0), lognormal(31.0, 33.0)))


def test_lengths_that_are_not_spread_are_not_named() -> None:
    with pytest.raises(InputError, match=r"pairs, about .* make sizes or std smaller\.$"):
        pairs_of(Prism(2000.0, 2000.0))


def test_a_search_does_not_follow_a_law_into_its_tail() -> None:
    """30 ± 5 Å has few pairs; 125 ± 62 Å, which is calculated elsewhere, is refused before any is counted."""
    shape = Prism(lognormal(30.0, 5.0), lognormal(30.0, 5.0))
    with allowing(None, kept=4):
        pairs_of(shape)
        with pytest.raises(InputError, match=r"where the search began with .*, here d_ab with .*, or begin nearer"):
            pairs_of(shape, **{"d_ab.std": 62.0, "l_c.std": 62.0, "d_ab.mean": 125.0, "l_c.mean": 125.0})


@pytest.mark.parametrize(
    ("grid", "said"), [(PairGrid(6000.0, 0.01), "many neighbours"), (PairGrid(60.0, 1e-6), "kinds of pairs")]
)
def test_endless_crystals_are_asked_for_too(grid: PairGrid, said: str) -> None:
    with allowing(1.0), pytest.raises(InputError, match=said):
        pairs_of(Bulk(), grid)


def test_offsets_between_blocks_are_asked_for() -> None:
    with allowing(0.002), pytest.raises(InputError, match="offsets between blocks"):
        pairs_of(Prism(120.0, 120.0))


def test_rows_levels_and_offsets_add_to_histograms() -> None:
    alone = Histograms(6, 1000, 0.005)
    assert alone.bytes < Histograms(6, 1000, 0.005, rows=3).bytes < Histograms(6, 1000, 0.005, 10_000, rows=3).bytes
    assert Histograms(6, 1000, 0.005, levels=3).bytes - alone.bytes == 2 * 6 * 1000 * 32
    assert str(alone) == "histograms of 6 kinds of pairs up to 0 nm"


def test_what_varies_is_kept_several_times() -> None:
    """Outside of a search, and of what is fixed, one set of histograms is held."""
    fixed, varied = (sample_of(GAMMA_CSPBBR3, Prism(40.0, 40.0), U_ISO, a=a).crystals["x"] for a in (8.2, vary(8.2)))
    values = {f"x.{k}": float(p.value or 0.0) for k, (_, p) in varied.declared().items()}
    here = Values(values).under("x")
    assert kept_together(varied.at(here)) == 1
    with allowing(None, kept=4):
        assert kept_together(varied.at(here)) == 4
        assert kept_together(fixed.at(here)) == 1
        assert kept_together(fixed.at(here), Prism(vary(40.0), 40.0)) == 4
