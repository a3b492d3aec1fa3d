"""A processed NMR spectrum as a page to look at and tables to go on with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nanocrystal.report.analysis_figures import figure_page
from nanocrystal.report.page.axes import axis, layout
from nanocrystal.report.page.figures import CALCULATED, COMPONENTS, DIFFERENCE, OBSERVED, Figure, plain_list
from nanocrystal.spectra.processing import NmrSpectrum

FloatArray = NDArray[np.float64]
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
    """Return the spectrum, ppm running to the left; a series one above the other, from the first at the bottom."""
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
    """Return an HTML page with the figure and what was done; it works without a network."""
    title = spectrum.title or "/".join(Path(spectrum.source).parts[-3:])
    page = figure_page(nmr_spectrum_figure(spectrum, window), title)
    items = "".join(f"<li>{escape(text)}</li>" for text in summary_lines(spectrum))
    return page.replace("<script>", f'<ul style="font-size: 0.9rem; line-height: 1.5">{items}</ul>\n<script>', 1)


def summary_lines(spectrum: NmrSpectrum) -> list[str]:
    """Return what a reader wants to know of a spectrum, one sentence each."""
    ratio = np.atleast_1d(spectrum.signal_to_noise)
    rows = len(np.atleast_2d(spectrum.values))
    first = f"{spectrum.nucleus or 'nucleus not stated'}, {spectrum.values.shape[-1]} points"
    first += f", {rows} traces" if rows > 1 else ""
    if spectrum.carrier_mhz is not None:
        first += f", {spectrum.carrier_mhz:.4f} MHz"
    lines = [first]
    highest = f"signal-to-noise ratio of the highest line: {ratio.max():.4g}"
    lines.append(highest + (f" (of the traces {ratio.min():.4g} to {ratio.max():.4g})" if rows > 1 else ""))
    if spectrum.indirect is not None:
        axis_of = spectrum.indirect
        unit = f" {axis_of.unit}" if axis_of.unit else ""
        lines.append(
            f"{axis_of.name}: {axis_of.values.min():.4g} to {axis_of.values.max():.4g}{unit} ({axis_of.source})"
        )
    return [*lines, *spectrum.notes]


def spectrum_columns(spectrum: NmrSpectrum) -> dict[str, FloatArray]:
    """Return ppm (or hz), intensity, sigma; of a series one intensity for each trace and one sigma for all."""
    columns: dict[str, FloatArray] = {"ppm" if spectrum.unit == "ppm" else "hz": spectrum.x}
    if spectrum.values.ndim == 1:
        return columns | {"intensity": spectrum.real, "sigma": spectrum.sigma}
    columns |= {f"intensity_{k}": row for k, row in enumerate(spectrum.real, start=1)}
    rms = float(np.sqrt(np.mean(np.asarray(spectrum.noise) ** 2)))
    return columns | {"sigma": np.full_like(spectrum.x, rms)}


def integral_columns(spectrum: NmrSpectrum, regions: Sequence[tuple[float, float]]) -> dict[str, FloatArray]:
    """Return what was changed from trace to trace, and integral and sigma of each region, ascending."""
    indirect = spectrum.indirect
    n = len(np.atleast_2d(spectrum.values))
    values = np.arange(n, dtype=np.float64) if indirect is None else indirect.values
    order = np.argsort(values, kind="stable")
    columns: dict[str, FloatArray] = {"trace" if indirect is None else indirect.name: values[order]}
    for k, (low, high) in enumerate(regions, start=1):
        suffix = "" if len(regions) == 1 else f"_{k}"
        columns[f"integral{suffix}"] = np.atleast_1d(spectrum.integral(low, high))[order]
        columns[f"sigma{suffix}"] = np.atleast_1d(spectrum.integral_sigma(low, high))[order]
    return columns


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
