"""Candidates of a study: parts of a study laid over the study itself, each checked like a study of its own.

A candidate first drops what it names, then is laid over the rest: tables join, anything else replaces. A number
and a tie, a number and a distribution replace each other whole, since their keys do not go together.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.filenames import check_names
from nanocrystal.refinement.comparison import SAME_POINTS
from nanocrystal.study.candidate_set import CandidateSet
from nanocrystal.study.messages import Source, first_problem
from nanocrystal.study.study import Study, checked_study, read_content

OWN_KEYS = ("description", "drop")
"""of a candidate; the others are those of a study"""
KINDS = ("tie", "distribution", "value")
"""keys that say what a table in the place of a number is"""
MEASURED_KEYS = ("technique", "file", "reduction", "columns", "ratios", "covariance")
"""of a data set: what was measured and how it is read"""


def read_candidates(path: str | Path) -> CandidateSet:
    """Read a study file for its candidates; the study itself need not be complete.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    CandidateSet
        The candidates, which `compare` refines and judges.

    Raises
    ------
    InputError
        With file, line and key, for anything that cannot be meant.
    """
    content, path, text = read_content(path)
    if "series" in content:
        problem = f"is a series, which compares the candidates of each member: nanocrystal series {path.name}"
        raise InputError(str(path), problem)
    _, studies = base_and_candidates(content, path, text)
    title = content.get("title", "")
    return CandidateSet(title if isinstance(title, str) else "", studies, path, text)


def base_and_candidates(
    content: Mapping[str, Any], path: Path, text: str
) -> tuple[Study | InputError, dict[str, Study]]:
    """Return the study without its candidates, or why it cannot stand alone, and the candidates by name.

    Raises InputError for a candidate that cannot be meant, or where the study itself is what is wrong.
    """
    base = {k: v for k, v in content.items() if k != "candidates"}
    alone: Study | InputError
    try:
        alone = checked_study(base, Source(path, text))
    except InputError as error:
        alone = error
    try:
        tables = _tables(content["candidates"], path, text) if "candidates" in content else {}
        studies = {name: _candidate(name, table, base, path, text) for name, table in tables.items()}
    except InputError as error:
        if isinstance(alone, InputError) and alone.problem.rstrip(".") in error.problem:
            raise alone from None  # what is wrong is in the study, and so in every candidate
        raise
    if isinstance(alone, InputError) and not studies:
        raise alone
    return alone, studies


def _tables(tables: Any, path: Path, text: str) -> dict[str, dict[str, Any]]:
    """Return the tables of the candidates, checked as far as they can be alone."""
    from pydantic import TypeAdapter, ValidationError

    from nanocrystal.study.fields import Name
    from nanocrystal.study.whole import CandidateTable

    try:
        TypeAdapter(dict[Name, CandidateTable]).validate_python(tables)
    except ValidationError as error:
        address, problem = first_problem(error)
        where = ".".join(p for p in ("candidates", address) if p)
        raise Source(path, text).located(InputError(where, problem)) from None
    try:
        check_names(tables, "candidates")
    except InputError as error:
        raise Source(path, text).located(error) from None
    return dict(tables)


def _candidate(name: str, table: Mapping[str, Any], base: Mapping[str, Any], path: Path, text: str) -> Study:
    """Return a candidate as a study; raises InputError that names it."""
    override = {k: v for k, v in table.items() if k not in OWN_KEYS}
    source = Source(path, text, name, base, table)
    try:
        check_measured(override, base)
        kept = without(base, table.get("drop", []))
    except InputError as error:
        raise source.located(error) from None
    joined = merged(kept, override)
    if "title" not in override and isinstance(base.get("title"), str):
        joined["title"] = f"{base['title']}: {name}"
    return checked_study(joined, source, table.get("description", ""))


def merged(base: Any, override: Any) -> Any:
    """Return `override` laid over `base`: nested tables join, anything else replaces.

    >>> merged({"a": {"value": 1, "vary": True}, "b": 2}, {"a": {"value": 3}})
    {'a': {'value': 3, 'vary': True}, 'b': 2}
    """
    if not (isinstance(base, Mapping) and isinstance(override, Mapping)):
        return override
    kinds = [next((k for k in KINDS if k in table), None) for table in (base, override)]
    if None not in kinds and kinds[0] != kinds[1]:
        return dict(override)
    joined = {k: merged(v, override[k]) if k in override else v for k, v in base.items()}
    return joined | {k: v for k, v in override.items() if k not in base}


def without(base: Mapping[str, Any], addresses: list[str]) -> dict[str, Any]:
    """Return the study without some keys and tables; raises InputError for one that is not there."""
    kept = _copied(base)
    for address in addresses:
        *way, last = address.split(".")
        table: Any = kept
        for part in way:
            table = table.get(part) if isinstance(table, dict) else None
        if not isinstance(table, dict) or last not in table:
            known = [a for a in _addresses(base) if a.count(".") == len(way)]
            raise InputError("drop", f"there is no {address!r} in the study; {nearest_names(address, known)}")
        del table[last]
    return kept


def _copied(table: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copied(v) if isinstance(v, Mapping) else v for k, v in table.items()}


def _addresses(table: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the addresses of all keys and tables within a table."""
    addresses = []
    for key, value in table.items():
        addresses.append(f"{prefix}{key}")
        if isinstance(value, Mapping):
            addresses += _addresses(value, f"{prefix}{key}.")
    return addresses


def check_measured(override: Mapping[str, Any], base: Mapping[str, Any]) -> None:
    """Raise InputError where a candidate states what was measured."""
    known = base.get("datasets", {})
    for name, table in override.get("datasets", {}).items():
        if not isinstance(known, Mapping) or name not in known:
            names = nearest_names(name, known if isinstance(known, Mapping) else ())
            raise InputError(f"datasets.{name}", f"is no data set of the study; {names}. {SAME_POINTS.capitalize()}")
        for key in MEASURED_KEYS:
            if isinstance(table, Mapping) and key in table and table[key] != known[name].get(key):
                raise InputError(f"datasets.{name}.{key}", f"may not be another one here: {SAME_POINTS}")
