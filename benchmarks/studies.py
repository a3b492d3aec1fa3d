"""The studies that several benchmarks refine, as files: whatever version reads them, reads the same.

Where only the time of steps matters the data are a made curve (`flat`); where a refinement is timed they are what the
same study with other values describes, with noise (`simulated`).
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from processes import Side, Spent, median_ms, print_table

N_POINTS = 5000
Q = (0.8, 20.0)
GRID = f"{Q[0]}:{Q[1]}:{(Q[1] - Q[0]) / (N_POINTS - 1):.8f}"
U_ISO = {"Cs": 0.033, "Pb": 0.016, "Br": 0.028}
GAMMA = {"a": 8.2111, "b": 8.2591, "c": 11.7649}
ALPHA = {"a": 5.874}
FAMILIES = {
    "ab": ("1/2<110>{110}", 0.065, 0.05),
    "cc": ("1/2[001]{110}", 0.026, 0.02),
    "ll": ("1/2<110>(001)", 0.039, 0.03),
}
"""name -> slip, where a refinement starts, what the data are made with"""
TRUTH = {
    "8.2111": "8.207", "8.2591": "8.255", "11.7649": "11.759", "0.033": "0.035", "0.016": "0.015", "0.028": "0.030",
    "77.9": "82.0", "93.1": "98.0", "22.0": "20.0", "0.065": "0.05", "0.026": "0.02", "0.039": "0.03",
}  # fmt: skip
"""value in a study -> value that its data are made with"""


@dataclass(frozen=True)
class Crystals:
    """A population: a crystal of the library, or of `sites` atoms in P 1, in boxes of lengths in Å.

    cell: lengths that are refined; lengths: key of the shape -> length, or (mean, std) of a lognormal.
    """

    library: str
    cell: Mapping[str, float]
    shape: str
    lengths: Mapping[str, float | tuple[float, float]]
    families: int = 0
    sites: int = 0
    u_iso: Mapping[str, float] = field(default_factory=lambda: U_ISO)

    def write(self, folder: Path, name: str = "study", datasets: int = 1, background_terms: int = 0) -> Path:
        """Write the study of this population beside `iq.csv`, and return its path."""
        path = folder / f"{name}.toml"
        if self.sites:
            (folder / f"sites{self.sites}.cif").write_text(many_sites(self.sites), encoding="utf-8")
        path.write_text(self.text(datasets, f'file = "iq.csv"\ncolumns = {COLUMNS}', background_terms))
        return path

    def text(self, datasets: int, data: str, background_terms: int) -> str:
        origin = f'cif = "sites{self.sites}.cif"' if self.sites else f'library = "{self.library}"'
        lines = ['title = "A benchmark"', "[crystals.x]", origin]
        lines += [f"{k} = {_free(v)}" for k, v in self.cell.items()]
        lines += [f"u_iso = {{ {', '.join(f'{e} = {_free(u)}' for e, u in self.u_iso.items())} }}"]
        lines += ["[populations.p]", 'crystal = "x"', f'shape = "{self.shape}"']
        for key, value in self.lengths.items():
            if isinstance(value, tuple):
                law = f'distribution = "lognormal", mean = {_free(value[0])}, std = {_free(value[1])}'
                lines.append(f"{key} = {{ {law} }}")
            else:
                lines.append(f"{key} = {_free(value)}")
        for family, (slip, start, _) in list(FAMILIES.items())[: self.families]:
            lines += [f"[populations.p.twins.{family}]", f'slip = "{slip}"', f"probability = {_free(start)}"]
        for k in range(datasets):
            lines += [f"[datasets.d{k}]", 'technique = "total-scattering"', data]
            lines += [f"background_terms = {background_terms}"]
        return "\n".join(lines) + "\n"

    @property
    def moves(self) -> dict[str, dict[str, float]]:
        """What a step changes, by its name: address -> relative change. Lengths move by some 0.1 %, as in a fit."""
        sizes: dict[str, float] = {}
        for key, value in self.lengths.items():
            parts = (".mean", ".std") if isinstance(value, tuple) else ("",)
            sizes |= {f"populations.p.{key}{part}": 1e-3 for part in parts}
        return {
            "cell": {"crystals.x.a": 1e-6},
            "sizes": sizes,
            "u_iso": {f"crystals.x.u_iso.{next(iter(self.u_iso))}": 1e-4},
        }


COLUMNS = '["q", "intensity", "sigma"]'


def _free(value: float) -> str:
    return f"{{ value = {value}, vary = true }}"


def cube(edge: float, *, cubic: bool = False, families: int = 0) -> Crystals:
    """Return cubes of one edge, Å, of γ-CsPbBr3 or of the cubic form."""
    name, cell = ("CsPbBr3-alpha", ALPHA) if cubic else ("CsPbBr3-gamma", GAMMA)
    return Crystals(name, cell, "cube", {"edge_length": edge}, families)


def prisms(
    d_ab: tuple[float, float], l_c: tuple[float, float] | None = None, *, cubic: bool = False, families: int = 0
) -> Crystals:
    """Return prisms with lognormal lengths, (mean, std) in Å; both alike where one is given."""
    name, cell = ("CsPbBr3-alpha", ALPHA) if cubic else ("CsPbBr3-gamma", GAMMA)
    return Crystals(name, cell, "prism", {"d_ab": d_ab, "l_c": l_c or d_ab}, families)


def sites(n: int) -> Crystals:
    """Return 10 nm cubes of a crystal of n independent atoms (P 1)."""
    edge = 3.0 * _edge(n)
    return Crystals("", dict.fromkeys("abc", edge), "cube", {"edge_length": 100.0}, sites=n)


def refined(families: int) -> Crystals:
    """Return the prisms whose refinement is timed: sizes, cell, displacements and boundaries."""
    return prisms((77.9, 22.0), (93.1, 22.0), families=families)


def _edge(n: int) -> int:
    return math.ceil(round(n ** (1.0 / 3.0), 9))


def many_sites(n: int) -> str:
    """Return a CIF of n atoms on a grid of 3 Å in P 1, Cs, Pb and Br in turn."""
    edge = _edge(n)
    tags = [f"_cell_length_{k} {3 * edge}" for k in "abc"]
    tags += [f"_cell_angle_{k} 90" for k in ("alpha", "beta", "gamma")]
    loop = ["_space_group_name_H-M_alt 'P 1'", "loop_", "_atom_site_label", "_atom_site_type_symbol"]
    loop += [f"_atom_site_fract_{k}" for k in "xyz"]
    rows = []
    for k in range(n):
        element = ("Cs", "Pb", "Br")[k % 3]
        place = (k % edge, k // edge % edge, k // edge**2)
        rows.append(" ".join([f"{element}{k}", element, *(f"{p / edge:.6f}" for p in place)]))
    return "\n".join(["data_sites", *tags, *loop, *rows]) + "\n"


def flat(folder: Path) -> None:
    """Write `iq.csv`, a made curve whose points, not values, matter."""
    step = (Q[1] - Q[0]) / (N_POINTS - 1)
    rows = [f"{Q[0] + k * step:.6f},{1000.0 + 100.0 * math.sin(0.01 * k):.4f},1.0" for k in range(N_POINTS)]
    (folder / "iq.csv").write_text("\n".join(["q,intensity,sigma", *rows]) + "\n", encoding="utf-8")


def simulated(folder: Path, crystals: Crystals, side: Side) -> None:
    """Write `iq.csv`, calculated by a version from other values than a refinement starts at, with noise."""
    text = crystals.text(1, f'q = "{GRID}"\nnoise = {{ counts = 1e5, seed = 1 }}', 0)
    for start, truth in TRUTH.items():
        text = text.replace(f"value = {start},", f"value = {truth},")
    (folder / "truth.toml").write_text(text, encoding="utf-8")
    done = side.command("simulate", folder / "truth.toml", "--out", folder / "made", "-q")
    if done.code:
        raise SystemExit(f"The data could not be calculated: {done.last_words}")
    (folder / "made" / "d0.csv").replace(folder / "iq.csv")


HEAD = ("new cell", "new sizes", "new u_iso", "all derivatives", "of so many", "first", "peak, MB")
"""of the columns of `step_row`, times in ms"""


def step_times(crystals: Crystals, side: Side, repeats: int, datasets: int = 1) -> tuple[Spent, dict[str, Any]]:
    """Return what a fresh process takes for steps of this population: curves at new values, and all derivatives."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flat(folder)
        study = crystals.write(folder, datasets=datasets)
        return side.steps(study, crystals.moves, slopes=["cell"], repeats=repeats)


