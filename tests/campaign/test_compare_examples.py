"""The examples of `compare` whose answer is known, and the tutorial on boundaries.

True values: examples/compare_make_nanotwins.py. The library gives the cells of γ-CsPbBr3 (8.207, 8.255, 11.759 Å,
Rodova et al. 2003) and γ-CsPbI3 (8.5766, 8.8561, 12.4722 Å, Sutton et al. 2018).
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.refinement import Comparison, Result
from nanocrystal.study import CandidateSet
from nanocrystal.study.examples import example_study
from support.paths import EXAMPLES
from support.tutorials import run, sections

SIZES = ("populations.dots.d_ab.mean", "populations.dots.d_ab.std", "populations.dots.l_c.mean",
         "populations.dots.l_c.std")  # fmt: skip
T110, T001 = (f"populations.dots.twins.{family}.probability" for family in ("t110", "t001"))


def truth(crystal: str, cell: tuple[float, ...], u_iso: dict[str, float], sizes: tuple[float, ...]) -> dict[str, float]:
    """Return address -> true value."""
    found = {f"crystals.{crystal}.{name}": value for name, value in zip("abc", cell, strict=True)}
    found |= {f"crystals.{crystal}.u_iso.{key}": value for key, value in u_iso.items()}
    return found | dict(zip(SIZES, sizes, strict=True))


BROMIDE = (81.9, 19.7, 97.9, 19.6)
TRUE = {
    "cspbcl3_298k": truth("cspbcl3", (7.92, 7.95, 11.27), {"Cs": 0.094, "Pb": 0.03, "Cl": 0.04},
                          (53.4, 16.0, 76.2, 17.1)) | {T110: 0.3},
    "cspbbr3_298k": truth("cspbbr3", (8.207, 8.255, 11.759), {"Cs": 0.113, "Pb": 0.038, "Br1": 0.022, "Br2": 0.036},
                          BROMIDE) | {T110: 0.045},
    "cspbbr3_410k": truth("cspbbr3", (8.262, 8.292, 11.78), {"Cs": 0.125, "Pb": 0.043, "Br": 0.05},
                          BROMIDE) | {T110: 0.15, T001: 0.15},
    "cspbi3": truth("cspbi3", (8.5766, 8.8561, 12.4722), {"Cs": 0.108, "Pb": 0.04, "I1": 0.066, "I2": 0.048},
                    (98.6, 20.7, 80.1, 16.8)),
}  # fmt: skip


@cache
def compared(name: str, *candidates: str) -> Comparison:
    """Return the comparison of an example, of some of its candidates only if any are named."""
    whole = example_study(f"compare_{name}")[0].candidate_set
    studies = {n: s for n, s in whole.studies.items() if not candidates or n in candidates}
    return CandidateSet(whole.title, studies, whole.path, whole.text).compare()


def gof(comparison: Comparison, name: str) -> float:
    found = comparison[name].gof
    assert found is not None
    return found


def comes_back(result: Result | None, name: str) -> None:
    """Assert that a refinement returned what the data were made of."""
    assert result is not None
    assert result.datasets["iq"].gof == pytest.approx(1.0, abs=0.05)
    refined = {a for a, p in result.parameters.items() if p.status == "free"}
    assert refined == set(TRUE[name])
    for address, true in TRUE[name].items():
        found = result.parameters[address]
        assert found.stderr is not None
        assert abs(found.value - true) < 3.5 * found.stderr, address


@pytest.mark.parametrize("name", TRUE)
def test_data_are_as_described(name: str) -> None:
    """1,500 to 2,500 points, Poisson noise, 30,000 counts at the strongest point."""
    q, counts, sigma = np.genfromtxt(EXAMPLES / f"compare_{name}.csv", delimiter=",", skip_header=1).T
    assert 1500 <= len(q) <= 2500
    np.testing.assert_allclose(counts, np.rint(counts))
    assert counts.max() == pytest.approx(3e4, abs=4.0 * np.sqrt(3e4))
    np.testing.assert_allclose(sigma, np.sqrt(counts), rtol=1e-4)


# ---- the right model is found ---------------------------------------------------------------------


@pytest.mark.campaign
def test_twinned_is_found_behind_an_orthorhombic_pattern_that_looks_cubic() -> None:
    found = compared("cspbcl3_298k", "orthorhombic", "twinned")
    assert found.best == ["twinned"]
    assert gof(found, "orthorhombic") > 1.2
    comes_back(found["twinned"].result, "cspbcl3_298k")


@pytest.mark.campaign
def test_cspbcl3_split_places_help_and_are_not_enough() -> None:
    found = compared("cspbcl3_298k")
    assert found.best == ["twinned"]
    assert gof(found, "cubic") > 1.15 * gof(found, "split")
    assert gof(found, "split") > 1.2 * gof(found, "twinned")
    assert found["cubic"].result is not None
    assert found["cubic"].result.parameters["crystals.cspbcl3.u_iso.Cl"].value > 3.0 * 0.04  # as in the paper's Table 1
    comes_back(found["twinned"].result, "cspbcl3_298k")


@pytest.mark.campaign
def test_one_boundary_and_boundaries_at_random_cannot_be_told_apart() -> None:
    found = compared("cspbbr3_298k")
    assert [s.name for s in found.standings] == ["statistical", "one_boundary", "orthorhombic", "tetragonal"]
    assert found.best == ["statistical", "one_boundary"]
    assert found.verdict[0].startswith("The data cannot tell statistical and one_boundary apart")
    comes_back(found["statistical"].result, "cspbbr3_298k")


@pytest.mark.campaign
def test_two_families_are_found_where_the_pattern_looks_cubic() -> None:
    found = compared("cspbbr3_410k")
    assert [s.name for s in found.standings] == ["twinned", "one_family", "split", "cubic"]
    assert found.best == ["twinned"]
    comes_back(found["twinned"].result, "cspbbr3_410k")


@pytest.mark.campaign
def test_cspbi3_is_gamma() -> None:
    found = compared("cspbi3")
    assert [s.name for s in found.standings] == ["gamma", "alpha", "delta"]
    assert found.best == ["gamma"]
    comes_back(found["gamma"].result, "cspbi3")


# ---- the tutorial ---------------------------------------------------------------------------------


def shown_tables(page: str) -> dict[str, dict[str, list[str]]]:
    """Return folder of the comparison -> candidate -> figures, of what the page says is printed."""
    found = {}
    for command, block in re.findall(r"```sh\n(nanocrystal \w+ [^\n]+)\n```\n\n```\n(.*?)```", page, flags=re.DOTALL):
        rows = re.findall(r"^  (\w+) +(\S+) +(\S+) % +(\d+) +(\S+) +(\S+)$", block, flags=re.MULTILINE)
        found[f"{Path(command.split()[-1]).stem}-compared"] = {name: figures for name, *figures in rows}
    return found


@pytest.mark.campaign
def test_tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its studies and commands run; the tables of candidates that it shows are those that are printed."""
    pytest.importorskip("diffpy.cmi", reason="the data of CdSe come with the extra: examples")
    parts = sections("twins")
    run(parts, tmp_path, monkeypatch)
    tables = shown_tables("\n## ".join(parts))
    assert len(tables) == 3
    for folder, rows in tables.items():
        found = json.loads((tmp_path / folder / "comparison.json").read_text(encoding="utf-8"))
        assert list(rows) == found["ranking"]
        lowest = found["candidates"][found["ranking"][0]]["bic"]
        for name, (gof, rwp, parameters, delta_bic, _) in rows.items():
            candidate = found["candidates"][name]
            [dataset] = candidate["result"]["datasets"].values()
            assert 100.0 * dataset["rwp"] == pytest.approx(float(rwp), abs=0.011), (folder, name)
            assert candidate["n_parameters"] == int(parameters)
            assert candidate["bic"] - lowest == pytest.approx(float(delta_bic), rel=0.01, abs=0.5), (folder, name)
            if gof != "–":
                assert candidate["gof"] == pytest.approx(float(gof), abs=0.002)
