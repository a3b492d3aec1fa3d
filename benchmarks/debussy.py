"""DebUsSy 2.2: the same crystals by its database, and its populations refined back.

Needs the folder of its programs: --debussy PATH or NANOCRYSTAL_DEBUSSY (README.md says how to build them).
Three tables:

- One size on absolute scale: MK_PATTERN against the explicit atoms by `cluster_moments`, with DebUsSy's own
  form factors and with those of nanocrystal.
- Populations: Debussy writes the pattern of lognormal cubes and prisms, it is given counting noise, and
  nanocrystal refines it from other sizes, with its own form factors, f′, f″ and incoherent scattering.
- Every size by itself: all cubes of 1 to 27 cells an edge, all 400 prisms of 1 to 20 cells, each to I(Q) at
  1951 Q. DebUsSy runs as processes with one thread; nanocrystal in a running Python and as a process.

What differs in the two programs, and is taken care of here:

- Sizes are number-weighted lognormal in both. A DebUsSy crystal has a whole number of cells; a length in
  nanocrystal is continuous, and stands for the two nearest whole numbers: whole cells then have the variance
  std² + h²/6, h being the length of one cell in that direction. Of cubes DebUsSy states the diameter of the
  sphere of equal volume, of prisms D_ab (circle of the area of the base) and L_c.
- MK_QBE centres its cubes on a lattice point: an even number of cells is a cube of one cell less, in a shell
  of partly filled cells, whose self term it takes as o² f². Odd cubes and all prisms have whole cells.
- Patterns over 2θ have no Lorentz or polarisation factor (beam S); those over q carry 1/cos θ.
- Debussy scales its pattern arbitrarily and adds incoherent scattering. B = 8π² u.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from common import BASIS_KINDS, CELL, ELEMENTS, cube, errors, exact_sums, machine, print_table, timed
from peers import process

import nanocrystal as nc
from nanocrystal.kernels.debye import debye_intensity
from nanocrystal.kernels.pairs import cluster_moments
from nanocrystal.kernels.sine import SineTransform
from nanocrystal.parameters import Evaluation
from nanocrystal.refinement import declared_parameters
from nanocrystal.simulation import BIN
from nanocrystal.tables.form_factors import anomalous_factor, form_factor

WAVELENGTH = 0.5  # Å
Q = 0.5 + 0.01 * np.arange(1951)
U_ISO = {"Cs": 0.03, "Pb": 0.0127, "Br": 0.025}  # Å²
ATOMIC_NUMBERS = {"Br": 35, "Cs": 55, "Pb": 82}  # in the order of the cell file
B_ISO = [8.0 * math.pi**2 * U_ISO[e] for e in ATOMIC_NUMBERS]
D_AB = 2.0 / math.sqrt(math.pi)  # diameter of the circle of equal area over the edge of a square
NM = 10.0  # Å
COUNTS = 1e5  # at the highest point
FITTED = (3.7, 101.8)  # degrees
NONE = 2e-7  # f′ and f″; exactly 0 would ask MK_PATTERN for its own

CELL_FILE = f"""cP05   {CELL}  {CELL}  {CELL}  90.0  90.0  90.0   3
           3          1         1
          35          55         82
Br       0.5  0.0  0.0  1.  1.0
Br       0.0  0.5  0.0  1.  1.0
Br       0.0  0.0  0.5  1.  1.0
Cs       0.5  0.5  0.5  1.  1.0
Pb       0.0  0.0  0.0  1.  1.0
"""
PATTERN_FILE = """VARX q
RAYS x
WLEN {wavelength}
QRAN {start:.16f} {stop:.16f} {step:.18f}
IMAX 0.0
CMPT 0
PATH DISTANCES/SAMPTO
FILE {file}
NATO 3
ZELE {numbers}
ATOC 1.0 1.0 1.0
BATO {b}
FPRI {anomalous}
FDPR {anomalous}
"""
RUN_FILE = """************ Datasets section ************
#1        XRD
  data    none
  form    4
  rang    2.5 104.0 0.02
  cheb    1
  wave    {wavelength}
  esdw    0.0001
  beam    S
  geom    transmDS 0.0
************ Structures section ************
%1        crystal
{database}
  parx    sizes.par
************ Refinement section ************
  simu    1
  calm    1
  rfil    sizes.ref
  outs    found
  rpdf    0
