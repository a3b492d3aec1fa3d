"""Large and measured clusters through the command `debye`."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import fftconvolve
from typer.testing import CliRunner

from nanocrystal.cli.app import app
from nanocrystal.sample import Cluster
from nanocrystal.tables.form_factors import form_factor
from support.measured import measured

EDGE = 5.87
PLACES = {"Pb": [(0, 0, 0)], "Cs": [(1, 1, 1)], "Br": [(1, 0, 0), (0, 1, 0), (0, 0, 1)]}
"""element -> its places in the cell, in half cells"""


def cube(n: int) -> dict[str, np.ndarray]:
    """Return element -> places (n_atoms, 3) of n × n × n cells of cubic CsPbBr3, in half cells."""
    cells = 2 * np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    return {e: np.concatenate([cells + np.array(p) for p in places]) for e, places in PLACES.items()}


def exact_intensity(n: int, q: np.ndarray) -> np.ndarray:
    """Return I(Q) without displacements from how often each squared distance occurs, counted by autocorrelation."""
    filled = {}
    for element, places in cube(n).items():
        grid = np.zeros((2 * n,) * 3)
        grid[tuple(places.T)] = 1.0
        filled[element] = grid
    axis = np.arange(-(2 * n - 1), 2 * n)
    square = sum(a**2 for a in np.meshgrid(axis, axis, axis, indexing="ij")).ravel()
    total = np.zeros(len(q))
    elements = list(filled)
    for k, first in enumerate(elements):
        for second in elements[k:]:
            pairs = np.rint(fftconvolve(filled[first], filled[second][::-1, ::-1, ::-1])).ravel()
            counts = np.bincount(square, pairs) * (1.0 if first == second else 2.0)
            at = np.flatnonzero(counts)
            r = 0.5 * EDGE * np.sqrt(at)
            sums = np.sinc(np.outer(q, r) / np.pi) @ counts[at]
            total += form_factor(first, q) * form_factor(second, q) * sums
    return total


def columns(text: str) -> np.ndarray:
    """Return the columns q, intensity of the CSV."""
    header, *rows = csv.reader(text.splitlines())
    assert header == ["q", "intensity"]
    return np.array(rows, dtype=float).T


@pytest.mark.campaign
def test_cube_of_98415_atoms(tmp_path: Path) -> None:
    lines = [f"{e} {x:.9f} {y:.9f} {z:.9f}" for e, p in cube(27).items() for x, y, z in 0.5 * EDGE * p]
    assert len(lines) == 98_415
    file = tmp_path / "cube.xyz"
    file.write_text("\n".join([str(len(lines)), "CsPbBr3", *lines]) + "\n")
    done = CliRunner().invoke(app, ["debye", str(file), "--q", "0.5:20:0.5"])
    assert done.exit_code == 0
    q, intensity = columns(done.stdout)
    exact = exact_intensity(27, q)
    assert np.abs(intensity - exact).max() <= 1e-6 * exact.max()
    assert np.abs(intensity / exact - 1.0).max() <= 1e-4


def test_cdse_cluster_of_a_publication() -> None:
    """The relaxed cluster Cd56Se35 against the plain double sum over its atoms."""
    path = measured("pdf/pdfttp_ch11ClusterXYZ/CdSe.xyz")
    cluster = Cluster.read(path)
    done = CliRunner().invoke(app, ["debye", str(path), "--q", "0.5:25:0.1", "--u-iso", "Cd=0.01,Se=0.02"])
    assert done.exit_code == 0
    q, intensity = columns(done.stdout)
    u = np.array([{"Cd": 0.01, "Se": 0.02}[e] for e in cluster.elements])
    f = {e: form_factor(e, q) for e in cluster.species}
    apart = cluster.positions[:, None] - cluster.positions[None]
    distance = np.linalg.norm(apart, axis=2)
    direct = np.empty(len(q))
    for k, at in enumerate(q):
        amplitude = np.array([f[e][k] for e in cluster.elements])
        damping = np.exp(-0.5 * at**2 * (u[:, None] + u[None]))
        np.fill_diagonal(damping, 1.0)
        direct[k] = amplitude @ (damping * np.sinc(at * distance / np.pi)) @ amplitude
    assert np.abs(intensity / direct - 1.0).max() <= 1e-5
