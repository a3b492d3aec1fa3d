"""What a candidate says where its study is given, and what candidates have in common: the inverse of `candidates`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nanocrystal.study.candidates import KINDS

Content = dict[str, Any]


def laid_over(content: Content, base: Content, address: str = "") -> tuple[Content, list[str]]:
    """Return what is to be laid over `base`, and the addresses to be dropped before, so that `content` comes of it.

    >>> laid_over({"a": {"value": 3.0}}, {"a": {"value": 1.0, "vary": True}, "b": 2.0})
    ({'a': {'value': 3.0}}, ['b', 'a.vary'])
    """
    dropped = [f"{address}{k}" for k in base if k not in content]
    if any("." in k for k in base if k not in content):
        return _anew(content, address)
    changed = {}
    for key, value in content.items():
        if key not in base:
            changed[key] = value
        elif value != base[key]:
            changed[key] = value
            if _join(value, base[key]):
                changed[key], removed = laid_over(value, base[key], f"{address}{key}.")
                if removed and "." in key:
                    return _anew(content, address)
                dropped += removed
                if not changed[key] and f"{address}{key}" not in removed:
                    del changed[key]
    return changed, dropped


def _anew(content: Content, address: str) -> tuple[Content, list[str]]:
    """Return a table that is dropped and said again, since a key with a dot in it has no address."""
    return content, [address.rstrip(".")]


def _join(*values: Any) -> bool:
    """Return whether one laid over the other joins it, as tables of the same kind do."""
    if not all(isinstance(v, Mapping) for v in values):
        return False
    kinds = {next((k for k in KINDS if k in v), None) for v in values} - {None}
    return len(kinds) < 2


def common_part(contents: Sequence[Content]) -> Content:
    """Return the keys that all have alike; a number or a distribution is had whole or not at all."""
    first, *others = contents
    common = {}
    for key, value in first.items():
        if not all(key in o for o in others):
            continue
        values = [value, *(o[key] for o in others)]
        if all(v == value for v in values):
            common[key] = value
        elif all(isinstance(v, Mapping) and not set(KINDS) & set(v) for v in values):
            inner = common_part(values)
            if inner:
                common[key] = inner
    return common
