"""The files of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nanocrystal.report.compared.result import Comparison
from nanocrystal.report.encoding import finite
from nanocrystal.report.files import recorded, write_texts
from nanocrystal.report.refined.files import names_written, results_document

COMPARISON = "comparison.json"


def compared_names(candidates: Mapping[str, tuple[list[str], list[str]]], study_copy: bool) -> list[str]:
    """Return the names of the files that a comparison may write; candidate -> its data sets and models."""
    own = [f"{c}/{name}" for c, (sets, models) in candidates.items() for name in names_written(sets, models, False)]
    return ["report.html", *own, *(["study.toml"] if study_copy else []), COMPARISON]


def write_comparison(comparison: Comparison, folder: Path | str, study_text: str | None = None) -> Path:
    """Write the report of a comparison, a folder for each candidate and comparison.json; return the report's path.

    Everything is written beside the folder first and moved in at the end, comparison.json last.
    """
    from nanocrystal.report.compared.page import comparison_html

    folder = Path(folder)
    texts = {"report.html": comparison_html(comparison)}
    for candidate, result in comparison.results.items():
        texts |= {f"{candidate}/{name}": text for name, text in result.files().items()}
    write_texts(recorded(texts, study_text, COMPARISON, lambda files: comparison_document(comparison, files)), folder)
    return folder / "report.html"


def comparison_document(comparison: Comparison, files: list[str]) -> dict[str, Any]:
    """Return comparison.json as a mapping; numbers that are not finite become null."""
    figures = ("n_parameters", "chi2", "gof", "chi2_effective", "aic", "bic", "delta_aic", "delta_bic")
    document = {
        "title": comparison.title,
        "version": comparison.version,
        "complete": comparison.complete,
        "elapsed_s": comparison.elapsed_s,
        "verdict": list(comparison.verdict),
        "best": comparison.best,
        "ranking": [s.name for s in comparison.standings if s.judged],
        "candidates": {
            s.name: {
                "description": s.description,
                "judged": s.judged,
                "problem": s.problem,
                **{key: getattr(s, key) for key in figures},
                "result": None if s.result is None else results_document(s.result, []),
            }
            for s in comparison.standings
        },
        "pairs": [{**vars(p), "blocks": dict(p.blocks)} for p in comparison.pairs],
        "datasets": {name: vars(basis) for name, basis in comparison.bases.items()},
        "notes": list(comparison.notes),
        "inputs": dict(comparison.inputs),
        "files": sorted(files),
    }
    return finite(document)  # type: ignore[no-any-return]
