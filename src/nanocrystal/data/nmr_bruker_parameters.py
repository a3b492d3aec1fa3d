"""Parameter files of Bruker (acqus, procs: JCAMP-DX with ##$NAME= lines) and the lists beside them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.data.lines import quoted
from nanocrystal.data.numbers import finite_number, number_of, plain_number, whole_number_of
from nanocrystal.errors import InputError
from nanocrystal.text import read_text

LONGEST_DELAY = 1e5
"""points; digital filters delay by about 70"""
_RANGE = re.compile(r"\(0\.\.\d+\)")
_WORDS = re.compile(r"<([^<>]*)>")
_SUFFIX = {"s": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_ENTRY = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*([smun]?)", re.ASCII)

# fmt: off
GROUP_DELAY = {
    10: (
        44.75, 33.5, 66.625, 709 / 12, 68.5625, 60.375, 69.53125, 1464.5 / 24, 70.015625, 61.34375, 70.2578125,
        5904.5 / 96, 70.37890625, 11824.5 / 192, 70.439453125, 23664.5 / 384, 70.4697265625, 61.646484375,
        70.48486328125, 94704.5 / 1536, 70.492431640625,
    ),
    11: (
        46.0, 36.5, 48.0, 301 / 6, 53.25, 69.5, 72.25, 421 / 6, 72.75, 70.5, 73.0, 212 / 3, 72.5, 214 / 3, 72.25,
        215 / 3, 72.125, 431 / 6, 72.0625, 863 / 12, 72.03125,
    ),
    12: (
        46.0, 36.5, 48.0, 301 / 6, 53.25, 69.5, 71.625, 421 / 6, 72.125, 70.5, 72.375, 212 / 3, 72.5, 214 / 3, 72.25,
        215 / 3, 72.125, 431 / 6, 72.0625, 863 / 12, 72.03125,
    ),
    13: tuple(3.0 - 0.5 / d for d in (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)),
}
# fmt: on
"""DSPFVS -> delay in points for each of DECIMATION: W. M. Westler & F. Abildgaard, DMX Digital Filters and Non-Bruker
Offline Processing (1998), with the fractions that its rounded numbers stand for"""
# fmt: off
DECIMATION = (
    2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048,
)
# fmt: on


def parameter_file(path: Path) -> dict[str, Any]:
    """Return name -> number, text or list of them, from the ##$NAME= entries; raises InputError."""
    text = read_text(path, str(path))
    parameters: dict[str, Any] = {}
    for entry in re.split(r"^##", text, flags=re.MULTILINE)[1:]:
        name, _, value = entry.partition("=")
        if name.startswith("$"):
            parameters[name[1:].strip()] = _value(re.sub(r"^\$\$.*$", "", value, flags=re.MULTILINE).strip())
    if not parameters:
        raise InputError(str(path), "holds no parameters (lines that begin with ##$); it is no file of TopSpin.")
    return parameters


def _value(text: str) -> Any:
    """Return what stands behind the equals sign: '<1H>', '12.5', '(0..2) 1 2 3'."""
    listed = _RANGE.match(text)
    body = text[listed.end() :].strip() if listed else text
    if listed:
        return _WORDS.findall(body) if "<" in body else [_plain(word) for word in body.split()]
    words = _WORDS.fullmatch(body)
    return words[1] if words else _plain(body)


def _plain(text: str) -> Any:
    number = plain_number(text)
    return text if number is None else number


def group_delay(acqus: Mapping[str, Any], path: Path) -> tuple[float, str]:
    """Return by how many points the digital filter delays the signal, and a sentence; raises InputError."""
    stated = number_of(acqus, "GRPDLY", path, -1.0, least=-1.0, most=LONGEST_DELAY)
    if stated > 0.0:
        return stated, f"the digital filter delays the signal by {stated:.4g} points (GRPDLY); time begins behind them"
    version = whole_number_of(acqus, "DSPFVS", path, 0, least=-1)
    decimation = number_of(acqus, "DECIM", path, 1, least=0)
    if not 10 <= version <= 13 or decimation in (0, 1):
        return 0.0, "no digital filter delays the signal"
    table = dict(zip(DECIMATION, GROUP_DELAY[version], strict=False))
    if decimation not in table:
        raise InputError(
            str(path),
            f"says DECIM = {decimation:g} with DSPFVS = {version}, for which the delay of the digital filter is "
            "not known; process the data in TopSpin and read pdata instead.",
        )
    delay = table[int(decimation)]
    return delay, f"the digital filter delays the signal by {delay:.4g} points (DSPFVS {version}, DECIM {decimation:g})"


def list_values(path: Path) -> tuple[FloatArray, bool]:
    """Return the numbers of a list (vdlist, vclist, vplist, difflist) and whether they had units; raises InputError.

    Times with a unit (s, m, u, n: 10m is 10 ms) are in s.
    """
    values: list[float] = []
    with_units = False
    for number, line in enumerate(read_text(path, str(path)).splitlines(), start=1):
        text = line.split(";")[0].split("#")[0].strip()
        if not text:
            continue
        match = _ENTRY.fullmatch(text)
        if match is None:
            raise InputError(f"{path}, line {number}", f"{quoted(text)} is no number such as 0.5, 10m or 200u.")
        with_units |= bool(match[2])
        value = float(match[1]) * _SUFFIX.get(match[2], 1.0)
        if not math.isfinite(value):
            raise InputError(f"{path}, line {number}", f"{quoted(text)} is too large a number.")
        values.append(value)
    if not values:
        raise InputError(str(path), "is empty; it must hold one value for each trace.")
    return np.array(values), with_units


def numbered(acqus: Mapping[str, Any], name: str, prefix: str) -> dict[str, float]:
    """Return the members of a parameter list that are numbers other than 0: "D" -> {"d1": 1.0, …}."""
    stated = acqus.get(name)
    listed = stated if isinstance(stated, list) else []
    numbers = ((k, finite_number(v)) for k, v in enumerate(listed))
    return {f"{prefix}{k}": number for k, number in numbers if number}
