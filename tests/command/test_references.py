"""Folders of results written by 0.1.0: what they hold stays readable, and their studies read unchanged."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from nanocrystal.study import read_study
from nanocrystal.study.reading import study_from
from nanocrystal.study.study import read_content
from support.example_refinements import EXAMPLES, IN_WHEEL, with_data_of_tests
from support.paths import REFERENCES

FOLDER = REFERENCES / "0.1"
RESULTS = sorted(FOLDER.rglob("results.json"))
STUDIES = sorted(p for p in FOLDER.glob("*/study.toml") if p.parent.name != "series_srfe2as2")
"""a series of studies has a reader of its own, tested with it"""
STATES = {"free", "linear", "fixed", "tied"}


def named(path: Path) -> str:
    return path.relative_to(FOLDER).parent.as_posix()


def test_every_kind_of_result_is_kept() -> None:
    assert len(RESULTS) == 59
    assert len(STUDIES) == 31
    assert {p.name for p in FOLDER.glob("*/*.json")} >= {"results.json", "comparison.json", "series.json", "plan.json"}


@pytest.mark.parametrize("path", RESULTS, ids=named)
def test_a_result_of_0_1_holds_its_numbers(path: Path) -> None:
    """Without a schema's number it is of 0.1: parameters with value, σ, unit, limits and state by address."""
    content = json.loads(path.read_text(encoding="utf-8"))
    assert "schema" not in content
    assert content["version"] == "0.1.0"
    assert content["converged"] is True
    for address, parameter in content["parameters"].items():
        assert address.count(".") >= 1
        assert parameter["status"] in STATES, address
        assert {"value", "stderr", "stderr_scaled", "unit", "min", "max"} <= set(parameter), address
        if parameter["status"] == "free":
            assert math.isfinite(parameter["value"]), address
    for dataset in content["datasets"].values():
        assert {"technique", "n_points", "rw", "rwp", "chi2_red", "gof"} <= set(dataset)
    names, matrix = content["correlations"]["names"], content["correlations"]["matrix"]
    assert [len(row) for row in matrix] == [len(names)] * len(names)
    assert all(len(digest) == 64 for digest in content["inputs"].values())


@pytest.mark.parametrize("path", STUDIES, ids=named)
def test_a_study_of_0_1_reads_unchanged(path: Path, tmp_path: Path) -> None:
    """With the same data sets and the same parameters at the same addresses as then."""
    text = path.read_text(encoding="utf-8")
    if IN_WHEEL in text:
        copy = tmp_path / "study.toml"
        copy.write_text(with_data_of_tests(text), encoding="utf-8")
        study = read_study(copy)
    else:
        content, _, text = read_content(path)
        study = study_from(content, EXAMPLES / path.name, text)
    written = path.parent / "results.json"
    if written.exists():
        then = json.loads(written.read_text(encoding="utf-8"))
        assert set(then["datasets"]) == set(study.datasets)
        assert {a for a in then["parameters"] if a.startswith("crystals.")} == {
            f"crystals.{name}.{local}"
            for name, crystal in study.sample.crystals.items()
            for local in crystal.declared()
        }
