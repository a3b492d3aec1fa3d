"""The same studies refined by two versions of the program, in turn: ratios of CPU time, and whether they agree.

Studies are read by both, so nothing but the source differs. Each version is a process of its own that stays; the two
take turns, and each ratio is that of one turn to the next.

Run: python benchmarks/versions.py --other PATH/TO/OTHER/src [--turns 7]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"
SOURCE = Path(__file__).parents[1] / "src"
STUDIES = [
    "synthetic", "pt_nanoparticles", "ni_standard", "joint_cspbbr3", "saxs_cspbbr3", "powder_cspbi3", "cdse_2_wurtzite",
    "nmr_titration", "nmr_diffusion",
]  # fmt: skip
WORKER = """
import json, sys, time
from pathlib import Path
from nanocrystal import __version__, read_study
for line in sys.stdin:
    path = Path(line.strip())
    wall, cpu = time.perf_counter(), time.process_time()
    result = read_study(path).refine()
    spent = time.process_time() - cpu, time.perf_counter() - wall
    values = {a: p.value for a, p in result.parameters.items() if p.status in ("free", "linear")}
    print(json.dumps([__version__, *spent, values]), flush=True)
"""


def started(source: Path) -> subprocess.Popen[str]:
    """Return a process that refines the studies it is told, by the version whose source this is."""
    environment = {**os.environ, "PYTHONPATH": str(source)}
    return subprocess.Popen(
        [sys.executable, "-c", WORKER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def refined(process: subprocess.Popen[str], path: Path) -> tuple[str, float, float, dict[str, float]]:
    """Return version, CPU seconds, wall seconds and fitted values of one refinement."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{path}\n")
    process.stdin.flush()
    version, cpu, wall, values = json.loads(process.stdout.readline())
    return version, cpu, wall, values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--other", type=Path, required=True, help="the folder src of another version")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--studies", nargs="*", default=STUDIES)
    given = parser.parse_args()
    here, there = started(SOURCE), started(given.other)
    print("| study | this, CPU s | other, CPU s | ratio, median of turns | largest change of a fitted value |")
    print("| --- | --- | --- | --- | --- |")
    for name in given.studies:
        path = EXAMPLES / f"{name}.toml"
        refined(here, path), refined(there, path)  # compiled and read once
        turns = [(refined(here, path), refined(there, path)) for _ in range(given.turns)]
        own, other = ([turn[k][1] for turn in turns] for k in (0, 1))
        ratio = statistics.median(a / b for a, b in zip(own, other, strict=True))
        first, second = turns[0][0][3], turns[0][1][3]
        changed = max(abs(first[a] / v - 1.0) if v else abs(first[a]) for a, v in second.items())
        print(
            f"| {name} | {statistics.median(own):.3f} | {statistics.median(other):.3f} | {ratio:.3f} | {changed:.0e} |",
            flush=True,
        )
    print(f"\nthis: {turns[0][0][0]}, other: {turns[0][1][0]}, {given.turns} turns")


if __name__ == "__main__":
    main()
