"""Detector images as plotly.js specifications: the image with what is masked, and the cake above I(Q)."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.reduction.image import IntegratedImage, View
from nanocrystal.reduction.image_pixels import (
    BEAM_STOP,
    BELOW,
    DEAD,
    GAP,
    MASKED,
    NAMES,
    OUTLIER,
    OUTSIDE,
    SATURATED,
    USED,
)
from nanocrystal.report.page.axes import axis, axis_title, layout
from nanocrystal.report.page.figures import OBSERVED, Figure, line, plain_list

MISSING = "#D9D9D9"
SCALE = ((0.0, "#F4F8FC"), (0.25, "#C6DBEF"), (0.5, "#6BAED6"), (0.75, "#2171B5"), (1.0, "#08306B"))
COLORS = {
    GAP: "#B0B0B0",
    MASKED: "#E69F00",
    SATURATED: "#D55E00",
    BELOW: "#CC79A7",
    BEAM_STOP: "#8C6D31",
    DEAD: "#009E73",
    OUTLIER: "#D00000",
    OUTSIDE: "#DDDDDD",
}


def image_figure(view: View) -> Figure:
    """Return the counts of a frame on a logarithmic scale, with the pixels that are left out in colours."""
    step = view.step
    traces = [_map(view.counts, 0.5 * step, step, "Counts in a frame")]
    for code in (int(c) for c in np.unique(view.codes) if c != USED):
        traces.append(_overlay(view.codes == code, step, NAMES[code], COLORS[code]))
    rows, columns = view.size
    column, row = view.beam
    if 0.0 <= column <= columns and 0.0 <= row <= rows:
        traces.append(_beam(column, row))
    height = int(np.clip(90 + 620 * rows / columns, 260, 640))
    figure_layout = layout(height)
    figure_layout["xaxis"] = axis("Column") | {"constrain": "domain", "range": [0, columns]}
    figure_layout["yaxis"] = axis("Row") | {"scaleanchor": "x", "constrain": "domain", "range": [0, rows]}
    return {"data": traces, "layout": figure_layout}


def cake_figure(image: IntegratedImage) -> Figure:
    """Return azimuth against Q, above I(Q) on the same axis of Q."""
    cake = image.cake
    across, up = cake.q[1] - cake.q[0], cake.azimuth[1] - cake.azimuth[0]
    top = _map(cake.intensity, float(cake.q[0]), float(across), "Intensity", float(cake.azimuth[0]), float(up))
    top["colorbar"] |= {"len": 0.62, "y": 1.0, "yanchor": "top"}
    below = line(plain_list(image.q), image.intensity, "I(Q)", "measured", OBSERVED, 1.1) | {"yaxis": "y2"}
    below["showlegend"] = False
    figure_layout = layout(520)
    figure_layout["showlegend"] = False
    figure_layout["margin"]["t"] = 16
    figure_layout["shapes"] = [_missing()]
    figure_layout["xaxis"] = axis(axis_title("Q", "Å⁻¹")) | {"anchor": "y2"}
    figure_layout["xaxis"]["range"] = [float(image.q[0]), float(image.q[-1])]
    figure_layout["yaxis"] = axis(axis_title("azimuth", "°")) | {"domain": [0.4, 1.0]}
    seen = np.flatnonzero(np.isfinite(cake.intensity).any(axis=1))
    figure_layout["yaxis"]["range"] = [float(cake.azimuth[seen[0]] - up), float(cake.azimuth[seen[-1]] + up)]
    figure_layout["yaxis2"] = axis("<i>I</i>") | {"domain": [0.0, 0.34], "type": "log"}
    if not (image.intensity > 0.0).all():
        figure_layout["yaxis2"]["type"] = "linear"
    return {"data": [top, below], "layout": figure_layout}


# ---- parts ----------------------------------------------------------------------------------------------------


def packed(values: NDArray[Any]) -> dict[str, str]:
    """Return a map (n, m) of float32 or uint8 as plotly.js reads it from base64."""
    kind = {"float32": "f4", "uint8": "u1"}[str(values.dtype)]
    text = b64encode(np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).tobytes()).decode("ascii")
    return {"bdata": text, "dtype": kind, "shape": ", ".join(map(str, values.shape))}


def _map(
    values: NDArray[np.floating[Any]], x0: float, dx: float, name: str, y0: float | None = None, dy: float | None = None
) -> dict[str, Any]:
    """Return a heat map on a logarithmic scale; what is not above 0 has the lightest colour."""
    positive = values[np.isfinite(values) & (values > 0.0)]
    low, high = (np.log10(np.quantile(positive, (0.02, 0.998)))) if len(positive) else (0.0, 1.0)
    high = max(high, low + 0.3)
    with np.errstate(invalid="ignore", divide="ignore"):
        logarithm = np.where(values > 0.0, np.log10(np.where(values > 0.0, values, 1.0)), low)
    logarithm[~np.isfinite(values)] = np.nan
    ticks = _ticks(low, high)
    return {
        "type": "heatmap",
        "name": name,
        "z": packed(logarithm.astype(np.float32)),
        "x0": x0,
        "dx": dx,
        "y0": x0 if y0 is None else y0,
        "dy": dx if dy is None else dy,
        "zmin": float(f"{low:.4g}"),
        "zmax": float(f"{high:.4g}"),
        "colorscale": [list(stop) for stop in SCALE],
        "hovertemplate": "%{x:.5~g}, %{y:.5~g}: 10<sup>%{z:.2f}</sup><extra></extra>",
        "hoverongaps": False,
        "showlegend": False,
        "colorbar": {
            "thickness": 12,
            "outlinewidth": 0,
            "tickvals": [float(f"{np.log10(t):.5g}") for t in ticks],
            "ticktext": [f"{t:.5g}" for t in ticks],
            "title": {"text": name, "side": "right"},
        },
    }


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers between 10^low and 10^high, three to a decade where there are few decades."""
    steps = (1.0, 2.0, 5.0) if high - low < 2.5 else (1.0,)
    decades = range(int(np.floor(low)), int(np.ceil(high)) + 1)
    return [s * 10.0**d for d in decades for s in steps if low <= np.log10(s * 10.0**d) <= high]


def _overlay(shown: NDArray[np.bool_], step: int, name: str, color: str) -> dict[str, Any]:
    """Return a heat map that colours the blocks shown and leaves the others as they are."""
    return {
        "type": "heatmap",
        "name": name,
        "z": packed(shown.astype(np.uint8)),
        "x0": 0.5 * step,
        "dx": step,
        "y0": 0.5 * step,
        "dy": step,
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, "rgba(0,0,0,0)"], [0.5, "rgba(0,0,0,0)"], [0.5, color], [1, color]],
        "showscale": False,
        "showlegend": True,
        "hoverinfo": "skip",
    }


def _missing() -> dict[str, Any]:
    """Return the ground of the cake, seen where there is no pixel."""
    paper = {"type": "rect", "xref": "paper", "yref": "paper", "x0": 0, "x1": 1, "y0": 0.4, "y1": 1}
    return paper | {"layer": "below", "fillcolor": MISSING, "line": {"width": 0}}


def _beam(column: float, row: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "direct beam",
        "x": [float(f"{column:.6g}")],
        "y": [float(f"{row:.6g}")],
        "marker": {"symbol": "cross-thin-open", "size": 14, "color": "#000000", "line": {"width": 1.6}},
        "hovertemplate": "direct beam: %{x}, %{y}<extra></extra>",
    }
