"""The report in a browser: it draws, it saves images, and it asks for nothing from the network."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from nanocrystal.report import report_html
from test_report_example import example

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

WATCH = """<script>
const refused = [], saved = {};
document.addEventListener("securitypolicyviolation", (e) => refused.push(e.violatedDirective));
const real = URL.createObjectURL;
URL.createObjectURL = (blob) => { saved[blob.type] = blob; return real(blob); };
</script>"""

TRY = """<script>
const until = async (type) => {
  for (let i = 0; i < 50 && !saved[type]; i++) await new Promise((r) => setTimeout(r, 100));
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


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_the_page_draws_saves_and_stays_offline(tmp_path: Path):
    text = report_html(example()).replace("<style>", WATCH + "<style>", 1)
    head, _, tail = text.rpartition("</body>")
    page = tmp_path / "report.html"
    page.write_text(head + TRY + tail, encoding="utf-8")
    options = [
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--virtual-time-budget=10000", "--enable-logging=stderr", "--v=0"),
        *("--window-size=1200,2400", "--dump-dom"),
    ]
    done = subprocess.run(
        [BROWSER, *options, f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    assert len(re.findall(r'class="plot[^"]*js-plotly-plot', done.stdout)) == 4
    assert done.stdout.count('class="main-svg"') >= 4

    match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert match, "the page's buttons did not answer"
    found = json.loads(unescape(match[1]))
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
