"""Write docs/techniques/NAME.md from the docstring and the declarations of each technique.

Run from the root of the repository: python tools/make_docs.py
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

from nanocrystal.techniques import TECHNIQUES

FOLDER = Path(__file__).parents[1] / "docs" / "techniques"


def page(technique: Any) -> str:
    """Return the documentation page of a technique."""
    module = sys.modules[technique.__module__]
    text = inspect.getdoc(module) or ""
    title, _, body = text.partition("\n\n")
    lines = [f"# {technique.name}", "", title, ""]
    for block in body.split("\n\n"):
        heading, _, rest = block.partition("\n")
        indented = rest and all(line.startswith("    ") or not line for line in rest.splitlines())
        lines += [f"## {heading}", "", inspect.cleandoc(rest), ""] if indented else [block, ""]
    lines += ["## Parameters", "", "| name | unit | default | limits | meaning |", "|---|---|---|---|---|"]
    for name, q in technique.quantities.items():
        default = "left to the fit" if name in technique.linear else f"{q.default:g}"
        limits = f"{q.minimum:g} to {q.maximum:g}" if q.minimum > float("-inf") else "none"
        lines.append(f"| `{name}` | {q.unit or '–'} | {default} | {limits} | {q.description} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, technique in TECHNIQUES.items():
        (FOLDER / f"{name}.md").write_text(page(technique), encoding="utf-8")


if __name__ == "__main__":
    main()
