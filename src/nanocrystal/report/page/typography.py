"""Plain sentences and names as they are set in print: subscripts, minus signs, powers of ten.

What is set is given as pieces, (kind, text); the macro `pieces` of the templates turns them into HTML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

Piece = tuple[str, str]
"""kind ("", "i", "sub", "sup", "link") and text"""
SPOKEN = {"two_theta": "2θ"}
"""names of abscissae as they are printed, where that is not how they are written in files"""
_DOI = r"(?P<doi>\b10\.\d{4,9}/[^\s<>&;,]*[A-Za-z0-9])"
_SUBSCRIPT = r"(?P<symbol>χ²|(?<![\w.&/-])[A-Za-zσχ])_(?P<index>\w{1,2}|red|max|min)(?!\w|\.\w|/)"
_POWER = r"(?<![\w.])(?:1(?:\.0*)?|(?P<mantissa>\d+(?:\.\d+)?))e(?P<exponent>[+-]\d+)(?!\w)"
_MINUS = r"(?P<minus>(?<![\w.)/−–-])-(?=\d))"
_SET = re.compile("|".join((_DOI, _SUBSCRIPT, _POWER, _MINUS)))
_SHORT_NAME = re.compile(r"([A-Za-z])_([A-Za-z0-9]{1,3})")


def pieces(text: str) -> list[Piece]:
    """Return a sentence as pieces: u_i and χ²_red with subscripts, −1 with a minus sign, 1e-8 as a power.

    Addresses such as populations.dots.d_ab, file names and DOIs stay as they are; a DOI becomes a link.
    """
    result: list[Piece] = []
    end = 0
    for match in _SET.finditer(text):
        result.append(("", text[end : match.start()]))
        result += _pieces_of(match)
        end = match.end()
    return [*result, ("", text[end:])]


def typeset(text: str) -> Markup:
    """Return a sentence as HTML; see `pieces`."""
    return _macro("say", text)


def short_name(name: str) -> Markup:
    """Return the name of a length or an abscissa as HTML: d_ab with a subscript, edge_length as words."""
    return _macro("short_name", name)


def spoken_name(name: str) -> str:
    """Return the name of an abscissa as it is printed."""
    return SPOKEN.get(name, name)


def name_pieces(name: str) -> list[Piece]:
    """Return the name of a length or an abscissa as pieces."""
    if match := _SHORT_NAME.fullmatch(name):
        return [("i", match[1]), ("sub", match[2])]
    return [("", SPOKEN.get(name, name.replace("_", " ")))]


def _pieces_of(match: re.Match[str]) -> list[Piece]:
    if doi := match["doi"]:
        return [("link", doi)]
    if symbol := match["symbol"]:
        return [("" if symbol == "χ²" else "i", symbol), ("sub", match["index"])]
    if exponent := match["exponent"]:
        mantissa = f"{match['mantissa']} × " if match["mantissa"] else ""
        return [("", f"{mantissa}10"), ("sup", str(int(exponent)).replace("-", "−"))]
    return [("", "−")]


def _macro(name: str, text: str) -> Markup:
    from nanocrystal.report.page.rendering import environment

    macro = getattr(environment().get_template("words.html").module, name)
    return macro(text)  # type: ignore[no-any-return]
