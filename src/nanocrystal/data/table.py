"""The table of numbers inside a text file: where it begins, and that nothing in it is lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.data.block import Block, IntArray, begins_like_a_row, block_of
from nanocrystal.data.lines import Notation, fields, has_decimal_comma, quoted
from nanocrystal.data.notation import notation_of
from nanocrystal.errors import InputError

_HOLLOW = re.compile(r"\S *\t *\t *\S")
MOST_HEADER_ROWS = 10
"""rows at the top that may belong to the header by their number of columns"""
ENOUGH = 10
"""rows from which on one that is unlike all others is a mistake"""
FEW = 0.01
"""part of the rows that lack a column by mistake rather than by intention"""
LEADING = 20.0
"""steps below the first row of a table within which a row of the header seems to be a row of the table"""


@dataclass(frozen=True)
class Line:
    """A row of a table: its line, its text and how many numbers it holds."""

    number: int
    text: str
    width: int


@dataclass(frozen=True, eq=False)
class Table:
    """The data block of a file, in its order.

    text: of the whole file, its lines ending with newlines; header: all lines above the block, as they stand; lines:
    (n_rows,) the line of each row; sizes: (n_rows,) how many numbers each holds; values: all of them, one row after
    the other; notes: on what was decided or left out.
    """

    text: str
    header: list[str]
    lines: IntArray
    sizes: IntArray
    values: FloatArray
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.lines)

    @cached_property
    def width(self) -> int:
        """The number of columns that every row has."""
        return int(self.sizes.min())

    @cached_property
    def widest(self) -> int:
        """The number of columns of the widest row."""
        return int(self.sizes.max())

    @cached_property
    def widths(self) -> frozenset[int]:
        """The numbers of columns that rows have."""
        return frozenset(np.unique(self.sizes).tolist())

    def columns(self, which: Sequence[int]) -> FloatArray:
        """Return columns that every row has, counted from 0, (n_rows, n_columns)."""
        if self.width == self.widest:
            return self.values.reshape(len(self), self.width)[:, list(which)]
        starts = np.cumsum(self.sizes) - self.sizes
        return np.stack([self.values[starts + k] for k in which], axis=1)

    def rows(self) -> FloatArray:
        """Return the columns that every row has, (n_rows, width)."""
        return self.columns(range(self.width))

    def row_text(self, row: int) -> str:
        """Return a row as it stands in the file."""
        return line_of(self.text, int(self.lines[row]))

    def texts(self, lines: Sequence[int]) -> list[str]:
        """Return lines of the file as they stand."""
        every = self.text.split("\n", max(lines, default=0))
        return [every[n - 1] for n in lines]

    def first_narrower(self, width: int) -> Line | None:
        """Return the first row of fewer columns."""
        for row in np.flatnonzero(self.sizes < width)[:1]:
            return Line(int(self.lines[row]), self.row_text(row), int(self.sizes[row]))
        return None

    def mistaken(self) -> Line | None:
        """Return the first of few rows that lack columns which all others have, None where these are meant so."""
        narrow = int((self.sizes < self.widest).sum())
        few = len(self) >= ENOUGH and 0 < narrow <= max(1, FEW * len(self))
        return self.first_narrower(self.widest) if few else None

    def beginning(self) -> str:
        """Return the first rows, one a line, as they can stand at the end of a message."""
        return "".join(f"\n    {quoted(self.row_text(i))[1:-1]}" for i in range(min(3, len(self))))


def line_of(text: str, number: int) -> str:
    """Return a line of a text, counted from 1."""
    return text.split("\n", number)[number - 1]


def number_table(text: str, address: str) -> Table:
    """Return the table in a text, with the header above it.

    It begins where the file says so (a line `#### start data`, or `#L` with headings), else it is the longest run of
    rows of numbers. Blank and comment lines may stand inside of it. Above it free text is the header, and so are rows
    of numbers that do not continue in it; below it words may follow, and rows of another number of columns. What is
    left out is said in a note.
    Raises InputError where there is no table, where text stands inside it, where a file holds two, and where a value is
    missing in a row.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    notation = notation_of(plain, address)
    return _Search(plain, notation, block_of(plain, notation), address).table()


