"""A processed NMR spectrum as a page to look at."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.report.nmr.result import ProcessedSpectrum
from nanocrystal.report.page.axes import axis, layout
from nanocrystal.report.page.figures import CALCULATED, COMPONENTS, DIFFERENCE, OBSERVED, Figure, plain_list
from nanocrystal.report.page.rendering import Page, rendered
from nanocrystal.spectra.processing import NmrSpectrum
from nanocrystal.spectra.processing.options import Processed

MOST_POINTS = 16384
"""of one line in the figure; more are thinned out to the lowest and highest of each bunch"""
MOST_TRACES = 24
COLORS = (OBSERVED, CALCULATED, DIFFERENCE, *COMPONENTS)
IN_A_ROW = 8
"""entries of the legend that fit beside each other"""
ROW_HEIGHT, TOOL_BAR = 22, 34
"""pixels of a row of the legend, and of the tool bar above it"""
_MASS = re.compile(r"^(\d+)([A-Z][a-z]?)$")


def nmr_spectrum_figure(spectrum: NmrSpectrum, window: tuple[float, float] | None = None) -> Figure:
    """Return the spectrum, ppm running to the left; a series one above the other, from the first at the bottom.

    Parameters
    ----------
    spectrum : NmrSpectrum
        Of `nmr_spectrum`
    window : (float, float), optional
        What is shown, in the unit of its axis [all]

    Returns
    -------
    dict
        Data and layout of plotly.js
    """
    rows = np.atleast_2d(spectrum.real)
    shown = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_TRACES)).astype(int))
    inside = np.ones(len(spectrum.x), dtype=np.bool_)
    if window is not None:
        inside = (spectrum.x >= min(window)) & (spectrum.x <= max(window))
    step = 0.0 if len(shown) == 1 else 0.35 * float(np.abs(rows[:, inside]).max())
    traces = []
    for place, number in enumerate(shown):
        x, y = _thinned(spectrum.x, rows[number])
        line = {"color": COLORS[place % len(COLORS)], "width": 1}
        trace: dict[str, Any] = {"type": "scatter", "mode": "lines", "line": line, "name": _name(spectrum, int(number))}
        traces.append(trace | {"x": plain_list(x), "y": plain_list(y + place * step)})
    room = TOOL_BAR + ROW_HEIGHT * -(-len(shown) // IN_A_ROW) if len(shown) > 1 else 40
    figure_layout = layout(480 + room)
    figure_layout["margin"]["t"] = room
    figure_layout["xaxis"] = axis(f"δ({_nucleus(spectrum)}) (ppm)" if spectrum.unit == "ppm" else "Frequency (Hz)")
    low, high = (float(spectrum.x[0]), float(spectrum.x[-1])) if window is None else (min(window), max(window))
    figure_layout["xaxis"] |= {"range": [high, low], "hoverformat": ".4f"}
    figure_layout["yaxis"] = axis("Intensity") | {"showticklabels": False, "ticks": ""}
    figure_layout["showlegend"] = len(shown) > 1
    if window is not None:
        top, bottom = float(rows[:, inside].max()), float(rows[:, inside].min())
        height = top - bottom + step * (len(shown) - 1)
        figure_layout["yaxis"]["range"] = [bottom - 0.05 * height, bottom + 1.05 * height]
    return {"data": traces, "layout": figure_layout}


def nmr_spectrum_page(spectrum: NmrSpectrum, window: tuple[float, float] | None = None) -> str:
    """Return an HTML page with the figure and what was done; it works without a network.

    Parameters
    ----------
    spectrum : NmrSpectrum
        Of `nmr_spectrum`
    window : (float, float), optional
        What is shown, in the unit of its axis [all]

    Returns
    -------
    str
        HTML, with the script of its figure
    """
    return ProcessedSpectrum.of(Processed(spectrum, window=window)).page()


def processed_page(result: ProcessedSpectrum, script: str | None = None) -> str:
    """Return the page of a processed spectrum; script: address of plotly.js, None for a page that holds it itself."""
    spectrum = result.spectrum
    integrals = integral_table(result)
    settings = {} if result.processing is None else {"processing": vars(result.processing)}
    return rendered(
        "spectrum.html",
        Page(result.title, result.version, script),
        result=result,
        drawn=nmr_spectrum_figure(spectrum, result.window),
        highest=float(np.max(spectrum.signal_to_noise)),
        n_traces=len(np.atleast_2d(spectrum.values)),
        negative=None if spectrum.magnitude else f"{100.0 * spectrum.negative_share:.2g} %",
        integrals=integrals,
        rows=list(zip(*integrals.values(), strict=True)),
        versions={"nanocrystal": result.version, **result.provenance, **settings},
    )


def integral_table(result: ProcessedSpectrum) -> Mapping[str, Sequence[float]]:
    """Return heading -> column: of one spectrum a row for each region, of a series one for each trace."""
    columns = {name: column.tolist() for name, column in result.integrals.items()}
    if not result.regions or any(len(column) > 1 for column in columns.values()):
        return columns
    values = [column[0] for name, column in columns.items() if name.startswith("integral")]
    sigmas = [column[0] for name, column in columns.items() if name.startswith("sigma")]
    unit = result.spectrum.unit
    return {
        f"from ({unit})": [low for low, _ in result.regions],
        f"to ({unit})": [high for _, high in result.regions],
        "integral": values,
        "sigma": sigmas,
        "over the first": [value / values[0] if values[0] else float("nan") for value in values],
    }


def _thinned(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return at most MOST_POINTS points with every extremum: the lowest and highest point of each bunch."""
    bunch = -(-2 * len(x) // MOST_POINTS)
    if bunch <= 2:
        return x, y
    n = len(x) // bunch * bunch
    groups = y[:n].reshape(-1, bunch)
    starts = np.arange(len(groups)) * bunch
    kept = np.sort(np.stack([starts + groups.argmin(axis=1), starts + groups.argmax(axis=1)], axis=1), axis=1).ravel()
    return x[kept], y[kept]


def _nucleus(spectrum: NmrSpectrum) -> str:
    match = _MASS.match(spectrum.nucleus or "")
    return f"<sup>{match[1]}</sup>{match[2]}" if match else "?"


def _name(spectrum: NmrSpectrum, number: int) -> str:
    indirect = spectrum.indirect
    if indirect is None:
        return f"trace {number + 1}"
    return f"{indirect.values[number]:.4g} {indirect.unit}".strip()
