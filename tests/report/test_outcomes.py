"""Every kind of result has the one way out: words, document, page, folder and back."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal.errors import InputError
from nanocrystal.report.outcome import Outcome
from nanocrystal.report.reading import outcomes
from nanocrystal.report.schema import result_schema
from support.json_schema import faults
from support.outcomes import MADE, atoms, nmr, scattering, simulation
from support.report_example import HOSTILE

KINDS = {kind.kind: kind for kind in outcomes()}


def test_there_is_one_of_each_kind() -> None:
    assert set(MADE) == set(KINDS)
    assert {name: type(make()) for name, make in MADE.items()} == KINDS
    records = [kind.record for kind in outcomes()]
    assert len(set(records)) == len(records)


@pytest.fixture(params=MADE)
def result(request: pytest.FixtureRequest) -> Outcome:
    return MADE[request.param]()


def test_its_summary_is_text_for_a_terminal(result: Outcome) -> None:
    said = result.summary()
    assert isinstance(said, str)
    assert said.strip()
    assert max(len(line) for line in said.splitlines()) < 400


def test_its_page_works_alone_and_takes_no_text_for_html(result: Outcome) -> None:
    page = result.page()
    assert page.startswith("<!DOCTYPE html>")
    assert "default-src 'none'" in page
    assert "<script src" not in page
    assert HOSTILE not in page
    assert "Plotly" in page
    shared = result.page("plotly.min.js")
    assert '<script src="plotly.min.js"></script>' in shared
    assert len(shared) < 0.3 * len(page)


def test_its_document_is_what_its_schema_says(result: Outcome) -> None:
    document = json.loads(json.dumps(result.document(), allow_nan=False))
    assert (document["schema"], document["kind"]) == (2, result.kind)
    assert len(fields(result)) <= len(set(document) - {"schema", "kind", "not_finite"})  # type: ignore[arg-type]
    assert faults(document, type(result).schema()) == []
    assert faults(document, result_schema(result.kind)) == []
    assert faults(document, result_schema()) == []


def test_a_document_of_another_kind_is_none(result: Outcome) -> None:
    document = json.loads(json.dumps(result.document()))
    others = [kind for kind in KINDS.values() if kind is not type(result)]
    assert all(faults(document, kind.schema()) for kind in others)
    assert faults(document | {"kind": "other"}, result_schema())
    assert faults(document | {"schema": 1}, result_schema())


def test_it_comes_back_from_its_folder_equal(result: Outcome, tmp_path: Path) -> None:
    report = result.save(tmp_path / "out", "title = 'as run'\n")
    assert report == tmp_path / "out" / "report.html"
    assert nc.read_result(tmp_path / "out") == result
    record = json.loads((tmp_path / "out" / result.record).read_text(encoding="utf-8"))
    assert set(record["files"]) == {
        p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()
    }
    assert set(result.tables()) <= set(record["files"])
    result.save(tmp_path / "out")  # its own files are replaced
    assert nc.read_result(tmp_path / "out") == result


def test_a_field_that_differs_makes_it_another(result: Outcome) -> None:
    assert replace(result, title="another") != result  # type: ignore[type-var]


def test_each_kind_has_a_description_of_its_fields() -> None:
    assert result_schema()["discriminator"]["mapping"] == {kind: f"#/$defs/{kind}" for kind in KINDS}
    with pytest.raises(InputError, match=r"there is no kind of result 'refinment'; did you mean 'refinement'\?"):
        result_schema("refinment")


# ---- a file alone ---------------------------------------------------------------------------------


def test_a_name_with_a_suffix_is_a_file_where_a_result_may_be_one(tmp_path: Path) -> None:
    assert scattering().save(tmp_path / "iq.csv") == tmp_path / "iq.csv"
    assert (tmp_path / "iq.csv").read_text(encoding="utf-8") == "q,intensity\n0.5,10000\n1,\n1.5,2\n"
    assert [p.name for p in tmp_path.iterdir()] == ["iq.csv"]
    scattering().save(tmp_path / "iq.csv")
    (tmp_path / "mine.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"mine\.csv' exists and is no CSV of this command; name another file"):
        scattering().save(tmp_path / "mine.csv")


def test_a_spectrum_has_its_page_and_integrals_beside_it(tmp_path: Path) -> None:
    nmr().save(tmp_path / "cs.csv")
    assert {p.name for p in tmp_path.iterdir()} == {"cs.csv", "cs.html", "cs-integrals.csv"}
    rows = (tmp_path / "cs.csv").read_text(encoding="utf-8").splitlines()
    # the window holds 0 to 3 ppm; σ of a series is the root mean square of that of its traces
    sigma = np.sqrt((0.1**2 + 0.2**2) / 2.0)
    assert rows[0] == "ppm,intensity_1,intensity_2,sigma"
    assert rows[1] == f"0,-1,1,{sigma:.10g}"
    assert [row.split(",")[0] for row in rows[1:]] == ["0", "1", "2", "3"]
    assert (tmp_path / "cs-integrals.csv").read_text(encoding="utf-8").splitlines()[1] == "0.1,-11,0.2"
    with pytest.raises(InputError, match=r"must end in \.csv"):
        nmr().save(tmp_path / "cs.txt")


def test_atoms_are_written_as_the_name_ends(tmp_path: Path) -> None:
    for name in ("a.xyz", "a.extxyz", "a.cif"):
        atoms().save(tmp_path / name)
    assert (tmp_path / "a.xyz").read_text(encoding="utf-8").splitlines()[2:] == [
        "Cs 0.000000 0.000000 0.000000",
        "Br 2.500000 0.000000 0.000000",
        "Br 0.000000 2.500000 0.100000",
    ]
    assert (tmp_path / "a.extxyz").read_text(encoding="utf-8").splitlines()[-1].split()[4:] == ["2", "Br1"]
    assert "Br3 Br " in (tmp_path / "a.cif").read_text(encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.xyz' exists; name a new file"):
        atoms().save(tmp_path / "a.xyz")
    replace(atoms(), form="xyz").save(tmp_path / "POSCAR.txt")
    assert (tmp_path / "POSCAR.txt").read_text(encoding="utf-8").startswith("3\n")
    assert sum(atoms().counts.values()) == len(atoms().elements) == 3


def test_other_results_are_folders_whatever_they_are_called(tmp_path: Path) -> None:
    simulation().save(tmp_path / "run.2")
    assert (tmp_path / "run.2" / "simulation.json").is_file()


# ---- simulations ----------------------------------------------------------------------------------


def test_a_simulation_of_0_1_is_read(tmp_path: Path) -> None:
    """Version 0.1 wrote the CSVs, and a record that lists them."""
    record = {"title": "old", "version": "0.1.0", "files": ["pdf.csv", "ratios.csv", "simulation.json"]}
    (tmp_path / "simulation.json").write_text(json.dumps(record), encoding="utf-8")
    (tmp_path / "pdf.csv").write_text("r,g,sigma\n1,0.5,0.1\n2,,0.1\n", encoding="utf-8")
    (tmp_path / "ratios.csv").write_text("ratio,value\nCs/Pb,1.5\n", encoding="utf-8")
    old = nc.read_result(tmp_path)
    assert (old.title, old.version, list(old.curves)) == ("old", "0.1.0", ["pdf", "ratios"])
    pdf, ratios = old.curves.values()
    np.testing.assert_array_equal(pdf.x, [1.0, 2.0])
    np.testing.assert_array_equal(pdf.y, [0.5, np.nan])
    np.testing.assert_array_equal(pdf.sigma, [0.1, 0.1])
    assert ratios.columns == {"ratio": ("Cs/Pb",), "value": pytest.approx([1.5])}
    old.save(tmp_path / "new")
    assert nc.read_result(tmp_path / "new") == old


def test_simulate_says_what_it_was_calculated_of() -> None:
    pt = nc.Crystal.from_library("Pt", a=3.92, u_iso={"Pt": 0.006})
    sample = nc.Sample({"dots": nc.Population("pt", nc.Sphere(30.0))}, {"pt": pt})
    datasets = {"pdf": nc.Pdf(r="1:9:0.5", qmax=20.0, noise=nc.Noise(sigma=0.1, seed=1))}
    found = nc.simulate(sample, datasets, title="Platinum")
    assert isinstance(found, nc.Simulation)
    assert found.parameters["crystals.pt.a"].value == 3.92
    assert found.parameters["populations.dots.diameter"].unit == "Å"
    curve = found.curves["pdf"]
    assert (curve.x_name, curve.x_unit, curve.technique) == ("r", "Å", "pdf")
    assert curve.x.tolist() == np.arange(1.0, 9.01, 0.5).tolist()
    assert set(curve.sigma) == {0.1}
    columns = nc.simulated_curves(sample, datasets, Path())["pdf"]
    assert list(columns) == ["r", "g", "sigma"]
    np.testing.assert_array_equal(columns["g"], curve.y)
    assert "pdf: pdf, 17 points, r from 1 to 9 Å, with noise" in found.summary()


def test_the_scattering_of_two_atoms_says_of_what(tmp_path: Path) -> None:
    """At Q = 0 every electron scatters alike: (2 · 28)²."""
    (tmp_path / "two.xyz").write_text("2\n\nNi 0 0 0\nNi 0 0 2.5\n", encoding="utf-8")
    found = nc.cluster_scattering(tmp_path / "two.xyz", "0:1:0.5", "Ni=0.02")
    assert (found.title, found.atoms, found.u_iso, found.energy) == ("Ni2", {"Ni": 2}, {"Ni": 0.02}, None)
    assert found.intensity[0] == pytest.approx(56.0**2, rel=1e-3)
    q, intensity = nc.cluster_intensity(tmp_path / "two.xyz", "0:1:0.5", "Ni=0.02")
    np.testing.assert_array_equal(found.q, q)
    np.testing.assert_array_equal(found.intensity, intensity)
