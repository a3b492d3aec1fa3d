"""Checkpoints: the members of a series on the disk, each in a folder of its own, as soon as they are done.

They stand in the folder of the series, whose series.json says until the end that there is more to come. Where an
earlier result stands there they are kept aside, and replace it together at the end: until then it is as it was.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nanocrystal.report.beside import UNREADABLE, beside
from nanocrystal.report.files import files_there, listed_files, ours
from nanocrystal.report.outcome import SCHEMA, json_text
from nanocrystal.report.page.rendering import PLOTLY, plotly_text
from nanocrystal.report.series.result import JOINT, MEMBER, SERIES, MemberResult, SeriesResult
from nanocrystal.report.series.version_0_1 import of_today
from nanocrystal.report.together import settle, text_of, write_together

ASIDE = ".nanocrystal-series"


def workplace(folder: Path) -> Path:
    """Return where members are written: the folder of the series, or one in it where an earlier result stands there."""
    with contextlib.suppress(OSError, ValueError):
        if "variable" in _read(folder / SERIES):
            return folder / ASIDE
    return folder


def write_begun(folder: Path, title: str, shares_script: bool, texts: Mapping[str, str] | None = None) -> None:
    """Write files into a workplace, what all pages share, and a series.json that says that there is more to come."""

    def all_of_them() -> dict[str, str]:
        made = {**(texts or {}), **({PLOTLY: plotly_text()} if shares_script else {})}
        begun = {"schema": SCHEMA, "kind": SeriesResult.kind, "title": title, "complete": False, "members": {}}
        return {**made, SERIES: json_text(begun | {"files": sorted({*made, SERIES, *files_there(folder, SERIES)})})}

    write_together(all_of_them, folder)


def write_member(member: MemberResult, texts: Mapping[str, str], folder: Path) -> MemberResult:
    """Write the files of a member to its folder in a workplace; those of an earlier one are removed.

    Returns the member with the names of its files.
    """
    kept = with_files(member, texts)
    older = listed_files(folder / member.name, MEMBER)
    write_together({**texts, MEMBER: member_text(kept)}, folder / member.name, older)
    return kept


def with_files(member: MemberResult, texts: Iterable[str]) -> MemberResult:
    """Return a member with the names of its files, its checkpoint among them."""
    return replace(member, files=sorted([*texts, MEMBER]))


def member_text(member: MemberResult) -> str:
    """Return the checkpoint of a member."""
    return json_text(member.document())


def read_member(folder: Path, name: str) -> MemberResult | None:
    """Return the result of a member from its checkpoint in a folder, None where there is none that can be read."""
    try:
        return MemberResult.from_document(_read(folder / name / MEMBER))
    except UNREADABLE:
        return None


def known_members(folder: Path, name: str) -> list[MemberResult]:
    """Return the results of a member in the folder of a series: the one kept aside, and that in its place."""
    found = (read_member(place, name) for place in (folder / ASIDE, folder))
    return [member for member in found if member is not None]


def checkpoint_in(folder: Path, name: str) -> dict[str, Any]:
    """Return the checkpoint of a member with today's keys; raises OSError, ValueError, KeyError or TypeError."""
    return of_today(_read(beside(folder, f"{name}/{MEMBER}")))


def settle_members(folder: Path, names: Iterable[str]) -> None:
    """Finish or remove what runs that have ended left of their writing of members; raises OSError."""
    for place in (folder, folder / ASIDE):
        settle(place)
        for name in names:
            settle(place / name)


def kept_aside(series: SeriesResult, folder: Path) -> tuple[dict[str, Path], set[str]]:
    """Return the files of a series that stand aside (name -> where), and those in their places that they replace."""
    aside = folder / ASIDE
    moved = {PLOTLY: aside / PLOTLY} if (aside / PLOTLY).is_file() else {}
    replaced: set[str] = set()
    standing = ours(folder, SERIES)
    has_moved = False
    for member in series.members:
        kept = read_member(aside, member.name)
        if kept is not None and kept.fingerprint == member.fingerprint:
            moved |= {f"{member.name}/{name}": aside / member.name / name for name in kept.files}
            replaced |= {name for name in standing if name.startswith(f"{member.name}/")}
            has_moved = True
    if has_moved and (aside / JOINT).is_dir():
        files = [path.relative_to(aside) for path in (aside / JOINT).rglob("*") if path.is_file()]
        moved |= {path.as_posix(): aside / path for path in files}
        replaced |= {name for name in standing if name.startswith(f"{JOINT}/")}
    return {name: path for name, path in moved.items() if path.is_file()}, replaced - set(moved)


def remove_aside(folder: Path) -> None:
    """Remove what stood aside, once it is in its place."""
    shutil.rmtree(folder / ASIDE, ignore_errors=True)


def _read(path: Path) -> dict[str, Any]:
    """Return the document of a file; raises OSError, or ValueError where it is none."""
    document = json.loads(text_of(path))
    if not isinstance(document, dict):
        raise ValueError(path)
    return document
