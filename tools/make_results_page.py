"""Write docs/results.md: its text in tools/results_page.md, with the keys of each kind of result from the dataclasses.

Run from the root of the repository: python tools/make_results_page.py (python tools/make_docs.py does it, too)
"""

from __future__ import annotations

import ast
import inspect
import re
import runpy
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from nanocrystal.arrays import Listed, Packed, PackedRows
from nanocrystal.report.encoding import ByName
from nanocrystal.report.outcome import SCHEMA, Outcome
from nanocrystal.report.reading import outcomes
from nanocrystal.report.reduction.digests import EXACT, Joined, WithDigest
from nanocrystal.report.refined.result import Result

DOCSTRINGS = runpy.run_path(str(Path(__file__).with_name("make_python_page.py")))
"""functions that take docstrings apart"""
ROOT = Path(__file__).parents[1]
TEXT, PAGE = Path(__file__).with_name("results_page.md"), ROOT / "docs" / "results.md"
WRITTEN_BY = {
    "refinement": "refine",
    "simulation": "simulate",
    "scattering": "debye",
    "comparison": "compare",
    "reduction": "reduce",
    "text": "new, library",
}
"""kind -> the commands that give it, where they are not called like it"""
PLAIN = {str: "text", float: "number", int: "whole number", bool: "true or false", Any: "anything", object: "anything"}
ARRAYS = {
    "<f8": "array",
    "<f4": "array of single precision",
    "<c16": "array of complex numbers",
    "<i8": "array of whole numbers",
    "|u1": "array of bytes",
    "|b1": "array of true and false",
}
"""dtype -> in words"""
ALIKE = ("inputs", "notes", "methods", "provenance")
"""keys that mean the same in all kinds of results"""
MAPPED = re.compile(r"(?P<names>[^:;,]+?) -> (?P<rest>.*)")
"""the meaning of a mapping: what its names are -> what they lead to"""
SHAPES = re.compile(r"array (\([^)]*\)(?: or \([^)]*\))*)")
CAPITAL = re.compile(r"^(?:[A-Z][a-z]{2,}|As|At|By|In|Of)\b")
"""a word that begins a sentence, no symbol"""


def results_page() -> str:
    """Return the page."""
    text = TEXT.read_text(encoding="utf-8")
    kinds = outcomes()
    parts = {"kinds": _kinds(kinds), "schema": str(SCHEMA), "keys": "\n".join(_keys(kinds))}
    for name, part in parts.items():
        assert f"{{{{{name}}}}}" in text, name
        text = text.replace(f"{{{{{name}}}}}", part)
    return text.rstrip() + "\n"


def _kinds(kinds: Sequence[type[Outcome]]) -> str:
    lines = ["| kind | record | of the command | what |", "|---|---|---|---|"]
    for one in kinds:
        command = ", ".join(f"`{c}`" for c in WRITTEN_BY.get(one.kind, one.kind).split(", "))
        lines.append(f"| [`{one.kind}`](#{one.kind}) | `{one.record}` | {command} | {_first_sentence(one)} |")
    return "\n".join(lines)


def _keys(kinds: Sequence[type[Outcome]]) -> Iterator[str]:
    """Yield the sections: each kind, and after it the parts that no earlier one had."""
    told: set[type] = set()
    for one in kinds:
        waiting = [one]
        while waiting:
            made = waiting.pop(0)
            if made in told:
                continue
            told.add(made)
            yield from _section(made)
            waiting += [part for f in fields(made) for part in _parts(_hints(made)[f.name])]


def _section(made: type) -> Iterator[str]:
    """Yield the heading, the sentences and the keys of a dataclass."""
    kind = made.kind if issubclass(made, Outcome) else None
    hints = _hints(made)
    prose, told = _told(made, list(hints))
    alike = {k: v for k, v in _told(Result, ALIKE)[1].items() if k in ALIKE}
    meanings = {**_sentences(hints), **(alike if kind else {}), **told}
    yield f"## `{kind}`" if kind else f"### {made.__name__}"
    yield f"\n{prose}"
    if kind and "computed" in vars(made):
        said = inspect.getdoc(made.computed) or ""
        yield f"\nBeside its fields a document says what follows from them: {said.removeprefix('Return ')}"
    yield from ("", "| key | value | meaning |", "|---|---|---|")
    config: Mapping[str, Any] = vars(made).get("__pydantic_config__", {})
    key_of = config.get("alias_generator", str)
    for f in fields(made):
        value, meaning = _words(hints[f.name]), meanings.get(f.name, "")
        if value.startswith("name → ") and (mapped := MAPPED.fullmatch(meaning)):
            value, meaning = value.replace("name", mapped["names"], 1), mapped["rest"]
        yield f"| `{key_of(f.name)}` | {value} | {meaning.replace(' -> ', ' → ')} |"
    yield ""


