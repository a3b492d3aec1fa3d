"""Members that version 0.1 wrote: their checkpoints, and what its series.json says of them, without curves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nanocrystal.report.series.result import MEMBER

VERSION = "0.1.0"
WORDS = ("technique", "x_name", "x_unit", "y_name", "y_unit")
NO_CURVE = {**dict.fromkeys(WORDS, ""), "x": [], "observed": [], "calculated": []}
"""of a pattern whose checkpoint is not there any more"""


def of_today(document: dict[str, Any]) -> dict[str, Any]:
    """Return a checkpoint, perhaps of version 0.1, with today's keys; raises KeyError or TypeError where it is none."""
    if "schema" in document:
        return document
    member = dict(document["member"])
    if not (isinstance(member["fits"], dict) and all(isinstance(fit, dict) for fit in member["fits"].values())):
        raise TypeError(member["fits"])
    return {**member, "fits": {c: _kept(fit) for c, fit in member["fits"].items()}, **_facts(document["files"])}


def with_members(document: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a series.json of version 0.1 with its members as today's, from their checkpoints where they are there."""
    from nanocrystal.report.series.checkpoints import checkpoint_in

    members = {
        name: checkpoint_in(folder, name) if (folder / name / MEMBER).is_file() else _recorded(member)
        for name, member in document["members"].items()
    }
    return {**document, "members": members}


def _facts(files: Any) -> dict[str, Any]:
    return {"files": files, "version": VERSION}


def _kept(fit: Mapping[str, Any]) -> dict[str, Any]:
    """Return a fit of a checkpoint with today's keys."""
    return {
        **fit,
        "parameters": _values(fit["values"]),
        "derived": _values(fit["derived"]),
        "datasets": {n: _pattern(p) for n, p in fit["patterns"].items()},
    }


def _recorded(member: Mapping[str, Any]) -> dict[str, Any]:
    """Return a member of a series.json, whose patterns have no curves."""
    fits = {
        candidate: {
            **fit,
            "message": "",
            "parameters": _values(fit["parameters"]),
            "derived": _values(fit["derived"]),
            "datasets": {n: _pattern({**NO_CURVE, **p}) for n, p in fit["datasets"].items()},
        }
        for candidate, fit in member["fits"].items()
    }
    return {**member, "fits": fits, **_facts(())}


def _values(values: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return parameters or derived quantities; those that were not finite were written as null."""
    return {a: {**v, "value": _number(v["value"])} for a, v in values.items()}


def _pattern(pattern: Mapping[str, Any]) -> dict[str, Any]:
    return {**pattern, "rw": _number(pattern["rw"])}


def _number(value: float | None) -> float:
    return math.nan if value is None else value
