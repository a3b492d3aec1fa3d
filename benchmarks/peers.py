"""The same cubes by other programs in the same run: debyer and DebyeCalculator.

debyer runs as a process (with reading its file); nanocrystal is called in a running Python, and as the
command, which spends a second on start and import. All use two threads. A program is left out where its path
is not given: --debyer (or NANOCRYSTAL_DEBYER) is the executable; --debyecalculator (or
NANOCRYSTAL_DEBYECALCULATOR) the Python of an environment that has DebyeCalculator. README.md says how to
build and install them.
References are the double sum of the perfect cube in float64. debyer is compared as neutron pattern, whose
scattering lengths are plain numbers; DebyeCalculator, whose I(Q) is half the Debye intensity, with B = 1 Å².
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from common import ELEMENTS, cube, errors, exact_sums, machine, print_table, timed

from nanocrystal.kernels.debye import debye_intensity
from nanocrystal.kernels.pairs import cluster_moments
from nanocrystal.kernels.sine import SineTransform
from nanocrystal.simulation import BIN
from nanocrystal.tables.form_factors import form_factor

DQ, N_Q = 0.01, 1951
SCATTERING_LENGTHS = np.array([5.42, 9.405, 6.795])  # fm: Cs, Pb, Br
MAIN = "from nanocrystal.cli import main; main()"
DEBYECALCULATOR = """
import sys, time, numpy as np, torch
from debyecalculator import DebyeCalculator
torch.set_num_threads(2)
given = np.load(sys.argv[1])
elements, xyz = [str(e) for e in given["elements"]], torch.tensor(given["positions"])
program = DebyeCalculator(qmin=0.5, qmax=20.005, qstep=0.01, biso=1.0, device="cpu",
                          dtype=getattr(torch, sys.argv[3]), pair_sum="grid")
times = []
for _ in range(int(sys.argv[4])):
    wall, cpu = time.perf_counter(), time.process_time()
    found = program.iq((elements, xyz))
    times.append((time.perf_counter() - wall, time.process_time() - cpu))
