"""What the documentation says of the code is what the code says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import nanocrystal
from nanocrystal.measurement import Noise
from nanocrystal.refinement import Options
from nanocrystal.sample import Crystal, SiteOverride
from nanocrystal.study import schema, whole
from nanocrystal.study.reading import study_from
from nanocrystal.study.tables import table_of
from nanocrystal.tables.library import library_text
from nanocrystal.techniques import TECHNIQUES, Blank
from support.paths import ROOT
from support.tools import tool


def test_pages_of_techniques_are_those_of_their_docstrings() -> None:
    program = tool("make_docs")
    for name, technique in TECHNIQUES.items():
        page = ROOT / "docs" / "techniques" / f"{name}.md"
        assert page.read_text(encoding="utf-8") == program.page(technique), "run python tools/make_docs.py"


# ---- the manual of the study file -----------------------------------------------------------------


def test_manual_of_the_study_file_is_that_of_the_schema() -> None:
    page = (ROOT / "docs" / "study.md").read_text(encoding="utf-8")
    assert page == tool("make_docs").study_page(), "run python tools/make_docs.py"


def test_every_key_has_a_sentence() -> None:
    tables = [*schema.population_tables().values(), *schema.dataset_tables().values(), whole.StudyTable]
    tables += [table_of(made) for made in (Crystal, SiteOverride, Blank, Noise, Options)]
    missing = [f"{t.__name__}.{k}" for t in tables for k, f in t.model_fields.items() if not f.description]
    assert not missing, f"annotate the fields with a sentence: {missing}"


REST = {
    "crystals": {"pt": {"library": "Pt", "u_iso": {"Pt": 0.006}}},
    "populations": {"dots": {"crystal": "pt", "shape": "sphere", "diameter": 40.0}},
    "datasets": {"pdf": {"technique": "pdf", "r": "1:20:0.1", "qmax": 20.0}},
}


def toml_blocks(page: Path) -> list[str]:
    return re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(toml_blocks(ROOT / "docs" / "study.md"))))
def test_examples_of_the_manual_are_studies(number: int, tmp_path: Path) -> None:
    """A block is checked as a study; what it leaves out is filled in."""
    text = toml_blocks(ROOT / "docs" / "study.md")[number]
    content = tomllib.loads(text)
    for key, table in REST.items():
        content.setdefault(key, table)
    study = study_from(content, tmp_path / "study.toml", text)
    assert study.parameters.initial_values()


def test_blocks_of_readme_are_studies(tmp_path: Path) -> None:
    (tmp_path / "Pt.cif").write_text(library_text("Pt"), encoding="utf-8")
    first, *others = toml_blocks(ROOT / "README.md")
    assert study_from(tomllib.loads(first), tmp_path / "pt.toml", first).datasets["pdf"].qmax == 25.0
    for text in others:
        assert study_from(tomllib.loads(text), tmp_path / "study.toml", text).parameters.initial_values()


# ---- names and links ------------------------------------------------------------------------------


def test_public_names_all_exist_and_nothing_else_is_public() -> None:
    for name in nanocrystal.__all__:
        assert getattr(nanocrystal, name) is not None
    assert sorted(nanocrystal.__all__) == dir(nanocrystal)
    assert sorted([*nanocrystal._HOME_OF, "__version__"]) == sorted(nanocrystal.__all__)


def test_architecture_names_every_room() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {p.name for p in (ROOT / "src" / "nanocrystal").iterdir() if p.is_dir() and not p.name.startswith("_")}
    named = set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE))
    assert rooms <= named, rooms - named


def test_links_in_documents_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
