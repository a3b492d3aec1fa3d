"""Results come back from their folders as they were; what cannot be read says so in one sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal.arrays import Packed, without_arrays
from nanocrystal.errors import InputError
from nanocrystal.report.encoding import ByName, called, decoded, encoded
from nanocrystal.report.refined.result import FittedCurve, Result
from support.paths import ROOT
from support.report_example import example, platinum_on_two_grids

OLD = sorted((ROOT / "tests" / "references" / "0.1").rglob("results.json"))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    example().save(tmp_path / "out", "title = 'as run'\n")
    return tmp_path / "out"


def test_a_result_comes_back_equal(saved):
    assert nc.read_result(saved) == example()
    assert nc.read_result(saved / "results.json") == example()
    assert (saved / "study.toml").read_text(encoding="utf-8") == "title = 'as run'\n"


def test_what_is_not_finite_comes_back(tmp_path):
    odd = {"gof": float("inf"), "scale": float("-inf"), "chi2_red": float("nan")}
    curve = replace(platinum_on_two_grids(), **odd)
    result = replace(example(), datasets={"pdf": curve})
    result.save(tmp_path / "out")
    document = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert document["datasets"]["pdf"]["gof"] is None
    again = nc.read_result(tmp_path / "out")
    assert again == result
    assert again.datasets["pdf"].scale == float("-inf")
    assert np.isnan(again.datasets["pdf"].chi2_red)


def test_arrays_come_back_to_the_last_bit():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, 5)) * 10.0 ** rng.integers(-300, 300, size=(3, 5))
    values[0, :3] = np.nan, np.inf, -0.0
    packed = json.loads(json.dumps(Packed("<f8").packed(values)))
    assert Packed("<f8").unpacked(packed).tobytes() == values.tobytes()
    assert Packed("<f8").unpacked(packed).flags.writeable


@pytest.mark.parametrize(
    "change",
    [
        lambda r: replace(r, title="another"),
        lambda r: replace(r, derived={}),
        lambda r: replace(r, structures={"pt.cif": "data_other\n"}),
        lambda r: replace(
            r, datasets={"pdf": replace(r.datasets["pdf"], observed=r.datasets["pdf"].observed * 1.0001)}
        ),
    ],
)
def test_results_that_differ_anywhere_are_not_equal(change):
    assert change(example()) != example()


def test_keys_of_a_document_are_those_that_are_promised(saved):
    document = json.loads((saved / "results.json").read_text(encoding="utf-8"))
    assert document["schema"] == 2
    assert document["kind"] == "refinement"
    assert {"title", "version", "converged", "elapsed_s", "parameters", "derived", "datasets", "inputs"} <= set(
        document
    )
    assert set(document["correlations"]) == {"names", "matrix"}
    parameter = document["parameters"]["crystals.pt.a"]
    assert {"value", "stderr", "stderr_scaled", "unit", "status", "min", "max"} <= set(parameter)
    assert {"technique", "n_points", "rw", "rwp", "chi2_red", "gof"} <= set(document["datasets"]["pdf"])
    assert set(document["files"]) == {p.relative_to(saved).as_posix() for p in saved.rglob("*") if p.is_file()}
    assert "observed" not in without_arrays(document)["datasets"]["pdf"]


def test_keys_that_are_not_known_are_passed_over(saved):
    record = saved / "results.json"
    document = json.loads(record.read_text(encoding="utf-8")) | {"of_a_later_version": [1, 2]}
    record.write_text(json.dumps(document), encoding="utf-8")
    assert nc.read_result(saved) == example()


def test_plain_data_need_not_be_a_result():
    curve = platinum_on_two_grids()
    assert encoded(decoded(FittedCurve, encoded(curve))) == encoded(curve)


@dataclass(frozen=True)
class Named:
    """Plain data with a name."""

    name: str
    value: float


@dataclass(frozen=True)
class Several:
    """Plain data that hold sequences and mappings of others."""

    __pydantic_config__: ClassVar[dict[str, Any]] = called(by_name="named")

    listed: Sequence[Named]
    numbers: Sequence[float]
    by_name: Annotated[Sequence[Named], ByName()]
    by_text: Mapping[str, float]


def test_sequences_lose_nothing_that_is_not_finite():
    """As lists, and as mappings by a name that may be anything, under a key of their own."""
    odd = [Named('a "b".<c>', float("nan")), Named("not_finite", float("-inf")), Named("z", 1.0)]
    several = Several(odd, [float("inf"), 2.0], odd, {"x": float("nan")})
    document = json.loads(json.dumps(encoded(several), allow_nan=False))
    assert list(document["named"]) == ['a "b".<c>', "not_finite", "z"]
    assert document["listed"][0]["value"] is None
    again = decoded(Several, document)
    assert encoded(again) == encoded(several)
    assert [n.value for n in again.by_name[1:]] == [float("-inf"), 1.0]
    assert np.isnan(again.listed[0].value)
    assert again.numbers == [float("inf"), 2.0]


@pytest.mark.parametrize("record", OLD, ids=lambda p: p.parent.relative_to(ROOT / "tests/references/0.1").as_posix())
def test_results_of_0_1_are_read(record):
    """Every number of the document of 0.1 comes back, and the curves of its CSVs where they are there."""
    told = json.loads(record.read_text(encoding="utf-8"))
    result = nc.read_result(record)
    assert isinstance(result, Result)
    again = json.loads(json.dumps(result.document()))
    for key in ("title", "version", "converged", "elapsed_s", "inputs", "notes", "correlations"):
        assert again[key] == told[key]
    for key in ("parameters", "derived"):
        assert {a: {k: again[key][a][k] for k in v} for a, v in told[key].items()} == told[key]
    for name, one in told["datasets"].items():
        assert {k: again["datasets"][name][k] for k in one} == one
        curve = result.datasets[name]
        assert len(curve.x) == len(curve.observed) == len(curve.calculated)
        if (record.parent / f"{name}.csv").is_file():
            weight = 1.0 if curve.sigma is None else curve.sigma**-2
            misfit = np.sum(weight * (curve.observed - curve.calculated) ** 2) / np.sum(weight * curve.observed**2)
            assert np.sqrt(misfit) == pytest.approx(curve.rw, rel=1e-6)


def test_a_file_of_0_1_is_saved_as_one_of_today(tmp_path):
    old = nc.read_result(ROOT / "tests/references/0.1/synthetic")
    old.save(tmp_path / "new")
    assert nc.read_result(tmp_path / "new") == old


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda p: None, "does not exist; name the folder of a result."),
        (lambda p: p.mkdir(), "holds no result: none of the files results.json"),
        (lambda p: p.write_text("x", encoding="utf-8"), "is no record of a result; those are called results.json"),
        (lambda p: _record(p, "{"), "is no JSON that can be read (Expecting property name"),
        (lambda p: _record(p, "[1]"), "is no record of a result."),
        (
            lambda p: _record(p, '{"schema": 3}'),
            "is of schema 3; this version reads up to 2: it needs a newer nanocrystal.",
        ),
        (lambda p: _record(p, '{"schema": 2}'), "should be of schema 2 and kind 'refinement', got 2 and None;"),
        (lambda p: _record(p, '{"schema": 2, "kind": "refinement"}'), "is no result that can be read ("),
        (lambda p: _record(p, '{"title": "old"}'), "is no result that can be read ("),
    ],
)
def test_what_is_no_result_says_so(tmp_path, make, sentence):
    make(tmp_path / "out")
    with pytest.raises(InputError) as error:
        nc.read_result(tmp_path / "out")
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_gone_is_named(saved):
    (saved / "pt.cif").unlink()
    with pytest.raises(InputError, match=r"results\.json: lists the file 'pt.cif', which is not there any more"):
        nc.read_result(saved)


def test_nothing_of_another_is_replaced_and_nothing_is_half_written(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "pdf.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"would replace 'pdf\.csv'"):
        example().save(folder)
    assert [p.name for p in folder.iterdir()] == ["pdf.csv"]
    assert (folder / "pdf.csv").read_text(encoding="utf-8") == "mine"


def _record(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "results.json").write_text(text, encoding="utf-8")
