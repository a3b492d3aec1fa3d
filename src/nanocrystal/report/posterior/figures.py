"""The figures of a posterior: a corner of all pairs of parameters, and the way of the walkers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.report.page.axes import layout
from nanocrystal.report.page.figures import CALCULATED, OBSERVED, Figure, plain_list
from nanocrystal.report.posterior.result import Posterior

MOST = 8
"""parameters of one corner"""
BINS, CELLS = 30, 36
MOST_BLUR = 2.5
"""cells; of the density over two parameters, which is smoothed the more the fewer independent draws it is of"""
GAP = 0.012


def corner_names(posterior: Posterior) -> list[str]:
    """Return which parameters a corner shows: those at a bound, then the others as they come, nonlinear ones first."""
    names = list(posterior.parameters)
    names.sort(key=lambda a: (posterior.parameters[a].linear, posterior.parameters[a].limit == ""))
    chosen = set(names[:MOST])
    return [a for a in posterior.parameters if a in chosen]


def corner_figure(posterior: Posterior, names: Sequence[str]) -> Figure:
    """Return the corner: densities of single parameters on the diagonal, of pairs below it.

    Contours hold 68 and 95 % of the samples; dashed: the normal law of the refinement.
    """
    n = len(names)
    draws = {name: posterior.of(name) for name in names}
    ranges = {name: _range(draws[name], posterior, name) for name in names}
    figure_layout = layout(int(min(920, 130 + 130 * n)))
    figure_layout |= {"showlegend": False, "margin": {"l": 60, "r": 12, "t": 30, "b": 60}}
    traces: list[dict[str, Any]] = []
    for row, below in enumerate(names):
        for column, across in enumerate(names[: row + 1]):
            number = row * n + column + 1
            key = "" if number == 1 else str(number)
            place = {"xaxis": f"x{key}", "yaxis": f"y{key}"}
            if row == column:
                traces += [t | place for t in _single(posterior, across, draws[across], ranges[across])]
            else:
                traces += [t | place for t in _pair(posterior, across, below, draws, ranges)]
            axes = _axes(row, column, n, ranges[across], ranges[below], names)
            figure_layout[f"xaxis{key}"] = axes[0] | {"anchor": f"y{key}"}
            figure_layout[f"yaxis{key}"] = axes[1] | {"anchor": f"x{key}"}
    return {"data": traces, "layout": figure_layout}


def _range(draws: FloatArray, posterior: Posterior, name: str) -> tuple[float, float]:
    """Return what is drawn of a parameter: nearly all samples, and the bound that cuts it off."""
    low, high = np.quantile(draws, (0.002, 0.998))
    m = posterior.parameters[name]
    beyond = 0.05 * (high - low)
    left = m.min if m.min is not None and m.limit in ("upper", "none") else low - beyond
    right = m.max if m.max is not None and m.limit in ("lower", "none") else high + beyond
    return float(left), float(right if right > left else left + 1.0)


def _single(posterior: Posterior, name: str, draws: FloatArray, span: tuple[float, float]) -> list[dict[str, Any]]:
    """Return the histogram of a parameter, and the normal law of the refinement."""
    bins = int(np.clip(posterior.parameters[name].independent_draws ** 0.5, BINS // 2, BINS))
    density, edges = np.histogram(draws, bins, range=span)
    density = density / (len(draws) * np.diff(edges))
    traces = [
        {
            "type": "bar",
            "x": plain_list(0.5 * (edges[1:] + edges[:-1])),
            "y": plain_list(density, 4),
            "width": float(edges[1] - edges[0]),
            "marker": {"color": "#9ECAE1", "line": {"width": 0}},
            "hovertemplate": f"{name}: %{{x:.5g}}<extra></extra>",
        }
    ]
    m, error = posterior.parameters[name], posterior.stderr(name)
    if error is not None:
        x = np.linspace(*span, 80)
        law = np.exp(-0.5 * ((x - m.value) / error) ** 2) / (error * np.sqrt(2.0 * np.pi))
        traces.append(_dashed(x, law))
    return traces


def _dashed(x: FloatArray, y: FloatArray) -> dict[str, Any]:
    line = {"color": CALCULATED, "width": 1.3, "dash": "dash"}
    return {
        "type": "scatter",
        "mode": "lines",
        "x": plain_list(x),
        "y": plain_list(y),
        "line": line,
        "hoverinfo": "skip",
    }


def _pair(
    posterior: Posterior, across: str, below: str, draws: dict[str, FloatArray], ranges: dict[str, tuple[float, float]]
) -> list[dict[str, Any]]:
    """Return the contours of two parameters that hold 68 and 95 % of the samples, and the ellipses of the fit."""
    n = min(posterior.parameters[name].independent_draws for name in (across, below))
    held, x, y = held_fraction(draws[across], draws[below], ranges[across], ranges[below], blur(n))
    traces: list[dict[str, Any]] = [
        {
            "type": "contour",
            "x": plain_list(x),
            "y": plain_list(y),
            "z": [plain_list(row, 3) for row in held],
            "contours": {"start": 0.68, "end": 0.95, "size": 0.27, "coloring": "lines"},
            "autocontour": False,
            "line": {"width": 1.4},
            "colorscale": [[0.0, OBSERVED], [1.0, "#7FB8DA"]],
            "showscale": False,
            "hovertemplate": f"{across}: %{{x:.5g}}<br>{below}: %{{y:.5g}}<extra></extra>",
        }
    ]
    m = posterior.parameters
    errors, correlation = (posterior.stderr(across), posterior.stderr(below)), _correlation(posterior, across, below)
    if errors[0] is not None and errors[1] is not None and correlation is not None:
        angle = np.linspace(0.0, 2.0 * np.pi, 60)
        for held_part in (0.68, 0.95):
            radius = np.sqrt(-2.0 * np.log(1.0 - held_part))
            a, b = radius * np.cos(angle), radius * np.sin(angle)
            turned = correlation * a + np.sqrt(max(0.0, 1.0 - correlation**2)) * b
            traces.append(_dashed(m[across].value + errors[0] * a, m[below].value + errors[1] * turned))
    return traces


def _correlation(posterior: Posterior, one: str, other: str) -> float | None:
    names = list(posterior.refinement.correlation_names)
    if one not in names or other not in names:
        return None
    return float(posterior.refinement.correlation_matrix[names.index(one), names.index(other)])


def blur(n: float) -> float:
    """Return over how many cells the density of n independent draws of two parameters is smoothed.

    It goes as n^(−1/6), as the error of a density over two dimensions asks (B. W. Silverman, Density Estimation for
    Statistics and Data Analysis, 1986, section 4.3), for cells of a sixth of a standard deviation.
    """
    return float(np.clip(CELLS / 6.0 * max(n, 1.0) ** (-1.0 / 6.0), 1.0, MOST_BLUR))


def held_fraction(
    first: FloatArray,
    second: FloatArray,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    cells: float = 1.0,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return at each cell which part of the samples lies where they are denser, (n_y, n_x), and the cells' centres.

    The density is smoothed over so many cells; the samples that are counted are not.
    """
    from scipy.ndimage import gaussian_filter

    counts, x_edges, y_edges = np.histogram2d(first, second, CELLS, range=(x_range, y_range))
    density = gaussian_filter(counts, cells, mode="nearest").T
    order = np.argsort(density, axis=None)[::-1]
    held = np.empty(density.size)
    held[order] = np.cumsum(counts.T.ravel()[order]) / max(float(counts.sum()), 1e-300)
    centres = [0.5 * (edges[1:] + edges[:-1]) for edges in (x_edges, y_edges)]
    return held.reshape(density.shape), centres[0], centres[1]


