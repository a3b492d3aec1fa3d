"""The command `atoms`: what it writes, what it says of it, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import gemmi
import numpy as np
import pytest
from click.testing import Result
from scipy.spatial.distance import cdist, pdist
from typer.testing import CliRunner

from nanocrystal.cli.app import app
from nanocrystal.sample import Cluster
from support.structures import GAMMA_CSPBBR3

CELL = np.array([8.207, 8.255, 11.759])
CRYSTAL = '[crystals.x]\ncif = "x.cif"\nu_iso = { Cs = 0.06, Pb = 0.02, Br = 0.04 }\n'
BRICK = """[populations.dots]
crystal = "x"
shape = "brick"
length_a = 35.0
length_b = 35.0
length_c = 41.0
"""
FAMILIES = """[populations.dots.twins.t110]
slip = "1/2<110>{110}"
probability = 0.2
[populations.dots.twins.c]
slip = "1/2<110>(001)"
density = 0.3
"""
SPHERE = '[populations.balls]\ncrystal = "x"\nshape = "sphere"\ndiameter = 30.0\n'
BULK = '[populations.bulk]\ncrystal = "x"\nshape = "bulk"\n'
DATA = '[datasets.iq]\ntechnique = "total-scattering"\nq = "1:8:0.1"\n'
LAYERS = """[crystals.z]
library = "CdSe-zincblende"
u_iso = { Cd = 0.01, Se = 0.01 }
[populations.tetrapods]
crystal = "z"
shape = "cylinder"
diameter = 30.0
length = 60.0
[populations.tetrapods.stacking]
cubic_fraction = 0.6
correlation = 0.3
"""
CLUSTER = '[populations.few]\nshape = "atoms"\nfile = "few.xyz"\nu_iso = { Ni = 0.01 }\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.cif").write_text(GAMMA_CSPBBR3, encoding="utf-8")
    (tmp_path / "few.xyz").write_text("2\ntwo\nNi 0 0 0\nNi 2.5 0 0\n", encoding="utf-8")
    return tmp_path


def atoms(text: str, *options: str) -> Result:
    """Run the command on a study of this text in the working folder."""
    Path("s.toml").write_text(f'title = "t"\n{text}{DATA}', encoding="utf-8")
    return CliRunner().invoke(app, ["atoms", "s.toml", *options])


def rows(path: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return elements, places and domains of an extended .xyz file."""
    lines = [line.split() for line in Path(path).read_text(encoding="utf-8").splitlines()[2:]]
    return (
        np.array([w[0] for w in lines]),
        np.array([[float(x) for x in w[1:4]] for w in lines]),
        np.array([int(w[4]) for w in lines]),
    )


def test_a_crystal_without_boundaries_is_the_crystal(folder: Path) -> None:
    said = atoms(CRYSTAL + BRICK, "--out", "a.xyz")
    assert (said.exit_code, said.stdout) == (0, "a.xyz\n")
    assert said.stderr == "1260 atoms, Cs252Pb252Br756: a crystal of dots, 6 × 6 × 7 blocks across.\n"
    found = Cluster.read("a.xyz")
    assert len(found.elements) == 5 * 6 * 6 * 7
    assert found.text.splitlines()[1] == "t dots"
    # modulo the cell, there are the 20 places of the cell and no more
    fract = found.positions / CELL
    fract -= np.floor(fract + 1e-4)
    assert len(np.unique(np.round(fract, 3), axis=0)) == 20
    assert pdist(found.positions).min() > 2.8


