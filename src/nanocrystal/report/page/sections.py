"""The sections of the report as HTML; every text from outside is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from nanocrystal.report.page import tables
from nanocrystal.report.page.numbers import number
from nanocrystal.report.page.typography import typeset
from nanocrystal.report.refined.result import Result

R_W = "<i>R</i><sub>w</sub>"
HINT = (
    '<p class="explain hint">Drag in a figure to zoom, double-click to see all of it, '
    "click in its legend to hide or show a curve.</p>"
)


def section(key: str, head: str, body: str) -> str:
    """Return a section with its heading; body is HTML."""
    labelled = f'<section id="{key}" aria-labelledby="{key}-head">'
    return f'{labelled}<h2 id="{key}-head">{head}</h2>{body}</section>'


def facts(shown: Sequence[tuple[str, str]]) -> str:
    """Return figures with what they are of, both HTML, as they stand below a verdict."""
    return f'<dl class="facts">{"".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in shown)}</dl>'


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


STACKED = {
    "offset": "Each curve stands above the one before it, less its background, all on one scale; the grey line below "
    "it is its difference, observed − calculated",
    "decays": "Each curve is drawn over its calculated beginning; bars are one σ; lower panel: observed − calculated",
}
"""what to know of a figure of several curves, by its style"""


def methods(result: Result) -> str:
    """Return one paragraph each; a DOI becomes a link to it."""
    return "".join(f"<p>{typeset(text)}</p>" for text in result.methods)


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


def button(action: str, text: str, pressed: bool | None = None, more: str = "") -> str:
    state = "" if pressed is None else f' aria-pressed="{str(pressed).lower()}"'
    return f'<button type="button" data-do="{action}"{state}{more}>{text}</button>'


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{number(seconds, 2)} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"
