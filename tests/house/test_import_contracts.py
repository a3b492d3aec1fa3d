"""The import contracts hold, and hold for techniques that do not exist yet."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nanocrystal
from nanocrystal.techniques import TECHNIQUES

pytest.importorskip("importlinter")
SOURCE = Path(nanocrystal.__file__).parent
CONTRACTS = SOURCE.parents[1] / "pyproject.toml"
CONTRACT = "No technique imports another"


def checked(folder: Path, added: dict[str, str]) -> str:
    """Return what the contracts say of a copy of the package in `folder` with some files added, by path in it."""
    shutil.copytree(SOURCE, folder / "src" / "nanocrystal", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CONTRACTS, folder)
    for name, text in added.items():
        path = folder / "src" / "nanocrystal" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    call = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    command = [sys.executable, "-c", call, "--no-cache"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert ("0 broken" in done.stdout) == (done.returncode == 0), done.stdout + done.stderr
    return done.stdout


def test_contracts_are_kept(tmp_path: Path) -> None:
    assert "0 broken" in checked(tmp_path, {"techniques/new.py": "from nanocrystal.measurement import Model\n"})


@pytest.mark.parametrize("other", ["pdf", "nmr_lines", "composition", "nmr_diffusion.sizes"])
@pytest.mark.parametrize("file", ["techniques/new.py", "techniques/new/technique.py"])
def test_a_new_technique_that_imports_another_breaks_the_contract(tmp_path: Path, file: str, other: str) -> None:
    """Nobody has to list it."""
    added = {file: f"import nanocrystal.techniques.{other}\n"}
    if file != "techniques/new.py":
        added["techniques/new/__init__.py"] = ""
    said = checked(tmp_path, added)
    assert f"{CONTRACT} BROKEN" in said
    assert "1 broken" in said


@pytest.mark.parametrize("name", TECHNIQUES)
def test_a_technique_is_a_module_of_its_own(name: str) -> None:
    """So that the contract, which is about the modules of the room, is about techniques."""
    assert TECHNIQUES[name].__module__.split(".")[:3] == ["nanocrystal", "techniques", name.replace("-", "_")]
