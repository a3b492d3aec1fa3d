"""The figures of a scan of an absorption edge: μ(E) with its background, normalised, in k and in R."""

from __future__ import annotations

from typing import Any

import numpy as np

from nanocrystal.reduction.xas import ReducedAbsorption
from nanocrystal.reduction.xas.autobk import ETOK
from nanocrystal.report.page.axes import axis, axis_title, layout
from nanocrystal.report.page.figures import BACKGROUND, CALCULATED, COMPONENTS, OBSERVED, Figure, line, plain_list

BAND = "rgba(0,114,178,0.22)"
KNOWN_FROM = 1.0
"""Å⁻¹: nearer to the edge nothing tells the background from the edge itself"""
NEAR_EDGE = (-30.0, 100.0)
"""eV from e0, of the figure of normalised μ(E)"""


def mu_figure(one: ReducedAbsorption) -> Figure:
    """Return μ(E), the lines before and behind the edge, and the background of χ(k)."""
    energy = plain_list(one.energy, 9)
    behind = one.energy >= one.e0
    after = plain_list(one.energy[behind], 9)
    traces = [
        line(energy, one.mu, "μ(E)", "measured", OBSERVED, 1.3),
        line(energy, one.pre_edge, "Before the edge", "component", COMPONENTS[0], 1.1, dash="dash"),
        line(after, one.post_edge[behind], "Behind the edge", "component", COMPONENTS[1], 1.1, dash="dash"),
    ]
    if len(one.k):
        shown = one.k >= KNOWN_FROM
        at = plain_list(one.e0 + one.k[shown] ** 2 / ETOK, 9)
        traces.append(line(at, one.background[shown], "Background", "background", CALCULATED, 1.3))
    return {"data": traces, "layout": _layout(360, ("E", "eV", "μ", ""))}


def norm_figure(one: ReducedAbsorption) -> Figure:
    """Return normalised μ(E) near the edge."""
    energy = plain_list(one.energy, 9)
    traces = [
        line(energy, one.norm, "Normalised", "measured", OBSERVED, 1.3),
        line(energy, one.flat, "Flattened", "component", CALCULATED, 1.0),
    ]
    figure_layout = _layout(340, ("E", "eV", "μ/step", ""))
    ends = [max(one.e0 + NEAR_EDGE[0], one.energy[0]), min(one.e0 + NEAR_EDGE[1], one.energy[-1])]
    figure_layout["xaxis"]["range"] = [float(end) for end in ends]
    figure_layout["shapes"] = [_level(0.0), _level(1.0)]
    return {"data": traces, "layout": figure_layout}


def chi_figure(one: ReducedAbsorption) -> Figure:
    """Return k^w χ(k) with its σ."""
    weight = one.k**one.settings.kweight
    k, y = plain_list(one.k), weight * one.chi
    edge = {"line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, "meta": {"role": "band", "grid": "none"}}
    sigma = weight * one.sigma
    area = {"fill": "tonexty", "fillcolor": BAND, "showlegend": True}
    traces = [
        line(k, y - sigma, "−σ", "band", OBSERVED, 0) | edge,
        line(k, y + sigma, "± one σ", "band", OBSERVED, 0) | edge | area,
        line(k, y, weighted_words(one, "χ"), "measured", OBSERVED, 1.1),
    ]
    figure_layout = _layout(340, ("k", "Å⁻¹", weighted_words(one, "χ"), unit_of(one.settings.kweight)))
    figure_layout["shapes"] = [_level(0.0)]
    return {"data": traces, "layout": figure_layout}


def r_figure(one: ReducedAbsorption) -> Figure:
    """Return |χ(R)|, its real part, and |χ(R)| once more for other settings."""
    r = plain_list(one.r)
    magnitude = np.abs(one.chi_r)
    traces = [
        line(r, magnitude, "As reduced", "before", OBSERVED, 1.6),
        line(r, np.real(one.chi_r), "Real part", "component", BACKGROUND, 0.9),
        line(r, magnitude, "With the sliders", "after", CALCULATED, 1.1),
    ]
    figure_layout = _layout(360, ("R", "Å", "|χ(R)|", unit_of(one.settings.kweight + 1)))
    figure_layout["shapes"] = [_level(0.0)]
    return {"data": traces, "layout": figure_layout}


def live_scan(one: ReducedAbsorption) -> dict[str, Any]:
    """Return what the page needs to transform χ(k) again by itself."""
    assert one.settings.k_range is not None
    low, high = one.settings.k_range
    return {
        "k": plain_list(one.k, 9),
        "chi": plain_list(one.chi, 9),
        "r": plain_list(one.r, 9),
        "start": {"kmin": low, "kmax": high, "kweight": one.settings.kweight},
    }


def weighted_words(one: ReducedAbsorption, of: str) -> str:
    """Return how k^w χ is written."""
    power = {0: "", 1: "k", 2: "k²", 3: "k³"}[one.settings.kweight]
    return f"{power} {of}".strip()


def unit_of(power: int) -> str:
    """Return Å to the power −n, nothing for 0."""
    return {0: "", 1: "Å⁻¹", 2: "Å⁻²", 3: "Å⁻³", 4: "Å⁻⁴"}[power]


def _layout(height: int, names: tuple[str, str, str, str]) -> dict[str, Any]:
    figure_layout = layout(height)
    figure_layout["hovermode"] = "x unified"
    figure_layout["xaxis"] = axis(axis_title(names[0], names[1]))
    figure_layout["yaxis"] = axis(axis_title(names[2], names[3]))
    return figure_layout


def _level(y: float) -> dict[str, Any]:
    zero = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "layer": "below"}
    return zero | {"line": {"color": "#8A8A8A", "width": 0.8, "dash": "dot"}}


def noise_words(one: ReducedAbsorption) -> str:
    """Return a sentence on σ."""
    if one.noise is None:
        return ""
    sentences = {
        "scans": "The band is one σ, the standard error of the mean of the scans",
        "scatter": "The band is one σ, from the scatter of χ(R) between 15 and 25 Å",
    }
    return f"{sentences[one.noise.how]}: {one.noise.epsilon_k:.2g} on the mean."
