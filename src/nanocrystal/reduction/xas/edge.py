"""Where the edge is: the steepest rise of μ(E), and whether it is that of the element."""

from __future__ import annotations

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.tables.absorption_edges import absorption_edge_energies, nearest_edge

STEP = 0.05
"""eV of the grid on which slopes are taken"""
SMOOTHED = 0.5
"""eV: standard deviation of the Gaussian that slopes are smoothed with"""
NEAR = 40.0
"""eV that an edge may lie from its table, by chemistry and calibration"""
BESIDE = 120.0
"""eV from the edge beyond which no slope of its own is as steep as another edge"""
AS_STEEP = 0.25
"""of the slope of an edge, that of another one in the scan"""
SMOOTHED_FAR = 1.5
"""eV, where another edge is looked for: noise is no edge"""
FALLS = 2.0
"""times as steep as it rises, μ falls where columns are exchanged"""
SIDES = (15.0, 60.0)
"""eV from another edge, where μ is higher behind it than before it, by more than an oscillation"""
AS_HIGH = 0.15
"""of the step of an edge, that of another one in the scan"""


def table_energy(element: str, edge: str, where: str) -> float:
    """Return the energy of an edge, eV; raises InputError for what has none."""
    edges = absorption_edge_energies()
    if element not in edges:
        raise InputError(f"{where}.element", f"{element!r} is no element with edges here; {_like(element)}.")
    if edge not in edges[element]:
        known = ", ".join(f"{name} ({energy:g} eV)" for name, energy in edges[element].items())
        raise InputError(f"{where}.edge", f"{element} has no edge {edge}; it has {known}.")
    return edges[element][edge]


def _like(element: str) -> str:
    return nearest_names(element, absorption_edge_energies())


def slope(energy: FloatArray, mu: FloatArray, smoothed: float = SMOOTHED) -> tuple[FloatArray, FloatArray]:
    """Return an even grid of energies and the smoothed slope of μ there, (n_grid,) eV and 1/eV.

    The slope of straight lines between the points, folded with a Gaussian.
    """
    n = int((energy[-1] - energy[0]) / STEP) + 1
    grid = energy[0] + STEP * np.arange(n)
    rises = np.diff(np.interp(np.append(grid, grid[-1] + STEP) - STEP / 2.0, energy, mu)) / STEP
    reach = np.arange(-int(5.0 * smoothed / STEP), int(5.0 * smoothed / STEP) + 1) * STEP
    kernel = np.exp(-0.5 * (reach / smoothed) ** 2)
    padded = np.pad(rises, len(reach) // 2, mode="edge")
    return grid, np.convolve(padded, kernel / kernel.sum(), mode="valid")


def steepest(energy: FloatArray, mu: FloatArray, near: float) -> float:
    """Return where μ rises most steeply within `NEAR` of an energy, eV, between grid points by a parabola."""
    inside = (energy >= near - NEAR - 10.0) & (energy <= near + NEAR + 10.0)
    grid, rise = slope(energy[inside], mu[inside])
    within = np.abs(grid - near) <= NEAR
    top = int(np.argmax(np.where(within, rise, -np.inf)))
    if not 0 < top < len(grid) - 1:
        return float(grid[top])
    a, b, c = rise[top - 1 : top + 2]
    bend = a - 2.0 * b + c
    return float(grid[top] + (0.5 * STEP * (a - c) / bend if bend < 0.0 else 0.0))


def check_in_scan(energy: FloatArray, mu: FloatArray, which: tuple[str, str], where: str, source: str) -> None:
    """Raise InputError where an edge is outside a scan, where it does not rise there, and where it is not alone.

    which: element and edge.
    """
    element, edge = which
    at = table_energy(element, edge, where)
    low, high = float(energy[0]), float(energy[-1])
    if not low + 10.0 < at < high - 10.0:
        seen = _steepest_at(energy, mu)
        problem = f"{element} {edge} is at {at:g} eV, but {source} goes from {low:.6g} to {high:.6g} eV"
        raise InputError(f"{where}.element", f"{problem} and rises at {seen}; correct element or edge.")
    for name, other in absorption_edge_energies()[element].items():
        if name != edge and low < other < high:
            problem = f"{source} holds two edges of {element}, {edge} at {at:g} and {name} at {other:g} eV"
            cut = f"[{low:.0f}, {other - 50.0:.0f}]" if other > at else f"[{other + 50.0:.0f}, {high:.0f}]"
            raise InputError(f"{where}.edge", f"{problem}: leave one with energy_range = {cut}.")
    _check_rise(energy, mu, (element, edge, at), where, source)


def _check_rise(energy: FloatArray, mu: FloatArray, of: tuple[str, str, float], where: str, source: str) -> None:
    """Raise InputError where a scan rises as steeply somewhere else as at its edge."""
    element, edge, at = of
    grid, rise = slope(energy, mu, SMOOTHED_FAR)
    here, there = np.abs(grid - at) <= NEAR, np.abs(grid - at) > BESIDE
    own, other = float(rise[here].max()), float(rise[there].max()) if there.any() else 0.0
    own_high = _jump(energy, mu, at)
    if own_high < 0.0 and own >= AS_STEEP * other and -float(rise[here].min()) > FALLS * own:
        problem = f"μ of {source} falls at {element} {edge}, {at:g} eV, where it should rise"
        raise InputError(f"{where}.edge", f"{problem}; are two columns exchanged?")
    if other < AS_STEEP * own:
        return
    far = float(grid[there][np.argmax(rise[there])])
    if _jump(energy, mu, far) < AS_HIGH * abs(own_high):  # a glitch, an oscillation
        return
    if own < AS_STEEP * other or own_high <= 0.0:
        problem = f"{source} does not rise at {element} {edge}, {at:g} eV, but at {_edge_words(far)}"
        raise InputError(f"{where}.element", f"{problem}; correct element or edge.")
    side = f"[{energy[0]:.0f}, {far - 50.0:.0f}]" if far > at else f"[{far + 50.0:.0f}, {energy[-1]:.0f}]"
    problem = f"{source} holds two edges, {element} {edge} at {at:g} eV and one at {_edge_words(far)}"
    raise InputError(f"{where}.edge", f"{problem}: leave one with energy_range = {side}.")


def _jump(energy: FloatArray, mu: FloatArray, at: float) -> float:
    """Return by how much μ is higher behind an energy than before it."""
    near, far = SIDES
    before = mu[(energy > at - far) & (energy < at - near)]
    behind = mu[(energy > at + near) & (energy < at + far)]
    return float(np.mean(behind) - np.mean(before)) if len(before) and len(behind) else 0.0


def _steepest_at(energy: FloatArray, mu: FloatArray) -> str:
    grid, rise = slope(energy, mu, SMOOTHED_FAR)
    return _edge_words(float(grid[np.argmax(rise)]))


def _edge_words(energy: float) -> str:
    element, edge, at = nearest_edge(energy)
    return f"{energy:.1f} eV (near {element} {edge}, {at:g} eV)" if abs(at - energy) <= NEAR else f"{energy:.1f} eV"
