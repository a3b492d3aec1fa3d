"""[reduction.NAME] of an absorption edge in a study: the command, its files, data sets, and what is refused."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

import nanocrystal
from nanocrystal.cli.app import app
from nanocrystal.errors import InputError
from nanocrystal.reduction.xas import XrayAbsorption
from nanocrystal.report.reduction.result import ReductionResult
from nanocrystal.study import Study, read_study
from nanocrystal.study.content import content_of
from nanocrystal.study.reduction import read_reductions, supplied_curve
from nanocrystal.study.reduction.schema import AnyReduction, EdgeTable
from nanocrystal.study.reduction.xas import AbsorptionCurve
from support.paths import DOCS
from support.small_study import STUDY, SmallStudy
from support.xas_files import athena_bytes, counts_of, energies, made_mu, written, xdi_text

PAGE = (DOCS / "absorption_edges.md").read_text(encoding="utf-8")
EDGE = 'absorption = { element = "Cu", edge = "K" }'
THREE = f'files = ["1.xdi", "2.xdi", "3.xdi"]\n{EDGE}\nreference = "foil"'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with three scans of copper with a foil, the second shifted, and a project."""
    energy, rng = energies(), np.random.default_rng(1)
    for name, shift in (("1", 0.0), ("2", 0.8), ("3", 0.0)):
        i0, itrans = counts_of(made_mu(energy) + 4e-4 * rng.standard_normal(len(energy)))
        columns = {"energy eV": energy + shift, "itrans": itrans, "i0": i0, "irefer": itrans * np.exp(-made_mu(energy))}
        written(tmp_path / f"{name}.xdi", xdi_text(columns, Element_symbol="Cu", Element_edge="K"))
    written(tmp_path / "a.prj", athena_bytes([({"label": "A", "bkg_z": "Cu"}, energy, made_mu(energy))] * 2))
    return tmp_path


def study(folder: Path, text: str = THREE, more: str = "") -> Path:
    path = folder / "study.toml"
    path.write_text(f"[reduction.cu]\n{text}\n{more}", encoding="utf-8")
    return path


# ---- the command --------------------------------------------------------------------------------------


def test_the_command_writes_what_is_read_again(folder: Path) -> None:
    run = CliRunner().invoke(app, ["reduce", str(study(folder, more='[reduction.one]\nfiles = "1.xdi"\n' + EDGE))])
    assert run.exit_code == 0
    assert re.search(r"cu: Cu K, 3 scans, e0 897\d\.\d\d eV, step 1\.4", run.output)
    assert "by the scatter of scans" in run.output
    assert "one: Cu K, one scan" in run.output
    out = folder / "study-reduced"
    names = {"cu.chi", "cu.nor", "one.chi", "one.nor", "reduction.json", "report.html", "study.toml"}
    assert {path.name for path in out.iterdir()} == names
    again = nanocrystal.read_result(out)
    assert isinstance(again, ReductionResult)
    one = again.absorption["cu"]
    assert pytest.approx(np.array([one.k, one.chi, one.sigma]), rel=1e-8) == np.loadtxt(out / "cu.chi").T
    assert np.loadtxt(out / "cu.nor").T[:2] == pytest.approx(np.array([one.energy, one.norm]), rel=1e-8, abs=1e-8)
    assert (one.shifts[1], one.shifts[2]) == pytest.approx((-0.8, 0.0), abs=0.03)
    assert sorted(again.inputs) == ["1.xdi", "2.xdi", "3.xdi"]
    heads = (out / "cu.chi").read_text(encoding="utf-8").splitlines()
    assert "# element = Cu" in heads
    assert "# k  chi  sigma" in heads
    alone = again.absorption["one"].noise
    assert alone is not None
    assert one.noise is not None
    assert one.noise.epsilon_k == pytest.approx(alone.epsilon_k / np.sqrt(3.0), rel=0.35)


def test_a_short_scan_has_no_chi(folder: Path) -> None:
    text = f'files = "1.xdi"\n{EDGE}\nenergy_range = [8790, 9050]'
    read_reductions(study(folder, text)).run(folder / "out")
    assert {path.name for path in (folder / "out").iterdir()} >= {"cu.nor", "report.html"}
    assert not (folder / "out" / "cu.chi").exists()


def test_edges_and_scattering_stand_side_by_side(folder: Path) -> None:
    q = np.arange(0.5, 20.0, 0.05)
    np.savetxt(folder / "ni.chi", np.stack([q, 100.0 + 0.0 * q], axis=1))
    both = read_reductions(study(folder, more='[reduction.ni]\nfile = "ni.chi"\ncomposition = "Ni"'))
    result = both.run()
    assert (list(result.reductions), list(result.absorption)) == (["ni"], ["cu"])
    page = result.page()
    for heading in ("Absorption edges", "G(r)", "Checks"):
        assert f">{heading}</h2>" in page
    assert "2 sets reduced" in page or "sum rule" in page


# ---- data sets ----------------------------------------------------------------------------------------


