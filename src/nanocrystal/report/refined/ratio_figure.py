"""The figure of points that are no curve, such as atomic ratios: by name, with error bars, beside what is expected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nanocrystal.report.page.axes import axis, axis_title, layout
from nanocrystal.report.page.figures import (
    AXIS_OF,
    CALCULATED,
    COMPONENTS,
    DIFFERENCE,
    DIFFERENCE_NAME,
    OBSERVED,
    PER_SIGMA,
    Figure,
    label,
    plain_list,
)
from nanocrystal.report.refined.result import FittedCurve

COLORS = (CALCULATED, DIFFERENCE, *COMPONENTS)
"""of the candidates, best first"""
STYLES: dict[str, dict[str, Any]] = {
    "circle-open": {"size": 10, "line": {"width": 1.6}},
    "line-ew": {"size": 15, "line": {"width": 2.4}},
    "circle": {"size": 8, "line": {"width": 0}},
}
"""of the marks: observed, calculated (a bar that leaves the circle to be seen), difference"""


def ratio_figure(curves: Mapping[str, FittedCurve]) -> Figure:
    """Return observed points with their σ, what each candidate calculates, and the differences in units of σ below.

    curves: by candidate, all with the same points; one alone has the name "".
    """
    curve = next(iter(curves.values()))
    names = [label(name) for name in curve.labels]
    traces = [_observed(curve, names)]
    for k, (candidate, c) in enumerate(curves.items()):
        color, of = COLORS[k % len(COLORS)], f" of {label(candidate)}" if candidate else ""
        shown = label(candidate) if candidate else "Calculated"
        traces.append(_markers(names, plain_list(c.calculated), shown, "calculated", color, "line-ew"))
        difference = c.observed - c.calculated
        over = PER_SIGMA if c.sigma is not None else DIFFERENCE_NAME
        values = plain_list(difference if c.sigma is None else difference / c.sigma)
        traces.append(
            _markers(names, values, f"{over}{of}", "difference", color if candidate else DIFFERENCE, "circle")
        )
        traces[-1] |= {"yaxis": "y2", "showlegend": not candidate}
    return {"data": traces, "layout": _layout(curve, traces)}


def _observed(curve: FittedCurve, names: list[str]) -> dict[str, Any]:
    trace = _markers(names, plain_list(curve.observed), "Observed", "observed", OBSERVED, "circle-open")
    if curve.sigma is not None:
        bars = {"type": "data", "array": plain_list(curve.sigma), "visible": True}
        trace["error_y"] = bars | {"color": OBSERVED, "thickness": 1.2, "width": 6}
    return trace


def _markers(
    names: list[str], values: list[float | None], name: str, role: str, color: str, symbol: str
) -> dict[str, Any]:
    style = STYLES[symbol]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "meta": {"role": role, "grid": "points"},
        "x": names,
        "y": values,
        "marker": {"symbol": symbol, "color": color, **style, "line": style["line"] | {"color": color}},
        "hovertemplate": "%{y:.4g}",
    }


def _layout(curve: FittedCurve, traces: list[dict[str, Any]]) -> dict[str, Any]:
    figure_layout = layout(430)
    figure_layout["hovermode"] = "x unified"
    bare = {"type": "category", "range": [-0.5, len(curve.labels) - 0.5], "minor": {}, "ticks": ""}
    figure_layout["xaxis"] = axis("") | bare | {"anchor": "y2"}
    figure_layout["yaxis"] = axis(axis_title(curve.y_name, curve.y_unit)) | {"domain": [0.32, 1], "rangemode": "tozero"}
    reach = 1.25 * max((abs(v) for t in traces if t.get("yaxis") == "y2" for v in t["y"] if v is not None), default=1.0)
    reach = float(f"{max(reach, 1.5 if curve.sigma is not None else 1e-6):.4g}")
    of = AXIS_OF[PER_SIGMA if curve.sigma is not None else DIFFERENCE_NAME]
    figure_layout["yaxis2"] = axis(of) | {"domain": [0, 0.27], "nticks": 5, "range": [-reach, reach]}
    zero = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y2", "y0": 0, "y1": 0, "layer": "below"}
    figure_layout["shapes"] = [zero | {"line": {"color": "#8A8A8A", "width": 0.8, "dash": "dot"}}]
    if curve.sigma is not None:  # within one σ
        band = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "yref": "y2", "y0": -1, "y1": 1, "layer": "below"}
        figure_layout["shapes"].append(band | {"fillcolor": "rgba(138,138,138,0.15)", "line": {"width": 0}})
    return figure_layout
