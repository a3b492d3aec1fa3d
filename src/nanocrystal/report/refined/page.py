"""The report of a refinement as a page: what its template asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nanocrystal.report.page import tables
from nanocrystal.report.page.figures import (
    MARKERS_UP_TO,
    Figure,
    abscissa,
    abscissae,
    correlation_figure,
    fit_figure,
    has_panel,
    map_figure,
    sizes_figure,
    wants_log_axes,
)
from nanocrystal.report.page.numbers import merit
from nanocrystal.report.page.rendering import RESET, Button, Choice, Page, Verdict, rendered
from nanocrystal.report.refined.atoms import atoms_data
from nanocrystal.report.refined.ratio_figure import ratio_figure
from nanocrystal.report.refined.result import (
    DISAGREE,
    MOST_LISTED,
    POOR,
    REFINED,
    AtomPicture,
    Estimate,
    FittedCurve,
    Result,
)
from nanocrystal.report.refined.stack_figure import stack_figure, trend_figure

Misfit = tuple[str, str, str]
"""a data set, what is wrong, and by how much"""


def refinement_page(result: Result, script: str | None = None) -> str:
    """Return the report of a refinement; script: address of plotly.js, None for a page that holds it itself.

    Style and script are inside; the page's content security policy forbids it to load anything else. Texts of the
    result appear as text, whatever characters they hold.
    """
    page = Page(result.title or "Refinement", result.version, script)
    page.data["parameters_csv"] = tables.parameters_csv(result.parameters)
    return rendered("refinement.html", page, **context_of(result))


def context_of(result: Result) -> dict[str, Any]:
    """Return what the template of a refinement names."""
    return {
        "result": result,
        "state": verdict_of(result),
        "misfits": list(misfits(result)),
        "fit_of": fit_of,
        "buttons_of": fit_buttons,
        "quality_of": quality,
        "wants_log_axes": wants_log_axes,
        "has_panel": has_panel,
        "trend_figure": trend_figure,
        "sizes_figure": sizes_figure,
        "map_figure": map_figure,
        "correlation_figure": correlation_figure,
        "atoms_data": atoms_data,
        "atoms_buttons": atoms_buttons,
        "MOST_MARKERS": MARKERS_UP_TO,
        "STACKED": STACKED,
        "DISAGREE": DISAGREE,
        "LARGE_PULL": LARGE_PULL,
        "MOST_LISTED": MOST_LISTED,
        "names_alone": names_alone(result),
        "versions": {"nanocrystal": result.version, **result.provenance},
        **parameter_context(result.parameters),
    }


def parameter_context(parameters: Mapping[str, Estimate]) -> dict[str, Any]:
    """Return what the tables of parameters name."""
    return {
        "refined": tables.refined_rows(parameters),
        "held": {k: p for k, p in parameters.items() if p.status not in REFINED},
        "has_scaled": any(p.stderr_scaled is not None for p in parameters.values()),
        "statuses": {p.status for p in parameters.values()},
        "value_text": tables.value_text,
        "bounds": tables.bounds,
        "interval_text": tables.interval_text,
        "without_error": tables.without_error,
        "has_intervals": any(tables.is_told(p) for p in parameters.values()),
        "STATUS": tables.STATUS,
    }


def verdict_of(result: Result) -> Verdict:
    """Return how the refinement ended: "doubtful" where it converged on a model that does not describe the data."""
    if not result.converged:
        return "bad"
    return "doubtful" if result.doubts or any(misfits(result)) else "good"


def misfits(result: Result) -> Iterator[Misfit]:
    """Yield by what the model fails to describe the data."""
    for name, curve in result.datasets.items():
        if curve.rw >= POOR and not curve.is_noise:
            yield name, "rw", f"{100.0 * curve.rw:.0f}"
        if curve.scale is not None and curve.scale <= 0.0:
            yield name, "scale", "negative" if curve.scale < 0.0 else "zero"


LARGE_PULL = 3.0
"""standard deviations from which on a difference between data sets is marked"""
STACKED = {
    "offset": "Each curve stands above the one before it, less its background, all on one scale; the grey line below "
    "it is its difference, observed − calculated",
    "decays": "Each curve is drawn over its calculated beginning; bars are one σ; lower panel: observed − calculated",
}
"""what to know of a figure of several curves, by its style"""


def names_alone(result: Result) -> list[str]:
    """Return the data sets that say something of a shared parameter by themselves."""
    if result.joint is None:
        return []
    return [n for n in result.joint.error_scales if any(n in each for each in result.joint.shared.values())]


def fit_of(curve: FittedCurve) -> Figure:
    """Return the figure of one data set."""
    if curve.look.stack is not None:
        return stack_figure(curve)
    return ratio_figure({"": curve}) if curve.labels else fit_figure(curve)


def quality(curve: FittedCurve) -> list[tuple[str, str]]:
    """Return the figures of merit of one data set: symbol and value."""
    merits = [("R_w", merit(curve.rw))]
    if merit(curve.rwp) != merit(curve.rw):
        merits.append(("R_wp", merit(curve.rwp)))
    if curve.rwp_without_background is not None:
        merits[-1] = (merits[-1][0], f"{merits[-1][1]} ({merit(curve.rwp_without_background)} without the background)")
    if curve.chi2_red is not None:
        merits.append(("χ²_red", merit(curve.chi2_red)))
    if curve.gof is not None:
        merits.append(("GoF", merit(curve.gof)))
    return merits


def fit_buttons(curve: FittedCurve) -> list[Button | Choice]:
    """Return the buttons for what one fit can show."""
    buttons: list[Button | Choice] = [RESET]
    if curve.look.stack is not None:
        return buttons
    if curve.sigma is not None:
        buttons.append(Button(action="errors", text="Error bars", pressed=bool(curve.labels)))
    if curve.components:
        buttons.append(Button(action="components", text="Components", pressed=curve.look.components_shown))
    if wants_log_axes(curve):
        buttons.append(Button(action="log", text="Log axes", pressed=True))
    elif has_panel(curve) and bool((curve.observed > 0.0).any()):
        buttons.append(Button(action="intensity", text="Log intensity", pressed=False))
    choices, shown = abscissae(curve), abscissa(curve)
    if len(choices) > 1:
        over = [Button(action="over", text=key, pressed=key == shown, to=key) for key in choices]
        buttons.append(Choice(label="Abscissa", buttons=over))
    return buttons


def atoms_buttons(picture: AtomPicture, large: bool) -> Sequence[Button | Choice]:
    """Return the buttons of a picture of atoms."""
    buttons: list[Button | Choice] = [
        Button(action="reset", text="Reset view"),
        Button(action="larger", text="Large atoms", pressed=large),
    ]
    if picture.domain_names:
        colors = {"domains": "Domains", "elements": "Elements"}
        choice = [Button(action="color", text=w, pressed=to == "domains", to=to) for to, w in colors.items()]
        buttons.append(Choice(label="Colours", buttons=choice))
    return buttons
