"""Write what follows from the public names: docs/python.md, and the stub that gives them their types.

Run from the root of the repository: python tools/make_python_page.py (python tools/make_docs.py does it, too)
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import nanocrystal
from nanocrystal.parameters import declared_fields
from nanocrystal.techniques import TECHNIQUES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "python.md"
STUB = ROOT / "src" / "nanocrystal" / "__init__.pyi"

GROUPS = {
    "Sample": ("parameters", "sample", "tables.library"),
    "Techniques": ("techniques", "measurement"),
    "Refine, compare, plan": ("verbs", "refinement", "study", "running", "simulation", "errors"),
    "Results": ("report",),
    "Analyses": ("analysis", "report.analysis_figures", "report.nmr.figures"),
    "Spectra": ("analysis.spectra", "spectra", "report.nmr.spectrum"),
    "Readers and tables": ("data", "text", "tables"),
    "Reduction": ("reduction", "study.reduction"),
}
"""heading -> the modules, with those inside them, whose names stand under it; the longest that fits counts"""

HEAD = """# Python interface

All that is named here is imported from `nanocrystal` itself, `import nanocrystal as nc` and then `nc.Pdf`; any other
module may move. Types are known to mypy and editors. This page is made from the code by `tools/make_docs.py`.

Lengths are in Å, angles in °, Q in Å⁻¹, displacements (u_iso) in Å², unless a name or a sentence says otherwise;
`(n,)` is the shape of an array. A number that may be refined is a plain number, which is held, or `vary`, `fixed` or
`tied`. Input that cannot be meant raises `InputError`, which says where it stands, what was expected and what came.
"""


# ---- the stub -------------------------------------------------------------------------------------


def stub() -> str:
    """Return the text of the stub: each name imported from its module, and imported again by that."""
    lines = ["# Written by tools/make_docs.py from the table in __init__.py; change that.", ""]
    for home, names in sorted({"_version": ("__version__",), **nanocrystal._HOMES}.items()):
        ordered = sorted(names, key=lambda n: (not n.isupper(), n[0].islower(), n.lower()))  # as ruff has imports
        lines += [f"from nanocrystal.{home} import {name} as {name}" for name in ordered]
    return "\n".join(lines) + "\n"


# ---- the page -------------------------------------------------------------------------------------


def page() -> str:
    """Return the page: the public names by group, each with its signature and what its docstring says."""
    groups: dict[str, list[str]] = {heading: [] for heading in GROUPS}
    for name in sorted(nanocrystal._HOME_OF, key=lambda n: (n.lower(), n)):
        groups[group_of(nanocrystal._HOME_OF[name])].append(name)
    anchors = _anchors(groups)
    blocks = [HEAD]
    for heading, names in groups.items():
        links = ", ".join(f"[`{name}`](#{anchors[heading, name]})" for name in names)
        blocks.append(f"- [{heading}](#{anchors[heading, '']}): {links}")
    for heading, names in groups.items():
        blocks += [f"\n## {heading}\n", *(entry(name) for name in names)]
    return "\n".join(blocks)


def _anchors(groups: Mapping[str, list[str]]) -> dict[tuple[str, str], str]:
    """Return what leads to each heading of the page, as GitHub makes it: in lower case, repeated ones numbered."""
    seen: Counter[str] = Counter()
    found = {}
    for heading, names in groups.items():
        for name in ("", *names):
            slug = re.sub(r"[^\w\- ]", "", (name or heading).lower()).replace(" ", "-")
            found[heading, name] = f"{slug}-{seen[slug]}" if seen[slug] else slug
            seen[slug] += 1
    return found


def group_of(home: str) -> str:
    """Return the heading of the names of a module."""
    fits = {m: heading for heading, modules in GROUPS.items() for m in modules if f"{home}.".startswith(f"{m}.")}
    return fits[max(fits, key=len)]


def entry(name: str) -> str:
    """Return what the page says of one name."""
    what = getattr(nanocrystal, name)
    if isinstance(what, Mapping):
        keys = ", ".join(f"`{key}`" for key in what)
        return f"### `{name}`\n\n{_constant(name)}: {keys}.\n"
    if what.__name__ != name:
        return f"### `{name}`\n\nThe same as `{what.__name__}`, by the name that it had in version 0.1.\n"
    summary, sections = sections_of(inspect.getdoc(what) or "")
    lines = [f"### `{name}`", "", "```text", signature(name, what), "```", "", summary, ""]
    for heading, body in sections.items():
        lines += [*_section(heading, body), ""]
    if isinstance(what, type):
        lines += _fields(what)
        lines += _makers(what)
    return "\n".join(lines)


def _constant(name: str) -> str:
    """Return the text below the assignment of a constant, which is its docstring."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None) or ""
        if module.__name__.startswith(f"nanocrystal.{nanocrystal._HOME_OF[name]}.") and file.endswith(".py"):
            body = ast.parse(Path(file).read_text(encoding="utf-8")).body
            for node, after in pairwise(body):
                match node, after:
                    case ast.AnnAssign(target=ast.Name(id=n)), ast.Expr(value=ast.Constant(value=text)) if n == name:
                        return _sentence(str(text)).rstrip(".")
    raise LookupError(f"{name} has no docstring")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def sections_of(docstring: str) -> tuple[str, dict[str, str]]:
    """Return what stands before the sections of a docstring in the style of numpydoc, and the sections by heading."""
    summary, *parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", docstring, flags=re.MULTILINE)
    return summary.strip(), dict(zip(parts[::2], (p.rstrip() for p in parts[1::2]), strict=True))


