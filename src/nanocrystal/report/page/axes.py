"""The common look of the figures: a boxed frame with inner ticks, set for print."""

from __future__ import annotations

import html
import re
from typing import Any

from nanocrystal.report.page.typography import short_name

FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"
INK = "#1A1A1A"
_SYMBOL = re.compile(r"(?<![A-Za-zα-ωΑ-Ω&])([A-Za-zα-ωΑ-Ω])(?![A-Za-zα-ωΑ-Ω;])")
_LONGEST_SYMBOL = 6
_RAISED = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "−0123456789")


def layout(height: int) -> dict[str, Any]:
    """Return what all figures share; the height is in CSS pixels."""
    return {
        "height": height,
        "margin": {"l": 64, "r": 16, "t": 40, "b": 52},
        "font": {"family": FONT, "size": 14, "color": INK},
        "paper_bgcolor": "#FFFFFF",
        "plot_bgcolor": "#FFFFFF",
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "font": {"size": 13},
        },
        "showlegend": True,
        "hoverlabel": {"font": {"size": 12}, "namelength": -1},
        "dragmode": "zoom",
        "separators": ".\u202f",
    }


def axis(title: str) -> dict[str, Any]:
    """Return a framed axis with ticks on the inside and no grid."""
    return {
        "type": "linear",
        "title": {"text": title, "standoff": 8},
        "showline": True,
        "mirror": "allticks",
        "linecolor": INK,
        "linewidth": 1,
        "ticks": "inside",
        "ticklen": 5,
        "tickcolor": INK,
        "minor": {"ticks": "inside", "ticklen": 3},
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
        "exponentformat": "power",
        "minexponent": 5,
        "hoverformat": ".5~g",
    }


def axis_title(name: str, unit: str) -> str:
    """Return 'name (unit)' for plotly.js, symbols such as r or 2θ in italics, words capitalised."""
    shown = str(short_name(name))
    if len(name) > _LONGEST_SYMBOL and shown[0].isalpha():
        shown = shown[0].upper() + shown[1:]
    elif "<" not in shown:
        shown = _SYMBOL.sub(r"<i>\1</i>", shown)
    return f"{shown} ({_raised(html.escape(unit, quote=False))})" if unit else shown


def _raised(text: str) -> str:
    """Return text with its superscript digits as raised ones: few fonts space the former well."""
    return _RAISED.sub(lambda match: f"<sup>{match[0].translate(_DIGITS)}</sup>", text)
