"""The whole report as one HTML file that needs nothing but a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from string import Template
from typing import Any

from nanocrystal.report.page import sections
from nanocrystal.report.page.figures import Figure
from nanocrystal.report.page.typography import SPOKEN

_HERE = "nanocrystal.report.page"
_UNSAFE_IN_SCRIPT = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


@dataclass
class Drawn:
    """The figures of a page, numbered as they come, by the key of their element."""

    figures: dict[str, Figure] = field(default_factory=dict)
    pictures: dict[str, Any] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.figures) + len(self.pictures)

    def add(self, figure: Figure) -> str:
        """Keep a figure and return its key."""
        key = f"figure-{self.count + 1}"
        self.figures[key] = figure
        return key

    def add_atoms(self, data: dict[str, Any]) -> str:
        """Keep a picture of atoms and return its key."""
        key = f"figure-{self.count + 1}"
        self.pictures[key] = data
        return key


def page(
    kind: str,
    title: str,
    version: str,
    verdict: str,
    bodies: Sequence[tuple[str, str, str]],
    drawn: Drawn,
    data: Mapping[str, Any],
) -> str:
    """Return a whole page: its head with the verdict (HTML), and sections (key, heading, HTML), empty ones left out.

    data: what the page's script needs beside the figures.
    """
    present = [part for part in bodies if part[2]]
    text = Template(_text(_HERE, "template.html")).substitute(
        kind=escape(kind),
        title=escape(title),
        version=escape(version),
        style=_text("nanocrystal.report.templates", "style.css"),
        verdict=verdict,
        navigation="".join(f'<a href="#{key}">{head}</a>' for key, head, _ in present),
        sections="\n".join(sections.section(*part) for part in present),
        data=_script_json({"figures": drawn.figures, **data}),
        plotly=_text("plotly", "package_data/plotly.min.js"),
        script=_text("nanocrystal.report.templates", "atoms.js") + _text("nanocrystal.report.templates", "report.js"),
    )
    # A file name that is not valid UTF-8 arrives with lone surrogates, which no file can hold.
    return text.encode("utf-8", "replace").decode("utf-8")


def column(name: str, unit: str) -> str:
    name = SPOKEN.get(name, name)
    return f"{name} ({unit})" if unit else name


def file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()[:80] or "refinement"


def _script_json(value: object) -> str:
    """Return JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_UNSAFE_IN_SCRIPT)


def _text(package: str, path: str) -> str:
    return resources.files(package).joinpath(path).read_text(encoding="utf-8")
