"""Writing a plan: its report and plan.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nanocrystal.refinement.design.plan import Plan
from nanocrystal.report.encoding import finite
from nanocrystal.report.files import recorded, write_texts

PLAN = "plan.json"


def plan_names(study_copy: bool) -> list[str]:
    """Return the names of the files that a plan writes."""
    return ["report.html", *(["study.toml"] if study_copy else []), PLAN]


def write_plan(plan: Plan, folder: Path | str, study_text: str | None = None) -> Path:
    """Write report, study (if its text is given) and plan.json; return the path of the report."""
    from nanocrystal.report.plan.page import plan_html

    folder = Path(folder)
    texts = {"report.html": plan_html(plan)}
    write_texts(recorded(texts, study_text, PLAN, lambda files: plan_document(plan, files)), folder)
    return folder / "report.html"


def plan_document(plan: Plan, files: list[str]) -> dict[str, Any]:
    """Return plan.json as a mapping; standard errors of what is not determined are null."""
    names = [p.address for p in plan.parameters]
    document = {
        "title": plan.title,
        "version": plan.version,
        "parameters": {
            p.address: {
                "value": p.value,
                "unit": p.unit,
                "linear": p.linear,
                "stderr": float(plan.together.stderr[k]),
                "stderr_if_others_known": float(plan.together.alone[k]),
                "stderr_alone": {name: float(f.stderr[k]) for name, f in plan.each.items()},
            }
            for k, p in enumerate(plan.parameters)
        },
        "datasets": {
            p.name: {"technique": p.technique, "n_points": len(p.slopes.x), "noise": p.noise_words}
            for p in plan.planned
        },
        "undetermined": {
            "together": {
                "parameters": plan.together.undetermined,
                "combinations": [dict(c.changes) for c in plan.together.combinations],
            },
            **{
                f"{name} alone": {"not_seen": f.unseen, "combinations": [dict(c.changes) for c in f.combinations]}
                for name, f in plan.each.items()
            },
        },
        "correlations": {"names": names, "matrix": [[float(v) for v in row] for row in plan.together.correlations]},
        "counts": {f"{k:g}": _by_name(names, f.stderr) for k, f in plan.by_counts.items()},
        "range": [
            {
                "dataset": s.dataset,
                "key": s.key,
                "value": s.value,
                "unit": s.unit,
                "as_stated": s.stated,
                "stderr": _by_name(names, s.stderr),
            }
            for s in plan.steps
        ],
        "targets": {
            t.address: {
                "stderr": t.wanted,
                "planned": t.now,
                "counts_factor": t.together,
                "counts_factor_alone": dict(t.each),
            }
            for t in plan.needed
        },
        "notes": list(plan.notes),
        "inputs": dict(plan.inputs),
        "files": sorted(files),
    }
    return finite(document)  # type: ignore[no-any-return]


def _by_name(names: list[str], values: Any) -> dict[str, float]:
    return {name: float(v) for name, v in zip(names, values, strict=True)}
