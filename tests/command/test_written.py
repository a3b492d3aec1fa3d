"""What the verbs write beside what is looked at elsewhere: folders that are read again, schemas, words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import nanocrystal as nc
from nanocrystal.cli.app import app
from nanocrystal.sample import Cluster
from support.json_schema import faults
from support.nmr_files import fid, write_bruker
from support.paths import ROOT
from support.small_study import SmallStudy
from support.tools import tool

SIMULATED = ('file = "ni.gr"\nr_range = [1.5, 12.0]', 'r = "1:9:0.5"')


@pytest.fixture
def small(tmp_path: Path) -> SmallStudy:
    return SmallStudy(tmp_path)


def test_a_simulation_is_a_result_in_a_folder(small: SmallStudy) -> None:
    small.change(*SIMULATED)
    assert small.run("simulate", "{}/study.toml").exit_code == 0
    folder = small.folder / "study"
    assert {p.name for p in folder.iterdir()} == {"pdf.csv", "report.html", "simulation.json", "study.toml"}
    found = nc.read_result(folder)
    assert isinstance(found, nc.Simulation)
    assert (found.title, found.parameters["populations.dots.diameter"].value) == ("Nickel", 20.0)
    assert found.tables()["pdf.csv"] == (folder / "pdf.csv").read_text(encoding="utf-8")
    assert (folder / "study.toml").read_text(encoding="utf-8") == small.text
    assert list(found.inputs) == ["Ni.cif"]


def test_nothing_is_calculated_that_cannot_be_written(small: SmallStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    (small.folder / "out").mkdir()
    small.write("out/pdf.csv", "mine").change(*SIMULATED)
    monkeypatch.setattr("nanocrystal.simulation.simulate", lambda *a, **k: pytest.fail("calculated"))
    small.refused("--out", "would replace 'pdf.csv'", verb="simulate", more=("--out", "{}/out"))


def test_scattering_goes_to_a_folder_that_is_named(small: SmallStudy) -> None:
    printed = small.run("debye", "{}/four.xyz", "--q", "0.5:1:0.1").stdout
    said = small.run("debye", "{}/four.xyz", "--q", "0.5:1:0.1", "--u-iso", "Ni=0", "--out", "{}/iq")
    assert (said.exit_code, said.stdout) == (0, f"{small.folder / 'iq' / 'report.html'}\n")
    assert said.stderr == "\nNi4, 4 atoms: I(Q) at 6 points from 0.5 to 1 Å⁻¹\n\n"
    assert {p.name for p in (small.folder / "iq").iterdir()} == {"iq.csv", "report.html", "debye.json"}
    assert (small.folder / "iq" / "iq.csv").read_text(encoding="utf-8") == printed
    found = nc.read_result(small.folder / "iq")
    assert (found.atoms, found.u_iso, found.energy) == ({"Ni": 4}, {"Ni": 0.0}, None)
    assert small.run("debye", "{}/four.xyz", "--q", "0.5:1:0.1", "--out", "{}/iq").exit_code == 0


def test_a_spectrum_goes_to_a_folder_that_is_named(tmp_path: Path) -> None:
    values = np.stack([fid(1024, 20000.0, [(1200.0, 60.0, 3e6)]) * k for k in (0.5, 1.0)])
    write_bruker(tmp_path / "1", values, 20000.0, delays=["0.1", "5"])
    out = tmp_path / "cs"
    said = CliRunner().invoke(app, ["nmr", str(tmp_path / "1"), "--out", str(out), "--integrate", "80:100", "-q"])
    assert (said.exit_code, said.output) == (0, f"{out / 'report.html'}\n")
    assert {p.name for p in out.iterdir()} == {"spectrum.csv", "spectrum-integrals.csv", "report.html", "nmr.json"}
    found = nc.read_result(out)
    assert found.integrals["delay"].tolist() == [0.1, 5.0]
    assert found.spectrum.values.shape[0] == 2
    assert json.loads((out / "nmr.json").read_text(encoding="utf-8"))["unit"] == "ppm"


def test_atoms_go_to_a_folder_that_is_named(small: SmallStudy) -> None:
    small.change(*SIMULATED)
    said = small.run("atoms", "{}/study.toml", "--out", "{}/crystal")
    folder = small.folder / "crystal"
    assert (said.exit_code, said.stdout) == (0, f"{folder / 'report.html'}\n")
    assert {p.name for p in folder.iterdir()} == {
        "atoms.cif",
        "atoms.extxyz",
        "atoms.json",
        "report.html",
        "study.toml",
    }
    found = nc.read_result(folder)
    assert said.stderr == f"\n{found.summary()}\n\n"
    assert len(Cluster.read(folder / "atoms.extxyz").elements) == len(found.positions) == found.counts["Ni"]
    # of a sphere of 20 Å: its volume over that of an atom
    assert len(found.positions) == pytest.approx(np.pi / 6.0 * 20.0**3 / (3.51**3 / 4.0), rel=0.05)
    assert found.picture is not None
    assert len(found.picture.elements) == len(found.positions)
    assert small.run("atoms", "{}/study.toml", "--out", "{}/crystal").exit_code == 0


@pytest.mark.campaign
def test_large_crystals_show_their_surface_or_nothing(small: SmallStudy) -> None:
    small.change(*SIMULATED).change("20.0", "60.0")
    small.run("atoms", "{}/study.toml", "--out", "{}/a")
    found = nc.read_result(small.folder / "a")
    assert len(found.positions) > 9000
    assert found.picture is not None
    assert found.picture.note.startswith("The surface, 4 Å deep, of ")
    # all of them lie within 4 Å of the hull of a sphere, whose facets lie at most a little below it
    depth = 30.0 - np.linalg.norm(found.picture.positions, axis=1)
    assert depth.max() < 4.0 + 1.5
    assert (np.linalg.norm(found.positions - found.positions.mean(axis=0), axis=1) > 26.5).sum() <= len(depth)
    small.change("60.0", "200.0")
    small.run("atoms", "{}/study.toml", "--out", "{}/b")
    assert nc.read_result(small.folder / "b").picture is None
    assert "too many atoms to be drawn" in (small.folder / "b" / "report.html").read_text(encoding="utf-8")


def test_the_schema_of_results_is_printed(small: SmallStudy) -> None:
    every = json.loads(small.run("schema", "--results").stdout)
    assert {"refinement", "simulation", "scattering", "nmr", "atoms"} <= set(every["$defs"])
    one = json.loads(small.run("schema", "--results", "simulation").stdout)
    small.change(*SIMULATED).run("simulate", "{}/study.toml")
    record = json.loads((small.folder / "study" / "simulation.json").read_text(encoding="utf-8"))
    assert faults(record, one) == faults(record, every) == []
    assert faults({**record, "curves": 3}, one)
    small.refused_command("KIND: names a kind of result; say schema --results nmr", command=("schema", "nmr"))
    small.refused_command("no kind of result 'nmrr'; did you mean 'nmr'", command=("schema", "--results", "nmrr"))


def test_the_page_of_results_is_that_of_the_dataclasses() -> None:
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert page == tool("make_results_page").results_page(), "run python tools/make_docs.py"


def test_arrays_are_read_as_the_page_says(small: SmallStudy) -> None:
    """The three lines of Python that the page shows give the numbers of the CSV."""
    small.refine("--quiet", "--out", "{}/pt")
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    lines = page.split("```text\n")[1].partition("```")[0]
    assert len(lines.splitlines()) == 3
    names: dict[str, object] = {}
    exec(lines.replace('"pt/', f'"{small.folder}/pt/'), names)
    rows = (small.folder / "pt" / "pdf.csv").read_text(encoding="utf-8").splitlines()
    place = rows[0].split(",").index("calculated")
    written = [float(row.split(",")[place]) for row in rows[1:]]
    np.testing.assert_allclose(np.asarray(names["values"]), written, rtol=1e-9)
