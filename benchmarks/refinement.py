"""What a user waits for: whole commands from the shell to the report, beside diffpy.pdffit2 at the same fits.

    python benchmarks/refinement.py [--pdffit2 PYTHON] [--cdse CdSe-3nm.gr] [--repeats 5] [--tables fits,commands,start]

Every figure is of fresh processes: CPU is user + system of all threads, the peak the largest of the process. Programs
take turns, after a round that is not counted (it compiles); medians. Commands that take long are run once.

fits: three PDFs by the command `nanocrystal refine` and by pdffit2 (BSD, never imported by the package), which reads
structure and data, refines the same parameters over the same range and prints them: on the points that nanocrystal
compares (r = nπ/Q_max, as it wrote them) and on all points of the file.
commands: SAXS, prisms without and with three families of boundaries, one to eight data sets of prisms with one family,
a posterior. start: the very first refinement after installation, imports, help.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import studies
from processes import MAIN, Side, Spent, fresh, in_turn, machine, medians, print_table

FOLDER = Path(__file__).resolve().parents[1] / "examples"
LONG = 20.0
"""s: what takes longer is not repeated"""
TO_STRU = """
import sys
from diffpy.structure import loadStructure
structure = loadStructure(sys.argv[1])
for atom in structure:
    atom.anisotropy = False
    atom.Uisoequiv = 0.01
    atom.anisotropy = True
structure.write(sys.argv[2], "pdffit")
"""
PDFFIT2 = """
import json, os, sys
asked = json.load(open(sys.argv[1]))
shown = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
from diffpy.pdffit2 import PdfFit
fit = PdfFit()
fit.read_struct(asked["structure"])
rows = [line.split() for line in open(asked["data"]) if line[:1].strip() and not line.startswith("#")]
r, g = [float(row[0]) for row in rows], [float(row[1]) for row in rows]
sigma = [float(row[2]) for row in rows] if len(rows[0]) > 2 else None
fit.read_data_lists("X", asked["qmax"], asked["fixed"].get("qdamp", 0.04), r, g, sigma)
fit.pdfrange(1, max(asked["range"][0], r[0]), min(asked["range"][1], r[-1]))
for name, value in asked["fixed"].items():
    fit.setvar(getattr(fit, name), value)
for name, index, how in asked["constraints"]:
    variable = getattr(fit, name)
    fit.constrain(variable(index) if index else variable, how)
for number, value in enumerate(asked["starts"], 1):
    fit.setpar(number, value)
