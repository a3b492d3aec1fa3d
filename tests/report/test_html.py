"""The report as a page: what it says, that it says it safely, and what it draws."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from nanocrystal.report.page.axes import axis_title
from nanocrystal.report.page.figures import CELL_TEXT_UP_TO, MARKERS_UP_TO, correlation_figure, fit_figure
from nanocrystal.report.page.typography import typeset
from nanocrystal.report.refined.files import fine_csv, names_written
from nanocrystal.report.refined.result import Estimate, ParameterCorrelations, Result
from nanocrystal.report.written import report_html, write_result
from support.report_example import (
    CLOSING,
    HOSTILE,
    example,
    platinum_on_two_grids,
    platinum_pdf,
    platinum_powder,
    size_map,
    sphere_sizes,
    three_atoms,
    total_scattering,
)


class Page(HTMLParser):
    """What a browser would make of a page: its elements, tables and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.rows: dict[str, list[str]] = {}
        self.row_class: dict[str, str] = {}
        self.visible = ""
        self._row: list[str] | None = None
        self._in = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.elements.append((tag, given))
        if tag in ("script", "style"):
            self._in = tag
            self.scripts += [""] if tag == "script" else []
        elif tag == "tr":
            self._row, self._class = [], given.get("class") or ""
        elif tag in ("td", "th") and self._row is not None:
            self._row.append("")

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._in = ""
        elif tag == "tr" and self._row:
            self.rows[self._row[0]] = self._row
            self.row_class[self._row[0]] = self._class
            self._row = None

    def handle_data(self, data):
        if self._in == "script":
            self.scripts[-1] += data
        elif not self._in:
            self.visible += data
            if self._row:
                self._row[-1] += data

    def row(self, start: str) -> list[str]:
        return next(cells for head, cells in self.rows.items() if head.startswith(start))

    def data(self) -> dict:
        return json.loads(self.scripts[0])


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(report_html(example()))


def traces(page: Page, figure: str) -> dict[str, dict]:
    return {t["name"]: t for t in page.data()["figures"][figure]["data"]}


def test_no_script_or_element_comes_from_the_texts(page):
    assert len(page.scripts) == 3
    assert "plotly.js" in page.scripts[1]
    assert page.scripts[2].strip().startswith('"use strict"')
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"img", "iframe", "link", "object", "embed", "form", "base"}
    handlers = [a for _, attrs in page.elements for a in attrs if a.startswith("on")]
    assert handlers == []
    assert "<" not in page.scripts[0]
    assert page.visible.count(HOSTILE) >= 4  # title twice, source, description, input
    assert CLOSING in page.visible


def test_nothing_is_loaded_from_elsewhere(page):
    assert not [attrs for _, attrs in page.elements if "src" in attrs or "srcset" in attrs]
    links = [attrs["href"] for tag, attrs in page.elements if tag == "a"]
    assert [link for link in links if not link.startswith("#")] == ["https://doi.org/10.1002/andp.19153510606"]
    policy = next(a["content"] for t, a in page.elements if t == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none'; script-src 'unsafe-inline'")
    assert "http" not in policy


def test_verdict_and_notes_are_said(page):
    assert "The refinement converged. The relative change" in page.visible
    assert "populations.dots.sigma is not determined by the data." in page.visible
    failed = Page(report_html(replace(example(), converged=False, message="Out of evaluations.")))
    assert "The refinement did not converge. Out of evaluations." in failed.visible
    assert ("p", {"class": "verdict bad"}) in failed.elements


def banner(result: Result) -> tuple[str | None, str]:
    page = Page(report_html(result))
    kind = next(a["class"] for t, a in page.elements if t == "p" and (a.get("class") or "").startswith("verdict"))
    return kind, page.visible


def test_a_converged_model_that_does_not_describe_the_data_is_not_shown_as_good():
    one = replace(example(), datasets={"pdf": replace(platinum_pdf(), rw=0.9712)})
    kind, text = banner(one)
    assert kind == "verdict doubtful"
    assert "Converged, but the model does not describe the data (Rw 97\xa0%)." in text
    kind, text = banner(replace(example(), datasets={**example().datasets, "pdf": replace(platinum_pdf(), scale=-0.2)}))
    assert kind == "verdict doubtful"
    assert "(the scale of pdf is negative)" in text
    assert banner(replace(one, converged=False))[0] == "verdict bad"
    assert banner(example())[0] == "verdict good"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("χ²_red = 1", "χ²<sub>red</sub> = 1"),
        ("√χ²_red", "√χ²<sub>red</sub>"),
        ("σ² = (u_i + u_j)(1)", "σ² = (<i>u</i><sub>i</sub> + <i>u</i><sub>j</sub>)(1)"),
        ("R_w is 3 %.", "<i>R</i><sub>w</sub> is 3 %."),
        ("correlated by -0.924.", "correlated by −0.924."),
        ("from -1 to -2", "from −1 to −2"),
        ("1e-08 and 2.5e+06", "10<sup>−8</sup> and 2.5 × 10<sup>6</sup>"),
        ("populations.dots.d_ab, u_iso, model_ni.cif", "populations.dots.d_ab, u_iso, model_ni.cif"),
        ("a_b.gr /home/x_y/f 2015-03-01 Pt-1", "a_b.gr /home/x_y/f 2015-03-01 Pt-1"),
        ("<b>_i & 1", "&lt;b&gt;_i &amp; 1"),
        (
            "doi:10.1000/a_b-1.",
            'doi:<a href="https://doi.org/10.1000/a_b-1" rel="noopener noreferrer">10.1000/a_b-1</a>.',
        ),
    ],
)
def test_sentences_are_set_as_in_print(text, html):
    assert typeset(text) == html


