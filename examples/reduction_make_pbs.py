"""Make examples/reduction_*.chi: counts of PbS nanocubes before and after a shell; nothing in them was measured.

Cubes of PbS, edges 50 ± 4 Å, in octane in a capillary, and the same with an amorphous shell that adds a broad halo,
as in the question of whether a shell of gallium oxide strains its core. Both fillings scatter differently strongly.
The background of octane and glass is one broad curve, measured by itself. All are counted (Poisson noise).
Run from the root of the repository: python examples/reduction_make_pbs.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nanocrystal import (
    Crystal,
    Cube,
    Distribution,
    Population,
    Sample,
    TotalScattering,
    incoherent_function,
    simulated_curves,
)

FOLDER = Path(__file__).parent
EDGE, EDGE_STD, U_ISO = 50.0, 4.0, {"Pb": 0.017, "S": 0.02}
PER_ATOM = 5.0
"""counts of one electron unit of an atom"""
FloatArray = NDArray[np.float64]


def cubes(q: str) -> tuple[FloatArray, FloatArray]:
    """Return Q and the intensity of an atom, Compton scattering included, electron units."""
    crystal = Crystal.from_library("PbS", u_iso=U_ISO)
    sample = Sample({"dots": Population("pbs", Cube(Distribution("normal", EDGE, EDGE_STD)))}, {"pbs": crystal})
    columns = simulated_curves(sample, {"iq": TotalScattering(q=q, background_terms=0)}, FOLDER)["iq"]
    points, intensity = columns["Q"], columns["intensity"]
    atoms = 8.0 * (EDGE**3 + 3.0 * EDGE * EDGE_STD**2) / 5.9362**3
    compton = 0.5 * (incoherent_function("Pb", points) + incoherent_function("S", points))
    return points, intensity / atoms + compton


def surroundings(q: FloatArray) -> FloatArray:
    """Return the mean counts of octane in the capillary: its halo, that of glass, and what slopes below."""
    octane = 9000.0 * np.exp(-0.5 * ((q - 1.35) / 0.25) ** 2) + 2500.0 * np.exp(-0.5 * ((q - 2.9) / 0.7) ** 2)
    return np.asarray(octane + 3000.0 * np.exp(-0.5 * ((q - 1.6) / 0.6) ** 2) + 1500.0 * np.exp(-q / 5.0) + 100.0)


def written(name: str, q: FloatArray, mean: FloatArray, seed: int) -> None:
    """Write a pattern as counted, with its σ."""
    counts = np.random.default_rng(seed).poisson(mean)
    lines = ["# Calculated by examples/reduction_make_pbs.py, not measured", "# Q(1/Å)  counts  sigma"]
    lines += [f"{x:.2f} {n} {np.sqrt(max(n, 1)):.5g}" for x, n in zip(q, counts, strict=True)]
    (FOLDER / f"reduction_{name}.chi").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    q, pattern = cubes("0.9:20:0.02")
    blank_q = np.arange(0.88, 20.03, 0.03)
    halo = 400.0 * np.exp(-0.5 * ((q - 2.4) / 0.35) ** 2) + 250.0 * np.exp(-0.5 * ((q - 4.4) / 0.6) ** 2)
    written("pbs", q, PER_ATOM * pattern + 0.85 * surroundings(q), 1)
    written("pbs_shell", q, 0.9 * PER_ATOM * pattern + halo + 0.80 * surroundings(q), 2)
    written("octane", blank_q, surroundings(blank_q), 3)


if __name__ == "__main__":
    main()
