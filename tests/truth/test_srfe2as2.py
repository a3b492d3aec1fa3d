"""The transition of SrFe2As2 from 17 measured PDFs, against published measurements of others.

Transition: 198 K (J.-Q. Yan et al., Phys. Rev. B 78, 024516 (2008)), 201.5 K (H.-F. Li et al., Phys. Rev. B 80,
054407 (2009)), 203 K (M. Tegel et al., J. Phys.: Condens. Matter 20, 452201 (2008)), 205 K (A. Jesche et al.,
arXiv:0807.0632). The thermometer of these PDFs is a stream of cold gas; members are 6 K apart.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal.running.member import expression_value
from nanocrystal.study.series import read_series
from support.measured import measured
from support.paths import EXAMPLES
from support.small_study import SmallStudy

EXAMPLE = EXAMPLES / "series_srfe2as2.toml"
IN_WHEEL = "package:diffpy.cmi/docs/examples/pdf/ch07StructuralPhaseTransitions/data/"
PUBLISHED = (198.0, 205.0)
A, B = (f"crystals.orthorhombic.{axis}" for axis in "ab")


def here(text: str) -> str:
    """Return the example with its data where the tests find them."""
    folder = measured("pdf/pdfttp_ch07StructuralPhaseTransitions/SrFe2As2_150K.gr").parent
    lines = text.replace(f"{IN_WHEEL}SrFe2As2_{{value}}K.gr", f"{folder}/SrFe2As2_{{value}}K.gr")
    for name in ("tetragonal", "orthorhombic"):
        cif = measured(f"pdf/pdfttp_ch07StructuralPhaseTransitions/SrFe2As2_{name}.cif")
        lines = lines.replace(f"{IN_WHEEL}SrFe2As2_{name}.cif", str(cif))
    return lines


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the series.json of the example."""
    small = SmallStudy(tmp_path_factory.mktemp("srfe2as2"))
    small.text = here(EXAMPLE.read_text(encoding="utf-8")).replace("[series]", '[series]\nreports = "none"\n')
    assert small.run("series", "{}/study.toml", "--quiet", "--workers", "1").exit_code == 0
    text = (small.folder / "study-series" / "series.json").read_text(encoding="utf-8")
    written: dict[str, Any] = json.loads(text)
    return written


@pytest.mark.campaign
def test_all_members_are_found_and_converge(found: dict[str, Any]) -> None:
    values = [m["value"] for m in found["members"].values()]
    assert values == [150.0 + 6.0 * k for k in range(17)]
    assert found["complete"]


@pytest.mark.campaign
def test_there_is_one_transition_within_6_k_of_the_published_ones(found: dict[str, Any]) -> None:
    [transition] = found["transitions"]
    assert (transition["below"], transition["above"]) == ("orthorhombic", "tetragonal")
    assert transition["bracket"] == 3.0
    assert PUBLISHED[0] - 6.0 <= transition["value"] <= PUBLISHED[1] + 6.0
    [switch] = found["switches"]
    low, high = (switch["value"] + sign * switch["bracket"] for sign in (-1.0, 1.0))
    assert low <= transition["value"] - transition["bracket"]
    assert transition["value"] + transition["bracket"] <= high
    assert low <= PUBLISHED[0] < PUBLISHED[1] <= high + 6.0


@pytest.mark.campaign
def test_far_from_the_transition_the_evidence_is_overwhelming_or_absent(found: dict[str, Any]) -> None:
    members = found["members"]
    for t in (m["value"] for m in members.values() if m["value"] < 190.0):
        assert members[f"T{t:g}"]["fits"]["tetragonal"]["delta_bic"] > 50.0, t
    for t in (m["value"] for m in members.values() if m["value"] > 200.0):
        fits = members[f"T{t:g}"]["fits"]
        rw = [fits[c]["datasets"]["pdf"]["rw"] for c in ("tetragonal", "orthorhombic")]
        assert rw[0] - rw[1] < 2e-4, t


@pytest.mark.campaign
def test_order_parameter_falls_and_vanishes(found: dict[str, Any]) -> None:
    """Half a per cent below, as published; nothing above that three standard errors would not allow."""
    order = {m["value"]: m["fits"]["orthorhombic"]["derived"]["order_parameter"] for m in found["members"].values()}
    below = [order[t] for t in order if t < 195.0]
    values = np.array([d["value"] for d in below])
    assert 0.0045 < values[0] < 0.0055
    assert np.all(np.diff(values) < 0.0)
    assert all(d["value"] > 10.0 * d["stderr"] for d in below)
    assert all(abs(d["value"]) < 3.0 * d["stderr"] for t, d in order.items() if t > 200.0)
    for m in found["members"].values():
        a, b = (m["fits"]["orthorhombic"]["parameters"][k]["value"] for k in (A, B))
        assert m["fits"]["orthorhombic"]["derived"]["order_parameter"]["value"] == pytest.approx((a - b) / (a + b))


@pytest.mark.campaign
def test_cells_of_both_agree_above_the_transition(found: dict[str, Any]) -> None:
    """Fmmm is a √2 × √2 cell of I4/mmm: √(ab/2) is a of the tetragonal one, and c is the same."""
    for t in (m["value"] for m in found["members"].values() if m["value"] > 200.0):
        fits = found["members"][f"T{t:g}"]["fits"]
        tetragonal, orthorhombic = (fits[c]["parameters"] for c in ("tetragonal", "orthorhombic"))
        a, b = (orthorhombic[k]["value"] for k in (A, B))
        assert np.sqrt(a * b / 2.0) == pytest.approx(tetragonal["crystals.tetragonal.a"]["value"], abs=1e-3)
        c = (orthorhombic["crystals.orthorhombic.c"]["value"], tetragonal["crystals.tetragonal.c"]["value"])
        assert c[0] == pytest.approx(c[1], abs=1e-3)


def test_stderr_of_the_order_parameter_is_that_of_sampling(tmp_path: Path) -> None:
    """200,000 draws of (a, b) from their covariance, through the formula itself."""
    small = SmallStudy(tmp_path)
    small.text = here(EXAMPLE.read_text(encoding="utf-8"))
    series = read_series(small.write("study.toml", small.text).folder / "study.toml")
    study = series.first["orthorhombic"]
    result = study.refine()
    assert series.order_parameter is not None
    value, stderr = expression_value(series.order_parameter, study, result)
    places = [list(result.correlation_names).index(k) for k in (A, B)]
    spread = np.array([result.parameters[k].stderr_scaled for k in (A, B)], dtype=float)
    covariance = result.correlation_matrix[np.ix_(places, places)] * np.outer(spread, spread)
    mean = [result.parameters[k].value for k in (A, B)]
    a, b = np.random.default_rng(1).multivariate_normal(mean, covariance, 200_000).T
    draws = (a - b) / (a + b)
    assert value == pytest.approx(draws.mean(), abs=0.01 * draws.std())
    assert stderr == pytest.approx(draws.std(), rel=0.01)
