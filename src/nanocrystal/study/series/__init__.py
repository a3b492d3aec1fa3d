"""A series: one study over many files, each member a study of its own.

[series] names the variable and the members, by patterns of file names and by tables [series.members.NAME]. A member
is the study with its files put in and its own table laid over it, as a candidate is (`candidates.merged`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanocrystal.data import resolved_path
from nanocrystal.errors import InputError, nearest_names
from nanocrystal.filenames import check_names
from nanocrystal.parameters.expression import parse_expression
from nanocrystal.running.described import Member, OrderParameter, Series
from nanocrystal.study.candidates import OWN_KEYS, base_and_candidates, merged, without
from nanocrystal.study.messages import Source, first_problem, shown
from nanocrystal.study.series.files import Place, files_of_pattern
from nanocrystal.study.series.schema import MemberTable, OrderParameterTable, SeriesTable
from nanocrystal.study.study import Study, read_content

MEMBER_KEYS = ("value", "branch", "files", "drop")
"""of a member; the others are those of a study"""
EXAMPLE = 'files = { pdf = "x_{value}K.gr" }'


@dataclass(frozen=True)
class TomlFile:
    """The study file of a series: how the contents of its members become studies."""

    path: Path
    text: str

    def studies(self, content: Mapping[str, Any]) -> dict[str, Study]:
        """Return the models of a member's content: candidate -> study, "" without candidates; raises InputError."""
        alone, candidates = base_and_candidates(content, self.path, self.text)
        if candidates:
            return candidates
        assert isinstance(alone, Study)
        return {"": alone}

    def content_of(self, content: Mapping[str, Any], candidate: str) -> dict[str, Any]:
        """Return one candidate of a member's content as a study without candidates."""
        base = {k: v for k, v in content.items() if k != "candidates"}
        if not candidate:
            return base
        table = content["candidates"][candidate]
        override = {k: v for k, v in table.items() if k not in OWN_KEYS}
        return dict(merged(without(base, table.get("drop", [])), override))

    def absolute(self) -> TomlFile:
        """Return the same file by a path that means the same in any working directory."""
        return TomlFile(self.path.absolute(), self.text)


def is_series(content: Mapping[str, Any]) -> bool:
    """Return whether parsed TOML is a series."""
    return "series" in content


def read_series(path: str | Path) -> Series:
    """Read a study with a table [series]: one study of many files.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Series
        Its members, which `refined_series` refines.

    Raises
    ------
    InputError
        With file, line and key, for what cannot be meant.
    """
    content, path, text = read_content(path)
    source = Source(path, text)
    try:
        return _series(content, TomlFile(path, text))
    except InputError as error:
        if error.where.startswith("series"):
            raise source.located(error) from None
        raise


def _series(content: Mapping[str, Any], file: TomlFile) -> Series:
    table = _series_table(content, file.path)
    base = {k: v for k, v in content.items() if k != "series"}
    members = _ordered(_members(table, base, content["series"], file.path.parent), table)
    if len(members) < 2:
        raise InputError("series", f"has {len(members)} member; a series needs two or more, for instance by {EXAMPLE}.")
    _check_techniques(members)
    first = _checked_first(members, file)
    candidates = [name for name in first if name]
    order_parameter = _order_parameter(table.order_parameter, first)
    _check_shared(table, first)
    title = base.get("title", "")
    return Series(
        title=title if isinstance(title, str) else "",
        variable=table.variable,
        unit=table.unit,
        mode=table.mode,
        members=members,
        candidates=candidates,
        descriptions={name: study.description for name, study in first.items()},
        file=file,
        order_parameter=order_parameter,
        shared=tuple(table.shared),
        has_reports=table.reports == "all",
        first=first,
    )


def _series_table(content: Mapping[str, Any], path: Path) -> SeriesTable:
    from pydantic import ValidationError

    if not is_series(content):
        problem = f'has no table [series]; add one, with variable = "temperature", unit = "K" and {EXAMPLE}'
        raise InputError(str(path), f"{problem}, or refine it alone: nanocrystal refine {path.name}")
    try:
        return SeriesTable.model_validate(content["series"])
    except ValidationError as error:
        address, problem = first_problem(error)
        raise InputError(".".join(p for p in ("series", address) if p), problem) from None


# ---- members --------------------------------------------------------------------------------------


