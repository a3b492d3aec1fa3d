"""The report of a plan as a page: what its template asks for."""

from __future__ import annotations

import math
from typing import Any

from nanocrystal.parameters.address import dataset_of
from nanocrystal.report.page.figures import Figure, correlation_figure
from nanocrystal.report.page.numbers import concise, number
from nanocrystal.report.page.rendering import Page, rendered
from nanocrystal.report.plan.figures import map_figure, range_figure
from nanocrystal.report.plan.result import (
    DEGENERATE,
    NOTEWORTHY,
    TOGETHER,
    Plan,
    PlannedParameter,
    PlannedRange,
    UndeterminedParameters,
    alone,
)
from nanocrystal.report.plan.words import combination_words, factor_words, target_words

STRONG_LISTED = 10
"""pairs of correlated parameters that are named at most"""


def plan_page(plan: Plan, script: str | None = None) -> str:
    """Return the report of a plan; script: address of plotly.js, None for a page that holds it itself."""
    return rendered("plan.html", Page(plan.title, plan.version, script), **context_of(plan))


def context_of(plan: Plan) -> dict[str, Any]:
    """Return what the template of a plan names."""
    return {
        "plan": plan,
        "several": len(plan.datasets) > 1,
        "missing": plan.undetermined[TOGETHER].parameters,
        "missed": [t for t in plan.needed if t.counts_factor is None or t.counts_factor > 1.0],
        "unseen": plan.undetermined[TOGETHER].not_seen,
        "alone": alone,
        "left_open": left_open(plan),
        "cuts": cuts(plan),
        "correlated": correlation_of(plan),
        "strong": plan.strong_correlations()[:STRONG_LISTED],
        "finite": math.isfinite,
        "value_of": value_of,
        "range_figure": range_figure,
        "map_figure": map_figure,
        "factor_words": factor_words,
        "target_words": target_words,
        "DEGENERATE": DEGENERATE,
        "NOTEWORTHY": NOTEWORTHY,
    }


def value_of(p: PlannedParameter) -> str:
    """Return the value of a parameter with its standard error in brackets, where it has one."""
    return concise(p.value, p.stderr) if p.determined else number(p.value, 5)


def left_open(plan: Plan) -> dict[str, list[str]]:
    """Return what is not determined by all data sets ("") and by each alone, in sentences; what is, is left out."""
    each = {d.name: plan.undetermined[alone(d.name)] for d in plan.datasets} if len(plan.datasets) > 1 else {}
    said = {name: _sentences(open_, name, plan) for name, open_ in {"": plan.undetermined[TOGETHER], **each}.items()}
    return {name: sentences for name, sentences in said.items() if sentences}


def _sentences(left: UndeterminedParameters, dataset: str, plan: Plan) -> list[str]:
    """Return what is left open; parameters of other data sets are no surprise to a data set alone."""
    sentences = [combination_words(changes, plan) for changes in left.combinations]
    unseen = [a for a in left.not_seen if not dataset or dataset_of(a) is None]
    return [*sentences, f"not seen at all: {', '.join(unseen)}."] if unseen else sentences


def cuts(plan: Plan) -> dict[tuple[str, str], list[PlannedRange]]:
    """Return data set and key -> the steps of its range."""
    by_key: dict[tuple[str, str], list[PlannedRange]] = {}
    for step in plan.range:
        by_key.setdefault((step.dataset, step.key), []).append(step)
    return by_key


def correlation_of(plan: Plan) -> Figure | None:
    """Return the figure of the correlations to expect, None where fewer than two parameters are determined."""
    known = [k for k, p in enumerate(plan.parameters) if p.determined]
    if len(known) < 2:
        return None
    return correlation_figure([plan.addresses[k] for k in known], plan.correlations.matrix[known][:, known])
