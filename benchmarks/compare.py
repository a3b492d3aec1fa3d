"""Two versions of the program at the same tasks, in turn: ratios of CPU, wall and memory, and whether they agree.

    python benchmarks/compare.py OLD NEW [--tasks ni,pt,sizes] [--repeats 3] [--cdse CdSe-3nm.gr]

OLD and NEW are source trees (folders that hold src/) or Python interpreters with the package installed. Everything
goes through studies that both read: commands as whole processes, steps of a refinement by `STEPS` of processes.py in
fresh processes. A first round of each task, which compiles, is not counted; then OLD, NEW, OLD, NEW … Times are
medians, memory the largest peak. What one side cannot do is said in its row.

"values" is the largest difference of a fitted value in its standard error (of OLD), "errors" that of standard errors
relative to OLD's, "curves" that of a curve over its maximum: of calculated curves of a refinement where a command is
compared, at fixed parameters where steps are. The examples are those of OLD, which NEW must still read.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import random
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import studies
from processes import Side, Spent, in_turn, machine, median_ms, medians, print_table

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
DIFFERENCES = ("values", "errors", "curves")
HEAD = ("task", "what", "CPU s, OLD", "NEW", "ratio", "wall s", "ratio", "peak MB", "ratio", *DIFFERENCES)
MADE = {"refine0": 0, "refine2sets": 1, "refine3": 3}
"""task -> families of the data that are calculated for it"""


@dataclass(frozen=True)
class Place:
    """Where a run happens: the files that all share, the examples, a folder for what a side writes."""

    shared: Path
    examples: Path
    out: Path
    cdse: Path | None = None


@dataclass(frozen=True)
class Command:
    """A command as a whole process; words: of the place; ends: exit codes that are an answer."""

    words: Callable[[Place], Sequence[str | Path]]
    ends: tuple[int, ...] = (0,)
    slow: bool = False


@dataclass(frozen=True)
class Steps:
    """Steps of the refinement of one study in a running Python."""

    study: Callable[[Place], Path]
    moves: Mapping[str, Mapping[str, float]]
    slow: bool = False


def example(name: str, verb: str = "refine", *more: str) -> Callable[[Place], list[str | Path]]:
    return lambda place: [verb, place.examples / f"{name}.toml", *more, "--out", place.out, "-q"]


def written(crystals: studies.Crystals, name: str, datasets: int = 1) -> Callable[[Place], Path]:
    return lambda place: crystals.write(place.shared, name, datasets)


def refined(families: int, datasets: int = 1) -> Callable[[Place], list[str | Path]]:
    """Return the words of the refinement of prisms against data that were calculated before."""

    def words(place: Place) -> list[str | Path]:
        folder = place.shared / f"made{families}"
        study = studies.refined(families).write(folder, f"sets{datasets}", datasets, background_terms=4)
        return ["refine", study, "--out", place.out, "-q"]

    return words


def missing(place: Place) -> list[str | Path]:
    study = place.shared / "missing.toml"
    study.write_text(studies.cube(50.0).text(1, 'file = "nowhere.csv"', 0), encoding="utf-8")
    return ["refine", study, "--out", place.out, "-q"]


def begun(place: Place) -> list[str | Path]:
    return ["new", place.examples / "synthetic.gr", "--library", "Ni", "--out", "begun.toml"]


def atoms(place: Place) -> list[str | Path]:
    """Return the words of I(Q) of 10,985 atoms, displaced by 0.1 Å."""
    path, noise = place.shared / "cube13.xyz", random.Random(1)
    if not path.exists():
        basis = {(1, 1, 1): "Cs", (0, 0, 0): "Pb", (1, 0, 0): "Br", (0, 1, 0): "Br", (0, 0, 1): "Br"}

        def placed(cell: int, site: int) -> str:
            return f"{2.935 * (2 * cell + site) + noise.gauss(0.0, 0.1):.6f}"

        rows = [
            f"{e} " + " ".join(map(placed, cell, site))
            for cell in ((i, j, k) for i in range(13) for j in range(13) for k in range(13))
            for site, e in basis.items()
        ]
        path.write_text(f"{len(rows)}\n\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return ["debye", path, "--q", "0.5:20:0.01", "--out", place.out / "debye.csv"]


def cdse(place: Place) -> list[str | Path]:
    if place.cdse is None:
        raise LookupError("its data were not given (--cdse CdSe-3nm.gr).")
    study = place.shared / "cdse_3nm.toml"
    study.write_text((place.examples / "cdse_3nm.toml").read_text(encoding="utf-8"), encoding="utf-8")
    (place.shared / "CdSe-3nm.gr").write_bytes(place.cdse.read_bytes())
    return ["refine", study, "--out", place.out, "-q"]


BROAD = studies.prisms((100.0, 50.0))
PRISMS = studies.prisms((81.9, 19.7), (97.9, 19.6))
NI = {
    "cell": {"crystals.ni.a": 1e-6},
    "u_iso": {"crystals.ni.u_iso.Ni": 1e-4},
    "instrument": {"datasets.pdf.qdamp": 1e-3},
}
TASKS: dict[str, Command | Steps] = {
    "help": Command(lambda place: ["--help"]),
    "missing": Command(missing, ends=(1, 2)),
    "library": Command(lambda place: ["library"]),
    "new": Command(begun),
    "ni": Command(example("ni_standard")),
    "pt": Command(example("pt_nanoparticles")),
    "cdse": Command(cdse),
    "saxs": Command(example("saxs_cspbbr3")),
    "joint": Command(example("joint_cspbbr3")),
    "refine0": Command(refined(0)),
    "refine3": Command(refined(3)),
    "refine2sets": Command(refined(1, 2), slow=True),
    "debye": Command(atoms),
    "posterior": Command(example("pt_nanoparticles", "posterior", "--steps", "40"), ends=(0, 1)),
    "compare": Command(example("compare_cspbbr3", "compare")),
    "compare-iodide": Command(example("compare_cspbi3", "compare"), slow=True),
    "compare-chloride": Command(example("compare_cspbcl3_298k", "compare"), slow=True),
    "compare-298k": Command(example("compare_cspbbr3_298k", "compare"), slow=True),
    "compare-cs133": Command(example("compare_cs133", "compare"), slow=True),
    "pdf-step": Steps(lambda place: place.examples / "ni_standard.toml", NI),
    "population": Steps(written(PRISMS, "population"), PRISMS.moves),
    "broad": Steps(written(BROAD, "broad"), BROAD.moves, slow=True),
    "families": Steps(written(studies.refined(3), "families"), studies.refined(3).moves),
    "sites5": Steps(written(studies.sites(5), "sites5"), studies.sites(5).moves),
    "sites20": Steps(written(studies.sites(20), "sites20"), studies.sites(20).moves),
    "sites50": Steps(written(studies.sites(50), "sites50"), studies.sites(50).moves, slow=True),
    "sets8": Steps(written(studies.refined(1), "sets8", 8), studies.refined(1).moves),
}
"""slow ones are run where they are named, or with --tasks all"""


# ---- what both found ----------------------------------------------------------------------------


def differences(old: Path, new: Path) -> dict[str, float]:
    """Return the largest differences of the files that both folders hold, by `DIFFERENCES`."""
    found: dict[str, float] = {}
    for path in sorted(old.rglob("results.json")):
        other = new / path.relative_to(old)
        if other.exists():
            theirs, ours = (_parameters(p) for p in (path, other))
            for address in theirs.keys() & ours.keys():
                (a, da), (b, db) = theirs[address], ours[address]
                _widen(found, "values", abs(b - a) / da)
                _widen(found, "errors", abs(db / da - 1.0))
    for path in sorted(old.rglob("*.csv")):
        other = new / path.relative_to(old)
        if other.exists():
            for a, b in _shared_curves(path, other):
                _widen(found, "curves", difference_of(a, b))
    return found


def _widen(found: dict[str, float], kind: str, value: float) -> None:
    found[kind] = max(found.get(kind, 0.0), value)


def _parameters(path: Path) -> dict[str, tuple[float, float]]:
    """Return value and standard error of what was fitted and is determined."""
    given = json.loads(path.read_text(encoding="utf-8")).get("parameters", {})
    if not isinstance(given, dict):
        return {}
    known = {a: (p.get("value"), p.get("stderr")) for a, p in given.items() if isinstance(p, dict)}
    return {a: (v, s) for a, (v, s) in known.items() if isinstance(v, float) and isinstance(s, float) and s > 0.0}


def _shared_curves(old: Path, new: Path) -> list[tuple[list[float], list[float]]]:
    tables = []
    for path in (old, new):
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if row and not row[0].startswith("#")]
        tables.append({name: [row[k] for row in rows[1:]] for k, name in enumerate(rows[0])} if rows else {})
    curves = []
    for name in ("calculated", "intensity"):
        if all(name in table for table in tables):
            curves.append(tuple([float(v or "nan") for v in table[name]] for table in tables))
    return curves  # type: ignore[return-value]


def difference_of(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the largest difference of two curves over the maximum of the first; infinite where their points differ."""
    if len(a) != len(b):
        return math.inf
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if not (math.isnan(x) and math.isnan(y))]
    return max((abs(x - y) for x, y in pairs), default=0.0) / (max((abs(x) for x, _ in pairs), default=0.0) or 1.0)


