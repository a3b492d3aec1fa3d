"""Single lines of a data file: comments, and rows of numbers in the notation of the file."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass

COMMENT_MARKERS = ("#", "!", "%", ";", "'", "//")

# Fortran writes `-.1567`, `1.0D+03`, and drops the letter of a three-digit exponent: `0.1-100`.
_NUMBER = re.compile(
    r"(?P<mantissa>[+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:[eEdD](?P<exponent>[+-]?\d+))?"
    r"|(?P<bare>[+-]?(?:\d+\.\d*|\.\d+))(?P<bare_exponent>[+-]\d{3})",
    re.ASCII,
)
_INFINITE = re.compile(r"([+-]?)inf(inity)?", re.IGNORECASE)
_MISSING = re.compile(
    r"[+-]?nan(\(\w*\))?|[+-]?1\.#\w+|#?n/?a|#num!|#div/0!|#value!|null|none|missing|-{1,3}|\?|\.|\*+|",
    re.IGNORECASE,
)
_GROUPED = {
    mark: re.compile(rf"[+-]?\d{{1,3}}(?:{re.escape(mark)}\d{{3}})+(?:{re.escape(point)}\d*)?", re.ASCII)
    for mark, point in ((",", "."), (".", ","))
}
_DECIMAL_COMMA = re.compile(r"\d,\d")
_NEWLINE = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Notation:
    """How the numbers of a table are written.

    separator: of columns, "" for blanks and tabs; decimal: the sign; grouped: whether the other of point and comma
    parts thousands.
    """

    separator: str = ""
    decimal: str = "."
    grouped: bool = False

    @property
    def note(self) -> tuple[str, ...]:
        """What is said of a notation that programs do not share."""
        read = ["decimal commas were read as decimal points"] if self.decimal == "," else []
        mark = "points" if self.decimal == "," else "commas"
        read += [f"{mark} between thousands were left out"] if self.grouped else []
        return ("; ".join(read),) if read else ()


def text_lines(text: str) -> list[str]:
    """Return the lines of a text, which end as files of any system do and not at other signs that could be ends."""
    return _NEWLINE.split(text)


def is_comment(text: str) -> bool:
    return text.lstrip().startswith(COMMENT_MARKERS)


def number(token: str, notation: Notation | None = None) -> float | None:
    """Return the value of one token; NaN for a token that marks a missing value, None for a word."""
    token = token.replace("−", "-")
    if notation is not None:
        if notation.grouped:
            mark = "." if notation.decimal == "," else ","
            token = token.replace(mark, "") if _GROUPED[mark].fullmatch(token) else token
        if notation.decimal == ",":
            if "." in token and _NUMBER.fullmatch(token):
                return None  # a decimal point among decimal commas
            token = token.replace(",", ".")
    match = _NUMBER.fullmatch(token)
    if match:
        mantissa = match["mantissa"] or match["bare"]
        return float(f"{mantissa}e{match['exponent'] or match['bare_exponent'] or '0'}")
    infinite = _INFINITE.fullmatch(token)
    if infinite:
        return -math.inf if infinite[1] == "-" else math.inf
    return math.nan if _MISSING.fullmatch(token) else None


def separator_of(text: str) -> str:
    """Return what parts the columns of a line: semicolons, else commas, else blanks ("")."""
    return next((s for s in (";", ",") if s in text), "")


def fields(text: str, separator: str | None = None) -> list[str]:
    """Return the tokens of a line; separator: "" for blanks; by default as the line shows.

    Empty tokens at the end are left out: spreadsheets fill rows up with separators.
    """
    separator = separator_of(text) if separator is None else separator
    if separator and '"' in text and "\n" not in text:
        try:
            cells = next(csv.reader([text], delimiter=separator, skipinitialspace=True), [])
        except csv.Error:
            cells = text.split(separator)
    else:
        cells = text.split(separator or None)
    tokens = [cell.strip().strip('"').strip() for cell in cells]
    while tokens and not tokens[-1]:
        tokens.pop()
    return tokens


def numbers(text: str, notation: Notation | None = None) -> tuple[float, ...] | None:
    """Return the values of a line of numbers, None for a line that holds words.

    The first token must be a number; behind it, missing values are NaN.
    """
    tokens = fields(text, None if notation is None else notation.separator)
    if not tokens:
        return None
    first = number(tokens[0], notation)
    if first is None or (not math.isfinite(first) and not _NUMBER.fullmatch(tokens[0].replace("−", "-"))):
        return None
    values = [first, *(number(t, notation) for t in tokens[1:])]
    return None if None in values else tuple(v for v in values if v is not None)


def has_decimal_comma(text: str) -> bool:
    return bool(_DECIMAL_COMMA.search(text))


def quoted(text: str, length: int = 80) -> str:
    """Return a line as it can stand in a message: on one line, printable, not too long."""
    bare = text.strip()
    shown = "".join(c if c.isprintable() else " " for c in bare[: length + 1])
    return f"'{shown[:length]}…'" if len(bare) > length else f"'{shown}'"
