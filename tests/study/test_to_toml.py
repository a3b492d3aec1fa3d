"""A study is written as it is read: the text of its objects is read as equal ones. See `conftest` for all others."""

from __future__ import annotations

import pickle
import random
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from nanocrystal.data import Curve
from nanocrystal.data.supplied import SuppliedCurve
from nanocrystal.errors import InputError
from nanocrystal.parameters import Parameter, tied, vary
from nanocrystal.refinement import Options
from nanocrystal.sample import (
    Atoms,
    Cluster,
    Coating,
    Crystal,
    Cube,
    Distribution,
    FixedBody,
    Histogram,
    Population,
    Sample,
    Shell,
    SiteOverride,
    Sphere,
    Substitution,
)
from nanocrystal.study import Study, read_candidates, read_study
from nanocrystal.study.candidates import KINDS, merged, without
from nanocrystal.study.content import content_of
from nanocrystal.study.overlay import common_part, laid_over
from nanocrystal.study.plan import PlanTable
from nanocrystal.study.reading import study_from
from nanocrystal.study.series.schema import SeriesTable
from nanocrystal.study.study import read_histogram
from nanocrystal.study.text import toml_text
from nanocrystal.techniques import Pdf, TotalScattering
from support.example_refinements import EXAMPLES, IN_WHEEL, with_data_of_tests
from support.round_trip import check, differences, parameter_rows, read_again
from support.small_study import CIF, XYZ
from support.toy_technique import Peaks

STUDIES = sorted(p for p in EXAMPLES.glob("*.toml") if not p.name.startswith("series"))
NI = {"Ni": vary(0.005)}


@pytest.fixture
def ni(tmp_path: Path) -> Crystal:
    (tmp_path / "Ni.cif").write_text(CIF, encoding="utf-8")
    return Crystal.from_cif(tmp_path / "Ni.cif", source="Ni.cif", a=vary(3.52, 3.4, 3.6), u_iso=NI)


def study_of(folder: Path, sample: Sample, *, file: Any = None, **more: Any) -> Study:
    pdf = Pdf(file, r=None if file else "1:20:0.05", qmax=20.0)
    return Study("Nickel", sample, {"pdf": pdf}, path=folder / "study.toml", **more)


# ---- examples -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", STUDIES, ids=lambda p: p.stem)
def test_examples(path: Path, tmp_path: Path) -> None:
    """And their curves are the same: what is measured, too, is named as before."""
    text = path.read_text(encoding="utf-8")
    if IN_WHEEL in text or "get: " in text:
        path = tmp_path / path.name
        text = with_data_of_tests(text)
    study = study_from(tomllib.loads(text), path, text)
    check(study)
    again = read_again(study)
    assert list(again.candidates) == list(study.candidates)
    for name, dataset in study.datasets.items():
        if dataset.file is not None and not isinstance(dataset.file, SuppliedCurve):
            bound = [s.datasets[name].bind(name, s.sample, s.folder).measured for s in (study, again)]
            assert list(differences(*bound)) == []


def test_the_text_is_short(tmp_path: Path) -> None:
    """It is that of the example, without its remarks and defaults."""
    text = (EXAMPLES / "pt_nanoparticles.toml").read_text(encoding="utf-8")
    written = study_from(tomllib.loads(text), EXAMPLES / "x.toml", text).to_toml()
    assert tomllib.loads(written) == tomllib.loads(text)
    assert "a = { value = 3.92, vary = true }\n" in written
    assert "\n\n[datasets.pdf]\n" in written
    assert max(len(line) for line in written.splitlines()) < 120


def test_the_table_of_a_series() -> None:
    content = tomllib.loads((EXAMPLES / "series_srfe2as2.toml").read_text(encoding="utf-8"))["series"]
    content |= {"members": {"one": {"value": 3.0, "drop": ["crystals.x"], "datasets": {"iq": {"scale": 1.0}}}}}
    table = SeriesTable.model_validate(content)
    assert SeriesTable.model_validate(tomllib.loads(toml_text(content_of(table, "series")))) == table


