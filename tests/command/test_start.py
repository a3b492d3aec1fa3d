"""A start that is not felt: which packages and rooms each command loads, and what loads them where they are needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import nanocrystal.sample
import nanocrystal.techniques
from nanocrystal.lazy import Kinds, from_their_modules
from nanocrystal.sample import BOXES
from nanocrystal.study.schema import SHAPES
from nanocrystal.systems import LINKS_MACHINE_CODE
from nanocrystal.techniques import TECHNIQUES

LISTED = """
import atexit, json, sys
sys.argv[0] = "nanocrystal"
atexit.register(lambda: print("\\n" + json.dumps(sorted(sys.modules))))
from nanocrystal.cli import main
main()
"""
STUDY = """
[crystals.ni]
library = "Ni"
a = { value = 3.52, vary = true }
u_iso = { Ni = 0.006 }
[populations.powder]
crystal = "ni"
shape = "SHAPE"
[datasets.pdf]
technique = "pdf"
file = "ni.gr"
r_range = [1.5, 12.0]
qmax = 20.0
qdamp = 0.04
"""
HEAVY = {"scipy.optimize", "scipy.stats", "scipy.special", "scipy.interpolate", "plotly"}
OTHERS = {"techniques.powder", "techniques.saxs", "techniques.nmr_lines", "techniques.total_scattering", "study.series"}


def loaded(folder: Path, *words: str) -> set[str]:
    """Return the modules that a command has loaded at its end."""
    done = subprocess.run(
        [sys.executable, "-c", LISTED, *words], cwd=folder, capture_output=True, text=True, timeout=300
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of bulk nickel and one of spheres, whose data are simulated."""
    folder = tmp_path_factory.mktemp("start")
    simulated = STUDY.replace('file = "ni.gr"\nr_range = [1.5, 12.0]', 'r = "0.5:14:0.05"')
    (folder / "made.toml").write_text(simulated.replace("SHAPE", "bulk"), encoding="utf-8")
    loaded(folder, "simulate", "made.toml", "--out", "made")
    rows = (folder / "made" / "pdf.csv").read_text(encoding="utf-8").splitlines()
    lines = [" ".join(row.split(",")[:2]) for row in rows if row[:1].isdigit()]
    (folder / "ni.gr").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "bulk.toml").write_text(STUDY.replace("SHAPE", "bulk"), encoding="utf-8")
    sphere = STUDY.replace('"SHAPE"', '"sphere"\ndiameter = { value = 80.0, vary = true }')
    (folder / "sphere.toml").write_text(sphere, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("library",),
        ("refin",),
        ("refine", "nothing.toml"),
        ("compare", "nothing.toml"),
        ("new", "ni.gr", "--library", "Ni", "--out", "new.toml"),
    ],
    ids=" ".join,
)
def test_small_commands_load_nothing_that_calculates(folder: Path, words: tuple[str, ...]) -> None:
    modules = loaded(folder, *words)
    assert not {"scipy", "numba", "plotly", "jinja2"} & modules
    if words[0] != "new":
        assert not {"numpy", "gemmi", "nanocrystal.study.study"} & modules - (
            {"gemmi"} if words == ("library",) else set()
        )


@pytest.mark.parametrize("name", ["bulk", "sphere"])
def test_a_pdf_is_refined_without_what_it_does_not_need(folder: Path, name: str) -> None:
    words = ("refine", f"{name}.toml", "--out", f"{name}-results", "--quiet")
    loaded(folder, *words)  # compiles what is not yet
    modules = loaded(folder, *words)
    assert (folder / f"{name}-results" / "results.json").is_file()
    assert "llvmlite.binding" in modules
    assert "numba" not in modules or not LINKS_MACHINE_CODE
    assert not HEAVY & modules
    assert not {f"nanocrystal.{room}" for room in OTHERS} & modules


def test_the_tables_of_reduction_candidates_series_and_plan_are_made_where_they_stand(folder: Path) -> None:
    assert "nanocrystal.study.whole" not in loaded(folder, "refine", "bulk.toml", "--out", "a", "--quiet")
    planned = STUDY.replace("SHAPE", "bulk") + '[plan]\ntargets = { "crystals.ni.a" = 0.001 }\n'
    (folder / "planned.toml").write_text(planned, encoding="utf-8")
    assert "nanocrystal.study.whole" in loaded(folder, "refine", "planned.toml", "--out", "b", "--quiet")


@pytest.mark.parametrize("kinds", [TECHNIQUES, BOXES, SHAPES], ids=["techniques", "boxes", "shapes"])
def test_kinds_are_called_by_their_names(kinds: Kinds) -> None:
    assert all(kind.name == name and kind.__name__ == kinds.names[name] for name, kind in kinds.items())
    assert len(kinds) == len(list(kinds))


def test_kinds_may_be_added_and_taken_away() -> None:
    kinds = Kinds("nanocrystal.sample", {"cube": "Cube"})
    kinds["sphere"] = nanocrystal.sample.Sphere
    assert list(kinds) == ["cube", "sphere"]
    del kinds["sphere"], kinds["cube"]
    assert not kinds
    assert "cube" not in kinds


def test_a_room_has_the_names_it_lists_and_no_others() -> None:
    for room in (nanocrystal.sample, nanocrystal.techniques):
        assert all(hasattr(room, name) for name in room.__all__)
    with pytest.raises(AttributeError, match=r"'nanocrystal.sample' has no attribute 'Spere'"):
        from_their_modules("nanocrystal.sample", str(nanocrystal.sample.__file__))("Spere")
