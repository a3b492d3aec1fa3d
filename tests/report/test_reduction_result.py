"""Reductions come back from their folder as they were, to the correlations of their points; so do those of 0.1."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from typer.testing import CliRunner

import nanocrystal as nc
from nanocrystal.arrays import PackedRows
from nanocrystal.cli.app import app
from nanocrystal.reduction import ImageSettings, IntegratedImage, differential_functions, pattern_change
from nanocrystal.reduction.image import Cake
from nanocrystal.reduction.image_pixels import MASKED, USED
from nanocrystal.reduction.image_views import LARGEST, View
from nanocrystal.report.encoding import schema_of
from nanocrystal.report.reduction.result import ReductionResult
from support.paths import REFERENCES
from support.reduced_liquid import HOSTILE, SETTINGS, liquid
from support.reduced_liquid import result as calculated

AROUND = (170.0, 190.0)
result = cache(calculated)
OLD = sorted((REFERENCES / "0.1").glob("*/reduction.json"))


def image() -> IntegratedImage:
    """Return what images of a detector of 900 × 700 pixels, a corner of it masked, might have given."""
    codes = np.full((900, 700), USED, dtype=np.uint8)
    codes[:300, :300] = MASKED
    q = np.linspace(0.5, 20.0, 40)
    cake = np.full((3, 4), np.nan)
    cake[1] = [1.0, 2.0, 1e-300, 4.0]
    return IntegratedImage(
        q=q,
        intensity=1.0 / q,
        sigma=None,
        wavelength=0.2,
        used=540_000,
        left_out={"mask": 90_000},
        n_frames=2,
        monitor=3.5,
        views=[View.of(f"view {HOSTILE}", np.arange(630_000.0).reshape(900, 700), codes, (350.5, -20.25))],
        n_places=7,
        cake=Cake(np.arange(4.0), np.arange(3.0), cake),
        inputs={"a.tif": "0" * 64},
        notes=("a note",),
        source="a.tif",
        settings=ImageSettings(
            file=("a.tif",), calibration=("b.poni",), monitor=(1.0, 2.5), azimuth_range=(170.0, 190.0)
        ),
    )


def keys_of_0_1(document: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what version 0.1 did not write."""
    kept = {key: value for key, value in document.items() if key not in ("schema", "kind", "not_finite")}
    tables = ("reductions", "differentials", "unchanged", "images")
    return kept | {t: {n: {k: v for k, v in one.items() if k != "exact"} for n, one in kept[t].items()} for t in tables}


def test_reductions_come_back_equal(tmp_path: Path) -> None:
    saved = replace(result(), images={"liquid": image(), "liquid.blanks.capillary": image()})
    report = saved.save(tmp_path / "out", "title = 'as run'\n")
    again = nc.read_result(tmp_path / "out")
    assert again == saved
    assert again.page() == saved.page() == report.read_text(encoding="utf-8")
    assert again.tables() == saved.tables()
    assert again.summary() == saved.summary()
    assert HOSTILE not in again.page()
    assert list(again.comparisons["liquid", "physical"].said) == list(saved.unchanged["liquid", "physical"].said)
    settings = again.images["liquid"].settings
    assert settings is not None
    assert settings.azimuth_range == AROUND
    assert again != replace(saved, title="another")


def test_names_and_what_is_not_finite_come_back(tmp_path: Path) -> None:
    name = "a&b \"c\" − 'd' <i>"
    one = liquid(name=name)
    odd = replace(
        one,
        pdf=replace(one.pdf, sigma=np.where(one.pdf.r < 1.0, np.nan, np.inf)),
        checks=[replace(one.checks[0], found=float("-inf"))],
        number_density=float("nan"),
    )
    saved = ReductionResult(title=name, version="1", reductions={name: odd}, differentials={})
    saved.save(tmp_path / "out")
    document = json.loads((tmp_path / "out" / "reduction.json").read_text(encoding="utf-8"))
    assert document["reductions"][name]["number_density"] is None
    again = nc.read_result(tmp_path / "out")
    assert again == saved
    assert again.reductions[name].checks[0].found == float("-inf")
    assert np.isinf(again.reductions[name].pdf.sigma[-1])
    assert again != replace(saved, reductions={name: replace(odd, number_density=None)})


def test_correlations_of_points_come_back(tmp_path: Path) -> None:
    """What is calculated of sets that were read has the same σ to the last bit, those of a fitted scale too."""
    saved = result()
    saved.save(tmp_path / "out")
    again = nc.read_result(tmp_path / "out").reductions
    first, second = (
        differential_functions(s["physical"], s["liquid"], fit_range=(1.0, 5.0)) for s in (saved.reductions, again)
    )
    assert second.scale_stderr == first.scale_stderr
    np.testing.assert_array_equal(second.pdf.sigma, first.pdf.sigma)


def test_a_sparse_matrix_comes_back_to_the_last_bit() -> None:
    matrix = csr_array(np.array([[0.0, 1.0 / 3.0, 0.0], [np.nan, 0.0, -1e-300]]))
    packed = PackedRows()
    again = packed.unpacked(json.loads(json.dumps(packed.packed(matrix))))
    np.testing.assert_array_equal(again.toarray(), matrix.toarray())
    assert packed.unpacked(packed.packed(csr_array((4, 0)))).shape == (4, 0)


