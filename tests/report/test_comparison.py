"""The report of a comparison: reflections and their names, the superstructure region, a browser that draws it."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.parameters import Meaning
from nanocrystal.parameters.meaning import NORMAL_STD, NUMBER_STD
from nanocrystal.refinement import Comparison, compare
from nanocrystal.report.compared.figures import covers_superstructure, superstructure_figure
from nanocrystal.report.compared.tables import unlike_meanings
from nanocrystal.report.refined.reflections import grouped, reflections
from nanocrystal.report.refined.result import DerivedValue, Estimate
from nanocrystal.report.written import comparison_html
from nanocrystal.sample import Distribution, Sphere
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.tables.library import library_text
from support.browser import needs_browser, opened_page
from support.compared import curve, of_residuals, result

A, B, C = 8.207, 8.255, 11.759
"""Å; γ-CsPbBr3 of the library"""


def q_of(h: int, k: int, m: int) -> float:
    return 2.0 * np.pi * float(np.sqrt((h / A) ** 2 + (k / B) ** 2 + (m / C) ** 2))


def three_phases(**more: object) -> Comparison:
    """Return a comparison over Q of 1 to 3 Å⁻¹ whose best candidate is γ-CsPbBr3."""
    rng = np.random.default_rng(1)
    x = np.linspace(1.0, 3.0, 400)
    truth = 100.0 + 900.0 * np.exp(-(((x - 1.52) / 0.02) ** 2)) + 30.0 * np.exp(-(((x - 1.79) / 0.02) ** 2))
    observed = truth + rng.normal(size=400)
    texts = {"gamma": "CsPbBr3-gamma", "alpha": "CsPbBr3-alpha", "<i>beta": "CsPbBr3-beta-built"}
    results = {
        name: result(
            {"iq": curve(observed, truth + k * (x > 1.7) * np.sin(30 * x), np.ones(400), **more)},
            5 - k,
            structures={"model_x.cif": library_text(key)},
        )
        for k, (name, key) in enumerate(texts.items())
    }
    return compare(results, title="Phases <&>", problems={"delta": "failed: <b>"}, descriptions={"gamma": "a < b"})


# ---- reflections ----------------------------------------------------------------------------------


def test_face_centred_reflections_are_all_odd_or_all_even() -> None:
    found = reflections(library_text("Pt"), 2.5, 6.0)
    a = 3.9231
    wanted = {(1, 1, 1): 3, (0, 0, 2): 4, (0, 2, 2): 8, (1, 1, 3): 11, (2, 2, 2): 12}
    assert {tuple(sorted(abs(i) for i in r.hkl)) for r in found} == set(wanted)
    for r in found:
        assert r.q == pytest.approx(2 * np.pi / a * np.sqrt(wanted[tuple(sorted(abs(i) for i in r.hkl))]))


def test_points_of_the_zone_in_pbnm() -> None:
    """M: h + k odd, l even; R: both odd; X: h + k even, l odd."""
    found = {r.hkl: r for r in reflections(library_text("CsPbBr3-gamma"), 1.5, 2.2)}
    wanted = {(1, 2, 0): "M", (2, 1, 0): "M", (2, 1, 1): "R", (1, 0, 3): "R", (0, 2, 1): "X", (1, 1, 3): "X",
              (2, 0, 0): "cubic", (1, 1, 2): "cubic", (0, 0, 4): "cubic", (2, 2, 0): "cubic"}  # fmt: skip
    for hkl, kind in wanted.items():
        assert found[hkl].kind == kind, hkl
        assert found[hkl].q == pytest.approx(q_of(*hkl), rel=1e-6)
    assert (0, 1, 2) not in found  # 1.31 Å⁻¹
    assert (2, 0, 1) not in found  # h0l needs h + l even in Pbnm (an n glide)


def test_points_of_the_zone_in_p4_mbm_and_in_others() -> None:
    kinds = {r.hkl: r.kind for r in reflections(library_text("CsPbI3-beta"), 1.4, 2.1)}
    assert kinds[(2, 1, 0)] == kinds[(2, 1, 1)] == "M"
    assert kinds[(2, 0, 0)] == kinds[(1, 1, 1)] == "cubic"
    assert {r.kind for r in reflections(library_text("CsPbBr3-alpha"), 1.0, 3.0)} == {"all"}
    assert {r.kind for r in reflections(library_text("CdSe-wurtzite"), 1.0, 3.0)} == {"all"}


def test_intensity_of_a_family_by_hand() -> None:
    """Simple cubic: |F| = f for all, so 100 (6 equivalents) to 110 (12) is ½ (f(1.57)/f(2.22))²."""
    angles = "\n".join(f"_cell_angle_{name} 90" for name in ("alpha", "beta", "gamma"))
    lengths = "\n".join(f"_cell_length_{name} 4.0" for name in "abc")
    atom = "loop_\n_atom_site_label\n_atom_site_type_symbol\n" + "".join(f"_atom_site_fract_{x}\n" for x in "xyz")
    text = f"data_Po\n{lengths}\n{angles}\n_space_group_name_H-M_alt 'P m -3 m'\n{atom}Po1 Po 0 0 0\n"
    found = {tuple(sorted(r.hkl)): r.intensity for r in reflections(text, 1.0, 2.5)}
    f1, f2 = (float(form_factor("Po", np.array([2.0 * np.pi / 4.0 * np.sqrt(n)]))[0]) for n in (1, 2))
    assert found[(0, 0, 1)] / found[(0, 1, 1)] == pytest.approx(0.5 * (f1 / f2) ** 2, rel=0.01)


def test_no_crystal_no_reflections() -> None:
    assert reflections("data_x\n", 1.5, 2.2) == []
    assert reflections("nothing of the kind", 1.5, 2.2) == []


def test_neighbours_are_one_mark() -> None:
    found = [r for r in reflections(library_text("CsPbBr3-gamma"), 1.5, 2.2) if r.kind == "R"]
    assert [[r.text for r in g] for g in grouped(found, 0.02)] == [["103", "121", "211"]]


# ---- tables ---------------------------------------------------------------------------------------


def spheres(**kinds: str) -> Comparison:
    """Return candidates of spheres whose diameters are distributed so, with the meanings that a refinement gives."""
    observed = np.full(50, 100.0)
    results = {}
    for k, (name, kind) in enumerate(kinds.items()):
        declared = Sphere(Distribution(kind, 40.0, 4.0)).declared()  # type: ignore[arg-type]
        parameters = {"scale": estimate("", Meaning("scale", "of the curve"))}
        parameters |= {f"populations.dots.{a}": estimate("Å", q.meaning) for a, (q, _) in declared.items()}
        data = {"iq": curve(observed, observed + 0.1 * k, np.ones(50))}
        results[name] = result(data, 3, parameters=parameters)
    return compare(results)


def estimate(unit: str, meaning: Meaning) -> Estimate:
    return Estimate(
        value=40.0,
        stderr=0.1,
        stderr_scaled=0.1,
        unit=unit,
        status="free",
        quantity=meaning.quantity,
        definition=meaning.definition,
    )


def below_the_table(page: str) -> list[str]:
    """Return the sentences below the tables, as text."""
    found = re.findall(r'<p class="explain unlike">(.*?)</p>', page, re.DOTALL)
    return [" ".join(html.unescape(re.sub("<[^>]*>", "", text)).split()) for text in found]


def test_a_row_says_where_candidates_mean_different_things_by_it() -> None:
    page = spheres(cut="normal", round="lognormal", skewed="lognormal").page()
    body = "of the sphere, crystal with its shell, without coating"
    assert below_the_table(page) == [
        "1 populations.dots.diameter.mean is not the same in all candidates, so its values must not be compared: "
        f"in cut: diameter, {body}, mean of the number-weighted normal distribution before it is cut off at 0 (Å); "
        f"in round, skewed: diameter, {body}, number-weighted mean (Å).",
        "2 populations.dots.diameter.std is not the same in all candidates, so its values must not be compared: "
        f"in cut: diameter, {body}, {NORMAL_STD} (Å); in round, skewed: diameter, {body}, {NUMBER_STD} (Å).",
    ]
    marked = re.findall(r"<code>([^/]*)</code><sup class=\"mark\">(\d)</sup>", page.replace("<wbr>", ""))
    assert marked == [("populations.dots.diameter.mean", "1"), ("populations.dots.diameter.std", "2")]


def test_a_row_of_one_meaning_has_no_mark() -> None:
    page = spheres(first="lognormal", second="lognormal").page()
    assert below_the_table(page) == []
    assert 'class="mark"' not in page


def test_what_says_nothing_of_itself_is_as_any() -> None:
    """Results of version 0.1 say no quantities."""
    told = estimate("Å", Meaning("diameter", "of the sphere"))
    assert unlike_meanings({"a": {"x": told, "y": replace(told, quantity="", definition="")}}) == {}
    assert list(unlike_meanings({"a": {"x": told, "y": replace(told, unit="nm")}})) == ["a"]


def test_derived_quantities_are_marked_alike() -> None:
    values = {
        name: DerivedValue(4.0, 0.1, "Å", "diameter", "diameter", of) for name, of in (("a", "all"), ("b", "one"))
    }
    observed = np.full(50, 100.0)
    results = {
        name: result({"iq": curve(observed, observed + k, np.ones(50))}, 1, derived={"populations.x.d": value})
        for k, (name, value) in enumerate(values.items())
    }
    [sentence] = below_the_table(compare(results).page())
    assert sentence.endswith("must not be compared: in a: diameter, all (Å); in b: diameter, one (Å).")


def test_rows_say_the_chance_and_the_standing_of_each() -> None:
    """Of three candidates one is worse and one cannot be told from the best; chances are set by hand."""
    r = np.random.default_rng(2).normal(size=300)
    found = compare(of_residuals({"first": r, "alike": 1.001 * r, "poor": 4.0 * r}))
    chances = {"alike": (0.31, False), "poor": (2.5e-4, True)}
    pairs = [
        replace(p, probability=chances[p.worse][0], told_apart=chances[p.worse][1])
        for p in found.pairs
        if p.better == "first"
    ]
    rows = re.findall(r"<tr>(.*?)</tr>", replace(found, pairs=pairs).page(), re.DOTALL)
    cells = {}
    for row in rows:
        texts = [" ".join(html.unescape(re.sub("<[^>]*>", "", c)).split()) for c in re.split(r"</t[hd]>", row)]
        cells[texts[0]] = texts[-3:-1]
    assert cells["first"] == ["—", "not told apart"]
    assert cells["alike"] == ["31 %", "not told apart"]
    assert cells["poor"] == ["< 0.1 %", "worse"]


def test_the_state_of_a_comparison() -> None:
    """Whether all, some or none of the candidates could be judged."""
    both = of_residuals({"a": np.ones(50), "b": np.ones(50)})
    for results, problems, state in ((both, {}, "good"), (both, {"c": "failed"}, "doubtful"), ({}, {"c": "x"}, "bad")):
        assert f'<p class="verdict {state}">' in compare(results, problems=problems).page()


# ---- figures --------------------------------------------------------------------------------------


def test_region_is_shown_where_data_over_q_cover_it() -> None:
    x = np.linspace(1.0, 3.0, 50)
    whole = curve(x, x, None)
    assert covers_superstructure(whole)
    assert not covers_superstructure(curve(x, x, None, x=np.linspace(1.6, 3.0, 50)))
    assert not covers_superstructure(curve(x, x, None, x_name="r", x_unit="Å"))
    assert "superstructure" not in comparison_html(three_phases(x=np.linspace(1.6, 3.0, 400)))


def test_region_names_rows_and_labels_the_strongest() -> None:
    curves = {name: r.datasets["iq"] for name, r in three_phases().results.items()}
    figure = superstructure_figure(curves, reflections(library_text("CsPbBr3-gamma"), 1.5, 2.2))
    rows = figure["layout"]["yaxis2"]["ticktext"]
    assert rows == ["M", "R", "X", "cubic"]
    labels = {(rows[round(a["y"])], a["text"]) for a in figure["layout"]["annotations"]}
    assert {("R", "211…"), ("X", "113"), ("M", "122…")} <= labels
    x = figure["data"][0]["x"]
    assert min(x) >= 1.5
    assert max(x) <= 2.2


def test_page_holds_texts_as_text() -> None:
    page = comparison_html(three_phases())
    assert "<i>beta" not in page.partition("<script")[0]
    for words in ("Phases &lt;&amp;&gt;", "a &lt; b", "&lt;i&gt;beta", "failed: &lt;b&gt;", "Superstructure region"):
        assert words in page
    data = json.loads(page.partition('<script id="report-data" type="application/json">')[2].partition("</script>")[0])
    assert data["parameters_csv"].startswith("candidate,parameter,value,")
    assert len(data["figures"]) == 2


@needs_browser
def test_browser_draws_it_and_refuses_nothing(tmp_path: Path) -> None:
    look = """<script>setTimeout(() => {
      const plots = [...document.querySelectorAll(".plot")];
      plots[0].parentElement.querySelector("[data-do=reset]").click();
      const found = document.createElement("pre");
      found.id = "found";
      found.textContent = JSON.stringify({ refused, drawn: plots.map((p) => p.querySelectorAll(".main-svg").length),
        range: plots[0].layout.yaxis2.range, wide: document.documentElement.scrollWidth - innerWidth });
      document.body.append(found);
    }, 300);</script></body>"""
    _, found = opened_page(comparison_html(three_phases()), look, tmp_path)
    assert found["refused"] == []
    assert len(found["drawn"]) == 2
    assert all(n > 0 for n in found["drawn"])
    assert found["range"][0] == -found["range"][1]
    assert found["wide"] <= 0
