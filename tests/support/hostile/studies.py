"""Example studies in which one value is another, of any kind: what a key may be given by mistake or on purpose."""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from support.hostile.seeds import Files, Seed, rows, study_seeds
from support.technique_studies import FILE, STUDIES

NAME = "study.toml"
Way = tuple[str | int, ...]
"""keys, and places in lists"""
VALUES: tuple[str, ...] = (
    '""', '" "', '"x"', '"1"', '"nan"', '"\\u0000"', '"a\\nb"', '"../../x"', '"/dev/zero"', '"/"', '"package:os/x"',
    '"a:b:c"', '"0:1:1e-12"', '"0:1:0.1"', '"1:0:0.1"', '"Cs"', '"CsPbBr3"', '"Xx99"', '"(((("', "nan", "inf", "-inf",
    "1e999", "-1", "0", "-0.0", "1", "3", "0.5", "1e-320", "1e308", "-1e308", "1e15", "999999999999", "9" * 4000,
    "true", "false", "[]", "[1]", "[1, 2]", "[2, 1]", "[0, 0]", "[nan, 1]", "[1, 'x']", "[[1, 2]]",
    "[[1, 2], [3, 4]]", "[-1e308, 1e308]", "['a']", "['a', 'b', 'c']", "['q', 'intensity']", "[true, false]", "[{}]",
    "[[], []]", "[1, 2, 3]", "[" * 90 + "]" * 90, "{}", "{a = 1}", "{value = 1}", "{value = 1, vary = true}",
    "{value = 'x'}", "{value = true}", "{value = [1]}", "{value = nan}", "{value = 1, vary = 'yes'}",
    "{value = 1, min = 2, max = 1}", "{value = 1, vary = true, min = -inf}", "{value = {}}", "{vary = true}",
    "{tie = 1}", "{tie = ''}", "{tie = '1/0'}", "{tie = 'sqrt((-1)**0.5)'}", "{tie = '10**10**10'}",
    "{tie = 'nosuch.a'}", "{tie = '1', value = 1}", "{tie = '1'}", "{distribution = 'lognormal', mean = -1, std = 0}",
    "{distribution = 'lognormal', mean = 30, std = 5}", "{distribution = 'x'}",
    "{distribution = 'normal', mean = {}, std = []}", "{distribution = 1}",
    "{distribution = 'tabulated', lengths = [1, 2], counts = [1]}",
    "{distribution = 'tabulated', lengths = [], counts = []}", "{distribution = 'tabulated', file = '/dev/zero'}",
    "{distribution = 'tabulated', lengths = [1, 'x'], counts = [1, 2]}", "2024-01-01", "12:00:00",
    "2024-01-01T00:00:00Z", "0x10", "{a = {a = {a = {a = {}}}}}", "{Pt = 1}", "{Pt = {value = 1}}", "{'' = 1}",
    "{'a.b' = 1}", "{'\\u0000' = 1}",
)  # fmt: skip
"""as TOML has them"""
SERIES = """
[series]
variable = "temperature"
unit = "K"
order = "ascending"
orders = { cooling = "descending" }
mode = "shared"
shared = ["crystals.ni.a"]
files = { d = "x_{value}.txt" }
values = [1.0, 2.0]
reports = "none"

[series.order_parameter]
expression = "crystals.ni.a - 3.5"
name = "difference"
unit = "Å"

[series.members.first]
value = 3.0
branch = "cooling"
files = { d = "x_1.txt" }
drop = ["datasets.d.qmin"]
title = "the first"
datasets = { d = { qdamp = 0.03 } }

[crystals.ni]
library = "Ni"
a = { value = 3.52, vary = true }
u_iso = { Ni = 0.005 }

[populations.p]
shape = "bulk"
crystal = "ni"

[datasets.d]
technique = "pdf"
columns = ["r", "g"]
qmax = 25.0
qmin = 1.0
"""


class Verbatim(str):
    """A value as TOML has it."""


def written(value: Any) -> str:
    """Return a value in the text of a TOML file, tables in one line."""
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(k)} = {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else repr(value)


def places(value: Any, way: Way = ()) -> Iterator[Way]:
    """Yield where something stands in nested tables and lists."""
    if way:
        yield way
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*way, key))


def replaced(value: Any, way: Way, other: Any) -> Any:
    """Return nested tables and lists with another value at one place."""
    if not way:
        return other
    if isinstance(value, list):
        return [replaced(v, way[1:], other) if k == way[0] else v for k, v in enumerate(value)]
    return {k: replaced(v, way[1:], other) if k == way[0] else v for k, v in value.items()}


@cache
def contents() -> list[tuple[dict[str, Any], Files]]:
    """Return the content of studies with all kinds of tables, and the files beside them."""
    found = []
    for seed in study_seeds():
        beside = {k: v for k, v in seed.files.items() if k != seed.named}
        found.append((tomllib.loads(seed.files[seed.named].decode()), beside))
    points = rows(np.linspace(1.0, 20.0, 50), np.ones(50)).encode()
    found.append((tomllib.loads(SERIES), {"x_1.txt": points, "x_2.txt": points}))
    for study in STUDIES.values():
        beside = {} if study.x is None else {FILE: rows(study.x, *np.ones((study.curves, len(study.x)))).encode()}
        found += [(study.content(way), beside) for way in range(len(study.ways))]
    return found


def value_seeds() -> list[Seed]:
    """Return the studies as they are."""
    return [Seed({NAME: text_of(content).encode(), **beside}, NAME, (NAME,)) for content, beside in contents()]


def text_of(content: Mapping[str, Any]) -> str:
    return "".join(f"{json.dumps(k)} = {written(v)}\n" for k, v in content.items())


def with_another_value(which: int, rng: random.Random) -> tuple[Files, tuple[str, ...]]:
    """Return a study in which one value is another, and the words of which a refusal must say one: key and table."""
    content, _ = contents()[which]
    way = rng.choice(list(places(content)))
    text = text_of(replaced(content, way, Verbatim(rng.choice(VALUES))))
    keys = [k for k in way if isinstance(k, str)]
    return {NAME: text.encode()}, tuple(dict.fromkeys([*keys[:3:2], *keys[-2:]]))


def read_and_bound(path: Path) -> Any:
    """Return nothing, after a study was read and its data sets that are read from files were joined with their data."""
    from nanocrystal import read_study
    from nanocrystal.data.supplied import SuppliedCurve

    study = read_study(path)
    for name, dataset in getattr(study, "datasets", {}).items():
        if not isinstance(getattr(dataset, "file", None), SuppliedCurve):  # of a reduction, which computes
            dataset.bind(name, study.sample, path.parent)
    return []
