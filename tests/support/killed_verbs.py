"""Every verb on something small, to be killed: what it is run on, what changes between two runs, what it leaves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from nanocrystal.cli.app import app
from nanocrystal.report.outcome import digest_of
from nanocrystal.report.reading import outcomes
from nanocrystal.report.together import is_there, text_of
from support.nmr_files import fid, write_bruker
from support.reduction_samples import DENSITY, atomic, hard_spheres
from support.series_members import SmallSeries
from support.small_study import SmallStudy, noisy_rows

OLD, NEW = "An earlier title", "A later title"
SIMULATED = ('file = "ni.gr"\nr_range = [1.5, 12.0]', 'r = "1:9:0.5"')
RECORDS = [kind.record for kind in outcomes()]
State = dict[str, str] | None
"""file -> what it says but for times; None where there is no result"""


@dataclass(frozen=True)
class Verb:
    """A verb with its options; makes: writes a study with this title; out: what it writes, in the folder."""

    words: tuple[str, ...]
    makes: Callable[[Path, str], object]
    out: str = "out"

    def run(self, folder: Path) -> int:
        """Run it and return its exit code."""
        with chdir(folder):
            result = CliRunner().invoke(app, [*self.words, "--out", str(folder / self.out)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code

    def state(self, folder: Path) -> State:
        """Return what a reader finds of its result."""
        target = folder / self.out
        if target.suffix:
            return {target.name: text_of(target)} if is_there(target) else None
        found = [name for name in RECORDS if is_there(target / name)]
        if not found:
            return None
        document = json.loads(text_of(target / found[0]))
        if "digest" not in document:  # a series that has begun
            return None
        return {name: said(target / name) for name in document["files"]}


def said(path: Path) -> str:
    """Return what a file says, but for times; of a page its title."""
    text = text_of(path)
    if path.suffix == ".json":
        return digest_of(json.loads(text))
    if path.suffix == ".html":
        return text.partition("<title>")[2].partition("</title>")[0]
    return text if path.suffix != ".js" else ""


def traces(folder: Path) -> list[str]:
    """Return what runs that have ended have left."""
    return [str(path) for path in folder.rglob("*nanocrystal-*")]


def _study(*changes: tuple[str, str], more: str = "", noisy: bool = False) -> Callable[[Path, str], object]:
    def make(folder: Path, title: str) -> None:
        small = SmallStudy(folder)
        for change in (('"Nickel"', f'"{title}"'), *changes):
            small.change(*change)
        if noisy:
            small.write("ni.gr", "\n".join(noisy_rows())).add('columns = ["r", "g", "ignore", "sigma"]')
        small.add(more).write("study.toml", small.text)

    return make


def _series(folder: Path, title: str) -> None:
    small = SmallSeries(folder, (100.0, 200.0))
    small.change('"Nickel, heated"', f'"{title}"').write("study.toml", small.text)


def _reduction(folder: Path, title: str) -> None:
    q = np.arange(0.3, 22.0, 0.02)
    counts = np.random.default_rng(8).poisson(60.0 * atomic(q, {"Ni": 1.0})[0] * hard_spheres(q))
    np.savetxt(folder / "liquid.chi", np.stack([q, counts, np.sqrt(counts + 1.0)], axis=1), fmt="%.6g")
    table = f'[reduction.liquid]\nfile = "liquid.chi"\ncomposition = "Ni"\nqmax = 20.0\nnumber_density = {DENSITY}\n'
    (folder / "study.toml").write_text(f'title = "{title}"\n{table}r = "0:20:0.02"\n', encoding="utf-8")


def _spectrum(folder: Path, title: str) -> None:
    shutil.rmtree(folder / "1", ignore_errors=True)
    values = np.stack([fid(1024, 20000.0, [(1200.0, 60.0, 3e6)]) * (1.0 if title == NEW else 2.0)])
    write_bruker(folder / "1", values, 20000.0)


def _atoms(folder: Path, title: str) -> None:
    far = 2.5 if title == NEW else 2.6
    (folder / "two.xyz").write_text(f"2\n{title}\nNi 0 0 0\nNi {far} 0 0\n", encoding="utf-8")


CANDIDATES = "[candidates.one]\n\n[candidates.other]\nrefine = { tolerance = 1e-6 }"
STUDY = "study.toml"
SHARED = ("[series]", '[series]\nmode = "shared"\nshared = ["crystals.ni.u_iso.Ni"]')


def _shared(folder: Path, title: str) -> None:
    _series(folder, title)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(text.replace(*SHARED), encoding="utf-8")


VERBS = {
    "refine": Verb(("refine", STUDY), _study()),
    "compare": Verb(("compare", STUDY), _study(more=CANDIDATES)),
    "series": Verb(("series", STUDY, "--workers", "1"), _series),
    "series-local": Verb(("series", STUDY, "--workers", "2"), _series),
    "series-shared": Verb(("series", STUDY), _shared),
    "posterior": Verb(("posterior", STUDY, "--steps", "30", "--walkers", "16"), _study(noisy=True)),
    "reduce": Verb(("reduce", STUDY), _reduction),
    "simulate": Verb(("simulate", STUDY), _study(SIMULATED)),
    "plan": Verb(("plan", STUDY), _study(SIMULATED, more="noise = { sigma = 0.02 }")),
    "atoms": Verb(("atoms", STUDY), _study(SIMULATED)),
    "atoms-file": Verb(("atoms", STUDY), _study(SIMULATED, ("20.0", "20.5")), "ni.xyz"),
    "debye": Verb(("debye", "two.xyz", "--q", "0.5:1:0.1"), _atoms),
    "debye-file": Verb(("debye", "two.xyz", "--q", "0.5:1:0.1"), _atoms, "iq.csv"),
    "nmr": Verb(("nmr", "1"), _spectrum),
    "nmr-file": Verb(("nmr", "1"), _spectrum, "cs.csv"),
    "library": Verb(("library", "Pt"), lambda folder, title: None, "Pt.cif"),
    "new": Verb(("new", "ni.gr", "--library", "Pt"), _study(), "made.toml"),
}
"""name -> verb"""
ONCE = ("library", "new", "atoms-file")
"""verbs that never replace a file: a second run is refused"""