def test_a_data_set_may_take_chi_or_mu(folder: Path) -> None:
    tables = read_reductions(study(folder)).absorption
    chi = supplied_curve("cu", ("k", "chi"), tables, folder, "datasets.exafs")
    curve = chi.curve()
    assert (curve.x_name, curve.y_name, str(chi)) == ("k", "chi", "1.xdi and 2 more (reduction cu)")
    assert isinstance(chi, AbsorptionCurve)
    assert curve.sigma == pytest.approx(chi.result.sigma)
    assert curve.metadata["element"] == "Cu"
    assert len(curve.sha256) == 64
    norm = supplied_curve("cu", ("energy", "norm"), tables, folder, "datasets.xanes").curve()
    assert norm.y == pytest.approx(chi.result.norm)
    with pytest.raises(
        InputError, match=r"datasets.pdf.reduction: cu gives χ\(k\) or .*, but this data set is g over r"
    ):
        supplied_curve("cu", ("r", "g"), tables, folder, "datasets.pdf")


def test_a_table_is_written_as_it_was_read(folder: Path) -> None:
    text = f'files = ["1.xdi"]\ncolumns = {{ i0 = "i0", ifluor = ["a", "b"] }}\ndeglitch = [9000.0]\n{EDGE}'
    table = read_reductions(study(folder, text)).absorption["cu"]
    content = content_of(table, "reduction.cu")
    assert content == {
        "absorption": {"element": "Cu", "edge": "K"},
        "files": ["1.xdi"],
        "columns": {"i0": ["i0"], "ifluor": ["a", "b"]},
        "deglitch": [9000.0],
    }
    assert TypeAdapter(dict[str, AnyReduction]).validate_python({"cu": content})["cu"] == table


def test_a_study_with_a_sample_holds_it_too(folder: Path) -> None:
    small = SmallStudy(folder)
    small.write("study.toml", f"{STUDY}\n[reduction.cu]\n{THREE}\n")
    whole = read_study(folder / "study.toml")
    assert isinstance(whole, Study)
    again = tomllib.loads(whole.to_toml())["reduction"]["cu"]
    assert again["files"] == ["1.xdi", "2.xdi", "3.xdi"]
    assert again["absorption"] == {"element": "Cu", "edge": "K"}
    assert list(read_reductions(folder / "study.toml").absorption) == ["cu"]
    taken = STUDY.replace('file = "ni.gr"', 'reduction = "cu"')
    small.write("study.toml", f"{taken}\n[reduction.cu]\n{THREE}\n")
    with pytest.raises(InputError, match=r"datasets.pdf.reduction: cu gives χ\(k\) or normalised μ\(E\), but"):
        read_study(folder / "study.toml")


# ---- wrong input --------------------------------------------------------------------------------------

WRONG = [
    ('files = "1.xdi"', "line 1: reduction.cu.absorption: is missing: say which edge was scanned, such as"),
    (EDGE, "reduction.cu.files: is missing: name the scans"),
    (f'file = "1.xdi"\n{EDGE}', "reduction.cu.file: unknown key; did you mean 'files'"),
    (
        'files = "1.xdi"\nabsorption = { element = "Cu", edge = "M5" }',
        "edge: must be 'K', 'L1', 'L2' or 'L3'",
    ),
    (
        'files = "1.xdi"\nabsorption = { element = "Cu", edge = "K", rbgk = 1.0 }',
        "unknown key; did you mean 'rbkg'",
    ),
    (f'files = "1.xdi"\ncolumns = {{ i0 = 1.5 }}\n{EDGE}', "columns: must be the name of a column, its place"),
    (f'files = "1.xdi"\ncolumns = "i0"\n{EDGE}', "columns: must be a table such as"),
    (f'files = "1.xdi"\ndeglitch = ["a"]\n{EDGE}', "deglitch: must be a list of energies in eV"),
    (f'files = "9.xdi"\n{EDGE}', "reduction.cu.files: .*9.xdi"),
    (f"files = []\n{EDGE}", "reduction.cu.files: names no scan"),
    (f'files = "a.prj"\n{EDGE}', r"holds 2 scans; choose with entry = …, of: 1 \(A\), 2 \(A\)"),
    (
        'files = "1.xdi"\nabsorption = { element = "Zn", edge = "K" }',
        "line 3: .*absorption.element: 1.xdi states that it",
    ),
    (f'files = "1.xdi"\nreference = "crystal"\n{EDGE}', "reference: must be 'none', 'foil' or 'sample'"),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG)
def test_mistakes_are_told_with_their_line(text: str, sentence: str, folder: Path) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        read_reductions(study(folder, text)).run()
    assert caught.value.where.startswith(str(folder / "study.toml"))


# ---- the page of the manual ---------------------------------------------------------------------------


def test_the_manual_names_every_key_and_its_blocks_are_read() -> None:
    keys = PAGE.partition("## Keys")[2]
    names = [*EdgeTable.model_fields, *XrayAbsorption.__dataclass_fields__]
    assert [name for name in names if f"`{name}`" not in keys] == []
    (block,) = re.findall(r"^```toml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    tables = TypeAdapter(dict[str, AnyReduction]).validate_python(tomllib.loads(block)["reduction"])
    assert all(isinstance(table, EdgeTable) for table in tables.values())
