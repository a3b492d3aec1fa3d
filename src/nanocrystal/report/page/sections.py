"""The sections of the report as HTML; every text from outside is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from nanocrystal.report.page import tables
from nanocrystal.report.page.figures import MARKERS_UP_TO, abscissa, abscissae, has_panel, wants_log_axes
from nanocrystal.report.page.numbers import merit, number
from nanocrystal.report.page.typography import short_name, typeset
from nanocrystal.report.refined.result import POOR, FittedCurve, Result

R_W = "<i>R</i><sub>w</sub>"
HINT = (
    '<p class="explain hint">Drag in a figure to zoom, double-click to see all of it, '
    "click in its legend to hide or show a curve.</p>"
)


def section(key: str, head: str, body: str) -> str:
    """Return a section with its heading; body is HTML."""
    labelled = f'<section id="{key}" aria-labelledby="{key}-head">'
    return f'{labelled}<h2 id="{key}-head">{head}</h2>{body}</section>'


def verdict(result: Result) -> str:
    """Return whether it converged, with the message, and the figures of merit of the whole."""
    said, kind = "The refinement did not converge.", "bad"
    if result.converged:
        misfit = _misfit(result)
        said, kind = "The refinement converged.", "good"
        if misfit:
            said, kind = f"Converged, but the model does not describe the data ({misfit}).", "doubtful"
    shown = [
        *((f"{R_W} of {escape(name)}", merit(d.rw)) for name, d in result.datasets.items()),
        ("evaluations", f"{result.n_evaluations}"),
        ("elapsed", duration(result.elapsed_s)),
        ("nanocrystal", escape(result.version)),
    ]
    return f'<p class="verdict {kind}"><strong>{said}</strong> {typeset(_sentence(result.message))}</p>{facts(shown)}'


def facts(shown: Sequence[tuple[str, str]]) -> str:
    """Return figures with what they are of, both HTML, as they stand below a verdict."""
    return f'<dl class="facts">{"".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in shown)}</dl>'


def _misfit(result: Result) -> str:
    """Return by what the model fails to describe the data, as HTML; empty where it describes them."""
    several = len(result.datasets) > 1
    found = []
    for name, curve in result.datasets.items():
        of = f" of {escape(name)}" if several else ""
        if curve.rw > POOR:
            found.append(f"{R_W}{of} {100.0 * curve.rw:.0f}&nbsp;%")
        if curve.scale is not None and curve.scale < 0.0:
            found.append(f"the scale{of} is negative")
    return ", ".join(found)


def _sentence(text: str) -> str:
    """Return text that begins with a capital and ends with a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def notes(result: Result) -> str:
    """Return the notes on the refinement as a list."""
    if not result.notes:
        return ""
    items = "".join(f"<li>{typeset(note)}</li>" for note in result.notes)
    return f'<ul class="know">{items}</ul>'


def figure(key: str, number_: int, caption: str, spoken: str, file: str, x: str, buttons: Sequence[str]) -> str:
    """Return an empty figure, which the page's script draws into, with its buttons and caption.

    caption is HTML; spoken (what a screen reader says), file and x (the head of the first
    column of its data) are text. A figure without x has no data button.
    """
    save = [button("svg", "Save SVG"), button("png", "Save PNG")]
    if x:
        save.append(button("csv", "Save data (CSV)"))
    return (
        f'<figure><div class="plot" id="{key}" role="img" aria-label="{escape(spoken)}"'
        f' data-file="{escape(file)}" data-x="{escape(x)}"></div>'
        f'<div class="tools">{"".join(buttons)}<span class="gap"></span>{"".join(save)}</div>'
        f"<figcaption><b>Figure {number_}.</b> {caption}</figcaption></figure>"
    )


