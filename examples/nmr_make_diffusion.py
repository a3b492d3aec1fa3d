"""Make examples/nmr_diffusion.csv: calculated integrals of a diffusion series with noise; nothing in it was measured.

Three lines of a dispersion: alkene and alkane protons of ligands that are partly bound (D = 85 µm²/s, as a nanocrystal
of 7.2 nm with its ligands in toluene-d8 has) and partly free (400 µm²/s), and the solvent (2300 µm²/s).
Run from the root of the repository: python examples/nmr_make_diffusion.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
GAMMA = 2.6752218e8
"""rad/(s T), ¹H"""
PULSE, SEPARATION, SHAPE = 3e-3, 60e-3, 0.9
"""δ (s), Δ (s), shape factor; κ = 1/3"""
COEFFICIENTS = (85e-12, 400e-12, 2300e-12)
"""m²/s: bound, free, solvent"""
AMPLITUDES = {"alkene": (0.7, 0.3, 0.0), "alkane": (2.4, 1.6, 0.0), "solvent": (0.0, 0.0, 5.0)}
SIGMA = 0.004


def main() -> None:
    rng = np.random.default_rng(85)
    gradient = np.linspace(0.02, 0.65, 16)
    b = (GAMMA * SHAPE * gradient * PULSE) ** 2 * (SEPARATION - PULSE / 3.0)
    decays = np.exp(-np.outer(COEFFICIENTS, b))
    columns = [gradient]
    for amplitudes in AMPLITUDES.values():
        columns += [np.array(amplitudes) @ decays + rng.normal(0.0, SIGMA, len(b)), np.full(len(b), SIGMA)]
    header = "gradient," + ",".join(f"{name},sigma" for name in AMPLITUDES)
    rows = np.column_stack(columns)
    np.savetxt(FOLDER / "nmr_diffusion.csv", rows, fmt="%.6g", delimiter=",", header=header, comments="")


if __name__ == "__main__":
    main()