class _Search:
    """The search for the table in the lines of a file."""

    def __init__(self, text: str, notation: Notation, block: Block, address: str) -> None:
        self.text, self.notation, self.block, self.address = text, notation, block, address
        self.offsets = np.cumsum(np.where(block.widths > 1, block.widths, 0))

    def table(self) -> Table:
        runs = self._runs()
        if not len(runs):
            raise InputError(self.address, self._no_table())
        first, stop, declared = self._chosen(runs)
        first, notes = self._without_header_rows(first, stop)
        stop, cut_off = self._without_last_row(first, stop)
        if not declared:
            notes += self._above(first, stop)
        notes += self._below(first, stop)
        sizes = self.block.widths[first:stop]
        before = self.offsets[first] - self.block.widths[first]
        number = int(self.block.numbers[first])
        table = Table(
            text=self.text,
            header=self.text.split("\n", number - 1)[: number - 1],
            lines=self.block.numbers[first:stop],
            sizes=sizes,
            values=self.block.values[before : before + int(sizes.sum())],
            notes=(*self.notation.note, *notes, *cut_off),
        )
        self._refuse_hollow(table)
        return table

    # ---- where it is ----------------------------------------------------------------------------

    def _runs(self) -> IntArray:
        """Return first and stop of runs of rows that no other line parts, nor a mark: places in the block, (n, 2)."""
        rows = np.flatnonzero(self.block.widths > 1)
        if not len(rows):
            return np.zeros((0, 2), dtype=np.int64)
        marks = np.array([line for line, kind in self.block.marks if kind != "#S"], dtype=np.int64)
        behind = np.searchsorted(marks, self.block.numbers[rows])
        parted = np.flatnonzero((np.diff(rows) > 1) | (np.diff(behind) > 0)) + 1
        firsts = rows[np.concatenate([[0], parted])]
        lasts = rows[np.concatenate([parted - 1, [len(rows) - 1]])]
        return np.stack([firsts, lasts + 1], axis=1)

    def _chosen(self, runs: IntArray) -> tuple[int, int, bool]:
        """Return first and stop of the run that is the table, and whether the file says that it begins there."""
        above = np.concatenate([[0], self.block.numbers])[runs[:, 0]]
        numbers, sizes = self.block.numbers[runs[:, 0]], runs[:, 1] - runs[:, 0]
        marks = np.array([line for line, kind in self.block.marks if kind != "#S"], dtype=np.int64)
        declared = np.searchsorted(marks, numbers) > np.searchsorted(marks, above)
        begun = [line for line, kind in self.block.marks if kind == "start data"]
        possible = numbers > begun[0] if begun else np.ones(len(runs), dtype=np.bool_)
        if declared[possible].any():  # what stands above a table that is declared is its header, however long
            best = np.flatnonzero(declared & possible)
            possible = possible & (np.arange(len(runs)) >= best[np.argmax(sizes[best])])
        possible = possible if possible.any() else ~possible
        chosen = int(np.argmax(np.where(possible, sizes, 0)))
        return int(runs[chosen, 0]), int(runs[chosen, 1]), bool(declared[chosen])

    def _no_table(self) -> str:
        numbers, widths = self.block.numbers, self.block.widths
        if not len(numbers):
            return "holds no numbers: every line is blank or a comment"
        if (widths == 1).sum() >= 2:
            return "holds one column of numbers; a curve needs at least two, the abscissa and the ordinate"
        return f"holds no table of numbers; it begins with {quoted(line_of(self.text, int(numbers[0])))}"

    # ---- its ends ---------------------------------------------------------------------------------

    def _without_header_rows(self, first: int, stop: int) -> tuple[int, list[str]]:
        """Return where a run begins without rows at its top that belong to the header, and notes on these.

        These are of a number of columns that does not come again: one row wider than all others, narrower ones that do
        not lead up to the rest, and any that a comment parts from it.
        """
        widths = self.block.widths[first:stop]
        most = min(MOST_HEADER_ROWS, len(widths) - 1)
        below = frozenset(np.unique(widths[most:]).tolist())
        cut = 0
        for k in range(most, 0, -1):
            above = set(widths[:k].tolist())
            if not above & below and (
                self._after_comment(first + k)
                or (k == 1 and widths[0] > max(below))
                or (max(above) < min(below) and not self._leads_up(first + k - 1, first + k, LEADING))
            ):
                cut = k
                break
            below |= {int(widths[k - 1])}
        notes = [
            f"line {self.block.numbers[i]} ({quoted(self._text(i), 40)}) holds {self.block.widths[i]} numbers, unlike"
            " the rows below it, and is taken for a part of the header"
            for i in range(first, first + cut)
        ]
        return first + cut, notes

    def _without_last_row(self, first: int, stop: int) -> tuple[int, list[str]]:
        """Return where a run ends, without a last row that lacks a number as no other row does, and a note on it."""
        widths = self.block.widths[first:stop]
        if len(widths) < ENOUGH or widths[-1] >= widths[:-1].min():
            return stop, []
        what = f"line {self.block.numbers[stop - 1]} ({quoted(self._text(stop - 1), 40)})"
        needed = widths[:-1].min()
        return stop - 1, [
            f"{what}, the last, has {widths[-1]} of {needed} numbers, as in a file cut off; it is left out"
        ]

    def _after_comment(self, place: int) -> bool:
        """Say whether comments part a line from the one above it."""
        low, high = (int(n) for n in self.block.numbers[place - 1 : place + 1])
        return bool(np.searchsorted(self.block.comments, high) > np.searchsorted(self.block.comments, low))

    def _leads_up(self, place: int, first: int, steps: float, x: float | None = None) -> bool:
        """Say whether the abscissa of a line lies less than so many steps of the table before that of its first row."""
        if first + 1 >= len(self.block.widths) or self.block.widths[first + 1] < 2:
            return False
        start, second = self._x(first), self._x(first + 1)
        step, x = second - start, self._x(place) if x is None else x
        return step != 0.0 and 0.0 < (start - x) / step < steps

    def _x(self, place: int) -> float:
        return float(self.block.values[self.offsets[place] - self.block.widths[place]])

    # ---- what is beside it ------------------------------------------------------------------------

    def _above(self, first: int, stop: int) -> list[str]:
        """Return a note on rows of numbers above the table; raises InputError where they seem to be its beginning.

        Header lines with numbers are common, so a line above counts as data only where it is one of three or more rows
        as wide as the table, or where its abscissa leads up to the table.
        """
        widths = frozenset(np.unique(self.block.widths[first:stop]).tolist())
        of_header = self.block.widths[:first].tolist()
        run = 0
        for i, width in enumerate(of_header):
            run = run + 1 if width > 1 and width in widths else 0
            if not run or i + 1 == first or of_header[i + 1] > 1:
                continue
            if run >= 3 or self._leads_up(i, first, LEADING):
                self._refuse_parted(i, i + 1, first)
        if first and of_header[-1] < 2:
            self._refuse_odd_row(first - 1, first, widths)
        rows = [i for i, width in enumerate(of_header) if width > 1]
        if not rows:
            return []
        where = f"line {self.block.numbers[rows[0]]} ({quoted(self._text(rows[0]), 40)})"
        if len(rows) > 1:
            where = f"{len(rows)} lines of numbers above the table, the first {where},"
        return [f"{where} {'are' if len(rows) > 1 else 'is'} taken for a part of the header"]

    def _refuse_odd_row(self, place: int, first: int, widths: frozenset[int]) -> None:
        """Raise InputError where the text above a table has the form of its first row, but is not all numbers."""
        text = self._text(place)
        words = text.replace(",", " ").replace(";", " ").split()
        cells = {len(words), len(text.split()), len(fields(text, self.notation.separator))}
        alike = cells & widths or (len(words) > 1 and words[1].lstrip("+-.")[:1].isdigit())
        x = self._number_in_front(text)
        if x is not None and alike and self._leads_up(place, first, 1.5, x):
            self._refuse(place, "looks like the first row of the table but is not all numbers")

    def _number_in_front(self, text: str) -> float | None:
        words = text.replace(";", " ").split()
        try:
            return float(words[0].rstrip(",").replace(",", ".")) if words else None
        except ValueError:
            return None

    def _below(self, first: int, stop: int) -> list[str]:
        """Return a note on what follows the table; raises InputError where that seems to be a part of it."""
        widths = frozenset(np.unique(self.block.widths[first:stop]).tolist())
        following = self.block.widths[stop:]
        alike = np.flatnonzero(np.isin(following, list(widths)) & (following > 1))
        if len(alike):
            row = stop + int(alike[0])
            words = np.flatnonzero(following[: row - stop] < 2)
            if not len(words):
                lines = f"{self.block.numbers[first]} to {self.block.numbers[stop - 1]}"
                raise InputError(
                    self.address,
                    f"holds two tables, in the lines {lines} and from line {self.block.numbers[row]}; keep one.",
                )
            self._refuse_parted(stop - 1, stop + int(words[0]), row)
        for place in range(stop, len(self.block.widths)):
            if self.block.widths[place] < 2 and begins_like_a_row(self._text(place), self.notation):
                self._refuse(place, "follows the table of numbers; only words and comments (#) may")
            if place > stop + MOST_HEADER_ROWS:
                break
        if not len(following):
            return []
        what = f"line {self.block.numbers[stop]} ({quoted(self._text(stop), 40)})"
        if len(following) > 1:
            return [f"{len(following)} lines below the table, from {what} on, are left out"]
        return [f"{what}, below the table, is left out"]

    def _refuse_parted(self, above: int, between: int, below: int) -> None:
        what = "holds one number only" if self.block.widths[between] == 1 else "is not a row of numbers"
        self._refuse(
            between,
            f"{what} but stands below line {self.block.numbers[above]}, {quoted(self._text(above), 40)}, and above line"
            f" {self.block.numbers[below]}, {quoted(self._text(below), 40)}; correct or remove it, or begin the"
            " lines that are not data with #",
        )

    def _refuse(self, place: int, problem: str) -> None:
        text = self._text(place)
        hint = ""
        if has_decimal_comma(text) and self.notation.decimal == ".":
            hint = "; write numbers with decimal points, not commas"
        raise InputError(f"{self.address}, line {self.block.numbers[place]}", f"{quoted(text)} {problem}{hint}")

    def _refuse_hollow(self, table: Table) -> None:
        """Raise InputError for a row with an empty cell between tabs, which leaves it narrower than others."""
        if table.width == table.widest or "\t" not in self.text:
            return
        lines = self.text.split("\n")
        for row in np.flatnonzero(table.sizes < table.widest).tolist():
            text = lines[int(table.lines[row]) - 1]
            if _HOLLOW.search(text):
                raise InputError(
                    f"{self.address}, line {table.lines[row]}",
                    f"{quoted(text)} has an empty cell before its end; remove the row or fill the cell",
                )

    def _text(self, place: int) -> str:
        return line_of(self.text, int(self.block.numbers[place]))