def atoms_figure(
    key: str, number_: int, caption: str, spoken: str, file: str, large: bool, has_domains: bool = False
) -> str:
    """Return an empty picture of atoms, which the page's script draws and turns; caption is HTML."""
    buttons = [button("reset", "Reset view"), button("larger", "Large atoms", pressed=large)]
    if has_domains:
        colors = {"domains": "Domains", "elements": "Elements"}
        choice = "".join(button("color", word, to == "domains", f' data-to="{to}"') for to, word in colors.items())
        buttons.append(f'<span class="choice" role="group" aria-label="Colours">{choice}</span>')
    save = [button("svg", "Save SVG"), button("png", "Save PNG")]
    return (
        f'<figure><div class="atoms" id="{key}" data-file="{escape(file)}">'
        f'<canvas tabindex="0" role="img" aria-label="{escape(spoken)}"></canvas></div>'
        f'<div class="tools">{"".join(buttons)}<span class="gap"></span>{"".join(save)}</div>'
        f"<figcaption><b>Figure {number_}.</b> {caption}</figcaption></figure>"
    )


STACKED = {
    "offset": "Each curve stands above the one before it, less its background, all on one scale; the grey line below "
    "it is its difference, observed − calculated",
    "decays": "Each curve is drawn over its calculated beginning; bars are one σ; lower panel: observed − calculated",
}
"""what to know of a figure of several curves, by its style"""


def fit_buttons(curve: FittedCurve) -> list[str]:
    """Return the buttons for what one fit can show."""
    buttons = [button("reset", "Reset zoom")]
    if curve.look.stack is not None:
        return buttons
    if curve.sigma is not None:
        buttons.append(button("errors", "Error bars", pressed=bool(curve.labels)))
    if curve.components:
        buttons.append(button("components", "Components", pressed=curve.look.components_shown))
    if wants_log_axes(curve):
        buttons.append(button("log", "Log axes", pressed=True))
    elif has_panel(curve) and bool((curve.observed > 0.0).any()):
        buttons.append(button("intensity", "Log intensity", pressed=False))
    choices = abscissae(curve)
    if len(choices) > 1:
        own = abscissa(curve)
        over = "".join(button("over", short_name(key), key == own, f' data-to="{key}"') for key in choices)
        buttons.append(f'<span class="choice" role="group" aria-label="Abscissa">{over}</span>')
    return buttons


def fit_caption(name: str, curve: FittedCurve) -> str:
    """Return what was measured, how well it is described, and where it came from."""
    quality = [
        f"{R_W} = {merit(curve.rw)}",
    ]
    if merit(curve.rwp) != merit(curve.rw):
        quality.append(f"<i>R</i><sub>wp</sub> = {merit(curve.rwp)}")
    if curve.rwp_without_background is not None:
        quality[-1] += f" ({merit(curve.rwp_without_background)} without the background)"
    if curve.chi2_red is not None:
        quality.append(f"χ²<sub>red</sub> = {merit(curve.chi2_red)}")
    if curve.gof is not None:
        quality.append(f"GoF = {merit(curve.gof)}")
    count = f"{curve.n_points:,}".replace(",", "\u202f") + (" point" if curve.n_points == 1 else " points")
    sentences = [
        f"<b>{escape(name)}</b>: {'' if name == curve.technique else escape(curve.technique) + ', '}{count}",
        ", ".join(quality),
        f"Weights: {typeset(curve.weights)}",
        f"Source: {escape(curve.source)}",
    ]
    if curve.fine is not None:
        sentences.append(
            "The circles are the points that were compared; the lines are the same curves between them"
            if curve.fine.observed is not None
            else "The calculated curve is drawn between the points, too"
        )
        if curve.components and not curve.fine.components:
            sentences.append("Components are smooth curves through their values at these points")
    if curve.look.stack is not None:
        sentences.append(STACKED[curve.look.stack.style])
    elif curve.labels:
        sentences.append("Bars and the grey band are one σ; lower panel: observed − calculated, in units of σ")
    elif wants_log_axes(curve):
        unit = "in units of σ" if curve.sigma is not None else "relative to the calculated curve"
        sentences.append(f"Lower panel: observed − calculated, {unit}")
    elif has_panel(curve):
        sentences.append("Lower panel: observed − calculated")
    else:
        sentences.append(
            "The difference, observed − calculated, is drawn below on the same scale, with a dotted line at its zero"
        )
    if curve.observed.size > MARKERS_UP_TO:
        sentences.append("The observed points lie too close for circles and are joined by a line")
    listed = "".join(f"<li>{typeset(note)}</li>" for note in curve.notes)
    return ". ".join(sentences) + "." + (f"<ul>{listed}</ul>" if listed else "")