fit.refine(True)
found = [fit.getpar(k + 1) for k in range(len(asked["starts"]))]
os.write(shown, json.dumps([float(fit.getrw()), len(fit.getpdf_obs()), found]).encode())
"""
"""pdffit2 from files to values, the words of its own sent nowhere"""


@dataclass(frozen=True)
class Fit:
    """A PDF that both programs refine.

    constraints: (name, index or 0, expression) of pdffit2; starts: of its parameters, those of the study; compared:
    address in the study -> number of the parameter.
    """

    example: str
    structure: str
    data: str
    qmax: float
    span: tuple[float, float]
    constraints: tuple[tuple[str, int, str], ...]
    starts: tuple[float, ...]
    fixed: Mapping[str, float]
    compared: Mapping[str, int]
    named: str


def fcc(n_atoms: int = 4) -> tuple[tuple[str, int, str], ...]:
    """Return what a cubic structure with one displacement, @1 and @2, is to pdffit2, and its scale, @3."""
    cell = [("lat", k, "@1") for k in (1, 2, 3)]
    motion = [(u, k + 1, "@2") for k in range(n_atoms) for u in ("u11", "u22", "u33")]
    return (*cell, *motion, ("pscale", 0, "@3"))


def wurtzite() -> tuple[tuple[str, int, str], ...]:
    """Return CdSe: a @1, c @2, U of Cd @3 and Se @4, z of Se @5, scale @6; atoms 1, 2 are Cd, 3, 4 Se."""
    cell = [("lat", 1, "@1"), ("lat", 2, "@1"), ("lat", 3, "@2")]
    motion = [(u, k, p) for k, p in ((1, "@3"), (2, "@3"), (3, "@4"), (4, "@4")) for u in ("u11", "u22", "u33")]
    skew = [("u12", k, f"0.5*{p}") for k, p in ((1, "@3"), (2, "@3"), (3, "@4"), (4, "@4"))]
    return (*cell, *motion, *skew, ("z", 3, "@5"), ("z", 4, "@5+0.5"), ("pscale", 0, "@6"))


PACKAGE = "docs/examples/pdf/{}/data/{}"
FITS = {
    "Ni powder, 6 parameters": Fit(
        "ni_standard", "ch03NiModelling/Ni.cif", "ch03NiModelling/Ni.gr", 25.0, (1.5, 50.0),
        (*fcc(), ("qdamp", 0, "@4"), ("qbroad", 0, "@5"), ("delta2", 0, "@6")),
        (3.52, 0.005, 1.0, 0.04, 0.01, 2.0), {}, {"crystals.ni.a": 1, "datasets.pdf.qdamp": 4}, "a, Q_damp",
    ),
    "Pt 37 Å, 5 parameters": Fit(
        "pt_nanoparticles", "ch03NiModelling/Pt.cif", "ch03NiModelling/Pt-nanoparticles.gr", 25.0, (1.5, 50.0),
        (*fcc(), ("delta2", 0, "@4"), ("spdiameter", 0, "@5")),
        (3.92, 0.009, 1.0, 4.0, 40.0), {"qdamp": 0.045, "qbroad": 0.017},
        {"crystals.pt.a": 1, "populations.dots.diameter": 5}, "a, diameter",
    ),
    "CdSe 3 nm, 8 parameters": Fit(
        "cdse_3nm", "ch08NPRefinement/CdSe-Wurtzite.cif", "", 14.0, (1.7, 44.8),
        (*wurtzite(), ("delta2", 0, "@7"), ("spdiameter", 0, "@8")),
        (4.3, 7.01, 0.015, 0.02, 0.375, 1.0, 5.0, 30.0), {"qdamp": 0.0486},
        {"crystals.cdse.a": 1, "populations.dots.diameter": 8}, "a, diameter",
    ),
}  # fmt: skip


def data_of(package_file: str) -> Path:
    """Return a file of the package diffpy.cmi, where it is installed."""
    found = find_spec("diffpy.cmi")
    if found is None or not found.submodule_search_locations:
        raise LookupError('its data come with `pip install "nanocrystal[examples]"`.')
    chapter, _, name = package_file.partition("/")
    return Path(next(iter(found.submodule_search_locations))) / PACKAGE.format(chapter, name)


def numbers(path: Path, columns: tuple[int, ...]) -> list[str]:
    """Return the rows of numbers of a file, these columns of them."""
    rows = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if len(words) > max(columns) and all(w.lstrip("+-")[:1].isdigit() for w in words):
            rows.append(" ".join(words[k] for k in columns))
    return rows


def asked_of_pdffit2(fit: Fit, folder: Path, python: str, cdse: Path | None, first: Path) -> dict[str, Path]:
    """Write what pdffit2 is asked for the points compared (first: results of ours) and for all; how -> file."""
    structure = folder / "structure.stru"
    done = fresh([python, "-c", TO_STRU, data_of(fit.structure), structure])
    if done.code:
        raise LookupError(f"pdffit2 was not run: {done.last_words}")
    with (first / "pdf.csv").open(newline="", encoding="utf-8") as file:
        compared = [[row[k] for k in ("r", "observed", "sigma") if row[k]] for row in csv.DictReader(file)]
    (folder / "nyquist.txt").write_text("\n".join(" ".join(row) for row in compared) + "\n", encoding="utf-8")
    source = data_of(fit.data) if fit.data else cdse
    assert source is not None
    whole = numbers(source, (0, 1, 3) if len(compared[0]) > 2 else (0, 1))
    whole = [row for row in whole if float(row.split()[0]) > 0.0]
    (folder / "all.txt").write_text("\n".join(whole) + "\n", encoding="utf-8")
    files = {}
    for how in ("nyquist", "all"):
        files[how] = folder / f"{how}.json"
        asked = {
            "structure": str(structure), "data": str(folder / f"{how}.txt"), "qmax": fit.qmax, "range": fit.span,
            "constraints": fit.constraints, "starts": fit.starts, "fixed": fit.fixed,
        }  # fmt: skip
        files[how].write_text(json.dumps(asked), encoding="utf-8")
    return files


def fit_rows(name: str, fit: Fit, repeats: int, python: str | None, cdse: Path | None) -> list[tuple[str, ...]]:
    """Return the rows of one PDF: ours, and pdffit2 on the same and on all points."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        study, out = folder / "study.toml", folder / "out"
        study.write_text((FOLDER / f"{fit.example}.toml").read_text(encoding="utf-8"), encoding="utf-8")
        if not fit.data:
            if cdse is None:
                raise LookupError("its data were not given (--cdse CdSe-3nm.gr).")
            (folder / "CdSe-3nm.gr").write_bytes(cdse.read_bytes())
        calls = {"nanocrystal refine": partial(Side().command, "refine", study, "--out", out, "-q")}
        first = calls["nanocrystal refine"]()
        if first.code:
            raise LookupError(first.last_words)
        if python:
            files = asked_of_pdffit2(fit, folder, python, cdse, out)
            for how, words in (("nyquist", "pdffit2, the same points"), ("all", "pdffit2, all points of the file")):
                calls[words] = partial(fresh, [python, "-c", PDFFIT2, files[how]])
        taken = in_turn(calls, repeats)
        ours = json.loads((out / "results.json").read_text(encoding="utf-8"))
    dataset = ours["datasets"]["pdf"]
    values = ", ".join(f"{ours['parameters'][a]['value']:.5g}" for a in fit.compared)
    own = medians(taken["nanocrystal refine"])
    rows = []
    for who, spent in taken.items():
        if spent[-1].code:
            rows.append((name, who, "", "", "", "", "", spent[-1].last_words))
            continue
        cpu, wall, peak = medians(spent)
        n, rw, found = dataset["n_points"], dataset["rw"], values
        if who != "nanocrystal refine":
            rw, n, parameters = json.loads(spent[-1].out)
            found = ", ".join(f"{parameters[k - 1]:.5g}" for k in fit.compared.values())
        times = (f"{cpu:.2f}", f"{wall:.2f}", f"{peak:.0f}", f"{cpu / own[0]:.2f}")
        rows.append((name, who, *times, str(n), f"R_w {rw:.4f}; {fit.named} {found}"))
    return rows


