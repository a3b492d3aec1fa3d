"""Plans come back from their folders as they were, with the keys of version 0.1; their page says what they say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal.report.encoding import schema_of
from nanocrystal.report.plan.result import (
    Plan,
)
from support.paths import REFERENCES
from support.plan_example import BLIND, INF, NAN, A, B, example
from support.report_example import CLOSING, HOSTILE

OLD = REFERENCES / "0.1" / "plan_cspbbr3_twins"


def document_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "plan.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_a_plan_comes_back_equal(tmp_path: Path) -> None:
    """What is not finite and what names hold included; null in the record, as version 0.1 wrote it."""
    example().save(tmp_path / "out", "title = 'as run'\n")
    again = nc.read_result(tmp_path / "out")
    assert again == example()
    assert again.parameters[2].stderr_if_others_known == INF
    assert np.isnan(again.parameters[2].stderr)
    assert again.planned[0].slopes.x.tolist() == [0.1, 0.2, 0.3]
    document = document_of(tmp_path / "out")
    assert document["parameters"][BLIND]["stderr"] is None
    assert set(document["files"]) == {"plan.json", "report.html", "study.toml"}
    assert (document["schema"], document["kind"]) == (2, "plan")


def test_the_schema_says_what_the_document_holds() -> None:
    """Its keys are those of the document, records by their name included."""
    document, schema = example().document(), schema_of(Plan)
    assert set(schema["properties"]) == set(document) - {"schema", "kind", "not_finite"}
    for key, record in {"parameters": A, "datasets": "iq", "targets": A}.items():
        where = schema["properties"][key]["additionalProperties"]["$ref"].removeprefix("#/$defs/")
        assert set(schema["$defs"][where]["properties"]) == set(document[key][record])


def test_plans_that_differ_anywhere_are_not_equal() -> None:
    plan = example()
    assert replace(plan, notes=[]) != plan
    assert replace(plan, parameters=plan.parameters[:2]) != plan
    assert replace(plan, maps=[replace(plan.maps[0], stderr=plan.maps[0].stderr + 1e-9)]) != plan


def test_forecasts_are_those_of_the_parameters() -> None:
    plan = example()
    assert plan.together.of(A) == 0.02
    assert plan.together.alone.tolist() == [0.01, 0.5, INF]
    assert plan.together.undetermined == plan.together.unseen == [BLIND]
    assert plan.each["iq"].combinations[0].changes == {A: 1.0, B: -0.5}
    assert plan.counts == (0.25, 1.0)
    assert plan.by_counts[0.25].of(B) == 1.0
    assert plan.by_counts[0.25].undetermined == plan.by_counts[0.25].unseen == [BLIND]
    assert [(s.value, s.stated, s.stderr[0]) for s in plan.steps] == [(0.2, False, 0.04), (0.3, True, 0.02)]
    assert plan.targets == {A: 0.01}
    assert (plan.needed[0].wanted, plan.needed[0].now, plan.needed[0].together) == (0.01, 0.02, 4.0)
    assert plan.outside == [A]  # ± 0.02 between 1 and 1.01
    assert plan.strong_correlations() == [(A, B, -0.95)]


def test_what_the_terminal_prints() -> None:
    assert example().summary().splitlines() == [
        f"Planned {HOSTILE}: iq (1e+04 counts), {CLOSING} (as stated)",
        f"  {A:{len(BLIND)}s}  5.87(2) Å",
        f"  {B:{len(BLIND)}s}  0.0(5) Å",
        f"  {BLIND}  40 Å  (not determined)",
        f"  ! {A} to ±0.01 Å (planned: ±0.02) needs 4 times the counts.",
        f"  ! {A} stands at its bound {CLOSING}",
    ]


def test_names_appear_on_the_page_as_text() -> None:
    page = example().page()
    assert HOSTILE not in page
    assert CLOSING not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "1 parameter of 3 would not be determined. 1 of 1 targets would be missed." in page


def test_nothing_is_drawn_where_nothing_is_determined() -> None:
    """The table against the range says so; there is no figure of no parameter."""
    plan = example()
    blind = [replace(p, stderr=NAN, stderr_alone=dict.fromkeys(p.stderr_alone, NAN)) for p in plan.parameters]
    page = replace(plan, parameters=blind, maps=[]).page()
    assert 'id="range"' in page
    assert 'class="plot"' not in page


def test_a_plan_of_0_1_is_read() -> None:
    """Every key of its document stands where it stood, with what stood there."""
    told, plan = document_of(OLD), nc.read_result(OLD)
    assert isinstance(plan, Plan)
    document = json.loads(json.dumps(plan.recorded(), allow_nan=False))
    assert holds(document, {k: v for k, v in told.items() if k != "files"}) == []
    twins = "populations.dots.twins.t110.probability"
    assert np.isnan(plan.each["saxs"].of(twins))
    assert twins in plan.each["saxs"].unseen
    assert plan.together.undetermined == []
    assert plan.needed[0].each["saxs"] is None
    assert [d.counted for d in plan.datasets] == [True, True]
    assert "needs 4.9 times the counts in all data sets" in plan.summary()
    assert "All parameters would be determined." in plan.page()


def test_a_plan_of_0_1_is_saved_as_one_of_today(tmp_path: Path) -> None:
    old = nc.read_result(OLD)
    old.save(tmp_path / "new")
    assert nc.read_result(tmp_path / "new") == old


def holds(document: Any, told: Any, place: str = "") -> list[str]:
    """Return the places at which a document does not hold what another one told."""
    if isinstance(told, dict):
        parts = [(key, document.get(key, "missing"), part) for key, part in told.items()]
        return [where for key, here, part in parts for where in holds(here, part, f"{place}/{key}")]
    if isinstance(told, list) and isinstance(document, list) and len(told) == len(document):
        parts = [(k, *both) for k, both in enumerate(zip(document, told, strict=True))]
        return [where for key, here, part in parts for where in holds(here, part, f"{place}/{key}")]
    return [] if document == told else [place]


@pytest.mark.parametrize("gone", ["parameters", "undetermined"])
def test_half_a_plan_is_refused(tmp_path: Path, gone: str) -> None:
    example().save(tmp_path / "out")
    document = document_of(tmp_path / "out")
    del document[gone]
    (tmp_path / "out" / "plan.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(nc.InputError, match="is no result that can be read"):
        nc.read_result(tmp_path / "out")
