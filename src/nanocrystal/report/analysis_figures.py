"""The figures of the analyses as plotly.js specifications, and a page that shows one by itself.

    page = figure_page(metric_figure(metric), "CsPbCl3, apparently cubic")
    Path("metric.html").write_text(page, encoding="utf-8")

The page needs nothing but a browser; the camera in the corner of the figure saves it as PNG.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nanocrystal._version import __version__
from nanocrystal.analysis import CubicMetric, DisplacementFits, DistanceProfile, FreeEnergy, PeakFit
from nanocrystal.analysis.twin_energetics import ELECTRONVOLT
from nanocrystal.arrays import FloatArray
from nanocrystal.report.page.axes import axis, axis_title, layout
from nanocrystal.report.page.figures import (
    BACKGROUND,
    CALCULATED,
    COMPONENTS,
    DIFFERENCE,
    OBSERVED,
    Figure,
    label,
    plain_list,
)
from nanocrystal.report.page.rendering import Page, rendered

POINTS = 200
"""of a smooth curve"""


def metric_figure(metric: CubicMetric) -> Figure:
    """Return the apparent cubic cell parameter of each reflection against Q, odd and even in two colours.

    Error bars are the scaled standard errors; the lines are the means of both kinds.

    Parameters
    ----------
    metric : CubicMetric
        Of `cubic_metric`

    Returns
    -------
    dict
        Data and layout of plotly.js
    """
    q = np.array([p.position.value for p in metric.fit.peaks])
    odd = np.array([r.is_odd for r in metric.reflections])
    known = np.isfinite(metric.cell_parameter)
    figure_layout = _layout("Q", "Å⁻¹", "a", "Å")
    traces, lines = [], []
    kinds = (("even", ~odd, metric.even, OBSERVED, "circle"), ("odd", odd, metric.odd, CALCULATED, "square"))
    for name, chosen, mean, color, symbol in kinds:
        shown = np.flatnonzero(chosen & known)
        trace = _points(q[shown], metric.cell_parameter[shown], metric.stderr_scaled[shown], color, symbol)
        trace["name"] = f"h² + k² + l² {name}"
        trace["text"] = [label(metric.reflections[k].name) for k in shown]
        trace |= {"mode": "markers+text", "textposition": "top right", "textfont": {"size": 11, "color": color}}
        trace["hovertemplate"] = "%{text}: %{y:.5g} Å<extra></extra>"
        traces.append(trace)
        if mean.n:
            lines.append(_level(mean.mean.value, color))
    return {"data": traces, "layout": figure_layout | {"shapes": lines}}


def peaks_figure(fit: PeakFit) -> Figure:
    """Return the pattern with the peaks fitted to it, the background under them and the difference below.

    Parameters
    ----------
    fit : PeakFit
        Of `fit_peaks`

    Returns
    -------
    dict
        Data and layout of plotly.js
    """
    difference = fit.intensity - fit.calculated
    seen = np.isfinite(difference)
    below = float(fit.intensity.min()) - (float(difference[seen].max()) if seen.any() else 0.0)
    below -= 0.04 * float(np.ptp(fit.intensity))
    observed = _points(fit.q, fit.intensity, None, OBSERVED, "circle-open") | {"name": "Observed"}
    observed["marker"]["size"] = 4
    traces = [
        observed,
        _curve(fit.q, fit.background, "Background", BACKGROUND, "dash"),
        _curve(fit.q, fit.calculated, "Calculated", CALCULATED),
        _curve(fit.q, difference + below, "Difference", DIFFERENCE),
    ]
    ticks = [_tick(p.position.value) for p in fit.peaks if not p.problem]
    return {
        "data": traces,
        "layout": _layout("Q", "Å⁻¹", "intensity", "") | {"shapes": [*ticks, _level(below, "#8A8A8A")]},
    }


def displacements_figure(fits: DisplacementFits) -> Figure:
    """Return u_iso against temperature, from 0 K, with the three models.

    Parameters
    ----------
    fits : DisplacementFits
        Of `fit_displacements`

    Returns
    -------
    dict
        Data and layout of plotly.js
    """
    stderr = np.full(len(fits.u_iso), np.nan) if fits.stderr is None else fits.stderr
    traces = [_points(fits.temperature, fits.u_iso, stderr, OBSERVED, "circle") | {"name": "Observed"}]
    t = np.linspace(0.0, 1.05 * float(fits.temperature.max()), POINTS)
    for fit, dash in zip(fits.fits, ("dot", "solid", "dash"), strict=True):
        color = CALCULATED if fit.model == fits.preferred else COMPONENTS[fits.fits.index(fit)]
        traces.append(_curve(t, fit.curve(t), fit.model.capitalize(), color, dash))
    figure_layout = _layout("temperature", "K", "u_iso", "Å²")
    figure_layout["xaxis"]["rangemode"] = "tozero"
    figure_layout["yaxis"]["title"]["text"] = "<i>u</i><sub>iso</sub> (Å<sup>2</sup>)"
    return {"data": traces, "layout": figure_layout}


def distances_figure(profile: DistanceProfile) -> Figure:
    """Return the mean distance of each atom, and of each shell with its standard deviation, against depth.

    Parameters
    ----------
    profile : DistanceProfile
        Of `distance_profile`

    Returns
    -------
    dict
        Data and layout of plotly.js
    """
    atoms = _points(profile.atom_depth, profile.atom_distance, None, "#B0B0B0", "circle")
    atoms |= {"name": f"each {profile.element}"}
    atoms["marker"] |= {"size": 4}
    filled = profile.n_atoms > 0
    shells = _points(
        profile.depth[filled], profile.distance[filled], profile.distance_std[filled], CALCULATED, "square"
    )
    shells |= {"name": "mean of the shell, ± standard deviation of its distances"}
    name = f"{profile.element}–{profile.neighbour} distance"
    return {"data": [atoms, shells], "layout": _layout("depth below the surface", "Å", name, "Å")}


def free_energy_figure(energy: FreeEnergy) -> Figure:
    """Return boundary cost, entropy and their sum in eV against the number of domains.

    Parameters
    ----------
    energy : FreeEnergy
        Of `free_energy`

    Returns
    -------
    dict
        Data and layout of plotly.js
    """
    n = energy.n_domains
    traces = [
        _curve(n, energy.boundary / ELECTRONVOLT, "Boundaries", OBSERVED, "dash"),
        _curve(n, energy.entropy / ELECTRONVOLT, "−<i>T</i>Δ<i>S</i>", DIFFERENCE, "dash"),
        _curve(n, energy.total / ELECTRONVOLT, "Sum", CALCULATED),
    ]
    figure_layout = _layout("number of domains", "", "free energy", "eV")
    return {"data": traces, "layout": figure_layout | {"shapes": [_level(0.0, "#8A8A8A")]}}


SAVE = {"displaylogo": False, "responsive": True, "toImageButtonOptions": {"format": "png", "scale": 3}}
"""how plotly.js shows a figure by itself, and saves it"""


def figure_page(figure: Figure, title: str) -> str:
    """Return a page with one figure that works without a network.

    Parameters
    ----------
    figure : dict
        Data and layout of plotly.js, as the functions named …_figure return them
    title : str
        Of the page

    Returns
    -------
    str
        HTML, with the script of its figure
    """
    return rendered("figure.html", Page(title, __version__), drawn=figure, save=SAVE)


def _layout(x_name: str, x_unit: str, y_name: str, y_unit: str) -> dict[str, Any]:
    figure_layout = layout(430)
    figure_layout["xaxis"] = axis(axis_title(x_name, x_unit))
    figure_layout["yaxis"] = axis(axis_title(y_name, y_unit))
    return figure_layout


def _points(x: FloatArray, y: FloatArray, error: FloatArray | None, color: str, symbol: str) -> dict[str, Any]:
    trace: dict[str, Any] = {"type": "scatter", "mode": "markers", "x": plain_list(x), "y": plain_list(y)}
    trace["marker"] = {"symbol": symbol, "size": 7, "color": color}
    if error is not None:
        bars = {"type": "data", "array": plain_list(error), "color": color, "thickness": 1, "width": 3}
        trace["error_y"] = bars | {"visible": bool(np.isfinite(error).any())}
    return trace


def _curve(x: FloatArray, y: FloatArray, name: str, color: str, dash: str = "solid") -> dict[str, Any]:
    line = {"color": color, "width": 1.5, "dash": dash}
    return {"type": "scatter", "mode": "lines", "name": name, "x": plain_list(x), "y": plain_list(y), "line": line}


def _level(y: float, color: str) -> dict[str, Any]:
    line = {"color": color, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "layer": "below", "line": line}


def _tick(q: float) -> dict[str, Any]:
    line = {"color": "#8A8A8A", "width": 1}
    return {"type": "line", "yref": "paper", "x0": q, "x1": q, "y0": 0.0, "y1": 0.03, "line": line}
