"""A series of 100 small members: wall time against the number of workers, and what the series itself costs.

    python benchmarks/series.py [MEMBERS]

A member is the PDF of nickel spheres of 3 nm up to 25 Å: cell, displacement, diameter, δ₂ and scale. "Alone" is what
`refine` takes for each of them, one after the other: reading its study, refining, and, with reports, writing report and
files. The overhead is what a series takes more: checks, hashes, checkpoints and the report of the whole. Processor time
is given beside wall time, since it is disturbed less by what else the machine does.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import machine, print_table

from nanocrystal.report.written import write_result
from nanocrystal.running.described import Series
from nanocrystal.running.series import refined_series
from nanocrystal.sample import Crystal, Population, Sample, Sphere
from nanocrystal.simulation import simulated_curves
from nanocrystal.study.series import read_series
from nanocrystal.techniques import Pdf

STUDY = """title = "A hundred nickels"

[series]
variable = "temperature"
unit = "K"
mode = "independent"
reports = "{reports}"
files = {{ pdf = "ni_{{value}}K.gr" }}

[crystals.ni]
library = "Ni"
a = {{ value = 3.51, vary = true }}
u_iso = {{ Ni = {{ value = 0.005, vary = true }} }}

[populations.dots]
crystal = "ni"
shape = "sphere"
diameter = {{ value = 28.0, vary = true }}

[datasets.pdf]
technique = "pdf"
r_range = [1.5, 25.0]
qmax = 25.0
qdamp = 0.04
delta2 = {{ value = 1.0, vary = true }}
"""


def write_data(folder: Path, members: int) -> None:
    """Write the PDFs of spheres whose cell grows by 20e-6 per K, with noise."""
    rng = np.random.default_rng(1)
    for k in range(members):
        crystal = Crystal.from_library("Ni", a=3.52 * (1.0 + 20e-6 * k), u_iso={"Ni": 0.006})
        sample = Sample({"dots": Population("ni", Sphere(30.0))}, {"ni": crystal})
        r, g = simulated_curves(sample, {"pdf": Pdf(r="0.01:26:0.01", qmax=25.0, qdamp=0.04)}, folder)["pdf"].values()
        rows = [f"{x:.4f} {y:.8f} 0 0.02" for x, y in zip(r, g + rng.normal(0.0, 0.02, len(r)), strict=True)]
        (folder / f"ni_{100 + k}K.gr").write_text("\n".join(rows) + "\n", encoding="utf-8")


def series_in(folder: Path, reports: str) -> Series:
    path = folder / f"series_{reports}.toml"
    path.write_text(STUDY.format(reports=reports), encoding="utf-8")
    return read_series(path)


def spent(function: Callable[[], None]) -> tuple[float, float]:
    """Return wall time and processor time of a call, with that of its processes, seconds."""
    wall, cpu = time.perf_counter(), _processor_seconds()
    function()
    return time.perf_counter() - wall, _processor_seconds() - cpu


def _processor_seconds() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def alone(series: Series) -> None:
    """Refine the members one after the other, without a series, and write the files that `refine` writes."""
    with tempfile.TemporaryDirectory() as name:
        for member in series.members:
            result = series.studies(member)[""].refine()
            if series.has_reports:
                write_result(result, Path(name) / member.name)


def whole(path: Path, workers: int) -> None:
    """Refine a series and write its report, from the study file on."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "out"
        series = read_series(path)
        result = refined_series(series, out, workers=workers)
        result.save(out, series.text)
        assert result.complete


def main(members: int = 100) -> None:
    """Print the table."""
    print(f"{machine()}; load {', '.join(f'{v:.1f}' for v in os.getloadavg())} before\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder, members)
        plain = series_in(folder, "none")
        plain.studies(plain.members[0])[""].refine()  # compiled code is loaded
        rows: list[tuple[str, ...]] = []
        for reports in ("none", "all"):
            series = series_in(folder, reports)
            path, own = series.path, spent(lambda series=series: alone(series))
            each = (f"{own[0]:.1f}", f"{own[1]:.1f}", f"{1e3 * own[1] / members:.0f}")
            rows.append((f'alone, reports = "{reports}"', "1", *each, "", ""))
            for workers in (1, 2):
                wall, cpu = spent(lambda path=path, workers=workers: whole(path, workers))
                what = f'series, reports = "{reports}"'
                each = (f"{wall:.1f}", f"{cpu:.1f}", f"{1e3 * cpu / members:.0f}")
                more = (f"{100.0 * (cpu / own[1] - 1.0):+.1f} %", f"{own[0] / wall:.2f}")
                rows.append((what, f"{workers}", *each, *more))
        heads = ("", "workers", "wall, s", "processor, s", "a member, ms", "overhead", "alone/series, wall")
        print_table(heads, rows)
    print(f"load {', '.join(f'{v:.1f}' for v in os.getloadavg())} after")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