@pytest.mark.parametrize(
    ("name", "unit", "title"),
    [
        ("two_theta", "°", "2<i>θ</i> (°)"),
        ("d_ab", "Å", "<i>d</i><sub>ab</sub> (Å)"),
        ("edge_length", "Å", "Edge length (Å)"),
        ("Q", "Å⁻¹", "<i>Q</i> (Å<sup>−1</sup>)"),
        ("intensity", "", "Intensity"),
    ],
)
def test_names_on_axes(name, unit, title):
    assert axis_title(name, unit) == title


@pytest.mark.parametrize(
    ("address", "value", "unit", "stderr", "scaled", "bounds"),
    [
        ("crystals.pt.a", "3.9257(9)", "Å", "0.00073", "0.00087", "3.8 to 4.05"),
        ("crystals.pt.sites.Pt.U", "0.0048(2)", "Å²", "0.00019", "0.00023", "≥ 0"),
        ("populations.dots.diameter", "37.4(13)", "Å", "1.1", "1.3", "5 to 100"),
        ("datasets.powder.scale", "12800(200)", "counts", "190", "230", "none"),
    ],
)
def test_values_stand_in_the_table_with_their_uncertainty(page, address, value, unit, stderr, scaled, bounds):
    assert page.row(address)[1:6] == [value, unit, stderr, scaled, bounds]


def test_free_come_before_linear_before_those_without_uncertainty(page):
    order = [cells[-1] for cells in page.rows.values() if cells[-1] in ("free", "linear", "undetermined", "at bound")]
    assert order == ["free"] * 3 + ["linear"] * 2 + ["undetermined", "at bound"]


@pytest.mark.parametrize(
    ("address", "value", "words", "status"),
    [
        ("populations.dots.sigma", "0.3", "not determined", "undetermined"),
        ("datasets.pdf.qbroad", "0", "at its bound", "at bound"),
    ],
)
def test_an_uncertainty_without_meaning_is_not_given(page, address, value, words, status):
    cells = page.row(address)
    assert cells[1] == value
    assert cells[3] == words
    assert cells[-1] == status
    rows = list(csv.reader(io.StringIO(page.data()["parameters_csv"])))
    assert next(r for r in rows if r[0] == address)[2:4] == ["", ""]


def test_fixed_and_tied_are_listed_apart(page):
    assert page.row("datasets.pdf.qdamp")[1:] == ["0.04", "Å⁻¹", "fixed"]
    assert page.row("populations.dots.c")[1:] == ["3.92571", "Å", "tied"]
    assert "What was fixed or tied (3)" in page.visible


