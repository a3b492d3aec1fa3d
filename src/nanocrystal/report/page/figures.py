"""The figures of the report as plotly.js specifications: {"data": [...], "layout": {...}}.

Plain dictionaries and lists that json can write; the Python side of plotly is not needed. Text
that may come from a user goes through `label`, because plotly.js reads some HTML tags in text.
Every trace of a fit has a role in its `meta`, by which the page's buttons find it.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.report.page.axes import axis, axis_title, layout
from nanocrystal.report.page.typography import SPOKEN
from nanocrystal.report.refined.result import FineCurve, FittedCurve, SizeCurve, SizeMap

Figure = dict[str, Any]

OBSERVED = "#0072B2"
CALCULATED = "#D55E00"
DIFFERENCE = "#00805E"
BACKGROUND = "#7A7A7A"
COMPONENTS = ("#CC79A7", "#E69F00", "#56B4E9", "#5B4B9A", "#8C6D31", "#AD494A", "#3A8A8C", "#9C9EDE")
DIVERGING = ((0.0, "#2166AC"), (0.25, "#92C5DE"), (0.5, "#F7F7F7"), (0.75, "#F4A582"), (1.0, "#B2182B"))
SEQUENTIAL = ((0.0, "#FFFFFF"), (0.25, "#C6DBEF"), (0.5, "#6BAED6"), (0.75, "#2171B5"), (1.0, "#08306B"))

MARKERS_UP_TO = 5000
"""with more points than this the observed data are drawn as a line: circles would merge"""
CELL_TEXT_UP_TO = 12

PER_SIGMA = "Difference / σ"
RELATIVE = "Relative difference"
DIFFERENCE_NAME = "Difference"
AXIS_OF = {PER_SIGMA: "Δ/σ", RELATIVE: "Δ/calc.", DIFFERENCE_NAME: "Δ"}


def label(text: str) -> str:
    """Return text for plotly.js, in which <, > and & are only characters."""
    return html.escape(text, quote=False)


def plain_list(values: FloatArray, digits: int = 7) -> list[float | None]:
    """Return values of shape (n,) rounded to significant digits; what is not finite becomes None."""
    finite = np.isfinite(values)
    return [
        float(f"{v:.{digits}g}") if ok else None
        for v, ok in zip(np.asarray(values, dtype=float).tolist(), finite.tolist(), strict=True)
    ]


def wants_log_axes(curve: FittedCurve) -> bool:
    """Return whether both axes should be logarithmic: small angles, or positive data over more than three decades.

    That is small-angle scattering, whatever it is called; the outermost 2 % of the points do
    not count. The page has a button for the other choice.
    """
    seen = curve.observed[np.isfinite(curve.observed)]
    if seen.size < 10 or not np.all(curve.x > 0) or not np.nanmin(curve.calculated) > 0:
        return False
    if curve.look.log_axes:
        return True
    low, high = np.quantile(seen, (0.02, 0.98))
    return bool(low > 0 and high > 1000 * low and curve.x.max() > 10 * curve.x.min())


def abscissa(curve: FittedCurve) -> str | None:
    """Return "Q" or "two_theta" where the abscissa is one of them, so that it can be changed; else None."""
    kind = {"Q": "Q", "q": "Q", "two_theta": "two_theta", "2θ": "two_theta"}.get(curve.x_name)
    return None if kind == "two_theta" and curve.wavelength is None else kind


def abscissae(curve: FittedCurve) -> dict[str, dict[str, str]]:
    """Return key -> title and column head of each abscissa that a curve can be drawn over."""
    shown = abscissa(curve)
    if shown is None:
        return {}
    units = {"Q": "Å⁻¹", "two_theta": "°", "d": "Å"}
    known = [key for key in units if key != "two_theta" or curve.wavelength is not None]
    return {
        key: {"title": axis_title(key, units[key]), "column": f"{SPOKEN.get(key, key)} ({units[key]})"} for key in known
    }


def has_panel(curve: FittedCurve) -> bool:
    """Return whether the difference has a panel of its own: for scattering, whose intensity may be logarithmic."""
    return wants_log_axes(curve) or abscissa(curve) is not None


def fit_figure(curve: FittedCurve) -> Figure:
    """Return observed, calculated, background, components and difference of one data set.

    Observed, calculated and difference are drawn on the finer grid of the data where there is one,
    with the points compared as circles. The difference is drawn in the same scale, moved below the
    data. Scattering has a panel of its own for it; on logarithmic axes that is in units of sigma,
    or relative to the calculated curve without sigmas.
    """
    log = wants_log_axes(curve)
    x, fine = plain_list(curve.x), curve.fine
    traces = [points(curve, x)]
    if fine is not None:
        traces = [*measured_line(fine), *traces]
    if curve.background is not None:
        traces.append(line(x, curve.background, "Background", "background", BACKGROUND, 1.2, dash="dash"))
    traces.append(_calculated(curve, x))
    drawn = FineCurve(curve.x, curve.observed, curve.calculated)
    if fine is not None and fine.observed is not None and not log:
        drawn = fine
    difference, zero, name = _difference(drawn, curve, log)
    traces.append(line(plain_list(drawn.x), difference + zero, name, "difference", DIFFERENCE, 1.0))
    traces[-1]["customdata"] = plain_list(difference)
    traces[-1]["hovertemplate"] = "%{customdata:.4g}"
    traces[-1]["meta"]["grid"] = "fine" if drawn is fine else "points"
    traces += _components(curve, x)
    traces += _ticks(curve, difference + zero)
    if fine is not None:
        here = next(t["meta"] for t in traces if t["meta"]["role"] == "observed")
        here["columns"] = {"Calculated": plain_list(curve.calculated)}
        if drawn is fine:
            here["columns"]["Difference"] = plain_list(curve.observed - curve.calculated)
        here["columns"] |= {label(c): plain_list(curve.components[c]) for c in fine.components}
    return {"data": traces, "layout": _fit_layout(curve, log, zero, name, traces)}


def sizes_figure(curve: SizeCurve) -> Figure:
    """Return the number- and the volume-weighted density of a size distribution."""
    x = plain_list(curve.length)
    traces = [
        line(x, curve.number_density, "Number-weighted", "number", OBSERVED, 1.8),
        line(x, curve.volume_density, "Volume-weighted", "volume", CALCULATED, 1.8, dash="dash"),
    ]
    traces[0] |= {"fill": "tozeroy", "fillcolor": "rgba(0,114,178,0.12)"}
    figure_layout = layout(340)
    figure_layout["xaxis"] = axis(axis_title(curve.length_name, curve.unit))
    figure_layout["yaxis"] = axis(axis_title("density", _inverse(curve.unit))) | {"rangemode": "tozero"}
    return {"data": traces, "layout": figure_layout}


def map_figure(size_map: SizeMap) -> Figure:
    """Return the number density over two lengths as filled contours; the larger, the darker."""
    unit = size_map.unit
    density = np.asarray(size_map.number_density, dtype=float)
    trace: dict[str, Any] = {
        "type": "contour",
        "name": f"number density ({unit}⁻²)" if unit else "number density",
        "x": plain_list(size_map.first, 5),
        "y": plain_list(size_map.second, 5),
        "z": [plain_list(row, 4) for row in density],
        "zmin": 0,
        "zmax": float(f"{density.max():.4g}"),
        "ncontours": 12,
        "colorscale": [list(stop) for stop in SEQUENTIAL],
        "line": {"width": 0.6, "color": "rgba(255,255,255,0.8)"},
        "hovertemplate": "%{x:.4g} × %{y:.4g}: %{z:.3g}<extra></extra>",
        "colorbar": {
            "thickness": 12,
            "outlinewidth": 0,
            "exponentformat": "power",
            "title": {"text": axis_title("number density", f"{unit}⁻²" if unit else ""), "side": "right"},
        },
    }
    figure_layout = layout(420)
    figure_layout["showlegend"] = False
    figure_layout["margin"]["t"] = 16
    figure_layout["xaxis"] = axis(axis_title(size_map.first_name, unit))
    figure_layout["yaxis"] = axis(axis_title(size_map.second_name, unit))
    figure_layout["meta"] = {"column": f"{size_map.second_name} ({unit})" if unit else size_map.second_name}
    return {"data": [trace], "layout": figure_layout}


def correlation_figure(names: Sequence[str], matrix: FloatArray) -> Figure:
    """Return a heat map of a correlation matrix of shape (n, n), in the order of the names.

    Columns are numbered as the rows, whose names would not fit below them.
    """
    n = len(names)
    numbers = [str(i + 1) for i in range(n)]
    rows = [f"{label(name)}  <b>{number}</b>&nbsp;" for name, number in zip(names, numbers, strict=True)]
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": numbers,
        "y": rows,
        "z": [plain_list(row, 4) for row in np.asarray(matrix, dtype=float)],
        "zmin": -1,
        "zmax": 1,
        "colorscale": [list(stop) for stop in DIVERGING],
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "hovertemplate": "%{y} × %{x}: %{z:.3f}<extra></extra>",
        "colorbar": {"thickness": 12, "outlinewidth": 0, "tickvals": [-1, -0.5, 0, 0.5, 1], "len": 1},
    }
    if n <= CELL_TEXT_UP_TO:
        trace |= {"text": [[_cell(v) for v in row] for row in matrix], "texttemplate": "%{text}"}
    cell = 34 if n <= CELL_TEXT_UP_TO else 22
    figure_layout = layout(max(n * cell, 120) + 70)
    figure_layout["showlegend"] = False
    figure_layout["margin"] = {"l": 20, "r": 10, "t": 12, "b": 34}
    bare = {"showgrid": False, "ticks": "", "automargin": True, "fixedrange": True, "type": "category"}
    figure_layout["xaxis"] = bare | {"tickfont": {"weight": 700}}
    figure_layout["yaxis"] = bare | {"autorange": "reversed"}
    return {"data": [trace], "layout": figure_layout}


def measured_line(fine: FineCurve) -> list[dict[str, Any]]:
    """Return the measured curve between the points compared, where it is known."""
    if fine.observed is None:
        return []
    trace = line(plain_list(fine.x), fine.observed, "Observed", "measured", OBSERVED, 0.9)
    trace["meta"]["grid"] = "fine"
    return [trace]


def points(curve: FittedCurve, x: list[float | None]) -> dict[str, Any]:
    between = curve.fine is not None and curve.fine.observed is not None
    trace = line(x, curve.observed, "Points compared" if between else "Observed", "observed", OBSERVED, 1.0)
    if curve.observed.size <= MARKERS_UP_TO:
        trace["mode"] = "markers"
        trace["marker"] = {
            "symbol": "circle-open",
            "size": _marker_size(curve.observed.size),
            "color": OBSERVED,
            "line": {"width": 1},
        }
    if curve.sigma is not None:
        bars = {"type": "data", "array": plain_list(curve.sigma), "visible": False}
        trace["error_y"] = bars | {"color": OBSERVED, "thickness": 0.8, "width": 0}
    return trace


def _calculated(curve: FittedCurve, x: list[float | None]) -> dict[str, Any]:
    """Return the calculated curve, on its finer grid where it has one."""
    if curve.fine is None:
        return line(x, curve.calculated, "Calculated", "calculated", CALCULATED, 1.6)
    trace = line(plain_list(curve.fine.x), curve.fine.calculated, "Calculated", "calculated", CALCULATED, 1.6)
    trace["meta"]["grid"] = "fine"
    return trace


def line(
    x: list[float | None], y: FloatArray, name: str, role: str, color: str, width: float, dash: str = "solid"
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "meta": {"role": role, "grid": "points"},
        "x": x,
        "y": plain_list(y),
        "line": {"color": color, "width": width, "dash": dash},
        "hovertemplate": "%{y:.4g}",
    }


def _components(curve: FittedCurve, x: list[float | None]) -> list[dict[str, Any]]:
    """Return the components, mostly hidden at first: on the finer grid where they are known there."""
    fine, traces = curve.fine, []
    for i, (component, values) in enumerate(curve.components.items()):
        color = COMPONENTS[i % len(COMPONENTS)]
        if fine is not None and component in fine.components:
            values_between = fine.components[component]
            trace = line(plain_list(fine.x), values_between, label(component), "component", color, 1.2)
            trace["meta"]["grid"] = "fine"
        else:
            trace = line(x, values, label(component), "component", color, 1.2)
            if fine is not None:
                trace["line"]["shape"] = "spline"
        trace["visible"] = True if curve.look.components_shown else "legendonly"
        traces.append(trace)
    return traces


def _ticks(curve: FittedCurve, difference: FloatArray) -> list[dict[str, Any]]:
    """Return a row of marks for each phase, above the difference in its panel."""
    if not has_panel(curve):
        return []
    seen = difference[np.isfinite(difference)]
    top, row = float(seen.max(initial=0.0)), 0.14 * (float(np.ptp(seen)) if seen.size else 1.0)
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"Reflections of {label(name)}",
            "meta": {"role": "reflections"},
            "x": plain_list(places),
            "y": [float(f"{top + (k + 1) * row:.4g}")] * len(places),
            "yaxis": "y2",
            "marker": {"symbol": "line-ns", "size": 7, "line": {"width": 1.2, "color": color}},
            "hovertemplate": "%{x:.3f}",
        }
        for k, (color, (name, places)) in enumerate(zip(cycle(COMPONENTS), curve.ticks.items(), strict=False))
    ]


def _difference(drawn: FineCurve, curve: FittedCurve, log: bool) -> tuple[FloatArray, float, str]:
    """Return the difference of shape (n,), the height of its zero line, and its name."""
    assert drawn.observed is not None
    difference = drawn.observed - drawn.calculated
    if log:
        if curve.sigma is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                return difference / curve.sigma, 0.0, PER_SIGMA
        return difference / curve.calculated, 0.0, RELATIVE
    if has_panel(curve):
        return difference, 0.0, DIFFERENCE_NAME
    above = [curve.observed, curve.calculated, drawn.observed, drawn.calculated]
    if curve.background is not None:
        above.append(curve.background)
    shown = np.concatenate(above)
    shown, spread = shown[np.isfinite(shown)], difference[np.isfinite(difference)]
    if shown.size == 0 or spread.size == 0:
        return difference, 0.0, DIFFERENCE_NAME
    zero = shown.min() - max(spread.max(), 0.0) - 0.06 * np.ptp(shown)
    return difference, float(f"{zero:.4g}"), DIFFERENCE_NAME


def _fit_layout(curve: FittedCurve, log: bool, zero: float, name: str, traces: list[dict[str, Any]]) -> dict[str, Any]:
    # Room for one more line of the legend with every few components.
    panel = has_panel(curve)
    figure_layout = layout(430 + 12 * len(curve.components) + (90 if panel else 0))
    figure_layout["hovermode"] = "x unified"
    figure_layout["xaxis"] = axis(axis_title(curve.x_name, curve.x_unit)) | {"range": x_range(curve.x, log)}
    figure_layout["yaxis"] = axis(axis_title(curve.y_name, curve.y_unit))
    zero_line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": zero, "y1": zero, "layer": "below"}
    figure_layout["shapes"] = [zero_line | {"line": {"color": "#8A8A8A", "width": 0.8, "dash": "dot"}}]
    if curve.look.x_reversed:
        figure_layout["xaxis"]["range"].reverse()
    if panel:
        figure_layout["shapes"][0]["yref"] = "y2"
        figure_layout["xaxis"]["anchor"] = "y2"
        figure_layout["yaxis"]["domain"] = [0.3, 1]
        figure_layout["yaxis2"] = axis(AXIS_OF[name]) | {"domain": [0, 0.25], "nticks": 5}
        next(t for t in traces if t["meta"]["role"] == "difference")["yaxis"] = "y2"
    if log:
        # plotly.js enlarges powers of ten, hence the smaller type.
        figure_layout["xaxis"] |= {"type": "log", "dtick": 1}
        figure_layout["yaxis"] |= {"type": "log", "dtick": 1, "tickfont": {"size": 12}}
    if (kind := abscissa(curve)) is not None:
        figure_layout["meta"] = {"abscissa": kind, "wavelength": curve.wavelength, "choices": abscissae(curve)}
    return figure_layout


def x_range(x: FloatArray, log: bool) -> list[float]:
    """Return the ends of the axis, one hundredth beyond the data; as plotly.js has it, log10 of them."""
    ends = np.log10([x.min(), x.max()]) if log else np.array([x.min(), x.max()])
    beyond = 0.012 * float(np.ptp(ends)) or 1.0
    return [float(f"{ends[0] - beyond:.7g}"), float(f"{ends[1] + beyond:.7g}")]


def _marker_size(n_points: int) -> float:
    return 5 if n_points <= 500 else 4 if n_points <= 1500 else 3


def _inverse(unit: str) -> str:
    return f"{unit}⁻¹" if unit else ""


def _cell(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if np.isfinite(value) else ""
