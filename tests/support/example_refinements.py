"""The examples refined where the tests find their measured data."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from nanocrystal.refinement import Result
from nanocrystal.study import read_study
from support.measured import measured
from support.paths import EXAMPLES

IN_WHEEL = "package:diffpy.cmi/docs/examples/pdf/"


@cache
def refined(name: str, folder: str, peak_form: str = "") -> Result:
    """Return the refinement of an example, its data taken from where the tests find them."""
    study = Path(folder) / f"{name}{peak_form}.toml"
    text = (EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")
    study.write_text(with_data_of_tests(text, peak_form), encoding="utf-8")
    return read_study(study).refine()


def with_data_of_tests(text: str, peak_form: str = "") -> str:
    """Return a study's text with its files where the tests find them, and with a form of the peaks."""
    lines = []
    for line in text.splitlines():
        if line.startswith(("cif = ", "file = ")):
            key, _, quoted = line.partition(" = ")
            path = quoted.strip('"').removeprefix(IN_WHEEL)
            line = f'{key} = "{_found(path)}"'
        if line.startswith("peak_form") and peak_form:
            line = f'peak_form = "{peak_form}"'
        lines.append(line)
        if line == 'technique = "pdf"' and peak_form and "peak_form" not in text:
            lines.append(f'peak_form = "{peak_form}"')
    return "\n".join(lines)


def _found(path: str) -> Path:
    chapter, _, rest = path.partition("/data/")
    return measured(f"pdf/pdfttp_{chapter}/{rest}" if rest else f"pdf/pdfgui_CdSe_3nm/{path}")
