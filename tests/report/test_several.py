"""Comparisons and series come back from their folders as they were, also those of version 0.1."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal.arrays import PACKED
from nanocrystal.errors import InputError
from nanocrystal.refinement import Comparison
from nanocrystal.report.encoding import NOT_FINITE, ByName, called, decoded, encoded, schema_of
from nanocrystal.report.page.rendering import PLOTLY, plotly_text
from nanocrystal.report.series.checkpoints import read_member, write_member
from nanocrystal.report.series.kept import MOST_POINTS, member_fit
from nanocrystal.report.series.result import MEMBER, SeriesResult
from support.compared import curve, result
from support.paths import REFERENCES
from support.series_members import SmallSeries
from support.several_example import comparison, member, series

OLD = sorted((REFERENCES / "0.1").rglob("comparison.json"))
OLD_SERIES = REFERENCES / "0.1" / "series_srfe2as2"
BEGUN = REFERENCES / "series_begun_0.1"


def same_but_for(old: Any, new: Any, path: str = "") -> list[str]:
    """Return where a document lacks, or says otherwise, what an older one says."""
    if isinstance(old, dict):
        gone = [f"{path}.{k}" for k in old if k not in new]
        return gone + [p for k, v in old.items() if k in new for p in same_but_for(v, new[k], f"{path}.{k}")]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [p for k, v in enumerate(old) for p in same_but_for(v, new[k], f"{path}.{k}")]
    if isinstance(old, float) and isinstance(new, float):
        return [] if new == pytest.approx(old, rel=1e-9) else [path]
    return [] if old == new else [path]


def packed_in(text: str) -> int:
    """Return how many packed arrays a file holds."""
    return text.count(f'"{PACKED}"')


@dataclass(frozen=True)
class Named:
    name: str
    value: float


@dataclass(frozen=True)
class Holder:
    """Numbers that are not finite, at every depth: sequences, pairs, mappings by name."""

    numbers: Sequence[float]
    pairs: Sequence[tuple[float, Named]]
    named: Annotated[Sequence[Named], ByName()]
    __pydantic_config__: ClassVar[dict[str, Any]] = called(numbers="values")


def test_what_is_not_finite_is_kept_wherever_it_stands():
    nan, inf = float("nan"), float("inf")
    held = Holder([1.0, nan], [(-inf, Named("x", inf))], [Named("b", nan), Named("a < b", np.float64(-inf))])
    document = json.loads(json.dumps(encoded(held), allow_nan=False))
    assert document["values"] == [1.0, None]
    assert list(document["named"]) == ["b", "a < b"]
    assert len(document[NOT_FINITE]) == 5
    assert repr(decoded(Holder, document)) == repr(replace(held, named=[Named("b", nan), Named("a < b", -inf)]))


# ---- comparisons ----------------------------------------------------------------------------------


def test_a_comparison_comes_back_equal(tmp_path):
    found = comparison()
    found.save(tmp_path / "out", "title = 'as run'\n")
    again = nc.read_result(tmp_path / "out")
    assert again == found
    assert [s.name for s in again.standings] == [s.name for s in found.standings]
    assert again.results["b & c"].derived["x"].value == float("-inf")
    assert again.summary() == found.summary()
    assert again.page() == found.page()


def test_a_comparison_comes_back_from_its_document():
    found = comparison()
    assert decoded(Comparison, json.loads(json.dumps(found.document(), allow_nan=False))) == found


@pytest.mark.parametrize(
    "change",
    [
        lambda c: replace(c, interrupted=True),
        lambda c: replace(c, verdict=["Nothing."]),
        lambda c: replace(c, standings=[replace(s, chi2=1.5) for s in c.standings]),
        lambda c: replace(c, standings=[replace(s, result=None) for s in c.standings]),
    ],
)
def test_comparisons_that_differ_anywhere_are_not_equal(change):
    found = comparison()
    assert change(found) != found


def test_candidates_stand_in_their_folders_and_their_arrays_there_alone(tmp_path):
    found = comparison()
    found.save(tmp_path / "out")
    assert packed_in((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8")) == 0
    for name, own in found.results.items():
        assert nc.read_result(tmp_path / "out" / name) == own


def test_a_comparison_has_the_keys_of_0_1(tmp_path):
    found = comparison()
    found.save(tmp_path / "out")
    document = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert (document["schema"], document["kind"]) == (2, "comparison")
    assert document["ranking"] == ["a < b", "b & c"]
    assert document["best"] == found.best
    assert document["complete"] is False
    judged = {n: c["judged"] for n, c in document["candidates"].items()}
    assert judged == {"a < b": True, "b & c": True, "c": False, "d": False}
    assert document["candidates"]["d"]["result"] is None
    assert document["candidates"]["c"]["result"]["parameters"]["crystals.x.p0"]["value"] == 1.0
    assert document["datasets"]["iq"]["n_points"] == 60
    listed = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert set(document["files"]) == listed


def test_the_schema_knows_the_keys_of_the_documents():
    for kind, document in ((Comparison, comparison().document()), (SeriesResult, series().document())):
        properties = set(schema_of(kind)["properties"])
        assert properties <= set(document)
        assert set(document) - properties == {"schema", "kind", NOT_FINITE, *_computed(kind)}


def _computed(kind: type) -> set[str]:
    return {"complete", "best", "ranking"} if kind is Comparison else {"complete", "transitions", "switches", "trends"}


def test_pages_share_their_script_or_hold_it(tmp_path):
    found = comparison()
    found.save(tmp_path / "shared")
    found.save(tmp_path / "single", single_file=True)
    assert (tmp_path / "shared" / PLOTLY).read_text(encoding="utf-8") == plotly_text()
    assert not (tmp_path / "single" / PLOTLY).exists()
    for place, script in (("report.html", PLOTLY), ("c/report.html", f"../{PLOTLY}")):
        light, whole = ((tmp_path / n / place).read_text(encoding="utf-8") for n in ("shared", "single"))
        assert f'<script src="{script}"></script>' in light
        assert len(light) < 1_000_000
        assert plotly_text() in whole
        assert "<script src" not in whole


def test_calls_of_0_1_write_what_they_wrote(tmp_path):
    found = comparison()
    assert nc.comparison_html(found) == found.page()
    path = nc.write_comparison(found, tmp_path / "out", "title = 'x'\n")
    assert path == tmp_path / "out" / "report.html"
    assert plotly_text() in path.read_text(encoding="utf-8")
    assert nc.read_result(tmp_path / "out") == found


@pytest.mark.parametrize("record", OLD, ids=lambda p: p.parent.relative_to(REFERENCES / "0.1").as_posix())
def test_comparisons_of_0_1_are_read(record):
    """Every number of the document of 0.1 comes back where it was, and each candidate with the curves of its CSVs."""
    told = json.loads(record.read_text(encoding="utf-8"))
    found = nc.read_result(record)
    assert isinstance(found, Comparison)
    again = json.loads(json.dumps(found.recorded())) | {"files": told["files"]}
    assert same_but_for(told, again) == []
    for name, own in found.results.items():
        assert own == nc.read_result(record.parent / name)
    assert "report.html" in found.page()


def test_a_comparison_of_0_1_is_saved_as_one_of_today(tmp_path):
    old = nc.read_result(REFERENCES / "0.1" / "compare_cspbbr3")
    old.save(tmp_path / "new")
    assert nc.read_result(tmp_path / "new") == old


# ---- series ---------------------------------------------------------------------------------------


def test_a_series_comes_back_equal(tmp_path):
    found = series()
    found.save(tmp_path / "out", "title = 'as run'\n")
    again = nc.read_result(tmp_path / "out")
    assert again == found
    assert again.summary() == found.summary()
    assert again.page() == found.page()
    assert np.isnan(again.members[2].fits["low"].derived["order_parameter"].value)
    assert np.array_equal(again.members[0].fits["low"].patterns["pdf"].calculated, [0.1, 0.9, -1.1])


def test_a_series_comes_back_from_its_document():
    found = series()
    assert decoded(SeriesResult, json.loads(json.dumps(found.document(), allow_nan=False))) == found


def test_patterns_stand_in_checkpoints_alone(tmp_path):
    series().save(tmp_path / "out")
    assert packed_in((tmp_path / "out" / "series.json").read_text(encoding="utf-8")) == 0
    assert packed_in((tmp_path / "out" / "T100" / MEMBER).read_text(encoding="utf-8")) == 6  # two fits, three each
    assert not (tmp_path / "out" / "T140").exists()
    assert read_member(tmp_path / "out", "T100") == series().members[0]


def test_a_checkpoint_that_is_gone_is_named(tmp_path):
    series().save(tmp_path / "out")
    (tmp_path / "out" / "T110" / MEMBER).unlink()
    with pytest.raises(InputError, match=r"T110/member\.json', which is not there any more"):
        nc.read_result(tmp_path / "out")


@pytest.mark.parametrize("schema", [{}, {"schema": 2, "kind": "series"}])
def test_a_series_that_has_not_ended_says_so(tmp_path, schema):
    begun = {**schema, "title": "x", "complete": False, "members": {}, "files": []}
    (tmp_path / "series.json").write_text(json.dumps(begun), encoding="utf-8")
    with pytest.raises(InputError, match="the run has not come to its end; the same command goes on with it"):
        nc.read_result(tmp_path)


def test_files_of_an_earlier_run_stay_ours(tmp_path):
    """A member that left the study: its files are listed as long as they are there, so that a run may replace them."""
    series().save(tmp_path / "out")
    fewer = replace(series(), members=series().members[:2])
    fewer.save(tmp_path / "out")
    document = json.loads((tmp_path / "out" / "series.json").read_text(encoding="utf-8"))
    assert set(document["members"]) == {"T100", "T110"}
    listed = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert set(document["files"]) == listed
    assert "T130/member.json" in listed


def test_a_member_that_is_written_again_leaves_nothing_of_before(tmp_path):
    first = write_member(member(100.0), {"a.csv": "1\n", "b.csv": "2\n"}, tmp_path)
    assert first.files == ["a.csv", "b.csv", MEMBER]
    again = write_member(member(100.0), {"b.csv": "3\n"}, tmp_path)
    assert sorted(p.name for p in (tmp_path / "T100").iterdir()) == ["b.csv", MEMBER]
    assert read_member(tmp_path, "T100") == again


def test_a_long_pattern_is_thinned_and_keeps_its_numbers():
    x = np.linspace(0.0, 1.0, 2 * MOST_POINTS) ** 3
    pattern = member_fit(result({"iq": curve(x, x / 3.0, None, x=x / 7.0)}, 1)).patterns["iq"]
    assert np.array_equal(pattern.x, (x / 7.0)[::2])
    assert np.array_equal(pattern.calculated, (x / 3.0)[::2])


# ---- of version 0.1 -------------------------------------------------------------------------------


def test_a_series_of_0_1_is_read():
    """Every number comes back where it was; patterns of the members whose checkpoints are there."""
    told = json.loads((OLD_SERIES / "series.json").read_text(encoding="utf-8"))
    found = nc.read_result(OLD_SERIES)
    assert isinstance(found, SeriesResult)
    again = json.loads(json.dumps(found.recorded())) | {"files": told["files"]}
    assert same_but_for(told, again) == []
    with_curves = [m.name for m in found.members if all(len(p.x) for f in m.fits.values() for p in f.patterns.values())]
    assert with_curves == ["T150", "T246"]
    assert {m.version for m in found.members} == {"0.1.0"}
    assert "Patterns of pdf" in found.page()


def test_a_checkpoint_of_0_1_is_read():
    told = json.loads((OLD_SERIES / "T150" / MEMBER).read_text(encoding="utf-8"))
    found = read_member(OLD_SERIES, "T150")
    assert found is not None
    assert list(found.files) == told["files"]
    for name, fit in told["member"]["fits"].items():
        own = found.fits[name]
        without = {"quantity": "", "definition": ""}
        assert {a: vars(v) for a, v in own.values.items()} == {a: v | without for a, v in fit["values"].items()}
        assert own.patterns["pdf"].x.tolist() == fit["patterns"]["pdf"]["x"]
        assert own.patterns["pdf"].calculated.tolist() == fit["patterns"]["pdf"]["calculated"]
        assert (own.bic, own.delta_bic, own.message) == (fit["bic"], fit["delta_bic"], fit["message"])


def test_a_checkpoint_of_0_1_with_numbers_that_were_not_finite_is_read(tmp_path):
    told = json.loads((OLD_SERIES / "T150" / MEMBER).read_text(encoding="utf-8"))
    fit = told["member"]["fits"]["orthorhombic"]
    fit["derived"]["order_parameter"]["value"] = None
    fit["patterns"]["pdf"]["calculated"][0] = None
    (tmp_path / "T150").mkdir()
    (tmp_path / "T150" / MEMBER).write_text(json.dumps(told), encoding="utf-8")
    found = read_member(tmp_path, "T150")
    assert found is not None
    assert np.isnan(found.fits["orthorhombic"].derived["order_parameter"].value)
    assert np.isnan(found.fits["orthorhombic"].patterns["pdf"].calculated[0])


def test_a_series_of_0_1_is_saved_as_one_of_today(tmp_path):
    old = nc.read_result(OLD_SERIES)
    old.save(tmp_path / "new")
    assert nc.read_result(tmp_path / "new") == old


def test_a_series_begun_with_0_1_goes_on(tmp_path):
    """Written by 0.1.0 while the file of the third member could not be read."""
    shutil.copytree(BEGUN, tmp_path, dirs_exist_ok=True)
    before = {n: read_member(tmp_path / "study-series", n) for n in ("T100", "T200")}
    small = SmallSeries(tmp_path)
    small.text = (BEGUN / "study.toml").read_text(encoding="utf-8")
    for path in BEGUN.glob("ni_*.gr"):
        small.write(path.name, path.read_text(encoding="utf-8"))
    said = small.series("--workers", "1")
    assert said.exit_code == 0, said
    assert said.stderr.count("as an earlier run found") == 2
    assert "! refined by nanocrystal 0.1.0 and taken as they were: T100, T200." in said.stderr
    found = nc.read_result(tmp_path / "study-series")
    assert {m.name: m for m in found.members if m.name != "T300"} == before
    assert found.members[2].carried_from == "T200"
    assert found.members[2].version == nc.__version__
    again = small.series("--workers", "1")
    assert again.stderr.count("as an earlier run found") == 3


def test_a_series_begun_with_0_1_of_other_data_begins_anew(tmp_path):
    shutil.copytree(BEGUN, tmp_path, dirs_exist_ok=True)
    small = SmallSeries(tmp_path)
    small.text = (BEGUN / "study.toml").read_text(encoding="utf-8").replace("3.51", "3.511")
    said = small.series("--workers", "1")
    assert said.exit_code == 0, said
    assert "as an earlier run found" not in said.stderr


# ---- pages of one file ----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["", 'mode = "shared"\nshared = ["populations.dots.diameter"]'])
def test_pages_of_members_hold_their_script_where_that_is_asked_for(tmp_path, mode):
    small = SmallSeries(tmp_path, (100.0, 200.0))
    small.change("[series]", f"[series]\n{mode}")
    said = small.series("--quiet", "--single-file")
    assert said.exit_code == 0, said
    folder = tmp_path / "study-series"
    assert not (folder / PLOTLY).exists()
    pages = sorted(folder.rglob("report.html"))
    assert len(pages) == (2 if mode else 3)
    assert all(plotly_text() in page.read_text(encoding="utf-8") for page in pages)
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert there == set(small.written()["files"])


def test_members_with_candidates_are_comparisons_that_come_back(tmp_path):
    small = SmallSeries(tmp_path, (100.0,))
    small.write("ni_200K.gr", (tmp_path / "ni_100K.gr").read_text(encoding="utf-8"))
    small.add("[candidates.free]\n[candidates.held.crystals.ni]\na = 3.52\n")
    said = small.series("--quiet", "--workers", "1")
    assert said.exit_code == 0, said
    folder: Path = tmp_path / "study-series"
    page = (folder / "T100" / "held" / "report.html").read_text(encoding="utf-8")
    assert f'<script src="../../{PLOTLY}"></script>' in page
    found = nc.read_result(folder / "T100")
    assert isinstance(found, Comparison)
    assert {s.name: s.bic for s in found.standings} == {
        n: f.bic for n, f in nc.read_result(folder).members[0].fits.items()
    }
