"""The figures of a comparison: curves of all candidates over each other, differences below in the same colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.report.page.axes import INK, axis, axis_title, layout
from nanocrystal.report.page.figures import (
    CALCULATED,
    COMPONENTS,
    DIFFERENCE,
    Figure,
    abscissa,
    abscissae,
    label,
    line,
    measured_line,
    plain_list,
    points,
    wants_log_axes,
    x_range,
)
from nanocrystal.report.refined.reflections import CUBIC, OTHER, Reflection, grouped
from nanocrystal.report.refined.result import FineCurve, FittedCurve

COLORS = (CALCULATED, DIFFERENCE, *COMPONENTS)
"""of the candidates, best first; observed data are blue as in every report"""
PANEL = 74
"""pixels of a panel with one difference"""
SUPERSTRUCTURE = (1.5, 2.2)
"""Å⁻¹; where the tilts of perovskites show themselves"""
ROW_COLORS = {"M": "#7B3294", "R": "#B2182B", "X": "#1B7837", CUBIC: "#5A6572", OTHER: "#5A6572"}
ROW_NAMES = {CUBIC: "cubic", OTHER: "hkl"}
NEAREST = 0.02
"""Å⁻¹; reflections closer than this are one mark"""
LABEL_WIDTH = 0.024
"""Å⁻¹ that a label of three digits takes"""


def curves_figure(curves: Mapping[str, FittedCurve]) -> Figure:
    """Return observed and all calculated curves, and a panel for the difference of each candidate, best first."""
    curve = next(iter(curves.values()))
    log = wants_log_axes(curve)
    traces = _over_each_other(curves)
    differences = {name: _difference(c, log) for name, c in curves.items()}
    for k, (name, (drawn, values)) in enumerate(differences.items()):
        traces.append(line(plain_list(drawn.x), values, f"Difference of {label(name)}", "difference", _color(k), 1.0))
        traces[-1] |= {"yaxis": f"y{k + 2}", "showlegend": False}
        traces[-1]["meta"]["grid"] = "points" if len(drawn.x) == len(curve.x) else "fine"
    unit = ("Δ/σ" if curve.sigma is not None else "Δ/calc.") if log else "Δ"
    figure_layout = _stacked_layout(curve, [d for _, d in differences.values()], 340, list(curves), unit)
    figure_layout["xaxis"]["range"] = x_range(curve.x, log)
    if log:
        for key in ("xaxis", "yaxis"):
            figure_layout[key] |= {"type": "log", "dtick": 1}
    if (kind := abscissa(curve)) is not None:
        figure_layout["meta"] = {"abscissa": kind, "wavelength": curve.wavelength, "choices": abscissae(curve)}
    return {"data": traces, "layout": figure_layout}


def covers_superstructure(curve: FittedCurve) -> bool:
    """Return whether a data set is over Q and covers the region where tilts show."""
    low, high = SUPERSTRUCTURE
    return abscissa(curve) == "Q" and curve.x_unit == "Å⁻¹" and bool(curve.x.min() <= low and curve.x.max() >= high)


def superstructure_figure(curves: Mapping[str, FittedCurve], marks: Sequence[Reflection]) -> Figure:
    """Return the curves between 1.5 and 2.2 Å⁻¹, with the reflections of a crystal in rows by their kind below."""
    low, high = SUPERSTRUCTURE
    first = next(iter(curves.values()))
    inside = (first.x >= low) & (first.x <= high)
    traces = _over_each_other({name: _part(c, inside) for name, c in curves.items()})
    shown = _part(first, inside)
    kinds = [k for k in ("M", "R", "X", CUBIC, OTHER) if any(r.kind == k for r in marks)]
    rows = 26 * len(kinds) + 8 if kinds else 0
    height = 360 + rows
    figure_layout = layout(height + 92)
    figure_layout["hovermode"] = "closest"
    figure_layout["xaxis"] = axis(axis_title(first.x_name, first.x_unit)) | {"range": [low, high]}
    figure_layout["yaxis"] = axis(axis_title(first.y_name, first.y_unit)) | _upper(shown, curves, inside)
    if kinds:
        top = rows / height
        figure_layout["xaxis"]["anchor"] = "y2"
        figure_layout["yaxis"]["domain"] = [top + 0.02, 1]
        figure_layout["yaxis2"] = axis("") | {
            "domain": [0, top],
            "range": [len(kinds) - 0.4, -0.75],
            "fixedrange": True,
            "ticks": "",
            "minor": {},
            "tickvals": list(range(len(kinds))),
            "ticktext": [ROW_NAMES.get(k, k) for k in kinds],
        }
        figure_layout["annotations"] = []
        for row, kind in enumerate(kinds):
            groups = grouped([r for r in marks if r.kind == kind], NEAREST)
            traces.append(_marks(groups, row, kind))
            figure_layout["annotations"] += _labels(groups, row)
    return {"data": traces, "layout": figure_layout}


def _over_each_other(curves: Mapping[str, FittedCurve]) -> list[dict[str, Any]]:
    """Return the traces of the observed data and of the calculated curve of each candidate."""
    curve = next(iter(curves.values()))
    x = plain_list(curve.x)
    traces = [*(measured_line(curve.fine) if curve.fine is not None else []), points(curve, x)]
    for k, (name, c) in enumerate(curves.items()):
        on_points = c.fine is None
        drawn = c if c.fine is None else c.fine
        traces.append(line(plain_list(drawn.x), drawn.calculated, label(name), "calculated", _color(k), 1.4))
        traces[-1]["meta"]["grid"] = "points" if on_points else "fine"
    return traces


def _difference(curve: FittedCurve, log: bool) -> tuple[FittedCurve | FineCurve, FloatArray]:
    """Return on which grid a difference is drawn, and the difference; on logarithmic axes over σ or relative."""
    if log:
        scale = curve.calculated if curve.sigma is None else curve.sigma
        with np.errstate(divide="ignore", invalid="ignore"):
            return curve, np.asarray((curve.observed - curve.calculated) / scale)
    if curve.fine is not None and curve.fine.observed is not None:
        return curve.fine, curve.fine.observed - curve.fine.calculated
    return curve, curve.observed - curve.calculated


def _stacked_layout(
    curve: FittedCurve, differences: Sequence[FloatArray], upper: int, names: Sequence[str], unit: str
) -> dict[str, Any]:
    """Return the layout of a panel of curves over panels of differences, which share one scale."""
    lower = PANEL * len(differences)
    height = upper + lower
    figure_layout = layout(height + 92)
    figure_layout["hovermode"] = "x unified"
    figure_layout["xaxis"] = axis(axis_title(curve.x_name, curve.x_unit)) | {"anchor": f"y{len(differences) + 1}"}
    figure_layout["yaxis"] = axis(axis_title(curve.y_name, curve.y_unit)) | {"domain": [lower / height + 0.015, 1]}
    finite = np.concatenate([d[np.isfinite(d)] for d in differences])
    reach = 1.05 * float(np.abs(finite).max()) if finite.size and np.any(finite) else 1.0
    tick = float(f"{reach / 1.8:.0e}")
    figure_layout["shapes"], figure_layout["annotations"] = [], []
    for k, name in enumerate(names):
        top = lower - k * PANEL
        panel = f"y{k + 2}"
        figure_layout[f"yaxis{k + 2}"] = axis(unit) | {
            "domain": [(top - PANEL) / height, (top - 6) / height],
            "range": [-float(f"{reach:.4g}"), float(f"{reach:.4g}")],
            "tickvals": [-tick, 0.0, tick],
            "minor": {},
        }
        if k != (len(names) - 1) // 2:
            figure_layout[panel.replace("y", "yaxis")]["title"] = {"text": ""}
        zero = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": panel, "y0": 0, "y1": 0, "layer": "below"}
        figure_layout["shapes"].append(zero | {"line": {"color": "#8A8A8A", "width": 0.8, "dash": "dot"}})
        figure_layout["annotations"].append(
            {
                "text": label(name),
                "xref": "paper",
                "x": 0.995,
                "xanchor": "right",
                "showarrow": False,
                "yref": "paper",
                "y": (top - 8) / height,
                "yanchor": "top",
                "font": {"size": 12, "color": _color(k)},
                "bgcolor": "rgba(255,255,255,0.75)",
            }
        )
    return figure_layout


def _part(curve: FittedCurve, inside: np.ndarray[Any, np.dtype[np.bool_]]) -> FittedCurve:
    """Return a part of a curve, without its finer grid."""
    from dataclasses import replace

    return replace(
        curve,
        x=curve.x[inside],
        observed=curve.observed[inside],
        calculated=curve.calculated[inside],
        sigma=None if curve.sigma is None else curve.sigma[inside],
        fine=None,
        background=None,
        components={},
    )


def _upper(
    shown: FittedCurve, curves: Mapping[str, FittedCurve], inside: np.ndarray[Any, np.dtype[np.bool_]]
) -> dict[str, Any]:
    """Return a range of intensity that shows the weak reflections: half again what six in ten points reach."""
    values = np.concatenate([shown.observed, *(c.calculated[inside] for c in curves.values())])
    low, most, high = float(values.min()), float(np.quantile(values, 0.6)), float(values.max())
    top = min(high, low + 1.5 * (most - low))
    beyond = 0.05 * (top - low)
    return {"range": [float(f"{low - beyond:.5g}"), float(f"{top + beyond:.5g}")]}


def _marks(groups: Sequence[Sequence[Reflection]], row: int, kind: str) -> dict[str, Any]:
    """Return one tick for each group of reflections of a kind."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": ROW_NAMES.get(kind, kind),
        "meta": {"role": "reflections"},
        "x": [round(float(np.mean([r.q for r in g])), 4) for g in groups],
        "y": [row + 0.18] * len(groups),
        "yaxis": "y2",
        "marker": {"symbol": "line-ns", "size": 9, "line": {"width": 1.6, "color": ROW_COLORS[kind]}},
        "text": ["<br>".join(f"{r.text} at {r.q:.4f} Å⁻¹" for r in g) for g in groups],
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
    }


def _labels(groups: Sequence[Sequence[Reflection]], row: int) -> list[dict[str, Any]]:
    """Return the indices above the marks, the strongest of a group; weak ones that would cover others not."""
    labels: list[dict[str, Any]] = []
    for g in sorted(groups, key=lambda g: -max(r.intensity for r in g)):
        q = round(float(np.mean([r.q for r in g])), 4)
        if all(abs(q - other["x"]) > LABEL_WIDTH for other in labels):
            text = max(g, key=lambda r: r.intensity).text + ("…" if len(g) > 1 else "")
            place = {"x": q, "y": row + 0.05, "yref": "y2", "yanchor": "bottom", "showarrow": False}
            labels.append(place | {"text": text, "font": {"size": 10.5, "color": INK}})
    return labels


def _color(k: int) -> str:
    return COLORS[k % len(COLORS)]
