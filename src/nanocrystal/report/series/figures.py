"""The figures of a series: parameters against the variable, patterns above each other, maps over variable and x."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.report.compared.figures import COLORS
from nanocrystal.report.page.axes import INK, axis, axis_title, layout
from nanocrystal.report.page.figures import DIVERGING, SEQUENTIAL, Figure, label, plain_list
from nanocrystal.report.series.result import (
    ORDER_PARAMETER,
    MemberFit,
    MemberPattern,
    MemberResult,
    SeriesResult,
    SeriesValue,
)

SYMBOLS = ("circle", "square", "diamond", "triangle-up")
"""of the branches"""
ALONE_COLOR = "#0072B2"
BAND = "rgba(138,138,138,0.22)"
MOST_STACKED = 40
"""patterns above each other; of more, every second, third, …"""
STEP = 32
"""pixels between stacked patterns"""
NO_ERROR = ("fixed", "at_bound", "undetermined")
Pick = Callable[[MemberFit], "SeriesValue | None"]


def color_of(candidate: str, series: SeriesResult) -> str:
    """Return the colour of a candidate in all figures of a series."""
    if not candidate:
        return ALONE_COLOR
    return COLORS[list(series.candidates).index(candidate) % len(COLORS)]


# ---- against the variable -------------------------------------------------------------------------


def value_figure(series: SeriesResult, pick: Pick, y_title: str, height: int = 300) -> Figure:
    """Return values against the variable with error bars, one trace a candidate and branch.

    pick: returns the value of a fit, None where it has none. Full symbols: the candidate is preferred there. Crosses:
    at a bound or not determined, without error bar. Grey: where a transition lies.
    """
    candidates = list(series.candidates) or [""]
    traces = [
        trace
        for candidate in candidates
        for k, branch in enumerate(series.branches)
        if (trace := _value_trace(series, pick, candidate, branch, SYMBOLS[k % len(SYMBOLS)])) is not None
    ]
    figure_layout = layout(height)
    figure_layout["xaxis"] = axis(axis_title(series.variable, series.unit))
    figure_layout["yaxis"] = axis(y_title)
    figure_layout["showlegend"] = len(traces) > 1
    figure_layout["margin"] |= {"t": 40 if len(traces) > 1 else 16, "l": 70}
    figure_layout["shapes"] = _bands(series)
    return {"data": traces, "layout": figure_layout}


def _value_trace(series: SeriesResult, pick: Pick, candidate: str, branch: str, symbol: str) -> dict[str, Any] | None:
    """Return one candidate along one branch over all members, with gaps elsewhere; None where there is nothing."""
    rows = [
        _value_row(m, pick, candidate, symbol) if m.branch == branch else (None, None, symbol) for m in series.members
    ]
    if all(y is None for y, _, _ in rows):
        return None
    color = color_of(candidate, series)
    name = ", ".join(p for p in (candidate, branch) if p) or "refined"
    bars = {"type": "data", "array": [s for _, s, _ in rows], "color": color, "thickness": 1, "width": 0}
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": label(name),
        "meta": {"role": "observed", "grid": "points"},
        "x": plain_list(np.array([m.value for m in series.members])),
        "y": [y for y, _, _ in rows],
        "error_y": bars,
        "connectgaps": True,
        "line": {"color": color, "width": 0.7},
        "marker": {
            "color": color,
            "size": 7,
            "symbol": [s for _, _, s in rows],
            "line": {"width": 1.2, "color": color},
        },
        "text": [label(m.name) for m in series.members],
        "hovertemplate": "%{text}: %{y:.6g}<extra></extra>",
    }


def _value_row(member: MemberResult, pick: Pick, candidate: str, symbol: str) -> tuple[Any, Any, str]:
    """Return (value, standard error, symbol) of a member; None where there is none."""
    fit = member.fits.get(candidate)
    value = None if fit is None else pick(fit)
    if value is None or not np.isfinite(value.value):
        return None, None, symbol
    shown = float(f"{value.value:.9g}")
    if value.status in ("at_bound", "undetermined"):
        return shown, None, "x-thin-open"
    error = None if value.status in NO_ERROR or value.stderr is None else float(f"{value.stderr:.4g}")
    return shown, error, symbol if member.preferred == candidate else f"{symbol}-open"


def _bands(series: SeriesResult) -> list[dict[str, Any]]:
    """Return grey bands where the preferred candidate changes."""
    return [
        {
            "type": "rect",
            "xref": "x",
            "yref": "paper",
            "x0": t.low,
            "x1": t.high,
            "y0": 0,
            "y1": 1,
            "fillcolor": BAND,
            "line": {"width": 0},
            "layer": "below",
        }
        for t in series.transitions
    ]


def merit_of(dataset: str, key: str) -> Pick:
    """Return what picks R_w (in %) or GoF of a data set."""

    def pick(fit: MemberFit) -> SeriesValue | None:
        pattern = fit.patterns.get(dataset)
        value = None if pattern is None else getattr(pattern, key)
        return None if value is None else SeriesValue(value=100.0 * value if key == "rw" else value, stderr=None)

    return pick


def refined(address: str) -> Pick:
    """Return what picks a parameter where it is not fixed."""

    def pick(fit: MemberFit) -> SeriesValue | None:
        value = fit.values.get(address)
        return None if value is None or value.status == "fixed" else value

    return pick


def followed(fit: MemberFit) -> SeriesValue | None:
    """Pick the order parameter."""
    return fit.derived.get(ORDER_PARAMETER)


def delta_bic_of(fit: MemberFit) -> SeriesValue | None:
    """Pick by how much a candidate is worse than the best."""
    return None if fit.delta_bic is None else SeriesValue(value=fit.delta_bic, stderr=None)


# ---- patterns -------------------------------------------------------------------------------------


def patterns_of(series: SeriesResult, dataset: str, branch: str) -> list[tuple[MemberResult, MemberPattern]]:
    """Return the members of a branch by value with their pattern of a data set, fitted by the preferred candidate.

    A pattern without curves, as version 0.1 may have left it, is none.
    """
    fits = [(m, m.fit) for m in series.members if m.branch == branch]
    rows = [(m, fit.patterns[dataset]) for m, fit in fits if fit is not None and dataset in fit.patterns]
    return sorted((row for row in rows if len(row[1].x)), key=lambda row: row[0].value)


def stacked_figure(series: SeriesResult, rows: Sequence[tuple[MemberResult, MemberPattern]]) -> Figure:
    """Return observed patterns above each other, each with its calculated curve, by value from below."""
    shown = rows[:: -(-len(rows) // MOST_STACKED)]
    x, observed, calculated = _on_one_grid([p for _, p in shown])
    low, high = np.nanquantile(observed, (0.01, 0.99))
    apart = 0.9 * float(high - low) or 1.0
    traces, notes = [], []
    named: set[str] = set()
    thin = {"color": INK, "width": 0.7}
    for k, (member, _) in enumerate(shown):
        candidate = member.preferred or ""
        color = color_of(candidate, series)
        first = candidate not in named
        named.add(candidate)
        title = f"Observed{f', {candidate} preferred' if candidate else ''}"
        traces.append(
            _stacked(x, observed[k], k * apart, {"color": color, "width": 2.4}, label(title), candidate, first)
        )
        traces[-1]["meta"] |= {"role": "observed", "grid": "points"}
        traces.append(_stacked(x, calculated[k], k * apart, thin, "Calculated", "calculated", k == 0))
        notes.append(_row_label(series, member, k * apart, color))
    first_pattern = shown[0][1]
    figure_layout = layout(220 + STEP * len(shown))
    figure_layout["xaxis"] = axis(axis_title(first_pattern.x_name, first_pattern.x_unit)) | {
        "range": [float(x.min()), float(x.max())]
    }
    title = axis_title(first_pattern.y_name, first_pattern.y_unit)
    figure_layout["yaxis"] = axis(f"{title}, moved") | {"showticklabels": False, "ticks": "", "minor": {}}
    figure_layout["margin"] |= {"r": 78, "l": 40}
    figure_layout["annotations"] = notes
    return {"data": traces, "layout": figure_layout}


def _stacked(
    x: FloatArray, y: FloatArray, up: float, line: Mapping[str, Any], name: str, group: str, in_legend: bool
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "meta": {"role": "stacked"},
        "x": plain_list(x, 6),
        "y": plain_list(y + up, 5),
        "customdata": plain_list(y, 5),
        "line": line,
        "showlegend": in_legend,
        "legendgroup": group,
        "hoverinfo": "skip",
    }


def _row_label(series: SeriesResult, member: MemberResult, height: float, color: str) -> dict[str, Any]:
    unit = f" {label(series.unit)}" if series.unit else ""
    return {
        "text": f"{member.value:.6g}{unit}",
        "xref": "paper",
        "x": 1.005,
        "xanchor": "left",
        "y": float(f"{height:.5g}"),
        "yref": "y",
        "yanchor": "middle",
        "showarrow": False,
        "font": {"size": 12, "color": color},
    }


def map_figure(series: SeriesResult, rows: Sequence[tuple[MemberResult, MemberPattern]], from_mean: bool) -> Figure:
    """Return the observed patterns as a map over abscissa and variable, with the preferred candidates at its side.

    from_mean: the difference from the mean of all members, which shows what changes.
    """
    x, observed, _ = _on_one_grid([p for _, p in rows])
    shown = observed - np.nanmean(observed, axis=0) if from_mean else observed
    pattern = rows[0][1]
    low, high = (float(v) for v in np.nanquantile(shown, (0.002, 0.998)))
    is_signed = low < -0.05 * high
    reach = max(abs(low), abs(high)) or 1.0
    unit = f" ({pattern.y_unit})" if pattern.y_unit else ""
    what = "difference from the mean" if from_mean else "observed"
    trace: dict[str, Any] = {
        "type": "heatmap",
        "name": f"{what}{unit}",
        "x": plain_list(x, 6),
        "y": plain_list(np.array([m.value for m, _ in rows])),
        "z": [plain_list(row, 4) for row in shown],
        "zmin": -reach if is_signed else low,
        "zmax": reach if is_signed else high,
        "colorscale": [list(stop) for stop in (DIVERGING if is_signed else SEQUENTIAL)],
        "hovertemplate": "%{x:.4g}, %{y:.6g}: %{z:.3g}<extra></extra>",
        "colorbar": {
            "thickness": 12,
            "outlinewidth": 0,
            "x": 1.03,
            "title": {"text": axis_title(pattern.y_name, pattern.y_unit), "side": "right"},
        },
    }
    figure_layout = layout(max(360, min(760, 150 + 16 * len(rows))))
    figure_layout["xaxis"] = axis(axis_title(pattern.x_name, pattern.x_unit)) | _range(x, 0.02)
    figure_layout["yaxis"] = axis(axis_title(series.variable, series.unit))
    figure_layout["meta"] = {"column": f"{series.variable}{f' ({series.unit})' if series.unit else ''}"}
    figure_layout["shapes"] = [_level(t.value) for t in series.transitions if t.branch == rows[0][0].branch]
    beside = _sides(series, rows, float(x.max()) + 0.012 * float(np.ptp(x)))
    figure_layout["showlegend"] = bool(beside)
    return {"data": [trace, *beside], "layout": figure_layout}


def _sides(series: SeriesResult, rows: Sequence[tuple[MemberResult, MemberPattern]], at: float) -> list[dict[str, Any]]:
    """Return squares at the right edge in the colours of the preferred candidates."""
    squares = []
    for candidate in series.candidates:
        values = [m.value for m, _ in rows if m.preferred == candidate]
        if values:
            squares.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": label(f"{candidate} preferred"),
                    "meta": {"role": "preferred"},
                    "x": [float(f"{at:.6g}")] * len(values),
                    "y": values,
                    "marker": {"symbol": "square", "size": 8, "color": color_of(candidate, series)},
                    "hoverinfo": "skip",
                }
            )
    return squares


def _level(height: float) -> dict[str, Any]:
    place = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": height, "y1": height}
    return place | {"line": {"color": INK, "width": 1.2, "dash": "dash"}}


def _range(x: FloatArray, beyond: float) -> dict[str, Any]:
    spread = float(np.ptp(x))
    return {"range": [float(f"{x.min():.6g}"), float(f"{x.max() + beyond * spread:.6g}")]}


def _on_one_grid(patterns: Sequence[MemberPattern]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return x (n,) of the first pattern, and all observed and calculated on it, (n_patterns, n)."""
    x = np.asarray(patterns[0].x, dtype=float)

    def at(p: MemberPattern, y: FloatArray) -> FloatArray:
        x_of_pattern = np.asarray(p.x, dtype=float)
        if np.array_equal(x_of_pattern, x):
            return np.asarray(y, dtype=float)
        return np.asarray(np.interp(x, x_of_pattern, np.asarray(y, dtype=float), left=np.nan, right=np.nan))

    return x, np.array([at(p, p.observed) for p in patterns]), np.array([at(p, p.calculated) for p in patterns])
