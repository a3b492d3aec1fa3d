"""Plans that version 0.1 wrote: plan.json without maps, descriptions and bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nanocrystal.report.encoding import decoded
from nanocrystal.report.plan.result import TOGETHER, Plan, alone

FIXED = "as stated, no counting changes it"
"""noise, in the words of version 0.1, that counts have no part in"""


def restored(kind: type[Plan], document: Mapping[str, Any]) -> Any:
    """Return the plan of a document; raises KeyError or ValueError where it is none."""
    datasets = {n: {**record, "counted": record["noise"] != FIXED} for n, record in document["datasets"].items()}
    whole = dict(document) | {
        "parameters": {address: _parameter(record) for address, record in document["parameters"].items()},
        "datasets": datasets,
        "undetermined": _undetermined(document),
        "counts": {factor: _errors(errors) for factor, errors in document["counts"].items()},
        "range": [{**step, "stderr": _errors(step["stderr"])} for step in document["range"]],
        "targets": {a: {**record, "planned": _number(record["planned"])} for a, record in document["targets"].items()},
    }
    return decoded(kind, whole)


def _parameter(record: Mapping[str, Any]) -> dict[str, Any]:
    known = record["stderr_if_others_known"]
    return {
        **record,
        "stderr": _number(record["stderr"]),
        "stderr_if_others_known": float("inf") if known is None else known,
        "stderr_alone": _errors(record["stderr_alone"]),
    }


def _undetermined(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stays open, with what version 0.1 did not write since it follows from the rest."""
    record, parameters = document["undetermined"], document["parameters"]
    by_all = {"not_seen": [a for a, p in parameters.items() if p["stderr_if_others_known"] is None]}
    left_open = {TOGETHER: {**by_all, **record[TOGETHER]}}
    for name in document["datasets"]:
        without = [a for a, p in parameters.items() if p["stderr_alone"][name] is None]
        left_open[alone(name)] = {"parameters": without, **record[alone(name)]}
    return left_open


def _errors(errors: Mapping[str, float | None]) -> dict[str, float]:
    return {address: _number(error) for address, error in errors.items()}


def _number(error: float | None) -> float:
    return float("nan") if error is None else error