def step_row(spent: Spent, found: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns of `HEAD`: wall / CPU of the process, ms."""
    if spent.code:
        return (spent.last_words, *[""] * (len(HEAD) - 1))
    times = {k: "{:.0f} / {:.0f}".format(*median_ms(t)) for k, t in found["times"].items()}
    u_iso = "{:.1f} / {:.1f}".format(*median_ms(found["times"]["u_iso"]))
    slopes, number = times["cell, derivatives"], str(len(found["names"]))
    return (times["cell"], times["sizes"], u_iso, slopes, number, times["first"], f"{spent.peak:.0f}")


def step_table(
    what: str, tasks: Mapping[str, Crystals], repeats: int, side: Side | None = None
) -> dict[str, dict[str, Any]]:
    """Print the table of steps of these populations, a fresh process each, and return what was found."""
    rows, all_found = [], {}
    for label, crystals in tasks.items():
        spent, found = step_times(crystals, side or Side(), repeats)
        rows.append((label, *step_row(spent, found)))
        all_found[label] = found
    print_table((what, *HEAD), rows)
    return all_found


def print_growth(edges: Mapping[str, float], found: Mapping[str, Mapping[str, Any]]) -> None:
    """Print by which power of the edge length CPU time grows from one label to the next."""
    rows = []
    for (first, a), (second, b) in pairwise(edges.items()):
        powers = []
        for step in ("cell", "sizes", "cell, derivatives", "first"):
            if not (found[first] and found[second]):
                powers.append("")
                continue
            one, two = (median_ms(found[k]["times"][step])[1] for k in (first, second))
            powers.append(f"{math.log(two / one) / math.log(b / a):.1f}")
        rows.append((f"{first} to {second}", *powers))
    print_table(("exponent of CPU time in the edge length", "new cell", "new sizes", "all derivatives", "first"), rows)