def _axes(
    row: int, column: int, n: int, x_span: tuple[float, float], y_span: tuple[float, float], names: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the axes of one cell, with numbers at the lower and left border of the corner only."""
    bare = {
        "showline": True,
        "mirror": True,
        "linecolor": "#1A1A1A",
        "linewidth": 1,
        "ticks": "inside",
        "ticklen": 3,
        "showgrid": False,
        "zeroline": False,
        "nticks": 4,
        "tickfont": {"size": 10},
        "exponentformat": "power",
        "type": "linear",
        "minexponent": 5,
    }
    width = 1.0 / n
    lowest, leftmost = row == n - 1, column == 0 and row > 0
    x = bare | {
        "domain": [column * width + GAP, (column + 1) * width - GAP],
        "range": list(x_span),
        "showticklabels": lowest,
        "tickangle": -40,
        "title": {"text": f"<b>{column + 1}</b>" if lowest else "", "font": {"size": 13}, "standoff": 4},
    }
    y = bare | {
        "domain": [1.0 - (row + 1) * width + GAP, 1.0 - row * width - GAP],
        "showticklabels": leftmost,
        "title": {"text": f"<b>{row + 1}</b>" if leftmost else "", "font": {"size": 13}, "standoff": 4},
    }
    if row == column:
        return x, y | {"rangemode": "tozero", "ticks": ""}
    return x, y | {"range": list(y_span)}


# ---- the way of the walkers -------------------------------------------------------------------------


def traces_figure(posterior: Posterior, names: Sequence[str]) -> Figure:
    """Return mean and band of the walkers of each ensemble against the step, for each parameter."""
    n = len(names)
    figure_layout = layout(60 + 90 * n)
    figure_layout |= {"showlegend": False, "margin": {"l": 60, "r": 12, "t": 12, "b": 44}}
    steps = np.arange(len(posterior.samples), dtype=np.float64) + posterior.sampling.discarded + 1.0
    traces: list[dict[str, Any]] = []
    for k, name in enumerate(names):
        key = "" if k == 0 else str(k + 1)
        place = {"xaxis": f"x{key}", "yaxis": f"y{key}"}
        series = posterior.samples[:, :, list(posterior.names).index(name)]
        for ensemble, color in zip(np.unique(posterior.ensemble), (OBSERVED, CALCULATED), strict=False):
            chain = series[:, posterior.ensemble == ensemble]
            low, middle, high = np.quantile(chain, (0.1587, 0.5, 0.8413), axis=1)
            for line, width in ((low, 0.5), (middle, 1.3), (high, 0.5)):
                y = plain_list(np.asarray(line, dtype=np.float64), 6)
                traces.append(
                    {
                        "type": "scatter",
                        "mode": "lines",
                        "x": plain_list(steps),
                        "y": y,
                        "line": {"color": color, "width": width},
                        "hovertemplate": f"{name}: %{{y:.5g}}<extra></extra>",
                    }
                    | place
                )
        figure_layout |= _trace_axes(k, n, key)
    return {"data": traces, "layout": figure_layout}


def _trace_axes(k: int, n: int, key: str) -> dict[str, Any]:
    bare = {
        "type": "linear",
        "showline": True,
        "mirror": True,
        "linecolor": "#1A1A1A",
        "ticks": "inside",
        "showgrid": False,
        "zeroline": False,
        "tickfont": {"size": 10},
    }
    last = k == n - 1
    x = bare | {"anchor": f"y{key}", "showticklabels": last, "title": {"text": "step" if last else ""}}
    y = bare | {
        "anchor": f"x{key}",
        "domain": [1.0 - (k + 0.94) / n, 1.0 - k / n],
        "nticks": 4,
        "title": {"text": f"<b>{k + 1}</b>", "font": {"size": 13}, "standoff": 4},
    }
    return {f"xaxis{key}": x, f"yaxis{key}": y}
