"""A TOML file becomes a sample and data sets, with errors that name the key and its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nanocrystal.lazy import from_their_modules

if TYPE_CHECKING:
    from nanocrystal.study.candidate_set import CandidateSet
    from nanocrystal.study.candidates import read_candidates
    from nanocrystal.study.reading import read_study
    from nanocrystal.study.schema import study_schema
    from nanocrystal.study.study import Study

__all__ = ["CandidateSet", "Study", "read_candidates", "read_study", "study_schema"]

__getattr__ = from_their_modules(__name__, __file__)