def _members(table: SeriesTable, base: Mapping[str, Any], content: Mapping[str, Any], folder: Path) -> list[Member]:
    """Return the members, those with a table of their own first."""
    by_pattern = _files_by_place(table, folder)
    places: dict[Place, str] = {}
    members = []
    for name, entry in table.members.items():
        place = (entry.value, entry.branch or "")
        where = f"series.members.{name}"
        if place in places:
            raise InputError(
                f"{where}.value",
                f"{_said(place)} is that of {places[place]}, too; give one of them "
                'another value, or a branch = "heating" or the like.',
            )
        places[place] = name
        files = {**by_pattern.get(place, {}), **entry.files}
        members.append(_member(name, place, files, base, where, entry, content["members"][name]))
        _check_there(entry.files, folder, where)
    for place, files in by_pattern.items():
        if place not in places:
            name = places[place] = _name_of(place, table.variable)
            members.append(_member(name, place, files, base, "series.files"))
    check_names([m.name for m in members], "series.members")
    return members


def _files_by_place(table: SeriesTable, folder: Path) -> dict[Place, dict[str, str]]:
    """Return (value, branch) -> data set -> file, from the patterns."""
    files = {n: files_of_pattern(p, folder, f"series.files.{n}") for n, p in table.files.items()}
    places = dict.fromkeys(p for by_place in files.values() for p in by_place)
    if table.values is not None:
        known = sorted({value for value, _ in places})
        for k, value in enumerate(table.values):
            if value in table.values[:k]:
                raise InputError("series.values", f"names {value:g} twice; each member once.")
            if value not in known and value not in {m.value for m in table.members.values()}:
                near = ", ".join(f"{v:g}" for v in sorted(known, key=lambda v: abs(v - value))[:4])
                raise InputError(
                    "series.values", f"names {value:g}, of which there is no file; the nearest are {near}."
                )
        places = {p: None for p in places if p[0] in table.values}
    for place in places:
        for name, by_place in files.items():
            explicit = any((m.value, m.branch or "") == place and name in m.files for m in table.members.values())
            if place not in by_place and not explicit:
                raise InputError(
                    f"series.files.{name}",
                    f"has no file of {_said(place)}, which other data sets have; add it, or "
                    "list the members by values = [...].",
                )
    return {p: {name: by_place[p] for name, by_place in files.items() if p in by_place} for p in places}


def _member(
    name: str,
    place: Place,
    files: Mapping[str, str],
    base: Mapping[str, Any],
    where: str,
    entry: MemberTable | None = None,
    keys: Mapping[str, Any] | None = None,
) -> Member:
    """Return a member; raises InputError where its files do not fit the data sets of the study."""
    datasets = base.get("datasets", {})
    if not isinstance(datasets, Mapping):
        raise InputError("datasets", f"must be tables with headers such as [datasets.pdf], got {shown(datasets)}.")
    for key in files:
        if key not in datasets:
            at = f"{where}.files.{key}" if entry is not None and key in entry.files else f"series.files.{key}"
            raise InputError(at, f"is no data set of the study; {nearest_names(key, datasets)}")
    content = dict(base)
    if entry is not None and keys is not None:
        try:
            content = without(content, entry.drop)
        except InputError as error:
            raise InputError(f"{where}.{error.where}", error.problem) from None
        content = merged(content, {k: v for k, v in keys.items() if k not in MEMBER_KEYS})
    content = merged(content, {"datasets": {key: {"file": file} for key, file in files.items()}})
    for key, dataset in content.get("datasets", {}).items():
        if isinstance(dataset, Mapping) and "file" not in dataset:
            raise InputError(where, f'the member {name} has no file of {key}; add files = {{ {key} = "..." }}.')
    if "title" not in (keys or {}) and base.get("title"):
        content["title"] = f"{base['title']}: {name}"
    return Member(name=name, value=place[0], branch=place[1], content=content, has_own_table=entry is not None)


def _check_there(files: Mapping[str, str], folder: Path, where: str) -> None:
    """Raise InputError where a file that a member names is missing."""
    for key, file in files.items():
        path = resolved_path(file, folder, f"{where}.files.{key}")
        if not path.is_file():
            names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
            raise InputError(f"{where}.files.{key}", f"there is no file {file!r}; {nearest_names(path.name, names)}")


def _said(place: Place) -> str:
    return f"the value {place[0]:g}" + (f", {place[1]}," if place[1] else "")