# ---- other commands -----------------------------------------------------------------------------


def repeated(call: partial[Spent], repeats: int, ends: tuple[int, ...] = (0,)) -> list[Spent]:
    """Return what a call took: a round that is not counted, then `repeats`; the first alone of what takes long."""
    first = call()
    return [first] if first.wall > LONG or first.code not in ends else [call() for _ in range(repeats)]


def command_rows(repeats: int, only: list[str]) -> list[tuple[str, ...]]:
    side, rows = Side(), []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        tasks = {"SAXS example": ["refine", FOLDER / "saxs_cspbbr3.toml"]}
        for families, datasets in ((0, 1), (3, 1), (1, 1), (1, 2), (1, 4), (1, 8)):
            study = folder / f"p{families}" / f"sets{datasets}.toml"
            tasks[f"prisms, {families} families, {datasets} data sets"] = ["refine", study]
        tasks["joint example (total scattering, SAXS)"] = ["refine", FOLDER / "joint_cspbbr3.toml"]
        tasks["posterior of the Pt example"] = ["posterior", FOLDER / "pt_nanoparticles.toml"]
        tasks = {name: words for name, words in tasks.items() if any(word in name for word in only)}
        for families in (0, 1, 3):
            if any(name.startswith(f"prisms, {families}") for name in tasks):
                place = folder / f"p{families}"
                place.mkdir()
                studies.simulated(place, studies.refined(families), side)
                for datasets in (1, 2, 4, 8):
                    studies.refined(families).write(place, f"sets{datasets}", datasets, 4)
        for name, words in tasks.items():
            ends = (0, 1) if words[0] == "posterior" else (0,)
            spent = repeated(partial(side.command, *words, "--out", folder / "out", "-q"), repeats, ends)
            if spent[-1].code not in ends:
                rows.append((name, "", "", "", spent[-1].last_words))
                continue
            cpu, wall, peak = medians(spent)
            said = spent[-1].last_words if spent[-1].code else ""
            rows.append((name, f"{cpu:.2f}", f"{wall:.2f}", f"{peak:.0f}", said or f"{len(spent)} runs"))
            print(f"{name}: {cpu:.2f} CPU s", file=sys.stderr, flush=True)
    return rows


