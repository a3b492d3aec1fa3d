"""The lines of a text, and the numbers in them: many at once where nothing but numbers stands, else line by line.

Text is taken in pieces of whole lines. A piece of which every sign belongs to a number, to a separator or to a line end
is read by one call; each of its lines must then hold as many numbers as it has words. Any other piece is read line by
line, by `lines.numbers`, with the same result.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nanocrystal.arrays import FloatArray
from nanocrystal.data.lines import COMMENT_MARKERS, Notation, number, numbers

IntArray = NDArray[np.int64]
PIECE = 1 << 16
"""characters that are read at once, the line that they end in included"""
_IGNORED = " \t\f\v\x1a,;\ufeff"
_START_DATA = re.compile(r"#+[ \t]*start data", re.IGNORECASE)
_EMPTY_CELL = {sign: re.compile(rf"{sign}[ \t]*(?:{sign}|\n)|(?:\A|\n)[ \t]*{sign}".encode()) for sign in ",;"}
_WORDS = re.compile(r"[^0-9+\-.eEdD \t\n,;]")
_TO_PLAIN = bytes.maketrans(b"dD", b"ee")


@dataclass(frozen=True, eq=False)
class Block:
    """All lines of a text that are neither blank nor comments.

    numbers: (n_lines,) which lines they are; widths: (n_lines,) how many numbers each holds, 0 for words; values: all
    numbers of lines with two and more, one after the other; comments: which lines are comments; marks: (line, kind) of
    those that say where a table begins: "start data", "#L", "#S".
    """

    numbers: IntArray
    widths: IntArray
    values: FloatArray
    comments: IntArray
    marks: tuple[tuple[int, str], ...]


@dataclass
class _Found:
    """What was found so far, piece by piece."""

    numbers: list[IntArray] = field(default_factory=list)
    widths: list[IntArray] = field(default_factory=list)
    values: list[FloatArray] = field(default_factory=list)
    comments: list[int] = field(default_factory=list)
    marks: list[tuple[int, str]] = field(default_factory=list)


def block_of(text: str, notation: Notation) -> Block:
    """Return the lines of a text whose lines end with newlines."""
    found = _Found()
    for line, piece in _pieces(text):
        if not _many_at_once(piece, line, notation, found):
            _one_by_one(piece, line, notation, found)
    whole = np.int64
    return Block(
        np.concatenate(found.numbers) if found.numbers else np.zeros(0, whole),
        np.concatenate(found.widths) if found.widths else np.zeros(0, whole),
        np.concatenate(found.values) if found.values else np.zeros(0),
        np.array(found.comments, dtype=whole),
        tuple(found.marks),
    )


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Yield pieces of whole lines, each with the number of its first line; one ends with the last words in it."""
    at, line = 0, 1
    while at < len(text):
        end = text.find("\n", at + PIECE)
        end = len(text) if end < 0 else end + 1
        words = _WORDS.search(text[at:end][::-1])
        if words is not None:
            end = text.find("\n", end - 1 - words.start(), end) + 1 or end
        piece = text[at:end]
        yield line, piece
        line += piece.count("\n")
        at = end


# ---- many lines at once -----------------------------------------------------------------------------


def _many_at_once(piece: str, first_line: int, notation: Notation, found: _Found) -> bool:
    """Add the lines of a piece that holds nothing but numbers; say whether it does."""
    raw = _plain(piece, notation)
    if raw is None:
        return False
    signs = np.frombuffer(raw, dtype=np.uint8)
    filled = signs > ord(" ")
    begins = filled & ~np.concatenate([[False], filled[:-1]])
    ends = np.flatnonzero(signs == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    widths = np.add.reduceat(begins, starts, dtype=np.int64)
    if (widths == 1).any():
        return False
    total = int(widths.sum())
    values = _values(raw) if total else np.zeros(0)
    if values is None or len(values) != total:
        return False
    kept = np.flatnonzero(widths)
    found.numbers.append(kept + first_line)
    found.widths.append(widths[kept])
    found.values.append(values)
    return True


def _plain(piece: str, notation: Notation) -> bytes | None:
    """Return a piece as blanks, line ends and numbers with points; None where it holds any other sign."""
    separator, decimal = notation.separator, notation.decimal
    allowed = b"0123456789+-.eEdD \t\n" + f"{separator}{decimal if decimal == ',' else ''}".encode()
    try:
        raw = piece.encode("ascii")
    except UnicodeEncodeError:
        return None
    if raw.translate(None, allowed):
        return None
    if separator and _EMPTY_CELL[separator].search(raw):
        return None
    if decimal == ",":
        if b"." in raw:
            return None
        raw = raw.replace(b";", b" ").replace(b",", b".")
    elif separator:
        raw = raw.replace(separator.encode(), b" ")
    raw = raw.translate(_TO_PLAIN)
    return raw if raw.endswith(b"\n") else raw + b"\n"


def _values(raw: bytes) -> FloatArray | None:
    """Return all numbers of a text, None where one of its words is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return np.asarray(np.fromstring(raw, dtype=np.float64, sep=" "))
        except (DeprecationWarning, ValueError):
            return None


# ---- line by line -----------------------------------------------------------------------------------


def _one_by_one(piece: str, first_line: int, notation: Notation, found: _Found) -> None:
    which: list[int] = []
    widths: list[int] = []
    values: list[float] = []
    lines = piece.split("\n")
    for n, text in enumerate(lines[: None if lines[-1] else -1], start=first_line):
        if not text.strip(_IGNORED):
            continue
        bare = text.lstrip().lstrip("\ufeff")
        if bare.startswith(COMMENT_MARKERS):
            found.comments.append(n)
            _mark(bare, n, found)
            continue
        row = numbers(text, notation) or ()
        which.append(n)
        widths.append(len(row))
        if len(row) > 1:
            values += row
    if which:
        found.numbers.append(np.array(which, dtype=np.int64))
        found.widths.append(np.array(widths, dtype=np.int64))
        found.values.append(np.array(values, dtype=np.float64))


def _mark(comment: str, line: int, found: _Found) -> None:
    if comment[:3] in ("#L ", "#L\t", "#S "):
        found.marks.append((line, comment[:2]))
    elif _START_DATA.match(comment):
        found.marks.append((line, "start data"))


def begins_like_a_row(text: str, notation: Notation) -> bool:
    """Say whether the first word of a line is a number."""
    words = text.replace(notation.separator, " ").split() if notation.separator else text.split()
    value = number(words[0].strip('"'), notation) if words else None
    return value is not None and not np.isnan(value)
