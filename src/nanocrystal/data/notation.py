"""In which notation a file writes its numbers: decided by evidence, refused where that leaves two readings.

A comma may part columns, be the decimal sign or part thousands. Evidence are the lines that begin with a number and
hold nothing but numbers: `0,5` and `12,25` are decimal commas, `1,900.0` and `10.5 1,900` thousands, and `10 1,900`
alone may be either.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nanocrystal.data.lines import Notation, fields, is_comment, quoted
from nanocrystal.errors import InputError

LOOKED_AT = 500
"""lines with numbers, from either end of a file, that are evidence"""
MANY_MORE = 4
"""times as many numbers with one decimal sign as with the other: those are a mistake"""
LONGEST = 2000
"""characters of a line that is evidence; the rest of it is not looked at"""
_NUMERIC = re.compile(r"[\s\"]*[+\-−]?[.,]?\d[\d.,;+\-−eEdD\s\"'nNaA]*")
_TOKEN = re.compile(r"[+\-]?([\d.,]*)(?:[eEdD][+\-]?\d+)?", re.ASCII)
_CUT = re.compile(r"[^\s;]*\Z")
"""the last number of a line that was cut"""
_LEADING_ZERO = re.compile(r"0\d+")


@dataclass
class _Evidence:
    """What numbers say: how many use comma or point as the decimal sign without doubt, and a line of each kind.

    grouped_by: mark between thousands -> a line; either: mark that may be that or the decimal sign -> a line; zeros: a
    line of whole numbers between commas of which every second has a leading zero.
    """

    separators: Counter[str] = field(default_factory=Counter)
    decimals: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    grouped_by: dict[str, str] = field(default_factory=dict)
    either: dict[str, str] = field(default_factory=dict)
    zeros: str = ""


def notation_of(text: str, address: str) -> Notation:
    """Return the notation of a text whose lines end with newlines; raises InputError where it is not one alone."""
    evidence = _Evidence()
    for line in _lines_of_numbers(text):
        _take(line, evidence)
    found = evidence.separators.most_common(1)
    separator = found[0][0] if found else ""
    if evidence.zeros and separator == ",":
        raise InputError(
            address,
            f"{quoted(evidence.zeros)} seems to hold decimal commas, and commas between its columns, too; write "
            "decimal points, or part the columns with semicolons.",
        )
    with_comma, with_point = evidence.decimals[","], evidence.decimals["."]
    if min(with_comma, with_point) * MANY_MORE >= max(with_comma, with_point) > 0 < min(with_comma, with_point):
        comma, point = (quoted(evidence.examples[mark], 40) for mark in ",.")
        raise InputError(address, f"holds decimal commas ({comma}) and points ({point}); write points throughout.")
    if with_comma > with_point:
        return Notation(separator, ",", bool(evidence.grouped_by.get(".") or evidence.either.get(".")))
    commas = evidence.either.get(",", "")
    if commas and not (with_point or evidence.either.get(".") or evidence.grouped_by):
        raise InputError(
            address,
            f"{quoted(commas)} holds a comma that may part thousands or be the decimal sign; write the numbers without "
            "commas between thousands, and with decimal points.",
        )
    return Notation(separator, ".", bool(evidence.grouped_by.get(",") or commas))


def _lines_of_numbers(text: str) -> Iterator[str]:
    """Yield lines that hold nothing but numbers, from the beginning and, in a long text, from the end."""
    yield from _numeric(_pieces(text))
    if len(text) > 2 * LOOKED_AT * 100:
        yield from _numeric(reversed(text[-100 * LOOKED_AT :].split("\n")[1:]))


def _pieces(text: str) -> Iterator[str]:
    at = 0
    while at <= len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        yield text[at : min(end, at + LONGEST)]
        at = end + 1


def _numeric(lines: Iterable[str]) -> Iterator[str]:
    seen = 0
    for line in lines:
        part = line if len(line) < LONGEST else _CUT.sub("", line[:LONGEST])
        if _NUMERIC.fullmatch(part) and not is_comment(part):
            yield part
            seen += 1
            if seen == LOOKED_AT:
                return


def _take(line: str, evidence: _Evidence) -> None:
    separator = _separator(line)
    if separator is None:
        return
    tokens = fields(line, separator)
    if len(tokens) < 2:
        return
    evidence.separators[separator] += 1
    if separator == "," and len(tokens) >= 4 and len(tokens) % 2 == 0 and not evidence.zeros:
        whole = all(t.lstrip("+-−").isdigit() for t in tokens)
        evidence.zeros = line if whole and any(_LEADING_ZERO.fullmatch(t) for t in tokens[1::2]) else ""
    for token in tokens:
        match = _TOKEN.fullmatch(token.replace("−", "-"))
        if match:
            _weigh(match[1], line, evidence)


def _separator(line: str) -> str | None:
    """Return what parts the columns of a line of numbers, None where nothing does."""
    if ";" in line:
        return ";"
    words = line.split()
    if '"' not in line and len(words) > 1 and not any(w[0] == "," or w[-1] == "," for w in words):
        return ""
    return "," if "," in line else "" if len(words) > 1 else None


def _weigh(digits: str, line: str, evidence: _Evidence) -> None:
    """Add what the marks of one number say; digits: without sign and exponent."""
    commas, points = digits.count(","), digits.count(".")
    if commas and points:
        last = "," if digits.rfind(",") > digits.rfind(".") else "."
        evidence.grouped_by["." if last == "," else ","] = line
    elif commas + points > 1:
        last = "." if commas else ","
        evidence.grouped_by["," if commas else "."] = line
    elif commas + points == 1:
        mark = "," if commas else "."
        head, _, tail = digits.partition(mark)
        if len(tail) == 3 and 0 < len(head) <= 3 and not head.startswith("0"):
            evidence.either.setdefault(mark, line)
            return
        last = mark
    else:
        return
    evidence.decimals[last] += 1
    evidence.examples.setdefault(last, line)
