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
    datasets = {n: {**told, "counted": told["noise"] != FIXED} for n, told in document["datasets"].items()}
    whole = dict(document) | {
        "parameters": {address: _parameter(told) for address, told in document["parameters"].items()},
        "datasets": datasets,
        "undetermined": _undetermined(document),
        "counts": {factor: _errors(errors) for factor, errors in document["counts"].items()},
        "range": [{**step, "stderr": _errors(step["stderr"])} for step in document["range"]],
        "targets": {a: {**told, "planned": _number(told["planned"])} for a, told in document["targets"].items()},
    }
    return decoded(kind, whole)


def _parameter(told: Mapping[str, Any]) -> dict[str, Any]:
    known = told["stderr_if_others_known"]
    return {
        **told,
        "stderr": _number(told["stderr"]),
        "stderr_if_others_known": float("inf") if known is None else known,
        "stderr_alone": _errors(told["stderr_alone"]),
    }


def _undetermined(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stays open, with what version 0.1 did not write since it follows from the rest."""
    told, parameters = document["undetermined"], document["parameters"]
    by_all = {"not_seen": [a for a, p in parameters.items() if p["stderr_if_others_known"] is None]}
    found = {TOGETHER: {**by_all, **told[TOGETHER]}}
    for name in document["datasets"]:
        without = [a for a, p in parameters.items() if p["stderr_alone"][name] is None]
        found[alone(name)] = {"parameters": without, **told[alone(name)]}
    return found


def _errors(told: Mapping[str, float | None]) -> dict[str, float]:
    return {address: _number(error) for address, error in told.items()}


def _number(error: float | None) -> float:
    return float("nan") if error is None else error
