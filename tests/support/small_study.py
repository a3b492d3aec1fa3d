"""A small study in a folder, to be spoilt in one way at a time: nickel spheres and their calculated PDF."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from nanocrystal.cli.app import app
from nanocrystal.sample import Crystal, Population, Sample, Sphere
from nanocrystal.simulation import simulated_curves
from nanocrystal.techniques import Pdf

CIF = """data_Ni
_cell_length_a 3.52
_cell_length_b 3.52
_cell_length_c 3.52
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'F m -3 m'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
_atom_site_U_iso_or_equiv
Ni1 Ni 0 0 0 1 0.006
"""
XYZ = "4\nfour atoms\nNi 0 0 0\nNi 2.5 0 0\nNi 0 2.5 0\nNi 0 0 2.5\n"
STUDY = """title = "Nickel"

[crystals.ni]
cif = "Ni.cif"
a = { value = 3.51, vary = true }
u_iso = { Ni = { value = 0.006, vary = true } }

[populations.dots]
crystal = "ni"
shape = "sphere"
diameter = { value = 20.0, vary = true }

[datasets.pdf]
technique = "pdf"
file = "ni.gr"
r_range = [1.5, 12.0]
qmax = 20.0
qdamp = 0.04
"""
ATOMS_STUDY = """[populations.cluster]
shape = "atoms"
file = "four.xyz"
u_iso = { Ni = 0.01 }
stretch = { value = 1.0, vary = true }

[datasets.pdf]
technique = "pdf"
file = "ni.gr"
r_range = [1.5, 12.0]
qmax = 20.0
"""
TRUE = {"a": 3.52, "diameter": 20.0, "u_iso": 0.006, "qdamp": 0.04}


@lru_cache(maxsize=1)
def gr_rows() -> tuple[str, ...]:
    """Return the rows "r G" of a calculated PDF of the true sample, 0.01 to 13.99 Å."""
    folder = Path(__file__).parent
    sample = Sample({"dots": Population("ni", Sphere(TRUE["diameter"]))}, {"ni": Crystal(_structure())})
    columns = simulated_curves(sample, {"pdf": Pdf(r="0.01:14:0.02", qmax=20.0, qdamp=TRUE["qdamp"])}, folder)
    r, g = columns["pdf"].values()
    return tuple(f"{x:.4f} {y:.8f}" for x, y in zip(r, g, strict=True))


def _structure():  # type: ignore[no-untyped-def]
    from nanocrystal.sample.crystal.cif import parse_cif

    return parse_cif(CIF, "Ni.cif")


def noisy_rows(sigma: float = 0.02) -> list[str]:
    """Return rows "r G 0 sigma" with noise of that standard deviation on each point."""
    rows = np.array([row.split() for row in gr_rows()], dtype=float)
    noise = np.random.default_rng(1).normal(0.0, sigma, len(rows))
    return [f"{r:.4f} {g + n:.8f} 0.01 {sigma}" for (r, g), n in zip(rows, noise, strict=True)]


@dataclass(frozen=True)
class Said:
    """How a command ended and what it printed."""

    exit_code: int
    stdout: str
    stderr: str


class SmallStudy:
    """The study and its files in a folder; `refused` runs it and asserts that nothing was written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.text = STUDY
        self.write("Ni.cif", CIF)
        self.write("four.xyz", XYZ)
        self.write("ni.gr", "\n".join(gr_rows()) + "\n")

    def write(self, name: str, content: str | bytes) -> SmallStudy:
        """Write a file beside the study."""
        raw = content if isinstance(content, bytes) else content.encode()
        (self.folder / name).write_bytes(raw)
        return self

    def change(self, old: str, new: str) -> SmallStudy:
        """Replace a part of the study that is certainly there."""
        assert old in self.text, old
        self.text = self.text.replace(old, new)
        return self

    def add(self, text: str) -> SmallStudy:
        """Add lines at the end, in the table of the data set or in one of their own."""
        self.text += text + "\n"
        return self

    def run(self, *args: str, study: bool = True) -> Said:
        """Run the command with the study written to study.toml; `{}` in an argument is the folder."""
        if study:
            self.write("study.toml", self.text)
        result = CliRunner().invoke(app, [a.replace("{}", str(self.folder)) for a in args])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    def refine(self, *more: str) -> Said:
        return self.run("refine", "{}/study.toml", *more)

    def refused(self, *words: str, verb: str = "refine", more: tuple[str, ...] = ()) -> str:
        """Assert that the study is refused as wrong input, and that the message holds all `words`."""
        self.write("study.toml", self.text)
        return self.refused_command(*words, command=(verb, "{}/study.toml", *more))

    def refused_command(self, *words: str, command: tuple[str, ...]) -> str:
        """Assert that a command is refused: exit code 2, one sentence, nothing written or changed."""
        before = self._content()
        said = self.run(*command, study=False)
        assert said.exit_code == 2, said
        assert said.stdout == ""
        assert self._content() == before
        message = said.stderr.replace(f"{self.folder}/", "")
        assert message.startswith("Error: ")
        assert message.count("Error: ") == 1
        assert "Traceback" not in message
        for word in words:
            assert word in message, message
        return message

    def _content(self) -> dict[str, bytes | None]:
        paths = sorted(self.folder.rglob("*"))
        return {str(p.relative_to(self.folder)): p.read_bytes() if p.is_file() else None for p in paths}
