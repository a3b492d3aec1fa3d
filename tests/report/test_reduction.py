"""The report of a reduction: complete in itself, and what its sliders calculate is what Python calculates."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from nanocrystal.reduction import ReducedPattern, reduced_pattern
from nanocrystal.report.reduction.page import reduction_page
from nanocrystal.report.reduction.result import ReductionResult
from support.browser import needs_browser, opened_page
from support.reduced_liquid import HOSTILE, SETTINGS, liquid, result


def test_page_holds_everything_and_nothing_foreign() -> None:
    page = reduction_page(result())
    for heading in (
        "G(r)",
        "What qmax and rpoly do",
        "Checks",
        "I(Q) and blanks",
        "Differential",
        "Has anything changed?",
    ):
        assert f">{heading}</h2>" in page
    assert HOSTILE not in page
    assert "do not differ by more than the noise" in page
    assert page.count('<div class="live"') == 2
    assert "not kept by the polynomial" in page
    outside = re.findall(r'(?:src|href)="(?!#)([^"]+)"', re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL))
    assert all(link.startswith("https://doi.org/") for link in outside)


def test_page_of_data_without_sigma_or_blanks() -> None:
    one = liquid()
    bare = reduced_pattern(replace(one.intensity, spread=None), SETTINGS, name="bare")
    page = reduction_page(ReductionResult(title="x", version="0", reductions={"bare": bare}))
    assert "No σ is known" in page


# ---- in a browser -------------------------------------------------------------------------------------

MOVE = """<script>
window.addEventListener("load", () => setTimeout(() => {
  window.requestAnimationFrame = (draw) => setTimeout(draw, 5);  // no frames come without a window
  const [panel, other] = document.querySelectorAll(".live");
  const copy = ({ f, g }) => ({ f: [...f], g: [...g] });
  const found = { begun: copy(panel.live), physical: copy(other.live), r: null, moved: [] };
  const settings = SETTINGS;
  const next = (k) => {
    if (k === settings.length) {
      panel.querySelector("button").click();
      setTimeout(() => {
        found.back = copy(panel.live);
        found.drawn = document.getElementById(panel.dataset.figure).data[3].y;
        found.said = panel.querySelector(".live-said").textContent;
        const text = document.createElement("pre");
        text.id = "found";
        text.textContent = JSON.stringify(found);
        document.body.append(text);
      }, 300);
      return;
    }
    for (const [name, value] of Object.entries(settings[k])) {
      const input = panel.querySelector(`[name=${name}]`);
      input.value = value;
      input.dispatchEvent(new Event("input"));
    }
    setTimeout(() => { found.moved.push(copy(panel.live)); next(k + 1); }, 300);
  };
  next(0);
}, 300));
</script></body>"""
MOVED = [
    {"qmax": 15.3, "rpoly": 0.9, "qmin": 0.0, "blanks": 1.0, "window": "none"},
    {"qmax": 21.0, "rpoly": 1.7, "qmin": 0.85, "blanks": 1.0, "window": "none"},
    {"qmax": 18.0, "rpoly": 0.3, "qmin": 0.0, "blanks": 1.1, "window": "lorch"},
]


@pytest.mark.campaign
@needs_browser
def test_sliders_reduce_as_python_does(tmp_path: Path) -> None:
    """F and G of the page for other qmax, rpoly, qmin, blanks and window against reductions with these settings."""
    whole = result()
    _, found = opened_page(reduction_page(whole), MOVE.replace("SETTINGS", json.dumps(MOVED)), tmp_path)
    r = np.linspace(0.0, 25.0, len(found["begun"]["g"]))
    one, physical = whole.reductions["liquid"], whole.reductions["physical"]
    for reduction, drawn in ((one, found["begun"]), (physical, found["physical"]), (one, found["back"])):
        _agree(reduction, drawn, r)
    np.testing.assert_allclose(found["drawn"], found["back"]["g"])
    for settings, drawn in zip(MOVED, found["moved"], strict=True):
        changed = {k: v for k, v in settings.items() if k != "blanks"}
        scale = 0.9 * float(settings["blanks"])
        _agree(liquid(replace(SETTINGS, **changed), blank_scale=scale), drawn, r)  # type: ignore[arg-type]
    assert "difference 0.0 %" in found["said"]


def _agree(reduction: ReducedPattern, drawn: dict[str, list[float]], r: np.ndarray) -> None:
    np.testing.assert_allclose(drawn["f"], reduction.structure.f, atol=1e-5)
    exact = CubicSpline(reduction.pdf.r, reduction.pdf.g)(r)  # Python's grid is another one
    np.testing.assert_allclose(drawn["g"], exact, atol=2e-4)
