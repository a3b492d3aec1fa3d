"""Pages from templates: `templates/` holds all HTML, style and script; texts from outside are escaped by Jinja2."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nanocrystal.report.page import numbers
from nanocrystal.report.page.typography import name_pieces, pieces, spoken_name

if TYPE_CHECKING:
    from jinja2 import Environment

    from nanocrystal.report.page.figures import Figure

PLOTLY = "plotly.min.js"
"""the script that draws figures; where several pages stand in one folder they share it"""
Verdict = Literal["good", "doubtful", "bad"]
_UNSAFE_IN_SCRIPT = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})
_WIDEST_ALIGNED = 7


@dataclass(frozen=True)
class Place:
    """Where a figure stands: the key of its element and its number on the page."""

    key: str
    number: int


@dataclass
class Page:
    """What a page holds beside its text: its figures, numbered as the template draws them, and data of its script."""

    title: str
    version: str
    script: str | None = None
    """address of plotly.js, None where the page holds it itself"""
    data: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    pictures: dict[str, Any] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many figures there are so far."""
        return len(self.figures) + len(self.pictures)

    def draw(self, figure: Figure) -> Place:
        """Keep a figure and return where it stands."""
        place = Place(f"figure-{self.count + 1}", self.count + 1)
        self.figures[place.key] = figure
        return place

    def show_atoms(self, data: dict[str, Any]) -> Place:
        """Keep a picture of atoms and return where it stands."""
        place = Place(f"figure-{self.count + 1}", self.count + 1)
        self.pictures[place.key] = data
        return place

    def script_data(self) -> str:
        """Return what the page's script needs, as JSON that cannot end the element it stands in."""
        data = {"figures": self.figures, "atoms": self.pictures, "parameters_csv": "", **self.data}
        return script_json(data)


def script_json(value: Any) -> str:
    """Return a value as JSON that cannot end the script it stands in."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_UNSAFE_IN_SCRIPT)


@dataclass(frozen=True, kw_only=True)
class Button:
    """A button below a figure: what it does, its words, whether it is pressed; to: of which choice it is one."""

    action: str
    text: str
    pressed: bool | None = None
    to: str = ""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Buttons of which one is pressed; label: what a screen reader says of them."""

    label: str
    buttons: Sequence[Button]


RESET = Button(action="reset", text="Reset zoom")


def rendered(template: str, page: Page, **context: Any) -> str:
    """Return a page: a template of `templates/` (which extends base.html), with what it names."""
    text = environment().get_template(template).render(page=page, **context)
    # A file name that is not valid UTF-8 arrives with lone surrogates, which no file can hold.
    return text.encode("utf-8", "replace").decode("utf-8")


@cache
def environment() -> Environment:
    """Return the templates, with autoescape, and what they may call."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from nanocrystal.report.page.compiled_templates import CompiledTemplates
    from nanocrystal.report.page.tables import value_text

    jinja = Environment(
        loader=PackageLoader("nanocrystal.report", "templates"),
        bytecode_cache=CompiledTemplates(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters |= {
        "pieces": pieces,
        "name_pieces": name_pieces,
        "number": numbers.number,
        "merit": numbers.merit,
        "concise": numbers.concise,
        "signed": numbers.signed,
        "duration": numbers.duration,
        "counted": numbers.counted,
        "apart": numbers.apart,
        "file_name": file_name,
        "column": column,
        "sentence": sentence,
        "split_number": split_number,
        "whole": whole_width,
        "digest": short_digest,
        "flat": flat,
        "script_json": script_json,
        "value_text": value_text,
    }
    jinja.globals |= {"plotly_text": plotly_text, "asset": asset, "RESET": RESET}
    return jinja


@cache
def plotly_text() -> str:
    """Return plotly.js."""
    found = find_spec("plotly")  # where it is, without loading it
    assert found is not None
    assert found.origin is not None
    return (Path(found.origin).parent / "package_data" / PLOTLY).read_text(encoding="utf-8")


@cache
def asset(name: str) -> str:
    """Return a style or script of the pages as it stands."""
    return resources.files("nanocrystal.report.templates").joinpath(name).read_text(encoding="utf-8")


# ---- words and numbers as templates want them -----------------------------------------------------


def file_name(text: str) -> str:
    """Return a text as the name of a file that a browser saves."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()[:80] or "refinement"


def column(name: str, unit: str) -> str:
    """Return the head of a column of numbers."""
    return f"{spoken_name(name)} ({unit})" if unit else spoken_name(name)


def sentence(text: str) -> str:
    """Return text that begins with a capital and ends with a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def split_number(shown: str) -> tuple[str, str]:
    """Return a number before and from its decimal point (bracket, power) on, on which columns are aligned."""
    cut = min((i for i in (shown.find("."), shown.find("("), shown.find("×")) if i >= 0), default=len(shown))
    return shown[:cut], shown[cut:]


def whole_width(shown: Sequence[str]) -> int:
    """Return for how many characters before the decimal point a column of numbers needs room."""
    return min(max((len(split_number(v)[0]) for v in shown), default=1), _WIDEST_ALIGNED)


_HASH_SHOWN = 12


def short_digest(digest: str) -> str:
    """Return the beginning of a SHA-256."""
    return digest if len(digest) <= _HASH_SHOWN else f"{digest[:_HASH_SHOWN]}…"


def flat(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested mappings as dotted names and texts."""
    rows: list[tuple[str, str]] = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            rows += flat(value, f"{name}.")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            rows.append((name, ", ".join(str(v) for v in value)))
        else:
            rows.append((name, numbers.number(value) if isinstance(value, float) else str(value)))
    return rows
