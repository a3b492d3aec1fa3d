"""The report of a comparison as a page: what its template asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nanocrystal.report.compared import tables
from nanocrystal.report.compared.figures import COLORS, covers_superstructure, curves_figure, superstructure_figure
from nanocrystal.report.compared.result import DRAWS, STRONG, UNSURE, Comparison
from nanocrystal.report.page.figures import MARKERS_UP_TO, Figure, abscissa, abscissae, wants_log_axes
from nanocrystal.report.page.rendering import RESET, Button, Choice, Page, Verdict, rendered
from nanocrystal.report.page.tables import NO_UNCERTAINTY
from nanocrystal.report.refined.page import STACKED
from nanocrystal.report.refined.ratio_figure import ratio_figure
from nanocrystal.report.refined.reflections import Reflection, reflections
from nanocrystal.report.refined.result import FittedCurve
from nanocrystal.report.refined.stack_figure import stack_figure

Curves = Mapping[str, FittedCurve]
"""of one data set, by candidate, the best first"""
REGION_BUTTONS = (RESET, Button(action="errors", text="Error bars", pressed=False))


def comparison_page(comparison: Comparison, script: str | None = None) -> str:
    """Return the report of a comparison; script: address of plotly.js, None for a page that holds it itself."""
    page = Page(comparison.title or "Candidates", comparison.version, script)
    page.data["parameters_csv"] = tables.parameters_csv(comparison)
    return rendered("comparison.html", page, **context_of(comparison))


def context_of(comparison: Comparison) -> dict[str, Any]:
    """Return what the template of a comparison names."""
    results = comparison.results
    parameters, derived = tables.parameter_rows(comparison), tables.derived_rows(comparison)
    return {
        "comparison": comparison,
        "state": verdict_of(comparison),
        "bases": comparison.bases,
        "results": results,
        "curves": curves_by_dataset(comparison),
        "regions": superstructures(comparison),
        "figure_of": figure_of,
        "buttons_of": buttons_of,
        "superstructure_figure": superstructure_figure,
        "wants_log_axes": wants_log_axes,
        "residuals": tables.residuals,
        "against_best": tables.against_best,
        "change": tables.change,
        "chance": tables.chance,
        "parameter_rows": parameters,
        "derived_rows": derived,
        "unlike": tables.unlike_meanings({**parameters, **derived}),
        "common": tables.common,
        "versions": versions_of(comparison),
        "colors": {name: COLORS[k % len(COLORS)] for k, name in enumerate(results)},
        "NO_UNCERTAINTY": NO_UNCERTAINTY,
        "MOST_MARKERS": MARKERS_UP_TO,
        "REGION_BUTTONS": REGION_BUTTONS,
        "STACKED": STACKED,
        "STRONG": f"{STRONG:g}",
        "UNSURE": f"{100.0 * UNSURE:g}",
        "DRAWS": DRAWS,
    }


def verdict_of(comparison: Comparison) -> Verdict:
    """Return how the comparison ended: "doubtful" where some candidate could not be judged, "bad" where none could."""
    if not any(s.judged for s in comparison.standings):
        return "bad"
    return "good" if comparison.complete else "doubtful"


def versions_of(comparison: Comparison) -> dict[str, Any]:
    """Return the versions and options of the best candidate, nothing where there is no result."""
    best = next(iter(comparison.results.values()), None)
    return {} if best is None else {"nanocrystal": comparison.version, **best.provenance}


# ---- figures --------------------------------------------------------------------------------------


def curves_by_dataset(comparison: Comparison) -> dict[str, dict[str, FittedCurve]]:
    """Return data set -> candidate -> curve, best candidate first; without those that version 0.1 left no curve of."""
    by_dataset: dict[str, dict[str, FittedCurve]] = {}
    for candidate, result in comparison.results.items():
        for name, curve in result.datasets.items():
            if len(curve.x):
                by_dataset.setdefault(name, {})[candidate] = curve
    return by_dataset


def figure_of(curves: Curves) -> Figure:
    """Return all candidates in one figure; of several curves in one data set only the best candidate's."""
    best = next(iter(curves.values()))
    if best.look.stack is not None:
        return stack_figure(best)
    return ratio_figure(curves) if best.labels else curves_figure(curves)


def buttons_of(curve: FittedCurve) -> Sequence[Button | Choice]:
    """Return the buttons for what the curves of a data set can show."""
    if curve.look.stack is not None:
        return ()
    buttons: list[Button | Choice] = [RESET]
    if curve.sigma is not None:
        buttons.append(Button(action="errors", text="Error bars", pressed=bool(curve.labels)))
    if wants_log_axes(curve):
        buttons.append(Button(action="log", text="Log axes", pressed=True))
    elif abscissa(curve) is not None and bool((curve.observed > 0.0).any()):
        buttons.append(Button(action="intensity", text="Log intensity", pressed=False))
    choices, shown = abscissae(curve), abscissa(curve)
    if len(choices) > 1:
        over = [Button(action="over", text=key, pressed=key == shown, to=key) for key in choices]
        buttons.append(Choice(label="Abscissa", buttons=over))
    return buttons


# ---- the region of superstructures ----------------------------------------------------------------


def superstructures(comparison: Comparison) -> dict[str, tuple[str, list[Reflection]]]:
    """Return data sets over 1.5 to 2.2 Å⁻¹ with the best candidate that has a crystal, and its reflections there."""
    marked = _marked(comparison)
    if marked is None:
        return {}
    best = {name: next(iter(curves.values())) for name, curves in curves_by_dataset(comparison).items()}
    return {name: marked for name, curve in best.items() if covers_superstructure(curve)}


def _marked(comparison: Comparison) -> tuple[str, list[Reflection]] | None:
    """Return the best candidate with a crystal, and its reflections between 1.5 and 2.2 Å⁻¹; None without one."""
    for candidate, result in comparison.results.items():
        crystals = [text for name, text in result.structures.items() if name.endswith(".cif")]
        marks = [r for text in crystals for r in reflections(text, 1.5, 2.2)]
        if marks:
            return candidate, marks
    return None
