"""The figures of a reduction as plotly.js specifications, and what the page needs to reduce again by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.reduction import DifferentialFunctions, PatternChange, ReducedPattern
from nanocrystal.report.page.axes import axis, axis_title, layout
from nanocrystal.report.page.figures import (
    BACKGROUND,
    CALCULATED,
    COMPONENTS,
    OBSERVED,
    Figure,
    label,
    line,
    plain_list,
)

BAND = "rgba(0,114,178,0.22)"
DRAWN_R = 30.0
"""Å: up to where G(r) is drawn again while sliders move"""
FINENESS = 6.0
"""points of it in each π/qmaxinst"""


def intensity_figure(one: ReducedPattern) -> Figure:
    """Return counts, blanks and what is left of them, over Q."""
    q = plain_list(one.intensity.q)
    traces = [line(q, one.intensity.value + one.background, "Measured", "observed", BACKGROUND, 1.0)]
    if one.scales:
        traces.append(line(q, one.background, "Blanks", "background", COMPONENTS[1], 1.2))
    traces.append(line(q, one.intensity.value, "Without blanks", "measured", OBSERVED, 1.2))
    figure_layout = _layout(340, "Q", "Å⁻¹", "I", "")
    positive = one.intensity.value[one.intensity.value > 0.0]
    if len(positive) and positive.max() > 50.0 * np.median(positive):
        figure_layout["yaxis"]["type"] = "log"
    return {"data": traces, "layout": figure_layout}


def structure_figure(one: ReducedPattern) -> Figure:
    """Return S(Q) with its σ."""
    structure = one.structure
    far = structure.q > 0.02 * structure.q[-1]  # S = 1 + F/Q means nothing at the very first points
    sigma = None if structure.s_sigma is None else structure.s_sigma[far]
    traces = [
        *_band(structure.q[far], structure.s[far], sigma),
        line(plain_list(structure.q[far]), structure.s[far], "S(Q)", "measured", OBSERVED, 1.1),
    ]
    figure_layout = _layout(320, "Q", "Å⁻¹", "S", "")
    figure_layout["shapes"] = [_level(1.0)]
    return {"data": traces, "layout": figure_layout}


def f_figure(one: ReducedPattern) -> Figure:
    """Return F(Q) with its σ."""
    structure = one.structure
    return _curve_figure(structure.q, structure.f, structure.f_sigma, ("Q", "Å⁻¹", "F", "Å⁻¹"))


def pdf_figure(one: ReducedPattern) -> Figure:
    """Return G(r) with its σ, and −4π ρ0 r where ρ0 is known."""
    pdf = one.pdf
    figure = _curve_figure(pdf.r, pdf.g, pdf.sigma, ("r", "Å", "G", "Å⁻²"))
    if one.number_density is not None:
        r = np.array([0.0, min(3.0, float(pdf.r[-1]))])
        baseline = -4.0 * np.pi * one.number_density * r
        figure["data"].append(line(plain_list(r), baseline, "−4πρ₀r", "background", BACKGROUND, 1.4, dash="dash"))
    return figure


def differential_figures(difference: DifferentialFunctions) -> tuple[Figure, Figure]:
    """Return the differential I(Q) and G(r)."""
    q, pdf = difference.q, difference.pdf
    first = _curve_figure(q, difference.intensity, difference.intensity_sigma, ("Q", "Å⁻¹", "ΔI", ""))
    return first, _curve_figure(pdf.r, pdf.g, pdf.sigma, ("r", "Å", "ΔG", "Å⁻²"))


def unchanged_figure(comparison: PatternChange) -> Figure:
    """Return the difference of two patterns in units of σ, and what would be seen at the limits."""
    q, sigma = plain_list(comparison.q), comparison.sigma
    traces = [line(q, comparison.difference / sigma, "Difference / σ", "difference", OBSERVED, 0.8)]
    limit = comparison.strain.limit
    seen = limit * comparison.strain_template / sigma
    traces.append(line(q, seen, f"strain of {100.0 * limit:.2g} %", "component", CALCULATED, 1.3))
    for k, part in enumerate(comparison.parts):
        seen = part.limit * comparison.component_templates[part.name] / sigma
        name = f"{label(part.name)}, {100.0 * part.limit:.2g} %"
        traces.append(line(q, seen, name, "component", COMPONENTS[k % len(COMPONENTS)], 1.3))
    figure_layout = _layout(340, "Q", "Å⁻¹", "Δ/σ", "")
    figure_layout["shapes"] = [_level(0.0)]
    return {"data": traces, "layout": figure_layout}


# ---- the figure with sliders --------------------------------------------------------------------------


def live_figure(one: ReducedPattern) -> Figure:
    """Return F(Q) and G(r) side by side, as reduced and once more for other settings."""
    structure, r = one.structure, _drawn_r(one)
    q, g = plain_list(structure.q), np.interp(r, one.pdf.r, one.pdf.g)
    traces = [
        line(q, structure.f, "As reduced", "before", OBSERVED, 1.6),
        line(q, structure.f, "With the sliders", "after", CALCULATED, 1.1),
        line(plain_list(r), g, "As reduced", "before", OBSERVED, 1.6)
        | {"xaxis": "x2", "yaxis": "y2", "showlegend": False},
        line(plain_list(r), g, "With the sliders", "after", CALCULATED, 1.1)
        | {"xaxis": "x2", "yaxis": "y2", "showlegend": False},
    ]
    figure_layout = layout(380)
    figure_layout["xaxis"] = axis(axis_title("Q", "Å⁻¹")) | {"domain": [0.0, 0.45], "range": _around(structure.q)}
    figure_layout["yaxis"] = axis(axis_title("F", "Å⁻¹"))
    figure_layout["xaxis2"] = axis(axis_title("r", "Å")) | {"domain": [0.55, 1.0], "range": _around(r)}
    figure_layout["yaxis2"] = axis(axis_title("G", "Å⁻²")) | {"anchor": "x2"}
    return {"data": traces, "layout": figure_layout}


def from_counts(one: ReducedPattern) -> bool:
    """Return whether the page can do every step again: by the polynomial, where counts and blanks are known."""
    known = len(one.background) == len(one.structure.q) and np.isfinite(one.background + one.corrected.value).all()
    return one.settings.method == "polynomial" and bool(known)


def live_data(one: ReducedPattern) -> dict[str, Any]:
    """Return what the page needs to calculate F(Q) and G(r) of other settings itself.

    For the polynomial: counts, blanks and form factors, so that every step is done again; else F(Q) as it is.
    """
    structure, settings = one.structure, one.settings
    data: dict[str, Any] = {
        "method": "polynomial" if from_counts(one) else "transform",
        "q": plain_list(structure.q, 9),
        "f": plain_list(structure.f, 9),
        "r": plain_list(_drawn_r(one), 9),
        "start": {"qmax": one.pdf.qmax, "qmin": one.pdf.qmin, "rpoly": settings.rpoly, "blanks": 1.0},
        "window": settings.window,
    }
    if from_counts(one):
        squared_mean = one.composition.squared_mean(structure.q, None)
        mean_square = one.composition.mean_square(structure.q, None)
        factor = np.divide(
            one.corrected.value, one.intensity.value, out=np.ones(len(structure.q)), where=one.intensity.value != 0.0
        )
        data |= {
            "counts": plain_list((one.intensity.value + one.background) * factor / squared_mean, 9),
            "blanks": plain_list(one.background * factor / squared_mean, 9) if one.scales else None,
            "target": plain_list(mean_square / squared_mean, 9),
        }
    return data


def _drawn_r(one: ReducedPattern) -> FloatArray:
    stop = min(DRAWN_R, float(one.pdf.r[-1]))
    step = np.pi / float(one.structure.q[-1]) / FINENESS
    return np.linspace(0.0, stop, int(np.ceil(stop / step)) + 1)


# ---- parts --------------------------------------------------------------------------------------------


def _curve_figure(x: FloatArray, y: FloatArray, sigma: FloatArray | None, names: tuple[str, str, str, str]) -> Figure:
    traces = [*_band(x, y, sigma), line(plain_list(x), y, names[2], "measured", OBSERVED, 1.1)]
    figure_layout = _layout(340, *names)
    figure_layout["shapes"] = [_level(0.0)]
    return {"data": traces, "layout": figure_layout}


def _layout(height: int, x: str, x_unit: str, y: str, y_unit: str) -> dict[str, Any]:
    figure_layout = layout(height)
    figure_layout["hovermode"] = "x unified"
    figure_layout["xaxis"] = axis(axis_title(x, x_unit))
    figure_layout["yaxis"] = axis(axis_title(y, y_unit))
    return figure_layout


def _band(x: FloatArray, y: FloatArray, sigma: FloatArray | None) -> list[dict[str, Any]]:
    """Return two traces with the area of one σ to both sides between them."""
    if sigma is None:
        return []
    edge = {"line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, "meta": {"role": "band", "grid": "none"}}
    below = line(plain_list(x), y - sigma, "−σ", "band", OBSERVED, 0) | edge
    above = line(plain_list(x), y + sigma, "± one σ", "band", OBSERVED, 0) | edge
    return [below, above | {"fill": "tonexty", "fillcolor": BAND, "showlegend": True}]


def _level(y: float) -> dict[str, Any]:
    zero = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "layer": "below"}
    return zero | {"line": {"color": "#8A8A8A", "width": 0.8, "dash": "dot"}}


def _around(x: FloatArray) -> list[float]:
    beyond = 0.012 * float(x[-1] - x[0])
    return [float(x[0]) - beyond, float(x[-1]) + beyond]
