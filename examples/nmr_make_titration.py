"""Make examples/nmr_titration.csv: calculated ¹H spectra of a titration with noise; nothing in it was measured.

Bound oleate: a Gaussian of 51 Hz at 5.70 ppm; released: a Lorentzian of 21 Hz at 5.50 ppm, up to a third of all. These
widths and positions are those that the supporting information on colloidal atomic layer deposition from ligand-modified
precursors prints for trimethylaluminium on PbS nanocrystals (400 MHz); equivalents and amounts in between are chosen.
Run from the root of the repository: python examples/nmr_make_titration.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
MHZ = 400.0
EQUIVALENTS = (0, 10, 20, 30, 45, 60)
RELEASED = (0.0, 0.06, 0.12, 0.19, 0.26, 0.33)
TOTAL = 1.0
NOISE = 0.12
"""σ of each point; the bound line is 7.4 high"""


def gaussian(x: np.ndarray, place: float, width: float) -> np.ndarray:
    return np.sqrt(4.0 * np.log(2.0) / np.pi) / width * np.exp(-4.0 * np.log(2.0) * ((x - place) / width) ** 2)


def lorentzian(x: np.ndarray, place: float, width: float) -> np.ndarray:
    return 2.0 / (np.pi * width) / (1.0 + 4.0 * ((x - place) / width) ** 2)


def main() -> None:
    rng = np.random.default_rng(13)
    ppm = np.linspace(4.9, 6.3, 281)
    bound, released = gaussian(ppm, 5.70, 51.0 / MHZ), lorentzian(ppm, 5.50, 21.0 / MHZ)
    spectra = [TOTAL * ((1.0 - f) * bound + f * released) + 0.2 for f in RELEASED]
    columns = [ppm, *(y + rng.normal(0.0, NOISE, len(ppm)) for y in spectra)]
    header = "ppm," + ",".join(f"eq_{e}" for e in EQUIVALENTS)
    rows = np.column_stack(columns)[::-1]
    np.savetxt(FOLDER / "nmr_titration.csv", rows, fmt="%.6g", delimiter=",", header=header, comments="")


if __name__ == "__main__":
    main()