# ---- the rows -----------------------------------------------------------------------------------


def of_command(task: Command, places: Mapping[str, Place], sides: Mapping[str, Side], repeats: int) -> list[list[str]]:
    """Return the row of a command."""
    calls = {}
    for name, side in sides.items():
        places[name].out.mkdir(parents=True, exist_ok=True)
        calls[name] = partial(side.command, *task.words(places[name]))
    taken = in_turn(calls, repeats, warm=not task.slow)
    refused = _refusals(taken, task.ends)
    if refused:
        raise LookupError(refused)
    found = differences(places["OLD"].out, places["NEW"].out)
    return [["whole process", *_ratios([medians(taken[k]) for k in sides]), *_words(found)]]


def of_steps(task: Steps, places: Mapping[str, Place], sides: Mapping[str, Side], repeats: int) -> list[list[str]]:
    """Return a row for each kind of step, and that of the whole process."""
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
    study = task.study(places["NEW"])

    def call(name: str) -> Spent:
        spent, found = sides[name].steps(study, task.moves, slopes=["cell", "sizes"], repeats=3, curves=True)
        answers[name].append(found)
        return spent

    taken = in_turn({name: partial(call, name) for name in sides}, repeats, warm=not task.slow)
    refused = _refusals(taken, (0,))
    if refused:
        raise LookupError(refused)
    last = {name: found[-1] for name, found in answers.items()}
    curves = [last[name]["curves"] for name in sides]
    found = {"curves": max(difference_of(a, curves[1][k]) for k, a in curves[0].items())}
    rows = []
    for label in last["OLD"]["times"]:
        if label == "first":
            continue
        each = []
        for name in sides:
            steps = [time for one in answers[name][-repeats:] for time in one["times"][label]]
            wall, cpu = median_ms(steps)
            each.append((cpu / 1e3, wall / 1e3, math.nan))
        rows.append([f"step: {label}", *_ratios(each), *[""] * len(DIFFERENCES)])
    return [*rows, ["whole process", *_ratios([medians(taken[k]) for k in sides]), *_words(found)]]


