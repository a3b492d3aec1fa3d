"""Plain sentences and names as they are set in print: subscripts, minus signs, powers of ten."""

from __future__ import annotations

import re
from html import escape

SPOKEN = {"two_theta": "2θ"}
"""names of abscissae as they are printed, where that is not how they are written in files"""
_DOI = re.compile(r"\b(10\.\d{4,9}/[^\s<>&;,]*[A-Za-z0-9])")
_LINK = r'<a href="https://doi.org/\1" rel="noopener noreferrer">\1</a>'
_SUBSCRIPT = re.compile(r"(χ²|(?<![\w.&/-])[A-Za-zσχ])_(\w{1,2}|red|max|min)(?!\w|\.\w|/)")
_POWER = re.compile(r"(?<![\w.])(?:1(?:\.0*)?|(\d+(?:\.\d+)?))e([+-]\d+)(?!\w)")
_HYPHEN = re.compile(r"(?<![\w.)/−–-])-(?=\d)")
_SHORT_NAME = re.compile(r"([A-Za-z])_([A-Za-z0-9]{1,3})")


def typeset(text: str) -> str:
    """Return a sentence as HTML: u_i and χ²_red with subscripts, −1 with a minus sign, 1e-8 as a power.

    Addresses such as populations.dots.d_ab, file names and DOIs stay as they are; a DOI becomes a link.
    """
    parts = _DOI.split(escape(text))
    parts[0::2] = [_set(part) for part in parts[0::2]]
    parts[1::2] = [_DOI.sub(_LINK, part) for part in parts[1::2]]
    return "".join(parts)


def short_name(name: str) -> str:
    """Return the name of a length or an abscissa as HTML: d_ab with a subscript, edge_length as words."""
    if name in SPOKEN:
        return SPOKEN[name]
    if match := _SHORT_NAME.fullmatch(name):
        return f"<i>{match[1]}</i><sub>{match[2]}</sub>"
    return escape(name.replace("_", " "), quote=False)


def _set(text: str) -> str:
    text = _SUBSCRIPT.sub(lambda m: f"{_italic(m[1])}<sub>{m[2]}</sub>", text)
    text = _POWER.sub(_power, text)
    return _HYPHEN.sub("−", text)


def _italic(symbol: str) -> str:
    return symbol if symbol == "χ²" else f"<i>{symbol}</i>"


def _power(match: re.Match[str]) -> str:
    mantissa = f"{match[1]} × " if match[1] else ""
    return f"{mantissa}10<sup>{str(int(match[2])).replace('-', '−')}</sup>"
