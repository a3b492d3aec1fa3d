"""The example studies that come with the package."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.study.study import Study, read_study

FALLBACK = "synthetic"


def _folder() -> Path:
    """Return the folder of the examples: inside the installed package, or of a checkout."""
    inside = Path(str(files("nanocrystal"))) / "examples"
    return inside if inside.is_dir() else Path(str(files("nanocrystal"))).parents[1] / "examples"


def example_list() -> dict[str, str]:
    """Return name -> title of the examples."""
    studies = sorted(_folder().glob("*.toml"))
    return {p.stem: tomllib.loads(p.read_text(encoding="utf-8")).get("title", "") for p in studies}


def example_study(name: str) -> tuple[Study, str]:
    """Return an example and a remark for the user ("" if there is none).

    Where the measured data are not installed the synthetic example takes its place.
    """
    known = example_list()
    if name not in known:
        raise InputError(f"example {name!r}", f"there is none of this name; {nearest_names(name, known)}")
    path = _folder() / f"{name}.toml"
    try:
        study = read_study(path)
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
        return read_study(_folder() / f"{FALLBACK}.toml"), remark
    return study, ""
