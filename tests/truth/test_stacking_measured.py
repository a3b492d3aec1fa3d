"""Stacking faults refined on measured PDFs of CdSe nanocrystals: the examples cdse_*_stacking.

References: R_w 0.171 of CdSe-3nm with displacements along c apart from those across it, PDFfit2 (tutorial on
diameters); "a stacking fault density of about 30 %" from mixtures of both phases, and no fit of crystals below 2 nm
(X. Yang et al., Phys. Chem. Chem. Phys. 2013, doi:10.1039/c3cp00111c).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from nanocrystal.refinement import Comparison, Estimate, Result
from nanocrystal.study import CandidateSet
from nanocrystal.study.candidates import base_and_candidates, merged
from nanocrystal.study.study import Study
from support.measured import measured
from support.paths import ROOT

SERIES = ("cdse_2", "cdse_3", "cdse_4")
LARGER = ("cdse_3", "cdse_4", "cdse_3nm")
FRACTION = "populations.dots.stacking.cubic_fraction"
CORRELATION = "populations.dots.stacking.correlation"
DIAMETER = "populations.dots.diameter"


def data_of(sample: str) -> Path:
    """Return the measured PDF of a sample."""
    if sample == "cdse_3nm":
        return measured("pdf/pdfgui_CdSe_3nm/CdSe-3nm.gr")
    return measured(f"pdf/pdfttp_ch08NPRefinement/CdSe-{sample[-1]}.gr")


def studies_of(sample: str, candidates: Mapping[str, Any] | None = None) -> dict[str, Study]:
    """Return the candidates of an example, or others laid over the same study, with the data where tests find them."""
    content = tomllib.loads((ROOT / "examples" / f"{sample}_stacking.toml").read_text(encoding="utf-8"))
    content["datasets"]["pdf"]["file"] = str(data_of(sample))
    if candidates is not None:
        content["candidates"] = dict(candidates)
    return base_and_candidates(content, ROOT / "examples" / f"{sample}_stacking.toml", "")[1]


@cache
def compared(sample: str) -> Comparison:
    """Return the comparison of an example."""
    return CandidateSet(sample, studies_of(sample), Path(sample), "").compare()


def result(sample: str, candidate: str) -> Result:
    """Return the refinement of one candidate, converged and with nothing at a bound."""
    found = compared(sample)[candidate].result
    assert found is not None
    assert found.converged
    assert not [a for a, p in found.parameters.items() if p.status in ("at_bound", "undetermined")]
    return found


def rw(sample: str, candidate: str) -> float:
    return result(sample, candidate).datasets["pdf"].rw


def fraction(sample: str) -> tuple[float, float]:
    """Return the part of layers in cubic surroundings and its uncertainty."""
    return with_error(result(sample, "faulted").parameters[FRACTION])


def with_error(estimate: Estimate) -> tuple[float, float]:
    assert estimate.stderr_scaled is not None
    return estimate.value, estimate.stderr_scaled


def told_apart(sample: str) -> set[str]:
    """Return the candidates that are worse than the faulted one by the criterion of `compare`."""
    return {p.worse for p in compared(sample).pairs if p.better == "faulted" and p.told_apart}


# ---- which model ----------------------------------------------------------------------------------


@pytest.mark.campaign
@pytest.mark.parametrize("sample", [*SERIES, "cdse_3nm"])
def test_faulted_crystals_fit_better_than_either_pure_structure(sample: str) -> None:
    assert compared(sample).standings[0].name == "faulted"
    assert rw(sample, "faulted") < rw(sample, "wurtzite") < rw(sample, "zinc_blende")
    value, error = fraction(sample)
    assert value > 5.0 * error  # far from wurtzite
    assert value < 0.5 - 4.0 * error  # and nearer to it than to zinc blende


@pytest.mark.parametrize(("sample", "part"), [("cdse_3", 0.8), ("cdse_4", 0.67), ("cdse_3nm", 0.45)])
def test_improvement_is_no_accident_in_the_larger_crystals(sample: str, part: float) -> None:
    assert rw(sample, "faulted") < part * rw(sample, "wurtzite")
    assert {"wurtzite", "zinc_blende"} <= told_apart(sample)


def test_faults_explain_more_than_anisotropic_displacements() -> None:
    assert rw("cdse_3nm", "faulted") < 0.65 * 0.171
    assert compared("cdse_3nm").best == ["faulted"]


def test_a_mixture_is_excluded_in_one_sample_only() -> None:
    assert "mixture" in told_apart("cdse_3nm")
    for sample in SERIES:
        assert "mixture" not in told_apart(sample)
        assert rw(sample, "faulted") < rw(sample, "mixture")  # with a parameter less


def test_smallest_of_the_series_is_not_decided() -> None:
    assert told_apart("cdse_2") == set()


# ---- the density ----------------------------------------------------------------------------------


def test_densities_of_the_series_agree_and_are_the_published_one() -> None:
    for one, other in combinations(SERIES, 2):
        (a, error_a), (b, error_b) = fraction(one), fraction(other)
        assert abs(a - b) < 2.0 * (error_a**2 + error_b**2) ** 0.5, (one, other)
    for sample in (*SERIES, "cdse_3nm"):
        assert fraction(sample)[0] == pytest.approx(0.30, abs=0.05)


def test_diameters_grow_along_the_series_and_with_the_faults() -> None:
    grown = [result(sample, "faulted").parameters[DIAMETER].value for sample in SERIES]
    assert grown[0] < grown[1] < grown[2]
    for sample in LARGER:
        faulted, error = with_error(result(sample, "faulted").parameters[DIAMETER])
        assert faulted - result(sample, "wurtzite").parameters[DIAMETER].value > 2.0 * error


def test_correlated_motion_stays_below_its_bound() -> None:
    """The bound of 6.5 Å² is below the square of the shortest Cd–Se distance, at which nothing would be left."""
    for sample in (*SERIES, "cdse_3nm"):
        value, error = with_error(result(sample, "faulted").parameters["datasets.pdf.delta2"])
        assert value + 3.0 * error < 6.5
        bonds = [d.value for a, d in result(sample, "faulted").derived.items() if ".bond.Cd-Se" in a]
        assert min(bonds) ** 2 > 6.5


CHANGES: dict[str, dict[str, Any]] = {
    "range to 20 Å": {"datasets": {"pdf": {"r_range": [1.7, 20.0]}}},
    "range from 3 Å": {"datasets": {"pdf": {"r_range": [3.0, 30.0]}}},
    "peaks of PDFgui": {"datasets": {"pdf": {"peak_form": "pdfgui"}}},
    "qmin": {"datasets": {"pdf": {"qmin": 1.0}}},
    "one u_iso": {"crystals": {"cdse": {"u_iso": {"Se": {"tie": "crystals.cdse.u_iso.Cd"}}}}},
    "start near wurtzite": {"populations": {"dots": {"stacking": {"cubic_fraction": {"value": 0.02}}}}},
    "start near zinc blende": {"populations": {"dots": {"stacking": {"cubic_fraction": {"value": 0.8}}}}},
}
STACKED: dict[str, Any] = {"populations": {"dots": {"stacking": {"cubic_fraction": {"value": 0.3, "vary": True}}}}}


@pytest.mark.campaign
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("sample", "most"), [("cdse_2", 0.025), ("cdse_3", 0.01), ("cdse_4", 0.01)])
def test_fraction_hardly_depends_on_choices(sample: str, most: float, change: str) -> None:
    content = tomllib.loads((ROOT / "examples" / f"{sample}_stacking.toml").read_text(encoding="utf-8"))
    content["datasets"]["pdf"]["file"] = str(data_of(sample))
    content = merged(merged(content, STACKED), CHANGES[change])
    content["candidates"] = {"only": {}}
    [study] = base_and_candidates(content, Path("changed.toml"), "")[1].values()
    assert study.refine().parameters[FRACTION].value == pytest.approx(fraction(sample)[0], abs=most)


@pytest.mark.campaign
@pytest.mark.parametrize("sample", [*SERIES, "cdse_3nm"])
def test_neither_runs_of_layers_nor_a_spread_of_sizes_are_needed(sample: str) -> None:
    correlated, spread = deepcopy(STACKED), deepcopy(STACKED)
    correlated["populations"]["dots"]["stacking"]["correlation"] = {"value": 0.3, "vary": True}
    spread["populations"]["dots"]["diameter"] = {
        "distribution": "lognormal", "mean": {"value": 33.0, "vary": True}, "std": {"value": 6.0, "vary": True}
    }  # fmt: skip
    studies = studies_of(sample, {"faulted": STACKED, "correlated": correlated, "spread": spread})
    found = CandidateSet(sample, studies, Path(sample), "").compare()
    assert found.standings[0].name == "faulted"
    assert len(found.best) == 3
    results = {s.name: s.result for s in found.standings}
    value, error = fraction(sample)
    for name in ("correlated", "spread"):
        other = results[name]
        assert other is not None
        assert other.datasets["pdf"].rw > rw(sample, "faulted") - 0.001
        assert abs(other.parameters[FRACTION].value - value) < error
    correlation = results["correlated"].parameters[CORRELATION] if results["correlated"] else None
    assert correlation is not None
    assert correlation.status != "free" or correlation.value < 2.0 * with_error(correlation)[1]


@pytest.mark.campaign
def test_the_ultrasmall_sample_is_fitted_by_none() -> None:
    content = tomllib.loads((ROOT / "examples" / "cdse_2_stacking.toml").read_text(encoding="utf-8"))
    content["datasets"]["pdf"]["file"] = str(data_of("cdse_1"))
    studies = base_and_candidates(content, Path("cdse_1_stacking.toml"), "")[1]
    found = CandidateSet("cdse_1", studies, Path("cdse_1"), "").compare()
    assert all(s.rw > 0.5 for s in (s.result.datasets["pdf"] for s in found.standings if s.result))
    assert len(found.best) == 4


# ---- what the tutorial says -----------------------------------------------------------------------


def shown(text: str) -> tuple[float, float]:
    """Return value and uncertainty of 0.281(17) or 27(3)."""
    match = re.fullmatch(r"([\d.]+)\((\d+)\)", text)
    assert match is not None, text
    return float(match[1]), int(match[2]) * 10.0 ** -len(match[1].partition(".")[2])


def test_table_of_the_tutorial() -> None:
    page = (ROOT / "docs" / "tutorials" / "twins.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(cdse_\w+)_stacking` \| (.*) \|$", page, flags=re.MULTILINE)
    assert [name for name, _ in rows] == [*SERIES, "cdse_3nm"]
    for sample, cells in rows:
        *figures, cubic, pure_diameter, diameter, worse = (c.strip() for c in cells.split("|"))
        for candidate, figure in zip(("wurtzite", "zinc_blende", "mixture", "faulted"), figures, strict=True):
            assert rw(sample, candidate) == pytest.approx(float(figure), abs=6e-4), (sample, candidate)
        faulted = result(sample, "faulted").parameters
        for estimate, text in (
            (faulted[FRACTION], cubic), (faulted[DIAMETER], diameter),
            (result(sample, "wurtzite").parameters[DIAMETER], pure_diameter),
        ):  # fmt: skip
            (value, error), (said, said_error) = with_error(estimate), shown(text)
            assert value == pytest.approx(said, abs=0.6 * said_error), (sample, text)
            assert error == pytest.approx(said_error, rel=0.3), (sample, text)
        pure = {"wurtzite", "zinc_blende"}
        expected = {"none": set(), "both pure": pure, "both pure, mixture": pure | {"mixture"}}
        assert told_apart(sample) == expected[worse], sample
