"""The table of numbers inside a text file: where it begins, and that nothing in it is lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nanocrystal.data.lines import has_decimal_comma, is_comment, numbers, quoted, text_lines
from nanocrystal.errors import InputError

_HOLLOW = re.compile(r"\S *\t *\t *\S")


@dataclass(frozen=True)
class Line:
    """A line that is neither blank nor a comment; `values` is empty unless it is a row of >= 2 numbers."""

    number: int
    text: str
    values: tuple[float, ...]
    after_comment: bool

    @property
    def width(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Table:
    """rows: the data block in the order of the file. header: all lines above it, as they stand."""

    rows: list[Line]
    header: list[str]
    notes: tuple[str, ...]

    @property
    def width(self) -> int:
        """Return the number of columns that every row has."""
        return min(row.width for row in self.rows)

    @property
    def widest(self) -> int:
        return max(row.width for row in self.rows)

    @property
    def widths(self) -> frozenset[int]:
        """The numbers of columns that rows have."""
        return frozenset(row.width for row in self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def first_narrower(self, width: int) -> Line | None:
        """Return the first row of fewer columns."""
        return next((row for row in self.rows if row.width < width), None)

    def beginning(self) -> str:
        """Return the first rows, one a line, as they can stand at the end of a message."""
        return "".join(f"\n    {quoted(row.text)[1:-1]}" for row in self.rows[:3])


def number_table(text: str, address: str) -> Table:
    """Return the run of rows of numbers that ends the file, with the header above it.

    Blank and comment lines may stand inside the run. Free text above it is the header, and so are
    short rows of numbers in it; text below it is not accepted.
    Raises InputError where there is no table, where text follows it or stands inside it, where a
    file holds two tables, and where a value is missing in a row.
    """
    lines = text_lines(text)
    content = _content(lines)
    end = max((i for i, line in enumerate(content) if line.width), default=-1) + 1
    if end == 0:
        raise InputError(address, _no_table(content))
    if end < len(content):
        _refuse_line(content[end], address, "follows the table of numbers; only comments (#) may")
    start = end
    while start and content[start - 1].width:
        start -= 1
    rows, notes = _without_header_rows(content[start:end])
    _refuse_interrupted(content[:start], rows, address)
    table = Table(rows=rows, header=lines[: rows[0].number - 1], notes=notes)
    widest = table.widest
    for row in rows:
        if row.width < widest and _HOLLOW.search(row.text):
            _refuse_line(row, address, "has an empty cell before its end; remove the row or fill the cell")
    return table


def _content(lines: Sequence[str]) -> list[Line]:
    content: list[Line] = []
    after_comment = False
    for n, text in enumerate(lines, start=1):
        if not text.strip(" \t\f\v\x1a,;\ufeff"):
            continue
        if is_comment(text):
            after_comment = True
            continue
        values = numbers(text) or ()
        content.append(Line(n, text, values if len(values) >= 2 else (), after_comment))
        after_comment = False
    return content


def _no_table(content: Sequence[Line]) -> str:
    if not content:
        return "holds no numbers: every line is blank or a comment"
    if any(has_decimal_comma(line.text) for line in content):
        return "holds numbers with decimal commas; write them with decimal points"
    if sum(numbers(line.text) is not None for line in content) >= 2:
        return "holds one column of numbers; a curve needs at least two, the abscissa and the ordinate"
    return f"holds no table of numbers; it begins with {quoted(content[0].text)}"


def _refuse_line(line: Line, address: str, problem: str) -> None:
    hint = "; write numbers with decimal points, not commas" if has_decimal_comma(line.text) else ""
    raise InputError(f"{address}, line {line.number}", f"{quoted(line.text)} {problem}{hint}")


def _without_header_rows(rows: list[Line]) -> tuple[list[Line], tuple[str, ...]]:
    """Return the rows without those at the top that belong to the header by their width.

    These are a first row wider than all others, and rows that a comment parts from the rest and
    whose width does not come again.
    """
    cut = 1 if len(rows) > 1 and rows[0].width > max(r.width for r in rows[1:]) else 0
    for i in range(1, min(4, len(rows))):
        above, below = {r.width for r in rows[:i]}, {r.width for r in rows[i:]}
        if rows[i].after_comment and not above & below:
            cut = i
    notes = tuple(
        f"line {r.number} ({quoted(r.text, 40)}) holds {r.width} numbers, unlike the rows below it,"
        " and is taken for a part of the header"
        for r in rows[:cut]
    )
    return rows[cut:], notes


def _refuse_interrupted(header: Sequence[Line], rows: Sequence[Line], address: str) -> None:
    """Raise InputError where the lines above `rows` are the table's own beginning, cut off by text.

    Header lines with numbers are common, so a line above counts as data only where it is one of
    three or more rows as wide as the table, or where its abscissa leads up to the table.
    """
    widths = {row.width for row in rows}
    step = rows[1].values[0] - rows[0].values[0] if len(rows) > 1 else 0.0

    def leads_up(x: float, steps: float) -> bool:
        return step != 0.0 and 0.0 < (rows[0].values[0] - x) / step < steps

    run = 0
    for i, line in enumerate(header):
        run = run + 1 if line.width in widths else 0
        follower = header[i + 1] if i + 1 < len(header) else None
        if follower is None or follower.width or not run:
            continue
        if run >= 3 or leads_up(line.values[0], 20.0):
            what = "holds one number only" if numbers(follower.text) else "is not a row of numbers"
            _refuse_line(
                follower,
                address,
                f"{what} but stands below line {line.number}, {quoted(line.text, 40)}, and above line"
                f" {rows[0].number}, {quoted(rows[0].text, 40)}; correct or remove it, or begin the"
                " lines that are not data with #",
            )
    if header:
        first = numbers(header[-1].text.split()[0].rstrip(",;"))
        words = len(header[-1].text.replace(",", " ").replace(";", " ").split())
        if first and words in widths and leads_up(first[0], 1.5):
            _refuse_line(header[-1], address, "looks like the first row of the table but is not all numbers")
