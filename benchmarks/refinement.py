"""What a user waits for: refinements of the examples, the very first one, the import, the help text.

Each figure is taken in fresh processes, except the warm refinement, which is the median of several in one
process. The first refinement after installation has an empty cache of compiled code. The example data come
with `pip install "nanocrystal[examples]"`; without them the refinements are left out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import machine, print_table

EXAMPLES = {"Ni": "ni_standard.toml", "Pt": "pt_nanoparticles.toml"}
FOLDER = Path(__file__).resolve().parents[1] / "examples"
REFINE = """
import statistics, sys, time
from nanocrystal.study import read_study
times = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    result = read_study(sys.argv[1]).refine()
    times.append(time.perf_counter() - start)
fit = next(iter(result.datasets.values()))
print(times[0], statistics.median(times), result.n_evaluations, fit.rw)
"""


def elapsed(command: list[str], environment: dict[str, str] | None = None) -> tuple[float, str]:
    """Return wall time and output of a fresh process."""
    start = time.perf_counter()
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **(environment or {})}
    )
    return time.perf_counter() - start, done.stdout


def median_of_processes(arguments: list[str], repeats: int) -> float:
    elapsed([sys.executable, *arguments])
    return statistics.median(elapsed([sys.executable, *arguments])[0] for _ in range(repeats))


def refinements(repeats: int) -> list[tuple[str, ...]]:
    rows = []
    for name, file in EXAMPLES.items():
        study = str(FOLDER / file)
        with tempfile.TemporaryDirectory() as cache:
            first, _ = elapsed([sys.executable, "-c", REFINE, study, "1"], {"NUMBA_CACHE_DIR": cache})
        whole, _ = elapsed([sys.executable, "-c", REFINE, study, "1"])
        _, output = elapsed([sys.executable, "-c", REFINE, study, str(repeats + 1)])
        _, warm, n_evaluations, rw = output.split()
        rows += [
            (f"{name}: first refinement after installation, whole process", f"{first:.2f}", "45"),
            (f"{name}: later, whole process", f"{whole:.2f}", ""),
            (f"{name}: warm ({n_evaluations} evaluations, R_w {float(rw):.4f})", f"{float(warm):.2f}", ""),
        ]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(machine(), "\n")
    rows: list[tuple[str, ...]] = []
    try:
        rows += refinements(options.repeats)
    except subprocess.CalledProcessError as error:
        print("The refinements are left out:", error.stderr.strip().splitlines()[-1], "\n")
    bare = median_of_processes(["-c", "pass"], options.repeats)
    package = median_of_processes(["-c", "import nanocrystal"], options.repeats)
    study = median_of_processes(["-c", "import nanocrystal.study"], options.repeats)
    shown = median_of_processes(["-c", "from nanocrystal.cli import main; main()", "--help"], options.repeats)
    rows += [
        ("import nanocrystal, less bare Python", f"{package - bare:.3f}", "0.3"),
        ("import nanocrystal.study, less bare Python", f"{study - bare:.3f}", ""),
        ("nanocrystal --help, whole process", f"{shown:.2f}", "0.6"),
        ("bare Python", f"{bare:.3f}", ""),
    ]
    print_table(("what", "wall s", "demand"), rows)


if __name__ == "__main__":
    main()
