"""Crystals that have gone far from their start: lengths and cells across by hand."""

from __future__ import annotations

import pytest

from nanocrystal.parameters import ParameterSet, vary
from nanocrystal.sample import Cube, Sphere
from support.modelling import sample_of
from support.structures import NICKEL


@pytest.mark.parametrize(("a", "said"), [(3.6, False), (3.65, True), (3.40, True)])
def test_a_cell_that_moved_by_more_than_3_percent_is_named(a: float, said: bool) -> None:
    """From 3.524 Å, 3 % are 0.106 Å."""
    sample = sample_of(NICKEL, Sphere(40.0), a=vary(3.524))
    started = ParameterSet(sample.declared()).initial_values()
    (crystal,) = sample.crystals
    found = sample.strays(started, started.moved({f"crystals.{crystal}.a": a}))
    assert bool(found) is said
    if said:
        (words,) = found.values()
        assert f"a has moved by {100.0 * (a / 3.524 - 1.0):+.0f} % (3.524 to {a:.4g} Å)" in words


def test_a_crystal_below_two_cells_across_is_named() -> None:
    """A cube of 5 Å is as large as a sphere of 5 (6/π)^(1/3) = 6.20 Å, 1.76 cells of 3.524 Å."""
    sample = sample_of(NICKEL, Cube(5.0), a=3.524)
    started = ParameterSet(sample.declared()).initial_values()
    (words,) = sample.strays(started, started).values()
    assert words.startswith("it is 1.8 cells across")
