"""Results that converged on nonsense: what the terminal says first, and the exit code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.small_study import SmallStudy, gr_rows


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    return SmallStudy(tmp_path)


def test_a_pdf_upside_down_is_doubtful_first(small: SmallStudy) -> None:
    """As after a sign lost in a transform: the fit is perfect, with a negative scale."""
    rows = [line.split() for line in gr_rows()]
    small.write("ni.gr", "".join(f"{r} {-float(g):.6f}\n" for r, g in rows))
    said = small.refine()
    assert said.exit_code == 1
    assert ": doubtful, " in said.stderr.splitlines()[1]
    assert "datasets.pdf.scale is negative" in said.stderr
    assert said.stderr.rstrip().splitlines()[-1].startswith("Doubtful: datasets.pdf.scale is negative")


def test_noise_in_the_place_of_a_pdf_is_doubtful_first(small: SmallStudy) -> None:
    noise = np.random.default_rng(0).normal(size=1500)
    small.write("ni.gr", "".join(f"{0.01 * (k + 1):.2f} {g:.5f}\n" for k, g in enumerate(noise)))
    said = small.refine()
    assert said.exit_code == 1
    assert ": doubtful, " in said.stderr.splitlines()[1]
    page = (small.folder / "study" / "report.html").read_text(encoding="utf-8")
    assert '<p class="verdict doubtful">' in page
