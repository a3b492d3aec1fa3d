"""The files of a comparison by name."""

from __future__ import annotations

from collections.abc import Mapping

from nanocrystal.report.compared.result import COMPARISON
from nanocrystal.report.outcome import REPORT
from nanocrystal.report.page.rendering import PLOTLY
from nanocrystal.report.refined.files import names_written


def compared_names(candidates: Mapping[str, tuple[list[str], list[str]]], *, shares_script: bool = False) -> list[str]:
    """Return the names of the files that a comparison may write; candidate -> its data sets and models.

    shares_script: whether its pages share the script of their figures, which then stands beside them.
    """
    results = [f"{c}/{name}" for c, (sets, models) in candidates.items() for name in names_written(sets, models, False)]
    return [REPORT, *results, *([PLOTLY] if shares_script else []), COMPARISON]