def test_views_are_no_larger_than_they_are_drawn() -> None:
    """900 × 700 pixels in blocks of 3 × 3; the mean of the first three of rows 0 to 2 is that of row 1, column 1."""
    view = image().views[0]
    assert view.counts.shape == (300, 233)
    assert max(view.counts.shape) <= LARGEST
    assert (view.step, view.size) == (3, (900, 700))
    assert view.counts[0, 0] == 701.0
    assert view.counts[200, 100] == np.float32(700 * 601 + 301)
    assert (view.codes[:100, :100] == MASKED).all()
    assert np.count_nonzero(view.codes) == 100 * 100
    few = replace(image(), views=[replace(view, name=str(k)) for k in range(9)]).pictured()
    assert [v.name for v in few.views] == ["0", "4", "8"]


def test_a_document_is_what_its_schema_says() -> None:
    schema, document = schema_of(ReductionResult), replace(result(), images={"liquid": image()}).document()
    assert (document["schema"], document["kind"]) == (2, "reduction")
    assert set(schema["properties"]) == set(document) - {"schema", "kind", "not_finite"}
    for table in ("reductions", "differentials", "unchanged", "images"):
        (name, one), *_ = document[table].items()
        exact = schema["properties"][table]["additionalProperties"]["properties"]["exact"]
        assert set(one["exact"]) == set(exact["properties"]), (table, name)
    assert list(document["differentials"]) == ["physical - liquid"]
    assert list(document["unchanged"]) == ["liquid against physical"]


# ---- what 0.1 wrote -----------------------------------------------------------------------------------


def test_what_0_1_wrote_is_there() -> None:
    assert [path.parent.name for path in OLD] == ["reduction_nickel", "reduction_pbs"]


@pytest.mark.parametrize("record", OLD, ids=lambda p: p.parent.name)
def test_a_record_of_0_1_says_the_same_when_read(record: Path) -> None:
    """Every key, but the number of points, whose curves are not kept here."""
    told = json.loads(record.read_text(encoding="utf-8"))
    read = nc.read_result(record.parent)
    said = keys_of_0_1(read.document())
    for one in told["reductions"].values():
        one["n_points"] = 0
    for table in ("reductions", "differentials", "unchanged"):
        assert set(said[table]) == set(told[table])
        for name, then in told[table].items():
            _holds(said[table][name], then)
    assert said["inputs"] == told["inputs"]
    assert "Checks" in read.page()


def _holds(said: Any, told: Any) -> None:
    """Assert that a document says all that an older one does."""
    if isinstance(told, dict):
        assert set(told) <= set(said)
        for key, value in told.items():
            _holds(said[key], value)
    else:
        assert said == told


def test_a_folder_of_0_1_comes_back_with_its_curves(tmp_path: Path) -> None:
    new = result()
    one = new.reductions["liquid"]
    other = pattern_change(one.intensity, new.reductions["physical"].intensity, background_terms=3)
    images = {"liquid": image(), "physical": replace(image(), sigma=image().intensity)}
    new = replace(new, unchanged={("liquid", "physical"): other}, images=images)
    new.save(tmp_path / "out")
    record = tmp_path / "out" / "reduction.json"
    document = json.loads(record.read_text(encoding="utf-8"))
    record.write_text(json.dumps(keys_of_0_1(document)), encoding="utf-8")
    old = nc.read_result(tmp_path / "out")
    again = old.reductions["liquid"]
    assert again.settings.qmaxinst == pytest.approx(one.structure.q[-1])
    assert replace(again.settings, qmaxinst=one.settings.qmaxinst) == one.settings
    assert again.measured.source == f"x{HOSTILE}.chi"
    assert again.measured.sha256 == "0" * 64
    near = {"rtol": 1e-8, "atol": 1e-12}
    np.testing.assert_allclose(again.intensity.value, one.intensity.value, **near)
    np.testing.assert_allclose(again.intensity.sigma, one.intensity.sigma, **near)
    np.testing.assert_allclose(again.structure.f_sigma, one.structure.f_sigma, **near)
    np.testing.assert_allclose(again.pdf.g, one.pdf.g[1:], **near)  # G(0) = 0 has no σ and was not written
    assert again.scales == one.scales
    assert np.isnan(again.background).all()  # blanks as subtracted were not written
    assert old.unchanged["liquid", "physical"].background_terms == 3
    of_pair, then = old.differentials["physical", "liquid"], new.differentials["physical", "liquid"]
    np.testing.assert_allclose(of_pair.pdf.sigma, then.pdf.sigma[1:], **near)
    assert of_pair.pdf.qmax == then.pdf.qmax
    np.testing.assert_allclose(old.images["liquid"].q, image().q, **near)
    assert old.images["liquid"].sigma is None
    np.testing.assert_allclose(old.images["physical"].sigma, image().intensity, **near)
    page = old.page()
    assert 'name="qmax"' in page
    assert 'name="rpoly"' not in page  # from the counts on nothing can be calculated again
    assert 'name="rpoly"' in new.page()
    assert new.summary() == old.summary()
    assert again.settings != SETTINGS


# ---- the command --------------------------------------------------------------------------------------


def test_reductions_do_not_go_into_the_folder_of_a_refinement(tmp_path: Path) -> None:
    """It is said before anything is read or calculated: the file of counts does not exist."""
    study, out = tmp_path / "study.toml", tmp_path / "out"
    study.write_text('[reduction.a]\nfile = "a.chi"\ncomposition = "Ni"\n', encoding="utf-8")
    out.mkdir()
    (out / "report.html").write_text("", encoding="utf-8")
    (out / "results.json").write_text('{"files": ["report.html"]}', encoding="utf-8")
    told = CliRunner().invoke(app, ["reduce", str(study), "--out", str(out)])
    assert told.exit_code == 2
    assert told.stderr == (
        f"Error: {out}: holds the results of a refinement; name another folder, for instance --out {out}-reduced.\n"
    )
