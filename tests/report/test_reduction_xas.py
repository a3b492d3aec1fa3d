"""The report of absorption edges: complete in itself, and what its sliders calculate is what Python calculates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nanocrystal.reduction.xas import ReducedAbsorption
from nanocrystal.reduction.xas.autobk import ETOK
from nanocrystal.reduction.xas.noise import ToR
from nanocrystal.report.encoding import decoded, encoded
from nanocrystal.report.reduction.page import reduction_page
from nanocrystal.report.reduction.result import ReductionResult
from nanocrystal.report.reduction.xas_figures import chi_figure, mu_figure, norm_figure, r_figure
from nanocrystal.report.reduction.xas_files import scan_texts, settings_rows
from support.browser import needs_browser, opened_page
from support.xas_files import E0, energies, made_mu, reduced

HOSTILE = "<script>alert(1)</script>"


def copper(scans: int = 1) -> ReducedAbsorption:
    energy, rng = energies(), np.random.default_rng(2)
    one = reduced([(energy, made_mu(energy) + 1e-3 * rng.standard_normal(len(energy))) for _ in range(scans)])
    return replace(one, scans=tuple(f"{s} {HOSTILE}" for s in one.scans), notes=(f"note {HOSTILE}",))


def result(**edges: ReducedAbsorption) -> ReductionResult:
    return ReductionResult(title=f"Copper {HOSTILE}", version="0", reductions={}, absorption=edges)


def test_page_holds_everything_and_nothing_foreign() -> None:
    page = reduction_page(result(cu=copper(), three=copper(3)))
    assert HOSTILE not in page
    for text in ("Absorption edges", "Methods and citations", "What to know"):
        assert f">{text}</h2>" in page
    for heading in ("G(r)", "Checks", "I(Q) and blanks"):
        assert f">{heading}</h2>" not in page
    assert page.count('<div class="live edge"') == 2
    assert "2 sets reduced" in page
    assert "the standard error of the mean of the scans" in page
    assert "from the scatter of χ(R) between 15 and 25" in page
    assert "Newville" in page


def test_the_record_is_read_as_it_was() -> None:
    before = result(cu=copper(2))
    again = decoded(ReductionResult, encoded(before))
    assert encoded(again) == encoded(before)
    assert np.array_equal(again.absorption["cu"].chi_r, before.absorption["cu"].chi_r)
    assert encoded(before)["absorption"]["cu"]["noise"]["how"] == "scans"


def test_figures_show_the_arrays() -> None:
    one = copper()
    mu, background = mu_figure(one)["data"][0], mu_figure(one)["data"][3]
    assert mu["x"] == pytest.approx(one.energy)
    assert background["x"] == pytest.approx(one.e0 + one.k[20:] ** 2 / ETOK, abs=1e-4)
    chi = np.interp(np.array(background["x"]), one.energy, one.mu) - np.array(background["y"])
    assert chi == pytest.approx(one.step * one.chi[20:], abs=1e-5)
    assert norm_figure(one)["layout"]["xaxis"]["range"] == pytest.approx([one.e0 - 30.0, one.e0 + 100.0])
    below, above, middle = (np.array(trace["y"]) for trace in chi_figure(one)["data"])
    assert middle == pytest.approx(one.k**2 * one.chi, abs=1e-5)
    assert above - below == pytest.approx(2.0 * one.k**2 * one.sigma, abs=1e-5)
    assert r_figure(one)["data"][0]["y"] == pytest.approx(np.abs(one.chi_r), abs=1e-5)


def test_files_say_how_they_were_made() -> None:
    one = copper()
    texts = scan_texts("cu", one)
    assert list(texts) == ["cu.nor", "cu.chi"]
    assert "# rbkg = 1\n" in texts["cu.chi"]
    assert "# clamp = 0 1\n" in texts["cu.chi"]
    rows = settings_rows(one)
    assert (rows["element"], rows["sigma_from"]) == ("Cu", "chi(R) at 15 to 25 A")
    assert float(rows["e0"]) == pytest.approx(E0, abs=0.2)
    assert list(scan_texts("cu", replace(one, k=np.zeros(0)))) == ["cu.nor"]


# ---- in a browser -------------------------------------------------------------------------------------

MOVE = """<script>
window.addEventListener("load", () => setTimeout(() => {
  const panel = document.querySelector(".live.edge");
  const found = { begun: [...panel.live] };
  for (const [name, value] of [["kmin", 4], ["kmax", 11]]) {
    const input = panel.querySelector(`[name=${name}]`);
    input.value = value;
    input.dispatchEvent(new Event("input"));
  }
  const select = panel.querySelector("select");
  select.value = "3";
  select.dispatchEvent(new Event("input"));
  found.moved = [...panel.live];
  found.said = panel.querySelector(".live-said").textContent;
  found.drawn = [...document.getElementById(panel.dataset.figure).data[2].y];
  panel.querySelector("button").click();
  found.back = [...panel.live];
  const text = document.createElement("pre");
  text.id = "found";
  text.textContent = JSON.stringify(found);
  document.body.append(text);
}, 300));
</script></body>"""


@needs_browser
def test_sliders_transform_as_python_does(tmp_path: Path) -> None:
    one = copper()
    _, found = opened_page(reduction_page(result(cu=one)), MOVE.removesuffix("</body>"), tmp_path)
    begun = np.abs(one.chi_r)
    assert found["begun"] == pytest.approx(begun, abs=1e-6 * begun.max())
    assert found["back"] == found["begun"]
    moved = np.abs(ToR((4.0, 11.0), 3).transformed(one.k, one.chi)[1][: len(one.r)])
    assert found["moved"] == pytest.approx(moved, abs=1e-6 * moved.max())
    assert found["drawn"] == found["moved"]
    assert "Shells nearer than 0.224 Å are not resolved" in found["said"]
