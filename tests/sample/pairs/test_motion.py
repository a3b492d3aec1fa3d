"""Correlated motion that leaves the nearest pairs a width: bounds by hand, in a refinement and at its start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal import vary
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.refinement.problem import Problem
from nanocrystal.sample import Sphere
from nanocrystal.techniques import Pdf
from support.modelling import calculated, sample_of
from support.structures import NICKEL

NEAREST = 3.524 / np.sqrt(2.0)
"""Å, of an fcc metal"""
R = np.arange(1.5, 12.0, 0.05)
SETTINGS: dict[str, Any] = {"qmax": 20.0, "qdamp": 0.03}


def problem(**motion: Any) -> Problem:
    sample = sample_of(NICKEL, Sphere(20.0), a=vary(3.524))
    return bound_problem(sample, {"pdf": Pdf(r=R, g=np.sin(R), **SETTINGS, **motion)}, Path())


def upper(of: Problem, address: str) -> float:
    (k,) = [k for k, d in enumerate(of.free) if d.address == address]
    return float(of.bounds[1][k])


def test_delta2_ends_below_the_square_of_the_nearest_distance() -> None:
    """One hundredth of the width² is left; the distance is known to the width of a bin, 0.01 Å."""
    assert upper(problem(delta2=vary(2.0)), "datasets.pdf.delta2") == pytest.approx(0.99 * NEAREST**2, rel=0.01)


def test_beside_a_fixed_delta1_less_is_left() -> None:
    left = (0.99 - 1.0 / NEAREST) * NEAREST**2
    assert upper(problem(delta1=1.0, delta2=vary(2.0)), "datasets.pdf.delta2") == pytest.approx(left, rel=0.01)


def test_values_that_leave_no_width_together_are_refused_as_a_step() -> None:
    both = problem(delta1=vary(0.5), delta2=vary(1.0))
    names = [d.address for d in both.free]
    x = both.start.copy()
    x[names.index("datasets.pdf.delta1")], x[names.index("datasets.pdf.delta2")] = 1.5, 4.0
    with pytest.raises(nc.NanocrystalError, match="leave no width to the nearest pairs"):
        both.point(x)


def test_a_start_that_leaves_no_width_is_refused() -> None:
    with pytest.raises(nc.InputError, match=r"datasets\.pdf\.delta2: delta2 = 9 leaves no width .* start below 6\."):
        problem(delta2=vary(9.0))


def test_a_crystal_s_own_motion_is_bounded_too() -> None:
    sample = sample_of(NICKEL, Sphere(20.0), a=3.524, motion={"delta2": vary(2.0)})
    (crystal,) = sample.crystals
    found = bound_problem(sample, {"pdf": Pdf(r=R, g=np.sin(R), **SETTINGS)}, Path())
    assert upper(found, f"crystals.{crystal}.delta2") == pytest.approx(0.99 * NEAREST**2, rel=0.01)


def test_a_fit_that_would_go_beyond_ends_at_the_bound_with_a_limit() -> None:
    """A peak a third higher than the model can have: the more correlated, the better, up to the bound."""
    truth = sample_of(NICKEL, Sphere(20.0), u_iso=0.00005, a=3.524)
    g = calculated(truth, Pdf(r="1.5:3:0.05", **SETTINGS))
    data = Pdf(r=np.arange(1.5, 3.0 + 1e-9, 0.05), g=1.3 * g, scale=1.0, delta2=vary(2.0), **SETTINGS)
    result = nc.refine(sample_of(NICKEL, Sphere(20.0), u_iso=0.02, a=3.524), {"pdf": data})
    delta2 = result.parameters["datasets.pdf.delta2"]
    assert delta2.status == "at_bound"
    assert delta2.value == pytest.approx(0.99 * NEAREST**2, rel=0.01)
    assert delta2.stderr is None
