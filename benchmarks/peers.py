"""The same objects by other programs in the same run: debyer, DebyeCalculator, sasmodels.

debyer runs as a process (with reading its file); nanocrystal is called in a running Python, and as the
command, with its start and import. All use two threads. Cubes are perfect, which is debyer's best case (few bins of
its histogram are occupied), and displaced by Gaussians of 0.1 Å. A program is left out where its path
is not given: --debyer (or NANOCRYSTAL_DEBYER) is the executable; --debyecalculator (or
NANOCRYSTAL_DEBYECALCULATOR) and --sasmodels (or NANOCRYSTAL_SASMODELS) the Python of an environment that has it.
README.md says how to build and install them.
References are the double sum in float64: of the perfect cube at every Q, of displaced atoms at 20 Q up to
--check atoms. debyer is compared as neutron pattern, whose scattering lengths are plain numbers;
DebyeCalculator, whose I(Q) is half the Debye intensity, with B = 1 Å².
sasmodels: one curve of 393 q of square prisms, alike and with lognormal lengths. It sums 20 x 20 pairs of lengths, of
one side of the base (the other stays) and the height; ours are base and height. Ours is a step of a refinement at new
sizes, with its scale.
"""

from __future__ import annotations

import argparse
import json
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
from processes import Side, median_ms

from nanocrystal.kernels import plain
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
SASMODELS = """
import json, os, sys, time
os.environ["SAS_OPENCL"] = "none"
import numpy as np
from sasmodels.core import load_model
from sasmodels.data import empty_data1D
from sasmodels.direct_model import DirectModel
q = np.array(json.loads(sys.argv[1]))
model = DirectModel(empty_data1D(q), load_model("parallelepiped", platform="dll", dtype="double"))
given = dict(scale=1.0, background=0.0, sld=40.0, sld_solvent=8.0, length_b=66.5, length_c=98.0)
spread = {}
for name in ("length_a", "length_c"):
    spread |= {name + "_pd": 0.2, name + "_pd_n": 20, name + "_pd_nsigma": 4, name + "_pd_type": "lognormal"}
found = []
for more, repeats in (({}, 7), (spread, int(sys.argv[2]))):
    model(length_a=66.5, **given, **more)
    times = []
    for k in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        curve = model(length_a=66.5 * (1 + 1e-4 * k), **given, **more)
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    found.append(times)
print(json.dumps(found))
"""
SAXS = """
title = "A benchmark"
[crystals.x]
library = "CsPbBr3-gamma"
u_iso = {{ Cs = 0.1, Pb = 0.03, Br = 0.06 }}
[populations.p]
crystal = "x"
shape = "prism"
{lengths}
[datasets.saxs]
technique = "saxs"
file = "saxs.csv"
columns = ["q", "intensity", "sigma"]
solvent = "toluene"
"""
SAXS_Q = 0.008 + 0.00125 * np.arange(393)
LENGTHS = {"d_ab": 75.0, "l_c": 98.0}


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


