"""All members of a series in one joint refinement, with some parameters in common.

Each member keeps a sample of its own, whose crystals, populations and data sets are renamed to MEMBER_NAME, so that
every address is there once. What is shared is free in the first member, and tied to that in the others.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal._version import __version__
from nanocrystal.errors import InputError, RefinementError
from nanocrystal.measurement import Technique
from nanocrystal.parameters import Assumption, Evaluation, Parameter, Quantity, Values, parse_expression
from nanocrystal.refinement import Comparison, Result, compare, refine
from nanocrystal.report.refined.result import ParameterCorrelations
from nanocrystal.report.rescue import rescued, sentence_of
from nanocrystal.report.series.checkpoints import known_members, member_text, with_files, workplace, write_begun
from nanocrystal.report.series.kept import member_fit, preferred_of
from nanocrystal.report.series.result import JOINT, MEMBER, MemberFit, MemberResult, SeriesResult
from nanocrystal.report.together import write_together
from nanocrystal.running.described import Member, Refinable, Series
from nanocrystal.running.gathered import gathered, shares_script
from nanocrystal.running.member import SHARED_SCRIPT, VALID, Task, fingerprint, order_parameter_of
from nanocrystal.running.plan import Watcher
from nanocrystal.sample import Sample

ROOMS = ("crystals", "populations", "datasets")
NAMING_KEYS = ("standard", "population", "crystal")
"""keys of a data set or population whose text is the name of a population or crystal"""
_ADDRESS = re.compile(r"\b(crystals|populations|datasets)\.(\w+)")


class JointSample:
    """The samples of all members as one that can be refined; `ties`: address -> what it is tied to."""

    def __init__(self, parts: Mapping[str, Sample], ties: Mapping[str, str]) -> None:
        self.parts, self.ties = parts, ties

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return full address -> (declaration, parameter), with the shared ones tied."""
        entries = {a: entry for part in self.parts.values() for a, entry in part.declared().items()}
        return {a: (q, _tied(self.ties.get(a), p)) for a, (q, p) in entries.items()}

    def derived(self, evaluation: Evaluation) -> dict[str, Any]:
        return self._joined(lambda part: part.derived(evaluation))

    def amounts(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        return self._joined(lambda part: part.amounts())

    def strays(self, started: Values, values: Values) -> dict[str, str]:
        return self._joined(lambda part: part.strays(started, values))

    def remarks(self, values: Values) -> list[str]:
        return [r for part in self.parts.values() for r in part.remarks(values)]

    def assumptions(self, values: Values) -> list[Assumption]:
        return [a for part in self.parts.values() for a in part.assumptions(values)]

    def size_curves(self, values: Values) -> dict[str, Any]:
        return self._joined(lambda part: part.size_curves(values))

    def size_maps(self, values: Values) -> dict[str, Any]:
        """None: those of the members are drawn from their own results."""
        return {}

    def typical_atoms(self, values: Values) -> dict[str, Any]:
        """None, as for the maps of sizes."""
        return {}

    def model_files(self, values: Values, title: str) -> dict[str, str]:
        return self._joined(lambda part: part.model_files(values, title))

    def inputs(self) -> dict[str, str]:
        return self._joined(lambda part: part.inputs())

    def _joined(self, pick: Callable[[Sample], Mapping[str, Any]]) -> dict[str, Any]:
        return {k: v for part in self.parts.values() for k, v in pick(part).items()}


class PartDataset(Technique):
    """A data set that sees the sample of its own member only."""

    def __init__(self, name: str, inner: Any, part: Sample, ties: Mapping[str, str]) -> None:
        self.inner, self.part, self.ties = inner, part, ties
        self.prefix = f"datasets.{name}."

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        declared_inner = self.inner.declared()
        return {k: (q, _tied(self.ties.get(f"{self.prefix}{k}"), p)) for k, (q, p) in declared_inner.items()}

    def bind(self, name: str, sample: Any, folder: Path = Path()) -> Any:
        return self.inner.bind(name, self.part, folder)


def _tied(target: str | None, parameter: Parameter) -> Parameter:
    return parameter if target is None else Parameter(None, tie=parse_expression(target, ""))


# ---- renaming -------------------------------------------------------------------------------------


def renamed(content: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return a study with its crystals, populations and data sets called prefix_NAME, also where they are named."""
    names = {n for room in ("crystals", "populations") for n in content.get(room, {})}
    tables = dict(content)
    for room in ROOMS:
        tables[room] = {f"{prefix}_{n}": _renamed(table, prefix, names) for n, table in content.get(room, {}).items()}
    return tables


def _renamed(value: Any, prefix: str, names: set[str]) -> Any:
    """Return a table with the names of crystals and populations, and the addresses of ties, renamed."""
    if not isinstance(value, Mapping):
        return value
    table = {}
    for key, inner in value.items():
        if key == "tie" and isinstance(inner, str):
            inner = _ADDRESS.sub(rf"\1.{prefix}_\2", inner)
        elif key in NAMING_KEYS and isinstance(inner, str) and inner in names:
            inner = f"{prefix}_{inner}"
        elif key == "profiles" and isinstance(inner, Mapping):
            inner = {f"{prefix}_{n}": _renamed(t, prefix, names) for n, t in inner.items()}
        else:
            inner = _renamed(inner, prefix, names)
        table[key] = inner
    return table


def address_in(member: str, address: str) -> str:
    """Return the address of a member's parameter in the joint refinement."""
    return _ADDRESS.sub(rf"\1.{member}_\2", address, count=1)


def address_from(member: str, address: str) -> str | None:
    """Return the address in the study of an address in the joint refinement, None where it is of another member."""
    match = re.fullmatch(rf"(crystals|populations|datasets)\.{re.escape(member)}_(.*)", address)
    return None if match is None else f"{match[1]}.{match[2]}"


# ---- the joint refinement -------------------------------------------------------------------------


def joint_result(series: Series, candidate: str, progress: Any = None) -> Result:
    """Refine all members of a series together, described by one candidate; raises InputError."""
    first, shared = series.members[0].name, shared_of(series, candidate)
    folder = series.path.parent
    parts: dict[str, Sample] = {}
    datasets: dict[str, Any] = {}
    ties: dict[str, str] = {}
    for member in series.members:
        content = renamed(series.file.content_of(member.content, candidate), member.name)
        study = series.file.studies(content)[""]
        if member.name != first:
            ties |= {address_in(member.name, a): address_in(first, a) for a in shared}
        parts[member.name] = study.sample
        datasets |= {name: PartDataset(name, d, study.sample, ties) for name, d in study.datasets.items()}
    _check_shared(series.members, shared, parts, datasets)
    title = f"{series.title}: {candidate}" if candidate else series.title
    options = series.first[candidate].options
    return refine(JointSample(parts, ties), datasets, title=title, options=options, folder=folder, progress=progress)


def shared_of(series: Series, candidate: str) -> list[str]:
    """Return which of the shared addresses a candidate has."""
    return [a for a in series.shared if a in series.first[candidate].parameters]


def _check_shared(
    members: Sequence[Member], shared: Sequence[str], parts: Mapping[str, Sample], datasets: Mapping[str, PartDataset]
) -> None:
    """Raise InputError where a shared address is not refined in some member."""
    known = {a: p for part in parts.values() for a, (_, p) in part.declared().items()}
    known |= {f"{d.prefix}{k}": p for d in datasets.values() for k, (_, p) in d.inner.declared().items()}
    for member in members:
        for address in shared:
            parameter = known.get(address_in(member.name, address))
            if parameter is None or not parameter.vary:
                problem = f"names {address!r}, which the member {member.name} does not refine; share what all refine."
                raise InputError("series.shared", problem)


def member_result(result: Result, member: str, first: str, shared: Sequence[str]) -> Result:
    """Return the part of a joint result that is one member's, by the addresses of the study.

    What is shared counts as refined in every member, with its correlations.
    """
    mine = {a: of_study for a in result.parameters if (of_study := address_from(member, a)) is not None}
    parameters = {of_study: result.parameters[a] for a, of_study in mine.items()}
    for address in shared:
        if address in parameters:
            parameters[address] = replace(result.parameters[address_in(first, address)])
    places = {address_in(first if of_study in shared else member, of_study): of_study for of_study in mine.values()}
    kept = [k for k, name in enumerate(result.correlation_names) if name in places]
    derived = {address_from(member, a) or "": d for a, d in result.derived.items()}
    return replace(
        result,
        parameters=parameters,
        derived={a: d for a, d in derived.items() if a},
        datasets={n.removeprefix(f"{member}_"): d for n, d in result.datasets.items() if n.startswith(f"{member}_")},
        correlations=ParameterCorrelations(
            [places[result.correlation_names[k]] for k in kept], result.correlation_matrix[np.ix_(kept, kept)]
        ),
        notes=[],
    )


# ---- the series -----------------------------------------------------------------------------------


def refined_together(series: Series, folder: Path, watcher: Watcher, *, single_file: bool = False) -> SeriesResult:
    """Refine all members of a series at once, each candidate in turn.

    One joint refinement is one piece of work: what an earlier run in the folder did from the same input is not done
    again. single_file: its pages hold the script of their figures themselves.
    Raises InputError for what cannot be refined together.
    """
    began = time.perf_counter()
    results = _known(series, folder)
    if results:
        for member in results.values():
            watcher.done(member, True)
        return gathered(series, results, [], False, time.perf_counter() - began)
    joint: dict[str, Result] = {}
    for candidate in series.candidates or [""]:
        watcher.begun(JOINT)
        with _located(series):
            joint[candidate] = joint_result(series, candidate, _steps(watcher, candidate))
        if joint[candidate].interrupted:
            return gathered(series, {}, [], True, time.perf_counter() - began)
    comparison = None
    if series.candidates:
        comparison = compare(joint, title=series.title, descriptions=series.descriptions)
    saved = joint[""] if comparison is None else comparison
    texts = saved.files(script=None if single_file else SHARED_SCRIPT, has_pages=series.has_reports)
    files = {f"{JOINT}/{name}": text for name, text in texts.items()}
    for each in _members(series, joint, comparison, time.perf_counter() - began):
        member = results[each.name] = with_files(each, ())
        files[f"{member.name}/{MEMBER}"] = member_text(member)
    try:
        write_begun(workplace(folder), series.title, shares_script(series, single_file), files)
    except OSError as error:
        there = rescued(partial(write_together, files), folder.name)
        raise RefinementError(sentence_of(folder, error, there)) from None
    for member in results.values():
        watcher.done(member, False)
    return gathered(series, results, [], False, time.perf_counter() - began)


def _known(series: Series, folder: Path) -> dict[str, MemberResult]:
    """Return the records of all members from an earlier run of the same input; empty where one is missing."""
    digests = {version: _fingerprint(series, version) for version in VALID}
    results: dict[str, MemberResult] = {}
    for each in series.members:
        known = known_members(folder, each.name)
        stand = [m for m in known if m.version in VALID and m.fingerprint == digests[m.version]]
        results |= {m.name: m for m in stand[:1]}
    is_whole = len(results) == len(series.members) and len({m.version for m in results.values()}) == 1
    return results if is_whole else {}


def _located(series: Series) -> Any:
    study: Refinable = next(iter(series.first.values()))
    return study.located()


def _steps(watcher: Watcher, candidate: str) -> Callable[[int, Any], None]:
    def step(iteration: int, point: Any) -> None:
        each = point.weighted_r()
        watcher.step(JOINT, candidate, iteration, {"of all": float(np.mean(list(each.values())))})

    return step


def _fingerprint(series: Series, version: str = __version__) -> str:
    digests: dict[Path, str] = {}
    tasks: Iterable[Task] = (
        Task(
            name=m.name,
            value=m.value,
            branch=m.branch,
            content=m.content,
            file=series.file,
            starts={},
            order_parameter=series.order_parameter,
            has_reports=series.has_reports,
        )
        for m in series.members
    )
    each = [fingerprint(task, digests, version) for task in tasks]
    return sha256("".join([*each, *series.shared]).encode()).hexdigest()


def _members(
    series: Series, joint: Mapping[str, Result], comparison: Comparison | None, elapsed_s: float
) -> list[MemberResult]:
    """Return the records of all members, each with its part of the joint results."""
    digest = _fingerprint(series)
    preferred: str | None = ""
    best = [""]
    if comparison is not None:
        preferred, best = preferred_of(comparison), comparison.best
    records = []
    said = [f"{n}: {note}" if n else note for n, r in joint.items() for note in r.notes]
    for member in series.members:
        fits = {c: _fit(series, member, c, result) for c, result in joint.items()}
        problem = "" if preferred is not None else "no candidate converged"
        record = MemberResult(
            name=member.name,
            value=member.value,
            branch=member.branch,
            fits=fits,
            best=best,
            preferred=preferred,
            problem=problem,
            elapsed_s=elapsed_s / len(series.members),
            fingerprint=digest,
            report=f"{JOINT}/report.html" if series.has_reports else "",
            joint_notes=said,
        )
        records.append(record)
    return records


def _fit(series: Series, member: Member, candidate: str, result: Result) -> MemberFit:
    part = member_result(result, member.name, series.members[0].name, shared_of(series, candidate))
    study = series.studies(member)[candidate]
    return member_fit(part, order_parameter_of(series.order_parameter, candidate, study, part))
