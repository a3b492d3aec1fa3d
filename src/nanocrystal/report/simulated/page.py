"""The page of a simulation: one figure for each data set."""

from __future__ import annotations

from typing import Any

from nanocrystal.report.page.axes import axis, axis_title, layout
from nanocrystal.report.page.figures import (
    CALCULATED,
    COMPONENTS,
    MARKERS_UP_TO,
    OBSERVED,
    Figure,
    label,
    line,
    plain_list,
    x_range,
)
from nanocrystal.report.page.rendering import RESET, Button, Page, rendered
from nanocrystal.report.refined.page import parameter_context
from nanocrystal.report.simulated.result import SimulatedCurve, Simulation

COLORS = (CALCULATED, OBSERVED, *COMPONENTS)


def simulation_page(simulation: Simulation, script: str | None = None) -> str:
    """Return the page; script: address of plotly.js, None for a page that holds it itself."""
    page = Page(simulation.title or "Simulation", simulation.version, script)
    return rendered(
        "simulation.html",
        page,
        result=simulation,
        figure_of=simulated_figure,
        buttons_of=buttons,
        versions={"nanocrystal": simulation.version, **simulation.provenance},
        **parameter_context(simulation.parameters),
    )


def simulated_figure(curve: SimulatedCurve) -> Figure:
    """Return one data set as it would look; points of no curve by their names, curves of a stack each by itself."""
    figure_layout = layout(400)
    figure_layout["showlegend"] = curve.look.stack is not None
    figure_layout["xaxis"] = axis(axis_title(curve.x_name, curve.x_unit))
    figure_layout["yaxis"] = axis(axis_title(curve.y_name, curve.y_unit))
    if curve.labels:
        figure_layout["xaxis"] |= {"type": "category"}
        return {"data": [_named_points(curve)], "layout": figure_layout}
    log = wants_log_axes(curve)
    figure_layout["xaxis"]["range"] = x_range(curve.x, log)
    if curve.look.x_reversed:
        figure_layout["xaxis"]["range"].reverse()
    if log:
        figure_layout["xaxis"] |= {"type": "log", "dtick": 1}
        figure_layout["yaxis"] |= {"type": "log", "dtick": 1, "tickfont": {"size": 12}}
    return {"data": _traces(curve), "layout": figure_layout}


def wants_log_axes(curve: SimulatedCurve) -> bool:
    """Say whether both axes are logarithmic, as the technique has it and its values allow."""
    return curve.look.log_axes and bool((curve.x > 0.0).all() and (curve.y > 0.0).any())


def buttons(curve: SimulatedCurve) -> list[Button]:
    """Return the buttons for what the figure can show."""
    shown = [RESET]
    if curve.sigma is not None:
        shown.append(Button(action="errors", text="Error bars", pressed=bool(curve.labels)))
    if wants_log_axes(curve):
        shown.append(Button(action="log", text="Log axes", pressed=True))
    elif not curve.labels and bool((curve.y > 0.0).any()):
        shown.append(Button(action="intensity", text="Log intensity", pressed=False))
    return shown


def _traces(curve: SimulatedCurve) -> list[dict[str, Any]]:
    """Return a line for each curve of the data set, with its noise as points."""
    stack = curve.look.stack
    if stack is None:
        return [_trace(curve, slice(None), "Simulated", CALCULATED)]
    return [
        _trace(curve, slice(s.start, s.stop), label(s.label or s.name), COLORS[k % len(COLORS)])
        for k, s in enumerate(stack.stretches)
    ]


def _trace(curve: SimulatedCurve, part: slice, name: str, color: str) -> dict[str, Any]:
    trace = line(plain_list(curve.x[part]), curve.y[part], name, "observed", color, 1.4)
    if curve.sigma is not None:
        if curve.x[part].size <= MARKERS_UP_TO:
            trace |= {"mode": "markers", "marker": {"symbol": "circle-open", "size": 4, "color": color}}
        trace["error_y"] = _bars(curve, part, color) | {"visible": False}
    return trace


def _named_points(curve: SimulatedCurve) -> dict[str, Any]:
    trace = line([], curve.y, "Simulated", "observed", CALCULATED, 1.4)
    trace |= {"x": [label(name) for name in curve.labels], "mode": "markers"}
    trace["marker"] = {"symbol": "circle", "size": 8, "color": CALCULATED}
    return trace if curve.sigma is None else {**trace, "error_y": _bars(curve, slice(None), CALCULATED)}


def _bars(curve: SimulatedCurve, part: slice, color: str) -> dict[str, Any]:
    assert curve.sigma is not None
    bars = {"type": "data", "array": plain_list(curve.sigma[part]), "visible": True}
    return bars | {"color": color, "thickness": 0.8, "width": 0}