def test_unscaled_error_is_shown_and_named_where_there_is_no_scaled_one():
    one = {
        "a": Estimate(
            value=3.92571, stderr=0.00073, stderr_scaled=None, unit="Å", status="free", min=-np.inf, max=np.inf
        )
    }
    page = Page(report_html(replace(example(), parameters=one)))
    assert page.row("a")[1:6] == ["3.9257(7)", "Å", "0.00073", "—", "none"]
    assert "not scaled" in page.visible


def test_derived_quantities_inputs_and_versions_are_listed(page):
    assert page.row("populations.dots.atoms")[1:] == ["1810(60)", "", "61"]
    assert page.row("crystals.pt.density")[1:] == ["21.418(14)", "g/cm³", "0.014"]
    assert page.row("pt.gr")[1] == "9f9f9f9f9f9f…"
    assert ("code", {"title": "9f" * 32}) in page.elements
    assert page.row("versions.numpy")[1] == "2.1.0"


def test_caption_says_how_well_it_fits(page):
    text = page.visible
    assert "X-ray PDF, 389 points. Rw = 0.102, Rwp = 0.110, χ²red = 1.43, GoF = 1.20." in text
    assert "Rw = 0.0412, Rwp = 0.0471 (0.0893 without the background). Weights: all equal" in text


def test_nothing_is_said_twice_in_a_caption():
    same = replace(platinum_pdf(), technique="pdf", rwp=platinum_pdf().rw)
    result = replace(example(), datasets={"pdf": same}, sizes={"dots diameter": sphere_sizes()})
    text = Page(report_html(result)).visible
    assert "Figure 1. pdf: 389 points. Rw = 0.102, χ²red = 1.43" in text
    assert "Distribution of the diameter of dots, weighted" in text


def test_the_error_of_derived_quantities_is_called_scaled(page):
    assert page.row("Quantity")[3] == "Std. error,scaled"


def test_compared_points_are_circles_and_curves_are_drawn_between_them():
    curve = platinum_on_two_grids()
    assert curve.fine is not None
    shown = {t["name"]: t for t in fit_figure(curve)["data"]}
    assert shown["Observed"]["mode"] == shown["Calculated"]["mode"] == "lines"
    assert shown["Points compared"]["mode"] == "markers"
    assert shown["Points compared"]["x"] == pytest.approx(curve.x, rel=1e-6)
    for name in ("Observed", "Calculated", "Difference"):
        assert shown[name]["x"] == pytest.approx(curve.fine.x, rel=1e-6)
    assert shown["Difference"]["customdata"] == pytest.approx(curve.fine.observed - curve.fine.calculated, rel=1e-5)
    kept = shown["Points compared"]["meta"]["columns"]
    assert kept["Calculated"] == pytest.approx(curve.calculated, rel=1e-6)
    assert kept["Difference"] == pytest.approx(curve.observed - curve.calculated, rel=1e-5)
    unknown = replace(curve, fine=replace(curve.fine, observed=None))
    shown = {t["name"]: t for t in fit_figure(unknown)["data"]}
    assert "Points compared" not in shown
    assert len(shown["Difference"]["x"]) == len(shown["Observed"]["x"]) == 130
    assert len(shown["Calculated"]["x"]) == 389