def test_candidates_of_a_study_that_is_not_complete(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(
        """title = "Two"
        crystals.x.u_iso = { Cs = 0.1, Pb = 0.02, Br = 0.05 }
        populations.dots = { crystal = "x", shape = "sphere", diameter = { value = 40.0, vary = true } }
        datasets.pdf = { technique = "pdf", r = "1:20:0.05", qmax = 20.0 }
        candidates.one.crystals.x.library = "CsPbBr3-alpha"
        candidates.two.crystals.x = { library = "CsPbBr3-gamma", a = 8.2 }
        candidates.two.title = "The other"
        """,
        encoding="utf-8",
    )
    written = read_candidates(path)
    path.write_text(written.to_toml(), encoding="utf-8")
    again = read_candidates(path)
    assert list(differences(written.studies, again.studies)) == []
    assert again.title == "Two"
    assert tomllib.loads(path.read_text(encoding="utf-8"))["candidates"] == {
        "one": {"crystals": {"x": {"library": "CsPbBr3-alpha"}}},
        "two": {"title": "The other", "crystals": {"x": {"library": "CsPbBr3-gamma", "a": 8.2}}},
    }


# ---- made in Python -------------------------------------------------------------------------------


def test_a_study_made_in_python(ni: Crystal, tmp_path: Path) -> None:
    (tmp_path / "Ni.xyz").write_text(XYZ, encoding="utf-8")
    cluster = Cluster.read(tmp_path / "Ni.xyz", source="Ni.xyz")
    cubes = Cube(Distribution("lognormal", vary(40.0), 4.0))
    mixed = Crystal.from_library(
        "CsPbBr3-alpha",
        u_iso={"Cs": 0.1, "Pb": np.float64(0.02), "Br": tied("crystals.mixed.u_iso.Cs / 2")},
        sites={"Br": SiteOverride(occupancy=0.9)},
        motion={"delta2": 2},
        substitutions={"Br": Substitution("Cl", vary(0.2, max=0.5))},
    )
    dots = Population("mixed", cubes, shell=Shell(10.0, substitution={"Br": 0.4}), coating=Coating(5.0, 0.3))
    spheres = Sphere(Histogram([20.0, 30.0], [1.0, 2.0], factor=vary(1.1)))
    sample = Sample(
        {
            "dots": replace(dots, fraction_basis="number_fraction", fraction=vary(0.5, 0.0, np.inf)),
            "balls": Population("ni", spheres, fraction_basis="number_fraction"),
            "few": Population(atoms=Atoms(cluster, {"Ni": 0.01}, 1.01), fraction_basis="number_fraction", fraction=0.1),
        },
        {"ni": ni, "mixed": mixed},
    )
    study = study_of(tmp_path, sample, options=Options(starts=3))
    again = read_again(study)
    assert parameter_rows(again) == parameter_rows(study)
    assert again.options == study.options
    assert again.sample.populations["balls"].shape.diameter == spheres.diameter
    text = study.to_toml()
    assert 'cif = "Ni.cif"' in text
    assert "a = { value = 3.52, vary = true, min = 3.4, max = 3.6 }" in text
    assert "max = inf" not in text
    curves = [s.simulated()["pdf"]["g"] for s in (study, again)]
    assert np.array_equal(*curves)


def test_the_manual_writes_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    page = (EXAMPLES.parent / "docs" / "study.md").read_text(encoding="utf-8")
    [program] = re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    exec(program, {})
    written = (tmp_path / "study.toml").read_text(encoding="utf-8")
    assert capsys.readouterr().out.strip() == written.strip().replace("Pt nanoparticles", "another title")
    assert "diameter = { value = 40.0, vary = true, min = 10.0 }" in written


def test_candidates_made_in_python(ni: Crystal, tmp_path: Path) -> None:
    sample = Sample({"dots": Population("ni", Sphere(vary(40.0, 10.0)))}, {"ni": ni})
    study = study_of(tmp_path, sample)
    fixed = replace(study, sample=Sample({"dots": Population("ni", Cube(Parameter(30.0)))}, {"ni": ni}))
    both = replace(study, candidates={"balls": replace(study, title="Balls", description="round"), "cubes": fixed})
    text = both.to_toml()
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    again = read_study(tmp_path / "study.toml")
    assert [s.title for s in again.candidates.values()] == ["Balls", "Nickel"]
    assert again.candidates["balls"].description == "round"
    for name, candidate in again.candidates.items():
        assert parameter_rows(candidate) == parameter_rows(both.candidates[name])
    untitled = replace(both, candidates={"no": replace(study, title="")})
    assert read_again(untitled).candidates["no"].title == ""
    assert 'drop = ["populations.dots.diameter"]' in text


def test_odd_texts(ni: Crystal, tmp_path: Path) -> None:
    title = 'He said "±0.1 Å"\n\ttwice \\ once\x7f, \U0001f48e'
    sample = Sample({"dots": Population("ni", Sphere(40.0))}, {"ni": ni})
    assert read_again(replace(study_of(tmp_path, sample), title=title)).title == title
    targets = {"populations.dots.diameter": 0.5}
    asked = replace(study_of(tmp_path, sample), planned=PlanTable(targets=targets))
    assert '"populations.dots.diameter" = 0.5' in asked.to_toml()
    assert read_again(asked).planned == asked.planned


# ---- what a study cannot say ----------------------------------------------------------------------


@dataclass(frozen=True)
class Ball(Sphere):
    name: ClassVar[str] = "ball"


class Made(SuppliedCurve):
    def curve(self) -> Curve:
        raise NotImplementedError


def refused(study: Study, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        study.to_toml()
    for word in words:
        assert word in str(caught.value)


def test_what_is_in_no_file(ni: Crystal, tmp_path: Path) -> None:
    sample = Sample({"dots": Population("ni", Sphere(40.0))}, {"ni": ni})
    there = "is named by its file in a study; write it to one and read it from there"
    made = Crystal(replace(ni.structure, source="made here"), u_iso=NI)
    refused(study_of(tmp_path, replace(sample, crystals={"ni": made})), f"crystals.ni.cif: {there}", "made here")
    other = Crystal(replace(ni.structure, text=f"# by hand\n{CIF}"), u_iso=NI)
    refused(study_of(tmp_path, replace(sample, crystals={"ni": other})), f"{there}: Ni.cif holds another")
    changed = Crystal(replace(ni.structure, cell=np.array([3.6, 3.6, 3.6, 90.0, 90.0, 90.0])), u_iso=NI)
    refused(study_of(tmp_path, replace(sample, crystals={"ni": changed})), f"{there}: Ni.cif holds another")
    atoms = Atoms(Cluster(("Ni",), np.zeros((1, 3)), "an array"), {"Ni": 0.01})
    refused(study_of(tmp_path, Sample({"one": Population(atoms=atoms)})), f"populations.one.file: {there}")
    blocks = Population("ni", FixedBody([(0, 0, 0), (1, 0, 0)]))
    refused(study_of(tmp_path, Sample({"dots": blocks}, {"ni": ni})), "populations.dots.blocks", "write it to one")
    (tmp_path / "sizes.txt").write_text("20 3\n30 5\n", encoding="utf-8")
    counted = read_histogram("sizes.txt", tmp_path, "populations.dots.diameter")
    for given in (counted, replace(counted, counts=[3.0, 4.0])):
        study = study_of(tmp_path, Sample({"dots": Population("ni", Sphere(given))}, {"ni": ni}))
        if given is counted:
            assert 'diameter = { distribution = "tabulated", file = "sizes.txt" }' in study.to_toml()
        else:
            refused(study, f"populations.dots.diameter.file: {there}: sizes.txt holds another")
    refused(study_of(tmp_path, sample, file=Made()), "datasets.pdf.file: was made in Python")


def test_what_a_study_does_not_know(ni: Crystal, tmp_path: Path) -> None:
    sample = Sample({"dots": Population("ni", Ball(40.0))}, {"ni": ni})
    refused(study_of(tmp_path, sample), "populations.dots.shape: a study knows no shape Ball; it knows bulk, sphere")
    sample = Sample({"dots": Population("ni", Sphere(40.0))}, {"ni": ni})
    toy = replace(study_of(tmp_path, sample), datasets={"toy": Peaks()})
    refused(toy, "datasets.toy: a study knows no technique Peaks")
    named = replace(sample, populations={"my dots": sample.populations["dots"]})
    refused(study_of(tmp_path, named), "populations: the name 'my dots' must be made of letters")
    left = TotalScattering(q="1:10:0.1", scale=Parameter(None, linear=True))
    refused(replace(study_of(tmp_path, sample), datasets={"iq": left}), "datasets.iq.scale: has no value", "say None")
    follows = TotalScattering(q="1:10:0.1", scale=tied("datasets.x.scale"))
    refused(replace(study_of(tmp_path, sample), datasets={"iq": follows}), "the tie names 'datasets.x.scale'")


def test_what_candidates_have_in_common(ni: Crystal, tmp_path: Path) -> None:
    study = study_of(tmp_path, Sample({"dots": Population("ni", Sphere(40.0))}, {"ni": ni}))
    other = replace(study, datasets={"pdf": Pdf("other.gr", qmax=20.0)})
    refused(replace(study, candidates={"other": other}), "datasets.pdf.file: may not be another one here")
    twice = replace(study, candidates={"a": study})
    refused(replace(study, candidates={"twice": twice}), "candidates.twice: has candidates of its own")
    far = replace(study, path=tmp_path / "x" / "study.toml")
    refused(replace(study, candidates={"far": far}), "candidates.far: stands in")
    asked = replace(study, planned=PlanTable(targets={"crystals.ni.a": 1e-3}))
    refused(replace(study, candidates={"other": asked}), "candidates.other.plan: is another one than that of the study")


# ---- the parts ------------------------------------------------------------------------------------


def random_table(rng: random.Random, depth: int = 0) -> dict[str, Any]:
    """Return nested tables; one of a number is of one kind."""
    keys = [rng.choice(KINDS), "a", "b", "c.d", "e"] if depth else ["a", "b", "e"]
    chosen = sorted(rng.sample(keys, rng.randint(0, 4 if depth else 3)))
    return {k: random_table(rng, depth + 1) if depth < 3 and rng.random() < 0.6 else rng.randint(0, 2) for k in chosen}


def test_what_is_laid_over_a_study_makes_the_candidate() -> None:
    rng = random.Random(1)
    for _ in range(3000):
        base, content = random_table(rng), random_table(rng)
        changed, dropped = laid_over(content, base)
        assert merged(without(base, dropped), changed) == content, (base, content)
        common = common_part([content, base])
        for each in (content, base):
            changed, dropped = laid_over(each, common)
            assert (merged(common, changed), dropped) == (each, [])


def test_a_checked_table_goes_to_another_process() -> None:
    """Studies with reductions are compared side by side; their tables belong to no module."""
    text = (EXAMPLES / "reduction_pbs.toml").read_text(encoding="utf-8")
    study = study_from(tomllib.loads(text), EXAMPLES / "study.toml", text)
    again = pickle.loads(pickle.dumps(study))
    assert again.reductions == study.reductions
    assert again.datasets == study.datasets
    assert again.planned == study.planned
