"""One member of a series as a piece of work: what goes in, what comes out, and the refinement between."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal._version import __version__
from nanocrystal.data import resolved_path
from nanocrystal.errors import InputError, NanocrystalError
from nanocrystal.parameters.difference import difference, step_of
from nanocrystal.refinement import Comparison, Result, compare
from nanocrystal.report.page.rendering import PLOTLY
from nanocrystal.report.series.kept import member_fit, preferred_of
from nanocrystal.report.series.result import ORDER_PARAMETER, MemberFit, MemberResult, SeriesValue
from nanocrystal.running.candidates import refined_or_reason
from nanocrystal.running.described import OrderParameter, Refinable, SeriesFile

Step = Callable[[str, str, int, Mapping[str, float]], None]
"""called with member, candidate, iteration and R_w by data set"""
FILE_KEYS = ("file", "cif")
"""keys of a study that name a file which must be there; of other texts that name one, its content decides, too"""
SHARED_SCRIPT = f"../{PLOTLY}"
"""where the pages of members find the script of their figures: in the folder of the series"""
FIRST = "0.1.0"
VALID = (__version__, FIRST)
"""versions whose members count as done: they find the same"""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One member to be refined; starts: candidate -> address -> value to begin with.

    single_file: whether its pages hold the script of their figures themselves.
    """

    name: str
    value: float
    branch: str
    content: Mapping[str, Any]
    file: SeriesFile
    starts: Mapping[str, Mapping[str, float]]
    carried_from: str = ""
    notes: tuple[str, ...] = ()
    order_parameter: OrderParameter | None = None
    has_reports: bool = True
    single_file: bool = False
    fingerprint: str = ""


@dataclass(frozen=True)
class MemberOutcome:
    """What came of a task: the record of the member, and its files, name -> text."""

    member: MemberResult
    texts: Mapping[str, str]


class Interrupted(Exception):
    """The user stopped a member before its end."""


def fingerprint(task: Task, known: dict[Path, str], version: str = __version__) -> str:
    """Return the SHA-256 of all that decides the result of a task: study, files, starts, version.

    known: SHA-256 of files that were read before, which is added to. Raises InputError for a missing file.
    """
    names = _files_in(task.content) | (set() if version == FIRST else _other_files(task))
    files = {
        name: _digest(resolved_path(name, task.file.path.parent, f"series.members.{task.name}"), task, name, known)
        for name in sorted(names)
    }
    order = task.order_parameter
    followed = None if order is None else (order.expression.text, order.candidate, order.name, order.unit)
    deciding = (version, task.value, task.branch, task.content, task.starts, files, followed, task.has_reports)
    return sha256(_json(deciding).encode()).hexdigest()


def stands(member: MemberResult, task: Task, known: dict[Path, str]) -> bool:
    """Return whether a member was made from the input of a task, by this version or by one whose members stand.

    The first one did not look into files under keys other than `FILE_KEYS`: where there are any, its members fall.
    """
    if member.version == FIRST and _other_files(task):
        return False
    return member.version in VALID and member.fingerprint == fingerprint(task, known, member.version)


def _json(value: Any) -> str:
    import json

    return json.dumps(value, sort_keys=True, default=str)


def _files_in(content: Any) -> set[str]:
    """Return the files that a study names under `FILE_KEYS`, anywhere."""
    return {text for key, text in _texts_in(content) if key in FILE_KEYS}


def _other_files(task: Task) -> set[str]:
    """Return the texts in a study, at any place, that name a file which is there, beside those under `FILE_KEYS`."""
    folder = task.file.path.parent
    return {text for _, text in _texts_in(task.content) if _is_file(folder / text)} - _files_in(task.content)


