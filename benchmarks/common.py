"""What the benchmarks share: the test objects, exact references, times, and a line about the machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from processes import machine, print_table

__all__ = ["BASIS_KINDS", "CELL", "ELEMENTS", "cube", "errors", "exact_sums", "machine", "print_table", "timed"]

ELEMENTS = ("Cs", "Pb", "Br")
BASIS = np.array([[1, 1, 1], [0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])  # half cells
BASIS_KINDS = np.array([0, 1, 2, 2, 2])
CELL = 5.87


def timed(function: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return the medians of wall time and of CPU time of this process (all threads), seconds."""
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        function()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return statistics.median(walls), statistics.median(cpus)


def cube(n: int, displacement: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return positions (5 n³, 3) Å and kinds of a cube of CsPbBr3, displaced by Gaussians (Å, each axis)."""
    cells = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    positions = (2 * cells + BASIS).reshape(-1, 3) * (CELL / 2)
    positions = positions + np.random.default_rng(1).normal(0.0, displacement, positions.shape)
    return positions, np.tile(BASIS_KINDS, n**3)


def exact_sums(n: int, q: np.ndarray) -> np.ndarray:
    """Return Σ sin(Qr)/(Qr) by pair of kinds for the perfect cube, (6, n_q): the double sum, regrouped.

    All coordinates are whole half cells, so the pairs are counted by their whole squared distance.
    """
    size = 4 * n
    spectra = []
    for kind in range(len(ELEMENTS)):
        occupied = np.zeros((size,) * 3)
        for site in BASIS[kind == BASIS_KINDS]:
            occupied[site[0] : 2 * n : 2, site[1] : 2 * n : 2, site[2] : 2 * n : 2] = 1.0
        spectra.append(np.fft.rfftn(occupied))
    lag = np.minimum(np.arange(size), size - np.arange(size)) ** 2
    squared = (lag[:, None, None] + lag[:, None] + lag).ravel()
    counts = []
    for a in range(len(ELEMENTS)):
        for b in range(a, len(ELEMENTS)):
            pairs = np.rint(np.fft.irfftn(spectra[a].conj() * spectra[b], s=(size,) * 3, axes=(0, 1, 2))).ravel()
            counts.append(np.bincount(squared, pairs) * (0.5 if a == b else 1.0))
    table = np.array(counts)[:, 1:]
    used = np.flatnonzero(table.any(axis=0))
    r = CELL / 2 * np.sqrt(used + 1.0)
    return np.concatenate([table[:, used] @ np.sinc(np.outer(r, part) / np.pi) for part in np.array_split(q, 20)], 1)


def errors(calculated: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """Return max |ΔI|/I_max and max |I/I_ref − 1|."""
    difference = np.abs(calculated - reference)
    return float(difference.max() / reference.max()), float((difference / np.abs(reference)).max())
