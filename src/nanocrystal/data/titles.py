"""Where the headings of a table stand: above its first row, above a row of units, or as the titles of Fit2D's axes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nanocrystal.data import units
from nanocrystal.data.headings import ABSCISSAE, LONGEST, Heading, heading, is_name
from nanocrystal.data.lines import COMMENT_MARKERS, fields

_LONE_COUNT = re.compile(r"\s*\d{1,9}(\s+\d{1,3})?\s*")
_WIDE = re.compile(r"\t+|[ ]{2,}")
_WORDS_BEFORE = re.compile(r"[^|]{0,40}columns are *\|", re.IGNORECASE)
_LISTED = re.compile(r'"columns" *: *(\[[^\[\]]*\])')
_LONGEST_LINE = 5000
"""characters; no line of headings is longer"""
MOST_WORDS = 4
"""words of one heading"""


@dataclass(frozen=True)
class Titles:
    """The headings of the first columns of a table, () where there are none.

    line: the number of the line in which they stand; sure: whether the file says that it is a line of headings; axes:
    whether they are titles of axes, as Fit2D writes them, of which every word counts.
    """

    headings: tuple[Heading, ...] = ()
    line: int = 0
    sure: bool = False
    axes: bool = False

    def at(self, column: int) -> Heading:
        """Return the heading of a column, an empty one where it has none."""
        return self.headings[column] if column < len(self.headings) else Heading("")


def titles(header: Sequence[str], widths: frozenset[int], n_rows: int, trusted: bool = False) -> Titles:
    """Return the headings of a table.

    header: the lines above it; widths: numbers of columns that its rows have; trusted: whether the kind of file has
    headings, so that any words that fit are taken for them.
    """
    filled = [i for i, line in enumerate(header) if line.strip(" \t\ufeff#!%;'\"/,")]
    if not filled:
        return Titles()
    last = filled[-1]
    if len(filled) >= 3 and _LONE_COUNT.fullmatch(header[last]) and _counts(header[last], len(filled), n_rows):
        of_axes = tuple(heading(_bare(header[i])) for i in filled[-3:-1])
        return Titles(of_axes, filled[-3] + 1, sure=True, axes=True)
    unit_row = _unit_row(header[last], widths)
    if unit_row and len(filled) > 1:
        found = _titles_in(header, filled[-2], widths, trusted)
        if found.headings:
            named = (Heading(h.text, h.meaning, h.unit or u) for h, u in zip(found.headings, unit_row, strict=False))
            return Titles((*named, *found.headings[len(unit_row) :]), found.line, found.sure)
    return _titles_in(header, last, widths, trusted)


def _counts(line: str, n_lines: int, n_rows: int) -> bool:
    """Say whether a line above a table counts its rows, as the fourth line of Fit2D does."""
    return n_lines == 4 or abs(int(line.split()[0]) - n_rows) <= 1


def _bare(line: str) -> str:
    return line.strip().lstrip("\ufeff").lstrip("".join(COMMENT_MARKERS) + " \t").strip()


def _unit_row(line: str, widths: frozenset[int]) -> tuple[str, ...]:
    """Return the units of a line that holds nothing else, () for another line."""
    for cells in _splits(_bare(line)):
        plain = [cell.strip().strip("()[]") for cell in cells]
        if len(cells) in widths and all(not c or units.is_unit(c) for c in plain) and any(plain):
            return tuple(plain)
    return ()


def _titles_in(header: Sequence[str], at: int, widths: frozenset[int], trusted: bool) -> Titles:
    text = header[at].strip().lstrip("\ufeff")
    sure = text.startswith("#L ")
    text = _WORDS_BEFORE.sub("", _bare(text[3:] if sure else text))
    if len(text) > _LONGEST_LINE:
        return Titles()
    width = max(widths)
    every = [cells for cells in (*_splits(text), _grouped(text.split())) if len(cells) > 1 and all(cells)]
    found = [_placed(cells) for cells in every if len(cells) in widths]
    found = sorted(found, key=lambda f: -sum(h.known for h in f))
    if not found:  # a heading more or less than there are columns
        others = (_placed(cells[:width]) for cells in every)
        found = [f for f in others if f[0].meaning in ABSCISSAE and f[1].known]
    sure = sure or (trusted and "=" not in text)
    return Titles(found[0], at + 1, sure) if found and _credible(found[0], sure) else Titles()


def _placed(cells: Sequence[str]) -> tuple[Heading, ...]:
    """Return headings; E is an energy in the first place and an error in a later one."""
    found = [heading(cell) for cell in cells]
    of_e = ["sigma" if i else "energy" for i in range(len(found))]
    return tuple(replace(h, meaning=e) if h.text in ("E", "e") else h for h, e in zip(found, of_e, strict=True))


def _splits(text: str) -> list[list[str]]:
    """Return the cells of a line by each sign that may part them."""
    by_sign = [[c.strip() for c in text.strip("|").split("|")]] if "|" in text else []
    by_sign += [[c.strip(" []\"'") for c in listed[1].split(",")]] if (listed := _LISTED.search(text)) else []
    by_sign += [fields(text)] if {",", ";"} & set(text) else []
    return [*by_sign, [c.strip() for c in _WIDE.split(text)], text.split()]


def _grouped(words: Sequence[str]) -> list[str]:
    """Return headings of several words, each with the unit behind it."""
    cells: list[str] = []
    i = 0
    while i < len(words):
        if cells and (words[i][0] in "([" or units.is_unit(words[i])):
            closed = next((k for k in range(i, min(len(words), i + MOST_WORDS)) if words[k][-1] in ")]"), i)
            i, cells[-1] = closed + 1, " ".join([cells[-1], *words[i : closed + 1]])
            continue
        if cells and cells[-1].count("(") > cells[-1].count(")"):
            cells[-1], i = f"{cells[-1]} {words[i]}", i + 1
            continue
        longest = next((n for n in range(MOST_WORDS, 1, -1) if is_name(" ".join(words[i : i + n]))), 1)
        cells.append(" ".join(words[i : i + longest]))
        i += longest
    return cells


def _credible(found: Sequence[Heading], sure: bool) -> bool:
    """Say whether cells are headings at all, and not a sentence of as many words as there are columns."""
    if any(h.text.endswith(":") or len(h.text) > LONGEST for h in found):
        return False
    known = sum(h.known for h in found)
    first = found[0]
    named = first.meaning in ABSCISSAE and first.meaning != "x"
    remarkable = named or (bool(first.other) and units.is_unit(first.unit))
    return sure or known >= 2 or (remarkable and not any("=" in h.text for h in found))