def test_the_finer_grid_has_a_file_of_its_own(tmp_path):
    curve = platinum_on_two_grids()
    assert curve.fine is not None
    result = replace(example(), datasets={"pdf": curve, "pdf_fine": platinum_powder()}, structures={})
    write_result(result, tmp_path / "out", None)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "report.html", "results.json", "pdf.csv", "pdf_fine_.csv", "pdf_fine.csv",
    }  # fmt: skip
    assert {p.name for p in (tmp_path / "out").iterdir()} <= set(names_written(["pdf", "pdf_fine"], [], False))
    rows = list(csv.reader((tmp_path / "out" / "pdf_fine_.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["r", "observed", "calculated"]
    written = np.array(rows[1:], dtype=float).T
    for column, values in zip(written, (curve.fine.x, curve.fine.observed, curve.fine.calculated), strict=True):
        assert column == pytest.approx(values, rel=1e-8)


def test_components_are_drawn_between_the_points_where_they_are_known_there():
    curve, whole = platinum_on_two_grids(), platinum_pdf()
    fine = replace(curve.fine, components=whole.components)
    shown = {t["name"]: t for t in fit_figure(replace(curve, fine=fine))["data"]}
    for name in ("Pt–Pt", "Pt–ligand"):
        assert shown[name]["x"] == pytest.approx(whole.x)
        assert shown[name]["y"] == pytest.approx(whole.components[name], rel=1e-6, abs=1e-300)
        assert shown[name]["meta"]["grid"] == "fine"
        assert "shape" not in shown[name]["line"]
        at_points = shown["Points compared"]["meta"]["columns"][name]
        assert at_points == pytest.approx(whole.components[name][::3], rel=1e-6, abs=1e-300)
    head = fine_csv(fine, "r").splitlines()[0]
    assert head == "r,observed,calculated,Pt–Pt,Pt–ligand"


def test_the_arrays_in_the_page_are_those_of_the_result(page):
    curve, shown = platinum_pdf(), traces(page, "figure-1")
    for name, values in {
        "Observed": curve.observed,
        "Calculated": curve.calculated,
        "Pt–Pt": curve.components["Pt–Pt"],
    }.items():
        assert shown[name]["x"] == pytest.approx(curve.x, rel=1e-6)
        assert shown[name]["y"] == pytest.approx(values, rel=1e-6, abs=1e-300)
    assert shown["Observed"]["error_y"]["array"] == pytest.approx(curve.sigma)
    assert shown["Observed"]["error_y"]["visible"] is False
    assert shown["Pt–Pt"]["visible"] == "legendonly"
    difference = curve.observed - curve.calculated
    assert shown["Difference"]["customdata"] == pytest.approx(difference, rel=1e-6)
    assert max(shown["Difference"]["y"]) < min(shown["Observed"]["y"])
    powder = traces(page, "figure-2")
    assert powder["Background"]["y"] == pytest.approx(platinum_powder().background, rel=1e-6)
    assert "error_y" not in powder["Observed"]


def test_correlations_and_sizes_are_drawn(page):
    heat = page.data()["figures"]["figure-4"]["data"][0]
    assert np.array(heat["z"]) == pytest.approx(example().correlation_matrix, abs=1e-4)
    assert (heat["zmin"], heat["zmax"]) == (-1, 1)
    assert set(traces(page, "figure-3")) == {"Number-weighted", "Volume-weighted"}


def test_a_map_of_sizes_is_drawn():
    result = replace(example(), size_maps={f"dots{CLOSING} d_ab l_c": size_map()})
    page = Page(report_html(result))
    figure = page.data()["figures"]["figure-4"]
    trace = figure["data"][0]
    assert trace["type"] == "contour"
    assert np.array(trace["z"]) == pytest.approx(size_map().number_density, rel=1e-3)
    assert np.array(trace["z"]).shape == (len(trace["y"]), len(trace["x"]))
    assert figure["layout"]["xaxis"]["title"]["text"] == "<i>d</i><sub>ab</sub> (Å)"
    assert figure["layout"]["yaxis"]["title"]["text"] == "<i>l</i><sub>c</sub> (Å)"
    assert f"Figure 4. Number density of dots{CLOSING} over dab and lc." in page.visible
    assert len(page.scripts) == 3


def test_atoms_are_in_the_page_with_colour_and_radius():
    page = Page(report_html(replace(example(), atoms={f"dots{CLOSING}": three_atoms()})))
    (key, data), *others = page.data()["atoms"].items()
    assert (key, others) == ("figure-3", [])
    assert [e["symbol"] for e in data["elements"]] == ["Pb", "Br", "Og"]
    assert [e["color"] for e in data["elements"]] == ["#575961", "#A62929", "#B0B0B0"]
    assert [e["radius"] for e in data["elements"]][:2] == [1.46, 1.2]
    assert data["kinds"] == [0, 1, 2]
    assert data["positions"] == [0, 0, 0, 2.8, 0, 0, 0, 2.8, 0]
    assert data["large"] is False
    assert f"Figure 3. dots{CLOSING}. All 3 atoms {HOSTILE}. Colours as in Jmol" in page.visible
    assert "figure-4" in page.data()["figures"]
    assert len(page.scripts) == 3


def test_what_is_absent_leaves_no_empty_section():
    bare = replace(
        example(),
        correlations=ParameterCorrelations(["a"], np.ones((1, 1))),
        sizes={},
        derived={},
        notes=[],
        methods=[],
    )
    heads = {attrs.get("id") for tag, attrs in Page(report_html(bare)).elements if tag == "section"}
    assert heads == {"fit", "parameters", "provenance"}


def test_points_that_are_not_finite_become_gaps():
    curve = platinum_pdf()
    observed = curve.observed.copy()
    observed[3:5] = np.nan, np.inf
    figure = fit_figure(replace(curve, observed=observed))
    assert figure["data"][0]["y"][3:5] == [None, None]
    json.dumps(figure, allow_nan=False)


def test_circles_give_way_to_a_line_for_many_points():
    n = MARKERS_UP_TO + 1
    line = np.linspace(1.0, 2.0, n)
    curve = replace(platinum_pdf(), x=line, observed=line, calculated=line, sigma=None, components={})
    assert fit_figure(curve)["data"][0]["mode"] == "lines"
    assert fit_figure(platinum_pdf())["data"][0]["mode"] == "markers"


def test_small_angle_data_get_log_axes_and_a_panel_for_the_difference():
    q = np.geomspace(0.01, 1.0, 200)
    intensity = 1e3 / (1 + (q / 0.02) ** 4) + 1e-4
    curve = replace(
        platinum_pdf(),
        x=q,
        observed=1.01 * intensity,
        calculated=intensity,
        sigma=0.01 * intensity,
        components={},
    )
    figure = fit_figure(curve)
    assert figure["layout"]["xaxis"]["type"] == figure["layout"]["yaxis"]["type"] == "log"
    difference = figure["data"][-1]
    assert difference["yaxis"] == "y2"
    assert difference["y"] == pytest.approx(np.ones(200), rel=1e-6)
    assert fit_figure(platinum_powder())["layout"]["xaxis"]["type"] == "linear"


def test_scattering_offers_the_abscissae_that_are_known():
    curve = total_scattering()
    figure = fit_figure(curve)
    assert figure["layout"]["meta"]["abscissa"] == "Q"
    assert list(figure["layout"]["meta"]["choices"]) == ["Q", "two_theta", "d"]
    assert figure["data"][-1]["yaxis"] == "y2"
    assert figure["data"][-1]["y"] == pytest.approx(curve.observed - curve.calculated, rel=1e-6)
    assert [t["name"] for t in figure["data"]] == ["Observed", "Background", "Calculated", "Difference"]
    assert list(fit_figure(replace(curve, wavelength=None))["layout"]["meta"]["choices"]) == ["Q", "d"]
    over_angle = replace(platinum_powder(), x_name="two_theta", wavelength=1.5)
    assert fit_figure(over_angle)["layout"]["meta"]["abscissa"] == "two_theta"
    assert "meta" not in fit_figure(platinum_powder())["layout"]
    assert "meta" not in fit_figure(platinum_pdf())["layout"]
    page = Page(report_html(replace(example(), datasets={"xrd": curve})))
    assert [a["data-to"] for _, a in page.elements if "data-to" in a] == ["Q", "two_theta", "d"]
    assert "Lower panel: observed − calculated." in page.visible


def test_names_in_figures_are_text():
    names = [HOSTILE, "b"]
    rows = correlation_figure(names, np.eye(2))["data"][0]["y"]
    assert "<script" not in rows[0]
    curve = replace(platinum_pdf(), components={HOSTILE: platinum_pdf().calculated}, x_unit=HOSTILE)
    text = json.dumps(fit_figure(curve))
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_cells_of_a_large_correlation_matrix_carry_no_text():
    n = CELL_TEXT_UP_TO + 1
    assert "text" not in correlation_figure([str(i) for i in range(n)], np.eye(n))["data"][0]


def test_a_file_name_that_is_not_utf8_does_not_stop_the_report():
    text = report_html(replace(example(), inputs={"pt\udcff.gr": "00" * 32}))
    assert "pt?.gr" in text
    text.encode("utf-8")


def test_import_brings_no_plotting_library():
    heavy = "('plotly', 'pandas', 'matplotlib')"
    code = f"import nanocrystal.report, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
