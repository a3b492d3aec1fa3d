"""Refinements do not feel the unit of the data: times 10^±12 they find the same, of every technique and weights."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from nanocrystal import Result
from nanocrystal.techniques import TECHNIQUES
from support.technique_studies import DATASET, FILE, STUDIES, changed, study_of, write_rows

HERE = f"datasets.{DATASET}"
NOISE = 0.02
SIGMA, DEFAULT, UNIFORM = "with sigma", "default", "uniform"
EQUAL = 1e-6
"""of a standard error"""
OF_INTENSITIES = [name for name in TECHNIQUES if STUDIES[name].x is not None]
WEIGHED = [
    (name, weights)
    for name in OF_INTENSITIES
    for weights in (SIGMA, DEFAULT, UNIFORM)
    if STUDIES[name].curves == 1 or weights == UNIFORM
]


def refined(name: str, weights: str, scale: float, folder: Path) -> Result:
    """Return the refinement of the typical study of a technique, of noisy data times a number."""
    one = STUDIES[name]
    assert one.x is not None
    one.write_data(folder)
    y = np.loadtxt(folder / FILE)[:, 1:].T
    rng = np.random.default_rng(11)
    sigma = NOISE * (np.abs(y) + np.median(np.abs(y)))
    y = y + sigma * rng.normal(size=y.shape)
    more = scale * sigma if weights == SIGMA else np.zeros((0, len(one.x)))
    write_rows(folder / FILE, one.x, *(scale * y), *more)
    content = one.content()
    if weights == SIGMA:
        content = changed(content, {f"{HERE}.columns": [*(one.columns or ("x", "y")), "sigma"]})
    if weights == UNIFORM:
        content = changed(content, {f"{HERE}.weights": "uniform"})
    start = dict(list(one.start.items())[:2])
    return study_of(changed(content, {a: {"value": v, "vary": True} for a, v in start.items()}), folder).refine()


@pytest.mark.parametrize(("name", "weights"), WEIGHED)
def test_the_unit_of_intensities_changes_nothing_but_what_is_in_it(name: str, weights: str, tmp_path: Path) -> None:
    """Values and errors of all that varies, of linear ones times the number, χ²_red, the weights, and that it ends."""
    plain = refined(name, weights, 1.0, tmp_path)
    assert plain.converged
    for scale in (1e-12, 1e12):
        scaled = refined(name, weights, scale, tmp_path)
        assert (scaled.converged, kind(scaled)) == (True, kind(plain))
        for address, one in plain.parameters.items():
            if one.stderr is None:
                continue
            other, factor = scaled.parameters[address], scale if one.status == "linear" else 1.0
            assert other.stderr is not None
            assert abs(other.value / factor - one.value) < EQUAL * one.stderr, address
            assert other.stderr / factor == pytest.approx(one.stderr, rel=EQUAL), address
        found, expected = (result.datasets[DATASET].chi2_red for result in (scaled, plain))
        assert (found is None) == (expected is None)
        assert found is None or found == pytest.approx(expected, rel=EQUAL)


def kind(result: Result) -> str:
    """Return by what the points count, without the numbers of a sentence."""
    return re.sub(r"[-+.\de]*\d", "#", result.datasets[DATASET].weights)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_a_far_start_is_left_whatever_the_unit(scale: float, tmp_path: Path) -> None:
    """Good I(Q) of two columns, all points alike, from 21 Å: times 10⁻¹² the gradient once vanished at the start."""
    one = STUDIES["total-scattering"]
    one.write_data(tmp_path)
    x, y = np.loadtxt(tmp_path / FILE).T
    write_rows(tmp_path / FILE, x, scale * y)
    start = {"populations.p.diameter": {"value": 21.0, "vary": True}, f"{HERE}.weights": "uniform"}
    result = study_of(changed(one.content(), start), tmp_path).refine()
    assert result.converged
    assert result.parameters["populations.p.diameter"].value == pytest.approx(20.0, abs=1e-4)
    assert result.datasets[DATASET].rw < 1e-5
