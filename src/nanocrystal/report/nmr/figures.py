"""Figures of the NMR analyses as plotly.js specifications; `analysis_figures.figure_page` makes a page of one.

page = figure_page(relaxation_figure(published_cs133("t1_s"), "T1", "s"), "T1 of ¹³³Cs against size")
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nanocrystal.analysis.nmr_inversion import DiffusionDistribution
from nanocrystal.analysis.nmr_map import DiffusionMap
from nanocrystal.arrays import FloatArray
from nanocrystal.report.page.axes import axis, axis_title, layout
from nanocrystal.report.page.figures import (
    CALCULATED,
    COMPONENTS,
    DIFFERENCE,
    OBSERVED,
    SEQUENTIAL,
    Figure,
    label,
    plain_list,
)

COLORS = (OBSERVED, CALCULATED, DIFFERENCE, *COMPONENTS)
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross")
GRID = 240
"""points of a map along each axis"""
FADED = 1e-3
"""of the highest point: below it a map is white"""
Series = Mapping[str, tuple[FloatArray, FloatArray]]
"""name -> (sizes, values), (n,) each"""


def relaxation_figure(series: Series, quantity: str, unit: str) -> Figure:
    """Return times (or anything else) against size in nm, one series for each ligand, site or nucleus.

    Parameters
    ----------
    series : mapping of str to (array, array), (n,) each
        Name -> sizes in nm and values in `unit`; names of the form "ligand, site" share a colour by ligand, a symbol by
        site
    quantity : str
        T1, T2 or another word
    unit : str
        Of the values

    Returns
    -------
    dict
        Data and layout of plotly.js
    """
    ligands = list(dict.fromkeys(name.partition(", ")[0] for name in series))
    sites = list(dict.fromkeys(name.partition(", ")[2] for name in series))
    traces = []
    for name, (sizes, values) in series.items():
        ligand, _, site = name.partition(", ")
        color = COLORS[ligands.index(ligand) % len(COLORS)]
        order = np.argsort(sizes)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": label(name),
                "x": plain_list(np.asarray(sizes)[order]),
                "y": plain_list(np.asarray(values)[order]),
                "line": {"color": color, "width": 1.0, "dash": "dot"},
                "marker": {"symbol": SYMBOLS[sites.index(site) % len(SYMBOLS)], "size": 8, "color": color},
                "hovertemplate": "%{x:.3g} nm: %{y:.3g}",
            }
        )
    figure_layout = layout(430)
    figure_layout["xaxis"] = axis(axis_title("nanocrystal size", "nm")) | {"rangemode": "tozero"}
    figure_layout["yaxis"] = axis(axis_title(quantity, unit)) | {"rangemode": "tozero"}
    return {"data": traces, "layout": figure_layout}


def diffusion_figure(distribution: DiffusionDistribution) -> Figure:
    """Return the density of diffusion coefficients on a logarithmic axis, with the band of what was resampled.

    Parameters
    ----------
    distribution : DiffusionDistribution
        Of `diffusion_distribution`

    Returns
    -------
    dict
        Data and layout of plotly.js
    """
    x = plain_list(distribution.diffusion)
    plain: dict[str, Any] = {"type": "scatter", "mode": "lines", "x": x}
    band = {"line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    filled = {"fill": "tonexty", "fillcolor": "rgba(0,114,178,0.2)", "showlegend": True}
    traces = [
        plain | band | {"name": "low", "y": plain_list(distribution.low)},
        plain | band | filled | {"name": "central 68 % of resampled inversions", "y": plain_list(distribution.high)},
        plain | {"name": "density over ln D", "y": plain_list(distribution.density)} | {"line": {"color": OBSERVED}},
    ]
    figure_layout = layout(380)
    figure_layout["xaxis"] = axis(axis_title("D", "µm²/s")) | {"type": "log", "dtick": 1}
    figure_layout["yaxis"] = axis("Density over ln <i>D</i>") | {"rangemode": "tozero"}
    return {"data": traces, "layout": figure_layout}


def diffusion_map_figure(diffusion_map: DiffusionMap) -> Figure:
    """Return the map of shift (from large to small) against log D, with the trace of amplitudes above it.

    Parameters
    ----------
    diffusion_map : DiffusionMap
        Of `diffusion_map`

    Returns
    -------
    dict
        Data and layout of plotly.js
    """
    shift = np.linspace(float(diffusion_map.shift.min()) - 0.05, float(diffusion_map.shift.max()) + 0.05, GRID)
    slowest, fastest = float(diffusion_map.diffusion.min()), float(diffusion_map.diffusion.max())
    diffusion = np.geomspace(0.5 * slowest, 2.0 * fastest, GRID)
    heights = diffusion_map.on_grid(shift, diffusion)
    heights[heights < FADED * heights.max()] = 0.0
    contours: dict[str, Any] = {
        "type": "contour",
        "x": plain_list(shift, 5),
        "y": plain_list(np.log10(diffusion), 5),
        "z": [plain_list(row, 3) for row in np.sqrt(heights)],
        "ncontours": 12,
        "showscale": False,
        "colorscale": [list(stop) for stop in SEQUENTIAL],
        "line": {"width": 0.5, "color": "rgba(8,48,107,0.5)"},
        "name": "√ amplitude",
        "hovertemplate": "%{x:.4g} ppm, log D %{y:.3g}<extra></extra>",
    }
    order = np.argsort(diffusion_map.shift)
    above = {
        "type": "scatter",
        "mode": "lines",
        "x": plain_list(diffusion_map.shift[order]),
        "yaxis": "y2",
        "y": plain_list(diffusion_map.amplitude[order]),
        "line": {"color": OBSERVED, "width": 1.2},
        "showlegend": False,
        "name": "amplitude",
        "hovertemplate": "%{y:.3g}",
    }
    figure_layout = layout(520)
    figure_layout["showlegend"] = False
    figure_layout["xaxis"] = axis(axis_title("chemical_shift", "ppm")) | {"autorange": "reversed"}
    figure_layout["yaxis"] = axis("log<sub>10</sub> (<i>D</i> / µm<sup>2</sup> s<sup>−1</sup>)") | {"domain": [0, 0.76]}
    figure_layout["yaxis2"] = axis("") | {"domain": [0.78, 1], "showticklabels": False, "ticks": "", "minor": {}}
    return {"data": [contours, above], "layout": figure_layout}