def _section(heading: str, body: str) -> list[str]:
    """Return a section as Markdown: entries as a list, anything else as it is."""
    if heading not in ("Parameters", "Returns", "Raises", "Attributes", "Yields"):
        return [f"**{heading}**: {' '.join(body.split())}"]
    lines = [f"**{heading}**", ""]
    for name, text in entries(body):
        first, _, kind = name.partition(" : ")
        shown = f"`{first}` ({kind})" if kind else f"`{first}`"
        lines.append(f"- {shown}: {text}" if text else f"- {shown}")
    return lines


def entries(body: str) -> list[tuple[str, str]]:
    """Return the entries of a section: the line that begins each, and the indented text below it."""
    found: list[tuple[str, str]] = []
    for line in body.splitlines():
        if line.startswith(" ") and found:
            name, text = found[-1]
            found[-1] = (name, f"{text} {line.strip()}".strip())
        elif line.strip():
            found.append((line.strip(), ""))
    return found


# ---- signatures and fields ------------------------------------------------------------------------


def signature(name: str, what: Any) -> str:
    """Return how a name is called: types where it is a function, names and defaults where it is a class."""
    try:
        called = inspect.signature(what)
    except ValueError:  # a class that is only raised
        return f"class {name}"
    if isinstance(what, type) and issubclass(what, Exception):
        return f"class {name}({', '.join(called.parameters)})"
    typed = not isinstance(what, type)
    text = ", ".join(_arguments(called, typed))
    back = f" -> {_hint(called.return_annotation)}" if typed else ""
    one_line = f"{'' if typed else 'class '}{name}({text}){back}"
    if len(one_line) <= 100:
        return one_line
    inside = "".join(f"    {argument},\n" for argument in _arguments(called, typed))
    return f"{'' if typed else 'class '}{name}(\n{inside}){back}"


def _arguments(called: inspect.Signature, typed: bool) -> Iterator[str]:
    starred = False
    for p in called.parameters.values():
        if p.name in ("self", "cls"):
            continue
        if p.kind is p.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        starred = starred or p.kind is p.VAR_POSITIONAL
        stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        hint = f": {_hint(p.annotation)}" if typed and p.annotation is not p.empty else ""
        equals = " = " if hint else "="
        yield f"{stars}{p.name}{hint}" + ("" if p.default is p.empty else equals + _default(p.default))


def _hint(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _default(value: Any) -> str:
    if value is None or isinstance(value, str | int | float | bool | tuple | Path):
        return f'"{value}"' if isinstance(value, str | Path) else repr(value)
    return "…"


def _fields(what: type) -> list[str]:
    """Return the table of the fields that say what they are; for a technique where that table is."""
    technique = next((n for n, t in TECHNIQUES.items() if t is what), None)
    lines = [f"Definition, reference and limits: [{technique}](techniques/{technique}.md).", ""] if technique else []
    if not is_dataclass(what):
        return lines
    try:
        fields = declared_fields(what)
    except NameError:  # a type that is imported for checkers only: none of these fields says what it is
        return lines
    rows = []
    for name, field in fields.items():
        q = field.quantity
        said = field.sentence if q is None else q.description + (f", {q.unit}" if q.unit else "")
        if said:
            rows.append(f"| `{name}` | {said} |")
    return [*lines, "| field | meaning |", "|---|---|", *rows, ""] if rows else lines


def _makers(what: type) -> list[str]:
    """Return the other ways to make one: its class methods."""
    rows = []
    for name, member in vars(what).items():
        if isinstance(member, classmethod) and not name.startswith("_"):
            text, _ = sections_of(inspect.getdoc(member) or "")
            first = " ".join(text.partition("\n\n")[0].split())
            arguments = ", ".join(_arguments(inspect.signature(member.__func__), False))
            rows.append(f"- `{what.__name__}.{name}({arguments})`: {first}")
    return [*rows, ""] if rows else []


def main() -> None:
    STUB.write_text(stub(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