q, i = found[0], found[1]
np.savez(sys.argv[2], q=q, i=i, times=times)
"""


def ours(positions: np.ndarray, kinds: np.ndarray, q: np.ndarray, factors: np.ndarray, u: float) -> np.ndarray:
    """Return I(Q) from positions, as `nanocrystal debye` calculates it."""
    h = BIN
    n_bins = int(np.linalg.norm(np.ptp(positions, axis=0)) / h) + 2
    sums = SineTransform(h, n_bins, q)(cluster_moments(positions, kinds, 3, h, n_bins, 2))
    return intensity(q, sums, factors, u, kinds)


def intensity(q: np.ndarray, sums: np.ndarray, factors: np.ndarray, u: float, kinds: np.ndarray) -> np.ndarray:
    return debye_intensity(q, sums, factors, np.full(3, u), np.ones(3), np.bincount(kinds).astype(float))


def process(command: list[str], folder: Path) -> tuple[float, float]:
    """Return wall and CPU time of a whole process, start and reading of the file included."""
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - wall, cpu


def debyer_rows(program: str, n: int, repeats: int) -> list[tuple[str, ...]]:
    positions, kinds = cube(n)
    q = np.round(0.505 + DQ * np.arange(N_Q - 1), 3)  # debyer calculates at the middles of its steps
    lengths = np.repeat(SCATTERING_LENGTHS[:, None], len(q), axis=1)
    calculate = partial(ours, positions, kinds, q, lengths, 0.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [f"{ELEMENTS[k]} {x:.8f} {y:.8f} {z:.8f}\n" for k, (x, y, z) in zip(kinds, positions, strict=True)]
        (folder / "cube.xyz").write_text(f"{len(lines)}\n\n{''.join(lines)}")
        command = [program, "-q", "-f0.5", "-t20", f"-s{DQ}", "-o", "out.txt", "cube.xyz"]
        own_command = [sys.executable, "-c", MAIN, "debye", "cube.xyz", "--q", f"0.5:20:{DQ}", "--out", "own.csv"]
        rounds = [  # in turn, so that another load on the machine meets all alike
            (process([*command, "-x"], folder), timed(calculate, 1), process(own_command, folder))
            for _ in range(repeats)
        ]
        process([*command, "-n"], folder)
        their_q, pattern = np.loadtxt(folder / "out.txt").T
    assert np.allclose(their_q, q)
    theirs, running, whole = np.median(rounds, axis=0)
    reference = intensity(q, exact_sums(n, q), lengths, 0.0, kinds)
    mine = errors(calculate(), reference)
    rows = comparison("debyer", len(kinds), theirs, errors(pattern * len(kinds), reference), running, mine)
    command_row = row(len(kinds), "nanocrystal debye, the command", [f"{t:.2f}" for t in whole], ["", ""])
    return [*rows, command_row]


def debyecalculator_rows(python: str, n: int, dtype: str, repeats: int) -> list[tuple[str, ...]]:
    positions, kinds = cube(n)
    with tempfile.TemporaryDirectory() as name:
        given, found = Path(name) / "given.npz", Path(name) / "found.npz"
        np.savez(given, elements=np.array(ELEMENTS)[kinds], positions=positions)
        subprocess.run([python, "-c", DEBYECALCULATOR, given, found, dtype, str(repeats)], check=True)
        with np.load(found) as result:
            peer_q, peer = result["q"].ravel(), 2.0 * result["i"].ravel()
            wall, cpu = np.median(result["times"], axis=0)
    q = 0.5 + DQ * np.arange(N_Q)
    peer = np.interp(q, peer_q, peer) if not np.allclose(peer_q, q, atol=1e-5) else peer
    factors, u = np.array([form_factor(e, q) for e in ELEMENTS]), 1.0 / (8 * np.pi**2)
    reference = intensity(q, exact_sums(n, q), factors, u, kinds)
    mine = errors(ours(positions, kinds, q, factors, u), reference)
    times = timed(partial(ours, positions, kinds, q, factors, u), repeats)
    return comparison(f"DebyeCalculator {dtype}", len(kinds), (wall, cpu), errors(peer, reference), times, mine)


def comparison(name, n_atoms, times, their_errors, own_times, own_errors) -> list[tuple[str, ...]]:
    ratios = [f"{a / b:.2f}" for a, b in zip(times, own_times, strict=True)]
    factors = [f"{a / b:.0f}" for a, b in zip(their_errors, own_errors, strict=True)]
    return [
        row(n_atoms, name, [f"{t:.2f}" for t in times], [f"{e:.1e}" for e in their_errors]),
        row(n_atoms, "nanocrystal", [f"{t:.2f}" for t in own_times], [f"{e:.1e}" for e in own_errors]),
        row(n_atoms, "ratio", ratios, factors),
    ]


def row(n_atoms: int, name: str, times: list[str], found_errors: list[str]) -> tuple[str, ...]:
    return (str(n_atoms), name, *times, *found_errors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debyer", default=os.environ.get("NANOCRYSTAL_DEBYER"))
    parser.add_argument("--debyecalculator", default=os.environ.get("NANOCRYSTAL_DEBYECALCULATOR"))
    parser.add_argument("--n", type=int, nargs="*", default=[20, 27], help="cells an edge, for debyer")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(machine(), "\n")
    ours(*cube(2), 0.5 + DQ * np.arange(10), np.ones((3, 10)), 0.0)  # compiles
    rows: list[tuple[str, ...]] = []
    if options.debyer:
        for n in options.n:
            rows += debyer_rows(options.debyer, n, options.repeats)
    else:
        print("debyer is left out: --debyer PATH was not given.\n")
    if options.debyecalculator:
        for dtype in ("float32", "float64"):
            rows += debyecalculator_rows(options.debyecalculator, 20, dtype, options.repeats)
    else:
        print("DebyeCalculator is left out: --debyecalculator PYTHON was not given.\n")
    if rows:
        print_table(("atoms", "program", "wall s", "CPU s", "max |ΔI|/I_max", "max |I/I_ref − 1|"), rows)


if __name__ == "__main__":
    main()
