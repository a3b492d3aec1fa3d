"""The example on a powder pattern against what its data were made from, and its report."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nanocrystal.refinement import Result
from nanocrystal.report.page.figures import fit_figure
from nanocrystal.study import read_study
from support.paths import EXAMPLES

EXAMPLE = EXAMPLES / "powder_cspbi3.toml"
TRUE = {
    "crystals.gamma.a": 8.5766, "crystals.gamma.b": 8.8561, "crystals.gamma.c": 12.4722,
    "crystals.delta.a": 10.4342, "crystals.delta.b": 4.7905, "crystals.delta.c": 17.761,
    "populations.yellow.mass_fraction": 0.713, "datasets.xrd.profiles.black.size": 400.0,
    "datasets.xrd.profiles.black.strain": 0.001, "datasets.xrd.profiles.yellow.size": 800.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def result() -> Result:
    return read_study(EXAMPLE).refine()


@pytest.mark.parametrize("address", TRUE)
def test_truth_is_found(address: str, result: Result) -> None:
    found = result.parameters[address]
    assert result.converged
    assert found.stderr is not None
    assert abs(found.value - TRUE[address]) < 3.5 * found.stderr


def test_fractions_add_up_with_the_same_error(result: Result) -> None:
    black, yellow = (result.derived[f"populations.{n}.mass_fraction_of_sample"] for n in ("black", "yellow"))
    assert black.value + yellow.value == pytest.approx(1.0, abs=1e-12)
    assert black.stderr == pytest.approx(yellow.stderr, rel=1e-6)


def test_reflections_stand_in_the_figure_in_a_row_for_each_phase(result: Result) -> None:
    curve = result.datasets["xrd"]
    figure = fit_figure(curve)
    rows = [t for t in figure["data"] if t["meta"]["role"] == "reflections"]
    assert [t["name"] for t in rows] == ["Reflections of black", "Reflections of yellow"]
    assert len({t["y"][0] for t in rows}) == 2
    difference = next(t for t in figure["data"] if t["meta"]["role"] == "difference")
    assert min(t["y"][0] for t in rows) > np.max(difference["y"])
    assert all(len(t["x"]) == len(curve.ticks[n]) for t, n in zip(rows, ("black", "yellow"), strict=True))
    json.dumps(figure)