def _refusals(taken: Mapping[str, Sequence[Spent]], ends: Sequence[int]) -> str:
    """Return who has no answer, with the last line of what it said; nothing where both have."""
    failed = {name: s[-1] for name, s in taken.items() if s[-1].code not in ends or "Traceback (" in s[-1].err}
    return "; ".join(f"{name} does not: {spent.last_words}" for name, spent in failed.items())


def _ratios(each: Sequence[tuple[float, float, float]]) -> list[str]:
    """Return OLD, NEW and their ratio of CPU s, then wall s and MB with theirs."""
    old, new = each
    words = [_seconds(old[0]), _seconds(new[0]), f"**{new[0] / old[0]:.2f}**"]
    words += [f"{_seconds(old[1])}, {_seconds(new[1])}", f"{new[1] / old[1]:.2f}"]
    known = not math.isnan(old[2])
    return [*words, f"{old[2]:.0f}, {new[2]:.0f}" if known else "", f"{new[2] / old[2]:.2f}" if known else ""]


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value >= 1.0 else f"{value:.4f}"


def _words(found: Mapping[str, float]) -> list[str]:
    return [f"{found[kind]:.0e}" if kind in found else "" for kind in DIFFERENCES]


def side_of(text: str) -> Side:
    """Return the side that a path names."""
    path = Path(text).expanduser().absolute()  # a link to a Python is that of its environment
    if (path / "src" / "nanocrystal").is_dir():
        return Side(source=path / "src")
    if path.is_file():
        return Side(python=str(path), source=None)
    raise SystemExit(f"{text}: is neither a folder that holds src/nanocrystal nor a Python; give the path of one.")


def chosen(text: str) -> list[str]:
    if text == "all":
        return list(TASKS)
    names = [n for n in text.split(",") if n] or [n for n, task in TASKS.items() if not task.slow]
    for name in names:
        if name not in TASKS:
            raise SystemExit(f"--tasks: there is no task {name!r}; there are {', '.join(TASKS)}.")
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", metavar="OLD")
    parser.add_argument("new", metavar="NEW")
    parser.add_argument("--tasks", default="", help="names with commas, or all; left out: all that are not slow")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cdse", type=Path, help="CdSe-3nm.gr of the manual of PDFgui")
    given = parser.parse_args()
    sides = {"OLD": side_of(given.old), "NEW": side_of(given.new)}
    names = chosen(given.tasks)
    print(machine(), end="\n\n")
    for name, path in (("OLD", given.old), ("NEW", given.new)):
        said = sides[name].command("--version")
        print(f"{name}: {path}, {said.out.strip() if not said.code else said.last_words}")
    print()
    examples = Path(given.old).absolute() / "examples"
    rows: list[list[str]] = []
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        shared = Path(folder)
        studies.flat(shared)
        for task_name, families in MADE.items():
            if task_name in names:
                (shared / f"made{families}").mkdir()
                studies.simulated(shared / f"made{families}", studies.refined(families), sides["NEW"])
        for name in names:
            places = {
                side: Place(shared, examples if examples.is_dir() else EXAMPLES, shared / side / name, given.cdse)
                for side in sides
            }
            task = TASKS[name]
            try:
                of = of_command if isinstance(task, Command) else of_steps
                found = of(task, places, sides, given.repeats)  # type: ignore[operator]
            except LookupError as error:
                notes.append(f"{name}: {error.args[0]}")
                found = [["not compared, see below", *[""] * (len(HEAD) - 2)]]
            rows += [[name if k == 0 else "", *row] for k, row in enumerate(found)]
            print(f"{name} done", file=sys.stderr, flush=True)
    print()
    print_table(HEAD, rows)
    print("\n".join(notes))


if __name__ == "__main__":
    main()
