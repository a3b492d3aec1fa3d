"""The example studies that come with the package."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from nanocrystal.data.resources import PREFIX
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.study.reading import read_study, study_from
from nanocrystal.study.study import Study

FALLBACK = "synthetic"
ORIGIN = "get: "
"""what begins the comment that says where the data of an example come from"""


def examples_folder() -> Path:
    """Return the folder of the examples: inside the installed package, or of a checkout."""
    inside = Path(str(files("nanocrystal"))) / "examples"
    return inside if inside.is_dir() else Path(str(files("nanocrystal"))).parents[1] / "examples"


def example_list() -> dict[str, str]:
    """Return name -> title of the examples, with the files that must be fetched first."""
    titles = {}
    for path in sorted(examples_folder().glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        lacking = _lacking(content, path.parent)
        remark = f" (needs {', '.join(lacking)}, see the file)" if lacking else ""
        titles[path.stem] = f"{content.get('title', '')}{remark}"
    return titles


def _lacking(content: Mapping[str, Any], folder: Path) -> list[str]:
    """Return the files of a study that are in no package and not in the folder."""
    tables = [t for kind in ("crystals", "populations", "datasets") for t in content.get(kind, {}).values()]
    named = [t[key] for t in tables for key in ("cif", "file") if key in t]
    return [n for n in named if not n.startswith(PREFIX) and not (folder / n).is_file()]


def example_study(name: str) -> tuple[Study, str]:
    """Return an example and a remark for the user ("" if there is none).

    Where the measured data are not installed the synthetic example takes its place. Data that no package
    carries are looked for in the working directory; raises InputError that says where they come from.
    """
    known = example_list()
    if name not in known:
        raise InputError(f"example {name!r}", f"there is none of this name; {nearest_names(name, known)}")
    path = examples_folder() / f"{name}.toml"
    try:
        study = _study_with_data(path)
        with study.located():
            for dataset, described in study.datasets.items():
                described.bind(dataset, study.sample, study.folder)
    except InputError as error:
        if "pip install" not in error.problem or FALLBACK not in known:
            raise
        remark = (
            'The measured data of this example are not installed (pip install "nanocrystal[examples]"); '
            "a synthetic PDF, made by examples/make_synthetic.py, is refined instead."
        )
        return read_study(examples_folder() / f"{FALLBACK}.toml"), remark
    return study, ""


def _study_with_data(path: Path) -> Study:
    """Return the study of an example, its data in its own folder or in the working directory."""
    text = path.read_text(encoding="utf-8")
    content = tomllib.loads(text)
    lacking = _lacking(content, path.parent)
    if not lacking:
        return read_study(path)
    if _lacking(content, Path()):
        origin = re.search(rf"^# {ORIGIN}(.+)$", text, flags=re.MULTILINE)
        source = f"take it from {origin[1].rstrip('.')}" if origin else f"see {path}"
        problem = f"needs {', '.join(lacking)}, which no package carries; {source}, put it into the working directory"
        raise InputError(f"example {path.stem!r}", f"{problem} ({Path.cwd()}) and repeat the command.")
    return study_from(content, Path(path.name), text)
