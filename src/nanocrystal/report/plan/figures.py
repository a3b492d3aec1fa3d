"""The figures of a plan: standard errors against the range of each data set, and maps over range and counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nanocrystal.report.page.axes import axis, axis_title, layout
from nanocrystal.report.page.figures import COMPONENTS, OBSERVED, Figure, label, plain_list
from nanocrystal.report.plan.result import Plan, PlanMap, PlannedParameter, PlannedRange

SHOWN = 8
"""parameters drawn from the start; the others wait in the legend"""
MOST_LINEAR = 4.0
"""times the planned standard error, beyond which the axis is logarithmic"""
HIGHEST = 100.0
"""times the planned standard error, where the figure ends"""
COLORS = (OBSERVED, "#D55E00", "#00805E", *COMPONENTS)
MAP_COLORS = ((0.0, "#FFF7EC"), (0.3, "#FDD49E"), (0.6, "#FC8D59"), (1.0, "#7F0000"))


def range_figure(plan: Plan, steps: Sequence[PlannedRange]) -> Figure | None:
    """Return the standard errors over those of the plan against one end of the range of a data set.

    None where no parameter has a standard error to be drawn.
    """
    traces = [
        _step_trace(p, steps, k)
        for k, p in enumerate(sorted(_drawn(plan), key=lambda p: p.address not in plan.targets))
    ]
    if not traces:
        return None
    figure_layout = layout(360 + 22 * ((len(traces) + 1) // 2))
    figure_layout["hovermode"] = "x unified"
    figure_layout["xaxis"] = axis(_range_title(steps[0].key, steps[0].unit))
    figure_layout["yaxis"] = axis("Standard error over the planned one") | {"type": "log"}
    seen = np.concatenate([[v for v in t["y"] if v is not None] or [1.0] for t in traces])
    ends = (min(0.9, 0.95 * float(seen.min())), min(HIGHEST, max(1.3, 1.1 * float(seen.max()))))
    if ends[1] < MOST_LINEAR:
        figure_layout["yaxis"] |= {"type": "linear", "range": [ends[0], ends[1]]}
    else:
        figure_layout["yaxis"] |= {"range": [float(np.log10(e)) for e in ends], "dtick": "D2"}
    return {"data": traces, "layout": figure_layout}


def _drawn(plan: Plan) -> list[PlannedParameter]:
    return [p for p in plan.parameters if not p.linear and p.determined]


def _step_trace(p: PlannedParameter, steps: Sequence[PlannedRange], place: int) -> dict[str, Any]:
    color = COLORS[place % len(COLORS)]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": label(p.address),
        "x": [float(f"{s.value:.5g}") for s in steps],
        "y": plain_list(np.array([s.stderr[p.address] for s in steps]) / p.stderr, 5),
        "line": {"color": color, "width": 1.6},
        "marker": {"size": 5, "color": color},
        "meta": {"role": "step", "grid": "points"},
        "hovertemplate": "%{y:.3g}",
        "visible": True if place < SHOWN else "legendonly",
    }


def _range_title(key: str, unit: str) -> str:
    end = "up to" if key.endswith("max") else "from"
    what = key[:-3]
    return f"measured {end} {axis_title({'q': 'Q'}.get(what, what), unit)}"


def map_figure(shown: PlanMap, plan: Plan) -> Figure:
    """Return the standard error of one parameter over the range of a data set and the counts of all."""
    p = plan.parameter(shown.address)
    errors = np.where(np.isfinite(shown.stderr), shown.stderr, np.nan)
    z = np.log10(errors)
    low, high = float(np.nanmin(z)), float(np.nanquantile(z, 0.98))
    ticks = [float(v) for k in range(int(np.floor(low)), int(np.ceil(high)) + 1) for v in (k, k + np.log10(3.0))]
    ticks = [t for t in ticks if low - 0.05 <= t <= high + 0.05]
    trace: dict[str, Any] = {
        "type": "contour",
        "name": f"log10 of the standard error{f' ({p.unit})' if p.unit else ''}",
        "x": plain_list(shown.values, 5),
        "y": plain_list(shown.factors, 5),
        "z": [plain_list(row, 5) for row in z],
        "zmin": low,
        "zmax": high,
        "contours": {"coloring": "heatmap"},
        "ncontours": 14,
        "colorscale": [list(stop) for stop in MAP_COLORS],
        "line": {"width": 0.6, "color": "rgba(90,60,40,0.5)"},
        "text": [[f"{v:.2g}" if np.isfinite(v) else "not determined" for v in row] for row in errors],
        "hovertemplate": "%{x:.4g}, ×%{y:.3g}: ± %{text}<extra></extra>",
        "colorbar": {
            "thickness": 12,
            "outlinewidth": 0,
            "tickvals": ticks,
            "ticktext": [f"{10.0**t:.1g}" for t in ticks],
            "title": {"text": axis_title("standard error", p.unit), "side": "right"},
        },
    }
    traces = [trace]
    target = plan.targets.get(shown.address)
    if target is not None and np.nanmin(errors) < target < np.nanmax(errors):
        at = float(np.log10(target))
        line = {"contours": {"coloring": "none", "start": at, "end": at, "size": 1.0}, "autocontour": False}
        line |= {"line": {"width": 2.5, "color": "#0A5C91"}}
        traces.append(trace | line | {"hoverinfo": "skip", "hovertemplate": None, "showscale": False})
    figure_layout = layout(380)
    figure_layout |= {"showlegend": False}
    figure_layout["margin"]["t"] = 16
    figure_layout["xaxis"] = axis(f"{_range_title(shown.key, shown.unit)} in {label(shown.dataset)}")
    figure_layout["yaxis"] = axis("Counts over the planned ones") | {"type": "log", "dtick": 1}
    mark = {"type": "line", "line": {"color": "#1A1A1A", "width": 0.8, "dash": "dot"}}
    figure_layout["shapes"] = [mark | {"xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1}]
    figure_layout["meta"] = {"column": "counts over the planned ones"}
    return {"data": traces, "layout": figure_layout}
