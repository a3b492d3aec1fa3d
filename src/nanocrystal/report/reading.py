"""The way back: results from the folders that they were saved to."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nanocrystal.errors import InputError
from nanocrystal.parameters.number import came
from nanocrystal.report.beside import MOST_BYTES, UNREADABLE
from nanocrystal.report.outcome import SCHEMA, Outcome
from nanocrystal.report.together import ATTEMPTS, current, is_there, version_of
from nanocrystal.text import file_bytes, shown


def outcomes() -> tuple[type[Outcome], ...]:
    """Return every kind of result that is saved to a folder."""
    from nanocrystal.report.compared.result import Comparison
    from nanocrystal.report.explicit.result import TypicalCrystal
    from nanocrystal.report.nmr.result import ProcessedSpectrum
    from nanocrystal.report.plan.result import Plan
    from nanocrystal.report.posterior.result import Posterior
    from nanocrystal.report.reduction.result import ReductionResult
    from nanocrystal.report.refined.result import Result
    from nanocrystal.report.scattered.result import Scattering
    from nanocrystal.report.series.result import SeriesResult
    from nanocrystal.report.simulated.result import Simulation
    from nanocrystal.report.texts.result import WrittenText

    analyses = (Result, Comparison, SeriesResult, Plan, Posterior, ReductionResult)
    return (*analyses, Simulation, Scattering, ProcessedSpectrum, TypicalCrystal, WrittenText)


def read_result(folder: Path | str) -> Any:
    """Return the result that was saved to a folder, equal to the one that was saved.

    What version 0.1 wrote is read as far as it wrote it.

    Parameters
    ----------
    folder : path
        That of the results, or the path of its record, such as results.json

    Returns
    -------
    Result, Comparison, SeriesResult, …
        The kind that was saved

    Raises
    ------
    InputError
        Where there is no result, or one that cannot be read
    """
    if not isinstance(folder, str | os.PathLike):
        raise InputError("folder", f"must be the folder of a result, got {came(folder)}.")
    path = Path(folder)
    kinds = {kind.record: kind for kind in outcomes()}
    for _ in range(ATTEMPTS):
        record = path if path.name in kinds else _record_in(path, list(kinds))
        before = version_of(record)
        result = _result_or_problem(record, kinds)
        if version_of(record) == before:  # else it was replaced while it was read
            break
    if isinstance(result, InputError):
        raise result
    return result


def _result_or_problem(record: Path, kinds: Mapping[str, type[Outcome]]) -> Outcome | InputError:
    try:
        return _read(record, kinds)
    except InputError as error:
        return error


def _read(record: Path, kinds: Mapping[str, type[Outcome]]) -> Outcome:
    """Return the result of a record; raises InputError where it cannot be read."""
    document = _document(record)
    kind, schema = kinds[record.name], document.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise InputError(
            shown(record), f"is of schema {schema}; this version reads up to {SCHEMA}: it needs a newer nanocrystal."
        )
    if schema is not None and (schema != SCHEMA or document.get("kind") != kind.kind):
        raise InputError(
            shown(record),
            f"should be of schema {SCHEMA} and kind {kind.kind!r}, got {schema!r} and {document.get('kind')!r}; "
            "it was changed by hand, or belongs to another kind of result.",
        )
    try:
        if schema is None:
            return kind.of_version_0_1(document, record.parent)
        return kind.restored(document, record.parent)
    except FileNotFoundError as error:
        gone = os.path.relpath(error.filename or "", record.parent)
        raise InputError(shown(record), f"lists the file {gone!r}, which is not there any more.") from None
    except UNREADABLE as error:
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise InputError(shown(record), f"is no result that can be read ({reason}).") from None


def _record_in(folder: Path, names: list[str]) -> Path:
    """Return the record of a folder."""
    if not folder.exists():
        raise InputError(shown(folder), "does not exist; name the folder of a result.")
    if not folder.is_dir():
        raise InputError(shown(folder), f"is no record of a result; those are called {', '.join(names)}.")
    records = [folder / name for name in names if is_there(folder / name)]
    if not records:
        raise InputError(shown(folder), f"holds no result: none of the files {', '.join(names)} is there.")
    if len(records) > 1:
        several = ", ".join(record.name for record in records)
        raise InputError(shown(folder), f"holds several results, {several}; name the file of the one that is meant.")
    return records[0]


def _document(record: Path) -> dict[str, Any]:
    if not is_there(record):
        raise InputError(shown(record), "does not exist; name the folder of a result.")
    try:
        document = json.loads(file_bytes(current(record), shown(record), MOST_BYTES))
    except RecursionError:
        raise InputError(shown(record), "is no JSON that can be read (it is nested too deeply).") from None
    except ValueError as error:
        raise InputError(shown(record), f"is no JSON that can be read ({error}).") from None
    if not isinstance(document, dict):
        raise InputError(shown(record), "is no record of a result.")
    return document
