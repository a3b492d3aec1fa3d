"""The report of a reduction as a page: what its template asks for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nanocrystal.reduction import IntegratedImage, ReducedPattern
from nanocrystal.report.page.figures import Figure
from nanocrystal.report.page.rendering import RESET, Button, Page, rendered
from nanocrystal.report.reduction import figures, words, xas_figures
from nanocrystal.report.reduction.digests import settings_of
from nanocrystal.report.reduction.image_figures import cake_figure, image_figure
from nanocrystal.report.reduction.result import ReductionResult
from nanocrystal.report.reduction.xas_files import settings_rows


@dataclass(frozen=True)
class Slider:
    """What can be moved: its field of the settings, how it is called (symbol with index, then text), from where to
    where, and where it begins."""

    field: str
    symbol: str
    index: str
    text: str
    low: float
    high: float
    value: float


def reduction_page(result: ReductionResult, script: str | None = None) -> str:
    """Return the report of a study of reductions; script: address of plotly.js, None for a page that holds it itself.

    F(Q) and G(r) of other settings are calculated in the page itself.
    """
    page = Page(result.title or "Reduction", result.version, script)
    drawn = {name: one for name, one in result.reductions.items() if len(one.structure.q)}
    page.data["reductions"] = {name: figures.live_data(one) for name, one in drawn.items()}
    page.data["edges"] = {name: xas_figures.live_scan(one) for name, one in result.absorption.items() if len(one.k)}
    context = {
        "result": result,
        "drawn": drawn,
        "wrong": wrong(result),
        "noted": list(noted(result)),
        "methods": words.methods(result),
    }
    return rendered("reduction.html", page, **context, **CALLED)


def wrong(result: ReductionResult) -> list[str]:
    """Return the reductions for which a sum rule does not hold."""
    return [n for n, one in result.reductions.items() if any(words.check_state(c, one) == "off" for c in one.checks)]


def noted(result: ReductionResult) -> Iterator[tuple[str, str]]:
    """Yield what to know, with the name of the reduction that it is said of."""
    for name, one in result.reductions.items():
        for note in one.notes:
            yield name, note
    for name, scan in result.absorption.items():
        for note in scan.notes:
            yield name, note
    for difference in result.differentials.values():
        for note in difference.notes:
            yield "", note


def intensity_buttons(figure: Figure) -> Sequence[Button]:
    """Return the buttons of the figure of an intensity."""
    log = figure["layout"]["yaxis"]["type"] == "log"
    return (RESET, Button(action="intensity", text="Log intensity", pressed=log))


def sliders_of(one: ReducedPattern) -> list[Slider]:
    """Return what can be moved of a reduction."""
    end, settings = float(one.structure.q[-1]), one.settings
    sliders = [Slider("qmax", "Q", "max", "(Å⁻¹)", 0.25 * end, end, one.pdf.qmax)]
    if figures.from_counts(one):
        sliders.append(Slider("rpoly", "r", "poly", "(Å)", 0.0, max(2.5, settings.rpoly), settings.rpoly))
        if one.scales:
            sliders.append(Slider("blanks", "", "", "blanks ×", 0.5, 1.5, 1.0))
    return [*sliders, Slider("qmin", "Q", "min", "(Å⁻¹)", 0.0, max(2.0, one.pdf.qmin), one.pdf.qmin)]


def pixel_rows(image: IntegratedImage) -> list[tuple[str, int, float]]:
    """Return what became of the pixels: in words, how many, and as a part of all in percent."""
    counts = {"used": image.used, **image.left_out}
    total = sum(counts.values())
    return [(word, count, 100.0 * count / total) for word, count in counts.items()]


CALLED: dict[str, Any] = {
    "PI": math.pi,
    "AGREES": words.AGREES,
    "NEAR": words.NEAR,
    "check_state": words.check_state,
    "settings_of": settings_of,
    "sliders_of": sliders_of,
    "from_counts": figures.from_counts,
    "pdf_figure": figures.pdf_figure,
    "live_figure": figures.live_figure,
    "intensity_figure": figures.intensity_figure,
    "intensity_buttons": intensity_buttons,
    "structure_figure": figures.structure_figure,
    "f_figure": figures.f_figure,
    "differential_figures": figures.differential_figures,
    "unchanged_figure": figures.unchanged_figure,
    "pixel_rows": pixel_rows,
    "beam_words": words.beam_words,
    "mu_figure": xas_figures.mu_figure,
    "norm_figure": xas_figures.norm_figure,
    "chi_figure": xas_figures.chi_figure,
    "r_figure": xas_figures.r_figure,
    "weighted_words": xas_figures.weighted_words,
    "noise_words": xas_figures.noise_words,
    "settings_rows": settings_rows,
    "zip": zip,
    "cake_figure": cake_figure,
    "image_figure": image_figure,
}
"""what the template names, whatever the result"""