@pytest.mark.parametrize("suffix", ["xyz", "extxyz", "cif"])
def test_named_planes_stand_where_they_are_named(folder: Path, suffix: str) -> None:
    said = atoms(CRYSTAL + BRICK + FAMILIES, "--planes", "c=3:2,5", "--out", f"a.{suffix}")
    assert said.exit_code == 0, said.stderr
    assert "2 boundaries: across block axis 3 at planes 2, 5.\n" in said.stderr
    if suffix == "cif":
        block = gemmi.cif.read("a.cif").sole_block()
        small = gemmi.make_small_structure_from_block(block)
        places = np.array([small.cell.orthogonalize(s.fract).tolist() for s in small.sites])
        elements = np.array([s.element.name for s in small.sites])
    else:
        found = Cluster.read(f"a.{suffix}")
        places, elements = found.positions, np.array(found.elements)
    # in a column along c, Cs stands off its middle by ± 0.01 a in turn; slipped by (a + b)/2 the other way round
    cs, pb = places[elements == "Cs"], places[elements == "Pb"]
    layer = np.rint((pb[:, 2] - pb[:, 2].min()) / (0.5 * CELL[2])).astype(int)
    assert np.bincount(layer).tolist() == [36] * 7
    column = pb[layer == 0][np.argmin(pb[layer == 0, 0])] + np.array([0.5, 0.0, 0.25]) * CELL
    off = []
    for height in range(7):
        middle = column + np.array([0.0, 0.0, 0.5 * height]) * CELL
        nearest = cs[np.argmin(np.linalg.norm(cs - middle, axis=1))] - middle
        assert np.abs(nearest) == pytest.approx(np.array([0.01, 0.029, 0.0]) * CELL, abs=1e-4)
        off.append(int(np.sign(nearest[0])))
    assert np.array(off) * off[0] == pytest.approx([1, -1, -1, 1, -1, -1, 1])
    if suffix == "extxyz":
        elements, places, domains = rows("a.extxyz")
        inner = domains[elements == "Pb"]
        assert sorted(np.bincount(inner)[np.bincount(inner) > 0].tolist()) == [3 * 36, 4 * 36]


def test_shortest_contact_is_what_the_file_has(folder: Path) -> None:
    said = atoms(CRYSTAL + BRICK + FAMILIES, "--planes", "t110=1:2", "--planes", "t110=2:3", "--out", "a.extxyz")
    elements, places, domains = rows("a.extxyz")
    halides, of = places[elements == "Br"], domains[elements == "Br"]
    values = np.unique(of)
    assert len(values) == 2
    shortest = cdist(halides[of == values[0]], halides[of == values[1]]).min()
    assert f"Shortest Br–Br contact across a boundary: {shortest:.3f} Å." in said.stderr


def test_every_sets_equal_distances_on_all_axes(folder: Path) -> None:
    said = atoms(CRYSTAL + BRICK + FAMILIES, "--every", "t110=2", "--out", "a.extxyz")
    assert "4 boundaries: across block axis 1 at planes 2, 4; across block axis 2 at planes 2, 4." in said.stderr
    both = atoms(CRYSTAL + BRICK + FAMILIES, "--every", "t110=3", "--planes", "c=3:1", "--out", "b.extxyz")
    assert (
        "3 boundaries: across block axis 1 at plane 3; across block axis 2 at plane 3; across block axis 3"
        in both.stderr
    )


def test_drawn_boundaries_follow_the_seed(folder: Path) -> None:
    texts = {}
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        said = atoms(CRYSTAL + BRICK + FAMILIES, "--seed", seed, "--out", f"{name}.extxyz")
        assert said.exit_code == 0
        assert f"drawn with the probabilities of the study (seed {seed})." in said.stderr
        texts[name] = Path(f"{name}.extxyz").read_text(encoding="utf-8")
    assert texts["a"] == texts["b"] != texts["c"]


def test_spheres_are_cut_and_populations_named(folder: Path) -> None:
    said = atoms(CRYSTAL + BRICK + SPHERE, "--population", "balls", "--format", "xyz", "--out", "balls.txt")
    assert said.exit_code == 0, said.stderr
    found = Path("balls.txt").read_text(encoding="utf-8").splitlines()
    places = np.array([[float(x) for x in line.split()[1:]] for line in found[2:]])
    assert pdist(places).max() <= 30.0 + 1e-6
    assert int(found[0]) == pytest.approx(np.pi / 6.0 * 30.0**3 * 20 / np.prod(CELL), rel=0.06)


def test_layers_are_printed_one_by_one(folder: Path) -> None:
    said = atoms(LAYERS, "--out", "a.extxyz")
    assert said.exit_code == 0, said.stderr
    words = "Layers in cubic (c) and hexagonal (h) surroundings, from the lowest: "
    kinds = said.stderr.split(words)[1].split(",")[0]
    elements, places, domains = rows("a.extxyz")
    cd = elements == "Cd"
    height = places[cd] @ np.ones(3) / np.sqrt(3.0)
    levels = np.unique(np.round(height, 2))
    assert len(levels) == len(kinds) == round(60.0 / (6.05 / np.sqrt(3.0)))
    assert [domains[cd][np.argmin(np.abs(height - h))] for h in levels] == ["ch".index(k) for k in kinds]


