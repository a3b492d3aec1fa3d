"""The page of the scattering of explicit atoms: its curve, and what it was calculated of."""

from __future__ import annotations

from nanocrystal.report.page.axes import axis, axis_title, layout
from nanocrystal.report.page.figures import CALCULATED, Figure, line, plain_list, x_range
from nanocrystal.report.page.rendering import RESET, Button, Page, rendered
from nanocrystal.report.scattered.result import METHOD, Scattering


def scattering_page(scattering: Scattering, script: str | None = None) -> str:
    """Return the page; script: address of plotly.js, None for a page that holds it itself."""
    return rendered(
        "scattering.html",
        Page(scattering.title, scattering.version, script),
        result=scattering,
        drawn=scattering_figure(scattering),
        buttons=[RESET, Button(action="intensity", text="Log intensity", pressed=True)],
        versions={"nanocrystal": scattering.version, **scattering.provenance},
        METHOD=METHOD,
    )


def scattering_figure(scattering: Scattering) -> Figure:
    """Return the intensity, on a logarithmic axis, against Q."""
    figure_layout = layout(430)
    figure_layout["showlegend"] = False
    figure_layout["xaxis"] = axis(axis_title("Q", "Å⁻¹")) | {"range": x_range(scattering.q, log=False)}
    figure_layout["yaxis"] = axis(axis_title("intensity", "electron units")) | {"type": "log"}
    trace = line(plain_list(scattering.q), scattering.intensity, "Calculated", "calculated", CALCULATED, 1.4)
    return {"data": [trace], "layout": figure_layout}
