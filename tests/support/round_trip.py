"""A study written as TOML and read again, and whether the two are equal as objects."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from nanocrystal.errors import InputError
from nanocrystal.parameters import Expression
from nanocrystal.study import CandidateSet, Study
from nanocrystal.study import candidates as reading

TEXT_OF = ("text", "source")
"""fields of a study that are its file, and no part of what it says"""
base_and_candidates = reading.base_and_candidates
"""as it is, whatever stands in its place in the tests"""


def differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    """Yield where two objects differ, by recursion: each number and its freedom, each option, each array."""
    if type(one) is not type(other):
        yield f"{where}: {one!r} is of another kind than {other!r}"
    elif isinstance(one, Expression):
        if one.text != other.text:
            yield f"{where}: {one.text} and {other.text}"
    elif is_dataclass(one) and not isinstance(one, type):
        skipped = TEXT_OF if isinstance(one, Study | CandidateSet) else ()
        for f in fields(one):
            if f.name not in skipped:
                yield from differences(getattr(one, f.name), getattr(other, f.name), f"{where}.{f.name}")
    elif isinstance(one, Mapping):
        if list(one) != list(other):
            yield f"{where}: {list(one)} and {list(other)}"
        for key in one.keys() & other.keys():
            yield from differences(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, np.ndarray):
        if not np.array_equal(one, other):
            yield f"{where}: {one} and {other}"
    elif isinstance(one, Sequence) and not isinstance(one, str):
        if len(one) != len(other):
            yield f"{where}: {one} and {other}"
        for k, (a, b) in enumerate(zip(one, other, strict=False)):
            yield from differences(a, b, f"{where}[{k}]")
    elif one != other:
        yield f"{where}: {one!r} and {other!r}"


def parameter_rows(study: Study) -> list[tuple[Any, ...]]:
    """Return address, value, freedom, limits and tie of all parameters of a study, in their order."""
    rows = []
    for d in study.parameters:
        p = d.parameter
        rows.append((d.address, p.value, p.vary, p.linear, *p.bounds(d.quantity), p.tie and p.tie.text))
    return rows


def read_again(study: Study | CandidateSet) -> Study | CandidateSet:
    """Return what the text that an object writes is read as."""
    text = study.to_toml()
    alone, candidates = base_and_candidates(tomllib.loads(text), study.path, text)
    if isinstance(study, CandidateSet):
        return CandidateSet(study.title, candidates, study.path, text)
    assert not isinstance(alone, InputError), f"{alone}\n{text}"
    return replace(alone, candidates=candidates)


def check(study: Study | CandidateSet) -> None:
    """Assert that a study, or a set of candidates, is the same after it was written and read."""
    again = read_again(study)
    assert list(differences(study, again)) == [], study.to_toml()
    if isinstance(study, Study):
        assert parameter_rows(study) == parameter_rows(again)  # type: ignore[arg-type]
    assert again.to_toml() == study.to_toml()


def checked_base_and_candidates(*given: Any) -> Any:
    """Read a study for a test as ever, and check beside it that what was read can be written."""
    alone, candidates = base_and_candidates(*given)
    if not isinstance(alone, InputError):
        check(replace(alone, candidates=candidates))
    elif len(candidates) > 1:
        check(CandidateSet("", candidates, given[1], given[2]))
    return alone, candidates
