"""Explicit atoms to I(Q): speed of the pair histogram and of the Debye sums, and their errors.

Cubes of CsPbBr3, perfect and displaced by 0.1 Å; pairs per core-second is N(N−1)/2 over the CPU time
of one thread. Errors are of I(Q) with self term and form factors, against the double sum in float64:
at every Q for the perfect cube, at 10 to 40 Q for the displaced one (up to --displaced-check cells an edge).
"""

from __future__ import annotations

import argparse
from functools import partial

import numpy as np
from common import ELEMENTS, cube, errors, exact_sums, machine, print_table, timed

from nanocrystal.kernels import plain
from nanocrystal.kernels.debye import debye_intensity
from nanocrystal.kernels.pairs import cluster_moments
from nanocrystal.kernels.sine import SineTransform
from nanocrystal.simulation import BIN
from nanocrystal.tables.form_factors import form_factor

DQ = 0.01
GRIDS = {"0.5–20": (0.5, 1951), "0.5–25": (0.5, 2451), "0.02–0.5": (0.02, 49)}
B_FACTORS = {"2.5/1/2": np.array([2.5, 1.0, 2.0]), "0": np.zeros(3)}


def intensity(q: np.ndarray, sums: np.ndarray, b: np.ndarray, counts: np.ndarray) -> np.ndarray:
    factors = np.array([form_factor(e, q) for e in ELEMENTS])
    return debye_intensity(q, sums, factors, b / (8 * np.pi**2), np.ones(3), counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, nargs="*", default=[8, 13, 20, 27], help="cells an edge")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--displaced-check", type=int, default=13, help="largest displaced cube to check")
    options = parser.parse_args()
    print(machine(), "\n")
    h = BIN
    speed, accuracy = [], []
    for n in options.n:
        for displacement in (0.0, 0.1):
            positions, kinds = cube(n, displacement)
            n_atoms, counts = len(kinds), np.bincount(kinds).astype(float)
            n_bins = int(np.linalg.norm(np.ptp(positions, axis=0)) / h) + 2
            histogram = partial(cluster_moments, positions, kinds, 3, h, n_bins)
            moments = histogram(2)
            _, cpu = timed(partial(histogram, 1), options.repeats)
            wall, _ = timed(partial(histogram, 2), options.repeats)
            transform = SineTransform(h, n_bins, 0.5 + DQ * np.arange(1951))
            transform(moments)
            fourier, _ = timed(partial(transform, moments), options.repeats)
            name = f"{n_atoms} {'displaced' if displacement else 'perfect'}"
            rate = n_atoms * (n_atoms - 1) / 2 / cpu
            speed.append((name, f"{cpu:.3f}", f"{rate / 1e9:.2f}e9", f"{wall:.3f}", f"{fourier * 1e3:.1f}"))
            if displacement and n > options.displaced_check:
                continue
            for grid, (start, n_q) in GRIDS.items():
                q = start + DQ * np.arange(n_q)
                sums = SineTransform(h, n_bins, q)(moments)
                if displacement:
                    chosen = np.linspace(0, n_q - 1, min(n_q, 40 if grid == "0.5–25" else 10)).astype(int)
                    q, sums = q[chosen], sums[:, chosen]
                    reference = plain.pair_sums(q, positions, kinds, 3)
                else:
                    reference = exact_sums(n, q)
                for label, b in B_FACTORS.items():
                    of_max, relative = errors(intensity(q, sums, b, counts), intensity(q, reference, b, counts))
                    accuracy.append((name, grid, label, str(len(q)), f"{of_max:.1e}", f"{relative:.1e}"))
    header = ("atoms", "histogram, CPU s (1 thread)", "pairs/core-s", "wall s (2 threads)", "Debye sums, ms")
    print_table(header, speed)
    print_table(("atoms", "Q, Å⁻¹", "B, Å²", "points", "max |ΔI|/I_max", "max |I/I_ref − 1|"), accuracy)


if __name__ == "__main__":
    main()