def parameters(result: Result, file: str) -> str:
    """Return the tables of refined and of held parameters."""
    shown = result.parameters
    if not shown:
        return ""
    parts = []
    if any(p.status in tables.REFINED for p in shown.values()):
        parts += [f"<p>{_which_error(result)}</p>", tables.refined_table(shown), _glossary(result)]
    else:
        parts.append("<p>No parameter was refined.</p>")
    held = sum(p.status not in tables.REFINED for p in shown.values())
    if held:
        parts.append(f"<details><summary>What was fixed or tied ({held})</summary>{tables.held_table(shown)}</details>")
    parts.append(f'<button type="button" id="parameters-csv" data-file="{escape(file)}">Save parameters (CSV)</button>')
    return "".join(parts)


def methods(result: Result) -> str:
    """Return one paragraph each; a DOI becomes a link to it."""
    return "".join(f"<p>{typeset(text)}</p>" for text in result.methods)


def derived(result: Result) -> str:
    """Return the table of what follows from the parameters."""
    if not result.derived:
        return ""
    said = (
        '<p class="explain">Standard errors are propagated from the covariance of the refined parameters, with '
        "√χ²<sub>red</sub> as a factor where that exceeds 1.</p>"
    )
    return said + tables.derived_table(result.derived)


def provenance(result: Result) -> str:
    """Return what went in, and with which versions it was computed."""
    return provenance_of(result.inputs, result.version, result.provenance)


def provenance_of(inputs: Mapping[str, str], version: str, versions: Mapping[str, Any]) -> str:
    """Return tables of the input files with their SHA-256, and of versions and options."""
    parts = []
    if inputs:
        parts += ["<h3>Input files</h3>", tables.inputs_table(inputs)]
    parts += ["<h3>Versions and options</h3>", tables.provenance_table({"nanocrystal": version} | dict(versions))]
    return "".join(parts)


def _which_error(result: Result) -> str:
    notation = (
        "Values are written with their standard uncertainty in brackets, in units of the last digit: "
        "3.9257(9) means 3.9257 ± 0.0009."
    )
    if any(p.stderr_scaled is not None for p in result.parameters.values()):
        return (
            f"{notation} It is the scaled one: the standard error multiplied by √χ²<sub>red</sub> "
            "where that exceeds 1, and the unscaled one where there is no scaled one."
        )
    return f"{notation} It is the standard error from the covariance at the minimum, not scaled."


def _glossary(result: Result) -> str:
    statuses = {p.status for p in result.parameters.values()}
    meaning = {
        "linear": "<b>linear</b>: solved for exactly at every step",
        "undetermined": "<b>undetermined</b>: the data do not fix this value; do not quote it",
        "at_bound": "<b>at bound</b>: stopped at a limit that was set, where an uncertainty has no meaning",
    }
    said = "; ".join(text for status, text in meaning.items() if status in statuses)
    return f'<p class="explain">Status — {said}.</p>' if said else ""


def button(action: str, text: str, pressed: bool | None = None, more: str = "") -> str:
    state = "" if pressed is None else f' aria-pressed="{str(pressed).lower()}"'
    return f'<button type="button" data-do="{action}"{state}{more}>{text}</button>'


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{number(seconds, 2)} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"