def _told(made: type, names: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return what a class says of itself, and of its fields: below them, or in its docstring.

    There they stand in the section Parameters, or in sentences as "name: meaning; …".
    """
    text, sections = DOCSTRINGS["sections_of"]((inspect.getdoc(made) or "").replace("|", "\\|").replace("None", "null"))
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    known = "|".join(names)
    begins = re.compile(rf"(?:^|(?<=; )|(?<=\. ))((?:{known})(?:(?:, | and )(?:{known}))*) ?: ")
    meanings: dict[str, str] = {}
    prose = []
    for paragraph in paragraphs:
        first, *rest = begins.split(paragraph)
        prose.append(re.sub(r";\s*$", ".", first.strip()))
        for several, meaning in zip(rest[::2], rest[1::2], strict=True):
            meanings |= dict.fromkeys(re.split(", | and ", several), meaning.strip().rstrip(";."))
    return "\n\n".join(filter(None, prose)), meanings | _documented(sections.get("Parameters", "")) | _meanings(made)


def _documented(section: str) -> dict[str, str]:
    """Return field -> meaning of a section Parameters, with the shapes of arrays first."""
    meanings = {}
    for head, text in DOCSTRINGS["entries"](section):
        names, _, kind = head.partition(" : ")
        shapes = None if "mapping" in kind else SHAPES.search(kind)
        lowered = CAPITAL.sub(lambda word: word[0].lower(), text.rstrip("."))
        meaning = f"{shapes[1]}: {lowered}" if shapes else lowered
        meanings |= dict.fromkeys(names.split(", "), meaning)
    return meanings


def _sentences(hints: Mapping[str, Any]) -> dict[str, str]:
    """Return field -> the sentence that its type carries."""
    carried = {n: [m for m in getattr(hint, "__metadata__", ()) if isinstance(m, str)] for n, hint in hints.items()}
    return {n: sentences[0].replace("|", "\\|") for n, sentences in carried.items() if sentences}


def _hints(made: type) -> Mapping[str, Any]:
    return get_type_hints(made, include_extras=True)


def _meanings(made: type) -> dict[str, str]:
    """Return field -> the sentence below it in the class, or in one that it derives from."""
    found: dict[str, str] = {}
    for base in reversed(made.__mro__[:-1]):
        if not base.__module__.startswith("nanocrystal"):
            continue
        [body] = [
            n.body for n in ast.parse(textwrap.dedent(inspect.getsource(base))).body if isinstance(n, ast.ClassDef)
        ]
        for field, below in pairwise(body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as said)):
                    found[name] = " ".join(said.split()).replace("|", "\\|").replace("None", "null")
    return found


def _first_sentence(made: type) -> str:
    return (inspect.getdoc(made) or "").partition("\n\n")[0].replace("\n", " ")


def _parts(hint: Any) -> list[type]:
    """Return the dataclasses that a type is made of."""
    if isinstance(hint, type) and is_dataclass(hint):
        return [hint]
    return [part for argument in get_args(hint) for part in _parts(argument)]


def _words(hint: Any) -> str:
    """Return a type in words."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(hint)
    if origin is Literal:
        return " or ".join(f'`"{a}"`' for a in arguments)
    if origin in (Union, UnionType):
        return " or ".join("null" if a is NoneType else _words(a) for a in arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        marks = [m for m in getattr(arguments[0], "__metadata__", ()) if isinstance(m, Joined)]
        names = f"`FIRST{marks[0].between}OTHER`" if marks else "name"
        return f"{names} → {_words(arguments[1])}"
    if origin is tuple and Ellipsis not in arguments:
        return "[" + ", ".join(_words(a) for a in arguments) + "]"
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return f"list of {_plural(_words(arguments[0]))}"
    if isinstance(hint, type) and issubclass(hint, Outcome):
        return f"[{hint.kind}](#{hint.kind})"
    if is_dataclass(hint):
        name = hint.__name__.lower()
        return f"[{hint.__name__}](#{name}{'-1' if name in {one.kind for one in outcomes()} else ''})"
    return PLAIN[hint]


def _annotated(hint: Any) -> str:
    for mark in hint.__metadata__:
        if isinstance(mark, Packed):
            return ARRAYS[mark.dtype]
        if isinstance(mark, Listed):
            return "nested lists of numbers"
        if isinstance(mark, ByName):
            return f"{mark.field} → {_words(get_args(hint.__origin__)[0])}"
        if isinstance(mark, WithDigest):
            return f"what people read, and under `{EXACT}` all of {_words(hint.__origin__)}"
        if isinstance(mark, PackedRows):
            return "sparse matrix"
    return _words(hint.__origin__)


def _plural(words: str) -> str:
    return f"{words}s" if words in ("text", "number", "whole number", "array") else words


if __name__ == "__main__":
    PAGE.write_text(results_page(), encoding="utf-8")
