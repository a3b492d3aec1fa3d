"""The report in a browser: it draws, it saves images, and it asks for nothing from the network."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from support.browser import needs_browser, opened
from support.report_example import example, platinum_on_two_grids, size_map, three_atoms, total_scattering

TRY = """<script>
const until = async (type) => {
  for (let i = 0; i < 2000 && !saved[type]; i++) await new Promise((r) => setTimeout(r, 100));
};
setTimeout(async () => {
  const figure = document.querySelector("figure");
  const plot = figure.querySelector(".plot");
  for (const [action, type] of [["svg", "image/svg+xml"], ["png", "image/png"], ["csv", "text/csv"]]) {
    figure.querySelector(`[data-do=${action}]`).click();
    await until(type);
  }
  for (const action of ["errors", "components"]) figure.querySelector(`[data-do=${action}]`).click();
  const found = document.createElement("pre");
  found.id = "found";
  found.textContent = JSON.stringify({
    refused,
    resources: performance.getEntriesByType("resource").map((e) => e.name),
    svg: await saved["image/svg+xml"].text(),
    png: saved["image/png"].size,
    csv: await saved["text/csv"].text(),
    shown: plot.data.map((t) => t.visible ?? true),
    bars: plot.data[0].error_y.visible,
    width: [document.documentElement.scrollWidth, innerWidth],
  });
  document.body.append(found);
}, 200);
</script></body>"""


TRY_ABSCISSAE = """<script>
setTimeout(async () => {
  const plot = document.querySelector(".plot");
  const press = async (selector) => {
    document.querySelector(selector).click();
    await new Promise((r) => setTimeout(r, 100));
    const axis = plot._fullLayout.xaxis;
    return { x: plot.data[0].x, last: plot.data.at(-1).x, title: axis.title.text, type: axis.type, range: axis.range };
  };
  const [two_theta, d] = [await press("[data-to=two_theta]"), await press("[data-to=d]")];
  document.querySelector("[data-do=csv]").click();
  for (let i = 0; i < 50 && !saved["text/csv"]; i++) await new Promise((r) => setTimeout(r, 100));
  const Q = await press("[data-to=Q]");
  await press("[data-do=intensity]");
  const found = document.createElement("pre");
  found.id = "found";
  const csv = await saved["text/csv"].text();
  found.textContent = JSON.stringify({ Q, d, two_theta, y: plot._fullLayout.yaxis.type, csv });
  document.body.append(found);
}, 200);
</script></body>"""


TRY_ATOMS = """<script>
setTimeout(async () => {
  const holder = document.querySelector(".atoms"), canvas = holder.querySelector("canvas");
  window.requestAnimationFrame = (draw) => setTimeout(draw, 16);  // no frames come without a window
  const frame = () => new Promise((r) => setTimeout(r, 150));
  const pixels = () => canvas.toDataURL();
  const send = (type, x, y) => canvas.dispatchEvent(
    new PointerEvent(type, { pointerId: 1, buttons: 1, movementX: x, movementY: y, bubbles: true }));
  const press = (action) => holder.parentElement.querySelector(`[data-do=${action}]`).click();
  const views = [pixels()];
  send("pointermove", 60, 20);
  await frame();
  views.push(pixels());
  canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
  await frame();
  views.push(pixels());
  press("larger");
  await frame();
  views.push(pixels());
  press("larger");
  press("reset");
  await frame();
  const back = pixels() === views[0];
  for (const [action, type] of [["svg", "image/svg+xml"], ["png", "image/png"]]) {
    press(action);
    for (let i = 0; i < 2000 && !saved[type]; i++) await frame();
  }
  delete saved["text/csv"];
  document.querySelector("#sizes figure:last-child [data-do=csv]").click();
  const found = document.createElement("pre");
  found.id = "found";
  found.textContent = JSON.stringify({
    views: new Set(views).size, back, refused, svg: await saved["image/svg+xml"].text(),
    png: saved["image/png"].size, csv: await saved["text/csv"].text(),
  });
  document.body.append(found);
}, 300);
</script></body>"""


@needs_browser
def test_the_page_draws_saves_and_stays_offline(tmp_path: Path):
    done, found = opened(example(), TRY, tmp_path)
    assert len(re.findall(r'class="plot[^"]*js-plotly-plot', done.stdout)) == 4
    assert done.stdout.count('class="main-svg"') >= 4
    assert found["refused"] == []
    assert [name for name in found["resources"] if not name.startswith(("data:", "blob:"))] == []
    assert "Observed" in found["svg"]
    assert "Pt–ligand" not in found["svg"]  # it was not switched on
    assert found["png"] > 50_000
    assert found["csv"].startswith("r (Å),Observed,sigma,Calculated,Difference,Pt–Pt,Pt–ligand\n1.5,")
    assert found["csv"].count("\n") == 390
    assert found["shown"] == [True] * 5
    assert found["bars"] is True
    assert found["width"][0] <= found["width"][1]  # no sideways scrolling of the page


@needs_browser
def test_scattering_is_shown_over_q_two_theta_or_d(tmp_path: Path):
    curve = total_scattering()
    _, found = opened(replace(example(), datasets={"xrd": curve}), TRY_ABSCISSAE, tmp_path)
    expected = {
        "Q": (curve.x, "<i>Q</i> (Å<sup>−1</sup>)", "linear"),
        "two_theta": (np.degrees(2 * np.arcsin(curve.x * 1.5406 / (4 * np.pi))), "2<i>θ</i> (°)", "linear"),
        "d": (2 * np.pi / curve.x, "<i>d</i> (Å)", "log"),
    }
    for key, (x, title, kind) in expected.items():
        assert found[key]["x"] == pytest.approx(x, rel=1e-5)
        assert found[key]["last"] == pytest.approx(x, rel=1e-5)
        assert (found[key]["title"], found[key]["type"]) == (title, kind)
        low, high = np.array(found[key]["range"]) if kind == "linear" else 10.0 ** np.array(found[key]["range"])
        assert low < x.min() < x.max() < high
    assert found["y"] == "log"
    header, first = found["csv"].splitlines()[:2]
    assert header == "d (Å),Observed,Background,Calculated,Difference"
    assert float(first.split(",")[0]) == pytest.approx(2 * np.pi / curve.x[0], rel=1e-5)


@needs_browser
def test_curves_on_two_grids_are_saved_side_by_side(tmp_path: Path):
    script = TRY.replace("bars: plot.data[0].error_y.visible", "bars: plot.data[1].error_y.visible")
    _, found = opened(replace(example(), datasets={"pdf": platinum_on_two_grids()}), script, tmp_path)
    lines = found["csv"].splitlines()
    assert lines[0] == (
        "r (Å),Points compared,sigma,Calculated,Difference,Pt–Pt,Pt–ligand,"
        '"r (Å), fine grid","Observed, fine grid","Calculated, fine grid","Difference, fine grid"'
    )
    assert len(lines) == 390
    assert lines[-1].startswith(",,,,,,,50,")
    assert found["bars"] is True


@needs_browser
def test_atoms_turn_and_are_saved_and_a_map_is_saved_as_a_table(tmp_path: Path):
    result = replace(example(), atoms={"dots": three_atoms()}, size_maps={"dots d_ab l_c": size_map()})
    _, found = opened(result, TRY_ATOMS, tmp_path)
    assert found["refused"] == []
    assert found["views"] == 4  # turned with the mouse, with a key, and with larger atoms
    assert found["back"] is True
    drawing = ElementTree.fromstring(found["svg"])
    svg = "{http://www.w3.org/2000/svg}"
    assert len(drawing.findall(f"{svg}circle")) == 3
    assert [t.text for t in drawing.iter(f"{svg}text")][:3] == ["Pb", "Br", "Og"]
    assert found["png"] > 5_000
    lines = found["csv"].splitlines()
    assert lines[0] == "d_ab (Å),l_c (Å),number density (Å⁻²)"
    assert len(lines) == 1 + 41 * 31
    x, y, density = (float(v) for v in lines[1 + 41 * 15 + 20].split(","))
    assert (x, y) == (40.0, 60.0)
    assert density == pytest.approx(size_map().number_density.max(), rel=1e-3)
