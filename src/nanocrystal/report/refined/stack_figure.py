"""Figures of data sets that are several curves: spectra one above the other, decays in one panel, and their trends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.report.page.axes import INK, axis, axis_title, layout
from nanocrystal.report.page.figures import (
    BACKGROUND,
    CALCULATED,
    COMPONENTS,
    DIFFERENCE,
    OBSERVED,
    Figure,
    label,
    line,
    plain_list,
    x_range,
)
from nanocrystal.report.refined.result import FineCurve, FittedCurve, TrendCurve

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross")
COLORS = (OBSERVED, CALCULATED, DIFFERENCE, *COMPONENTS)
GAP = 0.12
"""of the height of a step, above it"""
STEP = 84
"""pixels of one spectrum"""
FILLS = (
    "rgba(0,128,94,0.25)",
    "rgba(204,121,167,0.35)",
    "rgba(230,159,0,0.35)",
    "rgba(86,180,233,0.35)",
    "rgba(91,75,154,0.35)",
    "rgba(140,109,49,0.35)",
)
"""under the components, the first of which is that of bound ligands"""
EDGES = (DIFFERENCE, *COMPONENTS)


def stretches(curve: FittedCurve) -> dict[str, FittedCurve]:
    """Return each curve of a stack by its name."""
    assert curve.look.stack is not None
    return {
        s.name: _part(curve, slice(s.start, s.stop), slice(s.fine_start, s.fine_stop))
        for s in curve.look.stack.stretches
    }


def _part(curve: FittedCurve, points: slice, fine: slice) -> FittedCurve:
    drawn = curve.fine
    if drawn is not None:
        components = {n: c[fine] for n, c in drawn.components.items()}
        drawn = FineCurve(drawn.x[fine], None, drawn.calculated[fine], components)
    return replace(
        curve,
        x=curve.x[points],
        observed=curve.observed[points],
        calculated=curve.calculated[points],
        sigma=None if curve.sigma is None else curve.sigma[points],
        background=None if curve.background is None else curve.background[points],
        components={n: c[points] for n, c in curve.components.items()},
        fine=drawn,
        look=replace(curve.look, stack=None),
        trends=(),
    )


def stack_figure(curve: FittedCurve) -> Figure:
    """Return the figure of a stack in its style."""
    assert curve.look.stack is not None
    return _decays(curve) if curve.look.stack.style == "decays" else _offset(curve)


# ---- spectra above each other ---------------------------------------------------------------------


def _offset(curve: FittedCurve) -> Figure:
    """Return all spectra less background, the first at the bottom, with components and the difference below each."""
    parts = stretches(curve)
    net = {n: p.observed - _background(p) for n, p in parts.items()}
    low = min(float(np.nanmin(y)) for y in net.values())
    difference = curve.observed - curve.calculated
    room = float(np.nanmax(difference) - np.nanmin(difference))
    height = (max(float(np.nanmax(y)) for y in net.values()) - min(low, 0.0) + room) * (1.0 + GAP)
    height = height if height > 0.0 else 1.0
    traces: list[dict[str, Any]] = []
    notes, levels = [], []
    assert curve.look.stack is not None
    for k, (stretch, part) in enumerate(zip(curve.look.stack.stretches, parts.values(), strict=True)):
        zero = k * height
        traces += _one(part, zero, min(low, 0.0) - float(np.nanmax(difference)), first=k == 0)
        levels.append(zero)
        notes.append(_name_beside(stretch.label or stretch.name, zero + 0.3 * height))
    figure_layout = layout(150 + STEP * len(parts))
    figure_layout["xaxis"] = axis(axis_title(curve.x_name, curve.x_unit)) | {"range": x_range(curve.x, False)}
    if curve.look.x_reversed:
        figure_layout["xaxis"]["range"].reverse()
    title = axis_title(f"{curve.y_name}, offset", curve.y_unit)
    figure_layout["yaxis"] = axis(title) | {"showticklabels": False, "ticks": "", "minor": {}}
    figure_layout["annotations"] = notes
    base = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "layer": "below"}
    style = {"color": "#C8C8C8", "width": 0.6}
    figure_layout["shapes"] = [base | {"y0": z, "y1": z, "line": style} for z in plain_list(np.array(levels))]
    return {"data": traces, "layout": figure_layout}


def _background(part: FittedCurve) -> FloatArray:
    return np.zeros(len(part.x)) if part.background is None else part.background


def _one(part: FittedCurve, zero: float, below: float, first: bool) -> list[dict[str, Any]]:
    """Return the traces of one spectrum less its background, at the height `zero`; the legend lists the first alone."""
    x, background = plain_list(part.x), _background(part)
    traces = []
    for k, (name, component) in enumerate(part.components.items()):
        color = EDGES[k % len(EDGES)]
        bottom = line(x, np.full(len(part.x), zero), "", "component", color, 0.0)
        bottom |= {"showlegend": False, "hoverinfo": "skip"}
        filled = line(x, component + zero, label(name), "component", color, 1.0)
        filled |= {"fill": "tonexty", "fillcolor": FILLS[k % len(FILLS)]}
        traces += [bottom, filled]
    observed = line(x, part.observed - background + zero, "Observed, less background", "observed", OBSERVED, 1.0)
    observed["mode"] = "markers"
    observed["marker"] = {"symbol": "circle-open", "size": 3, "color": OBSERVED, "line": {"width": 0.7}}
    calculated = line(x, part.calculated - background + zero, "Calculated", "calculated", CALCULATED, 1.4)
    rest = part.observed - part.calculated
    difference = line(x, rest + zero + below, "Difference", "difference", "#5A6572", 0.7)
    difference |= {"customdata": plain_list(rest), "hovertemplate": "%{customdata:.4g}"}
    for trace in (all_traces := [*traces, observed, calculated, difference]):
        trace["legendgroup"] = trace["name"]
        if not first:
            trace["showlegend"] = False
    return all_traces


def _name_beside(name: str, y: float) -> dict[str, Any]:
    """Return the name of a spectrum at its left end, inside the frame."""
    return {
        "text": label(name),
        "x": 0.01,
        "xref": "paper",
        "xanchor": "left",
        "y": float(f"{y:.6g}"),
        "yref": "y",
        "showarrow": False,
        "font": {"size": 12, "color": INK},
        "bgcolor": "rgba(255,255,255,0.7)",
    }


# ---- decays ---------------------------------------------------------------------------------------


def _decays(curve: FittedCurve) -> Figure:
    """Return all decays over their calculated beginning on a logarithmic axis, and Δ (over σ) below."""
    traces: list[dict[str, Any]] = []
    for k, (name, part) in enumerate(stretches(curve).items()):
        color = COLORS[k % len(COLORS)]
        x, y = (part.x, part.calculated) if part.fine is None else (part.fine.x, part.fine.calculated)
        begin = float(y[0]) or 1.0
        points = line(plain_list(part.x), _above(part.observed / begin), label(name), "observed", color, 1.0)
        points |= {"mode": "markers", "marker": {"symbol": SYMBOLS[k % len(SYMBOLS)], "size": 7, "color": color}}
        if part.sigma is not None:
            bars = {"type": "data", "array": plain_list(part.sigma / abs(begin)), "visible": True}
            points["error_y"] = bars | {"color": color, "thickness": 0.8, "width": 0}
        drawn = line(plain_list(x), _above(y / begin), label(name), "calculated", color, 1.4)
        rest = part.observed - part.calculated
        rest = rest / begin if part.sigma is None else rest / part.sigma
        below = line(plain_list(part.x), rest, label(name), "difference", color, 1.0)
        below |= {"mode": "markers", "marker": {"symbol": SYMBOLS[k % len(SYMBOLS)], "size": 5, "color": color}}
        for trace in (drawn, below):
            trace["showlegend"] = False
        below["yaxis"] = "y2"
        traces += [drawn, points, below]
    figure_layout = layout(520)
    figure_layout["xaxis"] = axis(axis_title(curve.x_name, curve.x_unit)) | {"anchor": "y2"}
    figure_layout["xaxis"]["range"] = x_range(np.append(curve.x, 0.0), False)
    figure_layout["yaxis"] = axis("I/I<sub>0</sub>") | {"type": "log", "domain": [0.3, 1], "tickfont": {"size": 12}}
    figure_layout["yaxis"]["range"] = _decades(curve)
    unit = "Δ/σ" if curve.sigma is not None else "Δ/I<sub>0</sub>"
    figure_layout["yaxis2"] = axis(unit) | {"domain": [0, 0.25], "nticks": 5}
    zero = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y2", "y0": 0, "y1": 0, "layer": "below"}
    figure_layout["shapes"] = [zero | {"line": {"color": BACKGROUND, "width": 0.8, "dash": "dot"}}]
    return {"data": traces, "layout": figure_layout}


def _decades(curve: FittedCurve) -> list[float]:
    """Return the ends of the logarithmic axis of decays: down to where they end, or to a third of their noise."""
    lows = []
    for part in stretches(curve).values():
        begin = abs(float(part.calculated[0])) or 1.0
        rest = part.observed - part.calculated
        noise = float(np.sqrt(np.mean(rest**2)) if part.sigma is None else np.median(part.sigma)) / begin
        lows.append(max(float(part.calculated.min()) / begin, noise / 3.0, 1e-6))
    return [float(f"{np.log10(min([0.5, *lows])) - 0.1:.4g}"), 0.1]


def _above(values: FloatArray) -> FloatArray:
    """Return values with those that a logarithmic axis cannot show as NaN."""
    return np.where(values > 0.0, values, np.nan)


# ---- trends ---------------------------------------------------------------------------------------


def trend_figure(trend: TrendCurve) -> Figure:
    """Return each series with its standard errors against what was changed."""
    x, traces = plain_list(trend.x), []
    for k, (name, (values, errors)) in enumerate(trend.series.items()):
        color = COLORS[k % len(COLORS)]
        trace = line(x, values, label(name), "series", color, 1.0, dash="dot")
        trace["mode"] = "markers" if trend.y_log else "lines+markers"
        trace["marker"] = {"symbol": SYMBOLS[k % len(SYMBOLS)], "size": 8, "color": color}
        trace["error_y"] = {"type": "data", "array": plain_list(errors), "color": color, "thickness": 1.2, "width": 4}
        trace["text"] = [label(n) for n in trend.names]
        trace["hovertemplate"] = "%{text}: %{y:.4g}"
        traces.append(trace)
    figure_layout = layout(380)
    figure_layout["showlegend"] = len(traces) > 1
    figure_layout["xaxis"] = axis(axis_title(trend.x_name, trend.x_unit))
    if trend.x_reversed:
        figure_layout["xaxis"]["autorange"] = "reversed"
    figure_layout["yaxis"] = axis(axis_title(trend.y_name, trend.y_unit))
    figure_layout["yaxis"] |= (
        {"type": "log", "dtick": "D2", "tickfont": {"size": 12}} if trend.y_log else {"rangemode": "tozero"}
    )
    return {"data": traces, "layout": figure_layout}
