"""Files of a series, found by a pattern of their names: "x_{value}K.gr", or "{branch}/x_{value}.gr"."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from nanocrystal.data.resources import PREFIX, package_folder
from nanocrystal.errors import InputError

PLACEHOLDERS = ("value", "branch")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
Place = tuple[float, str]
"""value of the series variable, and branch ("" for none)"""


def files_of_pattern(pattern: str, folder: Path, where: str) -> dict[Place, str]:
    """Return (value, branch) -> file, named as the pattern names it, for all files that fit a pattern.

    Raises InputError for a pattern without {value}, where no file fits, where what stands in the place of {value} is
    no number, and where two files have the same value.
    """
    _check_pattern(pattern, where)
    prefix, root, inner = _begun(pattern, folder, where)
    files: dict[Place, str] = {}
    for path, named in _fitting(root, inner.split("/"), {}):
        file = f"{prefix}{path}"
        place = (_number(named["value"], file, where), named.get("branch", ""))
        if place in files:
            raise InputError(
                where,
                f"has two files of one value, {files[place]!r} and {file!r}; take one away, or tell them apart "
                "by {branch}.",
            )
        files[place] = file
    if not files:
        raise InputError(where, f"no file has a name such as {pattern!r} in {str(root)!r}; name the files as they are.")
    return files


def _check_pattern(pattern: str, where: str) -> None:
    names = _PLACEHOLDER.findall(pattern)
    for name in names:
        if name not in PLACEHOLDERS:
            raise InputError(where, f"has {{{name}}}, but only {{value}} and {{branch}} can stand in a pattern.")
    if names.count("value") != 1 or names.count("branch") > 1:
        raise InputError(
            where,
            f'must have {{value}} once, where the file names have the value, such as "x_{{value}}K.gr"; '
            f'got "{pattern}". A single file belongs to [series.members.NAME].',
        )


def _begun(pattern: str, folder: Path, where: str) -> tuple[str, Path, str]:
    """Return the prefix of all names, the folder where the search begins, and the pattern below it."""
    if pattern.startswith(PREFIX):
        package, _, inner = pattern.removeprefix(PREFIX).partition("/")
        return f"{PREFIX}{package}/", package_folder(package, where), inner
    if pattern.startswith("/"):
        return "/", Path("/"), pattern.lstrip("/")
    return "", folder, pattern


def _fitting(folder: Path, parts: list[str], named: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the paths below a folder that fit the parts of a pattern, and what stands for its placeholders."""
    part, *rest = parts
    if not _PLACEHOLDER.search(part):
        matches = [(part, named)] if (folder / part).exists() else []
    else:
        shape = re.compile(_PLACEHOLDER.sub(r"(?P<\1>.+?)", re.sub(r"([.^$*+?()\[\]|\\])", r"\\\1", part)))
        names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
        matches = [(name, {**named, **m.groupdict()}) for name in names if (m := shape.fullmatch(name))]
    for name, seen in matches:
        if rest:
            yield from ((f"{name}/{path}", values) for path, values in _fitting(folder / name, rest, seen))
        elif (folder / name).is_file():
            yield name, seen


def _number(text: str, file: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(where, f"{file!r} has {text!r} where the value should be, which is not a number; rename it.")
    return value