"""


@dataclass(frozen=True)
class Family:
    """Crystals of one shape, as both programs know them.

    sizes: (mean, std) of DebUsSy's lognormal lengths, nm; edges: the same lengths in nanocrystal over
    DebUsSy's, by address; steps: one cell in these lengths, Å; statistics: where Debussy prints means;
    member: the shape of so many cells.
    """

    name: str
    program: str
    input_name: str
    input_text: str
    database: str
    file: str
    cells: list[tuple[int, ...]]
    sizes: tuple[tuple[float, float], ...]
    edges: dict[str, float]
    steps: tuple[float, ...]
    statistics: str
    member: Callable[..., object]
    start: Callable[[], object]

    @property
    def files(self) -> list[str]:
        """The database files of all members."""
        return [self.file.format(*n) for n in self.cells]


def varied(mean: float) -> nc.Distribution:
    return nc.Distribution("lognormal", nc.vary(mean), nc.vary(8.0))


SPHERE = (math.pi / 6.0) ** (1.0 / 3.0)  # edge of a cube over the diameter of the sphere of equal volume
CUBES = Family(
    name="cubes",
    program="MK_QBE_x1.0",
    input_name="qbemkQ.ini",
    input_text="cell.cel\nN 27\nQBE\nTODO all_clusters\nOCC1 y\nSAMP one 0.5 106.0\n",
    database="  db03    DISTANCES/SAMPTO120A/cell_r\n  nclu    27\n  shap    QBE",
    file="cell_r{:03d}_QBE.smp",
    cells=[(n,) for n in range(1, 28)],
    sizes=((8.0 / SPHERE, 1.2 / SPHERE),),
    edges={"edge_length": SPHERE},
    steps=(CELL,),
    statistics=r"Diameter / Number Distribution\s+(\S+)\s+\+/-\s+(\S+)",
    member=lambda n: nc.Cube(n * CELL),
    start=lambda: nc.Cube(varied(70.0)),
)
PRISMS = Family(
    name="prisms",
    program="MK_LAYER_GEN_x1.0",
    input_name="clumkQ.ini",
    input_text="cell.cel\nN 20 20\nPAR\nTODO all_clusters\nOCC1 y\nSAMP one 0.5 106.0\n",
    database="  db04    DISTANCES/SAMPTO120A/cell\n  nrod    1 20 1 20\n  shap    PAR",
    file="cell_a{:03d}_c{:03d}_PAR.smp",
    cells=[(n, m) for n in range(1, 21) for m in range(1, 21)],
    sizes=((8.0, 1.2), (5.0, 0.8)),
    edges={"d_ab": 1.0, "l_c": 1.0},
    steps=(CELL * D_AB, CELL),
    statistics=r"#  Number Distribution:\s+< L > along \w+ :\s+(\S+)\s+\+/-\s+(\S+)",
    member=lambda n, m: nc.Prism(n * CELL * D_AB, m * CELL),
    start=lambda: nc.Prism(varied(70.0), varied(60.0)),
)


def build_database(programs: Path, family: Family, folder: Path) -> tuple[float, float]:
    """Write all sizes of a family with DebUsSy and return wall and CPU time, s."""
    (folder / "cell.cel").write_text(CELL_FILE)
    (folder / family.input_name).write_text(family.input_text)
    return process([str(programs / family.program)], folder)


def debussy_pattern(
    programs: Path, folder: Path, file: str, numbers: Iterable[int] = ATOMIC_NUMBERS.values(), anomalous: float = NONE
) -> tuple[np.ndarray, np.ndarray]:
    """Return I(Q) of one size by MK_PATTERN and its self term, in electron units, without 1/cos θ."""
    steps = {"start": Q[0], "stop": Q[-1], "step": Q[1] - Q[0]}
    text = PATTERN_FILE.format(
        wavelength=WAVELENGTH,
        file=file,
        numbers=" ".join(map(str, numbers)),
        b=" ".join(f"{b:.12f}" for b in B_ISO),
        anomalous=f"{anomalous} {anomalous} {anomalous}",
        **{name: value / (2.0 * math.pi) for name, value in steps.items()},
    )
    (folder / "diffractor.inp").write_text(text)
    process([str(programs / "MK_PATTERN_x1.0")], folder)
    written = next(folder.glob("*.tqi"))
    two_theta, q, intensity, self_term = np.loadtxt(written, usecols=(0, 1, 2, 3)).T
    written.unlink()
    assert np.allclose(2.0 * np.pi * q, Q)
    return intensity * np.cos(np.radians(two_theta / 2.0)), self_term


def debussy_form_factors(programs: Path, folder: Path, file: str) -> np.ndarray:
    """Return f0 of Cs, Pb, Br at Q as DebUsSy has them, from the self terms of one cell with one element each."""
    found = {}
    for element, number in ATOMIC_NUMBERS.items():
        alone = [number if e == element else 0 for e in ATOMIC_NUMBERS]
        _, self_term = debussy_pattern(programs, folder, file, alone)
        found[element] = np.sqrt(self_term / np.count_nonzero(ELEMENTS.index(element) == BASIS_KINDS))
    return np.array([found[e] for e in ELEMENTS])


def explicit_intensity(n: int, factors: np.ndarray) -> np.ndarray:
    """Return I(Q) of the atoms of a cube of n³ cells, as `nanocrystal debye` calculates it."""
    positions, kinds = cube(n)
    n_bins = int(np.linalg.norm(np.ptp(positions, axis=0)) / BIN) + 2
    sums = SineTransform(BIN, n_bins, Q)(cluster_moments(positions, kinds, 3, BIN, n_bins))
    u_iso = np.array([U_ISO[e] for e in ELEMENTS])
    return debye_intensity(Q, sums, factors, u_iso, np.ones(3), np.bincount(kinds).astype(float))


@cache
def cubic_crystal() -> nc.Crystal:
    return nc.Crystal.from_library("CsPbBr3-alpha", a=CELL, u_iso=U_ISO)


def our_intensity(shape: object, wavelength: float | None = None) -> np.ndarray:
    """Return I(Q) of one population of CsPbBr3 from its description; nothing but the crystal is kept."""
    sample = nc.Sample({"dots": nc.Population("x", shape)}, {"x": cubic_crystal()})
    settings = nc.TotalScattering(q="0.5:20:0.01", wavelength=wavelength, background_terms=0)
    return nc.simulated_curves(sample, {"iq": settings}, Path())["iq"]["intensity"]


def absolute_rows(programs: Path, folders: dict[str, Path]) -> list[tuple[str, ...]]:
    """Return the table of single sizes: DebUsSy against nanocrystal on absolute scale."""
    factors = debussy_form_factors(programs, folders["prisms"], PRISMS.files[0])
    rows = []
    for family, n, size in ((PRISMS, 8, (8, 8)), (PRISMS, 20, (20, 20)), (CUBES, 7, (7,)), (CUBES, 8, (8,))):
        folder, file = folders[family.name], family.file.format(*size)
        bare, _ = debussy_pattern(programs, folder, file)
        full, _ = debussy_pattern(programs, folder, file, anomalous=0.0)
        same = errors(bare, explicit_intensity(n, factors))
        own = errors(full, our_intensity(nc.Cube(n * CELL), WAVELENGTH))
        label = f"{family.program.partition('_x')[0]}, {n} × {n} × {n} cells"
        rows.append((label, *(f"{e:.1e}" for e in same), *(f"{e:.1e}" for e in own)))
    return rows


def parameter_file(sizes: tuple[tuple[float, float], ...]) -> str:
    """Return DebUsSy's parameters: lognormal lengths (nm), no strain, full occupancy, constant B."""
    (mean_1, std_1), (mean_2, std_2) = (*sizes, (0.001, 0.0001))[:2]
    lines = ["STcod 1", "VALn1 0"]
    lines += [f"AV1LN 0.5 {mean_1:.12f} 30.0 1", f"SD1LN 0.01 {std_1:.12f} 10.0 1"]
    lines += [f"AV2LN 0.0001 {mean_2:.12f} 30.0 1", f"SD2LN 0.00001 {std_2:.12f} 10.0 1", "PHILN -90.0 0.0 90.0 0"]
    lines += [f"STR_{k} 0.95 1.0 1.05 0" for k in "i1C"] + ["STR_W 0.01 1.0 100.0 0"]
    for k, b in enumerate(B_ISO, 1):
        lines += [f"ATO{k:02d} 1 1"]
        lines += ["OKK_I 0.01 1.0 1.0 0", "OKK_0 0.01 1.0 1.0 0", "OKK_L 1.0 100.0 1000.0 0"]
        lines += [f"BTH_{k} 0.01 {b:.12f} 10.0 0" for k in "I0"] + ["BTH_L 1.0 100.0 1000.0 0"]
    return "\n".join(lines) + "\n"


