"""Where the repository and its folders are, whichever folder a test stands in."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
REFERENCES = TESTS / "references"
EXAMPLES = ROOT / "examples"
DOCS = ROOT / "docs"
SHARED = ROOT.parent / "shared" / "data"
"""measured files beside the repository; not part of it"""