def start_rows(repeats: int) -> list[tuple[str, ...]]:
    side, rows = Side(), []
    refine = ["refine", FOLDER / "ni_standard.toml", "-q", "--out"]
    with tempfile.TemporaryDirectory() as cache:
        words = [sys.executable, "-c", MAIN, *refine, Path(cache) / "out"]
        first = fresh(words, cache, {**side.environment, "NUMBA_CACHE_DIR": cache})
        if first.code:
            print("The first refinement is left out:", first.last_words, "\n")
        else:
            rows.append(_row("Ni: first refinement after installation", [first], "45 s"))
    bare = repeated(partial(side.run, "pass"), repeats)
    for name, text, demand in (
        ("import nanocrystal", "import nanocrystal", "0.3 s over bare Python"),
        ("import nanocrystal.study", "import nanocrystal.study", ""),
    ):
        rows.append(_row(name, repeated(partial(side.run, text), repeats), demand))
    rows.append(_row("nanocrystal --help", repeated(partial(side.command, "--help"), repeats), "0.6 s"))
    rows.append(_row("bare Python", bare, ""))
    return rows


def _row(name: str, spent: list[Spent], demand: str) -> tuple[str, ...]:
    cpu, wall, peak = medians(spent)
    return (name, f"{cpu:.3f}", f"{wall:.3f}", f"{peak:.0f}", demand)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pdffit2", help="the Python of an environment that has diffpy.pdffit2 and diffpy.structure")
    parser.add_argument("--cdse", type=Path, help="CdSe-3nm.gr of the manual of PDFgui")
    parser.add_argument("--only", default="", help="words of the names of the fits and commands wanted, with commas")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tables", default="fits,commands,start", help="which tables, with commas")
    options = parser.parse_args()
    tables: list[str] = options.tables.split(",")
    only: list[str] = options.only.split(",")
    print(machine(), "\n")
    if "fits" in tables:
        if not options.pdffit2:
            print("pdffit2 is left out: --pdffit2 PYTHON was not given.\n")
        rows: list[tuple[Any, ...]] = []
        for name, fit in FITS.items():
            if not any(word in name for word in only):
                continue
            try:
                rows += fit_rows(name, fit, options.repeats, options.pdffit2, options.cdse)
            except LookupError as error:
                print(f"{name} is left out: {error.args[0]}\n")
        print_table(("fit", "program", "CPU s", "wall s", "peak MB", "CPU over ours", "points", "found"), rows)
    if "commands" in tables:
        print_table(("command", "CPU s", "wall s", "peak MB", ""), command_rows(options.repeats, only))
    if "start" in tables:
        print_table(("what", "CPU s", "wall s", "peak MB", "demand"), start_rows(options.repeats))


if __name__ == "__main__":
    main()
