"""Crystals that a refinement has led so far from their start that they may be something else."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nanocrystal.parameters import Values
from nanocrystal.sample.population import PopulationNow

MOVED = 0.03
"""part by which a length of a cell may change: structures of one composition differ by less"""
FEWEST_CELLS = 2.0
"""across, below which a crystal has no lattice to speak of"""
LENGTHS = ("a", "b", "c")


def strays(populations: Mapping[str, PopulationNow], started: Values, values: Values) -> dict[str, str]:
    """Return population -> a sentence, of each population whose cell has moved far, or that has hardly a cell left."""
    said = {}
    for name, population in populations.items():
        place = population.population.crystal_name
        if place is None:
            continue
        found = [*_moved(f"crystals.{place}", started, values), *_few_cells(population)]
        if found:
            problem = " and ".join(found)
            said[f"populations.{name}"] = f"{problem}: it may not be this crystal; leave it out and compare."
    return said


def _moved(crystal: str, started: Values, values: Values) -> list[str]:
    """Return in words by how much a cell has moved, where that is far."""
    lengths = [k for k in LENGTHS if f"{crystal}.{k}" in started]
    changes = {k: values[f"{crystal}.{k}"] / started[f"{crystal}.{k}"] - 1.0 for k in lengths}
    far = {k: change for k, change in changes.items() if abs(change) > MOVED}
    if not far:
        return []
    worst = max(far, key=lambda k: abs(far[k]))
    at = (started[f"{crystal}.{worst}"], values[f"{crystal}.{worst}"])
    return [f"{worst} has moved by {100.0 * far[worst]:+.0f} % ({at[0]:.4g} to {at[1]:.4g} Å)"]


def _few_cells(population: PopulationNow) -> list[str]:
    """Return in words how few cells a crystal is across, as a sphere of its volume, where they are few."""
    volume = population.shape.mean_volume
    if volume is None:
        return []
    across = float(np.cbrt(6.0 * volume / np.pi) / np.cbrt(population.crystal.cell_volume))
    return [f"it is {across:.1f} cells across"] if across < FEWEST_CELLS else []
