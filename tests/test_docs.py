"""What the documentation says of the code is what the code says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import nanocrystal
from nanocrystal.techniques import TECHNIQUES

ROOT = Path(__file__).parents[1]


def test_pages_of_techniques_are_those_of_their_docstrings() -> None:
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "tools" / "make_docs.py")
    assert spec is not None
    assert spec.loader is not None
    make_docs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_docs)
    for name, technique in TECHNIQUES.items():
        page = ROOT / "docs" / "techniques" / f"{name}.md"
        assert page.read_text(encoding="utf-8") == make_docs.page(technique), "run python tools/make_docs.py"


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
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
