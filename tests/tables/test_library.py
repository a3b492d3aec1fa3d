"""The bundled structures against what their sources say, and the ways to reach them."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import gemmi
import numpy as np
import pytest
from typer.testing import CliRunner

from nanocrystal.cli.app import app
from nanocrystal.errors import InputError
from nanocrystal.kernels.pairs import offsets_within
from nanocrystal.sample import Crystal
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.sample.crystal.tilts import tetragonal_halide
from nanocrystal.sample.derived import crystal_quantities
from nanocrystal.study import read_study
from nanocrystal.tables.library import library_entries, library_name, library_text
from support.modelling import now
from support.paths import ROOT
from support.tools import tool

NAMES = [entry.name for entry in library_entries()]
WANTED = {
    "Au", "CdS-wurtzite", "CdSe-wurtzite", "CdSe-zincblende", "CsPbBr3-alpha", "CsPbBr3-alpha-split",
    "CsPbBr3-beta-built", "CsPbBr3-gamma", "CsPbCl3-alpha", "CsPbCl3-alpha-split", "CsPbI3-alpha", "CsPbI3-beta",
    "CsPbI3-delta", "CsPbI3-gamma", "InP", "Ni", "PbS", "Pt", "Si", "TiO2-anatase", "ZnS-zincblende",
}  # fmt: skip


def crystal(name: str) -> Crystal:
    """Return the entry, with a displacement of 0.02 Å² where the source has none."""
    entry = next(e for e in library_entries() if e.name == name)
    if entry.has_displacements:
        return Crystal.from_library(name)
    block = gemmi.cif.read_string(library_text(name)).sole_block()
    elements = {gemmi.cif.as_string(v) for v in block.find_loop("_atom_site_type_symbol")}
    return Crystal.from_library(name, u_iso=dict.fromkeys(elements, 0.02))


# ---- every entry -----------------------------------------------------------------------------------------


def test_all_entries_are_there() -> None:
    assert set(NAMES) == WANTED


@pytest.mark.parametrize("name", NAMES)
def test_entry_is_what_it_says(name: str) -> None:
    """Parses, has no overlap (checked on creation), and has the formula, group and cell that it claims."""
    entry = next(e for e in library_entries() if e.name == name)
    found = crystal(name)
    block = gemmi.cif.read_string(library_text(name)).sole_block()
    assert found.formula == entry.formula == name.split("-")[0]
    elements = gemmi.cif.as_string(block.find_value("_chemical_formula_sum")).split()
    assert sorted(elements) == elements
    assert {e.rstrip("0123456789") for e in elements} == {s.element for s in found.sites}
    group = gemmi.SpaceGroup(entry.space_group)
    assert group.number == int(block.find_value("_space_group_IT_number"))
    listed = gemmi.GroupOps(
        [gemmi.Op(gemmi.cif.as_string(v)) for v in block.find_loop("_space_group_symop_operation_xyz")]
    )
    assert listed == group.operations()
    assert found.structure.cell.tolist() == list(entry.cell)
    assert entry.source
    assert library_text(name).isascii()


@pytest.mark.parametrize("name", NAMES)
def test_displacements_are_plausible_where_the_source_gives_them(name: str) -> None:
    for site in crystal(name).structure.sites:
        assert site.u_iso is None or 0.005 < site.u_iso < 0.2


def density(name: str) -> float:
    found = crystal(name)
    return crystal_quantities(now(found))["x.density"].value


@pytest.mark.parametrize(
    ("name", "published", "tolerance"),
    [
        ("CsPbBr3-alpha", 4.75, 0.002),  # calculated, ICSD 201285
        ("CsPbI3-beta", 4.8761, 0.002),  # calculated, CCDC 1872726
        ("CsPbI3-delta", 5.393, 0.002),  # calculated, CCDC 968118
        ("CdS-wurtzite", 4.82, 0.02),  # measured, COD 1011054
    ],
)
def test_density(name: str, published: float, tolerance: float) -> None:
    assert density(name) == pytest.approx(published, rel=tolerance)
    block = gemmi.cif.read_string(library_text(name)).sole_block()
    stated = block.find_value("_exptl_crystal_density_diffrn") or block.find_value("_exptl_crystal_density_meas")
    assert float(stated) == published


@pytest.mark.parametrize(
    ("name", "volume"),
    [
        ("CsPbBr3-gamma", 796.66),  # ICSD 97851
        ("CsPbI3-alpha", 248.79),  # ICSD 161481
        ("CsPbI3-beta", 490.783),  # CCDC 1872726
        ("CsPbI3-delta", 887.78),  # CCDC 968118
        ("ZnS-zincblende", 158.279),  # COD 9000107
        ("Si", 160.165),  # COD 9008565
    ],
)
def test_volume_of_the_source(name: str, volume: float) -> None:
    assert gemmi.UnitCell(*crystal(name).structure.cell).volume == pytest.approx(volume, abs=0.011)


# ---- distances, worked out by hand ---------------------------------------------------------------------


def nearest(name: str, first: str, second: str, count: int) -> np.ndarray:
    """Return the `count` shortest distances from the first atom of site `first` to atoms of element `second`."""
    found = crystal(name)
    vectors, places = now(found).vectors, now(found).positions
    labels = [s.label for s in found.sites]
    start = places[labels.index(first)][0]
    others = np.concatenate([p for p, s in zip(places, found.sites, strict=True) if s.element == second])
    offsets = offsets_within(vectors, 25.0)
    distance = np.linalg.norm((others[None] - start + offsets[:, None]) @ vectors, axis=2).ravel()
    return np.sort(distance[distance > 1e-6])[:count]


def test_gamma_cspbbr3_by_hand() -> None:
    """Pb at ½, 0, 0: Br(8d) at (0.293, 0.205, 0.025) and (0.207, 0.295, 0.025), Br(4c) at (0.046, 0.005, 0.25)."""
    a, b, c = 8.207, 8.255, 11.759
    expected = sorted(
        [sqrt((x * a) ** 2 + (y * b) ** 2 + (z * c) ** 2) for x, y, z in (
            (0.293, 0.205, 0.025), (0.207, 0.295, 0.025), (0.046, 0.005, 0.25))] * 2
    )  # fmt: skip
    np.testing.assert_allclose(expected[::2], [2.955, 2.964, 2.984], atol=1e-3)
    np.testing.assert_allclose(nearest("CsPbBr3-gamma", "Pb1", "Br", 6), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "first", "second", "expected"),
    [
        # printed in the source
        ("CsPbI3-delta", "Pb", "I", [3.0426, 3.2252, 3.2252, 3.2606, 3.2606, 3.4098]),
        ("CsPbI3-delta", "I1", "Pb", [3.2252, 3.2252]),
        # a/2; a √(x² + (½ − x)²) and c/2
        ("CsPbBr3-alpha", "Pb", "Br", [5.874 / 2.0] * 6),
        ("CsPbI3-beta", "Pb", "I", [3.14951] * 2 + [8.8269 * sqrt(0.212**2 + 0.288**2)] * 4),
        # √(a²/4 + 0.25), four places of a quarter towards each of six neighbours
        ("CsPbCl3-alpha-split", "Pb", "Cl", [sqrt(5.618**2 / 4.0 + 0.25)] * 24),
        ("CsPbBr3-alpha-split", "Pb", "Br", [sqrt(5.866**2 / 4.0 + 0.25)] * 24),
        # a √3/4, a/2, a/√2
        ("InP", "In", "P", [5.8697 * sqrt(3.0) / 4.0] * 4),
        ("CdSe-zincblende", "Cd", "Se", [6.077 * sqrt(3.0) / 4.0] * 4),
        ("ZnS-zincblende", "Zn", "S", [5.4093 * sqrt(3.0) / 4.0] * 4),
        ("Si", "Si", "Si", [5.4307 * sqrt(3.0) / 4.0] * 4),
        ("PbS", "Pb", "S", [5.9362 / 2.0] * 6),
        ("Au", "Au", "Au", [4.07825 / sqrt(2.0)] * 12),
        # √(a²/3 + (½ − u)² c²) three times, u c once
        ("CdS-wurtzite", "Cd", "S", [0.375 * 6.737] + [sqrt(4.15**2 / 3.0 + (0.125 * 6.737) ** 2)] * 3),
        # c z(O) twice, √(a²/4 + (¼ − z)² c²) four times
        ("TiO2-anatase", "Ti", "O", [sqrt(3.7842**2 / 4 + (0.0419 * 9.5146) ** 2)] * 4 + [0.2081 * 9.5146] * 2),
    ],
)  # fmt: skip
def test_neighbours(name: str, first: str, second: str, expected: list[float]) -> None:
    found = nearest(name, first, second, len(expected))
    np.testing.assert_allclose(
        found, sorted(expected), atol=1e-4 if "delta" in name else 2e-3 * ("split" in name) + 1e-6
    )


def test_split_places_exclude_each_other_and_hold_one_halide() -> None:
    """Four places 0.5 Å from the site that they stand for, perpendicular to Pb-X-Pb."""
    found = crystal("CsPbCl3-alpha-split")
    halide = next(k for k, s in enumerate(found.sites) if s.element == "Cl")
    assert found.sites[halide].multiplicity == 12
    assert found.structure.sites[halide].occupancy == 0.25
    np.testing.assert_allclose(np.array(found.structure.sites[halide].fract) * 5.618, [2.809, 0.5, 0.0], atol=3e-4)


def test_built_entry_follows_its_rule() -> None:
    sites = {s.label: s for s in crystal("CsPbBr3-beta-built").structure.sites}
    x = tetragonal_halide(8.259, 5.897)
    np.testing.assert_allclose(sites["Br2"].fract, [-x, 0.5 - x, 0.0], atol=5e-5)


# ---- names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["CsPbBr3-gamma", "γ-CsPbBr3", "γ-CsPbBr₃", "gamma-cspbbr3", "CsPbBr3-γ"])
def test_ways_to_write_a_name(name: str) -> None:
    assert library_name(name) == "CsPbBr3-gamma"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("CdSe", "library: there is no structure 'CdSe' in the library; it has CdSe-wurtzite, CdSe-zincblende."),
        (
            "γ-CsPbCl3",
            "library: there is no structure 'γ-CsPbCl3' in the library; it has CsPbCl3-alpha, CsPbCl3-alpha-split.",
        ),
    ],
)
def test_unknown_name_of_a_known_compound(name: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        library_text(name)
    assert str(raised.value) == message


def test_misspelt_name() -> None:
    with pytest.raises(InputError, match="did you mean 'CsPbBr3-gamma'"):
        library_text("CsPBr3-gamma")


# ---- in Python and in a study -----------------------------------------------------------------------------


def test_crystal_without_displacements_says_so() -> None:
    with pytest.raises(InputError) as raised:
        Crystal.from_library("CsPbBr3-gamma")
    assert str(raised.value) == (
        "crystal.u_iso: library:CsPbBr3-gamma gives no displacement parameter for site 'Cs1'; "
        "give one, for instance u_iso = { Cs = 0.01 } (Å²)."
    )


def test_crystal_takes_what_from_cif_takes(tmp_path: Path) -> None:
    path = tmp_path / "gamma.cif"
    path.write_text(library_text("CsPbBr3-gamma"), encoding="utf-8")
    given = {"u_iso": {"Cs": 0.1, "Pb": 0.03, "Br": 0.06}, "motion": {"delta2": 2.0}, "a": 8.2}
    assert Crystal.from_library("γ-CsPbBr3", **given).declared() == Crystal.from_cif(path, **given).declared()  # type: ignore[arg-type]


STUDY = """[crystals.g]
{source}
u_iso = {{ Cs = 0.1, Pb = 0.03, Br = 0.06 }}
[populations.dots]
crystal = "g"
shape = "sphere"
diameter = 40.0
[datasets.pdf]
technique = "pdf"
r = "2:20:0.05"
qmax = 20.0
"""


def study(tmp_path: Path, source: str) -> Path:
    path = tmp_path / "study.toml"
    path.write_text(STUDY.format(source=source), encoding="utf-8")
    return path


def test_study_with_a_library_structure(tmp_path: Path) -> None:
    found = read_study(study(tmp_path, 'library = "γ-CsPbBr3"\na = { value = 8.21, vary = true }'))
    assert found.sample.crystals["g"].formula == "CsPbBr3"
    assert found.parameters.initial_values()["crystals.g.a"] == 8.21
    assert found.parameters.initial_values()["crystals.g.b"] == 8.255


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('library = "CsPbBr3-gamma"\ncif = "x.cif"', "crystals.g.library: stands beside cif"),
        ("", "crystals.g.cif: is missing; give a file such as cif = "),
        ('library = "CsPBr3-gamma"', "crystals.g.library: there is no structure 'CsPBr3-gamma' in the library"),
        ('library = "CsPbBr3-gamma"\nalpha = 91.0', "crystals.g.alpha: alpha is 90 by the symmetry"),
    ],
)
def test_study_errors_name_the_key(tmp_path: Path, source: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        read_study(study(tmp_path, source))
    assert message in str(raised.value)


def test_study_without_displacements_says_so(tmp_path: Path) -> None:
    path = study(tmp_path, 'library = "CsPbBr3-gamma"')
    path.write_text(path.read_text(encoding="utf-8").replace("Cs = 0.1, ", ""), encoding="utf-8")
    with pytest.raises(InputError, match="gives no displacement parameter for site 'Cs1'"):
        read_study(path)


# ---- the command -------------------------------------------------------------------------------------------


def test_command_lists_all() -> None:
    said = CliRunner().invoke(app, ["library"])
    assert said.exit_code == 0
    lines = said.stdout.splitlines()
    assert [line.split()[0] for line in lines] == NAMES
    gamma = next(line for line in lines if line.startswith("CsPbBr3-gamma"))
    assert " ".join(gamma.split()).startswith("CsPbBr3-gamma CsPbBr3 P b n m 8.207 8.255 11.759 M. Rodova")


def test_command_exports_and_never_replaces(tmp_path: Path) -> None:
    target = tmp_path / "gamma.cif"
    said = CliRunner().invoke(app, ["library", "γ-CsPbBr3", "--out", str(target)])
    assert (said.exit_code, said.stdout) == (0, f"{target}\n")
    assert target.read_text(encoding="utf-8") == library_text("CsPbBr3-gamma")
    target.write_text("mine", encoding="utf-8")
    again = CliRunner().invoke(app, ["library", "Ni", "--out", str(target)])
    assert again.exit_code == 2
    assert "exists; name a new file" in again.stderr
    assert target.read_text(encoding="utf-8") == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["gamma.cif"]


def test_command_prints_one() -> None:
    said = CliRunner().invoke(app, ["library", "Ni"])
    assert (said.exit_code, said.stdout) == (0, library_text("Ni"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["library", "CdSe"], "Error: NAME: there is no structure 'CdSe' in the library; it has CdSe-wurtzite"),
        (["library", "--out", "x.cif"], "Error: --out: needs the name of a structure"),
    ],
)
def test_command_errors(arguments: list[str], message: str) -> None:
    said = CliRunner().invoke(app, arguments)
    assert said.exit_code == 2
    assert message in said.stderr


# ---- the page -----------------------------------------------------------------------------------------------


def test_page_lists_every_entry() -> None:
    page = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    assert page == tool("make_library_page").page(), "run python tools/make_library_page.py"
    for entry in library_entries():
        assert f"| `{entry.name}` |" in page
        assert entry.source in page


@pytest.mark.parametrize("name", NAMES)
def test_entries_agree_with_themselves(name: str) -> None:
    """Formula, symbol, number, operations and density of an entry say the same, so that there is nothing to note."""
    assert parse_cif(library_text(name), name).notes == ()