@pytest.mark.parametrize(("text", "options", "problem"), [
    (CRYSTAL + BRICK + SPHERE, ["--out", "f.xyz"], "--population: must be one of dots, balls: the study has several."),
    (CRYSTAL + BRICK, ["--population", "dot", "--out", "f.xyz"], "there is no population 'dot'; did you mean 'dots'?"),
    (CRYSTAL + BRICK + FAMILIES, ["--planes", "t11=1:2", "--out", "f.xyz"],
     "--planes: there is no family of boundaries 't11'; did you mean 't110'?"),
    (CRYSTAL + BRICK + FAMILIES, ["--every", "d=2", "--out", "f.xyz"],
     "--every: there is no family of boundaries 'd'; valid: c, t110"),
    (CRYSTAL + BRICK + FAMILIES, ["--planes", "t110=1:2,6", "--out", "f.xyz"],
     "--planes: a crystal of 6 × 6 × 7 blocks has planes 1 to 5 across axis 1, got 6."),
    (CRYSTAL + BRICK + FAMILIES, ["--planes", "t110=1:0", "--out", "f.xyz"], "across axis 1, got 0."),
    (CRYSTAL + BRICK + FAMILIES, ["--planes", "t110=3:2", "--out", "f.xyz"],
     "--planes: boundaries of t110 lie across block axis 1 and 2, not 3."),
    (CRYSTAL + BRICK + FAMILIES, ["--planes", "t110=a", "--out", "f.xyz"],
     "--planes: must be FAMILY=AXIS:PLANES, such as t110=1:3,7; got 't110=a'."),
    (CRYSTAL + BRICK + FAMILIES, ["--every", "t110", "--out", "f.xyz"],
     "--every: must be FAMILY=N, such as t110=4; got 't110'."),
    (CRYSTAL + BRICK + FAMILIES, ["--every", "t110=0", "--out", "f.xyz"], "must be at least 1, got 't110=0'."),
    (CRYSTAL + BRICK, ["--every", "t110=2", "--out", "f.xyz"], "--every: names boundaries, but the study has none"),
    (LAYERS, ["--planes", "t110=1:2", "--out", "f.xyz"], "--planes: names boundaries, but the study has none to name"),
    (CRYSTAL + BULK, ["--out", "f.xyz"], "populations.bulk.shape: is infinite; give a shape"),
    (CLUSTER, ["--out", "f.xyz"], "populations.few: is explicit atoms already"),
    (CRYSTAL + BRICK, ["--seed", "-1", "--out", "f.xyz"], "--seed: must not be negative, got -1."),
    (CRYSTAL + BRICK, ["--out", "f.pdb"], "--out: 'f.pdb' ends in none of .xyz, .extxyz and .cif"),
    (CRYSTAL + BRICK, ["--format", "pdb", "--out", "f.xyz"], "--format: must be one of xyz, extxyz, cif, got 'pdb'."),
    (CRYSTAL + BRICK.replace("35.0", "9000.0"), ["--out", "f.xyz"], "a crystal of the mean size has about"),
])  # fmt: skip
def test_what_cannot_be_written_is_refused(folder: Path, text: str, options: list[str], problem: str) -> None:
    said = atoms(text, *options)
    assert (said.exit_code, said.stdout) == (2, "")
    assert problem in said.stderr
    assert said.stderr.startswith("Error: ")
    assert said.stderr.count("\n") == 1
    assert not Path("f.xyz").exists()
    assert not Path("f.pdb").exists()


def test_files_are_not_overwritten(folder: Path) -> None:
    Path("mine.cif").write_text("precious", encoding="utf-8")
    said = atoms(CRYSTAL + BRICK, "--out", "mine.cif")
    assert (said.exit_code, said.stderr) == (2, "Error: --out: 'mine.cif' exists; name a new file.\n")
    assert Path("mine.cif").read_text(encoding="utf-8") == "precious"
