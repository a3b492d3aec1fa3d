"""Single lines of a data file: comments, and rows of numbers."""

from __future__ import annotations

import math
import re

COMMENT_MARKERS = ("#", "!", "%", ";", "'", "//")

# Fortran writes `-.1567`, `1.0D+03`, and drops the letter of a three-digit exponent: `0.1-100`.
_NUMBER = re.compile(
    r"(?P<mantissa>[+-]?(?:\d+\.?\d*|\.\d+))(?:[eEdD](?P<exponent>[+-]?\d+))?"
    r"|(?P<bare>[+-]?(?:\d+\.\d*|\.\d+))(?P<bare_exponent>[+-]\d{3})",
    re.ASCII,
)
_INFINITE = re.compile(r"([+-]?)inf(inity)?", re.IGNORECASE)
_MISSING = re.compile(
    r"[+-]?nan(\(\w*\))?|[+-]?1\.#\w+|#?n/?a|#num!|#div/0!|#value!|null|none|missing|-{1,3}|\?|\.|\*+|",
    re.IGNORECASE,
)
_DECIMAL_COMMA = re.compile(r"\d,\d+[;\s]+[+-]?\d")
_NEWLINE = re.compile(r"\r\n|\r|\n")


def text_lines(text: str) -> list[str]:
    """Return the lines of a text, which end as files of any system do and not at other signs that could be ends."""
    return _NEWLINE.split(text)


def is_comment(text: str) -> bool:
    return text.lstrip().startswith(COMMENT_MARKERS)


def number(token: str) -> float | None:
    """Return the value of one token; NaN for a token that marks a missing value, None for a word."""
    token = token.replace("−", "-")
    match = _NUMBER.fullmatch(token)
    if match:
        mantissa = match["mantissa"] or match["bare"]
        return float(f"{mantissa}e{match['exponent'] or match['bare_exponent'] or '0'}")
    infinite = _INFINITE.fullmatch(token)
    if infinite:
        return -math.inf if infinite[1] == "-" else math.inf
    return math.nan if _MISSING.fullmatch(token) else None


def fields(text: str) -> list[str]:
    """Return the tokens of a line, separated by semicolons, else by commas, else by blanks.

    Empty tokens at the end are left out: spreadsheets fill rows up with separators.
    """
    separator = next((s for s in (";", ",") if s in text), None)
    tokens = [t.strip().strip('"').strip() for t in text.split(separator)]
    while tokens and not tokens[-1]:
        tokens.pop()
    return tokens


def numbers(text: str) -> tuple[float, ...] | None:
    """Return the values of a line of numbers, None for a line that holds words.

    The first token must be a number; behind it, missing values are NaN.
    """
    tokens = fields(text)
    if not tokens or not _NUMBER.fullmatch(tokens[0].replace("−", "-")):
        return None
    values = [number(t) for t in tokens]
    return None if None in values else tuple(v for v in values if v is not None)


def has_decimal_comma(text: str) -> bool:
    return bool(_DECIMAL_COMMA.search(text))


def quoted(text: str, length: int = 80) -> str:
    """Return a line as it can stand in a message: on one line, printable, not too long."""
    bare = text.strip()
    shown = "".join(c if c.isprintable() else " " for c in bare[: length + 1])
    return f"'{shown[:length]}…'" if len(bare) > length else f"'{shown}'"
