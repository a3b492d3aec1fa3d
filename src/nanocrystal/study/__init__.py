"""A TOML file becomes a sample and data sets, with errors that name the key and its line."""

from nanocrystal.study.candidates import CandidateSet, read_candidates
from nanocrystal.study.schema import json_schema
from nanocrystal.study.study import Study, read_study

__all__ = ["CandidateSet", "Study", "json_schema", "read_candidates", "read_study"]
