"""The report of a series: what is drawn, what is said, and that nothing foreign gets in."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from nanocrystal.report.page.rendering import plotly_text
from nanocrystal.report.series.files import series_csv
from nanocrystal.report.series.page import series_page
from nanocrystal.report.series.result import MemberResult, SeriesValue
from support.series_members import SmallSeries, fit_of, member_of, series_of

TEMPERATURES = (100.0, 110.0, 120.0, 130.0)


def member(t: float) -> MemberResult:
    cold = t < 115.0
    fits = {
        name: replace(
            fit_of({f"crystals.{name}.a": (3.0 + 1e-3 * t, 1e-3)}, 0.0, 0.0 if (name == "low") == cold else 20.0),
            derived={
                "order_parameter": SeriesValue(
                    value=0.1 if cold else 0.0, stderr=0.01, unit="", status="derived", description="order"
                )
            },
        )
        for name in ("low", "high")
    }
    return replace(member_of(t, fits, "low" if cold else "high"), report=f"T{t:g}/report.html")


@pytest.fixture(scope="module")
def page() -> str:
    return series_page(series_of([member(t) for t in TEMPERATURES], ("low", "high"), order_parameter="a - b"))


def figures(page: str) -> list[dict[str, Any]]:
    data = page.partition('<script id="report-data" type="application/json">')[2].partition("</script>")[0]
    return list(json.loads(data)["figures"].values())


def titled(page: str, y_title: str) -> dict[str, Any]:
    [found] = [f for f in figures(page) if f["layout"]["yaxis"]["title"]["text"] == y_title]
    return found


def test_parameters_are_drawn_with_bars_and_gaps(page: str) -> None:
    drawn = [f for f in figures(page) if f["layout"]["yaxis"]["title"]["text"] == "a (Å)"]
    assert len(drawn) == 2
    [trace] = drawn[0]["data"]
    assert trace["x"] == list(TEMPERATURES)
    assert trace["y"] == pytest.approx([3.1, 3.11, 3.12, 3.13])
    assert trace["error_y"]["array"] == [1e-3] * 4
    assert trace["marker"]["symbol"] == ["circle", "circle", "circle-open", "circle-open"]
    [band] = drawn[0]["layout"]["shapes"]
    assert (band["x0"], band["x1"]) == (110.0, 120.0)


def test_difference_of_bic_and_order_parameter_are_drawn(page: str) -> None:
    traces = titled(page, "ΔBIC")["data"]
    assert {t["name"]: t["y"] for t in traces} == {"low": [0.0, 0.0, 20.0, 20.0], "high": [20.0, 20.0, 0.0, 0.0]}
    assert titled(page, "Order")["data"][0]["y"] == [0.1, 0.1, 0.0, 0.0]


def test_map_is_over_abscissa_and_variable_with_the_preferred_at_its_side(page: str) -> None:
    observed, change = [f for f in figures(page) if f["data"][0]["type"] == "heatmap"]
    first, *sides = observed["data"]
    assert (first["x"], first["y"]) == ([1.0, 2.0, 3.0], list(TEMPERATURES))
    assert first["z"] == [[0.0, 1.0, -1.0]] * 4
    assert {s["name"]: s["y"] for s in sides} == {"low preferred": [100.0, 110.0], "high preferred": [120.0, 130.0]}
    assert change["data"][0]["z"] == [[0.0, 0.0, 0.0]] * 4
    assert [s["y0"] for s in observed["layout"]["shapes"]] == [115.0]


def test_patterns_are_stacked_by_value(page: str) -> None:
    [drawn] = [f for f in figures(page) if "moved" in f["layout"]["yaxis"]["title"]["text"]]
    observed = [t for t in drawn["data"] if t["meta"]["role"] == "observed"]
    assert [t["customdata"] for t in observed] == [[0.0, 1.0, -1.0]] * 4
    heights = [t["y"][0] for t in observed]
    assert heights == sorted(heights)
    assert [a["text"] for a in drawn["layout"]["annotations"]] == ["100 K", "110 K", "120 K", "130 K"]


def test_members_link_to_their_reports_and_the_transition_is_said_first(page: str) -> None:
    assert re.findall(r'<a href="(T\d+/report.html)">', page) == [f"T{t:g}/report.html" for t in TEMPERATURES]
    head = page.partition("<nav")[0].rpartition("<header>")[2]
    assert "All 4 members converged" in head
    assert "Between 110 and 120 K the preferred candidate changes from low to high" in head


def test_foreign_text_is_only_text() -> None:
    evil = "<script>alert(1)</script>"
    series = series_of([member(t) for t in TEMPERATURES], ("low", "high"), notes=[evil], descriptions={"low": evil})
    page = series_page(replace(series, title=evil, variable=evil, unit=evil, order_parameter=evil))
    clean = series_page(series_of([member(t) for t in TEMPERATURES], ("low", "high")))
    assert page.count("<script") == clean.count("<script")
    assert "alert(1)</script>" not in page


def test_failed_members_are_listed(page: str) -> None:
    failed = MemberResult(
        name="T140", value=140.0, branch="", fits={}, best=[], preferred=None, problem="the file is empty"
    )
    series = series_of([*(member(t) for t in TEMPERATURES), failed], ("low", "high"))
    text = series_page(series)
    assert "1 of 5 members failed" in text
    assert "the file is empty" in text
    assert series_csv(series).splitlines()[-1].startswith("T140,140,,failed,,,")


def test_a_series_without_any_result_has_a_page() -> None:
    failed = [
        MemberResult(name=f"T{t:g}", value=t, branch="", fits={}, best=[], preferred=None, problem="lost")
        for t in (1.0, 2.0)
    ]
    assert "2 of 2 members failed" in series_page(series_of(failed))
    assert "0 members are done, 2 are not" in series_page(series_of([], missing=["a", "b"]))


def test_pages_of_members_take_plotly_from_the_folder_of_the_series(tmp_path: Path) -> None:
    small = SmallSeries(tmp_path)
    assert small.series("--quiet").exit_code == 0
    folder = tmp_path / "study-series"
    assert (folder / "plotly.min.js").read_text(encoding="utf-8") == plotly_text()
    page = (folder / "T100" / "report.html").read_text(encoding="utf-8")
    sources = Sources()
    sources.feed(page)
    assert sources.found == ["../plotly.min.js"]
    assert len(page) < 1_500_000
    assert "script-src 'unsafe-inline' 'self' file:;" in page
    whole = (folder / "report.html").read_text(encoding="utf-8")
    assert plotly_text() in whole
    assert "'self'" not in whole.partition("<title>")[0]


class Sources(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [v for k, v in attributes if tag == "script" and k == "src" and v]