def reference_sums(n: int, displacement: float, positions: np.ndarray, kinds: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the exact sums by pair of kinds, (6, n_q)."""
    return plain.pair_sums(q, positions, kinds, 3) if displacement else exact_sums(n, q)


def debyer_rows(program: str, n: int, displacement: float, repeats: int, check: int) -> list[tuple[str, ...]]:
    positions, kinds = cube(n, displacement)
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
    label = f"{len(kinds)}, {'displaced' if displacement else 'perfect'}"
    wrong: list[tuple[float, float] | None] = [None, None]
    chosen = few(len(q)) if displacement else np.arange(len(q))
    if not displacement or len(kinds) <= check:
        sums = reference_sums(n, displacement, positions, kinds, q[chosen])
        reference = intensity(q[chosen], sums, lengths[:, chosen], 0.0, kinds)
        wrong = [errors(pattern[chosen] * len(kinds), reference), errors(calculate()[chosen], reference)]
    rows = comparison("debyer", label, theirs, wrong[0], running, wrong[1])
    command_row = row(label, "nanocrystal debye, the command", [f"{t:.2f}" for t in whole], ["", ""])
    ratios = [f"{a / b:.2f}" for a, b in zip(theirs, whole, strict=True)]
    return [*rows, command_row, row(label, "ratio to the command", ratios, ["", ""])]


def few(n: int) -> np.ndarray:
    """Return 20 indices of n points."""
    return np.linspace(0, n - 1, 20).astype(int)


def debyecalculator_rows(
    python: str, n: int, displacement: float, dtype: str, repeats: int, check: int
) -> list[tuple[str, ...]]:
    positions, kinds = cube(n, displacement)
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
    calculate = partial(ours, positions, kinds, q, factors, u)
    label = f"{len(kinds)}, {'displaced' if displacement else 'perfect'}"
    wrong: list[tuple[float, float] | None] = [None, None]
    chosen = few(len(q)) if displacement else np.arange(len(q))
    if not displacement or len(kinds) <= check:
        sums = reference_sums(n, displacement, positions, kinds, q[chosen])
        reference = intensity(q[chosen], sums, factors[:, chosen], u, kinds)
        wrong = [errors(peer[chosen], reference), errors(calculate()[chosen], reference)]
    times = timed(calculate, repeats)
    return comparison(f"DebyeCalculator {dtype}", label, (wall, cpu), wrong[0], times, wrong[1])


def sasmodels_rows(python: str | None, repeats: int) -> list[tuple[str, ...]]:
    """Return a row for prisms that are alike and one for lognormal lengths, ms a curve."""
    rows = []
    theirs = None
    if python:
        given = [python, "-c", SASMODELS, json.dumps(SAXS_Q.tolist()), str(min(repeats, 3))]
        done = subprocess.run(given, check=True, capture_output=True, text=True)
        theirs = json.loads(done.stdout.splitlines()[-1])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savetxt(folder / "saxs.csv", np.c_[SAXS_Q, np.exp(-20.0 * SAXS_Q), 0.01 + 0.0 * SAXS_Q], delimiter=",")
        for k, (what, law) in enumerate({
            "all alike": "{{ value = {0}, vary = true }}",
            "two lognormals": '{{ distribution = "lognormal", mean = {{ value = {0}, vary = true }}, '
            "std = {{ value = {1}, vary = true }} }}",
        }.items()):  # fmt: skip
            lengths = "\n".join(f"{key} = {law.format(v, 0.2 * v)}" for key, v in LENGTHS.items())
            (folder / "study.toml").write_text(SAXS.format(lengths=lengths))
            ends = (".mean", ".std") if k else ("",)
            moves = {"sizes": {f"populations.p.{key}{end}": 1e-3 for key in LENGTHS for end in ends}}
            spent, found = Side().steps(folder / "study.toml", moves, repeats=repeats)
            if spent.code:
                raise SystemExit(spent.last_words)
            own = median_ms(found["times"]["sizes"])
            cells = [f"{t:.1f}" for t in own]
            if theirs:
                wall, cpu = median_ms(theirs[k])
                cells += [f"{wall:.1f}", f"{cpu:.1f}", f"{cpu / own[1]:.1f}"]
            rows.append((what, *cells, *[""] * (5 - len(cells))))
    return rows


def comparison(name, label, times, their_errors, own_times, own_errors) -> list[tuple[str, ...]]:
    ratios = [f"{a / b:.2f}" for a, b in zip(times, own_times, strict=True)]
    known = their_errors is not None
    factors = [f"{a / b:.0f}" for a, b in zip(their_errors, own_errors, strict=True)] if known else ["", ""]
    wrong = [[f"{e:.1e}" for e in of] if known else ["not checked", ""] for of in (their_errors, own_errors)]
    return [
        row(label, name, [f"{t:.2f}" for t in times], wrong[0]),
        row(label, "nanocrystal", [f"{t:.2f}" for t in own_times], wrong[1]),
        row(label, "ratio", ratios, factors),
    ]


def row(label: str, name: str, times: list[str], found_errors: list[str]) -> tuple[str, ...]:
    return (label, name, *times, *found_errors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debyer", default=os.environ.get("NANOCRYSTAL_DEBYER"))
    parser.add_argument("--debyecalculator", default=os.environ.get("NANOCRYSTAL_DEBYECALCULATOR"))
    parser.add_argument("--sasmodels", default=os.environ.get("NANOCRYSTAL_SASMODELS"))
    parser.add_argument("--n", type=int, nargs="*", default=[8, 13, 20, 27], help="cells an edge, for debyer")
    parser.add_argument("--check", type=int, default=10_985, help="most displaced atoms whose curves are checked")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(machine(), "\n")
    ours(*cube(2), 0.5 + DQ * np.arange(10), np.ones((3, 10)), 0.0)  # compiles
    rows: list[tuple[str, ...]] = []
    both = (0.0, 0.1)
    if options.debyer:
        for n in options.n:
            for displacement in both:
                rows += debyer_rows(options.debyer, n, displacement, options.repeats, options.check)
    else:
        print("debyer is left out: --debyer PATH was not given.\n")
    if options.debyecalculator:
        for displacement in both:
            for dtype in ("float32", "float64"):
                rows += debyecalculator_rows(
                    options.debyecalculator, 20, displacement, dtype, options.repeats, options.check
                )
    else:
        print("DebyeCalculator is left out: --debyecalculator PYTHON was not given.\n")
    if rows:
        print_table(("atoms", "program", "wall s", "CPU s", "max |ΔI|/I_max", "max |I/I_ref − 1|"), rows)
    if not options.sasmodels:
        print("sasmodels is left out: --sasmodels PYTHON was not given.\n")
    head = ("SAXS of prisms, ms a curve", "wall", "CPU", "sasmodels, wall", "CPU", "CPU ratio")
    print_table(head, sasmodels_rows(options.sasmodels, options.repeats))


if __name__ == "__main__":
    main()