def _texts_in(content: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield all texts of a study with their keys, "" for those in lists."""
    if isinstance(content, str):
        yield key, content
    elif isinstance(content, Mapping):
        for name, part in content.items():
            yield from _texts_in(part, name)
    elif isinstance(content, list | tuple):
        for part in content:
            yield from _texts_in(part)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a text that is too long for a path, or that no path can hold
        return False


def _digest(path: Path, task: Task, name: str, known: dict[Path, str]) -> str:
    if path not in known:
        try:
            known[path] = sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            problem = f"the file {name!r} of member {task.name} cannot be read: {error.strerror or error}."
            raise InputError("", problem) from None
    return known[path]


# ---- the refinement -------------------------------------------------------------------------------


def refined_member(task: Task, step: Step | None = None) -> MemberOutcome:
    """Refine all candidates of a member and return its record, with its files.

    What cannot be refined is said in the record. Raises Interrupted where the user stopped it.
    """
    began = time.perf_counter()
    try:
        return _refined_member(task, step, began)
    except Interrupted:
        raise
    except NanocrystalError as error:
        return _failed(task, str(error), began)
    except Exception as error:  # a mistake of the program; the other members still stand
        return _failed(task, f"an unexpected {type(error).__name__} ({error}); please report it", began)


def _refined_member(task: Task, step: Step | None, began: float) -> MemberOutcome:
    studies = task.file.studies(_started(task))
    outcomes: dict[str, Result | str] = {}
    for name, study in studies.items():
        outcome = outcomes[name] = refined_or_reason(study, _steps_of(task.name, name, step))
        if isinstance(outcome, Result) and outcome.interrupted:
            raise Interrupted(task.name)
    results = {name: o for name, o in outcomes.items() if isinstance(o, Result)}
    if not results:
        return _failed(task, "; ".join(_said(n, str(o)) for n, o in outcomes.items()), began)
    return _outcome(task, studies, outcomes, results, began)


def _steps_of(member: str, candidate: str, step: Step | None) -> Callable[[int, Any], None] | None:
    if step is None:
        return None
    return lambda iteration, point: step(member, candidate, iteration, point.weighted_r())


def _failed(task: Task, problem: str, began: float) -> MemberOutcome:
    member = MemberResult(
        name=task.name,
        value=task.value,
        branch=task.branch,
        fits={},
        best=[],
        preferred=None,
        problem=problem.removeprefix("failed: "),
        notes=list(task.notes),
        carried_from=task.carried_from,
        elapsed_s=time.perf_counter() - began,
        fingerprint=task.fingerprint,
    )
    return MemberOutcome(member, {})


def _said(candidate: str, problem: str) -> str:
    """Return why a candidate has no result, without the word that the member failed, which is said of it anyway."""
    reason = problem.removeprefix("failed: ")
    return f"{candidate}: {reason}" if candidate else reason


def _started(task: Task) -> dict[str, Any]:
    """Return the content of a member with the values it starts from put in."""
    content = _copied(task.content)
    for candidate, values in task.starts.items():
        table = content["candidates"][candidate] if candidate else content
        for address, value in values.items():
            *way, last = address.split(".")
            place = table
            for part in way:
                place = place.setdefault(part, {})
            entry = place.get(last)
            place[last] = {**entry, "value": value} if isinstance(entry, dict) else {"value": value}
    return content


def _copied(table: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copied(v) if isinstance(v, Mapping) else v for k, v in table.items()}


def _outcome(
    task: Task,
    studies: Mapping[str, Refinable],
    outcomes: Mapping[str, Result | str],
    results: Mapping[str, Result],
    began: float,
) -> MemberOutcome:
    """Return the record and the files of a member that has at least one result."""
    fits = {n: member_fit(r, order_parameter_of(task.order_parameter, n, studies[n], r)) for n, r in results.items()}
    comparison, preferred, best = None, "", [""]
    if list(studies) != [""]:
        comparison = compare(
            results,
            title=str(task.content.get("title", "")),
            descriptions={n: s.description for n, s in studies.items()},
            problems={n: o for n, o in outcomes.items() if isinstance(o, str)},
        )
        fits = {n: _judged(fit, comparison, n) for n, fit in fits.items()}
        choice = preferred_of(comparison)
        if choice is None:
            return _failed(task, "; ".join(_said(s.name, s.problem) for s in comparison.standings), began)
        preferred, best = choice, comparison.best
    texts = _texts(task, results, comparison)
    problems = [f"{n}: {o}" for n, o in outcomes.items() if isinstance(o, str)]
    member = MemberResult(
        name=task.name,
        value=task.value,
        branch=task.branch,
        fits=fits,
        best=best,
        preferred=preferred,
        problem="",
        notes=[*task.notes, *problems],
        carried_from=task.carried_from,
        elapsed_s=time.perf_counter() - began,
        fingerprint=task.fingerprint,
        report=f"{task.name}/report.html" if task.has_reports else "",
    )
    return MemberOutcome(member, texts)


def _judged(fit: MemberFit, comparison: Comparison, name: str) -> MemberFit:
    standing = comparison[name]
    return replace(fit, bic=standing.bic, delta_bic=standing.delta_bic)


def _texts(task: Task, results: Mapping[str, Result], comparison: Comparison | None) -> dict[str, str]:
    """Return the files of a member: those of `refine`, or those of `compare`."""
    saved = results[""] if comparison is None else comparison
    return saved.files(script=None if task.single_file else SHARED_SCRIPT, has_pages=task.has_reports)


# ---- the order parameter --------------------------------------------------------------------------


def order_parameter_of(
    order: OrderParameter | None, candidate: str, study: Refinable, result: Result
) -> dict[str, SeriesValue]:
    """Return the order parameter of a candidate with its propagated standard error; empty where it has none."""
    if order is None or not order.belongs_to(candidate, study):
        return {}
    with study.located():
        value, stderr = expression_value(order, study, result)
    return {
        ORDER_PARAMETER: SeriesValue(
            value=value,
            stderr=stderr,
            unit=order.unit,
            status="derived",
            description=order.name,
            quantity="order parameter",
            definition=order.expression.text,
        )
    }


def expression_value(order: OrderParameter, study: Refinable, result: Result) -> tuple[float, float | None]:
    """Return an expression of parameters and its standard error, from the covariance of those it depends on.

    σ² = Σ g_i g_j s_i s_j C_ij, with the gradient g by central differences, the scaled standard errors s and the
    correlations C. None where a parameter it depends on is not determined.
    """
    parameters = study.parameters
    best = {a: p.value for a, p in result.parameters.items() if p.status != "tied"}
    needed = frozenset().union(*(parameters.depends_on(a) for a in order.expression.addresses))

    def at(moved: Mapping[str, float]) -> float:
        return order.expression.value(parameters.values({**best, **moved}), "series.order_parameter")

    def moved(address: str, value: float) -> float:
        return at({address: value})

    moving = [a for a in sorted(needed) if result.parameters[a].status not in ("fixed", "tied")]
    if not moving or any(a not in result.correlation_names for a in moving):
        return at({}), None
    places = [list(result.correlation_names).index(a) for a in moving]
    spread = np.array([result.parameters[a].stderr_scaled or 0.0 for a in moving])
    change = np.array(
        [
            s * difference(partial(moved, a), best[a], step_of(s)) if s > 0.0 else 0.0
            for a, s in zip(moving, spread, strict=True)
        ]
    )
    matrix = np.asarray(result.correlation_matrix)[np.ix_(places, places)]
    return at({}), float(np.sqrt(max(0.0, change @ matrix @ change)))
