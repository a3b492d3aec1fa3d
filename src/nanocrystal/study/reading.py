"""A study with its candidates, from its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nanocrystal.errors import InputError
from nanocrystal.study.candidates import base_and_candidates
from nanocrystal.study.study import Study, read_content


def read_study(path: str | Path) -> Study:
    """Read a study file.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Study
        Sample, data sets and options, which `refine` refines.

    Raises
    ------
    InputError
        With file, line and key, for anything that cannot be meant.
    """
    return study_from(*read_content(path))


def study_from(content: Mapping[str, Any], path: Path, text: str) -> Study:
    """Return the study of an already parsed TOML text, with its candidates."""
    if "series" in content:
        problem = f"is a series of studies, which are refined together: nanocrystal series {path.name}"
        raise InputError(str(path), problem)
    study, candidates = base_and_candidates(content, path, text)
    if isinstance(study, InputError):
        problem = f"{study.problem.rstrip('.')}; without its candidates this study is not complete"
        raise InputError(study.where, f"{problem}, it can only be compared: nanocrystal compare {path.name}") from None
    return replace(study, candidates=candidates)
