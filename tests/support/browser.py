"""A page opened in a browser without a window, with a script that tries it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from nanocrystal.report.refined.result import Result
from nanocrystal.report.written import report_html

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")

WATCH = """<script>
const refused = [], saved = {};
document.addEventListener("securitypolicyviolation", (e) => refused.push(e.violatedDirective));
const real = URL.createObjectURL;
URL.createObjectURL = (blob) => { saved[blob.type] = blob; return real(blob); };
</script>"""


def opened(result: Result, script: str, folder: Path) -> tuple[subprocess.CompletedProcess[str], dict]:
    """Open the report of a result in the browser, run a script in it, and return what it found."""
    return opened_page(report_html(result), script, folder)


def opened_page(text: str, script: str, folder: Path) -> tuple[subprocess.CompletedProcess[str], dict]:
    """Open a page in the browser, run a script in it, and return what it found."""
    text = text.replace("<style>", WATCH + "<style>", 1)
    head, _, tail = text.rpartition("</body>")
    page = folder / "report.html"
    page.write_text(head + script + tail, encoding="utf-8")
    for budget in (30_000, 120_000, 480_000):  # of virtual time, which on a busy machine runs away from the page
        options = [
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *(f"--virtual-time-budget={budget}", "--enable-logging=stderr", "--v=0"),
            *("--window-size=1200,2400", "--dump-dom"),
        ]
        done = subprocess.run(
            [str(BROWSER), *options, f"--user-data-dir={folder / f'profile{budget}'}", page.as_uri()],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=240,
            check=True,
        )
        assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
        match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
        if match:
            break
    assert match, "the page's buttons did not answer"
    return done, json.loads(unescape(match[1]))