def _name_of(place: Place, variable: str) -> str:
    """Return the name of a member that a pattern found: T150, T150p5_heating.

    >>> _name_of((150.5, "heating"), "temperature"), _name_of((-3.0, ""), "field")
    ('T150p5_heating', 'Fm3')
    """
    number = f"{place[0]:.10g}".replace("-", "m").replace(".", "p").replace("+", "")
    first = re.sub(r"\W", "", variable)[:1].upper()
    letter = first if first.isalpha() else "V"
    branch = re.sub(r"\W", "_", place[1])
    return f"{letter}{number}" + (f"_{branch}" if branch else "")


def _ordered(members: Sequence[Member], table: SeriesTable) -> list[Member]:
    """Return the members by branch, each in the order in which values are carried over."""
    branches = list(dict.fromkeys(m.branch for m in members))
    for branch in table.orders:
        if branch not in branches:
            raise InputError(f"series.orders.{branch}", f"is no branch of a member; {nearest_names(branch, branches)}")
    ordered = []
    for branch in branches:
        falling = table.orders.get(branch, table.order) == "descending"
        ordered += sorted((m for m in members if m.branch == branch), key=lambda m: -m.value if falling else m.value)
    return ordered


def _check_techniques(members: Sequence[Member]) -> None:
    """Raise InputError where members were measured by different techniques."""
    first, *others = members
    known = _techniques(first)
    for other in others:
        techniques = _techniques(other)
        if techniques != known:
            words = [", ".join(f"{k} ({v})" for k, v in t.items()) for t in (techniques, known)]
            where = f"series.members.{other.name}.datasets" if other.has_own_table else f"series.members.{other.name}"
            raise InputError(
                where,
                f"has the data sets {words[0]}, but {first.name} has {words[1]}; all members of a series "
                "are measured by the same techniques.",
            )


def _techniques(member: Member) -> dict[str, str]:
    datasets = member.content.get("datasets", {})
    return {name: str(t.get("technique", "")) if isinstance(t, Mapping) else "" for name, t in datasets.items()}


def _checked_first(members: Sequence[Member], file: TomlFile) -> dict[str, Study]:
    """Return the models of the first member, after checking those of all members that differ in more than files."""
    for member in members[1:]:
        if member.has_own_table:
            try:
                file.studies(member.content)
            except InputError as error:
                raise InputError(f"{error.where}, member {member.name}", error.problem) from None
    return file.studies(members[0].content)


# ---- what is said of all members ------------------------------------------------------------------


def _order_parameter(table: OrderParameterTable | None, first: Mapping[str, Study]) -> OrderParameter | None:
    if table is None:
        return None
    where = "series.order_parameter"
    candidates = [name for name in first if name]
    if table.candidate is not None and table.candidate not in candidates:
        raise InputError(
            f"{where}.candidate", f"there is no {table.candidate!r}; {nearest_names(table.candidate, candidates)}"
        )
    try:
        expression = parse_expression(table.expression, f"{where}.expression")
    except InputError as error:
        raise InputError(
            error.where, error.problem.replace("the tie", "the expression").replace("a tie", "it")
        ) from None
    order = OrderParameter(expression, table.candidate or "", table.name, table.unit)
    if not any(order.belongs_to(name, study) for name, study in first.items()):
        followed = {n: s for n, s in first.items() if table.candidate in (None, n)}
        addresses = {d.address for s in followed.values() for d in s.parameters}
        lacking = next((a for a in expression.addresses if a not in addresses), None)
        if lacking is None:
            raise InputError(f"{where}.expression", "names addresses that no candidate has together.")
        near = [a for a in addresses if a.startswith(f"{lacking.rpartition('.')[0]}.")] or addresses
        raise InputError(
            f"{where}.expression", f"names {lacking!r}, which is no parameter; {nearest_names(lacking, near)}"
        )
    return order


def _check_shared(table: SeriesTable, first: Mapping[str, Study]) -> None:
    """Raise InputError where the shared addresses are none that can be shared."""
    if table.shared and table.mode != "shared":
        raise InputError("series.shared", f'belongs to mode = "shared", but the mode is "{table.mode}".')
    if table.mode == "shared" and not table.shared:
        raise InputError(
            "series.shared", 'is missing; name what all members have in common, such as shared = ["crystals.pt.a"].'
        )
    for address in table.shared:
        varied = {d.address for study in first.values() for d in study.parameters.varied}
        if address not in varied:
            raise InputError(
                "series.shared",
                f"names {address!r}, which is no refined parameter of the study; {nearest_names(address, varied)}",
            )
