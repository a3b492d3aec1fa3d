"""Where the measured files are that tests compare with; they are not part of this repository."""

from __future__ import annotations

import importlib.resources
import os
from pathlib import Path

import pytest

from support.paths import SHARED

EXAMPLES = "docs/examples/pdf"


def _folders() -> list[Path]:
    named = os.environ.get("NANOCRYSTAL_DATA")
    return [*([Path(named)] if named else []), SHARED]


def _in_wheel(relative: str) -> list[Path]:
    """Return where the wheel diffpy.cmi, which carries some of the files, may hold this one."""
    folder, _, name = relative.removeprefix("pdf/").partition("/")
    if not (relative.startswith("pdf/pdfttp_") and name):
        return []
    try:
        root = Path(str(importlib.resources.files("diffpy.cmi").joinpath(""))) / EXAMPLES
    except ModuleNotFoundError:
        return []
    chapter = root / folder.removeprefix("pdfttp_")
    return [chapter / name, chapter / "data" / name, chapter / "data" / name.rpartition(".")[2] / name]


def measured(relative: str) -> Path:
    """Return the path of a measured file, e.g. measured("pdf/pdfttp_ch03NiModelling/Ni.gr").

    Looked for in the folder that NANOCRYSTAL_DATA names, in shared/data beside the repository, and
    in the examples of the installed diffpy.cmi. Where it is in none, the test is skipped; on a
    continuous-integration machine, where nobody reads skips, it fails.
    """
    candidates = [*(folder / relative for folder in _folders()), *_in_wheel(relative)]
    for path in candidates:
        if path.is_file():
            return path
    reason = f"measured file {relative} not found; set NANOCRYSTAL_DATA or install nanocrystal[examples]"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def measured_or_none(relative: str) -> Path | None:
    """Return the path of a measured file, None where it is nowhere."""
    candidates = (folder / relative for folder in _folders())
    return next((path for path in candidates if path.is_file()), None)
