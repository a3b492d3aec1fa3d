"""What a fresh process takes: wall time, CPU seconds of all its threads and processes, and its peak memory.

Nothing but the standard library is imported here, since a process counts the memory of the one that starts it.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

MAIN = "from nanocrystal.cli import main; main()"
SOURCE = Path(__file__).resolve().parents[1] / "src"
STEPS = """
import json, resource, sys, time
from pathlib import Path
from nanocrystal.study import read_study
from nanocrystal.refinement.fit import bound_problem

asked = json.loads(sys.argv[1])
clock = lambda: (time.perf_counter(), time.process_time())
spent = lambda before: [after - start for after, start in zip(clock(), before)]
study = read_study(Path(asked["study"]))
problem = bound_problem(study.sample, study.datasets, study.folder)
names, start, number = [d.address for d in problem.free], problem.start, 0
found = {"names": names, "times": {}}
before = clock()
point = problem.point(start)
found["times"]["first"] = [spent(before)]
if asked["curves"]:
    found["curves"] = {n: [float(v) for v in d.calculated] for n, d in point.datasets.items()}
if asked["slopes"]:
    problem.derivatives(point)
for label, moved in asked["moves"].items():
    kinds = (label, label + ", derivatives")
    problem.point(start)  # what a step does not change is there
    for _ in range(asked["repeats"]):
        number, x = number + 1, start.copy()
        for address, by in moved.items():
            x[names.index(address)] *= 1.0 + by * number * (-1) ** number
        before = clock()
        point = problem.point(x)
        found["times"].setdefault(label, []).append(spent(before))
        if label in asked["slopes"]:
            before = clock()
            problem.derivatives(point)
            found["times"].setdefault(label + ", derivatives", []).append(spent(before))
        if sum(cpu for kind in kinds for _, cpu in found["times"].get(kind, [])) > asked["limit"]:
            break
print(json.dumps(found))
"""
"""steps of a refinement in a running Python: each at new values of the parameters named, none ever twice"""
LIMIT = 10.0
"""CPU seconds of steps of one kind, after which no more are taken"""


@dataclass(frozen=True)
class Spent:
    """What one process took: wall and cpu in seconds, peak in MB; how it ended and what it printed."""

    wall: float
    cpu: float
    peak: float
    code: int
    out: str
    err: str

    @property
    def last_words(self) -> str:
        """The last line of what it said."""
        lines = [line for line in (self.err or self.out).splitlines() if line.strip(" ╭╮╰╯─│")]
        return lines[-1].strip(" │") if lines else f"it ended with {self.code} without a word"


@dataclass(frozen=True)
class Side:
    """A nanocrystal that is run: a Python, and the source that goes before what is installed there."""

    python: str = sys.executable
    source: Path | None = SOURCE

    @property
    def environment(self) -> dict[str, str]:
        return {} if self.source is None else {"PYTHONPATH": str(self.source)}

    def command(self, *words: str | Path) -> Spent:
        """Run the command `nanocrystal` with these words, in a folder of its own."""
        with tempfile.TemporaryDirectory() as folder:
            return fresh([self.python, "-c", MAIN, *words], folder, self.environment)

    def run(self, text: str, *words: str | Path) -> Spent:
        """Run Python text with these words."""
        return fresh([self.python, "-c", text, *words], environment=self.environment)

    def steps(
        self,
        study: Path,
        moves: Mapping[str, Mapping[str, float]],
        *,
        slopes: Sequence[str] = (),
        repeats: int = 5,
        curves: bool = False,
    ) -> tuple[Spent, dict[str, Any]]:
        """Return what `STEPS` took and found; moves: name -> address -> relative change; slopes: with derivatives."""
        asked = {"study": str(study), "moves": moves, "slopes": list(slopes), "repeats": repeats, "curves": curves}
        spent = self.run(STEPS, json.dumps({**asked, "limit": LIMIT}))
        return spent, json.loads(spent.out.splitlines()[-1]) if not spent.code else {}


def fresh(
    command: Sequence[str | Path], folder: str | Path | None = None, environment: Mapping[str, str] | None = None
) -> Spent:
    """Return what a process takes that starts now, with the processes that it waits for.

    Compiled modules may be kept (PYTHONDONTWRITEBYTECODE costs a second of each command).
    """
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        wall = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command], cwd=folder, env={**kept, **(environment or {})}, stdout=out, stderr=err
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - wall
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    return Spent(wall, used.ru_utime + used.ru_stime, _megabytes(used), process.returncode, texts[0], texts[1])


def _megabytes(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / (1024.0**2 if sys.platform == "darwin" else 1024.0)


def in_turn(calls: Mapping[str, Callable[[], Spent]], repeats: int, warm: bool = True) -> dict[str, list[Spent]]:
    """Return what each call took, one after the other in turn; a first round of all is left out where `warm`."""
    found: dict[str, list[Spent]] = {name: [] for name in calls}
    for number in range(repeats + warm):
        for name, call in calls.items():
            spent = call()
            if number >= warm:
                found[name].append(spent)
    return found


def medians(spent: Sequence[Spent]) -> tuple[float, float, float]:
    """Return the medians of CPU and wall seconds, and the largest peak, MB."""
    return (
        statistics.median(s.cpu for s in spent),
        statistics.median(s.wall for s in spent),
        max(s.peak for s in spent),
    )


def median_ms(times: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return the medians of wall and CPU time of steps, ms."""
    wall, cpu = (1e3 * statistics.median(t[k] for t in times) for k in (0, 1))
    return wall, cpu


def machine(names: Sequence[str] = ("numpy", "scipy", "numba", "nanocrystal")) -> str:
    """Return processor, cores this process may use, load, and versions."""
    model = platform.processor() or "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        found = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = found[0].partition(":")[2].strip() if found else model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    packages = ", ".join(f"{name} {_installed(name)}" for name in names)
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    return f"{model}, {cores} cores, {load}, Python {platform.python_version()}, {packages}"


def _installed(name: str) -> str:
    if name == "nanocrystal":  # what is run is the source beside this file, whatever is installed
        lines = (SOURCE.parent / "pyproject.toml").read_text(encoding="utf-8").splitlines()
        return next(line.split('"')[1] for line in lines if line.startswith("version"))
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a header as a Markdown table."""
    widths = [max(len(row[k]) for row in [header, *rows]) for k in range(len(header))]
    for row in [header, tuple("-" * w for w in widths), *rows]:
        print("| " + " | ".join(word.ljust(w) for word, w in zip(row, widths, strict=True)) + " |")
    print(flush=True)