def simulated_population(programs: Path, family: Family, folder: Path) -> tuple[float, float]:
    """Let Debussy write the pattern of a population; return wall and CPU time, s."""
    (folder / "sizes.par").write_text(parameter_file(family.sizes))
    (folder / "sizes.ref").write_text(
        " Number of stages # 1\n stage # 1 0.0001 COMPLEX\n %1\n  1 0 0 1 0 1 0 1\n #1\n  1\n"
    )
    (folder / "run.dwa").write_text(RUN_FILE.format(wavelength=WAVELENGTH, database=family.database))
    return process([str(programs / "Debussy"), "run.dwa"], folder)


def debussy_population(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return 2θ (degrees) and the pattern that Debussy wrote."""
    two_theta, _, intensity = np.loadtxt(folder / "found_SPD#01.cal", usecols=(0, 1, 2)).T
    return two_theta, intensity


def exact_population(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return 2θ and the double sum over whole cubes, each as often as DebUsSy has its size."""
    two_theta, _ = debussy_population(folder)
    q = 4.0 * np.pi / WAVELENGTH * np.sin(np.radians(two_theta / 2.0))
    energy = 12398.419843 / WAVELENGTH
    factors = np.array([form_factor(e, q) + anomalous_factor(e, energy) for e in ELEMENTS])
    u_iso, cell = np.array([U_ISO[e] for e in ELEMENTS]), np.bincount(BASIS_KINDS).astype(float)
    intensity = np.zeros(len(q))
    for n, fraction in np.loadtxt(folder / "crystal01_plot1D.mtx", usecols=(0, 1)):
        if fraction > 0.0:
            sums = exact_sums(int(n), q)
            intensity += fraction * debye_intensity(q, sums, factors, u_iso, np.ones(3), cell * n**3)
    return two_theta, intensity


def noisy_data(two_theta: np.ndarray, intensity: np.ndarray, path: Path) -> Path:
    """Write a pattern with counting noise as a file that nanocrystal reads, and return its path."""
    expected = intensity * COUNTS / intensity[two_theta >= FITTED[0]].max()
    counted = np.random.default_rng(1).poisson(expected)
    np.savetxt(path, np.column_stack([two_theta, counted, np.sqrt(np.maximum(expected, 1.0))]))
    return path


def refined(file: Path, family: Family) -> nc.Result:
    """Refine cell, displacements and sizes against a pattern, from values that are off."""
    u_iso = {e: nc.vary(u) for e, u in {"Cs": 0.04, "Pb": 0.02, "Br": 0.04}.items()}
    crystal = nc.Crystal.from_library("CsPbBr3-alpha", a=nc.vary(5.86), u_iso=u_iso)
    sample = nc.Sample({"dots": nc.Population("x", family.start())}, {"x": crystal})
    settings = nc.TotalScattering(file=file, two_theta_range=FITTED, wavelength=WAVELENGTH, compton=True)
    return nc.refine(sample, {"iq": settings})


def population_rows(family: Family, folder: Path, label: str, data: Path) -> list[tuple[str, ...]]:
    """Return the table of one population: what DebUsSy says its sizes are (nm), and what comes back."""
    result = refined(data, family)
    rows = [(f"{label}: GoF {result.datasets['iq'].gof:.2f}, {result.elapsed_s:.1f} s", "", "", "", "")]
    printed = re.findall(family.statistics, (folder / "found_Best.dis").read_text())  # by number, then by mass
    for (name, factor), step, (mean, std) in zip(family.edges.items(), family.steps, printed, strict=False):
        found = {k: result.parameters[f"populations.dots.{name}.{k}"] for k in ("mean", "std")}
        whole = math.hypot(found["std"].value, step / math.sqrt(6.0))
        for text, truth, value, stderr in (
            (f"{name}, mean, nm", mean, found["mean"].value, found["mean"].stderr),
            (f"{name}, std of whole cells, nm", std, whole, found["std"].stderr),
        ):
            rows.append(quantity_row(text, factor * float(truth), value / NM, stderr / NM, 3))
    for name, truth in {"a": CELL, **{f"u_iso.{e}": u for e, u in U_ISO.items()}}.items():
        parameter = result.parameters[f"crystals.x.{name}"]
        rows.append(quantity_row(name, truth, parameter.value, parameter.stderr, 5))
    return rows


def quantity_row(name: str, truth: float, found: float, stderr: float, digits: int) -> tuple[str, ...]:
    numbers = (f"{value:.{digits}f}" for value in (truth, found, stderr))
    return (name, *numbers, f"{found - truth:+.{digits}f}")


def separately(family: Family) -> None:
    """Calculate I(Q) of every size of a family by itself; one model, its lengths moved, as a refinement does."""
    settings = nc.TotalScattering(q="0.5:20:0.01", background_terms=0)
    sample = nc.Sample({"dots": nc.Population("x", family.member(*family.cells[0]))}, {"x": cubic_crystal()})
    model = settings.bind("iq", sample)
    values = declared_parameters(sample, {"iq": settings}).initial_values()
    base = Evaluation(values, model.requirement)
    for cells in family.cells:
        lengths = family.member(*cells).declared()
        model.curves(base.at(values.moved({f"populations.dots.{k}": p.value for k, (_, p) in lengths.items()})))


def patterns_of_all(programs: Path, family: Family, folder: Path) -> tuple[float, float]:
    """Return wall and CPU time of MK_PATTERN for every size of a database, one process each."""
    template = (folder / "diffractor.inp").read_text()
    times = []
    for file in family.files:
        (folder / "diffractor.inp").write_text(re.sub(r"(?m)^FILE .*$", f"FILE {file}", template))
        times.append(process([str(programs / "MK_PATTERN_x1.0")], folder))
    wall, cpu = np.sum(times, axis=0)
    return float(wall), float(cpu)


def time_rows(family: Family, programs: Path | None, folder: Path | None, repeats: int) -> list[tuple[str, ...]]:
    """Return the table of times of one family: medians of rounds in which the programs take turns."""
    separately(family)  # compiles
    code = f"import debussy; debussy.separately(debussy.{family.name.upper()})"
    tasks: dict[str, Callable[[], tuple[float, float]]] = {
        "nanocrystal: I(Q) of each, in a running Python": lambda: timed(lambda: separately(family), 1),
        "nanocrystal: the same as a process": lambda: process([sys.executable, "-c", code], Path(__file__).parent),
    }
    if programs and folder:
        builder = family.program.partition("_x")[0]
        tasks = {
            f"DebUsSy: database by {builder}": lambda: build_database(programs, family, folder),
            "DebUsSy: I(Q) of each from it by MK_PATTERN": lambda: patterns_of_all(programs, family, folder),
            "DebUsSy: one population from it, 5076 points": lambda: simulated_population(programs, family, folder),
            **tasks,
        }
    times = np.median([[task() for task in tasks.values()] for _ in range(repeats)], axis=0)
    return [(family.name, name, f"{wall:.2f}", f"{cpu:.2f}") for name, (wall, cpu) in zip(tasks, times, strict=True)]


def compare(programs: Path, folders: dict[str, Path], repeats: int) -> None:
    """Run DebUsSy in the folders and print the three tables."""
    for family in (CUBES, PRISMS):
        folders[family.name].mkdir()
        build_database(programs, family, folders[family.name])
        simulated_population(programs, family, folders[family.name])
    columns = ("max |ΔI|/I_max", "max |I/I' − 1|")
    header = ("object", *(f"{c}, DebUsSy's f" for c in columns), *(f"{c}, own f" for c in columns))
    print_table(header, absolute_rows(programs, folders))
    rows = []
    for family, label, pattern in (
        (PRISMS, "**DebUsSy's prisms**", debussy_population),
        (CUBES, "**DebUsSy's cubes**", debussy_population),
        (CUBES, "**the same, all cells whole**", exact_population),
    ):
        folder = folders[family.name]
        data = noisy_data(*pattern(folder), folder / "population.xye")
        rows += population_rows(family, folder, label, data)
    print_table(("quantity", "DebUsSy", "refined", "s.u.", "difference"), rows)
    rows = [row for family in (CUBES, PRISMS) for row in time_rows(family, programs, folders[family.name], repeats)]
    print_table(("sizes", "what", "wall s", "CPU s"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debussy", default=os.environ.get("NANOCRYSTAL_DEBUSSY"), help="folder of its programs")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(machine(), "\n")
    if not options.debussy:
        print("DebUsSy is left out: --debussy PATH was not given. nanocrystal alone:\n")
        rows = [row for family in (CUBES, PRISMS) for row in time_rows(family, None, None, options.repeats)]
        print_table(("sizes", "what", "wall s", "CPU s"), rows)
        return
    with tempfile.TemporaryDirectory() as name:
        folders = {family.name: Path(name) / family.name for family in (CUBES, PRISMS)}
        compare(Path(options.debussy).resolve(), folders, options.repeats)


if __name__ == "__main__":
    main()
