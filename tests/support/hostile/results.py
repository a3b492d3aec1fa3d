"""Folders of results as they are written today."""

from __future__ import annotations

from support.outcomes import MADE


def todays_results() -> list[dict[str, bytes]]:
    """Return the files of one small result of each kind, without pages."""
    return [{k: v.encode() for k, v in make().files(has_pages=False).items()} for make in MADE.values()]
