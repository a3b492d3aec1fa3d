"""A study with its candidates, from its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nanocrystal.errors import InputError
from nanocrystal.study.candidate_set import CandidateSet
from nanocrystal.study.candidates import base_and_candidates, read_candidates
from nanocrystal.study.study import Study, read_content

if TYPE_CHECKING:
    from nanocrystal.running.described import Series
    from nanocrystal.study.reduction import Reductions


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


def read_any(path: str | Path) -> Study | CandidateSet | Series | Reductions:
    """Read a study file as what it is: a study, a series, reductions alone, candidates of a study that is not complete.

    Raises InputError, with file, line and key, for anything that cannot be meant.
    """
    content, path, text = read_content(path)
    if "series" in content:
        from nanocrystal.study.series import read_series

        return read_series(path)
    if "reduction" in content and not content.keys() & {"populations", "datasets"}:
        from nanocrystal.study.reduction import read_reductions

        return read_reductions(path)
    study, candidates = base_and_candidates(content, path, text)
    if isinstance(study, InputError):
        return read_candidates(path)
    return replace(study, candidates=candidates)


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
